"""Address and login are taken from arguments, environment or file; what is half given is refused with a name."""

from __future__ import annotations

import json
import os
import socket
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alpine import APIClient
from alpine.exception import InvalidArgumentException
from tests.conftest import TOKEN
from tests.reliability.wire import WireServer, well
from tests.scripted import Reply, ScriptedServer

PASSWORD = "correct horse battery"

# addresses


@pytest.mark.parametrize(
    ("arguments", "base_url", "host"),
    [
        (("::1", 8080), "http://[::1]:8080/api", "::1"),
        (("::1",), "http://[::1]/api", "::1"),
        (("[::1]", 8080), "http://[::1]:8080/api", "::1"),
        (("[::1]:8080",), "http://[::1]:8080/api", "::1"),
        (("https://[2001:db8::1]:8443/team",), "https://[2001:db8::1]:8443/team/api", "2001:db8::1"),
        (("::ffff:192.0.2.1", 80), "http://[::ffff:192.0.2.1]/api", "::ffff:192.0.2.1"),
        (("fe80::1%eth0", 8080), "http://[fe80::1%25eth0]:8080/api", "fe80::1%eth0"),
        (("[fe80::1%eth0]:8080",), "http://[fe80::1%25eth0]:8080/api", "fe80::1%eth0"),
        (("http://[fe80::1%25eth0]:8080",), "http://[fe80::1%25eth0]:8080/api", "fe80::1%eth0"),
        (("192.0.2.1", 8080), "http://192.0.2.1:8080/api", "192.0.2.1"),
    ],
)
def test_addresses_of_every_kind(arguments: tuple[Any, ...], base_url: str, host: str) -> None:
    client = APIClient(*arguments)
    assert (client.base_url, client.host) == (base_url, host)


@pytest.mark.parametrize(
    "host", ["::1%", "1::2::3", "[::1", "https://::1", "::g", "h:1:2", "fe80::1%a b", "https:/h", "h:"]
)
def test_what_is_no_address_is_told_how_to_write_one(host: str) -> None:
    with pytest.raises(InvalidArgumentException, match=r"https://\[::1\]:8443"):
        APIClient(host)


def link_local() -> str | None:
    """An address of this computer that holds for one of its networks only."""
    try:
        lines = Path("/proc/net/if_inet6").read_text("ascii").split("\n")
    except OSError:
        return None
    for line in filter(None, lines):
        digits, _, _, scope, _, device = line.split()
        if scope == "20":
            return f"{socket.inet_ntop(socket.AF_INET6, bytes.fromhex(digits))}%{device}"
    return None


@pytest.mark.parametrize("host", [pytest.param("::1", id="loopback"), pytest.param(link_local(), id="link-local")])
def test_an_ipv6_server_is_reached(host: str | None) -> None:
    if host is None or not socket.has_ipv6:
        pytest.skip("no such address here")
    try:
        server = WireServer(well, host="::")
    except OSError:
        pytest.skip("no IPv6 here")
    client = APIClient(host, server.port, proxies={})
    assert client.get_status()["status"] == "Chorus is running"
    assert f"Host: [{host.partition('%')[0]}]:" in server.asked[0].head
    client.session.close()
    server.close()


# half of a login


def refused(words: str, *arguments: Any, **named: Any) -> None:
    with pytest.raises(InvalidArgumentException, match=words) as caught:
        APIClient(*arguments, **named)
    assert PASSWORD not in f"{caught.value} {vars(caught.value)}"


def test_a_user_without_a_password_is_refused(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    refused("'demo'.*pass password.*ALPINE_PASSWORD", server.url, username="demo")
    # The password of the environment is that of another host, then of another user.
    monkeypatch.setenv("ALPINE_PASSWORD", PASSWORD)
    refused("pass password.*ALPINE_PASSWORD", server.url, username="demo")
    monkeypatch.setenv("ALPINE_HOST", server.url)
    monkeypatch.setenv("ALPINE_USERNAME", "ada")
    refused("pass password.*ALPINE_PASSWORD", server.url, username="demo")
    monkeypatch.delenv("ALPINE_PASSWORD")
    refused("'ada'.*ALPINE_PASSWORD")
    assert server.asked == []


def test_the_password_of_the_environment_is_for_the_user_that_is_named_there(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.on_login()
    monkeypatch.setenv("ALPINE_HOST", server.url)
    monkeypatch.setenv("ALPINE_PASSWORD", PASSWORD)
    assert APIClient(username="demo").token, "where none is named, it is that of any"
    monkeypatch.setenv("ALPINE_USERNAME", "ada")
    assert APIClient(username="ada").token
    asked = len(server.asked)
    for other in ("demo", "Ada", "ada "):
        refused("no password", username=other)
        refused("no password", server.url, username=other)
    assert len(server.asked) == asked


def test_a_password_without_a_user_is_refused(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    refused("pass username.*ALPINE_USERNAME as well as ALPINE_PASSWORD", server.url, password=PASSWORD)
    refused("pass username", server.url, password=lambda: PASSWORD)
    refused("pass username", server.url, password=PASSWORD, token=TOKEN)
    monkeypatch.setenv("ALPINE_HOST", server.url)
    monkeypatch.setenv("ALPINE_PASSWORD", PASSWORD)
    refused("pass username.*ALPINE_USERNAME")
    assert server.asked == []


def test_what_is_whole_is_not(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    assert APIClient(server.url).token is None
    assert APIClient(server.url, token=TOKEN).token == TOKEN
    assert APIClient(server.url, username="demo", token=TOKEN).token == TOKEN
    assert server.asked == []
    server.on_login()
    client = APIClient(server.url)
    client.login("demo", PASSWORD)
    assert client.token
    monkeypatch.setenv("ALPINE_HOST", server.url)
    monkeypatch.setenv("ALPINE_USERNAME", "demo")
    assert APIClient(password=PASSWORD).token
    assert APIClient(token=TOKEN).token == TOKEN
    monkeypatch.setenv("ALPINE_PASSWORD", PASSWORD)
    assert APIClient().token
    assert APIClient(server.url, username="demo").token


# the login file

Written = Callable[..., Path]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    def write(mode: int = 0o600, **settings: Any) -> Path:
        path = tmp_path / "login.json"
        path.touch(mode)
        path.chmod(mode)
        path.write_text(json.dumps(settings), "utf-8")
        return path

    return write


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            {"user": "demo"},
            "unknown key 'user'.*Did you mean 'username'.*The known keys are host, port, username, password",
        ),
        ({"username": "demo", "passwort": PASSWORD}, "unknown key 'passwort'.*Did you mean 'password'"),
        ({"username": "demo"}, "'demo'.*the key 'password'.*ALPINE_PASSWORD"),
        ({"password": PASSWORD}, "the key 'username'.*ALPINE_USERNAME"),
        ({"username": None, "password": None}, "keys 'username' and 'password', or 'token'.*ALPINE_PASSWORD"),
        ({}, "keys 'username' and 'password', or 'token'.*ALPINE_PASSWORD"),
        ({"host": None, "username": "demo", "password": PASSWORD}, "its key 'host' is missing"),
        ({"host": ""}, "its key 'host' is missing"),
        ({"username": "demo", "password": PASSWORD, "is_secure": "yes"}, "is_secure"),
    ],
)
def test_a_file_with_a_wrong_key_or_a_missing_one(
    server: ScriptedServer, written: Written, settings: dict[str, Any], words: str
) -> None:
    path = written(**{"host": server.url, **settings})
    with pytest.raises(InvalidArgumentException, match=words) as caught:
        APIClient.from_file(path)
    assert PASSWORD not in f"{caught.value} {vars(caught.value)}"
    assert server.asked == []


def test_what_a_file_lacks_can_come_from_elsewhere(
    server: ScriptedServer, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.on_login()
    assert APIClient.from_file(written(host=server.url, username="demo"), password=PASSWORD).token
    assert APIClient.from_file(written(host=server.url), username="demo", password=PASSWORD).token
    assert APIClient.from_file(written(host=server.url), token=TOKEN).token == TOKEN
    assert APIClient.from_file(written(host=server.url, token=TOKEN)).token == TOKEN
    monkeypatch.setenv("ALPINE_HOST", server.url)
    monkeypatch.setenv("ALPINE_USERNAME", "demo")
    monkeypatch.setenv("ALPINE_PASSWORD", PASSWORD)
    assert APIClient.from_file(written(host=server.url)).token


@pytest.mark.skipif(os.name != "posix", reason="the mode says nothing here")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o666])
def test_a_file_that_others_may_read_is_warned_of(server: ScriptedServer, written: Written, mode: int) -> None:
    server.on_login()
    path = written(mode, host=server.url, username="demo", password=PASSWORD)
    with pytest.warns(UserWarning, match="other users of this computer may read it: chmod 600") as warned:
        assert APIClient.from_file(path).token
    assert len(warned) == 1
    assert warned[0].filename == __file__
    assert PASSWORD not in str(warned[0].message)


@pytest.mark.skipif(os.name != "posix", reason="the mode says nothing here")
def test_a_file_without_a_secret_or_for_its_owner_alone_is_not(server: ScriptedServer, written: Written) -> None:
    server.on_login()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        APIClient.from_file(written(0o600, host=server.url, username="demo", password=PASSWORD))
        APIClient.from_file(written(0o400, host=server.url, username="demo", password=PASSWORD))
        APIClient.from_file(written(0o644, host=server.url, username="demo"), password=PASSWORD)


def test_a_login_that_is_refused_is_no_matter_of_the_file(server: ScriptedServer, written: Written) -> None:
    server.on("POST", "/api/sessions", Reply(" ", 401))
    path = written(host=server.url, username="demo", password=PASSWORD)
    with pytest.raises(Exception, match="Check user name and password"):
        APIClient.from_file(path)


def test_two_ports_that_differ_are_refused() -> None:
    with pytest.raises(InvalidArgumentException, match="host says port 8471 and port says 8080"):
        APIClient("http://alpine.example.com:8471", 8080, token="a-token-0001")
    assert APIClient("http://alpine.example.com:8471", 8471, token="a-token-0001").base_url.endswith(":8471/api")
