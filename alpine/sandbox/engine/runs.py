"""One run of a flow: a thread that sees to its operators, and what can be asked of it meanwhile."""

from __future__ import annotations

import json
import math
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from alpine.afm import Operator, Workflow
from alpine.sandbox.engine import document
from alpine.sandbox.engine.branches import Branches
from alpine.sandbox.engine.context import Context, Output
from alpine.sandbox.engine.database import Cursor, Database, threads
from alpine.sandbox.engine.failures import NodeFailure, RunStopped
from alpine.sandbox.engine.pace import Pace
from alpine.sandbox.engine.planning import look_over
from alpine.sandbox.engine.readers import Readers
from alpine.sandbox.engine.registry import Entry, Registry
from alpine.sandbox.engine.standins import declared_columns
from alpine.sandbox.engine.substitution import Substitution, values_of_run

_INTERRUPT_EVERY = 0.02
_FEW_ROWS = 5_000
"""Tables of so many rows, and less, are gone through faster than a thread is begun."""


@dataclass(frozen=True)
class RunRequest:
    """What was asked for when a run was started.

    :param workflow_id: The workfile's id.
    :param workflow_name: The workfile's name.
    :param user_id: Who runs it.
    :param user_name: Who runs it, by name.
    :param variables: Values given for the run.
    :param data_sources: Names of the data sources that the flow is bound to.
    :param stand_in: Whether a table that is not loaded gets made-up rows.
    :param on_file: Takes each file that an operator writes into the workspace: its name and its content.
    :param workspace_id: The workspace that the tables of the run go away with; None where none is kept.
    """

    workflow_id: int
    workflow_name: str
    user_id: int
    user_name: str
    variables: Mapping[str, str]
    data_sources: Sequence[str] = ()
    stand_in: bool = False
    on_file: Callable[[str, bytes], None] | None = None
    workspace_id: int | None = None


class OperatorFaults:
    """Operators that are to fail, by name, and how often they still will."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left: dict[str, float] = {}

    def add(self, name: str, times: int | None) -> None:
        """Let the next runs of an operator fail; None for all of them."""
        with self._lock:
            self._left[name] = math.inf if times is None else times

    def clear(self) -> None:
        """Let all operators work again."""
        with self._lock:
            self._left.clear()

    def strike(self, name: str) -> None:
        """Fail, if the operator is to.

        :raises NodeFailure: It is.
        """
        with self._lock:
            left = self._left.get(name, 0)
            self._left[name] = max(left - 1, 0)
        if left > 0:
            raise _ToldToFail(f"The operator {name!r} was told to fail.")

    def take_back(self, name: str) -> None:
        """Let a failure not have been."""
        with self._lock:
            self._left[name] = self._left.get(name, 0) + 1


class _ToldToFail(NodeFailure):
    """An operator failed as it was told to."""


def _nothing_wanted(_request: RunRequest, _operator: Operator) -> bool:
    return False


@dataclass(frozen=True)
class EngineContext:
    """What all runs of an engine share.

    :param database: The database.
    :param registry: What does the work of the operators.
    :param pace: How fast the runs go.
    :param faults: Operators that are to fail.
    :param is_wanted: Whether the output of an operator is wanted after its run: it is not dropped meanwhile.
    :param keep: Takes over what was wanted, by operator, at the end of the run, before its tables are dropped.
    """

    database: Database
    registry: Registry
    pace: Pace
    faults: OperatorFaults
    is_wanted: Callable[[RunRequest, Operator], bool] = _nothing_wanted
    keep: Callable[[RunRequest, Mapping[str, Output], Cursor], None] = lambda _request, _outputs, _cursor: None


@dataclass
class _Step:
    """One operator that ran."""

    operator: Operator
    logs: list[dict[str, str]]
    record: document.NodeRecord | None = None
    failure: NodeFailure | None = None


@dataclass
class _Progress:
    """What has happened in a run so far."""

    said: tuple[str, Operator | None, str] = ("STARTED", None, "workflow started")
    logs: list[dict[str, str]] = field(default_factory=list)
    records: list[document.NodeRecord] = field(default_factory=list)
    failures: int = 0


class Run:
    """One run of a flow.

    :param flow: The flow.
    :param steps: Its operators, in the order in which they run.
    :param request: What was asked for.
    :param shared: What all runs share.
    """

    def __init__(self, flow: Workflow, steps: Sequence[Operator], request: RunRequest, shared: EngineContext) -> None:
        self.process_id: str = str(uuid.uuid4())
        self.request = request
        self.results: str = ""
        self._flow = flow
        self._steps = steps
        self._shared = shared
        self._progress = _Progress()
        self._started = document.now()
        self._stopping = threading.Event()
        self._over = threading.Event()
        self._cursors: list[Cursor] = []
        self._idle: list[Cursor] = []
        self._at: dict[str, Cursor] = {}
        self._needless: set[str] = set()
        self._lock = threading.Lock()
        self._one_by_one = threading.Lock()
        self._thread = threading.Thread(target=self._go, name=f"run {self.process_id}", daemon=True)

    @property
    def is_over(self) -> bool:
        """Whether the run has ended, in whatever way."""
        return self._over.is_set()

    def begin(self) -> None:
        """Start the run's thread."""
        self._thread.start()

    def wait(self, timeout: float | None) -> bool:
        """Wait for the end.

        :returns: Whether the run is over.
        """
        return self._over.wait(timeout)

    def stop(self, wait: float) -> bool:
        """Stop the run: a query breaks off at once, a model that is being fitted ends first.

        :param wait: Seconds to wait for the end.
        :returns: Whether the run is over.
        """
        self._stopping.set()
        deadline = time.monotonic() + wait
        # A query that begins between two looks at the stop would miss a single interrupt, so it is repeated.
        while True:
            with self._lock:
                cursors = [*self._cursors]
            for cursor in cursors:
                cursor.stop()
            self._shared.pace.wake()
            left = deadline - time.monotonic()
            if self._over.wait(max(min(left, _INTERRUPT_EVERY), 0)):
                self._thread.join()
                return True
            if left <= 0:
                return False

    def status(self) -> dict[str, Any]:
        """What the server says of a run that goes on."""
        state, node, message = self._progress.said
        return {
            "state": state,
            "node": {"id": node.uuid, "name": node.name} if node else None,
            "message": message,
            "workflow_id": self.request.workflow_id,
            "user": self.request.user_id,
        }

    def _go(self) -> None:
        try:
            cursor = self._opened(self._shared.database.open(f"run_{self.process_id}"))
            try:
                self._work(cursor)
                self.results = json.dumps(self._document())
            finally:
                # They stay listed: freed at the end of this thread, they would crash a program that ends just then.
                for each in reversed(self._cursors):
                    each.close()
        except RunStopped:
            self.results = ""
        finally:
            self._over.set()

    def _opened(self, cursor: Cursor) -> Cursor:
        with self._lock:
            self._cursors.append(cursor)
        if self._stopping.is_set():
            cursor.stop()
        return cursor

    def _work(self, cursor: Cursor) -> None:
        substitution = self._substitution()

        def ready(operator: Operator, inputs: Sequence[Output], cursor: Cursor = cursor) -> Context:
            return self._context(substitution.operator(operator), inputs, cursor)

        missing = look_over(self._flow, self._steps, self._shared.registry, cursor, ready)
        for name, reason in missing.items():
            self._progress.logs.append(self._log(name, "operator started", "started running..."))
            self._fail(name, reason)
        if not missing:
            self._go_through(cursor, ready)
        end = f"Workflow {self.request.workflow_name} finished."
        self._progress.logs.append(self._log("null", end, end))

    def _go_through(self, cursor: Cursor, ready: Callable[[Operator, Sequence[Output], Cursor], Context]) -> None:
        steps = {operator.name: operator for operator in self._steps}
        before = {name: [s.name for s in self._flow.inputs_of(name) if s.name in steps] for name in steps}
        after = {name: [other for other in steps if name in before[other]] for name in steps}
        readers = Readers(after, lambda name: self._shared.is_wanted(self.request, steps[name]))

        def work(name: str) -> _Step:
            own = self._taken(name, cursor)
            # Outputs of all that it waits for are there until it is done.
            step = self._step(steps[name], lambda o: ready(o, [readers.outputs[n] for n in before[name]], own), readers)
            self._give_back(name, own)
            return step

        branches: Branches[_Step] = Branches(list(steps), before, lambda step: step.failure is not None)

        def most() -> int:
            # One after the other where somebody looks on, and where there is less to do than threads cost.
            return threads() if self._shared.pace.is_instant and readers.most_rows() > _FEW_ROWS else 1

        for step in branches.run(work, self._tell, most, self._stop_step):
            if isinstance(step.failure, _ToldToFail):
                self._shared.faults.take_back(step.operator.name)
        self._shared.keep(self.request, readers.outputs, cursor)

    def _taken(self, name: str, cursor: Cursor) -> Cursor:
        """A cursor for an operator; those that ran before leave theirs."""
        with self._lock:
            own = self._idle.pop() if self._idle else None
        own = own or self._opened(cursor.beside())
        with self._lock:
            self._at[name] = own
            if name in self._needless:
                own.stop()
        return own

    def _give_back(self, name: str, cursor: Cursor) -> None:
        with self._lock:
            del self._at[name]
            self._idle.append(cursor)

    def _stop_step(self, name: str) -> None:
        """Stop an operator that goes on beside one that failed, and would not have begun without threads."""
        with self._lock:
            self._needless.add(name)
            cursor = self._at.get(name)
        if cursor is not None:
            cursor.stop()
            self._shared.pace.wake()

    def _context(self, operator: Operator, inputs: Sequence[Output], cursor: Cursor) -> Context:
        source = self.request.data_sources[0] if self.request.data_sources else ""
        declared = declared_columns(self._flow, operator) if self.request.stand_in else []
        return Context(operator, inputs, cursor, self._shared.database, source, declared, self.request.on_file)

    def _step(self, operator: Operator, ready: Callable[[Operator], Context], readers: Readers) -> _Step:
        self._progress.said = ("NODE_STARTED", operator, " started running...")
        step = _Step(operator, [self._log(operator.name, "operator started", "started running...")])
        started, begun = document.now(), time.monotonic()
        try:
            self._shared.faults.strike(operator.name)
            entry = self._shared.registry.find(operator)
            context = ready(operator)
            # A user's function need not know of threads.
            with self._one_by_one if entry.is_own else nullcontext():
                output = _made(entry, context)
            output.name, output.uuid = operator.name, operator.uuid
            output.stored_as = context.stored_as()
            step.record = _record(operator.name, entry, context, output, started)
        except NodeFailure as failure:
            step.failure = failure
            return step
        context.cursor.drop(readers.finish(operator.name, output, context.cursor.made()))
        self._shared.pace.hold(begun, context.cursor.stopped)
        if context.cursor.stopped.is_set():
            raise RunStopped
        step.record.ended = document.now()
        step.logs.append(self._log(operator.name, "operator finished", "finished"))
        self._progress.said = ("NODE_FINISHED", operator, " finished.")
        return step

    def _tell(self, step: _Step) -> None:
        self._progress.logs += step.logs
        if step.failure is not None:
            self._fail(step.operator.name, str(step.failure))
        elif step.record is not None:
            self._progress.records.append(step.record)

    def _substitution(self) -> Substitution:
        filled = {
            "@flow_id": str(self.request.workflow_id),
            "@flow_name": self.request.workflow_name,
            "@user_id": str(self.request.user_id),
            "@user_name": self.request.user_name,
        }
        values, undeclared = values_of_run(self._flow.variables, self.request.variables, filled)
        for name in undeclared:
            warning = f"Warning: the workflow does not declare the variable {name}."
            self._progress.logs.append(self._log("null", warning, warning))
        return Substitution(values)

    def _fail(self, node: str, reason: str) -> None:
        self._progress.logs.append(self._log(node, "operator failed", "failed", reason))
        self._progress.failures += 1

    def _log(self, node: str, message: str, short: str, error: str = "null") -> dict[str, str]:
        return document.log(node, message, short, self.process_id, error)

    def _document(self) -> dict[str, Any]:
        progress = self._progress
        progress.said = ("IN_PROGRESS", None, "")
        return {
            "flowMetaInfo": {
                "startTime": document.timestamp(self._started),
                "endTime": document.timestamp(document.now()),
                "executeUser": str(self.request.user_id),
                "workflowId": str(self.request.workflow_id),
                "processId": self.process_id,
                "workflowName": self.request.workflow_name,
                "status": "FAILURE" if progress.failures else "SUCCESS",
                "noOfError": progress.failures,
                "noOfNodesProcessed": len(progress.records),
            },
            "logs": progress.logs,
            "outputs": [document.output(record) for record in progress.records],
        }


def _made(entry: Entry, context: Context) -> Output:
    """Let the operator's function work; whatever a user's own function raises fails the operator."""
    try:
        return entry.function(context)
    except (NodeFailure, RunStopped):
        raise
    except Exception as error:
        raise NodeFailure(f"{entry.title} failed: {type(error).__name__}: {error}") from error


def _record(name: str, entry: Entry, context: Context, output: Output, started: datetime) -> document.NodeRecord:
    view = output.view
    if view is None:
        if output.table is None:
            raise NodeFailure(f"{entry.title} gave neither a table nor anything to show.")
        view = context.show(output.table)
    return document.NodeRecord(
        name, entry.title, entry.title, started, document.now(), view, output.meta, output.has_meta
    )
