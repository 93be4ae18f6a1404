"""Pictures of results, through matplotlib: they return the axes and show nothing themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from alpine._arguments import choice, nearest
from alpine._extras import extra
from alpine._results.models import QUANTILE, Bins, Centres, Coefficients, Curve, TreeNode
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


def draw_coefficients(found: Coefficients, ax: Axes | None, options: dict[str, Any]) -> Axes:
    """The coefficients of a regression with intervals of 95 %, the first at the top."""
    ax = _axes(ax)
    places = range(len(found.names))
    reach = [QUANTILE * (error or 0.0) for error in found.errors]
    ax.axvline(0, color="grey", linewidth=0.8, linestyle="--")
    ax.errorbar(found.values, places, xerr=reach, **{"fmt": "o", "capsize": 3, **options})
    ax.set_yticks(places, found.names)
    ax.invert_yaxis()
    ax.set_xlabel("Coefficient, with 95 % interval")
    return ax


def draw_curves(curves: Mapping[str, Curve], ax: Axes | None, options: dict[str, Any]) -> Axes:
    """The ROC or lift curves of one or more models, by the names of the models."""
    ax = _axes(ax)
    first = next(iter(curves.values()))
    for name, curve in curves.items():
        ax.plot(*zip(*curve.points, strict=True), **{"label": name, **options})
    ax.plot(*zip(*first.baseline, strict=True), color="grey", linewidth=0.8, linestyle="--")
    ax.set_xlabel(first.x_title)
    ax.set_ylabel(first.y_title)
    if len(curves) > 1:
        ax.legend()
    return ax


def draw_tree(root: TreeNode, ax: Axes | None, options: dict[str, Any]) -> Axes:
    """A tree from the top down: what leads to each node, what it predicts, how many rows reach it."""
    places = _leaves_apart(root)
    if ax is None:
        width = max(6.4, 1.5 * (1 + max(x for _, (x, _) in places)))
        height = max(4.8, 1.1 * (1 - min(y for _, (_, y) in places)))
        # A layout that makes room for texts leaves none for axes whose texts reach over their edges.
        figure, ax = extra("matplotlib.pyplot").subplots(figsize=(width, height))
        figure.subplots_adjust(0.02, 0.02, 0.98, 0.98)
    found = {id(node): place for node, place in places}
    for node, (x, y) in places:
        for child in node.children:
            below_x, below_y = found[id(child)]
            ax.plot((x, below_x), (y, below_y), color="grey", linewidth=0.8, zorder=1)
    box = {"boxstyle": "round", "facecolor": "white", "edgecolor": "#3b8fd0"}
    for node, (x, y) in places:
        words = "\n".join(part for part in (node.condition, node.prediction, f"{node.rows:,} rows") if part)
        ax.text(
            x, y, words, **{"ha": "center", "va": "center", "fontsize": 8, "color": "black", "bbox": box, **options}
        )
    ax.margins(0.15)
    ax.set_axis_off()
    return ax


def _leaves_apart(root: TreeNode) -> list[tuple[TreeNode, tuple[float, float]]]:
    """Each node with its place: leaves side by side, a parent in the middle above its children."""
    order = [(root, 0)]
    for node, depth in order:
        order += [(child, depth + 1) for child in node.children]
    across: dict[int, float] = {}
    waiting, leaves = [root], 0
    while waiting:
        node = waiting.pop()
        waiting += reversed(node.children)
        if not node.children:
            across[id(node)] = float(leaves)
            leaves += 1
    for node, _ in reversed(order):
        if node.children:
            across[id(node)] = sum(across[id(child)] for child in node.children) / len(node.children)
    return [(node, (across[id(node)], -float(depth))) for node, depth in order]


def draw_centres(centres: Centres, ax: Axes | None, options: dict[str, Any]) -> Axes:
    """The centres of clusters: a row for each cluster, each column shaded from its lowest centre to its highest."""
    ax = _axes(ax)
    table = centres.table
    shades = [
        [centres.shade_of_cell(row, i + 1) for i in range(len(centres.columns))] for row in range(len(table.rows))
    ]
    ax.imshow(shades, **{"cmap": "Blues", "vmin": 0, "vmax": 1, "aspect": "auto", **options})
    ax.set_xticks(range(len(centres.columns)), centres.columns)
    ax.set_yticks(range(len(centres.clusters)), centres.clusters)
    ax.set_ylabel("Cluster")
    for row, values in enumerate(centres.values):
        for column, value in enumerate(values):
            color = "white" if shades[row][column] > 0.5 else "black"
            ax.text(column, row, "" if value is None else f"{value:.4g}", ha="center", va="center", color=color)
    return ax


def draw_bins(bins: Bins, ax: Axes | None, options: dict[str, Any]) -> Axes:
    """A histogram: a bar for each bin, as wide as that."""
    ax = _axes(ax)
    widths = [end - begin for begin, end in zip(bins.begins, bins.ends, strict=True)]
    ax.bar(bins.begins, bins.counts, widths, **{"align": "edge", "edgecolor": "white", **options})
    ax.set_xlabel(bins.name)
    ax.set_ylabel("Count")
    return ax


def draw_model(tables: Mapping[str, Table], ax: Axes | None, options: dict[str, Any]) -> Axes | None:
    """What the tables of a model or of an evaluator look like; None where they are none.

    :param tables: The tables of an output, by the names of their tabs.
    """
    curves = {
        name.removesuffix(f": {kind}"): curve
        for name, table in tables.items()
        for kind in ("ROC", "Lift")
        if name.endswith(f": {kind}") and (curve := Curve.of(table)) is not None
    }
    if curves:
        return draw_curves(curves, ax, options)
    for name, table in tables.items():
        if (curve := Curve.of(table)) is not None:
            return draw_curves({name: curve}, ax, options)
        if (root := TreeNode.of(table)) is not None:
            return draw_tree(root, ax, options)
        if (centres := Centres.of(table)) is not None:
            return draw_centres(centres, ax, options)
        if (found := Coefficients.of(table)) is not None:
            return draw_coefficients(found, ax, options)
        if (bins := Bins.of(name, table)) is not None:
            return draw_bins(bins, ax, options)
    return None


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
