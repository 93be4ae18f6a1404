"""The base of every resource: one request, one page loop; turns an answer into a value or an exception."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Self

import requests

from alpine import _json
from alpine._arguments import number
from alpine._http.body import Body
from alpine._http.retry import LOST_BEHIND_GATEWAY, retry_after
from alpine._http.token import TokenHolder
from alpine._http.transport import Answer, Call, HTTPSession, Sink, Timeout, Transport, origin_of, unusable
from alpine._pager import Fetch, Page, collect, read_in_turn, walk
from alpine._records import Record, RecordList
from alpine.exception import AlpineException, InvalidArgumentException, InvalidResponseException, exception_for

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
    """

    def __init__(self, base_url: str, session: requests.Session, token: str | None) -> None:
        arguments: tuple[object, object] = (base_url, session)
        if not (isinstance(arguments[0], str) and isinstance(arguments[1], requests.Session)):
            raise InvalidArgumentException(
                f"{type(self).__name__}(base_url, session, token) needs the address of the API and a requests.Session."
            )
        transport = session.transport if isinstance(session, HTTPSession) else None
        if transport is None:
            transport = Transport(session, base_url, TokenHolder(token))
        elif token is not None and token != transport.holder.value:
            transport = transport.sharing(TokenHolder(token))
        elif transport.origin != origin_of(base_url):
            raise InvalidArgumentException(
                f"This session is logged in to {transport.origin}, not to {origin_of(base_url)}: give a token of that."
            )
        self._bind(base_url, transport)

    @classmethod
    def _beside(cls, other: AlpineObject) -> Self:
        """A resource that shares the base URL, the session and the login of another."""
        resource = cls.__new__(cls)
        resource._bind(other.base_url, other._transport)
        return resource

    def _bind(self, base_url: str, transport: Transport) -> None:
        self._transport = transport
        self.base_url = base_url.rstrip("/")
        self.logger = logging.getLogger(type(self).__module__)

    @property
    def session(self) -> requests.Session:
        """The HTTP session; its headers, verify, proxies, hooks and adapters act on the next call."""
        return self._transport.session

    @property
    def token(self) -> str | None:
        """The token of the login; None when there is none."""
        return self._transport.holder.value

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
        within: float | None = None,
    ) -> Answer:
        """Send one request.

        :param action: What is being done, as in "delete workfile 375".
        :param engine: Whether the workflow engine is meant, not the API.
        :param within: Seconds that a wait has left for it: it is sent once, and given no more time than that.
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
            timeout=timeout if within is None else self._timeout_within(within),
            limit=self._transport.answer_limit if limit is None else limit,
            sink=sink,
            secrets=secrets,
            if_lost=if_lost,
            anonymous=anonymous,
            retries=within is None,
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

    def _timeout_within(self, seconds: float) -> Timeout:
        """The client's time-outs, where they are not longer than this."""
        timeout = self._transport.timeout
        connect, read = timeout if isinstance(timeout, tuple) else (timeout, timeout)
        if seconds == math.inf:
            return timeout
        return min(connect or seconds, seconds), min(read or seconds, seconds)

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
        size = number(per_page, "per_page", least=1, whole=True)
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
        size = number(per_page, "per_page", least=1, whole=True)
        return walk(self._fetch(path, action, size if ordered else max(size, UNORDERED_PAGE), params, kinds))


def unwrapped(answer: Answer) -> Any:
    """What an answer holds, whatever its form."""
    if not answer.body.strip():
        return None
    try:
        document = _json.loads(answer.body)
    except (ValueError, RecursionError):
        return answer.body.decode("utf-8", "replace")
    return document["response"] if isinstance(document, dict) and "response" in document else document


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
