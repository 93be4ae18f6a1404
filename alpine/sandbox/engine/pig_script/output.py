"""What a script leaves: the table of its output, with the columns that the operator declares."""

from __future__ import annotations

from alpine.sandbox.engine.context import unique
from alpine.sandbox.engine.database import PLACE, DatabaseTable
from alpine.sandbox.engine.expressions import quoted
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.hadoop_files import FileStructure, select_values
from alpine.sandbox.engine.pig.casts import convert
from alpine.sandbox.engine.pig.functions import call
from alpine.sandbox.engine.pig.kinds import Kind, kind_of_column
from alpine.sandbox.engine.pig.syntax import Node
from alpine.sandbox.engine.pig.translate import Translator
from alpine.sandbox.engine.pig_script.interpreter import Script
from alpine.sandbox.engine.pig_script.relations import Field, Grouped, Relation

OUTPUT = "alpine_pig_output"


def result(script: Script, path: str, structure: FileStructure | None) -> DatabaseTable:
    """The table that a script gives.

    :param script: The script.
    :param path: Where the operator keeps its output; empty where it does not say.
    :param structure: The columns that the operator declares; None where it declares none.
    :raises NodeFailure: The script gives none.
    """
    found = script.relations.get(OUTPUT) or _stored(script, path)
    if isinstance(found, Grouped):
        raise NodeFailure(f"{OUTPUT} is grouped, and no table holds bags: make rows of it with a FOREACH.")
    for place, own in enumerate(found.fields):
        if own.kind:
            raise NodeFailure(f"The field {own.name or f'${place}'} of the output is a {own.kind}: FLATTEN it before.")
    return _named(found) if structure is None else _declared(found, structure)


def _stored(script: Script, path: str) -> Relation:
    """What the script stores as the operator's output: in older files it does so itself."""
    for stored, relation in script.stored:
        if path and stored.rstrip("/").endswith(path.rstrip("/")):
            return relation
    if len(script.stored) == 1 and not path:
        return script.stored[0][1]
    if script.stored:
        paths = ", ".join(stored for stored, _ in script.stored)
        where = path or "one path alone"
        raise NodeFailure(f"The script stores under {paths}; the operator's output would be stored under {where}.")
    raise NodeFailure(f"The script gives no output: its last statement should be {OUTPUT} = ...;")


def _named(relation: Relation) -> DatabaseTable:
    """The table with the names that its fields have in Pig."""
    for place, own in enumerate(relation.fields):
        if not own.name:
            raise NodeFailure(f"The field ${place} of the output has no name; give it one with AS.")
    unique([own.name for own in relation.fields])
    columns = ", ".join(f"{own.column} AS {quoted(own.name)}" for own in relation.fields)
    return relation.make(f"SELECT {columns} FROM {relation.rows} ORDER BY {PLACE}")


def _declared(relation: Relation, structure: FileStructure) -> DatabaseTable:
    """The table with the columns that the operator declares: Pig writes texts, which are read by those types."""
    unique([name for name, _ in structure.columns])
    kinds = [kind.sql for kind in structure.types]
    columns: list[tuple[str, str]] = []
    for own, kind in zip(relation.fields, kinds, strict=False):
        columns.append((own.column, own.type) if own.type == kind else (_text(own), "VARCHAR"))
    if not columns:
        raise NodeFailure("The operator declares no columns of its output.")
    names = tuple(f"f{i}" for i, _ in enumerate(columns))
    written = ", ".join(f"{sql} AS {name}" for (sql, _), name in zip(columns, names, strict=True))
    rows = f"(SELECT {written}, {PLACE} FROM {relation.rows})"
    select = select_values(structure, names, tuple(kind for _, kind in columns), rows)
    return relation.make(f"{select} ORDER BY {PLACE}")


def _text(own: Field) -> str:
    """A field as Pig writes it into a file of texts."""
    kind = kind_of_column(own.type)
    if kind is None:
        raise NodeFailure(f"The field {own.name or own.column} of the output is a {own.type}, which Pig does not have.")
    value = Translator({own.column: own.type}, Node("null", (), None, 0)).named(own.column)
    if kind is Kind.DATETIME:
        return call("ToString", [value], 0).sql
    return convert(value, Kind.CHARARRAY).sql
