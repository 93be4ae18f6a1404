"""The tasks of a job."""

from __future__ import annotations

from alpine._arguments import Id, find_id, identifier, text
from alpine._constants import Constants
from alpine._display.records import Record, RecordList
from alpine._http.body import BytesBody
from alpine._http.request import Request
from alpine._named_workspace import workspace_id_beside
from alpine._restating import restated, restating
from alpine.alpineobject import Resource
from alpine.exception import JobNotFoundException, TaskNotFoundException, WorkfileNotFoundException
from alpine.workspace import workspace_id_of


class TaskType(Constants):
    """The kinds of tasks."""

    RunWorkflow = "run_work_flow"
    RunSQLFile = "run_sql_workfile"
    RunNotebook = "notebook"


# In the body of the class below these names mean its attributes.
_TaskType = TaskType


class Task(Resource):
    """A class for interacting with the tasks of jobs. The server returns them only as part of their job."""

    TaskType = TaskType
    taskType: _TaskType = TaskType()  # noqa: N815 - like the names that scripts use
    """The kinds of tasks, as in ``session.job.task.taskType.RunWorkflow``."""

    def create(self, workspace_id: Id, job_id: Id, workfile_id: Id, task_type: str | None = None) -> Record:
        """Add a task to a job. Calls ``POST /workspaces/:id/jobs/:id/job_tasks``.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :param job_id: ID of the job.
        :type job_id: int
        :param workfile_id: ID of the workfile to run.
        :type workfile_id: int
        :param task_type: A value of :class:`TaskType`; ``RunWorkflow`` by default.
        :type task_type: str
        :returns: The new task's metadata.
        :rtype: dict
        :raises JobNotFoundException: The job does not exist.
        :raises WorkfileNotFoundException: The workfile does not exist, or a task of this type cannot run it.
        :raises ValidationException: The server does not know this kind of task.

        Example:

        >>> session.job.task.create(workspace_id, job_id, workflow_id)["name"]
        'Run order_filter'
        """
        job = identifier(job_id, "job_id", JobNotFoundException)
        workfile = identifier(workfile_id, "workfile_id", WorkfileNotFoundException)
        kind = TaskType.checked(TaskType.RunWorkflow if task_type is None else task_type, "task_type")
        workspace = workspace_id_of(self, workspace_id)
        action = f"add a task for workfile {workfile} to job {job}"

        def tell_what_is_missing(error: WorkfileNotFoundException) -> WorkfileNotFoundException:
            # The server's response does not say what is missing: the job, or the workfile.
            self._tasks(workspace, job, action)
            more = f"The job is there; the workfile is not, or is none that a task of type {kind!r} runs."
            return restated(error, WorkfileNotFoundException, more)

        with restating(WorkfileNotFoundException, tell_what_is_missing):
            return self._one(
                Request(
                    "POST",
                    f"workspaces/{workspace}/jobs/{job}/job_tasks",
                    action,
                    body=BytesBody.json({"job_task": {"action": kind, "workfile_id": workfile}}),
                    errors={404: WorkfileNotFoundException},
                    how_to_check="Check with session.job.task.get_list whether it is there before you create it again.",
                )
            )

    def get_list(self, workspace_id: Id, job_id: Id) -> RecordList:
        """Return the tasks of a job, in the order in which they run. Calls ``GET /workspaces/:id/jobs/:id``.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :param job_id: ID of the job.
        :type job_id: int
        :returns: List of tasks' metadata.
        :rtype: list of dict
        :raises JobNotFoundException: The job does not exist.

        Example:

        >>> tasks = session.job.task.get_list(workspace_id, job_id)
        """
        job, workspace = identifier(job_id, "job_id", JobNotFoundException), workspace_id_of(self, workspace_id)
        return self._tasks(workspace, job, f"list the tasks of job {job}")

    def _tasks(self, workspace: int, job: int, action: str) -> RecordList:
        request = Request("GET", f"workspaces/{workspace}/jobs/{job}", action, errors={404: JobNotFoundException})
        response = self._request(request)
        tasks = self._object_in(response).get("tasks") or []
        if not isinstance(tasks, list):
            raise self._unusable(response, "the job's tasks are no list")
        return RecordList(task for task in tasks if isinstance(task, dict))

    def get(self, workspace_id: Id, job_id: Id, task_id: Id) -> Record:
        """Return metadata for a task of a job. Calls ``GET /workspaces/:id/jobs/:id``.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :param job_id: ID of the job.
        :type job_id: int
        :param task_id: ID of the task.
        :type task_id: int
        :returns: Selected task's metadata.
        :rtype: dict
        :raises JobNotFoundException: The job does not exist.
        :raises TaskNotFoundException: The job has no such task.

        Example:

        >>> task = session.job.task.create(workspace_id, job_id, workflow_id)
        >>> session.job.task.get(workspace_id, job_id, task["id"])["action"]
        'run_work_flow'
        """
        number = identifier(task_id, "task_id", TaskNotFoundException)
        for task in self.get_list(workspace_id, job_id):
            if task.get("id") == number:
                return Record(task)
        raise TaskNotFoundException(f"Job {job_id} has no task {number}; session.job.task.get_list shows those it has.")

    def get_id(self, workspace_id: Id, job_id: Id, task_name: str) -> int:
        """Return the ID of a task of a job. Calls ``GET /workspaces/:id/jobs/:id``.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :param job_id: ID of the job.
        :type job_id: int
        :param task_name: Name of the task, given by the server: ``Run <name of the workfile>``.
        :type task_name: str
        :returns: ID of the task.
        :rtype: int
        :raises JobNotFoundException: The job does not exist.
        :raises TaskNotFoundException: The job has no such task.

        Example:

        >>> task = session.job.task.create(workspace_id, job_id, workflow_id)
        >>> name = "Run order_filter"
        >>> session.job.task.get_id(workspace_id, job_id, name) == task["id"]
        True
        """
        name = text(task_name, "task_name")
        job = identifier(job_id, "job_id", JobNotFoundException)
        workspace = workspace_id_beside(self, workspace_id, name, TaskNotFoundException.by_name)
        return find_id(self.get_list(workspace, job), "name", name, "task", TaskNotFoundException)

    def delete(self, workspace_id: Id, job_id: Id, task_id: Id) -> None:
        """Delete a task of a job. Calls ``DELETE /workspaces/:id/jobs/:id/job_tasks/:id``.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :param job_id: ID of the job.
        :type job_id: int
        :param task_id: ID of the task.
        :type task_id: int
        :returns: None.
        :rtype: NoneType
        :raises TaskNotFoundException: The task does not exist.

        Example:

        >>> task = session.job.task.create(workspace_id, job_id, workflow_id)
        >>> session.job.task.delete(workspace_id, job_id, task["id"])
        """
        job = identifier(job_id, "job_id", JobNotFoundException)
        number = identifier(task_id, "task_id", TaskNotFoundException)
        workspace = workspace_id_of(self, workspace_id)
        path = f"workspaces/{workspace}/jobs/{job}/job_tasks/{number}"
        kinds = {404: TaskNotFoundException}
        self._request(Request("DELETE", path, f"delete task {number} of job {job}", idempotent=True, errors=kinds))
