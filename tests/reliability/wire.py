"""A server that writes exactly the bytes it is told to, on a raw socket, and a healthy answer for every call."""

from __future__ import annotations

import atexit
import contextlib
import json
import re
import shutil
import socket
import ssl
import struct
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

TOKEN = "matrix-token-5d1c9e07"
PASSWORD = 'matrix "pass" wörd/+&<77'
COOKIE = "matrix-cookie-b81f=="
SECRETS = (TOKEN, PASSWORD, COOKIE)

_OUTPUT = {"out_title": "x", "visualData": {"columns": ["x"], "items": [{"x": "1"}], "tableName": "x.x"}}
_RESULTS = {"outputs": [_OUTPUT], "logs": [], "flowMetaInfo": {"status": "SUCCESS", "processId": "p1"}}
_THING = {
    "id": 1,
    "name": "x",
    "object_name": "x",
    "username": "x",
    "file_name": "x",
    "entity_type": "gpdb_data_source",
    "status": "idle",
    "succeeded": True,
    "tasks": [{"id": 1, "name": "x"}],
    "sandbox_info": {"id": 1, "name": "x"},
    "execution_locations": [{"id": 1, "entity_type": "gpdb_database"}],
    "session_id": TOKEN,
    "user": {"id": 1, "username": "x"},
    "killable_id": "p1",
    "workflow_id": 1,
    "workspace": {"id": 1},
    "parameters": [{"id": 1, "variable_name": "@x"}],
    "attachments": [{"id": "p1", "entity_type": "work_flow_result"}],
    "job_task_results": [{"payload_id": 1, "payload_result_id": "p1", "status": "success"}],
}
_LISTS = re.compile(r"/api/(taggings|worklet_parameter_versions|workspaces/\d+/touchpoints/\d+/parameters)")
_FILES = re.compile(r"/api/hdfs_data_sources/\d+/files")
_IMPORTS = {"/api/hdfs_data_sources/1/files/1/imports"}
_FOUND = {"results": [_THING], "numFound": 1}
_EVENT = {"id": 1, "action": "FileImportCreated", "destination_table": "y", "reference_id": 1, "dataset": None}
_COLUMN = {"name": "x", "data_type": "integer", "type_category": "WHOLE_NUMBER", "entity_type": "database_column"}


@dataclass(frozen=True)
class Asked:
    """A request that arrived."""

    method: str
    target: str
    head: str
    body: bytes
    before: frozenset[str] = frozenset()
    """The paths that were posted to before."""

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


Answering = Callable[[socket.socket, Asked], bool]
"""Answers a request; says whether the connection can be used again."""


def message(status: int, body: Any, headers: dict[str, str] | None = None, *, kind: str = "application/json") -> bytes:
    """An answer's bytes."""
    content = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    lines = {"Content-Type": kind, "Content-Length": str(len(content)), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode() + content


def healthy(asked: Asked) -> bytes:
    """What a server in good health answers."""
    path = asked.path
    if path.startswith("/alpinedatalabs/"):
        return message(200, _engine(path))
    if path == "/api/VERSION":
        return message(200, "6.3.0.0.5410-4ef43d3c9\n", kind="text/html")
    if re.fullmatch(r"/api/datasets/\d+/download", path):
        return message(200, "x\n1\n", kind="text/html; charset=utf-8")
    if path == "/api/activities":
        return message(200, {"response": [_EVENT], "pagination": {"page": 1, "per_page": 50, "records": 1, "total": 1}})
    if path.startswith("/api/activities/"):
        return message(200, {"response": {**_EVENT, "dataset": {"id": 1}}})
    if path.endswith(("/executions", "/preview_sql")):
        return message(200, {"response": {"columns": [_COLUMN], "rows": [["1"]], "warnings": []}})
    if path.endswith("/previews"):
        return message(201, {"response": {"columns": [_COLUMN], "rows": [["1"]], "warnings": []}})
    if _FILES.match(path) and asked.method == "GET":
        return message(200, {"response": _file(asked)})
    if path == "/api/notifications" and _IMPORTS & asked.before:
        return message(200, {"response": [{"id": 1, "event": {"action": "HdfsImportSuccess"}}]})
    if path.endswith("/columns"):
        page = {"page": 1, "per_page": 50, "records": 1, "total": 1}
        return message(200, {"response": [_COLUMN], "pagination": page})
    if path.endswith("/download"):
        return message(200, b"content of a file", {"Content-Disposition": 'attachment; filename="x.txt"'})
    if asked.method == "DELETE":
        return message(200, "{}")
    if re.fullmatch(r"/api/(search.*|workspaces/\d+/search)", path):
        return message(200, {"response": {"this_workspace": _FOUND, "type_ahead": _FOUND, "users": _FOUND}})
    if asked.method == "GET" and _LISTS.fullmatch(path):
        return message(200, {"response": [_THING]})
    if "per_page=" in asked.target or (asked.method == "POST" and path.endswith("/members")):
        page = {"page": 1, "per_page": 50, "records": 1, "total": 1}
        return message(200, {"response": [_THING], "pagination": page})
    cookie = {"Set-Cookie": f"_session_id={COOKIE}; path=/"} if path == "/api/sessions" else {}
    return message(200, {"status": "Chorus is running", "response": _THING}, cookie)


def _file(asked: Asked) -> Any:
    """The root of a cluster with a file, and with a second one once that was imported; or the file."""
    if "/2" in asked.path:
        return {**_THING, "contents": ["x"]}
    names = ["x", *(["notes.txt"] if _IMPORTS & asked.before else [])]
    entries = [{**_THING, "id": place, "name": name, "is_dir": False} for place, name in enumerate(names, 2)]
    return {"id": 1, "name": "/", "is_dir": True, "entries": entries}


def _engine(path: str) -> Any:
    if path.endswith("/run"):
        return {"meta": {"processId": "p1", "state": "STARTED"}}
    if path.endswith("/query"):
        return "invalid processId or workflow already stopped.\n"
    return {"status": "Flow stopped.\n"} if path.endswith("/stop") else json.dumps(json.dumps(_RESULTS))


def well(connection: socket.socket, asked: Asked) -> bool:
    """Answer as a server in good health does."""
    connection.sendall(healthy(asked))
    return True


class WireServer:
    """Reads requests, remembers them, and lets somebody answer.

    :param answering: Answers each request.
    :param greeting: What happens to a connection before anything is read from it; says whether to go on.
    :param tls: For a server that speaks https.
    """

    def __init__(
        self,
        answering: Answering,
        greeting: Callable[[socket.socket], bool] | None = None,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.asked: list[Asked] = []
        self.connections = 0
        self._answering = answering
        self._greeting = greeting
        self._tls = tls
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=128
        )
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}"

    @property
    def open_connections(self) -> int:
        """Those that the other side has not closed yet."""
        with self._lock:
            return len(self._open)

    def close(self) -> None:
        """Stop, and cut every connection as a killed process does."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        with self._lock:
            for connection in self._open:
                abort(connection)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self.connections += 1
                self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):
            if self._tls is not None:
                plain, connection = connection, self._tls.wrap_socket(connection, server_side=True)
                with self._lock:
                    self._open = self._open - {plain} | {connection}
            if self._greeting is None or self._greeting(connection):
                for read in _requests(connection):
                    with self._lock:
                        posted = frozenset(each.path for each in self.asked if each.method == "POST")
                        asked = replace(read, before=posted)
                        self.asked.append(asked)
                    if not self._answering(connection, asked):
                        break
        with self._lock:
            self._open.discard(connection)
        connection.close()


def own_folder(name: str) -> Path:
    """A new directory that no other run shares, and that goes away with this process."""
    folder = Path(tempfile.mkdtemp(prefix=f"alpine-{name}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def abort(connection: socket.socket) -> None:
    """End a connection with a reset."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RD)
        connection.close()


def _requests(connection: socket.socket) -> Iterator[Asked]:
    with connection.makefile("rb") as stream:
        while line := stream.readline():
            method, target, _ = line.decode().split()
            head = ""
            length = 0
            while (field := stream.readline().decode("latin-1")) not in ("\r\n", ""):
                head += field
                if field.lower().startswith("content-length:"):
                    length = int(field.partition(":")[2])
            yield Asked(method, target, head, stream.read(length))
