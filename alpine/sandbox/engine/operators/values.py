"""Operators that change the values of columns, or turn rows into columns."""

from __future__ import annotations

from alpine.sandbox.engine.context import Context, Output
from alpine.sandbox.engine.database import PLACE
from alpine.sandbox.engine.expressions import literal, names, quoted
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.registry import operator

_FILLINGS = {
    "avg": "avg",
    "average": "avg",
    "mean": "avg",
    "min": "min",
    "max": "max",
    "median": "median",
    "mode": "mode",
}
_AGGREGATES = {"sum": "sum", "avg": "avg", "average": "avg", "min": "min", "max": "max", "count": "count"}
_MAX_PIVOT = 1000


@operator(
    "field.ReplaceNullOperator",
    "hadoop.HadoopReplaceNullOperator",
    title="Null Value Replacement",
    fidelity="exact",
    remark="by a value; by an aggregate (average, minimum, maximum, median, mode) the wording in a file is assumed",
)
def replace_nulls(context: Context) -> Output:
    """Puts a value, or an aggregate of the column, where there is none."""
    model = context.required_element("NullReplacementModel")
    items = {context.table.find(item.get("columnName", "")): item for item in model.iter("NullReplacementItem")}
    groups = [context.table.find(name) for name in model.get("groupBy", "").split(",") if name]
    over = f"PARTITION BY {names(groups)}" if groups else ""
    parts = []
    for column, kind in zip(context.table.columns, context.table.types, strict=True):
        item = items.get(column)
        if item is None:
            parts.append(quoted(column))
            continue
        filling = _filling(context, column, item.get("nullType", ""), item.get("nullValue", ""), over)
        parts.append(f"coalesce({quoted(column)}, CAST({filling} AS {kind})) AS {quoted(column)}")
    return context.select(", ".join(parts), f"ORDER BY {PLACE}")


def _filling(context: Context, column: str, kind: str, value: str, over: str) -> str:
    if kind.lower() in ("", "value"):
        return context.expression(value)
    function = _FILLINGS.get(kind.lower())
    if function is None:
        raise NodeFailure(f"The sandbox does not know the null replacement {kind!r} of the column {column!r}.")
    return f"{function}({quoted(column)}) OVER ({over})"


@operator(
    "field.NormalizationOperator",
    "hadoop.HadoopNormalizationOperator",
    title="Normalization",
    fidelity="equivalent",
    remark="Z, Range, Proportion and DivideByAverage transformations; the chosen columns are replaced",
)
def normalization(context: Context) -> Output:
    """Brings columns to a common scale."""
    chosen = set(context.columns())
    method = context.parameter("method").lower()
    low, high = context.number("rangeMin", 0.0), context.number("rangeMax", 1.0)
    parts = [_normal(quoted(c), method, low, high) if c in chosen else quoted(c) for c in context.table.columns]
    return context.select(", ".join(parts), f"ORDER BY {PLACE}")


def _normal(column: str, method: str, low: float, high: float) -> str:
    value = f"CAST({column} AS DOUBLE)"
    if method.startswith("z"):
        scaled = f"({value} - avg({value}) OVER ()) / nullif(stddev_samp({value}) OVER (), 0)"
    elif method.startswith("range"):
        part = f"({value} - min({value}) OVER ()) / nullif(max({value}) OVER () - min({value}) OVER (), 0)"
        scaled = f"{low} + {part} * ({high} - {low})"
    elif method.startswith("proportion"):
        scaled = f"{value} / nullif(sum({value}) OVER (), 0)"
    elif method.startswith("dividebyaverage"):
        scaled = f"{value} / nullif(avg({value}) OVER (), 0)"
    else:
        raise NodeFailure(f"The sandbox does not know the normalization {method!r}.")
    return f"{scaled} AS {column}"


@operator(
    "field.PivotOperator",
    "hadoop.HadoopPivotOperator",
    title="Pivot",
    fidelity="equivalent",
    remark="new columns are called <column>_<value>; the server's names are not public",
)
def pivot(context: Context) -> Output:
    """A row for each group, a column for each value of the pivot column."""
    groups = context.columns("groupByColumn")
    column = context.column("pivotColumn")
    if not column:
        raise NodeFailure("No pivot column is chosen.")
    kind = context.parameter("aggregateType", "count").lower()
    if kind not in _AGGREGATES:
        raise NodeFailure(f"The sandbox does not know the aggregate {kind!r} of a pivot.")
    counted = context.column("aggregateColumn")
    if not counted and kind != "count":
        raise NodeFailure(f"No column to aggregate is chosen, but {kind} needs one.")
    # The values of the column are the names of the columns to come.
    context.needs_rows()
    table, name = context.table.sql, quoted(column)
    found = context.cursor.fetch(
        f"SELECT DISTINCT CAST({name} AS VARCHAR) AS v FROM {table} WHERE {name} IS NOT NULL ORDER BY v LIMIT ?",
        [_MAX_PIVOT + 1],
    )
    if len(found) > _MAX_PIVOT:
        raise NodeFailure(f"The column {column!r} has more than {_MAX_PIVOT} values; that is too many for a pivot.")
    parts = [
        f"{_AGGREGATES[kind]}({quoted(counted) if counted else '*'}) "
        f"FILTER (WHERE CAST({name} AS VARCHAR) = {literal(value)}) AS {quoted(f'{column}_{value}')}"
        for (value,) in found
    ]
    what = ", ".join([*map(quoted, groups), *parts])
    return context.select(what, f"GROUP BY {names(groups)} ORDER BY {names(groups)}" if groups else "")
