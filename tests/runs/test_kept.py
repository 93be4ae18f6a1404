"""With ``resume=``, a script that is killed and started again runs the rest, and nothing twice."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import alpine
from alpine import APIClient
from alpine.exception import (
    LocalFileException,
    OutcomeUnknownException,
    ResultsNotFoundException,
    RunFlowFailureException,
    RunFlowTimeoutException,
)
from alpine.process import Process
from alpine.sandbox import Sandbox
from tests.inside import state_of
from tests.runs.engine import Engine, specs
from tests.runs.responses import ENGINE
from tests.scripted import Asked, Reply, ScriptedServer, wait_until


def entries(path: Path) -> list[dict[str, Any]]:
    runs = json.loads(path.read_bytes())["runs"]
    assert isinstance(runs, list)
    return runs


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sweep.json"


def test_what_is_over_is_not_run_again(process: Process, server: ScriptedServer, path: Path) -> None:
    first = process.run_many(375, specs(1, "bad", "told"), resume=path)
    second = process.run_many(375, specs(1, "bad", "told", 4), resume=str(path))
    assert [outcome.status for outcome in second] == ["SUCCESS", "FAILURE", "FAILURE", "SUCCESS"]
    assert [str(outcome.process_id) for outcome in second[:3]] == ["run-0", "run-1", "run-2"]
    assert [str(outcome.error) for outcome in second[:3]] == [str(outcome.error) for outcome in first]
    assert second[0].results is not None
    assert second[0].results.operators["Filter"].to_dataframe()["n"].tolist() == [1]
    assert server.count("POST", ".*/run") == 4
    assert list(path.parent.iterdir()) == [path]


def test_runs_are_known_by_their_variables_in_any_order_and_form(
    process: Process, server: ScriptedServer, path: Path
) -> None:
    process.run_many(375, [{"@n": 1, "@m": 2}, {"@n": 3}, {"@n": 3}], resume=path)
    ids = {str(run["process_id"]) for run in entries(path)}
    more = process.run_many(
        375, [{"@n": "3"}, [{"name": "@m", "value": "2"}, {"name": "@n", "value": "1"}], {"@n": 3}], resume=path
    )
    assert {str(outcome.process_id) for outcome in more} == ids
    assert len(process.run_many(375, specs(3, 3, 3), resume=path)) == 3
    assert server.count("POST", ".*/run") == 4, "the third with the same variables is new"


def test_a_sweep_goes_on_too(process: Process, server: ScriptedServer, path: Path) -> None:
    for values in ([1, 2], [1, 2, 3]):
        frame = process.sweep(375, {"@n": values}, lambda results: results.status, resume=path)
        assert frame["value"].tolist() == ["SUCCESS"] * len(values)
    assert server.count("POST", ".*/run") == 3


def test_a_run_is_noted_before_it_is_asked_for_and_its_id_before_the_wait(
    process: Process, engine: Engine, server: ScriptedServer, path: Path
) -> None:
    seen = []

    def run(asked: Asked) -> Reply:
        seen.append([(each["status"], each["process_id"]) for each in entries(path)])
        return engine.run(asked)

    def query(asked: Asked) -> Reply:
        seen.append([(each["status"], each["process_id"]) for each in entries(path)])
        return engine.query(asked)

    server.on("POST", f"{ENGINE}/workflows/375/run", run)
    server.on("GET", f"{ENGINE}/processes/.*/query", query)
    process.run_many(375, specs(1), resume=path)
    assert seen[:2] == [[("STARTING", None)], [("WORKING", "run-0")]]
    assert [(run["status"], run["process_id"]) for run in entries(path)] == [("SUCCESS", "run-0")]


def test_runs_in_progress_are_taken_up_first(
    process: Process, engine: Engine, server: ScriptedServer, path: Path
) -> None:
    """Otherwise more than allowed would run side by side."""
    with pytest.warns(RuntimeWarning, match="may go on: run-1, run-2"):
        iterator = process.iterate_many(375, specs(1, 2, 3), 2, resume=path)
        next(iterator)
        # The third takes the place of the first when the second outcome is asked for: here it is asked for by hand.
        iterator._scheduler._start_what_can()
        del iterator
    outcomes = process.run_many(375, specs(7, 1, 8, 2, 3), 2, resume=path)
    assert [outcome.process_id for outcome in outcomes] == ["run-3", "run-0", "run-4", "run-1", "run-2"]
    assert engine.most == 2
    assert server.count("POST", ".*/run") == 5


def test_a_start_whose_end_nobody_saw_is_not_repeated(process: Process, server: ScriptedServer, path: Path) -> None:
    process.run_many(375, specs(1), resume=path)
    document = json.loads(path.read_bytes())
    document["runs"][0] = {"variables": [{"name": "@n", "value": "1"}], "status": "STARTING", "process_id": None}
    path.write_text(json.dumps(document))
    told: list[str] = []
    for _ in range(2):
        [one, two] = process.run_many(375, specs(1, 2), resume=path, on_finish=lambda end: told.append(end.status))
        assert (one.status, one.process_id, two.status) == ("UNKNOWN", None, "SUCCESS")
        assert isinstance(one.error, OutcomeUnknownException)
        assert "'@n'" in str(one.error)
        assert f"remove its entry from {path}" in str(one.error)
    assert server.count("POST", ".*/run") == 2
    assert told == ["UNKNOWN", "SUCCESS"], "each once"


def test_a_lost_start_stays_unknown_and_a_refused_one_is_tried_again(
    process: Process, server: ScriptedServer, path: Path
) -> None:
    for count in (3, 4):
        outcomes = process.run_many(375, specs("lost", "refused", 1), resume=path)
        assert [outcome.status for outcome in outcomes] == ["UNKNOWN", "NOT STARTED", "SUCCESS"]
        assert isinstance(outcomes[0].error, OutcomeUnknownException)
        assert server.count("POST", ".*/run") == count


def test_a_run_that_took_too_long_stays_so(process: Process, server: ScriptedServer, path: Path) -> None:
    for _ in range(2):
        [outcome] = process.run_many(375, specs("endless"), resume=path, timeout=5)
        assert (outcome.status, outcome.process_id) == ("TIMEOUT", "run-0")
        assert isinstance(outcome.error, RunFlowTimeoutException)
        assert "still running" in str(outcome.error)
    assert server.count("POST", ".*/run") == 1


def test_a_run_that_could_not_be_stopped_is_taken_up_again(
    process: Process, engine: Engine, server: ScriptedServer, path: Path
) -> None:
    server.on("POST", f"{ENGINE}/processes/.*/stop", Reply({"status": "no"}))
    process.run_many(375, specs("endless"), resume=path, timeout=5)
    engine.started["run-0"] = engine.started["run-0"][0], "1"
    [outcome] = process.run_many(375, specs("endless"), resume=path)
    assert (outcome.status, outcome.process_id) == ("SUCCESS", "run-0")


def test_a_run_whose_results_are_gone_is_told(process: Process, server: ScriptedServer, path: Path) -> None:
    process.run_many(375, specs(1), resume=path)
    server.on("GET", f"{ENGINE}/workflows/375/results/.*", Reply('""'))
    [outcome] = process.run_many(375, specs(1), resume=path)
    assert isinstance(outcome.error, ResultsNotFoundException)
    assert server.count("POST", ".*/run") == 1


def test_runs_that_an_interrupt_stopped_are_started_again(
    process: Process, engine: Engine, server: ScriptedServer, path: Path
) -> None:
    with (
        pytest.raises(KeyError),
        process.iterate_many(375, specs(1, "endless"), resume=path, stop_on_interrupt=True) as outcomes,
    ):
        for _ in outcomes:
            raise KeyError
    assert engine.stopped == ["run-1"]
    assert [run["process_id"] for run in entries(path)] == ["run-0"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "it is no file of many runs"),
        ("[]", "it is no file of many runs"),
        ('{"format": 1, "server": "x", "workflow_id": 375, "runs": [{"variables": 5}]}', "it is no file of many runs"),
        ('{"format": 1, "server": "x", "workflow_id": 3, "runs": []}', "it has the runs of workflow 3 on x"),
        ('{"format": 9, "server": "x", "workflow_id": 375, "runs": []}', "another version"),
        ("\xff", "it is no file of many runs"),
        ("[" * 100_000, "it is no file of many runs"),
    ],
)
def test_a_file_of_something_else_is_refused_and_left_alone(
    process: Process, server: ScriptedServer, path: Path, content: str, words: str
) -> None:
    path.write_text(content, "latin-1")
    for _ in range(2):
        with pytest.raises(LocalFileException, match=words):
            process.iterate_many(375, specs(1), resume=path)
    assert path.read_text("latin-1") == content
    assert server.asked == []


def test_a_directory_that_is_not_there_is_told(process: Process, server: ScriptedServer, tmp_path: Path) -> None:
    wrongs = [tmp_path / "none" / "sweep.json", tmp_path]
    if sys.platform == "linux":
        # A directory that is there, and in which no file can be made.
        wrongs.append(Path("/proc/sweep.json"))
    for wrong in wrongs:
        with pytest.raises(LocalFileException):
            process.run_many(375, specs(1), resume=wrong)
    assert server.asked == []


@pytest.mark.skipif(sys.platform == "win32", reason="no file is locked there")
def test_a_file_belongs_to_one_call_at_a_time(process: Process, path: Path) -> None:
    with process.iterate_many(375, specs(1, 2), resume=path) as outcomes:
        next(outcomes)
        with pytest.raises(LocalFileException, match="another call of this one, is working with it"):
            process.iterate_many(375, specs(1), resume=path)
        list(outcomes)
    assert len(process.run_many(375, specs(1, 2), resume=path)) == 2


def test_on_finish_has_each_outcome_and_what_it_raises_is_logged(
    process: Process, engine: Engine, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    seen = []

    def alert(outcome: Any) -> None:
        seen.append((outcome.variables, outcome.status))
        raise ZeroDivisionError("of the alert")

    outcomes = process.run_many(375, specs(1, "bad", "refused"), on_finish=alert, resume=path)
    assert sorted(seen, key=str) == sorted(((outcome.variables, outcome.status) for outcome in outcomes), key=str)
    assert caplog.text.count("on_finish raised ZeroDivisionError: of the alert") == 3
    assert 'raise ZeroDivisionError("of the alert")' in caplog.text, "with its traceback"
    seen.clear()
    process.run_many(375, specs(1, "bad", 5), on_finish=alert, resume=path)
    assert seen == [({"@n": 5}, "SUCCESS")], "what was told is not told again"


@pytest.mark.parametrize(
    ("value", "status", "error"),
    [("1", "SUCCESS", None), ("bad", "FAILURE", RunFlowFailureException), ("endless", "TIMEOUT", TimeoutError)],
)
def test_on_finish_of_a_run_is_called_by_the_wait(
    process: Process, value: str, status: str, error: type[Exception] | None
) -> None:
    seen: list[Any] = []
    run = process.run(375, {"@n": value}, on_finish=seen.append)
    assert not seen
    for _ in range(2):
        try:
            run.wait(timeout=5)
        except (RunFlowFailureException, RunFlowTimeoutException) as failure:
            assert seen[0].error is failure or len(seen) > 1 or status == "FAILURE"
    outcome = seen[0]
    assert (outcome.variables, outcome.process_id, outcome.status) == ({"@n": value}, "run-0", status)
    assert error is None or isinstance(outcome.error, error)
    assert len(seen) == 1 or status == "TIMEOUT"
    attached = process.attach(375, "run-0", on_finish=seen.append)
    if status == "SUCCESS":
        process.wait_until_finished(375, attached)
        assert (seen[-1].variables, seen[-1].status, len(seen)) == (None, "SUCCESS", 2)


KILLED = """
import sys
from alpine import APIClient
session = APIClient({url!r}, token={token!r})
variables = [{{"@min_amount": value}} for value in range({runs})]
outcomes = session.workfile.process.run_many({workflow}, variables, 3, resume={path!r})
print(" ".join(outcome.status for outcome in outcomes))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such signal")
@pytest.mark.parametrize("kills", [3, pytest.param(50, marks=pytest.mark.long)])
def test_a_script_that_is_killed_again_and_again_runs_each_once(path: Path, kills: int) -> None:
    """With a real server and real processes, each killed with -9 at a random moment."""
    moments, runs = random.Random(kills), 4 * kills
    with Sandbox(pace=("timed", 0.2)) as sandbox:
        session: APIClient = sandbox.client()
        workflow = session.workfile.get_id("order_filter", "Sandbox")
        script = KILLED.format(url=sandbox.url, token=session.token, runs=runs, workflow=workflow, path=str(path))
        environment = {**os.environ, "PYTHONPATH": str(Path(alpine.__file__).parents[1])}

        def begin() -> subprocess.Popen[str]:
            return subprocess.Popen([sys.executable, "-c", script], text=True, stdout=subprocess.PIPE, env=environment)

        for _ in range(kills):
            before = path.stat().st_mtime_ns if path.exists() else 0
            child = begin()
            assert wait_until(lambda: path.exists() and path.stat().st_mtime_ns != before, 10)  # noqa: B023
            time.sleep(moments.uniform(0, 0.5))
            child.send_signal(signal.SIGKILL)
            child.communicate()
        said, _ = begin().communicate(timeout=120)
        known = [run["process_id"] for run in entries(path) if run["process_id"]]
        lost = said.split().count("UNKNOWN")
        assert Counter(said.split()) == Counter({"SUCCESS": runs - lost, "UNKNOWN": lost})
        assert len(set(known)) == len(known) == runs - lost
        assert lost <= kills
        assert runs - lost <= len(state_of(sandbox).runs) <= runs
