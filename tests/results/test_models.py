"""Models and evaluators are recognised by the columns of their tables, and drawn in notebooks and by matplotlib."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from xml.etree import ElementTree

import matplotlib as mpl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import pyplot as plt

from alpine._results.models import Centres, Coefficients, Curve, TreeNode
from alpine._results.tables import Table
from alpine.results import OperatorOutput
from tests.documents import table

mpl.use("Agg")


@pytest.fixture(autouse=True)
def no_figures_left() -> Iterator[None]:
    yield
    plt.close("all")


def output(*tabs: dict[str, object]) -> OperatorOutput:
    return OperatorOutput({"out_title": "Model", "visualType": 6, "visualData": list(tabs)})


def drawings(shown: OperatorOutput) -> list[ElementTree.Element]:
    return [ElementTree.fromstring(found) for found in re.findall(r"<svg.*?</svg>", shown._repr_html_(), re.DOTALL)]


def words(drawing: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in drawing.iter("{http://www.w3.org/2000/svg}text")]


COEFFICIENTS = table(
    "Data",
    {"Attribute": "cate", "Coefficient": "number", "Standard Error": "number", "P-value": "number"},
    ("Intercept", "1.5000", "0.5000", "0.0100"),
    ("<amount>", "-2.0000", "0.1000", "0.0000"),
    ("left out", "0.0000", "", ""),
)
ROC = {"False Positive Rate": "number", "True Positive Rate": "number"}
TREE = table(
    "Decision Tree",
    {
        "Node": "number",
        "Parent": "number",
        "Condition": "cate",
        "Rows": "number",
        "Prediction": "cate",
        "Count (no)": "number",
        "Count (yes)": "number",
    },
    ("1", "", "", "1,400", "yes", "500", "900"),
    ("2", "1", "outlook = overcast", "400", "yes", "0", "400"),
    ("3", "1", "outlook = sunny", "1,000", "no", "500", "500"),
    ("4", "3", "humidity <= 77.5", "500", "yes", "0", "500"),
    ("5", "3", "humidity > 77.5", "500", "no", "500", "0"),
)
CENTRES = table(
    "Center Point",
    {"Cluster": "cate", "Column": "cate", "Center": "number"},
    ("0", "age", "20"),
    ("0", "income", "100"),
    ("1", "age", "60"),
    ("1", "income", "50"),
)


def test_coefficients_have_intervals_of_95_percent() -> None:
    shown = output(COEFFICIENTS)
    [drawing] = drawings(shown)
    assert words(drawing) == ["Intercept", "1.5", "<amount>", "-2", "left out", "0"]
    titles = [title.text for title in drawing.iter("{http://www.w3.org/2000/svg}title")]
    assert titles[0] == "Intercept: 1.5 (0.520018 to 2.47998)"
    ax = shown.plot()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Intercept", "<amount>", "left out"]
    found = ax.containers[0].lines[2][0].get_segments()
    assert found[1][0][0] == pytest.approx(-2 - 0.1959964)
    assert found[1][1][0] == pytest.approx(-2 + 0.1959964)


def test_the_curves_of_several_models_share_one_picture() -> None:
    rows = (("0", "0"), ("0.5", "0.9"), ("1", "1"))
    shown = output(table("Tree: ROC", ROC, *rows), table("Bayes: ROC", ROC, *rows))
    assert len(drawings(shown)) == 2
    ax = shown.plot()
    legend = ax.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["Tree", "Bayes"]
    assert ax.get_xlabel() == "False Positive Rate"
    assert len(shown.plot(tab="Bayes: ROC").lines) == 2


def test_a_lift_curve_is_drawn_beside_a_model_that_knows_nothing() -> None:
    lift = table(
        "Tree: Lift", dict.fromkeys(("Share of Rows", "Gain", "Lift"), "number"), ("0.5", "1", "2"), ("1", "1", "1")
    )
    ax = output(lift).plot()
    assert [list(line.get_ydata()) for line in ax.lines] == [[2.0, 1.0], [1.0, 1.0]]


def test_a_tree_is_drawn_with_its_conditions_predictions_and_classes() -> None:
    [drawing] = drawings(output(TREE))
    said = words(drawing)
    assert said[:3] == ["all rows", "yes", "1,400"]
    assert [word for word in said if "humidity" in word] == ["humidity <= 77.5", "humidity > 77.5"]
    assert said[-2:] == ["no", "yes"]
    ax = output(TREE).plot()
    assert [text.get_text().splitlines()[0] for text in ax.texts] == [
        "yes",
        "outlook = overcast",
        "outlook = sunny",
        "humidity <= 77.5",
        "humidity > 77.5",
    ]
    assert len(ax.lines) == 4


def test_the_centres_of_clusters_are_a_row_each_shaded_by_column() -> None:
    shown = output(CENTRES)
    html = shown._repr_html_()
    assert unescape(re.sub("<[^>]*>", " ", html[html.index("<table") :])).split() == [
        *("Cluster", "age", "income"),
        *("0", "20", "100"),
        *("1", "60", "50"),
    ]
    assert html.count("rgba(59,143,208,0.75)") == 2
    assert [text.get_text() for text in shown.plot().texts] == ["20", "100", "60", "50"]


def test_a_tree_of_many_nodes_is_cut_and_says_so() -> None:
    nodes = [(str(i), str(i - 1) if i > 1 else "", f"x > {i}", "1", "no", "1", "0") for i in range(1, 400)]
    deep = table(
        "Decision Tree",
        dict(zip(TREE["visualData"]["columns"], TREE["visualData"]["columnTypes"], strict=True)),
        *nodes,
    )
    [drawing] = drawings(output(deep))
    assert words(drawing)[-1] == "279 more nodes are in the table."


cells = st.one_of(st.none(), st.text(max_size=5), st.integers().map(str), st.floats().map(str))


@given(st.lists(st.tuples(*[cells] * 7), max_size=6))
def test_tables_with_the_same_columns_and_anything_in_them_are_shown(rows: list[tuple[str | None, ...]]) -> None:
    for columns in (
        list(TREE["visualData"]["columns"]),
        ["Attribute", "Coefficient", "Standard Error", "T", "P", "X", "Y"],
        ["False Positive Rate", "True Positive Rate", "a", "b", "c", "d", "e"],
        ["Cluster", "Column", "Center", "a", "b", "c", "d"],
    ):
        items = [dict(zip(columns, row, strict=True)) for row in rows]
        shown = output({"out_title": "t", "visualType": 0, "visualData": {"columns": columns, "items": items}})
        for drawing in drawings(shown):
            assert "nan" not in "".join(value for element in drawing.iter() for value in element.attrib.values())


@pytest.mark.parametrize("columns", [["Node", "Parent"], ["Coefficient"], ["Lift"], ["Cluster", "Center"], []])
def test_other_tables_are_none_of_these(columns: list[str]) -> None:
    other = Table(columns, ["number"] * len(columns), [["1"] * len(columns)])
    assert (Coefficients.of(other), Curve.of(other), TreeNode.of(other), Centres.of(other)) == (None,) * 4


def test_classes_that_differ_in_capitals_alone_are_two() -> None:
    columns = ["Node", "Parent", "Condition", "Rows", "Prediction", "Count (a)", "Count (A)"]
    root = TreeNode.of(Table(columns, ["cate"] * 7, [["1", "", "", "10", "A", "3", "7"]]))
    assert root is not None
    assert root.shares == [("a", 0.3), ("A", 0.7)]


def test_a_histogram_has_a_bar_for_each_bin_as_wide_as_that() -> None:
    columns = dict.fromkeys(("Bin", "Begin", "End", "Count", "Percentage"), "number")
    ax = output(table("spent", columns, ("1", "0", "2.5", "4", "40"), ("2", "2.5", "5", "6", "60"))).plot()
    bars = [(bar.get_x(), bar.get_width(), bar.get_height()) for bar in ax.patches]
    assert bars == [(0, 2.5, 4), (2.5, 2.5, 6)]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("spent", "Count")


def test_the_plot_of_a_tree_warns_of_nothing(recwarn: pytest.WarningsRecorder) -> None:
    ax = output(TREE).plot()
    ax.figure.canvas.draw()
    assert [str(warning.message) for warning in recwarn] == []
