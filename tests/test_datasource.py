"""Data sources are found, described, made and deleted."""

from __future__ import annotations

import pytest

from alpine import APIClient, DataSource
from alpine.exception import (
    DataSourceNotFoundException,
    DataSourceTypeNotFoundException,
    ForbiddenException,
    InvalidArgumentException,
    ValidationException,
)
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


def test_the_two_words_of_old_scripts_mean_the_two_halves(sources: ScriptedServer, session: APIClient) -> None:
    assert session.datasource.get_list("Database") == SQL
    assert session.datasource.get_list("Hadoop") == HADOOP
    assert session.datasource.get(1, "Database") == SQL[0]
    assert session.datasource.get(1, "Hadoop") == HADOOP[0]
    assert session.datasource.get_id("Hive", "Hadoop") == 4
    for kind in ("Database", "database", "mysql"):
        with pytest.raises(DataSourceTypeNotFoundException):
            session.datasource.create("Reports", kind, "db.example.com")


def test_a_source_of_another_kind_is_not_the_one_that_was_meant(client: APIClient) -> None:
    kind = client.datasource.dsType
    for call in (client.datasource.get, client.datasource.delete):
        with pytest.raises(DataSourceNotFoundException, match="2 is of kind pg_data_source, not gpdb_data_source"):
            call(2, kind.GreenplumDatabase)
    assert client.datasource.get(2, kind.PostgreSQLDatabase)["name"] == "Sandbox PostgreSQL"


@pytest.mark.parametrize(
    "name", ["GreenplumDatabase", "PostgreSQLDatabase", "HAWQ", "JDBCDataSource", "OracleDatabase"]
)
def test_sources_with_sql_are_made_and_deleted(client: APIClient, name: str) -> None:
    source = client.datasource
    kind = getattr(source.dsType, name)
    made = source.create("Reports", kind, "db.example.com", 5432, "reports", "reader", "a password", "for reports")
    assert (made["name"], made["description"], made["shared"]) == ("Reports", "for reports", False)
    assert [row["id"] for row in source.get_list(kind) if row["name"] == "Reports"] == [made["id"]]
    assert source.delete(made["id"], kind) is None
    with pytest.raises(DataSourceNotFoundException):
        source.get(made["id"], kind)


def test_a_jdbc_source_has_a_url_and_no_port(client: APIClient) -> None:
    url = "jdbc:postgresql://db.example.com/reports"
    kind = client.datasource.dsType.JDBCDataSource
    made = client.datasource.create("Reports", kind, url, db_username="reader", db_password="a password")
    assert (made["host"], made["port"]) == (url, None)


def test_a_hadoop_source_is_made_and_deleted(client: APIClient) -> None:
    source = client.datasource
    made = source.create_hadoop(
        "Lake", "nn.example.com", 8020, "Cloudera CDH5.4-5.7", "me", "staff", connection_parameters={"a.b": "c"}
    )
    assert made["connection_parameters"] == [{"key": "a.b", "value": "c"}]
    assert source.get_id("lake", source.dsType.HadoopCluster) == made["id"]
    assert source.delete(made["id"], source.dsType.HadoopCluster) is None


def test_a_name_is_used_once_over_all_kinds(client: APIClient) -> None:
    source, kind = client.datasource, client.datasource.dsType.PostgreSQLDatabase
    with pytest.raises(ValidationException, match="name: TAKEN"):
        source.create("SANDBOX HADOOP", kind, "db.example.com", 5432, "d", "u", "a password")
    with pytest.raises(ValidationException, match="name: TAKEN"):
        source.create_hadoop("Sandbox JDBC", "nn.example.com", 8020, "Cloudera CDH5.4-5.7", "me", "staff")


def test_a_refused_password_is_not_shown(client: APIClient) -> None:
    kind = client.datasource.dsType.PostgreSQLDatabase
    with pytest.raises(ValidationException) as caught:
        client.datasource.create("x" * 65, kind, "db.example.com", 5432, "d", "u", "very-secret-word")
    assert "TOO_LONG" in str(caught.value)
    assert "very-secret-word" not in repr(vars(caught.value))


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"host": None}, {"port": "5432"}, {"port": 0}, {"shared": "yes"}, {"ssl": "no"}]
)
def test_a_source_that_makes_no_sense_is_refused(
    server: ScriptedServer, session: APIClient, wrong: dict[str, object]
) -> None:
    with pytest.raises(InvalidArgumentException, match=f"{next(iter(wrong))} must be"):
        session.datasource.create(**{"name": "n", "type": "pg_data_source", "host": "h", **wrong})  # type: ignore[arg-type]
    with pytest.raises(DataSourceTypeNotFoundException, match="create_hadoop"):
        session.datasource.create("n", "hdfs_data_source", "h")
    with pytest.raises(InvalidArgumentException, match="connection_parameters must be a dict"):
        session.datasource.create_hadoop("n", "h", 1, "v", "u", "g", connection_parameters=["a"])  # type: ignore[arg-type]
    assert server.asked == []


def test_only_the_owner_or_an_administrator_deletes(client: APIClient, ada: APIClient) -> None:
    with pytest.raises(ForbiddenException, match="delete gpdb_data_source 'Sandbox Database'"):
        ada.datasource.delete(1, ada.datasource.dsType.GreenplumDatabase)


def test_databases_are_listed_only_where_there_are_some(client: APIClient) -> None:
    assert [row["name"] for row in client.datasource.get_database_list(1, per_page=1)] == ["sandbox"]
    for number in (3, 99):
        with pytest.raises(DataSourceNotFoundException, match=f"data source {number}"):
            client.datasource.get_database_list(number)


def test_without_a_server_there_are_only_names() -> None:
    assert list(DataSource().dsType) == list(DataSource.DSType()) == list(DataSource.dsType)
