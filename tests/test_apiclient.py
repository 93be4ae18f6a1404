"""One login, used by all resources, told to nobody."""

from __future__ import annotations

import json
import logging
import pickle
import threading
from pathlib import Path
from typing import Any

import pytest

from alpine import APIClient, Workfile, retry_policy
from alpine.exception import (
    AlpineException,
    AlpineSessionNotFoundException,
    InvalidArgumentException,
    InvalidResponseException,
    LoginFailureException,
    RedirectException,
    RequestTimeoutException,
    ResponseTooLargeException,
    ServerConnectionException,
    ServerErrorException,
    TooManyRequestsException,
)
from tests.conftest import TOKEN
from tests.inside import set_clock
from tests.scripted import LOGIN, Asked, FakeTime, Reply, ScriptedServer

PASSWORD = "correct horse battery"
WRONG = Reply({"errors": {"fields": {"username_or_password": {"INVALID": {}}}}}, 401)


def test_a_user_and_a_password_log_in(server: ScriptedServer) -> None:
    server.on_login()
    with APIClient(server.url, username="ada", password=PASSWORD) as session:
        asked = server.asked[0]
        assert (asked.method, asked.path, asked.query) == ("POST", "/api/sessions", {"session_id": ["NULL"]})
        assert asked.body == b"username=ada&password=correct+horse+battery"
        assert session.token == LOGIN["response"]["session_id"]
        assert session.user_id == 7
        assert PASSWORD not in repr(session)
        assert session.token not in repr(session)
        assert "ada" in repr(session)
        server.on("GET", "/api/license", Reply({"response": {"workflow_enabled": True}}))
        assert session.get_license() == {"workflow_enabled": True}
        assert server.asked[-1].headers["Cookie"] == "_session_id=cookie-secret-1"
    assert server.asked[-1].method == "DELETE"
    assert session.token is None


def test_a_wrong_password_raises(server: ScriptedServer) -> None:
    server.on("POST", "/api/sessions", WRONG)
    with pytest.raises(LoginFailureException, match="INVALID") as caught:
        APIClient(server.url, username="ada", password=PASSWORD)
    assert PASSWORD not in str(caught.value)
    assert server.count("POST") == 1


def test_a_constructor_without_credentials_sends_nothing(server: ScriptedServer) -> None:
    APIClient(server.url).session.close()
    APIClient(server.url, token=TOKEN).session.close()
    assert server.asked == []


def test_a_token_handed_in_stays_valid(server: ScriptedServer) -> None:
    with APIClient(server.url, token=TOKEN):
        pass
    assert server.asked == []


@pytest.mark.parametrize("token", ["a1b2c3d4e5f6a7b8c9d0" * 2, "AbC-_9xYz0123456789_"])
def test_tokens_of_every_version_work(server: ScriptedServer, token: str) -> None:
    server.on("GET", "/api/sessions", Reply({"response": {"session_id": token, "user": {"id": 9}}}))
    with APIClient(server.url, token=token) as session:
        assert session.user_id == 9
    assert server.asked[-1].query == {"session_id": [token]}


@pytest.mark.parametrize("token", ["", " ", "a b", "a\nb", "tökén", 3])
def test_a_token_that_cannot_travel_is_refused(token: Any) -> None:
    with pytest.raises(InvalidArgumentException) as caught:
        APIClient("localhost", token=token)
    assert str(token).strip() == "" or str(token) not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "base_url"),
    [
        ({"host": "h"}, "http://h/api"),
        ({"host": "h", "port": 8080}, "http://h:8080/api"),
        ({"host": "h", "port": "8080"}, "http://h:8080/api"),
        ({"host": "h", "port": "80"}, "http://h/api"),
        ({"host": "h", "is_secure": True}, "https://h/api"),
        ({"host": "h", "port": 443, "is_secure": True}, "https://h/api"),
        ({"host": "https://alpine.example.com:8443"}, "https://alpine.example.com:8443/api"),
        ({"host": "https://alpine.example.com/proxy/"}, "https://alpine.example.com/proxy/api"),
        ({"host": "http://h:1/api"}, "http://h:1/api"),
        ({"host": "h:81"}, "http://h:81/api"),
        ({"host": "[::1]", "port": 5}, "http://[::1]:5/api"),
    ],
)
def test_the_base_url_is_put_together(arguments: dict[str, Any], base_url: str) -> None:
    assert APIClient(**arguments).base_url == base_url


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"host": ""},
        {"host": "ftp://h"},
        {"host": "http://user:secret@h"},
        {"host": "http://h?x=1"},
        {"host": "h x"},
        {"host": "h\ud800"},
        {"host": "h", "proxies": "http://user:secret@p:1"},
        {"host": "h", "proxies": {"https": 5}},
        {"host": "h", "port": 0},
        {"host": "h", "port": "http"},
        {"host": "h", "port": 70000},
        {"host": "h", "timeout": "soon"},
        {"host": "h", "timeout": (1, -1)},
        {"host": "h", "logging_level": "LOUD"},
    ],
)
def test_wrong_arguments_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentException) as caught:
        APIClient(**arguments)
    assert "secret" not in str(caught.value)


def test_the_environment_fills_in_what_is_not_given(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.on_login()
    monkeypatch.setenv("ALPINE_HOST", "127.0.0.1")
    monkeypatch.setenv("ALPINE_PORT", str(server.port))
    monkeypatch.setenv("ALPINE_USERNAME", "ada")
    monkeypatch.setenv("ALPINE_PASSWORD", PASSWORD)
    assert APIClient().token == LOGIN["response"]["session_id"]
    assert APIClient("127.0.0.1").token == LOGIN["response"]["session_id"]
    assert APIClient(token=TOKEN + "x").token == TOKEN + "x"
    assert APIClient("localhost").token is None
    monkeypatch.setenv("ALPINE_TOKEN", "from-the-environment")
    monkeypatch.delenv("ALPINE_USERNAME")
    monkeypatch.delenv("ALPINE_PASSWORD")
    assert APIClient().token == "from-the-environment"
    assert APIClient(username="ada", password=PASSWORD).token == LOGIN["response"]["session_id"]


def test_from_file_reads_the_notebooks_configuration(server: ScriptedServer, tmp_path: Path) -> None:
    server.on_login()
    path = tmp_path / "alpine_login.json"
    path.touch(0o600)
    path.write_text(
        json.dumps({"host": "127.0.0.1", "port": str(server.port), "username": "ada", "password": PASSWORD})
    )
    assert APIClient.from_file(path).user_id == 7
    for content in ("", "[]", "{}", "nonsense"):
        path.write_text(content)
        with pytest.raises(InvalidArgumentException):
            APIClient.from_file(path)
    with pytest.raises(AlpineException, match="No such file"):
        APIClient.from_file(tmp_path / "missing.json")


def test_status_and_version_need_no_login(server: ScriptedServer) -> None:
    server.on("GET", "/api/status", Reply({"user_count_exceeded": False, "status": "Chorus is running"}))
    server.on("GET", "/api/VERSION", Reply("6.3.0.0.5410-4ef43d3c9\n", headers={"Content-Type": "text/html"}))
    session = APIClient(server.url)
    assert session.get_status()["status"] == "Chorus is running"
    assert session.get_version() == "6.3.0.0.5410-4ef43d3c9"


def test_an_expired_login_is_renewed_once_for_all_threads(server: ScriptedServer) -> None:
    server.on_login()
    session = APIClient(server.url, username="ada", password=PASSWORD)
    renewed = Reply({"response": {"session_id": "scripted-token-000002", "user": {"id": 7}}}, 201)
    server.on("POST", "/api/sessions", renewed)

    def license(asked: Asked) -> Reply:
        fresh = asked.query["session_id"] == ["scripted-token-000002"]
        return Reply({"response": {"ok": 1}}) if fresh else Reply(" ", 401)

    server.on("GET", "/api/license", license)
    threads = [threading.Thread(target=session.get_license) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.count("POST") == 2
    assert session.get_license() == {"ok": 1}


def test_a_password_may_be_a_function(server: ScriptedServer) -> None:
    server.on_login()
    asked: list[int] = []

    def ask() -> str:
        asked.append(1)
        return PASSWORD

    session = APIClient(server.url, username="ada", password=ask)
    server.on("GET", "/api/license", Reply(" ", 401), Reply({"response": {}}))
    server.on("POST", "/api/sessions", Reply({"response": {"session_id": "scripted-token-000002"}}, 201))
    session.get_license()
    assert len(asked) == 2


def test_an_expired_token_without_credentials_raises(server: ScriptedServer, session: APIClient) -> None:
    server.on("GET", "/api/license", Reply(" ", 401))
    with pytest.raises(AlpineSessionNotFoundException, match="login"):
        session.get_license()
    assert server.count("POST") == 0


def test_nobody_logs_in_again_after_a_logout(server: ScriptedServer) -> None:
    server.on_login()
    session = APIClient(server.url, username="ada", password=PASSWORD)
    session.logout()
    session.logout()
    with pytest.raises(AlpineException):
        session.get_license()
    assert server.count("POST") == 1
    assert server.count("DELETE") == 1


@pytest.mark.parametrize("reply", [Reply("", 500), Reply("", 403), Reply("<html>"), Reply(fault="close")])
def test_a_logout_that_fails_forgets_the_token_all_the_same(server: ScriptedServer, reply: Reply) -> None:
    server.on_login()
    session = APIClient(server.url, username="ada", password="a password")
    session.retries = retry_policy(0)
    server.on("DELETE", "/api/sessions", reply)
    with pytest.raises(AlpineException):
        session.logout()
    assert session.token is None
    server.on("GET", "/api/VERSION", Reply("6.3"))
    session.get_version()
    assert "session_id" not in server.asked[-1].query
    assert "Cookie" not in server.asked[-1].headers
    assert session.logout() == {}
    assert server.count("DELETE") == 1


def test_a_login_during_a_logout_stays(server: ScriptedServer) -> None:
    server.on_login()
    session = APIClient(server.url, username="ada", password=PASSWORD)

    def log_in_meanwhile(_asked: Asked) -> Reply:
        again = {"response": {"session_id": "another-token-2", "user": {"id": 7}}}
        server.on("POST", "/api/sessions", Reply(again, 201))
        session.login("ada", PASSWORD)
        return Reply({})

    server.on("DELETE", "/api/sessions", log_in_meanwhile)
    session.logout()
    assert session.token == "another-token-2"


def test_a_new_login_reaches_resources_that_were_kept(server: ScriptedServer) -> None:
    session = APIClient(server.url)
    kept = session.workfile.process
    server.on_login()
    session.login("ada", PASSWORD)
    assert kept.token == session.token == LOGIN["response"]["session_id"]


def test_cookies_of_other_answers_change_nothing(server: ScriptedServer, session: APIClient) -> None:
    server.on("GET", "/api/license", Reply({"response": {}}, headers={"Set-Cookie": "tracking=1; path=/"}))
    session.get_license()
    session.get_license()
    assert "Cookie" not in server.asked[-1].headers


def test_hundred_calls_travel_on_one_connection(server: ScriptedServer, session: APIClient) -> None:
    server.on("GET", "/api/license", Reply({"response": {}}))
    for _ in range(100):
        session.get_license()
    assert len({asked.client for asked in server.asked}) == 1


def test_what_is_set_on_the_session_acts(server: ScriptedServer, session: APIClient) -> None:
    server.on("GET", "/api/license", Reply({"response": {}}))
    session.session.headers["X-Trace"] = "1"
    session.session.params = {"extra": "2"}
    session.session.cookies.set("own", "3")
    session.session.auth = ("proxy-user", "proxy-secret")
    session.get_license()
    asked = server.asked[-1]
    assert asked.headers["X-Trace"] == "1"
    assert asked.query["extra"] == ["2"]
    assert asked.headers["Cookie"] == "own=3"
    assert asked.headers["Authorization"].startswith("Basic ")


def test_netrc_and_a_later_environment_are_not_looked_at(
    server: ScriptedServer, session: APIClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password from-netrc\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    server.on("GET", "/api/license", Reply({"response": {}}))
    session.get_license()
    assert "Authorization" not in server.asked[-1].headers


def test_a_proxy_of_the_environment_is_used_unless_one_is_given(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    server.on("GET", "http://alpine.invalid/api/status|/api/status", Reply({"status": "through the proxy"}))
    assert APIClient("alpine.invalid").get_status()["status"] == "through the proxy"
    assert APIClient(server.url, proxies={}).get_status()["status"] == "through the proxy"
    monkeypatch.setenv("no_proxy", "alpine.invalid")
    client = APIClient("alpine.invalid")
    assert client.session.proxies.get("http") is None


# answers that make no sense


@pytest.mark.parametrize(
    "reply",
    [
        Reply("<html>login page</html>"),
        Reply(b"\xff\xfe\x00garbage"),
        Reply('{"response": {"a": 1'),
        Reply("[" * 100_000),
        Reply('{"response": ' + "9" * 5000 + "}"),
        Reply('{"response": []}'),
        Reply("{}"),
        Reply("null"),
        Reply('"text"'),
        Reply(b""),
    ],
)
def test_an_answer_that_makes_no_sense_is_one_exception(
    server: ScriptedServer, session: APIClient, reply: Reply
) -> None:
    server.on("GET", "/api/license", reply)
    with pytest.raises(InvalidResponseException) as caught:
        session.get_license()
    assert caught.value.status_code == 200
    assert str(session.token) not in (caught.value.url or "")


def test_an_answer_beyond_the_limit_is_refused(server: ScriptedServer, session: APIClient) -> None:
    server.on("GET", "/api/license", Reply({"response": {"x": "y" * 1000}}))
    session.answer_limit = 500
    with pytest.raises(ResponseTooLargeException, match="500"):
        session.get_license()
    session.answer_limit = 5000
    assert len(session.get_license()["x"]) == 1000


def test_redirects_never_take_the_token_elsewhere(server: ScriptedServer, session: APIClient) -> None:
    elsewhere = ScriptedServer()
    try:
        for target in (f"{elsewhere.url}/api/license", "http://other.invalid/", "//other.invalid/x", "/api/other", ""):
            server.on("GET", "/api/license", Reply("", 302, {"Location": target}))
            with pytest.raises(RedirectException):
                session.get_license()
        assert elsewhere.asked == []
        server.on("POST", "/alpinedatalabs/.*", Reply("", 302, {"Location": f"https://127.0.0.1:{server.port}/x"}))
        with pytest.raises(RedirectException, match="is_secure=True"):
            session.workfile.process.run(1)
    finally:
        elsewhere.close()


# lost connections


def test_a_server_that_is_not_there_is_told_without_the_url(server: ScriptedServer) -> None:
    server.close()
    session = APIClient(server.url, token=TOKEN)
    time = set_clock(session)
    with pytest.raises(ServerConnectionException, match="connection refused") as caught:
        session.get_license()
    assert isinstance(caught.value, ConnectionError)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert TOKEN not in f"{caught.value.__dict__}"
    assert len(time.sleeps) == 4


def test_a_read_is_repeated_after_trouble(server: ScriptedServer, session: APIClient, fake_time: FakeTime) -> None:
    troubles = [Reply(fault="close"), Reply("", 503), Reply("", 502), Reply("", 429, {"Retry-After": "7"})]
    server.on("GET", "/api/license", *troubles, Reply({"response": {"ok": True}}))
    assert session.get_license() == {"ok": True}
    assert 7 in fake_time.sleeps


def test_a_long_retry_after_is_refused_with_its_value(
    server: ScriptedServer, session: APIClient, fake_time: FakeTime
) -> None:
    server.on("GET", "/api/license", Reply("", 429, {"Retry-After": "3600"}))
    with pytest.raises(TooManyRequestsException) as caught:
        session.get_license()
    assert caught.value.retry_after == 3600
    assert fake_time.sleeps == []


def test_a_server_that_does_not_answer_ends_in_a_timeout(server: ScriptedServer) -> None:
    server.on("GET", "/api/license", Reply(delay=5))
    for timeout in ((30, 0.05), 0.05):
        session = APIClient(server.url, token=TOKEN, timeout=timeout)
        session.retries = session.retries.new(total=0)
        with pytest.raises(RequestTimeoutException, match="no response") as caught:
            session.get_license()
        assert isinstance(caught.value, TimeoutError)


def test_logs_hold_no_secret(server: ScriptedServer, caplog: pytest.LogCaptureFixture) -> None:
    server.on_login()
    with caplog.at_level(logging.DEBUG):
        session = APIClient(server.url, username="ada", password=PASSWORD)
        server.on("GET", "/api/license", Reply({"response": {}}))
        session.get_license()
    assert "/api/license" in caplog.text
    for secret in (PASSWORD, str(session.token), "correct+horse", "cookie-secret-1"):
        assert secret not in caplog.text


def test_exceptions_of_a_call_pickle(server: ScriptedServer, session: APIClient) -> None:
    with pytest.raises(AlpineException) as caught:
        session.workfile.get(1)
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (str(copy), copy.status_code, copy.url) == (str(caught.value), 404, caught.value.url)


def test_no_certificate_check_warns_once(server: ScriptedServer) -> None:
    with pytest.warns(UserWarning, match="not verified"):
        APIClient("https://localhost", validate_certs=False)


def test_a_token_set_by_hand_stays_valid_when_the_client_ends(server: ScriptedServer) -> None:
    server.on_login()
    with APIClient(server.url, username="ada", password=PASSWORD) as session:
        session.token = "handed-in-token-1"
    assert server.count("DELETE") == 0


def test_the_login_of_a_session_stays_with_its_server(server: ScriptedServer, session: APIClient) -> None:
    elsewhere = Workfile("http://elsewhere.invalid/api", session.session, session.token)
    with pytest.raises(InvalidArgumentException, match="pass a token"):
        elsewhere.get(1)
    assert Workfile("http://elsewhere.invalid/api", session.session, "a-token-of-that-server").token != session.token


def test_a_password_is_not_sent_in_clear_by_a_slip(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidArgumentException, match="is_secure"):
        APIClient("http://alpine.example.com", is_secure=True)
    monkeypatch.setenv("ALPINE_HOST", "https://alpine.example.com:8443")
    monkeypatch.setenv("ALPINE_TOKEN", "token-for-https-only")
    assert APIClient("http://alpine.example.com").token is None
    assert APIClient("https://alpine.example.com").token == "token-for-https-only"
    assert APIClient().base_url == "https://alpine.example.com:8443/api"


def test_the_environment_names_itself_when_it_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALPINE_HOST", "ftp://nonsense")
    monkeypatch.setenv("ALPINE_PORT", "9443")
    assert APIClient("b.example").base_url == "http://b.example/api"
    with pytest.raises(InvalidArgumentException, match="ALPINE_HOST"):
        APIClient()


def test_retries_are_a_policy(session: APIClient) -> None:
    with pytest.raises(InvalidArgumentException, match="retry_policy"):
        session.retries = 3  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("reply", "kind", "status"),
    [
        (Reply("", 302, {"Location": "http://user:word@elsewhere.invalid/x?y=1"}), RedirectException, 302),
        (Reply("<html>"), InvalidResponseException, 200),
        (Reply("x" * 2000), ResponseTooLargeException, 200),
        (Reply({"errors": {"record": "GONE", "message": "away"}}, 500), ServerErrorException, 500),
        (Reply(fault="close"), ServerConnectionException, None),
        (Reply(delay=0.3), RequestTimeoutException, None),
    ],
)
def test_an_exception_says_which_request_it_was(
    server: ScriptedServer, session: APIClient, reply: Reply, kind: type[AlpineException], status: int | None
) -> None:
    session.retries, session.answer_limit, session.timeout = retry_policy(0), 1000, (2, 0.1)
    server.on("GET", "/api/license", reply)
    with pytest.raises(kind, match="Could not read the licence of the server") as caught:
        session.get_license()
    error = caught.value
    assert (error.method, error.url, error.status_code) == ("GET", f"{session.base_url}/license", status)
    if isinstance(error, RedirectException):
        assert error.location == "http://elsewhere.invalid/x"
        assert "redirects to http://elsewhere.invalid/x. If that is the right address" in str(error)
    if isinstance(error, InvalidResponseException) and type(error) is InvalidResponseException:
        assert f"The request went to {session.base_url}/license; the response begins: '<html>'" in str(error)
        assert error.body == "<html>"
    if isinstance(error, ServerErrorException):
        assert (error.code, error.server_message) == ("GONE", "away")
        assert "responded with status 500 (GONE; away)." in str(error)


def test_a_request_is_sent_as_often_as_the_policy_says(
    server: ScriptedServer, session: APIClient, fake_time: FakeTime
) -> None:
    server.on("GET", ".*", Reply(fault="close"))
    server.on("POST", ".*", Reply(fault="close"))
    with pytest.raises(ServerConnectionException):
        session.get_license()
    with pytest.raises(AlpineException, match="Cannot tell"):
        session.workspace.create("x")
    assert (server.count("GET"), server.count("POST"), len(fake_time.sleeps)) == (5, 1, 4)
