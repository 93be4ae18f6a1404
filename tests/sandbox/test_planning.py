"""Everything that is missing for a flow to run is told at once, before anything runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from alpine import RunFlowFailureException
from alpine.sandbox import Sandbox
from alpine.sandbox.engine import Engine
from tests.sandbox.engine_flows import custom, derived, element, errors, flow, node, outcome, rows, run, source


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine()
    engine.load_table("demo.numbers", pd.DataFrame({"n": [1, 2, 3], "word": ["a", "b", "a"]}))
    yield engine
    engine.close()


def several(*items: tuple[str, str, str]) -> str:
    made = [element("DerivedFieldItem", columnName=c, expression=e, dataType=t) for c, e, t in items]
    return node("derive", "field.VariableOperator", element("DerivedFieldsModel", *made), columnNames="")


def test_all_that_is_missing_is_told_by_operator(engine: Engine):
    text = flow(
        source("demo.people", "people"),
        source("demo.places", "places"),
        source("demo.numbers", "numbers"),
        node("odd", "x.OddOperator"),
        custom("com.example.Own"),
        node("keep", "field.ColumnFilterOperator", columnNames="nothing"),
        node("fit", "linearregression.LinearRegressionOperator", isStepWise="true", columnNames="n"),
        node("after", "field.ColumnFilterOperator", columnNames="anything"),
        links="people > odd, numbers > keep, odd > fit, keep > after",
    )
    document = run(engine, text)
    head = document["flowMetaInfo"]
    assert (head["status"], head["noOfError"], head["noOfNodesProcessed"]) == ("FAILURE", 6, 0)
    assert document["outputs"] == []
    found = {line["nodeName"]: line["errMessage"] for line in document["logs"] if line["errMessage"] != "null"}
    assert "server.load_table('demo.people'" in found["people"]
    assert "server.load_table('demo.places'" in found["places"]
    assert "server.register('com.alpine.miner.gef.runoperator.x.OddOperator'" in found["odd"]
    assert "server.register('com.example.Own'" in found["custom"]
    assert found["keep"] == "There is no column 'nothing'. The columns are: n, word."
    assert "isStepWise" in found["fit"]
    assert "after" not in found


def test_all_expressions_of_an_operator_are_told(engine: Engine):
    step = several(("a", "n +", ""), ("b", "n + 1", "intt"), ("c", "n + 1", "bigint"))
    [reason] = errors(run(engine, flow(source("demo.numbers"), step, links="source > derive")))
    assert reason.startswith("The column 'a': ")
    assert "n +" in reason
    assert "; The column 'b': The sandbox does not know the type 'intt'" in reason
    assert "'c'" not in reason


def test_a_column_that_an_operator_drops_is_missed_further_down(engine: Engine):
    keep = node("keep", "field.ColumnFilterOperator", columnNames="n")
    last = node("last", "field.ColumnFilterOperator", columnNames="made,word")
    text = flow(
        source("demo.numbers"), keep, derived("n * 2"), last, links="source > keep, keep > derive, derive > last"
    )
    [reason] = errors(run(engine, text))
    assert reason == "There is no column 'word'. The columns are: made."


@pytest.mark.parametrize("expression", ["nothing + 1", "no_such(n)", "word + word", "lower(word, 1)"])
def test_no_words_of_the_database_reach_the_user(engine: Engine, expression: str):
    [reason] = errors(run(engine, flow(source("demo.numbers"), derived(expression), links="source > derive")))
    for word in ("Binder", "Catalog", "Error:", "LINE", "Candidate"):
        assert word not in reason


def test_what_depends_on_the_rows_is_left_to_the_run(engine: Engine):
    pivot = node("pivot", "field.PivotOperator", groupByColumn="n", pivotColumn="word", aggregateType="count")
    last = node("last", "field.ColumnFilterOperator", columnNames="n,word_a")
    document = run(engine, flow(source("demo.numbers"), pivot, last, links="source > pivot, pivot > last"))
    assert len(rows(outcome(document, "last"))) == 3
    last = node("last", "field.ColumnFilterOperator", columnNames="n,word_z")
    document = run(engine, flow(source("demo.numbers"), pivot, last, links="source > pivot, pivot > last"))
    assert document["flowMetaInfo"]["noOfNodesProcessed"] == 2
    assert "'word_z'" in errors(document)[0]


def test_a_value_that_a_cast_refuses_stops_the_run_where_it_occurs(engine: Engine):
    step = several(("made", "word", "bigint"))
    document = run(engine, flow(source("demo.numbers"), step, links="source > derive"))
    assert document["flowMetaInfo"]["noOfNodesProcessed"] == 1
    [reason] = errors(document)
    assert '"a"' in reason
    assert "Error" not in reason


def test_a_users_function_is_called_once_and_only_in_the_run(engine: Engine):
    called: list[int] = []

    def own(data: pd.DataFrame) -> pd.DataFrame:
        called.append(len(data))
        return data

    engine.register("com.example.Own", own)
    keep = node("keep", "field.ColumnFilterOperator", columnNames="nothing")
    text = flow(source("demo.numbers"), custom("com.example.Own"), links="source > custom")
    assert run(engine, text)["flowMetaInfo"]["status"] == "SUCCESS"
    text = flow(source("demo.numbers"), custom("com.example.Own"), keep, links="source > custom, source > keep")
    assert run(engine, text)["flowMetaInfo"]["status"] == "FAILURE"
    assert called == [3]


def test_a_model_and_what_follows_it_run_as_before(engine: Engine):
    data = pd.DataFrame({"x": range(20), "y": [3.0 * n + 1 for n in range(20)]})
    engine.load_table("demo.line", data)
    fit = node("fit", "linearregression.LinearRegressionOperator", dependentColumn="y", columnNames="x")
    score = node("score", "model.DatabasePredictorOperator")
    document = run(engine, flow(source("demo.line"), fit, score, links="source > fit, fit > score, source > score"))
    assert rows(outcome(document, "score"))[1] == ["1", "4.0000", "4.0000"]


def test_the_client_tells_everything_in_one_message(tmp_path: Path):
    path = tmp_path / "missing.afm"
    path.write_bytes(flow(source("demo.people", "people"), source("demo.places", "places")))
    with Sandbox() as server, server.client() as session:
        workflow = session.workfile.upload("Sandbox", path, [session.datasource.for_upload("Sandbox Database")])
        with pytest.raises(RunFlowFailureException) as caught:
            session.workfile.process.run(workflow["id"]).wait()
    assert "server.load_table('demo.people'" in str(caught.value)
    assert "server.load_table('demo.places'" in str(caught.value)
