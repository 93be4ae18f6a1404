"""Functions that DuckDB has not: PostgreSQL's ``numeric``, exact to the last digit, each value with its own places.

A value is a text, as PostgreSQL prints it. DuckDB calls the functions with thousands of values at a time, so that
a stop and the limit of memory still hold.
"""

from __future__ import annotations

import decimal
from collections.abc import Callable
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Any

MOST_DIGITS = 400
"""Of one value; PostgreSQL has up to 131,072, which would fill the memory outside of the database's limit."""
MOST_OF_CURVES = 60
"""Characters of a value whose root, logarithm or power is computed: a row has to take well below a millisecond, as
thousands are computed before a stop is seen."""
SIGNIFICANT = 16
"""Digits of a quotient, a root or a logarithm at least."""
_CONTEXT = decimal.Context(prec=2 * MOST_DIGITS + 50, rounding=ROUND_HALF_UP, Emin=-9999, Emax=9999)
_SPECIAL = {"NaN": Decimal("NaN"), "Infinity": Decimal("Infinity"), "-Infinity": Decimal("-Infinity")}


class Refused(ValueError):
    """A value that PostgreSQL, or the sandbox, does not compute."""


def read(text: str) -> Decimal:
    """A value from PostgreSQL's text of it."""
    value = _CONTEXT.create_decimal(text)
    exponent = value.as_tuple().exponent
    return value.quantize(Decimal(1), context=_CONTEXT) if isinstance(exponent, int) and exponent > 0 else value


def write(value: Decimal) -> str:
    """PostgreSQL's text of a value."""
    if value.is_nan():
        return "NaN"
    if value.is_infinite():
        return "-Infinity" if value < 0 else "Infinity"
    if value.adjusted() >= MOST_DIGITS:
        raise Refused(f"the sandbox computes a numeric of up to {MOST_DIGITS:,} digits")
    text = format(value, "f")
    return text[1:] if value == 0 and text.startswith("-") else text


def scale(value: Decimal) -> int:
    """The decimal places that a value has."""
    exponent = value.as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0


def rounded(value: Decimal, places: int, how: str = ROUND_HALF_UP) -> Decimal:
    """A value with so many decimal places; with a negative number, so many zeros before the point."""
    if not value.is_finite():
        return value
    if places >= 0:
        return value.quantize(Decimal(1).scaleb(-min(places, MOST_DIGITS)), rounding=how, context=_CONTEXT)
    if -places > MOST_DIGITS:
        return Decimal(0)
    step = value.scaleb(places).quantize(Decimal(1), rounding=how, context=_CONTEXT)
    return step.scaleb(-places).quantize(Decimal(1), context=_CONTEXT)


def add(a: Decimal, b: Decimal) -> Decimal:
    """``a + b``"""
    return rounded(_CONTEXT.add(a, b), max(scale(a), scale(b))) if not _endless(a, b) else _plain_sum(a, b)


def subtract(a: Decimal, b: Decimal) -> Decimal:
    """``a - b``"""
    return add(a, -b)


def _endless(a: Decimal, b: Decimal) -> bool:
    return not (a.is_finite() and b.is_finite())


def _plain_sum(a: Decimal, b: Decimal) -> Decimal:
    if a.is_nan() or b.is_nan() or (a.is_infinite() and b.is_infinite() and a != b):
        return Decimal("NaN")
    return a if a.is_infinite() else b


def multiply(a: Decimal, b: Decimal) -> Decimal:
    """``a * b``"""
    if _endless(a, b):
        if a.is_nan() or b.is_nan() or a == 0 or b == 0:
            return Decimal("NaN")
        return Decimal("Infinity" if (a < 0) == (b < 0) else "-Infinity")
    return rounded(_CONTEXT.multiply(a, b), scale(a) + scale(b))


def _weight(value: Decimal) -> tuple[int, int]:
    """Place and value of the first of PostgreSQL's digits, which are those of base 10,000."""
    if value == 0:
        return 0, 0
    weight = value.adjusted() // 4
    return weight, int(abs(value).scaleb(-4 * weight, context=_CONTEXT))


def _quotient_places(a: Decimal, b: Decimal) -> int:
    (weight_a, first_a), (weight_b, first_b) = _weight(a), _weight(b)
    weight = weight_a - weight_b - (first_a <= first_b)
    return min(max(SIGNIFICANT - 4 * weight, scale(a), scale(b), 0), MOST_DIGITS)


def divide(a: Decimal, b: Decimal) -> Decimal:
    """``a / b``"""
    if a.is_nan() or b.is_nan() or (a.is_infinite() and b.is_infinite()):
        return Decimal("NaN")
    if b == 0:
        raise Refused("division by zero")
    if a.is_infinite():
        return a if b > 0 else -a
    if b.is_infinite():
        return Decimal(0)
    places = _quotient_places(a, b)
    # In whole numbers, so that it is rounded once.
    numerator, denominator = a.scaleb(scale(b), _CONTEXT), b.scaleb(scale(b), _CONTEXT)
    shift = places + scale(numerator)
    top, bottom = abs(int(numerator.scaleb(shift, _CONTEXT))), abs(int(denominator)) * 10 ** scale(numerator)
    whole = (2 * top + bottom) // (2 * bottom)
    return Decimal(whole if (a < 0) == (b < 0) else -whole).scaleb(-places, _CONTEXT)


def remainder(a: Decimal, b: Decimal) -> Decimal:
    """``a % b``"""
    if a.is_nan() or b.is_nan() or a.is_infinite():
        return Decimal("NaN")
    if b == 0:
        raise Refused("division by zero")
    if b.is_infinite():
        return a
    return rounded(_CONTEXT.remainder(a, b), max(scale(a), scale(b)))


def quotient(a: Decimal, b: Decimal) -> Decimal:
    """``div(a, b)``"""
    if a.is_nan() or b.is_nan() or _endless(a, b):
        raise Refused("the sandbox does not compute div of what is not a finite number")
    if b == 0:
        raise Refused("division by zero")
    return rounded(_CONTEXT.divide_int(a, b), 0)


def compare(a: Decimal, b: Decimal) -> int:
    """Below, at or above 0, as ``a`` is less, the same or more; NaN is the same as itself, and more than the rest."""
    if a.is_nan() or b.is_nan():
        return int(a.is_nan()) - int(b.is_nan())
    return int(_CONTEXT.compare(a, b))


def square_root(a: Decimal) -> Decimal:
    """``sqrt(a)``"""
    if a.is_nan() or (a.is_infinite() and a > 0):
        return a
    if a < 0:
        raise Refused("cannot take square root of a negative number")
    # PostgreSQL estimates the digits of the root from the argument's weight.
    weight = 4 * _weight(a)[0]
    digits = weight // 2 + 1 if weight >= 0 else 1 - (1 - weight) // 2
    return _root(a, min(max(SIGNIFICANT - digits, scale(a), 0), MOST_DIGITS))


def _root(a: Decimal, places: int) -> Decimal:
    return rounded(_context(places + 30 + abs(a.adjusted())).sqrt(a), places)


def _context(digits: int) -> decimal.Context:
    return decimal.Context(prec=min(digits, 3 * MOST_DIGITS), Emin=-99999, Emax=99999)


def natural_logarithm(a: Decimal) -> Decimal:
    """``ln(a)``"""
    _positive(a)
    if not a.is_finite():
        return a
    value = _context(60).ln(a)
    places = min(max(SIGNIFICANT - _ln_weight(a), scale(a), 0), MOST_DIGITS)
    return rounded(_context(places + 20).ln(a) if value else Decimal(0), places)


def _ln_weight(a: Decimal) -> int:
    """PostgreSQL's estimate of the decimal weight of a logarithm."""
    if Decimal("0.9") <= a <= Decimal("1.1"):
        distance = abs(a - 1)
        return distance.adjusted() if distance else 0
    return int(abs(_context(30).ln(a)).log10())


def _positive(a: Decimal) -> None:
    if not a.is_nan() and a <= 0:
        raise Refused(f"cannot take logarithm of {'zero' if a == 0 else 'a negative number'}")


def logarithm(base: Decimal, a: Decimal) -> Decimal:
    """``log(base, a)``"""
    _positive(base)
    _positive(a)
    if _endless(base, a):
        raise Refused("the sandbox does not compute log of what is not a finite number")
    if base == 1:
        raise Refused("division by zero")
    weight = _ln_weight(a) - _ln_weight(base)
    places = min(max(SIGNIFICANT - weight, scale(base), scale(a), 0), MOST_DIGITS)
    context = _context(places + 40)
    return rounded(context.divide(context.ln(a), context.ln(base)), places)


def exponential(a: Decimal) -> Decimal:
    """``exp(a)``"""
    if not a.is_finite():
        return Decimal(0) if a.is_infinite() and a < 0 else a
    if a > 460:
        raise Refused(f"the sandbox computes a numeric of up to {MOST_DIGITS:,} digits")
    weight = int(float(max(a, Decimal(-5000))) * 0.434294481903252)
    places = min(max(SIGNIFICANT - weight, scale(a), 0), MOST_DIGITS)
    return rounded(_context(places + 30 + max(weight, 0)).exp(max(a, Decimal(-5000))), places)


def power(a: Decimal, b: Decimal) -> Decimal:
    """``power(a, b)``"""
    if _endless(a, b):
        raise Refused("the sandbox does not compute a power of what is not a finite number")
    if a == 0 and b < 0:
        raise Refused("zero raised to a negative power is undefined")
    if a < 0 and b != b.to_integral_value():
        raise Refused("a negative number raised to a non-integer power yields a complex result")
    if b == 0 or a == 0:
        return rounded(Decimal(int(b == 0)), max(SIGNIFICANT, scale(a), scale(b)))
    estimate = float(_context(20).ln(abs(a))) * float(b) * 0.434294481903252
    if abs(estimate) > 3 * MOST_OF_CURVES:
        raise Refused(f"the sandbox computes a power of up to {3 * MOST_OF_CURVES} digits")
    places = min(max(SIGNIFICANT - int(estimate), scale(a), scale(b), 0), MOST_DIGITS)
    context = _context(places + 40 + max(int(estimate), 0))
    return rounded(context.power(a, b), places)


def _curve(function: Callable[..., Decimal]) -> Callable[..., str]:
    """A function that takes long to compute where values have many digits."""

    def apply(*texts: str) -> str:
        if any(len(text) > MOST_OF_CURVES for text in texts):
            raise Refused(f"the sandbox computes roots, logarithms and powers of up to {MOST_OF_CURVES} digits")
        return _applied(function, *texts)

    return apply


def _applied(function: Callable[..., Decimal], *texts: str) -> str:
    try:
        return write(function(*map(read, texts)))
    except (decimal.DecimalException, OverflowError):
        raise Refused(f"the sandbox computes a numeric of up to {MOST_DIGITS:,} digits") from None


def _in_digits(text: str) -> tuple[int, int, int, int]:
    """A finite value as a whole number, its decimal places, and the weight and value of its first digit."""
    whole, _, part = text.partition(".")
    number = int(whole + part)
    digits = str(abs(number))
    # The first of PostgreSQL's digits, which are those of base 10,000, counted from the point.
    weight = (len(digits) - 1 - len(part)) // 4 if number else 0
    kept = len(digits) - len(part) - 4 * weight
    return number, len(part), weight, int(digits[:kept].ljust(kept, "0")) if number else 0


def _divided(a: str, b: str) -> str:
    """``a / b`` in whole numbers, which takes a fraction of the time that decimals do."""
    if not (a[-1].isdigit() and b[-1].isdigit() and len(a) < MOST_OF_CURVES and len(b) < MOST_OF_CURVES):
        return _applied(divide, a, b)
    number_a, scale_a, weight_a, first_a = _in_digits(a)
    number_b, scale_b, weight_b, first_b = _in_digits(b)
    if not number_b:
        raise Refused("division by zero")
    places = max(SIGNIFICANT - 4 * (weight_a - weight_b - (first_a <= first_b)), scale_a, scale_b, 0)
    top, bottom = abs(number_a) * 10 ** (places + scale_b), abs(number_b) * 10**scale_a
    digits = str((2 * top + bottom) // (2 * bottom)).rjust(places + 1, "0")
    sign = "-" if (number_a < 0) != (number_b < 0) and digits.strip("0") else ""
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"


def _fit(text: str, digits: int, places: int) -> str:
    """A value of ``numeric(digits, places)``."""
    value = read(text)
    if value.is_infinite():
        raise Refused("numeric field overflow")
    if value.is_nan():
        return "NaN"
    value = rounded(value, places)
    if value != 0 and value.adjusted() >= digits - places:
        raise Refused(f"numeric field overflow: {text} has no place in numeric({digits},{places})")
    return write(value)


def _kept(text: str, digits: int, places: int) -> str:
    """A value that a column of DuckDB's can hold without a loss."""
    whole, _, part = text.partition(".")
    if len(whole) <= digits - places and len(part) <= places and whole[-1].isdigit():
        return text
    value = read(text)
    if not value.is_finite():
        raise Refused(f"a column of the sandbox cannot hold the numeric {text}; cast it to double precision")
    if rounded(value, places) != value or (value != 0 and value.adjusted() >= digits - places):
        raise Refused(
            f"a column of the sandbox holds a numeric of {digits - places} digits before and {places} behind the "
            f"point, and not {text}; round it, or cast it to double precision"
        )
    return write(rounded(value, places))


def _from_text(text: str) -> str:
    import re

    stripped = text.strip(" \t\n\r\v\f")
    special = {"nan": "NaN", "infinity": "Infinity", "inf": "Infinity", "+infinity": "Infinity", "+inf": "Infinity"}
    special |= {"-infinity": "-Infinity", "-inf": "-Infinity"}
    if stripped.lower() in special:
        return special[stripped.lower()]
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,9})?", stripped, re.ASCII):
        raise Refused(f'invalid input syntax for type numeric: "{text}"')
    try:
        value = read(stripped)
        if scale(value) > MOST_DIGITS or value.adjusted() >= MOST_DIGITS:
            raise Refused(f"the sandbox computes a numeric of up to {MOST_DIGITS:,} digits")
        return write(value)
    except (decimal.DecimalException, OverflowError):
        raise Refused(f"the sandbox computes a numeric of up to {MOST_DIGITS:,} digits") from None


def _from_float(text: str) -> str:
    """A value from what ``%.15g`` makes of a double."""
    return {"nan": "NaN", "-nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(text) or write(read(text))


def _to_whole(text: str, kind: str) -> int:
    low, high = _RANGES[kind]
    value = read(text)
    if not value.is_finite():
        raise Refused(f"cannot convert {'NaN' if value.is_nan() else 'infinity'} to {kind}")
    number = int(rounded(value, 0)) if value.adjusted() < 40 else high + 1
    if not low <= number <= high:
        raise Refused(f"{kind} out of range")
    return number


_RANGES = {
    "smallint": (-(2**15), 2**15 - 1),
    "integer": (-(2**31), 2**31 - 1),
    "bigint": (-(2**63), 2**63 - 1),
}


def _bucket(text: str, low: str, high: str, count: int) -> int:
    value, start, end = read(text), read(low), read(high)
    if count <= 0:
        raise Refused("count must be greater than zero")
    if value.is_nan() or start.is_nan() or end.is_nan():
        raise Refused("operand, lower bound, and upper bound cannot be NaN")
    if _endless(start, end):
        raise Refused("lower and upper bounds must be finite")
    if start == end:
        raise Refused("lower bound cannot equal upper bound")
    if start > end:
        value, start, end = -value, -start, -end
    if value < start:
        return 0
    if value >= end:
        return count + 1
    return int(_CONTEXT.divide_int((value - start) * count, end - start)) + 1


def _variance(count: int, total: str, squares: str, is_population: bool, is_root: bool) -> str | None:
    """Variance or standard deviation of so many values, from their sum and the sum of their squares."""
    if count == 0 or (count == 1 and not is_population):
        return None
    n, sum_x, sum_x2 = Decimal(count), read(total), read(squares)
    numerator = subtract(multiply(n, sum_x2), multiply(sum_x, sum_x))
    if numerator <= 0:
        return "0"
    denominator = multiply(n, n if is_population else n - 1)
    value = divide(numerator, denominator)
    return write(_root(value, scale(value)) if is_root else value)


def _round(text: str, places: int) -> str:
    return write(rounded(read(text), max(min(places, MOST_DIGITS), -2000)))


def _truncate(text: str, places: int) -> str:
    return write(rounded(read(text), max(min(places, MOST_DIGITS), -2000), ROUND_DOWN))


def _whole(how: str) -> Callable[[str], str]:
    return lambda text: write(rounded(read(text), 0, how))


def _sign(text: str) -> str:
    value = read(text)
    return "NaN" if value.is_nan() else str((value > 0) - (value < 0))


def _two(function: Callable[[Decimal, Decimal], Decimal]) -> Callable[[str, str], str]:
    return lambda a, b: _applied(function, a, b)


_T, _I = "VARCHAR", "BIGINT"
FUNCTIONS: dict[str, tuple[Callable[..., Any], list[str], str]] = {
    "pg_add": (_two(add), [_T, _T], _T),
    "pg_subtract": (_two(subtract), [_T, _T], _T),
    "pg_multiply": (_two(multiply), [_T, _T], _T),
    "pg_divide": (_divided, [_T, _T], _T),
    "pg_remainder": (_two(remainder), [_T, _T], _T),
    "pg_quotient": (_two(quotient), [_T, _T], _T),
    "pg_power": (_curve(power), [_T, _T], _T),
    "pg_log": (_curve(logarithm), [_T, _T], _T),
    "pg_ln": (_curve(natural_logarithm), [_T], _T),
    "pg_exp": (_curve(exponential), [_T], _T),
    "pg_sqrt": (_curve(square_root), [_T], _T),
    "pg_negate": (lambda a: write(-read(a)), [_T], _T),
    "pg_abs": (lambda a: write(abs(read(a))), [_T], _T),
    "pg_sign": (_sign, [_T], _T),
    "pg_ceil": (_whole(decimal.ROUND_CEILING), [_T], _T),
    "pg_floor": (_whole(decimal.ROUND_FLOOR), [_T], _T),
    "pg_round": (_round, [_T, _I], _T),
    "pg_trunc": (_truncate, [_T, _I], _T),
    "pg_scale": (lambda a: scale(read(a)), [_T], _I),
    "pg_trim_scale": (lambda a: write(read(a).normalize(_CONTEXT)), [_T], _T),
    "pg_compare": (lambda a, b: compare(read(a), read(b)), [_T, _T], _I),
    "pg_fit": (_fit, [_T, _I, _I], _T),
    "pg_kept": (_kept, [_T, _I, _I], _T),
    "pg_numeric": (_from_text, [_T], _T),
    "pg_numeric_of_float": (_from_float, [_T], _T),
    "pg_whole": (_to_whole, [_T, _T], _I),
    "pg_width_bucket": (_bucket, [_T, _T, _T, _I], _I),
    "pg_variance": (_variance, [_I, _T, _T, "BOOLEAN", "BOOLEAN"], _T),
}
"""By DuckDB's name: the function of one row, the types of its arguments, and the type of its result."""
