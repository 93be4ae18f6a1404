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


def loads_or_text(body: bytes) -> Any:
    """The document, or a string where it is none: the engine calls its responses JSON even when they are plain text."""
    try:
        return loads(body)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")


def _first_loads(text: bytes | str) -> Any:
    global _loads  # noqa: PLW0603 - the library is looked for once, when it is first needed
    # An import that a signal handler breaks off is not begun again: the second one of orjson crashes the process.
    _loads = _tolerant_loads
    _loads = _chosen()
    return _loads(text)


def _chosen() -> Callable[[bytes | str], Any]:
    try:
        import orjson
    except ImportError:
        return _tolerant_loads

    def fast_loads(text: bytes | str) -> Any:
        # What it refuses may still be JSON to others: NaN, lone surrogates, UTF-16. A whole number beyond
        # 64 bits becomes a float, as in a browser; no id is so large.
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            return _tolerant_loads(text)

    return fast_loads


_HALVES_BEGIN = (b"\\ud", b"\\uD", b"\xed")
"""How each half of a character begins, and some whole ones."""


def _tolerant_loads(text: bytes | str) -> Any:
    document = json.loads(text)
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return _mended(document) if any(begin in raw for begin in _HALVES_BEGIN) else document


def _mended(value: Any) -> Any:
    """The same with a sign for what is half of a character: no file, table or page takes that."""
    match value:
        case str():
            return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case list():
            return [_mended(item) for item in value]
        case dict():
            return {_mended(key): _mended(item) for key, item in value.items()}
    return value


_loads: Callable[[bytes | str], Any] = _first_loads
