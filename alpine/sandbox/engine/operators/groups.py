"""Operators that put rows together in groups."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from alpine.sandbox.engine.context import Context, Output, texts
from alpine.sandbox.engine.expressions import names, quoted
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.operators.columns import typed
from alpine.sandbox.engine.registry import operator


@operator(
    "field.AggregateOperator",
    "hadoop.HadoopAggregateOperator",
    title="Aggregation",
    fidelity="exact",
    remark="Hadoop: Pig expressions, within the limits below the table",
)
def aggregation(context: Context) -> Output:
    """Aggregates by group, and computes window functions; groups come sorted."""
    keys = [context.table.find(item.get("columnName", "")) for item in _items(context, "groupBy")]
    aggregates = [
        _column(context, item, item.get("expression", ""), keys) for item in _items(context, "AggregateField")
    ]
    windows = [
        _column(context, item, f"{item.get('function', '')} OVER ({item.get('specification', '')})", keys)
        for item in _items(context, "WindowField")
    ]
    if not aggregates and not windows:
        raise NodeFailure("Neither an aggregate nor a window function is asked for.")
    if not aggregates:
        return context.select(", ".join([names(keys) if keys else "*", *windows]))
    what = ", ".join([*map(quoted, keys), *aggregates, *windows])
    return context.select(what, f"GROUP BY {names(keys)} ORDER BY {names(keys)}" if keys else "")


def _items(context: Context, tag: str) -> list[Element]:
    return [item for element in context.operator.elements for item in element.iter(tag)]


def _column(context: Context, item: Element, expression: str, keys: list[str]) -> str:
    """One computed column; its name stands where the file has it, in either of two attributes."""
    name = item.get("columnName") or item.get("resultColumn")
    if not name:
        raise NodeFailure(f"A column has no name: {expression}")
    data_type = item.get("dataType", "")
    return f"{typed(context.expression(expression, data_type, keys=keys), data_type)} AS {quoted(name)}"


@operator(
    "hadoop.HadoopCollapseOperator",
    title="Collapse",
    fidelity="shape only",
    remark="a row for each group, the values of each collapsed column parted by commas; neither the form in a file "
    "nor the real output is public",
)
def collapse(context: Context) -> Output:
    """Puts the values of columns together, in one cell for each group."""
    groups = context.columns("groupByColumnNames")
    columns = [column for column in _collapsed(context) if column not in groups]
    if not columns:
        raise NodeFailure("No column is chosen to be collapsed.")
    lists = [f"string_agg({texts(column)}, ',' ORDER BY rowid) AS {quoted(column)}" for column in columns]
    what = ", ".join([*map(quoted, groups), *lists])
    return context.select(what, f"GROUP BY {names(groups)} ORDER BY {names(groups)}" if groups else "")


def _collapsed(context: Context) -> list[str]:
    """The columns that the model names, in an attribute or as text, else all that there are."""
    model = context.element("CollapseColumnModel")
    items = list(model.iter()) if model is not None else []
    said = [part for item in items for part in (item.get("columnName") or item.text or "").split(",")]
    return [context.table.find(part.strip()) for part in said if part.strip()] or list(context.table.columns)
