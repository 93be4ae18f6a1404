from __future__ import annotations

import contextlib
import socket

import pytest
import requests

from alpine.sandbox import Sandbox
from tests.sandbox.wire import Wire

HTML, JSON = {"Accept": "*/*"}, {"Accept": "application/json, text/html"}


def test_every_route_is_served_with_and_without_the_prefix(sandbox: Sandbox, wire: Wire) -> None:
    plain = requests.get(f"{sandbox.url}/users/1", params={"session_id": wire.token}, timeout=10)
    assert plain.json() == wire("GET", "/users/1").json()


def test_version_and_status_need_no_log_in(sandbox: Sandbox) -> None:
    version = requests.get(f"{sandbox.base_url}/VERSION", timeout=10)
    assert (version.status_code, version.text) == (200, "6.3.0.0.5410-sandbox\n")
    assert requests.get(f"{sandbox.base_url}/status", timeout=10).json()["status"] == "Chorus is running"


def test_licence_and_configuration_tell_seats_and_limits(sandbox: Sandbox, wire: Wire) -> None:
    sandbox.settings.jobs_licensed = False
    licence = wire.ok("GET", "/license")
    assert (licence["is_enabled_jobs"], licence["limit_jobs"], licence["is_enabled_api"]) == (False, True, True)
    assert licence["version"].endswith("\n")
    configuration = wire.ok("GET", "/config")
    assert ["Berlin", "Berlin"] in configuration["time_zones"]
    assert configuration["license"] == licence


@pytest.mark.parametrize(
    "path", ["/users/999", "/users/abc", "/users/99999999999999999999999", "/workspaces/%F0%9F%92%A9"]
)
def test_an_unknown_id_is_not_found_in_the_envelope(wire: Wire, path: str) -> None:
    answer = wire("GET", path)
    assert (answer.status_code, answer.json()) == (404, {"errors": {"record": "NOT_FOUND"}})


def test_an_unknown_route_answers_a_page_or_the_frameworks_json(wire: Wire) -> None:
    page = wire("GET", "/nothing/here", headers=HTML)
    assert page.status_code == 404
    assert "<html>" in page.text
    assert wire("GET", "/nothing/here", headers=JSON).json() == {"status": "404", "error": "Not Found"}


def test_a_body_that_is_no_json_is_a_400_of_the_framework(wire: Wire) -> None:
    answer = wire("POST", "/workspaces", data="{", headers={"Content-Type": "application/json", **JSON})
    assert (answer.status_code, answer.json()["status"]) == (400, "400")


def test_a_request_above_the_proxys_limit_is_an_html_413(sandbox: Sandbox, wire: Wire) -> None:
    sandbox.settings.body_limit_mb = 0.01
    answer = wire.upload("big.txt", b"x" * 200_000)
    assert answer.status_code == 413
    assert "<html>" in answer.text
    sandbox.settings.body_limit_mb = 10
    assert wire("GET", "/users").status_code == 200


def test_a_chunked_request_above_the_limit_is_a_413_as_well(sandbox: Sandbox, wire: Wire) -> None:
    sandbox.settings.body_limit_mb = 0.01
    kind = {"Content-Type": "application/json"}
    answer = wire("POST", "/workspaces", data=(b" " * 1000 for _ in range(100)), headers=kind)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("accept", "body"), [("application/json", "{}"), ("*/*", " "), ("text/html, application/json", " ")]
)
def test_a_deletion_answers_by_what_is_accepted_first(wire: Wire, accept: str, body: str) -> None:
    job = wire.ok("POST", "/workspaces/1/jobs", json={"job": {"name": accept, "interval_unit": "on_demand"}})
    answer = wire("DELETE", f"/workspaces/1/jobs/{job['id']}", headers={"Accept": accept})
    assert (answer.status_code, answer.text) == (200, body)


def test_demo_mode_lets_only_administrators_change_anything(sandbox: Sandbox, wire: Wire) -> None:
    sandbox.settings.demo_mode = True
    ada = Wire(sandbox, "ada")
    answer = ada("POST", "/workspaces", json={"name": "x"})
    assert (answer.status_code, answer.json()) == (403, {"errors": {"record": "DEMO_FORBIDDEN"}})
    assert ada("GET", "/users").status_code == 200
    assert wire("POST", "/workspaces", json={"name": "x"}).status_code == 201
    ada.http.close()


def test_a_get_honours_parameters_in_a_json_body_only_with_the_right_type(wire: Wire) -> None:
    assert wire("GET", "/users", json={"per_page": 1}).json()["pagination"]["per_page"] == 1
    assert wire("GET", "/users", data=b'{"per_page": 1}').json()["pagination"]["per_page"] == 50


HOSTILE = [
    *(None, True, -1, 10**30, 1.5, [], [[]], {}, {"a": {"b": []}}),
    *("", "x" * 5000, "\x00", "💩", "\ud800", "'; DROP TABLE x", "../.."),
]
TARGETS = [
    ("POST", "/users", "user", ("username", "password", "first_name", "email", "roles", "admin", "user_type", "notes")),
    ("PUT", "/users/2", "user", ("title", "email", "roles", "admin", "password", "subscribed_to_emails")),
    ("POST", "/workspaces", "workspace", ("name", "public", "summary")),
    ("PUT", "/workspaces/1", "workspace", ("name", "owner_id", "workspace_stage_id", "archived", "project_status")),
    ("POST", "/workspaces/1/members", None, ("members", "member_ids")),
    ("POST", "/workspaces/1/workfiles", "workfile", ("file_name", "entity_subtype", "execution_locations")),
    ("POST", "/workspaces/1/workfiles", "workfile", ("versions_attributes", "description")),
    ("DELETE", "/workspaces/1/workfiles", None, ("workfile_ids",)),
    ("POST", "/data_sources", "data_source", ("name", "entity_type", "host", "port", "state")),
    ("POST", "/hdfs_data_sources", "hdfs_data_source", ("name", "connection_parameters", "port", "high_availability")),
    ("POST", "/workspaces/1/jobs", "job", ("name", "interval_unit", "interval_value", "enabled", "success_recipients")),
    ("POST", "/workspaces/1/jobs", "job", ("owner_id", "description", "failure_notify")),
    ("POST", "/sessions", "session", ("username", "password")),
    ("GET", "/users", None, ("page", "per_page", "order")),
    ("GET", "/workspaces", None, ("user_id", "active", "succinct")),
    ("GET", "/data_sources", None, ("entity_type", "all")),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "wrapper", "names"), TARGETS)
def test_no_value_in_any_field_makes_the_server_stumble(
    sandbox: Sandbox, wire: Wire, method: str, path: str, wrapper: str | None, names: tuple[str, ...]
) -> None:
    for name in names:
        for value in HOSTILE:
            body = {name: value}
            answer = wire(method, path, json={wrapper: body} if wrapper else body)
            assert answer.status_code < 500, (name, value, answer.text)


@pytest.mark.parametrize("body", [b"[]", b"null", b'"x"', b"[" * 100_000, b"\xff\xfe", b'{"user": []}', b'{"user": 1}'])
def test_no_shape_of_body_makes_the_server_stumble(wire: Wire, body: bytes) -> None:
    for method, path in (("POST", "/users"), ("PUT", "/workspaces/1"), ("POST", "/workspaces/1/members")):
        answer = wire(method, path, data=body, headers={"Content-Type": "application/json"})
        assert answer.status_code < 500, answer.text


@pytest.mark.parametrize("form", ["a=1&a[b]=2", "a[]=1&a[b]=2", "user[" + "[x]" * 200 + "=1", "=1&[]=2&[a]=3&]=4"])
def test_contradicting_form_names_are_an_error_of_the_caller(wire: Wire, form: str) -> None:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert wire("POST", "/users", data=form, headers=kind).status_code in (400, 422)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8080", 200),
        ("LOCALHOST", 200),
        ("test.localhost", 200),
        ("127.0.0.1", 200),
        ("127.1.2.3:80", 200),
        ("[::1]:8080", 200),
        ("evil.example.com", 403),
        ("localhost.example.com", 403),
        ("127.0.0.1.example.com", 403),
        ("192.0.2.1", 403),
        ("[::1", 403),
        ("a b", 403),
    ],
)
def test_only_names_of_this_machine_are_answered_to(sandbox: Sandbox, host: str, status: int) -> None:
    # The name of a page of the web may lead to this machine, and its scripts with it.
    assert requests.get(f"{sandbox.base_url}/status", headers={"Host": host}, timeout=10).status_code == status


def raw(sandbox: Sandbox, content: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=10) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(content)
            connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError):
            return connection.recv(1000)
    return b""


def test_a_negative_length_is_a_bad_request(sandbox: Sandbox, wire: Wire) -> None:
    head = f"POST /api/users?session_id={wire.token} HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n{{}}"
    assert b" 400 " in raw(sandbox, head.encode()).splitlines()[0]


def test_a_head_without_end_is_refused(sandbox: Sandbox) -> None:
    said = raw(sandbox, b"GET /api/status HTTP/1.1\r\nHost: localhost\r\nA: " + b"x" * 20_000_000)
    assert b" 200 " not in said
    assert requests.get(f"{sandbox.base_url}/status", timeout=10).status_code == 200
