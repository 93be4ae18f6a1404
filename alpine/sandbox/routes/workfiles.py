"""Workfiles: workflows and plain files."""

from __future__ import annotations

from typing import Any

from werkzeug.utils import send_file
from werkzeug.wrappers import Response

from alpine.sandbox.file_types import content_type, file_type
from alpine.sandbox.presenters.workfiles import workfile_object
from alpine.sandbox.routes.checks import at_most, refuse
from alpine.sandbox.routes.patterns import like
from alpine.sandbox.routes.uploads import add_version, locations, name_faults, new_workfile
from alpine.sandbox.state.collaboration import Touchpoint, record_event, touchpoints_of
from alpine.sandbox.state.defaults import unused_name
from alpine.sandbox.state.model import Workfile, Workspace
from alpine.sandbox.web.call import Call, Routes, by_name, envelope, found
from alpine.sandbox.web.errors import Forbidden, FrameworkError, Invalid, Refused, json_response
from alpine.sandbox.web.params import as_id, as_list, as_text

routes: Routes = Routes()

_FLAT = ("description", "file_name", "status", "content_type")


@routes.add("GET", "/workspaces/<workspace_id>/workfiles")
def index(call: Call) -> Response:
    """List the files of a workspace, by name or the newest first."""
    rows = call.state.workfiles_of(call.workspace())
    for workfile in rows:
        call.backend.refresh(workfile)
    if wanted := call.params.text("file_type"):
        rows = [row for row in rows if file_type(row) == wanted]
    if pattern := call.params.text("name_pattern"):
        matches = like(pattern)
        rows = [row for row in rows if matches(row.file_name)]
    if call.params.text("no_published_worklets"):
        rows = [row for row in rows if row.entity_subtype != "published_worklet"]
    if call.params.text("order") in ("", "file_name"):
        rows = by_name(rows, lambda row: row.file_name)
    else:
        rows = sorted(rows, key=lambda row: row.user_modified_at, reverse=True)
    return call.paged(rows, lambda row: workfile_object(call.view, row, listed=True))


@routes.add("POST", "/workspaces/<workspace_id>/workfiles")
def create(call: Call) -> Response:
    """Add a file: an upload, or an empty one by its name."""
    workspace = call.workspace()
    sent = call.params.resource("workfile", _FLAT)
    _may_write(call, workspace, workflow=as_text(sent.get("entity_subtype")) == "alpine")
    workfile = call.state.workfiles.add(new_workfile(call, workspace, sent))
    workspace.has_added_workfile = True
    tell(call, workfile, "WorkfileCreated", commit_message=None)
    return envelope(workfile_object(call.view, workfile, content=True), 201)


@routes.add("DELETE", "/workspaces/<workspace_id>/workfiles")
def delete_many(call: Call) -> Response:
    """Remove several files of a workspace."""
    workspace = call.workspace()
    if not call.view.belongs(workspace):
        raise Forbidden
    wanted = [found(call.state.workfiles.find(as_id(item))) for item in as_list(call.params.get("workfile_ids"))]
    for workfile in wanted:
        found(workfile if workfile.workspace_id == workspace.id else None)
    for workfile in wanted:
        _check_unused(call, workfile)
    for workfile in wanted:
        workfile.deleted = True
    return json_response({})


@routes.add("GET", "/workfiles/<id>")
def show(call: Call) -> Response:
    """Show one file, a text file with its beginning."""
    workfile, _ = visible(call)
    return envelope(workfile_object(call.view, workfile, content=True))


@routes.add("PUT", "/workfiles/<id>")
def update(call: Call) -> Response:
    """Change name, description, status or the places where a workflow runs."""
    workfile, workspace = writable(call)
    sent = call.params.resource("workfile", _FLAT)
    fields = {}
    if "file_name" in sent:
        others = {other.file_name for other in call.state.workfiles_of(workspace) if other is not workfile}
        fields = name_faults(as_text(sent["file_name"]), others)
    at_most(fields, sent, {"description": 256})
    refuse(fields)
    _assign(call, workfile, sent)
    workfile.updated_at = workfile.user_modified_at = call.state.clock()
    return envelope(workfile_object(call.view, workfile, content=True))


@routes.add("DELETE", "/workfiles/<id>")
def delete(call: Call) -> Response:
    """Remove a file."""
    workfile, workspace = visible(call)
    if not call.view.belongs(workspace):
        raise Forbidden
    _check_unused(call, workfile)
    workfile.deleted = True
    return json_response({})


@routes.add("GET", "/workfiles/<id>/download")
def download(call: Call) -> Response:
    """Send the content of a plain file; asking for a workflow's breaks the real server as well."""
    workfile, _ = visible(call)
    if not workfile.live_versions:
        raise FrameworkError(500)
    version = workfile.live_versions[-1]
    if call.params.text("version_id"):
        wanted = as_id(call.params["version_id"])
        version = found(next((row for row in workfile.live_versions if row.id == wanted), None))
    response = send_file(
        version.path,
        call.request.environ,
        mimetype=workfile.content_type,
        as_attachment=True,
        download_name=workfile.file_name,
        conditional=False,
    )
    response.headers["Content-Transfer-Encoding"] = "binary"
    return response


@routes.add("POST", "/workfiles/<id>/copy")
def copy(call: Call) -> Response:
    """Copy a file, into another workspace where one is named."""
    workfile, workspace = visible(call)
    if workfile.is_touchpoint:
        raise FrameworkError(500)
    sent = call.params.resource("workfile")
    target_id = sent.get("workspace_id") or call.params.get("workspace_id")
    target = found(call.state.workspaces.find(as_id(target_id))) if target_id else workspace
    _may_write(call, target, workflow=workfile.is_workflow)
    taken = {other.file_name for other in call.state.workfiles_of(target)}
    explicit = as_text(sent.get("file_name") or call.params.get("file_name"))
    if explicit:
        refuse(name_faults(explicit, taken))
    name = explicit or unused_name(workfile.file_name, taken)
    twin = call.state.workfiles.add(_twin(call, workfile, target, name))
    tell(call, twin, "WorkfileCreated", commit_message=None)
    return envelope(workfile_object(call.view, twin), 201)


@routes.add("POST", "/workfiles/<id>/run")
def run(call: Call) -> Response:
    """Run a workflow with its own variables; for a plain file nothing happens."""
    workfile, _ = writable(call)
    if workfile.is_workflow:
        _start(call, workfile)
    return envelope(workfile_object(call.view, workfile), 202)


@routes.add("POST", "/workfiles/<id>/stop", locked=False)
def stop(call: Call) -> Response:
    """Stop the run of a workflow."""
    with call.state.lock:
        workfile, _ = writable(call)
        process_id = workfile.process_id
    stopped = process_id is not None and call.backend.engine.stop(process_id, 2) is not False
    with call.state.lock:
        if stopped and workfile.process_id == process_id:
            workfile.process_id, workfile.status = None, "idle"
        return envelope(workfile_object(call.view, workfile), 202)


def visible(call: Call) -> tuple[Workfile, Workspace]:
    """Find the file that the path names, if the caller may see it.

    :param call: The request.
    :returns: The file and its workspace.
    """
    workfile = call.record(call.state.workfiles)
    workspace = call.workspace_of(workfile)
    call.backend.refresh(workfile)
    return workfile, workspace


def writable(call: Call) -> tuple[Workfile, Workspace]:
    """Find the file that the path names, if the caller may change it.

    :param call: The request.
    :returns: The file and its workspace.
    """
    workfile, workspace = visible(call)
    if not call.view.belongs(workspace) or workspace.archived_at is not None:
        raise Forbidden
    return workfile, workspace


def tell(call: Call, workfile: Workfile, action: str, **details: object) -> None:
    """Note in the activities what the caller did with a file.

    :param call: The request.
    :param workfile: The file.
    :param action: The server's word for it.
    :param details: Further keys of the event.
    """
    targets = {"workfile": ("workfile", workfile.id), "workspace": ("workspace", workfile.workspace_id)}
    record_event(call.state, action, call.user.id, targets, details)


def _check_unused(call: Call, workfile: Workfile) -> None:
    if workfile.is_workflow and touchpoints_of(call.state, workfile.id):
        raise Invalid.field("workfile", "WORKLET_ASSOCIATED")
    if workfile.is_touchpoint and any(
        isinstance(row, Touchpoint) and row.source_id == workfile.id for row in call.state.workfiles
    ):
        raise Invalid.field("workfile", "PUBLISHED_WORKLET_ASSOCIATED")


def _may_write(call: Call, workspace: Workspace, *, workflow: bool) -> None:
    if not call.view.belongs(workspace):
        raise Forbidden
    if workspace.archived_at is None:
        return
    if workflow:
        raise Invalid({"workspace": {"ARCHIVED": None}})
    raise Forbidden


def _assign(call: Call, workfile: Workfile, sent: dict[str, Any]) -> None:
    if "file_name" in sent:
        workfile.file_name = as_text(sent["file_name"])
        if not workfile.is_workflow:
            workfile.content_type = content_type(workfile.file_name, workfile.live_versions[-1].path)
    if "description" in sent:
        workfile.description = as_text(sent["description"])
    if as_text(sent.get("status")) == "idle":
        workfile.status, workfile.process_id = "idle", None
    if workfile.is_workflow and "execution_locations" in sent:
        workfile.locations = locations(call, as_list(sent["execution_locations"]))
    schema = sent.get("execution_schema")
    if not workfile.is_workflow and isinstance(schema, dict):
        workfile.execution_schema_id = found(call.state.schemas.find(as_id(schema.get("id")))).id


def _start(call: Call, workfile: Workfile) -> None:
    from alpine.sandbox.engine import EngineRefused

    try:
        workfile.process_id = call.backend.start_run(workfile, call.user, {})
    except EngineRefused as refusal:
        raise Refused(422, {"record": "RUN_FAILED"}) from refusal
    workfile.status = "running"


def _twin(call: Call, workfile: Workfile, target: Workspace, name: str) -> Workfile:
    state = call.state
    twin = Workfile(
        workspace_id=target.id,
        file_name=name,
        owner_id=call.user.id,
        entity_subtype=workfile.entity_subtype,
        content_type=workfile.content_type,
        description=workfile.description,
        user_modified_at=state.clock(),
        locations=list(workfile.locations),
        flow=workfile.flow,
    )
    if not workfile.is_workflow:
        with workfile.live_versions[-1].path.open("rb") as content:
            add_version(call, twin, content)
    return twin
