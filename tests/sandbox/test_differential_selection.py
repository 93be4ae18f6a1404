"""Variable selection beside numpy, pandas and scikit-learn."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mutual_info_score

from tests.sandbox.differential import Bench, Random, Refused, differential, shown, tables
from tests.sandbox.differential_models import Problem, problems
from tests.sandbox.engine_flows import node
from tests.sandbox.test_differential_bayes import golf


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.engine.close()


def selection(bench: Bench, random: Random, target: int, *columns: int, **settings: str) -> Any:
    operator = node(
        "step",
        "hadoop.HadoopVariableSelectionAnalysisOperator",
        dependentColumn=random.names[target],
        columnNames=",".join(random.names[i] for i in columns),
        **settings,
    )
    return bench.run([operator], "source 0 > step", random, table=False).view


def assert_scores(view: Any, expected: dict[str, float], threshold: float = 0.1) -> None:
    """The scores, the highest first, those that are no numbers last, and whether they reach the threshold."""
    found = shown(view)
    assert sorted(row[0] for row in found) == sorted(expected)
    for name, score, is_selected in found:
        assert float(score) == pytest.approx(expected[name], abs=6e-5, nan_ok=True)
        if abs(expected[name] - threshold) > 1e-9:
            assert is_selected == ("true" if expected[name] >= threshold else "false")
    order = [-math.inf if row[1] == "NaN" else float(row[1]) for row in found]
    assert order == sorted(order, reverse=True)


def explained(x: pd.Series[Any], y: pd.Series[Any]) -> float:
    """What a linear regression on one column explains of another one, of the rows that have both."""
    there = x.notna() & y.notna()
    x, y = x[there], y[there].astype(float)
    if y.nunique() < 2:
        return math.nan
    is_number = x.dtype.kind in "if" and x.dtype != "boolean"
    if is_number:
        design = x.to_numpy(dtype=float)[:, None]
        design -= design.mean()
    else:
        # Without the first, for which the intercept stands.
        design = pd.get_dummies(x.astype(str)).to_numpy(dtype=float)[:, 1:]
    if not design.shape[1]:
        return 0.0
    return float(LinearRegression().fit(design, y).score(design, y))


@differential
@given(problem=problems())
def test_r2(bench: Bench, problem: Problem) -> None:
    """Of numbers around 2^40 and -5e9 as well, with categories and truths."""
    random = problem.random
    frame = random.frame
    frame[4] -= 2**40
    frame[0] -= frame[0].mean()
    expected = {random.names[i]: explained(frame[i], frame[5]) for i in range(5)}
    assert_scores(selection(bench, random, 5, *range(5)), expected)


@differential
@given(random=tables("number", "whole", "text", "flag", "number"), threshold=st.sampled_from(["0", "0.25", "1"]))
def test_r2_of_small_tables(bench: Bench, random: Random, threshold: str) -> None:
    frame = random.frame
    expected = {random.names[i]: explained(frame[i], frame[4]) for i in range(4)}
    view = selection(bench, random, 4, *range(4), scoreTypeHadoop="R2", scoreThreshold=threshold)
    assert_scores(view, expected, float(threshold))
    undefined = [text for text in view.get("errorMessages", []) if "not defined" in text]
    assert len(undefined) == sum(map(math.isnan, expected.values()))


@differential
@given(random=tables("text", "flag", "day", "whole"), is_ratio=st.booleans())
def test_gains(bench: Bench, random: Random, is_ratio: bool) -> None:
    frame = random.frame
    expected = {}
    for i in range(3):
        both = frame[[i, 3]].dropna().astype(str)
        gain = mutual_info_score(both[i], both[3]) / math.log(2) if len(both) else math.nan
        if is_ratio and len(both):
            own = entropy(both[i].value_counts().to_numpy(), base=2)
            gain = gain / own if own > 0 else 0.0
        expected[random.names[i]] = gain
    kind = "Information Gain Ratio" if is_ratio else "InformationGain"
    assert_scores(selection(bench, random, 3, 0, 1, 2, scoreTypeHadoop=kind), expected)


def test_golf(bench: Bench) -> None:
    """The gains that anybody computes of this table by hand."""
    view = selection(bench, golf(), 4, 0, 3, scoreTypeHadoop="Information Gain")
    assert shown(view) == [["outlook", "0.2467", "true"], ["wind", "0.0481", "false"]]
    view = selection(bench, golf(), 4, 0, 3, scoreTypeHadoop="Gain Ratio")
    assert shown(view) == [["outlook", "0.1564", "true"], ["wind", "0.0488", "false"]]


def test_constants_and_multiples(bench: Bench) -> None:
    rows = tuple((0.1, float(i), 3.0 * i + 1e12, "same") for i in range(50))
    random = Random(("constant", "x", "multiple", "text"), ("number", "number", "number", "text"), rows)
    assert_scores(selection(bench, random, 2, 0, 1, 3), {"constant": 0.0, "x": 1.0, "text": 0.0})
    view = selection(bench, random, 0, 1, 3)
    assert_scores(view, {"x": math.nan, "text": math.nan})
    assert all("'constant' has no two different values" in text for text in view["errorMessages"])


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"powerTransform": "Yes"}, "powerTransform"),
        ({"scoreTypeHadoop": "Transformed Information Gain"}, "score 'Transformed Information Gain'"),
        ({"scoreTypeHadoop": "Information Gain", "dependentColumn": "kind"}, "not public; the sandbox does not: 'x'"),
        ({"scoreTypeHadoop": "Information Gain", "columnNames": "kind"}, "does not: 'y'"),
        ({"dependentColumn": "kind"}, "'kind' holds text"),
        ({"dependentColumn": ""}, "No dependent column"),
        ({"columnNames": ""}, "No column to predict from"),
        ({"columnNames": "nowhere"}, "no column 'nowhere'"),
        ({"columnNames": "wild"}, "'wild' holds NaN or infinite"),
        ({"scoreThreshold": "high"}, "scoreThreshold should be a number"),
    ],
)
def test_what_cannot_be_scored(bench: Bench, settings: dict[str, str], reason: str) -> None:
    random = Random(
        ("x", "kind", "wild", "y"), ("number", "text", "number", "number"), ((1.0, "a", float("inf"), 2.0),) * 3
    )
    chosen = {"dependentColumn": "y", "columnNames": "x", **settings}
    operator = node("step", "hadoop.HadoopVariableSelectionAnalysisOperator", **chosen)
    with pytest.raises(Refused, match=reason):
        bench.run([operator], "source 0 > step", random, table=False)


def test_the_mask_is_not_written(bench: Bench) -> None:
    random = Random(("x", "y"), ("number", "number"), ((1.0, 2.0), (2.0, 1.0)))
    view = selection(bench, random, 1, 0, varSelMaskName="mask", powerTransform="No", varSelMaskLocation="/tmp")
    assert any("varSelMaskName" in text for text in view["errorMessages"])
    assert np.isclose(float(shown(view)[0][1]), 1)
