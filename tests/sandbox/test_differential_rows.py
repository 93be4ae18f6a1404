"""Sources, filters and copies beside pandas."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sandbox.differential import Bench, Random, assert_same, differential, quoted, records, tables, values
from tests.sandbox.engine_flows import element, node

KINDS = ("whole", "number", "text", "flag", "big", "day")
COMPARISONS = {"=": "eq", "==": "eq", "<>": "ne", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.engine.close()


def written(value: Any, kind: str, is_hadoop: bool = False) -> str:
    """A value as a flow has it."""
    if kind in ("text", "day"):
        return "'" + str(value).replace("'", "''") + "'"
    return f"{value}L" if kind == "big" and is_hadoop else str(value).lower()


@st.composite
def conditions(draw: Any, kinds: tuple[str, ...], is_hadoop: bool) -> list[tuple[int, str, Any, Any]]:
    """Conditions: place of the column, comparison, and the values."""
    found = []
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from([i for i, kind in enumerate(kinds) if not is_hadoop or kind != "day"]))
        kind = kinds[place]
        signs = ["=", "<>", "!=", "is null", "is not null", *(["<", "<=", ">", ">="] if kind != "flag" else [])]
        signs += ["==", "between", "is blank"] if is_hadoop and kind != "flag" else []
        sign = draw(st.sampled_from(signs + (["contains"] if kind == "text" else [])))
        # Pig has no way to write a quote that the sandbox's grammar shares with SQL.
        chosen = values(kind).filter(lambda value: not is_hadoop or not set(str(value)) & set("'\\"))
        found.append((place, sign, draw(chosen), draw(chosen)))
    return found


def kept(frame: pd.DataFrame, kinds: tuple[str, ...], condition: tuple[int, str, Any, Any]) -> pd.Series:
    """Which rows pandas keeps."""
    place, sign, first, second = condition
    column = frame[place]
    if sign in ("is null", "is not null"):
        return column.isna() if sign == "is null" else column.notna()
    if sign == "is blank":
        return pd.Series([pd.isna(value) or not str(value).strip() for value in column], index=column.index, dtype=bool)
    there = column.dropna()
    if sign == "contains":
        met = there.map(lambda text: first in text)
    elif sign == "between":
        met = (there >= first) & (there <= second)
    else:
        met = getattr(there, COMPARISONS[sign])(first)
    return met.astype(bool).reindex(column.index, fill_value=False)


def model(random: Random, found: list[tuple[int, str, Any, Any]], use_all: bool, is_hadoop: bool) -> str:
    items = [
        element(
            "RowFilterConditionItem",
            columnName=random.names[place],
            condition=sign,
            firstValue=written(first, random.kinds[place], is_hadoop),
            secondValue=written(second, random.kinds[place], is_hadoop),
        )
        for place, sign, first, second in found
    ]
    return element("RowFilterConditionModel", *items, sqlType="nosql", useAll=str(use_all).lower())


@differential
@given(random=tables(*KINDS), data=st.data())
def test_row_filter(bench: Bench, random: Random, data: st.DataObject) -> None:
    is_hadoop, use_all = data.draw(st.booleans()), data.draw(st.booleans())
    found = data.draw(conditions(random.kinds, is_hadoop))
    masks = pd.concat([kept(random.frame, random.kinds, condition) for condition in found], axis=1)
    rows = records(random.frame[masks.all(axis=1) if use_all else masks.any(axis=1)])
    kind, settings = "field.FilterOperator", {}
    if is_hadoop:
        kind, most = "hadoop.HadoopRowFilterOperator", data.draw(st.integers(0, 5))
        settings = {"useRowLimit": "true", "rowLimit": str(most)} if most else {}
        rows = rows[:most] if most else rows
    made = bench.apply(node("step", kind, model(random, found, use_all, is_hadoop), **settings), random)
    assert made.columns == list(random.names)
    assert_same(made.rows, rows)


@differential
@given(random=tables(*KINDS), data=st.data())
def test_scripts_of_row_filters(bench: Bench, random: Random, data: st.DataObject) -> None:
    found = [c for c in data.draw(conditions(random.kinds, False)) if c[1] != "contains"]
    place, is_falling = data.draw(st.sampled_from([0, 1, 4])), data.draw(st.booleans())
    is_sorted, most = data.draw(st.booleans()), data.draw(st.none() | st.integers(0, 5))
    frame = random.frame
    for condition in found:
        frame = frame[kept(random.frame, random.kinds, condition)[frame.index]]
    parts = [
        f"{quoted(random.names[i])} {sign} {'' if 'null' in sign else written(first, random.kinds[i])}"
        for i, sign, first, _ in found
    ]
    script = "where\n" + "\n  AND ".join(parts)
    if is_sorted:
        script += f"\norder by {quoted(random.names[place])}{' DESC' if is_falling else ''}"
        # Nulls are the largest.
        position = "first" if is_falling else "last"
        frame = frame.sort_values(place, ascending=not is_falling, na_position=position, kind="stable")
    if most is not None:
        script += f"\n LIMIT {most} ;"
        frame = frame.head(most)
    made = bench.apply(node("step", "field.FilterOperator", whereClause=script), random)
    assert_same(made.rows, records(frame))


@differential
@given(random=tables(*KINDS), data=st.data())
def test_column_filter(bench: Bench, random: Random, data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.sampled_from(range(len(KINDS))), min_size=1))
    kind = data.draw(st.sampled_from(["field.ColumnFilterOperator", "hadoop.HadoopColumnFilterOperator"]))
    made = bench.apply(node("step", kind, columnNames=",".join(random.names[i] for i in chosen)), random)
    expected = list(dict.fromkeys(chosen))
    assert made.columns == [random.names[i] for i in expected]
    assert_same(made.rows, records(random.frame[expected]))


@differential
@given(random=tables(*KINDS, "decimal", "int"))
def test_database_table(bench: Bench, random: Random) -> None:
    made = bench.run([], "", random, last="source 0")
    assert made.columns == list(random.names)
    assert_same(made.rows, records(random.frame))


@differential
@given(random=tables("whole", "number", "text"))
def test_hadoop_file(bench: Bench, random: Random) -> None:
    bench.engine.load_table("file", random.arrow)
    made = bench.run([node("step", "hadoop.HadoopFileOperator", hadoopFileName="/data/file.csv")], "")
    assert made.columns == list(random.names)
    assert_same(made.rows, records(random.frame))


@differential
@given(random=tables("whole", "text"))
def test_note(bench: Bench, random: Random) -> None:
    note = node("a note", "structual.NoteOperator", note="why")
    step = node("step", "field.ColumnFilterOperator", columnNames=random.names[0])
    made = bench.run([note, step], "source 0 > step", random)
    assert_same(made.rows, records(random.frame[[0]]))


@differential
@given(random=tables(*KINDS))
def test_copies(bench: Bench, random: Random) -> None:
    for kind in ("hadoop.CopyToDBOperator", "hadoop.CopytoHadoopOperator"):
        made = bench.apply(node("step", kind, schemaName="public", copyToTableName="t"), random)
        assert made.columns == list(random.names)
        assert_same(made.rows, records(random.frame))
