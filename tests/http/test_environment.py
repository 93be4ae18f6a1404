"""The environment is asked once, when the client is made, and an argument beats it."""

from __future__ import annotations

import ssl
from pathlib import Path

import certifi
import pytest
import requests
import trustme

from alpine import APIClient, Workfile
from alpine._http.environment import Environment
from alpine.exception import InvalidArgumentException, TLSException
from tests.scripted import Reply, ScriptedServer

pytestmark = pytest.mark.usefixtures("bare_environment")


def test_proxies_and_ca_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:1")
    monkeypatch.setenv("CURL_CA_BUNDLE", "/a.pem")
    assert Environment.of("https://host/api") == Environment({"https": "http://proxy:1"}, "/a.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/b.pem")
    assert Environment.of("https://host/api").ca_file == "/b.pem"
    monkeypatch.setenv("NO_PROXY", "host")
    assert Environment.of("https://host/api").proxies == {}


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidArgumentException, match="base_url"):
        Environment.of("http://[::1/api")


def test_what_changes_later_is_not_seen(
    server: ScriptedServer, session: APIClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server.on("GET", ".*", Reply({"response": {}}))
    mine = requests.Session()
    by_hand = Workfile(f"{server.url}/api", mine, "a-token")
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password from-netrc\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    session.get_license()
    by_hand.get(1)
    assert all("Authorization" not in asked.headers for asked in server.asked)
    assert dict(mine.headers) == dict(requests.Session().headers)
    assert mine.proxies == {}


def test_a_session_made_by_hand_uses_the_proxy_of_its_making(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    server.on("GET", ".*/api/workfiles/1", Reply({"response": {"id": 1}}))
    workfile = Workfile("http://alpine.invalid/api", requests.Session(), "a-token")
    monkeypatch.delenv("http_proxy")
    assert workfile.get(1) == {"id": 1}
    distrustful = requests.Session()
    distrustful.trust_env = False
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert Workfile(f"{server.url}/api", distrustful, "a-token").get(1) == {"id": 1}


def test_a_session_made_by_hand_trusts_the_authority_of_the_environment(
    authority: trustme.CA, ca_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server = ScriptedServer(context)
    server.on("GET", "/api/workfiles/1", Reply({"response": {"id": 1}}))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(ca_file))
    mine, distrustful = requests.Session(), requests.Session()
    distrustful.trust_env = False
    assert Workfile(server.base_url, mine, "a-token").get(1) == {"id": 1}
    with pytest.raises(TLSException, match="certificate"):
        Workfile(server.base_url, distrustful, "a-token").get(1)
    mine.verify = certifi.where()
    with pytest.raises(TLSException, match="certificate"):
        Workfile(server.base_url, mine, "a-token").get(1)
    for session in (mine, distrustful):
        session.close()
    server.close()
