"""Jobs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Any

from werkzeug.wrappers import Response

from alpine.sandbox.presenters.jobs import full_job, job_result, short_job
from alpine.sandbox.routes.checks import Fields, assign, choice, complain, refuse, required
from alpine.sandbox.routes.patterns import like
from alpine.sandbox.schedule import expire
from alpine.sandbox.state.model import INTERVAL_UNITS, Job, Workspace
from alpine.sandbox.web.call import Call, Routes, by_name, envelope, found
from alpine.sandbox.web.errors import Forbidden, FrameworkError, Invalid, Refused
from alpine.sandbox.web.params import as_id, as_list, as_text
from alpine.sandbox.zones import zone

routes: Routes = Routes()

_FLAT = (
    "name",
    "interval_unit",
    "interval_value",
    "next_run",
    "end_run",
    "time_zone",
    "enabled",
    "success_notify",
    "failure_notify",
    "description",
)
_NOTIFY = ("nobody", "everybody", "selected")
_GRACE_SECONDS = 60


@routes.add("GET", "/workspaces/<workspace_id>/jobs")
def index(call: Call) -> Response:
    """List the jobs of a workspace by name or by their next run."""
    licensed(call)
    rows = call.state.jobs_of(call.workspace())
    if pattern := call.params.text("name_pattern"):
        matches = like(pattern)
        rows = [row for row in rows if matches(row.name)]
    order = call.params.text("order")
    if order == "next_run":
        rows = sorted(rows, key=lambda row: row.next_run or datetime.max.replace(tzinfo=UTC))
    elif order in ("", "name"):
        rows = by_name(rows, lambda row: row.name)
    else:
        raise FrameworkError(500)
    return call.paged(rows, lambda row: short_job(call.view, row))


@routes.add("GET", "/workspaces/<workspace_id>/jobs/<id>")
def show(call: Call) -> Response:
    """Show one job with its tasks."""
    licensed(call)
    call.workspace()
    job = call.record(call.state.jobs)
    call.workspace_of(job)
    return envelope(full_job(call.view, job))


@routes.add("POST", "/workspaces/<workspace_id>/jobs")
def create(call: Call) -> Response:
    """Make a job; it is not enabled unless that is asked for."""
    licensed(call)
    workspace = editable(call)
    sent = call.params.resource("job", _FLAT)
    job = Job(workspace_id=workspace.id, name="", owner_id=call.user.id)
    _change(call, workspace, job, {"name": None, "interval_value": 0, **sent})
    call.state.jobs.add(job)
    call.backend.scheduler.wake()
    return envelope(full_job(call.view, job), 201)


@routes.add("PUT", "/workspaces/<workspace_id>/jobs/<id>")
def update(call: Call) -> Response:
    """Change what was sent, or the order of the tasks instead."""
    licensed(call)
    job, workspace = editable_job(call)
    sent = call.params.resource("job", _FLAT)
    if "task_id_order" in sent:
        wanted = [as_id(item) for item in as_list(sent["task_id_order"])]
        job.tasks.sort(key=lambda task: wanted.index(task.id) if task.id in wanted else len(wanted))
    else:
        _change(call, workspace, job, sent)
    job.updated_at = call.state.clock()
    return envelope(full_job(call.view, job))


@routes.add("DELETE", "/workspaces/<workspace_id>/jobs/<id>")
def delete(call: Call) -> Response:
    """Remove a job."""
    licensed(call)
    job, _ = editable_job(call)
    job.deleted = True
    return call.done()


@routes.add("POST", "/jobs/<id>/run")
def run(call: Call) -> Response:
    """Start a job that is idle."""
    job = _runnable(call)
    if job.status != "idle":
        raise Invalid.field("base", "NOT_RUNNABLE")
    job.status = "enqueued"
    response = envelope(full_job(call.view, job), 202)
    call.backend.jobs.start(job)
    return response


@routes.add("POST", "/jobs/<id>/stop")
def stop(call: Call) -> Response:
    """Stop a job's run."""
    job = _runnable(call)
    if job.status == "idle":
        return envelope(full_job(call.view, job), 202)
    job.status = "stopping"
    call.backend.jobs.stop(job)
    return envelope(full_job(call.view, job), 202)


@routes.add("GET", "/jobs/<id>/job_results/<result_id>")
def last_result(call: Call) -> Response:
    """Show how the last run ended, whichever result is asked for."""
    licensed(call)
    job = call.record(call.state.jobs)
    call.workspace_of(job)
    return envelope(job_result(job.results[-1]) if job.results else None)


def licensed(call: Call) -> None:
    """Insist that the licence allows jobs.

    :param call: The request.
    :raises Refused: 403 when it does not.
    """
    if not call.state.settings.jobs_licensed:
        raise Refused(403, {"license": "NOT_LICENSED"})


def editable(call: Call) -> Workspace:
    """Find the workspace that the path names, if the caller may change its jobs.

    :param call: The request.
    :returns: The workspace.
    """
    return _may_edit(call, call.workspace())


def editable_job(call: Call, name: str = "id") -> tuple[Job, Workspace]:
    """Find the job that the path names, if the caller may change it.

    The server finds it by its id alone and looks at the path's workspace for the permission; here the caller needs it
    in the job's own workspace as well.

    :param call: The request.
    :param name: The placeholder of the job in the path.
    :returns: The job and its workspace.
    """
    if "workspace_id" in call.path:
        editable(call)
    job = call.record(call.state.jobs, name)
    return job, _may_edit(call, call.workspace_of(job))


def _may_edit(call: Call, workspace: Workspace) -> Workspace:
    if not call.view.belongs(workspace) or workspace.archived_at is not None:
        raise Forbidden
    return workspace


def _runnable(call: Call) -> Job:
    licensed(call)
    return editable_job(call)[0]


def _change(call: Call, workspace: Workspace, job: Job, sent: Mapping[str, Any]) -> None:
    fields = _faults(call, workspace, job, sent)
    schedule = _schedule(call, job, sent, fields)
    refuse(fields)
    for name, value in schedule.items():
        setattr(job, name, value)
    assign(job, sent, texts=("name", "success_notify", "failure_notify", "description"), flags=("enabled",))
    for name in ("success_recipients", "failure_recipients"):
        if name in sent:
            ids = [as_id(item) for item in as_list(sent[name])]
            setattr(job, name, [user_id for user_id in ids if user_id in workspace.members])
    if "owner_id" in sent:
        job.owner_id = as_id(sent["owner_id"]) or job.owner_id
    expire(job)
    call.backend.scheduler.wake()


def _faults(call: Call, workspace: Workspace, job: Job, sent: Mapping[str, Any]) -> Fields:
    fields: Fields = {}
    if "name" in sent:
        required(fields, sent, ("name",))
        if as_text(sent["name"]) in {row.name for row in call.state.jobs_of(workspace) if row is not job}:
            complain(fields, "name", "TAKEN")
    unit = as_text(sent.get("interval_unit", job.interval_unit if job.id else ""))
    choice(fields, "interval_unit", unit, INTERVAL_UNITS)
    if "interval_value" in sent:
        value = as_text(sent["interval_value"])
        if not value:
            complain(fields, "interval_value", "BLANK")
        elif as_id(value) is None:
            complain(fields, "interval_value", "NOT_A_NUMBER", {"value": value})
    for name in ("success_notify", "failure_notify"):
        if name in sent:
            choice(fields, name, as_text(sent[name]), _NOTIFY)
    if "owner_id" in sent:
        owner = found(call.state.users.find(as_id(sent["owner_id"])))
        if owner.id not in workspace.members and not owner.admin:
            complain(fields, "owner", "JOB_OWNER_MEMBERSHIP_REQUIRED")
        elif owner.id != job.owner_id:
            _check_tasks(call, job)
    return fields


def _check_tasks(call: Call, job: Job) -> None:
    """Insist that the caller may see what a job runs.

    The tasks run with the rights of the job's owner. Otherwise a user who may no longer see a workflow's workspace
    could give the job to somebody who may.
    """
    for task in job.live_tasks:
        workfile = call.state.workfiles.find(task.workfile_id)
        if workfile is not None:
            call.workspace_of(workfile)


def _schedule(call: Call, job: Job, sent: Mapping[str, Any], fields: Fields) -> dict[str, Any]:
    unit = as_text(sent.get("interval_unit", job.interval_unit))
    new: dict[str, Any] = {"interval_unit": unit}
    if "interval_value" in sent:
        new["interval_value"] = as_id(sent["interval_value"]) or 0
    if as_text(sent.get("time_zone")):
        new["time_zone"] = _known_zone(as_text(sent["time_zone"]))
    if unit == "on_demand":
        return {**new, "next_run": None, "end_run": None}
    wall_clock_zone = new.get("time_zone")
    if wall_clock_zone and job.next_run is None and not as_text(sent.get("next_run")):
        # The real server stumbles over the missing date.
        raise FrameworkError(500)
    for name, code in (("next_run", "NEXT_RUN_IN_PAST"), ("end_run", "END_RUN_IN_PAST")):
        if name in sent:
            new[name] = _moment(as_text(sent[name]), wall_clock_zone)
            if new[name] is not None and new[name].timestamp() < call.state.clock() - _GRACE_SECONDS:
                complain(fields, "job", code)
    if new.keys() & {"next_run", "time_zone"}:
        new["time_of_day"] = _time_of_day(job, new, as_text(sent.get("next_run")))
    return new


def _time_of_day(job: Job, new: Mapping[str, Any], sent: str) -> time | None:
    next_run: datetime | None = new.get("next_run", job.next_run)
    if next_run is None:
        return None
    if sent and "time_zone" in new:
        # Not that of the first run, which is another where summer time skips the hour.
        return datetime.fromisoformat(sent.strip()).time()
    return next_run.astimezone(zone(new.get("time_zone", job.time_zone))).time()


def _known_zone(name: str) -> str:
    try:
        zone(name)
    except ValueError as error:
        raise FrameworkError(500) from error
    return name


def _moment(text: str, wall_clock_zone: str | None) -> datetime | None:
    if text in ("", "false"):
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
        if wall_clock_zone:
            # The offset that was sent is dropped: the wall clock counts, in the job's zone.
            return moment.replace(tzinfo=zone(wall_clock_zone)).astimezone(UTC)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise FrameworkError(500) from error
