"""The server's own directory for uploaded files."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import IO


class FileStore:
    """Keeps file contents below a temporary directory that goes away with the server."""

    def __init__(self) -> None:
        self.directory: Path = Path(tempfile.mkdtemp(prefix="alpine-sandbox-"))
        # Also runs when the program ends without closing its server.
        self._remove = weakref.finalize(self, shutil.rmtree, self.directory, ignore_errors=True)
        self._numbers = itertools.count(1)

    def keep(self, content: IO[bytes] | bytes) -> Path:
        """Store a content under a name that no user chose.

        :param content: Bytes, or an open binary file, which is copied in blocks.
        :returns: Where it was stored.
        """
        path = self.directory / str(next(self._numbers))
        if isinstance(content, bytes):
            path.write_bytes(content)
            return path
        content.seek(0)
        with path.open("wb") as target:
            shutil.copyfileobj(content, target, 1 << 18)
        return path

    def clear(self) -> None:
        """Forget every content, and keep the directory."""
        for path in self.directory.iterdir():
            # On Windows, one that is being sent cannot be removed; it goes away with the directory.
            with contextlib.suppress(PermissionError):
                path.unlink()

    def remove(self) -> None:
        """Remove the directory and all that is in it."""
        self._remove()
