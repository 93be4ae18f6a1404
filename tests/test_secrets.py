"""Nothing that can be seen from outside shows the token, the password or the cookie."""

from __future__ import annotations

import gc
import html
import io
import json
import logging
import pickle
import re
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, MethodType, ModuleType

import pytest

from alpine import APIClient, retry_policy
from alpine.exception import AlpineException, InvalidResponseException, LoginFailureException
from tests.reliability.wire import COOKIE, PASSWORD, SECRETS, TOKEN
from tests.scripted import Asked, Reply, ScriptedServer

LOGGED_IN = Reply(
    {"response": {"session_id": TOKEN, "user": {"id": 7}}}, 201, {"Set-Cookie": f"_session_id={COOKIE}; path=/"}
)


@pytest.fixture
def logged_in(server: ScriptedServer) -> Iterator[APIClient]:
    server.on("POST", "/api/sessions", LOGGED_IN)
    client = APIClient(server.url, username="ada", password=PASSWORD)
    yield client
    client.session.close()


def forms(secret: str) -> set[str]:
    return {secret, json.dumps(secret)[1:-1], secret.replace(" ", "+"), repr(secret)[1:-1]}


def assert_silent(text: str) -> None:
    for secret in SECRETS:
        for form in forms(secret):
            assert form not in text, text


def reachable(start: object) -> list[object]:
    """All objects that can be reached from one, but for what belongs to Python itself."""
    seen: dict[int, object] = {}
    waiting = [start]
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen or isinstance(thing, ModuleType | type | FunctionType | MethodType):
            continue
        seen[id(thing)] = thing
        waiting += gc.get_referents(thing)
    return list(seen.values())


def test_no_object_of_a_client_shows_a_secret_of_its_own_accord(server: ScriptedServer, logged_in: APIClient) -> None:
    server.on("GET", ".*", Reply({"response": {}}))
    logged_in.get_license()
    things = reachable(logged_in)
    assert len(things) > 200
    plain = (str, bytes, dict, list, tuple, set, frozenset)
    shown = [repr(thing) for thing in things if not isinstance(thing, plain) and "deque" not in type(thing).__name__]
    assert any("TokenHolder" in text for text in shown)
    for text in shown:
        assert_silent(text)


def test_a_request_and_its_response_show_none(logged_in: APIClient) -> None:
    from requests.cookies import RequestsCookieJar

    from alpine._http.request import Request, Response

    request = Request("POST", "p", "do x", params={"session_id": TOKEN}, secrets=(PASSWORD,), root="http://h")
    cookies = RequestsCookieJar()
    cookies.set("a", COOKIE)
    response = Response(200, {"Set-Cookie": COOKIE}, TOKEN.encode(), request, 1, cookies)
    assert_silent(f"{request!r} {response!r}")


def as_rails_writes(document: object) -> str:
    """JSON whose signs for HTML are escaped, and some more."""
    return re.sub(r"[<>&'/+]", lambda sign: f"\\u{ord(sign.group()):04x}", json.dumps(document))


@pytest.mark.parametrize("form", ["json", "rails", "html", "entities", "text"])
@pytest.mark.parametrize("status", [200, 400, 403, 422, 500])
def test_a_server_that_repeats_what_it_was_sent_tells_nobody(
    server: ScriptedServer, logged_in: APIClient, status: int, form: str, caplog: pytest.LogCaptureFixture
) -> None:
    def echo(asked: Asked) -> Reply:
        words = f"{asked.query} {asked.headers} {asked.body.decode()} {TOKEN} {COOKIE}"
        fields = {"errors": {"fields": {"password": {"INVALID": {"value": words}}}, "message": words}}
        page = html.escape(words).replace("&quot;", "&#34;").replace("&#x27;", "&#39;")
        title = html.escape(PASSWORD if asked.method == "POST" else "no").replace("&quot;", "&#34;")
        bodies = {
            "json": fields,
            "rails": as_rails_writes(fields),
            "html": f"<html><title>{words[:190]}</title>{words}</html>",
            "entities": f"<html><title>{title}</title>{page}</html>",
            "text": words,
        }
        return Reply(bodies[form], status, {"Set-Cookie": f"again={COOKIE}"})

    for method in ("GET", "POST", "PUT"):
        server.on(method, "/api/users.*", echo)
    with caplog.at_level(logging.DEBUG):
        for call in (
            lambda: logged_in.user.get(1),
            lambda: logged_in.user.create("x", PASSWORD, "a", "b", "c@d"),
            lambda: logged_in.user.update(1, title="x"),
        ):
            with pytest.raises(AlpineException) as caught:
                call()
            error = caught.value
            assert_silent(f"{error} {error!r} {error.args} {vars(error)} {pickle.dumps(error)!r}")
            assert_silent("".join(traceback.format_exception(error)))
    assert_silent(caplog.text)
    assert "/api/users" in caplog.text


def test_a_login_that_fails_tells_neither_user_nor_log(
    server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.on("POST", "/api/sessions", lambda asked: Reply(asked.body.decode(), 401))
    with caplog.at_level(logging.DEBUG), pytest.raises(LoginFailureException) as caught:
        APIClient(server.url, username="ada", password=PASSWORD)
    assert_silent(f"{caught.value} {vars(caught.value)} {caplog.text}")


def test_debug_lines_show_requests_with_their_secrets_masked(
    server: ScriptedServer, logged_in: APIClient, caplog: pytest.LogCaptureFixture
) -> None:
    server.on("GET", ".*", Reply({"response": {}}))
    with caplog.at_level(logging.DEBUG):
        logged_in.get_license()
    assert "session_id=***" in caplog.text
    assert "GET http" in caplog.text
    assert_silent(caplog.text)


def test_the_loggers_are_named_after_the_package_and_quiet_by_default() -> None:
    handlers = logging.getLogger("alpine").handlers
    assert any(isinstance(handler, logging.NullHandler) for handler in handlers)
    assert logging.getLogger("alpine").level == logging.NOTSET


def test_a_saved_download_holds_what_the_server_sent_and_nothing_else(
    server: ScriptedServer, logged_in: APIClient, tmp_path: Path
) -> None:
    server.on("GET", ".*/download", Reply(b"content"))
    logged_in.workfile.download(1, path=tmp_path / "x")
    written = b"".join(path.read_bytes() + path.name.encode() for path in tmp_path.iterdir())
    assert_silent(written.decode())


def test_printing_a_client_in_any_way_shows_none(logged_in: APIClient) -> None:
    stream = io.StringIO()
    print(logged_in, logged_in.workfile, logged_in.workfile.process, logged_in.session, vars(logged_in), file=stream)
    assert_silent(stream.getvalue())


@pytest.mark.parametrize("reply", [Reply("no", 500), Reply("<html>"), Reply(fault="close"), Reply('{"cut', 200)])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_token_in_a_path_is_not_repeated(
    server: ScriptedServer, logged_in: APIClient, method: str, reply: Reply
) -> None:
    server.on(method, "/api/workspaces", reply)
    logged_in.retries = retry_policy(0)
    try:
        assert logged_in.request(method, f"workspaces?session_id={TOKEN}") is not None
    except AlpineException as error:
        assert_silent(f"{error} {error!r} {error.args} {vars(error)} {pickle.dumps(error)!r}")
    with pytest.raises(AlpineException) as caught:
        logged_in.request("GET", f"workspaces?session_id={TOKEN}", all_pages=True)
    assert_silent(f"{caught.value} {vars(caught.value)}")


def test_an_error_as_large_as_a_file_is_looked_at_in_part(server: ScriptedServer, logged_in: APIClient) -> None:
    many = {"errors": {"fields": {f"field {number}": {"INVALID": {"x": "y" * 500}} for number in range(10_000)}}}
    server.on("GET", ".*", Reply(many, 422))
    with pytest.raises(AlpineException) as caught:
        logged_in.user.get(1)
    assert len(pickle.dumps(caught.value)) < 10_000


def test_a_proxy_that_repeats_its_credentials_tells_nobody(server: ScriptedServer) -> None:
    server.on("GET", ".*", lambda asked: Reply(f"you sent {asked.headers}", 407))
    with APIClient(
        "http://example.invalid", proxies={"http": f"http://user:secret-1@127.0.0.1:{server.port}"}
    ) as client:
        client.token = TOKEN
        with pytest.raises(AlpineException) as caught:
            client.get_license()
    sent = server.asked[0].headers["Proxy-Authorization"].split()[1]
    assert sent not in f"{caught.value} {vars(caught.value)}"
    assert "secret-1" not in f"{caught.value} {vars(caught.value)}"


@pytest.mark.parametrize("body", ["<html>{}</html>", '{{"response": "{}"}}', '{{"response": {{"x": "{}"}}}}'])
def test_a_login_that_is_answered_with_the_password_does_not_tell_it(server: ScriptedServer, body: str) -> None:
    """Nothing near it says what it is: it is hidden because this request sent it."""
    server.on("POST", "/api/sessions", Reply(body.format("plainsecret7"), 201))
    with pytest.raises(InvalidResponseException) as caught:
        APIClient(server.url, username="ada", password="plainsecret7")
    assert "***" in str(caught.value)
    assert "plainsecret7" not in f"{caught.value} {vars(caught.value)}"
