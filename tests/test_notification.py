"""Users are told of what concerns them; what they have read is told by the filter, and not by the record."""

from __future__ import annotations

import pytest

from alpine import APIClient
from alpine.exception import FeatureNotFoundException, ForbiddenException, NotFoundException
from tests.scripted import Reply, ScriptedServer


def test_a_user_is_told_of_notes_and_workspaces_and_marks_them_read(client: APIClient, ada: APIClient) -> None:
    reader = client.user.get_id("ada")
    client.workspace.member.add(1, reader)
    client.note.create("workspace", 1, "look", recipients=[reader])
    assert client.notification.get_list() == []
    rows = ada.notification.get_list()
    assert [row["event"]["action"] for row in rows] == ["NOTE", "MembersAdded"]
    assert ada.notification.mark_read([rows[0]["id"]]) is None
    unread = list(ada.notification.iterate(unread_only=True, per_page=1))
    assert [row["id"] for row in unread] == [rows[1]["id"]]
    # The record of one that was read may say what it said before.
    assert [row["unread"] for row in ada.notification.get_list()] == [True, True]


def test_notifications_are_deleted_by_whom_they_are_for(client: APIClient, ada: APIClient) -> None:
    client.note.create("workspace", 1, "look", recipients=[client.user.get_id("ada")])
    number = ada.notification.get_list()[0]["id"]
    with pytest.raises(ForbiddenException):
        client.notification.delete(number)
    assert client.notification.mark_read([number]) is None
    assert len(ada.notification.get_list(unread_only=True)) == 1
    assert ada.notification.delete(number) is None
    assert ada.notification.get_list() == []
    with pytest.raises(NotFoundException):
        ada.notification.delete(number)


def test_nothing_is_sent_to_mark_nothing(server: ScriptedServer, session: APIClient) -> None:
    assert session.notification.mark_read([]) is None
    assert server.asked == []


def test_a_server_without_notifications_is_named_so(server: ScriptedServer, session: APIClient) -> None:
    for method in ("GET", "PUT", "DELETE"):
        server.on(method, "/api/notifications.*", Reply({"status": "404", "error": "Not Found"}, 404))
    for call in (
        lambda: session.notification.get_list(),
        lambda: session.notification.mark_read([1]),
        lambda: session.notification.delete(1),
    ):
        with pytest.raises(FeatureNotFoundException, match="this server has no notifications"):
            call()
