"""Schemas and tables as the server keeps them: each gets its number when it is first seen, and keeps it."""

from __future__ import annotations

from collections.abc import Iterable

from alpine.sandbox.state.model import Database, Dataset, DataSource, Schema
from alpine.sandbox.state.store import State


def schemas_seen(state: State, source: DataSource, database: Database | None, names: Iterable[str]) -> list[Schema]:
    """Note the schemas of a database, and give all of them, in the order of their names.

    :param state: The records.
    :param source: The data source.
    :param database: Its database; None for a source that has none.
    :param names: The schemas that have tables.
    :returns: Their records.
    """
    database_id = database.id if database else None
    known = {schema.name: schema for schema in state.schemas if _place(schema) == (source.id, database_id)}
    for name in sorted(set(names)):
        if name not in known:
            known[name] = state.schemas.add(Schema(name=name, data_source_id=source.id, database_id=database_id))
    there = set(names)
    shown = [schema for schema in known.values() if schema.name in there or schema.is_kept]
    for schema in shown:
        schema.refreshed_at = state.clock()
    return sorted(shown, key=lambda schema: schema.name.lower())


def tables_seen(state: State, schema: Schema, names: Iterable[str]) -> list[Dataset]:
    """Note tables of a schema.

    :param state: The records.
    :param schema: The schema.
    :param names: Tables that are there.
    :returns: Their records, in the same order.
    """
    known = {dataset.name: dataset for dataset in datasets_of(state, schema)}
    rows = []
    for name in names:
        row = known.get(name) or state.datasets.add(Dataset(schema_id=schema.id, name=name))
        row.stale_at = None
        rows.append(row)
    return rows


def mark_stale(state: State, schema: Schema, names: Iterable[str]) -> None:
    """Note which tables of a schema are gone.

    :param state: The records.
    :param schema: The schema.
    :param names: All tables that are there.
    """
    there = set(names)
    for row in datasets_of(state, schema):
        if row.name not in there and row.stale_at is None:
            row.stale_at = state.clock()


def datasets_of(state: State, schema: Schema) -> list[Dataset]:
    """The tables of a schema that the server knows, stale ones too.

    :param state: The records.
    :param schema: The schema.
    :returns: Their records.
    """
    return [dataset for dataset in state.datasets if dataset.schema_id == schema.id]


def _place(schema: Schema) -> tuple[int, int | None]:
    return schema.data_source_id, schema.database_id
