"""Statistics and the numbers behind charts beside numpy and pandas."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sandbox.differential import Bench, Random, assert_same, differential, grouped, plain, shown, tab, tables
from tests.sandbox.engine_flows import element, node


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.engine.close()


def bins(random: Random, **settings: str) -> str:
    settings = {"min": "0", "max": "100", "isMin": "false", "isMax": "false", **settings}
    item = element("ColumnBin", columnName=random.names[0], **settings)
    other = element("ColumnBin", columnName=random.names[1], type="0", bin="1", min="", max="", isMin="", isMax="")
    return node("step", "field.HistogramOperator", element("ColumnBinsModel", item, other))


@differential
@given(
    random=tables("number", "whole"),
    count=st.integers(1, 12),
    width=st.sampled_from([0.1, 0.25, 0.3, 1.0, 7.0]),
    by_width=st.booleans(),
    low=st.none() | st.sampled_from([-2.0, -0.6, 0.0, 1.1]),
    high=st.none() | st.sampled_from([1.2, 2.0, 3.3]),
)
def test_histogram(
    bench: Bench, random: Random, count: int, width: float, by_width: bool, low: float | None, high: float | None
) -> None:
    limits = {"min": str(low), "isMin": "true"} if low is not None else {}
    limits |= {"max": str(high), "isMax": "true"} if high is not None else {}
    step = bins(random, type="1" if by_width else "0", bin=str(count), width=str(width), **limits)
    view = bench.run([step], "source 0 > step", random, table=False).view
    assert [part["out_title"] for part in view] == [random.names[0], random.names[1]]
    found = tab([{**view[0], "out_title": "first"}], "first")
    numbers = random.frame[0].dropna().to_numpy(dtype=float)
    first = low if low is not None else numbers.min() if len(numbers) else math.nan
    last = high if high is not None else numbers.max() if len(numbers) else math.nan
    if not first <= last:
        assert found == []
        return
    if first == last:
        counts, edges = np.array([(numbers == first).sum()]), np.array([first, last])
    elif by_width:
        edges = first + np.arange(max(math.ceil(round((last - first) / width, 9)), 1) + 1) * width
        inside = numbers[(numbers >= first) & (numbers <= last)]
        counts = np.histogram(inside, np.append(edges[:-1], np.inf))[0]
    else:
        counts, edges = np.histogram(numbers, count, (first, last))
    assert [int(row[0]) for row in found] == list(range(1, len(counts) + 1))
    assert [int(row[3]) for row in found] == counts.tolist()
    assert [int(row[5]) for row in found] == np.cumsum(counts).tolist()
    for place, row in enumerate(found):
        share = 100 * counts[place] / counts.sum() if counts.sum() else 0.0
        running = 100 * counts[: place + 1].sum() / counts.sum() if counts.sum() else 0.0
        expected = [edges[place], edges[place + 1], share, running]
        assert [float(row[i]) for i in (1, 2, 4, 6)] == pytest.approx(expected, abs=6e-5)


@differential
@given(random=tables("number", "text", "whole", "text"), by=st.sampled_from([[], [3], [1, 3]]))
def test_summary_statistics(bench: Bench, random: Random, by: list[int]) -> None:
    columns = [i for i in range(3) if i not in by]
    step = node(
        "step",
        "hadoop.HadoopValueAnalysisOperator",
        columnNames=",".join(random.names[i] for i in columns),
        groupByColumnNames=",".join(random.names[i] for i in by),
        topN="3",
    )
    if {random.names[i].lower() for i in by} & {"min", "column", "count"}:
        return
    made = bench.apply(step, random)

    def figures(rows: pd.DataFrame, place: int) -> list[Any]:
        column, is_text = rows[place], place == 1
        counts = [len(rows), column.nunique(), column.isna().sum()]
        if is_text:
            return [*counts, (column == "").sum(), 0, *[None] * 7, 0, 0]
        number = column.astype("Float64")
        quarters = [number.quantile(share) for share in (0.25, 0.5, 0.75)] if number.notna().any() else [None] * 3
        spread = [number.min(), *quarters, number.max(), number.std(), number.mean()]
        return [*counts, 0, (number == 0).sum(), *spread, (number > 0).sum(), (number < 0).sum()]

    frame, expected = random.frame, []
    for place in columns:
        part = grouped(frame, by, lambda rows, place=place: [random.names[place], *map(plain, figures(rows, place))])
        expected += part
    found = [[*row[: len(by)], row[len(by)], *row[len(by) + 2 : -1]] for row in made.rows]
    assert_same(found, expected, ordered=False)
    for row in made.rows:
        rows = frame
        for place, value in zip(by, row, strict=False):
            rows = rows[rows[place].isna() if value is None else (rows[place] == value).fillna(False)]
        if row[len(by)] == random.names[1] and not any("," in str(text) for text in rows[1]):
            counted = Counter(rows[1].dropna())
            common = [counted[text] for text in row[-1].split(", ")] if row[-1] else []
            assert common[:3] == sorted(counted.values(), reverse=True)[:3] or "" in counted


@differential
@given(random=tables("text", "whole", "flag"), chosen=st.lists(st.sampled_from([0, 1, 2]), min_size=1, max_size=3))
def test_frequency(bench: Bench, random: Random, chosen: list[int]) -> None:
    step = node("step", "field.FrequencyAnalysisOperator", columnNames=",".join(random.names[i] for i in chosen))
    made = bench.apply(step, random)
    expected = []
    for place in dict.fromkeys(chosen):
        counted = Counter(plain(value) for value in random.frame[place])
        texts = {value: str(value).lower() if place == 2 and value is not None else value for value in counted}
        expected += [
            [random.names[place], None if value is None else str(texts[value]), times, 100 * times / len(random.rows)]
            for value, times in counted.items()
        ]
    assert_same(made.rows, expected, ordered=False)
    assert [row[0] for row in made.rows] == sorted((row[0] for row in made.rows), key=[r[0] for r in expected].index)


@differential
@given(random=tables("text", "flag", "number", "whole"), two=st.booleans(), valued=st.booleans())
def test_bar_chart(bench: Bench, random: Random, two: bool, valued: bool) -> None:
    settings = {"categoryType": random.names[0], "scopeDomain": random.names[1] if two else ""}
    if not valued and "count" in {settings["categoryType"].lower(), settings["scopeDomain"].lower()}:
        return
    values = f"{random.names[2]},{random.names[3]}" if valued else ""
    made = bench.apply(node("step", "field.BarChartAnalysisOperator", valueDomain=values, **settings), random)

    def figures(rows: pd.DataFrame) -> list[Any]:
        return [plain(rows[i].sum(min_count=1)) for i in (2, 3)] if valued else [len(rows)]

    assert_same(made.rows, grouped(random.frame, [0, 1] if two else [0], figures), ordered=False)


@differential
@given(random=tables("number", "whole", "decimal", least=0, most=15))
def test_scatter_matrix(bench: Bench, random: Random) -> None:
    step = node("step", "field.ScatterMatrixOperator", columnNames=",".join(random.names))
    view = bench.run([step], "source 0 > step", random, table=False).view
    frame = random.frame.apply(lambda column: column.map(plain, na_action="ignore").astype("Float64")).astype(float)
    for i, row in enumerate(shown(view)):
        assert row[0] == random.names[i]
        for j in range(3):
            pair = frame[[i, j]].dropna().to_numpy() if i != j else frame[[i, i]].dropna().to_numpy()
            expected = math.nan
            if len(pair) > 1 and (pair.max(axis=0) > pair.min(axis=0)).all():
                expected = float(np.corrcoef(pair[:, 0], pair[:, 1])[0, 1])
            assert float(row[j + 1]) == pytest.approx(expected, abs=6e-5, nan_ok=True)


@differential
@given(random=tables("text", "flag", "number", "decimal", "big"), two=st.booleans(), place=st.sampled_from([2, 3, 4]))
def test_box_plot(bench: Bench, random: Random, two: bool, place: int) -> None:
    settings = {"typeDomain": random.names[0], "seriesDomain": random.names[1] if two else ""}
    if {settings["typeDomain"].lower(), settings["seriesDomain"].lower()} & {"min", "max"}:
        return
    step = node("step", "hadoop.HadoopBoxAndWiskerOperator", analysisValueDomain=random.names[place], **settings)
    made = bench.apply(step, random)

    def figures(rows: pd.DataFrame) -> list[Any]:
        there = [value for value in map(plain, rows[place]) if value is not None]
        if not there:
            return [None] * 5
        low, middle, high = np.quantile([float(value) for value in there], [0.25, 0.5, 0.75]).tolist()
        return [min(there), low, middle, high, max(there)]

    expected = grouped(random.frame, [0, 1] if two else [0], figures)
    assert_same(made.rows, expected, ordered=False)
