"""The base of every resource: one request, one page loop; turns a response into a value or an exception."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property, partial
from typing import Any, NoReturn, Self
from urllib.parse import quote

import requests

from alpine import _json
from alpine._arguments import page_size
from alpine._display.records import Record, RecordList
from alpine._http.given import Unready, transport_for
from alpine._http.redaction import keeps_secrets
from alpine._http.refusal import exception_for
from alpine._http.request import Request, Response
from alpine._http.transport import Transport, unusable
from alpine._pager import Fetch, Listing, Page, collect, read_in_turn, walk
from alpine._printable import logger_of
from alpine._web_address import page_of_path
from alpine.exception import (
    FeatureNotFoundException,
    ForbiddenException,
    InvalidArgumentException,
    InvalidResponseException,
    NotFoundException,
    NotPicklableException,
    ValidationException,
)

ENGINE = "alpinedatalabs/api/v1/json"
UNORDERED_PAGE = 1000
"""Rows asked for at a time in lists that the server gives in no order."""


class AlpineObject:
    """What all resources share.

    :param base_url: The root of the server's API, ``http://host:port/api``.
    :type base_url: str
    :param session: An HTTP session. It is never modified.
    :type session: requests.Session
    :param token: The token of a login. None, or the token of the client that the session belongs to, shares that
        client's login.
    :type token: str

    If an argument is missing or wrong, the first call raises an exception and sends nothing.
    """

    base_url: str = ""

    @keeps_secrets
    def __init__(
        self, base_url: str | None = None, session: requests.Session | None = None, token: str | None = None
    ) -> None:
        self._bind(base_url if isinstance(base_url, str) else "", transport_for(base_url, session, token))

    @classmethod
    def _beside(cls, other: AlpineObject) -> Self:
        """A resource that shares the base URL, the session and the login of another."""
        resource = cls.__new__(cls)
        resource._bind(other.base_url, other._transport)
        return resource

    def _bind(self, base_url: str, transport: Transport) -> None:
        self._transport = transport
        self.base_url = base_url.rstrip("/")
        self.logger: logging.Logger = logger_of(type(self).__module__)

    @cached_property
    def _transport(self) -> Transport:
        # Made here only for a class of a user's own whose constructor does not call the one above.
        return transport_for(self.base_url, None, None)

    @property
    def session(self) -> requests.Session:
        """The HTTP session; changes of its headers, verify, proxies, hooks and adapters apply to the next call.

        Setting it also changes the resources below this one; their logins stay the same.
        """
        return self._transport.session

    @session.setter
    def session(self, value: requests.Session) -> None:
        if not isinstance(value, requests.Session):
            raise InvalidArgumentException(f"session must be a requests.Session, not {type(value).__name__}.")
        self._change(lambda transport: transport.over(value), value, self.token)

    @property
    def token(self) -> str | None:
        """The token of the login; None if there is none.

        Setting it gives this resource, and those below it, a separate login.
        """
        return self._transport.holder.value

    @token.setter
    @keeps_secrets
    def token(self, value: str | None) -> None:
        self._change(lambda transport: transport.with_token(value), self.session, value)

    def _change(self, change: Callable[[Transport], Transport], session: requests.Session, token: str | None) -> None:
        """Replace the transport here and below; those who shared one share the new one."""
        changed: dict[Transport, Transport] = {}
        for resource in self._with_those_below():
            old = resource._transport
            if old not in changed:
                ready = not isinstance(old, Unready)
                changed[old] = change(old) if ready else transport_for(self.base_url, session, token)
            resource._transport = changed[old]

    def _with_those_below(self) -> Iterator[AlpineObject]:
        yield self
        for value in list(vars(self).values()):
            if isinstance(value, AlpineObject):
                yield from value._with_those_below()

    def _add_token_to_url(self, url: str) -> str:
        """A URL with the token, for the classes of old scripts that send requests by ``session`` themselves.

        :meth:`alpine.APIClient.request` does the same without showing the token to anybody.
        """
        token = self.token
        return url if token is None else f"{url}{'&' if '?' in url else '?'}session_id={quote(token, safe='')}"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise NotPicklableException(
            f"{self!r} can be neither pickled nor copied: it holds open connections and a login. Make a client in each "
            "process; threads share one client."
        )

    def __repr__(self) -> str:
        return f"<{type(self).__qualname__} {self.base_url}>"

    def _request(self, request: Request) -> Response:
        """Send one request.

        :returns: A response with a good status.
        :raises AlpineException: Any other response, or none.
        """
        request = replace(request, root=f"{self._root}/{ENGINE}" if request.engine else self.base_url)
        response = self._transport.send(request)
        deleting = request.method == "DELETE"
        if deleting and response.status == 200 and response.body.lstrip().startswith(b"<"):
            raise self._unusable(response, "the server's response is an HTML page")
        if 200 <= response.status < 300:
            return response
        if deleting and response.status == 404 and response.attempt > 1:
            # The first attempt, whose response was lost, has deleted it.
            return replace(response, body=b"")
        error = exception_for(response, partial(self._transport.clean, secrets=request.secrets))
        if not isinstance(error, NotFoundException):
            error.web_url = page_of_path(self._root, request.path, engine=request.engine)
        raise error

    @property
    def _root(self) -> str:
        """The root of the host, below which are the API and the engine."""
        return self.base_url.removesuffix("/api")

    def _document(self, response: Response) -> Any:
        """The JSON of a response.

        :raises InvalidResponseException: It is none.
        """
        why = ""
        try:
            return _json.loads(response.body)
        except ValueError as error:
            why = f"the server's response is not JSON ({type(error).__name__})"
        except RecursionError:
            why = "the server's response is nested too deeply"
        raise self._unusable(response, why)

    def _unusable(self, response: Response, why: str) -> InvalidResponseException:
        return unusable(self._transport, response, why)

    def _one(self, request: Request) -> Record:
        """Send a request, and take the object out of its response's envelope."""
        return self._object_in(self._request(request))

    def _object_in(self, response: Response) -> Record:
        document = self._document(response)
        record = document.get("response") if isinstance(document, dict) else None
        if not isinstance(record, dict):
            raise self._unusable(response, "the server's response holds no object")
        return Record(record).at(self._root)

    def _rows(self, request: Request) -> tuple[RecordList, Mapping[str, Any]]:
        """Send a request, and take the objects out of its response's envelope, with what it says of pages."""
        response = self._request(request)
        document = self._document(response)
        rows = document.get("response") if isinstance(document, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise self._unusable(response, "the server's response holds no list of objects")
        pagination = document.get("pagination")
        return RecordList(rows, self._root), pagination if isinstance(pagination, dict) else {}

    def _require(self, probe: Request) -> None:
        """Make sure that the server has a feature, where finding out later would waste work such as an upload.

        The first call for a feature sends the probe; the outcome is remembered for the client and its resources.

        :param probe: A request that changes nothing, as for the id 0, with its ``feature``.
        :raises FeatureNotFoundException: The server lacks it.
        """
        known = self._transport.lacks
        if probe.feature not in known:
            lacks = None
            try:
                self._request(probe)
            except FeatureNotFoundException as error:
                lacks = str(error)
            except (NotFoundException, ForbiddenException, ValidationException):
                # The endpoint is there, and says no to the id, or to this user.
                pass
            known[probe.feature] = lacks
        why = known[probe.feature]
        if why is not None:
            raise FeatureNotFoundException(why, status_code=404, method=probe.method)

    def _fetch(self, listing: Listing, size: int) -> Fetch:
        """The pages of a list, by number."""

        def fetch(page: int) -> Page:
            query = {**(listing.params or {}), "page": page, "per_page": size}
            rows, pagination = self._rows(
                Request(
                    "GET", listing.path, listing.action, params=query, errors=listing.errors, feature=listing.feature
                )
            )
            return Page(rows, _count(pagination.get("total")), _count(pagination.get("records")), bool(pagination))

        return fetch

    def _list(self, listing: Listing, per_page: object) -> RecordList:
        """The whole of a list."""
        return self._counted_list(listing, per_page)[0]

    def _counted_list(self, listing: Listing, per_page: object) -> tuple[RecordList, int | None]:
        """The whole of a list, and how many rows the server said it has."""
        size = page_size(per_page)
        if listing.ordered:
            rows, records = collect(self._fetch(listing, size))
        else:
            rows, records = read_in_turn(self._fetch(listing, max(size, UNORDERED_PAGE)))
        return RecordList(rows), records

    def _iterate(self, listing: Listing, per_page: object) -> Iterator[dict[str, Any]]:
        """The rows of a list, each page when it is needed."""
        size = page_size(per_page)
        return walk(self._fetch(listing, size if listing.ordered else max(size, UNORDERED_PAGE)))


def warn_of_open_end(response: Response, what: str, stacklevel: int) -> None:
    """Warn of a body that came without a length, as it may have ended early; JSON tells it by itself."""
    if response.open_ended is not None:
        warnings.warn(
            f"{what} came without a length and ended after {response.open_ended:,} bytes, with the connection: "
            "it may be incomplete.",
            stacklevel=stacklevel + 1,
        )


class Resource(AlpineObject):
    """A resource, which is made with all that it needs."""

    def __init__(self, base_url: str, session: requests.Session, token: str | None) -> None:
        super().__init__(base_url, session, token)


def unwrapped(response: Response) -> Any:
    """What a response holds, whatever its form."""
    if not response.body.strip():
        return None
    try:
        document = _json.loads(response.body)
    except (ValueError, RecursionError):
        warn_of_open_end(response, "The response", 4)
        return response.body.decode("utf-8", "replace")
    return document["response"] if isinstance(document, dict) and "response" in document else document


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
