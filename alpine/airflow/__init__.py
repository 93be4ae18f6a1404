"""Runs of workflows as tasks of Apache Airflow 3.3 or newer. Needs the extra ``airflow``."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alpine.airflow.hook import AlpineHook
    from alpine.airflow.operator import AlpineRunWorkflowOperator
    from alpine.airflow.sensor import AlpineRunSensor
    from alpine.airflow.trigger import AlpineRunTrigger

__all__ = ["AlpineHook", "AlpineRunSensor", "AlpineRunTrigger", "AlpineRunWorkflowOperator"]

_HOMES = {
    "AlpineHook": "hook",
    "AlpineRunSensor": "sensor",
    "AlpineRunTrigger": "trigger",
    "AlpineRunWorkflowOperator": "operator",
}


def __getattr__(name: str) -> Any:
    """Load a name when it is first used: Airflow reads what the package offers at every start of a process."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
