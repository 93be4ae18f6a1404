"""What is printed: results on stdout, for people or as JSON; everything else on stderr."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, Any

from alpine._command.exits import SUCCESS
from alpine._printable import printable

FORM = 1
"""The version of the JSON form. It changes when something is taken away or gets another meaning."""

_COLOURS = {"good": "32", "bad": "31", "open": "33"}
_GOOD = frozenset({"SUCCESS", "FINISHED", "STOPPED", "ok"})
_BAD = frozenset({"FAILURE", "FAILED", "STOP FAILED", "failed"})


class Result:
    """What a command found.

    :param document: It, as JSON has it.
    :param text: It, as people read it.
    :param code: The exit code.
    """

    # No dataclass: the module of that name takes a tenth of the time in which the command starts.
    def __init__(self, document: dict[str, Any] | None = None, text: str = "", code: int = SUCCESS) -> None:
        self.document = {} if document is None else document
        self.text = text
        self.code = code


def prepare_streams() -> None:
    """Let letters that the encoding of a console or of a log has not be written out instead of being an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def as_json(command: str, code: int, result: Mapping[str, Any] | None, error: Mapping[str, Any] | None) -> str:
    """The one JSON document that a command prints."""
    document = {
        "version": FORM,
        "command": command,
        "ok": error is None and code == SUCCESS,
        "exit_code": code,
        "result": result,
        "error": error,
    }
    # Escapes keep what a terminal would obey, and halves of characters, out of the output.
    return json.dumps(document, indent=2, default=str)


def say(text: str) -> None:
    """Write a line on stderr; a closed one, or one whose reader has gone, ends nothing."""
    stream: IO[str] | None = sys.stderr
    if stream is None:
        return
    try:
        stream.write(f"{printable(text)}\n")
        stream.flush()
    except (OSError, ValueError):
        pass


def write_out(text: str = "") -> bool:
    """Write on stdout, and what it holds back.

    :returns: Whether that was possible. A reader that has seen enough, as ``head`` has, is no failure.
    """
    stream: IO[str] | None = sys.stdout
    if stream is None:
        return True
    try:
        stream.write(text)
        stream.flush()
    except OSError as error:
        # Python would try once more at its end, complain, and end with a code of its own.
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, stream.fileno())
        os.close(nothing)
        if isinstance(error, BrokenPipeError):
            return True
        say(f"alpine: error: stdout cannot be written: {error.strerror}.")
        return False
    return True


def check_target(target: str | None, option: str) -> None:
    """Refuse a file that cannot be written before anything is done for it.

    :raises AlpineException: No file can be written there.
    """
    if target is not None:
        from alpine._files import FileSink, target_path

        FileSink(target_path(target, option), "")


def write_file(target: str, option: str, name: str, content: str) -> str:
    """Write a file as a whole or not at all.

    :param target: Where to; in a directory, the file has the given name.
    :param option: The option that said so, for messages.
    :returns: The path.
    :raises AlpineException: No file can be written there.
    """
    from alpine._files import FileSink, target_path

    with FileSink(target_path(target, option), name) as sink:
        sink.start({})
        sink.write(content.encode())
        return str(sink.finish())


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Rows in columns; a status has its colour on a terminal."""
    cells = [list(columns), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[position]) for row in cells) for position in range(len(columns))]
    lines = []
    for row in cells:
        # The last column is as long as it is.
        padded = [f"{text:<{width}}" for text, width in zip(row[:-1], widths, strict=False)] + row[-1:]
        lines.append("  ".join(painted(text) for text in padded).rstrip())
    return "\n".join(lines)


def painted(text: str) -> str:
    """A status in its colour, on a terminal only."""
    word = text.strip()
    kind = "good" if word in _GOOD else "bad" if word in _BAD else "open" if word in {"warning", "WORKING"} else ""
    return f"\033[{_COLOURS[kind]}m{text}\033[0m" if kind and in_colour() else text


def in_colour() -> bool:
    """Whether stdout is a terminal that shows colours, and nobody asked for none."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or os.name == "nt":
        return False
    return sys.stdout is not None and sys.stdout.isatty()


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return printable(text).replace("\n", " ").replace("\t", " ")
