"""Random tables, run through a flow in the engine, and what another program makes of the same tables.

``ALPINE_EXAMPLES=1000`` tries as many tables for each operator, other ones in each run; the suite tries a few, always
the same.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from alpine.sandbox.engine import Context, Engine, Output
from alpine.sandbox.engine.database import PLACE
from tests.sandbox.engine_flows import errors, flow, node, run, source

EXAMPLES = int(os.environ.get("ALPINE_EXAMPLES", "25"))
differential = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="ALPINE_EXAMPLES" not in os.environ,
    database=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
NAMES = (
    *(
        "a",
        "b",
        "cat",
        "q",
        "cat_q",
        "Intercept",
        "label",
        "select",
        "group",
        "order",
        "c0",
        "c1",
        "g0",
        "v",
        "n",
        "t",
        "s",
    ),
    *(
        "place",
        "part",
        "part_",
        "row_",
        "row__",
        "first",
        "first_",
        "Count",
        "Value",
        "Column",
        "min",
        "column",
        "sum(x)",
    ),
    *(
        "a b",
        'say "x"',
        "it's",
        "naïve",
        "日本",
        "x.y",
        "100%",
        "a-b",
        "{x}",
        "$1",
        "?",
        "\\",
        "😀",
        "i",
        "low",
        "edges",
    ),
)
TEXTS = (
    "",
    " ",
    "a",
    "b",
    "B",
    "q",
    "it's",
    'say "x"',
    "naïve",
    "日本",
    "😀",
    "a,b",
    "null",
    "NA",
    "007",
    "1",
    "-",
    "\\",
    "{}",
)
_TYPES = {
    "whole": pa.int64(),
    "int": pa.int32(),
    "big": pa.int64(),
    "number": pa.float64(),
    "decimal": pa.decimal128(12, 2),
    "text": pa.string(),
    "flag": pa.bool_(),
    "day": pa.date32(),
}
_PANDAS = {"whole": "Int64", "int": "Int64", "big": "Int64", "number": "Float64", "text": "string", "flag": "boolean"}
_BIG = 2**62
NUMERIC = ("whole", "int", "number", "decimal")


def values(kind: str) -> st.SearchStrategy[Any]:
    """Values of a kind: few different ones, so that there are ties."""
    return {
        "whole": st.integers(-3, 4),
        "int": st.integers(-3, 4),
        "big": st.sampled_from([_BIG, _BIG + 1, -_BIG, -_BIG - 1, 2**53, 2**53 + 1, 0]),
        "number": st.integers(-8, 12).map(lambda quarters: quarters / 4),
        "decimal": st.integers(-8, 12).map(lambda quarters: Decimal(quarters) / 4),
        "text": st.sampled_from(TEXTS),
        "flag": st.booleans(),
        "day": st.integers(0, 5).map(lambda days: date(2019, 12, 30) + timedelta(days)),
    }[kind]


@dataclass(frozen=True)
class Random:
    """A random table.

    :param names: the names of its columns.
    :param kinds: what each holds.
    :param rows: its rows; a value that is missing is None.
    """

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def __repr__(self) -> str:
        return f"Random({self.names}, {self.kinds}, {self.rows})"

    @property
    def arrow(self) -> pa.Table:
        """The table as the engine loads it."""
        columns = [pa.array([row[i] for row in self.rows], _TYPES[kind]) for i, kind in enumerate(self.kinds)]
        return pa.table(columns, names=list(self.names))

    @property
    def frame(self) -> pd.DataFrame:
        """The table for the other program: columns 0, 1, ... with nulls of pandas."""
        return pd.DataFrame(
            {
                i: pd.Series([row[i] for row in self.rows], dtype=_PANDAS.get(kind, "object"))
                for i, kind in enumerate(self.kinds)
            }
        )


@st.composite
def tables(
    draw: Any, *kinds: str, least: int = 0, most: int = 12, nulls: bool = True, taken: Iterable[str] = ()
) -> Random:
    """Tables with columns of some kinds, under any names."""
    free = [name for name in NAMES if name not in set(taken)]
    names = draw(st.lists(st.sampled_from(free), min_size=len(kinds), max_size=len(kinds), unique_by=str.lower))
    cells = [st.one_of(st.none(), values(kind), values(kind)) if nulls else values(kind) for kind in kinds]
    rows = draw(st.lists(st.tuples(*cells), min_size=least, max_size=most))
    return Random(tuple(names), kinds, tuple(rows))


class Refused(Exception):
    """The engine refused an operator; the reason is the text."""


@dataclass(frozen=True)
class Result:
    """What an operator left.

    :param columns: the names of the columns of its table.
    :param rows: the rows of its table, in order.
    :param view: what the results document shows.
    """

    columns: list[str]
    rows: list[tuple[Any, ...]]
    view: Any


class Bench:
    """An engine that operators are tried on."""

    def __init__(self) -> None:
        self.engine = Engine()
        self._caught: list[tuple[list[str], list[tuple[Any, ...]]]] = []
        self.engine.register("test.Catch", self._catch)

    def _catch(self, context: Context) -> Output:
        context.needs_rows()
        self._caught.append((list(context.table.columns), _cells(context)))
        return Output(context.table)

    def apply(self, operator: str, *given: Random) -> Result:
        """Run an operator called ``step`` on tables.

        :raises Refused: it cannot be done.
        """
        return self.run([operator], ", ".join(f"source {i} > step" for i, _ in enumerate(given)), *given)

    def run(
        self, operators: Sequence[str], links: str, *given: Random, last: str = "step", table: bool = True
    ) -> Result:
        """Run operators on tables that are called ``source 0``, ``source 1``, ...

        :param last: the operator whose result is wanted.
        :param table: whether it gives a table.
        :raises Refused: it cannot be done.
        """
        for i, random in enumerate(given):
            self.engine.load_table(f"demo.t{i}", random.arrow)
        sources = [source(f"demo.t{i}", f"source {i}") for i, _ in enumerate(given)]
        catch = [node("catch", "test.Catch")] if table else []
        everything = ", ".join([links, *([f"{last} > catch"] if table else [])])
        self._caught.clear()
        document = run(self.engine, flow(*sources, *operators, *catch, links=everything))
        if document["flowMetaInfo"]["status"] != "SUCCESS":
            raise Refused("; ".join(errors(document)))
        entry = next(entry for entry in document["outputs"] if entry["out_title"] == last)
        columns, rows = self._caught[0] if table else ([], [])
        return Result(columns, rows, entry["visualData"])


def _cells(context: Context) -> list[tuple[Any, ...]]:
    columns = ", ".join(map(quoted, context.table.columns))
    return context.cursor.fetch(f"SELECT {columns} FROM {context.table.rows} ORDER BY {PLACE}")


def tab(view: Any, title: str) -> list[list[str]]:
    """The cells of a tab."""
    [found] = [part["visualData"] for part in view if part["out_title"] == title]
    return shown(found)


def shown(view: Any) -> list[list[str]]:
    """The cells of a table that the results show."""
    return [[item[column] for column in view["columns"]] for item in view["items"]]


def is_same(one: Any, other: Any) -> bool:
    """Whether two cells are the same: numbers up to rounding, whole ones exactly, a null only a null."""
    if _is_null(one) or _is_null(other):
        return _is_null(one) and _is_null(other)
    if isinstance(one, float) or isinstance(other, float):
        return math.isclose(float(one), float(other), rel_tol=1e-9, abs_tol=1e-9)
    return bool(one == other)


def assert_same(found: Sequence[Sequence[Any]], expected: Sequence[Sequence[Any]], *, ordered: bool = True) -> None:
    """Make sure that rows are the same; in any order where they come in none."""
    left, right = [list(row) for row in found], [list(row) for row in expected]
    if not ordered:
        left, right = sorted(left, key=_key), sorted(right, key=_key)
    assert len(left) == len(right), (left, right)
    for one, other in zip(left, right, strict=True):
        assert len(one) == len(other), (one, other)
        assert all(map(is_same, one, other)), (one, other)


def _key(row: Sequence[Any]) -> list[tuple[int, str]]:
    def text(value: Any) -> str:
        is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
        return f"{float(value):.6f}" if is_number and abs(value) < 1e9 else str(value)

    return [(1, "") if _is_null(value) else (0, text(value)) for value in row]


def _is_null(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT


def plain(value: Any) -> Any:
    """A cell of pandas as Python has it: a missing one is None."""
    if _is_null(value) or (isinstance(value, float) and math.isnan(value)):
        return None
    return value.item() if hasattr(value, "item") else value


def records(frame: pd.DataFrame) -> list[list[Any]]:
    """The rows of a DataFrame."""
    columns = [[plain(value) for value in frame.iloc[:, i]] for i in range(frame.shape[1])]
    return [list(row) for row in zip(*columns, strict=True)] if columns else [[] for _ in range(len(frame))]


def quoted(name: str) -> str:
    """A name in SQL."""
    return '"' + name.replace('"', '""') + '"'


def grouped(frame: pd.DataFrame, keys: list[int], made: Callable[[pd.DataFrame], list[Any]]) -> list[list[Any]]:
    """A row for each group: its keys, and what a function makes of its rows. Nulls are a group."""
    if not keys:
        return [made(frame)]
    number = frame.groupby(keys, dropna=False).ngroup()
    parts = [frame[number == group] for group in number.unique()]
    return [[*(plain(value) for value in part.iloc[0][keys]), *made(part)] for part in parts]
