"""What a terminal may be sent: characters that it obeys instead of showing are written out."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping

NOT_SHOWN = "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff"
"""As in a regular expression: controls but tab and line feed, marks that turn the direction of a string, and halves of
characters, which cannot be written at all."""
_OBEYED = re.compile(f"[{NOT_SHOWN}]")


def printable(text: str) -> str:
    r"""A string as it can be printed anywhere: an escape becomes the four characters ``\x1b``.

    A server, or whoever names an operator on it, could otherwise clear the screen, forge lines, or set what the next
    paste will be.
    """
    return _OBEYED.sub(lambda sign: repr(sign.group())[1:-1], text.replace("\r\n", "\n"))


class _PrintableFilter(logging.Filter):
    """Writes out what a terminal would obey: names come from the server."""

    def filter(self, record: logging.LogRecord) -> bool:
        change_arguments(record, printable)
        return True


def logger_of(name: str) -> logging.Logger:
    """The logger of a module of ours."""
    logger = logging.getLogger(name)
    # A filter of the logger above would not be asked.
    if not any(isinstance(known, _PrintableFilter) for known in logger.filters):
        logger.addFilter(_PrintableFilter())
    return logger


def change_arguments(record: logging.LogRecord, change: Callable[[str], str]) -> None:
    """Change the strings that a log record's message is made of."""

    def changed(value: object) -> object:
        return value if isinstance(value, int | float | type(None)) else change(str(value))

    if isinstance(record.args, Mapping):
        record.args = {key: changed(value) for key, value in record.args.items()}
    elif record.args:
        record.args = tuple(map(changed, record.args))


def tell(logger: logging.Logger, said: str, error: BaseException | None = None) -> None:
    """Log a warning; where the script has set up no logging, write it to stderr.

    The NullHandler of the package would swallow it, and a script that SIGTERM ends leaves its runs untold.

    :param error: An exception whose traceback is shown.
    """
    trace = None if error is None else (type(error), error, error.__traceback__)
    logger.warning("%s", said, exc_info=trace)
    if logging.lastResort is not None and logger.isEnabledFor(logging.WARNING) and not _is_heard(logger):
        logging.lastResort.handle(logger.makeRecord(logger.name, logging.WARNING, __file__, 0, said, (), trace))


def _is_heard(named: logging.Logger) -> bool:
    """Whether a handler that the script has set up gets what is logged."""
    here: logging.Logger | None = named
    while here is not None:
        if any(not isinstance(handler, logging.NullHandler) for handler in here.handlers):
            return True
        here = here.parent if here.propagate else None
    return False
