"""The runs that somebody waits for: stopped, or named, when something ends the wait before they are over."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from alpine._printable import logger_of, tell

if TYPE_CHECKING:
    from alpine._runs.handle import FlowRun

logger: logging.Logger = logger_of("alpine.unfinished")


class Unfinished:
    """The runs of one workflow that were started and are not known to be over.

    :param workflow_id: The workflow.
    :param stop: Whether to stop them when something ends the wait.
    """

    def __init__(self, workflow_id: int, *, stop: bool = False) -> None:
        self.starting = False
        """Whether a run has been asked for, and its id is not known yet."""
        self.workflow_id = workflow_id
        self._stop = stop
        self._runs: dict[str, FlowRun] = {}
        self._stopped: list[str] = []

    def __bool__(self) -> bool:
        return bool(self._runs)

    def begun(self, run: FlowRun) -> FlowRun:
        """The id of a run is known."""
        self._runs[run] = run
        self.starting = False
        return run

    def over(self, run: FlowRun) -> None:
        """A run has ended, or will be asked about no more."""
        self._runs.pop(run, None)

    def leave(
        self, error: BaseException | None, tell_how: Callable[[BaseException | None], None] | None = None
    ) -> None:
        """Stop the runs where that is wanted, and tell which of them go on.

        An exception that interrupts the stopping is told the same as the first: it is the one that the user sees.

        :param error: What ends the wait; None where there is no exception.
        :param tell_how: How to tell it; a note of the exception otherwise.
        """
        how = tell_how or self.note
        try:
            if self._stop:
                for run in list(self._runs.values()):
                    if run.try_to_stop():
                        self._stopped.append(run)
        except BaseException as second:
            how(second)
            raise
        finally:
            how(error)

    @property
    def going(self) -> bool:
        """Whether a run may go on."""
        return self.starting or any(run not in self._stopped for run in self._runs)

    def was_stopped(self, run: str | None) -> bool:
        """Whether a run was stopped because something ended the wait."""
        return run in self._stopped

    def words(self) -> str:
        """What became of the runs; nothing where none was left."""
        left = [run for run in self._runs if run not in self._stopped]
        workflow, said = self.workflow_id, []
        if self._stop and self._runs:
            names, stopped = ", ".join(self._runs), ", ".join(self._stopped) or "none"
            said.append(
                f"Of the runs of workflow {workflow} that were in progress ({names}), these were stopped: {stopped}."
            )
        if left:
            these = "This run" if len(left) == 1 else "These runs"
            said.append(
                f"{these} of workflow {workflow} may go on: {', '.join(left)}. "
                f"session.workfile.process.attach({workflow}, process_id) returns a run, to wait for it or stop it."
            )
        if self.starting:
            said.append(f"Another run was being started and may go on: look in the results of workflow {workflow}.")
        return " ".join(said)

    def note(self, error: BaseException | None, more: str = "") -> None:
        """Add the words to an exception.

        :param more: What else there is to say.
        """
        said = f"{self.words()} {more}".strip()
        if error is not None and said:
            error.add_note(said)
            if isinstance(error, SystemExit):
                # Python ends without a traceback then, and its notes are shown to nobody.
                tell(logger, said)
