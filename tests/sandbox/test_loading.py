"""Loading changes no data, and gives the types that are asked for."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alpine.sandbox.engine import Engine
from tests.sandbox.engine_flows import custom, derived, errors, flow, node, outcome, rows, run, source

TAKE = "com.example.Take"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = Engine()
    yield engine
    engine.close()


def loaded(engine: Engine, name: str = "t") -> list[list[str]]:
    return rows(outcome(run(engine, flow(source(name))), "source"))


def header(engine: Engine, name: str = "t") -> dict[str, str]:
    data = outcome(run(engine, flow(source(name))), "source")["visualData"]
    return dict(zip(data["columns"], data["columnTypes"], strict=True))


def frame(engine: Engine, name: str = "t", step: str = "") -> pd.DataFrame:
    """The table as a user's function gets it, where there is a step from what that made of it."""
    taken: list[pd.DataFrame] = []

    def take(data: pd.DataFrame) -> pd.DataFrame:
        taken.append(data)
        return data.head(0)

    engine.register(TAKE, take)
    links = "source > step, step > custom" if step else "source > custom"
    outcome(run(engine, flow(source(name), step, custom(TAKE), links=links)), "custom")
    return taken[0]


WORDS = st.sampled_from(
    ["NA", "null", "n/a", "NaN", "None", "", "007", "0", "-0", "1", "+1", "true", "True", "t", " x"]
)
NUMBERS = st.integers(-(2**80), 2**80).map(str) | st.integers(-999, 999).map(str)
FRACTIONS = st.floats(allow_nan=False, allow_infinity=False).map(repr) | st.decimals(-999, 999, places=3).map(str)
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)
COLUMNS = st.sampled_from([WORDS, NUMBERS, FRACTIONS, TEXTS, WORDS | NUMBERS, NUMBERS | FRACTIONS])
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique_by=str.lower))
    values = [draw(COLUMNS) for _ in names]
    return names, draw(st.lists(st.tuples(*values).map(list), max_size=8))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=tables())
def test_a_file_is_loaded_as_it_is(engine: Engine, tmp_path: Path, table: tuple[list[str], list[list[str]]]):
    names, values = table
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([names, *values])
    (tmp_path / "t.csv").write_text(text.getvalue(), encoding="utf-8", newline="")
    engine.load_table("t", tmp_path / "t.csv", delimiter=",")
    assert list(header(engine)) == names
    shown = loaded(engine)
    assert len(shown) == len(values)
    data = frame(engine)
    for place, name in enumerate(names):
        for row, value in enumerate(values):
            # A double is shown with four decimals; its value has to be the file's all the same.
            cell = shown[row][place]
            same = cell == value[place] or Decimal(value[place]) in (
                Decimal(cell),
                Decimal(repr(float(data[name][row]))),
            )
            assert same, (name, value[place], cell)


@settings(max_examples=60, deadline=None)
@given(
    data=st.data(),
    names=st.lists(NAMES, min_size=1, max_size=4, unique_by=str.lower),
    count=st.integers(0, 6),
)
def test_a_frame_comes_back_as_it_was(engine: Engine, data: st.DataObject, names: list[str], count: int):
    def column() -> list[Any]:
        kind = data.draw(
            st.sampled_from(
                [
                    st.integers(-(2**63), 2**63 - 1),
                    st.text(st.characters(exclude_categories=["Cs"])),
                    st.booleans(),
                ]
            )
        )
        return data.draw(st.lists(kind, min_size=count, max_size=count))

    table = pd.DataFrame({name: pd.Series(column(), dtype=None if count else object) for name in names})
    engine.load_table("t", table)
    back = frame(engine)
    assert list(back.columns) == names
    assert back.astype(object).values.tolist() == table.astype(object).values.tolist()


def test_words_are_null_only_where_that_is_said(engine: Engine, tmp_path: Path):
    (tmp_path / "t.csv").write_text('a,b\nNA,1\n,NA\n"",3\n', encoding="utf-8")
    engine.load_table("t", tmp_path / "t.csv")
    assert loaded(engine) == [["NA", "1"], ["", "NA"], ["", "3"]]
    assert frame(engine)["a"].isna().tolist() == [False, True, False]
    engine.load_table("t", tmp_path / "t.csv", null_values=["NA"])
    assert frame(engine)["a"].isna().tolist() == [True, True, False]
    assert header(engine)["b"] == "number"


@pytest.mark.parametrize("ending", ["csv", "txt", "data", "tsv", "TXT"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_text_files_have_any_of_the_usual_endings(engine: Engine, tmp_path: Path, ending: str, end: str):
    path = tmp_path / f"t.{ending}"
    path.write_bytes(end.join(["a\tb", "1\tx", "2\ty", ""]).encode())
    engine.load_table("t", path)
    assert (list(header(engine)), loaded(engine)) == (["a", "b"], [["1", "x"], ["2", "y"]])
    engine.load_table("t", path, header=False)
    assert (list(header(engine)), loaded(engine)) == (["column1", "column2"], [["a", "b"], ["1", "x"], ["2", "y"]])
    engine.load_table("t", path, columns=["k", "v"])
    assert (list(header(engine)), loaded(engine)) == (["k", "v"], [["1", "x"], ["2", "y"]])


def test_a_column_of_its_own_may_be_empty_in_a_row(engine: Engine, tmp_path: Path):
    (tmp_path / "t.csv").write_text("a\nx\n\ny\n", encoding="utf-8")
    engine.load_table("t", tmp_path / "t.csv")
    assert loaded(engine) == [["x"], [""], ["y"]]


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("smallint", "7", "7"),
        ("integer", " 7 ", "7"),
        ("bigint", "+7", "7"),
        ("numeric(10,2)", "1.005", "1.01"),
        ("numeric(10,2)", "2", "2.00"),
        ("numeric", "1.50", "1.50"),
        ("numeric(5,0)", "1e3", "1000"),
        ("double precision", "1.5", "1.5000"),
        ("real", "NaN", "NaN"),
        ("text", "007", "007"),
        ("varchar(3)", "007", "007"),
        ("varchar(3)", "ab    ", "ab "),
        ("char(3)", "abc   ", "abc"),
        ("boolean", "YES", "true"),
        ("bool", "0", "false"),
        ("date", "2017-01-02", "2017-01-02"),
        ("time", "10:11:12", "10:11:12"),
        ("timestamp", "2017-01-02 03:04:05", "2017-01-02 03:04:05"),
        ("timestamptz", "2017-01-02 03:04:05+02", "2017-01-02 01:04:05+00"),
        ("interval", "14 months 3 days", "1 year 2 mons 3 days"),
        ("uuid", "5a2d4b8e-0000-4000-8000-000000000001", "5a2d4b8e-0000-4000-8000-000000000001"),
        ("bytea", "\\x00ff", "\\x00ff"),
    ],
)
def test_a_column_has_the_type_that_is_given(engine: Engine, tmp_path: Path, kind: str, value: str, shown: str):
    (tmp_path / "t.csv").write_text(f'a,b\n"{value}",1\n,2\n', encoding="utf-8")
    engine.load_table("t", tmp_path / "t.csv", types={"a": kind})
    assert [row[0] for row in loaded(engine)] == [shown, ""]
    engine.load_table("t", pd.DataFrame({"a": [value, None]}), types={"a": kind})
    assert [row[0] for row in loaded(engine)] == [shown, ""]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *(("integer", "3.7"), ("integer", "x"), ("integer", "2147483648"), ("smallint", "40000"), ("boolean", "maybe")),
        *(("numeric(3,1)", "100"), ("numeric(3,1)", "x"), ("varchar(2)", "abc"), ("char(2)", "abc"), ("real", "1e39")),
        *(("char(2)", "a "), ("timestamp", "infinity"), ("date", "-Infinity"), ("timestamptz", "infinity")),
        *(("date", "2017-02-30"), ("timestamp", "soon"), ("uuid", "x"), ("bytea", "\\x0"), ("integer", "0x10")),
    ],
)
def test_a_value_that_is_none_of_its_type_is_refused_by_its_place(
    engine: Engine, tmp_path: Path, kind: str, value: str
):
    (tmp_path / "t.csv").write_text(f"a,b\n,1\n{value},2\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"The column 'a' has .* in row 2(, which is no |: the sandbox )"):
        engine.load_table("t", tmp_path / "t.csv", types={"a": kind})


def test_values_of_a_frame_take_a_type_without_being_changed(engine: Engine):
    table = pd.DataFrame({"zip": [1234.0, None], "amount": [12.5, 3.0], "n": [1.0, 2.0]})
    engine.load_table("t", table, types={"zip": "text", "amount": "numeric(10,2)", "n": "integer"})
    assert loaded(engine) == [["1234", "12.50", "1"], ["", "3.00", "2"]]
    with pytest.raises(ValueError, match=r"'amount' has '12\.5' in row 1"):
        engine.load_table("t", table, types={"amount": "integer"})


def test_frames_may_hold_what_few_tables_do(engine: Engine):
    table = pd.DataFrame(
        {
            "moment": pd.to_datetime(["2017-01-01 10:00:00+02:00"]),
            "span": [timedelta(hours=26)],
            "big": [2**80],
            "kind": pd.Categorical(["z"]),
            "nothing": [None],
        }
    )
    engine.load_table("t", table)
    assert loaded(engine) == [["2017-01-01 08:00:00+00", "26:00:00", str(2**80), "z", ""]]
    with pytest.raises(ValueError, match="more than 38 digits"):
        engine.load_table("t", pd.DataFrame({"a": [10**40]}))
    with pytest.raises(ValueError, match="nanoseconds"):
        engine.load_table("t", pd.DataFrame({"a": pd.to_datetime(["2017-01-01 00:00:00.123456789"])}))


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["A", "a"], "differ in capitals only"),
        (["a", "a"], "have the same name"),
        (["", "b"], "column 1 has no name"),
    ],
)
def test_names_that_a_database_cannot_keep_apart_are_refused(
    engine: Engine, tmp_path: Path, names: list[str], reason: str
):
    with pytest.raises(ValueError, match=reason):
        engine.load_table("t", pd.DataFrame([[1, 2]], columns=names))
    with pytest.raises(ValueError, match=reason):
        engine.load_table("t", pd.DataFrame([[1, 2]]), columns=names)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"types": {"a": "intt"}}, "'intt'"),
        ({"types": {"z": "int"}}, "There is no column 'z'. The columns are: a, b."),
        ({"columns": ["one"]}, "2 columns, but 1 names"),
        ({"delimiter": "||"}, "one character"),
    ],
)
def test_arguments_that_do_not_fit_the_file_are_refused(
    engine: Engine, tmp_path: Path, options: dict[str, Any], reason: str
):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(ValueError, match=reason):
        engine.load_table("t", tmp_path / "t.csv", **options)
    if "types" not in options:
        return
    with pytest.raises(ValueError, match=reason):
        engine.load_table("t", pd.DataFrame({"a": [1], "b": [2]}), **options)


def test_a_folder_has_types_for_each_table(engine: Engine, tmp_path: Path):
    (tmp_path / "one.csv").write_text("a\n007\nNA\n", encoding="utf-8")
    (tmp_path / "two.data").write_text("a;b\n1;2\n", encoding="utf-8")
    (tmp_path / "readme.txt").write_text("no table\n", encoding="utf-8")
    found = engine.load_folder(tmp_path, types={"One": {"a": "integer"}}, null_values=["NA"])
    assert found == ["one", "two"]
    assert loaded(engine, "one") == [["7"], [""]]
    with pytest.raises(ValueError, match="'three'"):
        engine.load_folder(tmp_path, types={"three": {"a": "integer"}})


AWKWARD = ["rowid", "a,b", "a", " lead", 'q"t', "it's", "select", "é", "\U0001f600", "x.y", "t", "place", "row__"]


def test_no_name_of_a_column_gets_in_the_way_of_another(engine: Engine):
    table = pd.DataFrame({name: range(place * 100, place * 100 + 40) for place, name in enumerate(AWKWARD)})
    engine.load_table("t", table)
    chosen = ",".join(reversed(AWKWARD))
    sample = node("sample", "sampling.RandomSamplingOperator", sampleSize="25", sampleCount="1", randomSeed="1")
    keep = node("keep", "field.ColumnFilterOperator", columnNames=chosen)
    document = run(engine, flow(source("t"), sample, keep, links="source > sample, sample > keep"))
    data = outcome(document, "keep")["visualData"]
    assert data["columns"] == AWKWARD[::-1]
    places = [int(item["rowid"]) for item in data["items"]]
    assert len(places) == 10
    assert places == sorted(places)
    assert all(int(item["row__"]) - int(item["rowid"]) == 1200 for item in data["items"])


def test_a_list_that_can_be_read_in_two_ways_is_refused(engine: Engine):
    engine.load_table("t", pd.DataFrame({"a": [1], "b": [2], "a,b": [3]}))
    keep = node("keep", "field.ColumnFilterOperator", columnNames="a,b")
    [reason] = errors(run(engine, flow(source("t"), keep, links="source > keep")))
    assert "two ways" in reason


@pytest.mark.parametrize("name", ["rowid", "c0", '"t1_rows".rowid'])
def test_no_expression_sees_what_keeps_the_order_of_rows(engine: Engine, name: str):
    engine.load_table("t", pd.DataFrame({"a": [1]}))
    [reason] = errors(run(engine, flow(source("t"), derived(name), links="source > derive")))
    assert reason.startswith("The column 'made': There is no ")
    assert "Error" not in reason


def test_the_order_of_many_rows_holds_through_operators(engine: Engine):
    table = pd.DataFrame({"n": range(300_000), "w": ["x", "y"] * 150_000})
    engine.load_table("t", table)
    step = node("step", "field.FilterOperator", whereClause="w = 'x'")
    assert frame(engine, "t", step)["n"].tolist() == list(range(0, 300_000, 2))


def test_a_table_that_is_loaded_again_takes_the_place_of_the_first(engine: Engine):
    for count in (3, 1, 2):
        engine.load_table("t", pd.DataFrame({"a": range(count)}))
        assert len(loaded(engine)) == count


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pd.Categorical([10, 9]), ["10", "9"]),
        (pd.Categorical([0.5, 2.0]), ["0.5000", "2.0000"]),
        (pd.Series([2**63 + 5, 1], dtype="uint64"), [str(2**63 + 5), "1"]),
        (pd.Series([1.5, 2.0], dtype="float16"), ["1.5000", "2.0000"]),
        (pa.array([Decimal("1.25"), None], pa.decimal256(50, 2)), ["1.25", ""]),
    ],
)
def test_a_column_keeps_its_values_in_a_type_that_a_table_has(engine: Engine, column: Any, expected: list[str]):
    engine.load_table("t", pa.table({"a": column}) if isinstance(column, pa.Array) else pd.DataFrame({"a": column}))
    assert [cell for (cell,) in loaded(engine)] == expected
    assert header(engine) == {"a": "number"}


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        ([[1, 2]], "'a' holds values of the type list"),
        ([{"x": 1}], "'a' holds values of the type struct"),
        (pd.period_range("2020-01", periods=1, freq="M"), "'a' holds values of the type .*period"),
        (pa.array([Decimal(10) ** 40], pa.decimal256(50, 2)), "'a' has numbers of more than 38 digits"),
    ],
)
def test_a_column_that_no_table_can_hold_is_refused(engine: Engine, column: Any, reason: str):
    data = pa.table({"a": column}) if isinstance(column, pa.Array) else pd.DataFrame({"a": column})
    with pytest.raises(ValueError, match=reason):
        engine.load_table("t", data)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("timestamp", "2020-01-02 03:04:05.5", "2020-01-02 03:04:05.5"),
        ("date", "0044-03-15 (BC)", "0044-03-15 BC"),
        ("time", "01:02:03.25", "01:02:03.25"),
    ],
)
def test_a_time_is_shown_as_postgresql_writes_it(engine: Engine, kind: str, value: str, expected: str):
    engine.load_table("t", pd.DataFrame({"a": [value]}), types={"a": kind})
    assert loaded(engine) == [[expected]]


@pytest.mark.parametrize("missing", [None, pd.NaT, pd.NA])
def test_times_with_and_without_a_zone_do_not_mix(engine: Engine, missing: Any):
    bare, aware = pd.Timestamp("2020-01-01 12:00"), pd.Timestamp("2020-01-01 12:00", tz="Europe/Berlin")
    with pytest.raises(ValueError, match="'at' mixes times with and without a time zone"):
        engine.load_table("t", pd.DataFrame({"at": pd.Series([bare, missing, aware], dtype=object)}))
    engine.load_table("t", pd.DataFrame({"at": pd.Series([aware, missing, aware.tz_convert("UTC")], dtype=object)}))
    assert [row[0] for row in loaded(engine)] == ["2020-01-01 11:00:00+00", "", "2020-01-01 11:00:00+00"]


def test_a_table_in_several_pieces_keeps_the_order_of_its_rows(engine: Engine):
    # Large files are read in such pieces, and several threads convert them.
    count = 400_000
    table = pa.table(
        {
            "id": [str(number) for number in range(count)],
            "flag": ["ft"[number % 2] for number in range(count)],
            "price": [f"{number}.25" for number in range(count)],
            "at": ["2000-01-01 00:00:00+00"] * count,
        }
    )
    pieces = pa.Table.from_batches(table.to_batches(max_chunksize=30_000))
    kinds = {"id": "integer", "flag": "boolean", "price": "numeric(12,2)", "at": "timestamp with time zone"}
    engine.load_table("demo.pieces", pieces, types=kinds)
    found = engine.catalogue.find("demo", "pieces")
    assert found is not None
    text = b"".join(engine.catalogue.lines(found)).decode()
    assert [int(line.partition(",")[0]) for line in text.splitlines()[1:]] == list(range(count))
