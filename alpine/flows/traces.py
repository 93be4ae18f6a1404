"""Where a column comes from, and what changes with one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from alpine._arguments import nearest
from alpine._display import html
from alpine.afm import drawing
from alpine.afm.changes import operator_of
from alpine.afm.fields import fields_of
from alpine.exception import InvalidArgumentException
from alpine.flows import structure
from alpine.flows.contexts import PlannedTable
from alpine.flows.given import given
from alpine.flows.plan import SOURCES, Plan, Step, look_over
from alpine.flows.tracing import Decider, Leaf, Trace
from alpine.flows.wrong import field_of_column

if TYPE_CHECKING:
    from alpine.afm import Workflow

_MANY = 20


@dataclass(frozen=True)
class SourceColumn:
    """A column of a table that a flow reads.

    :param table: The table, as the flow names it.
    :param column: The column.
    :param operator: The operator that reads it.
    """

    table: str
    column: str
    operator: str

    def __str__(self) -> str:
        return f"{self.table}.{self.column}"


@dataclass(frozen=True)
class RowColumn:
    """A column that has a part in which rows there are.

    :param source: The column.
    :param part: ``filter``, ``join``, ``group``, ``distinct``, ``order`` or ``limit``; ``any`` where that is not known.
    :param operator: The operator that has this part.
    """

    source: SourceColumn
    part: str
    operator: str

    def __str__(self) -> str:
        return f"{self.source} ({self.part} of {self.operator!r})"


@dataclass(frozen=True)
class LineageStep:
    """A column on the way from the sources.

    :param operator: The operator that gives it.
    :param column: The column.
    :param expression: The expression that it is made by, as the flow writes it; empty where it is taken as it is.
    :param inputs: The columns that it is made of, each with the operator that it comes from.
    """

    operator: str
    column: str
    expression: str
    inputs: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        made = f" = {self.expression}" if self.expression else ""
        by: dict[str, list[str]] = {}
        for operator, column in self.inputs:
            by.setdefault(operator, []).append(column)
        of = "; ".join(f"{operator!r} {', '.join(columns)}" for operator, columns in by.items())
        return f"{self.operator!r} {self.column}{made}{f', of {of}' if of else ''}"


@dataclass(frozen=True)
class Lineage:
    """Where a column comes from.

    :param operator: The operator that gives it.
    :param column: The column.
    :param sources: The columns of tables that its values come from.
    :param rows: The columns of tables that decide which rows there are: by conditions, keys, groups and order.
    :param steps: The columns and expressions on the way, the last first.
    :param unknown: The operators of which it is not known what they do; then ``sources`` and ``rows`` hold all that it
        may come from.
    """

    operator: str
    column: str
    sources: tuple[SourceColumn, ...]
    rows: tuple[RowColumn, ...]
    steps: tuple[LineageStep, ...]
    unknown: tuple[str, ...] = ()
    flow: Workflow | None = field(default=None, repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """The lineage as a dict, for JSON."""
        said = asdict(Lineage(self.operator, self.column, self.sources, self.rows, self.steps, self.unknown))
        del said["flow"]
        return said

    def __str__(self) -> str:
        lines = [f"{self.operator!r} {self.column} comes from {_listed(self.sources)}"]
        lines += [f"  {step}" for step in self.steps]
        if self.rows:
            lines += ["Its rows are decided by", *(f"  {row}" for row in self.rows)]
        lines += [f"Not known for certain: {_unknown(self.unknown)}"] if self.unknown else []
        return "\n".join(lines)

    def to_svg(self) -> str:
        """A drawing of the flow: blue where values come from, violet where rows are decided, dashed what is unknown."""
        ways = {(source, step.operator) for step in self.steps for source, _ in step.inputs}
        values = {step.operator for step in self.steps} | {source.operator for source in self.sources}
        marks = {row.operator: "decides" for row in self.rows}
        marks |= {row.source.operator: "decides" for row in self.rows}
        marks |= dict.fromkeys(values, "traced") | dict.fromkeys(self.unknown, "unknown")
        return _drawn(self.flow, marks, dict.fromkeys(ways, "traced"))

    def _repr_html_(self) -> str:
        steps = [
            (step.operator, step.column, step.expression, ", ".join(f"{column} of {o}" for o, column in step.inputs))
            for step in self.steps
        ]
        rows = [(str(row.source), row.part, row.operator) for row in self.rows]
        return html.block(
            html.heading(f"{self.operator}: {self.column}", _listed(self.sources)),
            self.to_svg(),
            html.table(("operator", "column", "expression", "made of"), steps) if steps else "",
            html.note("Which rows there are is decided by") if rows else "",
            html.table(("column", "part", "operator"), rows) if rows else "",
            html.note(f"Not known for certain: {_unknown(self.unknown)}", wrong=True) if self.unknown else "",
        )


@dataclass(frozen=True)
class Effect:
    """What changes in the output of an operator.

    :param operator: The operator.
    :param columns: The columns whose values change.
    :param rows: The operators that choose other rows, with the part: ``filter of 'Row Filter'``.
    :param is_certain: Whether this is known; otherwise it may change.
    """

    operator: str
    columns: tuple[str, ...]
    rows: tuple[str, ...]
    is_certain: bool = True

    def __str__(self) -> str:
        parts = [f"columns {', '.join(self.columns)}"] if self.columns else []
        parts += [f"rows, by {', '.join(self.rows)}"] if self.rows else []
        if not self.is_certain:
            parts.append("what changes is not known for certain")
        return f"{self.operator!r}: {'; '.join(parts) or 'its results'}"


@dataclass(frozen=True)
class Impact:
    """What changes with a column of a table.

    :param table: The table.
    :param column: The column.
    :param effects: What changes, in the order in which the operators run.
    """

    table: str
    column: str
    effects: tuple[Effect, ...]
    flow: Workflow | None = field(default=None, repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """The effects as a dict, for JSON."""
        said = asdict(Impact(self.table, self.column, self.effects))
        del said["flow"]
        return said

    def __str__(self) -> str:
        head = f"With {self.table}.{self.column} change"
        return "\n".join([head, *(f"  {effect}" for effect in self.effects)]) if self.effects else f"{head} no results"

    def to_svg(self) -> str:
        """A drawing of the flow: blue where values change, violet where rows alone do, dashed what is unknown."""
        marks = {
            effect.operator: "unknown" if not effect.is_certain else "traced" if effect.columns else "decides"
            for effect in self.effects
        }
        links = self.flow.links if self.flow is not None else []
        ways = {(link.source, link.target): "traced" for link in links if {link.source, link.target} <= marks.keys()}
        return _drawn(self.flow, marks, ways)

    def _repr_html_(self) -> str:
        rows = [
            (e.operator, ", ".join(e.columns), ", ".join(e.rows), "" if e.is_certain else "not certain")
            for e in self.effects
        ]
        head = html.heading(f"{self.table}.{self.column}", html.count(len(rows), "operator"))
        table = html.table(("operator", "columns that change", "rows change by", ""), rows) if rows else ""
        return html.block(head, self.to_svg(), table)


def lineage(flow: Workflow, operator: str, column: str, tables: Any = None) -> Lineage:
    """Where a column of an operator's output comes from.

    :param flow: The flow.
    :param operator: The operator.
    :param column: The column, in any capitals.
    :param tables: The tables that the flow reads; None for what it declares of them.
    :raises InvalidArgumentException: There is no such operator, or no such column of its output.
    """
    operator_of(flow, operator)
    plan = look_over(flow, given(tables, flow), structure.ordered(flow)[0])
    trace = Trace(plan)
    if operator not in plan.steps:
        raise InvalidArgumentException(f"The operator {operator!r} never runs: it is a note, or behind a circle.")
    step = plan.steps[operator]
    unknown = tuple(trace.unknown_before(step))
    table = step.table
    if table is None and step.output.samples and isinstance(step.output.samples[0], PlannedTable):
        table = step.output.samples[0]
    if table is None:
        values, rows = trace.of_step(step)
        return Lineage(
            operator, column, _sources(plan, values), _deciders(plan, rows), (), unknown or (operator,), flow
        )
    own = {name.lower(): name for name in table.columns}.get(column.lower())
    if own is None:
        raise InvalidArgumentException(
            f"The output of {operator!r} has no column {column!r}.{nearest(column, table.columns)} "
            f"It has: {', '.join(table.columns)}."
        )
    values, rows = trace.values(table.number, own), trace.rows(table.number)
    steps = tuple(_steps(trace, step, table.number, own))
    return Lineage(operator, own, _sources(plan, values), _deciders(plan, rows), steps, unknown, flow)


def impact(flow: Workflow, table: str, column: str, tables: Any = None) -> Impact:
    """What changes with a column of a table that a flow reads.

    :param flow: The flow.
    :param table: The table, as ``schema.table``; a file by its path; or the operator that reads it.
    :param column: The column, in any capitals.
    :param tables: The tables that the flow reads; None for what it declares of them.
    :raises InvalidArgumentException: The flow reads no such table, or it has no such column.
    """
    plan = look_over(flow, given(tables, flow), structure.ordered(flow)[0])
    trace = Trace(plan)
    leaves = _leaves(plan, table, column)
    effects = []
    for step in plan.steps.values():
        if any(step.operator.name == name for name, _ in leaves):
            continue
        effect = _effect(trace, step, leaves)
        if effect is not None:
            effects.append(effect)
    return Impact(table, next((own for _, own in leaves), column), tuple(effects), flow)


def _leaves(plan: Plan, table: str, column: str) -> set[Leaf]:
    readers = [step for step in plan.steps.values() if step.entry is not None and step.entry.title in SOURCES]
    wanted = table.strip().lower()
    meant = [step for step in readers if wanted in (name.lower() for name in (step.operator.name, table_name(step)))]
    if not meant:
        names = [table_name(step) for step in readers]
        raise InvalidArgumentException(
            f"The flow reads no table {table!r}.{nearest(table, names)} It reads: {', '.join(names) or 'none'}."
        )
    leaves = set[Leaf]()
    for step in meant:
        if step.table is None:
            # Its columns are not known, so that there may be such a one.
            leaves.add((step.operator.name, column))
            continue
        own = {name.lower(): name for name in step.table.columns}.get(column.lower())
        if own is None:
            raise InvalidArgumentException(
                f"The table {table!r} has no column {column!r}.{nearest(column, step.table.columns)} "
                f"It has: {', '.join(step.table.columns)}."
            )
        leaves.add((step.operator.name, own))
    return leaves


def _effect(trace: Trace, step: Step, leaves: set[Leaf]) -> Effect | None:
    unknown = [name for name in trace.unknown_before(step) if trace.plan.steps[name].table is None]
    behind = {name for name, _ in leaves} & _before(trace.plan, step)
    tables = [t for t in (step.output.table, *step.output.samples) if isinstance(t, PlannedTable)]
    if not tables:
        values, rows = trace.of_step(step)
        is_hit = bool(values & leaves) or any((source, column) in leaves for _, _, source, column in rows)
        if not is_hit and not (unknown and behind):
            return None
        return Effect(step.operator.name, (), tuple(_parts(rows, leaves)), not unknown)
    columns = tuple(name for name in tables[0].columns if trace.values(tables[0].number, name) & leaves)
    parts = _parts(trace.rows(tables[0].number), leaves)
    if not columns and not parts:
        return None
    return Effect(step.operator.name, columns, tuple(parts), not unknown)


def _before(plan: Plan, step: Step) -> set[str]:
    todo, found = [*step.inputs], set[str]()
    while todo:
        name = todo.pop()
        if name not in found and name in plan.steps:
            found.add(name)
            todo += plan.steps[name].inputs
    return found


def _parts(rows: Iterable[Decider], leaves: set[Leaf]) -> list[str]:
    hit = {(part, by) for part, by, source, column in rows if (source, column) in leaves}
    hit = {(part, by) for part, by in hit if part != "order" or ("group", by) not in hit}
    return [f"{part} of {by!r}" for part, by in sorted(hit, key=lambda pair: pair[::-1])]


def _steps(trace: Trace, step: Step, number: int, column: str) -> Iterable[LineageStep]:
    """The columns on the way to the sources, the last first."""
    todo = [(step, number, column)]
    seen: set[tuple[str, int, str]] = set()
    for at, table, name in todo:
        key = (at.operator.name, table, name.lower())
        if key in seen:
            continue
        seen.add(key)
        before = _columns_before(trace, at, table, name)
        yield LineageStep(
            at.operator.name,
            name,
            _expression(at, name),
            tuple((other.operator.name, own) for other, _, own in before),
        )
        todo += [entry for entry in before if entry not in todo]


def _columns_before(trace: Trace, step: Step, number: int, column: str) -> list[tuple[Step, int, str]]:
    """The columns of the operators before one that a column is made of."""
    plan, found = trace.plan, dict[tuple[str, int, str], tuple[Step, int, str]]()
    todo, seen = [(number, column.lower())], set[tuple[int, str]]()
    while todo:
        at, name = todo.pop(0)
        if (at, name) in seen:
            continue
        seen.add((at, name))
        giver = next((other for other in step.inputs if other in plan.steps and at in _numbers(plan.steps[other])), "")
        if giver:
            table = plan.tables[at]
            own = {column.lower(): column for column in table.columns}.get(name)
            if own is not None:
                found[giver, at, own] = (plan.steps[giver], at, own)
        elif plan.tables[at].select:
            todo += [entry for entry in sorted(trace.origin(at).values.get(name, ())) if entry[0]]
    return list(found.values())


def _numbers(step: Step) -> set[int]:
    found = [step.output.table, *step.output.samples]
    return {table.number for table in found if isinstance(table, PlannedTable)}


def _expression(step: Step, column: str) -> str:
    fields = fields_of(step.operator)
    name = field_of_column(fields, column)
    if name.endswith(".function"):
        specification = fields.get(f"{name.removesuffix('.function')}.specification", "")
        return f"{fields[name]} OVER ({specification})"
    return fields.get(name, "")


def table_name(step: Step) -> str:
    """The table that an operator reads, as the flow names it."""
    said = step.filled.parameters
    if said.get("hadoopFileName"):
        return said["hadoopFileName"]
    return ".".join(part for part in (said.get("schemaName", ""), said.get("tableName", "")) if part)


def _sources(plan: Plan, leaves: Iterable[Leaf]) -> tuple[SourceColumn, ...]:
    return tuple(SourceColumn(table_name(plan.steps[name]), column, name) for name, column in sorted(leaves))


def _deciders(plan: Plan, rows: Iterable[Decider]) -> tuple[RowColumn, ...]:
    order = list(plan.steps)
    rows = set(rows)
    # Groups come in the order of their keys.
    rows = {row for row in rows if row[0] != "order" or ("group", *row[1:]) not in rows}
    found = sorted(rows, key=lambda row: (order.index(row[1]), row))
    return tuple(
        RowColumn(SourceColumn(table_name(plan.steps[name]), column, name), part, by)
        for part, by, name, column in found
    )


def _listed(sources: tuple[SourceColumn, ...]) -> str:
    shown = ", ".join(map(str, sources[:_MANY])) + (", …" if len(sources) > _MANY else "")
    return shown or "no column of a table"


def _unknown(names: Iterable[str]) -> str:
    return f"what {', '.join(map(repr, names))} gives. Where it is a table, give it: tables={{…}}."


def _drawn(flow: Workflow | None, marks: dict[str, str], ways: dict[tuple[str, str], str]) -> str:
    if flow is None:
        return ""
    boxes = [
        drawing.Box(o.name, o.class_name, o.x, o.y, marks.get(o.name, ""))
        for o in flow.operators.values()
        if not o.is_note
    ]
    return drawing.svg(boxes, [(link.source, link.target) for link in flow.links], marks=ways)
