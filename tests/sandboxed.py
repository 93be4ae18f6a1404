"""Fixtures of the tests that go over a real socket to the sandbox; a test module takes those it needs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from alpine import APIClient
from alpine.sandbox import Sandbox


@pytest.fixture(scope="module")
def running_sandbox() -> Iterator[Sandbox]:
    with Sandbox() as server:
        yield server


@pytest.fixture
def sandbox(running_sandbox: Sandbox) -> Sandbox:
    """A sandbox whose records are fresh."""
    running_sandbox.reset()
    return running_sandbox


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[APIClient]:
    """Its administrator."""
    with sandbox.client() as logged_in:
        yield logged_in


@pytest.fixture
def ada(sandbox: Sandbox) -> Iterator[APIClient]:
    """A user without special rights, who is a member of nothing."""
    with sandbox.client("ada") as logged_in:
        yield logged_in
