"""The columns that an expression sees, by their names in PostgreSQL's SQL."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

from alpine.sandbox.engine.expressions import quoted
from alpine.sandbox.engine.sql.folding import ROW
from alpine.sandbox.engine.sql.typed import Typed
from alpine.sandbox.engine.sql.types import of_column


class Columns:
    """The columns that an expression sees.

    :param tables: For each table its alias, or an empty text, with the names of its columns and DuckDB's types.
    """

    def __init__(self, tables: Mapping[str, Sequence[tuple[str, str]]]) -> None:
        self._tables = tables

    def find(self, name: str, is_quoted: bool, table: str | None, table_is_quoted: bool) -> Typed:
        """A column, by its name in PostgreSQL's SQL.

        :raises LookupError: There is none, or more than one; the message says so.
        """
        found: list[tuple[str, str, str]] = []
        for alias, columns in self._tables.items():
            if table is None or _names(table, table_is_quoted, [alias]):
                hits = _names(name, is_quoted, [column for column, _ in columns])
                found += [(alias, column, kind) for column, kind in columns if column in hits]
        if not found:
            known = table is None or any(_names(table, table_is_quoted, [alias]) for alias in self._tables)
            raise LookupError(self._missing(name) if known else f"There is no table {table!r} in this expression")
        if len(found) > 1:
            raise LookupError(f"The column {name!r} is ambiguous: more than one table has it")
        alias, column, duckdb = found[0]
        kind = of_column(duckdb)
        if kind is None:
            raise LookupError(f"The column {column!r} has the type {duckdb}, which PostgreSQL does not have")
        sql = (f"{quoted(alias)}." if alias else "") + quoted(column)
        if kind.duckdb != duckdb:
            sql = f"CAST({sql} AS {kind.duckdb})"
        return Typed(sql, kind, how=ROW)

    def listed(self) -> list[tuple[str, str, str]]:
        """For each column its table's alias and its name, in quotes, and its type as DuckDB writes it."""
        return [
            (quoted(alias) if alias else "", quoted(column), kind)
            for alias, columns in self._tables.items()
            for column, kind in columns
        ]

    def _missing(self, name: str) -> str:
        every = [column for columns in self._tables.values() for column, _ in columns]
        shown = ", ".join(every[:50]) + (", …" if len(every) > 50 else "")
        nearest = difflib.get_close_matches(name.lower(), [column.lower() for column in every], 1)
        hint = next((f"; did you mean {column!r}?" for column in every if [column.lower()] == nearest), ".")
        return f"There is no column {name!r}{hint} The columns are: {shown}"


def _names(name: str, is_quoted: bool, candidates: list[str]) -> set[str]:
    """Which of the names is meant: as it is, in small letters, or the only one that differs in capitals alone."""
    wanted = name if is_quoted else name.lower()
    if wanted in candidates:
        return {wanted}
    close = {candidate for candidate in candidates if candidate.lower() == name.lower()}
    return close if len(close) == 1 and not is_quoted else set()
