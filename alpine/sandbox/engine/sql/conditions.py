"""Conditions and what else has a form of its own: CASE, IN, BETWEEN, IS, AND, OR, ``||`` and ARRAY."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alpine.sandbox.engine.sql import calls, row_values
from alpine.sandbox.engine.sql.casts import as_text, made, unified
from alpine.sandbox.engine.sql.folding import CASE, LAX, OR, sees_columns
from alpine.sandbox.engine.sql.typed import NULL, Typed, computed, together
from alpine.sandbox.engine.sql.types import BOOL, TEXT, Type

if TYPE_CHECKING:
    from sqlglot import exp

    from alpine.sandbox.engine.sql.translator import Translator


def negation(translator: Translator, node: exp.Expression) -> Typed:
    """``NOT``"""
    (inner,) = translator.parts(node, "this")
    return made("(NOT {0})", [translator.truth(translator.node(inner), node, "NOT")], BOOL)


def is_(translator: Translator, node: exp.Expression) -> Typed:
    """``IS NULL``, ``IS TRUE`` and their kin"""
    translator.parts(node, "this", "expression", "negate")
    what, items = node.args["expression"], row_values.values(node.args["this"])
    if items and type(what).__name__ == "Null" and not calls.is_unknown(translator.text, node):
        return row_values.is_null(translator, items, negated=bool(node.args.get("negate")))
    value = translator.node(node.args["this"])
    word = "IS NOT" if node.args.get("negate") else "IS"
    kind = type(what).__name__
    if kind == "Null" and calls.is_unknown(translator.text, node):
        value = translator.truth(value, node, "IS UNKNOWN")
    if kind == "Null":
        return computed(made(f"({{0}} {word} NULL)", [value], BOOL), LAX, [value])
    if kind == "Boolean":
        truth = "TRUE" if what.args["this"] else "FALSE"
        value = translator.truth(value, node, "IS")
        test = f"({{0}} {word} NOT DISTINCT FROM {truth})".replace("IS NOT NOT", "IS")
        return computed(made(test, [value], BOOL), LAX, [value])
    raise translator.failure("The sandbox does not know what follows IS", node)


def distinct_from(translator: Translator, node: exp.Expression) -> Typed:
    """``IS DISTINCT FROM`` and ``IS NOT DISTINCT FROM``"""
    left, right = translator.parts(node, "this", "expression")
    a, b = translator.node(left), translator.node(right)
    test = translator.compared("=", a, b, node)
    same = "NOT " if type(node).__name__ == "NullSafeEQ" else ""
    nulls = made("(({0} IS NULL) <> ({1} IS NULL))", [a, b], BOOL)
    different = made("coalesce(({0} OR NOT {1}), FALSE)", [nulls, test], BOOL)
    return computed(made(f"({same}{{0}})", [different], BOOL), LAX, [a, b, test])


def between(translator: Translator, node: exp.Expression) -> Typed:
    """``BETWEEN``"""
    translator.parts(node, "this", "low", "high", "symmetric")
    value = translator.node(node.args["this"])
    low, high = translator.node(node.args["low"]), translator.node(node.args["high"])
    ordered = translator.joined(
        "AND", [translator.compared(">=", value, low, node), translator.compared("<=", value, high, node)]
    )
    if not node.args.get("symmetric"):
        return ordered
    turned = translator.joined(
        "AND", [translator.compared(">=", value, high, node), translator.compared("<=", value, low, node)]
    )
    return translator.joined("OR", [ordered, turned])


def in_(translator: Translator, node: exp.Expression) -> Typed:
    """``IN (…)``"""
    translator.parts(node, "this", "expressions", "field", "is_global")
    items = node.args.get("expressions")
    if not items:
        raise translator.failure("The sandbox allows no subquery after IN", node)
    if row_values.values(node.args["this"]):
        tests = [row_values.compared(translator, "=", node, node.args["this"], item) for item in items]
        return translator.joined("OR", tests)
    left = translator.node(node.args["this"])
    values = [translator.node(item) for item in items]
    found = unified([left, *values]) if left.type.category in "SXBD" or len(values) == 1 else None
    if found is None or (left.type.category == "D" and len({value.type.name for value in values}) > 1):
        tests = [translator.compared("=", left, value, node) for value in values]
        return _planned(translator, node, translator.joined("OR", tests), left, values)
    if len(values) == 1:
        return translator.compared("=", left, values[0], node)
    result = together(f"({found[0].sql} IN ({', '.join(value.sql for value in found[1:])}))", found, BOOL)
    return _planned(translator, node, result, left, values)


def _planned(translator: Translator, node: exp.Expression, result: Typed, left: Typed, values: list[Typed]) -> Typed:
    """``IN (…)`` as PostgreSQL plans it: the values without a column are one array, if there are more than one."""
    in_array = [value for value in values if not sees_columns(value)]
    if len(in_array) == len(values):
        return computed(result, LAX, [left, *values])
    tests = [
        translator.compared("=", left, value, node) for value in values if len(in_array) < 2 or sees_columns(value)
    ]
    if len(in_array) > 1:
        array_tests = [translator.compared("=", left, value, node) for value in in_array]
        tests.insert(0, computed(translator.joined("OR", array_tests), LAX, [left, *array_tests]))
    return computed(result, OR, tests)


def concatenation(translator: Translator, node: exp.Expression) -> Typed:
    """``||``"""
    translator.parts(node, "this", "expression", "safe")
    translator.joins(1, node)
    values = [translator.node(node.args["this"]), translator.node(node.args["expression"])]
    if any(value.type.category == "A" for value in values):
        raise translator.failure("The sandbox does not put arrays together", node)
    if not any(value.type.category in "SX" for value in values):
        raise translator.no_operator("||", values, node)
    return made("({0} || {1})", [as_text(value) for value in values], TEXT)


def case(translator: Translator, node: exp.Expression) -> Typed:
    """``CASE``"""
    translator.parts(node, "this", "ifs", "default")
    subject = translator.node(node.args["this"]) if node.args.get("this") is not None else None
    tests, results = [], []
    for branch in node.args["ifs"]:
        translator.parts(branch, "this", "true")
        value = translator.node(branch.args["this"])
        tests.append(
            translator.compared("=", subject, value, branch)
            if subject
            else translator.truth(value, branch, "CASE/WHEN")
        )
        results.append(translator.node(branch.args["true"]))
    default = node.args.get("default")
    # PostgreSQL looks at what stands after ELSE first, where it looks for the type of all of them.
    otherwise, *found = translator.same(
        [translator.node(default) if default is not None else NULL, *results], node, "CASE"
    )
    branches = [part for branch in zip(tests, found, strict=True) for part in branch]
    return computed(calls.case(tests, [*found, otherwise]), CASE, [*branches, otherwise])


def logical(translator: Translator, node: exp.Expression) -> Typed:
    """``AND`` and ``OR``"""
    name = type(node).__name__
    word = name.upper()
    items: list[exp.Expression] = []
    waiting = [node]
    while waiting:
        item = waiting.pop()
        if type(item).__name__ == name:
            left, right = translator.parts(item, "this", "expression")
            waiting += [right, left]
        else:
            items.append(item)
    return translator.joined(word, [translator.truth(translator.node(item), item, word) for item in items])


def over_array(translator: Translator, node: exp.Expression, sign: str, is_any: bool, array: exp.Expression) -> Typed:
    """A comparison with ``ANY (ARRAY[…])`` or ``ALL (ARRAY[…])``"""
    values = array.args.get("expressions") if type(array).__name__ == "Array" else None
    if not values:
        raise translator.failure("The sandbox compares with ANY and ALL of an ARRAY[…] only", node)
    left = translator.node(node.args["this"])
    right = [translator.node(value) for value in values]
    tests = [translator.compared(sign, left, value, node) for value in right]
    return computed(translator.joined("OR" if is_any else "AND", tests), LAX, [left, *right, *tests])


def array(translator: Translator, node: exp.Expression) -> Typed:
    """``ARRAY[…]``"""
    translator.parts(node, "expressions", "bracket_notation")
    values = [translator.node(part) for part in node.args["expressions"]]
    if not values or any(value.type.category == "A" for value in values):
        raise translator.failure("The sandbox makes no empty array and no array of arrays", node)
    found = translator.same(values, node, "ARRAY")
    template = f"[{', '.join(f'{{{i}}}' for i in range(len(found)))}]" if len(found) < 10 else None
    kind = Type(f"{found[0].type.name}[]")
    if found[0].type.name == "numeric":
        raise translator.failure("The sandbox makes no array of numeric", node)
    if template:
        return computed(made(template, found, kind), LAX, found)
    return computed(together(f"[{', '.join(value.sql for value in found)}]", found, kind), LAX, found)
