"""Operators that change the values of columns, or turn rows into columns."""

from __future__ import annotations

from alpine.sandbox.engine.column_lists import columns_in
from alpine.sandbox.engine.context import Context, Output, texts, unique
from alpine.sandbox.engine.database import PLACE
from alpine.sandbox.engine.document import kind_of
from alpine.sandbox.engine.expressions import literal, names, quoted
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.registry import operator
from alpine.sandbox.engine.types import called

_FILLINGS = {
    "avg": "avg",
    "average": "avg",
    "min": "min",
    "minimum": "min",
    "max": "max",
    "maximum": "max",
    "median": "median",
    "approximate median": "median",
}
_FIXED = frozenset({"", "value", "fixed"})
_EXACT = ("SMALLINT", "INTEGER", "BIGINT", "DECIMAL")
_NUMBERS_ONLY = frozenset({"avg", "median"})
_AGGREGATES = {"sum": "sum", "avg": "avg", "average": "avg", "min": "min", "max": "max", "count": "count"}
_MAX_PIVOT = 1000
_ONE_TEXT = ("VARCHAR", "ENUM", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_ONE_TEXT_OF_DATABASES = ("DECIMAL", "DATE", "UUID")
# What is taken off a number x, and what it is divided by then.
_SUFFIX = "-transformation"
_SCALES = {
    "z": ("avg({x})", "stddev_samp({x})"),
    "range": ("min({x})", "max({x}) - min({x})"),
    "proportion": ("0.0::DOUBLE", "sum({x})"),
    "dividebyaverage": ("0.0::DOUBLE", "avg({x})"),
}
_DIVISORS = {"z": "standard deviation", "range": "range", "proportion": "sum", "dividebyaverage": "average"}


@operator(
    "field.ReplaceNullOperator",
    "hadoop.HadoopReplaceNullOperator",
    title="Null Value Replacement",
    fidelity="exact",
    remark="by a value; by an aggregate (average, minimum, maximum, median) the wording in a file is assumed, and so "
    "is that a column keeps its type: an average in a column of integers is rounded, and a value that does not fit is "
    "refused",
    test="tests/sandbox/test_differential_values.py::test_null_replacement",
)
def replace_nulls(context: Context) -> Output:
    """Puts a value, or an aggregate of the column, where there is none."""
    model = context.required_element("NullReplacementModel")
    named = [(context.table.find(item.get("columnName", "")), item) for item in model.iter("NullReplacementItem")]
    items = dict(named)
    if len(items) < len(named):
        twice = next(column for place, (column, _) in enumerate(named) if column in [name for name, _ in named[:place]])
        raise NodeFailure(f"There are two null replacements of the column {twice!r}.")
    listed = [model.get("groupBy", ""), *(item.get("columnName", "") for item in model.iter("groupBy"))]
    groups = list(dict.fromkeys(column for names_ in listed for column in columns_in(names_, context.table)))
    context.check_zeros(context.table, groups)
    over = f"PARTITION BY {names(groups)}" if groups else ""
    parts = []
    for column in context.table.columns:
        item = items.get(column)
        if item is None:
            parts.append(quoted(column))
            continue
        filling = _filling(context, column, item.get("nullType", ""), item.get("nullValue", ""), over)
        parts.append(f"coalesce({quoted(column)}, {filling}) AS {quoted(column)}")
    return context.select(", ".join(parts), f"ORDER BY {PLACE}")


def _filling(context: Context, column: str, kind: str, value: str, over: str) -> str:
    """What stands in place of a null, in SQL, in the column's own type."""
    own = context.table.type_of(column)
    if kind.strip().lower() in _FIXED:
        return _fixed(context, column, value)
    function = _FILLINGS.get(" ".join(kind.lower().split()))
    if function is None:
        raise NodeFailure(f"The sandbox does not know the null replacement {kind!r} of the column {column!r}.")
    if function in _NUMBERS_ONLY and kind_of(own) != "number":
        raise NodeFailure(f"The column {column!r} holds no numbers, which the null replacement {kind!r} needs.")
    if function == "avg" and not context.is_hadoop and own.startswith(_EXACT):
        # Exact in PostgreSQL, and a double in DuckDB.
        return context.expression(f"avg({quoted(column)}) OVER ({over})", own)
    return f"CAST({function}({quoted(column)}) OVER ({over}) AS {own})"


def _fixed(context: Context, column: str, value: str) -> str:
    """A value that the flow gives, in SQL, in the type of the column.

    :raises NodeFailure: The column cannot hold it.
    """
    own, sql = context.table.type_of(column), context.expression(value)
    # Refuses what cannot be compared with the column, as the server refuses to put it there.
    context.comparison(column, "=", value, "")
    cast = f"CAST({sql} AS {own})"
    if kind_of(own) != "number":
        return cast
    refusal = literal(f"The value {value.strip()} for nulls of the column {column!r} does not fit its type.")
    return f"CASE WHEN {cast} IS DISTINCT FROM {sql} THEN error({refusal}) ELSE {cast} END"


@operator(
    "field.NormalizationOperator",
    "hadoop.HadoopNormalizationOperator",
    title="Normalization",
    fidelity="equivalent",
    remark="Z (with the sample's standard deviation), Range, Proportion and DivideByAverage transformations; that the "
    "chosen columns are replaced is assumed; a column whose spread, sum or average is 0 is refused",
    test="tests/sandbox/test_differential_values.py::test_normalization",
)
def normalization(context: Context) -> Output:
    """Brings columns to a common scale."""
    chosen = context.columns()
    if not chosen:
        raise NodeFailure("No column is chosen.")
    method = context.parameter("method").strip().lower().removesuffix(_SUFFIX)
    if method not in _SCALES:
        raise NodeFailure(f"The sandbox does not know the normalization {context.parameter('method')!r}.")
    limits = context.number("rangeMin", 0.0), context.number("rangeMax", 1.0)
    if limits[0] >= limits[1]:
        raise NodeFailure(f"The range of a normalization should go up, but it is {limits[0]:g} to {limits[1]:g}.")
    scales = {column: _scale(context, column, method, limits) for column in chosen}
    parts = [scales.get(column, quoted(column)) for column in context.table.columns]
    return context.select(", ".join(parts), f"ORDER BY {PLACE}")


def _scale(context: Context, column: str, method: str, limits: tuple[float, float]) -> str:
    """A column on its new scale, in SQL.

    :raises NodeFailure: It would be divided by zero.
    """
    if kind_of(context.table.type_of(column)) != "number":
        raise NodeFailure(f"Only numbers can be normalized, and the column {column!r} holds none.")
    value = f"CAST({quoted(column)} AS DOUBLE)"
    off, by = (sql.format(x=value) for sql in _SCALES[method])
    [(less, divisor)] = context.cursor.fetch(f"SELECT {off}, {by} FROM {context.table.sql}")
    if divisor == 0:
        raise NodeFailure(f"The column {column!r} cannot be normalized: its {_DIVISORS[method]} is 0.")
    low, high = limits if method == "range" else (0.0, 1.0)
    return (
        f"({value} - {_double(less)}) / {_double(divisor)} * {_double(high - low)} + {_double(low)} AS {quoted(column)}"
    )


def _double(number: float | None) -> str:
    return "NULL::DOUBLE" if number is None else f"'{number!r}'::DOUBLE"


@operator(
    "field.PivotOperator",
    "hadoop.HadoopPivotOperator",
    title="Pivot",
    fidelity="exact",
    remark="new columns are called <column>_<value> and hold doubles, and come sorted; without a column to aggregate "
    "they aggregate 1 for rows with the value and 0 for others, but count counts the rows with it; values that differ "
    "in capitals alone, pivot columns other than texts, whole numbers, decimals and (not for Hadoop) dates, more than "
    "1,000 values, and useArray are refused",
    test="tests/sandbox/test_differential_values.py::test_pivot",
)
def pivot(context: Context) -> Output:
    """A row for each group, a column for each value of the pivot column."""
    groups = context.columns("groupByColumn")
    column = context.column("pivotColumn")
    if not column:
        raise NodeFailure("No pivot column is chosen.")
    stored = context.table.type_of(column)
    if not has_one_text(stored, is_hadoop=context.is_hadoop):
        name = called(stored, is_hadoop=context.is_hadoop)
        raise NodeFailure(
            f"The pivot column {column!r} is a {name}, whose text the names of the new columns would depend on. "
            "Make a text column of it before."
        )
    kind = context.parameter("aggregateType").strip().lower()
    if kind not in _AGGREGATES:
        raise NodeFailure(f"The sandbox does not know the aggregate {kind!r} of a pivot.")
    if context.flag("useArray"):
        raise NodeFailure("The sandbox does not know the option useArray of a pivot, which makes one column of arrays.")
    counted = context.column("aggregateColumn")
    if counted and kind != "count" and kind_of(context.table.type_of(counted)) != "number":
        raise NodeFailure(f"The aggregate {kind} of a pivot needs numbers, and the column {counted!r} holds none.")
    context.needs_rows()
    given = context.grouped_by(groups)
    table, text = given.sql, texts(column)
    found = context.cursor.fetch(
        f"SELECT DISTINCT {text} AS v FROM {table} WHERE {text} IS NOT NULL ORDER BY v LIMIT ?", [_MAX_PIVOT + 1]
    )
    if len(found) > _MAX_PIVOT:
        raise NodeFailure(f"The column {column!r} has more than {_MAX_PIVOT} values; that is too many for a pivot.")
    if not found and not groups:
        raise NodeFailure(f"The column {column!r} holds no value, and no column to group by is chosen.")
    made = [f"{column}_{value}" for (value,) in found]
    unique([*groups, *made])
    parts = [
        f"CAST({_pivoted(kind, f'{text} IS NOT DISTINCT FROM {literal(value)}', counted)} AS DOUBLE) AS {quoted(name)}"
        for (value,), name in zip(found, made, strict=True)
    ]
    keys = ", ".join(str(place) for place, _ in enumerate(groups, 1))
    what = ", ".join([*map(quoted, groups), *parts])
    return context.select(what, f"GROUP BY {keys} ORDER BY {keys}" if groups else "", given)


def has_one_text(type_name: str, *, is_hadoop: bool) -> bool:
    """Whether it is certain how the server writes the values of a type: names and keys are made of them.

    :param type_name: The type in DuckDB.
    :param is_hadoop: Whether Pig writes them.
    """
    return type_name.startswith(_ONE_TEXT if is_hadoop else (*_ONE_TEXT, *_ONE_TEXT_OF_DATABASES))


def _pivoted(kind: str, is_value: str, counted: str) -> str:
    """One new column: an aggregate of another column where the row has the value, or of whether it has."""
    if counted:
        return f"{_AGGREGATES[kind]}({quoted(counted)}) FILTER (WHERE {is_value})"
    if kind == "count":
        return f"count(*) FILTER (WHERE {is_value})"
    return f"{_AGGREGATES[kind]}(CASE WHEN {is_value} THEN 1 ELSE 0 END)"
