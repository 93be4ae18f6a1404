"""How good the splits of a node's rows are: information gain, Gini impurity and variance."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.learning.tree_columns import Predictor

if TYPE_CHECKING:
    from alpine.sandbox.engine.designs import Array

_CELLS = 20_000_000
"""The most counts that are held at a time."""
MOST_GROUPED = 12
"""The most categories of a node with three classes or more, of which every grouping is tried."""
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

        codes = np.stack([self.predictors[place].codes[rows] for place in places])
        order = np.argsort(codes, axis=1, kind="stable")
        codes = np.take_along_axis(codes, order, axis=1)
        gains = np.where(codes[:, 1:] != codes[:, :-1], self._gains(self.target[rows][order]), -np.inf)
        most = gains.max(axis=1)
        best = (gains >= most[:, None] - self.close).argmax(axis=1)
        found = []
        for line, at in enumerate(best.tolist()):
            if codes[line, 0] != codes[line, -1]:
                cut = (int(codes[line, at]), int(codes[line, at + 1]))
                found.append(Candidate(places[line], float(gains[line, at]), (at + 1, len(rows) - at - 1), cut))
        return found


class _Counts:
    """How many of a node's rows have each value and each class, the pairs that occur alone.

    :param codes: Each row's value.
    :param classes: Each row's class.
    :param values: How many values there are in all.
    :param kinds: How many classes.
    """

    def __init__(self, codes: Array, classes: Array, values: int, kinds: int) -> None:
        import numpy as np

        keys = codes.astype(np.int64) * kinds + classes
        if values * kinds <= 4 * len(keys):
            everything = np.bincount(keys, minlength=values * kinds)
            pairs = np.flatnonzero(everything)
            self.counts: Array = everything[pairs]
        else:
            pairs, self.counts = np.unique(keys, return_counts=True)
        of_pair = pairs // kinds
        starts = np.flatnonzero(np.concatenate(([True], of_pair[1:] != of_pair[:-1])))
        self.codes: Array = of_pair[starts]
        self.sizes: Array = np.add.reduceat(self.counts, starts)
        self.rows = len(codes)
        self._classes: Array = pairs % kinds
        self._group: Array = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(pairs))))
        self.totals: Array = np.bincount(self._classes, weights=self.counts, minlength=kinds).astype(np.int64)

    def parts(self) -> Iterator[tuple[Array, Array]]:
        """The counts of a few classes at a time: a row for each class, a column for each value."""
        import numpy as np

        kinds = np.flatnonzero(self.totals)
        step = max(_CELLS // len(self.codes), 1)
        for begin in range(0, len(kinds), step):
            chosen = kinds[begin : begin + step]
            line = np.searchsorted(chosen, self._classes).clip(max=len(chosen) - 1)
            there = chosen[line] == self._classes
            table: Array = np.zeros((len(chosen), len(self.codes)), dtype=np.int64)
            table[line[there], self._group[there]] = self.counts[there]
            yield table, self.totals[chosen]


class _OfClasses(Criterion):
    """A criterion on classes."""

    def __init__(self, predictors: list[Predictor], target: Array, kinds: int) -> None:
        super().__init__(predictors, target)
        self._kinds = kinds

    def describe(self, rows: Array) -> Array:
        import numpy as np

        return np.bincount(self.target[rows], minlength=self._kinds)

    def best(self, place: int, rows: Array) -> Candidate | None:
        predictor = self.predictors[place]
        found = _Counts(predictor.codes[rows], self.target[rows], len(predictor.values), self._kinds)
        if len(found.codes) < 2:
            return None
        return self._cut(place, found) if predictor.is_number else self._grouped(place, found)

    @abstractmethod
    def _cut(self, place: int, found: _Counts) -> Candidate:
        """The best cut of a column of numbers."""

    @abstractmethod
    def _grouped(self, place: int, found: _Counts) -> Candidate:
        """The best children of a column of categories."""


class InformationGain(_OfClasses):
    """The loss of entropy, in bits; a column of categories has a child for each of them.

    :param kinds: How many classes there are.
    """

    uses_categories_once = True

    def __init__(self, predictors: list[Predictor], target: Array, kinds: int) -> None:
        import numpy as np

        super().__init__(predictors, target, kinds)
        numbers = np.arange(len(target) + 1, dtype=float)
        numbers[0] = 1
        # n * log2(n), whose differences are entropies; looked up, since logarithms are slow.
        self._bits: Array = numbers * np.log2(numbers)

    def _cut(self, place: int, found: _Counts) -> Candidate:
        import numpy as np

        bits = self._bits
        left = np.cumsum(found.sizes)[:-1]
        gains = bits[found.rows] - bits[found.totals].sum() - bits[left] - bits[found.rows - left]
        for table, totals in found.parts():
            below = np.cumsum(table[:, :-1], axis=1)
            gains += bits[below].sum(axis=0)
            gains += bits[totals[:, None] - below].sum(axis=0)
        return _cut(place, found.codes, left, found.rows, gains / found.rows, self.close)

    def _gains(self, target: Array) -> Array:
        import numpy as np

        bits, rows = self._bits, target.shape[1]
        left = np.arange(1, rows)
        totals = np.bincount(target[0])
        gains: Array = bits[rows] - bits[totals].sum() - bits[left] - bits[rows - left] + np.zeros((len(target), 1))
        for kind in np.flatnonzero(totals):
            below = np.cumsum(target == kind, axis=1)[:, :-1]
            gains += bits[below]
            gains += bits[totals[kind] - below]
        gains /= rows
        return gains

    def _grouped(self, place: int, found: _Counts) -> Candidate:
        import numpy as np

        bits = self._bits
        inside = bits[found.sizes].sum() - bits[found.counts].sum()
        gain = bits[found.rows] - bits[found.totals].sum() - inside
        children = np.arange(len(found.codes))
        return Candidate(place, float(gain) / found.rows, found.sizes.tolist(), None, found.codes, children)


class Gini(_OfClasses):
    """The loss of Gini impurity by two children.

    :param kinds: How many classes there are.
    """

    uses_categories_once = False

    def _cut(self, place: int, found: _Counts) -> Candidate:
        return self._ordered(place, found, None)

    def _gains(self, target: Array) -> Array:
        import numpy as np

        rows = target.shape[1]
        left = np.arange(1, rows)
        totals = np.bincount(target[0])
        gains: Array = np.full((len(target), rows - 1), -float((totals.astype(float) ** 2).sum()) / rows)
        for kind in np.flatnonzero(totals):
            below = np.cumsum(target == kind, axis=1)[:, :-1].astype(float)
            gains += below**2 / left + (totals[kind] - below) ** 2 / (rows - left)
        gains /= rows
        return gains

    def _ordered(self, place: int, found: _Counts, order: Array | None) -> Candidate:
        """The best split of the values, in an order, into the first ones and the others; a cut without an order."""
        import numpy as np

        left = np.cumsum(found.sizes if order is None else found.sizes[order])[:-1]
        ones, others = np.zeros(len(left)), np.zeros(len(left))
        for table, totals in found.parts():
            below = np.cumsum((table if order is None else table[:, order])[:, :-1], axis=1)
            ones += (below.astype(float) ** 2).sum(axis=0)
            others += ((totals[:, None] - below).astype(float) ** 2).sum(axis=0)
        base = float((found.totals.astype(float) ** 2).sum()) / found.rows
        gains = (ones / left + others / (found.rows - left) - base) / found.rows
        return _cut(place, found.codes, left, found.rows, gains, self.close, order)

    def _grouped(self, place: int, found: _Counts) -> Candidate:
        import numpy as np

        kinds = int((found.totals > 0).sum())
        if kinds <= 2:
            # Of all groupings into two the best one parts them somewhere in this order (Breiman et al. 1984).
            share = next(found.parts())[0][-1] / found.sizes
            return self._ordered(place, found, np.argsort(share, kind="stable"))
        if len(found.codes) > MOST_GROUPED:
            column = self.predictors[place].column
            raise NodeFailure(
                f"The column {column!r} has {len(found.codes):,} values in a node of {kinds} classes. Where there are "
                f"more than two classes, a tree of two branches is grown on up to {MOST_GROUPED} values, of which all "
                f"groupings are tried: group the values, leave the column out, or use a Decision Tree, which has a "
                f"branch for each value."
            )
        [(counts, _)] = found.parts()
        many = len(found.codes)
        # The first value stays on the left, since a grouping and its mirror are the same.
        numbers = np.arange(1, 2 ** (many - 1), dtype=np.int64)
        right = (numbers[:, None] >> np.arange(many - 1)) & 1
        right = np.column_stack([np.zeros(len(right), dtype=np.int64), right])
        above = right @ counts.T
        size = above.sum(axis=1)
        below = counts.sum(axis=1) - above
        base = float((found.totals.astype(float) ** 2).sum()) / found.rows
        inside = (below**2).sum(axis=1) / (found.rows - size) + (above**2).sum(axis=1) / size
        gains = (inside - base) / found.rows
        best = _first_best(gains, self.close)
        sizes = (found.rows - int(size[best]), int(size[best]))
        return Candidate(place, float(gains[best]), sizes, None, found.codes, right[best])


class Variance(Criterion):
    """The share of a node's variance that two children take away."""

    uses_categories_once = False
    close = CLOSE_MEANS

    def describe(self, rows: Array) -> Array:
        import numpy as np

        values = self.target[rows]
        return np.array([len(values), values.mean(), values.std()])

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
        return _cut(place, codes, left, many, gains, self.close, order)

    def _gains(self, target: Array) -> Array:
        import numpy as np

        rows = target.shape[1]
        left = np.arange(1, rows)
        moved = target - target[0].mean()
        moved /= np.abs(moved[0]).max()
        moved /= np.sqrt((moved[0] ** 2).mean())
        below = np.cumsum(moved, axis=1)
        total, below = below[:, -1:], below[:, :-1]
        gains: Array = (below**2 / left + (total - below) ** 2 / (rows - left) - total**2 / rows) / rows
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


def _cut(
    place: int, codes: Array, left: Array, rows: int, gains: Array, close: float, order: Array | None = None
) -> Candidate:
    """The best of all splits of values into the first ones and the others.

    :param left: How many rows the first ones have, for each split.
    :param order: The order of the values, where it is another than that of numbers.
    """
    import numpy as np

    best = _first_best(gains, close)
    gain, sizes = float(gains[best]), (int(left[best]), rows - int(left[best]))
    if order is None:
        return Candidate(place, gain, sizes, (int(codes[best]), int(codes[best + 1])))
    children = np.empty(len(codes), dtype=np.int64)
    children[order] = np.arange(len(codes)) > best
    return Candidate(place, gain, sizes, None, codes, children)


def _first_best(gains: Array, close: float) -> int:
    """The place of the greatest gain; of equal ones the first."""
    return int((gains >= gains.max() - close).argmax())
