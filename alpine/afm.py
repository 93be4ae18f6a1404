"""What a workflow file (``.afm``) says: its operators, links, data sources and variables.

Nothing here talks to a server. A file is read as XML, piece by piece; stored models are skipped, and what is
kept secret in a file (passwords) is dropped while reading, so that it cannot be shown or logged later.

Example::

    >>> from alpine import afm
    >>> flow = afm.read("row_filter.afm")
    >>> flow.variables["@min_credit_line"]
    '10'
    >>> [operator.name for operator in flow.execution_order()]
    ['credit', 'Row Filter']
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from alpine import _drawing
from alpine._files import open_file
from alpine.exception import WorkflowFileException

__all__ = ["DataSource", "Link", "Operator", "Workflow", "check", "read"]

Source = str | os.PathLike[str] | bytes | IO[bytes]

MAX_DEPTH = 100
MAX_TOKEN = 64 * 1024 * 1024
_BLOCK = 64 * 1024
_SECRET = re.compile(r"passw|passphrase|pwd|secret|access_?key|access_?token", re.IGNORECASE)
_SECRET_IN_URL = re.compile(r"((?:password|passwd|pwd|secret)=)[^&;\s]*", re.IGNORECASE)
_KEPT_SECTIONS = frozenset({"DataSources", "Operator", "Link", "VariableModel"})
_MODEL = "Model"


@dataclass(frozen=True)
class Link:
    """A line of the flow, from one operator to the next.

    :param source: Name of the operator whose output travels.
    :param target: Name of the operator that takes it as input.
    """

    source: str
    target: str


@dataclass(frozen=True)
class DataSource:
    """A data source that a flow was drawn against.

    :param name: Its name.
    :param type: ``Database`` or ``Hadoop``.
    :param parameters: Its settings, secrets left out.
    """

    name: str
    type: str
    parameters: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Operator:
    """One operator (node) of a flow.

    :param name: Its name, unique in the flow and the key of its results.
    :param type: The whole class name, as written in the file.
    :param uuid: The operator's id in the file.
    :param x: Horizontal position on the canvas, None when the file has none.
    :param y: Vertical position on the canvas, None when the file has none.
    :param parameters: Its own parameters, secrets left out.
    :param elements: Its model elements, as XML, for who needs more than parameters.
    """

    name: str
    type: str
    uuid: str = ""
    x: float | None = None
    y: float | None = None
    parameters: dict[str, str] = field(default_factory=dict, repr=False)
    elements: list[Element] = field(default_factory=list, repr=False, compare=False)

    @property
    def class_name(self) -> str:
        """The class name without its packages, as ``FilterOperator``."""
        return self.type.rpartition(".")[2]

    @property
    def is_note(self) -> bool:
        """Whether this is a note on the canvas, which takes no part in a run."""
        return self.class_name == "NoteOperator"


@dataclass(repr=False)
class Workflow:
    """A workflow file that was read.

    :param name: The file's name without its ending, None when it was not read from a named file.
    :param version: The version of the product that wrote it.
    :param user_name: Who wrote it (a name or a user's id).
    :param description: Its description.
    :param operators: The operators by name, in the order of the file.
    :param links: The links, in the order of the file.
    :param variables: Default values of the workflow variables, by name (``@min_credit_line``).
    :param data_sources: The data sources it was drawn against.
    """

    name: str | None = None
    version: str = ""
    user_name: str = ""
    description: str = ""
    operators: dict[str, Operator] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    data_sources: list[DataSource] = field(default_factory=list)

    def inputs_of(self, name: str) -> list[Operator]:
        """The operators whose output the named operator takes, in the order of the links.

        :param name: Name of an operator.
        :returns: Its inputs; an empty list for a source.
        """
        sources = (link.source for link in self.links if link.target == name)
        return [self.operators[source] for source in dict.fromkeys(sources) if source in self.operators]

    def execution_order(self) -> list[Operator]:
        """The operators as they can run: each after its inputs, otherwise in the order of the file; no notes.

        :returns: The operators in order.
        :raises WorkflowFileException: The links run in a circle, so that nothing can start.
        """
        missing = {name: 0 for name, operator in self.operators.items() if not operator.is_note}
        followers: dict[str, list[str]] = {name: [] for name in missing}
        for source, target in dict.fromkeys((link.source, link.target) for link in self.links):
            if source in missing and target in missing:
                missing[target] += 1
                followers[source].append(target)
        ready = [name for name, count in missing.items() if not count]
        for name in ready:
            for follower in followers[name]:
                missing[follower] -= 1
                if not missing[follower]:
                    ready.append(follower)
        if len(ready) < len(missing):
            circle = ", ".join(repr(name) for name, count in missing.items() if count)
            raise WorkflowFileException(
                f"The links of {self.name or 'this workflow'} run in a circle, so that these operators can never "
                f"start: {circle}. Remove a link between them."
            )
        return [self.operators[name] for name in ready]

    def to_svg(self) -> str:
        """A drawing of the flow.

        :returns: The text of an SVG picture.
        """
        boxes = [_drawing.Box(o.name, o.class_name, o.x, o.y) for o in self.operators.values() if not o.is_note]
        return _drawing.svg(boxes, [(link.source, link.target) for link in self.links])

    def _repr_svg_(self) -> str:
        return self.to_svg()

    def _repr_html_(self) -> str:
        return self.to_svg()

    def __repr__(self) -> str:
        return (
            f"<Workflow {self.name or 'without a name'}: {len(self.operators)} operators, {len(self.links)} links, "
            f"{len(self.variables)} variables>"
        )


def read(source: Source) -> Workflow:
    """Read a workflow file.

    :param source: Path of the file, its bytes, or a file opened for reading bytes.
    :returns: What the file says.
    :raises WorkflowFileException: It is not a workflow file.
    :raises LocalFileException: The file cannot be opened.

    Example::

        >>> flow = afm.read("row_filter.afm")
        >>> list(flow.operators)
        ['credit', 'Row Filter']
    """
    reader = _Reader(_subject_of(source), _name_of(source))
    reader.feed(source)
    return reader.workflow


def check(source: Source) -> None:
    """Make sure that something is a workflow file, in constant memory, whatever its size.

    A file object is read to its end.

    :param source: Path of the file, its bytes, or a file opened for reading bytes.
    :raises WorkflowFileException: It is not a workflow file.
    :raises LocalFileException: The file cannot be opened.
    """
    _Walker(_subject_of(source)).feed(source)


class _Walker:
    """Goes through a workflow file once and refuses what is not one."""

    def __init__(self, subject: str) -> None:
        self.subject = subject
        self.depth = 0
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.StartDoctypeDeclHandler = self._refuse_doctype

    def feed(self, source: Source) -> None:
        fed = 0
        with _opened(source) as blocks:
            try:
                for block in blocks:
                    fed += len(block)
                    self.parser.Parse(block, False)
                    if fed - self.parser.CurrentByteIndex > MAX_TOKEN:
                        raise self.refusal(f"a single tag in it is larger than {MAX_TOKEN // 1024**2} MB")
                self.parser.Parse(b"", True)
            except expat.ExpatError as error:
                fault = str(error)
            except (LookupError, ValueError) as error:
                if isinstance(error, WorkflowFileException):
                    raise
                fault = f"its encoding cannot be read ({error})"
            else:
                return
        raise self.refusal(f"it is not well-formed XML: {fault}" if fed else "it is empty")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.refusal(f"its elements are nested deeper than {MAX_DEPTH}")
        if self.depth == 1:
            if tag != "Process":
                raise self.refusal(f"its first element is <{tag[:60]}>, not <Process>")
            self.opened_root(attributes)

    def end(self, tag: str) -> None:  # noqa: ARG002 - the signature is expat's
        self.depth -= 1

    def opened_root(self, attributes: dict[str, str]) -> None:
        """What a reader takes from the first element; nothing to do for a mere check."""

    def refusal(self, why: str) -> WorkflowFileException:
        return WorkflowFileException(f"{self.subject} is not a readable workflow file (.afm): {why}.")

    def _refuse_doctype(self, *_: object) -> None:
        raise self.refusal("it holds a DOCTYPE, which no workflow file has and which may be an attack")


class _Reader(_Walker):
    """Builds a :class:`Workflow` on the way, a section at a time, leaving out models and secrets."""

    def __init__(self, subject: str, name: str | None) -> None:
        super().__init__(subject)
        self.workflow = Workflow(name)
        self._builder: TreeBuilder | None = None
        self._skipping = 0
        self.parser.CharacterDataHandler = self._text

    def opened_root(self, attributes: dict[str, str]) -> None:
        self.workflow.version = attributes.get("Version", "")
        self.workflow.user_name = attributes.get("UserName", "")
        self.workflow.description = attributes.get("Description", "")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        super().start(tag, attributes)
        if self._skipping:
            return
        if self.depth == 2 and tag in _KEPT_SECTIONS:
            self._builder = TreeBuilder()
        if self._builder is None:
            return
        if tag == _MODEL or _is_secret(tag, attributes):
            self._skipping = self.depth
        else:
            self._builder.start(tag, _without_secrets(attributes))

    def end(self, tag: str) -> None:
        if self._skipping:
            if self._skipping == self.depth:
                self._skipping = 0
        elif self._builder is not None:
            element = self._builder.end(tag)
            if self.depth == 2:
                self._builder = None
                self._take(element)
        super().end(tag)

    def _text(self, text: str) -> None:
        if self._builder is not None and not self._skipping:
            self._builder.data(text)

    def _take(self, section: Element) -> None:
        flow = self.workflow
        if section.tag == "Operator":
            operator = _operator(section)
            if not operator.name:
                raise self.refusal("one of its operators has no name")
            if operator.name in flow.operators:
                raise self.refusal(f"two of its operators are called {operator.name!r}")
            flow.operators[operator.name] = operator
        elif section.tag == "Link":
            flow.links.append(Link(section.get("source", ""), section.get("target", "")))
        elif section.tag == "DataSources":
            flow.data_sources.extend(
                DataSource(source.get("name", ""), source.get("type", ""), _parameters(source))
                for source in section.iter("DataSource")
            )
        else:
            flow.variables.update(_variables(section))


def _operator(section: Element) -> Operator:
    return Operator(
        name=section.get("name", ""),
        type=section.get("type", ""),
        uuid=section.get("uuid", ""),
        x=_position(section.get("X")),
        y=_position(section.get("Y")),
        parameters=_parameters(section),
        elements=[child for child in section if child.tag not in ("Parameter", "Note")],
    )


def _parameters(section: Element) -> dict[str, str]:
    """The section's own parameters: ``findall`` looks at direct children only, so never at nested settings."""
    return {item.get("key", ""): item.get("value", "") for item in section.findall("Parameter")}


def _variables(section: Element) -> Iterator[tuple[str, str]]:
    for variable in section.iter("Variable"):
        name = (variable.findtext("Name") or "").strip()
        if name:
            yield name, "" if _SECRET.search(name) else variable.findtext("Value") or ""


def _position(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _is_secret(tag: str, attributes: dict[str, str]) -> bool:
    names = (tag, attributes.get("key", ""), attributes.get("id", ""))
    return any(_SECRET.search(name) for name in names)


def _without_secrets(attributes: dict[str, str]) -> dict[str, str]:
    return {
        name: _SECRET_IN_URL.sub(r"\1", value) if "=" in value else value
        for name, value in attributes.items()
        if not _SECRET.search(name)
    }


@contextmanager
def _opened(source: Source) -> Iterator[Iterator[bytes]]:
    if isinstance(source, bytes):
        yield (source[start : start + _BLOCK] for start in range(0, len(source), _BLOCK))
    elif isinstance(source, str | os.PathLike):
        with open_file(Path(source)) as file:
            yield _blocks(file)
    else:
        yield _blocks(source)


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    while block := file.read(_BLOCK):
        yield block


def _subject_of(source: Any) -> str:
    return str(Path(source)) if isinstance(source, str | os.PathLike) else "This"


def _name_of(source: Any) -> str | None:
    name = source if isinstance(source, str | os.PathLike) else getattr(source, "name", None)
    return Path(name).stem if isinstance(name, str | os.PathLike) else None
