"""Every call met with every fault: what comes of it, and what is told of it.

``python -m tests.reliability.matrix`` runs all of it and prints a table of every cell, for each group of faults;
``docs/reliability.md`` says in words what the table shows.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import io
import itertools
import logging
import pkgutil
import ssl
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from dataclasses import dataclass, field
from pathlib import Path

import trustme

import alpine
from alpine import APIClient
from alpine.exception import AlpineException
from tests.inside import holder_of, set_clock
from tests.reliability.calls import CALLS, Call, prepare_files
from tests.reliability.faults import FAULTS, LIMIT, Fault
from tests.reliability.wire import SECRETS, TOKEN, WireServer, own_folder

SIDE_BY_SIDE = 8
DEADLINE = 120.0
"""Seconds that a cell may take; starting a run waits at least forty for an answer."""
VALUE = "value"

_FORMS = {secret for s in SECRETS for secret in (s, s.replace('"', '\\"'), s.replace(" ", "+"))}


@dataclass(frozen=True)
class Cell:
    """What came of one call met with one fault."""

    call: Call
    fault: Fault
    outcome: str
    trouble: tuple[str, ...] = ()


@dataclass
class Report:
    """All cells, and all that was told on the way."""

    cells: list[Cell] = field(default_factory=list)
    told: str = ""
    seconds: float = 0.0

    @property
    def troubles(self) -> list[str]:
        return [f"{cell.call.name} x {cell.fault.name}: {each}" for cell in self.cells for each in cell.trouble]

    def secrets_told(self) -> set[str]:
        """The secrets that stand anywhere in what was told."""
        return {secret for secret in _FORMS if secret in self.told}


def run(pairs: Iterable[tuple[Call, Fault]]) -> Report:
    """Try these pairs, several at a time."""
    prepare_files()
    # Python 3.11 cannot compile in two threads at once (SystemError: AST constructor recursion depth mismatch), which
    # pytest does with a module of ours that a call imports first.
    for module in pkgutil.walk_packages(alpine.__path__, "alpine."):
        if module.name.partition(".")[2].startswith("_"):
            importlib.import_module(module.name)
    started = time.monotonic()
    report = Report()
    with _listening() as told, ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        waiting = [(call, fault, pool.submit(_cell, call, fault, told)) for call, fault in pairs]
        for call, fault, future in waiting:
            try:
                report.cells.append(future.result(timeout=DEADLINE))
            except TooLate:
                report.cells.append(Cell(call, fault, "HANGS", ("no end within the deadline",)))
    report.told, report.seconds = told.getvalue(), time.monotonic() - started
    return report


def whole() -> Iterator[tuple[Call, Fault]]:
    """Every call with every fault."""
    # The slowest first, so that they do not stand alone at the end.
    return iter(sorted(itertools.product(CALLS, FAULTS), key=lambda pair: "no answer" not in pair[1].name))


def sampled(step: int) -> Iterator[tuple[Call, Fault]]:
    """One pair of so many, spread over all calls and all faults; without those that wait for long."""
    pairs = [pair for pair in itertools.product(CALLS, FAULTS) if "time-out" not in pair[1].name]
    quick = [pair for pair in pairs if not {"stalls", "drips"} & set(pair[1].name.split())]
    return iter(quick[::step])


@contextlib.contextmanager
def _listening() -> Iterator[io.StringIO]:
    """Collects everything that is printed, logged or warned of, by anybody."""
    told = io.StringIO()
    handler = logging.StreamHandler(told)
    handler.setFormatter(logging.Formatter("%(name)s %(message)s %(args)s"))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with (
            contextlib.redirect_stdout(told),
            contextlib.redirect_stderr(told),
            warnings.catch_warnings(record=True) as warned,
        ):
            warnings.simplefilter("always")
            yield told
        for warning in warned:
            told.write(f"{warning.message}\n")
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def _cell(call: Call, fault: Fault, told: io.StringIO) -> Cell:
    authority, context = _certificates()
    server = WireServer(fault.to_answering(), fault.greeting, tls=context if fault.tls else None)
    if fault.refused:
        server.close()
    client = APIClient(
        server.url, token=TOKEN, timeout=fault.timeout, deadline=fault.deadline, ca_certs=authority, proxies={}
    )
    client.answer_limit = client.results_limit = LIMIT
    set_clock(client)
    outcome, trouble = "", []
    try:
        value = call.make(client)
    except AlpineException as error:
        outcome = type(error).__name__
        told.write(_all_of(error))
        trouble += [f"{type(error).__name__} without a reason"] if len(str(error)) < 10 else []
    except Exception as error:  # noqa: BLE001 - this is what the matrix looks for
        outcome = f"OTHER: {type(error).__name__}"
        trouble.append("".join(traceback.format_exception(error)))
    else:
        outcome = VALUE
        told.write(f"{client!r} {client.workfile.process!r} {holder_of(client)!r}\n")
        if not call.is_documented(value):
            trouble.append(f"a value of type {type(value).__name__}")
    finally:
        client.session.close()
        if not fault.refused:
            server.close()
    return Cell(call, fault, outcome, (*trouble, *_doubled(call, server)))


@functools.cache
def _certificates() -> tuple[Path, ssl.SSLContext]:
    """The file of an authority, and the certificate of a server that it vouches for."""
    authority, file = trustme.CA(), own_folder("authority") / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return file, context


def _all_of(error: BaseException) -> str:
    """Everything that can be read from an exception."""
    parts = [str(error), repr(error), repr(error.args), *traceback.format_exception(error)]
    parts += [f"{name}={value!r}" for name, value in vars(error).items()]
    inner = [each for each in (error.__cause__, error.__context__) if each is not None]
    return "\n".join([*parts, *map(_all_of, inner)]) + "\n"


def _doubled(call: Call, server: WireServer) -> list[str]:
    if call.repeats_post and not call.once:
        return []
    # Several runs of one workflow are several requests that look the same; each asks for another value.
    posts = Counter(
        (asked.target, asked.body)
        for asked in server.asked
        if asked.method == "POST" and asked.path.endswith(call.once)
    )
    allowed = 2 if call.name.endswith(("run_many",)) else 1
    return [f"{target} was sent {times} times" for (target, _), times in posts.items() if times > allowed]


def table(report: Report) -> str:
    """Every cell: one Markdown table for each group of faults, the names of exceptions without their end."""
    outcomes = {(cell.call.name, cell.fault.name): cell.outcome.removesuffix("Exception") for cell in report.cells}
    lines = []
    for group, members in itertools.groupby(FAULTS, key=lambda fault: fault.group):
        faults = [fault.name for fault in members]
        lines += [f"\n## {group.capitalize()}\n", f"| call | {' | '.join(faults)} |", "|---" * (len(faults) + 1) + "|"]
        lines += [f"| `{call.name}` | {' | '.join(outcomes[call.name, fault] for fault in faults)} |" for call in CALLS]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run all of it, print what came of it, and fail where something is wrong."""
    report = run(whole())
    told = report.secrets_told()
    sys.stdout.write(table(report))
    sys.stdout.write(f"\n{len(CALLS)} calls, {len(FAULTS)} faults, {len(report.cells)} cells, {report.seconds:.0f} s\n")
    for trouble in report.troubles:
        sys.stdout.write(f"{trouble}\n")
    sys.stdout.write(f"{len(told)} secrets told, in {len(report.told):,} characters\n")
    sys.exit(bool(report.troubles or told))


if __name__ == "__main__":
    main()
