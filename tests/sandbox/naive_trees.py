"""Trees as their description says, one row and one split after the other, with exact numbers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import combinations, pairwise
from statistics import NormalDist
from typing import Any

Row = tuple[Any, ...]


@dataclass
class Settings:
    """The parameters of a tree."""

    depth: int = 5
    gain: float | None = 0.1
    size: int = 4
    leaf: int = 2
    alternatives: int = 3
    pre_pruning: bool = True
    confidence: float | None = 0.25


@dataclass
class Split:
    """One way to part rows: the child of a row, and what is shown of each child; no child for what was not seen."""

    place: int
    gain: Any
    child: Callable[[Any], int | None]
    shown: list[str]


@dataclass
class Leaf:
    """A node, with its children if it has some."""

    targets: list[Any]
    depth: int
    condition: str = ""
    split: Split | None = None
    children: list[Leaf] = field(default_factory=list)

    def reached(self, row: Row) -> Leaf:
        """Where a row ends."""
        if self.split is None:
            return self
        value = row[self.split.place]
        child = None if value is None else self.split.child(value)
        return self if child is None else self.children[child].reached(row)

    def all(self) -> list[Leaf]:
        """The nodes, each before its children."""
        return [self, *(node for child in self.children for node in child.all())]


class Tree:
    """How a tree is grown on rows whose last cell is the target.

    :param names: the names of the predictors.
    :param kinds: what each holds.
    :param classes: the classes in order; None for numbers.
    :param binary: whether each node has two children.
    """

    def __init__(
        self, names: Sequence[str], kinds: Sequence[str], settings: Settings, classes: list[Any] | None, binary: bool
    ) -> None:
        self.names, self.kinds, self.settings, self.classes, self.binary = names, kinds, settings, classes, binary
        self.tied = False

    def grow(self, rows: Sequence[Row]) -> Leaf:
        """The tree on some rows."""
        root = self._grow(list(rows), tuple(range(len(self.names))), 1, "")
        if self.settings.confidence is not None and self.classes is not None:
            self._prune(root)
        return root

    def counts(self, node: Leaf) -> list[int]:
        """How many of a node's rows are of each class."""
        return [node.targets.count(name) for name in self.classes or []]

    def _grow(self, rows: list[Row], left: tuple[int, ...], depth: int, condition: str) -> Leaf:
        settings = self.settings
        node = Leaf([row[-1] for row in rows], depth, condition)
        if depth == settings.depth or len(set(node.targets)) == 1:
            return node
        if settings.pre_pruning and len(rows) < settings.size:
            return node
        found = [split for place in left if (split := self._best(place, rows)) is not None]
        for _ in range(settings.alternatives + 1):
            if not found:
                return node
            most = max(split.gain for split in found)
            self.tied = self.tied or sum(split.gain == most for split in found) > 1
            best = next(split for split in found if split.gain == most)
            parts = [[row for row in rows if best.child(row[best.place]) == i] for i in range(len(best.shown))]
            if self._is_allowed(best, parts, len(rows)):
                break
            found.remove(best)
        else:
            return node
        node.split = best
        if not self.binary and self.kinds[best.place] in ("text", "flag"):
            left = tuple(place for place in left if place != best.place)
        node.children = [
            self._grow(part, left, depth + 1, shown) for part, shown in zip(parts, best.shown, strict=True)
        ]
        return node

    def _is_allowed(self, split: Split, parts: list[list[Row]], rows: int) -> bool:
        if not self.settings.pre_pruning:
            return True
        if self.settings.gain is not None and math.log2(split.gain) / rows - self.settings.gain <= 1e-12:
            return False
        return min(map(len, parts)) >= self.settings.leaf

    def _best(self, place: int, rows: list[Row]) -> Split | None:
        values = sorted({row[place] for row in rows})
        if len(values) < 2:
            return None
        name = self.names[place]
        if self.kinds[place] not in ("text", "flag"):
            cuts = [(Fraction(low) + Fraction(high)) / 2 for low, high in pairwise(values)]
            gains = [self._gain(rows, lambda row, cut=cut: row[place] > cut) for cut in cuts]
            cut = cuts[self._first(gains)]
            shown = [f"{name} <= {exact_text(cut)}", f"{name} > {exact_text(cut)}"]
            return Split(place, max(gains), lambda value: int(value > cut), shown)
        if not self.binary:
            shown = [f"{name} = {self._shown(place, value)}" for value in values]
            child = {value: i for i, value in enumerate(values)}
            return Split(place, self._gain(rows, lambda row: row[place]), child.get, shown)
        groups = self._groupings(place, rows, values)
        gains = [self._gain(rows, lambda row, right=right: row[place] in right) for right in groups]
        every = [set(some) for many in range(1, len(values)) for some in combinations(values, many)]
        assert max(gains) == max(self._gain(rows, lambda row, some=some: row[place] in some) for some in every)
        right = groups[self._first(gains)]
        shown = []
        for group in ([value for value in values if value not in right], [value for value in values if value in right]):
            said = [self._shown(place, value) for value in group]
            shown.append(f"{name} = {said[0]}" if len(said) == 1 else f"{name} in ({', '.join(said)})")
        return Split(place, max(gains), lambda value: int(value in right) if value in values else None, shown)

    def _first(self, gains: list[Any]) -> int:
        self.tied = self.tied or gains.count(max(gains)) > 1
        return gains.index(max(gains))

    def _groupings(self, place: int, rows: list[Row], values: list[Any]) -> list[set[Any]]:
        """The values that go to the second child, for each grouping in the order in which they are tried."""
        kinds = {row[-1] for row in rows}
        if self.classes is not None and len(kinds) > 2:
            return [
                {value for bit, value in enumerate(values[1:]) if number >> bit & 1}
                for number in range(1, 2 ** (len(values) - 1))
            ]
        last = [name for name in self.classes if name in kinds][-1] if self.classes is not None else None

        def level(value: Any) -> Fraction:
            own = [row[-1] for row in rows if row[place] == value]
            return Fraction(own.count(last), len(own)) if self.classes is not None else _mean(own)

        order = sorted(values, key=level)
        return [set(order[i:]) for i in range(1, len(order))]

    def _gain(self, rows: list[Row], child: Callable[[Row], Any]) -> Any:
        parts: dict[Any, list[Any]] = {}
        for row in rows:
            parts.setdefault(child(row), []).append(row[-1])
        whole = [row[-1] for row in rows]
        if self.classes is None:
            return _spread(whole) - sum(_spread(part) for part in parts.values())
        if self.binary:
            return _gini(whole) - sum(_gini(part) for part in parts.values())
        # 2 to the power of the gain times the rows, which is a fraction.
        return _disorder(whole) / math.prod(_disorder(part) for part in parts.values())

    def _prune(self, node: Leaf) -> float:
        assert self.settings.confidence is not None
        rows, most = len(node.targets), max(Counter(node.targets).values())
        alone = rows * pessimistic(rows - most, rows, self.settings.confidence)
        if node.split is None:
            return alone
        below = sum(self._prune(child) for child in node.children)
        if alone > below + 1e-9:
            return below
        node.split, node.children = None, []
        return alone

    def _shown(self, place: int, value: Any) -> str:
        return str(value).lower() if self.kinds[place] == "flag" else "'" + value.replace("'", "''") + "'"


def pessimistic(wrong: int, rows: int, confidence: float) -> float:
    """The formula of the facts, letter by letter."""
    z, f = NormalDist().inv_cdf(1 - confidence), wrong / rows
    root = math.sqrt(f / rows - f**2 / rows + z**2 / (4 * rows**2))
    return (f + z**2 / (2 * rows) + z * root) / (1 + z**2 / rows)


def exact_text(number: Fraction) -> str:
    """All decimal places of a number that has finitely many."""
    with localcontext() as context:
        context.prec = 100
        text = f"{Decimal(number.numerator) / Decimal(number.denominator):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _mean(values: list[Any]) -> Fraction:
    return sum(map(Fraction, values), Fraction(0)) / len(values)


def _spread(values: list[Any]) -> Fraction:
    mean = _mean(values)
    return sum(((Fraction(value) - mean) ** 2 for value in values), Fraction(0))


def _gini(values: list[Any]) -> Fraction:
    return len(values) - Fraction(sum(count**2 for count in Counter(values).values()), len(values))


def _disorder(values: list[Any]) -> Fraction:
    """2 to the power of the entropy times the rows."""
    return Fraction(len(values) ** len(values), math.prod(count**count for count in Counter(values).values()))
