"""The datasets of a workspace: those that were associated with it, and the tables of its sandbox."""

from __future__ import annotations

from werkzeug.wrappers import Response

from alpine.sandbox.presenters.datasets import dataset_object
from alpine.sandbox.presenters.hdfs import mask_lines
from alpine.sandbox.presenters.workspaces import full_workspace
from alpine.sandbox.routes.data_sources import check_access, has_account
from alpine.sandbox.routes.datasets import asked
from alpine.sandbox.routes.schemas import UNREACHABLE, source_of, tables_of
from alpine.sandbox.state.datasets import tables_seen
from alpine.sandbox.state.hdfs import HdfsDataset
from alpine.sandbox.state.model import Dataset, Workspace
from alpine.sandbox.web.call import Call, Routes, envelope, found
from alpine.sandbox.web.errors import Forbidden, Invalid, NotFound, json_response
from alpine.sandbox.web.params import as_id, as_list

routes: Routes = Routes()

_SANDBOX_ONLY = ("SANDBOX_TABLE", "SANDBOX_DATASET")
_NO_FILES = ("SOURCE_TABLE", "NON_CHORUS_VIEW")
_NO_TABLES = ("CHORUS_VIEW",)


@routes.add("GET", "/workspaces/<workspace_id>/datasets")
def index(call: Call) -> Response:
    """List the datasets of a workspace; a sandbox that cannot be reached is left out without a word."""
    workspace = _visible(call)
    subtype = call.params.text("entity_subtype")
    rows = [] if subtype in _SANDBOX_ONLY else _associated(call, workspace)
    if subtype in _NO_FILES:
        rows = [row for row in rows if not isinstance(row, HdfsDataset)]
    if subtype != "SOURCE_TABLE" and (workspace.show_sandbox_datasets or call.params.text("all_import_destinations")):
        rows += [row for row in _of_sandbox(call, workspace) if row not in rows]
    wanted = call.params.text("name_pattern").lower()
    database_id = as_id(call.params.get("database_id"))
    rows = [row for row in rows if wanted in row.name.lower() and _is_in(call, row, database_id)]
    rows = [] if subtype in _NO_TABLES else sorted(rows, key=lambda row: (row.name.lower().replace("_", ""), row.id))
    return call.paged(rows, lambda row: dataset_object(call.state, row, workspace=workspace), in_full=True)


@routes.add("GET", "/workspaces/<workspace_id>/datasets/<id>")
def show(call: Call) -> Response:
    """Show a dataset of a workspace; of one that is gone, both the dataset and the error."""
    workspace = _visible(call)
    if isinstance(row := call.record(call.state.datasets), HdfsDataset):
        return _show_files(call, workspace, row)
    here = asked(call)
    check_access(call, here.source)
    if here.dataset not in (*_associated(call, workspace), *_of_sandbox(call, workspace)):
        raise NotFound
    shown = dataset_object(call.state, here.dataset, workspace=workspace)
    shown["workspace"] = full_workspace(call.view, workspace)
    errors = {}
    if call.state.settings.databases_down:
        errors = {"record": "DATA_SOURCE_UNREACHABLE", "message": UNREACHABLE}
    elif here.table is None:
        errors = {"record": "MISSING_DB_OBJECT"}
    return json_response({"response": shown, "errors": errors}, 422) if errors else envelope(shown)


@routes.add("POST", "/workspaces/<workspace_id>/datasets")
def associate(call: Call) -> Response:
    """Associate tables with a workspace. Of several, those that cannot be are left out without a word."""
    workspace = _editable(call)
    rows = [found(call.state.datasets.find(number)) for number in _ids(call)]
    if any(isinstance(row, HdfsDataset) for row in rows):
        return json_response({}, 422)
    for row in rows:
        schema = found(call.state.schemas.find(row.schema_id))
        source = source_of(call, schema)
        if source.state == "disabled":
            check_access(call, source)
        is_there = row.id in workspace.dataset_ids or row.schema_id == workspace.sandbox_schema_id
        if is_there and len(rows) == 1:
            raise Invalid.field("dataset", "ALREADY_ASSOCIATED", {"workspace_name": workspace.name})
        if not is_there:
            workspace.dataset_ids.append(row.id)
    return json_response({}, 201)


@routes.add("DELETE", "/workspaces/<workspace_id>/datasets")
def remove_many(call: Call) -> Response:
    """Remove datasets from a workspace, where they are in it; their tables stay."""
    workspace = _editable(call)
    gone = set(_ids(call))
    workspace.dataset_ids = [number for number in workspace.dataset_ids if number not in gone]
    return json_response({})


@routes.add("DELETE", "/workspaces/<workspace_id>/datasets/<id>")
def remove(call: Call) -> Response:
    """Remove a dataset from a workspace; its table stays."""
    workspace = _editable(call)
    row = call.record(call.state.datasets)
    workspace.dataset_ids = [number for number in workspace.dataset_ids if number != row.id]
    return json_response({})


def _show_files(call: Call, workspace: Workspace, row: HdfsDataset) -> Response:
    if row.id not in workspace.dataset_ids:
        raise NotFound
    shown = dataset_object(call.state, row, workspace=workspace)
    lines = mask_lines(call.state, row)
    return envelope({**shown, "workspace": full_workspace(call.view, workspace), "content": lines})


def _visible(call: Call) -> Workspace:
    """The workspace of the path; one that the caller may not see is not found here."""
    workspace = call.record(call.state.workspaces, "workspace_id")
    if not call.view.may_see(workspace):
        raise NotFound
    return workspace


def _editable(call: Call) -> Workspace:
    workspace = call.workspace()
    if not call.view.belongs(workspace):
        raise Forbidden
    if workspace.archived_at is not None:
        raise Invalid({"dataset": {"ARCHIVED": {}}})
    return workspace


def _ids(call: Call) -> list[int]:
    return [number for each in as_list(call.params.get("dataset_ids")) if (number := as_id(each)) is not None]


def _associated(call: Call, workspace: Workspace) -> list[Dataset]:
    rows = (call.state.datasets.find(number) for number in workspace.dataset_ids)
    return [row for row in rows if row is not None]


def _of_sandbox(call: Call, workspace: Workspace) -> list[Dataset]:
    schema = call.state.schemas.find(workspace.sandbox_schema_id)
    if schema is None or call.state.settings.databases_down or not has_account(call, source_of(call, schema)):
        return []
    return tables_seen(call.state, schema, tables_of(call, schema))


def _is_in(call: Call, row: Dataset, database_id: int | None) -> bool:
    schema = call.state.schemas.find(row.schema_id)
    return database_id is None or (schema is not None and schema.database_id == database_id)
