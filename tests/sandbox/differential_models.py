"""Random tables for models: numbers, categories and classes that depend on them, under awkward names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from tests.sandbox.differential import NAMES, Random
from tests.sandbox.engine_flows import node

CATEGORIES = ("q", "a", "B", "it's", "日本", "", "1", "cat_q", "Intercept", "null")
SCALES = (1.0, 0.001, 1000.0, 1e9)


@dataclass(frozen=True)
class Problem:
    """A table to fit a model to, and the figures that another program needs.

    :param random: the table: two columns of numbers, two of categories, one of whole numbers, a target and a class.
    """

    random: Random

    def __repr__(self) -> str:
        return f"Problem of {self.random!r}"

    @property
    def columns(self) -> str:
        """The names of the predictors."""
        return ",".join(self.random.names[:5])

    def complete(self, target: int) -> np.ndarray[Any, Any]:
        """The places of the rows that lack neither a predictor nor a target."""
        frame = pd.DataFrame(list(self.random.rows), dtype=object)
        return frame[[*range(5), target]].dropna().index.to_numpy()

    def values(self, place: int, target: int) -> np.ndarray[Any, Any]:
        """A column's values in the complete rows; classes and categories as the engine shows them."""
        found = [self.random.rows[row][place] for row in self.complete(target)]
        if place in (0, 1, 4, 5):
            return np.array(found, dtype=float)
        return np.array([shown_class(value) for value in found], dtype=object)

    def design(self, target: int) -> tuple[np.ndarray[Any, Any], list[str]]:
        """The design matrix of the complete rows, by hand, and what each coefficient is shown as."""
        parts, names = [np.ones(len(self.complete(target)))], ["Intercept"]
        for place, name in enumerate(self.random.names[:5]):
            values = self.values(place, target)
            if place in (2, 3):
                for value in sorted(set(values))[1:]:
                    parts.append((values == value).astype(float))
                    names.append(f"{name}_{value}")
            else:
                parts.append(values)
                names.append(name)
        return np.column_stack(parts), names

    def linear(self, **settings: str) -> str:
        """A linear regression of the table."""
        parameters = {"dependentColumn": self.random.names[5], "columnNames": self.columns, **settings}
        return node("model", "linearregression.LinearRegressionOperator", **parameters)

    def logistic(self, **settings: str) -> str:
        """A logistic regression of the table."""
        parameters = {"dependentColumn": self.random.names[6], "columnNames": self.columns, **settings}
        return node("model", "logisticregression.LogisticRegressionOperator", **parameters)


def shown_class(value: Any) -> str:
    """A class as the engine shows it."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


@st.composite
def problems(draw: Any, nulls: bool = True, small: bool = False) -> Problem:
    """Tables that a model can be fitted to: neither collinear nor separated."""
    chance = np.random.default_rng(draw(st.integers(0, 2**32)))
    size = draw(st.integers(60, 90 if small else 200))
    names = draw(st.lists(st.sampled_from(NAMES), min_size=7, max_size=7, unique_by=str.lower))
    scale, shift = draw(st.sampled_from(SCALES)), draw(st.sampled_from([0.0, 1e6, -5e9]))
    x = chance.normal(size=size) * scale + shift
    z = chance.integers(-3, 4, size)
    count = draw(st.integers(1, 4))
    kinds = np.array(CATEGORIES[:count], dtype=object)[chance.integers(0, count, size)]
    flag = chance.random(size) < 0.5
    whole = chance.integers(0, 50, size) + 2**40
    effect = (x - shift) / scale - 0.5 * z + 0.02 * (whole - 2**40) + flag + (kinds == "q")
    y = effect + chance.normal(size=size)
    good = effect + 3 * chance.normal(size=size) > np.median(effect)
    kind, pair = draw(
        st.sampled_from(
            [("whole", (0, 1)), ("whole", (9, 10)), ("number", (0.0, 1.0)), ("number", (2.5, 10.0))]
            + [("text", ("t", "f")), ("text", ("it's", "日本")), ("flag", (False, True))]
        )
    )
    columns = [x.tolist(), z.tolist(), kinds.tolist(), flag.tolist(), whole.tolist(), y.tolist()]
    columns.append([pair[int(value)] for value in good])
    if nulls:
        for column in columns:
            for place in chance.integers(0, size, 2):
                column[place] = None
    all_kinds = ("number", "whole", "text", "flag", "whole", "number", kind)
    return Problem(Random(tuple(names), all_kinds, tuple(zip(*columns, strict=True))))


def centred(matrix: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """A design matrix whose columns are standardized, and what turns its coefficients back."""
    mean, spread = matrix[:, 1:].mean(axis=0), matrix[:, 1:].std(axis=0)
    turned = np.diag([1.0, *(1 / spread)])
    turned[0, 1:] = -mean / spread
    return np.column_stack([np.ones(len(matrix)), (matrix[:, 1:] - mean) / spread]), turned
