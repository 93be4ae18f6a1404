"""What a check says of flows, right and wrong."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from alpine import APIClient, InvalidArgumentException, afm
from alpine.flows import Findings
from alpine.sandbox import Sandbox
from alpine.sandbox.engine.core import EXAMPLES
from tests.afm.flows import FLOW, flow_of, needs_corpus
from tests.flows import good
from tests.flows.faults import KINDS, faults, judged
from tests.sandbox.engine_flows import derived, element, flow, node, source

REPORT = EXAMPLES / "order_report.afm"
ORDERS = {
    "order_id": "bigint",
    "customer": "text",
    "region": "text",
    "status": "text",
    "items": "integer",
    "amount": "numeric(10,2)",
    "ordered_on": "date",
}
TABLES = {"demo.orders": ORDERS}


def found(content: bytes, tables: object = None) -> list[str]:
    return [str(finding) for finding in afm.read(content).check(tables)]


def test_a_good_flow_has_no_findings() -> None:
    for each in [*good.own(), *good.examples()]:
        assert good.read(each).check(each.tables) == [], each.name


def test_of_the_seeded_faults_95_percent_are_found() -> None:
    hits, all_of = Counter[str](), Counter[str]()
    for fault in faults([*good.own(), *good.examples()], 17, 3):
        is_found, _ = judged(fault)
        all_of[fault.kind] += 1
        hits[fault.kind] += is_found
    assert all_of.keys() == KINDS.keys()
    assert all_of.total() >= 200
    assert hits.total() >= 0.95 * all_of.total(), all_of - hits


@needs_corpus
def test_nothing_wrong_is_said_of_the_corpus() -> None:
    for each in good.corpus():
        findings = good.read(each).check()
        assert [f for f in findings if f.severity != "info" and f.kind != "credentials"] == [], each.name
        assert bool(b'key="password" value="Z' in each.content) <= any(f.kind == "credentials" for f in findings)


def test_a_missing_column_names_its_field_and_the_nearest() -> None:
    flow = afm.read(REPORT).set("Variable", "columnNames", "order_id,regoin,itms")
    assert [str(finding) for finding in flow.check(TABLES)] == [
        (
            "error: 'Variable' columnNames: There is no column 'itms'. Did you mean 'items'? The input has: order_id, "
            "customer, region, status, items, amount, ordered_on."
        ),
        (
            "error: 'Variable' columnNames: There is no column 'regoin'. Did you mean 'region'? The input has: "
            "order_id, customer, region, status, items, amount, ordered_on."
        ),
    ]


def test_an_expression_is_named_with_its_field_and_position() -> None:
    flow = afm.read(REPORT)
    field = "DerivedFieldsModel/DerivedFieldItem[2].expression"
    [finding] = flow.set("Variable", field, '"amount" / ("items"').check(TABLES)
    assert (finding.operator, finding.field, finding.kind, finding.severity) == ("Variable", field, "syntax", "error")
    [finding] = flow.set("Variable", field, '"amount" / "item"').check(TABLES)
    assert (finding.field, finding.kind) == (field, "column")
    assert "did you mean 'items'? " in finding.problem
    assert "position 12 of the expression" in finding.problem
    [finding] = flow.set("Variable", field, '"amount" / "region"').check(TABLES)
    assert (finding.field, finding.kind) == (field, "type")


def test_a_condition_of_a_filter_is_named_with_its_field() -> None:
    flow = afm.read(EXAMPLES / "order_filter.afm")
    field = "RowFilterConditionModel/RowFilterConditionItem.firstValue"
    [finding] = [f for f in flow.set("Row Filter", field, "100 +").check(TABLES) if f.severity == "error"]
    assert (finding.operator, finding.field, finding.kind) == ("Row Filter", field, "syntax")


def test_without_tables_nothing_is_said_of_columns_but_expressions_are_read() -> None:
    flow = afm.read(REPORT)
    assert flow.check() == []
    assert flow.set("Variable", "columnNames", "nothing").check() == []
    [finding] = flow.set("Variable", "DerivedFieldsModel/DerivedFieldItem[1].expression", "case when").check()
    assert (finding.operator, finding.kind) == ("Variable", "syntax")


def test_what_follows_an_operator_that_is_not_known_is_not_guessed() -> None:
    text = flow(
        source("demo.orders", "orders"),
        node("odd", "x.OddOperator"),
        node("keep", "field.ColumnFilterOperator", columnNames="anything"),
        links="orders > odd, odd > keep",
    )
    [finding] = afm.read(text).check(TABLES)
    assert (finding.operator, finding.kind, finding.severity) == ("odd", "refused", "info")


def test_columns_of_a_type_that_the_sandbox_does_not_keep_lead_to_no_findings() -> None:
    class Datasets:
        def get_id(self, name: str, data_source: str) -> int:
            return 1

        def get_columns(self, dataset_id: int) -> list[dict[str, str]]:
            return [{"name": "a", "data_type": "geometry"}, {"name": "b", "data_type": "integer"}]

    right = flow(source("demo.shapes"), derived('st_area("a") + 1'), links="source > derive")
    assert found(right, Datasets()) == []
    wrong = flow(source("demo.shapes"), derived('"c" + 1'), links="source > derive")
    assert "There is no column 'c'" in found(wrong, Datasets())[0]


def test_links_that_are_wrong() -> None:
    assert found(flow_of(("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")))[0] == (
        "error: 'a': The links form a circle, which can never start: 'a' > 'b' > 'c' > 'a'. Remove one of these links."
    )
    text = flow(source("demo.orders"), node("keep", "field.ColumnFilterOperator", columnNames="items"))
    assert found(text, TABLES) == [
        "error: 'keep': The operator has no input. Link the operator that gives its input.",
        "warning: 'source': No operator takes the output of this table. Link it to an operator, or remove it.",
    ]
    text = flow(source("demo.orders"), derived('"items"'), links="source > derive, sorce > derive")
    assert found(text, TABLES) == [
        (
            "error: 'derive': A link names the operator 'sorce', which is not there. Remove the link. Did you mean "
            "'source'?"
        )
    ]


def test_a_circle_hides_nothing_else() -> None:
    text = flow(
        source("demo.orders"),
        derived('"nothing"'),
        node("a", "field.ColumnFilterOperator", columnNames="items"),
        node("b", "field.ColumnFilterOperator", columnNames="items"),
        links="source > derive, a > b, b > a",
    )
    assert {finding.kind for finding in afm.read(text).check(TABLES)} == {"circle", "column"}


def test_variables() -> None:
    text = flow(
        source("demo.orders"),
        derived('"items" + @more + @mor'),
        links="source > derive",
        variables={"@more": "1", "@moreover": "2", "@used_by_another": "3", "@other": "@used_by_another"},
    )
    findings = afm.read(text).check(TABLES)
    assert [(f.kind, f.field, f.operator) for f in findings] == [
        ("variable", "DerivedFieldsModel/DerivedFieldItem.expression", "derive"),
        ("unused", "@moreover", ""),
        ("unused", "@other", ""),
    ]
    assert "Did you mean '@more'?" in findings[0].advice


@pytest.mark.parametrize("text", ["'me@example.com'", "'hdfs/_HOST@REALM'", "'@flow_id'", "'alp@user_id_@flow_id_0'"])
def test_what_is_no_variable(text: str) -> None:
    assert found(flow(source("demo.orders"), derived(text), links="source > derive"), TABLES) == []


def test_credentials_are_named_and_not_shown() -> None:
    findings = [finding for finding in afm.read(FLOW).check() if finding.kind == "credentials"]
    assert [(finding.operator, finding.field) for finding in findings] == [
        ("", "url"),
        ("", "password"),
        ("", "trustStorePassword"),
        ("Row & Filter", "password"),
        ("", "@ftp_password"),
    ]
    assert not any(secret in str(findings) for secret in ("hunter2", "aHVudGVyMg"))


def test_variables_in_place_of_secrets_are_no_secrets() -> None:
    step = node("ftp", "x.FtpOperator", password="@ftp_password", usePassword="true", dbPassword="")
    text = flow(source("demo.orders"), step, links="source > ftp", variables={"@ftp_password": ""})
    assert [finding.kind for finding in afm.read(text).check(TABLES)] == ["refused"]


def test_a_predictor_without_a_model() -> None:
    text = flow(source("demo.orders"), node("predict", "model.DatabasePredictorOperator"), links="source > predict")
    for tables in (TABLES, None):
        [finding] = afm.read(text).check(tables)
        assert (finding.operator, finding.kind) == ("predict", "model")


def test_columns_of_predictions_are_known() -> None:
    content = good.fitted().replace(b"PRED_LOR", b"PRED_LOX")
    [finding] = afm.read(content).check(good.TABLES)
    assert (finding.operator, finding.kind) == ("Only a", "column")
    assert "Did you mean 'PRED_LOR'?" in finding.advice


@pytest.mark.parametrize("name", ["joined", "changed", "fitted", "hadoop"])
def test_the_columns_that_are_followed_are_those_of_a_run(name: str) -> None:
    import random

    from alpine.flows.given import given
    from alpine.flows.plan import look_over
    from alpine.flows.structure import ordered
    from alpine.sandbox.engine import Engine
    from tests.sandbox.engine_flows import run

    each = next(each for each in good.own() if each.name == name)
    engine, rng = Engine(), random.Random(3)
    tables = {"demo.people": good.PEOPLE, "demo.cities": good.CITIES, "one": good.FILE, "two": good.FILE}
    for table, columns in tables.items():
        engine.load_table(table, good.frame(columns, rng, 30))
    document = run(engine, each.content)
    engine.close()
    plan = look_over(good.read(each), given(each.tables, good.read(each)), ordered(good.read(each))[0])
    data = {entry["out_title"]: entry["visualData"] for entry in document["outputs"]}
    compared = 0
    for step in plan.steps.values():
        if step.table is not None:
            shown = data[step.operator.name]
            assert list(step.table.columns) == shown["columns"], step.operator.name
            compared += 1
    assert compared >= 4


@pytest.fixture(scope="module")
def server() -> Iterator[Sandbox]:
    with Sandbox() as server:
        yield server


@pytest.fixture(scope="module")
def session(server: Sandbox) -> Iterator[APIClient]:
    with server.client() as session:
        yield session


def test_a_sandbox(server: Sandbox) -> None:
    flow = afm.read(REPORT)
    assert flow.check(server) == []
    [finding] = flow.set("orders", "tableName", "order").check(server)
    assert (finding.kind, finding.field) == ("table", "tableName")
    assert "Did you mean 'demo.orders'?" in finding.advice


def test_registered_functions_are_not_refused(server: Sandbox) -> None:
    server.register("com.alpine.miner.gef.runoperator.x.OddOperator", lambda orders: orders)
    text = flow(source("demo.orders"), node("odd", "x.OddOperator"), links="source > odd")
    assert found(text, server) == []


def test_a_session_asks_the_server_for_columns(session: APIClient) -> None:
    flow = afm.read(REPORT).retarget({"demo_greenplum": "Sandbox Database"})
    assert flow.check(session) == []
    [finding] = flow.set("Variable", "columnNames", "reggion").check(session.dataset)
    assert "Did you mean 'region'?" in finding.advice
    [finding] = flow.set("orders", "tableName", "ordrs").check(session)
    assert finding.kind == "table"


def test_a_frame_and_a_file() -> None:
    path = EXAMPLES / "orders.csv"
    for table in (path, str(path), pd.read_csv(path)):
        assert afm.read(REPORT).check({"demo.orders": table}) == []


@pytest.mark.parametrize("tables", [3, {"demo.orders": 3}, {"demo.orders": {"a": "intt"}}, {"a": "no/such.csv"}])
def test_what_is_no_table_is_refused(tables: object) -> None:
    with pytest.raises(InvalidArgumentException, match=r"table|tables"):
        afm.read(REPORT).check(tables)


def test_a_folder(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("no table")
    (tmp_path / "orders.csv").write_text("order_id,region\n1,north\n")
    (finding, *_) = afm.read(EXAMPLES / "order_filter.afm").check(tmp_path)
    assert (finding.severity, finding.operator) == ("error", "Row Filter")
    (tmp_path / "orders.csv").write_bytes((EXAMPLES / "orders.csv").read_bytes())
    assert afm.read(EXAMPLES / "order_filter.afm").check(str(tmp_path)) == []
    (tmp_path / "Orders.tsv").write_text("a\tb\n1\t2\n")
    with pytest.raises(InvalidArgumentException, match="would both be the table"):
        afm.read(REPORT).check(tmp_path)
    with pytest.raises(InvalidArgumentException, match="nowhere cannot be read"):
        afm.read(REPORT).check(tmp_path / "nowhere")


def test_findings_are_a_list_that_shows_itself() -> None:
    findings = afm.read(REPORT).set("Variable", "columnNames", "<b>").check(TABLES)
    assert isinstance(findings, Findings)
    page = findings._repr_html_()
    assert "&lt;b&gt;" in page
    assert "<b>&" not in page
    assert [row["kind"] for row in findings.to_dict()] == ["column"]
    assert findings.errors == list(findings)
    assert str(afm.read(REPORT).check(TABLES)) == "Nothing was found."
    assert "Nothing was found" in afm.read(REPORT).check(TABLES)._repr_html_()


def test_what_is_missing_is_said_with_the_extra() -> None:
    code = (
        "import importlib.util as util\nfind = util.find_spec\n"
        "util.find_spec = lambda name, *more: None if name == 'sqlglot' else find(name, *more)\n"
        "from alpine import afm, MissingExtraException\n"
        f"try:\n    afm.read({str(REPORT)!r}).check()\nexcept MissingExtraException as error:\n    print(error)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "sqlglot" in said
    assert "'sandbox'" in said
    assert "pip install" in said


def test_the_model_of_a_join_is_followed_through_both_inputs() -> None:
    content = good.joined().replace(b'columnName="country"', b'columnName="contry"')
    [finding] = afm.read(content).check(good.TABLES)
    assert (finding.operator, finding.kind) == ("Join", "column")
    assert finding.field == "TableJoinDefinition/JoinColumnModel[7].columnName"


def test_a_script_of_pig_is_named() -> None:
    content = (
        good.hadoop().replace(b"BY score &gt; 1.0", b"BY scor &gt; 1.0").replace(b"BY score > 1.0", b"BY scor > 1.0")
    )
    [finding] = afm.read(content).check()
    assert (finding.operator, finding.kind, finding.field) == ("Script", "column", "PigExecutableModel.pigScript")


def test_several_elements_are_told_apart() -> None:
    items = [
        element("DerivedFieldItem", columnName=name, dataType="", expression=text)
        for name, text in (("a", '"items" + 1'), ("b", '"itms" + 1'))
    ]
    step = node("derive", "field.VariableOperator", element("DerivedFieldsModel", *items), columnNames="")
    [finding] = afm.read(flow(source("demo.orders"), step, links="source > derive")).check(TABLES)
    assert finding.field == "DerivedFieldsModel/DerivedFieldItem[2].expression"
