"""Operators that hand data on to another place."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from alpine.sandbox.engine.context import Context, Output, tabulate
from alpine.sandbox.engine.database import PLACE, DatabaseTable
from alpine.sandbox.engine.document import kind_of
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.hadoop_files import FileStructure, select_values, structure_of
from alpine.sandbox.engine.registry import operator
from alpine.sandbox.engine.types import in_words

_MODEL_FORMAT = "AM"
_FILE_NAME = re.compile(r"[a-zA-Z0-9_ .()\-]{1,250}")
_STAYS = "nothing is written outside the run"
_TEST = "tests/sandbox/test_differential_rows.py::test_copies"


@operator("hadoop.CopyToDBOperator", title="Copy to Database", fidelity="equivalent", remark=_STAYS, test=_TEST)
def copy_to_database(context: Context) -> Output:
    """Hands its input on, under the name of the table that it would write."""
    name = f"{context.parameter('schemaName')}.{context.parameter('copyToTableName')}"
    return Output(context.table, replace(context.show(context.table), table_name=name))


@operator(
    "hadoop.CopytoHadoopOperator",
    title="Copy to Hadoop",
    fidelity="equivalent",
    remark=f"{_STAYS}; columns have the names and types that the flow declares of the file, by position, and an empty "
    "text is a null there, as in any file; truth values "
    "are taken to become the texts true and false, and dates are refused where texts are declared",
    test="tests/sandbox/test_operators_values.py::test_a_copy_to_hadoop_has_the_declared_types",
)
def copy_to_hadoop(context: Context) -> Output:
    """Hands its input on, in the types that the flow declares of the file."""
    structure, table = structure_of(context.operator.elements), context.table
    if structure is None:
        return Output(table)
    remarks = _remarks(structure, table)
    select = select_values(structure, table.columns, table.types, table.rows)
    made = context.cursor.make(f"{select} ORDER BY {PLACE}")
    view = context.show(made)
    return Output(made, replace(view, messages=[*view.messages, *remarks]))


def _remarks(structure: FileStructure, table: DatabaseTable) -> list[str]:
    """What is assumed of the texts that a file holds of a table's columns.

    :raises NodeFailure: It is not, or there are not as many as the flow declares.
    """
    if len(structure.columns) != len(table.columns):
        raise NodeFailure(
            f"The file is declared with {len(structure.columns)} columns, but the table has {len(table.columns)}."
        )
    remarks = []
    for column, kind, (name, said), declared in zip(
        table.columns, table.types, structure.columns, structure.types, strict=True
    ):
        is_number = kind_of(kind) == "number" and declared.sql not in ("BOOLEAN", "TIMESTAMP")
        if is_number or kind in ("VARCHAR", declared.sql):
            continue
        if kind == "DATE" and declared.sql == "TIMESTAMP":
            continue
        if kind == "BOOLEAN" and declared.sql == "VARCHAR":
            remarks.append(f"The file is taken to hold the truth values of {column!r} as the texts true and false.")
            continue
        raise NodeFailure(
            f"The column {column!r} holds {in_words(kind)} and is declared as {name} {said} in Hadoop; what the file "
            "would hold of it is not public."
        )
    return remarks


@operator(
    "export.ExportOperator",
    title="Export",
    fidelity="shape only",
    remark="writes a model into a new workfile, <name>.am, as JSON whose real shape is not public; only the format AM; "
    "a name that is taken gets a number, and exportAncestryDepth has no effect",
)
def export(context: Context) -> Output:
    """Writes a model into a file of the workspace."""
    # numpy is loaded with the models.
    from alpine.sandbox.engine.model_files import document
    from alpine.sandbox.engine.models import Model

    kind = context.parameter("exportFormat", _MODEL_FORMAT).strip().upper()
    if kind != _MODEL_FORMAT:
        raise NodeFailure(f"The sandbox does not know the format {kind!r} of an export; it knows {_MODEL_FORMAT}.")
    name = context.parameter("exportFileName").strip()
    if not _FILE_NAME.fullmatch(name):
        raise NodeFailure(
            f"{name!r} is no name of a file: letters, digits, blanks, _, -, . and brackets may stand in it."
        )
    name = name if name.lower().endswith(".am") else f"{name}.am"
    models = [entry.model for entry in context.inputs if isinstance(entry.model, Model)]
    if len(models) != 1:
        raise NodeFailure(f"The operator takes one model as input, but {len(models)} are linked to it.")
    content = json.dumps(document(models[0]), ensure_ascii=False, indent=1)
    context.write_file(name, content.encode())
    return Output(view=tabulate([[name, kind]], ["File", "Format"]))
