"""The parameters of a touchpoint."""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Response

from alpine.sandbox.presenters.touchpoints import parameter_object, parameters_of
from alpine.sandbox.routes.touchpoints import assigned, editable, made, named
from alpine.sandbox.state.collaboration import Touchpoint, TouchpointParameter
from alpine.sandbox.web.call import Call, Routes, envelope, found
from alpine.sandbox.web.params import as_id

routes: Routes = Routes()

_PATH = "/workspaces/<workspace_id>/touchpoints/<touchpoint_id>/parameters"


@routes.add("GET", _PATH)
def index(call: Call) -> Response:
    """List the parameters, without pages. The server reads the touchpoint from the query, and not from the path."""
    named(call, "touchpoint_id")
    touchpoint = call.state.workfiles.find(as_id(call.params.get("workfile_id")))
    if not isinstance(touchpoint, Touchpoint):
        return envelope([])
    call.workspace_of(touchpoint)
    return envelope([parameter_object(row) for row in parameters_of(call.view, touchpoint)])


@routes.add("POST", _PATH)
def create(call: Call) -> Response:
    """Add a parameter."""
    touchpoint = editable(call, "touchpoint_id")
    parameter = call.state.table(TouchpointParameter).add(made(touchpoint, _sent(call)))
    return envelope(parameter_object(parameter), 201)


@routes.add("PUT", f"{_PATH}/<parameter_id>")
def update(call: Call) -> Response:
    """Change a parameter."""
    parameter = _named(call)
    assigned(parameter, _sent(call))
    return envelope(parameter_object(parameter))


@routes.add("DELETE", f"{_PATH}/<parameter_id>")
def delete(call: Call) -> Response:
    """Remove a parameter."""
    _named(call).deleted = True
    return call.done()


def _named(call: Call) -> TouchpointParameter:
    touchpoint = editable(call, "touchpoint_id")
    wanted = as_id(call.path["parameter_id"])
    return found(next((row for row in parameters_of(call.view, touchpoint) if row.id == wanted), None))


def _sent(call: Call) -> dict[str, Any]:
    return call.params.resource("worklet_parameter", ())
