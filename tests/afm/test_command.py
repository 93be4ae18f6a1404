"""``python -m alpine.afm`` works as git's text conversion and as its diff program, in a real repository."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from alpine import afm
from alpine.afm.__main__ import main

ROOT = Path(afm.__file__).parents[2]
FILE = ROOT / "alpine" / "sandbox" / "examples" / "order_filter.afm"
COMMAND = f'"{sys.executable}" -m alpine.afm'


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    flow = afm.read(FILE).with_variables({"@min_amount": 200}).set("Column Filter", "columnNames", "order_id")
    return flow.save(tmp_path / "changed.afm")


def test_two_files_are_compared_and_the_exit_code_tells(changed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(FILE), str(changed)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "~ 'Column Filter' columnNames: 'order_id,region,amount' -> 'order_id'",
        "~ variable @min_amount: '100' -> '200'",
    ]
    assert main([str(FILE), str(FILE)]) == 0
    assert capsys.readouterr().out == "no difference\n"
    assert main(["--json", str(FILE), str(changed)]) == 1
    assert json.loads(capsys.readouterr().out)["variables"][0]["new"] == "200"
    assert main(["--svg", str(FILE), str(changed)]) == 1
    assert capsys.readouterr().out.startswith("<svg")


def test_a_file_that_is_none_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "nothing.afm")]) == 2
    assert "nothing.afm" in capsys.readouterr().err


def git(folder: Path, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "GIT_CONFIG_GLOBAL": os.devnull, "GIT_PAGER": "cat"}
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    done = subprocess.run(
        ["git", *who, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout


@pytest.mark.parametrize(
    ("setting", "option", "expected"),
    [
        ("diff.afm.textconv", COMMAND, "-variable @min_amount = 100\n+variable @min_amount = 200"),
        ("diff.afm.textconv", f"{COMMAND} --git", "-variable @min_amount = 100\n+variable @min_amount = 200"),
        ("diff.afm.command", f"{COMMAND} --git", "workflow flow.afm\n~ 'Column Filter' columnNames: "),
    ],
)
def test_git_shows_the_change_of_a_workflow(
    changed: Path, tmp_path: Path, setting: str, option: str, expected: str
) -> None:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / ".gitattributes").write_text("*.afm diff=afm\n*.afm -text\n")
    (folder / "flow.afm").write_bytes(FILE.read_bytes())
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    git(folder, "config", setting, option)
    (folder / "flow.afm").write_bytes(changed.read_bytes())
    shown = git(folder, "diff")
    assert expected in shown
    assert "<Operator" not in shown


@pytest.mark.parametrize(
    ("setting", "expected"),
    [("diff.afm.textconv", "+not a readable workflow file"), ("diff.afm.command", "- a workflow\n+ not a readable")],
)
def test_a_file_with_the_marks_of_a_conflict_ends_no_diff(
    changed: Path, tmp_path: Path, setting: str, expected: str
) -> None:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / ".gitattributes").write_text("*.afm diff=afm\n*.afm -text\n")
    for name in ("broken.afm", "flow.afm"):
        (folder / name).write_bytes(FILE.read_bytes())
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    git(folder, "config", setting, f"{COMMAND} --git")
    (folder / "broken.afm").write_bytes(b"<<<<<<< HEAD\n" + FILE.read_bytes())
    (folder / "flow.afm").write_bytes(changed.read_bytes())
    shown = git(folder, "diff")
    assert expected in shown
    assert "SHA-256: " in shown and "git diff --no-textconv" in shown
    assert "@min_amount" in shown.partition("flow.afm")[2]
    assert main(["--git", str(tmp_path / "nothing.afm")]) == 2
