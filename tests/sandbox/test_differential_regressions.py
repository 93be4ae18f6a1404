"""Regressions and predictions beside statsmodels."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.sandbox.differential import Bench, Random, Refused, differential, tab, tables
from tests.sandbox.differential_models import Problem, centred, problems, shown_class
from tests.sandbox.engine_flows import node

ONE_CATEGORY = ("whole", "text", "number", "flag")


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.engine.close()


def fitted(bench: Bench, model: str, random: Random) -> Any:
    return bench.run([model], "source 0 > model", random, last="model", table=False).view


def messages(view: Any) -> list[str]:
    """The warnings of a result's first tab."""
    found: list[str] = view[0]["visualData"].get("errorMessages", [])
    return found


def assert_close(cells: list[str], numbers: Any) -> None:
    """Cells show numbers, with four decimals or more."""
    for cell, number in zip(cells, np.ravel(numbers), strict=True):
        assert float(cell) == pytest.approx(float(number), abs=6e-5, rel=1e-6)


@differential
@given(problem=problems())
def test_linear_regression(bench: Bench, problem: Problem) -> None:
    view = fitted(bench, problem.linear(), problem.random)
    design, names = problem.design(5)
    matrix, turned = centred(design)
    target = problem.values(5, 5)
    fit = sm.OLS(target, matrix).fit()
    found = fit.t_test(turned)
    table = tab(view, "Data")
    assert [row[0] for row in table] == names
    for place, figures in enumerate((found.effect, found.sd, found.tvalue, found.pvalue), 1):
        assert_close([row[place] for row in table], figures)
    assert_close(tab(view, "Summary")[0][1:], [fit.rsquared, np.sqrt(fit.mse_resid)])
    # The normal equations, without any library.
    weights = turned @ np.linalg.solve(matrix.T @ matrix, matrix.T @ target)
    assert_close([row[1] for row in table], weights)
    assert messages(view) == []


@differential
@given(problem=problems(), good=st.booleans())
def test_logistic_regression(bench: Bench, problem: Problem, good: bool) -> None:
    labels = problem.values(6, 6)
    classes = sorted(set(labels), key=lambda name: float(name) if _is_number(name) else name)
    positive = classes[good]
    quoted = "'" + positive.replace("'", "''") + "'"
    spelled = f"{float(positive):.2f}" if _is_number(positive) else quoted
    view = fitted(bench, problem.logistic(goodValue=spelled), problem.random)
    design, names = problem.design(6)
    matrix, turned = centred(design)
    truth = (labels == positive).astype(float)
    fit = sm.Logit(truth, matrix).fit(method="newton", maxiter=100, disp=False)
    found = fit.t_test(turned)
    table = tab(view, "Data")
    assert [row[0] for row in table] == names
    figures = (found.effect, found.sd, found.tvalue**2, found.pvalue)
    for place, numbers in enumerate(figures, 1):
        assert_close([row[place] for row in table], numbers)
    summary = tab(view, "Summary")[0]
    assert summary[:2] == [positive, str(len(truth))]
    assert_close(summary[2:4], [-2 * fit.llf, -2 * fit.llnull])
    assert messages(view) == []


def _is_number(name: str) -> bool:
    return name.replace(".", "", 1).isdigit()


@differential
@given(problem=problems(small=True), seed=st.integers(0, 99))
def test_predictors(bench: Bench, problem: Problem, seed: int) -> None:
    """Both models score another table that has nulls, categories nobody fitted, and other columns."""
    names, kinds = problem.random.names, problem.random.kinds
    chance = np.random.default_rng(seed)
    rows = [list(problem.random.rows[i]) for i in chance.integers(0, len(problem.random.rows), 20)]
    for row in rows[:3]:
        row[2] = "unseen"
    other = Random(tuple(reversed(names)), tuple(reversed(kinds)), tuple(tuple(reversed(row)) for row in rows))
    steps = [
        problem.linear(),
        problem.logistic().replace('"model"', '"second"').replace('"id of model"', '"id of second"'),
        node("once", "model.DatabasePredictorOperator"),
        node("step", "hadoop.HadoopPredictOperator"),
    ]
    links = "source 0 > model, source 0 > second, source 1 > once, model > once, second > once, "
    links += "once > step, model > step, second > step"
    made = bench.run(steps, links, problem.random, other)
    added = ["PRED_LIR", "PRED_LOR", "CONF_LOR", "INFO_LOR"]
    assert made.columns == [*other.names, *added, *(f"{name}_1" for name in added)]
    labels = problem.values(6, 6)
    classes = sorted(set(labels), key=lambda name: float(name) if _is_number(name) else name)
    line = sm.OLS(problem.values(5, 5), centred(problem.design(5)[0])[0]).fit()
    curve = sm.GLM(
        (labels == classes[1]).astype(float), centred(problem.design(6)[0])[0], family=sm.families.Binomial()
    ).fit(tol=1e-12)
    for_line, for_curve = designed(problem, 5), designed(problem, 6)
    for row, made_row in zip(rows, made.rows, strict=True):
        assert made_row[7:11] == made_row[11:15]
        number, guess, sure, shares = made_row[7:11]
        if row[2] == "unseen" or any(value is None for value in row[:5]):
            assert (number, guess, sure, shares) == (None, None, None, None)
            continue
        assert number == pytest.approx(float(line.predict(for_line(row))[0]), rel=1e-7, abs=1e-7)
        chance_of_good = float(curve.predict(for_curve(row))[0])
        assert guess == classes[int(chance_of_good >= 0.5)] or abs(chance_of_good - 0.5) < 1e-9
        assert sure == pytest.approx(max(chance_of_good, 1 - chance_of_good), abs=1e-7)
        expected = {classes[0]: 1 - chance_of_good, classes[1]: chance_of_good}
        assert json.loads(shares) == pytest.approx(expected, abs=1e-6)
    unseen = sum(row[2] == "unseen" and not any(value is None for value in row[:5]) for row in rows)
    told = [message for message in made.view.get("errorMessages", []) if "'unseen'" in message]
    assert len(told) == (2 if unseen else 0)
    assert all(message.endswith(f": {unseen}.") for message in told)


def designed(problem: Problem, target: int) -> Callable[[list[Any]], np.ndarray[Any, Any]]:
    """What makes the standardized design of one row."""
    matrix = problem.design(target)[0][:, 1:]
    mean, spread = matrix.mean(axis=0), matrix.std(axis=0)
    categories = {place: sorted(set(problem.values(place, target)))[1:] for place in (2, 3)}

    def made(row: list[Any]) -> np.ndarray[Any, Any]:
        found = [
            float(shown_class(row[place]) == value) if place in categories else float(row[place])
            for place in range(5)
            for value in categories.get(place, [""])
        ]
        return np.array([[1.0, *((np.array(found) - mean) / spread)]])

    return made


@differential
@given(random=tables("number", "number", "text", least=8, most=14, nulls=False), factor=st.sampled_from([2.0, -0.5]))
def test_collinear_columns_are_told_and_the_predictions_hold(bench: Bench, random: Random, factor: float) -> None:
    """A third column is a multiple of the first, and a fourth is constant."""
    rows = tuple((*row, factor * row[0], 7) for row in random.rows)
    names = tuple(f"{name}{i}" for i, name in enumerate((*random.names, "multiple", "constant")))
    wider = Random(names, ("number", "number", "text", "number", "whole"), rows)
    first, second = (np.array([row[i] for row in rows], dtype=float) for i in (0, 1))
    assume(first.max() > first.min())
    steps = [
        node(
            "model",
            "linearregression.LinearRegressionOperator",
            dependentColumn=names[1],
            columnNames=",".join(names[i] for i in (0, 3, 4)),
        ),
        node("step", "model.DatabasePredictorOperator"),
    ]
    made = bench.run(steps, "source 0 > model, source 0 > step, model > step", wider)
    slope, level = np.polyfit(first, second, 1)
    assert [row[5] for row in made.rows] == pytest.approx((level + slope * first).tolist(), abs=1e-8)
    view = fitted(bench, steps[0], wider)
    [warning] = [message for message in messages(view) if "collinear" in message]
    assert names[3] in warning and names[4] in warning
    table = tab(view, "Data")
    assert_close([row[1] for row in table], [level, slope, 0, 0])
    assert table[2][2] == table[3][2] == "NaN"


@differential
@given(seed=st.integers(0, 2**32), size=st.integers(8, 60), is_complete=st.booleans(), two=st.booleans())
def test_separated_classes_are_told(bench: Bench, seed: int, size: int, is_complete: bool, two: bool) -> None:
    """Above a limit there is one class alone; below it another, or both."""
    chance = np.random.default_rng(seed)
    x, noise = chance.normal(size=size), chance.normal(size=size)
    good = x > np.median(x)
    if not is_complete:
        half = np.flatnonzero(~good)
        good[half[: len(half) // 2]] = True
        x[half[0]], good[half[0]] = x[~good].min() - 1, True
        x[good & (x > 0)] += 0
        good = np.where(x > np.quantile(x, 0.7), True, good)
    columns = np.column_stack([x, noise] if two else [x])
    rows = tuple((float(a), float(b), int(c)) for a, b, c in zip(x, noise, good, strict=True))
    random = Random(("x", "noise", "y"), ("number", "number", "whole"), rows)
    model = node(
        "model",
        "logisticregression.LogisticRegressionOperator",
        dependentColumn="y",
        columnNames="x,noise" if two else "x",
    )
    assume(0 < sum(good) < size)
    view = fitted(bench, model, random)
    is_told = any("separate" in message for message in messages(view))
    assert is_told == _is_separable(columns, np.asarray(good))


def _is_separable(columns: np.ndarray[Any, Any], good: np.ndarray[Any, Any]) -> bool:
    """Whether a line parts the classes, by a linear program of another kind: that all margins are 1 or more."""
    from scipy.optimize import linprog

    signed = np.column_stack([np.ones(len(columns)), columns]) * np.where(good, 1.0, -1.0)[:, None]
    found = linprog(np.zeros(signed.shape[1]), A_ub=-signed, b_ub=-np.ones(len(signed)), bounds=(None, None))
    return bool(found.status == 0)


@pytest.mark.parametrize(("size", "is_enough"), [(4, False), (5, True)])
def test_rows_are_counted_against_design_columns(bench: Bench, size: int, is_enough: bool) -> None:
    """One number and a text of three values make four coefficients."""
    rows = tuple((float(i * i), "abc"[i % 3], float(i % 2)) for i in range(size))
    random = Random(("x", "kind", "y"), ("number", "text", "number"), rows)
    model = node("model", "linearregression.LinearRegressionOperator", dependentColumn="y", columnNames="x,kind")
    if is_enough:
        assert len(tab(fitted(bench, model, random), "Data")) == 4
    else:
        with pytest.raises(Refused, match="4 coefficients"):
            fitted(bench, model, random)


def test_names_that_collide_are_told_apart(bench: Bench) -> None:
    """A category ``cat`` = ``q`` beside a number ``cat_q``, a column ``Intercept`` and one ``label``."""
    chance = np.random.default_rng(3)
    rows = tuple(
        (kind, float(a), float(b), float(c), float(3 * a - b + 2 * c + (kind == "q") + 0.01 * e))
        for kind, (a, b, c, e) in zip(chance.choice(["p", "q"], 50), chance.normal(size=(50, 4)), strict=True)
    )
    random = Random(("cat", "cat_q", "Intercept", "label", "y"), ("text", *["number"] * 4), rows)
    columns = "cat,cat_q,Intercept,label"
    model = node("model", "linearregression.LinearRegressionOperator", dependentColumn="y", columnNames=columns)
    table = tab(fitted(bench, model, random), "Data")
    assert [row[0] for row in table] == ["Intercept", "cat_q", "cat_q", "Intercept", "label"]
    assert [float(row[1]) for row in table] == pytest.approx([0, 1, 3, -1, 2], abs=0.02)


@pytest.mark.parametrize("penalty", ["ordinary", "Ordinary", "0", "0.0", ""])
def test_an_ordinary_penalty_is_none(bench: Bench, penalty: str) -> None:
    rows = tuple((float(i), float(i % 3)) for i in range(9))
    random = Random(("x", "y"), ("number", "number"), rows)
    settings = {"dependentColumn": "y", "columnNames": "x"}
    model = node("model", "hadoop.HadoopLinearRegressionOperator", penalizingParameter=penalty, **settings)
    assert len(tab(fitted(bench, model, random), "Data")) == 2
    for other in ("ridge", "0.5", "L1"):
        with pytest.raises(Refused, match="penalty"):
            fitted(
                bench,
                node("model", "hadoop.HadoopLinearRegressionOperator", penalizingParameter=other, **settings),
                random,
            )


def test_a_model_needs_numbers_where_it_was_fitted_on_numbers(bench: Bench) -> None:
    random = Random(("x", "y"), ("number", "number"), tuple((float(i), float(i % 3)) for i in range(9)))
    other = Random(("x",), ("text",), (("1",),))
    model = node("model", "linearregression.LinearRegressionOperator", dependentColumn="y", columnNames="x")
    step = node("step", "model.DatabasePredictorOperator")
    with pytest.raises(Refused, match="fitted on numbers in the column 'x'"):
        bench.run([model, step], "source 0 > model, source 1 > step, model > step", random, other)
    with pytest.raises(Refused, match="should hold numbers"):
        fitted(
            bench,
            model.replace('value="y"', 'value="x"').replace('"columnNames" value="x"', '"columnNames" value="y"'),
            Random(("x", "y"), ("text", "number"), (("a", 1.0),) * 5),
        )
