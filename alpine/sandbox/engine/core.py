"""The engine: takes flows, runs them, keeps what they left."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from alpine import afm
from alpine.sandbox.engine.catalogue import Catalogue
from alpine.sandbox.engine.context import Output
from alpine.sandbox.engine.csv_import import ImportOptions, import_csv
from alpine.sandbox.engine.database import Cursor, Database
from alpine.sandbox.engine.failures import EngineRefused
from alpine.sandbox.engine.frames import as_handler
from alpine.sandbox.engine.loading import PARQUET, LoadOptions, tables_in
from alpine.sandbox.engine.pace import Pace
from alpine.sandbox.engine.registry import Registry
from alpine.sandbox.engine.runs import EngineContext, OperatorFaults, Run, RunRequest

EXAMPLES = Path(__file__).parent.parent / "examples"
EXAMPLE_SCHEMA = "demo"
MAX_RUNS_KEPT = 1000
_STOP_WAIT = 5.0


class Engine:
    """Runs workflow files on tables that are loaded into it.

    :param pace: ``"instant"``; ``"step"``, where each operator waits for :meth:`release`; or seconds for each operator.
    :param stand_in: Whether a table that is not loaded gets made-up rows, where the flow declares its columns.

    Example::

        engine = Engine()
        engine.load_table("demo.credit", "credit.csv")
        process_id = engine.start(flow, workflow_id=1, workflow_name="flow", user_id=1, user_name="me", variables={})
        engine.wait(process_id, 10)
        document = engine.results(1, process_id)
    """

    def __init__(self, *, pace: str | float = "instant", stand_in: bool = False) -> None:
        self._shared = EngineContext(
            Database(), Registry(), Pace(pace), OperatorFaults(), is_wanted=_is_stored, keep=self._store
        )
        self._stand_in = stand_in
        self._lock = threading.Lock()
        self._runs: dict[str, Run] = {}
        self._promise_examples()

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
        """Load a table, in place of one that had its name.

        :param name: ``schema.table``, or ``table`` for whichever schema a flow names.
        :param source: Path of a text file (``.csv``, ``.txt``, ``.data``, ``.tsv``) or a Parquet file, or a DataFrame.
        :param types: Types of columns, by PostgreSQL's names, as ``{"amount": "numeric(10,2)", "zip": "text"}``.
        :param null_values: Words in a text file that stand for a null, besides nothing at all.
        :param header: Whether the first row of a text file holds the names of the columns.
        :param columns: Names of the columns, in place of those in the source.
        :param delimiter: What parts the fields of a text file, where that is none of ``,`` ``;`` ``|`` and tab.
        :raises ValueError: It cannot be read as a table, a type is not known, or a value is none of its type.
        """
        self._shared.database.load(
            name, source, LoadOptions(dict(types or {}), null_values, header, columns, delimiter)
        )

    def load_folder(
        self,
        path: object,
        *,
        types: Mapping[str, Mapping[str, str]] | None = None,
        null_values: Sequence[str] = (),
        header: bool = True,
    ) -> list[str]:
        """Load every text and Parquet file of a folder, each under its name without the ending.

        A ``.txt`` file whose first line holds no delimiter is no table, and left out.

        :param path: The folder.
        :param types: Types of columns, by PostgreSQL's names, for each table.
        :param null_values: Words in text files that stand for a null, besides nothing at all.
        :param header: Whether the first row of a text file holds the names of the columns.
        :returns: The names of the tables.
        :raises ValueError: A file cannot be read as a table, or two would be the same one.
        """
        files = tables_in(Path(str(path)))
        seen = {file.stem.lower() for file in files}
        typed = {name.lower(): kinds for name, kinds in (types or {}).items()}
        for name in typed.keys() - seen:
            raise ValueError(f"Types are given for the table {name!r}, but {path} has no file for it.")
        for file in files:
            kinds = dict(typed.get(file.stem.lower(), {}))
            is_text = file.suffix.lower() != PARQUET
            options = LoadOptions(kinds, null_values if is_text else (), header or not is_text, for_hadoop=False)
            self._shared.database.load(file.stem, file, options)
        return [file.stem for file in files]

    @property
    def shared(self) -> EngineContext:
        """What all runs share: the tables, and what does the work of the operators."""
        return self._shared

    @property
    def tables(self) -> list[str]:
        """The names of the tables that a flow can ask for."""
        return self._shared.database.loaded()

    @property
    def catalogue(self) -> Catalogue:
        """The tables as a server shows them."""
        return Catalogue(self._shared.database)

    def drop_table(self, name: str) -> bool:
        """Forget a table.

        :param name: ``schema.table``, or ``table``.
        :returns: Whether there was one.
        """
        return self._shared.database.drop(name)

    def import_csv(self, name: str, path: Path, options: ImportOptions) -> int:
        """Copy a CSV file into a table, as PostgreSQL's COPY does.

        :param name: ``schema.table``.
        :param path: The file.
        :param options: Its columns, and what happens to rows that are there.
        :returns: How many rows were copied.
        :raises ValueError: It cannot be; the message is the database's. Nothing was changed.
        """
        return import_csv(self._shared.database, name, path, options)

    def open_query(self, name: str) -> Cursor:
        """A connection for SQL of a user's, which can be broken off; whoever asks for it closes it."""
        return self._shared.database.open(name)

    def drop_outputs(self, workspace_id: int) -> None:
        """Drop the tables that the runs of a workspace have left."""
        self._shared.database.drop_kept(workspace_id)

    def register(self, class_or_signature: str, function: Callable[..., Any]) -> None:
        """Make a function do the work of an operator class, or of a custom operator by its signature class.

        :param class_or_signature: The class name, as the failure of an unknown operator shows it.
        :param function: Takes a DataFrame for each table that is linked to the operator, in the order of the
            links; a parameter that is called ``context`` gets the :class:`Context`. It returns a DataFrame, or an
            :class:`Output`.
        """
        self._shared.registry.add(class_or_signature, as_handler(function))

    def check(self, flow: bytes) -> None:
        """Make sure that a flow can be read.

        :raises EngineRefused: It cannot.
        """
        _read(flow)

    def start(
        self,
        flow: bytes,
        *,
        workflow_id: int,
        workflow_name: str,
        user_id: int,
        user_name: str,
        variables: Mapping[str, str],
        data_sources: Sequence[str] = (),
        stand_in: bool = False,
        on_file: Callable[[str, bytes], None] | None = None,
        workspace_id: int | None = None,
    ) -> str:
        """Start a run.

        :param flow: The text of the workflow file.
        :param workflow_id: Id of the workfile.
        :param workflow_name: Name of the workfile.
        :param user_id: Id of who runs it.
        :param user_name: Name of who runs it.
        :param variables: Values of variables, by name with the ``@``.
        :param data_sources: Names of the data sources that the flow is bound to.
        :param stand_in: Whether this run gets stand-in rows, where the engine makes none by itself.
        :param on_file: Takes each file that an operator writes into the workspace, in the run's own thread.
        :param workspace_id: The workspace that its output tables are kept for; None keeps none.
        :returns: The process id.
        :raises EngineRefused: The flow cannot be run at all.
        """
        workflow, steps = _read(flow)
        request = RunRequest(
            workflow_id=workflow_id,
            workflow_name=workflow_name,
            user_id=user_id,
            user_name=user_name,
            variables=dict(variables),
            data_sources=tuple(data_sources),
            stand_in=stand_in or self._stand_in,
            on_file=on_file,
            workspace_id=workspace_id,
        )
        run = Run(workflow, steps, request, self._shared)
        with self._lock:
            self._runs[run.process_id] = run
            self._forget_oldest()
        run.begin()
        return run.process_id

    def query(self, process_id: str) -> dict[str, Any] | None:
        """What a run is doing; None when it is over, or unknown.

        :returns: ``state``, ``node`` (``id`` and ``name``, or None), ``message``, ``workflow_id`` and ``user``.
        """
        run = self._runs.get(process_id)
        return None if run is None or run.is_over else run.status()

    def stop(self, process_id: str, wait: float) -> bool | None:
        """Stop a run. A stopped run leaves no results.

        :param wait: Seconds to wait for its end.
        :returns: True when it is over, False when it is not within ``wait``, None when no such run goes on.
        """
        run = self._runs.get(process_id)
        return None if run is None or run.is_over else run.stop(wait)

    def results(self, workflow_id: int, process_id: str) -> str:
        """The results document of a run as JSON text; empty when there is none."""
        run = self._runs.get(process_id)
        return run.results if run is not None and run.is_over and run.request.workflow_id == workflow_id else ""

    def wait(self, process_id: str, timeout: float | None) -> bool:
        """Wait until a run is over.

        :returns: Whether it is.
        """
        run = self._runs.get(process_id)
        return run is None or run.wait(timeout)

    def fail_node(self, operator_name: str, times: int | None) -> None:
        """Let an operator fail the next times it runs.

        :param operator_name: Its name in the flow.
        :param times: How often; None for ever.
        """
        self._shared.faults.add(operator_name, times)

    def clear_faults(self) -> None:
        """Let no operator fail any more that was told to."""
        self._shared.faults.clear()

    def set_pace(self, pace: str | float) -> None:
        """Take another pace, from the next operator on.

        :param pace: As for a new engine.
        :raises ValueError: It is no pace.
        """
        self._shared.pace.change(pace)

    def release(self, count: int = 1) -> None:
        """Let operators go on that the pace ``"step"`` holds.

        :param count: How many.
        """
        self._shared.pace.release(count)

    def reset(self) -> None:
        """Stop all runs and forget them, with their tables and all failures that were asked for.

        Tables that were loaded, and functions, stay.
        """
        with self._lock:
            runs, self._runs = list(self._runs.values()), {}
        for run in runs:
            if not run.is_over:
                run.stop(_STOP_WAIT)
        self._shared.database.drop_kept()
        self._shared.faults.clear()
        self._shared.pace.reset()

    def clear(self) -> None:
        """Go back to what a new engine has: no runs, no tables but the examples, no functions of the user's."""
        self.reset()
        self._shared.registry.clear()
        self._shared.database.clear()
        self._promise_examples()

    def close(self) -> None:
        """Stop all runs and close the database."""
        self.reset()
        self._shared.database.close()

    def _store(self, request: RunRequest, outputs: Mapping[str, Output], cursor: Cursor) -> None:
        """Keep the tables that the flow has names for."""
        for output in outputs.values():
            if output.stored_as and output.table is not None and request.workspace_id is not None:
                stored = output.stored_as
                database = self._shared.database
                database.store(stored.name, output.table, cursor, request.workspace_id, is_view=stored.is_view)

    def _promise_examples(self) -> None:
        for path in sorted(EXAMPLES.glob("*.csv")):
            self._shared.database.promise(f"{EXAMPLE_SCHEMA}.{path.stem}", path)

    def _forget_oldest(self) -> None:
        over = [process_id for process_id, run in self._runs.items() if run.is_over]
        for process_id in over[: max(len(self._runs) - MAX_RUNS_KEPT, 0)]:
            del self._runs[process_id]


def _is_stored(request: RunRequest, operator: afm.Operator) -> bool:
    return request.workspace_id is not None and bool(operator.parameters.get("outputTable"))


def _read(flow: bytes) -> tuple[afm.Workflow, list[afm.Operator]]:
    # The sandbox imports nothing of the client but afm, whose errors are ValueErrors.
    try:
        workflow = afm.read(flow)
        return workflow, workflow.execution_order()
    except ValueError as error:
        raise EngineRefused(400, str(error)) from None
