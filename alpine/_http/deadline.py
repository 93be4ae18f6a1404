"""The deadline of a call: one point on the clock, for its attempts, the pauses between them and what they cause."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_ADVICE = "Pass a longer deadline to give it more time."


class Deadline:
    """The time when a call has to be over.

    :param seconds: Seconds from now.
    :param advice: What the user can do when it is over.
    """

    __slots__ = ("_ends", "advice", "seconds")

    def __init__(self, seconds: float, advice: str = _ADVICE) -> None:
        self.seconds = seconds
        self.advice = advice
        self._ends = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds until then; below 0 afterwards."""
        return self._ends - time.monotonic()

    @property
    def is_over(self) -> bool:
        return self.left <= 0

    def capped(self, timeout: float | None) -> float:
        """A time-out that does not reach beyond the deadline.

        :raises TimeoutError: The deadline is over.
        """
        left = self.left
        if left <= 0:
            raise TimeoutError("the deadline is over")
        return left if timeout is None else min(timeout, left)

    def __str__(self) -> str:
        return f"the deadline of {round(self.seconds, 2):g} s"


_CURRENT: ContextVar[Deadline | None] = ContextVar("alpine_deadline", default=None)


def current() -> Deadline | None:
    """The deadline that holds now in this thread, if there is one."""
    return _CURRENT.get()


@contextmanager
def limited(seconds: float | None, advice: str = _ADVICE) -> Iterator[None]:
    """Let what this block sends take no longer than this in all, nor than the deadline around the block allows.

    The connections ask for it themselves: so it holds for a login that is renewed in the middle of a call, too.

    :param seconds: None for no deadline but the one around it.
    :param advice: What the user can do when it is over.
    """
    if seconds is None:
        yield
        return
    around, own = _CURRENT.get(), Deadline(seconds, advice)
    try:
        # Inside, so that a signal at any moment leaves the thread without this deadline.
        _CURRENT.set(own if around is None or own.left < around.left else around)
        yield
    finally:
        _CURRENT.set(around)
