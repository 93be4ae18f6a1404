"""Imports of uploaded files into Hadoop clusters: they end when their time has come and somebody asks."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from alpine.sandbox.state.collaboration import Notification, Target, record_event
from alpine.sandbox.state.hdfs import HdfsEntry, HdfsImport, Upload, children_of, full_path
from alpine.sandbox.state.model import HDFS_SOURCE

if TYPE_CHECKING:
    from pathlib import Path

    from alpine.sandbox.backend import Backend
    from alpine.sandbox.state.store import State

log: logging.Logger = logging.getLogger("alpine.sandbox")

UNREACHABLE = "Could not connect to the cluster: connection refused"
_ENDINGS = (".csv", ".txt", ".data", ".tsv", ".parquet")


def end_imports(state: State) -> None:
    """End the imports that are due: the file is there, and its user is told; whoever calls holds the records' lock.

    :param state: The records.
    """
    for row in state.table(HdfsImport):
        if row.due <= state.clock():
            row.deleted = True
            _end(state, row)


def load_files(backend: Backend) -> list[str]:
    """Let Hadoop flows read the uploaded files by their paths.

    :param backend: The records and the engine.
    :returns: The paths of those that the engine has got to know now.
    """
    state, fresh = backend.state, []
    with state.lock:
        end_imports(state)
        for entry in state.table(HdfsEntry):
            if entry.is_uploaded and entry.content is not None:
                entry.is_uploaded = False
                fresh.append((full_path(state, entry), entry.content))
    loaded = []
    for path, content in fresh:
        try:
            backend.engine.load_table(path, content)
        except ValueError as error:
            log.warning("flows cannot read %s: %s", path, error)
        else:
            loaded.append(path)
    return loaded


def _end(state: State, row: HdfsImport) -> None:
    upload, directory = state.table(Upload).find(row.upload_id), state.table(HdfsEntry).find(row.directory_id)
    if upload is None or directory is None:
        return
    upload.deleted = True
    message = ""
    if state.settings.databases_down:
        message = UNREACHABLE
    elif any(child.name == row.file_name for child in children_of(state, directory)):
        message = f"File exists: {full_path(state, directory).rstrip('/')}/{row.file_name}"
    if message:
        upload.path.unlink(missing_ok=True)
        told: dict[str, object] = {"file_name": upload.file_name, "error_message": message}
        event = record_event(state, "HdfsImportFailed", upload.user_id, {}, told)
    else:
        entry = state.table(HdfsEntry).add(
            HdfsEntry(
                data_source_id=directory.data_source_id,
                parent_id=directory.id,
                name=row.file_name,
                content=_with_ending(upload.path, row.file_name),
                is_uploaded=True,
            )
        )
        targets: dict[str, Target] = {
            "hdfs_entry": ("hdfs_file", entry.id),
            "hdfs_data_source": (HDFS_SOURCE, entry.data_source_id),
        }
        event = record_event(state, "HdfsImportSuccess", upload.user_id, targets)
    state.table(Notification).add(Notification(recipient_id=upload.user_id, event_id=event.id))


def _with_ending(path: Path, name: str) -> Path:
    """Keep a file under an ending by which the engine knows it; every other file of a cluster is text."""
    ending = next((each for each in _ENDINGS if name.lower().endswith(each)), ".txt")
    return path.rename(path.with_suffix(ending))
