"""A run is waited for, stopped and read; whatever ends a wait leaves the run stopped or named."""

from __future__ import annotations

import copy
import itertools
import json
import pickle
import re
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests

import alpine
from alpine import APIClient, afm
from alpine._runs import polling
from alpine._runs.handle import FlowRun
from alpine.exception import (
    AlpineException,
    AlpineSessionNotFoundException,
    InvalidArgumentException,
    LocalFileException,
    ResultsNotFoundException,
    RunFlowConnectionException,
    RunFlowFailureException,
    RunFlowTimeoutException,
    WorkflowFileException,
)
from tests.inside import set_clock
from tests.runs.responses import (
    ENGINE,
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
from tests.scripted import LOGIN, FakeTime, Reply, ScriptedServer

# run


# stop


# wait_until_finished


def test_waiting_returns_the_status_of_the_results(
    server: ScriptedServer, session: APIClient, fake_time: FakeTime
) -> None:
    on_query(server, working("a"), working("a"), working("b"), OVER)
    on_results(server, results())
    assert session.workfile.process.wait_until_finished(workflow_id=375, process_id=PID) == "SUCCESS"
    assert fake_time.sleeps[:3] == [0.02, 0.04, 0.08]
    assert server.count("GET", ".*/results/.*") == 1


def test_waiting_asks_at_most_45_times_in_the_first_minute_and_never_rests_longer_than_query_time(
    server: ScriptedServer, session: APIClient, fake_time: FakeTime
) -> None:
    on_query(server, working())
    on_stop(server, Reply({"status": "Flow stopped.\n"}))
    with pytest.raises(RunFlowTimeoutException):
        session.workfile.process.wait_until_finished(375, PID, timeout=60)
    assert 20 < server.count("GET") <= 46
    server.asked.clear()
    fake_time.sleeps.clear()
    with pytest.raises(RunFlowTimeoutException):
        session.workfile.process.wait_until_finished(375, PID, query_time=0, timeout=60)
    assert max(fake_time.sleeps) <= 1


@pytest.mark.parametrize("query_time", [0.1, 0, -5, 0.999])
def test_a_query_time_below_one_second_is_one_second(
    server: ScriptedServer, session: APIClient, fake_time: FakeTime, query_time: float
) -> None:
    on_query(server, *[working()] * 40, OVER)
    on_results(server, results())
    session.workfile.process.wait_until_finished(375, PID, query_time=query_time)
    assert max(fake_time.sleeps) == 1
    assert fake_time.sleeps[:6] == [0.02, 0.04, 0.08, 0.16, 0.25, 0.25]


def test_results_that_come_a_moment_later_are_waited_for(
    server: ScriptedServer, session: APIClient, fake_time: FakeTime
) -> None:
    on_query(server, OVER)
    on_results(server, Reply('""'), Reply('""'), results())
    assert session.workfile.process.wait_until_finished(375, PID) == "SUCCESS"


def test_results_that_never_come_raise_after_half_a_minute(
    server: ScriptedServer, session: APIClient, fake_time: FakeTime
) -> None:
    on_query(server, working(), OVER)
    on_results(server, Reply('""'))
    with pytest.raises(ResultsNotFoundException, match=f"{PID}.*within 30 s"):
        session.workfile.process.wait_until_finished(375, PID)
    assert 30 <= sum(fake_time.sleeps) < 32


def test_a_run_that_was_never_seen_working_is_told_soon(
    server: ScriptedServer, session: APIClient, fake_time: FakeTime
) -> None:
    on_query(server, OVER)
    on_results(server, Reply('""'))
    with pytest.raises(ResultsNotFoundException, match=f"{PID}.*within 5 s"):
        session.workfile.process.wait_until_finished(375, PID)
    assert sum(fake_time.sleeps) == pytest.approx(5, abs=0.5)


def test_results_are_not_waited_for_beyond_the_end_of_the_wait(
    server: ScriptedServer, session: APIClient, fake_time: FakeTime
) -> None:
    on_query(server, *[working()] * 5, OVER)
    on_results(server, Reply('""'))
    with pytest.raises(ResultsNotFoundException, match=PID):
        session.workfile.process.wait_until_finished(375, PID, timeout=2)
    assert sum(fake_time.sleeps) < 2 + 15


def test_a_failed_run_raises_with_the_messages_of_its_operators(
    server: ScriptedServer, session: APIClient, fake_time: FakeTime
) -> None:
    on_query(server, working(state="NODE_FAILED"))
    logs = [{"nodeName": "Join", "errMessage": "no column x"}, {"nodeName": "null", "errMessage": "null"}]
    on_results(server, results("FAILURE", logs=logs))
    with pytest.raises(RunFlowFailureException, match="Join: no column x") as caught:
        session.workfile.process.wait_until_finished(375, PID)
    assert caught.value.errors == {"Join": "no column x"}


def test_the_deadline_stops_the_run(server: ScriptedServer, session: APIClient, fake_time: FakeTime) -> None:
    on_query(server, working("Slow"))
    on_stop(server, Reply("request accepted."))
    with pytest.raises(RunFlowTimeoutException, match="Slow") as caught:
        session.workfile.process.wait_until_finished(375, PID, timeout=20)
    assert caught.value.stopped
    assert isinstance(caught.value, TimeoutError)
    assert server.count("POST", ".*/stop") == 1


def test_a_stop_that_fails_does_not_hide_the_timeout(
    server: ScriptedServer, session: APIClient, fake_time: FakeTime
) -> None:
    on_query(server, working())
    on_stop(server, Reply("boom", 500))
    with pytest.raises(RunFlowTimeoutException) as caught:
        session.workfile.process.wait_until_finished(375, PID, timeout=2)
    assert not caught.value.stopped


def test_a_run_that_ends_at_the_last_look_is_no_timeout(
    server: ScriptedServer, session: APIClient, fake_time: FakeTime
) -> None:
    def ended_at_twenty(_asked: Any) -> Reply:
        return OVER if fake_time.time >= 1020 else working()

    server.on("GET", f"{ENGINE}/processes/{PID}/query", ended_at_twenty)
    on_results(server, results())
    assert session.workfile.process.wait_until_finished(375, PID, timeout=20) == "SUCCESS"


@pytest.mark.parametrize(
    "trouble",
    [
        Reply(fault="close"),
        Reply(fault="reset"),
        HTML_ERROR,
        Reply("x", 500),
        Reply("x", 503),
        Reply("x", 504),
        Reply("x", 429),
    ],
)
def test_waiting_goes_on_through_trouble(
    server: ScriptedServer, session: APIClient, fake_time: FakeTime, trouble: Reply
) -> None:
    on_query(server, working(), trouble, trouble, working(), OVER)
    on_results(server, trouble, results())
    assert session.workfile.process.wait_until_finished(375, PID) == "SUCCESS"


def test_a_server_that_stays_away_is_not_a_slow_run(
    server: ScriptedServer, session: APIClient, fake_time: FakeTime
) -> None:
    on_query(server, working(), Reply("x", 503))
    with pytest.raises(RunFlowConnectionException, match=PID) as caught:
        session.workfile.process.wait_until_finished(375, PID, timeout=30)
    assert caught.value.last_status == "WORKING"
    assert caught.value.last_error is not None
    assert not isinstance(caught.value, TimeoutError)


def test_an_expired_login_names_the_run(server: ScriptedServer, session: APIClient, fake_time: FakeTime) -> None:
    on_query(server, working(), UNAUTHORIZED)
    with pytest.raises(AlpineSessionNotFoundException, match=PID) as caught:
        session.workfile.process.wait_until_finished(375, PID)
    assert caught.value.process_id == PID


class Alarm(Exception):
    """What a signal handler of somebody raises."""


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, Alarm, OSError, GeneratorExit])
@pytest.mark.parametrize("stop", [False, True])
def test_whatever_ends_a_wait_leaves_the_run_stopped_or_named(
    server: ScriptedServer, session: APIClient, fake_time: FakeTime, error: type[BaseException], stop: bool
) -> None:
    def interrupt(_seconds: float) -> None:
        raise error

    on_query(server, working())
    on_stop(server, Reply({"status": "Flow stopped.\n"}))
    set_clock(session, fake_time, interrupt)
    process = session.workfile.process
    for wait in (partial(process.wait_until_finished, 375, PID), process.attach(375, PID).wait):
        with pytest.raises(error) as caught:
            wait(stop_on_interrupt=stop)
        [note] = caught.value.__notes__
        assert PID in note
        assert "workflow 375" in note
        assert (f"these were stopped: {PID}" in note) is stop
        assert ("attach(375, process_id)" in note) is not stop
    assert server.count("POST", ".*/stop") == (2 if stop else 0)


def test_a_signal_in_the_middle_of_a_question_ends_the_wait(server: ScriptedServer, session: APIClient) -> None:
    def ring(*_: object) -> None:
        raise Alarm

    def interrupt(response: requests.Response, **_options: Any) -> None:
        response.close()
        signal.raise_signal(signal.SIGTERM)

    on_query(server, working())
    session.session.hooks["response"].append(interrupt)
    before = signal.signal(signal.SIGTERM, ring)
    try:
        with pytest.raises(Alarm) as caught:
            session.workfile.process.wait_until_finished(375, PID)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert PID in caught.value.__notes__[0]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there are no alarms on Windows")
@pytest.mark.parametrize("error", [TimeoutError, ConnectionResetError, ValueError, Alarm])
@pytest.mark.parametrize("fault", ["", "stall"], ids=["in the body", "in the head"])
def test_an_alarm_while_an_answer_is_read_is_no_failure_of_the_network(
    server: ScriptedServer, session: APIClient, error: type[Exception], fault: str
) -> None:
    def ring(*_: object) -> None:
        raise error

    def answer(_asked: Any) -> Reply:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        return Reply({"meta": {"processId": PID}}, delay=0.5, fault=fault)

    on_run(server, answer)
    server.on("GET", f"{ENGINE}/processes/{PID}/query", answer)
    process = session.workfile.process
    before = signal.signal(signal.SIGALRM, ring)
    try:
        with pytest.raises(error) as started:
            process.run(375)
        with pytest.raises(error) as waited:
            process.wait_until_finished(375, PID)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert "A run may have started" in started.value.__notes__[0]
    assert f"may go on: {PID}" in waited.value.__notes__[0]
    assert server.count("GET") == 1, "it is not tried again"


class _Ring:
    """A handler that Python knows by no code of its own."""

    def __call__(self, *_: object) -> None:
        raise TimeoutError


def _ring(_what: str, _number: int, _frame: object) -> None:
    raise TimeoutError


def _ring_once(_number: int, _frame: object) -> None:
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    raise TimeoutError


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there are no alarms on Windows")
@pytest.mark.parametrize(
    "handler", [_Ring(), partial(_ring, "a"), _ring_once], ids=["an object", "a partial", "once only"]
)
def test_an_alarm_ends_the_wait_whatever_its_handler_is(
    server: ScriptedServer, session: APIClient, handler: Any
) -> None:
    def answer(_asked: Any) -> Reply:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        return Reply({"meta": {"processId": PID}}, delay=0.5)

    server.on("GET", f"{ENGINE}/processes/{PID}/query", answer)
    before = signal.signal(signal.SIGALRM, handler)
    try:
        with pytest.raises(TimeoutError) as waited:
            session.workfile.process.wait_until_finished(375, PID, timeout=0.2)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert f"may go on: {PID}" in waited.value.__notes__[0]
    assert server.count("GET") == 1, "it is not tried again"


def test_a_stop_that_fails_or_is_interrupted_leaves_the_run_named(
    server: ScriptedServer, session: APIClient, fake_time: FakeTime
) -> None:
    def interrupt(_seconds: float) -> None:
        raise SystemExit

    on_query(server, working())
    on_stop(server, Reply("boom", 500))
    set_clock(session, fake_time, interrupt)
    with pytest.raises(SystemExit) as exited:
        session.workfile.process.wait_until_finished(375, PID, stop_on_interrupt=True)
    assert f"may go on: {PID}" in exited.value.__notes__[0]

    def interrupt_again(response: requests.Response, **_options: Any) -> None:
        if response.url.endswith("/stop"):
            response.close()
            raise KeyboardInterrupt

    session.session.hooks["response"].append(interrupt_again)
    with pytest.raises(KeyboardInterrupt) as caught:
        session.workfile.process.wait_until_finished(375, PID, stop_on_interrupt=True)
    assert f"may go on: {PID}" in caught.value.__notes__[0]
    assert isinstance(caught.value.__context__, SystemExit)


def test_the_note_of_an_exit_is_logged_as_python_shows_it_to_nobody(
    server: ScriptedServer, session: APIClient, fake_time: FakeTime, caplog: pytest.LogCaptureFixture
) -> None:
    def interrupt(_seconds: float) -> None:
        raise SystemExit

    on_query(server, working())
    set_clock(session, fake_time, interrupt)
    with pytest.raises(SystemExit):
        session.workfile.process.wait_until_finished(375, PID)
    assert f"may go on: {PID}" in caplog.text


@pytest.mark.parametrize("stop", [False, True])
def test_an_answer_that_ends_a_wait_leaves_the_run_stopped_or_named(
    server: ScriptedServer, session: APIClient, fake_time: FakeTime, stop: bool
) -> None:
    on_query(server, working(), Reply("boom", 418))
    on_stop(server, Reply({"status": "Flow stopped.\n"}))
    with pytest.raises(AlpineException) as caught:
        session.workfile.process.wait_until_finished(375, PID, stop_on_interrupt=stop)
    assert caught.value.process_id == PID
    assert ("may go on" in caught.value.__notes__[0]) is not stop
    assert server.count("POST", ".*/stop") == stop


@pytest.mark.parametrize("status", ["SUCCESS", "FAILURE"])
def test_a_run_that_is_over_is_not_stopped(
    server: ScriptedServer, session: APIClient, fake_time: FakeTime, status: str
) -> None:
    on_query(server, OVER)
    on_results(server, results(status))
    run = session.workfile.process.attach(375, PID)
    if status == "SUCCESS":
        assert run.wait(stop_on_interrupt=True) == "SUCCESS"
    else:
        with pytest.raises(RunFlowFailureException) as caught:
            run.wait(stop_on_interrupt=True)
        assert not hasattr(caught.value, "__notes__")
    assert server.count("POST") == 0


def test_an_exception_at_any_line_of_run_tells_of_the_run(server: ScriptedServer, session: APIClient) -> None:
    """As a signal handler may raise one: between the answer of the engine and the return of ``run`` too."""
    on_run(server, Reply(STARTED))
    folder = Path(alpine.__file__).parent
    names = ("process", "_runs/engine", "_runs/handle", "_runs/unfinished", "alpineobject")
    files = {str(folder / f"{name}.py") for name in names}
    files.add(str(folder / "_http" / "transport.py"))
    told = {"nothing was sent": 0, "may have started": 0, PID: 0}

    def interrupted(moment: int) -> BaseException | None:
        count = itertools.count()

        def trace(frame: Any, event: str, _argument: object) -> Any:
            if frame.f_code.co_filename not in files:
                return None
            if event == "line" and next(count) == moment:
                raise Alarm(frame.f_code.co_name, frame.f_lineno)
            return trace

        def work() -> None:
            sys.settrace(trace)
            session.workfile.process.run(375)

        # In a thread of its own: 3.11 forgets to take back an exception that is handled where a trace function raises.
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(work).exception()

    for moment in itertools.count():
        server.asked.clear()
        error = interrupted(moment)
        if error is None:
            break
        assert isinstance(error, Alarm)
        notes = " ".join(getattr(error, "__notes__", ()))
        if server.count("POST", ".*/run"):
            assert PID in notes or "may have started" in notes or "may go on" in notes, error
        found = [word for word in told if word in notes] or ["nothing was sent"]
        told[found[-1]] += 1
    assert min(told.values()) > 0, told


def test_a_flow_in_a_circle_is_refused_before_anything_is_sent(server: ScriptedServer, session: APIClient) -> None:
    operators = {name: afm.Operator(name, "com.alpine.FilterOperator") for name in "ab"}
    flow = afm.Workflow(operators=operators, links=[afm.Link("a", "b"), afm.Link("b", "a")])
    process = session.workfile.process
    for call in (process.run, process.run_many, process.iterate_many):
        with pytest.raises(WorkflowFileException, match="cycle"):
            call(375, [], afm_file=flow)
    assert server.asked == []


def test_verbose_shows_seconds_and_operators(
    server: ScriptedServer, session: APIClient, fake_time: FakeTime, capsys: pytest.CaptureFixture[str]
) -> None:
    on_query(server, working(), working("Loader"), working("Loader"), working("Row Filter"), OVER)
    on_results(server, results())
    session.workfile.process.wait_until_finished(375, PID, verbose=True)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("s  ")[1] for line in lines] == ["started", "Loader", "Row Filter", "SUCCESS"]


@pytest.mark.parametrize(
    "bad", [{"query_time": "soon"}, {"timeout": -1}, {"timeout": float("inf")}, {"process_id": ""}]
)
def test_wrong_arguments_are_refused_before_sending(
    server: ScriptedServer, session: APIClient, bad: dict[str, Any]
) -> None:
    with pytest.raises(InvalidArgumentException):
        session.workfile.process.wait_until_finished(**{"workflow_id": 375, "process_id": PID, **bad})
    assert server.asked == []


def test_a_run_is_a_text_that_can_be_waited_for_and_read_once(
    server: ScriptedServer, session: APIClient, fake_time: FakeTime
) -> None:
    on_run(server, Reply(STARTED))
    on_query(server, working("a"), OVER)
    on_results(server, results())
    run = session.workfile.process.run(375)
    assert (run, run.workflow_id, run.process_id, f"{run}", repr(run)) == (PID, 375, PID, PID, repr(PID))
    assert run.status == "WORKING"
    assert run.wait() == "SUCCESS"
    assert run.status == "FINISHED"
    assert run.results().operators["Row Filter"].row_count == 1
    assert run.wait().results is run.results()
    assert session.workfile.process.wait_until_finished(375, run) == "SUCCESS"
    assert server.count("GET", ".*/results/.*") == 1
    assert server.count("GET", ".*/query") == 2


def test_waiting_with_the_documented_call_fills_the_handle(
    server: ScriptedServer, session: APIClient, fake_time: FakeTime
) -> None:
    on_run(server, Reply(STARTED))
    on_query(server, OVER)
    on_results(server, results())
    run = session.workfile.process.run(375)
    status = session.workfile.process.wait_until_finished(workflow_id=375, process_id=run)
    assert status.results is run.results()
    assert server.count("GET", ".*/results/.*") == 1


def test_a_failed_run_keeps_what_its_wait_has_read(
    server: ScriptedServer, session: APIClient, fake_time: FakeTime
) -> None:
    on_query(server, OVER)
    on_results(server, results("FAILURE"))
    run = session.workfile.process.attach(375, PID)
    for _ in range(2):
        with pytest.raises(RunFlowFailureException):
            run.wait()
    assert run.results().status == "FAILURE"
    assert server.count("GET", ".*/results/.*") == 1


def test_a_run_can_be_attached_to_without_a_request(server: ScriptedServer, session: APIClient) -> None:
    run = session.workfile.process.attach("375", PID)
    assert (run, run.workflow_id) == (PID, 375)
    assert server.asked == []
    on_results(server, results())
    on_stop(server, Reply({"status": "Flow stopped.\n"}))
    assert run.results().status == "SUCCESS"
    assert run.stop() == "STOPPED"
    with pytest.raises(InvalidArgumentException):
        session.workfile.process.attach(375, "")


def test_a_run_is_copied_and_pickled_as_a_plain_text(session: APIClient) -> None:
    run = session.workfile.process.attach(375, PID)
    for same in (pickle.loads(pickle.dumps(run)), copy.copy(run), copy.deepcopy(run), json.loads(json.dumps(run))):
        assert same == PID
        assert type(same) is str
    assert {run: 1}[PID] == 1


def test_a_run_is_shown_with_what_is_known_and_without_a_request(server: ScriptedServer, session: APIClient) -> None:
    run = session.workfile.process.attach(375, PID)
    assert "run of workflow 375" in run._repr_html_()
    assert server.asked == []
    on_query(server, working("<Loader>"))
    assert run.status == "WORKING"
    assert "&lt;Loader&gt;" in run._repr_html_()
    on_results(server, results())
    run.results()
    asked = len(server.asked)
    assert "SUCCESS" in run._repr_html_()
    assert run.status == "FINISHED"
    assert len(server.asked) == asked


@pytest.mark.parametrize("jedi", [True, False])
def test_completion_offers_what_a_run_can_do(session: APIClient, jedi: bool) -> None:
    completer = pytest.importorskip("IPython.core.completer")
    run = session.workfile.process.attach(375, PID)
    complete = completer.IPCompleter(shell=None, namespace={"run": run, "session": session}, use_jedi=jedi)
    with completer.provisionalcompleter():
        offered = {found.text.lstrip(".") for found in complete.completions("run.", 4)}
        resources = {found.text.lstrip(".") for found in complete.completions("session.", 8)}
    assert offered == {"process_id", "results", "status", "stop", "url", "wait", "workflow_id"}
    assert "workfile" in resources
    assert run.upper() == PID.upper(), "it stays a text all the same"


def test_what_completion_offers_is_in_the_reference() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "workfile.md").read_text("utf-8")
    section = page.partition("FlowRun()")[2].partition("```")[0]
    assert sorted(re.findall(r"\.\. auto\w+:: (\w+)", section)) == dir(FlowRun)


def test_a_file_that_is_no_workflow_is_refused_before_sending(
    server: ScriptedServer, session: APIClient, tmp_path: Path
) -> None:
    path = tmp_path / "x.afm"
    path.write_text("no")
    with pytest.raises(WorkflowFileException):
        session.workfile.process.run(375, afm_file=path)
    with pytest.raises(LocalFileException):
        session.workfile.process.run(375, afm_file=tmp_path / "nowhere.afm")
    with pytest.raises(InvalidArgumentException):
        session.workfile.process.run(375, afm_file=3)  # type: ignore[arg-type]
    assert server.asked == []


def test_progress_counts_the_operators_of_a_known_flow(
    server: ScriptedServer,
    session: APIClient,
    fake_time: FakeTime,
    flow: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    answers = [working("Loader"), working("Row Filter"), working("Row Filter", "NODE_FINISHED"), working("Other"), OVER]
    on_query(server, working(), *answers)
    on_results(server, results())
    session.workfile.process.attach(375, PID, afm_file=flow).wait(verbose=True)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("s  ")[1] for line in lines] == [
        "started  (0 of 3 done)",
        "Loader  (0 of 3 done)",
        "Row Filter  (1 of 3 done)",
        "Other  (2 of 3 done)",
        "SUCCESS  (3 of 3 done)",
    ]


def test_an_operator_that_is_named_in_the_message_only_is_shown(
    server: ScriptedServer, session: APIClient, fake_time: FakeTime, capsys: pytest.CaptureFixture[str]
) -> None:
    document = {"meta": {"state": "IN_PROGRESS"}, "message": "In progress, processing node: K-Means, message:{}"}
    on_query(server, Reply(document), OVER)
    on_results(server, results())
    session.workfile.process.wait_until_finished(375, PID, verbose=True)
    assert "K-Means" in capsys.readouterr().out


def test_a_last_look_that_fails_still_stops_the_run(
    server: ScriptedServer, session: APIClient, fake_time: FakeTime
) -> None:
    on_query(server, *[working()] * 15, Reply("x", 502))
    on_stop(server, Reply({"status": "Flow stopped.\n"}))
    with pytest.raises(RunFlowTimeoutException) as caught:
        session.workfile.process.wait_until_finished(375, PID, timeout=5)
    assert caught.value.stopped


def test_a_server_that_stalls_holds_a_wait_no_longer_than_a_last_look(
    server: ScriptedServer, session: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "LAST_LOOK", 0.2)
    session.timeout = (60, 60)
    for method in ("GET", "POST"):
        server.on(method, f"{ENGINE}/.*", Reply(fault="stall", delay=30))
    began = time.monotonic()
    with pytest.raises(RunFlowConnectionException, match="no response within"):
        session.workfile.process.wait_until_finished(375, PID, timeout=0.3)
    assert time.monotonic() - began < 5
    assert server.count("POST") == 1


def test_a_page_of_a_proxy_in_between_does_not_end_a_wait(
    server: ScriptedServer, session: APIClient, fake_time: FakeTime
) -> None:
    page = Reply("<html>We will be back soon</html>")
    elsewhere = Reply("", 302, {"Location": "https://portal.example.com/"})
    on_query(server, working(), page, elsewhere, page, working(), page, OVER)
    on_results(server, page, results())
    assert session.workfile.process.wait_until_finished(375, PID) == "SUCCESS"


def test_a_login_that_answers_with_a_page_in_between_does_not_end_a_wait(
    server: ScriptedServer, session: APIClient, fake_time: FakeTime
) -> None:
    server.on_login()
    session.login("ada", "a-password")
    server.on("POST", "/api/sessions", Reply("<html>starting</html>"), Reply(LOGIN, 201))
    on_query(server, UNAUTHORIZED, UNAUTHORIZED, OVER)
    on_results(server, results())
    assert session.workfile.process.wait_until_finished(375, PID) == "SUCCESS"


def test_an_interrupt_while_a_run_is_started_says_that_it_may_have_started(
    server: ScriptedServer, session: APIClient
) -> None:
    def interrupt(_response: requests.Response, **_options: Any) -> None:
        raise KeyboardInterrupt

    server.on("POST", ".*", Reply({"meta": {"processId": PID}}))
    session.session.hooks["response"].append(interrupt)
    with pytest.raises(KeyboardInterrupt) as caught:
        session.workfile.process.run(375)
    assert "run workflow 375. A run may have started" in caught.value.__notes__[0]
    with pytest.raises(KeyboardInterrupt) as caught:
        session.workspace.create("x")
    assert "get_id" in caught.value.__notes__[0]


def test_an_exception_of_a_wait_names_the_run(server: ScriptedServer, session: APIClient, fake_time: FakeTime) -> None:
    run = session.workfile.process.attach(375, PID)
    assert PID in run._repr_html_()
    on_stop(server, Reply({"status": "Flow stopped.\n"}))
    endings: list[tuple[list[Reply], list[Reply], type[AlpineException]]] = [
        ([working()], [Reply('""')], RunFlowTimeoutException),
        ([working(state="FAILED")], [Reply('""')], RunFlowFailureException),
        ([OVER], [Reply('""')], ResultsNotFoundException),
        ([OVER], [results("FAILURE")], RunFlowFailureException),
    ]
    for queries, found, kind in endings:
        on_query(server, *queries)
        on_results(server, *found)
        with pytest.raises(kind, match=f"{PID} of workflow 375") as caught:
            session.workfile.process.wait_until_finished(375, PID, timeout=20)
        assert caught.value.process_id == PID
    on_results(server, HTML_ERROR)
    with pytest.raises(RunFlowConnectionException, match=r"last error: .*502") as lost:
        session.workfile.process.wait_until_finished(375, PID, timeout=20)
    assert (lost.value.process_id, lost.value.last_status) == (PID, "FINISHED")
