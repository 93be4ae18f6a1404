"""Random samples, and the choice of one of them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from alpine.sandbox.engine.context import Context, Output
from alpine.sandbox.engine.database import PLACE, DatabaseTable
from alpine.sandbox.engine.document import Tabs
from alpine.sandbox.engine.expressions import literal, quoted
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.registry import operator

_MAX_SAMPLES = 1000
_MAX_ROWS = 100_000_000
_NUMBER_AT_END = re.compile(r"([0-9]+)\s*$")
_IN_PERCENT = {"percentage": True, "": True, "row": False}
_WHOLE = 100
"""All rows, in percent."""


@operator(
    "sampling.RandomSamplingOperator",
    "hadoop.HadoopRandomSamplingOperator",
    title="Random Sampling",
    fidelity="equivalent",
    remark="exact sizes; the same seed draws the same rows again, but not the rows that the server would draw; "
    "samples of a number of rows hold fewer where the table ends",
    test="tests/sandbox/test_differential_samples.py::test_random_sampling",
)
def random_sampling(context: Context) -> Output:
    """Draws samples: disjoint ones are slices of one shuffle, others come from a shuffle each."""
    table = context.table
    [(total,)] = context.cursor.fetch(f"SELECT count(*) FROM {table.sql}")
    context.flag("consistent")
    context.columns("keyColumnList")
    seed = context.parameter("randomSeed").strip()
    draw = _with_replacement if context.flag("replacement") else _shuffled
    apart = context.flag("disjoint") and not context.flag("replacement")
    samples = [
        context.cursor.make(draw(table, f"{seed}/{0 if apart else number}", total, first, size))
        for number, (first, size) in enumerate(_slices(context, total, apart), 1)
    ]
    if not samples:
        raise NodeFailure("No sample is asked for.")
    view = Tabs([(f"Sample {number}", context.show(sample)) for number, sample in enumerate(samples, 1)])
    return Output(samples[0] if len(samples) == 1 else None, view, samples=samples)


def _slices(context: Context, total: int, apart: bool) -> Iterator[tuple[int, int]]:
    """Where each sample begins and how many rows it has.

    Percentages of samples that share no row are rounded on their running sum, so that they use up the table.

    :raises NodeFailure: Samples would need more than all rows, or a size is none.
    """
    kind = context.parameter("sampleSizeType").strip()
    if kind.lower() not in _IN_PERCENT:
        raise NodeFailure(f"The sandbox does not know the sample size type {kind!r}; it knows Percentage and Row.")
    percentage, sizes = _IN_PERCENT[kind.lower()], _sizes(context)
    if percentage and apart and math.fsum(sizes) > _WHOLE:
        raise NodeFailure(f"Disjoint samples cannot be {math.fsum(sizes):g} percent of the rows together.")
    if percentage and not context.flag("replacement") and max(sizes, default=0) > _WHOLE:
        raise NodeFailure(f"A sample without replacement cannot be {max(sizes):g} percent of the rows.")
    if not percentage and any(size != int(size) for size in sizes):
        raise NodeFailure(f"The sizes of samples of rows should be whole: {', '.join(f'{size:g}' for size in sizes)}.")
    running = 0.0
    for size in sizes:
        before = running if apart else 0.0
        running = before + size
        first, last = (round(end * total / 100) if percentage else int(end) for end in (before, running))
        if last - first > _MAX_ROWS:
            raise NodeFailure(f"A sample of {last - first:,} rows is too large; {_MAX_ROWS:,} can be drawn.")
        yield first, last - first


def _sizes(context: Context) -> list[float]:
    model = context.element("SampleSizeModel")
    found = [item.get("sampleSize", "") for item in model.iter("sampleSizes")] if model is not None else []
    numbers = [item.get("sampleID", "").strip() for item in model.iter("sampleIDs")] if model is not None else []
    if numbers:
        if sorted(numbers) != sorted(str(number) for number in range(1, len(found) + 1)):
            raise NodeFailure(f"The samples of {len(found)} sizes should be numbered from 1, not {', '.join(numbers)}.")
        found = [size for _, size in sorted(zip(map(int, numbers), found, strict=True))]
    count = context.whole("sampleCount", len(found) or 1)
    if found and count != len(found):
        raise NodeFailure(f"The flow asks for {count} samples (sampleCount), but gives {len(found)} sizes.")
    texts = found or [context.parameter("sampleSize")] * min(count, _MAX_SAMPLES)
    try:
        sizes = [float(text) for text in texts]
    except ValueError:
        raise NodeFailure(f"The sizes of the samples should be numbers: {', '.join(texts)}.") from None
    if not all(0 <= size < math.inf for size in sizes):
        raise NodeFailure(f"The sizes of the samples should be numbers from 0 on: {', '.join(texts)}.")
    return sizes


def _shuffled(table: DatabaseTable, seed: str, total: int, first: int, size: int) -> str:  # noqa: ARG001 - one shape for both
    shuffle = f"SELECT {PLACE} AS place FROM {table.rows} ORDER BY hash({PLACE}, {literal(seed)}), {PLACE}"
    return _at(table, f"{shuffle} LIMIT {size} OFFSET {first}")


def _with_replacement(table: DatabaseTable, seed: str, total: int, first: int, size: int) -> str:  # noqa: ARG001
    return _at(table, f"SELECT (hash(i, {literal(seed)}) % {max(total, 1)})::BIGINT AS place FROM range({size}) r(i)")


def _at(table: DatabaseTable, places: str) -> str:
    """The rows at some places, as often as the places are there."""
    columns = ", ".join(f"t.{quoted(column)}" for column in table.columns)
    return f"SELECT {columns} FROM {table.rows} t JOIN ({places}) s ON t.{PLACE} = s.place ORDER BY t.{PLACE}"


@operator(
    "sampling.SampleSelectorOperator",
    "hadoop.HadoopSampleSelectorOperator",
    title="Sample Selector",
    fidelity="exact",
    remark="a Hadoop file's name counts from 1, a database table's from 0",
    test="tests/sandbox/test_differential_samples.py::test_sample_selector",
)
def sample_selector(context: Context) -> Output:
    """Hands on one of the samples before it."""
    samples = [sample for entry in context.inputs for sample in entry.samples]
    if not samples:
        raise NodeFailure("A sample selector needs a Random Sampling before it.")
    if sum(bool(entry.samples) for entry in context.inputs) > 1:
        raise NodeFailure("A sample selector takes one Random Sampling, but several are linked to it.")
    chosen = context.parameter("selectedTable") or context.parameter("selectedFile")
    found = _NUMBER_AT_END.search(chosen)
    if found is None:
        raise NodeFailure(f"Which sample is meant by {chosen!r}? Its name should end in a number.")
    first = 1 if context.is_hadoop else 0
    index = int(found.group(1)) - first
    if not 0 <= index < len(samples):
        raise NodeFailure(
            f"There is no sample {chosen!r}: {len(samples)} were drawn, and they count from {first} "
            f"{'in Hadoop' if first else 'in a database'}."
        )
    return Output(samples[index])
