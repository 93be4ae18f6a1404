"""A CSV file that is copied into a table, as PostgreSQL's COPY does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from alpine.sandbox.engine.conversion import Column
from alpine.sandbox.engine.expressions import quoted
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.loading import check_names
from alpine.sandbox.engine.tables import PLACE, DatabaseTable
from alpine.sandbox.engine.types import ColumnType, postgres

if TYPE_CHECKING:
    from pathlib import Path

    from alpine.sandbox.engine.database import Database

_BLOCK = 16 * 1024 * 1024
"""pyarrow takes no row that is longer than a block."""


@dataclass(frozen=True)
class ImportOptions:
    """How a file is copied.

    :param columns: The columns of the table that those of the file go to, in the file's order.
    :param types: Their types, by PostgreSQL's names; used where the table is made.
    :param delimiter: What parts the fields.
    :param has_header: Whether the first line is left out.
    :param mode: ``"new"`` where the table must not be there, ``"append"`` to add rows, ``"truncate"`` to empty it.
    """

    columns: Sequence[str]
    types: Sequence[str]
    delimiter: str = ","
    has_header: bool = True
    mode: Literal["new", "append", "truncate"] = "append"


def import_csv(database: Database, name: str, path: Path, options: ImportOptions) -> int:
    """Copy a file into a table; see :meth:`alpine.sandbox.engine.Engine.import_csv`."""
    if len(options.columns) != len(options.types):
        raise ValueError("CSV file cannot be imported")
    try:
        check_names(options.columns)
        old = database.find(name)
    except NodeFailure as error:
        raise ValueError(str(error)) from None
    if old is not None and options.mode == "new":
        raise ValueError(f"relation {name!r} already exists")
    if old is not None and options.mode == "truncate":
        # In a transaction of its own, as on the server: what fails afterwards leaves the table empty.
        _empty(database, name)
    data = _read(path, options)
    declared = dict(zip(options.columns, options.types, strict=True))
    known = {name: kind for name, kind in database.declared(name).items() if old is not None}
    kinds = {} if old is not None else {column: postgres(kind) for column, kind in declared.items()}

    def select(view: str, table: DatabaseTable | None) -> str:
        texts = [Column(f"c{place}", column, "string", view, query) for place, column in enumerate(options.columns)]
        if table is None:
            parts = [f"{text.declared(kinds[text.name])} AS {quoted(text.name)}" for text in texts]
            return f"SELECT {', '.join(parts)} FROM {view}"
        by_name = {text.name: text for text in texts}
        unknown = [column for column in by_name if column not in table.columns]
        if unknown:
            raise ValueError(f'column "{unknown[0]}" of relation "{name.rpartition(".")[2]}" does not exist')
        parts = [
            f"{_into(by_name[column], kind, known.get(column)) if column in by_name else f'CAST(NULL AS {kind})'}"
            f" AS {quoted(column)}"
            for column, kind in zip(table.columns, table.types, strict=True)
        ]
        added = f"SELECT {', '.join(parts)} FROM {view}"
        if options.mode == "truncate":
            return added
        kept = ", ".join(map(quoted, table.columns))
        return f"SELECT {kept} FROM (SELECT * FROM {table.rows} ORDER BY {PLACE}) UNION ALL {added}"

    def query(sql: str) -> list[tuple[Any, ...]]:
        return database.query(sql)

    try:
        database.write(name, data, select, known if old is not None else declared)
    except NodeFailure as error:
        raise ValueError(str(error)) from None
    return int(data.num_rows)


def _empty(database: Database, name: str) -> None:
    """Take all rows out of a table."""
    import pyarrow

    def select(_: str, table: DatabaseTable | None) -> str:
        assert table is not None
        return f"SELECT {', '.join(map(quoted, table.columns))} FROM {table.rows} WHERE false"

    database.write(name, pyarrow.table({"c0": pyarrow.array([], pyarrow.string())}), select, database.declared(name))


def _into(text: Column, kind: str, declared: str | None) -> str:
    """The texts of a column in the type that a table has."""
    # A number without a precision brings the digits that it needs; the union of both takes them.
    return text.declared(postgres(declared) if declared is not None else ColumnType(kind.lower(), kind))


def _read(path: Path, options: ImportOptions) -> Any:
    """The fields of a file as texts. Nothing between two delimiters is null; two quotes are an empty text.

    :raises ValueError: The rows are not as long as the table has columns.
    """
    import pyarrow
    from pyarrow import csv

    fields = [f"c{place}" for place in range(len(options.columns))]
    kinds = dict.fromkeys(fields, pyarrow.string())
    content = path.read_bytes()
    if not content.endswith((b"\n", b"\r")):
        # Arrow does not take a header that ends with the file for one.
        content += b"\n"
    if not content.removeprefix(b"\xef\xbb\xbf").strip(b"\r\n") and (options.has_header or not content):
        return pyarrow.table({name: pyarrow.array([], kind) for name, kind in kinds.items()})
    try:
        return csv.read_csv(
            pyarrow.BufferReader(content),
            csv.ReadOptions(
                column_names=fields, skip_rows_after_names=1 if options.has_header else 0, block_size=_BLOCK
            ),
            csv.ParseOptions(delimiter=options.delimiter, newlines_in_values=True, ignore_empty_lines=len(fields) > 1),
            csv.ConvertOptions(
                column_types=kinds,
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
    except pyarrow.ArrowException as error:
        raise ValueError(" ".join(str(error).removeprefix("CSV parse error: ").split())) from None
