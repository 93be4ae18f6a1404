"""One run's connection to the database."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from alpine.sandbox.engine.failures import DatabaseFailure, NodeFailure, PlanEnds, RunStopped
from alpine.sandbox.engine.loading import as_arrow
from alpine.sandbox.engine.messages import plain
from alpine.sandbox.engine.sql import forget, watch
from alpine.sandbox.engine.tables import DatabaseTable, Headings, created, described, drop, planned, registered

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Schema:
    """The part of the database that the tables of one run are in.

    :param name: Its quoted name.
    :param numbers: Tell its tables apart.
    """

    name: str
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))


class Cursor:
    """One run's connection to the database: its own schema, and a stop that reaches a running query.

    :param connection: A DuckDB cursor of its own.
    :param schema: The run's schema.
    :param headings: Knows the columns of SELECTs.
    :param on_close: Called when the run needs the database no more; None for a connection beside the run's first.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        schema: Schema,
        headings: Headings,
        on_close: Callable[[], None] | None = None,
    ) -> None:
        self._connection = connection
        self.schema = schema
        self._headings = headings
        self._on_close = on_close
        self._made: list[DatabaseTable] = []
        self._is_planning = False
        self._stopped = threading.Event()
        self._closing = threading.Lock()
        self._is_closed = False
        self._watched = watch(connection, self._stopped)

    @property
    def stopped(self) -> threading.Event:
        """Set once the connection is stopped."""
        return self._stopped

    def beside(self) -> Cursor:
        """Another connection for the same run, for work that goes on at the same time; to be closed before this one."""
        return Cursor(self._connection.cursor(), self.schema, self._headings)

    def fetch(self, sql: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
        """Run a query and give all its rows."""
        with self._errors():
            return self._connection.execute(sql, parameters or []).fetchall()

    def make(self, select: str, parameters: list[Any] | None = None) -> DatabaseTable:
        """Keep what a SELECT gives as a new table of this run, in the order of its rows.

        While operators are only looked over, nothing is kept: the table has the right columns and no rows.

        :raises NodeFailure: The SELECT is none, or the names of its columns cannot be kept apart.
        """
        heading = self._headings.of(self.fetch, select) if parameters is None else None
        return self._make(select, heading or described(self.fetch, select, parameters), parameters)

    def _make(
        self, select: str, heading: Sequence[tuple[str, str]], parameters: list[Any] | None = None
    ) -> DatabaseTable:
        try:
            if self._is_planning:
                return planned(heading)
            table = created(self.fetch, self.schema.name, next(self.schema.numbers), select, parameters, heading)
        except ValueError as error:
            raise NodeFailure(str(error)) from None
        self._made.append(table)
        return self._headings.add(table)

    def made(self) -> list[DatabaseTable]:
        """The tables that were made since this was last asked."""
        made, self._made = self._made, []
        return made

    def drop(self, tables: Iterable[DatabaseTable]) -> None:
        """Drop tables of the run."""
        for table in tables:
            drop(self.fetch, table)

    def take(self, data: Any, select: Callable[[str], str] = lambda name: f"SELECT * FROM {name}") -> DatabaseTable:
        """Keep a DataFrame or an Arrow table as a new table of this run, or what a SELECT makes of it.

        :param select: Makes the SELECT, of the name that the data have in it.
        """
        with self._errors(), registered(self._connection, as_arrow(data)) as name:
            # The name stands for other data each time, so that nothing is kept of the SELECT.
            text = select(name)
            return self._make(text, described(self.fetch, text))

    def dataframe(self, sql: str) -> Any:
        """What a query gives, as a pandas DataFrame.

        :raises PlanEnds: The operators are only looked over, so that there are no rows yet.
        """
        if self._is_planning:
            raise PlanEnds
        with self._errors():
            return self._connection.execute(sql).df()

    def arrays(self, sql: str) -> dict[str, Any]:
        """What a query gives, as a NumPy array for each column; a column with nulls is a masked array.

        :raises PlanEnds: The operators are only looked over, so that there are no rows yet.
        """
        if self._is_planning:
            raise PlanEnds
        with self._errors():
            return self._connection.execute(sql).fetchnumpy()

    @contextmanager
    def planning(self) -> Iterator[None]:
        """Give no rows away, but only look operators over."""
        self._is_planning = True
        try:
            yield
        finally:
            self._is_planning = False

    def stop(self) -> None:
        """Break off the query that runs, and refuse all that follow."""
        self._stopped.set()
        with self._closing:
            if not self._is_closed:
                self._connection.interrupt()

    def raise_if_stopped(self) -> None:
        """Let a computation that no query carries end where its run is to stop; called between its steps.

        :raises RunStopped: The run is to stop.
        """
        if self._stopped.is_set():
            raise RunStopped

    def close(self) -> None:
        """Give the connection back; from now on a stop has nothing to break off. The first one drops the schema."""
        import duckdb

        with self._closing:
            self._is_closed = True
        forget(self._watched)
        # The database may be gone already, where this was a query that nothing breaks off.
        with suppress(duckdb.Error):
            if self._on_close is not None:
                self._connection.execute(f"DROP SCHEMA IF EXISTS {self.schema.name} CASCADE")
            self._connection.close()
        if self._on_close is not None:
            self._on_close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        import duckdb

        self.raise_if_stopped()
        try:
            yield
        except duckdb.Error as error:
            if self._stopped.is_set():
                raise RunStopped from None
            raise DatabaseFailure(plain(error)) from None
        except (OverflowError, ValueError, MemoryError) as error:
            raise NodeFailure(f"A value cannot be read: {error}.") from None
