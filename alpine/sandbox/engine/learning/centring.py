"""Columns of numbers, each with its mean taken off in the database before anything is computed of it.

Variances, correlations and distances are sums of squares. Of numbers that are large beside their spread, such as times
in milliseconds, they lose their digits: DuckDB's variance of numbers around 1e15 is wrong in the second digit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from alpine.sandbox.engine.database import Cursor, DatabaseTable
from alpine.sandbox.engine.expressions import quoted
from alpine.sandbox.engine.failures import NodeFailure

_LARGE = ("BIGINT", "UBIGINT")
"""Types of whole numbers that a double cannot hold, but a HUGEINT can, with every difference of two."""
_MOST = 1e140
"""Squares of larger numbers, summed, leave the range of doubles."""


@dataclass(frozen=True)
class Centred:
    """A column of numbers and its mean.

    :param column: The column's name.
    :param centre: Its mean over the rows of a fit, a whole number where the column's are.
    """

    column: str
    centre: float

    def sql(self, table: DatabaseTable) -> str:
        """The column less its mean, as a double.

        :raises NodeFailure: The table has no such column.
        """
        name, kind = quoted(table.find(self.column)), table.type_of(self.column)
        if kind in _LARGE and self.centre.is_integer():
            return f"CAST(CAST({name} AS HUGEINT) - CAST('{int(self.centre)}' AS HUGEINT) AS DOUBLE)"
        return f"(CAST({name} AS DOUBLE) - CAST('{self.centre!r}' AS DOUBLE))"


def centred(cursor: Cursor, table: DatabaseTable, columns: Sequence[str]) -> list[Centred]:
    """Columns of numbers with their means over a table; 0 where there is no number.

    :raises NodeFailure: One holds numbers that are not finite, or too large.
    """
    if not columns:
        return []
    numbers = [f"CAST({quoted(column)} AS DOUBLE)" for column in columns]
    # A NaN is the largest number to the database.
    what = ", ".join(f"avg({number}), max(abs({number}))" for number in numbers)
    [found] = cursor.fetch(f"SELECT {what} FROM {table.sql}")
    made = []
    for column, mean, most in zip(columns, found[::2], found[1::2], strict=True):
        if most is not None and not most < _MOST:
            what = "numbers beyond 1e140" if math.isfinite(most) else "NaN or infinite numbers"
            raise NodeFailure(f"The column {column!r} holds {what}, which no fit can take. Filter those rows out.")
        is_whole = table.type_of(column) in _LARGE
        made.append(Centred(column, 0.0 if mean is None else float(round(mean)) if is_whole else mean))
    return made
