"""Builds small flows for the engine's tests, and runs them."""

from __future__ import annotations

import json
from typing import Any
from xml.sax.saxutils import quoteattr

from alpine.sandbox.engine import Engine

PREFIX = "com.alpine.miner.gef.runoperator."
TABLE = "datasource.DbTableOperator"


def element(tag: str, *children: str, **attributes: str) -> str:
    """One XML element."""
    said = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    return f"<{tag}{said}>{''.join(children)}</{tag}>"


def node(name: str, kind: str, *model: str, uuid: str | None = None, **parameters: str) -> str:
    """One operator."""
    own = "".join(element("Parameter", key=key, value=value) for key, value in parameters.items())
    return element("Operator", own, *model, name=name, type=PREFIX + kind, uuid=uuid or f"id of {name}")


def custom(signature: str) -> str:
    """A custom operator whose dialog has one field, ``times``."""
    proxy = element("Plugin10Proxy", element("SignatureClassName", name=signature))
    dialog = element("OperatorDialog", element("IntegerBoxImpl", id="times", value="3"))
    return node("custom", "plugin10.Plugin10Operator", proxy, dialog)


def derived(expression: str, name: str = "derive") -> str:
    """A Variable operator that derives one column, ``made``."""
    item = element("DerivedFieldItem", columnName="made", dataType="", expression=expression)
    return node(name, "field.VariableOperator", element("DerivedFieldsModel", item), columnNames="")


def source(table: str, name: str = "source") -> str:
    """A source that reads a loaded table."""
    schema, _, own = table.rpartition(".")
    return node(name, TABLE, schemaName=schema, tableName=own)


def flow(*nodes: str, links: str = "", variables: dict[str, str] | None = None) -> bytes:
    """A flow.

    :param links: As ``a > b, b > c``.
    """
    lines = [line.split(" > ") for line in links.split(", ") if line]
    declared = "".join(
        f"<Variable><Name>{name}</Name><Value>{value}</Value></Variable>" for name, value in (variables or {}).items()
    )
    parts = [*nodes, *(element("Link", source=a, target=b) for a, b in lines)]
    return f"<Process>{''.join(parts)}<VariableModel>{declared}</VariableModel></Process>".encode()


def run(engine: Engine, text: bytes, variables: dict[str, str] | None = None) -> dict[str, Any]:
    """Run a flow to its end and give its results document."""
    process_id = start(engine, text, variables)
    assert engine.wait(process_id, 60)
    document: dict[str, Any] = json.loads(engine.results(375, process_id))
    return document


def start(engine: Engine, text: bytes, variables: dict[str, str] | None = None) -> str:
    """Start a flow."""
    return engine.start(
        text, workflow_id=375, workflow_name="flow", user_id=7, user_name="ann", variables=variables or {}
    )


def apply(engine: Engine, operator: str, *tables: str) -> dict[str, Any]:
    """The one output entry of an operator called ``step`` that works on loaded tables."""
    sources = [source(table, f"source {i}" if i else "source") for i, table in enumerate(tables)]
    links = ", ".join(f"{f'source {i}' if i else 'source'} > step" for i in range(len(tables)))
    return outcome(run(engine, flow(*sources, operator, links=links)), "step")


def outcome(document: dict[str, Any], name: str) -> dict[str, Any]:
    """One operator's output entry."""
    assert document["flowMetaInfo"]["status"] == "SUCCESS", errors(document)
    return next(entry for entry in document["outputs"] if entry["out_title"] == name)


def rows(entry: dict[str, Any]) -> list[list[str]]:
    """The cells of a table entry."""
    data = entry["visualData"]
    return [[item[column] for column in data["columns"]] for item in data["items"]]


def errors(document: dict[str, Any]) -> list[str]:
    """What the logs say of failures."""
    return [line["errMessage"] for line in document["logs"] if line["errMessage"] != "null"]


def failure(engine: Engine, operator: str, *tables: str) -> str:
    """Why an operator called ``step`` failed on loaded tables."""
    sources = [source(table, f"source {i}" if i else "source") for i, table in enumerate(tables)]
    links = ", ".join(f"{f'source {i}' if i else 'source'} > step" for i in range(len(tables)))
    document = run(engine, flow(*sources, operator, links=links))
    assert document["flowMetaInfo"]["status"] == "FAILURE"
    [reason] = errors(document)
    return reason
