"""What a user loads, as a table of the database: no value changes, and the types are those that the user names.

A column of a text file has another type than text only where that loses nothing: ``007`` and ``NA`` stay text, and
numbers that a double or 64 bits would round are decimal numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alpine.sandbox.engine.conversion import Column, Query
from alpine.sandbox.engine.expressions import quoted
from alpine.sandbox.engine.text_files import ENDINGS, TextFile
from alpine.sandbox.engine.types import MAX_DIGITS, postgres

if TYPE_CHECKING:
    import pyarrow

PARQUET = ".parquet"
READABLE = (*ENDINGS, PARQUET)
_SIGNED = {"uint8": "int16", "uint16": "int32", "uint32": "int64"}
_LONGEST_LINE = 1 << 20


@dataclass(frozen=True)
class LoadOptions:
    """How a table is loaded.

    :param types: Types of columns, by the names of PostgreSQL.
    :param null_values: Words in a file that stand for a null, besides nothing at all.
    :param header: Whether the first row of a text file holds the names of the columns.
    :param columns: Names of the columns, in place of those in the source.
    :param delimiter: What parts the fields of a text file; None finds it in the first row.
    :param for_hadoop: Whether a text file may be one that only Hadoop flows can read.
    """

    types: Mapping[str, str] = field(default_factory=dict)
    null_values: Sequence[str] = ()
    header: bool = True
    columns: Sequence[str] | None = None
    delimiter: str | None = None
    for_hadoop: bool = True

    def __post_init__(self) -> None:
        if isinstance(self.columns, str) or isinstance(self.null_values, str):
            raise TypeError("columns and null_values are lists of texts.")
        if self.delimiter is not None and len(self.delimiter) != 1:
            raise ValueError(f"A delimiter is one character, not {self.delimiter!r}.")
        for name in self.types.values():
            postgres(name)


@dataclass(frozen=True)
class Source:
    """What was read, before it is in the database.

    :param names: The names of the columns.
    :param data: The columns, which are called ``c0``, ``c1`` and so on.
    :param is_from_text: Whether it is a text file, whose columns get their types from what they hold.
    """

    names: Sequence[str]
    data: pyarrow.Table
    is_from_text: bool = False


def read(source: Any, options: LoadOptions) -> tuple[Source | None, TextFile | None, str]:
    """Read a file, a DataFrame or an Arrow table.

    :returns: The table; the text file, where it was one; and why that is no table of a database, where it is none.
    :raises ValueError: It cannot be read.
    """
    if not isinstance(source, str | Path):
        return _renamed(_arrow(source), options), None, ""
    path = Path(source)
    ending = path.suffix.lower()
    if ending not in READABLE:
        raise ValueError(f"{path} cannot be loaded: a table is a file that ends in {', '.join(READABLE)}.")
    if ending == PARQUET:
        return _renamed(_parquet(path), options), None, ""
    text = TextFile.read(path)
    if not text.content.strip():
        raise ValueError(f"{path} cannot be read as a table: it is empty.")
    try:
        names, data = text.table(
            header=options.header,
            columns=options.columns,
            delimiter=options.delimiter,
            null_values=options.null_values,
        )
        check_names(names)
    except ValueError as error:
        if options.types or options.columns is not None:
            raise
        if not options.for_hadoop:
            raise ValueError(f"{error} If a Hadoop flow declares its columns, load it with load_table.") from None
        # A Hadoop source may still read it, in its own way.
        return None, text, str(error)
    return Source(names, data, is_from_text=True), text, ""


def tables_in(folder: Path) -> list[Path]:
    """The text and Parquet files of a folder, each a table of its name without the ending.

    :raises ValueError: Two would be the same table.
    """
    files = sorted(file for file in folder.iterdir() if is_readable(file))
    seen: dict[str, Path] = {}
    for file in files:
        other = seen.setdefault(file.stem.lower(), file)
        if other is not file:
            raise ValueError(f"{other} and {file} would both be the table {file.stem!r}; rename one of them.")
    return files


def is_readable(path: Path) -> bool:
    """Whether a file of a folder is a table by its ending; of a ``.txt`` file the first line has to look like one."""
    ending = path.suffix.lower()
    if ending != ".txt":
        return ending in READABLE
    with path.open("rb") as file:
        first = file.readline(_LONGEST_LINE)
    return any(sign in first for sign in (b",", b";", b"\t", b"|"))


def check_names(names: Sequence[str]) -> None:
    """Make sure that the names of columns can be kept apart.

    :raises ValueError: They cannot.
    """
    seen: dict[str, str] = {}
    for place, name in enumerate(names, 1):
        if not name or "\x00" in name or "\x1f" in name:
            raise ValueError(f"The column {place} has no name that a database could take: {name!r}. Give it one.")
        other = seen.setdefault(name.lower(), name)
        if len(seen) < place:
            how = "have the same name" if other == name else "differ in capitals only"
            raise ValueError(f"The columns {other!r} and {name!r} {how}. Rename one of them.")


def select(source: Source, options: LoadOptions, view: str, query: Query) -> str:
    """SQL that gives the columns of a source, named and typed.

    :param view: Where the source's data are, after FROM.
    :param query: Runs a query.
    :raises ValueError: A value does not fit its type, or a type is given for a column that there is not.
    """
    unknown = [name for name in options.types if name not in source.names]
    if unknown:
        raise ValueError(f"There is no column {unknown[0]!r}. The columns are: {', '.join(source.names)}.")
    parts = []
    for place, name in enumerate(source.names):
        column = Column(f"c{place}", name, str(source.data.schema.field(place).type), view, query)
        if name in options.types:
            sql = column.declared(postgres(options.types[name]))
        else:
            sql = column.inferred() if source.is_from_text else column.as_it_is()
        parts.append(f"{sql} AS {quoted(name)}")
    return f"SELECT {', '.join(parts)} FROM {view}"


def as_arrow(data: Any) -> Any:
    """A DataFrame as an Arrow table, where its columns can be that; anything else as it is.

    DuckDB does not know every type of every pandas.
    """
    import pyarrow

    try:
        return pyarrow.Table.from_pandas(data, preserve_index=False)
    except (pyarrow.ArrowException, AttributeError, OverflowError, TypeError):
        return data


def _renamed(data: pyarrow.Table, options: LoadOptions) -> Source:
    import pyarrow

    if options.null_values or not options.header or options.delimiter:
        raise ValueError("null_values, header and delimiter hold for text files only.")
    names = list(options.columns) if options.columns is not None else [str(name) for name in data.column_names]
    if len(names) != data.num_columns:
        raise ValueError(f"There are {data.num_columns} columns, but {len(names)} names were given for them.")
    check_names(names)
    columns = [_microseconds(name, _plain(name, data.column(place))) for place, name in enumerate(names)]
    return Source(names, pyarrow.table(columns, names=[f"c{place}" for place in range(len(names))]))


def _plain(name: str, column: pyarrow.ChunkedArray) -> pyarrow.ChunkedArray:
    """A column in a type that the database has and that keeps each value: of categories, their values.

    :raises ValueError: There is none.
    """
    import pyarrow
    from pyarrow import types

    kind = column.type
    if types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    try:
        if types.is_float16(kind):
            return column.cast(pyarrow.float32())
        if types.is_decimal256(kind):
            return column.cast(pyarrow.decimal128(MAX_DIGITS, kind.scale))
        if types.is_unsigned_integer(kind):
            # No database of the server's has numbers without a sign.
            return column.cast(_SIGNED.get(str(kind)) or pyarrow.decimal128(20, 0))
    except pyarrow.ArrowInvalid:
        raise ValueError(f"The column {name!r} has numbers of more than {MAX_DIGITS} digits.") from None
    if types.is_nested(kind) or getattr(kind, "extension_name", "").startswith("pandas."):
        raise ValueError(f"The column {name!r} holds values of the type {kind}, which no table can. Load its text.")
    return column


def _microseconds(name: str, column: pyarrow.ChunkedArray) -> pyarrow.ChunkedArray:
    import pyarrow

    if not pyarrow.types.is_timestamp(column.type) or column.type.unit != "ns":
        return column
    try:
        return column.cast(pyarrow.timestamp("us", column.type.tz))
    except pyarrow.ArrowInvalid:
        raise ValueError(f"The column {name!r} has nanoseconds; a database keeps microseconds. Round them.") from None


def _parquet(path: Path) -> pyarrow.Table:
    import pyarrow
    from pyarrow import parquet

    try:
        return parquet.read_table(path)
    except pyarrow.ArrowException as error:
        raise ValueError(f"{path} cannot be read as a table: {error}") from error


def _arrow(data: Any) -> pyarrow.Table:
    import pyarrow

    if isinstance(data, pyarrow.Table):
        return data
    if not hasattr(data, "columns"):
        raise ValueError(
            "A table must be a DataFrame, a pyarrow Table, or the path of a text or Parquet file, "
            f"not {type(data).__name__}."
        )
    try:
        columns = [_array(data.iloc[:, place]) for place in range(len(data.columns))]
    except (pyarrow.ArrowException, AttributeError) as error:
        raise ValueError(f"This {type(data).__name__} cannot be loaded as a table: {error}") from error
    return pyarrow.table(columns, names=[str(name) for name in data.columns])


def _array(column: Any) -> pyarrow.Array:
    """A column of a DataFrame; whole numbers beyond 64 bits become decimal numbers."""
    import pyarrow

    try:
        array = pyarrow.Array.from_pandas(column)
    except (pyarrow.ArrowInvalid, OverflowError) as error:
        values = [None if _is_missing(value) else value for value in column]
        if not all(isinstance(value, int) for value in values if value is not None):
            raise pyarrow.ArrowInvalid(f"the column {column.name!r}: {error}") from error
        try:
            array = pyarrow.array([None if v is None else Decimal(v) for v in values], pyarrow.decimal128(MAX_DIGITS))
        except pyarrow.ArrowInvalid:
            raise pyarrow.ArrowInvalid(
                f"the column {column.name!r} has numbers of more than {MAX_DIGITS} digits"
            ) from None
    if isinstance(array, pyarrow.ChunkedArray):
        array = array.combine_chunks()
    if pyarrow.types.is_timestamp(array.type) and column.dtype == object:
        # Arrow takes the times without a zone for those of UTC.
        has_zone = {value.tzinfo is not None for value in column if not _is_missing(value)}
        if len(has_zone) > 1:
            raise ValueError(
                f"The column {column.name!r} mixes times with and without a time zone. Give all of them one, or none."
            )
    return array


def _is_missing(value: Any) -> bool:
    import pandas

    return (
        value is None or value is pandas.NA or value is pandas.NaT or (isinstance(value, float) and math.isnan(value))
    )
