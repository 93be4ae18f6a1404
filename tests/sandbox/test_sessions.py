from __future__ import annotations

import re

import pytest
import requests

from alpine.sandbox import Sandbox
from tests.sandbox.wire import Wire

LOGIN = {"username": "demo", "password": "alpine-demo"}


def log_in(sandbox: Sandbox, **options: object) -> requests.Response:
    return requests.post(f"{sandbox.base_url}/sessions?session_id=NULL", **options, timeout=10)  # type: ignore[arg-type]


def test_a_log_in_answers_201_with_token_user_and_cookie(sandbox: Sandbox) -> None:
    answer = log_in(sandbox, data=LOGIN)
    body = answer.json()["response"]
    assert answer.status_code == 201
    assert re.fullmatch(r"[A-Za-z0-9_-]{20}", body["session_id"])
    assert body["user"]["username"] == "demo"
    assert body["user"]["roles"] == ["admin"]
    assert body["user"]["is_deleted"] is None
    assert "complete_json" not in body["user"]
    assert "_chorus_session" in answer.cookies
    assert answer.cookies["_chorus_session"] != body["session_id"]


@pytest.mark.parametrize("body", [LOGIN, {"session": LOGIN}])
def test_a_log_in_may_be_json_flat_or_wrapped_and_the_name_in_any_capitals(
    sandbox: Sandbox, body: dict[str, object]
) -> None:
    assert log_in(sandbox, json=body).status_code == 201
    assert log_in(sandbox, data={**LOGIN, "username": "DEMO"}).status_code == 201


def test_tokens_of_the_documented_style_are_40_hexadecimal_digits(sandbox: Sandbox) -> None:
    sandbox.settings.token_style = "hex"
    assert re.fullmatch(r"[0-9a-f]{40}", log_in(sandbox, data=LOGIN).json()["response"]["session_id"])


def test_a_wrong_password_and_blank_fields_have_their_own_401(sandbox: Sandbox) -> None:
    wrong = log_in(sandbox, data={**LOGIN, "password": "nonsense"})
    assert (wrong.status_code, wrong.json()) == (401, {"errors": {"fields": {"username_or_password": {"INVALID": {}}}}})
    blank = log_in(sandbox, data={})
    assert blank.status_code == 401
    assert blank.json()["errors"]["fields"] == {"username": {"BLANK": {}}, "password": {"BLANK": {}}}


def test_an_expired_licence_refuses_the_log_in(sandbox: Sandbox) -> None:
    sandbox.settings.licence_expired = True
    answer = log_in(sandbox, data=LOGIN)
    assert (answer.status_code, answer.json()) == (503, {"errors": {"service": "LICENSE_EXPIRED"}})


def test_a_call_without_a_session_gets_a_blank_401(sandbox: Sandbox) -> None:
    answer = requests.get(f"{sandbox.base_url}/users", timeout=10)
    assert (answer.status_code, answer.text) == (401, " ")


def test_the_cookie_reads_but_may_not_change_without_a_csrf_token(sandbox: Sandbox) -> None:
    with requests.Session() as http:
        token = http.post(f"{sandbox.base_url}/sessions?session_id=NULL", data=LOGIN).json()["response"]["session_id"]
        assert http.get(f"{sandbox.base_url}/users").status_code == 200
        refused = http.post(f"{sandbox.base_url}/workspaces", json={"name": "x"})
        assert (refused.status_code, refused.text) == (403, " ")
        allowed = http.post(f"{sandbox.base_url}/workspaces?session_id={token}", json={"name": "x"})
        assert allowed.status_code == 201


def test_a_csrf_token_makes_up_for_the_missing_parameter(sandbox: Sandbox) -> None:
    with requests.Session() as http:
        token = http.post(f"{sandbox.base_url}/sessions?session_id=NULL", data=LOGIN).json()["response"]["session_id"]
        csrf = http.delete(f"{sandbox.base_url}/sessions?session_id={token}").json()["csrf_token"]
        http.post(f"{sandbox.base_url}/sessions", data=LOGIN, headers={"X-CSRF-Token": csrf})
        made = http.post(f"{sandbox.base_url}/workspaces", json={"name": "x"}, headers={"X-CSRF-Token": csrf})
        assert made.status_code == 201


def test_a_log_in_without_the_dummy_parameter_is_refused(sandbox: Sandbox) -> None:
    assert requests.post(f"{sandbox.base_url}/sessions", data=LOGIN, timeout=10).status_code == 403


@pytest.mark.parametrize("wrong", ["", "stale"])
def test_a_wrong_session_parameter_beats_a_good_cookie(sandbox: Sandbox, wrong: str) -> None:
    with requests.Session() as http:
        http.post(f"{sandbox.base_url}/sessions?session_id=NULL", data=LOGIN)
        assert http.get(f"{sandbox.base_url}/users", params={"session_id": wrong}).status_code == 401


def test_the_session_can_be_read_and_is_over_after_the_log_out(wire: Wire) -> None:
    assert wire.ok("GET", "/sessions")["user"]["id"] == wire.login["user"]["id"]
    answer = wire("DELETE", "/sessions")
    assert answer.status_code == 200
    assert set(answer.json()) == {"csrf_token"}
    assert wire("GET", "/users").status_code == 401
    assert wire("DELETE", "/sessions").status_code == 401


def test_expired_sessions_are_gone(sandbox: Sandbox, wire: Wire) -> None:
    sandbox.expire_sessions()
    assert wire("GET", "/users").status_code == 401


def test_a_session_lives_for_eight_idle_hours_and_is_touched_every_five_minutes() -> None:
    now = [1_000_000.0]
    with Sandbox(clock=lambda: now[0]) as sandbox:
        caller = Wire(sandbox)
        now[0] += 4 * 60
        assert caller("GET", "/users").status_code == 200
        now[0] += 8 * 3600 - 3 * 60
        assert caller("GET", "/users").status_code == 401
        caller = Wire(sandbox)
        now[0] += 6 * 60
        caller("GET", "/users")
        now[0] += 8 * 3600 - 60
        assert caller("GET", "/users").status_code == 200
        now[0] += 7 * 3600
        caller("GET", "/sessions")
        now[0] += 2 * 3600
        assert caller("GET", "/users").status_code == 401
        caller.http.close()


def test_the_administrator_and_the_password_can_be_chosen() -> None:
    with Sandbox(username="root", password="other-password") as sandbox:
        caller = Wire(sandbox, "root", "other-password")
        assert caller.ok("GET", "/users/1")["username"] == "root"
        caller.http.close()
