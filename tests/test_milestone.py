"""Milestones of a workspace are made, changed and counted; what the server leaves unsaid is an exception or is read."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from alpine import APIClient
from alpine.exception import (
    FeatureNotFoundException,
    ForbiddenException,
    NotFoundException,
    NotLicensedException,
    ValidationException,
    WorkspaceNotFoundException,
)
from alpine.sandbox import Sandbox
from tests.scripted import Reply, ScriptedServer


def test_milestones_are_listed_by_date_and_counted_in_the_workspace(client: APIClient) -> None:
    last = client.milestone.create("Sandbox", "deploy", date(2027, 3, 1))
    first = client.milestone.create(1, "model", datetime(2027, 1, 31, 23, 59, tzinfo=UTC))
    assert (first["target_date"], first["state"], first["workspace"]["id"]) == ("2027-01-31", "planned", 1)
    assert [row["name"] for row in client.milestone.get_list("Sandbox", per_page=1)] == ["model", "deploy"]
    client.milestone.update(1, first["id"], state=client.milestone.State.Achieved)
    workspace = client.workspace.get(1)
    assert (workspace["has_milestones"], workspace["milestone_count"]) == (True, 2)
    assert (workspace["milestone_completed_count"], workspace["project_target_date"]) == (1, "2027-03-01")
    assert client.milestone.delete(1, last["id"]) is None
    assert client.workspace.get(1)["project_target_date"] == "2027-01-31"
    assert [row["action"] for row in client.activity.get_list("workspace", 1)] == [
        "MilestoneUpdated",
        "MilestoneCreated",
        "MilestoneCreated",
    ]


def test_a_change_returns_the_milestone_though_the_server_says_nothing(client: APIClient) -> None:
    number = client.milestone.create(1, "model", "2027-01-31")["id"]
    assert client.milestone.update(1, number, name="models")["name"] == "models"
    assert client.milestone.update("Sandbox", number, target_date=date(2027, 2, 1))["target_date"] == "2027-02-01"
    assert client.milestone.update(1, number)["name"] == "models"


def test_what_is_not_there_and_what_one_may_not(client: APIClient, ada: APIClient) -> None:
    milestone = client.milestone
    for call in (lambda: milestone.update(1, 9999, name="x"), lambda: milestone.delete(1, 9999)):
        with pytest.raises(NotFoundException) as caught:
            call()
        assert type(caught.value) is NotFoundException
    with pytest.raises(NotFoundException, match="milestone 1 of workspace 9999"):
        milestone.delete(9999, 1)
    for call in (lambda: milestone.get_list(9999), lambda: milestone.create("Sandbx", "x", "2027-01-31")):
        with pytest.raises(WorkspaceNotFoundException):
            call()
    client.workspace.update(1, is_public=True)
    with pytest.raises(ForbiddenException):
        ada.milestone.create(1, "x", "2027-01-31")


def test_a_milestone_that_the_server_did_not_make_is_an_exception(server: ScriptedServer, session: APIClient) -> None:
    made = {"id": None, "name": "model", "state": "planned"}
    server.on("POST", "/api/workspaces/1/milestones", Reply({"response": made}, 201))
    with pytest.raises(ValidationException, match="the server did not make it"):
        session.milestone.create(1, "model", "2027-01-31")
    assert server.asked[0].json == {"milestone": {"name": "model", "target_date": "2027-01-31"}}


@pytest.mark.parametrize("body", [b"", b" ", {}])
def test_a_change_takes_any_blank_response(server: ScriptedServer, session: APIClient, body: object) -> None:
    server.on("PUT", "/api/workspaces/1/milestones/2", Reply(body))
    server.on("GET", "/api/workspaces/1/milestones", Reply({"response": [{"id": 2, "name": "x"}]}))
    assert session.milestone.update(1, 2, name="x") == {"id": 2, "name": "x"}


def test_a_licence_without_milestones(client: APIClient, sandbox: Sandbox) -> None:
    sandbox.settings.milestones_licensed = False
    try:
        with pytest.raises(NotLicensedException):
            client.milestone.get_list(1)
        assert client.get_license()["is_enabled_milestones"] is False
    finally:
        sandbox.settings.milestones_licensed = True


def test_a_server_without_milestones_is_named_so(server: ScriptedServer, session: APIClient) -> None:
    for method in ("GET", "POST", "PUT", "DELETE"):
        server.on(method, "/api/.*/milestones.*", Reply({"status": "404", "error": "Not Found"}, 404))
    for call in (
        lambda: session.milestone.get_list(1),
        lambda: session.milestone.create(1, "x", "2027-01-31"),
        lambda: session.milestone.update(1, 1, name="x"),
        lambda: session.milestone.delete(1, 1),
    ):
        with pytest.raises(FeatureNotFoundException, match="this server has no milestones"):
            call()
