"""Files and directories of a Hadoop cluster, found by their paths: the server knows them by their numbers."""

from __future__ import annotations

from collections.abc import Sequence

from alpine._arguments import nearest, sent_id, text
from alpine._display.records import Record, RecordList
from alpine._http.request import Request
from alpine.alpineobject import AlpineObject
from alpine.exception import DataSourceNotFoundException, InvalidArgumentException, NotFoundException

FEATURE = "HDFS files"
"""What a server lacks that has none of these endpoints."""
_OF_SOURCE = {404: DataSourceNotFoundException}
_ERRORS = {404: NotFoundException}


def parts_of(path: object, name: str) -> list[str]:
    """The names that a path of a cluster consists of; none for the root.

    :raises InvalidArgumentException: It is no such path.
    """
    given = text(path, name)
    parts = [part for part in given.split("/") if part]
    if not given.startswith("/") or not given.isprintable() or {".", ".."} & set(parts):
        raise InvalidArgumentException(
            f"{name} must be a path from the root of the cluster, such as '/data/orders.csv', not {path!r:.200}."
        )
    return parts


def written(parts: Sequence[str]) -> str:
    """The path that consists of these names."""
    return f"/{'/'.join(parts)}"


class Tree:
    """The files of one cluster.

    :param resource: Sends the requests.
    :param source: ID of the Hadoop data source.
    :param named: What the user calls the data source.
    """

    def __init__(self, resource: AlpineObject, source: int, named: object) -> None:
        self._resource = resource
        self.source = source
        self._root = f"hdfs_data_sources/{source}/files"
        self._where = f"in data source {str(named)!r}"

    def path_of(self, entry: Record) -> str:
        """The endpoint of an entry."""
        return f"{self._root}/{sent_id(entry, 'file')}"

    def directory(self, parts: Sequence[str]) -> Record:
        """A directory, with the ``entries`` that it has now.

        :raises NotFoundException: There is none of that path.
        """
        action = f"look into {written(parts)!r} {self._where}"
        root = self._resource._one(Request("GET", self._root, action, errors=_OF_SOURCE, feature=FEATURE))
        # What the root comes with is what the server knew before.
        found = self._shown(root, action)
        for depth, name in enumerate(parts, 1):
            entry = self._child(found, name, parts[:depth])
            if not entry.get("is_dir"):
                raise NotFoundException(
                    f"There is no directory {written(parts)!r} {self._where}: {written(parts[:depth])!r} is a file."
                )
            found = self._shown(entry, action)
        return found

    def entry(self, parts: Sequence[str]) -> Record:
        """A file or a directory, without what is in it.

        :raises NotFoundException: There is none of that path.
        """
        if parts:
            return self._child(self.directory(parts[:-1]), parts[-1], parts)
        root = self.directory(parts)
        root.pop("entries", None)
        root["full_path"] = "/"
        return root

    def file(self, parts: Sequence[str]) -> Record:
        """A file, without its contents.

        :raises NotFoundException: There is none of that path, or it is a directory.
        """
        entry = self.entry(parts)
        if entry.get("is_dir"):
            raise NotFoundException(
                f"There is no file {written(parts)!r} {self._where}: it is a directory, which "
                "session.hdfs.get_list shows."
            )
        return entry

    def first_lines(self, parts: Sequence[str]) -> list[str]:
        """The lines of a file that the server gives."""
        found = self._shown(self.file(parts), f"read {written(parts)!r} {self._where}")
        lines = found.get("contents")
        return [str(line).rstrip("\r\n") for line in lines] if isinstance(lines, list) else []

    def statistics(self, parts: Sequence[str]) -> Record:
        """What the cluster knows of a file or a directory."""
        action = f"read the statistics of {written(parts)!r} {self._where}"
        path = f"{self.path_of(self.entry(parts))}/statistics"
        return self._resource._one(Request("GET", path, action, errors=_ERRORS, feature=FEATURE))

    def children(self, directory: Record, parts: Sequence[str]) -> RecordList:
        """The entries of a directory, each with its whole path."""
        rows = directory.get("entries")
        entries = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        for row in entries:
            row["full_path"] = written([*parts, str(row.get("name"))])
        return RecordList(entries, self._resource._root)

    def _shown(self, entry: Record, action: str) -> Record:
        return self._resource._one(Request("GET", self.path_of(entry), action, errors=_ERRORS, feature=FEATURE))

    def _child(self, directory: Record, name: str, parts: Sequence[str]) -> Record:
        rows = self.children(directory, parts[:-1])
        for row in rows:
            # Unlike other names, those of files differ by their capitals.
            if row.get("name") == name:
                return Record(row).at(self._resource._root)
        names = [str(row.get("name")) for row in rows]
        raise NotFoundException(
            f"There is no file or directory {written(parts)!r} {self._where}.{nearest(name, names)}"
        )
