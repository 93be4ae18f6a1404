"""All records of a server, behind one lock."""

from __future__ import annotations

import itertools
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from alpine.sandbox.state.collaboration import Event, Target
from alpine.sandbox.state.files import FileStore
from alpine.sandbox.state.model import (
    HDFS_SOURCE,
    Database,
    Dataset,
    DataSource,
    Job,
    LoginSession,
    Schema,
    StateRecord,
    User,
    Workfile,
    Workspace,
)

R = TypeVar("R", bound=StateRecord)

SESSION_SECONDS = 8 * 3600
TOUCH_SECONDS = 5 * 60
MEGABYTE = 1 << 20


@dataclass
class Settings:
    """What a test may switch while the server runs.

    :param version: What ``GET /VERSION`` says.
    :param token_style: ``"short"``, 20 URL-safe characters, or ``"hex"``, 40 hexadecimal digits.
    :param jobs_licensed: Without it every job endpoint answers 403 ``NOT_LICENSED``.
    :param milestones_licensed: The same for milestones.
    :param search_licensed: The same for the search, but not for its suggestions.
    :param touchpoints_enabled: Without it the endpoints of touchpoints are not there.
    :param licence_expired: A log-in then answers 503 ``LICENSE_EXPIRED``.
    :param demo_mode: Nobody but administrators may change anything (403 ``DEMO_FORBIDDEN``).
    :param workfile_limit_mb: Larger files are refused with 422.
    :param csv_limit_mb: Larger CSV files are refused with 422.
    :param body_limit_mb: Larger requests are refused with an HTML 413.
    :param stop_style: ``"json"`` as servers 6.2 and 6.3 answer, ``"text"`` as the documentation says.
    :param finished_text: What a query of a run that is over says.
    :param unknown_text: What a query of a run that never was says.
    :param databases_down: The databases of the data sources cannot be reached: lists of datasets then show what was
        known before, and everything else that connects fails as on the server.
    :param preview_rows: The most rows of a preview, and of the result of SQL.
    :param import_seconds: How long an import waits before it begins.
    :param hdfs_import_seconds: How long an import into a Hadoop cluster takes.
    :param stand_in: Whether a table that is not loaded gets made-up rows, where the workflow declares its columns.
    """

    version: str = "6.3.0.0.5410-sandbox"
    token_style: Literal["short", "hex"] = "short"  # noqa: S105 - the name of a style, no secret
    jobs_licensed: bool = True
    milestones_licensed: bool = True
    search_licensed: bool = True
    touchpoints_enabled: bool = True
    licence_expired: bool = False
    demo_mode: bool = False
    workfile_limit_mb: float = 100
    csv_limit_mb: float = 100
    body_limit_mb: float = 4096
    stop_style: Literal["json", "text"] = "json"
    finished_text: str = "Workflow not started or already stopped."
    unknown_text: str = "invalid processId or workflow already stopped."
    databases_down: bool = False
    preview_rows: int = 500
    import_seconds: float = 0
    hdfs_import_seconds: float = 0
    stand_in: bool = False


class RecordTable(Generic[R]):
    """Records of one kind with their own sequence of ids."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._rows: dict[int, R] = {}
        self._ids = itertools.count(1)
        self._clock = clock

    def add(self, record: R) -> R:
        """Give a record its id and dates, and keep it."""
        record.id = next(self._ids)
        record.created_at = record.updated_at = self._clock()
        self._rows[record.id] = record
        return record

    def find(self, record_id: int | None) -> R | None:
        """Look up a record that was not deleted."""
        record = self._rows.get(record_id) if record_id is not None else None
        return None if record is None or record.deleted else record

    def find_deleted(self, record_id: int) -> R | None:
        """Look up a record, whether or not it was deleted."""
        return self._rows.get(record_id)

    def __iter__(self) -> Iterator[R]:
        return iter([record for record in self._rows.values() if not record.deleted])


class EventTable(RecordTable[Event]):
    """The events, which are also found by what they are about."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(clock)
        self._about: dict[Target, list[Event]] = {}
        self._talk: dict[Target, dict[int, Event]] = {}

    def add(self, record: Event) -> Event:
        """Give an event its id and dates, and keep it."""
        super().add(record)
        for target in {*record.targets.values(), ("user", record.actor_id)}:
            self._about.setdefault(target, []).append(record)
        if record.is_note:
            self.note_talk(record)
        return record

    def add_target(self, record: Event, name: str, target: Target) -> None:
        """Note what an event is about, once that is there."""
        record.targets[name] = target
        self._about.setdefault(target, []).append(record)

    def note_talk(self, event: Event) -> None:
        """Note that somebody said something about an event: it is a note, or there is a comment on it."""
        for target in event.targets.values():
            self._talk.setdefault(target, {})[event.id] = event

    def about(self, target: Target) -> list[Event]:
        """The events about a record, or by a user, the newest first."""
        return [event for event in reversed(self._about.get(target, [])) if not event.deleted]

    def talk_about(self, target: Target) -> list[Event]:
        """The notes on a record and the events with comments, which are few among all; the oldest first."""
        return [event for _, event in sorted(self._talk.get(target, {}).items()) if not event.deleted]


@dataclass
class RunRecord:
    """A run that the engine was asked for. It keeps its workspace, since its workflow may be deleted meanwhile.

    ``touchpoint_id`` is that of the touchpoint that it was started by, and ``values`` what its parameters were given.
    """

    workflow_id: int
    workspace_id: int
    user_id: int
    keep_results: bool
    touchpoint_id: int | None = None
    values: Sequence[tuple[int, str]] = ()
    is_told: bool = False


@dataclass
class State:
    """The whole memory of one server. Whoever reads or writes holds ``lock``."""

    settings: Settings = field(default_factory=Settings)
    clock: Callable[[], float] = time.time
    files: FileStore = field(default_factory=FileStore)

    def __post_init__(self) -> None:
        self.lock: threading.RLock = threading.RLock()
        self.csrf_token: str = secrets.token_urlsafe(24)
        self.clear()

    def clear(self) -> None:
        """Forget every record and every stored file."""
        self.users: RecordTable[User] = RecordTable(self.clock)
        self.workspaces: RecordTable[Workspace] = RecordTable(self.clock)
        self.workfiles: RecordTable[Workfile] = RecordTable(self.clock)
        self.sql_sources: RecordTable[DataSource] = RecordTable(self.clock)
        self.hdfs_sources: RecordTable[DataSource] = RecordTable(self.clock)
        self.databases: RecordTable[Database] = RecordTable(self.clock)
        self.schemas: RecordTable[Schema] = RecordTable(self.clock)
        self.datasets: RecordTable[Dataset] = RecordTable(self.clock)
        self.jobs: RecordTable[Job] = RecordTable(self.clock)
        self.events: EventTable = EventTable(self.clock)
        self.sessions: dict[str, LoginSession] = {}
        self.runs: dict[str, RunRecord] = {}
        self.small_ids: itertools.count[int] = itertools.count(1)
        self._tables: dict[type[StateRecord], RecordTable[Any]] = {}
        self.files.clear()

    def table(self, kind: type[R]) -> RecordTable[R]:
        """The records of a kind that has no attribute here, such as one that only its own routes use.

        :param kind: The class of the records.
        :returns: Their table, which is made when it is first asked for.
        """
        return self._tables.setdefault(kind, RecordTable(self.clock))

    def open_session(self, user: User) -> LoginSession:
        """Log a user in: a session of its own, beside those there are.

        :param user: Who logs in.
        :returns: The new session.
        """
        short = self.settings.token_style == "short"  # noqa: S105 - the name of a style, no secret
        token = secrets.token_urlsafe(15) if short else secrets.token_hex(20)
        session = LoginSession(token, secrets.token_urlsafe(32), user.id, self.clock())
        self.sessions[token] = session
        return session

    def session(self, *, token: str | None = None, cookie: str | None = None) -> LoginSession | None:
        """Find a session that is still good; one that idled too long is removed.

        :param token: The session id.
        :param cookie: The cookie's text, looked at when there is no token.
        :returns: The session, or None.
        """
        if token is None:
            token = next((s.token for s in self.sessions.values() if s.cookie == cookie), None)
        session = self.sessions.get(token) if token else None
        if session is None:
            return None
        idle = self.clock() - session.touched
        if idle > SESSION_SECONDS or self.users.find(session.user_id) is None:
            del self.sessions[session.token]
            return None
        return session

    def end_sessions(self, user_id: int, *, but: LoginSession | None = None) -> None:
        """End the sessions of a user.

        :param user_id: The user.
        :param but: One that stays.
        """
        for session in [row for row in self.sessions.values() if row.user_id == user_id and row is not but]:
            del self.sessions[session.token]

    def touch(self, session: LoginSession) -> None:
        """Note that a session is in use, at most once in five minutes.

        :param session: The session of the request.
        """
        if self.clock() - session.touched > TOUCH_SECONDS:
            session.touched = self.clock()

    def sources(self, entity_type: str) -> RecordTable[DataSource]:
        """Tell which of the two sequences a kind of data source belongs to.

        :param entity_type: The kind, such as ``gpdb_data_source``.
        :returns: The table of that kind.
        """
        return self.hdfs_sources if entity_type == HDFS_SOURCE else self.sql_sources

    def workfiles_of(self, workspace: Workspace) -> list[Workfile]:
        """List the files of a workspace, in the order they came.

        :param workspace: The workspace.
        :returns: Its files.
        """
        return [workfile for workfile in self.workfiles if workfile.workspace_id == workspace.id]

    def jobs_of(self, workspace: Workspace) -> list[Job]:
        """List the jobs of a workspace, in the order they came.

        :param workspace: The workspace.
        :returns: Its jobs.
        """
        return [job for job in self.jobs if job.workspace_id == workspace.id]

    def hand_over_jobs(self, user_id: int, workspace: Workspace) -> None:
        """Give a leaving member's jobs to the workspace's owner.

        :param user_id: Who leaves.
        :param workspace: What is left.
        """
        for job in self.jobs_of(workspace):
            if job.owner_id == user_id:
                job.owner_id = workspace.owner_id
