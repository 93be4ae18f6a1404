"""The four calls of the engine read every form of its responses, and start nothing twice."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alpine import APIClient
from alpine.exception import (
    AlpineSessionNotFoundException,
    InvalidResponseException,
    OutcomeUnknownException,
    ResponseTooLargeException,
    ResultsNotFoundException,
    RunFlowFailureException,
    StopFlowFailureException,
    WorkfileNotFoundException,
)
from tests.runs.responses import (
    HTML_ERROR,
    OVER,
    PID,
    STARTED,
    UNAUTHORIZED,
    on_query,
    on_results,
    on_run,
    on_stop,
    results,
    working,
)
from tests.scripted import FakeTime, NotingAdapter, Reply, ScriptedServer


@pytest.mark.parametrize("workflow_id", [375, "375"])
def test_run_returns_the_process_id(server: ScriptedServer, session: APIClient, workflow_id: Any) -> None:
    on_run(server, Reply(STARTED))
    assert session.workfile.process.run(workflow_id=workflow_id) == PID
    asked = server.asked[-1]
    assert asked.query == {"saveResult": ["true"]}
    assert asked.headers["x-token"] == session.token
    assert asked.body == b""


@pytest.mark.parametrize(
    ("reply", "exception"),
    [
        (Reply("The requested resource could not be found.", 404), WorkfileNotFoundException),
        (UNAUTHORIZED, AlpineSessionNotFoundException),
        (Reply("invalid API version: 2", 422), RunFlowFailureException),
        (Reply("no such thing", 400), RunFlowFailureException),
        (HTML_ERROR, RunFlowFailureException),
        (Reply("not json"), OutcomeUnknownException),
        (Reply({"meta": {}}), OutcomeUnknownException),
        (Reply(fault="close"), OutcomeUnknownException),
        (Reply(fault="reset"), OutcomeUnknownException),
    ],
)
def test_a_run_that_is_not_known_to_have_started_raises_and_is_not_started_twice(
    server: ScriptedServer, session: APIClient, reply: Reply, exception: type[Exception]
) -> None:
    on_run(server, reply)
    with pytest.raises(exception) as caught:
        session.workfile.process.run(375)
    assert server.count("POST") == 1
    assert session.token not in str(caught.value)


def test_the_engines_words_are_in_the_exception(server: ScriptedServer, session: APIClient) -> None:
    on_run(server, Reply("invalid API version: 2", 422))
    with pytest.raises(RunFlowFailureException, match="invalid API version: 2") as caught:
        session.workfile.process.run(375)
    assert caught.value.status_code == 422


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (working(state="STARTED"), "WORKING"),
        (working(state="IN_PROGRESS"), "WORKING"),
        (working("K-Means", "NODE_STARTED"), "WORKING"),
        (working("K-Means", "NODE_FINISHED"), "WORKING"),
        (working(state="SOMETHING_NEW"), "WORKING"),
        (working(state="NODE_FAILED"), "FAILED"),
        (working(state="ERROR"), "FAILED"),
        (OVER, "FINISHED"),
        (Reply("invalid processID or workflow already stopped.\n"), "FINISHED"),
        (Reply("Invalid processId or Workflow Already Stopped."), "FINISHED"),
        (Reply('"invalid processId or workflow already stopped."'), "FINISHED"),
    ],
)
def test_query_status_reads_every_form(server: ScriptedServer, session: APIClient, reply: Reply, status: str) -> None:
    on_query(server, reply)
    assert session.workfile.process.query_status(process_id=PID) == status


def test_query_status_quotes_what_it_does_not_know(server: ScriptedServer, session: APIClient) -> None:
    on_query(server, Reply("the engine is confused"))
    with pytest.raises(RunFlowFailureException, match="the engine is confused"):
        session.workfile.process.query_status(PID)


@pytest.mark.parametrize("reply", [Reply("<html>maintenance</html>"), Reply("[]"), Reply("{}"), Reply("3")])
def test_query_status_refuses_an_answer_without_a_state(
    server: ScriptedServer, session: APIClient, reply: Reply
) -> None:
    on_query(server, reply)
    with pytest.raises(InvalidResponseException):
        session.workfile.process.query_status(PID)


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (Reply({"status": "Flow stopped.\n"}), "STOPPED"),
        (Reply("request accepted.\n"), "STOPPED"),
        (Reply({"status": "Could not stop the flow.\n"}), "STOP FAILED"),
    ],
)
def test_stop_reads_both_forms(server: ScriptedServer, session: APIClient, reply: Reply, status: str) -> None:
    on_stop(server, reply)
    assert session.workfile.process.stop(process_id=PID) == status


@pytest.mark.parametrize(
    "text", ["Invalid processId or Workflow already stopped.\n", "workflow not started or ALREADY STOPPED."]
)
def test_stopping_what_is_over_raises(server: ScriptedServer, session: APIClient, text: str) -> None:
    on_stop(server, Reply(text))
    with pytest.raises(StopFlowFailureException):
        session.workfile.process.stop(PID)


def test_a_stop_whose_answer_was_lost_counts_as_stopped(
    server: ScriptedServer, session: APIClient, fake_time: FakeTime
) -> None:
    on_stop(server, Reply(fault="close"), Reply("Invalid processId or Workflow already stopped.\n"))
    assert session.workfile.process.stop(PID) == "STOPPED"


def test_results_are_json_inside_a_json_string_or_plain(server: ScriptedServer, session: APIClient) -> None:
    on_results(server, results(), Reply(json.loads(results().content.decode())))
    first = session.workfile.process.download_results(workflow_id=375, process_id=PID)
    assert first == session.workfile.process.download_results(375, PID)
    assert isinstance(first, dict)


@pytest.mark.parametrize("body", ['""', "", " ", "null"])
def test_no_results_raises(server: ScriptedServer, session: APIClient, body: str) -> None:
    on_results(server, Reply(body))
    with pytest.raises(ResultsNotFoundException, match=PID):
        session.workfile.process.download_results(375, PID)


@pytest.mark.parametrize("body", ["[]", "3", '"[1]"', "{}", '"{}"'])
def test_results_of_another_structure_raise(server: ScriptedServer, session: APIClient, body: str) -> None:
    on_results(server, Reply(body))
    with pytest.raises(ResultsNotFoundException, match="structure"):
        session.workfile.process.download_results(375, PID)


@pytest.mark.parametrize("body", ["<html>", '"{cut', '{"a":', '"' + "[" * 100_000 + '"'])
def test_results_that_are_no_json_raise(server: ScriptedServer, session: APIClient, body: str) -> None:
    on_results(server, Reply(body))
    with pytest.raises(InvalidResponseException):
        session.workfile.process.download_results(375, PID)


@pytest.mark.parametrize(
    ("timeout", "waits"),
    [((3, 5), (3, 40)), ((3, 39), (3, 40)), ((3, 90), (3, 90)), ((3, None), (3, None)), (None, (None, None))],
)
def test_a_start_is_waited_for_at_least_forty_seconds(
    server: ScriptedServer, session: APIClient, timeout: Any, waits: Any
) -> None:
    """The engine takes ten to start a run, and its response is the only place that names it."""
    on_run(server, Reply(STARTED))
    on_query(server, OVER)
    adapter = NotingAdapter()
    session.session.mount("http://", adapter)
    session.timeout = timeout
    session.workfile.process.run(375)
    session.workfile.process.query_status(PID)
    assert adapter.timeouts == [waits, session.timeout]


def test_results_have_a_limit_of_their_own(server: ScriptedServer, session: APIClient) -> None:
    on_results(server, results(padding="x" * 5000))
    session.answer_limit = 100
    assert session.workfile.process.download_results(375, PID).status == "SUCCESS"
    session.answer_limit, session.results_limit = 10_000_000, 5000
    with pytest.raises(ResponseTooLargeException, match="5,000"):
        session.workfile.process.download_results(375, PID)
    run = session.workfile.process.attach(375, PID)
    with pytest.raises(ResponseTooLargeException):
        run.results()
