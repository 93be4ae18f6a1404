"""The command line: options that commands share, help with an example, wrong use as an exception."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from alpine._command.context import Context
from alpine._command.output import Result

Handler = Callable[[Context], Result]
Commands = Any
"""What ``add_subparsers`` returns; its class is argparse's own affair."""

_OF_ALL = ("--json", "--quiet", "-q")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?[smhd])+")


class WrongUseException(Exception):
    """The command line is wrong.

    :param message: What is wrong.
    :param usage: How it should be.
    :param command: The command, as far as it is known.
    """

    def __init__(self, message: str, usage: str, command: str) -> None:
        super().__init__(message)
        self.usage = usage
        self.command = command


class Parser(argparse.ArgumentParser):
    """A parser that raises instead of ending the process, so that wrong use can be told as JSON, too."""

    def __init__(self, **settings: Any) -> None:
        # A prefix of an option that is unique today may be another one's tomorrow.
        super().__init__(allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter, **settings)

    def error(self, message: str) -> NoReturn:
        raise WrongUseException(message, self.format_usage().strip(), self.prog.removeprefix("alpine").strip())


def add_command(
    commands: Commands, name: str, handler: Handler, about: str, *examples: str, full_name: str = ""
) -> Parser:
    """Add a command with the options that every command has.

    :param about: What it does, in one line.
    :param examples: Lines of a shell.
    :param full_name: The name with that of its group, if it is in one.
    """
    shown = "\n".join(f"  {example}" for example in examples)
    parser: Parser = commands.add_parser(
        name, help=about, description=f"{about[0].upper()}{about[1:]}.", epilog=f"example:\n{shown}"
    )
    parser.set_defaults(handler=handler, command=full_name or name)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--quiet", "-q", action="store_true", help="no progress on stderr")
    return parser


def add_server(parser: Parser) -> None:
    """Add the options that say which server is meant."""
    group = parser.add_argument_group("server")
    group.add_argument("--profile", metavar="NAME", help="the profile; default: ALPINE_PROFILE, else that of the file")
    group.add_argument("--host", metavar="URL", help="the server, in place of that of the environment or the profile")
    group.add_argument("--username", metavar="NAME", help="the user; passwords are never options")


def add_workspace(parser: Parser, *, required: bool = False) -> None:
    """Add the option that says in which workspace something is."""
    parser.add_argument("--workspace", "-w", metavar="NAME", required=required, help="name or id of the workspace")


def add_wait(parser: Parser) -> None:
    """Add the options of a wait."""
    group = parser.add_argument_group("wait")
    group.add_argument(
        "--timeout",
        type=duration,
        default=3600.0,
        metavar="TIME",
        help="stop the run after this time, such as 90s, 30m, 1h30m (default: 1h)",
    )
    group.add_argument(
        "--stop-on-exit", action="store_true", help="stop the run if Ctrl-C or SIGTERM ends this command"
    )
    group.add_argument("--out", metavar="FILE", help="write the results to a file, as JSON")


def duration(text: str) -> float:
    """A time in seconds: a number, or numbers with the units s, m, h and d."""
    try:
        seconds = float(text)
    except ValueError:
        parts = re.findall(r"([\d.]+)([smhd])", text) if _DURATION.fullmatch(text) else []
        seconds = sum(float(number) * _UNITS[unit] for number, unit in parts) if parts else math.nan
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"a time such as 90s, 30m or 1h30m, not {text!r}")
    return seconds


def variable(text: str) -> tuple[str, str]:
    """A workflow variable; the @ before its name may be left out."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip("@ "):
        raise argparse.ArgumentTypeError(f"NAME=VALUE, not {text!r}")
    return f"@{name.removeprefix('@')}", value


def arguments_of_sandbox(given: Sequence[str]) -> list[str] | None:
    """What goes to the sandbox's own parser, which is loaded with it; None for another command."""
    return [each for each in given[1:] if each not in _OF_ALL] if given[:1] == ["sandbox"] else None


def refuse_name_alone(name: str, workspace: str | None) -> None:
    """Refuse a name that comes without its workspace; digits are an id.

    :raises InvalidArgumentException: It does.
    """
    if workspace is None and not name.strip().isdecimal():
        from alpine.exception import InvalidArgumentException

        raise InvalidArgumentException(f"Say in which workspace {name!r} is: --workspace NAME.")
