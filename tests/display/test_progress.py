"""Progress suits the place where it is shown, and is off when it should be."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import unicodedata
from contextlib import ExitStack, redirect_stdout
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from alpine._display.progress import Progress


class Terminal(io.StringIO):
    """Something to write to that is a terminal."""

    def isatty(self) -> bool:
        return True


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


def test_a_terminal_has_one_line() -> None:
    text = shown_in_a_terminal(3)
    assert text.count("\n") == 1
    assert [line.rstrip() for line in text.split("\r")[1:]] == [
        "   0.0 s  started  (0 of 3 done)",
        "   1.5 s  Loader  (1 of 3 done)",
        "   2.0 s  Loader  (1 of 3 done)",
        "   3.0 s  Row Filter  (2 of 3 done)",
        "   4.0 s  SUCCESS  (3 of 3 done)",
    ]


@pytest.mark.parametrize("name", ["Row Filter " * 30, "筛选" * 60, "e\u0301" * 200])
def test_a_line_is_never_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    with redirect_stdout(Terminal()) as terminal, Progress(True, 3) as progress:
        progress.update(1, name)
        progress.update(2, "short")
    wide, short, _ = terminal.getvalue().split("\r")[1:]
    taken = sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) == "W") for c in wide)
    assert 37 <= taken <= 39
    assert len(short) == taken


def test_a_name_cannot_steer_the_terminal() -> None:
    with redirect_stdout(Terminal()) as terminal, Progress(True) as progress:
        progress.update(1, "a\x1b[2Jb\rc\nd\x9bm")
    assert terminal.getvalue().split("\r")[1] == "   1.0 s  a\\x1b[2Jb\\rc\\nd\\x9bm"


@pytest.mark.parametrize(
    ("error", "said"),
    [(KeyboardInterrupt, "Loader: interrupted"), (ValueError, "Loader: ValueError")],
)
def test_an_error_ends_the_line_and_is_named(error: type[BaseException], said: str) -> None:
    with redirect_stdout(Terminal()) as terminal, pytest.raises(error), Progress(True, 3) as progress:
        progress.update(1, "Loader", 1)
        raise error
    assert terminal.getvalue().endswith(f"1.0 s  {said}  (1 of 3 done)\n")


def test_a_wait_that_is_left_before_its_end_is_ended() -> None:
    with redirect_stdout(Terminal()) as terminal, ExitStack() as stack:
        stack.enter_context(Progress(True)).update(1, "Loader")
        stack.close()
    assert terminal.getvalue().endswith("1.0 s  Loader: interrupted\n")


def test_an_error_after_the_end_adds_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="later"), Progress(True) as progress:
        progress.finish(1, "FAILURE", good=False)
        raise ValueError("later")
    assert capsys.readouterr().out == "   1.0 s  FAILURE\n"


def test_a_console_that_lacks_a_letter_shows_another() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    with redirect_stdout(stream), Progress(True) as progress:
        progress.update(1, "筛选")
    assert b"??" in stream.buffer.getvalue()  # type: ignore[attr-defined]


def test_a_pipe_that_nobody_reads_does_not_end_the_wait() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    stream = io.TextIOWrapper(io.FileIO(writer, "w"), write_through=True)
    with redirect_stdout(stream):
        show()
        stream.close()
        show()


def test_what_a_script_puts_in_the_place_of_stdout_needs_only_write(monkeypatch: pytest.MonkeyPatch) -> None:
    class Tee:
        written = ""

        def write(self, text: str) -> None:
            self.written += text

    tee = Tee()
    monkeypatch.setattr(sys, "stdout", tee)
    show()
    assert tee.written.endswith("SUCCESS\n")
    monkeypatch.setattr(sys, "stdout", None)
    show()


# in a notebook

IMPORTS = "from alpine._display.progress import Progress"
SUCCESS = """
with Progress(True, 3) as progress:
    progress.update(1.5, "Loader", 1)
    progress.update(3, "Row <Filter>", 2)
    progress.finish(4, "SUCCESS", 3)
"""
UNKNOWN_TOTAL = SUCCESS.replace("True, 3", "True")
FAILURE = """
with Progress(True, 3) as progress:
    progress.update(1.5, "Loader", 1)
    progress.finish(4, "FAILURE", good=False)
"""
LOST = """
try:
    with Progress(True, 3) as progress:
        progress.update(1.5, "<Loader>", 1)
        raise ConnectionError
except ConnectionError:
    pass
"""
SERVER = """
from alpine.sandbox import Sandbox
server = Sandbox().start()
process = server.client().workfile.process
workflow_id = server.client().workfile.get_id("order_filter", "Sandbox")
"""
A_RUN = "process.run(workflow_id).wait(verbose=True)"
A_FAILED_RUN = "process.run(workflow_id, {'@min_amount': 'much'}).wait(verbose=True)"
TWO_RUNS = "process.run_many(workflow_id, [{'@min_amount': 1}, {'@min_amount': 'x'}], verbose=True)"
STILL_GOING = """
progress = Progress(True, 4)
progress.update(1.5, "<Loader>", 1)
"""


@pytest.fixture(scope="module")
def saved() -> dict[str, list[dict[str, Any]]]:
    """What each cell has left in a notebook that a real kernel executed: the outputs as they are saved."""
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    cells = [IMPORTS, SUCCESS, UNKNOWN_TOTAL, FAILURE, LOST, STILL_GOING, SERVER, A_RUN, A_FAILED_RUN, TWO_RUNS]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    here = str(Path(__file__).parents[2])
    nbclient.NotebookClient(notebook, timeout=60, allow_errors=True, resources={"metadata": {"path": here}}).execute()
    return {cell.source: cell.outputs for cell in notebook.cells}


@pytest.mark.parametrize(
    ("cell", "words", "state", "bar"),
    [
        (SUCCESS, "   4.0 s  SUCCESS  (3 of 3 done)", "good", "100%"),
        (UNKNOWN_TOTAL, "   4.0 s  SUCCESS", "good", None),
        (FAILURE, "   4.0 s  FAILURE  (1 of 3 done)", "bad", "33%"),
        (LOST, "   1.5 s  <Loader>: ConnectionError  (1 of 3 done)", "bad", "33%"),
        (STILL_GOING, "   1.5 s  <Loader>  (1 of 4 done)", "open", "25%"),
    ],
)
def test_a_notebook_keeps_one_output_that_tells_how_it_ended(
    saved: dict[str, list[dict[str, Any]]], cell: str, words: str, state: str, bar: str | None
) -> None:
    (output,) = saved[cell]
    assert output["output_type"] == "display_data"
    assert set(output["data"]) == {"text/plain", "text/html"}
    assert output["data"]["text/plain"] == words
    html = output["data"]["text/html"].partition("</style>")[2]
    assert set(re.findall(r"\b(open|good|bad)\b", html)) == {state}
    assert re.findall(r"width:([0-9.]+%)", html) == ([] if bar is None else [bar])
    assert "<script" not in html
    assert "<Loader>" not in html
    seen = " ".join(unescape(re.sub("<[^>]*>", "", html)).split())
    assert seen == " ".join(words.replace("(", "").replace(")", "").split())


@pytest.mark.parametrize(
    ("cell", "words", "state"),
    [
        (A_RUN, "SUCCESS", "good"),
        (A_FAILED_RUN, "FAILURE", "bad"),
        (TWO_RUNS, "all runs are over, 1 failed  (2 of 2 done)", "bad"),
    ],
)
def test_the_wait_for_a_run_ends_in_the_colour_of_its_end(
    saved: dict[str, list[dict[str, Any]]], cell: str, words: str, state: str
) -> None:
    [output] = [output for output in saved[cell] if output["output_type"] == "display_data"]
    assert output["data"]["text/plain"].endswith(f" s  {words}")
    assert f'<b class="{state}">' in output["data"]["text/html"]
    errors = [output["ename"] for output in saved[cell] if output["output_type"] == "error"]
    assert errors == (["RunFlowFailureException"] if words == "FAILURE" else [])


def test_importing_it_loads_nothing() -> None:
    code = "import sys, alpine._display.progress; raise SystemExit(bool('IPython' in sys.modules))"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
