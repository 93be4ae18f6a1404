"""Workfiles and their versions."""

from __future__ import annotations

from typing import Any

from alpine.sandbox.file_types import TEXT_TYPES, file_type
from alpine.sandbox.presenters.data_sources import location_object
from alpine.sandbox.presenters.datasets import schema_object
from alpine.sandbox.presenters.people import short_user
from alpine.sandbox.presenters.tags import comments_counted, tag_objects
from alpine.sandbox.presenters.touchpoints import touchpoint_fields
from alpine.sandbox.presenters.view import View, moment
from alpine.sandbox.presenters.workspaces import short_workspace
from alpine.sandbox.state.collaboration import Touchpoint, touchpoints_of
from alpine.sandbox.state.model import Workfile, WorkfileVersion

SHOWN_BYTES = 131_072


def workfile_object(view: View, workfile: Workfile, *, listed: bool = False, content: bool = False) -> dict[str, Any]:
    """A workfile, as a response of its own or as a row of a list.

    :param view: Who looks.
    :param workfile: The workfile.
    :param listed: Whether it is a row of a list.
    :param content: Whether the text of a plain file is shown.
    :returns: Its object.
    """
    workspace = view.state.workspaces.find(workfile.workspace_id)
    common: dict[str, Any] = {
        "id": workfile.id,
        "workspace": short_workspace(view, workspace) if workspace else None,
        "file_name": workfile.file_name,
        "file_type": file_type(workfile),
        "entity_type": "workfile",
        "entity_subtype": workfile.entity_subtype,
        "status": workfile.status,
        "description": workfile.description,
        "owner": short_user(view.state.users.find(workfile.owner_id)),
        "latest_version_id": None,
        "link_url": None,
        "associated_worklets": [
            {"id": row.id, "file_name": row.file_name, "entity_subtype": row.entity_subtype}
            for row in (touchpoints_of(view.state, workfile.id) if workfile.is_workflow else [])
        ],
        **comments_counted(view.state, ("workfile", workfile.id)),
        "tags": tag_objects(view.state, ("workfile", workfile.id)),
        "user_modified_at": moment(workfile.user_modified_at),
        "is_deleted": None,
        **({} if listed else {"complete_json": True}),
    }
    if workfile.is_workflow:
        dates = {"created_at": moment(workfile.created_at), "updated_at": moment(workfile.updated_at)}
        return {**common, "version_info": dates, **({} if listed else _locations(view, workfile))}
    if isinstance(workfile, Touchpoint):
        return {**common, **touchpoint_fields(view, workfile)}
    latest = workfile.live_versions[-1]
    common["latest_version_id"] = latest.id
    schema = view.state.schemas.find(workfile.execution_schema_id)
    common["execution_schema"] = schema_object(view.state, schema) if schema else None
    if not listed:
        common["has_draft"] = False
    return {**common, "version_info": version_object(view, workfile, latest, content=content)}


def version_object(view: View, workfile: Workfile, version: WorkfileVersion, *, content: bool) -> dict[str, Any]:
    """One version of a plain file.

    :param view: Who looks.
    :param workfile: The file.
    :param version: The version.
    :param content: Whether its text is shown, up to 128 KB.
    :returns: Its object.
    """
    users = view.state.users
    return {
        "id": version.id,
        "version_num": version.version_num,
        "commit_message": version.commit_message,
        "owner": short_user(users.find(version.owner_id)),
        "modifier": short_user(users.find(version.modifier_id)),
        "created_at": moment(version.created_at),
        "updated_at": moment(version.updated_at),
        "content_url": f"/workfiles/{workfile.id}/download?version_id={version.id}",
        "partial_file": version.size > SHOWN_BYTES,
        "icon_url": None,
        "content": _shown_text(workfile, version) if content else None,
    }


def _shown_text(workfile: Workfile, version: WorkfileVersion) -> str | None:
    if file_type(workfile) not in TEXT_TYPES:
        return None
    with version.path.open("rb") as file:
        return file.read(SHOWN_BYTES).decode("utf-8", "replace")


def _locations(view: View, workfile: Workfile) -> dict[str, Any]:
    shown = [location_object(view.state, location) for location in workfile.locations]
    return {"execution_locations": [place for place in shown if place is not None], "dataset_ids": []}
