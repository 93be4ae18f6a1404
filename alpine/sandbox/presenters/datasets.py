"""Schemas, datasets, their columns and their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alpine.sandbox.presenters.data_sources import database_object, full_source
from alpine.sandbox.presenters.hdfs import mask_object
from alpine.sandbox.presenters.tags import comments_counted, tag_objects
from alpine.sandbox.presenters.view import moment
from alpine.sandbox.state.datasets import datasets_of
from alpine.sandbox.state.hdfs import HdfsDataset
from alpine.sandbox.state.model import SOURCES_WITH_DATABASES, Dataset, DataSource, Schema, Workspace
from alpine.sandbox.state.store import State

if TYPE_CHECKING:
    from alpine.sandbox.engine.catalogue import CatalogueColumn

_SCHEMAS = {"gpdb_data_source": "gpdb_schema", "pg_data_source": "pg_schema", "oracle_data_source": "oracle_schema"}


def schema_object(state: State, schema: Schema, *, full: bool = True) -> dict[str, Any]:
    """A schema, with its database or its data source.

    :param state: The records.
    :param schema: The schema.
    :param full: Whether it is shown by itself, and not inside a dataset.
    :returns: Its object.
    """
    source = state.sql_sources.find(schema.data_source_id)
    kind = source.entity_type if source else ""
    common = {
        "id": schema.id,
        "name": schema.name,
        "dataset_count": sum(row.stale_at is None for row in datasets_of(state, schema)),
        "refreshed_at": moment(schema.refreshed_at),
        "entity_type": _SCHEMAS.get(kind, "jdbc_schema"),
        "is_deleted": None,
    }
    if kind not in SOURCES_WITH_DATABASES:
        return {**common, "data_source": full_source(state, source) if source else None}
    database = state.databases.find(schema.database_id)
    shown = {**common, "stale": False, "database": database_object(state, database, full=full) if database else None}
    return {**shown, "has_credentials": True, "complete_json": True} if full else shown


def dataset_object(
    state: State, dataset: Dataset, *, workspace: Workspace | None = None, has_credentials: bool = True
) -> dict[str, Any]:
    """A table or view.

    :param state: The records.
    :param dataset: The dataset.
    :param workspace: The workspace that it is looked at in.
    :param has_credentials: Whether the caller can connect to its source.
    :returns: Its object, without the workspace's.
    """
    schema = state.schemas.find(dataset.schema_id)
    of_files = mask_object(state, dataset) if isinstance(dataset, HdfsDataset) else {}
    is_own = workspace is not None and workspace.sandbox_schema_id == dataset.schema_id
    associated = [row for row in state.workspaces if dataset.id in row.dataset_ids]
    return {
        **comments_counted(state, ("dataset", dataset.id)),
        "id": dataset.id,
        "object_name": dataset.name,
        "schema": schema_object(state, schema, full=False) if schema else None,
        "entity_type": "dataset",
        "entity_subtype": "SANDBOX_TABLE" if is_own else "SOURCE_TABLE",
        "object_type": dataset.object_type,
        "stale": dataset.stale_at is not None,
        "stale_at": moment(dataset.stale_at),
        "is_deleted": None,
        "associated_workspaces": [{"id": row.id, "name": row.name} for row in associated],
        "has_credentials": has_credentials,
        "tags": tag_objects(state, ("dataset", dataset.id)),
        "tableau_workbooks": [],
        "complete_json": True,
        **of_files,
    }


def column_object(
    column: CatalogueColumn, statistics: dict[str, Any] | None = None, *, of_result: bool = False
) -> dict[str, Any]:
    """A column of a dataset, or of the result of SQL.

    :param column: The column.
    :param statistics: What is known of its values; None where nothing can be.
    :param of_result: Whether the type is named as the driver names it.
    :returns: Its object.
    """
    known = {} if statistics is None else {**statistics, "entity_type": "gpdb_column_statistics", "complete_json": True}
    return {
        "name": column.name,
        "data_type": column.driver_type if of_result else column.data_type,
        "type_category": column.category,
        "description": None,
        "statistics": known,
        "entity_type": "database_column",
        "complete_json": True,
    }


def statistics_object(source: DataSource, dataset: Dataset, columns: int) -> dict[str, Any]:
    """What the database knows of a table without reading it; most kinds of sources tell the columns alone.

    :param source: The data source.
    :param dataset: The dataset.
    :param columns: How many columns it has.
    :returns: The object.
    """
    is_known = source.entity_type in SOURCES_WITH_DATABASES
    return {
        "object_type": "BASE_TABLE" if is_known else None,
        "rows": dataset.estimated_rows if is_known else None,
        "columns": columns,
        "description": None,
        "last_analyzed_time": moment(dataset.analyzed_at),
        "on_disk_size": None,
        "partitions": 0 if is_known else None,
        "definition": None,
        "entity_type": "dataset_statistics",
        "complete_json": True,
    }


def result_object(columns: list[CatalogueColumn], rows: list[list[str]]) -> dict[str, Any]:
    """The result of SQL.

    :param columns: Its columns.
    :param rows: Its cells, each a text.
    :returns: The object.
    """
    shown = [column_object(column, of_result=True) for column in columns]
    return {"columns": shown, "rows": rows, "warnings": [], "complete_json": True}
