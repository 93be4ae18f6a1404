from __future__ import annotations

from pathlib import Path

import pytest

from alpine import APIClient
from alpine.process import Process
from tests.runs.engine import Engine
from tests.runs.responses import ENGINE
from tests.scripted import FakeTime, ScriptedServer


@pytest.fixture
def engine(server: ScriptedServer, fake_time: FakeTime) -> Engine:
    engine = Engine(fake_time)
    server.on("POST", f"{ENGINE}/workflows/375/run", engine.run)
    server.on("GET", f"{ENGINE}/processes/.*/query", engine.query)
    server.on("GET", f"{ENGINE}/workflows/375/results/.*", engine.results)
    server.on("POST", f"{ENGINE}/processes/.*/stop", engine.stop)
    return engine


@pytest.fixture
def process(engine: Engine, session: APIClient) -> Process:
    return session.workfile.process


FLOW = b"""<Process><Operator name="Loader" type="a.A"/><Operator name="Row Filter" type="a.B"/>
<Operator name="Other" type="a.B"/><Operator name="A note" type="a.NoteOperator"/>
<Link source="Loader" target="Row Filter"/><Link source="Loader" target="Other"/>
<VariableModel><Variable><Name>@min_amount</Name><Value>1</Value></Variable></VariableModel></Process>"""


@pytest.fixture
def flow(tmp_path: Path) -> Path:
    path = tmp_path / "specs.afm"
    path.write_bytes(FLOW)
    return path
