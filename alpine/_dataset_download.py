"""The download of a dataset: into a file or into a DataFrame, whole or not at all."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from alpine._dataset_lists import FEATURE
from alpine._files import FileSink
from alpine._http.request import Request
from alpine._tables.columns import Column
from alpine._tables.frame import DoesNotFit, FrameSink
from alpine._tables.stream import TableStream
from alpine.alpineobject import AlpineObject, warn_of_open_end
from alpine.exception import (
    AlpineException,
    DatasetNotFoundException,
    RequestTimeoutException,
    ServerConnectionException,
    restated,
    restating,
)

if TYPE_CHECKING:
    from pandas import DataFrame


class _Receiver(Protocol):
    """Where a table goes."""

    stream: TableStream

    def start(self, headers: Mapping[str, str]) -> None: ...
    def write(self, data: bytes, /) -> object: ...


class CsvSink:
    """Receives a table into a file.

    :param file: The file.
    :param columns: The names of the table's columns.
    :param rows: How many rows it has to have, where that is known.
    """

    def __init__(self, file: FileSink, columns: Sequence[str], rows: int | None) -> None:
        self._file = file
        self._columns, self._rows = columns, rows
        self.stream = TableStream(columns, rows)

    def start(self, headers: Mapping[str, str]) -> None:
        """Begin, or begin again after an attempt that failed."""
        self.stream = TableStream(self._columns, self._rows)
        self._headers = headers
        self._file.start(headers)

    def write(self, data: bytes, /) -> None:
        self.stream.feed(data)
        self._file.write(data)

    def check(self) -> None:
        """Make sure that the table is whole; one without rows becomes a header."""
        if not self.stream.finish():
            self._file.start(self._headers)
            self._file.write((",".join(map(_field, dict.fromkeys(self._columns))) + "\n").encode())


def into_file(
    resource: AlpineObject,
    number: int,
    path: Path,
    columns: Sequence[Column],
    limit: int | None,
    rows: int | None,
) -> Path:
    """Download a dataset into a file, which is there once all of it has come."""
    with FileSink(path, f"dataset-{number}.csv") as file:
        sink = CsvSink(file, [column.name for column in columns], rows)
        _receive(resource, number, sink, limit, "nothing was written")
        sink.check()
        return file.finish()


def into_frame(
    resource: AlpineObject,
    number: int,
    columns: Sequence[Column],
    wanted: Sequence[str] | None,
    nulls: str,
    limit: int | None,
    rows: int | None,
) -> DataFrame:
    """Download a dataset into a DataFrame, which is made while it comes."""
    as_text: Collection[str] = frozenset()
    while True:
        sink = FrameSink(columns, wanted, nulls, rows, as_text)
        try:
            _receive(resource, number, sink, limit, "there is no part of the table")
            return sink.finish(limit)
        except DoesNotFit as found:
            names = found.names
        # What has been read of these columns is text no more: it has to come again.
        resource.logger.info("Dataset %d is requested again: %s do not fit their types.", number, ", ".join(names))
        as_text = frozenset(as_text) | names


def _receive(resource: AlpineObject, number: int, sink: _Receiver, limit: int | None, outcome: str) -> None:
    params = {} if limit is None else {"row_limit": limit}
    request = Request(
        "GET",
        f"datasets/{number}/download",
        f"download dataset {number}",
        params=params,
        errors={404: DatasetNotFoundException},
        sink=sink,
        feature=FEATURE,
    )
    with _telling_how_far(sink, outcome):
        response = resource._request(request)
    warn_of_open_end(response, f"Dataset {number}", 5)


def _telling_how_far(sink: _Receiver, outcome: str) -> AbstractContextManager[None]:
    def tell(error: AlpineException) -> AlpineException | None:
        if not isinstance(error, ServerConnectionException | RequestTimeoutException):
            return None
        more = f"In the last attempt {sink.stream.rows:,} whole rows had come; {outcome}."
        return restated(error, type(error), more)

    return restating(AlpineException, tell)


def _field(name: str) -> str:
    if any(sign in name for sign in ',"\n\r'):
        return '"' + name.replace('"', '""') + '"'
    return name


def names_of(columns: Sequence[Mapping[str, Any]]) -> list[str]:
    """The names of columns, as the server describes them."""
    return [str(column.get("name")) for column in columns]
