"""Operators that choose rows or columns."""

from __future__ import annotations

import re
from collections.abc import Iterator

from alpine.sandbox.engine.context import Context, Output
from alpine.sandbox.engine.database import PLACE
from alpine.sandbox.engine.expressions import condition, names, quoted
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.registry import operator

_BEGINNING = re.compile(r"\s*where\b", re.IGNORECASE)
_MASKED = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)
_LIMIT = re.compile(r"\blimit\s+(\d+)\s*$", re.IGNORECASE)
_ORDER = re.compile(r"\border\s+by\b", re.IGNORECASE)
_DIRECTION = re.compile(r"(?:\s(asc|desc))?(?:\s+nulls\s+(first|last))?\s*$", re.IGNORECASE)


@operator(
    "field.FilterOperator",
    "hadoop.HadoopRowFilterOperator",
    title="Row Filter",
    fidelity="exact",
    remark="conditions, or a script with ORDER BY and LIMIT; without an order a limit takes the first rows, where the "
    "server takes any; that 'is blank' means null or nothing but blanks is assumed",
    test="tests/sandbox/test_differential_rows.py::test_row_filter",
)
def row_filter(context: Context) -> Output:
    """Keeps the rows that meet the conditions, or a script."""
    # A limit beside the conditions is Hadoop's; in a database the script has one.
    most = int(context.number("rowLimit", 0)) if context.is_hadoop and context.flag("useRowLimit") else 0
    limit = f"LIMIT {most}" if most > 0 else ""
    return context.select("*", f"{_where(context)} {limit}")


def _where(context: Context) -> str:
    model = context.element("RowFilterConditionModel")
    if model is None:
        return _script(context, context.parameter("whereClause") or context.parameter("filterCondition"))
    if model.get("sqlType", "").lower() == "sql":
        return _script(context, model.get("conditionValue", ""))
    conditions = [
        condition(
            quoted(context.table.find(item.get("columnName", ""))),
            item.get("condition", ""),
            item.get("firstValue", ""),
            item.get("secondValue", ""),
            context.expression,
        )
        for item in model.iter("RowFilterConditionItem")
    ]
    joint = " AND " if model.get("useAll", "true").lower() == "true" else " OR "
    return f"WHERE {joint.join(f'({part})' for part in conditions)}" if conditions else ""


def _script(context: Context, text: str) -> str:
    """What stands after the table's name for a script, which is pasted after WHERE on the server."""
    text = _BEGINNING.sub("", text.strip().removesuffix(";").rstrip(), count=1)
    masked = _MASKED.sub(lambda found: "x" * len(found[0]), text)
    limit = None if context.is_hadoop else _LIMIT.search(masked)
    if limit:
        text, masked = text[: limit.start()], masked[: limit.start()]
    places = [] if context.is_hadoop else [f for f in _ORDER.finditer(masked) if _depth(masked[: f.start()]) == 0]
    where = text[: places[-1].start()] if places else text
    parts = [f"WHERE {context.expression(where)}"] if where.strip() else []
    if places:
        begin = places[-1].end()
        keys = [_sorted_by(context, *part) for part in _listed(text[begin:], masked[begin:])]
        parts.append(f"ORDER BY {', '.join([*keys, PLACE])}")
    if limit:
        parts.append(f"LIMIT {limit[1]}")
    return " ".join(parts)


def _sorted_by(context: Context, text: str, masked: str) -> str:
    """One key of an ORDER BY; where it does not say otherwise, nulls count as larger than everything."""
    found = _DIRECTION.search(masked)
    direction, nulls = (found[1] or "asc", found[2]) if found else ("asc", None)
    nulls = nulls or ("last" if direction.lower() == "asc" else "first")
    column = text[: found.start()] if found else text
    if column.strip().isdecimal():
        raise NodeFailure(f"ORDER BY {column.strip()} should name the column, and not say its place.")
    key = context.expression(column)
    return f"{key} {direction} NULLS {nulls}"


def _listed(text: str, masked: str) -> Iterator[tuple[str, str]]:
    """The parts between commas that stand in no parentheses, each beside its masked form."""
    begin = depth = 0
    for place, sign in enumerate(masked):
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if sign == "," and depth == 0:
            yield text[begin:place], masked[begin:place]
            begin = place + 1
    yield text[begin:], masked[begin:]


def _depth(text: str) -> int:
    return text.count("(") - text.count(")")


@operator(
    "field.ColumnFilterOperator",
    "hadoop.HadoopColumnFilterOperator",
    title="Column Filter",
    fidelity="exact",
    remark="columns come in the order in which they were chosen",
    test="tests/sandbox/test_differential_rows.py::test_column_filter",
)
def column_filter(context: Context) -> Output:
    """Keeps the chosen columns, in the order in which they were chosen."""
    columns = context.columns()
    if not columns:
        raise NodeFailure("No column is chosen.")
    return context.select(names(columns))
