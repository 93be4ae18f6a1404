"""What operators are given while they are looked over: tables that may not be known, a cursor that keeps the SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from alpine.sandbox.engine.context import Context, Output
from alpine.sandbox.engine.database import Cursor, DatabaseTable
from alpine.sandbox.engine.failures import ColumnMissing, NodeFailure, PlanEnds
from alpine.sandbox.engine.planning import PlanContext
from alpine.sandbox.engine.types import UnknownType, of_flow

_SIGNS = frozenset({"=", "==", "<>", "!=", "<", "<=", ">", ">=", "between"})


def _nothing(_column: str) -> None:
    """Nobody asks which columns are looked for."""


@dataclass(frozen=True)
class PlannedTable(DatabaseTable):
    """A table that an operator will make, or that it reads.

    :param number: Tells it from the others of its plan.
    :param select: The SQL that makes it.
    :param on_found: Told of each column that is asked for.
    """

    number: int = 0
    select: str = ""
    on_found: Callable[[str], object] = field(default=_nothing, compare=False, repr=False)

    def find(self, name: str) -> str:
        """The table's own spelling of a column."""
        found = super().find(name)
        self.on_found(found)
        return found

    def lent(self, on_found: Callable[[str], object]) -> PlannedTable:
        """The same table, for an operator.

        :param on_found: Told of each column that it asks for.
        """
        return replace(self, on_found=on_found)


class UnknownTable(DatabaseTable):
    """A table whose columns are not known; whatever depends on them ends the look at an operator."""

    def __init__(self) -> None:
        """Nothing is known of it."""

    def __getattribute__(self, name: str) -> Any:
        if name in ("sql", "columns", "types", "rows", "count"):
            raise PlanEnds
        return super().__getattribute__(name)

    def __repr__(self) -> str:
        return "<a table whose columns are not known>"

    def find(self, name: str) -> str:
        """The name as it is: there may be such a column."""
        return name

    def type_of(self, name: str) -> str:  # noqa: ARG002 - nothing is known of any
        """Nothing: it is not known.

        :raises PlanEnds: Always.
        """
        raise PlanEnds


class PlanCursor(Cursor):
    """A cursor that plans tables, and keeps the SQL that makes them."""

    on_made: Callable[[DatabaseTable, str], DatabaseTable]

    def _make(
        self, select: str, heading: Sequence[tuple[str, str]], parameters: list[Any] | None = None
    ) -> DatabaseTable:
        return self.on_made(super()._make(select, heading, parameters), select)


class LookContext(PlanContext):
    """A context of an operator that is looked over, some of whose inputs may not be known.

    Where the columns are not known, expressions are read all the same.

    :param context: The context of a run.
    :param unknown: What stands for the output of an operator of which nothing is known.
    """

    def __init__(self, context: Context, unknown: Output) -> None:
        super().__init__(context)
        self._unknown = unknown
        self._text = ""
        self.wrong: list[tuple[NodeFailure, str, str]] = []

    @property
    def inputs(self) -> Sequence[Output]:
        """What the operators before it will leave.

        :raises PlanEnds: That is not known of one of them.
        """
        if any(entry is self._unknown for entry in self._inputs):
            raise PlanEnds
        return self._inputs

    def columns(self, name: str = "columnNames") -> list[str]:
        """The columns of the input that a parameter names."""
        if self._is_unknown(None):
            return self.listed(name)
        try:
            found = super().columns(name)
        except ColumnMissing as failure:
            known = {column.strip().lower() for column in failure.columns}
            for part in self.listed(name):
                if part.lower() not in known and part != failure.name:
                    self.wrong.append((ColumnMissing(part, failure.columns), "", ""))
            raise
        return [self.table.find(column) for column in found]

    def expression(self, text: str, data_type: str = "", **more: Any) -> str:
        """An expression as SQL, or a null where it is refused, or its columns are not known."""
        self._text = text
        if self._is_unknown(more.get("tables")):
            if data_type:
                self._look_at_type(data_type)
            return self._read(text)
        return super().expression(text, data_type, **more)

    def condition(self, text: str) -> str:
        """A condition as SQL, or a null where it is refused, or its columns are not known."""
        self._text = text
        return self._read(text) if self._is_unknown(None) else super().condition(text)

    def compared(
        self, left: str, comparison: str, right: str, tables: Mapping[str, DatabaseTable] | None = None
    ) -> str:
        """A comparison as SQL, or a null where it is refused, or its columns are not known."""
        if self._is_unknown(tables):
            return self._read(left) and self._read(right)
        try:
            return super().compared(left, comparison, right, tables)
        except NodeFailure as failure:
            # Which of the two it is about shows in what the failure quotes.
            self._text = next((text for text in (right, left) if str(failure).endswith(f": {text}")), "")
            if not self._text:
                self._text = right if tables is None else ""
            self.note(failure)
            return "NULL"

    def filtered(self, text: str) -> str:
        """A script as SQL, or nothing where it is refused, or its columns are not known."""
        self._text = text
        if self._is_unknown(None):
            from alpine.sandbox.engine.sql.scripts import read

            return self._read(text, read)
        try:
            return super().filtered(text)
        except NodeFailure as failure:
            self.note(failure)
            return ""

    def comparison(self, column: str, operator: str, first: str, second: str) -> str:
        """One condition of a row filter."""
        if not self._is_unknown(None):
            return super().comparison(column, operator, first, second)
        kind = " ".join(operator.lower().replace("_", " ").split())
        for text in (first, second) if kind == "between" else (first,) if kind in _SIGNS else ():
            self._read(text)
        return "NULL"

    def note(self, failure: NodeFailure) -> None:
        """Keep what is wrong with an expression."""
        self.wrong.append((failure, self._text, self.subject))

    def _is_unknown(self, tables: Mapping[str, DatabaseTable] | None) -> bool:
        found = [entry.table for entry in self.inputs] if tables is None else tables.values()
        return any(isinstance(table, UnknownTable) for table in found)

    def _look_at_type(self, data_type: str) -> None:
        try:
            of_flow(data_type, is_hadoop=self.is_hadoop)
        except UnknownType as error:
            self.note(NodeFailure(str(error)))

    def _read(self, text: str, read: Callable[[str], object] | None = None) -> str:
        self._text = text
        if read is None and self.is_hadoop:
            from alpine.sandbox.engine.pig import parsed as read
        elif read is None:
            from alpine.sandbox.engine.sql.parse import parse as read
        try:
            read(text)  # type: ignore[misc]
        except NodeFailure as failure:
            self.note(failure)
        return "NULL"
