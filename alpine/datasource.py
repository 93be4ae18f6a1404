"""Data sources and their databases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from alpine import exception
from alpine._arguments import Id, find_named, given, identifier, nearest, number, sent_id, text, words
from alpine._constants import Constants, equal, flag
from alpine._display.records import Record, RecordList
from alpine._http.body import BytesBody
from alpine._http.redaction import keeps_secrets
from alpine._http.request import Request
from alpine._pager import Listing
from alpine.alpineobject import UNORDERED_PAGE, AlpineObject
from alpine.exception import *  # noqa: F403 - so does import * of this module, as in 1.0.14
from alpine.exception import (
    DataSourceNotFoundException,
    DataSourceTypeNotFoundException,
    InvalidArgumentException,
)

__all__ = ["AlpineObject", "DSType", "DataSource"]
__all__ += exception.__all__

_ERRORS = {404: DataSourceNotFoundException}


class DSType(Constants):
    """The kinds of data sources."""

    GreenplumDatabase = "gpdb_data_source"
    HadoopCluster = "hdfs_data_source"
    JDBCDataSource = "jdbc_data_source"
    HAWQ = "hawq_data_source"
    OracleDatabase = "oracle_data_source"
    JDBCHiveDataSource = "jdbc_hive_data_source"
    HadoopHive = "hdfs_hive_data_source"
    PostgreSQLDatabase = "pg_data_source"


HALVES = ("Database", "Hadoop")
"""Words for all kinds with SQL and for all kinds on Hadoop, which the 2017 client took instead of a kind."""
ON_HADOOP = frozenset({DSType.HadoopCluster, DSType.HadoopHive, "Hadoop"})
WITH_DATABASES = {
    DSType.GreenplumDatabase: "gpdb_database",
    DSType.HAWQ: "gpdb_database",
    DSType.PostgreSQLDatabase: "pg_database",
}
"""The kinds that consist of databases, and what the server calls such a database."""


# In the body of the class below these names mean its attributes.
_DSType = DSType


class DataSource(AlpineObject):
    """A class for interacting with data sources.

    SQL sources and Hadoop sources are numbered separately: the same id may exist in both groups. Where a method takes
    the type of a source, ``"Database"`` means all types of SQL sources, and ``"Hadoop"`` all types on Hadoop.
    """

    DSType = DSType
    dsType: _DSType = DSType()  # noqa: N815 - the name that scripts use
    """The kinds of data sources, as in ``DataSource.dsType.GreenplumDatabase``."""

    def get_list(self, type: str | None = None, per_page: int = 100) -> RecordList:
        """Return all data sources. Calls ``GET /data_sources`` and ``GET /hdfs_data_sources``.

        :param type: Return only data sources of one kind, a value of :class:`DSType`.
        :type type: str
        :param per_page: Accepted as for other lists. The server returns this list in no fixed order, so at least 1,000
            rows are requested at a time.
        :type per_page: int
        :returns: List of data sources' metadata.
        :rtype: list of dict
        :raises DataSourceTypeNotFoundException: There is no such kind.

        Example:

        >>> kind = session.datasource.dsType.GreenplumDatabase
        >>> [source["name"] for source in session.datasource.get_list(kind)]
        ['Sandbox Database']
        """
        return RecordList(self.iterate(type, per_page))

    def iterate(self, type: str | None = None, per_page: int = 100) -> Iterator[dict[str, Any]]:
        """Iterate over the data sources, page by page.

        Parameters and exceptions are those of :meth:`get_list`.

        Example:

        >>> next(session.datasource.iterate())["name"]
        'Sandbox Database'
        """
        kind = None if type is None else _checked_type(type, *HALVES)
        parts = []
        if kind not in ON_HADOOP:
            everyones = {"all": "true"}
            parts.append(
                self._iterate(Listing("data_sources", "list data sources", params=everyones, ordered=False), per_page)
            )
        if kind is None or kind in ON_HADOOP:
            action = "list Hadoop data sources"
            parts.append(self._iterate(Listing("hdfs_data_sources", action, ordered=False), per_page))
        return (row for row in chain(*parts) if kind is None or _is_of(row, kind))

    def get(self, ds_id: Id, type: str) -> Record:
        """Return metadata for a data source. Calls ``GET /data_sources/:id`` or ``GET /hdfs_data_sources/:id``.

        :param ds_id: ID of the data source.
        :type ds_id: int
        :param type: Its kind, a value of :class:`DSType`, since ids are unique only within SQL or Hadoop sources.
        :type type: str
        :returns: Selected data source's metadata.
        :rtype: dict
        :raises DataSourceNotFoundException: The data source does not exist, or is of another kind.
        :raises DataSourceTypeNotFoundException: There is no such kind.

        Example:

        >>> kind = session.datasource.dsType.GreenplumDatabase
        >>> session.datasource.get(1, kind)["name"]
        'Sandbox Database'
        """
        wanted, kind = identifier(ds_id, "ds_id", DataSourceNotFoundException), _checked_type(type, *HALVES)
        source = self._one(Request("GET", f"{_route(kind)}/{wanted}", f"get {kind} {wanted}", errors=_ERRORS))
        if not _is_of(source, kind):
            raise DataSourceNotFoundException(f"Data source {wanted} is of kind {kind_of(source)}, not {kind}.")
        return source

    def get_id(self, name: str, type: str | None = None) -> int:
        """Return the ID of a data source.

        :param name: Name of the data source (case-insensitive).
        :type name: str
        :param type: Its kind, a value of :class:`DSType`.
        :type type: str
        :returns: ID of the data source.
        :rtype: int
        :raises DataSourceNotFoundException: The data source does not exist.
        :raises DataSourceTypeNotFoundException: There is no such kind.

        Example:

        >>> session.datasource.get_id("Sandbox Database")
        1
        """
        return sent_id(self._named(name, type), "data source")

    def get_database_list(self, data_source_id: Id, per_page: int = 100) -> RecordList:
        """Return the databases of a Greenplum, HAWQ or PostgreSQL source. Calls ``GET /data_sources/:id/databases``.

        To list them, the server connects to the source, which can be slow.

        :param data_source_id: ID of the data source.
        :type data_source_id: int
        :param per_page: Maximum number to fetch with each API call.
        :type per_page: int
        :returns: List of databases' metadata.
        :rtype: list of dict
        :raises DataSourceNotFoundException: The data source does not exist, or has no databases.
        :raises ForbiddenException: The source is disabled, or the user has no account for it.
        :raises ValidationException: The server cannot connect to it.

        Example:

        >>> [database["name"] for database in session.datasource.get_database_list(1)]
        ['sandbox']
        """
        source = identifier(data_source_id, "data_source_id", DataSourceNotFoundException)
        action = f"list the databases of data source {source}"
        return self._list(Listing(f"data_sources/{source}/databases", action, errors=_ERRORS), per_page)

    @keeps_secrets
    def create(
        self,
        name: str,
        type: str,
        host: str,
        port: int | None = None,
        db_name: str | None = None,
        db_username: str | None = None,
        db_password: str | None = None,
        description: str | None = None,
        shared: bool = False,
        ssl: bool = False,
    ) -> Record:
        """Create a SQL data source. Calls ``POST /data_sources``.

        The server connects to it to test the credentials.

        :param name: The name, up to 64 characters, which must be unique (case-insensitive).
        :type name: str
        :param type: Its kind, a value of :class:`DSType` for a source that is not on Hadoop.
        :type type: str
        :param host: Its host; for ``JDBCDataSource`` the JDBC URL.
        :type host: str
        :param port: Its port.
        :type port: int
        :param db_name: The database to connect to initially.
        :type db_name: str
        :param db_username: The user for the connection.
        :type db_username: str
        :param db_password: The password for the connection.
        :type db_password: str
        :param description: A description.
        :type description: str
        :param shared: Whether all users connect with these credentials.
        :type shared: bool
        :param ssl: Whether to encrypt the connection.
        :type ssl: bool
        :returns: The new data source's metadata.
        :rtype: dict
        :raises DataSourceTypeNotFoundException: There is no such kind, or it needs :meth:`create_hadoop`.
        :raises ValidationException: The name is taken, or the server cannot connect.

        Example:

        >>> kind = session.datasource.dsType.PostgreSQLDatabase
        >>> made = session.datasource.create(
        ...     "Reports", kind, "db.example.com", 5432, "reports", "me", "a password"
        ... )
        >>> made["name"]
        'Reports'
        """
        kind = _checked_type(type)
        if kind in ON_HADOOP:
            raise DataSourceTypeNotFoundException(f"Create a data source of kind {kind} with create_hadoop.")
        document = {
            "name": text(name, "name"),
            "entity_type": DSType.GreenplumDatabase if kind == DSType.HAWQ else kind,
            "host": text(host, "host"),
            **given(
                shared=flag(shared, "shared"),
                ssl=flag(ssl, "ssl"),
                is_hawq=True if kind == DSType.HAWQ else None,
                port=_port(port, "port"),
                db_name=words(db_name, "db_name"),
                db_username=words(db_username, "db_username"),
                db_password=words(db_password, "db_password"),
                description=words(description, "description"),
            ),
        }
        return self._create("data_sources", name, document, (str(db_password),) if db_password else ())

    @keeps_secrets
    def create_hadoop(
        self,
        name: str,
        host: str,
        port: int,
        hdfs_version: str,
        username: str,
        group_list: str,
        job_tracker_host: str | None = None,
        job_tracker_port: int | None = None,
        description: str | None = None,
        high_availability: bool = False,
        connection_parameters: Mapping[str, str] | None = None,
    ) -> Record:
        """Create a Hadoop data source. Calls ``POST /hdfs_data_sources``.

        :param name: The name, up to 64 characters, which must be unique (case-insensitive).
        :type name: str
        :param host: The host of its name node.
        :type host: str
        :param port: The port of its name node.
        :type port: int
        :param hdfs_version: The distribution, such as ``"Cloudera CDH5.4-5.7"``.
        :type hdfs_version: str
        :param username: The user on the cluster.
        :type username: str
        :param group_list: The groups of that user, separated by commas.
        :type group_list: str
        :param job_tracker_host: The host of its job tracker or resource manager; needed to run workflows.
        :type job_tracker_host: str
        :param job_tracker_port: The port of its job tracker or resource manager.
        :type job_tracker_port: int
        :param description: A description.
        :type description: str
        :param high_availability: Whether its name node is highly available.
        :type high_availability: bool
        :param connection_parameters: More Hadoop properties.
        :type connection_parameters: dict
        :returns: The new data source's metadata.
        :rtype: dict
        :raises ValidationException: The name is taken, or the server cannot reach it.

        Example:

        >>> version = "Cloudera CDH5.4-5.7"
        >>> session.datasource.create_hadoop(
        ...     "Lake", "nn.example.com", 8020, version, "me", "staff"
        ... )["name"]
        'Lake'
        """
        if not isinstance(connection_parameters, Mapping | None):
            raise InvalidArgumentException(f"connection_parameters must be a dict, not {connection_parameters!r}.")
        pairs = [
            {"key": text(key, "each name in connection_parameters"), "value": value}
            for key, value in (connection_parameters or {}).items()
        ]
        document = {
            "name": text(name, "name"),
            "host": text(host, "host"),
            "port": number(port, "port", least=1, whole=True),
            "hdfs_version": text(hdfs_version, "hdfs_version"),
            "username": text(username, "username"),
            "group_list": text(group_list, "group_list"),
            **given(
                high_availability=flag(high_availability, "high_availability"),
                job_tracker_host=words(job_tracker_host, "job_tracker_host"),
                job_tracker_port=_port(job_tracker_port, "job_tracker_port"),
                description=words(description, "description"),
                connection_parameters=pairs or None,
            ),
        }
        return self._create("hdfs_data_sources", name, document, ())

    def _create(self, path: str, name: str, document: dict[str, object], secrets: tuple[str, ...]) -> Record:
        how_to_check = "Check with session.datasource.get_id whether it is there before you create it again."
        action = f"create data source {name!r}"
        body = BytesBody.json(document)
        return self._one(Request("POST", path, action, body=body, secrets=secrets, how_to_check=how_to_check))

    def delete(self, ds_id: Id, type: str) -> None:
        """Delete a data source. Calls ``DELETE /data_sources/:id`` or ``DELETE /hdfs_data_sources/:id``.

        :param ds_id: ID of the data source.
        :type ds_id: int
        :param type: Its kind, a value of :class:`DSType`.
        :type type: str
        :returns: None.
        :rtype: NoneType
        :raises DataSourceNotFoundException: The data source does not exist, or is of another kind; nothing was deleted.
        :raises ForbiddenException: The user is neither its owner nor an administrator.

        Example:

        >>> kind = session.datasource.dsType.GreenplumDatabase
        >>> made = session.datasource.create(
        ...     "Brief", kind, "db.example.com", 5432, "brief", "me", "a password"
        ... )
        >>> session.datasource.delete(made["id"], kind)
        """
        wanted, source = identifier(ds_id, "ds_id", DataSourceNotFoundException), self.get(ds_id, type)
        kind, path = kind_of(source), f"{_route(type)}/{wanted}"
        self._request(Request("DELETE", path, f"delete {kind} {source.get('name')!r}", idempotent=True, errors=_ERRORS))

    def for_upload(self, name: str, database: str | None = None) -> dict[str, Any]:
        """Build one entry of the ``data_sources_list`` of :meth:`alpine.workfile.Workfile.upload`.

        :param name: Name of the data source.
        :type name: str
        :param database: Name of its database, for a Greenplum, HAWQ or PostgreSQL source with more than one.
        :type database: str
        :returns: The entry.
        :rtype: dict
        :raises DataSourceNotFoundException: There is no such data source, or no such database in it.

        Example:

        >>> session.datasource.for_upload("Sandbox Database")
        {'data_source_type': 'gpdb_data_source', 'data_source_id': 1,
         'database_id': 1}
        """
        wanted = None if database is None else text(database, "database")
        source = self._named(name, None)
        kind = kind_of(source)
        source_id = sent_id(source, "data source")
        database_id: int | str = ""
        if kind in WITH_DATABASES:
            database_id = self._database_id(name, source_id, wanted)
        elif database is not None:
            raise InvalidArgumentException(f"The data source {name!r} ({kind}) has no databases to choose from.")
        return {"data_source_type": kind, "data_source_id": source_id, "database_id": database_id}

    def _database_id(self, source: str, source_id: int, database: str | None) -> int:
        rows = self.get_database_list(source_id)
        names = [str(row.get("name")) for row in rows]
        if database is None and len(rows) != 1:
            raise InvalidArgumentException(f"Which database of {source!r}? Give one of {', '.join(names) or 'none'}.")
        for row, name in zip(rows, names, strict=True):
            if database is None or name == database:
                return sent_id(row, "database")
        raise DataSourceNotFoundException(
            f"The data source {source!r} has no database {database!r}.{nearest(str(database), names)}"
        )

    def _named(self, name: str, kind: str | None) -> Mapping[str, Any]:
        where = f" of kind {kind}" if isinstance(kind, str) else ""
        rows = self.iterate(kind, UNORDERED_PAGE)
        return find_named(rows, "name", name, "data source", DataSourceNotFoundException, where=where)


def _port(value: object, name: str) -> int | None:
    return None if value is None else number(value, name, least=1, whole=True)


def _is_of(source: Mapping[str, Any], kind: str) -> bool:
    return kind in HALVES or "entity_type" not in source or kind_of(source) == kind


def kind_of(source: Mapping[str, Any]) -> str:
    """The kind of a data source: HAWQ and Hive are flags on the wire, not kinds."""
    if source.get("is_hawq"):
        return DSType.HAWQ
    return DSType.HadoopHive if source.get("is_hdfs_hive") else str(source.get("entity_type"))


def execution_locations(data_sources_list: object) -> list[tuple[str, int]]:
    """What an upload must say of its data sources: what the server looks up, and by which id.

    :raises InvalidArgumentException: The list has a wrong shape.
    """
    entries = [data_sources_list] if isinstance(data_sources_list, dict) else data_sources_list
    if not isinstance(entries, list | tuple) or not entries:
        raise InvalidArgumentException(
            "data_sources_list must be a list of one or more dicts; session.datasource.for_upload(name) builds one."
        )
    return [_location(entry, f"data_sources_list[{position}]") for position, entry in enumerate(entries)]


def _location(entry: object, where: str) -> tuple[str, int]:
    if not isinstance(entry, dict) or "data_source_type" not in entry:
        raise InvalidArgumentException(
            f"{where} must be a dict with data_source_type, data_source_id and, for a database, database_id."
        )
    kind = _checked_type(entry["data_source_type"])
    key = "database_id" if kind in WITH_DATABASES else "data_source_id"
    if entry.get(key) in (None, ""):
        raise InvalidArgumentException(f"{where} ({kind}) needs a {key}.")
    location = "hdfs_data_source" if kind == DSType.HadoopHive else WITH_DATABASES.get(kind, kind)
    return location, identifier(entry[key], f"{key} of {where}", DataSourceNotFoundException)


def _checked_type(kind: object, *others: str) -> str:
    options = [*DSType.values(), *others]
    if not any(equal(kind, option) for option in options):
        known = ", ".join(map(repr, options))
        raise DataSourceTypeNotFoundException(f"The type of a data source must be one of {known}, not {kind!r}.")
    return str(kind)


def _route(kind: str) -> str:
    return "hdfs_data_sources" if kind in ON_HADOOP else "data_sources"
