"""Data sources, databases and the places where a workflow runs."""

from __future__ import annotations

from typing import Any

from alpine.sandbox.presenters.people import full_user, short_user
from alpine.sandbox.presenters.tags import tag_objects
from alpine.sandbox.state.model import (
    HDFS_SOURCE,
    SOURCES_WITH_DATABASES,
    Database,
    DataSource,
    Location,
)
from alpine.sandbox.state.store import State

_PROVIDERS = {"gpdb_data_source": "Greenplum Database", "pg_data_source": "PostgreSQL Database"}
_HIVE_KEYS = (
    "hive",
    "hive_kerberos",
    "hive_kerberos_principal",
    "hive_hadoop_version",
    "hive_kerberos_keytab_location",
)


def short_source(source: DataSource) -> dict[str, Any]:
    """The data source as it stands inside other objects and in succinct lists.

    :param source: The data source, of either kind.
    :returns: Its object.
    """
    common = {"id": source.id, "name": source.name, "entity_type": source.entity_type, "state": source.state}
    details = source.details
    if source.entity_type == HDFS_SOURCE:
        return {
            **common,
            "hdfs_version": details.get("hdfs_version"),
            "public": source.public,
            "supports_work_flows": True,
            "is_hdfs_hive": details.get("is_hdfs_hive"),
            "hive_metastore_location": details.get("hive_metastore_location"),
            "uses_kerberos": bool(details.get("uses_kerberos")),
            "disable_kerberos_impersonation": bool(details.get("disable_kerberos_impersonation")),
            "third_party_security_enabled": details.get("third_party_security_enabled"),
            "is_deleted": None,
        }
    return {
        **common,
        "is_deleted": False if source.entity_type in SOURCES_WITH_DATABASES else None,
        "shared": source.shared,
        "owner_id": source.owner_id,
        "version": source.version,
        "is_hawq": details.get("is_hawq"),
    }


def full_source(state: State, source: DataSource, *, listed: bool = False) -> dict[str, Any]:
    """The data source in full.

    :param state: The records.
    :param source: The data source, of either kind.
    :param listed: Whether it is a row of a list, where its owner is shown in short.
    :returns: Its object.
    """
    owner = state.users.find(source.owner_id)
    details = source.details
    full = {
        **short_source(source),
        "host": source.host,
        "port": source.port,
        "online": source.state == "online",
        "description": source.description,
        "version": source.version,
        "public": source.public,
        "owner": full_user(owner) if owner and not listed else short_user(owner),
        "tags": tag_objects(state, (source.entity_type, source.id)),
        "complete_json": True,
    }
    if source.entity_type == HDFS_SOURCE:
        keys: tuple[str, ...] = ("username", "group_list", "job_tracker_host", "job_tracker_port")
        full["high_availability"] = bool(details.get("high_availability"))
        full["connection_parameters"] = details.get("connection_parameters") or []
    else:
        keys = ("db_name", "db_username")
        full["ssl"] = bool(details.get("ssl"))
        full["schema_blacklist"] = []
    if source.entity_type in _PROVIDERS:
        full["data_source_provider"] = _PROVIDERS[source.entity_type]
    if source.entity_type == "jdbc_hive_data_source":
        keys += _HIVE_KEYS
    return {**full, **{key: details.get(key) for key in keys}}


def forbidden_source(source: DataSource) -> dict[str, Any]:
    """What a 403 tells about a data source.

    :param source: The data source.
    :returns: The short form.
    """
    return {
        "id": source.id,
        "entity_type": source.entity_type,
        "shared": source.shared,
        "owner_id": source.owner_id,
        "name": source.name,
    }


def database_object(state: State, database: Database, *, full: bool = True) -> dict[str, Any] | None:
    """A database and its data source.

    :param state: The records.
    :param database: The database.
    :param full: Whether the data source is shown in full.
    :returns: Its object, or None when the source is gone.
    """
    source = state.sql_sources.find(database.data_source_id)
    if source is None:
        return None
    return {
        "id": database.id,
        "name": database.name,
        "data_source": full_source(state, source) if full else short_source(source),
        "entity_type": SOURCES_WITH_DATABASES[source.entity_type],
        "complete_json": True,
    }


def location_object(state: State, location: Location) -> dict[str, Any] | None:
    """One element of a workflow's ``execution_locations``.

    :param state: The records.
    :param location: The place.
    :returns: Its object, or None when it is gone.
    """
    if location.entity_type in SOURCES_WITH_DATABASES.values():
        database = state.databases.find(location.id)
        return database_object(state, database, full=False) if database else None
    source = state.sources(location.entity_type).find(location.id)
    return short_source(source) if source else None
