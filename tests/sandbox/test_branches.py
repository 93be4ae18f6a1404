"""Steps of a flow side by side: the order of their outcomes, failures, stops, and the tables that nobody reads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

from alpine.sandbox.engine import Context, Engine, Output
from alpine.sandbox.engine.branches import Branches
from tests.sandbox.engine_flows import derived, element, errors, flow, node, run, source, start

SECONDS = 20
DIAMOND = {"b": ["a"], "c": ["a"], "d": ["b", "c"]}


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine()
    engine.load_table("t", pd.DataFrame({"x": range(10_000), "g": [i % 7 for i in range(10_000)]}))
    yield engine
    engine.close()


def branches(before: dict[str, list[str]] = DIAMOND, steps: str = "abcd") -> Branches[str]:
    return Branches(list(steps), before, lambda outcome: outcome.endswith("failed"))


def test_steps_that_do_not_wait_for_each_other_go_on_side_by_side() -> None:
    told: list[str] = []
    together = threading.Barrier(2)

    def work(name: str) -> str:
        if name in "bc":
            together.wait(SECONDS)
        return name

    assert branches().run(work, told.append, lambda: 2, told.append) == []
    assert told == ["a", "b", "c", "d"]


def test_outcomes_come_in_order_though_the_last_is_done_first() -> None:
    told: list[str] = []
    later = threading.Event()

    def work(name: str) -> str:
        if name == "c":
            later.set()
        assert name != "b" or later.wait(SECONDS)
        return name

    branches().run(work, told.append, lambda: 2, told.append)
    assert told == ["a", "b", "c", "d"]


def test_one_at_a_time_they_go_in_order() -> None:
    begun: list[str] = []
    branches().run(lambda name: begun.append(name) or name, lambda _: None, lambda: 1, begun.append)
    assert begun == ["a", "b", "c", "d"]


def test_what_goes_on_behind_a_failure_is_stopped_and_counts_no_more() -> None:
    told: list[str] = []
    stopped: list[str] = []
    both, end = threading.Barrier(2), threading.Event()

    def work(name: str) -> str:
        if name == "a":
            return name
        both.wait(SECONDS)
        assert name != "c" or end.wait(SECONDS)
        return f"{name} failed"

    def stop(name: str) -> None:
        stopped.append(name)
        end.set()

    assert branches().run(work, told.append, lambda: 2, stop) == ["c failed"]
    assert (told, stopped) == (["a", "b failed"], ["c"])


def test_a_failure_waits_for_the_steps_before_it() -> None:
    told: list[str] = []
    failed = threading.Event()

    def work(name: str) -> str:
        if name == "c":
            failed.set()
            return "c failed"
        assert name != "b" or failed.wait(SECONDS)
        return name

    branches().run(work, told.append, lambda: 2, told.append)
    assert told == ["a", "b", "c failed"]


def test_an_exception_of_a_step_ends_them_all() -> None:
    def work(name: str) -> str:
        if name == "b":
            raise OSError("gone")
        return name

    told: list[str] = []
    with pytest.raises(OSError, match="gone"):
        branches().run(work, told.append, lambda: 1, told.append)
    assert told == ["a"]


def wide_flow(width: int) -> tuple[bytes, list[str]]:
    """A source, as many branches of two operators each, and what is made of each."""
    nodes, links, names = [source("t")], [], ["source"]
    for i in range(width):
        aggregate = element("AggregateField", columnName="s", expression="sum(made)", dataType="")
        model = element("AggregateFieldsModel", element("groupBy", columnName="made"), aggregate)
        nodes += [derived(f"x % {i + 2}", f"derive {i}"), node(f"group {i}", "field.AggregateOperator", model)]
        links += [f"source > derive {i}", f"derive {i} > group {i}"]
        names += [f"derive {i}", f"group {i}"]
    return flow(*nodes, links=", ".join(links)), names


def shown(document: dict[str, Any]) -> list[Any]:
    return [(entry["out_title"], entry["visualData"]) for entry in document["outputs"]]


def told(document: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(line["nodeName"], line["message"], line["errMessage"]) for line in document["logs"]]


@pytest.mark.parametrize("width", [1, 12])
def test_a_run_tells_the_same_whether_operators_run_side_by_side_or_not(engine: Engine, width: int) -> None:
    text, _ = wide_flow(width)
    engine.set_pace(0.0)
    one_by_one = run(engine, text)
    engine.set_pace("instant")
    for _ in range(3):
        document = run(engine, text)
        assert shown(document) == shown(one_by_one)
        assert told(document) == told(one_by_one)


def test_a_failure_that_was_asked_for_is_not_used_up_by_an_operator_that_did_not_count(engine: Engine) -> None:
    text, names = wide_flow(3)
    first, *rest = [name for name in names if name.startswith("derive")]
    for name in (first, *rest):
        engine.fail_node(name, 1)
    for name in (first, *rest):
        assert errors(run(engine, text)) == [f"The operator {name!r} was told to fail."]
    assert errors(run(engine, text)) == []


def own(name: str, signature: str) -> str:
    """An operator of a user's class."""
    return node(name, "").replace("com.alpine.miner.gef.runoperator.", signature)


def test_tables_that_no_later_operator_reads_are_dropped(engine: Engine) -> None:
    left: list[int] = []

    def look(context: Context) -> Output:
        schema = context.cursor.schema.name.strip('"')
        [(count,)] = context.cursor.fetch("SELECT count(*) FROM duckdb_tables() WHERE schema_name = ?", [schema])
        left.append(count)
        return Output(context.table)

    engine.register("my.Look", look)
    chain = [derived("made + 1" if i else "x + 1", f"derive {i}") for i in range(6)]
    names = [f"derive {i}" for i in range(6)]
    links = ", ".join(f"{a} > {b}" for a, b in zip(["source", *names], [*names, "look"], strict=True))
    document = run(engine, flow(source("t"), *chain, own("look", "my.Look"), links=links))
    assert errors(document) == []
    assert [entry["visualData"]["items"][0] for entry in document["outputs"][1:]] == [
        {"made": str(value)} for value in [*range(1, 7), 6]
    ]
    assert left == [1]


@pytest.mark.parametrize("pace", ["instant", "step"])
def test_a_run_of_several_branches_can_be_stopped(engine: Engine, pace: str) -> None:
    engine.load_table("many", pd.DataFrame({"x": range(200_000)}))
    begun = threading.Event()

    def slow(context: Context) -> Output:
        begun.set()
        context.cursor.fetch("SELECT count(*) FROM range(10000000000) a WHERE hash(a.range) % 7 = 3")
        return Output(context.table)

    engine.register("my.Slow", slow)
    engine.set_pace(pace)
    steps = [own(f"slow {i}", "my.Slow") for i in range(3)]
    process = start(engine, flow(source("many"), *steps, links=", ".join(f"source > slow {i}" for i in range(3))))
    if pace == "step":
        engine.release()
    assert begun.wait(SECONDS)
    assert engine.stop(process, SECONDS) is True
    assert engine.results(375, process) == ""
