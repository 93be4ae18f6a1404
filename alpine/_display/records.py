"""What the server tells of one thing, and of many: still a dict and a list, with a table to look at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from alpine._display import html
from alpine._display.html import RichDict, RichList
from alpine._extras import extra
from alpine._web_address import page_of_record

if TYPE_CHECKING:
    from pandas import DataFrame

_MOST_COLUMNS = 8
_SOURCE = ("id", "name", "entity_type", "state", "host", "port", "db_name", "owner")
_COLUMNS: dict[str, tuple[str, ...]] = {
    "user": ("id", "username", "first_name", "last_name", "role", "email", "user_type", "admin"),
    "workspace": ("id", "name", "owner", "public", "archived", "workspace_stage", "members_count", "workfiles_count"),
    "workfile": ("id", "file_name", "file_type", "status", "owner", "workspace", "user_modified_at"),
    "job": ("id", "name", "status", "enabled", "interval_value", "interval_unit", "next_run", "last_run"),
    "task": ("id", "index", "name", "action", "is_valid"),
    "data source": _SOURCE,
    "database": ("id", "name", "entity_type", "data_source"),
    "schema": ("id", "name", "dataset_count", "database", "data_source", "entity_type"),
    "dataset": ("id", "object_name", "object_type", "entity_subtype", "stale", "schema", "associated_workspaces"),
    "hdfs_file": ("id", "name", "is_dir", "size", "full_path", "last_updated_stamp"),
    "column": ("name", "data_type", "type_category", "description"),
}
"""What people look for, by the kind of a thing."""
_NAMES = ("name", "username", "file_name", "object_name")
_ENDINGS = {"data_source": "data source", "database": "database", "_schema": "schema", "database_column": "column"}
"""How the kinds end that have several names on the server."""


class Record(RichDict):
    """What the server tells of one thing, such as a workspace or a user: a dict of all that was sent.

    Example:

    >>> session.workspace.get("Sandbox")["id"]
    1
    """

    _root: str | None = None

    @property
    def url(self) -> str | None:
        """The page of the server's web application about this thing; None where it has none, and in a copy."""
        return None if self._root is None else page_of_record(self._root, _kind(self), self)

    def at(self, root: str) -> Record:
        """The record, when it is known which server it comes from."""
        self._root = root
        return self

    def _in_short(self) -> str:
        shown = ", ".join(f"{name}={_short(value)!r}" for name, value in self._shown()[:3])
        return f"<{_kind(self) or 'record'} {shown}{' …' if len(self) > 3 else ''}>"

    def _repr_html_(self) -> str:
        name = next((str(self[key]) for key in _NAMES if self.get(key)), "")
        hidden = len(self) - len(self._shown())
        more = [html.note(f"… {html.count(hidden, 'more key')}; print(…) shows the whole record")] if hidden else []
        rows = [(key, _short(value)) for key, value in self._shown()]
        return html.block(html.heading(name, _kind(self), href=self.url), html.pairs(rows), *more)

    def _shown(self) -> list[tuple[str, Any]]:
        return [(key, self[key]) for key in _columns([self])[: html.ROWS_SHOWN]]


class RecordList(RichList[dict[str, Any]]):
    """What the server tells of many things: a list of dicts.

    :param rows: The things.
    :param root: The root of the server that they come from, if it is known.
    """

    def __init__(self, rows: Iterable[Mapping[str, Any]] = (), root: str | None = None) -> None:
        super().__init__(row if isinstance(row, Record) else Record(row) for row in rows)
        if root is not None:
            for row in self:
                row._root = root  # type: ignore[attr-defined]

    def to_dataframe(self) -> DataFrame:
        """The list as a table, a row for each thing; what is inside of a thing has names such as ``owner.username``.

        :returns: The table; the columns that people look for come first.
        :rtype: pandas.DataFrame
        :raises MissingExtraException: Pandas is not installed.

        Example:

        >>> session.workspace.get_list().to_dataframe()[["name", "owner.username"]]
        """
        frame = extra("pandas").json_normalize([dict(row) for row in self], max_level=1)
        first = [column for name in _columns(self) for column in frame if column.partition(".")[0] == name]
        return frame[[*first, *(column for column in frame if column not in first)]]

    def _in_short(self) -> str:
        names = [str(next((row[key] for key in _NAMES if row.get(key)), row.get("id"))) for row in self[:5]]
        shown = f": {', '.join(map(repr, names))}{', …' if len(self) > 5 else ''}" if names else ""
        return f"<{html.count(len(self), self._thing)}{shown}>"

    def _repr_html_(self) -> str:
        columns = _columns(self)[:_MOST_COLUMNS]
        shown = self[: html.ROWS_SHOWN]
        rows = [[_short(row.get(column)) for column in columns] for row in shown]
        numbers = {i for i, name in enumerate(columns) if any(_is_number(row.get(name)) for row in shown)}
        hidden = len(self) - len(shown)
        more = [html.note(f"… {hidden:,} more; .to_dataframe() holds them all")] if hidden else []
        content = [html.table(columns, rows, numbers), *more] if rows else []
        return html.block(html.heading(html.count(len(self), self._thing)), *content)

    @property
    def _thing(self) -> str:
        kinds = {_kind(row) for row in self}
        return (kinds.pop() if len(kinds) == 1 else "") or "record"


def _kind(record: Mapping[str, Any]) -> str:
    """What kind of thing it is; the server does not say so of jobs and tasks."""
    said = record.get("entity_type")
    if isinstance(said, str):
        return next((kind for ending, kind in _ENDINGS.items() if said.endswith(ending)), said)
    if "interval_unit" in record:
        return "job"
    return "task" if "action" in record and "index" in record else ""


def _columns(records: Iterable[Mapping[str, Any]]) -> list[str]:
    """The keys that people look for and that hold something; all of them where nobody knows."""
    rows = list(records)
    names = dict.fromkeys(name for kind in dict.fromkeys(map(_kind, rows)) for name in _COLUMNS.get(kind, ()))
    if not names:
        names = dict.fromkeys(str(key) for row in rows for key in row)
    return [name for name in names if any(row.get(name) not in (None, "", [], {}) for row in rows)]


def _short(value: object) -> object:
    """A value that fits into a cell: of a thing within a thing, its name."""
    if isinstance(value, Mapping):
        return next((value[key] for key in _NAMES if value.get(key)), html.count(len(value), "key"))
    if isinstance(value, list):
        return ", ".join(str(_short(item)) for item in value)
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
