"""What the engine says of an operator, as a finding: its kind, its field and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator

from alpine._arguments import nearest
from alpine.afm import Operator
from alpine.afm.fields import fields_of
from alpine.flows.findings import Finding, Severity
from alpine.flows.plan import Step, Wrong
from alpine.sandbox.engine.failures import ColumnMissing, ExpressionUnreadable, OperatorUnknown, TableMissing

_MANY = 20
_SUBJECT = re.compile(r"The column '(.*)': ", re.DOTALL)
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)+)'")
_NAMED = re.compile(r"\bparameter (\w+)|\((\w+)\)")
_OF_TYPES = re.compile(
    r"does not exist|cannot be compared|holds no numbers|holds none|should hold|cannot cast|needs numbers|of types that"
    r"|different kinds|does not take|has no values? of|is no \w+\.$|invalid input syntax|out of range|does not fit"
    r"|\bmust be|has to be|not supported for type|could not convert|\btypes?\b|is a chararray|a (?:text|number)\b",
    re.IGNORECASE,
)
_OF_LINKS = re.compile(r"linked|No table comes in|needs a Random Sampling|needs two files or more")
_TABLE_FIELDS = ("tableName", "hadoopFileName")


def finding_of(step: Step, wrong: Wrong) -> Finding:
    """What is wrong with an operator, as a finding."""
    kind, severity = _kind(wrong)
    field = located(step.filled, wrong, kind)
    problem, advice = _said(wrong, kind)
    return Finding(step.operator.name, field, severity, kind, problem, advice)


def _kind(wrong: Wrong) -> tuple[str, Severity]:
    failure, said = wrong.failure, str(wrong.failure)
    if isinstance(failure, ColumnMissing):
        return "column", "error"
    if isinstance(failure, TableMissing):
        return "table", "error"
    if isinstance(failure, OperatorUnknown):
        return "refused", "info"
    if isinstance(failure, ExpressionUnreadable):
        return ("refused", "info") if "The sandbox" in said else ("syntax", "error")
    if "here is no column" in said or "here is no field" in said or "There is no table" in said:
        return "column", "error"
    if "does not know the type" in said:
        return "type", "error"
    if "needs a model" in said or "takes one model" in said or "takes classification models" in said:
        return "model", "error"
    if _OF_LINKS.search(said):
        return "link", "error"
    if "does not know the function" in said:
        return "refused", "warning"
    if re.search("the sandbox", said, re.IGNORECASE):
        return "refused", "info"
    return ("type" if _OF_TYPES.search(said) else "setting"), "error"


def _said(wrong: Wrong, kind: str) -> tuple[str, str]:
    """What is wrong, and what to do."""
    failure = wrong.failure
    if isinstance(failure, ColumnMissing):
        return f"There is no column {failure.name!r}.", _instead(failure.name, list(failure.columns), "The input has")
    if isinstance(failure, TableMissing):
        return f"There is no table {failure.name!r}.", _instead(failure.name, list(failure.tables), "There are")
    said = f"{wrong.subject}{failure}"
    if isinstance(failure, OperatorUnknown):
        said = said.partition(" Register a function")[0]
        return said, "A registered function can do its work in the sandbox; its columns are not known here."
    if kind == "refused":
        return said, "The server may take it; the sandbox cannot run it."
    if kind == "syntax":
        return said, "Correct the expression."
    if kind == "model":
        return said, "Link an operator that fits a model."
    return said, ""


def _instead(name: str, there: list[str], lead: str) -> str:
    shown = ", ".join(there[:_MANY]) + (", …" if len(there) > _MANY else "")
    return f"{nearest(name, there).strip()} {lead}: {shown or 'none'}.".strip()


def located(operator: Operator, wrong: Wrong, kind: str) -> str:
    """The field that is meant: the one with the expression, the name or the value that the engine quotes.

    :returns: Its name; empty where that is not certain.
    """
    fields = fields_of(operator)
    if isinstance(wrong.failure, OperatorUnknown):
        return ""
    if kind == "table":
        return next((name for name in _TABLE_FIELDS if fields.get(name)), "")
    subject = _SUBJECT.match(wrong.subject or str(wrong.failure))
    if subject and (found := field_of_column(fields, subject[1])):
        return found
    if wrong.text:
        same = [name for name, value in fields.items() if value.strip() == wrong.text.strip()]
        same = same or [name for name, value in fields.items() if wrong.text.strip() in value]
        if same:
            return same[0]
    if isinstance(wrong.failure, ColumnMissing):
        return next(_with_name(fields, wrong.failure.name), "")
    said = str(wrong.failure)
    for match in _NAMED.finditer(said):
        name = match[1] or match[2]
        if name in fields:
            return name
        inner = [field for field in fields if field.endswith(f".{name}")]
        if len(inner) == 1:
            return inner[0]
    for value in _QUOTED.findall(said):
        found_fields = list(_with_name(fields, value))
        if found_fields:
            return found_fields[0]
    return ""


def field_of_column(fields: dict[str, str], column: str) -> str:
    """The field of the expression of a column that is derived."""
    for name, value in fields.items():
        element, _, attribute = name.rpartition(".")
        if attribute in ("columnName", "resultColumn") and value == column:
            for wanted in ("expression", "function"):
                if f"{element}.{wanted}" in fields:
                    return f"{element}.{wanted}"
    return ""


def _with_name(fields: dict[str, str], name: str) -> Iterator[str]:
    """The fields that hold a name: as their whole value, else in a list, else within an expression."""
    bare = name.strip().lower()
    yield from (field for field, value in fields.items() if value.strip().lower() == bare)
    yield from (field for field, value in fields.items() if bare in [part.strip().lower() for part in value.split(",")])
    word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE)
    yield from (field for field, value in fields.items() if word.search(value))
