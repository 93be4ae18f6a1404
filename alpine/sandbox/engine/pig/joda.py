"""Joda-Time's date patterns: text read and written by them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from alpine.sandbox.engine.pig import calendar
from alpine.sandbox.engine.pig.calendar import DAY, HOUR, MINUTE, SECOND, UTC_NAME, civil, instant
from alpine.sandbox.engine.pig.refusals import RowFailure

MAX_PATTERN = 200
MAX_WIDTH = 20
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
          "December")  # fmt: skip
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_WRITTEN = frozenset("GCYyxwewEDMdaKhHkmsSzZ")
_READ = frozenset("YyxweEDMdaKhHkmsSZ")
_ALWAYS_NUMBERS = frozenset("cCyYxweDdFhHmsSkK")
_MOST_DIGITS = {"M": 2, "d": 2, "H": 2, "k": 2, "h": 2, "K": 2, "m": 2, "s": 2, "D": 3, "w": 2, "e": 1}
_UNITS = {"H": HOUR, "k": HOUR, "m": MINUTE, "s": SECOND}
# The order in which what was read takes effect: by the span within which a field counts, then by its own size.
_ORDER = "yxMwDdeaHKmsS"
_BOUNDS = {
    "M": (1, 12),
    "H": (0, 23),
    "k": (1, 24),
    "K": (0, 11),
    "h": (1, 12),
    "m": (0, 59),
    "s": (0, 59),
    "e": (1, 7),
}


class Part(NamedTuple):
    """A piece of a pattern.

    :param letter: The letter; empty for text.
    :param times: How often it stands there.
    :param text: The text.
    :param is_before_number: Whether another number follows at once.
    """

    letter: str
    times: int
    text: str
    is_before_number: bool


@lru_cache(maxsize=256)
def parts(pattern: str) -> tuple[Part, ...]:
    """A pattern in pieces.

    :raises RowFailure: It is not a pattern of Joda's.
    """
    if not pattern:
        raise RowFailure("a date pattern is empty.")
    if len(pattern) > MAX_PATTERN:
        raise RowFailure("a date pattern is longer than 200 characters.")
    found = list(re.finditer(r"'((?:''|[^'])*)'|([A-Za-z])\2*|(')|([^A-Za-z']+)", pattern))
    pieces: list[Part] = []
    for i, match in enumerate(found):
        if match.group(3):
            raise RowFailure(f"the date pattern {pattern!r} has a quote that is not closed.")
        letters = match.group() if match.group(2) else ""
        if letters:
            if letters[0] not in _WRITTEN or len(letters) > MAX_WIDTH:
                raise RowFailure(f"the date pattern {pattern!r} has {letters[:MAX_WIDTH]!r}, which is unknown.")
            following = found[i + 1].group() if i + 1 < len(found) else ""
            pieces.append(Part(letters[0], len(letters), "", _is_number(following)))
        else:
            quoted = match.group(1)
            text = match.group(4) if quoted is None else quoted.replace("''", "'") or "'"
            pieces.append(Part("", 0, text, False))
    return tuple(pieces)


def _is_number(letters: str) -> bool:
    return bool(letters) and (letters[0] in _ALWAYS_NUMBERS or (letters[0] == "M" and len(letters) <= 2))


def check_pattern(pattern: str, *, is_read: bool) -> None:
    """Make sure that a pattern can be used.

    :param pattern: The pattern.
    :param is_read: Whether text is read by it; else it is written.
    :raises RowFailure: It cannot.
    """
    for part in parts(pattern):
        if is_read and part.letter and part.letter not in _READ:
            raise RowFailure(f"the sandbox reads no dates by {part.letter!r} in the pattern {pattern!r}.")
        if is_read and part.letter == "Z" and part.times > 2:
            raise RowFailure(f"the sandbox reads no names of time zones ({pattern!r}).")


# --- writing ---------------------------------------------------------------------------------------------------------


def write(moment: str, pattern: str) -> str:
    """A moment by a pattern.

    >>> write("1366366830400|+02:00", "EEE dd MMM yyyy, hh:mm a ZZ")
    'Fri 19 Apr 2013, 12:20 PM +02:00'
    """
    check_pattern(pattern, is_read=False)
    wall = calendar.wall_of(moment)
    milliseconds, zone = calendar.parted(moment)
    return "".join(part.text or _written(part, wall, wall - milliseconds, zone) for part in parts(pattern))


def write_iso(moment: str) -> str:
    """A moment as ``ToString`` writes it without a pattern."""
    written = write(moment, "yyyy-MM-dd'T'HH:mm:ss.SSSZZ")
    return written.removesuffix("+00:00") + "Z" if written.endswith("+00:00") else written


def _written(part: Part, wall: int, offset: int, zone: str) -> str:
    letter, count = part.letter, part.times
    now = civil(wall)
    match letter:
        case "y" | "Y" | "x":
            year = calendar.week(wall)[0] if letter == "x" else now.year
            year = 1 - year if letter == "Y" and year <= 0 else year
            return f"{abs(year) % 100:02}" if count == 2 else _padded(year, count)
        case "C":
            return _padded((now.year if now.year > 0 else 1 - now.year) // 100, count)
        case "G":
            return "AD" if now.year > 0 else "BC"
        case "M":
            name = MONTHS[now.month - 1]
            return _padded(now.month, count) if count < 3 else name[:3] if count == 3 else name
        case "E":
            name = DAYS[calendar.day_of_week(wall) - 1]
            return name if count > 3 else name[:3]
        case "a":
            return "PM" if now.of_day >= 12 * HOUR else "AM"
        case "S":
            return f"{now.of_day % SECOND:03}".ljust(count, "0")[:count]
        case "z" | "Z":
            return _zone(letter, count, offset, zone)
    return _padded(_number(letter, wall, now), count)


def _number(letter: str, wall: int, now: calendar.Civil) -> int:
    hour = now.of_day // HOUR
    numbers: dict[str, Callable[[], int]] = {
        "d": lambda: now.day,
        "D": lambda: (wall - instant(now.year)) // DAY + 1,
        "e": lambda: calendar.day_of_week(wall),
        "w": lambda: calendar.week(wall)[1],
        "H": lambda: hour,
        "k": lambda: hour or 24,
        "K": lambda: hour % 12,
        "h": lambda: hour % 12 or 12,
        "m": lambda: now.of_day % HOUR // MINUTE,
        "s": lambda: now.of_day % MINUTE // SECOND,
    }
    return numbers[letter]()


def _padded(number: int, count: int) -> str:
    return ("-" if number < 0 else "") + str(abs(number)).rjust(count, "0")


def _zone(letter: str, count: int, offset: int, zone: str) -> str:
    if letter == "Z" and count > 2:
        return zone
    if letter == "z":
        if zone == UTC_NAME:
            return "UTC" if count < 4 else "Coordinated Universal Time"
        if zone[0] in "+-":
            return zone
        raise RowFailure(f"the sandbox writes no names of the time zone {zone}.")
    minutes = abs(offset) // MINUTE
    colon = ":" if count == 2 else ""
    return f"{'-' if offset < 0 else '+'}{minutes // 60:02}{colon}{minutes % 60:02}"


# --- reading ---------------------------------------------------------------------------------------------------------


def read(text: str, pattern: str) -> int:
    """The instant that a text says by a pattern; UTC where it says no zone.

    :raises RowFailure: It says none.

    >>> read("19-APR-13", "dd-MMM-yy") == read("2013-04-19", "yyyy-MM-dd")
    True
    """
    return _read(text, pattern, UTC_NAME, datetime.now(UTC).year)


def read_in_zone(text: str, pattern: str, zone: str) -> str:
    """The moment that a text says by a pattern, in a zone."""
    name = calendar.zone_name(zone)
    return calendar.zoned(_read(text, pattern, name, datetime.now(UTC).year), name)


def read_or_none(text: str, pattern: str) -> int | None:
    """As :func:`read`, but None where the text says no instant."""
    try:
        return read(text, pattern)
    except RowFailure:
        return None


@lru_cache(maxsize=8_192)
def _read(text: str, pattern: str, zone: str, this_year: int) -> int:
    check_pattern(pattern, is_read=True)
    values: dict[str, int] = {}
    offset: int | None = None
    at = 0
    for part in parts(pattern):
        if not part.letter:
            if text[at : at + len(part.text)].lower() != part.text.lower():
                raise _unread(text, pattern)
            at += len(part.text)
            continue
        if part.letter == "Z":
            found = re.compile(r"Z|([+-])(\d\d):?(\d\d)", re.ASCII).match(text, at)
            if not found:
                raise _unread(text, pattern)
            offset = calendar.offset_at(calendar.zone_name(found.group()), 0)
        else:
            found = _field(part).match(text, at)
            if not found:
                raise _unread(text, pattern)
            name, value = _value(part, found.group(), this_year)
            if values.setdefault(name, value) != value:
                raise RowFailure(f"the sandbox reads no date that says one thing twice ({text[:60]!r}).")
        at = found.end()
    if at != len(text):
        raise _unread(text, pattern)
    wall = _resolved(values, text)
    return calendar.instant_of(wall, zone) if offset is None else wall - offset


def _unread(text: str, pattern: str) -> RowFailure:
    return RowFailure(f"ToDate cannot read {text[:60]!r} by the pattern {pattern!r}; that stops a run of Pig too.")


@lru_cache(maxsize=256)
def _field(part: Part) -> re.Pattern[str]:
    letter, count = part.letter, part.times
    if letter in "yYx":
        if count == 2:
            return re.compile(r"\d\d" if part.is_before_number else r"[+-]?\d+", re.ASCII)
        sign = "" if letter == "Y" else "-?"
        return re.compile(rf"{sign}\d{{1,{count if part.is_before_number else 9}}}", re.ASCII)
    if letter == "S":
        return re.compile(rf"\d{{1,{count}}}", re.ASCII)
    if letter == "a":
        return re.compile("am|pm", re.IGNORECASE)
    if letter == "E" or (letter == "M" and count > 2):
        names = DAYS if letter == "E" else MONTHS
        return re.compile("|".join([*names, *(name[:3] for name in names)]), re.IGNORECASE)
    return re.compile(rf"\d{{1,{max(_MOST_DIGITS[letter], 1)}}}", re.ASCII)


def _value(part: Part, text: str, this_year: int) -> tuple[str, int]:
    """What a field says: the field, in a form that several letters share, and its value."""
    letter = part.letter
    if letter in "yYx":
        year = int(text)
        if part.times == 2 and len(text) == 2 and text.isdigit():
            low = this_year - 30 - 50
            year += low + (100 if year < low % 100 else 0) - low % 100
        return ("x" if letter == "x" else "y"), year
    if letter == "S":
        return "S", int(text.ljust(3, "0")[:3])
    if letter == "a":
        return "a", int(text.lower() == "pm")
    if letter == "E":
        return "e", 1 + [name[:3].lower() for name in DAYS].index(text[:3].lower())
    if letter == "M" and part.times > 2:
        return "M", 1 + [name[:3].lower() for name in MONTHS].index(text[:3].lower())
    number = int(text)
    low, high = _BOUNDS.get(letter, (0, 10**9))
    if not low <= number <= high:
        raise RowFailure(
            f"ToDate cannot read the {letter!r} of a date: {text} is out of range; that stops a run of Pig too."
        )
    if letter == "k":
        return "H", number % 24
    if letter == "h":
        return "K", number % 12
    return letter, number


def _resolved(values: dict[str, int], text: str) -> int:
    """What the fields say together, the largest first, from 1970-01-01 on."""
    fields = sorted(values, key=_ORDER.index)
    if fields and fields[0] in "MDwde":
        # Joda takes a leap year for a day without a year.
        values = {**values, "y": 2000}
        fields.insert(0, "y")
    if "H" in values and values.keys() & {"K", "a"}:
        raise RowFailure(f"the sandbox reads no date with hours of two kinds ({text[:60]!r}).")
    now = 0
    # Twice, as Joda does: a field may be out of range until a later one is set.
    for is_first in (True, False):
        for name in fields:
            now = _set(now, name, values[name], text, is_first)
    return now


def _set(now: int, name: str, value: int, text: str, is_rounded: bool) -> int:
    moment = civil(now)
    match name:
        case "y":
            day = min(moment.day, calendar.month_length(value, moment.month))
            return instant(value) if is_rounded else instant(value, moment.month, day, moment.of_day)
        case "x":
            week, dow = calendar.week(now)[1], calendar.day_of_week(now)
            start = calendar.week_start(value)
            return start if is_rounded else start + ((week - 1) * 7 + dow - 1) * DAY + moment.of_day
        case "M":
            day = min(moment.day, calendar.month_length(moment.year, value))
            return instant(moment.year, value) if is_rounded else instant(moment.year, value, day, moment.of_day)
        case "D":
            _within(value, 365 + calendar.is_leap(moment.year), text)
            return instant(moment.year) + (value - 1) * DAY + (0 if is_rounded else moment.of_day)
        case "w":
            year, old = calendar.week(now)
            _within(value, (calendar.week_start(year + 1) - calendar.week_start(year)) // (7 * DAY), text)
            moved = now + (value - old) * 7 * DAY
            return moved - (moved - calendar.week_start(year)) % (7 * DAY) if is_rounded else moved
        case "d":
            _within(value, calendar.month_length(moment.year, moment.month), text)
            return instant(moment.year, moment.month, value, 0 if is_rounded else moment.of_day)
        case "e":
            moved = now + (value - calendar.day_of_week(now)) * DAY
            return moved - moved % DAY if is_rounded else moved
        case "a":
            half = moment.of_day % (12 * HOUR)
            return now - moment.of_day + value * 12 * HOUR + (0 if is_rounded else half)
        case "K":
            return now - now % HOUR + (value - moment.of_day // HOUR % 12) * HOUR + (0 if is_rounded else now % HOUR)
        case "S":
            return now - now % SECOND + value
    unit = _UNITS[name]
    count = {"H": 24, "m": 60, "s": 60}[name]
    base = now - now % (unit * count)
    return base + value * unit + (0 if is_rounded else now % unit)


def _within(value: int, most: int, text: str) -> None:
    if not 1 <= value <= most:
        raise RowFailure(f"ToDate cannot read {text[:60]!r}: there is no such day; that stops a run of Pig too.")
