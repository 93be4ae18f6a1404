"""How good the splits of a node's rows are for classes: information gain and Gini impurity."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING

from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.learning.tree_columns import Predictor
from alpine.sandbox.engine.learning.tree_criteria import Candidate, Criterion, best_cut, first_best

if TYPE_CHECKING:
    from alpine.sandbox.engine.designs import Array

_CELLS = 20_000_000
"""The most counts that are held at a time."""
MOST_GROUPED = 12
"""The most categories of a node with three classes or more, of which every grouping is tried."""


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
        return best_cut(place, found.codes, left, found.rows, gains / found.rows, self.close)

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
        return best_cut(place, found.codes, left, found.rows, gains, self.close, order)

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
        best = first_best(gains, self.close)
        sizes = (found.rows - int(size[best]), int(size[best]))
        return Candidate(place, float(gains[best]), sizes, None, found.codes, right[best])
