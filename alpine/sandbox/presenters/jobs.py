"""Jobs, their tasks and the results of their runs."""

from __future__ import annotations

from typing import Any

from alpine.sandbox.presenters.people import short_user
from alpine.sandbox.presenters.view import View, moment
from alpine.sandbox.presenters.workfiles import workfile_object
from alpine.sandbox.presenters.workspaces import short_workspace
from alpine.sandbox.state.model import Job, JobResult, JobTask, Workfile
from alpine.sandbox.zones import zoned


def short_job(view: View, job: Job) -> dict[str, Any]:
    """The job as a row of a list and inside its tasks: no tasks, no owner.

    :param view: Who looks.
    :param job: The job.
    :returns: Its object.
    """
    workspace = view.state.workspaces.find(job.workspace_id)
    return {
        "id": job.id,
        "name": job.name,
        "workspace": short_workspace(view, workspace) if workspace else None,
        "interval_unit": job.interval_unit,
        "interval_value": job.interval_value,
        "next_run": zoned(job.next_run, job.time_zone),
        "end_run": zoned(job.end_run, job.time_zone),
        "last_run": zoned(job.last_run, job.time_zone),
        "time_zone": job.time_zone,
        "status": job.status,
        "enabled": job.enabled,
        "last_run_failed": job.last_run_failed,
        "success_notify": job.success_notify,
        "failure_notify": job.failure_notify,
        "success_recipients": list(job.success_recipients),
        "failure_recipients": list(job.failure_recipients),
        "description": job.description,
        "is_deleted": None,
    }


def full_job(view: View, job: Job) -> dict[str, Any]:
    """The job with its tasks and its owner.

    :param view: Who looks.
    :param job: The job.
    :returns: Its object.
    """
    return {
        **short_job(view, job),
        "tasks": [task_object(view, job, task) for task in job.live_tasks],
        "owner": short_user(view.state.users.find(job.owner_id)),
        "complete_json": True,
    }


def task_object(view: View, job: Job, task: JobTask) -> dict[str, Any]:
    """One task of a job; its number counts from 1.

    :param view: Who looks.
    :param job: The job.
    :param task: The task.
    :returns: Its object.
    """
    workfile = view.state.workfiles.find(task.workfile_id)
    shown = {
        "id": task.id,
        "job": short_job(view, job),
        "action": task.action,
        "index": job.live_tasks.index(task) + 1,
        "name": f"Run {workfile.file_name}" if workfile else "[invalid task]",
        "is_valid": workfile is not None,
        "is_deleted": None,
    }
    if task.action == "run_work_flow":
        shown["work_flow"] = _inner_workflow(view, workfile) if workfile else None
    return shown


def job_result(result: JobResult) -> dict[str, Any]:
    """How a run of a job ended.

    :param result: The result.
    :returns: Its object.
    """
    return {
        "id": result.id,
        "succeeded": result.succeeded,
        "started_at": moment(result.started_at),
        "finished_at": moment(result.finished_at),
        "job_task_results": [
            {
                "id": task.id,
                "name": task.name,
                "status": task.status,
                "started_at": moment(task.started_at),
                "finished_at": moment(task.finished_at),
                "message": task.message,
                "payload_id": task.payload_id,
                "payload_result_id": task.process_id,
            }
            for task in result.task_results
        ],
    }


def _inner_workflow(view: View, workfile: Workfile) -> dict[str, Any] | None:
    workspace = view.state.workspaces.find(workfile.workspace_id)
    # A task may name a workflow of another workspace, which those who see the job may not be allowed to see.
    if workspace is None or not view.may_see(workspace):
        return None
    shown = workfile_object(view, workfile)
    del shown["complete_json"]
    return shown
