"""Aggregates and window functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from alpine.sandbox.engine.sql.casts import (
    INTERVAL_DAYS,
    INTERVAL_MICROS,
    INTERVAL_MONTHS,
    INTERVAL_OF,
    INTERVAL_PARTS,
    CannotCast,
    as_text,
    made,
    sortable,
    text_numeric,
)
from alpine.sandbox.engine.sql.folding import ROW
from alpine.sandbox.engine.sql.typed import Typed
from alpine.sandbox.engine.sql.types import (
    BOOL,
    FLOAT8,
    INT8,
    INTEGERS,
    MOST_DIGITS,
    TEXT,
    TEXT_NUMERIC,
    Type,
    decimal,
)

_CHECKED = "CASE WHEN NOT isfinite({0}) AND isfinite({1}) THEN error('value out of range: overflow') ELSE {0} END"


@dataclass(frozen=True)
class Call:
    """An aggregate or a window function that is called.

    :param name: PostgreSQL's name of it.
    :param arguments: What it is called with.
    :param is_star: Whether that is ``*``.
    :param is_distinct: Whether it takes each value once.
    :param order: The SQL of ``ORDER BY …`` inside of its parentheses, or empty.
    :param condition: The SQL of ``FILTER (WHERE …)``, or empty.
    :param over: The SQL of ``OVER (…)``, or empty.
    :param place: The SQL of the place of a row in its table, or empty.
    """

    name: str
    arguments: list[Typed]
    is_star: bool = False
    is_distinct: bool = False
    order: str = ""
    condition: str = ""
    over: str = ""
    place: str = ""

    def sql(self, function: str, *arguments: str, order: bool = False) -> str:
        """The call of DuckDB's function, with all that follows it."""
        inside = ("DISTINCT " if self.is_distinct else "") + ", ".join(arguments)
        if order and (self.order or self.is_distinct):
            # PostgreSQL sorts the values to find those that differ.
            inside += f" {self.order or f'ORDER BY {arguments[0]} ASC NULLS LAST'}"
        return f"{function}({inside}){self.condition}{self.over}"

    def made(self, sql: str, kind: Type) -> Typed:
        """The result."""
        return Typed(
            sql,
            kind,
            can_fail=True,
            aggregates="window" if self.over else "aggregate",
            made=sum(argument.made for argument in self.arguments),
            parts=tuple(self.arguments),
            how=ROW,
        )


class NoSuchAggregate(Exception):
    """PostgreSQL has no aggregate of the name for such arguments."""


def _count(call: Call) -> Typed:
    if call.is_star:
        return call.made(f"count(*){call.condition}{call.over}", INT8)
    (value,) = _only(call, 1)
    return call.made(call.sql("count", sortable(value).sql), INT8)


def _only(call: Call, count: int) -> list[Typed]:
    if len(call.arguments) != count or call.is_star:
        raise NoSuchAggregate
    return call.arguments


def _known(value: Typed) -> Typed:
    if value.type.name == "unknown":
        raise NoSuchAggregate
    return value


def _as_decimal(value: Typed) -> Typed:
    """A ``numeric`` as a DECIMAL that DuckDB adds up."""
    return sortable(value) if value.type.is_text else value


def _numeric_sum(call: Call, value: Typed) -> Typed:
    own = _as_decimal(value)
    kind = decimal(MOST_DIGITS, own.type.scale or 0)
    total = call.made(f"CAST({call.sql('sum', f'CAST({own.sql} AS {kind.duckdb})')} AS {kind.duckdb})", kind)
    if not value.type.is_text:
        return total
    places = call.made(call.sql("max", made("pg_scale({0})", [value], INT8).sql), INT8)
    return made("pg_round(CAST({0} AS VARCHAR), {1})", [total, places], TEXT_NUMERIC)


def _sum(call: Call) -> Typed:
    value = _known(*_only(call, 1))
    name = value.type.name
    if name in ("int2", "int4"):
        return call.made(f"CAST({call.sql('sum', value.sql)} AS BIGINT)", INT8)
    if name == "int8":
        kind = decimal(MOST_DIGITS, 0)
        return call.made(f"CAST({call.sql('sum', value.sql)} AS {kind.duckdb})", kind)
    if name == "numeric":
        return _numeric_sum(call, value)
    if name in ("float4", "float8"):
        return _float_total(call, value, "sum", value.type)
    if name == "interval":
        sums = []
        parts = (INTERVAL_MONTHS, INTERVAL_DAYS, INTERVAL_MICROS)
        for unit, sql in zip(("months", "days", "microseconds"), parts, strict=True):
            size = "BIGINT" if unit == "microseconds" else "INTEGER"
            sums.append(f"to_{unit}(CAST({call.sql('sum', made(sql, [value], INT8).sql)} AS {size}))")
        return call.made(f"({' + '.join(sums)})", value.type)
    raise NoSuchAggregate


def _float_total(call: Call, value: Typed, function: str, kind: Type) -> Typed:
    number = f"CAST({value.sql} AS DOUBLE)"
    total = call.made(call.sql(function, number), FLOAT8)
    # NaN where a value is not finite, else 0: a sum that is not finite of values that are has left the range.
    zero = call.made(call.sql("sum", f"{number} * 0"), FLOAT8)
    checked = made(_CHECKED, [total, zero], FLOAT8)
    return checked if kind == FLOAT8 else made("CAST({0} AS FLOAT)", [checked], kind)


def _avg(call: Call) -> Typed:
    value = _known(*_only(call, 1))
    name = value.type.name
    if name in INTEGERS or name == "numeric":
        if name == "numeric":
            total = text_numeric(_numeric_sum(call, value))
            counted = call.made(call.sql("count", sortable(value).sql), INT8)
        else:
            total = call.made(f"CAST({call.sql('sum', value.sql)} AS VARCHAR)", TEXT_NUMERIC)
            counted = call.made(call.sql("count", value.sql), INT8)
        return made("pg_divide({0}, CAST(nullif({1}, 0) AS VARCHAR))", [total, counted], TEXT_NUMERIC)
    if name in ("float4", "float8"):
        return _float_total(call, value, "avg", FLOAT8)
    if name == "interval":
        counted = call.made(call.sql("count", value.sql), INT8)
        parts = f"pg_interval_over({INTERVAL_PARTS}, CAST(nullif({{1}}, 0) AS DOUBLE))"
        return made(INTERVAL_OF, [made(parts, [_sum(call), counted], value.type)], value.type)
    raise NoSuchAggregate


def _extreme(call: Call) -> Typed:
    (value,) = _only(call, 1)
    value = as_text(value) if value.type.name == "unknown" and not value.is_null else _known(value)
    if value.type.name == "bool" or value.type.category == "A":
        raise NoSuchAggregate
    if value.type.is_text and value.type.name == "numeric":
        best, sign = ("arg_min", "-") if call.name == "min" else ("arg_max", "")
        # Of 0.0 and 0.00, which are equal, PostgreSQL gives the last.
        key = f"row({sortable(value).sql}, {sign}{call.place})" if call.place else sortable(value).sql
        return call.made(call.sql(best, value.sql, key), TEXT_NUMERIC)
    kind = TEXT if value.type.name == "varchar" else value.type
    return call.made(call.sql(call.name, value.sql), kind)


_SPREADS = {
    "stddev": (False, True),
    "stddev_samp": (False, True),
    "stddev_pop": (True, True),
    "variance": (False, False),
    "var_samp": (False, False),
    "var_pop": (True, False),
}


def _spread(call: Call) -> Typed:
    value = _known(*_only(call, 1))
    is_population, is_root = _SPREADS[call.name]
    name = value.type.name
    if name in ("float4", "float8"):
        function = ("stddev" if is_root else "var") + ("_pop" if is_population else "_samp")
        return call.made(call.sql(function, f"CAST({value.sql} AS DOUBLE)"), FLOAT8)
    if name in INTEGERS or name == "numeric":
        own = _as_decimal(value) if name == "numeric" else value
        scale = own.type.scale or 0
        if 2 * scale > MOST_DIGITS:
            # As far as DuckDB's decimals go; a value with more places is refused, not rounded.
            own, scale = (
                made("CAST(pg_kept(CAST({0} AS VARCHAR), 38, 10) AS DECIMAL(38, 10))", [own], decimal(38, 10)),
                10,
            )
        wide = f"CAST({own.sql} AS DECIMAL({MOST_DIGITS}, {scale}))"
        narrow = f"CAST({own.sql} AS DECIMAL({min(MOST_DIGITS, 19 + scale)}, {scale}))"
        square = f"CAST({narrow} * {narrow} AS DECIMAL({MOST_DIGITS}, {2 * scale}))"
        if name in INTEGERS:
            wide, square = own.sql, f"CAST({own.sql} AS HUGEINT) * {own.sql}"
        counted = call.made(call.sql("count", own.sql), INT8)
        total = call.made(f"CAST({call.sql('sum', wide)} AS VARCHAR)", TEXT_NUMERIC)
        squares = call.made(f"CAST({call.sql('sum', square)} AS VARCHAR)", TEXT_NUMERIC)
        flags = f"{str(is_population).upper()}, {str(is_root).upper()}"
        return made(f"pg_variance({{0}}, {{1}}, {{2}}, {flags})", [counted, total, squares], TEXT_NUMERIC)
    raise NoSuchAggregate


def _pairs(call: Call) -> Typed:
    if any(value.type.category not in "NX" for value in _only(call, 2)):
        raise NoSuchAggregate
    y, x = (f"CAST({value.sql} AS DOUBLE)" for value in call.arguments)
    kind = INT8 if call.name == "regr_count" else FLOAT8
    sql = call.sql(call.name, y, x)
    if call.name in ("corr", "regr_slope", "regr_intercept", "regr_r2"):
        sql = f"(CASE WHEN isnan({sql}) THEN NULL ELSE {sql} END)"
    return call.made(f"CAST({sql} AS {kind.duckdb})", kind)


def _logical(call: Call) -> Typed:
    (value,) = _only(call, 1)
    if value.type.name not in ("bool", "unknown"):
        raise NoSuchAggregate
    return call.made(call.sql("bool_or" if call.name == "bool_or" else "bool_and", value.sql), BOOL)


def _bits(call: Call) -> Typed:
    (value,) = _only(call, 1)
    if value.type.name not in INTEGERS:
        raise NoSuchAggregate
    return call.made(f"CAST({call.sql(call.name, value.sql)} AS {value.type.duckdb})", value.type)


def _collected(call: Call) -> None:
    """Each row would get a text, or a list, of all the others: more than the database's limit of memory counts."""
    if call.over:
        raise CannotCast(f"the sandbox does not compute {call.name} as a window function")


def _joined(call: Call) -> Typed:
    value, separator = _only(call, 2)
    _collected(call)
    if any(part.type.category not in "SX" for part in (value, separator)):
        raise NoSuchAggregate
    if separator.constant is None and not separator.is_null:
        raise CannotCast("the sandbox takes a constant as the separator of string_agg")
    between = as_text(separator).sql if not separator.is_null else "''"
    return call.made(call.sql("string_agg", as_text(value).sql, between, order=True), TEXT)


def _array(call: Call) -> Typed:
    value = _known(*_only(call, 1))
    if value.type.category == "A":
        raise CannotCast("the sandbox makes no array of arrays")
    _collected(call)
    if value.type.name == "numeric":
        raise CannotCast("the sandbox makes no array of numeric")
    return call.made(call.sql("array_agg", value.sql, order=True), Type(f"{value.type.name}[]"))


AGGREGATES: dict[str, Callable[[Call], Typed]] = {
    "count": _count,
    "sum": _sum,
    "avg": _avg,
    "min": _extreme,
    "max": _extreme,
    **dict.fromkeys(_SPREADS, _spread),
    **dict.fromkeys(("corr", "covar_pop", "covar_samp", "regr_count", "regr_slope", "regr_intercept"), _pairs),
    **dict.fromkeys(("regr_r2", "regr_avgx", "regr_avgy", "regr_sxx", "regr_syy", "regr_sxy"), _pairs),
    **dict.fromkeys(("bool_and", "bool_or", "every"), _logical),
    **dict.fromkeys(("bit_and", "bit_or", "bit_xor"), _bits),
    "string_agg": _joined,
    "array_agg": _array,
}


def within_group(name: str, fraction: Typed | None, value: Typed, is_descending: bool) -> Typed:
    """``percentile_cont``, ``percentile_disc`` or ``mode`` of the values in an order.

    :raises NoSuchAggregate: PostgreSQL has no such aggregate for the type.
    """
    order = " DESC" if is_descending else ""
    call = Call(name, [value])
    if name == "mode":
        # Of values that are as frequent DuckDB takes the first that it sees, PostgreSQL the first in the order.
        own = sortable(value)
        return call.made(f"mode() WITHIN GROUP (ORDER BY {own.sql}{order})", own.type)
    if fraction is None or fraction.constant is None:
        raise CannotCast(f"the sandbox takes a constant as the fraction of {name}")
    share = float(fraction.constant)
    if not 0 <= share <= 1:
        raise CannotCast(f"percentile value {fraction.constant} is not between 0 and 1")
    if name == "percentile_cont":
        if value.type.category not in "N":
            raise NoSuchAggregate
        number = f"CAST({value.sql} AS DOUBLE)"
        return call.made(f"percentile_cont({share!r}) WITHIN GROUP (ORDER BY {number}{order})", FLOAT8)
    own = sortable(value)
    return call.made(f"percentile_disc({share!r}) WITHIN GROUP (ORDER BY {own.sql}{order})", own.type)


RANKS = {
    "row_number": "int8",
    "rank": "int8",
    "dense_rank": "int8",
    "percent_rank": "float8",
    "cume_dist": "float8",
}


def window(call: Call) -> Typed:
    """A function that only stands before OVER.

    :raises NoSuchAggregate: PostgreSQL has no such function for the arguments.
    """
    name, arguments = call.name, call.arguments
    if name in RANKS:
        _only(call, 0)
        return call.made(f"{name}(){call.over}", Type(RANKS[name]))
    if name == "ntile":
        (count,) = _only(call, 1)
        if count.constant is None and not count.is_null:
            raise CannotCast("the sandbox takes a constant as the argument of ntile")
        guard = "CASE WHEN {0} <= 0 THEN error('argument of ntile must be greater than zero') ELSE {0} END"
        return call.made(f"CAST(ntile({made(guard, [count], count.type).sql}){call.over} AS INTEGER)", Type("int4"))
    counts = {"lag": (1, 2, 3), "lead": (1, 2, 3), "first_value": (1,), "last_value": (1,), "nth_value": (2,)}
    if name not in counts or len(arguments) not in counts[name] or call.is_star:
        raise NoSuchAggregate
    value = _known(arguments[0])
    rest = [argument.sql for argument in arguments[1:]]
    if name == "nth_value":
        guard = "CASE WHEN {0} <= 0 THEN error('argument of nth_value must be greater than zero') ELSE {0} END"
        rest = [made(guard, [arguments[1]], arguments[1].type).sql]
    return call.made(f"{name}({', '.join([value.sql, *rest])}){call.over}", value.type)


WINDOWS = frozenset({*RANKS, "ntile", "lag", "lead", "first_value", "last_value", "nth_value"})
WITHIN = frozenset({"percentile_cont", "percentile_disc", "mode"})
