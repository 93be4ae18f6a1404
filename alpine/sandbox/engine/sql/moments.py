"""The parts of a date, a time or an interval: ``extract``, ``date_part`` and ``date_trunc``."""

from __future__ import annotations

from alpine.sandbox.engine.sql.casts import CannotCast, made
from alpine.sandbox.engine.sql.typed import Typed
from alpine.sandbox.engine.sql.types import FLOAT8, TIMESTAMP, decimal

_NAMES = {
    **dict.fromkeys(("year", "years", "y", "yr", "yrs"), "year"),
    **dict.fromkeys(("month", "months", "mon", "mons"), "month"),
    **dict.fromkeys(("day", "days", "d"), "day"),
    **dict.fromkeys(("hour", "hours", "h", "hr", "hrs"), "hour"),
    **dict.fromkeys(("minute", "minutes", "m", "min", "mins"), "minute"),
    **dict.fromkeys(("second", "seconds", "s", "sec", "secs"), "second"),
    **dict.fromkeys(("millisecond", "milliseconds", "ms", "msec", "msecs"), "milliseconds"),
    **dict.fromkeys(("microsecond", "microseconds", "us", "usec", "usecs"), "microseconds"),
    **dict.fromkeys(("week", "weeks", "w"), "week"),
    **dict.fromkeys(("quarter", "qtr"), "quarter"),
    **dict.fromkeys(("decade", "decades", "dec", "decs"), "decade"),
    **dict.fromkeys(("century", "centuries", "c", "cent"), "century"),
    **dict.fromkeys(("millennium", "millenniums", "millennia", "mil", "mils"), "millennium"),
    **{name: name for name in ("dow", "isodow", "doy", "isoyear", "epoch", "julian")},
}
_DATES = frozenset({"year", "month", "day", "week", "quarter", "decade", "century", "millennium"})
_DATES |= {"dow", "isodow", "doy", "isoyear"}
_TIMES = frozenset({"hour", "minute", "second", "milliseconds", "microseconds"})
_FRACTIONS = {"second": 6, "milliseconds": 3, "microseconds": 0}
_TRUNCATED = frozenset({"microseconds", "milliseconds", "second", "minute", "hour", "day", "week", "month", "quarter"})
_TRUNCATED |= {"year", "decade"}


def field(text: str) -> str:
    """The part that a word names.

    :raises CannotCast: PostgreSQL knows none of that name, or the sandbox does not.
    """
    name = _NAMES.get(text.lower().strip())
    if name is None or name == "julian":
        raise CannotCast(f"the sandbox does not know the part {text!r} of a time")
    return name


def part(word: str, value: Typed, *, as_numeric: bool) -> Typed:
    """``extract(word FROM value)``, or ``date_part`` where the result is a ``double precision``.

    :raises CannotCast: The value has no such part.
    """
    name, kind = field(word), value.type.name
    if name == "epoch":
        return _finished(_epoch(value), 0 if kind == "date" else 6, as_numeric)
    allowed = _DATES if kind == "date" else _TIMES if kind == "time" else _DATES | _TIMES
    if kind == "interval":
        allowed = (_DATES | _TIMES) - {"week", "dow", "isodow", "doy", "isoyear"}
    if name not in allowed:
        raise CannotCast(f"unit {word!r} not supported for type {value.type.shown}")
    source = made("timezone('UTC', {0})", [value], TIMESTAMP) if kind == "timestamptz" else value
    if name in _FRACTIONS:
        places = _FRACTIONS[name]
        micros = made("CAST(date_part('microseconds', {0}) AS BIGINT)", [source], decimal(10, 0))
        if kind == "interval":
            micros = made("CAST(date_part('microsecond', {0}) AS BIGINT)", [source], decimal(10, 0))
        if not as_numeric:
            return made(f"(CAST({{0}} AS DOUBLE) / {10**places})", [micros], FLOAT8)
        step = f"CAST('{10**-places:.{places}f}' AS DECIMAL({places + 1}, {places}))"
        exact = decimal(19, places)
        return made(f"CAST(CAST({{0}} AS DECIMAL(12, 0)) * {step} AS {exact.duckdb})", [micros], exact)
    if (kind == "interval" and name in ("quarter", "century", "decade", "millennium")) or name == "millennium":
        return _finished(_rare(name, source), 0, as_numeric)
    return _finished(made(f"date_part('{name}', {{0}})", [source], FLOAT8), 0, as_numeric)


def _rare(name: str, source: Typed) -> Typed:
    templates = {
        "quarter": "(date_part('month', {0}) // 3 + 1)",
        "decade": "(date_part('year', {0}) // 10)",
        "century": "(date_part('year', {0}) // 100)",
        "millennium": "(date_part('year', {0}) // 1000)",
    }
    if name == "millennium" and source.type.name != "interval":
        return made("((date_part('year', {0}) + 999) // 1000)", [source], FLOAT8)
    return made(templates[name], [source], FLOAT8)


def _epoch(value: Typed) -> Typed:
    kind = value.type.name
    if kind == "date":
        return made("CAST(date_diff('day', DATE '1970-01-01', {0}) AS BIGINT) * 86400", [value], FLOAT8)
    if kind == "time":
        return made("CAST(date_diff('microsecond', TIME '00:00:00', {0}) AS HUGEINT)", [value], FLOAT8)
    if kind == "interval":
        # A year has 365.25 days, a month beside it 30.
        months = "CAST(date_part('year', {0}) * 12 + date_part('month', {0}) AS BIGINT)"
        days = "CAST(date_part('day', {0}) AS HUGEINT)"
        micros = "((date_part('hour', {0}) * 60 + date_part('minute', {0})) * 60000000 + date_part('microsecond', {0}))"
        return made(
            f"(CAST({months} // 12 AS HUGEINT) * 31557600000000 + ({months} % 12) * 2592000000000 "
            f"+ {days} * 86400000000 + {micros})",
            [value],
            FLOAT8,
        )
    return made("CAST(epoch_us({0}) AS HUGEINT)", [value], FLOAT8)


def _finished(value: Typed, places: int, as_numeric: bool) -> Typed:
    """A whole number, or a whole number of microseconds, as the type of the result."""
    if places:
        if not as_numeric:
            return made("(CAST({0} AS DOUBLE) / 1000000)", [value], FLOAT8)
        # DuckDB's decimals are not divided exactly; the point is moved in the text.
        exact = made("CAST({0} AS DECIMAL(26, 0)) * CAST(0.000001 AS DECIMAL(6, 6))", [value], decimal(32, 6))
        return made("CAST({0} AS DECIMAL(32, 6))", [exact], decimal(32, 6))
    if as_numeric:
        return made("CAST({0} AS DECIMAL(19, 0))", [value], decimal(19, 0))
    return made("CAST({0} AS DOUBLE)", [value], FLOAT8)


def truncated(word: str, value: Typed) -> Typed:
    """``date_trunc(word, value)``

    :raises CannotCast: The sandbox does not cut a time there.
    """
    name = field(word)
    if name not in _TRUNCATED:
        raise CannotCast(f"the sandbox does not know date_trunc to {word!r}")
    kind = value.type
    # DuckDB 1.4 takes what date_trunc gives for never null, and leaves out a coalesce around it.
    present = "CASE WHEN {0} IS NOT NULL THEN"
    if kind.name == "interval":
        if name == "week":
            raise CannotCast("unit 'week' not supported for type interval")
        return made(f"{present} date_trunc('{name}', {{0}}) END", [value], kind)
    if kind.name == "timestamptz":
        moment = f"timezone('UTC', CAST(date_trunc('{name}', timezone('UTC', {{0}})) AS TIMESTAMP))"
        return made(f"{present} {moment} END", [value], kind)
    return made(f"{present} CAST(date_trunc('{name}', {{0}}) AS TIMESTAMP) END", [value], kind)
