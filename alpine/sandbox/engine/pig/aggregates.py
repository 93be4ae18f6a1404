"""Aggregates: of a column of the table, or of ``$1.column`` as a script of Pig has it."""

from __future__ import annotations

from alpine.sandbox.engine.pig.casts import convert
from alpine.sandbox.engine.pig.kinds import FLOATING, NUMBERS, Kind
from alpine.sandbox.engine.pig.refusals import Refusal
from alpine.sandbox.engine.pig.value import Value, failing

NAMES = frozenset({"COUNT", "COUNT_STAR", "SUM", "AVG", "MIN", "MAX"})


def aggregate(name: str, of: Value | None, at: int) -> Value:
    """An aggregate over the rows of a group.

    :param name: Its name.
    :param of: What it takes; None for the rows themselves.
    :param at: The place in the text.
    :raises Refusal: It does not take that.
    """
    if of is not None and of.is_aggregate:
        raise Refusal(f"{name} takes no other aggregate", at)
    if name == "COUNT_STAR" or of is None:
        if name not in {"COUNT", "COUNT_STAR"}:
            raise Refusal(f"{name} takes a column", at)
        return _made("count(*)", Kind.LONG, at, is_never_null=True)
    if name == "COUNT":
        return _made(f"count({of.sql})", Kind.LONG, at, is_never_null=True)
    if of.kind is Kind.BYTEARRAY:
        of = convert(of, Kind.DOUBLE)
    if name in {"SUM", "AVG"}:
        return _total(name, of, at)
    return _extreme(name, of, at)


def _made(sql: str, kind: Kind, at: int, *, is_never_null: bool = False) -> Value:
    return Value(sql, kind, at, is_aggregate=True, is_never_null=is_never_null)


def _total(name: str, of: Value, at: int) -> Value:
    if of.kind in FLOATING:
        return _made(f"{name.lower()}(CAST({of.sql} AS DOUBLE))", Kind.DOUBLE, at)
    if of.kind not in {Kind.INT, Kind.LONG}:
        why = "takes no" if of.kind not in NUMBERS else "in the sandbox takes no"
        raise Refusal(f"{name} {why} {of.kind.value}; cast it, as {name}((double)x)", at)
    total = f"sum(CAST({of.sql} AS HUGEINT))"
    # Adding longs wraps in Java.
    half, all_bits = "9223372036854775808::HUGEINT", "18446744073709551615::HUGEINT"
    wrapped = f"CAST((({total} + {half}) & {all_bits}) - {half} AS BIGINT)"
    if name == "SUM":
        return _made(wrapped, Kind.LONG, at)
    return _made(f"(CAST({wrapped} AS DOUBLE) / nullif(count({of.sql}), 0))", Kind.DOUBLE, at)


def _extreme(name: str, of: Value, at: int) -> Value:
    function = name.lower()
    if of.kind is Kind.CHARARRAY:
        # In the order of Java, which is not DuckDB's beyond the basic plane.
        return _made(f"arg_{function}({of.sql}, pig_units({of.sql}))", of.kind, at)
    if of.kind in FLOATING:
        stop = failing(f"{name} of a column with NaN: what Pig gives is not known.")
        return _made(f"(CASE WHEN bool_or(isnan({of.sql})) THEN {stop} ELSE {function}({of.sql}) END)", of.kind, at)
    if of.kind in {Kind.INT, Kind.LONG}:
        return _made(f"{function}({of.sql})", of.kind, at)
    if of.kind is Kind.DATETIME and not of.is_zoned:
        return _made(f"{function}({of.sql})", of.kind, at)
    if of.kind is Kind.BIG_DECIMAL or of.kind is Kind.BIG_INTEGER:
        stored = "HUGEINT" if of.kind is Kind.BIG_INTEGER else "DECIMAL(38,18)"
        return _made(f"arg_{function}({of.sql}, CAST({of.sql} AS {stored}))", of.kind, at)
    raise Refusal(f"{name} takes no {of.kind.value}{' with a zone' if of.is_zoned else ''}", at)
