"""What a workflow file (``.afm``) says: its operators, links, data sources and variables.

Nothing here talks to a server. A file is read as XML, piece by piece; stored models are skipped, and what is
kept secret in a file (passwords) is dropped while reading, so that it cannot be shown or logged later.

Example::

    >>> from alpine import afm
    >>> flow = afm.read("row_filter.afm")
    >>> flow.variables["@min_credit_line"]
    '10'
    >>> [operator.name for operator in flow.execution_order()]
    ['credit', 'Row Filter']
"""

from __future__ import annotations

from alpine.afm.model import DataSource, Link, Operator, Workflow
from alpine.afm.reader import check, read

__all__ = ["DataSource", "Link", "Operator", "Workflow", "check", "read"]
