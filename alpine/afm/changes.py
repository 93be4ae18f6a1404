"""A workflow with other values: a new file, which differs from the old one in these values alone."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from alpine._arguments import nearest
from alpine._files import FileSink, open_file, target_path
from alpine.afm.editing import Change, Tag, edited, fields_at, places
from alpine.afm.fields import CACHED, Step, fields_of, find, written
from alpine.afm.walker import is_secret
from alpine.exception import InvalidArgumentException, WorkflowFileException

if TYPE_CHECKING:
    from alpine.afm.model import Operator, Workflow

_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SOURCE_NAMES = frozenset({"dbConnectionName", "connName", "runtimeDataSourceName"})
_SCHEMA_NAMES = frozenset({"schemaName", "outputSchema", "schema", "hiveResultDatabase"})
_DEFAULT_SCHEMA = "@default_schema"
_TABLE = "selectedTable"
_CACHED_STEPS = frozenset((Step(tag, 1),) for tag in CACHED)
_NAMES_SHOWN = 20


def with_variables(flow: Workflow, variables: Mapping[str, object]) -> Workflow:
    """The workflow with other default values of its variables."""
    values = {str(name): _checked(value, f"the variable {name!r}") for name, value in variables.items()}
    for name in values:
        if name not in flow.variables:
            raise InvalidArgumentException(
                f"The workflow declares no variable {name!r}.{nearest(name, flow.variables)} "
                f"There are: {', '.join(flow.variables) or 'none'}."
            )
        if is_secret(name):
            raise InvalidArgumentException(f"The variable {name!r} is a secret, which is not written into a file.")

    there: set[str] = set()

    def decide(tag: Tag, text: str) -> Change | None:  # noqa: ARG001 - the text does not matter
        if tag.section == "Variable" and tag.tag == "Value" and tag.owner in values:
            there.add(tag.owner)
            return Change(text=values[tag.owner])
        return None

    changed = _changed(flow, decide)
    for name in values.keys() - there:
        raise WorkflowFileException(f"The variable {name!r} has no <Value> in the file, so that none can be changed.")
    return changed


def with_field(flow: Workflow, operator: str, name: str, value: object) -> Workflow:
    """The workflow with another value in one field of an operator."""
    text = _checked(value, f"the field {name!r}")
    known = fields_of(operator_of(flow, operator))
    if is_secret(name):
        raise InvalidArgumentException(f"The field {name!r} is a secret, which is not written into a file.")
    content = content_of(flow)
    there = [place for place in places(content) if (place.tag.section, place.tag.owner) == ("Operator", operator)]
    fields = [
        field
        for place in there
        for field, attribute in fields_at(place.tag)
        if field.path[:1] not in _CACHED_STEPS and (attribute is not None or not place.has_children)
    ]
    meant = find(name, fields)
    if not meant:
        raise InvalidArgumentException(
            f"The operator {operator!r} has no field {name!r}.{nearest(name, known)} There are: {_some(known)}."
        )
    if len(set(meant)) > 1:
        raise InvalidArgumentException(
            f"The operator {operator!r} has {len(set(meant))} fields {name!r}; say which one by a number from 1, as in "
            f"{written(meant[0])!r}."
        )

    def decide(tag: Tag, text_there: str) -> Change | None:  # noqa: ARG001 - the text does not matter
        if (tag.section, tag.owner) != ("Operator", operator):
            return None
        found = next((attribute for field, attribute in fields_at(tag) if field == meant[0]), "")
        if found == "":
            return None
        return Change(text=text) if found is None else Change({found: text})

    return _changed(flow, decide)


def retargeted(
    flow: Workflow, data_sources: Mapping[str, str] | None = None, schemas: Mapping[str, str] | None = None
) -> Workflow:
    """The workflow on other data sources and schemas."""
    sources = {name: _checked(value, f"the data source {name!r}") for name, value in (data_sources or {}).items()}
    named = {name: _checked(value, f"the schema {name!r}") for name, value in (schemas or {}).items()}
    used_sources, used_schemas = set[str](), set[str]()

    def renamed(name: str, value: str) -> str:
        if name in _SOURCE_NAMES and value in sources:
            used_sources.add(value)
            return sources[value]
        if name in _SCHEMA_NAMES and value in named:
            used_schemas.add(value)
            return named[value]
        schema, point, table = value.partition(".")
        if name == _TABLE and point and schema in named:
            used_schemas.add(schema)
            return f"{named[schema]}.{table}"
        return value

    def decide(tag: Tag, text: str) -> Change | None:
        if tag.section == "Variable":
            if tag.tag == "Value" and tag.owner == _DEFAULT_SCHEMA and text in named:
                used_schemas.add(text)
                return Change(text=named[text])
            return None
        if tag.tag == "DataSource":
            name = tag.attributes.get("name", "")
            used_sources.update({name} & sources.keys())
            return Change({"name": sources[name]}) if name in sources else None
        if tag.tag == "Parameter":
            name, value = tag.attributes.get("key", ""), tag.attributes.get("value", "")
            return Change({"value": fresh}) if (fresh := renamed(name, value)) != value else None
        if tag.section == "Operator" and tag.path:
            fresh_values = {name: renamed(name, value) for name, value in tag.attributes.items()}
            changed = {name: value for name, value in fresh_values.items() if value != tag.attributes[name]}
            return Change(changed) if changed else None
        return None

    result = _changed(flow, decide)
    for what, wanted, used in (("data source", sources, used_sources), ("schema", named, used_schemas)):
        for name in wanted.keys() - used:
            raise InvalidArgumentException(f"The workflow names no {what} {name!r}; nothing was changed.")
    return result


def save(flow: Workflow, path: str | os.PathLike[str]) -> Path:
    """Write the workflow to a file."""
    content = content_of(flow)
    name = f"{flow.name or 'workflow'}.afm"
    with FileSink(target_path(path, "path"), name) as sink:
        sink.start({"Content-Disposition": f'attachment; filename="{name}"'})
        sink.write(content)
        return sink.finish()


def operator_of(flow: Workflow, name: str) -> Operator:
    """An operator by its name.

    :raises InvalidArgumentException: There is no such operator.
    """
    if name in flow.operators:
        return flow.operators[name]
    raise InvalidArgumentException(
        f"The workflow has no operator {name!r}.{nearest(str(name), flow.operators)} "
        f"There are: {', '.join(map(repr, flow.operators)) or 'none'}."
    )


def content_of(flow: Workflow) -> bytes:
    """The bytes of the file.

    :raises WorkflowFileException: It was read from what cannot be read again, or has changed since.
    """
    source = flow.source
    if isinstance(source, bytes):
        return source
    if source is None:
        raise WorkflowFileException(
            "This workflow was read from an open file, or made in Python: its bytes are not known. "
            "Read it from a path or from bytes to change or save it."
        )
    with open_file(source) as file:
        content = file.read()
    if _read_anew(flow, content) != flow:
        raise WorkflowFileException(
            f"The file {source} says something else than this workflow: one of them was changed since it was read. "
            f"Read it again, and change it by its methods."
        )
    return content


def _changed(flow: Workflow, decide: Callable[[Tag, str], Change | None]) -> Workflow:
    return _read_anew(flow, edited(content_of(flow), decide))


def _read_anew(flow: Workflow, content: bytes) -> Workflow:
    if flow.reread is None:
        raise WorkflowFileException("This workflow was made in Python, not read from a file.")
    fresh = flow.reread(content)
    fresh.name = flow.name
    return fresh


def _checked(value: object, what: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise InvalidArgumentException(
            f"The value of {what} should be a string or a number, not {type(value).__name__}."
        )
    text = str(value)
    if found := _NOT_IN_XML.search(text):
        raise InvalidArgumentException(
            f"The value of {what} holds the character U+{ord(found[0]):04X}, which no XML file can hold."
        )
    return text


def _some(names: Mapping[str, object]) -> str:
    first = list(names)[:_NAMES_SHOWN]
    more = [f"and {len(names) - len(first)} more (see flow.fields)"] if len(names) > len(first) else []
    return ", ".join([*first, *more]) or "none"
