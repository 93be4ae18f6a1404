"""The client of 2017, as a stranger in its own environment, does against the sandbox what it could ever do."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.platforms import needs_signals
from tests.test_old_script import STEPS_OF_THE_MAIN_JOB, walk

pytestmark = needs_signals

VERSION = "alpine==1.0.14"
PAGE = Path(__file__).parent.parent / "docs" / "old_client.md"
UNREACHABLE = re.compile(r"NewConnectionError|ConnectTimeout|ProxyError|name resolution|Network is unreachable", re.I)
# Where a call does what it is for in both clients, and returns something else here.
RETURNS_SOMETHING_ELSE = {
    "APIClient.login",
    "APIClient.get_status",
    "APIClient.logout",
    "APIClient.logout: once more",
    "Workfile.get",
}


def python_with_the_old_client(cache: Path) -> Path:
    """Its own environment, which is made once and kept in pytest's cache."""
    home = cache / f"{VERSION.replace('==', '-')}-py{sys.version_info.major}.{sys.version_info.minor}"
    if not home.exists():
        # Made aside and moved: several workers may do so at once, and one of them wins.
        aside = cache / f"{home.name}-{os.getpid()}"
        subprocess.run([sys.executable, "-m", "venv", str(aside)], check=True, capture_output=True)
        pip = [str(aside / "bin" / "python"), "-m", "pip", "install", "--quiet", "--retries", "1", VERSION]
        done = subprocess.run(pip, capture_output=True, text=True, check=False)
        if done.returncode:
            shutil.rmtree(aside)
            if UNREACHABLE.search(done.stdout + done.stderr):
                pytest.skip(f"no package index within reach to install {VERSION} from")
            raise AssertionError(done.stdout + done.stderr)
        try:
            aside.rename(home)
        except OSError:
            shutil.rmtree(aside)
    return home / "bin" / "python"


@pytest.fixture(scope="module")
def old(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the script says under the old client."""
    python = python_with_the_old_client(request.config.cache.mkdir("old-client"))  # type: ignore[union-attr]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "ALPINE_"))}
    return walk(python, tmp_path_factory.mktemp("old"), environment)


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the same script says under this client."""
    return walk(Path(sys.executable), tmp_path_factory.mktemp("new"))


def test_the_script_walks_all_its_public_methods(old: dict[str, Any]) -> None:
    walked = {step["step"].partition(":")[0] for step in old["steps"]}
    assert [method for method in old["surface"] if method not in walked] == []


def test_every_public_method_it_has_is_here(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert set(old["surface"]) <= set(new["surface"])


def test_it_does_the_main_job(old: dict[str, Any]) -> None:
    good = {step["step"] for step in old["steps"] if step["good"]}
    assert [step for step in STEPS_OF_THE_MAIN_JOB if step not in good] == []


def test_the_calls_that_its_own_bugs_break_are_written_down(old: dict[str, Any]) -> None:
    broken = [step["step"] for step in old["steps"] if not step["good"]]
    written = re.findall(r"^\| `([^`]+)` \|", PAGE.read_text("utf-8"), re.MULTILINE)
    assert sorted(written) == sorted(broken)


def test_what_works_in_both_returns_the_same(old: dict[str, Any], new: dict[str, Any]) -> None:
    here = {step["step"]: step for step in new["steps"]}
    different = {
        step["step"] for step in old["steps"] if step["good"] and step["returned"] != here[step["step"]]["returned"]
    }
    assert different <= RETURNS_SOMETHING_ELSE
