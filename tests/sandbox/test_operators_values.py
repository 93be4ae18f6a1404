"""Operators that sample, join, describe, replace and copy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from alpine.sandbox.engine import Engine
from tests.sandbox.engine_flows import apply, element, errors, failure, flow, node, outcome, rows, run, source

LEFT = pd.DataFrame({"id": [3, 1, 2, 4], "x": ["c", "a", "b", "d"]})
RIGHT = pd.DataFrame({"id": [2, 3, 3, 9], "y": [20.0, 30.0, 31.0, 90.0]})
MIXED = pd.DataFrame(
    {
        "n": [1.0, None, 0.0, -3.0, 4.0, 4.0],
        "t": ["u", None, "", "v", "u", "u"],
        "g": ["p", "p", "p", "q", "q", "q"],
    }
)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = Engine()
    engine.load_table("demo.hundred", pd.DataFrame({"i": range(100)}))
    engine.load_table("demo.left", LEFT)
    engine.load_table("demo.right", RIGHT)
    engine.load_table("demo.mixed", MIXED)
    yield engine
    engine.close()


def sampling(*sizes: str, kind: str = "sampling.RandomSamplingOperator", **parameters: str) -> str:
    model = element(
        "SampleSizeModel",
        *(element("sampleIDs", sampleID=str(i)) for i, _ in enumerate(sizes, 1)),
        *(element("sampleSizes", sampleSize=size) for size in sizes),
    )
    settings = {"sampleSizeType": "Percentage", "disjoint": "true", "randomSeed": "0.5", **parameters}
    return node("sampling", kind, model, sampleCount=str(len(sizes)), **settings)


def drawn(engine: Engine, operator: str, count: int, table: str = "demo.hundred") -> list[list[int]]:
    selectors = [
        node(f"s{i}", "sampling.SampleSelectorOperator", selectedTable=f"public.alp_rsamp_0_{i}") for i in range(count)
    ]
    sums = [aggregated(f"all{i}") for i in range(count)]
    links = "source > sampling, " + ", ".join(f"sampling > s{i}, s{i} > all{i}" for i in range(count))
    document = run(engine, flow(source(table), operator, *selectors, *sums, links=links))
    return [[int(v) for v in rows(outcome(document, f"all{i}"))[0][0].split(",") if v] for i in range(count)]


def aggregated(name: str) -> str:
    field = element(
        "AggregateField", columnName="all", expression="coalesce(string_agg(i::text, ','), '')", dataType=""
    )
    return node(name, "field.AggregateOperator", element("AggregateFieldsModel", field))


def test_samples_have_exact_sizes_and_share_no_row(engine: Engine):
    samples = drawn(engine, sampling("10", "20", "70"), 3)
    assert [len(sample) for sample in samples] == [10, 20, 70]
    assert sorted(i for sample in samples for i in sample) == list(range(100))
    assert all(sample == sorted(sample) for sample in samples)


def test_the_same_seed_draws_the_same_rows_and_another_seed_others(engine: Engine):
    assert drawn(engine, sampling("10"), 1) == drawn(engine, sampling("10"), 1)
    assert drawn(engine, sampling("10"), 1) != drawn(engine, sampling("10", randomSeed="0.6"), 1)


def test_samples_that_may_overlap_are_drawn_one_by_one(engine: Engine):
    samples = drawn(engine, sampling("60", "60", disjoint="false"), 2)
    assert [len(set(sample)) for sample in samples] == [60, 60]
    assert samples[0] != samples[1]


def test_samples_with_replacement_repeat_rows(engine: Engine):
    [sample] = drawn(engine, sampling("200", sampleSizeType="Row", replacement="true"), 1)
    assert len(sample) == 200
    assert len(set(sample)) < 100


def test_samples_can_be_a_number_of_rows(engine: Engine):
    assert [len(sample) for sample in drawn(engine, sampling("30", "90", sampleSizeType="ROW"), 2)] == [30, 70]


def test_an_old_file_gives_one_size_for_all_samples(engine: Engine):
    operator = node("sampling", "sampling.RandomSamplingOperator", sampleCount="2", sampleSize="25", disjoint="true")
    assert [len(sample) for sample in drawn(engine, operator, 2)] == [25, 25]


def test_a_sampling_shows_its_samples_as_tabs(engine: Engine):
    document = run(engine, flow(source("demo.hundred"), sampling("10", "20"), links="source > sampling"))
    entry = outcome(document, "sampling")
    assert entry["visualType"] == 6
    assert [tab["out_title"] for tab in entry["visualData"]] == ["Sample 1", "Sample 2"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("/tmp/out/rsamp_0/Sample_1", 10), ("/tmp/out/rsamp_0/Sample_2", 20), ("Sample_2", 20), ("/tmp/rsamp_0_1", 10)],
)
def test_a_selector_takes_the_sample_it_names(engine: Engine, name: str, expected: int):
    selector = node("pick", "hadoop.HadoopSampleSelectorOperator", selectedFile=name)
    document = run(
        engine,
        flow(
            source("demo.hundred"),
            sampling("10", "20", kind="hadoop.HadoopRandomSamplingOperator"),
            selector,
            links="source > sampling, sampling > pick",
        ),
    )
    assert len(rows(outcome(document, "pick"))) == expected


@pytest.mark.parametrize(
    ("name", "reason"),
    [("Sample_3", "2 were drawn"), ("rsamp_0_0", "from 1"), ("first", "should end in a number")],
)
def test_a_selector_that_names_no_sample_fails(engine: Engine, name: str, reason: str):
    selector = node("pick", "hadoop.HadoopSampleSelectorOperator", selectedFile=name)
    links = "source > sampling, sampling > pick"
    [found] = errors(run(engine, flow(source("demo.hundred"), sampling("10", "20"), selector, links=links)))
    assert reason in found


def table_join(kind: str, *conditions: dict[str, str]) -> str:
    tables = [
        element("JoinTableModel", alias="l", operID="id of source", table="left"),
        element("JoinTableModel", alias="r", operID="id of source 1", table="right"),
    ]
    columns = [
        element("JoinColumnModel", tableAlias="l", columnName="x", newColumnName="x"),
        element("JoinColumnModel", tableAlias="r", columnName="id", newColumnName="r.id"),
        element("JoinColumnModel", tableAlias="r", columnName="y", newColumnName=""),
    ]
    first = {"joinType": kind, "tableAlias1": "l", "tableAlias2": "r", "column1": '"l"."id"', "column2": '"r"."id"'}
    parts = [element("JoinConditionModel", **{**first, "condition": "=", "andOr": "", **c}) for c in conditions or [{}]]
    model = element("TableJoinDefinition", *tables, *columns, *parts)
    return node("step", "datasource.TableJoinOperator", model, createSequenceID="No")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("JOIN", [["c", "3", "30.0000"], ["c", "3", "31.0000"], ["b", "2", "20.0000"]]),
        (
            "LEFT JOIN",
            [["c", "3", "30.0000"], ["c", "3", "31.0000"], ["a", "", ""], ["b", "2", "20.0000"], ["d", "", ""]],
        ),
        ("RIGHT JOIN", [["c", "3", "30.0000"], ["c", "3", "31.0000"], ["b", "2", "20.0000"], ["", "9", "90.0000"]]),
    ],
)
def test_tables_are_joined(engine: Engine, kind: str, expected: list[list[str]]):
    entry = apply(engine, table_join(kind), "demo.left", "demo.right")
    assert entry["visualData"]["columns"] == ["x", "r.id", "y"]
    assert rows(entry) == expected


def test_conditions_on_the_same_tables_narrow_the_join(engine: Engine):
    more = {"column1": '"r"."y"', "column2": "30", "condition": ">", "andOr": "AND"}
    assert rows(apply(engine, table_join("JOIN", {}, more), "demo.left", "demo.right")) == [["c", "3", "31.0000"]]


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ({"condition": "~"}, "'~'"),
        ({"joinType": "NATURAL"}, "'NATURAL'"),
        ({"tableAlias2": "z"}, "'z'"),
        ({"column1": '"l"."id" = 1 or (select true)'}, "subquery"),
    ],
)
def test_a_join_that_is_not_understood_fails(engine: Engine, condition: dict[str, str], reason: str):
    assert reason in failure(engine, table_join("JOIN", condition), "demo.left", "demo.right")


def hadoop_join(kind: str) -> str:
    model = element(
        "HadoopJoinDefinition",
        element("JoinFileModel", operID="id of source", file="left"),
        element("JoinFileModel", operID="id of source 1", file="right"),
        element("JoinColumnModel", fileId="id of source", columnName="x", newColumnName="x"),
        element("JoinColumnModel", fileId="id of source 1", columnName="y", newColumnName="y"),
        element("JoinConditionModel", fileId="id of source", keyColumnList="id", conditionList="="),
        element("JoinConditionModel", fileId="id of source 1", keyColumnList="id", conditionList="="),
        element("joinType", joinTypeValue=kind),
    )
    return node("step", "hadoop.HadoopJoinOperator", model)


@pytest.mark.parametrize(("kind", "count"), [("JOIN", 3), ("LEFT OUTER", 5), ("RIGHT OUTER", 4), ("FULL OUTER", 6)])
def test_hadoop_files_are_joined(engine: Engine, kind: str, count: int):
    assert len(rows(apply(engine, hadoop_join(kind), "demo.left", "demo.right"))) == count


def union(kind: str) -> str:
    sources = ("id of source", "id of source 1")
    column = element(
        "unionColumnModel", *(element("unionSourceColumn", operID=s, column="id") for s in sources), columnName="both"
    )
    return node("step", "hadoop.HadoopUnionOperator", element("HadoopUnionDefinition", column, setType=kind))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("UNION ALL", ["3", "1", "2", "4", "2", "3", "3", "9"]), ("UNION", ["3", "1", "2", "4", "9"])],
)
def test_tables_are_put_below_each_other(engine: Engine, kind: str, expected: list[str]):
    assert [row[0] for row in rows(apply(engine, union(kind), "demo.left", "demo.right"))] == expected


def test_summary_statistics_describe_each_column(engine: Engine):
    step = node("step", "hadoop.HadoopValueAnalysisOperator", columnNames="n,t", topN="2")
    number, text = apply(engine, step, "demo.mixed")["visualData"]["items"]
    values = MIXED["n"].dropna()
    assert number == {
        "column": "n",
        "type": "double",
        "count": "6",
        "unique": "4",
        "null": "1",
        "empty": "0",
        "zero": "1",
        "min": "-3.0000",
        "25%": f"{values.quantile(0.25):.4f}",
        "median": f"{values.median():.4f}",
        "75%": f"{values.quantile(0.75):.4f}",
        "max": "4.0000",
        "standard deviation": f"{values.std():.4f}",
        "average": f"{values.mean():.4f}",
        "positive": "3",
        "negative": "1",
        "most common values": "4.0, 1.0",
    }
    assert (text["count"], text["null"], text["empty"], text["min"]) == ("6", "1", "1", "")
    assert text["most common values"] == "u, v"


def test_a_summary_of_a_large_table_is_the_same_column_by_column(engine: Engine):
    count = 300_000
    engine.load_table("large", pd.DataFrame({"x": range(count), "t": [f"v{i % 3}" for i in range(count)]}))
    step = node("step", "hadoop.HadoopValueAnalysisOperator", columnNames="x,t", topN="3")
    number, text = apply(engine, step, "large")["visualData"]["items"]
    figures = {"unique": "300000", "min": "0.0000", "median": "149999.5000", "max": "299999.0000", "zero": "1"}
    assert (number["column"], text["column"]) == ("x", "t")
    assert figures.items() <= number.items()
    assert number["most common values"] == "299999, 299998, 299997"
    assert (text["unique"], text["most common values"]) == ("3", "v2, v1, v0")


def test_summary_statistics_by_group(engine: Engine):
    step = node("step", "hadoop.HadoopValueAnalysisOperator", columnNames="n", groupByColumnNames="g", topN="1")
    items = apply(engine, step, "demo.mixed")["visualData"]["items"]
    assert [(item["g"], item["count"], item["null"]) for item in items] == [("p", "3", "1"), ("q", "3", "0")]


@pytest.mark.parametrize("kind", ["field.FrequencyAnalysisOperator", "hadoop.HadoopFrequencyAnalysisOperator"])
def test_frequencies_count_each_value(engine: Engine, kind: str):
    found = rows(apply(engine, node("step", kind, columnNames="t,g"), "demo.mixed"))
    assert found[0] == ["t", "u", "3", "50.0000"]
    assert found[-2:] == [["g", "p", "3", "50.0000"], ["g", "q", "3", "50.0000"]]


@pytest.mark.parametrize("kind", ["field.ReplaceNullOperator", "hadoop.HadoopReplaceNullOperator"])
def test_nulls_are_replaced_by_a_value(engine: Engine, kind: str):
    items = [
        element("NullReplacementItem", columnName="n", nullType="value", nullValue="0"),
        element("NullReplacementItem", columnName="t", nullType="value", nullValue="'none'"),
    ]
    entry = apply(engine, node("step", kind, element("NullReplacementModel", *items)), "demo.mixed")
    assert rows(entry)[1] == ["0.0000", "none", "p"]
    assert entry["visualData"]["columns"] == ["n", "t", "g"]


def test_nulls_are_replaced_by_an_average_of_the_group(engine: Engine):
    item = element("NullReplacementItem", columnName="n", nullType="average", nullValue="")
    model = element("NullReplacementModel", item, groupBy="g")
    assert rows(apply(engine, node("step", "field.ReplaceNullOperator", model), "demo.mixed"))[1][0] == "0.5000"
    odd = element("NullReplacementModel", element("NullReplacementItem", columnName="n", nullType="magic"))
    assert "'magic'" in failure(engine, node("step", "field.ReplaceNullOperator", odd), "demo.mixed")


def normalized(engine: Engine, method: str, **parameters: str) -> list[float]:
    step = node("step", "field.NormalizationOperator", columnNames="y", method=method, **parameters)
    return [float(row[1]) for row in rows(apply(engine, step, "demo.right"))]


def test_columns_are_normalized(engine: Engine):
    y = RIGHT["y"]
    expected: dict[str, Any] = {
        "Z-Transformation": (y - y.mean()) / y.std(),
        "Proportion-Transformation": y / y.sum(),
        "DivideByAverage-Transformation": y / y.mean(),
    }
    for method, values in expected.items():
        assert normalized(engine, method) == pytest.approx(list(values), abs=1e-4)
    ranged = normalized(engine, "Range-Transformation", rangeMin="-1", rangeMax="1")
    assert (min(ranged), max(ranged)) == (-1.0, 1.0)
    step = node("step", "field.NormalizationOperator", columnNames="y", method="Magic")
    assert "'Magic'" in failure(engine, step, "demo.right")


def test_a_pivot_turns_values_into_columns(engine: Engine):
    step = node(
        "step",
        "hadoop.HadoopPivotOperator",
        pivotColumn="t",
        groupByColumn="g",
        aggregateColumn="n",
        aggregateType="sum",
    )
    entry = apply(engine, step, "demo.mixed")
    assert entry["visualData"]["columns"] == ["g", "t_", "t_u", "t_v"]
    assert rows(entry) == [["p", "0.0000", "1.0000", ""], ["q", "", "8.0000", "-3.0000"]]
    counted = node("step", "field.PivotOperator", pivotColumn="t", groupByColumn="g", aggregateType="count")
    assert rows(apply(engine, counted, "demo.mixed"))[1] == ["q", "0.0000", "2.0000", "1.0000"]


@pytest.mark.parametrize("kind", ["field.PivotOperator", "hadoop.HadoopPivotOperator"])
@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"pivotColumn": ""}, "No pivot column"),
        ({"pivotColumn": "y"}, "whose text the names"),
        ({"pivotColumn": "b"}, "'b' is a boolean, whose text the names"),
        ({"pivotColumn": "d"}, ""),
        ({"groupByColumn": "nobody"}, "no column 'nobody'"),
        ({"aggregateType": "median"}, "does not know the aggregate 'median'"),
        ({"aggregateType": ""}, "does not know the aggregate ''"),
        ({"aggregateType": "sum", "aggregateColumn": "t"}, "needs numbers"),
        ({"useArray": "true"}, "does not know the option useArray"),
    ],
)
def test_a_pivot_that_is_not_understood_fails(engine: Engine, kind: str, changed: dict[str, str], reason: str):
    day = pd.to_datetime(["2020-01-31", "2020-02-01"]).date
    pivoted = pd.DataFrame({"g": [1, 2], "t": ["u", "v"], "y": [0.5, 1e7], "b": [True, False], "d": day})
    engine.load_table("demo.pivoted", pivoted)
    said = {"pivotColumn": "t", "groupByColumn": "g", "aggregateType": "max", **changed}
    step = node("step", kind, **said)
    if reason or kind.startswith("hadoop"):
        assert (reason or "whose text the names") in failure(engine, step, "demo.pivoted")
    else:
        assert apply(engine, step, "demo.pivoted")["visualData"]["columns"] == ["g", "d_2020-01-31", "d_2020-02-01"]


def test_copies_hand_their_input_on(engine: Engine):
    step = node("step", "hadoop.CopyToDBOperator", schemaName="public", copyToTableName="copied")
    entry = apply(engine, step, "demo.left")
    assert entry["visualData"]["tableName"] == "public.copied"
    assert len(rows(entry)) == 4
    assert len(rows(apply(engine, node("step", "hadoop.CopytoHadoopOperator"), "demo.left"))) == 4


def copying(**types: str) -> str:
    said = {"delimiter": "Comma", "escapChar": "\\", "includeHeader": "false", "other": "", "quoteChar": '"'}
    names = (element("columnNames", columnName=name) for name in types)
    kinds = (element("columnTypes", columnType=kind) for kind in types.values())
    return node("step", "hadoop.CopytoHadoopOperator", element("HadoopFileStructureModel", *names, *kinds, **said))


def test_a_copy_to_hadoop_has_the_declared_types(engine: Engine):
    table = pa.table(
        {"n": pa.array([3, None], pa.int32()), "x": [1.75, 1e7], "t": ["", "a"], "day": [date(2020, 1, 2)] * 2}
    )
    engine.load_table("demo.copied", table)
    expression = element("DerivedFieldItem", columnName="y", dataType="", expression="m * 1000000000")
    derive = node(
        "derive", "hadoop.HadoopVariableOperator", element("DerivedFieldsModel", expression), columnNames="x,t"
    )
    links = "source > step, step > derive"
    for kind, product in (("int", "-1294967296"), ("long", "3000000000")):
        step = copying(m=kind, x="chararray", t="chararray", day="datetime yyyy-MM-dd")
        entry = outcome(run(engine, flow(source("demo.copied"), step, derive, links=links)), "derive")
        assert rows(entry) == [["1.75", "", product], ["1.0E7", "a", ""]]
    assert rows(apply(engine, copying(n="int", x="int", t="chararray", d="datetime"), "demo.copied"))[0][:2] == [
        "3",
        "1",
    ]
    assert "'day' holds dates" in failure(
        engine, copying(n="int", x="int", t="chararray", d="chararray"), "demo.copied"
    )
    assert "declared with 1 columns" in failure(engine, copying(n="int"), "demo.copied")


def test_charts_come_as_tables(engine: Engine):
    bars = node("step", "field.BarChartAnalysisOperator", categoryType="g", scopeDomain="", valueDomain="n")
    assert rows(apply(engine, bars, "demo.mixed")) == [["p", "1.0000"], ["q", "5.0000"]]
    bins = element("ColumnBinsModel", element("ColumnBin", columnName="i", bin="4"))
    [histogram] = apply(engine, node("step", "field.HistogramOperator", bins), "demo.hundred")["visualData"]
    assert histogram["out_title"] == "i"
    assert [row[3] for row in rows(histogram)] == ["25"] * 4
    boxes = node("step", "hadoop.HadoopBoxAndWiskerOperator", analysisValueDomain="n", typeDomain="g", seriesDomain="")
    assert rows(apply(engine, boxes, "demo.mixed"))[1] == ["q", "-3.0000", "0.5000", "4.0000", "4.0000", "4.0000"]


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        ({"columnName": "t"}, "needs numbers"),
        ({"columnName": "n", "type": "7"}, "type '7'"),
        ({"columnName": "n", "bin": "2.5"}, "whole one from 1 on"),
        ({"columnName": "n", "bin": "many"}, "should be a number"),
        ({"columnName": "n", "bin": "1000000"}, "it can have 10,000"),
        ({"columnName": "n", "type": "1", "width": "0"}, "above 0"),
        ({"columnName": "n", "min": "low", "isMin": "true"}, "should be a number"),
        ({"columnName": "n", "min": "1", "isMin": "perhaps"}, "isMin of a histogram's column should be true or false"),
    ],
)
def test_a_histogram_that_is_not_understood_fails(engine: Engine, column: dict[str, str], reason: str):
    bins = element("ColumnBinsModel", element("ColumnBin", **column))
    assert reason in failure(engine, node("step", "field.HistogramOperator", bins), "demo.mixed")


def test_a_scatter_matrix_gives_the_correlations(engine: Engine):
    table = pd.DataFrame({"a": [1.0, 2.0, 4.0], "b": [2.0, 1.0, 0.0]})
    engine.load_table("demo.pairs", table)
    entry = apply(engine, node("step", "field.ScatterMatrixOperator", columnNames="a,b"), "demo.pairs")
    expected = f"{np.corrcoef(table['a'], table['b'])[0, 1]:.4f}"
    assert rows(entry) == [["a", "1.0000", expected], ["b", expected, "1.0000"]]
