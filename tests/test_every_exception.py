"""Each exception is raised, exactly, by an answer of the sandbox, or by what it is about on this side."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from alpine import APIClient, exception, retry_policy
from alpine.exception import AlpineException
from alpine.sandbox import Sandbox

WRONG_CREDENTIALS = {"errors": {"record": "INVALID_CREDENTIALS", "model_data": {"id": 1, "name": "Sandbox Database"}}}


@dataclass
class Scene:
    """A sandbox whose runs wait to be released, its administrator, and a place for files."""

    server: Sandbox
    client: APIClient
    folder: Path

    @property
    def flow(self) -> int:
        return self.client.workfile.get_id("order_filter", "Sandbox")

    def file(self, name: str, text: str = "text") -> Path:
        path = self.folder / name
        path.write_text(text)
        return path

    def finished_run(self) -> str:
        process_id = self.client.workfile.process.run(self.flow)
        self.server.release(20)
        self.client.workfile.process.wait_until_finished(self.flow, process_id, query_time=1)
        return process_id

    def job(self) -> int:
        number = self.client.job.create(1, "report")["id"]
        self.client.job.task.create(1, number, self.flow)
        self.client.job.run(number)
        return int(number)


@pytest.fixture(scope="module")
def held_sandbox() -> Iterator[Sandbox]:
    with Sandbox(pace="step") as server:
        yield server


@pytest.fixture
def scene(held_sandbox: Sandbox, tmp_path: Path) -> Iterator[Scene]:
    held_sandbox.reset()
    with held_sandbox.client() as client:
        client.retries = retry_policy(total=0)
        yield Scene(held_sandbox, client, tmp_path)
        held_sandbox.clear_faults()
        held_sandbox.settings.licence_expired = False


Cause = Callable[[Scene], Any]
CAUSES: dict[str, Cause] = {}


def cause(function: Cause) -> Cause:
    """What makes the client raise the exception that the function is called after."""
    CAUSES[function.__name__] = function
    return function


# What no answer of a server can cause: it is noticed on this side.


@cause
def InvalidArgumentException(scene: Scene) -> Any:
    return scene.client.user.get(None)


@cause
def NotPicklableException(scene: Scene) -> Any:
    return pickle.dumps(scene.client)


@cause
def DataSourceTypeNotFoundException(scene: Scene) -> Any:
    return scene.client.datasource.get_list("mysql")


@cause
def WorkflowFileException(scene: Scene) -> Any:
    entry = scene.client.datasource.for_upload("Sandbox Database")
    return scene.client.workfile.upload(1, scene.file("none.afm"), [entry])


@cause
def WorkflowVariableException(scene: Scene) -> Any:
    return scene.client.workfile.process.run(scene.flow, [{"value": "5"}])


@cause
def LocalFileException(scene: Scene) -> Any:
    return scene.client.workfile.upload_file(1, scene.folder)


@cause
def LocalFileNotFoundException(scene: Scene) -> Any:
    return scene.client.workfile.upload_file(1, scene.folder / "none.txt")


@cause
def FlowResultsMalformedException(scene: Scene) -> Any:
    return scene.client.workfile.process.get_metadata({"outputs": []})


# What happens on the way.


@cause
def ServerConnectionException(scene: Scene) -> Any:
    scene.server.fault("reset", method="GET", path="/api/users", times=None, when="before")
    return scene.client.user.get_list()


@cause
def TLSException(scene: Scene) -> Any:
    return APIClient(scene.server.host, scene.server.port, "demo", "alpine-demo", is_secure=True)


@cause
def RunFlowConnectionException(scene: Scene) -> Any:
    process_id = scene.client.workfile.process.run(scene.flow)
    scene.server.fault("drop", path="/processes/", times=None, when="before")
    return scene.client.workfile.process.wait_until_finished(scene.flow, process_id, query_time=1, timeout=0.5)


@cause
def RequestTimeoutException(scene: Scene) -> Any:
    scene.server.fault("delay", path="/api/users", seconds=5)
    return scene.client.request("GET", "users", timeout=(1, 0.2))


@cause
def OutcomeUnknownException(scene: Scene) -> Any:
    scene.server.fault("drop", method="POST", path="/api/workspaces", when="after")
    return scene.client.workspace.create("perhaps")


@cause
def InvalidResponseException(scene: Scene) -> Any:
    scene.server.fault("malformed", path="/api/users")
    return scene.client.user.get(1)


@cause
def RedirectException(scene: Scene) -> Any:
    elsewhere = {"Location": "https://elsewhere.example.com/api/users/1"}
    scene.server.fault("status", path="/api/users", status=302, body="", headers=elsewhere)
    return scene.client.user.get(1)


@cause
def ResponseTooLargeException(scene: Scene) -> Any:
    scene.client.answer_limit = 100
    return scene.client.user.get_list()


# What a server answers for itself.


@cause
def LoginFailureException(scene: Scene) -> Any:
    return scene.server.client(password="wrong")


@cause
def AlpineSessionNotFoundException(scene: Scene) -> Any:
    return APIClient(scene.server.url, token="no-such-token").user.get_list()


@cause
def InvalidResponseCodeException(scene: Scene) -> Any:
    scene.server.fault("status", path="/api/users", status=400, body={"errors": {"message": "LDAP says no"}})
    return scene.client.user.get(1)


@cause
def ForbiddenException(scene: Scene) -> Any:
    return scene.server.client("ada").workspace.delete(1)


@cause
def DataSourceCredentialsException(scene: Scene) -> Any:
    scene.server.fault("status", path="/databases", status=403, body=WRONG_CREDENTIALS)
    return scene.client.datasource.get_database_list(1)


@cause
def DemoModeException(scene: Scene) -> Any:
    scene.server.settings.demo_mode = True
    return scene.server.client("ada").workspace.create("Mine")


@cause
def NotLicensedException(scene: Scene) -> Any:
    scene.server.settings.jobs_licensed = False
    return scene.client.job.get_list(1)


@cause
def RequestTooLargeException(scene: Scene) -> Any:
    scene.server.settings.body_limit_mb = 0.0001
    return scene.client.workfile.upload_file(1, scene.file("large.txt", "x" * 1000))


@cause
def TooManyRequestsException(scene: Scene) -> Any:
    scene.server.fault("status", path="/api/users", status=429, body="", headers={"Retry-After": "7"})
    return scene.client.user.get(1)


@cause
def ServerErrorException(scene: Scene) -> Any:
    return scene.client.job.create(1, "nightly", "days", 1, "2040-01-01T00:00", "No Such Zone")


@cause
def LicenseExpiredException(scene: Scene) -> Any:
    scene.server.settings.licence_expired = True
    return scene.server.client()


@cause
def ServiceUnavailableException(scene: Scene) -> Any:
    scene.server.fault("status", path="/api/users", status=503, body={"errors": {"service": "SOLR_UNREACHABLE"}})
    return scene.client.user.get(1)


@cause
def ValidationException(scene: Scene) -> Any:
    return scene.client.workspace.create("SANDBOX")


@cause
def NotFoundException(scene: Scene) -> Any:
    number = scene.client.workfile.upload_file(1, scene.file("note.txt"))["id"]
    return scene.client.workfile.version.get(number, 9999)


@cause
def DataSourceNotFoundException(scene: Scene) -> Any:
    return scene.client.datasource.get(99, scene.client.datasource.dsType.HadoopCluster)


@cause
def DatasetNotFoundException(scene: Scene) -> Any:
    return scene.client.dataset.get(99)


@cause
def HadoopFileUnavailableException(scene: Scene) -> Any:
    scene.server.settings.databases_down = True
    return scene.client.hdfs.get_list("Sandbox Hadoop")


@cause
def UploadFailureException(scene: Scene) -> Any:
    path = scene.file("note.txt")
    scene.client.hdfs.upload("Sandbox Hadoop", path)
    return scene.client.hdfs.upload("Sandbox Hadoop", path)


@cause
def SchemaNotFoundException(scene: Scene) -> Any:
    return scene.client.dataset.get_list(99)


@cause
def FeatureNotFoundException(scene: Scene) -> Any:
    missing = {"status": "404", "error": "Not Found"}
    scene.server.fault("status", path="/datasets", status=404, body=missing)
    return scene.client.dataset.get(1)


@cause
def DownloadFailureException(scene: Scene) -> Any:
    scene.server.fault("error_text", path="/download", rows=5)
    return scene.client.dataset.to_dataframe(scene.client.dataset.get_id("demo.orders", "Sandbox Database"))


@cause
def LoadFailureException(scene: Scene) -> Any:
    return scene.client.dataset.load_csv(1, scene.file("table.csv", "a\nx\n"), "t", types={"a": "integer"})


@cause
def JobNotFoundException(scene: Scene) -> Any:
    return scene.client.job.get(1, 99)


@cause
def ResultsNotFoundException(scene: Scene) -> Any:
    return scene.client.workfile.process.download_results(scene.flow, "no-such-run")


@cause
def TaskNotFoundException(scene: Scene) -> Any:
    return scene.client.job.task.delete(1, scene.client.job.create(1, "report")["id"], 99)


@cause
def UserNotFoundException(scene: Scene) -> Any:
    return scene.client.user.get(99)


@cause
def WorkfileNotFoundException(scene: Scene) -> Any:
    return scene.client.workfile.process.run(9999)


@cause
def WorkspaceMemberNotFoundException(scene: Scene) -> Any:
    return scene.client.workspace.update(1, owner_id=2)


@cause
def WorkspaceNotFoundException(scene: Scene) -> Any:
    return scene.client.workspace.get(99)


@cause
def OperatorNotFoundException(scene: Scene) -> Any:
    results = scene.client.workfile.process.download_results(scene.flow, scene.finished_run())
    return scene.client.workfile.process.find_operator("Row Filtre", results)


@cause
def RunFlowFailureException(scene: Scene) -> Any:
    scene.server.fault("node_failure", operator="Row Filter")
    return scene.finished_run()


@cause
def RunFlowTimeoutException(scene: Scene) -> Any:
    process_id = scene.client.workfile.process.run(scene.flow)
    return scene.client.workfile.process.wait_until_finished(scene.flow, process_id, query_time=1, timeout=0.1)


@cause
def StopFlowFailureException(scene: Scene) -> Any:
    return scene.client.workfile.process.stop(scene.finished_run())


@cause
def RunJobFailureException(scene: Scene) -> Any:
    return scene.client.job.run(scene.job())


@cause
def RunJobTimeoutException(scene: Scene) -> Any:
    return scene.client.job.wait_until_finished(1, scene.job(), query_time=1, timeout=0.1)


@pytest.mark.parametrize("name", CAUSES)
def test_the_client_raises_exactly_this(name: str, scene: Scene) -> None:
    kind: type[AlpineException] = getattr(exception, name)
    with pytest.raises(kind) as caught:
        CAUSES[name](scene)
    assert type(caught.value) is kind
    message = str(caught.value)
    assert message
    token = scene.client.token
    assert token is None or token not in message + str(caught.value.url) + str(caught.value.body)
    assert caught.value.__cause__ is None


def test_a_missing_extra_is_told_by_its_name() -> None:
    script = """
import sys
sys.modules["pandas"] = None
from alpine import MissingExtraException
from alpine.results import FlowResults
table = {"out_title": "a", "visualType": 0, "visualData": {"columns": ["x"], "columnTypes": ["number"], "items": []}}
try:
    FlowResults({"outputs": [table]}).operators["a"].to_dataframe()
except MissingExtraException as error:
    assert type(error) is MissingExtraException and "'.[notebook]'" in str(error), error
    assert "pip install '<path to the wheel>[notebook]'" in str(error) and "pip install pandas" in str(error), error
    print("told")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "told", done.stderr


def test_no_exception_is_without_a_cause() -> None:
    # The base of all is never raised itself; a missing package is not asked of a server.
    elsewhere = {"AlpineException", "MissingExtraException"}
    assert sorted(set(CAUSES) | elsewhere) == exception.__all__


def test_what_was_asked_and_answered_can_be_read_from_the_exception(scene: Scene) -> None:
    with pytest.raises(exception.ValidationException) as caught:
        scene.client.workspace.create("SANDBOX")
    error = caught.value
    assert (error.status_code, error.method, error.fields) == (422, "POST", {"name": {"TAKEN": {}}})
    assert error.url is not None
    assert error.url.startswith(f"{scene.server.base_url}/workspaces")
    assert '"TAKEN"' in (error.body or "")


def test_the_seconds_that_a_server_asks_for_are_told(scene: Scene) -> None:
    with pytest.raises(exception.TooManyRequestsException) as caught:
        TooManyRequestsException(scene)
    assert caught.value.retry_after == 7
