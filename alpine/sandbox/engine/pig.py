"""Translates Pig expressions into DuckDB's SQL."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import LarkError, UnexpectedInput, VisitError

from alpine.sandbox.engine.expressions import literal, quoted
from alpine.sandbox.engine.failures import NodeFailure

MAX_LENGTH = 20_000
MAX_NESTING = 150

_GRAMMAR = r"""
?start: expression
?expression: either | either "?" expression ":" expression -> ternary
?either: both | either "OR"i both -> either
?both: negated | both "AND"i negated -> both
?negated: comparison | "NOT"i negated -> negation
?comparison: sum
    | sum COMPARE sum -> compare
    | sum "MATCHES"i sum -> matches
    | sum "IS"i "NULL"i -> is_null
    | sum "IS"i "NOT"i "NULL"i -> is_not_null
?sum: product | sum SIGN product -> arithmetic
?product: unary | product TIMES unary -> arithmetic
?unary: atom | SIGN unary -> signed | CAST unary -> cast
?atom: NUMBER -> number
    | STRING -> string
    | "TRUE"i -> true
    | "FALSE"i -> false
    | "NULL"i -> null
    | NAME -> column
    | QUOTED -> quoted_column
    | NAME "(" [argument ("," argument)*] ")" -> call
    | "CASE"i when+ ["ELSE"i expression] "END"i -> case
    | "(" expression ")"
?argument: expression | STAR -> star
when: "WHEN"i expression "THEN"i expression

CAST.3: /\(\s*(int|long|float|double|chararray|boolean|datetime|biginteger|bigdecimal)\s*\)/i
COMPARE: "==" | "!=" | "<>" | "<=" | ">=" | "<" | ">" | "="
SIGN: "+" | "-"
TIMES: "*" | "/" | "%"
STAR.-1: "*"
NUMBER: /(\d+\.\d*|\.\d+|\d+)([eE][+-]?\d+)?[lLfFdD]?/
STRING: /'(\\.|''|[^'\\])*'/s
QUOTED: /"[^"]*"/
NAME: /[A-Za-z_\x80-\U0010ffff][\w$]*((::|\.)[A-Za-z_][\w$]*)*/
%ignore /\s+/
"""

_CASTS = {
    "int": "INTEGER",
    "long": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "chararray": "VARCHAR",
    "boolean": "BOOLEAN",
    "datetime": "TIMESTAMP",
    "biginteger": "HUGEINT",
    "bigdecimal": "DOUBLE",
}
_WHOLE = frozenset({"int", "long", "biginteger"})
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_JODA = {
    "yyyy": "%Y", "yy": "%y", "MMMM": "%B", "MMM": "%b", "MM": "%m", "M": "%-m", "dd": "%d", "d": "%-d",
    "HH": "%H", "H": "%-H", "hh": "%I", "h": "%-I", "mm": "%M", "m": "%-M", "ss": "%S", "s": "%-S",
    "SSS": "%g", "a": "%p", "EEEE": "%A", "EEE": "%a", "DDD": "%j", "Z": "%z",
}  # fmt: skip

_TEMPLATES: dict[tuple[str, int], str] = {
    ("abs", 1): "abs({0})",
    ("ceil", 1): "ceil({0})",
    ("floor", 1): "floor({0})",
    ("round", 1): "CAST(floor({0} + 0.5) AS BIGINT)",
    ("round_to", 2): "round({0}, {1})",
    ("sqrt", 1): "sqrt({0})",
    ("cbrt", 1): "cbrt({0})",
    ("exp", 1): "exp({0})",
    ("log", 1): "ln({0})",
    ("log10", 1): "log10({0})",
    ("pow", 2): "pow({0}, {1})",
    ("sin", 1): "sin({0})",
    ("cos", 1): "cos({0})",
    ("tan", 1): "tan({0})",
    ("random", 0): "random()",
    ("size", 1): "length(CAST({0} AS VARCHAR))",
    ("substring", 3): "substr({0}, {1} + 1, {2} - {1})",
    ("indexof", 2): "(instr({0}, {1}) - 1)",
    ("lower", 1): "lower({0})",
    ("upper", 1): "upper({0})",
    ("trim", 1): "trim({0})",
    ("ltrim", 1): "ltrim({0})",
    ("rtrim", 1): "rtrim({0})",
    ("replace", 3): "regexp_replace({0}, {1}, {2}, 'g')",
    ("regex_extract", 3): "nullif(regexp_extract({0}, {1}, {2}), '')",
    ("startswith", 2): "starts_with({0}, {1})",
    ("endswith", 2): "ends_with({0}, {1})",
    ("getyear", 1): "year({0})",
    ("getmonth", 1): "month({0})",
    ("getday", 1): "day({0})",
    ("gethour", 1): "hour({0})",
    ("getminute", 1): "minute({0})",
    ("getsecond", 1): "second({0})",
    ("getweek", 1): "week({0})",
    ("daysbetween", 2): "date_sub('day', {1}, {0})",
    ("hoursbetween", 2): "date_sub('hour', {1}, {0})",
    ("minutesbetween", 2): "date_sub('minute', {1}, {0})",
    ("secondsbetween", 2): "date_sub('second', {1}, {0})",
    ("todate", 1): "CAST({0} AS TIMESTAMP)",
    ("avg", 1): "avg({0})",
    ("sum", 1): "sum({0})",
    ("min", 1): "min({0})",
    ("max", 1): "max({0})",
    ("count", 1): "count({0})",
    ("count_star", 1): "count(*)",
    ("stddev", 1): "stddev_samp({0})",
    ("var", 1): "var_samp({0})",
    ("variance", 1): "var_samp({0})",
}


def to_sql(text: str) -> str:
    """A Pig expression as SQL.

    >>> print(to_sql("(chararray)age == '7' ? 1 : LOG(x)"))
    (CASE WHEN (TRY_CAST("age" AS VARCHAR) = '7') THEN 1 ELSE ln("x") END)

    :param text: The expression.
    :raises NodeFailure: It is not one, or it calls a function that is not known.
    """
    if len(text) > MAX_LENGTH or max(text.count("("), text.count("?"), text.count("-")) > MAX_NESTING * 4:
        raise NodeFailure(f"This Pig expression is too large: {text[:200]}…")
    try:
        return str(_Sql().transform(_parser().parse(text)))
    except VisitError as error:
        if isinstance(error.orig_exc, NodeFailure):
            raise error.orig_exc from None
        raise NodeFailure(f"This Pig expression is nested too deep: {text[:200]}") from None
    except UnexpectedInput as error:
        where = f" at character {error.column}" if error.column and error.column > 0 else ""
        raise NodeFailure(f"This is not a Pig expression that the sandbox can read{where}: {text[:200]}") from None
    except (LarkError, RecursionError):
        raise NodeFailure(f"This is not a Pig expression that the sandbox can read: {text[:200]}") from None


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", maybe_placeholders=False)


@v_args(inline=True)
class _Sql(Transformer[Token, str]):
    """Puts the SQL together from the leaves up."""

    def ternary(self, test: str, yes: str, no: str) -> str:
        return f"(CASE WHEN {test} THEN {yes} ELSE {no} END)"

    def either(self, left: str, right: str) -> str:
        return f"({left} OR {right})"

    def both(self, left: str, right: str) -> str:
        return f"({left} AND {right})"

    def negation(self, inner: str) -> str:
        return f"(NOT {inner})"

    def compare(self, left: str, sign: str, right: str) -> str:
        return f"({left} {'=' if sign == '==' else sign} {right})"

    def matches(self, left: str, pattern: str) -> str:
        return f"regexp_full_match({left}, {pattern})"

    def is_null(self, inner: str) -> str:
        return f"({inner} IS NULL)"

    def is_not_null(self, inner: str) -> str:
        return f"({inner} IS NOT NULL)"

    def arithmetic(self, left: str, sign: str, right: str) -> str:
        return f"({left} {sign} {right})"

    def signed(self, sign: str, inner: str) -> str:
        return f"({sign} {inner})"

    def cast(self, kind: str, inner: str) -> str:
        name = kind.strip("() \t\r\n").lower()
        if name in _WHOLE:
            inner = f"trunc(TRY_CAST({inner} AS DOUBLE))"
        return f"TRY_CAST({inner} AS {_CASTS[name]})"

    def number(self, token: str) -> str:
        return token.rstrip("lLfFdD")

    def string(self, token: str) -> str:
        return literal(_unescaped(token))

    def true(self) -> str:
        return "TRUE"

    def false(self) -> str:
        return "FALSE"

    def null(self) -> str:
        return "NULL"

    def star(self, _: str) -> str:
        return "*"

    def column(self, token: str) -> str:
        return quoted(re.split(r"::|\.", token)[-1])

    def quoted_column(self, token: str) -> str:
        return quoted(token[1:-1])

    def when(self, test: str, value: str) -> str:
        return f"WHEN {test} THEN {value}"

    def case(self, *parts: str) -> str:
        last = parts[-1]
        tail = last if last.startswith("WHEN ") else f"ELSE {last}"
        return f"(CASE {' '.join([*parts[:-1], tail])} END)"

    def call(self, name: str, *arguments: str) -> str:
        function = name.lower()
        special = _SPECIAL.get(function)
        if special is not None and len(arguments) >= 2:
            return special(arguments)
        template = _TEMPLATES.get((function, len(arguments)))
        if template is None:
            raise NodeFailure(f"The sandbox does not know the Pig function {name} with {len(arguments)} arguments.")
        return template.format(*arguments)


def _concat(arguments: tuple[str, ...]) -> str:
    return "(" + " || ".join(f"CAST({argument} AS VARCHAR)" for argument in arguments) + ")"


def _to_date(arguments: tuple[str, ...]) -> str:
    return f"strptime({arguments[0]}, {_strftime(arguments[1])})"


def _to_string(arguments: tuple[str, ...]) -> str:
    return f"strftime({arguments[0]}, {_strftime(arguments[1])})"


_SPECIAL: dict[str, Callable[[tuple[str, ...]], str]] = {
    "concat": _concat,
    "todate": _to_date,
    "tostring": _to_string,
    "coalesce": lambda arguments: f"coalesce({', '.join(arguments)})",
}


def _strftime(joda: str) -> str:
    """A Joda date pattern, as an SQL literal, in the codes that DuckDB takes."""
    if not joda.startswith("'"):
        raise NodeFailure("The pattern of a date has to be a text in quotes.")
    return literal(strptime_format(joda[1:-1].replace("''", "'")))


def strptime_format(pattern: str) -> str:
    """A Joda date pattern in the codes that DuckDB takes."""

    def code(match: re.Match[Any]) -> str:
        if match.group("text") is not None:
            return str(match.group("text")).replace("%", "%%") or "'"
        letters = match.group()
        if letters not in _JODA:
            raise NodeFailure(f"The sandbox does not know {letters!r} in the date pattern {pattern!r}.")
        return _JODA[letters]

    return re.sub(r"'(?P<text>[^']*)'|(?P<letters>([A-Za-z])\3*)", code, pattern)


def _unescaped(token: str) -> str:
    def plain(match: re.Match[str]) -> str:
        letter = match.group(1)
        return "'" if letter is None else _ESCAPES.get(letter, letter)

    return re.sub(r"''|\\(.)", plain, token[1:-1], flags=re.DOTALL)
