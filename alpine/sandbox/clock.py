"""The server's clock, which a test may put forward."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta


class MovableClock:
    """The time of another clock, and what it was put forward by.

    :param clock: Gives the time in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._ahead = 0.0
        self._lock = threading.Lock()

    def __call__(self) -> float:
        """Tell the time.

        :returns: Seconds since the epoch.
        """
        return self._clock() + self._ahead

    def move_to(self, moment: float) -> None:
        """Put the clock forward; it never goes back.

        :param moment: The time to reach, in seconds since the epoch.
        """
        with self._lock:
            self._ahead += max(0.0, moment - self())

    def reset(self) -> None:
        """Show the other clock's time again."""
        with self._lock:
            self._ahead = 0.0


def seconds_of(difference: Mapping[str, float]) -> float:
    """A difference between two times, in seconds.

    :param difference: It, in the keywords of :class:`datetime.timedelta`.
    :returns: The seconds; infinitely many where a calendar has no place for them.
    :raises ValueError: A number of it is NaN.

    >>> seconds_of({"hours": 1, "minutes": 30})
    5400.0
    """
    if any(map(math.isnan, difference.values())):
        said = ", ".join(f"{name}={number}" for name, number in difference.items())
        raise ValueError(f"The clock cannot be put forward by {said}.")
    try:
        return timedelta(**difference).total_seconds()
    except OverflowError:
        return math.inf if sum(difference.values()) > 0 else -math.inf
