"""Operators that put rows together in groups."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from alpine.sandbox.engine.context import Context, Output, texts, unique
from alpine.sandbox.engine.database import PLACE
from alpine.sandbox.engine.document import kind_of
from alpine.sandbox.engine.expressions import quoted
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.hadoop_files import java_text
from alpine.sandbox.engine.operators.columns import typed
from alpine.sandbox.engine.operators.values import has_one_text
from alpine.sandbox.engine.registry import operator
from alpine.sandbox.engine.types import called

_FIXED = "fixed"
_AGGREGATES = frozenset({"sum", "avg", "min", "max", "count"})


@operator(
    "field.AggregateOperator",
    "hadoop.HadoopAggregateOperator",
    title="Aggregation",
    fidelity="exact",
    remark="window functions see the groups where there are any; rows come sorted by group; Hadoop: Pig expressions, "
    "within the limits below the table",
    test="tests/sandbox/test_differential_groups.py::test_aggregation",
)
def aggregation(context: Context) -> Output:
    """Aggregates by group, and computes window functions over the groups."""
    keys = [context.table.find(item.get("columnName", "")) for item in _items(context, "groupBy")]
    keys = list(dict.fromkeys(keys))
    aggregates = [(item, item.get("expression", "")) for item in _items(context, "AggregateField")]
    windows = [
        (item, f"{item.get('function', '')} OVER ({item.get('specification', '')})")
        for item in _items(context, "WindowField")
    ]
    if not aggregates and not windows:
        raise NodeFailure("Neither an aggregate nor a window function is asked for.")
    is_grouped = bool(keys or aggregates)
    table = context.grouped_by(keys)
    kept = keys if is_grouped else _kept(context)
    groups = keys if is_grouped else None
    unique([*kept, *(_name(item, text) for item, text in aggregates + windows)])
    what = ", ".join(
        [*map(quoted, kept), *(_column(context, item, text, groups) for item, text in aggregates + windows)]
    )
    if keys:
        return context.select(what, f"GROUP BY {_all(keys)} ORDER BY {_all(keys)}", table)
    return context.select(what, "" if is_grouped else f"ORDER BY {PLACE}")


def _all(keys: list[str]) -> str:
    """The first columns of a SELECT, by position: a name could be that of an output column, or of an alias."""
    return ", ".join(str(place) for place, _ in enumerate(keys, 1))


def _items(context: Context, tag: str) -> list[Element]:
    return [item for element in context.operator.elements for item in element.iter(tag)]


def _kept(context: Context) -> list[str]:
    """The columns that stay beside window functions over plain rows: those that the model names, else all."""
    named = [item.get("columnName") or (item.text or "").strip() for item in _items(context, "parentFieldList")]
    found = [part.strip() for name in named for part in (name or "").split(",") if part.strip()]
    return list(dict.fromkeys(map(context.table.find, found))) or list(context.table.columns)


def _name(item: Element, expression: str) -> str:
    """The name of a computed column, where the file has it: in either of two attributes."""
    name = item.get("columnName") or item.get("resultColumn")
    if not name:
        raise NodeFailure(f"A column has no name: {expression}")
    return name


def _column(context: Context, item: Element, expression: str, keys: list[str] | None) -> str:
    """One computed column.

    :param keys: The columns by which rows are grouped; None where they are not.
    """
    name = _name(item, expression)
    return f"{typed(context, name, expression, item.get('dataType', ''), keys)} AS {quoted(name)}"


@operator(
    "hadoop.HadoopCollapseOperator",
    title="Collapse",
    fidelity="equivalent",
    remark="a row for each group, and in it for each collapsed column a number for each of its values; the sparse cell "
    "is JSON text, sorted by value, whose real form is not public; a null value, and one whose aggregate is null, is "
    "left out; collapsed columns other than texts, whole numbers and doubles are refused",
    test="tests/sandbox/test_differential_groups.py::test_collapse",
)
def collapse(context: Context) -> Output:
    """Makes a dictionary of the values of a column and a number for each, for every group."""
    groups = context.columns("groupByColumnNames")
    model = context.element("CollapseColumnModel")
    items = list(model.iter("CollapseColumn")) if model is not None else []
    if not items:
        raise NodeFailure("No column is chosen to be collapsed.")
    aliases = [item.get("columnAliasName", "") or item.get("collapseColumnName", "") for item in items]
    unique([*groups, *aliases])
    context.check_zeros(context.table, [*groups, *(item.get("collapseColumnName", "") for item in items)])
    keys = [f"g{i}" for i, _ in enumerate(groups)]
    key_columns = [f"{quoted(group)} AS {key}" for group, key in zip(groups, keys, strict=True)]
    table, parts = context.table.sql, list[str]()
    for place, item in enumerate(items):
        column = context.table.find(item.get("collapseColumnName", ""))
        inner = ", ".join([*key_columns, f"{_key(context, column)} AS v", f"{_number(context, item, column)} AS n"])
        cells = (
            f"SELECT {', '.join([*keys, _dictionary()])} AS d "
            f"FROM (SELECT {inner} FROM {table} GROUP BY {', '.join([*map(quoted, groups), quoted(column)])})"
        )
        cells += f" GROUP BY {', '.join(keys)}" if keys else ""
        same = " AND ".join(f"s{place}.{key} IS NOT DISTINCT FROM s0.{key}" for key in keys) or "TRUE"
        parts.append(f"({cells}) AS s{place}" + (f" ON {same}" if place else ""))
    what = [f"s0.{key} AS {quoted(group)}" for group, key in zip(groups, keys, strict=True)]
    what += [f"s{place}.d AS {quoted(alias)}" for place, alias in enumerate(aliases)]
    order = f"ORDER BY {', '.join(f's0.{key}' for key in keys)}" if keys else ""
    return Output(context.cursor.make(f"SELECT {', '.join(what)} FROM {' JOIN '.join(parts)} {order}"))


def _key(context: Context, column: str) -> str:
    """What a value of a collapsed column is called, in SQL."""
    kind = context.table.type_of(column)
    if kind in ("FLOAT", "DOUBLE"):
        return java_text(quoted(column))
    if not has_one_text(kind, is_hadoop=True):
        name = called(kind, is_hadoop=context.is_hadoop)
        raise NodeFailure(
            f"The collapsed column {column!r} is a {name}, whose text the keys would depend on. Make a text column of "
            "it before."
        )
    return texts(column)


def _dictionary() -> str:
    """JSON text of the pairs ``v`` and ``n``."""
    pair = "CAST(to_json(v) AS VARCHAR) || ':' || CAST(to_json(n) AS VARCHAR)"
    pairs = f"string_agg({pair}, ',' ORDER BY v) FILTER (WHERE v IS NOT NULL AND n IS NOT NULL)"
    return f"'{{' || coalesce({pairs}, '') || '}}'"


def _number(context: Context, item: Element, column: str) -> str:
    """What stands for a value of the collapsed column, in SQL."""
    kind = item.get("aggregationType", "").strip().lower()
    kind = "avg" if kind == "average" else kind
    if kind == _FIXED:
        return "1"
    if kind not in _AGGREGATES:
        raise NodeFailure(f"The sandbox does not know the aggregation {kind!r} of the collapsed column {column!r}.")
    chosen = item.get("aggregationColumnName", "")
    if kind == "count" and not chosen:
        return "count(*)"
    if not chosen:
        raise NodeFailure(f"The collapsed column {column!r} has the aggregation {kind}, but no column to aggregate.")
    counted = context.table.find(chosen)
    if kind != "count" and kind_of(context.table.type_of(counted)) != "number":
        raise NodeFailure(f"The aggregation {kind} of the column {column!r} needs numbers, and {counted!r} holds none.")
    return f"{kind}({quoted(counted)})"
