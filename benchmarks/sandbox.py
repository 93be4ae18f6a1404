"""The sandbox: how soon it answers, and what its rules cost above the bare app on the same server."""

from __future__ import annotations

import statistics
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter

import urllib3

from alpine.sandbox import Sandbox
from alpine.sandbox.web.server import HttpServer
from benchmarks.measure import Result, in_a_process, ratio

_START = """
import json, time
start = time.perf_counter()
import urllib.request
from alpine.sandbox import Sandbox
from alpine.sandbox.web.server import HttpServer
imported = time.perf_counter()
with Sandbox() as server:
    urllib.request.urlopen(server.base_url + "/status").read()
    print(json.dumps({"imported": imported - start, "answered": time.perf_counter() - imported}))
"""


def starting(short: bool) -> list[Result]:
    """From ``Sandbox()`` to the first response."""
    found = [in_a_process(_START) for _ in range(3 if short else 9)]
    value = statistics.median(one["answered"] for one in found)
    imports = statistics.median(one["imported"] for one in found)
    note = f"after {imports:.2f} s of imports"
    return [Result("the sandbox: start to first response", f"{value:.2f} s", "under 0.5 s", value, 0.5, note=note)]


def serving(short: bool) -> list[Result]:
    """Requests per second with 8 clients, against the bare app on the same server."""
    clients, calls, rounds = 8, 400 if short else 1600, 3 if short else 9
    body = b"x" * 120

    def bare(environ: object, start_response: object) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])  # type: ignore[operator]
        return [body]

    server = HttpServer(("127.0.0.1", 0), bare)
    port = server.open()
    with Sandbox() as sandbox, ThreadPoolExecutor(clients) as executor:
        pool = urllib3.PoolManager(maxsize=clients)

        def ask(url: str) -> float:
            start = perf_counter()
            list(executor.map(lambda _: pool.request("GET", url).data, range(calls)))
            return perf_counter() - start

        ours, theirs = f"{sandbox.base_url}/status", f"http://127.0.0.1:{port}/"
        value = 1 / ratio(lambda: ask(ours), lambda: ask(theirs), rounds)
    server.shut()
    what = "the sandbox: requests per second with 8 clients against the bare app on the same server"
    note = "most of the rest are Werkzeug's request, routing and response; answering without them would reach it"
    return [Result(what, f"{value:.2f}", "at least 0.8", value, 0.8, at_least=True, note=note if value < 0.8 else "")]
