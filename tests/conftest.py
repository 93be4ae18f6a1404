from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trustme

from alpine import APIClient
from tests.inside import set_clock
from tests.scripted import FakeTime, ScriptedServer

if TYPE_CHECKING:
    from alpine.sandbox import Sandbox

TOKEN = "scripted-token-000001"

# In the background a shell has Ctrl-C ignored, also by the programs that tests start; here it has to mean something.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def no_alpine_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("ALPINE_") and name != "ALPINE_CORPUS"]:
        monkeypatch.delenv(name)


@pytest.fixture
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that knows no proxy and no authority."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "requests_ca_bundle", "curl_ca_bundle"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def note(tmp_path: Path) -> Path:
    """A file of text to be uploaded."""
    path = tmp_path / "note.txt"
    path.write_text("first")
    return path


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    server = ScriptedServer()
    yield server
    server.close()


@pytest.fixture
def session(server: ScriptedServer) -> Iterator[APIClient]:
    """A client of the scripted server, with a token."""
    client = APIClient(server.url, token=TOKEN, timeout=(2, 2))
    yield client
    client.session.close()


@pytest.fixture
def fake_time(session: APIClient) -> FakeTime:
    """The clock of that client, which moves only when it sleeps."""
    return set_clock(session)


@pytest.fixture(scope="module")
def running_sandbox() -> Iterator[Sandbox]:
    # Not loaded for tests that do without.
    from alpine.sandbox import Sandbox

    with Sandbox() as server:
        yield server


@pytest.fixture
def sandbox(running_sandbox: Sandbox) -> Iterator[Sandbox]:
    """A sandbox whose records are fresh."""
    running_sandbox.reset()
    yield running_sandbox
    running_sandbox.clear_faults()


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[APIClient]:
    """A client of the sandbox, logged in as its administrator."""
    with sandbox.client() as logged_in:
        yield logged_in


@pytest.fixture
def ada(sandbox: Sandbox) -> Iterator[APIClient]:
    """A client of a user without special rights, who is a member of nothing."""
    with sandbox.client("ada") as logged_in:
        yield logged_in


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """An authority that vouches for servers which speak https."""
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture
def corpus() -> Path:
    """Real workflow files and tables, which are no part of the project."""
    folder = Path(os.environ.get("ALPINE_CORPUS") or Path(__file__).parents[2] / "shared" / "corpus")
    if not folder.is_dir():
        pytest.skip(f"no corpus of real workflows at {folder}; ALPINE_CORPUS names it")
    return folder
