"""Members of a workspace: the list is read and replaced as a whole."""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Response

from alpine.sandbox.presenters.people import member
from alpine.sandbox.routes.checks import OWNER_MISSING, Fields, choice, refuse
from alpine.sandbox.state.collaboration import Notification, record_event
from alpine.sandbox.state.model import MEMBER_ROLES, Workspace
from alpine.sandbox.web.call import Call, Routes, envelope, found
from alpine.sandbox.web.errors import Forbidden, Invalid
from alpine.sandbox.web.params import as_id, as_list, as_text

routes: Routes = Routes()


@routes.add("GET", "/workspaces/<workspace_id>/members")
def index(call: Call) -> Response:
    """List the members in the order they came."""
    workspace = call.workspace()
    return call.paged(list(workspace.members), lambda user_id: member(call.view, workspace, user_id), in_full=True)


@routes.add("POST", "/workspaces/<workspace_id>/members")
def replace(call: Call) -> Response:
    """Replace all members; who is not named is out."""
    workspace = call.workspace()
    if not call.view.owns(workspace):
        raise Forbidden
    members = _wanted(call, workspace)
    if workspace.owner_id not in members:
        raise Invalid(OWNER_MISSING)
    for user_id in set(workspace.members) - set(members):
        call.state.hand_over_jobs(user_id, workspace)
    _tell(call, workspace, [user_id for user_id in members if user_id not in workspace.members])
    workspace.members = members
    workspace.has_added_member = True
    workspace.updated_at = call.state.clock()
    return envelope([member(call.view, workspace, user_id) for user_id in members])


def _tell(call: Call, workspace: Workspace, added: list[int]) -> None:
    """Note who was added, and tell them."""
    if not added:
        return
    targets = {"member": ("user", added[0]), "workspace": ("workspace", workspace.id)}
    event = record_event(call.state, "MembersAdded", call.user.id, targets, {"num_added": len(added)})
    for user_id in added:
        if user_id != call.user.id:
            call.state.table(Notification).add(Notification(recipient_id=user_id, event_id=event.id))


def _wanted(call: Call, workspace: Workspace) -> dict[int, str]:
    rows = as_list(call.params.get("members"))
    if not rows:
        rows = [{"user_id": user_id} for user_id in as_list(call.params.get("member_ids"))]
    wanted: dict[int, str] = {}
    fields: Fields = {}
    for row in rows:
        asked: dict[str, Any] = row if isinstance(row, dict) else {}
        user = found(call.state.users.find(as_id(asked.get("user_id"))))
        role = as_text(asked.get("role")) or workspace.members.get(user.id, MEMBER_ROLES[0])
        choice(fields, "role", role, MEMBER_ROLES)
        wanted[user.id] = role
    refuse(fields)
    return wanted
