"""Scripts of Pig, run on the tables of a run; their expressions are those of :mod:`alpine.sandbox.engine.pig`.

::

    script ── statements ── one text for each ── grammar ── a tree ── interpreter ── relations ── tables
                                                                        │
                                                                        ├── foreach      GENERATE and FLATTEN
                                                                        ├── expressions  fields, bags and tuples
                                                                        └── output       the operator's table

A relation is a table that is made when it is first read. A bag exists only as long as a statement needs it: that of
GROUP is the rows of a group, those of TOKENIZE are lists.
"""

from __future__ import annotations

from alpine.sandbox.engine.pig_script.interpreter import Script, parsed
from alpine.sandbox.engine.pig_script.output import result

__all__ = ["Script", "parsed", "result"]
