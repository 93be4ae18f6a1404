"""Datasets: what they are, their columns, what the database knows of them, and their rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from alpine.sandbox.presenters.data_sources import forbidden_source
from alpine.sandbox.presenters.datasets import column_object, dataset_object, result_object, statistics_object
from alpine.sandbox.routes.data_sources import check_access, has_account
from alpine.sandbox.routes.schemas import UNREACHABLE, check_connection, source_of
from alpine.sandbox.state.model import SOURCES_WITH_DATABASES, Dataset, DataSource, Schema
from alpine.sandbox.web.call import Call, Routes, envelope, found
from alpine.sandbox.web.errors import HTML_TYPE, Forbidden, Invalid, NotFound, json_response
from alpine.sandbox.web.params import as_text

if TYPE_CHECKING:
    from alpine.sandbox.engine.catalogue import Catalogue, CatalogueColumn
    from alpine.sandbox.engine.database import DatabaseTable

routes: Routes = Routes()

NO_ROWS = b"The query returned no rows"
"""What a download says in place of a table without rows."""


@dataclass
class Asked:
    """The dataset that a request is about, and where it is."""

    dataset: Dataset
    schema: Schema
    source: DataSource
    catalogue: Catalogue

    @property
    def table(self) -> DatabaseTable | None:
        """The table itself; None where it is gone."""
        return self.catalogue.find(self.schema.name, self.dataset.name)

    @property
    def columns(self) -> list[CatalogueColumn]:
        """Its columns."""
        return self.catalogue.columns(self.schema.name, self.dataset.name)

    @property
    def missing(self) -> str:
        """What the database says where it is gone."""
        return f'ERROR: relation "{self.schema.name}.{self.dataset.name}" does not exist\n  Position: 15'


def asked(call: Call, name: str = "id") -> Asked:
    """The dataset that the path names, whoever may see it.

    :param call: The request.
    :param name: The placeholder in the path.
    :returns: The dataset, with its schema and its source.
    :raises NotFound: When there is none.
    """
    dataset = call.record(call.state.datasets, name)
    schema = found(call.state.schemas.find(dataset.schema_id))
    return Asked(dataset, schema, source_of(call, schema), call.backend.engine.catalogue)


def _visible(call: Call) -> Asked:
    here = asked(call)
    check_access(call, here.source)
    check_connection(call)
    return here


@routes.add("GET", "/datasets/<id>")
def show(call: Call) -> Response:
    """Show a dataset that is still in the database."""
    here = _visible(call)
    if here.table is None:
        raise NotFound
    return envelope(dataset_object(call.state, here.dataset))


@routes.add("GET", "/datasets/<id>/columns")
def columns(call: Call) -> Response:
    """List the columns of a dataset, fifty on a page."""
    here = _visible(call)
    table = here.table
    if table is None:
        raise Invalid.field("query", "INVALID", {"message": here.missing})
    has_statistics = here.source.entity_type in SOURCES_WITH_DATABASES

    def present(column: CatalogueColumn) -> dict[str, Any]:
        if not has_statistics:
            return column_object(column)
        names = ("distinct_value", "common_values", "null_fraction", "min", "max")
        known: dict[str, Any] = dict.fromkeys(names)
        if here.dataset.analyzed_at is not None:
            known = here.catalogue.statistics(table, column)
        return column_object(column, known)

    return call.paged(here.columns, present, in_full=True)


@routes.add("GET", "/datasets/<id>/statistics")
def statistics(call: Call) -> Response:
    """Tell what the database knows of a table."""
    here = _visible(call)
    if here.table is None:
        raise Invalid.field("general", "GENERIC", {"message": "Unable to generate statistics"})
    return envelope(statistics_object(here.source, here.dataset, len(here.columns)))


@routes.add("GET", "/datasets/<id>/importability")
def importability(call: Call) -> Response:
    """Tell whether a table can be imported, to everybody."""
    call.record(call.state.datasets)
    return envelope({"importability": True})


@routes.add("POST", "/tables/<id>/analyze")
def analyze(call: Call) -> Response:
    """Have the database count the rows of a table."""
    here = _visible(call)
    table = here.table
    if table is None or here.source.entity_type not in SOURCES_WITH_DATABASES:
        raise NotFound
    here.dataset.analyzed_at = call.state.clock()
    here.dataset.estimated_rows = here.catalogue.count(table)
    return envelope([])


@routes.add("POST", "/datasets/<id>/previews", locked=False)
def preview(call: Call) -> Response:
    """Give the first rows of a dataset; how many is the server's affair."""
    with call.state.lock:
        here = _visible(call)
        limit = call.state.settings.preview_rows
    if not as_text(call.params.resource("task").get("check_id")):
        raise Invalid.field("check_id", "BLANK")
    table = here.table
    if table is None:
        message = f"The query could not be completed. Error: {here.missing}"
        raise Invalid.field("query", "INVALID", {"message": message})
    return envelope(result_object(here.columns, here.catalogue.rows(table, limit)), 201)


@routes.add("DELETE", "/datasets/<id>/previews/<check_id>")
def cancel_preview(call: Call) -> Response:
    """Break a preview off; nothing says whether there was one."""
    check_access(call, asked(call).source)
    return json_response({})


@routes.add("GET", "/datasets/<id>/download", "/datasets/<id>/download.csv", locked=False)
def download(call: Call) -> Response:
    """Stream the rows of a dataset as CSV, to everybody who can connect to its source. Errors come as text."""
    with call.state.lock:
        here = asked(call)
        if not has_account(call, here.source):
            raise Forbidden(forbidden_source(here.source))
        body: Iterator[bytes] = iter([UNREACHABLE.encode()])
        if not call.state.settings.databases_down:
            body = _csv(here, _limit(call))
    headers = {"Content-Disposition": f'attachment; filename="{_file_name(here.dataset.name)}.csv"'}
    return Response(body, 200, headers, content_type=HTML_TYPE)


def _csv(here: Asked, limit: int | None) -> Iterator[bytes]:
    table = here.table
    if table is None:
        yield here.missing.encode()
        return
    is_empty = True
    for piece in here.catalogue.lines(table, limit):
        is_empty = False
        yield piece
    if is_empty:
        yield NO_ROWS


def _limit(call: Call) -> int | None:
    text = call.params.text("row_limit")
    return int(text) if text.isascii() and text.isdigit() and int(text) > 0 else None


def _file_name(name: str) -> str:
    # A header holds none of these.
    return "".join(sign if sign.isascii() and sign.isprintable() and sign not in '"\\' else "_" for sign in name)
