"""A file that goes into a Hadoop cluster: sent to the server, which imports it, and waited for."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alpine._arguments import sent_id
from alpine._display.progress import Progress
from alpine._display.records import Record
from alpine._hdfs_entries import FEATURE, Tree, written
from alpine._http.body import BytesBody, MultipartBody
from alpine._http.deadline import limited
from alpine._http.request import Request
from alpine._restating import restated, restating
from alpine._runs.polling import LAST_LOOK, time_for, wait_for
from alpine.alpineobject import AlpineObject
from alpine.exception import (
    AlpineException,
    NotFoundException,
    RequestTimeoutException,
    UploadFailureException,
    ValidationException,
)

_NOTIFICATIONS = "notifications"
_SUCCEEDED, _FAILED = "HdfsImportSuccess", "HdfsImportFailed"
_GAP = 10.0
_ADVICE = "Pass a longer timeout to give it more time."


@dataclass(frozen=True)
class Upload:
    """What is uploaded, and where to.

    :param source: ID of the Hadoop data source.
    :param file: The local file.
    :param directory: The names that the directory's path consists of.
    :param name: The name that it gets there.
    """

    source: int
    file: Path
    directory: Sequence[str]
    name: str

    @property
    def path(self) -> str:
        """Its path in the cluster."""
        return written([*self.directory, self.name])


def upload(resource: AlpineObject, tree: Tree, wanted: Upload, verbose: bool, timeout: float) -> Record:
    """Upload a file; gives its entry."""
    return _Uploading(resource, tree, wanted, timeout).upload(verbose)


class _Uploading:
    """One upload on its way."""

    def __init__(self, resource: AlpineObject, tree: Tree, wanted: Upload, timeout: float) -> None:
        self._resource, self._tree, self._wanted, self._timeout = resource, tree, wanted, timeout
        self._clock = resource._transport.clock
        self._began = self._clock.now()
        self._action = f"upload {wanted.path!r} into HDFS data source {wanted.source}"
        self._check = f"session.hdfs.get({wanted.source}, {wanted.path!r}) shows whether it is there."
        # No other file has it, so that an event of a failure is known to be this one's.
        self._sent_as = f"{secrets.token_hex(8)}_{wanted.name}"

    def upload(self, verbose: bool) -> Record:
        with Progress(verbose) as progress:
            directory = self._tree.directory(self._wanted.directory)
            if self._entry_in(directory) is not None:
                raise self._is_there("Nothing was sent")
            # Without them, nobody would know how the import ends.
            self._resource._require(self._notifications(1))
            size = self._wanted.file.stat().st_size
            progress.update(self._elapsed, f"uploading {size:,} bytes")
            number = self._send()
            progress.update(self._elapsed, "importing")
            self._start(directory, number)
            entry = self._ended(size, progress)
            progress.finish(self._elapsed, f"{self._wanted.path} is there")
        return entry

    @property
    def _elapsed(self) -> float:
        return self._clock.now() - self._began

    @property
    def _left(self) -> float:
        return max(self._timeout - self._elapsed, 0)

    def _send(self) -> int:
        """Send the file; nothing is in the cluster yet."""
        body = MultipartBody([], "contents", self._wanted.file, self._sent_as)
        request = Request("POST", "uploads", self._action, body=body, idempotent=True, feature=FEATURE)
        with limited(max(self._left, LAST_LOOK), advice=_ADVICE):
            return sent_id(self._resource._one(request), "uploaded file")

    def _start(self, directory: Record, number: int) -> None:
        """Begin the import of what was sent."""
        document = {"hdfs_import": {"upload_id": number, "file_name": self._wanted.name}}
        request = Request(
            "POST",
            f"{self._tree.path_of(directory)}/imports",
            self._action,
            body=BytesBody.json(document),
            errors={404: NotFoundException},
            how_to_check=self._check,
            feature=FEATURE,
        )

        def restate(error: ValidationException) -> AlpineException | None:
            if "TAKEN" in error.fields.get("file_name", {}):
                return self._is_there("Nothing was written")
            return restated(error, UploadFailureException, "Nothing was written.")

        with restating(ValidationException, restate):
            self._resource._request(request)

    def _ended(self, size: int, progress: Progress) -> Record:
        """Wait for the end of the import, and give the entry of the file."""

        def ask(elapsed: float) -> Record | None:
            progress.update(self._elapsed, "importing")
            with limited(time_for(left - elapsed), advice=""):
                return self._arrived(size)

        left = self._left
        try:
            over = wait_for(ask, self._clock, longest_gap=_GAP, timeout=left)
        except BaseException as error:
            if not isinstance(error, UploadFailureException):
                error.add_note(f"The import of {self._wanted.path!r} goes on at the server. {self._check}")
            raise
        if over.value is None:
            more = f" The last error: {over.last_error}" if over.last_error else ""
            raise RequestTimeoutException(
                f"The import of {self._wanted.path!r} was not over after {self._timeout:g} s; it goes on at the "
                f"server. {self._check} {_ADVICE}{more}"
            )
        return over.value

    def _arrived(self, size: int) -> Record | None:
        """The file, once the server says that it is there; it cannot be told to stop."""
        for event in self._events():
            if event.get("action") == _FAILED and event.get("file_name") == self._sent_as:
                raise self._failed(str(event.get("error_message") or "the server does not say why"))
            if event.get("action") != _SUCCEEDED or not self._may_be_of(event.get("hdfs_entry")):
                continue
            entry = self._entry_in(self._tree.directory(self._wanted.directory))
            if entry is None:
                # The event of another file, or of one of that name that was there once.
                return None
            there = entry.get("size")
            if there not in (None, size):
                raise UploadFailureException(
                    f"{self._wanted.path!r} has {there:,} bytes in the cluster, but {size:,} were sent: it is not "
                    "whole, or somebody else has written to it."
                )
            return entry
        return None

    def _events(self) -> Iterator[Mapping[str, Any]]:
        rows, _ = self._resource._rows(self._notifications(50))
        return (event for row in rows if isinstance(event := row.get("event"), dict))

    def _notifications(self, count: int) -> Request:
        params = {"type": "unread", "page": 1, "per_page": count}
        return Request("GET", "notifications", self._action, params=params, feature=_NOTIFICATIONS)

    def _may_be_of(self, told: object) -> bool:
        """Whether the entry of an event is the file, or what it is in: the directory's list decides."""
        if not isinstance(told, dict):
            return True
        return bool(told.get("is_dir")) or told.get("name") in (None, self._wanted.name)

    def _entry_in(self, directory: Record) -> Record | None:
        for row in self._tree.children(directory, self._wanted.directory):
            if row.get("name") == self._wanted.name:
                return Record(row).at(self._resource._root)
        return None

    def _is_there(self, outcome: str) -> UploadFailureException:
        return UploadFailureException(
            f"Could not {self._action}: it is there already. {outcome}: files of a cluster are never overwritten. Give "
            "another name."
        )

    def _failed(self, message: str) -> UploadFailureException:
        reason = message.rstrip(". ")
        return UploadFailureException(f"Could not {self._action}: {reason}. {self._check}", server_message=message)
