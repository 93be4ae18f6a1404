"""The sandbox's engine: runs, states, stops, failures, results."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from alpine.sandbox.engine import Context, Engine, EngineRefused, Output, fidelity_table
from alpine.sandbox.engine.core import EXAMPLES
from tests.sandbox.engine_flows import custom, derived, element, errors, flow, node, outcome, rows, run, source, start

PROJECT = Path(__file__).parents[2]
CORPUS = Path(os.environ.get("ALPINE_CORPUS") or Path(__file__).parents[3] / "shared" / "corpus")

needs_corpus = pytest.mark.skipif(
    not (CORPUS / "flows").is_dir(),
    reason="the real workflow files are neither in ALPINE_CORPUS nor beside the checkout",
)


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine()
    engine.load_table("demo.numbers", pd.DataFrame({"n": range(1, 31), "word": [f"w{n}" for n in range(1, 31)]}))
    yield engine
    engine.close()


@pytest.fixture
def stepping() -> Iterator[Engine]:
    engine = Engine(pace="step")
    engine.load_table("demo.numbers", pd.DataFrame({"n": [1, 2, 3]}))
    yield engine
    engine.close()


def filtered(column: str = "n", condition: str = ">", value: str = "@least", name: str = "filter") -> str:
    item = element("RowFilterConditionItem", columnName=column, condition=condition, firstValue=value, secondValue="")
    model = element("RowFilterConditionModel", item, sqlType="nosql", useAll="true", conditionValue="")
    return node(
        name, "field.FilterOperator", model, outputSchema="@default_schema", outputTable="alp@user_id_@flow_id_0"
    )


SIMPLE = flow(
    source("demo.numbers"),
    filtered(),
    node("a note", "structual.NoteOperator"),
    links="source > filter",
    variables={"@least": "10", "@default_schema": "public"},
)


def test_a_run_leaves_the_documents_three_parts(engine: Engine):
    document = run(engine, SIMPLE)
    assert list(document) == ["flowMetaInfo", "logs", "outputs"]
    head = document["flowMetaInfo"]
    assert head["status"] == "SUCCESS"
    assert (head["executeUser"], head["workflowId"], head["workflowName"]) == ("7", "375", "flow")
    assert (head["noOfError"], head["noOfNodesProcessed"]) == (0, 2)
    assert uuid.UUID(head["processId"]).version == 4
    for moment in (head["startTime"], head["endTime"]):
        date, _, offset = moment.partition(".")
        assert len(date) == len("2017-04-25T14:59:03")
        assert len(offset) == len("259-0700")


def test_n_operators_leave_2n_plus_1_lines_of_logs(engine: Engine):
    logs = run(engine, SIMPLE)["logs"]
    assert [(line["nodeName"], line["message"], line["logmessage"]) for line in logs] == [
        ("source", "operator started", "started running..."),
        ("source", "operator finished", "finished"),
        ("filter", "operator started", "started running..."),
        ("filter", "operator finished", "finished"),
        ("null", "Workflow flow finished.", "Workflow flow finished."),
    ]
    assert {line["errMessage"] for line in logs} == {"null"}
    assert len({line["uuid"] for line in logs}) == 1


def test_every_operator_but_notes_has_an_output_in_the_order_of_execution(engine: Engine):
    outputs = run(engine, SIMPLE)["outputs"]
    assert [entry["out_title"] for entry in outputs] == ["source", "filter"]
    assert {entry["visualType"] for entry in outputs} == {0}
    assert all(isinstance(entry["out_id"], float) and entry["isGenerateReport"] is True for entry in outputs)
    labels = [label for label, _ in outputs[1]["node_meta_info"]]
    assert labels == [
        "Node name:",
        "Algorithm name: ",
        "Algorithm description: ",
        "Executing start from: ",
        "Executing end to: ",
    ]
    assert ["TableName", "demo.numbers"] in outputs[0]["node_meta_info"]


def test_a_preview_shows_25_rows_as_text_and_tells_how_many_there_are(engine: Engine):
    engine.load_table("demo.many", pd.DataFrame({"i": range(1640), "x": [0.5] * 1640, "t": ["a"] * 1640}))
    data = outcome(run(engine, flow(source("demo.many"))), "source")["visualData"]
    assert (data["columns"], data["columnTypes"]) == (["i", "x", "t"], ["number", "number", "cate"])
    assert data["items"] == [{"i": str(i), "x": "0.5000", "t": "a"} for i in range(25)]
    [message] = data["errorMessages"]
    assert message == (
        "Operation created output with 3 columns and 1,640 rows. Visualization of rows limited to 25. "
        "Please refer to output table for full results."
    )


def test_variables_are_put_in_also_where_they_are_glued_to_text(engine: Engine):
    document = run(engine, SIMPLE, {"@least": "28"})
    entry = outcome(document, "filter")
    assert rows(entry) == [["29", "w29"], ["30", "w30"]]
    assert entry["visualData"]["tableName"] == "public.alp7_375_0"
    assert len(rows(outcome(run(engine, SIMPLE), "filter"))) == 20


def test_a_variable_that_the_flow_does_not_declare_is_taken_with_a_warning(engine: Engine):
    document = run(engine, SIMPLE, {"@laest": "5"})
    assert document["flowMetaInfo"]["status"] == "SUCCESS"
    assert "@laest" in document["logs"][0]["message"]


def test_a_failed_operator_ends_the_run_and_the_logs_say_why(engine: Engine):
    document = run(engine, flow(source("demo.numbers"), filtered("m"), links="source > filter"))
    head = document["flowMetaInfo"]
    assert (head["status"], head["noOfError"], head["noOfNodesProcessed"]) == ("FAILURE", 1, 0)
    assert document["outputs"] == []
    assert errors(document) == ["There is no column 'm'. The columns are: n, word."]
    assert [line["nodeName"] for line in document["logs"]] == ["filter", "filter", "null"]


def test_an_operator_that_fails_while_it_runs_ends_the_run(engine: Engine):
    engine.fail_node("filter", 1)
    document = run(engine, SIMPLE)
    head = document["flowMetaInfo"]
    assert (head["status"], head["noOfError"], head["noOfNodesProcessed"]) == ("FAILURE", 1, 1)
    assert [entry["out_title"] for entry in document["outputs"]] == ["source"]
    assert errors(document) == ["The operator 'filter' was told to fail."]
    assert len(document["logs"]) == 5


def test_an_operator_nobody_knows_fails_by_its_class_name(engine: Engine):
    [reason] = errors(run(engine, flow(node("odd", "x.OddOperator"))))
    assert "x.OddOperator" in reason
    assert "server.register(" in reason


@pytest.mark.parametrize("name", ["com.example.TimesSignature", "TimesSignature"])
def test_a_users_function_does_the_work_of_a_custom_operator(engine: Engine, name: str):
    def times(context: Context) -> pd.DataFrame:
        data = context.dataframe()
        return data[["n"]] * int(context.parameter("times"))

    engine.register(name, times)
    text = flow(source("demo.numbers"), custom("com.example.TimesSignature"), links="source > custom")
    assert rows(outcome(run(engine, text), "custom"))[:2] == [["3"], ["6"]]


def test_a_users_function_reads_every_kind_of_dialog_field(engine: Engine):
    fields = [
        element("StringBoxImpl", id="text", value="x"),
        element("HdfsFileSelectorImpl", id="folder", selectedPath="/tmp/out"),
        element("DropdownBoxImpl", element("SelectedValue", value="Yes"), id="choice"),
        element(
            "TabularDatasetColumnCheckboxesImpl",
            element("AvailableValues", element("Value", value="no")),
            element("SelectedValues", element("Value", value="n"), element("Value", value="word")),
            id="columns",
        ),
    ]
    proxy = element("Plugin10Proxy", element("SignatureClassName", name="com.example.Fields"))
    step = node("custom", "plugin10.Plugin10Operator", proxy, element("OperatorDialog", *fields))
    names = ["text", "folder", "choice", "columns", "none"]
    engine.register("com.example.Fields", lambda context: pd.DataFrame({n: [context.parameter(n, "-")] for n in names}))
    assert rows(outcome(run(engine, flow(step)), "custom")) == [["x", "/tmp/out", "Yes", "n,word", "-"]]


def test_what_a_users_function_raises_fails_the_operator(engine: Engine):
    def broken(context: Context) -> Output:
        raise KeyError("speed")

    engine.register("com.example.Broken", broken)
    [reason] = errors(run(engine, flow(custom("com.example.Broken"))))
    assert "KeyError: 'speed'" in reason


def test_a_custom_operator_nobody_registered_is_named_by_its_signature(engine: Engine):
    [reason] = errors(run(engine, flow(custom("com.example.TimesSignature"))))
    assert "'com.example.TimesSignature'" in reason


def test_a_flow_that_can_not_be_read_or_run_is_refused(engine: Engine):
    circle = flow(filtered(name="a"), filtered(name="b"), links="a > b, b > a")
    for text in (b"not xml", b"<html/>", b"<!DOCTYPE a><Process/>", circle):
        with pytest.raises(EngineRefused) as caught:
            engine.check(text)
        assert caught.value.status == 400
        assert caught.value.text == str(caught.value)
        with pytest.raises(EngineRefused):
            start(engine, text)


def test_an_empty_flow_succeeds_with_nothing(engine: Engine):
    document = run(engine, b"<Process/>")
    assert document["flowMetaInfo"]["status"] == "SUCCESS"
    assert (document["outputs"], len(document["logs"])) == ([], 1)


def test_a_run_that_goes_on_tells_which_operator_runs(stepping: Engine):
    process_id = start(stepping, flow(source("demo.numbers"), filtered(value="1"), links="source > filter"))
    seen = []
    for name in ("source", "filter"):
        status = wait_for_node(stepping, process_id, name)
        seen.append(status)
        stepping.release()
    assert stepping.wait(process_id, 10)
    assert seen[0] == {
        "state": "NODE_STARTED",
        "node": {"id": "id of source", "name": "source"},
        "message": " started running...",
        "workflow_id": 375,
        "user": 7,
    }
    assert stepping.query(process_id) is None
    assert stepping.results(375, process_id)


def wait_for_node(engine: Engine, process_id: str, name: str) -> dict[str, Any]:
    while True:
        status = engine.query(process_id)
        assert status is not None
        if status["node"] and status["node"]["name"] == name and status["state"] == "NODE_STARTED":
            return status
        threading.Event().wait(0.005)


def test_results_belong_to_their_workflow_and_come_only_at_the_end(stepping: Engine):
    process_id = start(stepping, flow(source("demo.numbers")))
    assert stepping.results(375, process_id) == ""
    stepping.release()
    assert stepping.wait(process_id, 10)
    assert stepping.results(376, process_id) == ""
    assert stepping.results(375, "unknown") == ""
    assert json.loads(stepping.results(375, process_id))["flowMetaInfo"]["status"] == "SUCCESS"


def test_a_stopped_run_is_over_and_leaves_no_results(stepping: Engine):
    process_id = start(stepping, flow(source("demo.numbers")))
    wait_for_node(stepping, process_id, "source")
    assert stepping.stop(process_id, 10) is True
    assert stepping.query(process_id) is None
    assert stepping.results(375, process_id) == ""
    assert stepping.stop(process_id, 1) is None
    assert stepping.stop("unknown", 1) is None


def test_a_stop_breaks_off_a_query_that_runs(engine: Engine):
    engine.load_table("demo.wide", pd.DataFrame({"n": range(2_000_000)}))
    slow = derived("sum(sqrt(n) + ln(n + 1)) over (order by n rows between 20000 preceding and current row)")
    process_id = start(engine, flow(source("demo.wide"), slow, links="source > derive"))
    wait_for_node(engine, process_id, "derive")
    assert engine.stop(process_id, 10) is True
    assert engine.results(375, process_id) == ""


def test_seconds_for_each_operator_can_be_cut_short_by_a_stop():
    engine = Engine(pace=60)
    engine.load_table("demo.numbers", pd.DataFrame({"n": [1]}))
    process_id = start(engine, flow(source("demo.numbers")))
    wait_for_node(engine, process_id, "source")
    assert engine.stop(process_id, 10) is True
    engine.close()


def test_a_pace_that_is_none_is_refused():
    with pytest.raises(ValueError, match="'slow'"):
        Engine(pace="slow")


def test_a_node_fails_as_often_as_it_is_told(engine: Engine):
    engine.fail_node("filter", 2)
    assert [run(engine, SIMPLE)["flowMetaInfo"]["status"] for _ in range(3)] == ["FAILURE", "FAILURE", "SUCCESS"]


def test_reset_ends_runs_and_forgets_them_but_keeps_tables(stepping: Engine):
    process_id = start(stepping, flow(source("demo.numbers")))
    stepping.fail_node("source", 5)
    stepping.reset()
    assert stepping.query(process_id) is None
    assert stepping.results(375, process_id) == ""
    stepping.release()
    assert run(stepping, flow(source("demo.numbers")))["flowMetaInfo"]["status"] == "SUCCESS"


def test_closing_leaves_no_thread():
    before = threading.active_count()
    engine = Engine(pace="step")
    engine.load_table("demo.numbers", pd.DataFrame({"n": [1]}))
    for _ in range(5):
        start(engine, flow(source("demo.numbers")))
    engine.close()
    assert threading.active_count() == before


def test_fifty_runs_that_write_one_output_table_mix_nothing_up(engine: Engine):
    with ThreadPoolExecutor(8) as pool:
        counts = list(
            pool.map(lambda n: len(rows(outcome(run(engine, SIMPLE, {"@least": str(n % 30)}), "filter"))), range(50))
        )
    assert counts == [min(30 - n % 30, 25) for n in range(50)]


def test_tables_are_loaded_from_files_and_frames_and_replaced(tmp_path: Path, engine: Engine):
    (tmp_path / "people.csv").write_text("name,age\nann,30\nbob,\n", encoding="utf-8")
    pd.DataFrame({"city": ["Rome"]}).to_parquet(tmp_path / "cities.parquet")
    (tmp_path / "notes.txt").write_text("no table", encoding="utf-8")
    assert engine.load_folder(tmp_path) == ["cities", "people"]
    assert rows(outcome(run(engine, flow(source("any.people"))), "source")) == [["ann", "30"], ["bob", ""]]
    assert rows(outcome(run(engine, flow(source("any.cities"))), "source")) == [["Rome"]]
    engine.load_table("people", pd.DataFrame({"name": ["eve"]}))
    assert rows(outcome(run(engine, flow(source("any.people"))), "source")) == [["eve"]]


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_a_csv_file_may_have_any_of_the_usual_delimiters(tmp_path: Path, engine: Engine, sign: str):
    (tmp_path / "people.csv").write_text(f"name{sign}age\nann{sign}30\n", encoding="utf-8-sig")
    engine.load_table("people", tmp_path / "people.csv")
    assert rows(outcome(run(engine, flow(source("any.people"))), "source")) == [["ann", "30"]]


@pytest.mark.parametrize("before", [0, 20_000])
def test_a_file_in_another_encoding_is_refused_wherever_that_shows(tmp_path: Path, engine: Engine, before: int):
    (tmp_path / "people.csv").write_bytes(b"name\n" + b"ann\n" * before + "Müller\n".encode("latin-1"))
    with pytest.raises(ValueError, match="save it in that encoding"):
        engine.load_table("people", tmp_path / "people.csv")


def test_what_can_not_be_loaded_is_refused_by_name(tmp_path: Path, engine: Engine):
    (tmp_path / "empty.csv").write_text("", encoding="utf-8")
    (tmp_path / "fake.parquet").write_text("no", encoding="utf-8")
    for name in ("empty.csv", "fake.parquet", "x.xlsx"):
        with pytest.raises(ValueError, match=name):
            engine.load_table("t", tmp_path / name)
    with pytest.raises(ValueError, match=r"must be a DataFrame.*not int"):
        engine.load_table("t", 7)
    with pytest.raises(ValueError, match=r"'lists'.*no table can"):
        engine.load_table("t", pd.DataFrame({"lists": [[1, 2]]}))
    with pytest.raises(ValueError, match="name"):
        engine.load_table(" ", pd.DataFrame({"a": [1]}))
    with pytest.raises(FileNotFoundError):
        engine.load_table("t", tmp_path / "none.csv")


def test_a_file_whose_rows_differ_in_length_is_refused_where_a_database_flow_reads_it(tmp_path: Path, engine: Engine):
    (tmp_path / "ragged.csv").write_text("a,b\n1,2\n3\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"ragged\.csv"):
        engine.load_table("t", tmp_path / "ragged.csv", types={"a": "integer"})
    engine.load_table("t", tmp_path / "ragged.csv")
    [reason] = errors(run(engine, flow(source("any.t"))))
    assert "ragged.csv" in reason
    assert "3" in reason


def test_a_table_that_is_not_loaded_fails_naming_it_and_how_to_load_it(engine: Engine):
    [reason] = errors(run(engine, flow(source("demo.nothing"))))
    assert "'demo.nothing'" in reason
    assert "server.load_table('demo.nothing'" in reason
    assert "demo.numbers" in reason


def test_a_hadoop_file_is_found_by_its_stem_unless_two_tables_have_it(engine: Engine):
    file = node("file", "hadoop.HadoopFileOperator", hadoopFileName="/data/numbers.csv")
    assert len(rows(outcome(run(engine, flow(file)), "file"))) == 25
    engine.load_table("other.numbers", pd.DataFrame({"n": [1]}))
    [reason] = errors(run(engine, flow(file)))
    assert "demo.numbers, other.numbers" in reason
    engine.load_table("numbers", pd.DataFrame({"n": [1]}))
    assert len(rows(outcome(run(engine, flow(file)), "file"))) == 1


def test_making_an_engine_loads_nothing_heavy():
    program = (
        "import sys; from alpine.sandbox.engine import Engine; Engine(); "
        "heavy = {'duckdb', 'pandas', 'pyarrow', 'lark', 'sklearn', 'statsmodels', 'numpy'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_fidelity_of_every_operator_is_told():
    table = fidelity_table()
    filters = "field.ColumnFilterOperator, hadoop.HadoopColumnFilterOperator"
    assert ("Column Filter", filters, "exact") in [row[:3] for row in table]
    assert {fidelity for _, _, fidelity, _, _ in table} == {"exact", "equivalent", "shape only", "unsupported"}
    classes = [name for _, names, _, _, _ in table for name in names.split(", ")]
    assert len(classes) == len(set(classes))


def test_only_an_operator_with_a_differential_test_is_exact():
    for title, _, fidelity, remark, test in fidelity_table():
        assert test or fidelity != "exact", title
        if test:
            file, _, function = test.partition("::")
            assert re.search(rf"^def {function}\(", (PROJECT / file).read_text(encoding="utf-8"), re.MULTILINE), test
        assert remark or fidelity == "exact", title


def orders() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("CREATE TABLE orders AS FROM read_csv(?)", [str(EXAMPLES / "orders.csv")])
    return connection


def shown_rows(entry: dict[str, Any]) -> int:
    for message in entry["visualData"].get("errorMessages", []):
        return int(message.partition(" and ")[2].partition(" rows")[0].replace(",", ""))
    return len(entry["visualData"]["items"])


@pytest.mark.parametrize("least", ["100", "250", "404"])
def test_the_example_filter_leaves_the_rows_that_sql_says(engine: Engine, least: str):
    document = run(engine, (EXAMPLES / "order_filter.afm").read_bytes(), {"@min_amount": least})
    with orders() as connection:
        [(kept,)] = connection.execute("SELECT count(*) FROM orders WHERE amount > ?", [float(least)]).fetchall()
        groups = connection.execute(
            "SELECT region, count(*)::VARCHAR, format('{:.4f}', sum(amount)) FROM orders WHERE amount > ? "
            "GROUP BY 1 ORDER BY 1",
            [float(least)],
        ).fetchall()
    assert shown_rows(outcome(document, "Row Filter")) == kept
    assert outcome(document, "Column Filter")["visualData"]["columns"] == ["order_id", "region", "amount"]
    assert [tuple(row) for row in rows(outcome(document, "By Region"))] == groups


def test_the_example_report_says_what_sql_says(engine: Engine):
    document = run(engine, (EXAMPLES / "order_report.afm").read_bytes())
    with orders() as connection:
        expected = connection.execute(
            "SELECT CASE WHEN items < 4 THEN 'small' WHEN items < 7 THEN 'medium' ELSE 'large' END AS size, "
            "count(*)::VARCHAR, format('{:.4f}', avg(amount)), format('{:.4f}', max(amount / items)) "
            "FROM orders WHERE status = 'paid' GROUP BY 1 ORDER BY 1"
        ).fetchall()
    assert [tuple(row) for row in rows(outcome(document, "By Size"))] == expected


def test_the_example_orders_are_what_their_script_writes(tmp_path: Path):
    script = tmp_path / "make_orders.py"
    script.write_bytes((EXAMPLES / "make_orders.py").read_bytes())
    subprocess.run([sys.executable, str(script)], check=True)
    assert (tmp_path / "orders.csv").read_bytes() == (EXAMPLES / "orders.csv").read_bytes()


@needs_corpus
@pytest.mark.parametrize(("least", "expected"), [("7", 1640), ("10", None)])
def test_the_golden_number_of_the_real_server(engine: Engine, least: str, expected: int | None):
    engine.load_table("demo.credit", CORPUS / "data" / "credit.csv")
    engine.load_table("demo.golfnew", CORPUS / "data" / "golfnew.csv")
    text = (CORPUS / "flows" / "client-577f-db_row_fil_with_variable.afm").read_bytes()
    document = run(engine, text, {"@min_credit_line": least})
    path = str(CORPUS / "data" / "credit.csv")
    [(counted,)] = duckdb.sql(f"SELECT count(*) FROM '{path}' WHERE credit_lines > {least}").fetchall()
    assert shown_rows(outcome(document, "credit")) == 50_000
    assert shown_rows(outcome(document, "Row Filter")) == counted
    assert counted == (expected or counted)
