"""Whether a table still is the one whose first rows some results show: a later run may have written it anew."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from alpine._extras import extra

if TYPE_CHECKING:
    from pandas import DataFrame, Series

    from alpine._results.tables import Table

_LONGEST = 100
"""Characters; longer texts may be shortened in results."""
_EXACT = 2**53
_RELATIVE, _ABSOLUTE = 1e-3, 5e-3
"""How far a number in results, which is rounded, may be from that in the table."""


def unlike_row(table: Table, frame: DataFrame) -> int | None:
    """The first row of a table in results that is not among those of a DataFrame, counted from 1; None if all are.

    Texts and whole numbers are compared, and other numbers as far as they are shown; dates and truth values are not.

    :param table: The rows that results show.
    :param frame: The whole table, or some of its columns.
    """
    shown = {name: values for position, name in enumerate(table.columns) if (values := _shown(table, position, frame))}
    rows = frame[list(shown)]
    for name, values in shown.items():
        # So that little is left to look at, where a column tells its rows apart.
        if None not in values and _is_exact(rows[name], values):
            rows = rows[_found(rows[name]).isin(values).to_numpy(dtype=bool)]
    for row in range(len(table.rows) if shown else 0):
        found = extra("numpy").ones(len(rows), dtype=bool)
        for name, values in shown.items():
            if values[row] is not None:
                found &= _alike(rows[name], values[row])
        if not found.any():
            return row + 1
    return None


def _shown(table: Table, position: int, frame: DataFrame) -> list[Any]:
    """The values of a column that can be looked for; None for one that cannot, and nothing if there is none."""
    name = table.columns[position]
    if name not in frame.columns:
        return []
    kind, (values, is_number) = str(frame[name].dtype), table.values(position)
    if kind == "string" and not is_number:
        return [_text(value) for value in values]
    if is_number and (kind in ("Int64", "Float64") or kind.startswith("decimal")):
        return [value if value is not None and math.isfinite(value) else None for value in values]
    return []


def _is_exact(column: Series, values: list[Any]) -> bool:
    """Whether results show the values of a column as they are."""
    kind = str(column.dtype)
    return kind == "string" or (kind == "Int64" and all(abs(value) < _EXACT for value in values if value is not None))


def _found(column: Series) -> Series:
    return column.str.strip() if str(column.dtype) == "string" else column


def _alike(column: Series, value: Any) -> Any:
    """Where a column has a value, or one that is shown so."""
    if _is_exact(column, [0 if isinstance(value, str) else value]):
        return (_found(column) == value).fillna(False).to_numpy(dtype=bool)
    numbers = column.astype("Float64").to_numpy("float64", na_value=math.nan)
    return abs(numbers - float(value)) <= max(abs(value) * _RELATIVE, _ABSOLUTE)


def _text(value: object) -> str | None:
    """A text to look for; None for one that may be shown in another way than it is."""
    text = str(value).strip() if value is not None else ""
    return text if text and len(text) <= _LONGEST and text.casefold() != "null" else None
