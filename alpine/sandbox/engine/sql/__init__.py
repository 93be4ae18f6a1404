"""SQL that comes out of a flow: parsed as PostgreSQL's, vetted by a list of what is allowed, translated for DuckDB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from alpine.sandbox.engine.sql.errors import in_words
from alpine.sandbox.engine.sql.register import forget, register, watch

if TYPE_CHECKING:
    from alpine.sandbox.engine.sql.typed import Typed

__all__ = ["column", "compared", "condition", "forget", "in_words", "register", "translate", "watch", "where"]

Tables = Mapping[str, Sequence[tuple[str, str]]]
"""The columns that an expression sees, by the alias of their table (empty for the only one): each one's name, and its
type as DuckDB writes it."""


def translate(
    text: str, tables: Tables, data_type: str = "", *, is_column: bool = False, last: tuple[str, str] = ("", "")
) -> Typed:
    """An expression of PostgreSQL's as one of DuckDB's that means the same.

    :param text: The expression.
    :param tables: The columns that it sees.
    :param data_type: The type that it is cast to, as PostgreSQL names it; may be empty.
    :param is_column: Whether its values are kept in a table.
    :param last: SQL of the last keys to sort by, in aggregates and in windows, where rows are equal or in no order:
        DuckDB's threads give those in another order each time. Empty for none.
    :raises NodeFailure: PostgreSQL refuses it, or the sandbox does.
    """
    # sqlglot takes a while to load, and most of the sandbox's users never need it.
    from alpine.sandbox.engine.sql.columns import Columns
    from alpine.sandbox.engine.sql.translator import Translator

    return Translator(text, Columns(tables), last=last).translated(data_type, is_column=is_column)


def column(text: str, tables: Tables, data_type: str = "", last: tuple[str, str] = ("", "")) -> str:
    """An expression as the SQL of a column of a table.

    Its parameters and failures are those of :func:`translate`.
    """
    from alpine.sandbox.engine.sql.casts import as_column

    return as_column(translate(text, tables, data_type, is_column=True, last=last)).sql


def condition(text: str, tables: Tables) -> str:
    """An expression that chooses rows, as SQL.

    :raises NodeFailure: It is no condition, or holds an aggregate or a window function.
    """
    from alpine.sandbox.engine.sql.columns import Columns
    from alpine.sandbox.engine.sql.translator import Translator

    return Translator(text, Columns(tables)).condition().sql


def compared(left: str, comparison: str, right: str, tables: Tables) -> str:
    """Two expressions with a comparison between them, as the SQL of a condition.

    :raises NodeFailure: PostgreSQL does not compare the two, or one of them is refused.
    """
    # Each on its own first: what stands in one cannot reach out of its parentheses into the other.
    translate(left, tables)
    translate(right, tables)
    end = "\n" if "--" in left + right else ""
    return condition(f"({left}{end}) {comparison} ({right}{end})", tables)


def where(text: str, tables: Tables, last: str = "") -> str:
    """A condition, with the order and the limit that may follow it, as the SQL that stands after a table's name.

    :param text: What a flow has after WHERE.
    :param last: SQL of the last key to sort by, where there is an ORDER BY; empty for none.
    :raises NodeFailure: PostgreSQL refuses it, or the sandbox does.
    """
    from alpine.sandbox.engine.sql.scripts import rows

    return rows(text, tables, last)
