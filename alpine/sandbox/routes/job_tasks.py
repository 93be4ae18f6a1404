"""Tasks of a job. They are read with their job: there is no GET for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from werkzeug.wrappers import Response

from alpine.sandbox.file_types import file_type
from alpine.sandbox.presenters.jobs import task_object
from alpine.sandbox.routes.jobs import editable_job, licensed
from alpine.sandbox.state.model import TASK_ACTIONS, Job, JobTask, Workfile
from alpine.sandbox.web.call import Call, Routes, envelope, found
from alpine.sandbox.web.errors import Invalid
from alpine.sandbox.web.params import as_id, as_text

routes: Routes = Routes()

_TASKS = "/workspaces/<workspace_id>/jobs/<job_id>/job_tasks"


@routes.add("POST", _TASKS)
def create(call: Call) -> Response:
    """Add a task at the end."""
    licensed(call)
    job, _ = editable_job(call, "job_id")
    sent = call.params.resource("job_task")
    action = as_text(sent.get("action"))
    if action not in TASK_ACTIONS:
        raise Invalid.field("entity_type", "INVALID", {"value": action or None})
    workfile = _payload(call, job, action, sent)
    now = call.state.clock()
    task = JobTask(
        id=next(call.state.small_ids), created_at=now, updated_at=now, action=action, workfile_id=workfile.id
    )
    job.tasks.append(task)
    return envelope(task_object(call.view, job, task), 201)


@routes.add("PUT", f"{_TASKS}/<id>", "/job_tasks/<id>")
def update(call: Call) -> Response:
    """Move a task, which changes places with the one there, or give it another workfile."""
    licensed(call)
    job, task = _named(call)
    sent = call.params.resource("job_task")
    if "workfile_id" in sent:
        task.workfile_id = _payload(call, job, task.action, sent).id
    if "index" in sent:
        _swap(job, task, as_id(sent["index"]))
    return envelope(task_object(call.view, job, task))


@routes.add("DELETE", f"{_TASKS}/<id>")
def delete(call: Call) -> Response:
    """Remove a task; those behind it move up."""
    licensed(call)
    _, task = _named(call)
    task.deleted = True
    return call.done()


def _named(call: Call) -> tuple[Job, JobTask]:
    wanted = as_id(call.path["id"])
    pairs = ((job, task) for job in call.state.jobs for task in job.live_tasks)
    job, task = found(next(((job, task) for job, task in pairs if task.id == wanted), None))
    call.path["job_id"] = str(job.id)
    editable_job(call, "job_id")
    return job, task


def _payload(call: Call, job: Job, action: str, sent: Mapping[str, Any]) -> Workfile:
    workfile = found(call.state.workfiles.find(as_id(sent.get("workfile_id"))))
    if action == "run_work_flow":
        call.workspace_of(found(workfile if workfile.is_workflow else None))
        return workfile
    own = workfile.workspace_id == job.workspace_id and not workfile.is_workflow
    suits = own and (action != "run_sql_workfile" or file_type(workfile) == "sql")
    return found(workfile if suits else None)


def _swap(job: Job, task: JobTask, index: int | None) -> None:
    tasks = job.live_tasks
    if index is None or not 1 <= index <= len(tasks):
        raise Invalid.field("index", "INCLUSION", {"value": index})
    here, there = job.tasks.index(task), job.tasks.index(tasks[index - 1])
    job.tasks[here], job.tasks[there] = job.tasks[there], job.tasks[here]
