"""The public members of a class as its users see them: those of its private bases belong to it."""

from __future__ import annotations

import inspect
from typing import Any


def public_members(kind: type) -> dict[str, Any]:
    """The public members of a class and of the bases that are in private modules, by name."""
    own = [base for base in kind.__mro__ if base is kind or base.__module__.startswith("alpine._")]
    names = {name: None for base in reversed(own) for name in vars(base) if not name.startswith("_")}
    return {name: inspect.getattr_static(kind, name) for name in names}
