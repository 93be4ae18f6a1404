"""A look over a flow: what each operator will give, the SQL that makes it, and what is wrong with it.

The operators are those of the sandbox. Each is called once with tables that have the right columns and no rows, so that
a check and a lineage say what a run would do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from alpine.afm import Operator, Workflow
from alpine.flows.contexts import LookContext, PlanCursor, PlannedTable, UnknownTable
from alpine.flows.given import DATABASE, HADOOP, NOT_KEPT, NUMERIC, Given, connection, duckdb_type, headings
from alpine.flows.models import planned_model
from alpine.sandbox.engine.context import Context, Output
from alpine.sandbox.engine.cursor import Schema
from alpine.sandbox.engine.database import DatabaseTable
from alpine.sandbox.engine.failures import (
    ColumnMissing,
    DatabaseFailure,
    ExpressionUnreadable,
    NodeFailure,
    PlanEnds,
)
from alpine.sandbox.engine.hadoop_files import structure_of
from alpine.sandbox.engine.loading import check_names
from alpine.sandbox.engine.registry import Entry
from alpine.sandbox.engine.standins import described
from alpine.sandbox.engine.substitution import Substitution
from alpine.sandbox.engine.tables import empty

SOURCES = {"Database Table": DATABASE, "Hadoop File": HADOOP}
"""The operators that read a table, and where."""
_GIVE_TABLES = frozenset(
    {"Row Filter", "Column Filter", "Variable", "Join", "Set Operations", "Aggregation", "Collapse", "Normalization"}
    | {"Null Value Replacement", "Pivot", "Pig Execute", "Copy to Database", "Copy to Hadoop", "Sample Selector"}
    | {"Predictor", "Classifier", "Decision Tree Predictor", *SOURCES}
)
_TAKE_OTHERS = frozenset(
    {"Predictor", "Classifier", "Decision Tree Predictor", "Sample Selector", "Export", *SOURCES}
    | {"Confusion Matrix", "ROC", "Lift", "Goodness of Fit"}
)
"""The operators that take a model or samples, or nothing; all others take tables."""
_TAKE_SEVERAL = frozenset({"Join", "Set Operations", "Pig Execute"})
_COLUMNS = ("columnNames", "dependentColumn")
_GIVE_BOTH = frozenset({"K-Means", "Random Sampling"})
UNKNOWN = Output()
"""What an operator gives of which nothing is known."""


def gives_table(title: str) -> bool:
    """Whether an operator gives a table to those after it, by what the product calls it."""
    return title in _GIVE_TABLES or title in _GIVE_BOTH


@dataclass(frozen=True)
class Wrong:
    """Something that is wrong with an operator.

    :param failure: What the engine says of it.
    :param text: The expression that is refused; empty where it is none.
    :param subject: The column that the expression is for; empty where it is for none.
    """

    failure: NodeFailure
    text: str = ""
    subject: str = ""


@dataclass
class Step:
    """What is known of one operator.

    :param operator: The operator.
    :param filled: The same with the values of the variables in their places.
    :param inputs: The names of the operators before it.
    :param entry: What does its work; None where nothing does.
    :param output: What it gives.
    :param wrong: What is wrong with it.
    :param looked: The columns of its inputs that it has asked for, by the numbers of their tables.
    :param is_certain: Whether its output, and where it comes from, is known.
    """

    operator: Operator
    filled: Operator
    inputs: list[str]
    entry: Entry | None = None
    output: Output = field(default_factory=lambda: UNKNOWN)
    wrong: list[Wrong] = field(default_factory=list)
    looked: set[tuple[int, str]] = field(default_factory=set)
    is_certain: bool = True

    @property
    def table(self) -> PlannedTable | None:
        """The table that it gives; None where there is none, or its columns are not known."""
        return self.output.table if isinstance(self.output.table, PlannedTable) else None


@dataclass
class Plan:
    """A flow that was looked over.

    :param flow: The flow.
    :param steps: What is known of its operators, by name, in the order in which they run.
    :param tables: All tables that the operators make, by number.
    :param makers: The operator that makes each table, by number.
    """

    flow: Workflow
    steps: dict[str, Step] = field(default_factory=dict)
    tables: dict[int, PlannedTable] = field(default_factory=dict)
    makers: dict[int, str] = field(default_factory=dict)

    def add(self, maker: str, table: DatabaseTable, select: str = "") -> PlannedTable:
        """Keep a table.

        :param maker: The operator that makes it.
        :param table: The table.
        :param select: The SQL that makes it, over the SQL of other tables; empty for a table that is read.
        """
        number = len(self.tables) + 1
        bare = empty(table.columns, table.types, number)
        kept = PlannedTable(bare.sql, bare.columns, bare.types, bare.rows, number=number, select=select)
        self.tables[number] = kept
        self.makers[number] = maker
        return kept


def look_over(flow: Workflow, given: Given, steps: Sequence[Operator]) -> Plan:
    """Look a flow over.

    :param flow: The flow.
    :param given: The tables, and what does the work of the operators.
    :param steps: Its operators, in the order in which they run.
    """
    plan = Plan(flow)
    server = {"@flow_id": "1", "@flow_name": flow.name or "flow", "@user_id": "1", "@user_name": "user"}
    substitution = Substitution({**flow.variables, **server})
    cursor = PlanCursor(connection(), Schema('"looked over"'), headings())
    try:
        with cursor.planning():
            for operator in steps:
                inputs = [source.name for source in flow.inputs_of(operator.name) if not source.is_note]
                step = Step(operator, substitution.operator(operator), inputs)
                plan.steps[operator.name] = step
                cursor.on_made = lambda table, select, name=operator.name: plan.add(name, table, select)  # type: ignore[misc]
                step.output = _named(_output(plan, step, given, cursor), operator)
    finally:
        cursor.close()
    return plan


def _named(output: Output, operator: Operator) -> Output:
    if output is not UNKNOWN:
        output.name, output.uuid = operator.name, operator.uuid
    return output


def _output(plan: Plan, step: Step, given: Given, cursor: PlanCursor) -> Output:
    """What an operator will give; what is wrong with it is kept."""
    try:
        step.entry = given.registry.find(step.operator)
    except NodeFailure as failure:
        step.wrong.append(Wrong(failure))
        step.is_certain = False
        return UNKNOWN
    if step.entry.is_own:
        step.is_certain = False
        return UNKNOWN
    inputs = [_lent(step, plan.steps[name].output) if name in plan.steps else UNKNOWN for name in step.inputs]
    if step.entry.title not in _TAKE_OTHERS and (len(inputs) == 1 or step.entry.title in _TAKE_SEVERAL):
        # Whatever the operator before it is, it can only be one that gives a table.
        inputs = [
            Output(UnknownTable(), name=n) if entry is UNKNOWN else entry
            for n, entry in zip(step.inputs, inputs, strict=True)
        ]
    context = LookContext(Context(step.filled, inputs, cursor, given.database), UNKNOWN)
    try:
        where = SOURCES.get(step.entry.title)
        if where is not None:
            return _source(plan, step, given, context)
        output = step.entry.function(context)
    except PlanEnds:
        output = None
    except DatabaseFailure as failure:
        # SQL with a null in place of a refused expression may be refused as well.
        if not context.wrong:
            step.wrong.append(Wrong(failure))
        output = None
    except NodeFailure as failure:
        step.wrong += [Wrong(failure), *_other_columns(step, context, failure)]
        output = None
    except Exception:  # noqa: BLE001 - tables without rows may be more than a function expects; the run will tell
        output = None
    step.wrong[:0] = [Wrong(failure, text, subject) for failure, text, subject in context.wrong]
    return _judged(plan, step, context, output)


def _other_columns(step: Step, context: LookContext, failure: NodeFailure) -> Iterator[Wrong]:
    """Columns that are missing beside a failure, which may have come before they were looked at."""
    for name in _COLUMNS if not isinstance(failure, ColumnMissing) else ():
        if name in step.filled.parameters:
            try:
                context.columns(name)
            except ColumnMissing as missing:
                yield Wrong(missing)
            except (NodeFailure, PlanEnds):
                return


def _judged(plan: Plan, step: Step, context: LookContext, output: Output | None) -> Output:
    """The output as far as it is known."""
    if any(NOT_KEPT in table.types for table in _inputs(plan, step)):
        # What follows from a type that the sandbox does not keep is not known, whatever it says of it.
        kept = [wrong for wrong in step.wrong if not _may_be_of_types(wrong)]
        step.wrong[:] = kept
    title = step.entry.title if step.entry else ""
    # A filter has the columns of its input, whatever is wrong with its conditions.
    if output is not None and (not step.wrong or title == "Row Filter"):
        return output
    step.is_certain = False
    if title in _GIVE_TABLES:
        return Output(UnknownTable())
    if step.wrong:
        return UNKNOWN
    columns: list[str] | None = None
    with suppress(NodeFailure, PlanEnds):
        columns = context.columns()
    model = planned_model(title, step.operator.name, step.filled.parameters.get("dependentColumn", ""), columns)
    return UNKNOWN if model is None else Output(model=model)


def _may_be_of_types(wrong: Wrong) -> bool:
    said = str(wrong.failure).lower()
    return not isinstance(wrong.failure, ColumnMissing | ExpressionUnreadable) and "there is no column" not in said


def _lent(step: Step, output: Output) -> Output:
    """An output for one operator, which notes the columns that it asks for."""

    def lent(table: Any) -> Any:
        if not isinstance(table, PlannedTable):
            return table
        return table.lent(lambda column: step.looked.add((table.number, column)))

    if output is UNKNOWN:
        return output
    fresh = Output(lent(output.table), output.view, output.model, [lent(sample) for sample in output.samples])
    fresh.name, fresh.uuid = output.name, output.uuid
    return fresh


def _inputs(plan: Plan, step: Step) -> Iterator[PlannedTable]:
    for name in step.inputs:
        table = plan.steps[name].table if name in plan.steps else None
        if table is not None:
            yield table


def _source(plan: Plan, step: Step, given: Given, context: LookContext) -> Output:
    """The table that is read: a given one, or what the flow declares."""
    is_hadoop = SOURCES[step.entry.title] == HADOOP if step.entry else False
    if step.entry and SOURCES[step.entry.title] in given.knows:
        try:
            found = step.entry.function(context).table
        except NodeFailure as failure:
            step.wrong.append(Wrong(failure))
            found = None
        if found is not None:
            return Output(plan.add(step.operator.name, found))
        step.is_certain = False
        return Output(UnknownTable())
    try:
        structure = structure_of(step.filled.elements)
        if structure is not None:
            columns = [name for name, _ in structure.columns]
            types = [kind.sql or NUMERIC for kind in structure.types]
        else:
            declared = described(plan.flow, step.operator)
            columns = [name for name, _ in declared]
            types = [duckdb_type(kind, is_hadoop=is_hadoop) for _, kind in declared]
        check_names(columns)
    except NodeFailure as failure:
        step.wrong.append(Wrong(failure))
        columns = []
    except ValueError as error:
        step.wrong.append(Wrong(NodeFailure(str(error))))
        columns = []
    if columns:
        return Output(plan.add(step.operator.name, empty(columns, types)))
    step.is_certain = False
    return Output(UnknownTable())
