"""How a run, or the wish to start one, can end other than well."""

from __future__ import annotations

from collections.abc import Sequence


class EngineRefused(ValueError):
    """The engine does not take a flow; the server answers with the text as it is.

    :param status: HTTP status of the response.
    :param text: Plain text of the response.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(status, text)
        self.status = status
        self.text = text

    def __str__(self) -> str:
        return self.text


class NodeFailure(Exception):
    """An operator cannot do its work; the run ends as failed, with this reason in its logs."""


class ColumnMissing(NodeFailure):
    """A table lacks a column that an operator names.

    :param name: The column, as the flow names it.
    :param columns: The columns that there are.
    """

    def __init__(self, name: str, columns: Sequence[str]) -> None:
        super().__init__(f"There is no column {name!r}. The columns are: {', '.join(columns)}.")
        self.name = name
        self.columns = columns


class TableMissing(NodeFailure):
    """A table that a flow reads is not loaded.

    :param name: The table, as the flow names it.
    :param tables: The tables that there are.
    """

    def __init__(self, name: str, tables: Sequence[str]) -> None:
        super().__init__(
            f"The table {name!r} is not loaded. Load it before the run: server.load_table({name!r}, "
            f"path_or_dataframe). Loaded tables: {', '.join(tables) or 'none'}."
        )
        self.name = name
        self.tables = tables


class OperatorUnknown(NodeFailure):
    """No function does the work of an operator."""


class ExpressionUnreadable(NodeFailure):
    """An expression cannot be read at all."""


class DatabaseFailure(NodeFailure):
    """The database cannot do what an operator asks of it."""


class PlanEnds(Exception):
    """An operator that is looked over before the run needs rows to go on; what it will give is not known yet."""


class RunStopped(Exception):
    """The run was stopped from outside."""
