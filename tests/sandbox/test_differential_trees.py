"""Trees beside a second implementation in the tests, and beside scikit-learn."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from statistics import fmean, pstdev
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics as skm
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from tests.sandbox.differential import NAMES, TEXTS, Bench, Random, Refused, differential, shown, tab, values
from tests.sandbox.differential_models import shown_class
from tests.sandbox.engine_flows import node
from tests.sandbox.naive_trees import Leaf, Settings, Tree

DECISION_TREE, CART = "decisiontree.DecisionTreeOperator", "decisiontree.CartOperator"
HADOOP = "hadoop.HadoopDecisionTreeOperator"
LINKS = "source 0 > model, source 1 > step, model > step"


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.engine.close()


@dataclass(frozen=True)
class Problem:
    """A table to grow a tree on, another one to score, and the tree's parameters."""

    random: Random
    others: Random
    settings: Settings

    def operator(self, kind: str, **more: str) -> str:
        """The operator that grows the tree."""
        settings = self.settings
        return node(
            "model",
            kind,
            dependentColumn=self.random.names[-1],
            columnNames=",".join(self.random.names[:-1]),
            maximal_depth=str(settings.depth),
            minimal_size_for_split=str(settings.size),
            minimal_leaf_size=str(settings.leaf),
            number_of_prepruning_alternatives=str(settings.alternatives),
            no_pre_pruning=str(not settings.pre_pruning).lower(),
            no_pruning=str(settings.confidence is None).lower(),
            confidence=str(settings.confidence or 0.25),
            minimal_gain=str(settings.gain),
            **more,
        )

    @property
    def complete(self) -> list[tuple[Any, ...]]:
        """The rows without nulls."""
        return [row for row in self.random.rows if None not in row]

    @property
    def classes(self) -> list[Any]:
        """The classes in order."""
        return sorted({row[-1] for row in self.complete})

    def naive(self, *, binary: bool, numbers: bool = False) -> tuple[Tree, Leaf]:
        """The tree by the second implementation."""
        settings = Settings(**{**vars(self.settings), "gain": None if binary else self.settings.gain})
        classes = None if numbers else self.classes
        tree = Tree(self.random.names[:-1], self.random.kinds[:-1], settings, classes, binary)
        return tree, tree.grow(self.complete)


def class_text(value: Any) -> str:
    """A class as the engine shows it."""
    return f"{value.normalize():f}" if isinstance(value, Decimal) and value else shown_class(value)


@st.composite
def problems(draw: Any, *targets: str, least: int = 1) -> Problem:
    """Small tables with ties, nulls and awkward names."""
    kinds = draw(
        st.lists(st.sampled_from(["whole", "number", "decimal", "big", "text", "flag"]), min_size=1, max_size=4)
    )
    kinds.append(draw(st.sampled_from(targets)))
    names = draw(st.lists(st.sampled_from(NAMES), min_size=len(kinds), max_size=len(kinds), unique_by=str.lower))
    few = st.lists(st.sampled_from(TEXTS), min_size=2, max_size=5, unique=True)
    pools = [st.sampled_from(draw(few)) if kind == "text" else values(kind) for kind in kinds]
    gaps = draw(st.booleans())
    cells = [st.one_of(*[pool] * 9, st.none()) if gaps else pool for pool in pools]
    rows = draw(st.lists(st.tuples(*cells), min_size=least, max_size=26))
    strangers = [st.one_of(pool, values(kind), st.none()) for kind, pool in zip(kinds, pools, strict=True)]
    others = draw(st.lists(st.tuples(*strangers), max_size=12))
    settings = Settings(
        draw(st.sampled_from([-1, 1, 2, 3, 5])),
        draw(st.sampled_from([0, 0, 0.01, 0.1, 0.3])),
        draw(st.sampled_from([1, 2, 4])),
        draw(st.sampled_from([1, 1, 2, 3])),
        draw(st.sampled_from([0, 1, 3])),
        draw(st.sampled_from([True, True, True, False])),
        draw(st.sampled_from([None, None, 0.25, 0.5, 0.1, 0.01])),
    )
    return Problem(
        Random(tuple(names), tuple(kinds), tuple(rows)), Random(tuple(names), tuple(kinds), tuple(others)), settings
    )


def grown(bench: Bench, problem: Problem, kind: str, **more: str) -> Any:
    operator = problem.operator(kind, **more).replace('name="model"', 'name="step"')
    return bench.run([operator], "source 0 > step", problem.random, table=False).view


def expected(tree: Tree, root: Leaf, names: tuple[str, ...]) -> list[list[str]]:
    """The nodes as the results show them."""
    nodes = root.all()
    parents = {id(child): nodes.index(one) + 1 for one in nodes for child in one.children}
    lines = []
    for number, one in enumerate(nodes, 1):
        column = names[one.split.place] if one.split else ""
        line = [number, parents.get(id(one), ""), one.depth, one.condition, column, len(one.targets)]
        if tree.classes is None:
            line += [f"{fmean(one.targets):.4f}", f"{pstdev(one.targets):.4f}"]
        else:
            counts = tree.counts(one)
            most = max(counts)
            line += [class_text(tree.classes[counts.index(most)]), f"{most / sum(counts):.4f}", *counts]
        lines.append([str(value) for value in line])
    return lines


def check(bench: Bench, problem: Problem, kind: str, *, numbers: bool = False) -> None:
    """Compare a tree, and what it says of other rows."""
    if not problem.complete:
        with pytest.raises(Refused, match="no row to grow a tree on"):
            grown(bench, problem, kind)
        return
    tree, root = problem.naive(binary=kind == CART, numbers=numbers)
    assert tab(grown(bench, problem, kind), "Decision Tree") == expected(tree, root, problem.random.names)
    step = node("step", "decisiontree.TreePredictOperator")
    found = bench.run([problem.operator(kind), step], LINKS, problem.random, problem.others)
    ends = [root.reached(row) for row in problem.others.rows]
    if numbers:
        assert [row[-1] for row in found.rows] == pytest.approx([fmean(end.targets) for end in ends])
        return
    assert tree.classes is not None
    names = [class_text(name) for name in tree.classes]
    shares = [[count / len(end.targets) for count in tree.counts(end)] for end in ends]
    assert [row[-3] for row in found.rows] == [names[line.index(max(line))] for line in shares]
    assert [row[-2] for row in found.rows] == pytest.approx([max(line) for line in shares])
    for row, line in zip(found.rows, shares, strict=True):
        assert json.loads(row[-1]) == pytest.approx(dict(zip(names, line, strict=True)), abs=1e-6)


CLASSES = ("text", "flag", "whole", "decimal", "number")


@differential
@given(problem=problems(*CLASSES), kind=st.sampled_from([DECISION_TREE, HADOOP]))
def test_decision_tree(bench: Bench, problem: Problem, kind: str) -> None:
    check(bench, problem, kind)


@differential
@given(problem=problems("text", "flag", "whole"))
def test_cart(bench: Bench, problem: Problem) -> None:
    check(bench, problem, CART)


@differential
@given(problem=problems("number"))
def test_cart_of_numbers(bench: Bench, problem: Problem) -> None:
    check(bench, problem, CART, numbers=True)


@differential
@given(seed=st.integers(0, 2**32), size=st.integers(1, 150), depth=st.integers(1, 4), least=st.integers(2, 30))
def test_cart_beside_scikit_learn(bench: Bench, seed: int, size: int, depth: int, least: int) -> None:
    """Numbers of few digits, since scikit-learn reads them with single precision, and trees without equal gains."""
    chance = np.random.default_rng(seed)
    x = chance.integers(-500, 500, (size, 3)) / 8
    noise = chance.normal(size=size)
    labels = ((x[:, 0] * (x[:, 1] > 0) + x[:, 2] + 20 * noise) > 0).astype(int) + (noise > 1)
    numbers = (x[:, 0] * (x[:, 1] > 0) + 10 * noise).round(3)
    settings = Settings(depth, 0.0, least, 1, 0, True, None)
    for target, kind, model in (
        (labels, "whole", DecisionTreeClassifier(criterion="gini", max_depth=depth - 1, min_samples_split=least)),
        (numbers, "number", DecisionTreeRegressor(max_depth=depth - 1, min_samples_split=least))
        if depth > 1
        else (labels, "whole", None),
    ):
        rows = tuple((*map(float, values), target[i].item()) for i, values in enumerate(x))
        random = Random(("a", "b", "c", "y"), ("number", "number", "number", kind), rows)
        problem = Problem(random, random, settings)
        tree, _ = problem.naive(binary=True, numbers=kind == "number")
        if depth == 1 or tree.tied or model is None:
            continue
        model.fit(x, target)
        step = node("step", "model.DatabasePredictorOperator")
        found = bench.run([problem.operator(CART), step], LINKS, random, random)
        if kind == "number":
            assert [row[-1] for row in found.rows] == pytest.approx(model.predict(x).tolist())
            continue
        assert [int(row[-3]) for row in found.rows] == model.predict(x).tolist()
        assert [row[-2] for row in found.rows] == pytest.approx(model.predict_proba(x).max(axis=1).tolist())


@differential
@given(problem=problems("text", "flag", "whole", least=4), kind=st.sampled_from([DECISION_TREE, CART]))
def test_predictor(bench: Bench, problem: Problem, kind: str) -> None:
    """What the predictor adds is what the evaluators judge by, for all rows that have a class."""
    assume(problem.complete and any(row[-1] is not None for row in problem.others.rows))
    step = node("step", "hadoop.HadoopDecisionTreePredictOperator")
    model = problem.operator(kind)
    scored = bench.run([model, step], LINKS, problem.random, problem.others).rows
    judged = [(class_text(row[-4]), row[-3]) for row in scored if row[-4] is not None]
    step = node("step", "hadoop.HadoopConfusionOperator")
    view = bench.run([model, step], LINKS, problem.random, problem.others, table=False).view
    classes = [name.removeprefix("Observed (")[:-1] for name, *_ in tab(view, "model: Data")[:-1]]
    counts = [[str(judged.count((observed, predicted))) for predicted in classes] for observed in classes]
    assert [row[1:-1] for row in tab(view, "model: Data")[:-1]] == counts
    step = node("step", "model.evaluator.GoodnessOfFitOperator")
    view = bench.run([model, step], LINKS, problem.random, problem.others, table=False).view
    assert [row[1] for row in shown(view)] == classes
    accuracy = skm.accuracy_score(*zip(*judged, strict=True))
    assert {row[6] for row in shown(view)} == {f"{accuracy:.4f}"}


@differential
@given(seed=st.integers(0, 2**32), many=st.sampled_from([30, 300, 3000]), kinds=st.integers(2, 12))
def test_large_nodes_are_split_as_small_ones(bench: Bench, seed: int, many: int, kinds: int) -> None:
    """Many rows and classes: the first cut is the one that scikit-learn finds."""
    chance = np.random.default_rng(seed)
    x = chance.integers(0, 2**20, (many, 2)).astype(float)
    y = (x[:, 0] / 2**20 * kinds + chance.normal(size=many)).round().astype(int) % kinds
    assume(len(set(y)) > 1)
    table = pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "y": y})
    random = Random(("a", "b", "y"), ("number", "number", "whole"), tuple(map(tuple, table.astype(object).to_numpy())))
    for kind, criterion in ((DECISION_TREE, "entropy"), (CART, "gini")):
        problem = Problem(random, random, Settings(2, 0.0, 1, 1, 0, False, None))
        nodes = tab(grown(bench, problem, kind), "Decision Tree")
        model = DecisionTreeClassifier(criterion=criterion, max_depth=1).fit(x, y)
        sizes = sorted(model.tree_.n_node_samples[1:].tolist())
        impurity = np.average(model.tree_.impurity[1:], weights=model.tree_.n_node_samples[1:])
        own = 0.0
        for line in nodes[1:]:
            share = np.array(line[8:], dtype=float) / float(line[5])
            share = share[share > 0]
            own += (
                float(line[5]) / many * float(-(share * np.log2(share)).sum() if kind != CART else 1 - (share**2).sum())
            )
        assert own == pytest.approx(impurity, abs=1e-9)
        assert sorted(int(line[5]) for line in nodes[1:]) == sizes or own <= impurity + 1e-9
