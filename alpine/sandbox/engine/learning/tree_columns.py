"""Columns of a table as the numbers that a tree is grown on, and as values that its conditions are asked of."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

from alpine.sandbox.engine.classes import Classes, class_names
from alpine.sandbox.engine.database import PLACE, Cursor, DatabaseTable
from alpine.sandbox.engine.document import kind_of
from alpine.sandbox.engine.expressions import quoted
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.types import in_words

if TYPE_CHECKING:
    from alpine.sandbox.engine.designs import Array

_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
_REAL = ("FLOAT", "DOUBLE")
_CATEGORIES = ("VARCHAR", "BOOLEAN", "ENUM")
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")
_DIGITS_OF_BIGINT = 18
_LARGEST = 1e150


@dataclass(frozen=True)
class Predictor:
    """A column that a tree is grown on: each row holds the place of its value among the sorted different ones.

    :param column: The column's name.
    :param type_name: Its type.
    :param codes: The place of each row's value.
    :param values: The different values, sorted: texts of categories, or numbers.
    :param scale: How many digits of whole numbers stand for decimal places.
    """

    column: str
    type_name: str
    codes: Array
    values: Sequence[Any] | Array
    scale: int = 0

    @cached_property
    def is_number(self) -> bool:
        """Whether it is cut, in place of having categories."""
        return kind_of(self.type_name) == "number"

    def number(self, code: int) -> Fraction:
        """A value, exactly."""
        value = self.values[code]
        return Fraction(value) if isinstance(value, Decimal) else Fraction(value.item()) / 10**self.scale

    def midway(self, low: int, high: int) -> tuple[Fraction, str]:
        """The number midway between two neighbouring values, and how it is shown.

        It parts the two in any case: where no double is between two doubles, it is the lower one.

        :param low: The place of the lower value.
        :param high: The place of the higher one.
        """
        if not is_real(self.type_name):
            middle = (self.number(low) + self.number(high)) / 2
            return middle, _decimal_text(middle)
        left, right = float(self.values[low]), float(self.values[high])
        half = left / 2 + right / 2
        if not left <= half < right:
            half = left
        short = f"{half:.15g}"
        return Fraction(half), short if left <= float(short) < right else repr(half)


@dataclass(frozen=True)
class Training:
    """The rows of a table that lack no value, as a tree is grown on them.

    :param predictors: The columns to grow on.
    :param target: The class of each row, as its place among ``classes``, or its number where there are none.
    :param classes: The classes; None where numbers are predicted.
    :param left_out: How many rows lack a value.
    """

    predictors: Sequence[Predictor]
    target: Array
    classes: Classes | None
    left_out: int

    def __len__(self) -> int:
        return len(self.target)


def check_predictor(table: DatabaseTable, column: str) -> None:
    """Make sure that a tree can be grown on a column.

    :raises NodeFailure: It holds neither numbers nor text nor truth values.
    """
    kind = table.type_of(column)
    if kind_of(kind) != "number" and (kind.endswith("]") or not kind.upper().startswith(_CATEGORIES)):
        raise NodeFailure(
            f"The column {column!r} holds {in_words(kind)}. A tree is grown on numbers, text and truth values only: "
            f"derive one of these from it, or leave it out."
        )


def read_training(cursor: Cursor, table: DatabaseTable, columns: Sequence[str], target: str, labels: bool) -> Training:
    """Read what a tree is grown on; rows with a null in any of the columns are left out.

    :param labels: Whether the target holds classes, in place of numbers.
    :raises NodeFailure: No row is left, or a column of numbers holds NaN or an infinite one.
    """
    import numpy as np

    there = " AND ".join(f"{quoted(column)} IS NOT NULL" for column in dict.fromkeys([*columns, target]))
    [(total, kept)] = cursor.fetch(f"SELECT count(*), count(*) FILTER (WHERE {there}) FROM {table.sql}")
    reader = _Reader(cursor, table, f"WHERE {there}")
    found: Array = reader.read(f"CAST({quoted(target)} AS {'VARCHAR' if labels else 'DOUBLE'})")
    if not kept:
        reason = f"each of its {total:,} rows lacks a value of a predictor or of {target!r}" if total else "it is empty"
        raise NodeFailure(f"The table holds no row to grow a tree on: {reason}.")
    predictors = [_predictor(reader, table, column) for column in columns]
    if not labels:
        _refuse_infinite(target, found)
        if np.abs(found).max() > _LARGEST:
            raise NodeFailure(f"The column {target!r} holds numbers beyond {_LARGEST:g}, whose squares overflow.")
        return Training(predictors, found, None, total - kept)
    codes, texts = _factorized(found)
    names = class_names(texts, table.type_of(target))
    classes = Classes.of(names, table.type_of(target))
    place = {name: i for i, name in enumerate(classes.names)}
    return Training(predictors, np.array([place[name] for name in names])[codes], classes, total - kept)


def is_real(type_name: str) -> bool:
    """Whether a type is one of floating-point numbers."""
    return type_name.upper() in _REAL


def is_fraction(type_name: str) -> bool:
    """Whether a type is one of decimal numbers that have decimal places."""
    found = _DECIMAL.fullmatch(type_name.upper())
    return bool(found and int(found[2]))


class Asked:
    """The values of a column in the rows of a table that a tree judges.

    :param reader: Reads the table.
    :param table: The table.
    :param column: The column's name in it.
    """

    def __init__(self, reader: _Reader, table: DatabaseTable, column: str) -> None:
        import numpy as np

        self._scale = 0
        self._codes: Array | None = None
        self._values: Array
        kind, name = table.type_of(column), quoted(column)
        if kind_of(kind) != "number":
            self._codes, self._values = _factorized(reader.read(f"CAST({name} AS VARCHAR)"))
            self.is_missing: Array = self._codes < 0
            return
        sql, scale = _number_sql(name, kind)
        if scale is None:
            self._codes, texts = _factorized(reader.read(sql))
            self._values = np.array([Fraction(text) for text in texts], dtype=object)
            self.is_missing = self._codes < 0
            return
        self._scale = scale
        self.is_missing = reader.read(f"{name} IS NULL").astype(bool)
        # A column of whole numbers with nulls would come as doubles.
        self._values = reader.read(f"coalesce({sql}, 0)")
        if self._values.dtype.kind == "f":
            self.is_missing = self.is_missing | np.isnan(self._values)

    def is_above(self, cut: Fraction, rows: Array) -> Array:
        """Whether the numbers of some rows are above one."""
        import numpy as np

        if self._codes is not None:
            above: Array = np.array([value > cut for value in self._values], dtype=bool)
            return _taken(above, self._codes[rows])
        values = self._values[rows]
        if values.dtype.kind == "f":
            found: Array = values > _below(cut)
            return found
        scaled = cut * 10**self._scale
        floor = scaled.numerator // scaled.denominator
        limits = np.iinfo(np.int64)
        if not limits.min <= floor <= limits.max:
            return np.full(len(values), floor < limits.min)
        compared: Array = values.astype(np.int64) > floor
        return compared

    def places(self, among: dict[str, int], rows: Array) -> Array:
        """The number that each of some rows' texts has in a dictionary, -1 for one that is not in it."""
        import numpy as np

        assert self._codes is not None
        return _taken(np.array([among.get(value, -1) for value in self._values], dtype=np.int64), self._codes[rows])


def ask(cursor: Cursor, table: DatabaseTable, label: str | None) -> tuple[Array, Array, int, Callable[[str], Asked]]:
    """The rows of a table that a tree judges.

    :param label: A column of classes, which no row may lack.
    :returns: The rows' numbers, their classes (none without ``label``), how many rows lack one, and what reads
        a column.
    """
    import numpy as np

    reader = _Reader(cursor, table, "" if label is None else f"WHERE {quoted(label)} IS NOT NULL")
    labels: Array = np.array([], dtype=object)
    if label is not None:
        codes, texts = _factorized(reader.read(f"CAST({quoted(label)} AS VARCHAR)"))
        labels = _taken(class_names(texts, table.type_of(label)), codes)
    places = reader.places
    [(total,)] = cursor.fetch(f"SELECT count(*) FROM {table.sql}")
    return places, labels, total - len(places), lambda column: Asked(reader, table, column)


class _Reader:
    """Reads a table one column at a time, so that only one is held as Python's objects."""

    def __init__(self, cursor: Cursor, table: DatabaseTable, where: str) -> None:
        self._cursor = cursor
        self._from = f"FROM {table.rows} {where}"
        self._places: Array | None = None

    @property
    def places(self) -> Array:
        """The numbers of the rows."""
        if self._places is None:
            self.read("0")
        assert self._places is not None
        return self._places

    def read(self, sql: str) -> Array:
        """The values of an expression, in the same order each time."""
        import numpy as np

        data = self._cursor.dataframe(f"SELECT {PLACE} AS place, {sql} AS value {self._from}")
        places: Array = data["place"].to_numpy()
        values: Array = data["value"].to_numpy()
        # The database keeps the order of a plain scan; nothing but this makes it certain.
        if len(places) > 1 and not (places[1:] > places[:-1]).all():
            order = np.argsort(places)
            places, values = places[order], values[order]
        self._places = places
        return values


def _predictor(reader: _Reader, table: DatabaseTable, column: str) -> Predictor:
    import numpy as np

    kind, name = table.type_of(column), quoted(column)
    sql, scale = _number_sql(name, kind) if kind_of(kind) == "number" else (f"CAST({name} AS VARCHAR)", None)
    values = reader.read(sql)
    if scale is None:
        codes, texts = _factorized(values)
        found = [Decimal(text) for text in texts] if kind_of(kind) == "number" else list(texts)
        order = sorted(range(len(found)), key=found.__getitem__)
        rank = np.empty(len(order), dtype=np.int32)
        rank[order] = np.arange(len(order), dtype=np.int32)
        return Predictor(column, kind, rank[codes], [found[i] for i in order])
    if values.dtype.kind == "f":
        _refuse_infinite(column, values)
    different, codes = np.unique(values, return_inverse=True)
    return Predictor(column, kind, codes.astype(np.int32).ravel(), different, scale)


def _number_sql(name: str, kind: str) -> tuple[str, int | None]:
    """SQL that gives a column of numbers without merging any.

    :returns: The SQL, and the decimal places of what it gives; None for texts of numbers.
    """
    upper = kind.upper()
    if upper in _WHOLE:
        return f"CAST({name} AS BIGINT)", 0
    if upper in _REAL:
        return f"CAST({name} AS DOUBLE)", 0
    found = _DECIMAL.fullmatch(upper)
    if found and int(found[1]) <= _DIGITS_OF_BIGINT:
        scale = int(found[2])
        return f"CAST(CAST({name} AS DECIMAL(38, {scale})) * {10**scale} AS BIGINT)", scale
    return f"CAST({name} AS VARCHAR)", None


def _factorized(values: Any) -> tuple[Array, Array]:
    """The place of each text among the different ones, -1 for a null, and the different ones."""
    import numpy as np
    import pandas as pd

    codes, different = pd.factorize(values)
    texts: Array = np.asarray(different, dtype=object)
    return codes, texts


def _taken(values: Array, codes: Array) -> Array:
    """The value of each code; there may be none where all are -1, whose values do not matter."""
    import numpy as np

    if not len(values):
        return np.zeros(len(codes), dtype=values.dtype)
    found: Array = values[codes]
    return found


def _below(cut: Fraction) -> float:
    """The greatest double that is not above a number."""
    import math

    found = float(cut)
    return math.nextafter(found, -math.inf) if Fraction(found) > cut else found


def _refuse_infinite(column: str, values: Array) -> None:
    import numpy as np

    if not np.isfinite(values).all():
        raise NodeFailure(
            f"The column {column!r} holds NaN or infinite numbers, on which no tree can be grown. "
            f"Filter those rows out."
        )


def _decimal_text(number: Fraction) -> str:
    """A number with finitely many decimal places, written with all of them."""
    places = 0
    while (number * 10**places).denominator != 1:
        places += 1
    digits = str(abs((number * 10**places).numerator)).rjust(places + 1, "0")
    text = f"{digits[: len(digits) - places]}.{digits[len(digits) - places :]}".removesuffix(".")
    return f"-{text}" if number < 0 else text
