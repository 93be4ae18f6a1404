"""What can be said of a flow without its tables: links, circles, variables and credentials."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from alpine._arguments import nearest
from alpine.afm import Operator, Workflow
from alpine.afm.changes import content_of
from alpine.afm.fields import fields_of
from alpine.afm.walker import Walker, is_secret, subject_of
from alpine.exception import AlpineException
from alpine.flows.findings import Finding
from alpine.flows.plan import SOURCES
from alpine.sandbox.engine.registry import CUSTOM, Registry

FILLED = frozenset({"@flow_id", "@flow_name", "@user_id", "@user_name", "@operator_name_uuid"})
"""The variables that a server fills in, declared or not."""
_OF_SERVER = re.compile(r"@(default|flow|user|pig|operator|spark|hadoop|hive)_\w+")
"""Variables that a server declares in every flow."""
_VARIABLE = re.compile(r"@[A-Za-z_]\w*")
_SECRET_IN_URL = re.compile(r"((?:password|passwd|pwd|secret)=)([^&;\s]+)", re.IGNORECASE)
_SETTINGS = frozenset({"", "true", "false", "yes", "no", "0", "1", "none", "null"})
_VALUES = ("value", "selectedPath")


def ordered(flow: Workflow) -> tuple[list[Operator], list[list[str]]]:
    """The operators that can run, in order, and the circles of links that keep others from it.

    :param flow: The flow.
    """
    names = [name for name, operator in flow.operators.items() if not operator.is_note]
    before = {name: [source.name for source in flow.inputs_of(name) if not source.is_note] for name in names}
    order: dict[str, None] = {}
    while fresh := [name for name in names if name not in order and all(other in order for other in before[name])]:
        order.update(dict.fromkeys(fresh))
    stuck = [name for name in names if name not in order]
    circles: list[list[str]] = []
    for name in stuck:
        if not any(name in circle for circle in circles) and (circle := _circle(name, before)):
            circles.append(circle)
    return [flow.operators[name] for name in order], circles


def _circle(start: str, before: dict[str, list[str]]) -> list[str]:
    """The shortest way along the links from an operator back to it; nothing where there is none."""
    ways = [[start]]
    seen: set[str] = set()
    for way in ways:
        for other in before.get(way[-1], []):
            if other == start:
                return [start, *way[:0:-1]]
            if other not in seen:
                seen.add(other)
                ways.append([*way, other])
    return []


def links(flow: Workflow, circles: Iterable[list[str]], registry: Registry) -> Iterator[Finding]:
    """What is wrong with the links."""
    for circle in circles:
        way = " > ".join(map(repr, [*circle, circle[0]]))
        advice = "Remove one of these links."
        yield Finding(
            circle[0], "", "error", "circle", f"The links form a circle, which can never start: {way}.", advice
        )
    for link in dict.fromkeys(flow.links):
        for end, other in ((link.source, link.target), (link.target, link.source)):
            if end not in flow.operators:
                owner = other if other in flow.operators else ""
                problem = f"A link names the operator {end!r}, which is not there."
                yield Finding(owner, "", "error", "link", problem, f"Remove the link.{nearest(end, flow.operators)}")
    sources = {link.source for link in flow.links if link.target in flow.operators}
    targets = {link.target for link in flow.links if link.source in flow.operators}
    runs = [operator for operator in flow.operators.values() if not operator.is_note]
    for operator in runs:
        title = title_of(operator, registry)
        if title and title not in SOURCES and operator.name not in targets:
            problem = "The operator has no input."
            yield Finding(operator.name, "", "error", "link", problem, "Link the operator that gives its input.")
        if title in SOURCES and operator.name not in sources and len(runs) > 1:
            problem = "No operator takes the output of this table."
            yield Finding(operator.name, "", "warning", "link", problem, "Link it to an operator, or remove it.")


def title_of(operator: Operator, registry: Registry) -> str:
    """What the product calls an operator that comes with the sandbox; empty for others, which may need no input."""
    with suppress(Exception):
        entry = registry.find(operator)
        if not entry.is_own and operator.class_name != CUSTOM:
            return entry.title
    return ""


def undeclared(flow: Workflow) -> Iterator[Finding]:
    """Variables that are used and not declared."""
    for operator in flow.operators.values():
        if operator.is_note:
            continue
        for field, value in fields_of(operator).items():
            for name in _undeclared(value, [*flow.variables, *FILLED]) if "@" in value else ():
                if operator.class_name == CUSTOM and _OF_SERVER.fullmatch(name):
                    # A custom operator may know it from a server of another version.
                    continue
                problem = f"The variable {name} is used, but the flow does not declare it."
                advice = f"Declare it, or correct the name.{nearest(name, flow.variables)}"
                yield Finding(operator.name, field, "error", "variable", problem, advice)


def unused(flow: Workflow) -> Iterator[Finding]:
    """Variables that are declared and not used."""
    declared = sorted(flow.variables, key=len, reverse=True)
    text = _outside_declarations(flow)
    for name in declared:
        if name in FILLED or _OF_SERVER.fullmatch(name) or text is None:
            continue
        longer = [other for other in declared if other != name and other.startswith(name)]
        bare = text
        for other in longer:
            bare = bare.replace(other, "")
        if name not in bare:
            problem = f"The variable {name} is declared, but nothing uses it."
            yield Finding("", name, "warning", "unused", problem, "Use it, or remove it.")


def _undeclared(value: str, known: list[str]) -> Iterator[str]:
    for match in _VARIABLE.finditer(value):
        name, before, after = match[0], value[: match.start()], value[match.end() :]
        if any(name.startswith(other) for other in known):
            continue
        # Addresses, such as me@example.com and hdfs/_HOST@REALM, and what scripts mark with an @.
        if before[-1:].isalnum() or before[-1:] in ("_", ".", "-", "@", "/") or after[:1] in (".", "("):
            continue
        if "\n" in value and before.rpartition("\n")[2].strip() == "":
            continue
        yield name


def _outside_declarations(flow: Workflow) -> str | None:
    """What the file says beside the names of variables, secrets and all; None where it is not known."""
    try:
        content = content_of(flow)
    except AlpineException:
        return None
    seen = _Said(subject_of(flow.source))
    seen.feed(content)
    return "\n".join(seen.texts)


class _Said(Walker):
    """All values of a file but the names of its variables, and values that are no more than those names."""

    def __init__(self, subject: str) -> None:
        super().__init__(subject)
        self.texts: list[str] = []
        self._tags: list[str] = []
        self._name = ""
        self.parser.CharacterDataHandler = self._text

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        super().start(tag, attributes)
        self._tags.append(tag)
        if tag == "Name":
            self._name = ""
        self.texts += [value for value in attributes.values() if "@" in value]

    def end(self, tag: str) -> None:
        super().end(tag)
        self._tags.pop()

    def _text(self, text: str) -> None:
        if "Model" in self._tags:
            return
        if "VariableModel" in self._tags and self._tags[-1] == "Name":
            self._name += text
        elif "@" in text and not (self._tags[-1] == "Value" and text.strip() == self._name.strip()):
            self.texts.append(text)


def credentials(flow: Workflow) -> Iterator[Finding]:
    """Passwords and the like that stand in the file."""
    try:
        content = content_of(flow)
    except AlpineException:
        return
    walker = _Secrets(str(flow.source) if isinstance(flow.source, Path) else "This")
    walker.feed(content)
    advice = "Remove it from the file; who can read the file knows it."
    for owner, is_operator, field in dict.fromkeys(walker.found):
        place = "" if is_operator else f" of {owner}" if owner else ""
        problem = f"The file holds a secret: {field}{place}."
        yield Finding(owner if is_operator else "", field, "warning", "credentials", problem, advice)


class _Secrets(Walker):
    """Finds the secrets of a file: what the reader leaves out."""

    def __init__(self, subject: str) -> None:
        super().__init__(subject)
        self.found: list[tuple[str, bool, str]] = []
        self._owner = ("", False)
        self._path: list[str] = []
        self._secret = ""
        self._variable = ""
        self.parser.CharacterDataHandler = self._text

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        super().start(tag, attributes)
        self._path.append(tag)
        if tag == "Operator":
            self._owner = (attributes.get("name", ""), True)
        elif tag == "DataSource":
            self._owner = (f"the data source {attributes.get('name', '')!r}", False)
        if "Model" in self._path:
            return
        label = next((said for key in ("key", "id") if is_secret(said := attributes.get(key, ""))), "")
        values = [attributes.get(name, "") for name in _VALUES] if label else []
        self._note(label, *values)
        for name, value in attributes.items():
            self._note(name if is_secret(name) and "." not in name else "", value)
            for found in _SECRET_IN_URL.finditer(value):
                self._note(attributes.get("key", name), found[2])
        self._secret = label or (tag if is_secret(tag) else "")

    def end(self, tag: str) -> None:
        super().end(tag)
        self._path.pop()
        self._secret = ""
        if tag in ("Operator", "DataSource"):
            self._owner = ("", False)

    def _text(self, text: str) -> None:
        if "Model" in self._path or not text.strip():
            return
        if self._path[-1] == "Name" and "VariableModel" in self._path:
            self._variable = text.strip()
        elif self._path[-1] == "Value" and "VariableModel" in self._path:
            self._note(self._variable if is_secret(self._variable) else "", text)
        else:
            self._note(self._secret, text)

    def _note(self, field: str, *values: str) -> None:
        for value in values:
            bare = value.strip()
            # A variable in its place is what there should be.
            if field and bare.lower() not in _SETTINGS and not _VARIABLE.fullmatch(bare):
                self.found.append((*self._owner, field))
