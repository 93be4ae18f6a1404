"""Which function does the work of which operator class, and how true to the server it is."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

from alpine.sandbox.engine.failures import OperatorUnknown

if TYPE_CHECKING:
    from alpine.afm import Operator
    from alpine.sandbox.engine.context import Context, Output

Fidelity = Literal["exact", "equivalent", "shape only", "unsupported"]
CUSTOM = "Plugin10Operator"
_PREFIX = "com.alpine.miner.gef.runoperator."

Handler = Callable[["Context"], "Output"]


@dataclass(frozen=True)
class Entry:
    """One operator that the sandbox knows.

    :param classes: Its class names, without the common prefix.
    :param title: What the product calls it.
    :param fidelity: How true its output is: ``exact`` (same values, same shape), ``equivalent`` (same meaning, details
        may differ), ``shape only`` (the real shape is not public, a table stands for it) or ``unsupported``.
    :param remark: What to know about it.
    :param function: What does the work.
    :param test: The test that compares its results with those of another program, as ``file::function``.
    """

    classes: tuple[str, ...]
    title: str
    fidelity: Fidelity
    remark: str
    function: Handler
    is_own: bool = False
    """Whether a user registered the function."""
    test: str = ""


_entries: list[Entry] = []
_REGISTER = "a registered function can do its work"
_NOTE_TEST = "tests/sandbox/test_differential_rows.py::test_note"
_NOT_DONE = (
    ("Custom operator", f"plugin10.{CUSTOM}", "unsupported", "register a function for its signature class"),
    ("Note", "structual.NoteOperator", "exact", "takes no part in a run"),
)


def operator(
    *classes: str, title: str, fidelity: Fidelity, remark: str = "", test: str = ""
) -> Callable[[Handler], Handler]:
    """Make a function do the work of operators.

    :param classes: Class names, without ``com.alpine.miner.gef.runoperator.``.
    :param title: What the product calls the operator.
    :param fidelity: How true its output is.
    :param remark: What a user should know about it.
    :param test: The test that compares its results with those of another program, as ``file::function``; an operator
        is ``exact`` only where there is one.

    Example::

        @operator("field.ColumnFilterOperator", title="Column Filter", fidelity="exact")
        def column_filter(context: Context) -> Output:
            return context.select(names(context.chosen_columns()))
    """

    def keep(function: Handler) -> Handler:
        _entries.append(Entry(classes, title, fidelity, remark, function, test=test))
        return function

    return keep


class Registry:
    """The operators of one engine: those that come with it, and those that its user adds."""

    def __init__(self) -> None:
        self._own: dict[str, Entry] = {}

    def add(self, name: str, function: Handler) -> None:
        """Make a user's function do the work of a class, or of a custom operator by its signature class."""
        title = _short(name)
        self._own[_key(name)] = Entry((name,), title, "unsupported", "registered by the user", function, is_own=True)

    def clear(self) -> None:
        """Forget what was added."""
        self._own.clear()

    def find(self, operator: Operator) -> Entry:
        """What does the work of an operator.

        :raises OperatorUnknown: Nothing does; says how to register something.
        """
        name = identity(operator)
        for key in (_key(name), _short(name)):
            found = self._own.get(key) or (_built_in().get(key) if operator.class_name != CUSTOM else None)
            if found:
                return found
        raise OperatorUnknown(
            f"The sandbox cannot do the operator {operator.name!r}, of the class {name!r}. "
            f"Register a function for it: server.register({name!r}, function)."
        )


def identity(operator: Operator) -> str:
    """The class that says what an operator is: for a custom operator, that of its signature."""
    if operator.class_name == CUSTOM:
        for element in operator.elements:
            for signature in element.iter("SignatureClassName"):
                return signature.get("name", "") or CUSTOM
    return operator.type


def fidelity_table() -> list[tuple[str, str, str, str, str]]:
    """All operators whose classes are public: title, class names, fidelity, remark and test, sorted by title."""
    _built_in()
    done = [(e.title, ", ".join(e.classes), e.fidelity, e.remark, e.test) for e in _entries]
    return sorted(done + [(*entry, _NOTE_TEST if entry[0] == "Note" else "") for entry in _NOT_DONE])


@cache
def _built_in() -> dict[str, Entry]:
    # By its name: the modules of operators import this one.
    operators = importlib.import_module(f"{__package__}.operators")
    for module in pkgutil.iter_modules(operators.__path__):
        importlib.import_module(f"{operators.__name__}.{module.name}")
    return {_key(name): entry for entry in _entries for name in entry.classes}


def _key(name: str) -> str:
    return name.removeprefix(_PREFIX)


def _short(name: str) -> str:
    return name.rpartition(".")[2]
