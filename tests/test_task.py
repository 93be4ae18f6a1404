"""Tasks are added to jobs, found, and removed, although the server shows them only within their job."""

from __future__ import annotations

from pathlib import Path

import pytest

from alpine import APIClient
from alpine.exception import (
    ForbiddenException,
    InvalidArgumentException,
    JobNotFoundException,
    TaskNotFoundException,
    WorkfileNotFoundException,
)
from tests.scripted import Reply, ScriptedServer


@pytest.fixture
def job(client: APIClient) -> int:
    return int(client.job.create(1, "report")["id"])


@pytest.fixture
def flow(client: APIClient) -> int:
    return client.workfile.get_id("order_filter", 1)


def test_every_kind_of_task_is_made_and_listed_in_order(client: APIClient, job: int, flow: int, tmp_path: Path) -> None:
    numbers = {}
    for name in ("query.sql", "notes.ipynb"):
        (tmp_path / name).write_text("{}")
        numbers[name] = client.workfile.upload_file(1, tmp_path / name)["id"]
    kind = client.job.TaskType
    made = [
        client.job.task.create(1, job, flow),
        client.job.task.create("Sandbox", str(job), numbers["query.sql"], kind.RunSQLFile),
        client.job.task.create(1, job, numbers["notes.ipynb"], task_type=kind.RunNotebook),
    ]
    assert [task["action"] for task in made] == ["run_work_flow", "run_sql_workfile", "notebook"]
    listed = client.job.task.get_list(1, job)
    assert [(task["name"], task["index"]) for task in listed] == [
        ("Run order_filter", 1),
        ("Run query.sql", 2),
        ("Run notes.ipynb", 3),
    ]
    assert client.job.task.get(1, job, made[1]["id"])["id"] == client.job.task.get_id(1, job, "run query.sql")
    assert client.job.task.delete(1, job, made[0]["id"]) is None
    assert [task["index"] for task in client.job.task.get_list(1, job)] == [1, 2]


def test_a_job_without_tasks_has_an_empty_list(client: APIClient, job: int) -> None:
    assert client.job.task.get_list(1, job) == []


def test_what_is_missing_is_told_apart(client: APIClient, job: int, flow: int) -> None:
    task = client.job.task
    with pytest.raises(WorkfileNotFoundException, match="The job is there; the workfile is not"):
        task.create(1, job, 9999)
    with pytest.raises(WorkfileNotFoundException, match="'run_sql_workfile' runs"):
        task.create(1, job, flow, client.job.TaskType.RunSQLFile)
    with pytest.raises(JobNotFoundException, match=f"add a task for workfile {flow} to job 99"):
        task.create(1, 99, flow)
    for call in (lambda: task.get_list(1, 99), lambda: task.get(1, 99, 1), lambda: task.get_id(1, 99, "Run x")):
        with pytest.raises(JobNotFoundException):
            call()


def test_a_task_that_is_not_there_raises(client: APIClient, job: int, flow: int) -> None:
    task = client.job.task
    task.create(1, job, flow)
    with pytest.raises(TaskNotFoundException, match="no task 99"):
        task.get(1, job, 99)
    with pytest.raises(TaskNotFoundException, match="task 99"):
        task.delete(1, job, 99)
    with pytest.raises(TaskNotFoundException, match="Did you mean 'Run order_filter'"):
        task.get_id(1, job, "Run order filter")


def test_a_kind_that_does_not_exist_is_refused(server: ScriptedServer, session: APIClient) -> None:
    with pytest.raises(InvalidArgumentException, match="task_type must be one of 'run_work_flow'"):
        session.job.task.create(1, 2, 3, "workflow")
    assert server.asked == []


def test_a_stranger_may_not_add_one(ada: APIClient, job: int, flow: int) -> None:
    with pytest.raises(ForbiddenException):
        ada.job.task.create(1, job, flow)


def test_the_action_travels_wrapped(server: ScriptedServer, session: APIClient) -> None:
    server.on("POST", "/api/workspaces/1/jobs/2/job_tasks", Reply({"response": {"id": 5}}, 201))
    session.job.task.create(1, 2, 3)
    assert server.asked[-1].json == {"job_task": {"action": "run_work_flow", "workfile_id": 3}}


@pytest.mark.parametrize("tasks", [None, [], [None]])
def test_a_server_that_shows_no_tasks_has_none(server: ScriptedServer, session: APIClient, tasks: object) -> None:
    server.on("GET", "/api/workspaces/1/jobs/2", Reply({"response": {"id": 2, "tasks": tasks}}))
    assert session.job.task.get_list(1, 2) == []
