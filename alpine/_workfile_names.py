"""What a workfile may be called, what is done when the name is taken, and how workfiles are listed by name."""

from __future__ import annotations

from contextlib import AbstractContextManager

from alpine._arguments import choice, text
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


def listing_filters(file_type: str | None, name_pattern: str | None) -> dict[str, object]:
    """The query for the workfiles of one kind, or of a part of a name."""
    return {
        key: text(value, key)
        for key, value in (("file_type", file_type), ("name_pattern", name_pattern))
        if value is not None
    }
