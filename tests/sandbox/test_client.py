"""The project's own client against the sandbox, over HTTP: failures as exceptions, many at once, results as read."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import alpine
from alpine import APIClient
from alpine.sandbox import Sandbox
from tests.inside import set_clock
from tests.sandbox.engine_flows import element, flow, node, source
from tests.sandbox.wire import wait_for

SALES = pd.DataFrame({"id": range(200), "amount": [(i * 37) % 101 for i in range(200)]})


@pytest.fixture
def session(sandbox: Sandbox) -> Iterator[APIClient]:
    with sandbox.client() as client:
        yield client


@pytest.fixture
def hasty(session: APIClient) -> APIClient:
    """A client that waits no real time between its attempts."""
    set_clock(session)
    return session


def large_sales(name: str = "Row Filter") -> bytes:
    item = element("RowFilterConditionItem", columnName="amount", condition=">", firstValue="@least", secondValue="")
    model = element("RowFilterConditionModel", item, sqlType="nosql", useAll="true", conditionValue="")
    step = node(name, "field.FilterOperator", model, outputSchema="public", outputTable="shared_out")
    return flow(source("demo.sales"), step, links=f"source > {name}", variables={"@least": "50"})


@pytest.fixture
def workflow(sandbox: Sandbox, tmp_path: Path) -> int:
    """A workflow that keeps the sales above a limit, and its table."""
    sandbox.load_table("demo.sales", SALES)
    path = tmp_path / "large_sales.afm"
    path.write_bytes(large_sales())
    return sandbox.add_workflow(path)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (403, {"errors": {"model_data": {}}}, alpine.exception.ForbiddenException),
        (403, {"errors": {"license": "NOT_LICENSED"}}, alpine.exception.NotLicensedException),
        (403, {"errors": {"record": "DEMO_FORBIDDEN"}}, alpine.exception.DemoModeException),
        (404, {"errors": {"record": "NOT_FOUND"}}, alpine.exception.UserNotFoundException),
        (413, "<html>too large</html>", alpine.exception.RequestTooLargeException),
        (422, {"errors": {"fields": {"name": {"TAKEN": {}}}}}, alpine.exception.ValidationException),
        (429, {}, alpine.exception.TooManyRequestsException),
        (500, {"status": "500"}, alpine.exception.ServerErrorException),
        (503, {"errors": {"service": "SOLR_UNREACHABLE"}}, alpine.exception.ServiceUnavailableException),
        (503, {"errors": {"service": "LICENSE_EXPIRED"}}, alpine.exception.LicenseExpiredException),
    ],
)
def test_a_status_is_the_exception_of_that_status(
    sandbox: Sandbox, hasty: APIClient, status: int, body: Any, kind: type[alpine.exception.AlpineException]
) -> None:
    sandbox.fault("status", status=status, body=body, path="/users/", times=None)
    with pytest.raises(kind) as caught:
        hasty.user.get(1)
    assert caught.value.status_code == status


def test_a_page_instead_of_an_answer_is_a_server_error(sandbox: Sandbox, hasty: APIClient) -> None:
    sandbox.fault("html500", path="/users")
    with pytest.raises(alpine.exception.ServerErrorException) as caught:
        hasty.user.get_list()
    assert caught.value.status_code == 500


def test_a_delay_beyond_the_time_out_is_a_time_out(sandbox: Sandbox, session: APIClient) -> None:
    with APIClient(sandbox.url, token=session.token, timeout=(0.2, 0.2)) as impatient:
        sandbox.fault("delay", seconds=0.6, method="POST")
        with pytest.raises(alpine.exception.OutcomeUnknownException):
            impatient.workspace.create("mine")
        set_clock(impatient)
        sandbox.fault("delay", seconds=0.6, times=None)
        with pytest.raises(alpine.exception.RequestTimeoutException):
            impatient.user.get_list()


@pytest.mark.parametrize("kind", ["drop", "reset", "truncate"])
def test_a_lost_connection_is_tried_again_where_that_does_no_harm(
    sandbox: Sandbox, hasty: APIClient, kind: str
) -> None:
    sandbox.fault(kind, method="GET", times=2)
    assert len(hasty.user.get_list()) == 4
    sandbox.fault(kind, method="GET", times=None)
    with pytest.raises(alpine.exception.ServerConnectionException):
        hasty.user.get_list()


@pytest.mark.parametrize("kind", ["drop", "reset", "truncate"])
def test_a_lost_answer_to_a_change_leaves_its_outcome_unknown(sandbox: Sandbox, hasty: APIClient, kind: str) -> None:
    sandbox.fault(kind, method="POST")
    with pytest.raises(alpine.exception.OutcomeUnknownException):
        hasty.workspace.create("mine")
    assert [row["name"] for row in hasty.workspace.get_list()] == ["mine", "Sandbox"]


def test_an_expired_login_is_renewed_where_the_password_is_known(sandbox: Sandbox, session: APIClient) -> None:
    sandbox.fault("expire", path="/users$")
    assert len(session.user.get_list()) == 4
    sandbox.expire_sessions()
    assert len(session.user.get_list()) == 4


def test_an_expired_token_is_an_exception(sandbox: Sandbox, session: APIClient) -> None:
    with APIClient(sandbox.url, token=session.token) as other:
        sandbox.fault("expire", path="/users$")
        with pytest.raises(alpine.exception.AlpineSessionNotFoundException):
            other.user.get_list()


def test_json_that_breaks_off_is_an_answer_that_makes_no_sense(sandbox: Sandbox, hasty: APIClient) -> None:
    sandbox.fault("malformed", path="/users", times=None)
    with pytest.raises(alpine.exception.InvalidResponseException):
        hasty.user.get_list()


def test_an_operator_that_fails_fails_the_run_by_its_name(sandbox: Sandbox, session: APIClient, workflow: int) -> None:
    sandbox.fault("node_failure", operator="Row Filter")
    with pytest.raises(alpine.exception.RunFlowFailureException, match="Row Filter"):
        session.workfile.process.run(workflow).wait()
    assert session.workfile.process.run(workflow).wait() == "SUCCESS"


def test_clearing_faults_takes_back_an_operators_failure(sandbox: Sandbox, session: APIClient, workflow: int) -> None:
    sandbox.fault("node_failure", operator="Row Filter", times=None)
    for _ in range(2):
        with pytest.raises(alpine.exception.RunFlowFailureException):
            session.workfile.process.run(workflow).wait()
    sandbox.clear_faults()
    assert session.workfile.process.run(workflow).wait() == "SUCCESS"


def test_a_sweep_of_fifty_runs_that_write_one_table_keeps_every_result_apart(session: APIClient, workflow: int) -> None:
    limits = [n * 2 for n in range(50)]

    def go(least: int) -> tuple[str, int, str | None]:
        run = session.workfile.process.run(workflow, {"@least": least})
        run.wait()
        kept = run.results().operators["Row Filter"]
        amounts = kept.to_dataframe()["amount"].astype(int)
        expected = SALES[SALES["amount"] > least]
        assert amounts.tolist() == expected["amount"].head(25).tolist()
        return str(run), kept.row_count, kept.table_name

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(go, limits))
    assert len({process_id for process_id, _, _ in found}) == 50
    assert [count for _, count, _ in found] == [int((SALES["amount"] > least).sum()) for least in limits]
    assert {table for _, _, table in found} == {"public.shared_out"}


def test_fifty_clients_work_at_once(sandbox: Sandbox, workflow: int) -> None:
    gate = threading.Barrier(50)

    def work(number: int) -> str:
        with sandbox.client() as session:
            gate.wait(30)
            session.workspace.create(f"workspace {number}")
            return str(session.workfile.process.run(workflow).wait())

    with ThreadPoolExecutor(50) as pool:
        assert set(pool.map(work, range(50))) == {"SUCCESS"}
    with sandbox.client() as session:
        assert len(session.workspace.get_list()) == 51


def test_step_by_step_a_test_sees_each_operator(sandbox: Sandbox, session: APIClient, workflow: int) -> None:
    sandbox.pace = "step"
    run = session.workfile.process.run(workflow)
    query = f"/alpinedatalabs/api/v1/json/processes/{run}/query"
    for name in ("source", "Row Filter"):
        wait_for(lambda name=name: session.request("GET", query).get("nodeInfo", {}).get("nodeName") == name)
        assert run.status == "WORKING"
        sandbox.release()
    assert run.wait() == "SUCCESS"
    held = session.workfile.process.run(workflow)
    assert held.stop() == "STOPPED"
    sandbox.reset()
    assert sandbox.pace == "instant"


def test_a_run_that_is_held_goes_on_when_the_pace_changes(sandbox: Sandbox, session: APIClient, workflow: int) -> None:
    sandbox.pace = "step"
    run = session.workfile.process.run(workflow)
    sandbox.pace = ("timed", 0.01)
    assert run.wait() == "SUCCESS"
    with pytest.raises(ValueError, match="'slow'"):
        sandbox.pace = "slow"  # type: ignore[assignment]  # what a user may write


def test_a_stop_through_chorus_holds_nobody_up(sandbox: Sandbox, session: APIClient, tmp_path: Path) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def endless(context: object) -> pd.DataFrame:
        begun.set()
        go_on.wait(30)
        return pd.DataFrame({"a": [1]})

    sandbox.register("x.Endless", endless)
    path = tmp_path / "endless.afm"
    path.write_bytes(flow(node("endless", "x.Endless")))
    number = sandbox.add_workflow(path)
    with ThreadPoolExecutor(1) as pool:
        session.request("POST", f"workfiles/{number}/run")
        assert begun.wait(30)
        stop = pool.submit(session.request, "POST", f"workfiles/{number}/stop")
        wait_for(lambda: stop.running())
        assert len(session.user.get_list()) == 4
        assert not stop.done()
        go_on.set()
        stop.result()
    assert session.workfile.get(number)["status"] == "idle"


def test_stand_in_rows_are_made_when_they_are_asked_for(sandbox: Sandbox, session: APIClient, tmp_path: Path) -> None:
    file = node(
        "file",
        "hadoop.HadoopFileOperator",
        element("HadoopFileStructureModel", element("col", n="x", t="double")),
        hadoopFileName="/a/b.csv",
    )
    path = tmp_path / "file.afm"
    path.write_bytes(flow(file))
    number = sandbox.add_workflow(path)
    with pytest.raises(alpine.exception.RunFlowFailureException, match="not loaded"):
        session.workfile.process.run(number).wait()
    sandbox.settings.stand_in = True
    run = session.workfile.process.run(number)
    run.wait()
    assert run.results().operators["file"].row_count == 2000


def test_a_confusion_matrix_is_read_over_http_as_the_public_notebooks_do(
    sandbox: Sandbox, session: APIClient, tmp_path: Path
) -> None:
    chance = np.random.default_rng(3)
    data = pd.DataFrame({"x": chance.normal(size=300)})
    data["bad"] = (data["x"] + chance.normal(size=300) > 0.3).astype(int)
    sandbox.load_table("demo.loans", data)
    model = node(
        "model",
        "logisticregression.LogisticRegressionOperator",
        dependentColumn="bad",
        columnNames="x",
        goodValue="1",
    )
    matrix = node("Confusion Matrix", "model.evaluator.ConfusionMatrixOperator", dependentColumn="bad")
    links = "source > model, source > Confusion Matrix, model > Confusion Matrix"
    path = tmp_path / "loans.afm"
    path.write_bytes(flow(source("demo.loans"), model, matrix, links=links))
    number = sandbox.add_workflow(path)

    process = session.workfile.process
    process_id = process.run(number)
    process.wait_until_finished(number, process_id)
    results = process.download_results(number, process_id)
    output = process.find_operator("Confusion Matrix", results)

    weights = np.zeros(2)
    design = np.column_stack([np.ones(300), data["x"]])
    for _ in range(30):
        p = 1 / (1 + np.exp(-design @ weights))
        step = np.linalg.solve(design.T @ (design * (p * (1 - p))[:, None]), design.T @ (data["bad"] - p))
        weights = weights + step
    accuracy = ((design @ weights >= 0) == (data["bad"] == 1)).mean()
    last = output["visualData"][0]["visualData"]["items"][2]["Class Recall"]
    assert last.split()[1] == f"{accuracy:.4f}"
    assert output["visualData"][1]["visualData"]["heatMapTable"]["accuracy"] == float(np.float32(accuracy))
