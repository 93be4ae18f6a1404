"""The grammar of statements. What stands where an expression can stand is kept as text, for the grammar of those."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from lark import Lark, Token, Transformer, Tree, v_args
from lark.exceptions import LarkError, UnexpectedInput, VisitError

from alpine.sandbox.engine.pig.refusals import Refusal

_GRAMMAR = r"""
?start: assignment | store
assignment: NAME "=" relation
store: STORE NAME INTO STRING [USING expression]
?relation: alias | foreach | filter | group | join | distinct | order | limit | union
?source: NAME -> alias | "(" relation ")"
alias: NAME
foreach: FOREACH source GENERATE item ("," item)*
item: FLATTEN "(" expression ")" [schema] -> flattened
    | expression [schema] -> plain
schema: AS (field | "(" field ("," field)* ")")
field: NAME [":" NAME]
filter: FILTER source BY expression
group: GROUP source (ALL | BY expression ("," source BY expression)*) [USING STRING] [PARALLEL NUMBER]
join: JOIN side ("," side)+ [USING STRING] [PARALLEL NUMBER]
side: source BY expression [SIDE] [OUTER]
distinct: DISTINCT source [PARALLEL NUMBER]
order: ORDER source BY key ("," key)* [PARALLEL NUMBER]
key: expression [DIRECTION]
limit: LIMIT source expression
union: UNION [ONSCHEMA] source ("," source)+
expression: _piece+
_piece: NAME | NUMBER | STRING | OTHER | "(" (_piece | ",")* ")"

FOREACH.2: /foreach\b/i
GENERATE.2: /generate\b/i
FLATTEN.2: /flatten\b/i
AS.2: /as\b/i
FILTER.2: /filter\b/i
GROUP.2: /group\b/i
BY.2: /by\b/i
ALL.2: /all\b/i
JOIN.2: /join\b/i
SIDE.2: /(left|right|full)\b/i
OUTER.2: /outer\b/i
DISTINCT.2: /distinct\b/i
ORDER.2: /order\b/i
DIRECTION.2: /(asc|desc)\b/i
LIMIT.2: /limit\b/i
UNION.2: /union\b/i
ONSCHEMA.2: /onschema\b/i
STORE.2: /store\b/i
INTO.2: /into\b/i
USING.2: /using\b/i
PARALLEL.2: /parallel\b/i
NAME: /[A-Za-z][A-Za-z0-9_]*(::[A-Za-z][A-Za-z0-9_]*)*/
NUMBER: /\d\w*(\.\d\w*)?/
STRING: /'(\\.|[^'\\])*'/s
OTHER.-1: /[^\s\w'(),]/
%ignore /\s+/
"""


@dataclass(frozen=True)
class Fragment:
    """An expression that is not yet read.

    :param text: It.
    :param at: The place before its first character in the statement, from 0.
    """

    text: str
    at: int


@dataclass(frozen=True)
class Declared:
    """A field of an AS clause: its name, its type where one is given, and its place from 1."""

    name: str
    kind: str
    at: int


@dataclass(frozen=True)
class Item:
    """What one part of GENERATE makes."""

    of: Fragment
    is_flattened: bool
    declared: tuple[Declared, ...]


@dataclass(frozen=True)
class Alias:
    """A relation by its name."""

    name: str
    at: int


@dataclass(frozen=True)
class Operation:
    """What makes a relation of others.

    :param kind: The word that it begins with, in small letters.
    :param sources: What it reads.
    :param more: What belongs to that kind.
    :param at: Its place, from 1.
    """

    kind: str
    sources: tuple[Source, ...]
    more: tuple[Any, ...]
    at: int


Source = Alias | Operation


@dataclass(frozen=True)
class Assignment:
    """A name for a relation."""

    name: str
    relation: Source


@dataclass(frozen=True)
class Store:
    """A file that is written."""

    alias: Alias
    path: str


def parse(text: str) -> Assignment | Store:
    """The tree of one statement.

    :param text: The statement, without comments.
    :raises Refusal: It is none that the sandbox knows.
    """
    try:
        tree = _parser().parse(text)
    except UnexpectedInput as error:
        is_end = getattr(getattr(error, "token", None), "type", "") == "$END"
        at = len(text.rstrip()) if is_end else getattr(error, "pos_in_stream", 0) or 0
        rest = " ".join(text[at:].split())[:20]
        raise Refusal(f"{rest!r} cannot stand here" if rest else "the statement ends too soon", at + 1) from None
    except (LarkError, RecursionError):
        raise Refusal("this is not a statement of Pig") from None
    try:
        made: Assignment | Store = _Nodes(text).transform(tree)
    except VisitError as error:
        if isinstance(error.orig_exc, Refusal):
            raise error.orig_exc from None
        raise Refusal("it is nested too deep") from None
    except RecursionError:
        raise Refusal("it is nested too deep") from None
    return made


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", maybe_placeholders=False, propagate_positions=True)


def _kinds(parts: tuple[Any, ...], kind: type) -> tuple[Any, ...]:
    return tuple(part for part in parts if isinstance(part, kind) and not isinstance(part, Token))


@v_args(inline=True)
class _Nodes(Transformer[Token, Any]):
    """Builds the tree of a statement from the leaves up."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    @v_args(tree=True)
    def expression(self, tree: Tree[Token]) -> Fragment:
        return Fragment(self._text[tree.meta.start_pos : tree.meta.end_pos], tree.meta.start_pos)

    def assignment(self, name: Token, relation: Source) -> Assignment:
        return Assignment(str(name), relation)

    def store(self, _: Token, name: Token, __: Token, path: Token, *___: Any) -> Store:
        return Store(Alias(str(name), _at(name)), re.sub(r"\\(.)", r"\1", path[1:-1]))

    def alias(self, name: Token) -> Alias:
        return Alias(str(name), _at(name))

    def field(self, name: Token, kind: Token | None = None) -> Declared:
        return Declared(str(name), str(kind or ""), _at(kind or name))

    def schema(self, _: Token, *fields: Declared) -> tuple[Declared, ...]:
        return fields

    def flattened(self, _: Token, of: Fragment, declared: tuple[Declared, ...] = ()) -> Item:
        return Item(of, True, declared)

    def plain(self, of: Fragment, declared: tuple[Declared, ...] = ()) -> Item:
        return Item(of, False, declared)

    def foreach(self, word: Token, source: Source, _: Token, *items: Item) -> Operation:
        return Operation("foreach", (source,), items, _at(word))

    def filter(self, word: Token, source: Source, _: Token, test: Fragment) -> Operation:
        return Operation("filter", (source,), (test,), _at(word))

    def group(self, word: Token, *parts: Any) -> Operation:
        _refuse_hint(parts, frozenset())
        sources, keys = _kinds(parts, Alias | Operation), _kinds(parts, Fragment)  # type: ignore[arg-type]
        if len(sources) > 1:
            raise Refusal("the sandbox has no GROUP of several relations, which is COGROUP", _at(word))
        return Operation("group", sources, keys, _at(word))

    def side(self, source: Source, _: Token, key: Fragment, *words: Token) -> tuple[Source, Fragment, str, int]:
        said = [str(word).lower() for word in words]
        if said == ["outer"]:
            raise Refusal("LEFT, RIGHT or FULL stands before OUTER", _at(words[0]))
        return source, key, said[0] if said else "", _at(words[0]) if words else 0

    def join(self, word: Token, *parts: Any) -> Operation:
        _refuse_hint(parts, frozenset({"replicated", "skewed", "hash", "default", "repl"}))
        sides = _kinds(parts, tuple)
        return Operation("join", tuple(side[0] for side in sides), tuple(side[1:] for side in sides), _at(word))

    def distinct(self, word: Token, source: Source, *_: Token) -> Operation:
        return Operation("distinct", (source,), (), _at(word))

    def key(self, of: Fragment, direction: Token | None = None) -> tuple[Fragment, bool]:
        return of, bool(direction and direction.lower() == "desc")

    def order(self, word: Token, source: Source, _: Token, *keys: Any) -> Operation:
        return Operation("order", (source,), _kinds(keys, tuple), _at(word))

    def limit(self, word: Token, source: Source, count: Fragment) -> Operation:
        return Operation("limit", (source,), (count,), _at(word))

    def union(self, word: Token, *parts: Any) -> Operation:
        sources = _kinds(parts, Alias | Operation)  # type: ignore[arg-type]
        return Operation("union", sources, (len(parts) > len(sources),), _at(word))


def _refuse_hint(parts: tuple[Any, ...], known: frozenset[str]) -> None:
    """Refuse a way of computing that could give another result, or that is not known."""
    for part in parts:
        if isinstance(part, Token) and part.type == "STRING" and part[1:-1].lower() not in known:
            raise Refusal(f"the sandbox has no USING {part}", _at(part))


def _at(token: Token) -> int:
    return (token.start_pos or 0) + 1
