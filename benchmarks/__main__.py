"""``python -m benchmarks`` measures everything and writes the page of it; ``--short`` only looks for a fall."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from pathlib import Path

import requests
import urllib3

from alpine import __version__
from benchmarks import checks, client, datasets, files, flows, many, operators, sandbox
from benchmarks.measure import Result, show

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
CASES = [
    client.importing,
    client.starting,
    client.getting,
    client.listing,
    client.waiting,
    files.sending,
    files.receiving,
    files.reading,
    checks.checking,
    datasets.tables,
    datasets.round_trips,
    client.threading_,
    many.sweeping,
    sandbox.starting,
    sandbox.serving,
    operators.working,
    flows.remembering,
    flows.showing,
    flows.answering,
]


def main() -> int:
    """Measure, print, and write the page; 1 when something fell grossly short of its goal."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a minute instead of ten; nothing is written")
    short = parser.parse_args().short
    if sys.platform != "linux":
        sys.exit("The benchmarks measure memory in /proc, which only Linux has.")
    if not files.has_curl():
        sys.exit("The benchmarks compare with curl, which is not installed.")
    results: list[Result] = []
    for case in CASES:
        found = case(short)
        show(found)
        results += found
    if not short:
        PAGE.write_text(page(results), encoding="utf-8")
    fallen = [result.what for result in results if result.fell]
    if fallen:
        print(f"Far from the goal: {'; '.join(fallen)}")
    return 1 if short and fallen else 0


def page(results: list[Result]) -> str:
    """The table, and how to repeat it."""
    rows = "\n".join(
        f"| {result.what} | {result.measured} | {result.goal} | {'yes' if result.reached else 'no'} | {result.note} |"
        for result in results
    )
    machine = f"CPython {platform.python_version()}, {os.cpu_count()} cores, {platform.system()}"
    return f"""# Performance

Measured by `python -m benchmarks` with alpine {__version__}, requests {requests.__version__},
urllib3 {urllib3.__version__}, {machine}. Every figure is a ratio or a limit. Both sides of a ratio are measured in one
run against a minimal server in another process; seconds from different machines cannot be compared.

| what | measured | goal | reached | note |
|---|---|---|---|---|
{rows}

To repeat it, from a checkout:

```bash
.venv/bin/pip install '.[test]'
.venv/bin/python -m benchmarks
.venv/bin/python -m benchmarks --short
```

The first measures everything and writes this page. The second takes a minute, writes nothing, and fails only if a
figure is far from its goal.

`python -m benchmarks.old PYTHON` prints the README's table, which compares this client with the client of 2017.

A list costs one request for each page. After the first page, ten are requested at a time. Ten times the
rows take ten times as long, at the same ratio. A results document is decoded twice, because the server sends JSON
inside a JSON string; time and memory grow in proportion to its size. Uploads and downloads take the same memory at any
size.
"""


if __name__ == "__main__":
    sys.exit(main())
