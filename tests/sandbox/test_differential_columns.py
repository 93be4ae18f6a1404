"""Derived columns beside pandas."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sandbox.differential import NAMES, Bench, Random, assert_same, differential, quoted, records, tables
from tests.sandbox.engine_flows import element, node

KINDS = ("whole", "number", "text", "flag", "big")


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.engine.close()


def derived(*items: tuple[str, str, str]) -> str:
    """Derived columns: name, type and expression."""
    parts = [element("DerivedFieldItem", columnName=n, dataType=t, expression=e) for n, t, e in items]
    return element("DerivedFieldsModel", *parts)


@differential
@given(random=tables(*KINDS), data=st.data())
def test_variable(bench: Bench, random: Random, data: st.DataObject) -> None:
    kept = data.draw(st.lists(st.sampled_from(range(len(KINDS)))))
    free = [name for name in NAMES if name.lower() not in {other.lower() for other in random.names}]
    fresh = data.draw(st.lists(st.sampled_from(free), min_size=6, max_size=6, unique_by=str.lower))
    whole, number, text, flag, big = (quoted(name) for name in random.names)
    items = derived(
        (fresh[0], "BIGINT", f"{whole} * 3 - 1"),
        (fresh[1], "DOUBLE PRECISION", f"{number} / 2.5"),
        (fresh[2], "VARCHAR", f"case when {flag} then {text} else 'no' end"),
        (fresh[3], "BOOLEAN", f"{whole} > 0 and {number} is not null"),
        (fresh[4], "BIGINT", f"coalesce({big}, {whole})"),
        (fresh[5], "INTEGER", f"case when {whole} < 0 then '1' else '2' end"),
    )
    step = node("step", "field.VariableOperator", items, columnNames=",".join(random.names[i] for i in kept))
    made = bench.apply(step, random)
    frame, once = random.frame, list(dict.fromkeys(kept))
    positive = (frame[0] > 0) & frame[1].notna()
    positive[frame[1].isna()] = False
    fresh_columns = [
        frame[0] * 3 - 1,
        frame[1] / 2.5,
        frame[2].where(frame[3].fillna(False).astype(bool), "no"),
        positive,
        frame[4].fillna(frame[0]),
        (frame[0] < 0).fillna(False).map({True: 1, False: 2}),
    ]
    assert made.columns == [*(random.names[i] for i in once), *fresh]
    expected = pd.concat([*(frame[i] for i in once), *fresh_columns], axis=1)
    assert_same(made.rows, records(expected))


@differential
@given(random=tables("whole", "number"), bins=st.integers(1, 5), data=st.data())
def test_quantile_bins(bench: Bench, random: Random, bins: int, data: st.DataObject) -> None:
    item = element("QuantileItem", columnName=random.names[1], newColumnName="bin", numberOfBin=str(bins))
    edges = sorted(data.draw(st.lists(st.integers(-8, 12), min_size=2, max_size=4, unique=True)))
    limits = [
        element("QuantileItemBinNumeric", startFrom=str(low / 4), endTo=str(high / 4))
        for low, high in itertools.pairwise(edges)
    ]
    own = element("QuantileItem", *limits, columnName=random.names[1], newColumnName="own")
    step = node("step", "field.VariableOperator", element("QuantileModel", item, own), columnNames=random.names[0])
    made = bench.apply(step, random)
    numbers = random.frame[1]
    cut = pd.cut(numbers.astype(float), [edge / 4 for edge in edges], right=False, labels=False)
    last = numbers == edges[-1] / 4
    expected = [
        None if pd.isna(number) else len(limits) if is_last else (None if pd.isna(place) else int(place) + 1)
        for number, place, is_last in zip(numbers, cut, last.fillna(False), strict=True)
    ]
    assert [row[2] for row in made.rows] == expected
    # As many rows in each bin, the first ones with one more, and no number above one of a later bin.
    found = [(row[1], number) for row, number in zip(made.rows, numbers, strict=True) if not pd.isna(number)]
    assert all(row[1] is None for row, number in zip(made.rows, numbers, strict=True) if pd.isna(number))
    sizes = [sum(place == i for place, _ in found) for i in range(1, bins + 1)]
    assert sizes == [len(found) // bins + (i < len(found) % bins) for i in range(bins)]
    assert [number for _, number in sorted(found)] == sorted(number for _, number in found)
