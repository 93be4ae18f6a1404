"""Association rules beside mlxtend."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlxtend.frequent_patterns import apriori, association_rules

from tests.sandbox.differential import NAMES, Bench, Random, Refused, Result, differential
from tests.sandbox.engine_flows import element, node

COLUMNS = ["premises", "conclusions", "support", "confidence", "lift"]


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.engine.close()


def associations(bench: Bench, random: Random, value: str = "1", sign: str = "=", **settings: str) -> Result:
    parameters = {"columnNames": ",".join(random.names), "minSupport": "0.1", "minConfidence": "0.2", **settings}
    said = element("Expression", expression=sign, positiveValue=value)
    return bench.apply(node("step", "association.AssociationOperator", said, **parameters), random)


def expected(held: np.ndarray[Any, Any], names: tuple[str, ...], support: float, confidence: float) -> list[list[Any]]:
    """mlxtend's rules with one conclusion; items are told apart by number."""
    frame = pd.DataFrame(held, columns=range(held.shape[1]))
    sets = apriori(frame, min_support=support)
    if not len(sets):
        return []
    with np.errstate(all="ignore"):
        made = association_rules(sets, metric="confidence", min_threshold=confidence)
    return [
        [", ".join(names[i] for i in sorted(rule.antecedents)), *(names[i] for i in rule.consequents), *figures]
        for rule, figures in zip(
            made.itertuples(), made[["support", "confidence", "lift"]].to_numpy().tolist(), strict=True
        )
        if len(rule.consequents) == 1
    ]


@differential
@given(
    seed=st.integers(0, 2**32),
    size=st.integers(1, 60),
    names=st.lists(st.sampled_from(NAMES), min_size=1, max_size=7, unique_by=str.lower),
    kind=st.sampled_from(["whole", "big", "number", "decimal", "text", "flag"]),
    support=st.sampled_from(["0.05", "0.1", "0.2", "0.25", "1"]),
    confidence=st.sampled_from(["0", "0.5", "0.7", "1"]),
)
def test_rules(bench: Bench, seed: int, size: int, names: list[str], kind: str, support: str, confidence: str) -> None:
    chance = np.random.default_rng(seed)
    held = chance.random((size, len(names))) < chance.random(len(names))
    held[:, -1] |= held[:, 0]
    yes, others = {
        "whole": (1, (0, 2, None)),
        "big": (2**62 + 1, (2**62, -(2**62), None)),
        "number": (1.0, (0.5, -1.0, None)),
        "decimal": (Decimal("1.00"), (Decimal("1.01"), Decimal("-1"), None)),
        "text": ("1", ("1.0", " 1", None)),
        "flag": (True, (False, None)),
    }[kind]
    rows = tuple(
        tuple(yes if is_held else others[int(chance.integers(len(others)))] for is_held in row) for row in held
    )
    random = Random(tuple(names), (kind,) * len(names), rows)
    value = str(yes) if kind == "big" else "1"
    made = associations(bench, random, value, minSupport=support, minConfidence=confidence)
    assert made.columns == COLUMNS
    judge = expected(held, random.names, float(support), float(confidence))
    found = [list(row) for row in made.rows]
    assert {tuple(row[:2]): pytest.approx(row[2:]) for row in judge} == {tuple(row[:2]): row[2:] for row in found}
    assert len(judge) == len(found)
    # The most confident first.
    assert [row[3] for row in found] == sorted((row[3] for row in found), reverse=True)


@pytest.mark.parametrize(
    ("kind", "values", "value", "held"),
    [
        ("whole", (0, 1, 2), "1.0", 1),
        ("whole", (0, 1, 2), "1.5", 0),
        ("whole", (0, 1, 2), "1e99", 0),
        ("big", (2**53, 2**53 + 1, None), str(2**53 + 1), 1),
        ("number", (0.1, 0.25, None), "0.1", 1),
        ("decimal", (Decimal("0.1"), Decimal("0.25"), None), "0.100", 1),
        ("decimal", (Decimal("0.1"), Decimal("0.25"), None), "0.101", 0),
        ("text", ("Yes", "yes", "1"), "Yes", 1),
        ("text", ("it's", "yes", "1"), "'it''s'", 1),
        ("flag", (True, False, None), "t", 1),
        ("flag", (True, False, None), "0", 1),
    ],
)
def test_values_are_compared_by_type(bench: Bench, kind: str, values: tuple[Any, ...], value: str, held: int) -> None:
    """Two columns are the same, so that each rule is certain."""
    random = Random(("a", "b"), (kind, kind), tuple((v, v) for v in values))
    made = associations(bench, random, value, "==")
    assert made.rows == [("a", "b", held / 3, 1.0, 3.0), ("b", "a", held / 3, 1.0, 3.0)][: 2 * held]


def test_shares_that_equal_the_limits_are_kept(bench: Bench) -> None:
    """7 of 20 baskets are 0.35 of them, and 7 of 10 are 0.7."""
    rows = tuple((int(i < 10), int(i < 7)) for i in range(20))
    random = Random(("a", "b"), ("whole", "whole"), rows)
    made = associations(bench, random, minSupport="0.35", minConfidence="0.7")
    assert made.rows == [("b", "a", 0.35, 1.0, 2.0), ("a", "b", 0.35, 0.7, 2.0)]


@pytest.mark.parametrize("size", [17, 1200])
def test_too_many_item_sets_are_refused(bench: Bench, size: int) -> None:
    random = Random(tuple(f"c{i}" for i in range(size)), ("whole",) * size, ((1,) * size, (0,) * size))
    with pytest.raises(Refused, match=r"more than 100,000 item sets with a support of 0\.1"):
        associations(bench, random)


@pytest.mark.parametrize("rows", [(), ((0, 0),), ((None, 1),)])
def test_tables_without_rules(bench: Bench, rows: tuple[tuple[Any, ...], ...]) -> None:
    made = associations(bench, Random(("a", "b"), ("whole", "whole"), rows))
    assert (made.columns, made.rows) == (COLUMNS, [])


@pytest.mark.parametrize(
    ("value", "sign", "settings", "reason"),
    [
        ("1", ">", {}, "compared by '>'"),
        ("", "=", {}, "positiveValue"),
        ("yes", "=", {}, "'a' holds numbers, and the positive value 'yes'"),
        ("1", "=", {"columnNames": "day"}, "'day' holds dates"),
        ("1", "=", {"columnNames": ""}, "No column of items"),
        ("1", "=", {"minSupport": "0"}, "minSupport should be a share above 0"),
        ("1", "=", {"minSupport": "35"}, "minSupport should be a share"),
        ("1", "=", {"minSupport": ""}, "minSupport should be a share"),
        ("1", "=", {"minConfidence": "1.1"}, "minConfidence should be a share from 0"),
        ("1", "=", {"minConfidence": "high"}, "minConfidence should be a number"),
    ],
)
def test_what_cannot_be_done(bench: Bench, value: str, sign: str, settings: dict[str, str], reason: str) -> None:
    random = Random(("a", "day"), ("whole", "day"), ((1, None),))
    with pytest.raises(Refused, match=reason):
        associations(bench, random, value, sign, **{"columnNames": "a", **settings})


def test_a_next_operator_reads_the_rules(bench: Bench) -> None:
    rows = tuple((int(i % 2), int(i % 2), int(i % 3 == 0)) for i in range(30))
    random = Random(("a", "b", "c"), ("whole",) * 3, rows)
    said = element("Expression", expression="=", positiveValue="1")
    names = ",".join(random.names)
    rules = node(
        "rules", "association.AssociationOperator", said, columnNames=names, minSupport="0.1", minConfidence="0.1"
    )
    chosen = node("step", "field.FilterOperator", whereClause="lift > 1.5")
    made = bench.run([rules, chosen], "source 0 > rules, rules > step", random)
    assert [row[:2] for row in made.rows if math.isclose(row[4], 2)] == [row[:2] for row in made.rows]
    assert ("a", "b") in [row[:2] for row in made.rows]
