"""Changes values in the bytes of a workflow file; every other byte stays as it is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from alpine.afm.fields import Field, Step, step_of
from alpine.afm.walker import Walker, is_kept
from alpine.exception import WorkflowFileException

_DECLARED = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z][\w.:-]*)["']""")
_ATTRIBUTE = re.compile(rb"""([^\s=/>"']+)\s*=\s*("[^"]*"|'[^']*')""")
_TAG = re.compile(rb"""<[^\s/>"']+(?:[^>"']|"[^"]*"|'[^']*')*?(?P<end>\s*/?>)""", re.DOTALL)
_MARKUP = "<a b='\"/>"
_ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
_IN_ATTRIBUTE = {**_ESCAPED, '"': "&quot;", "'": "&apos;", "\n": "&#10;", "\t": "&#9;"}


@dataclass(frozen=True)
class Tag:
    """One element of a file, as an edit sees it.

    :param section: ``DataSource``, ``Operator``, ``Link`` or ``Variable``: the part of the file that it is in.
    :param owner: The name of the data source, the operator or the variable.
    :param path: The elements within the operator that lead to it; nothing for the operator itself.
    :param tag: Its name.
    :param attributes: Its attributes.
    """

    section: str
    owner: str
    path: tuple[Step, ...]
    tag: str
    attributes: Mapping[str, str]


@dataclass
class _Place:
    """Where an element is in the bytes."""

    tag: Tag
    start: int
    text: str = ""
    end: int = 0
    has_children: bool = False


@dataclass(frozen=True)
class Change:
    """What becomes of one element.

    :param attributes: New values of attributes; one that it lacks is added.
    :param text: Its new text; None to leave the text.
    """

    attributes: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None


def edited(content: bytes, decide: Callable[[Tag, str], Change | None]) -> bytes:
    """The file with some values changed.

    :param content: The file.
    :param decide: Given an element and its text, says what becomes of it; None for nothing.
    :returns: The new content.
    :raises WorkflowFileException: It is no workflow file, or in an encoding in which nothing can be changed in place.
    """
    encoding = _encoding(content)
    pieces: list[tuple[int, int, bytes]] = []
    for place in places(content):
        change = decide(place.tag, place.text)
        if change is not None:
            pieces += _replaced(content, place, change, encoding)
    changed = bytearray()
    after = 0
    for start, end, new in sorted(pieces):
        changed += content[after:start] + new
        after = end
    return bytes(changed + content[after:])


def places(content: bytes) -> Sequence[_Place]:
    """The elements of a file whose values may be changed, in its order: no stored models, no secrets."""
    finder = _Finder("This flow")
    finder.feed(content)
    return finder.found


def fields_at(tag: Tag) -> Iterator[tuple[Field, str | None]]:
    """The fields that an element of an operator holds, each with its attribute; None for the element's text."""
    if len(tag.path) == 1 and tag.tag == "Parameter":
        yield Field((), tag.attributes.get("key", "")), "value"
    elif tag.path and tag.path[0].tag != "Note":
        yield from ((Field(tag.path, name), name) for name in tag.attributes)
        yield Field(tag.path, None), None


class _Finder(Walker):
    def __init__(self, subject: str) -> None:
        super().__init__(subject)
        self.found: list[_Place] = []
        self._open: list[_Place | None] = []
        self._counts: list[Counter[str]] = []
        self._path: list[Step] = []
        self._section = self._owner = ""
        self._skipping = 0
        self._first = 0
        self.parser.CharacterDataHandler = self._text

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        super().start(tag, attributes)
        if self._skipping:
            return
        if not is_kept(tag, attributes):
            self._skipping = self.depth
            return
        if (self.depth == 2 and tag in ("Operator", "Link")) or (
            not self._section and tag in ("DataSource", "Variable")
        ):
            self._begin(tag, attributes.get("name", ""))
        elif self._section:
            self._path.append(step_of(tag, attributes.get("key"), self._counts[-1]))
            self._counts.append(Counter())
        if self._open and (parent := self._open[-1]) is not None:
            parent.has_children = True
        place = None
        if self._section:
            where = Tag(self._section, self._owner, tuple(self._path), tag, attributes)
            place = _Place(where, self.parser.CurrentByteIndex)
            self.found.append(place)
        self._open.append(place)

    def end(self, tag: str) -> None:
        if self._skipping:
            if self._skipping == self.depth:
                self._skipping = 0
        else:
            place = self._open.pop()
            if place is not None:
                place.end = self.parser.CurrentByteIndex
                if self._path:
                    self._path.pop()
                    self._counts.pop()
                else:
                    self._close()
        super().end(tag)

    def _begin(self, section: str, owner: str) -> None:
        self._section, self._owner = section, owner
        self._counts = [Counter()]
        self._path = []
        self._first = len(self.found)

    def _close(self) -> None:
        if self._section == "Variable":
            # A variable's name is the text of an element within it, which may come after its value.
            mine = self.found[self._first :]
            name = next((place.text.strip() for place in mine if place.tag.tag == "Name"), "")
            for place in mine:
                tag = place.tag
                place.tag = Tag(tag.section, name, tag.path, tag.tag, tag.attributes)
        self._section = self._owner = ""

    def _text(self, text: str) -> None:
        if not self._skipping and self._open and (place := self._open[-1]) is not None:
            place.text += text


def _replaced(content: bytes, place: _Place, change: Change, encoding: str) -> Iterator[tuple[int, int, bytes]]:
    tag = _TAG.match(content, place.start)
    if tag is None:
        raise WorkflowFileException(f"The element <{place.tag.tag}> of this workflow file cannot be changed in place.")
    inside = tag.start(), tag.start("end")
    if change.attributes:
        missing = dict(change.attributes)
        for name, start, end in _attributes(content, *inside):
            if missing.pop(name, None) is not None:
                quote = content[start : start + 1]
                new = _encoded(change.attributes[name], _IN_ATTRIBUTE, encoding)
                yield start, end, quote + new + quote
        for name, value in missing.items():
            # A parameter may come without its value.
            said = b' %b="%b"' % (name.encode(encoding), _encoded(value, _IN_ATTRIBUTE, encoding))
            yield inside[1], inside[1], said
    if change.text is not None and not place.has_children:
        new = _encoded(change.text, _ESCAPED, encoding)
        if tag["end"].strip() == b"/>":
            name_bytes = place.tag.tag.encode(encoding)
            yield tag.start("end"), tag.end(), b">" + new + b"</" + name_bytes + b">"
        else:
            yield tag.end(), place.end, new


def _attributes(content: bytes, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    for match in _ATTRIBUTE.finditer(content, start, end):
        yield match[1].decode("utf-8", "replace"), match.start(2), match.end(2)


def _encoding(content: bytes) -> str:
    declared = _DECLARED.match(content.removeprefix(b"\xef\xbb\xbf"))
    name = declared[1].decode("ascii") if declared else "utf-8"
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        name = "utf-16"
    # The markup is looked for as bytes.
    if _MARKUP.encode(name) != _MARKUP.encode("ascii"):
        raise WorkflowFileException(
            f"The encoding {name} of this workflow file does not allow a change in place; save it as UTF-8."
        )
    return name


def _encoded(text: str, escapes: Mapping[str, str], encoding: str) -> bytes:
    return "".join(escapes.get(letter, letter) for letter in text).encode(encoding, "xmlcharrefreplace")
