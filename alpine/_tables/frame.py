"""A DataFrame that is made of a table while it arrives, typed by the table's columns."""

from __future__ import annotations

import ctypes
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Self

from alpine._extras import extra
from alpine._tables.columns import Column, Kind
from alpine._tables.stream import Ending, TableStream, count_rows, failure

if TYPE_CHECKING:
    from pandas import DataFrame

_BLOCK = 1 << 20
"""Bytes that are looked at and read at a time."""
_FIRST_BLOCK = 64 << 10
"""The same at the beginning, so that what is no table is noticed soon."""
_READERS = 2
"""Threads that read blocks while others arrive."""
_LONGEST_DECIMAL, _LONGEST_NUMBER = 38, 76
"""Digits of Arrow's two types of decimal numbers."""
_MARK = b"\xef\xbb\xbf"
"""A byte order mark, which Arrow leaves out at the beginning of whatever it reads."""
_AMERICAN = ("%m/%d/%Y %I:%M:%S.%f %p", "%m/%d/%Y")
"""How the server writes the times of Oracle."""


class DoesNotFit(Exception):
    """Columns have values that their types cannot hold here, such as the date ``infinity``: they are text then.

    :param names: The columns.
    """

    def __init__(self, names: Collection[str]) -> None:
        super().__init__(names)
        self.names = frozenset(names)


class FrameSink:
    """Receives a table as CSV, and reads it in blocks of whole rows.

    :param columns: The table's columns.
    :param wanted: The names of those to keep, in order.
    :param nulls: What an empty field of a text column is: ``missing`` or ``empty``.
    :param rows: How many rows the table has to have, where that is known.
    :param as_text: Columns that are read as text, as their values do not fit.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        wanted: Sequence[str] | None = None,
        nulls: str = "missing",
        rows: int | None = None,
        as_text: Collection[str] = (),
    ) -> None:
        self._names = [column.name for column in columns]
        by_name = {column.name: column for column in columns}
        self._columns = [by_name[name] for name in (self._names if wanted is None else wanted)]
        self._nulls = nulls
        self._rows = rows
        self._as_text = as_text
        self._arrow = extra("pyarrow")
        self._csv = extra("pyarrow.csv")
        self._pandas = extra("pandas")
        self._numpy = extra("numpy")
        # Arrow's own pool keeps for itself what was freed, and the frame would need as much again.
        self._memory = self._arrow.system_memory_pool()
        self._readers: ThreadPoolExecutor | None = None
        self._types = {column.name: self._type(column) for column in self._columns}
        self.start({})

    def start(self, headers: Mapping[str, str]) -> None:  # noqa: ARG002 - the type of the content is not relied on
        """Begin, or begin again after an attempt that failed."""
        self.close()
        self.stream = TableStream(self._names, is_counted=self._rows is not None)
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="alpine-table")
        self._being_read: deque[Future[Any]] = deque()
        self._chunks: dict[str, list[Any]] = {column.name: [] for column in self._columns}
        self._read = 0
        # What was looked at and not yet read, up to where its last row ends, and what came since.
        self._seen, self._ready = b"", 0
        self._fresh: list[bytes] = []
        self._length = 0
        self._block = _FIRST_BLOCK
        self._is_at_header = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the threads that read, whatever they are doing."""
        if self._readers is not None:
            self._readers.shutdown(cancel_futures=True)

    def write(self, data: bytes, /) -> None:
        self._fresh.append(data)
        self._length += len(data)
        # A row that is longer than a block is put together from ever larger pieces.
        if self._length >= max(self._block, len(self._seen)):
            self._look()
            self._block = _BLOCK
            if self._ready:
                self._next_block()

    @property
    def rows(self) -> int:
        """How many whole rows have come."""
        self._look()
        self._take_blocks(0)
        held = count_rows([self._seen[: self._ready]]) if self._ready else 0
        # Without the header, the first of those that are held is a row as well.
        return self._read + held + int(self._ready > 0 and not self._is_at_header)

    def finish(self, limit: int | None = None) -> DataFrame:
        """The table, once all of it has come.

        :param limit: The most rows to give.
        :raises DownloadFailureException: It is not whole.
        """
        self._look()
        ending = self.stream.ending()
        if not ending.is_whole:
            raise failure(ending, self.rows)
        if ending.has_rows:
            self._next_block()
            self._take_blocks(0)
        if self._rows not in (None, self._read):
            raise failure(Ending(False, why=f"it has {{rows}} rows, not {self._rows:,}"), self._read)
        return self._pandas.DataFrame(
            {column.name: self._column(column, limit) for column in self._columns}, copy=False
        )

    def _look(self) -> None:
        """Look where rows end in what has come since the last time."""
        if self._fresh:
            before = len(self._seen)
            self._seen = b"".join([self._seen, *self._fresh])
            self._fresh, self._length = [], 0
            self._ready = self.stream.feed(self._seen, before) or self._ready

    def _next_block(self) -> None:
        begin = self.stream.header_length if self._is_at_header else 0
        block = self._arrow.py_buffer(self._seen).slice(begin, self._ready - begin)
        self._is_at_header = False
        self._seen, self._ready = self._seen[self._ready :], 0
        self._take_blocks(_READERS)
        if block.size and self._readers is not None:
            self._being_read.append(self._readers.submit(self._parsed, block))

    def _take_blocks(self, left: int) -> None:
        """Take over what has been read, in order.

        :param left: How many blocks may still be read.
        """
        while len(self._being_read) > left:
            table = self._being_read.popleft().result()
            self._read += table.num_rows
            for name in self._chunks:
                self._chunks[name] += table.column(name).chunks

    def _parsed(self, block: Any) -> Any:
        """The rows of a block; in a thread of its own."""
        reason = ""
        try:
            return self._parse(block, self._types)
        except (self._arrow.ArrowInvalid, self._arrow.ArrowNotImplementedError) as error:
            reason = " ".join(str(error).split())
        refused = [name for name, kind in self._types.items() if not self._fits(block, name, kind)]
        if refused:
            raise DoesNotFit(refused)
        raise failure(Ending(False, why=f"it cannot be read after {{rows}} rows ({reason:.300})"), self._read)

    def _fits(self, block: Any, name: str, kind: Any) -> bool:
        try:
            self._parse(block, {name: kind})
        except (self._arrow.ArrowInvalid, self._arrow.ArrowNotImplementedError):
            return bool(kind == self._text)
        return True

    def _parse(self, block: Any, types: Mapping[str, Any]) -> Any:
        csv = self._csv
        if block[: len(_MARK)].to_pybytes() == _MARK:
            # Here it belongs to a value, as the header came before. Of two, Arrow keeps the second.
            block = self._arrow.py_buffer(_MARK + block.to_pybytes())
        return csv.read_csv(
            self._arrow.BufferReader(block),
            memory_pool=self._memory,
            # In one piece: only where Arrow cuts pieces does it matter whether newlines are in fields.
            read_options=csv.ReadOptions(
                column_names=self._names, use_threads=False, block_size=min(block.size + 1, 2**31 - 1)
            ),
            parse_options=csv.ParseOptions(ignore_empty_lines=False),
            convert_options=csv.ConvertOptions(
                include_columns=list(types),
                column_types=dict(types),
                null_values=[""],
                strings_can_be_null=self._nulls == "missing",
                quoted_strings_can_be_null=True,
                true_values=["t", "true", "True", "TRUE", "1"],
                false_values=["f", "false", "False", "FALSE", "0"],
            ),
        )

    @property
    def _text(self) -> Any:
        return self._arrow.large_string()

    def _type(self, column: Column) -> Any:
        """The type that a column is read as."""
        arrow = self._arrow
        if column.name in self._as_text:
            return self._text
        match column.kind:
            case Kind.WHOLE:
                return arrow.int64()
            case Kind.FLOAT:
                return arrow.float64()
            case Kind.BOOLEAN:
                return arrow.bool_()
            case Kind.DATE:
                return arrow.date32()
            case Kind.TIMESTAMP:
                return arrow.timestamp("us")
            case Kind.ZONED:
                return arrow.timestamp("us", "UTC")
            case Kind.TIME:
                return arrow.time64("us")
            case Kind.DECIMAL if column.precision and column.precision <= _LONGEST_DECIMAL:
                return arrow.decimal128(column.precision, column.scale)
        return self._text

    def _column(self, column: Column, limit: int | None) -> Any:
        """A column of the DataFrame; what was read of it is given up, so that it is never there twice for all."""
        values = self._arrow.chunked_array(self._chunks.pop(column.name), self._types[column.name])
        if limit is not None:
            values = values.slice(0, limit)
        if column.kind is not Kind.TEXT and values.type == self._text:
            values = self._typed(column, self._with_nulls(values))
        if not isinstance(values, self._arrow.ChunkedArray):
            return values
        kind = self._dtype(values.type)
        if values.type == self._arrow.float64():
            # By Pandas' own way NaN would be a missing value.
            series = self._pandas.arrays.FloatingArray(
                self._numpy.array(values.fill_null(0.0)), values.is_null().to_numpy()
            )
        else:
            series = values.to_pandas(date_as_object=False) if kind is None else kind.__from_arrow__(values)
        del values
        _give_back()
        return series

    def _dtype(self, kind: Any) -> Any:
        """The type of a DataFrame's column: one that knows missing values."""
        arrow, pandas = self._arrow, self._pandas
        if arrow.types.is_decimal(kind) or arrow.types.is_time(kind):
            return pandas.ArrowDtype(kind)
        if kind == self._text:
            return pandas.StringDtype("pyarrow")
        made = {arrow.int64(): pandas.Int64Dtype, arrow.bool_(): pandas.BooleanDtype}.get(kind)
        return made and made()

    def _with_nulls(self, texts: Any) -> Any:
        """Text of a column that is none: there, what is empty is missing."""
        compute = extra("pyarrow.compute")
        return compute.if_else(compute.equal(texts, ""), self._arrow.scalar(None, self._text), texts)

    def _typed(self, column: Column, texts: Any) -> Any:
        """The values of a column that was read as text: an Arrow array, or a column for the frame."""
        if column.kind in (Kind.DECIMAL, Kind.WHOLE):
            return self._decimals(texts)
        if column.kind in (Kind.TIMESTAMP, Kind.DATE):
            for form in _AMERICAN:
                try:
                    return self._pandas.to_datetime(texts.to_pandas(), format=form).astype("datetime64[us]")
                except ValueError:
                    continue
        return texts

    def _decimals(self, texts: Any) -> Any:
        """Numbers of any digits, exactly: of one type of Arrow's where all fit one, else Python's."""
        arrow, compute = self._arrow, extra("pyarrow.compute")
        lengths = compute.utf8_length(texts)
        points = compute.find_substring(texts, ".")
        after = compute.if_else(compute.less(points, 0), 0, compute.subtract(compute.subtract(lengths, points), 1))
        scale = compute.max(after).as_py() or 0
        for make, most in ((arrow.decimal128, _LONGEST_DECIMAL), (arrow.decimal256, _LONGEST_NUMBER)):
            if scale <= most:
                try:
                    return texts.cast(make(most, scale))
                except (arrow.ArrowInvalid, arrow.ArrowNotImplementedError):
                    continue
        try:
            values = [None if value is None else Decimal(value) for value in texts.to_pylist()]
        except InvalidOperation:
            return texts
        return self._pandas.Series(values, dtype=object)


def _give_back() -> None:
    """Give the memory that was freed back to the system, where its library can be told to."""
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
