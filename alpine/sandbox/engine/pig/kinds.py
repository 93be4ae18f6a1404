"""Pig's types: how wide they are, how DuckDB stores them, and which of them a column of a table has."""

from __future__ import annotations

import re
from enum import Enum


class Kind(Enum):
    """A type of Pig; the value is its name."""

    INT = "int"
    LONG = "long"
    FLOAT = "float"
    DOUBLE = "double"
    BIG_INTEGER = "biginteger"
    BIG_DECIMAL = "bigdecimal"
    CHARARRAY = "chararray"
    BYTEARRAY = "bytearray"
    BOOLEAN = "boolean"
    DATETIME = "datetime"

    @property
    def sql(self) -> str:
        """The type of DuckDB that holds the values inside an expression."""
        return _SQL[self]


NUMBERS = (Kind.INT, Kind.LONG, Kind.FLOAT, Kind.DOUBLE, Kind.BIG_INTEGER, Kind.BIG_DECIMAL)
"""From narrow to wide: arithmetic and comparisons go to the wider of two."""
BIG = frozenset({Kind.BIG_INTEGER, Kind.BIG_DECIMAL})
FLOATING = frozenset({Kind.FLOAT, Kind.DOUBLE})
WHOLE = frozenset({Kind.INT, Kind.LONG, Kind.BIG_INTEGER})

_SQL = {
    Kind.INT: "INTEGER",
    Kind.LONG: "BIGINT",
    Kind.FLOAT: "FLOAT",
    Kind.DOUBLE: "DOUBLE",
    # As Java writes them: DuckDB has neither whole numbers without a limit nor decimals whose scale is the value's own.
    Kind.BIG_INTEGER: "VARCHAR",
    Kind.BIG_DECIMAL: "VARCHAR",
    Kind.CHARARRAY: "VARCHAR",
    Kind.BYTEARRAY: "BLOB",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.DATETIME: "TIMESTAMP",
}
_COLUMNS = {
    "TINYINT": Kind.INT,
    "SMALLINT": Kind.INT,
    "INTEGER": Kind.INT,
    "UTINYINT": Kind.INT,
    "USMALLINT": Kind.INT,
    "UINTEGER": Kind.LONG,
    "BIGINT": Kind.LONG,
    "UBIGINT": Kind.BIG_INTEGER,
    "HUGEINT": Kind.BIG_INTEGER,
    "UHUGEINT": Kind.BIG_INTEGER,
    "FLOAT": Kind.FLOAT,
    "DOUBLE": Kind.DOUBLE,
    "VARCHAR": Kind.CHARARRAY,
    "BLOB": Kind.BYTEARRAY,
    "BOOLEAN": Kind.BOOLEAN,
    "DATE": Kind.DATETIME,
    "TIMESTAMP": Kind.DATETIME,
    "TIMESTAMP_S": Kind.DATETIME,
    "TIMESTAMP_MS": Kind.DATETIME,
    "TIMESTAMP_NS": Kind.DATETIME,
    "TIMESTAMP WITH TIME ZONE": Kind.DATETIME,
}


def kind_of_column(duckdb_type: str) -> Kind | None:
    """The type that a column has in Pig.

    :param duckdb_type: The column's type, as DuckDB writes it.
    :returns: None where Pig has no such type.

    >>> kind_of_column("DECIMAL(10,2)")
    <Kind.BIG_DECIMAL: 'bigdecimal'>
    """
    name = duckdb_type.strip().upper()
    if re.fullmatch(r"DECIMAL\(\d+,\s*\d+\)", name):
        return Kind.BIG_DECIMAL
    if re.match(r"ENUM\(", name):
        return Kind.CHARARRAY
    return _COLUMNS.get(name)


def wider(left: Kind, right: Kind) -> Kind:
    """The wider of two types of numbers."""
    return max(left, right, key=NUMBERS.index)


def fits(given: Kind, wanted: Kind) -> bool:
    """Whether Pig casts an argument to a parameter's type by itself."""
    if given in {wanted, Kind.BYTEARRAY}:
        return True
    return given in NUMBERS and wanted in NUMBERS and NUMBERS.index(given) <= NUMBERS.index(wanted)
