"""A script written for the client of 2017 runs unchanged on this one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import alpine.sandbox
from alpine.sandbox import Sandbox

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


def test_a_script_for_the_old_client_runs_unchanged(tmp_path: Path) -> None:
    steps = walk(Path(sys.executable), tmp_path)["steps"]
    assert [(step["step"], step["said"]) for step in steps if not step["good"]] == []
    assert {step["step"] for step in steps} >= set(STEPS_OF_THE_MAIN_JOB)
