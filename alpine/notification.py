"""Notifications: what the server tells the user of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from alpine._arguments import Id, identifier, page_size
from alpine._constants import flag
from alpine._display.records import RecordList
from alpine._entities import ids_of
from alpine._http.body import BytesBody
from alpine._http.request import Request
from alpine._pager import Listing
from alpine.alpineobject import Resource
from alpine.exception import NotFoundException

_FEATURE = "notifications"


class Notification(Resource):
    """A class for interacting with the notifications of the user who is logged in."""

    def get_list(self, unread_only: bool = False, per_page: int = 100) -> RecordList:
        """Return the notifications, the newest first. Calls ``GET /notifications``.

        The key ``unread`` of a notification may stay true after it was read: the server does not always make it anew.
        ``unread_only=True`` gives those that are unread.

        :param unread_only: Return only those that were not marked as read.
        :type unread_only: bool
        :param per_page: Maximum number to fetch with each API call.
        :type per_page: int
        :returns: List of notifications: ``id``, ``event``, ``comment`` and ``timestamp``.
        :rtype: list of dict
        :raises FeatureNotFoundException: The server has no notifications.

        Example:

        >>> session.notification.get_list(unread_only=True)
        []
        """
        return self._list(_listing(unread_only), page_size(per_page))

    def iterate(self, unread_only: bool = False, per_page: int = 100) -> Iterator[dict[str, Any]]:
        """Iterate over the notifications, page by page. Calls ``GET /notifications``.

        Parameters and exceptions are those of :meth:`get_list`.

        Example:

        >>> for notification in session.notification.iterate():
        ...     print(notification["event"]["action"])
        """
        return self._iterate(_listing(unread_only), page_size(per_page))

    def mark_read(self, notification_ids: Iterable[Id]) -> None:
        """Mark notifications as read. Calls ``PUT /notifications/read``.

        :param notification_ids: IDs of the notifications; those of other users are ignored.
        :type notification_ids: list
        :returns: None.
        :rtype: NoneType
        :raises FeatureNotFoundException: The server has no notifications.

        Example:

        >>> unread = session.notification.get_list(unread_only=True)
        >>> session.notification.mark_read([row["id"] for row in unread])
        """
        numbers = ids_of(notification_ids, "notification_ids", NotFoundException)
        if not numbers:
            return
        body, action = BytesBody.json({"notification_ids": numbers}), "mark notifications as read"
        self._request(Request("PUT", "notifications/read", action, body=body, idempotent=True, feature=_FEATURE))

    def delete(self, notification_id: Id) -> None:
        """Delete a notification. Calls ``DELETE /notifications/:id``.

        :param notification_id: ID of the notification.
        :type notification_id: int
        :returns: None.
        :rtype: NoneType
        :raises NotFoundException: The notification does not exist.
        :raises ForbiddenException: It is another user's.
        :raises FeatureNotFoundException: The server has no notifications.

        Example:

        >>> for notification in session.notification.get_list():
        ...     session.notification.delete(notification["id"])
        """
        number = identifier(notification_id, "notification_id", NotFoundException)
        path, action = f"notifications/{number}", f"delete notification {number}"
        errors = {404: NotFoundException}
        self._request(Request("DELETE", path, action, idempotent=True, errors=errors, feature=_FEATURE))


def _listing(unread_only: bool) -> Listing:
    params = {"type": "unread"} if flag(unread_only, "unread_only") else {}
    return Listing("notifications", "list the notifications", params=params, feature=_FEATURE)
