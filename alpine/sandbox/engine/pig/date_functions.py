"""Functions of datetimes."""

from __future__ import annotations

from alpine.sandbox.engine.pig import calendar, joda
from alpine.sandbox.engine.pig.functions import function
from alpine.sandbox.engine.pig.kinds import Kind
from alpine.sandbox.engine.pig.refusals import Refusal, RowFailure
from alpine.sandbox.engine.pig.value import Value, text

_FIELDS = {
    "GetYear": "year({0})",
    "GetMonth": "month({0})",
    "GetDay": "day({0})",
    "GetHour": "hour({0})",
    "GetMinute": "minute({0})",
    "GetSecond": "second({0})",
    "GetMilliSecond": "millisecond({0}) % 1000",
    "GetWeek": "week({0})",
    "GetWeekYear": "isoyear({0})",
}
_SPANS = {
    "WeeksBetween": 7 * calendar.DAY,
    "DaysBetween": calendar.DAY,
    "HoursBetween": calendar.HOUR,
    "MinutesBetween": calendar.MINUTE,
    "SecondsBetween": calendar.SECOND,
    "MilliSecondsBetween": 1,
}


def timestamp(milliseconds: str) -> str:
    """SQL of milliseconds as a timestamp."""
    return f"make_timestamp(1000 * {milliseconds})"


def _milliseconds(moment: Value) -> str:
    return f"pig_instant({moment.sql})" if moment.is_zoned else f"epoch_ms({moment.sql})"


def _wall(moment: Value) -> str:
    return timestamp(f"pig_wall({moment.sql})") if moment.is_zoned else moment.sql


def with_zone(moment: Value) -> str:
    """SQL of a datetime with its zone."""
    return moment.sql if moment.is_zoned else f"(epoch_ms({moment.sql}) || '|UTC')"


def _zoned(sql: str) -> Value:
    return Value(sql, Kind.DATETIME, is_zoned=True)


def _alike(moment: Value, sql: str) -> Value:
    """A datetime that is made of another, with a zone where that has one."""
    return _zoned(sql) if moment.is_zoned else Value(timestamp(f"pig_instant({sql})"), Kind.DATETIME)


def _field(name: str) -> None:
    @function(f"{name} datetime -> int")
    def write(moment: Value) -> str:
        return f"CAST({_FIELDS[name].format(_wall(moment))} AS INTEGER)"


def _span(name: str) -> None:
    @function(f"{name} datetime datetime -> long")
    def write(later: Value, earlier: Value) -> str:
        return f"(({_milliseconds(later)} - {_milliseconds(earlier)}) // {_SPANS[name]})"


for _name in _FIELDS:
    _field(_name)
for _name in _SPANS:
    _span(_name)


@function("MonthsBetween datetime datetime -> long")
def _months(later: Value, earlier: Value) -> str:
    return f"pig_months({with_zone(later)}, {with_zone(earlier)})"


@function("YearsBetween datetime datetime -> long")
def _years(later: Value, earlier: Value) -> str:
    return f"pig_years({with_zone(later)}, {with_zone(earlier)})"


@function("ToUnixTime datetime -> long")
def _unix_time(moment: Value) -> str:
    return f"({_milliseconds(moment)} // 1000)"


@function("ToMilliSeconds datetime -> long")
def _to_milliseconds(moment: Value) -> str:
    return _milliseconds(moment)


@function("CurrentTime -> datetime")
def _current_time() -> str:
    return timestamp("epoch_ms(now())")


@function("AddDuration datetime chararray -> datetime")
def _add(moment: Value, duration: Value) -> Value:
    return _alike(moment, f"pig_add_duration({with_zone(moment)}, {duration.sql}, 1)")


@function("SubtractDuration datetime chararray -> datetime")
def _subtract(moment: Value, duration: Value) -> Value:
    return _alike(moment, f"pig_add_duration({with_zone(moment)}, {duration.sql}, -1)")


@function("ToDate long -> datetime")
def _from_milliseconds(milliseconds: Value) -> str:
    return timestamp(milliseconds.sql)


@function("ToDate chararray -> datetime")
def _from_iso(written: Value) -> Value:
    if isinstance(written.constant, str):
        try:
            moment = calendar.iso_date(written.constant)
        except RowFailure as failure:
            raise _refusal(failure, written) from None
        milliseconds, zone = calendar.parted(moment)
        if zone == calendar.UTC_NAME:
            return Value(timestamp(f"{milliseconds}::BIGINT"), Kind.DATETIME)
        return _zoned(text(moment))
    return _zoned(f"pig_iso_date({written.sql})")


@function("ToDate chararray chararray -> datetime")
def _from_pattern(written: Value, pattern: Value) -> str:
    _check(pattern, is_read=True)
    return timestamp(f"pig_date({written.sql}, {pattern.sql})")


@function("ToDate chararray chararray chararray -> datetime")
def _from_pattern_and_zone(written: Value, pattern: Value, zone: Value) -> Value:
    _check(pattern, is_read=True)
    return _zoned(f"pig_zoned_date({written.sql}, {pattern.sql}, {zone.sql})")


@function("ToString datetime -> chararray")
def _iso(moment: Value) -> str:
    return f"pig_iso_text({with_zone(moment)})"


@function("ToString datetime chararray -> chararray")
def _by_pattern(moment: Value, pattern: Value) -> str:
    _check(pattern, is_read=False)
    return f"pig_date_text({with_zone(moment)}, {pattern.sql})"


def _check(pattern: Value, *, is_read: bool) -> None:
    if isinstance(pattern.constant, str):
        try:
            joda.check_pattern(pattern.constant, is_read=is_read)
        except RowFailure as failure:
            raise _refusal(failure, pattern) from None


def _refusal(failure: RowFailure, value: Value) -> Refusal:
    return Refusal(failure.reason.rstrip("."), value.at or None)


def loaded_datetime(sql: str, pattern: str) -> str:
    """SQL of a text column of a file as a datetime; null where a text does not go with the pattern.

    :param sql: The column's SQL, a VARCHAR.
    :param pattern: The pattern that the flow declares.
    :raises NodeFailure: It is not a pattern.
    """
    try:
        joda.check_pattern(pattern, is_read=True)
    except RowFailure as failure:
        raise Refusal(failure.reason.rstrip(".")).failure(pattern) from None
    return timestamp(f"pig_date_or_null({sql}, {text(pattern)})")
