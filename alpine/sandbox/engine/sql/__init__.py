"""SQL that comes out of a flow: parsed as PostgreSQL's, vetted by a list of what is allowed, translated for DuckDB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from alpine.sandbox.engine.sql.errors import in_words
from alpine.sandbox.engine.sql.register import register

if TYPE_CHECKING:
    from alpine.sandbox.engine.sql.typed import Typed

__all__ = ["in_words", "register", "translate"]


def translate(text: str, tables: Mapping[str, Sequence[tuple[str, str]]]) -> Typed:
    """An expression of PostgreSQL's as one of DuckDB's that means the same.

    :param text: The expression.
    :param tables: The columns that it sees, by the alias of their table (empty for the only one): each one's name, and
        its type as DuckDB writes it.
    :raises NodeFailure: PostgreSQL refuses it, or the sandbox does.
    """
    # sqlglot takes a while to load, and most of the sandbox's users never need it.
    from alpine.sandbox.engine.sql.translator import Columns, Translator

    return Translator(text, Columns(tables)).translated()
