"""The tables that a flow is looked over with: their columns and types, without their rows."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alpine.exception import AlpineException, InvalidArgumentException
from alpine.sandbox.engine.database import Database, DatabaseTable
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.hadoop_files import FileStructure, select_values
from alpine.sandbox.engine.loading import LoadOptions, check_names, tables_in
from alpine.sandbox.engine.registry import Registry
from alpine.sandbox.engine.substitution import Substitution
from alpine.sandbox.engine.tables import Headings, described, empty, planned
from alpine.sandbox.engine.types import UnknownType, of_flow

if TYPE_CHECKING:
    import duckdb

    from alpine.afm import Workflow

NUMERIC = "DECIMAL(38,2)"
"""What stands for numbers of any precision, whose digits are those of the rows."""
NOT_KEPT = "BIT"
"""What stands for types of a database that the sandbox does not keep; no column of a flow can have it otherwise."""
DATABASE, HADOOP = "database", "hadoop"
_lock = threading.Lock()


class Given:
    """The tables of one look over a flow, and what does the work of its operators.

    :param database: Where its tables are found.
    :param registry: What does the work of the operators.
    :param knows: Where a table that is not among them is none, in databases or in Hadoop; elsewhere what the flow
        declares of it is all that is known.
    """

    def __init__(self, database: Database, registry: Registry, *knows: str) -> None:
        self.database = database
        self.registry = registry
        self.knows = knows


class ColumnsOnly(Database):
    """Tables of which the columns alone are kept."""

    def __init__(self) -> None:
        super().__init__()
        self._described: dict[str, DatabaseTable] = {}

    def describe(self, name: str, columns: Mapping[str, object]) -> None:
        """Keep the columns of a table.

        :param name: ``schema.table``, or ``table`` for whichever schema a flow names.
        :param columns: The types of its columns, by PostgreSQL's names or Pig's.
        :raises ValueError: A type is not known, or the names of the columns cannot be kept apart.
        """
        kinds = {str(column): of_flow(str(kind), is_hadoop=True).sql or NUMERIC for column, kind in columns.items()}
        self.keep(name, kinds)

    def keep(self, name: str, columns: Mapping[str, str]) -> None:
        """Keep the columns of a table, with their types as DuckDB writes them.

        :raises ValueError: The names of the columns cannot be kept apart.
        """
        check_names(list(columns))
        self._described[name.strip().lower()] = empty(list(columns), list(columns.values()))

    def loaded(self) -> list[str]:
        """The names of all tables."""
        return sorted({*super().loaded(), *self._described})

    def find(self, name: str) -> DatabaseTable | None:
        """A table, None when there is none of that name."""
        return self._described.get(name.strip().lower()) or super().find(name)

    def find_file(self, name: str, structure: FileStructure) -> DatabaseTable | None:
        """A table as a Hadoop source reads it, None when there is none of that name."""
        table = self._described.get(name.strip().lower())
        if table is None:
            return super().find_file(name, structure)
        return self._keep(select_values(structure, table.columns, table.types, table.rows))

    def _keep(self, sql: str) -> DatabaseTable:
        return planned(described(self._query, sql))

    def _connection(self) -> duckdb.DuckDBPyConnection:
        if self._root is None:
            self._root = connection()
        return self._root


def connection() -> duckdb.DuckDBPyConnection:
    """A connection to the database that all looks share; it holds no table."""
    with _lock:
        return _shared()._connection().cursor()


@cache
def headings() -> Headings:
    """What all looks know of the columns of SELECTs."""
    return Headings()


@cache
def _shared() -> Database:
    # To open a database, and to register the functions of expressions in it, takes as long as to look a flow over.
    return Database()


def given(tables: Any, flow: Workflow) -> Given:
    """The tables that a user names.

    :param tables: None; a mapping from names to DataFrames, to paths, or to mappings from columns to types; a folder of
        files; a ``Sandbox``; or a session of a server, whose datasets are asked for the columns.
    :raises InvalidArgumentException: It is none of these, or a table of it cannot be read.
    """
    if tables is None:
        return Given(ColumnsOnly(), Registry())
    if isinstance(tables, str | os.PathLike):
        tables = _of_folder(tables)
    if isinstance(tables, Mapping):
        return Given(_described(tables), Registry(), DATABASE, HADOOP)
    if hasattr(tables, "load_table"):
        engine = tables._running.backend.engine if hasattr(tables, "_running") else tables
        return Given(engine.shared.database, engine.shared.registry, DATABASE, HADOOP)
    datasets = getattr(tables, "dataset", tables)
    if hasattr(datasets, "get_columns"):
        return Given(_of_server(datasets, flow), Registry(), DATABASE)
    raise InvalidArgumentException(
        "tables should be a dict of DataFrames, of paths or of columns with their types, a folder, a Sandbox or a "
        f"session, not {type(tables).__name__}."
    )


def _of_folder(path: str | os.PathLike[str]) -> dict[str, Path]:
    try:
        return {file.stem: file for file in tables_in(Path(path))}
    except (ValueError, OSError) as error:
        raise InvalidArgumentException(f"The tables of {os.fspath(path)} cannot be read: {error}") from error


def _described(tables: Mapping[Any, Any]) -> ColumnsOnly:
    found = ColumnsOnly()
    for name, table in tables.items():
        try:
            if isinstance(table, Mapping):
                found.describe(str(name), table)
            elif isinstance(table, str | os.PathLike) or hasattr(table, "columns"):
                found.load(str(name), table, LoadOptions())
            else:
                raise InvalidArgumentException(
                    f"The table {name!r} should be a DataFrame, a path, or a dict of columns and their types, not "
                    f"{type(table).__name__}."
                )
        except (ValueError, NodeFailure, OSError) as error:
            if isinstance(error, AlpineException):
                raise
            raise InvalidArgumentException(f"The table {name!r} cannot be read: {error}") from error
    return found


def _of_server(datasets: Any, flow: Workflow) -> ColumnsOnly:
    """The columns of the tables that the flow reads, as a server knows them.

    A table that the server does not know is left out; any other failure of a request is the caller's.
    """
    from alpine.exception import NotFoundException

    found = ColumnsOnly()
    for name, source in _read_tables(flow):
        with suppress(NotFoundException):
            columns = datasets.get_columns(datasets.get_id(name, source))
            found.keep(name, {column["name"]: duckdb_type(column.get("data_type") or "") for column in columns})
    return found


def _read_tables(flow: Workflow) -> Iterator[tuple[str, str]]:
    """The database tables that a flow reads, and their data sources."""
    values = Substitution(flow.variables)
    for operator in flow.operators.values():
        said = {key: values.text(value) for key, value in operator.parameters.items()}
        if operator.class_name == "DbTableOperator" and said.get("schemaName") and said.get("tableName"):
            yield f"{said['schemaName']}.{said['tableName']}", said.get("dbConnectionName", "")


def duckdb_type(kind: str, *, is_hadoop: bool = False) -> str:
    """The type that a column has here which is of some type there."""
    try:
        return of_flow(kind, is_hadoop=is_hadoop).sql or NUMERIC
    except UnknownType:
        return NOT_KEPT
