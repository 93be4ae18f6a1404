"""CSV files that become tables of a workspace's sandbox: the upload, the import, and what became of it."""

from __future__ import annotations

import csv
import io
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from alpine.sandbox.importer import targets_of
from alpine.sandbox.presenters.view import moment
from alpine.sandbox.routes.data_sources import check_access
from alpine.sandbox.routes.schemas import source_of, tables_of
from alpine.sandbox.state.collaboration import record_event
from alpine.sandbox.state.datasets import tables_seen
from alpine.sandbox.state.imports import CsvFile, Import
from alpine.sandbox.state.model import Schema, Workspace
from alpine.sandbox.state.store import MEGABYTE
from alpine.sandbox.web.call import Call, Routes, envelope, found
from alpine.sandbox.web.errors import Forbidden, FrameworkError, Invalid, NotFound, json_response
from alpine.sandbox.web.params import as_bool, as_id, as_list, as_text

routes: Routes = Routes()

_SHOWN_LINES = 100
_ARCHIVED = "WORKSPACE CANNOT BE ARCHIVED FOR IMPORT."


@routes.add("POST", "/workspaces/<workspace_id>/csv")
def upload(call: Call) -> Response:
    """Take a CSV file; nothing comes of it until it is imported."""
    workspace = _editable(call)
    contents = call.params.resource("csv").get("contents")
    if not isinstance(contents, FileStorage):
        raise Invalid.field("contents", "BLANK")
    path = call.state.files.keep(contents.stream)
    limit = int(call.state.settings.csv_limit_mb * MEGABYTE)
    if path.stat().st_size > limit:
        path.unlink()
        raise Invalid.field("contents_file_size", "LESS_THAN", {"count": limit})
    row = call.state.table(CsvFile).add(
        CsvFile(workspace_id=workspace.id, user_id=call.user.id, file_name=contents.filename or "", path=path)
    )
    shown = _first_lines(path)
    return envelope({"id": row.id, "contents": shown, "entity_type": "csv_file", "complete_json": True})


@routes.add("POST", "/workspaces/<workspace_id>/csv/<id>/imports")
def start(call: Call) -> Response:
    """Begin the import of a file, and say nothing of it: it has no id that the response would tell."""
    file = call.record(call.state.table(CsvFile))
    workspace = found(call.state.workspaces.find(file.workspace_id))
    if file.user_id != call.user.id:
        raise Forbidden
    schema = call.state.schemas.find(workspace.sandbox_schema_id)
    sent = call.params.resource("csv_import")
    # What the server does not check ends as a failure of its own.
    if schema is None or not isinstance(sent.get("column_names"), list) or sent.get("has_header") is None:
        raise FrameworkError(500)
    check_access(call, source_of(call, schema))
    table = _checked(call, workspace, schema, sent)
    from alpine.sandbox.engine.csv_import import ImportOptions

    options = ImportOptions(
        columns=[as_text(name) for name in as_list(sent["column_names"])],
        types=[as_text(kind) for kind in as_list(sent.get("types"))],
        delimiter=as_text(sent.get("delimiter"))[:1] or ",",
        has_header=as_bool(sent["has_header"]),
        mode="new" if as_bool(sent.get("new_table")) else "truncate" if as_bool(sent.get("truncate")) else "append",
    )
    _begin(call, file, schema, table, options)
    return envelope([], 201)


@routes.add("GET", "/workspaces/<workspace_id>/datasets/<id>/imports")
def index(call: Call) -> Response:
    """List the imports into a table, the newest first."""
    workspace = call.record(call.state.workspaces, "workspace_id")
    if not call.view.may_see(workspace):
        raise NotFound
    dataset = call.record(call.state.datasets)
    rows = [
        row for row in call.state.table(Import) if row.workspace_id == workspace.id and row.to_table == dataset.name
    ]
    return call.paged(rows[::-1], _import_object, in_full=True)


@routes.add("PUT", "/imports")
def cancel(call: Call) -> Response:
    """Break off imports that have not ended."""
    sent = call.params.get("id")
    numbers = [as_id(number) for number in (sent if isinstance(sent, list) else [sent])]
    rows = [found(call.state.table(Import).find(number)) for number in numbers]
    if any(row.user_id != call.user.id and not call.user.admin for row in rows):
        raise Forbidden
    for row in rows:
        call.backend.importer.cancel(row)
    return json_response({})


def _editable(call: Call) -> Workspace:
    workspace = call.workspace()
    if not call.view.belongs(workspace):
        raise Forbidden
    return workspace


def _checked(call: Call, workspace: Workspace, schema: Schema, sent: dict[str, Any]) -> str:
    """The table of an import that may begin."""
    table = as_text(sent.get("to_table")).strip()
    if not table:
        raise Invalid.field("to_table", "BLANK")
    if workspace.archived_at is not None:
        raise Invalid.field("workspace", _ARCHIVED)
    twice = [name for name, count in Counter(map(as_text, sent["column_names"])).items() if count > 1]
    if twice:
        raise Invalid.field("column_names", "DUPLICATES", {"dupes": ", ".join(twice)})
    if as_bool(sent.get("new_table")) and table in tables_of(call, schema):
        raise Invalid.field("base", "TABLE_EXISTS", {"table_name": table})
    return table


def _begin(call: Call, file: CsvFile, schema: Schema, table: str, options: Any) -> None:
    state, user = call.state, call.user
    row = state.table(Import).add(
        Import(workspace_id=file.workspace_id, user_id=user.id, to_table=table, file_name=file.file_name)
    )
    if table in tables_of(call, schema):
        row.dataset_id = tables_seen(state, schema, [table])[0].id
    told = {"file_name": file.file_name, "import_type": "file", "destination_table": table, "dataset": None}
    reference = {"reference_id": row.id, "reference_type": "Import"}
    row.event_id = record_event(state, "FileImportCreated", user.id, targets_of(row), {**told, **reference}).id
    call.backend.importer.start(row, file, schema, options)


def _first_lines(path: Path) -> list[str]:
    """The first records of a file, with commas between their fields.

    :raises Invalid: It is no text.
    """
    lines: list[str] = []
    try:
        with path.open(encoding="utf-8", newline="") as text:
            for record in islice(csv.reader(text), _SHOWN_LINES):
                line = io.StringIO()
                csv.writer(line, lineterminator="\n").writerow(record)
                lines.append(line.getvalue())
    except csv.Error:
        with path.open(encoding="utf-8", newline="") as text:
            return list(islice(text, _SHOWN_LINES))
    except UnicodeDecodeError:
        raise Invalid.field("contents", "FILE_INVALID") from None
    return lines


def _import_object(row: Import) -> dict[str, Any]:
    return {
        "id": row.id,
        "to_table": row.to_table,
        "started_stamp": moment(row.created_at),
        "completed_stamp": moment(row.completed_at),
        "success": row.success,
        "source_dataset": {"id": None, "object_name": None},
        "file_name": row.file_name,
        "workspace_id": row.workspace_id,
        "entity_type": "csv_import",
        "destination_dataset": {"id": row.dataset_id, "object_name": row.to_table},
    }
