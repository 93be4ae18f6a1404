"""Tables of the database, whose rows have an order, and whose columns may have any name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from alpine.sandbox.engine.expressions import quoted
from alpine.sandbox.engine.failures import ColumnMissing
from alpine.sandbox.engine.kept import Kept
from alpine.sandbox.engine.loading import check_names

if TYPE_CHECKING:
    import duckdb

PLACE = quoted("\x1fplace")
"""The place of a row in its table, from 0; no column of a user can have the name, see :func:`check_names`."""
_NULL, _INTEGER = '"NULL"', "INTEGER"
"""DuckDB 2 tells the type of a bare NULL, which DuckDB 1 calls an integer."""
_NAMED = re.compile(r'FROM (\S+\."t\d+")\)')
"""A table's own name at the end of what stands for it after FROM."""

Query = Callable[[str, list[Any] | None], list[tuple[Any, ...]]]
"""Runs a statement."""


@dataclass(frozen=True)
class DatabaseTable:
    """A table in the database.

    :param sql: What stands after FROM; it has the user's columns and no other.
    :param columns: Its columns' names.
    :param types: Its columns' types, as DuckDB writes them.
    :param rows: The table with one more column, :data:`PLACE`, to stand after FROM where the order of rows counts.
    :param name: Its own quoted name in the database; empty for a table that is only planned.
    :param count: How many rows it has.
    """

    sql: str
    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: str = ""
    name: str = ""
    count: int = 0

    def find(self, name: str) -> str:
        """The table's own spelling of a column.

        :param name: A column's name, in any capitals.
        :raises ColumnMissing: There is no such column.
        """
        if name in self.columns:
            return name
        for column in self.columns:
            if column.lower() == name.lower():
                return column
        raise ColumnMissing(name, self.columns)

    def type_of(self, name: str) -> str:
        """The type of one column."""
        return self.types[self.columns.index(self.find(name))]


class Headings:
    """The columns of SELECTs on one database, each asked of it once.

    What a SELECT gives depends on the columns of its tables, and not on their rows: the answer of the look over a flow
    is that of its run, and of the runs that follow.
    """

    def __init__(self) -> None:
        self._kept: Kept[tuple[tuple[str, str], ...]] = Kept()
        self._tables: WeakValueDictionary[str, DatabaseTable] = WeakValueDictionary()

    def add(self, table: DatabaseTable) -> DatabaseTable:
        """Know a table by its own name, which no other table of the database ever has.

        :returns: The same.
        """
        self._tables[table.name] = table
        return table

    def of(self, query: Query, select: str) -> list[tuple[str, str]]:
        """The columns of a SELECT and their types."""
        plain = select
        for name in set(_NAMED.findall(select)):
            table = self._tables.get(name)
            if table is not None:
                blank = empty(table.columns, table.types)
                plain = plain.replace(table.sql, blank.sql).replace(table.rows, blank.rows)
        return list(self._kept.get(plain, lambda: tuple(described(query, select))))


def described(query: Query, select: str, parameters: list[Any] | None = None) -> list[tuple[str, str]]:
    """The columns of a SELECT and their types, as the database tells them now."""
    return [(str(row[0]), str(row[1])) for row in query(f"DESCRIBE {select}", parameters)]


def created(
    query: Query,
    schema: str,
    number: int,
    select: str,
    parameters: list[Any] | None = None,
    heading: Sequence[tuple[str, str]] | None = None,
) -> DatabaseTable:
    """Make a table of what a SELECT gives.

    Its columns are called ``c0``, ``c1`` and so on, so that none hides DuckDB's ``rowid``; what stands after FROM gives
    them the users' names.

    :param query: Runs a statement.
    :param schema: The schema, in quotes where it needs them.
    :param number: What tells it from the schema's other tables.
    :param heading: The columns of the SELECT and their types, where they are known.
    :raises ValueError: The names of the columns cannot be kept apart.
    """
    columns, types, has_place = _parted(described(query, select, parameters) if heading is None else heading)
    if has_place:
        select = f"SELECT * EXCLUDE ({PLACE}) FROM ({select})"
    own = [f"c{place}" for place in range(len(columns))]
    name = f"{schema}.{quoted(f't{number}')}"
    [(count,)] = query(f"CREATE TABLE {name}({', '.join(own)}) AS {select}", parameters)
    # DuckDB tells a column of nothing but nulls by a type of its own.
    values = [
        f"CAST({short} AS {_INTEGER})" if kind == _NULL else short for short, kind in zip(own, types, strict=True)
    ]
    return _named(columns, types, values, "rowid", f"FROM {name}", name, count)


def planned(heading: Sequence[tuple[str, str]]) -> DatabaseTable:
    """The table that :func:`created` would make, without rows, and without a place in the database.

    :param heading: The columns of its SELECT and their types.
    :raises ValueError: The names of the columns cannot be kept apart.
    """
    columns, types, _ = _parted(heading)
    return empty(columns, types)


def empty(columns: Sequence[str], types: Sequence[str], number: int = 0) -> DatabaseTable:
    """A table without rows, and without a place in the database.

    :param columns: Its columns' names.
    :param types: Their types.
    :param number: Tells its SQL from that of other tables.
    """
    values = [f"CAST(NULL AS {_INTEGER if kind == _NULL else kind})" for kind in types]
    return _named(columns, types, values, "CAST(NULL AS BIGINT)", f"WHERE {number} < 0")


def _parted(heading: Sequence[tuple[str, str]]) -> tuple[list[str], list[str], bool]:
    """The users' columns of a SELECT, their types, and whether it gives places as well."""
    columns = [(name, kind) for name, kind in heading if quoted(name) != PLACE]
    check_names([name for name, _ in columns])
    return [name for name, _ in columns], [kind for _, kind in columns], len(columns) < len(heading)


def _named(
    columns: Sequence[str],
    types: Sequence[str],
    values: Sequence[str],
    place: str,
    rest: str,
    name: str = "",
    count: int = 0,
) -> DatabaseTable:
    what = ", ".join(f"{value} AS {quoted(column)}" for value, column in zip(values, columns, strict=True))
    return DatabaseTable(
        f"(SELECT {what} {rest})",
        tuple(columns),
        tuple(_INTEGER if kind == _NULL else kind for kind in types),
        f"(SELECT {what}, {place} AS {PLACE} {rest})",
        name,
        count,
    )


@contextmanager
def registered(connection: duckdb.DuckDBPyConnection, data: Any) -> Iterator[str]:
    """Let SQL see a DataFrame or an Arrow table for a moment, under the name that is given."""
    connection.register("handed_over", data)
    try:
        yield "handed_over"
    finally:
        connection.unregister("handed_over")


def drop(query: Query, table: DatabaseTable) -> None:
    """Drop a table that :func:`created` made."""
    query(f"DROP TABLE {table.name}", None)
