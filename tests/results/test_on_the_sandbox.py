"""What the DataFrames say is what the database says of the same tables."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

import alpine
from alpine import APIClient, afm
from alpine.exception import RunFlowFailureException
from alpine.results import FlowResults
from alpine.sandbox import Sandbox

EXAMPLES = Path(alpine.__file__).parent / "sandbox" / "examples"
PRINTED = 5e-5
"""Half of the last decimal that the server prints."""

TABLE_FLOW = """<Process><Operator name="table" type="com.alpine.miner.gef.runoperator.datasource.DbTableOperator">
<Parameter key="schemaName" value="demo"/><Parameter key="tableName" value="mixed"/></Operator>
<VariableModel/></Process>"""


@pytest.fixture
def orders() -> Any:
    """The database, with the orders that the examples read."""
    connection = duckdb.connect()
    connection.execute("CREATE TABLE orders AS SELECT * FROM read_csv(?)", [str(EXAMPLES / "orders.csv")])
    return connection


def run(client: APIClient, name: str, variables: dict[str, object] | None = None) -> FlowResults:
    """Run an example to its end."""
    workflow_id = client.workfile.get_id(name, "Sandbox")
    handle = client.workfile.process.run(workflow_id, variables, afm_file=EXAMPLES / f"{name}.afm")
    assert handle.wait() == "SUCCESS"
    return handle.results()


def assert_same(shown: pd.DataFrame, said: pd.DataFrame, key: str) -> None:
    """Every shown number is what the database says, to the printed decimals; every text is the same."""
    assert len(shown) > 0
    rows = said.set_index(key)
    for row in shown.to_dict("records"):
        expected = rows.loc[row[key]]
        for name, value in row.items():
            if name == key:
                continue
            if pd.isna(expected[name]):
                assert pd.isna(value), name
            elif isinstance(value, str):
                assert value == str(expected[name])[: len(value)], name
            else:
                assert math.isclose(value, float(expected[name]), abs_tol=PRINTED, rel_tol=1e-12), name


@pytest.mark.parametrize("least", [0, 100, 250.5])
def test_a_filter_shows_the_rows_and_counts_all_of_them(client: APIClient, orders: Any, least: float) -> None:
    output = run(client, "order_filter", {"@min_amount": least}).operators["Row Filter"]
    said = orders.execute("SELECT * FROM orders WHERE amount >= ?", [least]).df()
    frame = output.to_dataframe()
    assert len(frame) == min(25, len(said))
    assert output.row_count == len(said)
    assert output.column_count == len(said.columns)
    assert_same(frame, said, "order_id")
    assert frame["amount"].dtype == "float64"
    assert frame["items"].dtype == "int64"


def test_an_aggregation_is_the_databases(client: APIClient, orders: Any) -> None:
    frame = run(client, "order_filter", {"@min_amount": 50}).operators["By Region"].to_dataframe()
    said = orders.execute(
        "SELECT region, count(*) AS orders, sum(amount) AS total FROM orders WHERE amount >= 50 GROUP BY region"
    ).df()
    assert len(frame) == len(said)
    assert_same(frame, said, "region")


def test_numbers_of_every_size_and_gaps_are_kept(sandbox: Sandbox, client: APIClient, tmp_path: Path) -> None:
    chance = random.Random(7)
    count = 25
    mixed = pd.DataFrame(
        {
            "id": range(count),
            "whole": pd.array(
                [chance.choice([None, chance.randrange(-(2**53), 2**53)]) for _ in range(count)], "Int64"
            ),
            "real": [
                chance.choice([None, chance.uniform(-1, 1) * 10 ** chance.randrange(0, 12)]) for _ in range(count)
            ],
            "code": [f"{chance.randrange(1000):05}" for _ in range(count)],
            "word": [chance.choice([None, "a,b", "1e5", "<i>", "NaN "]) for _ in range(count)],
        }
    )
    sandbox.load_table("demo.mixed", mixed)
    path = tmp_path / "mixed.afm"
    path.write_text(TABLE_FLOW)
    handle = client.workfile.process.run(sandbox.add_workflow(path))
    handle.wait()
    frame = handle.results().operators["table"].to_dataframe()
    assert len(frame) == count
    assert_same(frame, duckdb.sql("SELECT * FROM mixed").df(), "id")
    assert frame["code"].tolist() == mixed["code"].tolist()


def test_a_real_workflow_counts_what_the_real_server_counted(sandbox: Sandbox, client: APIClient, corpus: Path) -> None:
    sandbox.load_table("demo.credit", corpus / "data" / "credit.csv")
    path = corpus / "flows" / "client-4a20-db_row_fil_with_variable.afm"
    handle = client.workfile.process.run(sandbox.add_workflow(path), {"@min_credit_line": 7}, afm_file=path)
    assert handle.wait() == "SUCCESS"
    outputs = handle.results().operators
    assert outputs["credit"].row_count == 50_000
    last = list(outputs.values())[-1]
    assert last.row_count == 1_640
    said = duckdb.sql(f"SELECT * FROM read_csv('{corpus}/data/credit.csv') WHERE credit_lines > 7").df()
    assert_same(last.to_dataframe(), said, "id")


def test_a_known_flow_declares_its_variables(client: APIClient) -> None:
    flow = afm.read(EXAMPLES / "order_filter.afm")
    with pytest.raises(UserWarning, match="Did you mean '@min_amount'"):
        client.workfile.process.run(1, {"@min_amont": 3}, afm_file=flow)


def test_a_sweep_picks_what_the_database_counts(client: APIClient, orders: Any) -> None:
    workflow_id = client.workfile.get_id("order_filter", "Sandbox")
    frame = client.workfile.process.sweep(
        workflow_id, {"@min_amount": [0, 100, 200, 300]}, lambda results: results.operators["Row Filter"].row_count
    )
    counted = [
        orders.execute("SELECT count(*) FROM orders WHERE amount >= ?", [least]).fetchall()[0][0]
        for least in frame["@min_amount"]
    ]
    assert frame["value"].tolist() == counted
    assert frame["error"].isna().all()


def test_a_failed_run_tells_which_operator_and_keeps_the_others(sandbox: Sandbox, client: APIClient) -> None:
    sandbox.fault("node_failure", operator="Row Filter")
    handle = client.workfile.process.run(client.workfile.get_id("order_filter", "Sandbox"))
    with pytest.raises(RunFlowFailureException) as caught:
        handle.wait()
    assert list(caught.value.errors) == ["Row Filter"]
    assert list(handle.results().operators) == ["orders"]
    assert "Row Filter" in handle.results()._repr_html_()
