"""Tags are put on things of every kind, found, renamed and removed; what the server will not do is said before it."""

from __future__ import annotations

import pytest

from alpine import APIClient
from alpine.exception import (
    DatasetNotFoundException,
    DataSourceNotFoundException,
    FeatureNotFoundException,
    ForbiddenException,
    NotFoundException,
    ValidationException,
    WorkfileNotFoundException,
    WorkspaceNotFoundException,
)
from tests.scripted import Reply, ScriptedServer


def names(rows: list[dict[str, object]]) -> list[object]:
    return [row["name"] for row in rows]


def test_a_tag_is_on_the_thing_itself_and_counted(client: APIClient) -> None:
    flow = client.workfile.get_id("order_filter", 1)
    assert names(client.tag.add("workfile", flow, "reviewed")) == ["reviewed"]
    assert names(client.tag.add("workspace", "Sandbox", "Reviewed")) == ["reviewed"]
    assert names(client.workfile.get(flow)["tags"]) == ["reviewed"]
    assert names(client.workspace.get(1)["tags"]) == ["reviewed"]
    assert [(row["name"], row["count"]) for row in client.tag.get_list()] == [("reviewed", 2)]


def test_every_kind_has_tags(client: APIClient) -> None:
    dataset = client.dataset.get_id("demo.orders", "Sandbox Database")
    kinds = client.tag.EntityType
    things = [(kinds.Dataset, dataset), (kinds.User, 1), (kinds.GreenplumDatabase, 1), (kinds.HadoopCluster, 1)]
    for kind, number in things:
        assert names(client.tag.add(kind, number, "mine")) == ["mine"]
    assert names(client.dataset.get(dataset)["tags"]) == ["mine"]
    with pytest.raises(ValidationException, match="entity type"):
        client.tag.add(kinds.Job, 1, "mine")


def test_a_tag_is_added_once_and_removed_in_any_capitals(client: APIClient) -> None:
    client.tag.add("workspace", 1, "a")
    assert names(client.tag.add("workspace", 1, "a")) == ["a"]
    assert client.tag.remove("workspace", 1, "A") == []
    assert client.tag.remove("workspace", 1, "A") == []
    assert client.tag.get_tags_of("workspace", 1) == []


def test_tags_are_listed_by_name_and_by_a_part_of_it(client: APIClient) -> None:
    for name in ("beta", "Alpha", "gamma ray"):
        client.tag.add("workspace", 1, name)
    assert names(client.tag.get_list(per_page=1)) == ["Alpha", "beta", "gamma ray"]
    assert names(client.tag.get_list("A R")) == ["gamma ray"]
    assert names(list(client.tag.iterate("l"))) == ["Alpha"]
    assert client.tag.get_id("ALPHA") == client.tag.get_list("alpha")[0]["id"]
    with pytest.raises(NotFoundException, match="Did you mean 'beta'"):
        client.tag.get_id("beta_")


def test_a_tag_is_renamed_by_anybody_and_deleted_by_an_administrator(client: APIClient, ada: APIClient) -> None:
    number = client.tag.add("workspace", 1, "a")[0]["id"]
    client.tag.add("workspace", 1, "b")
    assert ada.tag.update(number, "c")["name"] == "c"
    with pytest.raises(ValidationException, match="TAKEN"):
        ada.tag.update(number, "B")
    with pytest.raises(ForbiddenException):
        ada.tag.delete(number)
    assert client.tag.delete(number) is None
    assert names(client.tag.get_tags_of("workspace", 1)) == ["b"]
    for call in (lambda: client.tag.delete(number), lambda: client.tag.update(number, "x")):
        with pytest.raises(NotFoundException, match=f"tag {number}"):
            call()


def test_what_is_not_there_is_named_by_its_class(client: APIClient) -> None:
    for kind, expected in (
        ("workfile", WorkfileNotFoundException),
        ("workspace", WorkspaceNotFoundException),
        ("dataset", DatasetNotFoundException),
        ("pg_data_source", DataSourceNotFoundException),
    ):
        with pytest.raises(expected):
            client.tag.add(kind, 9999, "x")
    with pytest.raises(WorkspaceNotFoundException):
        client.tag.add("workspace", "no such", "x")


def test_tags_need_the_right_to_see(client: APIClient, ada: APIClient) -> None:
    private = client.workspace.create("Private")["id"]
    with pytest.raises(ForbiddenException):
        ada.tag.add("workspace", private, "x")
    assert client.tag.get_list() == []


@pytest.mark.parametrize("body", [b"", b" ", {}, [], {"response": []}])
def test_whatever_the_server_says_of_a_change_the_tags_are_read_afterwards(
    server: ScriptedServer, session: APIClient, body: object
) -> None:
    server.on("POST", "/api/taggings", Reply(body, 201))
    server.on("GET", "/api/taggings", Reply({"response": [{"id": 1, "name": "x"}]}))
    assert names(session.tag.add("workfile", 3, "x")) == ["x"]
    sent = next(asked for asked in server.asked if asked.method == "POST")
    assert sent.json == {"tagging": {"taggables": [{"entity_type": "workfile", "entity_id": 3}], "add": "x"}}


def test_a_server_without_tags_is_named_so(server: ScriptedServer, session: APIClient) -> None:
    server.on(".*", ".*", Reply({"status": "404", "error": "Not Found"}, 404))
    for method in ("GET", "POST", "PUT", "DELETE"):
        server.on(method, "/api/tag.*", Reply({"status": "404", "error": "Not Found"}, 404))
    for call in (
        lambda: session.tag.get_list(),
        lambda: session.tag.add("workfile", 1, "x"),
        lambda: session.tag.update(1, "x"),
        lambda: session.tag.delete(1),
    ):
        with pytest.raises(FeatureNotFoundException, match="this server has no tags"):
            call()
