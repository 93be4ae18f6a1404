"""Association rules: which items occur in many baskets together.

Item sets are found depth first. The baskets that hold an item are the bits of one integer, so that those of a set are
the bits of its items that all are set.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alpine.sandbox.engine.failures import NodeFailure

if TYPE_CHECKING:
    from alpine.sandbox.engine.designs import Array

MAX_ITEM_SETS = 100_000
Items = tuple[int, ...]


@dataclass(frozen=True)
class Rule:
    """Baskets that hold some items hold another one, too.

    :param premises: The items, by their numbers.
    :param conclusion: The other item.
    :param support: The share of all baskets that hold all of them.
    :param confidence: The share of the baskets with the premises that hold the conclusion, too.
    :param lift: How many times the conclusion's share of all baskets that is.
    """

    premises: Items
    conclusion: int
    support: float
    confidence: float
    lift: float


def item_sets(baskets: Sequence[Array], total: int, least: float) -> dict[Items, int]:
    """The sets of items that many baskets hold, with the number of those baskets.

    :param baskets: For each item, which baskets hold it.
    :param total: The number of baskets.
    :param least: The least share of the baskets, above 0.
    :raises NodeFailure: There are more than 100,000.
    """
    found: dict[Items, int] = {}

    def grow(prefix: Items, candidates: list[tuple[int, int]]) -> None:
        # Sets of the prefix and one candidate are frequent already.
        for place, (item, bits) in enumerate(candidates):
            found[(*prefix, item)] = bits.bit_count()
            # All parts of a set are frequent, too, and would be found later.
            if max(len(found), 2 ** (len(prefix) + 1) - 1) > MAX_ITEM_SETS:
                raise NodeFailure(
                    f"There are more than {MAX_ITEM_SETS:,} item sets with a support of {least:g} or more. "
                    f"Raise minSupport, or choose fewer columns."
                )
            both = ((other, bits & more) for other, more in candidates[place + 1 :])
            grow((*prefix, item), [pair for pair in both if _is_frequent(pair[1], total, least)])

    single = ((item, _bits(holds)) for item, holds in enumerate(baskets))
    grow((), [pair for pair in single if _is_frequent(pair[1], total, least)])
    return found


def rules(found: dict[Items, int], total: int, least: float) -> list[Rule]:
    """The rules with one conclusion, the most confident first.

    :param found: Item sets and the numbers of their baskets; with a set all of its parts.
    :param total: The number of all baskets.
    :param least: The least confidence.
    """
    made = [rule for rule in _rules(found, total) if rule.confidence >= least]
    return sorted(
        made, key=lambda rule: (-rule.confidence, -rule.support, len(rule.premises), rule.premises, rule.conclusion)
    )


def _rules(found: dict[Items, int], total: int) -> Iterator[Rule]:
    for items, count in found.items():
        for place, item in enumerate(items if len(items) > 1 else ()):
            premises = items[:place] + items[place + 1 :]
            # Both are quotients of whole numbers, so that one equal to the limit is not taken for a smaller one.
            confidence = count / found[premises]
            lift = count * total / (found[premises] * found[item,])
            yield Rule(premises, item, count / total, confidence, lift)


def _is_frequent(bits: int, total: int, least: float) -> bool:
    count = bits.bit_count()
    return count > 0 and count / total >= least


def _bits(holds: Array) -> int:
    import numpy as np

    return int.from_bytes(np.packbits(holds).tobytes(), "big")
