"""Calls of functions, and what looks like one: CASE's kin, EXTRACT, SUBSTRING, TRIM, LIKE and regular expressions."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from alpine.sandbox.engine.expressions import literal
from alpine.sandbox.engine.sql import matching, moments, patterns
from alpine.sandbox.engine.sql.aggregates import AGGREGATES, WINDOWS, WITHIN
from alpine.sandbox.engine.sql.casts import RUN, CannotCast, as_text, cast, constant, made, short_text, unified
from alpine.sandbox.engine.sql.folding import CALL, COALESCE, LAX, ROW, STABLE
from alpine.sandbox.engine.sql.functions import FUNCTIONS, LONGEST_MADE
from alpine.sandbox.engine.sql.matching import of_letters, pattern_of
from alpine.sandbox.engine.sql.resolve import NoneFits
from alpine.sandbox.engine.sql.typed import Typed, computed, together
from alpine.sandbox.engine.sql.types import BPCHAR, FLOAT8, INTERVAL, TEXT, Modified, Type

if TYPE_CHECKING:
    from sqlglot import exp

    from alpine.sandbox.engine.sql.translator import Translator

_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_SPECIAL = (
    "coalesce",
    "nullif",
    "greatest",
    "least",
    "concat",
    "concat_ws",
    "date_trunc",
    "date_part",
    "regexp_replace",
)


def case(tests: list[Typed], results: list[Typed]) -> Typed:
    """``CASE WHEN … END``; there is one more result than tests."""
    branches = " ".join(f"WHEN {test.sql} THEN {found.sql}" for test, found in zip(tests, results, strict=False))
    return together(f"CASE {branches} ELSE {results[-1].sql} END", [*tests, *results], results[0].type)


def unescaped(written: str) -> str | None:
    """The text of ``E'…'``; None where it is no such text."""
    if not re.fullmatch(r"[eE]'.*'", written, re.DOTALL):
        return None
    body = written[2:-1].replace("''", "'")

    def one(found: re.Match[str]) -> str:
        code = found[1]
        if code[0] in "xu" and len(code) > 1:
            return chr(int(code[1:], 16))
        return _ESCAPES.get(code, code)

    if re.search(r"\\[0-7U]", body):
        return None
    found = re.sub(r"\\(x[0-9A-Fa-f]{1,2}|u[0-9A-Fa-f]{4}|.)", one, body, flags=re.DOTALL)
    return None if "\0" in found or any("\ud800" <= sign <= "\udfff" for sign in found) else found


def is_unknown(text: str, node: exp.Expression) -> bool:
    """Whether the expression may say IS UNKNOWN, which the tree has as IS NULL."""
    return re.search(r"\bunknown\b", text, re.IGNORECASE) is not None and node is not None


def quantified(node: exp.Expression) -> tuple[bool, exp.Expression] | None:
    """Whether it is ANY rather than ALL, and its argument; None where it is neither."""
    name = type(node).__name__
    if name in ("Any", "All"):
        inner = node.args["this"]
        return name == "Any", inner.args["this"] if type(inner).__name__ == "Paren" else inner
    called = str(node.args.get("this", "")).lower() if name == "Anonymous" else ""
    if called in ("any", "some", "all") and len(node.args.get("expressions", [])) == 1:
        return called != "all", node.args["expressions"][0]
    return None


# Functions


def function(translator: Translator, node: exp.Expression) -> Typed:
    """``name(…)``

    :raises NodeFailure: PostgreSQL has no such function for the arguments, or the sandbox does not know it.
    """
    from alpine.sandbox.engine.sql import windows

    translator.parts(node, "this", "expressions")
    name = str(node.args["this"]).lower()
    if name in AGGREGATES or name in WINDOWS or name in WITHIN:
        return windows.aggregate(translator, node)
    given = node.args.get("expressions", [])
    if name not in FUNCTIONS and name not in _SPECIAL:
        raise translator.failure(f"The sandbox does not know the function {name}", node, nearest(name))
    values = [translator.node(item) for item in given]
    if name in _SPECIAL:
        return _special(translator, node, name, values)
    return called(translator, node, name, values)


def called(translator: Translator, node: exp.Expression, name: str, values: list[Typed]) -> Typed:
    """The call of a function by its name.

    :raises NodeFailure: PostgreSQL has none for the arguments.
    """
    try:
        return translator.chosen(FUNCTIONS[name], values)
    except NoneFits:
        kinds = ", ".join(value.type.shown for value in values)
        raise translator.failure(
            f"The function {name}({kinds}) does not exist, or not for these types; a cast may be missing", node
        ) from None


def nearest(name: str) -> str:
    """What to use instead of a function that is not known; empty where nothing is near."""
    instead = {
        "ifnull": "coalesce",
        "nvl": "coalesce",
        "isnull": "IS NULL",
        "if": "CASE WHEN",
        "iif": "CASE WHEN",
        "median": "percentile_cont(0.5) WITHIN GROUP (ORDER BY …)",
        "len": "length",
        "lcase": "lower",
        "ucase": "upper",
        "instr": "strpos",
        "quantile_cont": "percentile_cont(…) WITHIN GROUP (ORDER BY …)",
        "year": "extract(year FROM …)",
        "month": "extract(month FROM …)",
        "day": "extract(day FROM …)",
        "group_concat": "string_agg",
        "getdate": "now",
        "datediff": "the operator -",
        "sysdate": "now",
    }
    names = [*FUNCTIONS, *_SPECIAL, *AGGREGATES, *WINDOWS, *WITHIN]
    near = instead.get(name) or next(iter(difflib.get_close_matches(name, names, 1)), "")
    return f"Did you mean {near}?" if near else ""


def _special(translator: Translator, node: exp.Expression, name: str, values: list[Typed]) -> Typed:
    least = {"coalesce": 1, "greatest": 1, "least": 1, "concat": 1, "concat_ws": 2}.get(name, 0)
    exact = {"nullif": 2, "date_trunc": 2, "date_part": 2}
    if len(values) < least or len(values) != exact.get(name, len(values)):
        raise translator.failure(f"The function {name} does not take {len(values)} arguments", node)
    if name in ("coalesce", "greatest", "least"):
        found = translator.same(values, node, name.upper())
        return _first_that_is_one(found) if name == "coalesce" else computed(_extreme(name, found), LAX, found)
    if name == "nullif":
        test = translator.compared("=", values[0], values[1], node)
        kept = _first_of_equals(*values)
        return computed(made("CASE WHEN {1} THEN NULL ELSE {0} END", [kept, test], kept.type), LAX, [kept, test])
    if name in ("concat", "concat_ws"):
        return _concatenated(translator, node, name, values)
    if name == "regexp_replace":
        return _replaced(values)
    return _part_of(name, values)


def _first_that_is_one(values: list[Typed]) -> Typed:
    """``COALESCE(…)``"""
    # DuckDB 1.4 frees the texts of a Python function before COALESCE has read them; this makes texts of its own.
    own = " || ''" if values[0].type.duckdb == "VARCHAR" else ""
    # Behind a constant PostgreSQL looks at nothing.
    end = next((place for place, value in enumerate(values) if value.constant is not None), len(values)) + 1
    taken = values if any(value.aggregates for value in values) else values[:end]
    found = together(f"coalesce({', '.join(f'{value.sql}{own}' for value in taken)})", values, values[0].type)
    return computed(found, COALESCE, values)


def _first_of_equals(left: Typed, right: Typed) -> Typed:
    """The first argument of ``nullif``, which has the type in which PostgreSQL compares the two."""
    names = {left.type.name, right.type.name}
    if names & {"float4", "float8"} and not names <= {"float4", "float8", "unknown"}:
        return cast(left, Modified(FLOAT8))
    is_text = "text" in names if left.type == BPCHAR else left.type.name == "varchar" and "bpchar" not in names
    if names == {"unknown"} or is_text:
        return as_text(left)
    if names == {"varchar", "bpchar"}:
        return cast(left, Modified(BPCHAR))
    if left.type.name == "unknown" or ("numeric" in names and left.type.name != "numeric"):
        return (unified([left, right]) or [left])[0]
    return left


def _extreme(name: str, values: list[Typed]) -> Typed:
    if not (values[0].type.name == "numeric" and values[0].type.is_text):
        return (
            made(f"{name}({', '.join(f'{{{i}}}' for i in range(len(values)))})", values, values[0].type)
            if len(values) < 10
            else together(f"{name}({', '.join(value.sql for value in values)})", values, values[0].type)
        )
    result, sign = values[0], ">=" if name == "greatest" else "<="
    for value in values[1:]:
        result = made(
            f"CASE WHEN {{0}} IS NULL THEN {{1}} WHEN {{1}} IS NULL THEN {{0}} WHEN pg_compare({{0}}, {{1}}) {sign} 0 "
            "THEN {0} ELSE {1} END",
            [result, value],
            value.type,
        )
    return result


def _concatenated(translator: Translator, node: exp.Expression, name: str, values: list[Typed]) -> Typed:
    if any(value.type == BPCHAR or value.type.category == "A" for value in values):
        raise translator.failure(f"The sandbox does not take character(n) or an array in {name}", node)
    texts = [short_text(value) for value in values]
    translator.joins(len(texts), node)
    if name == "concat_ws":
        texts[0] = replace(texts[0], made=texts[0].made * len(texts))
    return computed(together(f"{name}({', '.join(text.sql for text in texts)})", texts, TEXT), ROW, texts)


def _part_of(name: str, values: list[Typed]) -> Typed:
    word, value = values
    if word.constant is None:
        raise CannotCast(f"the sandbox takes a constant as the first argument of {name}")
    if value.type.name == "unknown":
        raise CannotCast(f"the second argument of {name} has no type; write timestamp '…'")
    if name == "date_part":
        return _of_moment(moments.part(word.constant, value, as_numeric=False), value)
    if value.type.name not in ("date", "timestamp", "timestamptz", "interval"):
        raise CannotCast(f"the function date_trunc(unknown, {value.type.shown}) does not exist")
    if value.type.name == "date":
        # As PostgreSQL has it, the day becomes a time of the time zone of the session, which is UTC.
        value = cast(value, Modified(Type("timestamptz")))
    return _of_moment(moments.truncated(word.constant, value), value)


def extract(translator: Translator, node: exp.Expression) -> Typed:
    """``EXTRACT(part FROM value)``"""
    word, source = translator.parts(node, "this", "expression")
    value = translator.node(source)
    if value.type.name == "unknown" or value.type.category not in "DT":
        raise translator.failure(f"EXTRACT needs a date, a time or an interval, not {value.type.shown}", node)
    return _of_moment(moments.part(str(word.name), value, as_numeric=True), value)


def _of_moment(found: Typed, value: Typed) -> Typed:
    """What is taken of a time: of one with a time zone, the session's time zone has a say in it."""
    return computed(found, STABLE if value.type.name == "timestamptz" else CALL, [value])


def substring(translator: Translator, node: exp.Expression) -> Typed:
    """``SUBSTRING(text FROM start FOR length)`` and ``SUBSTRING(text FROM pattern)``"""
    parts = translator.parts(node, "this", "start", "length")
    values = [translator.node(part) for part in parts]
    if len(values) < 2 or node.args.get("start") is None:
        raise translator.failure("SUBSTRING without FROM is not known to the sandbox", node)
    if len(values) == 2 and values[1].type.category in "SX" and not values[1].is_null:
        if values[0].type.category not in "SX":
            raise translator.failure(f"The function substring({values[0].type.shown}, text) does not exist", node)
        return _taken_out(as_text(values[0]), values[1])
    if any(value.type.category in "S" for value in values[1:]):
        raise translator.failure("The sandbox does not know SUBSTRING with a pattern and an escape", node)
    return called(translator, node, "substring", values)


def _taken_out(value: Typed, pattern: Typed) -> Typed:
    found = patterns.translated(pattern_of(pattern), takes_out=True)
    group = 1 if found.groups else 0
    # A group that took no part gives a null, which DuckDB has as an empty text.
    if found.groups and patterns.may_skip_group(pattern_of(pattern)):
        raise patterns.NotTheSame("its first group may take no part in a match")
    written = literal(found.regex)
    return of_letters(
        found,
        lambda v: f"CASE WHEN regexp_matches({v}, {written}) THEN regexp_extract({v}, {written}, {group}) END",
        value,
        TEXT,
    )


def _replaced(values: list[Typed]) -> Typed:
    if not 3 <= len(values) <= 4 or any(value.type.category not in "SX" for value in values):
        raise CannotCast("the function regexp_replace does not exist for these types")
    options = pattern_of(values[3]) if len(values) == 4 else ""
    if not set(options) <= {"g", "i"}:
        raise CannotCast(f"the sandbox does not know the options {options!r} of regexp_replace")
    pattern = patterns.translated(pattern_of(values[1]), takes_out=True, ignore_case="i" in options)
    if "g" in options and patterns.may_be_empty(pattern_of(values[1])):
        raise patterns.NotTheSame("it may match nothing, which is replaced in another way")
    replacement = pattern_of(values[2])
    taken = map(int, re.findall(r"\\([1-9])", replacement))
    if re.search(r"\\(?![1-9\\])", replacement) or any(number > pattern.groups for number in taken):
        raise CannotCast(f"the sandbox does not know the replacement {replacement!r}")
    if len(replacement) > 200:
        raise CannotCast("the sandbox takes a replacement of up to 200 characters")
    flag = ", 'g'" if "g" in options else ""
    value = as_text(values[0])

    def replaced(v: str) -> str:
        return f"regexp_replace({v}, {literal(pattern.regex)}, {literal(replacement)}{flag})"

    if len(replacement) <= 1 or not flag:
        return of_letters(pattern, replaced, value, TEXT)
    reason = literal(f"the sandbox makes a text of up to {LONGEST_MADE:,} characters")
    result = of_letters(
        pattern,
        lambda v: (
            f"CASE WHEN strlen({v}) * {len(replacement)} > {LONGEST_MADE} + strlen({v}) "
            f"THEN pg_fail({RUN}, {reason}) ELSE {replaced(v)} END"
        ),
        value,
        TEXT,
    )
    return replace(result, can_fail=True, made=value.made + LONGEST_MADE)


def trim(translator: Translator, node: exp.Expression) -> Typed:
    """``TRIM(BOTH characters FROM text)``"""
    translator.parts(node, "this", "position", "expression")
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position") or "").upper(), "btrim")
    values = [translator.node(node.args["this"])]
    if node.args.get("expression") is not None:
        values.append(translator.node(node.args["expression"]))
    return called(translator, node, name, values)


def overlay(translator: Translator, node: exp.Expression) -> Typed:
    """``OVERLAY(text PLACING text FROM start FOR length)``"""
    parts = translator.parts(node, "this", "expression", "from_", "for_")
    return called(translator, node, "overlay", [translator.node(part) for part in parts])


def place(translator: Translator, node: exp.Expression) -> Typed:
    """``POSITION(part IN text)``"""
    translator.parts(node, "this", "substr")
    values = [translator.node(node.args["this"]), translator.node(node.args["substr"])]
    return called(translator, node, "strpos", values)


def interval(translator: Translator, node: exp.Expression) -> Typed:
    """``INTERVAL '…'``"""
    translator.parts(node, "this", "unit", "fraction_in_string")
    what, unit = node.args.get("this"), node.args.get("unit")
    if type(what).__name__ != "Literal" or not what.args.get("is_string"):
        raise translator.failure("INTERVAL has to be followed by a text in quotes", node)
    text = str(what.args["this"])
    if unit is None:
        return constant(text, INTERVAL)
    # sqlglot takes '1.5 hours' apart, but '1.5' HOURS is another interval.
    is_inside = re.search(
        rf"'\s*{re.escape(text.strip())}\s*{re.escape(unit.name)}\s*'", translator.text, re.IGNORECASE
    )
    # It finds a number and a unit in a longer text as well, and drops the rest.
    start = "" if text.lstrip().startswith("-") else r"(?<!\d)(?<!\d\.)"
    inner = re.compile(rf"{start}{re.escape(text.strip())}\s*[a-z]+", re.IGNORECASE)
    quoted = {found for found in re.findall(r"(?='([^']*)')", translator.text) if inner.search(found)}
    longer = {found for found in quoted if not inner.fullmatch(found.strip().removeprefix("+"))}
    if longer:
        whole = longer.pop()
        is_alone = len(quoted) == 1 and not re.search(rf"'\s*{re.escape(text.strip())}\s*'", translator.text)
        if is_alone and re.search(rf"\binterval\s*'{re.escape(whole)}'", translator.text, re.IGNORECASE):
            return constant(whole, INTERVAL)
        raise translator.failure(f"The sandbox does not read the interval {whole!r}", node)
    if re.fullmatch(r"\s*[+-]?\d+\s*", text) or is_inside:
        return constant(f"{text} {unit.name}", INTERVAL)
    raise translator.failure(f"The sandbox does not know the interval {text!r} {unit.name}", node)


def at_time_zone(translator: Translator, node: exp.Expression) -> Typed:
    """``AT TIME ZONE 'UTC'``"""
    source, zone = translator.parts(node, "this", "zone")
    value, name = translator.node(source), translator.node(zone)
    if name.constant is None or name.constant.upper() not in ("UTC", "GMT"):
        raise translator.failure("The sandbox has the time zone UTC only", node)
    if value.type.name == "date":
        value = cast(value, Modified(Type("timestamptz")))
    kinds = {"timestamp": "timestamptz", "timestamptz": "timestamp"}
    if value.type.name not in kinds:
        raise translator.failure(f"AT TIME ZONE does not take {value.type.shown}", node)
    return made("timezone('UTC', {0})", [value], Type(kinds[value.type.name]))


def now(translator: Translator, node: exp.Expression) -> Typed:
    """``current_date``, ``current_timestamp`` and ``localtimestamp``"""
    translator.parts(node)
    return {
        "CurrentDate": Typed("CAST(timezone('UTC', now()) AS DATE)", Type("date")),
        "CurrentTimestamp": Typed("now()", Type("timestamptz")),
    }.get(type(node).__name__, Typed("timezone('UTC', now())", Type("timestamp")))


def _windows(name: str) -> Callable[[Translator, exp.Expression], Typed]:
    def handler(translator: Translator, node: exp.Expression) -> Typed:
        from alpine.sandbox.engine.sql import windows

        found: Typed = getattr(windows, name)(translator, node)
        return found

    return handler


NODES: dict[str, Callable[[Translator, exp.Expression], Typed]] = {
    "Anonymous": function,
    "CurrentDate": now,
    "CurrentTimestamp": now,
    "Localtimestamp": now,
    "Extract": extract,
    "Substring": substring,
    "Trim": trim,
    "Overlay": overlay,
    "StrPosition": place,
    "Interval": interval,
    "AtTimeZone": at_time_zone,
    "Like": matching.like,
    "ILike": matching.like,
    "SimilarTo": matching.similar,
    "Escape": matching.escaped,
    "RegexpLike": matching.matches,
    "RegexpILike": matching.matches,
    "Window": _windows("over"),
    "Filter": _windows("filtered"),
    "WithinGroup": _windows("within"),
}
