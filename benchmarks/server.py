"""A bare server that answers as fast as Python can, so that what is measured is the client.

It runs in a process of its own, on a loopback port, and knows just the answers the benchmarks ask for.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import re
from collections.abc import Iterator
from contextlib import contextmanager

WORKFILE = {
    "id": 375,
    "file_name": "WineData",
    "file_type": "work_flow",
    "entity_type": "workfile",
    "entity_subtype": "alpine",
    "status": "idle",
    "description": "",
    "owner": {"id": 7, "username": "ada", "first_name": "Ada", "last_name": "Example", "entity_type": "user"},
    "workspace": {"id": 12, "name": "APITests", "public": True, "entity_type": "workspace"},
    "version_info": {"created_at": "2017-03-02T20:57:54Z", "updated_at": "2017-03-02T20:57:54Z"},
    "execution_locations": [],
    "tags": [],
    "is_deleted": None,
    "complete_json": True,
}
_HEAD = re.compile(rb"([A-Z]+) ([^ ]+) HTTP/1\.1\r\n")
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")


def answer(body: bytes, content_type: bytes = b"application/json") -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n%b" % (content_type, len(body), body)


class BareServer:
    """Answers by path.

    :param delay: Seconds before each answer.
    :param rows: How many workfiles the list has.
    :param results_bytes: How large the results document is, about.
    """

    def __init__(self, delay: float = 0.0, rows: int = 0, results_bytes: int = 0) -> None:
        self.delay = delay
        self.rows = rows
        self.get = answer(json.dumps({"response": WORKFILE}).encode())
        self.results = answer(_results(results_bytes)) if results_bytes else b""
        self.stored_at = 0.0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                found = _HEAD.match(head)
                if found is None:
                    break
                length = _LENGTH.search(head)
                left = int(length.group(1)) if length else 0
                while left:
                    left -= len(await reader.read(min(left, 1 << 20)))
                if self.delay:
                    await asyncio.sleep(self.delay)
                await self.write(writer, found.group(1), found.group(2).decode())
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def write(self, writer: asyncio.StreamWriter, method: bytes, path: str) -> None:
        if path.startswith("/api/workfiles/375?") or path == "/api/workfiles/375":
            writer.write(self.get)
        elif "/results/" in path:
            writer.write(self.results)
        elif path.startswith("/api/workspaces/12/workfiles") and method == b"GET":
            writer.write(self.page(path))
        elif "/download" in path:
            await self.file(writer, int(path.split("/workfiles/")[1].split("/", maxsplit=1)[0]))
        elif method == b"POST":
            writer.write(self.get.replace(b"200 OK", b"201 Created"))
        else:
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    def page(self, path: str) -> bytes:
        query = dict(pair.split("=", 1) for pair in path.partition("?")[2].split("&") if "=" in pair)
        page, size = int(query.get("page", 1)), int(query.get("per_page", 50))
        first = (page - 1) * size
        rows = [{**WORKFILE, "id": number} for number in range(first, min(first + size, self.rows))]
        pagination = {"page": page, "per_page": size, "records": self.rows, "total": max(1, -(-self.rows // size))}
        return answer(json.dumps({"response": rows, "pagination": pagination}).encode())

    @staticmethod
    async def file(writer: asyncio.StreamWriter, megabytes: int) -> None:
        block = b"x" * (1 << 20)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % (megabytes << 20))
        for _ in range(megabytes):
            writer.write(block)
            await writer.drain()


def _results(size: int) -> bytes:
    row = {
        "id": "12345",
        "times90dayslate": "0",
        "revolving_util": "0.2600",
        "monthly_income": "1956.5922",
        "name": "x\u00e9",
    }
    table = {"columns": list(row), "columnTypes": ["number"] * 5, "items": [row] * 25, "fixedNumberOfColumns": 0}
    output = {"out_title": "Row Filter", "visualType": 0, "visualData": table, "isGenerateReport": True}
    one = len(json.dumps(json.dumps(output)))
    outputs = [{**output, "out_title": f"Row Filter-{number}"} for number in range(max(1, size // one))]
    meta = {"status": "SUCCESS", "noOfError": 0, "processId": "p", "workflowId": "375"}
    return json.dumps(json.dumps({"flowMetaInfo": meta, "logs": [], "outputs": outputs})).encode()


def _run(server: BareServer, port: multiprocessing.Queue[int]) -> None:
    async def main() -> None:
        listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, limit=1 << 20, backlog=256)
        port.put(listening.sockets[0].getsockname()[1])
        await listening.serve_forever()

    asyncio.run(main())


@contextmanager
def running(server: BareServer) -> Iterator[str]:
    """Run a server in a process of its own.

    :returns: Its address, ``http://127.0.0.1:port``.
    """
    context = multiprocessing.get_context("spawn")
    port: multiprocessing.Queue[int] = context.Queue()
    process = context.Process(target=_run, args=(server, port), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{port.get(timeout=30)}"
    finally:
        process.terminate()
        process.join()
