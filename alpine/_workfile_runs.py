"""Earlier runs of a workflow, as far as the server tells of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from alpine._display.records import Record, RecordList
from alpine._http.request import Request
from alpine._pager import Listing
from alpine.activity import activities_of
from alpine.alpineobject import AlpineObject
from alpine.exception import ForbiddenException, NotFoundException

_RESULTS = ("work_flow_result", "worklet_result")


def runs_of(resource: AlpineObject, workflow: int, workspace: object) -> RecordList:
    """The runs that left results, the latest first.

    :param workspace: The id of its workspace, whose jobs may have run it; None if the server did not tell.
    """
    runs: dict[str, dict[str, Any]] = {}
    for row in _from_activities(resource, workflow):
        runs.setdefault(row["process_id"], row)
    for row in _from_jobs(resource, workflow, workspace):
        # Both tell of the same run: a job knows how it ended, an activity who started it.
        runs[row["process_id"]] = {**runs.get(row["process_id"], {}), **row}
    keys = ("process_id", "finished_at", "started_at", "status", "user", "job_id", "activity_id")
    rows = [Record({key: run.get(key) for key in keys}) for run in runs.values()]
    return RecordList(sorted(rows, key=lambda run: str(run["finished_at"] or ""), reverse=True))


def _from_activities(resource: AlpineObject, workflow: int) -> Iterator[dict[str, Any]]:
    for event in activities_of(resource, "workfile", workflow, 1000, results_only=True):
        attachments = event.get("attachments")
        for attached in attachments if isinstance(attachments, list) else []:
            if isinstance(attached, dict) and attached.get("entity_type") in _RESULTS and attached.get("id"):
                actor = event.get("actor")
                yield {
                    "process_id": str(attached["id"]),
                    "finished_at": event.get("timestamp"),
                    "user": actor.get("username") if isinstance(actor, dict) else None,
                    "activity_id": event.get("id"),
                }


def _from_jobs(resource: AlpineObject, workflow: int, workspace: object) -> Iterator[dict[str, Any]]:
    if not isinstance(workspace, int):
        return
    listing = Listing(f"workspaces/{workspace}/jobs", f"list the jobs of workspace {workspace}")
    try:
        for job in resource._iterate(listing, 1000):
            yield from _from_job(resource, workflow, job.get("id"))
    except ForbiddenException:
        # Jobs are not licensed, or not for this user: what the activities say is all there is.
        return


def _from_job(resource: AlpineObject, workflow: int, job: object) -> Iterator[dict[str, Any]]:
    request = Request("GET", f"jobs/{job}/job_results/latest", f"get the latest result of job {job}")
    try:
        document = resource._document(resource._request(request))
    except NotFoundException:
        # It is deleted meanwhile.
        return
    result = document.get("response") if isinstance(document, dict) else None
    # None for a job that has not run yet.
    tasks = result.get("job_task_results") if isinstance(result, dict) else None
    for task in tasks if isinstance(tasks, list) else []:
        if isinstance(task, dict) and task.get("payload_id") == workflow and task.get("payload_result_id"):
            yield {
                "process_id": str(task["payload_result_id"]),
                "started_at": task.get("started_at"),
                "finished_at": task.get("finished_at"),
                "status": "SUCCESS" if task.get("status") == "success" else "FAILURE",
                "job_id": job,
            }
