"""Notes are written on things, commented on, changed by their authors, and told to whom they are meant for."""

from __future__ import annotations

import pytest

from alpine import APIClient
from alpine.exception import (
    FeatureNotFoundException,
    ForbiddenException,
    NotFoundException,
    ValidationException,
    WorkfileNotFoundException,
)
from tests.scripted import Reply, ScriptedServer


@pytest.fixture
def flow(client: APIClient) -> int:
    return client.workfile.get_id("order_filter", 1)


def test_a_note_is_on_the_workfile_and_in_its_workspace(client: APIClient, flow: int) -> None:
    note = client.note.create("workfile", flow, "in <b>euro</b>")
    assert (note["action"], note["action_type"], note["body"]) == ("NOTE", "NoteOnWorkfile", "in <b>euro</b>")
    assert (note["workfile"]["id"], note["workspace"]["id"]) == (flow, 1)
    assert [row["id"] for row in client.note.get_list("workfile", flow)] == [note["id"]]
    assert [row["id"] for row in client.note.get_list("workspace", "Sandbox")] == [note["id"]]
    shown = client.workfile.get(flow)
    assert (shown["comment_count"], shown["recent_comments"][0]["body"]) == (1, "in <b>euro</b>")
    assert client.workspace.get(1)["recent_comments_count"] == 1


def test_scripts_are_taken_out_of_a_note(client: APIClient) -> None:
    body = "a<script>alert(1)</script><p onclick='x()'>b</p>"
    assert client.note.create("workspace", 1, body)["body"] == "a<p>b</p>"


def test_notes_refer_to_files_and_are_told_to_users(client: APIClient, ada: APIClient, flow: int) -> None:
    dataset = client.dataset.get_id("demo.orders", "Sandbox Database")
    reader = client.user.get_id("ada")
    note = client.note.create(
        "workspace", 1, "look", is_insight=True, recipients=[reader], workfile_ids=[flow], dataset_ids=[dataset]
    )
    assert [each["id"] for each in note["attachments"]] == [flow, dataset]
    assert note["is_insight"] is True
    told = ada.notification.get_list(unread_only=True)
    assert [row["event"]["id"] for row in told] == [note["id"]]


def test_a_note_on_a_dataset_is_for_all_or_for_a_workspace(client: APIClient, ada: APIClient) -> None:
    dataset = client.dataset.get_id("demo.orders", "Sandbox Database")
    private = client.workspace.create("Private")["id"]
    for_all = client.note.create("dataset", dataset, "old")
    hidden = client.note.create("dataset", dataset, "new", workspace_id="Private")
    assert (for_all["action_type"], hidden["action_type"]) == ("NoteOnDataset", "NoteOnWorkspaceDataset")
    assert hidden["workspace"]["id"] == private
    assert [row["body"] for row in client.note.get_list("dataset", dataset)] == ["new", "old"]
    assert [row["body"] for row in ada.note.get_list("dataset", dataset)] == ["old"]
    with pytest.raises(ValidationException, match="NOT_A_MEMBER"):
        ada.note.create("dataset", dataset, "x", workspace_id=private)


def test_only_the_author_changes_a_note(client: APIClient, ada: APIClient, flow: int) -> None:
    client.workspace.member.add(1, client.user.get_id("ada"))
    note = ada.note.create("workfile", flow, "first")
    assert ada.note.update(note["id"], "second")["body"] == "second"
    with pytest.raises(ForbiddenException):
        client.note.update(note["id"], "third")
    assert client.note.delete(note["id"]) is None
    assert client.note.get_list("workfile", flow) == []
    with pytest.raises(NotFoundException, match=f"note {note['id']}"):
        ada.note.delete(note["id"])


def test_comments_are_with_their_note_and_told_to_its_author(client: APIClient, ada: APIClient) -> None:
    client.workspace.member.add(1, client.user.get_id("ada"))
    note = client.note.create("workspace", 1, "in euro")
    comment = ada.note.comment.create(note["id"], "since when?")
    assert (comment["action"], comment["author"]["username"]) == ("SUB_COMMENT", "ada")
    assert [row["body"] for row in client.activity.get(note["id"])["comments"]] == ["since when?"]
    assert client.notification.get_list(unread_only=True)[0]["comment"]["id"] == comment["id"]
    assert client.note.comment.get(comment["id"])["body"] == "since when?"
    assert client.note.comment.delete(comment["id"]) is None
    for call in (lambda: client.note.comment.get(comment["id"]), lambda: client.note.comment.create(9999, "x")):
        with pytest.raises(NotFoundException):
            call()


def test_what_a_note_cannot_be_on(client: APIClient, ada: APIClient) -> None:
    with pytest.raises(WorkfileNotFoundException, match="workfile 9999"):
        client.note.create("workfile", 9999, "x")
    with pytest.raises(ValidationException, match="entity type"):
        client.note.create("user", 1, "x")
    private = client.workspace.create("Private")["id"]
    with pytest.raises(ForbiddenException):
        ada.note.create("workspace", private, "x")
    client.workspace.update(private, is_active=False)
    with pytest.raises(ValidationException, match="ARCHIVED"):
        client.note.create("workspace", private, "x")


def test_a_note_is_written_once_where_the_response_is_lost(server: ScriptedServer, session: APIClient) -> None:
    from alpine.exception import OutcomeUnknownException

    server.on("POST", "/api/notes", Reply(fault="close"))
    with pytest.raises(OutcomeUnknownException, match=r"session\.activity\.get_list"):
        session.note.create("workfile", 1, "x")
    assert server.count("POST", "/api/notes") == 1
    assert server.asked[0].json == {"note": {"entity_type": "workfile", "entity_id": 1, "body": "x"}}


def test_a_server_without_notes_is_named_so(server: ScriptedServer, session: APIClient) -> None:
    missing = Reply("<!DOCTYPE html><html></html>", 404, {"Content-Type": "text/html"})
    for method in ("GET", "POST", "PUT", "DELETE"):
        server.on(method, "/api/.*", missing)
    for what, call in (
        ("notes", lambda: session.note.create("workfile", 1, "x")),
        ("notes", lambda: session.note.delete(1)),
        ("activities", lambda: session.note.get_list("workfile", 1)),
        ("comments", lambda: session.note.comment.create(1, "x")),
    ):
        with pytest.raises(FeatureNotFoundException, match=f"this server has no {what}"):
            call()
