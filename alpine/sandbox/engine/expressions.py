"""Pieces of SQL that operators put together: names, literals, conditions of a row filter."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from alpine.sandbox.engine.failures import NodeFailure

_COMPARISONS = frozenset({"=", "<>", "!=", "<", "<=", ">", ">="})


def quoted(name: str) -> str:
    """A name as an SQL identifier, whatever characters it holds."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A string as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def names(columns: Iterator[str] | tuple[str, ...] | list[str]) -> str:
    """Columns as an SQL list."""
    return ", ".join(quoted(column) for column in columns)


Compare = Callable[[str, str, str], str]


def condition(
    column: str,
    operator: str,
    first: str,
    second: str,
    value: Callable[[str], str],
    compare: Compare | None = None,
    *,
    is_text: bool,
) -> str:
    """One condition of a row filter.

    :param column: The column's quoted name.
    :param operator: The comparison, as the flow writes it.
    :param first: The value it compares to, as the flow writes it.
    :param second: The other value of a ``between``.
    :param value: Vets and translates a value.
    :param compare: Vets and translates a comparison of the column and a value, where both are of one language.
    :param is_text: Whether the column holds text.
    :raises NodeFailure: The comparison is not known, or none of such a column.
    """
    kind = " ".join(operator.lower().replace("_", " ").split())
    kind = "=" if kind == "==" else kind
    if kind in _COMPARISONS and compare:
        return compare(column, "<>" if kind == "!=" else kind, first)
    if kind in _COMPARISONS:
        return f"{column} {kind} {value(first)}"
    match kind:
        case "is null":
            return f"{column} IS NULL"
        case "is not null":
            return f"{column} IS NOT NULL"
        case "is blank":
            return f"coalesce(trim({column}), '') = ''" if is_text else f"{column} IS NULL"
        case "contains" if is_text:
            return f"contains({column}, {literal(_unquoted(first))})"
        case "contains":
            raise NodeFailure(f"The condition 'contains' is one of text, and the column {column} holds none.")
        case "between" if compare:
            return f"{compare(column, '>=', first)} AND {compare(column, '<=', second)}"
        case "between":
            return f"{column} BETWEEN {value(first)} AND {value(second)}"
    raise NodeFailure(f"The sandbox does not know the condition {operator!r} of a row filter.")


def _unquoted(text: str) -> str:
    stripped = text.strip()
    if len(stripped) > 1 and stripped[0] == stripped[-1] == "'":
        return stripped[1:-1].replace("''", "'")
    return text
