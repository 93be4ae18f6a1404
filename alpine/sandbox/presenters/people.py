"""Users, members and sessions."""

from __future__ import annotations

from typing import Any

from alpine.sandbox.presenters.view import View
from alpine.sandbox.state.model import LoginSession, User, Workspace


def short_user(user: User | None) -> dict[str, Any] | None:
    """The user as it stands inside other objects.

    :param user: The user, or None when it is gone.
    :returns: Its object.
    """
    if user is None:
        return None
    stamp = int(user.updated_at)
    return {
        "id": user.id,
        "username": user.username,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "roles": list(user.roles),
        "user_type": user.user_type,
        "auth_method": "internal",
        "ldap_group_id": None,
        "entity_type": "user",
        "is_deleted": None,
        "using_default_image": True,
        "image": {
            "original": f"/users/{user.id}/image?style=original&{stamp}",
            "icon": f"/users/{user.id}/image?style=icon&{stamp}",
            "entity_type": "image",
            "complete_json": True,
        },
    }


def full_user(user: User) -> dict[str, Any]:
    """The user in full.

    :param user: The user.
    :returns: Its object.
    """
    return {**_inner_user(user), "complete_json": True}


def member(view: View, workspace: Workspace, user_id: int) -> dict[str, Any]:
    """A user as a member of a workspace, with the role.

    :param view: Who looks.
    :param workspace: The workspace.
    :param user_id: The member.
    :returns: Its object.
    """
    user = view.state.users.find(user_id)
    return {**(full_user(user) if user else {}), "role": workspace.members[user_id]}


def login_session(session: LoginSession, user: User) -> dict[str, Any]:
    """A session and its user, who lacks ``complete_json`` there.

    :param session: The session.
    :param user: Its user.
    :returns: The object.
    """
    return {"session_id": session.token, "user": _inner_user(user)}


def _inner_user(user: User) -> dict[str, Any]:
    return {
        **(short_user(user) or {}),
        "email": user.email,
        "title": user.title,
        "dept": user.dept,
        "notes": user.notes,
        "admin": user.admin,
        "subscribed_to_emails": user.subscribed_to_emails,
        "tags": [],
    }
