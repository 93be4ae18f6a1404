"""Enabled jobs run at their times: by the real clock, and by one that a test puts forward."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from alpine import APIClient
from alpine.sandbox import Sandbox
from tests.sandbox.engine_flows import flow, node
from tests.sandbox.wire import Wire, wait_for

# Two days before summer time begins in New York.
NOW = datetime(2024, 3, 8, 12, tzinfo=UTC)
ROW = pd.DataFrame({"a": [1]})


@pytest.fixture
def server() -> Iterator[Sandbox]:
    """A sandbox whose clock stands still, but for what a test puts it forward by."""
    with Sandbox(clock=NOW.timestamp) as server:
        yield server


@pytest.fixture
def session(server: Sandbox) -> Iterator[APIClient]:
    with server.client() as session:
        yield session


@pytest.fixture
def ticks(server: Sandbox) -> list[str]:
    """What ran so far, by the workflows' names for themselves."""
    names: list[str] = []

    def tick(context: Any) -> pd.DataFrame:
        names.append(context.parameter("who"))
        return ROW

    server.register("x.Tick", tick)
    return names


@pytest.fixture
def scheduled(server: Sandbox, session: APIClient, tmp_path: Path) -> Callable[..., int]:
    """Makes an enabled job that runs one workflow."""

    def make(name: str, unit: str, value: int, next_run: datetime | str, **options: Any) -> int:
        path = tmp_path / f"{name}.afm"
        path.write_bytes(flow(node("tick", "x.Tick", who=name)))
        options = {"enabled": True, "time_zone": "UTC", **options}
        job = session.job.create("Sandbox", name, unit, value, next_run, **options)
        session.job.task.create("Sandbox", job["id"], server.add_workflow(path))
        return int(job["id"])

    return make


def shown(session: APIClient, job: int, *names: str) -> list[Any]:
    record = session.job.get("Sandbox", job)
    return [record[name] for name in names]


def test_a_job_that_is_due_runs_by_itself(sandbox: Sandbox, wire: Wire) -> None:
    past = (datetime.now(UTC) - timedelta(seconds=30)).isoformat()
    body = {"name": "due", "interval_unit": "hours", "interval_value": 1, "next_run": past, "enabled": True}
    job = wire.ok("POST", "/workspaces/1/jobs", json={"job": body})
    wait_for(lambda: wire.ok("GET", f"/jobs/{job['id']}/job_results/latest") is not None)
    after = wire.ok("GET", f"/workspaces/1/jobs/{job['id']}")
    assert (after["status"], after["last_run_failed"]) == ("idle", False)
    assert datetime.fromisoformat(after["next_run"]) > datetime.now(UTC) + timedelta(minutes=50)


def test_a_job_that_becomes_due_wakes_the_scheduler(sandbox: Sandbox, wire: Wire) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=0.3)).isoformat()
    body = {"name": "soon", "interval_unit": "days", "interval_value": 1, "next_run": soon}
    job = wire.ok("POST", "/workspaces/1/jobs", json={"job": body})["id"]
    assert wire.ok("PUT", f"/workspaces/1/jobs/{job}", json={"job": {"enabled": True}})["enabled"] is True
    wait_for(lambda: wire.ok("GET", f"/jobs/{job}/job_results/latest") is not None)


def test_a_reset_meets_jobs_that_are_just_being_started(sandbox: Sandbox) -> None:
    body = {"interval_unit": "hours", "interval_value": 1, "enabled": True}
    for _ in range(25):
        caller = Wire(sandbox)
        for name in ("a", "b", "c"):
            job = {**body, "name": name, "next_run": datetime.now(UTC).isoformat()}
            caller.ok("POST", "/workspaces/1/jobs", json={"job": job})
        sandbox.reset()
        caller.http.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("sandbox job")]


def test_a_job_runs_once_at_each_of_its_times(
    server: Sandbox, session: APIClient, ticks: list[str], scheduled: Callable[..., int]
) -> None:
    job = scheduled("hourly", "hours", 1, NOW + timedelta(minutes=30))
    assert server.advance(minutes=29) == NOW + timedelta(minutes=29)
    assert ticks == []
    server.advance(minutes=1)
    assert ticks == ["hourly"]
    assert shown(session, job, "last_run", "next_run") == ["2024-03-08T12:30:00Z", "2024-03-08T13:30:00Z"]
    server.advance(days=1)
    assert ticks == ["hourly"] * 25
    result = session.job.last_result(job)
    assert result is not None
    assert (result["succeeded"], result["started_at"]) == (True, "2024-03-09T12:30:00Z")


def test_jobs_run_in_the_order_of_their_times(server: Sandbox, ticks: list[str], scheduled: Callable[..., int]) -> None:
    scheduled("b", "hours", 2, NOW + timedelta(hours=1))
    scheduled("a", "hours", 1, NOW + timedelta(minutes=30))
    scheduled("c", "weeks", 1, NOW + timedelta(hours=1))
    server.advance(hours=3)
    assert ticks == ["a", "b", "c", "a", "a", "b"]


def test_only_enabled_jobs_with_a_schedule_run(
    server: Sandbox, session: APIClient, ticks: list[str], scheduled: Callable[..., int]
) -> None:
    soon = NOW + timedelta(minutes=1)
    scheduled("unset", "hours", 1, soon, enabled=None)
    scheduled("off", "hours", 1, soon, enabled=False)
    session.job.delete("Sandbox", scheduled("deleted", "hours", 1, soon))
    switched = scheduled("switched", "hours", 1, soon)
    session.job.disable("Sandbox", switched)
    session.job.create("Sandbox", "on demand", enabled=True)
    server.advance(hours=5)
    assert ticks == []
    session.job.enable("Sandbox", switched)
    server.advance(minutes=1)
    # At once for the time that it missed, and a minute later for the next.
    assert ticks == ["switched", "switched"]
    assert shown(session, switched, "next_run") == ["2024-03-08T18:01:00Z"]


def test_a_job_disables_itself_when_its_next_run_passes_its_end(
    server: Sandbox, session: APIClient, ticks: list[str], scheduled: Callable[..., int]
) -> None:
    job = scheduled("short", "hours", 1, NOW + timedelta(hours=1), end_run=NOW + timedelta(hours=3))
    server.advance(hours=9)
    assert ticks == ["short"] * 3
    assert shown(session, job, "enabled", "next_run") == [False, "2024-03-08T16:00:00Z"]
    over = scheduled("over", "days", 1, NOW + timedelta(days=2), end_run=NOW + timedelta(days=1))
    assert shown(session, over, "enabled") == [False]


@pytest.mark.parametrize(
    ("unit", "value", "first", "zone", "runs"),
    [
        # New York puts its clocks forward on 10 March 2024 at 2, and back on 3 November at 2.
        ("days", 1, "2024-03-09T09:00:00", "America/New_York", ["03-09T14", "03-10T13", "03-11T13"]),
        # 2:30 of the 10th is not there: it runs an hour later, and on the 11th at 2:30 again.
        ("days", 1, "2024-03-09T02:30:00", "Eastern Time (US & Canada)", ["03-09T07", "03-10T07", "03-11T06"]),
        ("days", 1, "2024-03-10T02:30:00", "America/New_York", ["03-10T07", "03-11T06", "03-12T06"]),
        ("weeks", 2, "2024-03-09T09:00:00", "America/New_York", ["03-09T14", "03-23T13", "04-06T13"]),
        ("hours", 12, "2024-03-09T09:00:00", "America/New_York", ["03-09T14", "03-10T02", "03-10T14"]),
        ("months", 1, "2024-03-31T12:00:00", "UTC", ["03-31T12", "04-30T12", "05-30T12"]),
        ("months", 8, "2024-03-09T09:00:00", "America/New_York", ["03-09T14", "11-09T14", "07-09T13"]),
        ("days", 1, "2024-03-30T09:00:00", "Berlin", ["03-30T08", "03-31T07", "04-01T07"]),
    ],
)
def test_intervals_are_counted_on_the_wall_clock_of_the_zone(
    server: Sandbox, session: APIClient, unit: str, value: int, first: str, zone: str, runs: list[str]
) -> None:
    caller = Wire(server)
    body = {"name": "zoned", "interval_unit": unit, "interval_value": value, "next_run": first, "time_zone": zone}
    job = caller.ok("POST", "/workspaces/1/jobs", json={"job": {**body, "enabled": True}})["id"]
    caller.http.close()
    seen = []
    for _ in runs:
        due = datetime.fromisoformat(shown(session, job, "next_run")[0])
        server.advance(seconds=(due - server.advance()).total_seconds())
        seen.append(datetime.fromisoformat(shown(session, job, "last_run")[0]).astimezone(UTC).strftime("%m-%dT%H"))
    assert seen == runs


def test_another_zone_keeps_the_moment_of_the_next_run_and_counts_on_from_its_own_clock(
    server: Sandbox, session: APIClient, ticks: list[str], scheduled: Callable[..., int]
) -> None:
    job = scheduled("moved", "days", 1, "2024-03-09T09:00:00")
    caller = Wire(server)
    caller.ok("PUT", f"/workspaces/1/jobs/{job}", json={"job": {"time_zone": "America/New_York"}})
    caller.http.close()
    server.advance(days=3)
    assert (ticks, shown(session, job, "next_run")) == (["moved"] * 3, ["2024-03-12T04:00:00-04:00"])


def test_a_job_whose_run_goes_on_misses_its_times_and_then_runs_once(
    server: Sandbox, session: APIClient, ticks: list[str], scheduled: Callable[..., int]
) -> None:
    job = scheduled("slow", "hours", 1, NOW + timedelta(hours=1))
    server.pace = "step"
    server.advance(hours=1)
    wait_for(lambda: shown(session, job, "status") == ["running"])
    server.advance(hours=3)
    assert (ticks, shown(session, job, "next_run")) == ([], ["2024-03-08T14:00:00Z"])
    server.pace = "instant"
    wait_for(lambda: shown(session, job, "next_run", "status") == ["2024-03-08T17:00:00Z", "idle"])
    assert ticks == ["slow", "slow"]
    assert shown(session, job, "last_run") == ["2024-03-08T16:00:00Z"]


def test_a_run_that_takes_too_long_is_not_waited_for(
    server: Sandbox, session: APIClient, scheduled: Callable[..., int]
) -> None:
    go_on = threading.Event()

    def slow() -> pd.DataFrame:
        go_on.wait(30)
        return ROW

    server.register("x.Tick", slow)
    job = scheduled("slow", "hours", 1, NOW + timedelta(hours=1))
    assert server.advance(hours=4, wait=0.05) == NOW + timedelta(hours=4)
    assert shown(session, job, "status") == ["running"]
    go_on.set()
    wait_for(lambda: shown(session, job, "status") == ["idle"])


def test_what_was_due_while_a_job_was_disabled_is_made_up_for_once(
    server: Sandbox, session: APIClient, ticks: list[str], scheduled: Callable[..., int]
) -> None:
    job = scheduled("late", "days", 1, NOW + timedelta(hours=1), enabled=False)
    server.advance(days=5)
    session.job.enable("Sandbox", job)
    server.advance()
    assert ticks == ["late"]
    assert shown(session, job, "next_run") == ["2024-03-13T13:00:00Z"]


def test_a_run_on_demand_leaves_a_next_run_that_is_still_to_come(
    server: Sandbox, session: APIClient, ticks: list[str], scheduled: Callable[..., int]
) -> None:
    job = scheduled("both", "days", 1, NOW + timedelta(hours=1), enabled=False)
    session.job.run(job)
    session.job.wait_until_finished("Sandbox", job, query_time=1, timeout=60)
    assert (ticks, shown(session, job, "next_run")) == (["both"], ["2024-03-08T13:00:00Z"])


@pytest.mark.parametrize(("unit", "value"), [("days", 0), ("hours", 0), ("months", 10**6), ("hours", 10**12)])
def test_an_interval_that_leads_nowhere_disables_the_job(
    server: Sandbox, session: APIClient, unit: str, value: int, caplog: pytest.LogCaptureFixture
) -> None:
    caller = Wire(server)
    body = {"name": "odd", "interval_unit": unit, "interval_value": value, "next_run": (NOW).isoformat()}
    job = caller.ok("POST", "/workspaces/1/jobs", json={"job": {**body, "enabled": True}})["id"]
    caller.http.close()
    server.advance()
    assert shown(session, job, "enabled", "status") == [False, "idle"]
    assert "is disabled" in caplog.text


def test_a_scheduled_run_that_fails_says_so_and_the_schedule_goes_on(
    server: Sandbox, session: APIClient, ticks: list[str], scheduled: Callable[..., int]
) -> None:
    job = scheduled("failing", "hours", 1, NOW + timedelta(hours=1))
    server.fault("node_failure", operator="tick")
    server.advance(hours=1)
    assert shown(session, job, "last_run_failed") == [True]
    server.advance(hours=1)
    assert (ticks, shown(session, job, "last_run_failed")) == (["failing"], [False])


def test_sessions_follow_the_clock(server: Sandbox) -> None:
    caller = Wire(server)
    server.advance(hours=7)
    assert caller("GET", "/users").status_code == 200
    server.advance(hours=9)
    assert caller("GET", "/users").status_code == 401
    caller.http.close()


def test_the_clock_goes_forward_only_and_a_reset_brings_it_back(server: Sandbox) -> None:
    for wrong in ({"hours": -1}, {"weeks": 10**6}, {"hours": float("nan")}, {"hours": float("inf")}, {"days": -1e300}):
        with pytest.raises(ValueError, match=r"forward only|year 9998|put forward by hours=nan"):
            server.advance(**wrong)
    with pytest.raises(TypeError):
        server.advance(fortnights=1)
    server.advance(days=400)
    server.reset()
    assert server.advance() == NOW
    with pytest.raises(RuntimeError, match="not running"):
        Sandbox().advance(hours=1)


@pytest.mark.parametrize("ending", [Sandbox.close, Sandbox.reset])
def test_a_server_that_ends_or_is_reset_stops_a_clock_on_its_way(
    tmp_path: Path, ending: Callable[[Sandbox], None]
) -> None:
    before = set(threading.enumerate())
    begun = threading.Event()

    def held() -> pd.DataFrame:
        begun.set()
        return ROW

    path = tmp_path / "held.afm"
    path.write_bytes(flow(node("tick", "x.Tick")))
    with Sandbox() as server:
        server.register("x.Tick", held)
        caller = Wire(server)
        body = {"name": "held", "interval_unit": "hours", "interval_value": 1, "enabled": True}
        job = caller.ok("POST", "/workspaces/1/jobs", json={"job": {**body, "next_run": "2090-01-01T00:00:00Z"}})["id"]
        task = {"action": "run_work_flow", "workfile_id": server.add_workflow(path)}
        caller.ok("POST", f"/workspaces/1/jobs/{job}/job_tasks", json=task)
        caller.http.close()
        moving = threading.Thread(target=server.advance, kwargs={"weeks": 52 * 100})
        moving.start()
        assert begun.wait(30)
        ending(server)
        moving.join(30)
        assert not moving.is_alive()
    assert set(threading.enumerate()) - before == set()
