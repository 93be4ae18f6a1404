"""Activities tell what happened, to those who may see it; the earlier runs of a workflow are found among them."""

from __future__ import annotations

from pathlib import Path

import pytest

from alpine import APIClient
from alpine.exception import (
    FeatureNotFoundException,
    ForbiddenException,
    NotFoundException,
    RunJobFailureException,
    UserNotFoundException,
    WorkfileNotFoundException,
)
from alpine.sandbox import Sandbox
from tests.scripted import Reply, ScriptedServer


@pytest.fixture
def flow(client: APIClient) -> int:
    return client.workfile.get_id("order_filter", 1)


def actions(rows: list[dict[str, object]]) -> list[object]:
    return [row["action"] for row in rows]


def test_what_happens_to_a_workfile_is_told_the_newest_first(client: APIClient, note: Path) -> None:
    number = client.workfile.upload_file(1, note)["id"]
    client.workfile.version.add(number, note, "again")
    rows = client.activity.get_list("workfile", number)
    assert actions(rows) == ["WorkfileUpgradedVersion", "WorkfileCreated"]
    assert (rows[0]["commit_message"], rows[0]["version_num"]) == ("again", 2)
    assert rows[0]["actor"]["username"] == "demo"
    assert client.activity.get(rows[1]["id"])["workfile"]["id"] == number
    client.workfile.delete(number)
    assert actions(client.activity.get_list("workspace", "Sandbox"))[:2] == actions(rows)


def test_many_activities_come_in_pages(client: APIClient) -> None:
    for number in range(5):
        client.note.create("workspace", 1, f"note {number}")
    rows = list(client.activity.iterate("workspace", 1, per_page=2))
    assert [row["body"] for row in rows] == [f"note {number}" for number in (4, 3, 2, 1, 0)]


def test_a_job_and_its_end_are_told(client: APIClient, flow: int) -> None:
    job = client.job.create(1, "nightly")["id"]
    client.job.task.create(1, job, flow)
    client.job.run(job)
    client.job.wait_until_finished(1, job, query_time=0.05)
    row = client.activity.get_list("job", job)[0]
    assert (row["action"], row["job"]["name"], row["job_result"]["succeeded"]) == ("JobSucceeded", "nightly", True)


def test_activities_are_for_those_who_may_see_them(client: APIClient, ada: APIClient) -> None:
    private = client.workspace.create("Private")["id"]
    hidden = client.note.create("workspace", private, "secret plan")["id"]
    with pytest.raises(ForbiddenException):
        ada.activity.get_list("workspace", private)
    with pytest.raises(NotFoundException):
        ada.activity.get(hidden)
    assert ada.activity.get_dashboard() == []
    assert actions(client.activity.get_dashboard()) == ["NOTE"]
    assert actions(client.activity.get_list("user", client.user_id)) == ["NOTE"]
    assert ada.activity.get_list("user", client.user_id) == []
    with pytest.raises(UserNotFoundException):
        client.activity.get_list("user", 9999)


def test_the_runs_of_a_workflow_are_found_and_read(client: APIClient, flow: int) -> None:
    assert client.workfile.runs(flow) == []
    process = client.workfile.process
    runs = [process.run(flow, {"@min_amount": amount}) for amount in (150, 250)]
    for run in runs:
        run.wait()
    client.note.create("workfile", flow, "no run")
    found = client.workfile.runs(flow)
    assert {row["process_id"] for row in found} == set(runs)
    assert {row["user"] for row in found} == {"demo"}
    again = process.attach(flow, found[-1]["process_id"])
    assert again.results().operators["Row Filter"].row_count in (90, 38)
    kept = client.activity.get_list("workfile", flow, results_only=True)
    assert actions(kept) == ["WorkfileResult"] * 2
    assert kept[0]["attachments"][0]["entity_type"] == "work_flow_result"


def test_the_runs_of_jobs_are_among_them_with_their_status(client: APIClient, flow: int, sandbox: Sandbox) -> None:
    job = client.job.create(1, "nightly")["id"]
    client.job.task.create(1, job, flow)
    idle = client.job.create(1, "never ran")
    sandbox.fault("node_failure", operator="Row Filter")
    client.job.run(job)
    with pytest.raises(RunJobFailureException):
        client.job.wait_until_finished(1, job, query_time=0.05)
    row = client.workfile.runs(flow)[0]
    assert (row["status"], row["job_id"], row["user"]) == ("FAILURE", job, "demo")
    assert row["started_at"] <= row["finished_at"]
    assert idle["id"] != job


def test_a_run_without_results_is_none_of_them(client: APIClient, flow: int) -> None:
    with pytest.raises(WorkfileNotFoundException):
        client.workfile.runs(9999)
    assert client.workfile.runs(flow) == []


def test_runs_are_read_tolerantly(server: ScriptedServer, session: APIClient) -> None:
    server.on("GET", "/api/workfiles/3", Reply({"response": {"id": 3, "workspace": {"id": 1}}}))
    events = [
        {"id": 9, "action": "NOTE", "attachments": []},
        {"id": 8, "attachments": [{"entity_type": "work_flow_result", "id": 71}, "odd"], "actor": None},
        {"id": 7, "attachments": None},
    ]
    server.on("GET", "/api/activities", Reply({"response": events}))
    server.on("GET", "/api/workspaces/1/jobs", Reply({"errors": {"license": "NOT_LICENSED"}}, 403))
    assert session.workfile.runs(3) == [
        {
            "process_id": "71",
            "finished_at": None,
            "started_at": None,
            "status": None,
            "user": None,
            "job_id": None,
            "activity_id": 8,
        }
    ]
    query = next(asked.query for asked in server.asked if asked.path == "/api/activities")
    assert (query["entity_type"], query["entity_id"], query["results_only"]) == (["workfile"], ["3"], ["1"])


def test_a_server_without_activities_is_named_so(server: ScriptedServer, session: APIClient) -> None:
    server.on("GET", "/api/workfiles/3", Reply({"response": {"id": 3, "workspace": {"id": 1}}}))
    server.on("GET", "/api/activities.*", Reply({"status": "404", "error": "Not Found"}, 404))
    for call in (
        lambda: session.activity.get(1),
        lambda: session.activity.get_dashboard(),
        lambda: session.activity.get_list("workfile", 3),
        lambda: session.workfile.runs(3),
    ):
        with pytest.raises(FeatureNotFoundException, match="this server has no activities"):
            call()
