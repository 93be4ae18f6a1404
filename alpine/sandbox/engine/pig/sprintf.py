"""``SPRINTF``: the formats of ``java.util.Formatter`` that the sandbox knows."""

from __future__ import annotations

import decimal
import re
from decimal import Decimal

from alpine.sandbox.engine.pig.java_numbers import double_text, to_float
from alpine.sandbox.engine.pig.refusals import RowFailure

MAX_WIDTH = 1_000
MAX_TOTAL = 10_000
_FORMAT = re.compile(r"%(?:(\d{1,4})\$)?([-#+ 0,(]*)(\d{1,9})?(?:\.(\d{1,9}))?([a-zA-Z%])", re.ASCII)
_WHOLE = frozenset({"int", "long", "biginteger"})
_FRACTIONAL = frozenset({"float", "double", "bigdecimal"})
_BITS = {"int": 32, "long": 64}


def sprintf(form: str, kinds: str, values: list[str | None]) -> str | None:
    """Values in a form.

    :param form: The form, as ``"%05d"``.
    :param kinds: The types of the values, parted by blanks.
    :param values: The values, as Java writes them.
    :returns: None when a value is null.
    :raises RowFailure: A value does not go with its form, or the sandbox does not know it.

    >>> values = ["42", "2.675", "ab", "1234567"]
    >>> sprintf("%05d|%.2f|%-5s|%,d", "int double chararray int", values)
    '00042|2.68|ab   |1,234,567'
    """
    if any(value is None for value in values):
        return None
    names, position, written, end, widths = kinds.split(), 0, [], 0, 0
    for match in _FORMAT.finditer(form):
        _check_plain(form[end : match.start()], form)
        written.append(form[end : match.start()])
        end = match.end()
        explicit, flags, width, precision, letter = match.groups()
        widths += int(width or 0) + int(precision or 0)
        if widths > MAX_TOTAL or int(width or 0) > MAX_WIDTH or int(precision or 0) > MAX_WIDTH:
            raise RowFailure(f"SPRINTF pads to at most {MAX_WIDTH:,} characters in the sandbox.")
        if letter in {"%", "n"}:
            if explicit or flags or width or precision:
                raise _unknown(match.group())
            written.append("%" if letter == "%" else "\n")
            continue
        position = position if explicit else position + 1
        chosen = int(explicit) if explicit else position
        if not 1 <= chosen <= len(values):
            raise RowFailure(f"SPRINTF has no value for {match.group()!r}; that stops a run of Pig too.")
        value = values[chosen - 1]
        assert value is not None
        written.append(_formatted(match.group(), value, names[chosen - 1], flags, int(width or 0), precision, letter))
    _check_plain(form[end:], form)
    return "".join([*written, form[end:]])


def _check_plain(text: str, form: str) -> None:
    if "%" in text:
        raise _unknown(form)


def _unknown(form: str) -> RowFailure:
    return RowFailure(f"SPRINTF in the sandbox does not know the form {form[:60]!r}.")


def _formatted(form: str, value: str, kind: str, flags: str, width: int, precision: str | None, letter: str) -> str:
    if len(set(flags)) != len(flags) or ("-" in flags and "0" in flags) or (set(flags) & set("-0") and not width):
        raise _unknown(form)
    if letter in "sS":
        if set(flags) - {"-"}:
            raise _unknown(form)
        text = value if precision is None else value[: int(precision)]
        text = text.upper() if letter == "S" else text
    elif letter == "b" and precision is None and not set(flags) - {"-"}:
        text = value if kind == "boolean" else "true"
    elif letter == "d" and kind in _WHOLE and precision is None:
        text = _signed(Decimal(value), _grouped(value.lstrip("-"), flags), flags, width, form)
    elif letter in "xXo" and kind in _BITS and precision is None and not set(flags) - set("-0"):
        number = int(value) % (1 << _BITS[kind])
        text = f"{number:o}" if letter == "o" else f"{number:x}" if letter == "x" else f"{number:X}"
        text = text.rjust(width, "0") if "0" in flags else text
    elif letter in "feE" and kind in _FRACTIONAL:
        # Java widens a float before it writes its digits.
        value = double_text(to_float(value)) if kind == "float" else value
        text = _fraction(value, flags, width, 6 if precision is None else int(precision), letter, form)
    elif (letter in "dxXo" and kind not in _WHOLE) or (letter in "feEgGaA" and kind not in _FRACTIONAL):
        raise RowFailure(f"SPRINTF has {form!r} for a {kind}; that stops a run of Pig too.")
    else:
        raise _unknown(form)
    return text.ljust(width) if "-" in flags else text.rjust(width)


def _fraction(value: str, flags: str, width: int, places: int, letter: str, form: str) -> str:
    if (
        value in {"NaN", "Infinity", "-Infinity"}
        or ("," in flags and letter != "f")
        or ("(" in flags and letter != "f")
    ):
        raise _unknown(form)
    number = Decimal(value)
    context = decimal.Context(prec=2_500, rounding=decimal.ROUND_HALF_UP, Emax=99_999, Emin=-99_999)
    magnitude = number.copy_abs()
    if letter == "f":
        whole, _, rest = format(context.quantize(magnitude, Decimal(1).scaleb(-places)), "f").partition(".")
        text = _grouped(whole, flags) + ("." + rest if rest else "")
    else:
        exponent = magnitude.adjusted() if magnitude else 0
        scaled = context.quantize(magnitude.scaleb(-exponent, context), Decimal(1).scaleb(-places))
        if scaled >= 10:
            exponent += 1
            scaled = context.quantize(magnitude.scaleb(-exponent, context), Decimal(1).scaleb(-places))
        text = f"{scaled:f}e{exponent:+03d}"
        text = text.upper() if letter == "E" else text
    return _signed(number, text, flags, width, form)


def _grouped(digits: str, flags: str) -> str:
    return f"{int(digits):,}" if "," in flags else digits


def _signed(number: Decimal, text: str, flags: str, width: int, form: str) -> str:
    if ("+" in flags and " " in flags) or "#" in flags:
        raise _unknown(form)
    before, after = "", ""
    if number.is_signed():
        before, after = ("(", ")") if "(" in flags else ("-", "")
    elif "+" in flags or " " in flags:
        before = "+" if "+" in flags else " "
    if "0" in flags:
        text = text.rjust(width - len(before) - len(after), "0")
    return before + text + after
