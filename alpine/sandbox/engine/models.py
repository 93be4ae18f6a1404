"""Fitted models, as one operator hands them to the next."""

from __future__ import annotations

import threading
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from alpine.sandbox.engine.classes import Classes
from alpine.sandbox.engine.database import Cursor, DatabaseTable
from alpine.sandbox.engine.expressions import literal, quoted

if TYPE_CHECKING:
    from alpine.sandbox.engine.designs import Array

_warnings_lock = threading.Lock()
_INFO_DIGITS = 6


@dataclass(frozen=True)
class Scored:
    """What a predictor adds to a table.

    :param places: The numbers of the rows that the model can score.
    :param columns: The values of each added column, for those rows: an array or a list, or :class:`NumberTexts`.
    :param warnings: What the user should know, such as how many rows got nothing.
    """

    places: Array
    columns: dict[str, Any]
    warnings: Sequence[str] = ()


@dataclass(frozen=True)
class NumberTexts:
    """A JSON object of numbers for each row, which the database writes: Python takes seconds for a million.

    :param keys: The keys.
    :param numbers: For each key an array of the rows' numbers.
    """

    keys: Sequence[str]
    numbers: Sequence[Array]

    def sql(self, columns: Sequence[str]) -> str:
        """The text, of columns that hold the numbers."""
        keys = (literal(f"{_written(key)}: ") for key in self.keys)
        parts = (f"{key} || CAST({column} AS VARCHAR)" for key, column in zip(keys, columns, strict=True))
        between = " || ', ' || "
        return f"('{{' || {between.join(parts)} || '}}')"


@dataclass(frozen=True)
class Judged:
    """What a classification model says of the rows of a table that it can judge.

    :param places: The numbers of those rows.
    :param labels: The class that each row has, as text; empty where no column of classes was asked for.
    :param probabilities: A row for each row, a column for each of the model's classes, in their order.
    :param left_out: How many rows of the table lack a value that the model needs, or a class.
    :param warnings: What the user should know of other rows.
    """

    places: Array
    labels: Array
    probabilities: Array
    left_out: int = 0
    warnings: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.places)


class Model(ABC):
    """A fitted model, which can add columns to a table.

    A subclass has the attribute ``name``, the name of the operator that fitted it.
    """

    name: str
    short: ClassVar[str]
    """What stands for its kind in the names of the added columns, such as ``LIR``."""

    @abstractmethod
    def scored(self, cursor: Cursor, table: DatabaseTable) -> Scored:
        """The columns that a predictor adds to a table; columns are found by their names.

        :raises NodeFailure: The table lacks a column that the model needs, or holds another kind of values in it.
        """


class ClassificationModel(Model):
    """A fitted model that knows how likely each class is.

    A subclass has the attributes ``target``, the column that it predicts; ``classes``, its classes; and ``positive``,
    the class that evaluators watch where the flow names none.
    """

    target: str
    classes: Classes
    positive: str

    @abstractmethod
    def judge(self, cursor: Cursor, table: DatabaseTable, label: str | None = None) -> Judged:
        """How likely each class is for the rows of a table.

        :param label: A column of classes, which a row must have to be judged.
        :raises NodeFailure: The table lacks a column that the model needs, or holds another kind of values in it.
        """

    def predicted(self, judged: Judged) -> Array:
        """The likeliest class of each row; of equally likely ones the first."""
        import numpy as np

        likeliest: Array = np.array(self.classes.names, dtype=object)[judged.probabilities.argmax(axis=1)]
        return likeliest

    def scored(self, cursor: Cursor, table: DatabaseTable) -> Scored:
        """The likeliest class of each row, how likely it is, and how likely each class is."""
        judged = self.judge(cursor, table)
        columns = {
            f"PRED_{self.short}": self.predicted(judged),
            f"CONF_{self.short}": judged.probabilities.max(axis=1, initial=0.0),
            f"INFO_{self.short}": NumberTexts(self.classes.names, list(judged.probabilities.T.round(_INFO_DIGITS))),
        }
        return Scored(judged.places, columns, judged.warnings)


def class_shares(names: Sequence[str], probabilities: Array) -> list[str]:
    """How likely each class is, as JSON, for a few rows."""
    text = "{" + ", ".join(f"{_written(name).replace('%', '%%')}: %r" for name in names) + "}"
    return [text % tuple(row) for row in probabilities.round(_INFO_DIGITS).tolist()]


def _written(key: str) -> str:
    import json

    return json.dumps(key, ensure_ascii=False)


def with_columns(
    cursor: Cursor, table: DatabaseTable, places: Array, added: dict[str, Any], *, only_there: bool = False
) -> DatabaseTable:
    """A table with further columns.

    :param places: The numbers of the rows that have values.
    :param added: The values of those rows, by the name of the column.
    :param only_there: Whether the other rows are left out; else they get nulls.
    """
    import numpy as np
    import pyarrow

    there = np.zeros(table.count, dtype=bool)
    there[places] = True
    whole = len(places) == table.count and bool((places[1:] > places[:-1]).all())
    held: dict[str, Any] = {}

    def hold(values: Any) -> str:
        name = f"s.c{len(held)}"
        held[name[2:]] = pyarrow.array(*_spread(values, None if whole else places, there), from_pandas=True)
        return name

    what = [f"t.{quoted(column)}" for column in table.columns]
    for name, values in added.items():
        sql = values.sql([hold(part) for part in values.numbers]) if isinstance(values, NumberTexts) else hold(values)
        what.append(f"{sql} AS {quoted(name)}")
    rest = ""
    if only_there and not whole:
        held["there"] = there
        rest = "WHERE s.there"
    # Row by row: a join by the number of the row would read and sort a large table twice.
    return cursor.take(
        pyarrow.table(held), lambda rows: f"SELECT {', '.join(what)} FROM {table.sql} t POSITIONAL JOIN {rows} s {rest}"
    )


def _spread(values: Any, places: Array | None, there: Array) -> tuple[Any, Any, Any]:
    """Values of some rows as values of all rows: what Arrow makes an array of, its type, and what is null in it.

    :param places: The rows; None where they are all rows in their order.
    :param there: Which rows those are.
    """
    import numpy as np
    import pyarrow

    kind = values.dtype.kind if isinstance(values, np.ndarray) else ""
    kept: Any = {"f": np.float64, "i": np.int64}.get(kind, object)
    type_ = {"f": pyarrow.float64(), "i": pyarrow.int64()}.get(kind, pyarrow.string())
    own: Array = np.asarray(values, dtype=kept)
    if places is None:
        return own, type_, None
    spread: Array = np.zeros(len(there), dtype=kept)
    spread[places] = own
    return spread, type_, ~there


@contextmanager
def quiet() -> Iterator[None]:
    """Fit without warnings of the statistics libraries; a fit that fails is judged by its result."""
    import numpy as np

    with _warnings_lock, warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield
