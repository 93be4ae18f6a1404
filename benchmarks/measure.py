"""How things are measured: side by side in one run, as ratios; memory in a process of its own."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any


@dataclass
class Result:
    """One line of the table.

    :param what: What was measured.
    :param measured: The figure, in words.
    :param goal: What it should be, in words.
    :param value: The figure.
    :param limit: The largest good value, or the smallest where ``at_least``.
    :param gross: How far from the goal a short run may be before it fails: noise is no fall.
    """

    what: str
    measured: str
    goal: str
    value: float
    limit: float
    at_least: bool = False
    gross: float = 2.0
    note: str = ""

    @property
    def reached(self) -> bool:
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    @property
    def fell(self) -> bool:
        return self.value < self.limit / self.gross if self.at_least else self.value > self.limit * self.gross


def show(results: Iterable[Result]) -> None:
    """Print each result as soon as it is there."""
    for result in results:
        mark = "reached" if result.reached else "NOT reached"
        print(f"{result.what}: {result.measured} ({result.goal}: {mark}) {result.note}".rstrip(), flush=True)


def seconds(action: Callable[[], object]) -> float:
    """How long something takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def ratio(measured: Callable[[], object], against: Callable[[], object], rounds: int) -> float:
    """How long one thing takes against another: both in turn, the median of the rounds."""
    measured(), against()
    return statistics.median(_pair(measured, against, round_number) for round_number in range(rounds))


def _pair(measured: Callable[[], object], against: Callable[[], object], round_number: int) -> float:
    # Each goes first every other time: what comes second finds a warmer machine.
    if round_number % 2:
        first = seconds(measured)
        return first / seconds(against)
    second = seconds(against)
    return seconds(measured) / second


def in_a_process(code: str, *arguments: object, python: str = sys.executable) -> dict[str, float]:
    """Run code in a process of its own and read the JSON on its last line."""
    command = [python, "-c", code, *map(str, arguments)]
    # Another Python has packages of its own, and must not find those of this checkout.
    alone: dict[str, Any] = {"cwd": "/", "env": {}} if python != sys.executable else {}
    done = subprocess.run(command, capture_output=True, text=True, check=False, **alone)
    if done.returncode:
        raise RuntimeError(done.stderr)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


PEAK = """
import json, resource, sys, threading, time
def now():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20
highest = [0.0]
def watch():
    while True:
        highest[0] = max(highest[0], now())
        time.sleep(0.005)
def begin():
    idle = now()
    threading.Thread(target=watch, daemon=True).start()
    return idle, time.perf_counter()
def report(idle, start, decoding=False):
    seconds = time.perf_counter() - start
    # A decoder in C lets no other thread look; what it takes is large, so the peak of the process will do.
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 if decoding else max(highest[0], now())
    print(json.dumps({"memory": most - idle, "seconds": seconds}))
"""
"""The beginning of code that measures its own memory, in MB, and time: what was highest while it ran."""
