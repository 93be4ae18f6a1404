"""The tables of the database as a server shows them: by schema, with the types of its catalogue, and row by row."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from alpine.sandbox.engine.database import Cursor, Database
from alpine.sandbox.engine.expressions import quoted
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.tables import PLACE, DatabaseTable
from alpine.sandbox.engine.types import UnknownType, postgres
from alpine.sandbox.engine.wire_text import as_field, as_text, header

PUBLIC = "public"
"""The schema of tables whose names say none."""
_ROWS_AT_ONCE = 20_000
_COMMON_VALUES = 5
_TYPES: dict[str, tuple[str, str, str]] = {
    "TINYINT": ("smallint", "int2", "WHOLE_NUMBER"),
    "UTINYINT": ("smallint", "int2", "WHOLE_NUMBER"),
    "SMALLINT": ("smallint", "int2", "WHOLE_NUMBER"),
    "USMALLINT": ("integer", "int4", "WHOLE_NUMBER"),
    "INTEGER": ("integer", "int4", "WHOLE_NUMBER"),
    "UINTEGER": ("bigint", "int8", "WHOLE_NUMBER"),
    "BIGINT": ("bigint", "int8", "WHOLE_NUMBER"),
    "UBIGINT": ("numeric", "numeric", "REAL_NUMBER"),
    "HUGEINT": ("numeric", "numeric", "REAL_NUMBER"),
    "FLOAT": ("real", "float4", "REAL_NUMBER"),
    "DOUBLE": ("double precision", "float8", "REAL_NUMBER"),
    "VARCHAR": ("text", "text", "LONG_STRING"),
    "BOOLEAN": ("boolean", "bool", "BOOLEAN"),
    "DATE": ("date", "date", "DATE"),
    "TIME": ("time without time zone", "time", "TIME"),
    "TIMESTAMP": ("timestamp without time zone", "timestamp", "DATETIME"),
    "TIMESTAMP WITH TIME ZONE": ("timestamp with time zone", "timestamptz", "DATETIME"),
    "INTERVAL": ("interval", "interval", "OTHER"),
    "UUID": ("uuid", "uuid", "OTHER"),
    "BLOB": ("bytea", "bytea", "BINARY"),
}
"""What a type of DuckDB is called: in the catalogue, by the driver, and its category."""
_STRINGS = {"character varying": "varchar", "character": "bpchar"}
_ORDERED = frozenset({"WHOLE_NUMBER", "REAL_NUMBER", "DATETIME", "DATE", "TIME"})


@dataclass(frozen=True)
class CatalogueColumn:
    """A column as the server describes it.

    :param name: Its name.
    :param data_type: Its type in the catalogue, such as ``character varying(20)``.
    :param driver_type: The driver's name for that, such as ``varchar``.
    :param category: What kind of type it is, such as ``STRING``.
    """

    name: str
    data_type: str
    driver_type: str
    category: str


class Catalogue:
    """The tables that flows can read, as the tables of a server's schemas.

    :param database: What they are in.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def tables(self) -> dict[str, list[str]]:
        """The names of the tables, by the names of their schemas."""
        found: dict[str, list[str]] = {PUBLIC: []}
        for name in self._database.readable():
            # Files of Hadoop flows may be loaded by their paths.
            if "/" not in name:
                schema, dot, table = name.partition(".")
                found.setdefault(schema if dot else PUBLIC, []).append(table if dot else name)
        return found

    def find(self, schema: str, table: str) -> DatabaseTable | None:
        """A table; None where there is none."""
        try:
            found = self._database.find(f"{schema}.{table}")
            return found or (self._database.find(table) if schema == PUBLIC else None)
        except NodeFailure:
            return None

    def is_view(self, schema: str, table: str) -> bool:
        """Whether a table is shown as a view, as outputs of runs may be."""
        return self._database.is_view(f"{schema}.{table}")

    def columns(self, schema: str, table: str) -> list[CatalogueColumn]:
        """The columns of a table, in order; none where there is no table."""
        found = self.find(schema, table)
        if found is None:
            return []
        declared = self._database.declared(f"{schema}.{table}")
        return described(found, declared or (self._database.declared(table) if schema == PUBLIC else {}))

    def lines(self, table: DatabaseTable, limit: int | None = None) -> Iterator[bytes]:
        """The CSV of a table in pieces, header and all; nothing where it has no rows."""
        fields = ", ',', ".join(
            as_field(quoted(name), kind) for name, kind in zip(table.columns, table.types, strict=True)
        )
        begin = 0
        with self._database.reading() as query:
            while limit is None or begin < limit:
                end = begin + _ROWS_AT_ONCE if limit is None else min(begin + _ROWS_AT_ONCE, limit)
                where = f"FROM {table.rows} WHERE {PLACE} >= {begin} AND {PLACE} < {end}"
                [(text,)] = query(f"SELECT string_agg(concat({fields}, chr(10)), '' ORDER BY {PLACE}) {where}")
                if text is None:
                    return
                yield ((header(table.columns) if begin == 0 else "") + text).encode()
                begin = end

    def rows(self, table: DatabaseTable, limit: int) -> list[list[str]]:
        """The first rows of a table as the server's texts; a null is an empty one."""
        texts = ", ".join(f"coalesce({text}, '')" for text in _texts(table))
        with self._database.reading() as query:
            return [list(row) for row in query(f"SELECT {texts} FROM {table.rows} ORDER BY {PLACE} LIMIT {limit}")]

    def selected(
        self, text: str, schema: str, limit: int, cursor: Cursor
    ) -> tuple[list[CatalogueColumn], list[list[str]]]:
        """What a SELECT of a user's gives: its columns, and its first rows as the server's texts.

        :param text: The SELECT.
        :param schema: Where tables are looked for whose names say no schema.
        :param limit: The most rows.
        :param cursor: Runs it, and can be stopped.
        :raises NodeFailure: It is refused, or fails.
        """
        from alpine.sandbox.engine.sql.queries import query

        found = query(text, lambda named, table: self._seen(named, table, schema))
        kinds = [str(row[1]) for row in cursor.fetch(f"DESCRIBE {found.sql}")]
        texts = ", ".join(f"coalesce({as_text(f'c{place}', kind)}, '')" for place, kind in enumerate(kinds))
        rows = cursor.fetch(f"SELECT {texts} FROM ({found.sql}) LIMIT {limit}")
        columns = [_described(name, kind, "") for name, kind in zip(found.names, kinds, strict=True)]
        return columns, [list(row) for row in rows]

    def _seen(self, named: str, table: str, schema: str) -> DatabaseTable | None:
        schemas = [named] if named else [schema, PUBLIC]
        return next((found for each in schemas if (found := self.find(each, table)) is not None), None)

    def count(self, table: DatabaseTable) -> int:
        """How many rows a table has."""
        with self._database.reading() as query:
            return int(query(f"SELECT count(*) FROM {table.sql}")[0][0])

    def statistics(self, table: DatabaseTable, column: CatalogueColumn) -> dict[str, Any]:
        """What the database knows of a column that was analyzed."""
        name, kind = quoted(column.name), table.type_of(column.name)
        text = as_text(name, kind)
        with self._database.reading() as query:
            [(rows, there, distinct)] = query(
                f"SELECT count(*), count({name}), count(DISTINCT {name}) FROM {table.sql}"
            )
            common = query(
                f"SELECT {text} FROM {table.sql} WHERE {name} IS NOT NULL GROUP BY {name} "
                f"ORDER BY count(*) DESC, {name} LIMIT {_COMMON_VALUES}"
            )
            least = most = None
            if column.category in _ORDERED and there:
                least, most = query(
                    f"SELECT {as_text(f'min({name})', kind)}, {as_text(f'max({name})', kind)} FROM {table.sql}"
                )[0]
        return {
            "distinct_value": int(distinct),
            "common_values": [str(value) for (value,) in common] if there else None,
            "null_fraction": (rows - there) / rows if rows else None,
            "min": least,
            "max": most,
        }


def described(table: DatabaseTable, declared: Mapping[str, str]) -> list[CatalogueColumn]:
    """The columns of a table by the names of a PostgreSQL.

    :param declared: The types that were given when it was loaded.
    """
    return [
        _described(name, kind, declared.get(name, "")) for name, kind in zip(table.columns, table.types, strict=True)
    ]


def _texts(table: DatabaseTable) -> list[str]:
    return [as_text(quoted(name), kind) for name, kind in zip(table.columns, table.types, strict=True)]


def _described(name: str, kind: str, declared: str) -> CatalogueColumn:
    if declared:
        try:
            full = postgres(declared)
        except UnknownType:
            full = None
        base = full.name.partition("(")[0] if full else ""
        if full and base in _STRINGS:
            return CatalogueColumn(name, full.name, _STRINGS[base], "STRING")
    digits = re.fullmatch(r"DECIMAL\((\d+),\s*(\d+)\)", kind)
    if digits:
        return CatalogueColumn(name, f"numeric({digits[1]},{digits[2]})", "numeric", "REAL_NUMBER")
    # Those of seconds, of milliseconds and of nanoseconds have names of their own.
    plain = "TIMESTAMP" if kind.startswith("TIMESTAMP_") else kind
    return CatalogueColumn(name, *_TYPES.get(plain, ("text", "text", "OTHER")))
