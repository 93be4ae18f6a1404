from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from alpine import APIClient
from alpine._clock import Clock
from tests.scripted import FakeTime, ScriptedServer

TOKEN = "scripted-token-000001"

# In the background a shell has Ctrl-C ignored, also by the programs that tests start; here it has to mean something.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def no_alpine_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("ALPINE_") and name != "ALPINE_CORPUS"]:
        monkeypatch.delenv(name)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    server = ScriptedServer()
    yield server
    server.close()


@pytest.fixture
def session(server: ScriptedServer) -> Iterator[APIClient]:
    """A client with a token, whose clock moves only when it sleeps."""
    client = APIClient(server.url, token=TOKEN, timeout=(2, 2))
    yield client
    client.session.close()


@pytest.fixture
def fake_time(session: APIClient) -> FakeTime:
    time = FakeTime()
    session._transport.clock = Clock(time.now, time.sleep)
    return time


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
