"""Any table comes back as it was: loaded, read by a flow, and downloaded."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy
import pandas
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alpine import APIClient
from alpine.sandbox import Sandbox

FLOW = """<?xml version="1.0" encoding="UTF-8"?>
<Process Description="" UserName="1" Version="6.3.0.0">
<Operator X="10" Y="10" name="source" type="com.alpine.miner.gef.runoperator.datasource.DbTableOperator" uuid="1">
<Parameter key="schemaName" value="public"/><Parameter key="tableName" value="@table"/></Operator>
<Operator X="90" Y="10" name="Row Filter" type="com.alpine.miner.gef.runoperator.field.FilterOperator" uuid="2">
<Parameter key="outputType" value="TABLE"/><Parameter key="outputSchema" value="public"/>
<Parameter key="outputTable" value="kept_@table"/><Parameter key="dropIfExist" value="Yes"/>
<RowFilterConditionModel useAll="true" sqlType="sql" conditionValue="1 = 1"/></Operator>
<Link source="source" target="Row Filter"/>
<VariableModel><Variable><Name>@table</Name><Value>t</Value></Variable></VariableModel></Process>"""

FIRST, LAST = datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31, 23, 59, 59, 999999)


@dataclass(frozen=True)
class Type:
    """A type of PostgreSQL's.

    :param name: Its name.
    :param values: Its values.
    :param dtype: The type of the column that they are given in.
    :param given: What comes back for a value.
    """

    name: str
    values: st.SearchStrategy[Any]
    dtype: str
    given: Callable[[Any], Any] = lambda value: value


def _utc(value: datetime.datetime) -> pandas.Timestamp:
    return pandas.Timestamp(value).tz_convert("UTC")


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**14), max_value=10**14)
ZONES = st.timezones()
TYPES = (
    Type("smallint", st.integers(-(2**15), 2**15 - 1), "Int16"),
    Type("integer", st.integers(-(2**31), 2**31 - 1), "Int32"),
    Type("bigint", st.integers(-(2**63), 2**63 - 1), "Int64"),
    Type("numeric", DECIMALS, "object"),
    Type("numeric(18,4)", DECIMALS.filter(lambda value: abs(value) < 10**14), "object"),
    Type("double precision", st.floats(), "Float64"),
    Type("real", st.floats(width=32), "Float32"),
    Type("boolean", st.booleans(), "boolean"),
    Type("date", st.dates(), "object", pandas.Timestamp),
    Type("time", st.times(), "object"),
    Type("timestamp", st.datetimes(FIRST, LAST), "datetime64[us]", pandas.Timestamp),
    Type(
        "timestamp with time zone",
        st.datetimes(datetime.datetime(2, 1, 1), datetime.datetime(9998, 1, 1), timezones=ZONES),
        "datetime64[us, UTC]",
        _utc,
    ),
    Type("text", TEXTS, "object"),
    Type("varchar(20)", TEXTS, "string"),
    Type("uuid", st.uuids(), "object", str),
    Type("bytea", st.binary(max_size=10), "object", lambda value: "\\x" + value.hex()),
)


@st.composite
def tables(draw: st.DrawFn) -> tuple[pandas.DataFrame, list[Type]]:
    kinds = draw(st.lists(st.sampled_from(TYPES), min_size=1, max_size=6))
    rows = draw(st.integers(0, 30))
    columns = {}
    for place, kind in enumerate(kinds):
        values = draw(st.lists(st.none() | kind.values, min_size=rows, max_size=rows))
        if "UTC" in kind.dtype:
            values = [None if value is None else _utc(value) for value in values]
        columns[f"c{place} {kind.name}"] = pandas.Series(values, dtype=kind.dtype)
    return pandas.DataFrame(columns), kinds


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[APIClient, int]]:
    path = tmp_path_factory.mktemp("flow") / "keep.afm"
    path.write_text(FLOW)
    with Sandbox() as server, server.client() as client:
        source = client.datasource.for_upload("Sandbox Database")
        yield client, int(client.workfile.upload("Sandbox", path, [source])["id"])


def is_missing(value: object) -> bool:
    # NaN is a value of a column that knows missing ones.
    return value is None or value is pandas.NA or value is pandas.NaT


def same(one: Any, other: Any) -> bool:
    if isinstance(one, numpy.float32):
        # The server writes the shortest text that gives it back, and a DataFrame has it as a double.
        one, other = float(one), float(numpy.float32(other))
    if isinstance(one, float) and isinstance(other, float):
        return one == other or (math.isnan(one) and math.isnan(other))
    if isinstance(one, Decimal):
        return Decimal(str(other)) == one
    return bool(one == other)


Made = tuple[pandas.DataFrame, list[Type]]
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@settings(PATIENT, max_examples=10)
@given(made=tables())
def test_every_value_comes_back(reader: tuple[APIClient, int], made: Made) -> None:
    check(*reader, *made)


@pytest.mark.long
@settings(PATIENT, max_examples=300)
@given(made=tables())
def test_every_value_of_many_tables_comes_back(reader: tuple[APIClient, int], made: Made) -> None:
    check(*reader, *made)


def check(client: APIClient, flow: int, frame: pandas.DataFrame, kinds: list[Type]) -> None:
    declared = {name: kind.name for name, kind in zip(frame.columns, kinds, strict=True)}
    there = {row["object_name"] for row in client.dataset.in_workspace.get_list("Sandbox")}
    name = f"t{len(there)}"
    loaded = client.dataset.load_csv("Sandbox", frame, name, types=declared)
    run = client.workfile.process.run(flow, {"@table": name})
    run.wait()
    back = run.results().operators["Row Filter"].to_dataframe(all_rows=True, nulls="empty")
    assert loaded["loaded_rows"] == len(back) == len(frame)
    assert list(back.columns) == list(frame.columns)
    for column, kind in zip(frame.columns, kinds, strict=True):
        for sent, got in zip(frame[column], back[column], strict=True):
            if is_missing(sent):
                # The one exception: the wire does not tell a null of a text column from an empty string.
                is_text = kind.name in ("text", "varchar(20)")
                assert got == "" if is_text else is_missing(got), (kind.name, got)
            else:
                assert same(kind.given(sent), got), (kind.name, sent, got)


def test_null_and_empty_text_are_told_apart_on_the_server(reader: tuple[APIClient, int]) -> None:
    client, _ = reader
    client.dataset.load_csv("Sandbox", pandas.DataFrame({"t": ["", None, "x"]}), "told_apart")
    result = client.sql("Sandbox", "select coalesce(t, '(null)') as t from told_apart")
    assert result["rows"] == [[""], ["(null)"], ["x"]]


def test_a_column_proposes_the_type_that_keeps_its_values(reader: tuple[APIClient, int], tmp_path: Path) -> None:
    client, _ = reader
    path = tmp_path / "codes.csv"
    path.write_text("zip,big,plain,share,when,none\n007,123456789012345678901,1,0.1,2024-01-31,\n")
    columns = client.dataset.get_columns(client.dataset.load_csv("Sandbox", path, "codes")["id"])
    kinds = {column["name"]: column["data_type"] for column in columns}
    assert kinds["zip"] == kinds["none"] == "text"
    assert (kinds["plain"], kinds["share"], kinds["when"]) == ("bigint", "double precision", "date")
    assert kinds["big"].startswith("numeric")
