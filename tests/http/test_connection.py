"""Whatever bytes a server sends, an answer is the one to its request, ends, and is no larger than allowed."""

from __future__ import annotations

import gzip
import json
import select
import socket
import ssl
import threading
import time
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme

from alpine import APIClient, User, retry_policy
from alpine._http import connection
from alpine.exception import (
    AlpineException,
    InvalidResponseException,
    OutcomeUnknownException,
    RequestTimeoutException,
    ServerConnectionException,
    UserNotFoundException,
)
from tests.inside import set_no_retries
from tests.reliability.wire import Asked, WireServer, message, well
from tests.scripted import wait_until
from tests.test_tls import tunnel

MEGABYTE = 1 << 20


def user(number: int) -> bytes:
    return message(200, {"response": {"id": number}})


@contextmanager
def serving(answer: Callable[[socket.socket, Asked], bool]) -> Iterator[APIClient]:
    server = WireServer(answer)
    with APIClient(server.url, token="wire-token-1", timeout=(2, 2)) as client:
        client.retries = retry_policy(0)
        client.answer_limit = MEGABYTE
        yield client
    server.close()


def users_of(base_url: str) -> User:
    """The users by a session of the caller's own."""
    users = User(base_url, requests.Session(), "a-token-0001")
    set_no_retries(users)
    return users


def before_each(interim: bytes) -> Callable[[socket.socket, Asked], bool]:
    """Send something, and the user who was asked for a moment later."""

    def answer(sock: socket.socket, asked: Asked) -> bool:
        sock.sendall(interim)
        time.sleep(0.03)
        sock.sendall(user(int(asked.path.rpartition("/")[2])))
        return True

    return answer


@pytest.mark.parametrize(
    "interim",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n",
    ],
)
def test_interim_answers_are_not_the_answer(interim: bytes) -> None:
    with serving(before_each(interim)) as client:
        assert [client.user.get(number)["id"] for number in range(1, 6)] == [1, 2, 3, 4, 5]


def test_a_session_of_the_users_own_never_gives_the_answer_to_another_request() -> None:
    with serving(before_each(b"HTTP/1.1 102 Processing\r\n\r\n")) as client:
        users = users_of(client.base_url)
        for number in range(1, 4):
            with pytest.raises(ServerConnectionException, match="interim"):
                users.get(number)


@pytest.mark.parametrize("head", [b"Content-Length: 30\r\n", b"", b"Transfer-Encoding: chunked\r\n"])
def test_a_body_where_none_may_be_is_not_the_next_answer(head: bytes) -> None:
    first = True

    def answer(sock: socket.socket, asked: Asked) -> bool:
        nonlocal first
        if first:
            first = False
            sock.sendall(b"HTTP/1.1 204 No Content\r\n" + head + b"\r\n")
            time.sleep(0.05)
        sock.sendall(user(int(asked.path.rpartition("/")[2])))
        return True

    with serving(answer) as client:
        with pytest.raises(InvalidResponseException):
            client.user.get(1)
        assert client.user.get(2)["id"] == 2


def test_a_protocol_that_nobody_asked_for_is_a_lost_connection() -> None:
    def answer(sock: socket.socket, _asked: Asked) -> bool:
        sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\n\r\n\x00\x01\x02binary")
        return False

    with serving(answer) as client:
        with pytest.raises(OutcomeUnknownException):
            client.workfile.process.run(1)
        with pytest.raises(ServerConnectionException):
            client.user.get(1)


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "first", [b"-1\r\n", b"-5\r\n", b"zz\r\n", b"5;", b"0" * 10, b"2\r\n{}\r\n0\r\n", b"f" * 40 + b"\r\n"]
)
def test_chunks_that_lie_do_not_fill_the_memory(first: bytes) -> None:
    sent = 0

    def answer(sock: socket.socket, _asked: Asked) -> bool:
        nonlocal sent
        sock.sendall(CHUNKED + first)
        for _ in range(64):
            sock.sendall(b"x" * MEGABYTE)
            sent += 1
        return False

    with serving(answer) as client, pytest.raises(AlpineException):
        client.user.get(1)
    assert sent < 32, "what was not read cannot be sent"


def test_a_session_of_the_users_own_takes_a_negative_chunk_for_a_cut() -> None:
    def answer(sock: socket.socket, _asked: Asked) -> bool:
        sock.sendall(CHUNKED + b"-5\r\nhello")
        return False

    with serving(answer) as client, pytest.raises(ServerConnectionException, match="cut off"):
        users_of(client.base_url).get(1)


def test_an_answer_that_only_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "PATIENCE", 0.3)

    def drip(head: bytes, piece: bytes) -> Callable[[socket.socket, Asked], bool]:
        def answer(sock: socket.socket, _asked: Asked) -> bool:
            sock.sendall(head)
            for _ in range(200):
                sock.sendall(piece)
                time.sleep(0.02)
            return False

        return answer

    for head, piece in (
        (b"HTTP/1.1 200 OK\r\nX: ", b"a"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"[:1]),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b" "),
        (CHUNKED, b"1\r\n \r\n"),
    ):
        started = time.monotonic()
        with serving(drip(head, piece)) as client, pytest.raises(RequestTimeoutException):
            client.timeout = (2, 0.1)
            client.user.get(1)
        assert time.monotonic() - started < 3


@pytest.mark.parametrize("timeout", [(2, 1), None])
def test_a_time_out_that_leaves_more_time_holds(monkeypatch: pytest.MonkeyPatch, timeout: Any) -> None:
    monkeypatch.setattr(connection, "PATIENCE", 0.1)

    def answer(sock: socket.socket, _asked: Asked) -> bool:
        whole = user(1)
        sock.sendall(whole[:-3])
        time.sleep(0.5)
        sock.sendall(whole[-3:])
        return True

    with serving(answer) as client:
        client.timeout = timeout
        assert client.user.get(1)["id"] == 1


@pytest.mark.parametrize(("kilobytes", "whole"), [(960, True), (1090, False)])
@pytest.mark.parametrize("interim", [False, True])
def test_a_head_has_a_megabyte_at_most(kilobytes: int, *, whole: bool, interim: bool) -> None:
    lines = b"".join(b"X-%d: %s\r\n" % (number, b"x" * 10_230) for number in range(kilobytes // 10 // 2))
    parts = [b"HTTP/1.1 103 Early Hints\r\n" if interim else b"HTTP/1.1 200 OK\r\n", lines]
    parts += [
        b"\r\nHTTP/1.1 200 OK\r\n" if interim else b"",
        lines.replace(b"X-", b"Y-"),
        b"Content-Length: 2\r\n\r\n{}",
    ]

    def answer(sock: socket.socket, _asked: Asked) -> bool:
        with suppress(OSError):
            sock.sendall(b"".join(parts))
        return False

    with serving(answer) as client:
        if whole:
            assert client.request("GET", "anything") == {}
        else:
            with pytest.raises(ServerConnectionException):
                client.request("GET", "anything")


class ServersTime:
    """A clock for the whole process, which a server moves when the client has read what was sent before."""

    def __init__(self) -> None:
        self.time = 1000.0
        self._looked = threading.Event()

    def monotonic(self) -> float:
        value = self.time
        self._looked.set()
        return value

    def send(self, sock: socket.socket, data: bytes, seconds: float = 0) -> None:
        """Send, and let some time pass once it was read."""
        self._looked.clear()
        sock.sendall(data)
        self._looked.wait(5)
        self.time += seconds


@pytest.fixture
def servers_time(monkeypatch: pytest.MonkeyPatch) -> ServersTime:
    clock = ServersTime()
    monkeypatch.setattr(time, "monotonic", clock.monotonic)
    return clock


@pytest.mark.parametrize(("timeout", "most"), [(2, 120), (59, 120), (61, 122), (100, 200)])
def test_a_response_has_two_minutes_or_twice_the_time_out(
    servers_time: ServersTime, timeout: float, most: float
) -> None:
    passed = most - 1.0

    def answer(sock: socket.socket, _asked: Asked) -> bool:
        servers_time.send(sock, b"HTTP/1.1 200 OK\r\n", passed)
        sock.sendall(b"Content-Length: 2\r\n\r\n{}")
        return True

    with serving(answer) as client:
        client.timeout = (2, timeout)
        assert client.request("GET", "anything") == {}
        passed = most + 1.0
        with pytest.raises(RequestTimeoutException):
            client.request("GET", "anything")


@pytest.mark.parametrize(("size", "whole"), [(1000, True), (100, False)])
def test_a_response_of_a_thousand_bytes_a_second_may_take_any_time(
    servers_time: ServersTime, size: int, *, whole: bool
) -> None:
    def answer(sock: socket.socket, _asked: Asked) -> bool:
        servers_time.send(sock, b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (200 * size + 2))
        with suppress(OSError):
            for _ in range(200):
                servers_time.send(sock, b" " * size, 1)
            sock.sendall(b"{}")
        return False

    with serving(answer) as client:
        if whole:
            assert client.request("GET", "anything") == {}
        else:
            with pytest.raises(RequestTimeoutException):
                client.request("GET", "anything")
        assert servers_time.time > 1120


def test_heads_without_end_are_given_up() -> None:
    def answer(sock: socket.socket, _asked: Asked) -> bool:
        for _ in range(50):
            sock.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 40_000)
        return False

    with serving(answer) as client, pytest.raises(ServerConnectionException):
        client.user.get(1)


CONTENT = b"a line of a table\n" * 50_000


def raw_deflate(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


@pytest.mark.parametrize("end", ["length", "close", "chunked"])
@pytest.mark.parametrize("whole", [True, False])
def test_a_compressed_download_that_stops_early_is_not_whole(tmp_path: Path, end: str, whole: bool) -> None:
    packed = gzip.compress(CONTENT)
    sent = packed if whole else packed[: len(packed) // 2]

    def answer(sock: socket.socket, _asked: Asked) -> bool:
        head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
        match end:
            case "length":
                sock.sendall(head + b"Content-Length: %d\r\n\r\n" % len(sent) + sent)
            case "close":
                sock.sendall(head + b"Connection: close\r\n\r\n" + sent)
            case "chunked":
                body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(sent), sent)
                sock.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n" + body)
        return False

    target = tmp_path / "table.csv"
    with serving(answer) as client:
        if whole:
            assert client.workfile.download(1, path=target).read_bytes() == CONTENT
        else:
            with pytest.raises(ServerConnectionException, match="cut off"):
                client.workfile.download(1, path=target)
            assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "packed", "content"),
    [
        ("gzip", gzip.compress(b"one ") + gzip.compress(b"two"), b"one two"),
        ("gzip", gzip.compress(b""), b""),
        ("gzip", gzip.compress(b"padded") + bytes(1000), b"padded"),
        ("deflate", zlib.compress(CONTENT), CONTENT),
        ("deflate", raw_deflate(CONTENT), CONTENT),
        ("identity", CONTENT, CONTENT),
        ("gzip", b"no gzip at all", None),
    ],
    ids=["two members", "empty", "padded", "zlib", "raw deflate", "identity", "none"],
)
def test_a_download_is_decompressed(tmp_path: Path, kind: str, packed: bytes, content: bytes | None) -> None:
    def answer(sock: socket.socket, _asked: Asked) -> bool:
        sock.sendall(message(200, packed, {"Content-Encoding": kind}))
        return True

    with serving(answer) as client:
        if content is None:
            with pytest.raises(InvalidResponseException, match="decompressed"):
                client.workfile.download(1, path=tmp_path / "x")
        else:
            assert client.workfile.download(1, path=tmp_path / "x").read_bytes() == content


def test_a_part_of_a_file_is_not_the_file(tmp_path: Path) -> None:
    def answer(sock: socket.socket, _asked: Asked) -> bool:
        sock.sendall(message(206, b"abc", {"Content-Range": "bytes 0-2/10"}))
        return True

    with serving(answer) as client, pytest.raises(InvalidResponseException, match="a part of the file"):
        client.workfile.download(1, path=tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_a_server_in_good_health_is_read_on_one_connection() -> None:
    server = WireServer(well)
    with APIClient(server.url, token="wire-token-1") as client:
        for _ in range(20):
            client.user.get(1)
    assert server.connections == 1
    server.close()


def tls_server(answering: Callable[[socket.socket, Asked], bool], authority: trustme.CA) -> WireServer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return WireServer(answering, tls=context)


Serving = Callable[[Callable[[socket.socket, Asked], bool]], tuple[WireServer, APIClient]]


@pytest.fixture(params=["plain", "TLS", "TLS through a proxy", "TLS through a TLS proxy"])
def any_serving(request: pytest.FixtureRequest, ca_file: Path, authority: trustme.CA) -> Iterator[Serving]:
    """A server and its client, over each kind of connection."""
    with ExitStack() as closing:

        def start(answer: Callable[[socket.socket, Asked], bool]) -> tuple[WireServer, APIClient]:
            server = WireServer(answer) if request.param == "plain" else tls_server(answer, authority)
            proxies = {}
            if "proxy" in request.param:
                proxy = tls_server(tunnel, authority) if "TLS proxy" in request.param else WireServer(tunnel)
                closing.callback(proxy.close)
                proxies = {"https": proxy.url}
            closing.callback(server.close)
            client = APIClient(server.url, token="wire-token-1", timeout=(2, 2), ca_certs=ca_file, proxies=proxies)
            closing.callback(client.session.close)
            client.retries = retry_policy(0)
            return server, client

        yield start


def padded(number: int, size: int) -> bytes:
    """The answer to a question for a user, in so many bytes."""
    body = json.dumps({"response": {"id": number}}).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %05d\r\n\r\n"
    body = body.ljust(size - len(head % 0))
    return head % len(body) + body


ONE_READ = 8192
"""What is taken off the wire at a time; a record of TLS may hold twice as much. In all cases below the surplus begins
in the record in which the answer ends, so that both arrive together."""


@pytest.mark.parametrize("surplus", [b"H", user(666), padded(666, ONE_READ + 100)], ids=["byte", "answer", "long"])
@pytest.mark.parametrize("size", [120, ONE_READ - 1, ONE_READ, ONE_READ + 1, 2 * ONE_READ - 1, 50_000])
def test_an_answer_that_nobody_asked_for_is_nobodys(any_serving: Serving, size: int, surplus: bytes) -> None:
    def answer(sock: socket.socket, asked: Asked) -> bool:
        sock.sendall(padded(int(asked.path.rpartition("/")[2]), size) + surplus)
        return True

    server, client = any_serving(answer)
    assert [client.user.get(number)["id"] for number in range(1, 5)] == [1, 2, 3, 4]
    assert server.connections == 4


def kept_socket(client: APIClient) -> Any:
    """The socket of the connection that the next call will look at."""
    adapter: Any = client.session.get_adapter(client.base_url)
    managers = [adapter.poolmanager, *adapter.proxy_manager.values()]
    pools = [manager.pools[key] for manager in managers for key in manager.pools.keys()]  # noqa: SIM118
    (kept,) = (connection.sock for pool in pools for connection in pool.pool.queue if connection and connection.sock)
    return kept


def test_an_answer_that_nobody_asked_for_and_comes_later_is_nobodys(any_serving: Serving) -> None:
    was_read = threading.Semaphore(0)

    def answer(sock: socket.socket, asked: Asked) -> bool:
        sock.sendall(user(int(asked.path.rpartition("/")[2])))
        # In the thread that reads from it: a TLS connection is not for two threads at a time.
        was_read.acquire(timeout=5)
        sock.sendall(user(666))
        return True

    server, client = any_serving(answer)
    for number in range(1, 4):
        assert client.user.get(number)["id"] == number
        was_read.release()
        assert wait_until(lambda: bool(select.select([kept_socket(client)], [], [], 0)[0])), "it has arrived"
    assert server.connections == 3


@pytest.mark.parametrize("end", ["chunked", "empty", "interim", "compressed"])
def test_a_whole_answer_of_any_form_leaves_its_connection_in_use(any_serving: Serving, end: str) -> None:
    def answer(sock: socket.socket, asked: Asked) -> bool:
        whole = user(int(asked.path.rpartition("/")[2]))
        body = whole.partition(b"\r\n\r\n")[2]
        match end:
            case "chunked":
                whole = CHUNKED + b"%x\r\n%s\r\n0\r\nX-Trailer: 1\r\n\r\n" % (len(body), body)
            case "empty":
                whole = message(404, b"")
            case "interim":
                whole = b"HTTP/1.1 103 Early Hints\r\n\r\n" + whole
            case "compressed":
                whole = message(200, gzip.compress(body), {"Content-Encoding": "gzip"})
        sock.sendall(whole)
        return True

    server, client = any_serving(answer)
    for number in range(1, 6):
        with suppress(UserNotFoundException):
            assert client.user.get(number)["id"] == number
    assert len(server.asked) == 5
    assert server.connections == 1


LARGE = b"x" * 10_000_000
SMALLER = b"x" * 1_500_000


def reading_all(connection: socket.socket, size: int, *, seconds: float = 0.0) -> bool:
    """Read a request with a large body, at a rate that takes this time, and answer it."""
    received = 0
    while received < size:
        count = len(connection.recv(1 << 16))
        received += count
        time.sleep(seconds * count / size)
    connection.sendall(message(201, {"response": {"id": 1}}))
    return False


def pausing(connection: socket.socket) -> bool:
    time.sleep(1)
    return reading_all(connection, len(LARGE))


def slow(connection: socket.socket) -> bool:
    # Without a buffer that takes in what the server has not read yet.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 15)
    return reading_all(connection, len(SMALLER), seconds=1.5)


@contextmanager
def reading(greeting: Callable[[socket.socket], bool], timeout: Any, *, encrypted: bool) -> Iterator[APIClient]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    server = WireServer(well, greeting, tls=context if encrypted else None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        client = APIClient(server.url, token="wire-token-1", timeout=timeout, proxies={}, validate_certs=not encrypted)
    client.retries = retry_policy(0)
    yield client
    client.session.close()
    server.close()


@pytest.mark.parametrize("encrypted", [False, True], ids=["http", "https"])
@pytest.mark.parametrize("kept", [False, True], ids=["new", "kept"])
def test_a_server_may_pause_while_it_reads(tmp_path: Path, encrypted: bool, kept: bool) -> None:
    large = tmp_path / "large.bin"
    large.write_bytes(LARGE)

    def greeting(connection: socket.socket) -> bool:
        if kept:
            connection.recv(1 << 16)
            connection.sendall(user(1))
        return pausing(connection)

    with reading(greeting, (0.3, 5), encrypted=encrypted) as client:
        if kept:
            client.user.get(1)
        assert client.workfile.upload_file(1, large)["id"] == 1


@pytest.mark.parametrize("encrypted", [False, True], ids=["http", "https"])
def test_a_slow_connection_may_take_longer_than_any_time_out(encrypted: bool) -> None:
    with reading(slow, (0.3, 0.8), encrypted=encrypted) as client:
        assert client.request("POST", "x", data=SMALLER) == {"id": 1}


def test_a_server_that_does_not_read_is_given_up(tmp_path: Path) -> None:
    large = tmp_path / "large.bin"
    large.write_bytes(LARGE)
    released = threading.Event()
    server = WireServer(well, lambda _connection: released.wait(10) and False)
    with APIClient(server.url, token="wire-token-1", timeout=(5, 0.3), proxies={}) as client:
        began = time.monotonic()
        with pytest.raises(OutcomeUnknownException):
            client.workfile.upload_file(1, large)
        assert 0.3 <= time.monotonic() - began < 2
    released.set()
    server.close()
