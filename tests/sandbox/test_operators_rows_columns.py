"""Operators that choose rows and columns, derive columns and form groups."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest

from alpine.sandbox.engine import Engine
from tests.sandbox.engine_flows import apply, element, failure, node, rows

PEOPLE = pd.DataFrame(
    {
        "id": [1, 2, 3, 4, 5],
        "name": ["ann", "bob", None, "  ", "O'Neil"],
        "age": [30, 41, 25, None, 41],
        "town": ["rome", "oslo", "rome", "oslo", "rome"],
        "Paid Up": [True, False, True, None, True],
    }
)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = Engine()
    engine.load_table("demo.people", PEOPLE)
    yield engine
    engine.close()


def conditions(*items: tuple[str, ...], use_all: str = "true") -> str:
    parts = [
        element(
            "RowFilterConditionItem",
            columnName=column,
            condition=condition,
            firstValue=(*values, "", "")[0],
            secondValue=(*values, "", "")[1],
        )
        for column, condition, *values in items
    ]
    return element("RowFilterConditionModel", *parts, sqlType="nosql", useAll=use_all, conditionValue="")


def kept(engine: Engine, *model: str, kind: str = "field.FilterOperator", **parameters: str) -> list[int]:
    return [int(row[0]) for row in rows(apply(engine, node("step", kind, *model, **parameters), "demo.people"))]


@pytest.mark.parametrize("kind", ["field.FilterOperator", "hadoop.HadoopRowFilterOperator"])
@pytest.mark.parametrize(
    ("column", "condition", "values", "expected"),
    [
        ("age", ">", ["30"], [2, 5]),
        ("age", ">=", ["30"], [1, 2, 5]),
        ("age", "<", ["30"], [3]),
        ("age", "<=", ["30"], [1, 3]),
        ("age", "=", ["41"], [2, 5]),
        ("age", "==", ["41"], [2, 5]),
        ("age", "<>", ["41"], [1, 3]),
        ("age", "!=", ["41"], [1, 3]),
        ("town", "=", ["'oslo'"], [2, 4]),
        ("name", "contains", ["'o'"], [2]),
        ("name", "contains", ["Neil"], [5]),
        ("name", "is null", [], [3]),
        ("name", "IS NOT NULL", [], [1, 2, 4, 5]),
        ("name", "is blank", [], [3, 4]),
        ("age", "between", ["25", "30"], [1, 3]),
        ("AGE", ">", ["id * 20"], [1, 2]),
    ],
)
def test_a_row_filter_keeps_the_rows_that_match(
    engine: Engine, kind: str, column: str, condition: str, values: list[str], expected: list[int]
):
    assert kept(engine, conditions((column, condition, *values)), kind=kind) == expected


def test_conditions_join_by_and_or_by_or(engine: Engine):
    both = (("age", ">", "30"), ("town", "=", "'rome'"))
    assert kept(engine, conditions(*both)) == [5]
    assert kept(engine, conditions(*both, use_all="false")) == [1, 2, 3, 5]


def test_a_row_filter_without_conditions_keeps_all(engine: Engine):
    assert kept(engine, conditions()) == [1, 2, 3, 4, 5]
    assert kept(engine) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("script", ["age > 30 and town = 'rome'", "WHERE age > 30 and town = 'rome';"])
def test_a_script_filters_rows(engine: Engine, script: str):
    model = element("RowFilterConditionModel", sqlType="sql", useAll="true", conditionValue=script)
    assert kept(engine, model) == [5]
    assert kept(engine, whereClause=script) == [5]


def test_a_pig_script_filters_rows(engine: Engine):
    script = "age > 30 and town == 'rome'"
    assert kept(engine, kind="hadoop.HadoopRowFilterOperator", filterCondition=script) == [5]
    model = element("RowFilterConditionModel", sqlType="sql", conditionValue="name matches '.*b'")
    assert kept(engine, model, kind="hadoop.HadoopRowFilterOperator") == [2]


def test_a_hadoop_filter_can_limit_its_rows(engine: Engine):
    kind = "hadoop.HadoopRowFilterOperator"
    assert kept(engine, conditions(), kind=kind, useRowLimit="true", rowLimit="2") == [1, 2]
    assert kept(engine, conditions(), kind=kind, useRowLimit="false", rowLimit="2") == [1, 2, 3, 4, 5]


def test_a_condition_nobody_knows_fails_by_name(engine: Engine):
    assert "'sounds like'" in failure(
        engine, node("step", "field.FilterOperator", conditions(("name", "sounds like", "x"))), "demo.people"
    )


@pytest.mark.parametrize("kind", ["field.ColumnFilterOperator", "hadoop.HadoopColumnFilterOperator"])
def test_a_column_filter_keeps_the_chosen_columns_in_their_order(engine: Engine, kind: str):
    data = apply(engine, node("step", kind, columnNames="town,Paid Up, id"), "demo.people")["visualData"]
    assert data["columns"] == ["town", "Paid Up", "id"]
    assert data["items"][0] == {"town": "rome", "Paid Up": "true", "id": "1"}
    assert data["columnTypes"] == ["cate", "cate", "number"]


def test_a_column_filter_on_a_column_that_is_not_there_fails_naming_those_that_are(engine: Engine):
    reason = failure(engine, node("step", "field.ColumnFilterOperator", columnNames="nam"), "demo.people")
    assert reason == "There is no column 'nam'. The columns are: id, name, age, town, Paid Up."
    assert "No column" in failure(engine, node("step", "field.ColumnFilterOperator", columnNames=""), "demo.people")


def test_an_operator_without_its_input_fails(engine: Engine):
    assert "0 are linked" in failure(engine, node("step", "field.ColumnFilterOperator", columnNames="a"))


def derived(*items: tuple[str, str, str]) -> str:
    parts = [element("DerivedFieldItem", columnName=n, dataType=t, expression=e) for n, t, e in items]
    return element("DerivedFieldsModel", *parts)


def test_a_variable_operator_keeps_columns_and_derives_others(engine: Engine):
    model = derived(
        ("old", "BOOLEAN", 'case when "age" > 40 then True else False end'),
        ("half", "DOUBLE PRECISION", "age / 2.0"),
        ("tens", "INTEGER", "age::bigint / 10"),
        ("label", "TEXT", "id || '-' || town"),
        ("bin", "INTEGER", "width_bucket(id, 0, 10, 5)"),
    )
    step = node("step", "field.VariableOperator", element("QuantileModel"), model, columnNames="id")
    assert rows(apply(engine, step, "demo.people"))[:2] == [
        ["1", "false", "15.0000", "3", "1-rome", "1"],
        ["2", "true", "20.5000", "4", "2-oslo", "2"],
    ]


def test_a_hadoop_variable_takes_pig(engine: Engine):
    model = derived(
        ("group", "chararray", "age >= 40 ? 'old' : (age is null ? 'unknown' : 'young')"),
        ("log", "double", "LOG(id)"),
        ("part", "chararray", "SUBSTRING(town, 0, 2)"),
    )
    step = node("step", "hadoop.HadoopVariableOperator", model, columnNames="id")
    assert rows(apply(engine, step, "demo.people"))[1] == ["2", "old", "0.6931", "os"]
    assert [row[1] for row in rows(apply(engine, step, "demo.people"))] == ["young", "old", "young", "unknown", "old"]


def test_selected_columns_of_old_files_are_kept(engine: Engine):
    selected = "<selectedColumnName>id</selectedColumnName>" + element("selectedColumnName", columnName="town")
    step = node("step", "field.VariableOperator", element("DerivedFieldsModel", selected))
    assert rows(apply(engine, step, "demo.people"))[0] == ["1", "rome"]


def binned(*bins: str, **attributes: str) -> str:
    model = element("QuantileModel", element("QuantileItem", *bins, **attributes))
    return node("step", "field.VariableOperator", model, columnNames="id")


def test_quantile_bins_with_limits_hold_the_last_one_too(engine: Engine):
    limits = [
        element("QuantileItemBinNumeric", startFrom=low, endTo=high) for low, high in (("20", "30"), ("30", "41"))
    ]
    step = binned(*limits, columnName="age", newColumnName="bin")
    entry = apply(engine, step, "demo.people")
    assert entry["visualData"]["columns"] == ["id", "bin"]
    assert rows(entry) == [["1", "2"], ["2", "2"], ["3", "1"], ["4", ""], ["5", "2"]]


def test_quantile_bins_by_their_number_hold_as_many_rows_each(engine: Engine):
    entry = apply(engine, binned(columnName="age", numberOfBin="2"), "demo.people")
    assert entry["visualData"]["columns"] == ["id", "age_quantile"]
    assert [row[1] for row in rows(entry)] == ["1", "2", "1", "", "2"]


@pytest.mark.parametrize(
    "step",
    [
        binned(),
        binned(columnName="age"),
        binned(columnName="age", numberOfBin="many"),
        binned(element("QuantileItemBinNumeric", startFrom="low", endTo="3"), columnName="age"),
        binned(element("QuantileItemBinNumeric", startFrom="nan", endTo="3"), columnName="age"),
        binned(element("QuantileItemBinNumeric", low="1", lower="2", high="3"), columnName="age"),
    ],
)
def test_quantile_bins_that_leave_a_doubt_are_refused(engine: Engine, step: str):
    assert "cannot tell the quantile bins" in failure(engine, step, "demo.people")


def test_quantile_bins_of_a_text_are_refused(engine: Engine):
    assert "numbers only" in failure(engine, binned(columnName="town", numberOfBin="2"), "demo.people")


@pytest.mark.parametrize(
    "model",
    [
        element("CollapseColumnModel", element("CollapseColumnItem", columnName="id")),
        "<CollapseColumnModel><columnName>id</columnName></CollapseColumnModel>",
        element("CollapseColumnModel", columnName="id"),
    ],
)
def test_a_collapse_puts_the_values_of_a_group_in_one_cell(engine: Engine, model: str):
    entry = apply(
        engine, node("step", "hadoop.HadoopCollapseOperator", model, groupByColumnNames="town"), "demo.people"
    )
    assert entry["visualData"]["columns"] == ["town", "id"]
    assert rows(entry) == [["oslo", "2,4"], ["rome", "1,3,5"]]


def test_a_collapse_that_names_no_column_takes_all_others(engine: Engine):
    step = node("step", "hadoop.HadoopCollapseOperator", groupByColumnNames="town,name,age,Paid Up")
    assert [row[-1] for row in rows(apply(engine, step, "demo.people"))].count("1") == 1
    alone = node("step", "hadoop.HadoopCollapseOperator", groupByColumnNames="id,town,name,age,Paid Up")
    assert "No column" in failure(engine, alone, "demo.people")


def aggregates(groups: list[str], *fields: tuple[str, str]) -> str:
    keys = [element("groupBy", columnName=name) for name in groups]
    parts = [
        element("AggregateField", columnName=name, expression=expression, dataType="") for name, expression in fields
    ]
    return element("AggregateFieldsModel", *keys, *parts)


@pytest.mark.parametrize("kind", ["field.AggregateOperator", "hadoop.HadoopAggregateOperator"])
def test_an_aggregation_gives_a_row_for_each_group(engine: Engine, kind: str):
    model = aggregates(["town"], ("n", "COUNT(id)"), ("oldest", "MAX(age)"), ("mean", "AVG(id)"))
    assert rows(apply(engine, node("step", kind, model), "demo.people")) == [
        ["oslo", "2", "41.0000", "3.0000"],
        ["rome", "3", "41.0000", "3.0000"],
    ]


def test_an_aggregation_without_groups_gives_one_row(engine: Engine):
    model = aggregates([], ("n", "count(*)"), ("distinct ages", "count(distinct age)"))
    assert rows(apply(engine, node("step", "field.AggregateOperator", model), "demo.people")) == [["5", "3"]]


def test_window_functions_are_computed_over_the_rows(engine: Engine):
    window = element(
        "WindowFieldsModel",
        element(
            "WindowField",
            columnName="place",
            function="row_number()",
            specification='partition by "town" order by "id"',
        ),
    )
    entry = apply(engine, node("step", "field.AggregateOperator", aggregates(["id"]), window), "demo.people")
    assert sorted(rows(entry)) == [["1", "1"], ["2", "1"], ["3", "2"], ["4", "2"], ["5", "3"]]


def test_an_aggregation_of_nothing_fails(engine: Engine):
    assert "Neither" in failure(engine, node("step", "field.AggregateOperator", aggregates(["town"])), "demo.people")
