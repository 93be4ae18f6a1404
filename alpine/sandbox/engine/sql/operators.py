"""PostgreSQL's operators, by the types of their operands, as SQL for DuckDB."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from alpine.sandbox.engine.sql.casts import INTERVAL_OF, INTERVAL_PARTS, fits, made, sortable, text_numeric
from alpine.sandbox.engine.sql.division import divided
from alpine.sandbox.engine.sql.folding import CALL, STABLE
from alpine.sandbox.engine.sql.resolve import Emit, Signature
from alpine.sandbox.engine.sql.typed import Typed
from alpine.sandbox.engine.sql.types import INTEGERS, MOST_DIGITS, PLACES, TEXT_NUMERIC, Type, decimal

_ARITHMETIC = {"+": "add", "-": "subtract", "*": "multiply"}
_WORD = {"int2": "smallint", "int4": "integer", "int8": "bigint"}
_OVERFLOW = "error('value out of range: overflow')"
_UNDERFLOW = "error('value out of range: underflow')"
_ZERO = "error('division by zero')"
_SMALL = 18
"""Digits of a decimal that DuckDB keeps in 64 bits."""


def _numeric(name: str) -> Emit:
    """An operation on ``numeric``: DuckDB's own while it is exact, else that of :mod:`exact`."""

    def emit(arguments: Sequence[Typed]) -> Typed:
        a, b = arguments
        if not (a.type.is_text or b.type.is_text) and name in ("add", "subtract", "multiply"):
            (digits_a, scale_a), (digits_b, scale_b) = _size(a), _size(b)
            if name == "multiply":
                digits, scale = digits_a + digits_b, scale_a + scale_b
            else:
                scale = max(scale_a, scale_b)
                digits = max(digits_a - scale_a, digits_b - scale_b) + scale + 1
            if digits <= MOST_DIGITS:
                kind = decimal(digits, scale)
                sign = {"add": "+", "subtract": "-", "multiply": "*"}[name]
                left = "{0}"
                if digits > _SMALL >= max(digits_a, digits_b):
                    # DuckDB gives what comes of two such decimals 18 digits, and fails where it has more.
                    left = f"CAST({{0}} AS {decimal(_SMALL + 1, scale_a).duckdb})"
                return made(f"CAST(({left} {sign} {{1}}) AS {kind.duckdb})", [a, b], kind)
        if name == "divide":
            return divided(a, b)
        return made(f"pg_{name}({{0}}, {{1}})", [text_numeric(a), text_numeric(b)], TEXT_NUMERIC)

    return emit


def _size(value: Typed) -> tuple[int, int]:
    return value.type.digits or 1, value.type.scale or 0


def _wider(a: str, b: str) -> str:
    return max(a, b, key=INTEGERS.__getitem__)


def _arithmetic() -> dict[str, list[Signature]]:
    table: dict[str, list[Signature]] = {sign: [] for sign in "+-*/%"}
    for a, b in product(INTEGERS, repeat=2):
        result = _wider(a, b)
        duckdb = Type(result).duckdb
        both = f"CAST({{0}} AS {duckdb})", f"CAST({{1}} AS {duckdb})"
        left, right = ("{0}", "{1}") if a == b else both
        for sign in "+-*":
            # By its name: DuckDB takes x + 1 > 0 for x > -1, and no value is out of range then.
            table[sign].append(Signature((a, b), result, f"{_ARITHMETIC[sign]}({left}, {right})"))
        lowest = f"{left} = CAST({-(2 ** (8 * int(result[3:]) - 1))} AS {duckdb}) AND {right} = -1"
        table["/"].append(
            Signature(
                (a, b),
                result,
                f"CASE WHEN {right} = 0 THEN {_ZERO} WHEN {lowest} THEN error('{_WORD[result]} out of range') "
                f"ELSE {left} // {right} END",
            )
        )
        if a == b:
            table["%"].append(
                Signature(
                    (a, b),
                    result,
                    f"CASE WHEN {right} = 0 THEN {_ZERO} WHEN {right} = -1 THEN 0::{duckdb} ELSE {left} % {right} END",
                )
            )
    for a, b in product(("float4", "float8"), repeat=2):
        result = "float4" if a == b == "float4" else "float8"
        x, y = ("{0}", "{1}") if a == b else ("CAST({0} AS DOUBLE)", "CAST({1} AS DOUBLE)")
        for sign in "+-*/":
            table[sign].append(Signature((a, b), result, _float(x, sign, y)))
    for sign, name in (("+", "add"), ("-", "subtract"), ("*", "multiply"), ("/", "divide"), ("%", "remainder")):
        table[sign].append(Signature(("numeric", "numeric"), "numeric", _numeric(name)))
    return table


def _float(x: str, sign: str, y: str) -> str:
    outcome = f"{x} {sign} {y}"
    cases = [f"WHEN {y} = 0 AND NOT isnan({x}) THEN {_ZERO}"] if sign == "/" else []
    cases.append(f"WHEN isinf({outcome}) AND NOT isinf({x}) AND NOT isinf({y}) THEN {_OVERFLOW}")
    if sign == "*":
        cases.append(f"WHEN {outcome} = 0 AND {x} <> 0 AND {y} <> 0 THEN {_UNDERFLOW}")
    if sign == "/":
        cases.append(f"WHEN {outcome} = 0 AND {x} <> 0 AND NOT isinf({y}) THEN {_UNDERFLOW}")
    return f"CASE {' '.join(cases)} ELSE {outcome} END"


def _moments(table: dict[str, list[Signature]]) -> None:
    added = [
        (("date", "int4"), "date", _shifted("{0}", "+", "{1}"), "+"),
        (("int4", "date"), "date", _shifted("{1}", "+", "{0}"), "+"),
        (("date", "int4"), "date", _shifted("{0}", "-", "{1}"), "-"),
        (("date", "date"), "int4", "CAST(date_diff('day', {1}, {0}) AS INTEGER)", "-"),
        (("date", "time"), "timestamp", f"(CAST({{0}} AS TIMESTAMP) + {_passed('{1}')})", "+"),
        (("interval", "interval"), "interval", "({0} + {1})", "+"),
        (("interval", "interval"), "interval", "({0} - {1})", "-"),
        (("time", "time"), "interval", f"({_passed('{0}')} - {_passed('{1}')})", "-"),
        (("timestamp", "timestamp"), "interval", _difference("{0}", "{1}"), "-"),
        (("timestamptz", "timestamptz"), "interval", _difference("{0}", "{1}"), "-"),
        (("interval", "float8"), "interval", _scaled, "*"),
        (("float8", "interval"), "interval", lambda found: _scaled([found[1], found[0]]), "*"),
        (("interval", "float8"), "interval", _divided, "/"),
    ]
    for moment, result in (
        ("date", "timestamp"),
        ("timestamp", "timestamp"),
        ("timestamptz", "timestamptz"),
        ("time", "time"),
    ):
        value = "CAST({%d} AS TIMESTAMP)" if moment == "date" else "{%d}"
        added.append(((moment, "interval"), result, f"({value % 0} + {{1}})", "+"))
        added.append((("interval", moment), result, f"({value % 1} + {{0}})", "+"))
        added.append(((moment, "interval"), result, f"({value % 0} - {{1}})", "-"))
    for arguments, kind, template, sign in added:
        how = STABLE if set(arguments) == {"timestamptz", "interval"} else CALL
        table[sign].append(Signature(arguments, kind, template, how=how))  # type: ignore[arg-type]


def _shifted(day: str, sign: str, count: str) -> str:
    """A date so many days later or earlier; DuckDB's dates begin long before PostgreSQL's."""
    return (
        f"CASE WHEN abs(CAST({count} AS BIGINT)) > 1000000 "
        "THEN error('the sandbox adds up to 1,000,000 days to a date') "
        f"ELSE {day} {sign} {count} END"
    )


def _passed(time: str) -> str:
    """What has passed of a day, as an interval."""
    return f"to_microseconds(date_diff('microsecond', TIME '00:00:00', {time}))"


def _difference(a: str, b: str) -> str:
    """Days and the rest, as PostgreSQL shows what lies between two times."""
    micros = f"date_diff('microsecond', {b}, {a})"
    return f"(to_days(CAST({micros} // 86400000000 AS INTEGER)) + to_microseconds({micros} % 86400000000))"


def _scaled(arguments: Sequence[Typed]) -> Typed:
    """An interval so many times; a part of a month spills to its days, one of a day to its time."""
    interval, factor = arguments
    parts = made(f"pg_interval_times({INTERVAL_PARTS}, {{1}})", [interval, factor], interval.type)
    return made(INTERVAL_OF, [parts], interval.type)


def _divided(arguments: Sequence[Typed]) -> Typed:
    interval, divisor = arguments
    parts = made(f"pg_interval_over({INTERVAL_PARTS}, {{1}})", [interval, divisor], interval.type)
    return made(INTERVAL_OF, [parts], interval.type)


def _bits(table: dict[str, list[Signature]]) -> None:
    for kind in INTEGERS:
        duckdb, bits = Type(kind).duckdb, 8 * int(kind[3:])
        for sign in "&|":
            table.setdefault(sign, []).append(Signature((kind, kind), kind, f"({{0}} {sign} {{1}})"))
        table.setdefault("#", []).append(Signature((kind, kind), kind, "xor({0}, {1})"))
        table.setdefault("~ ", []).append(Signature((kind,), kind, f"CAST(-1 - {{0}} AS {duckdb})"))
        refused = "error('the sandbox does not shift beyond the bits of a number')"
        table.setdefault("<<", []).append(
            Signature(
                (kind, "int4"),
                kind,
                f"CASE WHEN {{0}} < 0 OR {{1}} < 0 OR {{1}} >= {min(bits, 62)} OR CAST({{0}} AS HUGEINT) * "
                f"pow(2, {{1}}) >= {2 ** (bits - 1)} THEN {refused} "
                f"ELSE CAST({{0}} * CAST(pow(2, {{1}}) AS BIGINT) AS {duckdb}) END",
            )
        )
        table.setdefault(">>", []).append(
            Signature(
                (kind, "int4"),
                kind,
                f"CASE WHEN {{1}} < 0 OR {{1}} >= {bits} THEN {refused} WHEN {{0}} < 0 "
                f"THEN CAST(-1 - ((-1 - CAST({{0}} AS BIGINT)) >> CAST({{1}} AS BIGINT)) AS {duckdb}) "
                f"ELSE CAST(CAST({{0}} AS BIGINT) >> CAST({{1}} AS BIGINT) AS {duckdb}) END",
            )
        )


def _signs(table: dict[str, list[Signature]]) -> None:
    for kind in INTEGERS:
        low = -(2 ** (8 * int(kind[3:]) - 1))
        duckdb = Type(kind).duckdb
        table["neg"].append(
            Signature(
                (kind,),
                kind,
                (
                    f"CASE WHEN {{0}} = CAST({low} AS {duckdb}) THEN error('{_WORD[kind]} out of range') "
                    f"ELSE CAST(-{{0}} AS {duckdb}) END"
                ),
            )
        )
    table["neg"] += [
        Signature(("float4",), "float4", "(-{0})"),
        Signature(("float8",), "float8", "(-{0})"),
        Signature(("numeric",), "numeric", negated),
        Signature(("interval",), "interval", "(-{0})"),
    ]


def negated(arguments: Sequence[Typed]) -> Typed:
    """``-numeric``"""
    (value,) = arguments
    if value.type.is_text:
        return made("pg_negate({0})", [value], TEXT_NUMERIC)
    return made(f"CAST((-{{0}}) AS {value.type.duckdb})", [value], value.type)


POWER_OF_DOUBLES = (
    "CASE WHEN {0} = 0 AND {1} < 0 THEN error('zero raised to a negative power is undefined') "
    "WHEN {0} < 0 AND NOT isinf({0}) AND NOT isinf({1}) AND {1} <> trunc({1}) "
    "THEN error('a negative number raised to a non-integer power yields a complex result') "
    "WHEN {1} = 0 OR {0} = 1 THEN 1 "
    f"WHEN isinf(pow({{0}}, {{1}})) AND NOT isinf({{0}}) AND NOT isinf({{1}}) THEN {_OVERFLOW} "
    f"WHEN pow({{0}}, {{1}}) = 0 AND {{0}} <> 0 AND NOT isinf({{0}}) AND NOT isinf({{1}}) THEN {_UNDERFLOW} "
    "ELSE pow({0}, {1}) END"
)
ROOT = "CASE WHEN {0} < 0 THEN error('cannot take square root of a negative number') ELSE sqrt({0}) END"


def power_of_numerics(arguments: Sequence[Typed]) -> Typed:
    """``power(numeric, numeric)``"""
    return made("pg_power({0}, {1})", [text_numeric(argument) for argument in arguments], TEXT_NUMERIC)


def _table() -> dict[str, list[Signature]]:
    table = _arithmetic()
    _moments(table)
    _bits(table)
    table["neg"] = []
    _signs(table)
    table["^"] = [
        Signature(("float8", "float8"), "float8", POWER_OF_DOUBLES),
        Signature(("numeric", "numeric"), "numeric", power_of_numerics),
    ]
    table["|/"] = [Signature(("float8",), "float8", ROOT)]
    table["||/"] = [Signature(("float8",), "float8", "cbrt({0})")]
    return table


OPERATORS = _table()


def comparison(sign: str, a: Typed, b: Typed) -> Typed:
    """A comparison of two values that have one type."""
    kind = Type("bool")
    if a.type.name == "numeric":
        if not (a.type.is_text or b.type.is_text):
            (digits_a, scale_a), (digits_b, scale_b) = _size(a), _size(b)
            if max(digits_a - scale_a, digits_b - scale_b) + max(scale_a, scale_b) <= MOST_DIGITS:
                return made(f"({{0}} {sign} {{1}})", [a, b], kind)
        wide = decimal(MOST_DIGITS, PLACES).duckdb
        return made(
            f"(CASE WHEN {fits(0)} AND {fits(1)} THEN CAST({{0}} AS {wide}) {sign} CAST({{1}} AS {wide}) "
            f"ELSE pg_compare({{0}}, {{1}}) {sign} 0 END)",
            [text_numeric(a), text_numeric(b)],
            kind,
        )
    return made(f"({{0}} {sign} {{1}})", [sortable(a), sortable(b)], kind)
