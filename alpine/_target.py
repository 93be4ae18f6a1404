"""A local file that is written whole or not at all, and that is otherwise treated as ``cp`` treats its target.

The new content is written to a part beside the file, which replaces it in the end. A symbolic link is followed. Owner,
group, mode and access list of a file that was there stay; a new file gets what the umask leaves.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import secrets
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from alpine.exception import LocalFileException

LONGEST_NAME = 200
RESERVED = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[\d¹²³]) *(?:\.|$)", re.IGNORECASE)
"""The names of Windows' devices, which no file can have, with whatever ending."""
_REFUSED_BY_WINDOWS = re.compile(r'[\x00-\x1f<>:"|?*]')
_ACCESS_LIST = "system.posix_acl_access"
_PAUSES = (0.05, 0.1, 0.2, 0.4)
"""Seconds between the attempts to replace a file that may not be replaced."""
_AT_REST = 60.0
"""Seconds without a change after which a part is taken for one that was left, where files cannot be locked."""
_KINDS: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISDIR, "directory"),
    (stat.S_ISFIFO, "FIFO"),
    (stat.S_ISSOCK, "socket"),
    (stat.S_ISCHR, "device"),
    (stat.S_ISBLK, "device"),
)


class Target:
    """The file that a path leads to, which need not be there.

    :param path: The path, as the user gave it.
    :raises LocalFileException: No file can be written there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._old = self._look()
        # Only a link is resolved: on Windows the whole path may become one that fewer programs can use.
        self._file = Path(os.path.realpath(path)) if path.is_symlink() else path
        self._refuse_what_is_no_file()

    def new_part(self) -> tuple[Path, IO[bytes]]:
        """Make the file to write to, beside the target; those that killed processes left are removed before."""
        self._remove_left_parts()
        try:
            return self._new_part()
        except PermissionError as error:
            failure = f"no file may be created in the directory {self._file.parent} ({error.strerror})"
        except OSError as error:
            failure = error.strerror or str(error)
        raise self._cannot(failure)

    def replace(self, part: Path, file: IO[bytes]) -> None:
        """Put the part, which is whole, in the target's place, and close it."""
        failure = ""
        # It may have got another mode while the new content arrived.
        old = self._look()
        try:
            if _locks() is None:
                # Windows moves no open file. Elsewhere the part is held until it is in its place.
                file.close()
            if old is not None:
                self._keep_access(part, old)
            for pause in _PAUSES:
                # On Windows a virus scanner may hold a new file for a moment.
                with contextlib.suppress(PermissionError):
                    part.replace(self._file)
                    break
                time.sleep(pause)
            else:
                part.replace(self._file)
            file.close()
        except PermissionError as error:
            failure = (
                f"it may not be replaced ({error.strerror}). If another program has it open, close it there; "
                "otherwise give another path"
            )
        except OSError as error:
            failure = error.strerror or str(error)
        if failure:
            raise self._cannot(failure)

    def _cannot(self, reason: str) -> LocalFileException:
        return LocalFileException(f"Could not write {self.path}: {reason}.")

    def _look(self) -> os.stat_result | None:
        """What is there now, at the end of all links."""
        reason = refused_by_windows(self.path.name) if os.name == "nt" else ""
        try:
            if not reason:
                return self.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            reason = error.strerror or str(error)
            folders = reversed(Path(os.path.realpath(self.path)).parents)
            closed = next((folder for folder in folders if not _may(folder, os.X_OK)), None)
            if closed is not None:
                reason = f"the directory {closed} may not be entered ({reason})"
        raise self._cannot(reason)

    def _refuse_what_is_no_file(self) -> None:
        if self._old is None:
            # os.path answers False where pathlib raises, as for a name that is too long.
            if not os.path.isdir(self._file.parent):  # noqa: PTH112
                raise self._cannot(f"there is no directory {self._file.parent}")
            return
        kind = next((word for is_kind, word in _KINDS if is_kind(self._old.st_mode)), None)
        if kind is not None:
            raise self._cannot(f"it is a {kind}, which is left as it is; give the path of a file")
        if not _may(self._file, os.W_OK):
            raise self._cannot("it exists and is read-only")

    def _new_part(self) -> tuple[Path, IO[bytes]]:
        # What is in a file that is there may be private: nobody else can read its part at any time.
        mode = 0o666 if self._old is None else 0o600
        while True:
            part = self._file.with_name(f".{shortened(self._file.name)}.{secrets.token_hex(4)}.part")
            file = open(part, "xb", opener=lambda name, flags: os.open(name, flags, mode))  # noqa: SIM115
            if hold(file) and part.exists():
                return part, file
            # Another download to this name took it for one that was left, before it was held.
            file.close()

    def _remove_left_parts(self) -> None:
        name = re.compile(rf"\.{re.escape(shortened(self._file.name))}\.[0-9a-f]{{8}}\.part")
        with contextlib.suppress(OSError), os.scandir(self._file.parent) as entries:
            for entry in entries:
                if name.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                    _remove_unless_in_use(Path(entry.path))

    def _keep_access(self, part: Path, old: os.stat_result) -> None:
        """Give the part the owner, group, access list and mode of the file that it replaces."""
        mode = old.st_mode & 0o777
        if hasattr(os, "chown"):
            for owner in (old.st_uid, -1):
                with contextlib.suppress(OSError):
                    os.chown(part, owner, old.st_gid)
                    break
            if part.stat().st_gid != old.st_gid:
                # What the one group might do is not for the other.
                mode &= ~stat.S_IRWXG
        with contextlib.suppress(OSError):
            _copy_access_list(self._file, part)
        with contextlib.suppress(OSError):
            part.chmod(mode)


def _copy_access_list(source: Path, part: Path) -> None:
    system: Any = os
    if not hasattr(system, "getxattr"):
        # Only Linux keeps it where Python reads it.
        return
    try:
        rights = system.getxattr(source, _ACCESS_LIST)
    except OSError:
        # There is none; the part may have got one from its directory.
        system.removexattr(part, _ACCESS_LIST)
    else:
        system.setxattr(part, _ACCESS_LIST, rights)


def _may(path: Path, mode: int) -> bool:
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)


def _locks() -> Any:
    """The module that locks files; None on Windows, where an open file cannot be removed anyhow."""
    try:
        return importlib.import_module("fcntl")
    except ImportError:
        return None


def hold(file: IO[bytes]) -> bool:
    """Lock a part for as long as it is open, by which other downloads know that it is in use."""
    fcntl = _locks()
    try:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        # A file system without locks: what is left there stays, as nobody can tell whether it is in use.
        return True
    return True


def _remove_unless_in_use(part: Path) -> None:
    fcntl = _locks()
    with contextlib.suppress(OSError):
        if fcntl is None:
            # One that is whole may be closed already, and about to be moved.
            if time.time() - part.stat().st_mtime > _AT_REST:
                part.unlink()
        else:
            with part.open("r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # While it is held: else a download could begin to use it in between.
                part.unlink()


def shortened(name: str) -> str:
    """The beginning of a file name that leaves room for an ending."""
    return name.encode(errors="ignore")[:LONGEST_NAME].decode(errors="ignore")


def refused_by_windows(name: str) -> str:
    """Why Windows does not allow file of this name; empty where it does."""
    sign = _REFUSED_BY_WINDOWS.search(name)
    if sign:
        return f"Windows does not allow {sign[0]!r} in a file name"
    return f"{name} is a device name on Windows" if RESERVED.match(name) else ""
