"""Evaluators beside scikit-learn."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import sklearn.metrics as skm
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st

from tests.sandbox.differential import Bench, Random, Refused, differential, shown, tab
from tests.sandbox.differential_models import Problem, centred, problems
from tests.sandbox.engine_flows import node

LINKS = "source 0 > model, source 1 > step, model > step"


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.engine.close()


def order(name: str) -> Any:
    return float(name) if name.replace(".", "", 1).isdigit() else name


def judged(bench: Bench, problem: Problem, kind: str, test: Random | None = None, **settings: str) -> Any:
    """What an evaluator shows of a logistic regression."""
    step = node("step", kind, **settings)
    return bench.run([problem.logistic(), step], LINKS, problem.random, test or problem.random, table=False).view


def scored(problem: Problem) -> tuple[list[str], np.ndarray[Any, Any]]:
    """The classes, and the probability of the second one, by another program."""
    labels = problem.values(6, 6)
    classes = sorted(set(labels), key=order)
    matrix, _ = centred(problem.design(6)[0])
    fit = sm.GLM((labels == classes[1]).astype(float), matrix, family=sm.families.Binomial()).fit(tol=1e-12)
    return classes, np.asarray(fit.predict(matrix))


@differential
@given(problem=problems(nulls=False))
def test_confusion_matrix(bench: Bench, problem: Problem) -> None:
    view = judged(bench, problem, "model.evaluator.ConfusionMatrixOperator", dependentColumn=problem.random.names[6])
    classes, chance = scored(problem)
    guess = np.array(classes, dtype=object)[(chance >= 0.5).astype(int)]
    counts = skm.confusion_matrix(problem.values(6, 6), guess, labels=classes)
    table = tab(view, "model: Data")
    assert view[0]["visualData"]["columns"] == [" ", *(f"Predicted ({name})" for name in classes), "Class Recall"]
    assert [row[0] for row in table] == [*(f"Observed ({name})" for name in classes), "Class Precision"]
    assert [row[1:-1] for row in table[:-1]] == counts.astype(str).tolist()
    recall = skm.recall_score(problem.values(6, 6), guess, labels=classes, average=None, zero_division=0)
    precision = skm.precision_score(problem.values(6, 6), guess, labels=classes, average=None, zero_division=0)
    assert [row[-1] for row in table[:-1]] == [f"{value:.4f}" for value in recall]
    assert table[-1][1:-1] == [f"{value:.4f}" for value in precision]
    accuracy = skm.accuracy_score(problem.values(6, 6), guess)
    assert table[-1][-1] == f"Accuracy: {accuracy:.4f}"
    heat = view[1]["visualData"]["heatMapTable"]
    assert heat["accuracy"] == float(np.float32(accuracy))
    assert heat["YValues"] == classes
    assert [row["data"] for row in heat["rowsValue"]] == counts.astype(str).tolist()


@differential
@given(problem=problems(nulls=False))
def test_goodness_of_fit(bench: Bench, problem: Problem) -> None:
    view = judged(bench, problem, "hadoop.HadoopGoodnessOfFitOperator", dependentColumn=problem.random.names[6])
    classes, chance = scored(problem)
    guess = np.array(classes, dtype=object)[(chance >= 0.5).astype(int)]
    for row, name in zip(shown(view), classes, strict=True):
        truth, found = problem.values(6, 6) == name, guess == name
        recall = skm.recall_score(truth, found, zero_division=0)
        expected = [
            recall,
            skm.precision_score(truth, found, zero_division=0),
            skm.f1_score(truth, found, zero_division=0),
            skm.recall_score(~truth, ~found, zero_division=0),
            skm.accuracy_score(problem.values(6, 6), guess),
            recall,
        ]
        assert row[:2] == ["model", name]
        assert row[2:] == [f"{value:.4f}" for value in expected]


@differential
@given(problem=problems(nulls=False), good=st.booleans())
def test_roc(bench: Bench, problem: Problem, good: bool) -> None:
    classes, chance = scored(problem)
    spelled = f"{float(classes[good]):.1f}" if isinstance(order(classes[good]), float) else classes[good]
    view = judged(bench, problem, "model.evaluator.ROCOperator", columnValue=spelled)
    truth, score = problem.values(6, 6) == classes[good], (chance if good else 1 - chance).round(12)
    assert float(tab(view, "model: AUC")[0][0]) == pytest.approx(skm.roc_auc_score(truth, score), abs=6e-5)
    curve = tab(view, "model: ROC")
    false, true, _ = skm.roc_curve(truth, score, drop_intermediate=False)
    for x, y in curve:
        # The top of the curve at that rate, on the line between the points beside it.
        step = round(float(x) * 20) / 20
        right = np.searchsorted(false, step + 1e-12)
        left = right - 1
        top = true[left]
        if right < len(false) and step > false[left] + 1e-12:
            share = (step - false[left]) / (false[right] - false[left])
            top = true[left] + share * (true[right] - true[left])
        assert float(y) == pytest.approx(top, abs=6e-5)


@differential
@given(seed=st.integers(0, 2**32), size=st.integers(20, 60))
def test_lift(bench: Bench, seed: int, size: int) -> None:
    """Many rows are equally likely; their order in the table, and a shuffle of it, say nothing."""
    chance = np.random.default_rng(seed)
    x = chance.integers(0, 3, size)
    good = (x + 2 * chance.normal(size=size) > 1).astype(int)
    good[:4], x[:4] = [0, 1, 0, 1], [0, 0, 2, 2]
    rows = [(int(a), int(b)) for a, b in zip(x, good, strict=True)]
    problem_names, kinds = ("x", "y"), ("whole", "whole")
    model = node("model", "logisticregression.LogisticRegressionOperator", dependentColumn="y", columnNames="x")
    step = node("step", "model.evaluator.LIFTOperator", columnValue="1.0")
    shuffled = [rows[i] for i in chance.permutation(size)]
    tables = [
        tab(
            bench.run(
                [model, step],
                LINKS,
                Random(problem_names, kinds, tuple(rows)),
                Random(problem_names, kinds, tuple(given_rows)),
                table=False,
            ).view,
            "model: Lift",
        )
        for given_rows in (rows, shuffled)
    ]
    assert tables[0] == tables[1]
    matrix = sm.add_constant(x.astype(float), has_constant="add")
    fit = sm.GLM(good, matrix, family=sm.families.Binomial()).fit(tol=1e-12)
    slope = fit.params[1]
    # The mean over many orders of the rows that are equally likely.
    ranks = np.argsort(-(np.round(slope, 9) * x), kind="stable")
    groups = np.split(ranks, np.flatnonzero(np.diff(x[ranks])) + 1) if abs(slope) > 1e-9 else [ranks]
    mean = np.concatenate([np.full(len(group), good[group].mean()) for group in groups])
    for place, row in enumerate(tables[0], 1):
        end = size * place / 10
        whole = math.floor(end + 1e-9)
        gained = mean[:whole].sum() + (mean[whole] * (end - whole) if whole < size else 0.0)
        gain = gained / good.sum()
        assert [float(cell) for cell in row] == pytest.approx([place / 10, gain, gain / (place / 10)], abs=6e-5)


@differential
@given(problem=problems(small=True))
def test_rows_that_cannot_be_judged_are_left_out_and_told(bench: Bench, problem: Problem) -> None:
    names, kinds = problem.random.names, problem.random.kinds
    rows = [row for row in problem.random.rows if row[2] is not None and row[6] is not None][:10]
    rows += [(*rows[0][:2], "unseen", *rows[0][3:]), (None, *rows[0][1:]), (*rows[0][:6], None)]
    test = Random(names, kinds, tuple(rows))
    lacking = sum(None in (*row[:5], row[6]) for row in rows)
    unseen = sum(row[2] == "unseen" and None not in (*row[:5], row[6]) for row in rows)
    view = judged(bench, problem, "hadoop.HadoopConfusionOperator", test)
    counted = sum(int(cell) for row in tab(view, "model: Data")[:-1] for cell in row[1:-1])
    assert counted == len(rows) - lacking - unseen
    told = view[0]["visualData"]["errorMessages"]
    assert told[0].startswith("Rows left out") and told[0].endswith(f": {lacking}.")
    assert len(told) == (2 if unseen else 1)


@pytest.mark.parametrize(
    "kind",
    [
        "model.evaluator.ConfusionMatrixOperator",
        "hadoop.HadoopGoodnessOfFitOperator",
        "hadoop.HadoopROCOperator",
        "hadoop.HadoopLiftOperator",
    ],
)
def test_a_table_without_a_row_to_judge_is_refused(bench: Bench, kind: str) -> None:
    rows = tuple((float(i % 5), int(i % 3 == 0)) for i in range(20))
    names, kinds = ("x", "y"), ("number", "whole")
    model = node("model", "logisticregression.LogisticRegressionOperator", dependentColumn="y", columnNames="x")
    for given_rows, reason in (((), "it is empty"), (((None, 1), (None, 0)), "none of its 2 rows")):
        with pytest.raises(Refused, match=reason):
            bench.run(
                [model, node("step", kind)],
                LINKS,
                Random(names, kinds, rows),
                Random(names, kinds, given_rows),
                table=False,
            )
