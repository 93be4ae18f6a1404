"""A task of Airflow that waits for a run which something else has started."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.configuration import conf
from airflow.sdk import BaseSensorOperator, PokeReturnValue

from alpine._runs.engine import WORKING
from alpine._runs.polling import FORGIVEN
from alpine.airflow.hook import AlpineHook
from alpine.airflow.trigger import LATE, AlpineRunTrigger
from alpine.exception import RunFlowFailureException, RunFlowTimeoutException

if TYPE_CHECKING:
    from airflow.sdk import Context

_FOR_RESULTS = 60.0
"""Seconds for the results of a run that is over."""


class AlpineRunSensor(BaseSensorOperator):
    """Waits until a run is over, and fails if it did not succeed. It never stops the run.

    The return value is a dict with ``workflow_id``, ``process_id`` and ``status``.

    :param workflow_id: The ID of the workflow.
    :type workflow_id: int
    :param process_id: The ID of the run.
    :type process_id: str
    :param alpine_conn_id: The ID of a connection of the type ``alpine``.
    :type alpine_conn_id: str
    :param deferrable: Whether to wait in the triggerer, without a worker. Default: ``default_deferrable`` in Airflow's
        configuration.
    :type deferrable: bool
    """

    template_fields: Sequence[str] = ("workflow_id", "process_id", "alpine_conn_id")

    def __init__(
        self,
        *,
        workflow_id: int | str,
        process_id: str,
        alpine_conn_id: str = AlpineHook.default_conn_name,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.workflow_id = workflow_id
        self.process_id = process_id
        self.alpine_conn_id = alpine_conn_id
        self.deferrable = deferrable

    def execute(self, context: Context) -> Any:
        """Wait here, or in the triggerer."""
        if not self.deferrable:
            return super().execute(context)
        state = self.poke(context)
        if state.is_done:
            return state.xcom_value
        self.defer(
            trigger=AlpineRunTrigger(
                self.alpine_conn_id,
                int(self.workflow_id),
                self.process_id,
                time.time() + self.timeout,
                self.poke_interval,
                stop_on_kill=False,
            ),
            method_name="execute_complete",
        )
        return None

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Go on when the trigger has fired."""
        if event["status"] == LATE:
            raise RunFlowTimeoutException(
                f"Run {self.process_id} of workflow {self.workflow_id} was still running after {self.timeout:g} s; "
                "it was not stopped.",
                process_id=self.process_id,
            )
        if "message" in event:
            raise RunFlowFailureException(
                f"Run {self.process_id} of workflow {self.workflow_id} cannot be followed: {event['message']}",
                process_id=self.process_id,
            )
        return self.poke(context).xcom_value

    def poke(self, context: Context) -> PokeReturnValue:
        """Query the run once; lost connections and a server that is down are borne.

        :raises RunFlowFailureException: The run did not succeed.
        """
        try:
            with AlpineHook(self.alpine_conn_id).get_conn() as session:
                run = session.workfile.process.attach(self.workflow_id, self.process_id)
                if run.status == WORKING:
                    return PokeReturnValue(is_done=False)
                status = run.wait(timeout=_FOR_RESULTS)
        except FORGIVEN as error:
            self.log.warning("The status of run %s is not known yet: %s", self.process_id, error)
            return PokeReturnValue(is_done=False)
        found = {"workflow_id": int(self.workflow_id), "process_id": self.process_id, "status": str(status)}
        return PokeReturnValue(is_done=True, xcom_value=found)
