"""Many runs go side by side on one schedule, none is started twice, and one that fails stops no other."""

from __future__ import annotations

import gc
import pickle
import pprint
import re
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import requests

import alpine
from alpine import APIClient
from alpine._runs.outcome import RunOutcome
from alpine.exception import (
    AlpineSessionNotFoundException,
    InvalidArgumentException,
    ResultsNotFoundException,
    RunFlowFailureException,
    RunFlowTimeoutException,
    WorkfileNotFoundException,
    WorkflowVariableException,
)
from alpine.process import Process
from tests.inside import set_clock
from tests.runs.engine import Engine, specs
from tests.runs.responses import ENGINE
from tests.scripted import Reply, ScriptedServer


def test_outcomes_come_in_order_with_their_variables(process: Process, engine: Engine) -> None:
    given = [None, {"@n": 1}, [{"name": "@n", "value": "2"}]]
    outcomes = process.run_many(375, given)
    assert [outcome.variables for outcome in outcomes] == given
    assert [outcome.process_id for outcome in outcomes] == ["run-0", "run-1", "run-2"]
    assert [outcome.status for outcome in outcomes] == ["SUCCESS"] * 3
    assert [outcome.error for outcome in outcomes] == [None] * 3
    assert outcomes[1].results is not None
    assert outcomes[1].results.operators["Filter"].to_dataframe()["n"].tolist() == [1]


def test_a_place_is_taken_as_soon_as_it_is_free(process: Process, engine: Engine, server: ScriptedServer) -> None:
    begun = engine.time.time
    threads = threading.active_count()
    outcomes = process.run_many(375, specs(*range(16)), max_concurrent=8)
    assert len(outcomes) == 16
    assert engine.most == 8
    assert engine.time.time - begun <= 1.2 * 4
    assert threading.active_count() <= threads + 1, "only the server may have a thread more"
    assert server.count("GET", ".*/results/.*") == 16, "results are read once"


def test_results_that_were_read_are_handed_on(process: Process, server: ScriptedServer) -> None:
    [outcome] = process.run_many(375, specs(1))
    assert outcome.process_id is not None
    assert outcome.process_id.results() is outcome.results
    assert outcome.process_id.wait() == "SUCCESS"
    assert server.count("GET", ".*/results/.*") == 1


@pytest.mark.parametrize(
    ("value", "status", "error"),
    [
        ("bad", "FAILURE", RunFlowFailureException),
        ("refused", "NOT STARTED", RunFlowFailureException),
        ("lost", "UNKNOWN", Exception),
        ("endless", "TIMEOUT", RunFlowTimeoutException),
        ("lost results", "UNKNOWN", ResultsNotFoundException),
        ("expired", "UNKNOWN", AlpineSessionNotFoundException),
        ("malformed", "UNKNOWN", Exception),
    ],
)
def test_one_that_fails_stops_no_other(
    process: Process, engine: Engine, server: ScriptedServer, value: str, status: str, error: type[Exception]
) -> None:
    outcomes = process.run_many(375, specs(1, value, 3), max_concurrent=1, timeout=60)
    assert [outcome.status for outcome in outcomes] == ["SUCCESS", status, "SUCCESS"]
    assert isinstance(outcomes[1].error, error)
    assert server.count("POST", ".*/run") == 3, "none is started twice"


@pytest.mark.parametrize(
    ("status", "word"), [(502, "UNKNOWN"), (504, "UNKNOWN"), (500, "NOT STARTED"), (503, "NOT STARTED")]
)
def test_a_run_whose_start_was_lost_behind_a_gateway_is_unknown(
    process: Process, engine: Engine, server: ScriptedServer, status: int, word: str
) -> None:
    server.on("POST", f"{ENGINE}/workflows/375/run", engine.run, Reply("", status), engine.run)
    outcomes = process.run_many(375, specs(1, 2, 3), max_concurrent=1)
    assert [outcome.status for outcome in outcomes] == ["SUCCESS", word, "SUCCESS"]
    assert ("look in the results" in str(outcomes[1].error)) is (word == "UNKNOWN")
    assert server.count("POST", ".*/run") == 3


def test_a_failed_run_keeps_its_results(process: Process) -> None:
    [outcome] = process.run_many(375, specs("bad"))
    assert outcome.results is not None
    assert outcome.results.status == "FAILURE"


def test_a_run_that_takes_too_long_is_stopped(process: Process, engine: Engine) -> None:
    process.run_many(375, specs("endless", 1), timeout=10)
    assert engine.stopped == ["run-0"]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"list_of_variables": [{"@n": 1}, "@n=2"]}, WorkflowVariableException),
        ({"max_concurrent": 0}, InvalidArgumentException),
        ({"max_concurrent": 1.5}, InvalidArgumentException),
        ({"query_time": "soon"}, InvalidArgumentException),
        ({"workflow_id": None}, InvalidArgumentException),
        ({"workflow_id": "x"}, WorkfileNotFoundException),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_sent(
    process: Process, server: ScriptedServer, arguments: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        process.run_many(**{"workflow_id": 375, "list_of_variables": specs(1), **arguments})
    with pytest.raises(error):
        process.iterate_many(**{"workflow_id": 375, "list_of_variables": specs(1), **arguments})
    assert server.asked == []


def test_nothing_to_run_is_no_outcome(process: Process, server: ScriptedServer) -> None:
    assert process.run_many(375, []) == []
    assert server.asked == []


def test_iterating_starts_no_more_than_needed(process: Process, engine: Engine) -> None:
    outcomes = process.iterate_many(375, specs(1, 2, 3), max_concurrent=1)
    assert engine.started == {}
    assert next(outcomes).status == "SUCCESS"
    assert len(engine.started) == 1
    assert [outcome.status for outcome in outcomes] == ["SUCCESS"] * 2


@pytest.mark.parametrize("stop", [True, False])
def test_an_interrupt_stops_what_runs_only_when_asked(
    process: Process, engine: Engine, session: APIClient, stop: bool
) -> None:
    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    set_clock(session, engine.time, interrupt)
    with pytest.raises(KeyboardInterrupt) as caught:
        process.run_many(375, specs(1, 2, 3), max_concurrent=2, stop_on_interrupt=stop)
    [note] = caught.value.__notes__
    assert "run-0, run-1" in note
    assert engine.stopped == (["run-0", "run-1"] if stop else [])
    assert ("attach(375" in note) is not stop
    assert len(engine.started) == 2


def test_an_interrupt_survives_a_stop_that_fails(
    process: Process, engine: Engine, server: ScriptedServer, session: APIClient
) -> None:
    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    server.on("POST", f"{ENGINE}/processes/.*/stop", Reply("boom", 500))
    set_clock(session, engine.time, interrupt)
    with pytest.raises(KeyboardInterrupt) as caught:
        process.run_many(375, specs(1), stop_on_interrupt=True)
    assert "these were stopped: none." in caught.value.__notes__[0]


def test_an_interrupt_during_a_start_says_that_one_more_may_go_on(process: Process, server: ScriptedServer) -> None:
    def interrupt(response: requests.Response, **_: object) -> None:
        response.close()
        raise KeyboardInterrupt

    process.session.hooks["response"].append(interrupt)
    with pytest.raises(KeyboardInterrupt) as caught:
        process.run_many(375, specs(1))
    started, others = caught.value.__notes__
    assert "A run may have started" in started
    assert "Another run was being started" in others


@pytest.mark.parametrize("stop", [True, False])
def test_closing_is_like_an_interrupt(
    process: Process, engine: Engine, caplog: pytest.LogCaptureFixture, stop: bool
) -> None:
    outcomes = process.iterate_many(375, specs(1, "endless", 3), max_concurrent=2, stop_on_interrupt=stop)
    assert next(outcomes).status == "SUCCESS"
    outcomes.close()
    assert engine.stopped == (["run-1"] if stop else [])
    assert ("run of workflow 375 may go on: run-1" in caplog.text) is not stop
    assert list(outcomes) == []
    assert len(engine.started) == 2, "no more runs are started"


class Alarm(Exception):
    """What a signal handler of somebody raises."""


def ring(*_: object) -> None:
    raise Alarm


@contextmanager
def handler_that_raises() -> Iterator[None]:
    before = signal.signal(signal.SIGTERM, ring)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def by_signal(_value: object) -> None:
    with handler_that_raises():
        signal.raise_signal(signal.SIGTERM)


def raising(error: type[BaseException]) -> Callable[[object], None]:
    def act(_value: object) -> None:
        raise error

    return act


ENDINGS = [
    (raising(KeyboardInterrupt), KeyboardInterrupt),
    (raising(SystemExit), SystemExit),
    (raising(RuntimeError), RuntimeError),
    (lambda _value: signal.raise_signal(signal.SIGINT), KeyboardInterrupt),
    (by_signal, Alarm),
]
WAYS = ["Ctrl-C", "exit", "error", "SIGINT", "SIGTERM with a handler"]


@pytest.mark.parametrize("stop", [True, False])
@pytest.mark.parametrize(("end", "error"), ENDINGS, ids=WAYS)
def test_whatever_ends_the_runs_leaves_none_untold(
    process: Process,
    engine: Engine,
    session: APIClient,
    end: Callable[[object], None],
    error: type[BaseException],
    stop: bool,
) -> None:
    def sleep(seconds: float) -> None:
        engine.time.sleep(seconds)
        if engine.time.time > 1003:
            end(seconds)

    set_clock(session, engine.time, sleep)
    with pytest.raises(error) as caught:
        process.run_many(375, specs(1, "endless", "endless"), max_concurrent=2, stop_on_interrupt=stop)
    check_what_is_told(caught.value, engine, stop)


@pytest.mark.parametrize("stop", [True, False])
@pytest.mark.parametrize(("end", "error"), ENDINGS, ids=WAYS)
def test_whatever_ends_a_sweep_in_its_pick_leaves_none_untold(
    process: Process, engine: Engine, end: Callable[[object], None], error: type[BaseException], stop: bool
) -> None:
    values = {"@n": [1, "endless", "endless"]}
    with pytest.raises(error) as caught:
        process.sweep(375, values, end, max_concurrent=3, stop_on_interrupt=stop)
    check_what_is_told(caught.value, engine, stop)


def test_what_a_signal_handler_raises_in_a_pick_is_not_taken_for_the_picks(process: Process, engine: Engine) -> None:
    def stop(*_: object) -> None:
        raise ValueError

    before = signal.signal(signal.SIGTERM, stop)
    try:
        with pytest.raises(ValueError) as caught:
            values = {"@n": [1, "endless", "endless"]}
            process.sweep(375, values, lambda _: signal.raise_signal(signal.SIGTERM), max_concurrent=3)
    finally:
        signal.signal(signal.SIGTERM, before)
    check_what_is_told(caught.value, engine, stop=False)


@pytest.mark.parametrize("stop", [True, False])
@pytest.mark.parametrize(("end", "error"), ENDINGS, ids=WAYS)
def test_within_a_with_statement_the_body_may_end_as_it_likes(
    process: Process, engine: Engine, end: Callable[[object], None], error: type[BaseException], stop: bool
) -> None:
    given = specs(1, "endless", "endless")
    with (
        pytest.raises(error) as caught,
        process.iterate_many(375, given, max_concurrent=3, stop_on_interrupt=stop) as outcomes,
    ):
        for outcome in outcomes:
            end(outcome)
    check_what_is_told(caught.value, engine, stop)


def check_what_is_told(error: BaseException, engine: Engine, stop: bool) -> None:
    [note] = error.__notes__
    assert "workflow 375" in note
    assert "run-1, run-2" in note
    assert "outcomes" in note
    assert engine.stopped == (["run-1", "run-2"] if stop else [])
    assert [(outcome.process_id, outcome.status) for outcome in error.outcomes] == [("run-0", "SUCCESS")]  # type: ignore[attr-defined]
    assert error.outcomes[0].results is not None  # type: ignore[attr-defined]


@pytest.mark.parametrize("stop", [True, False])
def test_a_loop_that_is_left_early_warns_of_what_goes_on(
    process: Process, engine: Engine, recwarn: pytest.WarningsRecorder, stop: bool
) -> None:
    for _ in process.iterate_many(375, specs(1, "endless"), stop_on_interrupt=stop):
        break
    gc.collect()
    assert engine.stopped == (["run-1"] if stop else [])
    told = [str(warning.message) for warning in recwarn if warning.category is RuntimeWarning]
    assert len(told) == (0 if stop else 1)
    assert all("run of workflow 375 may go on: run-1" in each for each in told)


def test_outcomes_out_of_turn_can_be_reached(process: Process, engine: Engine) -> None:
    with (
        pytest.raises(RuntimeError) as caught,
        process.iterate_many(375, specs(0, 1, "endless", "refused"), max_concurrent=4) as outcomes,
    ):
        next(outcomes)
        next(outcomes)
        raise RuntimeError
    known = caught.value.outcomes  # type: ignore[attr-defined]
    assert [outcome.variables for outcome in known] == [{"@n": 1}, {"@n": "refused"}]


def test_a_second_interrupt_while_runs_are_stopped_tells_the_rest(
    process: Process, engine: Engine, server: ScriptedServer
) -> None:
    def interrupt(response: requests.Response, **_: object) -> None:
        if response.url.endswith("run-1/stop"):
            response.close()
            raise KeyboardInterrupt

    process.session.hooks["response"].append(interrupt)
    with pytest.raises(KeyboardInterrupt) as caught:
        process.sweep(375, {"@n": [1, *["endless"] * 3]}, raising(SystemExit), max_concurrent=4, stop_on_interrupt=True)
    first = caught.value.__context__
    assert isinstance(first, SystemExit)
    for error in (caught.value, first):
        [note] = error.__notes__
        assert "These runs of workflow 375 may go on: run-1, run-2, run-3" in note
        assert len(error.outcomes) == 1  # type: ignore[attr-defined, union-attr]
    assert server.count("POST", ".*/stop") == 1


def test_runs_that_could_not_be_stopped_are_named(process: Process, engine: Engine, server: ScriptedServer) -> None:
    server.on("POST", f"{ENGINE}/processes/run-1/stop", Reply("boom", 500))
    with pytest.raises(SystemExit) as caught:
        process.sweep(
            375, {"@n": [1, "endless", "endless"]}, raising(SystemExit), max_concurrent=3, stop_on_interrupt=True
        )
    assert "these were stopped: run-2. This run of workflow 375 may go on: run-1." in caught.value.__notes__[0]


def tracing(trace: Callable[[FrameType, str, object], Any], work: Callable[[], None]) -> None:
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)


def lines_of_alpine(met: Callable[[tuple[str, int]], None]) -> Callable[[FrameType, str, object], Any]:
    """A trace function that tells of each line that is about to run in what starts, follows and ends runs."""
    folder = Path(alpine.__file__).parent
    files = {str(folder / f"_runs/{name}.py") for name in ("engine", "handle", "many", "polling", "unfinished")}
    files.add(str(folder / "process.py"))

    def trace(frame: FrameType, event: str, _argument: object) -> Any:
        if frame.f_code.co_filename not in files:
            return None
        if event == "line":
            met((frame.f_code.co_filename, frame.f_lineno))
        return trace

    return trace


@pytest.mark.parametrize("when", ["first", "last"])
@pytest.mark.parametrize("stop", [True, False])
def test_an_exception_at_any_line_leaves_no_run_untold(process: Process, engine: Engine, stop: bool, when: str) -> None:
    """As a signal handler may raise one: each line that runs is tried, when it is reached first, and last."""
    engine.lasts = 0.2

    def work() -> None:
        process.run_many(375, specs(1, 2, 3), max_concurrent=2, stop_on_interrupt=stop)

    def traced(met: Callable[[tuple[str, int]], None]) -> BaseException | None:
        # In a thread of its own: 3.11 forgets to take back an exception that is handled where a trace function raises.
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(tracing, lines_of_alpine(met), work).exception()

    reached: Counter[tuple[str, int]] = Counter()
    work()
    assert traced(lambda line: reached.update([line])) is None
    assert len(reached) > 100
    for line, times in reached.items():
        engine.started.clear()
        engine.stopped.clear()
        left = iter(range(times if when == "last" else 1, 0, -1))

        def interrupt(met: tuple[str, int], line: tuple[str, int] = line, left: Iterator[int] = left) -> None:
            if met == line and next(left) == 1:
                raise Alarm(line)

        error = traced(interrupt)
        assert isinstance(error, Alarm)
        notes = " ".join(getattr(error, "__notes__", ()))
        ended = [outcome.process_id for outcome in getattr(error, "outcomes", ())]
        untold = [run for run in engine.started if run not in [*(engine.stopped if stop else ()), *ended]]
        if not stop:
            untold = [run for run in untold if run not in notes]
        if "being started" in notes or "may have started" in notes:
            untold = untold[:-1]
        assert untold == [], (error, notes)


def test_progress_tells_how_many_are_done(process: Process, capsys: pytest.CaptureFixture[str]) -> None:
    process.run_many(375, specs(1, "refused"), verbose=True)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("1 running, 1 failed  (1 of 2 done)")
    assert lines[-1].endswith("all runs are over, 1 failed  (2 of 2 done)")


def test_outcomes_can_be_pickled(process: Process) -> None:
    good, bad = process.run_many(375, specs(1, "bad"))
    for outcome in (good, bad):
        same = pickle.loads(pickle.dumps(outcome))
        assert (same.status, same.results, same.process_id) == (outcome.status, outcome.results, outcome.process_id)
        assert type(same.process_id) is str
        assert type(same.results) is dict
        assert str(same.error) == str(outcome.error)


def test_outcomes_show_themselves_with_the_reason_first(process: Process) -> None:
    outcomes = process.run_many(375, [*specs(1, "told", "bad"), {"@n": "endless", "@<m>": 2}], timeout=60)
    html = outcomes._repr_html_().partition("</style>")[2]
    rows = re.findall("<tr>(.*?)</tr>", html)
    assert [re.findall("<th>(.*?)</th>", rows[0])] == [["@n", "@&lt;m&gt;", "status", "run", "error"]]
    good, bad = '<span class="badge good">SUCCESS</span>', '<span class="badge bad">FAILURE</span>'
    assert [re.findall("<td>(.*?)</td>", row) for row in rows[1:4]] == [
        ["1", "", good, "run-0", ""],
        ["told", "", bad, "run-1", "Filter: no column &lt;told&gt;"],
        ["bad", "", bad, "run-2", "ended with status FAILURE."],
    ]
    assert "<td>was still running at operator" in rows[4]


@pytest.mark.parametrize("kept", [lambda outcome: outcome, lambda outcome: pickle.loads(pickle.dumps(outcome))])
def test_a_single_outcome_shows_itself(process: Process, kept: Callable[[RunOutcome], RunOutcome]) -> None:
    good, told, refused = map(kept, process.run_many(375, [None, {"@n": "told"}, [{"name": "@n", "value": "refused"}]]))
    assert '<span class="badge good">SUCCESS</span> <span class="fact">run-0</span>' in good._repr_html_()
    html = told._repr_html_()
    assert '<span class="badge bad">FAILURE</span>' in html
    assert '<div class="note wrong">Filter: no column &lt;told&gt;</div>' in html
    assert "<th>@n</th><td>told</td>" in html
    assert "<th>@n</th><td>refused</td>" in refused._repr_html_()
    assert "NOT STARTED" in refused._repr_html_()


def test_outcomes_print_as_a_list_without_their_results(process: Process) -> None:
    outcomes = process.run_many(375, specs(1, "told"))
    assert repr(outcomes) == str(outcomes) == repr(list(outcomes))
    assert pprint.pformat(outcomes) == pprint.pformat(list(outcomes))
    assert repr(outcomes[0]) == "RunOutcome(variables={'@n': 1}, process_id='run-0', status='SUCCESS', error=None)"
    assert pytest.importorskip("IPython.lib.pretty").pretty(outcomes) == "<2 runs, 1 with success>"
