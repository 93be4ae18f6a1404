"""Workflow variables in the text of a flow."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest

from alpine.afm import Operator
from alpine.sandbox.engine.substitution import Substitution, values_of_run


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@min", "5"),
        ("@min_age", "20"),
        ("@min_ages", "20s"),
        ("alp@user_id_@flow_id_rowfil_0", "alp7_375_rowfil_0"),
        ("'@min'", "'5'"),
        ("jhs/_HOST@REALM.TLD", "jhs/_HOST@REALM.TLD"),
        ("@Min @", "@Min @"),
        ("@loop", "@min"),
    ],
)
def test_known_names_are_replaced_the_longest_first_and_once(text: str, expected: str):
    values = {"@min": "5", "@min_age": "20", "@user_id": "7", "@flow_id": "375", "@loop": "@min", "": "nothing"}
    assert Substitution(values).text(text) == expected


def test_nothing_is_replaced_where_there_are_no_variables():
    assert Substitution({}).text("@min") == "@min"


def test_all_values_of_an_operator_are_replaced_and_the_original_stays():
    model = Element("Model", {"value": "@min"})
    model.text = "more than @min"
    operator = Operator(
        "a @min", "t.T", "17", parameters={"@min": "@min", "out": "@operator_name_uuid"}, elements=[model]
    )
    fresh = Substitution({"@min": "5"}).operator(operator)
    assert fresh.parameters == {"@min": "5", "out": "a @min_17"}
    assert (fresh.elements[0].get("value"), fresh.elements[0].text) == ("5", "more than 5")
    assert (model.get("value"), model.text, fresh.name) == ("@min", "more than @min", "a @min")


def test_what_the_caller_gives_beats_the_server_and_the_server_beats_the_flow():
    values, undeclared = values_of_run(
        {"@a": "flow", "@b": "flow", "@flow_id": "@flow_id"},
        {"@b": "caller", "@new": "caller"},
        {"@flow_id": "375", "@user_id": "7"},
    )
    assert values == {"@a": "flow", "@b": "caller", "@flow_id": "375", "@user_id": "7", "@new": "caller"}
    assert undeclared == ["@new"]
