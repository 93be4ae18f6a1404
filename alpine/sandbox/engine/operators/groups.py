"""Operators that put rows together in groups."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from alpine.sandbox.engine.context import Context, Output
from alpine.sandbox.engine.expressions import names, quoted
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.operators.columns import typed
from alpine.sandbox.engine.registry import operator


@operator("field.AggregateOperator", "hadoop.HadoopAggregateOperator", title="Aggregation", fidelity="exact")
def aggregation(context: Context) -> Output:
    """Aggregates by group, and computes window functions; groups come sorted."""
    keys = [context.table.find(item.get("columnName", "")) for item in _items(context, "groupBy")]
    aggregates = [_column(context, item, item.get("expression", "")) for item in _items(context, "AggregateField")]
    windows = [
        _column(context, item, f"{item.get('function', '')} OVER ({item.get('specification', '')})")
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


def _column(context: Context, item: Element, expression: str) -> str:
    """One computed column; its name stands where the file has it, in either of two attributes."""
    name = item.get("columnName") or item.get("resultColumn")
    if not name:
        raise NodeFailure(f"A column has no name: {expression}")
    return f"{typed(context.expression(expression), item.get('dataType', ''))} AS {quoted(name)}"
