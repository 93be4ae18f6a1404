"""A small HTTP server that answers as a test tells it to, faults included, and remembers what it was asked."""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from requests.adapters import HTTPAdapter

LOGIN = {
    "response": {"session_id": "scripted-token-000001", "user": {"id": 7, "username": "ada", "entity_type": "user"}}
}


@dataclass
class Asked:
    """A request that arrived."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    client: tuple[str, int]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Reply:
    """An answer to be given.

    :param fault: "reset" (RST), "close" (no answer), "truncate" (half of the body), "stall" (nothing for ``delay``).
    """

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    fault: str = ""

    @property
    def content(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


Answering = Reply | Callable[[Asked], Reply]


class ScriptedServer:
    """Answers by method and path; several answers are given in turn, the last one again and again."""

    def __init__(self, tls: Any = None) -> None:
        self.asked: list[Asked] = []
        self._routes: list[tuple[str, re.Pattern[str], list[Answering]]] = []
        self._lock = threading.Lock()
        self._released = threading.Event()
        self._http = _Server(("127.0.0.1", 0), _handler(self))
        if tls is not None:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
        self.scheme = "https" if tls is not None else "http"
        self.port = self._http.server_address[1]
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        return f"{self.url}/api"

    def on(self, method: str, path: str, *answers: Answering) -> None:
        """Answer so from now on; ``path`` is a regular expression for the whole path below the host."""
        with self._lock:
            self._routes.insert(0, (method, re.compile(path), list(answers)))

    def on_login(self) -> None:
        self.on(
            "POST", "/api/sessions", Reply(LOGIN, 201, {"Set-Cookie": "_session_id=cookie-secret-1; path=/; HttpOnly"})
        )
        self.on("DELETE", "/api/sessions", Reply({"csrf_token": "x"}))

    def answer(self, asked: Asked) -> Reply:
        with self._lock:
            self.asked.append(asked)
            answering: Answering = Reply('{"errors":{"record":"NOT_FOUND"}}', 404)
            for method, path, answers in self._routes:
                if method == asked.method and path.fullmatch(asked.path):
                    answering = answers.pop(0) if len(answers) > 1 else answers[0]
                    break
        return answering if isinstance(answering, Reply) else answering(asked)

    def stall(self, seconds: float) -> None:
        self._released.wait(seconds)

    def count(self, method: str, path: str = ".*") -> int:
        return sum(1 for asked in self.asked if asked.method == method and re.fullmatch(path, asked.path))

    def close(self) -> None:
        self._released.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news to a test."""


def _handler(server: ScriptedServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def handle_any(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            if len(body) < length:
                # The client gave up in the middle: that is no request.
                self.close_connection = True
                return
            asked = Asked(
                self.command, parts.path, parse_qs(parts.query), dict(self.headers), body, self.client_address
            )
            self.give(server.answer(asked))

        def give(self, reply: Reply) -> None:
            if reply.delay:
                server.stall(reply.delay)
            if reply.fault in {"reset", "close", "stall"}:
                if reply.fault == "reset":
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
                self.connection.close()
                return
            content = reply.content
            self.send_response_only(reply.status)
            usual = {"Date": self.date_time_string(), "Content-Type": "application/json"}
            headers = {**usual, "Content-Length": str(len(content)), **reply.headers}
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            if reply.fault == "truncate":
                content = content[: len(content) // 2]
                self.close_connection = True
            self.wfile.write(content)
            self.wfile.flush()

        def log_message(self, format: str, *args: Any) -> None:
            """Tests read ``asked`` instead."""

    for method in ("GET", "POST", "PUT", "DELETE"):
        setattr(Handler, f"do_{method}", Handler.handle_any)
    return Handler


class NotingAdapter(HTTPAdapter):
    """An adapter for ``session.mount`` that remembers the time-outs that it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.timeouts: list[Any] = []

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        self.timeouts.append(options["timeout"])
        return super().send(request, *args, **options)


class FakeTime:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.sleeps: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.time += seconds


def wait_until(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Give another thread a moment."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)
    return condition()
