"""What may go wrong on the way to an answer: each kind of trouble by its name."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

from tests.reliability.wire import TOKEN, Answering, Asked, abort, healthy, message, well

READ_TIMEOUT = 0.25
LIMIT = 1_000_000
"""What the clients of the matrix accept as an answer, in bytes."""


@dataclass(frozen=True)
class Fault:
    """One kind of trouble.

    :param group: What it belongs to.
    :param name: What happens.
    :param answering: How each request is answered.
    :param greeting: What happens to each connection, before the first request is read.
    :param refused: Whether nobody listens.
    :param once: Whether it happens once only, and all is well afterwards.
    :param tls: Whether the server speaks https.
    :param timeout: The client's time-outs for connecting and reading, in seconds.
    :param deadline: The client's deadline, in seconds.
    """

    group: str
    name: str
    answering: Answering = well
    greeting: Callable[[socket.socket], bool] | None = None
    refused: bool = False
    once: bool = False
    tls: bool = False
    timeout: tuple[float, float] = (2, READ_TIMEOUT)
    deadline: float | None = None

    def to_answering(self) -> Answering:
        """A way of answering that belongs to one server."""
        left = threading.Semaphore(1)

        def answer(connection: socket.socket, asked: Asked) -> bool:
            if self.once and not left.acquire(blocking=False):
                return well(connection, asked)
            return self.answering(connection, asked)

        return answer


def _echo(asked: Asked) -> str:
    """A careless server's words: all that it was sent, secrets included."""
    return f"{asked.method} {asked.target} {asked.head} {asked.body[:400].decode('latin-1')} token {TOKEN}"


def _says(status: int, body: Any = None, headers: dict[str, str] | None = None) -> Answering:
    def answer(connection: socket.socket, asked: Asked) -> bool:
        said = {"errors": {"record": "SOME_CODE", "message": _echo(asked)}} if body is None else body
        connection.sendall(message(status, said, headers))
        return True

    return answer


def _page(status: int, headers: dict[str, str] | None = None) -> Answering:
    def answer(connection: socket.socket, asked: Asked) -> bool:
        page = f"<html><head><title>{status} of a gateway</title></head><body>{_echo(asked)}</body></html>"
        connection.sendall(message(status, page, headers, kind="text/html"))
        return True

    return answer


def _raw(content: bytes | Callable[[Asked], bytes]) -> Answering:
    """Exactly these bytes, then the end of the connection."""

    def answer(connection: socket.socket, asked: Asked) -> bool:
        connection.sendall(content if isinstance(content, bytes) else content(asked))
        return False

    return answer


def _reset(connection: socket.socket, _asked: Asked) -> bool:
    abort(connection)
    return False


def _reset_at_once(connection: socket.socket) -> bool:
    abort(connection)
    return False


def _close_at_once(_connection: socket.socket) -> bool:
    return False


def _closes(_connection: socket.socket, _asked: Asked) -> bool:
    return False


def _half(asked: Asked) -> bytes:
    whole = healthy(asked)
    return whole[: whole.index(b"\r\n\r\n") + 5]


def _stalls(connection: socket.socket, asked: Asked, sent: bytes = b"") -> bool:
    connection.sendall(sent)
    # The client goes away first; this only bounds the thread.
    connection.settimeout(60)
    connection.recv(1)
    return False


def _stalls_in_the_middle(connection: socket.socket, asked: Asked) -> bool:
    return _stalls(connection, asked, _half(asked))


def _trickles(connection: socket.socket, asked: Asked) -> bool:
    whole = healthy(asked)
    step = len(whole) // 8 + 1
    for start in range(0, len(whole), step):
        connection.sendall(whole[start : start + step])
        time.sleep(READ_TIMEOUT / 25)
    return True


def _drips(part: str) -> Answering:
    """A healthy answer that is long, and whose head or body comes a byte at a time."""

    def answer(connection: socket.socket, asked: Asked) -> bool:
        head, _, body = healthy(asked).partition(b"\r\n\r\n")
        status, *fields = head.split(b"\r\n")
        fields = [field for field in fields if not field.startswith(b"Content-Length")]
        fields += [b"Content-Length: %d" % (len(body) + 2_000), b"X-Long: " + b"x" * 2_000]
        whole = b"\r\n".join([status, *fields]) + b"\r\n\r\n" + body + b" " * 2_000
        begun = len(status) if part == "head" else whole.index(b"\r\n\r\n") + 4
        connection.sendall(whole[:begun])
        for position in range(begun, len(whole)):
            connection.sendall(whole[position : position + 1])
            time.sleep(READ_TIMEOUT / 5)
        return False

    return answer


_DRIPS_THE_HEAD = _drips("head")
_DRIPS_THE_BODY = _drips("body")


def _pauses_before_it_reads(_connection: socket.socket) -> bool:
    time.sleep(2 * READ_TIMEOUT)
    return True


def _compressed(asked: Asked, *, spoil: bool = False) -> bytes:
    head, _, body = healthy(asked).partition(b"\r\n\r\n")
    packed = gzip.compress(body)
    packed = packed[:10] + b"\xff" * 8 + packed[18:] if spoil else packed
    kept = [line for line in head.split(b"\r\n") if not line.startswith(b"Content-Length")]
    kept += [b"Content-Encoding: gzip", f"Content-Length: {len(packed)}".encode()]
    return b"\r\n".join(kept) + b"\r\n\r\n" + packed


def _compresses(connection: socket.socket, asked: Asked) -> bool:
    connection.sendall(_compressed(asked))
    return True


def _spoilt(asked: Asked) -> bytes:
    return _compressed(asked, spoil=True)


def _bomb(asked: Asked) -> bytes:
    packed = gzip.compress(b" " * (20 * LIMIT))
    return message(200, packed, {"Content-Encoding": "gzip"})


def _chunked(asked: Asked) -> bytes:
    body = healthy(asked).partition(b"\r\n\r\n")[2]
    return (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        + f"{len(body):x}\r\n".encode()
        + body
    )


def _after_interim_answers(connection: socket.socket, asked: Asked) -> bool:
    connection.sendall(
        b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + healthy(asked)
    )
    return True


_STRANGER = message(500, {"errors": {"message": "the answer to another request"}})
_USED: weakref.WeakSet[socket.socket] = weakref.WeakSet()


def _with_one_more(connection: socket.socket, asked: Asked) -> bool:
    """The answer, and behind it the beginning of another one; its rest comes where the connection is used again."""
    rest = _STRANGER[10:] if connection in _USED else b""
    _USED.add(connection)
    connection.sendall(rest + healthy(asked) + _STRANGER[:10])
    return True


_NEGATIVE_CHUNK = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n" + b"x" * 4 * LIMIT
_ENDLESS_CHUNK_SIZE = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"0" * 4 * LIMIT


def _longer_than_said(asked: Asked) -> bytes:
    head, _, body = healthy(asked).partition(b"\r\n\r\n")
    return head.replace(b"Content-Length: ", b"Content-Length: 9") + b"\r\n\r\n" + body


def _two_lengths(asked: Asked) -> bytes:
    return healthy(asked).replace(b"\r\n\r\n", b"\r\nContent-Length: 3, 4\r\n\r\n", 1)


def _elsewhere(connection: socket.socket, asked: Asked) -> bool:
    connection.sendall(message(302, "", {"Location": f"http://elsewhere.invalid{asked.target}"}))
    return True


def _circle(connection: socket.socket, asked: Asked) -> bool:
    host = next(line for line in asked.head.splitlines() if line.lower().startswith("host:")).partition(" ")[2]
    connection.sendall(message(307, "", {"Location": f"http://{host}{asked.target}"}))
    return True


def _to_https(connection: socket.socket, asked: Asked) -> bool:
    """To an https port where nobody listens."""
    connection.sendall(message(301, "", {"Location": f"https://127.0.0.1:1{asked.target}"}))
    return True


def _to_nowhere(connection: socket.socket, asked: Asked) -> bool:
    connection.sendall(message(302, "", {"Location": "http://[half an address"}))
    return True


_ROW = {"id": 1, "name": "x"}
_PAGES = {"response": [_ROW], "pagination": {"page": 1, "total": "many", "records": {}, "per_page": None}}
_ENDLESS = {"response": [{"id": None, "x": 1}], "pagination": {"page": 1, "total": 10**12, "records": 10**13}}
_LATER = 600

FAULTS = (
    Fault("nothing wrong", "all is well"),
    Fault("nothing wrong", "the answer comes in small pieces", _trickles),
    Fault("nothing wrong", "a compressed answer", _compresses),
    Fault("nothing wrong", "after interim answers", _after_interim_answers),
    Fault("nothing wrong", "a response without a request", _with_one_more),
    Fault("connection", "nothing listens on the port", refused=True),
    Fault("connection", "reset before the request is read", greeting=_reset_at_once),
    Fault("connection", "closed before the request is read", greeting=_close_at_once),
    Fault("connection", "reset after the request", _reset),
    Fault("connection", "closed without a response", _closes),
    Fault("connection", "closed in the middle of the head", _raw(b"HTTP/1.1 200 OK\r\nContent-Ty")),
    Fault("connection", "closed in the middle of the body", _raw(_half)),
    Fault("connection", "chunked, cut off", _raw(_chunked)),
    Fault("connection", "Content-Length too large", _raw(_longer_than_said)),
    Fault("connection", "two lengths", _raw(_two_lengths)),
    Fault("connection", "an interim answer only", _raw(b"HTTP/1.1 103 Early Hints\r\n\r\n")),
    Fault("connection", "a chunk of negative size", _raw(_NEGATIVE_CHUNK)),
    Fault("connection", "the size of a chunk without end", _raw(_ENDLESS_CHUNK_SIZE)),
    Fault("connection", "no response within the time-out", _stalls),
    Fault("connection", "stalls in the middle of the body", _stalls_in_the_middle),
    Fault("connection", "garbage instead of HTTP", _raw(b"\x15\x03\x01\x00\x02\x02\x16 not http\r\n\r\n")),
    Fault("once, then well", "reset after the request, once", _reset, once=True),
    Fault("once, then well", "closed in the middle of the body, once", _raw(_half), once=True),
    Fault(
        "once, then well", "429 with Retry-After in seconds, once", _says(429, None, {"Retry-After": "7"}), once=True
    ),
    Fault("once, then well", "503 page, once", _page(503), once=True),
    Fault("once, then well", "502 page, once", _page(502), once=True),
    Fault("once, then well", "200 page, once", _page(200), once=True),
    Fault("refusals", "400 JSON", _says(400)),
    Fault("refusals", "400 page", _page(400)),
    Fault("refusals", "401 blank", _says(401, " ")),
    Fault("refusals", "403 blank", _says(403, " ")),
    Fault("refusals", "403 JSON", _says(403, {"errors": {"model_data": {}}})),
    Fault("refusals", "403 not licensed", _says(403, {"errors": {"license": "NOT_LICENSED"}})),
    Fault("refusals", "404 JSON", _says(404, {"errors": {"record": "NOT_FOUND"}})),
    Fault("refusals", "404 page", _page(404)),
    Fault("refusals", "409 JSON", _says(409)),
    Fault("refusals", "413 page", _page(413)),
    Fault("refusals", "418 empty", _says(418, "")),
    Fault("refusals", "422 fields", _says(422, {"errors": {"fields": {"name": {"TAKEN": {"value": "x"}}}}})),
    Fault("refusals", "422 of strange shape", _says(422, {"errors": {"fields": [1, None]}})),
    Fault("refusals", "429 Retry-After in seconds", _says(429, "", {"Retry-After": "2"})),
    Fault("refusals", "429 Retry-After as a date", _says(429, "", {"Retry-After": formatdate(time.time() + 60)})),
    Fault("refusals", "429 Retry-After of an hour", _says(429, "", {"Retry-After": "3600"})),
    Fault("failures", "500 JSON", _says(500)),
    Fault("failures", "500 page", _page(500)),
    Fault("failures", "500 empty", _says(500, "")),
    Fault("failures", "501 page", _page(501)),
    Fault("failures", "502 page", _page(502)),
    Fault("failures", "503 page", _page(503)),
    Fault("failures", "503 Retry-After of an hour", _page(503, {"Retry-After": formatdate(time.time() + 3600)})),
    Fault("failures", "503 licence expired", _says(503, {"errors": {"service": "LICENSE_EXPIRED"}})),
    Fault("failures", "504 page", _page(504)),
    Fault("redirects", "in a circle", _circle),
    Fault("redirects", "to another host", _elsewhere),
    Fault("redirects", "to https where nobody listens", _to_https),
    Fault("redirects", "to what is no address", _to_nowhere),
    Fault("redirects", "without an address", _says(302, "")),
    Fault("senseless answers", "200 page", _page(200)),
    Fault("senseless answers", "200 empty", _says(200, "")),
    Fault("senseless answers", "204 with a body", _says(204, '{"response": {"id": 1}}')),
    Fault("senseless answers", "206 with a part", _says(206, '{"response": {"id"')),
    Fault("senseless answers", "JSON cut off", _says(200, '{"response": {"id": 1')),
    Fault("senseless answers", "malformed JSON", _says(200, '{"response": {"id": 1,,}}')),
    Fault("senseless answers", "null", _says(200, "null")),
    Fault("senseless answers", "a number", _says(200, "17")),
    Fault("senseless answers", "a list at the top", _says(200, [_ROW])),
    Fault("senseless answers", "a number as response", _says(200, {"response": 17})),
    Fault("senseless answers", "null as response", _says(200, {"response": None})),
    Fault("senseless answers", "an empty object as response", _says(200, {"response": {}})),
    Fault("senseless answers", "rows that are no objects", _says(200, {"response": [1, "x", None, []]})),
    Fault("senseless answers", "rows with an id of wrong type", _says(200, {"response": [{"id": {}, "name": "x"}]})),
    Fault("senseless answers", "pagination of wrong types", _says(200, _PAGES)),
    Fault("senseless answers", "pages without end", _says(200, _ENDLESS)),
    Fault("senseless answers", "NaN", _says(200, '{"response": [{"id": NaN}], "pagination": {"page": 1}}')),
    Fault(
        "senseless answers", "half of a character", _says(200, json.dumps({"response": {"id": 1, "name": "\ud800"}}))
    ),
    Fault("senseless answers", "not UTF-8", _says(200, b'{"response": {"name": "\xff\xfe\xe9"}}')),
    Fault("senseless answers", "100,000 nested brackets", _says(200, "[" * 100_000)),
    Fault("senseless answers", "a number of 100,000 digits", _says(200, '{"response": ' + "9" * 100_000 + "}")),
    Fault("senseless answers", "larger than the limit", _says(200, '{"response": "' + "x" * LIMIT + '"}')),
    Fault("senseless answers", "a length of 5,000 digits", _says(200, "{}", {"Content-Length": "9" * 5_000})),
    Fault("senseless answers", "spoilt compression", _raw(_spoilt)),
    Fault("senseless answers", "a compressed bomb", _raw(_bomb)),
    Fault("slow servers", "drips the head", _DRIPS_THE_HEAD, deadline=0.5),
    Fault("slow servers", "drips the body", _DRIPS_THE_BODY, deadline=0.5),
    Fault(
        "slow servers",
        "drips the head over TLS",
        _DRIPS_THE_HEAD,
        tls=True,
        deadline=0.5,
    ),
    Fault(
        "slow servers",
        "drips the body over TLS",
        _DRIPS_THE_BODY,
        tls=True,
        deadline=0.5,
    ),
    Fault(
        "slow servers",
        "reads after a pause that is longer than the time-out for connecting",
        greeting=_pauses_before_it_reads,
        timeout=(READ_TIMEOUT, 2),
    ),
)
