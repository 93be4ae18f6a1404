"""Pictures of results, through matplotlib: they return the axes and show nothing themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from alpine._arguments import choice, nearest
from alpine._display.html import extra
from alpine._results.tables import HeatMap, Table
from alpine.exception import InvalidArgumentException

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KINDS = ("line", "bar", "scatter", "hist")


def draw_heat_map(heat: HeatMap, ax: Axes | None, options: dict[str, Any]) -> Axes:
    """A confusion matrix, each count in a field that is the darker the larger it is."""
    ax = _axes(ax)
    classes = range(len(heat.classes))
    ax.imshow(heat.counts, **{"cmap": "Blues", "vmin": 0, **options})
    ax.set_xticks(classes, heat.classes)
    ax.set_yticks(classes, heat.classes)
    ax.set_xlabel("Predicted")
    ax.set_ylabel("Observed")
    accuracy = "" if heat.accuracy is None else f"accuracy {heat.accuracy:.4f}"
    ax.set_title(": ".join(part for part in (heat.model, accuracy) if part))
    for row, counts in enumerate(heat.counts):
        for column, count in enumerate(counts):
            color = "white" if heat.shade(row, column) > 0.5 else "black"
            ax.text(column, row, f"{count:,}", ha="center", va="center", color=color)
    return ax


def draw_table(
    table: Table, x: str | None, y: str | Sequence[str] | None, kind: str | None, ax: Axes | None, options: Any
) -> Axes:
    """Columns of a table as lines, bars, points or a histogram."""
    numeric = [table.columns[position] for position in sorted(table.numeric)]
    if x is None and kind not in ("hist", "scatter"):
        x = next((name for name in table.columns if name not in numeric), None)
    ys = [y] if isinstance(y, str) else list(y) if y is not None else [name for name in numeric if name != x]
    for name in [*ys, *([] if x is None else [x])]:
        if name not in table.columns:
            raise InvalidArgumentException(
                f"There is no column {name!r}.{nearest(str(name), table.columns)} "
                f"There are: {', '.join(map(repr, table.columns))}."
            )
    texts = [name for name in ys if name not in numeric]
    if texts or not ys or not table.rows:
        which = f"The column {texts[0]!r}" if texts else "The table"
        raise InvalidArgumentException(f"{which} holds {'no numbers' if table.rows else 'no rows'} to plot.")
    kind = choice(kind or ("line" if x is None or x in numeric else "bar"), "kind", KINDS)
    if kind == "scatter" and x is None:
        raise InvalidArgumentException("A scatter plot needs the names of two columns, x and y.")
    ax = _axes(ax)
    frame = table.to_dataframe()
    # Of whole numbers with gaps not every version of matplotlib can make anything.
    frame = frame.astype({name: "float64" for name in numeric if frame[name].dtype != "int64"})
    if kind == "scatter":
        for name in ys:
            ax.scatter(frame[x], frame[name], **{"label": name, **options})
        ax.set_xlabel(str(x))
    else:
        if x is not None and kind != "hist":
            # The server shows rows in no order, which would send a line to and fro.
            frame = (frame.sort_values(x) if kind == "line" else frame).set_index(x, drop=False)
        frame[ys].plot(kind=kind, ax=ax, **{"legend": False, **options})
    if len(ys) > 1:
        ax.legend()
    elif kind == "hist":
        ax.set_xlabel(ys[0])
    else:
        ax.set_ylabel(ys[0])
    return ax


def _axes(ax: Axes | None) -> Axes:
    if ax is None:
        _, ax = extra("matplotlib.pyplot").subplots(layout="constrained")
    return ax
