"""Operators that hand data on to another place."""

from __future__ import annotations

from dataclasses import replace

from alpine.sandbox.engine.context import Context, Output, tabulate
from alpine.sandbox.engine.registry import operator

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


@operator("export.ExportOperator", title="Export", fidelity="shape only", remark=_STAYS)
def export(context: Context) -> Output:
    """Names the file that it would write."""
    row = [context.parameter("exportFileName"), context.parameter("exportFormat")]
    return Output(view=tabulate([row], ["File", "Format"]))
