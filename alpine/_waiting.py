"""When to ask next: soon at first, then more and more rarely, and never past the deadline."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Generic, TypeVar

from alpine._http.retry import LONGEST_RETRY_AFTER, Clock
from alpine.exception import (
    AlpineException,
    LicenseExpiredException,
    RequestTimeoutException,
    ServerConnectionException,
    ServerErrorException,
    TLSException,
    TooManyRequestsException,
)

T = TypeVar("T")

Waiting = Generator[float, None, T]
"""A wait that somebody else keeps the time of: it asks, says for how many seconds it can rest, and returns in the
end. Many of them can take turns in one thread."""

FORGIVEN = (ServerConnectionException, RequestTimeoutException, ServerErrorException, TooManyRequestsException)
_NOT_FORGIVEN = (TLSException, LicenseExpiredException)
FIRST_GAP = 0.25
"""Seconds until the second question."""
_LEAST_GAP = 0.001
"""Less than this is lost when it is added to a clock's large numbers, and the deadline would never come."""
_SHARE = 0.1
"""The gap as a part of the time so far: an answer is late by a tenth of the wait at most."""

logger = logging.getLogger("alpine.waiting")


@dataclass(frozen=True)
class Waited(Generic[T]):
    """How a wait ended.

    :param value: What was waited for; None at the deadline.
    :param last_error: The failure of the last question, where it failed.
    :param elapsed: Seconds since the beginning.
    """

    value: T | None
    last_error: AlpineException | None
    elapsed: float


def asking(ask: Callable[[float], T | None], clock: Clock, *, longest_gap: float, timeout: float) -> Waiting[Waited[T]]:
    """Ask until there is a value, through lost connections and a server that is down, until the deadline.

    :param ask: Called with the seconds so far; returns None for "not yet".
    :param longest_gap: The longest time between two questions, in seconds.
    :param timeout: Seconds until the last question.
    """
    start = clock.now()
    while True:
        error: AlpineException | None = None
        asked_at = clock.now() - start
        try:
            value = ask(asked_at)
            if value is not None:
                return Waited(value, None, clock.now() - start)
        except FORGIVEN as failure:
            if isinstance(failure, _NOT_FORGIVEN):
                raise
            error = failure
            logger.info("No news, the wait goes on: %s", failure)
        elapsed = clock.now() - start
        if asked_at >= timeout:
            return Waited(None, error, elapsed)
        yield min(_gap(elapsed, longest_gap, error), max(timeout - elapsed, _LEAST_GAP))


def alone(waiting: Waiting[T], clock: Clock) -> T:
    """Go through one wait, sleeping in between."""
    while True:
        try:
            gap = next(waiting)
        except StopIteration as stop:
            value: T = stop.value
            return value
        clock.sleep(gap)


def wait_for(ask: Callable[[float], T | None], clock: Clock, *, longest_gap: float, timeout: float) -> Waited[T]:
    """Go through one wait as :func:`asking` does, sleeping in between."""
    return alone(asking(ask, clock, longest_gap=longest_gap, timeout=timeout), clock)


def _gap(elapsed: float, longest: float, error: AlpineException | None) -> float:
    gap = min(max(FIRST_GAP, elapsed * _SHARE), longest)
    asked = getattr(error, "retry_after", None) or 0.0
    return max(gap, min(asked, LONGEST_RETRY_AFTER))
