"""What kind of file a name and a content are."""

from __future__ import annotations

import mimetypes
from pathlib import Path, PurePosixPath

from alpine.sandbox.state.model import Workfile

TEXT_TYPES = frozenset({"sql", "text", "code", "xml"})
_CODE = frozenset({"cpp", "r", "rb", "py", "js", "java", "pig", "md"})
_SNIFFED_BYTES = 4096
# Python's own list: that of the machine calls a CSV file a spreadsheet where Excel is installed.
_TYPES = mimetypes.MimeTypes()


def file_type(workfile: Workfile) -> str:
    """Sort a workfile into the kinds that lists can be filtered by.

    :param workfile: The workfile.
    :returns: ``work_flow``, ``image``, ``code``, ``sql``, ``xml``, ``text`` or ``other``.
    """
    if workfile.is_workflow:
        return "work_flow"
    if workfile.is_touchpoint:
        return str(workfile.entity_subtype)
    extension = PurePosixPath(workfile.file_name).suffix.lower().lstrip(".")
    if workfile.content_type.startswith("image/"):
        return "image"
    if extension in _CODE:
        return "code"
    if extension == "sql":
        return "sql"
    if extension == "xml" or workfile.content_type.endswith("/xml"):
        return "xml"
    return "text" if workfile.content_type.startswith("text/") else "other"


def content_type(name: str, path: Path) -> str:
    """Detect the media type of a stored file; what the sender said about it does not count.

    :param name: The file's name.
    :param path: Where it is stored.
    :returns: The media type.
    """
    guessed, _ = _TYPES.guess_type(name)
    if guessed and not guessed.startswith("text/"):
        return guessed
    with path.open("rb") as file:
        start = file.read(_SNIFFED_BYTES)
    if b"\0" in start:
        return guessed or "application/octet-stream"
    return guessed or "text/plain"
