"""Results stay the plain documents they are, and tell of the run and its operators."""

from __future__ import annotations

import copy
import json
import pickle
import pprint
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from alpine import Workfile
from alpine.exception import (
    FlowResultsMalformedException,
    LocalFileException,
    OperatorNotFoundException,
)
from alpine.results import FlowResults, OperatorOutput, RunStatus, find_operator
from tests.documents import CONFUSION, PID, ROW_FILTER, document, entry, log, table

# the results of a run


def test_results_tell_of_the_run(results: FlowResults) -> None:
    assert results == document()
    assert results.status == results.metadata["status"] == "SUCCESS"
    assert results.duration == timedelta(seconds=60.75)
    assert [entry["nodeName"] for entry in results.logs][-1] == "null"
    assert results.errors == {}
    assert FlowResults(document("FAILURE", logs=[log("Join", "x", "1", "no column")])).errors == {"Join": "no column"}


def test_operators_are_found_by_name_and_in_order(results: FlowResults) -> None:
    assert list(results.operators) == ["Row Filter", "Confusion Matrix", "Forest"]
    assert len(results.operators) == 3
    assert results.operators["Confusion Matrix"] == CONFUSION
    assert [output.name for output in results.operators.values()] == list(results.operators)
    assert find_operator("Row Filter", document()) == ROW_FILTER
    assert repr(results.operators) == "<Operators: 'Row Filter', 'Confusion Matrix', 'Forest'>"
    assert results.operators._ipython_key_completions_() == list(results.operators)


def test_an_unknown_operator_raises_with_the_nearest(results: FlowResults) -> None:
    with pytest.raises(OperatorNotFoundException, match="Did you mean 'Row Filter'"):
        results.operators["Row Filtre"]
    assert "x" not in results.operators
    assert results.operators.get("x") is None
    assert results.operators.get("x", 3) == 3


def test_durations_come_from_the_operator_or_from_the_logs(results: FlowResults) -> None:
    assert results.durations == {
        "Row Filter": timedelta(seconds=3),
        # The log goes past midnight.
        "Confusion Matrix": timedelta(seconds=5),
    }
    assert results.operators["Row Filter"].duration == timedelta(seconds=3)
    assert results.operators["Forest"].duration is None


def test_what_is_missing_is_none_or_empty() -> None:
    bare = FlowResults({"outputs": [{"out_title": "x"}, 3], "flowMetaInfo": {}, "logs": [3, {"dateTime": "soon"}]})
    assert (bare.duration, bare.durations, bare.errors) == (None, {}, {})
    output = bare.operators["x"]
    assert (output.row_count, output.column_count, output.table_name) == (0, 0, None)
    assert (output.messages, output.tabs, output.tables, output.meta) == ([], {}, {}, {})
    with pytest.raises(FlowResultsMalformedException, match="no table"):
        output.to_dataframe()
    with pytest.raises(FlowResultsMalformedException):
        FlowResults({}).operators  # noqa: B018


def test_results_are_saved_whole_and_loaded(results: FlowResults, tmp_path: Path) -> None:
    path = results.save(tmp_path / "r.json")
    assert FlowResults.load(path) == results
    assert isinstance(FlowResults.load(path), FlowResults)
    assert results.save(tmp_path).name == f"results_{PID}.json"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["r.json", f"results_{PID}.json"]


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b"[" * 100_000, None])
def test_a_file_without_results_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "r.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(LocalFileException, match=r"r\.json"):
        FlowResults.load(path)


def test_results_that_cannot_be_written_raise(results: FlowResults, tmp_path: Path) -> None:
    with pytest.raises(LocalFileException, match="no directory"):
        results.save(tmp_path / "nowhere" / "r.json")


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (FlowResults(document()), dict),
        (OperatorOutput(ROW_FILTER), dict),
        (RunStatus("SUCCESS", FlowResults(document())), str),
    ],
)
def test_rich_values_are_copied_and_pickled_as_plain_ones(value: Any, plain: type) -> None:
    for same in (pickle.loads(pickle.dumps(value)), copy.copy(value), copy.deepcopy(value)):
        assert same == value
        assert type(same) is plain
    assert json.loads(json.dumps(value)) == value


def test_results_go_through_a_process_pool(results: FlowResults) -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert pool.submit(copy.copy, results).result() == document()


# plots


def test_everything_that_prints_gives_the_plain_text(results: FlowResults) -> None:
    output = results.operators["Row Filter"]
    for value, plain in ((results, document()), (output, ROW_FILTER), ({"a": [results]}, {"a": [document()]})):
        assert repr(value) == str(value) == f"{value}" == f"{value!r}" == repr(plain)
        assert pprint.pformat(value) == pprint.pformat(plain)
        assert pprint.pformat(value, width=40, depth=2) == pprint.pformat(plain, width=40, depth=2)
        assert json.dumps(value) == json.dumps(plain)


def test_ipython_shows_them_in_short(results: FlowResults) -> None:
    pretty = pytest.importorskip("IPython.lib.pretty").pretty
    assert pretty(results) == f"<FlowResults SUCCESS: 3 operators, 'Data ETL', run {PID}>"
    assert pretty(results.operators["Row Filter"]) == "<OperatorOutput 'Row Filter': 50,000 rows, 5 columns>"
    assert "tabs 'Trees'" in pretty(results.operators["Forest"])
    assert pretty(OperatorOutput({})) == "<OperatorOutput 'None': visual type None>"
    assert pretty(FlowResults({})).startswith("<FlowResults without a status: 0 operators")


def test_the_html_shows_tables_and_no_json(results: FlowResults) -> None:
    html = results._repr_html_()
    for text in ("Data ETL", "SUCCESS", "Row Filter", "50,000 rows", "3 s", "1 min 01 s"):
        assert text in html
    assert "{&quot;" not in html
    assert "1,234,567" in results.operators["Row Filter"]._repr_html_()
    assert "49,997 more rows" in results.operators["Row Filter"]._repr_html_()
    assert results.operators["Confusion Matrix"]._repr_html_().count("<details") == 2
    assert FlowResults({})._repr_html_()
    assert "is not shown here" in OperatorOutput({})._repr_html_()


def test_what_users_wrote_is_escaped() -> None:
    evil = "<script>alert('x')</script>&"
    bad = table(evil, {evil: "cate"}, (evil,), errorMessages=[evil])
    failed = FlowResults(document(evil, outputs=[bad], logs=[log(evil, "x", "1", evil)]))
    for html in (
        failed._repr_html_(),
        OperatorOutput(bad)._repr_html_(),
        OperatorOutput(entry(evil, [bad]))._repr_html_(),
    ):
        assert "<script" not in html
        assert "&lt;script&gt;" in html


def test_importing_results_loads_nothing_heavy() -> None:
    code = "import sys, alpine.results; raise SystemExit(bool({'pandas', 'matplotlib'} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


def test_find_operator_and_get_metadata_read_the_results(results: FlowResults) -> None:
    process = Workfile.Process
    for found in (results, document()):
        assert process.find_operator(operator_name="Row Filter", flow_results=found) == ROW_FILTER
        assert process.get_metadata(flow_results=found)["status"] == "SUCCESS"
        with pytest.raises(OperatorNotFoundException, match="Did you mean 'Row Filter'"):
            process.find_operator("row filter", found)


@pytest.mark.parametrize("flow_results", [{}, [], None, {"outputs": 3}])
def test_malformed_results_raise(flow_results: Any) -> None:
    with pytest.raises(FlowResultsMalformedException):
        Workfile.Process.find_operator("x", flow_results)
    with pytest.raises(FlowResultsMalformedException):
        Workfile.Process.get_metadata(flow_results)
