"""One exception in place of another, with more to say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from alpine.exception import AlpineException

E = TypeVar("E", bound=AlpineException)


def restated(error: AlpineException, kind: type[E], more: str) -> E:
    """A refusal once more, as the kind of exception that it is here, and with more to say."""
    facts = {name: value for name, value in vars(error).items() if name != "reason"}
    return kind(f"{error.reason} {more}", **facts)


@contextmanager
def restating(kind: type[E], restate: Callable[[E], AlpineException | None]) -> Iterator[None]:
    """Raise another exception in place of the one that comes out of the block.

    :param kind: What is replaced.
    :param restate: Makes the other one; None lets the first go on.
    """
    try:
        yield
    except kind as error:
        other = restate(error)
        if other is None:
            raise
        raise other from None
