"""The sandbox imports CSV files as the server does: no id, a failure that comes later, events that tell of it."""

from __future__ import annotations

from typing import Any

import pytest

from alpine.sandbox import Sandbox
from tests.sandbox.wire import Wire, wait_for

IMPORT = {
    "to_table": "t",
    "column_names": ["a", "b"],
    "types": ["integer", "text"],
    "delimiter": ",",
    "has_header": True,
}


def upload(wire: Wire, content: bytes = b"a,b\n1,x\n", name: str = "x.csv", workspace: int = 1) -> dict[str, Any]:
    answer = wire("POST", f"/workspaces/{workspace}/csv", files={"csv[contents]": (name, content)})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["response"]
    return found


def start(wire: Wire, number: int, **changes: Any) -> Any:
    return wire("POST", f"/workspaces/1/csv/{number}/imports", json={"csv_import": {**IMPORT, **changes}})


def events(wire: Wire, action: str) -> list[dict[str, Any]]:
    found = wire.ok("GET", "/activities", params={"entity_type": "workspace", "entity_id": 1})
    return [event for event in found if event["action"] == action]


def rows(wire: Wire, table: str) -> list[list[str]]:
    schema = next(row["id"] for row in wire.ok("GET", "/databases/1/schemas") if row["name"] == "public")
    task = {"schema_id": schema, "query": f"select * from {table};", "check_id": "1"}
    result: list[list[str]] = wire.ok("POST", "/datasets/preview_sql", json={"task": task})["rows"]
    return result


def test_an_upload_shows_its_first_records(wire: Wire) -> None:
    shown = upload(wire, b'a;b\n"x";"y, z"\n' * 200)
    assert shown["entity_type"] == "csv_file"
    assert len(shown["contents"]) == 100
    assert upload(wire, b"a,b\r\n1,2\r\n")["contents"] == ["a,b\n", "1,2\n"]
    refused = wire.fields("POST", "/workspaces/1/csv", files={"csv[contents]": ("x.png", b"\x89PNG\xff")})
    assert refused == {"contents": {"FILE_INVALID": {}}}


def test_a_file_that_is_too_large_is_refused(sandbox: Sandbox, wire: Wire) -> None:
    sandbox.settings.csv_limit_mb = 0.001
    refused = wire.fields("POST", "/workspaces/1/csv", files={"csv[contents]": ("x.csv", b"a\n" * 1000)})
    assert "LESS_THAN" in refused["contents_file_size"]
    assert wire.ok("GET", "/config")["file_sizes_mb_csv_imports"] == 0.001


def test_an_import_says_nothing_and_its_event_tells(wire: Wire) -> None:
    answer = start(wire, upload(wire)["id"])
    assert (answer.status_code, answer.json()) == (201, {"response": []})
    [created] = events(wire, "FileImportCreated")
    assert (created["destination_table"], created["file_name"], created["reference_type"]) == ("t", "x.csv", "Import")
    wait_for(lambda: wire.ok("GET", f"/activities/{created['id']}")["dataset"] is not None)
    assert rows(wire, "t") == [["1", "x"]]
    [done] = events(wire, "FileImportSuccess")
    assert "destination_table" not in done
    [row] = wire.ok("GET", f"/workspaces/1/datasets/{done['dataset']['id']}/imports")
    assert (row["id"], row["success"], row["to_table"]) == (created["reference_id"], True, "t")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"to_table": ""}, "to_table"),
        ({"column_names": ["a", "a"]}, "column_names"),
    ],
)
def test_what_is_refused_at_once(wire: Wire, changes: dict[str, Any], field: str) -> None:
    answer = start(wire, upload(wire)["id"], **changes)
    assert answer.status_code == 422
    assert field in answer.json()["errors"]["fields"]


def test_a_new_table_must_not_be_there(wire: Wire) -> None:
    start(wire, upload(wire)["id"], new_table="true")
    wait_for(lambda: events(wire, "FileImportSuccess"))
    answer = start(wire, upload(wire)["id"], new_table=True)
    assert answer.json()["errors"]["fields"] == {"base": {"TABLE_EXISTS": {"table_name": "t"}}}


@pytest.mark.parametrize(
    ("content", "changes", "message"),
    [
        (b"a,b\nx,y\n", {}, "'x' in row 1, which is no integer"),
        (b"a,b\n1\n", {}, "Expected 2 columns"),
        (b"a,b\n1,x\n", {"types": ["integer"]}, "CSV file cannot be imported"),
        (b"a,b\n1,x\n", {"types": ["integer", "nonsense"]}, "nonsense"),
        (b"a,b\n1,x\n", {"column_names": ["a", "A"]}, "capitals"),
    ],
)
def test_everything_else_fails_later(wire: Wire, content: bytes, changes: dict[str, Any], message: str) -> None:
    assert start(wire, upload(wire, content)["id"], **changes).status_code == 201
    wait_for(lambda: events(wire, "FileImportFailed"))
    [failed] = events(wire, "FileImportFailed")
    assert message in failed["error_message"]
    assert failed["destination_table"] == "t"


def test_whoever_began_an_import_is_told_of_its_end(wire: Wire) -> None:
    for number, changes in enumerate(({}, {"types": ["integer", "nonsense"], "to_table": "u"}), 1):
        start(wire, upload(wire)["id"], **changes)
        wait_for(lambda number=number: len(wire.ok("GET", "/notifications")) == number)  # type: ignore[misc]
    failed, done = (row["event"] for row in wire.ok("GET", "/notifications", params={"type": "unread"}))
    assert (failed["action"], failed["destination_table"]) == ("FileImportFailed", "u")
    assert (done["action"], done["dataset"]["object_name"]) == ("FileImportSuccess", "t")
    assert "destination_table" not in done
    about = {"entity_type": "dataset", "entity_id": done["dataset"]["id"]}
    assert {row["action"] for row in wire.ok("GET", "/activities", params=about)} == {
        "FileImportCreated",
        "FileImportSuccess",
    }


def test_a_file_is_imported_once(wire: Wire) -> None:
    number = upload(wire)["id"]
    start(wire, number)
    wait_for(lambda: events(wire, "FileImportSuccess"))
    assert start(wire, number).status_code == 404


def test_rows_are_added_to_a_table_or_take_the_place_of_its_rows(wire: Wire) -> None:
    for count, changes in enumerate(({}, {}, {"column_names": ["b", "a"], "types": ["x", "y"]}, {"truncate": True}), 1):
        content = b"b,a\n,9\n" if "column_names" in changes else b"a,b\n1,x\n"
        start(wire, upload(wire, content)["id"], **changes)
        wait_for(lambda count=count: len(events(wire, "FileImportSuccess")) == count)  # type: ignore[misc]
        if count == 3:
            assert rows(wire, "t") == [["1", "x"], ["1", "x"], ["9", ""]]
    assert rows(wire, "t") == [["1", "x"]]


def test_an_import_can_be_cancelled_until_it_has_ended(sandbox: Sandbox, wire: Wire) -> None:
    sandbox.settings.import_seconds = 30
    start(wire, upload(wire)["id"])
    [created] = events(wire, "FileImportCreated")
    wire("PUT", "/imports", json={"id": created["reference_id"]})
    wait_for(lambda: events(wire, "FileImportFailed"))
    assert wire("PUT", "/imports", json={"id": [created["reference_id"]]}).status_code == 200
    assert wire("PUT", "/imports", json={"id": 99}).status_code == 404


def test_a_reset_ends_what_waits_and_drops_what_was_imported(sandbox: Sandbox, wire: Wire) -> None:
    start(wire, upload(wire)["id"])
    wait_for(lambda: events(wire, "FileImportSuccess"))
    sandbox.settings.import_seconds = 30
    start(wire, upload(wire)["id"], to_table="later")
    sandbox.reset()
    again = Wire(sandbox)
    assert again.ok("GET", "/workspaces/1/datasets") == []
    assert events(again, "FileImportCreated") == []


def test_a_workspace_without_a_sandbox_breaks_the_server(wire: Wire) -> None:
    workspace = wire.ok("POST", "/workspaces", json={"name": "bare"})["id"]
    assert wire.ok("GET", f"/workspaces/{workspace}")["sandbox_info"] is None
    number = upload(wire, workspace=workspace)["id"]
    assert start(wire, number).status_code == 500


@pytest.mark.parametrize(
    "sent",
    [
        {"schema_id": 999},
        {"schema_name": "x", "database_id": 999},
        {"schema_name": "x", "database_name": "y", "data_source_id": 999},
        {"schema_name": "x", "database_name": "y", "data_source_id": 3},
        {"schema_name": ""},
    ],
)
def test_a_sandbox_that_cannot_be_made(wire: Wire, sent: dict[str, Any]) -> None:
    answer = wire("POST", "/workspaces/1/sandbox", json={"sandbox": sent})
    assert answer.status_code == 422
    assert "GENERIC" in str(answer.json()["errors"]["fields"])


def test_a_sandbox_in_a_new_database(wire: Wire) -> None:
    sent = {"schema_name": "s", "database_name": "fresh", "data_source_id": 1}
    answer = wire("POST", "/workspaces/1/sandbox", json=sent)
    assert (answer.status_code, answer.json()) == (201, {})
    info = wire.ok("GET", "/workspaces/1")["sandbox_info"]
    assert (info["name"], info["database"]["name"]) == ("s", "fresh")
