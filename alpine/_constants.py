"""Names for the words and numbers that the server uses, and what counts as one of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from alpine.exception import InvalidArgumentException


class Constants:
    """A set of names; iterating over an instance gives what they stand for, in order."""

    def __iter__(self) -> Iterator[Any]:
        return iter(self.values())

    @classmethod
    def values(cls) -> list[Any]:
        """What the names stand for."""
        return [value for name, value in vars(cls).items() if not name.startswith("_")]

    @classmethod
    def checked(cls, value: object, name: str) -> Any:
        """One of what the names stand for, as the server writes it.

        :raises InvalidArgumentException: It is something else.
        """
        for known in cls.values():
            if equal(value, known) and not isinstance(value, bool):
                return known
        options = ", ".join(map(repr, cls.values()))
        raise InvalidArgumentException(f"{name} must be one of {options}, not {value!r}.")


def flag(value: object, name: str) -> bool | None:
    """Yes, no, or None for what was not given. A string is neither: ``"false"`` would count as true.

    :raises InvalidArgumentException: It is something else.
    """
    if value is None:
        return None
    if isinstance(value, str) or not (equal(value, True) or equal(value, False)):
        raise InvalidArgumentException(f"{name} must be True or False, not {value!r}.")
    return bool(value)


def equal(value: object, known: object) -> bool:
    """Whether a value is one that is known; an array has no answer to that, and is none."""
    try:
        return bool(value == known)
    except Exception:  # noqa: BLE001 - what anybody's class raises
        return False
