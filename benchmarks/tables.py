"""The tables that operators are measured on, and the flows that do it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

NUMBERS = tuple(f"x{i}" for i in range(1, 11))
_PREFIX = "com.alpine.miner.gef.runoperator."
_TABLE = "datasource.DbTableOperator"


def wide(rows: int) -> pa.Table:
    """A table of 20 columns: 11 doubles, 4 whole numbers, a date, 4 texts."""
    random = np.random.default_rng(1)
    numbers = random.normal(size=(rows, 10)) * np.arange(1, 11)
    # Some columns repeat their values, as prices do, and some hardly ever, as measurements do.
    numbers[:, :3] = numbers[:, :3].round(2)
    whole = {"n1": 10, "n2": 1_000, "n3": max(rows // 10, 1)}
    integers = {name: random.integers(0, top, rows).astype(np.int32) for name, top in whole.items()}
    texts = {"c1": 4, "c2": 40, "c3": 1_000}
    words = {
        name: pa.array([f"{name} {i:04}" for i in range(top)]).take(pa.array(random.integers(0, top, rows)))
        for name, top in texts.items()
    }
    signal = numbers[:, 0] - 0.4 * numbers[:, 1] + 0.1 * numbers[:, 2] + 0.2 * integers["n1"]
    chance = 1 / (1 + np.exp(-(signal - signal.mean())))
    days = np.datetime64("2015-01-01") + random.integers(0, 3_000, rows)
    return pa.table(
        {
            "id": np.arange(rows),
            **{name: numbers[:, i] for i, name in enumerate(NUMBERS)},
            **integers,
            **words,
            "day": pa.array(days.astype("datetime64[D]")),
            "y": signal + random.normal(size=rows),
            "label": pa.array(["no", "yes"]).take(pa.array((random.random(rows) < chance).astype(int))),
        }
    )


def narrow(rows: int) -> pa.Table:
    """A table to join with: a row for each value of ``n3``."""
    keys = np.arange(max(rows // 10, 1), dtype=np.int32)
    return pa.table({"key": keys, "weight": np.sqrt(keys), "name": pa.array([f"key {key}" for key in keys])})


def element(tag: str, *children: str, **attributes: str) -> str:
    """One XML element."""
    said = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    return f"<{tag}{said}>{''.join(children)}</{tag}>"


def node(kind: str, *model: str, name: str = "step", **parameters: str) -> str:
    """One operator of a flow."""
    own = "".join(element("Parameter", key=key, value=value) for key, value in parameters.items())
    return element("Operator", own, *model, name=name, type=_PREFIX + kind, uuid=f"id of {name}")


def source(table: str) -> str:
    """A source that reads a loaded table."""
    return node(_TABLE, name=table, schemaName="", tableName=table)


def flow(nodes: Sequence[str], links: Sequence[tuple[str, str]]) -> bytes:
    """A flow of operators and links."""
    parts = [*nodes, *(element("Link", source=a, target=b) for a, b in links), "<VariableModel/>"]
    return f"<Process>{''.join(parts)}</Process>".encode()


@contextmanager
def tables(rows: int) -> Iterator[Path]:
    """A folder with the tables."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pq.write_table(wide(rows), folder / "wide.parquet")
        pq.write_table(narrow(rows), folder / "narrow.parquet")
        yield folder
