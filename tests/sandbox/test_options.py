"""Options that the sandbox does not know are refused by name, and never ignored."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pytest

from alpine.sandbox.engine import Engine
from tests.sandbox.engine_flows import apply, element, errors, failure, flow, node, outcome, rows, run, source

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


def filtering(kind: str, condition: str = "=", column: str = "id", **attributes: str) -> str:
    items = element("RowFilterConditionItem", columnName=column, condition=condition, firstValue="1", secondValue="")
    said = {"sqlType": "nosql", "useAll": "true", **attributes}
    return node("step", kind, element("RowFilterConditionModel", items, **said))


def limiting(**settings: str) -> str:
    return node("step", HADOOP, filterCondition="id > 0", **{"useRowLimit": "true", **settings})


def filling(*items: tuple[str, str, str], kind: str = "field.ReplaceNullOperator", by: str = "") -> str:
    parts = (element("NullReplacementItem", columnName=c, nullType=how, nullValue=value) for c, how, value in items)
    return node("step", kind, element("NullReplacementModel", *parts, groupBy=by))


def normalizing(method: str, **limits: str) -> str:
    return node("step", "field.NormalizationOperator", columnNames="age", method=method, **limits)


def describing(**settings: str) -> str:
    return node("step", "hadoop.HadoopValueAnalysisOperator", columnNames="id", **settings)


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


def union(columns: dict[str, str]) -> str:
    sources = (element("unionSourceColumn", operID=f"id of {name}", column=column) for name, column in columns.items())
    model = element("HadoopUnionDefinition", element("unionColumnModel", *sources, columnName="x"), setType="UNION ALL")
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
