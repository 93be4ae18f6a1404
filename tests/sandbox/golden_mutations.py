"""Changes of flows that mean something: what somebody may do to row, column, join and aggregation operators."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import permutations
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
JOINS = ("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL OUTER JOIN")
AGGREGATES = ("sum", "avg", "min", "max", "count")
OPERATORS = {"+": "-", "-": "+", "*": "+", "/": "*", "<": ">=", ">": "<="}
KINDS = ("FilterOperator", "ColumnFilterOperator", "VariableOperator", "AggregateOperator", "TableJoinOperator")
_WORD = re.compile(r"[A-Za-z_]+")


@dataclass(frozen=True)
class Mutation:
    """A changed flow, and what was done to it."""

    what: str
    content: bytes


def mutations(content: bytes) -> Iterator[Mutation]:
    """Every change of one thing in a flow."""
    root = ElementTree.fromstring(content)
    for number, operator in enumerate(root.findall("Operator")):
        kind = operator.get("type", "").rpartition(".")[2]
        name = operator.get("name")
        for what, change in _changes(kind, operator):
            fresh = copy.deepcopy(root)
            change(fresh.findall("Operator")[number])
            yield Mutation(f"{name}: {what}", ElementTree.tostring(fresh))
    for number, variable in enumerate(root.iter("Variable")):
        value = variable.findtext("Value") or ""
        if (variable.findtext("Name") or "").startswith(("@default", "@pig", "@flow", "@user")):
            continue
        for other in _other_values(value):
            fresh = copy.deepcopy(root)
            there = list(fresh.iter("Variable"))[number].find("Value")
            assert there is not None
            there.text = other
            yield Mutation(f"variable {variable.findtext('Name')}: {value} -> {other}", ElementTree.tostring(fresh))


Change = tuple[str, Callable[[Element], object]]


def _changes(kind: str, operator: Element) -> Iterator[Change]:
    if kind in ("ColumnFilterOperator", "VariableOperator"):
        yield from _columns(operator)
    for tag, attribute, others in (
        ("RowFilterConditionItem", "condition", COMPARISONS),
        ("RowFilterConditionModel", "useAll", ("true", "false")),
        ("JoinConditionModel", "joinType", JOINS),
        ("JoinConditionModel", "condition", COMPARISONS),
        ("JoinConditionModel", "andOr", ("AND", "OR")),
        ("AggregateField", "dataType", ("BIGINT", "DOUBLE PRECISION", "TEXT")),
        ("DerivedFieldItem", "dataType", ("BIGINT", "DOUBLE PRECISION", "TEXT")),
    ):
        for place, item in enumerate(operator.iter(tag)):
            old = item.get(attribute)
            for other in others:
                if old and other.lower() != old.lower():
                    yield f"{attribute} {old} -> {other}", _setting(tag, place, attribute, other)
    for tag, attribute in (
        ("RowFilterConditionItem", "firstValue"),
        ("RowFilterConditionItem", "secondValue"),
        ("RowFilterConditionModel", "conditionValue"),
        ("DerivedFieldItem", "expression"),
        ("AggregateField", "expression"),
        ("WindowField", "function"),
        ("WindowField", "specification"),
        ("JoinConditionModel", "column1"),
        ("JoinConditionModel", "column2"),
    ):
        for place, item in enumerate(operator.iter(tag)):
            for other in _other_values(item.get(attribute, "")):
                yield f"{attribute} {item.get(attribute)} -> {other}", _setting(tag, place, attribute, other)
    for tag, attribute in (
        ("RowFilterConditionItem", "columnName"),
        ("groupBy", "columnName"),
        ("JoinColumnModel", "columnName"),
    ):
        others = sorted({each.get(attribute, "") for each in operator.iter(tag)})
        for place, item in enumerate(operator.iter(tag)):
            for other in others:
                if other != item.get(attribute):
                    yield f"{attribute} {item.get(attribute)} -> {other}", _setting(tag, place, attribute, other)
    for tag in ("RowFilterConditionItem", "groupBy", "AggregateField", "WindowField", "DerivedFieldItem"):
        yield from _items(operator, tag)
    yield from _items(operator, "JoinColumnModel")
    yield from _items(operator, "JoinConditionModel")
    for tag in ("DerivedFieldItem", "AggregateField", "WindowField"):
        for place, item in enumerate(operator.iter(tag)):
            for attribute in ("columnName", "resultColumn"):
                if item.get(attribute):
                    yield f"{attribute} renamed", _setting(tag, place, attribute, f"{item.get(attribute)}_new")


def _columns(operator: Element) -> Iterator[Change]:
    parameter = next((p for p in operator.findall("Parameter") if p.get("key") == "columnNames"), None)
    names = (parameter.get("value") or "").split(",") if parameter is not None else []

    def chosen(value: str) -> Callable[[Element], object]:
        return lambda there: next(p for p in there.findall("Parameter") if p.get("key") == "columnNames").set(
            "value", value
        )

    for name in names:
        rest = [other for other in names if other != name]
        yield f"without {name}", chosen(",".join(rest))
    for order in list(permutations(names))[1:3] if len(names) < 6 else []:
        yield f"columns {','.join(order)}", chosen(",".join(order))


def _items(operator: Element, tag: str) -> Iterator[Change]:
    """An item less, and two in another order."""
    for parent_place, parent in enumerate(operator.iter()):
        items = parent.findall(tag)
        for place, _ in enumerate(items):

            def without(there: Element, at: int = parent_place, place: int = place) -> None:
                found = list(there.iter())[at]
                found.remove(found.findall(tag)[place])

            yield f"{tag} {place + 1} gone", without

        def turned(there: Element, at: int = parent_place) -> None:
            found = list(there.iter())[at]
            moved = found.findall(tag)[0]
            found.remove(moved)
            found.append(moved)

        if len(items) > 1:
            yield f"the first {tag} last", turned


def _setting(tag: str, place: int, attribute: str, value: str) -> Callable[[Element], object]:
    return lambda there: list(there.iter(tag))[place].set(attribute, value)


def _other_values(text: str) -> Iterator[str]:
    """Texts with another number, sign, aggregate or string in one place."""
    for match in re.finditer(r"(?<![\w@.])\d+(?:\.\d+)?", text):
        for other in (str(float(match[0]) + 1), f"{float(match[0]) / 2:g}", "0"):
            if other != match[0]:
                yield text[: match.start()] + other.removesuffix(".0") + text[match.end() :]
    for match in re.finditer(r"[-+*/]|<(?![=>])|(?<!<)>(?!=)", text):
        yield text[: match.start()] + OPERATORS[match[0]] + text[match.end() :]
    for match in re.finditer(r"\b(sum|avg|min|max|count)\(", text):
        for other in AGGREGATES:
            if other != match[1]:
                yield text[: match.start()] + other + text[match.end() - 1 :]
    for match in re.finditer(r"'[^']*'", text):
        yield text[: match.start()] + f"'{match[0].strip(chr(39))}x'" + text[match.end() :]
    for old, new in (
        (" and ", " or "),
        (" or ", " and "),
        ("distinct ", ""),
        (" desc", ""),
        ("order by", "partition by"),
    ):
        if old in text:
            yield text.replace(old, new)
    if re.fullmatch(r"\w+", text) and not text[0].isdigit() and not text.startswith("@"):
        yield f"{text}_new"
