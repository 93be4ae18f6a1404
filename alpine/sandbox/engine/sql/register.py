"""Makes the functions that DuckDB has not known to it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the functions known to a database, for all connections to it."""
    from alpine.sandbox.engine.sql import exact, formats, readings

    # DuckDB's own types know neither a list of names of types nor the names of its options.
    create: Any = connection.create_function
    for functions in (exact.FUNCTIONS, readings.FUNCTIONS, formats.FUNCTIONS):
        function: Callable[..., Any]
        for name, (function, arguments, result) in functions.items():
            columnwise = _columnwise(function, result, len(arguments))
            create(name, columnwise, arguments, result, type="arrow", null_handling="special")


def _columnwise(function: Callable[..., Any], result: str, count: int) -> Callable[..., Any]:
    """A function of Arrow arrays, from one of single values; a null among them gives a null."""

    def rows(*columns: Any) -> Any:
        import pyarrow

        kind = _arrow_type(result)
        if count == 1:
            found = [None if value is None else function(value) for value in columns[0].to_pylist()]
        else:
            lists = [column.to_pylist() for column in columns]
            found = [None if None in values else function(*values) for values in zip(*lists, strict=True)]
        return pyarrow.array(found, type=kind)

    # DuckDB counts the parameters, and does not know the star.
    kinds = [inspect.Parameter(f"a{i}", inspect.Parameter.POSITIONAL_ONLY) for i in range(count)]
    rows.__signature__ = inspect.Signature(kinds)  # type: ignore[attr-defined]
    return rows


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
