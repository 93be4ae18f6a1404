"""TOKENIZE and STRSPLIT: a text as a list of texts, in SQL."""

from __future__ import annotations

from collections.abc import Sequence

from alpine.sandbox.engine.pig.casts import convert
from alpine.sandbox.engine.pig.kinds import Kind
from alpine.sandbox.engine.pig.refusals import Refusal
from alpine.sandbox.engine.pig.regex import BadPattern, OtherPattern, translated
from alpine.sandbox.engine.pig.value import Value, let, text

_DELIMITERS = ' ",()*'
_BLANK = "\\s"


def tokens(arguments: Sequence[Value], at: int) -> str:
    """``TOKENIZE``: what stands between delimiters, without what is empty; a null of a null."""
    value = _text("TOKENIZE", arguments, 2, at)
    delimiters = _constant("TOKENIZE", arguments[1:], "the delimiters", _DELIMITERS)
    if not delimiters:
        raise Refusal("TOKENIZE needs a delimiter", arguments[1].at or at)
    pattern = "[" + "".join(f"\\x{{{ord(sign):x}}}" for sign in delimiters) + "]+"
    return let(lambda x: f"list_filter(string_split_regex({x}, {text(pattern)}), lambda piece: piece <> '')", value)


def split(arguments: Sequence[Value], at: int) -> str:
    """``STRSPLIT``: what stands between matches, as Java splits a text; a null of a null."""
    value = _text("STRSPLIT", arguments, 3, at)
    pattern = _constant("STRSPLIT", arguments[1:2], "the pattern", _BLANK)
    limit = arguments[2].constant if len(arguments) == 3 else 0
    if not isinstance(limit, int) or isinstance(limit, bool):
        raise Refusal("the limit of STRSPLIT should be a whole number that stands in the script", arguments[2].at or at)
    where = (arguments[1].at if len(arguments) > 1 else 0) or at
    try:
        searched = translated(pattern, False)
    except BadPattern:
        raise Refusal(f"Java cannot read the regular expression {pattern!r}", where) from None
    except OtherPattern as error:
        raise Refusal(f"the sandbox has no {error.what} in regular expressions ({pattern!r})", where) from None
    if searched.least == 0 or searched.guards:
        raise Refusal(f"the sandbox does not split by this regular expression: {pattern!r}", where)
    return let(lambda x: _split(x, text(searched.text), limit), value)


def _split(x: str, pattern: str, limit: int) -> str:
    pieces = f"string_split_regex({x}, {pattern})"
    if limit < 0:
        return pieces
    if limit == 0:
        # Java leaves out what is empty at the end, unless nothing was found.
        last = f"list_max(list_transform({pieces}, lambda piece, i: CASE WHEN piece <> '' THEN i ELSE 0 END))"
        return f"(CASE WHEN {x} = '' THEN [''] ELSE {pieces}[1:{last}] END)"
    cut = limit - 1
    found = f"regexp_extract_all({x}, {pattern})"

    def length(parts: str) -> str:
        return f"list_sum(list_transform(({parts})[1:{cut}], lambda piece: length(piece)))"

    rest = f"substr({x}, CAST(1 + {length(pieces)} + {length(found)} AS BIGINT))" if cut else x
    return f"(CASE WHEN len({pieces}) <= {limit} THEN {pieces} ELSE list_append({pieces}[1:{cut}], {rest}) END)"


def _text(name: str, arguments: Sequence[Value], most: int, at: int) -> Value:
    if not 1 <= len(arguments) <= most:
        raise Refusal(f"{name} takes from 1 to {most} arguments", at)
    value = arguments[0]
    if value.kind not in {Kind.CHARARRAY, Kind.BYTEARRAY}:
        raise Refusal(f"{name} takes no {value.kind.value}; cast it: (chararray)x", value.at or at)
    return convert(value, Kind.CHARARRAY)


def _constant(name: str, arguments: Sequence[Value], what: str, default: str) -> str:
    if not arguments:
        return default
    if not isinstance(arguments[0].constant, str):
        raise Refusal(f"{what} of {name} should be a text that stands in the script", arguments[0].at or None)
    return arguments[0].constant
