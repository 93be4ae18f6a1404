"""The transport for the base URL, session and token that a resource is made with."""

from __future__ import annotations

from typing import Any, NoReturn

import requests

from alpine._http.request import Request, origin_of
from alpine._http.token import TokenHolder
from alpine._http.transport import HTTPSession, Transport
from alpine.exception import InvalidArgumentException


class Unready(Transport):
    """The transport of a resource whose arguments lead to no server: every call says why, and sends nothing.

    :param session: What was given as the session.
    :param token: What was given as the token.
    :param reason: What is wrong with the arguments.
    """

    def __init__(self, session: Any, token: object, reason: str) -> None:
        super().__init__(HTTPSession(), "", TokenHolder(token if isinstance(token, str) else None))
        self.session = session
        self._reason = reason

    def send(self, request: Request) -> NoReturn:
        raise InvalidArgumentException(f"Could not {request.action}: {self._reason}")


def transport_for(base_url: object, session: object, token: object) -> Transport:
    """The transport for what a resource is made with.

    Nothing is refused here: scripts make resources without a server, to read constants. The first call is.
    """
    try:
        return _made(base_url, session, token)
    except InvalidArgumentException as error:
        reason = error.reason
    return Unready(session, None, reason)


def _made(base_url: object, session: object, token: Any) -> Transport:
    if not isinstance(base_url, str) or not base_url:
        return Unready(session, token, "no server is given. base_url must be a URL such as 'http://host:port/api'.")
    if session is None:
        session = HTTPSession()
    if not isinstance(session, requests.Session):
        return Unready(session, token, f"session must be a requests.Session, not {type(session).__name__}.")
    home = session.transport if isinstance(session, HTTPSession) else None
    if home is None:
        return Transport(session, base_url, TokenHolder(token))
    if token is not None and token != home.holder.value:
        return home.sharing(TokenHolder(token))
    if home.origin != origin_of(base_url):
        reason = f"the session is logged in to {home.origin}, not to {origin_of(base_url)}: pass a token for it."
        return Unready(session, token, reason)
    return home
