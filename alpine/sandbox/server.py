"""The sandbox as a user holds it: start, log in, load, let things fail, stop."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from alpine.sandbox._extras import needed, require_all
from alpine.sandbox.arguments import Pace, checked_pace, engine_pace, folder
from alpine.sandbox.clock import MovableClock, seconds_of
from alpine.sandbox.loopback import is_loopback

if TYPE_CHECKING:
    from alpine.apiclient import APIClient
    from alpine.sandbox.backend import Backend
    from alpine.sandbox.engine import Engine
    from alpine.sandbox.faults import FaultMiddleware
    from alpine.sandbox.state.store import Settings, State
    from alpine.sandbox.web.server import HttpServer

log: logging.Logger = logging.getLogger("alpine.sandbox")

_REQUESTS_KEPT = 10_000
_LAST_PORT = 65_535
_LAST_MOMENT = datetime(9999, 1, 1, tzinfo=UTC).timestamp()


@dataclass
class _Parts:
    """What exists while a server runs."""

    state: State
    clock: MovableClock
    backend: Backend
    faults: FaultMiddleware
    http: HttpServer


class Sandbox:
    """A server on this machine that has Alpine's API and runs workflows on a local database.

    Everything is kept in memory and in a temporary directory, and is gone after :meth:`close`.

    :param host: The address to listen on; anything but this machine's own is logged as a warning.
    :param port: The port; 0 takes a free one.
    :param data: A folder with text and Parquet files, each a table.
    :param types: Types of the columns of tables in ``data``, by PostgreSQL's names:
        ``{"orders": {"amount": "numeric(10,2)"}}``.
    :param null_values: Words in text files of ``data`` that stand for a null, besides nothing at all.
    :param header: Whether the first row of a text file in ``data`` holds the names of its columns.
    :param flows: A folder with ``.afm`` files for the workspace ``Sandbox``, besides the examples.
    :param username: The administrator.
    :param password: The password of the administrator and of the other users.
    :param token_style: ``"short"`` tokens as of 6.2 and 6.3, or ``"hex"`` ones as documented.
    :param pace: ``"instant"``, ``("timed", seconds)`` for each operator, or ``"step"``, where each operator
        waits for :meth:`release`.
    :param version: What the server says its version is.
    :param clock: Gives the time in seconds, for dates, schedules and the expiry of sessions. Schedules notice within a
        minute that it jumped; :meth:`advance` puts any clock forward.
    :param options: Further settings of :class:`~alpine.sandbox.state.store.Settings`, such as ``demo_mode``, or
        ``stand_in=True``, which makes up rows for tables that are not loaded, where a workflow declares the columns.
    :raises ValueError: When the port, the pace, the user name or the password cannot be one.
    :raises NotADirectoryError: When ``data`` or ``flows`` is no folder.

    Example::

        >>> with Sandbox() as server:
        ...     session = server.client()
        ...     workspace_id = session.workspace.get_id("Sandbox")
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        data: str | Path | None = None,
        types: Mapping[str, Mapping[str, str]] | None = None,
        null_values: Sequence[str] = (),
        header: bool = True,
        flows: str | Path | None = None,
        username: str = "demo",
        password: str = "alpine-demo",  # noqa: S107 - everybody's password on a test server, told in the documentation
        token_style: Literal["short", "hex"] = "short",  # noqa: S107 - the name of a style, no secret
        pace: Pace = "instant",
        version: str = "6.3.0.0.5410-sandbox",
        clock: Callable[[], float] = time.time,
        **options: Any,
    ) -> None:
        from alpine.sandbox.state.store import Settings

        if not 0 <= port <= _LAST_PORT:
            raise ValueError(f"A port is a number from 0 to {_LAST_PORT}, not {port}; 0 takes a free one.")
        if not username or not password:
            raise ValueError("The sandbox's administrator needs a user name and a password.")
        self.host: str = host
        self.port: int = port
        self.username: str = username
        self.password: str = password
        #: The last requests, as ``(method, path, status)`` without query strings; the oldest are forgotten.
        self.requests: deque[tuple[str, str, int]] = deque(maxlen=_REQUESTS_KEPT)
        self._asked_port = port
        self._data, self._flows = folder(data), folder(flows)
        self._types, self._null_values, self._header = types, tuple(null_values), header
        self._first_pace = self._pace = checked_pace(pace)
        self._initial = Settings(version=version, token_style=token_style, **options)
        self._clock = clock
        self._parts: _Parts | None = None
        self._lock = threading.RLock()

    def __repr__(self) -> str:
        return f"<Sandbox {self.url if self._parts else 'not running'}>"

    def __enter__(self) -> Sandbox:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        """Where the server is, as ``http://127.0.0.1:PORT``."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    @property
    def base_url(self) -> str:
        """The root of the Chorus API."""
        return f"{self.url}/api"

    @property
    def settings(self) -> Settings:
        """What may be switched while the server runs; :meth:`reset` brings the first settings back."""
        return self._running.state.settings

    @property
    def pace(self) -> Pace:
        """How fast runs go; may be set while the server runs, and then holds from the next operator on.

        :raises ValueError: When it is set to something that is no pace.
        """
        return self._pace

    @pace.setter
    def pace(self, pace: Pace) -> None:
        self._pace = checked_pace(pace)
        if self._parts is not None:
            self._parts.backend.set_pace(engine_pace(pace))

    def start(self) -> Sandbox:
        """Begin to serve.

        :returns: The server itself.
        :raises OSError: When the port is taken, or a file cannot be read.
        :raises ValueError: When a file in ``data`` is no table, or one in ``flows`` is no workflow.
        :raises ModuleNotFoundError: When the extra ``sandbox`` is not installed, or only in part.
        """
        with self._lock:
            if self._parts is None:
                if not is_loopback(self.host):
                    log.warning("The sandbox listens on %s: others can reach it, with a well-known password", self.host)
                require_all()
                with needed():
                    self._parts = self._assembled()
        return self

    def close(self) -> None:
        """Stop serving, end all runs and remove all files. Closing twice does no harm."""
        with self._lock:
            parts, self._parts = self._parts, None
            if parts is None:
                return
            self.port = self._asked_port
            # From below upwards, and each of them whatever the others do.
            with ExitStack() as ending:
                ending.callback(parts.state.files.remove)
                # Once more, for a job that somebody started in between.
                ending.callback(parts.backend.jobs.stop_all)
                ending.callback(parts.http.shut)
                ending.callback(parts.backend.close)
                ending.callback(parts.faults.close)

    def client(self, username: str | None = None, password: str | None = None) -> APIClient:
        """Log in with a client.

        :param username: Who logs in; the administrator by default.
        :param password: The password.
        :returns: A logged-in session.
        """
        from alpine.apiclient import APIClient

        self._running  # noqa: B018 - says so when the server is not running
        return APIClient(self.url, None, username or self.username, password or self.password)

    @property
    def tables(self) -> list[str]:
        """The names of the tables that workflows can read."""
        return self._running.backend.engine.tables

    def load_table(
        self,
        name: str,
        source: object,
        *,
        types: Mapping[str, str] | None = None,
        null_values: Sequence[str] = (),
        header: bool = True,
        columns: Sequence[str] | None = None,
        delimiter: str | None = None,
    ) -> None:
        """Load a table that workflows can read, in place of one that had its name.

        A column of a text file is a number, a date or a truth value only where that loses nothing: ``007`` and ``NA``
        stay text. A source of a Hadoop flow reads a text file by the columns, types and options that the flow
        declares for it, whatever is given here.

        :param name: ``schema.table``, or ``table`` for whichever schema a workflow names.
        :param source: Path of a text file (``.csv``, ``.txt``, ``.data``, ``.tsv``) or a Parquet file, or a DataFrame.
        :param types: Types of columns, by PostgreSQL's names.
        :param null_values: Words in a text file that stand for a null, besides nothing at all.
        :param header: Whether the first row of a text file holds the names of the columns.
        :param columns: Names of the columns, in place of those in the source.
        :param delimiter: What parts the fields of a text file, where that is none of ``,`` ``;`` ``|`` and tab.
        :raises ValueError: When it cannot be read as a table, a type is not known, or a value is none of its type.

        Example::

            >>> import pandas
            >>> values = {"amount": [12.5, 3.0], "zip": ["01234", "99999"]}
            >>> orders = pandas.DataFrame(values)
            >>> types = {"amount": "numeric(10,2)", "zip": "varchar(5)"}
            >>> server.load_table("demo.parcels", orders, types=types)
        """
        self._running.backend.engine.load_table(
            name,
            source,
            types=types,
            null_values=null_values,
            header=header,
            columns=columns,
            delimiter=delimiter,
        )

    def load_folder(
        self,
        path: str | Path,
        *,
        types: Mapping[str, Mapping[str, str]] | None = None,
        null_values: Sequence[str] = (),
        header: bool = True,
    ) -> list[str]:
        """Load every text and Parquet file of a folder, each under its name without the ending.

        :param path: The folder.
        :param types: Types of columns, by PostgreSQL's names, for each table.
        :param null_values: Words in text files that stand for a null, besides nothing at all.
        :param header: Whether the first row of a text file holds the names of the columns.
        :returns: The names of the tables.
        :raises ValueError: When a file cannot be read as a table, or two would be the same one.
        """
        return self._running.backend.engine.load_folder(path, types=types, null_values=null_values, header=header)

    @property
    def workflows(self) -> list[str]:
        """The names of the workflows in the workspace ``Sandbox``."""
        state = self._running.state
        with state.lock:
            workspace = next((row for row in state.workspaces if row.name == "Sandbox"), None)
            return [file.file_name for file in state.workfiles_of(workspace) if file.is_workflow] if workspace else []

    def add_workflow(self, path: str | Path, workspace: str | int = "Sandbox") -> int:
        """Put a workflow file into a workspace without logging in.

        :param path: The ``.afm`` file.
        :param workspace: The workspace's name or id.
        :returns: The id of the new workfile.
        :raises LookupError: When there is no such workspace.
        :raises ValueError: When the file is no workflow.
        """
        from alpine.sandbox.state.defaults import add_workflow

        state = self._running.state
        with state.lock:
            for candidate in state.workspaces:
                if workspace in (candidate.id, candidate.name):
                    return add_workflow(state, candidate, Path(path)).id
        raise LookupError(f"the sandbox has no workspace {workspace!r}")

    def add_data_source(self, name: str, kind: str, database: str | None = None) -> dict[str, Any]:
        """Add a data source that everybody may use, without logging in. The administrator owns it.

        :param name: Its name, up to 64 characters, which no other source has in any capitals.
        :param kind: A value of :class:`alpine.datasource.DSType`, such as ``"pg_data_source"``.
        :param database: The name of its database, for Greenplum, HAWQ, PostgreSQL and Oracle; ``"sandbox"`` by default.
        :returns: The source as the API shows it.
        :raises ValueError: For an unknown kind, a name that is taken, or a database of a kind that has none.

        Example::

            >>> server.add_data_source("Warehouse", "gpdb_data_source", "sales")["id"]
            4
            >>> session.datasource.for_upload("Warehouse")["database_id"]
            3
        """
        from alpine.sandbox.presenters.data_sources import full_source
        from alpine.sandbox.state.sources import add_source

        state = self._running.state
        with state.lock:
            return full_source(state, add_source(state, name, kind, database=database))

    def register(self, class_or_signature: str, function: Callable[..., Any]) -> None:
        """Make a function do the work of an operator, built in or custom.

        The function is called with a DataFrame for each table that is linked to the operator, in the order of the
        links. A parameter that is called ``context`` gets the operator's
        :class:`~alpine.sandbox.engine.context.Context`, which knows its parameters.

        :param class_or_signature: The operator's class, or a custom operator's signature class; either without its
            packages, too.
        :param function: What does its work; it returns a DataFrame, or an
            :class:`~alpine.sandbox.engine.context.Output` where there is more to say than a table.
        :raises TypeError: When it cannot be called.

        Example::

            >>> def cheapest(orders, context):
            ...     count = int(context.parameter("howMany", "10"))
            ...     return orders.nsmallest(count, "amount")
            >>> server.register("com.example.CheapestSignature", cheapest)
        """
        self._running.backend.engine.register(class_or_signature, function)

    def release(self, count: int = 1) -> None:
        """Let operators go on that the pace ``"step"`` holds.

        :param count: How many.
        """
        self._running.backend.engine.release(count)

    def fault(
        self,
        kind: str,
        *,
        method: str | None = None,
        path: str | re.Pattern[str] | None = None,
        times: int | None = 1,
        after: int = 0,
        **options: Any,
    ) -> None:
        """Let something go wrong with the next requests that match.

        ======================  ==========================================================================
        ``"status"``            answers ``status`` (500) with ``body``, ``content_type`` and ``headers``
        ``"html500"``           answers an HTML page with status 500
        ``"delay"``             waits ``seconds`` (1), then goes on
        ``"drop"``              closes the connection without a response, ``when="after"`` or ``"before"`` the work
        ``"reset"``             the same with a TCP reset
        ``"truncate"``          sends ``keep`` bytes of the body (half of it), then closes the connection
        ``"error_text"``        ends a table after ``rows`` rows with ``text`` of the database, and a good status
        ``"expire"``            ends the session of the request, which then gets its 401
        ``"malformed"``         answers 200 with JSON that breaks off
        ``"node_failure"``      the operator named ``operator`` fails; method, path and after do not count
        ======================  ==========================================================================

        :param kind: What goes wrong.
        :param method: The verb it is for.
        :param path: A regular expression to find in the path; a piece of the path will do.
        :param times: How many requests, or runs of the operator; None for all.
        :param after: How many matching requests pass first.
        :param options: What the kind needs.
        :raises ValueError: For an unknown kind or option.
        """
        from alpine.sandbox.faults import make_rule

        rule = make_rule(kind, method, path, times, after, **options)
        if kind == "node_failure":
            self._running.backend.engine.fail_node(rule.options["operator"], times)
        else:
            self._running.faults.add(rule)

    def clear_faults(self) -> None:
        """Let nothing go wrong any more, neither with requests nor with operators."""
        parts = self._running
        parts.faults.clear()
        parts.backend.clear_faults()

    def expire_sessions(self) -> None:
        """End all sessions, as eight idle hours do."""
        state = self._running.state
        with state.lock:
            state.sessions.clear()

    def advance(self, *, wait: float = 30, **difference: float) -> datetime:
        """Put the server's clock forward, and run the jobs that become due on the way.

        The clock stops at each moment for which an enabled job is scheduled, starts the job and waits for its run, so
        that a job of every hour runs 24 times in ``advance(days=1)``, between other jobs in the order of their times.
        A job whose run still goes on misses the times that come meanwhile. The dates of all records follow the clock,
        those in the results of runs do not. Sessions follow it too: they end after eight idle hours.

        :param wait: The longest, in seconds, to wait for each run; with the pace ``"step"`` none is waited for.
        :param difference: How far, in the keywords of :class:`datetime.timedelta`.
        :returns: The time that it is now on the server.
        :raises ValueError: When the clock would go back, or beyond the calendar.

        Example::

            >>> job = session.job.create("Sandbox", "hourly", "hours", 1, enabled=True)
            >>> task = session.job.task.create("Sandbox", job["id"], workflow_id)
            >>> now = server.advance(hours=24)
            >>> session.job.last_result(job["id"])["succeeded"]
            True
        """
        parts = self._running
        seconds = seconds_of(difference)
        if seconds < 0:
            raise ValueError("The sandbox's clock goes forward only; reset() brings the real time back.")
        if parts.clock() + seconds > _LAST_MOMENT:
            raise ValueError("The sandbox's clock cannot go beyond the year 9998.")
        parts.backend.scheduler.advance(parts.clock, seconds, 0 if self._pace == "step" else wait)
        return datetime.fromtimestamp(parts.clock(), UTC)

    def reset(self, *, tables: bool = False) -> None:
        """Go back to the fresh state: records, sessions, settings, pace, faults, runs, the real time.

        :param tables: Whether tables that were loaded and functions that were registered go as well; those of the
            ``data`` folder are read again. Otherwise they stay.
        """
        parts = self._running
        parts.faults.clear()
        with parts.backend.scheduler.paused():
            parts.backend.reset(tables=tables)
            self.pace = self._first_pace
            with parts.state.lock:
                parts.clock.reset()
                parts.state.settings = replace(self._initial)
                parts.state.clear()
                self._fill(parts.state)
        self.requests.clear()

    @property
    def _running(self) -> _Parts:
        if self._parts is None:
            raise RuntimeError("The sandbox is not running; use it in a with statement, or call start()")
        return self._parts

    def _assembled(self) -> _Parts:
        from alpine.sandbox.backend import Backend
        from alpine.sandbox.faults import FaultMiddleware
        from alpine.sandbox.routes import all_routes
        from alpine.sandbox.state.store import State
        from alpine.sandbox.web.app import Application
        from alpine.sandbox.web.server import HttpServer

        clock = MovableClock(self._clock)
        state = State(replace(self._initial), clock)
        backend = Backend(state, engine_pace(self._pace), self._prepare)
        try:
            self._fill(state)
            if self._data is not None:
                # A table that cannot be read shows here, and not in the first run.
                backend.engine  # noqa: B018
            application = Application(backend, all_routes(), self._note, only_here=is_loopback(self.host))
            faults = FaultMiddleware(application, backend, self._note)
            http = HttpServer((self.host, self._asked_port), faults)
            self.port = http.open()
            backend.scheduler.start()
        except BaseException:
            backend.close()
            state.files.remove()
            raise
        return _Parts(state, clock, backend, faults, http)

    def _fill(self, state: State) -> None:
        from alpine.sandbox.state.defaults import EXAMPLES, fill

        folders = [EXAMPLES, *([self._flows] if self._flows else [])]
        flows = [path for folder in folders for path in sorted(folder.glob("*.afm"))]
        fill(state, self.username, self.password, flows)

    def _prepare(self, engine: Engine) -> None:
        if self._data is not None:
            engine.load_folder(self._data, types=self._types, null_values=self._null_values, header=self._header)

    def _note(self, method: str, path: str, status: int) -> None:
        self.requests.append((method, path, status))
        log.debug("%s %s %s", method, path, status)
