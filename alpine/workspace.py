"""Workspaces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from alpine._arguments import Id, identifier, nearest, text
from alpine._http.body import BytesBody
from alpine.alpineobject import AlpineObject
from alpine.exception import InvalidArgumentException, UserNotFoundException, WorkspaceNotFoundException

_KINDS = {404: WorkspaceNotFoundException}


class Workspace(AlpineObject):
    """A class for interacting with workspaces."""

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
        document: dict[str, object] = {"name": name, "public": bool(public)}
        if summary is not None:
            document["summary"] = str(summary)
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
        name = text(workspace_name, "workspace_name")
        seen = []
        for row in self.iterate(user_id, per_page=1000):
            if str(row.get("name")).casefold() == name.casefold():
                return identifier(row.get("id"), "the id of the workspace")
            seen.append(str(row.get("name")))
        raise WorkspaceNotFoundException(
            f"There is no workspace {name!r} among the {len(seen)} that this user may see.{nearest(name, seen)}"
        )

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
