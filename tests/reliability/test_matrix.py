"""Every call met with every fault gives its documented value or one exception, tells no secret, and doubles nothing."""

from __future__ import annotations

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


def test_the_page_of_the_documentation_speaks_of_every_call_and_fault() -> None:
    page = matrix.DOCUMENT.read_text("utf-8")
    assert [call.name for call in CALLS if f"| `{call.name}` |" not in page] == []
    assert [fault.name for fault in FAULTS if f"| {fault.name} |" not in page] == []


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
