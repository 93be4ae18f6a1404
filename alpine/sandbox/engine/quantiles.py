"""Quantile bins of a Variable operator.

Only the names of the elements are public: ``QuantileModel``, ``QuantileItem`` and ``QuantileItemBinNumeric``. So the
attributes are read by what their names must mean, and whatever leaves a doubt is refused.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from xml.etree.ElementTree import Element

from alpine.sandbox.engine.context import Context
from alpine.sandbox.engine.document import kind_of
from alpine.sandbox.engine.expressions import quoted
from alpine.sandbox.engine.failures import NodeFailure

_LOW = ("start", "from", "low", "min")
_HIGH = ("end", "to", "high", "max", "up")
_COUNT = ("numberofbin", "binnumber", "bincount", "bins")
_NEW_NAME = ("newcolumn", "newname", "resultcolumn")


def binned_columns(context: Context) -> list[str]:
    """The binned columns, as SQL to stand after SELECT: each row has the number of its bin, from 1.

    :raises NodeFailure: The file does not say plainly what the bins are.
    """
    model = context.element("QuantileModel")
    return [_binned(context, item) for item in model.iter("QuantileItem")] if model is not None else []


def _binned(context: Context, item: Element) -> str:
    if not item.get("columnName"):
        raise _doubt(item)
    column = context.table.find(item.get("columnName", ""))
    name = _attribute(item.attrib, _NEW_NAME) or f"{column}_quantile"
    if kind_of(context.table.type_of(column)) != "number":
        raise NodeFailure(f"The sandbox makes quantile bins of numbers only, and {column!r} holds none.")
    bins = list(item.iter("QuantileItemBinNumeric"))
    if bins:
        limits = " ".join(
            f"WHEN {quoted(column)} >= {_limit(b, _LOW)} AND {quoted(column)} {sign} {_limit(b, _HIGH)} THEN {place}"
            for place, (b, sign) in enumerate(zip(bins, ["<"] * (len(bins) - 1) + ["<="], strict=True), 1)
        )
        return f"CASE {limits} END AS {quoted(name)}"
    count = _attribute(item.attrib, _COUNT)
    if not count.isdigit() or int(count) < 1:
        raise _doubt(item)
    ranked = f"ntile({int(count)}) OVER (PARTITION BY {quoted(column)} IS NULL ORDER BY {quoted(column)})"
    return f"CASE WHEN {quoted(column)} IS NOT NULL THEN {ranked} END AS {quoted(name)}"


def _limit(item: Element, words: tuple[str, ...]) -> str:
    text = _attribute(item.attrib, words)
    try:
        value = float(text)
    except ValueError:
        raise _doubt(item) from None
    if math.isnan(value):
        raise _doubt(item)
    return f"CAST('{value!r}' AS DOUBLE)"


def _attribute(attributes: Mapping[str, str], words: tuple[str, ...]) -> str:
    """The one attribute whose name begins with one of the words; empty where there is none, or more than one."""
    found = [value for name, value in attributes.items() if name.lower().startswith(words)]
    return found[0].strip() if len(found) == 1 else ""


def _doubt(item: Element) -> NodeFailure:
    said = ", ".join(item.attrib) or "nothing"
    return NodeFailure(
        f"The sandbox cannot tell the quantile bins that <{item.tag}> of the <QuantileModel> means; it says {said}."
    )
