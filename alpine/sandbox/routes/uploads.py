"""What a new workfile is made of: its content, its name and the places where it runs."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

from werkzeug.datastructures import FileStorage

from alpine.sandbox import stored_files
from alpine.sandbox.routes.checks import Fields, at_most, complain, refuse
from alpine.sandbox.state.defaults import unused_name
from alpine.sandbox.state.model import (
    HDFS_SOURCE,
    SOURCES_WITH_DATABASES,
    Location,
    Workfile,
    WorkfileVersion,
    Workspace,
)
from alpine.sandbox.state.store import MEGABYTE
from alpine.sandbox.web.call import Call, found
from alpine.sandbox.web.errors import Invalid
from alpine.sandbox.web.params import as_id, as_list, as_text
from alpine.sandbox.workflow_file import cleaned

log: logging.Logger = logging.getLogger("alpine.sandbox")

EMPTY_FLOW = b'<?xml version="1.0" encoding="UTF-8"?><Process Description="" UserName="1" Version="6.3.0.0"></Process>'

_NAME = re.compile(r"[a-zA-Z0-9_ .()\-]+")
_SOURCE_KINDS = (HDFS_SOURCE, "oracle_data_source", "jdbc_data_source", "jdbc_hive_data_source")


def new_workfile(call: Call, workspace: Workspace, sent: Mapping[str, Any]) -> Workfile:
    """Make a workfile of what was sent, and keep its content.

    :param call: The request.
    :param workspace: Where it goes.
    :param sent: The attributes of the workfile.
    :returns: The workfile, not yet in the records.
    :raises Invalid: When something about it is wrong.
    """
    upload = _upload(sent)
    is_workflow = as_text(sent.get("entity_subtype")) == "alpine"
    name = _name(call, workspace, sent, upload, is_workflow)
    workfile = Workfile(
        workspace_id=workspace.id,
        file_name=name,
        owner_id=call.user.id,
        description=as_text(sent.get("description")),
        user_modified_at=call.state.clock(),
    )
    content: IO[bytes] | bytes = checked_size(call, upload.stream) if upload else b""
    if is_workflow:
        workfile.entity_subtype = "alpine"
        workfile.locations = locations(call, as_list(sent.get("execution_locations")))
        workfile.flow = _kept_flow(call, content)
    else:
        add_version(call, workfile, content)
        if name.lower().endswith(".sql"):
            workfile.execution_schema_id = workspace.sandbox_schema_id
    return workfile


def add_version(
    call: Call, workfile: Workfile, content: IO[bytes] | bytes, message: str | None = None
) -> WorkfileVersion:
    """Store a content as the newest version of a plain file.

    :param call: The request.
    :param workfile: The file.
    :param content: The content.
    :param message: The commit message.
    :returns: The version.
    """
    return stored_files.add_version(call.state, call.user, workfile, content, message)


def checked_size(call: Call, content: IO[bytes]) -> IO[bytes]:
    """Refuse a content that is larger than a workfile may be.

    :param call: The request.
    :param content: An open file.
    :returns: The same.
    :raises Invalid: When it is too large.
    """
    limit = int(call.state.settings.workfile_limit_mb * MEGABYTE)
    content.seek(0, 2)
    if content.tell() > limit:
        raise Invalid.field("contents_file_size", "LESS_THAN", {"count": limit})
    content.seek(0)
    return content


def name_faults(name: str, taken: Iterable[str]) -> Fields:
    """Tell what is wrong with a file name that was asked for.

    :param name: The name.
    :param taken: The names there are; capitals count.
    :returns: The notes.
    """
    fields: Fields = {}
    if not name.strip():
        complain(fields, "file_name", "BLANK")
    if not _NAME.fullmatch(name):
        complain(fields, "file_name", "INVALID", {"value": name or None})
    at_most(fields, {"file_name": name}, {"file_name": 256})
    if name in taken:
        complain(fields, "file_name", "TAKEN")
    return fields


def locations(call: Call, rows: list[Any]) -> list[Location]:
    """Read the places where a workflow is to run.

    :param call: The request.
    :param rows: What was sent.
    :returns: The places.
    :raises NotFound: For an unknown id.
    :raises Invalid: For an unknown kind.
    """
    return [_location(call, row if isinstance(row, dict) else {}) for row in rows]


def _location(call: Call, row: Mapping[str, Any]) -> Location:
    kind, wanted = as_text(row.get("entity_type")), as_id(row.get("id"))
    state = call.state
    if kind in SOURCES_WITH_DATABASES.values():
        database = found(state.databases.find(wanted))
        source = state.sql_sources.find(database.data_source_id)
        found(database if source and SOURCES_WITH_DATABASES[source.entity_type] == kind else None)
        return Location(kind, database.id)
    if kind not in _SOURCE_KINDS:
        raise Invalid.field("execution_locations", "INVALID", {"value": kind})
    source = found(state.sources(kind).find(wanted))
    return Location(kind, found(source if source.entity_type == kind else None).id)


def _upload(sent: Mapping[str, Any]) -> FileStorage | None:
    for version in as_list(sent.get("versions_attributes")):
        contents = version.get("contents") if isinstance(version, dict) else None
        if isinstance(contents, FileStorage):
            return contents
    return None


def _name(
    call: Call, workspace: Workspace, sent: Mapping[str, Any], upload: FileStorage | None, is_workflow: bool
) -> str:
    explicit = as_text(sent.get("file_name"))
    name = explicit or (re.split(r"[/\\]", upload.filename or "")[-1] if upload else "")
    if is_workflow:
        name = name.replace(".afm", "")
    taken = {workfile.file_name for workfile in call.state.workfiles_of(workspace)}
    fields = name_faults(name, taken if explicit else ())
    at_most(fields, sent, {"description": 256})
    refuse(fields)
    return name if explicit else unused_name(name, taken)


def _kept_flow(call: Call, content: IO[bytes] | bytes) -> Path:
    from alpine.sandbox.engine import EngineRefused

    raw = content if isinstance(content, bytes) else content.read()
    if not raw:
        return call.state.files.keep(EMPTY_FLOW)
    try:
        flow = cleaned(raw)
        call.backend.check(flow)
    except (ValueError, EngineRefused) as error:
        log.warning("an upload was refused: %s", error)
        raise Invalid.field("base", "ALPINE_CONNECTION_ERROR") from error
    return call.state.files.keep(flow)
