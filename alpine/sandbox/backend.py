"""What stands behind the routes: the records, the workflow engine and the job runner."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from alpine.sandbox._extras import needed
from alpine.sandbox.hdfs_imports import load_files
from alpine.sandbox.importer import Importer
from alpine.sandbox.job_runner import JobRunner
from alpine.sandbox.presenters.data_sources import location_object
from alpine.sandbox.queries import Queries
from alpine.sandbox.scheduler import Scheduler
from alpine.sandbox.state.defaults import unused_name
from alpine.sandbox.state.model import User, Workfile, Workspace
from alpine.sandbox.state.store import RunRecord, State
from alpine.sandbox.stored_files import add_version

if TYPE_CHECKING:
    from alpine.sandbox.engine import Engine

PaceOfRuns = str | float


class Backend:
    """The records, the engine and the job runner of one server.

    :param state: The records.
    :param pace: How fast runs go, as the engine understands it.
    :param prepare: Called with the engine when it is first needed, to load tables into it.
    """

    def __init__(self, state: State, pace: PaceOfRuns, prepare: Callable[[Engine], None]) -> None:
        self.state = state
        self.jobs: JobRunner = JobRunner(self)
        self.importer: Importer = Importer(self)
        self.queries: Queries = Queries(self)
        self.scheduler: Scheduler = Scheduler(self)
        self._pace = pace
        self._prepare = prepare
        self._engine: Engine | None = None
        self._closed = False
        self._files: list[str] = []
        self._engine_lock = threading.RLock()

    @property
    def engine(self) -> Engine:
        """The workflow engine; loading it takes a moment, so that it waits for its first use.

        :raises EngineRefused: When the server is being closed.
        """
        with self._engine_lock:
            if self._engine is None:
                with needed():
                    from alpine.sandbox.engine import Engine, EngineRefused

                    if self._closed:
                        raise EngineRefused(503, "The sandbox is being closed.")
                    engine = Engine(pace=self._pace)
                try:
                    self._prepare(engine)
                except BaseException:
                    engine.close()
                    raise
                self._engine = engine
            return self._engine

    def set_pace(self, pace: PaceOfRuns) -> None:
        """Let runs go at another pace, from the next operator on.

        :param pace: How fast, as the engine understands it.
        """
        with self._engine_lock:
            self._pace = pace
            if self._engine is not None:
                self._engine.set_pace(pace)

    def clear_faults(self) -> None:
        """Let no operator fail any more that was told to."""
        with self._engine_lock:
            if self._engine is not None:
                self._engine.clear_faults()

    def start_run(self, workfile: Workfile, user: User, variables: Mapping[str, str], *, keep: bool = True) -> str:
        """Have the engine run a workflow.

        :param workfile: The workflow.
        :param user: Who runs it.
        :param variables: Values of the ``@`` variables.
        :param keep: Whether the results are stored.
        :returns: The id of the run.
        :raises EngineRefused: When it cannot be started.
        """
        self._files += load_files(self)
        with self.state.lock:
            flow = workfile.flow.read_bytes() if workfile.flow else b""
            places = [location_object(self.state, location) for location in workfile.locations]
            stand_in = self.state.settings.stand_in
            workspace = self.state.workspaces.find(workfile.workspace_id)
        process_id = self.engine.start(
            flow,
            workflow_id=workfile.id,
            workflow_name=workfile.file_name,
            user_id=user.id,
            user_name=user.username,
            variables=variables,
            data_sources=[place["name"] for place in places if place],
            stand_in=stand_in,
            on_file=lambda name, content: self._keep_file(workspace, user, name, content),
            workspace_id=workfile.workspace_id,
        )
        with self.state.lock:
            self.state.runs[process_id] = RunRecord(workfile.id, workfile.workspace_id, user.id, keep)
        return process_id

    def _keep_file(self, workspace: Workspace | None, user: User, name: str, content: bytes) -> None:
        """Make a workfile of what a run writes."""
        with self.state.lock:
            # A workspace of the same id may be another one after a reset.
            if workspace is None or self.state.workspaces.find(workspace.id) is not workspace:
                return
            taken = {workfile.file_name for workfile in self.state.workfiles_of(workspace)}
            now = self.state.clock()
            workfile = Workfile(
                workspace_id=workspace.id, file_name=unused_name(name, taken), owner_id=user.id, user_modified_at=now
            )
            add_version(self.state, user, workfile, content)
            self.state.workfiles.add(workfile)
            workspace.has_added_workfile = True

    def drop_outputs(self, workspace: Workspace) -> None:
        """Drop the tables that the runs of a workspace have left.

        :param workspace: The workspace.
        """
        with self._engine_lock:
            if self._engine is not None:
                self._engine.drop_outputs(workspace.id)

    def check(self, flow: bytes) -> None:
        """Have the engine look at a workflow before it is kept.

        :param flow: The workflow.
        :raises EngineRefused: When the engine could not run it.
        """
        self.engine.check(flow)

    def refresh(self, workfile: Workfile) -> None:
        """Set a workflow back to idle when its run is over.

        :param workfile: The workflow.
        """
        if workfile.process_id is not None and self.engine.query(workfile.process_id) is None:
            workfile.process_id = None
            workfile.status = "idle"

    def reset(self, *, tables: bool) -> None:
        """End all runs of the engine and forget what they left; the scheduler is paused, so that no job runs.

        :param tables: Whether tables and registered functions go as well, but for those that were there at the start.
        """
        self.importer.stop_all()
        with self._engine_lock:
            if self._engine is None:
                return
            for name in self._files:
                self._engine.drop_table(name)
            self._files.clear()
            if not tables:
                self._engine.reset()
                return
            self._engine.clear()
            self._prepare(self._engine)

    def close(self) -> None:
        """End all runs, and the engine with them; a late request does not bring it back."""
        with self._engine_lock:
            engine, self._engine, self._closed = self._engine, None, True
        self.scheduler.close()
        self.jobs.stop_all()
        self.importer.stop_all()
        if engine is not None:
            engine.close()
