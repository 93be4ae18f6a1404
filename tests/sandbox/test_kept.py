"""What is worked out once and kept: columns of SELECTs, translations; and columns that are put beside a table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from alpine.sandbox.engine import Engine
from alpine.sandbox.engine.database import Database
from alpine.sandbox.engine.kept import Kept
from alpine.sandbox.engine.models import NumberTexts, with_columns
from tests.sandbox.engine_flows import apply, derived, element, failure, flow, node, outcome, rows, run, source


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine()
    yield engine
    engine.close()


def test_a_value_is_worked_out_once_until_it_is_forgotten():
    asked: list[str] = []
    kept: Kept[str] = Kept(most=8)

    def value(text: str) -> str:
        def work() -> str:
            asked.append(text)
            return text.upper()

        return kept.get(text, work)

    assert [value(text) for text in ("aa", "bb", "aa", "cc", "bb", "aa")] == ["AA", "BB", "AA", "CC", "BB", "AA"]
    # Two of them have room: of "aa" and "bb", "bb" was not asked for the longer time.
    assert asked == ["aa", "bb", "cc", "bb", "aa"]


def test_what_fails_is_not_kept():
    kept: Kept[int] = Kept()
    with pytest.raises(ZeroDivisionError):
        kept.get("x", lambda: 1 // 0)
    assert kept.get("x", lambda: 3) == 3


def test_a_table_that_is_loaded_again_has_the_types_of_its_new_columns(engine: Engine):
    for values, expected in (([1, 2], ["2", "4"]), ([1.5, 2.0], ["3.0000", "4.0000"]), ([2, 3], ["4", "6"])):
        engine.load_table("t", pd.DataFrame({"a": values}))
        assert [row[-1] for row in rows(apply(engine, derived("a * 2", "step"), "t"))] == expected
    engine.load_table("t", pd.DataFrame({"a": ["x"]}))
    assert "*" in failure(engine, derived("a * 2", "step"), "t")
    engine.load_table("t", pd.DataFrame({"a": [1], "b": ["y"]}))
    assert [row[-1] for row in rows(apply(engine, derived("a * 2", "step"), "t"))] == ["2"]


def test_frames_of_a_users_function_may_have_other_columns_each_time(engine: Engine):
    engine.load_table("t", pd.DataFrame({"a": [1]}))
    made = iter([pd.DataFrame({"b": [1]}), pd.DataFrame({"c": ["x"], "d": [2.5]})])
    engine.register("plugin10.Mine", lambda table: next(made))
    text = flow(source("t"), node("step", "plugin10.Mine"), links="source > step")
    assert rows(outcome(run(engine, text), "step")) == [["1"]]
    assert rows(outcome(run(engine, text), "step")) == [["x", "2.5000"]]


@pytest.mark.parametrize("function", ["sum", "avg"])
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.0, -3.0, None], None),
        ([np.inf, 1.0], "Infinity"),
        ([-np.inf, 1.0], "-Infinity"),
        ([np.inf, -np.inf], "NaN"),
        ([None, None], ""),
        ([1e308, 1e308], "overflow"),
        ([1e308, 1e308, 1.0, -1e308], "overflow"),
    ],
)
def test_a_sum_that_leaves_the_range_of_doubles_fails_where_no_value_is_infinite(
    engine: Engine, tmp_path: Path, function: str, values: list[float | None], expected: str | None
):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"x": pa.array(values, pa.float64())}), path)
    engine.load_table("t", path)
    field = element("AggregateField", columnName="made", expression=f"{function}(x)", dataType="")
    step = node("step", "field.AggregateOperator", element("AggregateFieldsModel", field))
    if expected == "overflow":
        assert "overflow" in failure(engine, step, "t")
    else:
        expected = {"sum": "-2.0000", "avg": "-1.0000"}[function] if expected is None else expected
        assert rows(apply(engine, step, "t")) == [[expected]]


@pytest.mark.parametrize("only_there", [False, True])
@pytest.mark.parametrize("places", [list(range(300_000)), [299_999, 5, 70_000, 0], []])
def test_columns_are_put_beside_the_rows_that_they_belong_to(places: list[int], only_there: bool):
    database = Database()
    count = 300_000
    cursor = database.open("run")
    try:
        table = cursor.make(f'SELECT i AS number, \'text \' || i AS "t""x" FROM range({count}) AS r(i)')
        where = np.array(places, dtype=np.int64)
        added = {
            "n": where * 2,
            "f": where / 4,
            "t": np.array([f"row {place}" for place in places], dtype=object),
            "o": NumberTexts(["it's", 'a "b"'], [where / 2, 0.5 - where]),
        }
        made = with_columns(cursor, table, where, added, only_there=only_there)
        assert made.columns == ("number", 't"x', "n", "f", "t", "o")
        assert made.types == ("BIGINT", "VARCHAR", "BIGINT", "DOUBLE", "VARCHAR", "VARCHAR")
        assert made.count == (len(places) if only_there else count)
        wrong = (
            "n IS DISTINCT FROM number * 2 OR f IS DISTINCT FROM number / 4::DOUBLE "
            "OR t IS DISTINCT FROM 'row ' || number "
            "OR CAST(o::JSON ->> '$.\"it''s\"' AS DOUBLE) IS DISTINCT FROM number / 2::DOUBLE"
        )
        found = cursor.fetch(
            f"SELECT count(*), count(n), count(*) FILTER (WHERE n IS NOT NULL AND ({wrong})), "
            f'count(*) FILTER (WHERE "t""x" <> \'text \' || number) FROM {made.sql}'
        )
        assert found == [(len(places) if only_there else count, len(places), 0, 0)]
        numbers = [row[0] for row in cursor.fetch(f"SELECT number FROM {made.sql}")]
        assert numbers == sorted(numbers)
        if places == [299_999, 5, 70_000, 0]:
            [(text,)] = cursor.fetch(f"SELECT o FROM {made.sql} WHERE number = 5")
            assert text == '{"it\'s": 2.5, "a \\"b\\"": -4.5}'
    finally:
        cursor.close()
        database.close()
