"""The text of an expression as a tree: sqlglot reads it, and what PostgreSQL would read otherwise is refused.

sqlglot is made to read many databases' SQL. So the signs are looked at before, and the tree's precedence after it.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from alpine.sandbox.engine.failures import ExpressionUnreadable, NodeFailure

if TYPE_CHECKING:
    from sqlglot import exp

MAX_LENGTH = 50_000
MAX_NESTING = 100
MAX_SIGNS = 5_000
"""Words and signs; no stop reaches the parser, which takes a second for so many on a busy machine."""
_SHOWN = 200
_OPERATORS = frozenset(
    {"+", "-", "*", "/", "%", "^", "|/", "||/", "=", "<>", "!=", "<", "<=", ">", ">=", "||", "~", "~*", "!~", "!~*"}
    | {"&", "|", "#", "<<", ">>", "::", "(", ")", "[", "]", ",", "."}
)
_SIGNS = re.compile(r"[+*/<>=~!@#%^&|`?-]+")
_WORDS = re.compile(r"[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*\Z")
_NUMBER = re.compile(r"(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\Z", re.ASCII)
_STRING = re.compile(r"[eE]?'|\$\w*\$|\"")
_NOT_POSTGRESQL = {
    **dict.fromkeys(("qualify", "lambda", "pivot", "unpivot", "sample", "tablesample"), ""),
    **dict.fromkeys(("xor", "rlike", "glob", "regexp", "try_cast", "safe_cast", "ilike_any", "struct"), ""),
    "if": "CASE WHEN",
}
RESERVED = frozenset(
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
"""Words that PostgreSQL takes for a column in quotes alone; some of them, as ``user``, are functions without them."""
_LEVELS = (
    ("Or",),
    ("And",),
    ("Not",),
    ("Is", "NullSafeEQ", "NullSafeNEQ"),
    ("EQ", "NEQ", "LT", "LTE", "GT", "GTE"),
    ("Between", "In", "Like", "ILike", "SimilarTo", "Escape"),
    ("DPipe", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitwiseNot", "BitwiseLeftShift", "BitwiseRightShift")
    + ("RegexpLike", "RegexpILike", "Sqrt", "Cbrt"),
    ("Add", "Sub"),
    ("Mul", "Div", "Mod"),
    ("Pow",),
    ("AtTimeZone",),
    ("Neg",),
)
_LEVEL = {name: level for level, group in enumerate(_LEVELS) for name in group}
_BEFORE_VALUES = frozenset(
    {"and", "or", "not", "when", "then", "else", "case", "in", "like", "ilike", "between", "is", "from", "for", "by"}
    | {"where", "similar", "to", "distinct", "any", "all", "some", "as", "placing", "escape", "symmetric", "select", ""}
)
_UNCHAINED = frozenset({"EQ", "NEQ", "LT", "LTE", "GT", "GTE", "Between", "In", "Like", "ILike", "SimilarTo"})
_PREFIXES = frozenset({"Not", "BitwiseNot", "Sqrt", "Cbrt", "Neg"})


@cache
def _dialect() -> Any:
    """PostgreSQL as sqlglot has it, but every function is just a name and its arguments."""
    from sqlglot.dialects.postgres import Postgres
    from sqlglot.parser import Parser
    from sqlglot.tokens import TokenType

    kept = {"CAST", "EXTRACT", "OVERLAY", "POSITION", "SUBSTRING", "TRIM"}
    base: Any = Postgres.Parser if hasattr(Postgres, "Parser") else Parser
    plain = {TokenType.CURRENT_DATE, TokenType.CURRENT_TIMESTAMP, getattr(TokenType, "LOCALTIMESTAMP", None)}

    class PlainFunctions(base):  # type: ignore[misc]
        FUNCTIONS: ClassVar[dict[str, Any]] = {}
        FUNCTION_PARSERS: ClassVar[dict[Any, Any]] = {
            key: value for key, value in base.FUNCTION_PARSERS.items() if key in kept
        }
        NO_PAREN_FUNCTION_PARSERS: ClassVar[dict[Any, Any]] = {
            key: value for key, value in base.NO_PAREN_FUNCTION_PARSERS.items() if key in ("ANY", "CASE")
        }
        NO_PAREN_FUNCTIONS: ClassVar[dict[Any, Any]] = {
            key: value for key, value in base.NO_PAREN_FUNCTIONS.items() if key in plain
        }

    class Expressions(Postgres):  # type: ignore[misc]
        Parser = PlainFunctions

    return Expressions()


def shown(text: str) -> str:
    """A text for a message, cut where it is long."""
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def refusal(reason: str, text: str, position: int | None, hint: str = "") -> NodeFailure:
    """The failure of an expression.

    :param reason: A sentence without its full stop.
    :param text: The expression.
    :param position: Where, from 0; None where it is the whole.
    :param hint: What to do.
    """
    at = "" if position is None else f"position {position + 1} of "
    return NodeFailure(f"{reason}. {f'{hint} ' if hint else ''}It stands at {at}the expression: {shown(text)}")


def parse(statement: str, lead: int = 0, *, is_query: bool = False) -> exp.Expression:
    """The tree of one expression.

    :param statement: The expression, in PostgreSQL's SQL.
    :param lead: How many characters before it are not the flow's.
    :param is_query: Whether it is a whole SELECT, whose columns and tables may have other names by AS.
    :raises ExpressionUnreadable: PostgreSQL would not read it so, or not at all.
    """
    try:
        return _tree(statement, lead, is_query)
    except NodeFailure as failure:
        raise ExpressionUnreadable(str(failure)) from None


def _tree(statement: str, lead: int, is_query: bool) -> exp.Expression:
    from sqlglot.errors import SqlglotError

    text = statement[lead:]
    if len(text) > MAX_LENGTH:
        raise NodeFailure(f"An expression of {len(text):,} characters is too long; {MAX_LENGTH:,} are allowed.")
    try:
        tokens = _dialect().tokenize(text)
        if len(tokens) > MAX_SIGNS:
            raise NodeFailure(f"An expression of more than {MAX_SIGNS:,} words and signs is too long: {shown(text)}")
        _look_at_signs(text, tokens, is_query)
        trees = _dialect().parser(error_message_context=20).parse(_dialect().tokenize(statement), statement)
    except SqlglotError as error:
        raise _syntax_error(text, error, lead) from None
    except RecursionError:
        raise NodeFailure(f"This expression is nested too deep: {shown(text)}") from None
    except (AttributeError, TypeError, ValueError, IndexError, KeyError):
        # sqlglot, on text that is no SQL at all.
        raise NodeFailure(f"This is not a valid expression: {shown(text)}") from None
    if len(trees) != 1 or trees[0] is None:
        raise NodeFailure(f"This has to be one expression, and nothing else: {shown(text)}")
    tree: exp.Expression = trees[0]
    _look_at_names(text, tree, lead)
    _look_at_precedence(text, tree, lead)
    return tree


def position(node: exp.Expression) -> int | None:
    """Where a part of the expression begins, from 0; None where sqlglot has kept no place of it."""
    found = [start for part in node.walk() if isinstance(start := part.meta.get("start"), int)]
    return min(found) if found else None


def _syntax_error(text: str, error: Exception, lead: int) -> NodeFailure:
    details = getattr(error, "errors", None) or [{}]
    line, column = details[0].get("line"), details[0].get("col")
    before = text.split("\n")[: (line or 1) - 1]
    end = None if column is None else sum(len(part) + 1 for part in before) + column
    near = str(details[0].get("highlight") or "")
    start = None if end is None or len(before) else max(end - lead - max(len(near), 1), 0)
    reason = f"There is a syntax error at or near {near!r}" if near else "There is a syntax error"
    return refusal(reason, text, start)


def _look_at_signs(text: str, tokens: list[Any], is_query: bool) -> None:
    """Refuse what is no sign or word of PostgreSQL's, and what is nested too deep."""
    _look_at_operators(text, tokens)
    end = -1
    calls: list[str] = []
    written = [text[token.start : token.end + 1] for token in tokens]
    for place, (token, sign) in enumerate(zip(tokens, written, strict=True)):
        before, after = ["", *written][place].lower(), [*written, ""][place + 1]
        _look_at_gap(text, end, token.start)
        end = token.end
        if sign == "." and after[:1].isdigit() and tokens[place + 1].start > token.end + 1:
            # A point and digits apart from it are no number.
            raise refusal("There is a syntax error at or near '.'", text, token.start)
        if not (is_query and sign.lower() == "as"):
            _look_at_place(text, token.start, sign, before, after, calls)
        if sign in ("(", "["):
            calls.append(before)
            if len(calls) > MAX_NESTING:
                raise NodeFailure(f"This expression is nested too deep: {shown(text)}")
        elif sign in (")", "]"):
            calls.pop()
        _look_at_sign(text, token.start, sign)
    _look_at_gap(text, end, len(text))
    if calls:
        raise refusal("A parenthesis is not closed", text, None)


def _look_at_place(text: str, start: int, sign: str, before: str, after: str, calls: list[str]) -> None:
    """Refuse a sign in a place where sqlglot takes it, and PostgreSQL does not."""
    word = sign.lower()
    inside = calls[-1] if calls else ""
    is_wrong = (
        (word in (")", "]") and not calls)
        or (word == "," and inside in ("position", "extract", "overlay", "cast"))
        or (word == "as" and inside != "cast")
        # Of ARRAY[…], or of a type as text[].
        or (word == "[" and before != "array" and after != "]")
    )
    if is_wrong:
        raise refusal(f"There is a syntax error at or near {sign!r}", text, start)
    is_prefix = before in _BEFORE_VALUES or before in ("(", "[", ",") or _SIGNS.fullmatch(before)
    if word == "+" and is_prefix and not _NUMBER.match(after):
        # sqlglot drops it, and whether the value is a number is not asked.
        raise refusal("The sandbox does not know the sign + before a value", text, start, "Leave it out.")


def _look_at_sign(text: str, start: int, sign: str) -> None:
    if sign in _OPERATORS or _SIGNS.fullmatch(sign) or _NUMBER.match(sign) or _STRING.match(sign):
        return
    if not _WORDS.match(re.sub(r"[ \n\t]", "_", sign)):
        raise refusal(f"PostgreSQL has no sign {shown(sign)!r}", text, start)
    if sign.lower() in _NOT_POSTGRESQL:
        instead = _NOT_POSTGRESQL[sign.lower()]
        raise refusal(f"PostgreSQL does not know {sign!r}", text, start, f"Use {instead}." if instead else "")


def _look_at_operators(text: str, tokens: list[Any]) -> None:
    """Signs without a blank between them are one operator to PostgreSQL, as ``^-``, which it does not have."""
    runs: list[tuple[int, str]] = []
    for token in tokens:
        written = text[token.start : token.end + 1]
        if not _SIGNS.fullmatch(written):
            continue
        if runs and runs[-1][0] + len(runs[-1][1]) == token.start:
            runs[-1] = (runs[-1][0], runs[-1][1] + written)
        else:
            runs.append((token.start, written))
    for start, run in runs:
        operator = run if re.search(r"[~!@#%^&|`?]", run) or len(run) == 1 else run[0] + run[1:].rstrip("+-")
        if operator not in _OPERATORS:
            raise refusal(f"PostgreSQL has no operator {shown(operator)!r}", text, start)


def _look_at_gap(text: str, end: int, start: int) -> None:
    """Between two signs are blanks and remarks, as PostgreSQL has them."""
    gap = text[end + 1 : start]
    if gap.strip() and not gap.strip().startswith(("--", "/*")):
        raise refusal(f"There is a syntax error at or near {shown(gap.strip())!r}", text, end + 1)


def _look_at_names(text: str, tree: exp.Expression, lead: int) -> None:
    """Refuse a column that is a reserved word without quotes: to PostgreSQL ``user`` is who is asking."""
    from sqlglot import exp

    for column in tree.find_all(exp.Column):
        name = column.args["this"]
        if column.args.get("table") or not isinstance(name, exp.Identifier) or name.args.get("quoted"):
            continue
        if name.name.lower() in RESERVED:
            place = position(column)
            at = None if place is None else place - lead
            reason = f"PostgreSQL does not read {name.name!r} without quotes as a column"
            raise refusal(reason, text, at, f'Write "{name.name}".')


def _look_at_precedence(text: str, tree: exp.Expression, lead: int) -> None:
    """Refuse a tree that PostgreSQL's precedence of operators would not give."""
    for node in tree.walk():
        name = type(node).__name__
        level = _LEVEL.get(name)
        if level is None:
            continue
        for key, value in node.args.items():
            child = type(value).__name__
            inner = _LEVEL.get(child)
            if inner is None or (name == "Escape" and key == "this"):
                continue
            is_left = key == "this" and name not in _PREFIXES
            strict = not is_left if name not in _PREFIXES else False
            if name in _UNCHAINED:
                strict = True
            if level == _LEVEL["Is"] and child.startswith("NullSafe"):
                strict = True
            if (name == "Is" and key != "this") or (name == "Not" and child in ("In", "Between")):
                continue
            if inner < level or (strict and inner == level):
                place = position(value) if position(value) is not None else position(node)
                raise refusal(
                    "PostgreSQL reads the operators here in another order, or not at all; set parentheses",
                    text,
                    None if place is None else place - lead,
                )
