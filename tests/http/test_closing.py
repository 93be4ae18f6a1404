"""Closing a session closes every one of its connections at once, whatever happened before."""

from __future__ import annotations

import gc
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
import trustme
from requests.adapters import HTTPAdapter

from alpine import APIClient, User, retry_policy
from alpine.exception import AlpineException
from tests.inside import set_no_retries
from tests.reliability.wire import Asked, WireServer, well
from tests.scripted import Reply, ScriptedServer, wait_until

TOKEN = "closing-token-1"


@pytest.fixture(autouse=True)
def nothing_is_collected() -> Iterator[None]:
    """Closed is closed, without help from the garbage collector."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def wire() -> Iterator[WireServer]:
    server = WireServer(well)
    yield server
    server.close()


def all_closed(server: WireServer) -> bool:
    """Whether the server has seen the end of every connection."""
    return wait_until(lambda: server.open_connections == 0, 2)


def test_the_end_of_a_with_block_closes_the_connection(wire: WireServer) -> None:
    with APIClient(wire.url, token=TOKEN) as client:
        client.user.get(1)
        assert wire.open_connections == 1
    assert all_closed(wire)


def test_the_connections_of_many_threads_are_closed(wire: WireServer) -> None:
    client = APIClient(wire.url, token=TOKEN)
    together = threading.Barrier(8)

    def ask(number: int) -> None:
        together.wait(5)
        client.user.get(number)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(ask, range(1, 9)))
    client.session.close()
    assert all_closed(wire)


def test_a_call_after_the_end_opens_a_new_connection(wire: WireServer) -> None:
    client = APIClient(wire.url, token=TOKEN)
    client.user.get(1)
    client.session.close()
    assert client.user.get(1)["id"] == 1
    assert wire.connections == 2
    client.session.close()
    client.session.close()
    assert all_closed(wire)


def test_the_connection_of_a_call_that_is_under_way_is_closed_after_it() -> None:
    under_way, go_on = threading.Event(), threading.Event()

    def answer(sock: socket.socket, asked: Asked) -> bool:
        under_way.set()
        go_on.wait(5)
        return well(sock, asked)

    server = WireServer(answer)
    client = APIClient(server.url, token=TOKEN)
    with ThreadPoolExecutor(1) as threads:
        call = threads.submit(client.user.get, 1)
        under_way.wait(5)
        client.session.close()
        go_on.set()
        assert call.result(5)["id"] == 1
    assert all_closed(server)
    server.close()


def test_closing_in_the_middle_of_calls_of_other_threads_fails_none(wire: WireServer) -> None:
    client = APIClient(wire.url, token=TOKEN)
    client.retries = retry_policy(backoff_factor=0.001)
    ended = threading.Event()

    def close_again_and_again() -> None:
        while not ended.is_set():
            client.session.close()
            time.sleep(0.0002)

    with ThreadPoolExecutor(4) as threads:
        closing = threads.submit(close_again_and_again)
        calls = [threads.submit(client.workspace.create, f"w{number}") for number in range(200)]
        try:
            # Creating is not repeated where it may have been done.
            assert all(call.result(10)["id"] == 1 for call in calls)
        finally:
            ended.set()
        closing.result(5)
    assert len(wire.asked) == 200
    client.session.close()
    assert all_closed(wire)


def test_more_hosts_than_urllib3_keeps_are_closed() -> None:
    servers = [WireServer(well) for _ in range(7)]
    client = APIClient(servers[0].url, token=TOKEN)
    adapter = client.session.get_adapter("http://")
    for server in servers:
        request = requests.Request("GET", f"{server.url}/api/users/1").prepare()
        assert adapter.exchange(request, timeout=2).json()  # type: ignore[attr-defined]
    client.session.close()
    for server in servers:
        assert all_closed(server)
        server.close()


def test_a_session_made_by_hand_closes_its_connections_also_after_a_failure() -> None:
    answers = iter((well, cut_off, well))
    server = WireServer(lambda sock, asked: next(answers)(sock, asked))
    mine = requests.Session()
    users = User(f"{server.url}/api", mine, TOKEN)
    set_no_retries(users)
    users.get(1)
    with pytest.raises(AlpineException) as kept:
        users.get(1)
    users.get(1)
    mine.close()
    assert all_closed(server)
    assert kept.value
    server.close()


def cut_off(sock: socket.socket, _asked: Asked) -> bool:
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")
    return False


def test_adapters_that_a_user_mounts_are_closed_and_so_are_those_that_were_there(wire: WireServer) -> None:
    client = APIClient(wire.url, token=TOKEN)
    client.user.get(1)
    for scheme in ("http://", "https://"):
        client.session.mount(scheme, HTTPAdapter())
    client.user.get(1)
    client.session.mount(f"{wire.url}/api", HTTPAdapter())
    client.user.get(1)
    assert wire.connections == 3
    client.session.close()
    assert all_closed(wire)


def test_connections_through_a_proxy_are_closed(wire: WireServer) -> None:
    client = APIClient("http://alpine.invalid:8080", token=TOKEN, proxies={"http": wire.url})
    assert client.user.get(1)["id"] == 1
    assert wire.open_connections == 1
    client.session.close()
    assert all_closed(wire)


@pytest.fixture
def connections_of_tls(monkeypatch: pytest.MonkeyPatch) -> list[ssl.SSLSocket]:
    """The encrypted sockets of clients, as they are made."""
    made: list[ssl.SSLSocket] = []

    class Noted(ssl.SSLContext):
        def wrap_socket(self, *args: object, **options: object) -> ssl.SSLSocket:
            made.append(super().wrap_socket(*args, **options))  # type: ignore[arg-type]
            return made[-1]

    monkeypatch.setattr("urllib3.util.ssl_.SSLContext", Noted)
    return made


@pytest.mark.filterwarnings("ignore:The certificate of .* is not verified")
def test_encrypted_connections_of_every_kind_are_closed(
    tmp_path: Path, connections_of_tls: list[ssl.SSLSocket]
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    ca_file, own = tmp_path / "ca.pem", tmp_path / "own.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    authority.issue_cert("me@example.com").private_key_and_cert_chain_pem.write_to_path(str(own))
    server = ScriptedServer(context)
    server.on("GET", "/api/license", Reply({"response": {}}))
    client = APIClient(server.url, token=TOKEN, ca_certs=ca_file)
    changes: list[Callable[[], None]] = [
        lambda: None,
        lambda: setattr(client.session, "cert", str(own)),
        lambda: setattr(client.session, "cert", (str(own), str(own))),
        lambda: setattr(client.session, "verify", False),
        lambda: setattr(client.session, "cert", None),
    ]
    for change in changes:
        change()
        client.get_license()
    assert len(connections_of_tls) == len({asked.client for asked in server.asked}) > 3
    assert any(sock.fileno() != -1 for sock in connections_of_tls)
    client.session.close()
    assert [sock for sock in connections_of_tls if sock.fileno() != -1] == []
    server.close()
