"""What the HTML of a notebook is made of: legible on light and dark pages, and without its styles too."""

from __future__ import annotations

import re
from html import unescape

import pytest

from alpine._display import html


def luminance(colour: str) -> float:
    """The relative luminance of ``#rrggbb``, as the WCAG define it."""
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("page", ["#ffffff", "#111111", "#131416"])
def test_colours_are_legible_on_the_pages_of_jupyter_and_furo(page: str) -> None:
    colours = set(re.findall(r"[{;]color:(#[0-9a-f]{6})", html.block()))
    assert len(colours) == 4
    for colour in colours:
        light, dark = sorted((luminance(colour), luminance(page)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) > 4.2


def test_a_heading_without_its_styles_is_still_words() -> None:
    shown = html.heading("orders", "4 operators", "", "5.0 s", status="SUCCESS")
    assert unescape(re.sub("<[^>]*>", "", shown)) == "orders SUCCESS 4 operators 5.0 s"


def test_a_status_in_a_table_is_a_badge_and_escaped() -> None:
    shown = html.table(("status",), [(html.Status("<b>"),), (html.Status(""),)])
    assert '<td><span class="badge bad">&lt;b&gt;</span></td>' in shown
    assert "<td></td>" in shown


def test_it_loads_nothing_and_runs_nothing() -> None:
    assert not re.search(r"<script|url[(]|@import|https?:", html.block())
