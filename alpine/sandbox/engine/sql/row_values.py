"""Rows of values, ``(a, b)``, that are compared with each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alpine.sandbox.engine.sql.casts import made
from alpine.sandbox.engine.sql.folding import LAX, ROW, ROWS_OF_VALUES
from alpine.sandbox.engine.sql.typed import Typed, computed
from alpine.sandbox.engine.sql.types import BOOL

if TYPE_CHECKING:
    from sqlglot import exp

    from alpine.sandbox.engine.sql.translator import Translator


def values(node: exp.Expression) -> list[exp.Expression] | None:
    """The values of ``(a, b)`` or ``ROW(a, b)``; None where it is no row."""
    if type(node).__name__ == "Paren":
        return values(node.args["this"])
    is_row = type(node).__name__ == "Anonymous" and str(node.args["this"]).lower() == "row"
    return list(node.args["expressions"]) if is_row or type(node).__name__ == "Tuple" else None


def compared(
    translator: Translator, sign: str, node: exp.Expression, left: exp.Expression, right: exp.Expression
) -> Typed:
    """A comparison of two rows: the first values that differ decide.

    :raises NodeFailure: They are not as long, or their values are not compared.
    """
    a, b = values(left), values(right)
    if a is None or b is None or len(a) != len(b) or not a:
        raise translator.failure("A row of values is compared with one of as many values only", node)
    pairs = [(translator.node(x), translator.node(y)) for x, y in zip(a, b, strict=True)]
    if sign in ("=", "<>"):
        tests = [translator.compared(sign, x, y, node) for x, y in pairs]
        return translator.joined("AND" if sign == "=" else "OR", tests)
    result = translator.compared(sign, *pairs[-1], node)
    tests = [result]
    for x, y in reversed(pairs[:-1]):
        tests.append(translator.compared("=", x, y, node))
        rest = translator.joined("AND", [tests[-1], result])
        result = translator.joined("OR", [translator.compared(sign[0], x, y, node), rest])
    # PostgreSQL does not compare two rows of constants before it sees a row of the table.
    return computed(result, ROW, tests)


def is_null(translator: Translator, items: list[exp.Expression], *, negated: bool) -> Typed:
    """``(a, b) IS NULL``, where all are, and ``IS NOT NULL``, where none is."""
    word = "IS NOT" if negated else "IS"
    found = [translator.node(item) for item in items]
    tests = [computed(made(f"({{0}} {word} NULL)", [item], BOOL), LAX, [item]) for item in found]
    return computed(translator.joined("AND", tests), ROWS_OF_VALUES, tests)
