"""Jobs are made, changed, run, waited for and stopped."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from alpine import APIClient
from alpine.exception import (
    ForbiddenException,
    InvalidArgumentException,
    JobNotFoundException,
    NotLicensedException,
    RunJobFailureException,
    RunJobTimeoutException,
    ValidationException,
    WorkspaceNotFoundException,
)
from alpine.sandbox import Sandbox
from tests.inside import set_clock
from tests.scripted import FakeTime, Reply, ScriptedServer

JOB = "/api/workspaces/1/jobs/2"


@pytest.fixture
def job(client: APIClient) -> int:
    """A job that runs the example workflow."""
    number = int(client.job.create(1, "report")["id"])
    client.job.task.create(1, number, client.workfile.get_id("order_filter", 1))
    return number


def test_a_job_on_demand_has_no_schedule(server: ScriptedServer, session: APIClient) -> None:
    server.on("POST", "/api/workspaces/1/jobs", Reply({"response": {"id": 2}}, 201))
    session.job.create(1, "report", next_run=datetime(2040, 1, 1))
    assert server.asked[-1].json == {"job": {"name": "report", "interval_unit": "on_demand", "interval_value": 0}}


def test_everything_that_is_given_is_sent_wrapped(server: ScriptedServer, session: APIClient) -> None:
    server.on("POST", "/api/workspaces/1/jobs", Reply({"response": {"id": 2}}, 201))
    session.job.create(
        1,
        "report",
        session.job.scheduleType.Monthly,
        3,
        datetime(2040, 1, 2, 3, 4),
        "US/Pacific",
        end_run=datetime(2041, 1, 1),
        enabled=True,
        success_notify=session.job.Notify.Everybody,
        failure_notify="selected",
        failure_recipients=["7", 8],  # type: ignore[list-item]
    )
    assert server.asked[-1].json["job"] == {
        "name": "report",
        "interval_unit": "months",
        "interval_value": 3,
        "next_run": "2040-01-02T03:04:00-08:00",
        "end_run": "2041-01-01T00:00:00-08:00",
        "time_zone": "US/Pacific",
        "enabled": True,
        "success_notify": "everybody",
        "failure_notify": "selected",
        "failure_recipients": [7, 8],
    }


@pytest.mark.parametrize("interval", [0, None, -1, 1.5, True, "1"])
def test_a_schedule_without_an_interval_is_refused(server: ScriptedServer, session: APIClient, interval: Any) -> None:
    for call in (
        lambda: session.job.create(1, "report", "days", interval),
        lambda: session.job.update(1, 2, schedule_type="weeks", interval_value=interval),
    ):
        with pytest.raises(InvalidArgumentException, match="would hang the server"):
            call()
    if interval is not None:
        with pytest.raises(InvalidArgumentException, match="would hang the server"):
            session.job.update(1, 2, interval_value=interval)
    assert server.asked == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"schedule_type": "daily"},
        {"success_notify": "all"},
        {"failure_recipients": "1"},
        {"enabled": "no"},
        {"success_recipients": [None]},
    ],
)
def test_a_word_that_means_nothing_is_refused(
    server: ScriptedServer, session: APIClient, wrong: dict[str, Any]
) -> None:
    with pytest.raises(InvalidArgumentException, match=next(iter(wrong))):
        session.job.create(1, "report", **wrong)
    with pytest.raises(InvalidArgumentException, match=next(iter(wrong))):
        session.job.update(1, 2, **wrong)
    assert server.asked == []


def test_a_job_is_found_by_name(client: APIClient, job: int) -> None:
    assert client.job.get_id("Sandbox", "Report") == job
    found = client.job.get(1, str(job))
    assert [task["name"] for task in found["tasks"]] == ["Run order_filter"]
    with pytest.raises(JobNotFoundException, match="Did you mean 'report'"):
        client.job.get_id(1, "reports")


def test_an_update_changes_only_what_is_given(client: APIClient, job: int) -> None:
    changed = client.job.update(1, job, name="weekly report", schedule_type="weeks", interval_value=2)
    assert (changed["name"], changed["interval_unit"], changed["interval_value"]) == ("weekly report", "weeks", 2)
    assert client.job.update(1, job, enabled=True)["name"] == "weekly report"
    assert client.job.update(1, job)["interval_value"] == 2


def test_a_moment_without_a_zone_is_one_in_the_zone_that_the_job_has(client: APIClient) -> None:
    made = client.job.create(1, "nightly", "days", 1, datetime(2040, 1, 1, 9), "Pacific Time (US & Canada)")
    changed = client.job.update(1, made["id"], next_run=datetime(2040, 7, 1, 22))
    assert (changed["next_run"], changed["time_zone"]) == ("2040-07-01T22:00:00-07:00", "Pacific Time (US & Canada)")


def test_a_job_on_demand_that_gets_a_schedule_begins_now(client: APIClient, job: int) -> None:
    changed = client.job.update(1, job, schedule_type="days", interval_value=1)
    assert changed["time_zone"] == "UTC"
    assert changed["next_run"] is not None
    later = client.job.update(1, job, next_run="2040-01-01T00:00:00Z")
    kept = client.job.update(1, job, schedule_type="hours", interval_value=4)
    assert kept["next_run"] == later["next_run"] == "2040-01-01T00:00:00Z"


def test_a_job_on_demand_takes_the_zone_of_its_first_moment(client: APIClient, job: int) -> None:
    first = datetime(2040, 7, 1, 9, tzinfo=ZoneInfo("Europe/Berlin"))
    changed = client.job.update(1, job, schedule_type="days", interval_value=1, next_run=first)
    assert (changed["next_run"], changed["time_zone"]) == ("2040-07-01T09:00:00+02:00", "Europe/Berlin")
    later = client.job.update(1, job, next_run=datetime(2040, 7, 2, 12, tzinfo=UTC))
    assert (later["next_run"], later["time_zone"]) == ("2040-07-02T14:00:00+02:00", "Europe/Berlin")


def test_enable_and_disable(client: APIClient, job: int) -> None:
    assert client.job.enable(1, job)["enabled"] is True
    assert client.job.disable(1, job)["enabled"] is False


def test_refusals_of_the_server_are_readable(client: APIClient, job: int) -> None:
    with pytest.raises(ValidationException, match="name: TAKEN"):
        client.job.create(1, "report")
    with pytest.raises(ValidationException, match="NEXT_RUN_IN_PAST"):
        client.job.create(1, "late", "days", 1, datetime(2017, 1, 1))
    with pytest.raises(ValidationException, match="JOB_OWNER_MEMBERSHIP_REQUIRED"):
        client.job.update(1, job, owner_id=2)


def test_what_is_not_there_raises(client: APIClient) -> None:
    job = client.job
    for call in (
        lambda: job.get(1, 99),
        lambda: job.update(1, 99, name="x"),
        lambda: job.enable(1, 99),
        lambda: job.disable(1, 99),
        lambda: job.delete(1, 99),
        lambda: job.run(99),
        lambda: job.stop(99),
        lambda: job.last_result(99),
        lambda: job.wait_until_finished(1, 99),
    ):
        with pytest.raises(JobNotFoundException, match="job 99") as caught:
            call()
        assert "runs once at a time" not in str(caught.value)
    for call in (lambda: job.create(99, "x"), lambda: job.get_list(99), lambda: job.get_list("none")):
        with pytest.raises(WorkspaceNotFoundException):
            call()


def test_a_stranger_may_do_nothing(ada: APIClient, job: int) -> None:
    for call in (lambda: ada.job.create(1, "x"), lambda: ada.job.run(job), lambda: ada.job.delete(1, job)):
        with pytest.raises(ForbiddenException, match=r"403.*Ask an administrator"):
            call()


def test_without_the_licence_every_call_says_so(sandbox: Sandbox, client: APIClient, job: int) -> None:
    sandbox.settings.jobs_licensed = False
    for call in (lambda: client.job.get_list(1), lambda: client.job.create(1, "x"), lambda: client.job.run(job)):
        with pytest.raises(NotLicensedException, match=r"get_license\(\)"):
            call()


def test_a_run_is_waited_for_and_leaves_a_result(client: APIClient, job: int) -> None:
    assert client.job.last_result(job) is None
    assert client.job.run(job)["status"] == "enqueued"
    result = client.job.wait_until_finished("Sandbox", job, query_time=1, timeout=60)
    assert result["succeeded"] is True
    assert [task["status"] for task in result["job_task_results"]] == ["success"]
    assert client.job.last_result(job) == result


def test_a_failed_run_says_which_task_and_why(client: APIClient, tmp_path: Path) -> None:
    (tmp_path / "query.sql").write_text("select 1")
    number = client.job.create(1, "sql")["id"]
    query = client.workfile.upload_file(1, tmp_path / "query.sql")["id"]
    client.job.task.create(1, number, query, client.job.TaskType.RunSQLFile)
    client.job.run(number)
    with pytest.raises(RunJobFailureException, match=r"failed: Run query\.sql: .*[^.]\.$"):
        client.job.wait_until_finished(1, number, query_time=1, timeout=60)


def test_waiting_for_a_job_that_nobody_started_does_not_look_like_success(client: APIClient, job: int) -> None:
    with pytest.raises(RunJobFailureException, match=r"start it with job\.run"):
        client.job.wait_until_finished(1, job)


def test_a_running_job_is_not_run_twice_but_stopped(job_that_waits: tuple[APIClient, int]) -> None:
    client, number = job_that_waits
    client.job.run(number)
    with pytest.raises(RunJobFailureException, match=r"NOT_RUNNABLE.*wait until it is idle") as caught:
        client.job.run(number)
    assert caught.value.fields == {"base": {"NOT_RUNNABLE": {}}}
    assert client.job.stop(number)["status"] == "stopping"
    with pytest.raises(RunJobFailureException, match="stopped"):
        client.job.wait_until_finished(1, number, query_time=1, timeout=60)


@pytest.fixture
def job_that_waits() -> Any:
    with Sandbox(pace="step") as server, server.client() as client:
        number = client.job.create(1, "slow")["id"]
        client.job.task.create(1, number, client.workfile.get_id("order_filter", 1))
        yield client, number


def test_the_wait_ends_at_its_deadline_and_the_job_goes_on(
    server: ScriptedServer, session: APIClient, fake_time: FakeTime
) -> None:
    server.on("GET", JOB, Reply({"response": {"id": 2, "status": "running"}}))
    with pytest.raises(RunJobTimeoutException, match=r"Job 2 was still running after 100 s, and goes on"):
        session.job.wait_until_finished(1, 2, query_time=10, timeout=100)
    assert server.count("POST") == 0


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, TimeoutError])
def test_whatever_ends_the_wait_for_a_job_has_a_note_that_names_it(
    server: ScriptedServer, session: APIClient, fake_time: FakeTime, error: type[BaseException]
) -> None:
    def interrupt(_seconds: float) -> None:
        raise error

    server.on("GET", JOB, Reply({"response": {"id": 2, "status": "running"}}))
    set_clock(session, fake_time, interrupt)
    with pytest.raises(error) as caught:
        session.job.wait_until_finished(1, 2)
    assert caught.value.__notes__ == ["Job 2 goes on. To wait again: wait_until_finished(1, 2)."]


def test_every_state_but_idle_is_waited_for(
    server: ScriptedServer, session: APIClient, fake_time: FakeTime, capsys: pytest.CaptureFixture[str]
) -> None:
    states = [Reply({"response": {"id": 2, "status": word}}) for word in ("enqueued", "running", "stopping")]
    server.on("GET", JOB, *states, Reply({"response": {"id": 2, "status": "idle", "last_run_failed": False}}))
    server.on("GET", "/api/jobs/2/job_results/latest", Reply({"response": {"succeeded": True}}))
    assert session.job.wait_until_finished(1, 2, verbose=True, query_time=1) == {"succeeded": True}
    shown = capsys.readouterr().out
    assert [word for word in ("enqueued", "running", "stopping", "idle") if word not in shown] == []


def test_the_progress_of_a_job_that_failed_does_not_end_well(
    server: ScriptedServer, session: APIClient, fake_time: FakeTime, capsys: pytest.CaptureFixture[str]
) -> None:
    running, idle = (Reply({"response": {"id": 2, "status": word}}) for word in ("running", "idle"))
    server.on("GET", JOB, running, idle)
    server.on("GET", "/api/jobs/2/job_results/latest", Reply({"response": {"succeeded": False}}))
    with pytest.raises(RunJobFailureException):
        session.job.wait_until_finished(1, 2, verbose=True, query_time=1)
    assert capsys.readouterr().out.splitlines()[-1].endswith("running: RunJobFailureException")


@pytest.mark.parametrize(
    ("record", "failed"),
    [({"last_run_failed": True}, True), ({"last_run_failed": False}, False), ({"last_run": "2017-03-02"}, False)],
)
def test_without_a_result_the_job_itself_tells_the_outcome(
    server: ScriptedServer, session: APIClient, record: dict[str, Any], failed: bool
) -> None:
    server.on("GET", JOB, Reply({"response": {"id": 2, "status": "idle", "last_run": "2017-03-01", **record}}))
    server.on("GET", "/api/jobs/2/job_results/latest", Reply(json.dumps({"response": None})))
    if failed:
        with pytest.raises(RunJobFailureException, match="does not say why"):
            session.job.wait_until_finished(1, 2)
    else:
        assert session.job.wait_until_finished(1, 2) == {}


@pytest.mark.parametrize("wrong", [{"timeout": "x"}, {"timeout": -1}, {"query_time": None}])
def test_a_wait_of_no_length_is_refused(server: ScriptedServer, session: APIClient, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentException, match=next(iter(wrong))):
        session.job.wait_until_finished(1, 2, **wrong)
    assert server.asked == []


def test_a_job_is_deleted_even_when_the_answer_is_blank(server: ScriptedServer, session: APIClient) -> None:
    server.on("DELETE", JOB, Reply(" "))
    assert session.job.delete(1, 2) is None


def test_the_schedules_are_the_servers_words() -> None:
    from alpine import Job

    assert list(Job.scheduleType) == ["on_demand", "hours", "days", "weeks", "months"]
    assert (Job.TaskType.RunNotebook, Job.Notify.Nobody) == ("notebook", "nobody")
