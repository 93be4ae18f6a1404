"""What the tests share: the workflow on the server, and five sales."""

from pathlib import Path

import pandas
import pytest

FLOW = Path(__file__).parent.parent / "flows" / "weekly_sales.afm"


@pytest.fixture
def sales():
    """Five sales."""
    return pandas.DataFrame(
        {
            "region": ["north", "north", "north", "south", "north"],
            "product": ["book", "lamp", "lamp", "book", "book"],
            "amount": [100.0, 250.0, 150.0, 900.0, 99.0],
        }
    )


@pytest.fixture
def workflow_id(alpine_sandbox, sales):
    """The workflow, on a server that has its table."""
    alpine_sandbox.load_table("shop.sales", sales)
    return alpine_sandbox.add_workflow(FLOW)
