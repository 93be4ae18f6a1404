"""One run of a workflow: what is known of it, and the wait for its end."""

from __future__ import annotations

import math
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, Union

from alpine import _rich
from alpine._arguments import number
from alpine._display import Progress
from alpine._files import local_path
from alpine._rich import RichStr
from alpine._waiting import Waited, Waiting, alone, asking, time_for
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
    from alpine.process import Process

AfmFile = Union[str, os.PathLike[str], "Workflow"]
"""The file of a workflow, or what was read of it."""

Status = Literal["WORKING", "FINISHED", "FAILED"]
WORKING: Final = "WORKING"
FINISHED: Final = "FINISHED"
FAILED: Final = "FAILED"

_RESULTS_DELAY = 30.0
"""Seconds after the end of a run in which its results may still be on their way."""


@dataclass(frozen=True)
class RunState:
    """What the engine says of a run.

    :param status: The status as users know it.
    :param state: The engine's own word.
    :param node: The operator that it is about.
    """

    status: Status
    state: str = ""
    node: str | None = None


class FlowRun(RichStr):
    """A run of a workflow: the process id, a string that can also wait, stop the run and read its results.

    Example:

    >>> run = session.workfile.process.run(workflow_id)
    >>> run.wait()
    'SUCCESS'
    >>> run.results().operators["Row Filter"].row_count
    141
    """

    workflow_id: int
    """The workflow."""

    def __new__(cls, process: Process, workflow_id: int, process_id: str, flow: Workflow | None = None) -> FlowRun:
        run = super().__new__(cls, process_id)
        run.workflow_id = workflow_id
        run._process = process
        run._steps = _Steps(flow)
        run._state = None
        run._results = None
        return run

    _process: Process
    _steps: _Steps
    _state: RunState | None
    _results: FlowResults | None

    @property
    def process_id(self) -> str:
        """The process id as a plain string."""
        return str(self)

    @property
    def status(self) -> Status:
        """``'WORKING'``, ``'FINISHED'`` or ``'FAILED'``; the engine is asked until the results have been read.

        :raises RunFlowFailureException: The engine says something else about the run.
        """
        if self._results is None or self._state is None:
            self._state = self._process._query(str(self))
        return self._state.status

    def wait(self, verbose: bool = False, query_time: float = 10, timeout: float = 3600) -> RunStatus:
        """Wait until the run is over.

        Parameters and exceptions are those of :meth:`alpine.workfile.Workfile.Process.wait_until_finished`.

        :returns: 'SUCCESS', with the results as its attribute ``results``.
        :rtype: str
        """
        longest, limit = limits(query_time, timeout)
        if self._results is None:
            with Progress(bool(verbose), self._steps.total) as progress:
                self._follow_to_the_end(longest, limit, progress)
        return self.verdict()

    def stop(self) -> str:
        """Stop the run, as :meth:`alpine.workfile.Workfile.Process.stop` does.

        :returns: 'STOPPED' or 'STOP FAILED'.
        :rtype: str
        :raises StopFlowFailureException: The run is over already.
        """
        return self._process.stop(str(self))

    def try_to_stop(self) -> bool:
        """Stop the run where that can be done soon, and tell whether it was."""
        try:
            return self._process._stop(str(self), within=time_for(0)) == "STOPPED"
        except AlpineException as failure:
            self._process.logger.warning("Run %s could not be stopped: %s", self, failure)
            return False

    def results(self) -> FlowResults:
        """What the run left; read from the server once, unless a wait has read it already.

        :returns: The results.
        :rtype: FlowResults
        :raises ResultsNotFoundException: There are none: the run goes on, or was stopped.
        """
        if self._results is None:
            self._results = self._process.download_results(self.workflow_id, str(self))
            self._state = RunState(FINISHED)
        return self._results

    def following(self, longest: float, limit: float, progress: Progress) -> Waiting[FlowResults]:
        """The wait for the results, to be gone through by somebody who keeps the time.

        :param longest: Seconds between two questions, at most.
        :param limit: Seconds until the run is stopped.
        :param progress: Where to tell how it goes.
        """
        process, clock = self._process, self._process._transport.clock
        last = RunState(WORKING)

        def ask(elapsed: float) -> RunState | None:
            nonlocal last
            last = self._state = process._query(str(self), within=time_for(limit - elapsed))
            progress.update(elapsed, last.node, self._steps.done(last))
            return last if last.status != WORKING else None

        over = yield from asking(ask, clock, longest_gap=longest, timeout=limit)
        if over.value is None:
            raise self._out_of_time(limit, last, over)

        def read(_elapsed: float) -> FlowResults | None:
            try:
                return process._results(self.workflow_id, str(self), within=math.inf)
            except ResultsNotFoundException:
                return None

        found = yield from asking(read, clock, longest_gap=longest, timeout=_RESULTS_DELAY)
        elapsed = over.elapsed + found.elapsed
        if found.value is None:
            progress.finish(elapsed, over.value.status)
            raise self._without_results(over.value, found)
        progress.finish(elapsed, found.value.status, self._steps.total if found.value.status == SUCCESS else None)
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
        errors = found.errors
        reasons = self._process._transport.clean("; ".join(f"{name}: {message}" for name, message in errors.items()))
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
        return _rich.block(_rich.heading(str(self), *facts, status=known))

    @property
    def _subject(self) -> str:
        return f"Run {self} of workflow {self.workflow_id}"

    def _follow_to_the_end(self, longest: float, limit: float, progress: Progress) -> None:
        again = f"wait_until_finished(workflow_id={self.workflow_id}, process_id={str(self)!r})"
        try:
            alone(self.following(longest, limit, progress), self._process._transport.clock)
        except (AlpineSessionNotFoundException, LoginFailureException) as error:
            raise type(error)(
                f"The login expired while waiting for run {self} of workflow {self.workflow_id}, which goes on. "
                f"Log in again, then {again}.",
                process_id=str(self),
                status_code=error.status_code,
            ) from None
        except AlpineException as error:
            if error.process_id is None:
                error.process_id = str(self)
                error.add_note(f"{self._subject} may go on. To wait again: {again}.")
            raise
        except KeyboardInterrupt as interrupt:
            interrupt.add_note(f"{self._subject} goes on. To wait again: {again}; to end it: stop({str(self)!r}).")
            raise

    def _out_of_time(self, limit: float, last: RunState, over: Waited[RunState]) -> AlpineException:
        stopped = self.try_to_stop()
        if over.last_error is not None and not stopped:
            return self._unreachable(last, over.last_error)
        where = f" at operator {last.node!r}" if last.node else ""
        return RunFlowTimeoutException(
            f"{self._subject} was still going{where} after {limit:g} s; it was "
            f"{'stopped' if stopped else 'asked to stop, without success'}. A longer timeout gives it more time.",
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

    def _without_results(self, last: RunState, found: Waited[FlowResults]) -> AlpineException:
        if found.last_error is not None:
            return self._unreachable(last, found.last_error)
        if last.status == FAILED:
            return RunFlowFailureException(
                f"{self._subject} failed (state {last.state}) and left no results.", process_id=str(self)
            )
        return ResultsNotFoundException(
            f"{self._subject} is over, but no results of it have appeared within {_RESULTS_DELAY:g} s. "
            "It may have been stopped, or there is no such run.",
            process_id=str(self),
        )


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

    :raises WorkflowFileException: It is not a workflow.
    :raises LocalFileException: It cannot be read.
    """
    if afm_file is None:
        return None
    from alpine import afm  # the XML parser is needed only here

    return afm_file if isinstance(afm_file, afm.Workflow) else afm.read(local_path(afm_file, "afm_file"))


def node_in(message: object) -> str | None:
    """The operator that newer servers name in their message only."""
    found = re.search(r"processing node: (.+?), message:", message) if isinstance(message, str) else None
    return found.group(1) if found else None
