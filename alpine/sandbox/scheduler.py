"""Starts the jobs whose time has come."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from alpine.sandbox.schedule import due
from alpine.sandbox.state.model import Job

if TYPE_CHECKING:
    from alpine.sandbox.backend import Backend
    from alpine.sandbox.clock import MovableClock

log: logging.Logger = logging.getLogger("alpine.sandbox")

# A clock that a test gives to the sandbox may jump without a word; the real scheduler looks as often.
_LONGEST_SLEEP = 60.0
_LOOK_SECONDS = 0.05


class Scheduler:
    """A thread that sleeps until the next job is due.

    :param backend: The records and the job runner.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._changed = threading.Condition(backend.state.lock)
        # Whoever starts jobs holds it, so that a clock that is put forward and the thread do not meet.
        self._turn = threading.Lock()
        self._halted = False
        self._closed = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to look for jobs that are due."""
        self._thread = threading.Thread(target=self._serve, name="sandbox scheduler", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Have the thread look again: a job was changed, or its run is over."""
        with self._changed:
            self._changed.notify_all()

    def advance(self, clock: MovableClock, seconds: float, wait: float) -> None:
        """Put the clock forward from one due run to the next, and start each at its time.

        :param clock: The clock of the records.
        :param seconds: By how much.
        :param wait: The seconds to wait for the end of each run, and of those that go on already.
        """
        with self._turn:
            end = clock() + seconds
            for job in self._busy():
                self._backend.jobs.wait(job, wait)
            while (first := self._first(end)) is not None:
                moment, job = first
                clock.move_to(moment)
                self._start(job)
                self._backend.jobs.wait(job, wait)
            if not self._halted:
                clock.move_to(end)
        self.wake()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Start no job meanwhile; a clock that is being put forward stops where it is, and all runs end."""
        self._halted = True
        try:
            # Once for a clock that waits for a run, and once for a run that was started at the last moment.
            self._backend.jobs.stop_all()
            with self._turn:
                self._backend.jobs.stop_all()
                yield
        finally:
            self._halted = self._closed
        self.wake()

    def close(self) -> None:
        """Start no job any more, and end the thread."""
        self._closed = self._halted = True
        self.wake()
        # A clock that is being put forward waits for a run.
        self._backend.jobs.stop_all()
        if self._thread is not None:
            self._thread.join()

    def _serve(self) -> None:
        while not self._closed:
            with self._changed:
                seconds = self._seconds_to_next()
                if seconds > 0 and not self._closed:
                    self._changed.wait(seconds)
                    continue
            with self._turn:
                while (first := self._first(self._backend.state.clock())) is not None:
                    self._start(first[1])

    def _seconds_to_next(self) -> float:
        if self._halted:
            return _LOOK_SECONDS
        now = self._backend.state.clock()
        first = self._first(now + _LONGEST_SLEEP)
        return _LONGEST_SLEEP if first is None else first[0] - now

    def _first(self, until: float) -> tuple[float, Job] | None:
        with self._backend.state.lock:
            moments = [(moment.timestamp(), job) for job in self._backend.state.jobs if (moment := due(job))]
        first = min(moments, key=lambda pair: (pair[0], pair[1].id), default=None)
        return None if first is None or first[0] > until or self._halted else first

    def _busy(self) -> list[Job]:
        with self._backend.state.lock:
            return [job for job in self._backend.state.jobs if job.status != "idle"]

    def _start(self, job: Job) -> None:
        with self._backend.state.lock:
            # Somebody may have run, disabled or deleted it in between.
            if due(job) is not None:
                log.info("job %d %r is due", job.id, job.name)
                job.status = "enqueued"
                self._backend.jobs.start(job)
