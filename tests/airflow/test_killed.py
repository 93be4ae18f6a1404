"""In a real Airflow with its processes: runs outlive workers that are killed, and end with tasks that a user ends."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from alpine.sandbox import Sandbox
from tests.airflow.place import Place, free_port, server_database, until
from tests.inside import state_of

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif("not __import__('importlib.util').util.find_spec('airflow')", reason="no Airflow"),
]
TASKS = int(os.environ.get("ALPINE_AIRFLOW_TASKS", "50"))
ENDINGS = ("failed", "success", "cleared")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(pace=("timed", 5.0)) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Iterator[Place]:
    port = str(free_port())
    with server_database() as database:
        place = Place(
            tmp_path_factory.mktemp("airflow"),
            database,
            AIRFLOW__API__PORT=port,
            AIRFLOW__CORE__EXECUTION_API_SERVER_URL=f"http://127.0.0.1:{port}/execution/",
            AIRFLOW__CORE__EXECUTOR="LocalExecutor",
            AIRFLOW__CORE__PARALLELISM="3",
            AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION="False",
            AIRFLOW__CORE__MAX_ACTIVE_RUNS_PER_DAG="100",
            AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS="True",
            AIRFLOW__CORE__TEST_CONNECTION="Enabled",
            AIRFLOW__API_AUTH__JWT_SECRET="a-secret-of-this-test-alone-0123456789",
            AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT="60",
        )
        place.knows(sandbox, in_database=True)
        place.command("dags", "reserialize")
        for words in (("api-server", "--port", port, "--workers", "1"), ("scheduler",), ("triggerer",)):
            place.start(*words)
        try:
            assert until(place.is_up, 180)
            yield place
        finally:
            place.stop()


def test_a_worker_killed_after_the_id_is_stored_takes_the_same_run_up(place: Place, sandbox: Sandbox) -> None:
    """Each task is killed once, with -9, at a random moment after its id is stored; some with the process above it."""
    moments = random.Random(TASKS)
    killed: set[int] = set()
    due: dict[int, float] = {}
    place.command("dags", "trigger", "killed")
    end = time.monotonic() + 120 + 40 * TASKS
    while time.monotonic() < end:
        stored = place.ask(
            "select t.map_index, t.pid from task_instance t join task_state_store s"
            " on s.dag_id = t.dag_id and s.run_id = t.run_id and s.task_id = t.task_id and s.map_index = t.map_index"
            " where t.dag_id = 'killed' and t.state = 'running' and t.pid is not null and t.try_number = 1"
        )
        for task, number in stored:
            due.setdefault(task, time.monotonic() + moments.uniform(0, 4))
            if task not in killed and time.monotonic() >= due[task] and is_of(number, place):
                with contextlib.suppress(ProcessLookupError):
                    above = parent_of(number)
                    os.kill(number, signal.SIGKILL)
                    killed.add(task)
                    if task % 10 == 0 and is_of(parent_of(above), place):
                        os.kill(above, signal.SIGKILL)
        states = place.ask("select state from task_instance where dag_id = 'killed' and map_index >= 0")
        if len(states) == TASKS and {state for (state,) in states} <= {"success", "failed"}:
            break
        time.sleep(0.1)
    started = len(state_of(sandbox).runs)
    print(f"{TASKS} tasks, {len(killed)} killed, {started} runs on the server")
    assert states == [("success",)] * TASKS
    assert len(killed) >= 0.6 * TASKS, "some are over before their moment comes"
    assert started == TASKS


def parent_of(number: int) -> int:
    """The process above one; 0 if there is no such process."""
    try:
        return int(Path(f"/proc/{number}/stat").read_text("ascii").rpartition(")")[2].split()[1])
    except FileNotFoundError:
        return 0


def is_of(number: int, place: Place) -> bool:
    """Whether a process is one that this test has started: one of Airflow's parts, or below one."""
    ours = {process.pid for process in place.processes}
    while number > 1:
        if number in ours:
            return True
        number = parent_of(number)
    return False


def run_of(place: Place, dag_id: str, run_id: str) -> str:
    """The run on the server that a task has told of; an empty string as long as there is none."""
    found = place.ask(
        "select cast(value as text) from xcom where dag_id = :dag and run_id = :run and key = 'process_id'",
        dag=dag_id,
        run=run_id,
    )
    return found[0][0].strip('"') if found else ""


def state_in(place: Place, dag_id: str, run_id: str) -> str | None:
    [(state,)] = place.ask(
        "select state from task_instance where dag_id = :dag and run_id = :run", dag=dag_id, run=run_id
    ) or [(None,)]
    return state


def works(sandbox: Sandbox, process_id: str) -> bool:
    with sandbox.client() as session:
        workflow = session.workfile.get_id("order_filter", "Sandbox")
        return bool(session.workfile.process.attach(workflow, process_id).status == "WORKING")


def is_followed(sandbox: Sandbox, process_id: str) -> bool:
    """Whether somebody asks about a run. If the task is deferred and no triggerer has it yet, nobody stops the run."""
    sandbox.requests.clear()
    return until(lambda: any(process_id in path for _, path, _ in list(sandbox.requests)), 60)


def end_task(place: Place, dag_id: str, run_id: str, ending: str) -> None:
    """End a task as a user does it in Airflow's web pages."""
    if ending == "cleared":
        wanted = {"dry_run": False, "only_failed": False, "dag_run_id": run_id, "task_ids": ["run_flow"]}
        place.request("POST", f"dags/{dag_id}/clearTaskInstances", wanted)
    else:
        place.request("PATCH", f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/run_flow", {"new_state": ending})


@pytest.mark.parametrize(("way", "waits"), [("deferred", "deferred"), ("waiting", "running")])
def test_a_task_that_a_user_ends_stops_its_run(place: Place, sandbox: Sandbox, way: str, waits: str) -> None:
    sandbox.pace = ("timed", 600.0)
    dag_id = f"ended_{way}"
    for ending in ENDINGS:
        place.command("dags", "trigger", dag_id, "--run-id", ending)

    def all_wait() -> bool:
        return all(run_of(place, dag_id, each) and state_in(place, dag_id, each) == waits for each in ENDINGS)

    assert until(all_wait, 180)
    runs = {ending: run_of(place, dag_id, ending) for ending in ENDINGS}
    assert all(works(sandbox, run) for run in runs.values())
    assert all(is_followed(sandbox, run) for run in runs.values())
    for ending in ENDINGS:
        end_task(place, dag_id, ending, ending)
    for ending, run in runs.items():
        assert until(lambda: not works(sandbox, run), 90), f"{ending}: its run goes on"  # noqa: B023
    assert [state_in(place, dag_id, each) for each in ENDINGS[:2]] == list(ENDINGS[:2])

    def again() -> str:
        run = run_of(place, dag_id, "cleared")
        return "" if run == runs["cleared"] else run

    assert until(lambda: bool(again()) and state_in(place, dag_id, "cleared") == waits, 120), "a user wants a new run"
    second = again()
    assert is_followed(sandbox, second)
    end_task(place, dag_id, "cleared", "failed")
    assert until(lambda: not works(sandbox, second), 90)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_triggerer_that_ends_leaves_the_run_alone_and_another_takes_it_up(
    place: Place, sandbox: Sandbox, number: signal.Signals
) -> None:
    sandbox.pace = ("timed", 25.0)
    dag_id, run_id = "ended_deferred", f"taken_up_{number}"
    place.command("dags", "trigger", dag_id, "--run-id", run_id)
    assert until(lambda: state_in(place, dag_id, run_id) == "deferred", 120)
    assert is_followed(sandbox, run_of(place, dag_id, run_id))
    old = next(process for process in reversed(place.processes) if "triggerer" in process.args)  # type: ignore[operator]
    os.killpg(old.pid, number)
    with contextlib.suppress(subprocess.TimeoutExpired):
        old.wait(30)
    assert old.returncode is not None
    place.start("triggerer")
    assert until(lambda: state_in(place, dag_id, run_id) == "success", 180)
    assert not any(path.endswith("/stop") for _, path, _ in list(sandbox.requests))


def test_the_button_that_tests_a_connection_says_whether_it_works(place: Place, sandbox: Sandbox) -> None:
    connection = {
        "connection_id": "another",
        "conn_type": "alpine",
        "host": sandbox.url,
        "login": sandbox.username,
        "password": sandbox.password,
    }
    good = place.request("POST", "connections/test", connection)
    assert good["status"] is True
    assert "Logged in to" in good["message"]
    bad = place.request("POST", "connections/test", {**connection, "password": "a-wrong-word"})
    assert bad["status"] is False
    assert "password" in bad["message"]
    assert "a-wrong-word" not in bad["message"]


def test_no_log_of_airflow_has_the_password(place: Place, sandbox: Sandbox) -> None:
    logs = [path.read_text("utf-8", "replace") for path in place.home.rglob("*.log")]
    assert any("started run" in log for log in logs)
    assert not any(sandbox.password in log for log in logs)
