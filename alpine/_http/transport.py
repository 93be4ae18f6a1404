"""How bytes travel: one request and its attempts, from a call to an answer or an exception."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol, cast
from urllib.parse import urlencode, urljoin, urlsplit

import requests
from requests.cookies import get_cookie_header
from requests.hooks import default_hooks, dispatch_hook
from requests.structures import CaseInsensitiveDict

from alpine._http.adapter import PoolAdapter
from alpine._http.body import Body
from alpine._http.environment import Environment
from alpine._http.failure import TRANSPORT_ERRORS, Failure
from alpine._http.redaction import clean, mask_logs
from alpine._http.retry import Attempts, Clock, retry_policy
from alpine._http.token import TokenHolder
from alpine._version import __version__
from alpine.exception import (
    InvalidResponseException,
    RedirectException,
    ResponseTooLargeException,
)

Timeout = float | tuple[float | None, float | None] | None

MEGABYTE = 1024 * 1024
ANSWER_LIMIT = 64 * MEGABYTE
RESULTS_LIMIT = 2048 * MEGABYTE
_CHUNK = 256 * 1024
_MOST_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})

logger = logging.getLogger("alpine.http")


class Sink(Protocol):
    """Where the body of a good answer goes, when not into memory."""

    def start(self, headers: Mapping[str, str]) -> None:
        """A good answer begins; after a failed attempt this is called again."""
        ...

    def write(self, data: bytes, /) -> object: ...


@dataclass(frozen=True, slots=True)
class Call:
    """One request, as a resource asks for it.

    :param method: The HTTP method.
    :param root: The URL that the path is below.
    :param path: The path, already quoted.
    :param action: What is being done, as in "delete workfile 375", for messages.
    :param token_header: Whether the token travels in a header instead of in the query.
    :param repeatable: Whether doing it twice does no harm.
    :param limit: The largest body that is read into memory, in bytes.
    :param secrets: Texts that must not appear in any message.
    :param anonymous: Whether it is sent without token and cookie, as a login is.
    :param if_lost: How to find out what happened, when the answer to a call that may not be repeated is lost.
    """

    method: str
    root: str
    path: str
    action: str
    params: tuple[tuple[str, object], ...] = ()
    body: Body | None = None
    token_header: bool = False
    repeatable: bool = False
    timeout: Timeout = None
    limit: int = ANSWER_LIMIT
    sink: Sink | None = None
    secrets: tuple[str, ...] = ()
    anonymous: bool = False
    retries: bool = True
    if_lost: str = ""

    @property
    def url(self) -> str:
        """The URL without the token."""
        return self.url_with(())

    def url_with(self, params: Iterable[tuple[str, object]]) -> str:
        query = urlencode([*params, *self.params], doseq=True)
        return f"{self.root}/{self.path}{('&' if '?' in self.path else '?') + query if query else ''}"


@dataclass(slots=True)
class Answer:
    """What the server answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    call: Call
    attempt: int = 1
    cookies: Mapping[str, str | None] = field(default_factory=dict)

    def header(self, name: str) -> str | None:
        return self.headers.get(name)


class Transport:
    """One HTTP session, one token, and the rules for using them.

    :param session: Its headers, verify, cert, proxies, auth, cookies, hooks and adapters hold; it is never written to.
    :param base_url: The server, for what the environment says about reaching it.
    :param holder: The token.
    """

    def __init__(self, session: requests.Session, base_url: str, holder: TokenHolder) -> None:
        self.session = session
        self.holder = holder
        self.timeout: Timeout = (10, 60)
        self.retries = retry_policy()
        self.clock = Clock()
        self.answer_limit = ANSWER_LIMIT
        self.results_limit = RESULTS_LIMIT
        self._environment = Environment.of(base_url) if session.trust_env else Environment()
        mask_logs()

    def sharing(self, holder: TokenHolder) -> Transport:
        """The same session and rules with another token."""
        other = Transport.__new__(Transport)
        other.__dict__.update(self.__dict__)
        other.holder = holder
        return other

    def clean(self, text: str, secrets: Iterable[str] = ()) -> str:
        """Take the secrets of this session out of a text."""
        known = [self.holder.value, *(self.holder.cookie or "").replace("; ", "=").split("=")[1::2], *secrets]
        return clean(text, [secret for secret in known if secret])

    def send(self, call: Call) -> Answer:
        """Send a call until there is an answer, whatever its status.

        :raises AlpineException: There is none.
        """
        attempts = Attempts(self.retries if call.retries else retry_policy(0), self.clock, repeatable=call.repeatable)
        renewed, attempt = False, 1
        while True:
            token = None if call.anonymous else self.holder.value
            outcome = self._attempt(call, token, attempt)
            refused = isinstance(outcome, Answer) and outcome.status == HTTPStatus.UNAUTHORIZED
            if refused and not call.anonymous and not renewed and self.holder.renew(token):
                renewed = True
            elif not attempts.another(outcome):
                break
            attempt += 1
        if isinstance(outcome, Failure):
            raise outcome.to_exception(
                call.action,
                repeatable=call.repeatable,
                if_lost=call.if_lost,
                method=call.method,
                url=self.clean(call.url, call.secrets),
            )
        return outcome

    def _attempt(self, call: Call, token: str | None, attempt: int) -> Answer | Failure:
        url = call.url_with(() if token is None or call.token_header else (("session_id", token),))
        logger.debug("%s %s, attempt %d", call.method, _Lazy(self, call), attempt)
        for _ in range(_MOST_REDIRECTS):
            opened = call.body.open() if call.body else None
            error: Exception | None = None
            response = None
            answer = None
            try:
                response = self._exchange(call, self._prepared(call, url, token, opened))
                if response.status_code not in _REDIRECTS:
                    answer = self._read(call, response, attempt)
            except TRANSPORT_ERRORS as caught:
                error = caught
            finally:
                if opened is not None and not isinstance(opened, bytes):
                    opened.close()
                if response is not None and answer is None:
                    response.close()
            # Made here, outside of the except block, so that the error below, which prints the whole URL
            # with the token, is neither cause nor context of what the user sees.
            if error is not None:
                failure = Failure.of(error)
                logger.debug("%s %s: %s", call.method, _Lazy(self, call), failure.reason)
                return failure
            if answer is not None:
                logger.debug("%s %s: %d, %d bytes", call.method, _Lazy(self, call), answer.status, len(answer.body))
                return answer
            url = self._redirected(call, url, cast(requests.Response, response))
        raise RedirectException(
            f"Could not {call.action}: the server redirects in a circle.", method=call.method, url=self.clean(call.url)
        )

    def _prepared(self, call: Call, url: str, token: str | None, data: Any) -> requests.PreparedRequest:
        session = self.session
        request = requests.PreparedRequest()
        request.method = call.method
        request.url = url
        request.hooks = default_hooks()
        headers: CaseInsensitiveDict[str] = CaseInsensitiveDict()
        for name, value in session.headers.items():
            headers[name] = value if isinstance(value, str) else bytes(value).decode("latin-1")
        if headers.get("Accept", "*/*") == "*/*":
            headers["Accept"] = "application/json"
        if token is not None and call.token_header:
            headers["x-token"] = token
        if call.body is not None:
            headers["Content-Type"] = call.body.content_type
            headers["Content-Length"] = str(call.body.length)
        elif call.method in {"POST", "PUT"}:
            headers["Content-Length"] = "0"
        request.headers = headers
        request.body = data
        if session.params:
            request.prepare_url(url, session.params)
        self._add_cookies(request, None if call.anonymous else self.holder.cookie)
        if session.auth:
            request.prepare_auth(session.auth, url)
        return request

    def _add_cookies(self, request: requests.PreparedRequest, login: str | None) -> None:
        own = get_cookie_header(self.session.cookies, request) if len(self.session.cookies) else None  # type: ignore[no-untyped-call]
        cookies = "; ".join(cookie for cookie in (login, own) if cookie)
        if cookies:
            request.headers["Cookie"] = cookies

    def _exchange(self, call: Call, request: requests.PreparedRequest) -> requests.Response:
        session, url = self.session, cast(str, request.url)
        verify = session.verify
        if verify is True and self._environment.ca_file:
            verify = self._environment.ca_file
        options: dict[str, Any] = {
            "timeout": self.timeout if call.timeout is None else call.timeout,
            "verify": verify,
            "cert": session.cert,
            "proxies": {**self._environment.proxies, **session.proxies},
            "stream": True,
        }
        response = session.get_adapter(url).send(request, **options)
        if session.hooks.get("response"):
            response = self._hooked(response, options)
        return response

    def _hooked(self, response: requests.Response, options: dict[str, Any]) -> requests.Response:
        try:
            hooked = dispatch_hook("response", self.session.hooks, response, **options)  # type: ignore[no-untyped-call]
            return cast(requests.Response, hooked)
        except requests.HTTPError:
            # A hook that calls raise_for_status: its error prints the URL with the token, and the status
            # is judged a moment later anyway.
            return response

    def _read(self, call: Call, response: requests.Response, attempt: int) -> Answer:
        good = response.status_code < HTTPStatus.BAD_REQUEST
        sink: Any = io.BytesIO()
        limit: int | None = call.limit
        if call.sink is not None and good:
            call.sink.start(response.headers)
            sink, limit = call.sink, None
        length = response.headers.get("Content-Length", "")
        if limit is not None and length.isdigit() and int(length) > limit:
            raise self._too_large(call, response, limit)
        received = 0
        for chunk in response.iter_content(_CHUNK):
            received += len(chunk)
            if limit is not None and received > limit:
                raise self._too_large(call, response, limit)
            sink.write(chunk)
        body = b"" if sink is call.sink else sink.getvalue()
        return Answer(response.status_code, response.headers, body, call, attempt, response.cookies.get_dict())

    def _too_large(self, call: Call, response: requests.Response, limit: int) -> ResponseTooLargeException:
        return ResponseTooLargeException(
            f"Could not {call.action}: the answer is larger than the limit of {limit:,} bytes for such answers, "
            "which client.answer_limit and client.results_limit set.",
            status_code=response.status_code,
            method=call.method,
            url=self.clean(call.url, call.secrets),
        )

    def _redirected(self, call: Call, url: str, response: requests.Response) -> str:
        """The URL to follow to: the token may only go back to the host it came from, never unencrypted again."""
        location = response.headers.get("Location", "")
        target = urljoin(url, location)
        here, there = urlsplit(url), urlsplit(target)
        upgraded = here.scheme == "http" and there.scheme == "https" and here.hostname == there.hostname
        if upgraded and call.method == "GET":
            return target
        shown = self.clean(f"{there.scheme}://{there.netloc.rpartition('@')[2]}{there.path}", call.secrets)
        if upgraded:
            advice = "The server wants https: use is_secure=True and its https port."
        else:
            advice = "If that is the right address of the server, use it as host."
        raise RedirectException(
            f"Could not {call.action}: the server redirects to {shown}. {advice}",
            status_code=response.status_code,
            method=call.method,
            url=self.clean(call.url, call.secrets),
            location=shown,
        )


class _Lazy:
    """A URL that is cleaned only when a log line is really written."""

    def __init__(self, transport: Transport, call: Call) -> None:
        self._transport = transport
        self._call = call

    def __str__(self) -> str:
        return self._transport.clean(self._call.url, self._call.secrets)


class HTTPSession(requests.Session):
    """The requests session of a client: nothing from the environment, one pool for all threads."""

    transport: Transport | None = None

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self.headers["User-Agent"] = f"alpine/{__version__} {requests.utils.default_user_agent()}"
        self.headers["Accept"] = "application/json"
        adapter = PoolAdapter()
        self.mount("https://", adapter)
        self.mount("http://", adapter)


def unusable(call: Call, transport: Transport, answer: Answer, why: str) -> InvalidResponseException:
    """Make the exception for a good status with a body that makes no sense."""
    text = transport.clean(answer.body[:2000].decode("utf-8", "replace"), call.secrets)
    return InvalidResponseException(
        f"Could not {call.action}: {why}. The answer begins: {text[:120]!r}.",
        status_code=answer.status,
        method=call.method,
        url=transport.clean(call.url, call.secrets),
        body=text,
    )
