"""Pig expressions against tables of cases: those of this project, and those that a real Pig ran, where they are."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from alpine.sandbox.engine import NodeFailure
from alpine.sandbox.engine.pig import raised
from tests.sandbox.pig_table import Case, computed, database, is_equal, read_cases

OWN = read_cases(Path(__file__).with_name("pig_cases.tsv"))
SHARED = [folder / "shared" / "facts" / "pig_cases.tsv" for folder in Path(__file__).parents[2:4]]
FACTS = Path(os.environ.get("ALPINE_PIG_CASES") or next((path for path in SHARED if path.exists()), SHARED[0]))
LENIENT = {
    # A filter takes it, and the product may add the parentheses itself.
    "i>5 ? 'big' : 'small'",
    "ni is null",
    # The name before a column's says which side of a join it came from.
    "A::i",
}


@pytest.fixture(scope="module")
def connection():
    with database() as connection:
        yield connection


def outcome(connection: duckdb.DuckDBPyConnection, case: Case) -> str:
    try:
        value = computed(connection, case)
    except NodeFailure as error:
        assert str(error).startswith("The Pig expression "), error
        return "refused"
    except duckdb.Error as error:
        assert raised(str(error)), f"{case.expression}: {error}"
        return "refused"
    if case.stops:
        return "lenient"
    assert is_equal(case, value), f"{case.expression} is {case.expected}, not {value!r}"
    return "equal"


@pytest.mark.parametrize("case", OWN, ids=lambda case: case.expression)
def test_an_expression_has_the_value_that_the_rules_give(connection, case: Case):
    assert outcome(connection, case) == ("refused" if case.stops else "equal")


@pytest.mark.skipif(not FACTS.exists(), reason="the table of a real Pig is not there (ALPINE_PIG_CASES names it)")
def test_no_expression_differs_from_a_real_pig(connection):
    cases = read_cases(FACTS)
    found = {case: outcome(connection, case) for case in cases}
    assert {case.expression for case, how in found.items() if how == "lenient"} <= LENIENT
    counts = Counter(how for case, how in found.items() if not case.stops)
    assert counts["equal"] / counts.total() >= 0.95, counts
