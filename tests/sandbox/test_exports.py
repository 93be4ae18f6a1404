"""Models that are exported become files of the workspace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from alpine import RunFlowFailureException
from alpine.sandbox import Sandbox
from alpine.sandbox.engine import Context, Engine, Output
from alpine.sandbox.engine.context import tabulate
from alpine.sandbox.engine.core import EXAMPLES
from alpine.sandbox.engine.model_files import document
from alpine.sandbox.engine.models import Model
from tests.sandbox.engine_flows import errors, flow, node, outcome, rows, run, source

FIT = node(
    "fit",
    "linearregression.LinearRegressionOperator",
    dependentColumn="amount",
    columnNames="items",
    isStepWise="false",
)


def export(name: str = "@flow_name_model_0", **more: str) -> str:
    said = {"exportFormat": "AM", "exportFileName": name, "exportAncestryDepth": "1", **more}
    return node("export", "export.ExportOperator", **said)


def exported(*operators: str, links: str = "source > fit, fit > export") -> bytes:
    return flow(source("demo.orders"), *operators, links=links)


@pytest.fixture
def server() -> Iterator[Sandbox]:
    with Sandbox() as server:
        yield server


def workflow(server: Sandbox, folder: Path, text: bytes) -> int:
    path = folder / "orders.afm"
    path.write_bytes(text)
    return server.add_workflow(path)


def test_a_run_leaves_the_model_in_a_new_workfile(server: Sandbox, tmp_path: Path):
    session = server.client()
    workflow_id = workflow(server, tmp_path, exported(FIT, export()))
    process = session.workfile.process.run(workflow_id)
    process.wait()
    assert process.results().operators["export"].to_dataframe().iloc[0].tolist() == ["orders_model_0.am", "AM"]
    file_id = session.workfile.get_id("orders_model_0.am", "Sandbox")
    kept = json.loads(session.workfile.download(file_id))
    assert (kept["format"], kept["name"], kept["kind"]) == ("AM", "fit", "LIR")
    data = pd.read_csv(EXAMPLES / "orders.csv")
    slope, level = np.polyfit(data["items"], data["amount"], 1)
    assert kept["model"]["target"] == "amount"
    assert kept["model"]["coefficients"] == pytest.approx({"Intercept": level, "items": slope})
    # A second run finds the name taken.
    session.workfile.process.run(workflow_id).wait()
    names = [workfile["file_name"] for workfile in session.workfile.get_list("Sandbox")]
    assert {"orders_model_0.am", "orders_model_0_1.am"} <= set(names)


def test_a_run_that_fails_before_leaves_no_file(server: Sandbox, tmp_path: Path):
    session = server.client()
    before = len(session.workfile.get_list("Sandbox"))
    server.fault("node_failure", operator="fit")
    process = session.workfile.process.run(workflow(server, tmp_path, exported(FIT, export())))
    with pytest.raises(RunFlowFailureException):
        process.wait()
    assert len(session.workfile.get_list("Sandbox")) == before + 1


@pytest.mark.parametrize(
    ("step", "links", "reason"),
    [
        (export(exportFormat="PMML"), "source > fit, fit > export", "does not know the format 'PMML'"),
        (export("../model"), "source > fit, fit > export", "'../model' is no name of a file"),
        (export(""), "source > fit, fit > export", "'' is no name of a file"),
        (export(), "source > fit, source > export", "takes one model as input, but 0"),
    ],
)
def test_an_export_that_is_not_understood_is_refused_before_the_run(step: str, links: str, reason: str):
    engine = Engine()
    document = run(engine, exported(FIT, step, links=links))
    engine.close()
    assert reason in " ".join(errors(document))
    assert document["flowMetaInfo"]["noOfNodesProcessed"] == 0


def test_an_engine_without_a_server_names_the_file():
    engine = Engine()
    entry = outcome(run(engine, exported(FIT, export("model.AM"))), "export")
    engine.close()
    assert rows(entry) == [["model.AM", "AM"]]


class Own(Model):
    short = "OWN"

    def __init__(self, **said: Any) -> None:
        self.name = "own"
        self.__dict__.update(said)

    def scored(self, cursor: Any, table: Any) -> Any:
        raise NotImplementedError


def test_the_attributes_of_a_model_become_json():
    loop: list[Any] = []
    loop.append(loop)
    model = Own(
        matrix=np.array([[1.5, float("nan")]]),
        counts={1: np.int64(2), "s": {"b", "a"}},
        skipped=object(),
        _hidden=1,
        loop=loop,
        nothing=None,
    )
    made = document(model)
    assert made["kind"] == "OWN"
    said = made["model"]
    assert said["matrix"] == [[1.5, "nan"]]
    assert said["counts"] == {"1": 2, "s": ["a", "b"]}
    assert "skipped" not in said
    assert "_hidden" not in said
    json.dumps(made, allow_nan=False)
    model.exported = lambda: {"rules": ["a"]}  # type: ignore[attr-defined]
    assert document(model)["model"] == {"rules": ["a"]}


def test_a_model_of_the_users_own_is_exported(tmp_path: Path):
    def fit(context: Context) -> Output:
        return Output(model=Own(weight=2), view=tabulate([[1]], ["x"]))

    with Sandbox() as server:
        server.register("x.Own", fit)
        own = node("fit", "x.Own")
        session = server.client()
        workflow_id = workflow(server, tmp_path, exported(own, export("own model")))
        session.workfile.process.run(workflow_id).wait()
        kept = json.loads(session.workfile.download(session.workfile.get_id("own model.am", "Sandbox")))
    assert kept["model"]["weight"] == 2
