"""What was worked out before and would come out the same."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

_MOST_CHARACTERS = 8_000_000


class Kept(Generic[T]):
    """Values by the text that they follow from; what was not asked for the longest time is forgotten first.

    :param most: How many characters the texts and their values, as text, may have together.
    """

    def __init__(self, most: int = _MOST_CHARACTERS) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._values: dict[str, tuple[T, int]] = {}
        self._characters = 0

    def get(self, text: str, work: Callable[[], T]) -> T:
        """The value of a text.

        :param text: What the value follows from, and nothing else.
        :param work: Works it out; what it raises is raised, and nothing is kept.
        """
        with self._lock:
            if text in self._values:
                # The last of a dict is the one that was added last.
                self._values[text] = found = self._values.pop(text)
                return found[0]
        value = work()
        size = len(text) + len(str(value))
        with self._lock:
            if text not in self._values:
                self._values[text] = (value, size)
                self._characters += size
            while self._characters > self._most:
                self._characters -= self._values.pop(next(iter(self._values)))[1]
        return value
