"""Things that go wrong on purpose.

A rule is looked at for every request; the first ``after`` requests that match it pass, the next ``times``
get the fault. A dropped connection is an ``OSError`` that leaves the application: cheroot closes the
connection without a word when it is raised before the response has begun, and in the middle of the body when
the iterator raises it.
"""

from __future__ import annotations

import errno
import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from werkzeug.wrappers import Response

    from alpine.sandbox.backend import Backend

_OPTIONS: dict[str, set[str]] = {
    "status": {"status", "body", "content_type", "headers"},
    "html500": set(),
    "delay": {"seconds"},
    "drop": {"when"},
    "truncate": {"keep"},
    "error_text": {"rows", "text"},
    "expire": set(),
    "reset": {"when"},
    "malformed": set(),
    "node_failure": {"operator"},
}


@dataclass
class Rule:
    """One fault and the requests it is for."""

    kind: str
    method: str | None = None
    path: re.Pattern[str] | None = None
    times: int | None = 1
    after: int = 0
    options: dict[str, Any] = field(default_factory=dict)
    hits: int = 0

    def claims(self, method: str, path: str) -> bool:
        """Tell whether the rule strikes this request, and count it."""
        if self.method not in (None, method) or (self.path and not self.path.search(path)):
            return False
        self.hits += 1
        return self.hits > self.after and (self.times is None or self.hits <= self.after + self.times)


def make_rule(
    kind: str, method: str | None, path: str | re.Pattern[str] | None, times: int | None, after: int, **options: Any
) -> Rule:
    """Check what was asked for and make a rule of it.

    :param kind: The fault.
    :param method: The verb it is for; None for all.
    :param path: A regular expression found in the path (a piece of the path is one as well); None for all.
    :param times: How often it strikes; None for always.
    :param after: How many matching requests pass first.
    :param options: What the fault needs.
    :returns: The rule.
    :raises ValueError: For an unknown fault or option.
    """
    if kind not in _OPTIONS:
        raise ValueError(f"no fault is called {kind!r}; there are {', '.join(_OPTIONS)}")
    unknown = sorted(set(options) - _OPTIONS[kind])
    if unknown:
        known = ", ".join(sorted(_OPTIONS[kind])) or "no options"
        raise ValueError(f"the fault {kind!r} does not take {', '.join(unknown)}; it takes {known}")
    if kind == "node_failure" and "operator" not in options:
        raise ValueError("the fault 'node_failure' needs operator=, the name of the operator that is to fail")
    if options.get("when", "after") not in ("before", "after"):
        raise ValueError(f"when is 'before' or 'after' the work was done, not {options['when']!r}")
    pattern = re.compile(path) if isinstance(path, str) else path
    return Rule(kind, method.upper() if method else None, pattern, times, after, options)


class FaultMiddleware:
    """Stands around the application and applies the rules.

    :param application: What answers when nothing is to go wrong.
    :param backend: The records, for ``expire``.
    :param notice: Called with method, path and status of a response that a fault gave instead.
    """

    def __init__(self, application: WSGIApplication, backend: Backend, notice: Callable[[str, str, int], None]) -> None:
        self._application = application
        self._backend = backend
        self._notice = notice
        self._rules: list[Rule] = []
        self._lock = threading.Lock()
        self._closing = threading.Event()

    def add(self, rule: Rule) -> None:
        """Let one more thing go wrong.

        :param rule: The rule.
        """
        with self._lock:
            self._rules.append(rule)

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        with self._lock:
            self._rules.clear()

    def close(self) -> None:
        """End all delays."""
        self._closing.set()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, or let it go wrong.

        :param environ: The request.
        :param start_response: Takes status and headers.
        :returns: The body.
        """
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        with self._lock:
            struck = [rule for rule in self._rules if rule.claims(method, path)]
        for rule in struck:
            if rule.kind == "delay":
                self._closing.wait(rule.options.get("seconds", 1))
            elif rule.kind == "expire":
                self._expire(environ)
        final = next((rule for rule in struck if rule.kind not in ("delay", "expire")), None)
        if final is None:
            return self._application(environ, start_response)
        return self._fail(final, environ, start_response)

    def _fail(self, rule: Rule, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if rule.kind in ("drop", "reset"):
            self._drop(rule, environ)
        if rule.kind == "truncate":
            return self._truncate(rule, environ, start_response)
        if rule.kind == "error_text":
            return self._end_in_text(rule, environ, start_response)
        _read_away(environ)
        response = _instead(rule)
        self._notice(environ["REQUEST_METHOD"], environ["PATH_INFO"], response.status_code)
        return response(environ, start_response)

    def _drop(self, rule: Rule, environ: WSGIEnvironment) -> None:
        if rule.options.get("when", "after") == "after":
            self._answer_of(environ)
        else:
            _read_away(environ)
        if rule.kind == "reset":
            environ["alpine.sandbox.connection"].aborted = True
        raise _gone()

    def _truncate(self, rule: Rule, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        response = self._answer_of(environ)
        body = response.get_data()
        keep = min(int(rule.options.get("keep", len(body) // 2)), len(body))
        start_response(response.status, [*response.headers.items(), ("Connection", "close")])
        return _cut_off(body[:keep])

    def _end_in_text(self, rule: Rule, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        response = self._answer_of(environ)
        lines = response.get_data().splitlines(keepends=True)
        rows = int(rule.options.get("rows", len(lines)))
        text = str(rule.options.get("text", "ERROR: canceling statement due to user request"))
        headers = [(name, value) for name, value in response.headers.items() if name != "Content-Length"]
        start_response(response.status, headers)
        # Without a row there is no header either: the database failed before it.
        return [*(lines[: rows + 1] if rows else []), text.encode()]

    def _answer_of(self, environ: WSGIEnvironment) -> Response:
        from werkzeug.wrappers import Response

        response = Response.from_app(self._application, environ)
        response.get_data()
        response.close()
        return response

    def _expire(self, environ: WSGIEnvironment) -> None:
        from werkzeug.wrappers import Request

        from alpine.sandbox.web.auth import COOKIE

        request = Request(environ)
        state = self._backend.state
        token = request.args.get("session_id") or request.args.get("token") or request.headers.get("X-Token")
        with state.lock:
            session = state.session(token=token, cookie=request.cookies.get(COOKIE))
            if session is not None:
                del state.sessions[session.token]


def _instead(rule: Rule) -> Response:
    from werkzeug.wrappers import Response

    from alpine.sandbox.web.errors import JSON_TYPE, html_page

    options = rule.options
    if rule.kind == "html500":
        return html_page(500)
    if rule.kind == "malformed":
        return Response('{"response": {"id": 1, "name": "cut', 200, content_type=JSON_TYPE)
    status = int(options.get("status", 500))
    if "body" not in options:
        return html_page(status)
    body = options["body"]
    text = body if isinstance(body, (str, bytes)) else json.dumps(body)
    kind = options.get("content_type", "text/html; charset=utf-8" if isinstance(body, (str, bytes)) else JSON_TYPE)
    return Response(text, status, headers=options.get("headers"), content_type=kind)


def _read_away(environ: WSGIEnvironment) -> None:
    while environ["wsgi.input"].read(1 << 16):
        pass


def _cut_off(part: bytes) -> Iterator[bytes]:
    yield part
    raise _gone()


def _gone() -> ConnectionResetError:
    return ConnectionResetError(errno.ECONNRESET, "the sandbox was told to hang up")
