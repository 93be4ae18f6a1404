"""How rows of a table become the numbers of a fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alpine.sandbox.engine.database import DatabaseTable
from alpine.sandbox.engine.document import kind_of
from alpine.sandbox.engine.failures import NodeFailure

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

INTERCEPT = "Intercept"
_MAX_CATEGORIES = 200
_SHOWN = 5


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
