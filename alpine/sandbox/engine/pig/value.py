"""A translated piece of an expression: its SQL, its type and what is known of it."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from alpine.sandbox.engine.expressions import literal
from alpine.sandbox.engine.pig.kinds import Kind
from alpine.sandbox.engine.pig.refusals import Refusal, marked

MAX_SQL = 300_000


@dataclass(frozen=True)
class Value:
    """A translated piece.

    :param sql: Its SQL, fit to stand anywhere.
    :param kind: Its type in Pig. A null literal is a bytearray.
    :param at: The place in the text.
    :param is_simple: Whether the SQL may stand several times in what is made of it.
    :param constant: The value of a literal; None where it is none.
    :param is_null: Whether it is the literal null.
    :param is_never_null: Whether no row makes it null.
    :param is_zoned: For a datetime, whether it keeps a zone: the SQL then is a text, as ``1366366830400|+02:00``.
    :param columns: The columns that it reads outside of aggregates.
    :param is_aggregate: Whether it holds an aggregate.
    :param lacks_zeros: Whether it is made of a bigdecimal column, where the zeros at the end of a value are lost.
    """

    sql: str
    kind: Kind
    at: int = 0
    is_simple: bool = False
    constant: Any = None
    is_null: bool = False
    is_never_null: bool = False
    is_zoned: bool = False
    columns: frozenset[str] = frozenset()
    is_aggregate: bool = False
    lacks_zeros: bool = False

    def __post_init__(self) -> None:
        if len(self.sql) > MAX_SQL:
            raise Refusal("it is too large for the sandbox", self.at or None)

    def become(self, sql: str, kind: Kind, **known: Any) -> Value:
        """Another value, made of this one alone."""
        fresh = {"is_simple": False, "constant": None, "is_null": False, "is_zoned": False, "is_never_null": False}
        return replace(self, sql=sql, kind=kind, **{**fresh, **known})


def made(sql: str, kind: Kind, at: int, *parts: Value, **known: Any) -> Value:
    """A value that is made of others."""
    columns = frozenset[str]().union(*(part.columns for part in parts))
    aggregate = any(part.is_aggregate for part in parts)
    lacking = any(part.lacks_zeros for part in parts)
    return Value(sql, kind, at, columns=columns, is_aggregate=aggregate, lacks_zeros=lacking, **known)


def let(body: Callable[..., str], *values: Value) -> str:
    """SQL that mentions values several times, and computes each of them once.

    Without it the text would grow twofold with each level of nesting.

    :param body: Puts the SQL together from the values' SQL.
    :param values: The values.
    """
    bound = {f"v{i}": value.sql for i, value in enumerate(values) if not value.is_simple}
    if not bound:
        return body(*(value.sql for value in values))
    fields = ", ".join(f"'{name}': {sql}" for name, sql in bound.items())
    # No column of a user can have the name, which would be read in its place.
    row = f'"\x1f{zlib.crc32(fields.encode()):08x}"'
    names = [value.sql if value.is_simple else f"{row}.v{i}" for i, value in enumerate(values)]
    return f"list_transform([{{{fields}}}], lambda {row}: {body(*names)})[1]"


def for_ascii(fast: Callable[..., str], slow: Callable[..., str], *values: Value) -> str:
    """SQL that takes DuckDB's own function where texts are ASCII, and Python's where Java counts otherwise.

    :param fast: For ASCII.
    :param slow: For other texts.
    :param values: What both of them take; the first one is the text.
    """
    return let(
        lambda x, *more: f"(CASE WHEN strlen({x}) = length({x}) THEN {fast(x, *more)} ELSE {slow(x, *more)} END)",
        *values,
    )


def failing(reason: str) -> str:
    """SQL that stops the run.

    :param reason: Why, for the user.
    """
    return f"error({literal(marked(reason))})"


def text(value: str) -> str:
    """A text as SQL; NUL cannot stand in a statement."""
    if "\0" not in value:
        return literal(value)
    return "(" + " || chr(0) || ".join(literal(part) for part in value.split("\0")) + ")"
