"""What a lineage does not name has no part in an output: held to the truth by running flows.

A column of a source that no lineage of an output names, neither for its values nor for its rows, is shuffled, replaced,
or dropped, and the output stays the same.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from alpine.flows.given import given as given_tables
from alpine.flows.plan import look_over
from alpine.flows.structure import ordered
from alpine.flows.tracing import Trace
from alpine.sandbox.engine import Engine
from tests.flows.good import CITIES, FILE, PEOPLE, Good, examples, frame, own, read
from tests.sandbox.engine_flows import run

SHOWN = 25
ORDERS = {
    "order_id": "bigint",
    "customer": "text",
    "region": "text",
    "status": "text",
    "items": "bigint",
    "amount": "double precision",
    "ordered_on": "text",
}
SALES = {"product": "text", "region": "text", "amount": "double precision"}
COLUMNS = {
    "demo.people": PEOPLE,
    "demo.cities": CITIES,
    "one": FILE,
    "two": FILE,
    "demo.orders": ORDERS,
    "shop.sales": SALES,
}
FLOWS = {good.name: good for good in [*own(), *examples()]}
READS = {
    "joined": ("demo.people", "demo.cities"),
    "changed": ("demo.people",),
    "fitted": ("demo.people",),
    "hadoop": ("one", "two"),
    "order_filter": ("demo.orders",),
    "order_report": ("demo.orders",),
    "weekly_sales": ("shop.sales",),
}
by_execution = settings(
    max_examples=int(os.environ.get("ALPINE_EXAMPLES", "3")),
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = Engine()
    yield engine
    engine.close()


def outputs(engine: Engine, good: Good, tables: dict[str, pd.DataFrame]) -> dict[str, Any] | None:
    """What each operator of a flow shows; None where the flow fails on these rows."""
    for name, table in tables.items():
        engine.load_table(name, table)
    document = run(engine, good.content)
    if document["flowMetaInfo"]["status"] != "SUCCESS":
        return None
    return {entry["out_title"]: entry for entry in document["outputs"]}


def shown(entry: dict[str, Any], column: str) -> Any:
    data = entry["visualData"]
    return [item[column] for item in data["items"]] if column in data["columns"] else None


@pytest.mark.parametrize("name", sorted(FLOWS))
@by_execution
@given(seed=st.integers(0, 10**6))
def test_what_no_lineage_names_has_no_part(engine: Engine, name: str, seed: int) -> None:
    good, rng = FLOWS[name], random.Random(seed)
    # A fit needs rows enough; all of a table are shown up to 25.
    tables = {table: frame(COLUMNS[table], rng, rng.randrange(20, SHOWN)) for table in READS[name]}
    before = outputs(engine, good, tables)
    assume(before is not None)
    assert before is not None
    flow = read(good)
    trace = Trace(look_over(flow, given_tables({t: COLUMNS[t] for t in tables}, flow), ordered(flow)[0]))
    readers = {step.operator.name: step for step in trace.plan.steps.values() if not step.inputs}
    for reader, step in readers.items():
        table = next(t for t in tables if t.rpartition(".")[2] in (step.filled.parameters.get("tableName"), reader))
        for column in COLUMNS[table]:
            moved = {**tables, table: shuffled(tables[table], column, rng)}
            after = outputs(engine, good, moved)
            for operator, entry in before.items():
                if operator == reader:
                    continue
                if after is None:
                    # Another fit may fail; then some lineage names the column.
                    assert any((reader, column) in named(trace, other) for other in before)
                    break
                compare(trace, operator, entry, after[operator], (reader, column))


def shuffled(table: pd.DataFrame, column: str, rng: random.Random) -> pd.DataFrame:
    """The table with a column in another order, or with other values of it."""
    values = list(table[column])
    rng.shuffle(values)
    if rng.random() < 0.3:
        values = [rng.choice(values) for _ in values]
    return table.assign(**{column: pd.Series(values, dtype=table[column].dtype)})


def named(trace: Trace, operator: str) -> set[tuple[str, str]]:
    """All columns of sources that an operator's output comes from."""
    step = trace.plan.steps[operator]
    values, rows = trace.of_step(step)
    if step.table is not None:
        values = frozenset(leaf for column in step.table.columns for leaf in trace.values(step.table.number, column))
        rows = trace.rows(step.table.number)
    return {*values, *((source, column) for _, _, source, column in rows)}


def bare(entry: Any) -> Any:
    """A result without its ids, which no two runs share."""
    if isinstance(entry, dict):
        return {key: bare(value) for key, value in entry.items() if key not in ("out_id", "node_meta_info")}
    return [bare(item) for item in entry] if isinstance(entry, list) else entry


def compare(trace: Trace, operator: str, old: dict[str, Any], new: dict[str, Any], leaf: tuple[str, str]) -> None:
    step = trace.plan.steps[operator]
    if step.table is None:
        if leaf not in named(trace, operator) and not step.output.samples:
            assert bare(old) == bare(new), (operator, leaf)
        return
    rows = {(source, column) for _, _, source, column in trace.rows(step.table.number)}
    if leaf in rows:
        return
    for column in step.table.columns:
        if leaf not in trace.values(step.table.number, column):
            assert shown(old, column) == shown(new, column), (operator, column, leaf)


@pytest.mark.parametrize("name", ["order_filter", "order_report", "joined", "changed", "fitted"])
def test_what_no_lineage_of_the_flow_names_can_be_dropped(engine: Engine, name: str) -> None:
    good, rng = FLOWS[name], random.Random(5)
    tables = {table: frame(COLUMNS[table], rng, 24) for table in READS[name]}
    flow = read(good)
    trace = Trace(look_over(flow, given_tables({t: COLUMNS[t] for t in tables}, flow), ordered(flow)[0]))
    needed = {leaf for step in trace.plan.steps.values() for leaf in used(trace, step)}
    fewer = {}
    for table, data in tables.items():
        reader = table.rpartition(".")[2]
        fewer[table] = data[[column for column in data if (reader, column) in needed]]
    assert any(len(fewer[table].columns) < len(tables[table].columns) for table in tables)
    before, after = outputs(engine, good, tables), outputs(engine, good, fewer)
    assert before is not None
    assert after is not None
    for operator, step in trace.plan.steps.items():
        for column in step.table.columns if step.table else ():
            if (new := shown(after[operator], column)) is not None:
                assert shown(before[operator], column) == new, (operator, column)


def used(trace: Trace, step: Any) -> Iterator[tuple[str, str]]:
    """The columns of sources that an operator names, or that decide about its rows."""
    yield from looked(trace, step)
    if step.table is not None:
        yield from ((source, column) for _, _, source, column in trace.rows(step.table.number))
        # A column that is taken as it is needs not be there where nobody names it.
        for column in step.table.columns:
            leaves = trace.values(step.table.number, column)
            if {own.lower() for _, own in leaves} != {column.lower()}:
                yield from leaves


def looked(trace: Trace, step: Any) -> Iterator[tuple[str, str]]:
    for number, column in step.looked:
        yield from trace.values(number, column)
