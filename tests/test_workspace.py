"""Workspaces are made, found, read and deleted as the facts say."""

from __future__ import annotations

import pytest

from alpine import APIClient
from alpine.exception import UserNotFoundException, ValidationException, WorkspaceNotFoundException
from tests.scripted import Reply, ScriptedServer

ROWS = [
    {"id": 1, "name": "Alpha", "entity_type": "workspace", "archived": False},
    {"id": 2, "name": "Beta", "entity_type": "workspace", "archived": True},
    {"id": 3, "name": "Gamma", "entity_type": "workspace", "archived_at": "2017-01-01T00:00:00Z"},
]


def test_create_sends_a_workspace(server: ScriptedServer, session: APIClient) -> None:
    server.on("POST", "/api/workspaces", Reply({"response": ROWS[0]}, 201))
    assert session.workspace.create("Alpha", public=True, summary="") == ROWS[0]
    assert server.asked[-1].json == {"name": "Alpha", "public": True, "summary": ""}
    session.workspace.create(workspace_name="Alpha")
    assert server.asked[-1].json == {"name": "Alpha", "public": False}


def test_a_name_that_is_taken_raises_with_the_field(server: ScriptedServer, session: APIClient) -> None:
    server.on("POST", "/api/workspaces", Reply({"errors": {"fields": {"name": {"TAKEN": {}}}}}, 422))
    with pytest.raises(ValidationException, match="name: TAKEN") as caught:
        session.workspace.create("Alpha")
    assert caught.value.fields == {"name": {"TAKEN": {}}}


def test_get_and_delete_take_an_id_or_a_name(server: ScriptedServer, session: APIClient) -> None:
    server.on("GET", "/api/workspaces", Reply({"response": ROWS}))
    server.on("GET", "/api/workspaces/2", Reply({"response": ROWS[1]}))
    server.on("DELETE", "/api/workspaces/2", Reply("{}"))
    assert session.workspace.get(2) == session.workspace.get("2") == session.workspace.get("beta") == ROWS[1]
    assert session.workspace.delete("Beta") is None
    with pytest.raises(WorkspaceNotFoundException):
        session.workspace.get(9)


def test_get_list_filters(server: ScriptedServer, session: APIClient) -> None:
    server.on("GET", "/api/workspaces", Reply({"response": ROWS}))
    assert session.workspace.get_list() == ROWS
    assert "active" not in server.asked[-1].query
    session.workspace.get_list(active=True, user_id=7)
    assert (server.asked[-1].query["active"], server.asked[-1].query["user_id"]) == (["true"], ["7"])
    assert session.workspace.get_list(active=False) == ROWS[1:]
    assert "active" not in server.asked[-1].query


def test_an_unknown_user_raises(server: ScriptedServer, session: APIClient) -> None:
    with pytest.raises(UserNotFoundException):
        session.workspace.get_list(user_id=99)


def test_get_id_does_not_mind_capitals_and_suggests(server: ScriptedServer, session: APIClient) -> None:
    server.on("GET", "/api/workspaces", Reply({"response": ROWS}))
    assert session.workspace.get_id("GAMMA") == 3
    with pytest.raises(WorkspaceNotFoundException, match="Did you mean 'Gamma'"):
        session.workspace.get_id("Gama")
