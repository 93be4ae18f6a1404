"""What a terminal may be sent: characters that it obeys instead of showing are written out."""

from __future__ import annotations

import re

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
