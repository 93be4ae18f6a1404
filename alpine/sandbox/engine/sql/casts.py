"""Conversions between PostgreSQL's types, as SQL for DuckDB."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time
from typing import Any

from alpine.sandbox.engine.expressions import literal
from alpine.sandbox.engine.sql import exact, intervals, readings
from alpine.sandbox.engine.sql.folding import CALL, SAFE, STABLE
from alpine.sandbox.engine.sql.typed import HELD, Typed, computed, fill
from alpine.sandbox.engine.sql.types import (
    BPCHAR,
    FLOAT8,
    INT8,
    INTEGERS,
    INTERVAL,
    MOST_DIGITS,
    PLACES,
    TEXT,
    TEXT_NUMERIC,
    Modified,
    Type,
    decimal,
)

_FAILS = re.compile(r"error\(('[^']*')\)")
_CALLS = re.compile(r"\bpg_(\w+)\((?!getvariable)")
RUN = "getvariable('pg_run')"
"""The number of the run, as the first argument of each of the sandbox's own functions: they end once it is stopped."""
_LONGEST_DOUBLE = 15
_SHORT_BOOL = "CASE {} WHEN TRUE THEN 't' WHEN FALSE THEN 'f' END"
_EXPLICIT = {
    ("int4", "bool"): "({0} <> 0)",
    ("bool", "int4"): "CAST({0} AS INTEGER)",
    ("date", "timestamp"): "CAST({0} AS TIMESTAMP)",
    ("date", "timestamptz"): "timezone('UTC', CAST({0} AS TIMESTAMP))",
    ("timestamp", "timestamptz"): "timezone('UTC', {0})",
    ("timestamptz", "timestamp"): "timezone('UTC', {0})",
    ("timestamp", "date"): "CAST({0} AS DATE)",
    ("timestamptz", "date"): "CAST(timezone('UTC', {0}) AS DATE)",
    ("timestamp", "time"): "CAST({0} AS TIME)",
    ("timestamptz", "time"): "CAST(timezone('UTC', {0}) AS TIME)",
    ("time", "interval"): "to_microseconds(date_diff('microsecond', TIME '00:00:00', {0}))",
}
INTERVAL_OF = "(to_months(CAST({0}[1] AS INTEGER)) + to_days(CAST({0}[2] AS INTEGER)) + to_microseconds({0}[3]))"
INTERVAL_MONTHS = "CAST(date_part('year', {0}) * 12 + date_part('month', {0}) AS BIGINT)"
INTERVAL_DAYS = "CAST(date_part('day', {0}) AS BIGINT)"
INTERVAL_MICROS = (
    "CAST((date_part('hour', {0}) * 60 + date_part('minute', {0})) * 60000000 + "
    "date_part('microsecond', {0}) AS BIGINT)"
)
INTERVAL_PARTS = f"{INTERVAL_MONTHS}, {INTERVAL_DAYS}, {INTERVAL_MICROS}"
_READ = {
    "bool": "pg_bool({0})",
    "float8": "pg_double({0})",
    "float4": "CAST(pg_double({0}) AS FLOAT)",
    "date": "pg_date({0})",
    "time": "pg_time({0})",
    "timestamp": "pg_timestamp({0})",
    "timestamptz": "timezone('UTC', pg_timestamptz({0}))",
}
_WRITTEN = {
    "timestamp": "replace(CAST({0} AS VARCHAR), ' (BC)', ' BC')",
    "date": "replace(CAST({0} AS VARCHAR), ' (BC)', ' BC')",
    "timestamptz": "(CAST(timezone('UTC', {0}) AS VARCHAR) || '+00')",
    "float8": "pg_float_text(CAST({0} AS VARCHAR), 15)",
    "float4": "pg_float_text(CAST({0} AS VARCHAR), 6)",
    "interval": f"pg_interval_text({INTERVAL_PARTS})",
}


_ROUNDED = {
    "timestamp": "date_diff('microsecond', TIMESTAMP '2000-01-01 00:00:00', {0})",
    "timestamptz": "date_diff('microsecond', TIMESTAMP '2000-01-01 00:00:00', timezone('UTC', {0}))",
    "time": "date_diff('microsecond', TIME '00:00:00', {0})",
    "interval": INTERVAL_MICROS,
}
"""Microseconds of what ``timestamp(0)`` and its kin round."""


class CannotCast(Exception):
    """PostgreSQL does not convert the one type into the other, or not this constant."""


def made(template: str, arguments: list[Typed] | tuple[Typed, ...], kind: Type, *, can_fail: bool = False) -> Typed:
    """A part of an expression, of a template and its arguments."""
    holds = {argument.aggregates for argument in arguments}
    # DuckDB's own error() is volatile: it has no place in an ORDER BY, and nothing is optimised around it.
    if "error(" in template and template.startswith("CASE WHEN "):
        # What refuses a value does so only where none is null.
        nulls = " OR ".join(f"{{{place}}} IS NULL" for place in range(len(arguments)))
        template = f"CASE WHEN {nulls} THEN NULL {template.removeprefix('CASE ')}"
    written = _CALLS.sub(rf"pg_\1({RUN}, ", template)
    written = _FAILS.sub(lambda found: f"CAST(pg_fail({RUN}, {found[1]}) AS {kind.duckdb})", written)
    return Typed(
        fill(written, arguments),
        kind,
        can_fail=can_fail or "pg_" in template or "error(" in template or any(part.can_fail for part in arguments),
        aggregates="window" if "window" in holds else "aggregate" if "aggregate" in holds else "",
        made=sum(argument.made for argument in arguments),
        parts=tuple(arguments),
    )


def cast(value: Typed, target: Modified) -> Typed:
    """What ``CAST(value AS target)`` is in PostgreSQL.

    :raises CannotCast: PostgreSQL has no such conversion, or refuses this constant.
    """
    kind, modifiers = target.type, target.modifiers
    converted = _plain(value, kind)
    if not modifiers:
        return converted
    if kind.name in _ROUNDED:
        return _to_places(converted, min(modifiers[0], 6))
    if kind.name == "numeric":
        digits, places = modifiers[0], modifiers[1] if len(modifiers) > 1 else 0
        if not 1 <= digits <= 1000 or places > digits:
            raise CannotCast(f"NUMERIC precision {digits} must be between 1 and 1000, and its scale up to it")
        return _sized(converted, digits, places)
    if not 1 <= modifiers[0] <= 10485760:
        raise CannotCast(f"length for type {kind.shown} must be at least 1")
    cut = "left({0}, %d)" if kind.name == "varchar" else "rtrim(left({0}, %d), ' ')"
    return made(cut % modifiers[0], [converted], kind)


def _how(converted: Typed, value: Typed, kind: Type) -> str:
    """How PostgreSQL's planner takes a conversion: one that a setting of the session has a say in is not computed."""
    names, categories = {value.type.name, kind.name}, {value.type.category, kind.category}
    if "timestamptz" in names or "A" in categories or ("S" in categories and categories & {"D", "T"}):
        return STABLE
    return CALL if converted.can_fail else SAFE


def _to_places(value: Typed, places: int) -> Typed:
    """A time with so many places of its seconds; half of one is rounded away from the beginning of 2000, or from 0."""
    if places == 6:
        return value
    kind, step = value.type, 10 ** (6 - places)
    micros = made(_ROUNDED[kind.name], [value], INT8)
    template = (
        f"CASE WHEN {{0}} >= 0 THEN ({{0}} + {step // 2}) // {step} * {step} "
        f"ELSE -((-{{0}} + {step // 2}) // {step} * {step}) END"
    )
    rounded = made(template, [micros], INT8)
    if kind.name == "interval":
        rest = f"to_months(CAST({INTERVAL_MONTHS} AS INTEGER)) + to_days(CAST({INTERVAL_DAYS} AS INTEGER))"
        return made(f"({rest} + to_microseconds({{1}}))", [value, rounded], kind)
    if kind.name == "time":
        late = "error('the sandbox has no time 24:00:00')"
        template = f"CASE WHEN {{0}} >= 86400000000 THEN {late} ELSE TIME '00:00:00' + to_microseconds({{0}}) END"
        return made(template, [rounded], kind)
    start = "TIMESTAMP '2000-01-01 00:00:00'"
    moment = f"({start} + to_microseconds({{0}}))"
    return made(moment if kind.name == "timestamp" else f"timezone('UTC', {moment})", [rounded], kind)


def _plain(value: Typed, kind: Type) -> Typed:
    found = _converted(value, kind)
    return (
        found if found is value or found.how or not found.parts else computed(found, _how(found, value, kind), [value])
    )


def _converted(value: Typed, kind: Type) -> Typed:
    source = value.type
    if value.is_null:
        return Typed(f"CAST(NULL AS {kind.duckdb})", kind)
    if source.name == kind.name:
        return value
    if source.name == "unknown":
        return constant(value.constant or "", kind)
    if kind.category == "S":
        return as_text(value, kind)
    if source.category == "S":
        return _from_text(value, kind)
    if source.category == "N" and kind.category == "N":
        return _number(value, kind)
    template = _EXPLICIT.get((source.name, kind.name))
    if template is None:
        raise CannotCast(f"cannot cast type {source.shown} to {kind.shown}")
    return made(template, [value], kind)


def _read_constant(text: str, kind: Type) -> str:
    name = kind.name
    if name in INTEGERS:
        return f"CAST({readings.whole(text, kind.shown)} AS {kind.duckdb})"
    if name in ("float4", "float8"):
        return f"CAST('{readings.double(text)!r}' AS {kind.duckdb})"
    if name == "bool":
        return "TRUE" if readings.truth(text) else "FALSE"
    if name == "interval":
        months, days, micros = intervals.interval(text)
        return f"(to_months({months}) + to_days({days}) + to_microseconds({micros}))"
    readers: dict[str, Callable[[str], Any]] = {
        "date": readings.day,
        "time": readings.time_of_day,
        "timestamp": readings.timestamp,
        "timestamptz": readings.timestamptz,
    }
    found: date | time | datetime = readers[name](text)
    return f"CAST('{found}' AS {kind.duckdb})"


def constant(text: str, kind: Type) -> Typed:
    """A constant in quotes, as a value of a type.

    :raises CannotCast: It is not a text of such a value.
    """
    try:
        if kind.name == "numeric":
            return number_constant(exact.FUNCTIONS["pg_numeric"][0](text))
        if kind.category == "S":
            return Typed(literal(text if kind.name != "bpchar" else text.rstrip(" ")), kind, constant=text)
        if kind.category == "A":
            raise CannotCast("the sandbox does not read an array from a text")
        return Typed(_read_constant(text, kind), kind, constant=text)
    except exact.Refused as error:
        raise CannotCast(str(error)) from None


def number_constant(text: str) -> Typed:
    """A constant of ``numeric``, from PostgreSQL's text of it."""
    digits = text.removeprefix("-")
    whole, _, part = digits.partition(".")
    size = len(whole.lstrip("0")) + len(part)
    if not whole.isdigit() or size > MOST_DIGITS:
        return Typed(literal(text), TEXT_NUMERIC, constant=text)
    kind = decimal(size, len(part))
    return Typed(f"CAST({text} AS {kind.duckdb})", kind, constant=text)


def as_text(value: Typed, kind: Type = TEXT) -> Typed:
    """PostgreSQL's text of a value."""
    source = value.type
    if value.is_null:
        return Typed("CAST(NULL AS VARCHAR)", kind)
    if source.name == "unknown":
        return constant(value.constant or "", kind)
    if kind.name == "bpchar" and source.name != "bpchar":
        return made("rtrim({0}, ' ')", [as_text(value)], BPCHAR)
    if source.category == "S":
        return replace(value, type=kind)
    if source.category == "A":
        return replace(_array_text(value), type=kind, how=STABLE)
    if source.name == "numeric" and source.is_text:
        return replace(value, type=kind, constant=None)
    if source.name == "numeric" and source.digits == source.scale and source.scale:
        # Of a number below 1 with no place before its point, DuckDB leaves out the zero.
        return made(f"pg_trunc(CAST({{0}} AS VARCHAR), {source.scale})", [value], kind)
    found = made(_WRITTEN.get(source.name, "CAST({0} AS VARCHAR)"), [value], kind)
    return replace(found, how=_how(found, value, TEXT))


def short_text(value: Typed) -> Typed:
    """PostgreSQL's text of a value where it is put out, not cast: of a boolean, one letter."""
    return made(_SHORT_BOOL.replace("{}", "{0}"), [value], TEXT) if value.type.name == "bool" else as_text(value)


def _array_text(value: Typed) -> Typed:
    element = as_text(Typed(HELD, value.type.element)).sql
    if value.type.element.name == "bool":
        element = _SHORT_BOOL.format(HELD)
    return made(f"pg_array_text(list_transform({{0}}, lambda {HELD}: {element}))", [value], TEXT)


def _from_text(value: Typed, kind: Type) -> Typed:
    if kind.name in INTEGERS:
        return made(f"CAST(pg_int({{0}}, '{kind.shown}') AS {kind.duckdb})", [value], kind)
    if kind.name == "numeric":
        return made("pg_numeric({0})", [value], TEXT_NUMERIC)
    if kind.name == "interval":
        return made(INTERVAL_OF, [made("pg_interval({0})", [value], INTERVAL)], INTERVAL)
    template = _READ.get(kind.name)
    if template is None:
        raise CannotCast("the sandbox does not read an array from a text")
    return made(template, [value], kind)


def _number(value: Typed, kind: Type) -> Typed:
    source = value.type
    if kind.name == "numeric":
        return _to_numeric(value)
    if source.name == "numeric":
        if kind.name in INTEGERS and source.is_text:
            return made(f"CAST(pg_whole({{0}}, '{kind.shown}') AS {kind.duckdb})", [value], kind)
        if kind.name in INTEGERS or (source.digits or MOST_DIGITS) <= _LONGEST_DOUBLE:
            return made(f"CAST({{0}} AS {kind.duckdb})", [value], kind, can_fail=kind.name in INTEGERS)
        # By its text: DuckDB's own way rounds twice.
        text = as_text(value)
        number = "(CASE WHEN strlen({0}) <= 60 THEN CAST({0} AS DOUBLE) ELSE pg_double({0}) END)"
        return made(number if kind == FLOAT8 else f"CAST({number} AS FLOAT)", [text], kind)
    is_narrower = kind.name in INTEGERS and source.name not in INTEGERS
    is_narrower |= INTEGERS.get(kind.name, 99) < INTEGERS.get(source.name, 0)
    if value.constant is not None and source.name in INTEGERS and kind.name in INTEGERS and not is_narrower:
        return Typed(f"CAST({value.constant} AS {kind.duckdb})", kind, constant=value.constant)
    if source == FLOAT8 and kind.name == "float4":
        return made(
            "CASE WHEN isfinite({0}) AND abs({0}) > 3.4028235677973362e38 THEN error('value out of range: overflow') "
            "ELSE CAST({0} AS FLOAT) END",
            [value],
            kind,
        )
    if is_narrower and source.name in INTEGERS:
        # In a CASE: DuckDB 1.4 compares a constant with the wider number, and none is out of range then.
        most = 2 ** (8 * int(kind.name[3:]) - 1)
        return made(
            f"CASE WHEN {{0}} NOT BETWEEN {-most} AND {most - 1} THEN error('{kind.shown} out of range') "
            f"ELSE CAST({{0}} AS {kind.duckdb}) END",
            [value],
            kind,
        )
    return made(f"CAST({{0}} AS {kind.duckdb})", [value], kind, can_fail=is_narrower)


def _to_numeric(value: Typed) -> Typed:
    name = value.type.name
    if name in INTEGERS:
        if value.constant is not None:
            return number_constant(value.constant)
        kind = decimal(INTEGERS[name], 0)
        return made(f"CAST({{0}} AS {kind.duckdb})", [value], kind)
    digits = 15 if name == "float8" else 6
    return made(f"pg_numeric_of_float(printf('%.{digits}g', CAST({{0}} AS DOUBLE)))", [value], TEXT_NUMERIC)


def _sized(value: Typed, digits: int, places: int) -> Typed:
    """``numeric(digits, places)``"""
    if digits > MOST_DIGITS:
        return made(f"pg_fit({{0}}, {digits}, {places})", [text_numeric(value)], TEXT_NUMERIC)
    kind = decimal(digits, places)
    if value.type == kind:
        return value
    own = value.type
    if own.is_text or own.scale is None or own.digits is None:
        return made(f"CAST(pg_fit({{0}}, {digits}, {places}) AS {kind.duckdb})", [value], kind)
    if own.digits - own.scale < digits - places:
        return made(f"CAST({{0}} AS {kind.duckdb})", [value], kind)
    if own.digits - own.scale + max(own.scale, places) + 1 > MOST_DIGITS:
        return made(f"CAST(pg_fit({{0}}, {digits}, {places}) AS {kind.duckdb})", [text_numeric(value)], kind)
    limit = f"1{'0' * (digits - places)}"
    rounded = made(f"CAST({{0}} AS DECIMAL({own.digits - own.scale + 1 + places}, {places}))", [value], kind)
    return made(
        f"CASE WHEN abs({{0}}) >= {limit} THEN error('numeric field overflow') ELSE CAST({{0}} AS {kind.duckdb}) END",
        [rounded],
        kind,
    )


def text_numeric(value: Typed) -> Typed:
    """A ``numeric`` as the text that the functions of :mod:`exact` take."""
    numeric = _plain(value, TEXT_NUMERIC)
    if numeric.type.is_text:
        return numeric
    if numeric.constant is not None:
        return Typed(literal(numeric.constant), TEXT_NUMERIC, constant=numeric.constant)
    return as_text(numeric, TEXT_NUMERIC)


def as_column(value: Typed) -> Typed:
    """A value as a column of a table of DuckDB's holds it."""
    if value.type.name == "unknown":
        return as_text(value)
    if value.type.name == "numeric" and value.type.is_text:
        if value.type.digits is not None and value.type.scale is not None:
            kind = decimal(value.type.digits, value.type.scale)
            return made(f"CAST({{0}} AS {kind.duckdb})", [value], kind)
        kind = decimal(MOST_DIGITS, PLACES)
        kept = f"CASE WHEN {fits(0)} THEN {{0}} ELSE pg_kept({{0}}, {MOST_DIGITS}, {PLACES}) END"
        return made(
            f"CAST({kept} AS {kind.duckdb})",
            [value],
            kind,
        )
    return value


def fits(place: int) -> str:
    """Whether a ``numeric`` that is a text is one that a column holds: the functions of :mod:`exact` take far longer.

    :param place: Of the argument, in a template.
    """
    text, most = f"{{{place}}}", MOST_DIGITS - PLACES
    behind = f"strpos({text}, '.') BETWEEN 2 AND {most + 1} AND strlen({text}) - strpos({text}, '.') <= {PLACES}"
    # Neither NaN nor an Infinity with its sign.
    return f"({behind} OR (strlen({text}) <= {most} AND {text} < ':' AND NOT suffix({text}, 'y')))"


def filled(value: Typed, kind: Modified) -> Typed:
    """A value of ``character(n)`` as a column, which has as many characters: the sandbox drops blanks at the end."""
    if not kind.modifiers:
        raise CannotCast("the sandbox keeps no column of character without a length; use text")
    reason = literal(f"the sandbox does not keep the blanks that fill a value up; use varchar({kind.modifiers[0]})")
    template = f"CASE WHEN length({{0}}) < {kind.modifiers[0]} THEN pg_fail({reason}) ELSE {{0}} END"
    return made(template, [value], kind.type)


def sortable(value: Typed) -> Typed:
    """A value that DuckDB compares and groups as PostgreSQL does."""
    return as_column(value)


def common(values: list[Typed]) -> Type | None:
    """The type of what may be any of several values, as of a CASE; None where PostgreSQL finds none."""
    known = [value.type for value in values if value.type.name != "unknown"]
    if not known:
        return TEXT
    chosen = known[0]
    for kind in known[1:]:
        if kind.category != chosen.category:
            return None
        if kind.name != chosen.name and _leads(chosen.name, kind.name):
            chosen = kind
    if chosen.name != "numeric":
        return chosen
    own = {kind if kind.name == "numeric" else decimal(INTEGERS.get(kind.name, 1), 0) for kind in known}
    scales = {kind.scale for kind in own}
    if any(kind.is_text for kind in own) or len(scales) > 1:
        return TEXT_NUMERIC
    return decimal(max(kind.digits or 1 for kind in own), scales.pop() or 0)


def _leads(one: str, other: str) -> bool:
    from alpine.sandbox.engine.sql.types import PREFERRED, converts

    return one not in PREFERRED and converts(one, other) and not converts(other, one)


def unified(values: list[Typed]) -> list[Typed] | None:
    """Values, all converted to their common type; None where PostgreSQL finds none.

    :raises CannotCast: A constant is none of that type.
    """
    kind = common(values)
    if kind is None:
        return None
    found = [_plain(value, kind) for value in values]
    if kind.name == "numeric":
        scales = {value.type.scale for value in found if not value.type.is_text}
        if kind.is_text or len(scales) > 1 or any(value.type.is_text for value in found if not _is_null(value)):
            return _in_texts(found)
        digits = max(value.type.digits or 1 for value in found if not value.type.is_text)
        widest = decimal(digits, scales.pop() or 0)
        return [
            value if value.type == widest else replace(value, sql=f"CAST({value.sql} AS {widest.duckdb})", type=widest)
            for value in found
        ]
    return found


def _in_texts(values: list[Typed]) -> list[Typed]:
    """Values of ``numeric`` with places of their own; how many digits they have at most is known still."""
    sizes = [(v.type.digits, v.type.scale) for v in values if not _is_null(v)]
    places = max((scale or 0 for _, scale in sizes), default=0)
    whole = max(((digits or 0) - (scale or 0) for digits, scale in sizes), default=0)
    is_known = all(digits is not None and scale is not None for digits, scale in sizes)
    kind = Type("numeric", whole + places, places, is_text=True) if is_known else TEXT_NUMERIC
    fits = is_known and whole + places <= MOST_DIGITS
    return [replace(text_numeric(value), type=kind if fits else TEXT_NUMERIC) for value in values]


def _is_null(value: Typed) -> bool:
    return value.sql.startswith("CAST(NULL AS")
