"""All rows of an operator's output: from the table that its run has left, or an exception that says what to do."""

from __future__ import annotations

import copy
import json
import pickle
import warnings
from pathlib import Path
from typing import Any

import pandas
import pytest

from alpine import APIClient, retry_policy
from alpine.exception import (
    DatasetNotFoundException,
    DownloadFailureException,
    FeatureNotFoundException,
    FlowResultsMalformedException,
    InvalidArgumentException,
    ServerConnectionException,
    WorkfileNotFoundException,
)
from alpine.results import FlowResults
from alpine.sandbox import Sandbox
from tests.sandbox.engine_flows import flow, node, source

HADOOP = [{"data_source_type": "hdfs_data_source", "data_source_id": 1, "database_id": ""}]


@pytest.fixture
def results(client: APIClient) -> FlowResults:
    return run(client, client.workfile.get_id("order_filter", "Sandbox"))


def run(client: APIClient, workflow: int) -> FlowResults:
    process = client.workfile.process.run(workflow)
    process.wait()
    return process.results()


def uploaded(client: APIClient, folder: Path, text: bytes, places: list[dict[str, Any]] | None = None) -> int:
    path = folder / "made.afm"
    path.write_bytes(text)
    where = places or [client.datasource.for_upload("Sandbox Database")]
    return int(client.workfile.upload("Sandbox", path, where)["id"])


def test_the_whole_table_comes(results: FlowResults) -> None:
    output = results.operators["Row Filter"]
    assert len(output.to_dataframe()) == 25
    whole = output.to_dataframe(all_rows=True)
    assert len(whole) == output.row_count == whole.attrs["row_count"] == 141
    assert str(whole["items"].dtype) == "Int64"
    assert list(output.to_dataframe(all_rows=True, columns=["region", "items"]).columns) == ["region", "items"]


def test_the_table_that_an_operator_reads_comes_as_well(results: FlowResults) -> None:
    assert len(results.operators["orders"].to_dataframe(all_rows=True)) == 300


def test_it_is_downloaded_into_a_file(results: FlowResults, tmp_path: Path) -> None:
    path = results.operators["Row Filter"].download(tmp_path / "rows.csv")
    assert len(pandas.read_csv(path)) == 141


@pytest.mark.parametrize("way", ["download_results", "wait", "attach"])
def test_results_from_everywhere_know_their_server(client: APIClient, way: str) -> None:
    workflow = client.workfile.get_id("order_filter", "Sandbox")
    process = client.workfile.process.run(workflow)
    status = process.wait()
    found = {
        "download_results": lambda: client.workfile.process.download_results(workflow, str(process)),
        "wait": lambda: status.results,
        "attach": lambda: client.workfile.process.attach(workflow, str(process)).results(),
    }[way]()
    output = client.workfile.process.find_operator("By Region", found)
    assert len(output.to_dataframe(all_rows=True)) == 4


def test_what_is_asked_of_the_document_asks_no_server(results: FlowResults) -> None:
    output = results.operators["Row Filter"]
    with pytest.raises(InvalidArgumentException, match="for all_rows=True only"):
        output.to_dataframe(columns=["region"])
    with pytest.raises(InvalidArgumentException, match="all_rows"):
        output.to_dataframe(all_rows="yes")  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentException, match=r"no column 'regoin'\. Did you mean 'region'"):
        output.to_dataframe(all_rows=True, columns=["regoin"])


def test_copies_are_plain_and_know_no_server(client: APIClient, results: FlowResults, tmp_path: Path) -> None:
    output = results.operators["Row Filter"]
    for made in (pickle.loads(pickle.dumps(results)), copy.copy(results), copy.deepcopy(results), results.copy()):
        assert type(made) is dict
        assert made == results
    assert type(pickle.loads(pickle.dumps(output))) is dict
    token = str(client.token)
    shown = [repr(results), repr(output), repr(vars(results)), repr(vars(output)), json.dumps(results)]
    shown += [results._repr_html_(), output._repr_html_(), str(pickle.dumps(results))]
    assert not [text for text in shown if token in text]
    again = FlowResults.load(results.save(tmp_path / "results.json"))
    with pytest.raises(InvalidArgumentException, match=r"do not know which one.*download_results"):
        again.operators["Row Filter"].to_dataframe(all_rows=True)


def test_a_table_that_was_written_since_is_not_taken_for_the_output(
    client: APIClient, sandbox: Sandbox, results: FlowResults
) -> None:
    output = results.operators["Row Filter"]
    sandbox.load_table(str(output.table_name), pandas.DataFrame({"order_id": [1, 2]}))
    with pytest.raises(DownloadFailureException, match=r"2 rows, not 141.*Another run may have written") as caught:
        output.to_dataframe(all_rows=True)
    assert caught.value.rows == 2


def test_rows_of_a_later_run_are_not_given_in_silence(client: APIClient) -> None:
    workflow = client.workfile.get_id("order_filter", "Sandbox")
    output = run(client, workflow).operators["By Region"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        before = output.to_dataframe(all_rows=True)
    client.workfile.process.run(workflow, {"@min_amount": 200}).wait()
    with pytest.warns(
        UserWarning, match=r"does not have row 1 of these results of 'By Region'.*written it since"
    ) as told:
        after = output.to_dataframe(all_rows=True)
    assert told[0].filename == __file__
    assert len(before) == len(after) == 4
    # Numbers alone tell it, as where another model made the predictions.
    with pytest.warns(UserWarning, match="written it since"):
        output.to_dataframe(all_rows=True, columns=["region", "total"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        output.to_dataframe(all_rows=True, columns=["region"])


@pytest.mark.parametrize("name", ["orders", "Row Filter", "Column Filter", "By Region"])
def test_rows_that_are_the_run_s_give_no_warning(results: FlowResults, name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        results.operators[name].to_dataframe(all_rows=True)


def test_a_connection_that_is_lost_gives_all_rows_or_says_how_far_it_came(
    client: APIClient, sandbox: Sandbox, results: FlowResults, tmp_path: Path
) -> None:
    output = results.operators["Row Filter"]
    whole = output.download(tmp_path / "whole.csv").read_bytes()
    keep = len(whole) * 6 // 10
    sandbox.fault("truncate", path="/download", keep=keep, times=2)
    assert output.download(tmp_path / "rows.csv").read_bytes() == whole
    sandbox.fault("truncate", path="/download", keep=keep)
    assert len(output.to_dataframe(all_rows=True)) == 141
    client.retries = retry_policy(total=0)
    sandbox.fault("truncate", path="/download", keep=keep, times=None)
    rows = whole[:keep].count(b"\n") - 1
    came = f"In the last attempt {rows} whole rows had come"
    with pytest.raises(ServerConnectionException, match=came):
        output.to_dataframe(all_rows=True)
    with pytest.raises(ServerConnectionException, match=came):
        output.download(tmp_path / "lost.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rows.csv", "whole.csv"]


def test_the_way_from_a_file_to_predictions_takes_fewer_than_twelve_lines() -> None:
    # That the lines do what they say is a test of all examples.
    guide = (Path(__file__).parents[2] / "docs" / "guides" / "results.md").read_text("utf-8")
    script = guide.partition("From a CSV file to a fitted model's predictions")[2].split("```")[1]
    first, *lines = [line for line in script.removeprefix("python\n").splitlines() if line.strip()]
    assert first == "from alpine import APIClient"
    assert len(lines) < 11
    assert "load_csv" in script and "all_rows=True" in script


def test_an_output_that_is_gone_is_said_to_be(client: APIClient, results: FlowResults) -> None:
    output = results.operators["Row Filter"]
    output["visualData"]["tableName"] = "public.gone"
    with pytest.raises(DatasetNotFoundException, match=r"public\.gone is not in the data source.*type TABLE"):
        output.to_dataframe(all_rows=True)
    client.workfile.delete(client.workfile.get_id("order_filter", "Sandbox"))
    with pytest.raises(WorkfileNotFoundException):
        results.operators["By Region"].to_dataframe(all_rows=True)


def test_an_output_that_is_not_stored_says_what_to_do(client: APIClient, tmp_path: Path) -> None:
    row_filter = node(
        "filter",
        "field.FilterOperator",
        '<RowFilterConditionModel useAll="true" sqlType="sql" conditionValue="items &gt; 1"/>',
    )
    text = flow(source("demo.orders"), row_filter, links="source > filter")
    found = run(client, uploaded(client, tmp_path, text))
    with pytest.raises(DatasetNotFoundException, match=r"no table for the output of 'filter'.*TABLE.*session\.sql"):
        found.operators["filter"].to_dataframe(all_rows=True)


def test_results_of_hadoop_name_no_table(client: APIClient, tmp_path: Path) -> None:
    # A server that names one for a flow on Hadoop is told from one whose table is gone.
    workflow = uploaded(client, tmp_path, flow(source("demo.orders")), HADOOP)
    found = run(client, workflow)
    found["outputs"][0]["visualData"]["tableName"] = "public.x"
    with pytest.raises(DatasetNotFoundException, match="runs on Hadoop"):
        found.operators["source"].to_dataframe(all_rows=True)


def test_a_server_without_datasets_gets_the_sql_to_run(sandbox: Sandbox, results: FlowResults) -> None:
    missing = {"status": "404", "error": "Not Found"}
    sandbox.fault("status", path="/schemas", status=404, body=missing, times=None)
    with pytest.raises(FeatureNotFoundException, match=r'no datasets.*select \* from "public"\."alp1_1_rowfil_0"'):
        results.operators["Row Filter"].to_dataframe(all_rows=True)


def test_an_output_without_a_table_has_no_rows(results: FlowResults) -> None:
    output = results.operators["Row Filter"]
    output["visualData"] = {"text": "none"}
    output["node_meta_info"] = []
    with pytest.raises(FlowResultsMalformedException, match="holds no table"):
        output.to_dataframe(all_rows=True)
