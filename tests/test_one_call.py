"""One call finds, runs and waits; every failure names what was looked for; one call looks at the connection."""

from __future__ import annotations

import time
from email.utils import formatdate
from pathlib import Path

import pytest
import trustme

from alpine import APIClient
from alpine.exception import (
    InvalidArgumentException,
    RunFlowFailureException,
    RunFlowTimeoutException,
    WorkfileNotFoundException,
    WorkspaceNotFoundException,
)
from alpine.sandbox import Sandbox
from tests.documents import document
from tests.scripted import Reply, ScriptedServer

ENGINE = "/alpinedatalabs/api/v1/json"

# run


def test_a_workflow_is_found_run_and_waited_for(client: APIClient) -> None:
    run = client.run("order_filter", workspace="Sandbox", variables={"@min_amount": 200}, timeout=60)
    assert run.results().operators["Row Filter"].row_count == 59
    assert run.workflow_id == client.workfile.get_id("order_filter", "Sandbox")


def test_ids_do_as_well_and_need_no_workspace(client: APIClient) -> None:
    number = client.workfile.get_id("order_filter", "Sandbox")
    assert client.run(number).results().status == "SUCCESS"
    assert client.run(str(number), workspace="Sandbox").results().status == "SUCCESS"
    assert client.run("order_filter", workspace=client.workspace.get_id("Sandbox")).wait() == "SUCCESS"


def test_without_a_wait_it_returns_at_once() -> None:
    with Sandbox(pace=("timed", 5)) as server:
        run = server.client().run("order_filter", "Sandbox", wait=False)
        assert run.status == "WORKING"
        assert run.stop() == "STOPPED"


def test_what_is_not_there_is_named(client: APIClient) -> None:
    with pytest.raises(WorkfileNotFoundException, match=r"no workfile 'order_filtr' in workspace 'Sandbox'.*Did you"):
        client.run("order_filtr", "Sandbox")
    with pytest.raises(WorkspaceNotFoundException, match=r"no workspace 'Sandbx'.* Did you mean 'Sandbox'"):
        client.run("order_filter", "Sandbx")
    with pytest.raises(WorkfileNotFoundException, match="run workflow 999"):
        client.run(999)


def test_a_name_without_a_workspace_is_refused_before_anything_is_sent(
    server: ScriptedServer, session: APIClient
) -> None:
    with pytest.raises(InvalidArgumentException, match=r"which workspace it is: run\('order_filter', workspace=…\)"):
        session.run("order_filter")
    assert server.asked == []


WORKFLOW = {"id": 375, "file_name": "nightly", "file_type": "work_flow"}


@pytest.fixture
def with_a_workflow(server: ScriptedServer) -> ScriptedServer:
    server.on("GET", "/api/workspaces/1/workfiles", Reply({"response": [WORKFLOW]}))
    server.on("POST", f"{ENGINE}/workflows/375/run", Reply({"meta": {"processId": "p1"}}))
    server.on("GET", f"{ENGINE}/processes/p1/query", Reply("Workflow not started or already stopped.\n"))
    return server


NAMED = "This was a run of workflow 'nightly' in workspace 1."


def test_a_run_that_fails_names_the_workflow(with_a_workflow: ScriptedServer, session: APIClient) -> None:
    with_a_workflow.on("GET", f"{ENGINE}/workflows/375/results/p1", Reply(document("FAILURE")))
    with pytest.raises(RunFlowFailureException, match=f"Run p1 of workflow 375 ended .* {NAMED}") as caught:
        session.run("nightly", 1)
    assert caught.value.process_id == "p1"


def test_a_run_that_the_engine_refuses_names_the_workflow(with_a_workflow: ScriptedServer, session: APIClient) -> None:
    with_a_workflow.on("POST", f"{ENGINE}/workflows/375/run", Reply("no memory", 400))
    with pytest.raises(RunFlowFailureException, match=f"no memory.* {NAMED}"):
        session.run("nightly", 1)


def test_a_run_that_takes_too_long_names_the_workflow(with_a_workflow: ScriptedServer, session: APIClient) -> None:
    with_a_workflow.on("GET", f"{ENGINE}/processes/p1/query", Reply({"meta": {"state": "STARTED"}}))
    with_a_workflow.on("POST", f"{ENGINE}/processes/p1/stop", Reply("request accepted."))
    with pytest.raises(RunFlowTimeoutException, match=f"after 0.2 s; it was stopped.* {NAMED}") as caught:
        session.run("nightly", 1, timeout=0.2)
    assert caught.value.stopped
    assert caught.value.process_id == "p1"


# check


def found(session: APIClient, workspace: int | str | None = None) -> dict[str, str]:
    return {row["check"]: row["status"] for row in session.check(workspace)}


def test_all_is_well(client: APIClient) -> None:
    checks = client.check("Sandbox")
    assert checks.ok
    assert [row["status"] for row in checks] == ["ok"] * 6
    assert checks[-1]["found"] == "'Sandbox': admin, create_workflow"
    assert str(checks).splitlines()[4] == "login      ok  demo, an administrator"
    assert "<table" in checks._repr_html_()


def test_who_may_not_change_a_workspace_is_told(client: APIClient, sandbox: Sandbox, ada: APIClient) -> None:
    client.workspace.create("Shop window", public=True)
    [login, workspace] = ada.check("Shop window")[-2:]
    assert login["found"] == "ada"
    assert workspace["status"] == "warning"
    assert "read, commenting" in workspace["found"]
    assert "membership" in workspace["advice"]


def test_a_workspace_that_is_not_there_is_told(client: APIClient) -> None:
    checks = client.check("Sandbx")
    assert not checks.ok
    assert "Did you mean 'Sandbox'?" in checks[-1]["advice"]


def test_a_server_that_is_not_there() -> None:
    session = APIClient("localhost", 1, token="x")
    checks = session.check(1)
    assert [row["status"] for row in checks] == ["failed", *["not tried"] * 5]
    assert "connection refused" in checks[0]["advice"].casefold()
    assert not checks.ok


def test_another_kind_of_server(server: ScriptedServer, session: APIClient) -> None:
    server.on("GET", "/api/status", Reply("<html>It works!</html>"))
    assert found(session)["address"] == "failed"
    server.on("GET", "/api/status", Reply({"hello": "world"}))
    assert "Is that an Alpine server?" in session.check()[0]["advice"]


def well(server: ScriptedServer) -> None:
    server.on("GET", "/api/status", Reply({"status": "Chorus is running"}))
    server.on("GET", "/api/VERSION", Reply("6.3.0.0\n"))
    server.on("GET", "/api/sessions", Reply({"response": {"user": {"id": 7, "username": "ada", "admin": False}}}))


@pytest.mark.parametrize(
    ("version", "status"),
    [("6.2.1", "ok"), ("7.1.0", "ok"), ("5.8.0", "warning"), ("7.2", "warning"), ("new", "warning")],
)
def test_the_version(server: ScriptedServer, session: APIClient, version: str, status: str) -> None:
    well(server)
    server.on("GET", "/api/VERSION", Reply(version))
    assert found(session)["version"] == status


@pytest.mark.parametrize(("ahead", "said"), [(7200, "ahead"), (-7200, "behind")])
def test_clocks_that_differ(server: ScriptedServer, session: APIClient, ahead: int, said: str) -> None:
    well(server)
    date = {"Date": formatdate(time.time() + ahead, usegmt=True)}
    server.on("GET", "/api/status", Reply({"status": "Chorus is running"}, headers=date))
    clock = session.check()[3]
    assert clock["status"] == "warning"
    assert said in clock["found"]


def test_a_login_that_has_expired(server: ScriptedServer, session: APIClient) -> None:
    well(server)
    server.on("GET", "/api/sessions", Reply("", 401))
    checks = session.check(1)
    assert [row["status"] for row in checks[-2:]] == ["failed", "not tried"]
    assert "expired" in checks[-2]["found"]
    session.token = None
    assert session.check()[-1]["found"] == "not logged in"


@pytest.mark.parametrize(
    ("verify", "status"),
    [(None, "failed"), (False, "warning"), (True, "ok")],
)
@pytest.mark.filterwarnings("ignore:The certificate of")
def test_tls(authority: trustme.CA, ca_file: Path, verify: bool | None, status: str) -> None:
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    server = ScriptedServer(context)
    well(server)
    session = APIClient(
        f"https://localhost:{server.port}",
        token="x",
        validate_certs=verify is not False,
        ca_certs=ca_file if verify else None,
        proxies={},
    )
    assert found(session)["TLS"] == status
    assert found(session)["address"] == "ok"
    server.close()
