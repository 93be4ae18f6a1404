"""Many runs of one workflow, several at a time: one thread, one schedule."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alpine import _rich
from alpine._display import Progress
from alpine._http.retry import LOST_BEHIND_GATEWAY
from alpine._rich import RichList, extra
from alpine._runs import FlowRun
from alpine._variables import Variables
from alpine._waiting import FIRST_GAP, Waiting
from alpine.exception import (
    AlpineException,
    OutcomeUnknownException,
    RunFlowFailureException,
    RunFlowTimeoutException,
    WorkflowVariableException,
)
from alpine.results import FlowResults

if TYPE_CHECKING:
    from pandas import DataFrame

    from alpine.afm import Workflow
    from alpine.process import Process

_UNREADABLE = (AlpineException, LookupError, TypeError, ValueError, AttributeError, ArithmeticError)
"""What goes wrong when results are not as somebody expected them."""


@dataclass(frozen=True)
class RunOutcome:
    """How one of many runs ended.

    :param variables: The variables, as they were given.
    :param process_id: The run; None when it could not be started.
    :param status: ``"SUCCESS"`` or the server's other word; without results ``"FAILED"``, ``"TIMEOUT"``,
        ``"NOT STARTED"`` or ``"UNKNOWN"``.
    :param results: What the run left, also where it failed; None when there is nothing.
    :param error: Why it is no success.
    """

    variables: Variables | None
    process_id: FlowRun | None
    status: str
    results: FlowResults | None = None
    error: AlpineException | None = None


class RunOutcomes(RichList[RunOutcome]):
    """How many runs ended, in the order of their variables."""

    def __repr__(self) -> str:
        good = sum(outcome.error is None for outcome in self)
        return f"<{_rich.count(len(self), 'run')}, {good} with success>"

    def _repr_html_(self) -> str:
        rows = [
            (str(outcome.variables or ""), outcome.status, outcome.process_id or "", str(outcome.error or ""))
            for outcome in self
        ]
        columns = ("variables", "status", "run", "error")
        return _rich.block(_rich.heading(_rich.count(len(self), "run")), _rich.table(columns, rows) if rows else "")


@dataclass(frozen=True)
class Order:
    """A run that is to be made.

    :param given: The variables, as they were given.
    :param values: The same in the engine's form.
    """

    given: Variables | None
    values: list[dict[str, str]]


@dataclass(frozen=True)
class Terms:
    """What holds for all of the runs.

    :param workflow_id: The workflow.
    :param flow: What is in it, where that is known.
    :param side_by_side: How many may run at the same time.
    :param longest: Seconds between two questions about a run, at most.
    :param limit: Seconds until a run is stopped.
    :param verbose: Whether to show progress.
    :param stop: Whether an interrupt stops what is running.
    """

    workflow_id: int
    flow: Workflow | None
    side_by_side: int
    longest: float
    limit: float
    verbose: bool
    stop: bool


class Fleet:
    """Starts runs as places become free, and asks each when it is due.

    :param process: Starts, asks and stops.
    :param orders: What is to be run.
    :param terms: What holds for all of them.
    """

    def __init__(self, process: Process, orders: list[Order], terms: Terms) -> None:
        self._process = process
        self._terms = terms
        self._orders = orders
        self._left = deque(range(len(orders)))
        self._running: dict[int, tuple[FlowRun, Waiting[FlowResults]]] = {}
        self._due: dict[int, float] = {}
        self._ended: dict[int, RunOutcome] = {}
        self._over = self._failed = 0
        self._starting = False

    def outcomes(self) -> Iterator[RunOutcome]:
        """The outcomes in the order of the orders."""
        clock = self._process._transport.clock
        start = clock.now()
        with Progress(self._terms.verbose, len(self._orders)) as progress:
            try:
                for position in range(len(self._orders)):
                    while position not in self._ended:
                        self._start_what_can()
                        progress.update(clock.now() - start, self._words(), self._over)
                        self._ask_the_next()
                    yield self._ended.pop(position)
                progress.finish(clock.now() - start, f"all runs are over{self._failures()}", self._over)
            except KeyboardInterrupt as interrupt:
                interrupt.add_note(self._leave())
                raise
            except GeneratorExit:
                self._process.logger.info("%s", self._leave())
                raise

    def _start_what_can(self) -> None:
        while self._left and len(self._running) < self._terms.side_by_side:
            position = self._left.popleft()
            order = self._orders[position]
            self._starting = True
            try:
                run = self._process._start(self._terms.workflow_id, order.values, self._terms.flow)
            except AlpineException as error:
                lost = isinstance(error, OutcomeUnknownException) or error.status_code in LOST_BEHIND_GATEWAY
                status = "UNKNOWN" if lost else "NOT STARTED"
                self._end(position, RunOutcome(order.given, None, status, error=error))
            else:
                self._running[position] = run, run.following(self._terms.longest, self._terms.limit, Progress(False))
                # Spread out, so that together the questions come more often than about a single run.
                self._put(position, FIRST_GAP * (position % self._terms.side_by_side) / self._terms.side_by_side)
            self._starting = False

    def _ask_the_next(self) -> None:
        if not self._due:
            return
        clock = self._process._transport.clock
        position = min(self._due, key=self._due.__getitem__)
        if (gap := self._due.pop(position) - clock.now()) > 0:
            clock.sleep(gap)
        run, following = self._running[position]
        error = None
        try:
            self._put(position, next(following))
        except StopIteration:
            try:
                run.verdict()
            except AlpineException as failure:
                error = failure
        except AlpineException as failure:
            error = failure
        else:
            return
        del self._running[position]
        if self._due:
            # Runs of one flow take about the same time: when one is over, the oldest of the others may well be.
            self._put(min(self._due), 0.0)
        given = self._orders[position].given
        self._end(position, RunOutcome(given, run, _status(run, error), run._results, error))

    def _put(self, position: int, gap: float) -> None:
        self._due[position] = self._process._transport.clock.now() + gap

    def _end(self, position: int, outcome: RunOutcome) -> None:
        self._ended[position] = outcome
        self._over += 1
        if outcome.error is not None:
            self._failed += 1
            self._process.logger.warning("Run %s of %s: %s", position + 1, len(self._orders), outcome.error)

    def _words(self) -> str:
        return f"{len(self._running)} running{self._failures()}"

    def _failures(self) -> str:
        return f", {self._failed} failed" if self._failed else ""

    def _leave(self) -> str:
        """What becomes of the runs that are not over, in words."""
        runs = [run for run, _ in self._running.values()]
        names = ", ".join(runs) or "none"
        if self._terms.stop:
            stopped = ", ".join(run for run in runs if run.try_to_stop()) or "none"
            said = f"Of the runs that were going on ({names}), these were stopped: {stopped}."
        else:
            said = (
                f"These runs of workflow {self._terms.workflow_id} may go on: {names}. "
                f"process.attach({self._terms.workflow_id}, process_id) gives a handle for each."
            )
        return f"{said} One more was being started, and may go on." if self._starting else said


def sweep_orders(values: object) -> list[dict[str, object]]:
    """Every combination of the values, the last name changing fastest.

    :raises WorkflowVariableException: They have a wrong shape.
    """
    if not isinstance(values, Mapping) or not values:
        raise WorkflowVariableException('values must be a dict such as {"@n_trees": [5, 10, 25]}.')
    for name, choices in values.items():
        if isinstance(choices, str | bytes) or not isinstance(choices, Iterable):
            raise WorkflowVariableException(f"The values of {name!r} must be a list, not {type(choices).__name__}.")
    return [dict(zip(values, chosen, strict=True)) for chosen in itertools.product(*values.values())]


def to_dataframe(outcomes: Iterable[RunOutcome], pick: Callable[[FlowResults], object]) -> DataFrame:
    """A row for each outcome: its variables, what was picked from its results, the run, and why it failed."""
    pandas = extra("pandas")
    rows = [_row(outcome, pick) for outcome in outcomes]
    last = ["process_id", "error"]
    columns = dict.fromkeys(column for row in rows for column in row if column not in last)
    return pandas.DataFrame(rows, columns=[*columns, *last])


def _row(outcome: RunOutcome, pick: Callable[[FlowResults], object]) -> dict[str, Any]:
    picked: dict[str, Any] = {}
    error: str | None = None if outcome.error is None else str(outcome.error)
    if outcome.error is None and outcome.results is not None:
        try:
            value = pick(outcome.results)
        except _UNREADABLE as failure:
            error = f"Nothing could be picked: {type(failure).__name__}: {failure}"
        else:
            picked = {str(key): each for key, each in value.items()} if isinstance(value, Mapping) else {"value": value}
    run = None if outcome.process_id is None else str(outcome.process_id)
    given = dict(outcome.variables) if isinstance(outcome.variables, Mapping) else {}
    return {**given, **picked, "process_id": run, "error": error}


def _status(run: FlowRun, error: AlpineException | None) -> str:
    if run._results is not None:
        return run._results._told("status") or "UNKNOWN"
    if isinstance(error, RunFlowTimeoutException):
        return "TIMEOUT"
    return "FAILED" if isinstance(error, RunFlowFailureException) else "UNKNOWN"
