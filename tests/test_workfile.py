"""Workfiles are listed, read, uploaded, downloaded and deleted as the facts say."""

from __future__ import annotations

import email
import email.policy
import inspect
import logging
from pathlib import Path
from typing import Any

import pytest
import requests

import alpine
from alpine import APIClient, Workfile
from alpine.exception import (
    DataSourceNotFoundException,
    DataSourceTypeNotFoundException,
    ForbiddenException,
    InvalidArgumentException,
    LocalFileException,
    OutcomeUnknownException,
    ServerErrorException,
    ValidationException,
    WorkfileNotFoundException,
    WorkflowFileException,
    WorkspaceNotFoundException,
)
from tests.scripted import Asked, FakeTime, Reply, ScriptedServer

NOT_FOUND = Reply({"errors": {"record": "NOT_FOUND"}}, 404)
WORKFLOW = {"id": 375, "file_name": "test", "file_type": "work_flow", "entity_type": "workfile", "is_deleted": None}
AFM = b'<?xml version="1.0"?><Process Description="" UserName="1" Version="6.3.0.0"><VariableModel/></Process>'
GREENPLUM = {"data_source_type": "gpdb_data_source", "data_source_id": 1, "database_id": 42}


@pytest.fixture
def afm_file(tmp_path: Path) -> Path:
    path = tmp_path / "test.afm"
    path.write_bytes(AFM)
    return path


def parts_of(asked: Asked) -> list[tuple[str, str | None, bytes]]:
    head = f"Content-Type: {asked.headers['Content-Type']}\r\n\r\n".encode()
    message: Any = email.message_from_bytes(head + asked.body, policy=email.policy.HTTP)
    return [
        (part.get_param("name", header="content-disposition"), part.get_filename(), part.get_payload(decode=True))
        for part in message.iter_parts()
    ]


def test_get_returns_the_workfile_itself(server: ScriptedServer, session: APIClient) -> None:
    server.on("GET", "/api/workfiles/375", Reply({"response": WORKFLOW}))
    assert session.workfile.get(workfile_id="375") == WORKFLOW
    assert session.workfile.get(workflow_id=375) == WORKFLOW
    assert server.asked[0].query == {"session_id": [session.token]}
    with pytest.raises(InvalidArgumentException, match="not both"):
        session.workfile.get(workfile_id=1, workflow_id=1)  # type: ignore[call-arg]


def test_delete_returns_none(server: ScriptedServer, session: APIClient) -> None:
    server.on("DELETE", "/api/workfiles/375", Reply("{}"), Reply(" "), Reply(b""))
    for _ in range(3):
        assert session.workfile.delete(workflow_id=375) is None  # type: ignore[call-arg]


def test_a_delete_whose_answer_was_lost_counts_as_done(
    server: ScriptedServer, session: APIClient, fake_time: FakeTime
) -> None:
    server.on("DELETE", "/api/workfiles/375", Reply(fault="close"), NOT_FOUND)
    assert session.workfile.delete(375) is None


@pytest.mark.parametrize("call", ["get", "delete", "download"])
def test_an_unknown_workfile_raises(server: ScriptedServer, session: APIClient, call: str) -> None:
    with pytest.raises(WorkfileNotFoundException, match="9") as caught:
        getattr(session.workfile, call)(9)
    assert caught.value.status_code == 404
    assert isinstance(caught.value, LookupError)


def test_a_forbidden_delete_is_not_taken_for_done(server: ScriptedServer, session: APIClient) -> None:
    server.on("DELETE", "/api/workfiles/375", Reply({"errors": {"model_data": {}}}, 403))
    with pytest.raises(ForbiddenException):
        session.workfile.delete(375)


@pytest.mark.parametrize("bad", [None, 1.5, True, [1]])
def test_an_id_that_is_none_is_refused_before_sending(server: ScriptedServer, session: APIClient, bad: Any) -> None:
    with pytest.raises(InvalidArgumentException):
        session.workfile.get(bad)
    assert server.asked == []


def test_get_list_reads_all_pages(server: ScriptedServer, session: APIClient) -> None:
    def page(asked: Asked) -> Reply:
        number, size = int(asked.query["page"][0]), int(asked.query["per_page"][0])
        rows = [{"id": n, "entity_type": "workfile"} for n in range(7)][(number - 1) * size : number * size]
        pages = -(-7 // size)
        return Reply({"response": rows, "pagination": {"page": number, "per_page": size, "records": 7, "total": pages}})

    server.on("GET", "/api/workspaces/12/workfiles", page)
    for per_page in (1, 2, 3, 7, 100):
        rows = session.workfile.get_list(workspace_id=12, per_page=per_page)
        assert [row["id"] for row in rows] == list(range(7))


def test_get_id_finds_the_name_with_or_without_afm(server: ScriptedServer, session: APIClient) -> None:
    server.on("GET", "/api/workspaces/12/workfiles", Reply({"response": [WORKFLOW]}))
    assert session.workfile.get_id(workfile_name="test", workspace_id=12) == 375
    assert session.workfile.get_id("test.afm", "12") == 375
    with pytest.raises(WorkfileNotFoundException, match="Did you mean 'test'"):
        session.workfile.get_id("tset", 12)


def test_a_workspace_may_be_given_by_name(server: ScriptedServer, session: APIClient) -> None:
    server.on(
        "GET", "/api/workspaces", Reply({"response": [{"id": 12, "name": "APITests", "entity_type": "workspace"}]})
    )
    server.on("GET", "/api/workspaces/12/workfiles", Reply({"response": [WORKFLOW]}))
    assert session.workfile.get_id(workfile_name="test", workspace_id="APITests") == 375
    with pytest.raises(WorkspaceNotFoundException, match="Did you mean 'APITests'"):
        session.workfile.get_list("apitest")


def test_an_unknown_workspace_raises(server: ScriptedServer, session: APIClient, afm_file: Path) -> None:
    for call in (
        lambda: session.workfile.get_list(5),
        lambda: session.workfile.get_id("x", 5),
        lambda: session.workfile.upload(5, str(afm_file), [GREENPLUM]),
    ):
        with pytest.raises(WorkspaceNotFoundException):
            call()


def test_upload_sends_exactly_what_the_server_reads(server: ScriptedServer, session: APIClient, afm_file: Path) -> None:
    server.on("POST", "/api/workspaces/12/workfiles", Reply({"response": WORKFLOW}, 201))
    kinds = session.datasource.dsType
    sources = [
        {"data_source_type": kinds.HadoopCluster, "data_source_id": "1", "database_id": ""},
        {"data_source_type": kinds.JDBCDataSource, "data_source_id": "421", "database_id": ""},
        {"data_source_type": kinds.GreenplumDatabase, "data_source_id": "1", "database_id": "42"},
        {"data_source_type": kinds.HAWQ, "data_source_id": 2, "database_id": 43},
        {"data_source_type": kinds.PostgreSQLDatabase, "data_source_id": 3, "database_id": 44},
        {"data_source_type": kinds.OracleDatabase, "data_source_id": 4},
        {"data_source_type": kinds.JDBCHiveDataSource, "data_source_id": 5},
        {"data_source_type": kinds.HadoopHive, "data_source_id": 6},
    ]
    assert session.workfile.upload(12, str(afm_file), sources) == WORKFLOW
    parts = parts_of(server.asked[-1])
    assert parts[0] == ("workfile[entity_subtype]", None, b"alpine")
    expected = [
        ("hdfs_data_source", b"1"),
        ("jdbc_data_source", b"421"),
        ("gpdb_database", b"42"),
        ("gpdb_database", b"43"),
        ("pg_database", b"44"),
        ("oracle_data_source", b"4"),
        ("jdbc_hive_data_source", b"5"),
        ("hdfs_data_source", b"6"),
    ]
    for position, (kind, number) in enumerate(expected):
        prefix = f"workfile[execution_locations][{position}]"
        assert parts[1 + 2 * position] == (f"{prefix}[entity_type]", None, kind.encode())
        assert parts[2 + 2 * position] == (f"{prefix}[id]", None, number)
    assert parts[-1] == ("workfile[versions_attributes][0][contents]", "test.afm", AFM)
    assert len(parts) == 2 + 2 * len(expected)


def test_upload_takes_a_path_object(server: ScriptedServer, session: APIClient, afm_file: Path) -> None:
    server.on("POST", "/api/workspaces/12/workfiles", Reply({"response": WORKFLOW}, 201))
    assert session.workfile.upload(12, afm_file, [GREENPLUM])["id"] == 375


def test_a_name_that_the_server_changed_is_logged(
    server: ScriptedServer, session: APIClient, afm_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server.on("POST", "/api/workspaces/12/workfiles", Reply({"response": {**WORKFLOW, "file_name": "test_1"}}, 201))
    with caplog.at_level(logging.WARNING, "alpine"):
        session.workfile.upload(12, afm_file, [GREENPLUM])
    assert "test_1" in caplog.text


@pytest.mark.parametrize(
    ("sources", "exception", "words"),
    [
        ([], InvalidArgumentException, "list of one or more"),
        (None, InvalidArgumentException, "list of one or more"),
        ("gpdb", InvalidArgumentException, "list of one or more"),
        (["x"], InvalidArgumentException, r"data_sources_list\[0\]"),
        ([{}], InvalidArgumentException, r"data_sources_list\[0\]"),
        ([GREENPLUM, {**GREENPLUM, "database_id": ""}], InvalidArgumentException, r"\[1\].*needs a database_id"),
        ([{"data_source_type": "hdfs_data_source", "database_id": 1}], InvalidArgumentException, "data_source_id"),
        ([{**GREENPLUM, "database_id": "sandbox"}], DataSourceNotFoundException, "sandbox"),
        ([{**GREENPLUM, "data_source_type": "mysql"}], DataSourceTypeNotFoundException, "mysql"),
    ],
)
def test_a_wrong_list_of_data_sources_is_refused_before_sending(
    server: ScriptedServer, session: APIClient, afm_file: Path, sources: Any, exception: type[Exception], words: str
) -> None:
    with pytest.raises(exception, match=words):
        session.workfile.upload(12, afm_file, sources)
    assert server.asked == []


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"<html></html>", b"<Process>", b"<!DOCTYPE x><Process/>"])
def test_a_file_that_is_no_workflow_is_refused_before_sending(
    server: ScriptedServer, session: APIClient, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "x.afm"
    path.write_bytes(content)
    with pytest.raises(WorkflowFileException, match="x"):
        session.workfile.upload(12, path, [GREENPLUM])
    assert server.asked == []


@pytest.mark.parametrize("path", ["/no/such/file.afm", "/", "", None, 3])
def test_a_file_that_is_not_there_is_refused_before_sending(
    server: ScriptedServer, session: APIClient, path: Any
) -> None:
    with pytest.raises((LocalFileException, InvalidArgumentException)):
        session.workfile.upload(12, path, [GREENPLUM])
    assert server.asked == []


def test_an_upload_that_the_server_refuses_says_why(server: ScriptedServer, session: APIClient, afm_file: Path) -> None:
    fields = {"base": {"ALPINE_CONNECTION_ERROR": {}}, "workspace": {"ARCHIVED": None}}
    server.on("POST", "/api/workspaces/12/workfiles", Reply({"errors": {"fields": fields}}, 422))
    with pytest.raises(ValidationException, match="ALPINE_CONNECTION_ERROR") as caught:
        session.workfile.upload(12, afm_file, [GREENPLUM])
    assert caught.value.fields == fields


def test_an_upload_whose_answer_was_lost_is_not_repeated(
    server: ScriptedServer, session: APIClient, afm_file: Path
) -> None:
    server.on("POST", "/api/workspaces/12/workfiles", Reply(fault="close"))
    with pytest.raises(OutcomeUnknownException, match="get_list"):
        session.workfile.upload(12, afm_file, [GREENPLUM])
    assert server.count("POST") == 1


def test_download_returns_bytes(server: ScriptedServer, session: APIClient) -> None:
    server.on("GET", "/api/workfiles/1351/download", Reply(b"a,b\n1,2\n", headers={"Content-Type": "text/csv"}))
    assert session.workfile.download(workfile_id=1351) == b"a,b\n1,2\n"


def test_download_writes_a_file(server: ScriptedServer, session: APIClient, tmp_path: Path) -> None:
    server.on("GET", "/api/workfiles/1351/download", Reply(b"new"))
    target = tmp_path / "x.csv"
    target.write_bytes(b"old")
    assert session.workfile.download(1351, path=target) == target
    assert target.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ('attachment; filename="data.csv"', "data.csv"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename="..\\\\..\\\\evil.exe"', "evil.exe"),
        ('attachment; filename="..."', "workfile_1351"),
        ('attachment; filename=""', "workfile_1351"),
        ("attachment; filename*=UTF-8''caf%C3%A9.csv", "café.csv"),
        ("nonsense", "workfile_1351"),
    ],
)
def test_download_into_a_directory_takes_a_safe_name(
    server: ScriptedServer, session: APIClient, tmp_path: Path, sent: str, name: str
) -> None:
    server.on("GET", "/api/workfiles/1351/download", Reply(b"1", headers={"Content-Disposition": sent}))
    assert session.workfile.download(1351, path=tmp_path) == tmp_path / name
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_download_that_breaks_off_leaves_the_old_file(
    server: ScriptedServer, session: APIClient, tmp_path: Path, fake_time: FakeTime
) -> None:
    target = tmp_path / "x.csv"
    target.write_bytes(b"old")
    server.on("GET", "/api/workfiles/1351/download", Reply(b"0123456789" * 100, fault="truncate"))
    with pytest.raises(alpine.ServerConnectionException, match="cut off"):
        session.workfile.download(1351, path=target)
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]
    server.on("GET", "/api/workfiles/1351/download", Reply(b"0123456789", fault="truncate"), Reply(b"0123456789"))
    session.workfile.download(1351, path=target)
    assert target.read_bytes() == b"0123456789"


def test_a_download_to_nowhere_is_refused_before_sending(server: ScriptedServer, session: APIClient) -> None:
    with pytest.raises(LocalFileException, match="no directory"):
        session.workfile.download(1351, path="/no/such/directory/x.csv")
    assert server.asked == []


def test_a_workflow_is_not_downloaded(server: ScriptedServer, session: APIClient) -> None:
    server.on("GET", "/api/workfiles/375/download", Reply("<html>We're sorry</html>", 500))
    server.on("GET", "/api/workfiles/375", Reply({"response": WORKFLOW}))
    with pytest.raises(WorkfileNotFoundException, match="is a workflow"):
        session.workfile.download(375)
    server.on("GET", "/api/workfiles/375", Reply({"response": {**WORKFLOW, "file_type": "text"}}))
    with pytest.raises(ServerErrorException):
        session.workfile.download(375)


def test_a_workfile_made_by_hand_uses_a_plain_session_and_never_writes_to_it(server: ScriptedServer) -> None:
    server.on("GET", "/api/workfiles/5", Reply({"response": {"id": 5}}, headers={"Set-Cookie": "tracking=1"}))
    plain = requests.Session()
    plain.headers["X-Own"] = "yes"
    seen: list[int] = []
    plain.hooks["response"].append(lambda response, **_: seen.append(response.status_code))
    before = (dict(plain.headers), dict(plain.cookies), dict(plain.adapters), dict(plain.__dict__))
    workfile = Workfile(server.base_url, plain, "a-token-of-its-own")
    assert workfile.get(5) == {"id": 5}
    assert server.asked[-1].headers["X-Own"] == "yes"
    assert server.asked[-1].query == {"session_id": ["a-token-of-its-own"]}
    assert seen == [200]
    assert before == (dict(plain.headers), dict(plain.cookies), dict(plain.adapters), dict(plain.__dict__))
    server.on("POST", "/alpinedatalabs/.*", Reply({"meta": {"processId": "p"}}))
    assert workfile.process.run(5) == "p"
    assert Workfile.Process(server.base_url, plain, "other-token").run(5) == "p"
    assert server.asked[-1].headers["x-token"] == "other-token"
    plain.close()


def test_a_workfile_made_by_hand_from_a_client_shares_its_login(server: ScriptedServer, session: APIClient) -> None:
    server.on("GET", "/api/workfiles/5", Reply({"response": {"id": 5}}))
    workfile = Workfile(session.base_url, session.session, session.token)
    session.token = "a-new-token-0001"
    workfile.get(5)
    assert server.asked[-1].query == {"session_id": ["a-new-token-0001"]}


def test_the_signatures_are_those_of_the_reference() -> None:
    def names(function: Any) -> dict[str, Any]:
        parameters = inspect.signature(function).parameters
        return {name: p.default for name, p in parameters.items() if name != "self" and p.kind != p.KEYWORD_ONLY}

    empty = inspect.Parameter.empty
    process = Workfile.Process
    assert names(Workfile) == names(process) == {"base_url": empty, "session": empty, "token": empty}
    assert names(Workfile.get_list) == {"workspace_id": empty, "per_page": 100}
    assert names(Workfile.get) == names(Workfile.delete) == names(Workfile.download) == {"workfile_id": empty}
    assert names(Workfile.get_id) == {"workfile_name": empty, "workspace_id": empty}
    assert names(Workfile.upload) == {"workspace_id": empty, "afm_file": empty, "data_sources_list": empty}
    assert names(process.run) == {"workflow_id": empty, "variables": None}
    assert names(process.query_status) == names(process.stop) == {"process_id": empty}
    assert names(process.download_results) == {"workflow_id": empty, "process_id": empty}
    assert names(process.find_operator) == {"operator_name": empty, "flow_results": empty}
    assert names(process.get_metadata) == {"flow_results": empty}
    assert names(process.wait_until_finished) == {
        "workflow_id": empty,
        "process_id": empty,
        "verbose": False,
        "query_time": 10,
        "timeout": 3600,
    }


@pytest.mark.parametrize(
    ("name", "file_type"),
    [("a.ipynb", "text"), ("a.sql", "sql"), ("a.csv", "text"), ("a.py", "code"), ("a.bin", "other")],
)
def test_any_file_can_be_uploaded_and_comes_back(client: APIClient, tmp_path: Path, name: str, file_type: str) -> None:
    content = b"\x00\xff\x01" if file_type == "other" else b"select 1;\r\n"
    (tmp_path / name).write_bytes(content)
    made = client.workfile.upload_file("Sandbox", tmp_path / name, "for a test")
    assert (made["file_name"], made["file_type"], made["description"]) == (name, file_type, "for a test")
    assert client.workfile.download(made["id"]) == content


def test_a_taken_name_is_numbered_refused_or_replaced(
    client: APIClient, note: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = client.workfile.upload_file(1, note)
    second = client.workfile.upload_file(1, note)
    assert second["file_name"] == "note_1.txt"
    assert "'note.txt' is on the server as 'note_1.txt'" in caplog.text
    with pytest.raises(ValidationException, match="file_name: TAKEN"):
        client.workfile.upload_file(1, note, if_exists="error")
    note.write_text("replaced")
    third = client.workfile.upload_file(1, note, if_exists="replace")
    assert (third["file_name"], client.workfile.download(third["id"])) == ("note.txt", b"replaced")
    with pytest.raises(WorkfileNotFoundException):
        client.workfile.get(first["id"])


def test_an_upload_tells_a_missing_database_from_a_missing_workspace(client: APIClient, afm_file: Path) -> None:
    entry = client.datasource.for_upload("Sandbox Database")
    with pytest.raises(DataSourceNotFoundException, match="not every data source or database"):
        client.workfile.upload(1, afm_file, [{**entry, "database_id": 99}])
    with pytest.raises(WorkspaceNotFoundException):
        client.workfile.upload(99, afm_file, [entry])


def test_an_archived_workspace_takes_no_files(client: APIClient, afm_file: Path, note: Path) -> None:
    client.workspace.update(1, is_active=False)
    with pytest.raises(ValidationException, match="workspace: ARCHIVED"):
        client.workfile.upload(1, afm_file, [client.datasource.for_upload("Sandbox Database")])
    with pytest.raises(ForbiddenException):
        client.workfile.upload_file(1, note)


def test_a_file_above_the_limit_is_refused_by_field(client: APIClient, sandbox: Any, note: Path) -> None:
    sandbox.settings.workfile_limit_mb = 0.000001
    with pytest.raises(ValidationException, match="contents_file_size: LESS_THAN"):
        client.workfile.upload_file(1, note)


def test_name_and_description_are_changed_apart(client: APIClient, note: Path) -> None:
    number = client.workfile.upload_file(1, note, "old")["id"]
    assert client.workfile.update(number, name="new.txt")["description"] == "old"
    changed = client.workfile.update(number, description="")
    assert (changed["file_name"], changed["description"]) == ("new.txt", "")
    assert client.workfile.update(number)["id"] == number
    with pytest.raises(ValidationException, match="file_name: INVALID"):
        client.workfile.update(number, name="a/b")
    with pytest.raises(InvalidArgumentException, match="name must be"):
        client.workfile.update(number, name="")


def test_a_copy_is_numbered_named_or_goes_elsewhere(client: APIClient) -> None:
    flow = client.workfile.get_id("order_filter", "Sandbox")
    client.workspace.create("Other")
    assert client.workfile.copy(flow)["file_name"] == "order_filter_1"
    assert client.workfile.copy(flow, name="mine")["file_name"] == "mine"
    assert client.workfile.copy(flow, "Other")["workspace"]["name"] == "Other"
    with pytest.raises(ValidationException, match="TAKEN"):
        client.workfile.copy(flow, name="mine")
    with pytest.raises(WorkspaceNotFoundException, match="no workspace 99"):
        client.workfile.copy(flow, 99)
    with pytest.raises(WorkfileNotFoundException):
        client.workfile.copy(9999, "Other")


def test_several_files_are_deleted_at_once_or_none(client: APIClient, note: Path) -> None:
    numbers = [client.workfile.upload_file(1, note)["id"] for _ in range(3)]
    with pytest.raises(WorkfileNotFoundException, match="not all of these workfiles"):
        client.workfile.delete_many(1, [numbers[0], 9999])
    with pytest.raises(WorkspaceNotFoundException):
        client.workfile.delete_many(99, numbers)
    assert client.workfile.delete_many("Sandbox", (number for number in numbers)) is None
    assert client.workfile.delete_many(1, []) is None
    assert client.workfile.get_list(1, name_pattern="note") == []


@pytest.mark.parametrize("wrong", ["12", 12, None, b"1"])
def test_what_is_no_list_of_ids_deletes_nothing(server: ScriptedServer, session: APIClient, wrong: Any) -> None:
    with pytest.raises(InvalidArgumentException, match="workfile_ids must be a list"):
        session.workfile.delete_many(1, wrong)
    assert server.asked == []


def test_a_stranger_changes_nothing(client: APIClient, ada: APIClient, note: Path) -> None:
    number = client.workfile.upload_file(1, note)["id"]
    for call in (
        lambda: ada.workfile.delete(number),
        lambda: ada.workfile.update(number, name="mine.txt"),
        lambda: ada.workfile.upload_file(1, note),
        lambda: ada.workfile.delete_many(1, [number]),
    ):
        with pytest.raises(ForbiddenException, match=r"403.*Ask an administrator"):
            call()
    assert ada.workfile.download(number) == b"first"


def test_a_file_of_exactly_that_name_comes_before_a_workflow_without_its_ending(
    server: ScriptedServer, session: APIClient
) -> None:
    file = {**WORKFLOW, "id": 9, "file_name": "test.afm", "file_type": "xml"}
    server.on("GET", "/api/workspaces/12/workfiles", Reply({"response": [WORKFLOW, file]}))
    assert session.workfile.get_id("test.afm", 12) == 9
    assert session.workfile.get_id("test", 12) == 375


def test_a_replacement_that_breaks_off_says_where_both_files_are(
    server: ScriptedServer, session: APIClient, afm_file: Path
) -> None:
    server.on("GET", "/api/workspaces/12/workfiles", Reply({"response": [WORKFLOW]}))
    server.on("POST", "/api/workspaces/12/workfiles", Reply({"response": {**WORKFLOW, "id": 400}}, 201))
    server.on(
        "DELETE", "/api/workfiles/375", Reply({"errors": {"fields": {"workfile": {"WORKLET_ASSOCIATED": {}}}}}, 422)
    )
    with pytest.raises(ValidationException) as caught:
        session.workfile.upload(12, afm_file, [GREENPLUM], if_exists="replace")
    assert "400" in caught.value.__notes__[0]
