"""What session.sql promises: a table with its limit told, or the database's own message; and nothing left behind."""

from __future__ import annotations

import os
import signal
import threading
import time
import warnings
from typing import Any

import pytest

from alpine import APIClient
from alpine.exception import (
    FeatureNotFoundException,
    ForbiddenException,
    InvalidArgumentException,
    OutcomeUnknownException,
    SchemaNotFoundException,
    ValidationException,
    WorkspaceNotFoundException,
)
from alpine.sandbox import Sandbox

TOTALS = "select region, count(*) as orders, sum(items) as items from demo.orders group by region order by region"
SLOW = "select count(*) from demo.orders a, demo.orders b, demo.orders c, demo.orders d where a.items < b.items"


def test_a_select_gives_a_table(client: APIClient) -> None:
    result = client.sql("Sandbox", TOTALS)
    assert result.column_names == ["region", "orders", "items"]
    assert [row[:2] for row in result["rows"]] == [["east", "75"], ["north", "75"], ["south", "81"], ["west", "69"]]
    assert result.row_limit == 500
    frame = result.to_dataframe()
    assert int(frame["orders"].sum()) == 300


def test_nothing_is_left_in_the_workspace(client: APIClient) -> None:
    before = [row["file_name"] for row in client.workfile.get_list("Sandbox")]
    client.sql("Sandbox", "select 1")
    with pytest.raises(ValidationException):
        client.sql("Sandbox", "select nonsense from demo.orders")
    assert [row["file_name"] for row in client.workfile.get_list("Sandbox")] == before


def test_a_result_that_may_be_cut_causes_a_warning(client: APIClient, sandbox: Sandbox) -> None:
    sandbox.settings.preview_rows = 10
    with pytest.warns(UserWarning, match="has 10 rows, which is the most") as caught:
        result = client.sql("Sandbox", "select * from demo.orders")
    assert (len(result["rows"]), result.row_limit) == (10, 10)
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        client.sql("Sandbox", "select * from demo.orders limit 9")


def test_the_message_is_the_databases(client: APIClient) -> None:
    with pytest.raises(ValidationException, match='relation "nothing" does not exist'):
        client.sql("Sandbox", "select * from nothing")
    with pytest.raises(ValidationException, match="There is no column 'amonut'; did you mean 'amount'"):
        client.sql("Sandbox", "select amonut from demo.orders")


def test_tables_are_looked_for_in_the_schema_that_is_given(client: APIClient) -> None:
    demo = client.dataset.schema.get_id("demo", "Sandbox Database")
    assert client.sql("Sandbox", "select count(*) from orders", demo)["rows"] == [["300"]]
    with pytest.raises(ValidationException):
        client.sql("Sandbox", "select count(*) from orders")
    with pytest.raises(SchemaNotFoundException):
        client.sql("Sandbox", "select 1", 999)


def test_there_is_a_sandbox_or_a_schema(client: APIClient) -> None:
    workspace = client.workspace.create("bare")["id"]
    with pytest.raises(InvalidArgumentException, match=r"no sandbox.*schema_id"):
        client.sql(workspace, "select 1")
    demo = client.dataset.schema.get_id("demo", "Sandbox Database")
    assert client.sql(workspace, "select 1", demo)["rows"] == [["1"]]
    assert client.workfile.get_list(workspace) == []
    with pytest.raises(WorkspaceNotFoundException):
        client.sql(999, "select 1")


def test_members_only(ada: APIClient) -> None:
    with pytest.raises(ForbiddenException):
        ada.sql("Sandbox", "select 1")


def test_a_server_without_it_says_so_and_gets_no_workfile(client: APIClient, sandbox: Sandbox) -> None:
    sandbox.fault("status", path="/executions", status=404, body={"status": "404", "error": "Not Found"}, times=None)
    with pytest.raises(FeatureNotFoundException, match="this server has no SQL executions"):
        client.sql(1, "select 1")
    assert "POST" not in [method for method, path, _ in sandbox.requests if path.endswith("/workfiles")]


def test_a_limit_that_the_server_does_not_tell(client: APIClient, sandbox: Sandbox) -> None:
    sandbox.fault("status", path="/config", status=500)
    assert client.sql(1, "select 1").row_limit is None


def test_sql_that_takes_too_long_is_broken_off(client: APIClient, sandbox: Sandbox) -> None:
    with pytest.raises(OutcomeUnknownException, match="It was asked to stop"):
        client.sql(1, SLOW, timeout=0.3)
    assert ("DELETE", 200) in [(method, status) for method, path, status in sandbox.requests if "/executions/" in path]
    # The query has ended in the server as well.
    wait_until(lambda: ("POST", 422) in [(m, status) for m, path, status in sandbox.requests if "/executions" in path])


def test_ctrl_c_breaks_it_off(client: APIClient, sandbox: Sandbox) -> None:
    def interrupt() -> None:
        wait_until(lambda: any(path.endswith("/workfiles") for _, path, _ in sandbox.requests))
        time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        client.sql(1, SLOW)
    wait_until(lambda: ("POST", 422) in [(m, status) for m, path, status in sandbox.requests if "/executions" in path])
    assert client.workfile.get_list(1, name_pattern="alpine_") == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("drop table demo.orders", "SELECT only, not DROP"),
        ("insert into demo.orders values (1)", "SELECT only, not INSERT"),
        ("copy demo.orders to '/tmp/x'", "SELECT only, not COPY"),
        ("select * from demo.orders; drop table demo.orders", "';'"),
        ("select * from read_csv('/etc/passwd')", "a table here, by its name"),
        ("select * from '/etc/passwd'", "does not exist"),
        ("select pg_read_file('/etc/passwd')", "does not know the function pg_read_file"),
        ("select * from duckdb_tables", "does not exist"),
        ("select * from loaded.t1", "does not exist"),
        ("select * from information_schema.tables", "does not exist"),
        ("select 1 union all select 2", "does not know UNION"),
        ("with q as (select 1 as a) select * from q", "does not know WITH"),
        ("select (select 1)", "a subquery"),
        ("select order_id from demo.orders for update", "does not know LOCKS"),
        ("select order_id into x from demo.orders", "does not know INTO"),
        ("select * from demo.orders a join demo.orders b using (order_id)", "does not know JOIN … USING"),
        ("select region, count(*) from demo.orders", "neither grouped nor aggregated"),
        ("select * from demo.orders where count(*) > 1", "aggregate"),
    ],
)
def test_what_the_sandbox_does_not_run_is_refused_by_name(client: APIClient, text: str, why: str) -> None:
    with pytest.raises(ValidationException) as caught:
        client.sql("Sandbox", text)
    assert why in str(caught.value)


@pytest.mark.parametrize(
    ("text", "names", "rows"),
    [
        ("select 1, 'a' || 'b' as x, null as n", ["?column?", "x", "n"], [["1", "ab", ""]]),
        ("select count(*) from demo.orders where items > 3 and region = 'east'", ["count"], None),
        ('select "Odd Name" from (select region as "Odd Name" from demo.orders) s limit 1', ["Odd Name"], None),
        (
            "select distinct region from demo.orders order by 1 desc limit 2 offset 1",
            ["region"],
            [["south"], ["north"]],
        ),
        (
            "select o.items, p.region r from orders o left join orders p on o.order_id = p.order_id limit 1",
            ["items", "r"],
            None,
        ),
        (
            "select region as r, count(*) as n from demo.orders group by r having count(*) > 80",
            ["r", "n"],
            [["south", "81"]],
        ),
        ("select x.n from (select count(*) as n from demo.orders) as x", ["n"], [["300"]]),
        ("select 1 as a, 2 as a", ["a", "a"], [["1", "2"]]),
        ("SELECT 'a;b' AS \"t\";", ["t"], [["a;b"]]),
    ],
)
def test_what_the_sandbox_runs(client: APIClient, text: str, names: list[str], rows: Any) -> None:
    result = client.sql("Sandbox", text, client.dataset.schema.get_id("demo", "Sandbox Database"))
    assert result.column_names == names
    assert rows is None or result["rows"] == rows


def wait_until(condition: Any) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
