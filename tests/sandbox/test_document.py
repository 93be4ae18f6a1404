"""The results document's own forms."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from alpine.sandbox.engine import document


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (7, "7"),
        (-50_000, "-50000"),
        (1956.592205, "1956.5922"),
        (0.5, "0.5000"),
        (Decimal("2.50"), "2.50"),
        (Decimal("NaN"), "NaN"),
        (float("nan"), "NaN"),
        (float("inf"), "Infinity"),
        (float("-inf"), "-Infinity"),
        (None, ""),
        (True, "true"),
        (False, "false"),
        ("rain", "rain"),
        (datetime(2017, 4, 25, 14, 59), "2017-04-25 14:59:00"),
    ],
)
def test_a_cell_is_text(value: Any, text: str):
    assert document.cell(value) == text


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("BIGINT", "number"),
        ("UTINYINT", "number"),
        ("DECIMAL(18,3)", "number"),
        ("DOUBLE", "number"),
        ("VARCHAR", "cate"),
        ("BOOLEAN", "cate"),
        ("DATE", "cate"),
        ("INTERVAL", "cate"),
        ("INTEGER[]", "cate"),
    ],
)
def test_a_column_is_a_number_or_a_category(name: str, kind: str):
    assert document.kind_of(name) == kind


def test_only_a_longer_table_is_said_to_be_limited():
    assert document.limited(8, 25) == []
    assert document.limited(8, 26)[0].startswith("Operation created output with 8 columns and 26 rows.")
    assert "1,000 columns and 50,000 rows" in document.limited(1000, 50_000)[0]


def test_times_are_written_as_the_server_writes_them():
    moment = datetime(2017, 4, 25, 14, 59, 3, 259_999, timezone(timedelta(hours=-7)))
    assert document.timestamp(moment) == "2017-04-25T14:59:03.259-0700"
    record = document.NodeRecord("n", "Row Filter", "d", moment, moment, document.TableView([], [], []))
    meta = document.output(record)["node_meta_info"]
    assert ["Executing start from: ", "Apr 25, 2017 2:59:03 PM"] in meta


def test_tabs_nest_entries_with_the_same_keys():
    table = document.TableView(["a"], ["number"], [["1"]], table_name="public.t")
    view = document.Tabs([("one", table), ("more", document.Tabs([("two", table)]))])
    moment = document.now()
    entry = document.output(document.NodeRecord("n", "t", "d", moment, moment, view, has_meta=False))
    keys = {"out_id", "out_title", "visualType", "visualData", "isGenerateReport"}
    assert set(entry) == keys
    one, more = entry["visualData"]
    assert set(one) == set(more) == keys
    assert (one["visualType"], more["visualType"], more["visualData"][0]["out_title"]) == (0, 6, "two")
    assert one["visualData"] == {
        "columns": ["a"],
        "columnTypes": ["number"],
        "items": [{"a": "1"}],
        "fixedNumberOfColumns": 0,
        "tableName": "public.t",
    }
