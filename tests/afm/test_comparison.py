"""A comparison names every change, and nothing else."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest

from alpine import afm
from tests.afm.flows import CORPUS, FLOW, needs_corpus
from tests.afm.mutations import Expected, harmless, mutations

EXAMPLES = Path(afm.__file__).parents[1] / "sandbox" / "examples"
FLOWS = [path.read_bytes() for path in sorted(EXAMPLES.glob("*.afm"))] + [FLOW]
CORPUS_FLOWS = sorted((CORPUS / "flows").glob("*.afm")) if (CORPUS / "flows").is_dir() else []


def said(found: afm.Comparison) -> Expected:
    return Expected(
        added=found.added,
        removed=found.removed,
        renamed=found.renamed,
        changed=[(difference.where, difference.old, difference.new) for difference in found.changed],
        links_added=[(link.source, link.target) for link in found.links_added],
        links_removed=[(link.source, link.target) for link in found.links_removed],
        variables=[(difference.what, difference.old, difference.new) for difference in found.variables],
    )


def wrong(content: bytes, seed: int, count: int) -> list[str]:
    """The mutations of a file that are not named exactly."""
    found = []
    for mutation in mutations(content, seed, count):
        difference = afm.compare(content, mutation.content)
        if said(difference) != mutation.expected or difference.data_sources or not difference:
            found.append(f"{mutation.kind}: expected {mutation.expected}, said {difference}")
    return found


def test_two_hundred_mutations_of_the_examples_are_named_exactly() -> None:
    assert sum(len(list(mutations(content, 1, 80))) for content in FLOWS) >= 200
    assert [line for seed, content in enumerate(FLOWS) for line in wrong(content, seed, 80)] == []


@needs_corpus
@pytest.mark.parametrize("path", CORPUS_FLOWS, ids=lambda path: path.stem)
def test_mutations_of_real_workflows_are_named_exactly(path: Path) -> None:
    assert wrong(path.read_bytes(), 7, 13) == []


@pytest.mark.parametrize("content", FLOWS)
def test_a_moved_box_or_a_file_saved_anew_is_no_difference(content: bytes) -> None:
    for other in harmless(content, 3, 20):
        assert str(afm.compare(content, other)) == "no difference"


@needs_corpus
@pytest.mark.parametrize("path", CORPUS_FLOWS, ids=lambda path: path.stem)
def test_a_real_workflow_saved_anew_is_no_difference(path: Path) -> None:
    content = path.read_bytes()
    for other in harmless(content, 5, 2):
        assert str(afm.compare(content, other)) == "no difference"


def flow_with(expression: str, package: str = "field") -> bytes:
    root = ElementTree.Element("Process")
    operator = ElementTree.SubElement(root, "Operator", {"name": "a", "type": f"x.{package}.VariableOperator"})
    model = ElementTree.SubElement(operator, "DerivedFieldsModel")
    ElementTree.SubElement(model, "DerivedFieldItem", {"columnName": "c", "expression": expression})
    return ElementTree.tostring(root)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("case when a>1 then 'x y' end", "CASE  WHEN a > 1\nTHEN 'x y' END"),
        ("Sum(amount)", "SUM(Amount)"),
        ("a<-1", "a < -1"),
        ("a -- remark\n+ 1", "a + 1"),
        ("a /* remark */ + 1e5", "a + 1E5"),
    ],
)
def test_white_space_and_case_of_keywords_are_no_difference_in_sql(old: str, new: str) -> None:
    assert not afm.compare(flow_with(old), flow_with(new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("'x y'", "'x  y'"),
        ("'Rain'", "'rain'"),
        ('"Amount"', '"amount"'),
        ("a < = 1", "a <= 1"),
        ("'it''s  a'", "'it''s a'"),
        ("'a\\' || 'B  c'", "'a\\' || 'b  c'"),
        ("$$ A $$", "$$ a $$"),
        ("E'\\' A'", "E'\\' a'"),
        ("@min_a", "@MIN_a"),
        ("ab", "a b"),
        ("1.5", "15"),
    ],
)
def test_what_means_something_else_is_a_difference_in_sql(old: str, new: str) -> None:
    assert [(found.old, found.new) for found in afm.compare(flow_with(old), flow_with(new)).changed] == [(old, new)]


def test_names_keep_their_case_in_pig_and_keywords_do_not() -> None:
    def compare(old: str, new: str) -> afm.Comparison:
        return afm.compare(flow_with(old, "hadoop"), flow_with(new, "hadoop"))

    assert not compare("a is null or b matches 'x'", "a IS NULL  OR b MATCHES 'x'")
    assert compare("a == 1", "A == 1")
    assert compare("size(a)", "SIZE(a)")
    assert compare("'it\\'s  a'", "'it\\'s a'")


def test_ids_that_each_file_counts_anew_do_not_make_two_operators_one() -> None:
    old = b'<Process><Operator name="a" uuid="OP1" type="t.A"><Parameter key="k" value="1"/></Operator></Process>'
    new = b'<Process><Operator name="b" uuid="OP1" type="t.A"><Parameter key="q" value="2"/></Operator></Process>'
    found = afm.compare(old, new)
    assert (found.added, found.removed, found.renamed) == (["b"], ["a"], {})


def test_ids_of_inputs_that_changed_with_a_copy_are_no_difference() -> None:
    def flow(first: str, second: str) -> bytes:
        return (
            f'<Process><Operator name="a" uuid="{first}" type="t.A"/><Operator name="u" uuid="{second}" type="t.U">'
            f'<M><S operID="{first}" column="c"/></M></Operator></Process>'
        ).encode()

    assert not afm.compare(flow("1483688389969", "1483688389970"), flow("1583688389969", "1583688389970"))


def test_the_order_of_columns_is_a_difference() -> None:
    def flow(*columns: str) -> bytes:
        items = "".join(f'<groupBy columnName="{name}"/>' for name in columns)
        return f'<Process><Operator name="a" type="t.A"><M>{items}</M></Operator></Process>'.encode()

    found = afm.compare(flow("x", "y", "z"), flow("y", "x", "z"))
    assert [str(difference) for difference in found.changed] == ["order of M/groupBy: 'x, y, z' -> 'y, x, z'"]


def test_secrets_are_in_no_comparison() -> None:
    other = FLOW.replace(b"aHVudGVyMg==", b"bmV3").replace(b"hunter2", b"new")
    found = afm.compare(FLOW, other)
    assert not found
    assert "bmV3" not in found.to_json() + str(found) + found.to_svg()


def test_it_is_text_json_and_a_drawing() -> None:
    old = afm.read(EXAMPLES / "order_filter.afm")
    new = old.set("Row Filter", "RowFilterConditionModel/RowFilterConditionItem.firstValue", "@most")
    found = afm.compare(old, new)
    assert str(found) == (
        "~ 'Row Filter' RowFilterConditionModel/RowFilterConditionItem.firstValue: '@min_amount' -> '@most'"
    )
    assert json.loads(found.to_json())["changed"] == [
        {
            "where": "Row Filter",
            "what": "RowFilterConditionModel/RowFilterConditionItem.firstValue",
            "old": "@min_amount",
            "new": "@most",
        }
    ]
    picture = ElementTree.fromstring(found.to_svg())
    marks = Counter(group.get("class") for group in picture.iter("{http://www.w3.org/2000/svg}g"))
    assert marks == {None: 3, "changed": 1}
