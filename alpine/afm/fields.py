"""Names of the fields of an operator: how a comparison names them, and how they are set.

A parameter is named by its key (``outputTable``). A field of a model element is named by the path of its elements and,
after a point, the attribute (``RowFilterConditionModel/RowFilterConditionItem[2].firstValue``); without a point it is
the element's text. A number says which of several elements of a name is meant, from 1; without one there is but one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from alpine.afm.model import Operator

CACHED = frozenset({"InPutFieldList"})
"""What an operator holds of its inputs, as they were when somebody last opened it."""
_PARAMETER = "Parameter"


@dataclass(frozen=True)
class Step:
    """One element on the way to a field.

    :param tag: Its name; ``key`` of a parameter within a model element.
    :param number: Which of the elements with that name below the same parent, from 1.
    """

    tag: str
    number: int


@dataclass(frozen=True)
class Field:
    """Where a value of an operator is.

    :param path: The elements that lead to it; nothing for a parameter of the operator.
    :param attribute: The attribute, or the key of a parameter; None for an element's text.
    """

    path: tuple[Step, ...]
    attribute: str | None


def step_of(tag: str, key: str | None, seen: Counter[str]) -> Step:
    """The step of one more element below a parent.

    :param tag: The element's name.
    :param key: Its attribute ``key``.
    :param seen: How many elements the parent has had so far, by name; counted up here.
    """
    name = f"{_PARAMETER}({key})" if tag == _PARAMETER else tag
    seen[name] += 1
    return Step(name, seen[name])


def fields_of(operator: Operator) -> dict[str, str]:
    """The values of an operator by the names of their fields, in the order of the file.

    :param operator: The operator.
    """
    found = dict(operator.parameters)
    places = dict(_of_elements((element for element in operator.elements if element.tag not in CACHED), ()))
    alone = _numbers_needed(places)
    for field, value in places.items():
        found[written(field, alone)] = value
    return found


def find(name: str, fields: Sequence[Field]) -> list[Field]:
    """The fields that a name can mean: more than one where it needs a number.

    :param name: The name, as :func:`fields_of` writes it, with all numbers, or without any.
    :param fields: The fields that there are.
    """
    several = _numbers_needed(fields)
    exact = [field for field in fields if name in (written(field), written(field, several))]
    return exact or [field for field in fields if name == written(field, frozenset())]


def written(field: Field, several: Collection[tuple[Step, ...]] | None = None) -> str:
    """The name of a field.

    :param several: The paths, with 0 for their last number, whose number is to be said; None for all.
    """
    parts = []
    for end, step in enumerate(field.path):
        is_said = several is None or (*field.path[:end], Step(step.tag, 0)) in several
        parts.append(f"{step.tag}[{step.number}]" if is_said else step.tag)
    path = "/".join(parts)
    if field.attribute is None:
        return path
    return f"{path}.{field.attribute}" if path else field.attribute


def _of_elements(elements: Iterable[Element], above: tuple[Step, ...]) -> Iterator[tuple[Field, str]]:
    seen: Counter[str] = Counter()
    for element in elements:
        path = (*above, step_of(element.tag, element.get("key"), seen))
        for name, value in element.attrib.items():
            if element.tag != _PARAMETER or name != "key":
                yield Field(path, name), value
        if (element.text or "").strip():
            yield Field(path, None), element.text or ""
        yield from _of_elements(element, path)


def _numbers_needed(fields: Iterable[Field]) -> set[tuple[Step, ...]]:
    """The parents and names, as a path without its last number, of which there are several."""
    return {
        (*field.path[:end], Step(step.tag, 0))
        for field in fields
        for end, step in enumerate(field.path)
        if step.number > 1
    }
