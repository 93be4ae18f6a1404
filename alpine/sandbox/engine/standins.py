"""Stand-in rows for tables that a flow describes and nobody loaded."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from alpine.afm import Operator, Workflow
from alpine.sandbox.engine.expressions import literal, quoted
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.hadoop_files import declared
from alpine.sandbox.engine.loading import check_names
from alpine.sandbox.engine.types import MAX_DIGITS, ColumnType, UnknownType, of_flow

ROWS = 2000
CLASS = "class"
_WHOLE = ("SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_FRACTIONS = ("DOUBLE", "FLOAT")
_NUMERIC = f"DECIMAL({MAX_DIGITS},2)"
"""What numbers of any precision are."""

Columns = list[tuple[str, str]]


def declared_columns(flow: Workflow, source: Operator) -> Columns:
    """The columns that a flow declares for a source: names and types, as written there.

    A Hadoop file says so itself; a database table is described by the operators that take it as input.
    """
    classes = _classes(flow)
    return [(name, CLASS if name in classes else kind) for name, kind in described(flow, source)]


def described(flow: Workflow, source: Operator) -> Columns:
    """The columns of a source by the flow's own word for their types."""
    for element in source.elements:
        own = list(declared(element))
        if own:
            return own
    wanted = (source.parameters.get("schemaName"), source.parameters.get("tableName"))
    for operator in flow.operators.values():
        for element in operator.elements:
            if element.tag == "InPutFieldList" and wanted == _table_of(element):
                return [(field.get("name", ""), field.get("type", "")) for field in element.iter("Field")]
    return []


def select(columns: Columns, *, is_hadoop: bool) -> str:
    """SQL that makes the rows: always the same, ids counted, classes 0 and 1, text a and b, numbers below 100.

    :param columns: The columns, as :func:`declared_columns` gives them.
    :param is_hadoop: Whether Pig's names of types hold.
    :raises NodeFailure: A type is not known, or the names of the columns cannot be kept apart.
    """
    try:
        check_names([name for name, _ in columns])
    except ValueError as error:
        raise NodeFailure(str(error)) from None
    values = ", ".join(f"{_typed(name, kind, is_hadoop=is_hadoop)} AS {quoted(name)}" for name, kind in columns)
    return f"SELECT {values} FROM range(1, {ROWS + 1}) r(i)"


def _classes(flow: Workflow) -> set[str]:
    """The columns that classification models of the flow predict: they need two values."""
    return {
        operator.parameters["dependentColumn"]
        for operator in flow.operators.values()
        if "dependentColumn" in operator.parameters and "LinearRegression" not in operator.class_name
    }


def _table_of(element: Element) -> tuple[str | None, str | None]:
    said = {item.get("key"): item.get("value") for item in element.iter("Parameter")}
    return said.get("schema"), said.get("table")


def _typed(name: str, kind: str, *, is_hadoop: bool) -> str:
    """A value in the declared type.

    :raises NodeFailure: The type is not known, or one that no rows are made up for.
    """
    chance = f"hash(i, {literal(name)})"
    if kind == CLASS:
        return f"CAST({chance} % 2 AS BIGINT)"
    try:
        found = of_flow(kind, is_hadoop=is_hadoop)
    except UnknownType as error:
        raise NodeFailure(f"The column {name!r}: {error}") from None
    made = _value(name, found, chance)
    return found.cast(made) if found.sql else f"CAST({made} AS {_NUMERIC})"


def _value(name: str, kind: ColumnType, chance: str) -> str:
    sql = kind.sql or _NUMERIC
    if sql in _WHOLE:
        return "i" if name.lower() == "id" or name.lower().endswith("_id") else f"CAST({chance} % 100 AS BIGINT)"
    if sql in _FRACTIONS:
        return f"CAST({chance} % 10000 AS DOUBLE) / 100"
    if sql.startswith("DECIMAL"):
        precision, scale = map(int, sql.removeprefix("DECIMAL(").rstrip(")").split(","))
        # Two digits before the point where there are two, and as many behind it.
        units = 10 ** (min(precision - scale, 2) + min(scale, 2))
        return f"CAST({chance} % {units} AS DECIMAL({MAX_DIGITS},0)) / {10 ** min(scale, 2)}"
    moment = f"TIMESTAMP '2017-01-01' + to_days(CAST({chance} % 365 AS INTEGER))"
    others = {
        "BOOLEAN": f"{chance} % 2 = 0",
        "DATE": moment,
        "TIMESTAMP": moment,
        "TIMESTAMP WITH TIME ZONE": moment,
        "TIME": f"TIME '00:00:00' + to_minutes(CAST({chance} % 1440 AS INTEGER))",
        "INTERVAL": f"to_days(CAST({chance} % 100 AS INTEGER))",
        "VARCHAR": f"CASE WHEN {chance} % 2 = 0 THEN 'a' ELSE 'b' END",
        "BLOB": f"encode(CASE WHEN {chance} % 2 = 0 THEN 'a' ELSE 'b' END)",
    }
    if sql not in others:
        raise NodeFailure(f"The sandbox makes up no rows for the column {name!r}, a {kind.name}. Load the table.")
    return others[sql]
