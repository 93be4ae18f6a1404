"""Functions that DuckDB has not: what PostgreSQL reads in a text, and how it writes a value as one."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from fractions import Fraction
from typing import Any

from alpine.sandbox.engine.sql import letters
from alpine.sandbox.engine.sql.exact import Refused

_BLANKS = " \t\n\r\v\f"
_RANGES = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TRUE = ("true", "yes", "on", "1")
_FALSE = ("false", "no", "off", "0")
_FLOAT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_CLOCK = r"(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{0,9}))?)?(?:\s*([aApP][mM]))?"
_ZONE = r"(?:\s*(Z|UTC|GMT|[+-]\d{1,2}(?::?\d{2})?))?"
_DAYS = (
    re.compile(r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})", re.ASCII),
    re.compile(r"(?P<y>\d{4})/(?P<m>\d{1,2})/(?P<d>\d{1,2})", re.ASCII),
    re.compile(r"(?P<y>\d{4})\.(?P<m>\d{1,2})\.(?P<d>\d{1,2})", re.ASCII),
    re.compile(r"(?P<y>\d{4})-(?P<n>[A-Za-z]{3,9})-(?P<d>\d{1,2})", re.ASCII),
    re.compile(r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})", re.ASCII),
    re.compile(r"(?P<m>\d{1,2})[/-](?P<d>\d{1,2})[/-](?P<y>\d{4})", re.ASCII),
    re.compile(r"(?P<n>[A-Za-z]{3,9})\.? +(?P<d>\d{1,2}),? +(?P<y>\d{4})", re.ASCII),
    re.compile(r"(?P<d>\d{1,2})[ -](?P<n>[A-Za-z]{3,9})[ -](?P<y>\d{4})", re.ASCII),
)
_MOMENT = re.compile(rf"(?P<day>.+?)(?:(?:[T ]\s*){_CLOCK}{_ZONE})?", re.ASCII)
_TIME = re.compile(_CLOCK, re.ASCII)


def _invalid(kind: str, text: str) -> Refused:
    return Refused(f'invalid input syntax for type {kind}: "{text}"')


def _not_read(kind: str, text: str) -> Refused:
    # PostgreSQL reads dates and times in more ways than these.
    return Refused(f'the sandbox cannot read a {kind} in "{text}"')


def whole(text: str, kind: str) -> int:
    """A whole number of a type."""
    stripped = text.strip(_BLANKS)
    if not re.fullmatch(r"[+-]?\d+", stripped, re.ASCII):
        raise _invalid(kind, text)
    number = int(stripped) if len(stripped) < 40 else 2**64
    if not -_RANGES[kind] <= number < _RANGES[kind]:
        raise Refused(f'value "{text}" is out of range for type {kind}')
    return number


def double(text: str) -> float:
    """A ``double precision``."""
    stripped = text.strip(_BLANKS)
    if not _FLOAT.fullmatch(stripped):
        if stripped.lower().lstrip("+-") in ("inf", "infinity") or stripped.lower() == "nan":
            return float(stripped)
        raise _invalid("double precision", text)
    value = float(stripped)
    if value in (float("inf"), float("-inf")) or (value == 0 and re.search("[1-9]", re.split("[eE]", stripped)[0])):
        raise Refused(f'"{text}" is out of range for type double precision')
    return value


def truth(text: str) -> bool:
    """A ``boolean``, from a word or what it begins with."""
    word = text.strip(_BLANKS).lower()
    if word == "o" or not word:
        raise _invalid("boolean", text)
    if any(full.startswith(word) for full in _TRUE):
        return True
    if any(full.startswith(word) for full in _FALSE):
        return False
    raise _invalid("boolean", text)


def _day(text: str, kind: str, whole_text: str) -> date:
    for pattern in _DAYS:
        found = pattern.fullmatch(text)
        if not found:
            continue
        parts = found.groupdict()
        name = (parts.get("n") or "").lower()
        if name and not any(_month(full).startswith(name) for full in range(12)):
            break
        month = int(parts["m"]) if not name else next(i for i in range(12) if _month(i).startswith(name)) + 1
        try:
            return date(int(parts["y"]), month, int(parts["d"]))
        except ValueError:
            raise Refused(f'date/time field value out of range: "{whole_text}"') from None
    raise _not_read(kind, whole_text)


def _month(index: int) -> str:
    names = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october")
    return (*names, "november", "december")[index]


def _clock(hour: str, minute: str, second: str | None, part: str | None, half: str | None, text: str) -> timedelta:
    hours, seconds = int(hour), int(second or 0)
    if half:
        if not 1 <= hours <= 12:
            raise Refused(f'date/time field value out of range: "{text}"')
        hours = hours % 12 + (12 if half.lower() == "pm" else 0)
    digits = (part or "").ljust(6, "0")
    micros = int(digits[:6]) + (len(digits) > 6 and digits[6] >= "5")
    found = timedelta(hours=hours, minutes=int(minute), seconds=seconds, microseconds=micros)
    if int(minute) > 59 or seconds > 60 or found > timedelta(days=1):
        raise Refused(f'date/time field value out of range: "{text}"')
    return found


def _moment(text: str, kind: str) -> tuple[datetime, str | None]:
    stripped = text.strip(_BLANKS)
    found = _MOMENT.fullmatch(stripped)
    if not found:
        raise _not_read(kind, text)
    day = _day(found["day"].strip(), kind, text)
    hour, minute, second, part, half, zone = found.groups()[1:]
    offset = _clock(hour, minute, second, part, half, text) if hour else timedelta()
    return datetime(day.year, day.month, day.day) + offset, zone


def day(text: str) -> date:
    """A ``date``; a time of day behind it is dropped."""
    return _moment(text, "date")[0].date()


def timestamp(text: str) -> datetime:
    """A ``timestamp``; a time zone behind it is dropped."""
    return _moment(text, "timestamp")[0]


def timestamptz(text: str) -> datetime:
    """A ``timestamptz``; without a time zone it is one of UTC."""
    moment, zone = _moment(text, "timestamp with time zone")
    if not zone or zone in ("Z", "UTC", "GMT"):
        return moment.replace(tzinfo=UTC)
    digits = zone[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
    return moment.replace(tzinfo=timezone(offset if zone[0] == "+" else -offset)).astimezone(UTC)


def time_of_day(text: str) -> time:
    """A ``time``."""
    found = _TIME.fullmatch(text.strip(_BLANKS))
    if not found:
        raise _not_read("time", text)
    hour, minute, second, part, half = found.groups()
    passed = _clock(hour, minute, second, part, half, text)
    if passed >= timedelta(days=1):
        raise Refused("the sandbox has no time 24:00:00")
    return (datetime(2000, 1, 1) + passed).time()


def make_date(year: int, month: int, day_of_month: int) -> date:
    """``make_date``"""
    if year < 0:
        raise Refused("the sandbox has no dates before Christ")
    try:
        return date(year, month, day_of_month)
    except (ValueError, OverflowError):
        raise Refused(f"date field value out of range: {year}-{month:02d}-{day_of_month:02d}") from None


def make_timestamp(year: int, month: int, day_of_month: int, hour: int, minute: int, seconds: float) -> datetime:
    """``make_timestamp``"""
    moment = make_date(year, month, day_of_month)
    if not (0 <= hour <= 24 and 0 <= minute < 60 and 0 <= seconds <= 60) or hour + minute / 60 + seconds / 3600 > 24:
        raise Refused(f"time field value out of range: {hour}:{minute:02d}:{seconds:02g}")
    passed = timedelta(hours=hour, minutes=minute, microseconds=round(seconds * 1_000_000))
    return datetime(moment.year, moment.month, moment.day) + passed


_WRITTEN = re.compile(r"(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?")


def float_text(text: str, digits: int) -> str:
    """PostgreSQL's text of a ``real`` or a ``double precision``, from DuckDB's.

    :param digits: From so many digits before the point on it has an exponent.
    """
    if text.endswith(".0") and len(text) <= digits + 2:
        return text[:-2]
    if digits == 6 or "e+" in text or len(text) > 16:
        text = _shortest(text, digits)
    special = {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN", "-nan": "NaN"}
    if text in special:
        return special[text]
    found = _WRITTEN.fullmatch(text)
    if found is None:
        return text
    sign, before, behind, exponent = found.groups()
    behind = (behind or "").rstrip("0")
    digits_all = (before + behind).lstrip("0")
    point = len(before) + int(exponent or 0) - (len(before + behind) - len(digits_all))
    significant = digits_all.rstrip("0")
    if not significant:
        return f"{sign}0"
    power = point - 1
    if -4 <= power < digits:
        if point <= 0:
            return f"{sign}0.{'0' * -point}{significant}"
        if len(significant) <= point:
            return f"{sign}{significant.ljust(point, '0')}"
        return f"{sign}{significant[:point]}.{significant[point:]}"
    fraction = f".{significant[1:]}" if len(significant) > 1 else ""
    return f"{sign}{significant[0]}{fraction}e{'-' if power < 0 else '+'}{abs(power):02d}"


def _shortest(text: str, digits: int) -> str:
    """A number with as few digits as tell it from those beside it, as PostgreSQL counts them.

    DuckDB shows more of a large ``real``; and it takes the middle between two numbers, which only large ones have.
    """
    value = float(text)
    if not math.isfinite(value) or not value or (digits == 15 and abs(value) < 2**53):
        return text
    beside = [math.nextafter(value, to) for to in (-math.inf, math.inf)]
    if digits == 6:
        (bits,) = struct.unpack("i", struct.pack("f", value))
        value, *beside = (struct.unpack("f", struct.pack("i", place))[0] for place in (bits, bits - 1, bits + 1))
    found = text
    for count in range(digits, digits + 4):
        found = f"{value:.{count - 1}e}"
        away = Fraction(found) - Fraction(value)
        other = beside[away > 0]
        # Behind the largest number, as far as before it.
        other = other if math.isfinite(other) else beside[away <= 0]
        if 2 * abs(away) < abs(Fraction(other) - Fraction(value)):
            break
    return found


def array_text(values: list[str | None]) -> str:
    """PostgreSQL's text of an array."""
    return "{" + ",".join(map(_element, values)) + "}"


def _element(value: str | None) -> str:
    if value is None:
        return "NULL"
    if value and value.lower() != "null" and not re.search(r'[{}",\\\s]', value):
        return value
    return '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'


def fail(reason: str) -> str:
    """Break off, where a CASE comes to what PostgreSQL refuses."""
    raise Refused(reason)


def capitalised(text: str) -> str:
    """``initcap(text)``"""
    out: list[str] = []
    inside = False
    for sign in text:
        if not letters.is_known(sign):
            raise Refused(letters.NOT_KNOWN)
        out.append(letters.small(sign) if inside else letters.capital(sign))
        inside = letters.is_word(sign)
    return "".join(out)


_T, _I = "VARCHAR", "BIGINT"
FUNCTIONS: dict[str, tuple[Callable[..., Any], list[str], str]] = {
    "pg_int": (whole, [_T, _T], _I),
    "pg_double": (double, [_T], "DOUBLE"),
    "pg_bool": (truth, [_T], "BOOLEAN"),
    "pg_date": (day, [_T], "DATE"),
    "pg_timestamp": (timestamp, [_T], "TIMESTAMP"),
    "pg_timestamptz": (lambda text: timestamptz(text).replace(tzinfo=None), [_T], "TIMESTAMP"),
    "pg_time": (time_of_day, [_T], "TIME"),
    "pg_make_date": (make_date, [_I, _I, _I], "DATE"),
    "pg_make_timestamp": (make_timestamp, [_I, _I, _I, _I, _I, "DOUBLE"], "TIMESTAMP"),
    "pg_float_text": (float_text, [_T, _I], _T),
    "pg_array_text": (array_text, ["VARCHAR[]"], _T),
    "pg_fail": (fail, [_T], _T),
    "pg_initcap": (capitalised, [_T], _T),
}
"""By DuckDB's name: the function of one row, the types of its arguments, and the type of its result."""
