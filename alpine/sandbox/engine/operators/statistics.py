"""What a table's columns hold: summaries, frequencies, and the numbers behind charts."""

from __future__ import annotations

import math
from itertools import count

from alpine.sandbox.engine.context import Context, Output, tabulate, texts, unique
from alpine.sandbox.engine.database import DatabaseTable
from alpine.sandbox.engine.document import kind_of
from alpine.sandbox.engine.expressions import literal, names, quoted
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.registry import operator

_KEYS = (
    *("column", "type", "count", "unique", "null", "empty", "zero", "min", "25%", "median", "75%", "max"),
    *("standard deviation", "average", "positive", "negative", "most common values"),
)
_FIVE = ("min", "25%", "median", "75%", "max")
_CHART = "the real shape of the chart is not public; its numbers come as a table"
_ENTRY = '"\x1fentry"'
"""The parameter of a lambda; no column of a user can have the name."""


@operator(
    "hadoop.HadoopValueAnalysisOperator",
    title="Summary Statistics",
    fidelity="equivalent",
    remark="the statistics that the documentation lists; only the key 'count' is known from a real result; numbers "
    "count as doubles, which are exact up to 2^53; unique values do not count the null",
    test="tests/sandbox/test_differential_statistics.py::test_summary_statistics",
)
def summary_statistics(context: Context) -> Output:
    """One row for each column, and for each group where there are groups."""
    groups = context.columns("groupByColumnNames")
    columns = [c for c in context.columns() or context.table.columns if c not in groups]
    top = context.whole("topN", 10, least=1)
    context.flag("doDistinct")
    by = f"GROUP BY {names(groups)}" if groups else ""
    before = "".join(f"{quoted(group)}, " for group in groups)
    if not columns:
        raise NodeFailure("No column is chosen.")
    unique([*groups, *_KEYS])
    parts = [f"SELECT {before}{_summary(context, c, top)} FROM {context.table.sql} {by}" for c in columns]
    return Output(_below_each_other(context, parts, [*groups, *_KEYS], names(groups)))


def _below_each_other(context: Context, parts: list[str], columns: list[str], order: str) -> DatabaseTable:
    """A table of the rows of several SELECTs, one after the other, each in an order of its columns."""
    # Names by position, and a name for the number of the part that no column has.
    part = quoted(max(columns, key=len) + "_")
    inner = " UNION ALL ".join(f"SELECT {i}, * FROM ({select})" for i, select in enumerate(parts))
    return context.cursor.make(
        f"SELECT {names(columns)} FROM ({inner}) AS t({part}, {names(columns)}) "
        f"ORDER BY {', '.join(filter(None, [part, order]))}"
    )


def _summary(context: Context, column: str, top: int) -> str:
    name, text = quoted(column), texts(column)
    numeric = kind_of(context.table.type_of(column)) == "number"
    number = f"CAST({name} AS DOUBLE)" if numeric else "CAST(NULL AS DOUBLE)"
    entry = f"{{'times': {_ENTRY}.value, 'text': {_ENTRY}.key}}"
    counted = f"list_transform(map_entries(histogram({text})), lambda {_ENTRY}: {entry})"
    most = f"list_reverse_sort({counted})[1:{top}]"
    common = f"array_to_string(list_transform({most}, lambda {_ENTRY}: {_ENTRY}.text), ', ')"
    statistics = {
        "column": literal(column),
        "type": literal(context.table.type_of(column)),
        "count": "count(*)",
        "unique": f"count(DISTINCT {name})",
        "null": f"count(*) - count({name})",
        "empty": f"count(*) FILTER (WHERE {text} = '')",
        "zero": f"count(*) FILTER (WHERE {number} = 0)",
        "min": f"min({number})",
        "25%": f"quantile_cont({number}, 0.25)",
        "median": f"median({number})",
        "75%": f"quantile_cont({number}, 0.75)",
        "max": f"max({number})",
        "standard deviation": f"stddev_samp({number})",
        "average": f"avg({number})",
        "positive": f"count(*) FILTER (WHERE {number} > 0)",
        "negative": f"count(*) FILTER (WHERE {number} < 0)",
        "most common values": common,
    }
    return ", ".join(statistics.values())


@operator(
    "field.FrequencyAnalysisOperator",
    "hadoop.HadoopFrequencyAnalysisOperator",
    title="Frequency",
    fidelity="equivalent",
    remark="the names of the columns are not public; a null is a value",
    test="tests/sandbox/test_differential_statistics.py::test_frequency",
)
def frequency(context: Context) -> Output:
    """How often each value of each column occurs, the commonest first."""
    columns = context.columns()
    if not columns:
        raise NodeFailure("No column is chosen.")
    parts = [
        f"SELECT {literal(c)}, {texts(c)}, count(*), 100.0::DOUBLE * count(*) / (sum(count(*)) OVER ())::DOUBLE "
        f"FROM {context.table.sql} GROUP BY {quoted(c)}"
        for c in columns
    ]
    made = _below_each_other(context, parts, ["Column", "Value", "Count", "Percentage"], '"Count" DESC, "Value"')
    return Output(made)


@operator(
    "field.BarChartAnalysisOperator",
    "hadoop.HadoopBarChartOperator",
    title="Bar Chart",
    fidelity="shape only",
    remark=_CHART,
    test="tests/sandbox/test_differential_statistics.py::test_bar_chart",
)
def bar_chart(context: Context) -> Output:
    """The sum of a column, or the number of rows, for each category and series."""
    groups = list(dict.fromkeys(context.columns("categoryType") + context.columns("scopeDomain")))
    values = context.columns("valueDomain")
    if not groups:
        raise NodeFailure("No category is chosen.")
    _refuse_text(context, values)
    unique([*groups, *([f"sum of {value}" for value in values] or ["count"])])
    sums = [f"sum({quoted(value)}) AS {quoted(f'sum of {value}')}" for value in values]
    what = ", ".join([names(groups), *(sums or ['count(*) AS "count"'])])
    return context.select(what, f"GROUP BY {names(groups)} ORDER BY {names(groups)}")


@operator(
    "field.ScatterMatrixOperator",
    "hadoop.HadoopScatterPlotMatrixOperator",
    title="Scatter Plot Matrix",
    fidelity="shape only",
    remark="the real shape of the chart is not public; the correlation of each pair of columns comes as a table, "
    "of the rows that have both; NaN where a column has one value alone",
    test="tests/sandbox/test_differential_statistics.py::test_scatter_matrix",
)
def scatter_matrix(context: Context) -> Output:
    """The correlation of each pair of columns."""
    columns = context.columns()
    if len(columns) < 2:
        raise NodeFailure("At least two columns have to be chosen.")
    _refuse_text(context, columns)
    pairs = [
        f"corr(CAST({quoted(a)} AS DOUBLE), CAST({quoted(b)} AS DOUBLE)) "
        f"FILTER (WHERE isfinite(CAST({quoted(a)} AS DOUBLE)) AND isfinite(CAST({quoted(b)} AS DOUBLE)))"
        for a in columns
        for b in columns
    ]
    [found] = context.cursor.fetch(f"SELECT {', '.join(pairs)} FROM {context.table.sql}")
    values = [math.nan if value is None else value for value in found]
    size = len(columns)
    rows = [[column, *values[i * size : (i + 1) * size]] for i, column in enumerate(columns)]
    # The results tell the columns of a row apart by name.
    first = next(name for name in (f"Column{' ' * i}" for i in count()) if name not in columns)
    return Output(view=tabulate(rows, [first, *columns]))


@operator(
    "hadoop.HadoopBoxAndWiskerOperator",
    title="Box Plot",
    fidelity="shape only",
    remark=f"{_CHART}; quartiles are interpolated",
    test="tests/sandbox/test_differential_statistics.py::test_box_plot",
)
def box_plot(context: Context) -> Output:
    """The five numbers of a box plot for each category and series."""
    groups = list(dict.fromkeys(context.columns("typeDomain") + context.columns("seriesDomain")))
    chosen = context.column("analysisValueDomain")
    if not chosen:
        raise NodeFailure("No column of values is chosen.")
    _refuse_text(context, [chosen])
    unique([*groups, *_FIVE])
    value, number = quoted(chosen), f"CAST({quoted(chosen)} AS DOUBLE)"
    numbers = {"min": f"min({value})", "median": f"median({number})", "max": f"max({value})"}
    numbers |= {"25%": f"quantile_cont({number}, 0.25)", "75%": f"quantile_cont({number}, 0.75)"}
    what = ", ".join([*map(quoted, groups), *(f"{numbers[key]} AS {quoted(key)}" for key in _FIVE)])
    return context.select(what, f"GROUP BY {names(groups)} ORDER BY {names(groups)}" if groups else "")


def _refuse_text(context: Context, columns: list[str]) -> None:
    """Make sure that columns hold numbers.

    :raises NodeFailure: One does not.
    """
    for column in columns:
        if kind_of(context.table.type_of(column)) != "number":
            raise NodeFailure(f"Numbers are needed, and the column {column!r} holds {context.table.type_of(column)}.")
