"""The help of each command has an example, and it runs; starting costs next to nothing."""

from __future__ import annotations

import os
import re
import shlex
import socket
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


def documented_lines() -> list[str]:
    """What the pages show of the command."""
    lines = []
    for page in sorted((ROOT / "docs" / "guides").glob("*.md")):
        for block in re.findall(r"^```bash\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL):
            lines += re.findall(r"^(?:id=\$\()?(alpine .*?)\)?$", block, re.MULTILINE)
    return lines


def test_what_the_pages_show_can_be_parsed() -> None:
    lines = documented_lines()
    assert lines
    for line in lines:
        assert build().parse_args(shlex.split(line.partition(" > ")[0])[1:]).command in NAMES


@pytest.mark.skipif(sys.platform == "win32", reason="the runner of the example has bash")
def test_the_workflow_for_continuous_integration_runs(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "guides" / "ci.md").read_text("utf-8")
    workflow = page.partition("```yaml\n")[2].partition("```")[0]
    assert len(workflow.splitlines()) <= 15
    steps = re.findall(r"^ +- run: (alpine .*)$", workflow, re.MULTILINE)
    assert len(steps) == 3
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "flows").mkdir()
    flow = (EXAMPLES / "order_filter.afm").read_text("utf-8")
    (tmp_path / "flows" / "order_filter.afm").write_text(flow, "utf-8")
    (tmp_path / "old.afm").write_text(flow.replace("<Value>100</Value>", "<Value>50</Value>"), "utf-8")
    script = "\n".join(steps).replace("alpine sandbox", f"alpine sandbox --port {port}")
    # A program, and no function of the shell: what is started in the background is what the signal goes to.
    (tmp_path / "alpine").write_text(f'#!/bin/sh\nexec {shlex.join(PROGRAM)} "$@"\n', "utf-8")
    (tmp_path / "alpine").chmod(0o755)
    done = subprocess.run(
        ["bash", "-ec", f'trap "kill %1; wait" EXIT\n{script}'],
        env=environment(_At(f"http://127.0.0.1:{port}"), PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}"),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )
    assert done.returncode == 0, done.stderr
    assert "@min_amount: '50' -> '100'" in done.stdout
    assert re.search(r"^Run .*: SUCCESS$", done.stdout, re.MULTILINE)


class _At:
    def __init__(self, url: str) -> None:
        self.url = url
