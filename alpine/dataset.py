"""Datasets: the tables and views of the databases, their columns and their rows."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alpine import dataset_schema as _schema
from alpine import dataset_workspace as _workspace
from alpine._arguments import Id, choice, find_id, given, identifier, names_of, number, page_size, text
from alpine._cancelling import broken_off, new_check_id
from alpine._constants import flag
from alpine._dataset_download import check_columns, into_file, into_frame
from alpine._dataset_lists import FEATURE, each_once, whole_list
from alpine._display.records import Record, RecordList
from alpine._files import existing_file, target_path
from alpine._http.body import BytesBody
from alpine._http.request import Request
from alpine._http.transport import Transport
from alpine._pager import Listing
from alpine._tables.columns import NULLS, Column, columns_of
from alpine._tables.sql_result import SQLResult
from alpine.alpineobject import UNORDERED_PAGE, Resource
from alpine.exception import DatasetNotFoundException, InvalidArgumentException, SchemaNotFoundException
from alpine.workspace import workspace_id_of

if TYPE_CHECKING:
    from pandas import DataFrame

_ERRORS = {404: DatasetNotFoundException}
_OF_SCHEMA = {404: SchemaNotFoundException}
_NAME = re.compile(
    r'(?:"(?P<quoted>(?:[^"]|"")+)"|(?P<plain>[^."]+))\.(?:"(?P<table>(?:[^"]|"")+)"|(?P<rest>[^"].*))', re.S
)


class Dataset(Resource):
    """A class for interacting with datasets: the tables and views that the server sees in its databases.

    The server numbers a table when it first sees it. A table that is gone keeps its number, and is ``stale``.
    """

    Schema = _schema.Schema
    InWorkspace = _workspace.InWorkspace

    def _bind(self, base_url: str, transport: Transport) -> None:
        super()._bind(base_url, transport)
        self.schema: _schema.Schema = _schema.Schema._beside(self)
        """The schemas of databases."""
        self.in_workspace: _workspace.InWorkspace = _workspace.InWorkspace._beside(self)
        """The datasets of workspaces."""

    def get_list(
        self, schema_id: Id, per_page: int = 100, *, name_pattern: str | None = None, tables_only: bool = False
    ) -> RecordList:
        """Return the tables and views of a schema. Calls ``GET /schemas/:id/datasets``.

        Each of them is listed once, whatever the server's pages repeat or skip. If the database cannot be reached, the
        server responds with what it knew before: that a table is listed is no proof that it is there; :meth:`get` is.

        :param schema_id: ID of the schema.
        :type schema_id: int
        :param per_page: Accepted as for other lists; at least 1,000 rows are requested at a time.
        :type per_page: int
        :param name_pattern: Return only those with this in their name, in any capitals.
        :type name_pattern: str
        :param tables_only: Leave out views, and external tables.
        :type tables_only: bool
        :returns: List of datasets' metadata; ``object_name`` is a dataset's name.
        :rtype: list of dict
        :raises SchemaNotFoundException: There is no such schema.
        :raises ForbiddenException: The user has no account for the data source.
        :raises FeatureNotFoundException: The server has no datasets.

        Example:

        >>> datasets = session.dataset.get_list(schema_id)
        >>> [dataset["object_name"] for dataset in datasets]
        ['orders']
        """
        size = page_size(per_page)
        return whole_list(self, _listing(schema_id, name_pattern, tables_only), size)

    def iterate(
        self, schema_id: Id, per_page: int = 100, *, name_pattern: str | None = None, tables_only: bool = False
    ) -> Iterator[dict[str, Any]]:
        """Iterate over the tables and views of a schema, page by page.

        Parameters and exceptions are those of :meth:`get_list`.

        Example:

        >>> next(session.dataset.iterate(schema_id))["object_name"]
        'orders'
        """
        size = page_size(per_page)
        return each_once(self, _listing(schema_id, name_pattern, tables_only), size)

    def get(self, dataset_id: Id) -> Record:
        """Return metadata for a dataset. Calls ``GET /datasets/:id``.

        :param dataset_id: ID of the dataset.
        :type dataset_id: int
        :returns: The dataset's metadata.
        :rtype: dict
        :raises DatasetNotFoundException: There is no such dataset, or its table is gone.
        :raises ForbiddenException: The data source is disabled, or the user has no account for it.
        :raises FeatureNotFoundException: The server has no datasets.

        Example:

        >>> session.dataset.get(dataset_id)["object_name"]
        'orders'
        """
        wanted = _number(dataset_id)
        action = f"get dataset {wanted}"
        return self._one(Request("GET", f"datasets/{wanted}", action, errors=_ERRORS, feature=FEATURE))

    def get_id(self, name: str, data_source: Id, database: str | None = None) -> int:
        """Return the ID of a table or view.

        The server finds none by its name, so that its data source, its schema and the schema's list are read.

        :param name: Its name, ``schema.table``; a name with a dot in it goes into double quotes.
        :type name: str
        :param data_source: ID of the data source, or its name.
        :type data_source: int
        :param database: Name of its database, for a Greenplum, HAWQ or PostgreSQL source with more than one.
        :type database: str
        :returns: ID of the dataset.
        :rtype: int
        :raises DatasetNotFoundException: The schema has no such table.
        :raises SchemaNotFoundException: There is no such schema.
        :raises DataSourceNotFoundException: There is no such data source or database.
        :raises FeatureNotFoundException: The server has no datasets.

        Example:

        >>> session.dataset.get_id("demo.orders", "Sandbox Database") == dataset_id
        True
        """
        schema, table = _parts(name)
        schema_id = self.schema.get_id(schema, data_source, database)
        where = f" in schema {schema!r}"
        rows = self.get_list(schema_id, UNORDERED_PAGE, name_pattern=table)
        if not any(str(row.get("object_name")).casefold() == table.casefold() for row in rows):
            # So that the message can name what is like it.
            rows = self.get_list(schema_id, UNORDERED_PAGE)
        return find_id(rows, "object_name", table, "dataset", DatasetNotFoundException, where=where)

    def get_columns(self, dataset_id: Id) -> RecordList:
        """Return the columns of a dataset, all of them. Calls ``GET /datasets/:id/columns``.

        :param dataset_id: ID of the dataset.
        :type dataset_id: int
        :returns: List of columns, in order: ``name``, ``data_type``, ``type_category``, ``description`` and
            ``statistics``, which is filled only after the table was analyzed.
        :rtype: list of dict
        :raises DatasetNotFoundException: There is no such dataset.
        :raises ForbiddenException: The user has no account for the data source.
        :raises ValidationException: The database cannot be reached, or the table is gone.
        :raises FeatureNotFoundException: The server has no datasets.

        Example:

        >>> columns = session.dataset.get_columns(dataset_id)
        >>> [(column["name"], column["data_type"]) for column in columns][:2]
        [('order_id', 'bigint'), ('customer', 'text')]
        """
        wanted = _number(dataset_id)
        action = f"list the columns of dataset {wanted}"
        return self._list(
            Listing(f"datasets/{wanted}/columns", action, errors=_ERRORS, feature=FEATURE), UNORDERED_PAGE
        )

    def get_statistics(self, dataset_id: Id) -> Record:
        """Return what the database knows of a table without reading it. Calls ``GET /datasets/:id/statistics``.

        :param dataset_id: ID of the dataset.
        :type dataset_id: int
        :returns: The statistics. ``rows``, which is ``estimated_rows`` as well, is an estimate of the database's
            planner, and 0 for a table that was never analyzed; ``columns`` is the number of columns. Data sources that
            have no such statistics leave out all but the columns.
        :rtype: dict
        :raises DatasetNotFoundException: There is no such dataset.
        :raises ValidationException: The statistics cannot be had.
        :raises FeatureNotFoundException: The server has no datasets.

        Example:

        >>> session.dataset.analyze(dataset_id)
        >>> session.dataset.get_statistics(dataset_id)["estimated_rows"]
        300
        """
        wanted = _number(dataset_id)
        action = f"read the statistics of dataset {wanted}"
        path = f"datasets/{wanted}/statistics"
        record = self._one(Request("GET", path, action, errors=_ERRORS, feature=FEATURE))
        record["estimated_rows"] = record.get("rows")
        return record

    def analyze(self, dataset_id: Id) -> None:
        """Have the database collect the statistics of a table. Calls ``POST /tables/:id/analyze``.

        :param dataset_id: ID of the dataset, a table of Greenplum or PostgreSQL.
        :type dataset_id: int
        :returns: None.
        :rtype: NoneType
        :raises DatasetNotFoundException: There is no such table.
        :raises RequestTimeoutException: It takes longer than the client's time-out; it may go on.
        :raises FeatureNotFoundException: The server has no datasets.

        Example:

        >>> session.dataset.analyze(dataset_id)
        """
        wanted = _number(dataset_id)
        action = f"analyze dataset {wanted}"
        self._request(
            Request("POST", f"tables/{wanted}/analyze", action, errors=_ERRORS, idempotent=True, feature=FEATURE)
        )

    def preview(self, dataset_id: Id) -> SQLResult:
        """Return the first rows of a dataset, up to a limit of the server's. Calls ``POST /datasets/:id/previews``.

        The limit is usually 500; whether there are more rows is not told. If the wait ends early, as with Ctrl-C, the
        query is broken off.

        :param dataset_id: ID of the dataset.
        :type dataset_id: int
        :returns: The result: ``columns``, ``rows`` as lists of strings, and its method ``to_dataframe``.
        :rtype: SQLResult
        :raises DatasetNotFoundException: There is no such dataset.
        :raises ForbiddenException: The user has no account for the data source.
        :raises ValidationException: The query fails or is broken off; the message is the database's.
        :raises FeatureNotFoundException: The server has no datasets.

        Example:

        >>> preview = session.dataset.preview(dataset_id)
        >>> preview.column_names[:2], preview["rows"][0][:2]
        (['order_id', 'customer'], ['1', 'C009'])
        """
        wanted = _number(dataset_id)
        path, check_id = f"datasets/{wanted}/previews", new_check_id()
        cancel = Request("DELETE", f"{path}/{check_id}", f"break off the preview of dataset {wanted}", idempotent=True)
        # Nested: the server looks nowhere else for it.
        body = BytesBody.json({"task": {"check_id": check_id}})
        action = f"preview dataset {wanted}"
        with broken_off(self, cancel):
            return SQLResult(
                self._one(Request("POST", path, action, body=body, errors=_ERRORS, idempotent=True, feature=FEATURE))
            )

    def download(
        self, dataset_id: Id, path: str | os.PathLike[str], *, limit: int | None = None, rows: int | None = None
    ) -> Path:
        """Download all rows of a dataset into a CSV file. Calls ``GET /datasets/:id/download``.

        The file is UTF-8, with a header, commas and newlines. Nulls and empty strings both are ``""`` in it. It is
        there once the whole table has arrived, and takes the same memory at any size.

        :param dataset_id: ID of the dataset.
        :type dataset_id: int
        :param path: Where to write it: the path of a file, which is replaced, or a directory, in which the server's
            file name is used.
        :type path: str
        :param limit: The most rows. The server holds that many in memory, so give none for a whole large table.
        :type limit: int
        :param rows: How many rows there have to be, where that is known.
        :type rows: int
        :returns: The path that was written.
        :rtype: pathlib.Path
        :raises DatasetNotFoundException: There is no such dataset.
        :raises DownloadFailureException: The server sent an error in place of the rows, or of some of them, or there
            are not as many as ``rows`` says. Nothing was written.
        :raises ServerConnectionException: The connection was lost, in the last attempt as well; the message says how
            many rows had come. Nothing was written.
        :raises ForbiddenException: The user has no account for the data source.
        :raises LocalFileException: The file cannot be written.
        :raises FeatureNotFoundException: The server has no datasets.

        Example:

        >>> session.dataset.download(dataset_id, "orders.csv").name
        'orders.csv'
        """
        wanted, target = _number(dataset_id), target_path(path, "path")
        most, known = _count(limit, "limit", 1), _count(rows, "rows", 0)
        return into_file(self, wanted, target, self._columns(wanted), most, known)

    def to_dataframe(
        self,
        dataset_id: Id,
        columns: Iterable[str] | None = None,
        limit: int | None = None,
        nulls: str = "missing",
        *,
        rows: int | None = None,
    ) -> DataFrame:
        """Download all rows of a dataset into a DataFrame. Calls ``GET /datasets/:id/download``.

        It is made while the rows arrive, in little more memory than its own, and is given out whole or not at all.

        ============================  =============================================================
        column on the server          column of the DataFrame
        ============================  =============================================================
        whole numbers                 ``Int64``
        ``numeric``                   decimal numbers of Arrow, exact; ``.astype("float64")`` makes
                                      them ordinary ones
        ``real``, ``double``          ``Float64``; ``NaN`` is a value
        ``boolean``                   ``boolean``
        ``timestamp``                 ``datetime64[us]``, with UTC where it has a time zone
        ``date``                      ``datetime64[ms]``
        ``time``                      times of Arrow
        text, and all others          ``string``
        ============================  =============================================================

        The server sends nulls and empty strings in the same way. An empty field is missing in each column but those of
        text, where ``nulls`` decides. A column with a value that its type cannot hold, such as the date ``infinity``,
        is text; one of numbers with more than 76 digits, or with ``NaN`` among the ``numeric``, has Python's
        ``Decimal``. The rows are requested a second time for that.

        :param dataset_id: ID of the dataset.
        :type dataset_id: int
        :param columns: Names of the columns to keep, in order. The server sends all of them anyway.
        :type columns: list
        :param limit: The most rows. The server holds that many in memory, so give none for a whole large table.
        :type limit: int
        :param nulls: What an empty field in a column of text is: ``"missing"`` or ``"empty"``, an empty string.
        :type nulls: str
        :param rows: How many rows there have to be, where that is known.
        :type rows: int
        :returns: The table.
        :rtype: pandas.DataFrame
        :raises DatasetNotFoundException: There is no such dataset.
        :raises DownloadFailureException: The server sent an error in place of the rows, or of some of them, or there
            are not as many as ``rows`` says.
        :raises ServerConnectionException: The connection was lost, in the last attempt as well; the message says how
            many rows had come.
        :raises InvalidArgumentException: The dataset has no such column.
        :raises ForbiddenException: The user has no account for the data source.
        :raises MissingExtraException: Pandas or pyarrow is not installed.
        :raises FeatureNotFoundException: The server has no datasets.

        Example:

        >>> names = ["region", "amount"]
        >>> orders = session.dataset.to_dataframe(dataset_id, columns=names)
        >>> len(orders), str(orders["region"].dtype)
        (300, 'string')
        """
        wanted, meaning = _number(dataset_id), choice(nulls, "nulls", NULLS)
        chosen = None if columns is None else names_of(columns)
        most, known = _count(limit, "limit", 1), _count(rows, "rows", 0)
        found = self._columns(wanted)
        check_columns(chosen, found, f"Dataset {wanted}")
        return into_frame(self, wanted, found, chosen, meaning, most, known)

    def load_csv(
        self,
        workspace_id: Id,
        source: str | os.PathLike[str] | DataFrame | Any,
        table: str,
        if_exists: str = "error",
        types: Mapping[str, str] | None = None,
        *,
        delimiter: str = ",",
        header: bool = True,
        columns: Iterable[str] | None = None,
        verbose: bool = False,
        timeout: float = 3600,
    ) -> Record:
        """Load a CSV file or a DataFrame into a table of a workspace's sandbox.

        Calls ``POST /workspaces/:id/csv`` and ``POST /workspaces/:id/csv/:id/imports``, waits for the end of the
        import, and counts the rows of the table then.

        The types of the columns are chosen so that no value changes: codes such as ``007`` stay text, and numbers that
        would be rounded are ``numeric``. In a file, nothing between two delimiters is a null, and ``""`` an empty
        string; it is UTF-8, with its fields in double quotes where they need some. A DataFrame travels as such a file,
        which is written in pieces; its index is left out.

        :param workspace_id: ID of the workspace, or its name. It needs a sandbox, the schema of its own tables:
            :meth:`alpine.dataset.Dataset.InWorkspace.create_sandbox`.
        :type workspace_id: int
        :param source: Path of the CSV file, or a DataFrame of pandas, or a table of pyarrow.
        :type source: str
        :param table: Name of the table, without a schema. Capitals count.
        :type table: str
        :param if_exists: What to do if the table is there: ``"error"``, ``"append"``, or ``"replace"``, which empties
            it first; it keeps its columns and their types.
        :type if_exists: str
        :param types: Types of columns in place of those that are chosen, by PostgreSQL's names, as in
            ``{"zip": "text", "amount": "numeric(10,2)"}``. A table that is there keeps its own.
        :type types: dict
        :param delimiter: What separates the fields of a file: one character.
        :type delimiter: str
        :param header: Whether the first row of a file contains the names of the columns.
        :type header: bool
        :param columns: Names of the columns of a file, in place of those in its header.
        :type columns: list
        :param verbose: Print the time and what is being done.
        :type verbose: bool
        :param timeout: Seconds for all of it; an import that takes longer is asked to stop.
        :type timeout: float
        :returns: The dataset's metadata, with the number of rows that were loaded as ``loaded_rows``.
        :rtype: dict
        :raises LoadFailureException: The table is there already, the import failed, which the message explains, or the
            table has another number of rows than were sent.
        :raises WorkspaceNotFoundException: There is no such workspace.
        :raises LocalFileException: The file cannot be read, or its rows are not as long as the first; nothing was sent.
        :raises InvalidArgumentException: An argument is wrong, or a column of the DataFrame has values that no database
            can hold; nothing was sent.
        :raises RequestTimeoutException: It took longer than ``timeout``.
        :raises OutcomeUnknownException: The response was lost, and nothing tells whether the import has begun.
        :raises FeatureNotFoundException: The server imports no CSV files.
        :raises MissingExtraException: For a DataFrame, pyarrow is not installed.

        If Ctrl-C or an exception raised by a signal handler ends the wait, the import is asked to stop.

        Example:

        >>> customers = session.dataset.load_csv(
        ...     workspace_id, "customers.csv", "customers"
        ... )
        >>> customers["object_name"], customers["loaded_rows"]
        ('customers', 3)
        """
        # With it comes what only loading needs.
        from alpine._dataset_loading import IF_EXISTS, Load, checked_table, checked_types, is_frame, load

        name = checked_table(text(table, "table"))
        wanted = Load(
            workspace=0,
            table=name,
            if_exists=choice(if_exists, "if_exists", IF_EXISTS),
            types=None if types is None else checked_types(types),
            names=None if columns is None else names_of(columns),
            delimiter=_delimiter(delimiter),
            header=bool(flag(header, "header")),
        )
        limit, is_verbose = number(timeout, "timeout"), bool(verbose)
        if not is_frame(source):
            if not isinstance(source, str | os.PathLike):
                raise InvalidArgumentException(
                    "source must be the path of a CSV file, a DataFrame of pandas or a table of pyarrow, not "
                    f"{type(source).__name__}."
                )
            source = existing_file(source, "source")
        elif wanted.names is not None or wanted.delimiter != "," or not wanted.header:
            raise InvalidArgumentException("columns, delimiter and header are for files only.")
        wanted = replace(wanted, workspace=workspace_id_of(self, workspace_id))
        return load(self, source, wanted, is_verbose, limit)

    def _columns(self, wanted: int) -> list[Column]:
        return columns_of(self.get_columns(wanted))


def _number(dataset_id: Id) -> int:
    return identifier(dataset_id, "dataset_id", DatasetNotFoundException)


def _count(value: object, name: str, least: int) -> int | None:
    return None if value is None else number(value, name, least=least, whole=True)


def _delimiter(value: object) -> str:
    if not isinstance(value, str) or len(value) != 1 or value in '"\r\n\x00' or not value.isascii():
        raise InvalidArgumentException(f"delimiter must be one character, such as ',' or ';', not {value!r}.")
    return value


def _parts(name: object) -> tuple[str, str]:
    """Schema and table of a name."""
    found = _NAME.fullmatch(text(name, "name").strip())
    if found is None:
        raise InvalidArgumentException(f"name must be 'schema.table', not {name!r}.")
    schema, table = (found["quoted"], found["table"])
    return (
        schema.replace('""', '"') if schema else found["plain"],
        table.replace('""', '"') if table else found["rest"],
    )


def _listing(schema_id: Id, name_pattern: str | None, tables_only: bool) -> Listing:
    schema = identifier(schema_id, "schema_id", SchemaNotFoundException)
    filters = given(
        filter=None if name_pattern is None else text(name_pattern, "name_pattern"),
        # Whatever is sent means yes.
        tables_only="true" if flag(tables_only, "tables_only") else None,
    )
    return Listing(f"schemas/{schema}/datasets", f"list the datasets of schema {schema}", filters, _OF_SCHEMA)
