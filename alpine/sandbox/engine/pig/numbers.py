"""Arithmetic and comparisons: int and long wrap, a division by zero is null, NaN and -0.0 are ordered as in Java."""

from __future__ import annotations

import math
from collections.abc import Callable

from alpine.sandbox.engine.pig.casts import convert, milliseconds, needs_zeros
from alpine.sandbox.engine.pig.kinds import BIG, FLOATING, NUMBERS, WHOLE, Kind, wider
from alpine.sandbox.engine.pig.refusals import Refusal
from alpine.sandbox.engine.pig.value import Value, failing, let, made, text

_NAMES = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "%": "mod"}


def wrapped(sql: str, kind: Kind) -> str:
    """A whole number that DuckDB computed in a wider type, cut to 32 or 64 bits as Java cuts it.

    :param sql: A BIGINT for an int, a HUGEINT for a long.
    :param kind: int or long.
    """
    if kind is Kind.INT:
        return f"CAST((({sql} + 2147483648) & 4294967295) - 2147483648 AS INTEGER)"
    half, all_bits = "9223372036854775808::HUGEINT", "18446744073709551615::HUGEINT"
    return f"CAST((({sql} + {half}) & {all_bits}) - {half} AS BIGINT)"


def wide(sql: str, kind: Kind) -> str:
    """An int or long in the type in which nothing overflows."""
    return f"CAST({sql} AS {'BIGINT' if kind is Kind.INT else 'HUGEINT'})"


def common(left: Value, right: Value, what: str) -> Kind:
    """The type in which two operands meet.

    :raises Refusal: They do not.
    """
    if left.kind in NUMBERS and right.kind in NUMBERS:
        return wider(left.kind, right.kind)
    if left.kind is right.kind:
        return left.kind
    if left.kind is Kind.BYTEARRAY:
        return right.kind
    if right.kind is Kind.BYTEARRAY:
        return left.kind
    raise Refusal(f"{what} takes no {left.kind.value} with a {right.kind.value}; cast one of them", left.at or None)


def arithmetic(left: Value, sign: str, right: Value) -> Value:
    """A sum, difference, product, quotient or remainder."""
    kind = common(left, right, sign)
    if kind is Kind.BYTEARRAY and (left.is_null or right.is_null):
        return made("CAST(NULL AS BLOB)", kind, left.at, left, right)
    if kind not in NUMBERS:
        raise Refusal(f"{sign} takes numbers, not a {kind.value}; cast the operands", left.at or None)
    if sign == "%" and kind not in WHOLE:
        raise Refusal(f"% takes int, long or biginteger, not {kind.value}", left.at or None)
    a, b = convert(left, kind), convert(right, kind)
    if kind in BIG:
        if sign == "/" and kind is Kind.BIG_DECIMAL:
            for operand in (a, b):
                needs_zeros(operand, "the quotient of a bigdecimal")
        sql = f"pig_big({text(f'{_NAMES[sign]} {kind.value}')}, {a.sql}, {b.sql})"
    elif kind in FLOATING:
        sql = _floating(a, sign, b)
    elif sign == "/":
        sql = _whole_quotient(a, b)
    elif sign == "%":
        sql = _remainder(a, b)
    else:
        sql = wrapped(f"({wide(a.sql, kind)} {sign} {wide(b.sql, kind)})", kind)
    return made(sql, kind, left.at, left, right)


def negative(value: Value) -> Value:
    """A number with the other sign."""
    if value.is_null:
        return value
    # Pig takes a number of which it knows no type as a double.
    inner = convert(value, Kind.DOUBLE) if value.kind is Kind.BYTEARRAY else value
    if inner.kind not in NUMBERS:
        raise Refusal(f"a {value.kind.value} has no negative", value.at or None)
    if inner.kind in BIG:
        return inner.become(f"pig_big({text(f'negate {inner.kind.value}')}, {inner.sql}, '0')", inner.kind)
    if inner.kind in FLOATING:
        if inner.constant is not None:
            return inner.become(f"(-{inner.sql})", inner.kind, is_simple=True, constant=-inner.constant)
        return inner.become(f"(-{inner.sql})", inner.kind)
    sql = wrapped(f"(-{wide(inner.sql, inner.kind)})", inner.kind)
    if inner.constant is not None:
        return inner.become(
            f"CAST({-inner.constant} AS {inner.kind.sql})", inner.kind, is_simple=True, constant=-inner.constant
        )
    return inner.become(sql, inner.kind)


def compare(left: Value, sign: str, right: Value) -> Value:
    """A comparison: null where an operand is."""
    kind = common(left, right, sign)
    if left.is_null or right.is_null:
        return made("CAST(NULL AS BOOLEAN)", Kind.BOOLEAN, left.at, left, right)
    if sign not in {"==", "!="} and kind in {Kind.BOOLEAN, Kind.BYTEARRAY}:
        raise Refusal(f"{sign} takes no {kind.value}", left.at or None)
    a, b = convert(left, kind), convert(right, kind)
    operator = "=" if sign == "==" else sign
    if kind in BIG:
        sql = f"(pig_compare({a.sql}, {b.sql}) {operator} 0)"
    elif kind in FLOATING:
        sql = _floating_comparison(a, operator, b)
    elif kind is Kind.DATETIME:
        sql = f"({_instant(a)} {operator} {_instant(b)})"
    elif kind is Kind.CHARARRAY and sign not in {"==", "!="} and not (_is_plain(a) or _is_plain(b)):
        # Java orders UTF-16 units, DuckDB bytes of UTF-8: they differ beyond the basic plane.
        sql = f"(pig_units({a.sql}) {operator} pig_units({b.sql}))"
    else:
        sql = f"({a.sql} {operator} {b.sql})"
    return made(sql, Kind.BOOLEAN, left.at, left, right, is_never_null=left.is_never_null and right.is_never_null)


def _instant(value: Value) -> str:
    return f"make_timestamp(1000 * {milliseconds(value.sql)})" if value.is_zoned else value.sql


def _is_plain(value: Value) -> bool:
    return isinstance(value.constant, str) and all(sign < "\ud800" for sign in value.constant)


def _floating(a: Value, sign: str, b: Value) -> str:
    if sign != "/" or b.constant:
        return f"({a.sql} {sign} {b.sql})"
    # Pig looks for +0.0 alone: a negative zero divides, and gives an infinity.
    return let(lambda x, y: f"(CASE WHEN {y} = 0 AND NOT signbit({y}) THEN NULL ELSE {x} / {y} END)", a, b)


def _whole_quotient(a: Value, b: Value) -> str:
    if b.constant is not None and b.constant not in {0, -1}:
        return f"({a.sql} // {b.sql})"
    return wrapped(f"({wide(a.sql, a.kind)} // nullif({wide(b.sql, b.kind)}, 0))", a.kind)


def _remainder(a: Value, b: Value) -> str:
    if b.constant is not None and b.constant not in {0, -1}:
        return f"({a.sql} % {b.sql})"
    stop = failing("% by zero has no value, and stops a run of Pig too.")

    def body(x: str, y: str) -> str:
        rest = f"CAST({wide(x, a.kind)} % {wide(y, b.kind)} AS {a.kind.sql})"
        return f"(CASE WHEN {x} IS NULL OR {y} IS NULL THEN NULL WHEN {y} = 0 THEN {stop} ELSE {rest} END)"

    return let(body, a, b)


def _floating_comparison(a: Value, operator: str, b: Value) -> str:
    if _is_other_than_zero(a) or _is_other_than_zero(b):
        return f"({a.sql} {operator} {b.sql})"
    equal: Callable[[str, str], str] = lambda x, y: f"({x} = {y} AND ({x} <> 0 OR signbit({x}) = signbit({y})))"  # noqa: E731
    less: Callable[[str, str], str] = (  # noqa: E731
        lambda x, y: f"({x} < {y} OR ({x} = 0 AND {y} = 0 AND signbit({x}) AND NOT signbit({y})))"
    )
    bodies: dict[str, Callable[[str, str], str]] = {
        "=": equal,
        "!=": lambda x, y: f"(NOT {equal(x, y)})",
        "<": less,
        ">": lambda x, y: less(y, x),
        "<=": lambda x, y: f"(NOT {less(y, x)})",
        ">=": lambda x, y: f"(NOT {less(x, y)})",
    }
    return let(bodies[operator], a, b)


def _is_other_than_zero(value: Value) -> bool:
    return isinstance(value.constant, float | int) and value.constant != 0 and not math.isnan(value.constant)
