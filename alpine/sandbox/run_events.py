"""What became of runs: the engine tells the server of each that left results, and the server makes an event of it."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import TYPE_CHECKING

from alpine.sandbox.state.collaboration import (
    Attachment,
    Notification,
    ParameterValue,
    Touchpoint,
    TouchpointParameter,
    record_event,
)
from alpine.sandbox.state.store import RunRecord

if TYPE_CHECKING:
    from alpine.sandbox.backend import Backend


def tell_of_runs(backend: Backend) -> None:
    """Make an event of every run that is over and has left results; whoever calls holds the records' lock.

    :param backend: The records and the engine.
    """
    for process_id, run in list(backend.state.runs.items()):
        if run.is_told or backend.engine.query(process_id) is not None:
            continue
        run.is_told = True
        results = backend.engine.results(run.workflow_id, process_id)
        if run.keep_results and results:
            _tell(backend, process_id, run, results)


def refresh_touchpoint(backend: Backend, touchpoint: Touchpoint) -> None:
    """Note that the run of a touchpoint is over, where it is.

    :param backend: The records and the engine.
    :param touchpoint: The touchpoint.
    """
    if touchpoint.process_id is not None and backend.engine.query(touchpoint.process_id) is None:
        touchpoint.process_id, touchpoint.status = None, "idle"
        tell_of_runs(backend)


def _tell(backend: Backend, process_id: str, run: RunRecord, results: str) -> None:
    state = backend.state
    kind = "work_flow_result" if run.touchpoint_id is None else "worklet_result"
    workfile_id = run.workflow_id if run.touchpoint_id is None else run.touchpoint_id
    event = record_event(
        state,
        "WorkfileResult",
        run.user_id,
        {"workfile": ("workfile", workfile_id), "workspace": ("workspace", run.workspace_id)},
        attachments=[Attachment(kind, process_id, workfile_id)],
    )
    # The run ended before anybody asked: as long ago by the server's clock, which may have been put forward.
    ended = datetime.strptime(json.loads(results)["flowMetaInfo"]["endTime"], "%Y-%m-%dT%H:%M:%S.%f%z")
    event.created_at = state.clock() - max(time.time() - ended.timestamp(), 0)
    if run.touchpoint_id is None:
        return
    state.table(Notification).add(Notification(recipient_id=run.user_id, event_id=event.id))
    parameters = {row.id: row for row in state.table(TouchpointParameter)}
    for number, value in run.values:
        if number in parameters:
            state.table(ParameterValue).add(
                ParameterValue(
                    event_id=event.id,
                    parameter=parameters[number],
                    process_id=process_id,
                    owner_id=run.user_id,
                    value=value,
                )
            )
