"""Uploaded CSV files, and their imports into tables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from alpine.sandbox.state.model import StateRecord


@dataclass(kw_only=True)
class CsvFile(StateRecord):
    """A CSV file that was uploaded into a workspace, and waits for its import."""

    workspace_id: int
    user_id: int
    file_name: str
    path: Path


@dataclass(kw_only=True)
class Import(StateRecord):
    """An import of a file into a table; ``success`` is None as long as it goes on."""

    workspace_id: int
    user_id: int
    to_table: str
    file_name: str
    event_id: int = 0
    dataset_id: int | None = None
    completed_at: float | None = None
    success: bool | None = None
