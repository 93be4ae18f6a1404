"""The functions of PostgreSQL that an expression may call, by the types of their arguments."""

from __future__ import annotations

import math
from collections.abc import Sequence

from alpine.sandbox.engine.sql.casts import INTERVAL_MICROS, INTERVAL_OF, INTERVAL_PARTS, fits, made, text_numeric
from alpine.sandbox.engine.sql.folding import CALL, ROW, SAFE, STABLE
from alpine.sandbox.engine.sql.operators import OPERATORS, POWER_OF_DOUBLES, ROOT, power_of_numerics
from alpine.sandbox.engine.sql.resolve import Emit, Signature
from alpine.sandbox.engine.sql.typed import Typed
from alpine.sandbox.engine.sql.types import INTEGERS, INTERVAL, MOST_DIGITS, PLACES, TEXT, TEXT_NUMERIC, Type, decimal

LONGEST_MADE = 2_000
"""Characters that one call may add to a text; DuckDB's limit of memory does not count them, and to make thousands of
such texts, between which no stop is seen, takes most of a second."""
_RANGE = "error('input is out of range')"
_OVERFLOW = "error('value out of range: overflow')"
_UNDERFLOW = "error('value out of range: underflow')"
_LONG = f"error('the sandbox makes a text of up to {LONGEST_MADE:,} characters')"


def _exact(name: str) -> Emit:
    return lambda found: made(
        f"{name}({', '.join(f'{{{i}}}' for i in range(len(found)))})", _texts(found), TEXT_NUMERIC
    )


def _texts(found: Sequence[Typed]) -> list[Typed]:
    return [text_numeric(value) if value.type.name == "numeric" else value for value in found]


def _rounded(name: str) -> Emit:
    """``round`` or ``trunc`` of a ``numeric`` to so many places."""

    def emit(found: Sequence[Typed]) -> Typed:
        value = found[0]
        constant = found[1].constant if len(found) > 1 else "0"
        own = value.type
        if name == "pg_round" and constant is not None and not own.is_text and own.scale is not None:
            places, digits = int(constant), own.digits or 1
            if 0 <= places <= 20 and digits - own.scale + 1 + max(places, own.scale) <= MOST_DIGITS:
                kind = decimal(digits - own.scale + 1 + places, places)
                return made(f"CAST({{0}} AS {kind.duckdb})", [value], kind)
        if name == "pg_round" and constant is not None and own.is_text and 0 <= int(constant) <= PLACES:
            kind = decimal(MOST_DIGITS, int(constant))
            wide = f"CAST({{0}} AS {decimal(MOST_DIGITS, PLACES).duckdb})"
            return made(
                f"(CASE WHEN {fits(0)} THEN CAST(CAST({wide} AS {kind.duckdb}) AS VARCHAR) "
                f"ELSE pg_round({{0}}, {constant}) END)",
                [value],
                TEXT_NUMERIC,
            )
        places_of = found[1] if len(found) > 1 else Typed("0", Type("int4"))
        return made(f"{name}({{0}}, {{1}})", [text_numeric(value), places_of], TEXT_NUMERIC)

    return emit


def _absolute(found: Sequence[Typed]) -> Typed:
    (value,) = found
    if value.type.is_text:
        return made("pg_abs({0})", [value], TEXT_NUMERIC)
    return made(f"CAST(abs({{0}}) AS {value.type.duckdb})", [value], value.type)


# PostgreSQL has no capital of ß. The last code point, which no text has, keeps its place.
_UPPER = "replace(upper(replace({0}, 'ß', chr(1114111))), chr(1114111), 'ß')"
_NUMBERS: list[tuple[str, tuple[str, ...], str, str | Emit]] = [
    ("abs", ("float4",), "float4", "abs({0})"),
    ("abs", ("float8",), "float8", "abs({0})"),
    ("abs", ("numeric",), "numeric", _absolute),
    (
        "sign",
        ("float8",),
        "float8",
        (
            "CASE WHEN {0} > 0 AND NOT isnan({0}) THEN 1 WHEN {0} < 0 THEN -1 WHEN {0} IS NULL "
            "THEN NULL ELSE 0 END::DOUBLE"
        ),
    ),
    ("sign", ("numeric",), "numeric", _exact("pg_sign")),
    (
        "round",
        ("float8",),
        "float8",
        (
            "CASE WHEN {0} = 0 THEN {0} WHEN abs({0}) < 4503599627370496 "
            "THEN CAST(CAST({0} AS BIGINT) AS DOUBLE) * CASE WHEN {0} < 0 "
            "AND CAST({0} AS BIGINT) = 0 THEN -1 ELSE 1 END ELSE {0} END"
        ),
    ),
    ("round", ("numeric",), "numeric", _rounded("pg_round")),
    ("round", ("numeric", "int4"), "numeric", _rounded("pg_round")),
    ("trunc", ("float8",), "float8", "trunc({0})"),
    ("trunc", ("numeric",), "numeric", _rounded("pg_trunc")),
    ("trunc", ("numeric", "int4"), "numeric", _rounded("pg_trunc")),
    ("ceil", ("float8",), "float8", "ceil({0})"),
    ("ceil", ("numeric",), "numeric", _exact("pg_ceil")),
    ("floor", ("float8",), "float8", "floor({0})"),
    ("floor", ("numeric",), "numeric", _exact("pg_floor")),
    ("sqrt", ("float8",), "float8", ROOT),
    ("sqrt", ("numeric",), "numeric", _exact("pg_sqrt")),
    ("cbrt", ("float8",), "float8", "cbrt({0})"),
    (
        "exp",
        ("float8",),
        "float8",
        (
            f"CASE WHEN isinf(exp({{0}})) AND NOT isinf({{0}}) THEN {_OVERFLOW} WHEN exp({{0}}) = 0 "
            f"AND NOT isinf({{0}}) THEN {_UNDERFLOW} ELSE exp({{0}}) END"
        ),
    ),
    ("exp", ("numeric",), "numeric", _exact("pg_exp")),
    ("power", ("float8", "float8"), "float8", POWER_OF_DOUBLES),
    ("power", ("numeric", "numeric"), "numeric", power_of_numerics),
    ("mod", ("numeric", "numeric"), "numeric", _exact("pg_remainder")),
    ("div", ("numeric", "numeric"), "numeric", _exact("pg_quotient")),
    ("log", ("numeric", "numeric"), "numeric", _exact("pg_log")),
    ("log", ("numeric",), "numeric", lambda found: made("pg_log('10', {0})", _texts(found), TEXT_NUMERIC)),
    ("log10", ("numeric",), "numeric", lambda found: made("pg_log('10', {0})", _texts(found), TEXT_NUMERIC)),
    ("ln", ("numeric",), "numeric", _exact("pg_ln")),
    ("scale", ("numeric",), "int4", lambda found: made("CAST(pg_scale({0}) AS INTEGER)", _texts(found), Type("int4"))),
    ("trim_scale", ("numeric",), "numeric", _exact("pg_trim_scale")),
    ("pi", (), "float8", f"CAST('{math.pi!r}' AS DOUBLE)"),
    ("degrees", ("float8",), "float8", "({0} / CAST('0.017453292519943295' AS DOUBLE))"),
    ("radians", ("float8",), "float8", "({0} * CAST('0.017453292519943295' AS DOUBLE))"),
    ("random", (), "float8", "random()"),
    (
        "width_bucket",
        ("numeric", "numeric", "numeric", "int4"),
        "int4",
        lambda found: made("CAST(pg_width_bucket({0}, {1}, {2}, {3}) AS INTEGER)", _texts(found), Type("int4")),
    ),
    (
        "width_bucket",
        ("float8", "float8", "float8", "int4"),
        "int4",
        (
            "CASE WHEN {3} <= 0 THEN error('count must be greater than zero') "
            "WHEN isnan({0}) OR isnan({1}) OR isnan({2}) "
            "THEN error('operand, lower bound, and upper bound cannot be NaN') WHEN isinf({1}) OR isinf({2}) "
            "THEN error('lower and upper bounds must be finite') WHEN {1} = {2} "
            "THEN error('lower bound cannot equal upper bound') WHEN {1} < {2} THEN CASE WHEN {0} < {1} THEN 0 "
            "WHEN {0} >= {2} THEN {3} + 1 "
            "ELSE CAST(least(floor(({0} - {1}) / ({2} - {1}) * {3}), {3} - 1) AS INTEGER) + 1 END "
            "WHEN {1} > {2} THEN CASE WHEN {0} > {1} THEN 0 WHEN {0} <= {2} THEN {3} + 1 "
            "ELSE CAST(least(floor(({1} - {0}) / ({1} - {2}) * {3}), {3} - 1) AS INTEGER) + 1 END END"
        ),
    ),
    (
        "to_hex",
        ("int4",),
        "text",
        "lower(to_hex(CASE WHEN {0} < 0 THEN CAST({0} AS BIGINT) + 4294967296 ELSE CAST({0} AS BIGINT) END))",
    ),
    ("to_hex", ("int8",), "text", "lower(to_hex({0}))"),
    (
        "chr",
        ("int4",),
        "text",
        (
            "CASE WHEN {0} < 1 OR {0} > 1114111 OR {0} BETWEEN 55296 AND 57343 "
            "THEN error('requested character is not valid') ELSE chr({0}) END"
        ),
    ),
    ("gcd", ("int4", "int4"), "int4", "CAST(gcd({0}, {1}) AS INTEGER)"),
    ("gcd", ("int8", "int8"), "int8", "CAST(gcd({0}, {1}) AS BIGINT)"),
    ("lcm", ("int4", "int4"), "int4", "CAST(lcm({0}, {1}) AS INTEGER)"),
    ("lcm", ("int8", "int8"), "int8", "CAST(lcm({0}, {1}) AS BIGINT)"),
]
_LOG = (
    "CASE WHEN {0} = 0 THEN error('cannot take logarithm of zero') WHEN {0} < 0 "
    "THEN error('cannot take logarithm of a negative number') ELSE %s({0}) END"
)
_NUMBERS += [
    (name, ("float8",), "float8", _LOG % duckdb)
    for name, duckdb in (("ln", "ln"), ("log", "log10"), ("log10", "log10"))
]
_NUMBERS += [
    (name, ("float8",), "float8", f"CASE WHEN isinf({{0}}) THEN {_RANGE} ELSE {name}({{0}}) END")
    for name in ("sin", "cos", "tan", "cot")
]
_NUMBERS += [
    (
        name,
        ("float8",),
        "float8",
        f"CASE WHEN {{0}} < -1 OR ({{0}} > 1 AND NOT isnan({{0}})) THEN {_RANGE} ELSE {name}({{0}}) END",
    )
    for name in ("asin", "acos")
]
_NUMBERS += [(name, ("float8",), "float8", f"{name}({{0}})") for name in ("atan", "tanh", "asinh", "sinh", "cosh")]
_NUMBERS += [
    ("acosh", ("float8",), "float8", f"CASE WHEN {{0}} < 1 THEN {_RANGE} ELSE acosh({{0}}) END"),
    (
        "atanh",
        ("float8",),
        "float8",
        f"CASE WHEN {{0}} < -1 OR ({{0}} > 1 AND NOT isnan({{0}})) THEN {_RANGE} ELSE atanh({{0}}) END",
    ),
]
_NUMBERS += [("atan2", ("float8", "float8"), "float8", "atan2({0}, {1})")]
for _kind in INTEGERS:
    _NUMBERS.append(
        ("mod", (_kind, _kind), _kind, OPERATORS["%"][[s.arguments for s in OPERATORS["%"]].index((_kind, _kind))].emit)
    )
    _low = f"CAST({-(2 ** (8 * int(_kind[3:]) - 1))} AS {Type(_kind).duckdb})"
    _NUMBERS.append(
        (
            "abs",
            (_kind,),
            _kind,
            f"CASE WHEN {{0}} = {_low} THEN error('{Type(_kind).shown} out of range') ELSE abs({{0}}) END",
        )
    )


def _joined(found: Sequence[Typed]) -> Typed:
    values, separator = found
    if separator.constant is None or len(separator.constant) > 100:
        raise NotImplementedError("the sandbox takes a short constant as the separator of array_to_string")
    return made("array_to_string({0}, {1})", [values, separator], TEXT)


def _of_padded(_: Sequence[Typed]) -> Typed:
    raise NotImplementedError("the sandbox keeps character(n) without the blanks at its end; cast it to text")


_START = "CASE WHEN {1} < 1 THEN 1 ELSE CAST({1} AS BIGINT) END"
_TEXTS: list[tuple[str, tuple[str, ...], str, str | Emit]] = [
    ("length", ("text",), "int4", "CAST(length({0}) AS INTEGER)"),
    ("char_length", ("text",), "int4", "CAST(length({0}) AS INTEGER)"),
    ("character_length", ("text",), "int4", "CAST(length({0}) AS INTEGER)"),
    ("octet_length", ("bpchar",), "int4", _of_padded),
    ("octet_length", ("text",), "int4", "CAST(octet_length(encode({0})) AS INTEGER)"),
    ("bit_length", ("text",), "int4", "CAST(octet_length(encode({0})) * 8 AS INTEGER)"),
    ("lower", ("text",), "text", "lower({0})"),
    ("upper", ("text",), "text", _UPPER),
    ("initcap", ("text",), "text", "pg_initcap({0})"),
    ("substr", ("text", "int4"), "text", f"substring({{0}}, {_START})"),
    (
        "substr",
        ("text", "int4", "int4"),
        "text",
        (
            "CASE WHEN {2} < 0 THEN error('negative substring length not allowed') WHEN {1} < 1 THEN "
            "substring({0}, 1, CASE WHEN CAST({1} AS BIGINT) + {2} < 1 THEN 0 ELSE CAST({1} AS BIGINT) + {2} - 1 END) "
            "ELSE substring({0}, CAST({1} AS BIGINT), CAST({2} AS BIGINT)) END"
        ),
    ),
    ("left", ("text", "int4"), "text", "left({0}, {1})"),
    ("right", ("text", "int4"), "text", "right({0}, {1})"),
    (
        "replace",
        ("text", "text", "text"),
        "text",
        (
            f"CASE WHEN strlen({{2}}) > strlen({{1}}) "
            f"AND strlen({{0}}) * strlen({{2}}) > {LONGEST_MADE} "
            f"AND strlen({{0}}) + (strlen({{0}}) // CASE WHEN strlen({{1}}) = 0 THEN 1 "
            f"ELSE strlen({{1}}) "
            f"END) * (strlen({{2}}) - strlen({{1}})) > strlen({{0}}) + {LONGEST_MADE} THEN {_LONG} "
            f"WHEN {{1}} = '' THEN {{0}} ELSE replace({{0}}, {{1}}, {{2}}) END"
        ),
    ),
    ("reverse", ("text",), "text", "reverse({0})"),
    (
        "repeat",
        ("text", "int4"),
        "text",
        (
            f"CASE WHEN {{1}} > 0 AND strlen({{0}}) * CAST({{1}} AS BIGINT) > {LONGEST_MADE} "
            f"THEN {_LONG} ELSE repeat({{0}}, CASE WHEN {{1}} < 0 THEN 0 ELSE CAST({{1}} AS BIGINT) "
            "END) END"
        ),
    ),
    ("translate", ("text", "text", "text"), "text", "translate({0}, {1}, {2})"),
    ("strpos", ("text", "text"), "int4", "CAST(strpos({0}, {1}) AS INTEGER)"),
    ("starts_with", ("text", "text"), "bool", "starts_with({0}, {1})"),
    ("ascii", ("text",), "int4", "CASE WHEN {0} = '' THEN 0 ELSE CAST(unicode({0}) AS INTEGER) END"),
    ("md5", ("text",), "text", "md5({0})"),
    (
        "split_part",
        ("text", "text", "int4"),
        "text",
        (
            "CASE WHEN {2} = 0 THEN error('field position must not be zero') "
            "WHEN {1} = '' THEN CASE WHEN {2} IN (1, -1) "
            "THEN {0} ELSE '' END ELSE split_part({0}, {1}, CAST({2} AS BIGINT)) END"
        ),
    ),
    (
        "overlay",
        ("text", "text", "int4"),
        "text",
        (
            "CASE WHEN {2} < 1 THEN error('negative substring length not allowed') "
            "ELSE substring({0}, 1, {2} - 1) || {1} || substring({0}, {2} + length({1})) END"
        ),
    ),
    (
        "overlay",
        ("text", "text", "int4", "int4"),
        "text",
        (
            "CASE WHEN {2} < 1 THEN error('negative substring length not allowed') "
            "ELSE substring({0}, 1, {2} - 1) || {1} || substring({0}, CASE "
            "WHEN CAST({2} AS BIGINT) + {3} < 1 THEN 1 ELSE CAST({2} AS BIGINT) + {3} END) END"
        ),
    ),
    ("to_number", ("text", "text"), "numeric", lambda found: made("pg_to_number({0}, {1})", list(found), TEXT_NUMERIC)),
    ("to_date", ("text", "text"), "date", "CAST(pg_to_timestamp({0}, {1}) AS DATE)"),
    ("to_timestamp", ("text", "text"), "timestamptz", "timezone('UTC', pg_to_timestamp({0}, {1}))"),
    ("array_to_string", ("text[]", "text"), "text", _joined),
]
for _name, _duckdb in (("btrim", "trim"), ("ltrim", "ltrim"), ("rtrim", "rtrim")):
    _TEXTS.append((_name, ("text",), "text", f"{_duckdb}({{0}}, ' ')"))
    _TEXTS.append(
        (_name, ("text", "text"), "text", f"CASE WHEN {{1}} = '' THEN {{0}} ELSE {_duckdb}({{0}}, {{1}}) END")
    )
for _name in ("lpad", "rpad"):
    _cut = "CASE WHEN {1} < 0 THEN 0 ELSE {1} END"
    _guard = f"WHEN {{1}} > {LONGEST_MADE} AND {{1}} > length({{0}}) THEN {_LONG}"
    _TEXTS.append((_name, ("text", "int4"), "text", f"CASE {_guard} ELSE {_name}({{0}}, {_cut}, ' ') END"))
    _TEXTS.append(
        (
            _name,
            ("text", "int4", "text"),
            "text",
            f"CASE {_guard} WHEN {{2}} = '' THEN left({{0}}, {_cut}) ELSE {_name}({{0}}, {_cut}, {{2}}) END",
        )
    )
MAKERS = frozenset({"lpad", "rpad", "repeat", "replace"})
"""Functions whose result can be far longer than their arguments."""


def _number_text(found: Sequence[Typed]) -> Typed:
    value, pattern = found
    if value.type.name in ("float4", "float8"):
        digits = 15 if value.type.name == "float8" else 6
        return made(f"pg_float_format(CAST({{0}} AS DOUBLE), {{1}}, {digits})", [value, pattern], TEXT)
    return made("pg_number_text({0}, {1})", [text_numeric(value), pattern], TEXT)


def _justified(name: str) -> Emit:
    def emit(found: Sequence[Typed]) -> Typed:
        parts = made(f"pg_{name}({INTERVAL_PARTS})", list(found), INTERVAL)
        return made(INTERVAL_OF, [parts], INTERVAL)

    return emit


_MOMENTS: list[tuple[str, tuple[str, ...], str, str | Emit]] = [
    ("to_char", ("timestamp", "text"), "text", "pg_moment_text({0}, {1})"),
    ("to_char", ("timestamptz", "text"), "text", "pg_moment_text_utc(timezone('UTC', {0}), {1})"),
    ("to_char", ("numeric", "text"), "text", _number_text),
    ("to_char", ("int4", "text"), "text", _number_text),
    ("to_char", ("int8", "text"), "text", _number_text),
    ("to_char", ("float8", "text"), "text", _number_text),
    ("to_char", ("float4", "text"), "text", _number_text),
    (
        "to_timestamp",
        ("float8",),
        "timestamptz",
        "CASE WHEN isnan({0}) THEN error('timestamp cannot be NaN') ELSE to_timestamp({0}) END",
    ),
    ("age", ("timestamp", "timestamp"), "interval", "age({0}, {1})"),
    ("age", ("timestamptz", "timestamptz"), "interval", "age(timezone('UTC', {0}), timezone('UTC', {1}))"),
    ("age", ("timestamp",), "interval", "age(CAST(CAST(timezone('UTC', now()) AS DATE) AS TIMESTAMP), {0})"),
    ("now", (), "timestamptz", "now()"),
    ("transaction_timestamp", (), "timestamptz", "now()"),
    ("statement_timestamp", (), "timestamptz", "now()"),
    ("clock_timestamp", (), "timestamptz", "now()"),
    ("isfinite", ("date",), "bool", "isfinite({0})"),
    ("isfinite", ("timestamp",), "bool", "isfinite({0})"),
    ("isfinite", ("timestamptz",), "bool", "isfinite({0})"),
    *(
        (name, ("interval",), "interval", _justified(name))
        for name in ("justify_hours", "justify_days", "justify_interval")
    ),
    ("to_char", ("interval", "text"), "text", f"pg_passed_text({INTERVAL_MICROS}, {{1}})"),
    ("make_date", ("int4", "int4", "int4"), "date", "pg_make_date({0}, {1}, {2})"),
    (
        "make_timestamp",
        ("int4", "int4", "int4", "int4", "int4", "float8"),
        "timestamp",
        "pg_make_timestamp({0}, {1}, {2}, {3}, {4}, {5})",
    ),
]


_HOW: dict[tuple[str, ...], str] = {
    ("random",): ROW,
    ("pi",): SAFE,
    **{(name,): ROW for name in ("now", "transaction_timestamp", "statement_timestamp", "clock_timestamp")},
    **{("to_char", *arguments): STABLE for name, arguments, _, _ in _MOMENTS if name == "to_char"},
    **{(name, "text", "text"): STABLE for name in ("to_number", "to_date", "to_timestamp")},
    ("age", "timestamp"): STABLE,
    ("array_to_string", "text[]", "text"): STABLE,
}
"""Functions that PostgreSQL does not compute while it plans."""


def _entries(rows: list[tuple[str, tuple[str, ...], str, str | Emit]]) -> dict[str, list[Signature]]:
    table: dict[str, list[Signature]] = {}
    for name, arguments, result, emit in rows:
        extra = LONGEST_MADE if name in MAKERS else 0
        table.setdefault(name, []).append(Signature(arguments, result, emit, extra, _HOW.get((name, *arguments), CALL)))
    return table


FUNCTIONS = _entries(_NUMBERS + _TEXTS + _MOMENTS)
_ALIASES: dict[str, str] = {
    "ceiling": "ceil",
    "pow": "power",
    "substring": "substr",
}
for _alias, _name in _ALIASES.items():
    FUNCTIONS[_alias] = FUNCTIONS[_name]
