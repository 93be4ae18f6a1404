"""Casts, written or added by Pig: numbers saturate or wrap, text that is no number gives null."""

from __future__ import annotations

from alpine.sandbox.engine.pig.kinds import BIG, FLOATING, NUMBERS, WHOLE, Kind
from alpine.sandbox.engine.pig.refusals import Refusal
from alpine.sandbox.engine.pig.value import Value, failing, let

_LIMITS = {Kind.INT: ("2147483647", "-2147483648"), Kind.LONG: ("9223372036854775807", "-9223372036854775808")}
# Forms of text that DuckDB reads as Java does, and faster than Python.
_PLAIN = {
    Kind.INT: "-?[0-9]{1,9}",
    Kind.LONG: "-?[0-9]{1,18}",
    Kind.FLOAT: "-?[0-9]{1,7}([.][0-9]{1,7})?",
    Kind.DOUBLE: "-?[0-9]{1,15}([.][0-9]{1,15})?",
}
_LEAST_INFINITE_FLOAT = "3.4028235677973366e38::DOUBLE"
_LARGEST_DECIMAL = "DECIMAL(38,18)"


def convert(value: Value, kind: Kind) -> Value:
    """A value in another type, where Pig has that cast.

    :param value: The value.
    :param kind: The type it shall have.
    :raises Refusal: Pig has no such cast.
    """
    if value.is_null:
        return value.become(f"CAST(NULL AS {kind.sql})", kind, is_simple=True, is_null=True)
    if value.kind is kind:
        return value
    if value.kind is Kind.BIG_DECIMAL and kind is Kind.CHARARRAY:
        needs_zeros(value, "the text of a bigdecimal")
    known: dict[str, object] = {"lacks_zeros": value.lacks_zeros and value.kind in BIG and kind is Kind.BIG_DECIMAL}
    known |= {"is_never_null": value.is_never_null and value.kind in NUMBERS and kind in NUMBERS}
    if _stays_constant(value, kind):
        known |= {"constant": value.constant, "is_simple": value.is_simple}
    return value.become(_sql(value, kind), kind, **known)


def needs_zeros(value: Value, what: str) -> None:
    """Make sure that a bigdecimal has all zeros that were written at its end.

    :param what: What depends on them.
    :raises Refusal: It comes from a column, of which the sandbox keeps the number alone.
    """
    if value.lacks_zeros:
        reason = "depends on the zeros at the end of a column's values, which the sandbox does not keep"
        raise Refusal(f"{what} {reason}; cast it to double first", value.at or None)


def _stays_constant(value: Value, kind: Kind) -> bool:
    """Whether a literal is one still, so that what divides by it or compares with it knows that it is not zero."""
    if isinstance(value.constant, bool) or not isinstance(value.constant, int | float):
        return False
    return (value.kind in WHOLE and kind in {Kind.LONG, *FLOATING}) or (
        value.kind is Kind.FLOAT and kind is Kind.DOUBLE
    )


def result(value: Value) -> str:
    """The SQL of a whole expression, as a column of a table holds it."""
    if value.kind is Kind.BIG_INTEGER:
        stop = failing("a biginteger has more than 38 digits; the sandbox keeps no more in a table.")
        fitting = let(
            lambda x: f"(CASE WHEN {x} IS NOT NULL AND TRY_CAST({x} AS HUGEINT) IS NULL THEN {stop} ELSE {x} END)",
            value,
        )
        return f"CAST({fitting} AS HUGEINT)"
    if value.kind is Kind.BIG_DECIMAL:
        return f"CAST(pig_stored({value.sql}) AS {_LARGEST_DECIMAL})"
    if value.is_zoned:
        return let(
            lambda x: (
                f"make_timestamp(1000 * (CASE WHEN suffix({x}, '|UTC') THEN {milliseconds(x)} ELSE pig_utc({x}) END))"
            ),
            value,
        )
    # DuckDB 1 forgets the type where nothing but null is left of an expression.
    return f"CAST({value.sql} AS {value.kind.sql})"


def milliseconds(moment: str) -> str:
    """SQL of the instant of a datetime that has a zone."""
    return f"CAST(split_part({moment}, '|', 1) AS BIGINT)"


def _sql(value: Value, kind: Kind) -> str:
    given = value.kind
    if Kind.DATETIME in {given, kind} and given is not Kind.BYTEARRAY:
        hint = {True: "; use ToString(d, 'pattern')", False: "; use ToDate(text, 'pattern')"}[given is Kind.DATETIME]
        raise Refusal(f"Pig casts no {given.value} to {kind.value}{hint}", value.at or None)
    if kind is Kind.BYTEARRAY:
        raise Refusal(f"Pig casts no {given.value} to bytearray", value.at or None)
    if given is Kind.BYTEARRAY:
        return _from_bytes(value.sql, kind)
    if given is Kind.CHARARRAY:
        return _from_text(value, kind)
    if given is Kind.BOOLEAN:
        return _from_boolean(value.sql, kind)
    if given in BIG:
        return _from_big(value.sql, given, kind)
    return _from_number(value, kind)


def _from_number(value: Value, kind: Kind) -> str:
    given, sql = value.kind, value.sql
    if kind is Kind.BOOLEAN:
        return f"({sql} <> 0)"
    if kind is Kind.CHARARRAY or kind in BIG:
        return _number_text(value, kind)
    if given in FLOATING and kind in _LIMITS:
        most, least = _LIMITS[kind]
        return let(
            lambda x: (
                f"(CASE WHEN isnan({x}) THEN 0 WHEN {x} >= {most} THEN {most} WHEN {x} <= {least} THEN {least} "
                f"ELSE CAST(trunc({x}) AS {kind.sql}) END)::{kind.sql}"
            ),
            value,
        )
    if given is Kind.LONG and kind is Kind.INT:
        return f"CAST((({sql} & 4294967295) + 2147483648) % 4294967296 - 2147483648 AS INTEGER)"
    if given is Kind.DOUBLE and kind is Kind.FLOAT:
        return let(
            lambda x: (
                f"(CASE WHEN isnan({x}) THEN 'NaN'::FLOAT WHEN {x} >= {_LEAST_INFINITE_FLOAT} THEN 'Infinity'::FLOAT "
                f"WHEN {x} <= -{_LEAST_INFINITE_FLOAT} THEN '-Infinity'::FLOAT ELSE CAST({x} AS FLOAT) END)"
            ),
            value,
        )
    return f"CAST({sql} AS {kind.sql})"


def _number_text(value: Value, kind: Kind) -> str:
    given = value.kind
    if given not in FLOATING:
        return f"CAST({value.sql} AS VARCHAR)"
    if kind is not Kind.CHARARRAY:
        return f"pig_{given.value}_{'decimal' if kind is Kind.BIG_DECIMAL else 'integer'}({value.sql})"
    # In this range DuckDB writes a number as Java does.
    return let(
        lambda x: (
            f"(CASE WHEN abs({x}) >= 0.001 AND abs({x}) < 1e7 THEN CAST({x} AS VARCHAR) "
            f"ELSE pig_{given.value}_text({x}) END)"
        ),
        value,
    )


def _from_text(value: Value, kind: Kind) -> str:
    if kind in _PLAIN:
        form = _PLAIN[kind]
        return let(
            lambda x: (
                f"(CASE WHEN regexp_full_match({x}, '{form}') THEN CAST({x} AS {kind.sql}) "
                f"ELSE CAST(pig_to_{kind.value}({x}) AS {kind.sql}) END)"
            ),
            value,
        )
    sql = value.sql
    if kind is Kind.BOOLEAN:
        return f"pig_to_boolean({sql})"
    return f"pig_to_big('{kind.value}', {sql})"


def _from_bytes(sql: str, kind: Kind) -> str:
    text = f"decode({sql})"
    if kind is Kind.CHARARRAY:
        return text
    if kind in {Kind.INT, Kind.LONG}:
        return f"pig_bytes_to_{kind.value}({text})"
    if kind is Kind.DATETIME:
        return f"make_timestamp(1000 * pig_utc(pig_iso_date({text})))"
    return _from_text(Value(text, Kind.CHARARRAY), kind)


def _from_boolean(sql: str, kind: Kind) -> str:
    if kind in {Kind.CHARARRAY, Kind.INT}:
        return f"CAST({sql} AS {kind.sql})"
    return f"CAST(CAST({sql} AS INTEGER) AS {kind.sql})"


def _from_big(sql: str, given: Kind, kind: Kind) -> str:
    if kind is Kind.CHARARRAY:
        return sql
    if kind is Kind.BIG_DECIMAL:
        return sql
    if kind is Kind.BOOLEAN:
        return f"(pig_compare({sql}, '0') <> 0)"
    if kind is Kind.BIG_INTEGER:
        return f"pig_big('truncate {given.value}', {sql}, '0')"
    return f"CAST(pig_big_to_{kind.value}({sql}) AS {kind.sql})"
