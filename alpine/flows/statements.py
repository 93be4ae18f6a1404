"""Which columns the columns and the rows of a SELECT come from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from alpine.sandbox.engine.expressions import quoted
from alpine.sandbox.engine.tables import PLACE

Columns = frozenset[tuple[int, str]]
"""Columns, each by the number of its table and its name in small letters; the name of a place stands for the order."""

ORDER = PLACE.strip('"').lower()
"""The column that says in which order the rows of a table come."""
COMPUTED = (0, "")
"""What stands for values that a function has computed of what its operator looks at, such as predictions."""
_NUMBERS = re.compile(r"WHERE (\d+) < 0\)")
_HANDED_OVER = "handed_over"
_TAKEN = f"SELECT * FROM {_HANDED_OVER}"
_ROLES = {
    "where": "filter",
    "having": "filter",
    "qualify": "filter",
    "group": "group",
    "distinct": "distinct",
    "order": "order",
    "limit": "limit",
    "offset": "limit",
}


@dataclass
class Origin:
    """Where a table comes from.

    :param values: For each of its columns, by its name in small letters, the columns that its values come from.
    :param rows: The columns that decide which rows there are, and in which order, each with the part that it has.
    :param read: The tables that it is made of, by number.
    :param is_certain: Whether the SQL was understood; otherwise every column may come from all.
    """

    values: dict[str, Columns] = field(default_factory=dict)
    rows: frozenset[tuple[str, int, str]] = frozenset()
    read: frozenset[int] = frozenset()
    is_certain: bool = True


@dataclass(frozen=True)
class Known:
    """A table that a statement may read.

    :param sql: Its SQL, without the order.
    :param ordered: Its SQL, with the order.
    :param columns: Its columns.
    """

    sql: str
    ordered: str
    columns: tuple[str, ...]


def origin(select: str, columns: Iterable[str], tables: Mapping[int, Known]) -> Origin:
    """Where the columns and rows of a SELECT come from.

    :param select: The statement, in DuckDB's SQL.
    :param columns: The columns that it gives.
    :param tables: The tables that it may read.
    """
    from sqlglot.errors import SqlglotError

    names = [column.lower() for column in columns]
    if select == _TAKEN:
        return Origin(dict.fromkeys(names, frozenset({COMPUTED})))
    # By position each row meets its own, as all rows of a CROSS JOIN do, and sqlglot reads no other than that.
    select = select.replace(f"POSITIONAL JOIN {_HANDED_OVER}", f"CROSS JOIN {_HANDED_OVER}")
    numbers = sorted({int(number) for number in _NUMBERS.findall(select)} & tables.keys(), reverse=True)
    schema: dict[str, dict[str, str]] = {}
    for number in numbers:
        known = tables[number]
        select = select.replace(known.ordered, f"o{number}").replace(known.sql, f"t{number}")
        schema[f"t{number}"] = {quoted(column): "int" for column in known.columns}
        schema[f"o{number}"] = {**schema[f"t{number}"], PLACE: "int"}
    try:
        found = _Statement(select, schema).origin(names)
    except (SqlglotError, LookupError, AttributeError, TypeError, ValueError, RecursionError):
        found = _all(names, {number: tables[number].columns for number in numbers})
    found.read = frozenset(numbers)
    return found


def _all(names: Iterable[str], tables: Mapping[int, Iterable[str]]) -> Origin:
    """What is said where nothing is known: all comes from all."""
    every = frozenset((number, name.lower()) for number, columns in tables.items() for name in [*columns, ORDER])
    rows = frozenset(("any", number, name) for number, name in every)
    return Origin(dict.fromkeys(names, every), rows, is_certain=False)


@dataclass
class _Found:
    values: dict[str, Columns]
    rows: frozenset[tuple[str, int, str]]


class _Statement:
    """A SELECT, parsed, its columns with the tables they belong to.

    :param sql: The statement; tables are called ``t`` or, with their order, ``o`` and their number.
    :param schema: The columns of its tables.
    """

    def __init__(self, sql: str, schema: dict[str, dict[str, str]]) -> None:
        from sqlglot import exp, parse_one
        from sqlglot.optimizer.qualify import qualify
        from sqlglot.optimizer.scope import build_scope

        self._exp: Any = exp
        tree = parse_one(sql, dialect="duckdb")
        tree = qualify(
            tree,
            dialect="duckdb",
            schema=schema,
            validate_qualify_columns=False,
            quote_identifiers=False,
            identify=False,
        )
        scope = build_scope(tree)
        if scope is None:
            raise ValueError(sql)
        self._scope: Any = scope
        self._known = {table: {name.strip('"').lower() for name in columns} for table, columns in schema.items()}
        self._seen: dict[int, _Found] = {}

    def origin(self, names: list[str]) -> Origin:
        """Where its columns and rows come from.

        :param names: Its columns, without the order.
        """
        found = self._of(self._scope)
        values = {name: columns for name, columns in found.values.items() if name != ORDER}
        if set(values) != set(names):
            if len(values) != len(names):
                raise ValueError(f"{list(values)} are not {names}")
            values = dict(zip(names, values.values(), strict=True))
        return Origin(values, found.rows)

    def _of(self, scope: Any) -> _Found:
        key = id(scope)
        if key not in self._seen:
            self._seen[key] = (
                self._union(scope) if isinstance(scope.expression, self._exp.SetOperation) else self._select(scope)
            )
        return self._seen[key]

    def _union(self, scope: Any) -> _Found:
        """Columns below each other, by position."""
        left, right = (self._of(part) for part in _branches(scope))
        pairs = zip(left.values.items(), right.values.values(), strict=True)
        values = {name: columns | more for (name, columns), more in pairs}
        rows = left.rows | right.rows | self._parts(scope)
        if scope.expression.args.get("distinct"):
            rows |= {("distinct", *column) for columns in values.values() for column in columns}
        return _Found(values, rows)

    def _select(self, scope: Any) -> _Found:
        exp = self._exp
        select = scope.expression
        if not isinstance(select, exp.Select):
            raise TypeError(type(select).__name__)
        values: dict[str, Columns] = {}
        for item in select.expressions:
            if item.is_star:
                raise ValueError("a star that could not be spelled out")
            values[item.alias_or_name.lower()] = self._within(item, scope)
        rows = self._parts(scope)
        for source in scope.sources.values():
            if not isinstance(source, exp.Table):
                rows |= self._of(source).rows
        if select.args.get("distinct"):
            rows |= {("distinct", *column) for columns in values.values() for column in columns}
        return _Found(values, rows)

    def _parts(self, scope: Any) -> frozenset[tuple[str, int, str]]:
        """What decides which rows there are: conditions, joins, groups, order and limit."""
        rows = {
            (role, *column)
            for part, role in _ROLES.items()
            if (node := scope.expression.args.get(part)) is not None and part != "distinct"
            for column in self._within(node, scope)
        }
        for join in scope.expression.args.get("joins") or []:
            for part in (join.args.get("on"), *(join.args.get("using") or [])):
                rows |= {("join", *column) for column in (self._within(part, scope) if part is not None else ())}
        return frozenset(rows)

    def _within(self, node: Any, scope: Any) -> Columns:
        """The columns of the tables that an expression comes from."""
        exp = self._exp
        found: set[tuple[int, str]] = set()
        inner = [part for part in scope.subquery_scopes if _is_within(part.expression, node)]
        for part in inner:
            of = self._of(part)
            found |= {column for columns in of.values.values() for column in columns}
            found |= {(number, name) for _, number, name in of.rows}
        for column in node.find_all(exp.Column):
            found |= self._column(column, scope)
        return frozenset(found)

    def _column(self, column: Any, scope: Any) -> Columns:
        name, table = column.name.lower(), column.table
        sources = {table: scope.sources[table]} if table in scope.sources else {}
        if not table:
            # A part of a subquery, a parameter of a lambda, or a column that sqlglot leaves as it is.
            sources = {alias: source for alias, source in scope.sources.items() if self._has(source, name)}
        found: set[tuple[int, str]] = set()
        for source in sources.values():
            if not isinstance(source, self._exp.Table):
                found |= self._of(source).values.get(name, frozenset())
            elif source.name != _HANDED_OVER:
                found.add((int(source.name[1:]), name))
            else:
                found.add(COMPUTED)
        return frozenset(found)

    def _has(self, source: Any, name: str) -> bool:
        if isinstance(source, self._exp.Table):
            return source.name == _HANDED_OVER or name in self._known.get(source.name, ())
        return name in self._of(source).values


def _branches(scope: Any) -> list[Any]:
    """The two sides of a union; releases of sqlglot have two names for them."""
    found: list[Any] = getattr(scope, "set_operation_scopes", None) or scope.union_scopes
    return found


def _is_within(inner: Any, outer: Any) -> bool:
    while inner is not None:
        if inner is outer:
            return True
        inner = inner.parent
    return False
