"""The cookies of a login are sent back as they ask for, those of other answers never."""

from __future__ import annotations

import json
import os
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
import trustme

from alpine import APIClient, Workfile
from tests.http.test_adapter import in_a_child
from tests.inside import holder_of
from tests.reliability.wire import Asked, WireServer, message, well
from tests.scripted import LOGIN, Reply, ScriptedServer

PASSWORD = "correct horse battery"


@contextmanager
def logged_in(*set_cookies: str) -> Iterator[tuple[WireServer, APIClient]]:
    """A client, and the server whose answer to its login sets these cookies."""

    def answer(sock: socket.socket, asked: Asked) -> bool:
        if (asked.method, asked.path) != ("POST", "/api/sessions"):
            return well(sock, asked)
        lines = "".join(f"Set-Cookie: {cookie}\r\n" for cookie in set_cookies)
        head, _, body = message(201, LOGIN).partition(b"\r\n")
        sock.sendall(head + b"\r\n" + lines.encode() + body)
        return True

    server = WireServer(answer)
    with APIClient(server.url, username="ada", password=PASSWORD) as client:
        yield server, client
    server.close()


def sent(asked: Asked) -> str | None:
    """The cookies of a request."""
    found = re.search(r"(?im)^cookie: (.*?)\r?$", asked.head)
    return found.group(1) if found else None


@pytest.mark.parametrize(
    ("set_cookies", "to_api", "to_engine"),
    [
        (["a=1; path=/; HttpOnly"], "a=1", "a=1"),
        (["a=1; path=/", "b=2; path=/"], "a=1; b=2", "a=1; b=2"),
        (["a=1; path=/api"], "a=1", None),
        (["a=1; path=/alpinedatalabs"], None, "a=1"),
        (["a=1; path=/api/users/1"], "a=1", None),
        (["a=1; path=/api/user"], None, None),
        (["a=1"], "a=1", None),
        (["a=1; path=/", "a=2; path=/api"], "a=2; a=1", "a=1"),
        (["a=1; path=/; Secure"], None, None),
        (["a=1; path=/; Secure", "b=2; path=/"], "b=2", "b=2"),
        (["a=1; path=/; Domain=elsewhere.example"], None, None),
        (["a=1; path=/; Max-Age=0"], None, None),
        (["a=1; path=/; Max-Age=600"], "a=1", "a=1"),
        (["a=1; path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"], None, None),
        (["a=; path=/"], "a=", "a="),
        (["a; path=/"], "a", "a"),
        (["a; path=/", "b=2; path=/"], "a; b=2", "a; b=2"),
        (['a="x y=z"; path=/'], 'a="x y=z"', 'a="x y=z"'),
        (["=1; path=/", "", ";", "; path=/", "path=/"], "path=/", None),
        ([], None, None),
    ],
)
def test_a_cookie_goes_where_it_belongs(set_cookies: list[str], to_api: str | None, to_engine: str | None) -> None:
    with logged_in(*set_cookies) as (server, client):
        client.user.get(1)
        client.workfile.process.query_status("p")
        assert [sent(asked) for asked in server.asked] == [None, to_api, to_engine]
    assert all("None" not in asked.head for asked in server.asked)


def test_a_cookie_that_expired_meanwhile_is_not_sent() -> None:
    with logged_in("a=a-secret; path=/; Max-Age=1", "b=2; path=/") as (server, client):
        time.sleep(1.1)
        client.user.get(1)
        assert sent(server.asked[-1]) == "b=2"
        assert "a-secret" in holder_of(client).secrets, "an answer that repeats it may still be on its way"


def test_a_secure_cookie_is_sent_over_https(tmp_path: Path) -> None:
    authority, ca_file = trustme.CA(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server = ScriptedServer(context)
    server.on_login()
    server.on("POST", "/api/sessions", Reply(LOGIN, 201, {"Set-Cookie": "a=1; path=/; Secure"}))
    server.on("GET", "/api/license", Reply({"response": {}}))
    with APIClient(server.url, username="ada", password=PASSWORD, ca_certs=ca_file) as client:
        client.get_license()
        assert server.asked[-1].headers["Cookie"] == "a=1"
    server.close()


def test_a_new_login_forgets_the_cookies_of_the_old_one() -> None:
    with logged_in("a=1; path=/") as (server, client):
        client.token = "another-token-1"
        client.user.get(1)
        assert sent(server.asked[-1]) is None
        client.login("ada", PASSWORD)
        client.user.get(1)
        assert [sent(asked) for asked in server.asked[-2:]] == [None, "a=1"]
        client.logout()
        client.get_version()
        assert [sent(asked) for asked in server.asked[-2:]] == ["a=1", None]


def test_cookies_of_the_users_own_are_sent_too_and_a_header_of_theirs_wins() -> None:
    with logged_in("a=1; path=/") as (server, client):
        client.session.cookies.set("own", "2")
        client.user.get(1)
        assert sent(server.asked[-1]) == "a=1; own=2"
        client.session.headers["Cookie"] = "mine=3"
        client.user.get(1)
        assert sent(server.asked[-1]) == "mine=3"


def test_no_other_answer_sets_a_cookie(server: ScriptedServer) -> None:
    server.on("GET", ".*", Reply({"response": {"id": 1}}, headers={"Set-Cookie": "tracking=1; path=/"}))
    mine = requests.Session()
    workfile = Workfile(server.base_url, mine, "a-token-0001")
    for _ in range(2):
        workfile.get(1)
    assert "Cookie" not in server.asked[-1].headers
    assert not mine.cookies
    mine.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_fork_while_another_thread_looks_for_cookies_does_not_hang() -> None:
    held, go_on = threading.Event(), threading.Event()
    with logged_in("a=1; path=/") as (server, client):
        lock = holder_of(client).cookies._cookies_lock  # type: ignore[attr-defined]

        def hold() -> None:
            with lock:
                held.set()
                go_on.wait(10)

        thread = threading.Thread(target=hold)
        thread.start()
        held.wait(10)
        ask: Callable[[], object] = lambda: client.user.get(1)["id"]  # noqa: E731
        try:
            assert json.loads(in_a_child(ask)) == 1
        finally:
            go_on.set()
            thread.join()
        assert sent(server.asked[-1]) == "a=1"
