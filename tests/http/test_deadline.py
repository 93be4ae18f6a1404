"""A call with a deadline ends by then, whatever the server does and however many attempts it takes."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme

from alpine import APIClient, Workfile, retry_policy
from alpine._runs import polling
from alpine.exception import (
    AlpineException,
    InvalidArgumentException,
    OutcomeUnknownException,
    RequestTimeoutException,
    RunFlowConnectionException,
    ServerErrorException,
)
from tests.inside import holder_of
from tests.reliability.wire import Answering, Asked, WireServer, healthy, message
from tests.scripted import LOGIN, Reply, ScriptedServer, wait_until

PID = "6f1e1f9c-1a9c-4d53-8a63-000000000001"
WORKING = {"meta": {"processId": PID, "state": "NODE_STARTED"}}


def drip(content: bytes, seconds: float = 30.0) -> Answering:
    """Send the beginning at once, then a byte at a time."""

    def answer(connection: socket.socket, _asked: Asked) -> bool:
        ends = time.monotonic() + seconds
        for position in range(len(content)):
            if time.monotonic() > ends:
                break
            connection.sendall(content[position : position + 1])
            time.sleep(0.02)
        return False

    return answer


HEAD = b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 5_000
BODY = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b" " * 5_000
CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\n \r\n" * 5_000


@pytest.fixture(scope="module")
def tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


Serve = Callable[..., WireServer]


@pytest.fixture
def serve() -> Iterator[Serve]:
    servers: list[WireServer] = []

    def start(*arguments: Any, **options: Any) -> WireServer:
        servers.append(WireServer(*arguments, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@contextmanager
def client_of(server: Any, **options: Any) -> Iterator[APIClient]:
    session = APIClient(server.url, token="a-token-0001", proxies=options.pop("proxies", {}), **options)
    session.retries = retry_policy(backoff_factor=0)
    yield session
    session.session.close()


@contextmanager
def ending_within(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


@contextmanager
def silent_port() -> Iterator[int]:
    """A port that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.mark.parametrize("content", [HEAD, BODY, CHUNKS], ids=["head", "body", "chunks"])
@pytest.mark.parametrize("encrypted", [False, True], ids=["http", "https"])
def test_a_server_that_drips_is_given_up_at_the_deadline(
    serve: Serve, tls: ssl.SSLContext, ca_file: Path, content: bytes, encrypted: bool
) -> None:
    server = serve(drip(content), tls=tls if encrypted else None)
    too_late = pytest.raises(RequestTimeoutException, match=r"within the deadline of 0\.3 s")
    with client_of(server, ca_certs=ca_file) as session, ending_within(1.5), too_late:
        session.request("GET", "license", deadline=0.3)
    assert len(server.asked) == 1


def test_a_server_that_says_nothing_is_given_up_at_the_deadline(serve: Serve) -> None:
    server = serve(lambda connection, _asked: bool(connection.recv(1)))
    with client_of(server, deadline=0.3, timeout=None) as session:
        assert session.deadline == 0.3
        with ending_within(1.5), pytest.raises(RequestTimeoutException, match=r"deadline of 0\.3 s"):
            session.get_version()
        session.deadline = None
        session.timeout = (1, 0.1)
        session.retries = retry_policy(0)
        with pytest.raises(RequestTimeoutException, match="time allowed"):
            session.get_version()


@pytest.mark.parametrize("greets", [False, True], ids=["silent", "dripping"])
def test_a_handshake_that_does_not_end_is_given_up_and_nothing_was_sent(serve: Serve, greets: bool) -> None:
    def greeting(connection: socket.socket) -> bool:
        # The head of a record of 16,000 bytes, which then come one by one.
        return drip(b"\x16\x03\x03\x3e\x80" + b"\x02" * 16_000)(connection, Asked("", "", "", b"")) and False

    with silent_port() as port:
        chosen = serve(lambda *_: False, greeting).port if greets else port
        with APIClient(f"https://127.0.0.1:{chosen}", token="a-token-0001", proxies={}) as session:
            with ending_within(1.5), pytest.raises(RequestTimeoutException, match="no connection within the deadline"):
                session.request("POST", "workspaces", json={"name": "x"}, deadline=0.3)
            session.timeout, session.retries = (0.2, 5), retry_policy(0)
            with ending_within(1.5), pytest.raises(RequestTimeoutException, match="no connection within the time"):
                session.request("POST", "workspaces", json={"name": "x"})


def test_a_proxy_that_drips_is_given_up_at_the_deadline(serve: Serve) -> None:
    proxy = serve(drip(b"HTTP/1.1 200 Connection established\r\nX: " + b"x" * 5_000))
    session = APIClient("https://alpine.invalid", token="a-token-0001", proxies={"https": proxy.url})
    with ending_within(1.5), pytest.raises(RequestTimeoutException, match=r"deadline of 0\.3 s"):
        session.request("GET", "license", deadline=0.3)
    session.session.close()


def test_encryption_within_encryption_that_drips_is_given_up_at_the_deadline(serve: Serve, tls: ssl.SSLContext) -> None:
    def answer(connection: socket.socket, asked: Asked) -> bool:
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        connection.recv(5)
        # The head of a record of 16,000 bytes, which then come one by one.
        return drip(b"\x16\x03\x03\x3e\x80" + b"\x02" * 16_000, 4.0)(connection, asked)

    proxy = serve(answer, tls=tls)
    session = APIClient("https://alpine.invalid", token="a-token-0001", proxies={"https": proxy.url})
    session.session.verify = False
    with ending_within(2), pytest.raises(RequestTimeoutException, match=r"deadline of 0\.5 s"):
        session.request("GET", "license", deadline=0.5)
    session.session.close()


def test_the_addresses_of_a_host_share_the_deadline(serve: Serve) -> None:
    server = serve(lambda connection, asked: not connection.sendall(healthy(asked)))
    with APIClient(f"http://localhost:{server.port}", token="a-token-0001", deadline=5, proxies={}) as session:
        assert session.get_license()["id"] == 1
    with APIClient("http://no-such-host.invalid", token="a-token-0001", deadline=5, proxies={}) as session:
        session.retries = retry_policy(0)
        with pytest.raises(AlpineException, match="Check host and port"):
            session.get_license()


def test_attempts_and_pauses_count(server: ScriptedServer) -> None:
    server.on("GET", "/api/license", Reply("busy", 503, {"Retry-After": "0.2"}))
    with client_of(server) as session:
        with ending_within(1.5), pytest.raises(RequestTimeoutException, match=r"status 503.*deadline of 0\.5 s leaves"):
            session.request("GET", "license", deadline=0.5)
        assert server.count("GET") == 3
        with ending_within(0.5), pytest.raises(RequestTimeoutException):
            session.request("GET", "license", deadline=0.1)
        server.on("POST", "/api/license", Reply("busy", 503))
        with pytest.raises(ServerErrorException):
            session.request("POST", "license", deadline=5)


def test_attempts_that_are_refused_end_by_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with APIClient(f"http://127.0.0.1:{port}", token="a-token-0001", deadline=0.3, proxies={}) as session:
        session.retries = retry_policy(100, backoff_factor=0.1, backoff_max=0.1)
        # The deadline is over between two attempts, or in the middle of one.
        told = r"refused.*deadline of 0\.3 s leaves no|no connection within the deadline of 0\.3 s"
        with ending_within(1.0), pytest.raises(RequestTimeoutException, match=told):
            session.get_version()


def test_a_login_that_is_renewed_counts(serve: Serve) -> None:
    slow = drip(BODY)

    def answer(connection: socket.socket, asked: Asked) -> bool:
        if asked.path == "/api/sessions" and len(server.asked) > 1:
            return slow(connection, asked)
        connection.sendall(message(201, LOGIN) if asked.path == "/api/sessions" else message(401, " "))
        return True

    server = serve(answer)
    with APIClient(server.url, username="ada", password="a-password", proxies={}) as session:
        with ending_within(1.5), pytest.raises(RequestTimeoutException, match=r"log in.*deadline of 0\.3 s"):
            session.request("GET", "license", deadline=0.3)
        session.token = None


def test_a_login_of_another_thread_is_not_waited_for_beyond_the_deadline(server: ScriptedServer) -> None:
    server.on_login()
    with APIClient(server.url, username="ada", password="a-password", proxies={}) as session:
        server.on("POST", "/api/sessions", Reply(LOGIN, 201, delay=5))
        server.on("GET", "/api/license", Reply(" ", 401))

        def wait_for_the_login() -> None:
            with suppress(AlpineException):
                session.get_license()

        other = threading.Thread(target=wait_for_the_login)
        other.start()
        assert wait_until(lambda: server.count("POST") == 2)
        with ending_within(1.5), pytest.raises(RequestTimeoutException, match="another thread"):
            session.request("GET", "license", deadline=0.3)
        server.close()
        other.join()
        session.token = None


def test_a_redirect_counts(server: ScriptedServer) -> None:
    with silent_port() as port, client_of(server) as session:
        location = f"https://127.0.0.1:{port}/api/license"
        server.on("GET", "/api/license", lambda _asked: Reply("", 301, {"Location": location}, delay=0.1))
        with ending_within(1.5), pytest.raises(RequestTimeoutException, match=r"deadline of 0\.4 s"):
            session.request("GET", "license", deadline=0.4)


def test_the_pages_of_a_list_count_together(server: ScriptedServer) -> None:
    def page(asked: Any) -> Reply:
        rows = [{"id": int(asked.query["page"][0]), "entity_type": "user"}]
        return Reply({"response": rows, "pagination": {"total": 50, "records": 50}}, delay=0.1)

    server.on("GET", "/api/users", page)
    with client_of(server, deadline=0.2) as session:
        with ending_within(2), pytest.raises(RequestTimeoutException, match=r"deadline of 0\.5 s"):
            session.request("GET", "users", all_pages=True, deadline=0.5)
        assert 3 <= server.count("GET") <= 6


def test_the_deadline_of_a_call_replaces_that_of_the_client(server: ScriptedServer) -> None:
    server.on("GET", "/api/license", Reply({"response": {"a": 1}}, delay=0.7))
    with client_of(server, deadline=0.1) as session:
        assert session.request("GET", "license", deadline=5) == {"a": 1}
        with pytest.raises(RequestTimeoutException):
            session.request("GET", "license")
        session.deadline = None
        assert session.get_license() == {"a": 1}


def test_sending_counts_and_what_was_sent_may_have_been_done(serve: Serve, tmp_path: Path) -> None:
    released = threading.Event()
    server = serve(lambda *_: False, lambda _connection: released.wait(10) and False)
    file = tmp_path / "large.bin"
    file.write_bytes(b"x" * 10_000_000)
    unknown = pytest.raises(OutcomeUnknownException, match=r"within the deadline of 0\.4 s")
    with client_of(server, deadline=0.4) as session, ending_within(2), unknown:
        session.workfile.upload_file(1, file)
    released.set()


@pytest.mark.parametrize("deadline", [0, -1, float("nan"), float("inf"), "soon", (1, 2), True])
def test_what_is_no_number_of_seconds_is_refused(server: ScriptedServer, deadline: Any) -> None:
    with pytest.raises(InvalidArgumentException, match="deadline must be a number"):
        APIClient(server.url, deadline=deadline)
    with client_of(server) as session:
        with pytest.raises(InvalidArgumentException, match="deadline must be a number"):
            session.deadline = deadline
        with pytest.raises(InvalidArgumentException, match="deadline must be a number"):
            session.request("GET", "license", deadline=deadline)
    assert server.asked == []


def test_a_client_from_a_file_may_have_a_deadline(server: ScriptedServer, tmp_path: Path) -> None:
    server.on_login()
    file = tmp_path / "login.json"
    file.touch(0o600)
    file.write_text(json.dumps({"host": server.url, "username": "ada", "password": "a-password"}))
    with APIClient.from_file(file, deadline=7.5) as session:
        assert session.deadline == 7.5


# The server's answers while a run is waited for: each may drip.

DRIPPING = ("query", "results", "stop", "login")


def answering(dripping: set[str], state: Any) -> Answering:
    slow = drip(BODY)

    def answer(connection: socket.socket, asked: Asked) -> bool:
        kind = "login" if asked.path == "/api/sessions" else asked.path.split("/")[-1]
        kind = "results" if "/results/" in asked.path else kind
        if kind in dripping:
            return slow(connection, asked)
        expired = "login" in dripping and kind == "query"
        connection.sendall(message(401, " ") if expired else message(200, state) if kind == "query" else healthy(asked))
        return True

    return answer


@pytest.mark.parametrize(
    "dripping", [{"query"}, {"results"}, {"stop"}, {"login"}, set(DRIPPING)], ids=[*DRIPPING, "everything"]
)
def test_a_wait_ends_soon_after_its_time_whatever_drips(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, dripping: set[str]
) -> None:
    # The proportions of the real numbers: 12 seconds at the most beyond the end.
    monkeypatch.setattr(polling, "LAST_LOOK", 0.3)
    over = "Workflow not started or already stopped.\n"
    server = serve(answering(dripping, over if dripping == {"results"} else WORKING))
    with client_of(server) as session:
        holder_of(session).set("a-token-0001", None, lambda: session.login("ada", "a-password"))
        with (
            ending_within(0.4 + 3 * 0.3 + 0.5),
            pytest.raises(TimeoutError if dripping == {"stop"} else AlpineException),
        ):
            session.workfile.process.wait_until_finished(375, PID, timeout=0.4)


def test_a_wait_whose_results_drip_says_that_they_could_not_be_read(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "LAST_LOOK", 0.2)
    server = serve(answering({"results"}, "already stopped"))
    with client_of(server) as session, pytest.raises(RunFlowConnectionException, match=r"results.*deadline") as caught:
        session.workfile.process.wait_until_finished(375, PID, timeout=0.2)
    assert caught.value.process_id == PID
    assert "A longer deadline" not in str(caught.value)


def test_a_wait_for_a_job_ends_soon_after_its_time(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "LAST_LOOK", 0.2)
    with client_of(serve(drip(BODY))) as session:
        for workspace in (1, "Sandbox"):
            with ending_within(0.3 + 3 * 0.2 + 0.6), pytest.raises(AlpineException, match="deadline"):
                session.job.wait_until_finished(workspace, 1, timeout=0.3)


def test_pages_that_are_asked_for_side_by_side_have_the_deadline_of_the_wait(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "LAST_LOOK", 0.2)

    def page(asked: Any) -> Reply:
        number = int(asked.query["page"][0])
        rows = [{"id": number, "name": f"workspace {number}"}]
        pagination = {"page": number, "total": 5, "records": 5}
        return Reply({"response": rows, "pagination": pagination}, delay=5 if number > 1 else 0)

    server.on("GET", "/api/workspaces", page)
    with client_of(server) as session, ending_within(2), pytest.raises(RequestTimeoutException, match="deadline"):
        session.job.wait_until_finished("workspace 5", 1, timeout=0.3)


def test_a_wait_on_a_session_of_the_users_own_ends_as_well(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "LAST_LOOK", 0.2)
    server = serve(answering(set(DRIPPING), WORKING))
    with (
        requests.Session() as own,
        ending_within(0.3 + 3 * 0.2 + 0.6),
        pytest.raises(AlpineException, match="deadline"),
    ):
        Workfile(f"{server.url}/api", own, "a-token-0001").process.wait_until_finished(375, PID, timeout=0.3)


@pytest.mark.long
def test_a_wait_of_two_seconds_ends_within_seventeen_whatever_drips(serve: Serve) -> None:
    server = serve(answering(set(DRIPPING), WORKING))
    with client_of(server) as session, ending_within(17), pytest.raises(AlpineException):
        session.workfile.process.wait_until_finished(375, PID, timeout=2)
