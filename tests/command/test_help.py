"""The help of each command has an example, and it runs; starting costs next to nothing."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from alpine import __version__
from alpine.sandbox import Sandbox
from tests.command.processes import PROGRAM, ROOT, alpine, environment
from tests.command.test_json import build, commands_of
from tests.documented import EXAMPLES

NAMES = sorted(commands_of(build()))


@pytest.mark.parametrize("name", NAMES)
def test_the_examples_of_the_help_run(running_sandbox: Sandbox, tmp_path: Path, name: str) -> None:
    if name == "sandbox":
        # Its help is that of its own parser; that it starts is tried in test_json.py.
        assert "--port" in alpine(running_sandbox, "sandbox", "--help").out
        return
    shown = alpine(running_sandbox, *name.split(), "--help")
    assert shown.code == 0
    examples = re.findall(r"^  (alpine .*)$", shown.out.partition("example:\n")[2], re.MULTILINE)
    assert examples
    for file in ("order_filter.afm", "old.afm", "new.afm"):
        (tmp_path / file).write_bytes((EXAMPLES / "order_filter.afm").read_bytes())
    (tmp_path / "notes.txt").write_text("some notes", "utf-8")
    running_sandbox.reset()
    with running_sandbox.client() as client:
        client.workfile.upload_file("Sandbox", tmp_path / "notes.txt")
        run = client.run("order_filter", "Sandbox", wait=name != "stop")
        for example in examples:
            words = [str(run) if word == "ID" else word for word in shlex.split(example)[1:]]
            words = [running_sandbox.url if word == "http://127.0.0.1:8080" else word for word in words]
            more = {"ALPINE_CONFIG": str(tmp_path / "config.toml")} if name == "login" else {}
            done = alpine(running_sandbox, *words, cwd=tmp_path, stdin="alpine-demo\n", **more)
            # A run of this quick server may be over before it is stopped.
            assert done.code in ({0, 4} if name == "stop" else {0}), done.err


def test_the_help_and_the_version(running_sandbox: Sandbox) -> None:
    done = alpine(running_sandbox, "--help")
    assert done.code == 0
    assert "exit codes:" in done.out
    assert all(name.partition(" ")[0] in done.out for name in NAMES)
    assert alpine(running_sandbox, "--version").out == f"alpine {__version__}\n"


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["run"], ["completion", "bash"]])
def test_what_needs_no_server_loads_no_requests(running_sandbox: Sandbox, arguments: list[str]) -> None:
    heavy = ("requests", "urllib3", "pandas", "numpy", "duckdb", "werkzeug", "keyring", "http.client", "ssl")
    code = (
        f"import sys, atexit; sys.argv[1:] = {arguments!r}; from alpine._command.main import main; main(); "
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(running_sandbox),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_it_is_installed_as_alpine() -> None:
    assert 'alpine = "alpine._command.main:main"' in (ROOT / "pyproject.toml").read_text("utf-8")
    assert PROGRAM[-1] == "alpine"
