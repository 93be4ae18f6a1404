"""Users."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from werkzeug.wrappers import Response

from alpine.sandbox.presenters.people import full_user
from alpine.sandbox.routes.checks import Fields, assign, at_most, complain, refuse, required, taken
from alpine.sandbox.state.model import User
from alpine.sandbox.state.passwords import hashed
from alpine.sandbox.web.call import Call, Routes, by_name, envelope
from alpine.sandbox.web.errors import Blank, Invalid, json_response
from alpine.sandbox.web.params import as_bool, as_list, as_text

routes: Routes = Routes()

_TEXTS = ("first_name", "last_name", "email", "title", "dept", "notes", "user_type")
_FLAGS = ("subscribed_to_emails",)
_LIMITS = {"username": 256, "first_name": 256, "last_name": 256, "email": 256, "title": 256, "dept": 256, "notes": 4096}
_REQUIRED = ("first_name", "last_name", "email", "user_type")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@routes.add("GET", "/users")
def index(call: Call) -> Response:
    """List the users by first or last name."""
    last = call.params.text("order") == "last_name"
    rows = by_name(call.state.users, lambda user: user.last_name if last else user.first_name)
    return call.paged(rows, full_user)


@routes.add("GET", "/users/ldap")
def ldap(call: Call) -> Response:
    """Look a user up in LDAP, which the sandbox does not have."""
    _admin_only(call)
    return envelope([])


@routes.add("GET", "/users/<id>")
def show(call: Call) -> Response:
    """Show one user."""
    return envelope(full_user(call.record(call.state.users)))


@routes.add("POST", "/users")
def create(call: Call) -> Response:
    """Add a user; administrators only."""
    _admin_only(call)
    sent = call.params.resource("user")
    fields = _faults({"user_type": "business_user", **sent}, ("username", *_REQUIRED, "password"))
    _check_username(call, fields, as_text(sent.get("username")))
    refuse(fields)
    user = User(username=as_text(sent["username"]), password_hash=hashed(as_text(sent["password"])))
    assign(user, sent, texts=_TEXTS, flags=_FLAGS)
    _assign_rights(call, user, sent)
    return envelope(full_user(call.state.users.add(user)), 201)


@routes.add("PUT", "/users/<id>")
def update(call: Call) -> Response:
    """Change what was sent of a user: the caller's own record, or any for an administrator."""
    user = call.record(call.state.users)
    if user.id != call.user.id:
        _admin_only(call)
    sent = call.params.resource("user")
    names = [name for name in (*_REQUIRED, "password") if name in sent]
    refuse(_faults(sent, names))
    by_admin = call.user.admin
    texts = _TEXTS if by_admin else [name for name in _TEXTS if name != "user_type"]
    assign(user, sent, texts=texts, flags=_FLAGS)
    if by_admin:
        _assign_rights(call, user, sent)
    if "password" in sent:
        user.password_hash = hashed(as_text(sent["password"]))
        call.state.end_sessions(user.id, but=call.session)
    user.updated_at = call.state.clock()
    return envelope(full_user(user))


@routes.add("DELETE", "/users/<id>")
def delete(call: Call) -> Response:
    """Remove a user who owns no workspace and no Greenplum source."""
    _admin_only(call)
    state = call.state
    user = call.record(state.users)
    if user.id == call.user.id:
        return json_response({}, 403)
    owned = sum(workspace.owner_id == user.id for workspace in state.workspaces)
    if owned:
        raise Invalid.field("workspace_count", "EQUAL_TO", {"count": owned})
    if any(source.owner_id == user.id and source.entity_type == "gpdb_data_source" for source in state.sql_sources):
        raise Invalid.field("user", "NONEMPTY_DATA_SOURCE_LIST")
    user.deleted = True
    for workspace in state.workspaces:
        workspace.members.pop(user.id, None)
        state.hand_over_jobs(user.id, workspace)
    return json_response({})


def _admin_only(call: Call) -> None:
    if not call.user.admin:
        raise Blank(403)


def _faults(sent: Mapping[str, Any], needed: tuple[str, ...] | list[str]) -> Fields:
    fields: Fields = {}
    required(fields, sent, needed)
    at_most(fields, sent, _LIMITS)
    email = as_text(sent.get("email"))
    if "email" in needed and not _EMAIL.search(email):
        complain(fields, "email", "INVALID", {"value": email or None})
    password = as_text(sent.get("password"))
    if password and not 6 <= len(password) <= 256:
        code, count = ("TOO_SHORT", 6) if len(password) < 6 else ("TOO_LONG", 256)
        complain(fields, "password", code, {"count": count})
    return fields


def _check_username(call: Call, fields: Fields, username: str) -> None:
    if not re.fullmatch(r"\S+", username):
        complain(fields, "username", "INVALID", {"value": username or None})
    taken(fields, "username", username, (user.username for user in call.state.users))


def _assign_rights(call: Call, user: User, sent: Mapping[str, Any]) -> None:
    roles = sent.get("roles")
    if "roles" in sent:
        named = [as_text(role) for role in as_list(roles)] or [as_text(roles)]
        user.roles = [role for role in ("admin", "data_admin") if role in named]
    admin = as_bool(sent["admin"]) if "admin" in sent else ("admin" in user.roles if "roles" in sent else user.admin)
    last_admin = user.admin and not any(other.admin for other in call.state.users if other is not user)
    if user.admin and not (admin or last_admin):
        _hand_over_jobs_elsewhere(call, user)
    user.admin = admin or last_admin
    others = [role for role in user.roles if role != "admin"]
    user.roles = ["admin", *others] if user.admin else others


def _hand_over_jobs_elsewhere(call: Call, user: User) -> None:
    # An administrator may own jobs in workspaces without being a member.
    for workspace in call.state.workspaces:
        if user.id not in workspace.members:
            call.state.hand_over_jobs(user.id, workspace)
