"""What can be observed of the requests: the user's function, spans of OpenTelemetry, ids that servers give requests."""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from alpine._http.callback import call_back
from alpine._http.failure import Failure
from alpine._http.request import Request, Response
from alpine._printable import logger_of, printable
from alpine._version import __version__
from alpine.exception import AlpineException

REQUEST_ID_HEADERS = (
    "X-Request-Id",
    "X-Correlation-Id",
    "Request-Id",
    "X-Trace-Id",
    "X-B3-TraceId",
    "X-Amzn-Trace-Id",
    "X-Amzn-RequestId",
    "X-Amz-Cf-Id",
    "X-Cloud-Trace-Context",
    "X-Ms-Request-Id",
    "X-Azure-Ref",
    "CF-Ray",
)
"""Where servers and proxies tell the id of a request; the first that is there counts."""
_LONGEST_ID = 200
_TRACE = "opentelemetry.trace"

_telling: ContextVar[bool] = ContextVar("telling", default=False)
logger: logging.Logger = logger_of("alpine.http")


@dataclass(frozen=True)
class RequestEvent:
    """One attempt to send a request, as the function ``on_request`` gets it.

    :param method: The HTTP method.
    :param url: The URL, without the token and other secrets.
    :param status: The HTTP status; None if there was no response.
    :param seconds: How long it took, until the whole response was there.
    :param attempt: 1 for the first attempt; a retry, and the repetition after a new login, count one more.
    :param error: Why there was no usable response, or None.
    :param request_id: The ID that the server, or a proxy, gave the request, or None.
    """

    method: str
    url: str
    status: int | None
    seconds: float
    attempt: int
    error: str | None = None
    request_id: str | None = None


OnRequest = Callable[[RequestEvent], object]
"""What is called after each attempt to send a request."""


def request_id_in(headers: Mapping[str, str], clean: Callable[[str], str]) -> str | None:
    """The id that a server or a proxy gave a request.

    :param clean: Takes the secrets out of a string.
    """
    value = next((value for name in REQUEST_ID_HEADERS if (value := headers.get(name))), None)
    return None if value is None else printable(clean(value))[:_LONGEST_ID]


def is_traced() -> bool:
    """Whether the script has loaded OpenTelemetry: one that has not has nowhere to send spans to either."""
    return _TRACE in sys.modules


@dataclass
class Observation:
    """One attempt, while it is under way.

    :param request: The request.
    :param attempt: 1 for the first.
    :param clean: Takes the secrets out of a string.
    """

    request: Request
    attempt: int
    clean: Callable[[str], str]
    outcome: Response | Failure | None = field(default=None, init=False)

    @contextlib.contextmanager
    def reported(self, on_request: OnRequest | None) -> Iterator[None]:
        """Tell the user's function and OpenTelemetry of what happens in the block, which sets the outcome.

        :param on_request: The user's function.
        """
        url = self.clean(self.request.url)
        span = self._span(url)
        began = time.perf_counter()
        failure: BaseException | None = None
        try:
            yield
        except BaseException as error:
            failure = error
            raise
        finally:
            seconds = time.perf_counter() - began
            if span is not None:
                self._end(span, failure)
            # Not of the requests that the function itself makes: it would be called without end.
            if on_request is not None and not _telling.get():
                inside = _telling.set(True)
                try:
                    call_back(on_request, self._event(url, seconds, failure), "on_request", logger)
                finally:
                    _telling.reset(inside)

    def _status(self, failure: BaseException | None) -> int | None:
        if isinstance(self.outcome, Response):
            return self.outcome.status
        return failure.status_code if isinstance(failure, AlpineException) else None

    def _event(self, url: str, seconds: float, failure: BaseException | None) -> RequestEvent:
        outcome, error, named = self.outcome, None, None
        if isinstance(outcome, Response):
            named = request_id_in(outcome.headers, self.clean)
        elif isinstance(outcome, Failure):
            error = outcome.reason
        if isinstance(failure, AlpineException):
            error, named = str(failure), failure.request_id
        elif failure is not None:
            error = type(failure).__name__
        return RequestEvent(self.request.method, url, self._status(failure), seconds, self.attempt, error, named)

    def _span(self, url: str) -> Any:
        """A span that has begun, by the conventions for clients of HTTP; None where nobody records it."""
        if not is_traced():
            return None
        trace = sys.modules[_TRACE]
        parts = urlsplit(url)
        attributes: dict[str, Any] = {
            "http.request.method": self.request.method,
            "server.address": parts.hostname or "",
            "server.port": parts.port or (443 if parts.scheme == "https" else 80),
            "url.full": url,
            "url.scheme": parts.scheme,
        }
        if self.attempt > 1:
            attributes["http.request.resend_count"] = self.attempt - 1
        tracer = trace.get_tracer("alpine", __version__)
        span = tracer.start_span(self.request.method, kind=trace.SpanKind.CLIENT, attributes=attributes)
        return span if span.is_recording() else None

    def _end(self, span: Any, failure: BaseException | None) -> None:
        status, kind = self._status(failure), None
        if status is not None:
            span.set_attribute("http.response.status_code", status)
            kind = str(status) if status >= 400 else None
        if failure is not None:
            kind = type(failure).__name__
        elif isinstance(self.outcome, Failure):
            kind = self.outcome.kind.__name__
        if kind is not None:
            codes = sys.modules[_TRACE].StatusCode
            span.set_attribute("error.type", kind)
            span.set_status(codes.ERROR)
        span.end()
