"""Random samples, and the choice of one of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from alpine.sandbox.engine.context import Context, Output
from alpine.sandbox.engine.database import PLACE, DatabaseTable
from alpine.sandbox.engine.document import Tabs
from alpine.sandbox.engine.expressions import literal
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.registry import operator

_MAX_SAMPLES = 1000
_NUMBER_AT_END = re.compile(r"(\d+)\s*$")


@operator(
    "sampling.RandomSamplingOperator",
    "hadoop.HadoopRandomSamplingOperator",
    title="Random Sampling",
    fidelity="equivalent",
    remark="exact sizes; the same seed draws the same rows again, but not the rows that the server would draw",
)
def random_sampling(context: Context) -> Output:
    """Draws samples: disjoint ones are slices of one shuffle, others come from a shuffle each."""
    table = context.table
    [(total,)] = context.cursor.fetch(f"SELECT count(*) FROM {table.sql}")
    seed = context.parameter("randomSeed").strip()
    draw = _with_replacement if context.flag("replacement") else _shuffled
    apart = context.flag("disjoint") and not context.flag("replacement")
    samples = [
        context.cursor.make(draw(table, f"{seed}/{0 if apart else number}", total, first if apart else 0, size))
        for number, (first, size) in enumerate(_slices(context, total), 1)
    ]
    if not samples:
        raise NodeFailure("No sample is asked for.")
    view = Tabs([(f"Sample {number}", context.show(sample)) for number, sample in enumerate(samples, 1)])
    return Output(samples[0] if len(samples) == 1 else None, view, samples=samples)


def _slices(context: Context, total: int) -> Iterator[tuple[int, int]]:
    """Where each sample begins and how many rows it has; percentages are rounded on their running sum."""
    percentage = context.parameter("sampleSizeType", "Percentage").strip().lower() == "percentage"
    running = 0.0
    for size in _sizes(context):
        first = round(running * total / 100) if percentage else int(running)
        running += size
        last = round(running * total / 100) if percentage else int(running)
        yield first, last - first


def _sizes(context: Context) -> list[float]:
    model = context.element("SampleSizeModel")
    found = [item.get("sampleSize", "") for item in model.iter("sampleSizes")] if model is not None else []
    texts = found or [context.parameter("sampleSize")] * min(int(context.number("sampleCount", 1)), _MAX_SAMPLES)
    try:
        sizes = [float(text) for text in texts]
    except ValueError:
        raise NodeFailure(f"The sizes of the samples should be numbers: {', '.join(texts)}.") from None
    if any(size < 0 for size in sizes):
        raise NodeFailure(f"The sizes of the samples cannot be negative: {', '.join(texts)}.")
    return sizes


def _shuffled(table: DatabaseTable, seed: str, total: int, first: int, size: int) -> str:  # noqa: ARG001 - one shape for both
    shuffle = f"SELECT {PLACE} AS place FROM {table.rows} ORDER BY hash({PLACE}, {literal(seed)}), {PLACE}"
    return (
        f"SELECT t.* FROM {table.rows} t JOIN ({shuffle} LIMIT {size} OFFSET {first}) s ON t.{PLACE} = s.place "
        f"ORDER BY t.{PLACE}"
    )


def _with_replacement(table: DatabaseTable, seed: str, total: int, first: int, size: int) -> str:  # noqa: ARG001
    draws = f"SELECT (hash(i, {literal(seed)}) % {max(total, 1)})::BIGINT AS place FROM range({size}) r(i)"
    return f"SELECT t.* FROM {table.rows} t JOIN ({draws}) s ON t.{PLACE} = s.place ORDER BY t.{PLACE}"


@operator(
    "sampling.SampleSelectorOperator",
    "hadoop.HadoopSampleSelectorOperator",
    title="Sample Selector",
    fidelity="exact",
    remark="names that end in Sample_<n> count from 1, other names from 0",
)
def sample_selector(context: Context) -> Output:
    """Hands on one of the samples before it."""
    samples = [sample for entry in context.inputs for sample in entry.samples]
    if not samples:
        raise NodeFailure("A sample selector needs a Random Sampling before it.")
    chosen = context.parameter("selectedTable") or context.parameter("selectedFile")
    found = _NUMBER_AT_END.search(chosen)
    if found is None:
        raise NodeFailure(f"Which sample is meant by {chosen!r}? Its name should end in a number.")
    from_one = chosen[: found.start()].endswith("Sample_")
    index = int(found.group(1)) - (1 if from_one else 0)
    if not 0 <= index < len(samples):
        raise NodeFailure(f"There is no sample {chosen!r}; {len(samples)} were drawn.")
    return Output(samples[index])
