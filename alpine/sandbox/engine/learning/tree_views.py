"""What the results show of a grown tree: a table of its nodes, and its rules as indented text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from alpine.sandbox.engine.classes import Classes
from alpine.sandbox.engine.document import TableView, Tabs, cell
from alpine.sandbox.engine.learning.tree_models import Tree
from alpine.sandbox.engine.learning.trees import Node

_MOST_CELLS = 500_000
_LEVEL = "|   "
_FIXED = ("Node", "Parent", "Depth", "Condition", "Split Column", "Rows", "Prediction")
_KINDS = ("number", "number", "number", "cate", "cate", "number")


def views(tree: Tree, classes: Classes | None, messages: Sequence[str]) -> Tabs:
    """The tabs ``Decision Tree`` and ``Text``.

    :param tree: The tree.
    :param classes: The classes that its nodes count; None where they hold means.
    :param messages: Remarks below both.
    """
    if classes is None:
        columns, kinds = [*_FIXED, "Standard Deviation"], [*_KINDS, "number", "number"]
    else:
        counts = [f"Count ({name})" for name in classes.names]
        columns, kinds = [*_FIXED, "Confidence", *counts], [*_KINDS, "cate", "number", *("number" for _ in counts)]
    most = max(_MOST_CELLS // len(columns), 1)
    shown = tree.nodes[:most]
    remarks = list(messages)
    if len(shown) < len(tree.nodes):
        remarks.append(f"The tree has {len(tree.nodes):,} nodes, of which {len(shown):,} are shown.")
    rows = [
        [cell(value) for value in [*_place(tree, number, node), *_said(node, classes)]]
        for number, node in enumerate(shown, 1)
    ]
    text = [[line] for line in _lines(tree, shown, classes)]
    return Tabs(
        [
            ("Decision Tree", TableView(columns, kinds, rows, remarks)),
            ("Text", TableView(["Rules"], ["cate"], text, remarks)),
        ]
    )


def _place(tree: Tree, number: int, node: Node) -> list[Any]:
    parent = None if node.parent < 0 else node.parent + 1
    return [number, parent, node.depth, tree.condition(node), tree.asks(node)]


def _said(node: Node, classes: Classes | None) -> list[Any]:
    """How many rows a node has, and what it predicts."""
    if classes is None:
        rows, mean, deviation = node.summary.tolist()
        return [int(rows), mean, deviation]
    counts = node.summary.tolist()
    most = max(counts)
    return [sum(counts), classes.names[counts.index(most)], most / sum(counts), *counts]


def _lines(tree: Tree, nodes: Sequence[Node], classes: Classes | None) -> Iterator[str]:
    """The rules, a line for each node below the root; the root's own where it is a leaf."""
    for node in nodes:
        if node.parent < 0 and node.split is not None:
            continue
        indent = _LEVEL * max(node.depth - 2, 0)
        condition = tree.condition(node)
        yield indent + (condition if node.split else f"{condition}: {_leaf(node, classes)}".removeprefix(": "))


def _leaf(node: Node, classes: Classes | None) -> str:
    rows, prediction, *more = _said(node, classes)
    if classes is None:
        return f"{cell(prediction)} ({rows:,} rows)"
    counts = [f"{name}={count}" for name, count in zip(classes.names, more[1:], strict=True) if count]
    return f"{prediction} {{{', '.join(counts)}}}"
