"""The client of 2017 beside this one, each in its own environment: ``python -m benchmarks.old PYTHON``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from time import perf_counter

from benchmarks.client import RunningEngine
from benchmarks.measure import PEAK, in_a_process
from benchmarks.server import BareServer, running

_CLIENT = """
import json, statistics, sys, time
import requests
from alpine.workfile import Workfile
base, session, token = sys.argv[1] + "/api", requests.Session(), "benchmark-token-0001"
"""
_GET = (
    _CLIENT
    + """
workfile, address = Workfile(base, session, token), base + "/workfiles/375"
def ours():
    start = time.perf_counter()
    for _ in range(300): workfile.get(375)
    return time.perf_counter() - start
def bare():
    start = time.perf_counter()
    for _ in range(300): session.get(address).json()
    return time.perf_counter() - start
ours(), bare()
print(json.dumps({"ratio": statistics.median(ours() / bare() for _ in range(15))}))
"""
)
_WAIT = (
    _CLIENT
    + """
Workfile.Process(base, session, token).wait_until_finished(375, "p")
print(json.dumps({"ended": time.time()}))
"""
)
_UPLOAD = (
    PEAK
    + _CLIENT
    + """
workfile = Workfile(base, session, token)
workfile.get(375)
idle, start = begin()
source = {"data_source_type": "gpdb_data_source", "data_source_id": 1, "database_id": 1}
workfile.upload(12, sys.argv[2], [source])
report(idle, start)
"""
)
_MEGABYTES = 300


def main() -> int:
    """Print the two, side by side."""
    if len(sys.argv) != 2:
        sys.exit("Give the Python of an environment in which alpine==1.0.14 is installed.")
    pythons = {"1.0.14": str(Path(sys.argv[1]).absolute()), "this client": sys.executable}
    print("| what | " + " | ".join(pythons) + " |\n|---|---|---|")
    with running(BareServer()) as url, tempfile.TemporaryDirectory() as folder:
        flow = Path(folder) / "large.afm"
        with flow.open("wb") as file:
            file.write(b'<Process Description="" UserName="1" Version="6.3.0.0"><VariableModel/>')
            for _ in range(_MEGABYTES):
                file.write(b"<Note>" + b"x" * ((1 << 20) - 13) + b"</Note>")
            file.write(b"</Process>")
        _row("a small call, against requests", [f"{_one(p, _GET, url)['ratio']:.2f}" for p in pythons.values()])
        memory = [f"{_one(p, _UPLOAD, url, flow)['memory']:.0f} MB" for p in pythons.values()]
        _row(f"memory for an upload of {_MEGABYTES} MB", memory)
    for lasts in (3.0, 12.0):
        _row(
            f"delay in noticing the end of a run of {lasts:g} s", [f"{_late(p, lasts):.1f} s" for p in pythons.values()]
        )
    return 0


def _one(python: str, code: str, *arguments: object) -> dict[str, float]:
    return in_a_process(code, *arguments, python=python)


def _late(python: str, lasts: float) -> float:
    with RunningEngine(lasts) as engine:
        ended = _one(python, _WAIT, engine.url)["ended"]
        return ended - engine.ended


def _row(what: str, figures: list[str]) -> None:
    print(f"| {what} | {' | '.join(figures)} |", flush=True)


if __name__ == "__main__":
    start = perf_counter()
    code = main()
    print(f"\n{perf_counter() - start:.0f} s in all")
    sys.exit(code)
