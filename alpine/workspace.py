"""Workspaces and their members."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from alpine._arguments import Id, choice, find_id, given, identifier, text
from alpine._constants import Constants
from alpine._http.body import BytesBody
from alpine._http.transport import Transport
from alpine.alpineobject import AlpineObject
from alpine.exception import (
    InvalidArgumentException,
    InvalidResponseException,
    UserNotFoundException,
    ValidationException,
    WorkspaceMemberNotFoundException,
    WorkspaceNotFoundException,
)

_KINDS = {404: WorkspaceNotFoundException}
_NO_MEMBER = "OWNER MUST BE A MEMBER"


class Stage(Constants):
    """The stages of a workspace."""

    Define = 1
    Transform = 2
    Model = 3
    Deploy = 4
    Act = 5


class MemberRole(Constants):
    """What a member does in a workspace."""

    BusinessOwner = "Business Owner"
    BusinessAnalyst = "Business Analyst"
    DataScienceManager = "Data Science Manager"
    DataScientist = "Data Scientist"
    DataEngineer = "Data Engineer"
    ApplicationEngineer = "Application Engineer"
    ProjectManager = "Project Manager"
    ProjectMember = "Project Member"


class Member(AlpineObject):
    """A class for interacting with the members of workspaces.

    Every change reads the members, then replaces them all. It refuses to do so when the list could not be read whole;
    a change that somebody else makes in between is lost.
    """

    def get_list(self, workspace_id: Id, per_page: int = 100) -> list[dict[str, Any]]:
        """Return the members of a workspace. Calls ``GET /workspaces/:id/members``.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :param per_page: Accepted as in the other lists; this list has no order on the server, so at least 1,000 rows
            are asked for at a time.
        :type per_page: int
        :returns: List of users' metadata, each with a ``role``.
        :rtype: list of dict
        :raises WorkspaceNotFoundException: The workspace does not exist.

        Example:

        >>> [member["username"] for member in session.workspace.member.get_list(workspace_id)]
        ['demo']
        """
        return self._read(workspace_id_of(self, workspace_id), per_page)[0]

    def iterate(self, workspace_id: Id, per_page: int = 100) -> Iterator[dict[str, Any]]:
        """Walk the members of a workspace. Calls ``GET /workspaces/:id/members``.

        Parameters and exceptions are those of :meth:`get_list`.

        Example:

        >>> usernames = [member["username"] for member in session.workspace.member.iterate(workspace_id)]
        """
        number = workspace_id_of(self, workspace_id)
        path, action = f"workspaces/{number}/members", f"list the members of workspace {number}"
        return self._iterate(path, action, per_page=per_page, kinds=_KINDS, ordered=False)

    def add(self, workspace_id: Id, user_id: Id, role: str | None = None) -> list[dict[str, Any]]:
        """Add a user to a workspace. Calls ``POST /workspaces/:id/members``.

        A user who is a member already gets the role, where one is given.

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

        >>> user_id = session.user.get_id("analyst")
        >>> members = session.workspace.member.add(workspace_id, user_id, session.workspace.memberRole.DataScientist)
        """
        user = identifier(user_id, "user_id")
        wanted = None if role is None else _checked_role(role)

        def change(roles: dict[int, str]) -> None:
            roles[user] = wanted or roles.get(user, MemberRole.ProjectMember)

        return self._replace(workspace_id, f"add user {user} to", change)

    def remove(self, workspace_id: Id, user_id: Id) -> list[dict[str, Any]]:
        """Remove a user from a workspace. Calls ``POST /workspaces/:id/members``.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :param user_id: ID of the user.
        :type user_id: int
        :returns: List of the workspace's members after the change.
        :rtype: list of dict
        :raises WorkspaceNotFoundException: The workspace does not exist.
        :raises WorkspaceMemberNotFoundException: The user is no member.
        :raises ValidationException: The user owns the workspace.

        Example:

        >>> user_id = session.user.get_id("analyst")
        >>> members = session.workspace.member.add(workspace_id, user_id)
        >>> members = session.workspace.member.remove(workspace_id, user_id)
        """
        user = identifier(user_id, "user_id")

        def change(roles: dict[int, str]) -> None:
            del roles[user]

        return self._replace(workspace_id, f"remove user {user} from", change, member=user)

    def update_role(self, workspace_id: Id, user_id: Id, new_role: str) -> list[dict[str, Any]]:
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
        :raises WorkspaceMemberNotFoundException: The user is no member.

        Example:

        >>> role = session.workspace.memberRole.ProjectManager
        >>> members = session.workspace.member.update_role(workspace_id, session.user_id, role)
        """
        user, role = identifier(user_id, "user_id"), _checked_role(new_role)

        def change(roles: dict[int, str]) -> None:
            roles[user] = role

        return self._replace(workspace_id, f"change the role of user {user} in", change, member=user)

    def _read(self, workspace: int, per_page: object) -> tuple[list[dict[str, Any]], int | None]:
        path, action = f"workspaces/{workspace}/members", f"list the members of workspace {workspace}"
        return self._counted_list(path, action, per_page=per_page, kinds=_KINDS)

    def _replace(
        self, workspace_id: Id, action: str, change: Callable[[dict[int, str]], None], member: int | None = None
    ) -> list[dict[str, Any]]:
        workspace = workspace_id_of(self, workspace_id)
        rows, promised = self._read(workspace, 1000)
        roles = {identifier(row.get("id"), "the id of a member"): _role_of(row) for row in rows}
        if promised is not None and len(roles) < promised:
            raise InvalidResponseException(
                f"Did not {action} workspace {workspace}: the server speaks of {promised} members and showed "
                f"{len(roles)}. Replacing them would drop the others; try again."
            )
        if member is not None and member not in roles:
            raise WorkspaceMemberNotFoundException(
                f"Could not {action} workspace {workspace}: the user is no member; member.get_list shows who is."
            )
        change(roles)
        members = [{"user_id": user, "role": role} for user, role in roles.items()]
        answer = self._request(
            "POST",
            f"workspaces/{workspace}/members",
            f"{action} workspace {workspace}",
            body=BytesBody.json({"collection": {}, "members": members}),
            # The same list twice is the same list.
            repeatable=True,
            kinds={404: UserNotFoundException},
            advice="Nothing was changed. The owner stays a member: name another with workspace.update(owner_id=...).",
        )
        return self._rows(answer)[0]


class Workspace(AlpineObject):
    """A class for interacting with workspaces. Their members are reached by :class:`Member`."""

    Member = Member
    MemberRole = MemberRole
    Stage = Stage
    memberRole = MemberRole()  # noqa: N815 - the name that scripts use
    """The roles of members, as in ``session.workspace.memberRole.DataScientist``."""
    stage = Stage()
    """The stages, as in ``session.workspace.stage.Model``."""

    def _bind(self, base_url: str, transport: Transport) -> None:
        super()._bind(base_url, transport)
        self.member: Member = Member._beside(self)
        """The members of workspaces."""

    def create(self, workspace_name: str, public: bool = False, summary: str | None = None) -> dict[str, Any]:
        """Create a workspace. Calls ``POST /workspaces``.

        :param workspace_name: Its name, which no other workspace has in any capitals.
        :type workspace_name: str
        :param public: Whether everybody may see it.
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
        document = {"name": name, "public": bool(public), **given(summary=summary)}
        return self._one(
            self._request(
                "POST",
                "workspaces",
                f"create workspace {name!r}",
                body=BytesBody.json(document),
                if_lost="Look with workspace.get_id whether it is there before you create it again.",
            )
        )

    def get(self, workspace_id: Id) -> dict[str, Any]:
        """Return metadata for a workspace. Calls ``GET /workspaces/:id``.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :returns: Selected workspace's metadata.
        :rtype: dict
        :raises WorkspaceNotFoundException: The workspace does not exist.
        :raises ForbiddenException: It is private, and the user is no member.

        Example:

        >>> session.workspace.get(workspace_id)["name"]
        'Sandbox'
        """
        number = workspace_id_of(self, workspace_id)
        return self._one(self._request("GET", f"workspaces/{number}", f"get workspace {number}", kinds=_KINDS))

    def get_list(
        self, user_id: Id | None = None, active: bool | None = None, per_page: int = 50
    ) -> list[dict[str, Any]]:
        """Return all workspaces that the user may see. Calls ``GET /workspaces``.

        :param user_id: Only those of which this user is a member.
        :type user_id: int
        :param active: True for those that are not archived, False for those that are; None for both.
        :type active: bool
        :param per_page: Maximum number to fetch with each API call.
        :type per_page: int
        :returns: List of workspaces' metadata, by name.
        :rtype: list of dict
        :raises UserNotFoundException: The user does not exist.

        Example:

        >>> [workspace["name"] for workspace in session.workspace.get_list(active=True)]
        ['Sandbox']
        """
        rows = self._list("workspaces", "list workspaces", per_page=per_page, **_filters(user_id, active))
        # The server takes any value of its filter for "only active", so the archived ones are sorted out here.
        return rows if active is not False else [row for row in rows if _is_archived(row)]

    def iterate(
        self, user_id: Id | None = None, active: bool | None = None, per_page: int = 50
    ) -> Iterator[dict[str, Any]]:
        """Walk the workspaces, each page when it is needed. Calls ``GET /workspaces``.

        Parameters and exceptions are those of :meth:`get_list`.

        Example:

        >>> next(session.workspace.iterate())["name"]
        'Sandbox'
        """
        rows = self._iterate("workspaces", "list workspaces", per_page=per_page, **_filters(user_id, active))
        return (row for row in rows if active is not False or _is_archived(row))

    def get_id(self, workspace_name: str, user_id: Id | None = None) -> int:
        """Return the ID of a workspace. Calls ``GET /workspaces``.

        :param workspace_name: Name of the workspace, in any capitals.
        :type workspace_name: str
        :param user_id: Only look at those of which this user is a member.
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
    ) -> dict[str, Any]:
        """Change a workspace. Only what is given is changed. Calls ``PUT /workspaces/:id``.

        :param workspace_id: ID of the workspace, or its name.
        :type workspace_id: int
        :param is_public: Whether everybody may see it.
        :type is_public: bool
        :param is_active: False archives it, True brings it back.
        :type is_active: bool
        :param name: A new name.
        :type name: str
        :param summary: A new description; an empty text empties it.
        :type summary: str
        :param stage: A value of :class:`Stage`.
        :type stage: int
        :param owner_id: ID of a new owner, who must be a member.
        :type owner_id: int
        :returns: The workspace's metadata after the change.
        :rtype: dict
        :raises WorkspaceNotFoundException: The workspace does not exist.
        :raises WorkspaceMemberNotFoundException: The new owner is no member.
        :raises ForbiddenException: The user is neither its owner nor an administrator.
        :raises ValidationException: The server refuses a value.

        Example:

        >>> session.workspace.update(workspace_id, stage=session.workspace.stage.Model)["workspace_stage"]["name"]
        'Model'
        """
        if stage is not None and (isinstance(stage, bool) or stage not in Stage.values()):
            raise InvalidArgumentException(f"stage must be one of {Stage.values()}, not {stage!r}.")
        number = workspace_id_of(self, workspace_id)
        document = given(
            public=None if is_public is None else bool(is_public),
            archived=None if is_active is None else not is_active,
            name=name,
            summary=summary,
            workspace_stage_id=stage,
            owner_id=None if owner_id is None else identifier(owner_id, "owner_id"),
        )
        if not document:
            return self.get(number)
        refused: ValidationException | None = None
        try:
            answer = self._request(
                "PUT",
                f"workspaces/{number}",
                f"update workspace {number}",
                body=BytesBody.json(document),
                repeatable=True,
                kinds=_KINDS,
            )
            return self._one(answer)
        except ValidationException as error:
            refused = error
        if _NO_MEMBER in refused.fields.get("owner", {}):
            raise WorkspaceMemberNotFoundException(
                f"Could not make user {owner_id} the owner of workspace {number}: only a member can be; "
                "add the user with workspace.member.add first.",
                status_code=refused.status_code,
                fields=refused.fields,
            )
        raise refused

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
        self._request("DELETE", f"workspaces/{number}", f"delete workspace {number}", repeatable=True, kinds=_KINDS)


def workspace_id_of(resource: AlpineObject, value: Id) -> int:
    """The number of a workspace given by id or by name; a name is looked up in each call.

    :raises WorkspaceNotFoundException: There is none of that name.
    """
    if isinstance(value, str) and value.strip() and not value.strip().isdecimal():
        return Workspace._beside(resource).get_id(value)
    return identifier(value, "workspace_id")


def _filters(user_id: Id | None, active: bool | None) -> dict[str, Any]:
    if active not in (None, True, False):
        raise InvalidArgumentException(f"active must be True, False or None, not {active!r}.")
    params: dict[str, object] = {}
    if user_id is not None:
        params["user_id"] = identifier(user_id, "user_id")
    if active:
        params["active"] = "true"
    return {"params": params, "kinds": {404: UserNotFoundException}}


def _is_archived(workspace: dict[str, Any]) -> bool:
    return bool(workspace.get("archived") or workspace.get("archived_at"))


def _checked_role(role: object) -> str:
    return choice(role, "role", map(str, MemberRole.values()))


def _role_of(row: dict[str, Any]) -> str:
    role = row.get("role")
    return role if isinstance(role, str) and role else MemberRole.ProjectMember
