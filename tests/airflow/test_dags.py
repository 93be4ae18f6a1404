"""DAGs run in a real Airflow, where it is installed: without its processes, as ``dag.test()`` does it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from alpine.airflow.provider_info import get_provider_info
from alpine.exception import InvalidArgumentException, RunFlowFailureException, RunFlowTimeoutException
from alpine.sandbox import Sandbox
from tests.airflow.place import Place
from tests.documents import document
from tests.runs.responses import ENGINE
from tests.scripted import Reply, ScriptedServer

needs_airflow = pytest.mark.skipif("not __import__('importlib.util').util.find_spec('airflow')", reason="no Airflow")
WAYS = ("waiting", "deferred")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("airflow"))


@pytest.fixture(scope="module")
def sandbox(place: Place) -> Iterator[Sandbox]:
    with Sandbox(pace=("timed", 0.7)) as sandbox:
        place.knows(sandbox)
        yield sandbox


@pytest.fixture(scope="module")
def said(place: Place, sandbox: Sandbox) -> str:
    """What was logged when all of the DAGs ran, one after the other: to start Airflow takes longer than a DAG."""
    return place.test_dags(*(f"{name}_{way}" for name in ("good", "bad", "slow") for way in WAYS))


def starts(sandbox: Sandbox) -> int:
    return sum(path.endswith("/run") for _, path, _ in sandbox.requests)


@needs_airflow
@pytest.mark.parametrize("way", WAYS)
def test_a_run_gives_its_id_its_status_and_values(place: Place, said: str, way: str) -> None:
    assert place.states(f"good_{way}") == {"run_flow": "success", "check": "success", "see_again": "success"}
    result = place.value(f"good_{way}", "run_flow")
    assert result["status"] == "SUCCESS"
    assert place.value(f"good_{way}", "run_flow", "process_id") == result["process_id"]
    assert {row["region"] for row in result["operators"]["By Region"]} >= {"north", "south"}


@needs_airflow
@pytest.mark.parametrize("way", WAYS)
def test_a_run_that_fails_or_takes_too_long_fails_the_task(place: Place, said: str, way: str) -> None:
    assert place.states(f"bad_{way}") == place.states(f"slow_{way}") == {"run_flow": "failed"}


@needs_airflow
def test_the_log_says_why_and_no_task_has_two_runs(said: str, sandbox: Sandbox) -> None:
    assert said.count("There is no column 'much'") >= 2
    assert said.count("was still running") >= 2
    assert starts(sandbox) == 6
    assert sum(path.endswith("/stop") for _, path, _ in sandbox.requests) == 2, "those that took too long"
    assert sandbox.password not in said


@needs_airflow
def test_airflow_knows_the_type_of_connection(place: Place) -> None:
    assert any(row.split("|")[0].strip() == "alpine" for row in place.command("providers", "list").splitlines())
    assert "AlpineHook" in place.command("providers", "hooks")


@pytest.fixture
def connected(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> ScriptedServer:
    server.on_login()
    connection = {"conn_type": "alpine", "host": server.url, "login": "ada", "password": "a-secret-word"}
    monkeypatch.setenv("AIRFLOW_CONN_ALPINE_DEFAULT", json.dumps(connection))
    monkeypatch.setenv("AIRFLOW_CONN_OTHER", json.dumps({**connection, "extra": {"bogus": 1}}))
    monkeypatch.setenv("AIRFLOW_CONN_NOBODY", json.dumps({"conn_type": "alpine", "host": server.url}))
    return server


WORKING = Reply({"meta": {"state": "NODE_STARTED"}, "nodeInfo": {"nodeName": "x"}})
OVER = Reply("Workflow not started or already stopped.\n")


def event_of(**changes: Any) -> dict[str, Any]:
    from alpine.airflow import AlpineRunTrigger

    arguments = {
        "alpine_conn_id": "alpine_default",
        "workflow_id": 375,
        "process_id": "run-1",
        "ends_at": time.time() + 30,
        "query_time": 1,
    }
    trigger = AlpineRunTrigger(**{**arguments, **changes})
    path, again = trigger.serialize()
    assert path == "alpine.airflow.trigger.AlpineRunTrigger"
    assert AlpineRunTrigger(**again).serialize() == trigger.serialize()

    async def first() -> Any:
        try:
            return await anext(trigger.run())
        finally:
            await trigger.cleanup()

    payload: dict[str, Any] = asyncio.run(first()).payload
    return payload


@needs_airflow
@pytest.mark.filterwarnings("ignore")
def test_the_trigger_bears_a_server_that_is_down(connected: ScriptedServer) -> None:
    down = Reply("", 500)
    connected.on(
        "POST", "/api/sessions", down, Reply({"response": {"session_id": "a-token-000001", "user": {"id": 1}}})
    )
    connected.on("GET", f"{ENGINE}/processes/.*", WORKING, down, Reply(fault="close"), Reply("<html>"), WORKING, OVER)
    assert event_of() == {"workflow_id": 375, "process_id": "run-1", "status": "over"}
    assert connected.count("DELETE", "/api/sessions") == 1, "it logs out"


@needs_airflow
@pytest.mark.filterwarnings("ignore")
def test_the_trigger_ends_with_its_time_and_with_what_cannot_be_borne(connected: ScriptedServer) -> None:
    connected.on("GET", f"{ENGINE}/processes/.*", WORKING)
    assert event_of(ends_at=time.time() + 0.5)["status"] == "late"
    connected.on("POST", "/api/sessions", Reply("", 401))
    lost = event_of()
    assert lost["status"] == "lost"
    assert "LoginFailureException" in lost["message"]
    assert "a-secret-word" not in lost["message"]


@needs_airflow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("stops", [True, False])
def test_a_killed_trigger_stops_the_run(connected: ScriptedServer, stops: bool) -> None:
    from alpine.airflow import AlpineRunTrigger

    connected.on("POST", f"{ENGINE}/processes/run-1/stop", Reply({"status": "Flow stopped.\n"}))
    asyncio.run(AlpineRunTrigger("alpine_default", 375, "run-1", 0, stop_on_kill=stops).on_kill())
    assert connected.count("POST", ".*/stop") == stops


@needs_airflow
@pytest.mark.filterwarnings("ignore")
def test_the_connection_is_tested(connected: ScriptedServer) -> None:
    from alpine.airflow import AlpineHook

    connected.on("GET", "/api/VERSION", Reply("6.3.0"))
    good, said = AlpineHook().test_connection()
    assert good
    assert connected.url in said
    for name, words in (("nobody", "neither a user"), ("other", "'bogus'")):
        good, said = AlpineHook(name).test_connection()
        assert not good
        assert words in said
    connected.on("POST", "/api/sessions", Reply("", 401))
    good, said = AlpineHook().test_connection()
    assert not good
    assert "password" in said
    assert "a-secret-word" not in said


class Stored(dict[str, Any]):
    """What Airflow keeps for a task between its tries."""

    def set(self, key: str, value: Any) -> None:
        self[key] = json.loads(json.dumps(value))


class Try:
    """What an operator uses of a try of a task."""

    stats_tags: dict[str, str] = {}  # noqa: RUF012

    def __init__(self, max_tries: int = 3) -> None:
        self.max_tries = max_tries
        self.pushed: dict[str, Any] = {}

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed[key] = value


@needs_airflow
@pytest.mark.filterwarnings("ignore")
def test_a_later_try_takes_the_same_run_up_and_a_cleared_task_does_not(
    place: Place, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from alpine.airflow import AlpineRunWorkflowOperator

    monkeypatch.setenv("AIRFLOW_CONN_ALPINE_DEFAULT", place.environment["AIRFLOW_CONN_ALPINE_DEFAULT"])
    stored, before = Stored(), starts(sandbox)

    def execute(*, max_tries: int = 3, **options: Any) -> Any:
        operator = AlpineRunWorkflowOperator(task_id="x", workflow="order_filter", workspace="Sandbox", **options)
        return operator.execute({"ti": Try(max_tries), "task_state_store": stored})  # type: ignore[typeddict-item]

    first = execute(variables={"@min_amount": 100})
    assert execute() == first, "it is over"
    assert starts(sandbox) == before + 1
    assert execute(max_tries=4)["process_id"] != first["process_id"], "a user has cleared the task"
    assert starts(sandbox) == before + 2
    with pytest.raises(RunFlowFailureException):
        execute(max_tries=5, variables={"@min_amount": "much"})
    assert execute(max_tries=5)["status"] == "SUCCESS", "what failed is tried again"
    assert starts(sandbox) == before + 4


@needs_airflow
@pytest.mark.filterwarnings("ignore")
def test_a_later_try_has_the_time_that_is_left(place: Place, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    from alpine.airflow import AlpineRunWorkflowOperator

    monkeypatch.setenv("AIRFLOW_CONN_ALPINE_DEFAULT", place.environment["AIRFLOW_CONN_ALPINE_DEFAULT"])
    monkeypatch.setattr(sandbox, "pace", ("timed", 60.0))
    with sandbox.client() as session:
        run = session.workfile.process.run(session.workfile.get_id("order_filter", "Sandbox"))
        known = {"workflow_id": run.workflow_id, "process_id": str(run), "max_tries": 3}
        stored = Stored(alpine_run={**known, "started_at": time.time() - 100})
        operator = AlpineRunWorkflowOperator(
            task_id="x", workflow="order_filter", workspace="Sandbox", timeout=100, deferrable=False
        )
        with pytest.raises(RunFlowTimeoutException):
            operator.execute({"ti": Try(), "task_state_store": stored})  # type: ignore[typeddict-item]
        assert run.status != "WORKING"


@needs_airflow
@pytest.mark.filterwarnings("ignore")
def test_wrong_arguments_are_refused_before_a_run_is_started(connected: ScriptedServer) -> None:
    from alpine.airflow import AlpineRunWorkflowOperator

    for wrong in ({"timeout": "long"}, {"timeout": -1}, {"query_time": None}):
        with pytest.raises(InvalidArgumentException):
            AlpineRunWorkflowOperator(task_id="x", workflow=375, **wrong)  # type: ignore[arg-type]
    for names in ("By Region", 5, None):
        operator = AlpineRunWorkflowOperator(task_id="x", workflow=375, operators=names)  # type: ignore[arg-type]
        with pytest.raises(InvalidArgumentException, match="operators must be a list of names"):
            operator.execute({"ti": Try(), "task_state_store": Stored()})  # type: ignore[typeddict-item]
    assert connected.asked == []


@needs_airflow
@pytest.mark.filterwarnings("ignore")
def test_a_task_that_is_ended_while_the_server_is_down_says_so(
    connected: ScriptedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    from alpine.airflow import AlpineRunWorkflowOperator

    operator = AlpineRunWorkflowOperator(task_id="x", workflow=375, deferrable=False)

    def end_the_task(_: object) -> Reply:
        connected.on("POST", "/api/sessions", Reply("", 401))
        operator.on_kill()
        return OVER

    connected.on("POST", f"{ENGINE}/workflows/375/run", Reply({"meta": {"processId": "run-1", "state": "STARTED"}}))
    connected.on("GET", f"{ENGINE}/processes/.*", end_the_task)
    connected.on("GET", f"{ENGINE}/workflows/375/results/.*", Reply(document("SUCCESS")))
    assert operator.execute({"ti": Try(), "task_state_store": Stored()})["status"] == "SUCCESS"  # type: ignore[typeddict-item]
    assert "Run run-1 could not be stopped" in capsys.readouterr().out


@needs_airflow
@pytest.mark.filterwarnings("ignore")
def test_a_run_whose_id_cannot_be_stored_is_stopped(connected: ScriptedServer) -> None:
    from alpine.airflow import AlpineRunWorkflowOperator

    class Full(Stored):
        def set(self, key: str, value: Any) -> None:
            raise OSError("no room")

    connected.on("POST", f"{ENGINE}/workflows/375/run", Reply({"meta": {"processId": "run-1", "state": "STARTED"}}))
    connected.on("POST", f"{ENGINE}/processes/run-1/stop", Reply({"status": "Flow stopped.\n"}))
    operator = AlpineRunWorkflowOperator(task_id="x", workflow=375)
    with pytest.raises(OSError, match="no room"):
        operator.execute({"ti": Try(), "task_state_store": Full()})  # type: ignore[typeddict-item]
    assert connected.count("POST", ".*/stop") == 1


@needs_airflow
@pytest.mark.filterwarnings("ignore")
def test_a_run_that_failed_before_the_deferral_fails_the_task_at_once(connected: ScriptedServer) -> None:
    from alpine.airflow import AlpineRunWorkflowOperator

    connected.on("POST", f"{ENGINE}/workflows/375/run", Reply({"meta": {"processId": "run-1", "state": "STARTED"}}))
    connected.on("GET", f"{ENGINE}/processes/.*", OVER)
    connected.on("GET", f"{ENGINE}/workflows/375/results/.*", Reply(document("FAILURE")))
    operator = AlpineRunWorkflowOperator(task_id="x", workflow=375, deferrable=True)
    with pytest.raises(RunFlowFailureException):
        operator.execute({"ti": Try(), "task_state_store": Stored()})  # type: ignore[typeddict-item]


@needs_airflow
@pytest.mark.filterwarnings("ignore")
def test_a_deferred_task_keeps_to_the_time_that_airflow_gives_it(connected: ScriptedServer) -> None:
    from airflow.sdk.exceptions import TaskDeferred

    from alpine.airflow import AlpineRunWorkflowOperator

    connected.on("POST", f"{ENGINE}/workflows/375/run", Reply({"meta": {"processId": "run-1", "state": "STARTED"}}))
    connected.on("GET", f"{ENGINE}/processes/.*", WORKING)
    for given, seconds in ((timedelta(minutes=1), 60), (None, 3600)):
        operator = AlpineRunWorkflowOperator(task_id="x", workflow=375, execution_timeout=given, deferrable=True)
        with pytest.raises(TaskDeferred) as deferred:
            operator.execute({"ti": Try(), "task_state_store": Stored()})  # type: ignore[typeddict-item]
        assert seconds - 30 < deferred.value.trigger.ends_at - time.time() <= seconds


def test_what_airflow_is_told_is_there() -> None:
    """Also where Airflow is not installed: its parts are files, and nothing of it is imported."""
    told = get_provider_info()
    root = Path(__file__).parents[2]
    modules = [
        name for kind in ("operators", "sensors", "hooks", "triggers") for name in told[kind][0]["python-modules"]
    ]
    assert len(modules) == 4
    assert all((root / f"{name.replace('.', '/')}.py").is_file() for name in modules)
