"""Operators that derive columns."""

from __future__ import annotations

from collections.abc import Sequence

from alpine.sandbox.engine.context import Context, Output, unique
from alpine.sandbox.engine.database import PLACE
from alpine.sandbox.engine.expressions import quoted
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.quantiles import binned_columns
from alpine.sandbox.engine.registry import operator


@operator(
    "field.VariableOperator",
    "hadoop.HadoopVariableOperator",
    title="Variable",
    fidelity="exact",
    remark="derived columns; Hadoop: Pig expressions, within the limits below the table; quantile bins are made where "
    "the file states columns and limits plainly, else refused",
    test="tests/sandbox/test_differential_columns.py::test_variable",
)
def variable(context: Context) -> Output:
    """Keeps the chosen columns and adds the derived ones."""
    model = context.element("DerivedFieldsModel")
    derived = list(model.iter("DerivedFieldItem")) if model is not None else []
    kept = list(dict.fromkeys(_kept(context)))
    if not all(item.get("columnName") for item in derived):
        raise NodeFailure("A derived column has no name.")
    several = next((item.get("columnName") for item in derived if item.get("multiVarColumn", "").strip()), None)
    if several is not None:
        raise NodeFailure(
            f"The derived column {several!r} has an expression for several columns (multiVarColumn), whose meaning is "
            "not public. Derive each column by an expression of its own."
        )
    bins = binned_columns(context)
    added = [name for name in bins if name not in kept]
    unique([*kept, *(item.get("columnName", "") for item in derived), *added])
    parts = [f"{bins[column]} AS {quoted(column)}" if column in bins else quoted(column) for column in kept]
    parts += [
        f"{typed(context, item.get('columnName', ''), item.get('expression', ''), item.get('dataType', ''))} "
        f"AS {quoted(item.get('columnName', ''))}"
        for item in derived
    ]
    parts += [f"{bins[name]} AS {quoted(name)}" for name in added]
    if not parts:
        raise NodeFailure("No column is kept and none is derived.")
    # A window function, as bins may be, would leave the rows in another order.
    is_sorted = bins or any(" OVER (" in part for part in parts)
    return context.select(", ".join(parts), f"ORDER BY {PLACE}" if is_sorted else "")


def typed(context: Context, column: str, expression: str, data_type: str, keys: Sequence[str] | None = None) -> str:
    """The SQL of a column that a flow derives, in the type that it declares.

    :param column: The column's name, for what is said of failures.
    :param expression: The expression, as the flow writes it.
    :param data_type: The type, as the flow writes it; may be empty.
    :param keys: For aggregates, the columns by which rows are grouped; None where they are not.
    :raises NodeFailure: The expression or the type is not known.
    """
    context.subject = f"The column {column!r}: "
    try:
        return context.expression(expression, data_type, keys=keys)
    except NodeFailure as failure:
        failure.args = (f"{context.subject}{failure}",)
        raise
    finally:
        context.subject = ""


def _kept(context: Context) -> list[str]:
    if "columnNames" in context.operator.parameters:
        return context.columns()
    found = [item for element in context.operator.elements for item in element.iter("selectedColumnName")]
    chosen = ((item.text or "").strip() or next(iter(item.attrib.values()), "") for item in found)
    return [context.table.find(name) for name in chosen]
