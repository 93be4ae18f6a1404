"""Functions of text."""

from __future__ import annotations

from collections.abc import Sequence

from alpine.sandbox.engine.pig.casts import convert
from alpine.sandbox.engine.pig.functions import function, simple
from alpine.sandbox.engine.pig.kinds import NUMBERS, Kind
from alpine.sandbox.engine.pig.refusals import Refusal
from alpine.sandbox.engine.pig.regex import BadPattern, OtherPattern, Pattern, replacement, translated
from alpine.sandbox.engine.pig.value import Value, failing, for_ascii, let, made, text

MAX_GROWTH = 128 * 1024
"""Characters by which a text may grow in one row: DuckDB's memory limit does not count what is computed on the way."""

simple("UCFIRST chararray -> chararray", "pig_upper_first({0})")
simple("LCFIRST chararray -> chararray", "pig_lower_first({0})")
simple("LTRIM chararray -> chararray", "ltrim({0}, ' ')")
simple("RTRIM chararray -> chararray", "rtrim({0}, ' ')")
simple("INDEXOF chararray chararray int -> int", "pig_index({0}, {1}, {2})")
simple("LAST_INDEX_OF chararray chararray -> int", "pig_last_index({0}, {1})")
simple("STARTSWITH chararray chararray -> boolean", "starts_with({0}, {1})")
simple("ENDSWITH chararray chararray -> boolean", "suffix({0}, {1})")
_BLANKS = text("".join(map(chr, range(33))))


def _letters(name: str, fast: str) -> None:
    @function(f"{name} chararray -> chararray")
    def write(x: Value) -> str:
        return for_ascii(lambda y: f"{fast}({y})", lambda y: f"pig_{fast}({y})", x)


_letters("LOWER", "lower")
_letters("UPPER", "upper")


@function("SUBSTRING chararray int int -> chararray")
def _substring(x: Value, start: Value, end: Value) -> str:
    return for_ascii(
        lambda y, a, b: (
            f"CASE WHEN {a} >= 0 AND {b} >= {a} AND {a} <= length({y}) THEN substr({y}, {a} + 1, {b} - {a}) END"
        ),
        lambda y, a, b: f"pig_substring({y}, {a}, {b})",
        x, start, end,
    )  # fmt: skip


@function("INDEXOF chararray chararray -> int")
def _index(x: Value, part: Value) -> str:
    return for_ascii(
        lambda y, p: f"CAST(instr({y}, {p}) - 1 AS INTEGER)" if part.constant else f"pig_index({y}, {p}, 0)",
        lambda y, p: f"pig_index({y}, {p}, 0)",
        x, part,
    )  # fmt: skip


@function("TRIM chararray -> chararray")
def _trim(x: Value) -> str:
    return f"trim({x.sql}, {_BLANKS})"


@function("EqualsIgnoreCase chararray chararray -> boolean")
def _equals_ignore_case(x: Value, y: Value) -> str:
    stop = failing("EqualsIgnoreCase of a null stops a run of Pig; test for null before.")
    return let(
        lambda a, b: f"(CASE WHEN {a} IS NULL OR {b} IS NULL THEN {stop} ELSE pig_same_letters({a}, {b}) END)", x, y
    )


def size(x: Value, at: int) -> Value:
    """``SIZE``: the length of a text or of bytes, 1 for what is one value."""
    if x.kind is Kind.CHARARRAY:
        sql = for_ascii(lambda y: f"length({y})", lambda y: f"pig_size({y})", x)
    elif x.kind is Kind.BYTEARRAY:
        sql = f"octet_length({x.sql})"
    elif x.kind in NUMBERS or x.kind is Kind.BOOLEAN:
        sql = f"(CASE WHEN {x.sql} IS NOT NULL THEN 1 END)"
    else:
        raise Refusal(f"SIZE takes no {x.kind.value}", at)
    return made(f"CAST({sql} AS BIGINT)", Kind.LONG, at, x)


def concat(arguments: Sequence[Value], at: int, *, is_watched: bool) -> Value:
    """``CONCAT``: texts, or bytes, one after the other.

    :param arguments: At least two.
    :param at: The place in the text.
    :param is_watched: Whether the growth is limited.
    """
    if len(arguments) < 2:
        raise Refusal("CONCAT takes two arguments or more", at)
    kinds = {argument.kind for argument in arguments if not argument.is_null}
    other = next((argument for argument in arguments if argument.kind not in {Kind.CHARARRAY, Kind.BYTEARRAY}), None)
    if other:
        raise Refusal(f"CONCAT takes no {other.kind.value}; cast it: (chararray)x", other.at or at)
    kind = Kind.BYTEARRAY if kinds == {Kind.BYTEARRAY} else Kind.CHARARRAY
    parts = [convert(argument, kind) for argument in arguments]
    joined = "(" + " || ".join(part.sql for part in parts) + ")"
    if is_watched and kind is Kind.CHARARRAY:
        joined = let(_limited_concat, *parts)
    return made(joined, kind, at, *arguments)


def _limited_concat(*parts: str) -> str:
    lengths = [f"length({part})" for part in parts]
    stop = failing(
        f"CONCAT makes a text that is more than {MAX_GROWTH:,} characters longer; the sandbox makes no longer one."
    )
    growth = f"{' + '.join(lengths)} - greatest({', '.join(lengths)})"
    return f"(CASE WHEN {growth} > {MAX_GROWTH} THEN {stop} ELSE {' || '.join(parts)} END)"


def sprintf(arguments: Sequence[Value], at: int) -> Value:
    """``SPRINTF``: values in a form."""
    if not arguments or arguments[0].kind not in {Kind.CHARARRAY, Kind.BYTEARRAY}:
        raise Refusal("SPRINTF takes a chararray first, the form", at)
    other = next(
        (x for x in arguments[1:] if x.kind is Kind.DATETIME or (x.kind is Kind.BYTEARRAY and not x.is_null)), None
    )
    if other:
        raise Refusal(f"SPRINTF in the sandbox takes no {other.kind.value}; cast it or use ToString", other.at or at)
    kinds = " ".join(value.kind.value for value in arguments[1:])
    values = ", ".join(convert(value, Kind.CHARARRAY).sql for value in arguments[1:])
    form = convert(arguments[0], Kind.CHARARRAY).sql
    return made(f"pig_sprintf({form}, '{kinds}', [{values}]::VARCHAR[])", Kind.CHARARRAY, at, *arguments)


# --- regular expressions ---------------------------------------------------------------------------------------------


def matches(value: Value, pattern: Value, at: int) -> Value:
    """``matches``: whether a whole value matches a pattern."""
    for operand in (value, pattern):
        if operand.kind not in {Kind.CHARARRAY, Kind.BYTEARRAY}:
            raise Refusal(f"matches takes no {operand.kind.value}; cast it: (chararray)x", operand.at or at)
    whole = convert(value, Kind.CHARARRAY)
    if not isinstance(pattern.constant, str):
        other = convert(pattern, Kind.CHARARRAY)
        return made(f"regexp_full_match({whole.sql}, pig_regex({other.sql}, TRUE))", Kind.BOOLEAN, at, value, pattern)
    found = _constant(pattern, is_whole=True)
    sql = let(lambda x: _guarded(found, x, f"regexp_full_match({x}, {text(found.text)})"), whole)
    return made(sql, Kind.BOOLEAN, at, value, is_never_null=value.is_never_null)


def _constant(pattern: Value, *, is_whole: bool) -> Pattern:
    try:
        return translated(pattern.constant, is_whole)
    except BadPattern:
        raise Refusal(f"Java cannot read the regular expression {pattern.constant!r}", pattern.at) from None
    except OtherPattern as error:
        raise _other(error, pattern) from None


def _other(error: OtherPattern, pattern: Value) -> Refusal:
    return Refusal(f"the sandbox has no {error.what} in regular expressions ({pattern.constant!r})", pattern.at)


def _guarded(pattern: Pattern, value: str, sql: str) -> str:
    whens = "".join(
        f"WHEN regexp_matches({value}, {text(guard)}) THEN "
        + failing(f"a value has {reason}, where the sandbox and Java read a regular expression otherwise.")
        + " "
        for guard, reason in pattern.guards
    )
    return f"(CASE {whens}ELSE {sql} END)" if whens else sql


@function("REPLACE chararray chararray chararray -> chararray")
def _replace(value: Value, pattern: Value, new: Value) -> str:
    if not isinstance(pattern.constant, str):
        return _replace_by_column(value, pattern, new)
    try:
        found = translated(pattern.constant, False)
    except BadPattern:
        return "CAST(NULL AS VARCHAR)"
    except OtherPattern as error:
        raise _other(error, pattern) from None
    if not isinstance(new.constant, str):
        return _replace_by_value(found, value, new)
    try:
        made_of = replacement(new.constant, len(found.groups))
    except OtherPattern as error:
        raise _other(error, new) from None
    searched = text(found.text)
    if made_of is None:
        # Java reads the replacement when something is found.
        return let(lambda x: _guarded(found, x, f"(CASE WHEN NOT regexp_matches({x}, {searched}) THEN {x} END)"), value)
    written, plain, used = made_of
    if found.least == 0 and not found.is_empty_alone and (plain or used):
        raise Refusal(
            f"the sandbox does not replace by a regular expression that may match nothing ({pattern.constant!r})",
            pattern.at,
        )
    sql = "regexp_replace({0}, " + searched + f", {text(written)}, 'g')"
    grows = not (used == 0 and plain <= found.least) and not (plain == 0 and used <= 1)
    if not grows and not found.guards:
        return f"regexp_replace({value.sql}, {searched}, {text(written)}, 'g')"

    def body(x: str) -> str:
        replaced = sql.replace("{0}", x)
        if grows:
            growth = f"{plain} * (length({x}) + 1) + {used} * length({x})"
            replaced = f"(CASE WHEN {growth} > {MAX_GROWTH} THEN {_too_long()} ELSE {replaced} END)"
        return _guarded(found, x, replaced)

    return let(body, value)


def _replace_by_column(value: Value, pattern: Value, new: Value) -> str:
    if pattern.is_null or new.is_null or value.is_null:
        return "CAST(NULL AS VARCHAR)"
    if not isinstance(new.constant, str) or "$" in new.constant or "\\" in new.constant:
        raise Refusal(
            "REPLACE with a pattern from a column takes a literal without $ and \\ as its replacement", new.at
        )
    plain = len(new.constant)

    def body(x: str, by: str) -> str:
        replaced = f"regexp_replace({x}, pig_regex({by}, FALSE), {text(new.constant)}, 'g')"
        return f"(CASE WHEN {plain} * (length({x}) + 1) > {MAX_GROWTH} THEN {_too_long()} ELSE {replaced} END)"

    return let(body, value, pattern)


def _replace_by_value(found: Pattern, value: Value, new: Value) -> str:
    if new.is_null:
        return "CAST(NULL AS VARCHAR)"
    if found.least == 0 and not found.is_empty_alone:
        raise Refusal("the sandbox does not replace by a regular expression that may match nothing", new.at or None)
    stop = failing("a replacement from a column has $ or \\, which the sandbox reads in literals only.")

    def body(x: str, y: str) -> str:
        replaced = f"regexp_replace({x}, {text(found.text)}, {y}, 'g')"
        return (
            f"(CASE WHEN contains({y}, '$') OR contains({y}, '\\') THEN {stop} "
            f"WHEN length({y}) * (length({x}) + 1) > {MAX_GROWTH} THEN {_too_long()} "
            f"ELSE {_guarded(found, x, replaced)} END)"
        )

    return let(body, value, new)


def _too_long() -> str:
    return failing(f"REPLACE may make a text more than {MAX_GROWTH:,} characters longer, which the sandbox does not.")


@function("REGEX_EXTRACT chararray chararray int -> chararray")
def _regex_extract(value: Value, pattern: Value, number: Value) -> str:
    if pattern.is_null or value.is_null:
        return "CAST(NULL AS VARCHAR)"
    if not isinstance(pattern.constant, str) or not isinstance(number.constant, int) or number.constant < 0:
        raise Refusal(
            "REGEX_EXTRACT in the sandbox takes a literal pattern and a literal number of a group", pattern.at or None
        )
    found, index = _constant(pattern, is_whole=False), number.constant
    if index > len(found.groups):
        return "CAST(NULL AS VARCHAR)"
    if index > 9:
        raise Refusal("REGEX_EXTRACT in the sandbox has nine groups at most", number.at or None)
    searched, group = text(found.text), found.groups[index - 1] if index else None

    def body(x: str) -> str:
        part = f"regexp_extract({x}, {searched}, {index})"
        if group and group.is_optional and group.can_be_empty:
            stop = failing("REGEX_EXTRACT cannot tell an empty group from one that is not there in the sandbox.")
            part = f"(CASE WHEN {part} = '' THEN {stop} ELSE {part} END)"
        elif group and group.is_optional:
            part = f"nullif({part}, '')"
        return _guarded(found, x, f"(CASE WHEN regexp_matches({x}, {searched}) THEN {part} END)")

    return let(body, value)
