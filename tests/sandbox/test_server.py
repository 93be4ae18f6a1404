from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import requests

from alpine.sandbox import Sandbox
from tests.sandbox.wire import FLOW, PEOPLE, Wire
from tests.scripted import wait_until


def open_files() -> int:
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.is_dir() else 0


def test_a_hundred_calls_travel_on_one_connection(sandbox: Sandbox, wire: Wire) -> None:
    ports = set()
    for _ in range(100):
        with wire("GET", "/users", stream=True) as answer:
            connection = answer.raw.connection
            assert connection is not None
            ports.add(connection.sock.getsockname())
            assert answer.json()["response"]
    assert len(ports) == 1


def test_fifty_callers_are_served_at_once_and_keep_their_connections(sandbox: Sandbox, wire: Wire) -> None:
    gate = threading.Barrier(50)

    def call(number: int) -> list[int]:
        with requests.Session() as http:
            gate.wait(20)
            url = f"{sandbox.base_url}/users"
            return [http.get(url, params={"session_id": wire.token}).status_code for _ in range(5)]

    with ThreadPoolExecutor(50) as pool:
        assert {status for statuses in pool.map(call, range(50)) for status in statuses} == {200}


def test_closing_leaves_no_thread_port_or_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = set(threading.enumerate())
    descriptors = open_files()
    server = Sandbox().start()
    port = server.port
    caller = Wire(server)
    caller.upload_flow()
    caller.upload("notes.txt", b"x" * 1_000_000)
    caller.http.close()
    server.close()
    assert set(threading.enumerate()) - before == set()
    assert list(tmp_path.iterdir()) == []
    with socket.socket() as free:
        free.bind(("127.0.0.1", port))
    assert open_files() <= descriptors
    server.close()


def test_a_server_can_be_started_again(tmp_path: Path) -> None:
    server = Sandbox()
    for _ in range(2):
        with server:
            Wire(server).http.close()
    assert repr(server) == "<Sandbox not running>"


def test_a_server_that_is_not_running_says_so() -> None:
    with pytest.raises(RuntimeError, match="not running"):
        Sandbox().reset()


def test_a_program_that_forgets_to_close_still_ends_and_leaves_no_file(tmp_path: Path) -> None:
    code = "from alpine.sandbox import Sandbox; s = Sandbox().start(); print(s.url)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
        env={**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(tmp_path))},
    )
    assert done.stdout.startswith("http://127.0.0.1:")
    assert list(tmp_path.iterdir()) == []


def test_importing_the_sandbox_loads_nothing_heavy() -> None:
    code = (
        "import sys, alpine.sandbox, alpine.sandbox.pytest_plugin;"
        "print([m for m in ('duckdb', 'pandas', 'statsmodels', 'werkzeug', 'cheroot') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("missing", ["cheroot", "werkzeug", "duckdb", "statsmodels", "lark"])
def test_a_missing_dependency_is_named_with_the_extra(missing: str) -> None:
    code = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "from alpine.sandbox import Sandbox\n"
        "try: Sandbox().start()\n"
        "except ModuleNotFoundError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert missing in done.stdout
    assert "pip install '.[sandbox]'" in done.stdout
    assert "pip install '<path to the wheel>[sandbox]'" in done.stdout


EVERYTHING = """
import json, os, socket, sys, threading
from pathlib import Path
import pandas
from alpine.sandbox import Sandbox

folder = Path(sys.argv[1])
(folder / "data").mkdir()
pandas.DataFrame({"order_id": [1], "region": ["n"], "amount": [500.0]}).to_parquet(folder / "data" / "mine.parquet")
with Sandbox(data=folder / "data") as server, server.client() as session:
    port = server.port
    workflow_id = session.workfile.get_id("order_filter", "Sandbox")
    runs = [session.workfile.process.run(workflow_id) for _ in range(4)]
    assert {run.wait() for run in runs} == {"SUCCESS"}
    server.pace = "step"
    session.workfile.process.run(workflow_id)
    session.workfile.upload_file("Sandbox", folder / "data" / "mine.parquet")
try:
    socket.create_connection(("127.0.0.1", port)).close()
except ConnectionRefusedError:
    pass
else:
    raise AssertionError("somebody still listens")
files = sorted(path.name for path in folder.rglob("*"))
print(json.dumps([[thread.name for thread in threading.enumerate()], files]))
"""


def test_a_program_that_used_everything_ends_with_nothing_left(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", EVERYTHING, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(tmp_path))},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == [["MainThread"], ["data", "mine.parquet"]]
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["data", "mine.parquet"]


@pytest.mark.parametrize("port", [-1, 65_536])
def test_a_port_that_can_not_be_one_is_refused(port: int) -> None:
    with pytest.raises(ValueError, match=str(port)):
        Sandbox(port=port)


@pytest.mark.parametrize("pace", ["slow", ("timed", -1.0), ("timed", float("nan")), 3])
def test_a_pace_that_can_not_be_one_is_refused(pace: Any) -> None:
    with pytest.raises(ValueError, match="pace"):
        Sandbox(pace=pace)


def test_a_table_that_can_not_be_read_is_told_at_the_start_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "bad.csv").write_text("a,b\n1\n")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = threading.active_count()
    with pytest.raises(ValueError, match=r"bad\.csv"):
        Sandbox(data=tmp_path / "data").start()
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    assert threading.active_count() == before


def test_a_reset_of_tables_leaves_those_of_the_data_folder(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(PEOPLE)
    with Sandbox(data=tmp_path) as server:
        (tmp_path / "more.csv").write_text("a\n1\n")
        server.load_table("mine", tmp_path / "more.csv")
        server.load_table("people", tmp_path / "more.csv")
        server.reset()
        assert server.tables == ["demo.orders", "mine", "people"]
        (tmp_path / "more.csv").unlink()
        server.reset(tables=True)
        assert server.tables == ["demo.orders", "people"]
        assert server.workflows == ["order_filter", "order_report"]


def test_a_port_that_is_taken_raises_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with Sandbox() as first, pytest.raises(OSError, match="in use"):
        Sandbox(port=first.port).start()
    assert list(tmp_path.iterdir()) == []


def test_listening_to_others_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "alpine.sandbox"), Sandbox(host="0.0.0.0"):
        assert "others can reach it" in caplog.text


def test_a_reset_brings_the_fresh_state_back(sandbox: Sandbox, wire: Wire) -> None:
    wire.ok("POST", "/workspaces", json={"name": "mine"})
    sandbox.settings.demo_mode = True
    sandbox.reset()
    assert wire("GET", "/users").status_code == 401
    again = Wire(sandbox)
    assert [row["name"] for row in again.ok("GET", "/workspaces")] == ["Sandbox"]
    assert again.ok("POST", "/workspaces", json={"name": "mine"})["id"] == 2
    assert not sandbox.settings.demo_mode
    again.http.close()


def test_the_log_of_requests_holds_no_secret(sandbox: Sandbox, wire: Wire) -> None:
    sandbox.requests.clear()
    wire("GET", "/users")
    wire("GET", "/users/99")
    assert list(sandbox.requests) == [("GET", "/api/users", 200), ("GET", "/api/users/99", 404)]


def test_a_folder_of_flows_and_single_files_become_workflows(tmp_path: Path) -> None:
    (tmp_path / "mine.afm").write_bytes(FLOW)
    with Sandbox(flows=tmp_path) as server:
        number = server.add_workflow(tmp_path / "mine.afm")
        caller = Wire(server)
        names = [row["file_name"] for row in caller.ok("GET", "/workspaces/1/workfiles")]
        assert {"mine", "mine_1"} <= set(names)
        assert caller.ok("GET", f"/workfiles/{number}")["file_name"] == "mine_1"
        caller.http.close()
        with pytest.raises(LookupError, match="elsewhere"):
            server.add_workflow(tmp_path / "mine.afm", workspace="elsewhere")


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotADirectoryError):
        Sandbox(data=tmp_path / "nothing")


def test_the_client_is_logged_in(sandbox: Sandbox) -> None:
    with sandbox.client() as session:
        assert session.user_id == 1
        assert session.workspace.get_id("Sandbox") == 1


def test_closing_ends_what_is_still_running(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    with Sandbox(pace="step") as server:
        caller = Wire(server)
        flow = caller.ok("GET", "/workspaces/1/workfiles")[0]["id"]
        caller.run(flow)
        job = caller.ok("POST", "/workspaces/1/jobs", json={"name": "job", "interval_unit": "on_demand"})["id"]
        task = {"action": "run_work_flow", "workfile_id": flow}
        caller.ok("POST", f"/workspaces/1/jobs/{job}/job_tasks", json=task)
        caller.ok("POST", f"/jobs/{job}/run")
        caller.http.close()
    assert set(threading.enumerate()) - before == set()


def test_work_that_nothing_breaks_off_does_not_keep_the_server_alive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("alpine.sandbox.engine.core._STOP_WAIT", 0.2)
    server = Sandbox().start()
    server.load_table("demo.people", pd.DataFrame({"name": ["a" * 40_000], "other": ["b" * 40_000], "age": [1]}))
    caller = Wire(server)
    begun, end = threading.Event(), threading.Event()

    def slow(_: pd.DataFrame) -> pd.DataFrame:
        begun.set()
        end.wait(20)
        return pd.DataFrame({"age": [1]})

    server.register("field.FilterOperator", slow)
    run = caller.run(caller.upload_flow("slow.afm", FLOW)["id"])
    assert begun.wait(20)
    assert wait_until(lambda: "Row Filter" in caller.engine("GET", f"/processes/{run}/query").text)
    caller.http.close()
    port = server.port
    server.close()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://127.0.0.1:{port}/api/status", timeout=5)
    with server.start():
        assert requests.get(f"{server.base_url}/status", timeout=5).status_code == 200
    # The work ends in its own time, and its thread without an error.
    end.set()
    assert wait_until(lambda: not any(thread.name == f"run {run}" for thread in threading.enumerate()), 30)
