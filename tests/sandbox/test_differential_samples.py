"""Samples: that they are samples, of the right size, and that selectors take the right one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sandbox.differential import Bench, Random, Refused, assert_same, differential, records, tables
from tests.sandbox.engine_flows import element, node

KINDS = ("whole", "text", "number")


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.engine.close()


def sampling(sizes: list[int], kind: str, **settings: str) -> str:
    model = element("SampleSizeModel", *(element("sampleSizes", sampleSize=str(size)) for size in sizes))
    return node("sampling", kind, model, sampleCount=str(len(sizes)), **settings)


def selector(kind: str, name: str) -> str:
    return node("step", kind, **{"selectedFile" if "Hadoop" in kind else "selectedTable": name})


def drawn(bench: Bench, operator: str, random: Random, count: int) -> list[list[list[Any]]]:
    """All samples, each by a selector of its own."""
    links = "source 0 > sampling, sampling > step"
    picks = (selector("sampling.SampleSelectorOperator", f"public.out_{i}") for i in range(count))
    return [[list(row) for row in bench.run([operator, pick], links, random).rows] for pick in picks]


@differential
@given(
    random=tables(*KINDS, most=30),
    sizes=st.lists(st.integers(0, 33), min_size=1, max_size=3),
    in_percent=st.booleans(),
    disjoint=st.booleans(),
    replacement=st.booleans(),
    seed=st.sampled_from(["", "0.5", "7"]),
)
def test_random_sampling(
    bench: Bench, random: Random, sizes: list[int], in_percent: bool, disjoint: bool, replacement: bool, seed: str
) -> None:
    settings = {
        "sampleSizeType": "Percentage" if in_percent else "ROW",
        "disjoint": str(disjoint).lower(),
        "replacement": str(replacement).lower(),
        "randomSeed": seed,
    }
    operator = sampling(sizes, "sampling.RandomSamplingOperator", **settings)
    samples = drawn(bench, operator, random, len(sizes))
    assert samples == drawn(bench, operator, random, len(sizes))
    rows = records(random.frame)
    there, total = Counter(map(str, rows)), len(rows)
    left = total
    for sample, size in zip(samples, sizes, strict=True):
        found = Counter(map(str, sample))
        assert set(found) <= set(there)
        wanted = size * total / 100 if in_percent else size
        if replacement:
            assert abs(len(sample) - wanted) <= 0.5 or not total
            continue
        assert not found - there
        most = left if disjoint else total
        # Disjoint percentages are rounded on their running sum, so that one sample may be a row off.
        assert abs(len(sample) - min(wanted, most)) <= (1 if disjoint and in_percent else 0.5)
        left -= len(sample)
        places = [str(row) for row in rows]
        assert [str(row) for row in sample] == _in_order(places, [str(row) for row in sample])
    if disjoint and not replacement:
        assert not sum((Counter(map(str, sample)) for sample in samples), Counter()) - there


def _in_order(rows: list[str], sample: list[str]) -> list[str]:
    """The rows of a sample, as a walk through the table meets them; fewer where they are in another order."""
    walk, found = iter(rows), []
    for row in sample:
        if not any(other == row for other in walk):
            break
        found.append(row)
    return found


@differential
@given(random=tables(*KINDS, least=3, most=12), count=st.integers(1, 4), number=st.integers(0, 5), data=st.data())
def test_sample_selector(bench: Bench, random: Random, count: int, number: int, data: st.DataObject) -> None:
    is_hadoop = data.draw(st.booleans())
    sizes = [10 * (i + 1) for i in range(count)]
    settings = {"sampleSizeType": "Percentage", "disjoint": "true", "randomSeed": "1"}
    if is_hadoop:
        spelling = data.draw(st.sampled_from(["Sample_{}", "/tmp/rsamp_0/Sample_{}", "/tmp/out_7/rsamp_0_{}"]))
        kinds = ("hadoop.HadoopRandomSamplingOperator", "hadoop.HadoopSampleSelectorOperator")
    else:
        spelling = data.draw(st.sampled_from(["public.alp_rsamp_0_{}", "s.t{}", "Sample_{}"]))
        kinds = ("sampling.RandomSamplingOperator", "sampling.SampleSelectorOperator")
    operator = sampling(sizes, kinds[0], **settings)
    place = number - (1 if is_hadoop else 0)
    links = "source 0 > sampling, sampling > step"
    pick = selector(kinds[1], spelling.format(number))
    if not 0 <= place < count:
        with pytest.raises(Refused, match="There is no sample"):
            bench.run([operator, pick], links, random)
        return
    samples = drawn(bench, sampling(sizes, "sampling.RandomSamplingOperator", **settings), random, count)
    assert_same(bench.run([operator, pick], links, random).rows, samples[place])


@pytest.mark.parametrize(
    ("sizes", "settings", "reason"),
    [
        ([60, 60], {"disjoint": "true"}, "120 percent"),
        (["nan"], {}, "numbers from 0 on"),
        (["inf"], {}, "numbers from 0 on"),
        ([-1], {}, "numbers from 0 on"),
        ([10**12], {"sampleSizeType": "Row", "replacement": "true"}, "too large"),
    ],
)
def test_a_sampling_that_cannot_be_is_refused(
    bench: Bench, sizes: list[Any], settings: dict[str, str], reason: str
) -> None:
    random = Random(("a",), ("whole",), ((1,), (2,)))
    with pytest.raises(Refused, match=reason):
        drawn(bench, sampling(sizes, "sampling.RandomSamplingOperator", **settings), random, 1)
