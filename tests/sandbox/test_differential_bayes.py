"""Naive Bayes beside numpy, pandas and scikit-learn."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logsumexp
from scipy.stats import norm
from sklearn.naive_bayes import GaussianNB

from tests.sandbox.differential import Bench, Random, Refused, differential, shown, tab, tables
from tests.sandbox.differential_models import Problem, problems, shown_class
from tests.sandbox.engine_flows import node

PREDICTOR = node("step", "model.DatabasePredictorOperator")
LINKS = "source 0 > model, source 0 > step, model > step"
GOLF = (
    "sunny 85 85 false no,sunny 80 90 true no,overcast 83 78 false yes,rain 70 96 false yes,rain 68 80 false yes,"
    "rain 65 70 true no,overcast 64 65 true yes,sunny 72 95 false no,sunny 69 70 false yes,rain 75 80 false yes,"
    "sunny 75 70 true yes,overcast 72 90 true yes,overcast 81 75 false yes,rain 71 80 true no"
)


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.engine.close()


def bayes(random: Random, *columns: int, target: int, **settings: str) -> str:
    """A naive Bayes of some columns of a table."""
    chosen = ",".join(random.names[i] for i in columns)
    return node(
        "model",
        "naivebayes.NaiveBayesOperator",
        dependentColumn=random.names[target],
        columnNames=chosen,
        **settings,
    )


def fitted(bench: Bench, model: str, random: Random) -> Any:
    return bench.run([model], "source 0 > model", random, last="model", table=False).view


def posteriors(rows: list[tuple[Any, ...]], columns: tuple[int, ...], target: int, classes: list[str]) -> Any:
    """What naive Bayes says of rows it was fitted on, as logarithms, by the book."""
    labels = [None if row[target] is None else shown_class(row[target]) for row in rows]
    logs = np.zeros((len(rows), len(classes)))
    for k, name in enumerate(classes):
        own = [row for row, label in zip(rows, labels, strict=True) if label == name]
        logs[:, k] = np.log(len(own) / sum(label is not None for label in labels))
        for column in columns:
            there = [row[column] for row in own if row[column] is not None]
            for i, row in enumerate(rows):
                value = row[column]
                if value is None:
                    continue
                if isinstance(value, str | bool):
                    times = there.count(value)
                    logs[i, k] += np.log(times / len(there) if times else 1 / (len(there) + 1))
                else:
                    # As a difference: numbers around 2^40 and their mean would be rounded.
                    mean, deviation = moments(there)
                    logs[i, k] += norm.logpdf(float(value - there[0]), mean, deviation)
    return logs - logsumexp(logs, axis=1, keepdims=True)


def moments(numbers: list[Any]) -> tuple[float, float]:
    """Mean, less the first number, and sample standard deviation, of numbers that may all be far from zero."""
    shifted = np.array([float(number - numbers[0]) for number in numbers])
    return shifted.mean(), shifted.std(ddof=1)


@differential
@given(problem=problems(nulls=False))
def test_normal_distributions(bench: Bench, problem: Problem) -> None:
    """scikit-learn takes the variance of a population, so its own are put right."""
    random = problem.random
    model = bayes(random, 0, 1, 4, target=6)
    made = bench.run([model, PREDICTOR], LINKS, random)
    x = np.column_stack([problem.values(i, 6) for i in (0, 1, 4)])
    # Densities depend on differences alone; those of numbers around 2^40 would be rounded.
    x -= x.mean(axis=0)
    labels = problem.values(6, 6)
    judge = GaussianNB(var_smoothing=0).fit(x, labels)
    judge.var_ *= (judge.class_count_ / (judge.class_count_ - 1))[:, None]
    expected = judge.predict_proba(x)
    assert made.columns[-3:] == ["PRED_NB", "CONF_NB", "INFO_NB"]
    for row, chances in zip(made.rows, expected, strict=True):
        assert json.loads(row[-1]) == pytest.approx(dict(zip(judge.classes_, chances, strict=True)), abs=2e-6)
        assert row[-2] == pytest.approx(chances.max(), abs=1e-6)
        assert row[-3] == judge.classes_[chances.argmax()] or abs(np.diff(np.sort(chances)[-2:])[0]) < 1e-6


@differential
@given(problem=problems())
def test_all_kinds_of_columns(bench: Bench, problem: Problem) -> None:
    """Rows count for the columns in which they have a value."""
    random = problem.random
    model = bayes(random, *range(5), target=6, calculateDeviance="true")
    made = bench.run([model, PREDICTOR], LINKS, random)
    classes = sorted({shown_class(row[6]) for row in random.rows if row[6] is not None}, key=_order)
    logs = posteriors(list(random.rows), tuple(range(5)), 6, classes)
    for row, chances in zip(made.rows, np.exp(logs), strict=True):
        assert json.loads(row[-1]) == pytest.approx(dict(zip(classes, chances, strict=True)), abs=2e-6)
    view = fitted(bench, model, random)
    own = [logs[i, classes.index(shown_class(row[6]))] for i, row in enumerate(random.rows) if row[6] is not None]
    [[rows, deviance]] = tab(view, "Deviance")
    assert int(rows) == len(own)
    assert float(deviance) == pytest.approx(-2 * sum(own), abs=1e-3)
    for column, name, count, mean, deviation in tab(view, "Numeric Columns"):
        there = [
            row[random.names.index(column)]
            for row in random.rows
            if row[6] is not None and shown_class(row[6]) == name and row[random.names.index(column)] is not None
        ]
        assert int(count) == len(there)
        assert float(mean) == pytest.approx(float(there[0]) + moments(there)[0], abs=6e-5, rel=1e-12)
        assert float(deviation) == pytest.approx(moments(there)[1], abs=6e-5, rel=1e-9)


def _order(name: str) -> tuple[float, str]:
    try:
        return float(name), ""
    except ValueError:
        return 0.0, name


@differential
@given(random=tables("text", "flag", "day", "text"))
def test_frequencies(bench: Bench, random: Random) -> None:
    """Any small table is refused with the reason, or has the frequencies of pandas."""
    frame = random.frame.dropna(subset=[3])
    missing = not len(frame) or any(frame.groupby(3)[i].count().eq(0).any() for i in range(3))
    model = bayes(random, 0, 1, 2, target=3)
    if missing:
        with pytest.raises(Refused, match="No row has a value" if not len(frame) else "has no value in the class"):
            fitted(bench, model, random)
        return
    view = fitted(bench, model, random)
    priors = frame[3].value_counts(normalize=True).sort_index()
    assert [row[0] for row in tab(view, "Class Priors")] == sorted(priors.index)
    assert [row[2] for row in tab(view, "Class Priors")] == [f"{priors[name]:.4f}" for name in sorted(priors.index)]
    found = {(column, value, name): (rows, share) for column, value, name, rows, share in tab(view, "Text Columns")}
    for i in range(3):
        text = frame[i].map(lambda value: str(value).lower() if isinstance(value, bool) else str(value), "ignore")
        counts = text.groupby([frame[3], text]).count()
        sizes = frame.groupby(3)[i].count()
        for (name, value), times in counts.items():
            assert found[random.names[i], value, name] == (str(times), f"{times / sizes[name]:.4f}")
        assert sum(key[0] == random.names[i] for key in found) == text.nunique() * len(priors)


@differential
@given(random=tables("number", "big", "decimal", "text", "whole"), seed=st.integers(0, 9))
def test_any_table_gives_chances_or_a_reason(bench: Bench, random: Random, seed: int) -> None:
    """Ties, constant columns, one row, one class: never a NaN."""
    model = bayes(random, 0, 1, 2, 3, target=4)
    try:
        made = bench.run([model, PREDICTOR], LINKS, random)
    except Refused as refusal:
        assert "No row has a value" in str(refusal) or "has no value in the class" in str(refusal)
        return
    for row in made.rows:
        chances = json.loads(row[-1])
        assert sum(chances.values()) == pytest.approx(1, abs=1e-5)
        assert chances[row[-3]] == pytest.approx(row[-2], abs=1e-6)
        assert row[-2] == pytest.approx(max(chances.values()), abs=1e-6)
    view = fitted(bench, model, random)
    titles = [part["out_title"] for part in view]
    numbers = tab(view, "Numeric Columns") if "Numeric Columns" in titles else []
    if any(row[4] in ("NaN", "0.0000") for row in numbers):
        assert any("one value alone" in message for message in view[0]["visualData"]["errorMessages"])


@pytest.mark.parametrize("offset", [0, 10**9, 10**12, 10**15, -(2**62)])
@pytest.mark.parametrize("kind", ["number", "big"])
def test_variances_of_numbers_far_from_zero(bench: Bench, offset: int, kind: str) -> None:
    chance = np.random.default_rng(5)
    shifts = chance.integers(-3000, 3000, 500)
    made_as = float if kind == "number" else int
    rows = tuple((made_as(offset + int(shift)), "ab"[i % 2]) for i, shift in enumerate(shifts))
    random = Random(("x", "y"), (kind, "text"), rows)
    made = tab(fitted(bench, bayes(random, 0, target=1), random), "Numeric Columns")
    for i in range(2):
        exact = np.array([int(row[0]) - offset for row in rows[i::2]], dtype=float)
        assert float(made[i][4]) == pytest.approx(exact.std(ddof=1), rel=1e-9, abs=6e-5)
    step = bench.run([bayes(random, 0, target=1), PREDICTOR], LINKS, random)
    centred = [(row[0] - offset, row[1]) for row in rows]
    logs = posteriors(centred, (0,), 1, ["a", "b"])
    for row, chances in zip(step.rows, np.exp(logs), strict=True):
        assert json.loads(row[-1])["a"] == pytest.approx(chances[0], abs=2e-6)


def golf() -> Random:
    rows = [line.split() for line in GOLF.split(",")]
    kinds = ("text", "whole", "whole", "flag", "text")
    made = tuple((a, int(b), int(c), d == "true", e) for a, b, c, d, e in rows)
    return Random(("outlook", "temperature", "humidity", "wind", "play"), kinds, made)


def test_golf(bench: Bench) -> None:
    """The figures that anybody computes of this table by hand."""
    view = fitted(bench, bayes(golf(), 0, 1, 2, 3, target=4), golf())
    assert tab(view, "Class Priors") == [["no", "5", "0.3571"], ["yes", "9", "0.6429"]]
    shares = {(value, name): share for _, value, name, _, share in tab(view, "Text Columns")}
    assert (shares["sunny", "yes"], shares["sunny", "no"], shares["overcast", "no"]) == ("0.2222", "0.6000", "0.0000")
    assert (shares["true", "yes"], shares["true", "no"]) == ("0.3333", "0.6000")
    numbers = {(column, name): (mean, deviation) for column, name, _, mean, deviation in tab(view, "Numeric Columns")}
    assert numbers["temperature", "yes"] == ("73.0000", "6.1644")
    assert numbers["temperature", "no"] == ("74.6000", "7.8930")
    assert numbers["humidity", "yes"] == ("78.2222", "9.8841")
    assert numbers["humidity", "no"] == ("84.0000", "9.6177")


def test_values_that_no_class_has(bench: Bench) -> None:
    """They count as 1 of n + 1, with a warning; a missing value says nothing."""
    other = Random(("outlook",), ("text",), (("foggy",), (None,), ("overcast",)))
    made = bench.run(
        [bayes(golf(), 0, target=4), PREDICTOR], "source 0 > model, source 1 > step, model > step", golf(), other
    )
    unseen, missing, overcast = (json.loads(row[-1])["yes"] for row in made.rows)
    assert unseen == pytest.approx((9 / 14 / 10) / (9 / 14 / 10 + 5 / 14 / 6), abs=1e-6)
    assert missing == pytest.approx(9 / 14, abs=1e-6)
    assert overcast == pytest.approx((9 / 14 * 4 / 9) / (9 / 14 * 4 / 9 + 5 / 14 / 6), abs=1e-6)
    [warning] = made.view["errorMessages"]
    assert "'foggy'" in warning and "'outlook'" in warning and ": 1." in warning


def test_models_of_several_kinds_are_judged_and_predicted_at_once(bench: Bench) -> None:
    random = golf()
    second = bayes(random, 0, 3, target=4).replace("model", "second")
    logistic = node(
        "third", "logisticregression.LogisticRegressionOperator", dependentColumn="play", columnNames="temperature"
    )
    models = ("model", "second", "third")
    links = ", ".join(["source 0 > step", *(f"source 0 > {name}, {name} > step" for name in models)])
    first = bayes(random, 1, 2, target=4)
    made = bench.run([first, second, logistic, PREDICTOR], links, random)
    kinds = ("PRED", "CONF", "INFO")
    numbered = [[f"{kind}_NB" for kind in kinds], [f"{kind}_NB_1" for kind in kinds], [f"{kind}_LOR" for kind in kinds]]
    assert made.columns[5:] == [name for names in numbered for name in names]
    fit = node("step", "model.evaluator.GoodnessOfFitOperator", dependentColumn="play")
    judged = shown(bench.run([first, second, logistic, fit], links, random, table=False).view)
    assert [row[:2] for row in judged] == [[name, label] for name in models for label in ("no", "yes")]
    logs = posteriors(list(random.rows), (0, 3), 4, ["no", "yes"])
    right = np.mean([["no", "yes"][row.argmax()] == own[4] for row, own in zip(logs, random.rows, strict=True)])
    assert judged[2][6] == judged[3][6] == f"{right:.4f}"


@pytest.mark.parametrize(
    ("columns", "settings", "reason"),
    [
        ("x", {"varSelPath": "/tmp/mask"}, "mask of a variable selection"),
        ("", {}, "No column to predict from"),
        ("x", {"dependentColumn": ""}, "No dependent column"),
        ("nowhere", {}, "no column 'nowhere'"),
        ("wild", {}, "'wild' holds NaN or infinite"),
        ("huge", {}, "'huge' holds numbers beyond 1e140"),
        ("x", {"dependentColumn": "id"}, "201 values; 200 can be classes"),
    ],
)
def test_what_cannot_be_fitted(bench: Bench, columns: str, settings: dict[str, str], reason: str) -> None:
    rows = tuple((float(i), float("inf") if i == 3 else 1.0, 1e200, i, i % 2) for i in range(201))
    random = Random(("x", "wild", "huge", "id", "y"), ("number", "number", "number", "whole", "whole"), rows)
    model = node(
        "model", "hadoop.HadoopNaiveBayesOperator", **{"dependentColumn": "y", "columnNames": columns, **settings}
    )
    with pytest.raises(Refused, match=reason):
        fitted(bench, model, random)


def test_a_class_with_one_number_and_a_constant_column_are_told(bench: Bench) -> None:
    rows = ((1.0, 7.0, "a"), (2.0, 7.0, "a"), (9.0, 7.0, "b"))
    random = Random(("x", "same", "y"), ("number", "number", "text"), rows)
    model = bayes(random, 0, 1, target=2)
    view = fitted(bench, model, random)
    messages = view[0]["visualData"]["errorMessages"]
    assert [("'x'" in text, "('b')" in text, "'same'" in text) for text in messages] == [
        (True, True, False),
        (False, False, True),
    ]
    made = bench.run([model, PREDICTOR], LINKS, random)
    assert [row[3] for row in made.rows] == ["a", "a", "b"]
