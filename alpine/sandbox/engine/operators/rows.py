"""Operators that choose rows or columns."""

from __future__ import annotations

from alpine.sandbox.engine.context import Context, Output
from alpine.sandbox.engine.expressions import names
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.registry import operator


@operator(
    "field.FilterOperator",
    "hadoop.HadoopRowFilterOperator",
    title="Row Filter",
    fidelity="exact",
    remark="Hadoop: Pig expressions, within the limits below the table",
)
def row_filter(context: Context) -> Output:
    """Keeps the rows that meet the conditions, or a script."""
    most = int(context.number("rowLimit", 0)) if context.flag("useRowLimit") else 0
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
    text = text.strip().removesuffix(";")
    if text[:6].lower() == "where ":
        text = text[6:]
    return f"WHERE {context.condition(text)}" if text else ""


@operator("field.ColumnFilterOperator", "hadoop.HadoopColumnFilterOperator", title="Column Filter", fidelity="exact")
def column_filter(context: Context) -> Output:
    """Keeps the chosen columns, in the order in which they were chosen."""
    columns = context.columns()
    if not columns:
        raise NodeFailure("No column is chosen.")
    return context.select(names(columns))
