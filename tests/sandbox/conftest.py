from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from alpine.sandbox import Sandbox
from tests.sandbox.wire import PEOPLE, Wire


@pytest.fixture
def wire(sandbox: Sandbox) -> Iterator[Wire]:
    caller = Wire(sandbox)
    yield caller
    caller.http.close()


@pytest.fixture
def people(sandbox: Sandbox, tmp_path: Path) -> None:
    """The table that the tests' workflow reads."""
    table = tmp_path / "people.csv"
    table.write_text(PEOPLE)
    sandbox.load_table("demo.people", table)
