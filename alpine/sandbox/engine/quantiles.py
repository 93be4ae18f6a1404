"""Quantile bins of a Variable operator.

Only the names of the elements are public: ``QuantileModel``, ``QuantileItem`` and ``QuantileItemBinNumeric``. So the
attributes are read by what their names must mean, and whatever leaves a doubt is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from xml.etree.ElementTree import Element

from alpine.sandbox.engine.context import Context, unique
from alpine.sandbox.engine.database import PLACE
from alpine.sandbox.engine.document import kind_of
from alpine.sandbox.engine.expressions import quoted
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.types import MAX_DIGITS

_COLUMN = ("columnname",)
_LOW = ("start", "from", "low", "min")
_HIGH = ("end", "to", "high", "max", "up")
_NUMBER = ("bin", "index")
_COUNT = ("numberofbin", "binnumber", "bincount", "bins")
_NEW_NAME = ("newcolumn", "newname", "resultcolumn")
_CREATE = ("createnew", "iscreatenew")
_TYPE = ("type", "quantiletype", "bintype")
_HAS_LIMITS = {"customize": True, "average ascend": False}
_IS_NEW = {"true": True, "yes": True, "": True, "false": False, "no": False}


def binned_columns(context: Context) -> dict[str, str]:
    """The binned columns, by name, as SQL: each row has the number of its bin, from 1.

    A column that is binned in its own place has its own name.

    :raises NodeFailure: The file does not say plainly what the bins are.
    """
    model = context.element("QuantileModel")
    items = list(model) if model is not None else []
    if any(item.tag != "QuantileItem" for item in items):
        raise _doubt(next(item for item in items if item.tag != "QuantileItem"))
    found = [_binned(context, item) for item in items]
    unique([name for name, _ in found])
    return dict(found)


def _binned(context: Context, item: Element) -> tuple[str, str]:
    bins = list(item)
    _no_other(item, _COLUMN, _NEW_NAME, _COUNT, _CREATE, _TYPE)
    is_new = _IS_NEW.get(_attribute(item.attrib, _CREATE).lower())
    kind, count = _attribute(item.attrib, _TYPE), _attribute(item.attrib, _COUNT)
    has_limits = _HAS_LIMITS.get(" ".join(kind.lower().split())) if kind else bool(bins)
    if not item.get("columnName") or is_new is None or has_limits is None or (not kind and bins and count):
        raise _doubt(item)
    column = context.table.find(item.get("columnName", ""))
    name = (_attribute(item.attrib, _NEW_NAME) or f"{column}_bin") if is_new else column
    if kind_of(context.table.type_of(column)) != "number":
        raise NodeFailure(f"The sandbox makes quantile bins of numbers only, and {column!r} holds none.")
    if has_limits:
        return name, _by_limits(context, column, item)
    if not count.isdecimal() or int(count) < 1:
        raise _doubt(item)
    ranked = f"ntile({int(count)}) OVER (PARTITION BY {quoted(column)} IS NULL ORDER BY {quoted(column)}, {PLACE})"
    return name, f"CASE WHEN {quoted(column)} IS NOT NULL THEN {ranked} END"


def _by_limits(context: Context, column: str, item: Element) -> str:
    bins, kind = list(item), context.table.type_of(column)
    if not bins:
        raise _doubt(item)
    parts = []
    for place, part in enumerate(bins, 1):
        _no_other(part, _LOW, _HIGH, _NUMBER)
        if part.tag != "QuantileItemBinNumeric" or _attribute(part.attrib, _NUMBER) not in ("", str(place)):
            raise _doubt(part)
        low, high = _limit(part, _LOW, kind), _limit(part, _HIGH, kind)
        sign = "<=" if place == len(bins) else "<"
        parts.append(f"WHEN {quoted(column)} >= {low} AND {quoted(column)} {sign} {high} THEN {place}")
    return f"CASE {' '.join(parts)} END"


def _limit(item: Element, words: tuple[str, ...], kind: str) -> str:
    """A limit of a bin as SQL: exactly, where the column's numbers are exact."""
    text = _attribute(item.attrib, words)
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise _doubt(item) from None
    if value.is_nan():
        raise _doubt(item)
    if value.is_finite() and kind not in ("FLOAT", "DOUBLE") and len(f"{value:f}") < MAX_DIGITS:
        return f"{value:f}"
    return f"CAST('{value}' AS DOUBLE)"


def _no_other(item: Element, *known: tuple[str, ...]) -> None:
    """Make sure that an element says nothing that nobody reads.

    :raises NodeFailure: It does.
    """
    words = tuple(word for group in known for word in group)
    if any(value.strip() and not name.lower().startswith(words) for name, value in item.attrib.items()):
        raise _doubt(item)


def _attribute(attributes: Mapping[str, str], words: tuple[str, ...]) -> str:
    """The one attribute whose name begins with one of the words; empty where there is none, or more than one."""
    found = [value for name, value in attributes.items() if name.lower().startswith(words)]
    return found[0].strip() if len(found) == 1 else ""


def _doubt(item: Element) -> NodeFailure:
    said = ", ".join(item.attrib) or "nothing"
    return NodeFailure(
        f"The sandbox cannot tell the quantile bins that <{item.tag}> of the <QuantileModel> means; it says {said}."
    )
