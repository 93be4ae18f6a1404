"""Many runs of one workflow, several at a time: one thread, one schedule."""

from __future__ import annotations

import os
import warnings
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from alpine._display.progress import Progress
from alpine._http.retry import LOST_BEHIND_GATEWAY
from alpine._runs.engine import Engine
from alpine._runs.handle import FlowRun, start_run
from alpine._runs.kept import KeptRun, KeptRuns
from alpine._runs.outcome import OnFinish, RunOutcome, RunOutcomes, status_of, tell_outcome
from alpine._runs.polling import SHORT_GAP, Poll
from alpine._runs.unfinished import Unfinished
from alpine._runs.variables import Variables, checked_variables
from alpine.exception import (
    AlpineException,
    InvalidArgumentException,
    OutcomeUnknownException,
)
from alpine.results import FlowResults

if TYPE_CHECKING:
    from alpine.afm import Workflow

T = TypeVar("T")


@dataclass(frozen=True)
class RunSpec:
    """A run that is to be made.

    :param given: The variables, as they were given.
    :param values: The same in the engine's form.
    """

    given: Variables | None
    values: list[dict[str, str]]


def specs_of(list_of_variables: object) -> list[RunSpec]:
    """The runs for a list of variables.

    :raises WorkflowVariableException: Some have a wrong shape.
    :raises InvalidArgumentException: It is no list.
    """
    # One set of variables can be iterated over as well, and its names are no sets.
    if isinstance(list_of_variables, Mapping | str | bytes) or not isinstance(list_of_variables, Iterable):
        raise InvalidArgumentException(
            'list_of_variables must be a list with the variables of each run, such as [{"@name": 1}, {"@name": 2}], '
            f"not {list_of_variables!r:.200}."
        )
    return [RunSpec(given, checked_variables(given)) for given in list_of_variables]


@dataclass(frozen=True)
class RunOptions:
    """What holds for all of the runs.

    :param workflow_id: The workflow.
    :param flow: What is in it, where that is known.
    :param side_by_side: How many runs may be in progress at the same time.
    :param longest: Seconds between two questions about a run, at most.
    :param limit: Seconds until a run is stopped.
    :param verbose: Whether to show progress.
    :param stop: Whether to stop what is running when something ends the work.
    :param on_finish: Called with each outcome.
    """

    workflow_id: int
    flow: Workflow | None
    side_by_side: int
    longest: float
    limit: float
    verbose: bool
    stop: bool
    on_finish: OnFinish | None = None


class RunIterator(Iterator[RunOutcome]):
    """The outcomes of many runs in order, each as soon as it is known.

    As a context manager it stops the runs in progress when an exception leaves its block, or adds a note that names
    them. A ``for`` loop alone cannot do so, and warns instead.

    Example:

    >>> variables = [{"@min_amount": 10}]
    >>> process = session.workfile.process
    >>> with process.iterate_many(workflow_id, variables) as outcomes:
    ...     for outcome in outcomes:
    ...         print(outcome.variables, outcome.status)
    {'@min_amount': 10} SUCCESS
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        # Unlike __del__ it also works while the interpreter ends.
        self._abandoned = weakref.finalize(self, scheduler.abandon)

    def __next__(self) -> RunOutcome:
        try:
            outcome = self._scheduler.next()
            if outcome is not None:
                return outcome
        except BaseException as error:
            self._leave(error)
            raise
        self._abandoned.detach()
        raise StopIteration

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._leave(error)
        self._abandoned()

    @property
    def outcomes(self) -> RunOutcomes:
        """The outcomes that are known, in order: the one returned last, and those not returned yet."""
        return self._scheduler.known()

    def close(self) -> None:
        """Start no more runs. Those in progress are stopped, or named in the log."""
        self._leave(None)

    def all(self) -> RunOutcomes:
        """All of the outcomes, together."""
        return self.together(RunOutcomes)

    def together(self, use: Callable[[Iterable[RunOutcome]], T]) -> T:
        """What is made of all of the outcomes; an exception has those that were known."""
        self._scheduler.keep = True
        try:
            return use(self)
        except BaseException as error:
            self._leave(error)
            raise

    def _leave(self, error: BaseException | None) -> None:
        self._scheduler.leave(error)
        self._abandoned.detach()


class Scheduler:
    """Starts runs as places become free, and asks each when it is due.

    :param engine: Starts, asks and stops.
    :param specs: What is to be run.
    :param options: What holds for all of them.
    :param kept: The file that has what was done before, and gets what is done now.
    """

    keep = False
    """Whether outcomes are kept that were given."""

    def __init__(self, engine: Engine, specs: list[RunSpec], options: RunOptions, kept: KeptRuns | None = None) -> None:
        self._engine = engine
        self._options = options
        self._specs = specs
        self._kept = kept
        self._entries: list[KeptRun | None] = [None] * len(specs)
        if kept is not None:
            self._entries = kept.of(spec.values for spec in specs)
        # Those that are running already have their places: otherwise more than allowed would run side by side.
        self._left = deque(sorted(range(len(specs)), key=lambda position: self._entries[position] is None))
        self._running: dict[int, tuple[FlowRun, Poll[FlowResults]]] = {}
        self._due: dict[int, float] = {}
        self._ended: dict[int, RunOutcome] = {}
        self._given = self._over = self._failed = 0
        self._unfinished = Unfinished(options.workflow_id, stop=options.stop)
        self._begun: float | None = None
        self._progress = Progress(False)
        self._shown = ExitStack()
        self._is_left = False
        self._owner = os.getpid()

    def next(self) -> RunOutcome | None:
        """The next outcome in the order of the specs; None after the last."""
        if self._is_left:
            return None
        clock = self._engine.clock
        if self._begun is None:
            self._begun = clock.now()
            self._progress = self._shown.enter_context(Progress(self._options.verbose, len(self._specs)))
        if not self.keep:
            # Only now: until here an exception could have come between the outcome and the loop.
            self._ended.pop(self._given - 1, None)
        if self._given == len(self._specs):
            words = f"all runs are over{self._failures()}"
            self._progress.finish(clock.now() - self._begun, words, self._over, good=not self._failed)
            self._is_left = not self.keep
            self._close_file()
            return None
        while self._given not in self._ended:
            self._start_what_can()
            self._progress.update(clock.now() - self._begun, self._words(), self._over)
            self._ask_the_next()
        self._given += 1
        return self._ended[self._given - 1]

    def known(self) -> RunOutcomes:
        """The outcomes that are at hand, in the order of the specs."""
        return RunOutcomes(outcome for _, outcome in sorted(self._ended.items(), key=lambda item: item[0]))

    def abandon(self) -> None:
        """Leave with a warning: nobody can ask for the next outcome any more, and no exception carries a note."""
        # The runs of a process are no business of a child that was forked from it, and ends.
        if os.getpid() == self._owner:
            self.leave(None, lambda words: warnings.warn(words, RuntimeWarning, stacklevel=7))

    def leave(self, error: BaseException | None, say: Callable[[str], None] | None = None) -> None:
        """Start no more; stop what runs, where that is wanted, and tell what goes on.

        :param error: What ends the work: it gets a note, and the outcomes that are known as ``outcomes``.
        :param say: Where the words go when there is no exception; into the log otherwise.
        """
        if self._is_left:
            return
        self._is_left = True

        def tell(error: BaseException | None) -> None:
            if error is not None:
                known = error.outcomes = self.known()  # type: ignore[attr-defined]
                at_hand = f"The attribute 'outcomes' of this exception has the {len(known)} that were known."
                self._unfinished.note(error, at_hand if known else "")
            elif words := self._unfinished.words():
                logger = self._engine.logger
                (say or logger.warning if self._unfinished.going else logger.info)(words)

        try:
            self._unfinished.leave(error, tell)
            self._forget_what_was_stopped()
        finally:
            self._shown.close()
            self._close_file()

    def _start_what_can(self) -> None:
        while self._left and len(self._running) < self._options.side_by_side:
            position = self._left.popleft()
            entry = self._entries[position]
            if entry is None:
                self._start(position)
            elif entry.process_id is not None and not entry.is_over:
                self._follow(position, self._unfinished.begun(self._run_of(entry.process_id)))
            else:
                self._end_as_before(position, entry)

    def _start(self, position: int) -> None:
        spec = self._specs[position]
        if self._kept is not None:
            self._entries[position] = self._kept.starting(spec.values)
        try:
            run = start_run(self._engine, spec.values, self._options.flow, self._unfinished)
        except AlpineException as error:
            self._unfinished.starting = False
            lost = isinstance(error, OutcomeUnknownException) or error.status_code in LOST_BEHIND_GATEWAY
            status = "UNKNOWN" if lost else "NOT STARTED"
            self._end(position, RunOutcome(spec.given, None, status, error=error))
        else:
            if self._kept is not None and (entry := self._entries[position]) is not None:
                self._kept.started(entry, str(run))
            self._follow(position, run)

    def _follow(self, position: int, run: FlowRun) -> None:
        options, entry = self._options, self._entries[position]
        self._running[position] = (run, run.following(options.longest, options.limit, Progress(False)))
        # Spread out, so that together the questions come more often than about a single run.
        gap = SHORT_GAP * (position % options.side_by_side) / options.side_by_side
        self._put(position, 0.0 if entry is not None and entry.with_results else gap)

    def _end_as_before(self, position: int, entry: KeptRun) -> None:
        """End a run that cannot be asked about as the file tells."""
        assert self._kept is not None
        run = None if entry.process_id is None else self._run_of(entry.process_id)
        status = entry.status if entry.error else "UNKNOWN"
        error = entry.failure(self._kept.path)
        self._end(position, RunOutcome(self._specs[position].given, run, status, error=error))

    def _run_of(self, process_id: str) -> FlowRun:
        return FlowRun(self._engine, self._options.workflow_id, process_id, self._options.flow)

    def _ask_the_next(self) -> None:
        if not self._due:
            return
        clock = self._engine.clock
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
        given = self._specs[position].given
        self._end(position, RunOutcome(given, run, status_of(run, error), run._results, error))
        del self._running[position]
        self._unfinished.over(run)
        if self._due:
            # Runs of one flow take about the same time: when one is over, the oldest of the others may well be.
            self._put(min(self._due), 0.0)

    def _put(self, position: int, gap: float) -> None:
        self._due[position] = self._engine.clock.now() + gap

    def _end(self, position: int, outcome: RunOutcome) -> None:
        entry = self._entries[position]
        if entry is None or not (entry.with_results or entry.error):
            # Before it is noted: a script that is killed in the middle of this gets to do it again.
            tell_outcome(self._options.on_finish, outcome)
        if self._kept is not None and entry is not None:
            if outcome.status == "NOT STARTED":
                self._kept.forget(entry)
            else:
                self._kept.ended(entry, outcome.status, outcome.error, with_results=outcome.results is not None)
        self._ended[position] = outcome
        self._over += 1
        if outcome.error is not None:
            self._failed += 1
            self._engine.logger.warning("Run %s of %s: %s", position + 1, len(self._specs), outcome.error)

    def _forget_what_was_stopped(self) -> None:
        """So that whoever goes on with the file starts these runs again."""
        for entry in self._entries if self._kept is not None else ():
            if self._kept is not None and entry is not None and self._unfinished.was_stopped(entry.process_id):
                self._kept.forget(entry)

    def _close_file(self) -> None:
        if self._kept is not None:
            self._kept.close()

    def _words(self) -> str:
        return f"{len(self._running)} running{self._failures()}"

    def _failures(self) -> str:
        return f", {self._failed} failed" if self._failed else ""
