"""How runs ended, each by itself and many together."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from alpine._display import html
from alpine._display.html import RichList
from alpine._http.callback import call_back
from alpine._printable import logger_of
from alpine._runs.variables import Variables
from alpine.exception import AlpineException, InvalidArgumentException, RunFlowFailureException, RunFlowTimeoutException
from alpine.results import FlowResults

if TYPE_CHECKING:
    from alpine._runs.handle import FlowRun

logger: logging.Logger = logger_of("alpine.process")


@dataclass(frozen=True)
class RunOutcome:
    """How one of many runs ended.

    :param variables: The variables, as they were given.
    :param process_id: The run; None if it could not be started.
    :param status: ``"SUCCESS"`` or another status of the server; without results ``"FAILED"``, ``"TIMEOUT"``,
        ``"NOT STARTED"`` or ``"UNKNOWN"``.
    :param results: The results of the run, even if it failed; None if there are none.
    :param error: Why the run did not succeed.
    """

    variables: Variables | None
    process_id: FlowRun | None
    status: str
    # Not in the repr: a single document may have megabytes.
    results: FlowResults | None = field(default=None, repr=False)
    error: AlpineException | None = None

    @property
    def _given(self) -> dict[str, object]:
        """The variables by their names, whichever way they were given."""
        variables = self.variables or {}
        if isinstance(variables, Mapping):
            return dict(variables)
        return {str(pair["name"]): pair["value"] for pair in variables}

    @property
    def _reason(self) -> str:
        """Why it is no success, without the run, which is told beside it."""
        if isinstance(self.error, RunFlowFailureException) and self.error.errors:
            return "; ".join(f"{name}: {message}" for name, message in self.error.errors.items())
        said = "" if self.error is None else str(self.error)
        return re.sub(rf"^Run {re.escape(str(self.process_id))} of workflow \d+ ", "", said)

    def _repr_html_(self) -> str:
        run = "" if self.process_id is None else str(self.process_id)
        wrong = [html.note(self._reason, wrong=True)] if self._reason else []
        given = self._given.items()
        head = html.heading("Run", run, status=self.status)
        return html.block(head, *wrong, html.pairs(given) if given else "")


class RunOutcomes(RichList[RunOutcome]):
    """How many runs ended, in the order of their variables."""

    def _in_short(self) -> str:
        good = sum(outcome.error is None for outcome in self)
        return f"<{html.count(len(self), 'run')}, {good} with success>"

    def _repr_html_(self) -> str:
        names = list(dict.fromkeys(name for outcome in self for name in outcome._given))
        rows = [
            (
                *(outcome._given.get(name) for name in names),
                html.Status(outcome.status),
                outcome.process_id,
                outcome._reason,
            )
            for outcome in self
        ]
        columns = (*names, "status", "run", "error")
        return html.block(html.heading(html.count(len(self), "run")), html.table(columns, rows) if rows else "")


OnFinish = Callable[[RunOutcome], object]
"""What is called with the outcome of a run."""


def checked_on_finish(value: object) -> OnFinish | None:
    """Refuse what cannot be called with an outcome.

    :raises InvalidArgumentException: It is no function.
    """
    if value is None or callable(value):
        return value
    raise InvalidArgumentException(f"on_finish must be a function of the outcome of a run, not {value!r:.200}.")


def tell_outcome(on_finish: OnFinish | None, outcome: RunOutcome) -> None:
    """Call the user's function. What it raises is logged: the run is over, and its outcome must not be lost with it."""
    if on_finish is not None:
        call_back(on_finish, outcome, "on_finish", logger)


def status_of(run: FlowRun, error: AlpineException | None) -> str:
    """The status of a run that is over, or that is asked about no more."""
    if run._results is not None:
        return run._results._told("status") or "UNKNOWN"
    if isinstance(error, RunFlowTimeoutException):
        return "TIMEOUT"
    return "FAILED" if isinstance(error, RunFlowFailureException) else "UNKNOWN"
