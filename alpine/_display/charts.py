"""Small charts as SVG, for the notebook: intervals, curves and trees. They bring no script and read on any page."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Protocol

from alpine._display.html import escape

_ROW, _NAME, _PLOT, _VALUE = 22.0, 190.0, 320.0, 80.0
_SIDE, _LEFT, _BELOW = 220.0, 52.0, 40.0
_LONGEST = 26
_MOST_INTERVALS = 60
_MOST_NODES = 120
_STEP, _BAR = 22.0, 120.0
_COLOURS = ("#3b8fd0", "#e08a3c", "#4fa66a", "#b0629f", "#c8504a", "#8c7ac9", "#5aa9b5", "#b3a13c")
_STYLE = (
    "<style>svg.alpine-chart text{font:11px system-ui,sans-serif;fill:currentColor}"
    "svg.alpine-chart .line{fill:none;stroke:#3b8fd0;stroke-width:2}"
    "svg.alpine-chart .dot{fill:#3b8fd0}"
    "svg.alpine-chart .axis{stroke:currentColor;stroke-opacity:.45;fill:none}"
    "svg.alpine-chart .base{stroke:currentColor;stroke-opacity:.45;stroke-dasharray:4 3;fill:none}</style>"
)

Point = tuple[float, float]


def intervals(names: Sequence[str], values: Sequence[float], ends: Sequence[tuple[float, float]]) -> str:
    """A dot for each value, on the line of its interval; a dashed line at zero.

    :param names: What the values are called.
    :param values: The values.
    :param ends: The lower and the upper end of each interval.
    :returns: The SVG; nothing where no value is finite or there are too many to be read.
    """
    shown = [
        (name, value, low, high)
        for name, value, (low, high) in zip(names, values, ends, strict=True)
        if all(map(math.isfinite, (value, low, high)))
    ]
    if not shown or len(shown) > _MOST_INTERVALS:
        return ""
    low, high = min(0.0, *(row[2] for row in shown)), max(0.0, *(row[3] for row in shown))
    span = high - low or 1.0

    def across(value: float) -> float:
        return _NAME + 10 + (value - low) / span * (_PLOT - 20)

    height = _ROW * len(shown) + 6
    parts = [f'<path class="base" d="M{across(0):.1f} 0V{height:.1f}"/>']
    for place, (name, value, start, end) in enumerate(shown):
        y = _ROW * place + _ROW / 2 + 3
        said = f"{name}: {value:.6g} ({start:.6g} to {end:.6g})"
        parts.append(
            f"<g><title>{escape(said)}</title>"
            f'<text x="{_NAME - 8:g}" y="{y + 4:.1f}" text-anchor="end">{escape(_short(name))}</text>'
            f'<path class="line" d="M{across(start):.1f} {y:.1f}H{across(end):.1f}"/>'
            f'<circle class="dot" cx="{across(value):.1f}" cy="{y:.1f}" r="3.5"/>'
            f'<text x="{_NAME + _PLOT + 6:g}" y="{y + 4:.1f}">{value:.4g}</text></g>'
        )
    return _svg(_NAME + _PLOT + _VALUE, height, parts)


def curve(points: Sequence[Point], x_title: str, y_title: str, baseline: tuple[Point, Point]) -> str:
    """A line through points, and a dashed one to compare it with.

    :param points: The points, from left to right.
    :param x_title: What the horizontal axis shows, from 0 to 1.
    :param y_title: What the vertical axis shows, from 0.
    :param baseline: The two ends of the dashed line.
    :returns: The SVG.
    """
    top = max(1.0, *(y for _, y in (*points, *baseline)))

    def place(point: Point) -> str:
        x, y = point
        return f"{_LEFT + x * _SIDE:.1f} {8 + (1 - y / top) * _SIDE:.1f}"

    bottom, right = 8 + _SIDE, _LEFT + _SIDE
    parts = [
        f'<path class="axis" d="M{_LEFT:g} 8V{bottom:g}H{right:g}"/>',
        f'<path class="base" d="M{place(baseline[0])}L{place(baseline[1])}"/>',
        f'<path class="line" d="M{"L".join(map(place, points))}"/>',
        *(
            f'<text x="{_LEFT - 6:g}" y="{y:g}" text-anchor="end">{said}</text>'
            for y, said in ((16, f"{top:.3g}"), (bottom, "0"))
        ),
        f'<text x="{_LEFT:g}" y="{bottom + 14:g}" text-anchor="middle">0</text>',
        f'<text x="{right:g}" y="{bottom + 14:g}" text-anchor="middle">1</text>',
        f'<text x="{_LEFT + _SIDE / 2:g}" y="{bottom + 28:g}" text-anchor="middle">{escape(x_title)}</text>',
        f'<text transform="translate(14 {8 + _SIDE / 2:g}) rotate(-90)" text-anchor="middle">{escape(y_title)}</text>',
    ]
    return _svg(right + 16, bottom + _BELOW, parts)


class Node(Protocol):
    """A node of a tree, as :class:`alpine._results.models.TreeNode` is one."""

    @property
    def condition(self) -> str: ...
    @property
    def rows(self) -> int: ...
    @property
    def prediction(self) -> str: ...
    @property
    def shares(self) -> Sequence[tuple[str, float]]: ...
    @property
    def children(self) -> Sequence[Node]: ...


def tree(root: Node) -> str:
    """A tree from left to right: what leads to each node, how many rows reach it, what it predicts, and the classes.

    :param root: The root.
    :returns: The SVG. A tree of many nodes is cut, and the last line says so.
    """
    lines = list(_lines(root, 0, _MOST_NODES))
    deepest = max(depth for depth, _ in lines)
    bar = _NAME + deepest * _STEP + 150
    parts, above = list[str](), dict[int, float]()
    for place, (depth, node) in enumerate(lines):
        x, y = 8 + depth * _STEP, _ROW * place + _ROW / 2 + 3
        above[depth] = y
        if depth:
            parts.append(f'<path class="axis" d="M{x - _STEP + 4:g} {above[depth - 1] + 6:.1f}V{y:.1f}H{x - 4:g}"/>')
        shares = ", ".join(f"{name} {share:.1%}" for name, share in node.shares)
        said = f"{node.condition or 'all rows'}: {node.rows:,} rows, predicts {node.prediction}. {shares}"
        mark = "" if node.children else ' font-weight="600"'
        parts.append(
            f"<g><title>{escape(said)}</title>"
            f'<circle class="dot" cx="{x:g}" cy="{y:.1f}" r="{3.5 if node.children else 4.5:g}"/>'
            f'<text x="{x + 9:g}" y="{y + 4:.1f}">{escape(_short(node.condition or "all rows"))}</text>'
            f'<text x="{bar - 8:g}" y="{y + 4:.1f}" text-anchor="end"{mark}>{escape(_short(node.prediction))}</text>'
            f"{_stacked(node.shares, bar, y)}"
            f'<text x="{bar + _BAR + 8:g}" y="{y + 4:.1f}">{node.rows:,}</text></g>'
        )
    names = [name for name, _ in root.shares]
    y = _ROW * len(lines) + 16
    x = 8.0
    for place, name in enumerate(names[: len(_COLOURS)]):
        parts.append(f'<rect x="{x:g}" y="{y - 9:g}" width="10" height="10" fill="{_COLOURS[place]}"/>')
        parts.append(f'<text x="{x + 14:g}" y="{y:g}">{escape(_short(name))}</text>')
        x += 30 + 7 * len(_short(name))
    if len(names) > len(_COLOURS):
        parts.append(f'<text x="{x:g}" y="{y:g}">and {len(names) - len(_COLOURS)} more classes</text>')
    if (left := _size(root) - len(lines)) > 0:
        parts.append(f'<text x="8" y="{y + 18:g}">{left:,} more nodes are in the table.</text>')
        y += 18
    return _svg(max(bar + _BAR + 70, x), y + 10, parts)


def _lines(node: Node, depth: int, most: int) -> Iterator[tuple[int, Node]]:
    """The nodes with their depths, depth first, at most so many."""
    open_nodes = [(depth, node)]
    while open_nodes and most:
        depth, node = open_nodes.pop()
        yield depth, node
        most -= 1
        open_nodes += [(depth + 1, child) for child in reversed(node.children)]


def _size(root: Node) -> int:
    return sum(1 for _ in _lines(root, 0, -1))


def _stacked(shares: Sequence[tuple[str, float]], x: float, y: float) -> str:
    """The shares of the classes as one bar."""
    parts = []
    for place, (_, share) in enumerate(shares):
        colour = _COLOURS[place] if place < len(_COLOURS) else "#8a919c"
        if share > 0:
            parts.append(f'<rect x="{x:.1f}" y="{y - 6:.1f}" width="{share * _BAR:.1f}" height="12" fill="{colour}"/>')
            x += share * _BAR
    return "".join(parts)


def _svg(width: float, height: float, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="alpine-chart" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" style="max-width:100%;height:auto" role="img">{_STYLE}{"".join(parts)}</svg>'
    )


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
