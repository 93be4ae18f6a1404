"""Real workflow files, run through the client over HTTP, and what the sandbox makes of all of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from alpine import APIClient
from alpine.sandbox import Sandbox
from tests.sandbox.corpus_table import markdown, outcomes

PROJECT = Path(__file__).parents[2]
CORPUS = Path(os.environ.get("ALPINE_CORPUS") or PROJECT.parent / "shared" / "corpus")
FLOWS = sorted((CORPUS / "flows").glob("client-*.afm"))

pytestmark = pytest.mark.skipif(
    not FLOWS, reason="the real workflow files are neither in ALPINE_CORPUS nor beside the checkout"
)


@pytest.fixture(scope="module")
def session() -> Iterator[APIClient]:
    with Sandbox(data=CORPUS / "data", stand_in=True) as server, server.client() as client:
        yield client


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.stem)
def test_a_file_of_the_clients_own_repository_runs_to_success(session: APIClient, path: Path) -> None:
    sources = [session.datasource.for_upload(name) for name in ("Sandbox Database", "Sandbox Hadoop")]
    workflow = session.workfile.upload("Sandbox", path, sources)
    run = session.workfile.process.run(workflow["id"], afm_file=path)
    assert run.wait() == "SUCCESS"
    results = run.results()
    assert results["flowMetaInfo"]["noOfNodesProcessed"] == len(results["outputs"]) > 0


def test_the_golden_number_comes_through_the_client(session: APIClient) -> None:
    [path] = [path for path in FLOWS if "577f" in path.name]
    source = session.datasource.for_upload("Sandbox Database")
    workflow = session.workfile.upload("Sandbox", path, [source])
    run = session.workfile.process.run(workflow["id"], {"@min_credit_line": 7})
    run.wait()
    assert run.results().operators["Row Filter"].row_count == 1640


def test_the_count_in_the_documentation_is_true_and_every_refusal_names_its_operator() -> None:
    found = list(outcomes(CORPUS))
    page = (PROJECT / "docs" / "reference" / "operators.md").read_text("utf-8")
    succeeded = sum(not outcome.refused for outcome in found)
    assert f"Of {len(found)} public workflow files, {succeeded} run to the end" in page
    assert markdown(found) in page
    assert all(bool(outcome.waits_for) is bool(outcome.refused) for outcome in found)
    assert [
        outcome.name
        for outcome in found
        if not all("Operator" in refused or "Signature" in refused for refused in outcome.refused)
    ] == []
