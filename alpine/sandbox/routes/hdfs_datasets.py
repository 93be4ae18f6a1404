"""Files of Hadoop data sources as datasets of workspaces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from werkzeug.wrappers import Response

from alpine.sandbox.presenters.datasets import dataset_object
from alpine.sandbox.routes.checks import Fields, complain, refuse, required
from alpine.sandbox.state.hdfs import HdfsDataset
from alpine.sandbox.state.model import Workspace
from alpine.sandbox.web.call import Call, Routes, envelope, found
from alpine.sandbox.web.errors import Forbidden, Invalid, NotFound, json_response
from alpine.sandbox.web.params import as_id, as_text

routes: Routes = Routes()


@routes.add("POST", "/hdfs_datasets")
def create(call: Call) -> Response:
    """Make a dataset of files."""
    sent = call.params.resource("hdfs_dataset")
    workspace = _editable(call, found(call.state.workspaces.find(as_id(sent.get("workspace_id")))))
    source = found(call.state.hdfs_sources.find(as_id(sent.get("data_source_id"))))
    _check(call, sent, None)
    row = HdfsDataset(
        schema_id=0,
        name=as_text(sent["name"]),
        object_type="MASK",
        workspace_id=workspace.id,
        hdfs_source_id=source.id,
        file_mask=as_text(sent["file_mask"]),
    )
    workspace.dataset_ids.append(call.state.datasets.add(row).id)
    return envelope(dataset_object(call.state, row, workspace=workspace), 201)


@routes.add("PUT", "/hdfs_datasets/<id>")
def update(call: Call) -> Response:
    """Change a dataset of files."""
    row, workspace = _named(call)
    sent = call.params.resource("hdfs_dataset")
    sent = {"name": row.name, "file_mask": row.file_mask, **sent}
    _check(call, sent, row)
    row.name, row.file_mask = as_text(sent["name"]), as_text(sent["file_mask"])
    return envelope(dataset_object(call.state, row, workspace=workspace))


@routes.add("DELETE", "/hdfs_datasets/<id>")
def delete(call: Call) -> Response:
    """Remove a dataset of files; the files stay."""
    row, workspace = _named(call)
    row.deleted = True
    workspace.dataset_ids.remove(row.id)
    return json_response({})


def _named(call: Call) -> tuple[HdfsDataset, Workspace]:
    row = call.record(call.state.datasets)
    if not isinstance(row, HdfsDataset):
        raise NotFound
    return row, _editable(call, found(call.state.workspaces.find(row.workspace_id)))


def _editable(call: Call, workspace: Workspace) -> Workspace:
    if not call.view.belongs(workspace):
        raise Forbidden
    if workspace.archived_at is not None:
        raise Invalid({"dataset": {"ARCHIVED": {}}})
    return workspace


def _check(call: Call, sent: Mapping[str, Any], row: HdfsDataset | None) -> None:
    fields: Fields = {}
    required(fields, sent, ["name", "file_mask"])
    others = [each.name for each in call.state.datasets if isinstance(each, HdfsDataset) and each is not row]
    if as_text(sent.get("name")) in others:
        complain(fields, "name", "TAKEN")
    refuse(fields)
