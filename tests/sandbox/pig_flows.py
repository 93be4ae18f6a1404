"""Pig Execute for tests: the operator, and what it leaves of tables."""

from __future__ import annotations

from tests.sandbox.engine_flows import element, node


def pig_execute(script: str, *more: str, inputs: dict[str, str] | None = None, **parameters: str) -> str:
    """The operator, called ``step``.

    :param script: The script.
    :param more: More model elements.
    :param inputs: Aliases of inputs, by the ids of the operators that they come from.
    """
    items = [element("PigInputMapItem", inputUuid=uuid, pigAlias=alias) for uuid, alias in (inputs or {}).items()]
    model = element("PigExecutableModel", *items, pigScript=script)
    return node("step", "hadoop.HadoopPigExecuteOperator", model, *more, **parameters)


def declared(*columns: tuple[str, str]) -> str:
    """The columns that the operator declares of its output."""
    parts = [element("columnNames", columnName=name) for name, _ in columns]
    parts += [element("columnTypes", columnType=kind) for _, kind in columns]
    return element("HadoopFileStructureModel", *parts, delimiter="Tab", includeHeader="false")
