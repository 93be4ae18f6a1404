"""The content of a file that a model is exported to: JSON of what the model knows."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from alpine.sandbox.engine.models import ClassificationModel, Model

_MAX_DEPTH = 200
_LEFT_OUT = object()


def document(model: Model) -> dict[str, Any]:
    """What a model knows, fit to be written as JSON.

    The real shape is not public. A model that has a method ``exported`` says itself what stands under ``model``; of
    others, it is their attributes as far as they are numbers, texts, lists and the like.

    :param model: The model.
    """
    said: dict[str, Any] = {"format": "AM", "name": model.name, "kind": model.short}
    if isinstance(model, ClassificationModel):
        said |= {"dependentColumn": model.target, "classes": list(model.classes.names), "positive": model.positive}
    exported = getattr(model, "exported", None)
    known = exported() if callable(exported) else _attributes(model)
    return {**said, "model": _plain(known, 0)}


def _attributes(value: Any) -> dict[str, Any]:
    if dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    found = getattr(value, "__dict__", {})
    return {name: part for name, part in found.items() if not name.startswith("_")}


def _plain(value: Any, depth: int) -> Any:
    """A value as JSON has it; numbers that are none in JSON become texts."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Decimal):
        return str(value)
    if depth > _MAX_DEPTH:
        return _LEFT_OUT
    if isinstance(value, Mapping):
        parts = {str(key): _plain(part, depth + 1) for key, part in value.items()}
        return {key: part for key, part in parts.items() if part is not _LEFT_OUT}
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value, key=str) if isinstance(value, set | frozenset) else value
        return [part for part in (_plain(item, depth + 1) for item in items) if part is not _LEFT_OUT]
    if hasattr(value, "tolist"):
        # Arrays and numbers of numpy, and columns of pandas.
        return _plain(value.tolist(), depth + 1)
    if type(value).__module__.startswith("alpine."):
        return _plain(_attributes(value), depth + 1)
    return _LEFT_OUT
