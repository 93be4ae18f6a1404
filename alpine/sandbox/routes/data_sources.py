"""Data sources of both sequences, and databases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from werkzeug.wrappers import Response

from alpine.sandbox.presenters.data_sources import database_object, forbidden_source, full_source, short_source
from alpine.sandbox.routes.checks import Fields, assign, at_most, refuse, required, taken
from alpine.sandbox.state.model import HDFS_SOURCE, SOURCES_WITH_DATABASES, SQL_SOURCES, Database, DataSource
from alpine.sandbox.state.store import RecordTable
from alpine.sandbox.web.call import Call, Routes, envelope, found
from alpine.sandbox.web.errors import Forbidden, Invalid, NotFound
from alpine.sandbox.web.params import as_bool, as_id, as_text

routes: Routes = Routes()

_HIVE = "jdbc_hive_data_source"
_SQL = "/data_sources"
_HIVES = "/jdbc_hive_data_sources"
_HDFS = "/hdfs_data_sources"
_STATES = ("online", "offline", "incomplete", "disabled", "enabled")
_FLAGS = ("shared", "public")
_DETAIL_TEXTS = (
    "db_name",
    "db_username",
    "hdfs_version",
    "username",
    "group_list",
    "job_tracker_host",
    "job_tracker_port",
    "hive_metastore_location",
    "hive_hadoop_version",
    "hive_kerberos_principal",
    "hive_kerberos_keytab_location",
)
_DETAIL_FLAGS = (
    "ssl",
    "is_hawq",
    "is_hdfs_hive",
    "high_availability",
    "uses_kerberos",
    "disable_kerberos_impersonation",
    "third_party_security_enabled",
    "hive",
    "hive_kerberos",
)


@routes.add("GET", _SQL)
def index(call: Call) -> Response:
    """List the SQL-like sources that the caller may use, or all of them."""
    sent = call.params.get("entity_type")
    kinds = {as_text(kind) for kind in (sent if isinstance(sent, list) else [sent]) if kind}
    return _listed(call, [row for row in call.state.sql_sources if not kinds or row.entity_type in kinds])


@routes.add("GET", _HIVES)
def index_hive(call: Call) -> Response:
    """List the Hive sources."""
    return _listed(call, [row for row in call.state.sql_sources if row.entity_type == _HIVE])


@routes.add("GET", _HDFS)
def index_hdfs(call: Call) -> Response:
    """List the Hadoop sources, which everybody may see."""
    rows = list(call.state.hdfs_sources)
    if call.params.text("job_tracker"):
        rows = [row for row in rows if row.details.get("job_tracker_host")]
    return _paged(call, rows)


@routes.add("GET", f"{_SQL}/<id>", f"{_HIVES}/<id>")
def show(call: Call) -> Response:
    """Show an SQL-like source."""
    return envelope(full_source(call.state, _named(call, call.state.sql_sources)))


@routes.add("GET", f"{_HDFS}/<id>")
def show_hdfs(call: Call) -> Response:
    """Show a Hadoop source."""
    return envelope(full_source(call.state, _named(call, call.state.hdfs_sources)))


@routes.add("POST", _SQL)
def create(call: Call) -> Response:
    """Add an SQL-like source; its password is not kept."""
    sent = call.params.resource("data_source")
    kind = as_text(sent.get("entity_type"))
    if kind not in SQL_SOURCES:
        raise Invalid.field("entity_type", "INVALID", {"value": kind or None})
    return _created(call, sent, kind)


@routes.add("POST", _HIVES)
def create_hive(call: Call) -> Response:
    """Add a Hive source."""
    return _created(call, call.params.resource("jdbc_hive_data_source"), _HIVE)


@routes.add("POST", _HDFS)
def create_hdfs(call: Call) -> Response:
    """Add a Hadoop source."""
    return _created(call, call.params.resource("hdfs_data_source"), HDFS_SOURCE)


@routes.add("PUT", f"{_SQL}/<id>", f"{_HIVES}/<id>")
def update(call: Call) -> Response:
    """Change an SQL-like source."""
    return _updated(call, call.state.sql_sources, call.params.resource("data_source"))


@routes.add("PUT", f"{_HDFS}/<id>")
def update_hdfs(call: Call) -> Response:
    """Change a Hadoop source."""
    return _updated(call, call.state.hdfs_sources, call.params.resource("hdfs_data_source"))


@routes.add("DELETE", f"{_SQL}/<id>", f"{_HIVES}/<id>")
def delete(call: Call) -> Response:
    """Remove an SQL-like source."""
    return _deleted(call, call.state.sql_sources)


@routes.add("DELETE", f"{_HDFS}/<id>")
def delete_hdfs(call: Call) -> Response:
    """Remove a Hadoop source."""
    return _deleted(call, call.state.hdfs_sources)


@routes.add("GET", f"{_SQL}/<id>/databases")
def databases(call: Call) -> Response:
    """List the databases of a Greenplum or PostgreSQL source."""
    source = call.record(call.state.sql_sources)
    if source.entity_type not in SOURCES_WITH_DATABASES:
        raise NotFound
    check_access(call, source)
    rows = [row for row in call.state.databases if row.data_source_id == source.id]
    return call.paged(rows, lambda row: database_object(call.state, row) or {}, in_full=True)


@routes.add("GET", "/databases/<id>")
def database(call: Call) -> Response:
    """Show one database."""
    row = call.record(call.state.databases)
    check_access(call, found(call.state.sql_sources.find(row.data_source_id)))
    return envelope(found(database_object(call.state, row)))


def _listed(call: Call, rows: list[DataSource]) -> Response:
    if not call.params.text("all"):
        rows = [row for row in rows if has_account(call, row)]
    return _paged(call, rows)


def _paged(call: Call, rows: list[DataSource]) -> Response:
    if call.params.text("filter_disabled") == "true":
        rows = [row for row in rows if row.state != "disabled"]
    if call.params.text("succinct") == "true":
        return call.paged(rows, short_source)
    return call.paged(rows, lambda row: full_source(call.state, row, listed=True))


def has_account(call: Call, source: DataSource) -> bool:
    """Whether the caller can connect to a source."""
    return source.shared or source.owner_id == call.user.id


def check_access(call: Call, source: DataSource) -> None:
    """Insist that the caller may look into a source.

    :param call: The request.
    :param source: The source.
    :raises Forbidden: When it is disabled, or the caller has no account for it.
    """
    if source.state == "disabled" or not has_account(call, source):
        raise Forbidden(forbidden_source(source))


def _named(call: Call, table: RecordTable[DataSource]) -> DataSource:
    source = call.record(table)
    hidden = source.state in ("disabled", "incomplete")
    return found(None if hidden and not (call.user.admin or source.owner_id == call.user.id) else source)


def _owned(call: Call, table: RecordTable[DataSource]) -> DataSource:
    source = _named(call, table)
    if not (call.user.admin or source.owner_id == call.user.id):
        raise Forbidden(forbidden_source(source))
    return source


def _created(call: Call, sent: Mapping[str, Any], kind: str) -> Response:
    fields: Fields = {}
    required(fields, sent, ["name"] if as_text(sent.get("state")) == "incomplete" else ["name", *_needed(kind)])
    _check(call, fields, sent, None)
    source = DataSource(name=as_text(sent["name"]), entity_type=kind, owner_id=call.user.id, shared=False)
    _assign(source, sent)
    call.state.sources(kind).add(source)
    if kind in SOURCES_WITH_DATABASES and source.details.get("db_name"):
        call.state.databases.add(Database(name=source.details["db_name"], data_source_id=source.id))
    return envelope(full_source(call.state, source), 201)


def _updated(call: Call, table: RecordTable[DataSource], sent: Mapping[str, Any]) -> Response:
    source = _owned(call, table)
    fields: Fields = {}
    required(fields, sent, [name for name in ("name", "host") if name in sent])
    _check(call, fields, sent, source)
    _assign(source, sent)
    source.updated_at = call.state.clock()
    return envelope(full_source(call.state, source))


def _deleted(call: Call, table: RecordTable[DataSource]) -> Response:
    source = _owned(call, table)
    source.deleted = True
    if source.entity_type in SOURCES_WITH_DATABASES:
        for row in call.state.databases:
            row.deleted = row.data_source_id == source.id
    return call.done()


def _needed(kind: str) -> list[str]:
    if kind == HDFS_SOURCE:
        return ["host", "port", "hdfs_version", "username", "group_list"]
    if kind in (*SOURCES_WITH_DATABASES, "oracle_data_source"):
        return ["host", "port", "db_name", "db_username", "db_password"]
    return ["host", "db_username", "db_password"] if kind == "jdbc_data_source" else ["host"]


def _check(call: Call, fields: Fields, sent: Mapping[str, Any], source: DataSource | None) -> None:
    others = [row.name for row in (*call.state.sql_sources, *call.state.hdfs_sources) if row is not source]
    taken(fields, "name", as_text(sent.get("name")), others)
    at_most(fields, sent, {"name": 64, "host": 1024})
    port = as_text(sent.get("port"))
    if port and not 0 < (as_id(port) or 0) < 65536:
        fields.setdefault("port", {})["NOT_A_NUMBER"] = {"value": port}
    refuse(fields)


def _assign(source: DataSource, sent: Mapping[str, Any]) -> None:
    assign(source, sent, texts=("name", "host", "description"), flags=_FLAGS)
    if "port" in sent:
        source.port = as_id(sent["port"])
    if as_text(sent.get("state")) in _STATES:
        source.state = as_text(sent["state"])
    source.details |= {name: as_text(sent[name]) for name in _DETAIL_TEXTS if name in sent}
    source.details |= {name: as_bool(sent[name]) for name in _DETAIL_FLAGS if name in sent}
    if source.entity_type == HDFS_SOURCE:
        source.version = source.details.get("hdfs_version")
        _assign_connection(source, sent)


def _assign_connection(source: DataSource, sent: Mapping[str, Any]) -> None:
    rows = sent.get("connection_parameters")
    if isinstance(rows, list):
        pairs = [row for row in rows if isinstance(row, dict)]
        kept = [{"key": as_text(row.get("key")), "value": as_text(row.get("value"))} for row in pairs]
        source.details["connection_parameters"] = kept
