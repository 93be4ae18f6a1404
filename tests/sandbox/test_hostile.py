"""What comes in from outside and means harm is refused, and reaches nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests

from alpine.sandbox import Sandbox
from tests.sandbox.engine_flows import element, flow, node, source
from tests.sandbox.wire import FLOW, Wire

BOMB = b'<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx"><!ENTITY y "&x;&x;&x;&x;&x;&x;&x;&x;">]><Process Description="&y;"/>'
OUTSIDE = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><Process Description="&x;"/>'


def refused(wire: Wire, content: bytes) -> bool:
    where = {
        "workfile[entity_subtype]": "alpine",
        "workfile[execution_locations][0][entity_type]": "gpdb_database",
        "workfile[execution_locations][0][id]": "1",
    }
    return wire.upload("evil.afm", content, **where).status_code == 422


@pytest.mark.parametrize(
    "content",
    [
        BOMB,
        OUTSIDE,
        b"<html/>",
        b"PK\x03\x04",
        b"<a>" * 5000 + b"</a>" * 5000,
        b"<Process>" + b"<a>" * 5000 + b"</a>" * 5000 + b"</Process>",
        b'<Process><Operator name="a"/><Operator name="a"/></Process>',
    ],
    ids=range(7),
)
def test_a_hostile_file_is_no_workflow(wire: Wire, content: bytes) -> None:
    assert refused(wire, content)


@pytest.mark.parametrize("name", ["../../etc/cron.d/x", "..\\..\\boot.ini", "/etc/passwd", "C:\\x.txt"])
def test_a_file_name_never_leads_out_of_the_servers_folder(
    sandbox: Sandbox, wire: Wire, name: str, tmp_path: Path
) -> None:
    folder = sandbox._running.state.files.directory
    before = set(folder.parent.iterdir())
    answer = wire.upload(name, b"hello")
    assert answer.status_code in (201, 422)
    if answer.status_code == 201:
        assert "/" not in answer.json()["response"]["file_name"]
    assert set(folder.parent.iterdir()) <= before | {folder}


@pytest.mark.parametrize(
    "path",
    [
        "/api/workfiles/1/download/../../../etc/passwd",
        "/api/../../etc/passwd",
        "/api/workfiles/..%2f..%2fetc%2fpasswd/download",
        "/api/workfiles/%00",
        "/api//etc/passwd",
        "/alpinedatalabs/api/v1/json/workflows/../../x/run",
        "/alpinedatalabs/api/v1/json/processes/..%2f..%2fx/query",
    ],
)
def test_a_path_leads_to_an_endpoint_or_nowhere(sandbox: Sandbox, wire: Wire, path: str) -> None:
    request = requests.Request("GET", sandbox.url, headers={"x-token": wire.token}).prepare()
    request.url = sandbox.url + path
    answer = wire.http.send(request)
    assert answer.status_code in (200, 401, 404)
    assert "root:" not in answer.text
    if answer.status_code == 200:
        assert "already stopped" in answer.text


@pytest.mark.parametrize(
    "table",
    ["/etc/passwd", "read_csv('/etc/passwd')", '"; DROP TABLE loaded."demo.people"; --', "information_schema.tables"],
)
@pytest.mark.parametrize("kind", ["database", "hadoop"])
@pytest.mark.usefixtures("people")
def test_a_source_reads_loaded_tables_only(sandbox: Sandbox, wire: Wire, table: str, kind: str) -> None:
    file = node("source", "hadoop.HadoopFileOperator", hadoopFileName=table)
    number = wire.upload_flow(content=flow(source(table) if kind == "database" else file))["id"]
    document = wire.finished(number, wire.run(number))
    assert document["flowMetaInfo"]["status"] == "FAILURE"
    assert "is not loaded" in json.dumps(document)
    assert "demo.people" in sandbox.tables


@pytest.mark.parametrize(
    "value",
    ["0; DROP SCHEMA loaded CASCADE", '0) OR 1=(SELECT count(*) FROM loaded."demo.people"', "read_text('/etc/passwd')"],
)
@pytest.mark.usefixtures("people")
def test_a_variable_can_not_smuggle_sql_in(wire: Wire, value: str) -> None:
    number = wire.upload_flow(content=FLOW)["id"]
    document = wire.finished(number, wire.run(number, {"@age": value}))
    assert document["flowMetaInfo"]["status"] == "FAILURE"
    again = wire.finished(number, wire.run(number, {"@age": "30"}))
    assert again["flowMetaInfo"]["status"] == "SUCCESS"


@pytest.mark.usefixtures("people")
def test_pig_is_translated_by_its_grammar_alone(wire: Wire) -> None:
    for text in ("age > 1; rmf /", "age > 1 -- '", "REGISTER x", "age > (SELECT 1)", "loadfile('/etc/passwd') == 'x'"):
        step = node("step", "hadoop.HadoopRowFilterOperator", filterCondition=text)
        number = wire.upload_flow(content=flow(source("demo.people"), step, links="source > step"))["id"]
        document = wire.finished(number, wire.run(number))
        assert document["flowMetaInfo"]["status"] == "FAILURE", text


@pytest.mark.usefixtures("people")
def test_names_of_columns_are_names_whatever_they_hold(wire: Wire) -> None:
    name = 'x" FROM loaded."demo.people"; --'
    item = element("DerivedFieldItem", columnName=name, dataType="INTEGER", expression="1")
    step = node("step", "field.VariableOperator", element("DerivedFieldsModel", item), columnNames="")
    number = wire.upload_flow(content=flow(source("demo.people"), step, links="source > step"))["id"]
    document = wire.finished(number, wire.run(number))
    assert document["flowMetaInfo"]["status"] == "SUCCESS"
    assert document["outputs"][1]["visualData"]["columns"] == [name]


@pytest.mark.usefixtures("people")
def test_names_of_types_are_names_or_refused(wire: Wire) -> None:
    item = element("DerivedFieldItem", columnName="made", dataType="INTEGER); DROP", expression="1")
    step = node("step", "field.VariableOperator", element("DerivedFieldsModel", item), columnNames="")
    number = wire.upload_flow(content=flow(source("demo.people"), step, links="source > step"))["id"]
    document = wire.finished(number, wire.run(number))
    assert document["flowMetaInfo"]["status"] == "FAILURE"
    assert "'INTEGER); DROP'" in document["logs"][1]["errMessage"]
