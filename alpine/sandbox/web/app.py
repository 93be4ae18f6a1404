"""The WSGI application: from a request to a route, and from whatever happens there to a response."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from alpine.sandbox.loopback import names_this_machine
from alpine.sandbox.state.model import LoginSession
from alpine.sandbox.state.store import MEGABYTE, State
from alpine.sandbox.web.auth import check_csrf, chorus_session, engine_session
from alpine.sandbox.web.call import Call, Route
from alpine.sandbox.web.errors import ApiError, Blank, EngineError, FrameworkError, Refused
from alpine.sandbox.web.params import Params, read_params

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from alpine.sandbox.backend import Backend

log: logging.Logger = logging.getLogger("alpine.sandbox")

ENGINE_ROOT = "/alpinedatalabs/api/v1/json"
_IN_MEMORY = 512 * 1024
_DRAIN_BLOCK = 1 << 16


class SandboxRequest(Request):
    """A request whose uploads are spooled into the server's own directory."""

    max_form_memory_size: int | None = 64 * MEGABYTE
    max_form_parts: int = 20_000
    upload_directory: Path

    def _get_file_stream(self, *_: Any, **__: Any) -> IO[bytes]:
        return tempfile.SpooledTemporaryFile(_IN_MEMORY, "w+b", dir=str(self.upload_directory))


class Application:
    """Answers every request of one server.

    :param backend: What stands behind the routes.
    :param routes: All endpoints.
    :param notice: Called with method, path and status of every response.
    :param only_here: Whether only names of this machine itself are answered to. A page of the web can have its own
        name lead here, and its scripts know the password.
    """

    def __init__(
        self,
        backend: Backend,
        routes: Iterable[Route],
        notice: Callable[[str, str, int], None],
        *,
        only_here: bool = False,
    ) -> None:
        self._backend = backend
        self._notice = notice
        self._only_here = only_here
        self._map = Map(
            [Rule(route.path, methods=[route.method], endpoint=route) for route in routes],
            strict_slashes=False,
            merge_slashes=False,
        )

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, as WSGI has it.

        :param environ: The request.
        :param start_response: Takes status and headers.
        :returns: The body.
        """
        request = SandboxRequest(environ)
        with request:
            request.upload_directory = self._backend.state.files.directory
            request.max_content_length = int(self._backend.state.settings.body_limit_mb * MEGABYTE)
            response = self._answer(request)
            _drain(environ)
        self._notice(request.method, request.path, response.status_code)
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Frame-Options"] = "SAMEORIGIN"
        return response(environ, start_response)

    def _answer(self, request: SandboxRequest) -> Response:
        try:
            return self._dispatch(request)
        except ApiError as error:
            return error.respond(request)
        except HTTPException as error:
            return FrameworkError(error.code or 500).respond(request)
        except Exception:
            # As the real server does: one broken request must not take the others along.
            log.exception("%s %s failed in the sandbox itself", request.method, request.path)
            return FrameworkError(500).respond(request)

    def _dispatch(self, request: SandboxRequest) -> Response:
        if request.environ.get("CONTENT_LENGTH", "").startswith("-"):
            raise FrameworkError(400)
        if self._only_here and not names_this_machine(request.environ.get("HTTP_HOST", "localhost")):
            raise FrameworkError(403)
        path = request.path.removeprefix("/api") if request.path.startswith("/api/") else request.path
        if (request.content_length or 0) > (request.max_content_length or 0):
            raise FrameworkError(413)
        try:
            route, values = self._map.bind("", path_info=path).match(path, request.method)
        except MethodNotAllowed as error:
            if path.startswith(ENGINE_ROOT):
                verbs = ", ".join(sorted(set(error.valid_methods or []) - {"HEAD"}))
                raise EngineError(405, f"HTTP method not allowed, supported methods: {verbs}") from error
            raise FrameworkError(404) from error
        except HTTPException as error:
            if path.startswith("/alpinedatalabs/"):
                raise EngineError(404, "The requested resource could not be found.") from error
            raise FrameworkError(404) from error
        respond = self._engine_call if route.engine else self._chorus_call
        return respond(request, route, dict(values))

    def _engine_call(self, request: Request, route: Route, values: dict[str, str]) -> Response:
        state = self._backend.state
        with state.lock:
            session = engine_session(state, request)
            state.touch(session)
        # Without the lock: the engine has its own, and a stop may take seconds.
        return route.handle(Call(request, self._backend, Params({}, {}, wrappable=False), values, session))

    def _chorus_call(self, request: Request, route: Route, values: dict[str, str]) -> Response:
        state = self._backend.state
        params = read_params(request)
        with state.lock:
            call = Call(request, self._backend, params, values, self._admit(request, params, route))
            if route.locked:
                return route.handle(call)
        return route.handle(call)

    def _admit(self, request: Request, params: Params, route: Route) -> LoginSession | None:
        state: State = self._backend.state
        check_csrf(state, request, params)
        session = chorus_session(state, request, params)
        if not route.login:
            return session
        if session is None:
            raise Blank(401)
        if route.extends:
            state.touch(session)
        user = state.users.find(session.user_id)
        if state.settings.demo_mode and request.method != "GET" and not (user and user.admin):
            raise Refused(403, {"record": "DEMO_FORBIDDEN"})
        return session


def _drain(environ: WSGIEnvironment) -> None:
    # cheroot reads what is left of a body in one piece; a large refused upload must not end up in memory.
    body: IO[bytes] = environ["wsgi.input"]
    if environ.get("CONTENT_LENGTH", "").startswith("-"):
        return
    while body.read(_DRAIN_BLOCK):
        pass
