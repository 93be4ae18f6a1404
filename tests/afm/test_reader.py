"""Workflow files are read without their secrets, and what is none is refused."""

from __future__ import annotations

import io
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alpine import afm
from alpine.afm import walker
from alpine.exception import InvalidArgumentException, LocalFileException, WorkflowFileException
from tests.afm.flows import CORPUS, FLOW, needs_corpus


def test_operators_are_read_in_the_order_of_the_file_by_name():
    flow = afm.read(FLOW)
    assert list(flow.operators) == ["Row & Filter", "orders", "A note"]
    operator = flow.operators["Row & Filter"]
    assert (operator.type, operator.class_name) == ("com.example.field.FilterOperator", "FilterOperator")
    assert (operator.uuid, operator.x, operator.y) == ("2", 300.0, 100.0)
    assert flow.operators["orders"].x == 100.0
    assert flow.operators["A note"].is_note
    assert not operator.is_note


def test_the_heads_of_a_flow_are_read():
    flow = afm.read(FLOW)
    assert (flow.version, flow.user_name, flow.description) == ("6.3.0.0", "7", "two steps")
    assert flow.links == [afm.Link("orders", "Row & Filter")]
    assert flow.data_sources[0].name == "warehouse"
    assert flow.data_sources[0].type == "Database"
    assert flow.data_sources[0].parameters["system"] == "Greenplum"


def test_the_last_declaration_of_a_variable_wins():
    assert afm.read(FLOW).variables == {"@min_amount": "100", "@ftp_password": "", "@outlook": "'rain'"}


def test_parameters_of_advanced_settings_are_not_the_operators():
    assert afm.read(FLOW).operators["Row & Filter"].parameters == {"outputTable": "@default_prefix_0"}


def test_model_elements_are_kept_for_whoever_runs_the_flow():
    elements = afm.read(FLOW).operators["Row & Filter"].elements
    item = next(element for element in elements if element.tag == "RowFilterConditionModel")[0]
    assert dict(item.attrib) == {
        "columnName": "amount",
        "condition": ">",
        "firstValue": "@min_amount",
        "secondValue": "",
    }


def test_nothing_secret_and_no_stored_model_survives_the_reading():
    flow = afm.read(FLOW)
    said = repr(flow) + repr(flow.operators) + repr(flow.data_sources) + flow.to_svg() + str(flow.variables)
    said += flow.operators._repr_html_()
    said += str([source.parameters for source in flow.data_sources])
    for operator in flow.operators.values():
        said += str(operator.parameters) + "".join(ElementTree.tostring(e, "unicode") for e in operator.elements)
    assert "aHVudGVyMg" not in said
    assert "hunter2" not in said
    assert "ck8wQUJodW50ZXIy" not in said


@pytest.mark.parametrize("kind", ["path", "text path", "bytes", "file"])
def test_a_flow_is_read_from_a_path_from_bytes_and_from_a_file(tmp_path: Path, kind: str):
    path = tmp_path / "my_flow.afm"
    path.write_bytes(FLOW)
    with path.open("rb") as file:
        source = {"path": path, "text path": str(path), "bytes": FLOW, "file": file}[kind]
        flow = afm.read(source)
    assert flow.name == (None if kind == "bytes" else "my_flow")
    assert len(flow.operators) == 3


@pytest.mark.parametrize("text", ["<Process/>", "<Process><VariableModel/></Process>"])
def test_an_empty_flow_is_a_flow(text: str):
    flow = afm.read(text.encode())
    afm.check(text.encode())
    assert (flow.operators, flow.links, flow.variables, flow.execution_order()) == ({}, [], {}, [])
    assert flow.to_svg().startswith("<svg")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "empty"),
        (b"id,amount\n1,2\n", "not well-formed"),
        (b"PK\x03\x04", "not well-formed"),
        (b"<Process>", "not well-formed"),
        (b"<html></html>", "<html>"),
        (b"<Process xmlns='x'></Process> trailing", "not well-formed"),
        (b"<!DOCTYPE Process><Process/>", "DOCTYPE"),
        (b'<!DOCTYPE p [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><Process>&b;</Process>', "DOCTYPE"),
        (b'<!DOCTYPE p [<!ENTITY a SYSTEM "file:///etc/passwd">]><Process>&a;</Process>', "DOCTYPE"),
        (b"<Process>" + b"<a>" * 100 + b"</a>" * 100 + b"</Process>", "deeper than 100"),
        (b"<?xml version='1.0' encoding='klingon'?><Process/>", "klingon|encoding"),
        (b"<?xml version='1.0' encoding='shift_jis'?><Process/>", "encod"),
    ],
)
def test_what_is_not_a_workflow_is_refused(text: bytes, reason: str):
    for reading in (afm.read, afm.check):
        with pytest.raises(WorkflowFileException, match=reason) as caught:
            reading(text)
        assert isinstance(caught.value, InvalidArgumentException)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"<Process><Operator type='x'/></Process>", "no name"),
        (b"<Process><Operator name='a'/><Operator name='a'/></Process>", "'a'"),
    ],
)
def test_operators_without_a_name_of_their_own_are_refused(text: bytes, reason: str):
    with pytest.raises(WorkflowFileException, match=reason):
        afm.read(text)


def test_a_missing_file_is_told_by_its_name(tmp_path: Path):
    with pytest.raises(LocalFileException, match=r"none\.afm"):
        afm.read(tmp_path / "none.afm")


class Endless(io.RawIOBase):
    """A file of the given size that exists nowhere, and remembers how much of it was read."""

    def __init__(self, head: bytes, filling: bytes, repeats: int, tail: bytes) -> None:
        self.parts = iter([head, *[filling] * repeats, tail])

    def read(self, size: int = -1) -> bytes:
        return next(self.parts, b"")


def test_checking_a_large_file_takes_no_memory_to_speak_of():
    import tracemalloc

    file = Endless(b"<Process><Operator name='a'><Model>", b"rO0AB" * 20_000, 300, b"</Model></Operator></Process>")
    tracemalloc.start()
    afm.check(file)  # type: ignore[arg-type]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000


def test_a_tag_without_an_end_is_refused_before_it_fills_the_memory(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(walker, "MAX_TOKEN", 1024 * 1024)
    with pytest.raises(WorkflowFileException, match="1 MB"):
        afm.check(Endless(b"<Process a='", b"x" * 60_000, 100, b"'/>"))  # type: ignore[arg-type]


@needs_corpus
def test_every_real_file_reads_and_runs_in_some_order():
    paths = sorted((CORPUS / "flows").glob("*.afm"))
    assert len(paths) == 38
    for path in paths:
        afm.check(path)
        flow = afm.read(path)
        ran = [operator.name for operator in flow.execution_order()]
        assert sorted(ran) == sorted(name for name, operator in flow.operators.items() if not operator.is_note)
        notes = {name for name, operator in flow.operators.items() if operator.is_note}
        links = [link for link in flow.links if not notes & {link.source, link.target}]
        assert all(ran.index(link.source) < ran.index(link.target) for link in links)
        ElementTree.fromstring(flow.to_svg())
        assert "@default_schema" in flow.variables
        for element in (e for operator in flow.operators.values() for e in operator.elements):
            text = ElementTree.tostring(element, "unicode")
            assert "ZXhhbXBsZQ" not in text
            assert "rO0AB" not in text


MARKUP = st.recursive(
    st.sampled_from(
        ["", "text", "&amp;", "&x;", "]]>", "<![CDATA[<]]>", "<!-- c -->", "<Operator name='a' X='1e999'/>"]
    ),
    lambda inner: st.builds(
        "<{0} {1}>{2}</{0}>".format,
        st.sampled_from(["Process", "Operator", "Link", "VariableModel", "Variable", "Name", "Model", "DataSources"]),
        st.sampled_from(
            ["", "name='x'", "name='y' type='t.T'", "source='x' target='y'", "key='password'", "a='1' a='2'"]
        ),
        st.lists(inner, max_size=4).map("".join),
    ),
    max_leaves=12,
)


def reads_or_refuses(text: bytes) -> None:
    try:
        afm.check(text)
        flow = afm.read(text)
        flow.to_svg()
        flow.execution_order()
    except WorkflowFileException:
        return
    assert isinstance(flow, afm.Workflow)


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_read_or_refused(text: bytes):
    reads_or_refuses(text)


@given(MARKUP, st.sampled_from(["utf-8", "utf-16", "latin-1"]))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_arbitrary_markup_is_read_or_refused(text: str, encoding: str):
    reads_or_refuses(text.encode(encoding))
    reads_or_refuses(f"<Process>{text}</Process>".encode())
