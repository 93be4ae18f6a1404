"""Tables of the database, whose rows have an order, and whose columns may have any name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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

    :param sql: Its quoted name, to stand after FROM; it has the user's columns and no other.
    :param columns: Its columns' names.
    :param types: Its columns' types, as DuckDB writes them.
    :param rows: The table with one more column, :data:`PLACE`, to stand after FROM where the order of rows counts.
    """

    sql: str
    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: str = ""

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

    Its columns are called ``c0``, ``c1`` and so on, so that none hides DuckDB's ``rowid``; a view has the users' names.

    :param query: Runs a statement.
    :param schema: The schema, in quotes where it needs them.
    :param number: What tells it from the schema's other tables.
    :raises ValueError: The names of the columns cannot be kept apart.
    """
    found = [(str(row[0]), str(row[1])) for row in query(f"DESCRIBE {select}", parameters)]
    columns = [(name, kind) for name, kind in found if quoted(name) != PLACE]
    check_names([name for name, _ in columns])
    if len(columns) < len(found):
        select = f"SELECT * EXCLUDE ({PLACE}) FROM ({select})"
    own = [f"c{place}" for place in range(len(columns))]
    view, rows = f"{schema}.{quoted(f't{number}')}", f"{schema}.{quoted(f't{number}_rows')}"
    query(f"CREATE TABLE {rows}({', '.join(own)}) AS {select}", parameters)
    what = ", ".join(
        f"{f'CAST({short} AS {_INTEGER})' if kind == _NULL else short} AS {quoted(name)}"
        for short, (name, kind) in zip(own, columns, strict=True)
    )
    query(f"CREATE VIEW {view} AS SELECT {what} FROM {rows}", None)
    return DatabaseTable(
        view,
        tuple(name for name, _ in columns),
        tuple(_INTEGER if kind == _NULL else kind for _, kind in columns),
        f"(SELECT {what}, rowid AS {PLACE} FROM {rows})",
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
    query(f"DROP VIEW {table.sql}", None)
    query(f"DROP TABLE {table.sql[:-1]}_rows{table.sql[-1]}", None)
