"""Runs the imports of CSV files, a thread for each."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from alpine.sandbox.state.collaboration import Notification, Target, record_event
from alpine.sandbox.state.datasets import tables_seen
from alpine.sandbox.state.imports import CsvFile, Import

if TYPE_CHECKING:
    from alpine.sandbox.backend import Backend
    from alpine.sandbox.engine.csv_import import ImportOptions
    from alpine.sandbox.state.model import Schema

_CANCELLED = "The import was cancelled"


def targets_of(row: Import) -> dict[str, Target]:
    """What the events of an import are about.

    :param row: The import.
    :returns: Its workspace, and its table once it is there.
    """
    targets: dict[str, Target] = {"workspace": ("workspace", row.workspace_id)}
    return targets if row.dataset_id is None else {**targets, "dataset": ("dataset", row.dataset_id)}


class Importer:
    """Starts imports, and ends them.

    :param backend: The records and the engine.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._lock = threading.Lock()
        self._running: dict[threading.Thread, tuple[Import, threading.Event]] = {}

    def start(self, row: Import, file: CsvFile, schema: Schema, options: ImportOptions) -> None:
        """Import a file.

        :param row: The import.
        :param file: The file, which is gone afterwards.
        :param schema: Where its table is.
        :param options: How it is copied.
        """
        stop = threading.Event()
        thread = threading.Thread(
            target=self._run, args=(row, file, schema, options, stop), name=f"sandbox import {row.id}", daemon=True
        )
        with self._lock:
            self._running = {other: mine for other, mine in self._running.items() if other.is_alive()}
            thread.start()
            self._running[thread] = (row, stop)

    def cancel(self, row: Import) -> None:
        """End an import that waits or goes on; one that is over stays as it is.

        :param row: The import.
        """
        with self._lock:
            for other, stop in self._running.values():
                if other is row:
                    stop.set()

    def stop_all(self) -> None:
        """End all imports, and wait for that."""
        with self._lock:
            running, self._running = self._running, {}
        for _, stop in running.values():
            stop.set()
        for thread in running:
            thread.join()

    def _run(self, row: Import, file: CsvFile, schema: Schema, options: ImportOptions, stop: threading.Event) -> None:
        state, message = self._backend.state, ""
        if stop.wait(state.settings.import_seconds):
            message = _CANCELLED
        elif state.settings.databases_down:
            message = "The data source could not be reached: connection refused."
        else:
            message = self._copied(row, file, schema, options)
        with state.lock:
            row.completed_at, row.success = state.clock(), not message
            file.deleted = True
            file.path.unlink(missing_ok=True)
            told: dict[str, Any] = {"file_name": row.file_name, "import_type": "file"}
            if message:
                told |= {"destination_table": row.to_table, "error_message": message, "dataset": None}
            else:
                row.dataset_id = tables_seen(state, schema, [row.to_table])[0].id
                created = state.events.find(row.event_id)
                if created is not None and "dataset" not in created.targets:
                    state.events.add_target(created, "dataset", ("dataset", row.dataset_id))
            action = "FileImportFailed" if message else "FileImportSuccess"
            event = record_event(state, action, row.user_id, targets_of(row), told)
            state.table(Notification).add(Notification(recipient_id=row.user_id, event_id=event.id))

    def _copied(self, row: Import, file: CsvFile, schema: Schema, options: ImportOptions) -> str:
        """Copy the file; what went wrong, or nothing."""
        from alpine.sandbox.engine import EngineRefused

        try:
            self._backend.engine.import_csv(f"{schema.name}.{row.to_table}", file.path, options)
        except ValueError as error:
            return str(error)
        except (EngineRefused, OSError, ImportError) as error:
            return f"CSV file cannot be imported: {error}"
        return ""
