"""Pig Execute: a script of Pig in place of an operator."""

from __future__ import annotations

from alpine.sandbox.engine.context import Context, Output
from alpine.sandbox.engine.database import DatabaseTable
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.hadoop_files import structure_of
from alpine.sandbox.engine.registry import operator

_MODEL = "PigExecutableModel"
_INPUT = "alpine_pig_input_"


@operator(
    "hadoop.HadoopPigExecuteOperator",
    title="Pig Execute",
    fidelity="exact",
    remark="FOREACH ... GENERATE, FILTER, GROUP, JOIN, DISTINCT, ORDER, LIMIT and UNION, within the limits below the "
    "table; other statements are refused by name; columns as the operator declares them, by position, else as Pig "
    "names them; without ORDER, rows come in the order of the input, and groups by key",
    test="tests/sandbox/test_differential_pig_scripts.py::test_group",
)
def pig_execute(context: Context) -> Output:
    """Runs a script; its output is ``alpine_pig_output``, or what it stores under the operator's own path."""
    # With the whole of Pig's grammar.
    from alpine.sandbox.engine.pig_script import Script, parsed, result

    model = context.required_element(_MODEL)
    text = model.get("pigScript") or next((item.text for item in model.iter() if (item.text or "").strip()), None) or ""
    if not text.strip():
        raise NodeFailure("The operator has no Pig script.")
    # What is wrong with the statements themselves shows before the columns of the inputs are known.
    steps = parsed(text)
    structure = structure_of([item for item in context.operator.elements if item.tag != _MODEL])
    script = Script(text, steps, _inputs(context), context.cursor.make)
    if context.planning:
        # Pig does not compute what nothing reads, but it checks it.
        for relation in script.relations.values():
            _ = relation.rows
    folder, name = context.parameter("resultsLocation"), context.parameter("resultsName")
    path = f"{folder.rstrip('/')}/{name}" if folder and name else ""
    return Output(result(script, path, structure))


def _inputs(context: Context) -> dict[str, DatabaseTable]:
    """The tables that a script reads, by the names that it has for them."""
    linked = [(entry.uuid, entry.table) for entry in context.inputs if entry.table is not None]
    items = list(context.required_element(_MODEL).iter("PigInputMapItem"))
    named: dict[str, DatabaseTable] = {}
    order: list[str] = []
    for item in items:
        uuid, alias = item.get("inputUuid", ""), item.get("pigAlias", "").strip()
        table = next((table for known, table in linked if known == uuid), None)
        if table is None and len(items) == len(linked) == 1:
            uuid, table = linked[0]
        if table is None:
            continue
        order.append(uuid)
        if alias:
            named[alias] = table
    if not order or order == [uuid for uuid, _ in linked]:
        # Which number an input has is certain where the items and the links agree.
        for number, (_, table) in enumerate(linked, 1):
            named.setdefault(f"{_INPUT}{number}", table)
    return named
