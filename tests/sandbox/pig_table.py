"""Pig expressions computed on one row, and on groups of rows, as the cases have them."""

from __future__ import annotations

import csv
import math
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from alpine.sandbox.engine.pig import prepare, to_sql

ROW = {
    "i": ("INTEGER", "7"),
    "l": ("BIGINT", "10000000000"),
    "f": ("FLOAT", "2.5"),
    "d": ("DOUBLE", "3.75"),
    "s": ("VARCHAR", "'Hello World'"),
    "b": ("BOOLEAN", "true"),
    "t": ("TIMESTAMP", "'2013-04-19 10:20:30.4'"),
    "bi": ("HUGEINT", "12345678901234567890"),
    "bd": ("DECIMAL(10,4)", "1.5"),
    "neg": ("INTEGER", "-7"),
    "n": ("VARCHAR", "'17.9'"),
    "raw": ("BLOB", "'42'"),
    "ni": ("INTEGER", "NULL"),
    "nd": ("DOUBLE", "NULL"),
    "ns": ("VARCHAR", "NULL"),
    "nt": ("TIMESTAMP", "NULL"),
    "nb": ("BOOLEAN", "NULL"),
    "e": ("VARCHAR", "NULL"),
    "bad": ("INTEGER", "NULL"),
}
COLUMNS = {name: kind for name, (kind, _) in ROW.items()}
GROUPED = {"g": "VARCHAR", "x": "INTEGER", "y": "DOUBLE", "z": "VARCHAR"}
GROUPED_ROWS = "('a', 1, 1.5, 'p'), ('a', 2, NULL, 'q'), ('a', NULL, 2.5, NULL), ('b', NULL, NULL, ' ')"


@dataclass(frozen=True)
class Case:
    """One expression and what Pig makes of it.

    :param expression: The expression; ``AGG`` before it means groups, ``FILTER`` a count of rows.
    :param kind: Its type.
    :param expected: The value as Pig writes it, NULL, or why Pig stops.
    """

    expression: str
    kind: str
    expected: str

    @property
    def stops(self) -> bool:
        """Whether Pig gives no value."""
        return self.expected.startswith(("RUN FAILS", "COMPILE ERROR"))


def read_cases(path: Path) -> list[Case]:
    """The cases of a file: expression, type and result, parted by tabs."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        # A result may hold a tab itself; what stands last is the source.
        return [Case(row[0], row[1], "\t".join(row[2:-1])) for row in rows if row and row[0] != "expression"]


@contextmanager
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database with the row, and the rows that are grouped."""
    with duckdb.connect() as connection:
        prepare(connection)
        columns = ", ".join(f"CAST({value} AS {kind}) AS {name}" for name, (kind, value) in ROW.items())
        connection.execute(f"CREATE TABLE a AS SELECT {columns}")
        connection.execute(f"CREATE TABLE m AS SELECT * FROM (VALUES {GROUPED_ROWS}) t(g, x, y, z)")
        connection.execute("ALTER TABLE m ALTER y TYPE DOUBLE")
        yield connection


def computed(connection: duckdb.DuckDBPyConnection, case: Case) -> Any:
    """What the sandbox makes of a case: a value, or a list of rows for groups.

    :raises NodeFailure: It refuses the expression.
    :raises duckdb.Error: The row stops it.
    """
    if case.expression.startswith("FILTER "):
        where = to_sql(case.expression[7:], COLUMNS, is_condition=True)
        return connection.execute(f"SELECT count(*) FROM a WHERE {where}").fetchone()
    if case.expression.startswith("AGG "):
        parts = [to_sql(part, GROUPED, keys=["g"]) for part in _parts(case.expression[4:])]
        return connection.execute(f"SELECT g, {', '.join(parts)} FROM m GROUP BY g ORDER BY g").fetchall()
    [(value,)] = connection.execute(f"SELECT {to_sql(case.expression, COLUMNS)} FROM a").fetchall()
    return value


def is_equal(case: Case, value: Any) -> bool:
    """Whether a computed value is the one that Pig gives."""
    if case.expression.startswith("FILTER "):
        return bool(value == (int(case.expected.split()[0]),))
    if case.expression.startswith("AGG "):
        kinds = case.kind.split(",")
        rows = [_parts(row) for row in case.expected.split(" ; ")]
        expected = [[text.strip() for text in row] for row in rows]
        return len(expected) == len(value) and all(
            row[0].strip("'") == found[0] and all(map(_is_value, kinds, row[1:], found[1:]))
            for row, found in zip(expected, value, strict=True)
        )
    return _is_value(case.kind, case.expected, value)


def _is_value(kind: str, text: str, value: Any) -> bool:
    text = text.removesuffix(" (line feed)")
    if text == "NULL" or value is None:
        return text == "NULL" and value is None
    match kind:
        case "int" | "long" | "biginteger":
            return type(value) is int and value == int(text)
        case "float":
            return isinstance(value, float) and value == struct.unpack("f", struct.pack("f", float(text)))[0]
        case "double":
            number = float(text)
            return isinstance(value, float) and (value == number or (math.isnan(value) and math.isnan(number)))
        case "bigdecimal":
            return isinstance(value, Decimal) and value == Decimal(text)
        case "boolean":
            return bool(value is (text == "true"))
        case "datetime":
            return isinstance(value, datetime) and f"{value.isoformat(timespec='milliseconds')}Z" == text
        case "bytearray":
            return bool(value == text.encode())
    plain = text[1:-1] if text[:1] == text[-1:] == "'" else text
    return bool(value == plain.replace("<TAB>", "\t").replace("\\n", "\n"))


def _parts(text: str) -> list[str]:
    """What commas part that stand in no quotes and no parentheses."""
    found = re.findall(r"(?:'[^']*'|\((?:'[^']*'|[^()']|\([^()]*\))*\)|[^,(']|\()+", text)
    return [part.strip() for part in found if part.strip()]
