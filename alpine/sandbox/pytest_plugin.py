"""Fixtures for tests of scripts and workflows.

``alpine_sandbox``
    a sandbox server, started once for each test session and fresh for each test: no records, tables or functions
    of the test before;
``alpine_session``
    a client that is logged in to it.

Nothing of the sandbox is loaded before a test asks for a fixture.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from alpine.apiclient import APIClient
    from alpine.sandbox import Sandbox


@pytest.fixture(scope="session")
def _alpine_sandbox_server() -> Iterator[Sandbox]:
    from alpine.sandbox import Sandbox

    with Sandbox() as server:
        yield server


@pytest.fixture
def alpine_sandbox(_alpine_sandbox_server: Sandbox) -> Iterator[Sandbox]:
    """A running sandbox server as if it had just been started."""
    yield _alpine_sandbox_server
    _alpine_sandbox_server.reset(tables=True)


@pytest.fixture
def alpine_session(alpine_sandbox: Sandbox) -> Iterator[APIClient]:
    """A client that is logged in to the sandbox as its administrator."""
    with alpine_sandbox.client() as session:
        yield session
