"""Touchpoints and their parameters."""

from __future__ import annotations

from typing import Any

from alpine.sandbox.presenters.view import View, moment
from alpine.sandbox.state.collaboration import Touchpoint, TouchpointParameter


def parameters_of(view: View, touchpoint: Touchpoint) -> list[TouchpointParameter]:
    """The parameters of a touchpoint, in the order in which they came.

    A published touchpoint has those of the one that it was made from.

    :param view: Who looks.
    :param touchpoint: The touchpoint.
    :returns: Its parameters.
    """
    owner = touchpoint.source_id or touchpoint.id
    return [row for row in view.state.table(TouchpointParameter) if row.touchpoint_id == owner]


def parameter_object(parameter: TouchpointParameter) -> dict[str, Any]:
    """A parameter of a touchpoint.

    :param parameter: The parameter.
    :returns: Its object.
    """
    return {
        "id": parameter.id,
        "workfile_id": parameter.touchpoint_id,
        "variable_name": parameter.variable_name,
        "label": parameter.label,
        "description": parameter.description,
        "data_type": parameter.data_type,
        "required": parameter.required,
        "use_default": parameter.use_default,
        "options": list(parameter.options),
        "validations": parameter.validations,
    }


def touchpoint_fields(view: View, touchpoint: Touchpoint) -> dict[str, Any]:
    """What a touchpoint's object has besides that of a workfile.

    :param view: Who looks.
    :param touchpoint: The touchpoint.
    :returns: The keys.
    """
    return {
        "version_info": {"created_at": moment(touchpoint.created_at), "updated_at": moment(touchpoint.updated_at)},
        "workflow_id": touchpoint.workflow_id,
        "run_persona": touchpoint.run_persona,
        "output_table": list(touchpoint.output_table),
        "state": "published" if touchpoint.is_published else "completed",
        "parameters": [parameter_object(row) for row in parameters_of(view, touchpoint)],
        "running": touchpoint.process_id is not None,
        "killable_id": touchpoint.process_id,
    }
