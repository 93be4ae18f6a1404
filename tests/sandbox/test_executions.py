"""The sandbox runs SQL for a workfile as the server does."""

from __future__ import annotations

import threading
import time
from typing import Any

from alpine.sandbox import Sandbox
from tests.sandbox.wire import Wire

SLOW = "select count(*) from demo.orders a, demo.orders b, demo.orders c, demo.orders d where a.items < b.items"


def workfile(wire: Wire, name: str = "q.sql") -> Any:
    return wire.ok("POST", "/workspaces/1/workfiles", json={"file_name": name})


def test_the_text_that_is_sent_runs_and_not_that_of_the_file(wire: Wire) -> None:
    made = wire.upload("own.sql", b"select nonsense").json()["response"]
    result = wire.ok("POST", f"/workfiles/{made['id']}/executions", json={"check_id": "1", "sql": "select 1 as a"})
    assert result["rows"] == [["1"]]
    [column] = result["columns"]
    assert (column["name"], column["data_type"], column["statistics"]) == ("a", "int4", {})


def test_a_check_id_is_needed(wire: Wire) -> None:
    number = workfile(wire)["id"]
    fields = wire.fields("POST", f"/workfiles/{number}/executions", json={"sql": "select 1"})
    assert fields == {"check_id": {"BLANK": {}}}


def test_only_sql_files_have_a_schema_from_the_start(wire: Wire) -> None:
    assert workfile(wire)["execution_schema"]["name"] == "public"
    other = workfile(wire, "notes.txt")
    assert other["execution_schema"] is None
    path, sent = f"/workfiles/{other['id']}", {"check_id": "1", "sql": "select count(*) from orders"}
    assert wire("POST", f"{path}/executions", json=sent).status_code == 500
    demo = next(row["id"] for row in wire.ok("GET", "/databases/1/schemas") if row["name"] == "demo")
    changed = wire.ok("PUT", path, json={"workfile": {"execution_schema": {"id": demo}}})
    assert changed["execution_schema"]["name"] == "demo"
    assert wire.ok("POST", f"{path}/executions", json=sent)["rows"] == [["300"]]


def test_a_failure_is_that_of_a_query(wire: Wire) -> None:
    number = workfile(wire)["id"]
    sent = {"check_id": "1", "sql": "select x from demo.orders"}
    fields = wire.fields("POST", f"/workfiles/{number}/executions", json=sent)
    assert fields["query"]["INVALID"]["message"].startswith("The query could not be completed. Error: ")


def test_a_null_is_an_empty_text_and_rows_are_limited(sandbox: Sandbox, wire: Wire) -> None:
    sandbox.settings.preview_rows = 2
    number = workfile(wire)["id"]
    sent = {"check_id": "1", "sql": "select null as n, region from demo.orders"}
    rows = wire.ok("POST", f"/workfiles/{number}/executions", json=sent)["rows"]
    assert [row[0] for row in rows] == ["", ""]


def test_a_query_is_broken_off_by_its_own_user_only(sandbox: Sandbox, wire: Wire) -> None:
    number = workfile(wire)["id"]
    path = f"/workfiles/{number}/executions"
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(wire("POST", path, json={"check_id": "7", "sql": SLOW})))
    thread.start()
    time.sleep(0.3)
    # Another id, and another user: both are answered, and nothing stops.
    assert Wire(sandbox)("DELETE", f"{path}/8").json() == {}
    assert Wire(sandbox, "ada")("DELETE", f"{path}/7").status_code == 403
    assert thread.is_alive()
    begun = time.monotonic()
    assert Wire(sandbox)("DELETE", f"{path}/7").json() == {}
    thread.join(10)
    assert time.monotonic() - begun < 5
    assert "canceling statement" in answers[0].json()["errors"]["fields"]["query"]["INVALID"]["message"]


def test_the_preview_of_sql_needs_a_schema_of_greenplum(wire: Wire) -> None:
    task = {"query": "select count(*) from orders", "check_id": "1"}
    found = {}
    for database in (1, 2):
        for row in wire.ok("GET", f"/databases/{database}/schemas"):
            if row["name"] == "demo":
                found[row["entity_type"]] = row["id"]
    answers = {
        kind: wire("POST", "/datasets/preview_sql", json={"task": {**task, "schema_id": number}}).status_code
        for kind, number in found.items()
    }
    assert answers == {"gpdb_schema": 200, "pg_schema": 404}
