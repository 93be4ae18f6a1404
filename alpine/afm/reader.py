"""Reads workflow files piece by piece, leaving out stored models and secrets."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder

from alpine.afm.model import DataSource, Link, Operator, Workflow
from alpine.afm.walker import Source, Walker, is_kept, is_secret, subject_of

_SECRET_IN_URL = re.compile(r"((?:password|passwd|pwd|secret)=)[^&;\s]*", re.IGNORECASE)
_KEPT_SECTIONS = frozenset({"DataSources", "Operator", "Link", "VariableModel"})


def read(source: Source) -> Workflow:
    """Read a workflow file.

    :param source: Path of the file, its bytes, or a file opened for reading bytes.
    :returns: The workflow.
    :raises WorkflowFileException: It is not a workflow file.
    :raises LocalFileException: The file cannot be opened.

    Example::

        >>> flow = afm.read("row_filter.afm")
        >>> list(flow.operators)
        ['credit', 'Row Filter']
    """
    reader = _Reader(subject_of(source), _name_of(source))
    reader.feed(source)
    if isinstance(source, bytes):
        reader.workflow.source = source
    elif isinstance(source, str | os.PathLike):
        reader.workflow.source = Path(source)
    return reader.workflow


def check(source: Source) -> None:
    """Check that something is a workflow file; needs little memory, whatever its size.

    A file object is read to its end.

    :param source: Path of the file, its bytes, or a file opened for reading bytes.
    :raises WorkflowFileException: It is not a workflow file.
    :raises LocalFileException: The file cannot be opened.
    """
    Walker(subject_of(source)).feed(source)


class _Reader(Walker):
    """Builds a :class:`Workflow` on the way, a section at a time, leaving out models and secrets."""

    def __init__(self, subject: str, name: str | None) -> None:
        super().__init__(subject)
        self.workflow = Workflow(name, reread=read)
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
        if is_kept(tag, attributes):
            self._builder.start(tag, _without_secrets(attributes))
        else:
            self._skipping = self.depth

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
            yield name, "" if is_secret(name) else variable.findtext("Value") or ""


def _position(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _without_secrets(attributes: dict[str, str]) -> dict[str, str]:
    return {
        name: _SECRET_IN_URL.sub(r"\1", value) if "=" in value else value
        for name, value in attributes.items()
        if not is_secret(name)
    }


def _name_of(source: Any) -> str | None:
    name = source if isinstance(source, str | os.PathLike) else getattr(source, "name", None)
    return Path(name).stem if isinstance(name, str | os.PathLike) else None
