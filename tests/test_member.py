"""Members are added, removed and given roles, and nobody is dropped by accident."""

from __future__ import annotations

from typing import Any

import pytest

from alpine import APIClient
from alpine.exception import (
    ForbiddenException,
    InvalidArgumentException,
    InvalidResponseException,
    UserNotFoundException,
    ValidationException,
    WorkspaceMemberNotFoundException,
    WorkspaceNotFoundException,
)
from tests.scripted import Reply, ScriptedServer

MEMBERS = "/api/workspaces/1/members"


def roles(rows: list[dict[str, Any]]) -> dict[str, str]:
    return {row["username"]: row["role"] for row in rows}


def test_members_come_and_go_and_the_others_keep_their_roles(client: APIClient) -> None:
    member, role = client.workspace.member, client.workspace.memberRole
    assert roles(member.get_list("Sandbox")) == {"demo": "Project Manager"}
    assert roles(member.add("Sandbox", 2)) == {"demo": "Project Manager", "ada": "Project Member"}
    assert roles(member.add(1, "3", role.DataScientist))["ben"] == "Data Scientist"
    changed = member.update_role(1, user_id=2, new_role=role.BusinessOwner)
    assert roles(changed) == {"demo": "Project Manager", "ada": "Business Owner", "ben": "Data Scientist"}
    assert roles(member.remove(1, 2)) == {"demo": "Project Manager", "ben": "Data Scientist"}
    assert roles(list(member.iterate(1))) == roles(member.get_list(1, per_page=1))


def test_adding_a_member_again_changes_the_role_only_where_one_is_given(client: APIClient) -> None:
    member = client.workspace.member
    member.add(1, 2, "Data Engineer")
    assert roles(member.add(1, 2))["ada"] == "Data Engineer"
    assert roles(member.add(1, 2, "Project Manager"))["ada"] == "Project Manager"


def test_the_owner_stays_and_the_message_says_what_to_do(client: APIClient) -> None:
    member = client.workspace.member
    member.add(1, 2)
    with pytest.raises(ValidationException, match=r"nothing was changed.*workspace\.update\(owner_id") as caught:
        member.remove(1, 1)
    assert caught.value.fields == {"owner": {"OWNER MUST BE A MEMBER": None}}
    assert caught.value.status_code == 422
    assert len(member.get_list(1)) == 2
    client.workspace.update(1, owner_id=2)
    assert roles(member.remove(1, 1)) == {"ada": "Project Member"}


def test_whoever_is_no_member_is_neither_removed_nor_given_a_role(client: APIClient) -> None:
    for call in (
        client.workspace.member.remove,
        lambda *ids: client.workspace.member.update_role(*ids, "Project Manager"),
    ):
        with pytest.raises(WorkspaceMemberNotFoundException, match=r"user 4 .*not a member"):
            call(1, 4)


def test_somebody_who_does_not_exist_is_told_from_somebody_who_is_no_member(client: APIClient) -> None:
    with pytest.raises(UserNotFoundException, match=r"remove user 99 from workspace Sandbox: .* 404"):
        client.workspace.member.remove("Sandbox", 99)  # type: ignore[arg-type]


def test_unknown_users_and_workspaces_raise_without_advice_that_does_not_fit(client: APIClient) -> None:
    with pytest.raises(UserNotFoundException, match=r"add user 99 to workspace 1: .* 404") as caught:
        client.workspace.member.add(1, 99)
    assert "owner" not in str(caught.value)
    for call in (client.workspace.member.get_list, lambda number: client.workspace.member.add(number, 2)):
        with pytest.raises(WorkspaceNotFoundException):
            call(99)


def test_a_stranger_may_not_change_the_members(ada: APIClient) -> None:
    with pytest.raises(ForbiddenException, match="add user 3 to workspace 1"):
        ada.workspace.member.add(1, 3)


@pytest.mark.parametrize("role", ["Wizard", "", 1])
def test_a_role_that_does_not_exist_is_refused(session: APIClient, server: ScriptedServer, role: Any) -> None:
    with pytest.raises(InvalidArgumentException, match="'Data Scientist'"):
        session.workspace.member.update_role(1, 2, role)
    with pytest.raises(InvalidArgumentException, match="role must be one of"):
        session.workspace.member.add(1, 2, role)
    assert server.asked == []


def test_the_whole_list_is_sent_in_the_servers_form(server: ScriptedServer, session: APIClient) -> None:
    rows = [{"id": 1, "role": "Project Manager"}, {"id": 2}]
    server.on("GET", MEMBERS, Reply({"response": rows, "pagination": {"records": 2, "total": 1}}))
    server.on("POST", MEMBERS, Reply({"response": rows}))
    session.workspace.member.add(1, 7, "Data Engineer")
    assert server.asked[-1].json == {
        "collection": {},
        "members": [
            {"user_id": 1, "role": "Project Manager"},
            {"user_id": 2, "role": "Project Member"},
            {"user_id": 7, "role": "Data Engineer"},
        ],
    }


def test_nothing_is_replaced_when_the_list_could_not_be_read_whole(server: ScriptedServer, session: APIClient) -> None:
    rows = [{"id": 1, "role": "Project Manager"}]
    server.on("GET", MEMBERS, Reply({"response": rows, "pagination": {"records": 3, "total": 1}}))
    member = session.workspace.member
    for call in (
        lambda: member.add(1, 7),
        lambda: member.remove(1, 1),
        lambda: member.update_role(1, 1, "Data Engineer"),
    ):
        with pytest.raises(InvalidResponseException, match="3 members and returned 1"):
            call()
    assert server.count("POST") == 0


def test_the_list_is_asked_for_in_one_large_page(server: ScriptedServer, session: APIClient) -> None:
    server.on("GET", MEMBERS, Reply({"response": []}))
    assert session.workspace.member.get_list(1, per_page=2) == []
    assert server.asked[0].query["per_page"] == ["1000"]
