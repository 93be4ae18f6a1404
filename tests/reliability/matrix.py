"""Every call met with every fault: what comes of it, and what is told of it.

``python -m tests.reliability.matrix --write`` runs all of it and writes ``docs/reliability.md``.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import io
import itertools
import logging
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

from alpine import APIClient
from alpine._clock import Clock
from alpine.exception import AlpineException
from tests.reliability.calls import CALLS, Call, prepare_files
from tests.reliability.faults import FAULTS, LIMIT, Fault
from tests.reliability.wire import SECRETS, TOKEN, WireServer, own_folder
from tests.scripted import FakeTime

DOCUMENT = Path(__file__).parents[2] / "docs" / "reliability.md"
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
    clock = FakeTime()
    client._transport.clock = Clock(clock.now, clock.sleep)
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
        told.write(f"{client!r} {client.workfile.process!r} {client._transport.holder!r}\n")
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
    if call.repeats_post:
        return []
    # Several runs of one workflow are several requests that look the same; each asks for another value.
    posts = Counter((asked.target, asked.body) for asked in server.asked if asked.method == "POST")
    allowed = 2 if call.name.endswith(("run_many",)) else 1
    return [f"{target} was sent {times} times" for (target, _), times in posts.items() if times > allowed]


def document(report: Report) -> str:
    """The page of the documentation: one table for each group of faults."""
    outcomes = {(cell.call.name, cell.fault.name): cell.outcome for cell in report.cells}
    lines = [_INTRODUCTION.format(calls=len(CALLS), faults=len(FAULTS), cells=len(report.cells))]
    for group, members in itertools.groupby(FAULTS, key=lambda fault: fault.group):
        faults = [fault.name for fault in members]
        lines += [
            f"\n## {group.capitalize()}\n",
            "| call | " + " | ".join(faults) + " |",
            "|---" * (len(faults) + 1) + "|",
        ]
        for call in CALLS:
            cells = [_short(outcomes[call.name, fault]) for fault in faults]
            lines.append(f"| `{call.name}` | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _short(outcome: str) -> str:
    return outcome.removesuffix("Exception")


_INTRODUCTION = """# What happens when something goes wrong

This page is written by a run of the tests (`python -m tests.reliability.matrix --write`): each of the {calls} calls
that talk to the server was met with each of {faults} faults, {cells} cells in all. A cell says what the call gave: its
documented *value*, or an exception of `alpine.exception`, here without the end `Exception` of its name. There is
nothing else: no other exception, and no call that does not come back.

What the tables show, in words:

- **Reading is repeated.** A connection that was refused, reset or closed, a time-out, and the answers 429, 502, 503 and
  504 are met with up to four more attempts, at random moments within bounds that double, or when `Retry-After` says;
  all of them within two minutes. A `Retry-After` above two minutes is not waited for: the exception has it as
  `retry_after`. `alpine.retry_policy` makes other numbers, to be set as `session.retries`.
- **Doing is not.** Starting a run, uploading and creating are sent once. Where the answer is lost,
  `OutcomeUnknownException` says that it may have happened, and how to look. Only a connection that was never made is
  tried again, since nothing was sent.
- **A wait goes on** through a server that is down, and through its restart; for two minutes also through answers that
  make no sense, such as the page that a proxy shows meanwhile. At the deadline a run that is still going is
  `RunFlowTimeoutException`, a server that could not be reached is `RunFlowConnectionException`; both name the run, the
  last status and the last error. Every question has a deadline for its head and body together: what the wait has left
  and four seconds, eight for the last look. So `wait(timeout=T)` ends within T + 15 seconds whatever the server does,
  also where it drips the answers to the questions, to a stop and to a login that is renewed. Only the lookup of a host
  name, and a password function of yours, cannot be interrupted.
- **What ends a script from outside** (Ctrl-C, `sys.exit`, SIGTERM or an alarm with a handler that raises) leaves no
  run untold: `stop_on_interrupt=True` stops what a wait, `run_many`, `iterate_many` or `sweep` has running, otherwise a
  note of the exception names it. An exception was raised at each line that starts and follows runs, and real processes
  were sent SIGINT and SIGTERM.
- **An expired login** (401) is renewed once, for all threads, where the client has user and password (or a function
  that returns the password); what was refused is then sent again, since a 401 proves that nothing was done.
- **A certificate that cannot be trusted** ends a call at once, whatever the call.
- **Senseless answers** are `InvalidResponseException`: a page where JSON was promised, JSON that is cut off, a value of
  the wrong type, more than `session.answer_limit` bytes.
- **Time-outs** are two numbers, for connecting and for each wait for the next bytes. A server that only drips its
  answer is given up as well: after two minutes (or twice the time-out, where that is more) an answer has to come with
  a thousand bytes a second, all in all. Sending a file is timed as reading is: the server may pause for as long.
- **A deadline**, `APIClient(..., deadline=30)` or `session.request(..., deadline=30)`, is for all of a request:
  connecting, sending, every attempt and the pauses between them, the renewal of a login, the head and the body. What
  takes longer is `RequestTimeoutException`, or `OutcomeUnknownException` where the server may have done what must not
  be done twice. The table of slow servers was made with half a second. Where you mount an adapter of your own,
  whose connections are not this client's, a deadline ends the wait for a silent server, but not an answer that drips.
- **An answer is the one to its request** as far as that can be known. Interim answers (102, 103) are passed over. A
  connection is not used again when its answer was not read to its known end, or when anything came behind that answer
  before the next request is sent. What comes later cannot be told from the answer: HTTP/1.1 goes by the order alone.
  This holds for the client's own connections; a session or an adapter that you bring has those of requests, which
  looks at less.
- **Secrets**: the token, the password and the cookie were looked for in all that was printed, logged, warned and raised
  while these tables were made, with servers that repeat in their errors all that they were sent. They were not found.

Beside the tables, `.ci/long` tries 10,000 answers of any JSON and 5,000 spoilt ones, waits of 5,000 questions with five
deaths of the server, 10,000 calls of 32 threads; and on the sandbox 10,000 spoilt workflow files, 10,000 odd
expressions of Pig, every one of 23 payloads in place of every value of a workflow (5,819 uploads, run where they are
taken), and 10,000 requests with anything in any field.
"""


def main() -> None:
    """Run all of it, and write the page or say what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {DOCUMENT}")
    options = parser.parse_args()
    report = run(whole())
    told = report.secrets_told()
    sys.stdout.write(f"{len(CALLS)} calls, {len(FAULTS)} faults, {len(report.cells)} cells, {report.seconds:.0f} s\n")
    for trouble in report.troubles:
        sys.stdout.write(f"{trouble}\n")
    sys.stdout.write(f"{len(told)} secrets told, in {len(report.told):,} characters\n")
    if options.write:
        DOCUMENT.write_text(document(report), "utf-8")
    sys.exit(bool(report.troubles or told))


if __name__ == "__main__":
    main()
