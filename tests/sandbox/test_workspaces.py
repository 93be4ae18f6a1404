from __future__ import annotations

from alpine.sandbox import Sandbox
from tests.sandbox.wire import Wire


def test_a_workspace_has_the_recorded_shape(wire: Wire) -> None:
    workspace = wire.ok("GET", "/workspaces/1")
    assert workspace["permission"] == ["admin", "create_workflow"]
    assert workspace["workspace_stage"]["name"] == "Define"
    assert (workspace["archived"], workspace["archived_at"], workspace["is_deleted"]) == (False, None, None)
    assert workspace["complete_json"] is True
    succinct = wire.ok("GET", "/workspaces", params={"succinct": "true"})[0]
    assert not {"complete_json", "tags", "archiver", "image"} & set(succinct)


def test_a_single_workspace_has_its_owner_in_full_and_a_listed_one_in_short(wire: Wire) -> None:
    owner = wire.ok("GET", "/users/1")
    made = wire.ok("POST", "/workspaces", json={"name": "new"})
    changed = wire.ok("PUT", f"/workspaces/{made['id']}", json={"summary": "s"})
    for single in (made, changed, wire.ok("GET", "/workspaces/1")):
        assert single["owner"] == owner
    listed = wire.ok("GET", "/workspaces")[0]
    assert not {"email", "notes", "admin", "tags", "complete_json"} & set(listed["owner"])
    assert "complete_json" not in listed
    assert {"archiver", "image", "tags"} <= set(listed)
    assert "latest_insight" not in listed
    commented = wire.ok("GET", "/workspaces", params={"show_latest_comments": "true"})[0]
    assert (commented["number_of_comments"], commented["latest_comment_list"]) == (0, [])


def test_names_are_unique_in_any_capitals_and_free_after_a_deletion(wire: Wire) -> None:
    made = wire("POST", "/workspaces", json={"name": "Mine"})
    assert made.status_code == 201
    number = made.json()["response"]["id"]
    assert wire.fields("POST", "/workspaces", json={"name": "mINE"}) == {"name": {"TAKEN": {}}}
    assert wire.fields("POST", "/workspaces", json={"name": ""}) == {"name": {"BLANK": {}}}
    assert wire("DELETE", f"/workspaces/{number}").json() == {}
    assert wire("GET", f"/workspaces/{number}").status_code == 404
    assert wire("POST", "/workspaces", json={"name": "Mine"}).status_code == 201


def test_workspaces_come_by_name_and_any_active_leaves_out_the_archived(wire: Wire) -> None:
    for name in ("zebra", "Apple"):
        wire.ok("POST", "/workspaces", json={"name": name})
    wire.ok("PUT", "/workspaces/2", json={"archived": True})
    assert [row["name"] for row in wire.ok("GET", "/workspaces")] == ["Apple", "Sandbox", "zebra"]
    for active in ("true", "false"):
        assert len(wire.ok("GET", "/workspaces", params={"active": active})) == 2


def test_archiving_notes_who_and_when(wire: Wire) -> None:
    archived = wire.ok("PUT", "/workspaces/1", json={"archived": True})
    assert archived["archived"]
    assert archived["archiver"]["id"] == 1
    assert archived["archived_at"].endswith("Z")
    assert wire("POST", "/workspaces/1/workfiles", json={"workfile": {"file_name": "a.txt"}}).status_code == 403
    flow = {"workfile": {"file_name": "flow", "entity_subtype": "alpine"}}
    assert wire.fields("POST", "/workspaces/1/workfiles", json=flow) == {"workspace": {"ARCHIVED": None}}
    again = wire.ok("PUT", "/workspaces/1", json={"archived": False})
    assert (again["archiver"], again["archived_at"]) == (None, None)


def test_stage_name_and_openness_can_be_changed(wire: Wire) -> None:
    changes = {"workspace_stage_id": 5, "name": "New", "public": False, "summary": "s", "project_status": "at_risk"}
    changed = wire.ok("PUT", "/workspaces/1", json=changes)
    assert {key: changed[key] for key in changes} == changes
    assert changed["workspace_stage"]["name"] == "Act"
    assert "workspace_stage_id" in wire.fields("PUT", "/workspaces/1", json={"workspace_stage_id": 6})


def test_only_a_member_can_become_owner(wire: Wire) -> None:
    assert wire.fields("PUT", "/workspaces/1", json={"owner_id": 2}) == {"owner": {"OWNER MUST BE A MEMBER": None}}
    wire.ok("POST", "/workspaces/1/members", json={"member_ids": [1, 2]})
    assert wire.ok("PUT", "/workspaces/1", json={"owner_id": 2})["owner"]["username"] == "ada"


def test_a_private_workspace_is_for_members_only(sandbox: Sandbox, wire: Wire) -> None:
    wire.ok("POST", "/workspaces", json={"name": "private"})
    ada = Wire(sandbox, "ada")
    answer = ada("GET", "/workspaces/2")
    assert (answer.status_code, answer.json()) == (403, {"errors": {"model_data": {}}})
    assert [row["name"] for row in ada.ok("GET", "/workspaces")] == ["Sandbox"]
    wire.ok("POST", "/workspaces/2/members", json={"member_ids": [1, 2]})
    assert ada.ok("PUT", "/workspaces/2", json={"summary": "hers too"})["summary"] == "hers too"
    assert ada("PUT", "/workspaces/2", json={"public": True}).status_code == 403
    assert ada("DELETE", "/workspaces/2").status_code == 403
    assert [row["id"] for row in wire.ok("GET", "/workspaces", params={"user_id": 2})] == [2]
    assert wire("GET", "/workspaces", params={"user_id": 99}).status_code == 404
    ada.http.close()


def test_a_deleted_workspace_takes_its_files_along(wire: Wire) -> None:
    wire.ok("POST", "/workspaces", json={"name": "w"})
    file = wire.ok("POST", "/workspaces/2/workfiles", json={"workfile": {"file_name": "a.txt"}})
    wire("DELETE", "/workspaces/2")
    assert wire("GET", f"/workfiles/{file['id']}").status_code == 404


def test_the_member_list_is_replaced_as_a_whole(wire: Wire) -> None:
    wanted = [{"user_id": 3, "role": "Data Engineer"}, {"user_id": 1, "role": "Business Owner"}]
    answer = wire("POST", "/workspaces/1/members", json={"collection": {}, "members": wanted})
    assert answer.status_code == 200
    assert "pagination" not in answer.json()
    members = wire.ok("GET", "/workspaces/1/members")
    assert [(row["username"], row["role"]) for row in members] == [("ben", "Data Engineer"), ("demo", "Business Owner")]
    assert members[0]["complete_json"] is True
    kept = wire.ok("POST", "/workspaces/1/members", json={"member_ids": ["1", "2"]})
    assert [(row["id"], row["role"]) for row in kept] == [(1, "Business Owner"), (2, "Project Member")]
    form = wire.ok("POST", "/workspaces/1/members", data={"member_ids[]": [1, 3]})
    assert [row["id"] for row in form] == [1, 3]


def test_leaving_the_owner_out_changes_nothing(wire: Wire) -> None:
    wire.ok("POST", "/workspaces/1/members", json={"member_ids": [1, 2]})
    for body in ({"member_ids": [2]}, {"members": []}, {}):
        assert wire.fields("POST", "/workspaces/1/members", json=body) == {"owner": {"OWNER MUST BE A MEMBER": None}}
    assert wire("POST", "/workspaces/1/members", json={"member_ids": [1, 99]}).status_code == 404
    assert len(wire.ok("GET", "/workspaces/1/members")) == 2


def test_the_jobs_of_a_leaving_member_go_to_the_owner(sandbox: Sandbox, wire: Wire) -> None:
    wire.ok("POST", "/workspaces/1/members", json={"member_ids": [1, 2]})
    ada = Wire(sandbox, "ada")
    job = ada.ok("POST", "/workspaces/1/jobs", json={"name": "hers", "interval_unit": "on_demand"})
    assert job["owner"]["username"] == "ada"
    wire.ok("POST", "/workspaces/1/members", json={"member_ids": [1]})
    assert wire.ok("GET", f"/workspaces/1/jobs/{job['id']}")["owner"]["username"] == "demo"
    ada.http.close()
