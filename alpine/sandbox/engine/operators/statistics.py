"""What a table's columns hold: summaries, frequencies, and the numbers behind charts."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import count

from alpine.sandbox.engine.context import Context, Output, tabulate, texts, unique
from alpine.sandbox.engine.database import PLACE, DatabaseTable
from alpine.sandbox.engine.document import kind_of
from alpine.sandbox.engine.expressions import literal, names, quoted
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.registry import operator
from alpine.sandbox.engine.types import called, in_words

_KEYS = (
    *("column", "type", "count", "unique", "null", "empty", "zero", "min", "25%", "median", "75%", "max"),
    *("standard deviation", "average", "positive", "negative", "most common values"),
)
_FIVE = ("min", "25%", "median", "75%", "max")
_CHART = "the real shape of the chart is not public; its numbers come as a table"
_BATCH = '"\x1fbatch"'
"""A column beside the statistics; no column of a user can have the name."""
_VALUES_AT_ONCE = 500_000
_ZEROS = "The column {!r} holds 0.0 and -0.0, one value here; whether Hadoop takes them for the same is not public."
_MOST_VALUES = 999_999
"""As many as DuckDB's ``max`` gives."""
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
    if not columns:
        raise NodeFailure("No column is chosen.")
    unique([*groups, *_KEYS])
    context.check_zeros(context.table, groups)
    parts = [_summary(context, column, groups, min(max(top, 1), _MOST_VALUES)) for column in columns]
    # The values of one column after the other are held in memory, and those of all columns only where they are few.
    size = max(_VALUES_AT_ONCE // max(context.table.count, 1), 1)
    batches = [parts[start : start + size] for start in range(0, len(parts), size)]
    made = [_below_each_other(context, batch, [*groups, *_KEYS], names(groups)) for batch in batches]
    if len(made) > 1:
        inner = " UNION ALL ".join(f"SELECT *, {i} AS {_BATCH} FROM {table.rows}" for i, table in enumerate(made))
        made = [context.cursor.make(f"SELECT * EXCLUDE ({_BATCH}) FROM ({inner}) ORDER BY {_BATCH}, {PLACE}")]
    view = context.show(made[0])
    zeros = [_ZEROS.format(column) for column in context.with_two_zeros(context.table, columns)]
    return Output(made[0], replace(view, messages=[*view.messages, *zeros]))


def _below_each_other(context: Context, parts: list[str], columns: list[str], order: str) -> DatabaseTable:
    """A table of the rows of several SELECTs, one after the other, each in an order of its columns."""
    # Names by position, and a name for the number of the part that no column has.
    part = quoted(max(columns, key=len) + "_")
    inner = " UNION ALL ".join(f"SELECT {i}, * FROM ({select})" for i, select in enumerate(parts))
    return context.cursor.make(
        f"SELECT {names(columns)} FROM ({inner}) AS t({part}, {names(columns)}) "
        f"ORDER BY {', '.join(filter(None, [part, order]))}"
    )


def _summary(context: Context, column: str, groups: list[str], top: int) -> str:
    """The SELECT of a column's statistics: what its rows give, beside what its different values give."""
    table, kind = context.table, context.table.type_of(column)
    name = quoted(column)
    empty = f"count(*) FILTER (WHERE {name} = '')" if kind == "VARCHAR" else "0::BIGINT"
    number = f"CAST({name} AS DOUBLE)" if kind_of(kind) == "number" else "CAST(NULL AS DOUBLE)"
    keys = [f"g{place}" for place, _ in enumerate(groups)]
    before = "".join(f"{quoted(group)} AS {key}, " for group, key in zip(groups, keys, strict=True))
    by = f"GROUP BY {', '.join(str(place) for place, _ in enumerate(groups, 1))}" if groups else ""
    rows = (
        f"SELECT {before}count(*) AS a, count({name}) AS b, {empty} AS c, "
        f"count(*) FILTER (WHERE {number} = 0) AS d, count(*) FILTER (WHERE {number} > 0) AS e, "
        f"count(*) FILTER (WHERE {number} < 0) AS f, min({number}) AS h, max({number}) AS i, "
        f"quantile_cont({number}, [0.25, 0.5, 0.75]) AS j, stddev_samp({number}) AS k, avg({number}) AS l "
        f"FROM {table.sql} {by}"
    )
    same = " AND ".join(f"r.{key} IS NOT DISTINCT FROM s.{key}" for key in keys) or "TRUE"
    values = (
        f"SELECT {''.join(f'{key}, ' for key in keys)}count(v) AS m, "
        f"max({{'times': n, 'value': v}}, {top}) FILTER (WHERE v IS NOT NULL) AS o "
        f"FROM (SELECT {before}{name} AS v, count(*) AS n FROM {table.sql} GROUP BY ALL) {by}"
    )
    # The two zeros of a double are one value.
    value = f"{_ENTRY}.value"
    value = f"CASE WHEN {value} = 0 THEN 0 ELSE {value} END" if kind in ("DOUBLE", "FLOAT") else value
    statistics = {
        "column": literal(column),
        "type": literal(called(kind, is_hadoop=context.is_hadoop)),
        "count": "a",
        "unique": "m",
        "null": "a - b",
        "empty": "c",
        "zero": "d",
        "min": "h",
        "25%": "j[1]",
        "median": "j[2]",
        "75%": "j[3]",
        "max": "i",
        "standard deviation": "k",
        "average": "l",
        "positive": "e",
        "negative": "f",
        "most common values": f"array_to_string(list_transform(o, lambda {_ENTRY}: CAST({value} AS VARCHAR)), ', ')",
    }
    what = ", ".join([*(f"r.{key}" for key in keys), *statistics.values()])
    return f"SELECT {what} FROM ({rows}) AS r JOIN ({values}) AS s ON {same}"


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
    table = context.grouped_by(columns)
    parts = [
        f"SELECT {literal(c)}, {texts(c)}, count(*), 100.0::DOUBLE * count(*) / (sum(count(*)) OVER ())::DOUBLE "
        f"FROM {table.sql} GROUP BY {quoted(c)}"
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
    return context.select(what, f"GROUP BY {names(groups)} ORDER BY {names(groups)}", context.grouped_by(groups))


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
    # Quartiles are exact with approximation as well, which no more than allows others.
    context.flag("useApproximation")
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
    table = context.grouped_by(groups)
    return context.select(what, f"GROUP BY {names(groups)} ORDER BY {names(groups)}" if groups else "", table)


def _refuse_text(context: Context, columns: list[str]) -> None:
    """Make sure that columns hold numbers.

    :raises NodeFailure: One does not.
    """
    for column in columns:
        if kind_of(context.table.type_of(column)) != "number":
            raise NodeFailure(
                f"Numbers are needed, and the column {column!r} holds {in_words(context.table.type_of(column))}."
            )
