"""How fast a run goes from one operator to the next."""

from __future__ import annotations

import threading
import time

INSTANT, STEP = "instant", "step"


class Pace:
    """The pace of an engine's runs.

    :param pace: ``"instant"``; ``"step"``, where each operator waits for a release; or the seconds for each operator.
    :raises ValueError: It is none of these.
    """

    def __init__(self, pace: str | float = INSTANT) -> None:
        self._pace = checked(pace)
        self._changed = threading.Condition()
        self._released = 0

    @property
    def is_instant(self) -> bool:
        """Whether nothing is held back."""
        return self._pace == INSTANT

    def change(self, pace: str | float) -> None:
        """Take another pace; operators that are held at the pace ``"step"`` go on when it is left.

        :param pace: As for a new one.
        :raises ValueError: It is none.
        """
        with self._changed:
            self._pace = checked(pace)
            self._changed.notify_all()

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

        :param begun: When the operator began, on the monotonic clock.
        :param stopping: Set when the run is to stop.
        """
        if self._pace == INSTANT:
            return
        pace = self._pace
        if isinstance(pace, int | float):
            stopping.wait(max(begun + pace - time.monotonic(), 0))
            return
        with self._changed:
            self._changed.wait_for(lambda: self._released > 0 or stopping.is_set() or self._pace != STEP)
            if self._pace == STEP and not stopping.is_set():
                self._released -= 1


def checked(pace: str | float) -> str | float:
    """Make sure that something is a pace.

    :param pace: ``"instant"``, ``"step"`` or the seconds for each operator.
    :returns: The same.
    :raises ValueError: It is none of these.
    """
    if pace in (INSTANT, STEP) or (isinstance(pace, int | float) and 0 <= pace < threading.TIMEOUT_MAX):
        return pace
    raise ValueError(f"The pace is 'instant', 'step' or the seconds for each operator, not {pace!r}.")
