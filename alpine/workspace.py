"""Workspaces and their members."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from alpine import exception
from alpine._arguments import Id, find_id, given, identifier, page_size, sent_id, text, words
from alpine._constants import Constants, flag
from alpine._display.records import Record, RecordList
from alpine._http.body import BytesBody
from alpine._http.request import Request
from alpine._http.transport import Transport
from alpine._pager import Listing
from alpine._restating import restated, restating
from alpine.alpineobject import AlpineObject, Resource
from alpine.exception import *  # noqa: F403 - so does import * of this module, as in 1.0.14
from alpine.exception import (
    AlpineException,
    InvalidResponseException,
    UserNotFoundException,
    ValidationException,
    WorkspaceMemberNotFoundException,
    WorkspaceNotFoundException,
)
from alpine.user import User

__all__ = ["AlpineObject", "User", "Workspace"]
__all__ += exception.__all__

_ERRORS = {404: WorkspaceNotFoundException}
_NO_MEMBER = "OWNER MUST BE A MEMBER"


class Stage(Constants):
    """The stages of a workspace."""

    Define = 1
    Transform = 2
    Model = 3
    Deploy = 4
    Act = 5


class MemberRole(Constants):
    """The roles of the members of a workspace."""

    BusinessOwner = "Business Owner"
    BusinessAnalyst = "Business Analyst"
    DataScienceManager = "Data Science Manager"
    DataScientist = "Data Scientist"
    DataEngineer = "Data Engineer"
    ApplicationEngineer = "Application Engineer"
    ProjectManager = "Project Manager"
    ProjectMember = "Project Member"


class Member(Resource):
    """A class for interacting with the members of workspaces.

    Every change reads the list of members, then replaces all of it. This is refused if the list could not be read
    completely. A change that another user makes in between is lost.
    """

    def get_list(self, workspace_id: Id, per_page: int = 100) -> RecordList:
        """Return the members of a workspace. Calls ``GET /workspaces/:id/members``.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :param per_page: Accepted as for other lists. The server returns this list in no fixed order, so at least 1,000
            rows are requested at a time.
        :type per_page: int
        :returns: List of users' metadata, each with a ``role``.
        :rtype: list of dict
        :raises WorkspaceNotFoundException: The workspace does not exist.

        Example:

        >>> members = session.workspace.member.get_list(workspace_id)
        >>> [member["username"] for member in members]
        ['demo']
        """
        size = page_size(per_page)
        return self._read(workspace_id_of(self, workspace_id), size)[0]

    def iterate(self, workspace_id: Id, per_page: int = 100) -> Iterator[dict[str, Any]]:
        """Iterate over the members of a workspace. Calls ``GET /workspaces/:id/members``.

        Parameters and exceptions are those of :meth:`get_list`.

        Example:

        >>> usernames = [
        ...     member["username"]
        ...     for member in session.workspace.member.iterate(workspace_id)
        ... ]
        """
        size, number = page_size(per_page), workspace_id_of(self, workspace_id)
        path, action = f"workspaces/{number}/members", f"list the members of workspace {number}"
        return self._iterate(Listing(path, action, errors=_ERRORS, ordered=False), size)

    def add(self, workspace_id: Id, user_id: Id, role: str | None = None) -> RecordList:
        """Add a user to a workspace. Calls ``POST /workspaces/:id/members``.

        A user who is a member already gets the new role, if one is given.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :param user_id: ID of the user.
        :type user_id: int
        :param role: A value of :class:`MemberRole`; ``ProjectMember`` by default.
        :type role: str
        :returns: List of the workspace's members after the change.
        :rtype: list of dict
        :raises WorkspaceNotFoundException: The workspace does not exist.
        :raises UserNotFoundException: The user does not exist.
        :raises ForbiddenException: The user who is logged in may not change the members.

        Example:

        >>> user_id = session.user.get_id("ada")
        >>> members = session.workspace.member.add(
        ...     workspace_id, user_id, session.workspace.memberRole.DataScientist
        ... )
        """
        user = identifier(user_id, "user_id", UserNotFoundException)
        wanted = None if role is None else MemberRole.checked(role, "role")

        def change(roles: dict[int, str]) -> None:
            roles[user] = wanted or roles.get(user, MemberRole.ProjectMember)

        return self._replace(workspace_id, f"add user {user} to", change)

    def remove(self, workspace_id: Id, user_id: Id) -> RecordList:
        """Remove a user from a workspace. Calls ``POST /workspaces/:id/members``.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :param user_id: ID of the user.
        :type user_id: int
        :returns: List of the workspace's members after the change.
        :rtype: list of dict
        :raises WorkspaceNotFoundException: The workspace does not exist.
        :raises UserNotFoundException: The user does not exist.
        :raises WorkspaceMemberNotFoundException: The user is not a member.
        :raises ValidationException: The user owns the workspace.

        Example:

        >>> user_id = session.user.get_id("ada")
        >>> members = session.workspace.member.add(workspace_id, user_id)
        >>> members = session.workspace.member.remove(workspace_id, user_id)
        """
        user = identifier(user_id, "user_id", UserNotFoundException)

        def change(roles: dict[int, str]) -> None:
            del roles[user]

        action = f"remove user {user} from"

        def look_for_the_user(_error: WorkspaceMemberNotFoundException) -> None:
            # Scripts tell a user who does not exist from one who is no member.
            done = f"{action} workspace {workspace_id}"
            self._request(Request("GET", f"users/{user}", done, errors={404: UserNotFoundException}))

        with restating(WorkspaceMemberNotFoundException, look_for_the_user):
            return self._replace(workspace_id, action, change, member=user)

    def update_role(self, workspace_id: Id, user_id: Id, new_role: str) -> RecordList:
        """Change the role of a member. Calls ``POST /workspaces/:id/members``.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :param user_id: ID of the user.
        :type user_id: int
        :param new_role: A value of :class:`MemberRole`.
        :type new_role: str
        :returns: List of the workspace's members after the change.
        :rtype: list of dict
        :raises WorkspaceNotFoundException: The workspace does not exist.
        :raises WorkspaceMemberNotFoundException: The user is not a member.

        Example:

        >>> role = session.workspace.memberRole.ProjectManager
        >>> members = session.workspace.member.update_role(
        ...     workspace_id, session.user_id, role
        ... )
        """
        user = identifier(user_id, "user_id", WorkspaceMemberNotFoundException)
        role = MemberRole.checked(new_role, "new_role")

        def change(roles: dict[int, str]) -> None:
            roles[user] = role

        return self._replace(workspace_id, f"change the role of user {user} in", change, member=user)

    def _read(self, workspace: int, per_page: object) -> tuple[RecordList, int | None]:
        path, action = f"workspaces/{workspace}/members", f"list the members of workspace {workspace}"
        return self._counted_list(Listing(path, action, errors=_ERRORS, ordered=False), per_page)

    def _replace(
        self, workspace_id: Id, action: str, change: Callable[[dict[int, str]], None], member: int | None = None
    ) -> RecordList:
        workspace = workspace_id_of(self, workspace_id)
        rows, promised = self._read(workspace, 1000)
        roles = {sent_id(row, "member"): _role_of(row) for row in rows}
        if promised is not None and len(roles) < promised:
            raise InvalidResponseException(
                f"Did not {action} workspace {workspace}: the server reports {promised} members and returned "
                f"{len(roles)}. Replacing them would remove the others; try again."
            )
        if member is not None and member not in roles:
            raise WorkspaceMemberNotFoundException(
                f"Could not {action} workspace {workspace}: the user is not a member; "
                "session.workspace.member.get_list lists the members."
            )
        change(roles)
        members = [{"user_id": user, "role": role} for user, role in roles.items()]
        request = Request(
            "POST",
            f"workspaces/{workspace}/members",
            f"{action} workspace {workspace}",
            body=BytesBody.json({"collection": {}, "members": members}),
            # The same list twice is the same list.
            idempotent=True,
            errors={404: UserNotFoundException},
        )
        advice = (
            "The owner must stay a member, so nothing was changed: first choose another owner with "
            "session.workspace.update(owner_id=...)."
        )
        with _telling_of_the_owner(ValidationException, advice):
            return self._rows(request)[0]


# In the body of the class below these names mean its attributes.
_MemberRole = MemberRole
_Stage = Stage


class Workspace(Resource):
    """A class for interacting with workspaces. For their members, see :class:`Member`."""

    Member = Member
    MemberRole = MemberRole
    Stage = Stage
    memberRole: _MemberRole = MemberRole()  # noqa: N815 - the name that scripts use
    """The roles of members, as in ``session.workspace.memberRole.DataScientist``."""
    stage: _Stage = Stage()
    """The stages, as in ``session.workspace.stage.Model``."""

    def _bind(self, base_url: str, transport: Transport) -> None:
        super()._bind(base_url, transport)
        self.member: Member = Member._beside(self)
        """The members of workspaces."""

    def create(self, workspace_name: str, public: bool = False, summary: str | None = None) -> Record:
        """Create a workspace. Calls ``POST /workspaces``.

        :param workspace_name: The name, which must be unique (case-insensitive).
        :type workspace_name: str
        :param public: Whether all users may see it.
        :type public: bool
        :param summary: A description.
        :type summary: str
        :returns: The new workspace's metadata.
        :rtype: dict
        :raises ValidationException: The name is taken.

        Example:

        >>> session.workspace.create("APITests", summary="made by a script")["name"]
        'APITests'
        """
        name = text(workspace_name, "workspace_name")
        document = {"name": name, **given(public=flag(public, "public"), summary=words(summary, "summary"))}
        return self._one(
            Request(
                "POST",
                "workspaces",
                f"create workspace {name!r}",
                body=BytesBody.json(document),
                how_to_check="Check with session.workspace.get_id whether it is there before you create it again.",
            )
        )

    def get(self, workspace_id: Id) -> Record:
        """Return metadata for a workspace. Calls ``GET /workspaces/:id``.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :returns: Selected workspace's metadata.
        :rtype: dict
        :raises WorkspaceNotFoundException: The workspace does not exist.
        :raises ForbiddenException: It is private, and the user is not a member.

        Example:

        >>> session.workspace.get(workspace_id)["name"]
        'Sandbox'
        """
        number = workspace_id_of(self, workspace_id)
        return self._one(Request("GET", f"workspaces/{number}", f"get workspace {number}", errors=_ERRORS))

    def get_list(self, user_id: Id | None = None, active: bool | None = None, per_page: int = 50) -> RecordList:
        """Return all workspaces that the user may see. Calls ``GET /workspaces``.

        :param user_id: Return only workspaces of which this user is a member.
        :type user_id: int
        :param active: True for those that are not archived, False for those that are; None for both.
        :type active: bool
        :param per_page: Maximum number to fetch with each API call.
        :type per_page: int
        :returns: List of workspaces' metadata, ordered by name.
        :rtype: list of dict
        :raises UserNotFoundException: The user does not exist.

        Example:

        >>> workspaces = session.workspace.get_list(active=True)
        >>> [workspace["name"] for workspace in workspaces]
        ['Sandbox']
        """
        rows = self._list(Listing("workspaces", "list workspaces", **_filters(user_id, active)), per_page)
        rows[:] = (row for row in rows if _is_wanted(row, active))
        return rows

    def iterate(
        self, user_id: Id | None = None, active: bool | None = None, per_page: int = 50
    ) -> Iterator[dict[str, Any]]:
        """Iterate over the workspaces, page by page. Calls ``GET /workspaces``.

        Parameters and exceptions are those of :meth:`get_list`.

        Example:

        >>> next(session.workspace.iterate())["name"]
        'Sandbox'
        """
        rows = self._iterate(Listing("workspaces", "list workspaces", **_filters(user_id, active)), per_page)
        return (row for row in rows if _is_wanted(row, active))

    def get_id(self, workspace_name: str, user_id: Id | None = None) -> int:
        """Return the ID of a workspace. Calls ``GET /workspaces``.

        :param workspace_name: Name of the workspace (case-insensitive).
        :type workspace_name: str
        :param user_id: Search only workspaces of which this user is a member.
        :type user_id: int
        :returns: ID of the workspace.
        :rtype: int
        :raises WorkspaceNotFoundException: The workspace does not exist.
        :raises UserNotFoundException: The user does not exist.

        Example:

        >>> session.workspace.get_id("Sandbox")
        1
        """
        rows = self.iterate(user_id, per_page=1000)
        return find_id(rows, "name", workspace_name, "workspace", WorkspaceNotFoundException)

    def update(
        self,
        workspace_id: Id,
        is_public: bool | None = None,
        is_active: bool | None = None,
        name: str | None = None,
        summary: str | None = None,
        stage: int | None = None,
        owner_id: Id | None = None,
    ) -> Record:
        """Change a workspace. Only the values that are given are changed. Calls ``PUT /workspaces/:id``.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :param is_public: Whether all users may see it.
        :type is_public: bool
        :param is_active: False archives the workspace, True restores it.
        :type is_active: bool
        :param name: A new name.
        :type name: str
        :param summary: A new description; an empty string clears it.
        :type summary: str
        :param stage: A value of :class:`Stage`.
        :type stage: int
        :param owner_id: ID of a new owner, who must be a member.
        :type owner_id: int
        :returns: The workspace's metadata after the change.
        :rtype: dict
        :raises WorkspaceNotFoundException: The workspace does not exist.
        :raises WorkspaceMemberNotFoundException: The new owner is not a member.
        :raises ForbiddenException: The user is neither its owner nor an administrator.
        :raises ValidationException: The server rejects a value.

        Example:

        >>> session.workspace.update(
        ...     workspace_id, stage=session.workspace.stage.Model
        ... )["workspace_stage"]["name"]
        'Model'
        """
        active = flag(is_active, "is_active")
        document = given(
            public=flag(is_public, "is_public"),
            archived=None if active is None else not active,
            name=None if name is None else text(name, "name"),
            summary=words(summary, "summary"),
            workspace_stage_id=None if stage is None else Stage.checked(stage, "stage"),
            owner_id=None if owner_id is None else identifier(owner_id, "owner_id", WorkspaceMemberNotFoundException),
        )
        number = workspace_id_of(self, workspace_id)
        if not document:
            return self.get(number)
        request = Request(
            "PUT",
            f"workspaces/{number}",
            f"update workspace {number}",
            body=BytesBody.json(document),
            idempotent=True,
            errors=_ERRORS,
        )
        advice = f"Only a member can be the owner: add user {owner_id} with session.workspace.member.add first."
        with _telling_of_the_owner(WorkspaceMemberNotFoundException, advice):
            return self._one(request)

    def delete(self, workspace_id: Id) -> None:
        """Delete a workspace with its workfiles and jobs. Calls ``DELETE /workspaces/:id``.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :returns: None.
        :rtype: NoneType
        :raises WorkspaceNotFoundException: The workspace does not exist.
        :raises ForbiddenException: The user is neither its owner nor an administrator.

        Example:

        >>> session.workspace.delete(session.workspace.create("Short-lived")["id"])
        """
        number = workspace_id_of(self, workspace_id)
        self._request(
            Request("DELETE", f"workspaces/{number}", f"delete workspace {number}", idempotent=True, errors=_ERRORS)
        )


def workspace_id_of(resource: AlpineObject, value: Id) -> int:
    """The number of a workspace given by id or by name; a name is looked up in each call.

    A method calls it last, when all its other arguments have been checked: it may send requests.

    :raises WorkspaceNotFoundException: There is none of that name.
    """
    if isinstance(value, str) and value.strip() and not value.strip().isdecimal():
        return Workspace._beside(resource).get_id(value)
    return identifier(value, "workspace_id", WorkspaceNotFoundException)


def workspace_exists(resource: AlpineObject, number: int) -> bool:
    """Whether there is a workspace of that number, as far as the user may know."""
    try:
        Workspace._beside(resource).get(number)
    except WorkspaceNotFoundException:
        return False
    return True


def _telling_of_the_owner(kind: type[AlpineException], advice: str) -> AbstractContextManager[None]:
    """Say what to do where the server refuses an owner who is no member."""
    return restating(
        ValidationException,
        lambda error: restated(error, kind, advice) if _NO_MEMBER in error.fields.get("owner", {}) else None,
    )


def _filters(user_id: Id | None, active: bool | None) -> dict[str, Any]:
    params = given(
        user_id=None if user_id is None else identifier(user_id, "user_id", UserNotFoundException),
        active="true" if flag(active, "active") else None,
    )
    return {"params": params, "errors": {404: UserNotFoundException}}


def _is_wanted(workspace: dict[str, Any], active: bool | None) -> bool:
    """Leave out the active ones here: the server takes any value of its filter for "only active"."""
    return active is None or bool(active) or bool(workspace.get("archived") or workspace.get("archived_at"))


def _role_of(row: dict[str, Any]) -> str:
    role = row.get("role")
    return role if isinstance(role, str) and role else MemberRole.ProjectMember
