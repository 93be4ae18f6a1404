"""What load_csv promises: the table is there with all its rows, or an exception says why, and what has become of it."""

from __future__ import annotations

import os
import signal
import threading
import time
from datetime import UTC, date, datetime
from datetime import time as dt_time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas
import pyarrow
import pytest

from alpine import APIClient
from alpine.exception import (
    FeatureNotFoundException,
    InvalidArgumentException,
    LoadFailureException,
    LocalFileException,
    RequestTimeoutException,
    WorkspaceNotFoundException,
)
from alpine.sandbox import Sandbox

PEOPLE = 'code,name,age\n007,Ann,51\n008,"Bob, jr.",\n010,"",33\n'


@pytest.fixture
def people(tmp_path: Path) -> Path:
    return written(tmp_path, PEOPLE)


def written(folder: Path, text: str, name: str = "people.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def rows_of(client: APIClient, query: str) -> list[list[str]]:
    rows: list[list[str]] = client.sql("Sandbox", query)["rows"]
    return rows


def uploads(sandbox: Sandbox) -> list[str]:
    return [path for method, path, _ in sandbox.requests if method == "POST" and path.endswith("/workspaces/1/csv")]


def failures(client: APIClient) -> list[str]:
    events = client.request("GET", "activities", params={"entity_type": "workspace", "entity_id": 1})
    return [event["error_message"] for event in events if event["action"] == "FileImportFailed"]


def test_a_file_becomes_a_table(client: APIClient, people: Path) -> None:
    dataset = client.dataset.load_csv("Sandbox", people, "people")
    assert (dataset["object_name"], dataset["schema"]["name"], dataset["loaded_rows"]) == ("people", "public", 3)
    assert [column["data_type"] for column in client.dataset.get_columns(dataset["id"])] == ["text", "text", "bigint"]
    asked = "select code, coalesce(name, '?') as name, coalesce(age, -1) as age from people order by code"
    assert rows_of(client, asked) == [["007", "Ann", "51"], ["008", "Bob, jr.", "-1"], ["010", "", "33"]]


def test_types_can_be_given(client: APIClient, people: Path) -> None:
    dataset = client.dataset.load_csv(1, people, "typed", types={"age": "numeric(5,1)", "code": "varchar(10)"})
    kinds = [column["data_type"] for column in client.dataset.get_columns(dataset["id"])]
    assert kinds == ["character varying(10)", "text", "numeric(5,1)"]
    with pytest.raises(InvalidArgumentException, match="Did you mean 'age'"):
        client.dataset.load_csv(1, people, "more", types={"aeg": "integer"})


def test_other_delimiters_and_files_without_a_header(client: APIClient, tmp_path: Path) -> None:
    path = written(tmp_path, "1;x;y\r\n2;;z\r\n")
    client.dataset.load_csv(1, path, "plain", delimiter=";", header=False, columns=["n", "a", "b"])
    assert rows_of(client, "select n, coalesce(a, '-') as a, b from plain") == [["1", "x", "y"], ["2", "-", "z"]]
    with pytest.raises(LocalFileException, match="3 columns, but 2 names"):
        client.dataset.load_csv(1, path, "other", delimiter=";", columns=["n", "a"])


def test_a_header_with_another_delimiter_is_not_taken_for_one_column(client: APIClient, tmp_path: Path) -> None:
    path = tmp_path / "semicolons.csv"
    path.write_text("id;town\n1;Rome\n", encoding="utf-8")
    with pytest.raises(InvalidArgumentException, match=r"one column, 'id;town'\. Pass delimiter=';'"):
        client.dataset.load_csv("Sandbox", path, "semicolons")
    made = client.dataset.load_csv("Sandbox", path, "one_column", columns=["line"])
    assert client.dataset.to_dataframe(made["id"])["line"].tolist() == ["1;Rome"]


def test_a_name_that_a_database_would_cut_is_not_sent(client: APIClient, tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("id," + "ä" * 32 + "\n1,2\n", encoding="utf-8")
    with pytest.raises(InvalidArgumentException, match=r"column 2, .* longer than 63 bytes"):
        client.dataset.load_csv("Sandbox", path, "long")


def test_a_table_that_is_there_is_kept_added_to_or_replaced(client: APIClient, people: Path) -> None:
    client.dataset.load_csv(1, people, "again")
    with pytest.raises(LoadFailureException, match=r"there already.*if_exists='append'"):
        client.dataset.load_csv(1, people, "again")
    client.dataset.load_csv(1, people, "again", "append")
    assert rows_of(client, "select count(*) from again") == [["6"]]
    client.dataset.load_csv(1, people, "again", if_exists="replace")
    assert rows_of(client, "select count(*) from again") == [["3"]]
    # Without a table, both make one.
    assert client.dataset.load_csv(1, people, "fresh", "append")["loaded_rows"] == 3
    assert client.dataset.load_csv(1, people, "fresher", "replace")["loaded_rows"] == 3


def test_rows_for_a_table_without_their_columns_are_not_sent(
    client: APIClient, sandbox: Sandbox, people: Path, tmp_path: Path
) -> None:
    client.dataset.load_csv(1, people, "narrow")
    sandbox.requests.clear()
    with pytest.raises(LoadFailureException, match=r"no column 'nme'\. Did you mean 'name'"):
        client.dataset.load_csv(1, written(tmp_path, "nme\nx\n", "wrong.csv"), "narrow", "append")
    assert uploads(sandbox) == []


@pytest.mark.parametrize(
    ("if_exists", "outcome"),
    [("append", "None of the rows was added"), ("replace", "has no rows now")],
)
def test_the_message_of_an_import_that_fails_is_the_databases(
    client: APIClient, people: Path, tmp_path: Path, if_exists: str, outcome: str
) -> None:
    client.dataset.load_csv(1, people, "strict")
    bad = written(tmp_path, "age\n12\nmany\n", "bad.csv")
    with pytest.raises(LoadFailureException, match=f"'many' in row 2, which is no bigint.*{outcome}") as caught:
        client.dataset.load_csv(1, bad, "strict", if_exists)
    assert "'many'" in str(caught.value.server_message)
    # Types are given to new tables only.
    assert "types=" not in str(caught.value)
    # What the message says has become of the rows.
    assert rows_of(client, "select count(*) from strict") == [["3" if if_exists == "append" else "0"]]


def test_a_new_table_that_cannot_be_made_is_not_there(client: APIClient, people: Path) -> None:
    with pytest.raises(LoadFailureException, match="No table was made"):
        client.dataset.load_csv(1, people, "never", types={"name": "integer"})
    assert "never" not in [row["object_name"] for row in client.dataset.in_workspace.get_list(1)]
    # What stopped it is mended, and the name is free.
    client.dataset.load_csv(1, people, "never")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a,b\n1,2\n3\n", "row 2 has 1 field, not 2"),
        ('a,b\n1,"2\n', "quote"),
        ("", "empty"),
        ("a\n\x00\n", "NUL"),
    ],
)
def test_a_file_that_is_no_table_is_not_sent(
    client: APIClient, sandbox: Sandbox, tmp_path: Path, text: str, why: str
) -> None:
    with pytest.raises(LocalFileException, match=why):
        client.dataset.load_csv(1, written(tmp_path, text), "t")
    assert uploads(sandbox) == []


def test_a_file_in_another_encoding_is_not_sent(client: APIClient, tmp_path: Path) -> None:
    path = tmp_path / "latin.csv"
    path.write_bytes("name\nMüller\n".encode("latin-1"))
    with pytest.raises(LocalFileException, match="not in UTF-8"):
        client.dataset.load_csv(1, path, "t")


@pytest.mark.parametrize(
    ("column", "why"),
    [
        (pandas.Series([1, "x"]), "several types.*int, str"),
        (pandas.Series([[1], [2]]), "list"),
        (pandas.Series(["a\x00"]), "NUL"),
        (pandas.Series(["\ud800"], dtype=object), "does not fit"),
        (pandas.Series(pandas.to_datetime([1])), r"\.dt\.round\('us'\)"),
        (pandas.Series([1 + 2j]), "complex"),
        (pandas.Series([datetime(2020, 1, 1), datetime(2020, 1, 1, tzinfo=UTC)], dtype=object), "without a time zone"),
        (pandas.Series([datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 1)], dtype=object), "without a time zone"),
        (pandas.Series([date(2020, 1, 1), datetime(2020, 1, 1, 5)], dtype=object), "dates with times of a day"),
        (pandas.Series([datetime(2020, 1, 1, 5), date(2020, 1, 1)], dtype=object), "dates with times of a day"),
        (pandas.Series([dt_time(1, tzinfo=UTC)], dtype=object), "with a time zone"),
        (pandas.Series([pandas.Timestamp(1)], dtype=object), "nanoseconds"),
        (pandas.Series([pandas.Timedelta(1)], dtype=object), "nanoseconds"),
        (pandas.Series([Decimal("sNaN")], dtype=object), "signalling NaN"),
    ],
)
def test_a_dataframe_that_no_database_can_hold_is_not_sent(
    client: APIClient, sandbox: Sandbox, column: Any, why: str
) -> None:
    with pytest.raises(InvalidArgumentException, match=f"The column 'odd' cannot be loaded.*{why}"):
        client.dataset.load_csv(1, pandas.DataFrame({"odd": column}), "t")
    assert uploads(sandbox) == []


@pytest.mark.parametrize("source", [None, [1, 2], pandas.Series([1])])
def test_what_is_neither_a_file_nor_a_table_is_refused(client: APIClient, source: Any) -> None:
    with pytest.raises(
        InvalidArgumentException, match="path of a CSV file, a DataFrame of pandas or a table of pyarrow"
    ):
        client.dataset.load_csv(1, source, "t")


@pytest.mark.parametrize("name", [None, float("nan")])
def test_a_column_without_a_name_is_refused(client: APIClient, name: Any) -> None:
    with pytest.raises(InvalidArgumentException, match="column 1 has no name"):
        client.dataset.load_csv(1, pandas.DataFrame([[1, 2]], columns=[name, "a"]), "t")


def test_numbers_with_an_exponent_keep_their_digits(client: APIClient) -> None:
    small = [Decimal("1.10"), Decimal("-1E-18"), Decimal("1E+3")]
    made = client.dataset.load_csv(1, pandas.DataFrame({"n": small}), "small")
    assert client.dataset.to_dataframe(made["id"])["n"].tolist() == small
    with pytest.raises(LoadFailureException, match=r"numbers of up to 38 digits\. Load the column as text"):
        client.dataset.load_csv(1, pandas.DataFrame({"n": [Decimal("1E-60")]}), "smaller")


def test_categories_of_long_numbers(client: APIClient) -> None:
    made = client.dataset.load_csv(1, pandas.DataFrame({"n": pandas.Categorical([10**30, None])}), "long")
    assert client.dataset.to_dataframe(made["id"])["n"].dropna().tolist() == [Decimal(10**30)]


def test_a_byte_order_mark_in_a_value_stays_there(client: APIClient) -> None:
    texts = ["\ufeffx", "\ufeff", "y"]
    made = client.dataset.load_csv(1, pandas.DataFrame({"t": texts}), "marked")
    assert client.dataset.to_dataframe(made["id"])["t"].tolist() == texts


def test_a_header_without_a_newline_is_a_table_without_rows(client: APIClient, tmp_path: Path) -> None:
    made = client.dataset.load_csv(1, written(tmp_path, "a,b"), "bare")
    assert (made["loaded_rows"], client.dataset.to_dataframe(made["id"]).shape) == (0, (0, 2))


def test_tables_of_arrow_are_loaded_as_well(client: APIClient) -> None:
    table = pyarrow.table({"a": pyarrow.array(["x", None, "x"]).dictionary_encode(), "n": pyarrow.array([1, 2, None])})
    assert client.dataset.load_csv(1, table, "arrow")["loaded_rows"] == 3
    assert rows_of(client, "select coalesce(a, '-') as a, n from arrow") == [["x", "1"], ["-", "2"], ["x", ""]]
    with pytest.raises(InvalidArgumentException, match="two columns are called 'a'"):
        client.dataset.load_csv(1, pandas.DataFrame([[1, 2]], columns=["a", "a"]), "twice")
    for empty in (pandas.DataFrame(), pandas.DataFrame(index=[1, 2])):
        with pytest.raises(InvalidArgumentException, match="there are no columns"):
            client.dataset.load_csv("Sandbox", empty, "t")
    with pytest.raises(InvalidArgumentException, match="for files only"):
        client.dataset.load_csv(1, table, "arrow", delimiter=";")


def test_categories_durations_and_large_numbers(client: APIClient) -> None:
    frame = pandas.DataFrame(
        {
            "kind": pandas.Categorical(["a", None, "b"]),
            "span": pandas.to_timedelta([1.5, None, 86400], unit="s"),
            "huge": [2**70, None, 1],
            "unsigned": pandas.array([2**64 - 1, None, 0], dtype="UInt64"),
        }
    )
    client.dataset.load_csv(1, frame, "odds")
    first = rows_of(client, "select kind, huge, unsigned from odds limit 1")
    assert first == [["a", str(2**70), str(2**64 - 1)]]


def test_a_table_without_rows(client: APIClient, tmp_path: Path) -> None:
    assert client.dataset.load_csv(1, written(tmp_path, "a,b\n"), "nothing")["loaded_rows"] == 0
    assert client.dataset.load_csv(1, pandas.DataFrame({"a": []}), "nothing_either")["loaded_rows"] == 0
    assert rows_of(client, "select count(*) from nothing") == [["0"]]


def test_a_workspace_needs_a_sandbox(client: APIClient, people: Path) -> None:
    workspace = client.workspace.create("bare")["id"]
    with pytest.raises(LoadFailureException, match=r"no sandbox.*create_sandbox\("):
        client.dataset.load_csv(workspace, people, "t")
    made = client.dataset.in_workspace.create_sandbox(workspace, "Sandbox Database", "scratch")
    assert made["name"] == "scratch"
    assert client.dataset.load_csv(workspace, people, "t")["schema"]["name"] == "scratch"
    with pytest.raises(WorkspaceNotFoundException):
        client.dataset.load_csv(99, people, "t")


def test_a_workspace_on_postgresql(client: APIClient, people: Path) -> None:
    # Its schemas have no preview of SQL, so that the rows are counted by a workfile.
    workspace = client.workspace.create("on postgres")["id"]
    client.dataset.in_workspace.create_sandbox(workspace, "Sandbox PostgreSQL", "public")
    assert client.dataset.load_csv(workspace, people, "pg")["loaded_rows"] == 3
    assert client.workfile.get_list(workspace) == []


def test_a_server_without_imports_says_so_before_the_file_is_sent(
    client: APIClient, sandbox: Sandbox, people: Path
) -> None:
    missing = {"status": "404", "error": "Not Found"}
    sandbox.fault("status", method="POST", path="/csv", status=404, body=missing, times=None)
    with pytest.raises(FeatureNotFoundException, match="this server has no CSV import"):
        client.dataset.load_csv(1, people, "t")
    assert uploads(sandbox) == []


def test_a_server_without_sql_leaves_the_rows_uncounted(
    client: APIClient, sandbox: Sandbox, people: Path, caplog: pytest.LogCaptureFixture
) -> None:
    missing = {"status": "404", "error": "Not Found"}
    sandbox.fault("status", path="(preview_sql|executions)", status=404, body=missing, times=None)
    assert client.dataset.load_csv(1, people, "uncounted")["loaded_rows"] == 3
    assert "runs no SQL" in caplog.text


def test_another_number_of_rows_than_were_sent_is_told(client: APIClient, sandbox: Sandbox, people: Path) -> None:
    result = {"columns": [{"name": "count", "data_type": "int8"}], "rows": [["2"]], "warnings": []}
    sandbox.fault("status", path="preview_sql", status=200, body={"response": result})
    with pytest.raises(LoadFailureException, match="has 2 rows, but 3 were sent") as caught:
        client.dataset.load_csv(1, people, "fewer")
    assert caught.value.rows == 2


def test_a_lost_response_does_not_load_twice(client: APIClient, sandbox: Sandbox, people: Path) -> None:
    sandbox.fault("drop", method="POST", path="/imports", when="after")
    assert client.dataset.load_csv(1, people, "once")["loaded_rows"] == 3
    # The upload may be repeated: what nobody imports is forgotten.
    sandbox.fault("drop", method="POST", path="/workspaces/1/csv$", when="after")
    assert client.dataset.load_csv(1, people, "twice")["loaded_rows"] == 3


def test_an_import_that_takes_too_long_is_asked_to_stop(client: APIClient, sandbox: Sandbox, people: Path) -> None:
    sandbox.settings.import_seconds = 30
    with pytest.raises(RequestTimeoutException, match=r"not over after 0\.5 s; it was asked to stop"):
        client.dataset.load_csv(1, people, "slow", timeout=0.5)
    wait_until(lambda: failures(client) == ["The import was cancelled"])
    sandbox.settings.import_seconds = 0
    client.dataset.load_csv(1, people, "slow")


def test_ctrl_c_stops_the_import(client: APIClient, sandbox: Sandbox, people: Path) -> None:
    sandbox.settings.import_seconds = 30

    def interrupt() -> None:
        wait_until(lambda: any("/activities/" in path for _, path, _ in sandbox.requests))
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt) as caught:
        client.dataset.load_csv(1, people, "interrupted")
    assert any("asked to stop" in note for note in caught.value.__notes__)
    wait_until(lambda: failures(client) == ["The import was cancelled"])


def test_progress_tells_what_is_being_done(client: APIClient, people: Path, capsys: pytest.CaptureFixture[str]) -> None:
    client.dataset.load_csv(1, people, "shown", verbose=True)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" s  ")[1] for line in lines] == [
        "reading",
        "uploading 3 rows",
        "importing",
        "counting",
        "3 rows are in shown",
    ]


def test_two_imports_at_the_same_time_are_told_apart(client: APIClient, sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.settings.import_seconds = 0.3
    good, bad = written(tmp_path, "a\n1\n", "good.csv"), written(tmp_path, "a\nx\n", "bad.csv")
    outcomes: dict[str, object] = {}

    def load(name: str, path: Path) -> None:
        try:
            outcomes[name] = client.dataset.load_csv(1, path, "both", "append", types={"a": "integer"})["loaded_rows"]
        except LoadFailureException as error:
            outcomes[name] = error.server_message

    threads = [threading.Thread(target=load, args=args) for args in (("good", good), ("bad", bad))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes["good"] == 1
    assert "'x' in row 1" in str(outcomes["bad"])


def wait_until(condition: Any) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
