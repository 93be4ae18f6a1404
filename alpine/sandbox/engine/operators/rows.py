"""Operators that choose rows or columns."""

from __future__ import annotations

import re

from alpine.sandbox.engine.context import Context, Output
from alpine.sandbox.engine.expressions import names
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.registry import operator

_BEGINNING = re.compile(r"\s*where\b", re.IGNORECASE)


@operator(
    "field.FilterOperator",
    "hadoop.HadoopRowFilterOperator",
    title="Row Filter",
    fidelity="exact",
    remark="conditions, or a script with ORDER BY and LIMIT; without an order a limit takes the first rows, where the "
    "server takes any; that 'is blank' means null or nothing but blanks is assumed; "
    "Hadoop: Pig expressions, within the limits below the table",
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
        context.comparison(
            context.table.find(item.get("columnName", "")),
            item.get("condition", ""),
            item.get("firstValue", ""),
            item.get("secondValue", ""),
        )
        for item in model.iter("RowFilterConditionItem")
    ]
    joint = " AND " if model.get("useAll", "true").lower() == "true" else " OR "
    return f"WHERE {joint.join(f'({part})' for part in conditions)}" if conditions else ""


def _script(context: Context, text: str) -> str:
    """What stands after the table's name for a script, which is pasted after WHERE on the server."""
    text = _BEGINNING.sub("", text.strip().removesuffix(";").rstrip(), count=1)
    if not text.strip():
        return ""
    return f"WHERE {context.condition(text)}" if context.is_hadoop else context.filtered(text)


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
