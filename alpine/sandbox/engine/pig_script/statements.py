"""Parts a script into its statements, and refuses those that the sandbox does not have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.pig.refusals import Refusal

MAX_SCRIPT = 200_000
_SHOWN = 80
_PIECES = re.compile(
    r"(?P<text>'(?:\\.|[^'\\])*')|(?P<comment>--[^\n]*|/\*.*?\*/)|(?P<open>'|/\*)|(?P<end>;)|(?P<brace>[{}])",
    re.DOTALL,
)
_HEAD = re.compile(r"\s*(?:[A-Za-z]\w*\s*(?:,\s*[A-Za-z]\w*\s*)*=(?!=)\s*)?(?P<word>%?[A-Za-z]\w*)", re.ASCII)
_NEITHER = frozenset({
    "LOAD", "DEFINE", "SPLIT", "SAMPLE", "CROSS", "COGROUP", "CUBE", "RANK", "ROLLUP", "MAPREDUCE", "NATIVE", "STREAM",
    "REGISTER", "IMPORT", "ASSERT", "DUMP", "DESCRIBE", "EXPLAIN", "ILLUSTRATE", "EXEC", "RUN", "FS", "SH", "CAT",
    "KILL", "QUIT", "RMF", "RM", "MV", "CP", "MKDIR", "CD", "LS", "PWD", "SET", "%DECLARE", "%DEFAULT", "HISTORY",
})  # fmt: skip
_HINTS = {
    "LOAD": "the inputs of the operator are alpine_pig_input_1, alpine_pig_input_2 and so on",
    "DUMP": "what the script gives is alpine_pig_output",
    "CROSS": "join by a constant: JOIN A BY 1, B BY 1",
    "SPLIT": "FILTER the relation once for each part",
    "COGROUP": "GROUP takes one relation; JOIN takes several",
    "DEFINE": "functions of Java are not known",
    "REGISTER": "functions of Java are not known",
}


@dataclass(frozen=True)
class Statement:
    """One statement.

    :param text: It, with blanks for comments.
    :param start: The place of its first character in the script, from 0.
    """

    text: str
    start: int


@dataclass(frozen=True)
class Place:
    """A script whose places have lines and columns."""

    script: str

    def failure(self, statement: Statement, refusal: Refusal) -> NodeFailure:
        """The failure of the operator whose script it is."""
        at = statement.start + (refusal.at or 1 + len(statement.text) - len(statement.text.lstrip())) - 1
        line, column = self.script.count("\n", 0, at) + 1, at - self.script.rfind("\n", 0, at)
        shown = " ".join(statement.text.split())
        shown = shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "…"
        return NodeFailure(f"The Pig script, line {line}, column {column} ({shown!r}): {refusal.reason}.")


def statements(script: str) -> Iterator[Statement]:
    """The statements of a script.

    :param script: The script.
    :raises NodeFailure: It has a statement that the sandbox does not have, or a text or a comment that does not end.
    """
    place = Place(script)
    if len(script) > MAX_SCRIPT:
        raise NodeFailure(
            f"The Pig script has more than {MAX_SCRIPT:,} characters, which is too large for the sandbox."
        )
    signs, start = list(script), 0
    for found in _PIECES.finditer(script):
        if found["open"]:
            what = "a text is not ended" if found["open"] == "'" else "a comment is not ended"
            raise place.failure(Statement(script[start:], start), Refusal(what, found.start() - start + 1))
        if found["brace"]:
            raise place.failure(Statement(script[start:], start), _brace(script[start:], found.start() - start))
        if found["comment"]:
            signs[found.start() : found.end()] = re.sub(r"[^\n]", " ", found["comment"])
        if found["end"]:
            yield from _statement(place, "".join(signs[start : found.start()]), start)
            start = found.end()
    yield from _statement(place, "".join(signs[start:]), start)


def _brace(text: str, at: int) -> Refusal:
    if re.search(r"\bforeach\b", text[:at], re.IGNORECASE) and not re.search(r"\bgenerate\b", text[:at], re.IGNORECASE):
        return Refusal("the sandbox has no nested block of FOREACH, only FOREACH ... GENERATE", at + 1)
    return Refusal("the sandbox has no braces: neither blocks, nor the schema of a bag", at + 1)


def _statement(place: Place, text: str, start: int) -> Iterator[Statement]:
    if not text.strip():
        return
    found = _HEAD.match(text)
    word = found["word"].upper() if found else ""
    statement = Statement(text, start)
    if found and word in _NEITHER:
        hint = f"; {_HINTS[word]}" if word in _HINTS else ""
        raise place.failure(statement, Refusal(f"the sandbox has no {word}{hint}", found.start("word") + 1))
    yield statement
