"""Runs jobs: their tasks one after the other, in a thread for each run."""

from __future__ import annotations

import json
import logging
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from alpine.sandbox.presenters.view import View
from alpine.sandbox.schedule import move_on
from alpine.sandbox.state.collaboration import record_event
from alpine.sandbox.state.model import Job, JobResult, JobTask, TaskResult, User, Workfile
from alpine.sandbox.state.store import State

if TYPE_CHECKING:
    from alpine.sandbox.backend import Backend

log: logging.Logger = logging.getLogger("alpine.sandbox")

_LOOK_SECONDS = 0.05


class TaskFailed(Exception):
    """A task cannot be run, or its run did not succeed; the text says why.

    :param message: The reason.
    :param process_id: The run that failed, where one was started.
    """

    def __init__(self, message: str, process_id: str | None = None) -> None:
        super().__init__(message)
        self.process_id = process_id


class JobRunner:
    """Starts, stops and records the runs of jobs.

    :param backend: The records and the engine.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._lock = threading.Lock()
        self._threads: dict[threading.Thread, threading.Event] = {}
        self._latest: dict[int, threading.Thread] = {}

    def start(self, job: Job) -> None:
        """Run a job; the caller holds the records' lock and has made it ``enqueued``.

        :param job: The job.
        """
        stop = threading.Event()
        thread = threading.Thread(target=self._run, args=(job, stop), name=f"sandbox job {job.id}", daemon=True)
        with self._lock:
            self._threads = {other: end for other, end in self._threads.items() if other.is_alive()}
            # Started before anybody can find it: a thread that was not started cannot be joined.
            thread.start()
            self._threads[thread] = stop
            self._latest[job.id] = thread

    def stop(self, job: Job) -> None:
        """Ask the run of a job to end.

        :param job: The job.
        """
        with self._lock:
            thread = self._latest.get(job.id)
            if thread in self._threads:
                self._threads[thread].set()

    def wait(self, job: Job, seconds: float) -> None:
        """Wait for the end of a job's run, if one goes on.

        :param job: The job.
        :param seconds: How long.
        """
        with self._lock:
            thread = self._latest.get(job.id)
        if thread is not None:
            thread.join(seconds)

    def stop_all(self) -> None:
        """Ask every run to end, and wait for it."""
        with self._lock:
            threads, self._threads, self._latest = self._threads, {}, {}
        for stop in threads.values():
            stop.set()
        for thread in threads:
            thread.join()

    def _run(self, job: Job, stop: threading.Event) -> None:
        state = self._backend.state
        started = state.clock()
        with state.lock:
            if job.status == "enqueued":
                job.status = "running"
            job.last_run = datetime.fromtimestamp(started, UTC)
            move_on(job, job.last_run)
            tasks = job.live_tasks
            owner = state.users.find(job.owner_id)
        results: list[TaskResult] = []
        try:
            for task in tasks:
                if stop.is_set() or owner is None:
                    break
                results.append(self._run_task(task, owner, stop))
                if results[-1].status != "success":
                    break
        finally:
            succeeded = len(results) == len(tasks) and all(result.status == "success" for result in results)
            with state.lock:
                job.results.append(JobResult(next(state.small_ids), succeeded, started, state.clock(), results))
                job.last_run_failed = not succeeded
                record_event(
                    state,
                    "JobSucceeded" if succeeded else "JobFailed",
                    job.owner_id,
                    {"job": ("job", job.id), "workspace": ("workspace", job.workspace_id)},
                    {"job_result_id": job.results[-1].id},
                )
                job.status = "idle"
                self._backend.scheduler.wake()

    def _run_task(self, task: JobTask, owner: User, stop: threading.Event) -> TaskResult:
        from alpine.sandbox.engine import EngineRefused

        state = self._backend.state
        workfile = state.workfiles.find(task.workfile_id)
        started = state.clock()
        message = process_id = None
        try:
            process_id = self._run_workflow(task, owner, stop)
        except TaskFailed as failure:
            message, process_id = str(failure), failure.process_id
        except EngineRefused as refusal:
            message = refusal.text
        except (ImportError, OSError) as error:
            # A package that went missing, or a workflow whose stored file did.
            message = str(error)
        return TaskResult(
            id=next(state.small_ids),
            name=f"Run {workfile.file_name}" if workfile else "[invalid task]",
            status="success" if message is None else "failure",
            started_at=started,
            finished_at=state.clock(),
            message=message,
            payload_id=task.workfile_id,
            process_id=process_id,
        )

    def _run_workflow(self, task: JobTask, owner: User, stop: threading.Event) -> str:
        backend = self._backend
        workfile = backend.state.workfiles.find(task.workfile_id)
        if workfile is None:
            raise TaskFailed("The workfile of this task is gone.")
        _check_owner(backend.state, owner, workfile)
        if not workfile.is_workflow:
            raise TaskFailed(f"The sandbox runs workflows only; it cannot do {task.action!r}.")
        process_id = backend.start_run(workfile, owner, {})
        while not backend.engine.wait(process_id, _LOOK_SECONDS):
            if stop.is_set():
                backend.engine.stop(process_id, 2)
                raise TaskFailed("The job was stopped.", process_id)
        status = _final_status(backend.engine.results(workfile.id, process_id))
        if status != "SUCCESS":
            raise TaskFailed(f"The workflow ended with status {status}.", process_id)
        return process_id


def _check_owner(state: State, owner: User, workfile: Workfile) -> None:
    # The owner may have left the workspace since the task was made, or have been given the job.
    with state.lock:
        workspace = state.workspaces.find(workfile.workspace_id)
        if workspace is None or not View(state, owner).may_see(workspace):
            raise TaskFailed(f"The job's owner {owner.username!r} may not see the workspace of {workfile.file_name!r}.")


def _final_status(results: str) -> str:
    if not results:
        return "unknown: it left no results"
    return str(json.loads(results)["flowMetaInfo"]["status"])
