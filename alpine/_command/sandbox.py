"""The command ``alpine sandbox``: a server to try things on, until it is stopped."""

from __future__ import annotations

import importlib
from typing import Any

from alpine._command.context import Context
from alpine._command.output import Result, as_json
from alpine._command.parser import Commands, add_command


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "sandbox",
        sandbox,
        "start a server to try things on; its options are those of alpine-sandbox",
        "alpine sandbox --port 0",
    )
    # Its options are told by its own parser, which is loaded with it.
    parser.add_argument("arguments", nargs="...", metavar="OPTION", help="alpine sandbox -- --help shows them")


def sandbox(context: Context) -> Result:
    """Serve until Ctrl-C or SIGTERM."""
    program = importlib.import_module("alpine.sandbox.__main__")
    arguments = [each for each in context.options.arguments if each != "--"]
    tell = _as_json if context.options.json else None
    return Result({}, "", program.main(arguments, prog="alpine sandbox", tell=tell))


def _as_json(server: Any) -> str:
    result = {
        "url": server.url,
        "username": server.username,
        "password": server.password,
        "workflows": list(server.workflows),
        "tables": list(server.tables),
    }
    return as_json("sandbox", 0, result, None)
