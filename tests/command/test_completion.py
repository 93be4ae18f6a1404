"""Completion offers commands and options, in the shells that are installed here."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from alpine.sandbox import Sandbox
from tests.command.processes import alpine

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="these shells are those of Unix")

CASES = {
    "alpine ": {"run", "wait", "flow", "login", "--help"},
    "alpine r": {"run", "results"},
    "alpine flow ": {"show", "check", "compare"},
    "alpine flow check --d": {"--data"},
    "alpine check --con": {"--conformance"},
    "alpine deploy --dry": {"--dry-run"},
    "alpine run --w": {"--workspace", "--wait"},
    "alpine run order_filter --stop": {"--stop-on-exit"},
    "alpine flow compare --s": {"--svg"},
    "alpine completion ": {"bash", "zsh", "fish"},
}


@pytest.fixture(scope="module")
def scripts(running_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("completion")
    for shell in ("bash", "zsh", "fish"):
        done = alpine(running_sandbox, "completion", shell)
        assert done.code == 0
        (folder / shell).write_text(done.out, "utf-8")
    return folder


def output(*command: str) -> set[str]:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    return {line.split("\t")[0] for line in done.stdout.splitlines()}


@pytest.mark.parametrize("line", CASES)
def test_bash(scripts: Path, line: str) -> None:
    if shutil.which("bash") is None:
        pytest.skip("there is no bash here")
    words = line.split(" ")
    array = " ".join(f"'{word}'" for word in words)
    call = f"COMP_WORDS=({array}); COMP_CWORD={len(words) - 1}; _alpine"
    code = f"source {scripts / 'bash'}; {call}; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    offered = output("bash", "--norc", "-c", code)
    assert CASES[line] <= offered
    assert all(word.startswith(words[-1]) for word in offered)


def test_two_commands_of_one_name_are_told_apart(scripts: Path) -> None:
    if shutil.which("fish") is not None:
        offered = output("fish", "--no-config", "-c", f"source {scripts / 'fish'}; complete -C 'alpine flow check --'")
        assert "--data" in offered
        assert "--conformance" not in offered


@pytest.mark.parametrize("line", CASES)
def test_fish(scripts: Path, line: str) -> None:
    if shutil.which("fish") is None:
        pytest.skip("there is no fish here")
    offered = output("fish", "--no-config", "-c", f"source {scripts / 'fish'}; complete -C '{line}'")
    assert {word for word in CASES[line] if not (word == "--help" and line == "alpine ")} <= offered


def test_zsh(scripts: Path) -> None:
    if shutil.which("zsh") is None:
        pytest.skip("there is no zsh here")
    code = f"autoload -U compinit && compinit -u -D; source {scripts / 'zsh'}; print -- $_comps[alpine]"
    assert output("zsh", "-f", "-c", code) == {"_bash_complete -o default -F _alpine"}
