"""The outcomes of many runs are a parent and its children in MLflow: in its own local store, where it is installed."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import alpine.mlflow
from alpine import MissingExtraException
from alpine.exception import InvalidArgumentException
from alpine.process import Process
from tests.runs.conftest import engine, process
from tests.runs.engine import specs

__all__ = ["engine", "process"]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """MLflow with an empty local store, of files, which needs no database."""
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    mlflow = pytest.importorskip("mlflow")
    old = mlflow.get_tracking_uri()
    with warnings.catch_warnings():
        # Of MLflow, about its own local store, and about Python.
        warnings.simplefilter("ignore")
        mlflow.set_tracking_uri((tmp_path / "mlruns").as_uri())
        mlflow.set_experiment("alpine")
        yield mlflow
    mlflow.set_tracking_uri(old)


def test_a_parent_has_a_child_for_each_outcome(process: Process, store: Any, tmp_path: Path) -> None:
    def pick(results: Any) -> dict[str, Any]:
        return {"n/2": results.operators["Filter"].to_dataframe()["n"][0] / 2, "state": results.status, "ü": 1}

    given = [{"@n": 4, "@text": "x" * 10_000, "text": "y"}, *specs("bad", "refused", 6)]
    outcomes = process.run_many(375, given)
    parent = alpine.mlflow.log(outcomes, pick, run_name="amounts")
    client = store.MlflowClient()
    top = client.get_run(parent)
    assert top.info.run_name == "amounts"
    assert top.info.status == "FINISHED"
    assert top.data.metrics == {"runs": 4, "runs_failed": 2}
    children = client.search_runs(
        [top.info.experiment_id], f"tags.mlflow.parentRunId = '{parent}'", order_by=["attributes.run_name"]
    )
    assert [child.info.run_name for child in children] == [f"amounts {number}" for number in (1, 2, 3, 4)]
    assert [child.info.status for child in children] == ["FINISHED", "FAILED", "FAILED", "FINISHED"]
    first = children[0].data
    assert first.params == {"n": "4", "text": "x" * 500, "text_2": "y"}
    assert first.metrics == {"n_2": 2, "_": 1}
    assert first.tags["state"] == first.tags["alpine.status"] == "SUCCESS"
    assert first.tags["alpine.process_id"] == str(outcomes[0].process_id)
    assert first.tags["alpine.workflow_id"] == "375"
    assert "alpine.error" not in first.tags
    assert children[1].data.tags["alpine.error"] == "ended with status FAILURE."
    assert children[2].data.tags["alpine.status"] == "NOT STARTED"
    document = client.download_artifacts(children[0].info.run_id, "results.json", str(tmp_path))
    assert json.loads(Path(document).read_text("utf-8")) == outcomes[0].results
    assert not client.list_artifacts(children[2].info.run_id)


def test_whatever_is_picked_is_kept_by_a_name_of_its_own(process: Process, store: Any) -> None:
    picked = {
        ".": 1,
        "..x": 2,
        "/a/../b": 3,
        "": 4,
        " ": 5,
        "decimal": Decimal("1.5"),
        "huge": 10**400,
        "signalling": Decimal("sNaN"),
        "infinite": math.inf,
        "mlflow.runName": "mine",
        "alpine.status": "mine",
    }
    alpine.mlflow.log(process.run_many(375, specs(1)), lambda _: picked, run_name="x")
    [child] = [run for run in store.search_runs(output_format="list") if "mlflow.parentRunId" in run.data.tags]
    assert child.data.metrics == {"_": 1, "_.x": 2, "_a_.._b": 3, "__2": 4, " ": 5, "decimal": 1.5}
    assert child.info.run_name == "x 1"
    tags = child.data.tags
    assert (tags["mlflow_runName"], tags["alpine.status"], tags["alpine.status_2"]) == ("mine", "SUCCESS", "mine")
    assert tags["huge"] == str(10**400)
    assert (tags["signalling"], tags["infinite"]) == ("sNaN", "inf")


def test_outcomes_are_logged_as_they_come_and_below_a_run_that_is_active(process: Process, store: Any) -> None:
    with store.start_run() as active:
        parent = alpine.mlflow.log(process.iterate_many(375, specs(1, 2)), documents=False)
    assert store.active_run() is None
    client = store.MlflowClient()
    assert client.get_run(parent).data.tags["mlflow.parentRunId"] == active.info.run_id


def test_what_ends_it_leaves_no_run_open(process: Process, store: Any) -> None:
    def pick(_: object) -> None:
        raise SystemExit

    with pytest.raises(SystemExit):
        alpine.mlflow.log(process.run_many(375, specs(1)), pick)
    assert store.active_run() is None
    assert [run.info.status for run in store.search_runs(output_format="list")] == ["FAILED"]


@pytest.mark.parametrize(
    "arguments",
    [
        {"outcomes": 5},
        {"outcomes": "x"},
        {"outcomes": {}},
        {"pick": 5},
        {"run_name": ""},
        {"run_name": None},
        {"documents": "yes"},
    ],
)
def test_wrong_arguments_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentException):
        alpine.mlflow.log(**{"outcomes": [], **arguments})


def test_without_mlflow_it_says_what_to_install() -> None:
    try:
        import mlflow
    except ImportError:
        with pytest.raises(MissingExtraException, match=r"pip install mlflow"):
            alpine.mlflow.log([])
    else:
        assert mlflow
