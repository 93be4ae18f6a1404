"""The outputs of runs are tables of the database, under the names that the flow gives them."""

from __future__ import annotations

from pathlib import Path

import pytest

from alpine import APIClient
from alpine.exception import RunFlowFailureException
from alpine.sandbox import Sandbox
from tests.sandbox.engine_flows import flow, node, source

CONDITION = '<RowFilterConditionModel useAll="true" sqlType="sql" conditionValue="items &gt; @least"/>'


def uploaded(client: APIClient, folder: Path, workspace: object = "Sandbox", **parameters: str) -> int:
    stored = {"outputType": "TABLE", "outputSchema": "demo", "outputTable": "kept_@least", **parameters}
    operator = node("filter", "field.FilterOperator", CONDITION, **stored)
    path = folder / "kept.afm"
    path.write_bytes(flow(source("demo.orders"), operator, links="source > filter", variables={"@least": "3"}))
    place = client.datasource.for_upload("Sandbox Database")
    return int(client.workfile.upload(workspace, path, [place], if_exists="replace")["id"])  # type: ignore[arg-type]


def names(client: APIClient) -> list[str]:
    schema = client.dataset.schema.get_id("demo", "Sandbox Database")
    return [str(row["object_name"]) for row in client.dataset.get_list(schema, name_pattern="kept")]


def test_an_output_is_a_table_that_other_flows_read(client: APIClient, tmp_path: Path) -> None:
    client.workfile.process.run(uploaded(client, tmp_path), {"@least": 2}).wait()
    assert names(client) == ["kept_2"]
    path = tmp_path / "reader.afm"
    path.write_bytes(flow(source("demo.kept_2")))
    reader = client.workfile.upload("Sandbox", path, [client.datasource.for_upload("Sandbox Database")])["id"]
    count = client.sql("Sandbox", "select count(*) from demo.orders where items > 2")["rows"][0][0]
    assert client.workfile.process.run(reader).wait().results.operators["source"].row_count == int(count)


def test_a_later_run_writes_the_table_anew(client: APIClient, tmp_path: Path) -> None:
    workflow = uploaded(client, tmp_path, outputTable="kept")
    counts = []
    for least in (2, 4):
        client.workfile.process.run(workflow, {"@least": least}).wait()
        counts.append(int(client.sql("Sandbox", "select count(*) from demo.kept")["rows"][0][0]))
    assert counts[0] > counts[1] > 0


@pytest.mark.parametrize("kind", ["TABLE", "VIEW"])
def test_a_table_that_must_not_be_dropped_fails_the_operator(client: APIClient, tmp_path: Path, kind: str) -> None:
    workflow = uploaded(client, tmp_path, outputType=kind, dropIfExist="No")
    client.workfile.process.run(workflow).wait()
    with pytest.raises(RunFlowFailureException, match=r"'demo\.kept_3' exists already"):
        client.workfile.process.run(workflow).wait()


def test_a_view_is_shown_as_one(client: APIClient, tmp_path: Path) -> None:
    client.workfile.process.run(uploaded(client, tmp_path, outputType="VIEW")).wait()
    schema = client.dataset.schema.get_id("demo", "Sandbox Database")
    [row] = client.dataset.get_list(schema, name_pattern="kept_3")
    assert row["object_type"] == "VIEW"
    assert client.dataset.get_list(schema, name_pattern="kept_3", tables_only=True) == []


def test_the_tables_go_with_their_workspace(client: APIClient, tmp_path: Path) -> None:
    workspace = client.workspace.create("short-lived")["id"]
    client.workfile.process.run(uploaded(client, tmp_path, workspace)).wait()
    assert names(client) == ["kept_3"]
    client.workspace.delete(workspace)
    assert names(client) == []


def test_the_tables_go_with_a_reset(client: APIClient, sandbox: Sandbox, tmp_path: Path) -> None:
    client.workfile.process.run(uploaded(client, tmp_path)).wait()
    sandbox.reset()
    with sandbox.client() as again:
        assert names(again) == []


def test_a_run_that_fails_leaves_what_was_made_before(client: APIClient, sandbox: Sandbox, tmp_path: Path) -> None:
    workflow = client.workfile.get_id("order_filter", "Sandbox")
    sandbox.fault("node_failure", operator="By Region")
    with pytest.raises(RunFlowFailureException):
        client.workfile.process.run(workflow).wait()
    left = [row["object_name"] for row in client.dataset.in_workspace.get_list("Sandbox", name_pattern="alp")]
    assert left == ["alp1_1_colfil_0", "alp1_1_rowfil_0"]
