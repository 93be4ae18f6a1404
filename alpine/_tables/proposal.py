"""What a CSV file holds: its columns, how many rows, and the types that its columns can have without losing anything.

A column is text unless another type keeps all of its values: ``007`` and ``NA`` stay text, and numbers that a double or
64 bits would round are ``numeric``.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from itertools import chain
from pathlib import Path
from typing import IO

from alpine._files import open_file
from alpine.exception import LocalFileException

Row = Sequence[str | None]

_BLOCK = 1 << 20
_LONGEST_RECORD = 64 << 20
_BOM = b"\xef\xbb\xbf"
_SURE_DIGITS = 15
"""A double gives back every decimal number of so many digits."""
_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?"
_PATTERNS: Mapping[str, str] = {
    "boolean": "true|false|True|False|TRUE|FALSE",
    "bigint": "-?[1-9][0-9]{0,18}|0",
    "double precision": r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?",
    "numeric": r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?",
    "date": _DATE,
    "timestamp": f"{_DATE}[ T]{_TIME}",
    "timestamp with time zone": f"{_DATE}[ T]{_TIME}(?:Z|[+-][0-9]{{2}}(?::?[0-9]{{2}})?)",
    "time": _TIME,
}
_QUOTED = re.compile('"((?:[^"]|"")*)"')
_LEAST, _MOST = -(2**63), 2**63 - 1


def _is_double(text: str) -> bool:
    if len(text) <= _SURE_DIGITS and "e" not in text and "E" not in text:
        return True
    mantissa = re.split("[eE]", text)[0].lstrip("-").replace(".", "").lstrip("0")
    return len(mantissa) <= _SURE_DIGITS and math.isfinite(number := float(text)) and (number != 0 or not mantissa)


def _reads(read: Callable[[str], object]) -> Callable[[str], bool]:
    def is_one(text: str) -> bool:
        try:
            read(text)
        except ValueError:
            return False
        return True

    return is_one


_CHECKS: Mapping[str, Callable[[str], bool]] = {
    "bigint": lambda text: len(text) < 19 or _LEAST <= int(text) <= _MOST,
    "double precision": _is_double,
    "date": _reads(date.fromisoformat),
    "timestamp": _reads(datetime.fromisoformat),
    "timestamp with time zone": _reads(datetime.fromisoformat),
    "time": _reads(time.fromisoformat),
}
"""What a value has to be besides looking like one."""
_KINDS = {kind: re.compile(pattern).fullmatch for kind, pattern in _PATTERNS.items()}
_ORDER = tuple(_PATTERNS)
_NUMBERS = ("bigint", "double precision", "numeric")
_WIDER = {"bigint": _NUMBERS[1:], "double precision": _NUMBERS[2:]}
"""What a column of numbers can be that meets one of another kind."""


@dataclass(frozen=True)
class FileFacts:
    """What is known of a CSV file.

    :param columns: The names of its columns.
    :param types: Their types, by PostgreSQL's names.
    :param rows: How many rows it has.
    """

    columns: list[str]
    types: list[str]
    rows: int


@dataclass(frozen=True)
class _Block:
    """Some records.

    :param rows: Their fields.
    :param null: What a null is among them: an empty text where none is quoted.
    """

    rows: list[Row]
    null: str | None


class _Column:
    """The type that a column can have, as far as it was read."""

    def __init__(self) -> None:
        self._kind: str | None = None
        self._has_long_numbers = False
        self._has_exponents = False

    def read(self, values: Iterable[str | None], null: str | None) -> None:
        """Read more of its values.

        :param null: What a null is among them.
        """
        if self._kind == "text":
            return
        # A column of codes has few values, many times.
        there = set(values)
        there.discard(null)
        texts = [value for value in there if value is not None]
        if not texts:
            return
        kinds = _ORDER if self._kind is None else (self._kind, *_WIDER.get(self._kind, ()))
        self._kind = next((kind for kind in kinds if self._can_be(kind) and _are(kind, texts)), "text")
        if self._kind in _NUMBERS:
            self._has_long_numbers |= max(map(len, texts)) > _SURE_DIGITS and not all(map(_is_double, texts))
            self._has_exponents |= self._kind == "double precision" and any("e" in text.lower() for text in texts)

    def _can_be(self, kind: str) -> bool:
        """Whether what was read before allows it."""
        if kind == "double precision":
            return not self._has_long_numbers
        return kind != "numeric" or not self._has_exponents

    @property
    def type(self) -> str:
        return self._kind or "text"


def _are(kind: str, texts: Iterable[str]) -> bool:
    check = _CHECKS.get(kind)
    return all(map(_KINDS[kind], texts)) and (check is None or all(map(check, texts)))


def look_at(path: Path, delimiter: str = ",", names: Sequence[str] | None = None, *, header: bool = True) -> FileFacts:
    """Read a CSV file once, by PostgreSQL's rules: nothing between two delimiters is null, ``""`` an empty text.

    :param path: The file.
    :param delimiter: What parts the fields.
    :param names: The names of its columns, in place of those in its header.
    :param header: Whether its first row holds names.
    :raises LocalFileException: It cannot be read, or is no such table; the message says where.
    """
    with open_file(path) as file:
        records = _records(file, path, delimiter)
        first = next(records, None)
        if first is None:
            raise _refused(path, "it is empty")
        top = first.rows[0]
        columns = list(names) if names is not None else [value or "" for value in top]
        width = len(columns)
        if width != len(top):
            raise _refused(path, f"it has {len(top)} columns, but {width} names were given for them")
        found = [_Column() for _ in columns]
        rows = 0
        for block in chain([replace(first, rows=first.rows[1:]) if header else first], records):
            if not set(map(len, block.rows)) <= {width}:
                number, row = next((n, row) for n, row in enumerate(block.rows, rows + 1) if len(row) != width)
                shown = f"{len(row)} field{'s' if len(row) != 1 else ''}"
                raise _refused(path, f"row {number:,} has {shown}, not {width}")
            rows += len(block.rows)
            for column, values in zip(found, zip(*block.rows, strict=True), strict=False):
                column.read(values, block.null)
    return FileFacts(columns, [column.type for column in found], rows)


def _records(file: IO[bytes], path: Path, delimiter: str) -> Iterator[_Block]:
    """The records of a file, in blocks."""
    sign = re.escape(delimiter)
    # Possessive, as no other reading of the quotes is asked for.
    field = re.compile(rf'((?:[^"{sign}\r\n]++|"(?:[^"]++|"")*+")*+)({sign}|\r?\n|\r|\Z)')
    for block in _blocks(file, path):
        if b"\x00" in block:
            raise _refused(path, "it holds a NUL character, which no text of a database can")
        try:
            text = block.decode()
        except UnicodeDecodeError:
            raise _refused(path, "it is not in UTF-8; save it in that encoding") from None
        if '"' not in text and "\r" not in text:
            lines = text.removesuffix("\n").split("\n")
            yield _Block([line.split(delimiter) for line in lines], "")
        elif '""' in text:
            yield _Block(list(_fields(text, field)), None)
        else:
            try:
                read = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
            except csv.Error:
                # A field that is longer than the module takes.
                yield _Block(list(_fields(text, field)), None)
            else:
                yield _Block([row or [""] for row in read], "")


def _fields(text: str, field: re.Pattern[str]) -> Iterator[Row]:
    """The records of a block, field by field: an empty text is told from nothing."""
    row: list[str | None] = []
    for found in field.finditer(text):
        written, end = found.groups()
        if not written and not end and not row:
            # After the last newline.
            return
        row.append(_QUOTED.sub(_unquoted, written) if written else None)
        if end != "" and end not in "\r\n":
            continue
        yield row
        row = []
        if not end:
            return


def _unquoted(found: re.Match[str]) -> str:
    return found[1].replace('""', '"')


def _blocks(file: IO[bytes], path: Path) -> Iterator[bytes]:
    """Whole records of a file."""
    rest = file.read(len(_BOM)).removeprefix(_BOM)
    while data := file.read(_BLOCK):
        rest += data
        end = _last_end(rest)
        if end:
            yield rest[:end]
            rest = rest[end:]
        elif len(rest) > _LONGEST_RECORD:
            raise _refused(path, "a quote in it is never closed, or a row is longer than 64 MB")
    if rest.count(b'"') % 2:
        raise _refused(path, "a quote in it is never closed")
    if rest:
        yield rest


def _last_end(data: bytes) -> int:
    """Where the last whole record ends; 0 where none does."""
    is_inside, end = data.count(b'"') % 2 == 1, len(data)
    while (place := data.rfind(b"\n", 0, end)) >= 0:
        is_inside ^= data.count(b'"', place, end) % 2 == 1
        if not is_inside:
            return place + 1
        end = place
    return 0


def _refused(path: Path, reason: str) -> LocalFileException:
    return LocalFileException(f"Could not read {path} as a table: {reason}.")
