"""Datasets are found, described and read as whole tables, or an exception says why not."""

from __future__ import annotations

import gzip
import math
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alpine import APIClient, SQLResult, retry_policy
from alpine.exception import (
    AlpineException,
    DatasetNotFoundException,
    DownloadFailureException,
    FeatureNotFoundException,
    InvalidArgumentException,
    LocalFileException,
    SchemaNotFoundException,
    ServerConnectionException,
    ValidationException,
)
from alpine.sandbox import Sandbox
from tests.scripted import Asked, Reply, ScriptedServer

SOURCE = "Sandbox Database"
HTML = {"Content-Type": "text/html; charset=utf-8"}


def column(name: str, data_type: str, category: str = "OTHER") -> dict[str, Any]:
    return {"name": name, "data_type": data_type, "type_category": category, "entity_type": "database_column"}


def serve(server: ScriptedServer, types: dict[str, str], *replies: Any) -> None:
    """A dataset 5 with these columns, and what its download answers in turn."""
    rows = [column(name, kind) for name, kind in types.items()]
    page = {"page": 1, "per_page": 1000, "records": len(rows), "total": 1}
    server.on("GET", "/api/datasets/5/columns", Reply({"response": rows, "pagination": page}))
    made = [reply if isinstance(reply, Reply) else Reply(reply, headers=HTML) for reply in replies]
    server.on("GET", "/api/datasets/5/download", *made)


@pytest.fixture
def orders(client: APIClient) -> int:
    return client.dataset.get_id("demo.orders", SOURCE)


# Finding.


def test_a_table_is_found_by_its_name(client: APIClient, orders: int) -> None:
    assert client.dataset.get(orders)["object_name"] == "orders"
    assert client.dataset.get_id('"demo"."ORDERS"', 1) == orders
    assert client.dataset.get_id("demo.orders", SOURCE, "sandbox") == orders
    # The same table in another data source is another dataset.
    assert client.dataset.get_id("demo.orders", "Sandbox JDBC") != orders


def test_a_name_that_is_not_there_names_the_nearest(client: APIClient) -> None:
    with pytest.raises(DatasetNotFoundException, match="Did you mean 'orders'"):
        client.dataset.get_id("demo.order", SOURCE)
    with pytest.raises(SchemaNotFoundException, match="Did you mean 'demo'"):
        client.dataset.get_id("dem.orders", SOURCE)
    with pytest.raises(InvalidArgumentException, match=r"'schema\.table'"):
        client.dataset.get_id("orders", SOURCE)
    with pytest.raises(InvalidArgumentException, match="no databases"):
        client.dataset.schema.get_list("Sandbox JDBC", "sandbox")


def test_lists_are_filtered(client: APIClient, sandbox: Sandbox) -> None:
    sandbox.load_table("demo.more_orders", pandas.DataFrame({"x": [1]}))
    schema = client.dataset.schema.get_id("demo", SOURCE)
    assert client.dataset.schema.get(schema)["entity_type"] == "gpdb_schema"
    assert [row["name"] for row in client.dataset.schema.iterate(1)] == ["demo", "public"]
    found = client.dataset.get_list(schema, name_pattern="MORE")
    assert [row["object_name"] for row in found] == ["more_orders"]
    assert {row["object_name"] for row in client.dataset.iterate(schema)} >= {"orders", "more_orders"}


def test_a_list_whose_pages_repeat_and_skip_is_whole(server: ScriptedServer, session: APIClient) -> None:
    rows = [{"id": number, "object_name": f"t{number}", "entity_type": "dataset"} for number in range(5)]
    pages = {"1": [rows[0], rows[1]], "2": [rows[1], rows[3]], "3": [rows[3]]}

    def answer(asked: Asked) -> Reply:
        # A server that gives two rows at most, but for the page that is asked for again.
        is_whole = server.count("GET", "/api/schemas/3/datasets") > 3
        shown = rows if is_whole else pages[asked.query["page"][0]]
        return Reply({"response": shown, "pagination": {"page": 1, "per_page": 2, "records": 5, "total": 3}})

    server.on("GET", "/api/schemas/3/datasets", answer)
    assert sorted(row["id"] for row in session.dataset.get_list(3)) == [0, 1, 2, 3, 4]
    assert server.count("GET", "/api/schemas/3/datasets") == 4


def test_a_list_that_stays_short_is_told(
    server: ScriptedServer, session: APIClient, caplog: pytest.LogCaptureFixture
) -> None:
    row = {"id": 1, "object_name": "t", "stale": True, "entity_type": "dataset"}
    pagination = {"page": 1, "per_page": 1000, "records": 3, "total": 1}
    server.on("GET", "/api/schemas/3/datasets", Reply({"response": [row, row], "pagination": pagination}))
    found = session.dataset.get_list(3)
    assert [each["id"] for each in found] == [1]
    assert "has 3 of them, and shows 1" in caplog.text
    # That a table is gone can be seen where a list is shown.
    assert "stale" in found._repr_html_()


def test_a_server_without_datasets_says_so(server: ScriptedServer, session: APIClient) -> None:
    server.on("GET", "/api/.*", Reply({"status": "404", "error": "Not Found"}, 404))
    calls: list[Callable[[], object]] = [
        lambda: session.dataset.get(1),
        lambda: session.dataset.get_columns(1),
        lambda: session.dataset.get_list(1),
        lambda: session.dataset.to_dataframe(1),
        lambda: session.dataset.in_workspace.get_list(1),
    ]
    for call in calls:
        with pytest.raises(FeatureNotFoundException, match="this server has no datasets"):
            call()


# Describing.


def test_columns_are_read_whole(client: APIClient, sandbox: Sandbox) -> None:
    sandbox.load_table("demo.wide", pandas.DataFrame({f"c{number}": [number] for number in range(130)}))
    wide = client.dataset.get_id("demo.wide", SOURCE)
    assert [each["name"] for each in client.dataset.get_columns(wide)] == [f"c{number}" for number in range(130)]
    assert len(client.dataset.to_dataframe(wide).columns) == 130


def test_columns_that_come_fifty_at_a_time_are_read_whole(server: ScriptedServer, session: APIClient) -> None:
    rows = [column(f"c{number}", "integer") for number in range(120)]

    def answer(asked: Asked) -> Reply:
        page = int(asked.query["page"][0])
        pagination = {"page": page, "per_page": 50, "records": 120, "total": 3}
        return Reply({"response": rows[50 * (page - 1) : 50 * page], "pagination": pagination})

    server.on("GET", "/api/datasets/5/columns", answer)
    assert [each["name"] for each in session.dataset.get_columns(5)] == [f"c{number}" for number in range(120)]


def test_the_number_of_rows_in_the_statistics_is_an_estimate(client: APIClient, orders: int) -> None:
    assert client.dataset.get_statistics(orders)["estimated_rows"] == 0
    assert client.dataset.analyze(orders) is None
    statistics = client.dataset.get_statistics(orders)
    assert statistics["estimated_rows"] == statistics["rows"] == 300
    [amount] = [each for each in client.dataset.get_columns(orders) if each["name"] == "amount"]
    assert amount["statistics"]["null_fraction"] == 0


def test_a_preview_has_strings_and_makes_a_table(client: APIClient, orders: int, sandbox: Sandbox) -> None:
    sandbox.settings.preview_rows = 7
    preview = client.dataset.preview(orders)
    assert isinstance(preview, SQLResult)
    assert len(preview["rows"]) == 7
    assert all(isinstance(cell, str) for row in preview["rows"] for cell in row)
    frame = preview.to_dataframe()
    pandas.testing.assert_frame_equal(frame, client.dataset.to_dataframe(orders, limit=7))


def test_a_preview_that_is_not_waited_for_is_broken_off(server: ScriptedServer, session: APIClient) -> None:
    session.retries = retry_policy(total=0)
    server.on("POST", "/api/datasets/5/previews", Reply("{}", delay=5))
    server.on("DELETE", "/api/datasets/5/previews/.*", Reply("{}"))
    session.timeout = (2, 0.2)
    with pytest.raises(AlpineException):
        session.dataset.preview(5)
    [posted] = [asked for asked in server.asked if asked.method == "POST"]
    [deleted] = [asked for asked in server.asked if asked.method == "DELETE"]
    assert deleted.path.rpartition("/")[2] == posted.json["task"]["check_id"]


def test_equal_names_in_a_result_are_told_apart() -> None:
    columns = [column("id", "int4"), column("id", "int4"), column("note", "varchar")]
    result = SQLResult({"columns": columns, "rows": [["1", "2", ""], ["", "3", "a\nb"]], "warnings": []})
    frame = result.to_dataframe(nulls="empty")
    assert list(frame) == ["id", "id_1", "note"]
    assert frame["id"].tolist() == [1, pandas.NA]
    assert frame["note"].tolist() == ["", "a\nb"]
    assert SQLResult({"columns": [], "rows": []}).to_dataframe().empty


# Workspaces.


def test_tables_are_associated_with_a_workspace_and_removed(client: APIClient, orders: int, sandbox: Sandbox) -> None:
    sandbox.load_table("demo.second", pandas.DataFrame({"x": [1]}))
    second = client.dataset.get_id("demo.second", SOURCE)
    datasets = client.dataset.in_workspace
    datasets.associate("Sandbox", [orders])
    datasets.associate("Sandbox", [orders])
    datasets.associate("Sandbox", [orders, second])
    assert [row["object_name"] for row in datasets.get_list("Sandbox")] == ["orders", "second"]
    assert [row["object_name"] for row in datasets.iterate("Sandbox", name_pattern="SEC")] == ["second"]
    assert datasets.get_list("Sandbox", entity_subtype=datasets.Subtype.ChorusView) == []
    assert datasets.get("Sandbox", orders)["workspace"]["name"] == "Sandbox"
    datasets.remove("Sandbox", [orders])
    assert [row["id"] for row in datasets.get_list("Sandbox", database_id=1)] == [second]
    with pytest.raises(DatasetNotFoundException, match="The workspace is there"):
        datasets.get("Sandbox", orders)
    with pytest.raises(DatasetNotFoundException, match="not all of these datasets"):
        datasets.associate("Sandbox", [999])
    datasets.associate("Sandbox", [])


def test_what_was_left_out_without_a_word_is_told(server: ScriptedServer, session: APIClient) -> None:
    server.on("POST", "/api/workspaces/1/datasets", Reply("{}", 201))
    pagination = {"page": 1, "per_page": 1000, "records": 1, "total": 1}
    server.on("GET", "/api/workspaces/1/datasets", Reply({"response": [{"id": 7}], "pagination": pagination}))
    with pytest.raises(ValidationException, match="left out dataset 8"):
        session.dataset.in_workspace.associate(1, [7, 8])


# Whole tables.


def test_a_table_becomes_a_dataframe_with_the_types_of_its_columns(server: ScriptedServer, session: APIClient) -> None:
    types = {
        "i": "bigint",
        "n": "numeric(20,2)",
        "any": "numeric",
        "f": "double precision",
        "b": "boolean",
        "d": "date",
        "t": "timestamp without time zone",
        "z": "timestamp with time zone",
        "h": "time without time zone",
        "s": "character varying(20)",
        "u": "uuid",
    }
    body = (
        ",".join(types)
        + "\n9007199254740993,123456789012345678.25,1.5,1.0E10,t,1999-12-31,1969-07-20 20:17:40.123456,"
        + '2017-01-02 03:04:05.5+00,03:04:05,"a ""b"",\n""c""",5b4e7a0e-0000-0000-0000-000000000000\n'
        + ",".join(['""'] * len(types))
        + "\n-1,-0.01,0.00000000000000000001,NaN,f,0001-01-01,9999-12-31 23:59:59,2017-01-02 03:04:05+00,"
        + '23:59:59.999999,007,""\n'
    )
    serve(server, types, body)
    frame = session.dataset.to_dataframe(5, nulls="empty")
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == {
        "i": "Int64",
        "n": "decimal128(20, 2)[pyarrow]",
        "any": "decimal128(38, 20)[pyarrow]",
        "f": "Float64",
        "b": "boolean",
        "d": "datetime64[ms]",
        "t": "datetime64[us]",
        "z": "datetime64[us, UTC]",
        "h": "time64[us][pyarrow]",
        "s": "string",
        "u": "string",
    }
    first, empty, last = (frame.iloc[place] for place in range(3))
    assert (first["i"], first["n"], first["any"]) == (
        9007199254740993,
        Decimal("123456789012345678.25"),
        Decimal("1.5"),
    )
    assert (first["f"], first["b"], str(first["t"])) == (1e10, True, "1969-07-20 20:17:40.123456")
    assert (first["s"], str(first["z"])) == ('a "b",\n"c"', "2017-01-02 03:04:05.500000+00:00")
    assert [name for name in frame if not pandas.isna(empty[name])] == ["s"]
    assert (empty["s"], last["s"], last["any"]) == ("", "007", Decimal("1e-20"))
    # NaN is a value, and no null.
    assert math.isnan(frame["f"].array[2])
    assert pandas.isna(session.dataset.to_dataframe(5, nulls="missing")["s"][1])


def test_values_that_no_type_holds_make_the_column_text_and_the_rows_come_again(
    server: ScriptedServer, session: APIClient
) -> None:
    types = {"d": "timestamp", "n": "numeric(5,2)", "w": "bigint", "o": "date", "x": "integer"}
    body = (
        "d,n,w,o,x\n2020-01-01 00:00:00,1.25,1,7/30/2015 2:05:00.250 PM,1\n"
        'infinity,NaN,123456789012345678901,"",2\n"","","",12/1/2015 12:00:00.000 AM,3\n'
    )
    serve(server, types, body)
    frame = session.dataset.to_dataframe(5)
    assert frame["d"].tolist() == ["2020-01-01 00:00:00", "infinity", pandas.NA]
    assert str(frame["n"][0]) == "1.25"
    assert frame["n"][1].is_nan()
    assert frame["w"].tolist() == [1, 123456789012345678901, pandas.NA]
    assert str(frame["o"][0]) == "2015-07-30 14:05:00.250000"
    assert str(frame["x"].dtype) == "Int64"
    assert server.count("GET", "/api/datasets/5/download") == 2


def test_columns_are_chosen_and_rows_limited(client: APIClient, orders: int) -> None:
    frame = client.dataset.to_dataframe(orders, columns=["amount", "order_id"], limit=3)
    assert (list(frame), len(frame)) == (["amount", "order_id"], 3)
    with pytest.raises(InvalidArgumentException, match=r"no column 'amuont'\. Did you mean 'amount'"):
        client.dataset.to_dataframe(orders, columns=["amuont"])


def test_a_table_without_rows_keeps_its_columns_and_types(client: APIClient, sandbox: Sandbox, tmp_path: Path) -> None:
    empty = pandas.DataFrame({"a,b": pandas.array([], dtype="Int64"), "text": pandas.array([], dtype="string")})
    sandbox.load_table("demo.empty", empty)
    number = client.dataset.get_id("demo.empty", SOURCE)
    frame = client.dataset.to_dataframe(number)
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == {"a,b": "Int64", "text": "string"}
    assert len(frame) == 0
    assert client.dataset.download(number, tmp_path / "t.csv").read_bytes() == b'"a,b",text\n'


def test_a_table_is_written_to_a_file(client: APIClient, orders: int, tmp_path: Path) -> None:
    path = client.dataset.download(orders, tmp_path)
    assert path == tmp_path / "orders.csv"
    assert len(pandas.read_csv(path)) == 300
    with pytest.raises(LocalFileException):
        client.dataset.download(orders, tmp_path / "none" / "x.csv")


ERRORS = [
    {"rows": 5},
    {"rows": 5, "text": 'ERROR: relation "x" does not exist\n  Position: 15'},
    {"rows": 5, "text": "ORA-00942: table or view does not exist\n"},
    {"rows": 0, "text": "DataSourceConnection::InvalidCredentials"},
]


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_as_text_in_a_good_response_is_an_exception(
    client: APIClient, sandbox: Sandbox, orders: int, tmp_path: Path, error: dict[str, Any]
) -> None:
    path = tmp_path / "t.csv"
    path.write_text("old")
    for call in (lambda: client.dataset.to_dataframe(orders), lambda: client.dataset.download(orders, path)):
        sandbox.fault("error_text", path="/download", **error)
        with pytest.raises(DownloadFailureException) as caught:
            call()
        assert caught.value.rows == error["rows"]
        assert caught.value.server_message == error.get("text", "ERROR: canceling statement due to user request")
    assert [each.name for each in tmp_path.iterdir()] == ["t.csv"]
    assert path.read_text() == "old"


def test_a_number_of_rows_that_is_known_is_compared(client: APIClient, orders: int, tmp_path: Path) -> None:
    assert len(client.dataset.to_dataframe(orders, rows=300)) == 300
    client.dataset.download(orders, tmp_path / "t.csv", rows=300)
    for call in (
        lambda: client.dataset.to_dataframe(orders, rows=301),
        lambda: client.dataset.download(orders, tmp_path / "u.csv", rows=301),
    ):
        with pytest.raises(DownloadFailureException, match="300 rows, not 301") as caught:
            call()
        assert caught.value.rows == 300
    assert not (tmp_path / "u.csv").exists()


def test_a_lost_connection_gives_the_whole_table_in_the_next_attempt(
    client: APIClient, sandbox: Sandbox, orders: int, tmp_path: Path
) -> None:
    whole = client.dataset.download(orders, tmp_path / "whole.csv").read_bytes()
    for _ in range(2):
        sandbox.fault("truncate", path="/download", keep=len(whole) * 6 // 10)
    assert client.dataset.download(orders, tmp_path / "t.csv").read_bytes() == whole
    sandbox.fault("truncate", path="/download", keep=len(whole) * 6 // 10)
    assert len(client.dataset.to_dataframe(orders)) == 300


def test_a_connection_that_is_lost_each_time_says_how_far_it_came(
    client: APIClient, sandbox: Sandbox, orders: int, tmp_path: Path
) -> None:
    client.retries = retry_policy(total=0)
    whole = client.dataset.download(orders, tmp_path / "whole.csv").read_bytes()
    keep = len(whole) * 6 // 10
    rows = whole[:keep].count(b"\n") - 1
    sandbox.fault("truncate", path="/download", keep=keep, times=None)
    for call in (
        lambda: client.dataset.to_dataframe(orders),
        lambda: client.dataset.download(orders, tmp_path / "t.csv"),
    ):
        with pytest.raises(ServerConnectionException, match=f"In the last attempt {rows} whole rows had come"):
            call()
    assert not (tmp_path / "t.csv").exists()


def test_a_table_that_is_compressed_on_the_way_is_read(server: ScriptedServer, session: APIClient) -> None:
    body = b"x,y\n" + b"".join(b'%d,"text, %d"\n' % (number, number) for number in range(50_000))
    packed = gzip.compress(body)
    headers = {"Content-Encoding": "gzip", **HTML}
    whole = Reply(packed, headers=headers)
    serve(server, {"x": "integer", "y": "text"}, whole, Reply(packed, headers=headers, fault="truncate"), whole)
    assert len(session.dataset.to_dataframe(5)) == 50_000
    frame = session.dataset.to_dataframe(5)
    assert frame["x"].sum() == sum(range(50_000))
    assert frame["y"].iloc[-1] == "text, 49999"


def test_a_page_of_html_is_no_table(server: ScriptedServer, session: APIClient, tmp_path: Path) -> None:
    serve(server, {"x": "text"}, "<html>\n<body>Log in</body>\n</html>\n")
    for call in (lambda: session.dataset.to_dataframe(5), lambda: session.dataset.download(5, tmp_path / "t.csv")):
        with pytest.raises(DownloadFailureException, match="<html>"):
            call()


def test_a_large_table_is_read_in_blocks(server: ScriptedServer, session: APIClient) -> None:
    rows = 120_000
    body = "id,words\n" + "".join(
        f'{number},"{number} words,\nwith ""quotes"" and more of them, and more of them"\n' for number in range(rows)
    )
    assert len(body) > 2 * (4 << 20)
    serve(server, {"id": "bigint", "words": "text"}, body)
    frame = session.dataset.to_dataframe(5, rows=rows)
    assert frame["id"].tolist() == list(range(rows))
    assert frame["words"].iloc[rows - 1].startswith(f'{rows - 1} words,\nwith "quotes"')


VALUES = {
    "i": st.none() | st.integers(-(2**63), 2**63 - 1),
    "n": st.none() | st.decimals(-(10**16), 10**16, places=2).map(lambda value: value.quantize(Decimal("0.01"))),
    "f": st.none() | st.floats(allow_nan=False, allow_infinity=True),
    "b": st.none() | st.booleans(),
    "t": st.none() | st.datetimes().filter(lambda value: value.year > 0),
    "d": st.none() | st.dates(),
    "s": st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]), min_size=1, max_size=8),
}
TYPES = {
    "i": "bigint",
    "n": "numeric(20,2)",
    "f": "double precision",
    "b": "boolean",
    "t": "timestamp",
    "d": "date",
    "s": "text",
}


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.fixed_dictionaries(VALUES), min_size=1, max_size=25))
def test_any_table_that_is_loaded_is_read_back(
    running_sandbox: Sandbox, client: APIClient, rows: list[dict[str, Any]]
) -> None:
    frame = pandas.DataFrame({name: pandas.Series([row[name] for row in rows], dtype=object) for name in VALUES})
    running_sandbox.load_table("demo.any", frame, types=TYPES)
    found = client.dataset.to_dataframe(client.dataset.get_id("demo.any", SOURCE))
    for name in VALUES:
        for row, value in zip(rows, found[name].array, strict=True):
            expected = row[name]
            if expected is None:
                assert value is pandas.NaT or value is pandas.NA
            elif name in "td":
                assert str(value)[: len(str(expected))] == str(expected)
            else:
                assert value == expected
