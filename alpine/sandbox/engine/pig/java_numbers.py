"""Numbers as Java reads, writes and computes them, value by value."""

from __future__ import annotations

import decimal
import math
import re
import struct
from decimal import Decimal
from fractions import Fraction

from alpine.sandbox.engine.pig.refusals import RowFailure

MAX_DIGITS = 1_000
_EXACT = decimal.Context(
    prec=MAX_DIGITS, Emax=9_999, Emin=-9_999, traps=[decimal.Inexact, decimal.Overflow, decimal.InvalidOperation]
)
_WHOLE = re.compile(r"[+-]?\d+")
_FLOATING = re.compile(r"[+-]?(NaN|Infinity|((\d+\.?\d*|\.\d+)([eE][+-]?\d+)?)[fFdD]?)", re.ASCII)
_HEXADECIMAL = re.compile(r"[+-]?0[xX]([0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?\d+[fFdD]?", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,9})?", re.ASCII)
_BLANKS = "".join(map(chr, range(33)))
_BITS = {"int": 32, "long": 64}
_FLOAT_OVERFLOW = 3.4028235677973366e38
_STORED_DIGITS = 20
_STORED_SCALE = 18
_LEAST_PLAIN, _LEAST_EXPONENT = 1e-3, 1e7
_LONG_LIMIT = 2.0**63

ROUNDINGS = {
    0: decimal.ROUND_UP,
    1: decimal.ROUND_DOWN,
    2: decimal.ROUND_CEILING,
    3: decimal.ROUND_FLOOR,
    4: decimal.ROUND_HALF_UP,
    5: decimal.ROUND_HALF_DOWN,
    6: decimal.ROUND_HALF_EVEN,
}


def double_text(value: float) -> str:
    """A double as ``Double.toString`` writes it.

    >>> [double_text(x) for x in (5.0, 1e7, 0.001, 0.00012, 5e-324)]
    ['5.0', '1.0E7', '0.001', '1.2E-4', '4.9E-324']
    """
    return _written(value, repr(value), f"{value:.1e}", float)


def float_text(value: float) -> str:
    """A float as ``Float.toString`` writes it.

    :param value: The float, widened to a double.

    >>> float_text(16777216.0)
    '1.6777216E7'
    """
    return _written(value, _shortest_float(value), f"{value:.1e}", to_float)


def _written(value: float, shortest: str, two_digits: str, read: object) -> str:
    if _LEAST_PLAIN <= abs(value) < _LEAST_EXPONENT:
        return shortest
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    sign = "-" if math.copysign(1.0, value) < 0 else ""
    if value == 0:
        return sign + "0.0"
    _, digits, exponent = Decimal(shortest).as_tuple()
    if len(digits) == 1 and callable(read) and read(two_digits) == value:
        # Java writes two digits at least, and takes the two that are nearest.
        _, digits, exponent = Decimal(two_digits).as_tuple()
    assert isinstance(exponent, int)
    text = "".join(map(str, digits))
    point = len(text) + exponent
    text = text.rstrip("0") or "0"
    if -3 < point <= 0:
        return f"{sign}0.{'0' * -point}{text}"
    if 0 < point <= 7:
        return f"{sign}{text[:point].ljust(point, '0')}.{text[point:] or '0'}"
    return f"{sign}{text[0]}.{text[1:] or '0'}E{point - 1}"


def _shortest_float(value: float) -> str:
    for digits in range(9):
        text = f"{value:.{digits}e}"
        if to_float(text) == value:
            return repr(float(text))
    return repr(value)


def to_float(text: str | float) -> float:
    """A number rounded to a float.

    >>> to_float("1.1")
    1.100000023841858
    """
    number = float(text)
    if math.isfinite(number) and abs(number) >= _FLOAT_OVERFLOW:
        return math.copysign(math.inf, number)
    return float(struct.unpack("f", struct.pack("f", number))[0])


def read_double(text: str) -> float | None:
    """Text as ``Double.valueOf`` reads it, None where it does not.

    >>> [read_double(text) for text in (" 3.5 ", "3.5d", "1_0", "0x10", "0x1p3")]
    [3.5, 3.5, None, None, 8.0]
    """
    text = text.strip(_BLANKS)
    if _FLOATING.fullmatch(text):
        bare = text if text.endswith(("N", "y")) else text.rstrip("fFdD")
        return float(bare.replace("Infinity", "inf"))
    if _HEXADECIMAL.fullmatch(text):
        try:
            return float.fromhex(text.rstrip("fFdD") if text[-1] in "fFdD" else text)
        except OverflowError:
            return -math.inf if text[0] == "-" else math.inf
    return None


def read_float(text: str) -> float | None:
    """Text as ``Float.valueOf`` reads it, None where it does not."""
    number = read_double(text)
    return None if number is None else to_float(number)


def read_whole(text: str, kind: str) -> int | None:
    """Text cast to int or long: a fraction is cut, the lower end saturates, the upper one gives None.

    >>> texts = "3.9", "1e3", "2147483648", "99999999999", "-99999999999", "x"
    >>> [read_whole(text, "int") for text in texts]
    [3, 1000, 2147483647, None, -2147483648, None]
    """
    half = 1 << (_BITS[kind] - 1)
    plain = _plain_whole(text, half)
    if plain is not None:
        return plain
    number = read_double(text)
    if number is None or number > float(half):
        return None
    if math.isnan(number):
        return 0
    return half - 1 if number >= half else max(int(number) if math.isfinite(number) else -half, -half)


def read_whole_of_bytes(text: str, kind: str) -> int | None:
    """A field of a file cast to int or long: None at both ends.

    >>> texts = " 3.9", "2147483648", "-99999999999"
    >>> [read_whole_of_bytes(text, "int") for text in texts]
    [3, None, None]
    """
    half = 1 << (_BITS[kind] - 1)
    plain = _plain_whole(text.strip(_BLANKS), half)
    if plain is not None:
        return plain
    number = read_double(text)
    if number is None or math.isnan(number) or number >= half or number <= -float(half) - (1 if half < 1 << 53 else 0):
        return None
    return int(number)


def _plain_whole(text: str, half: int) -> int | None:
    if not _WHOLE.fullmatch(text) or len(text) > 20 or max(text) > "\uffff":
        return None
    number = int(text)
    return number if -half <= number < half else None


def read_boolean(text: str) -> bool | None:
    """Text cast to boolean: true and false, in any capitals."""
    return {"true": True, "false": False}.get(text.lower())


def read_big(kind: str, text: str) -> str:
    """Text cast to biginteger or bigdecimal.

    :raises RowFailure: It is none.
    """
    form = _INTEGER if kind == "biginteger" else _DECIMAL
    if not form.fullmatch(text):
        raise RowFailure(f"{text[:50]!r} is no {kind}; the cast stops a run of Pig too.")
    return _kept(Decimal(text))


def big(operation: str, left: str, right: str) -> str | None:
    """Arithmetic of biginteger and bigdecimal.

    :param operation: What to do and the type, as ``"add bigdecimal"``.
    :param left: The first operand, as Java writes it.
    :param right: The second one.
    :raises RowFailure: The result has too many digits, or stops Pig.

    >>> big("divide bigdecimal", "1", "3"), big("mod biginteger", "-7", "3")
    ('0.333333', '2')
    """
    verb, kind = operation.split()
    a, b = Decimal(left), Decimal(right)
    try:
        match verb:
            case "add":
                return _kept(_EXACT.add(a, b))
            case "subtract":
                return _kept(_EXACT.subtract(a, b))
            case "multiply":
                return _kept(_EXACT.multiply(a, b))
            case "negate":
                return _kept(a.copy_negate() if a else a)
            case "truncate":
                return str(int(a))
            case "divide" if not b:
                return None
            case "divide":
                return _quotient(a, b) if kind == "bigdecimal" else str(_whole_quotient(int(a), int(b)))
    except (decimal.Inexact, decimal.Overflow, decimal.InvalidOperation):
        raise _too_long(kind) from None
    if int(b) <= 0:
        raise RowFailure("biginteger % takes a positive number; another one stops a run of Pig too.")
    return str(int(a) % int(b))


def _whole_quotient(a: int, b: int) -> int:
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


def _quotient(a: Decimal, b: Decimal) -> str:
    scale = max(6, -_exponent(a) + len(b.as_tuple().digits) + 1)
    if scale > MAX_DIGITS or a.adjusted() - b.adjusted() > MAX_DIGITS:
        raise _too_long("bigdecimal")
    # Of the exact fraction: a quotient that is rounded first could be rounded twice.
    numerator, denominator = a.as_integer_ratio(), b.as_integer_ratio()
    top, bottom = numerator[0] * denominator[1] * 10**scale, numerator[1] * denominator[0]
    whole, rest = divmod(abs(top), abs(bottom))
    whole += 2 * rest >= abs(bottom)
    return _kept(Decimal(-whole if (top < 0) != (bottom < 0) else whole).scaleb(-scale, _EXACT))


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    return exponent


def _kept(value: Decimal) -> str:
    if (
        abs(value.adjusted()) > MAX_DIGITS
        or len(value.as_tuple().digits) > MAX_DIGITS
        or abs(_exponent(value)) > MAX_DIGITS
    ):
        raise _too_long("big number")
    # Java has no negative zero here.
    return str(value if value else value.copy_abs())


def _too_long(kind: str) -> RowFailure:
    return RowFailure(f"a {kind} has more than {MAX_DIGITS:,} digits; the sandbox computes with no more.")


def compare_big(left: str, right: str) -> int:
    """-1, 0 or 1, as the first is less than, equal to or more than the second."""
    a, b = Decimal(left), Decimal(right)
    return (a > b) - (a < b)


def double_decimal(value: float) -> str:
    """A double as bigdecimal: its shortest text, exactly."""
    if not math.isfinite(value):
        raise RowFailure(f"{double_text(value)} is no bigdecimal; the cast stops a run of Pig too.")
    return _kept(Decimal(double_text(value)))


def float_decimal(value: float) -> str:
    """A float as bigdecimal, where it is the same by way of a double."""
    if math.isfinite(value) and float_text(value) != double_text(value):
        raise RowFailure(
            f"how Pig makes a bigdecimal of the float {float_text(value)} is not known; cast it to double."
        )
    return double_decimal(value)


def double_integer(value: float) -> str:
    """A double as biginteger, its fraction cut."""
    if not math.isfinite(value) or abs(value) >= _LONG_LIMIT:
        raise RowFailure(f"how Pig makes a biginteger of {double_text(value)} is not known.")
    return str(int(value))


def big_whole(kind: str, text: str) -> int:
    """A biginteger or bigdecimal as int or long."""
    number = int(Decimal(text))
    half = 1 << (_BITS[kind] - 1)
    if not -half <= number < half:
        raise RowFailure(f"{text} does not fit into {kind}, and what Pig makes of it is not known.")
    return number


def big_double(text: str) -> float:
    """A biginteger or bigdecimal as double."""
    return float(text)


def stored_decimal(text: str) -> str:
    """A bigdecimal that DECIMAL(38,18) holds without a loss."""
    value = Decimal(text)
    if value and (value.adjusted() >= _STORED_DIGITS or _exponent(value.normalize(_EXACT)) < -_STORED_SCALE):
        raise RowFailure(
            f"the bigdecimal {text[:60]} has more than {_STORED_DIGITS} digits before the point or {_STORED_SCALE} "
            "after it; the sandbox keeps no more in a table."
        )
    return format(value, "f")


def round_to(kind: str, value: float, places: int, mode: int) -> float:
    """``ROUND_TO``: the decimal text of a number, rounded.

    >>> values = (2.5, 0), (2.675, 2), (1234.1789, -2)
    >>> [round_to("double", x, n, 6) for x, n in values]
    [2.0, 2.68, 1200.0]
    """
    if not math.isfinite(value):
        raise RowFailure(f"ROUND_TO cannot round {double_text(value)}; that stops a run of Pig too.")
    if mode not in ROUNDINGS:
        raise RowFailure(f"ROUND_TO has no rounding mode {mode}; the modes are 0 to 6.")
    if abs(places) > 400:
        raise RowFailure("ROUND_TO rounds to at most 400 places in the sandbox.")
    text = float_text(value) if kind == "float" else double_text(value)
    context = decimal.Context(prec=2_000, rounding=ROUNDINGS[mode], Emax=9_999, Emin=-9_999)
    rounded = float(context.quantize(Decimal(text), Decimal(1).scaleb(-places)))
    return to_float(rounded) if kind == "float" else rounded


def cube_root(value: float) -> float:
    """The double that is nearest to a cube root.

    >>> cube_root(27.0), cube_root(-0.001)
    (3.0, -0.1)
    """
    root = math.cbrt(value)
    if not math.isfinite(root) or root == 0:
        return root
    exact = Fraction(value)
    return min(
        (root, math.nextafter(root, 0), math.nextafter(root, 2 * root)), key=lambda x: abs(Fraction(x) ** 3 - exact)
    )


def units(text: str) -> bytes:
    """Text as UTF-16, whose bytes are in Java's order of texts."""
    return text.encode("utf-16-be", "surrogatepass")
