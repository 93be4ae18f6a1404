"""Operators that choose rows or columns."""

from __future__ import annotations

import re

from alpine.sandbox.engine.context import Context, Output
from alpine.sandbox.engine.expressions import names
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.registry import operator

_SCRIPT_OR_NOT = {"sql": True, "nosql": False, "": False}
_JOINTS = {"true": " AND ", "": " AND ", "false": " OR "}
_BEGINNING = re.compile(r"\A\s*where\b", re.IGNORECASE)


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
    most = context.whole("rowLimit", 0) if context.flag("useRowLimit") else None
    if most is not None and not context.is_hadoop:
        raise NodeFailure("A limit of rows (useRowLimit) is one of Hadoop; in a database the script has one.")
    if most == 0:
        raise NodeFailure("The row filter has a limit of rows (useRowLimit), but does not say how many (rowLimit).")
    limit = f"LIMIT {most}" if most else ""
    return context.select(names(context.table.columns), f"{_where(context)} {limit}")


def _where(context: Context) -> str:
    model = context.element("RowFilterConditionModel")
    script = context.parameter("whereClause").strip() or context.parameter("filterCondition").strip()
    if model is None:
        return _script(context, script)
    kind, joint = model.get("sqlType", "").strip().lower(), model.get("useAll", "").strip().lower()
    if kind not in _SCRIPT_OR_NOT:
        raise NodeFailure(f"The sandbox does not know the kind {model.get('sqlType')!r} of a row filter (sqlType).")
    if joint not in _JOINTS:
        raise NodeFailure(f"The row filter's useAll should be true or false, but it is {model.get('useAll')!r}.")
    own = model.get("conditionValue", "").strip() if _SCRIPT_OR_NOT[kind] else ""
    items = [] if _SCRIPT_OR_NOT[kind] else list(model.iter("RowFilterConditionItem"))
    if script and (items or own not in ("", script)):
        raise NodeFailure(
            f"The row filter has {'conditions' if items else f'the script {own!r}'} and, as a parameter, the script "
            f"{script!r}; which of them the server takes is not public. Remove one."
        )
    if _SCRIPT_OR_NOT[kind] and not (own or script):
        raise NodeFailure("The row filter's script is empty.")
    conditions = [
        context.comparison(
            context.table.find(item.get("columnName", "")),
            item.get("condition", ""),
            item.get("firstValue", ""),
            item.get("secondValue", ""),
        )
        for item in items
    ]
    return (
        f"WHERE {_JOINTS[joint].join(f'({part})' for part in conditions)}"
        if conditions
        else _script(context, own or script)
    )


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
