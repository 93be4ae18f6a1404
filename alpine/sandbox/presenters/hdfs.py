"""Files of Hadoop data sources, and datasets of them."""

from __future__ import annotations

from datetime import UTC, datetime
from fnmatch import fnmatchcase
from itertools import islice
from typing import Any

from alpine.sandbox.presenters.data_sources import short_source
from alpine.sandbox.presenters.tags import tag_objects
from alpine.sandbox.presenters.view import moment
from alpine.sandbox.state.hdfs import HdfsDataset, HdfsEntry, ancestors_of, children_of, full_path, parent_path, root_of
from alpine.sandbox.state.store import State

_SHOWN_LINES = 200
_BLOCK_SIZE = 128 << 20


def entry_object(state: State, entry: HdfsEntry, *, deep: bool = False) -> dict[str, Any]:
    """A file or a directory.

    :param state: The records.
    :param entry: The entry.
    :param deep: Whether it is shown with what is in it: entries, or the first lines.
    :returns: Its object.
    """
    source = state.hdfs_sources.find_deleted(entry.data_source_id)
    children = children_of(state, entry) if entry.is_dir else None
    shown: dict[str, Any] = {
        "id": entry.id,
        "size": entry.size,
        "name": entry.name,
        "is_dir": entry.is_dir,
        "is_binary": False,
        "last_updated_stamp": moment(entry.updated_at),
        "entity_type": "hdfs_file",
        "hdfs_data_source": short_source(source) if source else None,
        "is_deleted": None,
        "ancestors": [{"id": above.id, "name": above.name} for above in ancestors_of(state, entry)],
        "path": parent_path(state, entry),
        "tags": tag_objects(state, ("hdfs_file", entry.id)),
        "count": None if children is None else len(children),
    }
    if deep and children is not None:
        shown["entries"] = [entry_object(state, child) for child in children]
    elif deep:
        shown["contents"] = first_lines(entry)
    return shown


def first_lines(entry: HdfsEntry) -> list[str]:
    """The first lines of a file, which is all that the server gives of it.

    :param entry: The file.
    :returns: The lines, without their ends.
    """
    if entry.content is None:
        return []
    with entry.content.open(encoding="utf-8", errors="replace", newline="\n") as file:
        return [line.rstrip("\n") for line in islice(file, _SHOWN_LINES)]


def file_statistics(entry: HdfsEntry) -> dict[str, Any]:
    """What a cluster knows of a file or a directory.

    :param entry: The entry.
    :returns: The object.
    """
    written = datetime.fromtimestamp(entry.updated_at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return {
        "owner": entry.owner,
        "group": "hadoop",
        "modified_at": written,
        "accessed_at": written,
        "file_size": entry.size or 0,
        "block_size": 0 if entry.is_dir else _BLOCK_SIZE,
        "permissions": "rwxr-xr-x" if entry.is_dir else "rw-r--r--",
        "replication": 0 if entry.is_dir else 3,
        "complete_json": True,
    }


def mask_object(state: State, dataset: HdfsDataset) -> dict[str, Any]:
    """What the object of a dataset of files has in place of a table's.

    :param state: The records.
    :param dataset: The dataset.
    :returns: The keys.
    """
    source = state.hdfs_sources.find_deleted(dataset.hdfs_source_id)
    return {
        "entity_subtype": "HDFS",
        "file_mask": dataset.file_mask,
        "hdfs_data_source": short_source(source) if source else None,
    }


def mask_lines(state: State, dataset: HdfsDataset) -> list[str]:
    """The first lines of the first file that fits the mask of a dataset.

    :param state: The records.
    :param dataset: The dataset.
    :returns: The lines; none where no file fits.
    """
    source = state.hdfs_sources.find(dataset.hdfs_source_id)
    if source is not None:
        root_of(state, source)
    for entry in state.table(HdfsEntry):
        is_there = entry.data_source_id == dataset.hdfs_source_id and not entry.is_dir
        if is_there and fnmatchcase(full_path(state, entry), dataset.file_mask):
            return first_lines(entry)
    return []
