"""The files of Hadoop data sources, what was uploaded for them, and datasets of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from alpine.sandbox.state.model import Dataset, DataSource, StateRecord
from alpine.sandbox.state.store import State

EXAMPLES = Path(__file__).parent.parent / "examples"


@dataclass(kw_only=True)
class HdfsEntry(StateRecord):
    """A file or a directory of a cluster; ``content`` is where a file is kept, and the root has no parent."""

    data_source_id: int
    parent_id: int | None
    name: str
    is_dir: bool = False
    content: Path | None = None
    owner: str = "hdfs"
    is_uploaded: bool = False

    @property
    def size(self) -> int | None:
        """Its bytes; None for a directory."""
        return self.content.stat().st_size if self.content else None


@dataclass(kw_only=True)
class Upload(StateRecord):
    """A file that was uploaded, and waits for its import into a cluster."""

    user_id: int
    file_name: str
    path: Path


@dataclass(kw_only=True)
class HdfsImport(StateRecord):
    """An import that goes on until ``due``."""

    upload_id: int
    directory_id: int
    file_name: str
    due: float


@dataclass(kw_only=True)
class HdfsDataset(Dataset):
    """The files of a cluster whose paths fit a mask, as a dataset of a workspace; it has no schema."""

    workspace_id: int
    hdfs_source_id: int
    file_mask: str


def root_of(state: State, source: DataSource) -> HdfsEntry:
    """The root of a cluster. A fresh one holds the example tables in ``/data``, and a directory for users.

    :param state: The records.
    :param source: The Hadoop data source.
    :returns: The root.
    """
    table = state.table(HdfsEntry)
    for entry in table:
        if entry.data_source_id == source.id and entry.parent_id is None:
            return entry

    def add(parent: HdfsEntry | None, name: str, content: Path | None = None) -> HdfsEntry:
        parent_id = parent.id if parent else None
        return table.add(
            HdfsEntry(data_source_id=source.id, parent_id=parent_id, name=name, is_dir=content is None, content=content)
        )

    root = add(None, "/")
    data = add(root, "data")
    for path in sorted(EXAMPLES.glob("*.csv")):
        add(data, path.name, path)
    add(root, "user")
    return root


def children_of(state: State, directory: HdfsEntry) -> list[HdfsEntry]:
    """What is in a directory, in the order of the names.

    :param state: The records.
    :param directory: The directory.
    :returns: Its entries.
    """
    rows = [entry for entry in state.table(HdfsEntry) if entry.parent_id == directory.id]
    return sorted(rows, key=lambda entry: entry.name)


def ancestors_of(state: State, entry: HdfsEntry) -> list[HdfsEntry]:
    """The directories that an entry is in, the nearest first.

    :param state: The records.
    :param entry: The entry.
    :returns: The directories, the root last.
    """
    found = []
    above = state.table(HdfsEntry).find(entry.parent_id)
    while above is not None:
        found.append(above)
        above = state.table(HdfsEntry).find(above.parent_id)
    return found


def parent_path(state: State, entry: HdfsEntry) -> str:
    """The path of the directory that an entry is in.

    :param state: The records.
    :param entry: The entry.
    :returns: Its path; that of the root for the root itself.
    """
    return "/" + "/".join(above.name for above in ancestors_of(state, entry)[-2::-1])


def full_path(state: State, entry: HdfsEntry) -> str:
    """The path of an entry.

    :param state: The records.
    :param entry: The entry.
    :returns: Its path from the root.
    """
    return entry.name if entry.parent_id is None else f"{parent_path(state, entry).rstrip('/')}/{entry.name}"
