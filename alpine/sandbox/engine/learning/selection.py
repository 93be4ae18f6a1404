"""How much each column says of another one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from alpine.sandbox.engine.context import texts
from alpine.sandbox.engine.database import Cursor, DatabaseTable
from alpine.sandbox.engine.expressions import quoted
from alpine.sandbox.engine.learning.centring import Centred, centred
from alpine.sandbox.engine.learning.chosen import is_number

if TYPE_CHECKING:
    from alpine.sandbox.engine.designs import Array


def r2(cursor: Cursor, table: DatabaseTable, target: str, columns: Sequence[str]) -> list[float]:
    """The share of a column's variance that each other column explains, of the rows that have both.

    For a column of numbers that is the square of their correlation, for another one what the means of its values
    explain (eta squared).

    :param target: A column of numbers.
    :returns: The shares; NaN where the target has one value alone.
    :raises NodeFailure: A column holds numbers that are not finite.
    """
    numeric = [column for column in columns if is_number(table, column)]
    dependent, *others = centred(cursor, table, [target, *numeric])
    found = dict(zip(numeric, _squared_correlations(cursor, table, dependent, others), strict=True))
    return [found[column] if column in found else _eta(cursor, table, dependent, column) for column in columns]


def _squared_correlations(
    cursor: Cursor, table: DatabaseTable, dependent: Centred, others: Sequence[Centred]
) -> list[float]:
    if not others:
        return []
    y, parts = dependent.sql(table), []
    for other in others:
        x = other.sql(table)
        # The correlation with a constant is no number, and of numbers that rounding made different it is any.
        spread = [f"min({a}) FILTER ({b} IS NOT NULL) < max({a}) FILTER ({b} IS NOT NULL)" for a, b in ((x, y), (y, x))]
        parts += [f"corr({y}, {x})", *spread]
    [row] = cursor.fetch(f"SELECT {', '.join(parts)} FROM {table.sql}")
    figures = zip(row[::3], row[1::3], row[2::3], strict=True)
    return [(min(r * r, 1.0) if x_differs else 0.0) if y_differs else math.nan for r, x_differs, y_differs in figures]


def _eta(cursor: Cursor, table: DatabaseTable, dependent: Centred, column: str) -> float:
    y = dependent.sql(table)
    groups = (
        f"SELECT count(*) AS n, avg({y}) AS m, var_pop({y}) * count(*) AS inner_sum, min({y}) AS low, max({y}) AS high "
        f"FROM {table.sql} WHERE {quoted(column)} IS NOT NULL AND {quoted(dependent.column)} IS NOT NULL "
        f"GROUP BY {texts(column)}"
    )
    [(within, between, differs)] = cursor.fetch(
        f"WITH g AS MATERIALIZED ({groups}), whole AS (SELECT sum(n * m) / sum(n) AS mean FROM g) "
        f"SELECT sum(inner_sum), sum(n * (m - mean) * (m - mean)), min(low) < max(high) FROM g, whole"
    )
    return between / (within + between) if differs else math.nan


def information_gain(
    cursor: Cursor, table: DatabaseTable, target: str, columns: Sequence[str], *, is_ratio: bool
) -> list[float]:
    """How much less uncertain a class is, in bits, where the value of another column is known, of rows with both.

    :param target: The column of classes.
    :param columns: Columns of categories.
    :param is_ratio: Whether that is divided by how uncertain the column's own value is; 0 where that is certain.
    :returns: The gains; NaN where no row has both.
    """
    return [_gain(cursor, table, target, column, is_ratio=is_ratio) for column in columns]


def _gain(cursor: Cursor, table: DatabaseTable, target: str, column: str, *, is_ratio: bool) -> float:
    there = f"{quoted(target)} IS NOT NULL AND {quoted(column)} IS NOT NULL"
    # The numbers of rows of each value and class, then of each value, each class, and all.
    counted = (
        f"SELECT GROUPING(v) AS g, GROUPING(k) AS h, count(*)::DOUBLE AS n "
        f"FROM (SELECT {texts(column)} AS v, {texts(target)} AS k FROM {table.sql} WHERE {there}) "
        f"GROUP BY GROUPING SETS ((v, k), (v), (k), ())"
    )
    sums = cursor.fetch(f"SELECT g, h, sum(n * log2(n)), sum(n) FROM ({counted}) WHERE n > 0 GROUP BY g, h")
    found = {(bool(g), bool(h)): float(total) for g, h, total, _ in sums}
    if not found:
        return math.nan
    rows = max(float(n) for *_, n in sums)
    both, values, classes, everything = (
        found[key] for key in ((False, False), (False, True), (True, False), (True, True))
    )
    # H(k) - H(k | v), each entropy as log2 n - sum(n log2 n) / n.
    gain = max((everything - classes - values + both) / rows, 0.0)
    if not is_ratio:
        return gain
    own = (everything - values) / rows
    return gain / own if own > 0 else 0.0


def chosen_order(scores: Sequence[float]) -> Array:
    """The places of scores, the highest first, those that are not defined last; equal ones as they are."""
    import numpy as np

    return np.argsort([math.inf if math.isnan(score) else -score for score in scores], kind="stable")
