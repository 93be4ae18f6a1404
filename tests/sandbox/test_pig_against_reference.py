"""Random typed expressions of Pig, computed by the sandbox and by a second evaluator of the same rules."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpine.sandbox.engine.pig import prepare, to_sql

COLUMNS = {"i": "INTEGER", "l": "BIGINT", "f": "FLOAT", "d": "DOUBLE", "s": "VARCHAR", "b": "BOOLEAN"}
KINDS = {"i": "int", "l": "long", "f": "float", "d": "double", "s": "chararray", "b": "boolean"}
NUMBERS = ["int", "long", "float", "double"]
BITS = {"int": 32, "long": 64}


@dataclass(frozen=True)
class Known:
    """An expression and its value by the rules.

    :param text: The expression.
    :param kind: Its type.
    :param value: Its value; None for null.
    """

    text: str
    kind: str
    value: Any


def wrap(number: int, kind: str) -> int:
    half = 1 << (BITS[kind] - 1)
    return (number + half) % (2 * half) - half


def widened(value: Any, kind: str) -> Any:
    """A number in a wider type."""
    if value is None:
        return None
    if kind in BITS:
        return int(value)
    return numpy.float32(value) if kind == "float" else float(value)


def narrowed(value: Any, kind: str) -> Any:
    """A number cast to another type."""
    if value is None:
        return None
    if kind not in BITS:
        return widened(value, kind)
    if isinstance(value, int):
        return wrap(value, kind)
    half = 1 << (BITS[kind] - 1)
    if math.isnan(value):
        return 0
    if math.isinf(value):
        return half - 1 if value > 0 else -half
    return min(max(int(value), -half), half - 1)


def order(left: Any, right: Any) -> int:
    """Java's compareTo."""
    if isinstance(left, str):
        a, b = left.encode("utf-16-be"), right.encode("utf-16-be")
        return (a > b) - (a < b)
    if isinstance(left, int):
        return (left > right) - (left < right)
    if math.isnan(left) or math.isnan(right):
        return int(math.isnan(left)) - int(math.isnan(right))
    a, b = (float(left), math.copysign(1, left)), (float(right), math.copysign(1, right))
    return (a > b) - (a < b)


def calculated(left: Known, sign: str, right: Known) -> Known:
    kind = max(left.kind, right.kind, key=NUMBERS.index)
    a, b = widened(left.value, kind), widened(right.value, kind)
    text = f"({left.text} {sign} {right.text})"
    if a is None or b is None:
        return Known(text, kind, None)
    if sign == "/" and b == 0 and math.copysign(1, b) > 0:
        return Known(text, kind, None)
    if kind in BITS:
        exact = {"+": a + b, "-": a - b, "*": a * b, "/": 0}[sign]
        if sign == "/":
            exact = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
        return Known(text, kind, wrap(exact, kind))
    with numpy.errstate(all="ignore"):
        x, y = (a, b) if kind == "float" else (numpy.float64(a), numpy.float64(b))
        found = {"+": numpy.add, "-": numpy.subtract, "*": numpy.multiply, "/": numpy.divide}[sign](x, y)
    return Known(text, kind, found)


def compared(left: Known, sign: str, right: Known) -> Known:
    text = f"({left.text} {sign} {right.text})"
    if left.value is None or right.value is None:
        return Known(text, "boolean", None)
    a, b = left.value, right.value
    if left.kind in NUMBERS:
        kind = max(left.kind, right.kind, key=NUMBERS.index)
        a, b = widened(a, kind), widened(b, kind)
    found = order(a, b)
    truth = {"==": found == 0, "!=": found != 0, "<": found < 0, "<=": found <= 0, ">": found > 0, ">=": found >= 0}
    return Known(text, "boolean", truth[sign])


def joined(left: Known, word: str, right: Known) -> Known:
    values = {left.value, right.value}
    decided = word == "or"
    value = decided if decided in values else None if None in values else not decided
    return Known(f"({left.text} {word} {right.text})", "boolean", value)


def chosen(test: Known, yes: Known, no: Known) -> Known:
    kind = yes.kind if yes.kind == no.kind else max(yes.kind, no.kind, key=NUMBERS.index)
    value = None if test.value is None else yes.value if test.value else no.value
    return Known(f"({test.text} ? {yes.text} : {no.text})", kind, widened(value, kind) if kind in NUMBERS else value)


def part(text: Known, start: int, end: int) -> Known:
    written = f"SUBSTRING({text.text}, {start}, {end})"
    if text.value is None or start < 0 or end < start or start > len(text.value):
        return Known(written, "chararray", None)
    return Known(written, "chararray", text.value[start:end])


@st.composite
def numbers(draw: st.DrawFn, row: dict[str, Any], depth: int) -> Known:
    if depth == 0 or draw(st.integers(0, 4)) == 0:
        name = draw(st.sampled_from("ilfd"))
        literal = draw(st.sampled_from(["0", "1", "3", "2147483647", "7L", "0.0", "0.5", "2.5F", "1e3", "1.0E-3F"]))
        if draw(st.booleans()):
            return Known(name, KINDS[name], row[name])
        kind = (
            "long"
            if literal[-1] == "L"
            else "float"
            if literal[-1] == "F"
            else "int"
            if literal.isdigit()
            else "double"
        )
        value = float(literal.rstrip("LF"))
        return Known(literal, kind, numpy.float32(value) if kind == "float" else int(value) if kind in BITS else value)
    match draw(st.integers(0, 4)):
        case 0 | 1:
            sign = draw(st.sampled_from("+-*/"))
            return calculated(draw(numbers(row, depth - 1)), sign, draw(numbers(row, depth - 1)))
        case 2:
            kind, inner = draw(st.sampled_from(NUMBERS)), draw(numbers(row, depth - 1))
            # A literal in parentheses after a cast is a tuple; these are no literals.
            with numpy.errstate(all="ignore"):
                return Known(
                    f"({kind})({inner.text} + 0)",
                    kind,
                    narrowed(calculated(inner, "+", Known("0", "int", 0)).value, kind),
                )
        case 3:
            return chosen(
                draw(conditions(row, depth - 1)), draw(numbers(row, depth - 1)), draw(numbers(row, depth - 1))
            )
    text = draw(texts(row, depth - 1))
    return Known(f"SIZE({text.text})", "long", None if text.value is None else len(text.value))


@st.composite
def texts(draw: st.DrawFn, row: dict[str, Any], depth: int) -> Known:
    if depth == 0 or draw(st.integers(0, 3)) == 0:
        literal = draw(st.sampled_from(["", "a", "Hello", "é b"]))
        return draw(st.sampled_from([Known("s", "chararray", row["s"]), Known(f"'{literal}'", "chararray", literal)]))
    match draw(st.integers(0, 3)):
        case 0:
            a, b = draw(texts(row, depth - 1)), draw(texts(row, depth - 1))
            value = None if a.value is None or b.value is None else a.value + b.value
            return Known(f"CONCAT({a.text}, {b.text})", "chararray", value)
        case 1:
            return part(draw(texts(row, depth - 1)), draw(st.integers(0, 4)), draw(st.integers(0, 6)))
        case 2:
            return chosen(draw(conditions(row, depth - 1)), draw(texts(row, depth - 1)), draw(texts(row, depth - 1)))
    inner = draw(texts(row, depth - 1))
    return Known(f"UPPER({inner.text})", "chararray", None if inner.value is None else inner.value.upper())


@st.composite
def conditions(draw: st.DrawFn, row: dict[str, Any], depth: int) -> Known:
    sign = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
    if depth == 0:
        return draw(st.sampled_from([Known("b", "boolean", row["b"]), Known("true", "boolean", True)]))
    match draw(st.integers(0, 5)):
        case 0 | 1:
            return compared(draw(numbers(row, depth - 1)), draw(sign), draw(numbers(row, depth - 1)))
        case 2:
            return compared(draw(texts(row, depth - 1)), draw(sign), draw(texts(row, depth - 1)))
        case 3:
            inner = draw(numbers(row, depth - 1))
            return Known(f"({inner.text} is null)", "boolean", inner.value is None)
        case 4:
            inner = draw(conditions(row, depth - 1))
            return Known(f"(not {inner.text})", "boolean", None if inner.value is None else not inner.value)
    return joined(
        draw(conditions(row, depth - 1)), draw(st.sampled_from(["and", "or"])), draw(conditions(row, depth - 1))
    )


ROWS = st.fixed_dictionaries({
    "i": st.none() | st.integers(-(2**31), 2**31 - 1) | st.integers(-3, 3),
    "l": st.none() | st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 3),
    "f": st.none() | st.floats(width=32).map(numpy.float32),
    "d": st.none() | st.floats(),
    "s": st.none() | st.text(st.characters(codec="utf-8", max_codepoint=0xD7FF, exclude_characters="\0"), max_size=6),
    "b": st.none() | st.booleans(),
})  # fmt: skip


@st.composite
def computed_rows(draw: st.DrawFn) -> tuple[dict[str, Any], list[Known]]:
    row = draw(ROWS)
    some = numbers(row, 3) | texts(row, 3) | conditions(row, 3)
    return row, draw(st.lists(some, min_size=1, max_size=8))


@pytest.fixture(scope="module")
def connection():
    with duckdb.connect() as connection:
        prepare(connection)
        yield connection


def same(known: Known, found: Any) -> bool:
    if known.value is None or found is None:
        return known.value is None and found is None
    if known.kind in {"float", "double"}:
        return (math.isnan(known.value) and math.isnan(found)) or (
            float(known.value) == found and math.copysign(1, known.value) == math.copysign(1, found)
        )
    return bool(known.value == found)


def check(connection: duckdb.DuckDBPyConnection, row: dict[str, Any], expressions: list[Known]) -> None:
    columns = ", ".join(f"CAST(? AS {kind}) AS {name}" for name, kind in COLUMNS.items())
    values = [float(row[name]) if isinstance(row[name], numpy.float32) else row[name] for name in COLUMNS]
    connection.execute(f"CREATE OR REPLACE TABLE a AS SELECT {columns}", values)
    for known in expressions:
        sql = to_sql(known.text, COLUMNS)
        [(found, kind)] = connection.execute(f"SELECT x, typeof(x) FROM (SELECT {sql} AS x FROM a)").fetchall()
        assert same(known, found), f"{known.text} of {row} is {known.value!r}, not {found!r}"
        names = {"int": "INTEGER", "long": "BIGINT", "float": "FLOAT", "double": "DOUBLE", "chararray": "VARCHAR"}
        assert kind == names.get(known.kind, "BOOLEAN"), known.text


@settings(deadline=None, max_examples=60)
@given(computed_rows())
def test_a_random_expression_has_the_value_of_the_rules(connection, example):
    check(connection, *example)


@pytest.mark.long
@settings(deadline=None, max_examples=3_000)
@given(computed_rows())
def test_thousands_of_random_expressions_have_the_values_of_the_rules(connection, example):
    check(connection, *example)
