"""The columns that a flow chooses to learn from."""

from __future__ import annotations

from alpine.sandbox.engine.context import Context
from alpine.sandbox.engine.database import DatabaseTable
from alpine.sandbox.engine.document import kind_of
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.types import in_words


def target_of(context: Context) -> str:
    """The dependent column.

    :raises NodeFailure: None is chosen.
    """
    target = context.column("dependentColumn")
    if not target:
        raise NodeFailure("No dependent column is chosen.")
    return target


def predictors_of(context: Context) -> list[str]:
    """The columns to predict from.

    :raises NodeFailure: None is chosen.
    """
    columns = context.columns()
    if not columns:
        raise NodeFailure("No column to predict from is chosen.")
    return columns


def refuse_mask(context: Context) -> None:
    """Make sure that the columns are those of the flow, not of the mask of a variable selection.

    :raises NodeFailure: They are of a mask.
    """
    if context.parameter("varSelPath").strip():
        raise NodeFailure("The sandbox cannot read the mask of a variable selection (varSelPath).")


def is_number(table: DatabaseTable, column: str) -> bool:
    """Whether a column holds numbers."""
    return kind_of(table.type_of(column)) == "number"


def require_numbers(table: DatabaseTable, columns: list[str]) -> None:
    """Make sure that columns hold numbers.

    :raises NodeFailure: One does not.
    """
    for column in columns:
        if not is_number(table, column):
            raise NodeFailure(f"Numbers are needed, and the column {column!r} holds {in_words(table.type_of(column))}.")
