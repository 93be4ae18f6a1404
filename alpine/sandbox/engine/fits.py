"""The computation of linear regressions, from cross products that are summed up over blocks of rows."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alpine.sandbox.engine.blas import one_thread
from alpine.sandbox.engine.designs import Design, Rows

if TYPE_CHECKING:
    from alpine.sandbox.engine.designs import Array

_CORRECTIONS = 6
_CORRECTED = 1e-24


@dataclass(frozen=True)
class Coefficients:
    """What a fit says of each coefficient, the intercept first.

    :param values: Its value; 0 for a column that takes no part in the fit.
    :param errors: Its standard error.
    """

    values: Array
    errors: Array

    @property
    def ratios(self) -> Array:
        """How many standard errors each is from 0."""
        import numpy as np

        with np.errstate(all="ignore"):
            return np.divide(self.values, self.errors)


@dataclass(frozen=True)
class LinearFit:
    """A fitted linear regression.

    :param design: What it predicts from.
    :param weights: The weights of the design's matrix, for values of the target less ``shift`` in parts of ``unit``.
    :param shift: The mean of the target.
    :param unit: A power of two.
    :param coefficients: The coefficients of the columns as they are.
    :param freedom: The residual degrees of freedom.
    :param r2: R squared; no number where the target is constant.
    :param error: The residual standard error.
    """

    design: Design
    weights: Array
    shift: float
    unit: float
    coefficients: Coefficients
    freedom: int
    r2: float
    error: float

    @property
    def p_values(self) -> Array:
        """How likely each coefficient is to be so far from 0 by chance, by Student's t."""
        import numpy as np
        from scipy.special import stdtr

        return np.asarray(2 * stdtr(self.freedom, -np.abs(self.coefficients.ratios)))

    def predict(self, rows: Rows) -> Array:
        """The predictions for some rows."""
        return self.shift + self.unit * self.design.weighted(self.design.coded(rows), self.weights)


@one_thread()
def linear_fit(design: Design, rows: Rows, values: Array, check: Callable[[], None]) -> LinearFit:
    """Ordinary least squares.

    :param values: The target.
    :param check: Called between steps; raises where the fit is to be broken off.
    """
    import numpy as np

    with np.errstate(all="ignore"):
        shift = float(values.mean())
        least, most = float(values.min()), float(values.max())
        if least == most or not math.isfinite(shift):
            shift = least
        unit = math.ldexp(1.0, max(math.frexp(max(most - shift, shift - least))[1], -1000)) if most > least else 1.0
        target = (values - shift) / unit
        coded = design.coded(rows)
        root = inverse_root(design.products(coded, check))
        weights = np.zeros(int(design.fitted.sum()))
        residue = math.nan
        # The second time round takes off what the cross products lost in digits.
        for _ in range(_CORRECTIONS):
            gradient, residue = np.zeros_like(weights), 0.0
            for part, block in design.blocks(coded, check):
                left = target[part] - weights @ block
                gradient += block @ left
                residue += float(left @ left)
            step = root.T @ (root @ gradient)
            fall = float(step @ gradient)
            weights += step
            if fall <= _CORRECTED * residue:
                break
        freedom = len(values) - len(weights)
        error = math.sqrt(residue / freedom)
        centred = target - target.mean()
        total = float(centred @ centred)
        coefficients = coefficients_of(design, root, weights * unit, error * unit)
        coefficients.values[0] += shift
    r2 = 1 - residue / total if most > least else math.nan
    return LinearFit(design, weights, shift, unit, coefficients, freedom, r2, error * unit)


def inverse_root(products: Array) -> Array:
    """A matrix whose own cross products are the inverse of given ones.

    :raises LinAlgError: The given ones have no inverse, as far as their digits tell.
    """
    import numpy as np

    size = np.sqrt(np.diag(products))
    if not (np.isfinite(size).all() and (size > 0).all()):
        raise np.linalg.LinAlgError
    found: Array = np.linalg.inv(np.linalg.cholesky(products / np.outer(size, size))) / size
    return found


def coefficients_of(design: Design, root: Array, weights: Array, error: float) -> Coefficients:
    """The coefficients of the columns as they are, from the weights of the design's matrix.

    :param root: The inverse root of the matrix's cross products.
    :param error: The standard error of a residual.
    """
    import numpy as np

    contrasts = design.contrasts
    return Coefficients(contrasts @ weights, np.linalg.norm(contrasts @ root.T, axis=1) * error)
