"""Pieces of PostgreSQL's SQL: names, types, and the expressions of a flow, which are PostgreSQL's already."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from alpine.sandbox.engine.expressions import literal, quoted
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.types import written

__all__ = ["NoSQL", "cte_names", "data_type", "expression", "identifier", "literal", "script"]

MOST_BYTES = 63
"""PostgreSQL cuts longer names."""
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_RESERVED = frozenset(
    word
    for line in (
        "all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate",
        "collation column concurrently constraint create cross current_catalog current_date current_role",
        "current_schema current_time current_timestamp current_user default deferrable desc distinct do else end",
        "except false fetch for foreign freeze from full grant group having ilike in initially inner intersect into",
        "is isnull join lateral leading left like limit localtime localtimestamp natural not notnull null offset on",
        "only or order outer overlaps placing primary references returning right select session_user similar some",
        "symmetric system_user table tablesample then to trailing true union unique user using variadic verbose when",
        "where window with",
    )
    for word in line.split()
)
_SERIALS = {"serial2": "smallint", "serial4": "integer", "serial8": "bigint"}
_BEGINNING = re.compile(r"\s*where\b", re.IGNORECASE)


class NoSQL(Exception):
    """Why an operator has no SQL: what follows its name, without a full stop."""


def identifier(name: str) -> str:
    """A name, in quotes where it needs them.

    >>> identifier("order_id"), identifier("Row Filter"), identifier("user")
    ('order_id', '"Row Filter"', '"user"')
    """
    return name if _PLAIN.fullmatch(name) and name not in _RESERVED else quoted(name)


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


def expression(text: str) -> str:
    """An expression of a flow, as far as PostgreSQL reads it as one.

    :raises NoSQL: It does not.
    """
    from alpine.sandbox.engine.sql.parse import parse

    stripped = text.strip()
    if not stripped:
        raise NoSQL("an expression of it is empty")
    try:
        parse(stripped)
    except NodeFailure as failure:
        raise NoSQL(_clause(failure)) from None
    return _closed(stripped)


def script(text: str) -> list[str]:
    """What a flow has after WHERE: a condition, and the order and the limit that may follow it.

    :returns: The lines that stand after FROM; none where there is no script.
    :raises NoSQL: PostgreSQL does not read it.
    """
    from alpine.sandbox.engine.sql.scripts import read

    stripped = _BEGINNING.sub("", text.strip().removesuffix(";").rstrip(), count=1).strip()
    if not stripped:
        return []
    try:
        read(stripped)
    except NodeFailure as failure:
        raise NoSQL(_clause(failure)) from None
    lead = "" if stripped[:6].lower() in ("order ", "limit ") else "WHERE "
    return [lead + _closed(stripped)]


def _closed(text: str) -> str:
    # What stands behind a remark would belong to it.
    return f"{text}\n" if "--" in text else text


def _clause(failure: NodeFailure) -> str:
    return " ".join(str(failure).split()).rstrip(".")
