"""Workspaces and their stages."""

from __future__ import annotations

from typing import Any

from alpine.sandbox.presenters.datasets import schema_object
from alpine.sandbox.presenters.people import full_user, short_user
from alpine.sandbox.presenters.tags import tag_objects
from alpine.sandbox.presenters.view import View, moment
from alpine.sandbox.state.collaboration import RECENT_SECONDS, comments_on, milestones_of
from alpine.sandbox.state.model import STAGES, Workspace
from alpine.sandbox.state.store import State


def short_workspace(view: View, workspace: Workspace) -> dict[str, Any]:
    """The workspace as it stands inside files and jobs, and in succinct lists.

    :param view: Who looks.
    :param workspace: The workspace.
    :returns: Its object.
    """
    state = view.state
    milestones = milestones_of(state, workspace.id)
    return {
        "id": workspace.id,
        "name": workspace.name,
        "summary": workspace.summary,
        "public": workspace.public,
        "archived": workspace.archived_at is not None,
        "archived_at": moment(workspace.archived_at),
        "owner": short_user(state.users.find(workspace.owner_id)),
        "permission": view.permission(workspace),
        "is_member": view.user.id in workspace.members,
        "is_project": workspace.is_project,
        "project_status": workspace.project_status,
        "project_status_reason": workspace.project_status_reason,
        "project_target_date": workspace.project_target_date,
        "workspace_stage_id": workspace.stage_id,
        "workspace_stage": _stage(workspace.stage_id),
        "datasets_count": len(workspace.dataset_ids),
        "members_count": len(workspace.members),
        "workfiles_count": len(state.workfiles_of(workspace)),
        **_notes_counted(state, workspace),
        "has_milestones": bool(milestones),
        "milestone_count": len(milestones),
        "milestone_completed_count": sum(row.state == "achieved" for row in milestones),
        "entity_type": "workspace",
        "is_deleted": None,
    }


def full_workspace(view: View, workspace: Workspace, *, listed: bool = False) -> dict[str, Any]:
    """The workspace in full.

    :param view: Who looks.
    :param workspace: The workspace.
    :param listed: Whether it is a row of a list, where its owner is shown in short.
    :returns: Its object.
    """
    owner = view.state.users.find(workspace.owner_id)
    archiver = view.state.users.find(workspace.archiver_id)
    return {
        **short_workspace(view, workspace),
        "owner": full_user(owner) if owner and not listed else short_user(owner),
        "archiver": short_user(archiver),
        "image": {"original": "", "icon": "", "entity_type": "image", "complete_json": True},
        "has_added_member": workspace.has_added_member,
        "has_added_workfile": workspace.has_added_workfile,
        "has_added_sandbox": workspace.has_added_sandbox,
        "has_changed_settings": workspace.has_changed_settings,
        "tags": tag_objects(view.state, ("workspace", workspace.id)),
        "sandbox_info": sandbox_info(view.state, workspace),
        "show_sandbox_datasets": workspace.show_sandbox_datasets,
        "complete_json": True,
    }


def sandbox_info(state: State, workspace: Workspace) -> dict[str, Any] | None:
    """The schema of a workspace's own tables, as the workspace's object tells it.

    :param state: The records.
    :param workspace: The workspace.
    :returns: Its object, or None where the workspace has none.
    """
    schema = state.schemas.find(workspace.sandbox_schema_id)
    return schema_object(state, schema) if schema else None


def _notes_counted(state: State, workspace: Workspace) -> dict[str, Any]:
    events = state.events.talk_about(("workspace", workspace.id))
    insights = [event for event in events if event.is_insight]
    since = state.clock() - RECENT_SECONDS
    said = [
        record.created_at
        for event in events
        for record in (*([event] if event.is_note else []), *comments_on(state, event))
    ]
    recent = sum(moment >= since for moment in said)
    return {
        "insights_count": len(insights),
        "recent_insights_count": sum((event.promoted_at or 0) >= since for event in insights),
        "recent_comments_count": recent,
        "has_recent_comments": recent > 0,
    }


def _stage(stage_id: int) -> dict[str, Any]:
    name = STAGES[stage_id - 1]
    return {
        "id": stage_id,
        "name": name,
        "position": stage_id,
        "default": stage_id == 1,
        "description_short": name,
        "description_long": name,
        "complete_json": True,
    }
