"""Milestones of workspaces."""

from __future__ import annotations

from datetime import date, datetime

from alpine._arguments import Id, given, identifier, page_size, text
from alpine._constants import Constants
from alpine._display.records import Record, RecordList
from alpine._http.body import BytesBody
from alpine._http.request import Request
from alpine._pager import Listing
from alpine.alpineobject import Resource
from alpine.exception import (
    InvalidArgumentException,
    NotFoundException,
    ValidationException,
    WorkspaceNotFoundException,
)
from alpine.workspace import workspace_id_of

_FEATURE = "milestones"
_ERRORS: dict[int, type[NotFoundException]] = {404: NotFoundException}
_IN_WORKSPACE = {404: WorkspaceNotFoundException}


class MilestoneState(Constants):
    """Whether a milestone is still ahead."""

    Planned = "planned"
    Achieved = "achieved"


class Milestone(Resource):
    """A class for interacting with the milestones of workspaces."""

    State = MilestoneState

    def get_list(self, workspace_id: Id, per_page: int = 100) -> RecordList:
        """Return the milestones of a workspace, ordered by their dates. Calls ``GET /workspaces/:id/milestones``.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :param per_page: Maximum number to fetch with each API call.
        :type per_page: int
        :returns: List of milestones: ``id``, ``name``, ``target_date`` and ``state``.
        :rtype: list of dict
        :raises WorkspaceNotFoundException: The workspace does not exist.
        :raises NotLicensedException: The licence does not cover milestones.
        :raises FeatureNotFoundException: The server has no milestones.

        Example:

        >>> made = session.milestone.create("Sandbox", "First model", "2027-01-31")
        >>> [row["name"] for row in session.milestone.get_list("Sandbox")]
        ['First model']
        """
        size, number = page_size(per_page), workspace_id_of(self, workspace_id)
        path, action = f"workspaces/{number}/milestones", f"list the milestones of workspace {number}"
        return self._list(Listing(path, action, errors=_IN_WORKSPACE, feature=_FEATURE), size)

    def create(self, workspace_id: Id, name: str, target_date: date | str) -> Record:
        """Create a milestone, which is planned at first. Calls ``POST /workspaces/:id/milestones``.

        The latest of the dates of a workspace's milestones becomes the workspace's ``project_target_date``.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :param name: Name of the milestone.
        :type name: str
        :param target_date: When it is to be achieved: a date, or a string such as ``"2027-01-31"``.
        :type target_date: datetime.date
        :returns: The milestone.
        :rtype: dict
        :raises WorkspaceNotFoundException: The workspace does not exist.
        :raises ForbiddenException: The user is not a member of the workspace.
        :raises ValidationException: The server did not make it.
        :raises NotLicensedException: The licence does not cover milestones.
        :raises OutcomeUnknownException: The response was lost; the milestone may have been made.
        :raises FeatureNotFoundException: The server has no milestones.

        Example:

        >>> made = session.milestone.create("Sandbox", "First model", "2027-01-31")
        >>> made["state"]
        'planned'
        """
        document = {"name": text(name, "name"), "target_date": _day(target_date)}
        number = workspace_id_of(self, workspace_id)
        action = f"create the milestone {document['name']!r} in workspace {number}"
        milestone = self._one(
            Request(
                "POST",
                f"workspaces/{number}/milestones",
                action,
                body=BytesBody.json({"milestone": document}),
                errors=_IN_WORKSPACE,
                how_to_check="Check with session.milestone.get_list whether it is there before you create it again.",
                feature=_FEATURE,
            )
        )
        if milestone.get("id") is None:
            # The server says so with a good status.
            raise ValidationException(
                f"Could not {action}: the server did not make it, and does not say why.", method="POST"
            )
        return milestone

    def update(
        self,
        workspace_id: Id,
        milestone_id: Id,
        name: str | None = None,
        target_date: date | str | None = None,
        state: str | None = None,
    ) -> Record:
        """Change a milestone. Calls ``PUT /workspaces/:id/milestones/:id`` and ``GET /workspaces/:id/milestones``.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :param milestone_id: ID of the milestone.
        :type milestone_id: int
        :param name: A new name.
        :type name: str
        :param target_date: A new date.
        :type target_date: datetime.date
        :param state: A new state, a value of ``Milestone.State``.
        :type state: str
        :returns: The milestone after the change.
        :rtype: dict
        :raises NotFoundException: The workspace or the milestone does not exist.
        :raises ForbiddenException: The user is not a member of the workspace.
        :raises NotLicensedException: The licence does not cover milestones.
        :raises FeatureNotFoundException: The server has no milestones.

        Example:

        >>> made = session.milestone.create("Sandbox", "First model", "2027-01-31")
        >>> achieved = session.milestone.State.Achieved
        >>> session.milestone.update("Sandbox", made["id"], state=achieved)["state"]
        'achieved'
        """
        number = identifier(milestone_id, "milestone_id", NotFoundException)
        document = given(
            name=None if name is None else text(name, "name"),
            target_date=None if target_date is None else _day(target_date),
            state=None if state is None else MilestoneState.checked(state, "state"),
        )
        workspace = workspace_id_of(self, workspace_id)
        path, action = (
            f"workspaces/{workspace}/milestones/{number}",
            f"update milestone {number} of workspace {workspace}",
        )
        if document:
            body = BytesBody.json({"milestone": document})
            self._request(Request("PUT", path, action, body=body, idempotent=True, errors=_ERRORS, feature=_FEATURE))
        for row in self.get_list(workspace):
            if row.get("id") == number:
                return Record(row)
        raise NotFoundException(f"Could not {action}: the workspace has no such milestone.")

    def delete(self, workspace_id: Id, milestone_id: Id) -> None:
        """Delete a milestone. Calls ``DELETE /workspaces/:id/milestones/:id``.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :param milestone_id: ID of the milestone.
        :type milestone_id: int
        :returns: None.
        :rtype: NoneType
        :raises NotFoundException: The workspace or the milestone does not exist.
        :raises ForbiddenException: The user is not a member of the workspace.
        :raises NotLicensedException: The licence does not cover milestones.
        :raises FeatureNotFoundException: The server has no milestones.

        Example:

        >>> made = session.milestone.create("Sandbox", "First model", "2027-01-31")
        >>> session.milestone.delete("Sandbox", made["id"])
        """
        number = identifier(milestone_id, "milestone_id", NotFoundException)
        workspace = workspace_id_of(self, workspace_id)
        path, action = (
            f"workspaces/{workspace}/milestones/{number}",
            f"delete milestone {number} of workspace {workspace}",
        )
        self._request(Request("DELETE", path, action, idempotent=True, errors=_ERRORS, feature=_FEATURE))


def _day(value: object) -> str:
    """A date as the server reads it. Of a moment, the day is that of its own zone."""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        try:
            return date.fromisoformat(value.strip()).isoformat()
        except ValueError:
            pass
    raise InvalidArgumentException(f"target_date must be a date such as '2027-01-31', not {value!r:.200}.")
