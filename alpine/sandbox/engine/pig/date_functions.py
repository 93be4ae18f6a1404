"""Functions of datetimes."""

from __future__ import annotations

from alpine.sandbox.engine.pig import calendar, joda, strptime
from alpine.sandbox.engine.pig.casts import milliseconds
from alpine.sandbox.engine.pig.functions import function
from alpine.sandbox.engine.pig.kinds import Kind
from alpine.sandbox.engine.pig.refusals import Refusal, RowFailure
from alpine.sandbox.engine.pig.value import Value, let, text

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
# ISO text of one form that DuckDB reads too, and faster.
_PLAIN_ISO = "[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,3})?Z?)?"


def timestamp(milliseconds: str) -> str:
    """SQL of milliseconds as a timestamp."""
    return f"make_timestamp(1000 * {milliseconds})"


def _milliseconds(moment: Value) -> str:
    return milliseconds(moment.sql) if moment.is_zoned else f"epoch_ms({moment.sql})"


def _wall(moment: Value) -> str:
    if not moment.is_zoned:
        return moment.sql
    return let(
        lambda x: timestamp(f"(CASE WHEN suffix({x}, '|UTC') THEN {milliseconds(x)} ELSE pig_wall({x}) END)"), moment
    )


def with_zone(moment: Value) -> str:
    """SQL of a datetime with its zone."""
    return moment.sql if moment.is_zoned else _utc(moment.sql)


def _utc(timestamp_sql: str) -> str:
    return f"(epoch_ms({timestamp_sql}) || '|UTC')"


def _zoned(sql: str) -> Value:
    return Value(sql, Kind.DATETIME, is_zoned=True)


def _alike(moment: Value, sql: str) -> Value:
    """A datetime that is made of another, with a zone where that has one."""
    return _zoned(sql) if moment.is_zoned else Value(timestamp(milliseconds(sql)), Kind.DATETIME)


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
def _from_milliseconds(number: Value) -> str:
    return timestamp(number.sql)


@function("ToDate chararray -> datetime")
def _from_iso(written: Value) -> Value:
    if isinstance(written.constant, str):
        try:
            moment = calendar.iso_date(written.constant)
        except RowFailure as failure:
            raise _refusal(failure, written) from None
        number, zone = calendar.parted(moment)
        if zone == calendar.UTC_NAME:
            return Value(timestamp(f"{number}::BIGINT"), Kind.DATETIME)
        return _zoned(text(moment))
    return _zoned(
        let(
            lambda x: (
                f"(CASE WHEN regexp_full_match({x}, '{_PLAIN_ISO}') AND TRY_CAST({x} AS TIMESTAMP) IS NOT NULL "
                f"THEN epoch_ms(TRY_CAST({x} AS TIMESTAMP)) || '|UTC' ELSE pig_iso_date({x}) END)"
            ),
            written,
        )
    )


@function("ToDate chararray chararray -> datetime")
def _from_pattern(written: Value, pattern: Value) -> str:
    _check(pattern, is_read=True)
    slow = timestamp("pig_date({0}, " + pattern.sql + ")")
    plain = strptime.plain_format(pattern.constant) if isinstance(pattern.constant, str) else None
    if plain is None:
        return slow.replace("{0}", written.sql)
    form, codes = map(text, plain)
    return let(
        lambda x: (
            f"(CASE WHEN regexp_full_match({x}, {form}) AND try_strptime({x}, {codes}) IS NOT NULL "
            f"THEN CAST(try_strptime({x}, {codes}) AS TIMESTAMP) ELSE {slow.replace('{0}', x)} END)"
        ),
        written,
    )


@function("ToDate chararray chararray chararray -> datetime")
def _from_pattern_and_zone(written: Value, pattern: Value, zone: Value) -> Value:
    _check(pattern, is_read=True)
    return _zoned(f"pig_zoned_date({written.sql}, {pattern.sql}, {zone.sql})")


@function("ToString datetime -> chararray")
def _iso(moment: Value) -> str:
    return _written(moment, "%Y-%m-%dT%H:%M:%S.%gZ", "pig_iso_text({0})")


@function("ToString datetime chararray -> chararray")
def _by_pattern(moment: Value, pattern: Value) -> str:
    _check(pattern, is_read=False)
    codes = strptime.strftime_format(pattern.constant) if isinstance(pattern.constant, str) else None
    return _written(moment, codes, "pig_date_text({0}, " + pattern.sql + ")")


def _written(moment: Value, codes: str | None, slow: str) -> str:
    """A datetime as text: by DuckDB where it has codes for the pattern and the year has four digits."""
    if moment.is_zoned or codes is None:
        return slow.replace("{0}", with_zone(moment))
    return let(
        lambda x: (
            f"(CASE WHEN year({x}) BETWEEN 1000 AND 9999 THEN strftime({x}, {text(codes)}) "
            f"ELSE {slow.replace('{0}', _utc(x))} END)"
        ),
        moment,
    )


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
    :param pattern: The pattern that the flow declares; without one, texts are ISO 8601.
    :raises NodeFailure: It is not a pattern.
    """
    if not pattern:
        moment = f"TRY_CAST({sql} AS TIMESTAMP)"
        plain = f"regexp_full_match({sql}, '{_PLAIN_ISO}') AND {moment} IS NOT NULL"
        return f"CASE WHEN {plain} THEN {moment} ELSE {timestamp(f'pig_iso_or_null({sql})')} END"
    try:
        joda.check_pattern(pattern, is_read=True)
    except RowFailure as failure:
        raise Refusal(failure.reason.rstrip(".")).failure(pattern) from None
    slow = timestamp(f"pig_date_or_null({sql}, {text(pattern)})")
    found = strptime.plain_format(pattern)
    if found is None:
        return slow
    form, codes = map(text, found)
    moment = f"CAST(try_strptime({sql}, {codes}) AS TIMESTAMP)"
    return f"CASE WHEN regexp_full_match({sql}, {form}) AND {moment} IS NOT NULL THEN {moment} ELSE {slow} END"
