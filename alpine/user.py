"""Users."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from alpine import exception
from alpine._arguments import Id, find_id, given, identifier, text, words
from alpine._constants import Constants, flag
from alpine._display.records import Record, RecordList
from alpine._http.body import BytesBody
from alpine._http.redaction import keeps_secrets
from alpine._http.request import Request
from alpine._pager import Listing
from alpine.alpineobject import AlpineObject, Resource
from alpine.exception import *  # noqa: F403 - so does import * of this module, as in 1.0.14
from alpine.exception import InvalidArgumentException, UserNotFoundException

__all__ = ["AlpineObject", "User"]
__all__ += exception.__all__

_ERRORS = {404: UserNotFoundException}


class ApplicationRole(Constants):
    """The application roles: what a user may do with workflows."""

    AnalyticsDeveloper = "analytics_developer"
    DataAnalyst = "data_analyst"
    Collaborator = "collaborator"
    BusinessUser = "business_user"


class AdminRole(Constants):
    """The administrator roles: what a user may do with the server."""

    ApplicationAdministrator = "admin"
    DataAdministrator = "data_admin"
    NonAdmin = ""


# In the body of the class below these names mean its attributes.
_ApplicationRole = ApplicationRole
_AdminRole = AdminRole


class User(Resource):
    """A class for interacting with users."""

    ApplicationRole = ApplicationRole
    AdminRole = AdminRole
    applicationRole: _ApplicationRole = ApplicationRole()  # noqa: N815 - the name that scripts use
    """The application roles, as in ``session.user.applicationRole.DataAnalyst``."""
    adminRole: _AdminRole = AdminRole()  # noqa: N815 - the name that scripts use
    """The administrator roles, as in ``session.user.adminRole.ApplicationAdministrator``."""

    @keeps_secrets
    def create(
        self,
        username: str,
        password: str,
        first_name: str,
        last_name: str,
        email: str,
        title: str | None = None,
        dept: str | None = None,
        notes: str | None = None,
        admin_role: str | None = None,
        app_role: str | None = None,
        email_notification: bool = False,
    ) -> Record:
        """Create a user. Calls ``POST /users``; for administrators.

        :param username: The name to log in with, without white space, which must be unique (case-insensitive).
        :type username: str
        :param password: The password, 6 to 256 characters.
        :type password: str
        :param first_name: First name.
        :type first_name: str
        :param last_name: Last name.
        :type last_name: str
        :param email: Email address.
        :type email: str
        :param title: Title.
        :type title: str
        :param dept: Department.
        :type dept: str
        :param notes: Notes, up to 4,096 characters.
        :type notes: str
        :param admin_role: A value of :class:`AdminRole`; none by default.
        :type admin_role: str
        :param app_role: A value of :class:`ApplicationRole`; ``BusinessUser`` by default.
        :type app_role: str
        :param email_notification: Whether the server may send emails.
        :type email_notification: bool
        :returns: The new user's metadata.
        :rtype: dict
        :raises ForbiddenException: The user who is logged in is not an administrator.
        :raises ValidationException: The server rejects a value; ``fields`` says which.

        Example:

        >>> session.user.create(
        ...     "grace", "a good password", "Grace", "Example", "grace@example.com"
        ... )["username"]
        'grace'
        """
        name = text(username, "username")
        document = {
            "username": name,
            "password": _checked_password(password),
            **_details(first_name=first_name, last_name=last_name, email=email, title=title, dept=dept, notes=notes),
            **_rights(
                AdminRole.NonAdmin if admin_role is None else admin_role,
                ApplicationRole.BusinessUser if app_role is None else app_role,
            ),
            **given(subscribed_to_emails=flag(email_notification, "email_notification")),
        }
        return self._one(
            Request(
                "POST",
                "users",
                f"create user {name!r}",
                body=BytesBody.json(document),
                secrets=(password,),
                how_to_check="Check with session.user.get_id whether the user is there before you create it again.",
            )
        )

    def get(self, user_id: Id) -> Record:
        """Return metadata for a user. Calls ``GET /users/:id``.

        :param user_id: ID of the user.
        :type user_id: int
        :returns: Selected user's metadata.
        :rtype: dict
        :raises UserNotFoundException: The user does not exist.

        Example:

        >>> session.user.get(session.user_id)["username"]
        'demo'
        """
        number = identifier(user_id, "user_id", UserNotFoundException)
        return self._one(Request("GET", f"users/{number}", f"get user {number}", errors=_ERRORS))

    def get_id(self, username: str) -> int:
        """Return the ID of a user. Calls ``GET /users``.

        :param username: The name to log in with (case-insensitive).
        :type username: str
        :returns: ID of the user.
        :rtype: int
        :raises UserNotFoundException: The user does not exist.

        Example:

        >>> session.user.get_id("demo") == session.user_id
        True
        """
        return find_id(self.iterate(1000), "username", username, "user", UserNotFoundException)

    def get_list(self, per_page: int = 100) -> RecordList:
        """Return all users, ordered by first name. Calls ``GET /users``.

        :param per_page: Maximum number to fetch with each API call.
        :type per_page: int
        :returns: List of users' metadata.
        :rtype: list of dict

        Example:

        >>> usernames = [user["username"] for user in session.user.get_list()]
        """
        return self._list(Listing("users", "list users"), per_page)

    def iterate(self, per_page: int = 100) -> Iterator[dict[str, Any]]:
        """Iterate over the users, page by page. Calls ``GET /users``.

        :param per_page: Maximum number to fetch with each API call.
        :type per_page: int
        :returns: The metadata of each user.
        :rtype: iterator of dict

        Example:

        >>> usernames = [user["username"] for user in session.user.iterate()]
        """
        return self._iterate(Listing("users", "list users"), per_page)

    def update(
        self,
        user_id: Id,
        first_name: str | None = None,
        last_name: str | None = None,
        email: str | None = None,
        title: str | None = None,
        dept: str | None = None,
        notes: str | None = None,
        admin_role: str | None = None,
        app_role: str | None = None,
        email_notification: bool | None = None,
    ) -> Record:
        """Change a user. Only given values are changed; an empty string clears a field. Calls ``PUT /users/:id``.

        :param user_id: ID of the user.
        :type user_id: int
        :param first_name: First name.
        :type first_name: str
        :param last_name: Last name.
        :type last_name: str
        :param email: Email address.
        :type email: str
        :param title: Title.
        :type title: str
        :param dept: Department.
        :type dept: str
        :param notes: Notes.
        :type notes: str
        :param admin_role: A value of :class:`AdminRole`. The last administrator cannot be demoted.
        :type admin_role: str
        :param app_role: A value of :class:`ApplicationRole`.
        :type app_role: str
        :param email_notification: Whether the server may send emails.
        :type email_notification: bool
        :returns: The user's metadata after the change.
        :rtype: dict
        :raises UserNotFoundException: The user does not exist.
        :raises ForbiddenException: Only administrators may change other users.
        :raises ValidationException: The server rejects a value.

        Example:

        >>> session.user.update(session.user_id, title="Data Scientist")["title"]
        'Data Scientist'
        """
        number = identifier(user_id, "user_id", UserNotFoundException)
        document: dict[str, object] = {
            **_details(first_name=first_name, last_name=last_name, email=email, title=title, dept=dept, notes=notes),
            **_rights(admin_role, app_role),
            **given(subscribed_to_emails=flag(email_notification, "email_notification")),
        }
        if not document:
            return self.get(number)
        return self._one(
            Request(
                "PUT",
                f"users/{number}",
                f"update user {number}",
                body=BytesBody.json(document),
                idempotent=True,
                errors=_ERRORS,
            )
        )

    def delete(self, user_id: Id) -> None:
        """Delete a user. Calls ``DELETE /users/:id``; for administrators.

        :param user_id: ID of the user.
        :type user_id: int
        :returns: None.
        :rtype: NoneType
        :raises UserNotFoundException: The user does not exist.
        :raises ForbiddenException: The user who is logged in is not an administrator, or is that user.
        :raises ValidationException: The user owns workspaces or data sources.

        Example:

        >>> user = session.user.create(
        ...     "brief", "a good password", "B", "Rief", "b@example.com"
        ... )
        >>> session.user.delete(user["id"])
        """
        number = identifier(user_id, "user_id", UserNotFoundException)
        self._request(Request("DELETE", f"users/{number}", f"delete user {number}", idempotent=True, errors=_ERRORS))


def _checked_password(password: object) -> str:
    if isinstance(password, str) and password:
        return password
    # What it is instead stays untold.
    raise InvalidArgumentException("password must be a non-empty string.")


def _details(**values: object) -> dict[str, object]:
    """The facts about a user that were given, each of which may be empty."""
    return given(**{name: words(value, name) for name, value in values.items()})


def _rights(admin_role: str | None, app_role: str | None) -> dict[str, object]:
    """What to send for the roles that were given."""
    rights: dict[str, object] = {}
    if admin_role is not None:
        word = AdminRole.checked(admin_role, "admin_role")
        # The server has two ways of saying it: roles, and the older admin.
        rights |= {"admin": word == AdminRole.ApplicationAdministrator, "roles": word}
    if app_role is not None:
        rights["user_type"] = ApplicationRole.checked(app_role, "app_role")
    return rights
