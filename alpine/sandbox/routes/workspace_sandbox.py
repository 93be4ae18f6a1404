"""The sandbox of a workspace: the schema of its own tables."""

from __future__ import annotations

from typing import Any, NoReturn

from werkzeug.wrappers import Response

from alpine.sandbox.state.collaboration import record_event
from alpine.sandbox.state.model import SOURCES_WITH_DATABASES, Database, Schema
from alpine.sandbox.web.call import Call, Routes
from alpine.sandbox.web.errors import Forbidden, Invalid, json_response
from alpine.sandbox.web.params import as_bool, as_id, as_text

routes: Routes = Routes()


@routes.add("POST", "/workspaces/<workspace_id>/sandbox")
def create(call: Call) -> Response:
    """Give a workspace a schema of its own: one that there is, or a new one."""
    workspace = call.workspace()
    if not call.view.belongs(workspace):
        raise Forbidden
    sent = call.params.resource("sandbox")
    schema = _schema(call, sent)
    workspace.sandbox_schema_id = schema.id
    workspace.has_added_sandbox = True
    if "show_sandbox_datasets" in sent:
        workspace.show_sandbox_datasets = as_bool(sent["show_sandbox_datasets"])
    record_event(call.state, "WorkspaceAddSandbox", call.user.id, {"workspace": ("workspace", workspace.id)})
    return json_response({}, 201)


def _schema(call: Call, sent: dict[str, Any]) -> Schema:
    state = call.state
    if "schema_id" in sent:
        schema = state.schemas.find(as_id(sent["schema_id"]))
        if schema is None or schema.database_id is None:
            _missing("Schema", sent["schema_id"])
        schema.is_kept = True
        return schema
    name = as_text(sent.get("schema_name")).strip()
    if not name:
        raise Invalid.field("schema", "GENERIC", {"message": "name can't be blank"})
    database = _database(call, sent)
    for schema in state.schemas:
        if schema.name == name and schema.database_id == database.id:
            schema.is_kept = True
            return schema
    return state.schemas.add(
        Schema(name=name, data_source_id=database.data_source_id, database_id=database.id, is_kept=True)
    )


def _database(call: Call, sent: dict[str, Any]) -> Database:
    state = call.state
    if "database_id" in sent:
        database = state.databases.find(as_id(sent["database_id"]))
        return database if database is not None else _missing("Database", sent["database_id"])
    source = state.sql_sources.find(as_id(sent.get("data_source_id")))
    if source is None or source.entity_type not in SOURCES_WITH_DATABASES:
        _missing("DataSource", sent.get("data_source_id"))
    name = as_text(sent.get("database_name")).strip()
    if not name:
        raise Invalid.field("database", "GENERIC", {"message": "name can't be blank"})
    for database in state.databases:
        if database.name == name and database.data_source_id == source.id:
            return database
    return state.databases.add(Database(name=name, data_source_id=source.id))


def _missing(kind: str, number: object) -> NoReturn:
    raise Invalid.field("database", "GENERIC", {"message": f"Couldn't find {kind} with id={as_text(number)}"})
