"""A script written for the client of 2017 runs unchanged on this one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import alpine.sandbox
from alpine import AlpineException, AlpineSessionNotFoundException, UserNotFoundException
from alpine.sandbox import Sandbox
from tests.platforms import needs_signals

SCRIPT = Path(__file__).parent / "old_script.py"
FLOW = Path(alpine.sandbox.__file__).parent / "examples" / "order_filter.afm"
STEPS_OF_THE_MAIN_JOB = [
    "APIClient.login",
    "Workspace.get_list",
    "Workfile.upload: GreenplumDatabase",
    "Process.run: with variables",
    "Process.wait_until_finished",
    "Process.download_results",
    "Process.find_operator",
]


def walk(python: Path, folder: Path, environment: dict[str, str] | None = None) -> dict[str, Any]:
    """Run the script under the ``alpine`` of a Python, and read what it says."""
    (folder / "amounts.txt").write_text("Amounts.\n")
    # Slow enough for a run to be stopped.
    with Sandbox(pace=("timed", 0.1)) as server:
        text_file = server.client().workfile.upload_file("Sandbox", folder / "amounts.txt")["id"]
        command = [python, "-P", SCRIPT, server.host, server.port, FLOW, text_file]
        done = subprocess.run(
            [str(part) for part in command],
            cwd=folder,
            env=environment or {**os.environ, "PYTHONPATH": str(SCRIPT.parent.parent)},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


@needs_signals
def test_a_script_for_the_old_client_runs_unchanged(tmp_path: Path) -> None:
    steps = walk(Path(sys.executable), tmp_path)["steps"]
    assert [(step["step"], step["said"]) for step in steps if not step["good"]] == []
    assert {step["step"] for step in steps} >= set(STEPS_OF_THE_MAIN_JOB)


def test_what_stays_different_is_as_the_page_tells() -> None:
    page = (Path(__file__).parent.parent / "docs" / "migration.md").read_text("utf-8")
    for what in (
        "`get_status`",
        "`logout`",
        "envelope",
        "deleting something",
        "`client.host`",
        "`LOG_CFG`",
        "`str()` of an",
    ):
        assert what in page
    with Sandbox() as server:
        client = server.client()
        assert (client.host, client.base_url) == (server.host, f"http://{server.host}:{server.port}/api")
        assert client.get_status()["status"] == "Chorus is running"
        assert client.user.get(client.user_id or 0)["username"] == "demo"
        assert "response" not in client.workfile.get(1)
        with pytest.raises(UserNotFoundException):
            client.user.delete(99)
        assert (client.logout(), client.token) == ({}, None)
        with pytest.raises(AlpineSessionNotFoundException):
            client.user.get_list()
    assert str(AlpineException("what happened")) == "what happened"


def test_logging_is_the_scripts_own_affair(tmp_path: Path) -> None:
    configuration = tmp_path / "logging.json"
    configuration.write_text(json.dumps({"version": 1, "root": {"level": "DEBUG"}}), "utf-8")
    code = "import logging, alpine; alpine.APIClient('localhost'); print(logging.getLogger().level)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(SCRIPT.parent.parent), "LOG_CFG": str(configuration)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == "30\n"
