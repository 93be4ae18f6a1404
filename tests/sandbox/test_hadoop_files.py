"""Files as Hadoop sources read them: what the flow declares holds, whatever was loaded."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alpine.sandbox.engine import Engine
from tests.sandbox.engine_flows import custom, element, errors, flow, node, outcome, rows, run

TAKE = "com.example.Take"
OPTIONS = {"delimiter": "Comma", "other": "", "escapChar": "\\", "quoteChar": '"', "includeHeader": "true"}


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = Engine()
    yield engine
    engine.close()


def file(columns: list[tuple[str, str]], *, old: bool = False, **options: str) -> str:
    if old:
        declared = [element("columnNames", columnName=name) for name, _ in columns]
        declared += [element("columnTypes", columnType=kind) for _, kind in columns]
    else:
        declared = [element("col", n=name, t=kind) for name, kind in columns]
    model = element("HadoopFileStructureModel", *declared, **{**OPTIONS, **options})
    return node("file", "hadoop.HadoopFileOperator", model, hadoopFileName="/data/t.csv")


def read(engine: Engine, columns: list[tuple[str, str]], **options: str) -> list[list[str]]:
    return rows(outcome(run(engine, flow(file(columns, **options))), "file"))


def java_double(text: str) -> float | None:
    """What Java's Double.valueOf makes of a text, None where it makes nothing."""
    bare = text.strip("".join(map(chr, range(33))))
    if re.fullmatch(r"[+-]?(NaN|Infinity)", bare):
        return float(bare)
    found = re.fullmatch(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)[dDfF]?", bare, re.ASCII)
    return float(found[1]) if found else None


def pig_whole(text: str, bits: int) -> int | None:
    """A whole number as Pig's loader reads it: a fraction is cut, what is out of range is null."""
    bare, limit = text.strip("".join(map(chr, range(33)))), 2 ** (bits - 1)
    if re.fullmatch(r"[+-]?\d+", bare, re.ASCII):
        value = int(bare)
    else:
        double = java_double(text)
        if double is None or not math.isfinite(double):
            return None
        value = math.trunc(double)
    return value if -limit <= value < limit else None


FIELDS = st.one_of(
    st.integers(-(2**70), 2**70).map(str),
    st.integers(-999, 999).map(lambda n: f" {n}\t"),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.decimals(-(10**11), 10**11, places=2).map(str),
    st.sampled_from(["", " ", "NaN", "Infinity", "-Infinity", "nan", "3.5d", "2f", "1e3", "1e400", ".5", "5.", "+7"]),
    st.sampled_from(["TRUE", "false", "yes", "0x10", "1_000", "1,5", "abc", "2147483647", "-2147483648", "1.e2"]),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=6),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fields=st.lists(FIELDS, min_size=1, max_size=20))
def test_a_field_has_the_value_that_pigs_loader_gives_it(engine: Engine, tmp_path: Path, fields: list[str]):
    quoted = [field.replace("\\", "\\\\").replace('"', '""') for field in fields]
    lines = [",".join(f'"{field}"' for _ in range(5)) for field in quoted]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n", encoding="utf-8", newline="")
    engine.load_table("t", tmp_path / "t.csv", header=False)
    kinds = ["int", "long", "double", "chararray", "boolean"]
    taken: list[pd.DataFrame] = []

    def take(data: pd.DataFrame) -> pd.DataFrame:
        taken.append(data)
        return data.head(0)

    engine.register(TAKE, take)
    columns = [(kind, kind) for kind in kinds]
    step = flow(file(columns, includeHeader="false"), custom(TAKE), links="file > custom")
    outcome(run(engine, step), "custom")
    shown = read(engine, columns, includeHeader="false")
    for row, field in enumerate(fields):
        words = {"true": True, "false": False}
        truth = words.get(field.strip("".join(map(chr, range(33)))).lower())
        expected = [pig_whole(field, 32), pig_whole(field, 64), java_double(field), field or None, truth]
        assert shown[row][0] == ("" if expected[0] is None else str(expected[0]))
        assert shown[row][1] == ("" if expected[1] is None else str(expected[1]))
        double = taken[0]["double"][row]
        wanted = expected[2]
        assert (shown[row][2] == "") == (wanted is None)
        if isinstance(wanted, float):
            assert double == wanted or (math.isnan(double) and math.isnan(wanted))
        assert shown[row][3] == field
        assert shown[row][4] == ("" if truth is None else str(truth).lower())


TEXT = "a|b\n1|x\\|y\n'2|3'|z\n4\n5|v|w\n"


@pytest.mark.parametrize("old", [False, True])
def test_the_options_of_the_flow_hold(engine: Engine, tmp_path: Path, old: bool):
    (tmp_path / "t.csv").write_text(TEXT, encoding="utf-8")
    engine.load_table("t", tmp_path / "t.csv")
    columns = [("one", "chararray"), ("two", "chararray")]
    flow_text = flow(file(columns, old=old, delimiter="Other", other="|", quoteChar="'", includeHeader="True"))
    data = outcome(run(engine, flow_text), "file")
    assert data["visualData"]["columns"] == ["one", "two"]
    assert rows(data) == [["1", "x|y"], ["2|3", "z"], ["4", ""], ["5", "v"]]
    bare = read(engine, columns, delimiter="Pipe", quoteChar="", escapChar="", includeHeader="false")
    assert bare == [["a", "b"], ["1", "x\\"], ["'2", "3'"], ["4", ""], ["5", "v"]]
    assert read(engine, columns[:1], delimiter="Tab", quoteChar="", escapChar="")[0] == ["1|x\\|y"]


def test_a_source_of_a_database_and_one_of_hadoop_read_one_file_each_in_its_way(engine: Engine, tmp_path: Path):
    (tmp_path / "t.csv").write_text("n,x\n1,?\n2,0.5\n", encoding="utf-8")
    engine.load_table("t", tmp_path / "t.csv")
    assert read(engine, [("n", "long"), ("x", "double")]) == [["1", ""], ["2", "0.5000"]]
    table = node("table", "datasource.DbTableOperator", schemaName="", tableName="t")
    assert rows(outcome(run(engine, flow(table)), "table")) == [["1", "?"], ["2", "0.5"]]


def test_a_frame_is_cast_by_value_and_position(engine: Engine):
    data = {"a": [1, 2**40], "b": [1.5, 1e8], "c": ["7", "x"], "d": [True, False], "e": ["", "y"]}
    engine.load_table("t", pd.DataFrame(data))
    columns = [("p", "int"), ("q", "chararray"), ("r", "long"), ("s", "chararray"), ("t", "chararray"), ("u", "float")]
    assert read(engine, columns) == [["1", "1.5", "7", "true", "", ""], ["", "1.0E8", "", "false", "y", ""]]
    assert read(engine, [("p", "double"), ("q", "int")]) == [["1.0000", "1"], ["1099511627776.0000", "100000000"]]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((0.0, "0.0"), (-0.5, "-0.5"), (0.001, "0.001"), (0.0005, "5.0E-4"), (1e-05, "1.0E-5"), (1.25e-7, "1.25E-7")),
        *((9999999.0, "9999999.0"), (1e7, "1.0E7"), (12345678.9, "1.23456789E7"), (-1.5e20, "-1.5E20")),
        *((1e300, "1.0E300"), (9.999999999999997e22, "9.999999999999997E22"), (float("inf"), "Infinity")),
    ],
)
def test_the_text_of_a_double_is_javas(engine: Engine, value: float, text: str):
    engine.load_table("t", pd.DataFrame({"a": [value]}))
    assert read(engine, [("a", "chararray")]) == [[text]]


def test_dates_have_the_declared_pattern(engine: Engine, tmp_path: Path):
    (tmp_path / "t.csv").write_text("d\n2017-01-02 03:04:05\nsoon\n\n", encoding="utf-8")
    engine.load_table("t", tmp_path / "t.csv")
    assert read(engine, [("d", "datetime yyyy-MM-dd HH:mm:ss")]) == [["2017-01-02 03:04:05"], [""], [""]]


@pytest.mark.parametrize(
    ("kind", "field", "expected"),
    [
        ("datetime dd/MM/yy", "9/4/1963", "1963-04-09 00:00:00"),
        ("datetime d MMM yyyy", "19 april 2013", "2013-04-19 00:00:00"),
        ("datetime yyyy-MM-dd'T'HH:mm:ssZ", "2013-04-19T10:20:30+0200", "2013-04-19 08:20:30"),
        ("datetime HH:mm", "10:20", "1970-01-01 10:20:00"),
        ("datetime yyyy-MM-dd", "2013-02-31", ""),
        *((f"datetime{pattern}", word, "") for word in ("epoch", "infinity") for pattern in ("", " yyyy-MM-dd")),
        ("datetime", "2013", "2013-01-01 00:00:00"),
        ("datetime", "2013-W16-5", "2013-04-19 00:00:00"),
        ("datetime", "2013-04-19T10:20:30.5Z", "2013-04-19 10:20:30.5"),
    ],
)
def test_dates_of_files_are_read_as_joda_reads_them(
    engine: Engine, tmp_path: Path, kind: str, field: str, expected: str
):
    (tmp_path / "t.csv").write_text(f"d\n{field}\n", encoding="utf-8")
    engine.load_table("t", tmp_path / "t.csv")
    assert read(engine, [("d", kind)]) == [[expected]]


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (Decimal("1.1234567890123"), "bigdecimal", "1.1234567890123"),
        (2**60, "bigdecimal", str(2**60)),
        (2.75, "biginteger", "2"),
        (1e40, "float", "Infinity"),
        (-1e40, "float", "-Infinity"),
        (Decimal("2.75"), "long", "2"),
    ],
)
def test_a_number_of_a_frame_is_not_rounded(engine: Engine, value: Any, kind: str, expected: str):
    engine.load_table("t", pd.DataFrame({"a": [value]}))
    assert read(engine, [("a", kind)]) == [[expected]]


def test_a_double_is_no_bigdecimal(engine: Engine):
    engine.load_table("t", pd.DataFrame({"a": [0.1]}))
    [failure] = errors(run(engine, flow(file([("a", "bigdecimal")]))))
    assert "cannot read a DOUBLE" in failure


@pytest.mark.parametrize(
    ("kind", "options", "reason"),
    [
        ("strange", {}, "'strange'"),
        ("int", {"delimiter": "Tilde"}, "'Tilde'"),
        ("int", {"quoteChar": "''"}, "quoteChar"),
        ("int", {"includeHeader": "yes"}, "includeHeader.*'yes'"),
        ("int", {"delimiter": "Other", "other": ""}, "does not say which"),
        ("datetime q", {}, "'q'.*unknown"),
        ("datetime", {}, "zone \\+02:00"),
    ],
)
def test_what_a_flow_declares_that_is_not_known_is_refused(
    engine: Engine, tmp_path: Path, kind: str, options: dict[str, str], reason: str
):
    (tmp_path / "t.csv").write_text("a\n2013-04-19T10:20:30+02:00\n", encoding="utf-8")
    engine.load_table("t", tmp_path / "t.csv")
    [failure] = errors(run(engine, flow(file([("a", kind)], **options))))
    assert re.search(reason, failure)


def test_columns_that_lack_a_type_are_refused(engine: Engine, tmp_path: Path):
    (tmp_path / "t.csv").write_text("1,2\n", encoding="utf-8")
    engine.load_table("t", tmp_path / "t.csv")
    names = [element("columnNames", columnName=name) for name in ("a", "b")]
    model = element("HadoopFileStructureModel", *names, element("columnTypes", columnType="int"))
    [failure] = errors(run(engine, flow(node("file", "hadoop.HadoopFileOperator", model, hadoopFileName="/t.csv"))))
    assert "2 names of columns, but 1 types" in failure


def test_a_field_of_several_lines_is_refused_since_hadoop_tears_it_apart(engine: Engine, tmp_path: Path):
    (tmp_path / "t.csv").write_text('a\n"x\ny"\n', encoding="utf-8")
    engine.load_table("t", tmp_path / "t.csv")
    [failure] = errors(run(engine, flow(file([("a", "chararray")]))))
    assert "line 2" in failure


def test_a_regression_on_a_census_has_figures_where_columns_are_declared(engine: Engine, tmp_path: Path):
    lines = [f"{n}, {'?' if n % 10 == 0 else n % 7}, {3 * n + 2 * (n % 7)}, t{n}" for n in range(200)]
    (tmp_path / "t.csv").write_text("age, hours, income, tract\n" + "\n".join(lines) + "\n", encoding="utf-8")
    engine.load_table("t", tmp_path / "t.csv")
    columns = [("age", "long"), ("hours", "double"), ("income", "double"), ("tract", "chararray")]
    fit = node("fit", "hadoop.HadoopLinearRegressionOperator", dependentColumn="income", columnNames="age,hours")
    result = outcome(run(engine, flow(file(columns), fit, links="file > fit")), "fit")
    [summary] = result["visualData"][0]["visualData"]["items"]
    assert summary["R2"] == "1.0000"
