"""When to ask next: soon at first, then more and more rarely, and never past the deadline."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Generic, TypeVar

from alpine._clock import LONGEST_RETRY_AFTER, Clock
from alpine._printable import logger_of
from alpine.exception import (
    AlpineException,
    InvalidResponseException,
    LicenseExpiredException,
    RedirectException,
    RequestTimeoutException,
    ServerConnectionException,
    ServerErrorException,
    TLSException,
    TooManyRequestsException,
)

T = TypeVar("T")

Poll = Generator[float, None, T]
"""A wait that somebody else keeps the time of: it asks, says for how many seconds it can rest, and returns in the
end. Many of them can take turns in one thread."""

FORGIVEN = (ServerConnectionException, RequestTimeoutException, ServerErrorException, TooManyRequestsException)
_NOT_FORGIVEN = (TLSException, LicenseExpiredException)
_SENSELESS = (InvalidResponseException, RedirectException)
_SENSELESS_BORNE = 120.0
"""Seconds for which responses may make no sense before the wait ends with the last of them."""
_FIRST_GAPS = (0.02, 0.04, 0.08, 0.16)
"""Seconds between the first questions: a small flow on a server nearby takes no longer."""
SHORT_GAP = 0.25
"""The shortest gap after these, in seconds, and after a question that failed."""
_LEAST_GAP = 0.001
"""Less than this is lost when it is added to a clock's large numbers, and the deadline would never come."""
LAST_LOOK = 4.0
"""Seconds that a question gets at the least. The last one before the end of a wait, one after it, and then a stop or
the results may each take them beyond the end: 12 seconds in all, of the 15 that are promised."""
_SHARE = 0.107
"""The gap as a part of the time so far: the end is noticed about a tenth of the wait late at most. With less, there
would be more than 45 questions in the first minute."""

logger: logging.Logger = logger_of("alpine.waiting")


@dataclass(frozen=True)
class PollResult(Generic[T]):
    """How a wait ended.

    :param value: What was waited for; None at the deadline.
    :param last_error: The failure of the last question, where it failed.
    :param elapsed: Seconds since the beginning.
    """

    value: T | None
    last_error: AlpineException | None
    elapsed: float


def poll(ask: Callable[[float], T | None], clock: Clock, *, longest_gap: float, timeout: float) -> Poll[PollResult[T]]:
    """Ask until there is a value, through lost connections and a server that is down, until the deadline.

    :param ask: Called with the seconds so far; returns None for "not yet".
    :param longest_gap: The longest time between two questions, in seconds.
    :param timeout: Seconds until the last question.
    """
    start = clock.now()
    senseless_since: float | None = None
    first_gaps = iter(_FIRST_GAPS)
    while True:
        error: AlpineException | None = None
        asked_at = clock.now() - start
        try:
            value = ask(asked_at)
            if value is not None:
                return PollResult(value, None, clock.now() - start)
            senseless_since = None
        except FORGIVEN as failure:
            if isinstance(failure, _NOT_FORGIVEN):
                raise
            error, senseless_since = failure, None
        except InvalidResponseException as failure:
            # A page in place of a response, as a proxy shows it during a restart; not a server that says no.
            senseless_since = asked_at if senseless_since is None else senseless_since
            if type(failure) not in _SENSELESS or asked_at - senseless_since > _SENSELESS_BORNE:
                raise
            error = failure
        if error is not None:
            logger.info("No usable response, the wait goes on: %s", error)
        elapsed = clock.now() - start
        if asked_at >= timeout:
            return PollResult(None, error, elapsed)
        shortest = next(first_gaps, SHORT_GAP) if error is None else SHORT_GAP
        yield min(_gap(elapsed, shortest, longest_gap, error), max(timeout - elapsed, _LEAST_GAP))


def time_for(left: float) -> float:
    """The deadline of a question, in seconds from now.

    :param left: Seconds until the end of the wait, or below 0 since then.
    """
    return left + LAST_LOOK if left > 0 else max(left + 2 * LAST_LOOK, LAST_LOOK)


def run_poll(waiting: Poll[T], clock: Clock) -> T:
    """Go through one wait, sleeping in between."""
    while True:
        try:
            gap = next(waiting)
        except StopIteration as stop:
            value: T = stop.value
            return value
        clock.sleep(gap)


def wait_for(ask: Callable[[float], T | None], clock: Clock, *, longest_gap: float, timeout: float) -> PollResult[T]:
    """Go through one wait as :func:`poll` does, sleeping in between."""
    return run_poll(poll(ask, clock, longest_gap=longest_gap, timeout=timeout), clock)


def _gap(elapsed: float, shortest: float, longest: float, error: AlpineException | None) -> float:
    gap = min(max(shortest, elapsed * _SHARE), longest)
    asked = getattr(error, "retry_after", None) or 0.0
    return max(gap, min(asked, LONGEST_RETRY_AFTER))
