"""Ctrl-C and SIGTERM: exit code 130, the id of the run, how to take it up again; stopped where that was asked for."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from alpine.sandbox import Sandbox
from tests.command.processes import PROGRAM, ROOT, Done, alpine, environment
from tests.documented import EXAMPLES
from tests.platforms import needs_signals

pytestmark = needs_signals


@pytest.fixture(scope="module")
def slow() -> Iterator[Sandbox]:
    """A server whose runs do not end by themselves within a test."""
    with Sandbox(pace=("timed", 100)) as server:
        yield server


@dataclass
class Interrupted:
    done: Done
    run: str


def interrupted(server: Sandbox, number: int, *arguments: str) -> Interrupted:
    """Send a signal to a process as soon as it has told the id of its run."""
    if signal.getsignal(number) is signal.SIG_IGN:
        # A test run that nohup started ignores it, and so would the processes that it starts.
        signal.signal(number, signal.SIG_DFL)
    with subprocess.Popen(
        [*PROGRAM, *arguments],
        env=environment(server),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        run = re.search(r"\d+:[\w-]+", first)
        assert run, first + process.stderr.read()
        process.send_signal(number)
        out, err = process.communicate(timeout=120)
        return Interrupted(Done(process.returncode, out, first + err), run[0])


RUN = ("run", "order_filter", "--workspace", "Sandbox", "--wait", "--json")


def status(server: Sandbox, run: str) -> str:
    with server.client() as client:
        return client.workfile.process.query_status(run.partition(":")[2])


def is_over(server: Sandbox, run: str) -> bool:
    """Whether a run that was stopped ends. The first one of a server may be loading packages when it is."""
    until = time.monotonic() + 30
    while status(server, run) != "FINISHED" and time.monotonic() < until:
        time.sleep(0.1)
    return status(server, run) == "FINISHED"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_run_goes_on_and_can_be_taken_up_again(slow: Sandbox, number: int) -> None:
    ended = interrupted(slow, number, *RUN)
    assert ended.done.code == 130
    error = ended.done.document["error"]
    assert error["id"] == ended.run
    assert error["how_to_go_on"] == f"alpine wait {ended.run}"
    assert f"Run {ended.run} may go on: alpine wait {ended.run}\n" in ended.done.err
    assert "Traceback" not in ended.done.err
    assert status(slow, ended.run) == "WORKING"
    again = alpine(slow, *shlex.split(error["how_to_go_on"])[1:], "--timeout", "0")
    assert again.code == 6
    assert is_over(slow, ended.run)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_run_is_stopped_where_that_was_asked_for(slow: Sandbox, number: int) -> None:
    ended = interrupted(slow, number, *RUN, "--stop-on-exit")
    assert ended.done.code == 130
    assert f"Run {ended.run} was stopped." in ended.done.err
    assert ended.done.document["error"]["how_to_go_on"] is None
    assert is_over(slow, ended.run)


def test_a_wait_is_interrupted_in_the_same_way(slow: Sandbox) -> None:
    run = alpine(slow, "run", "order_filter", "-w", "Sandbox", "-q").out.strip()
    ended = interrupted(slow, signal.SIGTERM, "wait", run, "--stop-on-exit")
    assert (ended.done.code, ended.run) == (130, run)
    assert is_over(slow, run)


def test_a_run_that_is_known_to_the_engine_only_is_found_while_it_goes_on(slow: Sandbox) -> None:
    run = alpine(slow, "run", "order_filter", "-w", "Sandbox", "-q").out.strip()
    done = alpine(slow, "wait", run.partition(":")[2], "--timeout", "0")
    assert done.code == 6, done.err


INTERRUPTED_WHILE_LOADING = """
import os, signal, time
try:
    os.kill(os.getpid(), signal.{signal})
    time.sleep(20)
except KeyboardInterrupt:
    raise ImportError("initialization failed") from None
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_an_interrupt_that_a_package_takes_for_an_error_is_one(slow: Sandbox, tmp_path: Path, name: str) -> None:
    (tmp_path / "duckdb.py").write_text(INTERRUPTED_WHILE_LOADING.format(signal=name), "utf-8")
    flow = str(EXAMPLES / "order_filter.afm")
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    done = alpine(slow, "flow", "check", flow, "--json", PYTHONPATH=path)
    assert (done.code, done.err) == (130, "alpine: interrupted\n")
    assert done.document["error"]["type"] == "Interrupted"
