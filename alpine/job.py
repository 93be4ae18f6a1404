"""Jobs: workflows and other workfiles that run on a schedule or on demand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from typing import Any

from alpine import exception
from alpine import task as _task
from alpine._arguments import Id, find_id, given, identifier, page_size, text
from alpine._display.progress import Progress
from alpine._display.records import Record, RecordList
from alpine._http.body import BytesBody
from alpine._http.deadline import limited
from alpine._http.request import Request
from alpine._http.transport import Transport
from alpine._named_workspace import workspace_id_beside
from alpine._pager import Listing
from alpine._restating import restated, restating
from alpine._runs import polling
from alpine._runs.handle import limits
from alpine._runs.polling import time_for, wait_for
from alpine._schedule import Notify, ScheduleType, interval_of, moments_of, notifications, now, schedule_of
from alpine.alpineobject import AlpineObject, Resource
from alpine.exception import *  # noqa: F403 - so does import * of this module, as in 1.0.14
from alpine.exception import (
    AlpineException,
    JobNotFoundException,
    RunJobFailureException,
    RunJobTimeoutException,
    ServerConnectionException,
    UserNotFoundException,
    ValidationException,
    WorkspaceNotFoundException,
)
from alpine.workspace import workspace_id_of

__all__ = ["AlpineObject", "Job", "datetime", "timedelta"]
__all__ += exception.__all__

_ERRORS = {404: JobNotFoundException}


# In the body of the class below these names mean its attributes.
_ScheduleType = ScheduleType


class Job(Resource):
    """A class for interacting with jobs. For their tasks, see :class:`Task`."""

    ScheduleType = ScheduleType
    Notify = Notify
    TaskType = _task.TaskType
    Task = _task.Task
    scheduleType: _ScheduleType = ScheduleType()  # noqa: N815 - the name that scripts use
    """The schedules, as in ``session.job.scheduleType.Weekly``."""

    def _bind(self, base_url: str, transport: Transport) -> None:
        super()._bind(base_url, transport)
        self.task: _task.Task = _task.Task._beside(self)
        """The tasks of jobs."""

    def create(
        self,
        workspace_id: Id,
        job_name: str,
        schedule_type: str | None = None,
        interval_value: int = 0,
        next_run: datetime | str | None = None,
        time_zone: str | tzinfo | None = None,
        *,
        end_run: datetime | str | None = None,
        enabled: bool | None = None,
        success_notify: str | None = None,
        failure_notify: str | None = None,
        success_recipients: list[int] | None = None,
        failure_recipients: list[int] | None = None,
    ) -> Record:
        """Create a job. Calls ``POST /workspaces/:id/jobs``.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :param job_name: The name, which must be unique in the workspace.
        :type job_name: str
        :param schedule_type: A value of :class:`ScheduleType`; ``OnDemand`` by default.
        :type schedule_type: str
        :param interval_value: The number of hours, days, weeks or months between two runs; at least 1 for a schedule.
        :type interval_value: int
        :param next_run: The first run; by default now. With a zone it is converted to ``time_zone``, without one it is
            local time in that zone. A string must be in ISO format.
        :type next_run: datetime.datetime
        :param time_zone: The zone of the schedule, such as ``"US/Pacific"``, or a ``zoneinfo`` or pytz object;
            by default that of ``next_run``, else UTC.
        :type time_zone: str
        :param end_run: When the schedule ends.
        :type end_run: datetime.datetime
        :param enabled: Whether the schedule is active. By default, a server may leave new jobs inactive.
        :type enabled: bool
        :param success_notify: Who is notified of a success, a value of :class:`Notify`.
        :type success_notify: str
        :param failure_notify: Who is notified of a failure, a value of :class:`Notify`.
        :type failure_notify: str
        :param success_recipients: IDs of the members to notify, for ``Notify.Selected``.
        :type success_recipients: list
        :param failure_recipients: IDs of the members to notify, for ``Notify.Selected``.
        :type failure_recipients: list
        :returns: The new job's metadata.
        :rtype: dict
        :raises InvalidArgumentException: A schedule without an interval, which would hang the server; or another
            argument is wrong.
        :raises WorkspaceNotFoundException: The workspace does not exist.
        :raises ValidationException: The name is taken, or ``next_run`` is in the past.
        :raises NotLicensedException: The licence does not cover jobs.

        Example:

        >>> daily = session.job.scheduleType.Daily
        >>> job = session.job.create(workspace_id, "nightly", daily, 1, enabled=True)
        >>> job["interval_unit"]
        'days'
        """
        name = text(job_name, "job_name")
        unit = ScheduleType.checked(ScheduleType.OnDemand if schedule_type is None else schedule_type, "schedule_type")
        next_run, end_run = moments_of(next_run, end_run, time_zone)
        job = {
            "name": name,
            "interval_unit": unit,
            "interval_value": interval_of(interval_value, on_demand=unit == ScheduleType.OnDemand),
            **({} if unit == ScheduleType.OnDemand else schedule_of(next_run or now(), end_run, time_zone)),
            **notifications(enabled, success_notify, failure_notify, success_recipients, failure_recipients),
        }
        workspace = workspace_id_of(self, workspace_id)
        return self._one(
            Request(
                "POST",
                f"workspaces/{workspace}/jobs",
                f"create job {name!r} in workspace {workspace}",
                body=BytesBody.json({"job": job}),
                errors={404: WorkspaceNotFoundException},
                how_to_check="Check with session.job.get_id whether it is there before you create it again.",
            )
        )

    def update(
        self,
        workspace_id: Id,
        job_id: Id,
        *,
        name: str | None = None,
        schedule_type: str | None = None,
        interval_value: int | None = None,
        next_run: datetime | str | None = None,
        time_zone: str | tzinfo | None = None,
        end_run: datetime | str | None = None,
        enabled: bool | None = None,
        success_notify: str | None = None,
        failure_notify: str | None = None,
        success_recipients: list[int] | None = None,
        failure_recipients: list[int] | None = None,
        owner_id: Id | None = None,
    ) -> Record:
        """Change a job. Only the values that are given are changed. Calls ``PUT /workspaces/:id/jobs/:id``.

        The parameters are those of :meth:`create`. Without ``time_zone``, times are in the zone of the job. If a job
        that ran on demand gets a schedule, its first run is now, unless ``next_run`` is given.

        :param job_id: ID of the job.
        :type job_id: int
        :param name: A new name.
        :type name: str
        :param owner_id: ID of a new owner, who must be a member of the workspace.
        :type owner_id: int
        :returns: The job's metadata after the change.
        :rtype: dict
        :raises JobNotFoundException: The job does not exist.
        :raises ValidationException: The server rejects a value.

        Example:

        >>> session.job.update(workspace_id, job_id, name="weekly report")["name"]
        'weekly report'
        """
        job = identifier(job_id, "job_id", JobNotFoundException)
        next_run, end_run = moments_of(next_run, end_run, time_zone)
        document = {
            **given(
                name=None if name is None else text(name, "name"),
                owner_id=None if owner_id is None else identifier(owner_id, "owner_id", UserNotFoundException),
            ),
            **notifications(enabled, success_notify, failure_notify, success_recipients, failure_recipients),
        }
        starts = False
        if schedule_type is not None:
            unit = ScheduleType.checked(schedule_type, "schedule_type")
            document |= {
                "interval_unit": unit,
                "interval_value": interval_of(interval_value, on_demand=unit == ScheduleType.OnDemand),
            }
            starts = unit != ScheduleType.OnDemand and next_run is None
        elif interval_value is not None:
            document["interval_value"] = interval_of(interval_value)
        workspace = workspace_id_of(self, workspace_id)
        if starts or (time_zone is None and (next_run or end_run)):
            found = self.get(workspace, job)
            next_run = now() if starts and not found.get("next_run") else next_run
            # On demand, a job has only a zone that the server chose.
            if found.get("interval_unit") != ScheduleType.OnDemand:
                time_zone = time_zone or found.get("time_zone")
        document |= schedule_of(next_run, end_run, time_zone)
        if not document:
            return self.get(workspace, job)
        return self._one(
            Request(
                "PUT",
                f"workspaces/{workspace}/jobs/{job}",
                f"update job {job}",
                body=BytesBody.json({"job": document}),
                idempotent=True,
                errors=_ERRORS,
            )
        )

    def enable(self, workspace_id: Id, job_id: Id) -> Record:
        """Activate the schedule of a job. Calls ``PUT /workspaces/:id/jobs/:id``.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :param job_id: ID of the job.
        :type job_id: int
        :returns: The job's metadata after the change.
        :rtype: dict
        :raises JobNotFoundException: The job does not exist.

        Example:

        >>> session.job.enable(workspace_id, job_id)["enabled"]
        True
        """
        return self.update(workspace_id, job_id, enabled=True)

    def disable(self, workspace_id: Id, job_id: Id) -> Record:
        """Deactivate the schedule of a job. Calls ``PUT /workspaces/:id/jobs/:id``.

        Parameters, result and exceptions are those of :meth:`enable`.

        Example:

        >>> session.job.disable(workspace_id, job_id)["enabled"]
        False
        """
        return self.update(workspace_id, job_id, enabled=False)

    def delete(self, workspace_id: Id, job_id: Id) -> None:
        """Delete a job. Calls ``DELETE /workspaces/:id/jobs/:id``.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :param job_id: ID of the job.
        :type job_id: int
        :returns: None.
        :rtype: NoneType
        :raises JobNotFoundException: The job does not exist.

        Example:

        >>> session.job.delete(workspace_id, job_id)
        """
        job, workspace = identifier(job_id, "job_id", JobNotFoundException), workspace_id_of(self, workspace_id)
        path = f"workspaces/{workspace}/jobs/{job}"
        self._request(Request("DELETE", path, f"delete job {job}", idempotent=True, errors=_ERRORS))

    def get(self, workspace_id: Id, job_id: Id) -> Record:
        """Return metadata for a job, its tasks included. Calls ``GET /workspaces/:id/jobs/:id``.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :param job_id: ID of the job.
        :type job_id: int
        :returns: Selected job's metadata.
        :rtype: dict
        :raises JobNotFoundException: The job does not exist.

        Example:

        >>> session.job.get(workspace_id, job_id)["status"]
        'idle'
        """
        job = identifier(job_id, "job_id", JobNotFoundException)
        return self._get(workspace_id_of(self, workspace_id), job)

    def _get(self, workspace: int, job: int, *, deadline: float | None = None) -> Record:
        path = f"workspaces/{workspace}/jobs/{job}"
        return self._one(Request("GET", path, f"get job {job}", errors=_ERRORS, deadline=deadline))

    def get_list(self, workspace_id: Id, per_page: int = 50) -> RecordList:
        """Return all jobs of a workspace, ordered by name. Calls ``GET /workspaces/:id/jobs``.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :param per_page: Maximum number to fetch with each API call.
        :type per_page: int
        :returns: List of jobs' metadata, without tasks.
        :rtype: list of dict
        :raises WorkspaceNotFoundException: The workspace does not exist.

        Example:

        >>> names = [job["name"] for job in session.job.get_list(workspace_id)]
        """
        size, (path, action) = page_size(per_page), self._list_path(workspace_id)
        return self._list(Listing(path, action, errors={404: WorkspaceNotFoundException}), size)

    def iterate(self, workspace_id: Id, per_page: int = 50) -> Iterator[dict[str, Any]]:
        """Iterate over the jobs of a workspace, page by page. Calls ``GET /workspaces/:id/jobs``.

        Parameters and exceptions are those of :meth:`get_list`.

        Example:

        >>> names = [job["name"] for job in session.job.iterate(workspace_id)]
        """
        size, (path, action) = page_size(per_page), self._list_path(workspace_id)
        return self._iterate(Listing(path, action, errors={404: WorkspaceNotFoundException}), size)

    def _list_path(self, workspace_id: Id) -> tuple[str, str]:
        workspace = workspace_id_of(self, workspace_id)
        return f"workspaces/{workspace}/jobs", f"list the jobs of workspace {workspace}"

    def get_id(self, workspace_id: Id, job_name: str) -> int:
        """Return the ID of a job. Calls ``GET /workspaces/:id/jobs``.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :param job_name: Name of the job.
        :type job_name: str
        :returns: ID of the job.
        :rtype: int
        :raises JobNotFoundException: The job does not exist.
        :raises WorkspaceNotFoundException: The workspace does not exist.

        Example:

        >>> session.job.get_id(workspace_id, "report") == job_id
        True
        """
        workspace = workspace_id_beside(self, workspace_id, text(job_name, "job_name"), JobNotFoundException.by_name)
        return find_id(self.iterate(workspace, 1000), "name", job_name, "job", JobNotFoundException)

    def run(self, job_id: Id) -> Record:
        """Run a job now. Calls ``POST /jobs/:id/run``.

        :param job_id: ID of the job.
        :type job_id: int
        :returns: The job's metadata; its ``status`` is ``'enqueued'``.
        :rtype: dict
        :raises JobNotFoundException: The job does not exist.
        :raises RunJobFailureException: The job is running already.
        :raises OutcomeUnknownException: The response was lost; the job may have started.

        Example:

        >>> session.job.run(job_id)["status"]
        'enqueued'
        """
        job = identifier(job_id, "job_id", JobNotFoundException)
        check = "Check with session.job.get whether its status is still 'idle'."
        busy = "A job runs once at a time: wait until it is idle."
        with restating(ValidationException, lambda error: restated(error, RunJobFailureException, busy)):
            return self._one(Request("POST", f"jobs/{job}/run", f"run job {job}", errors=_ERRORS, how_to_check=check))

    def stop(self, job_id: Id) -> Record:
        """Stop a job that is running. Calls ``POST /jobs/:id/stop``.

        :param job_id: ID of the job.
        :type job_id: int
        :returns: The job's metadata; its ``status`` is ``'stopping'``.
        :rtype: dict
        :raises JobNotFoundException: The job does not exist.

        Example:

        >>> started = session.job.run(job_id)
        >>> session.job.stop(job_id)["id"] == job_id
        True
        """
        job = identifier(job_id, "job_id", JobNotFoundException)
        return self._one(Request("POST", f"jobs/{job}/stop", f"stop job {job}", idempotent=True, errors=_ERRORS))

    def last_result(self, job_id: Id) -> Record | None:
        """Return the result of the last run of a job. Calls ``GET /jobs/:id/job_results/latest``.

        :param job_id: ID of the job.
        :type job_id: int
        :returns: The result: ``succeeded``, ``started_at``, ``finished_at`` and ``job_task_results``; None if the job
            has not run yet.
        :rtype: dict
        :raises JobNotFoundException: The job does not exist.

        Example:

        >>> session.job.last_result(job_id) is None
        True
        """
        job = identifier(job_id, "job_id", JobNotFoundException)
        path, action = f"jobs/{job}/job_results/latest", f"read the last result of job {job}"
        response = self._request(Request("GET", path, action, errors=_ERRORS))
        document = self._document(response)
        if isinstance(document, dict) and document.get("response", ...) is None:
            return None
        return self._object_in(response)

    def wait_until_finished(
        self, workspace_id: Id, job_id: Id, verbose: bool = False, query_time: float = 10, timeout: float = 3600
    ) -> Record:
        """Wait for a job that was started to finish. Calls ``GET /workspaces/:id/jobs/:id``.

        The server may report the end of a workflow up to 45 seconds late. The job is not stopped after ``timeout``.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :param job_id: ID of the job.
        :type job_id: int
        :param verbose: Print the time and the status.
        :type verbose: bool
        :param query_time: Maximum number of seconds between two polls.
        :type query_time: float
        :param timeout: Seconds to wait; the call ends at most 15 seconds later.
        :type timeout: float
        :returns: The result of the run, as returned by :meth:`last_result`.
        :rtype: dict
        :raises JobNotFoundException: The job does not exist.
        :raises RunJobFailureException: The run failed, or there was no run. The message contains those of the tasks.
        :raises RunJobTimeoutException: The job is still running.
        :raises ServerConnectionException: The server could not be reached when ``timeout`` had passed.

        Example:

        >>> started = session.job.run(job_id)
        >>> session.job.wait_until_finished(workspace_id, job_id)["succeeded"]
        True
        """
        job = identifier(job_id, "job_id", JobNotFoundException)
        longest, limit = limits(query_time, timeout)
        clock = self._transport.clock
        began = clock.now()
        with limited(time_for(limit), advice=""):
            workspace = workspace_id_of(self, workspace_id)
        left = limit - (clock.now() - began)
        last: object = None
        with Progress(bool(verbose)) as progress:

            def ask(elapsed: float) -> Record | None:
                nonlocal last
                found = self._get(workspace, job, deadline=time_for(left - elapsed))
                last = found.get("status")
                if last == "idle":
                    return found
                progress.update(elapsed, str(last))
                return None

            try:
                over = wait_for(ask, clock, longest_gap=longest, timeout=left)
            except AlpineException:
                raise
            except BaseException as error:
                error.add_note(f"Job {job} goes on. To wait again: wait_until_finished({workspace}, {job}).")
                raise
            if over.last_error is not None:
                raise ServerConnectionException(
                    f"The server could not be reached while waiting for job {job} (last status: {last}; last error: "
                    f"{over.last_error}) The job may go on: wait_until_finished picks it up again."
                )
            if over.value is None:
                raise RunJobTimeoutException(f"Job {job} was still {last} after {limit:g} s, and goes on.")
            with limited(time_for(left + polling.LAST_LOOK - over.elapsed), advice=""):
                result = self.last_result(job)
            judged = self._judged(job, over.value, result)
            progress.finish(over.elapsed, str(last))
        return judged

    def _judged(self, job: int, record: dict[str, Any], result: Record | None) -> Record:
        if result is None and not record.get("last_run"):
            raise RunJobFailureException(f"Job {job} is idle and never ran: start it with job.run.")
        failed = record.get("last_run_failed") if result is None else not result.get("succeeded")
        tasks = (result or Record()).get("job_task_results")
        if failed:
            reasons = [
                f"{task.get('name')}: {task.get('message')}"
                for task in (tasks if isinstance(tasks, list) else [])
                if isinstance(task, dict) and task.get("status") != "success"
            ]
            said = self._transport.clean("; ".join(reasons))[:1000].rstrip(".") or "the server does not say why"
            raise RunJobFailureException(f"The run of job {job} failed: {said}.")
        return result or Record()
