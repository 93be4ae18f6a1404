"""Text files as tables: what a file says, field by field, before anything has a type."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow

ENDINGS = (".csv", ".txt", ".data", ".tsv")
_DELIMITERS = ",;\t|"
_BLOCK = 16 * 1024 * 1024
"""pyarrow takes no row that is longer than a block."""


@dataclass(frozen=True)
class TextFile:
    """A text file that was read.

    :param path: Where it was.
    :param content: Its bytes, in UTF-8.
    """

    path: Path
    content: bytes

    @classmethod
    def read(cls, path: Path) -> TextFile:
        """Read a file.

        :raises ValueError: It is not in UTF-8.
        """
        content = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
        try:
            content.decode("utf-8")
        except UnicodeDecodeError:
            raise ValueError(
                f"{path} cannot be read as a table: it is not in UTF-8; save it in that encoding."
            ) from None
        return cls(path, content)

    def table(
        self, *, header: bool, columns: Sequence[str] | None, delimiter: str | None, null_values: Sequence[str]
    ) -> tuple[list[str], pyarrow.Table]:
        """The rows as a database would take them: every row has as many fields as the file has columns.

        :param header: Whether the first row holds the names of the columns.
        :param columns: Names of the columns, in place of those in the file.
        :param delimiter: What parts the fields; None finds it in the first row.
        :param null_values: Words that stand for a null, besides nothing at all.
        :returns: The names of the columns, and the fields as texts.
        :raises ValueError: The rows differ in length, or the names are not as many as the columns.
        """
        import pyarrow
        from pyarrow import csv as arrow_csv

        sign = delimiter or self._delimiter()
        first = next(csv.reader(self._lines(), delimiter=sign), None)
        if not first:
            raise ValueError(f"{self.path} cannot be read as a table: it is empty.")
        names = list(columns) if columns is not None else first if header else _counted(len(first))
        if len(names) != len(first):
            raise ValueError(f"{self.path} has {len(first)} columns, but {len(names)} names were given for them.")
        fields = [f"c{place}" for place in range(len(first))]
        reading = arrow_csv.ReadOptions(
            column_names=fields, skip_rows_after_names=1 if header else 0, block_size=_BLOCK
        )
        # In a file of one column, an empty line is a row that has no value.
        parsing = arrow_csv.ParseOptions(delimiter=sign, newlines_in_values=True, ignore_empty_lines=len(first) > 1)
        converting = arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(fields, pyarrow.string()),
            null_values=["", *null_values],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        )
        try:
            return names, arrow_csv.read_csv(io.BytesIO(self.content), reading, parsing, converting)
        except pyarrow.ArrowException as error:
            raise ValueError(f"{self.path} cannot be read as a table: {error}") from error

    def records(self, width: int, *, delimiter: str, quote: str, escape: str, header: bool) -> pyarrow.Table:
        """The rows as Hadoop would take them: further fields are dropped, missing ones are null, as are empty ones.

        :param width: How many columns the table has.
        :param delimiter: What parts the fields.
        :param quote: What stands around a field that holds the delimiter; empty where nothing does.
        :param escape: What takes the meaning from the character behind it; empty where nothing does.
        :param header: Whether the first line is left out.
        :raises ValueError: A field goes on in the next line, which Hadoop would tear apart.
        """
        import pyarrow

        reader = csv.reader(
            self._lines(),
            delimiter=delimiter,
            quotechar=quote or None,
            quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
            escapechar=escape or None,
        )
        columns: list[list[str | None]] = [[] for _ in range(width)]
        for number, row in enumerate(_one_line_each(reader, self.path)):
            if number == 0 and header:
                continue
            for place, column in enumerate(columns):
                column.append(row[place] or None if place < len(row) else None)
        return pyarrow.table(
            [pyarrow.array(column, pyarrow.string()) for column in columns],
            names=[f"c{place}" for place in range(width)],
        )

    def _lines(self) -> io.StringIO:
        return io.StringIO(self.content.decode("utf-8"), newline="")

    def _delimiter(self) -> str:
        """A comma, unless the first line has none and another of the usual delimiters."""
        first = self._lines().readline()
        return next((sign for sign in _DELIMITERS if sign in first), ",")


def _counted(count: int) -> list[str]:
    return [f"column{place}" for place in range(1, count + 1)]


def _one_line_each(rows: Iterator[list[str]], path: Path) -> Iterator[list[str]]:
    number = 0
    try:
        for number, row in enumerate(rows, 1):
            if any("\n" in value or "\r" in value for value in row):
                raise ValueError(
                    f"{path}: a field in line {number} goes on in the next line, where Hadoop begins a new row. "
                    f"Put it on one line."
                )
            yield row
    except csv.Error as error:
        raise ValueError(f"{path}, line {number + 1}: {error}") from error
