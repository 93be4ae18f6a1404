"""How fast a run goes from one operator to the next."""

from __future__ import annotations

import threading
import time

INSTANT, STEP = "instant", "step"


class Pace:
    """The pace of an engine's runs.

    :param pace: ``"instant"``; ``"step"``, where each operator waits for a release; or the seconds for each operator.
    :raises ValueError: it is none of these.
    """

    def __init__(self, pace: str | float = INSTANT) -> None:
        if isinstance(pace, str) and pace not in (INSTANT, STEP):
            raise ValueError(f"The pace is 'instant', 'step' or the seconds for each operator, not {pace!r}.")
        self._pace = pace
        self._changed = threading.Condition()
        self._released = 0

    def release(self, count: int) -> None:
        """Let so many operators go on."""
        with self._changed:
            self._released += count
            self._changed.notify_all()

    def reset(self) -> None:
        """Forget releases that nobody took."""
        with self._changed:
            self._released = 0

    def wake(self) -> None:
        """Have all that are held look whether they are to stop."""
        with self._changed:
            self._changed.notify_all()

    def hold(self, begun: float, stopping: threading.Event) -> None:
        """Hold an operator back as long as the pace says, or until its run is stopped.

        :param begun: when the operator began, on the monotonic clock.
        :param stopping: set when the run is to stop.
        """
        if self._pace == INSTANT:
            return
        if isinstance(self._pace, int | float):
            stopping.wait(max(begun + self._pace - time.monotonic(), 0))
            return
        with self._changed:
            self._changed.wait_for(lambda: self._released > 0 or stopping.is_set())
            if not stopping.is_set():
                self._released -= 1
