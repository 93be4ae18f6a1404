"""Trees on small tables: the known values, what is refused, and numbers that doubles cannot hold."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from alpine.sandbox.engine import Engine
from alpine.sandbox.engine.learning.tree_columns import Predictor
from alpine.sandbox.engine.learning.tree_gains import InformationGain
from alpine.sandbox.engine.learning.trees import pessimistic_error
from tests.sandbox.engine_flows import apply, errors, failure, flow, node, outcome, rows, run, source, start

GOLF = pd.read_csv(
    io.StringIO(
        "outlook,temperature,humidity,wind,play\n"
        "sunny,85,85,false,no\nsunny,80,90,true,no\novercast,83,78,false,yes\novercast,64,65,true,yes\n"
        "sunny,72,95,false,no\nsunny,69,70,false,yes\novercast,72,90,true,yes\nrain,70,96,false,yes\n"
        "rain,68,80,false,yes\nrain,65,70,true,no\nrain,75,80,false,yes\nrain,71,80,true,no\n"
        "sunny,75,70,true,yes\novercast,81,75,false,yes\n"
    )
)
COLUMNS = "outlook,temperature,humidity,wind"
DATABASE, HADOOP = "decisiontree.DecisionTreeOperator", "hadoop.HadoopDecisionTreeOperator"
CART = "decisiontree.CartOperator"
OPEN = {"no_pre_pruning": "true", "no_pruning": "true", "maximal_depth": "-1"}


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = Engine()
    engine.load_table("demo.golf", GOLF)
    yield engine
    engine.close()


def tree(kind: str = DATABASE, name: str = "step", target: str = "play", columns: str = COLUMNS, **more: str) -> str:
    return node(name, kind, dependentColumn=target, columnNames=columns, **more)


def tab(entry: dict[str, Any], title: str = "Decision Tree") -> list[list[str]]:
    [found] = [part for part in entry["visualData"] if part["out_title"] == title]
    return rows(found)


def load(engine: Engine, **columns: pa.Array) -> None:
    engine.load_table("demo.t", pa.table(columns))


def cuts(engine: Engine, kind: str = DATABASE) -> list[str]:
    """The conditions of a full tree on the column ``a`` of the loaded table."""
    return [row[3] for row in tab(apply(engine, tree(kind, target="y", columns="a", **OPEN), "demo.t"))[1:]]


def scored(engine: Engine, *models: str, table: str = "demo.golf", names: str = "model") -> list[dict[str, str]]:
    step = node("step", "model.DatabasePredictorOperator")
    links = ", ".join(["other > step", *(f"source > {name}, {name} > step" for name in names.split(","))])
    text = flow(source("demo.golf"), source(table, "other"), *models, step, links=links)
    items: list[dict[str, str]] = outcome(run(engine, text), "step")["visualData"]["items"]
    return items


def test_gains_of_the_golf_table_are_the_published_ones() -> None:
    predictors = []
    for column in COLUMNS.split(","):
        values, codes = np.unique(GOLF[column].to_numpy(), return_inverse=True)
        is_text = column in ("outlook", "wind")
        predictors.append(Predictor(column, "VARCHAR" if is_text else "BIGINT", codes, values))
    criterion = InformationGain(predictors, (GOLF["play"] == "yes").to_numpy().astype(int), 2)
    every = np.arange(14)
    found = [criterion.best(place, every) for place in range(4)]
    assert [round(split.gain, 6) for split in found if split] == [0.24675, 0.113401, 0.102244, 0.048127]
    middle = [predictors[place].midway(*split.cut)[1] for place, split in enumerate(found) if split and split.cut]
    assert middle == ["84", "82.5"]


@pytest.mark.parametrize(
    ("wrong", "size", "quarter", "less"),
    [
        (0, 2, 0.1853, 0.3494),
        (0, 6, 0.0705, 0.1518),
        (1, 2, 0.7152, 0.7956),
        (2, 6, 0.4708, 0.5441),
        (5, 14, 0.4468, 0.4956),
        (1, 4, 0.4162, 0.5091),
    ],
)
def test_pessimistic_errors_are_the_published_ones(wrong: int, size: int, quarter: float, less: float) -> None:
    assert round(pessimistic_error(wrong, size, 0.25), 4) == quarter
    assert round(pessimistic_error(wrong, size, 0.15), 4) == less


@pytest.mark.parametrize("kind", [DATABASE, HADOOP])
def test_the_tree_of_the_golf_table(engine: Engine, kind: str) -> None:
    entry = apply(engine, tree(kind), "demo.golf")
    assert entry["visualType"] == 6
    assert entry["visualData"][0]["visualData"]["columns"] == [
        *("Node", "Parent", "Depth", "Condition", "Split Column", "Rows", "Prediction", "Confidence"),
        *("Count (no)", "Count (yes)"),
    ]
    assert tab(entry) == [
        ["1", "", "1", "", "outlook", "14", "yes", "0.6429", "5", "9"],
        ["2", "1", "2", "outlook = 'overcast'", "", "4", "yes", "1.0000", "0", "4"],
        ["3", "1", "2", "outlook = 'rain'", "wind", "5", "yes", "0.6000", "2", "3"],
        ["4", "3", "3", "wind = false", "", "3", "yes", "1.0000", "0", "3"],
        ["5", "3", "3", "wind = true", "", "2", "no", "1.0000", "2", "0"],
        ["6", "1", "2", "outlook = 'sunny'", "humidity", "5", "no", "0.6000", "3", "2"],
        ["7", "6", "3", "humidity <= 77.5", "", "2", "yes", "1.0000", "0", "2"],
        ["8", "6", "3", "humidity > 77.5", "", "3", "no", "1.0000", "3", "0"],
    ]
    assert [line for [line] in tab(entry, "Text")] == [
        "outlook = 'overcast': yes {yes=4}",
        "outlook = 'rain'",
        "|   wind = false: yes {yes=3}",
        "|   wind = true: no {no=2}",
        "outlook = 'sunny'",
        "|   humidity <= 77.5: yes {yes=2}",
        "|   humidity > 77.5: no {no=3}",
    ]


def test_the_rules_of_the_documentation_are_those_of_a_run(engine: Engine) -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "operators.md").read_text("utf-8")
    section = page.partition("## Decision trees")[2]
    rules = re.findall(r"```text\n(.*?)```", section, re.DOTALL)[0]
    assert [line for [line] in tab(apply(engine, tree(), "demo.golf"), "Text")] == rules.splitlines()


def test_a_split_that_is_not_allowed_gives_way_to_a_few_others(engine: Engine) -> None:
    # By gain: outlook (4, 5 and 5 rows), temperature (13 and 1), humidity (9 and 5), wind (8 and 6).
    def root(**more: str) -> str:
        return tab(apply(engine, tree(minimal_gain="0", no_pruning="true", **more), "demo.golf"))[0][4]

    assert root(minimal_leaf_size="4") == "outlook"
    assert root(minimal_leaf_size="5", number_of_prepruning_alternatives="1") == ""
    assert root(minimal_leaf_size="5", number_of_prepruning_alternatives="2") == "humidity"
    assert root(minimal_leaf_size="6") == "wind"
    assert root(minimal_leaf_size="6", number_of_prepruning_alternatives="2") == ""
    assert root(minimal_leaf_size="6") == "wind"
    found = tab(apply(engine, tree(minimal_leaf_size="6", minimal_gain="0.05"), "demo.golf"))
    assert len(found) == 1


@pytest.mark.parametrize("depth", ["1", "2", "3", "-1"])
def test_the_depth_counts_the_root(engine: Engine, depth: str) -> None:
    found = tab(apply(engine, tree(maximal_depth=depth, no_pruning="true"), "demo.golf"))
    assert max(int(row[2]) for row in found) == (3 if depth == "-1" else int(depth))


def test_pruning_replaces_a_subtree_that_is_expected_to_err_as_often(engine: Engine) -> None:
    load(engine, a=pa.array([*"uuvvvv"]), y=pa.array([*"010000"]))
    unpruned = tree(target="y", columns="a", minimal_gain="0", no_pruning="true")
    assert [row[3] for row in tab(apply(engine, unpruned, "demo.t"))] == ["", "a = 'u'", "a = 'v'"]
    assert tab(apply(engine, tree(target="y", columns="a", minimal_gain="0"), "demo.t"))[1:] == []
    assert tab(apply(engine, tree(target="y", columns="a", minimal_gain="0"), "demo.t"), "Text") == [["0 {0=5, 1=1}"]]


def test_integers_beyond_2_to_the_53_are_told_apart(engine: Engine) -> None:
    big = 2**60
    load(engine, a=pa.array([big, big + 1, big + 2, big + 3]), y=pa.array([*"0011"]))
    assert cuts(engine) == [f"a <= {big + 1}.5", f"a > {big + 1}.5"]
    engine.load_table("demo.more", pa.table({"a": pa.array([big + 1, big + 2, None]), "y": pa.array([*"010"])}))
    step = node("step", "decisiontree.TreePredictOperator")
    text = flow(
        source("demo.t"),
        source("demo.more", "other"),
        tree(name="model", target="y", columns="a", **OPEN),
        step,
        links="source > model, model > step, other > step",
    )
    items = outcome(run(engine, text), "step")["visualData"]["items"]
    assert [item["PRED_DT"] for item in items] == ["0", "1", "0"]


@pytest.mark.parametrize(
    ("values", "kind", "cut"),
    [
        (["0.1", "0.3"], pa.decimal128(12, 2), "0.2"),
        (["-0.1", "0.05"], pa.decimal128(18, 4), "-0.025"),
        (["12345678901234567890.01", "12345678901234567890.02"], pa.decimal128(30, 2), "12345678901234567890.015"),
        (["170141183460469231731687303715884105", "170141183460469231731687303715884107"], pa.decimal128(38, 0),
         "170141183460469231731687303715884106"),
    ],
)  # fmt: skip
def test_decimal_numbers_are_cut_exactly(engine: Engine, values: list[str], kind: Any, cut: str) -> None:
    load(engine, a=pa.array([Decimal(value) for value in values], kind), y=pa.array([*"01"]))
    assert cuts(engine) == [f"a <= {cut}", f"a > {cut}"]


def test_neighbouring_doubles_are_parted(engine: Engine) -> None:
    above = math.nextafter(1.0, 2.0)
    load(engine, a=pa.array([above, 1.0, 1.0, above]), y=pa.array([*"1001"]))
    assert cuts(engine) == ["a <= 1", "a > 1"]
    load(engine, a=pa.array([-1.7e308, 1.7e308]), y=pa.array([*"01"]))
    assert cuts(engine) == ["a <= 0", "a > 0"]


def test_one_row_one_class_and_constant_columns_make_a_single_leaf(engine: Engine) -> None:
    for kind in (DATABASE, CART):
        load(engine, a=pa.array([1]), y=pa.array(["u"]))
        assert cuts(engine, kind) == []
        load(engine, a=pa.array([1, 2, 3]), y=pa.array(["u"] * 3))
        assert cuts(engine, kind) == []
        load(engine, a=pa.array(["it's"] * 3), y=pa.array([*"uuv"]))
        assert cuts(engine, kind) == []


def test_equal_classes_take_the_first_in_order(engine: Engine) -> None:
    load(engine, a=pa.array([1, 1, 1, 1]), y=pa.array([10, 9, 10, 9]))
    assert tab(apply(engine, tree(target="y", columns="a", **OPEN), "demo.t"))[0][6] == "9"


def test_a_column_of_categories_splits_once_on_each_way(engine: Engine) -> None:
    load(engine, a=pa.array([*"uuvv"]), y=pa.array([*"0101"]))
    assert cuts(engine) == ["a = 'u'", "a = 'v'"]


def test_rows_with_nulls_are_left_out_with_a_warning(engine: Engine) -> None:
    load(engine, a=pa.array([1, None, 2, 3]), y=pa.array(["u", "u", None, "v"]))
    entry = apply(engine, tree(target="y", columns="a", **OPEN), "demo.t")
    assert tab(entry)[0][5] == "2"
    warnings = entry["visualData"][0]["visualData"]["errorMessages"]
    assert warnings == ["Rows left out, since a predictor or the dependent column is null: 2."]


def test_a_row_that_stops_on_its_way_gets_the_majority_of_the_node_that_it_reached(engine: Engine) -> None:
    rows = [("hail", 70, 70, False), (None, 70, 70, False), ("sunny", 70, None, False), ("rain", 70, 70, None)]
    engine.load_table("demo.strange", pd.DataFrame(rows, columns=COLUMNS.split(",")).convert_dtypes())
    items = scored(engine, tree(name="model"), table="demo.strange")
    assert [item["PRED_DT"] for item in items] == ["yes", "yes", "no", "yes"]
    assert [item["CONF_DT"] for item in items] == ["0.6429", "0.6429", "0.6000", "0.6000"]
    assert items[0]["INFO_DT"] == '{"no": 0.357143, "yes": 0.642857}'


def test_several_models_at_once_get_numbered_columns(engine: Engine) -> None:
    models = (
        tree(name="model"),
        tree(CART, name="cart"),
        node("lor", "logisticregression.LogisticRegressionOperator", dependentColumn="play", columnNames="temperature"),
    )
    first = scored(engine, *models, names="model,cart,lor")[0]
    assert list(first)[5:] == [
        *("PRED_DT", "CONF_DT", "INFO_DT", "PRED_DT_1", "CONF_DT_1", "INFO_DT_1", "PRED_LOR", "CONF_LOR", "INFO_LOR"),
    ]


@pytest.mark.parametrize("family", ["model.evaluator.", "hadoop.Hadoop"])
def test_evaluators_take_trees_beside_other_models(engine: Engine, family: str) -> None:
    end = "Operator"
    steps = {"roc": "ROC", "lift": "LIFT" if "model" in family else "Lift", "fit": "GoodnessOfFit"}
    steps["matrix"] = "ConfusionMatrix" if "model" in family else "Confusion"
    nodes = [node(name, f"{family}{kind}{end}", columnValue="no") for name, kind in steps.items()]
    lor = node("lor", "logisticregression.LogisticRegressionOperator", dependentColumn="play", columnNames="humidity")
    links = ["source > tree, source > lor", *(f"source > {n}, tree > {n}, lor > {n}" for n in steps)]
    document = run(engine, flow(source("demo.golf"), tree(name="tree"), lor, *nodes, links=", ".join(links)))
    titles = [part["out_title"] for part in outcome(document, "roc")["visualData"]]
    assert titles == ["tree: ROC", "tree: AUC", "lor: ROC", "lor: AUC"]
    assert rows(outcome(document, "roc")["visualData"][1]) == [["1.0000"]]
    assert [row[:2] for row in rows(outcome(document, "fit"))] == [
        [m, c] for m in ("tree", "lor") for c in ("no", "yes")
    ]
    assert len(outcome(document, "lift")["visualData"]) == 2
    assert len(outcome(document, "matrix")["visualData"]) == 4


def test_cart_predicts_numbers_with_a_fraction_and_tells_integers_apart(engine: Engine) -> None:
    numbers = pa.array([1.0, 2.0, 11.0, 12.0])
    load(engine, a=pa.array([1, 2, 3, 4]), y=numbers, n=pa.array([1, 1, 2, 2]))
    entry = apply(engine, tree(CART, target="y", columns="a", maximal_depth="2"), "demo.t")
    assert [row[5:] for row in tab(entry)] == [
        ["4", "6.5000", "5.0249"],
        ["2", "1.5000", "0.5000"],
        ["2", "11.5000", "0.5000"],
    ]
    assert "not public" in entry["visualData"][0]["visualData"]["errorMessages"][0]
    assert tab(entry, "Text") == [["a <= 2.5: 1.5000 (2 rows)"], ["a > 2.5: 11.5000 (2 rows)"]]
    assert [row[6] for row in tab(apply(engine, tree(CART, target="n", columns="a", **OPEN), "demo.t"))] == [
        "1",
        "1",
        "2",
    ]
    step = node("step", "model.evaluator.ROCOperator")
    model = tree(CART, name="model", target="y", columns="a")
    document = run(engine, flow(source("demo.t"), model, step, links="source > model, source > step, model > step"))
    assert errors(document) == [
        "The operator takes classification models alone, but 'model' predicts no classes. Remove the link from it."
    ]


def test_cart_groups_categories_in_the_best_way(engine: Engine) -> None:
    load(engine, a=pa.array([*"uvwuvw"]), y=pa.array([1.5, 9.5, 1.0, 1.5, 9.0, 1.0]))
    found = apply(engine, tree(CART, target="y", columns="a", maximal_depth="2", no_pre_pruning="true"), "demo.t")
    assert [row[3] for row in tab(found)] == ["", "a in ('u', 'w')", "a = 'v'"]
    many = [f"v{i:02}" for i in range(13)]
    load(engine, a=pa.array(many), y=pa.array([*"0120120120120"]))
    reason = failure(engine, tree(CART, target="y", columns="a", **OPEN), "demo.t")
    assert "'a' has 13 values in a node of 3 classes" in reason
    load(engine, a=pa.array(many), y=pa.array([*"0110110110110"]))
    assert len(cuts(engine, CART)) == 2


STRANGE = pa.table(
    {
        "day": pa.array([0, 1], pa.date32()),
        "nan": pa.array([1.0, math.nan]),
        "bytes": pa.array([b"a", b"b"]),
        "none": pa.array([None, None], pa.int64()),
        "whole": pa.array([Decimal(1), Decimal(2)], pa.decimal128(10, 0)),
        "huge": pa.array([1e300, 1.0]),
        "x": pa.array([1, 2]),
        "y": pa.array(["u", "v"]),
    }
)


@pytest.mark.parametrize(
    ("operator", "reason"),
    [
        (tree(target="y", columns="x,day"), "'day' holds dates"),
        (tree(target="y", columns="bytes"), "'bytes' holds bytes"),
        (tree(target="y", columns="nan"), "'nan' holds NaN"),
        (tree(target="y", columns="none"), "each of its 2 rows lacks a value"),
        (tree(target="y", columns=""), "No column to predict from"),
        (tree(target="", columns="x"), "No dependent column"),
        (tree(target="z", columns="x"), "There is no column 'z'"),
        (tree(target="y", columns="x", maximal_depth="0"), "maximal_depth should be at least 1, or -1"),
        (tree(target="y", columns="x", maximal_depth="-2"), "maximal_depth should be a whole number of at least -1"),
        (tree(target="y", columns="x", maximal_depth="2.5"), "maximal_depth should be a whole number"),
        (tree(target="y", columns="x", maximal_depth="deep"), "maximal_depth should be a number"),
        (tree(target="y", columns="x", confidence="0.7"), "confidence should be above 0 and at most 0.5"),
        (tree(target="y", columns="x", confidence="nan"), "confidence should be a number"),
        (tree(target="y", columns="x", minimal_gain="-1"), "minimal_gain should be 0 or more"),
        (
            tree(target="y", columns="x", minimal_leaf_size="0"),
            "minimal_leaf_size should be a whole number of at least 1",
        ),
        (tree(HADOOP, target="y", columns="x", varSelPath="/tmp/mask"), "mask of a variable selection"),
        (
            tree(HADOOP, target="x", columns="y", categoryLimit="1"),
            "'y' has 2 different values, but categoryLimit is 1",
        ),
        (
            tree(HADOOP, target="y", columns="x,huge", numericalGranularity="0"),
            "numericalGranularity should be a whole",
        ),
        (tree(CART, target="whole", columns="x"), "'whole' is a numeric(10,0)"),
        (tree(CART, target="huge", columns="x"), "numbers beyond 1e+150"),
        (tree(CART, target="nan", columns="x"), "'nan' holds NaN"),
        (tree(CART, target="y", columns="day"), "'day' holds dates"),
    ],
)
def test_what_cannot_be_true_is_refused(engine: Engine, operator: str, reason: str) -> None:
    engine.load_table("demo.t", STRANGE)
    assert reason in failure(engine, operator, "demo.t")


def test_more_cuts_than_the_granularity_are_refused(engine: Engine) -> None:
    load(engine, a=pa.array([1, 2, 3]), y=pa.array([*"001"]))
    assert apply(engine, tree(HADOOP, target="y", columns="a", numericalGranularity="2"), "demo.t")
    reason = failure(engine, tree(HADOOP, target="y", columns="a", numericalGranularity="1"), "demo.t")
    assert "3 different values" in reason
    assert "numericalGranularity is 1" in reason


def test_more_than_a_thousand_classes_are_refused(engine: Engine) -> None:
    load(engine, a=pa.array(range(1001)), y=pa.array(range(1001)))
    assert "1,001 values" in failure(engine, tree(target="y", columns="a"), "demo.t")


def test_an_empty_table_is_refused(engine: Engine) -> None:
    load(engine, a=pa.array([], pa.int64()), y=pa.array([], pa.string()))
    assert "it is empty" in failure(engine, tree(target="y", columns="a"), "demo.t")


def test_a_table_of_another_kind_cannot_be_scored(engine: Engine) -> None:
    engine.load_table("demo.strange", GOLF.assign(humidity="wet"))
    step = node("step", "hadoop.HadoopDecisionTreePredictOperator")
    nodes = (source("demo.golf"), source("demo.strange", "other"), tree(name="model"), step)
    document = run(engine, flow(*nodes, links="source > model, model > step, other > step"))
    assert errors(document) == ["The tree was grown on numbers in the column 'humidity', but here it holds text."]
    engine.load_table("demo.strange", GOLF.drop(columns="wind"))
    document = run(engine, flow(*nodes, links="source > model, model > step, other > step"))
    assert "There is no column 'wind'" in errors(document)[0]


def test_the_predictor_of_trees_takes_no_other_model(engine: Engine) -> None:
    lor = node("lor", "logisticregression.LogisticRegressionOperator", dependentColumn="play", columnNames="humidity")
    step = node("step", "decisiontree.TreePredictOperator")
    document = run(engine, flow(source("demo.golf"), lor, step, links="source > lor, source > step, lor > step"))
    assert "takes a Decision Tree or a CART, but the model 'lor' is none" in errors(document)[0]


def test_everything_that_is_missing_is_said_before_the_run(engine: Engine) -> None:
    nodes = (tree(name="one", columns="nothing"), tree(CART, name="two", confidence="2"))
    document = run(engine, flow(source("demo.golf"), *nodes, links="source > one, source > two"))
    assert len(errors(document)) == 2
    assert document["outputs"] == []


def test_a_stop_ends_a_tree_that_grows(engine: Engine) -> None:
    chance = np.random.default_rng(5)
    size = 60_000
    table = pd.DataFrame({f"x{i}": chance.normal(size=size) for i in range(8)}).assign(y=chance.integers(0, 2, size))
    engine.load_table("demo.many", table)
    grower = tree(name="grower", target="y", columns=",".join(table.columns[:-1]), **OPEN)
    process_id = start(engine, flow(source("demo.many"), grower, links="source > grower"))
    while (status := engine.query(process_id)) is not None and (status["node"] or {}).get("name") != "grower":
        pass
    assert engine.stop(process_id, 20) is True
    assert engine.results(375, process_id) == ""
