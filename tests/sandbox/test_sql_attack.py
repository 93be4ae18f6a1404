"""A flow's SQL expression reaches nothing but its input, and takes neither the memory nor the time of others."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from alpine.sandbox.engine import Engine, NodeFailure, sql
from alpine.sandbox.engine.database import Cursor, Database
from alpine.sandbox.engine.failures import RunStopped
from tests.sandbox.engine_flows import derived, flow, run, source

SECRET = "hidden-7351"
COLUMNS = {"": [("n", "BIGINT"), ("word", "VARCHAR")]}
SHAPES = [
    "{name}({table})",
    "{name}('{table}')",
    "{name}(n, '{table}')",
    "{name}((select max(word) from {table}))",
    "word || {name}(word, '{table}', n)",
]
TABLES = ['loaded."demo.secret"', "duckdb_tables()", "read_text('/etc/passwd')"]
READERS = [
    *("json_serialize_plan", "json_serialize_sql", "json_execute_serialized_sql", "query", "query_table", "getenv"),
    *("current_setting", "read_csv", "read_text", "glob", "pg_read_file", "lo_import", "dblink", "nextval", "currval"),
    *(
        "set_config",
        "pg_sleep",
        "query_to_xml",
        "table_to_xml",
        "getvariable",
        "write_log",
        "sleep_ms",
        "pragma_version",
    ),
    *(
        "damerau_levenshtein",
        "levenshtein",
        "range",
        "generate_series",
        "unnest",
        "format",
        "printf",
        "bar",
        "list_resize",
    ),
]


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine()
    engine.load_table("demo.numbers", pd.DataFrame({"n": range(3), "word": ["a", "b", "c"]}))
    engine.load_table("demo.secret", pd.DataFrame({"n": [7351], "word": [SECRET]}))
    yield engine
    engine.close()


def hostile() -> list[str]:
    """Every function of the database's own, and some that read, over another table."""
    with duckdb.connect() as connection:
        rows = connection.execute("SELECT DISTINCT function_name FROM duckdb_functions()").fetchall()
    names = sorted({name for (name,) in rows if name.isidentifier()} | set(READERS))
    shapes = [shape.replace("{table}", table) for shape in SHAPES for table in TABLES]
    return [shapes[place % len(shapes)].replace("{name}", name) for place, name in enumerate(names * 2)]


def test_a_thousand_hostile_expressions_learn_nothing(tmp_path: Path):
    database = Database()
    database.load("demo.secret", pd.DataFrame({"n": [7351], "word": [SECRET]}))
    cursor = database.open("run")
    table = cursor.make("SELECT 1::BIGINT AS n, 'a' AS word")
    asked = hostile()
    assert len(asked) >= 1000
    for text in asked:
        try:
            column = sql.column(text, COLUMNS)
        except NodeFailure:
            continue
        try:
            found = str(cursor.fetch(f"SELECT {column} FROM {table.sql}"))
        except NodeFailure as failure:
            found = str(failure)
        assert SECRET not in found
        assert "7351" not in found
        assert "root:" not in found
    assert list(tmp_path.iterdir()) == []
    cursor.close()
    database.close()


@pytest.mark.parametrize(
    "text", ["json_serialize_plan('select 1')", "damerau_levenshtein(word, word)", "n + (select 1)"]
)
def test_what_gave_other_tables_away_is_refused_by_name(engine: Engine, text: str):
    document = run(engine, flow(source("demo.numbers"), derived(text), links="source > derive"))
    assert document["flowMetaInfo"]["status"] == "FAILURE"


BOMBS = [
    "lpad(word, 1000000000, 'y')",
    "repeat('x', 1000000000)",
    " || ".join(["lpad(word, 1900, 'y')"] * 8),
    "replace(repeat('x', 1900), 'x', repeat('y', 1900))",
    "regexp_replace(repeat('x', 1900), 'x', '" + "y" * 200 + "', 'g')",
    "string_agg(word, ',') over (order by n)",
    "array_agg(n) over (order by n)",
    " || ".join(["word"] * 5000),
    "concat_ws(lpad('', 1900, 'x'), " + ", ".join(["word"] * 400) + ")",
    "power(n + 10.5, 300.5) * power(n + 10.5, 300)",
    "1" + "0" * 40_000 + ".5 * n",
    "ln(" * 90 + "n + 5.5" + ")" * 90,
]


@pytest.mark.parametrize("text", BOMBS, ids=range(len(BOMBS)))
def test_no_expression_makes_more_than_a_row_may_hold(text: str):
    database = Database()
    cursor = database.open("run")
    table = cursor.make("SELECT i AS n, 'a' AS word FROM range(3000) r(i)")
    with pytest.raises(NodeFailure):
        cursor.fetch(f"SELECT sum(length(CAST({sql.column(text, COLUMNS)} AS VARCHAR))) FROM {table.sql}")
    cursor.close()
    database.close()


SLOW = [
    "ln(n + 1.5) + ln(n + 2.5) + exp(0.5) + sqrt(n + 2.25) + power(n + 1.5, 1.25)",
    "lpad(word, 1900, 'a') like '%a%a%a%a%a%a%a%ab'",
    "lpad(word, 1900, 'a') like word || '%a%_%'",
    "lpad(word, 1900, 'a') ~ '(a*)*b'",
    "to_char(n / 7.0, 'FM999999.000000') || to_char(n / 9.0, '9.99')",
    "count(*) over (order by n rows between 100000 preceding and 100000 following)",
    "max(n / 7.0) over (order by n range between 100000 preceding and 100000 following)",
    "n / 7.0 + (n + 0.25) / (n + 1.75)",
]


def wait_for(thread: threading.Thread) -> None:
    """Wait until it ends or has computed for 2 seconds on each processor: a busy machine gives it less in a second."""
    most = time.process_time() + 2 * (os.cpu_count() or 1)
    until = time.monotonic() + 60
    while thread.is_alive() and time.process_time() < most and time.monotonic() < until:
        thread.join(0.05)


@pytest.mark.parametrize("text", SLOW, ids=range(len(SLOW)))
def test_no_expression_outlives_its_stop(text: str):
    database = Database()
    cursor = database.open("run")
    table = cursor.make("SELECT i AS n, 'a' AS word FROM range(300000) r(i)")
    try:
        column = sql.column(text, COLUMNS)
    except NodeFailure as refusal:
        # What a version of DuckDB would not break off is refused with it.
        assert "needs DuckDB 2 or newer" in str(refusal)
        assert duckdb.__version__.startswith("1.")
        return
    begun = threading.Event()

    def work() -> None:
        begun.set()
        with pytest.raises((RunStopped, NodeFailure)):
            for _ in range(1000):
                cursor.fetch(f"SELECT max(x) FROM (SELECT {column} AS x FROM {table.sql})")

    thread = threading.Thread(target=work)
    thread.start()
    begun.wait()
    stop_after_a_while(cursor)
    wait_for(thread)
    assert not thread.is_alive()
    cursor.close()
    database.close()


def stop_after_a_while(cursor: Cursor) -> None:
    time.sleep(0.3)
    cursor.stop()


DEEP = [
    "(" * 5000 + "1" + ")" * 5000,
    "not " * 9000 + "true",
    "1" + " + 1" * 9000,
    "case when n = 1 then " * 99 + "1" + " end" * 99,
]


@pytest.mark.parametrize("text", DEEP, ids=range(len(DEEP)))
def test_a_deep_expression_is_refused_or_computed(engine: Engine, text: str):
    document = run(engine, flow(source("demo.numbers"), derived(text), links="source > derive"))
    assert document["flowMetaInfo"]["status"] in ("FAILURE", "SUCCESS")
