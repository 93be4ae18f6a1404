"""Hostile expressions, and what the engine's database refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from alpine.sandbox.engine import Context, Engine, NodeFailure
from tests.sandbox.engine_flows import custom, derived, flow, node, run, source


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine()
    engine.load_table("demo.numbers", pd.DataFrame({"n": range(1, 31), "word": [f"w{n}" for n in range(1, 31)]}))
    yield engine
    engine.close()


HOSTILE = [
    "1; select 2",
    "1); COPY loaded.\"demo.numbers\" TO '{path}'; --",
    '1 from loaded."demo.secret"',
    'n from loaded."demo.numbers" --',
    '(select max(word) from loaded."demo.secret")',
    'n in (select n from loaded."demo.secret")',
    'exists (from loaded."demo.secret")',
    "[x for x in (select 1)]",
    "read_text('/etc/passwd')",
    "(from read_text('/etc/passwd'))",
    "(from read_csv('/etc/passwd'))",
    "(select content from glob('/*'))",
    "(from '/etc/passwd')",
    "ATTACH '{path}'",
    "INSTALL httpfs",
    "COPY loaded.\"demo.numbers\" TO '{path}'",
    "current_setting('secret_directory')",
    "write_log('x')",
    "sleep_ms(100000)",
    "len(range(1000000000))",
    "unnest(range(1000000000))",
    "length(repeat('x', 1000000000))",
    "lpad('x', 1000000000, 'y')",
    "rpad('x', n * 100000000, 'y')",
    "format('{:>1000000000}', n)",
    "[x for x in generate_series(1, 1000000000)]",
    "n as made, n",
    "*",
    "n /* ",
    "n -- ",
    "",
    ")",
    "(" * 5000 + "1" + ")" * 5000,
    "-" * 90_000 + "1",
    "1+" * 40_000 + "1",
    "x" * 200_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_expression_fails_its_operator_and_reaches_nothing(tmp_path: Path, engine: Engine, text: str):
    engine.load_table("demo.secret", pd.DataFrame({"n": [1], "word": ["hidden"]}))
    path = tmp_path / "stolen"
    expression = text.replace("{path}", str(path))
    for operator in (
        derived(expression),
        node("derive", "field.FilterOperator", whereClause=f"1 = {expression}" if text else "select"),
        node("derive", "hadoop.HadoopRowFilterOperator", filterCondition=f"1 == {expression}" if text else "select"),
    ):
        document = run(engine, flow(source("demo.numbers"), operator, links="source > derive"))
        harmless = text == "n -- "
        assert document["flowMetaInfo"]["status"] == "FAILURE" or harmless
        assert "hidden" not in json.dumps(document)
        assert "root:" not in json.dumps(document)
    assert list(tmp_path.iterdir()) == []


def test_the_database_is_cut_off_and_locked(engine: Engine, tmp_path: Path):
    refused = []

    def curious(context: Context) -> pd.DataFrame:
        for statement in (
            f"COPY (SELECT 1) TO '{tmp_path / 'out.csv'}'",
            "SELECT * FROM read_csv('/etc/passwd')",
            f"ATTACH '{tmp_path / 'x.db'}'",
            "INSTALL httpfs",
            "LOAD httpfs",
            "SET enable_external_access = true",
            "SET memory_limit = '1TB'",
            f"EXPORT DATABASE '{tmp_path}'",
        ):
            with pytest.raises(NodeFailure):
                context.cursor.fetch(statement)
            refused.append(statement)
        return pd.DataFrame({"done": [1]})

    engine.register("com.example.Curious", curious)
    assert run(engine, flow(custom("com.example.Curious")))["flowMetaInfo"]["status"] == "SUCCESS"
    assert len(refused) == 8
    assert list(tmp_path.iterdir()) == []


def test_a_query_may_take_half_of_the_memory_and_four_threads_at_most(engine: Engine):
    seen = []

    def look(context: Context) -> pd.DataFrame:
        [(threads, memory)] = context.cursor.fetch("SELECT current_setting('threads'), current_setting('memory_limit')")
        seen.append((threads, memory))
        return pd.DataFrame({"done": [1]})

    engine.register("com.example.Look", look)
    assert run(engine, flow(custom("com.example.Look")))["flowMetaInfo"]["status"] == "SUCCESS"
    [(threads, memory)] = seen
    assert 1 <= threads <= 4
    size, unit = memory.split()
    assert float(size) * {"MiB": 1, "GiB": 1024}[unit] <= 4096


def test_passwords_and_models_of_a_file_appear_nowhere(engine: Engine):
    table = node(
        "source",
        "datasource.DbTableOperator",
        "<Model>ck8wQUI=</Model>",
        tableName="demo.none",
        password="aHVudGVyMg==",
    )
    document = json.dumps(run(engine, flow(table)))
    assert "aHVudGVyMg" not in document
    assert "ck8wQUI" not in document


@pytest.mark.parametrize("text", ["to_years(99999999)", "to_days(2000000000)", "timestamp '290000-01-01'"])
def test_a_value_that_python_has_no_room_for_ends_its_run_with_results(engine: Engine, text: str):
    document = run(engine, flow(source("demo.numbers"), derived(text), links="source > derive"))
    assert document["flowMetaInfo"]["status"] in {"SUCCESS", "FAILURE"}
