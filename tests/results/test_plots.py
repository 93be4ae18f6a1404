"""Tables are drawn as suits their columns, and what cannot be drawn is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt

from alpine.exception import (
    InvalidArgumentException,
)
from alpine.results import FlowResults, OperatorOutput
from tests.documents import table

mpl.use("Agg")


@pytest.fixture(autouse=True)
def no_figures_left() -> Iterator[None]:
    yield
    plt.close("all")


def test_a_confusion_matrix_is_drawn_as_a_heat_map(results: FlowResults) -> None:
    ax = results.operators["Confusion Matrix"].plot()
    assert [text.get_text() for text in ax.texts] == ["120", "30", "34", "116"]
    assert ax.get_title() == "Logistic Regression: accuracy 0.7867"
    assert [label.get_text() for label in ax.get_yticklabels()] == ["0", "1"]


SALES = table(
    "Sales",
    {"region": "cate", "amount": "number", "orders": "number"},
    ("north", "10.5", "3"),
    ("south", "7.25", ""),
)


def test_text_is_drawn_as_bars_and_numbers_as_lines() -> None:
    sales = OperatorOutput(SALES)
    bars = sales.plot("region", "amount")
    assert [patch.get_height() for patch in bars.patches] == [10.5, 7.25]
    lines = sales.plot("orders", "amount")
    assert len(lines.lines) == 1
    assert len(sales.plot().patches) == 4


@pytest.mark.parametrize("kind", ["scatter", "hist", "line", "bar"])
def test_every_kind_is_drawn_into_given_axes(kind: str) -> None:
    _, ax = plt.subplots()
    assert OperatorOutput(SALES).plot("amount", "amount", kind=kind, ax=ax) is ax
    assert ax.has_data()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": "regoin"}, "Did you mean 'region'"),
        ({"y": "nothing"}, "There is no column 'nothing'"),
        ({"y": "region"}, "'region' holds no numbers"),
        ({"kind": "pie"}, "kind must be one of"),
        ({"kind": "scatter"}, "needs the names of two columns"),
        ({"tab": "x"}, "no tab 'x'"),
    ],
)
def test_what_cannot_be_drawn_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgumentException, match=message):
        OperatorOutput(SALES).plot(**arguments)


def test_a_table_without_numbers_cannot_be_drawn() -> None:
    with pytest.raises(InvalidArgumentException, match="holds no numbers"):
        OperatorOutput(table("t", {"a": "cate"}, ("x",))).plot()
