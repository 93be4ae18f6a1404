"""Pig expressions, translated and computed."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpine.sandbox.engine import NodeFailure
from alpine.sandbox.engine.pig import to_sql


def value(expression: str) -> Any:
    with duckdb.connect() as connection:
        connection.execute("SET integer_division = true")
        connection.execute("CREATE TABLE t AS SELECT 7 AS a, 2 AS b, 'Hello' AS s, NULL::INT AS n, '2017-04-25' AS d")
        [(found,)] = connection.execute(f"SELECT {to_sql(expression)} FROM t").fetchall()
        return found


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a / b", 3),
        ("a * 1.0 / b", 3.5),
        ("a % b + 1", 2),
        ("a - b - 1", 4),
        ("-a + +b", -5),
        ("a == 7 ? 'yes' : 'no'", "yes"),
        ("a == 7 and b != 2 ? 1 : b > 1 or a < 0 ? 2 : 3", 2),
        ("n is null ? 0 : n", 0),
        ("s is not null ? 1 : 0", 1),
        ("not (a > 1)", False),
        ("NOT a > 1 OR b == 2", True),
        ("s matches 'H.*'", True),
        ("s matches 'ell'", False),
        ("(chararray)a == '7'", True),
        ("(int)((chararray)(a + 1))", 8),
        ("(int)'3.9'", 3),
        ("(int)-3.9", -3),
        ("(double)s", None),
        ("LOG(1.0)", 0.0),
        ("ROUND(2.5)", 3),
        ("ROUND(-2.5)", -2),
        ("FLOOR(2.5) + CEIL(2.5)", 5.0),
        ("CONCAT(s, CONCAT('-', a))", "Hello-7"),
        ("SUBSTRING(s, 1, 3)", "el"),
        ("SIZE(s)", 5),
        ("INDEXOF(s, 'l')", 2),
        ("REGEX_EXTRACT(s, '(e)(l+)', 2)", "ll"),
        ("REGEX_EXTRACT(s, '(z)', 1)", None),
        ("REPLACE(s, 'l+', 'L')", "HeLo"),
        ("UPPER(TRIM('  x '))", "X"),
        ("GetYear(ToDate(d, 'yyyy-MM-dd'))", 2017),
        ("GetWeek(ToDate(d, 'yyyy-MM-dd'))", 17),
        ("ToString(ToDate(d, 'yyyy-MM-dd'), 'dd/MM/yyyy')", "25/04/2017"),
        ("'it\\'s'", "it's"),
        ("'it''s'", "it's"),
        ("10L + 1", 11),
        ("1.5e1", 15.0),
        ("data::a + t.b", 9),
        ("CASE WHEN a > 5 THEN 'big' WHEN a > 2 THEN 'mid' ELSE 'small' END", "big"),
        ("case when a > 50 then 1 end", None),
        ("COUNT(a) + COUNT(*)", 2),
        ('"a" + 1', 8),
    ],
)
def test_an_expression_has_its_value(expression: str, expected: Any):
    found = value(expression)
    assert found == expected
    assert isinstance(found, bool) == isinstance(expected, bool)


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("", "not a Pig expression"),
        ("a +", "not a Pig expression"),
        ("a; DROP TABLE t", "not a Pig expression"),
        ("(select 1)", "not a Pig expression"),
        ("a -- b\n c", "not a Pig expression"),
        ("SYSTEM('ls')", "SYSTEM"),
        ("SUBSTRING(s)", "SUBSTRING with 1"),
        ("ToDate(d, s)", "pattern"),
        ("ToDate(d, 'QQQ')", "'QQQ'"),
        ("(" * 10_000 + "a" + ")" * 10_000, "too large"),
    ],
)
def test_what_can_not_be_translated_is_refused(expression: str, reason: str):
    with pytest.raises(NodeFailure, match=reason):
        to_sql(expression)


PIECES = [
    "a",
    "1",
    "'x'",
    "(",
    ")",
    "?",
    ":",
    "==",
    "+",
    "-",
    "(int)",
    "LOG",
    ",",
    "and",
    "not",
    "is null",
    '"',
    "'",
    "CASE",
]


@settings(deadline=None, max_examples=50)
@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=25).map(" ".join)))
def test_any_text_is_translated_or_refused(text: str):
    try:
        sql = to_sql(text)
    except NodeFailure:
        return
    assert duckdb.extract_statements(f"SELECT {sql}")


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=40))
def test_a_text_stays_the_text_it_is(text: str):
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\0", "")
    assert value(f"'{escaped}'") == text.replace("\0", "")
