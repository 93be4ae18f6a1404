"""Operators that derive columns."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from alpine.sandbox.engine.context import Context, Output
from alpine.sandbox.engine.expressions import quoted
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.quantiles import binned_columns
from alpine.sandbox.engine.registry import operator

_TYPES = {
    "boolean": "BOOLEAN",
    "bigint": "BIGINT",
    "long": "BIGINT",
    "integer": "INTEGER",
    "int": "INTEGER",
    "double precision": "DOUBLE",
    "double": "DOUBLE",
    "float": "FLOAT",
    "text": "VARCHAR",
    "varchar": "VARCHAR",
    "chararray": "VARCHAR",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}
_NUMERIC = re.compile(r"numeric\s*\(\s*\d+\s*(,\s*\d+\s*)?\)", re.IGNORECASE)


@operator(
    "field.VariableOperator",
    "hadoop.HadoopVariableOperator",
    title="Variable",
    fidelity="exact",
    remark="derived columns; Hadoop: Pig expressions, within the limits below the table; quantile bins are made where "
    "the file states columns and limits plainly, else refused",
)
def variable(context: Context) -> Output:
    """Keeps the chosen columns and adds the derived ones."""
    model = context.element("DerivedFieldsModel")
    derived = list(model.iter("DerivedFieldItem")) if model is not None else []
    parts = [quoted(column) for column in _kept(context)]
    parts += [
        f"{typed(_expression(context, item), item.get('dataType', ''))} AS {quoted(item.get('columnName', ''))}"
        for item in derived
    ]
    bins = binned_columns(context)
    parts += bins
    if not parts:
        raise NodeFailure("No column is kept and none is derived.")
    # A window function, as bins may be, would leave the rows in another order.
    return context.select(", ".join(parts), "ORDER BY rowid" if bins else "")


def _expression(context: Context, item: Element) -> str:
    return context.expression(item.get("expression", ""), item.get("dataType", ""))


def typed(expression: str, data_type: str) -> str:
    """An SQL expression, cast to a type as a flow writes it; a type that is not known changes nothing."""
    name = " ".join(data_type.lower().split())
    kind = _TYPES.get(name) or (name.upper() if _NUMERIC.fullmatch(name) else None)
    return f"CAST({expression} AS {kind})" if kind else expression


def _kept(context: Context) -> list[str]:
    if "columnNames" in context.operator.parameters:
        return context.columns()
    found = [item for element in context.operator.elements for item in element.iter("selectedColumnName")]
    chosen = ((item.text or "").strip() or next(iter(item.attrib.values()), "") for item in found)
    return [context.table.find(name) for name in chosen]
