"""The sample project's own tests pass, run as its owner would run them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2]
SAMPLE = PROJECT / "examples" / "sample_project"


def test_the_sample_projects_tests_pass_in_a_process_of_their_own() -> None:
    # An installed copy of the project brings the plugin along, and pytest refuses to register it twice.
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(PROJECT)}
    command = [sys.executable, "-m", "pytest", "-p", "alpine.sandbox.pytest_plugin", "-p", "no:cacheprovider", "-q"]
    done = subprocess.run(
        command, cwd=SAMPLE, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "9 passed" in done.stdout
