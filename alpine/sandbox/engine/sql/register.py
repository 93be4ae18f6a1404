"""Makes the functions that DuckDB has not known to it."""

from __future__ import annotations

import inspect
import itertools
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

_CHECKED_EVERY = 50
_stops: dict[int, threading.Event] = {}
_numbers = itertools.count(1)


def watch(connection: duckdb.DuckDBPyConnection, stopped: threading.Event) -> int:
    """Let the functions that a connection calls end once its run is stopped.

    DuckDB looks for a stop between thousands of values, which is too late where each takes long.

    :param connection: The run's own.
    :param stopped: Set when the run is stopped.
    :returns: A number for :func:`forget`.
    """
    number = next(_numbers)
    _stops[number] = stopped
    connection.execute(f"SET VARIABLE pg_run = {number}")
    return number


def forget(number: int) -> None:
    """End what :func:`watch` began."""
    _stops.pop(number, None)


def register(connection: duckdb.DuckDBPyConnection, *, by_row: bool = False) -> None:
    """Make the functions known to a database, for all connections to it.

    :param by_row: Whether they take one row at a time: for single values that is soon done, and needs no pandas, which
        DuckDB otherwise loads.
    """
    from alpine.sandbox.engine.sql import exact, formats, intervals, readings

    # DuckDB's own types know neither a list of names of types nor the names of its options.
    create: Any = connection.create_function
    for functions in (exact.FUNCTIONS, readings.FUNCTIONS, intervals.FUNCTIONS, formats.FUNCTIONS):
        function: Callable[..., Any]
        for name, (function, arguments, result) in functions.items():
            made = _rowwise(function, len(arguments)) if by_row else _columnwise(function, result, len(arguments))
            kind = "native" if by_row else "arrow"
            create(name, made, ["BIGINT", *arguments], result, type=kind, null_handling="special")


def _rowwise(function: Callable[..., Any], count: int) -> Callable[..., Any]:
    """A function of single values, from one that takes no nulls."""

    def row(_: Any, *values: Any) -> Any:
        return None if None in values else function(*values)

    return _with_parameters(row, count + 1)


def _with_parameters(function: Callable[..., Any], count: int) -> Callable[..., Any]:
    # DuckDB counts the parameters, and does not know the star.
    kinds = [inspect.Parameter(f"a{i}", inspect.Parameter.POSITIONAL_ONLY) for i in range(count)]
    function.__signature__ = inspect.Signature(kinds)  # type: ignore[attr-defined]
    return function


def _columnwise(function: Callable[..., Any], result: str, count: int) -> Callable[..., Any]:
    """A function of Arrow arrays, from one of single values; a null among them gives a null.

    Its first argument is the number of the run, or null.
    """

    def rows(run: Any, *columns: Any) -> Any:
        import pyarrow

        stopped = _stops.get(run[0].as_py()) if len(run) else None
        found = []
        for place, values in enumerate(zip(*(column.to_pylist() for column in columns), strict=True)):
            if stopped is not None and place % _CHECKED_EVERY == 0 and stopped.is_set():
                raise InterruptedError("the run was stopped")
            found.append(None if None in values else function(*values))
        return pyarrow.array(found, type=_arrow_type(result))

    return _with_parameters(rows, count + 1)


def _arrow_type(name: str) -> Any:
    import pyarrow

    kinds = {
        "VARCHAR": pyarrow.string,
        "BIGINT": pyarrow.int64,
        "DOUBLE": pyarrow.float64,
        "BOOLEAN": pyarrow.bool_,
        "DATE": pyarrow.date32,
    }
    if name == "TIMESTAMP":
        return pyarrow.timestamp("us")
    if name == "TIME":
        return pyarrow.time64("us")
    if name == "BIGINT[]":
        return pyarrow.list_(pyarrow.int64())
    return kinds[name]()
