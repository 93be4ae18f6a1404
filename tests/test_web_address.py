"""Records, runs and errors carry the address of their page in the server's web application."""

from __future__ import annotations

import pickle

import pytest

from alpine import APIClient
from alpine.exception import AlpineException, ForbiddenException, NotFoundException, RunFlowFailureException
from tests.documents import document
from tests.scripted import Reply, ScriptedServer

ENGINE = "/alpinedatalabs/api/v1/json"


def test_records_lead_to_their_pages(client: APIClient) -> None:
    root = client.base_url.removesuffix("/api")
    workspace = client.workspace.get("Sandbox")
    assert workspace.url == f"{root}/#/workspaces/{workspace['id']}"
    workfile = client.workfile.get(client.workfile.get_id("order_filter", "Sandbox"))
    assert workfile.url == f"{root}/#/workspaces/{workspace['id']}/workfiles/{workfile['id']}"
    assert client.user.get_list()[0].url.startswith(f"{root}/#/users/")
    assert next(client.workspace.iterate()).url == workspace.url  # type: ignore[attr-defined]
    assert f'<a href="{root}/#/workspaces/{workspace["id"]}"' in workspace._repr_html_()


def test_a_run_leads_to_its_workflow(client: APIClient) -> None:
    run = client.run("order_filter", "Sandbox")
    assert run.url == f"{client.base_url.removesuffix('/api')}/#/work_flows/{run.workflow_id}"
    assert f'<a href="{run.url}"' in run._repr_html_()


def test_what_has_no_page_has_no_address(client: APIClient) -> None:
    assert client.datasource.get_list()[0].url is None
    assert pickle.loads(pickle.dumps(client.workspace.get("Sandbox"))) == dict(client.workspace.get("Sandbox"))


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("workspaces/12", "/#/workspaces/12"),
        ("workspaces/12/members", "/#/workspaces/12"),
        ("users/7?x=1", "/#/users/7"),
        ("workspaces/12x", None),
        ("workspaces", None),
        (f"{ENGINE}/workflows/375/results/p1", "/#/work_flows/375"),
        (f"{ENGINE}/processes/p1/query", None),
    ],
)
def test_errors_lead_to_what_they_are_about(
    server: ScriptedServer, session: APIClient, path: str, page: str | None
) -> None:
    server.on("GET", ".*", Reply('{"errors":{}}', 403))
    with pytest.raises(ForbiddenException) as caught:
        session.request("GET", path)
    assert caught.value.web_url == (None if page is None else f"{server.url}{page}")


def test_what_is_not_there_has_no_page(server: ScriptedServer, session: APIClient) -> None:
    with pytest.raises(NotFoundException) as caught:
        session.request("GET", "workspaces/12")
    assert caught.value.web_url is None
    assert AlpineException().web_url is None


def test_a_run_that_fails_leads_to_its_workflow(server: ScriptedServer, session: APIClient) -> None:
    server.on("GET", f"{ENGINE}/processes/p1/query", Reply("Workflow not started or already stopped.\n"))
    server.on("GET", f"{ENGINE}/workflows/375/results/p1", Reply(document("FAILURE")))
    with pytest.raises(RunFlowFailureException) as caught:
        session.workfile.process.attach(375, "p1").wait()
    assert caught.value.web_url == f"{server.url}/#/work_flows/375"
