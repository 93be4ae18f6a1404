"""A table that arrives as CSV: its rows are counted on the way, and its end tells whether it is whole.

The server sends errors as text inside a good response, as it has begun to answer before the database fails. Good rows
end with a newline and have as many fields as the header; what comes after them is the error.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence

from alpine._printable import printable
from alpine.exception import DownloadFailureException

NO_ROWS = b"The query returned no rows"
"""What the server sends in place of a table without rows, header and all."""
_TAIL = 8 * 1024
_LONGEST_MESSAGE = 20
"""Lines of an error that are looked for at the end."""
_LARGEST_STRANGER = 1 << 20
"""Bytes of something that is no table, after which the rest of it does not matter."""
_ERROR = re.compile(
    r"(?:ERROR|FATAL|PANIC): |ORA-\d{5}\b|(?:\w+\.)+\w*(?:Exception|Error)\b|DataSourceConnection::|"
    r"The query could not be completed"
)
"""How the texts of databases and of their drivers begin. Oracle's end with a newline, as a row does."""


class TableStream:
    """What is known of a table while its bytes come.

    :param columns: The names of the columns that it has to have, in order.
    :param rows: How many rows it has to have, where that is known.
    """

    def __init__(self, columns: Sequence[str], rows: int | None = None) -> None:
        # The server's rows are keyed by name: of two columns of one name there is one.
        self.columns = list(dict.fromkeys(columns))
        self.header_length = 0
        """Bytes up to the first row; 0 as long as the header has not come."""
        self.has_newlines = False
        """Whether a field has had a newline in it."""
        self._expected = rows
        self._records = 0
        self._received = 0
        self._is_quoted = False
        self._header: list[str] | None = None
        self._open = bytearray()
        self._last = b""
        self._tail = b""

    @property
    def rows(self) -> int:
        """How many rows have ended."""
        return max(self._records - 1, 0)

    def feed(self, data: bytes) -> int:
        """Take more of the table.

        :returns: Where, in these bytes, the last row ends that has come; 0 where none does.
        :raises DownloadFailureException: It is no such table, and long.
        """
        self._received += len(data)
        self._tail = data[-_TAIL:] if len(data) >= _TAIL else (self._tail + data)[-_TAIL:]
        if self._header is None:
            return self._feed_header(data)
        if self._header != self.columns:
            if self._received > _LARGEST_STRANGER:
                raise self._failed(f"it has {_columns(self._header)}, not {_columns(self.columns)}")
            return 0
        return self._feed_rows(data)

    def _feed_header(self, data: bytes) -> int:
        self._open += data
        end = _end_of_record(self._open)
        if end is None:
            if self._received > _LARGEST_STRANGER:
                raise self._failed(f"it does not begin with {_columns(self.columns)}")
            return 0
        begun, before = bytes(self._open), len(self._open) - len(data)
        self._open.clear()
        self.header_length = end + 1
        self._header = _fields(begun[:end])
        self._records, self._last = 1, begun[: end + 1]
        if self._header != self.columns:
            return 0
        return end + 1 - before + self._feed_rows(begun[end + 1 :])

    def _feed_rows(self, data: bytes) -> int:
        was_quoted = self._is_quoted
        newlines = data.count(b"\n")
        if not was_quoted and b'"' not in data:
            ended = newlines
        else:
            # Two quotes side by side leave things as they were, and most of them are nulls.
            plain = data.replace(b'""', b"")
            parts = plain.split(b'"')
            ended = sum(part.count(b"\n") for part in parts[was_quoted::2])
            self._is_quoted = was_quoted ^ (len(parts) % 2 == 0)
        self.has_newlines |= ended < newlines
        self._records += ended
        ends = self._ends(data)
        last = next(ends, None)
        if last is None:
            self._open += data
            return 0
        previous = next(ends, None)
        self._last = bytes(self._open) + data[: last + 1] if previous is None else data[previous + 1 : last + 1]
        self._open = bytearray(data[last + 1 :])
        return last + 1

    def _ends(self, data: bytes) -> Iterator[int]:
        """Where rows end in these bytes, the last first."""
        is_quoted, end = self._is_quoted, len(data)
        while True:
            place = data.rfind(b"\n", 0, end)
            if place < 0:
                return
            is_quoted ^= data.count(b'"', place, end) % 2 == 1
            if not is_quoted:
                yield place
            end = place

    def finish(self) -> bool:
        """Make sure that the table is whole.

        :returns: Whether it has a header; False where the server says that there are no rows.
        :raises DownloadFailureException: It is not whole.
        """
        if self._received < _TAIL and self._tail.strip() == NO_ROWS:
            if self._expected:
                raise self._failed(f"it has no rows, not {self._expected:,}")
            return False
        if not self._received:
            raise self._failed("nothing came at all")
        if self._header != self.columns:
            sent = self._tail.decode("utf-8", "replace").strip()
            if self._header is not None and len(self._header) > 1:
                raise self._failed(f"it has {_columns(self._header)}, not {_columns(self.columns)}")
            raise self._failed("the server sent this in its place", sent, 0)
        if self._open or self._is_quoted or self._ends_in_an_error():
            message, lines = self._message()
            # The lines of the message that ended have been counted as rows.
            whole = max(self.rows - lines, 0)
            more = " If that is a row of the table, give the number of its rows." if len(self.columns) == 1 else ""
            raise self._failed(f"the server sent this after {whole:,} rows", message, whole, more)
        if self._expected is not None and self.rows != self._expected:
            raise self._failed(f"it has {self.rows:,} rows, not {self._expected:,}")
        return True

    def _ends_in_an_error(self) -> bool:
        if _width(self._last) != len(self.columns):
            return True
        # With one column, any line is a row. Whoever knows the number of rows knows better.
        is_text = len(self.columns) == 1 and self._expected is None and self.rows > 0
        return is_text and bool(_ERROR.match(self._last.decode("utf-8", "replace")))

    def _message(self) -> tuple[str, int]:
        """What came after the last good row, and how many lines of it have ended."""
        if self._is_quoted:
            # A message with a single quote: where its rows end is not known.
            lines = self._tail.split(b"\n")
        else:
            ends = [len(self._tail), *(place + 1 for place in self._ends(self._tail))]
            lines = [self._tail[begin:end] for begin, end in zip([0, *ends[:0:-1]], ends[::-1], strict=True)]
        if not lines[-1]:
            lines.pop()
        is_open = not lines[-1].endswith(b"\n")
        width, count = len(self.columns), 1
        while count < min(len(lines), _LONGEST_MESSAGE):
            # Each line is a row of one column; those of a message that go on are indented.
            goes_on = width > 1 or lines[-count].startswith((b" ", b"\t"))
            if not goes_on or (width > 1 and _width(lines[-count - 1]) == width):
                break
            count += 1
        message = (b"" if not self._is_quoted else b"\n").join(lines[-count:])
        return message.decode("utf-8", "replace"), count - is_open

    def _failed(self, why: str, sent: str = "", rows: int | None = None, more: str = "") -> DownloadFailureException:
        message = printable(" ".join(sent.split())[:1000])
        reason = f"The table did not arrive whole: {why}{f': {message}' if message else ''}."
        return DownloadFailureException(
            f"{reason} {DownloadFailureException._advice}{more}",
            rows=self.rows if rows is None else rows,
            server_message=sent or None,
        )


def _end_of_record(data: bytes | bytearray) -> int | None:
    """Where the first record ends."""
    place = -1
    quotes = 0
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
    outside = record.replace(b'""', b"").split(b'"')[::2]
    return 1 + sum(part.count(b",") for part in outside)


def _fields(record: bytes) -> list[str]:
    """The fields of the header."""
    text = record.decode("utf-8", "replace").removesuffix("\n").removesuffix("\r")
    try:
        return next(csv.reader([text.replace("\n", "\x1e")] if '"' in text else [text]), [""]) or [""]
    except csv.Error:
        return []


def _columns(names: Sequence[str]) -> str:
    shown = ", ".join(repr(printable(name)[:80]) for name in names[:10])
    return f"the columns {shown}{', …' if len(names) > 10 else ''}"
