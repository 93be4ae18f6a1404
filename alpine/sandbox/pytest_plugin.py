"""Fixtures for tests of scripts and workflows.

``alpine_sandbox``
    a sandbox server, started once for each test session and fresh for each test: no records, tables or functions
    of the test before;
``alpine_session``
    a client that is logged in to it;
``alpine_golden``
    runs a workflow and compares every operator's whole output with the recorded one, which ``--alpine-record`` writes;
``alpine_outputs``
    runs a workflow and gives the operators' whole outputs.

Nothing of the sandbox is loaded before a test asks for a fixture.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from alpine.apiclient import APIClient
    from alpine.sandbox import Sandbox
    from alpine.sandbox.golden.fixture import FlowRunner, GoldenTest, Place
    from alpine.sandbox.golden.outputs import WholeEngine

_RECORDED = "alpine_recorded"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that records outputs."""
    group = parser.getgroup("alpine")
    group.addoption(
        "--alpine-record", action="store_true", help="record the outputs that alpine_golden compares, instead"
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell what was recorded."""
    reports = [report for group in terminalreporter.stats.values() for report in group]
    for report in reports:
        for name, text in getattr(report, "user_properties", ()):
            if name == _RECORDED and getattr(report, "when", "") == "call":
                terminalreporter.write_line(str(text))


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


@pytest.fixture(scope="session")
def _alpine_engine() -> Iterator[WholeEngine]:
    from alpine.sandbox._extras import needed, require_all

    require_all()
    with needed():
        from alpine.sandbox.golden.outputs import WholeEngine
    engine = WholeEngine()
    yield engine
    engine.close()


@pytest.fixture
def alpine_outputs(_alpine_engine: WholeEngine, request: pytest.FixtureRequest) -> FlowRunner:
    """Runs a workflow and gives the whole outputs of its operators, by name."""
    from alpine.sandbox.golden.fixture import FlowRunner

    return FlowRunner(_alpine_engine, _place(request))


@pytest.fixture
def alpine_golden(alpine_outputs: FlowRunner, request: pytest.FixtureRequest) -> GoldenTest:
    """Runs a workflow and compares the whole outputs of its operators with the recorded ones."""
    from alpine.sandbox.golden.fixture import GoldenTest

    def report(text: str) -> None:
        request.node.user_properties.append((_RECORDED, text))

    return GoldenTest(alpine_outputs, _place(request), request.config.getoption("--alpine-record"), report)


def _place(request: pytest.FixtureRequest) -> Place:
    from alpine.sandbox.golden.fixture import Place

    return Place(request.path, request.node.name, request.node.nodeid, request.config.rootpath)
