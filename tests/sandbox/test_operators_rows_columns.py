"""Operators that choose rows and columns, derive columns and form groups."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from alpine.sandbox.engine import Context, Engine, Output, sql
from alpine.sandbox.engine.database import PLACE, Database
from tests.sandbox.engine_flows import apply, element, failure, flow, node, outcome, rows, run, source

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


def test_the_word_where_within_a_script_is_kept(engine: Engine):
    assert kept(engine, whereClause="town = 'rome' or town = 'where'") == [1, 3, 5]
    assert kept(engine, whereClause="replace('nowhere', 'no', '') = 'where' and town = 'rome'") == [1, 3, 5]


@pytest.mark.parametrize(
    "select",
    [
        "SELECT * FROM {} WHERE {}",
        "SELECT n, CASE WHEN {1} THEN 1 END AS made FROM {0}",
        "SELECT * FROM {} WHERE {} LIMIT 390000",
    ],
)
@pytest.mark.parametrize("condition", ["n % 10 in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9)", "word in ('a','b','c','d','e','f')"])
def test_no_condition_changes_the_order_of_many_rows(select: str, condition: str):
    # DuckDB makes a join of a long list, and its threads then give rows in any order.
    database = Database()
    cursor = database.open("run")
    table = cursor.make("SELECT i AS n, 'f' AS word FROM range(400000) r(i)")
    where = sql.condition(condition, {"": list(zip(table.columns, table.types, strict=True))})
    made = cursor.make(select.format(table.sql, where))
    assert made.count >= 390_000
    assert cursor.fetch(f"SELECT count(*) FROM {made.rows} WHERE n <> {PLACE}") == [(0,)]
    cursor.close()
    database.close()


def test_a_pig_script_filters_rows(engine: Engine):
    script = "age > 30 and town == 'rome'"
    assert kept(engine, kind="hadoop.HadoopRowFilterOperator", filterCondition=script) == [5]
    model = element("RowFilterConditionModel", sqlType="sql", conditionValue="name matches '.*b'")
    assert kept(engine, model, kind="hadoop.HadoopRowFilterOperator") == [2]


@pytest.mark.parametrize(
    ("condition", "first", "second", "expected"),
    [
        ("=", "'rome'", "", [1, 3, 5]),
        ("<>", "'rome'", "", [2, 4]),
        (">", "30", "", [2, 5]),
        ("between", "18", "36.5", [1, 3]),
        (">", "CONCAT('o', 'z')", "", [1, 3, 5]),
    ],
)
def test_a_hadoop_condition_compares_as_pig_does(engine, condition, first, second, expected):
    column = "age" if first[0].isdigit() else "town"
    kind = "hadoop.HadoopRowFilterOperator"
    item = element(
        "RowFilterConditionItem", columnName=column, condition=condition, firstValue=first, secondValue=second
    )
    model = element("RowFilterConditionModel", item, sqlType="nosql", useAll="true")
    assert kept(engine, model, kind=kind) == expected


def test_a_hadoop_condition_of_two_types_is_refused_by_name(engine: Engine):
    item = element("RowFilterConditionItem", columnName="town", condition="==", firstValue="1", secondValue="")
    model = element("RowFilterConditionModel", item, sqlType="nosql", useAll="true")
    reason = failure(engine, node("step", "hadoop.HadoopRowFilterOperator", model), "demo.people")
    assert "takes no chararray with a int" in reason


def test_a_row_that_stops_a_hadoop_operator_says_why(engine: Engine):
    model = derived(
        ("year", "int", "GetYear(ToDate(town, 'yyyy'))"),
    )
    reason = failure(engine, node("step", "hadoop.HadoopVariableOperator", model, columnNames="id"), "demo.people")
    assert reason.startswith("ToDate cannot read 'rome' by the pattern 'yyyy'")


def test_a_hadoop_filter_can_limit_its_rows(engine: Engine):
    kind = "hadoop.HadoopRowFilterOperator"
    assert kept(engine, conditions(), kind=kind, useRowLimit="true", rowLimit="2") == [1, 2]
    assert kept(engine, conditions(), kind=kind, useRowLimit="false", rowLimit="2") == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("where\nid > 1\n limit 2", [2, 3]),
        ("limit 2;", [1, 2]),
        ("town <> 'limit 3' order by age desc, id desc LIMIT 3", [4, 5, 2]),
        ("age is not null order by town, coalesce(age, 0) asc, id desc", [2, 3, 1, 5]),
        ("id > 1 -- limit 1", [2, 3, 4, 5]),
    ],
)
def test_a_script_may_sort_and_limit(engine: Engine, script: str, expected: list[int]):
    assert kept(engine, whereClause=script) == expected


@pytest.mark.parametrize("script", ["id > 1 limit 2; drop table x", "id > 1 limit all", "order by 1", "limit -1"])
def test_a_script_that_is_no_condition_is_refused(engine: Engine, script: str):
    assert failure(engine, node("step", "field.FilterOperator", whereClause=script), "demo.people")


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
        ("group", "chararray", "age is null ? 'unknown' : (age >= 40 ? 'old' : 'young')"),
        ("gap", "chararray", "(age >= 40 ? 'old' : 'young')"),
        ("log", "double", "LOG(id)"),
        ("part", "chararray", "SUBSTRING(town, 0, 2)"),
    )
    step = node("step", "hadoop.HadoopVariableOperator", model, columnNames="id")
    assert rows(apply(engine, step, "demo.people"))[1] == ["2", "old", "old", "0.6931", "os"]
    assert [row[1] for row in rows(apply(engine, step, "demo.people"))] == ["young", "old", "young", "unknown", "old"]
    # A condition that is null gives neither of the two values.
    assert [row[2] for row in rows(apply(engine, step, "demo.people"))] == ["young", "old", "young", "", "old"]


def test_a_column_that_is_listed_twice_comes_once_and_none_is_called_as_another(engine: Engine):
    step = node("step", "field.VariableOperator", derived(("made", "INTEGER", "1")), columnNames="id,town,id,ID")
    assert apply(engine, step, "demo.people")["visualData"]["columns"] == ["id", "town", "made"]
    for name, reason in (("id", "called 'id'"), ("Town", "'town' and 'Town', which differ in capitals alone")):
        step = node("step", "field.VariableOperator", derived((name, "INTEGER", "1")), columnNames="id,town")
        assert reason in failure(engine, step, "demo.people")


def test_a_text_in_a_column_of_integers_fails_where_a_row_has_it(engine: Engine):
    engine.load_table("demo.nobody", PEOPLE.head(0))
    text = ("made", "BIGINT", "case when id > {} then 'x' else '7' end")
    some = node("step", "field.VariableOperator", derived((*text[:2], text[2].format(4))), columnNames="id")
    none = node("step", "field.VariableOperator", derived((*text[:2], text[2].format(9))), columnNames="id")
    assert "'x'" in failure(engine, some, "demo.people").replace('"', "'")
    assert [row[1] for row in rows(apply(engine, none, "demo.people"))] == ["7"] * 5
    assert rows(apply(engine, some, "demo.nobody")) == []


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
    assert entry["visualData"]["columns"] == ["id", "age_bin"]
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
        binned(columnName="age", numberOfBin="2", type="Customize"),
        binned(columnName="age", numberOfBin="2", type="Descend"),
        binned(columnName="age", numberOfBin="2", createNew="perhaps"),
        binned(columnName="age", numberOfBin="2", unheardOf="1"),
        binned(element("QuantileItemBinCategory", value="a"), columnName="age"),
        binned(element("QuantileItemBinNumeric", bin="7", startFrom="1", endTo="3"), columnName="age"),
        binned(element("QuantileItemBinNumeric", startFrom="1", endTo="3"), columnName="age", numberOfBin="2"),
    ],
)
def test_quantile_bins_that_leave_a_doubt_are_refused(engine: Engine, step: str):
    assert "cannot tell the quantile bins" in failure(engine, step, "demo.people")


def test_quantile_bins_may_take_the_place_of_their_column(engine: Engine):
    model = element(
        "QuantileModel",
        element("QuantileItem", columnName="age", type="Average Ascend", numberOfBin="2", createNew="false"),
    )
    entry = apply(engine, node("step", "field.VariableOperator", model, columnNames="id,age,town"), "demo.people")
    assert entry["visualData"]["columns"] == ["id", "age", "town"]
    assert [row[1] for row in rows(entry)] == ["1", "2", "1", "", "2"]


def test_limits_of_quantile_bins_are_exact_beyond_2_to_53(engine: Engine):
    engine.load_table("demo.big", pd.DataFrame({"id": [2**60 - 1, 2**60, 2**60 + 1]}))
    limits = element("QuantileItemBinNumeric", startFrom=str(2**60), endTo=str(2**60))
    step = node(
        "step", "field.VariableOperator", element("QuantileModel", element("QuantileItem", limits, columnName="id"))
    )
    assert rows(apply(engine, step, "demo.big")) == [[""], ["1"], [""]]


def test_quantile_bins_of_a_text_are_refused(engine: Engine):
    assert "numbers only" in failure(engine, binned(columnName="town", numberOfBin="2"), "demo.people")


def collapsed(*columns: dict[str, str], by: str = "town") -> str:
    model = element("CollapseColumnModel", *(element("CollapseColumn", **column) for column in columns))
    return node("step", "hadoop.HadoopCollapseOperator", model, groupByColumnNames=by)


def test_a_collapse_makes_a_dictionary_of_a_column_for_each_group(engine: Engine):
    present = {"collapseColumnName": "name", "aggregationType": "fixed", "aggregationColumnName": ""}
    summed = {"collapseColumnName": "age", "aggregationType": "sum", "aggregationColumnName": "id"}
    entry = apply(engine, collapsed({**present, "columnAliasName": "names"}, summed), "demo.people")
    assert entry["visualData"]["columns"] == ["town", "names", "age"]
    assert [[row[0], json.loads(row[1]), json.loads(row[2])] for row in rows(entry)] == [
        ["oslo", {"  ": 1, "bob": 1}, {"41.0": 2}],
        ["rome", {"O'Neil": 1, "ann": 1}, {"25.0": 3, "30.0": 1, "41.0": 5}],
    ]


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        ({"collapseColumnName": "name", "aggregationType": "median"}, "'median'"),
        ({"collapseColumnName": "name", "aggregationType": "sum"}, "no column to aggregate"),
        ({"collapseColumnName": "name", "aggregationType": "max", "aggregationColumnName": "name"}, "needs numbers"),
        ({"collapseColumnName": "name", "aggregationType": "fixed", "columnAliasName": "TOWN"}, "capitals alone"),
        ({"collapseColumnName": "nobody"}, "no column 'nobody'"),
        ({"collapseColumnName": "Paid Up", "aggregationType": "fixed"}, "'Paid Up' is a boolean, whose text the keys"),
    ],
)
def test_a_collapse_that_is_not_understood_fails(engine: Engine, column: dict[str, str], reason: str):
    assert reason in failure(engine, collapsed(column), "demo.people")


def test_a_collapse_that_names_no_column_fails(engine: Engine):
    assert "No column" in failure(engine, collapsed(), "demo.people")


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
    entry = apply(engine, node("step", "field.AggregateOperator", window), "demo.people")
    assert [(row[0], row[-1]) for row in rows(entry)] == [("1", "1"), ("2", "1"), ("3", "2"), ("4", "2"), ("5", "3")]


def test_window_functions_see_the_groups_where_there_are_any(engine: Engine):
    window = element("WindowField", columnName="place", function="rank()", specification='order by sum("id") desc')
    model = element("WindowFieldsModel", window)
    entry = apply(engine, node("step", "field.AggregateOperator", aggregates(["town"]), model), "demo.people")
    assert rows(entry) == [["oslo", "2"], ["rome", "1"]]


def test_an_aggregation_of_nothing_fails(engine: Engine):
    assert "Neither" in failure(engine, node("step", "field.AggregateOperator", aggregates(["town"])), "demo.people")


class Ordered:
    """Runs one operator on many rows with ties, and gives its table."""

    COUNT = 400_000

    def __init__(self) -> None:
        self.engine = Engine()
        numbers = np.arange(self.COUNT)
        self.frame = pd.DataFrame({"n": numbers, "k": numbers * 7919 % 11, "s": np.char.mod("%d", numbers % 3)})
        self.engine.load_table("demo.ties", self.frame)
        self.engine.register("test.Catch", self._catch)
        self._caught: list[pd.DataFrame] = []

    def _catch(self, context: Context) -> Output:
        self._caught.append(context.dataframe())
        return Output(context.table)

    def run(self, step: str) -> pd.DataFrame:
        text = flow(source("demo.ties"), step, node("catch", "test.Catch"), links="source > step, step > catch")
        outcome(run(self.engine, text), "step")
        return self._caught.pop()


@pytest.fixture(scope="module")
def ordered() -> Iterator[Ordered]:
    ordered = Ordered()
    yield ordered
    ordered.engine.close()


@pytest.mark.parametrize("limit", [None, 250_000])
def test_equal_rows_of_a_sorted_script_keep_their_order(ordered: Ordered, limit: int | None):
    script = "n >= 0 order by k desc, s" + (f" limit {limit}" if limit else "")
    found = ordered.run(node("step", "field.FilterOperator", whereClause=script))
    expected = ordered.frame.sort_values(["k", "s"], ascending=[False, True], kind="stable")[:limit]
    assert list(found.columns) == ["n", "k", "s"]
    assert found["n"].tolist() == expected["n"].tolist()


def test_bins_of_equal_values_follow_the_order_of_the_rows(ordered: Ordered):
    step = node(
        "step",
        "field.VariableOperator",
        element("QuantileModel", element("QuantileItem", columnName="k", numberOfBin="7")),
        columnNames="n",
    )
    sizes = [len(part) for part in np.array_split(np.arange(ordered.COUNT), 7)]
    expected = np.empty(ordered.COUNT, int)
    expected[ordered.frame["k"].argsort(kind="stable")] = np.repeat(np.arange(1, 8), sizes)
    assert ordered.run(step)["k_bin"].tolist() == expected.tolist()


def test_windows_tell_equal_rows_apart_by_the_order_of_the_rows(ordered: Ordered):
    windows = {
        "number": ("row_number()", "partition by s order by k", "bigint"),
        "plain": ("row_number()", "partition by k", "bigint"),
        "before": ("lag(n)", "order by k", "bigint"),
        "first": ("first_value(n)", "partition by k order by s", "bigint"),
        "near": ("sum(n)", "order by k rows between 1 preceding and current row", "numeric"),
        "rank": ("rank()", "order by k", "bigint"),
    }
    model = element(
        "WindowFieldsModel",
        *(
            element("WindowField", resultColumn=name, function=function, specification=over, dataType=kind)
            for name, (function, over, kind) in windows.items()
        ),
    )
    found = ordered.run(node("step", "field.AggregateOperator", model))
    assert found["n"].tolist() == ordered.frame["n"].tolist()
    by_k = ordered.frame.sort_values("k", kind="stable")
    assert found["number"].tolist() == (by_k.groupby("s").cumcount() + 1).sort_index().tolist()
    assert found["plain"].tolist() == (ordered.frame.groupby("k").cumcount() + 1).tolist()
    assert found["before"].fillna(-1).tolist() == by_k["n"].shift(fill_value=-1).sort_index().tolist()
    by_s = ordered.frame.sort_values(["k", "s"], kind="stable")
    assert found["first"].tolist() == by_s.groupby("k")["n"].transform("first").sort_index().tolist()
    assert found["near"].astype(int).tolist() == by_k["n"].rolling(2, 1).sum().sort_index().astype(int).tolist()
    assert found["rank"].tolist() == ordered.frame["k"].rank(method="min").astype(int).tolist()


def test_windows_and_joined_texts_of_groups_have_one_order(ordered: Ordered):
    model = element(
        "AggregateFieldsModel",
        element("groupBy", columnName="k"),
        element("AggregateField", columnName="all", expression="string_agg(s, '')", dataType="text"),
    )
    over = element(
        "WindowFieldsModel",
        element(
            "WindowField",
            resultColumn="place",
            function="row_number()",
            specification="order by min(s)",
            dataType="bigint",
        ),
    )
    found = ordered.run(node("step", "field.AggregateOperator", model, over))
    assert found["all"].tolist() == ordered.frame.groupby("k")["s"].agg("".join).tolist()
    assert found["place"].tolist() == list(range(1, 12))


def test_a_window_in_a_derived_column_leaves_the_rows_in_their_order(ordered: Ordered):
    item = element("DerivedFieldItem", columnName="r", dataType="bigint", expression="row_number() over (order by k)")
    found = ordered.run(node("step", "field.VariableOperator", element("DerivedFieldsModel", item), columnNames="n"))
    assert found["n"].tolist() == ordered.frame["n"].tolist()
