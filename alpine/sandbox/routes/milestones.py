"""Milestones of a workspace."""

from __future__ import annotations

import re
from datetime import date

from werkzeug.wrappers import Response

from alpine.sandbox.presenters.activities import milestone_object
from alpine.sandbox.state.collaboration import Milestone, milestones_of, record_event
from alpine.sandbox.state.model import Workspace
from alpine.sandbox.web.call import Call, Routes, envelope, found
from alpine.sandbox.web.errors import Forbidden, Refused
from alpine.sandbox.web.params import as_text

routes: Routes = Routes()

_STATES = ("planned", "achieved")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


@routes.add("GET", "/workspaces/<workspace_id>/milestones")
def index(call: Call) -> Response:
    """List the milestones by their date."""
    workspace = _licensed(call)
    return call.paged(milestones_of(call.state, workspace.id), lambda row: milestone_object(call.view, row))


@routes.add("POST", "/workspaces/<workspace_id>/milestones")
def create(call: Call) -> Response:
    """Make a milestone, which is planned at first. Of one that cannot be made the object comes back without an id."""
    workspace = _editable(call)
    sent = call.params.resource("milestone")
    milestone = Milestone(
        workspace_id=workspace.id,
        name=as_text(sent.get("name")),
        target_date=_date(as_text(sent.get("target_date"))),
    )
    if milestone.name.strip() and milestone.target_date:
        call.state.table(Milestone).add(milestone)
        _tell(call, milestone, "MilestoneCreated")
        _note_target_date(call, workspace)
    return envelope(milestone_object(call.view, milestone), 201)


@routes.add("PUT", "/workspaces/<workspace_id>/milestones/<id>")
def update(call: Call) -> Response:
    """Change a milestone, without a word in return."""
    workspace, milestone = _named(call)
    sent = call.params.resource("milestone")
    milestone.name = as_text(sent.get("name")) or milestone.name
    milestone.target_date = _date(as_text(sent.get("target_date"))) or milestone.target_date
    if as_text(sent.get("state")) in _STATES:
        milestone.state = as_text(sent["state"])
    _tell(call, milestone, "MilestoneUpdated")
    _note_target_date(call, workspace)
    return call.done()


@routes.add("DELETE", "/workspaces/<workspace_id>/milestones/<id>")
def delete(call: Call) -> Response:
    """Remove a milestone."""
    workspace, milestone = _named(call)
    milestone.deleted = True
    _note_target_date(call, workspace)
    return call.done()


def _licensed(call: Call) -> Workspace:
    if not call.state.settings.milestones_licensed:
        raise Refused(403, {"license": "NOT_LICENSED"})
    return call.workspace()


def _editable(call: Call) -> Workspace:
    workspace = _licensed(call)
    if not call.view.belongs(workspace):
        raise Forbidden
    return workspace


def _named(call: Call) -> tuple[Workspace, Milestone]:
    workspace = _editable(call)
    milestone = call.record(call.state.table(Milestone))
    return workspace, found(milestone if milestone.workspace_id == workspace.id else None)


def _date(text: str) -> str:
    """A date as the server keeps it; empty for what is none."""
    day = text[:10]
    if not _DATE.fullmatch(day):
        return ""
    try:
        return date.fromisoformat(day).isoformat()
    except ValueError:
        return ""


def _note_target_date(call: Call, workspace: Workspace) -> None:
    rows = milestones_of(call.state, workspace.id)
    workspace.project_target_date = rows[-1].target_date if rows else None


def _tell(call: Call, milestone: Milestone, action: str) -> None:
    targets = {"milestone": ("milestone", milestone.id), "workspace": ("workspace", milestone.workspace_id)}
    record_event(call.state, action, call.user.id, targets)
