"""The search finds names, descriptions, notes and tags among what the user may see."""

from __future__ import annotations

import pytest

from alpine import APIClient, retry_policy
from alpine.exception import (
    FeatureNotFoundException,
    ForbiddenException,
    InvalidResponseException,
    NotLicensedException,
    ServiceUnavailableException,
)
from alpine.sandbox import Sandbox
from tests.scripted import Reply, ScriptedServer


def test_things_are_found_by_kind_with_their_number(client: APIClient) -> None:
    found = client.search.find("order", limit=1)
    workfiles = found["workfiles"]
    assert (len(workfiles["results"]), workfiles["numFound"]) == (1, 2)
    assert workfiles["results"][0]["highlighted_attributes"]["file_name"] == ["<em>order</em>_filter"]
    only = client.search.find("sandbox", client.search.Type.Workspace)
    assert list(only) == ["workspaces", "complete_json"]
    assert [row["name"] for row in only["workspaces"]["results"]] == ["Sandbox"]
    assert client.search.find("no such thing")["workfiles"] == {"results": [], "numFound": 0}


def test_notes_and_tags_are_searched_too(client: APIClient) -> None:
    flow = client.workfile.get_id("order_filter", 1)
    client.note.create("workfile", flow, "amounts in euro")
    client.tag.add("workfile", flow, "Reviewed")
    by_note = client.search.find("EURO", "workfile")["workfiles"]["results"]
    assert by_note[0]["comments"][0]["highlighted_attributes"]["body"] == ["amounts in <em>euro</em>"]
    by_tag = client.search.find("reviewed", by_tag=True)["workfiles"]["results"]
    assert [row["id"] for row in by_tag] == [flow]
    assert client.search.find("review", by_tag=True)["workfiles"]["numFound"] == 0


def test_what_one_may_not_see_is_not_found(client: APIClient, ada: APIClient) -> None:
    client.workspace.create("Hidden plans")
    assert client.search.find("hidden")["workspaces"]["numFound"] == 1
    assert ada.search.find("hidden")["workspaces"]["numFound"] == 0
    assert ada.search.type_ahead("hidden") == []
    with pytest.raises(ForbiddenException):
        ada.search.find_in_workspace(client.workspace.get_id("Hidden plans"), "plans")


def test_a_workspace_is_searched(client: APIClient) -> None:
    found = client.search.find_in_workspace("Sandbox", "order")
    assert [(row["entity_type"], row["file_name"]) for row in found] == [
        ("workfile", "order_filter"),
        ("workfile", "order_report"),
    ]
    assert len(client.search.find_in_workspace(1, "order", limit=1)) == 1


def test_names_are_suggested_from_their_beginnings(client: APIClient) -> None:
    names = ["Sandbox PostgreSQL", "Sandbox JDBC", "Sandbox Hadoop"]
    suggested = client.search.type_ahead("sand")
    assert [row["name"] for row in suggested] == ["Sandbox", "Sandbox Database", *names]
    assert [row["entity_type"] for row in suggested][:2] == ["workspace", "gpdb_data_source"]
    assert client.search.type_ahead("andbox") == []
    assert len(client.search.type_ahead("sand", limit=2)) == 2


def test_a_licence_without_the_search_still_suggests(client: APIClient, sandbox: Sandbox) -> None:
    sandbox.settings.search_licensed = False
    try:
        for call in (lambda: client.search.find("x"), lambda: client.search.find_in_workspace(1, "x")):
            with pytest.raises(NotLicensedException):
                call()
        assert client.search.type_ahead("sandb")
    finally:
        sandbox.settings.search_licensed = True


def test_a_search_that_is_down_or_makes_no_sense(server: ScriptedServer, session: APIClient) -> None:
    server.on("GET", "/api/search", Reply({"errors": {"service": "SOLR_UNREACHABLE"}}, 503))
    session.retries = retry_policy(0)
    with pytest.raises(ServiceUnavailableException):
        session.search.find("x")
    for odd in ({}, {"type_ahead": None}, {"type_ahead": {"results": None}}, {"type_ahead": {"results": ["x"]}}):
        server.on("GET", "/api/search/type_ahead", Reply({"response": odd}))
        with pytest.raises(InvalidResponseException):
            session.search.type_ahead("x")


def test_a_server_without_a_search_is_named_so(server: ScriptedServer, session: APIClient) -> None:
    server.on("GET", "/api/.*search.*", Reply({"status": "404", "error": "Not Found"}, 404))
    for call in (
        lambda: session.search.find("x"),
        lambda: session.search.find_in_workspace(1, "x"),
        lambda: session.search.type_ahead("x"),
    ):
        with pytest.raises(FeatureNotFoundException, match="this server has no search"):
            call()
