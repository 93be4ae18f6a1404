"""Many runs at once."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

import alpine.sandbox
from alpine import afm
from alpine.sandbox import Sandbox
from benchmarks.measure import Result

_FLOW = Path(alpine.sandbox.__file__).parent / "examples" / "order_filter.afm"


def sweeping(short: bool) -> list[Result]:
    """16 runs of 2 seconds each, 8 at a time: ideally 4 seconds."""
    runs, side_by_side, lasts = (8, 4, 1.0) if short else (16, 8, 2.0)
    ideal = runs / side_by_side * lasts
    with Sandbox(pace=("timed", lasts / len(afm.read(_FLOW).execution_order()))) as server:
        session = server.client()
        workflow = session.workfile.get_id("order_filter", "Sandbox")
        variables = [{"@min_amount": amount} for amount in range(runs)]
        # The sandbox loads its database and its tables at the first run.
        session.workfile.process.run(workflow).wait()
        start = perf_counter()
        outcomes = session.workfile.process.run_many(workflow, variables, max_concurrent=side_by_side)
        value = (perf_counter() - start) / ideal
        assert all(outcome.status == "SUCCESS" for outcome in outcomes)
    what = f"sweep of {runs} runs of {lasts:g} s, {side_by_side} at a time, against the ideal {ideal:g} s"
    return [Result(what, f"{value:.2f}", "at most 1.2", value, 1.2)]
