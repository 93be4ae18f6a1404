"""One run of a workflow: what is known of it, and the wait for its end."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Union

from alpine._arguments import number
from alpine._constants import flag
from alpine._display import html
from alpine._display.html import RichStr
from alpine._display.progress import Progress
from alpine._files import local_path
from alpine._runs import polling
from alpine._runs.engine import FAILED, FINISHED, WORKING, Engine, RunState, Status
from alpine._runs.outcome import OnFinish, RunOutcome, status_of, tell_outcome
from alpine._runs.polling import Poll, PollResult, poll, run_poll, time_for
from alpine._runs.unfinished import Unfinished
from alpine._runs.variables import Variables
from alpine._web_address import workflow_page
from alpine.exception import (
    AlpineException,
    AlpineSessionNotFoundException,
    LoginFailureException,
    ResultsNotFoundException,
    RunFlowConnectionException,
    RunFlowFailureException,
    RunFlowTimeoutException,
)
from alpine.results import SUCCESS, FlowResults, RunStatus

if TYPE_CHECKING:
    from alpine.afm import Workflow

AfmFile = Union[str, os.PathLike[str], "Workflow"]
"""The file of a workflow, or what was read of it."""

_RESULTS_DELAY = 30.0
"""Seconds after the end of a run in which its results may still be on their way."""
_RESULTS_DELAY_UNSEEN = 5.0
"""The same for a run that was never seen working: the engine says of a run that never was that it is over."""

_TOLD = (
    AlpineSessionNotFoundException,
    LoginFailureException,
    RunFlowConnectionException,
    RunFlowTimeoutException,
)
"""What a wait ends with that tells by itself whether the run goes on; it was stopped where that could be done."""


_OFFERED = ("process_id", "results", "status", "stop", "url", "wait", "workflow_id")


class _Offered(type):
    """Makes completion offer what a run can do, without the methods of a string: IPython looks at the class, too."""

    def __dir__(cls) -> list[str]:
        return list(_OFFERED)


class FlowRun(RichStr, metaclass=_Offered):
    """A run of a workflow: the process id, a string that can also wait for the run, stop it and read its results.

    Example:

    >>> run = session.workfile.process.run(workflow_id)
    >>> run.wait()
    'SUCCESS'
    >>> run.results().operators["Row Filter"].row_count
    141
    """

    workflow_id: int
    """The ID of the workflow."""

    def __new__(
        cls,
        engine: Engine,
        workflow_id: int,
        process_id: str,
        flow: Workflow | None = None,
        watch: Watch | None = None,
    ) -> FlowRun:
        run = super().__new__(cls, process_id)
        run.workflow_id = workflow_id
        run._engine = engine
        run._steps = _Steps(flow)
        run._state = None
        run._results = None
        run._watch = watch
        return run

    _engine: Engine
    _steps: _Steps
    _state: RunState | None
    _results: FlowResults | None
    _watch: Watch | None

    def __dir__(self) -> list[str]:
        return list(_OFFERED)

    @property
    def process_id(self) -> str:
        """The process id as a plain string."""
        return str(self)

    @property
    def url(self) -> str:
        """The page of the workflow in the server's web application, where its results are found as well."""
        return workflow_page(self._engine._root, self.workflow_id)

    @property
    def status(self) -> Status:
        """``'WORKING'``, ``'FINISHED'`` or ``'FAILED'``; queries the engine, unless the results have been read already.

        :raises RunFlowFailureException: The engine reports something else about the run.
        """
        if self._results is None or self._state is None:
            self._state = self._engine.query(str(self))
        return self._state.status

    def wait(
        self,
        verbose: bool = False,
        query_time: float = 10,
        timeout: float = 3600,
        *,
        stop_on_interrupt: bool = False,
    ) -> RunStatus:
        """Wait until the run is over.

        Parameters and exceptions are those of :meth:`alpine.workfile.Workfile.Process.wait_until_finished`.

        :returns: 'SUCCESS', with the results in its attribute ``results``.
        :rtype: str
        """
        longest, limit = limits(query_time, timeout)
        unfinished = Unfinished(self.workflow_id, stop=bool(flag(stop_on_interrupt, "stop_on_interrupt")))
        unfinished.begun(self)
        try:
            if self._results is None:
                with Progress(bool(verbose), self._steps.total) as progress:
                    self._follow_to_the_end(longest, limit, progress)
            status = self.verdict()
        except BaseException as error:
            if isinstance(error, AlpineException):
                error.web_url = self.url
            # Of any class: SystemExit, or what a signal handler raises, leaves the run behind as Ctrl-C does.
            if self._may_go_on(error):
                unfinished.leave(error)
            if isinstance(error, AlpineException):
                self._tell_outcome(error)
            raise
        self._tell_outcome(None)
        return status

    def stop(self) -> str:
        """Stop the run, as :meth:`alpine.workfile.Workfile.Process.stop` does.

        :returns: 'STOPPED' or 'STOP FAILED'.
        :rtype: str
        :raises StopFlowFailureException: The run is over already.
        """
        return self._engine.stop(str(self))

    def try_to_stop(self, deadline: float = 10.0) -> bool:
        """Stop the run where that can be done soon, and tell whether it was.

        :param deadline: Seconds that it may take.
        """
        try:
            return self._engine.stop(str(self), deadline=deadline) == "STOPPED"
        except AlpineException as failure:
            self._engine.logger.warning("Run %s could not be stopped: %s", self, failure)
            return False

    def results(self) -> FlowResults:
        """The results of the run; downloaded once, unless a wait has downloaded them already.

        :returns: The results.
        :rtype: FlowResults
        :raises ResultsNotFoundException: There are none: the run is still in progress, or was stopped.
        """
        if self._results is None:
            self._results = self._engine.results(self.workflow_id, str(self))
            self._state = RunState(FINISHED)
        return self._results

    def following(self, longest: float, limit: float, progress: Progress) -> Poll[FlowResults]:
        """The wait for the results, to be gone through by somebody who keeps the time.

        :param longest: Seconds between two questions, at most.
        :param limit: Seconds until the run is stopped.
        :param progress: Where to tell how it goes.
        """
        engine, clock = self._engine, self._engine.clock
        last, seen = RunState(WORKING), False

        def ask(elapsed: float) -> RunState | None:
            nonlocal last, seen
            last = self._state = engine.query(str(self), deadline=time_for(limit - elapsed))
            seen = seen or last.status != FINISHED
            progress.update(elapsed, last.node, self._steps.done(last))
            return last if last.status != WORKING else None

        over = yield from poll(ask, clock, longest_gap=longest, timeout=limit)
        if over.value is None:
            raise self._out_of_time(limit, last, over)

        # A large document may take all of the time that is left.
        left = limit + polling.LAST_LOOK - over.elapsed

        def read(elapsed: float) -> FlowResults | None:
            try:
                return engine.results(self.workflow_id, str(self), deadline=time_for(left - elapsed))
            except ResultsNotFoundException:
                return None

        delay = max(0.0, min(_RESULTS_DELAY if seen else _RESULTS_DELAY_UNSEEN, left))
        found = yield from poll(read, clock, longest_gap=longest, timeout=delay)
        elapsed = over.elapsed + found.elapsed
        if found.value is None:
            progress.finish(elapsed, over.value.status, good=False)
            raise self._without_results(over.value, found, delay)
        good = found.value.status == SUCCESS
        progress.finish(elapsed, found.value.status, self._steps.total if good else None, good=good)
        self._results = found.value
        return found.value

    def verdict(self) -> RunStatus:
        """How the run ended, when its results are known.

        :raises RunFlowFailureException: With another status than 'SUCCESS'.
        """
        found = self.results()
        status = found._told("status") or "unknown"
        if status == SUCCESS:
            return RunStatus(status, found)
        clean = self._engine.clean
        errors = {clean(name): clean(message) for name, message in found.errors.items()}
        reasons = "; ".join(f"{name}: {message}" for name, message in errors.items())
        raise RunFlowFailureException(
            f"{self._subject} ended with status {status}{f' ({reasons})' if reasons else ''}.",
            process_id=str(self),
            errors=errors,
        )

    def _repr_html_(self) -> str:
        known: str = self._state.status if self._state else ""
        if self._results is not None:
            known = self._results._told("status") or FINISHED
        node = self._state.node if self._state and known == WORKING else None
        facts = (f"run of workflow {self.workflow_id}", f"at {node!r}" if node else "")
        return html.block(html.heading(str(self), *facts, status=known, href=self.url))

    @property
    def _subject(self) -> str:
        return f"Run {self} of workflow {self.workflow_id}"

    def _follow_to_the_end(self, longest: float, limit: float, progress: Progress) -> None:
        again = f"wait_until_finished(workflow_id={self.workflow_id}, process_id={str(self)!r})"
        try:
            run_poll(self.following(longest, limit, progress), self._engine.clock)
        except (AlpineSessionNotFoundException, LoginFailureException) as error:
            raise type(error)(
                f"The login expired while waiting for run {self} of workflow {self.workflow_id}, which goes on. "
                f"Log in again, then {again}.",
                process_id=str(self),
                status_code=error.status_code,
                request_id=error.request_id,
            ) from None
        except AlpineException as error:
            error.process_id = error.process_id or str(self)
            raise

    def _may_go_on(self, error: BaseException) -> bool:
        """Whether the run may go on after what ended the wait, and the exception does not say so itself."""
        if not isinstance(error, AlpineException):
            return self._results is None
        over = self._state is not None and self._state.status != WORKING
        return not over and not isinstance(error, _TOLD)

    def _tell_outcome(self, error: AlpineException | None) -> None:
        watch = self._watch
        if watch is None:
            return
        if self._results is not None:
            # Known for good: another wait has no news.
            self._watch = None
        outcome = RunOutcome(watch.variables, self, status_of(self, error), self._results, error)
        tell_outcome(watch.on_finish, outcome)

    def _out_of_time(self, limit: float, last: RunState, over: PollResult[RunState]) -> AlpineException:
        stopped = self.try_to_stop(time_for(limit + polling.LAST_LOOK - over.elapsed))
        if over.last_error is not None and not stopped:
            return self._unreachable(last, over.last_error)
        where = f" at operator {last.node!r}" if last.node else ""
        return RunFlowTimeoutException(
            f"{self._subject} was still running{where} after {limit:g} s; it was "
            f"{'stopped' if stopped else 'asked to stop, but may go on'}. Pass a longer timeout to give it more time.",
            process_id=str(self),
            last_status=last.status,
            stopped=stopped,
        )

    def _unreachable(self, last: RunState, error: AlpineException) -> AlpineException:
        return RunFlowConnectionException(
            f"The server could not be reached while waiting for run {self} of workflow {self.workflow_id} (last "
            f"status: {last.status}; last error: {error}) The run may go on: wait_until_finished picks it up again.",
            process_id=str(self),
            last_status=last.status,
            last_error=error,
        )

    def _without_results(self, last: RunState, found: PollResult[FlowResults], delay: float) -> AlpineException:
        if found.last_error is not None:
            return self._unreachable(last, found.last_error)
        if last.status == FAILED:
            return RunFlowFailureException(
                f"{self._subject} failed (state {last.state}) and left no results.", process_id=str(self)
            )
        return ResultsNotFoundException(
            f"{self._subject} is over, but no results of it have appeared within {delay:g} s. "
            "It may have been stopped, or there is no such run.",
            process_id=str(self),
        )


@dataclass(frozen=True)
class Watch:
    """Who wants to know how a run ends.

    :param on_finish: Called with the outcome.
    :param variables: The variables, as they were given.
    """

    on_finish: OnFinish
    variables: Variables | None = None


def start_run(
    engine: Engine,
    values: list[dict[str, str]],
    flow: Workflow | None,
    unfinished: Unfinished,
    watch: Watch | None = None,
) -> FlowRun:
    """Start a run of a workflow, which is unfinished from the moment it is asked for.

    :param values: The variables, in the engine's form.
    :param watch: Who wants to know how it ends.
    """
    unfinished.starting = True
    workflow_id = unfinished.workflow_id
    return unfinished.begun(FlowRun(engine, workflow_id, engine.start(workflow_id, values), flow, watch))


class _Steps:
    """Counts the operators that are done, from what is seen of a run in passing.

    :param flow: The flow that runs, where it is known.
    """

    def __init__(self, flow: Workflow | None) -> None:
        self._before: dict[str, set[str]] = {}
        self._done: set[str] = set()
        self._last: str | None = None
        self.total: int | None = None
        if flow is not None:
            for operator in flow.execution_order():
                inputs = [source.name for source in flow.inputs_of(operator.name) if not source.is_note]
                self._before[operator.name] = set(inputs).union(*(self._before[name] for name in inputs))
            self.total = len(self._before)

    def done(self, state: RunState) -> int:
        """How many operators are done now."""
        node = state.node
        if node in self._before:
            if self._last is not None and self._last != node:
                self._done.add(self._last)
            # Between two questions operators may have come and gone; what this one needed is done.
            self._done |= self._before[node]
            self._done.discard(node)
            if "FINISHED" in state.state.upper():
                self._done.add(node)
            self._last = node
        return len(self._done)


def limits(query_time: object, timeout: object) -> tuple[float, float]:
    """The longest time between two questions, and the whole time of a wait.

    :raises InvalidArgumentException: One of them is no such number.
    """
    return max(1.0, number(query_time, "query_time", least=float("-inf"))), number(timeout, "timeout")


def flow_of(afm_file: AfmFile | None) -> Workflow | None:
    """What is in a workflow's file, where one is given.

    :raises WorkflowFileException: It is not a workflow, or its links form a cycle.
    :raises LocalFileException: It cannot be read.
    """
    if afm_file is None:
        return None
    from alpine import afm  # the XML parser is needed only here

    flow = afm_file if isinstance(afm_file, afm.Workflow) else afm.read(local_path(afm_file, "afm_file"))
    # Progress needs the order: without this a cycle is found when the run has been started, and its id is lost.
    flow.execution_order()
    return flow
