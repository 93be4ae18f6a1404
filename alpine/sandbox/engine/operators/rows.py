"""Operators that choose rows or columns."""

from __future__ import annotations

import re

from alpine.sandbox.engine.context import Context, Output
from alpine.sandbox.engine.expressions import names
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.registry import operator

_SCRIPT_OR_NOT = {"sql": True, "nosql": False, "": False}
_JOINTS = {"true": " AND ", "": " AND ", "false": " OR "}
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
    most = context.whole("rowLimit", 0) if context.is_hadoop and context.flag("useRowLimit") else 0
    limit = f"LIMIT {most}" if most > 0 else ""
    return context.select("*", f"{_where(context)} {limit}")


def _where(context: Context) -> str:
    model = context.element("RowFilterConditionModel")
    if model is None:
        return _script(context, context.parameter("whereClause") or context.parameter("filterCondition"))
    kind, joint = model.get("sqlType", "").strip().lower(), model.get("useAll", "").strip().lower()
    if kind not in _SCRIPT_OR_NOT:
        raise NodeFailure(f"The sandbox does not know the kind {model.get('sqlType')!r} of a row filter (sqlType).")
    if _SCRIPT_OR_NOT[kind]:
        if not model.get("conditionValue", "").strip():
            raise NodeFailure("The row filter's script is empty.")
        return _script(context, model.get("conditionValue", ""))
    if joint not in _JOINTS:
        raise NodeFailure(f"The row filter's useAll should be true or false, but it is {model.get('useAll')!r}.")
    conditions = [
        context.comparison(
            context.table.find(item.get("columnName", "")),
            item.get("condition", ""),
            item.get("firstValue", ""),
            item.get("secondValue", ""),
        )
        for item in model.iter("RowFilterConditionItem")
    ]
    return f"WHERE {_JOINTS[joint].join(f'({part})' for part in conditions)}" if conditions else ""


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
