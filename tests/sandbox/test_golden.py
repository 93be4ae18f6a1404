"""The fixtures that record and compare the outputs of flows, in pytest runs of a user's project."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas
import pytest

from alpine.sandbox.golden import OperatorResult, expect, records
from alpine.sandbox.golden.differences import Tolerance, compared

PROJECT = Path(__file__).parents[2]
EXAMPLES = PROJECT / "alpine" / "sandbox" / "examples"
FLOW = "order_filter.afm"
TEST = """
from alpine.sandbox.golden import expect

def test_orders(alpine_golden):
    outputs = alpine_golden("order_filter.afm", variables={"@min_amount": 300})
    expect(outputs["By Region"]).columns("region", "orders", "total").unique("region").not_null("total")

def test_contract(alpine_outputs):
    outputs = alpine_outputs("order_filter.afm", variables={"@min_amount": 300})
    expect(outputs["orders"]).rows(300).unique("order_id").not_null("amount")
    expect(outputs["Row Filter"]).between("amount", low=300.01)
    assert outputs["Row Filter"].to_dataframe()["amount"].min() > 300
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / FLOW).write_bytes((EXAMPLES / FLOW).read_bytes())
    (tmp_path / "test_it.py").write_text(TEST)
    return tmp_path


def run(folder: Path, *arguments: str) -> str:
    # An installed copy of the project brings the plugin along, and pytest refuses to register it twice.
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(PROJECT)}
    plugin = ("-p", "alpine.sandbox.pytest_plugin", "-p", "no:cacheprovider", "-W", "error")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *plugin, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=folder,
        env=environment,
    )
    return done.stdout + done.stderr


def test_a_record_is_written_compared_and_written_anew(folder: Path) -> None:
    said = run(folder)
    assert "1 failed, 1 passed" in said
    assert "pytest --alpine-record test_it.py::test_orders" in said
    said = run(folder, "--alpine-record")
    assert "2 passed" in said
    assert "recorded golden/test_orders" in said.replace("\\", "/")
    assert "orders.csv: 300 rows (new)" in said
    record = folder / "golden" / "test_orders"
    index = json.loads((record / "golden.json").read_text("utf-8"))
    [entry] = [entry for entry in index["results"] if entry["operator"] == "By Region"]
    assert entry["columns"] == {"region": "VARCHAR", "orders": "BIGINT", "total": "DECIMAL(38,24)"}
    assert (record / entry["file"]).read_text("utf-8").startswith("region,orders,total\neast,")

    text = (folder / FLOW).read_text("utf-8")
    (folder / FLOW).write_text(text.replace('condition="&gt;"', 'condition="&lt;"'), encoding="utf-8")
    said = run(folder, "-k", "orders")
    assert "'Row Filter': " in said
    assert "After it, 'Column Filter', 'By Region' differ as well." in said
    assert "'orders'" not in said

    (folder / FLOW).write_text(text.replace('expression="sum(&quot;amount&quot;)"', 'expression="sum(1)"'), "utf-8")
    said = run(folder, "-k", "orders")
    assert "    region=east: total: " in said
    assert "Row Filter" not in said
    (folder / FLOW).write_text(text.replace("<Note/>", ""), "utf-8")
    assert "2 passed" in run(folder)


BAD = """
import pytest

def test_no_flow(alpine_outputs):
    alpine_outputs("ordre_filter.afm")

def test_no_table(alpine_outputs):
    alpine_outputs("order_filter.afm", tables={"demo.orders": "nowhere.csv"})

def test_no_such_variable(alpine_outputs):
    alpine_outputs("order_filter.afm", variables={"@least": 1})

def test_an_operator_that_fails(alpine_outputs):
    alpine_outputs("order_filter.afm", variables={"@min_amount": "nothing + 1"})

def test_no_flow_at_all(alpine_outputs):
    alpine_outputs("test_it.py")

def test_no_such_operator(alpine_golden):
    alpine_golden("order_filter.afm", keys={"Row Filer": "order_id"})

def test_no_key(alpine_golden):
    alpine_golden("order_filter.afm", keys={"Row Filter": "region"})

def test_twice(alpine_golden):
    alpine_golden("order_filter.afm")
    alpine_golden("order_filter.afm")
"""


def test_a_test_that_cannot_run_its_flow_says_why(folder: Path) -> None:
    (folder / "test_it.py").write_text(BAD)
    some = OperatorResult("Row Filter", "", ("region",), ("VARCHAR",), [("north",)])
    records.write(folder / "golden" / "test_no_key", "test_it.py::test_no_key", FLOW, [some])
    said = run(folder)
    for reason in (
        "There is no file 'ordre_filter.afm'",
        "There is no file 'nowhere.csv'",
        "declares no variable @least",
        "'Row Filter': There is no column 'nothing'",
        "is not a readable workflow file",
        "keys names an operator 'Row Filer'",
        "The key of 'Row Filter', region, does not tell its rows apart",
        "There is no record",
    ):
        assert reason in said
    assert "Traceback" not in said and "8 failed" in said


def test_the_record_of_another_test_is_neither_read_nor_replaced(tmp_path: Path) -> None:
    records.write(tmp_path, "test_a.py::test_x", "flow.afm", [result(["a"], ["1"])])
    for reads in (True, False):
        with pytest.raises(records.BadRecord, match=r"of another test, test_a\.py::test_x"):
            if reads:
                records.read(tmp_path, "test_b.py::test_x")
            else:
                records.write(tmp_path, "test_b.py::test_x", "flow.afm", [])


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [(None,), ("",), ("a",)],
        [("a,b",), ('"',), ("two\nlines",), (" blanks ",), ("\\",), ("\r",), ("NULL",), ("é",)],
    ],
)
@pytest.mark.parametrize("width", [1, 2])
def test_a_record_gives_back_what_was_written(tmp_path: Path, rows: list[tuple[str | None]], width: int) -> None:
    columns = tuple(f"the {place}, {'x' * place}" for place in range(width))
    wide = [row * width for row in rows]
    written = [
        OperatorResult("A / b", "", columns, ("VARCHAR",) * width, wide),
        OperatorResult("a ? B", "", columns, ("VARCHAR",) * width, wide[:1], is_ordered=True),
    ]
    records.write(tmp_path, "test", "flow.afm", written)
    assert records.read(tmp_path, "test") == written


def test_files_of_operators_that_are_gone_are_removed_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("a\n")
    records.write(tmp_path, "test", "flow", [result(["a"], ["1"]), result(["a"], ["1"], operator="other")])
    assert records.write(tmp_path, "test", "flow", [result(["a"], ["2"]), result(["a"], ["1"], operator="other")]) == [
        "step.csv: 1 rows (changed)",
        "other.csv: 1 rows (unchanged)",
    ]
    assert "other.csv (removed)" in records.write(tmp_path, "test", "flow", [result(["a"], ["1"])])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["golden.json", "mine.csv", "step.csv"]


@pytest.mark.parametrize(
    ("file", "text", "reason"),
    [
        ("golden.json", "{", "cannot be read"),
        ("golden.json", '{"format": 9, "test": "test", "results": []}', "has the format 9"),
        ("golden.json", '{"format": 1, "test": "test", "results": [{"file": "../x"}]}', "outside its folder"),
        ("golden.json", '{"format": 1, "test": "test", "results": [{"file": "step.csv"}]}', "cannot be read"),
        ("step.csv", "b\n1\n", "other columns"),
        ("step.csv", "a\n1,2\n", "cannot be read"),
    ],
)
def test_a_record_that_was_edited_badly_is_told(tmp_path: Path, file: str, text: str, reason: str) -> None:
    records.write(tmp_path, "test", "flow", [result(["a"], ["1"])])
    (tmp_path / file).write_text(text)
    with pytest.raises(records.BadRecord, match=reason):
        records.read(tmp_path, "test")


def result(
    columns: list[str], *rows: list[str | None], types: list[str] | None = None, operator: str = "step", ordered=False
) -> OperatorResult:
    kinds = tuple(types or ["VARCHAR"] * len(columns))
    return OperatorResult(operator, "", tuple(columns), kinds, [tuple(row) for row in rows], ordered)


NUMBERS = {"types": ["VARCHAR", "DOUBLE"]}


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        (result(["k", "v"], ["a", "1"]), result(["k", "v"], ["a", "2"]), ["k=a: v: 1 -> 2"]),
        (result(["k", "v"], ["a", "1"]), result(["k", "v"], ["a", None]), ["k=a: v: 1 -> null"]),
        (result(["k", "v"], ["a", ""]), result(["k", "v"], ["a", None]), ["k=a: v: '' -> null"]),
        (
            result(["k", "v"], ["a", "1"]),
            result(["k", "v"], ["a", "1"], ["b", "2"]),
            ["1 rows -> 2 rows", "k=b: not in the record: k=b, v=2"],
        ),
        (result(["k"], ["a"], ["b"]), result(["k"], ["b"], ["a"]), []),
        (
            result(["k"], ["a"], ["b"], ordered=True),
            result(["k"], ["b"], ["a"]),
            ["the rows come in another order: row 1 is k=b"],
        ),
        (
            result(["k"], ["a"], ["a"]),
            result(["k"], ["a"]),
            ["2 rows -> 1 rows", "row 2 of the record: only there: k=a"],
        ),
        (
            result(["k", "v", "w"], ["a", "1", "x"], ["a", "1", "y"], ["a", "1", "y"]),
            result(["k", "v", "w"], ["a", "1", "x"], ["a", "1", "y"], ["a", "2", "y"]),
            ["row 3 of the record: v: 1 -> 2"],
        ),
        (
            result(["a", "b"], ["1", "2"]),
            result(["b", "a"], ["2", "1"]),
            ["the columns come in another order: a, b -> b, a"],
        ),
        (result(["a"], ["1"]), result(["a"], ["1"], types=["INTEGER"]), ["the type of 'a': VARCHAR -> INTEGER"]),
        (
            result(["a", "b"], ["1", "2"]),
            result(["a", "c"], ["1", "2"]),
            ["the column 'b' is only in the record", "the column 'c' is not in the record"],
        ),
        (result(["k", "v"], ["a", "1.0"], **NUMBERS), result(["k", "v"], ["a", "1.0000000001"], **NUMBERS), []),
        (
            result(["k", "v"], ["a", "1.0"], **NUMBERS),
            result(["k", "v"], ["a", "1.00001"], **NUMBERS),
            ["k=a: v: 1.0 -> 1.00001"],
        ),
        (
            result(["k", "v"], ["a", "1.0"], ["a", "5.0"], **NUMBERS),
            result(["k", "v"], ["a", "5.0000000001"], ["a", "1.0000000001"], **NUMBERS),
            [],
        ),
        (
            result(["v"], ["12345678901.01"], types=["DECIMAL(18,2)"]),
            result(["v"], ["12345678901.02"], types=["DECIMAL(18,2)"]),
            [
                "v=12345678901.01: only in the record: v=12345678901.01",
                "v=12345678901.02: not in the record: v=12345678901.02",
            ],
        ),
    ],
)
def test_a_difference_is_told_by_row_and_column(old: OperatorResult, new: OperatorResult, lines: list[str]) -> None:
    assert compared(old, new, Tolerance()) == lines
    assert compared(old, old, Tolerance()) == compared(new, new, Tolerance()) == []


@pytest.mark.parametrize("kind", ["DOUBLE", "DECIMAL(10,2)", "INTEGER"])
def test_numbers_may_be_as_far_apart_as_the_test_says(kind: str) -> None:
    old, new = (result(["k", "v"], ["a", value], types=["VARCHAR", kind]) for value in ("100", "103"))
    assert compared(old, new, Tolerance())
    assert compared(old, new, Tolerance(rel=0.05)) == compared(old, new, Tolerance(abs=3)) == []
    assert compared(old, new, Tolerance(rel=0.01)) and compared(old, new, Tolerance(abs=2))


ORDERS = result(["id", "amount", "status"], ["1", "5", "paid"], ["1", "7", None], ["2", None, "open"])


@pytest.mark.parametrize(
    ("contract", "reason"),
    [
        (lambda: expect(ORDERS).rows(2), "'step' has 3 rows, not 2."),
        (lambda: expect(ORDERS).rows(least=4), "'step' has 3 rows, not 4 or more."),
        (lambda: expect(ORDERS).rows(most=2), "'step' has 3 rows, not 2 or fewer."),
        (lambda: expect(ORDERS).columns("id", "amount"), "has 'status' besides"),
        (lambda: expect(ORDERS).columns("id", "status", "amount"), "in the order id, amount, status"),
        (lambda: expect(ORDERS).columns("id", "amount", "status", "day"), "lacks 'day'"),
        (lambda: expect(ORDERS).unique("id"), "in more than one row: 1 \\(2 rows\\)"),
        (lambda: expect(ORDERS).not_null("id", "amount"), "has 1 nulls in 'amount', in row 3"),
        (lambda: expect(ORDERS).between("amount", 6, 8), "not at least 6 and at most 8: 5 in row 1"),
        (lambda: expect(ORDERS).between("status", 6), "no number: 'paid' in row 1"),
        (lambda: expect(ORDERS).one_of("status", {"paid"}), "not allowed: 'open'"),
        (lambda: expect(ORDERS).unique("ids"), "no column 'ids'. Its columns are: id, amount, status"),
        (lambda: expect(pandas.DataFrame({"a": [1, 1]})).unique("a"), "The DataFrame"),
    ],
)
def test_a_contract_that_is_broken_says_what_is_otherwise(contract, reason: str) -> None:
    with pytest.raises(AssertionError, match=reason):
        contract()


def test_a_contract_that_holds_can_be_chained() -> None:
    expect(ORDERS).rows(3).columns("id", "amount", "status").unique("id", "amount").not_null("id")
    expect(ORDERS).between("amount", 5, 7).one_of("status", ["paid", "open"]).rows(least=1, most=3)
    expect(pandas.DataFrame({"a": [1.5, None], "b": [True, False]})).rows(2).not_null("b").one_of("b", [True, False])
    with pytest.raises(TypeError, match="takes the output of an operator or a DataFrame"):
        expect([1])


def test_one_row_of_many_without_a_key_is_told_alone() -> None:
    values = [str((place * 7919) % 3001 / 7) for place in range(3000)]
    kinds = ["VARCHAR", "DOUBLE", "VARCHAR"]
    rows = [["a", value, "x"] for value in values]
    noisy = [["a", str(float(value) * (1 + 1e-12)), "x"] for value in reversed(values)]
    old, new = result(["k", "v", "w"], *rows, types=kinds), result(["k", "v", "w"], *noisy, types=kinds)
    assert compared(old, new, Tolerance()) == []
    changed = result(["k", "v", "w"], *noisy[:1234], ["a", "1000", "x"], *noisy[1235:], types=kinds)
    [line] = compared(old, changed, Tolerance())
    assert line == f"row {3000 - 1234} of the record: v: {values[3000 - 1235]} -> 1000"
