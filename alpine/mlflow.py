"""Many runs of a workflow as runs of MLflow: a parent, and below it a child for each outcome.

Needs the extra ``mlflow``. Where the runs are kept is MLflow's own setting (``mlflow.set_tracking_uri`` or
``MLFLOW_TRACKING_URI``), as is the experiment (``mlflow.set_experiment``).
"""

from __future__ import annotations

import importlib
import math
import numbers
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from alpine._arguments import text
from alpine._constants import flag
from alpine._extras import missing_extra
from alpine._runs.outcome import RunOutcome
from alpine._runs.sweep import picked
from alpine.exception import InvalidArgumentException
from alpine.results import FlowResults

__all__ = ["log"]

_LONGEST = 500
"""Characters that every version and every store of MLflow takes as the value of a parameter."""
_LONGEST_TAG = 5000
_NOT_IN_NAMES = re.compile(r"^\.|(?<=^mlflow)\.|[^\w\-. ]", re.ASCII)
"""A name may be that of a file, which is not ``..``; with tags such as ``mlflow.runName`` MLflow itself works."""


def log(
    outcomes: Iterable[RunOutcome],
    pick: Callable[[FlowResults], object] | None = None,
    *,
    run_name: str = "alpine",
    documents: bool = True,
) -> str:
    """Log the outcomes of many runs to MLflow.

    Each outcome is a child run: its variables are parameters, the numbers that ``pick`` returns are metrics, and
    everything else that it returns are tags. The tags ``alpine.status``, ``alpine.process_id``, ``alpine.workflow_id``
    and ``alpine.error`` tell of the run on the server. An outcome with an error is a run with the status ``FAILED``.

    :param outcomes: What ``run_many`` returned, or ``iterate_many``, whose outcomes are logged as they come.
    :type outcomes: list of RunOutcome
    :param pick: A function that takes the results of a run, and returns the value to keep, or a dict of several, as for
        :meth:`alpine.workfile.Workfile.Process.sweep`.
    :type pick: function
    :param run_name: The name of the parent run.
    :type run_name: str
    :param documents: Whether to keep the results of each run as the artifact ``results.json``.
    :type documents: bool
    :returns: The ID of the parent run in MLflow.
    :rtype: str
    :raises MissingExtraException: MLflow is not installed.
    :raises InvalidArgumentException: An argument is wrong; nothing was logged.

    If an exception ends it, such as one of MLflow, the runs that were begun have the status ``FAILED``. If a run of
    MLflow is active, the parent is a child of it.

    MLflow takes fewer characters in names than the server: a name loses its ``@``, and other characters become ``_``;
    ``mlflow.``, with which MLflow's own tags begin, becomes ``mlflow_``.
    """
    name, whole = text(run_name, "run_name"), bool(flag(documents, "documents"))
    if pick is not None and not callable(pick):
        raise InvalidArgumentException(f"pick must be a function of the results, not {pick!r:.200}.")
    if isinstance(outcomes, Mapping | str | bytes) or not isinstance(outcomes, Iterable):
        raise InvalidArgumentException(f"outcomes must be what run_many returned, not {outcomes!r:.200}.")
    try:
        mlflow: Any = importlib.import_module("mlflow")
    except ImportError as error:
        raise missing_extra("mlflow", "mlflow") from error
    with mlflow.start_run(run_name=name, nested=mlflow.active_run() is not None) as parent:
        total = failed = 0
        for outcome in outcomes:
            if not isinstance(outcome, RunOutcome):
                raise InvalidArgumentException(f"outcomes must have nothing but outcomes, not {outcome!r:.200}.")
            total += 1
            failed += outcome.error is not None
            _log_one(mlflow, outcome, pick, f"{name} {total}", whole)
        mlflow.log_metrics({"runs": total, "runs_failed": failed})
    return str(parent.info.run_id)


def _log_one(
    mlflow: Any, outcome: RunOutcome, pick: Callable[[FlowResults], object] | None, name: str, whole: bool
) -> None:
    values, error = picked(outcome, pick)
    run = outcome.process_id
    told = {
        "alpine.status": outcome.status,
        "alpine.process_id": "" if run is None else str(run),
        "alpine.workflow_id": "" if run is None else str(run.workflow_id),
        "alpine.error": error or "",
    }
    metrics = {key: number for key, value in values.items() if (number := _number(value)) is not None}
    tags = _named([*told.items(), *((key, str(value)) for key, value in values.items() if key not in metrics)])
    with mlflow.start_run(run_name=name, nested=True):
        mlflow.set_tags({key: value[:_LONGEST_TAG] for key, value in tags.items() if value})
        mlflow.log_params({key: str(value)[:_LONGEST] for key, value in _named(outcome._given.items()).items()})
        mlflow.log_metrics(_named(metrics.items()))
        if whole and outcome.results is not None:
            mlflow.log_dict(dict(outcome.results), "results.json")
        if outcome.error is not None:
            mlflow.end_run("FAILED")


def _number(value: Any) -> float | None:
    """A value as a metric: also numpy's numbers and decimals, but no infinite ones, which few stores take."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real | Decimal):
        return None
    try:
        number = float(value)
    except (OverflowError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _named(values: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """The values by names that MLflow takes, each by another one."""
    named: dict[str, Any] = {}
    for name, value in values:
        key = plain = _NOT_IN_NAMES.sub("_", name.removeprefix("@"))[:240] or "_"
        number = 2
        while key in named:
            key, number = f"{plain}_{number}", number + 1
        named[key] = value
    return named
