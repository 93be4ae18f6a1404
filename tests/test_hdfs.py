"""Files of a Hadoop cluster are listed, read as far as the server goes, and uploaded whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from alpine import APIClient
from alpine.exception import (
    AlpineException,
    DatasetNotFoundException,
    DataSourceCredentialsException,
    DataSourceNotFoundException,
    FeatureNotFoundException,
    ForbiddenException,
    HadoopFileUnavailableException,
    InvalidArgumentException,
    NotFoundException,
    OutcomeUnknownException,
    RequestTimeoutException,
    UploadFailureException,
    ValidationException,
)
from alpine.sandbox import Sandbox
from tests.sandbox.engine_flows import element, flow, node
from tests.scripted import Asked, FakeTime, Reply, ScriptedServer

HADOOP = "Sandbox Hadoop"
FRAMEWORK = Reply({"status": "404", "error": "Not Found"}, 404)


def test_a_directory_is_listed_by_its_path(client: APIClient) -> None:
    assert [(row["name"], row["is_dir"], row["full_path"]) for row in client.hdfs.get_list(HADOOP)] == [
        ("data", True, "/data"),
        ("user", True, "/user"),
    ]
    [orders] = client.hdfs.get_list(1, "/data/")
    assert (orders["full_path"], orders["is_dir"], orders["path"]) == ("/data/orders.csv", False, "/data")
    assert client.hdfs.get_list("sandbox hadoop", "//user") == []
    assert client.hdfs.get(HADOOP, "/data/orders.csv") == orders
    assert (client.hdfs.get(HADOOP, "/")["full_path"], "entries" in client.hdfs.get(HADOOP, "/")) == ("/", False)


def test_at_most_the_first_200_lines_are_read(client: APIClient, tmp_path: Path) -> None:
    lines = client.hdfs.read_first_lines(HADOOP, "/data/orders.csv")
    assert (len(lines), lines[0].partition(",")[0]) == (200, "order_id")
    short = tmp_path / "short.txt"
    short.write_bytes("größe\r\n\r\nlast".encode())
    client.hdfs.upload(HADOOP, short, "/data")
    assert client.hdfs.read_first_lines(HADOOP, "/data/short.txt") == ["größe", "", "last"]
    assert client.hdfs.get_statistics(HADOOP, "/data/short.txt")["file_size"] == short.stat().st_size


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda hdfs: hdfs.get(HADOOP, "/data/order.csv"), "directory '/data/order.csv' in .* mean 'orders.csv'"),
        (lambda hdfs: hdfs.get(HADOOP, "/Data"), "directory '/Data' in .* mean 'data'"),
        (lambda hdfs: hdfs.get_list(HADOOP, "/x/y"), "directory '/x' in data source 'Sandbox Hadoop'"),
        (lambda hdfs: hdfs.get_list(HADOOP, "/data/orders.csv"), "no directory '/data/orders.csv'.*is a file"),
        (lambda hdfs: hdfs.read_first_lines(HADOOP, "/data"), "no file '/data'.*is a directory"),
        (lambda hdfs: hdfs.upload(HADOOP, __file__, "/x"), "directory '/x'"),
    ],
)
def test_what_is_not_there_is_told_by_its_path(client: APIClient, call: Any, message: str) -> None:
    with pytest.raises(NotFoundException, match=message) as caught:
        call(client.hdfs)
    assert type(caught.value) is NotFoundException


def test_a_data_source_that_is_not_there_and_one_that_is_disabled(client: APIClient) -> None:
    for source in (99, "Hadop", "Sandbox Database"):
        with pytest.raises(DataSourceNotFoundException):
            client.hdfs.get_list(source)
    client.request("PUT", "hdfs_data_sources/1", json={"hdfs_data_source": {"state": "disabled"}})
    with pytest.raises(ForbiddenException):
        client.hdfs.get_list(1)


def test_a_file_is_uploaded_under_its_name_or_another(client: APIClient, note: Path) -> None:
    entry = client.hdfs.upload(HADOOP, note, "/user", verbose=False)
    assert (entry["full_path"], entry["size"], entry["is_dir"]) == ("/user/note.txt", 5, False)
    other = client.hdfs.upload(1, str(note), name="Notes 2026")
    assert other["full_path"] == "/Notes 2026"
    assert client.hdfs.read_first_lines(HADOOP, "/Notes 2026") == ["first"]
    assert {row["event"]["action"] for row in client.notification.get_list()} == {"HdfsImportSuccess"}


def test_nothing_is_overwritten_and_nothing_is_sent_then(client: APIClient, sandbox: Sandbox, note: Path) -> None:
    client.hdfs.upload(HADOOP, note)
    note.write_text("second")
    sandbox.requests.clear()
    with pytest.raises(UploadFailureException, match=r"is there already\. Nothing was sent"):
        client.hdfs.upload(HADOOP, note)
    assert not [request for request in sandbox.requests if request[0] == "POST"]
    assert client.hdfs.read_first_lines(HADOOP, "/note.txt") == ["first"]


def test_an_import_that_fails_says_why(client: APIClient, sandbox: Sandbox, note: Path) -> None:
    def down() -> None:
        sandbox.settings.databases_down = True

    client.on_request = lambda event: down() if event.url.endswith("/imports") else None
    with pytest.raises(UploadFailureException, match=r"connection refused.*session\.hdfs\.get") as caught:
        client.hdfs.upload(HADOOP, note)
    assert caught.value.server_message == "Could not connect to the cluster: connection refused"
    assert client.notification.get_list()[0]["event"]["file_name"].endswith("_note.txt")
    with pytest.raises(HadoopFileUnavailableException) as unavailable:
        client.hdfs.get_list(HADOOP)
    assert unavailable.value.code == "HDFS_CONTENTS_UNAVAILABLE"


def test_the_wait_ends_in_time_and_the_import_goes_on(client: APIClient, sandbox: Sandbox, note: Path) -> None:
    sandbox.settings.hdfs_import_seconds = 3600
    with pytest.raises(RequestTimeoutException, match=r"not over after 0\.1 s; it goes on at the server"):
        client.hdfs.upload(HADOOP, note, timeout=0.1)
    sandbox.advance(hours=2)
    assert client.hdfs.get(HADOOP, "/note.txt")["size"] == 5


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (422, "HDFS_CONTENTS_UNAVAILABLE", HadoopFileUnavailableException),
        (404, "HDFS_QUERY_ERROR", HadoopFileUnavailableException),
        (422, "HDFS_KERBEROS_PERMISSION_DENIED", DataSourceCredentialsException),
    ],
)
def test_what_the_cluster_refuses_has_exceptions_of_its_own(
    client: APIClient, sandbox: Sandbox, status: int, code: str, kind: type[AlpineException]
) -> None:
    body = {"response": {"id": 3, "name": "orders.csv"}, "errors": {"record": code}}
    sandbox.fault("status", path=r"/files/\d+$", times=None, status=status, body=body)
    with pytest.raises(kind, match=code):
        client.hdfs.read_first_lines(HADOOP, "/data/orders.csv")
    sandbox.clear_faults()


class Cluster:
    """A scripted server with one directory, whose only file appears when the test says so."""

    def __init__(self, server: ScriptedServer) -> None:
        self.size: int | None = None
        self.events: list[dict[str, Any]] = []
        self.sent_as = ""
        root = {"id": 5, "name": "/", "is_dir": True}
        server.on("GET", "/api/hdfs_data_sources/1/files", Reply({"response": root}))
        server.on("GET", "/api/hdfs_data_sources/1/files/5", self._shown)
        server.on("GET", "/api/notifications", self._told)
        server.on("POST", "/api/uploads", self._taken)

    def _shown(self, _: Asked) -> Reply:
        entries = [] if self.size is None else [{"id": 6, "name": "note.txt", "is_dir": False, "size": self.size}]
        return Reply({"response": {"id": 5, "name": "/", "is_dir": True, "entries": entries or None}})

    def _told(self, _: Asked) -> Reply:
        events = [{**event, "file_name": self.sent_as} for event in self.events]
        page = {"page": 1, "per_page": 50, "records": len(events), "total": 1}
        rows = [{"id": place, "event": event} for place, event in enumerate(events)]
        return Reply({"response": rows, "pagination": page})

    def _taken(self, asked: Asked) -> Reply:
        self.sent_as = asked.body.partition(b'filename="')[2].partition(b'"')[0].decode()
        return Reply({"response": {"id": 9, "file_name": self.sent_as}}, 201)

    def when_imported(self, server: ScriptedServer, size: int | None, *actions: str, status: int = 201) -> None:
        def imported(asked: Asked) -> Reply:
            assert asked.json["hdfs_import"] == {"upload_id": 9, "file_name": "note.txt"}
            self.size = size
            self.events = [{"action": action} for action in actions]
            return Reply({"response": {}}, status)

        server.on("POST", "/api/hdfs_data_sources/1/files/5/imports", imported)


def test_a_file_of_another_size_is_not_taken_for_the_whole(
    server: ScriptedServer, session: APIClient, note: Path
) -> None:
    Cluster(server).when_imported(server, 3, "HdfsImportSuccess")
    with pytest.raises(UploadFailureException, match="has 3 bytes in the cluster, but 5 were sent"):
        session.hdfs.upload(1, note)


def test_an_old_success_is_not_taken_for_this_one(
    server: ScriptedServer, session: APIClient, fake_time: FakeTime, note: Path
) -> None:
    cluster = Cluster(server)
    cluster.when_imported(server, None, "HdfsImportSuccess")
    with pytest.raises(RequestTimeoutException, match="not over after 20 s"):
        session.hdfs.upload(1, note, timeout=20)
    cluster.when_imported(server, 5, "NOTE", "HdfsImportSuccess")
    assert cluster.size is None


def test_a_failure_that_says_nothing(server: ScriptedServer, session: APIClient, note: Path) -> None:
    Cluster(server).when_imported(server, None, "HdfsImportFailed")
    with pytest.raises(UploadFailureException, match="the server does not say why"):
        session.hdfs.upload(1, note)


def test_a_name_that_was_taken_meanwhile_and_another_refusal(
    server: ScriptedServer, session: APIClient, note: Path
) -> None:
    Cluster(server)
    path = "/api/hdfs_data_sources/1/files/5/imports"
    refusals = [Reply({"errors": {"fields": {"file_name": {"TAKEN": None}}}}, 422)]
    refusals += [Reply({"errors": {"fields": {"hdfs_entry": {"DIRECTORY_REQUIRED": None}}}}, 422)]
    server.on("POST", path, *refusals)
    with pytest.raises(UploadFailureException, match=r"is there already\. Nothing was written"):
        session.hdfs.upload(1, note)
    with pytest.raises(UploadFailureException, match=r"DIRECTORY_REQUIRED.*Nothing was written"):
        session.hdfs.upload(1, note)


def test_a_lost_response_to_the_import_is_not_tried_again(
    server: ScriptedServer, session: APIClient, note: Path
) -> None:
    Cluster(server)
    path = "/api/hdfs_data_sources/1/files/5/imports"
    server.on("POST", path, Reply(fault="close"))
    with pytest.raises(OutcomeUnknownException, match=r"session.hdfs.get\(1, '/note.txt'\) shows"):
        session.hdfs.upload(1, note)
    assert server.count("POST", path) == 1


def test_a_server_without_these_endpoints_is_told_before_anything_is_sent(
    server: ScriptedServer, session: APIClient, note: Path
) -> None:
    server.on("GET", ".*", FRAMEWORK)
    with pytest.raises(FeatureNotFoundException, match="this server has no HDFS files"):
        session.hdfs.upload(1, note)
    assert not [asked for asked in server.asked if asked.method == "POST"]


def test_a_server_without_notifications_is_told_before_anything_is_sent(
    server: ScriptedServer, session: APIClient, note: Path
) -> None:
    root = {"id": 5, "name": "/", "is_dir": True}
    server.on("GET", "/api/hdfs_data_sources/1/files.*", Reply({"response": root}))
    server.on("GET", "/api/notifications", FRAMEWORK)
    with pytest.raises(FeatureNotFoundException, match="this server has no notifications"):
        session.hdfs.upload(1, note)
    assert not [asked for asked in server.asked if asked.method == "POST"]


def test_what_was_uploaded_is_read_by_a_hadoop_flow(client: APIClient, sandbox: Sandbox, tmp_path: Path) -> None:
    columns = [element("col", n="name", t="chararray"), element("col", n="age", t="int")]
    model = element("HadoopFileStructureModel", *columns, delimiter="Comma", includeHeader="true")
    path = tmp_path / "flow.afm"
    source = node("people", "hadoop.HadoopFileOperator", model, hadoopFileName="/data/part-00000")
    made = flow(source)
    path.write_bytes(made if isinstance(made, bytes) else made.encode())
    table = tmp_path / "people"
    table.write_text("name,age\nann,20\nbob,40\n")
    client.hdfs.upload(HADOOP, table, "/data", "part-00000")
    number = client.workfile.upload("Sandbox", path, [client.datasource.for_upload(HADOOP)])["id"]
    results = client.run(number)
    results = getattr(results, "results", lambda: results)()
    frame = results.operators["people"].to_dataframe()
    assert frame.to_numpy().tolist() == [["ann", 20], ["bob", 40]]
    sandbox.reset()
    assert "/data/part-00000" not in sandbox.tables


def test_files_are_a_dataset_of_a_workspace(client: APIClient, ada: APIClient) -> None:
    made = client.hdfs.dataset.create("Sandbox", "orders", "/data/ord*.csv", HADOOP)
    assert (made["entity_subtype"], made["object_type"], made["schema"]) == ("HDFS", "MASK", None)
    assert made["hdfs_data_source"]["name"] == HADOOP
    listed = client.dataset.in_workspace
    assert [row["object_name"] for row in listed.get_list("Sandbox")] == ["orders"]
    assert listed.get_list("Sandbox", entity_subtype="SOURCE_TABLE") == []
    assert listed.get("Sandbox", made["id"])["content"][0].startswith("order_id,")
    assert client.hdfs.dataset.update(made["id"], "all", "/data/*")["file_mask"] == "/data/*"
    with pytest.raises(ValidationException, match="TAKEN"):
        client.hdfs.dataset.create(1, "all", "/x", 1)
    with pytest.raises(ForbiddenException):
        ada.hdfs.dataset.create(1, "mine", "/x", 1)
    assert client.hdfs.dataset.delete(made["id"]) is None
    for call in (client.hdfs.dataset.delete, lambda number: client.hdfs.dataset.update(number, "x", "/x")):
        with pytest.raises(DatasetNotFoundException):
            call(made["id"])
    with pytest.raises(InvalidArgumentException):
        client.hdfs.dataset.create(1, "x", "", 1)
