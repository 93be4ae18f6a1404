"""What changed from one workflow file to another, as somebody who reviews it sees it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from alpine.afm import drawing
from alpine.afm.expressions import same
from alpine.afm.fields import CACHED
from alpine.afm.model import Link, Operator, Workflow
from alpine.afm.reader import read
from alpine.afm.walker import Source

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_EXPRESSIONS = frozenset(
    {"conditionValue", "expression", "filterCondition", "function", "pigScript", "specification", "whereClause"}
)
# What tells one of several elements apart, the first that it has.
_LABELS = ("key", "id", "columnAliasName", "newColumnName", "columnName", "alias", "name", "operID", "uuid", "value")
# Ids such as OP1 are counted anew in each file, so that alone they prove nothing; others are times in milliseconds.
_COUNTED = re.compile(r"OP\d+")
_ALIKE = 0.5
_LONGEST = 400


@dataclass(frozen=True)
class Difference:
    """A value that differs.

    :param where: The operator's name in the new workflow; ``""`` for a variable or a data source.
    :param what: The field, the variable or the data source.
    :param old: The old value; None if there was none.
    :param new: The new value; None if there is none any more.
    """

    where: str
    what: str
    old: str | None
    new: str | None

    def __str__(self) -> str:
        return f"{self.what}: {_said(self.old)} -> {_said(self.new)}"


@dataclass
class Comparison:
    """What differs between two workflows. It is true where anything does.

    Positions on the canvas, stored models, what operators remember of their inputs, and the order of operators and
    links in the file do not count; white space and the case of keywords do not count in expressions.

    :param added: Names of new operators.
    :param removed: Names of operators that are gone.
    :param renamed: New names of operators by their old ones.
    :param changed: Fields of operators that differ.
    :param links_added: New links, by the new names.
    :param links_removed: Links that are gone, by the old names.
    :param variables: Variables whose default differs.
    :param data_sources: Data sources that differ.
    """

    old: Workflow = field(repr=False)
    new: Workflow = field(repr=False)
    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    changed: list[Difference] = field(default_factory=list)
    links_added: list[Link] = field(default_factory=list)
    links_removed: list[Link] = field(default_factory=list)
    variables: list[Difference] = field(default_factory=list)
    data_sources: list[Difference] = field(default_factory=list)

    def __bool__(self) -> bool:
        return any(
            (self.added, self.removed, self.renamed, self.changed, self.links_added, self.links_removed)
        ) or bool(self.variables or self.data_sources)

    def __str__(self) -> str:
        return "\n".join(self._lines()) or "no difference"

    def to_dict(self) -> dict[str, Any]:
        """The differences as plain lists and dicts, such as JSON can hold."""
        found = {name: value for name, value in vars(self).items() if name not in ("old", "new")}
        return {
            name: dict(value) if isinstance(value, dict) else [_plain(entry) for entry in value]
            for name, value in found.items()
        }

    def to_json(self) -> str:
        """The differences as JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2)

    def to_svg(self) -> str:
        """Both workflows in one drawing: what is new is green, what is gone red, what changed amber.

        :returns: The SVG document, as a string.
        """
        matched = {name: name for name in self.old.operators if name not in self.removed} | self.renamed
        marks = {**dict.fromkeys(self.renamed.values(), "changed"), **{d.where: "changed" for d in self.changed}}
        marks |= dict.fromkeys(self.added, "added")
        boxes = [_box(o, o.name, marks.get(o.name, "")) for o in self.new.operators.values() if not o.is_note]
        gone = {name: name if name not in self.new.operators else f"{name} (removed)" for name in self.removed}
        boxes += [_box(self.old.operators[name], shown, "removed") for name, shown in gone.items()]
        shown_as = matched | gone
        links = {(link.source, link.target): "" for link in self.new.links}
        links |= {(link.source, link.target): "added" for link in self.links_added}
        for link in self.links_removed:
            links[shown_as.get(link.source, ""), shown_as.get(link.target, "")] = "removed"
        return drawing.svg(boxes, list(links), marks=links)

    def _repr_svg_(self) -> str:
        return self.to_svg()

    def _lines(self) -> Iterator[str]:
        yield from (f"+ operator {name!r} ({self.new.operators[name].class_name})" for name in self.added)
        yield from (f"- operator {name!r} ({self.old.operators[name].class_name})" for name in self.removed)
        yield from (f"~ operator {old!r} is now {new!r}" for old, new in self.renamed.items())
        yield from (f"~ {difference.where!r} {difference}" for difference in self.changed)
        yield from (f"+ link {link.source!r} -> {link.target!r}" for link in self.links_added)
        yield from (f"- link {link.source!r} -> {link.target!r}" for link in self.links_removed)
        yield from (f"~ variable {difference}" for difference in self.variables)
        yield from (f"~ data source {difference}" for difference in self.data_sources)


def compare(old: Workflow | Source, new: Workflow | Source) -> Comparison:
    """Compare two workflows.

    Operators are matched by their ids, then by name, then by what they do.

    :param old: The old workflow: what :func:`read` returned, or what it takes.
    :param new: The new workflow.
    :returns: What differs; it is false where nothing does.
    :raises WorkflowFileException: One is not a workflow file.
    :raises LocalFileException: A file cannot be opened.

    Example::

        >>> old = afm.read("order_filter.afm")
        >>> new = old.with_variables({"@min_amount": 200})
        >>> print(afm.compare(old, new))
        ~ variable @min_amount: '100' -> '200'
    """
    before = old if isinstance(old, Workflow) else read(old)
    after = new if isinstance(new, Workflow) else read(new)
    matched = _matched(before, after)
    names = {one.name: other.name for one, other in matched}
    found = Comparison(before, after)
    found.added = [name for name in after.operators if name not in names.values()]
    found.removed = [name for name in before.operators if name not in names]
    found.renamed = {one: other for one, other in names.items() if one != other}
    ids = {one.uuid: other.uuid for one, other in matched if one.uuid}
    for one, other in matched:
        found.changed += _of_operators(one, other, ids)
    old_links = {(names.get(link.source, link.source), names.get(link.target, link.target)) for link in before.links}
    # An operator that is gone can have the name of a new one: their links are not the same.
    kept = {link for link in before.links if {link.source, link.target} <= names.keys()}
    old_links = {(names[link.source], names[link.target]) for link in kept}
    new_links = {(link.source, link.target) for link in after.links}
    found.links_added = [link for link in dict.fromkeys(after.links) if (link.source, link.target) not in old_links]
    found.links_removed = [
        link
        for link in dict.fromkeys(before.links)
        if link not in kept or (names[link.source], names[link.target]) not in new_links
    ]
    found.variables = list(_of_values("", before.variables, after.variables))
    found.data_sources = list(_of_sources(before, after))
    return found


def _matched(old: Workflow, new: Workflow) -> list[tuple[Operator, Operator]]:
    """Pairs of operators that are the same one, in the new workflow's order."""
    pairs: dict[str, str] = {}

    def left(flow: Workflow, taken: Iterable[str]) -> list[Operator]:
        names = set(taken)
        return [operator for operator in flow.operators.values() if operator.name not in names]

    ids = Counter(o.uuid for flow in (old, new) for o in flow.operators.values())
    by_id = {o.uuid: o for o in new.operators.values() if o.uuid and ids[o.uuid] == 2}
    for one in old.operators.values():
        other = by_id.get(one.uuid)
        if other is None or one.type != other.type:
            continue
        if one.name == other.name or not _COUNTED.fullmatch(one.uuid) or _is_alike(one, other):
            pairs[one.name] = other.name
    for one in left(old, pairs):
        other = new.operators.get(one.name)
        if other and other.name not in pairs.values() and other.type == one.type:
            pairs[one.name] = other.name
    for one in left(old, pairs):
        candidates = [other for other in left(new, pairs.values()) if other.type == one.type]
        best = max(candidates, key=lambda other: _likeness(one, other), default=None)
        if best and _is_alike(one, best):
            pairs[one.name] = best.name
    for one in left(old, pairs):
        other = new.operators.get(one.name)
        if other and other.name not in pairs.values():
            pairs[one.name] = other.name
    backward = {other: one for one, other in pairs.items()}
    return [(old.operators[backward[name]], o) for name, o in new.operators.items() if name in backward]


def _is_alike(one: Operator, other: Operator) -> bool:
    return _likeness(one, other) >= _ALIKE


def _likeness(one: Operator, other: Operator) -> float:
    """The share of values that two operators have in common."""
    values = [Counter(_all_values(operator)) for operator in (one, other)]
    whole = sum((values[0] | values[1]).values())
    return sum((values[0] & values[1]).values()) / whole if whole else 1.0


def _all_values(operator: Operator) -> Iterator[tuple[str, str]]:
    yield from operator.parameters.items()
    for element in _kept(operator.elements):
        for part in element.iter():
            yield from ((f"{part.tag}.{name}", value) for name, value in part.attrib.items())
            if (part.text or "").strip():
                yield part.tag, (part.text or "").strip()


def _of_operators(old: Operator, new: Operator, ids: Mapping[str, str]) -> Iterator[Difference]:
    is_pig = ".hadoop." in new.type
    if old.type != new.type:
        yield Difference(new.name, "class", old.type, new.type)
    for difference in _of_values(new.name, old.parameters, new.parameters):
        if not _is_same(difference, is_pig, ids):
            yield difference
    for difference in _of_elements(new.name, "", _kept(old.elements), _kept(new.elements)):
        if not _is_same(difference, is_pig, ids):
            yield difference


def _is_same(difference: Difference, is_pig: bool, ids: Mapping[str, str]) -> bool:
    if difference.old is None or difference.new is None:
        return False
    if ids.get(difference.old) == difference.new:
        return True
    attribute = difference.what.rpartition(".")[2]
    return attribute in _EXPRESSIONS and same(difference.old, difference.new, is_pig=is_pig)


def _of_values(where: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Difference]:
    for name in dict.fromkeys([*old, *new]):
        if old.get(name) != new.get(name):
            yield Difference(where, name, old.get(name), new.get(name))


def _of_sources(old: Workflow, new: Workflow) -> Iterator[Difference]:
    mine = {source.name: {"type": source.type, **source.parameters} for source in old.data_sources}
    others = {source.name: {"type": source.type, **source.parameters} for source in new.data_sources}
    for name in dict.fromkeys([*mine, *others]):
        if name not in mine or name not in others:
            yield Difference("", name, mine.get(name, {}).get("type"), others.get(name, {}).get("type"))
        else:
            for difference in _of_values("", mine[name], others[name]):
                yield Difference("", f"{name}.{difference.what}", difference.old, difference.new)


def _kept(elements: Iterable[Element]) -> list[Element]:
    return [element for element in elements if element.tag not in CACHED]


def _of_elements(where: str, above: str, old: Sequence[Element], new: Sequence[Element]) -> Iterator[Difference]:
    """What differs between the children of two elements; several of a name are matched by what tells them apart."""
    for tag in dict.fromkeys(element.tag for element in (*old, *new)):
        mine = [element for element in old if element.tag == tag]
        others = [element for element in new if element.tag == tag]
        several = max(len(mine), len(others)) > 1
        pairs = _paired(mine, others)
        for one, other in pairs:
            path = above + (f"{tag}[{_label(other if other is not None else one, others or mine)}]" if several else tag)
            if one is None or other is None:
                yield Difference(where, path, _summary(one), _summary(other))
                continue
            for difference in _of_values(where, one.attrib, other.attrib):
                yield Difference(where, f"{path}.{difference.what}", difference.old, difference.new)
            texts = (one.text or "").strip(), (other.text or "").strip()
            if texts[0] != texts[1]:
                yield Difference(where, path, *texts)
            yield from _of_elements(where, f"{path}/", list(one), list(other))
        order = [mine.index(one) for one, other in pairs if one is not None and other is not None]
        if order != sorted(order):
            labels = [", ".join(_label(element, group) for element in group) for group in (mine, others)]
            yield Difference(where, f"order of {above}{tag}", *labels)


def _paired(old: Sequence[Element], new: Sequence[Element]) -> list[tuple[Element | None, Element | None]]:
    """Elements of one name that are the same, in the new order; None where there is none."""
    if not any(_told_apart(element) for element in (*old, *new)):
        return _aligned(old, new)
    partner: dict[int, Element] = {}
    left = list(old)

    def take(is_partner: Any) -> None:
        for element in new:
            if id(element) in partner:
                continue
            found = next((one for one in left if is_partner(one, element)), None)
            if found is not None:
                left.remove(found)
                partner[id(element)] = found

    take(lambda one, other: _flat(one) == _flat(other))
    take(lambda one, other: _told_apart(one) is not None and _told_apart(one) == _told_apart(other))
    take(lambda one, other: bool(one.attrib.items() & other.attrib.items()) or len(old) == len(new) == 1)
    if len(left) == len(new) - len(partner):
        take(lambda *_: True)
    return [(partner.get(id(element)), element) for element in new] + [(one, None) for one in left]


def _aligned(old: Sequence[Element], new: Sequence[Element]) -> list[tuple[Element | None, Element | None]]:
    """The same for elements that only their place tells apart, such as the types of columns."""
    mine, others = ([repr(_flat(element)) for element in elements] for elements in (old, new))
    least = min(len(mine), len(others))
    # What is the same at both ends first: the matcher looks for the longest run, which of repeated values is any.
    head = next((place for place in range(least) if mine[place] != others[place]), least)
    tail = next((place for place in range(least - head) if mine[-1 - place] != others[-1 - place]), least - head)
    middle = mine[head : len(mine) - tail], others[head : len(others) - tail]
    pairs: list[tuple[Element | None, Element | None]] = list(zip(old[:head], new[:head], strict=True))
    for _, start, end, new_start, new_end in SequenceMatcher(None, middle[0], middle[1], autojunk=False).get_opcodes():
        pairs += zip_longest(old[head + start : head + end], new[head + new_start : head + new_end])
    return [*pairs, *zip(old[len(old) - tail :], new[len(new) - tail :], strict=True)]


def _flat(element: Element) -> tuple[Any, ...]:
    return element.tag, sorted(element.attrib.items()), (element.text or "").strip(), [_flat(part) for part in element]


def _told_apart(element: Element) -> tuple[str, str] | None:
    return next(((name, element.attrib[name]) for name in _LABELS if element.attrib.get(name)), None)


def _label(element: Element | None, siblings: Sequence[Element]) -> str:
    assert element is not None
    told = _told_apart(element)
    alike = [other for other in siblings if _told_apart(other) == told]
    if told is None or len(alike) > 1:
        number = next((place for place, other in enumerate(siblings, 1) if other is element), 0)
        return str(number) if told is None else f"{told[1]} ({number})"
    return told[1]


def _summary(element: Element | None) -> str | None:
    if element is None:
        return None
    own = [f"{name}={value}" for name, value in element.attrib.items()]
    text = (element.text or "").strip()
    parts = [f"{part.tag}({_summary(part)})" for part in element]
    return ", ".join([*own, *([text] if text else []), *parts])


def _box(operator: Operator, name: str, mark: str) -> drawing.Box:
    return drawing.Box(name, operator.class_name, operator.x, operator.y, mark)


def _plain(entry: object) -> Any:
    return asdict(entry) if isinstance(entry, Difference | Link) else entry


def _said(value: str | None) -> str:
    if value is None:
        return "none"
    return repr(value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…")
