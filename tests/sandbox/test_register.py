"""Functions of a user's own that do the work of operators."""

from __future__ import annotations

import importlib.util
import operator
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import confusion_matrix

from alpine.sandbox.engine import Context, Engine, Output
from alpine.sandbox.engine.context import tabulate
from alpine.sandbox.engine.core import EXAMPLES
from tests.sandbox.engine_flows import element, errors, flow, node, outcome, rows, run, source

SIGNATURE = "com.example.CheapestSignature"


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine()
    engine.load_table("demo.prices", pd.DataFrame({"item": ["a", "b", "c"], "price": [3, 1, 2]}))
    engine.load_table("demo.names", pd.DataFrame({"item": ["a", "b"], "name": ["apple", "bread"]}))
    yield engine
    engine.close()


def custom() -> str:
    proxy = element("Plugin10Proxy", element("SignatureClassName", name=SIGNATURE))
    dialog = element("OperatorDialog", element("IntegerBoxImpl", id="howMany", value="2"))
    return node("custom", "plugin10.Plugin10Operator", proxy, dialog)


ONE = flow(source("demo.prices"), custom(), links="source > custom")
TWO = flow(
    source("demo.prices"),
    source("demo.names", "names"),
    custom(),
    links="source > custom, names > custom",
)
NONE = flow(custom())


def cheapest(data: pd.DataFrame) -> pd.DataFrame:
    return data.nsmallest(1, "price")


def cheapest_as_asked(data: pd.DataFrame, context: Context) -> pd.DataFrame:
    return data.nsmallest(int(context.parameter("howMany")), "price")


def context_first(context: Context, data: pd.DataFrame) -> pd.DataFrame:
    return cheapest_as_asked(data, context)


def context_by_name(data: pd.DataFrame, *, context: Context) -> pd.DataFrame:
    return cheapest_as_asked(data, context)


def context_after_a_default(data: pd.DataFrame, more: pd.DataFrame | None = None, context: Any = None) -> pd.DataFrame:
    assert more is None
    return cheapest_as_asked(data, context)


def in_sql(context: Context) -> Output:
    return context.select("*", "ORDER BY price LIMIT 2")


def what_a_table_is(context: Context) -> Any:
    return context.cursor.make(f"SELECT * FROM {context.table.sql} ORDER BY price LIMIT 2")


@pytest.mark.parametrize(
    ("function", "count"),
    [
        (cheapest, 1),
        (cheapest_as_asked, 2),
        (context_first, 2),
        (context_by_name, 2),
        (context_after_a_default, 2),
        (in_sql, 2),
        (what_a_table_is, 2),
        (lambda *tables: tables[0].nsmallest(2, "price"), 2),
        (lambda data, **_: cheapest(data), 1),
    ],
)
def test_a_function_gets_its_input_as_a_table_and_the_context_by_its_name(
    engine: Engine, function: Callable[..., Any], count: int
) -> None:
    engine.register(SIGNATURE, function)
    assert rows(outcome(run(engine, ONE), "custom")) == [["b", "1"], ["c", "2"]][:count]


def test_several_inputs_come_in_the_order_of_the_links(engine: Engine) -> None:
    engine.register("CheapestSignature", lambda prices, names: prices.merge(names, on="item"))
    assert rows(outcome(run(engine, TWO), "custom")) == [["a", "3", "apple"], ["b", "1", "bread"]]


def test_a_function_without_inputs_is_a_source(engine: Engine) -> None:
    engine.register(SIGNATURE, lambda: pd.DataFrame({"x": [1]}))
    assert rows(outcome(run(engine, NONE), "custom")) == [["1"]]


def test_a_function_written_in_c_gets_the_one_table(engine: Engine) -> None:
    engine.register(SIGNATURE, operator.itemgetter(["price"]))
    assert rows(outcome(run(engine, ONE), "custom")) == [["3"], ["1"], ["2"]]


def test_an_output_says_more_than_a_table(engine: Engine) -> None:
    engine.register(SIGNATURE, lambda data: Output(view=tabulate([[len(data)]], ["Rows"])))
    assert outcome(run(engine, ONE), "custom")["visualData"]["items"] == [{"Rows": "3"}]


@pytest.mark.parametrize(("text", "count"), [(TWO, 2), (NONE, 0)])
def test_inputs_that_do_not_fit_fail_the_operator(engine: Engine, text: bytes, count: int) -> None:
    engine.register(SIGNATURE, cheapest)
    [reason] = errors(run(engine, text))
    assert reason.startswith(f"{count} tables are linked to the operator")


@pytest.mark.parametrize("made", [None, 7, "text", [1, 2]])
def test_what_is_no_table_fails_the_operator(engine: Engine, made: object) -> None:
    engine.register(SIGNATURE, lambda data: made)
    assert f"it returned {made!r}" in errors(run(engine, ONE))[0]


def test_what_is_no_function_is_refused(engine: Engine) -> None:
    with pytest.raises(TypeError, match="done by a function"):
        engine.register(SIGNATURE, "cheapest")  # type: ignore[arg-type]  # what a user may write


def test_a_function_can_take_the_place_of_a_built_in_operator_until_all_is_cleared(engine: Engine) -> None:
    text = flow(source("demo.prices"), node("step", "field.FilterOperator"), links="source > step")
    engine.register("com.alpine.miner.gef.runoperator.field.FilterOperator", cheapest)
    assert rows(outcome(run(engine, text), "step")) == [["b", "1"]]
    engine.clear()
    assert engine.tables == ["demo.orders"]
    engine.load_table("demo.prices", pd.DataFrame({"price": [5]}))
    assert rows(outcome(run(engine, text), "step")) == [["5"]]


TEN_LINES = """\
from alpine.sandbox.engine import Context, Output
from alpine.sandbox.engine.expressions import names
from alpine.sandbox.engine.registry import operator


@operator("example.DistinctOperator", "example.HadoopDistinctOperator", title="Distinct", fidelity="equivalent")
def distinct(context: Context) -> Output:
    \"\"\"Keeps one of the rows that are the same in the chosen columns.\"\"\"
    return context.select(f"DISTINCT {names(context.columns())}")
"""
ITS_USE = """
import pandas
from tests.sandbox.engine_flows import flow, node, outcome, rows, run, source
from alpine.sandbox.engine import Engine, fidelity_table

engine = Engine()
engine.load_table("t", pandas.DataFrame({"a": [1, 1, 2], "b": [1, 2, 3]}))
for kind in ("example.DistinctOperator", "example.HadoopDistinctOperator"):
    step = node("step", kind, columnNames="a")
    found = rows(outcome(run(engine, flow(source("t"), step, links="source > step")), "step"))
    assert sorted(found) == [["1"], ["2"]]
assert "Distinct" in [title for title, *_ in fidelity_table()]
engine.close()
"""


def test_a_new_operator_is_ten_lines() -> None:
    assert len(TEN_LINES.splitlines()) <= 10
    # In a program of its own: operators that come with the sandbox are declared once for all engines.
    subprocess.run([sys.executable, "-c", TEN_LINES + ITS_USE], check=True, timeout=60, cwd=Path(__file__).parents[2])


@pytest.fixture(scope="module")
def own_operators() -> ModuleType:
    path = Path(__file__).parents[2] / "examples" / "own_operators.py"
    spec = importlib.util.spec_from_file_location("own_operators", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_forest_of_the_users_own_is_judged_as_scikit_learn_judges_it(own_operators: ModuleType):
    engine = Engine()
    engine.register(own_operators.FOREST, own_operators.forest)
    engine.register(own_operators.SQL, own_operators.sql_script)
    document = run(engine, own_operators.FLOW.encode())
    engine.close()
    orders = pd.read_csv(EXAMPLES / "orders.csv")
    fitted = RandomForestClassifier(50, random_state=1).fit(orders[["items", "amount"]], orders["status"])
    expected = confusion_matrix(orders["status"], fitted.predict(orders[["items", "amount"]]))
    [map_] = [
        part["visualData"] for part in outcome(document, "Confusion Matrix")["visualData"] if part["visualType"] == 20
    ]
    found = [[int(cell) for cell in row["data"]] for row in map_["heatMapTable"]["rowsValue"]]
    assert found == expected.tolist()
    totals = orders.groupby("region")["amount"].sum()
    assert rows(outcome(document, "SQL")) == [[region, f"{total:.4f}"] for region, total in totals.items()]


@pytest.mark.parametrize(
    "script", ["", "SELECT 1", "DROP TABLE x", "CREATE TABLE alpine_sql_output AS (SELECT nothing)"]
)
def test_a_script_of_sql_that_makes_no_output_fails(own_operators: ModuleType, engine: Engine, script: str):
    engine.register(own_operators.SQL, own_operators.sql_script)
    step = node("step", own_operators.SQL, sqlScript=script).replace("com.alpine.miner.gef.runoperator.", "")
    [reason] = errors(run(engine, flow(source("demo.prices"), step, links="source > step")))
    assert "CREATE TABLE alpine_sql_output" in reason or '"nothing"' in reason


@pytest.mark.parametrize("name", ["SqlExecuteOperator", "hadoop.HadoopForestOperator", "subflow.SubFlowOperator"])
def test_a_class_that_is_not_public_is_refused_with_the_call_that_registers_it(engine: Engine, name: str):
    document = run(engine, flow(source("demo.prices"), node("step", name), links="source > step"))
    [reason] = errors(document)
    assert (
        f"Register a function for it: server.register('com.alpine.miner.gef.runoperator.{name}', function)." in reason
    )
    assert document["flowMetaInfo"]["noOfNodesProcessed"] == 0
