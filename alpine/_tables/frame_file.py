"""A DataFrame or an Arrow table as a CSV file that PostgreSQL reads without losing anything, written in pieces.

Texts are in quotes and nulls are nothing at all, so that an empty text is told from a null.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alpine._extras import extra
from alpine._tables.proposal import FileFacts
from alpine.exception import InvalidArgumentException, LocalFileException

if TYPE_CHECKING:
    from pandas import DataFrame, Series

_ROWS_AT_ONCE = 50_000
_NUMBERS = {
    "int8": "smallint",
    "int16": "smallint",
    "int32": "integer",
    "int64": "bigint",
    "uint8": "smallint",
    "uint16": "integer",
    "uint32": "bigint",
    "uint64": "numeric",
    "halffloat": "real",
    "float": "real",
    "double": "double precision",
    "bool": "boolean",
}
_OBJECTS = {"string": "text", "boolean": "boolean", "date": "date", "time": "time", "bytes": "bytea", "empty": "text"}
"""Types for what a column of Python's objects holds, by Pandas' words for it."""
_TEXTS = ("integer", "decimal")
"""What is written as Python does: numbers of any number of digits."""


def is_frame(value: object) -> bool:
    """Whether it is a DataFrame or an Arrow table; neither package is loaded to find out."""
    return any(
        kind.__module__.partition(".")[0] in ("pandas", "pyarrow") and kind.__name__ in ("DataFrame", "Table")
        for kind in type(value).__mro__
    )


def write(data: Any, path: Path) -> FileFacts:
    """Write a table to a CSV file.

    :param data: A DataFrame, whose index is left out, or an Arrow table.
    :param path: The file.
    :returns: The columns, their types by PostgreSQL's names, and the number of rows.
    :raises InvalidArgumentException: A column holds what no column of a database can; the message names it.
    :raises MissingExtraException: Pyarrow is not installed.
    :raises LocalFileException: The file cannot be written.
    """
    arrow, csv = extra("pyarrow"), extra("pyarrow.csv")
    names = [_label(name) for name in (data.column_names if isinstance(data, arrow.Table) else data.columns)]
    columns = _of_arrow(data) if isinstance(data, arrow.Table) else _of_pandas(data)
    makers = [_Column(name, *made) for name, made in zip(names, columns, strict=True)]
    schema = arrow.schema([(name, maker.arrow) for name, maker in zip(names, makers, strict=True)])
    try:
        with path.open("wb") as file, csv.CSVWriter(file, schema) as writer:
            for begin in range(0, len(data), _ROWS_AT_ONCE):
                made = [maker.values(begin, begin + _ROWS_AT_ONCE) for maker in makers]
                writer.write_table(arrow.table(made, schema=schema))
    except OSError as error:
        reason = error.strerror or str(error)
    else:
        return FileFacts(names, [maker.type for maker in makers], len(data))
    raise LocalFileException(f"Could not write the rows to the temporary file {path}: {reason}.")


def _label(name: object) -> str:
    """The name of a column; empty where it has none, which Pandas shows as None or NaN."""
    return "" if name is None or name != name else str(name)  # noqa: PLR0124 - only NaN is unlike itself


Slices = Callable[[int, int], Any]


class _Column:
    """A column on its way to the file.

    :param name: Its name.
    :param slices: Gives some of its values, as an Arrow array.
    :param kind: Their Arrow type.
    :param declared: Its type by PostgreSQL's name; empty where that follows from the Arrow type.
    """

    def __init__(self, name: str, slices: Slices, kind: Any, declared: str = "") -> None:
        self._arrow = extra("pyarrow")
        self._compute = extra("pyarrow.compute")
        self._name, self._slices = name, slices
        types = self._arrow.types
        if not isinstance(kind, self._arrow.DataType):
            raise self._unknown(kind)
        # Of a dictionary, such as a column of categories, the values count.
        self._kind = kind.value_type if types.is_dictionary(kind) else kind
        self._convert, self.arrow, self.type = self._plan(self._kind)
        self.type = declared or self.type

    def values(self, begin: int, end: int) -> Any:
        """Some of its values, as the file has them."""
        try:
            values = self._slices(begin, end)
            if values.type != self._kind:
                values = values.cast(self._kind)
            values = self._convert(values)
            if values.type != self.arrow:
                values = values.cast(self.arrow)
        except (self._arrow.ArrowException, UnicodeEncodeError, OverflowError, ValueError, TypeError) as error:
            reason = " ".join(str(error).split())[:300]
        else:
            if self.type == "text" and self._compute.any(self._compute.match_substring(values, "\x00")).as_py():
                raise self._refused("it has a text with a NUL character, which no database holds")
            return values
        more = " Times are kept to the microsecond: use .dt.round('us')." if "lose data" in reason else ""
        raise self._refused(f"a value of it does not fit ({reason})", more)

    def _plan(self, kind: Any) -> tuple[Callable[[Any], Any], Any, str]:
        """What is done to the values, the type that they then have, and the column's type in the database."""
        arrow, types, compute = self._arrow, self._arrow.types, self._compute

        def same(values: Any) -> Any:
            return values

        text = arrow.large_string()
        if str(kind) in _NUMBERS:
            return same, arrow.float32() if types.is_float16(kind) else kind, _NUMBERS[str(kind)]
        if types.is_decimal(kind):
            fits = 0 <= kind.scale <= kind.precision
            return same, kind, f"numeric({kind.precision},{kind.scale})" if fits else "numeric"
        if types.is_timestamp(kind):
            zone = "UTC" if kind.tz else None
            return same, arrow.timestamp("us", zone), "timestamp with time zone" if zone else "timestamp"
        if types.is_date(kind):
            return same, arrow.date32(), "date"
        if types.is_time(kind):
            return same, arrow.time64("us"), "time"
        if types.is_duration(kind):

            def in_words(values: Any) -> Any:
                number = values.cast(arrow.duration("us")).cast(arrow.int64()).cast(text)
                return compute.binary_join_element_wise(
                    number, arrow.scalar("microseconds", text), arrow.scalar(" ", text)
                )

            return in_words, text, "interval"
        if any(check(kind) for check in (types.is_binary, types.is_large_binary, types.is_fixed_size_binary)):
            return self._hexadecimal, text, "bytea"
        if types.is_string(kind) or types.is_large_string(kind) or types.is_null(kind) or str(kind) == "string_view":
            return same, text, "text"
        raise self._unknown(kind)

    def _hexadecimal(self, values: Any) -> Any:
        made = [None if value is None else "\\x" + value.hex() for value in values.to_pylist()]
        return self._arrow.array(made, self._arrow.large_string())

    def _unknown(self, kind: object) -> InvalidArgumentException:
        return self._refused(f"it is of the type {kind}", " Make it text first, as with .astype('string').")

    def _refused(self, reason: str, more: str = "") -> InvalidArgumentException:
        return InvalidArgumentException(f"The column {self._name!r} cannot be loaded: {reason}.{more}")


def _of_arrow(table: Any) -> Iterator[tuple[Any, ...]]:
    for column in table.columns:

        def slices(begin: int, end: int, column: Any = column) -> Any:
            found = column.slice(begin, end - begin).combine_chunks()
            return found.dictionary_decode() if hasattr(found, "dictionary_decode") else found

        yield slices, column.type


def _of_pandas(frame: DataFrame) -> Iterator[tuple[Any, ...]]:
    for place in range(frame.shape[1]):
        series = frame.iloc[:, place]
        yield _object(series) if series.dtype == object else _typed(series)


def _typed(series: Series) -> tuple[Any, ...]:
    """A column whose type says what is in it."""
    arrow = extra("pyarrow")

    def slices(begin: int, end: int) -> Any:
        values = arrow.Array.from_pandas(series.iloc[begin:end])
        if isinstance(values, arrow.ChunkedArray):
            values = values.combine_chunks()
        return values.dictionary_decode() if hasattr(values, "dictionary_decode") else values

    try:
        first = arrow.Array.from_pandas(series.iloc[:0]).type
        if arrow.types.is_dictionary(first):
            first = arrow.Array.from_pandas(series.cat.categories.to_series()).type
    except OverflowError:
        # Categories that are numbers beyond 64 bits: what holds for a column of objects holds for them.
        return _object(series.astype(object))
    except arrow.ArrowException:
        # A type that Arrow has not.
        return slices, series.dtype
    return slices, first


def _object(series: Series) -> tuple[Any, ...]:
    """A column of Python's objects, which have to be of one kind."""
    arrow, pandas = extra("pyarrow"), extra("pandas")
    try:
        kind = pandas.api.types.infer_dtype(series, skipna=True)
        present = series.dropna()
        reason = _unlike(kind, present)
    except ArithmeticError:
        reason = "it has a signalling NaN, which no database holds."
    if reason:
        raise InvalidArgumentException(f"The column {series.name!r} cannot be loaded: {reason}")
    zoned = kind in ("datetime", "datetime64") and len(present) and present.iloc[0].tzinfo is not None
    types: Mapping[str, Any] = {
        "string": arrow.large_string(),
        "empty": arrow.large_string(),
        "boolean": arrow.bool_(),
        "date": arrow.date32(),
        "time": arrow.time64("us"),
        "bytes": arrow.binary(),
        "datetime": arrow.timestamp("us", "UTC" if zoned else None),
        "datetime64": arrow.timestamp("us", "UTC" if zoned else None),
        "floating": arrow.float64(),
        "mixed-integer-float": arrow.float64(),
        "timedelta": arrow.duration("us"),
    }
    if kind in _TEXTS or (kind == "mixed" and _are(present, "uuid", "UUID")):
        declared = "uuid" if kind == "mixed" else "numeric"
        if kind == "integer" and (present.empty or (present.min() >= -(2**63) and present.max() < 2**63)):
            declared = "bigint"
        return _written_as_python_does(series), arrow.large_string(), declared
    if kind not in types:
        names = sorted({type(value).__name__ for value in present.iloc[:100_000]})
        raise InvalidArgumentException(
            f"The column {series.name!r} cannot be loaded: its values are of several types, or of one that no "
            f"column of a database has ({', '.join(names[:5])}). Make it text first, as with .astype('string')."
        )

    def slices(begin: int, end: int) -> Any:
        return arrow.Array.from_pandas(series.iloc[begin:end], type=types[kind])

    return slices, types[kind]


def _unlike(kind: str, values: Series) -> str:
    """Why times of one kind cannot be kept together: Arrow would take off what they do not share, and say nothing."""
    if kind == "date" and any(hasattr(value, "hour") for value in values):
        return "it mixes dates with times of a day. Give all of them one, as with pandas.to_datetime."
    if kind == "time" and any(value.tzinfo is not None for value in values):
        return "it has times of a day with a time zone. Take the zone off, or make it text, as with .map(str)."
    if kind in ("datetime", "datetime64") and len({getattr(value, "tzinfo", None) is None for value in values}) > 1:
        return "it mixes times with and without a time zone. Give all of them one, or none."
    # Only Pandas' own times have such parts.
    if kind in ("datetime", "datetime64", "timedelta", "timedelta64") and any(
        getattr(value, "nanosecond", 0) or getattr(value, "nanoseconds", 0) for value in values
    ):
        return "it has nanoseconds. Times are kept to the microsecond: use .map(lambda value: value.round('us'))."
    return ""


def _written_as_python_does(series: Series) -> Slices:
    arrow = extra("pyarrow")

    def slices(begin: int, end: int) -> Any:
        part = series.iloc[begin:end]
        missing = part.isna() & ~part.map(_is_decimal_nan)
        texts = [None if gone else str(value) for value, gone in zip(part, missing, strict=True)]
        return arrow.array(texts, arrow.large_string())

    return slices


def _is_decimal_nan(value: object) -> bool:
    return type(value).__name__ == "Decimal" and str(value) == "NaN"


def _are(values: Any, module: str, name: str) -> bool:
    return all(type(value).__module__ == module and type(value).__name__ == name for value in values)
