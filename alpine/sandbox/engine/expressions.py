"""SQL that comes out of a flow: what it may be, and how it is put into a query.

Text from a flow enters a query only as a single expression, vetted on the tree that DuckDB's own parser makes
of it. An expression without a subquery sees the columns of the operator's input and nothing else: no other table,
no file, no other run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Any

from alpine.sandbox.engine.failures import NodeFailure

MAX_LENGTH = 100_000
MAX_NESTING = 200
"""DuckDB's parser takes the square of the depth, and cannot be interrupted meanwhile."""
_REFUSED_FUNCTIONS = frozenset(
    {"write_log", "sleep_ms", "current_setting", "current_query", "getvariable", "nextval", "currval"}
    # A number decides how much they make, DuckDB's memory limit does not count it, and no stop reaches them.
    | {"range", "generate_series", "generate_subscripts", "unnest", "repeat", "list_resize", "array_resize"}
    | {"bitstring", "bar", "format", "printf"}
)
_PADDING = frozenset({"lpad", "rpad"})
_LONGEST_PADDED = 10_000
_COMPARISONS = frozenset({"=", "<>", "!=", "<", "<=", ">", ">="})

Fetch = Callable[[str, list[Any]], list[tuple[Any, ...]]]


def quoted(name: str) -> str:
    """A name as an SQL identifier, whatever characters it holds."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A string as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def names(columns: Iterator[str] | tuple[str, ...] | list[str]) -> str:
    """Columns as an SQL list."""
    return ", ".join(quoted(column) for column in columns)


def vetted(text: str, fetch: Fetch) -> str:
    """An expression of a flow, once it is sure to be one expression and to reach nothing but its input's columns.

    :param text: The expression, in DuckDB's SQL.
    :param fetch: Runs a query with parameters.
    :returns: The expression in parentheses.
    :raises NodeFailure: It is anything else.
    """
    if len(text) > MAX_LENGTH:
        raise NodeFailure(f"An expression of {len(text):,} characters is too long; {MAX_LENGTH:,} are allowed.")
    signs = (1 if sign in "([{" else -1 for sign in text if sign in "([{)]}")
    if max(accumulate(signs), default=0) > MAX_NESTING:
        raise NodeFailure(f"This expression is nested too deep: {_shown(text)}")
    [(answer,)] = fetch("SELECT json_serialize_sql(?::VARCHAR)", [f"SELECT {text}\n"])
    try:
        tree = json.loads(answer)
    except RecursionError:
        raise NodeFailure(f"This expression is nested too deep: {_shown(text)}") from None
    if tree["error"]:
        raise NodeFailure(f"This is not a valid expression: {_shown(text)} ({tree.get('error_message', '')})")
    if not _is_one_expression(tree["statements"]):
        raise NodeFailure(f"This has to be one expression, and nothing else: {_shown(text)}")
    for node in _nodes(tree["statements"][0]["node"]["select_list"]):
        if node.get("class") == "SUBQUERY":
            raise NodeFailure(f"The sandbox allows no subquery in an expression: {_shown(text)}")
        if str(node.get("function_name", "")).lower() in _REFUSED_FUNCTIONS:
            raise NodeFailure(f"The sandbox does not allow the function {node['function_name']} in an expression.")
        if str(node.get("function_name", "")).lower() in _PADDING and not _is_short_padding(node):
            raise NodeFailure(f"The length for {node['function_name']} must be a number up to {_LONGEST_PADDED:,}.")
    return f"({text}\n)"


Compare = Callable[[str, str, str], str]


def condition(
    column: str, operator: str, first: str, second: str, value: Callable[[str], str], compare: Compare | None = None
) -> str:
    """One condition of a row filter.

    :param column: The column's quoted name.
    :param operator: The comparison, as the flow writes it.
    :param first: The value it compares to, as the flow writes it.
    :param second: The other value of a ``between``.
    :param value: Vets and translates a value.
    :param compare: Vets and translates a comparison of the column and a value, where both are of one language.
    :raises NodeFailure: The comparison is not known.
    """
    kind = " ".join(operator.lower().replace("_", " ").split())
    kind = "=" if kind == "==" else kind
    if kind in _COMPARISONS and compare:
        return compare(column, "<>" if kind == "!=" else kind, first)
    if kind in _COMPARISONS:
        return f"{column} {kind} {value(first)}"
    text = f"CAST({column} AS VARCHAR)"
    match kind:
        case "is null":
            return f"{column} IS NULL"
        case "is not null":
            return f"{column} IS NOT NULL"
        case "is blank":
            return f"coalesce(trim({text}), '') = ''"
        case "contains":
            return f"contains({text}, {literal(_unquoted(first))})"
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


def _is_one_expression(statements: list[dict[str, Any]]) -> bool:
    if len(statements) != 1:
        return False
    node = statements[0]["node"]
    empty = ("modifiers", "where_clause", "group_expressions", "having", "qualify", "sample")
    return bool(
        node["type"] == "SELECT_NODE"
        and len(node["select_list"]) == 1
        and not node["select_list"][0]["alias"]
        and node["select_list"][0]["class"] != "STAR"
        and node["from_table"]["type"] == "EMPTY"
        and not node["cte_map"]["map"]
        and not any(node.get(key) for key in empty)
    )


def _is_short_padding(function: dict[str, Any]) -> bool:
    """Whether the length of a padded text is a small constant."""
    # DuckDB 2 writes the tree of an expression in another way than DuckDB 1.
    arguments = function.get("children") or [given["expression"] for given in function.get("arguments", [])]
    length = arguments[1] if len(arguments) > 1 else {}
    text = str((length.get("literal") or {}).get("text", (length.get("value") or {}).get("value")))
    return text.isdecimal() and int(text) <= _LONGEST_PADDED


def _nodes(root: Any) -> Iterator[dict[str, Any]]:
    waiting = [root]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            yield item
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)


def _shown(text: str) -> str:
    return text if len(text) <= 200 else text[:200] + "…"
