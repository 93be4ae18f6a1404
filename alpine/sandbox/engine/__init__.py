"""Executes workflows on a database, an operator at a time, a thread for each run.

::

    Engine ── Run (a thread) ── Registry ── operators/*.py     one short function for each operator
       │          │                            │
       │          └── Substitution             └── Context ── expressions, pig
       └── Database (DuckDB) ── Cursor, a schema for each run
                                               document        the results, in the server's format
"""

from alpine.sandbox.engine.context import Context, Output
from alpine.sandbox.engine.core import Engine
from alpine.sandbox.engine.failures import EngineRefused, NodeFailure
from alpine.sandbox.engine.registry import fidelity_table

__all__ = ["Context", "Engine", "EngineRefused", "NodeFailure", "Output", "fidelity_table"]
