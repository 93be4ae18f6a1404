"""Local files: opened for reading with errors of ours, written whole or not at all."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, ParamSpec, Self, TypeVar

from alpine._printable import NOT_SHOWN
from alpine._target import RESERVED, Target, shortened
from alpine.exception import InvalidArgumentException, LocalFileException, LocalFileNotFoundException

P = ParamSpec("P")
R = TypeVar("R")

_PIECE = 256 * 1024


def local_path(value: object, name: str) -> Path:
    """Refuse what is no path.

    :raises InvalidArgumentException: It is none.
    """
    if isinstance(value, str | os.PathLike) and not isinstance(value, bytes):
        text = os.fspath(value)
        if isinstance(text, str) and text and "\0" not in text:
            # Half of a character is in no name of a file, and pathlib's error would tell of a codec.
            with contextlib.suppress(UnicodeEncodeError):
                os.fsencode(text)
                return Path(text)
    raise InvalidArgumentException(f"{name} must be a path, not {value!r}.")


def target_path(value: object, name: str) -> Path:
    """The path of a file to write, or of a directory, which has to be there where the path ends as one.

    :raises InvalidArgumentException: It is no path.
    :raises LocalFileException: There is no such directory.
    """
    path = local_path(value, name)
    # Path drops the separator, and a file would be written where a directory is meant.
    if str(value).endswith((os.sep, os.altsep or os.sep)) and not os.path.isdir(path):  # noqa: PTH112
        raise LocalFileException(f"Could not write {value}: there is no directory {path}.")
    return path


def existing_file(value: object, name: str) -> Path:
    """The path of a local file that is there.

    :raises InvalidArgumentException: It is no path.
    :raises LocalFileNotFoundException: There is no such file.
    :raises LocalFileException: It is a directory, or no ordinary file.
    """
    path = local_path(value, name)
    # os.path answers False where pathlib raises, as for a name that is too long.
    if os.path.isfile(path):  # noqa: PTH113
        return path
    if os.path.exists(path):  # noqa: PTH110
        raise LocalFileException(f"Could not read {name}: {path} is not a file.")
    raise LocalFileNotFoundException(f"Could not read {name}: there is no file {path}.", filename=str(path))


def open_file(path: Path) -> IO[bytes]:
    """Open a local file for reading."""
    failure = ""
    kind = LocalFileException
    try:
        return path.open("rb")
    except OSError as error:
        failure = error.strerror or str(error)
        if isinstance(error, FileNotFoundError):
            kind = LocalFileNotFoundException
    raise kind(f"Could not read the file {path}: {failure}.", filename=str(path))


def read_json(path: Path) -> Any:
    """What a local JSON file holds; None where it holds no JSON.

    :raises LocalFileException: It cannot be read.
    """
    with open_file(path) as file:
        content = file.read()
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def safe_name(sent: str | None, default: str) -> str:
    """A file name that a server sent, reduced to one that cannot leave its directory."""
    last = re.split(r"[/\\]", sent or "")[-1]
    name = re.sub(rf'[{NOT_SHOWN}\t\n<>:"|?*]', "_", last)
    # A name with a dot in front is hidden, and may be one that a shell reads; some names are devices on Windows.
    shown = name.strip(". ")
    if RESERVED.match(shown):
        shown = f"_{shown}"
    # Windows drops what is at the end besides, and the file would have another name than is told.
    return shortened(shown).rstrip(". ") or default


def sent_name(headers: Mapping[str, str]) -> str | None:
    """The file name in a ``Content-Disposition`` header."""
    from email.message import Message  # needed only for a download into a directory

    message = Message()
    message["Content-Disposition"] = headers.get("Content-Disposition", "").replace("\n", "").replace("\r", "")
    try:
        return message.get_filename()
    except (ValueError, LookupError):
        # A charset that the name is not in.
        return None


class FileSink:
    """Receives a download beside its target, and replaces the target when all of it has arrived.

    :param path: The file to write; for a directory, the server's file name is used in it.
    :param default_name: The file name in a directory where the server sends none.
    :raises LocalFileException: No file can be written there.
    """

    def __init__(self, path: Path, default_name: str) -> None:
        self.path = path
        self._default_name = default_name
        self._part: Path | None = None
        self._file: IO[bytes] | None = None
        self._is_folder = os.path.isdir(path)  # noqa: PTH112
        self._target = None if self._is_folder else Target(path)

    def start(self, headers: Mapping[str, str]) -> None:
        """Begin, or begin again after an attempt that failed."""
        self._discard()
        if self._is_folder:
            self.path, self._is_folder = self.path / safe_name(sent_name(headers), self._default_name), False
        self._target = Target(self.path)
        self._part, self._file = self._target.new_part()

    def write(self, data: bytes, /) -> None:
        if self._file is not None:
            self._do(self._file.write, data)

    def written(self) -> Iterator[bytes]:
        """What was written so far, in pieces."""
        if self._file is None or self._part is None:
            return
        self._do(self._file.flush)
        with open_file(self._part) as part:
            while piece := part.read(_PIECE):
                yield piece

    def finish(self) -> Path:
        """Put the whole file in its place."""
        if self._file is None or self._part is None or self._target is None:
            raise LocalFileException(f"Could not write {self.path}: nothing was received.")
        self._do(self._file.flush)
        self._do(os.fsync, self._file.fileno())
        self._target.replace(self._part, self._file)
        self._file = self._part = None
        return self.path

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._discard()

    def _discard(self) -> None:
        if self._file is not None and self._part is not None:
            # What could not be written (a full disk) fails again here; the file goes away anyhow.
            with contextlib.suppress(OSError):
                self._file.close()
            with contextlib.suppress(OSError):
                self._part.unlink(missing_ok=True)
            self._file = self._part = None

    def _do(self, action: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        failure = ""
        try:
            return action(*args, **kwargs)
        except OSError as error:
            failure = error.strerror or str(error)
        raise LocalFileException(f"Could not write {self.path}: {failure}.")
