"""Notes are promoted to insights, shown to everybody or to a workspace, and demoted again."""

from __future__ import annotations

import pytest

from alpine import APIClient
from alpine.exception import FeatureNotFoundException, ForbiddenException, NotFoundException, ValidationException
from tests.scripted import Reply, ScriptedServer


@pytest.fixture
def number(client: APIClient) -> int:
    """A note in a private workspace."""
    private = client.workspace.create("Private")["id"]
    return int(client.note.create("workspace", private, "North buys most.")["id"])


def bodies(rows: list[dict[str, object]]) -> list[object]:
    return [row["body"] for row in rows]


def test_a_note_becomes_an_insight_of_its_workspace(client: APIClient, number: int) -> None:
    insight = client.insight.create(number)
    assert (insight["is_insight"], insight["promoted_by"]["username"]) == (True, "demo")
    assert bodies(client.insight.get_list("Private")) == ["North buys most."]
    assert bodies(list(client.insight.iterate(per_page=1))) == ["North buys most."]
    assert client.insight.get_list("Sandbox") == []
    assert client.workspace.get("Private")["insights_count"] == 1
    assert client.insight.delete(number) is None
    assert client.insight.get_list("Private") == []
    assert bodies(client.note.get_list("workspace", "Private")) == ["North buys most."]


def test_a_published_insight_is_for_everybody(client: APIClient, ada: APIClient, number: int) -> None:
    client.insight.create(number)
    assert ada.insight.get_list() == []
    assert client.insight.publish(number)["is_published"] is True
    assert bodies(ada.insight.get_list()) == ["North buys most."]
    assert client.insight.unpublish(number)["is_published"] is False
    assert ada.insight.get_list() == []


def test_what_cannot_be_promoted_or_published(client: APIClient, ada: APIClient, number: int) -> None:
    created = client.milestone.create("Private", "x", "2027-01-31")
    event = next(row for row in client.activity.get_list("workspace", "Private") if row["action"] != "NOTE")
    assert created["id"] is not None
    with pytest.raises(ValidationException, match="cannot become an insight"):
        client.insight.create(event["id"])
    for call in (lambda: client.insight.publish(number), lambda: client.insight.unpublish(number)):
        with pytest.raises(ValidationException, match="publish"):
            call()
    with pytest.raises(ForbiddenException):
        ada.insight.create(number)
    with pytest.raises(NotFoundException):
        client.insight.create(9999)


def test_a_server_without_insights_is_named_so(server: ScriptedServer, session: APIClient) -> None:
    for method in ("GET", "POST", "DELETE"):
        server.on(method, "/api/insights.*", Reply({"status": "404", "error": "Not Found"}, 404))
    for call in (
        lambda: session.insight.get_list(),
        lambda: session.insight.create(1),
        lambda: session.insight.publish(1),
        lambda: session.insight.delete(1),
    ):
        with pytest.raises(FeatureNotFoundException, match="this server has no insights"):
            call()
