"""Joins and set operations beside pandas."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sandbox.differential import NAMES, Bench, Random, assert_same, differential, quoted, records, tables
from tests.sandbox.engine_flows import element, node

KINDS = ("whole", "text", "number")
# Two tables, whose third columns are both of a kind.
PAIRS = st.sampled_from(["number", "big", "day", "decimal", "flag"]).flatmap(
    lambda kind: st.tuples(*(tables("whole", "text", kind, most=8) for _ in range(2)))
)
HOWS = {"JOIN": "inner", "LEFT JOIN": "left", "RIGHT JOIN": "right"}
HADOOP_HOWS = {"JOIN": "inner", "LEFT OUTER": "left", "RIGHT OUTER": "right", "FULL OUTER": "outer"}


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.engine.close()


def fresh_names(count: int) -> list[str]:
    return list({name.lower(): name for name in NAMES}.values())[:count]


def joined(left: pd.DataFrame, right: pd.DataFrame, keys: list[int], how: str) -> list[list[Any]]:
    """What pandas joins; a null matches nothing, which pandas has otherwise."""
    left = left.set_axis([f"l{i}" for i in left.columns], axis=1)
    right = right.set_axis([f"r{i}" for i in right.columns], axis=1)
    on_left, on_right = [f"l{i}" for i in keys], [f"r{i}" for i in keys]
    there, here = left[on_left].notna().all(axis=1), right[on_right].notna().all(axis=1)
    matched = left[there].merge(right[here], left_on=on_left, right_on=on_right, how=how)
    rows = records(matched)
    if how in ("left", "outer"):
        rows += [[*row, *[None] * right.shape[1]] for row in records(left[~there])]
    if how in ("right", "outer"):
        rows += [[*[None] * left.shape[1], *row] for row in records(right[~here])]
    return rows


@differential
@given(
    pair=PAIRS,
    how=st.sampled_from(list(HOWS)),
    keys=st.sampled_from([[0], [1], [0, 1], [2]]),
    aliases=st.sampled_from([("l", "r"), ("a b", 'x"y'), ("naïve", "日本"), ("select", "part")]),
)
def test_table_join(
    bench: Bench, pair: tuple[Random, Random], how: str, keys: list[int], aliases: tuple[str, str]
) -> None:
    left, right = pair
    given_tables, names = (left, right), fresh_names(6)
    parts = [
        element("JoinTableModel", alias=alias, operID=f"id of source {i}", table="t") for i, alias in enumerate(aliases)
    ]
    parts += [
        element("JoinColumnModel", tableAlias=alias, columnName=column, newColumnName=names[3 * i + j])
        for i, alias in enumerate(aliases)
        for j, column in enumerate(given_tables[i].names)
    ]
    parts += [
        element(
            "JoinConditionModel",
            joinType=how,
            tableAlias1=aliases[0],
            tableAlias2=aliases[1],
            column1=f"{quoted(aliases[0])}.{quoted(left.names[key])}",
            column2=f"{quoted(aliases[1])}.{quoted(right.names[key])}",
            condition="=",
            andOr="AND",
        )
        for key in keys
    ]
    step = node("step", "datasource.TableJoinOperator", element("TableJoinDefinition", *parts), createSequenceID="No")
    made = bench.apply(step, left, right)
    assert made.columns == names
    assert_same(made.rows, joined(left.frame, right.frame, keys, HOWS[how]), ordered=False)


@differential
@given(
    left=tables("whole", "number", most=8),
    right=tables("whole", "number", most=8),
    sign=st.sampled_from(["<", "<=", ">", ">=", "<>"]),
)
def test_joins_on_inequalities(bench: Bench, left: Random, right: Random, sign: str) -> None:
    names = fresh_names(4)
    parts = [element("JoinTableModel", alias=alias, operID=f"id of source {i}") for i, alias in enumerate("lr")]
    parts += [
        element("JoinColumnModel", tableAlias=alias, columnName=column, newColumnName=names[2 * i + j])
        for i, (alias, random) in enumerate((("l", left), ("r", right)))
        for j, column in enumerate(random.names)
    ]
    columns = {"column1": f'"l".{quoted(left.names[0])}', "column2": f'"r".{quoted(right.names[0])}'}
    parts.append(
        element("JoinConditionModel", joinType="JOIN", tableAlias1="l", tableAlias2="r", condition=sign, **columns)
    )
    made = bench.apply(
        node("step", "datasource.TableJoinOperator", element("TableJoinDefinition", *parts)), left, right
    )
    met = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge", "<>": "ne"}[sign]
    pairs = left.frame.dropna(subset=[0]).merge(right.frame.dropna(subset=[0]), how="cross", suffixes=("l", "r"))
    expected = pairs[getattr(pairs["0l"], met)(pairs["0r"])] if len(pairs) else pairs
    assert_same(made.rows, records(expected), ordered=False)


@differential
@given(
    pair=PAIRS,
    how=st.sampled_from(list(HADOOP_HOWS)),
    keys=st.sampled_from([[0], [1], [0, 1], [2]]),
)
def test_hadoop_join(bench: Bench, pair: tuple[Random, Random], how: str, keys: list[int]) -> None:
    left, right = pair
    given_tables, names = (left, right), fresh_names(6)
    parts = [element("JoinFileModel", operID=f"id of source {i}", file="f") for i, _ in enumerate(given_tables)]
    parts += [
        element("JoinColumnModel", fileId=f"id of source {i}", columnName=column, newColumnName=names[3 * i + j])
        for i, random in enumerate(given_tables)
        for j, column in enumerate(random.names)
    ]
    parts += [
        element(
            "JoinConditionModel",
            fileId=f"id of source {i}",
            keyColumnList=",".join(random.names[key] for key in keys),
            conditionList=",".join("=" for _ in keys),
        )
        for i, random in enumerate(given_tables)
    ]
    parts.append(element("joinType", joinTypeValue=how))
    made = bench.apply(node("step", "hadoop.HadoopJoinOperator", element("HadoopJoinDefinition", *parts)), left, right)
    assert made.columns == names
    assert_same(made.rows, joined(left.frame, right.frame, keys, HADOOP_HOWS[how]), ordered=False)


@differential
@given(
    one=tables(*KINDS, "flag", "big", "day", "decimal"), other=tables(*KINDS, "flag", "big", "day", "decimal"),
    kind=st.sampled_from(["UNION", "UNION ALL"]),
    names=st.lists(st.sampled_from(NAMES), min_size=7, max_size=7, unique_by=str.lower),
)  # fmt: skip
def test_union(bench: Bench, one: Random, other: Random, kind: str, names: list[str]) -> None:
    columns = [
        element(
            "unionColumnModel",
            *(
                element("unionSourceColumn", operID=f"id of source {i}", column=random.names[place])
                for i, random in enumerate((one, other))
            ),
            columnName=name,
        )
        for place, name in enumerate(names)
    ]
    step = node("step", "hadoop.HadoopUnionOperator", element("HadoopUnionDefinition", *columns, setType=kind))
    made = bench.apply(step, one, other)
    everything = records(one.frame) + records(other.frame)
    distinct = list({str(row): row for row in reversed(everything)}.values())
    distinct = sorted(distinct, key=everything.index)
    assert made.columns == names
    assert_same(made.rows, everything if kind == "UNION ALL" else distinct)
