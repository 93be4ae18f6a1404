"""Histograms: how many rows fall into each bin of a column."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from alpine.sandbox.engine.context import Context, Output, tabulate
from alpine.sandbox.engine.document import Tabs, kind_of
from alpine.sandbox.engine.expressions import quoted
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.registry import operator

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_DEFAULT_BINS = 10
_MAX_BINS = 10_000
_BY_NUMBER, _BY_WIDTH = "0", "1"
_COLUMNS = ("Bin", "Begin", "End", "Count", "Percentage", "Accumulated Count", "Accumulated Percentage")


@operator(
    "field.HistogramOperator",
    "hadoop.HadoopHistogramOperator",
    title="Histogram",
    fidelity="equivalent",
    remark="a tab for each column, by number or width of bins, between minimum and maximum; that bins hold their "
    "beginning (the last its end too), that percentages are of the counted rows, and the names are assumed; one bin "
    "where all numbers are the same",
    test="tests/sandbox/test_differential_statistics.py::test_histogram",
)
def histogram(context: Context) -> Output:
    """How many rows fall into each bin of each column."""
    items = list(context.required_element("ColumnBinsModel").iter("ColumnBin"))
    if not items:
        raise NodeFailure("No column is chosen.")
    parts = [(item.get("columnName", ""), _histogram(context, item)) for item in items]
    return Output(view=Tabs([(name, tabulate(rows, _COLUMNS)) for name, rows in parts]))


def _histogram(context: Context, item: Element) -> list[list[object]]:
    column = context.table.find(item.get("columnName", ""))
    if kind_of(context.table.type_of(column)) != "number":
        raise NodeFailure(f"A histogram needs numbers, and the column {column!r} holds none.")
    kind, size = _size(item, column)
    fixed_low = _number(item, "min", 0.0) if _is_set(item, "isMin") else None
    fixed_high = _number(item, "max", 100.0) if _is_set(item, "isMax") else None
    value = f"CAST({quoted(column)} AS DOUBLE)"
    # A NaN is no place on the line, and would be the maximum.
    there = f"{value} IS NOT NULL AND isfinite({value})"
    [(least, most)] = context.cursor.fetch(f"SELECT min({value}), max({value}) FROM {context.table.sql} WHERE {there}")
    low = least if fixed_low is None else fixed_low
    high = most if fixed_high is None else fixed_high
    if low is None or high is None or low > high:
        return []
    edges = _edges(kind, size, column, low, high)
    bins = len(edges) - 1
    numbers = f"SELECT {value} AS v FROM {context.table.sql} WHERE {there}"
    limits = "SELECT ?::DOUBLE AS low, ?::DOUBLE AS high, ?::DOUBLE AS width, ?::BIGINT AS last, ?::DOUBLE[] AS edges"
    guess = "coalesce(greatest(least(CAST(floor((v - low) / nullif(width, 0)) AS BIGINT), last), 0), 0)"
    # A quotient can lie a rounding error on the wrong side of an edge, so its neighbours are compared as well.
    place = "CASE WHEN v < edges[g + 1] THEN g - 1 WHEN g < last AND v >= edges[g + 2] THEN g + 1 ELSE g END"
    counted = dict(
        context.cursor.fetch(
            f"SELECT {place} AS bin, count(*) FROM (SELECT *, {guess} AS g FROM ({numbers}), ({limits})) "
            f"WHERE v BETWEEN low AND high GROUP BY bin",
            [low, high, (edges[-1] - low) / bins, bins - 1, edges],
        )
    )
    return _rows(edges, [counted.get(i, 0) for i in range(bins)])


def _rows(edges: list[float], counts: list[int]) -> list[list[object]]:
    total, running, rows = sum(counts), 0, list[list[object]]()
    for i, count in enumerate(counts):
        running += count
        shares = [100 * part / total if total else 0.0 for part in (count, running)]
        rows.append([i + 1, edges[i], edges[i + 1], count, shares[0], running, shares[1]])
    return rows


def _edges(kind: str, size: float, column: str, low: float, high: float) -> list[float]:
    """Where the bins begin, and where the last one ends."""
    import numpy as np

    # 1.1 / 0.1 is a little above 11, and no reason for a twelfth bin.
    bins = size if kind == _BY_NUMBER else max(math.ceil((high - low) / size * (1 - 1e-12)), 1)
    if bins > _MAX_BINS:
        raise NodeFailure(f"The column {column!r} would have {bins:,} bins; it can have {_MAX_BINS:,}.")
    if low == high:
        return [low, high]
    if kind == _BY_WIDTH:
        return [low + i * size for i in range(int(bins) + 1)]
    found: list[float] = np.linspace(low, high, int(bins) + 1).tolist()
    return found


def _size(item: Element, column: str) -> tuple[str, float]:
    """Whether the bins of a column are given by number or by width, and that number or width."""
    kind = item.get("type", _BY_NUMBER).strip()
    if kind not in (_BY_NUMBER, _BY_WIDTH):
        raise NodeFailure(f"The sandbox does not know the type {kind!r} of the bins of {column!r}.")
    size = _number(item, "bin", _DEFAULT_BINS) if kind == _BY_NUMBER else _number(item, "width", 1.0)
    if kind == _BY_WIDTH and size <= 0:
        raise NodeFailure(f"The width of the bins of {column!r} should be above 0, but it is {size:g}.")
    if kind == _BY_NUMBER and not (size >= 1 and size == int(size)):
        raise NodeFailure(f"The number of bins of {column!r} should be a whole one from 1 on, but it is {size:g}.")
    return kind, size


def _is_set(item: Element, name: str) -> bool:
    said = item.get(name, "").strip().lower()
    if said not in ("", "true", "false"):
        raise NodeFailure(f"The {name} of a histogram's column should be true or false, but it is {said!r}.")
    return said == "true"


def _number(item: Element, name: str, default: float) -> float:
    text = item.get(name, "").strip()
    try:
        value = float(text) if text else default
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise NodeFailure(f"The {name} of a histogram's column should be a number, but it is {text!r}.")
    return value
