from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

USERS_TEST = """
def test_one(alpine_session, alpine_sandbox):
    alpine_session.workspace.create("mine")
    assert len(alpine_session.workspace.get_list()) == 2

def test_two(alpine_session):
    assert [row["name"] for row in alpine_session.workspace.get_list()] == ["Sandbox"]
"""
NOTHING_LOADED = """
import sys

def test_nothing():
    assert not {"duckdb", "werkzeug", "cheroot", "alpine.sandbox.state"} & set(sys.modules)
"""


TABLES_TEST = """
import pandas

def test_one(alpine_sandbox):
    alpine_sandbox.load_table("mine", pandas.DataFrame({"a": [1]}))
    alpine_sandbox.pace = "step"

def test_two(alpine_sandbox):
    assert alpine_sandbox.tables == ["demo.orders"]
    assert alpine_sandbox.pace == "instant"
"""


def run(folder: Path, text: str) -> str:
    (folder / "test_it.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-p", "alpine.sandbox.pytest_plugin", "-W", "error", "-q", str(folder)]
    # An installed copy of the project brings the plugin along, and pytest refuses to register it twice.
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    project = Path(__file__).parents[2]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, cwd=project, env=environment
    )
    return done.stdout + done.stderr


def test_the_fixtures_give_a_fresh_server_and_a_session(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    assert "2 passed" in run(tmp_path, USERS_TEST)


def test_tables_of_one_test_are_not_there_in_the_next(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    assert "2 passed" in run(tmp_path, TABLES_TEST)


def test_the_plugin_loads_nothing_before_it_is_used(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    assert "1 passed" in run(tmp_path, NOTHING_LOADED)
