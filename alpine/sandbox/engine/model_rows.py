"""The rows of a table that a model is fitted on, or that it scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from alpine.sandbox.engine.classes import class_names
from alpine.sandbox.engine.database import PLACE, Cursor, DatabaseTable
from alpine.sandbox.engine.designs import Design, Rows
from alpine.sandbox.engine.document import kind_of
from alpine.sandbox.engine.expressions import quoted
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.types import in_words

if TYPE_CHECKING:
    from alpine.sandbox.engine.designs import Array


def rows_to_fit(cursor: Cursor, table: DatabaseTable, columns: Sequence[str], target: str) -> tuple[Rows, Array]:
    """The rows of a table that lack none of the columns, and the target's numbers.

    :raises NodeFailure: A column of numbers holds NaN or an infinite one, or the target holds no numbers.
    """
    if not _is_number(table, target):
        raise NodeFailure(
            f"The dependent column {target!r} should hold numbers, but it holds {in_words(table.type_of(target))}."
        )
    rows = _read(cursor, table, [(column, _is_number(table, column)) for column in [*columns, target]], None)
    _refuse_infinite([*columns, target], rows)
    return Rows(rows.places, rows.columns[:-1], rows.labels, rows.left_out), rows.columns[-1]


def rows_to_classify(cursor: Cursor, table: DatabaseTable, columns: Sequence[str], label: str) -> Rows:
    """The rows of a table that lack none of the columns and have a class.

    :raises NodeFailure: A column of numbers holds NaN or an infinite one.
    """
    rows = _read(cursor, table, [(column, _is_number(table, column)) for column in columns], label)
    _refuse_infinite(columns, rows)
    return rows


def rows_to_score(cursor: Cursor, table: DatabaseTable, design: Design, label: str | None = None) -> Rows:
    """The rows of a table that lack nothing that a model needs; a number that is not finite counts as lacking.

    :param label: A column of classes, which no row may lack either.
    :raises NodeFailure: A column holds no numbers, but the model needs some.
    """
    import numpy as np

    wanted = []
    for feature in design.features:
        column = table.find(feature.column)
        if feature.categories is None and not _is_number(table, column):
            raise NodeFailure(
                f"The model was fitted on numbers in the column {column!r}, but here it holds "
                f"{in_words(table.type_of(column))}."
            )
        wanted.append((column, feature.categories is None))
    rows = _read(cursor, table, wanted, label)
    finite = np.ones(len(rows), dtype=bool)
    for (_, numeric), values in zip(wanted, rows.columns, strict=True):
        if numeric:
            finite &= np.isfinite(values)
    if finite.all():
        return rows
    kept = rows.where(finite)
    return Rows(kept.places, kept.columns, kept.labels, rows.left_out + int((~finite).sum()))


def _read(cursor: Cursor, table: DatabaseTable, wanted: Sequence[tuple[str, bool]], label: str | None) -> Rows:
    """Columns of the rows that lack none of them, each as numbers or as text, told apart by position."""
    import numpy as np

    parts = [
        f"CAST({quoted(column)} AS {'DOUBLE' if numeric else 'VARCHAR'}) AS c{i}"
        for i, (column, numeric) in enumerate(wanted)
    ]
    needed = [column for column, _ in wanted]
    if label is not None:
        parts.append(f"CAST({quoted(label)} AS VARCHAR) AS label")
        needed.append(label)
    there = " AND ".join(f"{quoted(column)} IS NOT NULL" for column in dict.fromkeys(needed)) or "TRUE"
    [(total,)] = cursor.fetch(f"SELECT count(*) FROM {table.sql}")
    data = cursor.arrays(f"SELECT {', '.join([f'{PLACE} AS place', *parts])} FROM {table.rows} WHERE {there}")
    places = np.asarray(data["place"])
    columns = [np.asarray(data[f"c{i}"], dtype=float if numeric else object) for i, (_, numeric) in enumerate(wanted)]
    labels = np.array([], dtype=object)
    if label is not None:
        labels = class_names(np.asarray(data["label"], dtype=object), table.type_of(label))
    rows = Rows(places, columns, labels, total - len(places))
    # A scan keeps the order of a table, which a sort of all columns would cost as much as reading them.
    return rows if (np.diff(places) > 0).all() else rows.where(np.argsort(places, kind="stable"))


def _refuse_infinite(columns: Sequence[str], rows: Rows) -> None:
    import numpy as np

    for column, values in zip(columns, rows.columns, strict=True):
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise NodeFailure(
                f"The column {column!r} holds NaN or infinite numbers, which no fit can take. Filter those rows out."
            )


def _is_number(table: DatabaseTable, column: str) -> bool:
    return kind_of(table.type_of(column)) == "number"
