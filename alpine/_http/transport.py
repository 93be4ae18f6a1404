"""How bytes travel: one request and its attempts, from a call to an answer or an exception."""

from __future__ import annotations

import http.client
import io
import logging
import sys
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.cookiejar import CookieJar
from typing import Any, Protocol
from urllib.parse import urlencode, urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.cookies import get_cookie_header
from requests.hooks import default_hooks, dispatch_hook
from requests.structures import CaseInsensitiveDict

from alpine._clock import Clock
from alpine._http import deadline
from alpine._http.adapter import PoolAdapter, not_shared_by_fork
from alpine._http.body import Body
from alpine._http.connection import tells_its_end, whole_body
from alpine._http.environment import Environment
from alpine._http.failure import READING_ERRORS, TRANSPORT_ERRORS, Failure
from alpine._http.redaction import clean, hide_locals, logger_of, mask_logs
from alpine._http.retry import LOST_BEHIND_GATEWAY, Attempts, retry_policy
from alpine._http.token import Renewal, TokenHolder, all_secrets
from alpine._printable import printable
from alpine._version import __version__
from alpine.exception import (
    BODY_KEPT,
    AlpineException,
    InvalidResponseException,
    RedirectException,
    RequestTimeoutException,
    ResponseTooLargeException,
    ServerConnectionException,
)

Timeout = float | tuple[float | None, float | None] | None

MEGABYTE = 1024 * 1024
ANSWER_LIMIT = 64 * MEGABYTE
RESULTS_LIMIT = 2048 * MEGABYTE
_CHUNK = 256 * 1024
_MOST_REDIRECTS = 3
_LONGEST_LENGTH = 20
_LEAST = 0.001
"""Seconds; urllib3 takes no time-out of 0."""
_HTTP_1_1 = 11
_WITHOUT_BODY = frozenset({204, 304})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})

logger: logging.Logger = logger_of("alpine.http")


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
    :param secrets: Strings that must not appear in any message.
    :param anonymous: Whether it is sent without token and cookie, as a login is.
    :param deadline: Seconds for all of it, as one question of a wait; None for those of the client, if it has any.
    :param if_lost: How to find out what happened, when the answer to a call that may not be repeated is lost.
    """

    method: str
    root: str
    path: str
    action: str
    params: tuple[tuple[str, object], ...] = field(default=(), repr=False)
    body: Body | None = field(default=None, repr=False)
    token_header: bool = False
    repeatable: bool = False
    timeout: Timeout = None
    limit: int = ANSWER_LIMIT
    sink: Sink | None = None
    secrets: tuple[str, ...] = field(default=(), repr=False)
    anonymous: bool = False
    retries: bool = True
    deadline: float | None = None
    if_lost: str = ""

    @property
    def warning(self) -> str:
        """What to add where the server took the call and its answer is of no use."""
        return f" It may have been done all the same. {self.if_lost}" if self.if_lost else ""

    @property
    def url(self) -> str:
        """The URL without the token."""
        return self.url_with(())

    def url_with(self, params: Iterable[tuple[str, object]]) -> str:
        query = urlencode([*params, *self.params], doseq=True, errors="surrogatepass")
        return f"{self.root}/{self.path}{('&' if '?' in self.path else '?') + query if query else ''}"


@dataclass(slots=True)
class Answer:
    """What the server answered.

    :param attempt: 1, and one more for each attempt before it that the server may have carried out.
    :param open_ended: The bytes of a body that ended with its connection, where nothing tells whether that was all;
        None for a body that is known to be whole.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    call: Call
    attempt: int = 1
    cookies: CookieJar | None = field(default=None, repr=False)
    open_ended: int | None = None

    def header(self, name: str) -> str | None:
        return self.headers.get(name)


class Transport:
    """One HTTP session, one token, and the rules for using them.

    :param session: Its headers, verify, cert, proxies, auth, cookies, hooks and adapters hold; it is never written to.
    :param base_url: The server, for what the environment says about reaching it.
    :param holder: The token.
    """

    def __init__(self, session: requests.Session, base_url: str, holder: TokenHolder) -> None:
        self.origin = origin_of(base_url)
        self.holder = holder
        self.timeout: Timeout = (10, 60)
        self.deadline: float | None = None
        self.retries = retry_policy()
        self.clock = Clock()
        self.answer_limit = ANSWER_LIMIT
        self.results_limit = RESULTS_LIMIT
        self._take(session)
        mask_logs(all_secrets)

    def _take(self, session: requests.Session) -> None:
        self.session = session
        self._environment = Environment.of(self.origin) if session.trust_env else Environment()
        not_shared_by_fork(session)

    def sharing(self, holder: TokenHolder) -> Transport:
        """The same session and rules with another token."""
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__)
        other.holder = holder
        return other

    def with_token(self, token: str | None) -> Transport:
        """This transport where the token is its own, else one with a login of its own over the same session."""
        home = self.session.transport if isinstance(self.session, HTTPSession) else None
        for known in (self, home):
            if known is not None and token == known.holder.value:
                return self.sharing(known.holder)
        return self.sharing(TokenHolder(token))

    def over(self, session: requests.Session) -> Transport:
        """The same login and rules over another session."""
        other = self.sharing(self.holder)
        other._take(session)
        return other

    def clean(self, text: str, secrets: Iterable[str] = ()) -> str:
        """Take the secrets of this session out of a string."""
        return clean(text, [*self.holder.secrets, *secrets])

    def beginning(self, body: bytes, secrets: Iterable[str] = ()) -> str:
        """The beginning of an answer's body, to be shown: cleaned before it is cut, as half a token is still one."""
        return self.clean(body[: 8 * BODY_KEPT].decode("utf-8", "replace"), secrets)[:BODY_KEPT]

    def send(self, call: Call) -> Answer:
        """Send a call until there is an answer, whatever its status.

        :raises AlpineException: There is none.
        """
        handled = sys.exception()
        try:
            with self._limited(call):
                outcome = self._outcome(call)
        except BaseException as error:
            # Below here the URL with the token is in every frame, also in those of requests and of http.client.
            hide_locals(error, handled)
            # Ctrl-C, and whatever else a signal handler raises.
            if call.if_lost and not isinstance(error, AlpineException):
                error.add_note(printable(f"It may have happened all the same: {call.action}. {call.if_lost}"))
            raise
        if isinstance(outcome, Failure):
            raise outcome.to_exception(
                call.action,
                origin_of(call.root),
                repeatable=call.repeatable,
                if_lost=call.if_lost,
                method=call.method,
                url=self.clean(call.url, call.secrets),
            )
        return outcome

    def _limited(self, call: Call) -> AbstractContextManager[None]:
        # The client's deadline is for calls that are no part of another one that has its own.
        general = None if deadline.current() else self.deadline
        if call.deadline is None or (general is not None and general < call.deadline):
            return deadline.limited(general)
        # That of a question is the wait's affair.
        return deadline.limited(call.deadline, advice="")

    def _outcome(self, call: Call) -> Answer | Failure:
        attempts = Attempts(self.retries if call.retries else retry_policy(0), self.clock, repeatable=call.repeatable)
        renewed, attempt = False, 1
        while True:
            token = None if call.anonymous else self.holder.value
            outcome = self._attempt(call, token, attempt)
            refused = isinstance(outcome, Answer) and outcome.status == HTTPStatus.UNAUTHORIZED
            renewal = self.holder.renew(token) if refused and not call.anonymous and not renewed else Renewal.NONE
            if renewal:
                # A token that came while this thread was waiting may have expired again before it was tried.
                renewed = renewal is Renewal.OWN
            elif not attempts.another(outcome):
                return _too_late(outcome) if attempts.late else outcome
            elif outcome.sent if isinstance(outcome, Failure) else outcome.status in LOST_BEHIND_GATEWAY:
                attempt += 1

    def _attempt(self, call: Call, token: str | None, attempt: int) -> Answer | Failure:
        url = call.url_with(() if token is None or call.token_header else (("session_id", token),))
        logger.debug("%s %s, attempt %d", call.method, _Lazy(self, call), attempt)
        for _ in range(_MOST_REDIRECTS):
            response = self._exchange(call, url, token)
            if isinstance(response, Failure):
                outcome: Answer | Failure = response
            else:
                with response:
                    if response.status_code in _REDIRECTS:
                        url = self._redirected(call, url, response)
                        continue
                    outcome = self._read(call, response, attempt)
            if isinstance(outcome, Failure):
                logger.debug("%s %s: %s", call.method, _Lazy(self, call), outcome.reason)
            else:
                logger.debug("%s %s: %d, %d bytes", call.method, _Lazy(self, call), outcome.status, len(outcome.body))
            return outcome
        raise RedirectException(
            f"Could not {call.action}: the server redirects in a circle.",
            method=call.method,
            url=self.clean(call.url, call.secrets),
        )

    def _prepared(self, call: Call, url: str, token: str | None, data: Any) -> requests.PreparedRequest:
        session = self.session
        request = requests.PreparedRequest()
        request.method = call.method
        request.url = url
        request.hooks = default_hooks()
        headers: CaseInsensitiveDict[str] = CaseInsensitiveDict()
        for name, value in session.headers.items():
            # None leaves a header out, as it does with requests.
            if value is not None:
                headers[name] = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        if headers.get("Accept", "*/*") == "*/*":
            headers["Accept"] = "application/json"
        if call.sink is not None:
            # So that the length that is announced is the file's: a compressed one may end early unnoticed.
            headers["Accept-Encoding"] = "identity"
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
        self._add_cookies(request, None if call.anonymous else self.holder.cookies)
        if session.auth:
            # One that answers a challenge wants a jar of its own.
            request.prepare_cookies({})
            request.prepare_auth(session.auth, url)
        return request

    def _add_cookies(self, request: requests.PreparedRequest, login: CookieJar | None) -> None:
        jars = [jar for jar in (login, self.session.cookies) if jar]
        cookies = [header for jar in jars if (header := get_cookie_header(jar, request))]  # type: ignore[no-untyped-call]
        if cookies:
            request.headers["Cookie"] = "; ".join(cookies)

    def _exchange(self, call: Call, url: str, token: str | None) -> requests.Response | Failure:
        session, handled = self.session, sys.exception()
        verify = session.verify
        if verify is True and self._environment.ca_file:
            verify = self._environment.ca_file
        options: dict[str, Any] = {
            "timeout": _capped(self.timeout if call.timeout is None else call.timeout),
            "verify": verify,
            "cert": session.cert,
            "proxies": {**self._environment.proxies, **(session.proxies or {})},
            "stream": True,
        }
        opened = call.body.open() if call.body else None
        error: Exception
        try:
            request = self._prepared(call, url, token, opened)
            adapter = session.get_adapter(url)
            send = adapter.exchange if isinstance(adapter, PoolAdapter) else adapter.send
            if deadline.current() is not None and type(adapter) is HTTPAdapter:
                # The connections of requests know no deadline: these do, and are for this request alone.
                send = PoolAdapter().send
            response = send(request, **options)
        except TRANSPORT_ERRORS as caught:
            error = caught
        else:
            with ExitStack() as unless_hooked:
                unless_hooked.enter_context(response)
                response = self._hooked(request, response, options)
                unless_hooked.pop_all()
            return response
        finally:
            if opened is not None and not isinstance(opened, bytes):
                opened.close()
        # Told here, outside of the except block, so that the error below, which prints the whole URL
        # with the token, is neither cause nor context of what the user sees.
        return _judged(Failure.of(error, handled, encrypted=url.startswith("https:")))

    def _hooked(
        self, request: requests.PreparedRequest, response: requests.Response, options: dict[str, Any]
    ) -> requests.Response:
        # Those of the request are its auth's.
        for hooks in (request.hooks, self.session.hooks or {}):
            if hooks.get("response"):
                # A hook that calls raise_for_status: its error prints the URL with the token, and the status
                # is judged a moment later anyway.
                with suppress(requests.RequestException):
                    response = dispatch_hook("response", hooks, response, **options)  # type: ignore[no-untyped-call]
        return response

    def _read(self, call: Call, response: requests.Response, attempt: int) -> Answer | Failure:
        handled = sys.exception()
        if response.status_code < HTTPStatus.OK:
            return Failure(ServerConnectionException, "the server sent an interim answer only", True)
        if response.status_code in _WITHOUT_BODY:
            # Not read, so that the connection is closed: a body that comes all the same would be the next answer.
            return Answer(response.status_code, response.headers, b"", call, attempt)
        good = response.status_code < HTTPStatus.MULTIPLE_CHOICES
        sink: Any = io.BytesIO()
        limit: int | None = call.limit
        if call.sink is not None and good:
            if response.status_code == HTTPStatus.PARTIAL_CONTENT:
                return Failure(InvalidResponseException, "the server sent a part of the file only", True, False)
            call.sink.start(response.headers)
            sink, limit = call.sink, None
        length = response.headers.get("Content-Length", "")
        if limit is not None and length.isdecimal() and (len(length) > _LONGEST_LENGTH or int(length) > limit):
            raise self._too_large(call, response, limit)
        told = tells_its_end(response, unpacked=limit is not None)
        received = 0
        error: Exception
        try:
            for chunk in response.iter_content(_CHUNK) if limit is not None else whole_body(response, _CHUNK):
                received += len(chunk)
                if limit is not None and received > limit:
                    raise self._too_large(call, response, limit)
                sink.write(chunk)
        except READING_ERRORS as caught:
            error = caught
        except ValueError:
            # urllib3's, of a chunk with a negative size.
            error = http.client.IncompleteRead(b"")
        else:
            if not received and _is_cut_off(response):
                return Failure(ServerConnectionException, "the answer was cut off", True)
            body = b"" if sink is call.sink else sink.getvalue()
            return Answer(
                response.status_code,
                response.headers,
                body,
                call,
                attempt,
                _cookies_of(call, response),
                None if told else received,
            )
        return _judged(Failure.of(error, handled))

    def _too_large(self, call: Call, response: requests.Response, limit: int) -> ResponseTooLargeException:
        return ResponseTooLargeException(
            f"Could not {call.action}: the answer is larger than the limit of {limit:,} bytes for such answers, "
            f"which session.answer_limit and session.results_limit set.{call.warning}",
            status_code=response.status_code,
            method=call.method,
            url=self.clean(call.url, call.secrets),
        )

    def _redirected(self, call: Call, url: str, response: requests.Response) -> str:
        """The URL to follow to: the token may only go back to the host it came from, never unencrypted again."""
        location = response.headers.get("Location", "")
        here = urlsplit(url)
        try:
            target = urljoin(url, location)
            there = urlsplit(target)
        except ValueError:
            target, there = "", urlsplit("//an address that is none")
        upgraded = here.scheme == "http" and there.scheme == "https" and here.hostname == there.hostname
        if upgraded and call.method == "GET":
            return target
        scheme = f"{there.scheme}://" if there.scheme else ""
        shown = self.clean(f"{scheme}{there.netloc.rpartition('@')[2]}{there.path}", call.secrets)
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


def _capped(timeout: Timeout) -> Timeout:
    """The time-outs for connecting and reading, where they do not reach beyond the deadline."""
    limit = deadline.current()
    if limit is None:
        return timeout
    connect, read = timeout if isinstance(timeout, tuple) else (timeout, timeout)
    left = max(limit.left, _LEAST)
    return min(connect or left, left), min(read or left, left)


def _judged(failure: Failure) -> Failure:
    """A failure, told as that of the deadline where it came when that was over."""
    limit = deadline.current()
    return failure if limit is None or not limit.is_over else failure.late(limit)


def _too_late(outcome: Answer | Failure) -> Failure:
    """What becomes of a call whose next attempt would come after its deadline."""
    last = outcome.reason if isinstance(outcome, Failure) else f"the server answered with status {outcome.status}"
    reason = f"{last}, and {deadline.current()} leaves no time for another attempt"
    advice = outcome.advice if isinstance(outcome, Failure) else ""
    return Failure(RequestTimeoutException, reason, isinstance(outcome, Answer) or outcome.sent, False, advice)


def _cookies_of(call: Call, response: requests.Response) -> CookieJar | None:
    """The cookies of a login; those of other answers are nobody's business."""
    return response.cookies if call.anonymous else None


def _is_cut_off(response: requests.Response) -> bool:
    """Whether an answer without a body was meant to have one: nothing in its head says where it ends."""
    told = {"Content-Length", "Transfer-Encoding", "Connection"} & response.headers.keys()
    return not told and getattr(response.raw, "version", 0) == _HTTP_1_1


def origin_of(url: str) -> str:
    """The server that a URL leads to, without what comes after."""
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{(parts.netloc.rpartition('@')[2]).lower()}"
    except ValueError:
        return url


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
        # That a connection is kept is what HTTP/1.1 means without this header.
        self.headers.pop("Connection", None)
        adapter = PoolAdapter()
        self.mount("https://", adapter)
        self.mount("http://", adapter)


def unusable(call: Call, transport: Transport, answer: Answer, why: str) -> InvalidResponseException:
    """Make the exception for a good status with a body that makes no sense."""
    text = transport.beginning(answer.body, call.secrets)
    address = transport.clean(call.url.partition("?")[0], call.secrets)
    return InvalidResponseException(
        f"Could not {call.action}: {why}. Is that an Alpine server? {address} was asked; "
        f"the answer begins: {text[:120]!r}.{call.warning}",
        status_code=answer.status,
        method=call.method,
        url=transport.clean(call.url, call.secrets),
        body=text,
    )
