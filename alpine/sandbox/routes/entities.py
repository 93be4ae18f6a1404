"""Records of any kind, as tags, notes and activities name them: by ``entity_type`` and ``entity_id``."""

from __future__ import annotations

from typing import Any

from alpine.sandbox.state.collaboration import Target
from alpine.sandbox.state.hdfs import HdfsEntry
from alpine.sandbox.state.model import HDFS_SOURCE, SQL_SOURCES, StateRecord
from alpine.sandbox.state.store import RecordTable
from alpine.sandbox.web.call import Call, found
from alpine.sandbox.web.errors import Invalid
from alpine.sandbox.web.params import as_id, as_text

TAGGABLE = ("workfile", "dataset", "workspace", "user", "hdfs_file", HDFS_SOURCE, *SQL_SOURCES)
NOTABLE = ("workspace", "workfile", "dataset", HDFS_SOURCE, *SQL_SOURCES)
ACTIVE = (*TAGGABLE, "job")


def entity(call: Call, kind: Any, number: Any, allowed: tuple[str, ...]) -> Target:
    """The record that a request names, if the caller may see it.

    As on the server, what is in a workspace needs the right to see that, and all else passes.

    :param call: The request.
    :param kind: Its ``entity_type``.
    :param number: Its id.
    :param allowed: The kinds that the endpoint takes.
    :returns: The record.
    :raises Invalid: The endpoint takes no such kind.
    :raises NotFound: There is no such record.
    :raises Forbidden: It is in a workspace that the caller may not see.
    """
    name = as_text(kind)
    if name not in allowed:
        raise Invalid.field("general", "GENERIC", {"message": f"Invalid entity type: {name}"})
    state = call.state
    tables: dict[str, RecordTable[Any]] = {
        "workspace": state.workspaces,
        "workfile": state.workfiles,
        "dataset": state.datasets,
        "user": state.users,
        "job": state.jobs,
        "hdfs_file": state.table(HdfsEntry),
    }
    record: StateRecord = found((tables.get(name) or state.sources(name)).find(as_id(number)))
    if name.endswith("_data_source"):
        found(record if getattr(record, "entity_type", None) == name else None)
    _check_view(call, name, record)
    return name, record.id


def workspace_of(call: Call, target: Target) -> int | None:
    """The workspace that a record is in.

    :param call: The request.
    :param target: The record.
    :returns: Its id; None for what is in none.
    """
    kind, number = target
    if kind == "workspace":
        return number
    if kind == "workfile":
        return found(call.state.workfiles.find(number)).workspace_id
    if kind == "job":
        return found(call.state.jobs.find(number)).workspace_id
    return None


def _check_view(call: Call, kind: str, record: StateRecord) -> None:
    number = workspace_of(call, (kind, record.id))
    if number is not None:
        call.seen(found(call.state.workspaces.find(number)))
