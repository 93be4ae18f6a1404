"""A table that arrives as CSV: where its rows end on the way, and whether it is whole.

The server sends errors as text inside a good response, as it has begun to answer before the database fails. Good rows
end with a newline and have as many fields as the header; what comes after them is the error.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from alpine._printable import printable
from alpine.exception import DownloadFailureException

NO_ROWS = b"The query returned no rows"
"""What the server sends in place of a table without rows, header and all."""
_TAIL = 8 * 1024
_LONGEST_MESSAGE = 20
"""Lines of an error that are looked for at the end."""
_LARGEST_STRANGER = 1 << 20
"""Bytes of something that is no table, after which the rest of it does not matter."""
_FEW_QUOTES = 16
_ERROR = re.compile(
    r"(?:ERROR|FATAL|PANIC): |ORA-\d{5}\b|(?:\w+\.)+\w*(?:Exception|Error)\b|DataSourceConnection::|"
    r"The query could not be completed"
)
"""How the texts of databases and of their drivers begin. Oracle's end with a newline, as a row does."""


@dataclass(frozen=True)
class Ending:
    """How a table ended.

    :param is_whole: Whether all of it came.
    :param has_rows: Whether it has rows, and with them a header.
    :param why: What is wrong with it.
    :param sent: What the server sent in place of rows.
    :param lines: How many lines of that look like rows, as they have ended.
    """

    is_whole: bool
    has_rows: bool = True
    why: str = ""
    sent: str = ""
    lines: int = 0


class TableStream:
    """What is known of a table while its bytes come.

    :param columns: The names of the columns that it has to have, in order.
    :param is_counted: Whether its number of rows is known, and will be compared: any line may be one of them then.
    """

    def __init__(self, columns: Sequence[str], *, is_counted: bool = False) -> None:
        # The server's rows are keyed by name: of two columns of one name there is one.
        self.columns = list(dict.fromkeys(columns))
        self.header_length = 0
        """Bytes up to the first row; 0 as long as the header has not come."""
        self.received = 0
        self._is_counted = is_counted
        self._is_quoted = False
        self._header: list[str] | None = None
        self._open = bytearray()
        self._last = b""
        self._tail = b""

    def feed(self, data: bytes, begin: int = 0) -> int:
        """Take more of the table.

        :param data: What has come; nobody has to copy it to take off what was looked at before.
        :param begin: Where in it the new bytes begin; before them is what came after the last end of a row.
        :returns: Where, in these bytes, the last row ends that has come; 0 where none does.
        :raises DownloadFailureException: It is no such table, and long.
        """
        self.received += len(data) - begin
        self._tail = data[-_TAIL:] if len(data) >= _TAIL else (self._tail + data[begin:])[-_TAIL:]
        if self._header is None:
            end = self._feed_header(data[begin:])
            return end and begin + end
        if self._header != self.columns:
            self._give_up_on_a_stranger()
            return 0
        return self._feed_rows(data, begin)

    def _feed_header(self, data: bytes) -> int:
        self._open += data
        end = _end_of_record(self._open)
        if end is None:
            self._give_up_on_a_stranger()
            return 0
        begun, before = bytes(self._open), len(self._open) - len(data)
        self._open.clear()
        self.header_length = end + 1
        self._header, self._last = _fields(begun[:end]), begun[: end + 1]
        if self._header != self.columns:
            return 0
        return end + 1 - before + self._feed_rows(begun[end + 1 :])

    def _give_up_on_a_stranger(self) -> None:
        if self.received > _LARGEST_STRANGER:
            raise failure(self.ending(), 0)

    def _feed_rows(self, data: bytes, begin: int = 0) -> int:
        self._is_quoted ^= _is_odd(data, begin)
        ends = self._ends(data, begin)
        last = next(ends, None)
        if last is None:
            self._open += data[begin:]
            return 0
        previous = next(ends, None)
        self._last = bytes(self._open) + data[begin : last + 1] if previous is None else data[previous + 1 : last + 1]
        self._open = bytearray(data[last + 1 :])
        return last + 1

    def _ends(self, data: bytes, begin: int = 0) -> Iterator[int]:
        """Where rows end in these bytes, which are the last that have come; from the last one on backwards."""
        is_quoted, end = self._is_quoted, len(data)
        while True:
            place = data.rfind(b"\n", begin, end)
            if place < 0:
                return
            is_quoted ^= data.count(b'"', place, end) % 2 == 1
            if not is_quoted:
                yield place
            end = place

    def ending(self) -> Ending:
        """How the table has ended, after its last byte."""
        if self.received < _TAIL and self._tail.strip() == NO_ROWS:
            return Ending(True, has_rows=False)
        if not self.received:
            return Ending(False, why="nothing came at all")
        if self._header != self.columns:
            if self._header is not None and len(self._header) > 1:
                return Ending(False, why=f"it has {_named(self._header)}, not {_named(self.columns)}")
            sent = self._tail.decode("utf-8", "replace").strip()
            return Ending(False, why="the server sent this in its place", sent=sent)
        if self._open or self._is_quoted or self._ends_in_an_error():
            sent, lines = self._message()
            return Ending(False, why="the server sent this after {rows} rows", sent=sent, lines=lines)
        return Ending(True)

    def _ends_in_an_error(self) -> bool:
        if _width(self._last) != len(self.columns):
            return True
        # With one column, any line is a row; with more, one that has as many commas, which prose has before blanks.
        # Whoever knows the number of rows knows better.
        may_be_prose = len(self.columns) == 1 or b", " in self._last
        is_text = may_be_prose and not self._is_counted and self.received > self.header_length
        return is_text and bool(_ERROR.match(self._last.decode("utf-8", "replace")))

    def _message(self) -> tuple[str, int]:
        """What came after the last good row, and how many lines of it have ended."""
        if self._is_quoted:
            # A message with a single quote: where its rows end is not known.
            lines = self._tail.splitlines(keepends=True)
        else:
            ends = [len(self._tail), *(place + 1 for place in self._ends(self._tail))]
            lines = [self._tail[begin:end] for begin, end in zip([0, *ends[:0:-1]], ends[::-1], strict=True)]
        if not lines[-1]:
            lines.pop()
        width, count = len(self.columns), 1
        while count < min(len(lines), _LONGEST_MESSAGE):
            # Each line is a row of one column; those of a message that go on are indented.
            goes_on = width > 1 or lines[-count].startswith((b" ", b"\t"))
            if not goes_on or (width > 1 and _width(lines[-count - 1]) == width):
                break
            count += 1
        is_open = not lines[-1].endswith(b"\n")
        return b"".join(lines[-count:]).decode("utf-8", "replace"), count - is_open


def failure(ending: Ending, rows: int) -> DownloadFailureException:
    """The exception for a table that is not whole.

    :param rows: How many rows have ended, with the lines of an error that look like some.
    """
    whole = max(rows - ending.lines, 0)
    message = printable(" ".join(ending.sent.split())[:1000])
    why = ending.why.replace("{rows}", f"{whole:,}")
    reason = f"The table did not arrive whole: {why}{f': {message}' if message else ''}."
    return DownloadFailureException(
        f"{reason} {DownloadFailureException._advice}", rows=whole, server_message=ending.sent or None
    )


def count_rows(pieces: Iterable[bytes]) -> int:
    """How many rows have ended in these pieces of a table, after its header."""
    is_quoted, ended = False, 0
    for piece in pieces:
        parts = piece.split(b'"')
        ended += piece.count(b"\n") - b"".join(parts[not is_quoted :: 2]).count(b"\n")
        is_quoted ^= len(parts) % 2 == 0
    return max(ended - 1, 0)


def _is_odd(data: bytes, begin: int) -> bool:
    """Whether there is an odd number of quotes."""
    place, found = begin - 1, 0
    # Looking for the next one is much quicker than counting them all, as long as there are few.
    while found < _FEW_QUOTES:
        place = data.find(b'"', place + 1)
        if place < 0:
            return found % 2 == 1
        found += 1
    return (found + data.count(b'"', place + 1)) % 2 == 1


def _end_of_record(data: bytes | bytearray) -> int | None:
    """Where the first record ends."""
    place, quotes = -1, 0
    while True:
        start = place + 1
        place = data.find(b"\n", start)
        if place < 0:
            return None
        quotes += data.count(b'"', start, place)
        if quotes % 2 == 0:
            return place


def _width(record: bytes) -> int:
    """How many fields a record has."""
    return 1 + sum(part.count(b",") for part in record.split(b'"')[::2])


def _fields(record: bytes) -> list[str]:
    """The fields of the header."""
    text = record.decode("utf-8", "replace").removesuffix("\r")
    try:
        return next(csv.reader([text]), [""]) or [""]
    except csv.Error:
        return [text]


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(repr(printable(name)[:80]) for name in names[:10])
    return f"the columns {shown}{', …' if len(names) > 10 else ''}"
