"""SQL that comes out of a flow: parsed as PostgreSQL's, vetted by a list of what is allowed, translated for DuckDB."""

from __future__ import annotations

from alpine.sandbox.engine.sql.errors import in_words
from alpine.sandbox.engine.sql.register import register

__all__ = ["in_words", "register"]
