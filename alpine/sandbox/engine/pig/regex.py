"""Java's regular expressions, written for RE2 where both mean the same."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

MAX_PATTERN = 2_000
MAX_REPEAT = 1_000
_LINE_ENDS = r"\n\r\x{85}\x{2028}\x{2029}"
_CLASSES = {"d": r"\d", "D": r"\D", "w": r"\w", "W": r"\W", "s": r"[\t\n\x0B\f\r ]", "S": r"[^\t\n\x0B\f\r ]"}
_IN_CLASS = {"d": r"\d", "D": r"\D", "w": r"\w", "W": r"\W", "s": r"\t\n\x0B\f\r "}
_CONTROLS = {"t": r"\t", "n": r"\n", "r": r"\r", "f": r"\f", "a": r"\x07", "e": r"\x1B"}
_POSIX = {"Alpha": "alpha", "Digit": "digit", "Alnum": "alnum", "Upper": "upper", "Lower": "lower", "Punct": "punct",
          "Space": "space", "Blank": "blank", "Cntrl": "cntrl", "XDigit": "xdigit",
          "Graph": "graph", "Print": "print"}  # fmt: skip
_CATEGORIES = frozenset({"L", "Lu", "Ll", "N", "Nd", "P", "S", "Z"})
_SPECIAL = frozenset("\\.[]{}()*+?^$|")
_JAVA_ONLY = re.compile(r"\(\?|[\^$]|\\[A-Za-z0-9]|[*+?}][?+]|&&", re.ASCII)


class BadPattern(Exception):
    """Java itself cannot read a pattern."""


class OtherPattern(Exception):
    """RE2 has no such thing as a pattern asks for.

    :param what: What it asks for.
    """

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


@dataclass
class Group:
    """A capturing group.

    :param is_optional: Whether the whole can match without it.
    :param can_be_empty: Whether it can match nothing.
    """

    is_optional: bool
    can_be_empty: bool


@dataclass
class Pattern:
    """A pattern for RE2.

    :param text: The pattern.
    :param least: The length of the shortest match.
    :param is_empty_alone: Whether nothing but the empty text matches.
    :param groups: The capturing groups, the first at 0.
    :param guards: Patterns of values for which RE2 and Java differ, each with the reason.
    """

    text: str
    least: int
    is_empty_alone: bool
    groups: list[Group] = field(default_factory=list)
    guards: list[tuple[str, str]] = field(default_factory=list)


@lru_cache(maxsize=512)
def translated(pattern: str, is_whole: bool) -> Pattern:
    """A pattern of Java for RE2.

    :param pattern: The pattern.
    :param is_whole: Whether it has to match a whole value, as ``matches`` wants it; else it is searched.
    :raises BadPattern: Java cannot read it.
    :raises OtherPattern: It asks for what RE2 does not have, or has otherwise.

    >>> translated("a.c", is_whole=False).text
    'a[^\\\\n\\\\r\\\\x{85}\\\\x{2028}\\\\x{2029}]c'
    """
    if len(pattern) > MAX_PATTERN:
        raise OtherPattern(f"a pattern of more than {MAX_PATTERN:,} characters")
    reader = _Reader(pattern, is_whole)
    body, least, most = reader.alternatives(0)
    if reader.at < len(pattern):
        raise BadPattern
    reader.finish()
    # Options stand in front of each part that they change.
    return Pattern(body, least, most == 0, reader.groups, reader.guards)


def replacement(text: str, groups: int) -> tuple[str, int, int] | None:
    """What stands in for a match, in RE2's form.

    :param text: The replacement, in Java's form.
    :param groups: How many groups the pattern has.
    :returns: The text, the number of its plain characters and of its groups; None where Java cannot read it.
    :raises OtherPattern: It names a group.
    """
    written, plain, used, at = "", 0, 0, 0
    while at < len(text):
        sign = text[at]
        if sign == "\\":
            if at + 1 == len(text):
                return None
            at += 1
            written += text[at].replace("\\", r"\\")
            plain += 1
        elif sign == "$":
            if text[at + 1 : at + 2] == "{":
                raise OtherPattern("a group by name")
            if not text[at + 1 : at + 2].isdecimal() or not text[at + 1].isascii():
                return None
            number, at = int(text[at + 1]), at + 1
            if number > groups:
                return None
            # More digits belong to it while there is such a group.
            while (
                text[at + 1 : at + 2].isdecimal()
                and text[at + 1].isascii()
                and number * 10 + int(text[at + 1]) <= groups
            ):
                number, at = number * 10 + int(text[at + 1]), at + 1
            if number > 9:
                raise OtherPattern("a group beyond the ninth")
            written += f"\\{number}"
            used += 1
        else:
            written += sign
            plain += 1
        at += 1
    return written, plain, used


class _Reader:
    """Reads a pattern of Java from left to right, and writes that of RE2.

    Each method gives what it wrote with the least and the most characters that it matches.
    """

    def __init__(self, pattern: str, is_whole: bool) -> None:
        self.pattern = pattern
        self.at = 0
        self.is_whole = is_whole
        # Pig uses another engine, the automaton of dk.brics, for patterns without what is Java's alone.
        self.is_automaton = (
            is_whole and not _JAVA_ONLY.search(re.sub(r"\[\^", "[", pattern)) and pattern.count('"') % 2 == 0
        )
        if self.is_automaton and max(pattern, default="") > "\uffff":
            raise OtherPattern("a character beyond the basic plane")
        # Whether a negated class alone makes it Java's is not known.
        self.is_unsure = self.is_automaton and "[^" in pattern
        self.ignores_case = False
        self.is_dot_all = False
        self.repeats = 1
        self.groups: list[Group] = []
        self.guards: list[tuple[str, str]] = []
        self.has_single_unit = False

    def finish(self) -> None:
        """Add what follows from the whole."""
        if self.is_automaton and self.has_single_unit:
            self._guard(r"[\x{10000}-\x{10FFFF}]", "characters beyond the basic plane")

    def peek(self, count: int = 1) -> str:
        return self.pattern[self.at : self.at + count]

    def take(self) -> str:
        sign = self.peek()
        if not sign:
            raise BadPattern
        self.at += 1
        return sign

    def alternatives(self, depth: int) -> tuple[str, int, int]:
        """Everything up to a closing parenthesis or the end."""
        if depth > 50:
            raise OtherPattern("groups that are nested so deep")
        first = len(self.groups)
        choices = [self.sequence(depth)]
        while self.peek() == "|":
            self.at += 1
            choices.append(self.sequence(depth))
        if len(choices) > 1:
            if self.is_automaton and any(not text for text, _, _ in choices):
                raise OtherPattern("an empty alternative")
            for group in self.groups[first:]:
                group.is_optional = True
        return "|".join(text for text, _, _ in choices), min(c[1] for c in choices), max(c[2] for c in choices)

    def sequence(self, depth: int) -> tuple[str, int, int]:
        """Pieces one after the other."""
        written, least, most = "", 0, 0
        while self.peek() and self.peek() not in "|)":
            piece = self.quantified(depth)
            written, least, most = written + piece[0], least + piece[1], most + piece[2]
        return written, least, most

    def quantified(self, depth: int) -> tuple[str, int, int]:
        """A piece with how often it may stand."""
        start, first, single, before = self.at, len(self.groups), self.has_single_unit, self.repeats
        self.repeats = 1
        if self.peek() in {"*", "+", "?"}:
            raise BadPattern
        text, least, most = self.piece(depth)
        bounds = self.bounds()
        inner, self.repeats = self.repeats, max(before, self.repeats)
        if bounds is None:
            return text, least, most
        mark, low, high = bounds
        mark += self.laziness()
        if not text or text in {"^", r"\A", r"\z", r"\b", r"\B"}:
            raise OtherPattern("a repetition of nothing" if not text else "a repeated anchor")
        self.check_repeated(first, least, high)
        self.repeats = max(self.repeats, inner * max(low, high, 1))
        if self.repeats > MAX_REPEAT:
            raise OtherPattern(f"more than {MAX_REPEAT:,} repetitions")
        if low == 0:
            for group in self.groups[first:]:
                group.is_optional = True
        if high < 0 and self.pattern[start] in ".[":
            # Any number of units: one character or two makes no difference.
            self.has_single_unit = single
        if len(text) > 1 and not self._is_one(text):
            text = f"(?:{text})"
        return text + mark, least * low, 10**9 if high < 0 and most else min(most * max(high, 0), 10**9)

    def laziness(self) -> str:
        """What follows a quantifier."""
        mark = self.peek()
        if mark == "+":
            raise OtherPattern("a possessive quantifier")
        if mark == "?":
            self.at += 1
        if mark == "*" or (mark == "?" and self.peek() in {"*", "+", "?"}):
            raise BadPattern
        return mark if mark == "?" else ""

    def check_repeated(self, first: int, least: int, high: int) -> None:
        """Make sure that what groups hold after a repetition is the same in Java and RE2."""
        fresh = self.groups[first:]
        if high not in {0, 1} and fresh and (least == 0 or any(group.can_be_empty for group in fresh)):
            raise OtherPattern("a repeated group that may match nothing")

    def _is_one(self, text: str) -> bool:
        return (text[0] == "(" and text[-1] == ")") or (text[0] == "[" and text[-1] == "]") or (text[0] == "\\")

    def bounds(self) -> tuple[str, int, int] | None:
        """A quantifier: what stands for it, the least, and the most or -1."""
        simple = {"*": (0, -1), "+": (1, -1), "?": (0, 1)}.get(self.peek())
        if simple:
            return (self.take(), *simple)
        found = re.compile(r"\{(\d{1,6})(?:(,)(\d{1,6})?)?\}", re.ASCII).match(self.pattern, self.at)
        if not found:
            return None
        self.at = found.end()
        low = int(found.group(1))
        high = low if not found.group(2) else int(found.group(3)) if found.group(3) else -1
        if 0 <= high < low:
            raise BadPattern
        return found.group(), low, high

    def piece(self, depth: int) -> tuple[str, int, int]:
        """A character, class, group or anchor."""
        sign = self.take()
        match sign:
            case "(":
                return self.group(depth)
            case "[":
                self.has_single_unit = True
                return self.option(self.char_class()), 1, 1
            case ".":
                self.has_single_unit = True
                return self.dot(), 1, 1
            case "\\":
                return self.escape()
            case "^":
                return "^", 0, 0
            case "$":
                return self.end()
            case "{":
                raise BadPattern
            case '"' if self.is_automaton:
                end = self.pattern.index('"', self.at)
                text, self.at = self.pattern[self.at : end], end + 1
                return (f"(?:{re.escape(text)})" if text else ""), len(text), len(text)
        if self.ignores_case:
            self._guard(r"[^\x00-\x7F]", "letters beyond ASCII under (?i)")
        return self.option(f"\\{sign}" if sign in _SPECIAL else sign), 1, 1

    def option(self, text: str) -> str:
        return f"(?i:{text})" if self.ignores_case else text

    def dot(self) -> str:
        if self.is_dot_all or (self.is_automaton and not self.is_unsure):
            return r"[\x{0}-\x{10FFFF}]"
        if self.is_unsure:
            self._guard(f"[{_LINE_ENDS}]", "line ends that a '.' may match or not")
        return f"[^{_LINE_ENDS}]"

    def end(self) -> tuple[str, int, int]:
        if self.at < len(self.pattern) and set(self.pattern[self.at :]) - {")"}:
            raise OtherPattern("'$' before the end of the pattern")
        if not self.is_whole:
            self._guard(rf"[{_LINE_ENDS}]\z", "a line end before '$'")
        return r"\z", 0, 0

    def _guard(self, pattern: str, reason: str) -> None:
        if (pattern, reason) not in self.guards:
            self.guards.append((pattern, reason))

    def group(self, depth: int) -> tuple[str, int, int]:
        """A group, once its parenthesis is read."""
        was = (self.ignores_case, self.is_dot_all)
        opening, captured = "(", None
        if self.peek() == "?":
            found = re.compile(r"\?([is]*)(:|\))").match(self.pattern, self.at)
            if not found:
                raise OtherPattern(self._question())
            self.at = found.end()
            self.ignores_case |= "i" in found.group(1)
            self.is_dot_all |= "s" in found.group(1)
            if found.group(2) == ")":
                # For the rest of the enclosing group.
                if self.at != len(found.group()) + 1:
                    raise OtherPattern("options in the middle of a pattern")
                return "", 0, 0
            opening = "(?:"
        else:
            captured = Group(False, False)
            self.groups.append(captured)
        text, least, most = self.alternatives(depth + 1)
        if self.peek() != ")":
            raise BadPattern
        self.at += 1
        self.ignores_case, self.is_dot_all = was
        if captured:
            captured.can_be_empty = least == 0
        return f"{opening}{text})", least, most

    def _question(self) -> str:
        following = self.pattern[self.at : self.at + 3]
        names = {"?=": "a lookahead", "?!": "a lookahead", "?>": "an atomic group"}
        if following[:3] in {"?<=", "?<!"}:
            return "a lookbehind"
        return names.get(following[:2], "a named group" if following[:2] == "?<" else f"the option ({following}")

    def escape(self) -> tuple[str, int, int]:
        """What a backslash says outside of a class."""
        sign = self.take()
        if sign in _CLASSES:
            return _CLASSES[sign], 1, 1
        if sign in {"b", "B"}:
            self._guard(r"[^\x00-\x7F]", f"letters beyond ASCII beside \\{sign}")
            return f"\\{sign}", 0, 0
        if sign in {"A", "z"}:
            return f"\\{sign}", 0, 0
        if sign == "Q":
            end = self.pattern.find(r"\E", self.at)
            text = self.pattern[self.at : end if end >= 0 else None]
            self.at = len(self.pattern) if end < 0 else end + 2
            if self.ignores_case:
                self._guard(r"[^\x00-\x7F]", "letters beyond ASCII under (?i)")
            return (self.option(f"(?:{re.escape(text)})") if text else ""), len(text), len(text)
        text = self.character(sign)
        if self.ignores_case:
            self._guard(r"[^\x00-\x7F]", "letters beyond ASCII under (?i)")
        return self.option(text), 1, 1

    def character(self, sign: str) -> str:
        """One character, or a named class, that a backslash says in a class or outside."""
        if sign in _CONTROLS:
            return _CONTROLS[sign]
        if sign in {"x", "u"}:
            digits = 2 if sign == "x" else 4
            code = self.peek(digits)
            if not re.fullmatch(rf"[0-9a-fA-F]{{{digits}}}", code):
                raise BadPattern if not code.startswith("{") else OtherPattern(f"\\{sign}{{")
            self.at += digits
            if "d8" <= code[:2].lower() <= "df" and digits == 4:
                raise OtherPattern("half of a character")
            return rf"\x{{{code}}}"
        if sign in {"p", "P"}:
            found = re.compile(r"\{(?:Is)?(\w+)\}|(\w)").match(self.pattern, self.at)
            name = (found.group(1) or found.group(2)) if found else ""
            if found is None or (name not in _POSIX and name not in _CATEGORIES) or self.ignores_case:
                raise OtherPattern(f"\\{sign}{self.peek(8)}")
            self.at = found.end()
            if name in _CATEGORIES:
                return f"\\{sign}{{{name}}}"
            if name == "Space" and sign == "p":
                return r"[\t\n\x0B\f\r ]"
            return f"[[:{'^' if sign == 'P' else ''}{_POSIX[name]}:]]"
        if sign.isascii() and sign.isalnum():
            what = "a back reference" if sign in "123456789k" else f"\\{sign}"
            raise OtherPattern(what)
        return f"\\{sign}" if sign in _SPECIAL or (sign in "-&~" and sign.isascii()) else re.escape(sign)

    def char_class(self) -> str:
        """A class, once its bracket is read."""
        written = "["
        if self.peek() == "^":
            self.at += 1
            written += "^"
        if self.peek() == "]":
            raise OtherPattern("a class that begins with ]")
        if self.ignores_case:
            self._guard(r"[^\x00-\x7F]", "letters beyond ASCII under (?i)")
        # What stands before: a character, "class" or "range"; empty at the beginning.
        last = ""
        while self.peek() != "]":
            sign = self.take()
            if sign == "[":
                raise OtherPattern("a class within a class")
            if self.pattern.startswith("&&", self.at - 1):
                raise OtherPattern("an intersection of classes (&&)")
            if sign == "-" and last and self.peek() != "]":
                written, last = written + "-" + self._range_end(last), "range"
                continue
            text, last = self._class_item(sign)
            written += text
        self.at += 1
        return written + "]"

    def _range_end(self, first: str) -> str:
        if len(first) > 1:
            raise OtherPattern("a range from a class or from a range")
        sign = self.take()
        if sign in "[" or self.pattern.startswith("&&", self.at - 1):
            raise OtherPattern("a class within a class")
        text, last = self._class_item(sign)
        if len(last) > 1:
            raise OtherPattern("a range to a class")
        if first > last:
            raise BadPattern
        return text

    def _class_item(self, sign: str) -> tuple[str, str]:
        """One item of a class: what is written, and the character that it is, or "class"."""
        if sign != "\\":
            return (f"\\{sign}" if sign in "\\[]^-" else sign), sign
        sign = self.take()
        if sign in _IN_CLASS:
            return _IN_CLASS[sign], "class"
        if sign in {"S", "Q", "E", "b", "B"}:
            raise OtherPattern(f"\\{sign} in a class")
        text = self.character(sign)
        if text.startswith("["):
            return text[1:-1], "class"
        if text.startswith((r"\p", r"\P")):
            return text, "class"
        if text.startswith(r"\x"):
            return text, chr(int(text[2:].strip("{}"), 16))
        return text, {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}.get(text[-1], text[-1]) if len(text) > 1 else text
