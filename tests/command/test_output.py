"""Results on stdout, progress on stderr; colours on a terminal only; names from a server cannot play tricks."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

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


def test_warnings_are_one_line(running_sandbox: Sandbox) -> None:
    done = alpine(running_sandbox, "run", "order_filter", "-w", "Sandbox", "--var", "nothing=1", "-q")
    assert done.code == 0
    assert "Traceback" not in done.err
