"""The database behind the engine: DuckDB, cut off from the file system, with one schema for each run."""

from __future__ import annotations

import csv
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alpine.sandbox.engine.expressions import quoted
from alpine.sandbox.engine.failures import NodeFailure, RunStopped

if TYPE_CHECKING:
    import duckdb

LOADED = "loaded"
READABLE = (".csv", ".parquet")
MAX_THREADS = 4
MAX_MEGABYTES = 4096
_SETTINGS = (
    "SET GLOBAL integer_division = true",
    "SET python_enable_replacements = false",
    "SET temp_directory = ''",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)
_WIDTH_BUCKET = (
    "CREATE MACRO width_bucket(value, low, high, bins) AS CASE WHEN value < low THEN 0 WHEN value >= high "
    "THEN bins + 1 ELSE CAST(floor(CAST((value - low) * 1.0 / (high - low) * bins AS DOUBLE)) AS BIGINT) + 1 END"
)


@dataclass(frozen=True)
class DatabaseTable:
    """A table in the database.

    :param sql: Its quoted name, to stand after FROM.
    :param columns: Its columns' names.
    :param types: Its columns' types, as DuckDB writes them.
    """

    sql: str
    columns: tuple[str, ...]
    types: tuple[str, ...]

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


class Cursor:
    """One run's connection to the database: its own schema, and a stop that reaches a running query.

    :param connection: The run's own DuckDB cursor.
    :param schema: Name of the run's schema.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, schema: str) -> None:
        self._connection = connection
        self._schema = quoted(schema)
        self._tables = 0
        self._stopped = threading.Event()
        self._closing = threading.Lock()
        self._is_closed = False
        self.fetch(f"CREATE SCHEMA {self._schema}")

    def fetch(self, sql: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
        """Run a query and give all its rows."""
        with self._errors():
            return self._connection.execute(sql, parameters or []).fetchall()

    def make(self, select: str, parameters: list[Any] | None = None) -> DatabaseTable:
        """Keep what a SELECT gives as a new table of this run, in the order of its rows."""
        self._tables += 1
        name = f"{self._schema}.{quoted(f't{self._tables}')}"
        self.fetch(f"CREATE TABLE {name} AS {select}", parameters)
        return self.describe(name)

    def take(self, data: Any) -> DatabaseTable:
        """Keep a DataFrame or an Arrow table as a new table of this run."""
        with self._errors(), registered(self._connection, data) as name:
            return self.make(f"SELECT * FROM {name}")

    def describe(self, name: str) -> DatabaseTable:
        """The columns of a table, by its quoted name."""
        rows = self.fetch(f"DESCRIBE {name}")
        return DatabaseTable(name, tuple(str(row[0]) for row in rows), tuple(str(row[1]) for row in rows))

    def dataframe(self, sql: str) -> Any:
        """What a query gives, as a pandas DataFrame."""
        with self._errors():
            return self._connection.execute(sql).df()

    def stop(self) -> None:
        """Break off the query that runs, and refuse all that follow."""
        self._stopped.set()
        with self._closing:
            if not self._is_closed:
                self._connection.interrupt()

    def close(self) -> None:
        """Drop the run's schema and give the connection back; from now on a stop has nothing to break off."""
        import duckdb

        with self._closing:
            self._is_closed = True
        # The database may be gone already, where this was a query that nothing breaks off.
        with suppress(duckdb.Error):
            self._connection.execute(f"DROP SCHEMA IF EXISTS {self._schema} CASCADE")
            self._connection.close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        import duckdb

        if self._stopped.is_set():
            raise RunStopped
        try:
            yield
        except duckdb.Error as error:
            if self._stopped.is_set():
                raise RunStopped from None
            raise NodeFailure(_plain(error)) from None
        except (OverflowError, ValueError, MemoryError) as error:
            raise NodeFailure(f"A value cannot be read: {error}.") from None


class Database:
    """The database of one engine: loaded tables, and a cursor for each run. Opened at first use."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._root: duckdb.DuckDBPyConnection | None = None
        self._names: dict[str, str] = {}
        self._waiting: dict[str, Path] = {}

    def promise(self, name: str, path: Path) -> None:
        """Name a file that is loaded when a flow first asks for it."""
        self._waiting[name.lower()] = path

    def load(self, name: str, source: Any) -> None:
        """Load a table, in place of one that had its name.

        :param name: ``schema.table`` or ``table``.
        :param source: Path of a CSV or Parquet file, or a DataFrame.
        :raises ValueError: It cannot be read.
        """
        data = _read_file(Path(source)) if isinstance(source, str | Path) else _arrow(source)
        key = name.strip().lower()
        if not key:
            raise ValueError("A table needs a name, as 'demo.credit'.")
        import duckdb

        with self._lock:
            try:
                with registered(self._connection(), data) as view:
                    self._connection().execute(f"CREATE OR REPLACE TABLE {_loaded(key)} AS SELECT * FROM {view}")
            except duckdb.Error as error:
                raise ValueError(f"The table {name!r} cannot be loaded: {_plain(error)}") from error
            self._names[key] = name
            self._waiting.pop(key, None)

    def loaded(self) -> list[str]:
        """The names of all tables a flow can ask for."""
        return sorted({*self._names.values(), *self._waiting})

    def find(self, name: str) -> str | None:
        """The quoted name of a loaded table, None when there is none of that name."""
        key = name.strip().lower()
        with self._lock:
            if key in self._waiting:
                self.load(key, self._waiting[key])
            return _loaded(key) if key in self._names else None

    def clear(self) -> None:
        """Forget every table."""
        with self._lock:
            for key in self._names:
                self._connection().execute(f"DROP TABLE {_loaded(key)}")
            self._names.clear()
            self._waiting.clear()

    def open(self, schema: str) -> Cursor:
        """A cursor for a run, with a schema of its own."""
        with self._lock:
            return Cursor(self._connection().cursor(), schema)

    def close(self) -> None:
        """Close the database; what was loaded is gone."""
        import duckdb

        with self._lock:
            root, self._root = self._root, None
            self._names.clear()
            if root is not None:
                # A query that nothing breaks off goes on to its end, in a thread that keeps nobody waiting.
                with suppress(duckdb.Error):
                    root.close()

    def _connection(self) -> duckdb.DuckDBPyConnection:
        if self._root is None:
            import duckdb

            from alpine.sandbox.engine import pig

            self._root = duckdb.connect(":memory:")
            pig.prepare(self._root)
            limits = (f"SET threads = {_threads()}", f"SET memory_limit = '{_megabytes()}MB'")
            for statement in (_WIDTH_BUCKET, f"CREATE SCHEMA {LOADED}", *limits, *_SETTINGS):
                self._root.execute(statement)
        return self._root


@contextmanager
def registered(connection: duckdb.DuckDBPyConnection, data: Any) -> Iterator[str]:
    """Let SQL see a DataFrame or an Arrow table for a moment, under the name that is given."""
    connection.register("handed_over", data)
    try:
        yield "handed_over"
    finally:
        connection.unregister("handed_over")


def _loaded(key: str) -> str:
    return f"{LOADED}.{quoted(key)}"


def _read_file(path: Path) -> Any:
    import pyarrow

    if path.suffix.lower() not in READABLE:
        raise ValueError(f"{path} cannot be loaded: a table is a .csv or a .parquet file.")
    try:
        if path.suffix.lower() == ".csv":
            return _read_csv(path)
        from pyarrow import parquet

        return parquet.read_table(path)
    except (pyarrow.ArrowException, csv.Error) as error:
        raise ValueError(f"{path} cannot be read as a table: {error}") from error


def _read_csv(path: Path) -> Any:
    import pyarrow
    from pyarrow import csv as arrow_csv

    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            delimiter = _delimiter(file.readline())
            file.seek(0)
            header = next(csv.reader(file, delimiter=delimiter), None)
    except UnicodeDecodeError:
        raise _not_utf8(path) from None
    if not header:
        raise ValueError(f"{path} cannot be read as a table: it is empty.")
    convert = arrow_csv.ConvertOptions(strings_can_be_null=True, quoted_strings_can_be_null=False)
    parse = arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    table = arrow_csv.read_csv(path, parse_options=parse, convert_options=convert)
    # What is no UTF-8 further down comes as bytes.
    if any(pyarrow.types.is_binary(column.type) for column in table.schema):
        raise _not_utf8(path)
    return table


def _delimiter(header: str) -> str:
    """A comma, unless the header has none and another of the usual delimiters."""
    return next((sign for sign in ",;\t|" if sign in header), ",")


def _not_utf8(path: Path) -> ValueError:
    return ValueError(f"{path} cannot be read as a table: it is not in UTF-8; save it in that encoding.")


def _arrow(data: Any) -> Any:
    import pyarrow

    if isinstance(data, pyarrow.Table):
        return data
    try:
        return pyarrow.Table.from_pandas(data, preserve_index=False)
    except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, AttributeError) as error:
        raise ValueError(f"This {type(data).__name__} cannot be loaded as a table: {error}") from error


def _threads() -> int:
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


def _plain(error: BaseException) -> str:
    """The database's reason, without the picture of the statement that it draws below it."""
    from alpine.sandbox.engine.pig import raised

    return raised(str(error)) or str(error).partition("\n\nLINE")[0].strip()
