"""Reading workflow files."""

from __future__ import annotations

import copy
import io
import os
import pickle
import string
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alpine import afm
from alpine.afm import drawing, reader
from alpine.exception import InvalidArgumentException, LocalFileException, WorkflowFileException

CORPUS = Path(os.environ.get("ALPINE_CORPUS") or Path(__file__).parents[2] / "shared" / "corpus")

needs_corpus = pytest.mark.skipif(
    not (CORPUS / "flows").is_dir(),
    reason="the real workflow files are neither in ALPINE_CORPUS nor beside the checkout",
)

FLOW = b"""<?xml version="1.0" encoding="UTF-8"?>
<Process Description="two steps" UserName="7" Version="6.3.0.0">
<DataSources>
<DataSource name="warehouse" type="Database">
<Parameter key="url" value="jdbc:postgresql://db.example/demo?user=u&amp;password=hunter2"/>
<Parameter key="password" value="aHVudGVyMg=="/>
<Parameter value="aHVudGVyMg==" key="trustStorePassword"/>
<Parameter key="system" value="Greenplum"/>
</DataSource>
</DataSources>
<Operator X="300" Y="100" name="Row &amp; Filter" type="com.example.field.FilterOperator" uuid="2">
<Note/>
<Parameter value="aHVudGVyMg==" key="password"></Parameter>
<Parameter key="outputTable" value="@default_prefix_0"/>
<RowFilterConditionModel sqlType="nosql" useAll="true">
<RowFilterConditionItem columnName="amount" condition="&gt;" firstValue="@min_amount" secondValue=""/>
<Parameter key="password" value="aHVudGVyMg=="/>
</RowFilterConditionModel>
<Model>ck8wQUJodW50ZXIy</Model>
<advancedSettings><Parameter key="outputTable" value="of spark"/></advancedSettings>
</Operator>
<Operator uuid="1" type="com.example.datasource.DbTableOperator" name="orders" Y="100" X="100"><Note></Note></Operator>
<Operator X="1" Y="1" name="A note" type="com.example.structual.NoteOperator" uuid="3"/>
<Link link-id="L0" source-id="1" target-id="2" source="orders" target="Row &amp; Filter"/>
<Counters next-link-index="1" next-op-index="3"/>
<VariableModel>
<Variable><Name>@min_amount</Name><Value>1</Value></Variable>
<Variable><Name>@min_amount</Name><Value>100</Value></Variable>
<Variable><Name>@ftp_password</Name><Value>hunter2</Value></Variable>
<Variable><Name>@outlook</Name><Value>'rain'</Value></Variable>
</VariableModel>
</Process>
"""


def flow_of(*links: tuple[str, str], operators: str = "abcd") -> bytes:
    nodes = "".join(f'<Operator name="{name}" type="t.{name.upper()}Operator"/>' for name in operators)
    lines = "".join(f'<Link source="{source}" target="{target}"/>' for source, target in links)
    return f"<Process>{nodes}{lines}</Process>".encode()


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


def test_the_repr_is_short():
    assert repr(afm.read(FLOW)) == "<Workflow without a name: 3 operators, 1 links, 3 variables>"


def test_a_workflow_survives_a_pickle():
    flow = afm.read(FLOW)
    again = pickle.loads(pickle.dumps(flow))
    assert again == flow
    assert again.operators["Row & Filter"].elements[0].tag == "RowFilterConditionModel"


def test_operators_run_after_their_inputs_and_notes_do_not_run():
    flow = afm.read(FLOW)
    assert [operator.name for operator in flow.execution_order()] == ["orders", "Row & Filter"]
    assert [operator.name for operator in flow.inputs_of("Row & Filter")] == ["orders"]
    assert flow.inputs_of("orders") == []


def test_operators_that_could_run_at_once_keep_the_order_of_the_file():
    flow = afm.read(flow_of(("d", "a"), ("c", "a"), operators="abcd"))
    assert [operator.name for operator in flow.execution_order()] == ["b", "c", "d", "a"]


def test_a_doubled_link_counts_once():
    flow = afm.read(flow_of(("b", "a"), ("b", "a"), operators="ab"))
    assert [operator.name for operator in flow.execution_order()] == ["b", "a"]
    assert [operator.name for operator in flow.inputs_of("a")] == ["b"]


def test_a_circle_is_an_error_that_names_the_operators():
    flow = afm.read(flow_of(("a", "b"), ("b", "a"), ("c", "d")))
    with pytest.raises(WorkflowFileException, match="'a', 'b'"):
        flow.execution_order()


def test_a_link_to_no_operator_is_passed_over():
    flow = afm.read(flow_of(("a", "ghost"), operators="a"))
    assert [operator.name for operator in flow.execution_order()] == ["a"]


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
    monkeypatch.setattr(reader, "MAX_TOKEN", 1024 * 1024)
    with pytest.raises(WorkflowFileException, match="1 MB"):
        afm.check(Endless(b"<Process a='", b"x" * 60_000, 100, b"'/>"))  # type: ignore[arg-type]


def test_the_drawing_is_well_formed_and_escapes_names():
    flow = afm.read(FLOW)
    picture = ElementTree.fromstring(flow.to_svg())
    texts = [element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == ["Row & Filter", "Filter", "orders", "DbTable"]
    assert len(list(picture.iter("{http://www.w3.org/2000/svg}polygon"))) == 1
    assert flow._repr_html_() == flow._repr_svg_() == flow.to_svg()


def test_the_operators_show_themselves_as_a_table_and_stay_a_dict():
    flow = afm.read(FLOW.replace(b"@default_prefix_0", b"&lt;b&gt;"))
    html = flow.operators._repr_html_()
    assert "3 operators" in html
    assert "<td>Row &amp; Filter</td><td>Filter</td><td>outputTable: &lt;b&gt;</td>" in html
    assert repr(flow.operators) == repr(dict(flow.operators))
    assert flow.operators == dict(flow.operators)
    for same in (copy.deepcopy(flow), pickle.loads(pickle.dumps(flow))):
        assert list(same.operators) == list(flow.operators)
        assert "3 operators" in same.operators._repr_html_()
    assert "0 operators" in afm.Workflow().operators._repr_html_()


LONG_NAMES = [
    *(letter * 60 for letter in [*string.printable.strip(), "ß", "é", "Ω"]),
    "Confusion Matrix Viewer of the Northern Region",
    "Linear Regression - 1 - trained again",
    "重要客户数据筛选与汇总操作符名称很长",
    "Фильтр строк по сумме и дате заказа",
    "🚀🎉" * 20,
    "e\u0301" * 60,
]


@pytest.mark.parametrize("name", LONG_NAMES, ids=lambda name: ascii(name[:6]))
def test_a_name_fits_its_box_in_a_wide_font(name: str):
    """Measured with the widest font that browsers take for system-ui, which matplotlib brings along."""
    fonts = Path(pytest.importorskip("matplotlib").get_data_path()) / "fonts" / "ttf"
    image_font = pytest.importorskip("PIL.ImageFont")
    box = drawing.Box(name, f"{name}Operator")
    picture = ElementTree.fromstring(drawing.svg([box], []))
    assert picture.findtext(".//{*}title") == f"{name} ({name}Operator)"
    for text, font, size in zip(
        picture.iter("{http://www.w3.org/2000/svg}text"),
        ("DejaVuSans-Bold.ttf", "DejaVuSans.ttf"),
        (drawing.NAME_SIZE, drawing.KIND_SIZE),
        strict=True,
    ):
        assert text.text is not None
        assert text.text.endswith("…")
        assert len(text.text) > 5
        assert name.startswith(text.text[:-1])
        width = image_font.truetype(str(fonts / font), 1000).getlength(text.text) * size / 1000
        assert width <= drawing.WIDTH - 8


def test_a_name_of_usual_length_is_whole():
    for name in ("Row Filter", "Confusion Matrix", "Logistic Regression", "Random Forest Class"):
        picture = ElementTree.fromstring(drawing.svg([drawing.Box(name, "LogisticRegressionModelerOperator")], []))
        texts = [text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")]
        assert texts == [name, "LogisticRegressionModeler"]


def test_no_letter_leaves_its_box_whatever_the_font():
    picture = ElementTree.fromstring(drawing.svg([drawing.Box("\ufdfd" * 9, "x")], []))
    group = picture.find("{*}g")
    assert group is not None
    box, clip = group.find("{*}rect"), group.find("{*}svg")
    assert box is not None
    assert clip is not None
    assert [clip.get(key) for key in ("x", "y", "width", "height")] == [
        box.get(key) for key in ("x", "y", "width", "height")
    ]
    assert len(list(clip.iter("{http://www.w3.org/2000/svg}text"))) == 2


def corners(flow: afm.Workflow) -> list[tuple[float, float]]:
    picture = ElementTree.fromstring(flow.to_svg())
    boxes = picture.iter("{http://www.w3.org/2000/svg}rect")
    return [(float(box.get("x", "")), float(box.get("y", ""))) for box in boxes]


def test_a_flow_without_positions_is_drawn_in_columns_from_the_sources_on():
    (ax, ay), (bx, by), (cx, cy), (dx, _) = corners(afm.read(flow_of(("a", "c"), ("b", "c"), ("c", "d"))))
    assert ax == bx < cx < dx
    assert ay != by
    assert ay == cy


def test_boxes_never_lie_on_each_other():
    crowded = "".join(f'<Operator name="o{n}" X="{n % 7 * 90}" Y="{n // 7 * 60}"/>' for n in range(40))
    places = corners(afm.read(f"<Process>{crowded}</Process>".encode()))
    for index, (x, y) in enumerate(places):
        assert all(abs(x - x2) >= 168 or abs(y - y2) >= 46 for x2, y2 in places[:index])


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
