"""What the server does with tags, notes, milestones, touchpoints and the search, seen by a stranger's client."""

from __future__ import annotations

from typing import Any

from alpine.sandbox import Sandbox
from tests.sandbox.wire import Wire, wait_for

HERE = {"entity_type": "workspace", "entity_id": 1}


def tag(wire: Wire, **change: Any) -> Any:
    return wire("POST", "/taggings", json={"tagging": {"taggables": [HERE], **change}})


def test_a_tag_has_the_documented_shape_and_rules(wire: Wire) -> None:
    made = tag(wire, add="a")
    assert (made.status_code, made.json()) == (201, {})
    number = wire.ok("GET", "/tags")[0]["id"]
    assert wire.ok("GET", "/tags") == [{"id": number, "name": "a", "count": 1, "entity_type": "tag"}]
    assert "pagination" in wire("GET", "/tags").json()
    assert "pagination" not in wire("GET", "/taggings", params=HERE).json()
    assert wire.ok("GET", "/tags", params={"q": "x"}) == []
    assert tag(wire).status_code == 500
    assert tag(wire, add="x" * 101).json()["errors"]["fields"] == {"base": {"TOO_LONG": {"field": "Tag", "count": 100}}}
    assert tag(wire, add="a,b").json()["errors"]["fields"] == {"name": {"INVALID": {}}}


def test_things_before_one_that_is_not_there_keep_their_tag(wire: Wire) -> None:
    sent = {"taggables": [HERE, {"entity_type": "workfile", "entity_id": 9999}, {**HERE, "entity_type": "user"}]}
    assert wire("POST", "/taggings", json={"tagging": {**sent, "add": "a"}}).status_code == 404
    assert [row["name"] for row in wire.ok("GET", "/taggings", params=HERE)] == ["a"]
    assert wire.ok("GET", "/taggings", params={**HERE, "entity_type": "user"}) == []
    assert wire.fields("GET", "/taggings", params={**HERE, "entity_type": "bogus"})["general"]["GENERIC"]["message"]


def test_a_note_is_an_event_of_the_documented_shape(wire: Wire) -> None:
    note = wire.ok("POST", "/notes", json={**HERE, "body": "x"})
    assert {"id", "actor", "action", "timestamp", "attachments", "comments", "is_insight"} <= set(note)
    assert {"promoted_by", "promotion_time", "is_published", "complete_json", "workspace"} <= set(note)
    assert (note["action"], note["action_type"]) == ("NOTE", "NoteOnWorkspace")
    comment = wire.ok("POST", "/comments", json={"event_id": note["id"], "body": "y", "author_id": 99})
    assert comment["author"]["id"] == 1
    assert set(comment) == {"id", "author", "body", "action", "timestamp", "entity_type", "complete_json"}
    assert wire.fields("POST", "/comments", json={"event_id": note["id"], "body": " "}) == {"body": {"BLANK": {}}}
    assert wire("DELETE", f"/notes/{note['id']}").json() == {}


def test_activities_need_a_type_and_can_be_those_of_the_caller(wire: Wire, sandbox: Sandbox) -> None:
    assert "general" in wire.fields("GET", "/activities")
    ben = Wire(sandbox, "ben")
    wire.ok("POST", "/workspaces/1/members", json={"member_ids": [1, ben.login["user"]["id"]]})
    ben.ok("POST", "/notes", json={**HERE, "body": "x"})
    everything = wire.ok("GET", "/activities", params=HERE)
    assert [row["action"] for row in everything] == ["NOTE", "MembersAdded"]
    own = ben.ok("GET", "/activities", params={**HERE, "current_user_only": "1"})
    assert [row["action"] for row in own] == ["NOTE"]
    ben.http.close()


def test_a_milestone_that_cannot_be_made_has_no_id_and_a_good_status(wire: Wire) -> None:
    path = "/workspaces/1/milestones"
    for sent in ({"name": "x"}, {"target_date": "2027-01-31"}, {"name": "x", "target_date": "2027-02-30"}):
        answer = wire("POST", path, json=sent)
        assert (answer.status_code, answer.json()["response"]["id"]) == (201, None)
    made = wire.ok("POST", path, json={"name": "x", "target_date": "2027-01-31", "state": "achieved"})
    assert made["state"] == "planned"
    for accept, body in (("application/json", "{}"), ("text/html", " ")):
        answer = wire("PUT", f"{path}/{made['id']}", json={"state": "achieved"}, headers={"Accept": accept})
        assert (answer.status_code, answer.text) == (200, body)
    assert [row["state"] for row in wire.ok("GET", path)] == ["achieved"]
    wire.ok("POST", "/workspaces", json={"name": "other"})
    assert wire("DELETE", f"/workspaces/2/milestones/{made['id']}").status_code == 404


def touchpoint(wire: Wire) -> Any:
    flow = wire.ok("GET", "/workspaces/1/workfiles", params={"file_type": "work_flow"})[0]["id"]
    sent = {"file_name": "form", "workflow_id": flow, "parameters": '[{"variable_name":"@min_amount"}]'}
    return wire.ok("POST", "/workspaces/1/touchpoints", json={"workfile": sent})


def test_the_parameters_of_a_touchpoint_are_read_by_the_query(wire: Wire) -> None:
    number = touchpoint(wire)["id"]
    path = f"/workspaces/1/touchpoints/{number}/parameters"
    assert wire.ok("GET", path) == []
    rows = wire.ok("GET", path, params={"workfile_id": number})
    assert [row["variable_name"] for row in rows] == ["@min_amount"]


def test_a_touchpoint_runs_with_what_its_body_nests(wire: Wire) -> None:
    path = f"/workspaces/1/touchpoints/{touchpoint(wire)['id']}"
    assert wire("PUT", f"{path}/run", json={"worklet_parameters": {"fields": []}}).status_code == 500
    assert wire("PUT", f"{path}/run", json={"workfile": {"test_run": True}}).status_code == 500
    answer = wire("PUT", f"{path}/run", json={"workfile": {"worklet_parameters": {"fields": []}}})
    started = answer.json()["response"]
    assert (answer.status_code, started["running"]) == (202, True)
    wire.finished(started["workflow_id"], started["killable_id"])
    wait_for(lambda: not wire.ok("GET", path)["running"])
    assert wire("POST", f"{path}/stop", json={"workfile": {"id": 1}}).status_code == 500


def test_who_has_no_account_runs_as_the_creator_only(wire: Wire, sandbox: Sandbox) -> None:
    ben = Wire(sandbox, "ben")
    source = {"name": "mine", "entity_type": "gpdb_data_source", "host": "h", "port": 5432}
    own = wire.ok("POST", "/data_sources", json={**source, "db_name": "d", "db_username": "u", "db_password": "p"})
    database = wire.ok("GET", f"/data_sources/{own['id']}/databases")[0]["id"]
    form = touchpoint(wire)
    where = [{"entity_type": "gpdb_database", "id": database}]
    wire.ok("PUT", f"/workfiles/{form['workflow_id']}", json={"workfile": {"execution_locations": where}})
    path = f"/workspaces/1/touchpoints/{form['id']}"
    fields = {"workfile": {"worklet_parameters": {"fields": []}}}
    assert ben("PUT", f"{path}/run", json=fields).status_code == 202
    wire.ok("PUT", path, json={"workfile": {"run_persona": "user"}})
    refused = ben("PUT", f"{path}/run", json=fields)
    assert (refused.status_code, refused.json()["errors"]) == (422, {"record": "RUN_NO_DB_ACCESS"})
    ben.http.close()


def test_a_published_touchpoint_is_a_second_workfile(wire: Wire) -> None:
    form = touchpoint(wire)
    published = wire.ok("PUT", f"/workspaces/1/touchpoints/{form['id']}/publish")
    assert (published["entity_subtype"], published["state"]) == ("published_worklet", "published")
    assert wire("GET", f"/touchpoints/{form['id']}").status_code == 403
    listed = wire.ok("GET", "/workspaces/1/workfiles")
    assert {form["id"], published["id"]} <= {row["id"] for row in listed}
    hidden = wire.ok("GET", "/workspaces/1/workfiles", params={"no_published_worklets": "1"})
    assert published["id"] not in {row["id"] for row in hidden}
    fields = {"workfile": {"PUBLISHED_WORKLET_ASSOCIATED": {}}}
    assert wire.fields("DELETE", f"/workfiles/{form['id']}") == fields
    assert wire.fields("DELETE", "/workspaces/1") == fields
    assert wire("GET", f"/workfiles/{form['id']}/download").status_code == 500
    assert wire("POST", f"/workfiles/{form['id']}/copy").status_code == 500
    assert wire.ok("GET", f"/workfiles/{form['id']}/versions") == []


def test_a_search_has_no_pages_and_marks_what_it_found(wire: Wire) -> None:
    answer = wire("GET", "/search", params={"query": "sandbox"}).json()
    assert "pagination" not in answer
    groups = {"users", "workspaces", "workfiles", "datasets", "data_sources", "hdfs_entries", "other_files"}
    assert set(answer["response"]) == groups | {"complete_json"}
    assert answer["response"]["workspaces"]["results"][0]["highlighted_attributes"]["name"] == ["<em>Sandbox</em>"]
    here = wire.ok("GET", "/search", params={"query": "order", "workspace_id": "1", "per_page": "1", "page": "2"})
    assert (len(here["this_workspace"]["results"]), here["this_workspace"]["numFound"]) == (1, 2)
    assert wire.ok("GET", "/search", params={"query": " "})["workspaces"] == {"results": [], "numFound": 0}
    bad = wire.fields("GET", "/search", params={"query": "x", "entity_type": "bogus"})
    assert bad == {"entity_type": {"INVALID_ENTITY_TYPE": {}}}
