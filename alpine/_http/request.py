"""One request, as a resource builds it, and the response that comes back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from typing import Protocol
from urllib.parse import urlencode, urlsplit

from alpine._http.body import Body
from alpine.exception import AlpineException

Timeouts = tuple[float | None, float | None]
"""Seconds for connecting, and for each wait for the next bytes; None for no limit."""
Errors = Mapping[int, type[AlpineException]]
"""The exceptions for status codes that mean something special."""


class Sink(Protocol):
    """Where the body of a good response goes, when not into memory."""

    def start(self, headers: Mapping[str, str]) -> None:
        """A good response begins; after a failed attempt this is called again."""
        ...

    def write(self, data: bytes, /) -> object: ...


@dataclass(frozen=True, slots=True)
class Request:
    """One request, as a resource builds it.

    :param method: The HTTP method.
    :param path: The path below the root, already quoted.
    :param action: What is being done, as in "delete workfile 375", for messages.
    :param params: The query, without the token.
    :param body: What is sent.
    :param engine: Whether the workflow engine is meant, not the API: another root, and the token in a header.
    :param idempotent: Whether doing it twice does no harm; None means that only a GET does none.
    :param errors: The exceptions for status codes that mean something special here.
    :param default_error: The exception for every other status that says no, but for a missing login.
    :param feature: What the server lacks where it has no such endpoint, as in "datasets": not every version has it.
    :param how_to_check: How to find out what happened, when the response to a request that is not idempotent is lost.
    :param timeout: Time-outs for this request in place of the client's.
    :param deadline: Seconds for all of it, as one question of a wait, which is not sent again; None for those of the
        client, if it has any.
    :param limit: The largest body that is read into memory, in bytes; None for the client's limit.
    :param sink: Where the body of a good response goes, when not into memory.
    :param secrets: Strings that must not appear in any message.
    :param anonymous: Whether it is sent without token and cookie, as a login is.
    :param root: The URL that the path is below; filled in by the resource's base class.
    """

    method: str
    path: str
    action: str
    params: Mapping[str, object] | None = field(default=None, repr=False)
    body: Body | None = field(default=None, repr=False)
    engine: bool = False
    idempotent: bool | None = None
    errors: Errors | None = None
    default_error: type[AlpineException] | None = None
    feature: str = ""
    how_to_check: str = ""
    timeout: Timeouts | None = None
    deadline: float | None = None
    limit: int | None = None
    sink: Sink | None = None
    secrets: tuple[str, ...] = field(default=(), repr=False)
    anonymous: bool = False
    root: str = ""

    @property
    def is_idempotent(self) -> bool:
        return self.method == "GET" if self.idempotent is None else self.idempotent

    @property
    def warning(self) -> str:
        """What to add where the server took the request and its response is of no use."""
        return f" The server may still have carried it out. {self.how_to_check}" if self.how_to_check else ""

    @property
    def url(self) -> str:
        """The URL without the token."""
        return self.url_with(())

    def url_with(self, params: Iterable[tuple[str, object]]) -> str:
        query = urlencode([*params, *(self.params or {}).items()], doseq=True, errors="surrogatepass")
        return f"{self.root}/{self.path}{('&' if '?' in self.path else '?') + query if query else ''}"


@dataclass(slots=True)
class Response:
    """What the server sent back, whatever its status.

    :param attempt: 1, and one more for each attempt before it that the server may have carried out.
    :param open_ended: The bytes of a body that ended with its connection, where nothing tells whether that was all;
        None for a body that is known to be whole.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    request: Request
    attempt: int = 1
    cookies: CookieJar | None = field(default=None, repr=False)
    open_ended: int | None = None

    def header(self, name: str) -> str | None:
        return self.headers.get(name)

    def __str__(self) -> str:
        return f"{self.status}, {len(self.body)} bytes"


def origin_of(url: str) -> str:
    """The server that a URL leads to, without what comes after."""
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{(parts.netloc.rpartition('@')[2]).lower()}"
    except ValueError:
        return url
