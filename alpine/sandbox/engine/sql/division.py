"""The quotient of two ``numeric`` as SQL of whole numbers, exact to the last digit, for what fits into 128 bits.

The places of a quotient depend on its value, as PostgreSQL counts them: in digits of base 10,000. What does not fit is
left to the function of :mod:`exact`, which takes several times as long, and one core only.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from alpine.sandbox.engine.sql.casts import made, text_numeric
from alpine.sandbox.engine.sql.exact import SIGNIFICANT
from alpine.sandbox.engine.sql.typed import HELD, Typed
from alpine.sandbox.engine.sql.types import MOST_DIGITS, TEXT, TEXT_NUMERIC, Type

_WHOLE = Type("int8")
_SMALL = 18
"""Digits of a whole number of 64 bits."""


def divided(a: Typed, b: Typed) -> Typed:
    """``a / b``"""
    if any(value.type.is_text or not _has_whole(*_size(value)) for value in (a, b)):
        return made("pg_divide({0}, {1})", [text_numeric(a), text_numeric(b)], TEXT_NUMERIC)
    body = _quotient(a.type, b.type)
    whole = made(f"list_transform([{{a0: {{0}}, a1: {{1}}}}], lambda {HELD}: {body})[1]", [a, b], TEXT_NUMERIC)
    return replace(whole, can_fail=True)


@lru_cache(maxsize=256)
def _quotient(kind_a: Type, kind_b: Type) -> str:
    """SQL of the quotient of two values that a lambda holds."""
    a, b = Typed(f'{HELD}."a0"', kind_a), Typed(f'{HELD}."a1"', kind_b)
    sizes = [_size(value) for value in (a, b)]
    (_, scale_a), (_, scale_b) = sizes
    top, bottom = (_whole(value, *size) for value, size in zip((a, b), sizes, strict=True))
    weights = [_weight(value, *size) for value, size in zip((top, bottom), sizes, strict=True)]
    estimate = "{0} // 10000 - {1} // 10000 - CASE WHEN {0} % 10000 <= {1} % 10000 THEN 1 ELSE 0 END"
    least = max(scale_a, scale_b)
    places = made(f"greatest({SIGNIFICANT} - 4 * ({estimate}), {least})", weights, _WHOLE)
    low, high = (_range(*size) for size in sizes)
    shifts = {max(SIGNIFICANT - 4 * step, least) for step in range(low[0] - high[1] - 1, low[1] - high[0] + 1)}
    fitting = [shift for shift in sorted(shifts) if shift + scale_b - scale_a < MOST_DIGITS - 1]
    factors = " ".join(f"WHEN {shift} THEN {_power(shift + scale_b - scale_a)}" for shift in fitting)
    limits = " ".join(f"WHEN {shift} THEN {_power(MOST_DIGITS - 1 - shift - scale_b + scale_a)}" for shift in fitting)
    moved = made(
        f"CASE WHEN {{0}} < CASE {{1}} {limits} ELSE 0 END THEN CAST({{0}} AS HUGEINT) * CASE {{1}} {factors} END END",
        [top, places],
        _WHOLE,
    )
    digits = made(
        "CAST({0} // {1} + CASE WHEN 2 * ({0} % {1}) >= {1} THEN 1 ELSE 0 END AS VARCHAR)",
        [moved, made("nullif({0}, 0)", [bottom], _WHOLE)],
        TEXT,
    )
    padded = made(
        "CASE WHEN {1} = 0 THEN {0} WHEN strlen({0}) > {1} THEN left({0}, strlen({0}) - {1}) || '.' || right({0}, {1}) "
        "ELSE '0.' || lpad({0}, CAST({1} AS INTEGER), '0') END",
        [digits, places],
        TEXT,
    )
    sign = made("CASE WHEN ({0} < 0) <> ({1} < 0) THEN '-' ELSE '' END", [a, b], TEXT)
    signed = made("CASE WHEN ltrim({1}, '0.') = '' THEN {1} ELSE {0} || {1} END", [sign, padded], TEXT)
    return made(
        "(CASE WHEN {0} = 0 AND {2} IS NOT NULL THEN error('division by zero') WHEN {1} IS NOT NULL THEN {1} "
        "ELSE pg_divide(CAST({2} AS VARCHAR), CAST({0} AS VARCHAR)) END)",
        [b, signed, a],
        TEXT_NUMERIC,
    ).sql


def _size(value: Typed) -> tuple[int, int]:
    return value.type.digits or 1, value.type.scale or 0


def _has_whole(digits: int, scale: int) -> bool:
    # DuckDB shows a number with all its digits behind the point without the zero before it.
    return digits > scale and (scale == 0 or max(digits, _SMALL + 1) + scale < MOST_DIGITS)


def _power(exponent: int) -> str:
    return f"CAST('1{'0' * exponent}' AS HUGEINT)" if exponent > _SMALL else f"CAST(1{'0' * exponent} AS BIGINT)"


def _whole(value: Typed, digits: int, scale: int) -> Typed:
    """The digits of a value, without its sign and its point."""
    kind = "BIGINT" if digits <= _SMALL else "HUGEINT"
    moved = "{0}"
    if scale:
        wide = f"DECIMAL({max(digits, _SMALL + 1)}, {scale})"
        moved = f"CAST({{0}} AS {wide}) * CAST(1{'0' * scale} AS DECIMAL({scale + 1}, 0))"
    return made(f"abs(CAST({moved} AS {kind}))", [value], _WHOLE)


def _range(digits: int, scale: int) -> tuple[int, int]:
    """The least and the largest weight that a value can have."""
    return min((-scale) // 4, 0), max((digits - 1 - scale) // 4, 0)


def _weight(value: Typed, digits: int, scale: int) -> Typed:
    """The first digit of base 10,000, and 10,000 times its weight, which is counted from -100; for 0, both are 0."""
    low, high = _range(digits, scale)
    cases = []
    for weight in range(high, low - 1, -1):
        exponent = scale + 4 * weight
        first = f"{{0}} // {_power(exponent)}" if exponent >= 0 else f"{{0}} * {10**-exponent}"
        cases.append(f"WHEN {{0}} >= {_power(max(exponent, 0))} THEN {weight + 100}0000 + {first}")
    return made(f"CAST(CASE {' '.join(cases)} ELSE 1000000 END AS BIGINT)", [value], _WHOLE)
