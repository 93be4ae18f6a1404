"""The classes of a dependent column, and which of them a flow means by a text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from alpine.sandbox.engine.document import kind_of
from alpine.sandbox.engine.failures import NodeFailure

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

_TRUTHS = {
    **dict.fromkeys(("t", "true", "y", "yes", "on", "1"), "true"),
    **dict.fromkeys(("f", "false", "n", "no", "off", "0"), "false"),
}


@dataclass(frozen=True)
class Classes:
    """The values of a column that says what class a row is of.

    :param names: Them as text, in order: numbers by value, others by their characters.
    :param kind: ``number``, ``boolean`` or ``text``.
    """

    names: tuple[str, ...]
    kind: str

    @classmethod
    def of(cls, labels: Iterable[str], type_name: str) -> Classes:
        """The classes that occur.

        :param labels: What occurs, as :func:`class_names` writes it.
        :param type_name: The column's type.
        """
        kind = kind_of_class(type_name)
        return cls(tuple(sorted(set(labels), key=lambda name: _order(name, kind))), kind)

    def joined(self, labels: Iterable[str]) -> list[str]:
        """These classes and others that occur elsewhere, in order."""
        return sorted({*self.names, *labels}, key=lambda name: _order(name, self.kind))

    def matched(self, labels: Array, type_name: str) -> Array:
        """Classes of another column under the names they have here, compared by value: a text ``t`` is a true one.

        :param labels: The classes, as :func:`class_names` writes them.
        :param type_name: The type of the column they come from.
        """
        import numpy as np

        kind = kind_of_class(type_name)
        if kind == self.kind:
            return labels
        if "boolean" in (kind, self.kind) and not self._are_truths(labels):
            return labels
        written = {label: self._matched(label, kind) for label in set(labels)}
        return np.array(list(map(written.__getitem__, labels)), dtype=object)

    def _are_truths(self, labels: Iterable[str]) -> bool:
        """Whether the classes are different truth values, and all labels truth values; a ``no`` beside a ``maybe`` is
        none.
        """
        known = [_TRUTHS.get(name.strip().lower()) for name in self.names]
        return len(set(known)) == len(known) and None not in {*known, *(_TRUTHS.get(x.strip().lower()) for x in labels)}

    def _matched(self, label: str, kind: str) -> str:
        if label in self.names:
            return label
        same = [name for name in self.names if name == _value(label, self.kind) or label == _value(name, kind)]
        return same[0] if len(same) == 1 else label

    def find(self, wanted: str) -> str | None:
        """The class that a flow means, compared by value: ``1.0`` is 1, and ``t`` is true as databases write it.

        :param wanted: The value as the flow writes it, with or without quotes.
        :returns: The class; None where the flow names none.
        :raises NodeFailure: It names one that does not occur.
        """
        if wanted in self.names:
            return wanted
        text = wanted.strip()
        if not text:
            return None
        if len(text) > 1 and text[0] == text[-1] == "'":
            text = text[1:-1].replace("''", "'")
        found = _value(text, self.kind)
        if found in self.names:
            return found
        raise NodeFailure(f"The value {text!r} does not occur; there are {', '.join(self.names)}.")


def kind_of_class(type_name: str) -> str:
    """``number``, ``boolean`` or ``text`` for a type of the database."""
    if type_name.upper() == "BOOLEAN":
        return "boolean"
    return "number" if kind_of(type_name) == "number" else "text"


def class_names(labels: Array, type_name: str) -> Array:
    """Classes as they are shown and compared: numbers without zeros that say nothing, so that 1.0 is 1.

    :param labels: The classes, as the database writes them.
    :param type_name: The type of the column they come from.
    """
    import numpy as np

    kind = kind_of_class(type_name)
    if kind == "text":
        return labels
    written = {label: _value(label, kind) for label in set(labels)}
    return np.array(list(map(written.__getitem__, labels)), dtype=object)


def _value(text: str, kind: str) -> str:
    if kind == "boolean":
        return _TRUTHS.get(text.strip().lower(), text)
    if kind == "text":
        return text
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return text
    if not number.is_finite():
        return str(number)
    # Zero has a sign, and is the same class with either.
    return format(number.normalize(), "f") if number else "0"


def _order(name: str, kind: str) -> tuple[bool, Decimal, str]:
    try:
        number = Decimal(name) if kind == "number" else Decimal(0)
    except InvalidOperation:
        number = Decimal(0)
    return number.is_nan(), Decimal(0) if number.is_nan() else number, name
