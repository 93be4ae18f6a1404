"""Log-in, log-out and who is logged in."""

from __future__ import annotations

from werkzeug.wrappers import Response

from alpine.sandbox.presenters.people import login_session
from alpine.sandbox.routes.checks import Fields, required
from alpine.sandbox.state.passwords import matches
from alpine.sandbox.web.auth import COOKIE
from alpine.sandbox.web.call import Call, Routes, envelope, found
from alpine.sandbox.web.errors import Blank, Refused, json_response
from alpine.sandbox.web.params import as_text

routes: Routes = Routes()


@routes.add("POST", "/sessions", login=False, extends=False)
def log_in(call: Call) -> Response:
    """Open a session."""
    sent = call.params.resource("session", ("username", "password"))
    username, password = as_text(sent.get("username")), as_text(sent.get("password"))
    blank: Fields = {}
    required(blank, {"username": username, "password": password}, ("username", "password"))
    if blank:
        raise Refused(401, {"fields": blank})
    user = next((user for user in call.state.users if user.username.lower() == username.lower()), None)
    if user is None or not matches(password, user.password_hash):
        raise Refused(401, {"fields": {"username_or_password": {"INVALID": {}}}})
    if call.state.settings.licence_expired:
        raise Refused(503, {"service": "LICENSE_EXPIRED"})
    session = call.state.open_session(user)
    response = envelope(login_session(session, user), 201)
    response.set_cookie(COOKIE, session.cookie, httponly=True, path="/")
    return response


@routes.add("GET", "/sessions", extends=False)
def show(call: Call) -> Response:
    """Tell who is logged in."""
    return envelope(login_session(found(call.session), call.user))


@routes.add("DELETE", "/sessions", login=False, extends=False)
def log_out(call: Call) -> Response:
    """Close the session."""
    if call.session is None:
        raise Blank(401)
    del call.state.sessions[call.session.token]
    response = json_response({"csrf_token": call.state.csrf_token})
    response.delete_cookie(COOKIE, path="/")
    return response
