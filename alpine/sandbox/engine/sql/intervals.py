"""Functions that DuckDB has not: PostgreSQL's intervals, as their months, days and microseconds."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from alpine.sandbox.engine.sql.exact import Refused

_DAY = 86_400_000_000
_UNITS = {
    **dict.fromkeys(("millennium", "millenniums", "millennia", "mil", "mils"), (12_000, 0, 0)),
    **dict.fromkeys(("century", "centuries", "cent", "c"), (1_200, 0, 0)),
    **dict.fromkeys(("decade", "decades", "dec", "decs"), (120, 0, 0)),
    **dict.fromkeys(("year", "years", "yr", "yrs", "y"), (12, 0, 0)),
    **dict.fromkeys(("month", "months", "mon", "mons"), (1, 0, 0)),
    **dict.fromkeys(("week", "weeks", "w"), (0, 7, 0)),
    **dict.fromkeys(("day", "days", "d"), (0, 1, 0)),
    **dict.fromkeys(("hour", "hours", "hr", "hrs", "h"), (0, 0, 3_600_000_000)),
    **dict.fromkeys(("minute", "minutes", "min", "mins", "m"), (0, 0, 60_000_000)),
    **dict.fromkeys(("second", "seconds", "sec", "secs", "s"), (0, 0, 1_000_000)),
    **dict.fromkeys(("millisecond", "milliseconds", "msec", "msecs", "ms"), (0, 0, 1_000)),
    **dict.fromkeys(("microsecond", "microseconds", "usec", "usecs", "us"), (0, 0, 1)),
}
_PART = re.compile(
    r"\s*(?:(?P<sign>[+-])?(?P<h>\d+):(?P<m>\d{2})(?::(?P<s>\d{2})(?:\.(?P<f>\d{1,6}))?)?"
    r"|(?P<number>[+-]?\s*\d+)(?:\.(?P<part>\d+))?\s*(?P<unit>[a-z]+))",
    re.ASCII,
)
_STANDARD = re.compile(r"p((?:[+-]?\d+[ymwd])*)(?:t((?:[+-]?\d+(?:\.\d+)?[hms])+))?", re.ASCII)
_STANDARD_UNITS = ({"y": "year", "m": "month", "w": "week", "d": "day"}, {"h": "hour", "m": "minute", "s": "second"})


def _in_words(text: str) -> str:
    """The other forms of an interval, ``P1Y2M``, ``1-2``, ``1 02:03`` and ``90``, as the one with units."""
    if found := _STANDARD.fullmatch(text):
        parts = []
        for written, units in zip(found.groups(), _STANDARD_UNITS, strict=True):
            parts += [f"{number} {units[unit]}" for number, unit in re.findall(r"([+-]?[\d.]+)([a-z])", written or "")]
        return " ".join(parts)
    if found := re.fullmatch(r"(\d{1,9})-(\d{1,2})", text, re.ASCII):
        return f"{found[1]} year {found[2]} month" if int(found[2]) < 12 else ""
    if found := re.fullmatch(r"(\d{1,9})\s+(\d+:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)", text, re.ASCII):
        return f"{found[1]} day {found[2]}"
    return f"{text} second" if re.fullmatch(r"[+-]?\d{1,9}", text, re.ASCII) else text


def interval(text: str) -> tuple[int, int, int]:
    """An ``interval`` as months, days and microseconds."""
    rest, place = _in_words(text.strip(" \t\n\r\v\f").lower()), 0
    is_ago = rest.endswith(" ago")
    rest = rest.removesuffix(" ago")
    totals = [0, 0, 0]
    if not rest:
        raise _not_read(text)
    while place < len(rest):
        found = _PART.match(rest, place)
        if not found:
            raise _not_read(text)
        _add_part(totals, found, text)
        place = found.end()
        if rest[place:].isspace():
            break
    months, days, micros = (-total for total in totals) if is_ago else totals
    if max(abs(months), abs(days)) >= 2**31 or abs(micros) >= 2**63:
        raise Refused(f'interval field value out of range: "{text}"')
    return months, days, micros


def _not_read(text: str) -> Refused:
    return Refused(f'the sandbox cannot read an interval in "{text}"')


def _add_part(totals: list[int], found: re.Match[str], text: str) -> None:
    if found["h"]:
        micros = ((int(found["h"]) * 60 + int(found["m"])) * 60 + int(found["s"] or 0)) * 1_000_000
        micros += int((found["f"] or "").ljust(6, "0"))
        totals[2] += -micros if found["sign"] == "-" else micros
        return
    unit = _UNITS.get(found["unit"])
    written = re.sub(r"\s", "", found["number"])
    if unit is None or len(written) > 15:
        raise _not_read(text)
    number = int(written)
    for i, size in enumerate(unit):
        totals[i] += number * size
    if not found["part"]:
        return
    numerator, denominator = int(found["part"]), 10 ** len(found["part"])
    sign = -1 if written.startswith("-") else 1
    months, days, micros = (numerator * size for size in unit)
    if months:
        # Of a year whole months, of a month days of thirty to it, of a day its time.
        whole_months, left = divmod(months, denominator)
        totals[0] += sign * whole_months
        if left and unit[0] > 1:
            raise Refused(f"the sandbox does not read the part of a month in the interval {text!r}")
        days = left * 30
    whole_days, left = divmod(days, denominator)
    totals[1] += sign * whole_days
    micros += left * _DAY
    totals[2] += sign * ((2 * micros + denominator) // (2 * denominator))


def interval_times(months: int, days: int, micros: int, factor: float) -> list[int]:
    """``interval * factor``"""
    return _times(months, days, micros, lambda value: value * factor)


def interval_over(months: int, days: int, micros: int, divisor: float) -> list[int]:
    """``interval / divisor``"""
    if divisor == 0:
        raise Refused("division by zero")
    return _times(months, days, micros, lambda value: value / divisor)


def _times(months: int, days: int, micros: int, scaled: Callable[[int], float]) -> list[int]:
    try:
        all_months, all_days, all_micros = scaled(months), scaled(days), scaled(micros)
        whole_months, whole_days = int(all_months), int(all_days)
        spilled = round((all_months - whole_months) * 30 * 1e6) / 1e6
        seconds = round((all_days - whole_days + spilled - int(spilled)) * 86_400 * 1e6) / 1e6
        if abs(seconds) >= 86_400:
            more = int(seconds / 86_400)
            whole_days, seconds = whole_days + more, seconds - more * 86_400
        found = [whole_months, whole_days + int(spilled), round(all_micros + seconds * 1_000_000)]
    except (ValueError, OverflowError):
        raise Refused("interval out of range") from None
    return _in_range(*found)


def _in_range(months: int, days: int, micros: int) -> list[int]:
    if max(abs(months), abs(days)) >= 2**31 or abs(micros) >= 2**63:
        raise Refused("interval out of range")
    return [months, days, micros]


def _carried(upper: int, lower: int, size: int) -> tuple[int, int]:
    """What is more than a whole of the upper unit moves there, and both get the same sign."""
    more = abs(lower) // size * (1 if lower >= 0 else -1)
    return _same_sign(upper + more, lower - more * size, size)


def _same_sign(upper: int, lower: int, size: int) -> tuple[int, int]:
    if upper > 0 > lower:
        return upper - 1, lower + size
    if upper < 0 < lower:
        return upper + 1, lower - size
    return upper, lower


def justify_hours(months: int, days: int, micros: int) -> list[int]:
    """``justify_hours``: 24 hours are a day."""
    return _in_range(months, *_carried(days, micros, _DAY))


def justify_days(months: int, days: int, micros: int) -> list[int]:
    """``justify_days``: 30 days are a month."""
    return _in_range(*_carried(months, days, 30), micros)


def justify_interval(months: int, days: int, micros: int) -> list[int]:
    """``justify_interval``: both, and all parts have the same sign."""
    more = abs(micros) // _DAY * (1 if micros >= 0 else -1)
    days, micros = days + more, micros - more * _DAY
    more = abs(days) // 30 * (1 if days >= 0 else -1)
    months, days = months + more, days - more * 30
    if months > 0 and (days, micros) < (0, 0):
        months, days = months - 1, days + 30
    elif months < 0 and (days, micros) > (0, 0):
        months, days = months + 1, days - 30
    return _in_range(months, *_same_sign(days, micros, _DAY))


def interval_text(months: int, days: int, micros: int) -> str:
    """PostgreSQL's text of an interval."""
    parts: list[str] = []
    is_negative = False
    years, rest = (abs(months) // 12, abs(months) % 12)
    for number, name in ((years, "year"), (rest, "mon"), (days, "day")):
        value = number if name == "day" else (-number if months < 0 else number)
        if value:
            plus = "+" if is_negative and value > 0 else ""
            parts.append(f"{plus}{value} {name}{'' if value == 1 else 's'}")
            is_negative = value < 0
    if micros or not parts:
        sign = "-" if micros < 0 else "+" if is_negative else ""
        seconds, part = divmod(abs(micros), 1_000_000)
        fraction = f".{part:06d}".rstrip("0") if part else ""
        parts.append(f"{sign}{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{fraction}")
    return " ".join(parts)


_T, _I = "VARCHAR", "BIGINT"
FUNCTIONS: dict[str, tuple[Callable[..., Any], list[str], str]] = {
    "pg_interval": (lambda text: list(interval(text)), [_T], "BIGINT[]"),
    "pg_interval_times": (interval_times, [_I, _I, _I, "DOUBLE"], "BIGINT[]"),
    "pg_interval_over": (interval_over, [_I, _I, _I, "DOUBLE"], "BIGINT[]"),
    "pg_justify_hours": (justify_hours, [_I, _I, _I], "BIGINT[]"),
    "pg_justify_days": (justify_days, [_I, _I, _I], "BIGINT[]"),
    "pg_justify_interval": (justify_interval, [_I, _I, _I], "BIGINT[]"),
    "pg_interval_text": (interval_text, [_I, _I, _I], _T),
}
"""By DuckDB's name: the function of one row, the types of its arguments, and the type of its result."""
