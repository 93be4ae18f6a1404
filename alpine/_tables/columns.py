"""What the server says of a column's type: the kind of values that it holds, whichever way the type is spelled."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any


class Kind(Enum):
    """What the values of a column are."""

    WHOLE = auto()
    DECIMAL = auto()
    FLOAT = auto()
    BOOLEAN = auto()
    DATE = auto()
    TIMESTAMP = auto()
    ZONED = auto()
    TIME = auto()
    TEXT = auto()
    OTHER = auto()
    """Shown as text, though it is none: an empty string is not among its values."""


_NAMES = {
    Kind.WHOLE: "smallint int2 integer int int4 bigint int8 smallserial serial2 serial serial4 bigserial serial8 oid "
    "tinyint mediumint",
    Kind.DECIMAL: "numeric decimal dec number",
    Kind.FLOAT: "real float4 float float8 double binary_float binary_double",
    Kind.BOOLEAN: "boolean bool",
    Kind.DATE: "date",
    Kind.TIMESTAMP: "timestamp datetime smalldatetime",
    Kind.ZONED: "timestamptz",
    Kind.TIME: "time",
    Kind.TEXT: "character char bpchar varchar text citext name varchar2 nvarchar2 nchar nvarchar ntext string "
    "longvarchar clob nclob",
    Kind.OTHER: "uuid json jsonb xml bytea interval money inet cidr macaddr timetz bit varbit tsvector tsquery point "
    "line lseg box path polygon circle raw blob",
}
_KINDS = {name: kind for kind, names in _NAMES.items() for name in names.split()} | {
    "double precision": Kind.FLOAT,
    "character varying": Kind.TEXT,
    "char varying": Kind.TEXT,
    "timestamp without time zone": Kind.TIMESTAMP,
    "timestamp with time zone": Kind.ZONED,
    "time without time zone": Kind.TIME,
    "time with time zone": Kind.OTHER,
    "bit varying": Kind.OTHER,
}
_CATEGORIES = {
    "WHOLE_NUMBER": Kind.WHOLE,
    "INTEGER": Kind.WHOLE,
    "REAL_NUMBER": Kind.FLOAT,
    "BOOLEAN": Kind.BOOLEAN,
    "DATETIME": Kind.TIMESTAMP,
    "DATE": Kind.DATE,
    "TIME": Kind.TIME,
    "BINARY": Kind.OTHER,
}
NULLS = ("missing", "empty")
"""What an empty field in a column of text can be taken for."""
_ARGUMENTS = re.compile(r"\s*\(\s*([^()]*)\)\s*")


@dataclass(frozen=True)
class Column:
    """A column of a table on the server.

    :param name: Its name.
    :param kind: What its values are.
    :param precision: The digits of a decimal number; None where its type does not say.
    :param scale: How many of them come after the point.
    """

    name: str
    kind: Kind
    precision: int | None = None
    scale: int = 0

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Column:
        """A column as the server describes it.

        The name of a type is that of the catalogue in a dataset's columns (``character varying(20)``), and that of the
        driver in the result of SQL (``varchar``).

        >>> Column.of({"name": "amount", "data_type": "numeric(10,2)"}).scale
        2
        """
        name, category = str(row.get("name")), str(row.get("type_category") or "").upper()
        said = " ".join(str(row.get("data_type") or "").lower().split())
        arguments = _ARGUMENTS.search(said)
        plain = _ARGUMENTS.sub(" ", said).strip()
        if plain.endswith("[]") or plain.startswith("_"):
            return cls(name, Kind.OTHER)
        kind = _KINDS.get(plain) or _CATEGORIES.get(category, Kind.TEXT)
        if kind is Kind.DATE and category == "DATETIME":
            # Oracle's dates have a time.
            kind = Kind.TIMESTAMP
        if kind is Kind.DECIMAL and arguments:
            return cls(name, kind, *_digits(arguments[1]))
        return cls(name, kind)


def columns_of(rows: Iterable[Mapping[str, Any]]) -> list[Column]:
    """The columns of a table; two that have one name are one, as they are in a download."""
    return list({column.name: column for column in map(Column.of, rows)}.values())


def _digits(text: str) -> tuple[int | None, int]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() for part in parts):
        return None, 0
    precision, scale = int(parts[0]), int(parts[1]) if len(parts) > 1 else 0
    return (precision, scale) if precision > 0 and scale <= precision else (None, 0)
