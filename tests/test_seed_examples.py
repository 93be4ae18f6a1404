"""Every example of the documentation that scripts were written by, word for word.

The server is one on which workflow 375, workfile 1351, workspace 1672 and database 42 exist. One example differs:
that of ``get_id`` asks ``session.workspace``, and means ``session.workfile``.
"""

from __future__ import annotations

import ast
import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import alpine
from alpine.exception import WorkfileNotFoundException
from alpine.sandbox import Sandbox
from alpine.sandbox.state.model import Database
from tests.inside import state_of

FLOW = Path(alpine.__file__).parent / "sandbox" / "examples" / "order_filter.afm"
WORKFLOW, TEXT_FILE, WORKSPACE, DATABASE = 375, 1351, 1672, 42
NOTES = b"notes\n"

EXAMPLES = {
    "download_results": """\
downloaded_flow_results = session.workfile.process.download_results(workflow_id = 375,
                                                                    process_id = process_id)
""",
    "find_operator": """\
operator_data = session.workfile.process.find_operator(operator_name = 'Row Filter',
                                                       flow_results = downloaded_flow_results)
""",
    "get_metadata": "session.workfile.process.get_metadata(flow_results = downloaded_flow_results)",
    "query_status": "session.workfile.process.query_status(process_id = process_id)",
    "run": """\
work_flow_variables = [{"name": "@row_filter", "value": "13"}]
process_id = session.workfile.process.run(workflow_id = 375, variables = work_flow_variables)
""",
    "stop": "session.workfile.process.stop(process_id = process_id)",
    "wait_until_finished": (
        "session.workfile.process.wait_until_finished(workflow_id = workflow_id, process_id = process_id)"
    ),
    "delete": "session.workfile.delete(workflow_id = 375)",
    "download": "operator_data = session.workfile.download(workfile_id = 1351)",
    "get": "session.workfile.get(workflow_id = 375)",
    "get_id": 'session.workfile.get_id(workfile_name = "WineData", workspace_id = "APITests")',
    "get_list": "session.workfile.get_list(workspace_id = 1672)",
    "upload": """\
base_dir = os.getcwd()
afm_path = "{0}/afm/test.afm".format(base_dir)
datasource_info = [{"data_source_type": session.datasource.dsType.GreenplumDatabase,
                    "data_source_id": 1,
                    "database_id": 42}]
workfile_info = session.workfile.upload(workspace_id, afm_path, datasource_info)
""",
}


def numbered(sandbox: Sandbox, **next_ids: int) -> None:
    """Let the next record of a kind have an id that the examples name."""
    for kind, number in next_ids.items():
        getattr(state_of(sandbox), kind)._ids = itertools.count(number)


@pytest.fixture
def names(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the examples name: ids on the server, a file, a session."""
    (tmp_path / "afm").mkdir()
    flow = tmp_path / "afm" / "test.afm"
    flow.write_bytes(FLOW.read_bytes().replace(b"@min_amount", b"@row_filter"))
    monkeypatch.chdir(tmp_path)
    session = sandbox.client()
    numbered(sandbox, workspaces=WORKSPACE, databases=DATABASE, workfiles=WORKFLOW)
    state_of(sandbox).databases.add(Database(name="second", data_source_id=1))
    workspace = session.workspace.create("APITests")
    wine = flow.with_name("WineData.afm")
    wine.write_bytes(flow.read_bytes())
    source = session.datasource.for_upload("Sandbox Database", "second")
    session.workfile.upload(workspace["id"], wine, [source])
    numbered(sandbox, workfiles=TEXT_FILE)
    note = tmp_path / "notes.txt"
    note.write_bytes(NOTES)
    session.workfile.upload_file(workspace["id"], note)
    return {"session": session, "os": os, "workspace_id": WORKSPACE, "workflow_id": WORKFLOW}


@pytest.fixture
def value_of(names: dict[str, Any]) -> Callable[[str], Any]:
    """Runs an example; gives the value of its last line, or what it assigned."""

    def run(name: str) -> Any:
        tree = ast.parse(EXAMPLES[name])
        last = tree.body[-1]
        if isinstance(last, ast.Expr):
            tree.body[-1] = ast.copy_location(ast.Assign([ast.Name("value", ast.Store())], last.value), last)
        ast.fix_missing_locations(tree)
        exec(compile(tree, name, "exec"), names)
        target = tree.body[-1].targets[0]  # type: ignore[attr-defined]
        return names[target.id]

    return run


def test_a_run_from_start_to_operator(names: dict[str, Any], value_of: Callable[[str], Any]) -> None:
    process_id = value_of("run")
    assert isinstance(process_id, str)
    assert value_of("query_status") in {"WORKING", "FINISHED"}
    assert value_of("wait_until_finished") == "SUCCESS"
    results = value_of("download_results")
    assert isinstance(results, dict)
    assert set(results) == {"flowMetaInfo", "logs", "outputs"}
    operator = value_of("find_operator")
    assert isinstance(operator, dict)
    assert operator["out_title"] == "Row Filter"
    metadata = value_of("get_metadata")
    assert isinstance(metadata, dict)
    assert metadata["status"] == "SUCCESS"


def test_the_example_of_stop(names: dict[str, Any]) -> None:
    with Sandbox(pace="step") as held:
        session = held.client()
        names |= {"session": session, "process_id": session.workfile.process.run(1)}
        assert eval(EXAMPLES["stop"], names) == "STOPPED"


def test_the_examples_that_read(value_of: Callable[[str], Any]) -> None:
    assert value_of("get")["file_name"] == "WineData"
    assert value_of("get_id") == WORKFLOW
    assert [workfile["id"] for workfile in value_of("get_list")] == [TEXT_FILE, WORKFLOW]
    assert value_of("download") == NOTES


def test_the_example_of_upload(value_of: Callable[[str], Any]) -> None:
    workfile = value_of("upload")
    assert isinstance(workfile, dict)
    assert workfile["file_name"] == "test"


def test_the_example_of_delete(names: dict[str, Any], value_of: Callable[[str], Any]) -> None:
    assert value_of("delete") is None
    with pytest.raises(WorkfileNotFoundException):
        value_of("get")
