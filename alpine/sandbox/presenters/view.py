"""Who looks at the records, and what that person may do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from alpine.sandbox.state.collaboration import Event
from alpine.sandbox.state.model import User, Workspace
from alpine.sandbox.state.store import RunRecord, State

_WORKFLOW_AUTHORS = ("analytics_developer", "data_analyst")


@dataclass(frozen=True)
class View:
    """The records as one user sees them.

    :param state: The records.
    :param user: Who looks.
    """

    state: State
    user: User

    def owns(self, workspace: Workspace) -> bool:
        """Whether the user may change everything about a workspace."""
        return self.user.admin or workspace.owner_id == self.user.id

    def belongs(self, workspace: Workspace) -> bool:
        """Whether the user may change what is inside a workspace."""
        return self.owns(workspace) or self.user.id in workspace.members

    def may_see(self, workspace: Workspace) -> bool:
        """Whether the user may look at a workspace."""
        return workspace.public or self.belongs(workspace)

    def may_see_run(self, run: RunRecord) -> bool:
        """Whether the user may read, query or stop a run: those may who see the workspace of its workflow.

        When the workspace is gone, that is who started the run, and administrators.
        """
        if run.touchpoint_id is not None and run.user_id == self.user.id:
            # Anybody may run a published touchpoint, and see what came of it.
            return True
        workspace = self.state.workspaces.find(run.workspace_id)
        if workspace is None:
            return self.user.admin or run.user_id == self.user.id
        return self.may_see(workspace)

    def may_see_event(self, event: Event) -> bool:
        """Whether the user may see an event: one that belongs to no workspace is for everybody."""
        if event.workspace_id is None or event.is_published:
            return True
        workspace = self.state.workspaces.find(event.workspace_id)
        return workspace is not None and self.may_see(workspace)

    def permission(self, workspace: Workspace) -> list[str]:
        """The words that a workspace's object tells about the user's rights."""
        member = self.user.id in workspace.members
        if self.owns(workspace):
            words = ["admin"]
        elif member:
            words = ["read", "commenting", "update", "duplicate_chorus_view"]
        else:
            words = ["read", "commenting"]
        if member and self.user.user_type in _WORKFLOW_AUTHORS:
            words.append("create_workflow")
        return words


def moment(seconds: float | None) -> str | None:
    """Write a point in time as the server does: UTC, whole seconds.

    :param seconds: Seconds since the epoch, or None.
    :returns: ``2017-03-02T20:57:54Z``, or None.
    """
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
