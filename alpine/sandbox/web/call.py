"""What a route is given, and how it is registered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from werkzeug.wrappers import Request, Response

from alpine.sandbox.presenters.view import View
from alpine.sandbox.state.model import Job, LoginSession, StateRecord, User, Workfile, Workspace
from alpine.sandbox.state.store import RecordTable, State
from alpine.sandbox.web.errors import HTML_TYPE, Forbidden, NotFound, first_accepted, json_response
from alpine.sandbox.web.paging import page_of
from alpine.sandbox.web.params import Params, as_id

if TYPE_CHECKING:
    from alpine.sandbox.backend import Backend

R = TypeVar("R", bound=StateRecord)
T = TypeVar("T")


@dataclass
class Call:
    """One request on its way through a route.

    :param request: The request.
    :param backend: The server's state, engine and job runner.
    :param params: The parameters, already read.
    :param path: What the path holds, as strings.
    :param session: The caller's session, where the route needs one.
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

    def record(self, table: RecordTable[R], name: str = "id") -> R:
        """The record that the path names.

        :param table: Where to look.
        :param name: The placeholder in the path.
        :returns: The record.
        :raises NotFound: When there is none.
        """
        return found(table.find(as_id(self.path[name])))

    def workspace(self, name: str = "workspace_id") -> Workspace:
        """The workspace that the path names, if the caller may see it.

        :param name: The placeholder in the path.
        :returns: The workspace.
        :raises NotFound: When there is none.
        :raises Forbidden: When it is private and the caller is no member.
        """
        return self.seen(self.record(self.state.workspaces, name))

    def workspace_of(self, record: Workfile | Job) -> Workspace:
        """The workspace of a record, if the caller may see it; the path may name another one.

        :param record: A file or a job.
        :returns: Its workspace.
        :raises Forbidden: When it is private and the caller is no member.
        """
        return self.seen(found(self.state.workspaces.find(record.workspace_id)))

    def seen(self, workspace: Workspace) -> Workspace:
        """Insist that the caller may see a workspace.

        :param workspace: The workspace.
        :returns: The same.
        :raises Forbidden: When it is private and the caller is no member.
        """
        if not self.view.may_see(workspace):
            raise Forbidden
        return workspace

    def paged(self, rows: Sequence[T], present: Callable[[T], dict[str, Any]], *, in_full: bool = False) -> Response:
        """Answer with the page of a list that was asked for.

        :param rows: All rows in order.
        :param present: Makes one row's object.
        :param in_full: Whether the rows are marked with ``complete_json``, which those of most lists are not.
        :returns: The response.
        """
        shown, pagination = page_of(rows, self.params)
        objects = [present(row) for row in shown]
        if not in_full:
            for item in objects:
                item.pop("complete_json", None)
        return json_response({"response": objects, "pagination": pagination})

    def done(self) -> Response:
        """Answer a deletion the way ``head :ok`` does: ``{}`` or a blank, by the ``Accept`` header.

        :returns: The response.
        """
        if first_accepted(self.request) == "application/json":
            return json_response({})
        return Response(" ", 200, content_type=HTML_TYPE)


Handler = Callable[[Call], Response]


@dataclass(frozen=True)
class Route:
    """One endpoint.

    :param method: The HTTP verb.
    :param path: The path with its placeholders.
    :param handle: What answers.
    :param login: Whether a session is needed.
    :param extends: Whether a call keeps the session alive.
    :param engine: Whether it belongs to the workflow engine, with its own token rules and error texts.
    :param locked: Whether the records are locked meanwhile; a route that may take long locks them itself, shortly.
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

    :param prefix: What stands before each path.
    :param engine: Whether they belong to the workflow engine.
    """

    prefix: str = ""
    engine: bool = False
    collected: list[Route] = field(default_factory=list)

    def add(
        self, method: str, *paths: str, login: bool = True, extends: bool = True, locked: bool = True
    ) -> Callable[[Handler], Handler]:
        """Register a function for a verb and one or several paths.

        :param method: The HTTP verb.
        :param paths: The paths.
        :param login: Whether a session is needed.
        :param extends: Whether a call keeps the session alive.
        :param locked: Whether the records are locked meanwhile.
        :returns: A decorator.
        """

        def register(handle: Handler) -> Handler:
            self.collected += [
                Route(method, self.prefix + path, handle, login, extends, self.engine, locked) for path in paths
            ]
            return handle

        return register


def found(record: T | None) -> T:
    """Insist that a record is there.

    :param record: What a look-up gave.
    :returns: The record.
    :raises NotFound: When it is None.
    """
    if record is None:
        raise NotFound
    return record


def envelope(body: object, status: int = 200) -> Response:
    """Wrap a response as Chorus does.

    :param body: What goes below ``response``.
    :param status: The HTTP status.
    :returns: The response.
    """
    return json_response({"response": body}, status)


def by_name(rows: Iterable[R], name: Callable[[R], str]) -> list[R]:
    """Order rows by a name without regard to capitals, then by id.

    :param rows: The rows.
    :param name: What to order by.
    :returns: The rows in order.
    """
    return sorted(rows, key=lambda row: (name(row).lower(), row.id))
