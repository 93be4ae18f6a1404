"""Checks workflow files and traces their columns, with the operators of the sandbox and no server.

:meth:`alpine.afm.Workflow.check`, :meth:`~alpine.afm.Workflow.lineage` and :meth:`~alpine.afm.Workflow.impact` load it.
"""

from __future__ import annotations

from alpine.flows.checking import check
from alpine.flows.findings import Finding, Findings
from alpine.flows.traces import Effect, Impact, Lineage, LineageStep, RowColumn, SourceColumn, impact, lineage

__all__ = [
    "Effect",
    "Finding",
    "Findings",
    "Impact",
    "Lineage",
    "LineageStep",
    "RowColumn",
    "SourceColumn",
    "check",
    "impact",
    "lineage",
]
