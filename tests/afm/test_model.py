"""A workflow knows the order of its operators, and shows itself."""

from __future__ import annotations

import copy
import pickle

import pytest

from alpine import afm
from alpine.exception import WorkflowFileException
from tests.afm.flows import FLOW, flow_of


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
