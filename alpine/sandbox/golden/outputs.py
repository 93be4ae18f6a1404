"""The whole outputs of a flow's operators: every row of every table, and what is shown of models."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from alpine import afm
from alpine.sandbox.engine import Engine, Output
from alpine.sandbox.engine.database import PLACE, Cursor
from alpine.sandbox.engine.document import HeatMap, TableView, Tabs, View
from alpine.sandbox.engine.expressions import quoted
from alpine.sandbox.engine.substitution import Substitution

if TYPE_CHECKING:
    from pandas import DataFrame

    from alpine.sandbox.engine.runs import RunRequest
    from alpine.sandbox.engine.tables import DatabaseTable

Row = tuple[str | None, ...]

FLOATS = ("FLOAT", "DOUBLE")
WHOLE_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
DECIMALS = ("DECIMAL",)
_WITHOUT_PLACES = "DECIMAL(38,24)"
"""A numeric without declared places is kept with all that there is room for."""
_TIMES = ("DATE", "TIMESTAMP")
_NOT_THE_STATEMENT = re.compile(
    r"'(?:''|[^'])*'|\"(?:\"\"|[^\"])*\"|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$|--[^\n]*|/\*.*?\*/", re.DOTALL
)
_INNERMOST = re.compile(r"\([^()]*\)")
_ORDER = re.compile(r"\border\s+(?:\w+\s+)?by\b", re.IGNORECASE)
_SCRIPTS = frozenset({"FilterOperator", "HadoopPigExecuteOperator", "PigExecuteOperator"})


class FlowFailed(AssertionError):
    """A flow did not run to its end."""


@dataclass(frozen=True)
class OperatorResult:
    """One result of an operator: its table, one of its samples, or a table that is shown of a model.

    :param operator: Name of the operator.
    :param title: Which of its results, where it has several; empty for the one table.
    :param columns: Names of the columns.
    :param types: Their types as the sandbox's database writes them; ``number`` or ``cate`` where this is only shown.
    :param rows: The values as strings; None for a null.
    :param is_ordered: Whether the flow says in which order the rows come.
    """

    operator: str
    title: str
    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: list[Row] = field(repr=False)
    is_ordered: bool = False

    @property
    def name(self) -> str:
        """The operator, with the title where there is one."""
        return f"{self.operator!r} ({self.title})" if self.title else repr(self.operator)

    def column(self, name: str) -> list[str | None]:
        """The values of one column.

        :raises AssertionError: There is no such column.
        """
        if name not in self.columns:
            raise AssertionError(f"{self.name} has no column {name!r}. Its columns are: {', '.join(self.columns)}.")
        place = self.columns.index(name)
        return [row[place] for row in self.rows]

    def to_dataframe(self) -> DataFrame:
        """The result as a table, with numbers, truth values and dates as such.

        :returns: The table.
        """
        import pandas

        made = {}
        for place, kind in enumerate(self.types):
            values = pandas.Series([row[place] for row in self.rows], dtype=object)
            if kind.startswith(WHOLE_NUMBERS) and not kind.endswith("]"):
                values = values.map(int, na_action="ignore").astype("Int64")
            elif kind.startswith((*FLOATS, *DECIMALS)) and not kind.endswith("]"):
                values = values.astype("float64")
            elif kind == "BOOLEAN":
                values = values.map({"true": True, "false": False}).astype("boolean")
            elif kind.startswith(_TIMES):
                values = pandas.to_datetime(values, errors="coerce", format="ISO8601")
            made[self.columns[place]] = values
        return pandas.DataFrame(made, columns=list(self.columns))


class FlowOutputs(Mapping[str, OperatorResult]):
    """What the operators of a flow left, by name, in the order in which they run.

    ``outputs["By Region"]`` is the operator's table, or the first of its results; ``outputs.results`` has all of them.

    :param flow: The flow.
    :param results: The results.
    """

    def __init__(self, flow: afm.Workflow, results: Sequence[OperatorResult]) -> None:
        self.flow = flow
        self.results: list[OperatorResult] = list(results)
        """The results, in the order in which the operators ran."""
        self._first = {result.operator: result for result in reversed(self.results)}

    def __getitem__(self, name: str) -> OperatorResult:
        if name not in self._first:
            raise KeyError(f"The flow has no output of an operator {name!r}. There are: {', '.join(self)}.")
        return self._first[name]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(result.operator for result in self.results))

    def __len__(self) -> int:
        return len(self._first)

    def __repr__(self) -> str:
        said = ", ".join(f"{name} {len(self[name].rows)}" for name in self)
        return f"<FlowOutputs {said or 'none'}>"


class WholeEngine(Engine):
    """An engine that keeps whole outputs: :meth:`outputs_of` runs a flow and gives them."""

    def __init__(self) -> None:
        super().__init__()
        self._shared = replace(self._shared, is_wanted=lambda *_: True, keep=self._keep)
        self._kept: dict[int, tuple[afm.Workflow, list[OperatorResult]]] = {}

    def outputs_of(self, content: bytes, name: str, variables: Mapping[str, object] | None = None) -> FlowOutputs:
        """Run a flow.

        :param content: The workflow file.
        :param name: The name of the flow.
        :param variables: Values of its variables.
        :raises FlowFailed: The run fails, with what each operator says.
        :raises EngineRefused: It cannot be run at all.
        """
        self.check(content)
        flow = afm.read(content)
        given = {key: str(value) for key, value in (variables or {}).items()}
        unknown = sorted(set(given) - set(flow.variables))
        if unknown:
            raise FlowFailed(
                f"{name} declares no variable {', '.join(unknown)}. It declares: {', '.join(flow.variables) or 'none'}."
            )
        number = len(self._kept) + 1
        self._kept[number] = flow, []
        try:
            process_id = self.start(
                content, workflow_id=number, workflow_name=name, user_id=1, user_name="demo", variables=given
            )
            self.wait(process_id, None)
            reasons = _failures(self.results(number, process_id))
            if reasons:
                said = "\n".join(f"  {operator!r}: {reason}" for operator, reason in reasons)
                raise FlowFailed(f"{name} did not run to its end:\n{said}")
            return FlowOutputs(flow, self._kept[number][1])
        finally:
            del self._kept[number]

    def _keep(self, request: RunRequest, outputs: Mapping[str, Output], cursor: Cursor) -> None:
        flow, results = self._kept[request.workflow_id]
        substitution = Substitution({**flow.variables, **request.variables})
        for operator in flow.execution_order():
            if operator.name in outputs:
                is_ordered = _orders(substitution.operator(operator))
                results += _results(operator.name, outputs[operator.name], cursor, is_ordered=is_ordered)


def _failures(document: str) -> list[tuple[str, str]]:
    import json

    lines: list[dict[str, Any]] = json.loads(document)["logs"] if document else []
    return [(line["nodeName"], line["errMessage"]) for line in lines if line["errMessage"] != "null"]


def _orders(operator: afm.Operator) -> bool:
    """Whether an operator's own script says in which order its rows come."""
    if operator.class_name not in _SCRIPTS:
        return False
    texts = [*operator.parameters.values()]
    for element in operator.elements:
        for part in element.iter():
            texts += [*part.attrib.values(), part.text or ""]
    return any(_is_ordering(text) for text in texts)


def _is_ordering(script: str) -> bool:
    text = _NOT_THE_STATEMENT.sub(" ", script)
    # The order within a window function is none of the rows.
    while (shorter := _INNERMOST.sub(" ", text)) != text:
        text = shorter
    return _ORDER.search(text) is not None


def _results(name: str, output: Output, cursor: Cursor, *, is_ordered: bool) -> Iterator[OperatorResult]:
    if output.table is not None:
        yield _whole(name, "", output.table, cursor, is_ordered=is_ordered)
    if len(output.samples) > 1 or (output.samples and output.table is None):
        for number, sample in enumerate(output.samples, 1):
            yield _whole(name, f"Sample {number}", sample, cursor, is_ordered=False)
    elif output.view is not None and not _shows(output.view, output.table):
        yield from _shown(name, "", output.view)


def _shows(view: View, table: DatabaseTable | None) -> bool:
    """Whether a view is the first rows of a table."""
    if isinstance(view, Tabs):
        return len(view.parts) == 1 and _shows(view.parts[0][1], table)
    return table is not None and isinstance(view, TableView) and tuple(view.columns) == table.columns


def _whole(name: str, title: str, table: DatabaseTable, cursor: Cursor, *, is_ordered: bool) -> OperatorResult:
    what = ", ".join(f"CAST({quoted(column)} AS VARCHAR)" for column in table.columns)
    rows: list[Row] = cursor.fetch(f"SELECT {what} FROM {table.rows} ORDER BY {PLACE}")
    if endless := [place for place, kind in enumerate(table.types) if kind == _WITHOUT_PLACES]:
        rows = [
            tuple(_without_zeros(value) if place in endless else value for place, value in enumerate(row))
            for row in rows
        ]
    return OperatorResult(name, title, table.columns, table.types, rows, is_ordered)


def _without_zeros(value: str | None) -> str | None:
    return value.rstrip("0").removesuffix(".") if value is not None and "." in value else value


def _shown(name: str, title: str, view: View) -> Iterator[OperatorResult]:
    if isinstance(view, Tabs):
        for part, inner in view.parts:
            yield from _shown(name, f"{title}, {part}" if title else part, inner)
    elif isinstance(view, HeatMap):
        columns = ("observed", *(f"predicted {value}" for value in view.classes))
        counts = [(value, *(str(count) for count in row)) for value, row in zip(view.classes, view.counts, strict=True)]
        types = ("cate", *(["number"] * len(view.classes)))
        yield OperatorResult(name, title or "heat map", columns, types, list[Row](counts), is_ordered=True)
    else:
        rows: list[Row] = [tuple(row) for row in view.rows]
        yield OperatorResult(name, title or "shown", tuple(view.columns), tuple(view.types), rows, is_ordered=True)
