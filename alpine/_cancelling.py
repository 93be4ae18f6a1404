"""Queries that the server breaks off when nobody waits for them any more."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from alpine._http.request import Request
from alpine.exception import AlpineException, OutcomeUnknownException, RequestTimeoutException

if TYPE_CHECKING:
    from alpine.alpineobject import AlpineObject

_PATIENCE = 5.0
"""Seconds for breaking a query off: whoever interrupts a script does not want to wait."""


def new_check_id() -> str:
    """What a query is called, for breaking it off: unique for the user while it runs."""
    return secrets.token_hex(8)


@contextmanager
def broken_off(resource: AlpineObject, cancel: Request) -> Iterator[None]:
    """Break a query off when the wait for it ends early: with Ctrl-C, a time-out, or whatever a signal raises.

    :param resource: Sends the request.
    :param cancel: Breaks the query off.
    """
    try:
        yield
    except BaseException as error:
        if isinstance(error, RequestTimeoutException | OutcomeUnknownException) or not isinstance(
            error, AlpineException
        ):
            with suppress(AlpineException):
                resource._request(replace(cancel, deadline=_PATIENCE))
        raise
