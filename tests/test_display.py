"""Progress suits the place where it is shown, and is off when it should be."""

from __future__ import annotations

import importlib.util
import io
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from alpine._display import Progress


class Terminal(io.StringIO):
    """Something to write to that is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes a package look as if it were not installed."""
    find = importlib.util.find_spec

    def hide(package: str) -> None:
        monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == package else find(name))

    return hide


def show(total: int | None = None) -> None:
    """The progress of a run."""
    with Progress(True, total) as progress:
        progress.update(0, None)
        progress.update(1.5, "Loader", 1)
        progress.update(2, "Loader", 1)
        progress.update(3, "Row Filter", 2)
        progress.finish(4, "SUCCESS", total)


def test_a_log_gets_a_line_for_each_operator_and_one_for_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    show()
    assert capsys.readouterr().out.splitlines() == [
        "   0.0 s  started",
        "   1.5 s  Loader",
        "   3.0 s  Row Filter",
        "   4.0 s  SUCCESS",
    ]


def test_a_known_flow_tells_how_many_operators_are_done(capsys: pytest.CaptureFixture[str]) -> None:
    show(3)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "   1.5 s  Loader  (1 of 3 done)"
    assert lines[-1] == "   4.0 s  SUCCESS  (3 of 3 done)"


def test_nothing_is_shown_unless_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(False, 3) as progress:
        progress.update(0, "x")
        progress.finish(1, "SUCCESS")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("off", ["0", "no", "OFF", "false"])
def test_the_environment_turns_it_off_everywhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], off: str
) -> None:
    monkeypatch.setenv("ALPINE_PROGRESS", off)
    show(3)
    assert capsys.readouterr().out == ""


def shown_in_a_terminal(total: int | None = None) -> str:
    """What a terminal gets."""
    with redirect_stdout(Terminal()) as terminal:
        show(total)
    return terminal.getvalue()


def test_a_terminal_has_a_bar_of_tqdm() -> None:
    text = shown_in_a_terminal(3)
    assert "Row Filter" in text
    assert "|" in text
    assert text.endswith("\n")
    assert "SUCCESS  (3 of 3 done)" in text.splitlines()[-1]


def test_a_terminal_without_tqdm_has_one_line(without: Callable[[str], None]) -> None:
    without("tqdm")
    text = shown_in_a_terminal()
    assert text.count("\n") == 1
    assert text.split("\r")[-1].rstrip() == "   4.0 s  SUCCESS"


@pytest.mark.parametrize("package", ["tqdm", "nothing"])
def test_an_interrupt_leaves_the_terminal_tidy(without: Callable[[str], None], package: str) -> None:
    without(package)
    with redirect_stdout(Terminal()) as terminal, pytest.raises(KeyboardInterrupt), Progress(True) as progress:
        progress.update(1, "Loader")
        raise KeyboardInterrupt
    assert terminal.getvalue().endswith("\n")


CELL = """
from alpine._display import Progress
with Progress(True, 3) as progress:
    progress.update(1.5, "Loader", 1)
    progress.update(3, "Row Filter", 2)
    progress.finish(4, "SUCCESS", 3)
"""


def outputs_of(code: str) -> list[dict[str, Any]]:
    """What a cell leaves in a notebook, from a real kernel."""
    manager = pytest.importorskip("jupyter_client.manager")
    pytest.importorskip("ipykernel")
    outputs: list[dict[str, Any]] = []
    with manager.run_kernel(cwd=str(Path(__file__).parents[1])) as client:
        reply = client.execute_interactive(code, timeout=60, output_hook=outputs.append)
        assert reply["content"]["status"] == "ok", reply["content"]
    return [output for output in outputs if output["msg_type"] in {"display_data", "update_display_data", "stream"}]


@pytest.mark.parametrize("hidden", ["tqdm", "ipywidgets"])
def test_a_notebook_without_widgets_has_one_output_that_is_replaced(hidden: str) -> None:
    hide = f"""
import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == {hidden!r} else find(name, *rest)
"""
    shown = outputs_of(hide + CELL)
    assert [output["msg_type"] for output in shown] == ["display_data", "update_display_data", "update_display_data"]
    assert len({output["content"]["transient"]["display_id"] for output in shown}) == 1
    assert shown[-1]["content"]["data"]["text/plain"] == "   4.0 s  SUCCESS  (3 of 3 done)"


def test_a_notebook_with_widgets_has_a_bar() -> None:
    pytest.importorskip("ipywidgets")
    shown = outputs_of(CELL)
    assert "application/vnd.jupyter.widget-view+json" in shown[0]["content"]["data"]


def test_importing_it_loads_nothing() -> None:
    code = "import sys, alpine._display; raise SystemExit(bool({'tqdm', 'IPython', 'ipywidgets'} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[1])
