"""The sandbox shows its tables as the datasets of a server, quirks included."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pandas
import pytest

from alpine.sandbox import Sandbox
from tests.sandbox.wire import Wire


def tables(wire: Wire, **params: Any) -> list[dict[str, Any]]:
    found = wire.ok("GET", f"/schemas/{schema(wire)}/datasets", params=params)
    assert isinstance(found, list)
    return found


def schema(wire: Wire, name: str = "demo") -> int:
    return next(int(row["id"]) for row in wire.ok("GET", "/databases/1/schemas") if row["name"] == name)


def number(wire: Wire, name: str) -> int:
    return next(int(row["id"]) for row in tables(wire, per_page=1000) if row["object_name"] == name)


@pytest.fixture
def odd(sandbox: Sandbox, wire: Wire) -> int:
    values = {
        "f": [1e10, None, 0.25, float("inf")],
        "t": ['a,b\n"c"', None, "", "plain"],
        "b": pandas.array([True, None, False, True], dtype="boolean"),
    }
    sandbox.load_table("demo.odd", pandas.DataFrame(values), types={"t": "varchar(20)"})
    return number(wire, "odd")


def test_schemas_are_those_of_the_tables(sandbox: Sandbox, wire: Wire) -> None:
    sandbox.load_table("plain", pandas.DataFrame({"x": [1]}))
    rows = wire("GET", "/databases/1/schemas").json()
    assert {"demo", "public"} <= {row["name"] for row in rows["response"]}
    assert rows["pagination"]["records"] == len(rows["response"])
    assert {row["entity_type"] for row in rows["response"]} == {"gpdb_schema"}
    # Sources without databases have no pages, and those with databases no schemas of their own.
    others = wire("GET", "/data_sources/3/schemas").json()
    assert list(others) == ["response"]
    assert others["response"][0]["entity_type"] == "jdbc_schema"
    assert wire("GET", "/data_sources/1/schemas").status_code == 500
    assert wire("GET", "/schemas/0").json() == {"errors": {"record": "NOT_FOUND"}}
    public = schema(wire, "public")
    assert "plain" in [row["object_name"] for row in wire.ok("GET", f"/schemas/{public}/datasets")]


def test_a_page_is_cut_in_another_order_than_the_tables_come(sandbox: Sandbox, wire: Wire) -> None:
    for name in ("za", "Z_b", "zc"):
        sandbox.load_table(f"demo.{name}", pandas.DataFrame({"x": [1]}))
    pages = [[row["object_name"] for row in tables(wire, filter="z", per_page=1, page=page)] for page in (1, 2, 3)]
    # By the catalogue it is za, Z_b, zc; of the first two the later by plain order comes again.
    assert pages == [["za"], ["za"], ["zc"]]
    assert [row["object_name"] for row in tables(wire, filter="z")] == ["Z_b", "za", "zc"]


def test_a_table_keeps_its_number_when_it_is_gone(sandbox: Sandbox, wire: Wire, odd: int) -> None:
    sandbox.reset(tables=True)
    caller = Wire(sandbox)
    sandbox.load_table("demo.gone", pandas.DataFrame({"x": [1]}))
    gone = number(caller, "gone")
    sandbox._running.backend.engine.drop_table("demo.gone")
    assert "gone" not in [row["object_name"] for row in tables(caller)]
    assert caller("GET", f"/datasets/{gone}").json() == {"errors": {"record": "NOT_FOUND"}}
    assert 'relation "demo.gone" does not exist' in caller("GET", f"/datasets/{gone}/download").text
    assert caller("POST", f"/datasets/{gone}/previews", json={"task": {"check_id": "1"}}).status_code == 422
    caller.ok("POST", "/workspaces", json={"name": "w"})
    caller("POST", "/workspaces/1/datasets", json={"dataset_ids": [gone]})
    both = caller("GET", f"/workspaces/1/datasets/{gone}")
    assert (both.status_code, both.json()["errors"]) == (422, {"record": "MISSING_DB_OBJECT"})
    assert both.json()["response"]["stale"] is True
    caller.http.close()


def test_columns_have_the_names_of_the_catalogue_and_results_those_of_the_driver(wire: Wire, odd: int) -> None:
    columns = wire.ok("GET", f"/datasets/{odd}/columns")
    assert [row["data_type"] for row in columns] == ["double precision", "character varying(20)", "boolean"]
    preview = wire("POST", f"/datasets/{odd}/previews", json={"task": {"check_id": "1"}})
    assert preview.status_code == 201
    result = preview.json()["response"]
    assert [row["data_type"] for row in result["columns"]] == ["float8", "varchar", "bool"]
    assert result["rows"] == [["1.0E10", 'a,b\n"c"', "t"], ["", "", ""], ["0.25", "", "f"], ["Infinity", "plain", "t"]]
    assert wire.fields("POST", f"/datasets/{odd}/previews", json={"task": {}}) == {"check_id": {"BLANK": {}}}
    assert wire("DELETE", f"/datasets/{odd}/previews/none").json() == {}


def test_columns_come_fifty_at_a_time(sandbox: Sandbox, wire: Wire) -> None:
    sandbox.load_table("demo.wide", pandas.DataFrame({f"c{place}": [1] for place in range(60)}))
    wide = number(wire, "wide")
    assert len(wire.ok("GET", f"/datasets/{wide}/columns")) == 50
    assert len(wire.ok("GET", f"/datasets/{wide}/columns", params={"per_page": 1000})) == 60


def test_statistics_are_there_after_an_analysis(wire: Wire, odd: int) -> None:
    assert wire.ok("GET", f"/datasets/{odd}/statistics")["rows"] == 0
    assert wire.ok("POST", f"/tables/{odd}/analyze") == []
    statistics = wire.ok("GET", f"/datasets/{odd}/statistics")
    assert (statistics["rows"], statistics["columns"]) == (4, 3)
    [f, t, _] = [row["statistics"] for row in wire.ok("GET", f"/datasets/{odd}/columns")]
    assert (f["distinct_value"], f["null_fraction"], f["min"], f["max"]) == (3, 0.25, "0.25", "Infinity")
    assert (t["min"], sorted(t["common_values"])) == (None, ["", 'a,b\n"c"', "plain"])


def test_a_download_is_what_the_server_sends(wire: Wire, odd: int) -> None:
    answer = wire("GET", f"/datasets/{odd}/download", params={"header": "false"})
    assert answer.text == (
        'f,t,b\n1.0E10,"a,b\n""c""",t\n"","",""\n0.25,"",f\nInfinity,plain,t\n'  # a header always comes
    )
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="odd.csv"'
    assert wire("GET", f"/datasets/{odd}/download.csv", params={"row_limit": 1}).text.count("\n") == 3
    for limit in ("0", "-1", "x"):
        assert wire("GET", f"/datasets/{odd}/download", params={"row_limit": limit}).text == answer.text


def test_an_empty_table_is_a_sentence(sandbox: Sandbox, wire: Wire) -> None:
    sandbox.load_table("demo.empty", pandas.DataFrame({"x": pandas.array([], dtype="Int64")}))
    assert wire("GET", f"/datasets/{number(wire, 'empty')}/download").text == "The query returned no rows"


def test_a_large_download_takes_little_memory(sandbox: Sandbox, wire: Wire) -> None:
    rows = 300_000
    sandbox.load_table("demo.large", pandas.DataFrame({"x": range(rows), "y": "words"}))
    large = number(wire, "large")
    tracemalloc.start()
    try:
        size = 0
        with wire("GET", f"/datasets/{large}/download", stream=True) as answer:
            size = sum(len(piece) for piece in answer.iter_content(1 << 16))
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert size > 3_500_000
    assert most < 2_000_000


def test_a_database_that_is_down_is_hidden_by_lists_and_told_by_the_rest(
    sandbox: Sandbox, wire: Wire, odd: int
) -> None:
    before = [row["object_name"] for row in tables(wire)]
    here = schema(wire)
    sandbox.settings.databases_down = True
    assert [row["object_name"] for row in wire.ok("GET", f"/schemas/{here}/datasets")] == before
    for method, path in (("GET", f"/datasets/{odd}"), ("GET", f"/datasets/{odd}/columns"), ("GET", f"/schemas/{here}")):
        answer = wire(method, path)
        assert (answer.status_code, answer.json()["errors"]["record"]) == (422, "DATA_SOURCE_UNREACHABLE")
    down = wire("GET", f"/datasets/{odd}/download")
    assert (down.status_code, down.text) == (200, "The data source could not be reached: connection refused.")


def test_a_table_is_associated_once(wire: Wire, odd: int) -> None:
    assert wire("POST", "/workspaces/1/datasets", json={"dataset_ids": [odd]}).status_code == 201
    assert wire.fields("POST", "/workspaces/1/datasets", json={"dataset_ids": [odd]}) == {
        "dataset": {"ALREADY_ASSOCIATED": {"workspace_name": "Sandbox"}}
    }
    assert wire.ok("GET", "/workspaces/1")["datasets_count"] == 1
    assert wire.ok("GET", f"/datasets/{odd}")["associated_workspaces"] == [{"id": 1, "name": "Sandbox"}]
    [row] = wire.ok("GET", "/workspaces/1/datasets", params={"entity_subtype": "SOURCE_TABLE"})
    assert row["entity_subtype"] == "SOURCE_TABLE"
    assert wire.ok("GET", "/workspaces/1/datasets", params={"entity_subtype": "SANDBOX_TABLE"}) == []
    assert wire("DELETE", f"/workspaces/1/datasets/{odd}").json() == {}
    assert wire.ok("GET", "/workspaces/1/datasets") == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e10, "1.0E10"),
        (123456789.125, "1.23456789125E8"),
        (9999999.0, "9999999.0"),
        (0.0005, "5.0E-4"),
        (0.001, "0.001"),
        (1.5e-7, "1.5E-7"),
        (-1e20, "-1.0E20"),
        (-0.5, "-0.5"),
        (0.0, "0.0"),
    ],
)
def test_doubles_are_written_as_java_does(sandbox: Sandbox, wire: Wire, value: float, text: str) -> None:
    sandbox.load_table("demo.one", pandas.DataFrame({"x": [value]}))
    assert wire("GET", f"/datasets/{number(wire, 'one')}/download").text == f"x\n{text}\n"
