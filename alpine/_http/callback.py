"""Functions of the user that are called on some event."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from alpine._http.failure import of_a_signal
from alpine._printable import tell

T = TypeVar("T")


def call_back(function: Callable[[T], object], event: T, name: str, logger: logging.Logger) -> None:
    """Call a function of the user; what it raises is logged with its traceback, and ends nothing.

    Ctrl-C, and whatever else a signal handler raises, means the script and not this function.

    :param name: What the user knows the function by.
    """
    try:
        function(event)
    except Exception as error:
        if of_a_signal(error):
            raise
        tell(logger, f"{name} raised {type(error).__name__}: {error}", error)
