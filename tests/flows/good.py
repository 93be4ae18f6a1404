"""Flows with nothing wrong in them, and the tables that they read."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from alpine import afm
from alpine.sandbox.engine.core import EXAMPLES
from tests.afm.flows import CORPUS
from tests.sandbox.engine_flows import element, flow, node, source

PROJECT = Path(__file__).parents[2]
PEOPLE = {
    "id": "bigint",
    "name": "text",
    "age": "integer",
    "city": "text",
    "income": "double precision",
    "children": "integer",
    "class": "text",
    "spare": "text",
}
CITIES = {"city": "text", "country": "text", "size": "bigint", "note": "text"}
FILE = {"id": "long", "word": "chararray", "team": "chararray", "score": "double", "spare": "chararray"}
SALES = {"product": "text", "region": "text", "amount": "numeric(10,2)"}
TABLES: dict[str, Any] = {"demo.people": PEOPLE, "demo.cities": CITIES}


@dataclass
class Good:
    """A flow with nothing wrong in it.

    :param name: Its name.
    :param content: The file.
    :param tables: What it reads; None where it declares it.
    """

    name: str
    content: bytes
    tables: Any = field(repr=False)


def joined() -> bytes:
    """A join, conditions, derived columns, groups and windows."""
    parts = [
        element("JoinTableModel", alias="p", operID="id of people", table="people"),
        element("JoinTableModel", alias="c", operID="id of cities", table="cities"),
        *(element("JoinColumnModel", tableAlias="p", columnName=c, newColumnName=c) for c in list(PEOPLE)[:6]),
        element("JoinColumnModel", tableAlias="c", columnName="country", newColumnName="land"),
        element("JoinColumnModel", tableAlias="c", columnName="size", newColumnName="size"),
        element(
            "JoinConditionModel",
            joinType="LEFT JOIN",
            tableAlias1="p",
            column1='"p"."city"',
            condition="=",
            tableAlias2="c",
            column2='"c"."city"',
        ),
    ]
    items = [
        element("RowFilterConditionItem", columnName="age", condition=">=", firstValue="@least_age", secondValue=""),
        element("RowFilterConditionItem", columnName="name", condition="is not null", firstValue="", secondValue=""),
    ]
    derived = [
        element("DerivedFieldItem", columnName="share", dataType="double precision", expression='"income" / "size"'),
        element("DerivedFieldItem", columnName="label", dataType="text", expression="upper(\"land\") || '!'"),
    ]
    fields = [
        element("groupBy", columnName="label"),
        element("AggregateField", columnName="people", dataType="bigint", expression='count("id")'),
        element("AggregateField", columnName="most", dataType="double precision", expression='max("share")'),
    ]
    window = element(
        "WindowField", columnName="nth", dataType="bigint", function="row_number()", specification='order by "label"'
    )
    return flow(
        source("demo.people", "people"),
        source("demo.cities", "cities"),
        node("Join", "datasource.TableJoinOperator", element("TableJoinDefinition", *parts), createSequenceID="No"),
        node("Row Filter", "field.FilterOperator", element("RowFilterConditionModel", *items, sqlType="nosql")),
        node("Variable", "field.VariableOperator", element("DerivedFieldsModel", *derived), columnNames="id,age,size"),
        node(
            "Groups",
            "field.AggregateOperator",
            element("AggregateFieldsModel", *fields),
            element("WindowFieldsModel", window),
        ),
        links="people > Join, cities > Join, Join > Row Filter, Row Filter > Variable, Variable > Groups",
        variables={"@least_age": "18", "@default_schema": "public"},
    )


def changed() -> bytes:
    """Nulls, scales, choices of columns, an order with a limit, and a pivot."""
    nulls = [
        element("NullReplacementItem", columnName="income", nullType="value", nullValue="0.0"),
        element("NullReplacementItem", columnName="age", nullType="max", nullValue=""),
    ]
    script = element(
        "RowFilterConditionModel", sqlType="sql", conditionValue='"age" > 20 order by "income", "id" limit 9'
    )
    return flow(
        source("demo.people", "people"),
        node("Nulls", "field.ReplaceNullOperator", element("NullReplacementModel", *nulls, groupBy="city")),
        node("Scale", "field.NormalizationOperator", columnNames="income", method="Z-Transformation"),
        node("Columns", "field.ColumnFilterOperator", columnNames="id,city,income,age"),
        node("First", "field.FilterOperator", script),
        node(
            "Pivot",
            "field.PivotOperator",
            pivotColumn="city",
            groupByColumn="age",
            aggregateColumn="income",
            aggregateType="sum",
        ),
        links="people > Nulls, Nulls > Scale, Scale > Columns, Columns > First, Columns > Pivot",
    )


def fitted() -> bytes:
    """Samples, models, predictions, and a filter on what was predicted."""
    sizes = element("SampleSizeModel", *(element("sampleSizes", sampleSize=size) for size in ("60", "40")))
    item = element("RowFilterConditionItem", columnName="PRED_LOR", condition="=", firstValue="'a'", secondValue="")
    chosen = {"columnNames": "age,income", "dependentColumn": "class"}
    return flow(
        source("demo.people", "people"),
        node(
            "Samples",
            "sampling.RandomSamplingOperator",
            sizes,
            sampleCount="2",
            sampleSizeType="Percentage",
            disjoint="true",
            randomSeed="1",
        ),
        node("Train", "sampling.SampleSelectorOperator", selectedTable="samples_0"),
        node("Test", "sampling.SampleSelectorOperator", selectedTable="samples_1"),
        node("Logistic", "logisticregression.LogisticRegressionOperator", **chosen),
        node("Bayes", "naivebayes.NaiveBayesOperator", **chosen),
        node(
            "Linear", "linearregression.LinearRegressionOperator", columnNames="age,children", dependentColumn="income"
        ),
        node("Predict", "model.DatabasePredictorOperator"),
        node("Predict Income", "model.DatabasePredictorOperator"),
        node("Confusion", "model.evaluator.ConfusionMatrixOperator", useModel="true", dependentColumn="class"),
        node("Only a", "field.FilterOperator", element("RowFilterConditionModel", item, sqlType="nosql")),
        links="people > Samples, Samples > Train, Samples > Test, Train > Logistic, Train > Bayes, Train > Linear, "
        "Test > Predict, Logistic > Predict, Bayes > Predict, Test > Predict Income, Linear > Predict Income, "
        "Test > Confusion, Logistic > Confusion, Predict > Only a",
    )


def hadoop() -> bytes:
    """Hadoop files, with their columns declared: a join, a union, groups, a script of Pig."""
    structure = element(
        "HadoopFileStructureModel",
        *(element("columnNames", columnName=name) for name in FILE),
        *(element("columnTypes", columnType=kind) for kind in FILE.values()),
        delimiter="Comma",
        includeHeader="true",
    )
    files = [
        node(name, "hadoop.HadoopFileOperator", structure, hadoopFileName=f"/data/{name}.csv")
        for name in ("one", "two")
    ]
    union = [
        element(
            "unionColumnModel",
            element("unionSourceColumn", operID="id of one", column=name),
            element("unionSourceColumn", operID="id of two", column=name),
            columnName=name,
        )
        for name in list(FILE)[:4]
    ]
    join = [
        element("JoinFileModel", operID="id of All", file="f"),
        element("JoinFileModel", operID="id of two", file="f"),
        element("JoinColumnModel", fileId="id of All", columnName="team", newColumnName="team"),
        element("JoinColumnModel", fileId="id of All", columnName="score", newColumnName="score"),
        element("JoinColumnModel", fileId="id of two", columnName="word", newColumnName="other"),
        element("JoinConditionModel", fileId="id of All", keyColumnList="id", conditionList="="),
        element("JoinConditionModel", fileId="id of two", keyColumnList="id", conditionList="="),
        element("joinType", joinTypeValue="JOIN"),
    ]
    items = element("RowFilterConditionItem", columnName="score", condition=">", firstValue="@least", secondValue="")
    derived = element("DerivedFieldItem", columnName="twice", dataType="double", expression="score * 2.0")
    fields = [
        element("groupBy", columnName="team"),
        element("AggregateField", columnName="total", dataType="double", expression="SUM(twice)"),
    ]
    script = (
        "a = FILTER alpine_pig_input_1 BY score > 1.0; "
        "alpine_pig_output = FOREACH a GENERATE team AS team, score * 3.0 AS thrice;"
    )
    pig = element(
        "PigExecutableModel", element("PigInputMapItem", inputUuid="id of Match", pigAlias=""), pigScript=script
    )
    return flow(
        *files,
        node("All", "hadoop.HadoopUnionOperator", element("HadoopUnionDefinition", *union, setType="UNION ALL")),
        node("Match", "hadoop.HadoopJoinOperator", element("HadoopJoinDefinition", *join)),
        node("High", "hadoop.HadoopRowFilterOperator", element("RowFilterConditionModel", items, sqlType="nosql")),
        node(
            "Twice", "hadoop.HadoopVariableOperator", element("DerivedFieldsModel", derived), columnNames="team,score"
        ),
        node("Teams", "hadoop.HadoopAggregateOperator", element("AggregateFieldsModel", *fields)),
        node("Script", "hadoop.HadoopPigExecuteOperator", pig),
        links="one > All, two > All, All > Match, two > Match, Match > High, High > Twice, Twice > Teams, "
        "Match > Script",
        variables={"@least": "0.5"},
    )


def own() -> list[Good]:
    """The flows of this module."""
    return [
        Good("joined", joined(), TABLES),
        Good("changed", changed(), TABLES),
        Good("fitted", fitted(), TABLES),
        Good("hadoop", hadoop(), None),
    ]


def examples() -> list[Good]:
    """The examples of the package."""
    tables = {"demo.orders": EXAMPLES / "orders.csv", "shop.sales": SALES}
    paths = [*sorted(EXAMPLES.glob("*.afm")), *sorted((PROJECT / "examples").glob("*/flows/*.afm"))]
    return [Good(path.stem, path.read_bytes(), tables) for path in paths]


def corpus() -> list[Good]:
    """The real flows, with what they declare; none where they are not there."""
    return [Good(path.stem, path.read_bytes(), None) for path in sorted((CORPUS / "flows").glob("*.afm"))]


def read(good: Good) -> afm.Workflow:
    return afm.read(good.content)


def frame(columns: dict[str, str], rng: random.Random, rows: int) -> pd.DataFrame:
    """A random table."""
    made = {
        "bigint": lambda: rng.randrange(1, 7),
        "long": lambda: rng.randrange(6),
        "integer": lambda: rng.choice([None, *range(15, 40)]),
        "double precision": lambda: rng.choice([None, *(value * 12.5 for value in range(1, 90))]),
        "double": lambda: rng.choice([value / 4 for value in range(1, 30)]),
        "text": lambda: rng.choice(["a", "b", "c", "Rome"]),
        "chararray": lambda: rng.choice(["a", "b", "c", "Rome"]),
    }
    chosen = {"class": ["a", "b"], "status": ["paid", "open"], "region": ["north", "south"]}
    data = {
        name: [rng.choice(chosen[name]) if name in chosen else made[kind]() for _ in range(rows)]
        for name, kind in columns.items()
    }
    whole = {name: "Int64" for name, kind in columns.items() if kind in ("bigint", "integer", "long")}
    return pd.DataFrame(data).astype(whole)
