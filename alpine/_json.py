"""JSON that a server sent, read by the fastest library that is installed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any


def loads(text: bytes | str) -> Any:
    """Decode JSON.

    :raises ValueError: It is none.
    :raises RecursionError: It is nested too deeply.
    """
    return _loads(text)


def _first_loads(text: bytes | str) -> Any:
    global _loads  # noqa: PLW0603 - the library is looked for once, when it is first needed
    _loads = _chosen()
    return _loads(text)


def _chosen() -> Callable[[bytes | str], Any]:
    try:
        import orjson
    except ImportError:
        return json.loads

    def fast_loads(text: bytes | str) -> Any:
        # What it refuses may still be JSON to others: NaN, lone surrogates, UTF-16. A whole number beyond
        # 64 bits becomes a float, as in a browser; no id is so large.
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            return json.loads(text)

    return fast_loads


_loads: Callable[[bytes | str], Any] = _first_loads
