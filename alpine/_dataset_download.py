"""The download of a dataset: into a file or into a DataFrame, whole or not at all."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from alpine._arguments import nearest
from alpine._dataset_lists import FEATURE
from alpine._files import FileSink
from alpine._http.request import Request
from alpine._restating import restated, restating
from alpine._tables.columns import Column
from alpine._tables.stream import Ending, TableStream, count_rows, failure
from alpine.alpineobject import AlpineObject, warn_of_open_end
from alpine.exception import (
    AlpineException,
    DatasetNotFoundException,
    InvalidArgumentException,
    RequestTimeoutException,
    ServerConnectionException,
)

if TYPE_CHECKING:
    from pandas import DataFrame


class _Receiver(Protocol):
    """Where a table goes."""

    @property
    def rows(self) -> int: ...
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
        self._columns, self._expected = columns, rows

    def start(self, headers: Mapping[str, str]) -> None:
        """Begin, or begin again after an attempt that failed."""
        self._stream = TableStream(self._columns, is_counted=self._expected is not None)
        self._headers = headers
        self._file.start(headers)

    def write(self, data: bytes, /) -> None:
        self._stream.feed(data)
        self._file.write(data)

    @property
    def rows(self) -> int:
        """How many whole rows have come. Nobody counts them on the way: that takes longer than to write them."""
        return count_rows(self._file.written())

    def check(self) -> None:
        """Make sure that the table is whole; one without rows becomes a header."""
        ending = self._stream.ending()
        if not ending.is_whole:
            raise failure(ending, self.rows)
        if not ending.has_rows:
            self._file.start(self._headers)
            self._file.write((",".join(map(_field, dict.fromkeys(self._columns))) + "\n").encode())
        if self._expected is not None and (rows := self.rows) != self._expected:
            raise failure(Ending(False, why=f"it has {{rows}} rows, not {self._expected:,}"), rows)


def check_columns(wanted: Sequence[str] | None, columns: Sequence[Column], what: str) -> None:
    """Make sure that there are the columns that are asked for.

    :param what: What should have them, as in "Dataset 7".
    :raises InvalidArgumentException: There is one that is not; the message names the nearest.
    """
    names = [column.name for column in columns]
    for name in wanted or ():
        if name not in names:
            raise InvalidArgumentException(
                f"{what} has no column {name!r}.{nearest(name, names)} Its columns are: {', '.join(names[:50])}."
            )


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
    from alpine._tables.frame import DoesNotFit, FrameSink  # needs threads and more, which only tables do

    as_text: Collection[str] = frozenset()
    while True:
        with FrameSink(columns, wanted, nulls, rows, as_text) as sink:
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
        more = f"In the last attempt {sink.rows:,} whole rows had come; {outcome}."
        return restated(error, type(error), more)

    return restating(AlpineException, tell)


def _field(name: str) -> str:
    if any(sign in name for sign in ',"\n\r'):
        return '"' + name.replace('"', '""') + '"'
    return name
