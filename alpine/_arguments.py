"""What arguments may look like: refused here, before anything is sent."""

from __future__ import annotations

import difflib
import functools
import operator
from collections.abc import Callable, Iterable
from typing import Any, Literal, ParamSpec, SupportsIndex, TypeVar, overload
from urllib.parse import quote

from alpine.exception import InvalidArgumentException

P = ParamSpec("P")
R = TypeVar("R")

Id = SupportsIndex | str
"""An id: a whole number of any type, or a text of digits."""


def identifier(value: object, name: str) -> int:
    """The number behind an id.

    :raises InvalidArgumentException: It is no id.
    """
    if isinstance(value, str):
        if value.strip().isdecimal() and len(value) < 20:
            return int(value)
        raise InvalidArgumentException(f"{name} must be a number, not {value!r}; get_id finds the id for a name.")
    if not isinstance(value, SupportsIndex) or isinstance(value, bool) or (number := operator.index(value)) < 0:
        raise InvalidArgumentException(f"{name} must be a whole number, not {value!r}.")
    return number


def text(value: object, name: str) -> str:
    """Refuse what is no text, or is empty.

    :raises InvalidArgumentException: It is so.
    """
    if not isinstance(value, str) or not value.strip():
        raise InvalidArgumentException(f"{name} must be a non-empty text, not {value!r}.")
    return str(value)


def process_id_of(value: object) -> str:
    """The id of a run, which is opaque: any non-empty text."""
    return text(value, "process_id")


def segment(value: object) -> str:
    """A value as one segment of a URL's path."""
    quoted = quote(str(value), safe="")
    if quoted in {".", ".."}:
        raise InvalidArgumentException(f"{value!r} cannot be part of an address.")
    return quoted


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
    if value not in options:
        raise InvalidArgumentException(f"{name} must be one of {', '.join(map(repr, options))}, not {value!r}.")
    return str(value)


def nearest(name: str, names: Iterable[str]) -> str:
    """A sentence that names what was probably meant; empty where nothing is near."""
    by_fold = {candidate.casefold(): candidate for candidate in names}
    near = difflib.get_close_matches(name.casefold(), by_fold, n=1, cutoff=0.6)
    return f" Did you mean {by_fold[near[0]]!r}?" if near else ""


def also_known_as(**other_names: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a keyword argument have a second name, as in ``also_known_as(workflow_id="workfile_id")``."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
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
