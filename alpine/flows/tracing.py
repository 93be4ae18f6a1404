"""Which columns of the sources each column of a flow, and each of its rows, comes from."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from alpine.flows.contexts import PlannedTable
from alpine.flows.models import Planned
from alpine.flows.plan import UNKNOWN, Plan, Step, gives_table
from alpine.flows.statements import COMPUTED, ORDER, Known, Origin, origin

Leaf = tuple[str, str]
"""A column of a source: the operator that reads it, and the column in the source's own spelling."""
Decider = tuple[str, str, str, str]
"""What decides which rows there are: the part (``filter``, ``join``, …), the operator that has it, and a leaf."""


class Trace:
    """Where the columns and rows of a flow come from.

    :param plan: The flow, looked over.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._origins: dict[int, Origin] = {}
        self._values: dict[tuple[int, str], frozenset[Leaf]] = {}
        self._rows: dict[int, frozenset[Decider]] = {}

    def values(self, number: int, column: str) -> frozenset[Leaf]:
        """The columns of sources that the values of a column come from.

        :param number: The number of its table.
        :param column: Its name.
        """
        key = (number, column.lower())
        if key not in self._values:
            self._values[key] = self._value(number, column)
        return self._values[key]

    def rows(self, number: int) -> frozenset[Decider]:
        """What decides which rows a table has, and in which order.

        :param number: The number of the table.
        """
        if number not in self._rows:
            self._rows[number] = self._row(number)
        return self._rows[number]

    def origin(self, number: int) -> Origin:
        """Where a table comes from, one statement back."""
        if number not in self._origins:
            table = self.plan.tables[number]
            self._origins[number] = origin(table.select, table.columns, self._known)
        return self._origins[number]

    def of_step(self, step: Step) -> tuple[frozenset[Leaf], frozenset[Decider]]:
        """What the output of an operator may come from, whatever its columns are.

        These are the columns that it asks for; all of its inputs, where it is not known what it does with them.
        """
        looked = step.looked if step.entry is not None and not step.entry.is_own and not step.wrong else set()
        if not looked:
            tables = [table for name in step.inputs for table in self._tables(name)]
            looked = {(table.number, column) for table in tables for column in table.columns}
        values = {leaf for number, column in looked for leaf in self.values(number, column)}
        rows: set[Decider] = set()
        for name in step.inputs:
            before = self.plan.steps.get(name)
            if before is None:
                continue
            tables = self._tables(name)
            for table in tables:
                rows |= self.rows(table.number)
            if not tables:
                more, others = self.of_step(before)
                rows |= others
                values |= more
        return frozenset(values), frozenset(rows)

    def unknown_before(self, step: Step) -> list[str]:
        """The operators at and before one whose output is not known, the first of each way."""
        found: dict[str, bool] = {}

        def look(name: str) -> bool:
            if name not in found:
                at = self.plan.steps.get(name)
                # All inputs are looked at, not only up to the first that is not known.
                before = [look(other) for other in at.inputs] if at else []
                found[name] = any(before) or at is None or self._is_unknown(at)
                if found[name] and not any(before):
                    first.append(name)
            return found[name]

        first: list[str] = []
        look(step.operator.name)
        return first

    def _is_unknown(self, step: Step) -> bool:
        """Whether it is not known what an operator does, though its inputs are."""
        if step.entry is None or step.entry.is_own or step.wrong:
            return True
        if not step.is_certain and gives_table(step.entry.title):
            return True
        made = [number for number, maker in self.plan.makers.items() if maker == step.operator.name]
        return any(self.plan.tables[number].select and not self.origin(number).is_certain for number in made)

    def _tables(self, name: str) -> list[PlannedTable]:
        step = self.plan.steps.get(name)
        if step is None:
            return []
        found = [step.output.table, *step.output.samples]
        return [table for table in found if isinstance(table, PlannedTable)]

    @cached_property
    def _known(self) -> dict[int, Known]:
        return {number: Known(table.sql, table.rows, table.columns) for number, table in self.plan.tables.items()}

    def _value(self, number: int, column: str) -> frozenset[Leaf]:
        table = self.plan.tables[number]
        if not table.select:
            return frozenset({(self.plan.makers[number], table.find(column))})
        found: set[Leaf] = set()
        for before, name in self.origin(number).values.get(column.lower(), ()):
            if (before, name) == COMPUTED:
                found |= self._computed(self.plan.steps[self.plan.makers[number]])
            elif name == ORDER:
                found |= {(source, own) for _, _, source, own in self.rows(before)}
            else:
                found |= self.values(before, name)
        return frozenset(found)

    def _row(self, number: int) -> frozenset[Decider]:
        table = self.plan.tables[number]
        if not table.select:
            return frozenset()
        by = self.plan.makers[number]
        here = self.origin(number)
        found: set[Decider] = set()
        for part, before, name in here.rows:
            if (before, name) == COMPUTED:
                found |= {(part, by, *leaf) for leaf in self._computed(self.plan.steps[by])}
            elif name != ORDER:
                found |= {(part, by, *leaf) for leaf in self.values(before, name)}
        # The order of a table that is read comes with its rows.
        for before in here.read:
            found |= self.rows(before)
        if any(COMPUTED in columns for columns in here.values.values()):
            found |= self._models_rows(self.plan.steps[by])
        return frozenset(found)

    def _computed(self, step: Step) -> frozenset[Leaf]:
        """What a function has computed its values of: the columns that it asks for, and those of its models."""
        found = {leaf for number, column in step.looked for leaf in self.values(number, column)}
        for model in self._models(step):
            found |= self.of_step(model)[0]
            features = model.output.model.columns if isinstance(model.output.model, Planned) else None
            for name in step.inputs:
                for table in self._tables(name):
                    wanted = {column.lower() for column in features or table.columns}
                    found |= {
                        leaf
                        for column in table.columns
                        if column.lower() in wanted
                        for leaf in self.values(table.number, column)
                    }
        return frozenset(found)

    def _models_rows(self, step: Step) -> frozenset[Decider]:
        return frozenset(row for model in self._models(step) for row in self.of_step(model)[1])

    def _models(self, step: Step) -> Iterable[Step]:
        steps = (self.plan.steps[name] for name in step.inputs if name in self.plan.steps)
        return [other for other in steps if other.output is UNKNOWN or other.output.model is not None]
