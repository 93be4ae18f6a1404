"""How rows of a table become the numbers of a fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from typing import TYPE_CHECKING, Any

from alpine.sandbox.engine.blas import one_thread
from alpine.sandbox.engine.database import DatabaseTable
from alpine.sandbox.engine.document import kind_of
from alpine.sandbox.engine.failures import NodeFailure

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

INTERCEPT = "Intercept"
_MAX_CATEGORIES = 200
_SHOWN = 5
_BLOCK = 2**17
"""The numbers of a block of design columns: few enough for a processor's cache."""
_LEAST_ROWS, _MOST_ROWS = 256, 2**14
_WELL_CONDITIONED = 1e-6
_SMALLEST_EXPONENT = -1000


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

    def coded(self, values: Array) -> Array:
        """The values as numbers: as they are, or the place of each category, -1 for one the fit has not seen."""
        import numpy as np

        if self.categories is None:
            return values
        places = {category: place for place, category in enumerate(self.categories)}
        return np.fromiter(map(places.get, values, repeat(-1)), np.int32, len(values))


@dataclass(frozen=True)
class Design:
    """How rows become the matrix of a fit: a column of ones, then the features' columns, each centred and scaled.

    The columns are told apart by position, never by name. They are centred and scaled because cross products lose
    digits otherwise: a column of numbers near 1e15 would cost the fit its intercept. A column that is collinear with
    those before it takes no part in the fit, since no weight of it would be the only right one.

    The matrix of all rows is never made: the fits go through it in blocks.

    :param features: The features.
    :param centre: What is taken off each design column, the ones left out.
    :param scale: What each is divided by then, powers of two.
    :param fitted: Which columns take part in the fit, the ones first.
    :param basis: What turns those columns into well-conditioned ones; None where they are so already.
    """

    features: tuple[Feature, ...]
    centre: Array
    scale: Array
    fitted: Array
    basis: Array | None = None

    @classmethod
    @one_thread()
    def of(
        cls, table: DatabaseTable, columns: Sequence[str], rows: Rows, check: Callable[[], None] = lambda: None
    ) -> Design:
        """Learn categories and scales from the rows of a fit.

        :param check: Called now and then; raises where the fit is to be broken off.
        :raises NodeFailure: A column has too many categories or too large numbers, or there are too few rows.
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
        coded = [feature.coded(values) for feature, values in zip(features, rows.columns, strict=True)]
        centre, spread = _centred(features, coded)
        exponent = np.frexp(spread)[1].astype(int)
        scale = np.where(spread == 0, 1.0, np.ldexp(1.0, np.maximum(exponent, _SMALLEST_EXPONENT)))
        design = cls(features, centre, scale, np.ones(width, dtype=bool))
        products = design.products(coded, check)
        there = np.diag(products) > 0
        if _is_well_conditioned(products[np.ix_(there, there)]):
            return replace(design, fitted=there)
        # Cross products have lost too many digits to tell what is collinear.
        triangle = design._triangle(coded, check)
        fitted = _independent(triangle, len(rows))
        rest = _triangle_of(triangle[:, fitted])
        basis = None if _is_well_conditioned(rest.T @ rest) else np.linalg.inv(rest)
        return replace(design, fitted=fitted, basis=basis)

    @property
    def columns(self) -> list[str]:
        """The columns of a table that are needed."""
        return [feature.column for feature in self.features]

    @property
    def names(self) -> list[str]:
        """Names of the coefficients, to be shown; the first is the intercept's."""
        return [INTERCEPT, *(name for feature in self.features for name in feature.names)]

    def coded(self, rows: Rows) -> list[Array]:
        """The features' columns of some rows as numbers, which the other methods take."""
        return [feature.coded(values) for feature, values in zip(self.features, rows.columns, strict=True)]

    def blocks(self, coded: Sequence[Array], check: Callable[[], None] = lambda: None) -> Iterator[tuple[slice, Array]]:
        """The matrix of some rows, a block after the other, each with a row for each of the matrix's columns.

        :param check: Called before each block.
        """
        import numpy as np

        size = min(max(_BLOCK // len(self.fitted), _LEAST_ROWS), _MOST_ROWS)
        total, factor = len(coded[0]), 1.0 / self.scale
        for first in range(0, total, size):
            check()
            part = slice(first, min(first + size, total))
            block = np.empty((len(self.fitted), part.stop - part.start))
            block[0] = 1.0
            place = 1
            for feature, values in zip(self.features, coded, strict=True):
                if feature.categories is None:
                    block[place] = values[part]
                else:
                    others = np.arange(1, len(feature.categories), dtype=np.int32)
                    block[place : place + len(others)] = values[part] == others[:, None]
                place += len(feature.names)
            block[1:] -= self.centre[:, None]
            block[1:] *= factor[:, None]
            if not self.fitted.all():
                block = block[self.fitted]
            yield part, block if self.basis is None else self.basis.T @ block

    def matrix(self, rows: Rows) -> Array:
        """The matrix of some rows, all of it: for few rows."""
        import numpy as np

        return np.concatenate([block for _, block in self.blocks(self.coded(rows))], axis=1).T

    def products(self, coded: Sequence[Array], check: Callable[[], None]) -> Array:
        """The cross products of the matrix's columns."""
        found: Array = sum(block @ block.T for _, block in self.blocks(coded, check))  # type: ignore[assignment]
        return found

    @one_thread()
    def weighted(self, coded: Sequence[Array], weights: Array, check: Callable[[], None] = lambda: None) -> Array:
        """The sum of the matrix's columns, each times its weight, for every row."""
        import numpy as np

        found = np.empty(len(coded[0]))
        for part, block in self.blocks(coded, check):
            found[part] = weights @ block
        return found

    def _triangle(self, coded: Sequence[Array], check: Callable[[], None]) -> Array:
        """The triangle of the matrix's QR decomposition: the columns of a matrix of few rows, as far as fits tell."""
        import numpy as np

        found: Array = np.empty((0, len(self.fitted)))
        for _, block in self.blocks(coded, check):
            found = _triangle_of(np.vstack([found, block.T]))
        return found

    @property
    def contrasts(self) -> Array:
        """What turns the matrix's coefficients into those of the columns as they are; 0 for one left out."""
        import numpy as np

        turned = np.diag([1.0, *(1.0 / self.scale)])
        turned[0, 1:] = -self.centre / self.scale
        found: Array = turned[:, self.fitted]
        return found if self.basis is None else found @ self.basis

    @property
    def left_out(self) -> list[str]:
        """The names of the design columns that are collinear with others before them."""
        return [name for name, is_fitted in zip(self.names, self.fitted, strict=True) if not is_fitted]

    def known(self, rows: Rows) -> tuple[Rows, list[str]]:
        """The rows that hold only categories that the fit has seen, and a warning for each column where some do not."""
        import numpy as np

        known, remarks = np.ones(len(rows), dtype=bool), []
        for feature, values, codes in zip(self.features, rows.columns, self.coded(rows), strict=True):
            if feature.categories is None or (codes >= 0).all():
                continue
            seen = codes >= 0
            known &= seen
            fresh = sorted(set(values[~seen]))
            shown = ", ".join(map(repr, fresh[:_SHOWN])) + (", …" if len(fresh) > _SHOWN else "")
            remarks.append(
                f"Rows without a prediction, since the model was not fitted on their value of {feature.column!r} "
                f"({shown}): {int((~seen).sum()):,}."
            )
        return (rows.where(known) if remarks else rows), remarks


def _categorical(column: str, values: Array) -> Feature:
    found = sorted(set(values))
    if len(found) > _MAX_CATEGORIES:
        raise NodeFailure(f"The column {column!r} has {len(found):,} values; {_MAX_CATEGORIES} can be categories.")
    return Feature(column, tuple(found))


def _centred(features: Sequence[Feature], coded: Sequence[Array]) -> tuple[Array, Array]:
    """The mean of each design column, and how far its values are from it at most.

    :raises NodeFailure: The numbers of a column are too large to be told apart from infinite ones.
    """
    import numpy as np

    centre, spread = list[float](), list[float]()
    for feature, values in zip(features, coded, strict=True):
        if feature.categories is not None:
            shares = np.bincount(values, minlength=len(feature.categories))[1:] / len(values)
            centre += shares.tolist()
            spread += np.maximum(shares, 1 - shares).tolist()
            continue
        least, most = float(values.min()), float(values.max())
        # A sum of equal numbers may round, which a scale would blow up to a column of noise.
        with np.errstate(over="ignore"):
            mean = least if least == most else float(values.mean())
        if not np.isfinite(most - least) or not np.isfinite(mean):
            raise NodeFailure(f"The numbers of the column {feature.column!r} are too large for a fit. Scale them down.")
        centre.append(mean)
        spread.append(max(most - mean, mean - least))
    return np.array(centre), np.array(spread)


def _is_well_conditioned(products: Array) -> bool:
    """Whether cross products keep enough digits for a fit."""
    import numpy as np

    size = np.sqrt(np.diag(products))
    values = np.linalg.eigvalsh(products / np.outer(size, size))
    return bool(values[0] > _WELL_CONDITIONED * values[-1])


def _triangle_of(matrix: Array) -> Array:
    import numpy as np

    found: Any = np.linalg.qr(matrix, mode="r")
    return np.asarray(found)


def _independent(triangle: Array, rows: int) -> Array:
    """Which columns are no sum of multiples of those before them.

    :param triangle: The triangle of the QR decomposition of the matrix.
    :param rows: How many rows that has.
    """
    import numpy as np

    width = triangle.shape[1]
    least = 10 * max(rows, width) * np.finfo(float).eps
    found = np.zeros(width, dtype=bool)
    basis = np.empty((0, len(triangle)))
    for place, column in enumerate(triangle.T):
        rest = column
        # Once more, for what rounding left the first time.
        for _ in range(2):
            rest = rest - (basis @ rest) @ basis
        left = float(np.linalg.norm(rest))
        if left > least * float(np.linalg.norm(column)):
            basis = np.vstack([basis, rest / left])
            found[place] = True
    return found
