"""What a workfile may be called, what is done when the name is taken, and how workfiles are listed by name."""

from __future__ import annotations

from contextlib import AbstractContextManager

from alpine._arguments import choice, text
from alpine._restating import restated, restating
from alpine.exception import InvalidArgumentException, ValidationException

_RULE = "The name of a workfile may hold the letters a to z and A to Z, digits, spaces and _ . ( ) - only."


def upload_name(file_name: str, name: object) -> str:
    """What an uploaded file is to be called.

    A server takes what is before a slash for directories, and drops it: the file would have another name unseen.

    :param file_name: The name of the local file.
    :param name: The name that was asked for; None for the file's.
    :raises InvalidArgumentException: It is no name.
    """
    chosen = file_name if name is None else text(name, "name")
    if "/" in chosen or "\\" in chosen:
        raise InvalidArgumentException(f"name must be a name without / and \\, not {chosen!r}. {_RULE}")
    return chosen


def naming(advice: str = "", taken: str = "") -> AbstractContextManager[None]:
    """For a request that names a workfile: where the server refuses the name, the message says what it may hold.

    The server has the last word, as the rule may be another in other versions.

    :param advice: What can be done about a name that the server refuses.
    :param taken: What can be done about one that is taken.
    :raises ValidationException: The server refuses the name, or something else.
    """

    def tell_the_rule(error: ValidationException) -> ValidationException | None:
        faults = error.fields.get("file_name", {})
        if taken and "TAKEN" in faults:
            return restated(error, ValidationException, taken)
        if "INVALID" not in faults:
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
