"""What a workfile may be called, and what is done when the name is taken."""

from __future__ import annotations

from contextlib import AbstractContextManager

from alpine._arguments import choice
from alpine.exception import ValidationException, restated, restating

_RULE = "The name of a workfile may hold the letters a to z and A to Z, digits, spaces and _ . ( ) - only."


def naming(advice: str = "") -> AbstractContextManager[None]:
    """For a request that names a workfile: where the server refuses the name, the message says what it may hold.

    The server has the last word, as the rule may be another in other versions.

    :raises ValidationException: The server refuses the name, or something else.
    """

    def tell_the_rule(error: ValidationException) -> ValidationException | None:
        if "INVALID" not in error.fields.get("file_name", {}):
            return None
        return restated(error, ValidationException, f"{_RULE} {advice}".strip())

    return restating(ValidationException, tell_the_rule)


def checked_if_exists(value: object) -> str:
    return choice(value, "if_exists", ("rename", "error", "replace"))
