"""The records of the sandbox server, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time
from pathlib import Path
from typing import Any

USER_TYPES = ("analytics_developer", "data_analyst", "collaborator", "business_user")
MEMBER_ROLES = (
    "Project Member",
    "Business Owner",
    "Business Analyst",
    "Data Science Manager",
    "Data Scientist",
    "Data Engineer",
    "Application Engineer",
    "Project Manager",
)
STAGES = ("Define", "Transform", "Model", "Deploy", "Act")
PROJECT_STATUSES = ("on_track", "needs_attention", "at_risk")
SQL_SOURCES = (
    "gpdb_data_source",
    "pg_data_source",
    "oracle_data_source",
    "jdbc_data_source",
    "jdbc_hive_data_source",
)
SOURCES_WITH_DATABASES = {"gpdb_data_source": "gpdb_database", "pg_data_source": "pg_database"}
HDFS_SOURCE = "hdfs_data_source"
INTERVAL_UNITS = ("hours", "days", "weeks", "months", "on_demand")
TOUCHPOINTS = ("worklet", "published_worklet")
TASK_ACTIONS = ("run_work_flow", "run_sql_workfile", "notebook")


@dataclass(kw_only=True)
class StateRecord:
    """What every record has: an id, the two dates and the mark of a soft delete."""

    id: int = 0
    created_at: float = 0.0
    updated_at: float = 0.0
    deleted: bool = False


@dataclass(kw_only=True)
class User(StateRecord):
    """A person who may log in."""

    username: str
    password_hash: str = field(repr=False)
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    title: str = ""
    dept: str = ""
    notes: str = ""
    admin: bool = False
    roles: list[str] = field(default_factory=list)
    user_type: str = "business_user"
    subscribed_to_emails: bool = False


@dataclass
class LoginSession:
    """One log-in. The cookie's text differs from the token's, as on the real server."""

    token: str = field(repr=False)
    cookie: str = field(repr=False)
    user_id: int
    touched: float


@dataclass(kw_only=True)
class Workspace(StateRecord):
    """A workspace; ``members`` maps a user's id to the member's role, in order of arrival.

    ``dataset_ids`` are the tables that were associated with it, and ``sandbox_schema_id`` the schema of its own tables.
    """

    name: str
    owner_id: int
    summary: str = ""
    public: bool = False
    archived_at: float | None = None
    archiver_id: int | None = None
    stage_id: int = 1
    is_project: bool = False
    project_status: str = "on_track"
    project_status_reason: str | None = None
    project_target_date: str | None = None
    show_sandbox_datasets: bool = True
    has_added_member: bool = False
    has_added_workfile: bool = False
    has_added_sandbox: bool = False
    has_changed_settings: bool = False
    members: dict[int, str] = field(default_factory=dict)
    dataset_ids: list[int] = field(default_factory=list)
    sandbox_schema_id: int | None = None


@dataclass(frozen=True)
class Location:
    """Where a workflow runs: a database or a data source, by its kind and id."""

    entity_type: str
    id: int


@dataclass(kw_only=True)
class WorkfileVersion(StateRecord):
    """One stored content of a plain file."""

    version_num: int
    path: Path
    size: int
    owner_id: int
    modifier_id: int
    commit_message: str | None = None


@dataclass(kw_only=True)
class Workfile(StateRecord):
    """A file of a workspace; a workflow keeps its XML in ``flow``, any other file has versions.

    ``execution_schema_id`` is the schema that SQL of the file runs in.
    """

    workspace_id: int
    file_name: str
    owner_id: int
    entity_subtype: str | None = None
    content_type: str = "text/plain"
    description: str = ""
    status: str = "idle"
    user_modified_at: float = 0.0
    locations: list[Location] = field(default_factory=list)
    versions: list[WorkfileVersion] = field(default_factory=list)
    flow: Path | None = None
    process_id: str | None = None
    execution_schema_id: int | None = None

    @property
    def is_workflow(self) -> bool:
        """Whether the engine can run it."""
        return self.entity_subtype == "alpine"

    @property
    def is_touchpoint(self) -> bool:
        """Whether it is a form in front of a workflow."""
        return self.entity_subtype in TOUCHPOINTS

    @property
    def live_versions(self) -> list[WorkfileVersion]:
        """The versions that were not deleted, oldest first."""
        return [version for version in self.versions if not version.deleted]


@dataclass(kw_only=True)
class DataSource(StateRecord):
    """A data source of either sequence of ids: SQL-like or HDFS. It keeps no password."""

    name: str
    entity_type: str
    owner_id: int
    host: str = ""
    port: int | None = None
    description: str = ""
    shared: bool = True
    public: bool = True
    state: str = "online"
    version: str | None = None
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class Database(StateRecord):
    """A database of a Greenplum or PostgreSQL source."""

    name: str
    data_source_id: int


@dataclass(kw_only=True)
class Schema(StateRecord):
    """A schema that the server has seen; of a database, or of a source that has none.

    ``is_kept`` marks one that was made through the server, and is there without a table.
    """

    name: str
    data_source_id: int
    database_id: int | None = None
    refreshed_at: float | None = None
    is_kept: bool = False


@dataclass(kw_only=True)
class Dataset(StateRecord):
    """A table that the server has seen in a schema. One that is gone keeps its record, and is stale."""

    schema_id: int
    name: str
    object_type: str = "TABLE"
    stale_at: float | None = None
    analyzed_at: float | None = None
    estimated_rows: int = 0


@dataclass(kw_only=True)
class JobTask(StateRecord):
    """One step of a job."""

    action: str
    workfile_id: int


@dataclass
class TaskResult:
    """How one task of a run of a job ended."""

    id: int
    name: str
    status: str
    started_at: float
    finished_at: float
    message: str | None
    payload_id: int
    process_id: str | None = None


@dataclass
class JobResult:
    """How one run of a job ended."""

    id: int
    succeeded: bool
    started_at: float
    finished_at: float
    task_results: list[TaskResult]


@dataclass(kw_only=True)
class Job(StateRecord):
    """A job, its tasks in order and the results of its runs; ``time_of_day`` is that of its schedule, in its zone."""

    workspace_id: int
    name: str
    owner_id: int
    interval_unit: str = "on_demand"
    interval_value: int = 0
    next_run: datetime | None = None
    time_of_day: time | None = None
    end_run: datetime | None = None
    last_run: datetime | None = None
    time_zone: str = "Alaska"
    status: str = "idle"
    enabled: bool | None = None
    last_run_failed: bool = False
    success_notify: str = "nobody"
    failure_notify: str = "nobody"
    success_recipients: list[int] = field(default_factory=list)
    failure_recipients: list[int] = field(default_factory=list)
    description: str | None = None
    tasks: list[JobTask] = field(default_factory=list)
    results: list[JobResult] = field(default_factory=list)

    @property
    def live_tasks(self) -> list[JobTask]:
        """The tasks that were not deleted, in their order."""
        return [task for task in self.tasks if not task.deleted]
