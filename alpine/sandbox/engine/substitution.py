"""Puts the values of workflow variables where their names stand."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from xml.etree.ElementTree import Element

from alpine.afm import Operator


class Substitution:
    """Replaces variables by their values, as plain text, anywhere.

    Names may be glued to other text (``alp@user_id_@flow_id_0``), so only known names are replaced, the longest
    first; what is not known stays as it is.

    :param values: Values by name, with the leading ``@``.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = {name: value for name, value in values.items() if name}
        longest_first = sorted(self._values, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def text(self, text: str) -> str:
        """A string with its variables replaced.

        >>> Substitution({"@a": "1", "@a_b": "2"}).text("@a_b_c @a_c @x")
        '2_c 1_c @x'
        """
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda match: self._values[match.group()], text)

    def operator(self, operator: Operator) -> Operator:
        """An operator with the variables in all its values replaced; the original stays as it is."""
        own = Substitution({**self._values, "@operator_name_uuid": f"{operator.name}_{operator.uuid}"})
        return replace(
            operator,
            parameters={key: own.text(value) for key, value in operator.parameters.items()},
            elements=[_replaced(element, own.text) for element in operator.elements],
        )


def values_of_run(
    defaults: Mapping[str, str], given: Mapping[str, str], filled: Mapping[str, str]
) -> tuple[dict[str, str], list[str]]:
    """The values that hold in a run, and the given names that the flow does not declare.

    :param defaults: What the flow declares.
    :param given: What the caller gave.
    :param filled: What the server fills in at run time.
    """
    undeclared = [name for name in given if name not in defaults and name not in filled]
    return {**defaults, **filled, **given}, undeclared


def _replaced(element: Element, text: Callable[[str], str]) -> Element:
    fresh = copy.deepcopy(element)
    for item in fresh.iter():
        item.attrib = {key: text(value) for key, value in item.attrib.items()}
        if item.text:
            item.text = text(item.text)
    return fresh
