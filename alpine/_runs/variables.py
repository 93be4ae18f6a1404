"""Workflow variables, as a user may write them and as the engine wants them."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from typing import TYPE_CHECKING

from alpine._arguments import nearest
from alpine.exception import WorkflowVariableException

if TYPE_CHECKING:
    from alpine.afm import Workflow

Variables = Mapping[str, object] | list[dict[str, object]]
"""``{"@name": value}``, or ``[{"name": "@name", "value": value}]``."""

_SHAPE = 'a dict such as {"@name": "value"}, or a list such as [{"name": "@name", "value": "value"}]'


def checked_variables(variables: object) -> list[dict[str, str]]:
    """The variables in the engine's form.

    :raises WorkflowVariableException: They have a wrong shape.
    """
    if variables is None:
        return []
    if isinstance(variables, Mapping):
        if variables.keys() == {"name", "value"}:
            # No workflow can declare these two: it is one entry of the list, without the list.
            raise WorkflowVariableException(f'{{"name": …, "value": …}} must be in a list; variables must be {_SHAPE}.')
        pairs = list(variables.items())
    elif isinstance(variables, list | tuple):
        pairs = [_pair(entry, position) for position, entry in enumerate(variables)]
    else:
        raise WorkflowVariableException(f"variables must be {_SHAPE}, not {type(variables).__name__}.")
    return [{"name": _name(name), "value": _value(name, value)} for name, value in pairs]


def undeclared(variables: list[dict[str, str]], flow: Workflow | None) -> list[str]:
    """A warning for each variable that a flow does not declare, or that no flow can declare."""
    names = [variable["name"] for variable in variables]
    if flow is None:
        return [
            f"{name!r} is not the name of a variable, since it does not begin with '@': its value will have no effect. "
            f"Did you mean '@{name}'?"
            for name in names
            if not name.startswith("@")
        ]
    which = f"The workflow {flow.name!r}" if flow.name else "The workflow"
    return [
        f"{which} declares no variable {name!r}, so that its value may have no effect.{nearest(name, flow.variables)}"
        for name in names
        if name not in flow.variables
    ]


def _pair(entry: object, position: int) -> tuple[object, object]:
    if not isinstance(entry, Mapping) or "name" not in entry or "value" not in entry:
        raise WorkflowVariableException(f"variables[{position}] needs a name and a value; variables must be {_SHAPE}.")
    return entry["name"], entry["value"]


def _name(name: object) -> str:
    if not isinstance(name, str) or not name.strip():
        raise WorkflowVariableException(f"The name of a variable must be a string such as '@name', not {name!r}.")
    return name


def _value(name: object, value: object) -> str:
    if isinstance(value, str):
        return str(value)
    from decimal import Decimal  # strings, which most values are, do without it

    if isinstance(value, bool) or type(value).__name__ in {"bool_", "bool"}:
        return "true" if value else "false"
    if isinstance(value, numbers.Integral) or (isinstance(value, numbers.Real | Decimal) and math.isfinite(value)):
        try:
            return str(value)
        except ValueError:
            raise WorkflowVariableException(f"The value of {name!r} has too many digits to be sent.") from None
    given = value if isinstance(value, numbers.Real | Decimal) else type(value).__name__
    raise WorkflowVariableException(f"The value of {name!r} must be a string or a finite number, not {given}.")
