"""Text as Java counts and changes it: by UTF-16 units."""

from __future__ import annotations

from alpine.sandbox.engine.pig.refusals import RowFailure


def size(text: str) -> int:
    """The length in units.

    >>> size("a😀")
    3
    """
    return len(text) if _is_basic(text) else len(_units(text)) // 2


def substring(text: str, start: int, end: int) -> str | None:
    """The part from ``start`` up to ``end``; the end is cut to the length, other limits out of range give None.

    >>> [substring("abcdef", *ends) for ends in ((2, 100), (6, 10), (3, 2))]
    ['cdef', '', None]
    """
    if start < 0 or end < start or start > size(text):
        return None
    if _is_basic(text):
        return text[start:end]
    try:
        return _units(text)[2 * start : 2 * end].decode("utf-16-le")
    except UnicodeDecodeError:
        raise RowFailure("SUBSTRING would part a character that takes two units of UTF-16.") from None


def index(text: str, part: str, start: int) -> int:
    """Where a part first stands, from ``start`` on; -1 when it does not."""
    if _is_basic(text):
        return text.find(part, min(max(start, 0), len(text)))
    whole, wanted, at = _units(text), _units(part), min(max(start, 0), size(text)) * 2
    while (at := whole.find(wanted, at)) % 2 == 1 and at >= 0:
        at += 1
    return at // 2 if at >= 0 else -1


def last_index(text: str, part: str) -> int:
    """Where a part last stands; -1 when it does not."""
    if _is_basic(text):
        return text.rfind(part)
    found = text.rfind(part)
    return found if found < 0 else size(text[:found])


def upper_first(text: str) -> str:
    """The first letter as a capital."""
    return _first(text, str.upper)


def lower_first(text: str) -> str:
    """The first letter as a small one."""
    return _first(text, str.lower)


def same_letters(left: str, right: str) -> bool:
    """Whether two texts are the same in any capitals."""
    return len(left) == len(right) and all(
        a == b
        or _single(a, str.upper) == _single(b, str.upper)
        or _single(_single(a, str.upper), str.lower) == _single(_single(b, str.upper), str.lower)
        for a, b in zip(left, right, strict=True)
    )


def _first(text: str, change: object) -> str:
    return text if not text or text[0] > "\uffff" else _single(text[0], change) + text[1:]


def _single(sign: str, change: object) -> str:
    """A character changed, where that is one character."""
    assert callable(change)
    changed = str(change(sign))
    return changed if len(changed) == 1 else sign


def _is_basic(text: str) -> bool:
    return text.isascii() or max(text) <= "\uffff"


def _units(text: str) -> bytes:
    return text.encode("utf-16-le")
