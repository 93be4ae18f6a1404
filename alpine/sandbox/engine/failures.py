"""How a run, or the wish to start one, can end other than well."""

from __future__ import annotations


class EngineRefused(ValueError):
    """The engine does not take a flow; the server answers with the text as it is.

    :param status: HTTP status of the response.
    :param text: Plain text of the response.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(status, text)
        self.status = status
        self.text = text

    def __str__(self) -> str:
        return self.text


class NodeFailure(Exception):
    """An operator cannot do its work; the run ends as failed, with this reason in its logs."""


class DatabaseFailure(NodeFailure):
    """The database cannot do what an operator asks of it."""


class PlanEnds(Exception):
    """An operator that is looked over before the run needs rows to go on; what it will give is not known yet."""


class RunStopped(Exception):
    """The run was stopped from outside."""
