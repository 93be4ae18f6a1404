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
from alpine.sandbox.engine.database import PLACE, Cursor, DatabaseTable
from alpine.sandbox.engine.expressions import quoted

if TYPE_CHECKING:
    from alpine.sandbox.engine.designs import Array

_warnings_lock = threading.Lock()
_INFO_DIGITS = 6


@dataclass(frozen=True)
class Scored:
    """What a predictor adds to a table.

    :param places: The numbers of the rows that the model can score.
    :param columns: The values of each added column, for those rows.
    :param warnings: What the user should know, such as how many rows got nothing.
    """

    places: Array
    columns: dict[str, Any]
    warnings: Sequence[str] = ()


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
            f"INFO_{self.short}": class_shares(self.classes.names, judged.probabilities),
        }
        return Scored(judged.places, columns, judged.warnings)


def class_shares(names: Sequence[str], probabilities: Array) -> list[str]:
    """How likely each class is, as JSON."""
    import json

    # One text with places for the numbers: to write a million dicts takes seconds.
    keys = (json.dumps(name, ensure_ascii=False).replace("%", "%%") for name in names)
    text = "{" + ", ".join(f"{key}: %r" for key in keys) + "}"
    return [text % tuple(row) for row in probabilities.round(_INFO_DIGITS).tolist()]


def with_columns(cursor: Cursor, table: DatabaseTable, places: Array, added: dict[str, Any]) -> DatabaseTable:
    """A table with further columns, by the number of the row; rows that have none get nulls."""
    import pandas as pd

    data = pd.DataFrame({"place": places, **{f"c{i}": values for i, values in enumerate(added.values())}})
    fresh = cursor.take(data.astype({f"c{i}": kind for i, kind in enumerate(map(_kind_to_keep, added.values()))}))
    old = [f"t.{quoted(column)}" for column in table.columns]
    new = [f"s.c{i} AS {quoted(name)}" for i, name in enumerate(added)]
    return cursor.make(
        f"SELECT {', '.join(old + new)} FROM {table.rows} t LEFT JOIN {fresh.sql} s ON t.{PLACE} = s.place "
        f"ORDER BY t.{PLACE}"
    )


def _kind_to_keep(values: Any) -> str:
    """The type of an added column, also where no row has a value."""
    import numpy as np

    kind = values.dtype.kind if isinstance(values, np.ndarray) else ""
    return {"f": "float64", "i": "int64"}.get(kind, "string")


@contextmanager
def quiet() -> Iterator[None]:
    """Fit without warnings of the statistics libraries; a fit that fails is judged by its result."""
    import numpy as np

    with _warnings_lock, warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield
