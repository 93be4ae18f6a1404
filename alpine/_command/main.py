"""The command ``alpine``: parses, calls one function, prints what it found, and ends with an exit code."""

from __future__ import annotations

import argparse
import importlib
import sys
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from alpine._command.context import Context, id_of
from alpine._command.exits import DEFECT, INTERRUPTED, MEANING, WRONG_USE, exit_code_of
from alpine._command.output import Result, as_json, prepare_streams, say, write_out
from alpine._command.parser import Parser, WrongUseException, arguments_of_sandbox
from alpine._command.signals import as_interrupts
from alpine._printable import printable
from alpine._version import __version__

if TYPE_CHECKING:
    from alpine.exception import AlpineException

_CODES = "\n".join(f"  {code:<3} {meaning}" for code, meaning in MEANING.items())
_EPILOG = f"exit codes:\n{_CODES}\n\nalpine COMMAND --help tells more, with an example."


_HOMES = {
    "connecting": ("login", "check"),
    "files": ("ls", "upload", "download", "deploy"),
    "running": ("run", "status", "wait", "stop", "results"),
    "flows": ("flow",),
    "sandbox": ("sandbox",),
    "completion": ("completion",),
}
"""The modules of this package, and the commands of each."""


def build(command: str = "") -> Parser:
    """The parser.

    :param command: The command that is to be parsed: those of other modules are not loaded. By default all are.
    """
    parser = Parser(
        prog="alpine", description="Run the workflows of an Alpine server, and look after them.", epilog=_EPILOG
    )
    parser.add_argument("--version", action="version", version=f"alpine {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    homes = [name for name, known in _HOMES.items() if command in known] or list(_HOMES)
    # Completion tells of them all.
    for name in _HOMES if command == "completion" else homes:
        importlib.import_module(f"alpine._command.{name}").add_to(commands)
    parser.set_defaults(parser=parser)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    :param arguments: The command line; by default the program's own.
    :returns: The exit code.
    """
    prepare_streams()
    given = sys.argv[1:] if arguments is None else list(arguments)
    to_sandbox = arguments_of_sandbox(given)
    try:
        options = build(given[0] if given else "").parse_args(
            [each for each in given if to_sandbox is None or each not in to_sandbox]
        )
        options.arguments = to_sandbox
    except WrongUseException as error:
        return _refused(error, as_document="--json" in given)
    except SystemExit as ended:
        # --help and --version have printed what was asked for.
        return int(ended.code or 0) if write_out() else WRONG_USE
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning  # type: ignore[assignment]
        return _ended(Context(options))


def _ended(context: Context) -> int:
    with as_interrupts() as interrupts:
        try:
            result = context.options.handler(context)
            return _printed(context, result.code, result, None)
        except WrongUseException as error:
            return _refused(error, as_document=context.options.json)
        except KeyboardInterrupt as interrupt:
            return _interrupted(context, interrupt)
        except Exception as error:  # noqa: BLE001 - Python would end with 1, which says that the run failed
            return _interrupted(context, error) if interrupts.came else _failed(context, error)


def _failed(context: Context, error: Exception) -> int:
    from alpine.exception import AlpineException

    if not isinstance(error, AlpineException):
        import traceback

        say(f"alpine: this is a defect of the command, please report it:\n{traceback.format_exc()}")
        return _printed(context, DEFECT, None, _described(context, type(error).__name__, "a defect of the command"))
    say(f"alpine: error: {error}")
    _tell_notes(context, error)
    _tell_of_the_run(context, error)
    facts = _described(context, type(error).__name__, str(error), error)
    return _printed(context, exit_code_of(error), None, facts)


def _interrupted(context: Context, interrupt: BaseException) -> int:
    try:
        say("alpine: interrupted")
        _tell_notes(context, interrupt)
        _tell_of_the_run(context)
        return _printed(context, INTERRUPTED, None, _described(context, "Interrupted", "interrupted"))
    except KeyboardInterrupt:
        _tell_of_the_run(context)
        return INTERRUPTED


def _tell_notes(context: Context, error: BaseException) -> None:
    """What the library knows besides: of a run that was just being started, of a deployment that was broken off."""
    if context.run is None:
        for note in getattr(error, "__notes__", ()):
            say(note)


def _tell_of_the_run(context: Context, error: AlpineException | None = None) -> None:
    if context.run is not None and _may_go_on(error):
        say(f"Run {id_of(context.run)} may go on: {context.how_to_go_on(context.run)}")


def _may_go_on(error: AlpineException | None) -> bool:
    from alpine.exception import RunFlowFailureException

    return not isinstance(error, RunFlowFailureException) and not getattr(error, "stopped", False)


def _described(context: Context, kind: str, message: str, error: AlpineException | None = None) -> dict[str, Any]:
    run = context.run
    goes_on = run is not None and _may_go_on(error)
    return {
        "type": kind,
        "message": message,
        "notes": list(getattr(error, "__notes__", ())),
        "status_code": getattr(error, "status_code", None),
        "operators": getattr(error, "errors", None) or {},
        "id": None if run is None else id_of(run),
        "process_id": getattr(error, "process_id", None) or (None if run is None else str(run)),
        "workflow_id": None if run is None else run.workflow_id,
        "url": getattr(error, "web_url", None) or (None if run is None else run.url),
        "how_to_go_on": context.how_to_go_on(run) if run is not None and goes_on else None,
    }


def _printed(context: Context, code: int, result: Result | None, error: dict[str, Any] | None) -> int:
    options = context.options
    if options.json and not (result is not None and not result.document and not result.text):
        text = as_json(options.command, code, None if result is None else result.document, error)
    else:
        text = "" if result is None else result.text
    return code if write_out(f"{text}\n" if text else "") else code or WRONG_USE


def _refused(error: WrongUseException, *, as_document: bool) -> int:
    say(f"{error.usage}\nalpine: error: {error}".strip())
    if as_document:
        options = argparse.Namespace(
            json=True, quiet=True, command=error.command, profile=None, host=None, username=None
        )
        return _printed(Context(options), WRONG_USE, None, _described(Context(options), "WrongUse", str(error)))
    return WRONG_USE


def _show_warning(message: Warning | str, *_: object) -> None:
    say(f"alpine: warning: {printable(str(message))}")


if __name__ == "__main__":
    sys.exit(main())
