"""SIGTERM ends a command as Ctrl-C does: with an exception that it can still tell about."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

_ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]


class Interrupts:
    """The signals that ask a process to end."""

    def __init__(self) -> None:
        self.came = False
        """Whether there was one. Packages in C make another error of the exception while they are being imported."""

    def interrupt(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - what a handler is given
        """Raise KeyboardInterrupt."""
        self.came = True
        raise KeyboardInterrupt


@contextlib.contextmanager
def as_interrupts() -> Iterator[Interrupts]:
    """Raise KeyboardInterrupt for what asks a process to end; a signal that is ignored, as by nohup, stays ignored."""
    interrupts = Interrupts()
    before = {number: signal.getsignal(number) for number in _ENDING}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, interrupts.interrupt)
    try:
        yield interrupts
    finally:
        for number, handler in before.items():
            if handler is not None:
                signal.signal(number, handler)
