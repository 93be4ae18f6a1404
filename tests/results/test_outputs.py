"""An operator's output gives its tables, tabs and size."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from alpine.exception import (
    InvalidArgumentException,
    MissingExtraException,
)
from alpine.results import FlowResults, OperatorOutput
from tests.documents import LIMITED, NESTED, entry, table


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


def test_a_wide_table_is_cut() -> None:
    wide = table("t", {f"c{i}": "number" for i in range(30)}, *[tuple("1" * 30)] * 30)
    assert "10 more columns and 5 more rows" in OperatorOutput(wide)._repr_html_()


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
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
    assert issubclass(MissingExtraException, ImportError)
