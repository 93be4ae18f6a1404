"""Certificates are checked, your own CA can be given, and a wrong port is told in words that help."""

from __future__ import annotations

import socket
import ssl
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
import trustme

from alpine import APIClient, Workfile, Workspace
from alpine.exception import (
    AlpineException,
    InvalidArgumentException,
    RedirectException,
    ServerConnectionException,
    TLSException,
)
from tests.conftest import TOKEN
from tests.inside import set_clock
from tests.reliability.wire import Asked, WireServer
from tests.scripted import FakeTime, Reply, ScriptedServer

pytestmark = pytest.mark.usefixtures("bare_environment")

FINE = Reply({"response": {"fine": True}})


@pytest.fixture
def other_ca_file(tmp_path: Path) -> Path:
    path = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(path))
    return path


Serve = Callable[..., ScriptedServer]


@pytest.fixture
def serve(authority: trustme.CA) -> Iterator[Serve]:
    """Starts a server that speaks https."""
    servers: list[ScriptedServer] = []

    def start(name: str = "127.0.0.1", *, asks_for_certificate: bool = False) -> ScriptedServer:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(context)
        if asks_for_certificate:
            context.verify_mode = ssl.CERT_REQUIRED
            authority.configure_trust(context)
        server = ScriptedServer(context)
        server.on("GET", "/api/license", FINE)
        server.on("POST", "/api/workspaces", FINE)
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.close()


def client(server: ScriptedServer, **arguments: object) -> tuple[APIClient, FakeTime]:
    session = APIClient(server.url, token=TOKEN, timeout=(5, 5), **arguments)  # type: ignore[arg-type]
    return session, set_clock(session)


def refused(session: APIClient, time: FakeTime, words: str) -> None:
    """The call is refused at once, also one that may not be repeated, and without a secret."""
    for call in (session.get_license, lambda: session.workspace.create("x")):
        with pytest.raises(TLSException, match=words) as caught:
            call()
        assert isinstance(caught.value, ConnectionError)
        assert TOKEN not in f"{caught.value} {vars(caught.value)}"
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None
    assert time.sleeps == []


def test_an_unknown_ca_is_refused_at_once(serve: Serve) -> None:
    server = serve()
    refused(*client(server), r"certificate.*ca_certs=")
    assert server.asked == []


def test_a_ca_of_ones_own_is_accepted(serve: Serve, ca_file: Path) -> None:
    session, _ = client(serve(), ca_certs=ca_file)
    assert session.get_license() == {"fine": True}


def test_the_argument_beats_the_environment(
    serve: Serve, ca_file: Path, other_ca_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other_ca_file))
    session, _ = client(server, ca_certs=ca_file)
    assert session.get_license() == {"fine": True}
    refused(*client(server), "certificate")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(ca_file))
    session, _ = client(server)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other_ca_file))
    assert session.get_license() == {"fine": True}
    refused(*client(server, ca_certs=other_ca_file), "certificate")


def test_a_session_made_by_hand_keeps_its_own_verify(
    serve: Serve, ca_file: Path, other_ca_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve()
    server.on("GET", "/api/workfiles/1", FINE)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other_ca_file))
    mine = requests.Session()
    mine.verify = str(ca_file)
    assert Workfile(server.base_url, mine, TOKEN).get(1) == {"fine": True}
    with pytest.raises(TLSException):
        Workfile(server.base_url, requests.Session(), TOKEN).get(1)


def test_a_wrong_host_is_refused(serve: Serve, ca_file: Path) -> None:
    refused(
        *client(serve("other.example.com"), ca_certs=ca_file), "IP address mismatch|Hostname mismatch|doesn't match"
    )


def test_a_client_certificate_is_given_where_it_is_asked_for(
    serve: Serve, authority: trustme.CA, ca_file: Path, tmp_path: Path
) -> None:
    server = serve(asks_for_certificate=True)
    own = authority.issue_cert("client@example.com")
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    own.cert_chain_pems[0].write_to_path(str(certificate))
    own.private_key_pem.write_to_path(str(key))
    both = tmp_path / "both.pem"
    own.private_key_and_cert_chain_pem.write_to_path(str(both))
    for cert in ((str(certificate), str(key)), str(both)):
        session, _ = client(server, ca_certs=ca_file, cert=cert)
        assert session.get_license() == {"fine": True}


def test_a_client_certificate_that_is_missing_is_told(serve: Serve, ca_file: Path) -> None:
    session, _ = client(serve(asks_for_certificate=True), ca_certs=ca_file)
    with pytest.raises(AlpineException) as caught:
        session.get_license()
    # Whether the server's reason arrives before the end of the connection is a matter of luck.
    assert isinstance(caught.value, ServerConnectionException)
    assert "client certificate" in str(caught.value) or "connection" in str(caught.value)


@pytest.mark.parametrize("content", ["", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_certificate_files_that_are_none_are_told(serve: Serve, tmp_path: Path, ca_file: Path, content: str) -> None:
    server = serve()
    path = tmp_path / "broken.pem"
    path.write_text(content)
    with pytest.raises((TLSException, InvalidArgumentException)):
        client(server, ca_certs=path)[0].get_license()
    with pytest.raises((TLSException, InvalidArgumentException)):
        client(server, ca_certs=ca_file, cert=str(path))[0].get_license()
    assert server.asked == []


def test_unchecked_certificates_warn_once_and_only_here(serve: Serve) -> None:
    server = serve()
    before = list(warnings.filters)
    with pytest.warns(UserWarning, match="not verified") as warned:
        session, _ = client(server, validate_certs=False)
        for _ in range(5):
            assert session.get_license() == {"fine": True}
    assert len(warned) == 1
    assert warned[0].filename == __file__
    assert list(warnings.filters) == before
    mine = requests.Session()
    with pytest.warns(Warning, match="Unverified HTTPS request"):
        mine.get(f"{server.url}/api/license", verify=False)
    mine.close()


def test_https_spoken_to_a_plain_port_is_told_with_help(server: ScriptedServer) -> None:
    session = APIClient(f"https://127.0.0.1:{server.port}", token=TOKEN, timeout=(5, 5))
    with pytest.raises(TLSException, match=r"does not seem to use https.*is_secure=False"):
        session.get_license()


def test_http_spoken_to_an_https_port_is_told_with_help(serve: Serve) -> None:
    server = serve()
    session = APIClient(f"http://127.0.0.1:{server.port}", token=TOKEN, timeout=(5, 5))
    session.retries = session.retries.new(total=0)
    with pytest.raises(ServerConnectionException, match=r"is_secure=True"):
        session.get_license()
    nginx = WireServer(
        lambda connection, _asked: bool(
            connection.sendall(
                b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n<html><head><title>"
                b"400 The plain HTTP request was sent to HTTPS port</title></head></html>"
            )
        )
    )
    with pytest.raises(AlpineException, match="plain HTTP request was sent to HTTPS port"):
        APIClient(nginx.url, token=TOKEN).get_license()
    nginx.close()


def test_a_redirect_to_https_of_the_same_host_is_followed_for_reading_only(
    server: ScriptedServer, serve: Serve, ca_file: Path
) -> None:
    secure = serve()

    def send_on(asked: object) -> Reply:
        query = f"session_id={TOKEN}"
        return Reply("", 302, {"Location": f"{secure.url}/api/license?{query}"})

    server.on("GET", "/api/license", send_on)
    server.on("POST", "/api/workspaces", Reply("", 302, {"Location": f"{secure.url}/api/workspaces"}))
    session, _ = client(server, ca_certs=ca_file)
    assert session.get_license() == {"fine": True}
    with pytest.raises(AlpineException, match="is_secure=True"):
        session.workspace.create("x")
    assert secure.count("POST") == 0


@pytest.mark.parametrize("by_hand", [False, True])
@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_what_was_reached_unchecked_is_checked_when_that_is_asked_for(serve: Serve, *, by_hand: bool) -> None:
    """A connection that is still open was made without a check: it is not the one to be used then."""
    server = serve()
    session, time = client(server)
    resource = Workspace(session.base_url, requests.Session(), TOKEN) if by_hand else session
    server.on("GET", "/api/workspaces/1", FINE)
    resource.session.verify = False
    read = resource.get if isinstance(resource, Workspace) else lambda _: session.get_license()
    for _ in range(2):
        assert read(1) == {"fine": True}
    resource.session.verify = True
    set_clock(resource, time)
    with pytest.raises(TLSException, match="certificate"):
        read(1)
    assert server.count("GET") == 2
    resource.session.close()


def test_a_redirect_after_that_to_https_is_not_followed(server: ScriptedServer, serve: Serve, ca_file: Path) -> None:
    secure = serve()
    server.on("GET", "/api/license", Reply("", 302, {"Location": f"{secure.url}/api/license"}))
    session, _ = client(server, ca_certs=ca_file)
    for back in (server.url, secure.url):
        secure.on("GET", "/api/license", Reply("", 302, {"Location": f"{back}/api/license"}))
        with pytest.raises(RedirectException, match="redirects to"):
            session.get_license()
    assert server.count("GET") == secure.count("GET") == 2


def tunnel(connection: socket.socket, asked: Asked) -> bool:
    """A proxy: connects, and carries bytes both ways."""
    host, _, port = asked.target.rpartition(":")
    with socket.create_connection(("127.0.0.1" if host.endswith(".invalid") else host, int(port))) as far:
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        back = threading.Thread(target=pump, args=(far, connection), daemon=True)
        back.start()
        pump(connection, far)
        back.join()
    return False


def pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return


def test_a_proxy_carries_https_by_argument_and_by_environment(
    serve: Serve, ca_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve("alpine.invalid")
    proxy = WireServer(tunnel)
    address = f"https://alpine.invalid:{server.port}"
    by_argument = APIClient(address, token=TOKEN, ca_certs=ca_file, proxies={"https": proxy.url})
    assert by_argument.get_license() == {"fine": True}
    assert [asked.method for asked in proxy.asked] == ["CONNECT"]
    assert TOKEN not in proxy.asked[0].head + proxy.asked[0].target
    by_argument.session.close()
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    by_environment = APIClient(address, token=TOKEN, ca_certs=ca_file)
    monkeypatch.delenv("HTTPS_PROXY")
    assert by_environment.get_license() == {"fine": True}
    assert len(proxy.asked) == 2
    by_environment.session.close()
    session = APIClient(address, token=TOKEN, proxies={"https": proxy.url})
    refused(session, set_clock(session), "certificate")
    proxy.close()
