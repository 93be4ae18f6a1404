"""Workers that are killed lead to no second run: with the processes of a real Airflow, where it is installed."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from alpine.sandbox import Sandbox
from tests.airflow.place import Place
from tests.inside import state_of

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif("not __import__('importlib.util').util.find_spec('airflow')", reason="no Airflow"),
]
TASKS = int(os.environ.get("ALPINE_AIRFLOW_TASKS", "50"))


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(pace=("timed", 3.0)) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Iterator[Place]:
    port = "18793"
    place = Place(
        tmp_path_factory.mktemp("airflow"),
        AIRFLOW__API__PORT=port,
        AIRFLOW__CORE__EXECUTION_API_SERVER_URL=f"http://127.0.0.1:{port}/execution/",
        AIRFLOW__CORE__EXECUTOR="LocalExecutor",
        AIRFLOW__CORE__PARALLELISM="3",
        AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION="False",
        AIRFLOW__CORE__MAX_ACTIVE_RUNS_PER_DAG="100",
        AIRFLOW__API_AUTH__JWT_SECRET="a-secret-of-this-test-alone-0123456789",
        AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT="60",
    )
    place.knows(sandbox)
    place.command("dags", "reserialize")
    for words in (("api-server", "--port", port, "--workers", "1"), ("scheduler",), ("triggerer",)):
        place.start(*words)
    yield place
    place.stop()


def until(condition: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.1)
    return condition()


def test_a_worker_killed_after_the_id_is_stored_takes_the_same_run_up(place: Place, sandbox: Sandbox) -> None:
    """Each task is killed once, with -9, at a random moment after its id is stored."""
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
                    os.kill(number, signal.SIGKILL)
                    killed.add(task)
        states = place.ask("select state from task_instance where dag_id = 'killed' and map_index >= 0")
        if len(states) == TASKS and {state for (state,) in states} <= {"success", "failed"}:
            break
        time.sleep(0.1)
    started = len(state_of(sandbox).runs)
    print(f"{TASKS} tasks, {len(killed)} killed, {started} runs on the server")
    assert states == [("success",)] * TASKS
    assert len(killed) >= 0.8 * TASKS, "some are over before their moment comes"
    assert started == TASKS


def is_of(number: int, place: Place) -> bool:
    """Whether a process is one that this test has started: in the session of one of Airflow's parts, or below one."""
    ours = {process.pid for process in place.processes}
    while number > 1:
        if number in ours:
            return True
        try:
            number = int(Path(f"/proc/{number}/stat").read_text("ascii").rpartition(")")[2].split()[1])
        except FileNotFoundError:
            return False
    return False


def test_a_deferred_task_that_a_user_ends_stops_its_run(place: Place, sandbox: Sandbox) -> None:
    sandbox.pace = ("timed", 60.0)
    place.command("dags", "trigger", "ended_deferred")
    assert until(lambda: place.states("ended_deferred") == {"run_flow": "deferred"}, 120)
    time.sleep(5)
    place.command("tasks", "clear", "ended_deferred", "--yes", "--task-regex", "run_flow")
    assert until(lambda: any(path.endswith("/stop") for _, path, _ in sandbox.requests), 90)
