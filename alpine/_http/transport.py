"""Sends one request, as often as it may be sent, until there is a response or an exception."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager, ExitStack, suppress
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.cookies import get_cookie_header
from requests.hooks import default_hooks, dispatch_hook
from requests.structures import CaseInsensitiveDict

from alpine._clock import Clock
from alpine._http import deadline
from alpine._http.adapter import PoolAdapter, not_shared_by_fork
from alpine._http.environment import Environment
from alpine._http.failure import TRANSPORT_ERRORS, Failure
from alpine._http.observing import Observation, OnRequest, is_traced, request_id_in
from alpine._http.reading import read
from alpine._http.redaction import clean, hide_locals, mask_logs
from alpine._http.request import Request, Response, Timeouts, origin_of
from alpine._http.retry import LOST_BEHIND_GATEWAY, Attempts, retry_policy
from alpine._http.token import Renewal, TokenHolder, all_secrets
from alpine._printable import logger_of, printable
from alpine._version import __version__
from alpine.exception import (
    BODY_KEPT,
    AlpineException,
    InvalidResponseException,
    RedirectException,
    RequestTimeoutException,
)

MEGABYTE = 1024 * 1024
ANSWER_LIMIT = 64 * MEGABYTE
RESULTS_LIMIT = 2048 * MEGABYTE
_LEAST = 0.001
"""Seconds; urllib3 takes no time-out of 0."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})

logger: logging.Logger = logger_of("alpine.http")


class Transport:
    """One HTTP session, one token, and the rules for using them.

    :param session: Its headers, verify, cert, proxies, auth, cookies, hooks and adapters hold; it is never written to.
    :param base_url: The server, for what the environment says about reaching it.
    :param holder: The token.
    """

    def __init__(self, session: requests.Session, base_url: str, holder: TokenHolder) -> None:
        self.origin = origin_of(base_url)
        self.holder = holder
        self.timeout: Timeouts = (10, 60)
        self.deadline: float | None = None
        self.retries = retry_policy()
        self.clock = Clock()
        self.answer_limit = ANSWER_LIMIT
        self.results_limit = RESULTS_LIMIT
        self.on_request: OnRequest | None = None
        self.lacks: dict[str, str | None] = {}
        """What is known of the server's features: why one is not there, None where it is."""
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
        """The beginning of a response's body, to be shown: cleaned before it is cut, as half a token is still one."""
        return self.clean(body[: 8 * BODY_KEPT].decode("utf-8", "replace"), secrets)[:BODY_KEPT]

    def send(self, request: Request) -> Response:
        """Send a request until there is a response, whatever its status.

        :raises AlpineException: There is none.
        """
        handled = sys.exception()
        try:
            with self._limited(request):
                outcome = self._outcome(request)
        except BaseException as error:
            # Below here the URL with the token is in every frame, also in those of requests and of http.client.
            hide_locals(error, handled)
            # Ctrl-C, and whatever else a signal handler raises.
            if request.how_to_check and not isinstance(error, AlpineException):
                said = f"It may still have happened: {request.action}. {request.how_to_check}"
                error.add_note(printable(said))
            raise
        if isinstance(outcome, Failure):
            raise outcome.to_exception(request, self.clean(request.url, request.secrets))
        return outcome

    def _limited(self, request: Request) -> AbstractContextManager[None]:
        # The client's deadline is for calls that are no part of another one that has its own.
        general = None if deadline.current() else self.deadline
        if request.deadline is None or (general is not None and general < request.deadline):
            return deadline.limited(general)
        # That of a question is the wait's affair.
        return deadline.limited(request.deadline, advice="")

    def _outcome(self, request: Request) -> Response | Failure:
        policy = self.retries if request.deadline is None else retry_policy(0)
        attempts = Attempts(policy, self.clock, idempotent=request.is_idempotent)
        renewed, attempt, number = False, 1, 0
        while True:
            number += 1
            token = None if request.anonymous else self.holder.value
            if self.on_request is None and not is_traced():
                outcome = self._attempt(request, token, attempt)
            else:
                observation = Observation(request, number, partial(self.clean, secrets=request.secrets))
                with observation.reported(self.on_request):
                    outcome = observation.outcome = self._attempt(request, token, attempt)
            refused = isinstance(outcome, Response) and outcome.status == HTTPStatus.UNAUTHORIZED
            renewal = self.holder.renew(token) if refused and not request.anonymous and not renewed else Renewal.NONE
            if renewal:
                # A token that came while this thread was waiting may have expired again before it was tried.
                renewed = renewal is Renewal.OWN
            elif not attempts.another(outcome):
                return _too_late(outcome) if attempts.late else outcome
            elif outcome.sent if isinstance(outcome, Failure) else outcome.status in LOST_BEHIND_GATEWAY:
                attempt += 1

    def _attempt(self, request: Request, token: str | None, attempt: int) -> Response | Failure:
        url = request.url_with(() if token is None or request.engine else (("session_id", token),))
        logger.debug("%s %s, attempt %d", request.method, _Lazy(self, request), attempt)
        # A redirect is followed from http to https only, so once at most.
        while True:
            reply = self._exchange(request, url, token)
            if isinstance(reply, Failure):
                outcome: Response | Failure = reply
            else:
                with reply:
                    if reply.status_code in _REDIRECTS:
                        url = self._redirected(request, url, reply)
                        continue
                    outcome = read(
                        request, reply, attempt, self.answer_limit, partial(self.clean, secrets=request.secrets)
                    )
            ended = outcome.reason if isinstance(outcome, Failure) else outcome
            logger.debug("%s %s: %s", request.method, _Lazy(self, request), ended)
            return outcome

    def _prepared(self, request: Request, url: str, token: str | None, data: Any) -> requests.PreparedRequest:
        session = self.session
        prepared = requests.PreparedRequest()
        prepared.method = request.method
        prepared.url = url
        prepared.hooks = default_hooks()
        headers: CaseInsensitiveDict[str] = CaseInsensitiveDict()
        for name, value in session.headers.items():
            # None leaves a header out, as it does with requests.
            if value is not None:
                headers[name] = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        if headers.get("Accept", "*/*") == "*/*":
            headers["Accept"] = "application/json"
        if request.sink is not None:
            # So that the length that is announced is the file's: a compressed one may end early unnoticed.
            headers["Accept-Encoding"] = "identity"
        if token is not None and request.engine:
            headers["x-token"] = token
        if request.body is not None:
            headers["Content-Type"] = request.body.content_type
            headers["Content-Length"] = str(request.body.length)
        prepared.headers = headers
        prepared.body = data
        if session.params:
            prepared.prepare_url(url, session.params)
        jars = [jar for jar in (None if request.anonymous else self.holder.cookies, session.cookies) if jar]
        cookies = [header for jar in jars if (header := get_cookie_header(jar, prepared))]  # type: ignore[no-untyped-call]
        if cookies:
            headers["Cookie"] = "; ".join(cookies)
        if session.auth:
            # One that answers a challenge wants a jar of its own.
            prepared.prepare_cookies({})
            prepared.prepare_auth(session.auth, url)
        return prepared

    def _exchange(self, request: Request, url: str, token: str | None) -> requests.Response | Failure:
        session, handled = self.session, sys.exception()
        verify = session.verify
        if verify is True and self._environment.ca_file:
            verify = self._environment.ca_file
        options: dict[str, Any] = {
            "timeout": _capped(self.timeout if request.timeout is None else request.timeout),
            "verify": verify,
            "cert": session.cert,
            "proxies": {**self._environment.proxies, **(session.proxies or {})},
            "stream": True,
        }
        opened = request.body.open() if request.body else None
        error: Exception
        try:
            prepared = self._prepared(request, url, token, opened)
            adapter = session.get_adapter(url)
            send = adapter.exchange if isinstance(adapter, PoolAdapter) else adapter.send
            if deadline.current() is not None and type(adapter) is HTTPAdapter:
                # The connections of requests know no deadline: these do, and are for this request alone.
                send = PoolAdapter().send
            reply = send(prepared, **options)
        except TRANSPORT_ERRORS as caught:
            error = caught
        else:
            with ExitStack() as unless_hooked:
                unless_hooked.enter_context(reply)
                reply = self._hooked(prepared, reply, options)
                unless_hooked.pop_all()
            return reply
        finally:
            if opened is not None and not isinstance(opened, bytes):
                opened.close()
        # Told here, outside of the except block, so that the error below, which prints the whole URL
        # with the token, is neither cause nor context of what the user sees.
        return Failure.of(error, handled, encrypted=url.startswith("https:"))

    def _hooked(
        self, prepared: requests.PreparedRequest, reply: requests.Response, options: dict[str, Any]
    ) -> requests.Response:
        # Those of the request are its auth's.
        for hooks in (prepared.hooks, self.session.hooks or {}):
            if hooks.get("response"):
                # A hook that calls raise_for_status: its error prints the URL with the token, and the status
                # is judged a moment later anyway.
                with suppress(requests.RequestException):
                    reply = dispatch_hook("response", hooks, reply, **options)  # type: ignore[no-untyped-call]
        return reply

    def _redirected(self, request: Request, url: str, reply: requests.Response) -> str:
        """The URL to follow to: the token may only go back to the host it came from, never unencrypted again."""
        location = reply.headers.get("Location", "")
        here = urlsplit(url)
        try:
            target = urljoin(url, location)
            there = urlsplit(target)
        except ValueError:
            target, there = "", urlsplit("//an address that is none")
        upgraded = here.scheme == "http" and there.scheme == "https" and here.hostname == there.hostname
        if upgraded and request.method == "GET":
            return target
        scheme = f"{there.scheme}://" if there.scheme else ""
        shown = self.clean(f"{scheme}{there.netloc.rpartition('@')[2]}{there.path}", request.secrets)
        if upgraded:
            advice = "The server requires https: use is_secure=True and its https port."
        else:
            advice = "If that is the right address of the server, use it as host."
        raise RedirectException(
            f"Could not {request.action}: the server redirects to {shown}. {advice}",
            status_code=reply.status_code,
            method=request.method,
            url=self.clean(request.url, request.secrets),
            location=shown,
            request_id=request_id_in(reply.headers, partial(self.clean, secrets=request.secrets)),
        )


def _capped(timeout: Timeouts) -> Timeouts:
    """The time-outs for connecting and reading, where they do not reach beyond the deadline."""
    limit = deadline.current()
    if limit is None:
        return timeout
    connect, read = timeout
    left = max(limit.left, _LEAST)
    return min(connect or left, left), min(read or left, left)


def _too_late(outcome: Response | Failure) -> Failure:
    """What becomes of a request whose next attempt would come after its deadline."""
    last = outcome.reason if isinstance(outcome, Failure) else f"the server responded with status {outcome.status}"
    reason = f"{last}, and {deadline.current()} leaves no time for another attempt"
    advice = outcome.advice if isinstance(outcome, Failure) else ""
    return Failure(RequestTimeoutException, reason, isinstance(outcome, Response) or outcome.sent, False, advice)


class _Lazy:
    """A URL that is cleaned only when a log line is really written."""

    def __init__(self, transport: Transport, request: Request) -> None:
        self._transport = transport
        self._request = request

    def __str__(self) -> str:
        return self._transport.clean(self._request.url, self._request.secrets)


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


def unusable(transport: Transport, response: Response, why: str) -> InvalidResponseException:
    """Make the exception for a good status with a body that makes no sense."""
    request = response.request
    text = transport.beginning(response.body, request.secrets)
    address = transport.clean(request.url.partition("?")[0], request.secrets)
    return InvalidResponseException(
        f"Could not {request.action}: {why}. Is that an Alpine server? "
        f"The request went to {address}; the response begins: {text[:120]!r}.{request.warning}",
        status_code=response.status,
        method=request.method,
        url=transport.clean(request.url, request.secrets),
        body=text,
        request_id=request_id_in(response.headers, partial(transport.clean, secrets=request.secrets)),
    )
