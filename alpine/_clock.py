"""The time as the client sees it, and the longest pause that a server may ask for."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

LONGEST_RETRY_AFTER = 120.0
"""Seconds that a server may ask for with ``Retry-After``; more is no pause any more."""


@dataclass(frozen=True)
class Clock:
    """The time as the client sees it; replaced in tests."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
