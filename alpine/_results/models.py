"""What the tables of models and of evaluators say: coefficients, curves, trees, centres of clusters.

The server's own charts of models have no public form. Tables are recognised by the names of their columns alone, so
that those of any server are drawn that has them; a table that is not recognised stays a table.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from alpine._results.tables import Number, Table

QUANTILE = 1.959964
"""How many standard errors an interval of 95 % reaches to each side of a coefficient of many rows."""


@dataclass(frozen=True)
class Coefficients:
    """The coefficients of a regression, with intervals of 95 % by the normal approximation.

    :param names: Their names.
    :param values: Their values.
    :param errors: Their standard errors; None for one that has none.
    """

    names: list[str]
    values: list[float]
    errors: list[float | None]

    @classmethod
    def of(cls, table: Table) -> Coefficients | None:
        """The coefficients in a table with the columns ``Coefficient`` and ``Standard Error``; None in any other."""
        values, errors = _numbers(table, "coefficient"), _numbers(table, "standard error")
        if values is None or errors is None or not table.rows:
            return None
        names = [str(row[0]) for row in table.rows]
        known = [i for i, value in enumerate(values) if value is not None]
        return cls(
            [names[i] for i in known], [float(values[i] or 0) for i in known], [_float(errors[i]) for i in known]
        )

    @property
    def intervals(self) -> list[tuple[float, float]]:
        """The lower and the upper end of each interval."""
        return [
            (value - QUANTILE * (error or 0.0), value + QUANTILE * (error or 0.0))
            for value, error in zip(self.values, self.errors, strict=True)
        ]


@dataclass(frozen=True)
class Curve:
    """A ROC curve or a lift curve.

    :param x_title: What the horizontal axis shows.
    :param y_title: What the vertical axis shows.
    :param points: The points, from left to right.
    :param baseline: The two ends of the line of a model that knows nothing.
    """

    x_title: str
    y_title: str
    points: list[tuple[float, float]]
    baseline: tuple[tuple[float, float], tuple[float, float]]

    @classmethod
    def of(cls, table: Table) -> Curve | None:
        """The curve in a table of an evaluator; None in any other."""
        for x, y, baseline in _CURVES:
            xs, ys = _numbers(table, x.lower()), _numbers(table, y.lower())
            if xs is None or ys is None:
                continue
            both = zip(xs, ys, strict=True)
            known = [(float(x), float(y)) for x, y in both if x is not None and y is not None]
            points = sorted(point for point in known if all(map(math.isfinite, point)))
            return cls(x, y, points, baseline) if points else None
        return None


@dataclass(frozen=True)
class TreeNode:
    """One node of a tree.

    :param condition: What leads to it from its parent; empty for the root.
    :param rows: How many rows of the fit reach it.
    :param prediction: What it predicts.
    :param shares: For each class, its name and the share of the rows that have it; nothing in a regression tree.
    :param children: Its children.
    """

    condition: str
    rows: int
    prediction: str
    shares: list[tuple[str, float]]
    children: list[TreeNode]

    @classmethod
    def of(cls, table: Table) -> TreeNode | None:
        """The root of the tree in a table of its nodes; None in any other table."""
        places = {column.strip().lower(): place for place, column in enumerate(table.columns)}
        if not places.keys() >= _TREE or not table.rows:
            return None
        # Not by the names above: classes may differ in capitals alone.
        classes = [
            (found[1], place) for place, name in enumerate(table.columns) if (found := _COUNT.fullmatch(name.strip()))
        ]
        nodes: dict[str, TreeNode] = {}
        roots: list[TreeNode] = []
        for row in table.rows:
            said = {name: str(row[place] or "") for name, place in places.items()}
            counts = [(name, _plain(row[place])) for name, place in classes]
            whole = sum(count for _, count in counts) or 1.0
            shares = [(name, count / whole) for name, count in counts]
            node = cls(said["condition"], int(_plain(said["rows"])), said["prediction"], shares, [])
            nodes[said["node"]] = node
            # A parent comes before its children, so that no circle can arise.
            parent = nodes.get(said["parent"]) if said["parent"] != said["node"] else None
            (parent.children if parent is not None else roots).append(node)
        return roots[0] if len(roots) == 1 else None


@dataclass(frozen=True)
class Centres:
    """The centres of clusters.

    :param clusters: The clusters' names.
    :param columns: The columns.
    :param values: A row for each cluster, a value for each column.
    """

    clusters: list[str]
    columns: list[str]
    values: list[list[Number | None]]

    @classmethod
    def of(cls, table: Table) -> Centres | None:
        """The centres in a table with the columns ``Cluster``, ``Column`` and ``Center``; None in any other."""
        places = {column.strip().lower(): place for place, column in enumerate(table.columns)}
        centers = _numbers(table, "center")
        if centers is None or not {"cluster", "column"} <= places.keys():
            return None
        found = {
            (str(row[places["cluster"]]), str(row[places["column"]])): value
            for row, value in zip(table.rows, centers, strict=True)
        }
        clusters = list(dict.fromkeys(cluster for cluster, _ in found))
        columns = list(dict.fromkeys(column for _, column in found))
        return cls(clusters, columns, [[found.get((cluster, column)) for column in columns] for cluster in clusters])

    @property
    def table(self) -> Table:
        """The same as a table, a row for each cluster."""
        rows = [[name, *values] for name, values in zip(self.clusters, self.values, strict=True)]
        return Table(["Cluster", *self.columns], ["cate", *["number"] * len(self.columns)], rows)

    def shade_of_cell(self, row: int, column: int) -> float:
        """How dark a cell of :attr:`table` is drawn: 1 for the column's highest centre, 0 for the lowest."""
        if not column:
            return 0.0
        value = self.values[row][column - 1]
        others = [values[column - 1] or 0 for values in self.values if values[column - 1] is not None]
        low, high = min(others, default=0), max(others, default=0)
        return 0.0 if value is None or low == high else float((value - low) / (high - low))


@dataclass(frozen=True)
class Bins:
    """The bins of a histogram.

    :param name: What is counted.
    :param begins: Where each begins.
    :param ends: Where each ends.
    :param counts: How many rows each has.
    """

    name: str
    begins: list[float]
    ends: list[float]
    counts: list[float]

    @classmethod
    def of(cls, name: str, table: Table) -> Bins | None:
        """The bins in a table with the columns ``Begin``, ``End`` and ``Count``; None in any other."""
        found = [_numbers(table, column) for column in ("begin", "end", "count")]
        if None in found or not table.rows:
            return None
        columns = [[math.nan if value is None else float(value) for value in values or ()] for values in found]
        if not all(math.isfinite(value) for values in columns for value in values):
            return None
        return cls(name, *columns)


_TREE = frozenset({"node", "parent", "condition", "rows", "prediction"})
_COUNT = re.compile(r"Count \((.*)\)", re.DOTALL)
_CURVES = (
    ("False Positive Rate", "True Positive Rate", ((0.0, 0.0), (1.0, 1.0))),
    ("Share of Rows", "Lift", ((0.0, 1.0), (1.0, 1.0))),
)


def _numbers(table: Table, name: str) -> Sequence[Number | None] | None:
    """The numbers of the column with that name, in whatever capitals; None where there is no such column of numbers."""
    for place, column in enumerate(table.columns):
        if column.strip().lower() == name:
            values, is_numeric = table.values(place)
            return values if is_numeric else None
    return None


def _plain(cell: object) -> float:
    """A cell's number, 0 where it holds none."""
    try:
        number = float(str(cell).replace(",", ""))
    except ValueError:
        return 0.0
    return number if math.isfinite(number) else 0.0


def _float(value: Number | None) -> float | None:
    return None if value is None else float(value)
