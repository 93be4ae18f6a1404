"""How an expression is refused: by name, with its place."""

from __future__ import annotations

import re

from alpine.sandbox.engine.failures import NodeFailure

_SHOWN = 200
_MARK = "Pig: "
_RAISED = re.compile(rf"(?:^|\W){_MARK}(.*?)(?:\n|$)")


class Refusal(Exception):
    """An expression cannot be translated.

    :param reason: Why; it follows on "The Pig expression ... : ".
    :param at: The place of the character, from 1; None for the whole.
    """

    def __init__(self, reason: str, at: int | None = None) -> None:
        super().__init__(reason, at)
        self.reason = reason
        self.at = at

    def failure(self, text: str) -> NodeFailure:
        """The failure of the operator whose expression it is.

        :param text: The expression.
        """
        shown = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
        where = f", character {self.at}" if self.at else ""
        return NodeFailure(f"The Pig expression {shown!r}{where}: {self.reason}.")


class RowFailure(Exception):
    """A value of a row stops the run, as it would stop Pig's.

    :param reason: Why.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(_MARK + reason)
        self.reason = reason


def marked(reason: str) -> str:
    """The text of an SQL error that :func:`raised` finds again."""
    return _MARK + reason


def raised(message: str) -> str | None:
    """What an expression says of the row that stopped it, in the message of a database error.

    :param message: The message.
    :returns: None when the error is another one.

    >>> raised("Invalid Input Error: Pig: i % 0 has no value.")
    'i % 0 has no value.'
    """
    found = _RAISED.search(message)
    return found.group(1) if found else None
