"""Results stay the plain documents they are, and give tables, numbers and pictures."""

from __future__ import annotations

import copy
import json
import pickle
import pprint
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from alpine.exception import (
    FlowResultsMalformedException,
    InvalidArgumentException,
    LocalFileException,
    MissingExtraException,
    OperatorNotFoundException,
)
from alpine.results import FlowResults, OperatorOutput, RunStatus, find_operator
from tests.documents import CONFUSION, LIMITED, NESTED, PID, ROW_FILTER, document, entry, log, table

mpl.use("Agg")


@pytest.fixture
def results() -> FlowResults:
    return FlowResults(document())


@pytest.fixture(autouse=True)
def no_figures_left() -> Iterator[None]:
    yield
    plt.close("all")


def column(kind: str | None, *cells: Any) -> pd.Series[Any]:
    """One column as it comes out of a table."""
    data: dict[str, Any] = {"columns": ["c"], "items": [{"c": cell} for cell in cells]}
    if kind is not None:
        data["columnTypes"] = [kind]
    return OperatorOutput(entry("t", data)).to_dataframe()["c"]


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


# plain types


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


# tables


def test_a_table_has_real_types_and_what_is_missing_is_missing(results: FlowResults) -> None:
    frame = results.operators["Row Filter"].to_dataframe()
    assert frame["id"].dtype == "int64"
    assert frame["id"].tolist() == [1, 2, 3]
    assert frame["age"].dtype == "Int64"
    assert frame["age"].isna().tolist() == [False, True, True]
    assert frame["limit"].tolist() == [1500, 50000, 1234567]
    assert frame["balance"].tolist()[:2] == [-12.5, 0.00015]
    assert frame["balance"].isna().tolist() == [False, False, True]
    assert frame["zip"].tolist()[0] == "01234"
    assert frame["zip"].isna().tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("kind", "cells", "expected", "dtype"),
    [
        ("number", ["1", "2.5"], [1.0, 2.5], "float64"),
        ("number", ["+7", "-1,000.25"], [7.0, -1000.25], "float64"),
        ("number", ["Infinity", "-Infinity"], [float("inf"), float("-inf")], "float64"),
        ("number", [1, 2.5], [1.0, 2.5], "float64"),
        ("number", ["007"], [7], "int64"),
        ("number", ["1.0E7", ".5", "5."], [1e7, 0.5, 5.0], "float64"),
        ("number", ["99999999999999999999"], [99999999999999999999], "object"),
        ("number", ["1,5", "2"], ["1,5", "2"], None),
        ("number", ["12", "Accuracy: 0.7867"], ["12", "Accuracy: 0.7867"], None),
        ("number", ["true"], ["true"], None),
        ("cate", ["1", "2"], ["1", "2"], None),
        (None, ["1", "2"], [1, 2], "int64"),
        (None, ["007", "1"], ["007", "1"], None),
        (None, ["a", "1"], ["a", "1"], None),
        ("date", ["2"], [2], "int64"),
    ],
)
def test_the_declared_kind_guides_and_the_cells_decide(
    kind: str | None, cells: list[Any], expected: list[Any], dtype: str | None
) -> None:
    values = column(kind, *cells)
    assert values.tolist() == expected
    if dtype is not None:
        assert values.dtype == dtype


@pytest.mark.parametrize("kind", ["number", "cate", None])
def test_a_column_without_values_is_missing_throughout(kind: str | None) -> None:
    assert column(kind, "", None).isna().all()


def test_an_empty_table_keeps_its_columns() -> None:
    frame = OperatorOutput(table("t", {"a": "number", "b": "cate"})).to_dataframe()
    assert list(frame) == ["a", "b"]
    assert len(frame) == 0


def test_rows_without_declared_columns_are_read_by_their_keys() -> None:
    frame = OperatorOutput(entry("t", {"items": [{"a": "1"}, {"b": "x"}, 3]})).to_dataframe()
    assert frame["a"].tolist()[0] == 1
    assert frame["b"].tolist()[1] == "x"


def test_the_size_is_that_of_the_whole_table(results: FlowResults) -> None:
    output = results.operators["Row Filter"]
    assert (output.row_count, output.column_count, output.table_name) == (50_000, 5, "public.ch40_rowfil_0")
    assert output.messages == [LIMITED.format(columns=5, rows="50,000")]
    small = OperatorOutput(table("t", {"a": "number"}, ("1",), ("2",)))
    assert (small.row_count, small.column_count, small.table_name) == (2, 1, None)


def test_composite_outputs_have_their_tabs_by_name(results: FlowResults) -> None:
    matrix = results.operators["Confusion Matrix"]
    assert list(matrix.tabs) == ["Logistic Regression: Data", "Logistic Regression: Heat Map"]
    assert matrix.to_dataframe()["Class Recall"].iloc[2] == "Accuracy: 0.7867"
    assert matrix.to_dataframe()["Predicted (0)"].tolist() == [120.0, 34.0, 0.7792]
    heat = matrix.to_dataframe("Logistic Regression: Heat Map")
    assert heat.to_dict("list") == {"Observed": ["0", "1"], "Predicted (0)": [120, 34], "Predicted (1)": [30, 116]}
    with pytest.raises(InvalidArgumentException, match="Did you mean 'Logistic Regression: Data'"):
        matrix.to_dataframe("Logistic Regression: Date")


def test_tabs_within_tabs_and_of_the_same_name_are_told_apart() -> None:
    forest = OperatorOutput(NESTED)
    assert list(forest.tabs) == ["Trees", "Trees / Size", "Summary", "Summary (2)"]
    assert list(forest.tables) == ["Trees / Size", "Summary", "Summary (2)"]
    assert forest.tables["Summary (2)"]["word"].tolist() == ["b"]
    assert forest.to_dataframe("Trees")["leaves"].tolist() == [7, 9]
    assert (forest.row_count, forest.column_count) == (2, 2)


def test_a_heat_map_whose_parts_do_not_fit_is_still_a_table() -> None:
    data = {"heatMapTable": {"YValues": ["a", "b"], "rowsValue": [{"data": ["1", "x", "3"]}, 4]}}
    frame = OperatorOutput(entry("h", data, 20)).to_dataframe()
    assert frame.to_dict("list") == {"Observed": ["a", "b"], "Predicted (a)": [1, 0], "Predicted (b)": [0, 0]}


# plots


def test_a_confusion_matrix_is_drawn_as_a_heat_map(results: FlowResults) -> None:
    ax = results.operators["Confusion Matrix"].plot()
    assert [text.get_text() for text in ax.texts] == ["120", "30", "34", "116"]
    assert ax.get_title() == "Logistic Regression: accuracy 0.7867"
    assert [label.get_text() for label in ax.get_yticklabels()] == ["0", "1"]


SALES = table(
    "Sales",
    {"region": "cate", "amount": "number", "orders": "number"},
    ("north", "10.5", "3"),
    ("south", "7.25", ""),
)


def test_text_is_drawn_as_bars_and_numbers_as_lines() -> None:
    sales = OperatorOutput(SALES)
    bars = sales.plot("region", "amount")
    assert [patch.get_height() for patch in bars.patches] == [10.5, 7.25]
    lines = sales.plot("orders", "amount")
    assert len(lines.lines) == 1
    assert len(sales.plot().patches) == 4


@pytest.mark.parametrize("kind", ["scatter", "hist", "line", "bar"])
def test_every_kind_is_drawn_into_given_axes(kind: str) -> None:
    _, ax = plt.subplots()
    assert OperatorOutput(SALES).plot("amount", "amount", kind=kind, ax=ax) is ax
    assert ax.has_data()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": "regoin"}, "Did you mean 'region'"),
        ({"y": "nothing"}, "There is no column 'nothing'"),
        ({"y": "region"}, "'region' holds no numbers"),
        ({"kind": "pie"}, "kind must be one of"),
        ({"kind": "scatter"}, "needs the names of two columns"),
        ({"tab": "x"}, "no tab 'x'"),
    ],
)
def test_what_cannot_be_drawn_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgumentException, match=message):
        OperatorOutput(SALES).plot(**arguments)


def test_a_table_without_numbers_cannot_be_drawn() -> None:
    with pytest.raises(InvalidArgumentException, match="holds no numbers"):
        OperatorOutput(table("t", {"a": "cate"}, ("x",))).plot()


# display


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


def test_a_wide_table_is_cut() -> None:
    wide = table("t", {f"c{i}": "number" for i in range(30)}, *[tuple("1" * 30)] * 30)
    assert "10 more columns and 5 more rows" in OperatorOutput(wide)._repr_html_()


# extras


def test_without_pandas_the_extra_is_named() -> None:
    code = """
import sys
sys.modules["pandas"] = sys.modules["matplotlib"] = None
from alpine.exception import MissingExtraException
from alpine.results import OperatorOutput
output = OperatorOutput({"out_title": "t", "visualData": {"columns": ["a"], "items": [{"a": "1"}]}})
output._repr_html_(), output.summary, output.row_count
for call in (output.to_dataframe, output.plot):
    try:
        call()
    except MissingExtraException as error:
        assert ".[notebook]" in str(error)
    else:
        raise SystemExit("no error")
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[1])
    assert issubclass(MissingExtraException, ImportError)


def test_importing_results_loads_nothing_heavy() -> None:
    code = "import sys, alpine.results; raise SystemExit(bool({'pandas', 'matplotlib'} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[1])
