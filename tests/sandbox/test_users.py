from __future__ import annotations

import pytest

from alpine.sandbox import Sandbox
from tests.sandbox.wire import Wire

NEW = {"username": "dora", "password": "secret-1", "first_name": "Dora", "last_name": "D", "email": "d@example.com"}


def test_users_come_by_first_name_or_by_last_name(wire: Wire) -> None:
    assert [user["username"] for user in wire.ok("GET", "/users")] == ["ada", "ben", "cleo", "demo"]
    by_last = wire.ok("GET", "/users", params={"order": "last_name"})
    assert [user["last_name"] for user in by_last] == ["Analyst", "Builder", "Client", "User"]


@pytest.mark.parametrize("body", [NEW, {"user": NEW}])
def test_a_user_is_made_flat_or_wrapped_and_can_log_in(sandbox: Sandbox, wire: Wire, body: dict[str, object]) -> None:
    answer = wire("POST", "/users", json=body)
    assert answer.status_code == 201
    made = answer.json()["response"]
    assert (made["user_type"], made["admin"], made["roles"], made["complete_json"]) == (
        "business_user",
        False,
        [],
        True,
    )
    assert not {"password", "password_hash"} & set(made)
    Wire(sandbox, "dora", "secret-1").http.close()


def test_everything_that_is_missing_is_named_at_once(wire: Wire) -> None:
    fields = wire.fields("POST", "/users", json={"user": {}})
    assert fields["username"] == {"BLANK": {}, "INVALID": {"value": None}}
    assert set(fields) == {"username", "first_name", "last_name", "email", "password"}


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"username": "DEMO"}, "username", "TAKEN"),
        ({"username": "with space"}, "username", "INVALID"),
        ({"password": "12345"}, "password", "TOO_SHORT"),
        ({"email": "nobody"}, "email", "INVALID"),
        ({"title": "t" * 257}, "title", "TOO_LONG"),
    ],
)
def test_a_wrong_field_has_its_code(wire: Wire, change: dict[str, str], field: str, code: str) -> None:
    assert code in wire.fields("POST", "/users", json={**NEW, **change})[field]


def test_an_update_changes_only_what_was_sent(wire: Wire) -> None:
    wire.ok("PUT", "/users/2", json={"title": "Boss"})
    user = wire.ok("PUT", "/users/2", json={"title": "", "dept": "R&D"})
    assert (user["title"], user["dept"], user["first_name"]) == ("", "R&D", "Ada")


def test_roles_travel_as_text_and_come_back_as_a_list(wire: Wire) -> None:
    made = wire.ok("PUT", "/users/2", json={"roles": "admin", "admin": True})
    assert (made["admin"], made["roles"]) == (True, ["admin"])
    assert wire.ok("PUT", "/users/2", json={"roles": "data_admin", "admin": False})["roles"] == ["data_admin"]
    assert wire.ok("PUT", "/users/2", json={"roles": ""})["roles"] == []


def test_the_last_administrator_stays_one(wire: Wire) -> None:
    assert wire.ok("PUT", "/users/1", json={"admin": False})["admin"] is True


def test_others_change_themselves_only_and_not_their_rights(sandbox: Sandbox, wire: Wire) -> None:
    ada = Wire(sandbox, "ada")
    changed = ada.ok("PUT", "/users/2", json={"title": "Me", "admin": True, "roles": "admin", "user_type": "x"})
    assert (changed["title"], changed["admin"], changed["user_type"]) == ("Me", False, "analytics_developer")
    assert ada("PUT", "/users/3", json={"title": "x"}).status_code == 403
    assert ada("POST", "/users", json=NEW).status_code == 403
    assert ada("DELETE", "/users/3").status_code == 403
    ada.http.close()


def test_a_new_password_ends_the_sessions_of_the_old_one(sandbox: Sandbox, wire: Wire) -> None:
    ada, elsewhere, ben = Wire(sandbox, "ada"), Wire(sandbox, "ada"), Wire(sandbox, "ben")
    wire.ok("PUT", "/users/2", json={"title": "x"})
    assert ada("GET", "/users").status_code == 200
    wire.ok("PUT", "/users/2", json={"password": "another-1"})
    for caller, status in ((ada, 401), (elsewhere, 401), (ben, 200), (wire, 200)):
        assert caller("GET", "/users").status_code == status
    assert ada.engine("GET", "/processes/x/query").status_code == 401
    here, there = Wire(sandbox, "ada", "another-1"), Wire(sandbox, "ada", "another-1")
    # Who changes his own password stays logged in where he does it.
    here.ok("PUT", "/users/2", json={"password": "another-2"})
    assert (here("GET", "/users").status_code, there("GET", "/users").status_code) == (200, 401)
    assert "TOO_SHORT" in wire.fields("PUT", "/users/2", json={"password": "short"})["password"]
    assert here("GET", "/users").status_code == 200
    for caller in (ada, elsewhere, ben, here, there):
        caller.http.close()


def test_who_loses_his_rights_hands_over_the_jobs_where_he_is_no_member(sandbox: Sandbox, wire: Wire) -> None:
    wire.ok("PUT", "/users/2", json={"admin": True})
    wire.ok("POST", "/workspaces", json={"name": "with ada"})
    wire.ok("POST", "/workspaces/2/members", json={"member_ids": [1, 2]})
    ada = Wire(sandbox, "ada")
    job = {"name": "hers", "interval_unit": "on_demand", "interval_value": 0}
    paths = [f"/workspaces/{n}/jobs/{ada.ok('POST', f'/workspaces/{n}/jobs', json=job)['id']}" for n in (1, 2)]
    wire.ok("PUT", "/users/2", json={"admin": False})
    assert [wire.ok("GET", path)["owner"]["username"] for path in paths] == ["demo", "ada"]
    ada.http.close()


def test_listed_users_lack_the_mark_of_a_complete_object_and_members_have_it(wire: Wire) -> None:
    assert "complete_json" not in wire.ok("GET", "/users")[0]
    assert wire.ok("GET", "/users/1")["complete_json"] is True
    assert wire.ok("GET", "/workspaces/1/members")[0]["complete_json"] is True


def test_a_deleted_user_is_gone_everywhere_and_the_name_is_free(sandbox: Sandbox, wire: Wire) -> None:
    number = wire.ok("POST", "/users", json=NEW)["id"]
    dora = Wire(sandbox, "dora", "secret-1")
    wire.ok("POST", "/workspaces/1/members", json={"member_ids": [1, number]})
    answer = wire("DELETE", f"/users/{number}")
    assert (answer.status_code, answer.json()) == (200, {})
    assert wire("GET", f"/users/{number}").status_code == 404
    assert dora("GET", "/users").status_code == 401
    assert len(wire.ok("GET", "/workspaces/1/members")) == 1
    assert wire.ok("POST", "/users", json=NEW)["id"] != number
    dora.http.close()


def test_who_owns_something_can_not_be_deleted(sandbox: Sandbox, wire: Wire) -> None:
    own = wire("DELETE", "/users/1")
    assert (own.status_code, own.json()) == (403, {})
    ada = Wire(sandbox, "ada")
    ada.ok("POST", "/workspaces", json={"name": "hers"})
    assert wire.fields("DELETE", "/users/2") == {"workspace_count": {"EQUAL_TO": {"count": 1}}}
    ben = Wire(sandbox, "ben")
    source = {"entity_type": "gpdb_data_source", "name": "s", "host": "h", "port": 1, "db_name": "d"}
    ben.ok("POST", "/data_sources", json={**source, "db_username": "u", "db_password": "p"})
    assert wire.fields("DELETE", "/users/3") == {"user": {"NONEMPTY_DATA_SOURCE_LIST": {}}}
    ada.http.close()
    ben.http.close()
