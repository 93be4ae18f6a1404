"""Checks a flow before it runs."""

from __future__ import annotations

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
    return in_order(
        [
            *structure.links(flow, circles, known.registry),
            *_of_operators(plan),
            *structure.variables(flow),
            *structure.credentials(flow),
        ]
    )


def _of_operators(plan: Plan) -> list[Finding]:
    found = []
    for step in plan.steps.values():
        for wrong in step.wrong:
            finding = finding_of(step, wrong)
            is_source = step.entry is not None and step.entry.title in SOURCES
            # That it has no input is said already.
            if step.inputs or is_source or finding.kind not in ("link", "model"):
                found.append(finding)
    return found
