"""The workflow keeps, taxes and sums up what it should."""

import pytest


@pytest.fixture
def run(alpine_session, workflow_id):
    """Run the workflow, and give its operators' outputs."""

    def run(**variables):
        started = alpine_session.workfile.process.run(workflow_id, {f"@{name}": v for name, v in variables.items()})
        started.wait()
        return started.results().operators

    return run


def test_large_sales_are_those_of_the_region_from_the_limit_on(run):
    kept = run(region="north", least=100)["Large Sales"].to_dataframe()
    assert kept["amount"].tolist() == [100, 250, 150]


def test_all_sales_of_the_region_count_unless_told_otherwise(run):
    assert run()["Large Sales"].row_count == 4


@pytest.mark.parametrize(("product", "total"), [("book", "107.0000"), ("lamp", "476.0000")])
def test_books_have_a_lower_tax(run, product, total):
    totals = {row["product"]: row["total"] for row in run(least=100)["By Product"]["visualData"]["items"]}
    assert totals[product] == total


def test_a_region_without_sales_has_an_empty_report(run):
    assert run(region="west")["By Product"].row_count == 0
