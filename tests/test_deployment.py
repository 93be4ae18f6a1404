"""A folder of workflows on a server: what changed is sent, what others changed is not overwritten, nothing is lost."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from alpine import APIClient, Deployment, afm
from alpine.exception import (
    InvalidArgumentException,
    LocalFileException,
    ServerErrorException,
    WorkflowFileException,
    WorkspaceNotFoundException,
)
from alpine.sandbox import Sandbox

EXAMPLES = Path(__file__).parents[1] / "alpine" / "sandbox" / "examples"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "flows"
    folder.mkdir()
    for name in ("order_filter", "order_report"):
        (folder / f"{name}.afm").write_bytes((EXAMPLES / f"{name}.afm").read_bytes())
    (folder / "notes.txt").write_text("not a workflow")
    (folder / "._order_filter.afm").write_text("what macOS puts beside a file")
    (folder / "old").mkdir()
    (folder / "old" / "older.afm").write_text("not looked at")
    return folder


@pytest.fixture
def workspace(client: APIClient) -> int:
    return int(client.workspace.create("Production")["id"])


@pytest.fixture
def sources(client: APIClient) -> list[dict[str, Any]]:
    return [client.datasource.for_upload("Sandbox Database")]


def actions(plan: Deployment) -> list[tuple[str, str]]:
    return [(step.file or step.name, step.action) for step in plan.steps]


def posts(sandbox: Sandbox) -> int:
    return sum(method != "GET" for method, _, _ in sandbox.requests)


def test_what_is_new_is_sent_and_then_nothing(
    client: APIClient, sandbox: Sandbox, folder: Path, workspace: int, sources: list[dict[str, Any]]
) -> None:
    done = client.workfile.deploy(folder, "Production", sources)
    assert actions(done) == [("order_filter.afm", "upload"), ("order_report.afm", "upload")]
    names = {row["file_name"]: row["id"] for row in client.workfile.get_list(workspace)}
    assert {step.name: step.workfile_id for step in done.steps} == names
    sent = posts(sandbox)
    again = client.workfile.deploy(folder, workspace, sources)
    assert actions(again) == [("order_filter.afm", "unchanged"), ("order_report.afm", "unchanged")]
    assert posts(sandbox) == sent
    assert "Deployed to workspace" in str(again)
    assert "0 of 2 workflows change" in str(again)


def test_a_dry_run_sends_nothing_and_writes_nothing(
    client: APIClient, sandbox: Sandbox, folder: Path, workspace: int, sources: list[dict[str, Any]]
) -> None:
    sent = posts(sandbox)
    plan = client.workfile.deploy(folder, workspace, sources, dry_run=True)
    assert not plan.done and [step.file for step in plan.changes] == ["order_filter.afm", "order_report.afm"]
    assert posts(sandbox) == sent
    assert not plan.record.exists()
    assert str(plan).splitlines() == [
        f"Plan of a deployment to workspace {workspace}: 2 of 2 workflows change",
        "file              on the server  action  why",
        "order_filter.afm  order_filter   upload  it is new",
        "order_report.afm  order_report   upload  it is new",
    ]
    assert "<table" in plan._repr_html_()


def test_a_changed_file_is_replaced_under_its_name(
    client: APIClient, folder: Path, workspace: int, sources: list[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    first = client.workfile.deploy(folder, workspace, sources)
    path = folder / "order_filter.afm"
    afm.read(path).with_variables({"@min_amount": 250}).save(path)
    with caplog.at_level(logging.INFO, "alpine"):
        done = client.workfile.deploy(folder, workspace, sources)
    assert actions(done) == [("order_filter.afm", "replace"), ("order_report.afm", "unchanged")]
    assert "Plan of a deployment" in caplog.text and "the file has changed" in caplog.text
    changed = [line for line in done.diff("order_filter.afm").splitlines() if "@min_amount = " in line]
    assert changed == ["-variable @min_amount = 100", "+variable @min_amount = 250"]
    assert done.diff("order_report.afm") == ""
    [row] = [row for row in client.workfile.get_list(workspace) if row["file_name"] == "order_filter"]
    assert row["id"] == done.steps[0].workfile_id != first.steps[0].workfile_id
    run = client.workfile.process.run(row["id"])
    run.wait()
    assert run.results().operators["Row Filter"].row_count < 100
    with pytest.raises(InvalidArgumentException, match=r"no file 'x\.afm'"):
        done.diff("x.afm")


def test_other_data_sources_are_a_change(
    client: APIClient, sandbox: Sandbox, folder: Path, workspace: int, sources: list[dict[str, Any]]
) -> None:
    client.workfile.deploy(folder, workspace, sources)
    more = [*sources, client.datasource.for_upload("Sandbox Hadoop")]
    plan = client.workfile.deploy(folder, workspace, more, dry_run=True)
    assert {step.why for step in plan.changes} == {"the data sources are others"}


@pytest.mark.parametrize("is_edited", [False, True])
def test_what_was_changed_on_the_server_is_overwritten_only_when_told(
    client: APIClient, sandbox: Sandbox, folder: Path, workspace: int, sources: list[dict[str, Any]], is_edited: bool
) -> None:
    client.workfile.deploy(folder, workspace, sources)
    sandbox.advance(minutes=1)
    theirs = client.workfile.upload(workspace, folder / "order_report.afm", sources, if_exists="replace")
    if is_edited:
        path = folder / "order_report.afm"
        path.write_bytes(path.read_bytes().replace(b"'paid'", b"'open'"))
    sent = posts(sandbox)
    with pytest.raises(InvalidArgumentException, match="overwrite=True") as caught:
        client.workfile.deploy(folder, workspace, sources)
    assert "order_report.afm" in str(caught.value) and "it was changed on the server" in str(caught.value)
    assert posts(sandbox) == sent
    plan = client.workfile.deploy(folder, workspace, sources, dry_run=True)
    assert [step.file for step in plan.refused] == ["order_report.afm"]
    done = client.workfile.deploy(folder, workspace, sources, overwrite=True)
    assert actions(done) == [("order_filter.afm", "unchanged"), ("order_report.afm", "overwrite")]
    assert theirs["id"] not in {row["id"] for row in client.workfile.get_list(workspace)}


def test_a_change_of_the_workfile_itself_is_noticed(
    client: APIClient, sandbox: Sandbox, folder: Path, workspace: int, sources: list[dict[str, Any]]
) -> None:
    done = client.workfile.deploy(folder, workspace, sources)
    sandbox.advance(minutes=1)
    client.workfile.update(done.steps[0].workfile_id or 0, description="Mine now")
    plan = client.workfile.deploy(folder, workspace, sources, dry_run=True)
    assert actions(plan) == [("order_filter.afm", "refused"), ("order_report.afm", "unchanged")]


def test_what_was_not_deployed_from_the_folder_is_not_overwritten(
    client: APIClient, folder: Path, workspace: int, sources: list[dict[str, Any]]
) -> None:
    client.workfile.upload(workspace, folder / "order_filter.afm", sources)
    client.workfile.upload_file(workspace, folder / "notes.txt", name="order_report")
    plan = client.workfile.deploy(folder, workspace, sources, dry_run=True)
    assert [(step.action, step.why) for step in plan.steps] == [
        ("refused", "it is on the server, and was not deployed from this folder"),
        ("refused", "a file of that name is on the server, which is no workflow"),
    ]


def test_nothing_is_deleted_that_the_folder_does_not_have(
    client: APIClient, folder: Path, workspace: int, sources: list[dict[str, Any]]
) -> None:
    client.workfile.deploy(folder, workspace, sources)
    client.workfile.upload(workspace, folder / "order_filter.afm", sources, name="mine")
    (folder / "order_report.afm").unlink()
    done = client.workfile.deploy(folder, workspace, sources)
    assert [(step.name, step.action, step.why) for step in done.steps] == [
        ("order_filter", "unchanged", "it is as it was deployed"),
        ("mine", "only on the server", "the folder does not have it"),
        ("order_report", "only on the server", "it was deployed, and is no longer in the folder"),
    ]
    assert len(client.workfile.get_list(workspace)) == 3


def test_what_is_gone_from_the_server_is_sent_again(
    client: APIClient, folder: Path, workspace: int, sources: list[dict[str, Any]]
) -> None:
    done = client.workfile.deploy(folder, workspace, sources)
    client.workfile.delete(done.steps[0].workfile_id or 0)
    again = client.workfile.deploy(folder, workspace, sources)
    assert [(step.action, step.why) for step in again.changes] == [("upload", "it is no longer on the server")]


def test_what_was_sent_is_on_record_when_a_later_file_fails(
    client: APIClient, sandbox: Sandbox, folder: Path, workspace: int, sources: list[dict[str, Any]]
) -> None:
    (folder / "order_zone.afm").write_bytes((folder / "order_report.afm").read_bytes())
    client.workfile.upload(workspace, folder / "order_filter.afm", sources, name="other")
    sandbox.fault("html500", method="POST", path="/workfiles$", times=1, after=1)
    with pytest.raises(ServerErrorException) as caught:
        client.workfile.deploy(folder, workspace, sources)
    assert "order_filter.afm was sent before order_report.afm" in "".join(caught.value.__notes__)
    again = client.workfile.deploy(folder, workspace, sources)
    assert actions(again)[:3] == [
        ("order_filter.afm", "unchanged"),
        ("order_report.afm", "upload"),
        ("order_zone.afm", "upload"),
    ]


def test_each_server_and_workspace_has_a_record_of_its_own(
    client: APIClient, folder: Path, workspace: int, sources: list[dict[str, Any]]
) -> None:
    other = client.workspace.create("Staging")["id"]
    done = client.workfile.deploy(folder, workspace, sources)
    assert len(client.workfile.deploy(folder, other, sources).changes) == 2
    assert client.workfile.deploy(folder, workspace, sources).changes == []
    assert done.record == folder.parent / "flows.deployed.json"
    document = json.loads(done.record.read_text("utf-8"))
    assert list(document["servers"]) == [client.base_url]
    assert set(document["servers"][client.base_url]) == {str(workspace), str(other)}


def test_the_record_has_no_secrets(
    client: APIClient, folder: Path, workspace: int, sources: list[dict[str, Any]]
) -> None:
    path = folder / "order_filter.afm"
    secret = '<Parameter key="password" value="aHVudGVyMg=="/><Parameter key="useSSL"'
    path.write_text(path.read_text("utf-8").replace('<Parameter key="useSSL"', secret), "utf-8")
    text = path.read_text("utf-8").replace("5432/demo", "5432/demo?password=hunter2")
    path.write_text(text, "utf-8")
    done = client.workfile.deploy(folder, workspace, sources)
    record = done.record.read_text("utf-8")
    assert "aHVudGVyMg" not in record and "hunter2" not in record
    assert "operator Row Filter (FilterOperator)" in record


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"format": 2}', '{"format": 1, "servers": []}', '{"format": 1, "servers": {"x": {"1": [1]}}}'],
)
def test_another_file_in_the_place_of_the_record_is_refused(
    client: APIClient, sandbox: Sandbox, folder: Path, workspace: int, sources: list[dict[str, Any]], content: str
) -> None:
    record = folder.parent / "flows.deployed.json"
    record.write_text(content)
    sent = posts(sandbox)
    with pytest.raises(LocalFileException, match="is not the record of a deployment"):
        client.workfile.deploy(folder, workspace, sources)
    assert record.read_text() == content
    assert posts(sandbox) == sent


def test_what_cannot_be_deployed_is_told_before_anything_is_sent(
    client: APIClient, sandbox: Sandbox, folder: Path, workspace: int, sources: list[dict[str, Any]]
) -> None:
    sent = posts(sandbox)
    with pytest.raises(LocalFileException, match="there is no directory"):
        client.workfile.deploy(folder / "none", workspace, sources)
    with pytest.raises(LocalFileException, match="there is no directory"):
        client.workfile.deploy(folder / "notes.txt", workspace, sources)
    with pytest.raises(WorkspaceNotFoundException):
        client.workfile.deploy(folder, "Produktion", sources)
    (folder / "broken.afm").write_text("<Process>")
    with pytest.raises(WorkflowFileException, match=r"broken\.afm"):
        client.workfile.deploy(folder, workspace, sources)
    (folder / "broken.afm").unlink()
    (folder / "order_filter.afm.afm").write_bytes((folder / "order_filter.afm").read_bytes())
    with pytest.raises(InvalidArgumentException, match="would both be 'order_filter'"):
        client.workfile.deploy(folder, workspace, sources)
    assert posts(sandbox) == sent


def test_a_path_that_ends_in_a_separator_has_its_record_beside_the_folder(
    client: APIClient, folder: Path, workspace: int, sources: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    for name in (f"{folder}/", "."):
        assert client.workfile.deploy(name, workspace, sources, dry_run=True).record == (
            folder.parent / "flows.deployed.json"
        )
