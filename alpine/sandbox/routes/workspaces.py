"""Workspaces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from werkzeug.wrappers import Response

from alpine.sandbox.presenters.activities import event_object
from alpine.sandbox.presenters.workspaces import full_workspace, short_workspace
from alpine.sandbox.routes.checks import OWNER_MISSING, Fields, assign, at_most, choice, refuse, required, taken
from alpine.sandbox.state.collaboration import Touchpoint, milestones_of
from alpine.sandbox.state.model import PROJECT_STATUSES, STAGES, Workspace
from alpine.sandbox.web.call import Call, Routes, by_name, envelope, found
from alpine.sandbox.web.errors import Forbidden, Invalid, json_response
from alpine.sandbox.web.params import as_bool, as_id, as_text

routes: Routes = Routes()

_FLAGS = (
    "public",
    "is_project",
    "show_sandbox_datasets",
    "has_added_member",
    "has_added_workfile",
    "has_added_sandbox",
)
_TEXTS = ("summary", "project_status_reason", "project_target_date")
_LATEST = 5


@routes.add("GET", "/workspaces")
def index(call: Call) -> Response:
    """List the workspaces that the caller may see; any ``active`` at all leaves the archived ones out."""
    rows = [workspace for workspace in call.state.workspaces if call.view.may_see(workspace)]
    if call.params.text("user_id"):
        user = found(call.state.users.find(as_id(call.params["user_id"])))
        rows = [workspace for workspace in rows if user.id in workspace.members]
    if call.params.text("active"):
        rows = [workspace for workspace in rows if workspace.archived_at is None]
    rows = by_name(rows, lambda row: row.name)
    if call.params.text("succinct") == "true":
        return call.paged(rows, lambda row: short_workspace(call.view, row))
    if call.params.text("show_latest_comments") != "true":
        return call.paged(rows, lambda row: full_workspace(call.view, row, listed=True))
    return call.paged(rows, lambda row: {**full_workspace(call.view, row, listed=True), **_latest(call, row)})


@routes.add("GET", "/workspaces/<workspace_id>")
def show(call: Call) -> Response:
    """Show one workspace."""
    return envelope(full_workspace(call.view, call.workspace()))


@routes.add("POST", "/workspaces")
def create(call: Call) -> Response:
    """Make a workspace; the caller owns it and is its first member."""
    sent = call.params.resource("workspace")
    fields = _faults(call, {"name": None, **sent})
    refuse(fields)
    workspace = Workspace(
        name=as_text(sent["name"]),
        owner_id=call.user.id,
        public=as_bool(sent.get("public")),
        summary=as_text(sent.get("summary")),
        members={call.user.id: "Project Manager"},
    )
    call.state.workspaces.add(workspace)
    return envelope(full_workspace(call.view, workspace), 201)


@routes.add("PUT", "/workspaces/<workspace_id>")
def update(call: Call) -> Response:
    """Change what was sent; a member who is no owner may change name and summary only."""
    workspace = call.workspace()
    sent = call.params.resource("workspace")
    if not call.view.owns(workspace) and not (call.view.belongs(workspace) and _changes_little(workspace, sent)):
        raise Forbidden
    fields = _faults(call, sent, workspace)
    owner_id = as_id(sent["owner_id"]) if "owner_id" in sent else workspace.owner_id
    if owner_id not in workspace.members:
        fields |= OWNER_MISSING
    refuse(fields)
    workspace.owner_id = owner_id or workspace.owner_id
    _assign(call, workspace, sent)
    workspace.updated_at = call.state.clock()
    return envelope(full_workspace(call.view, workspace))


@routes.add("DELETE", "/workspaces/<workspace_id>")
def delete(call: Call) -> Response:
    """Remove a workspace and all that is in it."""
    workspace = call.workspace()
    if not call.view.owns(workspace):
        raise Forbidden
    if any(isinstance(row, Touchpoint) and row.is_published for row in call.state.workfiles_of(workspace)):
        raise Invalid.field("workfile", "PUBLISHED_WORKLET_ASSOCIATED")
    for record in (
        *milestones_of(call.state, workspace.id),
        *call.state.workfiles_of(workspace),
        *call.state.jobs_of(workspace),
        workspace,
    ):
        record.deleted = True
    call.backend.drop_outputs(workspace)
    return json_response({})


def _latest(call: Call, workspace: Workspace) -> dict[str, Any]:
    """What a list tells of notes, comments and insights on request."""
    said = call.state.events.talk_about(("workspace", workspace.id))[::-1]
    insights = [event for event in said if event.is_insight]
    return {
        "number_of_insights": len(insights),
        "number_of_comments": len(said),
        "latest_comment_list": [event_object(call.view, event) for event in said[:_LATEST]],
        "latest_insight": event_object(call.view, insights[0]) if insights else None,
    }


def _faults(call: Call, sent: Mapping[str, Any], workspace: Workspace | None = None) -> Fields:
    fields: Fields = {}
    if "name" in sent:
        required(fields, sent, ("name",))
        at_most(fields, sent, {"name": 256})
        others = [other.name for other in call.state.workspaces if other is not workspace]
        taken(fields, "name", as_text(sent["name"]), others)
    if "project_status" in sent:
        choice(fields, "project_status", as_text(sent["project_status"]), PROJECT_STATUSES)
    if "workspace_stage_id" in sent:
        stages = [str(number) for number in range(1, len(STAGES) + 1)]
        choice(fields, "workspace_stage_id", as_text(sent["workspace_stage_id"]), stages)
    return fields


def _changes_little(workspace: Workspace, sent: Mapping[str, Any]) -> bool:
    # A script may echo the whole object back; what stays the same needs no right.
    now = {name: getattr(workspace, name) for name in ("owner_id", "project_status", *_TEXTS, *_FLAGS)}
    now |= {"workspace_stage_id": workspace.stage_id, "archived": workspace.archived_at is not None}
    return all(as_text(sent[name]) == as_text(now[name]) for name in now if name in sent and name != "summary")


def _assign(call: Call, workspace: Workspace, sent: Mapping[str, Any]) -> None:
    assign(workspace, sent, texts=("name", "project_status", *_TEXTS), flags=_FLAGS)
    if "workspace_stage_id" in sent:
        workspace.stage_id = int(as_text(sent["workspace_stage_id"]))
    if "archived" in sent:
        _archive(call, workspace, as_bool(sent["archived"]))
    workspace.has_changed_settings = True


def _archive(call: Call, workspace: Workspace, archived: bool) -> None:
    if archived == (workspace.archived_at is not None):
        return
    workspace.archived_at = call.state.clock() if archived else None
    workspace.archiver_id = call.user.id if archived else None
