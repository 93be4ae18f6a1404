"""K-Means beside scikit-learn and numpy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.cluster import KMeans

from alpine.sandbox.engine import Engine
from alpine.sandbox.engine.learning.clusters import lloyd, start
from tests.sandbox.differential import Bench, Random, Refused, Result, differential, tab, tables
from tests.sandbox.engine_flows import apply, node


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.engine.close()


def k_means(names: tuple[str, ...], k: int, **settings: str) -> str:
    parameters = {"columnNames": ",".join(names), "k": str(k), "distance": "Euclidean", "idColumn": "", **settings}
    return node("step", "hadoop.HadoopKmeansOperator", **parameters)


def clustered(bench: Bench, random: Random, k: int, **settings: str) -> Result:
    return bench.apply(k_means(random.names, k, **settings), random)


@differential
@given(seed=st.integers(0, 2**32), size=st.integers(20, 300), k=st.integers(1, 8), columns=st.integers(1, 5))
def test_lloyd(seed: int, size: int, k: int, columns: int) -> None:
    """From the same start scikit-learn comes to the same centres."""
    chance = np.random.default_rng(seed)
    rows = chance.normal(size=(size, columns)) + chance.integers(0, 4, (size, 1)) * 3
    values = np.ascontiguousarray(rows.T)
    first = start(values, k)
    centres, _, is_settled = lloyd(values, first, 300)
    judge = KMeans(k, init=first, n_init=1, max_iter=300, tol=0, algorithm="lloyd").fit(rows)
    assert is_settled
    assert np.allclose(centres, judge.cluster_centers_)


@differential
@given(random=tables("whole", "number", "decimal"), k=st.integers(1, 4), is_squared=st.booleans())
def test_clusters(bench: Bench, random: Random, k: int, is_squared: bool) -> None:
    """Each row is in the nearest cluster, the first of several, and each centre is the mean of its rows."""
    rows = [[*map(float, row)] for row in random.rows if None not in row]
    settings = {"distance": "SquaredEuclidean"} if is_squared else {}
    if len({*map(tuple, rows)}) < k:
        with pytest.raises(Refused, match=r"different rows|no row that has a number"):
            clustered(bench, random, k)
        return
    made = clustered(bench, random, k, max_optimization_steps="300", **settings)
    assert made.columns[:-2] == list(random.names)
    assert [row[:3] for row in made.rows] == [row for row in random.rows if None not in row]
    labels = np.array([row[3] for row in made.rows])
    points = np.array(rows)
    sizes = np.bincount(labels, minlength=k)
    assert all(sizes[:-1] >= sizes[1:])
    centres = np.array([points[labels == cluster].mean(axis=0) for cluster in range(k)])
    distances = np.square(points[:, None] - centres).sum(axis=2)
    assert labels.tolist() == (distances <= distances.min(axis=1, keepdims=True) + 1e-9).argmax(axis=1).tolist() or (
        # Of two centres that are as near, the first when they were found need not be the larger one.
        np.allclose(distances[np.arange(len(labels)), labels], distances.min(axis=1))
    )
    nearest = distances.min(axis=1) if is_squared else np.sqrt(distances.min(axis=1))
    assert [row[4] for row in made.rows] == pytest.approx(nearest.tolist(), abs=1e-9)
    shown_centres = [float(value) for _, _, value in tab(made.view, "Center Point")]
    assert shown_centres == pytest.approx(centres.ravel().tolist(), abs=6e-5)
    profiles = tab(made.view, "Cluster Profiles")
    assert [int(row[1]) for row in profiles] == sizes.tolist()
    assert [float(row[2]) for row in profiles] == pytest.approx((sizes / sizes.sum()).tolist(), abs=6e-5)
    left_out = [text for text in tab_messages(made.view) if "left out" in text]
    assert len(left_out) == (len(rows) < len(random.rows))


def tab_messages(view: Any) -> list[str]:
    found: list[str] = view[0]["visualData"].get("errorMessages", [])
    return found


@differential
@given(random=tables("whole", "number", least=5, nulls=False), seed=st.integers(0, 9))
def test_predictors_take_clusters(bench: Bench, random: Random, seed: int) -> None:
    """Other rows go to the nearest centre; rows that lack a number get nulls."""
    if len(set(random.rows)) < 3:
        return
    other = Random(random.names[::-1], random.kinds[::-1], ((None, 1), (0.25, 2), (-1.5, -3), (1e9, 4)))
    steps = [
        k_means(random.names, 3).replace("step", "model"),
        node("step", ["hadoop.HadoopPredictOperator", "hadoop.HadoopClassifierPredictOperator"][seed % 2]),
    ]
    made = bench.run(steps, "source 0 > model, source 1 > step, model > step", random, other)
    view = bench.run(steps[:1], "source 0 > model", random, last="model", table=False).view
    cells = [float(value) for _, _, value in tab(view, "Center Point")]
    centres = np.array(cells).reshape(3, 2)
    assert made.columns == [*other.names, "PRED_KM", "DIST_KM", "INFO_KM"]
    assert made.rows[0] == (None, 1, None, None, None)
    for second, first, cluster, distance, info in made.rows[1:]:
        distances = np.sqrt(np.square(centres - [first, second]).sum(axis=1))
        assert list(json.loads(info).values()) == pytest.approx(distances.tolist(), rel=1e-4, abs=2e-4)
        assert list(json.loads(info)) == ["0", "1", "2"]
        assert distance == pytest.approx(distances.min(), rel=1e-4, abs=2e-4)
        assert distances[int(cluster)] == pytest.approx(distances.min(), rel=1e-4, abs=2e-4)


def test_rows_that_differ_in_a_column_of_small_numbers_alone(bench: Bench) -> None:
    """Two groups are 2e9 apart, each of two that are 4 apart: products of such numbers are rounded by more than 4."""
    rows = tuple((1e9 if i % 2 else -1e9, (i // 2) % 2 * 4 + i / 1000) for i in range(200))
    made = clustered(bench, Random(("large", "small"), ("number", "number"), rows), 4, max_optimization_steps="50")
    groups = {(row[0] > 0, row[1] > 2.5, row[2]) for row in made.rows}
    assert len(groups) == 4


def test_ties_and_offsets_do_not_depend_on_the_machine(bench: Bench) -> None:
    """A point halfway between two centres is the first one's, and so it is 2^60 away."""
    plain = [(i, j) for i in range(7) for j in range(7)]
    found = []
    for offset in (0, 2**40, 2**60):
        rows = tuple((offset + i, offset - j) for i, j in plain)
        made = clustered(bench, Random(("a", "b"), ("big", "big"), rows), 4)
        found.append([(row[2], round(row[3], 9)) for row in made.rows])
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"distance": "Manhattan"}, "distance 'Manhattan'"),
        ({"distance": "Cosine"}, "knows Euclidean and SquaredEuclidean"),
        ({"k": "0"}, "k should be a whole number from 1 to 1,000, but it is '0'"),
        ({"k": "2.5"}, "but it is '2.5'"),
        ({"k": ""}, "but it is ''"),
        ({"k": "many"}, "k should be a number"),
        ({"k": "4"}, "4 clusters .k., but there are only 3 different rows"),
        ({"max_optimization_steps": "-1"}, "max_optimization_steps"),
        ({"idColumn": "nowhere"}, "no column 'nowhere'"),
        ({"columnNames": ""}, "No column to cluster by"),
        ({"columnNames": "x,kind"}, "'kind' holds text"),
        ({"columnNames": "wild"}, "'wild' holds NaN or infinite"),
    ],
)
def test_what_cannot_be_clustered(bench: Bench, settings: dict[str, str], reason: str) -> None:
    rows = ((1.0, "a", 1.0), (2.0, "b", float("nan")), (3.0, "c", 2.0), (3.0, "d", None))
    random = Random(("x", "kind", "wild"), ("number", "text", "number"), rows)
    with pytest.raises(Refused, match=reason):
        bench.apply(k_means(("x",), 2, **settings) if "k" not in settings else k_means_of(settings), random)


def k_means_of(settings: dict[str, str]) -> str:
    return node("step", "hadoop.HadoopKmeansOperator", columnNames="x", **settings)


def test_awkward_names_and_a_limit_of_rounds(bench: Bench) -> None:
    chance = np.random.default_rng(2)
    rows = tuple((float(a), float(b), i) for i, (a, b) in enumerate(chance.normal(size=(300, 2))))
    random = Random(("Rows", "PRED_KM", "Share"), ("number", "number", "whole"), rows)
    made = bench.apply(k_means(("Rows", "PRED_KM"), 5, max_optimization_steps="1", idColumn="Share"), random)
    assert made.columns[-2:] == ["PRED_KM_1", "DIST_KM_1"]
    assert any("in the last of 1 rounds" in text for text in tab_messages(made.view))
    profiles = made.view[2]["visualData"]
    assert profiles["columns"] == ["Cluster", "Rows ", "Share", "Rows", "PRED_KM"]
    assert sum(int(item["Rows "]) for item in profiles["items"]) == 300


def test_an_evaluator_refuses_clusters(bench: Bench) -> None:
    random = Random(("x", "y"), ("number", "whole"), ((1.0, 0), (2.0, 1), (5.0, 1)))
    steps = [
        k_means(("x",), 2).replace("step", "model"),
        node("step", "hadoop.HadoopConfusionOperator", dependentColumn="y"),
    ]
    with pytest.raises(Refused, match="takes classification models alone"):
        bench.run(steps, "source 0 > model, source 0 > step, model > step", random, table=False)


def test_a_sample_of_many_rows_that_has_too_few_different_ones_is_not_the_start():
    numbers = np.zeros((1, 400_000))
    numbers[0, [7, 200_001]] = 5.0, 9.0
    engine = Engine()
    engine.load_table("demo.rare", pd.DataFrame({"x": numbers[0]}))
    profiles = tab(apply(engine, k_means(("x",), 3), "demo.rare")["visualData"], "Cluster Profiles")
    assert [row[1] for row in profiles] == ["399998", "1", "1"]
    engine.close()
