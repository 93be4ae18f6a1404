"""Waits for a run in Airflow's triggerer, where it occupies no worker."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from alpine._clock import Clock
from alpine._runs.engine import WORKING
from alpine._runs.polling import poll, time_for
from alpine.airflow.hook import AlpineHook, client_of
from alpine.apiclient import APIClient
from alpine.exception import AlpineException

OVER, LATE, LOST = "over", "late", "lost"


class AlpineRunTrigger(BaseTrigger):
    """Fires when a run is over, when its time is, or when it cannot be asked about any more.

    Lost connections and a server that is down are borne until the time is over. If a user ends the deferred task, the
    run is stopped.

    :param alpine_conn_id: The ID of the connection.
    :param workflow_id: The ID of the workflow.
    :param process_id: The ID of the run.
    :param ends_at: When the wait ends, in seconds since 1970: a triggerer that takes over keeps to it.
    :param query_time: Seconds between two queries of the status, at most.
    :param stop_on_kill: Whether the run is stopped if a user ends the task.
    """

    def __init__(
        self,
        alpine_conn_id: str,
        workflow_id: int,
        process_id: str,
        ends_at: float,
        query_time: float = 10,
        stop_on_kill: bool = True,
    ) -> None:
        super().__init__()
        self.alpine_conn_id = alpine_conn_id
        self.workflow_id = workflow_id
        self.process_id = process_id
        self.ends_at = ends_at
        self.query_time = query_time
        self.stop_on_kill = stop_on_kill
        self._client: APIClient | None = None

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """What the trigger is made of again in another process."""
        return f"{type(self).__module__}.{type(self).__qualname__}", {
            "alpine_conn_id": self.alpine_conn_id,
            "workflow_id": self.workflow_id,
            "process_id": self.process_id,
            "ends_at": self.ends_at,
            "query_time": self.query_time,
            "stop_on_kill": self.stop_on_kill,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Query the run until there is something to tell."""
        connection = await AlpineHook.aget_connection(self.alpine_conn_id)
        limit = max(self.ends_at - time.time(), 0.0)

        def ask(elapsed: float) -> str | None:
            # A login that fails because the server is down is borne like everything else.
            self._client = self._client or client_of(connection)
            state = self._client.workfile.process._engine.query(self.process_id, deadline=time_for(limit - elapsed))
            return None if state.status == WORKING else state.status

        waiting = poll(ask, Clock(), longest_gap=max(1.0, self.query_time), timeout=limit)

        def step() -> tuple[float, dict[str, Any] | None]:
            try:
                return next(waiting), None
            except StopIteration as stop:
                over = stop.value
                said = {"status": LATE if over.value is None else OVER}
                return 0.0, said | ({"message": str(over.last_error)} if over.last_error else {})
            except AlpineException as error:
                return 0.0, {"status": LOST, "message": f"{type(error).__name__}: {error}"}

        while True:
            gap, news = await asyncio.to_thread(step)
            if news is not None:
                yield TriggerEvent({"workflow_id": self.workflow_id, "process_id": self.process_id, **news})
                return
            await asyncio.sleep(gap)

    async def on_kill(self) -> None:
        """Stop the run: a user has marked the task as failed or as a success, or cleared it."""
        if not self.stop_on_kill:
            return
        connection = await AlpineHook.aget_connection(self.alpine_conn_id)

        def stop() -> bool:
            with client_of(connection) as client:
                return client.workfile.process.attach(self.workflow_id, self.process_id).try_to_stop()

        stopped = await asyncio.to_thread(stop)
        self.log.info("Run %s: %s", self.process_id, "stopped" if stopped else "could not be stopped")

    async def cleanup(self) -> None:
        """Log out. The run goes on: another triggerer may take over."""
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(AlpineException):
                await asyncio.to_thread(client.__exit__, None, None, None)
