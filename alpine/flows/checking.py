"""Checks a flow before it runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from alpine.flows import structure
from alpine.flows.findings import Finding, Findings, in_order
from alpine.flows.given import given
from alpine.flows.plan import SOURCES, Plan, look_over
from alpine.flows.wrong import finding_of

if TYPE_CHECKING:
    from alpine.afm import Workflow


def check(flow: Workflow, tables: Any = None) -> Findings:
    """Everything that is wrong with a flow, as far as it is known.

    :param flow: The flow.
    :param tables: The tables that it reads; None for what the flow declares of them.
    """
    known = given(tables, flow)
    steps, circles = structure.ordered(flow)
    plan = look_over(flow, known, steps)
    undeclared = list(structure.undeclared(flow))
    # An expression with the name of a variable in it cannot be read; the name says why.
    fields = {(finding.operator, finding.field) for finding in undeclared}
    return in_order(
        [
            *structure.links(flow, circles, known.registry),
            *(finding for finding in _of_operators(plan) if (finding.operator, finding.field) not in fields),
            *undeclared,
            *structure.unused(flow),
            *structure.credentials(flow),
        ]
    )


def _of_operators(plan: Plan) -> Iterator[Finding]:
    for step in plan.steps.values():
        is_source = step.entry is not None and step.entry.title in SOURCES
        for wrong in step.wrong:
            finding = finding_of(step, wrong)
            # That it has no input is said already, and the rest follows from it.
            if step.inputs or is_source or finding.kind in ("syntax", "refused"):
                yield finding
