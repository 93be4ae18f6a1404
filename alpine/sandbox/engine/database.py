"""The database behind the engine: DuckDB, cut off from the file system, with one schema for each run."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from alpine.sandbox.engine.cursor import Cursor, Schema
from alpine.sandbox.engine.expressions import quoted
from alpine.sandbox.engine.failures import DatabaseFailure, NodeFailure
from alpine.sandbox.engine.hadoop_files import FileStructure, select_texts, select_values
from alpine.sandbox.engine.loading import LoadOptions, read, select
from alpine.sandbox.engine.messages import plain
from alpine.sandbox.engine.sql import register
from alpine.sandbox.engine.tables import PLACE, DatabaseTable, Headings, created, drop, registered

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from alpine.sandbox.engine.text_files import TextFile

log: logging.Logger = logging.getLogger("alpine.sandbox")

__all__ = ["PLACE", "Cursor", "Database", "DatabaseTable"]

LOADED = "loaded"
NOBODY = 0
"""Owns tables that stay when workspaces go."""
MAX_THREADS = 4
MAX_MEGABYTES = 4096
_SETTINGS = (
    "SET GLOBAL integer_division = true",
    "SET python_enable_replacements = false",
    # Expressions of a flow say where nulls come, and in which time zone a time is; the machine's has no part in it.
    "SET GLOBAL TimeZone = 'UTC'",
    # This would make a join of a long IN list, and the threads of a join give rows in another order each time.
    "SET disabled_optimizers = 'in_clause'",
    "SET temp_directory = ''",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)


@dataclass
class _Loaded:
    """A table that was loaded.

    :param name: Its name, as the user wrote it.
    :param table: The table that database flows read; None where the file is no such table.
    :param text: The text file that it was, which Hadoop flows read by what they declare.
    :param refusal: Why there is no table.
    :param declared: The types of columns that were given with it.
    :param owner: The workspace whose run has left it, :data:`NOBODY` for what was imported; None for what was loaded.
    :param is_view: Whether it is shown as a view.
    :param files: What Hadoop flows have read of it, by what they declare.
    """

    name: str
    table: DatabaseTable | None
    text: TextFile | None
    refusal: str
    declared: Mapping[str, str] = field(default_factory=dict)
    owner: int | None = None
    is_view: bool = False
    files: dict[FileStructure, DatabaseTable] = field(default_factory=dict)

    @property
    def tables(self) -> list[DatabaseTable]:
        return [*([self.table] if self.table else []), *self.files.values()]


class Database:
    """The database of one engine: loaded tables, and a cursor for each run. Opened at first use."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._root: duckdb.DuckDBPyConnection | None = None
        self._loaded: dict[str, _Loaded] = {}
        self._waiting: dict[str, Path] = {}
        self._count = 0
        self._runs = 0
        self._replaced: list[DatabaseTable] = []
        self._headings = Headings()

    def promise(self, name: str, path: Path) -> None:
        """Name a file that is loaded when a flow first asks for it."""
        self._waiting[name.lower()] = path

    def load(self, name: str, source: Any, options: LoadOptions | None = None) -> None:
        """Load a table, in place of one that had its name.

        :param name: ``schema.table`` or ``table``.
        :param source: Path of a text or Parquet file, or a DataFrame.
        :param options: How it is loaded.
        :raises ValueError: It cannot be read.
        """
        key = name.strip().lower()
        if not key:
            raise ValueError("A table needs a name, as 'demo.credit'.")
        options = options or LoadOptions()
        found, text, refusal = read(source, options)
        if refusal:
            log.warning("%s; only Hadoop flows that declare its columns can read it", refusal)
        with self._lock:
            try:
                table = self._put(found.data, lambda view: select(found, options, view, self._query)) if found else None
            except (NodeFailure, ValueError) as error:
                raise ValueError(f"The table {name!r} cannot be loaded: {error}") from error
            self._replace(_Loaded(name, table, text, refusal, dict(options.types)))

    def write(
        self, name: str, data: Any, select: Callable[[str, DatabaseTable | None], str], declared: Mapping[str, str]
    ) -> None:
        """Make a table, or make it anew, from data and from what it was before.

        :param name: ``schema.table``.
        :param data: An Arrow table.
        :param select: SQL for the rows, given where the data are, and the table as it is, if it is there.
        :param declared: The types of its columns, by PostgreSQL's names.
        :raises NodeFailure: The SQL fails; then the table is as it was.
        """
        with self._lock:
            old = self.find(name)
            table = self._put(data, lambda view: select(view, old))
            owner = NOBODY if old is None else self._loaded[name.strip().lower()].owner
            self._replace(_Loaded(name, table, None, "", dict(declared), owner))

    def store(self, name: str, table: DatabaseTable, cursor: Cursor, owner: int, *, is_view: bool = False) -> None:
        """Keep a table of a run beyond its end, in place of one that had its name.

        :param name: ``schema.table``.
        :param table: The table.
        :param cursor: The run's own, so that a stop reaches the copy.
        :param owner: The workspace that it goes away with.
        :param is_view: Whether it is shown as a view.
        """
        with self._lock:
            self._count += 1
            number = self._count
        kept = created(cursor.fetch, LOADED, number, f"SELECT * FROM {table.rows} ORDER BY {PLACE}")
        with self._lock:
            self._replace(_Loaded(name, self._headings.add(kept), None, "", owner=owner, is_view=is_view))

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a query of the sandbox's own on the connection that tables are loaded by."""
        with self._lock:
            return self._query(sql)

    def drop_kept(self, owner: int | None = None) -> None:
        """Forget what runs have left.

        :param owner: The workspace whose tables go; None for all of them, and for what was imported.
        """
        with self._lock:
            kept = [entry for entry in self._loaded.values() if entry.owner is not None]
            for entry in kept:
                if owner in (None, entry.owner):
                    self.drop(entry.name)

    def loaded(self) -> list[str]:
        """The names of all tables a flow can ask for."""
        return sorted({*(entry.name for entry in self._loaded.values()), *self._waiting})

    def readable(self) -> list[str]:
        """The names of those tables that database flows can read."""
        with self._lock:
            return [name for name in self.loaded() if (key := name.lower()) in self._waiting or self._loaded[key].table]

    def is_view(self, name: str) -> bool:
        """Whether a table is shown as a view."""
        entry = self._loaded.get(name.strip().lower())
        return entry is not None and entry.is_view

    def declared(self, name: str) -> Mapping[str, str]:
        """The types of columns that were given when a table was loaded."""
        entry = self._loaded.get(name.strip().lower())
        return entry.declared if entry else {}

    def drop(self, name: str) -> bool:
        """Forget a table; the runs that read it still can.

        :returns: Whether there was one.
        """
        key = name.strip().lower()
        with self._lock:
            entry = self._loaded.pop(key, None)
            self._retire(entry)
            return self._waiting.pop(key, None) is not None or entry is not None

    @contextmanager
    def reading(self) -> Iterator[Callable[[str], list[tuple[Any, ...]]]]:
        """Run queries on a connection of one's own; tables that are replaced meanwhile stay until the end."""
        import duckdb

        with self._lock:
            connection = self._connection().cursor()
            self._runs += 1

        def query(sql: str) -> list[tuple[Any, ...]]:
            try:
                return connection.execute(sql).fetchall()
            except duckdb.Error as error:
                raise DatabaseFailure(plain(error)) from error

        try:
            yield query
        finally:
            with suppress(duckdb.Error):
                connection.close()
            self._closed_one()

    def find(self, name: str) -> DatabaseTable | None:
        """A loaded table, None when there is none of that name.

        :raises NodeFailure: The file that has the name is no table of a database.
        """
        with self._lock:
            entry = self._entry(name)
            if entry is not None and entry.table is None:
                raise NodeFailure(f"The table {name!r} was loaded from a file that is no table: {entry.refusal}")
            return entry.table if entry else None

    def find_file(self, name: str, structure: FileStructure) -> DatabaseTable | None:
        """A loaded table as a Hadoop source reads it, None when there is none of that name.

        :param structure: What the flow declares of the file.
        :raises NodeFailure: It cannot be read so.
        """
        with self._lock:
            entry = self._entry(name)
            if entry is None:
                return None
            if structure not in entry.files:
                entry.files[structure] = self._file(entry, structure)
            return entry.files[structure]

    def clear(self) -> None:
        """Forget every table."""
        with self._lock:
            for entry in self._loaded.values():
                self._retire(entry)
            self._loaded.clear()
            self._waiting.clear()

    def open(self, schema: str) -> Cursor:
        """A cursor for a run, with a schema of its own, which is dropped when the cursor is closed."""
        with self._lock:
            cursor = Cursor(self._connection().cursor(), Schema(quoted(schema)), self._headings, self._closed_one)
            self._runs += 1
            cursor.fetch(f"CREATE SCHEMA {cursor.schema.name}")
            return cursor

    def close(self) -> None:
        """Close the database; what was loaded is gone."""
        import duckdb

        with self._lock:
            root, self._root = self._root, None
            self._loaded.clear()
            self._replaced.clear()
            if root is not None:
                # A query that nothing breaks off goes on to its end, in a thread that keeps nobody waiting.
                with suppress(duckdb.Error):
                    root.close()

    def _entry(self, name: str) -> _Loaded | None:
        key = name.strip().lower()
        if key in self._waiting:
            self.load(key, self._waiting[key])
        return self._loaded.get(key)

    def _file(self, entry: _Loaded, structure: FileStructure) -> DatabaseTable:
        if entry.text is not None and structure.is_text:
            try:
                data = entry.text.records(
                    len(structure.columns),
                    delimiter=structure.delimiter,
                    quote=structure.quote,
                    escape=structure.escape,
                    header=structure.header,
                )
                return self._put(data, lambda view: select_texts(structure, view))
            except ValueError as error:
                raise NodeFailure(str(error)) from None
        table = entry.table
        if table is None:
            raise NodeFailure(f"The table {entry.name!r} was loaded from a file that is no table: {entry.refusal}")
        return self._keep(f"{select_values(structure, table.columns, table.types, table.rows)} ORDER BY {PLACE}")

    def _put(self, data: Any, sql: Callable[[str], str]) -> DatabaseTable:
        import duckdb

        try:
            with registered(self._connection(), data) as view:
                return self._keep(sql(view))
        except duckdb.Error as error:
            raise DatabaseFailure(plain(error)) from error

    def _keep(self, sql: str) -> DatabaseTable:
        self._count += 1
        return self._headings.add(created(self._query, LOADED, self._count, sql))

    def _query(self, sql: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
        import duckdb

        try:
            return self._connection().execute(sql, parameters or []).fetchall()
        except duckdb.Error as error:
            raise DatabaseFailure(plain(error)) from error

    def _replace(self, entry: _Loaded) -> None:
        key = entry.name.strip().lower()
        self._retire(self._loaded.pop(key, None))
        self._loaded[key] = entry
        self._waiting.pop(key, None)

    def _retire(self, entry: _Loaded | None) -> None:
        """Drop the tables of an entry once no run reads them."""
        self._replaced += entry.tables if entry else []
        self._drop_replaced()

    def _closed_one(self) -> None:
        with self._lock:
            self._runs -= 1
            self._drop_replaced()

    def _drop_replaced(self) -> None:
        if self._runs or self._root is None:
            return
        for table in self._replaced:
            drop(self._query, table)
        self._replaced.clear()

    def _connection(self) -> duckdb.DuckDBPyConnection:
        if self._root is None:
            import duckdb

            from alpine.sandbox.engine.pig import prepare

            root = duckdb.connect(":memory:")
            register(root)
            prepare(root)
            limits = (f"SET threads = {threads()}", f"SET memory_limit = '{_megabytes()}MB'")
            for statement in (f"CREATE SCHEMA {LOADED}", *limits, *_SETTINGS):
                root.execute(statement)
            self._root = root
        return self._root


def threads() -> int:
    """How many threads the database takes."""
    return min(os.cpu_count() or 1, MAX_THREADS)


def _megabytes() -> int:
    """Half of the machine's memory, up to a limit: a query that needs more fails, and the machine goes on."""
    if not hasattr(os, "sysconf"):
        # Windows.
        return MAX_MEGABYTES // 4
    try:
        total: int = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    except (ValueError, OSError):
        return MAX_MEGABYTES // 4
    return max(min(total // 2, MAX_MEGABYTES), 256)
