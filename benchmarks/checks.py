"""Checks of flows before they run."""

from __future__ import annotations

from time import perf_counter

from alpine import afm
from alpine.flows import check
from alpine.sandbox.engine.core import EXAMPLES
from benchmarks.measure import Result
from benchmarks.tables import element, flow, node, source

_ORDERS = {"order_id": "bigint", "customer": "text", "region": "text", "status": "text", "items": "integer"}
_TABLES = {"demo.orders": {**_ORDERS, "amount": "numeric(10,2)", "ordered_on": "date"}, "long": _ORDERS}
_STEPS = 20


def _long() -> bytes:
    """A flow of as many operators as the longest that is public: conditions and derived columns in turn."""
    nodes, links = [source("long")], []
    for place in range(_STEPS):
        if place % 2:
            item = element("RowFilterConditionItem", columnName="items", condition=">", firstValue="1", secondValue="")
            nodes.append(node("field.FilterOperator", element("RowFilterConditionModel", item), name=f"n{place}"))
        else:
            item = element(
                "DerivedFieldItem", columnName=f"d{place}", dataType="", expression='"items" * 2 + length("region")'
            )
            model = element("DerivedFieldsModel", item)
            kept = "order_id,region,items"
            nodes.append(node("field.VariableOperator", model, name=f"n{place}", columnNames=kept))
        links.append((f"n{place - 1}" if place else "long", f"n{place}"))
    return flow(nodes, links)


def checking(short: bool) -> list[Result]:
    """The time of a check, once the packages that it needs are loaded."""
    results = []
    flows = {"order_report.afm": (EXAMPLES / "order_report.afm").read_bytes(), f"a flow of {_STEPS + 1}": _long()}
    for name, content in flows.items():
        times = []
        for _ in range(4 if short else 20):
            begun = perf_counter()
            check(afm.read(content), _TABLES)
            times.append((perf_counter() - begun) * 1000)
        # The least, since others use the machine as well.
        value = min(times)
        what = f"`Workflow.check` of {name} operators" if "flow of" in name else f"`Workflow.check` of {name}"
        results.append(Result(what, f"{value:.0f} ms", "at most 100 ms", value, 100))
    return results
