"""``python -m alpine.sandbox``: a sandbox server until it is stopped."""

from __future__ import annotations

import argparse
import io
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

from alpine.sandbox.arguments import Pace
from alpine.sandbox.server import Sandbox

_HOW_TO = """
    user {username}, password {password}
    workflows in the workspace Sandbox: {workflows}
    tables: {tables}

    from alpine import APIClient
    session = APIClient("{url}", username="{username}", password="{password}")
    print(session.workspace.get_list())

Stop it with Ctrl-C."""
_SHOWN = 12
_LOOK = 0.5
_STOPPING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)]


def main(
    argv: Sequence[str] | None = None, *, prog: str = "alpine-sandbox", tell: Callable[[Sandbox], str] | None = None
) -> int:
    """Serve until Ctrl-C, SIGTERM or, on Windows, Ctrl-Break.

    :param argv: The command line; by default the program's own.
    :param prog: The name of the program, for messages.
    :param tell: What to print of the server when it runs; by default its address and how to use it, in words.
    :returns: 0, or 2 when the server could not be started as it was asked for.
    """
    for stream in (sys.stdout, sys.stderr):
        # Names of files may have letters that the encoding of a console or of a log has not.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    asked = _parser(prog).parse_args(argv)
    stopped = threading.Event()
    before = {number: signal.signal(number, lambda *_: stopped.set()) for number in _STOPPING}
    try:
        server = Sandbox(**{**vars(asked), "types": _by_table(asked.types)}).start()
    except (OSError, ValueError, ModuleNotFoundError) as error:
        sys.stderr.write(f"{prog}: error: {error}\n")
        return 2
    else:
        with server:
            if tell is None:
                # At once; the list of tables takes the moment in which the workflow engine is loaded.
                print(f"The sandbox is running at {server.url}", flush=True)
            print((tell or _told)(server), flush=True)
            # On Windows, a wait without an end does not see Ctrl-C.
            while not stopped.wait(_LOOK):
                pass
        return 0
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _told(server: Sandbox) -> str:
    return _HOW_TO.format(
        url=server.url,
        username=server.username,
        password=server.password,
        workflows=_listed(server.workflows),
        tables=_listed(server.tables),
    )


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog, description="A server to test against: Alpine's API, and workflows that really run."
    )
    add: Any = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    add("--port", type=int, default=8080, help="port (%(default)s); 0 takes a free one")
    add("--data", metavar="DIR", help="folder with text and Parquet files, each a table named like its file")
    add(
        "--type",
        dest="types",
        metavar="TABLE.COLUMN=TYPE",
        action="append",
        default=[],
        type=_type,
        help="type of a column of the data, by PostgreSQL's names, as orders.amount='numeric(10,2)'; may be repeated",
    )
    add(
        "--null-value",
        dest="null_values",
        metavar="WORD",
        action="append",
        default=[],
        help="word in text files of the data that stands for a null; may be repeated",
    )
    add("--no-header", dest="header", action="store_false", help="the text files of the data have no header")
    add("--flows", metavar="DIR", help="folder with .afm files for the workspace Sandbox")
    add("--stand-in", action="store_true", help="make up rows for missing tables whose columns a flow declares")
    add("--pace", type=_pace, default="instant", help="'instant', or the seconds that each operator takes")
    add("--username", default="demo", help="the administrator (%(default)s)")
    add("--password", default="alpine-demo", help="the password of all users (%(default)s)")
    return parser


def _type(text: str) -> tuple[str, str, str]:
    place, equals, kind = text.partition("=")
    table, dot, column = place.partition(".")
    if not (equals and dot and table and column and kind):
        raise argparse.ArgumentTypeError(f"TABLE.COLUMN=TYPE, not {text!r}")
    return table, column, kind


def _by_table(given: list[tuple[str, str, str]]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in given:
        found.setdefault(table, {})[column] = kind
    return found


def _pace(text: str) -> Pace:
    if text == "instant":
        return "instant"
    try:
        return ("timed", float(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'instant' or a number of seconds, not {text!r}") from None


if __name__ == "__main__":
    sys.exit(main())
