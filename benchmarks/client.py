"""The client: import, single calls, lists, waiting, threads."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import sleep, time
from typing import Any

import requests
import urllib3

from alpine import APIClient
from benchmarks.measure import Result, in_a_process, ratio
from benchmarks.server import BareServer, running

TOKEN = "benchmark-token-0001"
_HEAVY = ("pandas", "numpy", "matplotlib", "duckdb", "werkzeug", "cheroot", "IPython")


def importing(short: bool) -> list[Result]:
    """``import alpine`` against ``import requests``."""
    code = "import time, json; s = time.perf_counter(); import {0}; print(json.dumps({{'t': time.perf_counter() - s}}))"
    rounds = 7 if short else 25
    pairs = [
        (in_a_process(code.format("alpine"))["t"], in_a_process(code.format("requests"))["t"]) for _ in range(rounds)
    ]
    value = statistics.median(ours for ours, _ in pairs) / statistics.median(theirs for _, theirs in pairs)
    loaded = in_a_process(
        f"import sys, json, alpine; print(json.dumps({{'n': len(set({_HEAVY!r}) & set(sys.modules))}}))"
    )["n"]
    note = "no heavy module loaded" if not loaded else f"{loaded:g} heavy modules loaded"
    return [Result("`import alpine` against `import requests`", f"{value:.2f}", "at most 1.10", value, 1.10, note=note)]


def getting(short: bool) -> list[Result]:
    """``workfile.get(id)`` against ``requests.Session().get(url).json()``."""
    calls, rounds = (200, 7) if short else (500, 25)
    with running(BareServer()) as url:
        bare, pool, session = requests.Session(), urllib3.PoolManager(), APIClient(url, token=TOKEN)
        address = f"{url}/api/workfiles/375"

        def ours() -> None:
            for _ in range(calls):
                session.workfile.get(375)

        def theirs() -> None:
            for _ in range(calls):
                bare.get(address).json()

        def limit() -> None:
            for _ in range(calls):
                json.loads(pool.request("GET", address).data)

        value, above = ratio(ours, theirs, rounds), ratio(ours, limit, rounds)
        note = f"{above:.2f} times bare urllib3 with json.loads"
    what = "`workfile.get(id)` against `requests.Session().get(url).json()`"
    return [Result(what, f"{value:.2f}", "at most 0.80", value, 0.80, note=note)]


def listing(short: bool) -> list[Result]:
    """A list, its pages side by side, against page after page."""
    results = []
    for rows, rounds in [(3_000, 3 if short else 7)] + ([] if short else [(30_000, 3)]):
        with running(BareServer(delay=0.02, rows=rows)) as url:
            session = APIClient(url, token=TOKEN)
            assert [row["id"] for row in session.workfile.get_list(12)] == list(range(rows))
            value = ratio(
                lambda session=session: session.workfile.get_list(12),  # type: ignore[misc]
                lambda session=session: list(session.workfile.iterate(12)),  # type: ignore[misc]
                rounds,
            )
        what = f"list of {rows:,} workfiles at 100 a page, 20 ms a response, against page after page"
        results.append(Result(what, f"{value:.2f}", "at most 0.25", value, 0.25))
    return results


class RunningEngine:
    """An engine whose run ends, and stores its results, a set time after it is first asked for.

    :param lasts: Seconds.
    """

    def __init__(self, lasts: float) -> None:
        self.lasts = lasts
        self.asked = 0
        self.ended = 0.0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> RunningEngine:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path: str) -> bytes:
        """What is said of the run now."""
        if not self.asked:
            self.ended = time() + self.lasts
        self.asked += 1
        over = time() >= self.ended
        if "/results/" in path:
            document = {"flowMetaInfo": {"status": "SUCCESS"}, "outputs": []}
            return json.dumps(json.dumps(document) if over else "").encode()
        state = {"meta": {"state": "IN_PROGRESS"}}
        return b"Workflow not started or already stopped.\n" if over else json.dumps(state).encode()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        engine = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                body = engine.answer(self.path)
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Quiet."""

        return Handler


def waiting(short: bool) -> list[Result]:
    """From the moment results are stored to the return of ``wait_until_finished``, default arguments."""
    results = []
    for lasts in (1.1, 3.0) if short else (0.3, 1.1, 3.0, 12.5, 60.0):
        with RunningEngine(lasts) as engine:
            APIClient(engine.url, token=TOKEN).workfile.process.wait_until_finished(375, "p")
            late, asked = time() - engine.ended, engine.asked
        limit = max(0.3, lasts / 10)
        few = lasts != 60 or asked <= 46
        results.append(
            Result(
                f"end of a run of {lasts:g} s noticed",
                f"{late:.2f} s late, {asked} polls",
                f"at most {limit:.2g} s late" + (", 45 polls and the results" if lasts == 60 else ""),
                late if few else float("inf"),
                limit,
            )
        )
    return results


def threading_(short: bool) -> list[Result]:
    """32 threads on one client against the same threads on bare urllib3 pools."""
    threads, calls, rounds = 32, 640 if short else 1280, 5 if short else 15
    with running(BareServer(delay=0.02)) as url, ThreadPoolExecutor(threads) as executor:
        session, pool = APIClient(url, token=TOKEN), urllib3.PoolManager(maxsize=threads)
        address = f"{url}/api/workfiles/375"
        list(executor.map(lambda _: sleep(0.01), range(threads)))

        def ours() -> None:
            list(executor.map(lambda _: session.workfile.get(375), range(calls)))

        def theirs() -> None:
            list(executor.map(lambda _: json.loads(pool.request("GET", address).data), range(calls)))

        value = 1 / ratio(ours, theirs, rounds)
    what = "32 threads, `workfile.get`, one client, 20 ms a response: throughput against bare urllib3 pools"
    note = (
        "on two cores the interpreter's lock is the limit; the difference is the work of a call beyond urllib3 "
        "(exceptions, retries, secrets)"
    )
    return [
        Result(what, f"{value:.2f}", "at least 0.95", value, 0.95, at_least=True, note=note if value < 0.95 else "")
    ]


def starting(short: bool) -> list[Result]:
    """The command against ``python -c "import requests"``, as whole processes."""
    rounds = 7 if short else 25
    results = []
    for arguments in (["--help"], ["status", "--help"]):
        command = [sys.executable, "-m", "alpine", *arguments]

        def ours(command: list[str] = command) -> None:
            subprocess.run(command, check=True, capture_output=True)

        def theirs() -> None:
            subprocess.run([sys.executable, "-c", "import requests"], check=True)

        value = ratio(ours, theirs, rounds)
        what = f'`alpine {" ".join(arguments)}` against `python -c "import requests"`'
        results.append(Result(what, f"{value:.2f}", "at most 1.50", value, 1.50))
    with running(BareServer()) as url:
        environment = {**os.environ, "ALPINE_HOST": url, "ALPINE_TOKEN": TOKEN}
        call = [sys.executable, "-m", "alpine", "ls", "12", "--json"]

        def asking() -> None:
            subprocess.run(call, check=True, capture_output=True, env=environment)

        def getting_it() -> None:
            code = f"import requests; requests.get('{url}/api/workspaces/12/workfiles?per_page=100').json()"
            subprocess.run([sys.executable, "-c", code], check=True)

        value = ratio(asking, getting_it, rounds)
    what = "`alpine ls 12 --json` against a process that gets the same with requests"
    results.append(Result(what, f"{value:.2f}", "at most 1.50", value, 1.50))
    return results
