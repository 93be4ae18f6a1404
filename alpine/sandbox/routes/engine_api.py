"""The workflow engine's own endpoints: run, query, stop, results."""

from __future__ import annotations

import json
from typing import Any

from werkzeug.wrappers import Response

from alpine.sandbox.state.model import Workfile
from alpine.sandbox.state.store import RunRecord
from alpine.sandbox.web.app import ENGINE_ROOT
from alpine.sandbox.web.call import Call, Routes
from alpine.sandbox.web.errors import EngineError
from alpine.sandbox.web.params import as_bool, as_id

routes: Routes = Routes(ENGINE_ROOT, engine=True)

# What the engine says about its content, also when it is plain text.
_TYPE = "application/json;charset=UTF-8"
_NOT_ALLOWED = "The supplied authentication is not authorized to access this resource"
_OVER = "Invalid processId or Workflow already stopped."


@routes.add("POST", "/workflows/<workflow_id>/run")
def run(call: Call) -> Response:
    """Start a run, with variables where the body has any."""
    from alpine.sandbox.engine import EngineRefused

    _seconds(call, "startTimeOut", 10)
    keep = as_bool(call.request.args.get("saveResult", "true"))
    workfile = _workflow(call)
    variables = _variables(call.request.get_data())
    try:
        process_id = call.backend.start_run(workfile, call.user, variables, keep=keep)
    except EngineRefused as refusal:
        raise EngineError(refusal.status, refusal.text) from refusal
    meta = {"workflowId": str(workfile.id), "processId": process_id, "user": str(call.user.id), "state": "STARTED"}
    return _json({"meta": meta, "message": "workflow started", "results": ""})


@routes.add("GET", "/processes/<process_id>/query")
def query(call: Call) -> Response:
    """Tell what a run is doing; a run that is over gets a sentence instead of JSON."""
    process_id, settings = call.path["process_id"], call.state.settings
    if _run(call) is None:
        return _text(settings.unknown_text)
    now = call.backend.engine.query(process_id)
    if now is None:
        return _text(settings.finished_text)
    meta = {
        "workflowId": str(now["workflow_id"]),
        "processId": process_id,
        "user": str(now["user"]),
        "state": now["state"],
    }
    node = now.get("node")
    named = {"nodeInfo": {"nodeId": str(node["id"]), "nodeName": node["name"]}} if node else {}
    return _json({"meta": meta, **named, "message": now["message"], "results": ""})


@routes.add("POST", "/processes/<process_id>/stop")
def stop(call: Call) -> Response:
    """Stop a run."""
    seconds = _seconds(call, "stopTimeOut", 2)
    process_id = call.path["process_id"]
    stopped = call.backend.engine.stop(process_id, seconds) if _run(call) is not None else None
    if stopped is None:
        return _text(_OVER)
    if call.state.settings.stop_style == "text":
        return _text("request accepted.")
    return _json({"status": "Flow stopped.\n" if stopped else "Flow could not be stopped.\n"})


@routes.add("GET", "/workflows/<workflow_id>/results/<process_id>")
def results(call: Call) -> Response:
    """Send the stored results as JSON inside a JSON string; an empty string when there are none."""
    workflow_id, process_id = as_id(call.path["workflow_id"]), call.path["process_id"]
    run = _run(call)
    stored = ""
    if run is not None and run.keep_results and run.workflow_id == workflow_id:
        stored = call.backend.engine.results(run.workflow_id, process_id)
    return Response(json.dumps(stored), content_type=_TYPE)


def _workflow(call: Call) -> Workfile:
    state = call.state
    with state.lock:
        workfile = state.workfiles.find(as_id(call.path["workflow_id"]))
        if workfile is None or not workfile.is_workflow:
            raise EngineError(404, "The requested resource could not be found.")
        workspace = state.workspaces.find(workfile.workspace_id)
        if workspace is None or not call.view.may_see(workspace):
            raise EngineError(403, _NOT_ALLOWED)
    return workfile


def _run(call: Call) -> RunRecord | None:
    with call.state.lock:
        run = call.state.runs.get(call.path["process_id"])
        if run is not None and not call.view.may_see_run(run):
            raise EngineError(403, _NOT_ALLOWED)
    return run


def _variables(body: bytes) -> dict[str, str]:
    if not body.strip():
        return {}
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _malformed(str(error)) from error
    if not isinstance(sent, dict):
        raise _malformed("an object was expected")
    version = _member(sent, "meta", dict).get("version")
    if version != 1:
        raise EngineError(422, f"invalid API version: {version}")
    return dict(_variable(row) for row in _member(sent, "variables", list))


def _variable(row: Any) -> tuple[str, str]:
    if not isinstance(row, dict):
        raise _malformed("a variable is an object with name and value")
    return _member(row, "name", str), _member(row, "value", str)


def _member(sent: dict[str, Any], name: str, kind: type) -> Any:
    value = sent.get(name)
    if not isinstance(value, kind):
        raise _malformed(f"'{name}' is missing or of the wrong type")
    return value


def _malformed(why: str) -> EngineError:
    return EngineError(400, f"The request content was malformed:\n{why}")


def _seconds(call: Call, name: str, default: int) -> int:
    text = call.request.args.get(name, str(default))
    number = as_id(text)
    if number is None or number >= 2**31:
        said = f"The query parameter '{name}' was malformed:\n'{text}' is not a valid 32-bit integer value"
        raise EngineError(400, said)
    return number


def _json(body: object) -> Response:
    return _text(json.dumps(body))


def _text(body: str) -> Response:
    return Response(f"{body}\n", content_type=_TYPE)
