"""Association rules."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from alpine.sandbox.engine.classes import kind_of_class
from alpine.sandbox.engine.context import Context, Output
from alpine.sandbox.engine.database import DatabaseTable
from alpine.sandbox.engine.expressions import literal, quoted
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.learning.associations import MAX_ITEM_SETS, Rule, item_sets, rules
from alpine.sandbox.engine.registry import operator
from alpine.sandbox.engine.types import in_words

_COLUMNS = {
    "premises": "VARCHAR",
    "conclusions": "VARCHAR",
    **dict.fromkeys(("support", "confidence", "lift"), "DOUBLE"),
}
_EQUAL = frozenset({"=", "=="})
_TRUTHS = {"true": "TRUE", "t": "TRUE", "1": "TRUE", "false": "FALSE", "f": "FALSE", "0": "FALSE"}
_SEPARATOR = ", "
_MOST_DIGITS = 40


@operator(
    "association.AssociationOperator",
    title="Association Rules",
    fidelity="equivalent",
    remark="a row is a basket, which holds the items whose columns equal the positive value, by value; rules have one "
    "conclusion and any number of premises, the most confident first; that, and the columns premises, conclusions, "
    f"support, confidence and lift are assumed; more than {MAX_ITEM_SETS:,} item sets are refused",
    test="tests/sandbox/test_differential_associations.py::test_rules",
)
def association_rules(context: Context) -> Output:
    """Finds which items make others likely."""
    if context.flag("useArray"):
        raise NodeFailure(
            "The sandbox does not know the option useArray of association rules: what it does is not public."
        )
    context.number("tableSizeThreshold", 0)
    support, confidence = _share(context, "minSupport"), _share(context, "minConfidence", zero=True)
    table, columns = context.table, context.columns()
    if not columns:
        raise NodeFailure("No column of items is chosen.")
    holds = _held(context, columns)
    if context.planning:
        return Output(_kept(context, columns, []))
    data = context.cursor.dataframe(f"SELECT {', '.join(holds)} FROM {table.sql}")
    baskets = [data.iloc[:, i].to_numpy(dtype=bool) for i in range(len(columns))]
    found = item_sets(baskets, len(data), support)
    return Output(_kept(context, columns, rules(found, len(data), confidence)))


def _kept(context: Context, columns: list[str], found: list[Rule]) -> DatabaseTable:
    import pandas as pd

    rows = [
        (
            _SEPARATOR.join(columns[item] for item in rule.premises),
            columns[rule.conclusion],
            rule.support,
            rule.confidence,
            rule.lift,
        )
        for rule in found
    ]
    made = context.cursor.take(pd.DataFrame(rows, columns=list(_COLUMNS)))
    typed = ", ".join(f"CAST({quoted(name)} AS {kind}) AS {quoted(name)}" for name, kind in _COLUMNS.items())
    return context.cursor.make(f"SELECT {typed} FROM {made.sql}")


def _held(context: Context, columns: list[str]) -> list[str]:
    """For each column the condition that a basket holds its item, as SQL.

    :raises NodeFailure: The comparison is not one by equality, or the value is none of a column's type.
    """
    said = context.required_element("Expression")
    comparison, value = said.get("expression", "").strip() or "=", said.get("positiveValue", "")
    if comparison not in _EQUAL:
        raise NodeFailure(
            f"The sandbox knows items whose columns equal (=) a value, not those compared by {comparison!r}."
        )
    if not value.strip():
        raise NodeFailure("The flow does not say which value of a column means an item (positiveValue).")
    return [
        f"coalesce({quoted(column)} = {_typed(value, column, context.table.type_of(column))}, FALSE) AS c{i}"
        for i, column in enumerate(columns)
    ]


def _typed(value: str, column: str, type_name: str) -> str:
    """The positive value as SQL, to be compared with a column by value: 1.0 is 1, and t is true."""
    text = value.strip()
    if len(text) > 1 and text[0] == text[-1] == "'":
        text = text[1:-1].replace("''", "'")
    kind = kind_of_class(type_name)
    try:
        if kind == "boolean":
            return _TRUTHS[text.lower()]
        if kind == "number":
            return _number(Decimal(text), type_name)
    except (KeyError, InvalidOperation):
        raise NodeFailure(
            f"The column {column!r} holds {in_words(type_name)}, and the positive value {text!r} is none of them."
        ) from None
    if type_name != "VARCHAR":
        raise NodeFailure(f"The column {column!r} holds {in_words(type_name)}; an item needs numbers, texts or truths.")
    return literal(text)


def _number(number: Decimal, type_name: str) -> str:
    """A number as SQL of a column's type; NULL, which nothing equals, where no number of the type is the same."""
    if type_name in ("DOUBLE", "FLOAT"):
        return f"TRY_CAST('{number}' AS {type_name})"
    # DECIMAL(12,2) has two places, and a type of whole numbers none.
    places = int(type_name.partition(",")[2].rstrip(")") or 0)
    if not number.is_finite() or number.adjusted() > _MOST_DIGITS or number != round(number, places):
        return "NULL"
    return f"TRY_CAST('{number:f}' AS {type_name})"


def _share(context: Context, name: str, *, zero: bool = False) -> float:
    """A parameter that is a share.

    :param zero: Whether it may be 0.
    :raises NodeFailure: It is not.
    """
    text = context.parameter(name).strip()
    share = context.number(name, -1)
    if not (0 <= share <= 1 if zero else 0 < share <= 1):
        raise NodeFailure(
            f"The parameter {name} should be a share {'from 0' if zero else 'above 0'} to 1, but it is {text!r}."
        )
    return share
