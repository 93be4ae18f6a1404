"""Regressions, predictions and the operators that judge them, against figures computed otherwise."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from alpine.sandbox.engine import Engine
from tests.sandbox.engine_flows import errors, flow, node, outcome, rows, run, source

chance = np.random.default_rng(7)
N = 400
DATA = pd.DataFrame({"x": chance.normal(size=N), "z": chance.normal(size=N), "kind": chance.choice(["a", "b", "c"], N)})
DATA["y"] = 2.0 + 3.0 * DATA["x"] - DATA["z"] + (DATA["kind"] == "c") + chance.normal(size=N)
DATA["bad"] = (DATA["x"] + chance.normal(size=N) > 0.5).astype(int)
DATA["flag"] = DATA["bad"] == 1
DATA["gap"] = DATA["x"].where(DATA.index != 5)

LINEAR = node("model", "linearregression.LinearRegressionOperator", dependentColumn="y", columnNames="x,z,kind")
LOGISTIC = node(
    "model", "logisticregression.LogisticRegressionOperator", dependentColumn="bad", columnNames="x,z", goodValue="1"
)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = Engine()
    engine.load_table("demo.data", DATA)
    yield engine
    engine.close()


def after(engine: Engine, model: str, *others: str) -> dict[str, Any]:
    """Run a model on the table, and other operators on the table and the model."""
    names = [other.partition('name="')[2].partition('"')[0] for other in others]
    links = ", ".join(["source > model", *(f"source > {name}, model > {name}" for name in names)])
    return run(engine, flow(source("demo.data"), model, *others, links=links))


def design(*columns: str) -> np.ndarray[Any, Any]:
    parts = [np.ones(N), *(DATA[column].to_numpy() for column in columns)]
    return np.column_stack(parts)


def tab(entry: dict[str, Any], title: str) -> dict[str, Any]:
    found: dict[str, Any] = next(part for part in entry["visualData"] if part["out_title"] == title)
    return found


def test_linear_regression_solves_the_normal_equations(engine: Engine):
    entry = outcome(after(engine, LINEAR), "model")
    assert entry["visualType"] == 6
    dummies = [(DATA["kind"] == value).astype(float).to_numpy() for value in ("b", "c")]
    matrix = np.column_stack([design("x", "z"), *dummies])
    y = DATA["y"].to_numpy()
    inverse = np.linalg.inv(matrix.T @ matrix)
    weights = inverse @ matrix.T @ y
    residuals = y - matrix @ weights
    variance = residuals @ residuals / (N - matrix.shape[1])
    deviations = np.sqrt(variance * np.diag(inverse))
    table = rows(tab(entry, "Data"))
    assert [row[0] for row in table] == ["Intercept", "x", "z", "kind_b", "kind_c"]
    assert [row[1] for row in table] == [f"{value:.4f}" for value in weights]
    assert [row[2] for row in table] == [f"{value:.4f}" for value in deviations]
    assert [row[3] for row in table] == [f"{value:.4f}" for value in weights / deviations]
    [[equation, r2, error]] = rows(tab(entry, "Summary"))
    assert equation.startswith(f"y = {weights[0]:.4f} + {weights[1]:.4f} * x + ")
    assert r2 == f"{1 - residuals @ residuals / ((y - y.mean()) ** 2).sum():.4f}"
    assert error == f"{np.sqrt(variance):.4f}"


def newton() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Weights and their standard errors of the logistic regression, by Newton's method."""
    matrix, good = design("x", "z"), DATA["bad"].to_numpy()
    weights = np.zeros(3)
    for _ in range(30):
        p = 1 / (1 + np.exp(-matrix @ weights))
        information = matrix.T @ (matrix * (p * (1 - p))[:, None])
        weights = weights + np.linalg.solve(information, matrix.T @ (good - p))
    return weights, np.sqrt(np.diag(np.linalg.inv(information)))


def test_logistic_regression_is_the_maximum_likelihood(engine: Engine):
    weights, deviations = newton()
    table = rows(tab(outcome(after(engine, LOGISTIC), "model"), "Data"))
    assert [row[0] for row in table] == ["Intercept", "x", "z"]
    assert [row[1] for row in table] == [f"{value:.4f}" for value in weights]
    assert [row[2] for row in table] == [f"{value:.4f}" for value in deviations]
    assert [row[3] for row in table] == [f"{value:.4f}" for value in (weights / deviations) ** 2]
    assert [row[5] for row in table] == [f"{value:.4f}" for value in np.exp(weights)]


def test_a_good_value_written_as_databases_write_true_is_found(engine: Engine):
    def fit(good: str) -> list[list[str]]:
        model = node(
            "model",
            "logisticregression.LogisticRegressionOperator",
            dependentColumn="flag",
            columnNames="x,z",
            goodValue=good,
        )
        return rows(tab(outcome(after(engine, model), "model"), "Data"))

    assert fit("t")[1][1] == f"{newton()[0][1]:.4f}"
    assert fit("f")[1][1] == f"{-newton()[0][1]:.4f}"


def test_a_predictor_adds_columns_and_leaves_nulls_where_values_lack(engine: Engine):
    model = LOGISTIC.replace('value="x,z"', 'value="gap,z"')
    predictor = node("predict", "model.DatabasePredictorOperator")
    items = outcome(after(engine, model, predictor), "predict")["visualData"]["items"]
    assert list(items[0])[-3:] == ["PRED_LOR", "CONF_LOR", "INFO_LOR"]
    assert items[5]["PRED_LOR"] == items[5]["CONF_LOR"] == items[5]["INFO_LOR"] == ""
    shares = json.loads(items[0]["INFO_LOR"])
    assert float(items[0]["CONF_LOR"]) == pytest.approx(max(shares.values()), abs=1e-4)
    assert shares[items[0]["PRED_LOR"]] == max(shares.values())


def test_a_predictor_of_numbers_says_what_the_equation_says(engine: Engine):
    predictor = node("predict", "hadoop.HadoopPredictOperator")
    model = LINEAR.replace('value="x,z,kind"', 'value="x"')
    items = outcome(after(engine, model, predictor), "predict")["visualData"]["items"]
    slope, level = np.polyfit(DATA["x"], DATA["y"], 1)
    expected = [f"{level + slope * value:.4f}" for value in DATA["x"][:25]]
    assert [item["PRED_LIR"] for item in items] == expected


def predicted() -> np.ndarray[Any, Any]:
    return (design("x", "z") @ newton()[0] >= 0).astype(int)


def test_a_confusion_matrix_is_read_by_the_paths_of_the_public_notebooks(engine: Engine):
    matrix = node("matrix", "model.evaluator.ConfusionMatrixOperator", dependentColumn="bad", useModel="true")
    entry = outcome(after(engine, LOGISTIC, matrix), "matrix")
    assert entry["visualType"] == 6
    assert "node_meta_info" not in entry
    data, heat = entry["visualData"]
    assert (data["out_title"], heat["out_title"]) == ("model: Data", "model: Heat Map")
    assert data["visualData"]["columns"] == [" ", "Predicted (0)", "Predicted (1)", "Class Recall"]
    right = predicted() == DATA["bad"].to_numpy()
    accuracy = f"{right.mean():.4f}"
    last = entry["visualData"][0]["visualData"]["items"][2]["Class Recall"]
    assert last.split()[1] == accuracy
    counts = pd.crosstab(DATA["bad"], predicted())
    cells = [[item["Predicted (0)"], item["Predicted (1)"]] for item in data["visualData"]["items"][:2]]
    assert cells == [[str(counts.loc[i, j]) for j in (0, 1)] for i in (0, 1)]
    assert heat["visualType"] == 20
    table = heat["visualData"]["heatMapTable"]
    assert (table["modelName"], table["YValues"]) == ("model", ["0", "1"])
    assert table["accuracy"] == float(np.float32(right.mean()))
    assert [row["sequence"] for row in table["rowsIntensity"]] == [0, 1]


def test_the_area_under_the_roc_curve_is_the_share_of_pairs_in_order(engine: Engine):
    roc = node("roc", "model.evaluator.ROCOperator", dependentColumn="bad", columnValue="1", useModel="true")
    entry = outcome(after(engine, LOGISTIC, roc), "roc")
    score = design("x", "z") @ newton()[0]
    good, other = score[DATA["bad"] == 1], score[DATA["bad"] == 0]
    assert rows(tab(entry, "model: AUC")) == [[f"{(good[:, None] > other[None, :]).mean():.4f}"]]
    curve = rows(tab(entry, "model: ROC"))
    assert (curve[0][0], curve[-1]) == ("0.0000", ["1.0000", "1.0000"])


def test_a_roc_curve_of_one_class_alone_is_no_number(engine: Engine):
    engine.load_table("demo.good", DATA[DATA["bad"] == 1])
    text = flow(
        source("demo.data"),
        source("demo.good", "good"),
        LOGISTIC,
        node("roc", "hadoop.HadoopROCOperator", columnValue="1"),
        links="source > model, model > roc, good > roc",
    )
    entry = outcome(run(engine, text), "roc")
    assert rows(tab(entry, "model: AUC")) == [["NaN"]]


def test_lift_counts_the_good_values_from_the_top(engine: Engine):
    lift = node("lift", "hadoop.HadoopLiftOperator", columnValue="1")
    table = rows(tab(outcome(after(engine, LOGISTIC, lift), "lift"), "model: Lift"))
    top = np.argsort(-(design("x", "z") @ newton()[0]))[: N // 10]
    gain = DATA["bad"].to_numpy()[top].sum() / DATA["bad"].sum()
    assert table[0] == ["0.1000", f"{gain:.4f}", f"{gain / 0.1:.4f}"]
    assert table[-1] == ["1.0000", "1.0000", "1.0000"]


def test_goodness_of_fit_gives_the_figures_of_each_class(engine: Engine):
    fit = node("fit", "hadoop.HadoopGoodnessOfFitOperator")
    table = rows(outcome(after(engine, LOGISTIC, fit), "fit"))
    truth, guess = DATA["bad"].to_numpy(), predicted()
    recall = (guess[truth == 1] == 1).mean()
    precision = (truth[guess == 1] == 1).mean()
    f1 = 2 * precision * recall / (precision + recall)
    specificity = (guess[truth == 0] == 0).mean()
    expected = [recall, precision, f1, specificity, (guess == truth).mean(), recall]
    assert table[1] == ["model", "1", *(f"{value:.4f}" for value in expected)]


def test_a_judge_without_a_model_fails(engine: Engine):
    matrix = node("matrix", "hadoop.HadoopConfusionOperator")
    [reason] = errors(run(engine, flow(source("demo.data"), matrix, links="source > matrix")))
    assert "needs a model" in reason
    [reason] = errors(after(engine, LINEAR, matrix))
    assert "classification model" in reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("columnNames", ""), "No column to predict from"),
        (("dependentColumn", ""), "No dependent column"),
        (("dependentColumn", "kind"), "it holds 3"),
        (("goodValue", "7"), "'7' does not occur"),
        (
            ("isStepWise", "true"),
            "how the server chooses the columns (stepWiseType '', criterionType '', checkValue '')",
        ),
        (("useApproximation", "Yes"), "approximations (useApproximation)"),
        (("lorPenalizingParameter", "0.5"), "penalty"),
        (("splitModelGroupByColumn", "kind"), "each group"),
        (("lorPenalizingParameter", "much"), "should be a number"),
    ],
)
def test_what_can_not_be_fitted_is_refused(engine: Engine, change: tuple[str, str], reason: str):
    settings = {"dependentColumn": "bad", "columnNames": "x,z", "goodValue": "1", **dict([change])}
    [found] = errors(after(engine, node("model", "logisticregression.LogisticRegressionOperator", **settings)))
    assert reason in found


def test_a_flow_that_allows_fewer_iterations_is_told(engine: Engine):
    def warned(allowed: str) -> list[str]:
        model = LOGISTIC.replace("</Operator>", f'<Parameter key="max_generations" value="{allowed}"/></Operator>')
        assert allowed in model
        found: list[str] = tab(outcome(after(engine, model), "model"), "Summary")["visualData"].get("errorMessages", [])
        return found

    assert warned("50") == []
    [told] = warned("1")
    assert told.startswith("The flow allows 1 iterations; these are the figures of the maximum")


def test_linear_regression_gives_the_certified_figures_of_longleys_data(engine: Engine):
    """NIST's Statistical Reference Datasets publish them; the data is a classic of ill-conditioning."""
    from statsmodels.datasets import longley

    data = longley.load_pandas().data
    engine.load_table("demo.longley", data)
    columns = "GNPDEFL,GNP,UNEMP,ARMED,POP,YEAR"
    model = node("model", "hadoop.HadoopLinearRegressionOperator", dependentColumn="TOTEMP", columnNames=columns)
    entry = outcome(run(engine, flow(source("demo.longley"), model, links="source > model")), "model")
    certified = [
        ("Intercept", "-3482258.6346", "890420.3836"),
        ("GNPDEFL", "15.0619", "84.9149"),
        ("GNP", "-0.0358", "0.0335"),
        ("UNEMP", "-2.0202", "0.4884"),
        ("ARMED", "-1.0332", "0.2143"),
        ("POP", "-0.0511", "0.2261"),
        ("YEAR", "1829.1515", "455.4785"),
    ]
    assert [tuple(row[:3]) for row in rows(tab(entry, "Data"))] == certified
    assert rows(tab(entry, "Summary"))[0][1:] == ["0.9955", "304.8541"]
