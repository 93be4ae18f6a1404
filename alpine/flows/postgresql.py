"""Pieces of PostgreSQL's SQL: names, types, and the expressions of a flow, which are PostgreSQL's already."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from alpine.sandbox.engine.expressions import literal, quoted
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.sql.parse import RESERVED
from alpine.sandbox.engine.types import written

if TYPE_CHECKING:
    from sqlglot import exp

MOST_BYTES = 63
"""PostgreSQL cuts longer names."""
OF_THE_RUN = ("@flow_id", "@user_id", "@user_name")
"""Variables that the server fills in when the flow runs, whatever the flow declares."""
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_SERIALS = {"serial2": "smallint", "serial4": "integer", "serial8": "bigint"}
_TIMES = frozenset({"date", "time", "timestamp", "timestamptz"})
_BY_PLACE = frozenset({"row_number", "ntile", "lag", "lead", "first_value", "last_value", "nth_value"})
_JOINING = frozenset({"string_agg", "array_agg"})
_BEGINNING = re.compile(r"\A\s*where\b", re.IGNORECASE)


class NoSQL(Exception):
    """Why an operator has no SQL: what follows its name, without a full stop."""


def identifier(name: str) -> str:
    """A name, in quotes where it needs them.

    >>> identifier("order_id"), identifier("Row Filter"), identifier("user")
    ('order_id', '"Row Filter"', '"user"')
    """
    return name if _PLAIN.fullmatch(name) and name not in RESERVED else quoted(name)


def cte_names(hidden: Mapping[str, Collection[str]]) -> dict[str, str]:
    """The name of each operator's query: its own, as far as PostgreSQL keeps it apart from the others.

    :param hidden: The tables by operator that a query of that name would hide.
    """
    taken: set[str] = set()
    names = {}
    for operator, tables in hidden.items():
        name, number = _cut(operator, ""), 1
        while name in taken or name in tables:
            number += 1
            name = _cut(operator, f"_{number}")
        taken.add(name)
        names[operator] = identifier(name)
    return names


def _cut(name: str, end: str) -> str:
    # A null character is in no string of PostgreSQL's.
    encoded = name.replace("\0", "").encode("utf-8", "replace")[: MOST_BYTES - len(end)]
    return (encoded.decode("utf-8", "ignore") or "operator") + end


def data_type(name: str) -> str:
    """A type as PostgreSQL writes it; empty where a flow declares none.

    :raises ValueError: It is no type of PostgreSQL's.
    """
    if not name.strip():
        return ""
    found = written(name)
    plain = " ".join(name.lower().split())
    if found.base in _SERIALS:
        return _SERIALS[found.base]
    return "double precision" if plain == "double" else plain


def expression(text: str, tables: Mapping[str, Collection[str] | None] | None = None) -> str:
    """An expression of a flow, as far as PostgreSQL reads it as one.

    :param tables: The columns that it sees, by the alias of their table, or an empty string; None where they are not
        known.
    :raises NoSQL: It does not, or what it gives depends on an order that the expression does not say.
    """
    from alpine.sandbox.engine.sql.parse import parse

    stripped = text.strip()
    if not stripped:
        raise NoSQL("an expression of it is empty")
    try:
        tree = parse(stripped)
    except NodeFailure as failure:
        raise NoSQL(_clause(failure)) from None
    _look_over(tree, tables or {})
    return _closed(stripped)


def filling(text: str) -> str:
    """A value that stands in place of a null, so that the column keeps its type.

    :raises NoSQL: PostgreSQL might give the column another type.
    """
    from sqlglot import exp

    from alpine.sandbox.engine.sql.parse import parse

    found = expression(text)
    tree = parse(text.strip())
    if isinstance(tree, exp.Cast) and tree.to.this.value.lower() in _TIMES and isinstance(tree.this, exp.Literal):
        # A constant in quotes takes the column's type; a timestamp would make one of a date.
        return literal(tree.this.this) if tree.this.is_string else found
    number = tree.this if isinstance(tree, exp.Neg) else tree
    if isinstance(number, exp.Literal) and not number.is_string:
        value = Decimal(number.this)
        # 2.0 would make a column of integers one of decimals, which are divided in another way.
        return f"{'-' if number is not tree else ''}{int(value)}" if value == value.to_integral_value() else found
    if isinstance(tree, exp.Literal | exp.Boolean | exp.Null):
        return found
    raise NoSQL(f"its value {text.strip()} for nulls is no constant, and may change the type of the column")


def script(text: str, columns: Collection[str] | None) -> list[str]:
    """What a flow has after WHERE: a condition, and the order and the limit that may follow it.

    :param columns: The columns of the table; None where they are not known.
    :returns: The lines that stand after FROM; none where there is no script.
    :raises NoSQL: PostgreSQL does not read it.
    """
    from alpine.sandbox.engine.sql.scripts import read

    stripped = _BEGINNING.sub("", text.strip().removesuffix(";").rstrip(), count=1).strip()
    if not stripped:
        return []
    try:
        _, _, tree = read(stripped)
    except NodeFailure as failure:
        raise NoSQL(_clause(failure)) from None
    if tree.args.get("limit") and not tree.args.get("order"):
        raise NoSQL("it has a LIMIT without an ORDER BY, and a database takes any rows")
    _look_over(tree, {"": columns})
    lead = "" if stripped[:6].lower() in ("order ", "limit ") else "WHERE "
    return [lead + _closed(stripped)]


def are_apart(left: str, right: str) -> bool:
    """Whether each of two expressions is about one table, and not both about the same."""
    from sqlglot import exp

    from alpine.sandbox.engine.sql.parse import parse

    tables = [{column.table for column in parse(side.strip()).find_all(exp.Column)} for side in (left, right)]
    return all(len(named) == 1 and "" not in named for named in tables) and tables[0] != tables[1]


def _look_over(tree: exp.Expression, tables: Mapping[str, Collection[str] | None]) -> None:
    """Refuse what PostgreSQL would answer in another way than the sandbox.

    :raises NoSQL: A column is not there as PostgreSQL spells names, or an order is not said.
    """
    from sqlglot import exp

    for call in tree.find_all(exp.Anonymous):
        name, around = str(call.this).lower(), call.parent
        while isinstance(around, exp.Filter | exp.IgnoreNulls | exp.RespectNulls):
            around = around.parent
        is_sorted = isinstance(around, exp.Window) and around.args.get("order")
        is_framed = isinstance(around, exp.Window) and around.args.get("spec")
        is_sorted = is_sorted or (name in _JOINING and call.find(exp.Order))
        if not is_sorted and (is_framed or name in _JOINING or name in _BY_PLACE):
            raise NoSQL(f"its {name} has no ORDER BY, and a database takes the rows in any order")
    for column in tree.find_all(exp.Column):
        _look_at(column, tables)


def _look_at(column: exp.Column, tables: Mapping[str, Collection[str] | None]) -> None:
    from sqlglot import exp

    name, alias = column.this, column.args.get("table")
    if not tables or not isinstance(name, exp.Identifier):
        return
    wanted = _folded(name)
    seen = dict(tables)
    if alias is not None:
        table = _folded(alias)
        if table not in tables:
            raise NoSQL(f"PostgreSQL finds no table {identifier(table)}; there are {', '.join(tables)}")
        seen = {table: tables[table]}
    known = [columns for columns in seen.values() if columns is not None]
    if len(known) == len(seen) and not any(wanted in columns for columns in known):
        there = ", ".join(name for columns in known for name in columns)
        raise NoSQL(f"PostgreSQL finds no column {identifier(wanted)}; its input has {there}")


def _folded(name: exp.Identifier) -> str:
    """A name as PostgreSQL reads it: in small letters but for quotes."""
    text: str = name.this
    return text if name.args.get("quoted") else text.lower()


def _closed(text: str) -> str:
    # What stands behind a remark would belong to it.
    return f"{text}\n" if "--" in text else text


def _clause(failure: NodeFailure) -> str:
    return " ".join(str(failure).split()).rstrip(".")


def check(columns: Sequence[str], sql: str) -> None:
    """Refuse what PostgreSQL would call or fill in another way than the sandbox.

    :raises NoSQL: A name is too long or there twice, or a variable gets its value when the flow runs.
    """
    there: set[str] = set()
    for column in columns:
        if column.lower() in there:
            raise NoSQL(f"two of its columns would be called {column!r}")
        if len(column.encode()) > MOST_BYTES:
            raise NoSQL(f"PostgreSQL cuts the name of its column {column!r} at {MOST_BYTES} bytes")
        there.add(column.lower())
    for variable in OF_THE_RUN:
        if variable in sql:
            raise NoSQL(f"it needs {variable}, which the server fills in when the flow runs")


def indented(sql: str) -> str:
    """A statement within a query, but for strings that go on in the next line, which keep their blanks."""
    return (
        sql
        if "$" in sql or "\\" in sql or "\n" in _strings(sql)
        else "\n".join(f"    {line}" for line in sql.split("\n"))
    )


def _strings(sql: str) -> str:
    return "".join(sql.split("'")[1::2] + sql.split('"')[1::2])
