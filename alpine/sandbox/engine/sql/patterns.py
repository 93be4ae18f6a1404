"""PostgreSQL's regular expressions as RE2's, where both mean the same; the others are refused.

PostgreSQL finds the longest of the leftmost matches, RE2 the first that it comes to. It makes no difference to
whether there is a match; where the matched text is taken out, a pattern is refused that the two could match otherwise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from alpine.sandbox.engine.sql import letters

# As the C library has them: no blank that keeps words together.
_SPACE = r" \t\n\r\v\f\x{1680}\x{2000}-\x{2006}\x{2008}-\x{200a}\x{2028}\x{2029}\x{205f}\x{3000}"
_CLASSES = {
    **letters.CLASSES,
    "digit": "0-9",
    "space": _SPACE,
    "blank": r" \t",
    "xdigit": r"0-9A-Fa-f",
}
_SHORT = {"d": "0-9", "w": f"{letters.CLASSES['alnum']}_", "s": _SPACE}
_CONTROL = {"n": r"\n", "t": r"\t", "r": r"\r", "f": r"\f", "v": r"\v", "a": r"\a", "e": r"\x1b", "B": r"\\"}
_QUANTIFIER = re.compile(r"(?:[*+?]|\{(\d+)(?:,(\d*))?\})(\?)?", re.ASCII)
_MOST = 255


class NotTheSame(Exception):
    """A pattern that PostgreSQL and RE2 would match otherwise, or that PostgreSQL refuses."""


@dataclass(frozen=True)
class Pattern:
    """A regular expression for RE2.

    :param regex: It.
    :param groups: The number of its groups.
    :param has_letters: Whether it asks what is a letter, so that it holds for values of known characters only.
    """

    regex: str
    groups: int = 0
    has_letters: bool = False


@dataclass
class _Reader:
    """A pattern that is read from left to right."""

    text: str
    ignore_case: bool = False
    has_letters: bool = False
    place: int = 0
    groups: int = 0
    is_ambiguous: bool = False
    lazy: int = 0
    greedy: int = 0

    def branches(self, depth: int) -> str:
        """Alternatives, up to the end of the group."""
        found: list[str] = []
        literals: list[str | None] = []
        while True:
            start = self.place
            found.append(self._branch(depth))
            written = self.text[start : self.place]
            written = letters.small(written) if self.ignore_case else written
            literals.append(written if re.fullmatch(r"[\w ]*", written) else None)
            if self.place >= len(self.text) or self.text[self.place] != "|":
                break
            self.place += 1
        if len(found) > 1:
            self.is_ambiguous |= not _are_apart(literals)
        return "|".join(found)

    def _branch(self, depth: int) -> str:
        out = ""
        while self.place < len(self.text) and self.text[self.place] not in "|":
            if self.text[self.place] == ")":
                if depth:
                    break
                raise NotTheSame("it has an unbalanced parenthesis")
            start, groups = self.place, self.groups
            atom, can_repeat, is_group = self._atom(depth)
            quantifier = _QUANTIFIER.match(self.text, self.place)
            if quantifier:
                if not can_repeat:
                    raise NotTheSame("a quantifier follows what cannot be repeated")
                self._quantified(quantifier, is_group, groups)
                atom += quantifier[0]
                self.place = quantifier.end()
                if self.place < len(self.text) and _QUANTIFIER.match(self.text, self.place):
                    raise NotTheSame("a quantifier follows another")
            out += atom
            if self.place == start:
                raise NotTheSame("it cannot be read")
        return out

    def _quantified(self, found: re.Match[str], is_group: bool, groups: int) -> None:
        if found[3]:
            self.lazy += 1
        else:
            self.greedy += 1
        self.is_ambiguous |= is_group
        limits = [int(part) for part in found.group(1, 2) if part]
        if any(limit > _MOST for limit in limits) or (len(limits) == 2 and limits[0] > limits[1]):
            raise NotTheSame("the bounds of a quantifier are not valid")
        if is_group and self.groups > groups:
            # What a group that is repeated has matched last is told in another way.
            self.is_ambiguous = True

    def _atom(self, depth: int) -> tuple[str, bool, bool]:
        sign = self.text[self.place]
        self.place += 1
        if sign == "(":
            return self._group(depth), True, True
        if sign == "[":
            return self._bracket(), True, False
        if sign == "\\":
            return self._escape()
        if sign == "^":
            return r"\A", False, False
        if sign == "$":
            return r"\z", False, False
        if sign == ".":
            return r"(?s:.)", True, False
        if sign in "*+?":
            raise NotTheSame("a quantifier has nothing before it")
        if sign == "{" and self.place < len(self.text) and self.text[self.place].isdigit():
            raise NotTheSame("a quantifier has nothing before it")
        return self._one(sign), True, False

    def _one(self, sign: str) -> str:
        """A character that stands for itself, and for its capital where case does not matter."""
        cases = [sign] if not self.ignore_case else letters.both_cases(sign, sign)
        if cases is None:
            raise NotTheSame(f"the sandbox does not know the capital of {sign!r}")
        written = "".join(re.escape(case) if case.isascii() else case for case in cases)
        return written if len(cases) == 1 else f"[{written}]"

    def _group(self, depth: int) -> str:
        if depth > 20:
            raise NotTheSame("its parentheses are nested too deep")
        opening = "("
        if self.text.startswith("?", self.place):
            if not self.text.startswith("?:", self.place):
                raise NotTheSame("it has a lookahead, a lookbehind or an option in parentheses")
            self.place += 2
            opening = "(?:"
        else:
            self.groups += 1
        inner = self.branches(depth + 1)
        if self.place >= len(self.text):
            raise NotTheSame("it has an unbalanced parenthesis")
        self.place += 1
        return f"{opening}{inner})"

    def _escape(self) -> tuple[str, bool, bool]:
        if self.place >= len(self.text):
            raise NotTheSame("it ends in a backslash")
        letter = self.text[self.place]
        self.place += 1
        if letter.lower() in _SHORT:
            self.has_letters |= letter in "wW"
            return f"[{'^' if letter.isupper() else ''}{_SHORT[letter.lower()]}]", True, False
        if letter in _CONTROL:
            return _CONTROL[letter], True, False
        if letter in "AZ":
            return (r"\A" if letter == "A" else r"\z"), False, False
        if letter.isalnum():
            raise NotTheSame(f"it has the escape \\{letter}")
        return self._one(letter), True, False

    def _bracket(self) -> str:
        out = "["
        if self.text.startswith("^", self.place):
            out, self.place = "[^", self.place + 1
        is_first = True
        while True:
            if self.place >= len(self.text):
                raise NotTheSame("it has an unbalanced bracket")
            sign = self.text[self.place]
            if sign == "]" and not is_first:
                self.place += 1
                return out + "]"
            out += self._member()
            is_first = False

    def _member(self) -> str:
        if found := re.compile(r"\[:(\w+):\]").match(self.text, self.place):
            if found[1] not in _CLASSES:
                raise NotTheSame(f"it has the class [:{found[1]}:]")
            self.place = found.end()
            self.has_letters |= found[1] in letters.CLASSES
            return _CLASSES["alpha" if self.ignore_case and found[1] in ("upper", "lower") else found[1]]
        if self.text.startswith(("[.", "[=", "[:"), self.place):
            raise NotTheSame("it has a collating element")
        start, is_set = self._sign()
        if is_set:
            return start
        if self.text.startswith("-", self.place) and not self.text.startswith("-]", self.place):
            self.place += 1
            if self.place >= len(self.text) or self.text[self.place] == "[":
                raise NotTheSame("it has a range that is not valid")
            end, is_set = self._sign()
            if is_set or _unescaped(end) < _unescaped(start):
                raise NotTheSame("it has a range that is not valid")
            return self._range(start, end)
        return self._range(start, start) if self.ignore_case else start

    def _range(self, start: str, end: str) -> str:
        """A range in brackets; each of its ends is a character, or an escape of one."""
        is_control = re.match(r"\\[a-z]", start) or re.match(r"\\[a-z]", end)
        if not self.ignore_case or (is_control and start == end):
            return f"{start}-{end}"
        if is_control:
            raise NotTheSame("it has a range from a control character, where capitals do not matter")
        cases = letters.both_cases(_unescaped(start), _unescaped(end))
        if cases is None:
            raise NotTheSame(f"the sandbox does not know the capitals of {start}-{end}")
        return "".join(re.escape(case) if case.isascii() else case for case in cases)

    def _sign(self) -> tuple[str, bool]:
        sign = self.text[self.place]
        self.place += 1
        if sign != "\\":
            return (re.escape(sign) if sign.isascii() else sign), False
        if self.place >= len(self.text):
            raise NotTheSame("it ends in a backslash")
        letter = self.text[self.place]
        self.place += 1
        if letter in _SHORT:
            self.has_letters |= letter == "w"
            return _SHORT[letter], True
        if letter in _CONTROL:
            return _CONTROL[letter], False
        if letter.isalnum():
            raise NotTheSame(f"it has the escape \\{letter} in a bracket")
        return re.escape(letter) if letter.isascii() else letter, False


def _unescaped(text: str) -> str:
    return text.removeprefix("\\")[:1] if len(text) <= 2 else text


def _are_apart(literals: list[str | None]) -> bool:
    """Whether at most one of the alternatives can match at one place."""
    known = [text for text in literals if text]
    if len(known) != len(literals):
        return False
    return not any(a is not b and b.startswith(a) for a in known for b in known)


def translated(pattern: str, *, takes_out: bool, ignore_case: bool = False) -> Pattern:
    """A regular expression for RE2.

    :param pattern: PostgreSQL's.
    :param takes_out: Whether the matched text matters, and not only whether there is one.
    :param ignore_case: Whether capitals are the same as small letters.
    :raises NotTheSame: It would not mean the same, or it is not valid.
    """
    if pattern.startswith("***"):
        raise NotTheSame("it begins with ***")
    options = re.match(r"\(\?([ci]+)\)", pattern)
    if options:
        pattern, ignore_case = pattern[options.end() :], options[1].endswith("i")
    reader = _Reader(pattern, ignore_case)
    body = reader.branches(0)
    if reader.place < len(pattern):
        raise NotTheSame("it has an unbalanced parenthesis")
    if takes_out and (reader.is_ambiguous or (reader.lazy and reader.lazy + reader.greedy > 1)):
        raise NotTheSame("PostgreSQL's longest match may be another than that of the sandbox")
    return Pattern(body, reader.groups, reader.has_letters)


def similar(pattern: str, escape: str) -> Pattern:
    """The regular expression of RE2 for a pattern of ``SIMILAR TO``, to match a whole value.

    :param escape: The sign that takes the next one as it is; empty for none.
    :raises NotTheSame: It is not valid, or takes parts of a value out.
    """
    out, place, in_bracket = "", 0, False
    while place < len(pattern):
        sign = pattern[place]
        place += 1
        if escape and sign == escape:
            if place >= len(pattern):
                raise NotTheSame("it ends in its escape")
            if pattern[place] == '"':
                raise NotTheSame("it takes a part out")
            letter = pattern[place]
            out += f"\\{letter}" if not letter.isalnum() else letter
            if letter.isalnum() and escape == "\\":
                raise NotTheSame(f"it has the escape \\{letter}")
            place += 1
        elif in_bracket:
            out += "\\\\" if sign == "\\" else sign
            in_bracket = sign != "]"
        elif sign == "[":
            in_bracket, out = True, out + sign
            for opening in ("^]", "^", "]"):
                if pattern.startswith(opening, place):
                    out, place = out + opening, place + len(opening)
                    break
        else:
            out += {"%": ".*", "_": ".", "(": "(?:", "^": r"\^", "$": r"\$", ".": r"\.", "\\": "\\\\"}.get(sign, sign)
    found = translated(out, takes_out=False)
    return Pattern(rf"\A(?:{found.regex})\z", has_letters=found.has_letters)


def like(pattern: str, escape: str) -> str:
    """The regular expression of RE2 for a pattern of ``LIKE``, to match a whole value.

    DuckDB's own LIKE tries all ways to part a value where a pattern has several ``%``, and no stop reaches it.

    :raises NotTheSame: It ends in its escape.
    """
    out, signs = "", iter(pattern)
    for sign in signs:
        if escape and sign == escape:
            following = next(signs, None)
            if following is None:
                raise NotTheSame("it ends in its escape")
            out += re.escape(following) if following.isascii() else following
        elif sign in "%_":
            out += ".*" if sign == "%" else "."
        else:
            out += re.escape(sign) if sign.isascii() else sign
    return rf"(?s)\A{out}\z"


def may_be_empty(pattern: str) -> bool:
    """Whether a pattern may match a text of no length."""
    regex = re.sub(r"\\p(\{\w+\}|\w)|\\x\{\w+\}", "x", translated(pattern, takes_out=False).regex).replace(r"\z", r"\Z")
    try:
        return re.match(regex, "") is not None
    except re.error:
        return True


def may_skip_group(pattern: str) -> bool:
    """Whether the first group of a pattern may take no part in a match."""
    return "|" in pattern or re.search(r"\)[*?{]", pattern) is not None
