"""Schemas of databases, and of data sources without any; their tables and views."""

from __future__ import annotations

from werkzeug.wrappers import Response

from alpine.sandbox.presenters.datasets import dataset_object, schema_object
from alpine.sandbox.routes.data_sources import check_access, has_account
from alpine.sandbox.state.datasets import datasets_of, mark_stale, schemas_seen, tables_seen
from alpine.sandbox.state.model import SOURCES_WITH_DATABASES, Database, Dataset, DataSource, Schema
from alpine.sandbox.web.call import Call, Routes, envelope, found
from alpine.sandbox.web.errors import FrameworkError, Refused, json_response
from alpine.sandbox.web.paging import page_of

routes: Routes = Routes()


@routes.add("GET", "/databases/<id>/schemas")
def of_database(call: Call) -> Response:
    """List the schemas of a database."""
    database = call.record(call.state.databases)
    source = found(call.state.sql_sources.find(database.data_source_id))
    check_access(call, source)
    return call.paged(_seen(call, source, database), lambda row: schema_object(call.state, row), in_full=True)


@routes.add("GET", "/data_sources/<id>/schemas")
def of_source(call: Call) -> Response:
    """List the schemas of a source without databases, on no pages."""
    source = call.record(call.state.sql_sources)
    check_access(call, source)
    if source.entity_type in SOURCES_WITH_DATABASES:
        raise FrameworkError(500)
    return envelope([schema_object(call.state, row) for row in _seen(call, source, None)])


@routes.add("GET", "/schemas/<id>")
def show(call: Call) -> Response:
    """Show a schema, whether or not it is still there."""
    schema = call.record(call.state.schemas)
    check_access(call, source_of(call, schema))
    check_connection(call)
    return envelope(schema_object(call.state, schema))


@routes.add("GET", "/schemas/<id>/datasets")
def datasets(call: Call) -> Response:
    """List the tables of a schema.

    The database gives the first tables in one order, and the page is cut in another. When it is down, what was known
    before is given.
    """
    schema = call.record(call.state.schemas)
    source = source_of(call, schema)
    check_access(call, source)
    wanted = call.params.text("filter").lower()
    if call.state.settings.databases_down:
        kept = [row for row in datasets_of(call.state, schema) if row.stale_at is None and wanted in row.name.lower()]
        return call.paged(_sorted(kept), lambda row: dataset_object(call.state, row), in_full=True)
    there = tables_of(call, schema)
    mark_stale(call.state, schema, there)
    is_view = call.backend.engine.catalogue.is_view
    if call.params.text("tables_only"):
        there = [name for name in there if not is_view(schema.name, name)]
    names = sorted((name for name in there if wanted in name.lower()), key=_in_the_catalogue)
    _, pagination = page_of(names, call.params)
    first = names[: pagination["page"] * pagination["per_page"]]
    shown, _ = page_of(_sorted(tables_seen(call.state, schema, first)), call.params)
    for row in shown:
        row.object_type = "VIEW" if is_view(schema.name, row.name) else "TABLE"
    account = has_account(call, source)
    rows = [dataset_object(call.state, row, has_credentials=account) for row in shown]
    return json_response({"response": rows, "pagination": pagination})


def tables_of(call: Call, schema: Schema) -> list[str]:
    """The names of the tables that a schema has.

    :param call: The request.
    :param schema: The schema.
    :returns: The names.
    """
    return call.backend.engine.catalogue.tables().get(schema.name, [])


def source_of(call: Call, schema: Schema) -> DataSource:
    """The data source of a schema.

    :param call: The request.
    :param schema: The schema.
    :returns: The source.
    :raises NotFound: When it is gone.
    """
    return found(call.state.sql_sources.find(schema.data_source_id))


def check_connection(call: Call) -> None:
    """Insist that the databases can be reached.

    :param call: The request.
    :raises Refused: 422, as for a database that is down.
    """
    if call.state.settings.databases_down:
        raise Refused(422, {"record": "DATA_SOURCE_UNREACHABLE", "message": UNREACHABLE})


UNREACHABLE = "The data source could not be reached: connection refused."
"""What the driver says of a database that is down."""


def _seen(call: Call, source: DataSource, database: Database | None) -> list[Schema]:
    check_connection(call)
    return schemas_seen(call.state, source, database, call.backend.engine.catalogue.tables())


def _in_the_catalogue(name: str) -> str:
    return name.lower().replace("_", "")


def _sorted(rows: list[Dataset]) -> list[Dataset]:
    return sorted(rows, key=lambda row: (row.name, row.id))
