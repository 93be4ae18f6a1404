"""A sweep is a table of every combination, with what was picked of each run."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from alpine import APIClient
from alpine.exception import (
    WorkflowVariableException,
)
from alpine.process import Process
from tests.runs.responses import ENGINE
from tests.scripted import Reply, ScriptedServer


def test_a_sweep_is_a_table_of_every_combination(process: Process) -> None:
    frame = process.sweep(375, {"@n": [5, 10], "@m": ["a", "x"]}, lambda results: results.status)
    assert list(frame) == ["@n", "@m", "value", "process_id", "error"]
    assert frame["@n"].tolist() == [5, 5, 10, 10]
    assert frame["@m"].tolist() == ["a", "x", "a", "x"]
    assert frame["value"].tolist() == ["SUCCESS"] * 4
    assert frame["error"].isna().all()


def test_a_sweep_takes_several_values_and_leaves_gaps_where_a_run_failed(process: Process) -> None:
    def pick(results: Any) -> dict[str, Any]:
        return {"n": results.operators["Filter"].to_dataframe()["n"][0], "rows": 1}

    frame = process.sweep(375, {"@n": [5, "bad", "refused"]}, pick, max_concurrent=2)
    assert list(frame) == ["@n", "n", "rows", "process_id", "error"]
    assert frame["n"].tolist()[0] == 5
    assert frame["n"].isna().tolist() == [False, True, True]
    assert frame["error"][1] == "ended with status FAILURE."
    assert pd.isna(frame["process_id"][2])


def test_what_cannot_be_picked_is_told_and_stops_nothing(process: Process) -> None:
    frame = process.sweep(375, {"@n": [1, 2]}, lambda results: results.operators["Filtre"])
    assert frame["error"].str.contains("Did you mean 'Filter'").tolist() == [True, True]
    assert list(frame) == ["@n", "process_id", "error"]


@pytest.mark.parametrize("values", [{}, None, [("@n", [1])], {"@n": "abc"}, {"@n": 5}, {"@n": [None]}])
def test_a_sweep_of_a_wrong_shape_is_refused(process: Process, server: ScriptedServer, values: Any) -> None:
    with pytest.raises(WorkflowVariableException):
        process.sweep(375, values, lambda results: results.status)
    assert server.asked == []


def test_a_process_id_with_half_of_a_character_breaks_no_table(server: ScriptedServer, session: APIClient) -> None:
    server.on("POST", f"{ENGINE}/.*/run", Reply(b'{"meta": {"processId": "\\ud800"}}'))
    server.on("GET", f"{ENGINE}/.*", Reply("boom", 418))
    frame = session.workfile.process.sweep(375, {"@n": [1]}, lambda results: results.status)
    assert frame["process_id"].tolist() == ["\ufffd"]


def test_the_columns_are_in_order_also_where_the_first_run_failed(process: Process) -> None:
    frame = process.sweep(375, {"@n": ["bad", 5]}, lambda results: {"a": 1, "b": results.status})
    assert list(frame) == ["@n", "a", "b", "process_id", "error"]
