"""The exit codes, and which exception ends with which."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alpine.exception import AlpineException

SUCCESS = 0
RUN_FAILED = DIFFERS = 1
WRONG_USE = 2
NOT_ALLOWED = 3
NOT_FOUND = 4
NOT_REACHED = 5
TIMED_OUT = 6
DEFECT = 70
"""A defect of the command itself: 1 would say that the run failed."""
INTERRUPTED = 130

MEANING = {
    SUCCESS: "success",
    RUN_FAILED: "the run failed; flow check: an error; flow compare: the workflows differ; check: the server differs",
    WRONG_USE: "wrong use: an argument, a local file, or a value that the server rejects",
    NOT_ALLOWED: "not logged in, or not allowed",
    NOT_FOUND: "not found",
    NOT_REACHED: "server not reached, or no usable response",
    TIMED_OUT: "the run was not over in time",
    INTERRUPTED: "interrupted by Ctrl-C or SIGTERM",
}


def exit_code_of(error: AlpineException) -> int:
    """The exit code for an exception."""
    from alpine import exception
    from alpine._configuration import IncompleteLoginException

    kinds: tuple[tuple[int, tuple[type[AlpineException], ...]], ...] = (
        (TIMED_OUT, (exception.RunFlowTimeoutException, exception.RunJobTimeoutException)),
        (
            NOT_ALLOWED,
            (
                IncompleteLoginException,
                exception.LoginFailureException,
                exception.AlpineSessionNotFoundException,
                exception.ForbiddenException,
                exception.LicenseExpiredException,
            ),
        ),
        (
            NOT_FOUND,
            (exception.NotFoundException, exception.OperatorNotFoundException, exception.StopFlowFailureException),
        ),
        (RUN_FAILED, (exception.RunFlowFailureException, exception.RunJobFailureException)),
        (
            WRONG_USE,
            (
                exception.InvalidArgumentException,
                exception.LocalFileException,
                exception.MissingExtraException,
                exception.ValidationException,
                exception.RequestTooLargeException,
            ),
        ),
    )
    return next((code for code, classes in kinds if isinstance(error, classes)), NOT_REACHED)
