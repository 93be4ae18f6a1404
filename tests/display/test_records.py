"""Records and lists stay plain, and show the few columns that people look for."""

from __future__ import annotations

import copy
import json
import pickle
import pprint
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from alpine._display.records import Record, RecordList

OWNER = {"id": 7, "username": "ada", "entity_type": "user"}
WORKSPACES = [
    {
        "id": number,
        "name": name,
        "entity_type": "workspace",
        "owner": OWNER,
        "public": number == 1,
        "archived": False,
        "tags": [],
        "image": {"icon": "x"},
        "permission": ["admin"],
    }
    for number, name in ((1, "Sandbox"), (2, "<b>Lab</b>"))
]


@pytest.mark.parametrize(("value", "plain"), [(Record(WORKSPACES[0]), dict), (RecordList(WORKSPACES), list)])
def test_records_are_copied_and_pickled_as_plain_ones(value: Any, plain: type) -> None:
    for same in (pickle.loads(pickle.dumps(value)), copy.copy(value), copy.deepcopy(value)):
        assert same == value
        assert type(same) is plain
    assert json.loads(json.dumps(value)) == value
    assert type(pickle.loads(pickle.dumps(RecordList(WORKSPACES)))[0]) is dict


def test_a_list_holds_records() -> None:
    records = RecordList(WORKSPACES)
    assert records == WORKSPACES
    assert isinstance(records[0], Record)
    assert records[0] is RecordList(records)[0]
    assert RecordList() == []


def test_ipython_shows_them_in_short() -> None:
    pretty = pytest.importorskip("IPython.lib.pretty").pretty
    assert pretty(Record(WORKSPACES[0])) == "<workspace id=1, name='Sandbox', owner='ada' …>"
    assert pretty(Record({"id": 3})) == "<record id=3>"
    assert pretty(RecordList(WORKSPACES)) == "<2 workspaces: 'Sandbox', '<b>Lab</b>'>"
    assert pretty(RecordList(WORKSPACES * 9)).endswith(", …>")
    assert pretty(RecordList([{"id": 3}])) == "<1 record: '3'>"
    assert pretty(RecordList()) == "<0 records>"
    assert pretty({"a": [Record({"id": 3})]}) == "{'a': [<record id=3>]}"


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (Record(WORKSPACES[0]), WORKSPACES[0]),
        (RecordList(WORKSPACES), WORKSPACES),
        (RecordList(), []),
        ({"all": [Record(WORKSPACES[0])]}, {"all": [WORKSPACES[0]]}),
    ],
)
def test_everything_that_prints_gives_the_plain_text(
    value: Any, plain: object, capsys: pytest.CaptureFixture[str]
) -> None:
    assert repr(value) == str(value) == f"{value}" == f"{value!r}" == repr(plain)
    assert pprint.pformat(value) == pprint.pformat(plain)
    assert pprint.pformat(value, width=40, depth=2) == pprint.pformat(plain, width=40, depth=2)
    print(value)
    assert capsys.readouterr().out == f"{plain}\n"
    assert json.dumps(value) == json.dumps(plain)


def test_a_record_of_a_kind_that_nobody_knows_is_shown_up_to_a_limit() -> None:
    html = Record({f"limit_{i}": i for i in range(40)})._repr_html_()
    assert "limit_24" in html
    assert "limit_25" not in html
    assert "15 more keys; print(…) shows the whole record" in html


def test_a_list_is_shown_as_a_table() -> None:
    html = RecordList(WORKSPACES)._repr_html_()
    assert "2 workspaces" in html
    for column in ("id", "name", "owner", "public", "archived"):
        assert f">{column}</th>" in html
    for hidden in ("permission", "image", "tags", "{"):
        assert f">{hidden}" not in html
    assert "<td>ada</td><td>yes</td><td>no</td>" in html
    assert "&lt;b&gt;Lab" in html
    assert "<b>Lab" not in html


def test_a_long_list_is_cut() -> None:
    html = RecordList({"id": i, "name": "x"} for i in range(1025))._repr_html_()
    assert html.count("<tr>") == 26
    assert "1,000 more; .to_dataframe() holds them all" in html


def test_a_record_is_shown_as_pairs() -> None:
    html = Record(WORKSPACES[1])._repr_html_()
    assert "<th>owner</th><td>ada</td>" in html
    assert "4 more keys" in html
    assert Record()._repr_html_()


@pytest.mark.parametrize(
    ("record", "shown"),
    [
        ({"entity_type": "gpdb_data_source", "id": 1, "port": 5432}, "1 data source"),
        ({"entity_type": "gpdb_database", "id": 1, "data_source": {"name": "db"}}, "<td>db</td>"),
        ({"id": 1, "interval_unit": "days", "name": "Nightly"}, "1 job"),
        ({"id": 1, "index": 1, "action": "run_work_flow"}, "1 task"),
        ({"entity_type": "user", "id": 1, "roles": ["admin"], "role": "Data Scientist"}, "Data Scientist"),
        ({"entity_type": "comet", "id": 1, "tail": {"a": 1}, "names": ["x", "y"]}, "<td>1 key</td><td>x, y</td>"),
    ],
)
def test_each_kind_has_its_columns(record: dict[str, Any], shown: str) -> None:
    assert shown in RecordList([record])._repr_html_()


def test_a_list_becomes_a_dataframe() -> None:
    frame = RecordList(WORKSPACES).to_dataframe()
    assert list(frame)[:3] == ["id", "name", "owner.id"]
    assert frame["owner.username"].tolist() == ["ada", "ada"]
    assert frame["id"].tolist() == [1, 2]
    assert len(RecordList().to_dataframe()) == 0


def test_without_pandas_the_extra_is_named() -> None:
    code = """
import sys
sys.modules["pandas"] = None
from alpine._display.records import RecordList
try:
    RecordList([{"id": 1}]).to_dataframe()
except ImportError as error:
    assert ".[notebook]" in str(error)
else:
    raise SystemExit("no error")
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
