"""What of a flow's text may become SQL."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpine.sandbox.engine import NodeFailure
from alpine.sandbox.engine.expressions import literal, quoted
from alpine.sandbox.engine.sql import column, register

TABLES = {"": [("a", "BIGINT"), ("b", "VARCHAR")]}


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        register(connection)
        connection.execute("SET GLOBAL TimeZone = 'UTC'")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        connection.execute("CREATE TABLE t AS SELECT i AS a, 'x' AS b FROM range(3) r(i)")
        connection.execute("CREATE TABLE other AS SELECT 'hidden' AS secret")
        yield connection


def translated(text: str) -> str:
    return f"({column(text, TABLES)})"


@pytest.mark.parametrize(
    "text",
    [
        "a + 1",
        '"a" || b',
        "case when a > 1 then True else False end",
        "a between 1 and 2",
        "a in (1, 2)",
        "sum(a) over (partition by b order by a)",
        "count(distinct a)",
        "count(*)",
        "a::numeric(10,2) / 3",
        "coalesce(b, 'it''s')",
        "a -- a remark",
        "extract(year from date '2017-04-25')",
        "lpad(b, 10, '0') || rpad(b, 10, '0')",
    ],
)
def test_an_expression_is_taken(connection: duckdb.DuckDBPyConnection, text: str):
    assert connection.execute(f"SELECT {translated(text)} FROM t").fetchall()


PIECES = [
    *(
        "a",
        "b",
        "1",
        "'x'",
        "(",
        ")",
        ",",
        ";",
        "--",
        "/*",
        "*/",
        "*",
        "+",
        "=",
        "and",
        "or",
        "not",
        "in",
        "as",
        "from",
    ),
    *(
        "select",
        "other",
        "secret",
        "where",
        "union",
        "case",
        "when",
        "then",
        "end",
        "exists",
        "over",
        "order by",
        "limit",
    ),
    *(
        "count(",
        "max(",
        "[",
        "]",
        "{",
        "}",
        ":",
        "::",
        "lambda",
        "->",
        "$1",
        "?",
        "#1",
        "columns(*)",
        "values",
        "with",
        '"',
    ),
]


@given(st.one_of(st.text(max_size=40), st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join)))
def test_whatever_is_taken_is_one_column_of_the_inputs_rows_alone(connection: duckdb.DuckDBPyConnection, text: str):
    try:
        sql = translated(text)
        found = connection.execute(f"SELECT {sql} AS made FROM t WHERE TRUE")
    except (NodeFailure, duckdb.Error):
        return
    assert [column[0] for column in found.description or []] == ["made"]
    rows = found.fetchall()
    assert len(rows) <= 3
    assert "hidden" not in str(rows)


@given(st.text(max_size=30).filter(lambda text: "\0" not in text))
def test_names_and_texts_are_what_they_were(connection: duckdb.DuckDBPyConnection, text: str):
    found = connection.execute(f"SELECT {literal(text)} AS {quoted(text or 'x')}")
    assert [column[0] for column in found.description or []] == [text or "x"]
    assert found.fetchall() == [(text,)]
