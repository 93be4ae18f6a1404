"""Operators that hand data on to another place."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from alpine.sandbox.engine.context import Context, Output, tabulate
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.registry import operator

_MODEL_FORMAT = "AM"
_FILE_NAME = re.compile(r"[a-zA-Z0-9_ .()\-]{1,250}")
_STAYS = "nothing is written outside the run"
_TEST = "tests/sandbox/test_differential_rows.py::test_copies"


@operator("hadoop.CopyToDBOperator", title="Copy to Database", fidelity="equivalent", remark=_STAYS, test=_TEST)
def copy_to_database(context: Context) -> Output:
    """Hands its input on, under the name of the table that it would write."""
    name = f"{context.parameter('schemaName')}.{context.parameter('copyToTableName')}"
    return Output(context.table, replace(context.show(context.table), table_name=name))


@operator("hadoop.CopytoHadoopOperator", title="Copy to Hadoop", fidelity="equivalent", remark=_STAYS, test=_TEST)
def copy_to_hadoop(context: Context) -> Output:
    """Hands its input on."""
    return Output(context.table)


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
