"""What SQL alone cannot say exactly, as functions of Python that DuckDB calls for two thousand rows at a time."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Any, NamedTuple

from alpine.sandbox.engine.pig import calendar, java_numbers, java_texts, joda, sprintf
from alpine.sandbox.engine.pig.refusals import RowFailure
from alpine.sandbox.engine.pig.regex import BadPattern, OtherPattern, translated

if TYPE_CHECKING:
    import duckdb


class Function(NamedTuple):
    """A function that DuckDB calls.

    :param name: Its name in SQL.
    :param compute: Computes one value; a null argument makes null without it.
    :param parameters: The types of its parameters.
    :param returns: The type of its values.
    """

    name: str
    compute: Callable[..., Any]
    parameters: tuple[str, ...]
    returns: str


def _regex(pattern: str, is_whole: bool) -> str:
    """A pattern that a column holds."""
    try:
        found = translated(pattern, is_whole)
    except BadPattern:
        raise RowFailure(
            f"the regular expression {pattern[:60]!r} cannot be read; that stops a run of Pig too."
        ) from None
    except OtherPattern as error:
        raise RowFailure(f"the sandbox has no {error.what} in regular expressions ({pattern[:60]!r}).") from None
    if found.guards or (not is_whole and found.least == 0):
        raise RowFailure(f"the regular expression {pattern[:60]!r} has to stand in the flow itself, not in a column.")
    return found.text


_TEXT, _LONG, _INT, _DOUBLE = "VARCHAR", "BIGINT", "INTEGER", "DOUBLE"

FUNCTIONS = (
    Function("pig_double_text", java_numbers.double_text, (_DOUBLE,), _TEXT),
    Function("pig_float_text", java_numbers.float_text, (_DOUBLE,), _TEXT),
    Function("pig_double_decimal", java_numbers.double_decimal, (_DOUBLE,), _TEXT),
    Function("pig_float_decimal", java_numbers.float_decimal, (_DOUBLE,), _TEXT),
    Function("pig_double_integer", java_numbers.double_integer, (_DOUBLE,), _TEXT),
    Function("pig_float_integer", java_numbers.double_integer, (_DOUBLE,), _TEXT),
    Function("pig_to_int", lambda text: java_numbers.read_whole(text, "int"), (_TEXT,), _INT),
    Function("pig_to_long", lambda text: java_numbers.read_whole(text, "long"), (_TEXT,), _LONG),
    Function("pig_bytes_to_int", lambda text: java_numbers.read_whole_of_bytes(text, "int"), (_TEXT,), _INT),
    Function("pig_bytes_to_long", lambda text: java_numbers.read_whole_of_bytes(text, "long"), (_TEXT,), _LONG),
    Function("pig_to_float", java_numbers.read_float, (_TEXT,), _DOUBLE),
    Function("pig_to_double", java_numbers.read_double, (_TEXT,), _DOUBLE),
    Function("pig_to_boolean", java_numbers.read_boolean, (_TEXT,), "BOOLEAN"),
    Function("pig_to_big", java_numbers.read_big, (_TEXT, _TEXT), _TEXT),
    Function("pig_big", java_numbers.big, (_TEXT, _TEXT, _TEXT), _TEXT),
    Function("pig_compare", java_numbers.compare_big, (_TEXT, _TEXT), _INT),
    Function("pig_big_to_int", lambda text: java_numbers.big_whole("int", text), (_TEXT,), _INT),
    Function("pig_big_to_long", lambda text: java_numbers.big_whole("long", text), (_TEXT,), _LONG),
    Function("pig_big_to_double", java_numbers.big_double, (_TEXT,), _DOUBLE),
    Function("pig_big_to_float", java_numbers.to_float, (_TEXT,), _DOUBLE),
    Function("pig_stored", java_numbers.stored_decimal, (_TEXT,), _TEXT),
    Function("pig_round_to", java_numbers.round_to, (_TEXT, _DOUBLE, _INT, _INT), _DOUBLE),
    Function("pig_cube_root", java_numbers.cube_root, (_DOUBLE,), _DOUBLE),
    Function("pig_units", java_numbers.units, (_TEXT,), "BLOB"),
    Function("pig_size", java_texts.size, (_TEXT,), _LONG),
    Function("pig_substring", java_texts.substring, (_TEXT, _INT, _INT), _TEXT),
    Function("pig_index", java_texts.index, (_TEXT, _TEXT, _INT), _INT),
    Function("pig_last_index", java_texts.last_index, (_TEXT, _TEXT), _INT),
    Function("pig_upper", str.upper, (_TEXT,), _TEXT),
    Function("pig_lower", str.lower, (_TEXT,), _TEXT),
    Function("pig_upper_first", java_texts.upper_first, (_TEXT,), _TEXT),
    Function("pig_lower_first", java_texts.lower_first, (_TEXT,), _TEXT),
    Function("pig_same_letters", java_texts.same_letters, (_TEXT, _TEXT), "BOOLEAN"),
    Function("pig_sprintf", sprintf.sprintf, (_TEXT, _TEXT, "VARCHAR[]"), _TEXT),
    Function("pig_regex", _regex, (_TEXT, "BOOLEAN"), _TEXT),
    Function("pig_iso_date", calendar.iso_date, (_TEXT,), _TEXT),
    Function("pig_iso_or_null", calendar.iso_or_none, (_TEXT,), _LONG),
    Function("pig_date", joda.read, (_TEXT, _TEXT), _LONG),
    Function("pig_date_or_null", joda.read_or_none, (_TEXT, _TEXT), _LONG),
    Function("pig_zoned_date", joda.read_in_zone, (_TEXT, _TEXT, _TEXT), _TEXT),
    Function("pig_date_text", joda.write, (_TEXT, _TEXT), _TEXT),
    Function("pig_iso_text", joda.write_iso, (_TEXT,), _TEXT),
    Function("pig_wall", calendar.wall_of, (_TEXT,), _LONG),
    Function("pig_utc", calendar.utc_of, (_TEXT,), _LONG),
    Function("pig_add_duration", calendar.add_duration, (_TEXT, _TEXT, _INT), _TEXT),
    Function("pig_months", calendar.months_between, (_TEXT, _TEXT), _LONG),
    Function("pig_years", calendar.years_between, (_TEXT, _TEXT), _LONG),
)


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the functions known to a database, for all its cursors.

    :param connection: The connection that opened the database.
    """
    from duckdb.func import ARROW, SPECIAL

    for function in FUNCTIONS:
        connection.create_function(
            function.name,
            _over_arrays(function),
            list(function.parameters),
            function.returns,
            type=ARROW,
            null_handling=SPECIAL,
        )


def _over_arrays(function: Function) -> Callable[..., Any]:
    import pyarrow

    kind = {
        "VARCHAR": pyarrow.string(),
        "BIGINT": pyarrow.int64(),
        "INTEGER": pyarrow.int32(),
        "DOUBLE": pyarrow.float64(),
        "BOOLEAN": pyarrow.bool_(),
        "BLOB": pyarrow.binary(),
    }[function.returns]
    compute = function.compute

    def over(*arrays: Any) -> Any:
        columns = [array.to_pylist() for array in arrays]
        if len(columns) == 1:
            values = [None if value is None else compute(value) for value in columns[0]]
        else:
            values = [None if None in row else compute(*row) for row in zip(*columns, strict=True)]
        return pyarrow.array(values, kind)

    # DuckDB counts the parameters that it finds there.
    names = [Parameter(f"a{i}", Parameter.POSITIONAL_ONLY) for i in range(len(function.parameters))]
    over.__signature__ = Signature(names)  # type: ignore[attr-defined]
    return over
