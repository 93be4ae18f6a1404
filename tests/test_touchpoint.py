"""Touchpoints run their workflows with what people fill in; a run of one is a run like any other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from alpine import APIClient, FlowRun
from alpine.exception import (
    FeatureNotFoundException,
    ForbiddenException,
    InvalidArgumentException,
    NotFoundException,
    RunFlowFailureException,
    StopFlowFailureException,
    ValidationException,
    WorkflowVariableException,
)
from alpine.sandbox import Sandbox
from tests.scripted import Reply, ScriptedServer

AMOUNT = {"variable_name": "@min_amount", "label": "From which amount?", "data_type": "Number"}


@pytest.fixture
def flow(client: APIClient) -> int:
    return client.workfile.get_id("order_filter", 1)


@pytest.fixture
def number(client: APIClient, flow: int) -> int:
    return int(client.touchpoint.create("Sandbox", "Large orders", flow, parameters=[AMOUNT])["id"])


@pytest.fixture
def stepping(sandbox: Sandbox) -> Iterator[Sandbox]:
    """A sandbox whose runs wait."""
    sandbox.pace = "step"
    yield sandbox
    sandbox.pace = "instant"


def test_a_touchpoint_is_a_workfile_with_parameters(client: APIClient, flow: int) -> None:
    made = client.touchpoint.create(
        "Sandbox", "Large orders", flow, "for sales", parameters=[AMOUNT], output_table=["Row Filter"]
    )
    assert (made["entity_subtype"], made["workflow_id"], made["state"]) == ("worklet", flow, "completed")
    assert (made["description"], made["output_table"], made["running"]) == ("for sales", ["Row Filter"], False)
    assert made["parameters"][0]["label"] == "From which amount?"
    assert client.touchpoint.get(made["id"], 1)["id"] == made["id"]
    assert [row["id"] for row in client.workfile.get_list(1, file_type="worklet")] == [made["id"]]
    assert [row["id"] for row in client.workfile.get(flow)["associated_worklets"]] == [made["id"]]
    changed = client.touchpoint.update(1, made["id"], "Orders", "", output_table=[])
    assert (changed["file_name"], changed["description"], changed["output_table"]) == ("Orders", "", [])
    assert client.touchpoint.update(1, made["id"])["file_name"] == "Orders"


def test_a_run_has_the_values_as_variables(client: APIClient, flow: int, number: int) -> None:
    run = client.touchpoint.run(number, {"@min_amount": 150}, "Sandbox", test_run=True)
    assert isinstance(run, FlowRun)
    assert run.workflow_id == flow
    assert run.wait() == "SUCCESS"
    assert run.results().operators["Row Filter"].row_count == 90
    assert client.touchpoint.run(number, workspace_id=1).wait().results.operators["Row Filter"].row_count == 141
    again = client.workfile.process.attach(flow, str(run))
    assert again.results().operators["Row Filter"].row_count == 90


def test_the_runs_of_a_touchpoint_are_its_own_with_their_values(client: APIClient, flow: int, number: int) -> None:
    run = client.touchpoint.run(number, {"@min_amount": 150}, 1)
    run.wait()
    found = client.workfile.runs(number)
    assert [row["process_id"] for row in found] == [run]
    assert client.workfile.runs(flow) == []
    values = client.touchpoint.get_values(found[0]["activity_id"])
    assert [(row["name"], row["value"], row["result_id"]) for row in values] == [("@min_amount", "150", str(run))]
    assert client.notification.get_list(unread_only=True)[0]["event"]["action"] == "WorkfileResult"


def test_a_running_touchpoint_says_so_and_is_stopped(client: APIClient, number: int, stepping: Sandbox) -> None:
    run = client.touchpoint.run(number, workspace_id=1)
    assert run.status == "WORKING"
    shown = client.touchpoint.get(number, 1)
    assert (shown["running"], shown["killable_id"]) == (True, str(run))
    assert client.touchpoint.stop(number, 1)["running"] is False
    assert run.status == "FINISHED"
    with pytest.raises(StopFlowFailureException, match="it is not running"):
        client.touchpoint.stop(number, 1)


def test_everybody_runs_a_published_touchpoint(client: APIClient, ada: APIClient, flow: int) -> None:
    private = client.workspace.create("Private")["id"]
    copy = client.workfile.copy(flow, private)["id"]
    number = client.touchpoint.create(private, "Large orders", copy, parameters=[AMOUNT])["id"]
    with pytest.raises(ForbiddenException, match="not published: then its workspace has to be named"):
        ada.touchpoint.run(number)
    client.touchpoint.publish("Private", number)
    published = ada.touchpoint.get_list("large")
    assert [(row["file_name"], row["state"]) for row in published] == [("Large orders", "published")]
    assert published[0]["id"] != number
    assert published[0]["workspace"] is None
    run = ada.touchpoint.run(published[0]["id"], {"@min_amount": 150})
    assert run.wait().results.operators["Row Filter"].row_count == 90
    assert ada.touchpoint.get(published[0]["id"])["running"] is False
    with pytest.raises(ValidationException, match="PUBLISHED_WORKLET_ASSOCIATED"):
        client.touchpoint.delete(private, number)
    client.touchpoint.unpublish(private, number)
    assert ada.touchpoint.get_list() == []
    assert client.touchpoint.delete(private, number) is None
    with pytest.raises(NotFoundException):
        client.touchpoint.get(number, private)


def test_a_touchpoint_that_is_running_is_not_unpublished(client: APIClient, number: int, stepping: Sandbox) -> None:
    published = client.touchpoint.publish(1, number)
    run = client.touchpoint.run(published["id"])
    with pytest.raises(ValidationException, match="CANNOT_UNPUBLISH"):
        client.touchpoint.unpublish(1, number)
    run.stop()
    assert client.touchpoint.unpublish(1, number)["state"] == "completed"


def test_a_workflow_stays_while_a_touchpoint_runs_it(client: APIClient, flow: int, number: int) -> None:
    for call in (lambda: client.workfile.delete(flow), lambda: client.workfile.delete_many(1, [flow])):
        with pytest.raises(ValidationException, match="WORKLET_ASSOCIATED"):
            call()
    client.touchpoint.delete(1, number)
    client.workfile.delete(flow)


def test_parameters_are_added_changed_and_removed(client: APIClient, number: int) -> None:
    parameter = client.touchpoint.parameter
    made = parameter.create(
        1,
        number,
        "@region",
        "Where?",
        parameter.DataType.SingleSelect,
        options=["north", {"option": "S", "value": "s"}],
    )
    assert made["options"] == [{"option": "north", "value": "north"}, {"option": "S", "value": "s"}]
    changed = parameter.update("Sandbox", number, made["id"], label="Region", required=True, options=[])
    assert (changed["label"], changed["required"], changed["options"]) == ("Region", True, [])
    assert parameter.update(1, number, made["id"])["label"] == "Region"
    assert [row["variable_name"] for row in parameter.get_list(1, number)] == ["@min_amount", "@region"]
    assert parameter.delete(1, number, made["id"]) is None
    for call in (lambda: parameter.update(1, number, made["id"]), lambda: parameter.delete(1, number, made["id"])):
        with pytest.raises(NotFoundException):
            call()


def test_a_value_that_the_touchpoint_does_not_ask_for_is_refused(
    client: APIClient, number: int, sandbox: Sandbox
) -> None:
    client.touchpoint.parameter.create(1, number, "@region", "Where?", required=True)
    for variables, said in (
        ({"@region": "x", "@bogus": 1}, r"has no parameter @bogus; its parameters are: @min_amount, @region\."),
        ({"@min_amount": 1}, r"requires a value for its parameter @region \(Where\?\)\."),
    ):
        with pytest.raises(WorkflowVariableException, match=said):
            client.touchpoint.run(number, variables, 1)
    assert client.touchpoint.get(number, 1)["running"] is False
    assert client.workfile.runs(number) == []


def test_a_name_that_is_not_allowed_is_told_with_the_rule(client: APIClient, flow: int, number: int) -> None:
    for call in (lambda: client.touchpoint.create(1, "a/b", flow), lambda: client.touchpoint.update(1, number, "a/b")):
        with pytest.raises(ValidationException, match="may hold the letters"):
            call()


def test_a_parameter_in_a_wrong_form_is_told_with_its_name(client: APIClient, flow: int) -> None:
    for row, said in (({"name": "@x"}, "'name'"), ({"variable_name": "x"}, "'@x', not 'x'"), ({}, "variable_name")):
        with pytest.raises(InvalidArgumentException, match=said):
            client.touchpoint.create(1, "x", flow, parameters=[row])


def test_what_the_server_refuses_to_run(client: APIClient, ada: APIClient, server: ScriptedServer) -> None:
    session = APIClient(server.url, token="x")
    server.on("GET", "/api/touchpoints/1", Reply({"response": {"id": 1, "workflow_id": 2, "parameters": []}}))
    for record in ("RUN_FAILED", "RUN_NO_DB_ACCESS"):
        server.on("PUT", "/api/touchpoints/1/run", Reply({"errors": {"record": record}}, 422))
        with pytest.raises(ValidationException, match=record):
            session.touchpoint.run(1)
    assert server.asked[-1].json == {"workfile": {"worklet_parameters": {"fields": []}, "test_run": False}}
    server.on("PUT", "/api/touchpoints/1/run", Reply({"response": {"id": 1, "running": True}}, 202))
    with pytest.raises(RunFlowFailureException, match="names no process id"):
        session.touchpoint.run(1)
    session.session.close()


def test_a_server_without_touchpoints_is_named_so(client: APIClient, sandbox: Sandbox, flow: int) -> None:
    sandbox.settings.touchpoints_enabled = False
    try:
        for call in (
            lambda: client.touchpoint.get_list(),
            lambda: client.touchpoint.get(1, 1),
            lambda: client.touchpoint.create(1, "x", flow),
            lambda: client.touchpoint.run(1),
            lambda: client.touchpoint.parameter.get_list(1, 1),
            lambda: client.touchpoint.get_values(1),
        ):
            with pytest.raises(FeatureNotFoundException, match="this server has no touchpoints"):
                call()
    finally:
        sandbox.settings.touchpoints_enabled = True
