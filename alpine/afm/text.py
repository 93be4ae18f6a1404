"""A workflow as lines of text that can be compared by any program: sorted, without positions, models and secrets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from alpine.afm.fields import fields_of

if TYPE_CHECKING:
    from alpine.afm.model import Workflow


def to_text(flow: Workflow) -> str:
    """A workflow as lines of text: variables, data sources, operators by name with their inputs and fields.

    :param flow: The workflow.
    """
    return "".join(f"{line}\n" for line in _lines(flow))


def _lines(flow: Workflow) -> Iterator[str]:
    for name, value in sorted(flow.variables.items()):
        yield f"variable {name} = {_one_line(value)}"
    for source in sorted(flow.data_sources, key=lambda source: source.name):
        yield f"data source {source.name} ({source.type})"
    for name, operator in sorted(flow.operators.items()):
        yield ""
        yield f"operator {name} ({operator.class_name})"
        for other in flow.inputs_of(name):
            yield f"    input: {other.name}"
        for key, value in fields_of(operator).items():
            first, *rest = value.splitlines() or [""]
            yield f"    {key} = {first}"
            # An expression of several lines stays one, so that a difference shows its line.
            yield from (f"        {line}" for line in rest)


def _one_line(text: str) -> str:
    return text.replace("\n", "\\n")
