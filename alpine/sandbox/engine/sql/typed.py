"""An expression that is translated already: its SQL for DuckDB, and its type in PostgreSQL."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from alpine.sandbox.engine.sql.types import UNKNOWN, Type

if TYPE_CHECKING:
    from sqlglot import exp

_SIMPLE = re.compile(r'"(?:[^"]|"")*"(?:\."(?:[^"]|"")*")?|CAST\((?:-?[\d.]+|\'[^\']{0,40}\'|NULL) AS [\w(), ]+\)')
HELD = '"\x1fheld"'
"""The parameter of a lambda; no column of a user can have the name, which would be read in its place."""
_PLACEHOLDER = re.compile(r"\{(\d)\}")
LONGEST = 1_000_000
"""Characters of DuckDB's SQL that one expression may become."""


@dataclass(frozen=True)
class Typed:
    """A part of an expression.

    :param sql: SQL for DuckDB that may stand anywhere a primary expression may.
    :param type: Its type in PostgreSQL.
    :param constant: The text of a constant; None where it is not one.
    :param can_fail: Whether a row can make it fail, so that in AND or OR what stands before it comes first.
    :param aggregates: ``"aggregate"`` or ``"window"`` where it holds such a function.
    :param made: How many characters it can make beyond those that its columns have.
    :param parts: What PostgreSQL computes it of.
    :param how: How it does, in a word of :mod:`folding`.
    :param node: Where it stands in the expression.
    """

    sql: str
    type: Type
    constant: str | None = None
    can_fail: bool = False
    aggregates: str = ""
    made: int = 0
    parts: tuple[Typed, ...] = field(default=(), compare=False, repr=False)
    how: str = field(default="", compare=False)
    node: exp.Expression | None = field(default=None, compare=False, repr=False)

    @property
    def is_null(self) -> bool:
        """Whether it is the constant NULL."""
        return self.sql == "NULL"


NULL = Typed("NULL", UNKNOWN)


class TooLong(Exception):
    """What an expression is translated to has grown too long."""


def fill(template: str, arguments: Sequence[Typed]) -> str:
    """SQL with its arguments in their places, each computed once however often it stands there.

    :param template: SQL where ``{0}``, ``{1}`` … stand for the arguments; none of them inside of quotes.
    :raises TooLong: It grows beyond what is allowed.
    """
    places = [int(place) for place in _PLACEHOLDER.findall(template)]
    repeated = any(places.count(place) > 1 and not _SIMPLE.fullmatch(arguments[place].sql) for place in set(places))
    if not repeated:
        sql = _PLACEHOLDER.sub(lambda found: arguments[int(found[1])].sql, template)
    else:
        # All of them: neither an aggregate nor a window function can stand inside of a lambda.
        held = {place: arguments[place] for place in sorted(set(places)) if not _is_simple(arguments[place])}
        body = _PLACEHOLDER.sub(lambda found: _inside(int(found[1]), held, arguments), template)
        fields = ", ".join(f"a{place}: {argument.sql}" for place, argument in held.items())
        sql = f"list_transform([{{{fields}}}], lambda {HELD}: {body})[1]"
    if len(sql) > LONGEST:
        raise TooLong
    return sql


def _is_simple(argument: Typed) -> bool:
    # A column is held, too: where rows are grouped, a lambda cannot look at the row around it.
    return _SIMPLE.fullmatch(argument.sql) is not None and not argument.sql.startswith('"')


def _inside(place: int, held: dict[int, Typed], arguments: Sequence[Typed]) -> str:
    return f'{HELD}."a{place}"' if place in held else arguments[place].sql


def together(sql: str, parts: list[Typed], kind: Type) -> Typed:
    """SQL that holds its parts already, where they are not to be computed before it."""
    if len(sql) > LONGEST:
        raise TooLong
    holds = {part.aggregates for part in parts}
    return Typed(
        sql,
        kind,
        can_fail=any(part.can_fail for part in parts),
        aggregates="window" if "window" in holds else "aggregate" if "aggregate" in holds else "",
        made=sum(part.made for part in parts),
        parts=tuple(parts),
    )


def computed(value: Typed, how: str, parts: Sequence[Typed]) -> Typed:
    """A value that PostgreSQL computes of other parts, or in another way, than its SQL is made of."""
    return replace(value, how=how, parts=tuple(parts))
