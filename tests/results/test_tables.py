"""A table has real types, whatever the server declares, and what is missing is missing."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from alpine.results import FlowResults, OperatorOutput
from tests.documents import entry, table


def column(kind: str | None, *cells: Any) -> pd.Series[Any]:
    """One column as it comes out of a table."""
    data: dict[str, Any] = {"columns": ["c"], "items": [{"c": cell} for cell in cells]}
    if kind is not None:
        data["columnTypes"] = [kind]
    return OperatorOutput(entry("t", data)).to_dataframe()["c"]


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
