"""Workspaces are made, found, read, changed and deleted."""

from __future__ import annotations

import pytest

from alpine import APIClient, Workspace
from alpine.exception import (
    ForbiddenException,
    InvalidArgumentException,
    UserNotFoundException,
    ValidationException,
    WorkspaceMemberNotFoundException,
    WorkspaceNotFoundException,
)
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


@pytest.mark.parametrize("order", [("Report", "REPORT", "report"), ("report", "Report", "REPORT")])
def test_get_id_prefers_the_name_as_it_is_written(
    server: ScriptedServer, session: APIClient, order: tuple[str, ...]
) -> None:
    for path, key in (("workspaces", "name"), ("workspaces/1/workfiles", "file_name"), ("users", "username")):
        rows = [{"id": number, key: name, "entity_type": "x"} for number, name in enumerate(order)]
        server.on("GET", f"/api/{path}", Reply({"response": rows}))
    for number, name in enumerate(order):
        assert session.workspace.get_id(name) == number
        assert session.workfile.get_id(name, 1) == number
        assert session.user.get_id(name) == number
    assert session.workspace.get_id("rEPORT") == 0, "else it is the first"


def test_everything_about_a_workspace_can_be_changed(client: APIClient) -> None:
    number = client.workspace.create("Old", summary="made by a test")["id"]
    stage = client.workspace.stage
    changed = client.workspace.update(number, is_public=True, name="New", summary="", stage=stage.Act)
    assert (changed["public"], changed["name"], changed["summary"]) == (True, "New", "")
    assert changed["workspace_stage"]["name"] == "Act"
    assert client.workspace.update("New")["id"] == number


def test_an_archived_workspace_is_told_apart_and_comes_back(client: APIClient) -> None:
    number = client.workspace.create("Old")["id"]
    assert client.workspace.update(number, is_active=False)["archived"] is True
    assert [row["name"] for row in client.workspace.get_list(active=True)] == ["Sandbox"]
    assert [row["name"] for row in client.workspace.iterate(active=False)] == ["Old"]
    assert len(client.workspace.get_list()) == 2
    assert client.workspace.update(number, is_active=True)["archived"] is False


def test_only_what_is_given_is_sent(server: ScriptedServer, session: APIClient) -> None:
    server.on("PUT", "/api/workspaces/2", Reply({"response": ROWS[1]}))
    session.workspace.update(2, is_public=False)
    session.workspace.update(2, is_active=True, stage=3, owner_id="7")
    assert [asked.json for asked in server.asked] == [
        {"public": False},
        {"archived": False, "workspace_stage_id": 3, "owner_id": 7},
    ]


def test_only_a_member_becomes_the_owner(client: APIClient) -> None:
    with pytest.raises(
        WorkspaceMemberNotFoundException, match=r"add user 2 with session\.workspace\.member\.add"
    ) as caught:
        client.workspace.update(1, owner_id=2)
    assert caught.value.status_code == 422
    client.workspace.member.add(1, 2)
    assert client.workspace.update(1, owner_id=2)["owner"]["id"] == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"stage": 6},
        {"stage": "Act"},
        {"stage": True},
        {"is_public": "false"},
        {"is_active": "no"},
        {"name": ""},
        {"name": 5},
    ],
)
def test_what_means_nothing_is_refused(server: ScriptedServer, session: APIClient, wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidArgumentException, match=f"{next(iter(wrong))} must be"):
        session.workspace.update(1, **wrong)  # type: ignore[arg-type]
    assert server.asked == []


def test_a_text_does_not_make_a_workspace_public(server: ScriptedServer, session: APIClient) -> None:
    with pytest.raises(InvalidArgumentException, match="public must be True or False, not 'false'"):
        session.workspace.create("Old", public="false")  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentException, match="active must be True or False"):
        session.workspace.get_list(active="archived")  # type: ignore[arg-type]
    assert server.asked == []


def test_a_private_workspace_is_hidden_from_strangers(client: APIClient, ada: APIClient) -> None:
    number = client.workspace.create("Secret")["id"]
    for call in (ada.workspace.get, ada.workspace.delete):
        with pytest.raises(ForbiddenException, match=f"workspace {number}"):
            call(number)
    with pytest.raises(WorkspaceNotFoundException, match="that this user sees"):
        ada.workspace.get("Secret")


def test_deleting_what_is_not_there_raises(client: APIClient) -> None:
    number = client.workspace.create("Old")["id"]
    assert client.workspace.delete("old") is None
    for name in (number, "Old", "99"):
        with pytest.raises(WorkspaceNotFoundException):
            client.workspace.delete(name)


def test_the_stages_and_roles_are_the_servers() -> None:
    assert list(Workspace.stage) == list(Workspace.Stage()) == [1, 2, 3, 4, 5]
    assert len(list(Workspace.memberRole)) == 8
    assert Workspace.MemberRole.DataScientist == "Data Scientist"
