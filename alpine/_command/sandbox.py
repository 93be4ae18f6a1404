"""The command ``alpine sandbox``: a server to try things on, until it is stopped."""

from __future__ import annotations

import importlib
from typing import Any

from alpine._command.context import Context
from alpine._command.exits import WRONG_USE
from alpine._command.output import Result, as_json, write_out
from alpine._command.parser import Commands, WrongUseException, add_command


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "sandbox",
        sandbox,
        "start a server to try things on; its options are those of alpine-sandbox",
        "alpine sandbox --port 0",
    )
    parser.set_defaults(arguments=[])


def sandbox(context: Context) -> Result:
    """Serve until Ctrl-C or SIGTERM."""
    program = importlib.import_module("alpine.sandbox.__main__")
    tell = _as_json if context.options.json else None
    try:
        code = program.main(context.options.arguments, prog="alpine sandbox", tell=tell)
    except OSError:
        # It could not tell where it is; what stdout holds back is tried once more, which says why.
        return Result(code=0 if write_out() else WRONG_USE)
    except SystemExit as ended:
        code = int(ended.code or 0)
    if code:
        raise WrongUseException("the sandbox was not started", "", "sandbox")
    return Result()


def _as_json(server: Any) -> str:
    result = {
        "url": server.url,
        "username": server.username,
        "password": server.password,
        "workflows": list(server.workflows),
        "tables": list(server.tables),
    }
    return as_json("sandbox", 0, result, None)
