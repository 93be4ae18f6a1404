"""The computation of logistic regressions of two classes, by Newton's method."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from alpine.sandbox.engine.blas import one_thread
from alpine.sandbox.engine.designs import Design, Rows
from alpine.sandbox.engine.fits import Coefficients, coefficients_of, inverse_root
from alpine.sandbox.engine.separation import is_separated, separates

if TYPE_CHECKING:
    from alpine.sandbox.engine.designs import Array

_SETTLED = 1e-20
_FLAT = 1e-12
_QUADRATIC, _LINEAR = 0.1, 0.6
_SLOW_STEPS = 5
_ROUNDING = 1e-12


@dataclass(frozen=True)
class LogisticFit:
    """A fitted logistic regression.

    :param design: What it predicts from.
    :param weights: The weights of the design's matrix.
    :param coefficients: The coefficients of the columns as they are.
    :param deviance: Twice the negative logarithm of the likelihood.
    :param null_deviance: The same for the intercept alone.
    :param iterations: How many steps it took.
    :param converged: Whether it came to a maximum.
    :param separated: Whether the columns separate the classes, so that there is no maximum; None where that could not
        be decided in time.
    """

    design: Design
    weights: Array
    coefficients: Coefficients
    deviance: float
    null_deviance: float
    iterations: int
    converged: bool
    separated: bool | None

    @property
    def p_values(self) -> Array:
        """How likely each coefficient is to be so far from 0 by chance, by the normal distribution."""
        import numpy as np
        from scipy.special import ndtr

        return np.asarray(2 * ndtr(-np.abs(self.coefficients.ratios)))

    def predict(self, rows: Rows) -> Array:
        """How likely the positive class is for some rows."""
        import numpy as np

        margins = self.design.weighted(self.design.coded(rows), self.weights)
        small = np.exp(-np.abs(margins))
        chance: Array = np.where(margins >= 0, 1.0, small) / (1.0 + small)
        return chance


@dataclass
class _Path:
    """The points that a fit has come through.

    :param points: Them.
    :param decrement: How long the step is that leads on from the last, in squared standard errors.
    :param ratio: How much shorter that is than the one before.
    :param slow: How many steps in a row got shorter as steps without a goal do, by the same part each time.
    """

    points: list[Array] = field(default_factory=list)
    decrement: float = math.inf
    ratio: float = 0.0
    slow: int = 0

    def go(self, point: Array, decrement: float) -> None:
        """Note a point, and how long the step is that leads on from it."""
        self.points.append(point)
        self.ratio = decrement / self.decrement if self.decrement else 0.0
        self.decrement = decrement
        self.slow = self.slow + 1 if _QUADRATIC < self.ratio < _LINEAR else 0

    @property
    def is_flat(self) -> bool:
        """Whether no step is left that would change a figure."""
        return self.decrement <= _SETTLED or (self.decrement <= _FLAT and self.ratio >= _LINEAR)

    @property
    def directions(self) -> list[Array]:
        """What the fit moves along; where it has no goal, this separates the classes."""
        earlier = [*self.points[-2:-1], *self.points[-_SLOW_STEPS - 1 : -_SLOW_STEPS]]
        return [*self.points[-1:], *(self.points[-1] - point for point in earlier)]


@one_thread()
def logistic_fit(design: Design, rows: Rows, good: Array, rounds: int, check: Callable[[], None]) -> LogisticFit:
    """The maximum of the likelihood.

    :param good: Which rows are of the positive class.
    :param rounds: How many steps there may be.
    :param check: Called between steps; raises where the fit is to be broken off.
    """
    import numpy as np

    coded, signs = design.coded(rows), np.where(good, 1.0, -1.0)
    share = float(good.mean())
    weights = np.zeros(int(design.fitted.sum()))
    weights[0] = math.log(share / (1 - share)) / (1.0 if design.basis is None else design.basis[0, 0])
    best, deviance, root = weights, math.inf, np.eye(len(weights))
    path, done = _Path(), 0
    separated: bool | None = False
    with np.errstate(all="ignore"):
        while True:
            found, gradient, curvature = _likelihood(design, coded, signs, weights, check)
            if not found <= deviance * (1 + _ROUNDING) and done < rounds:
                # The step led away from the maximum.
                weights, done = (weights + best) / 2, done + 1
                continue
            try:
                root = inverse_root(curvature)
            except np.linalg.LinAlgError:
                break
            best, deviance = weights, found
            step = root.T @ (root @ gradient)
            path.go(best, float(step @ gradient))
            if path.slow and path.slow % _SLOW_STEPS == 0:
                separated = separates(design, coded, signs, path.directions, check)
            if separated or path.is_flat or done >= rounds:
                break
            weights, done = best + step, done + 1
        if not separated and not (path.is_flat and not path.slow):
            separated = separates(design, coded, signs, path.directions, check) or is_separated(
                design, rows, signs, check
            )
        coefficients = coefficients_of(design, root, best, 1.0)
    null_deviance = -2 * len(good) * (share * math.log(share) + (1 - share) * math.log1p(-share))
    converged = path.is_flat and separated is False
    return LogisticFit(design, best, coefficients, deviance, null_deviance, done, converged, separated)


def _likelihood(
    design: Design, coded: Sequence[Array], signs: Array, weights: Array, check: Callable[[], None]
) -> tuple[float, Array, Array]:
    """The deviance at some weights, half its slope down, and half its curvature.

    :param signs: 1 for each row of the positive class, -1 for each other.
    """
    import numpy as np

    deviance, gradient, curvature = 0.0, np.zeros(len(weights)), np.zeros((len(weights), len(weights)))
    for part, block in design.blocks(coded, check):
        sign = signs[part]
        margins = sign * (weights @ block)
        small = np.exp(-np.abs(margins))
        deviance += 2 * float((np.log1p(small) - np.minimum(margins, 0.0)).sum())
        gradient += block @ (sign * np.where(margins >= 0, small, 1.0) / (1.0 + small))
        scaled = block * (np.sqrt(small) / (1.0 + small))
        curvature += scaled @ scaled.T
    return deviance, gradient, curvature
