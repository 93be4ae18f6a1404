from __future__ import annotations

from typing import Any

import pytest

from alpine.sandbox import Sandbox
from alpine.sandbox.engine.core import EXAMPLES
from tests.sandbox.wire import Wire

GREENPLUM = {
    "entity_type": "gpdb_data_source",
    "name": "Mine",
    "host": "gp.example.com",
    "port": 5432,
    "db_name": "warehouse",
    "db_username": "me",
    "db_password": "secret-1",
}
EXAMPLE = EXAMPLES / "order_filter.afm"
HADOOP = {"name": "H", "host": "h", "port": "8020", "hdfs_version": "CDH", "username": "hdfs", "group_list": "hadoop"}


def test_the_two_kinds_have_their_own_ids(wire: Wire) -> None:
    sql, hdfs = wire.ok("GET", "/data_sources"), wire.ok("GET", "/hdfs_data_sources")
    assert [(row["id"], row["entity_type"]) for row in sql] == [
        (1, "gpdb_data_source"),
        (2, "pg_data_source"),
        (3, "jdbc_data_source"),
    ]
    assert [(row["id"], row["entity_type"]) for row in hdfs] == [(1, "hdfs_data_source")]
    assert (sql[0]["is_deleted"], sql[2]["is_deleted"], hdfs[0]["is_deleted"]) == (False, None, None)
    assert sql[0]["data_source_provider"] == "Greenplum Database"
    assert hdfs[0]["supports_work_flows"] is True


def test_a_list_can_be_filtered_by_kind(wire: Wire) -> None:
    one = wire.ok("GET", "/data_sources", params={"entity_type": "pg_data_source"})
    assert [row["name"] for row in one] == ["Sandbox PostgreSQL"]
    two = wire.ok("GET", "/data_sources", params={"entity_type[]": ["pg_data_source", "jdbc_data_source"]})
    assert len(two) == 2
    assert "host" not in wire.ok("GET", "/data_sources", params={"succinct": "true"})[0]
    assert not {"complete_json"} & {*one[0], *one[0]["owner"]}
    assert wire.ok("GET", "/data_sources/2")["owner"]["complete_json"] is True


def test_a_source_is_made_changed_and_deleted(wire: Wire) -> None:
    answer = wire("POST", "/data_sources", json=GREENPLUM)
    assert answer.status_code == 201
    made = answer.json()["response"]
    assert "secret-1" not in answer.text
    assert (made["host"], made["port"], made["owner"]["username"], made["shared"]) == (
        "gp.example.com",
        5432,
        "demo",
        False,
    )
    base = f"/data_sources/{made['id']}"
    assert [row["name"] for row in wire.ok("GET", f"{base}/databases")] == ["warehouse"]
    assert wire.ok("PUT", base, json={"name": "Ours", "is_hawq": True})["is_hawq"] is True
    assert wire("DELETE", base).text == " "
    assert wire("GET", base).status_code == 404
    assert wire("GET", f"{base}/databases").status_code == 404


@pytest.mark.parametrize("kind", ["pg_data_source", "oracle_data_source", "jdbc_data_source", "jdbc_hive_data_source"])
def test_every_kind_can_be_made(wire: Wire, kind: str) -> None:
    assert (
        wire.ok("POST", "/data_sources", json={"data_source": {**GREENPLUM, "entity_type": kind}})["entity_type"]
        == kind
    )


def test_a_hadoop_source_is_made_on_its_own_route(wire: Wire) -> None:
    more = {"job_tracker_host": "j", "connection_parameters": [{"key": "a", "value": "b"}], "high_availability": "true"}
    made = wire.ok("POST", "/hdfs_data_sources", json={**HADOOP, **more})
    assert (made["id"], made["hdfs_version"], made["high_availability"]) == (2, "CDH", True)
    assert made["connection_parameters"] == [{"key": "a", "value": "b"}]
    assert wire("DELETE", "/hdfs_data_sources/2").status_code == 200
    assert wire("GET", "/hdfs_data_sources/2").status_code == 404
    assert wire("GET", "/data_sources/2").status_code == 200


def test_wrong_sources_are_refused_by_field(wire: Wire) -> None:
    assert "INVALID" in wire.fields("POST", "/data_sources", json={**GREENPLUM, "entity_type": "odd"})["entity_type"]
    assert wire.fields("POST", "/data_sources", json={**GREENPLUM, "name": "sandbox hadoop"}) == {"name": {"TAKEN": {}}}
    assert "TOO_LONG" in wire.fields("POST", "/data_sources", json={**GREENPLUM, "name": "n" * 65})["name"]
    missing = wire.fields("POST", "/data_sources", json={"entity_type": "gpdb_data_source"})
    assert set(missing) == {"name", "host", "port", "db_name", "db_username", "db_password"}
    missing = wire.fields("POST", "/hdfs_data_sources", json={"name": "x"})
    assert set(missing) == {"host", "port", "hdfs_version", "username", "group_list"}


def test_only_some_sources_have_databases(wire: Wire) -> None:
    row = wire.ok("GET", "/data_sources/1/databases")[0]
    assert (row["name"], row["entity_type"], row["data_source"]["id"]) == ("sandbox", "gpdb_database", 1)
    assert wire.ok("GET", f"/databases/{row['id']}") == row
    assert wire("GET", "/data_sources/3/databases").status_code == 404


def test_a_source_belongs_to_its_owner(sandbox: Sandbox, wire: Wire) -> None:
    number = wire.ok("POST", "/data_sources", json=GREENPLUM)["id"]
    ada = Wire(sandbox, "ada")
    assert len(ada.ok("GET", "/data_sources")) == 3
    assert len(ada.ok("GET", "/data_sources", params={"all": "true"})) == 4
    refused = ada("DELETE", f"/data_sources/{number}")
    assert refused.status_code == 403
    assert refused.json()["errors"]["model_data"]["name"] == "Mine"
    assert ada("GET", f"/data_sources/{number}/databases").status_code == 403
    wire.ok("PUT", f"/data_sources/{number}", json={"state": "disabled"})
    assert ada("GET", f"/data_sources/{number}").status_code == 404
    ada.http.close()


@pytest.mark.parametrize(
    ("kind", "entity_type", "shown"),
    [
        ("gpdb_data_source", "gpdb_data_source", {"db_name": "sandbox", "is_hawq": None}),
        ("hawq_data_source", "gpdb_data_source", {"db_name": "sandbox", "is_hawq": True}),
        ("pg_data_source", "pg_data_source", {"data_source_provider": "PostgreSQL Database"}),
        ("oracle_data_source", "oracle_data_source", {"db_name": "sandbox", "port": 1521}),
        ("jdbc_data_source", "jdbc_data_source", {"port": None, "db_name": None}),
        ("jdbc_hive_data_source", "jdbc_hive_data_source", {"hive": True}),
        ("hdfs_data_source", "hdfs_data_source", {"is_hdfs_hive": None, "job_tracker_port": 8032}),
        ("hdfs_hive_data_source", "hdfs_data_source", {"is_hdfs_hive": True}),
    ],
)
def test_a_source_can_be_added_without_a_request(
    sandbox: Sandbox, wire: Wire, kind: str, entity_type: str, shown: dict[str, object]
) -> None:
    record = sandbox.add_data_source("Added", kind)
    expected = {"name": "Added", "entity_type": entity_type, **shown}
    assert {key: record[key] for key in expected} == expected
    route = "hdfs_data_sources" if entity_type == "hdfs_data_source" else "data_sources"
    assert wire.ok("GET", f"/{route}/{record['id']}") == record
    with sandbox.client() as session:
        assert session.datasource.get_id("Added", kind) == record["id"]
        entry = session.datasource.for_upload("Added")
        assert entry["data_source_type"] == kind
        assert session.workfile.upload("Sandbox", EXAMPLE, [entry])["execution_locations"]


def test_an_added_source_has_the_database_that_was_named(sandbox: Sandbox, wire: Wire) -> None:
    record = sandbox.add_data_source("Warehouse", "pg_data_source", "sales")
    assert record["db_name"] == "sales"
    assert [row["name"] for row in wire.ok("GET", f"/data_sources/{record['id']}/databases")] == ["sales"]
    assert record["owner"]["username"] == "demo"
    sandbox.reset()
    assert "Warehouse" not in [row["name"] for row in Wire(sandbox).ok("GET", "/data_sources")]


@pytest.mark.parametrize(
    ("name", "kind", "database", "said"),
    [
        ("New", "odd", None, "no kind of data source 'odd'; there are gpdb_data_source"),
        ("New", "GreenplumDatabase", None, "no kind"),
        ("sandbox HADOOP", "pg_data_source", None, "already"),
        ("", "pg_data_source", None, "1 to 64 characters"),
        ("n" * 65, "pg_data_source", None, "1 to 64 characters"),
        ("New", "jdbc_data_source", "sales", "has no database"),
        ("New", "hdfs_data_source", "sales", "has no database"),
        ("New", "pg_data_source", " ", "database is a text of 1 to 64 characters, not ' '"),
        ("New", "pg_data_source", 5, "characters, not 5"),
        (None, "pg_data_source", None, "characters, not None"),
    ],
)
def test_a_source_that_can_not_be_added_is_refused(
    sandbox: Sandbox, name: Any, kind: str, database: Any, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        sandbox.add_data_source(name, kind, database)


def test_a_database_is_shown_to_those_who_may_use_its_source(sandbox: Sandbox, wire: Wire) -> None:
    number = wire.ok("POST", "/data_sources", json=GREENPLUM)["id"]
    database = wire.ok("GET", f"/data_sources/{number}/databases")[0]
    ada = Wire(sandbox, "ada")
    refused = ada("GET", f"/databases/{database['id']}")
    assert (refused.status_code, refused.json()["errors"]["model_data"]["name"]) == (403, "Mine")
    wire.ok("PUT", f"/data_sources/{number}", json={"shared": True})
    assert ada.ok("GET", f"/databases/{database['id']}")["name"] == database["name"] == "warehouse"
    wire.ok("PUT", f"/data_sources/{number}", json={"state": "disabled"})
    assert wire("GET", f"/databases/{database['id']}").status_code == 403
    ada.http.close()
