"""Draws a flow as an SVG picture: boxes with names, arrows between them."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import combinations

WIDTH, HEIGHT = 168.0, 46.0
GAP_X, GAP_Y = 48.0, 28.0
MARGIN = 12.0
MAX_SCALE = 4.0
MAX_SPAN = 12_000.0
MAX_PLACED = 300
PADDING = 6.0
NAME_SIZE = 12.0
KIND_SIZE = 10.0

# Which font a page has is not known here: these are the widths of DejaVu Sans Bold, the widest of those that browsers
# take for system-ui, as parts of the font's size.
_WIDTHS = {
    **dict.fromkeys(" ijlI.,'|", 0.38),
    **dict.fromkeys(":;!()[]/-fJrt", 0.5),
    **dict.fromkeys("aceksvxyzEFL?*_`", 0.69),
    **dict.fromkeys("bdghnopqu0123456789${}PSTYZ", 0.75),
    **dict.fromkeys("ABCDGHKNOQRUVXw&#=+<>~^", 0.93),
    **dict.fromkeys("mMW@%", 1.11),
}
_ELLIPSIS_WIDTH = 1.0
_THINNER = 0.92
"""The width of letters that are not bold, as a part of that of bold ones."""

# Boxes bring their own background and lines are of a middle grey, so that the drawing reads on white and on black.
_STYLE = (
    ".alpine-flow rect{fill:#eef3fb;stroke:#5b7fb5;stroke-width:1.2}"
    ".alpine-flow text{font-family:system-ui,sans-serif;text-anchor:middle}"
    f".alpine-flow .name{{font-size:{NAME_SIZE:g}px;font-weight:600;fill:#1b2a41}}"
    f".alpine-flow .kind{{font-size:{KIND_SIZE:g}px;fill:#56657a}}"
    ".alpine-flow path{fill:none;stroke:#8a919c;stroke-width:1.6}"
    ".alpine-flow polygon{fill:#8a919c}"
    ".alpine-flow .added rect{fill:#dff3e4;stroke:#2e8b57;stroke-width:2.4}"
    ".alpine-flow .added path{stroke:#2e8b57}.alpine-flow .added polygon{fill:#2e8b57}"
    ".alpine-flow .removed rect{fill:#fbe3e1;stroke:#c8453b;stroke-width:2.4;stroke-dasharray:6 3}"
    ".alpine-flow .removed path{stroke:#c8453b;stroke-dasharray:6 3}.alpine-flow .removed polygon{fill:#c8453b}"
    ".alpine-flow .changed rect{fill:#fdf1d3;stroke:#c98a12;stroke-width:2.4}"
    ".alpine-flow .traced rect{fill:#d6e8fd;stroke:#1f6fd1;stroke-width:2.4}"
    ".alpine-flow .traced path{stroke:#1f6fd1;stroke-width:2.4}.alpine-flow .traced polygon{fill:#1f6fd1}"
    ".alpine-flow .decides rect{fill:#ece2fb;stroke:#7d4cc9;stroke-width:2.4}"
    ".alpine-flow .unknown rect{fill:#f1f1f1;stroke:#7a7f87;stroke-width:2.4;stroke-dasharray:3 3}"
)

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """What is drawn for one operator.

    :param name: Its name.
    :param kind: A second, smaller line.
    :param x: Wished horizontal position.
    :param y: Wished vertical position.
    :param mark: ``added``, ``removed`` or ``changed``; ``traced``, ``decides`` or ``unknown``, which have colours;
        otherwise nothing.
    """

    name: str
    kind: str
    x: float | None = None
    y: float | None = None
    mark: str = ""


def svg(
    boxes: Sequence[Box], links: Sequence[tuple[str, str]], *, marks: Mapping[tuple[str, str], str] | None = None
) -> str:
    """Draw boxes and the arrows between them.

    :param boxes: The boxes, with unique names.
    :param links: Pairs of names; a pair that names no box is left out.
    :param marks: The marks of links, as those of boxes.
    :returns: The SVG document, as a string.
    """
    names = {box.name for box in boxes}
    drawn = [(source, target) for source, target in dict.fromkeys(links) if {source, target} <= names]
    places = _wished(boxes) or _by_rank(boxes, drawn)
    left = min((x for x, _ in places.values()), default=0.0)
    top = min((y for _, y in places.values()), default=0.0)
    places = {name: (x - left + MARGIN, y - top + MARGIN) for name, (x, y) in places.items()}
    width = max((x for x, _ in places.values()), default=0.0) + WIDTH + MARGIN
    height = max((y for _, y in places.values()), default=0.0) + HEIGHT + MARGIN
    arrows = "".join(
        _arrow(places[source], places[target], (marks or {}).get((source, target), "")) for source, target in drawn
    )
    shapes = "".join(_shape(box, places[box.name]) for box in boxes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="alpine-flow" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" style="max-width:100%;height:auto" role="img">'
        f"<style>{_STYLE}</style>{arrows}{shapes}</svg>"
    )


def _wished(boxes: Sequence[Box]) -> dict[str, Point] | None:
    """The positions of the file, spread until no two boxes touch; None where that gives no legible drawing."""
    places = {box.name: (box.x, box.y) for box in boxes if box.x is not None and box.y is not None}
    if len(places) < len(boxes) or len(boxes) > MAX_PLACED:
        return None
    scale = 1.0
    for (x1, y1), (x2, y2) in combinations(places.values(), 2):
        apart_x, apart_y = abs(x1 - x2), abs(y1 - y2)
        scale = max(scale, min(_stretch(apart_x, WIDTH + GAP_X), _stretch(apart_y, HEIGHT + GAP_Y)))
        if scale > MAX_SCALE or max(apart_x, apart_y) * scale > MAX_SPAN:
            return None
    return {name: (x * scale, y * scale) for name, (x, y) in places.items()}


def _stretch(apart: float, wanted: float) -> float:
    return wanted / apart if apart > 1 else wanted


def _by_rank(boxes: Sequence[Box], links: Sequence[tuple[str, str]]) -> dict[str, Point]:
    """A column for each step away from the sources, in file order from top to bottom."""
    followers: dict[str, list[str]] = {box.name: [] for box in boxes}
    missing = {box.name: 0 for box in boxes}
    for source, target in links:
        followers[source].append(target)
        missing[target] += 1
    ranks = dict.fromkeys(missing, 0)
    ready = [name for name, count in missing.items() if not count]
    for name in ready:
        for follower in followers[name]:
            ranks[follower] = max(ranks[follower], ranks[name] + 1)
            missing[follower] -= 1
            if not missing[follower]:
                ready.append(follower)
    rows: dict[int, int] = {}
    places = {}
    for name, rank in ranks.items():
        row = rows.get(rank, 0)
        rows[rank] = row + 1
        places[name] = (rank * (WIDTH + GAP_X), row * (HEIGHT + GAP_Y))
    return places


def _arrow(source: Point, target: Point, mark: str) -> str:
    """A line from the middle of one box to the edge of the other, with a head there."""
    x1, y1 = source[0] + WIDTH / 2, source[1] + HEIGHT / 2
    x2, y2 = target[0] + WIDTH / 2, target[1] + HEIGHT / 2
    across, down = x2 - x1, y2 - y1
    length = (across**2 + down**2) ** 0.5
    if not length:
        return ""
    to_side = WIDTH / 2 / abs(across) if across else float("inf")
    to_top = HEIGHT / 2 / abs(down) if down else float("inf")
    inside = min(to_side, to_top, 1.0)
    tip_x, tip_y = x2 - across * inside, y2 - down * inside
    unit_x, unit_y = across / length, down / length
    back_x, back_y = tip_x - 9 * unit_x, tip_y - 9 * unit_y
    corners = f"{tip_x:.1f},{tip_y:.1f} {back_x - 4 * unit_y:.1f},{back_y + 4 * unit_x:.1f}"
    corners += f" {back_x + 4 * unit_y:.1f},{back_y - 4 * unit_x:.1f}"
    line = f'<path d="M{x1:.1f} {y1:.1f}L{back_x:.1f} {back_y:.1f}"/><polygon points="{corners}"/>'
    return f'<g class="{mark}">{line}</g>' if mark else line


def _shape(box: Box, place: Point) -> str:
    x, y = place
    name, kind = _short(box.name, NAME_SIZE), _short(box.kind.removesuffix("Operator"), _THINNER * KIND_SIZE)
    # What a picture within the picture would draw outside of itself is not seen: no letter leaves its box, whatever
    # the font.
    said = f"{box.kind}, {box.mark}" if box.mark else box.kind
    marked = f' class="{box.mark}"' if box.mark else ""
    return (
        f'<g{marked}><title>{_text(box.name)} ({_text(said)})</title><rect x="{x:.1f}" y="{y:.1f}" width="{WIDTH:g}" '
        f'height="{HEIGHT:g}" rx="7"/><svg x="{x:.1f}" y="{y:.1f}" width="{WIDTH:g}" height="{HEIGHT:g}">'
        f'<text class="name" x="50%" y="20">{_text(name)}</text>'
        f'<text class="kind" x="50%" y="36">{_text(kind)}</text></svg></g>'
    )


def _short(text: str, size: float) -> str:
    """As much of a string as fits into a box, for letters of this size."""
    room = (WIDTH - 2 * PADDING) / size
    width, fits = 0.0, 0
    for position, char in enumerate(text):
        width += _width(char)
        if width > room:
            return text[:fits].rstrip() + "…"
        if width + _ELLIPSIS_WIDTH <= room:
            fits = position + 1
    return text


def _width(char: str) -> float:
    """The width of a letter at the most, as a part of the font's size."""
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0.0
    if unicodedata.category(char) == "So":  # such as an emoji
        return 1.4
    return _WIDTHS.get(char, 0.8 if char.islower() else 1.0)


def _text(text: str) -> str:
    return escape(text, quote=True)
