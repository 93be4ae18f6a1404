"""What a route is given, and how it is registered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from werkzeug.wrappers import Request, Response

from alpine.sandbox.present.context import View
from alpine.sandbox.state.model import LoginSession, Record, User, Workspace
from alpine.sandbox.state.store import State, Table
from alpine.sandbox.web.errors import HTML_TYPE, Forbidden, NotFound, first_accepted, json_response
from alpine.sandbox.web.paging import page_of
from alpine.sandbox.web.params import Params, as_id

if TYPE_CHECKING:
    from alpine.sandbox.backend import Backend

R = TypeVar("R", bound=Record)
T = TypeVar("T")


@dataclass
class Call:
    """One request on its way through a route.

    :param request: the request.
    :param backend: the server's state, engine and job runner.
    :param params: the parameters, already read.
    :param path: what stands in the path, as text.
    :param session: the caller's session, where the route needs one.
    """

    request: Request
    backend: Backend
    params: Params
    path: dict[str, str]
    session: LoginSession | None = None

    @property
    def state(self) -> State:
        """The records."""
        return self.backend.state

    @property
    def user(self) -> User:
        """The caller."""
        user = self.state.users.find(self.session.user_id) if self.session else None
        if user is None:
            raise NotFound
        return user

    @property
    def view(self) -> View:
        """The caller's view on the records, for presenters."""
        return View(self.state, self.user)

    def record(self, table: Table[R], name: str = "id") -> R:
        """The record that the path names.

        :param table: where to look.
        :param name: the placeholder in the path.
        :returns: the record.
        :raises NotFound: when there is none.
        """
        return found(table.find(as_id(self.path[name])))

    def workspace(self, name: str = "workspace_id") -> Workspace:
        """The workspace that the path names, if the caller may see it.

        :param name: the placeholder in the path.
        :returns: the workspace.
        :raises NotFound: when there is none.
        :raises Forbidden: when it is private and the caller is no member.
        """
        workspace = self.record(self.state.workspaces, name)
        if not self.view.may_see(workspace):
            raise Forbidden
        return workspace

    def paged(self, rows: Sequence[T], present: Callable[[T], dict[str, Any]]) -> Response:
        """Answer with the page of a list that was asked for.

        :param rows: all rows in order.
        :param present: makes one row's object.
        :returns: the answer.
        """
        shown, pagination = page_of(rows, self.params)
        return json_response({"response": [present(row) for row in shown], "pagination": pagination})

    def done(self) -> Response:
        """Answer a deletion the way ``head :ok`` does: ``{}`` or a blank, by the ``Accept`` header.

        :returns: the answer.
        """
        if first_accepted(self.request) == "application/json":
            return json_response({})
        return Response(" ", 200, content_type=HTML_TYPE)


Handler = Callable[[Call], Response]


@dataclass(frozen=True)
class Route:
    """One endpoint.

    :param method: the HTTP verb.
    :param path: the path with its placeholders.
    :param handle: what answers.
    :param login: whether a session is needed.
    :param extends: whether a call keeps the session alive.
    :param engine: whether it belongs to the workflow engine, with its own token rules and error texts.
    :param locked: whether the records are locked meanwhile; a route that may take long locks them itself, shortly.
    """

    method: str
    path: str
    handle: Handler
    login: bool = True
    extends: bool = True
    engine: bool = False
    locked: bool = True


@dataclass
class Routes:
    """Collects the routes of one module.

    :param prefix: what stands before each path.
    :param engine: whether they belong to the workflow engine.
    """

    prefix: str = ""
    engine: bool = False
    collected: list[Route] = field(default_factory=list)

    def add(
        self, method: str, *paths: str, login: bool = True, extends: bool = True, locked: bool = True
    ) -> Callable[[Handler], Handler]:
        """Register a function for a verb and one or several paths.

        :param method: the HTTP verb.
        :param paths: the paths.
        :param login: whether a session is needed.
        :param extends: whether a call keeps the session alive.
        :param locked: whether the records are locked meanwhile.
        :returns: a decorator.
        """

        def register(handle: Handler) -> Handler:
            self.collected += [
                Route(method, self.prefix + path, handle, login, extends, self.engine, locked) for path in paths
            ]
            return handle

        return register


def found(record: T | None) -> T:
    """Insist that a record is there.

    :param record: what a look-up gave.
    :returns: the record.
    :raises NotFound: when it is None.
    """
    if record is None:
        raise NotFound
    return record


def envelope(body: object, status: int = 200) -> Response:
    """Wrap an answer as Chorus does.

    :param body: what goes below ``response``.
    :param status: the HTTP status.
    :returns: the answer.
    """
    return json_response({"response": body}, status)


def by_name(rows: Iterable[R], name: Callable[[R], str]) -> list[R]:
    """Order rows by a name without regard to capitals, then by id.

    :param rows: the rows.
    :param name: what to order by.
    :returns: the rows in order.
    """
    return sorted(rows, key=lambda row: (name(row).lower(), row.id))
