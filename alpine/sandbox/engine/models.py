"""Fitted models, as one operator hands them to the next."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alpine.sandbox.engine.classes import Classes, class_names
from alpine.sandbox.engine.database import PLACE, Cursor, DatabaseTable
from alpine.sandbox.engine.designs import Design, Rows
from alpine.sandbox.engine.document import kind_of
from alpine.sandbox.engine.expressions import quoted
from alpine.sandbox.engine.failures import NodeFailure

if TYPE_CHECKING:
    from alpine.sandbox.engine.designs import Array

_warnings_lock = threading.Lock()


@dataclass(frozen=True)
class LinearModel:
    """A fitted linear regression.

    :param name: The operator that fitted it.
    :param target: The column it predicts.
    :param design: What it predicts from.
    :param fit: statsmodels' result.
    """

    name: str
    target: str
    design: Design
    fit: Any
    short = "LIR"

    def score(self, rows: Rows) -> dict[str, Any]:
        """The columns that a predictor adds, for rows that lack nothing."""
        return {f"PRED_{self.short}": self.fit.predict(self.design.matrix(rows))}


@dataclass(frozen=True)
class LogisticModel:
    """A fitted logistic regression of two classes.

    :param name: The operator that fitted it.
    :param target: The column it predicts.
    :param design: What it predicts from.
    :param fit: statsmodels' result.
    :param classes: The two classes, in order.
    :param positive: The class whose probability is fitted.
    """

    name: str
    target: str
    design: Design
    fit: Any
    classes: Classes
    positive: str
    short = "LOR"

    def probabilities(self, rows: Rows) -> Array:
        """The probability of the positive class, for rows that lack nothing."""
        import numpy as np

        return np.asarray(self.fit.predict(self.design.matrix(rows)))

    def predicted(self, rows: Rows) -> Array:
        """The likelier class of each row."""
        import numpy as np

        negative = next(name for name in self.classes.names if name != self.positive)
        return np.where(self.probabilities(rows) >= 0.5, self.positive, negative).astype(object)

    def score(self, rows: Rows) -> dict[str, Any]:
        """The columns that a predictor adds, for rows that lack nothing."""
        import json

        import numpy as np

        chance = self.probabilities(rows)
        first = self.classes.names[0] == self.positive
        pairs = [(p, 1 - p) if first else (1 - p, p) for p in chance.tolist()]
        return {
            f"PRED_{self.short}": self.predicted(rows),
            f"CONF_{self.short}": np.where(chance >= 0.5, chance, 1 - chance),
            f"INFO_{self.short}": [
                json.dumps(
                    {name: round(p, 6) for name, p in zip(self.classes.names, pair, strict=True)}, ensure_ascii=False
                )
                for pair in pairs
            ],
        }


Model = LinearModel | LogisticModel


def rows_to_fit(cursor: Cursor, table: DatabaseTable, columns: Sequence[str], target: str) -> tuple[Rows, Array]:
    """The rows of a table that lack none of the columns, and the target's numbers.

    :raises NodeFailure: A column of numbers holds NaN or an infinite one, or the target holds no numbers.
    """
    if not _is_number(table, target):
        raise NodeFailure(f"The dependent column {target!r} should hold numbers, but it holds {table.type_of(target)}.")
    rows = _read(cursor, table, [(column, _is_number(table, column)) for column in [*columns, target]], None)
    _refuse_infinite([*columns, target], rows)
    return Rows(rows.places, rows.columns[:-1], rows.labels, rows.left_out), rows.columns[-1]


def rows_to_classify(cursor: Cursor, table: DatabaseTable, columns: Sequence[str], label: str) -> Rows:
    """The rows of a table that lack none of the columns and have a class.

    :raises NodeFailure: A column of numbers holds NaN or an infinite one.
    """
    rows = _read(cursor, table, [(column, _is_number(table, column)) for column in columns], label)
    _refuse_infinite(columns, rows)
    return rows


def rows_to_score(cursor: Cursor, table: DatabaseTable, design: Design, label: str | None = None) -> Rows:
    """The rows of a table that lack nothing that a model needs; a number that is not finite counts as lacking.

    :param label: A column of classes, which no row may lack either.
    :raises NodeFailure: A column holds no numbers, but the model needs some.
    """
    import numpy as np

    wanted = []
    for feature in design.features:
        column = table.find(feature.column)
        if feature.categories is None and not _is_number(table, column):
            raise NodeFailure(
                f"The model was fitted on numbers in the column {column!r}, but here it holds {table.type_of(column)}."
            )
        wanted.append((column, feature.categories is None))
    rows = _read(cursor, table, wanted, label)
    finite = np.ones(len(rows), dtype=bool)
    for (_, numeric), values in zip(wanted, rows.columns, strict=True):
        if numeric:
            finite &= np.isfinite(values)
    kept = rows.where(finite)
    return Rows(kept.places, kept.columns, kept.labels, rows.left_out + int((~finite).sum()))


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

    return "float64" if isinstance(values, np.ndarray) and values.dtype.kind == "f" else "string"


@contextmanager
def quiet() -> Iterator[None]:
    """Fit without warnings of the statistics libraries; a fit that fails is judged by its result."""
    import numpy as np

    with _warnings_lock, warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def _read(cursor: Cursor, table: DatabaseTable, wanted: Sequence[tuple[str, bool]], label: str | None) -> Rows:
    """Columns of the rows that lack none of them, each as numbers or as text, told apart by position."""
    import numpy as np

    parts = [
        f"CAST({quoted(column)} AS {'DOUBLE' if numeric else 'VARCHAR'}) AS c{i}"
        for i, (column, numeric) in enumerate(wanted)
    ]
    needed = [column for column, _ in wanted]
    if label is not None:
        parts.append(f"CAST({quoted(label)} AS VARCHAR) AS label")
        needed.append(label)
    there = " AND ".join(f"{quoted(column)} IS NOT NULL" for column in dict.fromkeys(needed)) or "TRUE"
    [(total,)] = cursor.fetch(f"SELECT count(*) FROM {table.sql}")
    inner = f"SELECT {', '.join([f'{PLACE} AS place', *parts])} FROM {table.rows} WHERE {there}"
    data = cursor.dataframe(f"SELECT * FROM ({inner}) ORDER BY place")
    columns = [data[f"c{i}"].to_numpy(dtype=float if numeric else object) for i, (_, numeric) in enumerate(wanted)]
    labels = np.array([], dtype=object)
    if label is not None:
        labels = class_names(data["label"].to_numpy(dtype=object), table.type_of(label))
    return Rows(data["place"].to_numpy(), columns, labels, total - len(data))


def _refuse_infinite(columns: Sequence[str], rows: Rows) -> None:
    import numpy as np

    for column, values in zip(columns, rows.columns, strict=True):
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise NodeFailure(
                f"The column {column!r} holds NaN or infinite numbers, which no fit can take. Filter those rows out."
            )


def _is_number(table: DatabaseTable, column: str) -> bool:
    return kind_of(table.type_of(column)) == "number"
