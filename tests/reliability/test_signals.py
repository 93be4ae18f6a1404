"""A script that a real signal ends stops its runs or names them, whatever it was doing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import alpine
from tests.documents import document
from tests.scripted import Asked, Reply, ScriptedServer, wait_until

ENGINE = "/alpinedatalabs/api/v1/json"
TERMINATED = 143

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows sends no SIGINT or SIGTERM to one process: it ends it without a handler"
)


@dataclass
class Engine:
    """Runs that never end, but for those whose ``@n`` is 0."""

    started: list[str] = field(default_factory=list)
    short: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    stopped: list[str] = field(default_factory=list)

    def run(self, asked: Asked) -> Reply:
        run = f"run-{len(self.started)}"
        if asked.body and asked.json["variables"][0]["value"] == "0":
            self.short.add(run)
        self.started.append(run)
        return Reply({"meta": {"processId": run}})

    def query(self, asked: Asked) -> Reply:
        run = asked.path.split("/")[-2]
        self.asked.add(run)
        return Reply(
            "Workflow not started or already stopped.\n" if run in self.short else {"meta": {"state": "STARTED"}}
        )

    def stop(self, asked: Asked) -> Reply:
        self.stopped.append(asked.path.split("/")[-2])
        return Reply({"status": "Flow stopped.\n"})


@pytest.fixture
def engine(server: ScriptedServer) -> Engine:
    engine = Engine()
    server.on("POST", f"{ENGINE}/workflows/375/run", engine.run)
    server.on("GET", f"{ENGINE}/processes/.*/query", engine.query)
    server.on("GET", f"{ENGINE}/workflows/375/results/.*", Reply(document("SUCCESS")))
    server.on("POST", f"{ENGINE}/processes/.*/stop", engine.stop)
    return engine


BEGINNING = """
import signal, sys
from alpine import APIClient

signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGTERM, lambda *_: sys.exit({terminated}))
process = APIClient({url!r}, token="a-token").workfile.process
variables = [{{"@n": 0}}, {{"@n": 1}}, {{"@n": 2}}]
stop = {stop}

def pause():
    print("in the loop", flush=True)
    signal.pause()
"""

WAYS = {
    "a wait": """
        process.run(375).wait(stop_on_interrupt=stop)
    """,
    "run_many": """
        process.run_many(375, variables, stop_on_interrupt=stop)
    """,
    "a loop's body": """
        for outcome in process.iterate_many(375, variables, stop_on_interrupt=stop):
            pause()
    """,
    "a loop over a name": """
        outcomes = process.iterate_many(375, variables, stop_on_interrupt=stop)
        for outcome in outcomes:
            pause()
    """,
    "a with statement": """
        with process.iterate_many(375, variables, stop_on_interrupt=stop) as outcomes:
            for outcome in outcomes:
                pause()
    """,
}


@pytest.mark.parametrize("stop", [True, False], ids=["stopped", "named"])
@pytest.mark.parametrize("sent", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("way", WAYS)
def test_a_signal_leaves_no_run_untold(server: ScriptedServer, engine: Engine, way: str, sent: str, stop: bool) -> None:
    script = BEGINNING.format(url=server.url, terminated=TERMINATED, stop=stop) + textwrap.dedent(WAYS[way])
    root = Path(alpine.__file__).parents[1]
    child = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    try:
        running = {"run-0"} if way == "a wait" else {"run-1", "run-2"}
        if way in ("a wait", "run_many"):
            assert wait_until(lambda: running <= engine.asked, 20)
        else:
            assert child.stdout is not None
            assert child.stdout.readline() == "in the loop\n"
        child.send_signal(signal.Signals[sent])
        _, said = child.communicate(timeout=20)
    finally:
        child.kill()
        child.wait()
    assert child.returncode == (TERMINATED if sent == "SIGTERM" else -signal.SIGINT)
    assert set(engine.stopped) == (running if stop else set())
    if not stop:
        assert "of workflow 375 may go on: " + ", ".join(sorted(running)) in said
    assert "Exception ignored" not in said
