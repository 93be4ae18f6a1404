"""What a workfile may be called, and what is done when the name is taken."""

from __future__ import annotations

from collections.abc import Callable

from alpine._arguments import choice
from alpine._http.transport import Answer
from alpine.exception import ValidationException
from alpine.workspace import restated

_RULE = "The name of a workfile may hold the letters a to z and A to Z, digits, spaces and _ . ( ) - only."


def naming(send: Callable[[], Answer], advice: str = "") -> Answer:
    """Send a request that names a workfile; where the server refuses the name, the message says what it may hold.

    The server has the last word, as the rule may be another in other versions.

    :raises ValidationException: The server refuses the name, or something else.
    """
    try:
        return send()
    except ValidationException as error:
        refused = error
    if "INVALID" not in refused.fields.get("file_name", {}):
        raise refused
    raise restated(refused, ValidationException, f"{_RULE} {advice}".strip())


def checked_if_exists(value: object) -> str:
    return choice(value, "if_exists", ("rename", "error", "replace"))
