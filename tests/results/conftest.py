from __future__ import annotations

import pytest

from alpine.results import FlowResults
from tests.documents import document


@pytest.fixture
def results() -> FlowResults:
    return FlowResults(document())
