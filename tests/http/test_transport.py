"""One request and its way: the token, redirects, hooks, interrupts, limits."""

from __future__ import annotations

import json
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import requests
from requests.auth import HTTPDigestAuth

from alpine import APIClient, User, Workfile, retry_policy
from alpine.exception import (
    AlpineException,
    InvalidResponseException,
    RedirectException,
    ResponseTooLargeException,
    ServerConnectionException,
    WorkfileNotFoundException,
)
from tests.conftest import TOKEN
from tests.inside import set_clock, set_no_retries
from tests.platforms import needs_signals
from tests.reliability.wire import Asked, WireServer, message, well
from tests.scripted import NotingAdapter, Reply, ScriptedServer


def test_the_token_goes_in_the_query_here_and_in_a_header_there(server: ScriptedServer, session: APIClient) -> None:
    server.on("GET", "/api/license", Reply({"response": {}}))
    server.on("GET", "/alpinedatalabs/.*", Reply("already stopped"))
    session.get_license()
    session.workfile.process.query_status("p")
    api, engine = server.asked
    assert (api.query["session_id"], "x-token" in api.headers) == ([TOKEN], False)
    assert ("session_id" in engine.query, engine.headers["x-token"]) == (False, TOKEN)


def test_no_call_changes_the_session(server: ScriptedServer, session: APIClient, tmp_path: Path) -> None:
    mine = requests.Session()
    mine.headers.update({"X-Bytes": b"b", "X-None": None, "Accept-Language": "de"})  # type: ignore[dict-item]
    before = (
        dict(mine.headers),
        dict(mine.params),
        mine.cookies.get_dict(),
        mine.auth,
        mine.verify,
        dict(mine.proxies),
    )
    path = tmp_path / "x.txt"
    path.write_text("x")
    server.on("GET", ".*", Reply({"response": {"id": 1}}, headers={"Set-Cookie": "a=b; path=/"}))
    server.on("POST", ".*", Reply({"response": {"id": 1}}, 201, {"Set-Cookie": "c=d; path=/"}))
    workfile = Workfile(f"{server.url}/api", mine, "another-token")
    workfile.get(1)
    workfile.upload_file(1, path)
    workfile.get(1)
    after = (dict(mine.headers), dict(mine.params), mine.cookies.get_dict(), mine.auth, mine.verify, dict(mine.proxies))
    assert before == after
    asked = server.asked[-1]
    assert asked.headers["X-Bytes"] == "b"
    assert "X-None" not in asked.headers
    assert not {"Content-Type", "Cookie"} & asked.headers.keys()


def test_a_hook_that_raises_for_the_status_does_not_let_the_url_out(server: ScriptedServer, session: APIClient) -> None:
    def check(response: requests.Response, **_options: Any) -> None:
        response.raise_for_status()

    session.session.hooks["response"].append(check)
    with pytest.raises(WorkfileNotFoundException) as caught:
        session.workfile.get(1)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert TOKEN not in f"{vars(caught.value)}"


def test_a_hook_that_fails_of_its_own_is_the_users_affair(server: ScriptedServer, session: APIClient) -> None:
    def fail(_response: requests.Response, **_options: Any) -> None:
        raise ValueError("of my own")

    server.on("POST", ".*", Reply({"response": {}}))
    session.session.hooks["response"].append(fail)
    with pytest.raises(ValueError, match="of my own") as caught:
        session.workspace.create("x")
    assert not isinstance(caught.value, AlpineException)
    assert server.count("POST") == 1


def test_a_hook_may_read_or_replace_the_answer(server: ScriptedServer, session: APIClient) -> None:
    seen: list[bytes] = []

    def look(response: requests.Response, **_options: Any) -> requests.Response:
        seen.append(response.content)
        return response

    server.on("GET", ".*", Reply({"response": {"a": 1}}))
    session.session.hooks["response"].append(look)
    assert session.get_license() == {"a": 1}
    assert json.loads(seen[0]) == {"response": {"a": 1}}


def test_an_auth_that_answers_a_challenge_works(server: ScriptedServer, session: APIClient) -> None:
    challenge = {"WWW-Authenticate": 'Digest realm="r", nonce="n", qop="auth", algorithm=MD5'}

    def answer(asked: Any) -> Reply:
        known = asked.headers.get("Authorization", "").startswith("Digest ")
        return Reply({"response": {"fine": True}}) if known else Reply("", 401, challenge)

    server.on("GET", ".*", answer)
    session.session.auth = HTTPDigestAuth("user", "proxy-secret")
    assert session.get_license() == {"fine": True}


@pytest.mark.parametrize(
    "location",
    ["http://[half", "//", "https://", "http://user:secret@other.invalid/x", "\\\\other", "javascript:1", "?"],
)
def test_a_redirect_to_nowhere_is_one_clear_exception(
    server: ScriptedServer, session: APIClient, location: str
) -> None:
    server.on("GET", ".*", Reply("", 302, {"Location": location}))
    with pytest.raises(RedirectException) as caught:
        session.get_license()
    assert "secret" not in str(caught.value)
    assert TOKEN not in f"{vars(caught.value)}"


@needs_signals
def test_an_interrupt_in_the_middle_of_a_request_leaves_the_client_usable(
    server: ScriptedServer, session: APIClient
) -> None:
    server.on("GET", "/api/license", Reply({"response": {}}))
    server.on("GET", "/api/status", Reply({}, delay=5))
    session.get_license()
    # To the thread that waits: a signal to the process may reach another one, which interrupts nobody.
    killer = threading.Timer(0.1, signal.pthread_kill, (threading.main_thread().ident, signal.SIGINT))
    killer.start()
    with pytest.raises(KeyboardInterrupt):
        session.get_status()
    killer.join()
    assert session.get_license() == {}


def test_an_answer_that_compresses_well_is_limited_by_what_comes_out(session: APIClient) -> None:
    import gzip

    packed = gzip.compress(b" " * 50_000_000)

    def answer(connection: socket.socket, _asked: Asked) -> bool:
        connection.sendall(message(200, packed, {"Content-Encoding": "gzip"}))
        return True

    server = WireServer(answer)
    client = APIClient(server.url, token=TOKEN)
    client.answer_limit = 1_000_000
    with pytest.raises(ResponseTooLargeException, match="1,000,000"):
        client.get_license()
    server.close()


def test_an_answer_whose_head_was_cut_off_is_a_lost_connection() -> None:
    server = WireServer(
        lambda connection, _asked: bool(connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\n"))
    )
    client = APIClient(server.url, token=TOKEN)
    set_clock(client)
    for call in (client.get_license, lambda: client.workfile.delete(1), lambda: client.workfile.download(1)):
        with pytest.raises(ServerConnectionException, match="cut off"):
            call()
    server.close()


def test_an_answer_that_ends_with_its_connection_is_read(session: APIClient) -> None:
    def answer(connection: socket.socket, _asked: Asked) -> bool:
        connection.sendall(b'HTTP/1.0 200 OK\r\n\r\n{"response": {"a": 1}}')
        return False

    server = WireServer(answer)
    assert APIClient(server.url, token=TOKEN).get_license() == {"a": 1}
    server.close()


def test_a_thing_that_was_made_and_an_answer_nobody_can_read_is_told_as_such(
    server: ScriptedServer, session: APIClient
) -> None:
    server.on("POST", ".*", Reply("<html>proxy</html>", 201))
    with pytest.raises(InvalidResponseException, match=r"may still have carried it out.*get_id"):
        session.workspace.create("x")
    server.on("POST", ".*", Reply({"response": {"x": "y" * 1000}}, 201))
    session.answer_limit = 100
    with pytest.raises(ResponseTooLargeException, match="may still have carried it out"):
        session.workspace.create("x")


def test_secrets_at_the_edge_of_what_is_kept_are_not_cut_in_half(server: ScriptedServer, session: APIClient) -> None:
    for size in range(1975, 2005):
        server.on("GET", ".*", Reply("x" * size + TOKEN))
        with pytest.raises(InvalidResponseException) as caught:
            session.get_license()
        assert TOKEN[:6] not in (caught.value.body or "")


def test_a_new_token_does_not_uncover_the_old_one(server: ScriptedServer, session: APIClient) -> None:
    session.token = "another-token-0002"
    server.on("GET", ".*", Reply(f"<html>{TOKEN} another-token-0002</html>", 500))
    with pytest.raises(AlpineException) as caught:
        session.get_license()
    assert TOKEN not in f"{vars(caught.value)}"
    assert "another-token" not in f"{vars(caught.value)}"


def test_parameters_that_are_no_unicode_are_no_crash(server: ScriptedServer, session: APIClient) -> None:
    server.on("GET", ".*", Reply({"response": []}))
    assert session.workfile.get_list(1, name_pattern="\ud800") == []


def test_small_pieces_within_the_time_out_are_an_answer() -> None:
    def answer(connection: socket.socket, _asked: Asked) -> bool:
        for byte in message(200, {"response": {"a": 1}}):
            connection.sendall(bytes([byte]))
            time.sleep(0.001)
        return True

    server = WireServer(answer)
    assert APIClient(server.url, token=TOKEN, timeout=(1, 0.2)).get_license() == {"a": 1}
    server.close()


def test_a_connection_that_the_server_closed_meanwhile_is_replaced_before_something_is_sent() -> None:
    server = WireServer(lambda connection, asked: well(connection, asked) and False)
    client = APIClient(server.url, token=TOKEN)
    for _ in range(3):
        assert client.workspace.create("x")["id"] == 1
        time.sleep(0.02)
    assert server.connections == 3
    server.close()


def test_a_signal_while_a_connection_is_taken_blocks_no_later_call(server: ScriptedServer) -> None:
    def ring(frame: FrameType, event: str, _argument: object) -> Any:
        # Just after a lock was taken, where Python lets signal handlers run.
        if event == "return" and frame.f_code.co_name == "__enter__" and "threading" in frame.f_code.co_filename:
            sys.settrace(None)
            raise KeyboardInterrupt
        return ring

    server.on("GET", "/api/VERSION", Reply("6.3"))

    def call_twice() -> None:
        session.get_version()
        sys.settrace(ring)
        try:
            with suppress(KeyboardInterrupt):
                session.get_version()
        finally:
            sys.settrace(None)
        session.get_version()

    session = APIClient(server.url, token="a-token-0001", proxies={})
    calling = threading.Thread(target=call_twice, daemon=True)
    calling.start()
    calling.join(3)
    assert not calling.is_alive(), "it waits for a lock that nobody holds any more"
    session.session.close()


def test_a_client_waits_ten_seconds_for_a_connection_and_sixty_for_a_response(server: ScriptedServer) -> None:
    server.on("GET", ".*", Reply({"response": {"id": 1}}))
    client, mine, noted = APIClient(server.url, token=TOKEN), requests.Session(), NotingAdapter()
    assert client.timeout == (10, 60)
    assert client.deadline is None
    for session in (client.session, mine):
        session.mount("http://", noted)
    client.user.get(1)
    User(client.base_url, mine, TOKEN).get(1)
    assert noted.timeouts == [(10, 60)] * 2
    client.timeout = 7
    client.user.get(1)
    client.request("GET", "users/1", timeout=(1, 2))
    assert noted.timeouts[2:] == [(7, 7), (1, 2)]


def answering_of_length(length: int) -> Callable[[socket.socket, Asked], bool]:
    """Announce so many bytes, and send none."""

    def answer(sock: socket.socket, _asked: Asked) -> bool:
        sock.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode())
        return False

    return answer


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_response_has_64_mb_at_most_and_results_have_two_gib(*, by_hand: bool) -> None:
    limits = {
        "users/1": 64 * 1024**2,
        "alpinedatalabs/api/v1/json/workflows/375/results/p1": 2 * 1024**3,
    }
    more = 0
    server = WireServer(lambda sock, asked: answering_of_length(limit_of(asked.path) + more)(sock, asked))

    def limit_of(path: str) -> int:
        return next(limit for end, limit in limits.items() if path.endswith(end))

    client = APIClient(server.url, token=TOKEN)
    client.retries = retry_policy(0)
    assert (client.answer_limit, client.results_limit) == tuple(limits.values())
    workfile, user = client.workfile, client.user
    if by_hand:
        workfile, user = (kind(client.base_url, requests.Session(), TOKEN) for kind in (Workfile, User))
        set_no_retries(user)
        set_no_retries(workfile.process)
    for call in (lambda: user.get(1), lambda: workfile.process.download_results(375, "p1")):
        more = 0
        with pytest.raises(ServerConnectionException, match="cut off"):
            call()
        more = 1
        with pytest.raises(ResponseTooLargeException):
            call()
    client.session.close()
    server.close()
