"""Whether columns separate two classes, so that the likelihood of a logistic regression has no maximum."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from alpine.sandbox.engine.designs import Design, Rows

if TYPE_CHECKING:
    from alpine.sandbox.engine.designs import Array

_MARGIN = 1e-5
_WRONG = 1e-6
_ROWS_AT_ONCE = 2000
_SECONDS, _SECONDS_AT_ONCE = 10.0, 2.0


def separates(
    design: Design, coded: Sequence[Array], signs: Array, directions: Iterable[Array], check: Callable[[], None]
) -> bool:
    """Whether some of given weights put no row on the wrong side, and some row on the right one.

    :param coded: The rows, as the design has coded them.
    :param signs: 1 for each row of the positive class, -1 for each other.
    :param check: Called between blocks; raises where the search is to be broken off.
    """
    for weights in directions:
        margins = design.weighted(coded, weights, check) * signs
        if margins.max() > 0 and margins.min() >= -_WRONG * margins.max():
            return True
    return False


def is_separated(design: Design, rows: Rows, signs: Array, check: Callable[[], None]) -> bool | None:
    """Whether there are such weights at all, by linear programs.

    :param signs: 1 for each row of the positive class, -1 for each other.
    :param check: Called between the programs; raises where the search is to be broken off.
    :returns: None where it is not decided in time.
    """
    import numpy as np
    from scipy.optimize import linprog

    end = time.monotonic() + _SECONDS
    coded = design.coded(rows)
    total = sum(block @ signs[part] for part, block in design.blocks(coded, check))
    # Few rows settle it; others join where the program has put them on the wrong side.
    among = np.zeros(len(signs), dtype=bool)
    among[:: max(len(signs) // _ROWS_AT_ONCE, 1)] = True
    while True:
        check()
        left = min(end - time.monotonic(), _SECONDS_AT_ONCE)
        if left <= 0:
            return None
        limits = -design.matrix(rows.where(among)) * signs[among][:, None]
        found = linprog(
            -total / len(signs),
            A_ub=limits,
            b_ub=np.zeros(len(limits)),
            bounds=(-1, 1),
            method="highs",
            options={"time_limit": left},
        )
        if found.status != 0:
            return None if found.status == 1 else False
        margins = design.weighted(coded, found.x, check) * signs
        if margins.max() <= _MARGIN:
            return False
        wrong = np.flatnonzero((margins < -_WRONG) & ~among)
        if not len(wrong):
            return True
        among[wrong[np.argsort(margins[wrong])[:_ROWS_AT_ONCE]]] = True
