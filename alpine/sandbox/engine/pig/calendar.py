"""Moments: milliseconds with a zone, ISO text, differences and durations, as Joda-Time computes them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from alpine.sandbox.engine.pig.refusals import RowFailure

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
UTC_NAME = "UTC"
FIRST_YEAR, LAST_YEAR = -200_000, 200_000
"""DuckDB's timestamps reach a little further."""
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)")
_ISO = re.compile(
    r"(?P<year>[+-]?\d{1,9})"
    r"(?:-W(?P<week>\d{1,2})(?:-(?P<dow>\d))?|-(?P<doy>\d{3})|-(?P<month>\d{1,2})(?:-(?P<day>\d{1,2}))?)?"
    r"(?:[T ](?:(?P<hour>\d{1,2})(?::(?P<minute>\d{1,2})(?::(?P<second>\d{1,2}))?)?(?:[.,](?P<fraction>\d{1,9}\d*))?)?"
    r"(?P<zone>Z|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)
_PERIOD = re.compile(
    r"P(?=.)(?:([+-]?\d{1,9})Y)?(?:([+-]?\d{1,9})M)?(?:([+-]?\d{1,9})W)?(?:([+-]?\d{1,9})D)?"
    r"(?:T(?=.)(?:([+-]?\d{1,9})H)?(?:([+-]?\d{1,9})M)?(?:([+-]?\d{1,9})(?:\.(\d{1,9}))?S)?)?",
    re.ASCII,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BEFORE_MARCH = 59 * DAY


class Civil(NamedTuple):
    """A moment on the clock on the wall.

    :param year: Year; 0 is the year before 1.
    :param month: 1 to 12.
    :param day: 1 to 31.
    :param of_day: Milliseconds since midnight.
    """

    year: int
    month: int
    day: int
    of_day: int


def is_leap(year: int) -> bool:
    """Whether a year has a 29 February."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def month_length(year: int, month: int) -> int:
    """The days of a month."""
    return 29 if month == 2 and is_leap(year) else (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]


def days(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01."""
    shifted = year - (month <= 2)
    era, of_era = divmod(shifted, 400)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


def instant(year: int, month: int = 1, day: int = 1, of_day: int = 0) -> int:
    """Milliseconds since 1970.

    :raises RowFailure: The year is out of range.
    """
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise RowFailure(f"the year {year} is beyond the dates of the sandbox.")
    return days(year, month, day) * DAY + of_day


def civil(milliseconds: int) -> Civil:
    """Year, month, day and time of day.

    >>> civil(1366366830400)
    Civil(year=2013, month=4, day=19, of_day=37230400)
    """
    number, of_day = divmod(milliseconds, DAY)
    era, of_era = divmod(number + 719_468, 146_097)
    year_of_era = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * of_year + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9
    return Civil(year_of_era + era * 400 + (month <= 2), month, of_year - (153 * shifted + 2) // 5 + 1, of_day)


def day_of_week(milliseconds: int) -> int:
    """Monday is 1."""
    return (milliseconds // DAY + 3) % 7 + 1


def week(milliseconds: int) -> tuple[int, int]:
    """The ISO week's year and number."""
    thursday = civil(milliseconds - (day_of_week(milliseconds) - 4) * DAY)
    return thursday.year, (days(thursday.year, thursday.month, thursday.day) - days(thursday.year, 1, 1)) // 7 + 1


def week_start(year: int) -> int:
    """The Monday of a year's first ISO week."""
    fourth = instant(year, 1, 4)
    return fourth - (day_of_week(fourth) - 1) * DAY


def add_months(milliseconds: int, months: int) -> int:
    """Some months later, at the end of the month where that has no such day."""
    moment = civil(milliseconds)
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    return instant(year, month + 1, min(moment.day, month_length(year, month + 1)), moment.of_day)


@lru_cache(maxsize=256)
def zone_name(text: str) -> str:
    """A zone as Joda names it: ``UTC``, an offset as ``+02:00``, or an id.

    :raises RowFailure: There is no such zone.
    """
    offset = _OFFSET.fullmatch(text)
    if text in {"Z", UTC_NAME} or (offset and offset.group(2) == offset.group(3) == "00"):
        return UTC_NAME
    if offset and int(offset.group(2)) <= 23 and int(offset.group(3)) <= 59:
        return f"{offset.group(1)}{offset.group(2)}:{offset.group(3)}"
    if re.fullmatch(r"[A-Za-z_]+(/[A-Za-z_+-]+)+", text):
        try:
            return ZoneInfo(text).key
        except (ZoneInfoNotFoundError, ValueError, OSError):
            pass
    raise RowFailure(f"there is no time zone {text[:40]!r}; that stops a run of Pig too.")


def offset_at(zone: str, milliseconds: int) -> int:
    """How far a zone's clock is ahead of UTC at an instant, in milliseconds."""
    if zone == UTC_NAME:
        return 0
    if zone[0] in "+-":
        size = int(zone[1:3]) * HOUR + int(zone[4:6]) * MINUTE
        return -size if zone[0] == "-" else size
    try:
        local = (_EPOCH + timedelta(milliseconds=milliseconds)).astimezone(ZoneInfo(zone))
    except OverflowError:
        raise RowFailure(f"the zone {zone} has no clock at that time in the sandbox.") from None
    return int((local.utcoffset() or timedelta()) / timedelta(milliseconds=1))


def instant_of(wall: int, zone: str) -> int:
    """The instant at which a zone's clock shows a time.

    :raises RowFailure: It never does.
    """
    # The earlier of two, as Joda takes it.
    earlier = wall - max(offset_at(zone, wall - DAY), offset_at(zone, wall + DAY))
    for guess in (earlier, wall - min(offset_at(zone, wall - DAY), offset_at(zone, wall + DAY))):
        if guess + offset_at(zone, guess) == wall:
            return guess
    raise RowFailure(f"the clock of {zone} skips that time; that stops a run of Pig too.")


def zoned(milliseconds: int, zone: str) -> str:
    """A moment with its zone, as the expressions hand it on."""
    return f"{milliseconds}|{zone}"


def parted(moment: str) -> tuple[int, str]:
    """A moment's milliseconds and zone."""
    milliseconds, _, zone = moment.partition("|")
    return int(milliseconds), zone


def wall_of(moment: str) -> int:
    """What the clock of a moment's zone shows, as milliseconds."""
    milliseconds, zone = parted(moment)
    return milliseconds + offset_at(zone, milliseconds)


def utc_of(moment: str) -> int:
    """A moment's milliseconds, where its zone is UTC.

    :raises RowFailure: It is another.
    """
    milliseconds, zone = parted(moment)
    if zone != UTC_NAME:
        raise RowFailure(
            f"a datetime in the zone {zone} cannot be kept in a table of the sandbox, which has UTC alone; "
            "put ToString or another function around it."
        )
    return milliseconds


@lru_cache(maxsize=4_096)
def iso_date(text: str) -> str:
    """What ``ToDate(text)`` makes of ISO text.

    :raises RowFailure: It is not such a text.

    >>> iso_date("2013-W16-5"), iso_date("2013-04-19T12:20:30.4567+02:00")
    ('1366329600000|UTC', '1366366830456|+02:00')
    """
    found = _ISO.fullmatch(text)
    if not found:
        raise RowFailure(f"ToDate cannot read {text[:60]!r}; that stops a run of Pig too.")
    part = {name: int(value) for name, value in found.groupdict().items() if value and name not in {"fraction", "zone"}}
    if part["year"] > 9_999 or (found["year"][0] in "+-" and len(found["year"]) < 5):
        raise RowFailure(f"ToDate reads {text[:60]!r} as the year {part['year']}; the sandbox does not.")
    wall = _iso_day(part, text) + part.get("hour", 0) * HOUR + part.get("minute", 0) * MINUTE
    wall += part.get("second", 0) * SECOND
    if part.get("hour", 0) > 23 or part.get("minute", 0) > 59 or part.get("second", 0) > 59:
        raise RowFailure(f"ToDate cannot read {text[:60]!r}: there is no such time; that stops a run of Pig too.")
    if found["fraction"]:
        unit = SECOND if "second" in part else MINUTE if "minute" in part else HOUR
        digits = found["fraction"][:9]
        wall += unit * int(digits) // 10 ** len(digits)
    written = found["zone"] or UTC_NAME
    zone = zone_name(written if len(written) != 3 or written == UTC_NAME else written + ":00")
    return zoned(instant_of(wall, zone), zone)


def iso_or_none(text: str) -> int | None:
    """The instant that ISO text of a file says, None where it says none.

    :raises RowFailure: It says one in a zone other than UTC.
    """
    try:
        moment = iso_date(text)
    except RowFailure:
        return None
    return utc_of(moment)


def _iso_day(part: dict[str, int], text: str) -> int:
    year = part["year"]
    if "week" in part:
        start = week_start(year) + (part["week"] - 1) * 7 * DAY + (part.get("dow", 1) - 1) * DAY
        if part["week"] >= 1 and 1 <= part.get("dow", 1) <= 7 and week(start)[0] == year:
            return start
    elif "doy" in part:
        if 1 <= part["doy"] <= 365 + is_leap(year):
            return instant(year) + (part["doy"] - 1) * DAY
    elif 1 <= part.get("month", 1) <= 12 and 1 <= part.get("day", 1) <= month_length(year, part.get("month", 1)):
        return instant(year, part.get("month", 1), part.get("day", 1))
    raise RowFailure(f"ToDate cannot read {text[:60]!r}: there is no such day; that stops a run of Pig too.")


def add_duration(moment: str, duration: str, sign: int) -> str:
    """A moment some ISO period later (1) or earlier (-1).

    :raises RowFailure: It is no period.

    >>> add_duration("1366366830400|UTC", "P1Y2M3DT4H5M6S", 1)
    '1403447136400|UTC'
    """
    found = _PERIOD.fullmatch(duration)
    if not found:
        raise RowFailure(f"{duration[:60]!r} is no duration as 'P1Y2M3DT4H5M6S'; that stops a run of Pig too.")
    years, months, weeks, of_days, hours, minutes, seconds = (sign * int(part or 0) for part in found.groups()[:7])
    fraction = (
        int((found.group(8) or "").ljust(3, "0")[:3]) * sign * (-1 if (found.group(7) or "").startswith("-") else 1)
    )
    milliseconds, zone = parted(moment)
    if years or months or weeks or of_days:
        wall = milliseconds + offset_at(zone, milliseconds)
        wall = add_months(add_months(wall, 12 * years), months) + (7 * weeks + of_days) * DAY
        milliseconds = instant_of(wall, zone)
    milliseconds += hours * HOUR + minutes * MINUTE + seconds * SECOND + fraction
    instant(civil(milliseconds).year)
    return zoned(milliseconds, zone)


def months_between(later: str, earlier: str) -> int:
    """Whole months from one moment to another."""
    return _difference(later, earlier, _month_difference)


def years_between(later: str, earlier: str) -> int:
    """Whole years from one moment to another."""
    return _difference(later, earlier, _year_difference)


def _difference(later: str, earlier: str, measure: object) -> int:
    if parted(later)[1] != parted(earlier)[1]:
        raise RowFailure("the sandbox counts no months or years between datetimes of two zones.")
    a, b = wall_of(later), wall_of(earlier)
    assert callable(measure)
    return int(-measure(b, a) if a < b else measure(a, b))


def _month_difference(later: int, earlier: int) -> int:
    a, b = civil(later), civil(earlier)
    day = b.day
    # The end of a shorter month counts as the same day.
    if a.day == month_length(a.year, a.month) and b.day > a.day:
        day = a.day
    count = (a.year - b.year) * 12 + a.month - b.month
    return count - ((a.day, a.of_day) < (day, b.of_day))


def _year_difference(later: int, earlier: int) -> int:
    a, b = civil(later).year, civil(earlier).year
    rest_a, rest_b = later - instant(a), earlier - instant(b)
    if rest_b >= _BEFORE_MARCH:
        if is_leap(b):
            rest_b -= 0 if is_leap(a) else DAY
        elif rest_a >= _BEFORE_MARCH and is_leap(a):
            rest_a -= DAY
    return a - b - (rest_a < rest_b)
