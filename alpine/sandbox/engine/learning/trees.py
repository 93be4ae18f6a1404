"""Trees that tell rows apart by one column after the other: how they are grown and pruned."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from statistics import NormalDist
from typing import TYPE_CHECKING

from alpine.sandbox.engine.learning.tree_columns import Predictor
from alpine.sandbox.engine.learning.tree_criteria import Candidate, Criterion

if TYPE_CHECKING:
    from alpine.sandbox.engine.designs import Array

_ROUNDING = 1e-12


@dataclass(frozen=True)
class Rules:
    """When a tree stops growing, and how it is pruned.

    :param depth: How many levels of nodes there are at most; None for any number.
    :param confidence: The level of the pessimistic error; None for no pruning.
    :param pre_pruning: Whether the rules that follow count.
    :param minimal_gain: What a split has to exceed; None where it need not gain anything.
    :param minimal_size: How many rows a node needs to be split.
    :param minimal_leaf: How many rows each child needs.
    :param alternatives: How many columns are tried after the best one, where a split is not allowed.
    """

    depth: int | None
    confidence: float | None
    pre_pruning: bool
    minimal_gain: float | None
    minimal_size: int
    minimal_leaf: int
    alternatives: int

    def allow(self, split: Candidate) -> bool:
        """Whether a node may be split so."""
        if not self.pre_pruning:
            return True
        gains = self.minimal_gain is None or split.gain - self.minimal_gain > _ROUNDING
        return gains and min(split.sizes) >= self.minimal_leaf


@dataclass(frozen=True)
class Split:
    """What a node asks of a row.

    :param column: The place of the column among those of the tree.
    :param cut: For a column of numbers: those that are not above it go to the first child, the others to the second.
    :param shown: The cut as text.
    :param groups: For a column of categories: those of each child.
    """

    column: int
    cut: Fraction | None
    shown: str
    groups: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Node:
    """A node of a tree.

    :param parent: The place of the node above it among the tree's nodes, -1 for the root.
    :param branch: Which child of that one it is.
    :param depth: 1 for the root.
    :param summary: What the criterion keeps of the rows that reached it in the fit.
    :param split: What it asks; None for a leaf.
    :param children: The places of its children.
    """

    parent: int
    branch: int
    depth: int
    summary: Array
    split: Split | None = None
    children: tuple[int, ...] = ()


Nodes = Sequence[Node]
"""The nodes of a tree, each before those below it, and those below one child before the next child."""


def grow(criterion: Criterion, rules: Rules, go_on: Callable[[], None]) -> list[Node]:
    """Grow a tree from the root down.

    :param criterion: Says which split is best.
    :param rules: When to stop.
    :param go_on: Called again and again; raises where the work is to end.
    :returns: The nodes.
    """
    import numpy as np

    # A million nodes are made once each; to replace them as their splits and children come to light would cost more.
    summaries: list[tuple[int, int, int, Array]] = []
    splits: list[Split | None] = []
    children: list[list[int]] = []
    every = tuple(range(len(criterion.predictors)))
    waiting: list[tuple[int, int, Array, tuple[int, ...]]] = [(-1, 0, np.arange(len(criterion.target)), every)]
    while waiting:
        go_on()
        parent, branch, rows, columns = waiting.pop()
        place, depth = len(splits), summaries[parent][2] + 1 if splits else 1
        summaries.append((parent, branch, depth, criterion.describe(rows)))
        splits.append(None)
        children.append([])
        if parent >= 0:
            children[parent].append(place)
        found = None if _is_leaf(criterion, rules, depth, rows) else _chosen(criterion, rules, rows, columns, go_on)
        if found is None:
            continue
        splits[place] = _split(criterion.predictors, found)
        predictor = criterion.predictors[found.place]
        used = not predictor.is_number and criterion.uses_categories_once
        left = tuple(column for column in columns if column != found.place) if used else columns
        parts = _parted(predictor.codes[rows], found, rows)
        waiting += [(place, i, part, left) for i, part in reversed(list(enumerate(parts)))]
    return [Node(*own, split, tuple(below)) for own, split, below in zip(summaries, splits, children, strict=True)]


def _is_leaf(criterion: Criterion, rules: Rules, depth: int, rows: Array) -> bool:
    too_deep = rules.depth is not None and depth >= rules.depth
    too_small = rules.pre_pruning and len(rows) < rules.minimal_size
    return too_deep or too_small or criterion.is_pure(rows)


def _chosen(
    criterion: Criterion, rules: Rules, rows: Array, columns: Sequence[int], go_on: Callable[[], None]
) -> Candidate | None:
    """The best split that is allowed, after a few others at most; of equally good ones that of the first column."""
    found = criterion.all_best(columns, rows, go_on)
    for _ in range(rules.alternatives + 1):
        if not found:
            return None
        most = max(candidate.gain for candidate in found) - criterion.close
        best = next(candidate for candidate in found if candidate.gain >= most)
        if rules.allow(best):
            return best
        found.remove(best)
    return None


def _split(predictors: Sequence[Predictor], found: Candidate) -> Split:
    predictor = predictors[found.place]
    if found.cut is not None:
        cut, shown = predictor.midway(*found.cut)
        return Split(found.place, cut, shown, ())
    assert found.codes is not None
    assert found.children is not None
    groups: list[list[str]] = [[] for _ in found.sizes]
    for code, child in zip(found.codes.tolist(), found.children.tolist(), strict=True):
        groups[child].append(predictor.values[code])
    return Split(found.place, None, "", tuple(map(tuple, groups)))


def _parted(codes: Array, found: Candidate, rows: Array) -> Iterator[Array]:
    """The rows of each child."""
    import numpy as np

    child = found.child_of(codes)
    if len(found.sizes) == 2:
        yield rows[child == 0]
        yield rows[child == 1]
        return
    yield from np.split(rows[np.argsort(child, kind="stable")], np.cumsum(found.sizes)[:-1])


def pruned(nodes: Nodes, confidence: float) -> list[Node]:
    """A tree of classes without the subtrees whose leaves are expected to err as often as their node alone.

    :param confidence: The level of the pessimistic error.
    """
    errors = [0.0] * len(nodes)
    kept = list(nodes)
    for place in reversed(range(len(nodes))):
        node = nodes[place]
        rows = int(node.summary.sum())
        alone = rows * pessimistic_error(rows - int(node.summary.max()), rows, confidence)
        below = sum(errors[child] for child in node.children)
        if node.split is None or alone <= below + _ROUNDING * rows:
            kept[place] = replace(node, split=None, children=())
            errors[place] = alone
        else:
            errors[place] = below
    return _reachable(kept)


def pessimistic_error(wrong: int, rows: int, confidence: float) -> float:
    """The share of rows that a leaf is expected to get wrong: the upper end of an interval of C4.5.

    >>> round(pessimistic_error(2, 6, 0.25), 4)
    0.4708
    """
    z = NormalDist().inv_cdf(1 - confidence)
    share = wrong / rows
    spread = z * math.sqrt(max(share / rows - share**2 / rows + z**2 / (4 * rows**2), 0.0))
    return (share + z**2 / (2 * rows) + spread) / (1 + z**2 / rows)


def _reachable(nodes: Nodes) -> list[Node]:
    """The nodes that are still below the root, with new places."""
    places: dict[int, int] = {}
    for place, node in enumerate(nodes):
        if node.parent < 0 or (node.parent in places and nodes[node.parent].split is not None):
            places[place] = len(places)
    return [
        replace(
            nodes[place],
            parent=places.get(nodes[place].parent, -1),
            children=tuple(places[child] for child in nodes[place].children),
        )
        for place in places
    ]
