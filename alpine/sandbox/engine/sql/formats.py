"""Functions that DuckDB has not: to_char, to_date, to_timestamp and to_number."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import Any

from alpine.sandbox.engine.sql.exact import Refused, read, rounded, write

_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October")
_MONTHS = (*_MONTHS, "November", "December")  # type: ignore[assignment]
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")


def _padded(value: int, width: int) -> Callable[[bool], str]:
    return lambda fill: str(value) if fill else f"{value:0{width}d}"


def _name(text: str, width: int) -> Callable[[bool], str]:
    return lambda fill: text if fill else text.ljust(width)


_Part = Callable[[datetime], Callable[[bool], str]]
_PARTS: dict[str, _Part] = {
    "YYYY": lambda t: _padded(t.year, 4),
    "YYY": lambda t: _padded(t.year % 1000, 3),
    "YY": lambda t: _padded(t.year % 100, 2),
    "Y": lambda t: _padded(t.year % 10, 1),
    "IYYY": lambda t: _padded(t.isocalendar()[0], 4),
    "IW": lambda t: _padded(t.isocalendar()[1], 2),
    "ID": lambda t: _padded(t.isoweekday(), 1),
    "MONTH": lambda t: _name(_MONTHS[t.month - 1].upper(), 9),
    "Month": lambda t: _name(_MONTHS[t.month - 1], 9),
    "month": lambda t: _name(_MONTHS[t.month - 1].lower(), 9),
    "MON": lambda t: _name(_MONTHS[t.month - 1][:3].upper(), 3),
    "Mon": lambda t: _name(_MONTHS[t.month - 1][:3], 3),
    "mon": lambda t: _name(_MONTHS[t.month - 1][:3].lower(), 3),
    "MM": lambda t: _padded(t.month, 2),
    "DAY": lambda t: _name(_DAYS[t.weekday()].upper(), 9),
    "Day": lambda t: _name(_DAYS[t.weekday()], 9),
    "day": lambda t: _name(_DAYS[t.weekday()].lower(), 9),
    "DY": lambda t: _name(_DAYS[t.weekday()][:3].upper(), 3),
    "Dy": lambda t: _name(_DAYS[t.weekday()][:3], 3),
    "dy": lambda t: _name(_DAYS[t.weekday()][:3].lower(), 3),
    "DDD": lambda t: _padded(t.timetuple().tm_yday, 3),
    "DD": lambda t: _padded(t.day, 2),
    "D": lambda t: _padded(t.isoweekday() % 7 + 1, 1),
    "HH24": lambda t: _padded(t.hour, 2),
    "HH12": lambda t: _padded(t.hour % 12 or 12, 2),
    "HH": lambda t: _padded(t.hour % 12 or 12, 2),
    "MI": lambda t: _padded(t.minute, 2),
    "SSSSS": lambda t: lambda _: str(t.hour * 3600 + t.minute * 60 + t.second),
    "SSSS": lambda t: lambda _: str(t.hour * 3600 + t.minute * 60 + t.second),
    "SS": lambda t: _padded(t.second, 2),
    "MS": lambda t: _padded(t.microsecond // 1000, 3),
    "US": lambda t: _padded(t.microsecond, 6),
    "AM": lambda t: _name("AM" if t.hour < 12 else "PM", 2),
    "PM": lambda t: _name("AM" if t.hour < 12 else "PM", 2),
    "am": lambda t: _name("am" if t.hour < 12 else "pm", 2),
    "pm": lambda t: _name("am" if t.hour < 12 else "pm", 2),
    "Q": lambda t: _padded((t.month + 2) // 3, 1),
    "WW": lambda t: _padded((t.timetuple().tm_yday - 1) // 7 + 1, 2),
    "W": lambda t: _padded((t.day - 1) // 7 + 1, 1),
    "CC": lambda t: _padded((t.year + 99) // 100, 2),
    "J": lambda t: lambda _: str(t.toordinal() + 1721425),
    "RM": lambda t: _name(_ROMAN[t.month - 1], 4),
    "rm": lambda t: _name(_ROMAN[t.month - 1].lower(), 4),
    "TZ": lambda _: _name("UTC", 3),
    "tz": lambda _: _name("utc", 3),
}

_NAMES = sorted(_PARTS, key=len, reverse=True)
_CASELESS = {name for name in _PARTS if name.upper() not in ("MONTH", "MON", "DAY", "DY", "AM", "PM", "RM", "TZ")}


@lru_cache(maxsize=256)
def _pieces(pattern: str) -> tuple[tuple[str, str, bool, str], ...]:
    """A pattern of a date: each part's name, or the text between, whether ``FM`` stands before it, and its suffix."""
    found: list[tuple[str, str, bool, str]] = []
    place, fill = 0, False
    while place < len(pattern):
        if pattern[place] == '"':
            end = pattern.find('"', place + 1)
            if end < 0 or "\\" in pattern[place:end]:
                raise Refused(f"the sandbox does not know the format {pattern!r}")
            found.append(("", pattern[place + 1 : end], False, ""))
            place = end + 1
            continue
        if pattern[place : place + 2] in ("FM", "fm"):
            fill, place = True, place + 2
            continue
        name = _part_at(pattern, place)
        if name is None:
            if pattern[place].isalnum() and pattern[place].isascii():
                raise Refused(f"the sandbox does not know {pattern[place:]!r} in the format {pattern!r}")
            found.append(("", pattern[place], False, ""))
            place += 1
            continue
        place += len(name)
        suffix = pattern[place : place + 2] if pattern[place : place + 2] in ("TH", "th") else ""
        place += len(suffix)
        key = name if name in _PARTS else name.upper()
        found.append((key, name, fill, suffix))
        fill = False
    return tuple(found)


def _part_at(pattern: str, place: int) -> str | None:
    if pattern[place : place + 2].upper() in ("FX", "TM", "SP", "OF", "BC", "AD", "RN", "FF", "BB"):
        raise Refused(f"the sandbox does not know {pattern[place : place + 2]!r} in the format {pattern!r}")
    for name in _NAMES:
        piece = pattern[place : place + len(name)]
        if piece == name or (name in _CASELESS and piece.upper() == name):
            if pattern[place : place + 4].upper() in ("A.M.", "P.M.", "B.C.", "A.D."):
                break
            if pattern[place : place + 5].upper() == "Y,YYY" or pattern[place : place + 3].upper() == "IDD":
                break
            if piece not in (name.upper(), name.lower()) and name in _CASELESS:
                # PostgreSQL reads shorter parts there, as I in Mi, or none.
                raise Refused(f"the sandbox does not know {piece!r} in the format {pattern!r}: write {name}")
            return piece
    return None


def moment_text(moment: datetime, pattern: str, *, has_zone: bool = False) -> str | None:
    """``to_char`` of a timestamp; only one with a time zone has a name of it."""
    if not pattern:
        return None
    out = ""
    for key, written, fill, suffix in _pieces(pattern):
        text = _PARTS[key](moment)(fill) if key else written
        if key in ("TZ", "tz") and not has_zone:
            text = ""
        out += text + (_ordinal(text, suffix) if suffix else "")
    return out


def passed_text(micros: int, pattern: str) -> str | None:
    """``to_char`` of an interval, or of a time of day."""
    if not pattern:
        return None
    if micros < 0:
        raise Refused("the sandbox does not format a time below zero")
    seconds, part = divmod(micros, 1_000_000)
    numbers = {"HH24": (seconds // 3600, 2), "MI": (seconds // 60 % 60, 2), "SS": (seconds % 60, 2)}
    numbers |= {"MS": (part // 1000, 3), "US": (part, 6)}
    out = ""
    for key, written, fill, suffix in _pieces(pattern):
        if suffix or (key and key not in numbers):
            raise Refused(f"the sandbox does not know {written!r} in the format {pattern!r} of an interval")
        out += _padded(*numbers[key])(fill) if key else written
    return out


def _ordinal(text: str, suffix: str) -> str:
    if not text.strip().isdigit():
        raise Refused("TH follows what is no number")
    number = int(text[-2:])
    word = "th" if 11 <= number <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return word.upper() if suffix == "TH" else word


_WIDTHS = {"YYYY": 4, "YY": 2, "MM": 2, "DD": 2, "HH24": 2, "HH12": 2, "HH": 2, "MI": 2, "SS": 2, "MS": 3, "US": 6}
_WIDTHS |= {"DDD": 3}


def moment_read(text: str, pattern: str) -> datetime:
    """``to_timestamp`` of a text."""
    if not text.strip():
        raise Refused("the sandbox reads no date in an empty text")
    values: dict[str, int] = {}
    place = 0
    pieces = _pieces(pattern)
    for index, (key, written, _, suffix) in enumerate(pieces):
        if suffix:
            raise Refused(f"the sandbox does not read TH of the format {pattern!r}")
        if not key:
            place = _read_between(written, text, place)
            continue
        while place < len(text) and text[place].isspace():
            place += 1
        if key.upper() in ("MONTH", "MON", "AM", "PM", "DAY", "DY"):
            place = _read_name(key.upper(), text, place, values)
            continue
        if key not in _WIDTHS:
            raise Refused(f"the sandbox does not read {written!r} of the format {pattern!r}")
        place = _read_number(key, written, pieces[index + 1 :], text, place, values)
    return _assembled(values, text)


def _read_between(written: str, text: str, place: int) -> int:
    """Skip what stands between two parts of a pattern."""
    if place < len(text) and not text[place].isalnum():
        return place + (written.isspace() or text[place] == written or not written.isalnum())
    return place + (len(written) if written.isalnum() or len(written) > 1 else 0)


def _read_number(
    key: str, written: str, rest: Sequence[tuple[str, str, bool, str]], text: str, place: int, values: dict[str, int]
) -> int:
    following = rest[0][0] if rest else ""
    # The digits of a year go on up to another sign, unless another number follows at once.
    is_open = key == "YYYY" and not following
    limit = 9 if is_open else _WIDTHS[key]
    found = re.compile(rf"{'[+-]?' if key == 'YYYY' else ''}\d{{1,{limit}}}", re.ASCII).match(text, place)
    if found is None:
        raise Refused(f'invalid value "{text[place : place + 2]}" for "{written}"')
    digits = found[0].ljust(_WIDTHS[key], "0") if key in ("MS", "US") else found[0]
    values[key] = int(digits)
    return found.end()


def _read_name(key: str, text: str, place: int, values: dict[str, int]) -> int:
    names = {"MONTH": _MONTHS, "MON": tuple(m[:3] for m in _MONTHS), "DAY": _DAYS, "DY": tuple(d[:3] for d in _DAYS)}
    for index, name in enumerate(names.get(key, ("AM", "PM"))):
        if text[place : place + len(name)].lower() == name.lower():
            if key in ("MONTH", "MON"):
                values["MM"] = index + 1
            elif key in ("AM", "PM"):
                values["half"] = index
            return place + len(name)
    raise Refused(f'invalid value "{text[place : place + 3]}" for "{key}"')


def _assembled(values: dict[str, int], text: str) -> datetime:
    hour = values.get("HH24", 0)
    for key in ("HH12", "HH"):
        if key in values:
            hour = values[key]
            if not 1 <= hour <= 12:
                raise Refused(f'hour "{hour}" is invalid for the 12-hour clock')
            if "half" in values:
                hour = hour % 12 + 12 * values["half"]
            elif hour == 12:
                hour = 0
    year = values.get("YYYY", 1)
    if "YY" in values:
        short = values["YY"]
        year = short if short > 99 else short + (2000 if short < 70 else 1900)
    if "DDD" in values and "DD" not in values:
        moment = datetime(year, 1, 1).fromordinal(date(year, 1, 1).toordinal() + values["DDD"] - 1)
        values["MM"], values["DD"] = moment.month, moment.day
    if year == 1 and "YYYY" not in values:
        raise Refused("the sandbox has no date without a year")
    micros = values.get("MS", 0) * 1000 + values.get("US", 0)
    try:
        return datetime(
            year, values.get("MM", 1), values.get("DD", 1), hour, values.get("MI", 0), values.get("SS", 0), micros
        )
    except ValueError:
        raise Refused(f'date/time field value out of range: "{text}"') from None


_NUMBER = re.compile(r"(FM)?(SG|S|MI|PL)?(\$|L)?([09,G]*)([.D][09]*)?(S|MI|PL|SG|PR)?", re.IGNORECASE)


@lru_cache(maxsize=256)
def _number_format(pattern: str) -> tuple[bool, str, str, str, str, str]:
    found = _NUMBER.fullmatch(pattern)
    if found is None or not re.search("[09]", pattern) or len(pattern) > 100:
        raise Refused(f"the sandbox does not know the format {pattern!r} of a number")
    fill, before, currency, whole, part, behind = (text or "" for text in found.groups())
    is_known = whole and part.upper() not in (".", "D") and before.upper() not in ("PL", "SG", "MI")
    if not is_known or currency.upper() == "L" or behind.upper() in ("PL", "SG"):
        raise Refused(f"the sandbox does not know the format {pattern!r} of a number")
    if (before and behind) or (currency and (before or behind)):
        raise Refused(f"the sandbox does not know the format {pattern!r} of a number")
    return bool(fill), before.upper(), currency, whole.upper().replace("G", ","), part.upper(), behind.upper()


def number_text(text: str, pattern: str) -> str:
    """``to_char`` of a number."""
    part = _number_format(pattern)[4]
    value = read(text)
    if not value.is_finite():
        raise Refused(f"the sandbox does not format {text}")
    return _formatted(value, rounded(value, len(part) - 1 if part else 0), pattern)


def float_format(value: float, pattern: str, digits: int) -> str:
    """``to_char`` of a ``double precision``, which is rounded as the C library does.

    :param digits: How many of a number PostgreSQL shows.
    """
    part = _number_format(pattern)[4]
    exact = Decimal(value)
    if not exact.is_finite():
        raise Refused(f"the sandbox does not format {value}")
    places = len(part) - 1 if part else 0
    if len(f"{abs(value):.0f}") + places > digits:
        raise Refused(f"the sandbox formats up to {digits} digits of this type; cast it to numeric")
    return _formatted(exact, rounded(exact, places, ROUND_HALF_EVEN), pattern)


def _formatted(value: Decimal, shown: Decimal, pattern: str) -> str:
    fill, before, currency, whole, part, behind = _number_format(pattern)
    is_negative = shown < 0 or (value < 0 and shown != 0)
    digits, _, fraction = write(abs(shown)).partition(".")
    digits = "" if digits == "0" else digits
    body = _whole_part(digits, whole, bool(part))
    if part:
        kept = fraction
        if "#" in body:
            kept = "#" * len(fraction)
        elif fill:
            last = max((i for i, sign in enumerate(part[1:], 1) if sign == "0"), default=0)
            kept = fraction[:last] + fraction[last:].rstrip("0")
        body += f".{kept}"
    return _signed(body, is_negative, fill, before, currency, behind)


def _whole_part(digits: str, whole: str, has_point: bool) -> str:
    places = sum(sign in "09" for sign in whole)
    if len(digits) > places:
        return "".join("," if sign == "," else "#" for sign in whole)
    filled = digits.rjust(places)
    first_zero = whole.find("0")
    out, index, started = "", 0, False
    for place, sign in enumerate(whole):
        if sign == ",":
            out += "," if started else " "
            continue
        digit = filled[index]
        index += 1
        if digit == " " and (0 <= first_zero <= place):
            digit = "0"
        if digit == " " and index == places and not has_point:
            digit = "0"
        started = started or digit != " "
        out += digit
    return out


def _signed(body: str, is_negative: bool, fill: bool, before: str, currency: str, behind: str) -> str:
    stripped = body.lstrip(" ")
    pad = "" if fill else " " * (len(body) - len(stripped))
    if behind == "PR":
        text = f"<{stripped}>" if is_negative else (stripped if fill else f" {stripped} ")
        return pad + text
    if behind == "MI":
        return f"{pad}{currency}{stripped}{'-' if is_negative else ('' if fill else ' ')}"
    if before == "S":
        return f"{pad}{'-' if is_negative else '+'}{currency}{stripped}"
    if behind == "S":
        return f"{pad}{currency}{stripped}{'-' if is_negative else '+'}"
    if currency:
        sign = "-" if is_negative else ("" if fill else " ")
        return f"{currency}{pad}{sign}{stripped}"
    sign = "-" if is_negative else ("" if fill else " ")
    return f"{pad}{sign}{stripped}"


def number_read(text: str, pattern: str) -> str:
    """``to_number``"""
    currency, whole, part, behind = _number_format(pattern)[2:]
    stripped = text.strip()
    found = re.fullmatch(r"([+-]?)(\$?)([\d,]*)(\.\d*)?([+-]?)", stripped, re.ASCII)
    if found is None or (found[2] and not currency) or (found[1] and found[5]):
        raise Refused(f"the sandbox does not read {text!r} with the format {pattern!r}")
    if (found[5] and behind not in ("S", "MI")) or (found[1] and behind in ("MI",)):
        raise Refused(f"the sandbox does not read {text!r} with the format {pattern!r}")
    commas = [place for place, sign in enumerate(reversed(found[3])) if sign == ","]
    allowed = [place for place, sign in enumerate(reversed(whole)) if sign == ","]
    digits = found[3].replace(",", "")
    fraction = (found[4] or "").removeprefix(".")
    places = sum(sign in "09" for sign in whole)
    if (commas and commas != allowed[: len(commas)]) or len(digits) > places or len(fraction) > max(len(part) - 1, 0):
        raise Refused(f"the sandbox does not read {text!r} with the format {pattern!r}")
    if not digits and not fraction:
        raise Refused(f'invalid input syntax for type numeric: "{text}"')
    sign = "-" if "-" in (found[1], found[5]) else ""
    return write(Decimal(f"{sign}{digits or '0'}.{fraction}" if fraction else f"{sign}{digits}"))


_T = "VARCHAR"
FUNCTIONS: dict[str, tuple[Callable[..., Any], list[str], str]] = {
    "pg_moment_text": (moment_text, ["TIMESTAMP", _T], _T),
    "pg_moment_text_utc": (lambda moment, pattern: moment_text(moment, pattern, has_zone=True), ["TIMESTAMP", _T], _T),
    "pg_passed_text": (passed_text, ["BIGINT", _T], _T),
    "pg_to_timestamp": (moment_read, [_T, _T], "TIMESTAMP"),
    "pg_number_text": (number_text, [_T, _T], _T),
    "pg_float_format": (float_format, ["DOUBLE", _T, "BIGINT"], _T),
    "pg_to_number": (number_read, [_T, _T], _T),
}
"""By DuckDB's name: the function of one row, the types of its arguments, and the type of its result."""
