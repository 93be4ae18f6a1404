"""A task of Airflow that runs a workflow."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow.configuration import conf
from airflow.sdk import BaseOperator, ResumableJobMixin

from alpine._runs.engine import WORKING
from alpine._runs.handle import limits
from alpine._runs.polling import FORGIVEN
from alpine.airflow.hook import AlpineHook, client_of
from alpine.airflow.trigger import LATE, LOST, AlpineRunTrigger
from alpine.exception import (
    AlpineException,
    InvalidArgumentException,
    ResultsNotFoundException,
    RunFlowFailureException,
    RunFlowTimeoutException,
)
from alpine.results import SUCCESS, FlowResults

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow.sdk import Connection, Context

    from alpine._runs.handle import FlowRun
    from alpine._runs.variables import Variables

_FAILED, _GONE, _CLEARED = "FAILED", "GONE", "CLEARED"
_FOR_RESULTS = 60.0
"""Seconds for the results of a run that is over."""


class AlpineRunWorkflowOperator(ResumableJobMixin, BaseOperator):
    """Runs a workflow, and waits until it is over.

    The ID of the run is stored before the wait: if the worker is killed, the next try of the task takes the same run up
    again. A try after a run that failed, was stopped or took too long starts a new one, and so does a task that a user
    cleared. If Airflow ends the task, the run is stopped.

    The return value (XCom ``return_value``) is a dict with ``workflow_id``, ``process_id``, ``status`` and
    ``operators``; XCom ``process_id`` is there from the start of the run.

    :param workflow: The ID of the workflow, or its name, which needs a workspace.
    :type workflow: str
    :param workspace: The ID or the name of the workspace in which a workflow is looked up by its name.
    :type workspace: str
    :param variables: The workflow variables, as for :meth:`alpine.workfile.Workfile.Process.run`.
    :type variables: dict
    :param operators: Names of the operators whose values the return value contains: the rows of a table, of which the
        server returns at most 25, as a list of dicts, and of other outputs the whole of ``visualData``.
    :type operators: list
    :param alpine_conn_id: The ID of a connection of the type ``alpine``.
    :type alpine_conn_id: str
    :param timeout: Seconds that the run may take, in all tries that follow it; it is then stopped.
    :type timeout: float
    :param query_time: Seconds between two queries of the status, at most.
    :type query_time: float
    :param deferrable: Whether to wait in the triggerer, without a worker. Default: ``default_deferrable`` in Airflow's
        configuration. Airflow's ``execution_timeout`` then limits the wait as ``timeout`` does.
    :type deferrable: bool
    :raises InvalidArgumentException: ``timeout`` or ``query_time`` is no such number.
    """

    template_fields: Sequence[str] = ("workflow", "workspace", "variables", "operators", "alpine_conn_id")
    template_fields_renderers = {"variables": "json"}  # noqa: RUF012 - so declared by Airflow
    external_id_key = "alpine_run"
    ui_color = "#d7e8f7"

    def __init__(
        self,
        *,
        workflow: int | str,
        workspace: int | str | None = None,
        variables: Variables | None = None,
        operators: Sequence[str] = (),
        alpine_conn_id: str = AlpineHook.default_conn_name,
        timeout: float = 3600,
        query_time: float = 10,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.workflow = workflow
        self.workspace = workspace
        self.variables = variables
        self.operators = operators
        self.alpine_conn_id = alpine_conn_id
        # Here, since a wait that refuses them leaves behind a run that nobody follows.
        longest, limit = limits(query_time, timeout)
        self.query_time: float = longest
        self.timeout: float = limit
        self.deferrable = deferrable
        self._run: FlowRun | None = None
        self._is_stored = False
        self._connection: Connection | None = None

    def execute(self, context: Context) -> Any:
        """Run the workflow, or go on with the run of an earlier try.

        :raises InvalidArgumentException: An argument is wrong; nothing was sent.
        """
        if isinstance(self.operators, str) or not isinstance(self.operators, Iterable):
            raise InvalidArgumentException(f"operators must be a list of names, not {self.operators!r:.200}.")
        with self._session():
            try:
                return self.execute_resumable(context)
            except Exception:
                if self._run is not None and not self._is_stored:
                    # No later try knows of it.
                    self._run.try_to_stop()
                raise

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Go on when the trigger has fired."""
        with self._session():
            run = self._attached(event)
            if event["status"] == LATE:
                stopped = run.try_to_stop()
                said = f" Last error: {event['message']}" if "message" in event else ""
                raise RunFlowTimeoutException(
                    f"Run {run} of workflow {run.workflow_id} was still running after {self._limit:g} s; it was "
                    f"{'stopped' if stopped else 'asked to stop, but may go on'}.{said}",
                    process_id=str(run),
                    stopped=stopped,
                )
            if event["status"] == LOST:
                raise RunFlowFailureException(
                    f"Run {run} of workflow {run.workflow_id} cannot be followed: {event['message']}",
                    process_id=str(run),
                )
            return self._result(run)

    def on_kill(self) -> None:
        """Stop the run: Airflow ends the task, as when a user marks it as failed."""
        run, connection = self._run, self._connection
        if run is not None and connection is not None:
            try:
                # By another client: this may have interrupted the first one in the middle of a request.
                with client_of(connection) as client:
                    stopped = client.workfile.process.attach(run.workflow_id, str(run)).try_to_stop()
            except AlpineException as error:
                # Airflow calls this in a signal handler: the wait would take it for a failure of its own, and bear it.
                self.log.warning("Run %s could not be stopped: %s", run, error)
                return
            self.log.info("Run %s: %s", run, "stopped" if stopped else "could not be stopped")

    # What the mixin asks for.

    def submit_job(self, context: Context) -> dict[str, Any]:
        """Start a run."""
        self._run = self._client.workfile.process.run(self._workflow_id(), self.variables)
        self.log.info("Workflow %s: started run %s", self._run.workflow_id, self._run)
        return {
            "workflow_id": self._run.workflow_id,
            "process_id": str(self._run),
            "max_tries": _tries(context),
            "started_at": time.time(),
        }

    def get_job_status(self, external_id: Any, context: Context) -> str:
        """How the run of an earlier try is doing."""
        if external_id.get("max_tries") != _tries(context):
            # A user has cleared the task, so as to run the workflow again: Airflow has added to its tries, and kept
            # what was stored.
            return _CLEARED
        run = self._attached(external_id)
        try:
            if run.status == WORKING:
                return WORKING
            return str(run.wait(timeout=_FOR_RESULTS))
        except RunFlowFailureException:
            return _FAILED
        except ResultsNotFoundException:
            return _GONE
        except FORGIVEN as error:
            # The wait is patient; a new run beside the old one would be wrong.
            self.log.warning("The status of run %s is not known yet: %s", run, error)
            return WORKING

    def is_job_active(self, status: str) -> bool:
        """Whether there is something to wait for."""
        return status == WORKING

    def is_job_succeeded(self, status: str) -> bool:
        """Whether there are results."""
        return status == SUCCESS

    def poll_until_complete(self, external_id: Any, context: Context) -> Any:
        """Wait, here or in the triggerer, and return the result: after a reconnection nobody else does."""
        self._is_stored = True
        run = self._run = self._attached(external_id)
        context["ti"].xcom_push(key="process_id", value=str(run))
        left = max(0.0, self._limit - (time.time() - external_id["started_at"]))
        if not self.deferrable:
            run.wait(query_time=self.query_time, timeout=left)
            return self._result(run)
        if self._is_over(run):
            # A run that failed at once fails the task at once, without a way through the triggerer.
            return self._result(run)
        # From here on it is the trigger that stops the run.
        self._run = None
        self.defer(
            trigger=AlpineRunTrigger(
                self.alpine_conn_id, run.workflow_id, str(run), time.time() + left, self.query_time
            ),
            method_name="execute_complete",
        )
        return None

    def get_job_result(self, external_id: Any, context: Context) -> Any:
        """The return value of a run that succeeded."""
        return self._result(self._attached(external_id))

    @property
    def _limit(self) -> float:
        """Seconds that the run may take: Airflow itself does not look at the time of a deferred task."""
        if self.deferrable and self.execution_timeout is not None:
            return min(self.timeout, float(self.execution_timeout.total_seconds()))
        return self.timeout

    @contextmanager
    def _session(self) -> Iterator[None]:
        """A login for the time of the block."""
        self._connection = AlpineHook.get_connection(self.alpine_conn_id)
        with client_of(self._connection) as self._client:
            yield

    def _attached(self, known: Mapping[str, Any]) -> FlowRun:
        if self._run is not None and str(self._run) == known["process_id"]:
            # Its results may have been read already.
            return self._run
        return self._client.workfile.process.attach(known["workflow_id"], known["process_id"])

    def _workflow_id(self) -> int:
        name = str(self.workflow).strip()
        if name.isdecimal():
            return int(name)
        if self.workspace is None:
            raise InvalidArgumentException(f"The workflow {name!r} is given by its name: give the workspace, too.")
        return self._client.workfile.get_id(name, self.workspace)

    def _is_over(self, run: FlowRun) -> bool:
        try:
            return run.status != WORKING
        except FORGIVEN as error:
            self.log.warning("The status of run %s is not known yet: %s", run, error)
            return False

    def _result(self, run: FlowRun) -> dict[str, Any]:
        """The return value of a run that is over.

        :raises RunFlowFailureException: It did not succeed.
        """
        status = run.wait(timeout=_FOR_RESULTS)
        return {
            "workflow_id": run.workflow_id,
            "process_id": str(run),
            "status": str(status),
            "operators": {name: _value(run.results(), name) for name in self.operators},
        }


def _value(results: FlowResults, name: str) -> Any:
    """What an operator gave, as JSON: the rows of its table, or all that there is to show."""
    data = results.operators[name].get("visualData")
    rows = data.get("items") if isinstance(data, Mapping) else None
    return rows if isinstance(rows, list) else data


def _tries(context: Context) -> int | None:
    """How many tries the task has: more since a user cleared it."""
    tries = getattr(context["ti"], "max_tries", None)
    return tries if isinstance(tries, int) else None
