"""Results on stdout, progress on stderr; colours on a terminal only; names from a server cannot play tricks."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from alpine.sandbox import Sandbox
from tests.command.processes import PROGRAM, alpine, environment
from tests.scripted import Reply, ScriptedServer

on_posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")


def on_a_terminal(server: Sandbox, *arguments: str, **more: str) -> str:
    """What a command writes to stdout when that is a terminal."""
    import pty

    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*PROGRAM, *arguments],
        env=environment(server, TERM="xterm", **more),
        stdout=theirs,
        stderr=subprocess.DEVNULL,
    ) as process:
        os.close(theirs)
        written = b"".join(_until_closed(ours))
        assert process.wait(30) == 0
    os.close(ours)
    return written.decode()


def _until_closed(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:
            return
        if not piece:
            return
        yield piece


@on_posix
def test_colours_on_a_terminal_only(running_sandbox: Sandbox) -> None:
    assert "\033[32mok" in on_a_terminal(running_sandbox, "check")
    assert "\033" not in on_a_terminal(running_sandbox, "check", NO_COLOR="1")
    assert "\033" not in on_a_terminal(running_sandbox, "check", "--json")
    assert "\033" not in alpine(running_sandbox, "check").out


def test_progress_is_on_stderr_and_can_be_turned_off(running_sandbox: Sandbox) -> None:
    arguments = ("run", "order_filter", "-w", "Sandbox", "--wait")
    done = alpine(running_sandbox, *arguments)
    assert done.out.startswith("Run ")
    assert "SUCCESS" in done.err
    assert alpine(running_sandbox, *arguments, "--quiet").err == ""


def test_a_run_that_is_not_waited_for_prints_its_id_alone(running_sandbox: Sandbox) -> None:
    done = alpine(running_sandbox, "run", "order_filter", "-w", "Sandbox")
    run = done.out.strip()
    assert f"It goes on: alpine wait {run}\n" in done.err
    assert alpine(running_sandbox, "wait", run).code == 0


def test_a_name_from_the_server_cannot_move_the_cursor(server: ScriptedServer) -> None:
    server.on_login()
    name = "x\x1b[2J\nID  NAME\u202e"
    server.on("GET", "/api/workspaces", Reply({"response": [{"id": 1, "name": name, "owner": None}]}))
    out = alpine(server, "ls").out
    assert "\x1b" not in out
    assert len(out.splitlines()) == 2
    done = alpine(server, "ls", "--json")
    assert "\x1b" not in done.out
    assert done.document["result"]["workspaces"][0]["name"] == name


@on_posix
def test_a_reader_that_has_seen_enough_is_no_error(running_sandbox: Sandbox) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*PROGRAM, "ls"],
        env=environment(running_sandbox),
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


WITHOUT_A_SERVER = (["--help"], ["--version"], ["run", "--help"], ["completion", "zsh"], ["sandbox", "--port", "0"])


@on_posix
@pytest.mark.parametrize(
    "arguments",
    [["ls"], ["ls", "--json"], ["run", "order_filter", "-w", "Sandbox", "-q"], *WITHOUT_A_SERVER],
    ids=" ".join,
)
def test_a_full_disk_is_told_in_one_line(running_sandbox: Sandbox, arguments: list[str]) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no full device here")
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [*PROGRAM, *arguments], env=environment(running_sandbox), stdout=full, stderr=subprocess.PIPE, text=True,
            check=False, timeout=60,
        )  # fmt: skip
    assert done.stderr == "alpine: error: stdout cannot be written: No space left on device.\n"
    assert done.returncode == 2


@on_posix
@pytest.mark.parametrize("arguments", WITHOUT_A_SERVER, ids=" ".join)
def test_nobody_reads_what_needs_no_server(running_sandbox: Sandbox, arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*PROGRAM, *arguments], env=environment(running_sandbox), stdout=writing, stderr=subprocess.PIPE,
        check=False, timeout=60,
    )  # fmt: skip
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


@on_posix
def test_the_code_is_true_though_nobody_reads(server: ScriptedServer) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    server.on_login()
    server.on("GET", "/api/workspaces", Reply("<html>Oops</html>", 500))
    done = subprocess.run(
        [*PROGRAM, "ls", "--json"], env=environment(server), stdout=writing, stderr=subprocess.PIPE, check=False,
        timeout=60,
    )  # fmt: skip
    os.close(writing)
    assert done.returncode == 5


def test_warnings_are_one_line(running_sandbox: Sandbox) -> None:
    done = alpine(running_sandbox, "run", "order_filter", "-w", "Sandbox", "--var", "nothing=1", "-q")
    assert done.code == 0
    assert "Traceback" not in done.err
