"""Insights: notes that were promoted, as they matter to everybody in the workspace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from alpine._arguments import Id, identifier, page_size
from alpine._display.records import Record, RecordList
from alpine._http.body import BytesBody
from alpine._http.request import Request
from alpine._pager import Listing
from alpine.alpineobject import Resource
from alpine.exception import NotFoundException, WorkspaceNotFoundException
from alpine.workspace import workspace_id_of

_FEATURE = "insights"
_ERRORS: dict[int, type[NotFoundException]] = {404: NotFoundException}


class Insight(Resource):
    """A class for interacting with insights. An insight is a note, and has the id of that note."""

    def get_list(self, workspace_id: Id | None = None, per_page: int = 100) -> RecordList:
        """Return insights, the newest first. Calls ``GET /insights``.

        :param workspace_id: ID of the workspace, or its name; by default all workspaces of the user.
        :type workspace_id: int
        :param per_page: Maximum number to fetch with each API call.
        :type per_page: int
        :returns: List of insights: notes with ``promoted_by``, ``promotion_time`` and ``is_published``.
        :rtype: list of dict
        :raises WorkspaceNotFoundException: The workspace does not exist.
        :raises ForbiddenException: It is private, and the user is not a member.
        :raises FeatureNotFoundException: The server has no insights.

        Example:

        >>> note = session.note.create("workspace", "Sandbox", "North buys most.")
        >>> insight = session.insight.create(note["id"])
        >>> [insight["body"] for insight in session.insight.get_list("Sandbox")]
        ['North buys most.']
        """
        return RecordList(self.iterate(workspace_id, per_page))

    def iterate(self, workspace_id: Id | None = None, per_page: int = 100) -> Iterator[dict[str, Any]]:
        """Iterate over insights, page by page. Calls ``GET /insights``.

        Parameters and exceptions are those of :meth:`get_list`.

        Example:

        >>> for insight in session.insight.iterate():
        ...     print(insight["body"])
        """
        size = page_size(per_page)
        params: dict[str, object] = {"entity_type": "dashboard"}
        if workspace_id is not None:
            params = {"entity_type": "workspace", "entity_id": workspace_id_of(self, workspace_id)}
        errors = {404: WorkspaceNotFoundException}
        return self._iterate(Listing("insights", "list insights", params=params, errors=errors, feature=_FEATURE), size)

    def create(self, note_id: Id) -> Record:
        """Promote a note to an insight. Calls ``POST /insights``.

        :param note_id: ID of the note.
        :type note_id: int
        :returns: The insight.
        :rtype: dict
        :raises NotFoundException: The note does not exist.
        :raises ForbiddenException: It is in a private workspace, and the user is not a member.
        :raises ValidationException: It is an activity other than a note.
        :raises FeatureNotFoundException: The server has no insights.

        Example:

        >>> note = session.note.create("workspace", "Sandbox", "North buys most.")
        >>> session.insight.create(note["id"])["is_insight"]
        True
        """
        return self._post("insights", "promote", note_id)

    def publish(self, note_id: Id) -> Record:
        """Publish an insight: every user of the server can see it. Calls ``POST /insights/publish``.

        :param note_id: ID of the insight's note.
        :type note_id: int
        :returns: The insight.
        :rtype: dict
        :raises NotFoundException: The note does not exist.
        :raises ForbiddenException: It is in a private workspace, and the user is not a member.
        :raises ValidationException: The note is not an insight.
        :raises FeatureNotFoundException: The server has no insights.

        Example:

        >>> note = session.note.create(
        ...     "workspace", "Sandbox", "North buys most.", is_insight=True
        ... )
        >>> session.insight.publish(note["id"])["is_published"]
        True
        """
        return self._post("insights/publish", "publish", note_id)

    def unpublish(self, note_id: Id) -> Record:
        """Withdraw an insight that was published; it stays an insight. Calls ``POST /insights/unpublish``.

        :param note_id: ID of the insight's note.
        :type note_id: int
        :returns: The insight.
        :rtype: dict
        :raises NotFoundException: The note does not exist.
        :raises ValidationException: It is not published.
        :raises FeatureNotFoundException: The server has no insights.

        Example:

        >>> note = session.note.create(
        ...     "workspace", "Sandbox", "North buys most.", is_insight=True
        ... )
        >>> published = session.insight.publish(note["id"])
        >>> session.insight.unpublish(note["id"])["is_published"]
        False
        """
        return self._post("insights/unpublish", "unpublish", note_id)

    def delete(self, note_id: Id) -> None:
        """Make an insight an ordinary note again; the note stays. Calls ``DELETE /insights/:id``.

        :param note_id: ID of the insight's note.
        :type note_id: int
        :returns: None.
        :rtype: NoneType
        :raises NotFoundException: The note does not exist.
        :raises ForbiddenException: The user neither promoted it, nor owns the workspace, nor is an administrator.
        :raises FeatureNotFoundException: The server has no insights.

        Example:

        >>> note = session.note.create(
        ...     "workspace", "Sandbox", "North buys most.", is_insight=True
        ... )
        >>> session.insight.delete(note["id"])
        """
        number = identifier(note_id, "note_id", NotFoundException)
        path, action = f"insights/{number}", f"demote insight {number}"
        self._request(Request("DELETE", path, action, idempotent=True, errors=_ERRORS, feature=_FEATURE))

    def _post(self, path: str, verb: str, note_id: Id) -> Record:
        number = identifier(note_id, "note_id", NotFoundException)
        body, action = BytesBody.json({"insight": {"note_id": number}}), f"{verb} note {number}"
        check = "Look at it with session.activity.get."
        return self._one(Request("POST", path, action, body=body, errors=_ERRORS, how_to_check=check, feature=_FEATURE))
