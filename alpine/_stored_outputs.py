"""The tables in which a run's operators have left their outputs: found in the workflow's data sources, and read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from alpine._arguments import sent_id
from alpine._dataset_download import check_columns, into_file, into_frame
from alpine._dataset_lists import FEATURE, whole_list
from alpine._http.request import Request
from alpine._pager import Listing
from alpine._restating import restated, restating
from alpine._tables.columns import Column, columns_of
from alpine.alpineobject import UNORDERED_PAGE, AlpineObject
from alpine.exception import (
    AlpineException,
    DatasetNotFoundException,
    DownloadFailureException,
    FeatureNotFoundException,
    WorkfileNotFoundException,
)

if TYPE_CHECKING:
    from pandas import DataFrame

T = TypeVar("T")

_DATABASES = ("gpdb_database", "pg_database", "hawq_database")
_HADOOP = "hdfs_data_source"
HOW_TO_STORE = (
    "In the workflow, let the operator store its output as a table (its output type TABLE, with a schema and a name), "
    "and run it again."
)


class StoredOutputs:
    """Reads the output tables of the runs of a workflow.

    :param resource: Sends the requests.
    :param workflow_id: The workflow.
    """

    def __init__(self, resource: AlpineObject, workflow_id: int) -> None:
        self._resource = resource
        self._workflow_id = workflow_id

    def __repr__(self) -> str:
        return f"<StoredOutputs of workflow {self._workflow_id}>"

    def dataframe(
        self, operator: str, table: str, columns: Sequence[str] | None, nulls: str, rows: int | None
    ) -> DataFrame:
        """All rows of an output.

        :param operator: The operator, for messages.
        :param table: The table that the results name.
        :param columns: The names of the columns to keep; None for all of them.
        :param nulls: What an empty field of a text column is.
        :param rows: How many rows there have to be, where that is known.
        :raises DatasetNotFoundException: There is no such table.
        """

        def read(number: int, found: list[Column]) -> DataFrame:
            check_columns(columns, found, f"The output of {operator!r}")
            return into_frame(self._resource, number, found, columns, nulls, None, rows)

        return self._read(operator, table, read)

    def download(self, operator: str, table: str, path: Path, rows: int | None) -> Path:
        """Write all rows of an output to a CSV file. Parameters and exceptions are those of :meth:`dataframe`."""
        return self._read(
            operator, table, lambda number, found: into_file(self._resource, number, path, found, None, rows)
        )

    def _read(self, operator: str, table: str, read: Callable[[int, list[Column]], T]) -> T:
        def explain(error: AlpineException) -> AlpineException | None:
            if isinstance(error, FeatureNotFoundException):
                more = f"All rows are in {table}: read them in the database itself, with {_select(table)}."
                return restated(error, FeatureNotFoundException, more)
            if isinstance(error, DownloadFailureException) and error.server_message is None:
                more = "Another run may have written the table since these results."
                return restated(error, DownloadFailureException, more)
            return None

        with restating(AlpineException, explain):
            number = self._find(operator, table)
            path = f"datasets/{number}/columns"
            action = f"list the columns of dataset {number}"
            errors = {404: DatasetNotFoundException}
            rows = self._resource._list(Listing(path, action, errors=errors, feature=FEATURE), UNORDERED_PAGE)
            return read(number, columns_of(rows))

    def _find(self, operator: str, name: str) -> int:
        """The dataset of a table, ``schema.table``."""
        schema, _, table = name.partition(".")
        action = f"read all rows of the output of {operator!r}"
        errors = {404: WorkfileNotFoundException}
        workflow = self._resource._one(Request("GET", f"workfiles/{self._workflow_id}", action, errors=errors))
        places = [place for place in workflow.get("execution_locations") or [] if isinstance(place, dict)]
        for path in _paths(places):
            found = self._in(path, action, schema, table)
            if found is not None:
                return found
        if places and all(place.get("entity_type") == _HADOOP for place in places):
            why = "its workflow runs on Hadoop, whose files the server does not give out as tables"
        else:
            why = f"the table {name} is not in the data source of workflow {self._workflow_id} any more, or never was"
        raise DatasetNotFoundException(f"Could not {action}: {why}. {HOW_TO_STORE}")

    def _in(self, path: str, action: str, schema: str, table: str) -> int | None:
        listing = Listing(path, action, feature=FEATURE)
        rows = self._resource._list(listing, UNORDERED_PAGE)
        place = _named(rows, "name", schema)
        if place is None:
            return None
        number = sent_id(place, "schema")
        tables = whole_list(self._resource, Listing(f"schemas/{number}/datasets", action, {"filter": table}), 100)
        found = _named(tables, "object_name", table)
        return None if found is None or found.get("stale") else sent_id(found, "dataset")


def _paths(places: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Where the schemas of a workflow's data sources are listed."""
    for place in places:
        kind = str(place.get("entity_type"))
        if kind != _HADOOP and place.get("id") is not None:
            yield f"{'databases' if kind in _DATABASES else 'data_sources'}/{sent_id(place, 'data source')}/schemas"


def _named(rows: Sequence[Mapping[str, Any]], key: str, name: str) -> Mapping[str, Any] | None:
    exact = [row for row in rows if row.get(key) == name]
    alike = [row for row in rows if str(row.get(key)).casefold() == name.casefold()]
    return next(iter(exact or alike), None)


def _select(table: str) -> str:
    parts = ".".join('"' + part.replace('"', '""') + '"' for part in table.split(".", 1))
    return f"select * from {parts}"  # noqa: S608 - names in quotes, and shown only
