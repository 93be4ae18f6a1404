"""The steps of a flow, side by side where they do not wait for each other, their outcomes in order all the same."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from queue import SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")


class Branches(Generic[T]):
    """Goes through steps, each after those that it waits for.

    What is told of the steps is what would be told if one came after the other: the outcomes come in the order of the
    steps and end with the first that is a failure, whatever the steps behind it have done meanwhile.

    :param steps: The names of the steps, in an order in which they can be done.
    :param before: The steps that each waits for.
    :param is_failure: Whether an outcome ends the steps.
    """

    def __init__(
        self, steps: Sequence[str], before: Mapping[str, Sequence[str]], is_failure: Callable[[T], bool]
    ) -> None:
        self._steps = steps
        self._before = before
        self._is_failure = is_failure
        self._left = list(range(len(steps)))
        self._running: set[int] = set()
        self._done: set[str] = set()
        self._outcomes: dict[int, T] = {}
        self._news: SimpleQueue[tuple[int, T | None, BaseException | None]] = SimpleQueue()
        self._end = len(steps)
        """The place behind the last step that counts: behind the first failure that is known."""

    def run(
        self,
        work: Callable[[str], T],
        tell: Callable[[T], None],
        most: Callable[[], int],
        stop: Callable[[str], None],
    ) -> list[T]:
        """Do the steps, and return when none goes on; an exception of one that counts, or of ``tell``, ends them all.

        :param work: Does a step, in a thread of its own where others go on beside it.
        :param tell: Called with each outcome, in the order of the steps, in the caller's thread.
        :param most: How many steps may go on side by side now.
        :param stop: Called with the name of a step that goes on and does not count any more.
        :returns: The outcomes of steps that do not count, since one before them failed.
        """
        told = 0
        try:
            while told < self._end:
                self._start(work, most())
                self._take(stop)
                while told in self._outcomes and told < self._end:
                    tell(self._outcomes.pop(told))
                    told += 1
        except BaseException:
            self._end = 0
            self._stop_what_does_not_count(stop)
            raise
        finally:
            while self._running:
                self._take(stop)
        return list(self._outcomes.values())

    def _start(self, work: Callable[[str], T], most: int) -> None:
        free = max(most, 1) - len(self._running)
        ready = [place for place in self._left if place < self._end and self._is_ready(place)][:free]
        # A step that is alone needs no thread: nothing can begin before its end.
        is_alone = len(ready) == 1 and not self._running
        for place in ready:
            self._left.remove(place)
            self._running.add(place)
            if is_alone:
                self._do(work, place)
            else:
                # Work that nothing breaks off must not keep the program from its end.
                name = f"operator {self._steps[place]}"
                threading.Thread(target=self._do, args=(work, place), name=name, daemon=True).start()

    def _is_ready(self, place: int) -> bool:
        return self._done.issuperset(self._before.get(self._steps[place], ()))

    def _do(self, work: Callable[[str], T], place: int) -> None:
        try:
            self._news.put((place, work(self._steps[place]), None))
        except BaseException as error:  # noqa: BLE001 - it is raised in the thread that waits
            self._news.put((place, None, error))

    def _take(self, stop: Callable[[str], None]) -> None:
        """Wait for the end of a step."""
        place, outcome, error = self._news.get()
        self._running.remove(place)
        if error is not None:
            if place < self._end:
                raise error
            return
        self._outcomes[place] = outcome  # type: ignore[assignment]
        if self._is_failure(self._outcomes[place]):
            self._end = min(self._end, place + 1)
            self._stop_what_does_not_count(stop)
        else:
            self._done.add(self._steps[place])

    def _stop_what_does_not_count(self, stop: Callable[[str], None]) -> None:
        for place in self._running:
            if place >= self._end:
                stop(self._steps[place])
