"""Conditions and what else has a form of its own: CASE, IN, BETWEEN, IS, AND, OR, ``||`` and ARRAY."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alpine.sandbox.engine.sql import calls, row_values
from alpine.sandbox.engine.sql.casts import as_text, made, unified
from alpine.sandbox.engine.sql.typed import NULL, Typed, together
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
        return made(f"({{0}} {word} NULL)", [translator.truth(value, node, "IS UNKNOWN")], BOOL)
    if kind == "Null":
        return made(f"({{0}} {word} NULL)", [value], BOOL)
    if kind == "Boolean":
        truth = "TRUE" if what.args["this"] else "FALSE"
        return made(
            f"({{0}} {word} NOT DISTINCT FROM {truth})".replace("IS NOT NOT", "IS"),
            [translator.truth(value, node, "IS")],
            BOOL,
        )
    raise translator.failure("The sandbox does not know what follows IS", node)


def distinct_from(translator: Translator, node: exp.Expression) -> Typed:
    """``IS DISTINCT FROM`` and ``IS NOT DISTINCT FROM``"""
    left, right = translator.parts(node, "this", "expression")
    a, b = translator.node(left), translator.node(right)
    test = translator.compared("=", a, b, node)
    same = "NOT " if type(node).__name__ == "NullSafeEQ" else ""
    nulls = made("(({0} IS NULL) <> ({1} IS NULL))", [a, b], BOOL)
    different = made("coalesce(({0} OR NOT {1}), FALSE)", [nulls, test], BOOL)
    return made(f"({same}{{0}})", [different], BOOL)


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
        return translator.joined("OR", [translator.compared("=", left, value, node) for value in values])
    if len(values) == 1:
        return translator.compared("=", left, values[0], node)
    return together(f"({found[0].sql} IN ({', '.join(value.sql for value in found[1:])}))", found, BOOL)


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
    return calls.case(tests, [*found, otherwise])


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
        return made(template, found, kind)
    return Typed(f"[{', '.join(value.sql for value in found)}]", kind, can_fail=True)
