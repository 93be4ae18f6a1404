"""Data sources are found and described as the facts say."""

from __future__ import annotations

import pytest

from alpine import APIClient, DataSource
from alpine.exception import DataSourceNotFoundException, DataSourceTypeNotFoundException, InvalidArgumentException
from tests.scripted import Reply, ScriptedServer

SQL = [
    {"id": 1, "name": "Warehouse", "entity_type": "gpdb_data_source", "is_hawq": None},
    {"id": 2, "name": "Hawk", "entity_type": "gpdb_data_source", "is_hawq": True},
    {"id": 3, "name": "Lake", "entity_type": "jdbc_data_source"},
]
HADOOP = [
    {"id": 1, "name": "Cluster", "entity_type": "hdfs_data_source", "is_hdfs_hive": None},
    {"id": 4, "name": "Hive", "entity_type": "hdfs_data_source", "is_hdfs_hive": True},
]
DATABASES = [
    {"id": 42, "name": "demo", "entity_type": "gpdb_database"},
    {"id": 43, "name": "prod", "entity_type": "gpdb_database"},
]


@pytest.fixture
def sources(server: ScriptedServer) -> ScriptedServer:
    server.on("GET", "/api/data_sources", Reply({"response": SQL}))
    server.on("GET", "/api/hdfs_data_sources", Reply({"response": HADOOP}))
    server.on("GET", "/api/data_sources/[12]/databases", Reply({"response": DATABASES}))
    server.on("GET", "/api/data_sources/1", Reply({"response": SQL[0]}))
    server.on("GET", "/api/hdfs_data_sources/1", Reply({"response": HADOOP[0]}))
    return server


def test_the_list_holds_sql_and_hadoop_sources_of_equal_id(sources: ScriptedServer, session: APIClient) -> None:
    assert session.datasource.get_list() == SQL + HADOOP
    assert sources.asked[0].query["all"] == ["true"]
    assert sources.asked[0].query["per_page"] == ["1000"]


def test_kinds_that_are_flags_on_the_wire_are_told_apart(sources: ScriptedServer, session: APIClient) -> None:
    kinds = session.datasource.dsType
    assert kinds.HAWQ == DataSource.dsType.HAWQ == DataSource.DSType.HAWQ
    for kind, rows in (
        (kinds.GreenplumDatabase, SQL[:1]),
        (kinds.HAWQ, SQL[1:2]),
        (kinds.JDBCDataSource, SQL[2:]),
        (kinds.HadoopCluster, HADOOP[:1]),
        (kinds.HadoopHive, HADOOP[1:]),
        (kinds.OracleDatabase, []),
    ):
        assert session.datasource.get_list(kind) == rows


def test_an_unknown_kind_is_refused(server: ScriptedServer, session: APIClient) -> None:
    for call in (lambda: session.datasource.get_list("mysql"), lambda: session.datasource.get(1, "mysql")):
        with pytest.raises(DataSourceTypeNotFoundException, match="mysql"):
            call()
    assert server.asked == []


def test_get_takes_the_kind_to_tell_equal_ids_apart(sources: ScriptedServer, session: APIClient) -> None:
    kinds = session.datasource.dsType
    assert session.datasource.get(1, kinds.GreenplumDatabase) == SQL[0]
    assert session.datasource.get("1", kinds.HadoopCluster) == HADOOP[0]
    with pytest.raises(DataSourceNotFoundException):
        session.datasource.get(9, kinds.HadoopCluster)


def test_get_id_finds_by_name(sources: ScriptedServer, session: APIClient) -> None:
    assert session.datasource.get_id("lake") == 3
    assert session.datasource.get_id("Cluster", session.datasource.dsType.HadoopCluster) == 1
    with pytest.raises(DataSourceNotFoundException, match="Did you mean 'Lake'"):
        session.datasource.get_id("Lakes")


def test_databases_are_listed(sources: ScriptedServer, session: APIClient) -> None:
    assert session.datasource.get_database_list(1) == DATABASES
    with pytest.raises(DataSourceNotFoundException):
        session.datasource.get_database_list(3)


def test_for_upload_builds_an_entry(sources: ScriptedServer, session: APIClient) -> None:
    entry = session.datasource.for_upload("Warehouse", "prod")
    assert entry == {"data_source_type": "gpdb_data_source", "data_source_id": 1, "database_id": 43}
    hadoop = session.datasource.for_upload("Cluster")
    assert hadoop == {"data_source_type": "hdfs_data_source", "data_source_id": 1, "database_id": ""}
    with pytest.raises(InvalidArgumentException, match="demo, prod"):
        session.datasource.for_upload("Warehouse")
    with pytest.raises(DataSourceNotFoundException, match="Did you mean 'prod'"):
        session.datasource.for_upload("Warehouse", "prd")
    with pytest.raises(InvalidArgumentException, match="no databases"):
        session.datasource.for_upload("Cluster", "demo")
