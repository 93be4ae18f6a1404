"""No frame of a traceback shows a secret, also where a tool prints the local variables of each."""

from __future__ import annotations

import functools
import json
import os
import signal
import ssl
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme

from alpine import APIClient, Workfile, retry_policy
from alpine.exception import AlpineException
from tests.reliability.wire import COOKIE, PASSWORD, TOKEN, Asked
from tests.scripted import Reply, ScriptedServer
from tests.test_secrets import LOGGED_IN, assert_silent

OURS = Path(__file__).parent.as_posix()
NO_JSON = Reply(f'{{"response": {{"session_id": "{TOKEN}"', 200)


def shown(error: BaseException) -> str:
    """What a tool prints that shows local variables, but for those of the tests."""
    lines: list[str] = []
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        waiting += [each.__cause__, each.__context__]
        report = traceback.TracebackException.from_exception(each, capture_locals=True)
        lines += [f"{each} {each!r} {vars(each)}"]
        for frame in report.stack:
            if not Path(frame.filename).as_posix().startswith(OURS):
                lines.append(f"{frame.filename}:{frame.lineno} {frame.name} {frame.locals}")
    return "\n".join(lines)


def assert_tells_nothing(error: BaseException) -> None:
    text = shown(error)
    assert "alpine" in text
    assert_silent(text)


@pytest.fixture(params=["text", "function", "partial"])
def password(request: pytest.FixtureRequest) -> Any:
    return {"text": PASSWORD, "function": lambda: PASSWORD, "partial": functools.partial(str, PASSWORD)}[request.param]


ODD_LOGINS = {
    "refused": Reply({"errors": {"fields": {"username_or_password": {"INVALID": {}}}}}, 401),
    "echoed": Reply(f"no: {PASSWORD}", 401),
    "failed": Reply("<html>", 500),
    "elsewhere": Reply("<html>", 404),
    "a page": Reply("<html>", 200),
    "cut off": NO_JSON,
    "a list": Reply({"response": [{"session_id": TOKEN}]}),
    "no id": Reply({"response": {"token": TOKEN}}),
    "an id that cannot travel": Reply({"response": {"session_id": f"{TOKEN} {COOKIE}\n"}}, 201),
    "a redirect": Reply("", 302, {"Location": f"http://elsewhere.invalid/?session_id={TOKEN}"}),
    "a lost answer": Reply(fault="close"),
    "a truncated answer": Reply({"response": {"session_id": TOKEN}}, fault="truncate"),
    "silence": Reply(fault="stall", delay=5),
    "too much": Reply({"response": {"x": "y" * 3000}}),
}


@pytest.mark.parametrize("reply", ODD_LOGINS.values(), ids=ODD_LOGINS)
def test_a_login_that_fails(server: ScriptedServer, reply: Reply, password: Any) -> None:
    server.on("POST", "/api/sessions", reply)
    client = APIClient(server.url, timeout=(1, 0.2))
    client.retries, client.answer_limit = retry_policy(0), 2000
    with pytest.raises(AlpineException) as caught:
        client.login("ada", password)
    assert_tells_nothing(caught.value)


def test_a_login_while_a_client_is_made(server: ScriptedServer, password: Any, tmp_path: Path) -> None:
    server.on("POST", "/api/sessions", ODD_LOGINS["echoed"])
    with pytest.raises(AlpineException) as caught:
        APIClient(server.url, username="ada", password=password, proxies={"https": "http://u:matrix-cookie-b81f==@p:1"})
    assert_tells_nothing(caught.value)
    path = tmp_path / "login.json"
    path.write_text(json.dumps({"host": server.url, "username": "ada", "password": PASSWORD}), "utf-8")
    path.chmod(0o600)
    with pytest.raises(AlpineException) as caught:
        APIClient.from_file(path)
    assert_tells_nothing(caught.value)
    with pytest.raises(AlpineException) as caught:
        APIClient.from_file(path, password=password, timeout="soon")
    assert_tells_nothing(caught.value)


@pytest.mark.parametrize("address", ["http://127.0.0.1:9", "http://nowhere.invalid", "https://127.0.0.1:9"])
def test_a_server_that_is_not_there(address: str, password: Any) -> None:
    client = APIClient(address, timeout=(1, 1), proxies={})
    client.retries = retry_policy(0)
    with pytest.raises(AlpineException) as caught:
        client.login("ada", password)
    assert_tells_nothing(caught.value)
    client.token = TOKEN
    with pytest.raises(AlpineException) as caught:
        client.get_license()
    assert_tells_nothing(caught.value)


def test_a_certificate_that_is_not_trusted(password: Any) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    server = ScriptedServer(context)
    client = APIClient(server.url, timeout=(2, 2))
    with pytest.raises(AlpineException) as caught:
        client.login("ada", password)
    assert_tells_nothing(caught.value)
    server.close()


@pytest.mark.parametrize(
    "arguments",
    [
        {"username": "ada", "password": PASSWORD, "port": 0},
        {"username": "ada", "password": PASSWORD, "timeout": "soon"},
        {"username": "ada", "password": PASSWORD, "cert": "/nowhere"},
        {"username": "ada", "password": PASSWORD, "ca_certs": "/nowhere"},
        {"username": "", "password": PASSWORD},
        {"password": PASSWORD},
        {"username": "ada", "password": 0x1234, "token": TOKEN},
        {"token": f"{TOKEN} with a space"},
        {"token": TOKEN, "proxies": f"http://u:{PASSWORD}@p"},
        {"host": f"http://u:{TOKEN}@h"},
    ],
)
def test_arguments_that_are_wrong(server: ScriptedServer, arguments: dict[str, Any]) -> None:
    with pytest.raises(AlpineException) as caught:
        APIClient(**{"host": server.url, **arguments})
    assert_tells_nothing(caught.value)
    assert server.asked == []


def test_the_environment(monkeypatch: pytest.MonkeyPatch, server: ScriptedServer) -> None:
    monkeypatch.setenv("ALPINE_HOST", server.url)
    monkeypatch.setenv("ALPINE_PASSWORD", PASSWORD)
    with pytest.raises(AlpineException) as caught:
        APIClient()
    assert_tells_nothing(caught.value)
    monkeypatch.setenv("ALPINE_USERNAME", "ada")
    server.on("POST", "/api/sessions", ODD_LOGINS["refused"])
    with pytest.raises(AlpineException) as caught:
        APIClient()
    assert_tells_nothing(caught.value)


@pytest.fixture
def logged_in(server: ScriptedServer) -> Iterator[APIClient]:
    server.on("POST", "/api/sessions", LOGGED_IN)
    client = APIClient(server.url, username="ada", password=PASSWORD, timeout=(1, 0.3))
    client.retries, client.answer_limit = retry_policy(0), 2000
    yield client
    client.session.close()


FAULTS = {
    "500": Reply(f"{TOKEN} {COOKIE}", 500),
    "403": Reply({"errors": {"message": TOKEN}}, 403),
    "401": Reply(" ", 401),
    "no json": NO_JSON,
    "redirect": Reply("", 302, {"Location": f"http://elsewhere.invalid/?session_id={TOKEN}"}),
    "circle": lambda asked: Reply("", 302, {"Location": f"?session_id={TOKEN}"}),
    "close": Reply(fault="close"),
    "reset": Reply(fault="reset"),
    "truncate": Reply({"response": TOKEN}, fault="truncate"),
    "stall": Reply(fault="stall", delay=5),
    "large": Reply({"response": {"x": "y" * 3000}}),
}


def calls(client: APIClient, folder: Path) -> dict[str, Callable[[], object]]:
    notes = folder / "notes.txt"
    notes.write_text("x" * 100_000)
    return {
        "get": lambda: client.workfile.get(1),
        "user": lambda: client.user.create("x", PASSWORD, "a", "b", "c@d"),
        "source": lambda: client.datasource.create("x", "jdbc_data_source", f"jdbc:x;password={PASSWORD}", None, "d"),
        "upload": lambda: client.workfile.upload_file(1, notes),
        "download": lambda: client.workfile.download(1, path=folder / "down"),
        "run": lambda: client.workfile.process.run(1),
        "wait": lambda: client.workfile.process.attach(1, "p").wait(timeout=0.01, query_time=1),
        "results": lambda: client.workfile.process.download_results(1, "p"),
        "request": lambda: client.request("POST", f"users?session_id={TOKEN}", json={"password": PASSWORD}),
        "form": lambda: client.request("PUT", "users", params={"token": TOKEN}, data={"password": PASSWORD}),
        "logout": client.logout,
    }


@pytest.mark.parametrize("fault", FAULTS)
def test_calls_that_fail(server: ScriptedServer, logged_in: APIClient, fault: str, tmp_path: Path) -> None:
    for name, call in calls(logged_in, tmp_path).items():
        for method in ("GET", "POST", "PUT", "DELETE"):
            server.on(method, ".*", FAULTS[fault])
        if fault == "stall" and name not in {"get", "request"}:
            continue
        try:
            call()
        except AlpineException as error:
            assert_tells_nothing(error)
        else:
            assert name in {"logout", "wait", "request", "form", "download"}, name


def test_a_login_that_cannot_be_renewed(server: ScriptedServer, logged_in: APIClient) -> None:
    server.on("GET", ".*", Reply(" ", 401))
    server.on("POST", "/api/sessions", Reply(f"{PASSWORD}", 401))
    with pytest.raises(AlpineException) as caught:
        logged_in.get_license()
    assert_tells_nothing(caught.value)


def test_a_resource_that_is_made_by_hand(server: ScriptedServer) -> None:
    server.on("GET", ".*", Reply("no", 500))
    for session in (requests.Session(), object()):
        with pytest.raises(AlpineException) as caught:
            Workfile(server.base_url, session, TOKEN).get(1)  # type: ignore[arg-type]
        assert_tells_nothing(caught.value)
    with pytest.raises(AlpineException) as caught:
        Workfile(server.base_url, requests.Session(), f"{TOKEN} ").get(1)
    assert_tells_nothing(caught.value)


def test_a_hook_that_fails_shows_its_place(server: ScriptedServer, logged_in: APIClient) -> None:
    def hook(response: requests.Response, **options: Any) -> None:
        raise KeyError(str(response.status_code))

    server.on("GET", ".*", Reply({"response": {}}))
    logged_in.session.hooks["response"].append(hook)
    with pytest.raises(KeyError) as caught:
        logged_in.get_license()
    assert_tells_nothing(caught.value)
    assert caught.traceback[-1].name == "hook"


@pytest.mark.skipif(os.name == "nt", reason="Windows ends a process that is sent an interrupt in this way")
@pytest.mark.parametrize("call", ["get", "upload", "run", "request", "login"])
def test_an_interrupt(logged_in: APIClient, server: ScriptedServer, call: str, tmp_path: Path) -> None:
    def interrupt(_asked: Asked | object, *_more: object) -> Reply:
        os.kill(os.getpid(), signal.SIGINT)
        return Reply(fault="stall", delay=5)

    server.on("POST", ".*", interrupt)
    server.on("GET", ".*", interrupt)
    logged_in.timeout = (5, 5)
    made = {**calls(logged_in, tmp_path), "login": lambda: logged_in.login("ada", PASSWORD)}
    with pytest.raises(KeyboardInterrupt) as caught:
        made[call]()
    assert_tells_nothing(caught.value)
    if call == "run":
        assert "A run may have started" in "".join(caught.value.__notes__)


def test_what_was_being_handled_before_keeps_its_frames(server: ScriptedServer, logged_in: APIClient) -> None:
    def fail() -> None:
        mine = "my own variable"
        raise KeyError(len(mine))

    server.on("GET", ".*", Reply("no", 500))
    try:
        fail()
    except KeyError:
        with pytest.raises(AlpineException) as caught:
            logged_in.get_license()
    assert_tells_nothing(caught.value)
    context = caught.value.__context__
    assert isinstance(context, KeyError)
    report = traceback.TracebackException.from_exception(context, capture_locals=True)
    assert "my own variable" in str(report.stack[-1].locals)
