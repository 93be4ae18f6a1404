from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alpine.sandbox import Sandbox
from tests.sandbox.wire import FLOW, Wire, wait_for

JOBS = "/workspaces/1/jobs"
ON_DEMAND = {"name": "job", "interval_unit": "on_demand"}


def later(**difference: int) -> str:
    return (datetime.now(UTC) + timedelta(**difference)).isoformat()


def add_task(wire: Wire, job_id: int, workfile_id: int, action: str = "run_work_flow") -> Any:
    body = {"action": action, "workfile_id": workfile_id}
    return wire.ok("POST", f"{JOBS}/{job_id}/job_tasks", json={"job_task": body})


def run_to_the_end(wire: Wire, job_id: int) -> Any:
    answer = wire("POST", f"/jobs/{job_id}/run")
    assert (answer.status_code, answer.json()["response"]["status"]) == (202, "enqueued")
    wait_for(lambda: wire.ok("GET", f"{JOBS}/{job_id}")["status"] == "idle")
    return wire.ok("GET", f"/jobs/{job_id}/job_results/latest")


def test_a_job_has_tasks_and_owner_except_in_lists(wire: Wire) -> None:
    answer = wire("POST", JOBS, json={"job": ON_DEMAND})
    assert answer.status_code == 201
    job = answer.json()["response"]
    assert (job["status"], job["enabled"], job["interval_value"], job["next_run"]) == ("idle", None, 0, None)
    assert (job["tasks"], job["owner"]["username"], job["time_zone"]) == ([], "demo", "Alaska")
    listed = wire.ok("GET", JOBS)[0]
    assert not {"tasks", "owner", "complete_json"} & set(listed)
    assert wire.ok("GET", f"{JOBS}/{job['id']}/") == job


def test_the_wall_clock_is_read_in_the_jobs_zone_and_shown_with_its_offset(wire: Wire) -> None:
    day = {"name": "daily", "interval_unit": "days", "interval_value": 1}
    pacific = {**day, "next_run": "2050-01-15T16:01:37+09:00", "time_zone": "Pacific Time (US & Canada)"}
    assert wire.ok("POST", JOBS, json={"job": pacific})["next_run"] == "2050-01-15T16:01:37-08:00"
    utc = {**day, "name": "utc", "next_run": "2050-01-15 16:01:37", "time_zone": "UTC"}
    assert wire.ok("POST", JOBS, json={"job": utc})["next_run"] == "2050-01-15T16:01:37Z"


def test_a_wrong_schedule_is_refused_by_field(wire: Wire) -> None:
    day = {"name": "x", "interval_unit": "days", "interval_value": 1}
    assert "INCLUSION" in wire.fields("POST", JOBS, json={"job": {**day, "interval_unit": "years"}})["interval_unit"]
    past = wire.fields("POST", JOBS, json={"job": {**day, "next_run": later(minutes=-2)}})
    assert past == {"job": {"NEXT_RUN_IN_PAST": {}}}
    ended = {**day, "next_run": later(days=1), "end_run": later(minutes=-2)}
    assert wire.fields("POST", JOBS, json={"job": ended}) == {"job": {"END_RUN_IN_PAST": {}}}
    assert wire("POST", JOBS, json={"job": {**day, "next_run": later(seconds=-30)}}).status_code == 201


@pytest.mark.parametrize(
    "change", [{"time_zone": "Atlantis"}, {"next_run": "soon"}, {"time_zone": "UTC", "next_run": ""}]
)
def test_a_date_that_the_server_stumbles_over_is_a_500_page(wire: Wire, change: dict[str, str]) -> None:
    body = {"name": "x", "interval_unit": "days", "interval_value": 1, "next_run": later(days=1), **change}
    assert wire("POST", JOBS, json={"job": body}).status_code == 500


def test_names_are_unique_and_the_list_is_ordered_and_filtered(wire: Wire) -> None:
    for name, days in (("b", 1), ("A", 2), ("c", 3)):
        day = {"name": name, "interval_unit": "days", "interval_value": 1, "next_run": later(days=4 - days)}
        wire.ok("POST", JOBS, json={"job": day})
    assert wire.fields("POST", JOBS, json={"job": {**ON_DEMAND, "name": "b"}}) == {"name": {"TAKEN": {}}}
    assert [job["name"] for job in wire.ok("GET", JOBS)] == ["A", "b", "c"]
    assert [job["name"] for job in wire.ok("GET", JOBS, params={"order": "next_run"})] == ["c", "A", "b"]
    assert [job["name"] for job in wire.ok("GET", JOBS, params={"name_pattern": "c"})] == ["c"]
    wire.ok("POST", JOBS, json={"job": {**ON_DEMAND, "name": "100%"}})
    assert [job["name"] for job in wire.ok("GET", JOBS, params={"name_pattern": "___"})] == ["100%"]
    # The server puts the pattern between two percent signs; the backslash makes the last a letter.
    assert [job["name"] for job in wire.ok("GET", JOBS, params={"name_pattern": "0\\"})] == ["100%"]


def test_an_update_changes_what_was_sent(wire: Wire) -> None:
    number = wire.ok("POST", JOBS, json={"job": ON_DEMAND})["id"]
    changes = {"enabled": True, "description": "d", "success_notify": "selected", "success_recipients": [1, 99]}
    job = wire.ok("PUT", f"{JOBS}/{number}", json={"job": changes})
    assert (job["enabled"], job["description"], job["success_recipients"], job["name"]) == (True, "d", [1], "job")
    refused = wire.fields("PUT", f"{JOBS}/{number}", json={"job": {"owner_id": 2}})
    assert refused == {"owner": {"JOB_OWNER_MEMBERSHIP_REQUIRED": {}}}


def test_without_the_licence_every_job_route_is_refused(sandbox: Sandbox, wire: Wire) -> None:
    sandbox.settings.jobs_licensed = False
    for method, path in (("GET", JOBS), ("POST", JOBS), ("POST", "/jobs/1/run"), ("POST", f"{JOBS}/1/job_tasks")):
        answer = wire(method, path)
        assert (answer.status_code, answer.json()) == (403, {"errors": {"license": "NOT_LICENSED"}})


def test_tasks_are_numbered_moved_and_removed(wire: Wire) -> None:
    job_id = wire.ok("POST", JOBS, json={"job": ON_DEMAND})["id"]
    tasks = [add_task(wire, job_id, wire.upload_flow()["id"]) for _ in range(3)]
    assert [(task["index"], task["name"]) for task in tasks] == [(1, "Run flow"), (2, "Run flow_1"), (3, "Run flow_2")]
    assert tasks[0]["work_flow"]["file_name"] == "flow"
    assert not any("complete_json" in shown for shown in (tasks[0], tasks[0]["job"], tasks[0]["work_flow"]))
    assert wire.ok("PUT", f"/job_tasks/{tasks[0]['id']}", json={"job_task": {"index": 3}})["index"] == 3

    def ids() -> list[int]:
        return [task["id"] for task in wire.ok("GET", f"{JOBS}/{job_id}")["tasks"]]

    first, second, third = (task["id"] for task in tasks)
    assert ids() == [third, second, first]
    wire.ok("PUT", f"{JOBS}/{job_id}", json={"job": {"task_id_order": [first, second, third]}})
    assert ids() == [first, second, third]
    assert wire("DELETE", f"{JOBS}/{job_id}/job_tasks/{second}").status_code == 200
    assert [task["index"] for task in wire.ok("GET", f"{JOBS}/{job_id}")["tasks"]] == [1, 2]
    assert wire("DELETE", f"{JOBS}/{job_id}/job_tasks/{second}").status_code == 404


def test_a_task_needs_a_known_action_and_a_fitting_file(wire: Wire) -> None:
    job_id = wire.ok("POST", JOBS, json={"job": ON_DEMAND})["id"]
    text = wire.upload("a.txt", b"").json()["response"]["id"]
    path = f"{JOBS}/{job_id}/job_tasks"
    unknown = wire.fields("POST", path, json={"action": "dance", "workfile_id": text})
    assert "INVALID" in unknown["entity_type"]
    assert wire("POST", path, json={"action": "run_work_flow", "workfile_id": text}).status_code == 404
    assert wire("POST", path, json={"action": "run_sql_workfile", "workfile_id": text}).status_code == 404
    assert wire("POST", path, data={"job_task[action]": "notebook", "job_task[workfile_id]": text}).status_code == 201


def test_a_task_whose_workfile_is_gone_is_invalid(wire: Wire) -> None:
    job_id = wire.ok("POST", JOBS, json={"job": ON_DEMAND})["id"]
    flow = wire.upload_flow()
    add_task(wire, job_id, flow["id"])
    wire("DELETE", f"/workfiles/{flow['id']}")
    task = wire.ok("GET", f"{JOBS}/{job_id}")["tasks"][0]
    assert (task["name"], task["is_valid"], task["work_flow"]) == ("[invalid task]", False, None)
    assert run_to_the_end(wire, job_id)["succeeded"] is False


@pytest.mark.usefixtures("people")
def test_a_run_executes_the_workflows_of_its_tasks(wire: Wire) -> None:
    job_id = wire.ok("POST", JOBS, json={"job": ON_DEMAND})["id"]
    assert wire.ok("GET", f"/jobs/{job_id}/job_results/latest") is None
    flow = wire.upload_flow()
    add_task(wire, job_id, flow["id"])
    result = run_to_the_end(wire, job_id)
    assert result["succeeded"] is True
    task = result["job_task_results"][0]
    assert (task["status"], task["name"], task["message"]) == ("success", "Run flow", None)
    stored = wire.engine("GET", f"/workflows/{flow['id']}/results/{task['payload_result_id']}").json()
    assert "SUCCESS" in stored
    job = wire.ok("GET", f"{JOBS}/{job_id}")
    assert job["last_run"] is not None
    assert job["last_run_failed"] is False


def test_the_first_task_that_fails_ends_the_run(wire: Wire) -> None:
    job_id = wire.ok("POST", JOBS, json={"job": ON_DEMAND})["id"]
    missing = wire.upload_flow(content=FLOW.replace(b'"people"', b'"nowhere"'))
    for _ in range(2):
        add_task(wire, job_id, missing["id"])
    result = run_to_the_end(wire, job_id)
    assert [task["status"] for task in result["job_task_results"]] == ["failure"]
    assert wire.ok("GET", f"{JOBS}/{job_id}")["last_run_failed"] is True


def test_a_running_job_can_not_be_run_again_but_stopped() -> None:
    with Sandbox(pace="step") as sandbox:
        wire = Wire(sandbox)
        job_id = wire.ok("POST", JOBS, json={"job": ON_DEMAND})["id"]
        flow = next(row for row in wire.ok("GET", "/workspaces/1/workfiles"))
        add_task(wire, job_id, flow["id"])
        wire.ok("POST", f"/jobs/{job_id}/run")
        assert wire.fields("POST", f"/jobs/{job_id}/run") == {"base": {"NOT_RUNNABLE": {}}}
        answer = wire("POST", f"/jobs/{job_id}/stop")
        assert (answer.status_code, answer.json()["response"]["status"]) == (202, "stopping")
        wait_for(lambda: wire.ok("GET", f"{JOBS}/{job_id}")["status"] == "idle")
        assert wire.ok("GET", f"/jobs/{job_id}/job_results/latest")["succeeded"] is False
        wire.http.close()


def test_a_run_with_the_engines_header_alone_is_refused(sandbox: Sandbox, wire: Wire) -> None:
    job_id = wire.ok("POST", JOBS, json={"job": ON_DEMAND})["id"]
    answer = wire.http.post(f"{sandbox.base_url}/jobs/{job_id}/run", headers={"x-token": wire.token})
    assert answer.status_code == 403


def test_a_job_whose_task_breaks_ends_as_failed(sandbox: Sandbox, wire: Wire) -> None:
    job = wire.ok("POST", JOBS, json=ON_DEMAND)["id"]
    workfile = wire.upload_flow()["id"]
    add_task(wire, job, workfile)
    state = sandbox._running.state
    stored = state.workfiles.find(workfile)
    assert stored is not None
    assert stored.flow is not None
    stored.flow.unlink()
    [task] = run_to_the_end(wire, job)["job_task_results"]
    assert task["status"] == "failure"
    assert "No such file" in task["message"]
