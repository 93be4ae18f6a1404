"""Commands for the connection: login, check."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, Any

from alpine._command.context import Context
from alpine._command.exits import DIFFERS, NOT_ALLOWED, NOT_FOUND, NOT_REACHED
from alpine._command.output import Result, check_target, painted, say, write_file
from alpine._command.parser import Commands, WrongUseException, add_command, add_server, add_workspace

if TYPE_CHECKING:
    import argparse

    from alpine._conformance.report import ConformanceReport

_CODES = {"address": NOT_REACHED, "TLS": NOT_REACHED, "version": NOT_REACHED, "login": NOT_ALLOWED}
_FORMS = (".json", ".html")


def add_to(commands: Commands) -> None:
    """Add the commands of this module."""
    parser = add_command(
        commands,
        "login",
        login,
        "try a login, and keep it as a profile; the password goes into the keyring",
        "alpine login --host http://127.0.0.1:8080 --username demo --password-stdin",
    )
    parser.add_argument(
        "--password-stdin", action="store_true", help="read the password from stdin; default: ALPINE_PASSWORD, or ask"
    )
    parser.add_argument(
        "--password-command", metavar="COMMAND", help="a command that prints the password; it is kept in the profile"
    )
    parser.add_argument("--default", action="store_true", help="make it the default profile")
    add_server(parser)

    parser = add_command(
        commands,
        "check",
        check,
        "check the connection: address, TLS, version, clock, login, rights",
        "alpine check --workspace Sandbox",
        "alpine check --conformance --report conformance.html",
    )
    add_workspace(parser)
    group = parser.add_argument_group("conformance")
    group.add_argument(
        "--conformance",
        action="store_true",
        help="try all that this client expects of a server; exit code 1 if it differs",
    )
    group.add_argument(
        "--write", action="store_true", help="also create and delete, in a workspace that is removed afterwards"
    )
    group.add_argument(
        "--report", metavar="FILE", help="write a report without names and data, as .json or as a page, .html"
    )
    add_server(parser)


def check(context: Context) -> Result:
    """Check the connection."""
    from alpine import APIClient
    from alpine.exception import AlpineException, InvalidArgumentException, LocalFileException

    options = context.options
    _refuse_wrong_report(options)
    refused = report = None
    try:
        session = APIClient.from_profile(options.profile, **context.given())
    except (InvalidArgumentException, LocalFileException):
        raise
    except AlpineException as error:
        # What else can be looked at is, without the login.
        refused, session = error, APIClient(**_address_of(context))
    with session:
        checks = session.check(options.workspace)
        bad = [row["check"] for row in checks if row["status"] == "failed"]
        if options.conformance and refused is None and not {"login", "workspace"}.intersection(bad):
            context.say("Trying what this client expects of a server.")
            # What is wrong with a server that does not respond is in the checks.
            with contextlib.suppress(AlpineException) if bad else contextlib.nullcontext():
                report = session.conformance(write=options.write, workspace=options.workspace)
    for row in checks:
        if refused is not None and row["check"] == "login" and row["status"] == "failed":
            row.update(found="", advice=str(refused))
    code = _CODES.get(bad[0], NOT_FOUND) if bad else 0
    if report is not None and not report.ok:
        code = DIFFERS
    width = max(len(row["status"]) for row in checks)
    lines = [
        " ".join([f"{row['check']:<9}", painted(f"{row['status']:<{width}}"), row["found"], row["advice"]]).rstrip()
        for row in checks
    ]
    document = {
        "checks": [dict(row) for row in checks],
        "conformance": None if report is None else report.to_dict(),
        "report": None if report is None else _write_report(report, options.report),
    }
    return Result(document, "\n".join(lines if report is None else [*lines, "", str(report)]), code)


def _refuse_wrong_report(options: argparse.Namespace) -> None:
    if not options.conformance and (options.write or options.report is not None):
        raise WrongUseException("--write and --report are options of --conformance", "", "check")
    if options.report is not None and not options.report.casefold().endswith(_FORMS):
        raise WrongUseException(f"--report FILE ends in {' or '.join(_FORMS)}, not {options.report!r}", "", "check")
    check_target(options.report, "--report")


def _write_report(report: ConformanceReport, target: str | None) -> str | None:
    if target is None:
        return None
    content = report.to_html() if target.casefold().endswith(".html") else report.to_json()
    return write_file(target, "--report", "", content)


def _address_of(context: Context) -> dict[str, Any]:
    """The arguments of a client that is not to log in."""
    from alpine._profiles import arguments_for, find_profile

    arguments = arguments_for(find_profile(context.options.profile), context.given())
    host = arguments.get("host") or os.environ.get("ALPINE_HOST")
    kept = {name: value for name, value in arguments.items() if name not in {"username", "password", "token"}}
    # A token that is nobody's keeps the login of the environment away.
    return {**kept, "host": host, "token": "none"}


def login(context: Context) -> Result:
    """Try a login, and keep it."""
    from alpine import APIClient
    from alpine._configuration import Address
    from alpine._profile_file import save_profile
    from alpine._profiles import command_words, config_file, store_password
    from alpine.exception import InvalidArgumentException

    options = context.options
    name = options.profile or os.environ.get("ALPINE_PROFILE") or "default"
    host = options.host or os.environ.get("ALPINE_HOST") or _asked("Server: ")
    username = options.username or os.environ.get("ALPINE_USERNAME") or _asked("User name: ")
    if not host or not username:
        raise InvalidArgumentException("Say where to log in: --host URL --username NAME.")
    address = Address.of(host, None, False)
    command = options.password_command
    settings: dict[str, Any] = {"host": address.base_url.removesuffix("/api"), "username": username}
    if command is not None:
        settings["password_command"] = command_words(command, "--password-command")
    password = _password(context, settings, name)
    with APIClient(settings["host"], username=username, password=password) as session:
        version = session.get_version()
    kept = "command"
    if command is None:
        kept = "keyring" if store_password(address, username, password) else "not kept"
    file = save_profile(config_file(), name, settings, default=options.default)
    if kept == "not kept":
        say(
            "The password was not kept: there is no keyring (the extra 'keyring'). Set ALPINE_PASSWORD, or log in with "
            "--password-command COMMAND."
        )
    document = {"profile": name, "file": str(file), **settings, "password": kept, "server_version": version}
    document.setdefault("password_command", None)
    return Result(document, f"Logged in as {username}. Profile {name!r} is in {file}; password: {kept}.")


def _password(context: Context, settings: dict[str, Any], name: str) -> str:
    from alpine._configuration import IncompleteLoginException
    from alpine._profiles import password_from_command

    if context.options.password_stdin:
        found = sys.stdin.readline().rstrip("\r\n")
    elif "password_command" in settings:
        return password_from_command(settings["password_command"], f"password_command of profile {name!r}")
    else:
        found = os.environ.get("ALPINE_PASSWORD") or _asked("Password: ", hidden=True)
    if not found:
        raise IncompleteLoginException(
            "There is no password: pass --password-stdin or --password-command, set ALPINE_PASSWORD, or use a terminal."
        )
    return found


def _asked(question: str, *, hidden: bool = False) -> str:
    """What somebody types at a terminal; nothing where there is none."""
    if sys.stdin is None or not sys.stdin.isatty():
        return ""
    if hidden:
        from getpass import getpass

        return getpass(question)
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().strip()
