"""Pig expressions, translated into DuckDB's SQL with their types.

::

    text ── syntax ── a tree of nodes ── translate ── Values (SQL and type) ── casts.result ── a column's SQL
                                           │
                                           ├── numbers, casts         arithmetic, comparisons, casts, by type
                                           ├── functions              the table; math_, text_, date_functions fill it
                                           ├── aggregates
                                           ├── regex, joda, calendar  Java's patterns, Joda's patterns and moments
                                           └── udf                    Java's texts and numbers, as functions of DuckDB
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from alpine.sandbox.engine.failures import ExpressionUnreadable
from alpine.sandbox.engine.pig.casts import convert, result
from alpine.sandbox.engine.pig.date_functions import loaded_datetime
from alpine.sandbox.engine.pig.functions import NAMES
from alpine.sandbox.engine.pig.kinds import Kind, kind_of_column
from alpine.sandbox.engine.pig.numbers import compare
from alpine.sandbox.engine.pig.refusals import Refusal, raised
from alpine.sandbox.engine.pig.strptime import strptime_format
from alpine.sandbox.engine.pig.syntax import Node, parse
from alpine.sandbox.engine.pig.translate import Translator, check_aggregates
from alpine.sandbox.engine.pig.udf import prepare
from alpine.sandbox.engine.pig.value import Value
from alpine.sandbox.engine.types import UnknownType, of_flow

__all__ = ["Kind", "comparison", "loaded_datetime", "parsed", "prepare", "raised", "strptime_format", "to_sql"]


def to_sql(
    text: str,
    columns: Mapping[str, str] | None = None,
    *,
    keys: Collection[str] | None = None,
    data_type: str = "",
    is_condition: bool = False,
) -> str:
    """A Pig expression as SQL for a database that :func:`prepare` has seen.

    >>> print(to_sql("age / 2", {"age": "INTEGER"}))
    CAST(("age" // CAST(2 AS INTEGER)) AS INTEGER)

    :param text: The expression.
    :param columns: The types of the table's columns, as DuckDB writes them, by name and in order.
    :param keys: For an expression of aggregates, the columns by which rows are grouped; None where they are not.
    :param is_condition: Whether it has to be true or false, as the condition of a filter.
    :param data_type: The type that the result is cast to, as a flow writes it; may be empty.
    :raises NodeFailure: It is not an expression, the type is not known, or the sandbox cannot compute it as Pig does.
    """
    tree = parsed(text)
    try:
        translator = Translator(columns or {}, tree, keys)
        value = translator.condition(tree) if is_condition else translator.value(tree)
        check_aggregates(value, keys)
        if data_type:
            value = _declared(value, data_type)
        return result(value)
    except Refusal as refusal:
        raise refusal.failure(text) from None
    except RecursionError:
        raise Refusal("it is nested too deep").failure(text) from None


def parsed(text: str) -> Node:
    """A Pig expression as a tree.

    :param text: The expression.
    :raises ExpressionUnreadable: It is none.
    """
    try:
        return parse(text)
    except Refusal as refusal:
        raise ExpressionUnreadable(str(refusal.failure(text))) from None
    except RecursionError:
        raise Refusal("it is nested too deep").failure(text) from None


def comparison(column: str, sign: str, text: str, columns: Mapping[str, str]) -> str:
    """A comparison of a column, whatever its name, with an expression.

    :param column: The column.
    :param sign: As Pig writes it.
    :param text: What it is compared with.
    :param columns: The types of the table's columns, as for :func:`to_sql`.
    :raises NodeFailure: The two cannot be compared.
    """
    tree = parsed(text)
    try:
        translator = Translator(columns, tree)
        value = compare(translator.named(column), sign, translator.value(tree))
        check_aggregates(value, None)
        return result(value)
    except Refusal as refusal:
        raise refusal.failure(text) from None


def _declared(value: Value, data_type: str) -> Value:
    """A value in the type that a flow declares for it, by Pig's name or one of a database's."""
    try:
        declared = of_flow(data_type, is_hadoop=True)
    except UnknownType as error:
        raise Refusal(str(error)[0].lower() + str(error)[1:].rstrip(".")) from None
    if declared.length is not None:
        raise Refusal(f"Pig has no type {data_type!r}; declare chararray")
    kind = NAMES.get(declared.name) or kind_of_column(declared.sql or "DECIMAL(38,18)")
    if kind is None:
        raise Refusal(f"Pig has no type {data_type!r}")
    return convert(value, kind)
