"""Pig's grammar: text becomes a tree of nodes, each with its place in the text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import LarkError, UnexpectedInput, VisitError

from alpine.sandbox.engine.pig.refusals import Refusal

MAX_LENGTH = 20_000
MAX_NESTING = 150

GRAMMAR = r"""
?start: expression
?expression: either | either "?" expression ":" expression -> bincond
?either: both | either OR both -> logical
?both: negated | both AND negated -> logical
?negated: comparison | NOT negated -> negation
?comparison: sum
    | sum (COMPARE | WORD_COMPARE) sum -> compare
    | sum MATCHES sum -> matches
    | sum IS NULL -> is_null
    | sum IS NOT NULL -> is_not_null
    | sum IN "(" expression ("," expression)* ")" -> is_in
?sum: product | sum SIGN product -> arithmetic
?product: unary | product (STAR | TIMES) unary -> arithmetic
?unary: field | SIGN unary -> signed | CAST unary -> cast
?field: atom | field "." (NAME | POSITION) -> member | field "#" STRING -> entry
?atom: NUMBER -> number
    | STRING -> string
    | TRUE -> true
    | FALSE -> false
    | NULL -> null
    | NAME -> column
    | POSITION -> position
    | NAME "(" [argument ("," argument)*] ")" -> call
    | CASE when+ [ELSE expression] END -> case
    | CASE expression when+ [ELSE expression] END -> simple_case
    | "(" expression ")" -> group
    | "(" expression ("," expression)+ ")" -> tuple_of
?argument: expression | STAR -> star
when: WHEN expression THEN expression

CAST.3: /\(\s*(int|long|float|double|chararray|bytearray|boolean|datetime|biginteger|bigdecimal)\s*\)/i
COMPARE: "==" | "!=" | "<=" | ">=" | "<" | ">"
SIGN: "+" | "-"
TIMES: "/" | "%"
STAR: "*"
NUMBER: /(\d+\.\d+|\.\d+|\d+)([eE][+-]?\d+)?(bi|bd|[lf])?(?![\w.])/i
STRING: /'(\\u[0-9a-fA-F]{4}|\\[ntrbf\\']|[^'\\])*'/s
WORD_COMPARE.2: /(eq|neq|gt|lt|gte|lte)\b/i
OR.2: /or\b/i
AND.2: /and\b/i
NOT.2: /not\b/i
IS.2: /is\b/i
IN.2: /in\b/i
NULL.2: /null\b/i
TRUE.2: /true\b/i
FALSE.2: /false\b/i
MATCHES.2: /matches\b/i
CASE.2: /case\b/i
WHEN.2: /when\b/i
THEN.2: /then\b/i
ELSE.2: /else\b/i
END.2: /end\b/i
POSITION: /\$\d+/
NAME: /[A-Za-z][A-Za-z0-9_]*(::[A-Za-z][A-Za-z0-9_]*)*/
COMMENT: /--[^\n]*\n|\/\*.*?\*\//s
%ignore COMMENT
%ignore /\s+/
"""

_NOT_PIG = "this is not a Pig expression: "
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_WORDS = {"eq": "==", "neq": "!=", "gt": ">", "lt": "<", "gte": ">=", "lte": "<="}
_UNENDED = re.compile(r"'(?:\\.|[^'\\])*'|(--[^\n]*\Z)", re.DOTALL)


@dataclass(frozen=True)
class Node:
    """A piece of an expression.

    :param kind: The rule of the grammar that it is, as ``"compare"``.
    :param parts: Its operands.
    :param value: What the rule says besides: an operator's sign, a name, a literal's value.
    :param at: The place of its first character, from 1.
    """

    kind: str
    parts: tuple[Node, ...]
    value: Any
    at: int


def parse(text: str) -> Node:
    """The tree of an expression.

    :param text: The expression.
    :raises Refusal: It is not one.
    """
    if len(text) > MAX_LENGTH or max(text.count("("), text.count("?"), text.count("-")) > MAX_NESTING * 4:
        raise Refusal("it is too large for the sandbox")
    for found in _UNENDED.finditer(text):
        if found.group(1):
            raise Refusal("'--' begins a comment; a minus before a negative number needs a blank", found.start(1) + 1)
    try:
        tree = _Nodes().transform(_parser().parse(text))
    except VisitError as error:
        if isinstance(error.orig_exc, Refusal):
            raise error.orig_exc from None
        raise Refusal("it is nested too deep") from None
    except UnexpectedInput as error:
        # The end of the text has no place of its own.
        is_end = getattr(getattr(error, "token", None), "type", "") == "$END"
        at = len(text) if is_end else getattr(error, "pos_in_stream", 0) or 0
        raise Refusal(_syntax(text, at), at + 1) from None
    except (LarkError, RecursionError):
        raise Refusal("this is not a Pig expression") from None
    assert isinstance(tree, Node)
    _check_depth(tree)
    return tree


def _syntax(text: str, at: int) -> str:
    """What is wrong at a place where the grammar stops."""
    rest = text[at:].lstrip()
    if not rest:
        return "this is not a Pig expression: it ends too soon"
    if rest[0] == '"':
        return _NOT_PIG + "text stands in single quotes, and a column's name in none"
    if rest.startswith("<>") or (rest[0] == ">" and text[at - 1 : at] == "<"):
        return "this is not a Pig expression: unequal is !="
    if rest[0] == "=":
        return "this is not a Pig expression: equality is =="
    if rest[0] == "'":
        return _NOT_PIG + "a text is not ended, or has an escape other than \\n \\t \\r \\b \\f \\\\ \\' \\uXXXX"
    if re.match(r"not\s+in\b", rest, re.IGNORECASE):
        return "this is not a Pig expression: write NOT x IN (...)"
    return f"this is not a Pig expression: {rest[:20]!r} cannot stand here"


def _check_depth(tree: Node) -> None:
    waiting = [(tree, 1)]
    while waiting:
        node, depth = waiting.pop()
        if depth > MAX_NESTING:
            raise Refusal("it is nested too deep", node.at)
        waiting.extend((part, depth + 1) for part in node.parts)


@cache
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr", maybe_placeholders=False, propagate_positions=False)


@v_args(inline=True)
class _Nodes(Transformer[Token, Node]):
    """Builds the nodes from the leaves up."""

    def bincond(self, test: Node, yes: Node, no: Node) -> Node:
        return Node("bincond", (test, yes, no), None, test.at)

    def logical(self, left: Node, word: Token, right: Node) -> Node:
        return Node("logical", (left, right), str(word).upper(), left.at)

    def negation(self, word: Token, inner: Node) -> Node:
        return Node("negation", (inner,), None, _at(word))

    def compare(self, left: Node, sign: Token, right: Node) -> Node:
        return Node("compare", (left, right), _WORDS.get(sign.lower(), str(sign)), left.at)

    def matches(self, left: Node, _: Token, pattern: Node) -> Node:
        return Node("matches", (left, pattern), None, left.at)

    def is_null(self, inner: Node, *_: Token) -> Node:
        return Node("is_null", (inner,), True, inner.at)

    def is_not_null(self, inner: Node, *_: Token) -> Node:
        return Node("is_null", (inner,), False, inner.at)

    def is_in(self, inner: Node, _: Token, *choices: Node) -> Node:
        return Node("is_in", (inner, *choices), None, inner.at)

    def arithmetic(self, left: Node, sign: Token, right: Node) -> Node:
        return Node("arithmetic", (left, right), str(sign), left.at)

    def signed(self, sign: Token, inner: Node) -> Node:
        if sign == "+":
            raise Refusal("this is not a Pig expression: Pig has no unary plus", _at(sign))
        return Node("negative", (inner,), None, _at(sign))

    def cast(self, kind: Token, inner: Node) -> Node:
        if inner.kind == "group" and inner.parts[0].kind in {"number", "string", "true", "false", "null"}:
            raise Refusal(
                "a literal in parentheses after a cast is a tuple in Pig; leave the parentheses out", inner.at
            )
        return Node("cast", (inner,), kind.strip("() \t\r\n").lower(), _at(kind))

    def member(self, whole: Node, name: Token) -> Node:
        return Node("member", (whole,), str(name), _at(name))

    def entry(self, whole: Node, key: Token) -> Node:
        return Node("entry", (whole,), _unescaped(key), _at(key))

    def number(self, token: Token) -> Node:
        return Node("number", (), str(token), _at(token))

    def string(self, token: Token) -> Node:
        return Node("string", (), _unescaped(token), _at(token))

    def true(self, token: Token) -> Node:
        return Node("true", (), True, _at(token))

    def false(self, token: Token) -> Node:
        return Node("false", (), False, _at(token))

    def null(self, token: Token) -> Node:
        return Node("null", (), None, _at(token))

    def star(self, token: Token) -> Node:
        return Node("star", (), None, _at(token))

    def column(self, token: Token) -> Node:
        return Node("column", (), str(token), _at(token))

    def position(self, token: Token) -> Node:
        return Node("position", (), int(token[1:]), _at(token))

    def call(self, name: Token, *arguments: Node) -> Node:
        return Node("call", arguments, str(name), _at(name))

    def when(self, _: Token, test: Node, __: Token, value: Node) -> Node:
        return Node("when", (test, value), None, test.at)

    def case(self, word: Token, *parts: Node | Token) -> Node:
        return Node("case", _nodes(parts), None, _at(word))

    def simple_case(self, word: Token, *parts: Node | Token) -> Node:
        return Node("simple_case", _nodes(parts), None, _at(word))

    def group(self, inner: Node) -> Node:
        return Node("group", (inner,), None, inner.at)

    def tuple_of(self, *parts: Node) -> Node:
        return Node("tuple", parts, None, parts[0].at)


def _nodes(parts: tuple[Node | Token, ...]) -> tuple[Node, ...]:
    return tuple(part for part in parts if isinstance(part, Node))


def _at(token: Token) -> int:
    return (token.start_pos or 0) + 1


def _unescaped(token: str) -> str:
    def plain(match: re.Match[str]) -> str:
        sign = match.group(1)
        return chr(int(sign[1:], 16)) if sign[0] == "u" else _ESCAPES.get(sign, sign)

    text = re.sub(r"\\(u[0-9a-fA-F]{4}|.)", plain, token[1:-1], flags=re.DOTALL)
    # Two escapes may be the halves of one character.
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
