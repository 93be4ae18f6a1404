"""Who is calling: session parameter, cookie, engine token, and the CSRF rule."""

from __future__ import annotations

import hmac

from werkzeug.wrappers import Request

from alpine.sandbox.state.model import LoginSession
from alpine.sandbox.state.store import State
from alpine.sandbox.web.errors import Blank, EngineError
from alpine.sandbox.web.params import Params

COOKIE = "_chorus_session"
_NO_TOKEN = "The resource requires authentication, which was not supplied with the request"  # noqa: S105


def chorus_session(state: State, request: Request, params: Params) -> LoginSession | None:
    """Find the session of a call to Chorus.

    A ``session_id`` parameter is the only thing looked at where there is one, even a wrong one.

    :param state: The records.
    :param request: The request.
    :param params: Its parameters.
    :returns: The session, or None.
    """
    if "session_id" in params:
        return state.session(token=params.text("session_id"))
    cookie = request.cookies.get(COOKIE)
    return state.session(cookie=cookie) if cookie else None


def check_csrf(state: State, request: Request, params: Params) -> None:
    """Refuse a change that only a cookie vouches for.

    :param state: The records.
    :param request: The request.
    :param params: Its parameters.
    :raises Blank: 403, when there is neither a ``session_id`` parameter nor the CSRF token.
    """
    if request.method in {"GET", "HEAD"} or params.get("session_id"):
        return
    sent = request.headers.get("X-CSRF-Token") or params.text("authenticity_token")
    if not hmac.compare_digest(sent.encode(), state.csrf_token.encode()):
        raise Blank(403)


def engine_session(state: State, request: Request) -> LoginSession:
    """Find the session of a call to the workflow engine.

    :param state: The records.
    :param request: The request, with a ``token`` in its query or an ``x-token`` header.
    :returns: The session.
    :raises EngineError: 401, when there is no good token.
    """
    token = request.args.get("token") or request.headers.get("X-Token") or ""
    session = state.session(token=token)
    if session is None:
        raise EngineError(401, _NO_TOKEN)
    return session
