"""The wire under the pools: what http.client and urllib3 take on trust of a server's bytes is checked here."""

from __future__ import annotations

import http.client
import io
import math
import queue
import socket
import ssl
import sys
import time
import zlib
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import requests
from urllib3 import HTTPResponse, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, DecodeError, NewConnectionError, ProtocolError
from urllib3.util.connection import allowed_gai_family
from urllib3.util.ssltransport import SSLTransport

from alpine._http import deadline

PATIENCE = 120.0
"""Seconds for a response from its first byte, however small it is; at least twice the time-out for reading."""
SLOWEST = 1_000.0
"""Bytes a second that give a response more time."""
_LONGEST_HEAD = 1024 * 1024
_LONGEST_LINE = 64 * 1024
_GZIP = 16 + zlib.MAX_WBITS
_GZIP_BEGINS = b"\x1f"
_RECORD = 16 * 1024
"""Bytes of a record of TLS."""
_NOTSENT_LOWAT: int | None = getattr(socket, "TCP_NOTSENT_LOWAT", None)
_MOST_UNSENT = 128 * 1024
"""Bytes that the system holds back for a slow connection. It would take megabytes, and the wait for a response, which
begins when the last byte is handed over, would be over before they have left."""


class _Steady(io.RawIOBase):
    """The bytes of one response; a server that only drips them, or never ends its head, is given up.

    A time-out of the socket does not see it: there is always another byte in time.

    :param sock: The socket below; its time-out is the one for reading.
    """

    def __init__(self, raw: io.RawIOBase, sock: Any) -> None:
        self._raw = raw
        self._sock = sock
        self._deadline = deadline.current()
        self._timeout: float | None = sock.gettimeout()
        self._patience = math.inf if self._timeout is None else max(PATIENCE, 2 * self._timeout)
        self._began: float | None = None
        self._received = 0
        self.in_head = True
        self.over = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        if self.over:
            return 0
        if self._deadline is not None:
            self._sock.settimeout(self._deadline.capped(self._timeout))
        count = self._raw.readinto(buffer)
        now = time.monotonic()
        if self._began is None:
            self._began = now
        self._received += count or 0
        if now - self._began > self._patience + self._received / SLOWEST:
            raise TimeoutError("the response does not end")
        if self.in_head and self._received > _LONGEST_HEAD:
            raise http.client.LineTooLong("head")
        return count

    def fileno(self) -> int:
        return self._raw.fileno()

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Lines(io.BufferedReader):
    """A reader whose lines end: urllib3 reads the size of a chunk with no limit."""

    def readline(self, size: int | None = -1, /) -> bytes:
        if size is not None and size >= 0:
            return super().readline(size)
        line = super().readline(_LONGEST_LINE)
        if len(line) == _LONGEST_LINE:
            raise http.client.LineTooLong("chunk size")
        return line


class _FinalResponse(http.client.HTTPResponse):
    """The response to a request, after the interim ones (102, 103) that a server or a proxy may send before it.

    http.client takes them for the response, and the one that follows would be read as that of the next request.
    """

    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self._steady = _Steady(self.fp.detach(), sock)
        self.fp = _Lines(self._steady)
        self.has_surplus = False
        """Whether more than the response was read off the connection."""

    def begin(self) -> None:
        super().begin()
        while HTTPStatus.CONTINUE < self.status < HTTPStatus.OK:
            self.headers = self.msg = None  # type: ignore[assignment]  # so that it begins again
            super().begin()
        self._steady.in_head = False

    def _safe_read(self, amt: int) -> bytes:
        # The size of a chunk can be negative, and -1 would read all that the server ever sends.
        if amt < 0:
            raise http.client.IncompleteRead(b"")
        return super()._safe_read(amt)  # type: ignore[misc,no-any-return]

    def _close_conn(self) -> None:
        # So that looking at what was read ahead does not read on.
        self._steady.over = True
        self.has_surplus = not self.fp.closed and bool(self.fp.peek(1))
        super()._close_conn()  # type: ignore[misc]


class _Connection(HTTPConnection):
    """A connection that is not used again when bytes came that nobody asked for: they would be the next response.

    urllib3 looks only for bytes that are still in the system's buffer.
    """

    response_class = _FinalResponse
    _last: Any = None
    pause: float | None = None
    """Seconds that the server may pause while it reads."""
    most_at_once = sys.maxsize
    """Bytes to be written within one time-out: a socket takes what it can of them, TLS all or nothing."""

    def request(self, method: str, url: str, *args: Any, **options: Any) -> None:
        if self.sock is None:
            self.connect()
        # urllib3 would leave the time-out for connecting on the socket: a server that pauses for longer while it
        # reads a file would be given up.
        self.timeout = self.pause
        super().request(method, url, *args, **options)

    def send(self, data: Any) -> None:
        limit = deadline.current()
        if limit is not None and self.sock is not None:
            self.sock.settimeout(limit.capped(self.timeout))
        if not isinstance(data, bytes) or len(data) <= _RECORD:
            super().send(data)
            return
        left = memoryview(data)
        while left:
            if limit is not None:
                self.sock.settimeout(limit.capped(self.timeout))
            left = left[self.sock.send(left[: self.most_at_once]) :]

    def _new_conn(self) -> socket.socket:
        limit = deadline.current()
        sock = super()._new_conn() if limit is None else self._new_conn_by(limit)
        if _NOTSENT_LOWAT is not None:
            with suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, _NOTSENT_LOWAT, _MOST_UNSENT)
        return sock

    def _new_conn_by(self, limit: deadline.Deadline) -> socket.socket:
        # urllib3 would give each of the host's addresses the whole of the time.
        name, timeout = self._dns_host, self.timeout
        addresses = _addresses(name, self.port)
        try:
            for address in addresses:
                self._dns_host, self.timeout = address, limit.capped(timeout)
                try:
                    sock = super()._new_conn()
                except NewConnectionError:
                    if address == addresses[-1]:
                        raise
                else:
                    # For the handshake of TLS, which is next.
                    sock.settimeout(limit.capped(timeout))
                    return sock
        except TimeoutError as error:
            raise ConnectTimeoutError(self, str(error)) from None
        finally:
            self._dns_host, self.timeout = name, timeout
        raise ConnectTimeoutError(self, "no address")

    def _tunnel(self) -> None:
        super()._tunnel()
        limit = deadline.current()
        if limit is not None and self.sock is not None:
            self.sock.settimeout(limit.capped(self.timeout))

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3 has it
        response = super().getresponse()
        self._last = response._original_response
        return response

    @property
    def is_connected(self) -> bool:
        surplus = self._last is not None and self._last.has_surplus
        return super().is_connected and not surplus and not _has_unread(self.sock)

    def close(self) -> None:
        self._last = None
        super().close()


class _TLSConnection(_Connection, HTTPSConnection):
    most_at_once = _RECORD

    def _connect_tls_proxy(self, hostname: str, sock: socket.socket) -> Any:
        return _ToProxy(super()._connect_tls_proxy(hostname, sock))


class _ToProxy:
    """An encrypted connection to a proxy, for another within it: each of its readings keeps the deadline.

    urllib3 reads on until it has a whole record of the inner one, and a proxy that drips it would never be given up.
    """

    def __init__(self, sock: ssl.SSLSocket) -> None:
        self.sock = sock

    def recv(self, size: int) -> bytes:
        limit = deadline.current()
        if limit is not None:
            self.sock.settimeout(limit.capped(self.sock.gettimeout()))
        return self.sock.recv(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sock, name)


def _has_unread(sock: Any) -> bool:
    """Whether encryption has bytes in hand: it takes a whole record off the wire at a time."""
    if isinstance(sock, SSLTransport):
        return bool(sock.incoming.pending or sock.sslobj.pending()) or _has_unread(getattr(sock.socket, "sock", None))
    return isinstance(sock, ssl.SSLSocket) and sock.pending() > 0


def _addresses(name: str, port: int | None) -> list[str]:
    """The addresses of a host; its name where there are none, so that urllib3 tells why."""
    with suppress(OSError, UnicodeError):
        found = socket.getaddrinfo(name.strip("[]"), port, allowed_gai_family(), socket.SOCK_STREAM)
        return list(dict.fromkeys(str(address[0]) for *_, address in found)) or [name]
    return [name]


class _AtRest:
    """The connections that wait for a request: the last that came goes first.

    The queue of the standard library has a lock, which stays locked when a signal handler raises just after it was
    taken. Every later call of the client, also the one that is to stop a run, would wait for it for ever.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.queue: deque[Any] = deque()

    def get(self, **_of_a_queue: Any) -> Any:
        try:
            return self.queue.pop()
        except IndexError:
            raise queue.Empty from None

    def put(self, connection: Any, **_of_a_queue: Any) -> None:
        if len(self.queue) >= self._most:
            raise queue.Full
        self.queue.append(connection)

    def qsize(self) -> int:
        return len(self.queue)


class Pool(HTTPConnectionPool):
    """Connections without encryption."""

    ConnectionCls = _Connection
    QueueCls = _AtRest  # type: ignore[assignment]  # all that urllib3 asks of a queue

    def _make_request(self, conn: Any, method: str, url: str, *args: Any, **options: Any) -> Any:
        conn.pause = Timeout.resolve_default_timeout(options["timeout"].read_timeout)
        return super()._make_request(conn, method, url, *args, **options)


class TLSPool(Pool, HTTPSConnectionPool):
    """Connections with encryption."""

    ConnectionCls = _TLSConnection

    def _validate_conn(self, conn: Any) -> None:
        # The client warns once when certificates are not checked; urllib3 would warn for each request,
        # and silencing it through the warnings module would silence it for the whole process.
        if conn.is_closed:
            try:
                conn.connect()
            except TimeoutError as error:
                # urllib3 takes it for a response that does not come; but nothing was sent yet.
                raise ConnectTimeoutError(conn, str(error)) from None


def tells_its_end(response: requests.Response, *, unpacked: bool) -> bool:
    """Whether a body that stops early can be told from a whole one; asked before it is read.

    :param unpacked: Whether urllib3 unpacks it: it takes a compressed one that stops early as whole.
    """
    raw = response.raw
    if getattr(raw, "length_remaining", None) is not None or getattr(raw, "chunked", False):
        return True
    return not unpacked and _is_gzip(response)


def _is_gzip(response: requests.Response) -> bool:
    return response.headers.get("Content-Encoding", "").strip().lower() in {"gzip", "x-gzip"}


def whole_body(response: requests.Response, size: int) -> Iterator[bytes]:
    """A body in pieces; a compressed one up to its own end: urllib3 takes one that stops early as whole.

    :param size: The largest piece, in bytes.
    """
    if not _is_gzip(response):
        yield from response.iter_content(size)
        return
    decoder = zlib.decompressobj(_GZIP)
    for data in response.raw.stream(size, decode_content=False):
        left = data
        while left:
            if decoder.eof:
                if left[:1] != _GZIP_BEGINS:
                    # What fills up a last block is no content.
                    break
                decoder = zlib.decompressobj(_GZIP)
            try:
                yield decoder.decompress(left, size)
            except zlib.error as error:
                raise DecodeError(str(error)) from None
            left = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
    if not decoder.eof:
        raise ProtocolError("Connection broken", http.client.IncompleteRead(b""))
