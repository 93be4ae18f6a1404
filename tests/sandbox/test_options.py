"""Options that the sandbox does not know are refused by name, and never ignored."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pytest

from alpine.sandbox.engine import Engine
from tests.sandbox import postgresql_judge
from tests.sandbox.engine_flows import apply, element, errors, failure, flow, node, outcome, rows, run, source
from tests.sandbox.pig_flows import pig_execute

PEOPLE = pd.DataFrame({"id": [1, 2, 3], "name": ["ann", None, "bob"], "age": [30.0, None, 41.5]})
WORTH = pa.table({"id": [1, 2], "day": [pd.Timestamp("2020-01-01"), None], "paid": [True, None]})
DATABASE, HADOOP = "field.FilterOperator", "hadoop.HadoopRowFilterOperator"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = Engine()
    engine.load_table("demo.people", PEOPLE)
    engine.load_table("demo.worth", WORTH)
    yield engine
    engine.close()


def filtering(kind: str, condition: str = "=", column: str = "id", script: str = "", **attributes: str) -> str:
    items = element("RowFilterConditionItem", columnName=column, condition=condition, firstValue="1", secondValue="")
    said = {"sqlType": "nosql", "useAll": "true", **attributes}
    parameter = {"filterCondition" if kind == HADOOP else "whereClause": script}
    return node("step", kind, element("RowFilterConditionModel", items, **said), **parameter)


def limiting(**settings: str) -> str:
    return node("step", HADOOP, filterCondition="id > 0", **{"useRowLimit": "true", **settings})


def filling(*items: tuple[str, str, str], kind: str = "field.ReplaceNullOperator", by: str = "") -> str:
    parts = (element("NullReplacementItem", columnName=c, nullType=how, nullValue=value) for c, how, value in items)
    return node("step", kind, element("NullReplacementModel", *parts, groupBy=by))


def normalizing(method: str, **limits: str) -> str:
    return node("step", "field.NormalizationOperator", columnNames="age", method=method, **limits)


def describing(**settings: str) -> str:
    return node("step", "hadoop.HadoopValueAnalysisOperator", **{"columnNames": "id", **settings})


def sampling(sizes: list[str], ids: list[str], **settings: str) -> str:
    numbers = (element("sampleIDs", sampleID=number) for number in ids)
    model = element("SampleSizeModel", *numbers, *(element("sampleSizes", sampleSize=size) for size in sizes))
    said = {"sampleSizeType": "Percentage", "disjoint": "true", "sampleCount": str(len(sizes)), **settings}
    return node("step", "sampling.RandomSamplingOperator", model, **said)


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (filtering(DATABASE, sqlType="pig"), "'pig' of a row filter"),
        (filtering(DATABASE, sqlType="sql", conditionValue=" "), "script is empty"),
        (filtering(HADOOP, useAll="maybe"), "useAll should be true or false, but it is 'maybe'"),
        (filtering(DATABASE, "contains"), "'contains' is one of text"),
        (filtering(HADOOP, "contains", "age"), "'contains' is one of text"),
        (limiting(useRowLimit="perhaps"), "useRowLimit should be true or false, but it is 'perhaps'"),
        (limiting(rowLimit="1.7"), "rowLimit should be a whole number from 0 on, but it is '1.7'"),
        (limiting(rowLimit="-1"), "rowLimit should be a whole number"),
        (limiting(rowLimit="nan"), "rowLimit should be a number, but it is 'nan'"),
        (limiting(rowLimit=""), "does not say how many (rowLimit)"),
        (limiting(rowLimit="0"), "does not say how many (rowLimit)"),
        (limiting(rowLimit="2").replace(HADOOP, DATABASE), "(useRowLimit) is one of Hadoop"),
        (filtering(DATABASE, script="id > 2"), "conditions and, as a parameter, the script 'id > 2'"),
        (filtering(HADOOP, script="id > 2"), "conditions and, as a parameter, the script 'id > 2'"),
        (filtering(DATABASE, script="id > 2", sqlType="sql", conditionValue="id > 1"), "the script 'id > 1' and, as a"),
        (filling(("id", "value", "0"), ("ID", "value", "1")), "two null replacements of the column 'id'"),
        (filling(("age", "mode", "")), "'mode'"),
        (normalizing("zebra"), "'zebra'"),
        (normalizing("Range-Transformation of a kind"), "'Range-Transformation of a kind'"),
        (normalizing("Range-Transformation", rangeMin="2", rangeMax="1"), "2 to 1"),
        (normalizing("Range-Transformation", rangeMin="nan"), "rangeMin should be a number"),
        (describing(topN="0"), "topN should be a whole number from 1 on"),
        (describing(topN="2.5"), "topN should be a whole number"),
        (describing(doDistinct="perhaps"), "doDistinct should be true or false"),
        (sampling(["50"], [], sampleSizeType="Fraction"), "'Fraction'"),
        (sampling(["1.5"], [], sampleSizeType="Row"), "should be whole: 1.5"),
        (sampling(["50"], [], sampleCount="2"), "2 samples (sampleCount), but gives 1 sizes"),
        (sampling(["50"], [], sampleCount="1.5"), "sampleCount should be a whole number"),
        (sampling(["50", "20"], ["1", "3"]), "numbered from 1, not 1, 3"),
        (sampling(["150"], [], disjoint="false"), "cannot be 150 percent"),
        (sampling(["50"], [], replacement="perhaps"), "replacement should be true or false"),
        (sampling(["50"], [], consistent="perhaps"), "consistent should be true or false"),
        (sampling(["50"], [], keyColumnList="none"), "no column 'none'"),
    ],
)
def test_an_option_that_is_not_known_is_refused_by_name(engine: Engine, step: str, reason: str):
    assert reason in failure(engine, step, "demo.people")


@pytest.mark.parametrize(("kind", "sql"), [(DATABASE, ""), (DATABASE, "sql"), (HADOOP, "nosql")])
def test_a_script_filters_rows_where_the_model_has_no_conditions(engine: Engine, kind: str, sql: str):
    parameter = {"filterCondition" if kind == HADOOP else "whereClause": "id > 2"}
    step = node("step", kind, element("RowFilterConditionModel", sqlType=sql), **parameter)
    assert [row[0] for row in rows(apply(engine, step, "demo.people"))] == ["3"]


@pytest.mark.parametrize("kind", ["field.ReplaceNullOperator", "hadoop.HadoopReplaceNullOperator"])
def test_null_replacements_read_the_groups_in_either_form(engine: Engine, kind: str):
    engine.load_table("demo.parts", pd.DataFrame({"g": ["a", "a", "b", "b"], "x": [1.0, None, 5.0, None]}))
    item = element("NullReplacementItem", columnName="x", nullType="average", nullValue="")
    for model in (
        element("NullReplacementModel", item, groupBy="g"),
        element("NullReplacementModel", element("groupBy", columnName="g"), item),
    ):
        found = rows(apply(engine, node("step", kind, model), "demo.parts"))
        assert [row[1] for row in found] == ["1.0000", "1.0000", "5.0000", "5.0000"]


def test_samples_come_in_the_order_of_their_numbers(engine: Engine):
    step = sampling(["0", "100"], ["2", "1"])
    first, second = apply(engine, step, "demo.people")["visualData"]
    assert (len(rows(first)), len(rows(second))) == (3, 0)


def test_a_selector_takes_one_sampling(engine: Engine):
    one, other = (sampling(["50"], []).replace('"step"', f'"{name}"') for name in ("one", "other"))
    pick = node("pick", "sampling.SampleSelectorOperator", selectedTable="out_0")
    links = "source > one, source > other, one > pick, other > pick"
    [found] = errors(run(engine, flow(source("demo.people"), one, other, pick, links=links)))
    assert "several are linked" in found


@pytest.mark.parametrize("kind", ["field.ReplaceNullOperator", "hadoop.HadoopReplaceNullOperator"])
@pytest.mark.parametrize(("column", "value"), [("name", "0"), ("day", "0"), ("paid", "2"), ("age", "'x'")])
def test_a_value_of_another_kind_does_not_replace_a_null(engine: Engine, kind: str, column: str, value: str):
    table = "demo.people" if column in PEOPLE else "demo.worth"
    reason = failure(engine, filling((column, "value", value), kind=kind), table)
    assert "Unimplemented" not in reason
    assert "Conversion" not in reason


def test_a_value_that_a_column_of_integers_cannot_hold_is_refused(engine: Engine):
    engine.load_table("demo.whole", pa.table({"id": [1, None]}))
    assert "The value 3.7 for nulls of the column 'id' does not fit" in failure(
        engine, filling(("id", "value", "3.7")), "demo.whole"
    )
    assert rows(apply(engine, filling(("id", "value", "4.0")), "demo.whole")) == [["1"], ["4"]]


def test_an_average_of_decimal_numbers_that_replaces_a_null_is_exact(engine: Engine):
    numbers = [Decimal("1.10"), Decimal("2.25"), Decimal("12345678901234567890.12345"), None]
    engine.load_table("demo.exact", pa.table({"d": numbers, "a,b": [1, 1, 1, 1]}))
    found = rows(apply(engine, filling(("d", "average", ""), by="a,b"), "demo.exact"))
    assert found[-1][0] == f"{sum(numbers[:-1], Decimal(0)) / 3:.5f}"


@pytest.mark.parametrize(
    ("links", "expected"),
    [
        (("", "AND", "OR"), "a AND b OR c"),
        (("AND", "OR", ""), "a AND b OR c"),
        (("", "", ""), "a AND b AND c"),
        (("OR", "OR", "OR"), "a OR b OR c"),
        (("AND", "OR", "AND"), "left open"),
        (("", "XOR", ""), "'XOR'"),
    ],
)
def test_conditions_of_a_join_are_linked_as_they_say(engine: Engine, links: tuple[str, ...], expected: str):
    engine.load_table("demo.l", pa.table({"a": [0, 0, 0, 0, 1, 1, 1, 1], "b": [0, 0, 1, 1] * 2, "c": [0, 1] * 4}))
    engine.load_table("demo.r", pa.table({"one": [1]}))
    conditions = (
        element("JoinConditionModel", joinType="JOIN", tableAlias1="l", tableAlias2="r", column1=f'"l"."{name}"',
                condition="=", column2='"r"."one"', andOr=link)
        for name, link in zip("abc", links, strict=True)
    )  # fmt: skip
    tables = (element("JoinTableModel", alias=alias, operID=f"id of {alias}") for alias in "lr")
    columns = (element("JoinColumnModel", tableAlias="l", columnName=name, newColumnName=name) for name in "abc")
    join = node("step", "datasource.TableJoinOperator", element("TableJoinDefinition", *tables, *columns, *conditions))
    document = run(engine, flow(source("demo.l", "l"), source("demo.r", "r"), join, links="l > step, r > step"))
    if " " not in expected or expected == "left open":
        [found] = errors(document)
        assert expected in found
        return
    cells = [[int(cell) for cell in row] for row in rows(outcome(document, "step"))]
    assert cells == [
        [a, b, c] for a in (0, 1) for b in (0, 1) for c in (0, 1) if eval(expected.lower(), {"a": a, "b": b, "c": c})
    ]


def hadoop_join(how: str, keys: dict[str, str]) -> str:
    parts = [element("JoinFileModel", operID=f"id of {name}") for name in keys]
    parts += [element("JoinColumnModel", fileId=f"id of {name}", columnName=key, newColumnName=f"{name} {key}")
              for name, key in keys.items()]  # fmt: skip
    parts += [element("JoinConditionModel", fileId=f"id of {name}", keyColumnList=key) for name, key in keys.items()]
    model = element("HadoopJoinDefinition", *parts, element("joinType", joinTypeValue=how))
    return node("step", "hadoop.HadoopJoinOperator", model)


def union(columns: dict[str, str], kind: str = "UNION ALL") -> str:
    sources = (element("unionSourceColumn", operID=f"id of {name}", column=column) for name, column in columns.items())
    model = element("HadoopUnionDefinition", element("unionColumnModel", *sources, columnName="x"), setType=kind)
    return node("step", "hadoop.HadoopUnionOperator", model)


@pytest.mark.parametrize(
    ("one", "other"), [("text", "day"), ("text", "flag"), ("flag", "number"), ("day", "flag"), ("day", "number")]
)
def test_columns_of_different_kinds_meet_in_no_join_and_no_union(engine: Engine, one: str, other: str):
    table = {"text": ["2020-01-01"], "day": [pd.Timestamp("2020-01-01")], "flag": [True], "number": [1]}
    engine.load_table("demo.kinds", pa.table(table))
    sources = [source("demo.kinds", name) for name in ("one", "other")]
    for step in (hadoop_join("JOIN", {"one": one, "other": other}), union({"one": one, "other": other})):
        [found] = errors(run(engine, flow(*sources, step, links="one > step, other > step")))
        assert "do not match" in found or "different kinds" in found


def test_an_outer_join_of_three_files_is_refused(engine: Engine):
    sources = [source("demo.people", name) for name in ("a", "b", "c")]
    for how, is_refused in (("JOIN", False), ("LEFT OUTER", True), ("FULL OUTER", True)):
        step = hadoop_join(how, dict.fromkeys(("a", "b", "c"), "id"))
        found = errors(run(engine, flow(*sources, step, links="a > step, b > step, c > step")))
        assert bool(found) is is_refused


def test_a_union_of_large_integers_and_decimal_numbers_keeps_every_digit(engine: Engine):
    engine.load_table("demo.large", pd.DataFrame({"x": [2**80]}))
    engine.load_table("demo.small", pa.table({"x": [Decimal("1.5")]}))
    sources = [source("demo.large", "one"), source("demo.small", "other")]
    step = union({"one": "x", "other": "x"})
    document = run(engine, flow(*sources, step, links="one > step, other > step"))
    assert rows(outcome(document, "step")) == [[f"{2**80}.0"], ["1.5"]]


def test_a_derived_column_needs_a_name(engine: Engine):
    item = element("DerivedFieldItem", columnName="", dataType="", expression="id")
    step = node("step", "field.VariableOperator", element("DerivedFieldsModel", item), columnNames="id")
    assert "A derived column has no name" in failure(engine, step, "demo.people")


def test_a_bigdecimal_that_pig_computed_is_shown_without_the_zeros_of_its_column(engine: Engine):
    item = element("DerivedFieldItem", columnName="x", dataType="", expression="(age is null ? 100BD : 1.25BD + id)")
    kind = "hadoop.HadoopVariableOperator"
    step = node("step", kind, element("DerivedFieldsModel", item), columnNames="")
    assert rows(apply(engine, step, "demo.people")) == [["2.25"], ["100"], ["4.25"]]


MODELS = {
    "decisiontree.DecisionTreeOperator": {"dependentColumn": "k", "columnNames": "x"},
    "naivebayes.NaiveBayesOperator": {"dependentColumn": "k", "columnNames": "x"},
    "hadoop.HadoopKmeansOperator": {"columnNames": "x", "k": "2"},
    "hadoop.HadoopLogisticRegressionOperator": {"dependentColumn": "k", "columnNames": "x"},
    "linearregression.LinearRegressionOperator": {"dependentColumn": "k", "columnNames": "x"},
    "hadoop.HadoopLinearRegressionOperator": {"dependentColumn": "k", "columnNames": "x"},
    "hadoop.HadoopBoxAndWiskerOperator": {"analysisValueDomain": "x"},
    "association.AssociationOperator": {"columnNames": "k", "minSupport": "0.1", "minConfidence": "0.1"},
}
TREE, BAYES, CLUSTERS, LOGISTIC, LINEAR, HADOOP_LINEAR, BOX, RULES = MODELS


@pytest.mark.parametrize(
    ("kind", "option", "value"),
    [
        *((kind, "forceRetrain", "maybe") for kind in (TREE, BAYES, LOGISTIC, LINEAR)),
        (TREE, "size_threshold_load_data", "x"),
        *((CLUSTERS, "split_Number", value) for value in ("x", "0")),
        *((LOGISTIC, "max_generations", value) for value in ("nan", "-5", "2.5", "x")),
        *((LOGISTIC, "epsilon", value) for value in ("nan", "-1", "x")),
        *((LOGISTIC, "elasticParameter", value) for value in ("-1", "x")),
        *((LOGISTIC, name, "maybe") for name in ("useReg", "retrainWORegularization", "useApproximation")),
        (LOGISTIC, "useReg", "true"),
        (LINEAR, "addResidualPlot", "maybe"),
        (HADOOP_LINEAR, "numberOfCrossValidation", "x"),
        (BOX, "useApproximation", "maybe"),
        *((RULES, "useArray", value) for value in ("true", "maybe")),
        (RULES, "tableSizeThreshold", "x"),
    ],
)
def test_an_option_of_a_model_or_chart_that_is_not_understood_is_refused_by_name(
    engine: Engine, kind: str, option: str, value: str
):
    engine.load_table("demo.fit", pd.DataFrame({"x": [0.5, 1.5, 2.5, 4.0, 5.5, 7.0], "k": [0, 1, 0, 0, 1, 1]}))
    expression = [element("Expression", expression="=", positiveValue="1")] if kind == RULES else []
    apply(engine, node("step", kind, *expression, **MODELS[kind]), "demo.fit")
    step = node("step", kind, *expression, **{**MODELS[kind], option: value})
    assert option in failure(engine, step, "demo.fit")


@pytest.mark.parametrize(("value", "is_known"), [("", True), ("true", True), ("false", False), ("maybe", False)])
def test_an_evaluator_takes_models_alone(engine: Engine, value: str, is_known: bool):
    engine.load_table("demo.fit", pd.DataFrame({"x": [0.5, 1.5, 2.5, 4.0], "k": ["a", "A", "a", "A"]}))
    tree = node("tree", TREE, **MODELS[TREE])
    said = {"dependentColumn": "k", "useModel": value}
    matrix = node("matrix", "model.evaluator.ConfusionMatrixOperator", **said)
    document = run(
        engine, flow(source("demo.fit"), tree, matrix, links="source > tree, source > matrix, tree > matrix")
    )
    assert (document["flowMetaInfo"]["status"] == "SUCCESS") is is_known
    assert is_known or "useModel" in errors(document)[0]


def test_classes_are_truth_values_only_where_all_are(engine: Engine):
    """``NO`` is no false where there are a ``Yes`` and a ``yes`` beside it."""
    table = pd.DataFrame({"x": range(6), "k": ["NO", "NO", "Yes", "Yes", "yes", "yes"], "flag": [True, False] * 3})
    engine.load_table("demo.truths", table)
    tree = node("tree", TREE, dependentColumn="k", columnNames="x", no_pruning="true")
    matrix = node("matrix", "model.evaluator.ConfusionMatrixOperator", dependentColumn="flag")
    links = "source > tree, source > matrix, tree > matrix"
    shown = outcome(run(engine, flow(source("demo.truths"), tree, matrix, links=links)), "matrix")["visualData"][0]
    assert "holds none of the classes that the model knows" in " ".join(shown["visualData"]["errorMessages"])
    assert [row[0] for row in rows(shown)][:-1] == [
        f"Observed ({name})" for name in ("NO", "Yes", "false", "true", "yes")
    ]


def test_an_expression_for_several_columns_is_refused(engine: Engine):
    item = element("DerivedFieldItem", columnName="all", dataType="", expression="id", multiVarColumn="id,age")
    step = node("step", "field.VariableOperator", element("DerivedFieldsModel", item), columnNames="id")
    assert "multiVarColumn" in failure(engine, step, "demo.people")


ZEROS = pa.table({"d": [0.0, -0.0, 1.0], "t": ["a", "a", "b"], "v": [1, 2, 3]})


def grouping(kind: str) -> str:
    group = element("groupBy", columnName="d")
    field = element("AggregateField", columnName="n", aggregateType="", expression="COUNT(v)", dataType="long")
    return node("step", kind, element("AggregateFieldsModel", group, field))


@pytest.mark.parametrize(
    "step",
    [
        grouping("hadoop.HadoopAggregateOperator"),
        node("step", "hadoop.HadoopPivotOperator", pivotColumn="t", groupByColumn="d", aggregateType="max"),
        node(
            "step",
            "hadoop.HadoopCollapseOperator",
            element("CollapseColumnModel", element("CollapseColumn", collapseColumnName="t", aggregationType="fixed")),
            groupByColumnNames="d",
        ),
        union({"source": "d"}, "UNION"),
        node("step", "hadoop.HadoopFrequencyAnalysisOperator", columnNames="d"),
        node("step", "hadoop.HadoopBarChartOperator", categoryType="t", scopeDomain="d", valueDomain="v"),
        node("step", "hadoop.HadoopBoxAndWiskerOperator", typeDomain="d", analysisValueDomain="v"),
        describing(columnNames="v", groupByColumnNames="d"),
        pig_execute("alpine_pig_output = FOREACH (GROUP alpine_pig_input_1 BY d) GENERATE group AS d;"),
        pig_execute("alpine_pig_output = DISTINCT alpine_pig_input_1;"),
        pig_execute(
            "a = FOREACH alpine_pig_input_1 GENERATE d AS e; alpine_pig_output = JOIN alpine_pig_input_1 BY d, a BY e;"
        ),
    ],
)
def test_a_zero_with_a_sign_is_no_key_of_hadoop(engine: Engine, step: str):
    engine.load_table("demo.zeros", ZEROS)
    assert "-0.0" in failure(engine, step, "demo.zeros")
    engine.load_table("demo.zeros", ZEROS.slice(0, 1))
    apply(engine, step, "demo.zeros")


def test_what_the_refusal_of_a_zero_with_a_sign_advises_works(engine: Engine):
    engine.load_table("demo.zeros", ZEROS)
    script = "alpine_pig_output = FOREACH (GROUP alpine_pig_input_1 BY d + 0.0) GENERATE group AS d, COUNT($1) AS n;"
    assert rows(apply(engine, pig_execute(script), "demo.zeros")) == [["0.0000", "2"], ["1.0000", "1"]]
    # PostgreSQL has one zero.
    shown = apply(
        engine,
        grouping("field.AggregateOperator").replace("COUNT(v)", "count(v)").replace("long", "bigint"),
        "demo.zeros",
    )
    assert rows(shown) == [["0.0000", "2"], ["1.0000", "1"]]


def test_a_summary_says_that_it_counts_two_zeros_as_one(engine: Engine):
    engine.load_table("demo.zeros", ZEROS)
    entry = apply(engine, describing(columnNames="d,v"), "demo.zeros")
    assert [row[3] for row in rows(entry)] == ["2", "3"]
    [message] = entry["visualData"]["errorMessages"]
    assert "'d' holds 0.0 and -0.0" in message


def test_a_database_has_one_zero(engine: Engine):
    table = pa.table({"d": [-0.0, 0.0] * 3 + [1.5], "t": ["a", "b", "a", "a", "b", None, "b"]})
    engine.load_table("demo.zeros", table)
    frequency = node("step", "field.FrequencyAnalysisOperator", columnNames="d")
    bars = node("step", "field.BarChartAnalysisOperator", categoryType="d", scopeDomain="", valueDomain="")
    pivot = node("step", "field.PivotOperator", pivotColumn="t", groupByColumn="d", aggregateType="sum")
    grouped = grouping("field.AggregateOperator").replace("COUNT(v)", "count(t)").replace("long", "bigint")
    try:
        running = contextlib.ExitStack()
        address = running.enter_context(postgresql_judge.running())
    except LookupError as error:
        pytest.skip(str(error))
    with running:
        database = postgresql_judge.PostgreSQL(address)
        database.load(
            {"d": "double precision", "t": "text"}, list(zip(*(c.to_pylist() for c in table.columns), strict=True))
        )
        # The zero that PostgreSQL shows is that of the first row; it says itself that it is the same as the other.
        counts = database.run("SELECT d + 0.0, count(*), count(t) FROM t GROUP BY d ORDER BY d")
        shares = database.run(
            "SELECT sum((t = 'a')::int), sum((t = 'b')::int) FROM (SELECT d, coalesce(t, '') AS t FROM t) s "
            "GROUP BY d ORDER BY d"
        )
        database.close()
    number = [f"{d:.4f}" for d, *_ in counts]
    assert number == ["0.0000", "1.5000"]
    assert [row[1:3] for row in rows(apply(engine, frequency, "demo.zeros"))] == [
        [str(d), str(n)] for d, n, _ in counts
    ]
    assert rows(apply(engine, bars, "demo.zeros")) == [[d, str(n)] for d, (_, n, _) in zip(number, counts, strict=True)]
    assert rows(apply(engine, grouped, "demo.zeros")) == [
        [d, str(n)] for d, (_, _, n) in zip(number, counts, strict=True)
    ]
    assert rows(apply(engine, pivot, "demo.zeros")) == [
        [d, *(f"{share:.4f}" for share in row)] for d, row in zip(number, shares, strict=True)
    ]
