"""The drawing of a workflow is well-formed, and its names fit."""

from __future__ import annotations

import string
from pathlib import Path
from xml.etree import ElementTree

import pytest

from alpine import afm
from alpine.afm import drawing
from tests.afm.flows import FLOW, flow_of


def test_the_drawing_is_well_formed_and_escapes_names():
    flow = afm.read(FLOW)
    picture = ElementTree.fromstring(flow.to_svg())
    texts = [element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == ["Row & Filter", "Filter", "orders", "DbTable"]
    assert len(list(picture.iter("{http://www.w3.org/2000/svg}polygon"))) == 1
    assert flow._repr_html_() == flow._repr_svg_() == flow.to_svg()


LONG_NAMES = [
    *(letter * 60 for letter in [*string.printable.strip(), "ß", "é", "Ω"]),
    "Confusion Matrix Viewer of the Northern Region",
    "Linear Regression - 1 - trained again",
    "重要客户数据筛选与汇总操作符名称很长",
    "Фильтр строк по сумме и дате заказа",
    "🚀🎉" * 20,
    "e\u0301" * 60,
]


@pytest.mark.parametrize("name", LONG_NAMES, ids=lambda name: ascii(name[:6]))
def test_a_name_fits_its_box_in_a_wide_font(name: str):
    """Measured with the widest font that browsers take for system-ui, which matplotlib brings along."""
    fonts = Path(pytest.importorskip("matplotlib").get_data_path()) / "fonts" / "ttf"
    image_font = pytest.importorskip("PIL.ImageFont")
    box = drawing.Box(name, f"{name}Operator")
    picture = ElementTree.fromstring(drawing.svg([box], []))
    assert picture.findtext(".//{*}title") == f"{name} ({name}Operator)"
    for text, font, size in zip(
        picture.iter("{http://www.w3.org/2000/svg}text"),
        ("DejaVuSans-Bold.ttf", "DejaVuSans.ttf"),
        (drawing.NAME_SIZE, drawing.KIND_SIZE),
        strict=True,
    ):
        assert text.text is not None
        assert text.text.endswith("…")
        assert len(text.text) > 5
        assert name.startswith(text.text[:-1])
        width = image_font.truetype(str(fonts / font), 1000).getlength(text.text) * size / 1000
        assert width <= drawing.WIDTH - 8


def test_a_name_of_usual_length_is_whole():
    for name in ("Row Filter", "Confusion Matrix", "Logistic Regression", "Random Forest Class"):
        picture = ElementTree.fromstring(drawing.svg([drawing.Box(name, "LogisticRegressionModelerOperator")], []))
        texts = [text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")]
        assert texts == [name, "LogisticRegressionModeler"]


def test_no_letter_leaves_its_box_whatever_the_font():
    picture = ElementTree.fromstring(drawing.svg([drawing.Box("\ufdfd" * 9, "x")], []))
    group = picture.find("{*}g")
    assert group is not None
    box, clip = group.find("{*}rect"), group.find("{*}svg")
    assert box is not None
    assert clip is not None
    assert [clip.get(key) for key in ("x", "y", "width", "height")] == [
        box.get(key) for key in ("x", "y", "width", "height")
    ]
    assert len(list(clip.iter("{http://www.w3.org/2000/svg}text"))) == 2


def corners(flow: afm.Workflow) -> list[tuple[float, float]]:
    picture = ElementTree.fromstring(flow.to_svg())
    boxes = picture.iter("{http://www.w3.org/2000/svg}rect")
    return [(float(box.get("x", "")), float(box.get("y", ""))) for box in boxes]


def test_a_flow_without_positions_is_drawn_in_columns_from_the_sources_on():
    (ax, ay), (bx, by), (cx, cy), (dx, _) = corners(afm.read(flow_of(("a", "c"), ("b", "c"), ("c", "d"))))
    assert ax == bx < cx < dx
    assert ay != by
    assert ay == cy


def test_boxes_never_lie_on_each_other():
    crowded = "".join(f'<Operator name="o{n}" X="{n % 7 * 90}" Y="{n // 7 * 60}"/>' for n in range(40))
    places = corners(afm.read(f"<Process>{crowded}</Process>".encode()))
    for index, (x, y) in enumerate(places):
        assert all(abs(x - x2) >= 168 or abs(y - y2) >= 46 for x2, y2 in places[:index])
