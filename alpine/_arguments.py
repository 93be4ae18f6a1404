"""What arguments may look like: refused here, before anything is sent."""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, ParamSpec, SupportsIndex, TypeVar, overload
from urllib.parse import quote, unquote

from alpine._constants import equal
from alpine.exception import InvalidArgumentException, InvalidResponseException, NotFoundException

P = ParamSpec("P")
R = TypeVar("R")

METHODS = ("GET", "POST", "PUT", "DELETE")

Id = SupportsIndex | str
"""An id: a whole number of any type, or a string of digits."""


def identifier(value: Any, name: str, missing: type[NotFoundException]) -> int:
    """The number behind an id.

    :param missing: What is raised where the thing does not exist.
    :raises NotFoundException: Nothing can have such an id: it is a string that is no number, or a negative number.
    :raises InvalidArgumentException: It is neither a whole number nor a string.
    """
    number = _whole_number(value)
    if number is None:
        raise InvalidArgumentException(f"{name} must be a whole number, not {value!r:.200}.")
    if number < 0:
        lookup = f" {missing.by_name} finds the id for a name." if missing.by_name else ""
        raise missing(f"There is nothing with {name} {value!r:.200}: ids are numbers from 0 up.{lookup}")
    return number


def _whole_number(value: Any) -> int | None:
    """The number that a value is; negative for any other string, and None for what is neither."""
    if isinstance(value, str):
        return int(value) if value.strip().isdecimal() and len(value) < 20 else -1
    # The class is asked, not the protocol: that costs a tenth, in every call.
    if not hasattr(type(value), "__index__") or isinstance(value, bool):
        return None
    try:
        return operator.index(value)
    except TypeError:
        # An array has the method, and means something else by it.
        return None


def text(value: object, name: str) -> str:
    """Refuse what is no string, or is empty.

    :raises InvalidArgumentException: It is so.
    """
    if not isinstance(value, str) or not value.strip():
        raise InvalidArgumentException(f"{name} must be a non-empty string, not {value!r}.")
    return str(value)


def words(value: object, name: str) -> str | None:
    """A string, which may be empty; None for what was not given.

    :raises InvalidArgumentException: It is something else, which is not shown: it may be a password.
    """
    if value is None or isinstance(value, str):
        return value
    raise InvalidArgumentException(f"{name} must be a string, not {type(value).__name__}.")


def page_size(per_page: object) -> int:
    """How many rows of a list to ask for at a time.

    :raises InvalidArgumentException: It is no such number.
    """
    return number(per_page, "per_page", least=1, whole=True)


def process_id_of(value: object) -> str:
    """The id of a run, which is opaque: any non-empty string."""
    return text(value, "process_id")


def segment(value: object) -> str:
    """A value as one segment of a URL's path."""
    quoted = quote(str(value), safe="", errors="surrogatepass")
    if quoted in {".", ".."}:
        raise InvalidArgumentException(f"{value!r} cannot be part of a URL.")
    return quoted


def path_below(path: object) -> str:
    """A path as a caller writes it, relative to the root it belongs to.

    :raises InvalidArgumentException: It could lead elsewhere.
    """
    given_path = text(path, "path").strip("/")
    parts = re.split(r"[/\\]", unquote(given_path.partition("?")[0]))
    odd = not given_path.isprintable() or {" ", "#", "\\"} & set(given_path)
    if "://" in given_path or odd or {".", ".."} & set(parts):
        raise InvalidArgumentException(f"path must be a path below the API, such as 'workspaces/1', not {path!r}.")
    return given_path


@overload
def number(value: object, name: str, *, least: float, whole: Literal[True]) -> int: ...
@overload
def number(value: object, name: str, *, least: float = ...) -> float: ...
def number(value: Any, name: str, *, least: float = 0.0, whole: bool = False) -> float:
    """A finite number that is not too small.

    :raises InvalidArgumentException: It is none.
    """
    if not isinstance(value, bool):
        try:
            result: float = operator.index(value) if whole else float(value)
        except (TypeError, ValueError, OverflowError):
            result = float("nan")
        if least <= result < float("inf"):
            return result
    kind = "whole number" if whole else "number"
    raise InvalidArgumentException(f"{name} must be a {kind} of at least {least:g}, not {value!r}.")


def choice(value: object, name: str, allowed: Iterable[str]) -> str:
    """One of a few words.

    :raises InvalidArgumentException: It is another.
    """
    options = list(allowed)
    if not any(equal(value, option) for option in options):
        raise InvalidArgumentException(f"{name} must be one of {', '.join(map(repr, options))}, not {value!r}.")
    return str(value)


def nearest(name: str, names: Iterable[str]) -> str:
    """A sentence that names what was probably meant; empty where nothing is near."""
    import difflib  # needed only where something was not found

    by_fold = {candidate.casefold(): candidate for candidate in names}
    near = difflib.get_close_matches(name.casefold(), by_fold, n=1, cutoff=0.6)
    return f" Did you mean {by_fold[near[0]]!r}?" if near else ""


def names_of(columns: object) -> list[str]:
    """The names of columns, each once.

    :raises InvalidArgumentException: They are none.
    """
    if isinstance(columns, str | bytes) or not isinstance(columns, Iterable):
        raise InvalidArgumentException(f"columns must be a list of names, not {columns!r}.")
    names = list(dict.fromkeys(text(each, "each of columns") for each in columns))
    if not names:
        raise InvalidArgumentException("columns must name at least one column.")
    return names


def given(**values: object) -> dict[str, object]:
    """The values that were given: None means that one was not."""
    return {name: value for name, value in values.items() if value is not None}


def find_id(
    rows: Iterable[Mapping[str, Any]],
    key: str,
    name: object,
    thing: str,
    missing: type[NotFoundException],
    *,
    where: str = "",
) -> int:
    """The id of the row of a name: as it is written, else in other capitals.

    :raises NotFoundException: There is none; the message names the nearest.
    """
    return sent_id(find_named(rows, key, name, thing, missing, where=where), thing)


def sent_id(row: Mapping[str, Any], thing: str) -> int:
    """The id in a row that the server sent.

    :raises InvalidResponseException: There is none.
    """
    value = row.get("id")
    number = _whole_number(value)
    if number is None or number < 0:
        raise InvalidResponseException(
            f"The server's response makes no sense: {value!r:.100} cannot be the id of a {thing}."
        )
    return number


def find_named(
    rows: Iterable[Mapping[str, Any]],
    key: str,
    name: object,
    thing: str,
    missing: type[NotFoundException],
    *,
    where: str = "",
) -> Mapping[str, Any]:
    """The row of a name, as :func:`find_id` finds it."""
    wanted = text(name, f"the name of the {thing}")
    others: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        label = str(row.get(key))
        if label == wanted:
            return row
        others.setdefault(label, row)
    for label, row in others.items():
        if label.casefold() == wanted.casefold():
            return row
    raise missing(
        f"There is no {thing} {wanted!r}{where} among the {len(others)} that this user sees.{nearest(wanted, others)}"
    )


def also_known_as(**other_names: str) -> Callable[[Callable[P, R]], Callable[..., R]]:
    """Let a keyword argument have a second name, as in ``also_known_as(workflow_id="workfile_id")``."""

    def decorate(function: Callable[P, R]) -> Callable[..., R]:
        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            for other, name in other_names.items():
                if other in kwargs:
                    if name in kwargs:
                        raise InvalidArgumentException(f"Give either {name} or {other}, not both.")
                    kwargs[name] = kwargs.pop(other)
            return function(*args, **kwargs)

        return call

    return decorate
