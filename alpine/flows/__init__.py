"""Checks workflow files and traces their columns, with the operators of the sandbox and no server.

:meth:`alpine.afm.Workflow.check`, :meth:`~alpine.afm.Workflow.lineage` and :meth:`~alpine.afm.Workflow.impact` load it.
"""

from __future__ import annotations

from alpine.sandbox._extras import require_all

require_all()

from alpine.flows.checking import check  # noqa: E402 - what is missing is said before anything needs it
from alpine.flows.findings import Finding, Findings  # noqa: E402
from alpine.flows.traces import (  # noqa: E402
    Effect,
    Impact,
    Lineage,
    LineageStep,
    RowColumn,
    SourceColumn,
    impact,
    lineage,
)

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
