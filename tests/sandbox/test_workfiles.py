from __future__ import annotations

import pytest

from alpine.sandbox import Sandbox
from tests.sandbox.wire import FLOW, Wire, wait_for

DOCTYPE = FLOW.replace(b"?>\n<Process", b'?>\n<!DOCTYPE Process [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n<Process')


@pytest.fixture
def empty(wire: Wire) -> int:
    """A workspace without files."""
    return int(wire.ok("POST", "/workspaces", json={"name": "empty"})["id"])


def names(wire: Wire, workspace_id: int, **params: str) -> list[str]:
    return [row["file_name"] for row in wire.ok("GET", f"/workspaces/{workspace_id}/workfiles", params=params)]


def test_a_workflow_is_kept_under_its_name_with_its_locations(wire: Wire) -> None:
    made = wire.upload_flow("my flow.afm")
    assert (made["file_name"], made["file_type"], made["entity_subtype"]) == ("my flow", "work_flow", "alpine")
    assert made["latest_version_id"] is None
    assert set(made["version_info"]) == {"created_at", "updated_at"}
    assert made["execution_locations"][0]["entity_type"] == "gpdb_database"
    shown = wire.ok("GET", f"/workfiles/{made['id']}")
    assert shown == made
    listed = next(row for row in wire.ok("GET", "/workspaces/1/workfiles") if row["id"] == made["id"])
    assert not {"execution_locations", "dataset_ids", "complete_json"} & set(listed)


def test_the_same_upload_is_numbered_and_an_explicit_name_is_taken(wire: Wire) -> None:
    assert [wire.upload_flow()["file_name"] for _ in range(3)] == ["flow", "flow_1", "flow_2"]
    assert [wire.upload("x.sql", b"").json()["response"]["file_name"] for _ in range(2)] == ["x.sql", "x_1.sql"]
    answer = wire.upload("y.sql", b"", **{"workfile[file_name]": "x.sql"})
    assert answer.json()["errors"]["fields"] == {"file_name": {"TAKEN": {}}}


@pytest.mark.parametrize("content", [DOCTYPE, b"no xml", b"<other/>"])
def test_what_is_no_workflow_is_refused(wire: Wire, content: bytes) -> None:
    before = names(wire, 1)
    answer = wire.upload("bad.afm", content, **{"workfile[entity_subtype]": "alpine"})
    assert (answer.status_code, answer.json()["errors"]) == (422, {"fields": {"base": {"ALPINE_CONNECTION_ERROR": {}}}})
    assert names(wire, 1) == before


def test_the_password_in_a_workflow_file_is_not_kept(wire: Wire, sandbox: Sandbox) -> None:
    wire.upload_flow()
    kept = [path.read_bytes() for path in sandbox._running.state.files.directory.iterdir()]
    assert any(b"Row Filter" in content for content in kept)
    assert not any(b"c2VjcmV0LXdvcmQ" in content for content in kept)


@pytest.mark.parametrize(
    ("kind", "number", "status"),
    [
        ("gpdb_database", 1, 201),
        ("pg_database", 2, 201),
        ("hdfs_data_source", 1, 201),
        ("jdbc_data_source", 3, 201),
        ("gpdb_database", 99, 404),
        ("oracle_data_source", 1, 404),
        ("pg_database", 1, 404),
        ("jdbc_hive_data_sources", 1, 422),
    ],
)
def test_a_location_needs_the_right_kind_of_id(wire: Wire, kind: str, number: int, status: int) -> None:
    body = {"file_name": "f", "entity_subtype": "alpine", "execution_locations": [{"entity_type": kind, "id": number}]}
    answer = wire("POST", "/workspaces/1/workfiles", json={"workfile": body})
    assert answer.status_code == status
    if status == 201:
        assert answer.json()["response"]["execution_locations"][0]["id"] == number


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.sql", b"select 1", "sql"),
        ("a.py", b"pass", "code"),
        ("a.png", b"\x89PNG", "image"),
        ("a.csv", b"a,b\n", "text"),
        ("a.xml", b"<a/>", "xml"),
        ("a.bin", b"\0\1", "other"),
        ("flow.afm", FLOW, "text"),
    ],
)
def test_a_plain_file_has_a_version_and_comes_back_byte_for_byte(
    wire: Wire, name: str, content: bytes, kind: str
) -> None:
    made = wire.upload(name, content, **{"workfile[description]": "words"}).json()["response"]
    assert (made["file_name"], made["file_type"], made["description"]) == (name, kind, "words")
    assert (made["entity_subtype"], made["version_info"]["version_num"]) == (None, 1)
    got = wire("GET", f"/workfiles/{made['id']}/download")
    assert got.content == content
    assert f"filename={name}" in got.headers["Content-Disposition"].replace('"', "")
    assert got.headers["Content-Transfer-Encoding"] == "binary"


def test_a_workflow_can_not_be_downloaded(wire: Wire) -> None:
    answer = wire("GET", f"/workfiles/{wire.upload_flow()['id']}/download")
    assert answer.status_code == 500
    assert "<html>" in answer.text


def test_an_empty_file_is_made_from_json(wire: Wire) -> None:
    made = wire.ok("POST", "/workspaces/1/workfiles", json={"file_name": "new.sql", "description": "d"})
    assert (made["file_name"], made["version_info"]["content"]) == ("new.sql", "")
    assert "file_name" in wire.fields("POST", "/workspaces/1/workfiles", json={"file_name": "bad/name"})


def test_a_file_above_the_limit_is_refused(sandbox: Sandbox, wire: Wire) -> None:
    sandbox.settings.workfile_limit_mb = 1
    assert wire.upload("big.txt", b"x" * (1 << 20)).status_code == 201
    answer = wire.upload("big.txt", b"x" * ((1 << 20) + 1))
    assert answer.json()["errors"]["fields"] == {"contents_file_size": {"LESS_THAN": {"count": 1 << 20}}}


def test_shown_text_is_cut_and_lists_have_none(wire: Wire) -> None:
    number = wire.upload("long.txt", b"x" * 200_000).json()["response"]["id"]
    info = wire.ok("GET", f"/workfiles/{number}")["version_info"]
    assert (len(info["content"]), info["partial_file"]) == (131_072, True)
    assert len(wire("GET", f"/workfiles/{number}/download").content) == 200_000
    listed = next(row for row in wire.ok("GET", "/workspaces/1/workfiles") if row["id"] == number)
    assert listed["version_info"]["content"] is None


def test_lists_are_ordered_and_filtered(wire: Wire, empty: int) -> None:
    for name in ("b.sql", "A.txt", "c.sql"):
        wire.upload(name, b"x", empty)
    assert names(wire, empty) == ["A.txt", "b.sql", "c.sql"]
    assert names(wire, empty, file_type="sql") == ["b.sql", "c.sql"]
    assert names(wire, empty, name_pattern=".txt") == ["A.txt"]
    assert names(wire, empty, name_pattern="a.txt") == []
    wire.ok(
        "PUT", "/workfiles/" + str(wire.ok("GET", f"/workspaces/{empty}/workfiles")[1]["id"]), json={"description": "d"}
    )
    assert names(wire, empty, order="date")[0] == "b.sql"


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("a_b", ["a_b.txt", "axb.txt"]),
        (r"a\_b", ["a_b.txt"]),
        ("a%b", ["a_b.txt", "axb.txt", "aXXb.txt"]),
        ("_xb", ["axb.txt"]),
        ("%", ["a_b.txt", "axb.txt", "aXXb.txt"]),
        ("b.t_t", ["a_b.txt", "axb.txt", "aXXb.txt"]),
        ("b.t__t", []),
        (r"\%", []),
        (r"x\b", ["axb.txt"]),
        ("[a]", []),
        ("b.txt*", []),
        ("?xb", []),
        (".txt\\", []),
    ],
)
def test_a_name_pattern_is_one_of_like(wire: Wire, empty: int, pattern: str, found: list[str]) -> None:
    for name in ("axb.txt", "a_b.txt", "aXXb.txt"):
        wire.upload(name, b"x", empty)
    assert names(wire, empty, name_pattern=pattern) == found


def test_name_and_description_can_be_changed(wire: Wire, empty: int) -> None:
    one, two = (wire.upload(name, b"x", empty).json()["response"]["id"] for name in ("one.txt", "two.txt"))
    changed = wire.ok("PUT", f"/workfiles/{one}", json={"workfile": {"file_name": "one.sql", "description": "d"}})
    assert (changed["file_name"], changed["file_type"], changed["description"]) == ("one.sql", "sql", "d")
    assert wire.fields("PUT", f"/workfiles/{two}", json={"file_name": "one.sql"}) == {"file_name": {"TAKEN": {}}}


def test_files_are_deleted_one_by_one_or_together(wire: Wire, empty: int) -> None:
    ids = [wire.upload(f"{number}.txt", b"x", empty).json()["response"]["id"] for number in range(4)]
    answer = wire("DELETE", f"/workfiles/{ids[0]}")
    assert (answer.status_code, answer.json()) == (200, {})
    assert wire("DELETE", f"/workfiles/{ids[0]}").status_code == 404
    answer = wire("DELETE", f"/workspaces/{empty}/workfiles", params={"workfile_ids[]": ids[1:3]})
    assert (answer.status_code, answer.json()) == (200, {})
    assert names(wire, empty) == ["3.txt"]
    assert wire("DELETE", f"/workspaces/{empty}/workfiles", json={"workfile_ids": [ids[3], ids[0]]}).status_code == 404
    assert names(wire, empty) == ["3.txt"]


def test_a_copy_is_numbered_or_goes_elsewhere(wire: Wire, empty: int) -> None:
    number = wire.upload("a.txt", b"text").json()["response"]["id"]
    answer = wire("POST", f"/workfiles/{number}/copy")
    assert (answer.status_code, answer.json()["response"]["file_name"]) == (201, "a_1.txt")
    assert wire.fields("POST", f"/workfiles/{number}/copy", json={"file_name": "a.txt"}) == {"file_name": {"TAKEN": {}}}
    moved = wire.ok("POST", f"/workfiles/{number}/copy", json={"workspace_id": empty, "file_name": "b.txt"})
    assert moved["workspace"]["id"] == empty
    wire("DELETE", f"/workfiles/{number}")
    assert wire("GET", f"/workfiles/{moved['id']}/download").content == b"text"
    flow = wire.upload_flow()
    assert wire.ok("POST", f"/workfiles/{flow['id']}/copy")["execution_locations"] == flow["execution_locations"]


def test_versions_are_added_overwritten_and_removed(wire: Wire) -> None:
    number = wire.upload("a.txt", b"one").json()["response"]["id"]
    first = wire.ok("GET", f"/workfiles/{number}")["version_info"]["id"]
    path = f"/workfiles/{number}/versions"
    assert wire.fields("DELETE", f"{path}/{first}") == {"base": {"ONLY_ONE_VERSION": {}}}
    added = wire("POST", path, files={"content": ("a.txt", b"two")}, data={"commit_message": "better"})
    assert added.status_code == 201
    info = added.json()["response"]["version_info"]
    assert (info["version_num"], info["content"], info["commit_message"]) == (2, "two", "better")
    assert [row["version_num"] for row in wire.ok("GET", path)] == [2, 1]
    assert wire.ok("GET", f"{path}/{first}")["version_info"]["content"] == "one"
    assert wire("GET", f"/workfiles/{number}/download", params={"version_id": first}).content == b"one"
    assert wire("GET", f"/workfiles/{number}/download", params={"version_id": 999}).status_code == 404
    assert wire.ok("PUT", f"{path}/{info['id']}", json={"content": "2!"})["version_info"]["content"] == "2!"
    assert wire.fields("PUT", f"{path}/{first}", json={"content": "x"}) == {"version": {"INVALID": {}}}
    assert wire("DELETE", f"{path}/{info['id']}").json() == {}
    assert wire("GET", f"/workfiles/{number}/download").content == b"one"


@pytest.mark.usefixtures("people")
def test_a_run_from_chorus_is_accepted_and_the_status_goes_back_to_idle(wire: Wire) -> None:
    number = wire.upload_flow()["id"]
    answer = wire("POST", f"/workfiles/{number}/run")
    assert (answer.status_code, answer.json()["response"]["status"]) == (202, "running")
    wait_for(lambda: wire.ok("GET", f"/workfiles/{number}")["status"] == "idle")
    assert wire("POST", f"/workfiles/{number}/stop").status_code == 202


def test_others_may_look_at_files_of_a_public_workspace_but_not_change_them(sandbox: Sandbox, wire: Wire) -> None:
    number = wire.upload("a.txt", b"x").json()["response"]["id"]
    ada = Wire(sandbox, "ada")
    assert ada("GET", f"/workfiles/{number}").status_code == 200
    assert ada("PUT", f"/workfiles/{number}", json={"description": "x"}).status_code == 403
    assert ada("DELETE", f"/workfiles/{number}").status_code == 403
    assert ada.upload("b.txt", b"").status_code == 403
    ada.http.close()
