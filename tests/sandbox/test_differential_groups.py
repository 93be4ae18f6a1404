"""Aggregations, window functions and collapsed columns beside pandas."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, time
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sandbox.differential import (
    NAMES,
    Bench,
    Random,
    assert_same,
    differential,
    grouped,
    is_same,
    plain,
    quoted,
    records,
    tables,
)
from tests.sandbox.engine_flows import element, node

KINDS = ("text", "whole", "number", "whole", "big", "flag")


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.engine.close()


def fresh_names(random: Random, count: int) -> list[str]:
    """Names that the table does not have."""
    taken = {name.lower() for name in random.names}
    seen: dict[str, str] = {}
    for name in NAMES:
        if name.lower() not in taken:
            seen.setdefault(name.lower(), name)
    return list(seen.values())[-count:]


def aggregates(keys: list[str], *fields: tuple[str, str, str]) -> str:
    parts = [element("groupBy", columnName=key) for key in keys]
    parts += [element("AggregateField", columnName=n, dataType=t, expression=e) for n, t, e in fields]
    return element("AggregateFieldsModel", *parts)


def windows(*fields: tuple[str, str, str, str]) -> str:
    parts = [
        element("WindowField", columnName=name, dataType=kind, function=function, specification=over)
        for name, kind, function, over in fields
    ]
    return element("WindowFieldsModel", *parts)


@differential
@given(random=tables(*KINDS), keys=st.lists(st.sampled_from([0, 1, 5]), max_size=2, unique=True))
def test_aggregation(bench: Bench, random: Random, keys: list[int]) -> None:
    number, whole, big = (quoted(random.names[i]) for i in (2, 3, 4))
    names = fresh_names(random, 10)
    wanted = [
        ("BIGINT", "count(*)"),
        ("BIGINT", f"count({number})"),
        ("DOUBLE PRECISION", f"sum({number})"),
        ("DOUBLE PRECISION", f"AVG({whole})"),
        ("BIGINT", f"MIN({big})"),
        ("BIGINT", f"MAX({big})"),
        ("BIGINT", f"count(distinct {whole})"),
        ("DOUBLE PRECISION", f"stddev({number})"),
        ("DOUBLE PRECISION", f"variance({whole})"),
        ("BIGINT", f"sum({whole})"),
    ]
    model = aggregates([random.names[i] for i in keys], *((n, t, e) for n, (t, e) in zip(names, wanted, strict=True)))
    made = bench.apply(node("step", "field.AggregateOperator", model), random)

    def expected(rows: pd.DataFrame) -> list[Any]:
        figures = (
            rows[2].sum(min_count=1), rows[3].mean(), rows[4].min(), rows[4].max(), rows[3].nunique(), rows[2].std(),
            rows[3].var(), rows[3].sum(min_count=1),
        )  # fmt: skip
        return [len(rows), int(rows[2].notna().sum()), *map(plain, figures)]

    assert made.columns == [*(random.names[i] for i in keys), *names]
    assert_same(made.rows, grouped(random.frame, keys, expected), ordered=False)


@differential
@given(random=tables(*KINDS, "day"), keys=st.lists(st.sampled_from([0, 1, 5]), max_size=2, unique=True))
def test_hadoop_aggregation(bench: Bench, random: Random, keys: list[int]) -> None:
    # Pig has no quotes for names.
    random = replace(random, names=("s", "k", "x", "n", "big", "yes", "day_1"))
    wanted = [
        *(("long", "COUNT_STAR(x)"), ("long", "COUNT(x)"), ("double", "SUM(x)"), ("double", "AVG(x)"), ("", "SUM(n)")),
        *(("", "MIN(big)"), ("", "MAX(big)"), ("", "MIN(s)"), ("", "MAX(day_1)"), ("int", "(int)SUM(n) + 1")),
    ]
    names = [f"made{i}" for i, _ in enumerate(wanted)]
    model = aggregates([random.names[i] for i in keys], *((n, t, e) for n, (t, e) in zip(names, wanted, strict=True)))
    made = bench.apply(node("step", "hadoop.HadoopAggregateOperator", model), random)

    def expected(rows: pd.DataFrame) -> list[Any]:
        total = plain(rows[3].sum(min_count=1))
        days = [value for value in rows[6] if value is not None]
        figures = (rows[2].sum(min_count=1), rows[2].mean(), total, rows[4].min(), rows[4].max())
        # Java orders text by its units of UTF-16.
        texts = sorted(rows[0].dropna(), key=lambda text: text.encode("utf-16-be"))
        last = [texts[0] if texts else None, datetime.combine(max(days), time()) if days else None]
        counts = [len(rows), int(rows[2].notna().sum())]
        return [*counts, *map(plain, figures), *last, None if total is None else total + 1]

    assert made.columns == [*(random.names[i] for i in keys), *names]
    assert_same(made.rows, grouped(random.frame, keys, expected), ordered=False)


@differential
@given(random=tables("text", "whole", "whole", nulls=False))
def test_windows_over_groups(bench: Bench, random: Random) -> None:
    key, other, whole = (quoted(name) for name in random.names)
    total, rank, before = fresh_names(random, 3)
    order = f"ORDER BY sum({whole}) DESC, {key}, {other}"
    windowed = windows(
        (rank, "BIGINT", "rank()", f"ORDER BY sum({whole}) DESC"),
        (before, "BIGINT", f"lag(sum({whole}))", f"PARTITION BY {key} {order}"),
    )
    for fields in ([(total, "BIGINT", f"sum({whole})")], []):
        model = aggregates(list(random.names[:2]), *fields)
        made = bench.apply(node("step", "field.AggregateOperator", model, windowed), random)
        sums = random.frame.groupby([0, 1], as_index=False)[2].sum()
        sums["rank"] = sums[2].rank(method="min", ascending=False)
        ordered = sums.sort_values([2, 0, 1], ascending=[False, True, True], kind="stable")
        sums["before"] = ordered.groupby(0)[2].shift(1)
        chosen = [0, 1, *([2] if fields else []), "rank", "before"]
        expected = [[*row[:-2], int(row[-2]), row[-1]] for row in records(sums[chosen])]
        assert_same(made.rows, expected, ordered=False)


@differential
@given(random=tables("text", "whole", "number"))
def test_windows_over_plain_rows(bench: Bench, random: Random) -> None:
    key, whole, number = (quoted(name) for name in random.names)
    place, running = fresh_names(random, 2)
    windowed = windows(
        (place, "BIGINT", "dense_rank()", f"ORDER BY {whole}"),
        (running, "DOUBLE PRECISION", f"sum({number})", f"PARTITION BY {key}"),
    )
    made = bench.apply(node("step", "field.AggregateOperator", windowed), random)
    frame = random.frame
    frame["place"] = frame[1].astype(float).rank(method="dense", na_option="bottom").astype(int)
    frame["running"] = frame.groupby(0, dropna=False)[2].transform(lambda column: column.sum(min_count=1))
    assert made.columns == [*random.names, place, running]
    assert_same(made.rows, records(frame))


@differential
@given(random=tables("text", "text", "whole", "number"), keys=st.sampled_from([[], [0], [0, 2]]), data=st.data())
def test_collapse(bench: Bench, random: Random, keys: list[int], data: st.DataObject) -> None:
    kinds = data.draw(st.lists(st.sampled_from(["count", "max", "min", "sum", "avg", "fixed"]), min_size=1, max_size=2))
    aliases = fresh_names(random, len(kinds))
    columns = [
        element(
            "CollapseColumn",
            collapseColumnName=random.names[1],
            aggregationType=kind,
            aggregationColumnName="" if kind in ("fixed", "count") else random.names[3],
            columnAliasName=alias,
        )
        for kind, alias in zip(kinds, aliases, strict=True)
    ]
    model = element("CollapseColumnModel", *columns)
    groups = ",".join(random.names[i] for i in keys)
    made = bench.apply(node("step", "hadoop.HadoopCollapseOperator", model, groupByColumnNames=groups), random)

    def dictionary(rows: pd.DataFrame, kind: str) -> dict[str, Any]:
        found = rows.groupby(1)[3]
        if kind in ("fixed", "count"):
            sizes = rows.groupby(1).size()
            return {name: int(size) if kind == "count" else 1 for name, size in sizes.items()}
        figures = found.mean() if kind == "avg" else found.sum(min_count=1) if kind == "sum" else getattr(found, kind)()
        return {name: float(value) for name, value in figures.items() if not pd.isna(value)}

    expected = grouped(random.frame, keys, lambda rows: [dictionary(rows, kind) for kind in kinds])
    assert made.columns == [*(random.names[i] for i in keys), *aliases]
    found = [[*row[: len(keys)], *map(json.loads, row[len(keys) :])] for row in made.rows]
    assert_keyed(found, expected, len(keys))


def assert_keyed(found: list[list[Any]], expected: list[list[Any]], keys: int) -> None:
    """Rows with dictionaries, told apart by the columns before these."""
    left, right = ({str(row[:keys]): row[keys:] for row in rows} for rows in (found, expected))
    assert left.keys() == right.keys()
    for key, dictionaries in left.items():
        for one, other in zip(dictionaries, right[key], strict=True):
            assert one.keys() == other.keys()
            assert all(is_same(value, other[name]) for name, value in one.items())
