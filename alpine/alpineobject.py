"""The base of every resource: one request, one page loop; turns an answer into a value or an exception."""

from __future__ import annotations

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
from alpine._http.body import Body
from alpine._http.given import Unready, transport_for
from alpine._http.redaction import keeps_secrets, logger_of
from alpine._http.retry import LOST_BEHIND_GATEWAY, retry_after
from alpine._http.transport import Answer, Call, Sink, Timeout, Transport, unusable
from alpine._pager import Fetch, Page, collect, read_in_turn, walk
from alpine.exception import (
    AlpineException,
    InvalidArgumentException,
    InvalidResponseException,
    NotPicklableException,
    exception_for,
)

ENGINE = "alpinedatalabs/api/v1/json"
UNORDERED_PAGE = 1000
"""Rows asked for at a time in lists that the server gives in no order."""

Kinds = Mapping[int, type[AlpineException]]


class AlpineObject:
    """What all resources share.

    :param base_url: The root of the server's API, ``http://host:port/api``.
    :type base_url: str
    :param session: An HTTP session. It is used as it is and never written to.
    :type session: requests.Session
    :param token: The token of a login. None, or the token of the client that the session belongs to, shares that
        client's login.
    :type token: str

    What is missing or wrong is said by the first call, which then sends nothing.
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
        self.logger = logger_of(type(self).__module__)

    @cached_property
    def _transport(self) -> Transport:
        # Made here only for a class of a user's own whose constructor does not call the one above.
        return transport_for(self.base_url, None, None)

    @property
    def session(self) -> requests.Session:
        """The HTTP session; its headers, verify, proxies, hooks and adapters act on the next call.

        Setting it reaches the resources below this one as well; their logins stay.
        """
        return self._transport.session

    @session.setter
    def session(self, value: requests.Session) -> None:
        if not isinstance(value, requests.Session):
            raise InvalidArgumentException(f"session must be a requests.Session, not {type(value).__name__}.")
        self._change(lambda transport: transport.over(value), value, self.token)

    @property
    def token(self) -> str | None:
        """The token of the login; None when there is none.

        Setting another gives this resource, and those below it, a login of their own.
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

    def _request(
        self,
        method: str,
        path: str,
        action: str,
        *,
        engine: bool = False,
        params: Mapping[str, object] | None = None,
        body: Body | None = None,
        repeatable: bool | None = None,
        kinds: Kinds | None = None,
        otherwise: type[AlpineException] | None = None,
        advice: str | None = None,
        timeout: Timeout = None,
        limit: int | None = None,
        sink: Sink | None = None,
        secrets: tuple[str, ...] = (),
        if_lost: str = "",
        anonymous: bool = False,
        deadline: float | None = None,
    ) -> Answer:
        """Send one request.

        :param action: What is being done, as in "delete workfile 375".
        :param engine: Whether the workflow engine is meant, not the API.
        :param deadline: Seconds that a wait has left for it: it is sent once, and given up when they are over.
        :param kinds: The exceptions for status codes that mean something special here.
        :param otherwise: The exception for every other status that says no, but for a missing login.
        :returns: An answer with a good status.
        :raises AlpineException: Any other answer, or none.
        """
        call = Call(
            method,
            f"{self._root}/{ENGINE}" if engine else self.base_url,
            path,
            action,
            params=tuple((params or {}).items()),
            body=body,
            token_header=engine,
            repeatable=method == "GET" if repeatable is None else repeatable,
            timeout=timeout,
            limit=self._transport.answer_limit if limit is None else limit,
            sink=sink,
            secrets=secrets,
            if_lost=if_lost,
            anonymous=anonymous,
            retries=deadline is None,
            deadline=deadline,
        )
        answer = self._transport.send(call)
        if method == "DELETE" and answer.status == 200 and answer.body.lstrip().startswith(b"<"):
            raise self._unusable(answer, "the server's answer is a page")
        if 200 <= answer.status < 300:
            return answer
        if method == "DELETE" and answer.status == 404 and answer.attempt > 1:
            # The first attempt, whose answer was lost, has deleted it.
            return replace(answer, body=b"")
        # A gateway that lost the server behind it does not know either whether the work was done.
        lost = not call.repeatable and answer.status in LOST_BEHIND_GATEWAY
        asked = retry_after(answer)
        exception = exception_for(
            answer.status,
            answer.body,
            method=method,
            url=self._transport.clean(call.url, secrets),
            action=action,
            clean=partial(self._transport.clean, secrets=secrets),
            kinds=kinds,
            otherwise=otherwise,
            advice=if_lost if lost else advice,
            **({} if asked is None else {"retry_after": asked}),
        )
        raise exception

    @property
    def _root(self) -> str:
        """The root of the host, below which are the API and the engine."""
        return self.base_url.removesuffix("/api")

    def _document(self, answer: Answer) -> Any:
        """The JSON of an answer.

        :raises InvalidResponseException: It is none.
        """
        why = ""
        try:
            return _json.loads(answer.body)
        except ValueError as error:
            why = f"the server's answer is not JSON ({type(error).__name__})"
        except RecursionError:
            why = "the server's answer is nested too deeply"
        raise self._unusable(answer, why)

    def _unusable(self, answer: Answer, why: str) -> InvalidResponseException:
        return unusable(answer.call, self._transport, answer, why)

    def _one(self, answer: Answer) -> Record:
        """The object in an answer's envelope."""
        document = self._document(answer)
        record = document.get("response") if isinstance(document, dict) else None
        if not isinstance(record, dict):
            raise self._unusable(answer, "the server's answer holds no object")
        return Record(record)

    def _rows(self, answer: Answer) -> tuple[RecordList, Mapping[str, Any]]:
        """The objects in an answer's envelope, and what it says of pages."""
        document = self._document(answer)
        rows = document.get("response") if isinstance(document, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise self._unusable(answer, "the server's answer holds no list of objects")
        pagination = document.get("pagination")
        return RecordList(rows), pagination if isinstance(pagination, dict) else {}

    def _fetch(
        self, path: str, action: str, size: int, params: Mapping[str, object] | None, kinds: Kinds | None
    ) -> Fetch:
        """The pages of a list, by number."""

        def fetch(page: int) -> Page:
            query = {**(params or {}), "page": page, "per_page": size}
            rows, pagination = self._rows(self._request("GET", path, action, params=query, kinds=kinds))
            return Page(rows, _count(pagination.get("total")), _count(pagination.get("records")), bool(pagination))

        return fetch

    def _list(
        self,
        path: str,
        action: str,
        *,
        per_page: object,
        params: Mapping[str, object] | None = None,
        kinds: Kinds | None = None,
        ordered: bool = True,
    ) -> RecordList:
        """The whole of a list."""
        return self._counted_list(path, action, per_page=per_page, params=params, kinds=kinds, ordered=ordered)[0]

    def _counted_list(
        self,
        path: str,
        action: str,
        *,
        per_page: object,
        params: Mapping[str, object] | None = None,
        kinds: Kinds | None = None,
        ordered: bool = False,
    ) -> tuple[RecordList, int | None]:
        """The whole of a list, and how many rows the server said it has."""
        size = page_size(per_page)
        if ordered:
            rows, records = collect(self._fetch(path, action, size, params, kinds))
        else:
            rows, records = read_in_turn(self._fetch(path, action, max(size, UNORDERED_PAGE), params, kinds))
        return RecordList(rows), records

    def _iterate(
        self,
        path: str,
        action: str,
        *,
        per_page: object,
        params: Mapping[str, object] | None = None,
        kinds: Kinds | None = None,
        ordered: bool = True,
    ) -> Iterator[dict[str, Any]]:
        """The rows of a list, each page when it is needed."""
        size = page_size(per_page)
        return walk(self._fetch(path, action, size if ordered else max(size, UNORDERED_PAGE), params, kinds))


def warn_of_open_end(answer: Answer, what: str, stacklevel: int) -> None:
    """Warn of a body that came without a length, as it may have ended early; JSON tells it by itself."""
    if answer.open_ended is not None:
        warnings.warn(
            f"{what} came without a length and ended after {answer.open_ended:,} bytes, with the connection: "
            "whether that is all of it cannot be told.",
            stacklevel=stacklevel + 1,
        )


class Resource(AlpineObject):
    """A resource, which is made with all that it needs."""

    def __init__(self, base_url: str, session: requests.Session, token: str | None) -> None:
        super().__init__(base_url, session, token)


def unwrapped(answer: Answer) -> Any:
    """What an answer holds, whatever its form."""
    if not answer.body.strip():
        return None
    try:
        document = _json.loads(answer.body)
    except (ValueError, RecursionError):
        warn_of_open_end(answer, "The answer", 4)
        return answer.body.decode("utf-8", "replace")
    return document["response"] if isinstance(document, dict) and "response" in document else document


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
