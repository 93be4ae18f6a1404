"""Where data comes in: database tables and Hadoop files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

from alpine.sandbox.engine import standins
from alpine.sandbox.engine.context import Context, Output
from alpine.sandbox.engine.database import DatabaseTable
from alpine.sandbox.engine.failures import NodeFailure, TableMissing
from alpine.sandbox.engine.hadoop_files import FileStructure, structure_of
from alpine.sandbox.engine.registry import operator


@operator(
    "datasource.DbTableOperator",
    title="Database Table",
    fidelity="exact",
    remark="reads a loaded table",
    test="tests/sandbox/test_differential_rows.py::test_database_table",
)
def database_table(context: Context) -> Output:
    """A table that was loaded as ``schema.table``, or as ``table`` alone."""
    schema, table = context.parameter("schemaName"), context.parameter("tableName")
    wanted = f"{schema}.{table}" if schema else table
    output = _loaded(context, [wanted, table], wanted)
    output.meta = [
        ["Database URL", f"jdbc:sandbox://{context.data_source}"],
        ["TableName", wanted],
        ["Database User Name", "sandbox"],
    ]
    return output


@operator(
    "hadoop.HadoopFileOperator",
    title="Hadoop File",
    fidelity="exact",
    remark="reads a loaded table by the columns, types and options that the flow declares, as Pig's loader does; "
    "where it declares none, as a database table",
    test="tests/sandbox/test_differential_rows.py::test_hadoop_file",
)
def hadoop_file(context: Context) -> Output:
    """A table that was loaded under the file's path, or under its name without the ending, in any schema."""
    path = context.parameter("hadoopFileName")
    stem = PurePosixPath(path.rstrip("/*")).stem
    alike = [name for name in context.database.loaded() if name.lower().rpartition(".")[2] == stem.lower()]
    if len(alike) > 1 and stem.lower() not in (name.lower() for name in alike):
        raise NodeFailure(f"The file {path!r} could be any of these loaded tables: {', '.join(alike)}.")
    return _loaded(context, [path, stem, *alike], stem, structure_of(context.operator.elements))


def _loaded(context: Context, names: list[str], wanted: str, structure: FileStructure | None = None) -> Output:
    for name in names:
        found = _found(context, name, structure)
        if found:
            return Output(found)
    if context.declared:
        table = context.cursor.make(standins.select(list(context.declared), is_hadoop=context.is_hadoop))
        view = context.show(table)
        remark = f"The table {wanted!r} is not loaded; these are stand-in rows."
        return Output(table, replace(view, messages=[*view.messages, remark]))
    raise TableMissing(wanted, context.database.loaded())


def _found(context: Context, name: str, structure: FileStructure | None) -> DatabaseTable | None:
    return context.database.find_file(name, structure) if structure else context.database.find(name)
