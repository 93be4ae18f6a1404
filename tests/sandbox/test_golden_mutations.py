"""A golden test notices every change of a flow that changes an output, and none that changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas
import pytest

from alpine import afm
from alpine.sandbox.engine import EngineRefused
from alpine.sandbox.golden import records
from alpine.sandbox.golden.differences import Tolerance, differences
from alpine.sandbox.golden.outputs import FlowFailed, FlowOutputs, OperatorResult, WholeEngine
from tests.sandbox.engine_flows import element, flow, node, source
from tests.sandbox.golden_mutations import KINDS, mutations

PROJECT = Path(__file__).parents[2]
EXAMPLES = PROJECT / "alpine" / "sandbox" / "examples"
SALES = pandas.DataFrame(
    {
        "region": ["north", "north", "north", "south", "north"],
        "product": ["book", "lamp", "lamp", "book", "book"],
        "amount": [100.0, 250.0, 150.0, 900.0, 99.0],
    }
)
CUSTOMERS = pandas.DataFrame({"customer": ["a", "b", "c", None], "region": ["north", "south", "north", "east"]})
ORDERS = pandas.DataFrame(
    {
        "order_id": range(1, 11),
        "customer": ["a", "a", "b", "d", None, "c", "b", "b", "c", "a"],
        "amount": [10.0, 20.5, 20.5, None, 7.0, 40.0, 8.5, 9.0, 4.5, 60.0],
        "least": [1.0, 30.0, 2.0, 1.0, 1.0, 40.0, 1.0, 1.0, 1.0, 2.0],
    }
)


def join_flow() -> bytes:
    chosen = [
        element("JoinColumnModel", tableAlias=alias, columnName=name, newColumnName=new)
        for alias, name, new in (("o", "order_id", ""), ("o", "customer", ""), ("c", "region", ""), ("o", "amount", ""))
    ]
    conditions = [
        ("o.customer", "=", "c.customer", "JOIN", ""),
        ("o.amount", ">", "o.least", "JOIN", "AND"),
    ]
    joined = element(
        "TableJoinDefinition",
        element("JoinTableModel", alias="o", operID="id of orders"),
        element("JoinTableModel", alias="c", operID="id of customers"),
        *chosen,
        *(
            element(
                "JoinConditionModel",
                tableAlias1=left[0],
                tableAlias2=right[0],
                column1=left,
                column2=right,
                condition=sign,
                joinType=kind,
                andOr=link,
            )
            for left, sign, right, kind, link in conditions
        ),
    )
    window = element(
        "WindowFieldsModel",
        element(
            "WindowField",
            resultColumn="running",
            function="sum(amount)",
            specification="partition by region order by order_id",
            dataType="DOUBLE PRECISION",
        ),
    )
    script = element(
        "RowFilterConditionModel",
        sqlType="sql",
        useAll="true",
        conditionValue="amount > 8 and region <> 'west' order by amount desc limit 3",
    )
    return flow(
        source("orders", "orders"),
        source("customers", "customers"),
        node("joined", "datasource.TableJoinOperator", joined),
        node("windows", "field.AggregateOperator", window),
        node("largest", "field.FilterOperator", script),
        links="orders > joined, customers > joined, joined > windows, joined > largest",
    )


FLOWS: dict[str, tuple[bytes, dict[str, Any], int]] = {
    "order_filter": ((EXAMPLES / "order_filter.afm").read_bytes(), {}, 30),
    "order_report": ((EXAMPLES / "order_report.afm").read_bytes(), {}, 50),
    "weekly_sales": (
        (PROJECT / "examples" / "sample_project" / "flows" / "weekly_sales.afm").read_bytes(),
        {"shop.sales": SALES},
        35,
    ),
    "joins": (join_flow(), {"orders": ORDERS, "customers": CUSTOMERS}, 25),
}


@pytest.fixture(scope="module")
def engine() -> Iterator[WholeEngine]:
    engine = WholeEngine()
    yield engine
    engine.close()


def meant(results: list[OperatorResult]) -> Any:
    """Results so that those are equal that no test may tell apart."""
    return [
        (result.name, result.columns, result.types, result.rows if result.is_ordered else Counter(result.rows))
        for result in results
    ]


@pytest.mark.parametrize("name", FLOWS)
def test_every_change_that_changes_an_output_is_noticed(engine: WholeEngine, tmp_path: Path, name: str) -> None:
    content, tables, least = FLOWS[name]
    engine.clear()
    for table, frame in tables.items():
        engine.load_table(table, frame)
    first = engine.outputs_of(content, name)
    records.write(tmp_path, "test", name, first.results)
    recorded = records.read(tmp_path, "test")
    assert recorded is not None and meant(recorded) == meant(first.results)

    def compared(outputs: FlowOutputs) -> dict[str, list[str]]:
        return differences(recorded or [], outputs, Tolerance(), {})

    assert compared(first) == {}
    caught, unseen, wrong = 0, list[str](), list[Any]()
    for mutation in mutations(content):
        try:
            outputs = engine.outputs_of(mutation.content, name)
        except (FlowFailed, EngineRefused):
            # The test fails, whatever was recorded.
            continue
        found = compared(outputs)
        is_same = meant(outputs.results) == meant(first.results)
        caught += bool(found)
        if not found and not is_same:
            unseen.append(mutation.what)
        if found and is_same:
            wrong.append((mutation.what, found))
    assert (unseen, wrong) == ([], [])
    assert caught >= least


def test_the_changes_are_of_every_kind_of_operator() -> None:
    changed = {mutation.what.partition(":")[0] for content, _, _ in FLOWS.values() for mutation in mutations(content)}
    kinds = set()
    for content, _, _ in FLOWS.values():
        kinds |= {operator.class_name for name, operator in afm.read(content).operators.items() if name in changed}
    assert kinds == set(KINDS)


def test_samples_and_models_are_compared_by_their_rows_and_tables(engine: WholeEngine) -> None:
    engine.clear()
    xs = [(place * 37) % 101 / 7 for place in range(60)]
    engine.load_table("points", pandas.DataFrame({"x": xs, "y": [2 * x + place % 5 for place, x in enumerate(xs)]}))

    def outputs(seed: str, columns: str, size: str = "50") -> FlowOutputs:
        sizes = element("SampleSizeModel", element("sampleSizes", sampleSize=size), element("sampleIDs", sampleID="1"))
        content = flow(
            source("points", "points"),
            node("sample", "sampling.RandomSamplingOperator", sizes, randomSeed=seed, sampleSizeType="Percentage"),
            node("model", "linearregression.LinearRegressionOperator", dependentColumn="y", columnNames=columns),
            links="points > sample, points > model",
        )
        return engine.outputs_of(content, "points")

    first = outputs("1", "x")
    assert {result.operator for result in first.results} == {"points", "sample", "model"}
    assert differences(first.results, outputs("1", "x"), Tolerance(), {}) == {}
    assert list(differences(first.results, outputs("2", "x"), Tolerance(), {})) == ["sample"]
    assert list(differences(first.results, outputs("1", "x", "40"), Tolerance(), {})) == ["sample"]
    engine.load_table("points", pandas.DataFrame({"x": xs, "y": [3 * x + place % 5 for place, x in enumerate(xs)]}))
    assert "model" in differences(first.results, outputs("1", "x"), Tolerance(), {})
