"""Every call met with every fault gives its documented value or one exception, tells no secret, and doubles nothing."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.reliability import matrix
from tests.reliability.calls import CALLS, OFFLINE, public_names
from tests.reliability.faults import FAULTS


def test_every_public_call_is_in_the_table() -> None:
    tried = {call.name.partition(" (")[0] for call in CALLS}
    assert public_names() == tried | set(OFFLINE)
    assert not tried & set(OFFLINE)
    assert len({call.name for call in CALLS}) == len(CALLS)


def test_there_are_many_kinds_of_trouble() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 30


PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
COLUMNS = ("workfile.get", "workspace.create", "workfile.process.run", "workfile.process.wait_until_finished")


def table_of_the_page() -> dict[tuple[str, str], str]:
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    return {(call, fault): cell for fault, *cells in rows for call, cell in zip(COLUMNS, cells, strict=True)}


def found(cells: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    calls, faults = {call.name: call for call in CALLS}, {fault.name: fault for fault in FAULTS}
    report = matrix.run((calls[call], faults[fault]) for call, fault in cells)
    return {(cell.call.name, cell.fault.name): cell.outcome.removesuffix("Exception") for cell in report.cells}


def test_the_table_of_the_documentation_is_true() -> None:
    # A run is given forty seconds to start, so its time-out is left to the long matrices.
    quick = {cell: outcome for cell, outcome in table_of_the_page().items() if "time-out" not in cell[1]}
    assert len(quick) >= 60
    assert found(quick) == quick


@pytest.mark.long
def test_the_whole_table_of_the_documentation_is_true() -> None:
    assert found(table_of_the_page()) == table_of_the_page()


def check(report: matrix.Report) -> None:
    print(f"{len(report.cells)} cells, {report.seconds:.0f} s, {len(report.told):,} characters searched")
    assert report.troubles == []
    assert report.secrets_told() == set()
    healthy = [cell for cell in report.cells if cell.fault.group == "nothing wrong"]
    assert [cell.call.name for cell in healthy if cell.outcome != matrix.VALUE] == []


def test_a_sample_of_the_matrix() -> None:
    check(matrix.run(matrix.sampled(step=13)))


@pytest.mark.long
def test_the_whole_matrix() -> None:
    check(matrix.run(matrix.whole()))
