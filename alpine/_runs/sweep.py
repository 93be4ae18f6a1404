"""A sweep: the runs for every combination of some values, and the table of what was picked from their results."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from alpine._extras import extra
from alpine._http.failure import of_a_signal
from alpine.exception import AlpineException, InvalidArgumentException, WorkflowVariableException
from alpine.results import FlowResults

if TYPE_CHECKING:
    from pandas import DataFrame

    from alpine._runs.outcome import RunOutcome

_UNREADABLE = (AlpineException, LookupError, TypeError, ValueError, AttributeError, ArithmeticError)
"""What goes wrong when results are not as somebody expected them."""


def sweep_variables(values: object) -> list[dict[str, object]]:
    """Every combination of the values, the last name changing fastest.

    :raises WorkflowVariableException: They have a wrong shape.
    """
    if not isinstance(values, Mapping) or not values:
        raise WorkflowVariableException('values must be a dict such as {"@n_trees": [5, 10, 25]}.')
    for name, choices in values.items():
        if isinstance(choices, str | bytes) or not isinstance(choices, Iterable):
            raise WorkflowVariableException(f"The values of {name!r} must be a list, not {type(choices).__name__}.")
    return [dict(zip(values, chosen, strict=True)) for chosen in itertools.product(*values.values())]


def to_dataframe(outcomes: Iterable[RunOutcome], pick: Callable[[FlowResults], object]) -> DataFrame:
    """A row for each outcome: its variables, what was picked from its results, the run, and why it failed."""
    pandas = extra("pandas")
    if not callable(pick):
        raise InvalidArgumentException(f"pick must be a function of the results, not {pick!r:.200}.")
    rows = [_row(outcome, pick) for outcome in outcomes]
    last = ["process_id", "error"]
    columns = dict.fromkeys(column for row in rows for column in row if column not in last)
    return pandas.DataFrame(rows, columns=[*columns, *last])


def picked(outcome: RunOutcome, pick: Callable[[FlowResults], object] | None) -> tuple[dict[str, Any], str | None]:
    """What was picked from the results of a run, by name; and why it failed, or why nothing could be picked."""
    error = outcome._reason or None
    if pick is None or outcome.error is not None or outcome.results is None:
        return {}, error
    try:
        value = pick(outcome.results)
    except _UNREADABLE as failure:
        if of_a_signal(failure):
            raise
        return {}, f"Nothing could be picked: {type(failure).__name__}: {failure}"
    return {str(key): each for key, each in value.items()} if isinstance(value, Mapping) else {"value": value}, error


def _row(outcome: RunOutcome, pick: Callable[[FlowResults], object]) -> dict[str, Any]:
    values, error = picked(outcome, pick)
    run = None if outcome.process_id is None else str(outcome.process_id)
    return {**outcome._given, **values, "process_id": run, "error": error}
