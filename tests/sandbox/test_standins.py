"""Stand-in rows for tables that nobody loaded."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest

from alpine.sandbox.engine import Engine, NodeFailure
from alpine.sandbox.engine.database import Database
from alpine.sandbox.engine.standins import ROWS, select
from tests.sandbox.engine_flows import TABLE, element, errors, flow, node, outcome, rows, run


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine(stand_in=True)
    yield engine
    engine.close()


def table_flow() -> bytes:
    fields = [("id", "BIGINT"), ("age", "INTEGER"), ("income", "NUMERIC(10,2)"), ("town", "TEXT"), ("ok", "BOOLEAN")]
    declared = element(
        "InPutFieldList",
        element("Parameter", key="schema", value="demo"),
        element("Parameter", key="table", value="people"),
        element("Fields", *(element("Field", name=name, type=kind) for name, kind in fields)),
    )
    source = node("people", TABLE, schemaName="demo", tableName="people")
    return flow(source, node("keep", "field.ColumnFilterOperator", declared, columnNames="id"), links="people > keep")


def test_a_table_that_nobody_loaded_gets_rows_of_its_declared_columns_and_says_so(engine: Engine):
    data = outcome(run(engine, table_flow()), "people")["visualData"]
    assert data["columns"] == ["id", "age", "income", "town", "ok"]
    assert data["columnTypes"] == ["number", "number", "number", "cate", "cate"]
    assert [item["id"] for item in data["items"]] == [str(i) for i in range(1, 26)]
    assert {item["town"] for item in data["items"]} == {"a", "b"}
    assert "2,000 rows" in data["errorMessages"][0]
    assert data["errorMessages"][1] == "The table 'demo.people' is not loaded; these are stand-in rows."


@pytest.mark.parametrize("is_hadoop", [False, True])
@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        *(("int4", "INTEGER"), ("serial", "INTEGER"), ("float8", "DOUBLE"), ("bool", "BOOLEAN"), ("time", "TIME")),
        *(("NUMERIC", "DECIMAL(38,2)"), ("NUMERIC(3,2)", "DECIMAL(3,2)"), ("DECIMAL(5,5)", "DECIMAL(5,5)")),
        *(("timestamptz", "TIMESTAMP WITH TIME ZONE"), ("varchar(1)", "VARCHAR"), ("interval", "INTERVAL")),
    ],
)
def test_stand_in_rows_have_the_declared_type(kind: str, expected: str, is_hadoop: bool):
    database = Database()
    cursor = database.open("run")
    table = cursor.make(select([("a", kind)], is_hadoop=is_hadoop))
    assert table.types == (expected,)
    assert cursor.fetch(f"SELECT count(a) FROM {table.sql}") == [(ROWS,)]
    cursor.close()
    database.close()


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ([("a", "fancy")], "'fancy'"),
        ([("a", "uuid")], "makes up no rows for the column 'a'"),
        ([("a", "int"), ("A", "int")], "differ in capitals"),
        ([("", "int")], "no name"),
    ],
)
def test_stand_in_rows_that_cannot_be_are_refused_by_name(columns: list[tuple[str, str]], reason: str):
    with pytest.raises(NodeFailure, match=reason):
        select(columns, is_hadoop=False)


def test_stand_in_rows_are_always_the_same(engine: Engine):
    first, second = (rows(outcome(run(engine, table_flow()), "people")) for _ in range(2))
    assert first == second


def test_a_loaded_table_is_never_replaced(engine: Engine):
    engine.load_table("demo.people", pd.DataFrame({"id": [7]}))
    assert rows(outcome(run(engine, table_flow()), "people")) == [["7"]]


def test_without_the_wish_for_them_there_are_no_stand_in_rows():
    engine = Engine()
    assert "is not loaded" in errors(run(engine, table_flow()))[0]
    engine.close()


@pytest.mark.parametrize(
    "columns",
    [
        [element("col", n="day", t="datetime yyyy-MM-dd"), element("col", n="x", t="double")],
        [
            *(element("columnNames", columnName=name) for name in ("day", "x")),
            *(element("columnTypes", columnType=kind) for kind in ("datetime yyyy-MM-dd", "double")),
        ],
    ],
)
def test_a_hadoop_file_declares_its_columns_in_either_form(engine: Engine, columns: list[str]):
    file = node(
        "file", "hadoop.HadoopFileOperator", element("HadoopFileStructureModel", *columns), hadoopFileName="/a/b.csv"
    )
    data = outcome(run(engine, flow(file)), "file")["visualData"]
    assert data["columnTypes"] == ["cate", "number"]
    assert data["items"][0]["day"].startswith("2017-")


def test_a_table_that_the_flow_does_not_describe_fails(engine: Engine):
    [reason] = errors(run(engine, flow(node("people", TABLE, schemaName="demo", tableName="people"))))
    assert "server.load_table('demo.people'" in reason
