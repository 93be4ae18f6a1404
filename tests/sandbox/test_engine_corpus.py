"""Real workflow files, run by the engine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from engine_flows import errors, run

from alpine.sandbox.engine import Engine

CORPUS = Path(os.environ.get("ALPINE_CORPUS") or Path(__file__).parents[3] / "shared" / "corpus")
FLOWS = sorted((CORPUS / "flows").glob("*.afm"))

pytestmark = pytest.mark.skipif(
    not FLOWS, reason="the real workflow files are neither in ALPINE_CORPUS nor beside the checkout"
)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = Engine(stand_in=True)
    for name in ("credit", "golfnew"):
        engine.load_table(name, CORPUS / "data" / f"{name}.csv")
    yield engine
    engine.close()


@pytest.mark.parametrize(
    "path", [path for path in FLOWS if path.name.startswith("client-")], ids=lambda path: path.stem
)
def test_a_file_of_built_in_operators_runs_to_success(engine: Engine, path: Path):
    document = run(engine, path.read_bytes())
    assert document["flowMetaInfo"]["status"] == "SUCCESS", errors(document)


@pytest.mark.parametrize("path", [path for path in FLOWS if path.name.startswith("labs-")], ids=lambda path: path.stem)
def test_other_files_run_or_fail_by_what_they_lack(engine: Engine, path: Path):
    document = run(engine, path.read_bytes())
    lacks = ("server.register(", "server.load_table(", "can not fit stepwise")
    assert all(any(lack in reason for lack in lacks) for reason in errors(document))
