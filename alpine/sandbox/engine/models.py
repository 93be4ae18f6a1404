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
from alpine.sandbox.engine.document import kind_of
from alpine.sandbox.engine.expressions import quoted
from alpine.sandbox.engine.failures import NodeFailure

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

INTERCEPT = "Intercept"
_MAX_CATEGORIES = 200
_SHOWN = 5
_warnings_lock = threading.Lock()


@dataclass(frozen=True)
class Rows:
    """The rows of a table that lack nothing of what a model needs.

    :param places: The number of each row in its table.
    :param columns: The values of each column that was asked for, by position: numbers, or texts.
    :param labels: The class of each row, as text; empty where no column of classes was asked for.
    :param left_out: How many rows of the table lack something.
    """

    places: Array
    columns: Sequence[Array]
    labels: Array
    left_out: int = 0

    def __len__(self) -> int:
        return len(self.places)

    def where(self, mask: Array) -> Rows:
        """Some of the rows.

        :param mask: Which rows to keep.
        """
        labels = self.labels[mask] if len(self.labels) else self.labels
        return Rows(self.places[mask], [column[mask] for column in self.columns], labels, self.left_out)


@dataclass(frozen=True)
class Feature:
    """How one column becomes numbers: as it is, or as a column for every category but the first.

    :param column: The column's name.
    :param categories: Its categories, sorted; None for a column of numbers.
    """

    column: str
    categories: tuple[str, ...] | None = None

    @property
    def names(self) -> list[str]:
        """The names of its design columns. They are for display alone: two features may have the same."""
        return [self.column] if self.categories is None else [f"{self.column}_{value}" for value in self.categories[1:]]

    def numbers(self, values: Array) -> list[Array]:
        """Its design columns for some rows."""
        if self.categories is None:
            return [values]
        return [(values == value).astype(float) for value in self.categories[1:]]


@dataclass(frozen=True)
class Design:
    """How rows become the matrix of a fit: a column of ones, then the features' columns, each centred and scaled.

    The columns are told apart by position, never by name. They are scaled because statsmodels drops directions that
    are small beside others: a column of numbers near 1e15 would otherwise cost the fit its intercept. A column that
    is collinear with those before it takes no part in the fit, since no weight of it would be the only right one.

    :param features: The features.
    :param centre: What is taken off each design column, the ones left out.
    :param scale: What each is divided by then.
    :param fitted: Which columns take part in the fit, the ones first.
    """

    features: tuple[Feature, ...]
    centre: Array
    scale: Array
    fitted: Array

    @classmethod
    def of(cls, table: DatabaseTable, columns: Sequence[str], rows: Rows) -> Design:
        """Learn categories and scales from the rows of a fit.

        :raises NodeFailure: A column has too many categories, or there are too few rows.
        """
        import numpy as np

        features = tuple(
            Feature(column) if kind_of(table.type_of(column)) == "number" else _categorical(column, values)
            for column, values in zip(columns, rows.columns, strict=True)
        )
        width = 1 + sum(len(feature.names) for feature in features)
        if len(rows) <= width:
            raise NodeFailure(
                f"There are only {len(rows):,} rows without missing values; that is too few to fit {width:,} "
                f"coefficients (one for each numeric column, for each category but the first, and the intercept)."
            )
        matrix = _stacked(features, rows)
        centre = matrix.mean(axis=0)
        spread = np.abs(matrix - centre).max(axis=0)
        # A constant column has a spread of rounding errors, which a scale would blow up to a column of noise.
        constant = matrix.max(axis=0) == matrix.min(axis=0)
        centre = np.where(constant, matrix[0], centre)
        scale = np.where(constant | (spread == 0), 1.0, spread)
        return cls(features, centre, scale, _independent(_with_ones((matrix - centre) / scale)))

    @property
    def columns(self) -> list[str]:
        """The columns of a table that are needed."""
        return [feature.column for feature in self.features]

    @property
    def names(self) -> list[str]:
        """Names of the coefficients, to be shown; the first is the intercept's."""
        return [INTERCEPT, *(name for feature in self.features for name in feature.names)]

    def matrix(self, rows: Rows) -> Array:
        """The scaled matrix of some rows, with the columns that take part in the fit."""
        matrix: Array = _with_ones((_stacked(self.features, rows) - self.centre) / self.scale)[:, self.fitted]
        return matrix

    @property
    def contrasts(self) -> Array:
        """What turns the scaled matrix's coefficients into those of the columns as they are; 0 for one left out."""
        import numpy as np

        turned = np.diag([1.0, *(1.0 / self.scale)])
        turned[0, 1:] = -self.centre / self.scale
        found: Array = turned[:, self.fitted]
        return found

    @property
    def left_out(self) -> list[str]:
        """The names of the design columns that are collinear with others before them."""
        return [name for name, is_fitted in zip(self.names, self.fitted, strict=True) if not is_fitted]

    def known(self, rows: Rows) -> tuple[Array, list[str]]:
        """Which rows hold only categories that the fit has seen, and a warning for each column where some do not."""
        import numpy as np

        known, remarks = np.ones(len(rows), dtype=bool), []
        for feature, values in zip(self.features, rows.columns, strict=True):
            if feature.categories is None:
                continue
            seen = np.isin(values, np.array(feature.categories, dtype=object))
            known &= seen
            if not seen.all():
                fresh = sorted(set(values[~seen]))
                shown = ", ".join(map(repr, fresh[:_SHOWN])) + (", …" if len(fresh) > _SHOWN else "")
                remarks.append(
                    f"Rows without a prediction, since the model was not fitted on their value of {feature.column!r} "
                    f"({shown}): {int((~seen).sum()):,}."
                )
        return known, remarks


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


def _categorical(column: str, values: Array) -> Feature:
    found = sorted(set(values))
    if len(found) > _MAX_CATEGORIES:
        raise NodeFailure(f"The column {column!r} has {len(found):,} values; {_MAX_CATEGORIES} can be categories.")
    return Feature(column, tuple(found))


def _stacked(features: Sequence[Feature], rows: Rows) -> Array:
    import numpy as np

    parts = [
        numbers for feature, values in zip(features, rows.columns, strict=True) for numbers in feature.numbers(values)
    ]
    return np.column_stack(parts) if parts else np.empty((len(rows), 0))


def _with_ones(matrix: Array) -> Array:
    import numpy as np

    return np.column_stack([np.ones(len(matrix)), matrix])


def _independent(matrix: Array) -> Array:
    """Which columns are no sum of multiples of those before them."""
    import numpy as np

    everything = np.ones(matrix.shape[1], dtype=bool)
    least = max(matrix.shape) * np.finfo(float).eps
    # The triangle of a QR decomposition has the singular values of the matrix, and few rows.
    found = np.linalg.svd(np.linalg.qr(matrix, mode="r"), compute_uv=False)
    if found[-1] > least * found[0]:
        return everything
    basis: list[Array] = []
    for place, column in enumerate(matrix.T):
        norm, rest = float(np.linalg.norm(column)), column
        # Once more, for what rounding left the first time.
        for _ in range(2):
            for direction in basis:
                rest = rest - (direction @ rest) * direction
        left = float(np.linalg.norm(rest))
        if left > 10 * least * norm:
            basis.append(rest / left)
        else:
            everything[place] = False
    return everything
