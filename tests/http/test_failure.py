"""What went wrong below, told in words of ours: the kind, whether anything was sent, and what to do."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
import urllib3.exceptions as urllib3_errors

from alpine import APIClient, Workfile
from alpine._http.failure import Failure
from alpine.exception import (
    AlpineException,
    InvalidArgumentException,
    InvalidResponseException,
    LocalFileException,
    OutcomeUnknownException,
    RequestTimeoutException,
    ServerConnectionException,
    TLSException,
    WorkfileNotFoundException,
)
from tests.inside import set_clock
from tests.reliability.wire import TOKEN, Asked, WireServer
from tests.scripted import FakeTime, Reply, ScriptedServer


@pytest.mark.parametrize(
    ("error", "kind", "sent", "retried"),
    [
        (requests.ConnectionError("x"), ServerConnectionException, True, True),
        (requests.ConnectTimeout("x"), RequestTimeoutException, False, True),
        (requests.ReadTimeout("x"), RequestTimeoutException, True, True),
        (TimeoutError("x"), RequestTimeoutException, True, True),
        (
            requests.exceptions.ContentDecodingError(urllib3_errors.DecodeError("x")),
            InvalidResponseException,
            True,
            False,
        ),
        (requests.exceptions.InvalidURL("x"), InvalidArgumentException, False, False),
        (requests.exceptions.InvalidProxyURL("x"), InvalidArgumentException, False, False),
        (requests.exceptions.InvalidHeader("x"), InvalidArgumentException, False, False),
        (ValueError("x"), InvalidArgumentException, False, False),
        (requests.exceptions.SSLError(ssl.SSLCertVerificationError("x")), TLSException, False, False),
        (requests.exceptions.SSLError(ssl.SSLEOFError("x")), ServerConnectionException, True, True),
        (urllib3_errors.ClosedPoolError(None, "x"), ServerConnectionException, False, True),  # type: ignore[arg-type]
        (requests.ConnectionError(socket.gaierror(-2, "unknown")), ServerConnectionException, False, True),
    ],
)
def test_each_error_below_has_its_meaning(
    error: Exception, kind: type[AlpineException], sent: bool, retried: bool
) -> None:
    failure = Failure.of(error)
    assert (failure.kind, failure.sent, failure.retried) == (kind, sent, retried)


def test_bytes_that_were_spoilt_under_way_were_sent() -> None:
    error = ssl.SSLError(1, "[SSL] bad record")
    error.reason = "DECRYPTION_FAILED_OR_BAD_RECORD_MAC"
    assert Failure.of(requests.exceptions.SSLError(error)).sent


def test_what_was_being_handled_before_the_call_is_no_cause_of_its_failure(
    server: ScriptedServer, session: APIClient, fake_time: FakeTime
) -> None:
    with pytest.raises(WorkfileNotFoundException):
        session.workfile.get(1)
    server.on("GET", "/api/workfiles/2", Reply(fault="close"))
    server.on("GET", "/api/workfiles/3", Reply({"response": {}}, fault="truncate"))
    for number in (2, 3):
        try:
            session.workfile.get(1)
        except WorkfileNotFoundException:
            with pytest.raises(ServerConnectionException):
                session.workfile.get(number)
    try:
        raise ssl.SSLCertVerificationError("an older story")
    except ssl.SSLError:
        with pytest.raises(ServerConnectionException) as caught:
            session.workfile.get(2)
    assert type(caught.value) is ServerConnectionException


def test_a_local_file_that_fails_while_it_is_sent_is_told_as_such(
    server: ScriptedServer, session: APIClient, tmp_path: Path
) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"x" * 3_000_000)

    def shorten(request: requests.PreparedRequest) -> requests.PreparedRequest:
        path.write_bytes(b"x")
        return request

    session.session.auth = shorten
    with pytest.raises(LocalFileException, match="became shorter"):
        session.workfile.upload_file(1, path)
    assert server.count("POST") == 0


@pytest.mark.parametrize(
    ("base_url", "kind"),
    [
        ("http:///api", InvalidArgumentException),
        ("http://a..b/api", InvalidArgumentException),
        ("http://" + "a" * 70 + ".invalid/api", InvalidArgumentException),
        ("ftp://host/api", InvalidArgumentException),
        ("nonsense", InvalidArgumentException),
        ("http://host:99999/api", InvalidArgumentException),
        ("http://[::1/api", InvalidArgumentException),
        ("http://nowhere.invalid/api", ServerConnectionException),
    ],
)
def test_an_address_that_is_none_is_told_without_the_token(base_url: str, kind: type[AlpineException]) -> None:
    with pytest.raises(kind) as caught:
        workfile = Workfile(base_url, requests.Session(), TOKEN)
        set_clock(workfile)
        workfile.get(1)
    assert TOKEN not in f"{caught.value} {vars(caught.value)}"


def test_a_ca_file_of_the_environment_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    with pytest.raises(InvalidArgumentException, match=r"/nowhere/ca\.pem"):
        APIClient("https://127.0.0.1:1", token=TOKEN).workspace.create("x")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s.headers.update({"X-Bad": "a\r\nb"}), "header"),
        (lambda s: s.headers.update({"X-Bad": "wörld\u2026"}), "header"),
        (lambda s: s.proxies.update({"http": "nonsense://[x"}), "proxy"),
    ],
)
def test_settings_that_cannot_be_sent_are_told(
    session: APIClient, change: Callable[[requests.Session], None], words: str
) -> None:
    change(session.session)
    with pytest.raises(InvalidArgumentException, match=words) as caught:
        session.get_license()
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_plain_http_spoken_to_a_port_that_answers_otherwise_hints_at_https() -> None:
    def answer(connection: socket.socket, _asked: Asked) -> bool:
        connection.sendall(b"\x15\x03\x01\x00\x02\x02\x16\r\n")
        return False

    server = WireServer(answer)
    client = APIClient(server.url, token=TOKEN)
    client.retries = client.retries.new(total=0)
    with pytest.raises(ServerConnectionException, match="is_secure=True"):
        client.get_license()
    with pytest.raises(OutcomeUnknownException):
        client.workspace.create("x")
    server.close()


def test_a_proxy_that_refuses_to_connect_has_sent_nothing_on() -> None:
    def answer(connection: socket.socket, _asked: Asked) -> bool:
        connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        return False

    proxy = WireServer(answer)
    client = APIClient("https://alpine.invalid", token=TOKEN, proxies={"https": proxy.url})
    set_clock(client)
    with pytest.raises(ServerConnectionException, match=r"the proxy refuses.*407"):
        client.workspace.create("x")
    proxy.close()
