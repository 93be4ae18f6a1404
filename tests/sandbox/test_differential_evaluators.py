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

from alpine.sandbox.engine import Context, Output
from alpine.sandbox.engine.classes import Classes
from alpine.sandbox.engine.context import tabulate
from alpine.sandbox.engine.database import PLACE, Cursor, DatabaseTable
from alpine.sandbox.engine.model_rows import rows_to_classify
from alpine.sandbox.engine.models import ClassificationModel, Judged
from tests.sandbox.differential import Bench, Random, Refused, differential, shown, tab
from tests.sandbox.differential_models import Problem, centred, problems
from tests.sandbox.engine_flows import node

LINKS = "source 0 > model, source 1 > step, model > step"


EVALUATORS = [
    "model.evaluator.ConfusionMatrixOperator",
    "hadoop.HadoopGoodnessOfFitOperator",
    "hadoop.HadoopROCOperator",
    "hadoop.HadoopLiftOperator",
]


class Columns(ClassificationModel):
    """Takes how likely each class is from the columns of the table that are called so."""

    short = "COL"

    def __init__(self, name: str, target: str, classes: Classes) -> None:
        self.name, self.target, self.classes, self.positive = name, target, classes, classes.names[-1]

    def judge(self, cursor: Cursor, table: DatabaseTable, label: str | None = None) -> Judged:
        assert label is not None
        rows = rows_to_classify(cursor, table, [f"p {name}" for name in self.classes.names], label)
        return Judged(rows.places, rows.labels, np.column_stack(rows.columns), rows.left_out)


def _columns(context: Context) -> Output:
    """Learns the classes of the column ``y``."""
    labels = context.cursor.fetch(f"SELECT CAST(y AS VARCHAR) FROM {context.table.rows} ORDER BY {PLACE}")
    classes = Classes.of({label for (label,) in labels}, context.table.type_of("y"))
    return Output(
        view=tabulate([[context.operator.name]], ["Model"]), model=Columns(context.operator.name, "y", classes)
    )


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    bench = Bench()
    bench.engine.register("test.Columns", _columns)
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


@differential
@given(seed=st.integers(0, 2**32), count=st.integers(2, 5), nulls=st.booleans(), kind=st.sampled_from(EVALUATORS))
def test_a_model_of_several_classes(bench: Bench, seed: int, count: int, nulls: bool, kind: str) -> None:
    """Every class is judged as scikit-learn judges it; one that is predicted only, or occurs only, has its line."""
    chance = np.random.default_rng(seed)
    classes, size = ["10", "2", "naïve", "it's", "日本"][:count], int(chance.integers(10, 80))
    shares = chance.dirichlet(np.ones(count), size).round(2)
    labels: list[Any] = chance.choice([*classes, "new"], size).tolist()
    labels[:count] = classes
    fitted_rows = tuple((*shares[i].tolist(), name) for i, name in enumerate(classes))
    if nulls:
        labels[-1] = None
    names, kinds = (*(f"p {name}" for name in sorted(classes)), "y"), (*["number"] * count, "text")
    test = Random(names, kinds, tuple((*row, label) for row, label in zip(shares.tolist(), labels, strict=True)))
    model = node("model", "test.Columns")

    def view(**settings: str) -> Any:
        given_tables = Random(names, kinds, fitted_rows), test
        return bench.run([model, node("step", kind, **settings)], LINKS, *given_tables, table=False).view

    there = np.array([label is not None for label in labels])
    truth, chances = np.array(labels, dtype=object)[there].astype(str), shares[there]
    guess = np.array(sorted(classes))[chances.argmax(axis=1)]
    every = sorted({*classes, *truth})
    if kind == EVALUATORS[0]:
        lines = [row[1:-1] for row in tab(view(), "model: Data")[:-1]]
        assert lines == skm.confusion_matrix(truth, guess, labels=every).astype(str).tolist()
        return
    if kind == EVALUATORS[1]:
        figures = skm.precision_recall_fscore_support(truth, guess, labels=every, zero_division=0)
        for place, (name, row) in enumerate(zip(every, shown(view()), strict=True)):
            precision, recall, f1, _ = (figure[place] for figure in figures)
            specificity = skm.recall_score(truth != name, guess != name, zero_division=0)
            expected = [recall, precision, f1, specificity, skm.accuracy_score(truth, guess), recall]
            assert row == ["model", name, *(f"{value:.4f}" for value in expected)]
        return
    place = seed % count
    name = sorted(classes)[place]
    is_good, score = truth == name, chances[:, place]
    watched = view(columnValue=name.replace("'", "''").join("''"))
    if is_good.any() and not is_good.all():
        if kind == EVALUATORS[2]:
            area = float(tab(watched, "model: AUC")[0][0])
            assert area == pytest.approx(skm.roc_auc_score(is_good, score), abs=6e-5)
        else:
            assert tab(watched, "model: Lift")[-1] == ["1.0000", "1.0000", "1.0000"]
    if count > 2:
        with pytest.raises(Refused, match=f"which class to watch .* has {count}"):
            view()
    else:
        [told] = [message for message in view()[0]["visualData"]["errorMessages"] if "watch" in message]
        assert told.endswith(f"this is of {sorted(classes)[-1]!r}.")


@differential
@given(problem=problems(small=True), fewer=st.booleans(), kind=st.sampled_from(EVALUATORS))
def test_several_models_are_judged_beside_each_other(bench: Bench, problem: Problem, fewer: bool, kind: str) -> None:
    """Each as it is judged alone."""
    other = problem.logistic().replace('"model"', '"other"').replace('"id of model"', '"id of other"')
    if fewer:
        other = other.replace(problem.columns, problem.random.names[1]) if '"' not in problem.columns else other

    def shown_of(links: str, *models: str) -> Any:
        return bench.run([*models, node("step", kind)], links, problem.random, problem.random, table=False).view

    of_one, of_other = LINKS, "source 0 > other, source 1 > step, other > step"
    both = shown_of(
        "source 0 > model, source 0 > other, source 1 > step, model > step, other > step", problem.logistic(), other
    )
    alone = [shown_of(of_one, problem.logistic()), shown_of(of_other, other)]
    if isinstance(both, dict):
        assert shown(both) == [row for view in alone for row in shown(view)]
        return
    assert [part["out_title"] for part in both] == [part["out_title"] for view in alone for part in view]
    found, expected = (
        [part["visualData"].get("items") or part["visualData"]["heatMapTable"] for view in views for part in view]
        for views in ([both], alone)
    )
    assert found == expected


@pytest.mark.parametrize(
    ("fitted_on", "judged_on"),
    [
        (("flag", [False, True]), ("text", ["f", "t"])),
        (("text", ["f", "t"]), ("flag", [False, True])),
        (("text", ["No", "Yes"]), ("flag", [False, True])),
        (("whole", [0, 1]), ("text", ["0", "1.0"])),
        (("number", [0.0, 2.5]), ("text", ["0", "2.50"])),
        (("whole", [0, 1]), ("flag", [False, True])),
        (("flag", [False, True]), ("whole", [0, 1])),
        (("decimal", [0, 1]), ("number", [-0.0, 1.0])),
    ],
)
def test_classes_of_another_type_are_compared_by_value(bench: Bench, fitted_on: Any, judged_on: Any) -> None:
    chance = np.random.default_rng(4)
    x = chance.normal(size=40)
    good = (x + chance.normal(size=40) > 0).astype(int)
    tables = [
        Random(("x", "y"), ("number", kind), tuple((float(a), pair[b]) for a, b in zip(x, good, strict=True)))
        for kind, pair in (fitted_on, fitted_on, judged_on)
    ]
    model = node("model", "logisticregression.LogisticRegressionOperator", dependentColumn="y", columnNames="x")
    steps = [model, node("step", EVALUATORS[0])]
    same, other = (bench.run(steps, LINKS, tables[0], test, table=False).view for test in tables[1:])
    assert tab(same, "model: Data") == tab(other, "model: Data")


def test_classes_that_no_model_knows_are_told(bench: Bench) -> None:
    rows = tuple((float(i % 5), "tf"[i % 3 == 0]) for i in range(20))
    other = tuple((float(i % 5), "other") for i in range(5))
    model = node("model", "logisticregression.LogisticRegressionOperator", dependentColumn="y", columnNames="x")
    tables = [Random(("x", "y"), ("number", "text"), given_rows) for given_rows in (rows, other)]
    view = bench.run([model, node("step", EVALUATORS[0])], LINKS, *tables, table=False).view
    [told] = view[0]["visualData"]["errorMessages"]
    assert told == "The column 'y' holds none of the classes that the model knows, but 'other'."
    without = Random(("x", "z"), ("number", "text"), other)
    with pytest.raises(Refused, match="'y'"):
        bench.run([model, node("step", EVALUATORS[0])], LINKS, tables[0], without, table=False)


@pytest.mark.parametrize("kind", EVALUATORS)
def test_models_that_predict_no_classes_are_refused(bench: Bench, kind: str) -> None:
    random = Random(("x", "y"), ("number", "whole"), tuple((float(i % 5), int(i % 3 == 0)) for i in range(20)))
    columns = {"dependentColumn": "y", "columnNames": "x"}
    steps = [
        node("model", "logisticregression.LogisticRegressionOperator", **columns),
        node("line", "linearregression.LinearRegressionOperator", **columns),
    ]
    links = f"{LINKS}, source 0 > line, line > step"
    with pytest.raises(Refused, match="'line' predicts no classes"):
        bench.run([*steps, node("step", kind)], links, random, random, table=False)
    with pytest.raises(Refused, match="useModel is false"):
        bench.run([node("step", kind, useModel="false")], "source 0 > step", random, table=False)


@pytest.mark.parametrize("kind", EVALUATORS)
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
