"""Fitted models, as one operator hands them to the next."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alpine.sandbox.engine.database import PLACE, Cursor, DatabaseTable
from alpine.sandbox.engine.document import kind_of
from alpine.sandbox.engine.expressions import names, quoted
from alpine.sandbox.engine.failures import NodeFailure

if TYPE_CHECKING:
    import pandas as pd

LABEL = "label"
_MAX_CATEGORIES = 200
_warnings_lock = threading.Lock()


@dataclass(frozen=True)
class Features:
    """How columns become numbers: numeric ones as they are, others as a column for every category but the first.

    :param numeric: The numeric columns.
    :param categories: The categories of the others.
    """

    numeric: Sequence[str]
    categories: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, table: DatabaseTable, columns: Sequence[str], data: pd.DataFrame) -> Features:
        """Learn the categories from the data of a fit."""
        numeric = [column for column in columns if kind_of(table.type_of(column)) == "number"]
        categories = {column: sorted(data[column].unique()) for column in columns if column not in numeric}
        for column, found in categories.items():
            if len(found) > _MAX_CATEGORIES:
                raise NodeFailure(
                    f"The column {column!r} has {len(found):,} values; {_MAX_CATEGORIES} can be categories."
                )
        return cls(numeric, categories)

    @property
    def columns(self) -> list[str]:
        """The columns that are needed."""
        return [*self.numeric, *self.categories]

    def matrix(self, data: pd.DataFrame) -> pd.DataFrame:
        """The numbers of some rows, a constant first."""
        import pandas as pd

        parts: dict[str, Any] = {"Intercept": 1.0}
        parts |= {column: data[column].astype(float) for column in self.numeric}
        for column, found in self.categories.items():
            parts |= {f"{column}_{value}": (data[column] == value).astype(float) for value in found[1:]}
        return pd.DataFrame(parts, index=data.index)


@dataclass(frozen=True)
class LinearModel:
    """A fitted linear regression.

    :param name: The operator that fitted it.
    :param target: The column it predicts.
    :param features: What it predicts from.
    :param fit: The result of statsmodels.
    """

    name: str
    target: str
    features: Features
    fit: Any
    short = "LIR"

    def score(self, data: pd.DataFrame) -> dict[str, Any]:
        """The columns that a predictor adds, for rows that lack nothing."""
        return {f"PRED_{self.short}": self.fit.predict(self.features.matrix(data))}


@dataclass(frozen=True)
class LogisticModel:
    """A fitted logistic regression of two classes.

    :param name: The operator that fitted it.
    :param target: The column it predicts.
    :param features: What it predicts from.
    :param fit: The result of statsmodels.
    :param classes: The two classes, sorted.
    :param positive: The class whose probability is fitted.
    """

    name: str
    target: str
    features: Features
    fit: Any
    classes: tuple[str, str]
    positive: str
    short = "LOR"

    def probabilities(self, data: pd.DataFrame) -> Any:
        """The probability of the positive class, for rows that lack nothing."""
        return self.fit.predict(self.features.matrix(data))

    def predicted(self, data: pd.DataFrame) -> Any:
        """The likelier class of each row."""
        negative = next(name for name in self.classes if name != self.positive)
        return (self.probabilities(data) >= 0.5).map({True: self.positive, False: negative})

    def score(self, data: pd.DataFrame) -> dict[str, Any]:
        """The columns that a predictor adds, for rows that lack nothing."""
        import json

        chance = self.probabilities(data)
        first = self.classes[0] == self.positive
        pairs = [(p, 1 - p) if first else (1 - p, p) for p in chance]
        return {
            f"PRED_{self.short}": self.predicted(data),
            f"CONF_{self.short}": chance.where(chance >= 0.5, 1 - chance),
            f"INFO_{self.short}": [
                json.dumps({name: round(float(p), 6) for name, p in zip(self.classes, pair, strict=True)})
                for pair in pairs
            ],
        }


Model = LinearModel | LogisticModel


def complete_rows(
    cursor: Cursor, table: DatabaseTable, columns: Sequence[str], label: str | None = None
) -> pd.DataFrame:
    """The rows of a table that lack none of the columns, with the number of each row as index.

    :param label: A column that comes, as text, under the name ``label``.
    """
    parts = [
        f"{quoted(c)}" if kind_of(table.type_of(c)) == "number" else f"CAST({quoted(c)} AS VARCHAR) AS {quoted(c)}"
        for c in dict.fromkeys(table.find(column) for column in columns)
    ]
    needed = [table.find(column) for column in columns]
    if label is not None:
        parts.append(f"CAST({quoted(table.find(label))} AS VARCHAR) AS {LABEL}__")
        needed.append(table.find(label))
    there = " AND ".join(f"{quoted(column)} IS NOT NULL" for column in needed) or "TRUE"
    data = cursor.dataframe(
        f"SELECT {PLACE} AS row__, {', '.join(parts)} FROM {table.rows} WHERE {there} ORDER BY {PLACE}"
    )
    return data.set_index("row__").rename(columns={f"{LABEL}__": LABEL}) if label else data.set_index("row__")


def with_columns(cursor: Cursor, table: DatabaseTable, added: pd.DataFrame) -> DatabaseTable:
    """A table with further columns, by the number of the row; rows that have none get nulls."""
    fresh = cursor.take(added.rename_axis("row__").reset_index())
    new = names(list(added.columns))
    return cursor.make(
        f"SELECT t.*, {new} FROM {table.rows} t LEFT JOIN {fresh.sql} s ON t.{PLACE} = s.row__ ORDER BY t.{PLACE}"
    )


@contextmanager
def quiet() -> Iterator[None]:
    """Fit without warnings of the statistics libraries; a fit that fails is judged by its result."""
    import numpy as np

    with _warnings_lock, warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield
