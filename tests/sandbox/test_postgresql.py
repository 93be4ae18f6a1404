"""SQL expressions mean in the sandbox what they mean in a real PostgreSQL, or are refused by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from alpine.sandbox.engine import sql
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.sql import folding, letters, patterns
from alpine.sandbox.engine.sql.casts import as_text
from alpine.sandbox.engine.sql.functions import FUNCTIONS
from alpine.sandbox.engine.sql.operators import OPERATORS
from tests.sandbox import postgresql_grammar as grammar
from tests.sandbox.postgresql_judge import (
    COLUMNS,
    ROWS,
    Case,
    PostgreSQL,
    Sandbox,
    cases,
    judge,
    query_of,
    running,
    verdict,
)

NUMBERS = ("smallint", "integer", "bigint", "numeric", "real", "double precision")
RAW = ("Binder", "Catalog", "Parser", "INTERNAL", "Conversion Error", "Out of Range", "Invalid Input")
PIECES = [
    *("i", "n", "s", "f", "dt", "1", "1.5", "'a'", "null", "true", "(", ")", ",", "+", "-", "*", "/", "%", "^", "="),
    *("<>", "<", ">=", "||", "|", "&", "#", "~", "!~", "<<", "::int", "::text", "and", "or", "not", "is null", "in"),
    *("like", "between", "case", "when", "then", "else", "end", "distinct", "from", ".", "::", "cast(", "as", "abs("),
    *("sum(", "over (", "order by", "array[", "[", "]", "@", "!", "?", "==", "//", "->", "$1", "{", "}", ";", "--"),
    *("/*", "*/", '"', "E'a'", "x'f'", "$$a$$", "5.", "if(", "lambda", "select", "exists(", "at time zone 'UTC'"),
    *("collate", "limit", "group by", "within group", "unknown", "symmetric", "interval", "trim(", "position("),
]


@pytest.fixture(scope="module")
def postgresql() -> Iterator[PostgreSQL]:
    try:
        with running() as address:
            server = PostgreSQL(address)
            yield server
            server.close()
    except LookupError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox()
    yield sandbox
    sandbox.close()


@pytest.fixture
def loaded(postgresql: PostgreSQL, sandbox: Sandbox) -> tuple[PostgreSQL, Sandbox]:
    postgresql.load(COLUMNS, ROWS)
    sandbox.load(COLUMNS, ROWS)
    return postgresql, sandbox


@pytest.mark.parametrize("rows", [ROWS, []], ids=["rows", "no rows"])
def test_the_expressions_of_the_table_are_equal_or_refused_by_name(
    postgresql: PostgreSQL, sandbox: Sandbox, rows: list[tuple[Any, ...]]
):
    postgresql.load(COLUMNS, rows)
    sandbox.load(COLUMNS, rows)
    asked = cases()
    counts: Counter[str] = Counter()
    wrong = []
    for case, found, theirs, ours in judge(postgresql, sandbox, asked):
        counts[found] += 1
        if found in ("different", "fails") or any(word in ours.error for word in RAW):
            wrong.append((case.expression, theirs, ours))
    assert wrong == []
    assert len(asked) > 1000
    assert counts["equal"] >= 0.98 * (counts["equal"] + counts["refused"])


@pytest.mark.parametrize(
    "expression",
    ["interval '1 day 2'", "interval 'P1.5Y'", "interval '1 day' + interval '1 day ago'", "to_char(n, 'SG99.9')"],
)
def test_what_could_be_read_in_part_is_refused(loaded: tuple[PostgreSQL, Sandbox], expression: str):
    [(_, found, _, _)] = judge(*loaded, [Case("", expression)])
    assert found == "refused"


def test_a_column_of_a_table_has_the_same_values(loaded: tuple[PostgreSQL, Sandbox]):
    for case, found, theirs, _ in judge(*loaded, cases()):
        if found != "equal" or theirs.kind not in NUMBERS:
            continue
        try:
            kept = loaded[1].columnwise(case.expression, query_of(case.heading))
        except NodeFailure as failure:
            assert "a column of the sandbox" in str(failure)
            continue
        for text, value in zip(theirs.rows, kept, strict=True):
            if isinstance(value, Decimal):
                assert text is not None and value == Decimal(text)
            elif value is not None:
                assert text is not None and float(text) == pytest.approx(float(value), rel=1e-6, nan_ok=True)


def test_functions_are_computed_beforehand_where_postgresql_has_them_immutable(postgresql: PostgreSQL):
    """What is stable or volatile there depends on the session: PostgreSQL does not compute it while it plans."""
    kinds = {name: number for number, name in postgresql.run("SELECT oid::int, typname FROM pg_type")}
    kinds |= {f"{name.removeprefix('_')}[]": number for name, number in kinds.items() if name.startswith("_")}
    functions = {
        (name, tuple(arguments)): volatility
        for name, arguments, volatility in postgresql.run(
            "SELECT proname, proargtypes::int[], provolatile FROM pg_proc p, pg_namespace n "
            "WHERE n.oid = pronamespace AND nspname = 'pg_catalog' AND prokind = 'f'"
        )
    }
    operators = {
        (name, tuple(arguments)): volatility
        for name, arguments, volatility in postgresql.run(
            "SELECT oprname, array_remove(ARRAY[oprleft::int, oprright::int], 0), provolatile "
            "FROM pg_operator JOIN pg_proc p ON p.oid = oprcode"
        )
    }
    compared = 0
    for table, theirs in ((FUNCTIONS, functions), (OPERATORS, operators)):
        for name, signatures in table.items():
            for signature in signatures:
                arguments = tuple(kinds[kind] for kind in signature.arguments)
                volatility = theirs.get(({"neg": "-"}.get(name, name.strip()), arguments))
                if volatility is not None:
                    compared += 1
                    is_immutable = signature.how in (folding.CALL, folding.SAFE)
                    assert is_immutable == (volatility == "i"), (name, signature.arguments)
    assert compared > 150


@pytest.mark.parametrize("expression", ["coalesce(initcap(repeat(g, 30)), '')", "coalesce(round(n / 7, 30), 0)"])
def test_many_texts_of_functions_stay_what_they_are(loaded: tuple[PostgreSQL, Sandbox], expression: str):
    sandbox = loaded[1]
    many = f"FROM {sandbox.table}, range(3000) AS many(x)"
    value = as_text(sql.translate(expression, {"": sandbox.columns})).sql
    found = {row[0] for row in sandbox.cursor.fetch(f"SELECT {value} {many}")}
    assert found == set(loaded[0].ask(expression, "ORDER BY id").rows)


def test_the_classes_and_capitals_of_known_characters_are_those_of_postgresql(postgresql: PostgreSQL, sandbox: Sandbox):
    every = "generate_series(1, 1114111) c WHERE c NOT BETWEEN 55296 AND 57343"
    known = [code for code in range(1, 0x110000) if not 0xD800 <= code < 0xE000 and letters.is_known(chr(code))]
    ours = f"(SELECT CAST(c AS INTEGER) c, chr(CAST(c AS INTEGER)) s FROM unnest({known}) u(c))"
    for name, pattern in (*letters.CLASSES.items(), ("space", patterns.translated("\\s", takes_out=False).regex)):
        theirs = {row[0] for row in postgresql.run(f"SELECT c FROM {every} AND chr(c) ~ '[[:{name}:]]'")}
        test = pattern if name == "space" else f"[{pattern}]"
        found = {c for (c,) in sandbox.cursor.fetch(f"SELECT c FROM {ours} WHERE regexp_matches(s, ?)", [test])}
        assert found == theirs & set(known), name
    assert not sandbox.cursor.fetch(f"SELECT c FROM {ours} WHERE regexp_matches(s, ?)", [letters.UNKNOWN])
    for code, small, capital in postgresql.run(f"SELECT c, lower(chr(c)), upper(chr(c)) FROM {every}"):
        if letters.is_known(chr(code)):
            assert (letters.small(chr(code)), letters.capital(chr(code))) == (small, capital), hex(code)


def made(postgresql: PostgreSQL, sandbox: Sandbox, data: st.DataObject) -> None:
    rows = data.draw(grammar.rows())
    postgresql.load(grammar.COLUMNS, rows)
    sandbox.load(grammar.COLUMNS, rows)
    for heading, strategy, count in (
        ("", grammar.expressions(), 10),
        ("Aggregates", grammar.aggregates(), 4),
        ("Window functions", grammar.windows(), 4),
    ):
        for _ in range(count):
            [(case, found, theirs, ours)] = judge(postgresql, sandbox, [Case(heading, data.draw(strategy))])
            # PostgreSQL computes the argument of lag and its kin for no row but those that it takes a value from.
            is_eager = found == "fails" and case.expression.startswith(("lag(", "lead(", "first_v", "last_v", "nth_v"))
            assert is_eager or found in ("equal", "refused", "both refuse"), (case.expression, theirs, ours)
            assert not any(word in ours.error for word in RAW), (case.expression, ours)


QUIET = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    # An example is two databases with a table each: to make it smaller would take minutes.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)


@settings(QUIET, max_examples=15)
@given(st.data())
def test_made_up_expressions_over_made_up_rows(postgresql: PostgreSQL, sandbox: Sandbox, data: st.DataObject):
    made(postgresql, sandbox, data)


@pytest.mark.long
@settings(QUIET, max_examples=400)
@given(st.data())
def test_more_made_up_expressions_over_made_up_rows(postgresql: PostgreSQL, sandbox: Sandbox, data: st.DataObject):
    made(postgresql, sandbox, data)


@settings(QUIET, max_examples=100)
@given(grammar.constants(), st.sampled_from([ROWS, []]))
def test_constants_fail_where_postgresql_plans(
    postgresql: PostgreSQL, sandbox: Sandbox, text: str, rows: list[tuple[Any, ...]]
):
    postgresql.load(COLUMNS, rows)
    sandbox.load(COLUMNS, rows)
    [(_, found, theirs, ours)] = judge(postgresql, sandbox, [Case("", text)])
    # A part that PostgreSQL drops, and DuckDB computes, may fail in the sandbox alone.
    assert found != "different", (text, theirs, ours)
    assert not any(word in ours.error for word in RAW), (text, ours)


@settings(QUIET, max_examples=150)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map(" ".join))
def test_what_postgresql_does_not_parse_is_refused(postgresql: PostgreSQL, sandbox: Sandbox, text: str):
    postgresql.load(COLUMNS, ROWS)
    sandbox.load(COLUMNS, ROWS)
    theirs, ours = postgresql.ask(text, "ORDER BY id"), sandbox.ask(text, "ORDER BY id")
    assert verdict(theirs, ours) != "different"


@pytest.mark.parametrize(
    ("text", "position", "hint"),
    [
        ("i + nvl(n, 0)", 5, "coalesce"),
        ("i + lenght(s)", 5, "length"),
        ("1 + nubmer", 5, "columns"),
        ("i == 1", 3, "=="),
        ("s || [1, 2]", 6, "["),
        ("abs(s)", 1, "abs(text)"),
        ("i + 'x'", 1, "integer"),
        ("s ~ '(a)\\1'", 1, "\\1"),
        ("i::money", 1, "MONEY"),
        ("i + case when i = 99 then 2 / (1 - 1) end", 27, "Division by zero"),
        ("coalesce(s, sqrt(-1.0)::text)", 13, "square root of a negative number"),
        ("case when i = 99 then 'x'::text::int end", 23, "integer"),
    ],
)
def test_a_refusal_says_what_and_where(sandbox: Sandbox, text: str, position: int, hint: str):
    sandbox.load(COLUMNS, ROWS)
    with pytest.raises(NodeFailure) as caught:
        sql.translate(text, {"": sandbox.columns})
    assert f"position {position} of the expression: {text}" in str(caught.value)
    assert hint in str(caught.value)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("i > 2", 3),
        ("where i > 2", 3),
        ("i > 0 order by n desc, id limit 2", 2),
        ("limit 4", 4),
        ("order by i", 6),
        ("s <> 'limit 1'", 5),
    ],
)
def test_a_script_may_have_an_order_and_a_limit(sandbox: Sandbox, text: str, count: int):
    sandbox.load(COLUMNS, ROWS)
    assert len(sandbox.rows(sql.where(text, {"": sandbox.columns}))) == count


@pytest.mark.parametrize(
    "text",
    [
        "i",
        "count(*) > 1",
        "i > 2 offset 1",
        "i > 2 group by i",
        "i > 1 union select 1",
        "i > 1; select 1",
        "order by 1",
    ],
)
def test_another_script_is_refused(sandbox: Sandbox, text: str):
    sandbox.load(COLUMNS, ROWS)
    with pytest.raises(NodeFailure):
        sql.where(text, {"": sandbox.columns})
