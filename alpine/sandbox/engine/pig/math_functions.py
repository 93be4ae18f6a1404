"""Functions of numbers."""

from __future__ import annotations

from alpine.sandbox.engine.pig.functions import function, simple
from alpine.sandbox.engine.pig.kinds import BIG, FLOATING, Kind
from alpine.sandbox.engine.pig.numbers import wide, wrapped
from alpine.sandbox.engine.pig.value import Value, failing, let

_NAN, _MINUS_INFINITY = "'NaN'::DOUBLE", "'-Infinity'::DOUBLE"
# DuckDB stops where a function is not defined; Java gives NaN.
_PARTIAL = {
    "SQRT": ("sqrt({0})", "{0} < 0"),
    "SIN": ("sin({0})", "isinf({0})"),
    "COS": ("cos({0})", "isinf({0})"),
    "TAN": ("tan({0})", "isinf({0})"),
    "ASIN": ("asin({0})", "abs({0}) > 1 AND NOT isnan({0})"),
    "ACOS": ("acos({0})", "abs({0}) > 1 AND NOT isnan({0})"),
    "LOG": ("ln({0})", "{0} < 0"),
    "LOG10": ("log10({0})", "{0} < 0"),
}
_TOTAL = {
    # DuckDB's cbrt(27) is not 3.
    "CEIL": "ceil", "FLOOR": "floor", "CBRT": "pig_cube_root", "EXP": "exp", "ATAN": "atan", "SINH": "sinh",
    "COSH": "cosh", "TANH": "tanh",
}  # fmt: skip
_LIMITS = {Kind.INT: ("2147483647", "-2147483648"), Kind.LONG: ("9223372036854775807", "-9223372036854775808")}


def _partial(name: str) -> None:
    template, undefined = _PARTIAL[name]

    @function(f"{name} double -> double")
    def write(x: Value) -> str:
        def body(sql: str) -> str:
            value = template.format(sql)
            if name.startswith("LOG"):
                value = f"CASE WHEN {sql} = 0 THEN {_MINUS_INFINITY} ELSE {value} END"
            return f"(CASE WHEN isnan({sql}) OR ({undefined.format(sql)}) THEN {_NAN} ELSE {value} END)"

        return let(lambda sql: f"(CASE WHEN {sql} IS NULL THEN NULL ELSE {body(sql)} END)", x)


for _name in _PARTIAL:
    _partial(_name)
for _name, _sql in _TOTAL.items():
    simple(f"{_name} double -> double", f"{_sql}({{0}})")
simple("RANDOM -> double", "random()")


@function(*(f"ABS {kind} -> {kind}" for kind in ("int", "long", "float", "double", "biginteger", "bigdecimal")))
def _abs(x: Value) -> Value:
    def body(y: str) -> str:
        if x.kind in BIG:
            return f"ltrim({y}, '-')"
        return f"abs({y})" if x.kind in FLOATING else wrapped(f"abs({wide(y, x.kind)})", x.kind)

    if x.kind not in {Kind.INT, Kind.LONG, Kind.FLOAT} or x.is_never_null:
        return x.become(body(x.sql), x.kind)
    stop = failing(f"ABS of a null {x.kind.value} stops a run of Pig too; test it before: (x is null ? null : ABS(x)).")
    return x.become(let(lambda y: f"(CASE WHEN {y} IS NULL THEN {stop} ELSE {body(y)} END)", x), x.kind)


@function("ROUND float -> int", "ROUND double -> long")
def _round(x: Value) -> Value:
    kind = Kind.INT if x.kind is Kind.FLOAT else Kind.LONG
    most, least = _LIMITS[kind]

    def body(y: str) -> str:
        # floor(x + 0.5) would round 0.49999999999999994 up.
        half_up = f"floor({y}) + CASE WHEN {y} - floor({y}) >= 0.5 THEN 1 ELSE 0 END"
        return (
            f"(CASE WHEN isnan({y}) THEN 0 WHEN {y} >= {most} THEN {most} WHEN {y} <= {least} THEN {least} "
            f"ELSE CAST({half_up} AS {kind.sql}) END)::{kind.sql}"
        )

    return x.become(let(body, x), kind)


@function("ROUND_TO float int -> float", "ROUND_TO double int -> double")
def _round_to(x: Value, places: Value) -> Value:
    return _rounded(x, places, "6")


@function("ROUND_TO float int int -> float", "ROUND_TO double int int -> double")
def _round_to_by(x: Value, places: Value, mode: Value) -> Value:
    return _rounded(x, places, mode.sql)


def _rounded(x: Value, places: Value, mode: str) -> Value:
    sql = f"pig_round_to('{x.kind.value}', {x.sql}, {places.sql}, {mode})"
    return x.become(f"CAST({sql} AS FLOAT)" if x.kind is Kind.FLOAT else sql, x.kind)
