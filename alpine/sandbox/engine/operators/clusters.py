"""Clusters of rows."""

from __future__ import annotations

from itertools import count

from alpine.sandbox.engine.context import Context, Output, tabulate
from alpine.sandbox.engine.document import TableView, Tabs
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.learning.chosen import require_numbers
from alpine.sandbox.engine.learning.clusters import Clustering, cluster
from alpine.sandbox.engine.models import with_columns
from alpine.sandbox.engine.operators.predictors import free_names
from alpine.sandbox.engine.registry import operator

_ROUNDS = 10
_MAX_CLUSTERS, _MAX_ROUNDS = 1000, 100_000
_PROFILE = ("Cluster", "Rows", "Share")
_IS_SQUARED = {"": False, "euclidean": False, "squaredeuclidean": True}


@operator(
    "hadoop.HadoopKmeansOperator",
    title="K-Means",
    fidelity="equivalent",
    remark="Lloyd's algorithm on the numbers as they are, from one start of k-means++ that is always the same, of "
    "at most 131,072 rows (the server's start is not public); Euclidean distance, or its square, and no other; "
    "clusters are numbered from 0 by size; rows with a null are left out; "
    "tabs, and the columns PRED_KM and DIST_KM of the output, are assumed",
    test="tests/sandbox/test_differential_clusters.py::test_clusters",
)
def k_means(context: Context) -> Output:
    """Parts the rows into clusters around their means."""
    size = _whole(context, "k", _MAX_CLUSTERS)
    rounds = _whole(context, "max_optimization_steps", _MAX_ROUNDS, _ROUNDS)
    # Where the server's start comes from, which is another one.
    context.whole("split_Number", 1, least=1)
    is_squared = _is_squared(context)
    columns = context.columns()
    if not columns:
        raise NodeFailure("No column to cluster by is chosen.")
    context.column("idColumn")
    require_numbers(context.table, columns)
    context.needs_rows()
    found = cluster(
        context.cursor,
        context.table,
        columns,
        context.operator.name,
        size=size,
        rounds=rounds,
        is_squared=is_squared,
    )
    added = dict(
        zip(free_names(["PRED_KM", "DIST_KM"], context.table.columns), (found.labels, found.distances), strict=True)
    )
    table = with_columns(context.cursor, context.table, found.places, added, only_there=True)
    view = context.show(table)
    messages = [*view.messages, *_remarks(found, context.table.count - len(found.places))]
    parts = [
        ("Output", TableView(view.columns, view.types, view.rows, messages, view.table_name)),
        ("Center Point", _centres(found)),
        ("Cluster Profiles", _profiles(found)),
    ]
    return Output(table, Tabs(parts), found.model)


def _remarks(found: Clustering, left_out: int) -> list[str]:
    remarks = [f"Rows left out, since they lack a number: {left_out:,}."] if left_out else []
    if not found.is_settled:
        remarks.append(f"The centres still moved in the last of {found.rounds:,} rounds.")
    return remarks


def _centres(found: Clustering) -> TableView:
    model = found.model
    rows = [
        [number, column.column, float(value + column.centre)]
        for number, centre in enumerate(model.centres)
        for column, value in zip(model.columns, centre, strict=True)
    ]
    return tabulate(rows, ["Cluster", "Column", "Center"])


def _profiles(found: Clustering) -> TableView:
    """How many rows each cluster has, and their means."""
    rows = [
        [number, int(size), float(size / len(found.labels)), *map(float, means)]
        for number, (size, means) in enumerate(zip(found.counts, found.means, strict=True))
    ]
    columns = [column.column for column in found.model.columns]
    # The results tell the columns of a row apart by name.
    first = [next(free for free in (name + " " * i for i in count()) if free not in columns) for name in _PROFILE]
    return tabulate(rows, [*first, *columns])


def _is_squared(context: Context) -> bool:
    said = context.parameter("distance").strip()
    kind = said.replace(" ", "").lower()
    if kind not in _IS_SQUARED:
        raise NodeFailure(
            f"The sandbox cannot cluster by the distance {said!r}; it knows Euclidean and SquaredEuclidean."
        )
    return _IS_SQUARED[kind]


def _whole(context: Context, name: str, most: int, default: int = 0) -> int:
    """A parameter that is a whole number above 0.

    :raises NodeFailure: It is not, or it is above the limit.
    """
    found = context.number(name, default)
    if not 1 <= found <= most or found != int(found):
        said = context.parameter(name)
        raise NodeFailure(f"The parameter {name} should be a whole number from 1 to {most:,}, but it is {said!r}.")
    return int(found)
