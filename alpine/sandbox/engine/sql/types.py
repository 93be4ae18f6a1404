"""PostgreSQL's types: their names in a flow, what converts to what by itself, and what stands for them in DuckDB."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from alpine.sandbox.engine.types import MAX_DIGITS, UnknownType, written

MOST_DIGITS = MAX_DIGITS
"""What DuckDB's DECIMAL holds."""
PLACES = 24
"""Decimal places of a column of ``numeric`` without a precision: a quotient down to 1e-8 is kept whole."""


@dataclass(frozen=True)
class Type:
    """A type as PostgreSQL has it.

    :param name: PostgreSQL's short name, as ``int4``; of an array, that of its elements with ``[]`` behind it.
    :param digits: Of a ``numeric``: the most digits a value has; None where nothing is known of them.
    :param scale: Of a ``numeric``: the decimal places; the most of them where :attr:`is_text`.
    :param is_text: Of a ``numeric``: each value has decimal places of its own, and DuckDB has it as a text.
    """

    name: str
    digits: int | None = None
    scale: int | None = None
    is_text: bool = False

    @property
    def category(self) -> str:
        """PostgreSQL's category of types: those of one are converted into each other rather than others."""
        return "A" if self.name.endswith("[]") else _CATEGORIES[self.name]

    @property
    def element(self) -> Type:
        """The type of an array's elements."""
        return Type(self.name.removesuffix("[]")) if self.name != "numeric[]" else TEXT_NUMERIC

    @property
    def shown(self) -> str:
        """The type as PostgreSQL's messages name it."""
        if self.name.endswith("[]"):
            return f"{self.element.shown}[]"
        return _SHOWN.get(self.name, self.name)

    @property
    def duckdb(self) -> str:
        """DuckDB's type that holds the values."""
        if self.name == "numeric" and not self.is_text:
            return f"DECIMAL({self.digits},{self.scale})"
        if self.name.endswith("[]"):
            return f"{self.element.duckdb}[]"
        return _DUCKDB[self.name]


def decimal(digits: int, scale: int) -> Type:
    """A ``numeric`` whose values all have the same decimal places."""
    return Type("numeric", min(max(digits, scale + 1), MOST_DIGITS), scale)


BOOL, INT2, INT4, INT8 = Type("bool"), Type("int2"), Type("int4"), Type("int8")
FLOAT4, FLOAT8, TEXT, BPCHAR, VARCHAR = (
    Type("float4"),
    Type("float8"),
    Type("text"),
    Type("bpchar"),
    Type("varchar"),
)
DATE, TIME, TIMESTAMP, TIMESTAMPTZ = Type("date"), Type("time"), Type("timestamp"), Type("timestamptz")
INTERVAL, UNKNOWN = Type("interval"), Type("unknown")
TEXT_NUMERIC = Type("numeric", is_text=True)
ANY_NUMERIC = TEXT_NUMERIC

_CATEGORIES = {
    "bool": "B",
    **dict.fromkeys(("int2", "int4", "int8", "numeric", "float4", "float8"), "N"),
    **dict.fromkeys(("text", "varchar", "bpchar"), "S"),
    **dict.fromkeys(("date", "time", "timestamp", "timestamptz"), "D"),
    "interval": "T",
    "unknown": "X",
}
PREFERRED = frozenset({"bool", "float8", "text", "timestamptz", "interval"})
_SHOWN = {
    "bool": "boolean",
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "float4": "real",
    "float8": "double precision",
    "varchar": "character varying",
    "bpchar": "character",
    "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
    "time": "time without time zone",
}
_DUCKDB = {
    "bool": "BOOLEAN",
    "int2": "SMALLINT",
    "int4": "INTEGER",
    "int8": "BIGINT",
    "numeric": "VARCHAR",
    "float4": "FLOAT",
    "float8": "DOUBLE",
    "text": "VARCHAR",
    "varchar": "VARCHAR",
    "bpchar": "VARCHAR",
    "date": "DATE",
    "time": "TIME",
    "timestamp": "TIMESTAMP",
    "timestamptz": "TIMESTAMP WITH TIME ZONE",
    "interval": "INTERVAL",
    "unknown": "VARCHAR",
}
_IMPLICIT = {
    "int2": {"int4", "int8", "numeric", "float4", "float8"},
    "int4": {"int8", "numeric", "float4", "float8"},
    "int8": {"numeric", "float4", "float8"},
    "numeric": {"float4", "float8"},
    "float4": {"float8"},
    "varchar": {"text", "bpchar"},
    "bpchar": {"text", "varchar"},
    "text": {"varchar", "bpchar"},
    "date": {"timestamp", "timestamptz"},
    "timestamp": {"timestamptz"},
    "time": {"interval"},
}
INTEGERS = {"int2": 5, "int4": 10, "int8": 19}
"""The most digits of a whole number, by type."""


@dataclass(frozen=True)
class Modified:
    """A type with what stands in parentheses behind it: ``numeric(10,2)``, ``varchar(5)``.

    :param type: The type.
    :param modifiers: One or two whole numbers, or none.
    """

    type: Type
    modifiers: tuple[int, ...] = ()


def named(text: str) -> Modified | None:
    """The type that a flow or a table of the client names; None where PostgreSQL, or the sandbox, has none such."""
    try:
        found = written(text)
    except UnknownType:
        return None
    if found.base not in _CATEGORIES:
        return None
    base = TEXT_NUMERIC if found.base == "numeric" else Type(found.base)
    if found.is_array:
        base = replace(base, name=f"{found.base}[]", is_text=False)
    return Modified(base, found.modifiers)


_FROM_DUCKDB = {
    "BOOLEAN": BOOL,
    "TINYINT": INT2,
    "UTINYINT": INT2,
    "SMALLINT": INT2,
    "USMALLINT": INT4,
    "INTEGER": INT4,
    "UINTEGER": INT8,
    "BIGINT": INT8,
    "UBIGINT": decimal(20, 0),
    "HUGEINT": decimal(MOST_DIGITS, 0),
    "FLOAT": FLOAT4,
    "DOUBLE": FLOAT8,
    "VARCHAR": TEXT,
    "DATE": DATE,
    "TIME": TIME,
    "TIMESTAMP": TIMESTAMP,
    "TIMESTAMP_S": TIMESTAMP,
    "TIMESTAMP_MS": TIMESTAMP,
    "TIMESTAMP_NS": TIMESTAMP,
    "TIMESTAMP WITH TIME ZONE": TIMESTAMPTZ,
    "INTERVAL": INTERVAL,
}
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")


def of_column(duckdb: str) -> Type | None:
    """The type of a column of a table, None where PostgreSQL has none such."""
    if found := _DECIMAL.fullmatch(duckdb):
        return Type("numeric", int(found[1]), int(found[2]))
    if duckdb.endswith("[]"):
        element = of_column(duckdb.removesuffix("[]"))
        return None if element is None or element.category == "A" else Type(f"{element.name}[]")
    return _FROM_DUCKDB.get(duckdb)


def converts(source: str, target: str) -> bool:
    """Whether PostgreSQL converts one type to another where nobody asks for it."""
    return source in (target, "unknown") or target in _IMPLICIT.get(source, ())
