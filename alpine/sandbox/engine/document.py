"""The results document of a run, in the server's own format."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

PREVIEW = 25
_PLACES = 24
"""The decimal places of a numeric whose type declares none."""
TABLE, COMPOSITE, HEAT_MAP = 0, 6, 20
_NUMBERS = (
    *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"),
    *("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"),
    *("FLOAT", "DOUBLE", "DECIMAL"),
)

Pairs = list[list[str]]


@dataclass(frozen=True)
class TableView:
    """A table as a result shows it.

    :param columns: Names of the columns.
    :param types: ``number`` or ``cate`` for each.
    :param rows: The cells, already as text.
    :param messages: Remarks below the table.
    :param table_name: The output table it comes from.
    """

    columns: Sequence[str]
    types: Sequence[str]
    rows: Sequence[Sequence[str]]
    messages: Sequence[str] = ()
    table_name: str | None = None


@dataclass(frozen=True)
class Tabs:
    """Several results of one operator, each with its title."""

    parts: Sequence[tuple[str, View]]


@dataclass(frozen=True)
class HeatMap:
    """The heat map of a confusion matrix.

    :param model_name: The model it judges.
    :param accuracy: Share of rows that it got right.
    :param classes: The classes, in order.
    :param counts: Rows by observed class (first index) and predicted class.
    """

    model_name: str
    accuracy: float
    classes: Sequence[str]
    counts: Sequence[Sequence[int]]


View = TableView | Tabs | HeatMap


@dataclass
class NodeRecord:
    """What is known of one operator that ran."""

    name: str
    title: str
    description: str
    started: datetime
    ended: datetime
    view: View
    meta: Pairs = field(default_factory=list)
    has_meta: bool = True


def cell(value: Any) -> str:
    """One value as a result shows it.

    Whole numbers come plain, doubles with four decimals, decimal numbers as they are stored, a null as nothing.

    >>> cell(7), cell(1956.592205), cell(Decimal("12.50")), cell(None), cell(True)
    ('7', '1956.5922', '12.50', '', 'true')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return (
            f"{value:.4f}" if math.isfinite(value) else {"nan": "NaN", "inf": "Infinity"}.get(str(value), "-Infinity")
        )
    if isinstance(value, Decimal):
        text = f"{value:f}"
        # A numeric without declared places is kept with all that there are room for.
        return (
            text
            if value.as_tuple().exponent != -_PLACES
            else f"{text[: -_PLACES + 4]}{text[-_PLACES + 4 :].rstrip('0')}"
        )
    return str(value)


def kind_of(type_name: str) -> str:
    """``number`` or ``cate`` for a type of the database."""
    return "number" if type_name.upper().startswith(_NUMBERS) and not type_name.endswith("]") else "cate"


def limited(columns: int, rows: int) -> list[str]:
    """The server's remark below a table of which only the first rows are shown."""
    if rows <= PREVIEW:
        return []
    message = (
        f"Operation created output with {columns:,} columns and {rows:,} rows. Visualization of rows limited to "
        f"{PREVIEW}. Please refer to output table for full results."
    )
    return [message]


def output(record: NodeRecord) -> dict[str, Any]:
    """The entry of one operator."""
    entry = _entry(record.name, record.view)
    if record.has_meta:
        entry["node_meta_info"] = [
            ["Node name:", record.name],
            ["Algorithm name: ", record.title],
            ["Algorithm description: ", record.description],
            ["Executing start from: ", _long_time(record.started)],
            ["Executing end to: ", _long_time(record.ended)],
            *record.meta,
        ]
    return entry


def log(node: str, message: str, short: str, process_id: str, error: str = "null") -> dict[str, str]:
    """One line of the logs."""
    return {
        "dateTime": now().strftime("%H:%M:%S"),
        "nodeName": node,
        "message": message,
        "logmessage": short,
        "errMessage": error,
        "uuid": process_id,
    }


def now() -> datetime:
    """The time, with the machine's zone."""
    return datetime.now().astimezone()


def timestamp(moment: datetime) -> str:
    """A time as the head of the document writes it: milliseconds, and an offset without a colon."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}{moment:%z}"


def _entry(title: str, view: View) -> dict[str, Any]:
    kind, data = _visual(view)
    return {
        "out_id": now().timestamp() * 1000 + random.random(),  # noqa: S311 - an id, not a secret
        "out_title": title,
        "visualType": kind,
        "visualData": data,
        "isGenerateReport": True,
    }


def _visual(view: View) -> tuple[int, Any]:
    if isinstance(view, Tabs):
        return COMPOSITE, [_entry(title, part) for title, part in view.parts]
    if isinstance(view, HeatMap):
        return HEAT_MAP, _heat_map(view)
    data: dict[str, Any] = {
        "columns": list(view.columns),
        "columnTypes": list(view.types),
        "items": [dict(zip(view.columns, row, strict=True)) for row in view.rows],
        "fixedNumberOfColumns": 0,
    }
    if view.messages:
        data["errorMessages"] = list(view.messages)
    if view.table_name:
        data["tableName"] = view.table_name
    return TABLE, data


def _heat_map(view: HeatMap) -> dict[str, Any]:
    most = max((max(row) for row in view.counts), default=0) or 1
    values = [{"sequence": i, "data": [str(count) for count in row]} for i, row in enumerate(view.counts)]
    shades = [{"sequence": i, "data": [f"{count / most:.2f}" for count in row]} for i, row in enumerate(view.counts)]
    return {
        "title": f"{view.model_name}: Heat Map",
        "visualizationType": HEAT_MAP,
        "needGenerateReport": True,
        "error": False,
        "errorMessage": [],
        "operatorInputs": [],
        "analyticNodeMetaInfo": None,
        "heatMapTable": {
            "modelName": view.model_name,
            "accuracy": view.accuracy,
            "YValues": list(view.classes),
            "rowsValue": values,
            "rowsIntensity": shades,
        },
    }


def _long_time(moment: datetime) -> str:
    return f"{moment:%b} {moment.day}, {moment.year} {moment.hour % 12 or 12}:{moment:%M:%S %p}"
