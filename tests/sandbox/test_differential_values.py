"""Replaced nulls, normalized columns and pivots beside pandas."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.sandbox.differential import (
    Bench,
    Random,
    Refused,
    assert_same,
    differential,
    grouped,
    plain,
    records,
    tables,
    values,
)
from tests.sandbox.engine_flows import element, node

FILLINGS = {
    "avg": "mean", "Average": "mean", "Minimum": "min", "max": "max", "Maximum": "max", "median": "median",
    "Approximate Median": "median",
}  # fmt: skip


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.engine.close()


@differential
@given(random=tables("number", "text", "whole", "text"), by=st.sampled_from([[], [1], [1, 2]]), data=st.data())
def test_null_replacement(bench: Bench, random: Random, by: list[int], data: st.DataObject) -> None:
    filling, text = data.draw(st.sampled_from(list(FILLINGS))), data.draw(st.sampled_from(["none", "", "日本", "a,b"]))
    items = [
        element("NullReplacementItem", columnName=random.names[0], nullType=filling, nullValue=""),
        element("NullReplacementItem", columnName=random.names[3], nullType="value", nullValue=f"'{text}'"),
    ]
    model = element("NullReplacementModel", *items, groupBy=",".join(random.names[i] for i in by))
    made = bench.apply(node("step", "field.ReplaceNullOperator", model), random)
    frame = random.frame
    numbers = frame.groupby(by, dropna=False)[0] if by else frame[0]
    figure = numbers.transform(FILLINGS[filling]) if by else getattr(frame[0], FILLINGS[filling])()
    if by or not pd.isna(figure):
        frame[0] = frame[0].fillna(figure)
    frame[3] = frame[3].fillna(text)
    assert made.columns == list(random.names)
    assert_same(made.rows, records(frame))


@differential
@given(
    random=tables("number", "whole", "text", "decimal"),
    method=st.sampled_from(
        ["Z-Transformation", "Range-Transformation", "Proportion-Transformation", "DivideByAverage"]
    ),
    limits=st.sampled_from([("", ""), ("-1", "1"), ("0.5", "10")]),
    place=st.sampled_from([0, 1, 3]),
)
def test_normalization(bench: Bench, random: Random, method: str, limits: tuple[str, str], place: int) -> None:
    low, high = limits
    step = node(
        "step",
        "hadoop.HadoopNormalizationOperator",
        columnNames=random.names[place],
        method=method,
        rangeMin=low,
        rangeMax=high,
    )
    frame = random.frame
    column = frame[place].map(plain, na_action="ignore").astype("Float64")
    less, divisor = {
        "Z": (column.mean(), column.std()),
        "R": (column.min(), column.max() - column.min()),
        "P": (0.0, column.sum(min_count=1)),
        "D": (0.0, column.mean()),
    }[method[0]]
    if not pd.isna(divisor) and abs(divisor) < 1e-12:
        with pytest.raises(Refused, match="cannot be normalized"):
            bench.apply(step, random)
        return
    scaled = (column - less) / divisor if not pd.isna(divisor) else column * pd.NA
    if method[0] == "R":
        first, last = float(low or 0), float(high or 1)
        scaled = scaled * (last - first) + first
    made = bench.apply(step, random)
    assert made.columns == list(random.names)
    assert_same(made.rows, records(frame.assign(made=scaled)[["made" if i == place else i for i in range(4)]]))


@differential
@given(
    random=tables("whole", "text", "number"),
    kind=st.sampled_from(["sum", "max", "min", "avg", "count"]),
    has_values=st.booleans(),
    by=st.booleans(),
)
def test_pivot(bench: Bench, random: Random, kind: str, has_values: bool, by: bool) -> None:
    frame = random.frame
    found = sorted(set(frame[1].dropna()))
    names = [f"{random.names[1]}_{value}" for value in found]
    groups = [random.names[0]] if by else []
    everything = [name.lower() for name in [*groups, *names]]
    assume(len(set(everything)) == len(everything))
    step = node(
        "step",
        "hadoop.HadoopPivotOperator" if by else "field.PivotOperator",
        pivotColumn=random.names[1],
        groupByColumn=",".join(groups),
        aggregateColumn=random.names[2] if has_values else "",
        aggregateType=kind,
    )
    if not found and not by:
        with pytest.raises(Refused, match="holds no value"):
            bench.apply(step, random)
        return

    def figure(rows: pd.DataFrame, value: str) -> Any:
        met = (rows[1] == value).fillna(False).astype(bool)
        if not has_values:
            share = met.astype(float)
            numbers = {
                "sum": share.sum(),
                "count": share.sum(),
                "max": share.max(),
                "min": share.min(),
                "avg": share.mean(),
            }
            return float(numbers[kind])
        chosen = rows[2][met]
        if kind == "count":
            return float(chosen.count())
        return plain(
            chosen.sum(min_count=1) if kind == "sum" else chosen.mean() if kind == "avg" else getattr(chosen, kind)()
        )

    made = bench.apply(step, random)
    assert made.columns == [*groups, *names]
    expected = grouped(frame, [0] if by else [], lambda rows: [figure(rows, value) for value in found])
    assert_same(made.rows, expected, ordered=False)


@differential
@given(random=tables("big", "text"), value=values("big"))
def test_nulls_of_big_integers_are_replaced_exactly(bench: Bench, random: Random, value: int) -> None:
    item = element("NullReplacementItem", columnName=random.names[0], nullType="value", nullValue=str(value))
    made = bench.apply(node("step", "field.ReplaceNullOperator", element("NullReplacementModel", item)), random)
    frame = random.frame
    frame[0] = frame[0].fillna(value)
    assert_same(made.rows, records(frame))


@differential
@given(random=tables("big", "text", "decimal", "day"), by=st.booleans(), kind=st.sampled_from(["avg", "min", "max"]))
def test_figures_that_replace_nulls_are_exact(bench: Bench, random: Random, by: bool, kind: str) -> None:
    items = [
        element("NullReplacementItem", columnName=random.names[place], nullType=how, nullValue="")
        for place, how in ((0, kind), (2, kind), (3, "min" if kind == "avg" else kind))
    ]
    model = element("NullReplacementModel", *items, groupBy=random.names[1] if by else "")
    made = bench.apply(node("step", "field.ReplaceNullOperator", model), random)

    def filled(row: tuple[Any, ...], place: int, how: str, unit: str) -> Any:
        there = [other[place] for other in random.rows if other[place] is not None and (not by or other[1] == row[1])]
        if row[place] is not None or not there:
            return row[place]
        if how != "avg":
            return min(there) if how == "min" else max(there)
        with localcontext(prec=60):
            mean = sum(map(Decimal, there)) / len(there)
            return mean.quantize(Decimal(unit), ROUND_HALF_UP)

    expected = [
        [
            filled(row, 0, kind, "1"),
            row[1],
            filled(row, 2, kind, "0.01"),
            filled(row, 3, "min" if kind == "avg" else kind, ""),
        ]
        for row in random.rows
    ]
    assert_same(made.rows, expected)
