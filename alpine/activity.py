"""Activities: what happened in a workspace, to a workfile, and so on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from alpine._arguments import Id, identifier, page_size
from alpine._constants import flag
from alpine._display.records import Record, RecordList
from alpine._entities import EntityType, entity_of
from alpine._http.request import Request
from alpine._pager import Listing
from alpine.alpineobject import AlpineObject, Resource
from alpine.exception import NotFoundException

FEATURE = "activities"


def activities_of(
    resource: AlpineObject, entity_type: object, entity_id: Id, per_page: object, *, results_only: bool = False
) -> Iterator[dict[str, Any]]:
    """The activities about a thing, the newest first.

    :param results_only: Ask for those with results of runs alone; older servers give all.
    """
    size = page_size(per_page)
    thing = entity_of(resource, entity_type, entity_id)
    params = {**thing.sent, **({"results_only": "1"} if results_only else {})}
    listing = Listing(
        "activities", f"list the activities of {thing}", params=params, errors=thing.errors, feature=FEATURE
    )
    return resource._iterate(listing, size)


class Activity(Resource):
    """A class for interacting with activities: a record for each thing that happened, and for each note."""

    EntityType = EntityType

    def get_list(
        self, entity_type: str, entity_id: Id, per_page: int = 100, *, results_only: bool = False
    ) -> RecordList:
        """Return the activities about a thing, the newest first. Calls ``GET /activities``.

        :param entity_type: What kind of thing it is, a value of :class:`~alpine.tag.EntityType`.
        :type entity_type: str
        :param entity_id: ID of the thing; for a workspace, its name will do.
        :type entity_id: int
        :param per_page: Maximum number to fetch with each API call.
        :type per_page: int
        :param results_only: Return only activities that results of runs are attached to. A server of version 5.4
            returns all.
        :type results_only: bool
        :returns: List of activities: ``id``, ``actor``, ``action``, ``timestamp``, what it is about, ``comments`` and
            ``attachments``.
        :rtype: list of dict
        :raises NotFoundException: The thing does not exist; the class says what it is.
        :raises ForbiddenException: It is in a private workspace, and the user is not a member.
        :raises FeatureNotFoundException: The server has no activities.

        Example:

        >>> activities = session.activity.get_list("workfile", workfile_id)
        >>> [activity["action"] for activity in activities]
        ['WorkfileCreated']
        """
        return RecordList(self.iterate(entity_type, entity_id, per_page, results_only=results_only))

    def iterate(
        self, entity_type: str, entity_id: Id, per_page: int = 100, *, results_only: bool = False
    ) -> Iterator[dict[str, Any]]:
        """Iterate over the activities about a thing, page by page. Calls ``GET /activities``.

        Parameters and exceptions are those of :meth:`get_list`.

        Example:

        >>> for activity in session.activity.iterate("workspace", "Sandbox"):
        ...     print(activity["timestamp"], activity["action"])
        """
        wanted = bool(flag(results_only, "results_only"))
        return activities_of(self, entity_type, entity_id, per_page, results_only=wanted)

    def get_dashboard(self, per_page: int = 100) -> RecordList:
        """Return the activities of all workspaces of the user, the newest first. Calls ``GET /activities``.

        :param per_page: Maximum number to fetch with each API call.
        :type per_page: int
        :returns: List of activities.
        :rtype: list of dict
        :raises FeatureNotFoundException: The server has no activities.

        Example:

        >>> activities = session.activity.get_dashboard()
        """
        action, params = "list the activities of the dashboard", {"entity_type": "dashboard"}
        return self._list(Listing("activities", action, params=params, feature=FEATURE), page_size(per_page))

    def get(self, activity_id: Id) -> Record:
        """Return an activity, such as a note, with its comments. Calls ``GET /activities/:id``.

        :param activity_id: ID of the activity.
        :type activity_id: int
        :returns: The activity.
        :rtype: dict
        :raises NotFoundException: The activity does not exist, or the user may not see it.
        :raises FeatureNotFoundException: The server has no activities.

        Example:

        >>> note = session.note.create("workspace", "Sandbox", "Numbers are in euro.")
        >>> comment = session.note.comment.create(note["id"], "Since when?")
        >>> comments = session.activity.get(note["id"])["comments"]
        >>> [comment["body"] for comment in comments]
        ['Since when?']
        """
        number = identifier(activity_id, "activity_id", NotFoundException)
        path, action = f"activities/{number}", f"get activity {number}"
        return self._one(Request("GET", path, action, errors={404: NotFoundException}, feature=FEATURE))
