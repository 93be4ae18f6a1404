"""A changed workflow differs from the old one in what was changed, and in no other byte."""

from __future__ import annotations

import difflib
import random
import shutil
from pathlib import Path

import pytest

from alpine import afm
from alpine.exception import InvalidArgumentException, WorkflowFileException
from tests.afm.flows import CORPUS, FLOW, needs_corpus

FILE = Path(afm.__file__).parents[1] / "sandbox" / "examples" / "order_filter.afm"
PARAMETER = "<Process><Operator name='a' type='t.A'><Parameter key='{key}' value='{value}'/></Operator></Process>"
AWKWARD = "NEW <&'\"> é\n\t\rvalue"


@pytest.fixture
def flow() -> afm.Workflow:
    return afm.read(FILE)


def bytes_of(flow: afm.Workflow) -> bytes:
    assert isinstance(flow.source, bytes)
    return flow.source


def changed_lines(old: bytes, new: bytes) -> list[str]:
    lines = difflib.unified_diff(old.decode().splitlines(), new.decode().splitlines(), lineterm="", n=0)
    return [line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]


def test_a_variable_is_changed_in_its_line_alone(flow: afm.Workflow) -> None:
    new = flow.with_variables({"@min_amount": 200.5})
    assert new.variables["@min_amount"] == "200.5"
    assert flow.variables["@min_amount"] == "100"
    assert changed_lines(FILE.read_bytes(), bytes_of(new)) == ["-<Value>100</Value>", "+<Value>200.5</Value>"]


def test_all_declarations_of_a_variable_are_changed() -> None:
    assert bytes_of(afm.read(FLOW).with_variables({"@min_amount": 7})).count(b"<Value>7</Value>") == 2


def test_a_parameter_and_a_field_of_an_element_are_changed(flow: afm.Workflow) -> None:
    new = flow.set("Row Filter", "outputTable", AWKWARD)
    assert new.fields("Row Filter")["outputTable"] == AWKWARD
    new = new.set("By Region", "AggregateFieldsModel/AggregateField[2].expression", 'min("amount")')
    assert new.fields("By Region")["AggregateFieldsModel/AggregateField[2].expression"] == 'min("amount")'
    assert len(afm.compare(flow, new).changed) == 2


def test_a_retargeted_workflow_names_other_data_sources_and_schemas(flow: afm.Workflow) -> None:
    new = flow.retarget({"demo_greenplum": "prod"}, schemas={"demo": "sales", "public": "results"})
    assert [source.name for source in new.data_sources] == ["prod"]
    assert new.operators["orders"].parameters["dbConnectionName"] == "prod"
    assert new.operators["orders"].parameters["schemaName"] == "sales"
    assert new.variables["@default_schema"] == "results"


def test_the_schema_of_a_chosen_sample_is_changed() -> None:
    old = PARAMETER.format(key="selectedTable", value="dev.x_0").encode()
    assert b"value='prod.x_0'" in bytes_of(afm.read(old).retarget(schemas={"dev": "prod"}))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda flow: flow.with_variables({"@min_amuont": 1}), "Did you mean '@min_amount'"),
        (lambda flow: flow.with_variables({"@min_amount": None}), "not NoneType"),
        (lambda flow: flow.set("Row Filtr", "x", 1), "Did you mean 'Row Filter'"),
        (lambda flow: flow.set("Row Filter", "outputTabel", 1), "Did you mean 'outputTable'"),
        (lambda flow: flow.set("Row Filter", "outputTable", "\0"), r"U\+0000"),
        (lambda flow: flow.set("Row Filter", "outputTable", "\ud800"), r"U\+D800"),
        (lambda flow: flow.set("Row Filter", "password", "x"), "is a secret"),
        (lambda flow: flow.set("By Region", "AggregateFieldsModel/AggregateField.expression", "1"), "2 fields"),
        (lambda flow: flow.retarget({"dev": "prod"}), "no data source 'dev'"),
        (lambda flow: flow.retarget(schemas={"dev": "prod"}), "no schema 'dev'"),
        (lambda flow: flow.fields("Row Filtr"), "Did you mean 'Row Filter'"),
    ],
)
def test_what_is_not_there_is_refused(flow: afm.Workflow, call: object, message: str) -> None:
    assert callable(call)
    with pytest.raises(InvalidArgumentException, match=message):
        call(flow)


def test_a_saved_workflow_is_the_file_byte_for_byte(flow: afm.Workflow, tmp_path: Path) -> None:
    assert flow.save(tmp_path).read_bytes() == FILE.read_bytes()
    assert (tmp_path / "order_filter.afm").is_file()
    path = afm.read(FLOW).save(tmp_path / "other.afm")
    assert path.read_bytes() == FLOW


def test_stored_models_and_secrets_stay_where_they_are() -> None:
    new = bytes_of(afm.read(FLOW).set("Row & Filter", "outputTable", "x"))
    assert new == FLOW.replace(b"@default_prefix_0", b"x")


def test_a_file_that_changed_since_it_was_read_is_not_changed(tmp_path: Path) -> None:
    path = Path(shutil.copy(FILE, tmp_path))
    flow = afm.read(path)
    path.write_bytes(path.read_bytes().replace(b"<Value>100<", b"<Value>101<"))
    with pytest.raises(WorkflowFileException, match="changed since it was read"):
        flow.set("Row Filter", "outputTable", "x")


def test_what_was_read_from_an_open_file_is_not_changed() -> None:
    with FILE.open("rb") as file:
        flow = afm.read(file)
    with pytest.raises(WorkflowFileException, match="Read it from a path"):
        flow.with_variables({"@min_amount": 1})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "iso-8859-1", "windows-1252", "us-ascii"])
def test_other_encodings_are_kept(encoding: str) -> None:
    declared = encoding.removesuffix("-sig")
    text = f"<?xml version='1.0' encoding='{declared}'?>" + PARAMETER.format(key="k", value="v")
    new = afm.read(text.encode(encoding)).set("a", "k", "é € \U0001f600 '")
    assert new.operators["a"].parameters["k"] == "é € \U0001f600 '"
    assert bytes_of(new).startswith(text.encode(encoding)[:20])


def test_an_encoding_of_two_bytes_is_refused() -> None:
    text = "<?xml version='1.0' encoding='utf-16'?>" + PARAMETER.format(key="k", value="v")
    with pytest.raises(WorkflowFileException, match="save it as UTF-8"):
        afm.read(text.encode("utf-16")).set("a", "k", "w")


@needs_corpus
@pytest.mark.parametrize("path", sorted((CORPUS / "flows").glob("*.afm")), ids=lambda path: path.stem)
def test_one_field_of_a_real_workflow_is_changed_and_no_other(path: Path) -> None:
    rng = random.Random(path.stem)
    flow = afm.read(path)
    before = {name: flow.fields(name) for name in flow.operators}
    for operator in rng.sample(list(before), min(2, len(before))):
        for name in rng.sample(list(before[operator]), min(2, len(before[operator]))):
            new = flow.set(operator, name, AWKWARD)
            after = {other: new.fields(other) for other in new.operators}
            assert after == {**before, operator: {**before[operator], name: AWKWARD}}


def test_a_parameter_without_a_value_gets_one_and_a_variable_without_one_is_refused() -> None:
    content = b"""<Process><VariableModel><Variable><Name>@none</Name></Variable></VariableModel>
<Operator name="a" type="x.Y"><Parameter key='k'/><Parameter key="l" ></Parameter></Operator></Process>"""
    flow = afm.read(content)
    assert flow.set("a", "k", "1 < 2").source == content.replace(b"key='k'/>", b"key='k' value=\"1 &lt; 2\"/>")
    assert flow.set("a", "l", 3).fields("a") == {"k": "", "l": "3"}
    with pytest.raises(WorkflowFileException, match="'@none' has no <Value>"):
        flow.with_variables({"@none": 1})
