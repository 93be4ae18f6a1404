"""A look over a whole flow before it runs: everything that is missing, all at once, before anything is computed.

Each operator's function is called once with tables that have the right columns and no rows. What it refuses, and what
the database refuses of its SQL, is what the run would refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from alpine.afm import Operator, Workflow
from alpine.sandbox.engine.context import Context, Output
from alpine.sandbox.engine.database import Cursor, DatabaseTable
from alpine.sandbox.engine.failures import DatabaseFailure, NodeFailure, PlanEnds, RunStopped
from alpine.sandbox.engine.registry import Entry, Registry
from alpine.sandbox.engine.tables import empty

_UNKNOWN = Output()


class PlanContext(Context):
    """A context of an operator that is only looked over.

    It collects what is wrong with the operator's expressions and columns, where a run would fail at the first.
    """

    def __init__(self, context: Context) -> None:
        self.__dict__.update(context.__dict__)
        self.failures: list[str] = []

    @property
    def planning(self) -> bool:
        """Whether the operator is only looked over: it is."""
        return True

    @property
    def inputs(self) -> Sequence[Output]:
        """What the operators before it will leave.

        :raises PlanEnds: That is not known of one of them.
        """
        if any(entry is _UNKNOWN for entry in self._inputs):
            raise PlanEnds
        return self._inputs

    def needs_rows(self) -> None:
        """End the look at this operator.

        :raises PlanEnds: Always.
        """
        raise PlanEnds

    def expression(self, text: str, data_type: str = "", **more: Any) -> str:
        """An expression as SQL, or a null where it is refused."""
        try:
            return super().expression(text, data_type, **more)
        except NodeFailure as failure:
            self.note(failure)
            return "NULL"

    def condition(self, text: str) -> str:
        """A condition as SQL, or a null where it is refused."""
        try:
            return super().condition(text)
        except NodeFailure as failure:
            self.note(failure)
            return "NULL"

    def note(self, failure: NodeFailure) -> None:
        """Keep what is wrong with an expression.

        :param failure: The failure.
        """
        found = f"{self.subject}{failure}"
        if found not in self.failures:
            self.failures.append(found)


def look_over(
    flow: Workflow,
    steps: Sequence[Operator],
    registry: Registry,
    cursor: Cursor,
    ready: Callable[[Operator, Sequence[Output]], Context],
) -> dict[str, str]:
    """Everything that is missing for a flow to run.

    :param flow: The flow.
    :param steps: Its operators, in the order in which they run.
    :param registry: What does the work of the operators.
    :param cursor: The run's connection.
    :param ready: Makes the context of an operator, with what comes in.
    :returns: The failure of each operator that has one, by its name, in the order in which they run.
    """
    outputs: dict[str, Output] = {}
    failures: dict[str, str] = {}
    with cursor.planning():
        for operator in steps:
            inputs = [outputs[source.name] for source in flow.inputs_of(operator.name) if source.name in outputs]
            try:
                entry = registry.find(operator)
                context = PlanContext(ready(operator, inputs))
                outputs[operator.name] = _looked_at(entry, context)
            except NodeFailure as failure:
                failures[operator.name] = str(failure)
                outputs[operator.name] = _UNKNOWN
    return failures


def _looked_at(entry: Entry, context: PlanContext) -> Output:
    """What an operator will give, its tables without rows.

    :raises NodeFailure: It will fail.
    """
    try:
        output = _UNKNOWN if entry.is_own else _without_rows(entry.function(context), context)
    except PlanEnds:
        output = _UNKNOWN
    except RunStopped:
        raise
    except DatabaseFailure:
        # SQL with a null in place of a refused expression may be refused as well.
        if not context.failures:
            raise
        output = _UNKNOWN
    except NodeFailure as failure:
        raise NodeFailure("; ".join([*context.failures, str(failure)])) from None
    except Exception:  # noqa: BLE001 - a function may raise anything
        # Tables without rows may be more than a function expects; the run will tell.
        output = _UNKNOWN
    if context.failures:
        raise NodeFailure("; ".join(context.failures))
    return output


def _without_rows(output: Output, context: Context) -> Output:
    def emptied(table: DatabaseTable) -> DatabaseTable:
        # What is made of tables without rows has none either, but for an aggregate's one row.
        if context.tables():
            return table
        return empty(table.columns, table.types)

    if output.model is not None:
        return _UNKNOWN
    return replace(
        output,
        table=emptied(output.table) if output.table else None,
        samples=[emptied(sample) for sample in output.samples],
        name=context.operator.name,
        uuid=context.operator.uuid,
    )
