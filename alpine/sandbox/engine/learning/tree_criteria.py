"""How good the splits of a node's rows are, and which is best; by variance, where numbers are predicted."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alpine.sandbox.engine.learning.tree_columns import Predictor

if TYPE_CHECKING:
    from alpine.sandbox.engine.designs import Array

_FEW = 2000
"""Up to so many rows, all columns of numbers are looked at together."""
CLOSE = 1e-12
"""Gains that differ by less are equal: sums of logarithms in another order differ by rounding errors."""
CLOSE_MEANS = 1e-10
"""The same for shares of a variance, which are sums over rows."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """The best split of a node's rows by one column.

    :param place: The column's place among the predictors.
    :param gain: What it gains.
    :param sizes: How many rows each child gets.
    :param cut: For a column of numbers: the places of the values on both sides.
    :param codes: For categories: the places of those that occur among the node's rows, sorted.
    :param children: The child that each of them goes to, from 0.
    """

    place: int
    gain: float
    sizes: Sequence[int]
    cut: tuple[int, int] | None = None
    codes: Array | None = None
    children: Array | None = None

    def child_of(self, codes: Array) -> Array:
        """The child that each of some values goes to."""
        import numpy as np

        if self.cut is not None:
            right: Array = (codes > self.cut[0]).astype(np.int64)
            return right
        assert self.codes is not None
        assert self.children is not None
        found: Array = self.children[np.searchsorted(self.codes, codes)]
        return found


class Criterion(ABC):
    """What tells a good split from a bad one.

    :param predictors: The columns.
    :param target: The class of each row, as a place, or its number.
    """

    uses_categories_once: bool
    """Whether a column of categories is used up once it splits."""
    close: float = CLOSE

    def __init__(self, predictors: list[Predictor], target: Array) -> None:
        self.predictors = predictors
        self.target = target

    @abstractmethod
    def describe(self, rows: Array) -> Array:
        """What a node keeps of its rows: the number of each class, or their number, mean and deviation."""

    def is_pure(self, rows: Array) -> bool:
        """Whether all rows have the same target."""
        values = self.target[rows]
        return bool((values == values[0]).all())

    @abstractmethod
    def best(self, place: int, rows: Array) -> Candidate | None:
        """The best split by one column; None where it has one value alone."""

    @abstractmethod
    def _gains(self, target: Array) -> Array:
        """The gains of all cuts of rows that are in the order of a column.

        :param target: The target of each row, in a line for each column.
        :returns: What the first row gains alone, the first two, and so on; for each column.
        """

    def all_best(self, places: Sequence[int], rows: Array, go_on: Callable[[], None]) -> list[Candidate]:
        """The best split of each column that has more than one value, in their order.

        :param go_on: Called again and again; raises where the work is to end.
        """
        together = [place for place in places if self.predictors[place].is_number] if len(rows) <= _FEW else []
        found = self._cuts(together, rows) if together else []
        for place in places if not together else [place for place in places if not self.predictors[place].is_number]:
            go_on()
            best = self.best(place, rows)
            if best is not None:
                found.append(best)
        return sorted(found, key=lambda candidate: candidate.place)

    def _cuts(self, places: list[int], rows: Array) -> list[Candidate]:
        """The best cuts of several columns of numbers at once, which is faster where there are few rows."""
        import numpy as np

        codes = np.array([self.predictors[place].codes[rows] for place in places])
        order = codes.argsort(axis=1, kind="stable")
        codes = codes[np.arange(len(places))[:, None], order]
        gains = np.where(codes[:, 1:] != codes[:, :-1], self._gains(self.target[rows][order]), -np.inf)
        most = gains.max(axis=1)
        best = (gains >= most[:, None] - self.close).argmax(axis=1)
        found = []
        for line, at in enumerate(best.tolist()):
            if codes[line, 0] != codes[line, -1]:
                cut = (int(codes[line, at]), int(codes[line, at + 1]))
                found.append(Candidate(places[line], float(gains[line, at]), (at + 1, len(rows) - at - 1), cut))
        return found


class Variance(Criterion):
    """The share of a node's variance that two children take away."""

    uses_categories_once = False
    close = CLOSE_MEANS

    def describe(self, rows: Array) -> Array:
        import numpy as np

        values = self.target[rows]
        # The methods of arrays take longer to begin than a small node to be summed up.
        mean = np.add.reduce(values) / len(values)
        away = values - mean
        return np.array([len(values), mean, math.sqrt(np.add.reduce(away * away) / len(values))])

    def best(self, place: int, rows: Array) -> Candidate | None:
        import numpy as np

        predictor, values = self.predictors[place], self.target[rows]
        codes, sizes, sums = _sums(predictor.codes[rows], len(predictor.values), _standardized(values))
        if len(codes) < 2:
            return None
        # The best grouping into two parts the categories somewhere in the order of their means.
        order = None if predictor.is_number else np.argsort(sums / sizes, kind="stable")
        if order is not None:
            sizes, sums = sizes[order], sums[order]
        left, total, many = np.cumsum(sizes)[:-1], np.cumsum(sums), len(values)
        below, above = total[:-1], total[-1] - total[:-1]
        gains = (below**2 / left + above**2 / (many - left) - total[-1] ** 2 / many) / many
        return best_cut(place, codes, left, many, gains, self.close, order)

    def _gains(self, target: Array) -> Array:
        import numpy as np

        rows = target.shape[1]
        left = np.arange(1, rows)
        moved = target - np.add.reduce(target[0]) / rows
        moved /= np.maximum.reduce(np.abs(moved[0]))
        moved /= math.sqrt(np.add.reduce(moved[0] * moved[0]) / rows)
        below = np.cumsum(moved, axis=1)
        total, below = below[:, -1:], below[:, :-1]
        above = total - below
        gains: Array = (below * below / left + above * above / (rows - left) - total * total / rows) / rows
        return gains


def _standardized(values: Array) -> Array:
    """Numbers with mean 0 and deviation 1, so that gains of any scale are compared as shares."""
    import numpy as np

    moved = values - values.mean()
    moved = moved / np.abs(moved).max()
    scaled: Array = moved / np.sqrt((moved**2).mean())
    return scaled


def _sums(codes: Array, values: int, target: Array) -> tuple[Array, Array, Array]:
    """The values that occur, how many rows have each, and the sum of their targets."""
    import numpy as np

    if values <= 4 * len(codes):
        sizes = np.bincount(codes, minlength=values)
        there = np.flatnonzero(sizes)
        return there, sizes[there], np.bincount(codes, weights=target, minlength=values)[there]
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    sizes = np.diff(np.append(starts, len(ordered)))
    return ordered[starts], sizes, np.add.reduceat(target[order], starts)


def best_cut(
    place: int, codes: Array, left: Array, rows: int, gains: Array, close: float, order: Array | None = None
) -> Candidate:
    """The best of all splits of values into the first ones and the others.

    :param left: How many rows the first ones have, for each split.
    :param order: The order of the values, where it is another than that of numbers.
    """
    import numpy as np

    best = first_best(gains, close)
    gain, sizes = float(gains[best]), (int(left[best]), rows - int(left[best]))
    if order is None:
        return Candidate(place, gain, sizes, (int(codes[best]), int(codes[best + 1])))
    children = np.empty(len(codes), dtype=np.int64)
    children[order] = np.arange(len(codes)) > best
    return Candidate(place, gain, sizes, None, codes, children)


def first_best(gains: Array, close: float) -> int:
    """The place of the greatest gain; of equal ones the first."""
    return int((gains >= gains.max() - close).argmax())
