"""``python -m benchmarks.flows``: whole flows, their memory, their previews, and ten operators over a socket."""

from __future__ import annotations

import sys
from time import perf_counter

import pyarrow.parquet as pq

from alpine.sandbox import Sandbox
from benchmarks.measure import PEAK, Result, in_a_process, seconds, show
from benchmarks.operators import AGGREGATION, FILTER, JOIN, ROWS, SHORT_ROWS, loaded
from benchmarks.tables import element, flow, node, source, tables, wide

_MEMORY = (
    PEAK
    + """
from pathlib import Path
from benchmarks.operators import Bench, CASES
from benchmarks.tables import flow, source
bench = Bench(Path(sys.argv[1]))
bench.engine.load_table("wide", Path(sys.argv[1]) / "wide.parquet")
bench.run(flow([source("wide")], []))
idle, start = begin()
bench.run(flow([source("wide"), CASES[sys.argv[2]].step], [("wide", "step")]))
report(idle, start)
bench.close()
"""
)


def remembering(short: bool) -> list[Result]:
    """The memory that the summary takes, against that of its table."""
    rows = SHORT_ROWS if short else ROWS
    with tables(rows) as folder:
        size = pq.read_table(folder / "wide.parquet").nbytes / 2**20
        memory = in_a_process(_MEMORY, folder, "summary")["memory"]
    value = memory / size
    what = f"summary of 12 columns, {rows:,} rows: memory above the loaded table, against the table's own"
    # A small table is smaller than what any query takes.
    gross = 8.0 if short else 2.0
    return [Result(what, f"{value:.2f}", "at most 1", value, 1.0, gross=gross, note=f"the table: {size:.0f} MB")]


def showing(short: bool) -> list[Result]:
    """A source alone: its preview and the results document, whatever the size of the table."""
    rows = SHORT_ROWS if short else ROWS
    with loaded(rows) as bench:
        text = flow([source("wide")], [])
        bench.run(text)
        value = min(seconds(lambda: bench.run(text)) for _ in range(9)) * 1000
    what = f"preview and results document of a table of {rows:,} rows and 20 columns"
    return [Result(what, f"{value:.0f} ms", "under 50 ms", value, 50)]


def ten_operators() -> bytes:
    """A flow of ten operators: filters, derived columns, a join, aggregations, and what is shown of them."""
    derived = element(
        "DerivedFieldsModel", element("DerivedFieldItem", columnName="made", dataType="DOUBLE", expression="x1 + x2")
    )
    kept = ",".join(wide(1).column_names)
    nodes = [
        source("wide"),
        source("narrow"),
        node("field.FilterOperator", FILTER, name="filter"),
        node("field.VariableOperator", derived, name="variable", columnNames=kept),
        node("field.ColumnFilterOperator", name="columns", columnNames=kept),
        node("datasource.TableJoinOperator", JOIN, name="join"),
        node("field.AggregateOperator", AGGREGATION, name="aggregation"),
        node("hadoop.HadoopValueAnalysisOperator", name="summary", columnNames="x1,n1,c1", topN="10"),
        node("field.FrequencyAnalysisOperator", name="frequency", columnNames="c1,c2"),
        node("field.FilterOperator", FILTER, name="filter again"),
    ]
    links = [("filter", "variable"), ("variable", "columns"), ("narrow", "join"), ("join", "aggregation")]
    links += [("wide", name) for name in ("filter", "join", "frequency")]
    links += [("columns", "summary"), ("columns", "filter again")]
    return flow(nodes, links)


def answering(short: bool) -> list[Result]:
    """From ``run`` to the results of ten operators on 300 rows, over a real socket."""
    with tables(300) as folder, Sandbox() as server:
        for name in ("wide", "narrow"):
            server.load_table(name, folder / f"{name}.parquet")
        path = folder / "ten.afm"
        path.write_bytes(ten_operators())
        session = server.client()
        target = session.datasource.for_upload("Sandbox Database")
        workflow = session.workfile.upload("Sandbox", path, [target])["id"]

        def once() -> float:
            start = perf_counter()
            run = session.workfile.process.run(workflow)
            run.wait()
            run.results()
            return perf_counter() - start

        once()
        value = min(once() for _ in range(7)) * 1000
    what = "ten operators on 300 rows, from `run` to the results"
    return [Result(what, f"{value:.0f} ms", "under 150 ms", value, 150)]


if __name__ == "__main__":
    for measure in (answering, showing, remembering):
        show(measure("--short" in sys.argv))
