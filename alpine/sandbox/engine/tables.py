"""Tables of the database, whose rows have an order, and whose columns may have any name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alpine.sandbox.engine.expressions import quoted
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.loading import check_names

if TYPE_CHECKING:
    import duckdb

PLACE = quoted("\x1fplace")
"""The place of a row in its table, from 0; no column of a user can have the name, see :func:`check_names`."""
_NULL, _INTEGER = '"NULL"', "INTEGER"
"""DuckDB 2 tells the type of a bare NULL, which DuckDB 1 calls an integer."""


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
        :raises NodeFailure: There is no such column.
        """
        if name in self.columns:
            return name
        for column in self.columns:
            if column.lower() == name.lower():
                return column
        raise NodeFailure(f"There is no column {name!r}. The columns are: {', '.join(self.columns)}.")

    def type_of(self, name: str) -> str:
        """The type of one column."""
        return self.types[self.columns.index(self.find(name))]


def created(
    query: Callable[[str, list[Any] | None], list[tuple[Any, ...]]],
    schema: str,
    number: int,
    select: str,
    parameters: list[Any] | None = None,
) -> DatabaseTable:
    """Make a table of what a SELECT gives.

    Its columns are called ``c0``, ``c1`` and so on, so that none hides DuckDB's ``rowid``; what stands after FROM gives
    them the users' names.

    :param query: Runs a statement.
    :param schema: The schema, in quotes where it needs them.
    :param number: What tells it from the schema's other tables.
    :raises ValueError: The names of the columns cannot be kept apart.
    """
    columns, types, has_place = _described(query, select, parameters)
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


def planned(
    query: Callable[[str, list[Any] | None], list[tuple[Any, ...]]], select: str, parameters: list[Any] | None = None
) -> DatabaseTable:
    """The table that :func:`created` would make, without rows, and without a place in the database.

    :param query: Runs a statement.
    :raises ValueError: The names of the columns cannot be kept apart.
    """
    columns, types, _ = _described(query, select, parameters)
    return empty(columns, types)


def empty(columns: Sequence[str], types: Sequence[str]) -> DatabaseTable:
    """A table without rows, and without a place in the database.

    :param columns: Its columns' names.
    :param types: Their types.
    """
    values = [f"CAST(NULL AS {_INTEGER if kind == _NULL else kind})" for kind in types]
    return _named(columns, types, values, "CAST(NULL AS BIGINT)", "WHERE FALSE")


def _described(
    query: Callable[[str, list[Any] | None], list[tuple[Any, ...]]], select: str, parameters: list[Any] | None
) -> tuple[list[str], list[str], bool]:
    """The users' columns of a SELECT, their types, and whether it gives places as well."""
    found = [(str(row[0]), str(row[1])) for row in query(f"DESCRIBE {select}", parameters)]
    columns = [(name, kind) for name, kind in found if quoted(name) != PLACE]
    check_names([name for name, _ in columns])
    return [name for name, _ in columns], [kind for _, kind in columns], len(columns) < len(found)


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


def drop(query: Callable[[str, list[Any] | None], list[tuple[Any, ...]]], table: DatabaseTable) -> None:
    """Drop a table that :func:`created` made."""
    query(f"DROP TABLE {table.name}", None)
