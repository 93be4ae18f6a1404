"""How Pig expressions are refused, and what no expression can do."""

from __future__ import annotations

import random
import re
import time
from decimal import Decimal
from typing import Any

import duckdb
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpine.sandbox.engine import Engine, NodeFailure
from alpine.sandbox.engine.pig import loaded_datetime, raised, strptime_format, to_sql
from alpine.sandbox.engine.pig.java_numbers import double_text
from tests.sandbox.engine_flows import element, flow, node, source, start
from tests.sandbox.pig_table import COLUMNS, GROUPED, database


@pytest.fixture(scope="module")
def connection():
    with database() as connection:
        yield connection


@pytest.fixture
def engine():
    engine = Engine()
    yield engine
    engine.close()


def value(connection: duckdb.DuckDBPyConnection, expression: str) -> Any:
    [(found,)] = connection.execute(f"SELECT {to_sql(expression, COLUMNS)} FROM a").fetchall()
    return found


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("", "ends too soon"),
        ("i +", "ends too soon"),
        ("i; DROP TABLE a", "character 2: .* cannot stand here"),
        ("(select 1)", "cannot stand here"),
        ("i -- s\n n", "cannot stand here"),
        ("7--2", "begins a comment"),
        ("+5", "no unary plus"),
        ("i = 7", "character 3: .* equality is =="),
        ("i <> 7", "unequal is !="),
        ('"i"', "single quotes"),
        (r"'a\.b'", "escape"),
        ("'it''s'", "cannot stand here|escape"),
        ("i NOT IN (1)", r"NOT x IN"),
        ("SYSTEM('ls')", "does not know the Pig function SYSTEM"),
        ("lower(s)", "case-sensitive in Pig: LOWER"),
        ("COALESCE(ni, 1)", "no function COALESCE; write"),
        ("SUBSTRING(s)", r"SUBSTRING takes \(chararray, int, int\), not \(chararray\)"),
        ("S", "case-sensitive in Pig: s"),
        ("nosuch", "no column nosuch; the columns are: i, l, f"),
        ("s + 1", r"character 1: \+ takes no chararray with a int"),
        ("(i > 1 ? 1 : 'x')", "a choice takes no int with a chararray"),
        ("(chararray)t", "use ToString"),
        ("(datetime)s", "use ToDate"),
        ("(chararray)(5)", "leave the parentheses out"),
        ("2147483648", "write it with an L"),
        ("ToString(t, 'QQQ')", "'QQQ', which is unknown"),
        ("ToDate(s, 'yyyy GG')", "reads no dates by 'G'"),
        ("s matches '(?=a).*'", "a lookahead"),
        ("s matches '(?<!a).*'", "a lookbehind"),
        (r"s matches '(a)\\1'", "a back reference"),
        ("s matches 'a++'", "a possessive quantifier"),
        ("s matches '[a-z&&[^b]]'", "a class within a class|an intersection"),
        ("s matches '('", "Java cannot read"),
        ("REPLACE(s, 'l*', 'x')", "may match nothing"),
        ("STRSPLIT(s, ' ')", "no tuples, bags and maps"),
        ("SUM(i)", "an aggregate needs groups"),
        ("(" * 10_000 + "i" + ")" * 10_000, "too large"),
        ("-" * 200 + "i", "begins a comment"),
        ("- " * 400 + "i", "nested too deep"),
    ],
)
def test_what_cannot_be_translated_is_refused_by_name(expression: str, reason: str):
    with pytest.raises(NodeFailure, match=f"^The Pig expression .*{reason}"):
        to_sql(expression, COLUMNS)


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("i % (i - 7)", "% by zero"),
        ("ABS(ni)", "ABS of a null int"),
        ("ToDate(s, 'yyyy')", "ToDate cannot read 'Hello World' by the pattern 'yyyy'"),
        ("(bigdecimal)s", "'Hello World' is no bigdecimal"),
        ("bi * bi * bi", "more than 38 digits"),
        ("SPRINTF('%d', d)", "%d"),
        ("ToDate('2013-04-19T10:20:30+02:00')", r"in the zone \+02:00"),
        ("(CONCAT(s, 'é') matches '.*\\\\bWorld.*' ? 1 : 0)", "letters beyond ASCII"),
    ],
)
def test_a_row_that_stops_a_run_says_why(connection, expression: str, reason: str):
    with pytest.raises(duckdb.Error) as error:
        value(connection, expression)
    said = raised(str(error.value)) or ""
    assert re.search(reason, said), said


def test_a_choice_is_computed_only_where_it_is_taken(connection):
    assert value(connection, "(ni is null ? 0 : ABS(ni))") == 0
    assert value(connection, "(i == 0 ? 0 : 7 % i)") == 0


def test_aggregates_need_their_columns_around_them():
    assert to_sql("SUM(x) / COUNT(x)", GROUPED, keys=["g"])
    with pytest.raises(NodeFailure, match="the column x has many values"):
        to_sql("SUM(x) + x", GROUPED, keys=["g"])
    with pytest.raises(NodeFailure, match="SUM takes no chararray"):
        to_sql("SUM(z)", GROUPED, keys=["g"])


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        *(("int", 3), ("long", 3), ("chararray", "3.75"), ("boolean", True)),
        *(("BIGINT", 3), ("DOUBLE PRECISION", 3.75), ("TEXT", "3.75")),
    ],
)
def test_a_declared_type_is_cast_as_pig_casts(connection, declared: str, expected: Any):
    assert connection.execute(f"SELECT {to_sql('d', COLUMNS, data_type=declared)} FROM a").fetchall() == [(expected,)]


@pytest.mark.parametrize("text", ["(chararray)bd", "(chararray)(bd * bd)", "bd / 3", "3BD / bd", "SPRINTF('%s', bd)"])
def test_what_depends_on_the_zeros_of_a_bigdecimal_column_is_refused(text: str):
    with pytest.raises(NodeFailure, match="zeros at the end"):
        to_sql(text, COLUMNS)
    with pytest.raises(NodeFailure, match="zeros at the end"):
        to_sql("bd", COLUMNS, data_type="chararray")


def test_a_bigdecimal_that_was_cast_or_written_has_its_zeros(connection):
    assert value(connection, "(chararray)1.50BD") == "1.50"
    assert value(connection, "(chararray)(double)bd") == "1.5"
    assert value(connection, "(bigdecimal)(double)bd / 3") == Decimal("0.500000")
    assert to_sql("(chararray)x", {"x": "DECIMAL(38,0)"})


@pytest.mark.parametrize("declared", ["x", "varchar(2)", "interval", "bytearray"])
def test_a_declared_type_that_is_not_known_is_refused(declared: str):
    with pytest.raises(NodeFailure, match=r"type|bytearray"):
        to_sql("d", COLUMNS, data_type=declared)
    assert to_sql("t", COLUMNS, data_type="datetime yyyy-MM-dd")


def test_types_that_pig_does_not_have_are_refused_when_they_are_used():
    assert to_sql("i", {"i": "INTEGER", "x": "INTERVAL"})
    with pytest.raises(NodeFailure, match="the column x is a INTERVAL"):
        to_sql("x", {"x": "INTERVAL"})


def test_dates_of_a_file_are_read_by_their_pattern(connection):
    sql = loaded_datetime("written", "M/d/yy")
    rows = connection.execute(
        f"SELECT CAST({sql} AS VARCHAR) FROM (VALUES ('4/9/63'), ('x'), (NULL)) t(written)"
    ).fetchall()
    assert rows == [("1963-04-09 00:00:00",), (None,), (None,)]
    with pytest.raises(NodeFailure, match="unknown"):
        loaded_datetime("written", "q")


def test_a_pattern_has_codes_of_strptime():
    assert strptime_format("yyyy-MM-dd HH:mm:ss") == "%Y-%m-%d %H:%M:%S"
    with pytest.raises(NodeFailure):
        strptime_format("xxxx")


def test_doubles_are_written_as_java_writes_them(connection):
    chance = random.Random(1)
    numbers = [chance.uniform(-10, 10) * 10.0 ** chance.randint(-12, 20) for _ in range(20_000)]
    connection.execute("CREATE OR REPLACE TABLE doubles AS SELECT unnest(?::DOUBLE[]) AS d", [numbers])
    sql = to_sql("(chararray)d", {"d": "DOUBLE"})
    found = [text for (text,) in connection.execute(f"SELECT {sql} FROM doubles").fetchall()]
    assert found == [double_text(number) for number in numbers]
    assert [float(text) for text in found] == numbers


PIECES = ["i", "1", "'x'", "(", ")", "?", ":", "==", "+", "-", "(int)", "LOG", ",", "and", "not", "is null", '"', "'",
          "CASE", "matches", "IN", "s", "ToDate(", "REPLACE(", "$1", ".", "#"]  # fmt: skip


@settings(deadline=None, max_examples=100)
@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=25).map(" ".join)))
def test_any_text_is_translated_or_refused(text: str):
    try:
        sql = to_sql(text, COLUMNS)
    except NodeFailure:
        return
    assert len(duckdb.extract_statements(f"SELECT {sql}")) == 1


@settings(deadline=None, max_examples=100)
@given(text=st.text(max_size=40))
def test_a_text_stays_the_text_it_is(connection, text: str):
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    assert value(connection, f"'{escaped}'") == text


REGEX = ["a", "b", ".", "*", "+", "?", "[ab]", "[^a]", "(", ")", "|", "{2}", "\\d", "\\w", "^", "$", "-", "é"]


@settings(deadline=None, max_examples=200)
@given(pattern=st.lists(st.sampled_from(REGEX), max_size=8).map("".join), text=st.text("ab1é\n", max_size=6))
def test_a_regular_expression_is_readable_for_the_database(connection, pattern: str, text: str):
    written = pattern.replace("\\", "\\\\")
    for form in ("({0} matches '{1}' ? 1 : 0)", "REPLACE({0}, '{1}', '<$0>')", "REGEX_EXTRACT({0}, '{1}', 0)"):
        try:
            value(connection, form.format("'" + text.replace("\n", "\\n") + "'", written))
        except NodeFailure:
            continue
        except duckdb.Error as error:
            assert raised(str(error)), (form, pattern, error)


def test_a_text_cannot_grow_without_a_limit(connection):
    bomb = "s"
    for _ in range(12):
        bomb = f"REPLACE({bomb}, '(.)', '$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1')"
    with pytest.raises(duckdb.Error) as error:
        value(connection, bomb)
    assert "characters longer" in (raised(str(error.value)) or "")
    wide = "CONCAT(" + ", ".join(["REPLACE(s, '.', '" + "x" * 50 + "')"] * 100) + ")"
    assert len(value(connection, wide)) == 50 * 11 * 100
    with pytest.raises(duckdb.Error):
        value(connection, "SPRINTF('%999999999d', i)")


@pytest.mark.parametrize(
    "expression",
    [
        "(REPLACE(s, '(a|aa)+', 'b') matches '(x+x+)+y' ? 1 : 0)",
        "ToDate(CONCAT('19/04/', (chararray)(2000 + i % 1000), ' 10:20'), 'd/M/yyyy H:m')",
        "SPRINTF('%s %020.10f', s, i * 1.1)",
        "(chararray)((bigdecimal)(i * 1.0E30) * (bigdecimal)(i * 1.0E-30))",
        "ToString(ToDate(CONCAT('2013-04-19T10:20:30+0', (chararray)(i % 10), ':00')), 'EEE zz')",
    ],
)
def test_a_stop_reaches_an_expression_within_two_seconds(engine: Engine, expression: str):
    texts = [f"{'a' * 100}{n % 1_000}" for n in range(1_000_000)]
    engine.load_table("demo.wide", pandas.DataFrame({"i": range(1_000_000), "s": texts}))
    item = element("DerivedFieldItem", columnName="x", dataType="", expression=expression)
    step = node("step", "hadoop.HadoopVariableOperator", element("DerivedFieldsModel", item), columnNames="")
    process_id = start(engine, flow(source("demo.wide"), step, links="source > step"))
    while (state := engine.query(process_id)) and (state["node"] or {}).get("name") != "step":
        time.sleep(0.01)
    time.sleep(0.2)
    # None is a run that was over before.
    assert engine.stop(process_id, 2) in {True, None}


SAME_IN_PYTHON = [
    "a",
    "b",
    ".",
    "x",
    "[ab]",
    "[^a]",
    "(a)",
    "(b|a)",
    "(ab?)",
    "(?:b|ab)",
    "\\d",
    "\\w",
    "\\s",
    "-",
    "|",
]
REPEATED = ["", "", "", "*", "+", "?", "{2}", "{1,2}", "*?", "+?"]


def python_pattern(pattern: str, is_whole: bool) -> str:
    """The pattern for Python's ``re``, whose '.' leaves out other ends of lines than Java's."""
    is_automaton = is_whole and not re.search(r"\(\?|[\^$]|\\[a-z]|[*+?}][?+]", pattern.replace("[^", "["))
    return pattern.replace(".", "(?s:.)" if is_automaton else r"[^\n\r]")


def replaced(pattern: re.Pattern[str], text: str, new: str) -> str:
    """All matches replaced in Java's way: the search goes on one character after an empty match."""
    written, copied, start = "", 0, 0
    while start <= len(text) and (found := pattern.search(text, start)):
        written += text[copied : found.start()] + new.format(found.group())
        copied = found.end()
        start = found.end() + (found.end() == found.start())
    return written + text[copied:]


@settings(deadline=None, max_examples=150)
@given(
    pattern=st.lists(st.builds(str.__add__, st.sampled_from(SAME_IN_PYTHON), st.sampled_from(REPEATED)), max_size=5),
    text=st.text("ab1x- \n", max_size=8),
)
def test_a_regular_expression_finds_what_a_backtracking_engine_finds(connection, pattern: list[str], text: str):
    joined = "".join(pattern).replace("|*", "|").replace("|+", "|").replace("|?", "|").replace("|{2}", "|")
    written = joined.replace("\\", "\\\\")
    subject = "'" + text.replace("\n", "\\n") + "'"
    try:
        whole = re.compile(python_pattern(joined, is_whole=True), re.ASCII)
        found = re.compile(python_pattern(joined, is_whole=False), re.ASCII)
    except re.error:
        return
    first = found.search(text)
    cases = {
        f"({subject} matches '{written}' ? 1 : 0)": int(whole.fullmatch(text) is not None),
        f"REPLACE({subject}, '{written}', '<$0>')": replaced(found, text, "<{}>"),
        f"REPLACE({subject}, '{written}', '')": replaced(found, text, ""),
        f"REGEX_EXTRACT({subject}, '{written}', 0)": first and first.group(),
        f"REGEX_EXTRACT({subject}, '{written}', 1)": first.group(1) if first and found.groups else None,
    }
    for expression, expected in cases.items():
        try:
            value_found = value(connection, expression)
        except (NodeFailure, duckdb.Error) as error:
            assert isinstance(error, NodeFailure) or raised(str(error)), (expression, error)
            continue
        assert value_found == expected, expression
