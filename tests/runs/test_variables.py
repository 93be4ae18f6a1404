"""Variables arrive in the engine's form; those of a wrong shape, or that no workflow declares, are told before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from alpine import APIClient, afm
from alpine.exception import (
    WorkflowVariableException,
)
from tests.runs.responses import (
    PID,
    STARTED,
    on_run,
)
from tests.scripted import Reply, ScriptedServer


def test_run_sends_variables_in_the_engines_form(server: ScriptedServer, session: APIClient) -> None:
    on_run(server, Reply(STARTED))
    session.workfile.process.run(workflow_id=375, variables=[{"name": "@row_filter", "value": "13"}])
    expected = {"meta": {"version": 1}, "variables": [{"name": "@row_filter", "value": "13"}]}
    assert server.asked[-1].json == expected
    assert server.asked[-1].headers["Content-Type"] == "application/json"
    session.workfile.process.run(375, {"@row_filter": 13})
    assert server.asked[-1].json == expected


@pytest.mark.parametrize(
    "variables",
    [
        "@a=1",
        [("@a", "1")],
        [{"name": "@a"}],
        [{"name": "", "value": "1"}],
        {"@a": None},
        {"@a": [1]},
        {1: "x"},
        {"@a": float("nan")},
    ],
)
def test_variables_of_a_wrong_shape_are_refused_before_sending(
    server: ScriptedServer, session: APIClient, variables: Any
) -> None:
    with pytest.raises(WorkflowVariableException):
        session.workfile.process.run(375, variables)
    assert server.asked == []


def test_a_variable_that_the_file_does_not_declare_is_warned_of_before_sending(
    server: ScriptedServer, session: APIClient, flow: Path
) -> None:
    process = session.workfile.process
    with pytest.raises(UserWarning, match=r"no variable '@min_amuont'.*Did you mean '@min_amount'"):
        process.run(375, {"@min_amuont": 1}, afm_file=flow)
    with pytest.raises(UserWarning, match="@x"):
        process.run_many(375, [{"@min_amount": 1}, {"@x": 1}], afm_file=flow)
    assert server.asked == []
    on_run(server, Reply(STARTED))
    assert process.run(375, {"@min_amount": 1}, afm_file=afm.read(flow)) == PID
