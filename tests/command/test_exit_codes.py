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
from tests.conformance_differences import DIFFERENCES, Difference, DifferingServer
from tests.documented import EXAMPLES
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


def test_1_a_workflow_file_with_an_error(running_sandbox: Sandbox, tmp_path: Path) -> None:
    flow = (EXAMPLES / "order_filter.afm").read_text("utf-8")
    (tmp_path / "wrong.afm").write_text(flow.replace("order_id,region,amount", "order_id,amont"), "utf-8")
    good = str(EXAMPLES / "order_filter.afm")
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "orders.csv").write_bytes((EXAMPLES / "orders.csv").read_bytes())
    done = alpine(running_sandbox, "flow", "check", good, "wrong.afm", "--data", "tables", cwd=tmp_path)
    assert done.code == 1
    first, second = done.out.splitlines()
    assert first == f"{good}: Nothing was found."
    assert second.startswith("wrong.afm: error: 'Column Filter' columnNames: There is no column 'amont'. Did you mean")
    # What only deserves a look is no failure.
    (tmp_path / "unused.afm").write_text(flow.replace('firstValue="@min_amount"', 'firstValue="1"'), "utf-8")
    unused = alpine(running_sandbox, "flow", "check", "unused.afm", cwd=tmp_path)
    assert (unused.code, unused.out.startswith("unused.afm: warning: ")) == (0, True)


def test_1_a_table_without_the_column_that_a_workflow_reads(running_sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("order_id,region\n1,north\n", "utf-8")
    done = alpine(running_sandbox, "flow", "check", str(EXAMPLES / "order_filter.afm"), "--data", str(tmp_path))
    assert done.code == 1
    assert "amount" in done.out


def test_1_a_server_that_differs(running_sandbox: Sandbox, tmp_path: Path) -> None:
    server = DifferingServer(running_sandbox.url, DIFFERENCES)
    try:
        done = alpine(server, "check", "--conformance", "--report", "report.html", "--json", cwd=tmp_path)
    finally:
        server.close()
    assert done.code == 1
    result = done.document["result"]
    assert result["report"] == "report.html"
    assert result["conformance"]["counts"]["differs"] >= 10
    page = (tmp_path / "report.html").read_text("utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert server.url not in page


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
        (["wait", ""], "process_id must be a non-empty string"),
        (["results", "375:"], "process_id must be a non-empty string"),
        (["run", "375", "--out", "results.json"], "add --wait"),
        (["run", "375", "--wait", "--out", "no-such-folder/results.json"], "there is no directory no-such-folder"),
        (["check", "--write"], "--write and --report are options of --conformance"),
        (["check", "--report", "report.json"], "--write and --report are options of --conformance"),
        (["check", "--conformance", "--report", "report.txt"], "ends in .json or .html"),
        (["check", "--conformance", "--report", "no-such-folder/report.html"], "there is no directory no-such-folder"),
        (["deploy", "flows", "-w", "1"], "required: --data-source"),
        (["flow", "check"], "required: FILE"),
        (["flow", "check", "no-such-file.afm"], "no-such-file.afm"),
        (["flow", "check", "EXAMPLE", "--data", "no-such-folder"], "no-such-folder"),
        (["flow", "check", "EXAMPLE", "/dev/null"], "/dev/null"),
    ],
)
def test_2_wrong_use(engine: ScriptedServer, arguments: list[str], said: str) -> None:
    given = [str(EXAMPLES / "order_filter.afm") if each == "EXAMPLE" else each for each in arguments]
    done = alpine(engine, *given, "--json")
    assert done.code == 2
    assert said in done.err
    assert done.document["exit_code"] == 2
    assert done.document["error"]["message"]
    assert engine.count("POST", ENGINE + ".*") == 0


def test_2_a_deployment_that_would_overwrite(running_sandbox: Sandbox, tmp_path: Path) -> None:
    running_sandbox.reset()
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "order_filter.afm").write_bytes((EXAMPLES / "order_filter.afm").read_bytes())
    arguments = ("deploy", "flows", "-w", "Sandbox", "--data-source", "Sandbox Database")
    planned = alpine(running_sandbox, *arguments, "--dry-run", cwd=tmp_path)
    assert planned.code == 2
    assert re.search("refused +it is on the server, and was not deployed from this folder", planned.out)
    refused = alpine(running_sandbox, *arguments, cwd=tmp_path)
    assert (refused.code, refused.out) == (2, "")
    assert "Nothing was deployed" in refused.err
    assert alpine(running_sandbox, *arguments, "--overwrite", cwd=tmp_path).code == 0
    again = alpine(running_sandbox, *arguments, cwd=tmp_path)
    assert (again.code, "unchanged" in again.out) == (0, True)


def test_a_deployment_that_is_broken_off_tells_what_was_sent(running_sandbox: Sandbox, tmp_path: Path) -> None:
    running_sandbox.reset()
    (tmp_path / "flows").mkdir()
    for name in ("first.afm", "second.afm"):
        (tmp_path / "flows" / name).write_bytes((EXAMPLES / "order_filter.afm").read_bytes())

    def refuse(reply: Reply) -> None:
        uploads.append(reply)
        if len(uploads) == 2:
            reply.status, reply.body = 500, "<html>Oops</html>"

    uploads: list[Reply] = []
    second = Difference(("POST /workspaces/:id/workfiles", ""), r"/api/workspaces/\d+/workfiles", refuse, "", "")
    server = DifferingServer(running_sandbox.url, [second])
    try:
        arguments = ("deploy", "flows", "-w", "Sandbox", "--data-source", "Sandbox Database", "--json")
        done = alpine(server, *arguments, cwd=tmp_path)
    finally:
        server.close()
    assert done.code == 5
    assert "Of the deployment, first.afm was sent before second.afm.\n" in done.err
    assert done.document["error"]["notes"] == ["Of the deployment, first.afm was sent before second.afm."]


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
        ["check", "-w", "Sandbx", "--conformance"],
        ["deploy", str(EXAMPLES), "-w", "Sandbx", "--data-source", "Sandbox Database"],
        ["deploy", str(EXAMPLES), "-w", "Sandbox", "--data-source", "Sandbx"],
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
        checked = _at(host, "check", "--conformance", "--json")
        assert checked.code == 5
        assert checked.document["result"]["conformance"] is None
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
