"""Lists of columns in a parameter, whose names may hold commas."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.tables import DatabaseTable


def columns_in(text: str, table: DatabaseTable) -> list[str]:
    """The columns that a list parted by commas names, in the table's own spelling; names may hold commas, too.

    :raises NodeFailure: A name is none of the table's columns, or the list can be read in two ways.
    """
    parts = [part for part in text.split(",") if part.strip()]
    readings = list(islice(_readings(parts, table), 2))
    if len(readings) > 1:
        raise NodeFailure(f"The list {text!r} can be read in two ways, since names of columns hold commas.")
    names = readings[0] if readings else parts
    return [name if name in table.columns else table.find(name.strip()) for name in names]


def _readings(parts: Sequence[str], table: DatabaseTable) -> Iterator[list[str]]:
    """The ways in which the parts of a list are names of columns."""
    known = {*table.columns, *(column.strip().lower() for column in table.columns)}
    most = max((column.count(",") for column in table.columns), default=0) + 1

    def after(place: int) -> Iterator[list[str]]:
        if place == len(parts):
            yield []
        for end in range(place + 1, min(place + most, len(parts)) + 1):
            name = ",".join(parts[place:end])
            if name in known or name.strip().lower() in known:
                yield from ([name, *rest] for rest in after(end))

    # The usual table has no such names, and as many columns as it likes.
    return after(0) if most > 1 else iter([list(parts)])
