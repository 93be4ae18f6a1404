"""Faults that are put into good flows, one at a time, each with what a check has to say of it.

``python -m tests.flows.faults`` prints what is found of each kind, and what is said beside it.
"""

from __future__ import annotations

import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from alpine import afm
from alpine.flows import Finding, check
from alpine.flows.given import given
from alpine.flows.plan import SOURCES, Plan, look_over
from alpine.flows.structure import ordered, title_of
from alpine.sandbox.engine.registry import Registry
from tests.flows.good import Good, corpus, examples, own

COLUMN_FIELDS = ("columnName", "collapseColumnName", "keyColumnList", "column")
COLUMN_PARAMETERS = ("columnNames", "dependentColumn", "groupByColumn", "pivotColumn", "aggregateColumn")
EXPRESSIONS = ("expression", "conditionValue", "pigScript", "firstValue")
LEARNERS = ("Logistic Regression", "Linear Regression", "Naive Bayes", "Decision Tree")
TAKERS = ("Predictor", "Classifier", "Confusion Matrix", "ROC", "Lift", "Goodness of Fit")


@dataclass
class Fault:
    """A flow with a fault in it.

    :param kind: What was done.
    :param good: The flow that it was put into.
    :param content: The file with the fault.
    :param operator: The operator that has to be named; empty where it is none's.
    :param kinds: The kinds of findings that name it.
    :param said: What has to stand in the finding.
    """

    kind: str
    good: Good
    content: bytes
    operator: str
    kinds: tuple[str, ...]
    said: str


@dataclass
class Site:
    """A flow into which a fault is to be put.

    :param root: The file, to be changed.
    :param plan: What is known of the flow.
    :param rng: Chooses.
    """

    root: Element
    plan: Plan
    rng: random.Random

    def operators(self) -> list[Element]:
        return [o for o in self.root.findall("Operator") if "Note" not in o.get("type", "")]

    def title(self, operator: Element) -> str:
        step = self.plan.steps.get(operator.get("name", ""))
        return title_of(step.operator, Registry()) if step else ""

    def columns(self, operator: Element) -> set[str]:
        """The columns of an operator's inputs, where all are known; none otherwise."""
        step = self.plan.steps[operator.get("name", "")]
        before = [self.plan.steps[name] for name in step.inputs]
        if any(other.table is None and other.output.model is None for other in before):
            return set()
        return {column for other in before if other.table for column in other.table.columns}

    def inputs(self, operator: Element) -> list[str]:
        return self.plan.steps[operator.get("name", "")].inputs

    def text_columns(self, operator: Element) -> list[str]:
        step = self.plan.steps[operator.get("name", "")]
        if len(step.inputs) != 1 or (table := self.plan.steps[step.inputs[0]].table) is None:
            return []
        return [name for name, kind in zip(table.columns, table.types, strict=True) if kind == "VARCHAR"]


Made = tuple[str, tuple[str, ...], str]


def misspelled(name: str, rng: random.Random) -> str:
    """Another name that is like it."""
    place = rng.randrange(len(name))
    return rng.choice([name[:place] + name[place + 1 :] + "x", name + "_2", f"{name[:place]}q{name[place:]}"])


def _column(site: Site) -> Made | None:
    places = []
    for operator in site.operators():
        columns = site.columns(operator)
        if not columns or site.title(operator) in ("", "Predictor", *SOURCES):
            continue
        for item in operator.findall("Parameter"):
            if item.get("key") in COLUMN_PARAMETERS and (item.get("value") or "").split(",")[0].strip() in columns:
                places.append((operator, item, "value"))
        for child in operator:
            if child.tag in ("InPutFieldList", "DerivedFieldsModel", "Model", "Parameter", "HadoopFileStructureModel"):
                continue
            for item in child.iter():
                if item.tag in ("AggregateField", "WindowField", "unionColumnModel", "ColumnBin"):
                    continue
                places += [(operator, item, name) for name in COLUMN_FIELDS if item.get(name) in columns]
    if not places:
        return None
    operator, item, name = site.rng.choice(places)
    first, _, rest = (item.get(name) or "").partition(",")
    wrong = misspelled(first.strip(), site.rng)
    if wrong.lower() in {column.lower() for column in site.columns(operator)}:
        return None
    item.set(name, f"{wrong},{rest}" if rest else wrong)
    return operator.get("name", ""), ("column",), wrong


def _in_expression(site: Site) -> Made | None:
    places = []
    for operator in site.operators():
        columns = site.columns(operator)
        for item in operator.iter():
            for name in ("expression", "conditionValue"):
                for column in columns:
                    if item.tag != "RowFilterConditionItem" and re.search(
                        rf"(?<![\w'])\"?{column}\b", item.get(name) or ""
                    ):
                        places.append((operator, item, name, column))
    if not places:
        return None
    operator, item, name, column = site.rng.choice(places)
    wrong = misspelled(column, site.rng)
    if wrong.lower() in {known.lower() for known in site.columns(operator)}:
        return None
    item.set(name, re.sub(rf"(?<![\w']){column}\b", wrong, item.get(name) or "", count=1))
    return operator.get("name", ""), ("column",), wrong


def _table(site: Site) -> Made | None:
    places = [
        (operator, item)
        for operator in site.operators()
        if site.title(operator) == "Database Table"
        for item in operator.findall("Parameter")
        if item.get("key") == "tableName"
    ]
    if not places:
        return None
    operator, item = site.rng.choice(places)
    item.set("value", misspelled(item.get("value") or "table", site.rng))
    return operator.get("name", ""), ("table",), item.get("value") or ""


def _syntax(site: Site) -> Made | None:
    places = [
        (operator, item)
        for operator in site.operators()
        if site.title(operator) in ("Variable", "Aggregation")
        for item in operator.iter()
        if item.get("expression")
    ]
    if not places:
        return None
    operator, item = site.rng.choice(places)
    text = item.get("expression") or ""
    item.set("expression", site.rng.choice([f"{text} +", f"({text}", f"{text})", f"{text} {text}", f"* {text}"]))
    return operator.get("name", ""), ("syntax", "setting", "type"), ""


def _type(site: Site) -> Made | None:
    places = [
        (operator, item)
        for operator in site.operators()
        if site.title(operator) == "Variable" and site.text_columns(operator)
        for item in operator.iter()
        if item.get("expression")
    ]
    if not places:
        return None
    operator, item = site.rng.choice(places)
    column = site.rng.choice(site.text_columns(operator))
    written = column if "hadoop" in operator.get("type", "") else f'"{column}"'
    item.set("expression", f"{written} * 2 + 1" if written == column else f"{written} * interval '1 day'")
    if written == column:
        item.set("expression", f"ABS({column})")
    return operator.get("name", ""), ("type", "setting"), ""


def _declared_type(site: Site) -> Made | None:
    places = [
        (operator, item)
        for operator in site.operators()
        if site.title(operator) in ("Variable", "Aggregation")
        for item in operator.iter()
        if item.get("expression") and item.get("dataType")
    ]
    if not places:
        return None
    operator, item = site.rng.choice(places)
    item.set("dataType", "INTT")
    return operator.get("name", ""), ("type",), "INTT"


def _variable(site: Site) -> Made | None:
    """A variable that is used has another name where it is declared."""
    names = [variable.find("Name") for variable in site.root.iter("Variable")]
    used = [
        (name, operator)
        for name in names
        if name is not None and not (name.text or "").startswith(("@default_", "@flow_", "@user_", "@pig_"))
        for operator in site.operators()
        for item in operator.iter()
        if item.tag not in ("Field", "InPutFieldList") and (name.text or "") in item.attrib.values()
    ]
    if not used:
        return None
    name, operator = site.rng.choice(used)
    said = name.text or ""
    name.text = misspelled(said[1:], site.rng).join(["@", ""])
    return operator.get("name", ""), ("variable",), said


def _unused(site: Site) -> Made | None:
    model = site.root.find("VariableModel")
    if model is None:
        return None
    name = f"@never_{site.rng.randrange(1000)}"
    variable = ElementTree.SubElement(model, "Variable")
    ElementTree.SubElement(variable, "Name").text = name
    ElementTree.SubElement(variable, "Value").text = site.rng.choice(["1", "'a'", name])
    return "", ("unused",), name


def _no_input(site: Site) -> Made | None:
    places = [o for o in site.operators() if site.title(o) not in ("", *SOURCES) and site.inputs(o)]
    if not places:
        return None
    operator = site.rng.choice(places)
    for link in site.root.findall("Link"):
        if link.get("target") == operator.get("name"):
            site.root.remove(link)
    return operator.get("name", ""), ("link",), "no input"


def _no_output(site: Site) -> Made | None:
    places = [o for o in site.operators() if site.title(o) in SOURCES]
    places = [o for o in places if any(link.get("source") == o.get("name") for link in site.root.findall("Link"))]
    if not places:
        return None
    operator = site.rng.choice(places)
    for link in site.root.findall("Link"):
        if link.get("source") == operator.get("name"):
            site.root.remove(link)
    return operator.get("name", ""), ("link",), ""


def _circle(site: Site) -> Made | None:
    behind: dict[str, set[str]] = {}
    for name, step in site.plan.steps.items():
        behind[name] = {other for before in step.inputs for other in [before, *behind.get(before, ())]}
    pairs = sorted((name, other) for name, others in behind.items() for other in others)
    if not pairs:
        return None
    source, target = site.rng.choice(pairs)
    ElementTree.SubElement(site.root, "Link", {"source": source, "target": target})
    return "", ("circle",), source


def _no_model(site: Site) -> Made | None:
    takers = [o for o in site.operators() if site.title(o) in TAKERS]
    places = []
    for operator in takers:
        given_by = [name for name in site.inputs(operator) if site.plan.steps[name].output.model is not None]
        tables = [name for name in site.inputs(operator) if site.plan.steps[name].table is not None]
        if given_by and tables:
            places.append((operator, given_by))
    if not places:
        return None
    operator, given_by = site.rng.choice(places)
    for link in site.root.findall("Link"):
        if link.get("target") == operator.get("name") and link.get("source") in given_by:
            site.root.remove(link)
    return operator.get("name", ""), ("model",), ""


def _password(site: Site) -> Made | None:
    operator = site.rng.choice(site.operators())
    key = site.rng.choice(["password", "dbPassword", "secretKey", "passphrase"])
    ElementTree.SubElement(operator, "Parameter", {"key": key, "value": "aHVudGVyMg=="})
    return operator.get("name", ""), ("credentials",), key


def _refused(site: Site) -> Made | None:
    places = [o for o in site.operators() if site.title(o) not in ("", *SOURCES)]
    if not places:
        return None
    operator = site.rng.choice(places)
    operator.set("type", f"{operator.get('type')}OfAnotherVersion")
    return operator.get("name", ""), ("refused",), "OfAnotherVersion"


def _broken_link(site: Site) -> Made | None:
    links = [link for link in site.root.findall("Link") if link.get("target") in site.plan.steps]
    if not links:
        return None
    link = site.rng.choice(links)
    wrong = misspelled(link.get("source") or "x", site.rng)
    link.set("source", wrong)
    return link.get("target", ""), ("link",), wrong


KINDS: dict[str, Callable[[Site], Made | None]] = {
    "a column": _column,
    "a column in an expression": _in_expression,
    "a table": _table,
    "syntax": _syntax,
    "a type": _type,
    "a declared type": _declared_type,
    "an undeclared variable": _variable,
    "an unused variable": _unused,
    "no input": _no_input,
    "no output": _no_output,
    "a circle": _circle,
    "no model": _no_model,
    "a password": _password,
    "an unknown operator": _refused,
    "a link to nothing": _broken_link,
}


def faults(goods: list[Good], seed: int, rounds: int) -> Iterator[Fault]:
    """Faults of every kind in each flow, where it has a place for one.

    :param rounds: How often each kind is tried in each flow.
    """
    for good in goods:
        flow = afm.read(good.content)
        plan = look_over(flow, given(good.tables, flow), ordered(flow)[0])
        for turn in range(rounds):
            for kind, make in KINDS.items():
                if kind == "a table" and good.tables is None:
                    continue
                root = ElementTree.fromstring(good.content)
                site = Site(root, plan, random.Random(f"{seed}/{good.name}/{kind}/{turn}"))
                if not site.operators() or (made := make(site)) is None:
                    continue
                yield Fault(kind, good, ElementTree.tostring(root, encoding="utf-8"), *made)


def judged(fault: Fault) -> tuple[bool, list[Finding]]:
    """Whether a fault is found, and the errors and warnings that are said beside it."""
    before = set(check(afm.read(fault.good.content), fault.good.tables))
    fresh = [finding for finding in check(afm.read(fault.content), fault.good.tables) if finding not in before]
    hits = [
        finding
        for finding in fresh
        if finding.kind in fault.kinds
        and (not fault.operator or finding.operator == fault.operator)
        and fault.said.lower() in f"{finding.problem} {finding.advice}".lower()
    ]
    others = [finding for finding in fresh if finding not in hits and finding.severity != "info"]
    return bool(hits), others


def main() -> None:
    found, missed, beside = Counter[str](), Counter[str](), list[str]()
    for fault in faults([*own(), *examples(), *corpus()], 17, int(sys.argv[1]) if len(sys.argv) > 1 else 2):
        is_found, others = judged(fault)
        (found if is_found else missed)[fault.kind] += 1
        if not is_found:
            print(f"MISSED {fault.kind} in {fault.good.name}: {fault.operator} {fault.said}")
            for finding in check(afm.read(fault.content), fault.good.tables):
                print(f"    {str(finding)[:200]}")
        beside += [f"{fault.kind} in {fault.good.name} {fault.operator}: {other}" for other in others]
    for line in beside:
        print("BESIDE", line[:300])
    for kind in KINDS:
        print(f"{kind:28} {found[kind]:4} found {missed[kind]:4} missed")
    print(f"{found.total()} of {found.total() + missed.total()}")


if __name__ == "__main__":
    main()
