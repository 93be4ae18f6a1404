"""How many threads the library of linear algebra takes for one product of matrices."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any


class _Limit:
    """The limit that all who asked for one share."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._limits: Any = None

    def take(self) -> None:
        with self._lock:
            if not self._users:
                self._limits = _controller().limit(limits=1, user_api="blas")
            self._users += 1

    def give_back(self) -> None:
        with self._lock:
            self._users -= 1
            if not self._users:
                self._limits.restore_original_limits()


@cache
def _controller() -> Any:
    import numpy as np  # noqa: F401 - what is to be limited has to be loaded
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


_limit = _Limit()


@contextmanager
def one_thread() -> Iterator[None]:
    """Let products of matrices take one thread each, in the whole process, until the last who asked for it is done.

    Blocks of rows are small. With more threads than free cores, as where runs go side by side, the threads of each
    small product wait for one another, and a fit takes ten times as long.
    """
    _limit.take()
    try:
        yield
    finally:
        _limit.give_back()
