"""Each exit code is that of a real process, against a server."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from alpine._command.exits import MEANING
from alpine.sandbox import Sandbox
from tests.command.processes import ROOT, Done, alpine
from tests.documents import document
from tests.scripted import Reply, ScriptedServer

ENGINE = "/alpinedatalabs/api/v1/json"


@pytest.fixture
def engine(server: ScriptedServer) -> Iterator[ScriptedServer]:
    """A server with a workflow 375 whose run p1 is over, without results."""
    server.on_login()
    server.on("POST", f"{ENGINE}/workflows/375/run", Reply({"meta": {"processId": "p1"}}))
    server.on("GET", f"{ENGINE}/processes/p1/query", Reply("Workflow not started or already stopped.\n"))
    server.on("POST", f"{ENGINE}/processes/p1/stop", Reply("request accepted."))
    yield server


def test_0_success(running_sandbox: Sandbox, tmp_path: Path) -> None:
    done = alpine(
        running_sandbox, "run", "order_filter", "-w", "Sandbox", "--var", "min_amount=200", "--var", "@x=y", "--wait",
        "--timeout", "1m", "--out", "results.json", cwd=tmp_path,
    )  # fmt: skip
    assert done.code == 0, done.err
    assert re.fullmatch(
        r"Run \d+:[\w-]+: SUCCESS\nOPERATOR +ROWS\norders +300\nRow Filter +59\n.*\n.*\nResults: results\.json\n",
        done.out,
    )
    assert "Started run " in done.err
    assert (tmp_path / "results.json").is_file()


def test_1_the_run_failed(engine: ScriptedServer) -> None:
    engine.on("GET", f"{ENGINE}/workflows/375/results/p1", Reply(document("FAILURE")))
    done = alpine(engine, "run", "375", "--wait", "--json")
    assert (done.code, done.document["exit_code"]) == (1, 1)
    assert done.document["error"]["id"] == "375:p1"
    assert done.document["error"]["how_to_go_on"] is None
    assert "Run p1 of workflow 375 ended with status FAILURE" in done.err
    assert "may go on" not in done.err


def test_1_the_engine_refuses_to_start_it(engine: ScriptedServer) -> None:
    engine.on("POST", f"{ENGINE}/workflows/375/run", Reply("no memory", 400))
    assert alpine(engine, "run", "375").code == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run"], "required: workflow"),
        (["fly"], "invalid choice: 'fly'"),
        ([], "required: COMMAND"),
        (["run", "order_filter"], "Say in which workspace 'order_filter' is: --workspace NAME."),
        (["wait", "x", "--workflow", "order_filter"], "Say in which workspace 'order_filter' is"),
        (["run", "375", "--timeout", "soon"], "a time such as 90s, 30m or 1h30m, not 'soon'"),
        (["run", "375", "--var", "x"], "NAME=VALUE, not 'x'"),
        (["upload", "no-such-file.txt", "-w", "1"], "there is no file no-such-file.txt"),
        (["upload", "flow.afm", "-w", "1"], "--data-source NAME"),
        (["upload", "notes.txt", "-w", "1", "--data-source", "x"], "Only a workflow"),
        (["flow", "show", "no-such-file.afm"], "no-such-file.afm"),
        (["run", "375", "--wait", "--ou", "x"], "unrecognized arguments: --ou x"),
        (["sandbox", "--port", "x"], "invalid int value"),
    ],
)
def test_2_wrong_use(engine: ScriptedServer, arguments: list[str], said: str) -> None:
    done = alpine(engine, *arguments, "--json")
    assert done.code == 2
    assert said in done.err
    assert done.document["exit_code"] == 2
    assert done.document["error"]["message"]
    assert engine.count("POST", ENGINE + ".*") == 0


def test_3_a_login_that_is_rejected(running_sandbox: Sandbox) -> None:
    done = alpine(running_sandbox, "ls", "--json", ALPINE_PASSWORD="wrong password")
    assert (done.code, done.document["error"]["type"]) == (3, "LoginFailureException")
    assert "wrong password" not in done.out + done.err


def test_3_no_login_and_half_a_login(running_sandbox: Sandbox) -> None:
    assert alpine(running_sandbox, "ls", ALPINE_PASSWORD="").code == 3
    done = alpine(running_sandbox, "ls", ALPINE_PASSWORD="", ALPINE_USERNAME="")
    assert done.code == 3
    assert f"Not logged in at {running_sandbox.url}" in done.err
    assert f"alpine login --host {running_sandbox.url}" in done.err


def test_3_what_is_not_allowed(engine: ScriptedServer) -> None:
    engine.on("GET", "/api/workspaces", Reply('{"errors":{}}', 403))
    assert alpine(engine, "ls").code == 3


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "order_filtr", "-w", "Sandbox"],
        ["run", "order_filter", "-w", "Sandbx"],
        ["run", "99999"],
        ["ls", "Sandbx"],
        ["wait", "no-such-run"],
        ["results", "1:no-such-run"],
        ["stop", "no-such-run"],
        ["download", "nothing.txt", "-w", "Sandbox"],
        ["check", "-w", "Sandbx"],
    ],
)
def test_4_not_found(running_sandbox: Sandbox, arguments: list[str]) -> None:
    done = alpine(running_sandbox, *arguments)
    assert done.code == 4, done.err


def test_5_a_server_that_is_not_reached() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        host = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        done = _at(host, "ls", "--json")
        assert (done.code, done.document["error"]["type"]) == (5, "ServerConnectionException")
        assert host in done.err
        checked = _at(host, "check", "--json")
        assert checked.code == 5
        assert [row["status"] for row in checked.document["result"]["checks"]][:2] == ["failed", "not tried"]


class _Nobody:
    def __init__(self, url: str) -> None:
        self.url = url


def _at(url: str, *arguments: str) -> Done:
    return alpine(_Nobody(url), *arguments)


def test_5_a_server_that_fails(engine: ScriptedServer) -> None:
    engine.on("GET", "/api/workspaces", Reply("<html>Oops</html>", 500))
    assert alpine(engine, "ls").code == 5


def test_6_the_run_was_not_over_in_time(engine: ScriptedServer) -> None:
    engine.on("GET", f"{ENGINE}/processes/p1/query", Reply({"meta": {"state": "STARTED"}}))
    done = alpine(engine, "run", "375", "--wait", "--timeout", "0.2", "--json")
    assert (done.code, done.document["error"]["type"]) == (6, "RunFlowTimeoutException")
    assert engine.count("POST", ".*/p1/stop") == 1
    # It was stopped.
    assert done.document["error"]["how_to_go_on"] is None


def test_a_wait_that_breaks_off_tells_how_to_take_the_run_up_again(engine: ScriptedServer) -> None:
    engine.on("GET", f"{ENGINE}/processes/p1/query", Reply("", 401))
    engine.on("POST", "/api/sessions", Reply({"response": {"session_id": "t", "user": {}}}, 201), Reply("", 401))
    done = alpine(engine, "wait", "375:p1", "--json")
    assert done.code == 3
    assert "Run 375:p1 may go on: alpine wait 375:p1\n" in done.err
    assert done.document["error"]["how_to_go_on"] == "alpine wait 375:p1"


def test_a_defect_is_not_taken_for_a_run_that_failed(engine: ScriptedServer, tmp_path: Path) -> None:
    # A module of the library that is broken.
    (tmp_path / "requests.py").write_text("raise RuntimeError('broken')")
    done = alpine(engine, "ls", "--json", PYTHONPATH=f"{tmp_path}:{ROOT}")
    assert (done.code, done.document["exit_code"]) == (70, 70)
    assert "RuntimeError: broken" in done.err


def test_every_code_is_tried_and_told() -> None:
    tried = {int(code) for code in re.findall(r"def test_(\d+)_", Path(__file__).read_text("utf-8"))}
    # Of an interrupt, see test_interrupts.py.
    assert tried | {130} == set(MEANING)
    page = (ROOT / "docs" / "guides" / "command.md").read_text("utf-8")
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)] == list(MEANING)
