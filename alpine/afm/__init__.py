"""Reads workflow files (``.afm``): operators, links, data sources and variables.

No server is needed. A file is read as XML, in parts. Stored models and secrets, such as passwords, are skipped, so
that they cannot be shown or logged later.

Example::

    >>> from alpine import afm
    >>> flow = afm.read("row_filter.afm")
    >>> flow.variables["@min_credit_line"]
    '10'
    >>> [operator.name for operator in flow.execution_order()]
    ['credit', 'Row Filter']
"""

from __future__ import annotations

from alpine.afm.comparison import Comparison, Difference, compare
from alpine.afm.model import DataSource, Link, Operator, Workflow
from alpine.afm.reader import check, read

__all__ = [
    "Comparison",
    "DataSource",
    "Difference",
    "Link",
    "Operator",
    "Workflow",
    "check",
    "compare",
    "read",
]
