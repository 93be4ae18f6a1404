"""A table becomes a DataFrame whatever the pieces are that it comes in, and rows are counted where it breaks off."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from alpine._tables.columns import columns_of
from alpine._tables.frame import FrameSink
from alpine.exception import DownloadFailureException

COLUMNS = columns_of([{"name": "id", "data_type": "bigint"}, {"name": "text", "data_type": "text"}])
ROWS = 60_000
LONG = 6 << 20


def table(error: bytes = b"") -> bytes:
    """A table of several blocks, with quotes and new lines in fields, and one row that is longer than a block."""
    lines = [b"id,text"]
    for number in range(ROWS):
        lines.append(b'%d,"said ""%d"",\nand more"' % (number, number) if number % 3 else b'%d,""' % number)
    lines[ROWS // 2] = b'%d,"%s"' % (ROWS // 2 - 1, b"\n" * LONG)
    return b"\n".join(lines) + b"\n" + error


def cut(data: bytes, size: int) -> Iterator[bytes]:
    return (data[begin : begin + size] for begin in range(0, len(data), size))


@pytest.mark.parametrize("size", [10_007, 256 << 10, 5 << 20, 1 << 30])
def test_the_pieces_do_not_matter(size: int) -> None:
    with FrameSink(COLUMNS, rows=ROWS) as sink:
        for piece in cut(table(), size):
            sink.write(piece)
        frame = sink.finish()
    assert frame["id"].tolist() == list(range(ROWS))
    assert frame["text"][1] == 'said "1",\nand more'
    assert (frame["text"].isna().sum(), len(frame["text"][ROWS // 2 - 1])) == (ROWS // 3, LONG)


@pytest.mark.parametrize("size", [10_007, 5 << 20])
def test_an_error_after_many_blocks_is_never_a_row(size: int) -> None:
    with FrameSink(COLUMNS) as sink:
        for piece in cut(table(b"ERROR: out of memory\n  Detail: x"), size):
            sink.write(piece)
        with pytest.raises(DownloadFailureException, match="out of memory") as caught:
            sink.finish()
    assert caught.value.rows == ROWS


@pytest.mark.parametrize("size", [10_007, 5 << 20])
def test_rows_are_counted_where_the_connection_is_lost(size: int) -> None:
    data = table()
    with FrameSink(COLUMNS) as sink:
        for piece in cut(data[:-5], size):
            sink.write(piece)
        assert sink.rows == ROWS - 1
        # Asking changes nothing.
        sink.write(data[-5:])
        assert (sink.rows, len(sink.finish())) == (ROWS, ROWS)


def test_what_is_no_table_is_noticed_soon() -> None:
    with FrameSink(COLUMNS) as sink:
        sink.write(b"a,b,c\n" * 20_000)
        assert sink.stream.received
        with pytest.raises(DownloadFailureException, match="it has the columns 'a', 'b', 'c'"):
            sink.finish()
