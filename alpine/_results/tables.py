"""The tables and heat maps in an operator's output: cells are strings on the wire, and become values here."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alpine._extras import extra

if TYPE_CHECKING:
    from pandas import DataFrame, Series

Number = int | float

_NUMBER = re.compile(r"[+-]?(?:(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]?Infinity")
_WHOLE = re.compile(r"[+-]?[\d,]+")
_LEADING_ZERO = re.compile(r"[+-]?0\d")
_NO_NUMBER = frozenset({"", "null", "none", "nan", "na", "n/a"})
_LARGEST = 2**63


@dataclass(frozen=True)
class Table:
    """A table as the server shows it.

    :param columns: The names of the columns.
    :param kinds: What the server says of each: ``number``, ``cate``, or nothing.
    :param rows: The cells, as they came.
    """

    columns: list[str]
    kinds: list[str | None]
    rows: list[list[Any]]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Table:
        """The table in an output's ``visualData``."""
        items = _list(data.get("items"))
        named = [str(name) for name in _list(data.get("columns"))]
        columns = list(dict.fromkeys(named or (str(key) for item in items if isinstance(item, dict) for key in item)))
        said = dict(zip(named, _list(data.get("columnTypes")), strict=False))
        kinds = [kind if isinstance(kind := said.get(name), str) else None for name in columns]
        return cls(columns, kinds, [[item.get(name) for name in columns] for item in items if isinstance(item, dict)])

    def values(self, position: int) -> tuple[list[Any], bool]:
        """One column with real types, None for what is missing; and whether it holds numbers.

        The declared kind is a guide: a column of numbers that holds other strings stays text, and one of which nothing
        is declared holds numbers if all its cells do, but for codes such as ``007``.
        """
        cells, kind = [row[position] for row in self.rows], self.kinds[position]
        if kind != "cate":
            numbers = _numbers(cells, coded=kind is None)
            if numbers is not None and (kind is not None or any(value is not None for value in numbers)):
                return numbers, True
        return [None if value in (None, "") else str(value) for value in cells], False

    @property
    def numeric(self) -> set[int]:
        """The positions of the columns that hold numbers."""
        return {position for position in range(len(self.columns)) if self.values(position)[1]}

    def to_dataframe(self) -> DataFrame:
        pandas = extra("pandas")
        columns = {name: _series(pandas, *self.values(i)) for i, name in enumerate(self.columns)}
        return pandas.DataFrame(columns, columns=self.columns)


@dataclass(frozen=True)
class HeatMap:
    """A confusion matrix.

    :param model: The name of the model.
    :param accuracy: The share of rows that it got right.
    :param classes: The classes, in order.
    :param counts: How many rows, by observed class and predicted class.
    """

    model: str
    accuracy: float | None
    classes: list[str]
    counts: list[list[Number]]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> HeatMap:
        """The heat map in an output's ``heatMapTable``."""
        accuracy = data.get("accuracy")
        rows = [row for row in _list(data.get("rowsValue")) if isinstance(row, dict)]
        rows.sort(key=lambda row: _sequence(row.get("sequence")))
        counts = [[(_numbers([value]) or [None])[0] or 0 for value in _list(row.get("data"))] for row in rows]
        classes = [str(name) for name in _list(data.get("YValues"))] or [str(i) for i in range(len(rows))]
        size = len(classes)
        square = [(row + [0] * size)[:size] for row in (counts + [[] for _ in classes])[:size]]
        return cls(
            str(data.get("modelName") or ""),
            float(accuracy) if isinstance(accuracy, int | float) else None,
            classes,
            square,
        )

    @property
    def table(self) -> Table:
        """The same as a table, a row for each observed class."""
        columns = ["Observed", *(f"Predicted ({name})" for name in self.classes)]
        rows = [[name, *row] for name, row in zip(self.classes, self.counts, strict=True)]
        return Table(columns, ["cate", *["number"] * len(self.classes)], rows)

    def shade(self, row: int, column: int) -> float:
        """How dark a field is drawn, from 0 to 1."""
        return self.counts[row][column] / (max(max(counts) for counts in self.counts) or 1)

    def shade_of_cell(self, row: int, column: int) -> float:
        """The same for a cell of :attr:`table`, whose first column holds the classes."""
        return self.shade(row, column - 1) if column else 0.0


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _sequence(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _numbers(cells: Sequence[object], *, coded: bool = False) -> list[Number | None] | None:
    """The numbers in a column, None for those that are missing; None where there is something else in it."""
    try:
        return list(_read(cells, coded))
    except ValueError:
        return None


def _read(cells: Sequence[object], coded: bool) -> Iterator[Number | None]:
    for value in cells:
        if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
            yield None if isinstance(value, float) and math.isnan(value) else value
            continue
        text = str(value).strip()
        if text.casefold() in _NO_NUMBER:
            yield None
        elif not _NUMBER.fullmatch(text) or (coded and _LEADING_ZERO.match(text)):
            raise ValueError(text)
        else:
            plain = text.replace(",", "")
            yield int(plain) if _WHOLE.fullmatch(text) else float(plain)


def _series(pandas: Any, values: list[Any], numbers: bool) -> Series[Any]:
    if not numbers:
        return pandas.Series(values, dtype=None if any(values) else object)
    present = [value for value in values if value is not None]
    if not present or any(isinstance(value, float) for value in present):
        return pandas.Series(values, dtype="float64")
    if any(abs(value) >= _LARGEST for value in present):
        return pandas.Series(values, dtype=object)
    return pandas.Series(values, dtype="int64" if len(present) == len(values) else "Int64")
