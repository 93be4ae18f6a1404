"""Where columns and rows come from, and what changes with a column."""

from __future__ import annotations

import json

import pytest

from alpine import InvalidArgumentException, afm
from alpine.sandbox.engine.core import EXAMPLES
from tests.flows import good
from tests.flows.test_check import TABLES
from tests.sandbox.engine_flows import flow, node, source

REPORT = afm.read(EXAMPLES / "order_report.afm")


def leaves(found: object) -> list[str]:
    return [str(column) for column in found.sources]  # type: ignore[attr-defined]


def test_a_column_is_followed_to_the_table() -> None:
    found = REPORT.lineage("By Size", "DEAREST_ITEM", TABLES)
    assert leaves(found) == ["demo.orders.amount", "demo.orders.items"]
    assert str(found).splitlines() == [
        "'By Size' dearest_item comes from demo.orders.amount, demo.orders.items",
        "  'By Size' dearest_item = max(\"item_price\"), of 'Variable' item_price",
        "  'Variable' item_price = \"amount\" / \"items\", of 'By Status' amount, items",
        "  'By Status' amount, of 'orders' amount",
        "  'By Status' items, of 'orders' items",
        "  'orders' amount",
        "  'orders' items",
        "Its rows are decided by",
        "  demo.orders.status (filter of 'By Status')",
        "  demo.orders.items (group of 'By Size')",
    ]
    assert json.loads(json.dumps(found.to_dict()))["rows"][0]["part"] == "filter"


def test_a_join_a_window_and_a_derived_key() -> None:
    flow = afm.read(good.joined())
    found = flow.lineage("Groups", "most", good.TABLES)
    assert leaves(found) == ["demo.cities.size", "demo.people.income"]
    assert [str(row) for row in found.rows] == [
        "demo.cities.city (join of 'Join')",
        "demo.people.city (join of 'Join')",
        "demo.people.age (filter of 'Row Filter')",
        "demo.people.name (filter of 'Row Filter')",
        "demo.cities.country (group of 'Groups')",
    ]
    nth = flow.lineage("Groups", "nth", good.TABLES)
    assert leaves(nth) == ["demo.cities.country"]
    assert nth.steps[0].expression == 'row_number() OVER (order by "label")'


def test_a_limit_depends_on_the_order() -> None:
    found = afm.read(good.changed()).lineage("First", "id", good.TABLES)
    assert leaves(found) == ["demo.people.id"]
    assert {(row.source.column, row.part) for row in found.rows} == {
        ("age", "filter"),
        ("city", "filter"),
        ("income", "order"),
        ("id", "order"),
    }


def test_predictions_come_from_the_columns_of_the_model() -> None:
    flow = afm.read(good.fitted())
    assert leaves(flow.lineage("Predict Income", "PRED_LIR", good.TABLES)) == [
        "demo.people.age",
        "demo.people.children",
        "demo.people.income",
    ]
    found = flow.lineage("Only a", "name", good.TABLES)
    assert leaves(found) == ["demo.people.name"]
    assert {row.source.column for row in found.rows} >= {"age", "income", "class"}
    assert found.unknown == ()


def test_the_columns_of_a_pivot_are_not_known_but_what_they_may_come_from_is() -> None:
    found = afm.read(good.changed()).lineage("Pivot", "city_Rome", good.TABLES)
    assert found.unknown == ("Pivot",)
    assert {column.column for column in found.sources} == {"age", "city", "income"}


def test_hadoop_files_are_named_by_their_paths() -> None:
    flow = afm.read(good.hadoop())
    assert leaves(flow.lineage("Teams", "total")) == ["/data/one.csv.score", "/data/two.csv.score"]
    assert [effect.operator for effect in flow.impact("/data/two.csv", "word").effects] == ["All", "Match", "High"]
    assert leaves(flow.lineage("Script", "thrice")) == ["/data/one.csv.score", "/data/two.csv.score"]


def test_without_tables_the_source_is_what_is_not_known() -> None:
    found = REPORT.lineage("By Size", "dearest_item")
    assert found.unknown == ("orders",)
    assert "tables=" in str(found)
    assert not any(effect.is_certain for effect in REPORT.impact("demo.orders", "amount").effects)


def test_what_follows_an_operator_that_is_not_known() -> None:
    text = flow(
        source("demo.orders", "orders"),
        node("odd", "x.OddOperator"),
        node("keep", "field.ColumnFilterOperator", columnNames="a"),
        links="orders > odd, odd > keep",
    )
    found = afm.read(text).lineage("keep", "a", TABLES)
    assert found.unknown == ("odd",)
    assert len(found.sources) == len(TABLES["demo.orders"])
    effects = afm.read(text).impact("demo.orders", "items", TABLES).effects
    assert [(effect.operator, effect.is_certain) for effect in effects] == [("odd", False), ("keep", False)]


def test_impact_says_values_and_rows_apart() -> None:
    found = REPORT.impact("demo.orders", "status", TABLES)
    assert str(found).splitlines() == [
        "With demo.orders.status change",
        "  'By Status': columns status; rows, by filter of 'By Status'",
        "  'Variable': rows, by filter of 'By Status'",
        "  'By Size': rows, by filter of 'By Status'",
    ]
    assert REPORT.impact("orders", "CUSTOMER", TABLES).effects[0].columns == ("customer",)
    assert len(REPORT.impact("demo.orders", "customer", TABLES).effects) == 1
    assert json.loads(json.dumps(found.to_dict()))["effects"][0]["columns"] == ["status"]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: REPORT.lineage("By Sise", "size", TABLES), "Did you mean 'By Size'"),
        (lambda: REPORT.lineage("By Size", "siz", TABLES), "Did you mean 'size'"),
        (lambda: REPORT.lineage("About", "size", TABLES), "note"),
        (lambda: REPORT.impact("demo.order", "items", TABLES), "Did you mean 'demo.orders'"),
        (lambda: REPORT.impact("demo.orders", "item", TABLES), "Did you mean 'items'"),
    ],
)
def test_what_is_not_there_is_refused_with_the_nearest(call: object, said: str) -> None:
    with pytest.raises(InvalidArgumentException, match=said):
        call()  # type: ignore[operator]


def test_drawings_mark_the_way() -> None:
    found = REPORT.lineage("By Size", "size", TABLES)
    assert found.to_svg().count('<g class="traced"><title>') == 4
    assert '<g class="decides">' not in found.to_svg()
    assert found._repr_html_().count("<svg") >= 1
    effects = REPORT.impact("demo.orders", "status", TABLES)
    assert effects.to_svg().count('<g class="decides"><title>') == 2
    assert "<table" in effects._repr_html_()
