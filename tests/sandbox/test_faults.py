from __future__ import annotations

import socket
from typing import Any

import pytest
import requests

from alpine.sandbox import Sandbox
from tests.sandbox.wire import Wire


def test_a_status_is_given_for_the_first_requests_that_match(sandbox: Sandbox, wire: Wire) -> None:
    sandbox.fault("status", status=503, path="/users", times=2, body={"errors": {}}, headers={"Retry-After": "1"})
    assert wire("GET", "/workspaces").status_code == 200
    first, second, third = (wire("GET", "/users") for _ in range(3))
    assert (first.status_code, first.json(), first.headers["Retry-After"]) == (503, {"errors": {}}, "1")
    assert (second.status_code, third.status_code) == (503, 200)
    assert ("GET", "/api/users", 503) in sandbox.requests


def test_a_rule_can_be_for_a_verb_and_begin_later(sandbox: Sandbox, wire: Wire) -> None:
    sandbox.fault("status", status=502, method="post", after=1)
    statuses = [wire("POST", "/workspaces", json={"name": name}).status_code for name in "abc"]
    assert statuses == [201, 502, 201]
    assert [row["name"] for row in wire.ok("GET", "/workspaces")] == ["a", "c", "Sandbox"]


def test_a_rule_without_an_end_holds_until_it_is_cleared(sandbox: Sandbox, wire: Wire) -> None:
    sandbox.fault("html500", times=None)
    for _ in range(3):
        answer = wire("GET", "/users")
        assert answer.status_code == 500
        assert "<html>" in answer.text
    sandbox.clear_faults()
    assert wire("GET", "/users").status_code == 200


def test_a_delay_is_longer_than_a_short_time_out(sandbox: Sandbox, wire: Wire) -> None:
    sandbox.fault("delay", seconds=0.3)
    with pytest.raises(requests.ReadTimeout):
        wire("GET", "/users", timeout=0.05)
    assert wire("GET", "/users").status_code == 200


@pytest.mark.parametrize("kind", ["drop", "reset"])
@pytest.mark.parametrize(("when", "made"), [("before", False), ("after", True)])
def test_a_connection_is_lost_before_or_after_the_work(
    sandbox: Sandbox, wire: Wire, kind: str, when: str, made: bool
) -> None:
    sandbox.fault(kind, method="POST", when=when)
    with pytest.raises(requests.ConnectionError):
        wire("POST", "/workspaces", json={"name": "mine"})
    names = [row["name"] for row in wire.ok("GET", "/workspaces")]
    assert ("mine" in names) is made


@pytest.mark.parametrize("kind", ["drop", "reset"])
def test_a_drop_ends_the_stream_and_a_reset_breaks_it(sandbox: Sandbox, kind: str) -> None:
    sandbox.fault(kind)
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=10) as raw:
        raw.sendall(b"GET /api/VERSION HTTP/1.1\r\nHost: x\r\n\r\n")
        if kind == "drop":
            assert raw.recv(1000) == b""
        else:
            with pytest.raises(ConnectionResetError):
                raw.recv(1000)


def test_a_body_is_cut_off(sandbox: Sandbox, wire: Wire) -> None:
    sandbox.fault("truncate", keep=10)
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="10 bytes read"):
        wire("GET", "/users")
    assert wire("GET", "/users").status_code == 200


def test_a_token_expires_at_once(sandbox: Sandbox, wire: Wire) -> None:
    sandbox.fault("expire", path="/users$")
    assert wire("GET", "/workspaces").status_code == 200
    assert wire("GET", "/users").status_code == 401
    assert wire("GET", "/workspaces").status_code == 401


def test_json_can_break_off(sandbox: Sandbox, wire: Wire) -> None:
    sandbox.fault("malformed")
    answer = wire("GET", "/users")
    assert answer.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


@pytest.mark.usefixtures("people")
def test_an_operator_fails_by_its_name(sandbox: Sandbox, wire: Wire) -> None:
    number = wire.upload_flow()["id"]
    sandbox.fault("node_failure", operator="Row Filter")
    failed, fine = (wire.finished(number, wire.run(number)) for _ in range(2))
    assert failed["flowMetaInfo"]["status"] != "SUCCESS"
    assert fine["flowMetaInfo"]["status"] == "SUCCESS"


def test_a_refused_upload_is_read_to_its_end(sandbox: Sandbox, wire: Wire) -> None:
    sandbox.fault("html500", method="POST")
    assert wire.upload("a.txt", b"x" * 5_000_000).status_code == 500
    assert wire("GET", "/users").status_code == 200


@pytest.mark.parametrize(
    ("kind", "options"), [("explode", {}), ("delay", {"second": 1}), ("drop", {"when": "maybe"}), ("node_failure", {})]
)
def test_a_rule_that_makes_no_sense_is_refused(sandbox: Sandbox, kind: str, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=kind if kind != "drop" else "when"):
        sandbox.fault(kind, **options)
