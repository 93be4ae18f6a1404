"""Writes a profile into the configuration file, and leaves everything else in it as it is."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alpine._arguments import text
from alpine._files import FileSink, open_file
from alpine.exception import InvalidArgumentException, LocalFileException

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_HEADER = re.compile(r"^[ \t]*\[", re.MULTILINE)
_DEFAULT = re.compile(r"^[ \t]*default[ \t]*=.*\n?", re.MULTILINE)


def save_profile(file: Path, name: str, settings: Mapping[str, Any], *, default: bool) -> Path:
    """Add or change a profile; the first one becomes the default.

    Other keys of a profile that is there already, comments and other profiles stay.

    :param file: The configuration file, which is made where it is not there.
    :param settings: The keys to set.
    :param default: Whether to make it the default.
    :raises InvalidArgumentException: The file has a form that only its author can change.
    :raises LocalFileException: It cannot be written.
    """
    if not _BARE.fullmatch(text(name, "profile")):
        raise InvalidArgumentException(
            f"The name of a profile may have letters, digits, '_' and '-' of ASCII; {name!r} has others."
        )
    before = _content_of(file)
    document = _parsed(before, file)
    profiles = document.get("profiles")
    old = profiles.get(name, {}) if isinstance(profiles, dict) else {}
    keys = {**old, **settings}
    if "password_command" not in settings:
        # The login that was just tried came from elsewhere.
        keys.pop("password_command", None)
    table = "".join(f"{key} = {_value(value)}\n" for key, value in keys.items())
    after = _with_table(before, f"[profiles.{name}]", table)
    if default or "default" not in document:
        after = f"default = {json.dumps(name)}\n{_without_default(after)}"
    wanted = {**document, "profiles": {**(profiles or {}), name: keys}}
    wanted["default"] = name if default or "default" not in document else document["default"]
    if _parsed(after, file) != wanted:
        raise InvalidArgumentException(f"Could not change the profile {name!r} in {file}: please edit it by hand.")
    _write(file, after)
    return file


def _content_of(file: Path) -> str:
    if not file.exists():
        return ""
    with open_file(file) as opened:
        return opened.read().decode("utf-8-sig", "replace")


def _parsed(content: str, file: Path) -> dict[str, Any]:
    reason = ""
    try:
        return tomllib.loads(content)
    except ValueError as error:
        reason = f"{file} is not TOML: {error}"
    raise InvalidArgumentException(reason)


def _with_table(content: str, header: str, table: str) -> str:
    start = re.search(rf"^[ \t]*{re.escape(header)}[^\n]*\n?", content, re.MULTILINE)
    if start is None:
        gap = "" if not content else "\n" if content.endswith("\n") else "\n\n"
        return f"{content}{gap}{header}\n{table}"
    following = _HEADER.search(content, start.end())
    rest = "" if following is None else f"\n{content[following.start() :]}"
    return f"{content[: start.start()]}{header}\n{table}{rest}"


def _without_default(content: str) -> str:
    first = _HEADER.search(content)
    head = content if first is None else content[: first.start()]
    return _DEFAULT.sub("", head) + content[len(head) :]


def _value(value: Any) -> str:
    """A value as TOML has it."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{json.dumps(key)} = {_value(each)}' for key, each in value.items())} }}"
    # DEL is the one character that JSON writes as it is and TOML does not take.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _write(file: Path, content: str) -> None:
    reason = ""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not file.exists():
            # FileSink keeps the mode of a file that is there: nobody else reads this one.
            os.close(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600))
    except OSError as error:
        reason = f"Could not write {file}: {error.strerror or type(error).__name__}."
    if reason:
        raise LocalFileException(reason)
    with FileSink(file, file.name) as sink:
        sink.start({})
        sink.write(content.encode())
        sink.finish()
