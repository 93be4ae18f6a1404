"""Touchpoints: forms in front of workflows, their runs, and the published ones that everybody may run."""

from __future__ import annotations

import json
from typing import Any

from werkzeug.wrappers import Response

from alpine.sandbox.presenters.touchpoints import parameter_object, parameters_of
from alpine.sandbox.presenters.view import moment
from alpine.sandbox.presenters.workfiles import workfile_object
from alpine.sandbox.routes.checks import at_most, refuse
from alpine.sandbox.routes.data_sources import has_account
from alpine.sandbox.routes.uploads import name_faults
from alpine.sandbox.run_events import refresh_touchpoint, tell_of_runs
from alpine.sandbox.state.collaboration import (
    ParameterValue,
    Touchpoint,
    TouchpointParameter,
    record_event,
)
from alpine.sandbox.state.model import SOURCES_WITH_DATABASES, DataSource, Workfile
from alpine.sandbox.web.call import Call, Routes, by_name, envelope, found
from alpine.sandbox.web.errors import Forbidden, FrameworkError, Invalid, Refused, json_response
from alpine.sandbox.web.params import as_bool, as_id, as_list, as_text

routes: Routes = Routes()

_OWN = "/workspaces/<workspace_id>/touchpoints/<id>"
_PUBLISHED = "/touchpoints/<id>"


@routes.add("GET", "/touchpoints")
def index(call: Call) -> Response:
    """List the published touchpoints, which are everybody's."""
    _check_enabled(call)
    wanted = call.params.text("name_pattern").lower()
    rows = [row for row in call.state.workfiles if isinstance(row, Touchpoint) and row.is_published]
    rows = [row for row in rows if wanted in row.file_name.lower()]
    return call.paged(by_name(rows, lambda row: row.file_name), lambda row: shown(call, row))


@routes.add("GET", _OWN)
def show(call: Call) -> Response:
    """Show a touchpoint of a workspace."""
    return envelope(shown(call, named(call)))


@routes.add("GET", _PUBLISHED)
def show_published(call: Call) -> Response:
    """Show a published touchpoint."""
    return envelope(shown(call, _published(call)))


@routes.add("POST", "/workspaces/<workspace_id>/touchpoints")
def create(call: Call) -> Response:
    """Make a touchpoint of a workflow; its parameters come as JSON text."""
    _check_enabled(call)
    workspace = call.workspace()
    sent = call.params.resource("workfile", ("file_name", "description"))
    workflow = found(call.state.workfiles.find(as_id(sent.get("workflow_id"))))
    call.workspace_of(found(workflow if workflow.is_workflow else None))
    name = as_text(sent.get("file_name"))
    fields = name_faults(name, {other.file_name for other in call.state.workfiles_of(workspace)})
    at_most(fields, sent, {"description": 256})
    refuse(fields)
    touchpoint = Touchpoint(
        workspace_id=workspace.id,
        file_name=name,
        owner_id=call.user.id,
        entity_subtype="worklet",
        description=as_text(sent.get("description")),
        user_modified_at=call.state.clock(),
        workflow_id=workflow.id,
        run_persona=as_text(sent.get("run_persona")) or "creator",
        output_table=[as_text(each) for each in as_list(sent.get("output_table"))],
    )
    call.state.workfiles.add(touchpoint)
    for each in _parameters(as_text(sent.get("parameters"))):
        call.state.table(TouchpointParameter).add(made(touchpoint, each))
    return envelope(shown(call, touchpoint), 201)


@routes.add("PUT", _OWN)
def update(call: Call) -> Response:
    """Change name, description, what is shown, or who runs it."""
    touchpoint = editable(call)
    sent = call.params.resource("workfile", ("file_name", "description"))
    if "file_name" in sent:
        workspace = call.workspace_of(touchpoint)
        others = {other.file_name for other in call.state.workfiles_of(workspace) if other is not touchpoint}
        refuse(name_faults(as_text(sent["file_name"]), others))
        touchpoint.file_name = as_text(sent["file_name"])
    touchpoint.description = as_text(sent.get("description", touchpoint.description))
    touchpoint.run_persona = as_text(sent.get("run_persona")) or touchpoint.run_persona
    if "output_table" in sent:
        touchpoint.output_table = [as_text(each) for each in as_list(sent["output_table"])]
    touchpoint.updated_at = touchpoint.user_modified_at = call.state.clock()
    return envelope(shown(call, touchpoint))


@routes.add("DELETE", _OWN)
def delete(call: Call) -> Response:
    """Remove a touchpoint that is not published."""
    touchpoint = editable(call)
    if touchpoint.is_published or _twin_of(call, touchpoint) is not None:
        raise Invalid.field("workfile", "PUBLISHED_WORKLET_ASSOCIATED")
    touchpoint.deleted = True
    return json_response({})


@routes.add("PUT", f"{_OWN}/publish")
def publish(call: Call) -> Response:
    """Publish a touchpoint: a second workfile, which everybody may run."""
    touchpoint = named(call)
    twin = _twin_of(call, touchpoint)
    if twin is None:
        twin = Touchpoint(
            workspace_id=touchpoint.workspace_id,
            file_name=touchpoint.file_name,
            owner_id=call.user.id,
            entity_subtype="published_worklet",
            description=touchpoint.description,
            user_modified_at=call.state.clock(),
            workflow_id=touchpoint.workflow_id,
            run_persona=touchpoint.run_persona,
            output_table=list(touchpoint.output_table),
            source_id=touchpoint.source_id or touchpoint.id,
        )
        call.state.workfiles.add(twin)
        _tell(call, touchpoint, "WorkletPublished")
    return envelope(shown(call, twin), 202)


@routes.add("PUT", f"{_OWN}/unpublish")
def unpublish(call: Call) -> Response:
    """Take the published touchpoint away again, unless it is running."""
    touchpoint = named(call)
    twin = touchpoint if touchpoint.is_published else _twin_of(call, touchpoint)
    if twin is not None:
        refresh_touchpoint(call.backend, twin)
        if twin.process_id is not None:
            raise Refused(422, {"record": "CANNOT_UNPUBLISH"})
        twin.deleted = True
        _tell(call, touchpoint, "WorkletUnpublished")
    return envelope(shown(call, touchpoint), 202)


@routes.add("PUT", f"{_OWN}/run")
def run(call: Call) -> Response:
    """Run the workflow of a touchpoint with what its parameters were given."""
    return _started(call, named(call))


@routes.add("PUT", f"{_PUBLISHED}/run")
def run_published(call: Call) -> Response:
    """Run a published touchpoint, which everybody may."""
    return _started(call, _published(call))


@routes.add("POST", f"{_OWN}/stop", locked=False)
def stop(call: Call) -> Response:
    """Stop the run of a touchpoint."""
    return _stopped(call, published=False)


@routes.add("POST", f"{_PUBLISHED}/stop", locked=False)
def stop_published(call: Call) -> Response:
    """Stop the run of a published touchpoint."""
    return _stopped(call, published=True)


@routes.add("GET", "/worklet_parameter_versions")
def values(call: Call) -> Response:
    """List what the parameters were given in a run, by the event that tells of it."""
    _check_enabled(call)
    tell_of_runs(call.backend)
    event = found(call.state.events.find(as_id(call.params.get("event_id"))))
    if not call.view.may_see_event(event) and event.actor_id != call.user.id:
        raise Forbidden
    rows = [row for row in call.state.table(ParameterValue) if row.event_id == event.id]
    return envelope([_value_object(row) for row in rows])


def named(call: Call, name: str = "id") -> Touchpoint:
    """The touchpoint that the path names, if the caller may see its workspace.

    :param call: The request.
    :param name: The placeholder in the path.
    :returns: The touchpoint.
    """
    _check_enabled(call)
    touchpoint = call.record(call.state.workfiles, name)
    if not isinstance(touchpoint, Touchpoint):
        touchpoint = found(None)
    call.workspace_of(touchpoint)
    refresh_touchpoint(call.backend, touchpoint)
    return touchpoint


def editable(call: Call, name: str = "id") -> Touchpoint:
    """The same, if the caller may change what is in the workspace.

    :param call: The request.
    :param name: The placeholder in the path.
    :returns: The touchpoint.
    """
    touchpoint = named(call, name)
    workspace = call.workspace_of(touchpoint)
    if not call.view.belongs(workspace) or workspace.archived_at is not None:
        raise Forbidden
    return touchpoint


def shown(call: Call, touchpoint: Touchpoint) -> dict[str, Any]:
    """A touchpoint's object; of a workspace that the caller may not see it tells nothing.

    :param call: The request.
    :param touchpoint: The touchpoint.
    :returns: Its object.
    """
    refresh_touchpoint(call.backend, touchpoint)
    workspace = call.state.workspaces.find(touchpoint.workspace_id)
    is_hidden = workspace is None or not call.view.may_see(workspace)
    return {**workfile_object(call.view, touchpoint), **({"workspace": None} if is_hidden else {})}


def made(touchpoint: Touchpoint, sent: dict[str, Any]) -> TouchpointParameter:
    """A new parameter, of which the server checks nothing.

    :param touchpoint: The touchpoint.
    :param sent: Its attributes.
    :returns: The parameter, not yet in the records.
    """
    parameter = TouchpointParameter(touchpoint_id=touchpoint.source_id or touchpoint.id, variable_name="")
    assigned(parameter, sent)
    return parameter


def assigned(parameter: TouchpointParameter, sent: dict[str, Any]) -> None:
    """Set the attributes of a parameter that were sent.

    :param parameter: The parameter.
    :param sent: What was sent.
    """
    for name in ("variable_name", "label", "description", "data_type"):
        if name in sent:
            setattr(parameter, name, as_text(sent[name]))
    for name in ("required", "use_default"):
        if name in sent:
            setattr(parameter, name, as_bool(sent[name]))
    if "options" in sent:
        parameter.options = as_list(sent["options"])
    if "validations" in sent:
        parameter.validations = sent["validations"]


def _check_enabled(call: Call) -> None:
    if not call.state.settings.touchpoints_enabled:
        raise FrameworkError(404)


def _published(call: Call) -> Touchpoint:
    _check_enabled(call)
    touchpoint = call.record(call.state.workfiles)
    if not isinstance(touchpoint, Touchpoint):
        touchpoint = found(None)
    if not touchpoint.is_published:
        raise Forbidden
    return touchpoint


def _twin_of(call: Call, touchpoint: Touchpoint) -> Touchpoint | None:
    rows = (row for row in call.state.workfiles if isinstance(row, Touchpoint))
    return next((row for row in rows if row.source_id == touchpoint.id), None)


def _started(call: Call, touchpoint: Touchpoint) -> Response:
    from alpine.sandbox.engine import EngineRefused

    sent = call.params.resource("workfile", ("file_name", "description"))
    if not isinstance(sent.get("worklet_parameters"), dict):
        raise FrameworkError(500)
    fields = [each for each in as_list(sent["worklet_parameters"].get("fields")) if isinstance(each, dict)]
    workflow = found(call.state.workfiles.find(touchpoint.workflow_id))
    _check_accounts(call, touchpoint, workflow)
    variables = {as_text(each.get("name")): as_text(each.get("value")) for each in fields}
    try:
        process_id = call.backend.start_run(workflow, call.user, variables)
    except EngineRefused as refusal:
        raise Refused(422, {"record": "RUN_FAILED"}) from refusal
    known = {row.id for row in parameters_of(call.view, touchpoint)}
    record = call.state.runs[process_id]
    record.touchpoint_id = touchpoint.id
    record.values = [(row, as_text(each.get("value"))) for each in fields if (row := as_id(each.get("id"))) in known]
    touchpoint.process_id, touchpoint.status = process_id, "running"
    # Shown as it is when the run begins, also where that is over by now.
    shown_now = {**workfile_object(call.view, touchpoint)}
    return envelope({**shown_now, "workspace": shown(call, touchpoint)["workspace"]}, 202)


def _stopped(call: Call, *, published: bool) -> Response:
    with call.state.lock:
        touchpoint = _published(call) if published else named(call)
        if not as_text(call.params.resource("workfile").get("id")):
            raise FrameworkError(500)
        process_id = touchpoint.process_id
        if process_id is None:
            raise FrameworkError(500)
    stopped = call.backend.engine.stop(process_id, 2) is not False
    with call.state.lock:
        if stopped and touchpoint.process_id == process_id:
            touchpoint.process_id, touchpoint.status = None, "idle"
        return envelope(shown(call, touchpoint), 202)


def _check_accounts(call: Call, touchpoint: Touchpoint, workflow: Workfile) -> None:
    if touchpoint.run_persona == "creator":
        return
    for location in workflow.locations:
        if location.entity_type in SOURCES_WITH_DATABASES.values():
            database = call.state.databases.find(location.id)
            source: DataSource | None = call.state.sql_sources.find(database.data_source_id) if database else None
        else:
            source = call.state.sources(location.entity_type).find(location.id)
        if source is not None and not has_account(call, source):
            raise Refused(422, {"record": "RUN_NO_DB_ACCESS"})


def _parameters(sent: str) -> list[dict[str, Any]]:
    if not sent.strip():
        return []
    try:
        rows = json.loads(sent)
    except (ValueError, RecursionError) as error:
        raise FrameworkError(500) from error
    return [row for row in as_list(rows) if isinstance(row, dict)]


def _tell(call: Call, touchpoint: Touchpoint, action: str) -> None:
    targets = {"workfile": ("workfile", touchpoint.id), "workspace": ("workspace", touchpoint.workspace_id)}
    record_event(call.state, action, call.user.id, targets)


def _value_object(row: ParameterValue) -> dict[str, Any]:
    parameter = parameter_object(row.parameter)
    return {
        "id": row.id,
        "result_id": row.process_id,
        "event_id": row.event_id,
        "worklet_parameter_id": parameter["id"],
        "owner_id": row.owner_id,
        "value": row.value,
        "name": parameter["variable_name"],
        "label": parameter["label"],
        "data_type": parameter["data_type"],
        "created_at": moment(row.created_at),
    }
