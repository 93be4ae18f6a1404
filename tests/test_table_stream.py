"""A table that arrives in pieces of any size ends where it ends, and is whole or not."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpine._tables.stream import NO_ROWS, TableStream, count_rows, failure
from alpine.exception import DownloadFailureException

COLUMNS = ["id", "text"]
FIELDS = st.text(st.sampled_from('ab",\n é'), max_size=6)
TABLES = st.lists(st.tuples(FIELDS, FIELDS), min_size=1, max_size=12)


def as_csv(rows: list[tuple[str, ...]], columns: list[str] = COLUMNS) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([columns, *rows])
    return text.getvalue().encode()


def pieces(data: bytes, sizes: list[int]) -> list[bytes]:
    found, place = [], 0
    while place < len(data):
        size = sizes[len(found) % len(sizes)]
        found.append(data[place : place + size])
        place += size
    return found


def fed(data: bytes, columns: list[str] = COLUMNS, size: int = 7, *, is_counted: bool = False) -> TableStream:
    stream = TableStream(columns, is_counted=is_counted)
    for piece in pieces(data, [size]):
        stream.feed(piece)
    return stream


@settings(deadline=None, max_examples=50)
@given(TABLES, st.lists(st.integers(1, 9), min_size=1, max_size=4))
def test_any_table_is_whole_however_it_is_cut(rows: list[tuple[str, str]], sizes: list[int]) -> None:
    data, stream, place = as_csv(rows), TableStream(COLUMNS), 0
    for piece in pieces(data, sizes):
        end = stream.feed(piece)
        if end and place + end > stream.header_length:
            # What ends there is rows, and all of them are rows of two fields.
            begun = data[stream.header_length : place + end].decode()
            assert all(len(row) == 2 for row in csv.reader(io.StringIO(begun, newline="")))
        place += len(piece)
    assert stream.ending().is_whole
    assert stream.header_length == len(as_csv([]))
    assert count_rows(pieces(data, sizes)) == len(rows)


@settings(deadline=None, max_examples=50)
@given(TABLES, st.lists(st.integers(1, 9), min_size=1, max_size=4))
def test_what_came_after_the_last_row_may_be_given_again(rows: list[tuple[str, str]], sizes: list[int]) -> None:
    """The bytes before ``begin`` were fed before: the same ends are found, and the same ending."""
    data, plain, again = as_csv(rows), TableStream(COLUMNS), TableStream(COLUMNS)
    rest, place, fed_before = b"", 0, 0
    for piece in pieces(data, sizes):
        end = plain.feed(piece)
        found = again.feed(rest + piece, len(rest))
        assert bool(found) == bool(end)
        if end:
            assert fed_before + found == place + end
            rest, fed_before = (rest + piece)[found:], place + end
        else:
            rest += piece
        place += len(piece)
    assert (again.ending(), again.received, again.header_length) == (
        plain.ending(),
        plain.received,
        plain.header_length,
    )


@settings(deadline=None, max_examples=50)
@given(TABLES, st.sampled_from(["ERROR: x", 'ERROR: relation "a" does not exist\n  Position: 15', "ORA-1 x\n"]))
def test_any_table_with_an_error_at_its_end_is_not(rows: list[tuple[str, str]], error: str) -> None:
    ending = fed(as_csv(rows) + error.encode()).ending()
    assert not ending.is_whole
    assert ending.sent.endswith(error)


@settings(deadline=None, max_examples=50)
@given(TABLES, st.data())
def test_no_table_that_was_cut_within_a_row_is_whole(rows: list[tuple[str, str]], data: st.DataObject) -> None:
    whole = as_csv(rows)
    cut = data.draw(st.integers(1, len(whole) - 1))
    stream = fed(whole[:cut])
    ends = {len(as_csv(rows[:count])) for count in range(len(rows))}
    assert stream.ending().is_whole is (cut in ends)


@pytest.mark.parametrize("text", [b"The query returned no rows", b"The query returned no rows\n"])
def test_the_sentence_is_a_table_without_rows(text: bytes) -> None:
    ending = fed(text).ending()
    assert (ending.is_whole, ending.has_rows) == (True, False)
    assert text.startswith(NO_ROWS)


def test_the_message_of_an_error_is_told_with_the_rows_before_it() -> None:
    rows = [("1", "a"), ("2", 'b\n"c"')]
    message = 'ERROR: relation "demo.x" does not exist\n  Position: 15'
    data = as_csv(rows) + message.encode()
    error = failure(fed(data).ending(), count_rows([data]))
    assert isinstance(error, DownloadFailureException)
    assert (error.rows, error.server_message) == (2, message)
    assert 'after 2 rows: ERROR: relation "demo.x" does not exist Position: 15' in str(error)


def test_an_error_with_as_many_commas_as_a_row_is_told_by_its_words() -> None:
    rows = b"id,text\n1,a\n2,b\n"
    for error in (b"ERROR: canceled, by the user\n", b"org.postgresql.util.PSQLException: gone, or moved\n"):
        ending = fed(rows + error).ending()
        assert (ending.is_whole, ending.sent.encode(), ending.lines) == (False, error, 1)
        assert fed(rows + error, is_counted=True).ending().is_whole
    # A log's rows are rows.
    for row in (b'"ERROR: canceled, by the user",3\n', b"ERROR: canceled,3\n", b"3,ERROR: canceled\n"):
        assert fed(rows + row).ending().is_whole


def test_in_a_table_of_one_column_an_error_with_a_newline_is_told_by_its_words() -> None:
    rows = as_csv([("a",), ("b",)], ["x"])
    for error in (b"ORA-00942: table or view does not exist\n", b"org.postgresql.util.PSQLException: gone\n"):
        assert not fed(rows + error, ["x"]).ending().is_whole
    assert fed(as_csv([("ORA is no error",)], ["x"]), ["x"]).ending().is_whole
    # Whoever knows the number of rows knows that it is one of them.
    assert fed(rows + b"ERROR: x\n", ["x"], is_counted=True).ending().is_whole


@pytest.mark.parametrize(
    "data", [b"", b"<!DOCTYPE html>\n<html></html>\n", b'{"errors": {}}', b"a,b\n1,2\n", b"id\n1\n"]
)
def test_what_is_another_thing_is_not_whole(data: bytes) -> None:
    assert not fed(data).ending().is_whole


def test_another_thing_is_given_up_when_it_is_long() -> None:
    with pytest.raises(DownloadFailureException, match="in its place"):
        fed(b"<html>\n" + b"x" * (2 << 20), size=1 << 16)
    with pytest.raises(DownloadFailureException):
        fed(b"x" * (2 << 20), size=1 << 16)


def test_a_field_may_be_larger_than_any_piece() -> None:
    rows = [("1", 'long, "quoted"\n' * 20_000), ("2", "")]
    assert fed(as_csv(rows), size=1000).ending().is_whole
    assert not fed(as_csv(rows)[:-100], size=1000).ending().is_whole
