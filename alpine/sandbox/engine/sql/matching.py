"""LIKE, ILIKE, SIMILAR TO and regular expressions in an expression."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from alpine.sandbox.engine.expressions import literal
from alpine.sandbox.engine.sql import letters, patterns
from alpine.sandbox.engine.sql.casts import RUN, CannotCast, as_text, made
from alpine.sandbox.engine.sql.typed import HELD, Typed, together
from alpine.sandbox.engine.sql.types import BOOL, BPCHAR, TEXT, Type

if TYPE_CHECKING:
    from sqlglot import exp

    from alpine.sandbox.engine.sql.translator import Translator

_ESCAPE_DEFAULT = "\\"
# DuckDB tries all ways to part a value where a pattern has several signs %, and no stop reaches it.
_LIKE = (
    "CASE WHEN length({0}) > 1000 AND length({1}) - length(replace({1}, '%', '')) > 2 "
    "THEN error('the sandbox matches a long text with a column of patterns that have up to two signs %') "
    "ELSE {0} LIKE {1}SUFFIX END"
)


def pattern_of(value: Typed) -> str:
    if value.constant is None:
        raise CannotCast("the sandbox takes a constant as a regular expression")
    return value.constant


def of_letters(pattern: patterns.Pattern, sql: Callable[[str], str], value: Typed, kind: Type) -> Typed:
    """SQL that matches a value with a pattern, and fails where it asks of a character that is not known."""
    if not pattern.has_letters:
        return _with_value(sql, value, kind)
    test, reason = literal(letters.UNKNOWN), literal(letters.NOT_KNOWN)
    found = _with_value(
        lambda v: (
            f"CASE WHEN regexp_matches({v}, {test}) THEN CAST(pg_fail({RUN}, {reason}) AS {kind.duckdb}) "
            f"ELSE {sql(v)} END"
        ),
        value,
        kind,
    )
    return replace(found, can_fail=True)


def _with_value(sql: Callable[[str], str], value: Typed, kind: Type) -> Typed:
    """SQL of a value that is computed once, beside patterns whose braces are no places of arguments."""
    if value.sql.startswith('"') and len(value.sql) < 200:
        return together(sql(value.sql), [value], kind)
    return together(f"list_transform([{value.sql}], lambda {HELD}: {sql(HELD)})[1]", [value], kind)


def _operands(translator: Translator, node: exp.Expression, sign: str) -> tuple[Typed, Typed, bool]:
    translator.parts(node, "this", "expression", "negate")
    values = [translator.node(node.args["this"]), translator.node(node.args["expression"])]
    if any(value.type.category not in "SX" for value in values):
        kinds = f" {sign} ".join(value.type.shown for value in values)
        raise translator.failure(f"The operator does not exist: {kinds}; a cast may be missing", node)
    if any(value.type == BPCHAR for value in values):
        raise translator.failure("The sandbox does not match a value of character(n); cast it to text.", node)
    return as_text(values[0]), as_text(values[1]), bool(node.args.get("negate"))


def _negated(value: Typed, is_negated: bool) -> Typed:
    return made("(NOT {0})", [value], BOOL) if is_negated else value


def like(translator: Translator, node: exp.Expression, escape: str = _ESCAPE_DEFAULT) -> Typed:
    """``LIKE`` and ``ILIKE``"""
    sign = "ILIKE" if type(node).__name__ == "ILike" else "LIKE"
    value, pattern, is_negated = _operands(translator, node, sign)
    if pattern.constant is not None and escape and _ends_in_escape(pattern.constant, escape):
        raise translator.failure("LIKE pattern must not end with escape character", node)
    if pattern.constant is not None and sign == "LIKE" and not set(pattern.constant) & {"_", escape}:
        return _negated(together(f"({value.sql} LIKE {pattern.sql})", [value, pattern], BOOL), is_negated)
    if pattern.constant is not None:
        small = letters.small(pattern.constant) if sign == "ILIKE" else pattern.constant
        found = _cased(value, sign)
        regex = patterns.like(small, letters.small(escape) if sign == "ILIKE" else escape)
        return _negated(together(f"regexp_matches({found.sql}, {literal(regex)})", [found], BOOL), is_negated)
    suffix = f" ESCAPE {literal(escape)}" if escape else ""
    operands = [_cased(value, sign), _cased(pattern, sign)]
    return _negated(made(_LIKE.replace("SUFFIX", suffix), operands, BOOL), is_negated)


def _cased(value: Typed, sign: str) -> Typed:
    """An operand of LIKE, or of ILIKE, which compares the small letters of both."""
    return made("lower({0})", [value], TEXT) if sign == "ILIKE" else value


def _ends_in_escape(pattern: str, escape: str) -> bool:
    count = len(pattern) - len(pattern.rstrip(escape))
    return count % 2 == 1


def similar(translator: Translator, node: exp.Expression, escape: str = _ESCAPE_DEFAULT) -> Typed:
    """``SIMILAR TO``"""
    value, pattern, is_negated = _operands(translator, node, "SIMILAR TO")
    return _negated(_matched(patterns.similar(pattern_of(pattern), escape), value), is_negated)


def escaped(translator: Translator, node: exp.Expression) -> Typed:
    """``LIKE … ESCAPE '…'``"""
    inner, sign = translator.parts(node, "this", "expression")
    if type(sign).__name__ != "Literal" or len(str(sign.args["this"])) > 1:
        raise translator.failure("ESCAPE has to be followed by one character in quotes", node)
    escape = str(sign.args["this"])
    name = type(inner).__name__
    if name in ("Like", "ILike"):
        return like(translator, inner, escape)
    if name == "SimilarTo":
        return similar(translator, inner, escape)
    raise translator.failure("ESCAPE does not follow LIKE or SIMILAR TO", node)


def matches(translator: Translator, node: exp.Expression) -> Typed:
    """``~`` and ``~*``"""
    ignore_case = type(node).__name__ == "RegexpILike"
    value, pattern, is_negated = _operands(translator, node, "~*" if ignore_case else "~")
    found = patterns.translated(pattern_of(pattern), takes_out=False, ignore_case=ignore_case)
    return _negated(_matched(found, value), is_negated)


def _matched(pattern: patterns.Pattern, value: Typed) -> Typed:
    regex = literal(pattern.regex)
    if not pattern.has_letters:
        return together(f"regexp_matches({value.sql}, {regex})", [value], BOOL)
    return of_letters(pattern, lambda v: f"regexp_matches({v}, {regex})", value, BOOL)
