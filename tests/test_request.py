"""Any endpoint can be called with the same login, errors, retries and paging."""

from __future__ import annotations

from typing import Any

import pytest

from alpine import APIClient
from alpine.exception import (
    AlpineSessionNotFoundException,
    ForbiddenException,
    InvalidArgumentException,
    InvalidResponseException,
    NotFoundException,
    OutcomeUnknownException,
    ValidationException,
)
from alpine.sandbox import Sandbox
from tests.scripted import Reply, ScriptedServer

ENGINE = "/alpinedatalabs/api/v1/json"


def test_what_stands_in_the_envelope_is_returned(client: APIClient) -> None:
    assert client.request("get", "users/1")["username"] == "demo"
    assert client.request("GET", "/users/1/")["username"] == "demo"
    assert [user["id"] for user in client.request("GET", "users", params={"per_page": 2, "page": 2})] == [4, 1]


def test_what_has_no_envelope_is_returned_as_it_is(client: APIClient) -> None:
    assert client.request("GET", "status")["status"] == "Chorus is running"
    assert client.request("GET", "VERSION").startswith("6.3")
    number = client.job.create(1, "report")["id"]
    assert client.request("GET", f"jobs/{number}/job_results/latest") is None
    assert client.request("DELETE", f"workspaces/1/jobs/{number}") in (None, {})


def test_a_body_travels_as_json_as_a_form_or_as_bytes(client: APIClient) -> None:
    assert client.request("POST", "workspaces", json={"name": "json"})["name"] == "json"
    assert client.request("POST", "workspaces", data={"workspace[name]": "form"})["name"] == "form"
    assert client.request("PUT", "workspaces/1", json={"summary": ""})["summary"] == ""


def test_bytes_are_sent_as_they_are(server: ScriptedServer, session: APIClient) -> None:
    server.on("POST", "/api/uploads", Reply(" "))
    assert session.request("POST", "uploads", data=b"\x00\xff") is None
    assert server.asked[-1].body == b"\x00\xff"


def test_all_pages_of_a_list_are_read(client: APIClient) -> None:
    for number in range(120):
        client.request("POST", "workspaces", json={"name": f"w{number}"})
    assert len(client.request("GET", "workspaces", all_pages=True)) == 121
    assert len(client.request("GET", "workspaces")) == 50


def test_the_engine_is_reached_with_its_own_token(server: ScriptedServer, session: APIClient) -> None:
    server.on("POST", f"{ENGINE}/processes/p/stop", Reply("request accepted.\n"))
    assert session.request("POST", f"{ENGINE}/processes/p/stop") == "request accepted.\n"
    assert server.asked[-1].headers["x-token"] == session.token
    assert "session_id" not in server.asked[-1].query


def test_an_answer_that_says_no_is_its_own_exception(client: APIClient, ada: APIClient, sandbox: Sandbox) -> None:
    with pytest.raises(NotFoundException, match="Could not GET users/99"):
        client.request("GET", "users/99")
    with pytest.raises(ValidationException) as caught:
        client.request("POST", "workspaces", json={"name": "SANDBOX"})
    assert (caught.value.fields, caught.value.status_code) == ({"name": {"TAKEN": {}}}, 422)
    with pytest.raises(ForbiddenException):
        ada.request("DELETE", "workspaces/1")
    stranger = APIClient(sandbox.url, token="no-such-token")
    with pytest.raises(AlpineSessionNotFoundException, match="Log in again"):
        stranger.request("GET", "users")


def test_an_expired_login_is_renewed(client: APIClient, sandbox: Sandbox) -> None:
    sandbox.expire_sessions()
    assert client.request("POST", "workspaces", json={"name": "later"})["name"] == "later"


@pytest.mark.parametrize(("idempotent", "asked"), [(True, 2), (None, 1)])
def test_only_what_may_be_repeated_is_sent_again(
    client: APIClient, sandbox: Sandbox, idempotent: bool | None, asked: int
) -> None:
    sandbox.fault("drop", method="PUT", when="after")
    before = len(sandbox.requests)

    def put() -> Any:
        return client.request("PUT", "workspaces/1", json={"summary": "x"}, idempotent=idempotent)

    if idempotent:
        assert put()["summary"] == "x"
    else:
        with pytest.raises(OutcomeUnknownException):
            put()
    assert len(sandbox.requests) - before == asked


@pytest.mark.parametrize(
    "path",
    [
        "http://elsewhere.example.com/x",
        "../x",
        "users/../../x",
        "",
        " ",
        None,
        "users /1",
        "users\n",
        "%2e%2e/x",
        "x/.%2E/y",
        "a%2f..%2fb",
        "users#1",
        "a\\b",
        "..\\x",
    ],
)
def test_a_path_that_could_lead_elsewhere_is_refused(server: ScriptedServer, session: APIClient, path: Any) -> None:
    with pytest.raises(InvalidArgumentException, match="path must be"):
        session.request("GET", path)
    assert server.asked == []


@pytest.mark.parametrize(
    ("method", "more"),
    [
        ("CONNECT", {}),
        ("POST", {"all_pages": True}),
        ("GET", {"all_pages": True, "json": {}}),
        ("POST", {"json": {}, "data": {}}),
    ],
)
def test_a_call_that_makes_no_sense_is_refused(
    server: ScriptedServer, session: APIClient, method: str, more: dict[str, Any]
) -> None:
    with pytest.raises(InvalidArgumentException):
        session.request(method, "users", **more)
    assert server.asked == []


def test_all_pages_of_what_is_no_list_is_told(client: APIClient) -> None:
    with pytest.raises(InvalidResponseException, match="holds no list"):
        client.request("GET", "users/1", all_pages=True)
