"""What a table's columns hold: summaries, frequencies, and the numbers behind charts."""

from __future__ import annotations

import math

from alpine.sandbox.engine.context import Context, Output, tabulate, texts
from alpine.sandbox.engine.document import kind_of
from alpine.sandbox.engine.expressions import literal, names, quoted
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.registry import operator

_CHART = "the real shape of the chart is not public; its numbers come as a table"
_DEFAULT_BINS = 10


@operator(
    "hadoop.HadoopValueAnalysisOperator",
    title="Summary Statistics",
    fidelity="equivalent",
    remark="the statistics that the documentation lists; only the key 'count' is known from a real result",
)
def summary_statistics(context: Context) -> Output:
    """One row for each column, and for each group where there are groups."""
    groups = context.columns("groupByColumnNames")
    columns = [c for c in context.columns() or context.table.columns if c not in groups]
    top = int(context.number("topN", 10))
    by = f"GROUP BY {names(groups)}" if groups else ""
    before = "".join(f"{quoted(group)}, " for group in groups)
    parts = [
        f"SELECT {before}{_summary(context, c, i, top)} FROM {context.table.sql} {by}" for i, c in enumerate(columns)
    ]
    order = names(["place", *groups])
    return Output(context.cursor.make(f"SELECT * EXCLUDE (place) FROM ({' UNION ALL '.join(parts)}) ORDER BY {order}"))


def _summary(context: Context, column: str, place: int, top: int) -> str:
    name, text = quoted(column), texts(column)
    numeric = kind_of(context.table.type_of(column)) == "number"
    number = f"CAST({name} AS DOUBLE)" if numeric else "CAST(NULL AS DOUBLE)"
    counted = f"list_transform(map_entries(histogram({text})), lambda e: {{'times': e.value, 'text': e.key}})"
    common = f"array_to_string(list_transform(list_reverse_sort({counted})[1:{max(top, 1)}], lambda e: e.text), ', ')"
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
    return f"{place} AS place, " + ", ".join(f"{sql} AS {quoted(key)}" for key, sql in statistics.items())


@operator(
    "field.FrequencyAnalysisOperator",
    "hadoop.HadoopFrequencyAnalysisOperator",
    title="Frequency",
    fidelity="equivalent",
    remark="the names of the columns are not public",
)
def frequency(context: Context) -> Output:
    """How often each value of each column occurs, the commonest first."""
    columns = context.columns()
    if not columns:
        raise NodeFailure("No column is chosen.")
    parts = [
        f'SELECT {place} AS place, {literal(c)} AS "Column", {texts(c)} AS "Value", count(*) AS "Count", '
        f'count(*) * 100.0 / sum(count(*)) OVER () AS "Percentage" FROM {context.table.sql} GROUP BY {quoted(c)}'
        for place, c in enumerate(columns)
    ]
    everything = " UNION ALL ".join(parts)
    order = '"place", "Count" DESC, "Value"'
    return Output(context.cursor.make(f"SELECT * EXCLUDE (place) FROM ({everything}) ORDER BY {order}"))


@operator(
    "field.BarChartAnalysisOperator",
    "hadoop.HadoopBarChartOperator",
    title="Bar Chart",
    fidelity="shape only",
    remark=_CHART,
)
def bar_chart(context: Context) -> Output:
    """The sum of a column, or the number of rows, for each category and series."""
    groups = list(dict.fromkeys(context.columns("categoryType") + context.columns("scopeDomain")))
    values = context.columns("valueDomain")
    if not groups:
        raise NodeFailure("No category is chosen.")
    sums = [f"sum({quoted(value)}) AS {quoted(f'sum of {value}')}" for value in values]
    what = ", ".join([names(groups), *(sums or ['count(*) AS "count"'])])
    return context.select(what, f"GROUP BY {names(groups)} ORDER BY {names(groups)}")


@operator(
    "field.HistogramOperator",
    "hadoop.HadoopHistogramOperator",
    title="Histogram",
    fidelity="shape only",
    remark=f"{_CHART}; bins of equal width, {_DEFAULT_BINS} where the flow gives no number",
)
def histogram(context: Context) -> Output:
    """How many rows fall into each bin of each column."""
    rows: list[list[object]] = []
    for item in context.required_element("ColumnBinsModel").iter("ColumnBin"):
        column = context.table.find(item.get("columnName", ""))
        given = [int(value) for key, value in item.attrib.items() if key != "columnName" and value.isdigit()]
        rows += _bins(context, column, max(given[0] if given else _DEFAULT_BINS, 1))
    return Output(view=tabulate(rows, ["Column", "Bin", "From", "To", "Count"]))


def _bins(context: Context, column: str, bins: int) -> list[list[object]]:
    value = f"CAST({quoted(column)} AS DOUBLE)"
    [(low, high)] = context.cursor.fetch(f"SELECT min({value}), max({value}) FROM {context.table.sql}")
    if low is None:
        return []
    width = (high - low) / bins or 1.0
    place = f"least(CAST(floor(({value} - ?) / ?) AS BIGINT), ?)"
    counted = dict(
        context.cursor.fetch(
            f"SELECT {place}, count(*) FROM {context.table.sql} WHERE {value} IS NOT NULL GROUP BY 1",
            [low, width, bins - 1],
        )
    )
    return [[column, i + 1, low + i * width, low + (i + 1) * width, counted.get(i, 0)] for i in range(bins)]


@operator(
    "field.ScatterMatrixOperator",
    "hadoop.HadoopScatterPlotMatrixOperator",
    title="Scatter Plot Matrix",
    fidelity="shape only",
    remark="the real shape of the chart is not public; the correlation of each pair of columns comes as a table",
)
def scatter_matrix(context: Context) -> Output:
    """The correlation of each pair of columns."""
    columns = context.columns()
    if len(columns) < 2:
        raise NodeFailure("At least two columns have to be chosen.")
    pairs = [f"corr({quoted(a)}, {quoted(b)})" for a in columns for b in columns]
    [found] = context.cursor.fetch(f"SELECT {', '.join(pairs)} FROM {context.table.sql}")
    values = [math.nan if value is None else value for value in found]
    size = len(columns)
    rows = [[column, *values[i * size : (i + 1) * size]] for i, column in enumerate(columns)]
    return Output(view=tabulate(rows, ["Column", *columns]))


@operator("hadoop.HadoopBoxAndWiskerOperator", title="Box Plot", fidelity="shape only", remark=_CHART)
def box_plot(context: Context) -> Output:
    """The five numbers of a box plot for each category and series."""
    groups = list(dict.fromkeys(context.columns("typeDomain") + context.columns("seriesDomain")))
    chosen = context.column("analysisValueDomain")
    if not chosen:
        raise NodeFailure("No column of values is chosen.")
    value = quoted(chosen)
    numbers = {"min": f"min({value})", "median": f"median({value})", "max": f"max({value})"}
    numbers |= {"25%": f"quantile_cont({value}, 0.25)", "75%": f"quantile_cont({value}, 0.75)"}
    order = ("min", "25%", "median", "75%", "max")
    what = ", ".join([*map(quoted, groups), *(f"{numbers[key]} AS {quoted(key)}" for key in order)])
    return context.select(what, f"GROUP BY {names(groups)} ORDER BY {names(groups)}" if groups else "")
