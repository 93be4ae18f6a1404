"""Data sources that are there without a request: those of a fresh server, and those that a test adds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from alpine.sandbox.state.model import HDFS_SOURCE, SOURCES_WITH_DATABASES, Database, DataSource
from alpine.sandbox.state.store import State

LONGEST_NAME = 64
HADOOP_VERSION = "Cloudera CDH5.4-5.7"

_HOST = "sandbox.example.com"
_HADOOP_HOST = "hadoop.example.com"
_HADOOP_DETAILS = {
    "hdfs_version": HADOOP_VERSION,
    "username": "hdfs",
    "group_list": "hadoop",
    "job_tracker_host": _HADOOP_HOST,
    "job_tracker_port": 8032,
}
_USER = {"db_username": "sandbox"}


@dataclass(frozen=True)
class _Kind:
    """What a kind of source is on the server."""

    entity_type: str
    host: str
    port: int | None = None
    version: str | None = None
    has_database: bool = False
    details: dict[str, Any] = field(default_factory=lambda: _USER)


# By the names that a client uses; HAWQ and Hive on Hadoop are marks of other kinds on the server.
KINDS = {
    "gpdb_data_source": _Kind("gpdb_data_source", _HOST, 5432, "4.3.10.0", has_database=True),
    "hawq_data_source": _Kind(
        "gpdb_data_source", _HOST, 5432, "4.3.10.0", has_database=True, details={**_USER, "is_hawq": True}
    ),
    "pg_data_source": _Kind("pg_data_source", _HOST, 5433, "9.5.6", has_database=True),
    "oracle_data_source": _Kind("oracle_data_source", _HOST, 1521, has_database=True),
    "jdbc_data_source": _Kind("jdbc_data_source", "jdbc:sandbox://sandbox.example.com/sandbox"),
    "jdbc_hive_data_source": _Kind(
        "jdbc_hive_data_source", "jdbc:hive2://hadoop.example.com:10000/default", details={**_USER, "hive": True}
    ),
    "hdfs_data_source": _Kind(HDFS_SOURCE, _HADOOP_HOST, 8020, HADOOP_VERSION, details=_HADOOP_DETAILS),
    "hdfs_hive_data_source": _Kind(
        HDFS_SOURCE,
        _HADOOP_HOST,
        8020,
        HADOOP_VERSION,
        details={
            **_HADOOP_DETAILS,
            "is_hdfs_hive": True,
            "hive_metastore_location": f"thrift://{_HADOOP_HOST}:9083",
        },
    ),
}


def add_source(state: State, name: str, kind: str, *, database: str | None = None) -> DataSource:
    """Add a data source that everybody may use. The first administrator owns it.

    :param state: The records.
    :param name: Its name.
    :param kind: Its kind by a client's name.
    :param database: The name of its database.
    :returns: The source.
    :raises ValueError: When one of these cannot be.
    """
    made = KINDS.get(kind)
    if made is None:
        raise ValueError(f"There is no kind of data source {kind!r}; there are {', '.join(KINDS)}.")
    if database is not None and not made.has_database:
        raise ValueError(f"A data source of the kind {kind!r} has no database; leave out database={database!r}.")
    _check_name("data source", name)
    if database is not None:
        _check_name("database", database)
    if name.lower() in {row.name.lower() for row in (*state.sql_sources, *state.hdfs_sources)}:
        raise ValueError(f"There is a data source {name!r} already; their names differ in more than capitals.")
    details = {**made.details, **({"db_name": database or "sandbox"} if made.has_database else {})}
    source = state.sources(made.entity_type).add(
        DataSource(
            name=name,
            entity_type=made.entity_type,
            owner_id=next(user.id for user in state.users if user.admin),
            host=made.host,
            port=made.port,
            version=made.version,
            details=details,
        )
    )
    if made.entity_type in SOURCES_WITH_DATABASES:
        state.databases.add(Database(name=details["db_name"], data_source_id=source.id))
    return source


def _check_name(of_what: str, name: object) -> None:
    if not (isinstance(name, str) and name.strip() and len(name) <= LONGEST_NAME):
        raise ValueError(f"The name of a {of_what} is a text of 1 to {LONGEST_NAME} characters, not {name!r}.")
