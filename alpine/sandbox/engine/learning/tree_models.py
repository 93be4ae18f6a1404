"""Fitted trees, which say for each row what the rows of the fit were that went the same way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alpine.sandbox.engine.classes import Classes
from alpine.sandbox.engine.database import Cursor, DatabaseTable
from alpine.sandbox.engine.document import kind_of
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.learning.tree_columns import Asked, ask
from alpine.sandbox.engine.learning.trees import Node, Nodes, Split
from alpine.sandbox.engine.models import ClassificationModel, Judged, Model, Scored, class_shares
from alpine.sandbox.engine.types import in_words

if TYPE_CHECKING:
    from alpine.sandbox.engine.designs import Array


@dataclass(frozen=True)
class Tree:
    """A grown tree.

    :param columns: The columns that it was grown on.
    :param types: Their types.
    :param nodes: Its nodes.
    """

    columns: Sequence[str]
    types: Sequence[str]
    nodes: Nodes

    def condition(self, node: Node) -> str:
        """What a row has to fulfil to come to a node from the one above it."""
        if node.parent < 0:
            return ""
        split = self._split(self.nodes[node.parent])
        column = self.columns[split.column]
        if split.cut is not None:
            return f"{column} {'>' if node.branch else '<='} {split.shown}"
        values = [self._shown(split.column, value) for value in split.groups[node.branch]]
        if len(values) == 1:
            return f"{column} = {values[0]}"
        return f"{column} in ({', '.join(values)})"

    def asks(self, node: Node) -> str:
        """The column that tells a node's rows apart; empty for a leaf."""
        return self.columns[node.split.column] if node.split else ""

    def reached(self, table: DatabaseTable, rows: int, read: Callable[[str], Asked]) -> Array:
        """The node at which each row of a table ends: a leaf, or where its value is missing or was not seen.

        :param rows: How many there are.
        :param read: Gives the values of a column.
        :raises NodeFailure: The table lacks a column, or holds another kind of values in it.
        """
        import numpy as np

        found = [self._found(table, column, kind) for column, kind in zip(self.columns, self.types, strict=True)]
        asked: dict[int, Asked] = {}
        ends: Array = np.zeros(rows, dtype=np.int64)
        waiting: list[tuple[int, Array]] = [(0, np.arange(rows))]
        while waiting:
            place, here = waiting.pop()
            ends[here] = place
            node = self.nodes[place]
            if node.split is None or not len(here):
                continue
            column = node.split.column
            if column not in asked:
                asked[column] = read(found[column])
            children = _children(node.split, asked[column], here)
            order = np.argsort(children, kind="stable")
            edges = np.searchsorted(children[order], np.arange(len(node.children) + 1))
            waiting += [
                (child, here[order[edges[i] : edges[i + 1]]])
                for i, child in enumerate(node.children)
                if edges[i] < edges[i + 1]
            ]
        return ends

    def _split(self, node: Node) -> Split:
        assert node.split is not None
        return node.split

    def _shown(self, column: int, value: str) -> str:
        return value if self.types[column].upper() == "BOOLEAN" else "'" + value.replace("'", "''") + "'"

    def _found(self, table: DatabaseTable, column: str, kind: str) -> str:
        there = table.find(column)
        fitted, held = (kind_of(name) == "number" for name in (kind, table.type_of(there)))
        if fitted != held:
            raise NodeFailure(
                f"The tree was grown on {in_words(kind)} in the column {there!r}, but here it holds "
                f"{in_words(table.type_of(there))}."
            )
        return there


def _children(split: Split, asked: Asked, rows: Array) -> Array:
    """The child that each of some rows goes to, -1 for none."""
    import numpy as np

    if split.cut is not None:
        found: Array = asked.is_above(split.cut, rows).astype(np.int64)
    else:
        found = asked.places({value: i for i, group in enumerate(split.groups) for value in group}, rows)
    found[asked.is_missing[rows]] = -1
    return found


@dataclass(frozen=True)
class TreeClassifier(ClassificationModel):
    """A tree that tells classes apart.

    :param name: The operator that grew it.
    :param target: The column it predicts.
    :param tree: The tree; each node keeps the number of rows of each class.
    :param classes: The classes, in order.
    :param positive: The class to watch where a flow names none.
    """

    name: str
    target: str
    tree: Tree
    classes: Classes
    positive: str
    short = "DT"

    @property
    def shares(self) -> Array:
        """How likely each class is at each node."""
        import numpy as np

        counts = np.array([node.summary for node in self.tree.nodes], dtype=float)
        shares: Array = counts / counts.sum(axis=1, keepdims=True)
        return shares

    def judge(self, cursor: Cursor, table: DatabaseTable, label: str | None = None) -> Judged:
        places, labels, left_out, read = ask(cursor, table, label)
        reached = self.tree.reached(table, len(places), read)
        return Judged(places, labels, self.shares[reached], left_out)

    def scored(self, cursor: Cursor, table: DatabaseTable) -> Scored:
        """The same columns for all rows that end at the same node."""
        import numpy as np

        places, _, _, read = ask(cursor, table, None)
        reached = self.tree.reached(table, len(places), read)
        shares = self.shares
        names: Array = np.array(self.classes.names, dtype=object)
        likely = np.array(class_shares(self.classes.names, shares), dtype=object)
        columns = {
            f"PRED_{self.short}": names[shares.argmax(axis=1)][reached],
            f"CONF_{self.short}": shares.max(axis=1)[reached],
            f"INFO_{self.short}": likely[reached],
        }
        return Scored(places, columns)


@dataclass(frozen=True)
class TreeRegressor(Model):
    """A tree that predicts numbers.

    :param name: The operator that grew it.
    :param target: The column it predicts.
    :param tree: The tree; each node keeps the number of its rows, their mean and deviation.
    """

    name: str
    target: str
    tree: Tree
    short = "DT"

    def scored(self, cursor: Cursor, table: DatabaseTable) -> Scored:
        import numpy as np

        places, _, _, read = ask(cursor, table, None)
        reached = self.tree.reached(table, len(places), read)
        means = np.array([node.summary[1] for node in self.tree.nodes])
        return Scored(places, {f"PRED_{self.short}": means[reached]})
