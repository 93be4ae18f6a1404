"""The retry policy, in one place: which failures are met with another attempt, when, and for how long.

* A call says itself whether it may be repeated; the HTTP method decides nothing.
* A connection that was never made is tried again for every call: nothing was sent.
* A connection lost, a time-out, and the responses 429, 502, 503 and 504 are tried again for calls that may be repeated.
* A certificate that cannot be trusted is never tried again.
* The gap is drawn at random between 0 and a bound that doubles (full jitter), or is what ``Retry-After`` asks for.
* All attempts of one call together may take no longer than the budget, and end before a deadline.
"""

from __future__ import annotations

import random
import time
from contextlib import suppress
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Protocol

from urllib3.util.retry import RequestHistory, Retry

from alpine._clock import LONGEST_RETRY_AFTER, Clock
from alpine._http import deadline
from alpine._http.failure import Failure

LOST_BEHIND_GATEWAY = frozenset({502, 504})
"""A gateway lost the server behind it: the work may have been done."""
RETRIED_STATUSES = frozenset({429, 502, 503, 504})
BUDGET = 120.0


class Answered(Protocol):
    """What the policy reads of a response."""

    status: int

    def header(self, name: str) -> str | None: ...


def retry_policy(total: int = 4, backoff_factor: float = 0.5, backoff_max: float = 20.0) -> Retry:
    """Return a retry policy, for :attr:`alpine.apiclient.APIClient.retries`.

    :param total: The number of attempts after the first; 0 switches retries off.
    :param backoff_factor: Seconds; the n-th pause is at most ``backoff_factor * 2 ** (n - 1)``, the first is 0.
    :param backoff_max: Seconds; no pause is longer, unless the server's ``Retry-After`` is.

    Example:

    >>> from alpine import retry_policy
    >>> retry_policy(total=2).total
    2
    """
    return Retry(total=total, backoff_factor=backoff_factor, backoff_max=backoff_max)


class Attempts:
    """The attempts of one call."""

    late = False
    """Whether the deadline left no time for another attempt."""

    def __init__(self, policy: Retry, clock: Clock, *, idempotent: bool) -> None:
        self._policy = policy
        self._clock = clock
        self._idempotent = idempotent
        self._ends = clock.now() + BUDGET

    def another(self, outcome: Answered | Failure) -> bool:
        """Wait for the next attempt, if there is to be one after this outcome."""
        wanted = self._gap_wanted(outcome)
        if wanted is None or not self._policy.total:
            return False
        history = (*self._policy.history, RequestHistory(None, None, None, None, None))
        self._policy = self._policy.new(total=int(self._policy.total) - 1, history=history)
        gap = wanted or random.uniform(0, self._policy.get_backoff_time())  # noqa: S311 - no secret depends on it
        if self._clock.now() + gap > self._ends:
            return False
        limit = deadline.current()
        if limit is not None and gap >= limit.left:
            self.late = True
            return False
        self._clock.sleep(gap)
        return True

    def _gap_wanted(self, outcome: Answered | Failure) -> float | None:
        """Seconds the server asks for, 0 where the policy decides, None for no further attempt."""
        if isinstance(outcome, Failure):
            return 0.0 if outcome.retried and (self._idempotent or not outcome.sent) else None
        if not self._idempotent or outcome.status not in RETRIED_STATUSES:
            return None
        asked = retry_after(outcome)
        return None if asked is not None and asked > LONGEST_RETRY_AFTER else asked or 0.0


def retry_after(response: Answered) -> float | None:
    """The seconds that a response's ``Retry-After`` asks for, from either of its forms."""
    value = response.header("Retry-After")
    if value is None:
        return None
    with suppress(ValueError):
        seconds = float(value)
        return seconds if seconds >= 0 else None
    then = _instant(value)
    # By the server's own clock, where it tells: this machine's may be wrong.
    return None if then is None else max(0.0, then - (_instant(response.header("Date")) or time.time()))


def _instant(date: str | None) -> float | None:
    try:
        when = parsedate_to_datetime(date or "")
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
