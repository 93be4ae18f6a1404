"""What a new user is told: what was asked of whom, and what to write instead."""

from __future__ import annotations

import ast
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import alpine
from alpine import APIClient, retry_policy
from alpine.exception import (
    AlpineException,
    InvalidArgumentException,
    InvalidResponseCodeException,
    InvalidResponseException,
    JobNotFoundException,
    LoginFailureException,
    ResultsNotFoundException,
    ServerConnectionException,
    ServerErrorException,
    TaskNotFoundException,
    ValidationException,
    WorkfileNotFoundException,
    WorkflowVariableException,
    WorkspaceNotFoundException,
)
from tests.reliability.wire import Asked, WireServer
from tests.scripted import Reply, ScriptedServer

PAGE = "<html><head><title>Welcome</title></head><body>Hello</body></html>"
QUESTION = "Is that an Alpine server?"


def failed_login(address: str) -> AlpineException:
    session = APIClient(address, timeout=(2, 2))
    session.retries = retry_policy(0)
    with pytest.raises(AlpineException) as caught:
        session.login("demo", "a password")
    session.session.close()
    return caught.value


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(PAGE, 200), InvalidResponseException),
        (Reply({}, 200), InvalidResponseException),
        (Reply({"response": {"user": {}}}, 200), InvalidResponseException),
        (Reply(PAGE, 400), InvalidResponseCodeException),
        (Reply("Bad Request", 400), InvalidResponseCodeException),
        (Reply({"detail": "no"}, 400), InvalidResponseCodeException),
        (Reply(PAGE, 401), LoginFailureException),
        (Reply(PAGE, 404), InvalidResponseCodeException),
        (Reply({"detail": "Not Found"}, 404), InvalidResponseCodeException),
        (Reply("", 404), InvalidResponseCodeException),
        (Reply(PAGE, 405), InvalidResponseCodeException),
        (Reply(PAGE, 501), ServerErrorException),
    ],
)
def test_a_login_that_another_server_answers(server: ScriptedServer, reply: Reply, kind: type[AlpineException]) -> None:
    server.on("POST", ".*", reply)
    error = failed_login(server.url)
    assert type(error) is kind
    assert f"{QUESTION} The request went to {server.base_url}/sessions" in str(error)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(" ", 401), LoginFailureException),
        (Reply({"errors": {"fields": {"username_or_password": {"INVALID": {}}}}}, 401), LoginFailureException),
        (Reply({"errors": {"message": "LDAP says no"}}, 400), LoginFailureException),
        (Reply({"errors": {"service": "LICENSE_EXPIRED"}}, 503), AlpineException),
        (Reply(PAGE, 502), ServerErrorException),
    ],
)
def test_an_alpine_server_is_not_doubted(server: ScriptedServer, reply: Reply, kind: type[AlpineException]) -> None:
    server.on("POST", ".*", reply)
    error = failed_login(server.url)
    assert isinstance(error, kind)
    assert QUESTION not in str(error)


@pytest.mark.parametrize(
    "greeting", [b"SSH-2.0-OpenSSH_9.2\r\n", b"220 mail.example.com ESMTP\r\n", b"-ERR\r\n", b"\xff"]
)
def test_a_server_that_does_not_speak_http(greeting: bytes) -> None:
    def answer(connection: socket.socket, _asked: Asked) -> bool:
        connection.sendall(greeting)
        return False

    server = WireServer(answer)
    error = failed_login(server.url)
    assert isinstance(error, ServerConnectionException)
    assert f"{server.url}: what came back is not HTTP. {QUESTION}" in str(error)
    server.close()


def test_https_and_http_spoken_to_the_wrong_port_name_the_url_to_write(server: ScriptedServer) -> None:
    error = failed_login(server.url.replace("http:", "https:"))
    assert f"is_secure=False, that is host='{server.url}'" in str(error)
    address = f"https://127.0.0.1:{server.port}"
    server.on("POST", ".*", Reply(fault="close"))
    assert f"is_secure=True, that is host='{address}'" in str(failed_login(server.url))
    for words in (
        "<title>400 The plain HTTP request was sent to HTTPS port</title>",
        "Client sent an HTTP request to an HTTPS server.\n",
        "<title>400 Bad Request</title>Reason: You're speaking plain HTTP to an SSL-enabled server port.",
    ):
        server.on("POST", ".*", Reply(words, 400))
        error = failed_login(server.url)
        assert type(error) is InvalidResponseCodeException
        assert f"The port uses https: pass host='{address}'" in str(error)


def test_a_workspace_named_by_digits_is_an_id(client: APIClient) -> None:
    with pytest.raises(WorkspaceNotFoundException, match=r"Digits are always an id.*session\.workspace\.get_id"):
        client.workspace.get("2024")
    with pytest.raises(WorkspaceNotFoundException, match="Digits are always an id"):
        client.workfile.get_list("2024")
    number = client.workspace.create("2024")["id"]
    assert client.workspace.get_id("2024") == number


def test_arguments_that_changed_places_are_noticed(client: APIClient) -> None:
    with pytest.raises(WorkspaceNotFoundException, match=r"wrong order\? .*get_id\(workfile_name, workspace_id\)"):
        client.workfile.get_id("Sandbox", "order_filter")
    with pytest.raises(WorkspaceNotFoundException, match=r"wrong order\? .*job\.get_id\(workspace_id, job_name\)"):
        client.job.get_id("report", "Sandbox")
    with pytest.raises(WorkspaceNotFoundException, match=r"wrong order\? .*get_id\(workspace_id, job_id, task_name"):
        client.job.task.get_id("Run order_filter", 1, "Sandbox")


def test_a_name_that_is_only_wrong_is_not_taken_for_a_swap(client: APIClient) -> None:
    with pytest.raises(WorkspaceNotFoundException) as caught:
        client.workfile.get_id("order_filter", "Sandboks")
    assert "Did you mean 'Sandbox'?" in str(caught.value)
    assert "wrong order" not in str(caught.value)
    with pytest.raises(WorkfileNotFoundException):
        client.workfile.get_id("Sandbox", 1)
    with pytest.raises(JobNotFoundException):
        client.job.get_id("Sandbox", "Sandbox")
    job = client.job.create(1, "report")["id"]
    with pytest.raises(TaskNotFoundException):
        client.job.task.get_id("Sandbox", job, "Sandbox")


# names of workfiles


@pytest.fixture
def strange(tmp_path: Path) -> Path:
    path = tmp_path / "Größe & more.txt"
    path.write_text("x")
    return path


RULE = r"letters a to z and A to Z, digits, spaces and _ \. \( \) - only"


def test_a_name_that_the_server_refuses_is_told_the_rule(client: APIClient, strange: Path) -> None:
    with pytest.raises(ValidationException, match=rf"file_name: INVALID.*{RULE}.*upload\(…, name=…\)") as caught:
        client.workfile.upload_file(1, strange)
    assert "INVALID" in caught.value.fields["file_name"]
    number = client.workfile.upload_file(1, strange, name="size.txt")["id"]
    with pytest.raises(ValidationException, match=RULE):
        client.workfile.update(number, name="Größe")
    with pytest.raises(ValidationException, match=RULE):
        client.workfile.copy(number, name="Größe")
    with pytest.raises(ValidationException) as other:
        client.workfile.update(number, description="x" * 257)
    assert not re.search(RULE, str(other.value))


def test_a_file_is_uploaded_under_another_name(client: APIClient, strange: Path) -> None:
    first = client.workfile.upload_file(1, strange, name="size.sql")
    assert (first["file_name"], first["file_type"]) == ("size.sql", "sql")
    assert client.workfile.download(first["id"]) == b"x"
    assert client.workfile.upload_file(1, strange, name="size.sql")["file_name"] == "size_1.sql"
    with pytest.raises(ValidationException, match=r"TAKEN.*name=….*if_exists='replace'"):
        client.workfile.upload_file(1, strange, name="size.sql", if_exists="error")
    strange.write_text("second")
    replaced = client.workfile.upload_file(1, strange, name="size.sql", if_exists="replace")
    assert replaced["file_name"] == "size.sql"
    assert client.workfile.download(client.workfile.get_id("size.sql", 1)) == b"second"


@pytest.mark.parametrize("name", ["orders", "orders.afm"])
def test_a_workflow_is_uploaded_under_another_name(
    client: APIClient, tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "Aufträge.afm"
    path.write_bytes((Path(alpine.__file__).parent / "sandbox" / "examples" / "order_filter.afm").read_bytes())
    source = client.datasource.for_upload("Sandbox Database")
    assert client.workfile.upload(1, path, [source], name=name)["file_name"] == "orders"
    assert caplog.messages == []
    with pytest.raises(ValidationException, match="TAKEN"):
        client.workfile.upload(1, path, [source], name=name, if_exists="error")


@pytest.mark.parametrize("name", ["", " ", 5, b"x"])
def test_a_name_that_is_none_is_refused_before_anything_is_sent(
    server: ScriptedServer, session: APIClient, strange: Path, name: Any
) -> None:
    with pytest.raises(AlpineException, match="name must be"):
        session.workfile.upload_file(1, strange, name=name)
    assert server.asked == []


@pytest.mark.parametrize("name", ["north/orders", "north\\orders"])
def test_a_name_of_which_the_server_would_drop_a_part_is_refused_before_anything_is_sent(
    server: ScriptedServer, session: APIClient, strange: Path, name: str
) -> None:
    with pytest.raises(InvalidArgumentException, match="name must be a name without /"):
        session.workfile.upload_file(1, strange, name=name)
    workflow = Path(alpine.__file__).parent / "sandbox" / "examples" / "order_filter.afm"
    with pytest.raises(InvalidArgumentException, match="name must be a name without /"):
        session.workfile.upload(1, workflow, [{}], name=name)
    assert server.asked == []


def test_a_name_with_a_colon_is_refused_as_it_is(client: APIClient, strange: Path) -> None:
    with pytest.raises(ValidationException, match=r"INVALID.*a:b"):
        client.workfile.upload_file(1, strange, name="a:b")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_cannot_be_reached_is_what_the_message_tells_of(scheme: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        closed_port = unused.getsockname()[1]
    proxies = {scheme: f"http://someone:hidden@127.0.0.1:{closed_port}"}
    session = APIClient(f"{scheme}://alpine.invalid", token="t", proxies=proxies)
    session.retries = retry_policy(total=0)
    with pytest.raises(
        ServerConnectionException, match=r"the proxy cannot be reached: .*refused.*proxies=\{\}"
    ) as told:
        session.get_version()
    assert "hidden" not in str(told.value)


# runs


def test_variables_of_a_wrong_shape_are_told_the_right_one(server: ScriptedServer, session: APIClient) -> None:
    process = session.workfile.process
    with pytest.raises(WorkflowVariableException, match="must be in a list"):
        process.run(375, {"name": "@n", "value": "1"})
    with pytest.raises(WorkflowVariableException, match="a finite number, not nan"):
        process.run(375, {"@n": float("nan")})
    for one in ({"@n": 1}, "@n"):
        with pytest.raises(InvalidArgumentException, match="must be a list with the variables of each run"):
            process.run_many(375, one)  # type: ignore[arg-type]
    assert server.asked == []
    with pytest.warns(UserWarning, match="Did you mean '@n'"), pytest.raises(AlpineException):
        process.run(375, {"n": 1})


def test_results_of_an_unknown_run_are_not_said_to_be_of_a_run(client: APIClient) -> None:
    with pytest.raises(ResultsNotFoundException, match="or there is no such run"):
        client.workfile.process.download_results(client.workfile.get_id("order_filter", 1), "unknown")


# advice


def messages_in(path: Path) -> Iterator[str]:
    """The texts of a module, but for its docstrings."""
    tree = ast.parse(path.read_text("utf-8"))
    nodes = list(ast.walk(tree))
    docs = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


def test_advice_speaks_of_the_variable_that_the_pages_use() -> None:
    other = re.compile(
        r"\bclient\.(?:login|get_|workfile|workspace|datasource|user|job|answer_limit|results_limit)"
        r"|(?<!session\.)\b(?:workfile|workspace|datasource|user|job)\.(?:\w+\.)?(?:get_|upload|update|add)"
    )
    texts = [text for path in Path(alpine.__file__).parent.rglob("*.py") for text in messages_in(path)]
    assert any("session.workfile.get_list" in text for text in texts)
    assert [text for text in texts if other.search(text)] == []
