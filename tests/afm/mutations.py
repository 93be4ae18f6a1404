"""Changes of workflow files, made at random, each with what a comparison has to say of it."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

IGNORED = {"InPutFieldList", "Model", "Note", "Parameter"}
SECRET = ("passw", "pwd", "secret")


@dataclass
class Expected:
    """What a comparison has to name, and nothing else."""

    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    changed: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    links_added: list[tuple[str, str]] = field(default_factory=list)
    links_removed: list[tuple[str, str]] = field(default_factory=list)
    variables: list[tuple[str, str | None, str | None]] = field(default_factory=list)


@dataclass
class Mutation:
    """A changed file.

    :param kind: What was done.
    :param content: The new file.
    :param expected: What is to be said of it.
    """

    kind: str
    content: bytes
    expected: Expected


def mutations(content: bytes, seed: int, count: int) -> Iterator[Mutation]:
    """So many changed files, one after the other kind."""
    rng = random.Random(seed)
    kinds = sorted(KINDS)
    made = 0
    for turn in range(count * 20):
        kind = kinds[turn % len(kinds)]
        root = ElementTree.fromstring(content)
        if not _operators(root):
            return
        expected = KINDS[kind](root, rng)
        if expected is not None:
            made += 1
            yield Mutation(kind, ElementTree.tostring(root, encoding="utf-8", xml_declaration=True), expected)
        if made == count:
            return


def harmless(content: bytes, seed: int, count: int) -> Iterator[bytes]:
    """So many files that say the same: moved boxes, other white space, order, stored models and expressions."""
    rng = random.Random(seed)
    for _ in range(count):
        root = ElementTree.fromstring(content)
        for operator in root.findall("Operator"):
            operator.set("X", str(rng.randrange(2000)))
            operator.set("Y", str(rng.randrange(2000)))
            for model in operator.findall("Model"):
                model.text = "bmV3"
            for cached in operator.findall("InPutFieldList"):
                operator.remove(cached)
        for element in root.iter():
            attributes = list(element.attrib.items())
            rng.shuffle(attributes)
            element.attrib = dict(attributes)
            if element.tag not in ("Name", "Value") and not len(element) and not (element.text or "").strip():
                element.text = "\n"
            for name, value in attributes:
                if name == "expression" and "'" not in value and '"' not in value:
                    element.set(name, f"  {value} ")
        root[:] = sorted(root, key=lambda _: rng.random())
        root.set("UserName", str(rng.randrange(100)))
        yield ElementTree.tostring(root, encoding="utf-8", xml_declaration=rng.random() < 0.5)


def _operators(root: Element) -> list[Element]:
    return root.findall("Operator")


def _parameter(root: Element, rng: random.Random) -> Expected | None:
    places = [
        (operator.get("name", ""), item)
        for operator in _operators(root)
        for item in operator.findall("Parameter")
        if not any(word in item.get("key", "").lower() for word in SECRET)
    ]
    if not places:
        return None
    name, item = rng.choice(places)
    key, old = item.get("key", ""), item.get("value", "")
    if sum(1 for owner, other in places if owner == name and other.get("key") == key) > 1:
        return None
    item.set("value", f"{old}_new")
    return Expected(changed=[(name, old, f"{old}_new")])


def _parameter_gone(root: Element, rng: random.Random) -> Expected | None:
    operator = rng.choice(_operators(root))
    items = [p for p in operator.findall("Parameter") if not any(w in p.get("key", "").lower() for w in SECRET)]
    if not items:
        return None
    item = rng.choice(items)
    if sum(other.get("key") == item.get("key") for other in items) > 1:
        return None
    operator.remove(item)
    return Expected(changed=[(operator.get("name", ""), item.get("value", ""), None)])


def _attribute(root: Element, rng: random.Random) -> Expected | None:
    places = [
        (operator.get("name", ""), part, name)
        for operator in _operators(root)
        for child in operator
        if child.tag not in IGNORED
        for part in child.iter()
        for name in part.attrib
        if part.tag != "Parameter" and not any(word in f"{part.tag}{name}{part.get('id')}".lower() for word in SECRET)
    ]
    if not places:
        return None
    operator, part, name = rng.choice(places)
    old = part.get(name, "")
    part.set(name, f"{old} + 1")
    return Expected(changed=[(operator, old, f"{old} + 1")])


def _variable(root: Element, rng: random.Random) -> Expected | None:
    variables = [v for v in root.iter("Variable") if v.find("Value") is not None]
    if not variables:
        return None
    chosen = rng.choice(variables)
    name = (chosen.findtext("Name") or "").strip()
    if any(word in name for word in SECRET):
        return None
    old = ""
    for variable in variables:
        value = variable.find("Value")
        if (variable.findtext("Name") or "").strip() == name and value is not None:
            # The last of several counts.
            old, value.text = value.text or "", "other"
    return None if old == "other" else Expected(variables=[(name, old, "other")])


def _variable_added(root: Element, rng: random.Random) -> Expected | None:
    model = root.find("VariableModel")
    if model is None:
        return None
    name = f"@fresh_{rng.randrange(1000)}"
    variable = ElementTree.SubElement(model, "Variable")
    ElementTree.SubElement(variable, "Name").text = name
    ElementTree.SubElement(variable, "Value").text = "1"
    return Expected(variables=[(name, None, "1")])


def _renamed(root: Element, rng: random.Random) -> Expected | None:
    operator = rng.choice(_operators(root))
    old = operator.get("name", "")
    new = f"{old} of 2026"
    operator.set("name", new)
    for link in root.findall("Link"):
        for end in ("source", "target"):
            if link.get(end) == old:
                link.set(end, new)
    return Expected(renamed={old: new})


def _removed(root: Element, rng: random.Random) -> Expected | None:
    operator = rng.choice(_operators(root))
    name = operator.get("name", "")
    root.remove(operator)
    gone = [link for link in root.findall("Link") if name in (link.get("source"), link.get("target"))]
    for link in gone:
        root.remove(link)
    links = [(link.get("source", ""), link.get("target", "")) for link in gone]
    return Expected(removed=[name], links_removed=links)


def _added(root: Element, rng: random.Random) -> Expected | None:
    before = rng.choice(_operators(root))
    name = f"Fresh {rng.randrange(1000)}"
    fresh = ElementTree.SubElement(root, "Operator", {"name": name, "uuid": "9999", "type": "a.b.FreshOperator"})
    ElementTree.SubElement(fresh, "Parameter", {"key": "k", "value": "v"})
    ElementTree.SubElement(root, "Link", {"source": before.get("name", ""), "target": name})
    return Expected(added=[name], links_added=[(before.get("name", ""), name)])


def _copied(root: Element, rng: random.Random) -> Expected | None:
    original = rng.choice(_operators(root))
    fresh = copy.deepcopy(original)
    name = f"{original.get('name')} - copy"
    fresh.set("name", name)
    fresh.set("uuid", f"{original.get('uuid')}_0")
    root.append(fresh)
    return Expected(added=[name])


def _link_removed(root: Element, rng: random.Random) -> Expected | None:
    links = root.findall("Link")
    if not links:
        return None
    link = rng.choice(links)
    ends = link.get("source", ""), link.get("target", "")
    for other in links:
        if (other.get("source"), other.get("target")) == ends:
            root.remove(other)
    return Expected(links_removed=[ends])


def _link_added(root: Element, rng: random.Random) -> Expected | None:
    names = [operator.get("name", "") for operator in _operators(root)]
    ends = rng.choice(names), rng.choice(names)
    if any((link.get("source"), link.get("target")) == ends for link in root.findall("Link")):
        return None
    ElementTree.SubElement(root, "Link", {"source": ends[0], "target": ends[1]})
    return Expected(links_added=[ends])


def _items(root: Element) -> list[tuple[str, Element, Element]]:
    """Elements of which a parent has several, such as the fields of an aggregation."""
    return [
        (operator.get("name", ""), parent, item)
        for operator in _operators(root)
        for child in operator
        if child.tag not in IGNORED
        for parent in child.iter()
        for item in parent
        if item.attrib and len(parent.findall(item.tag)) > 1 and item.tag != "Parameter" and not list(item)
        if not any(word in (item.get("id") or "").lower() for word in SECRET)
    ]


def _item_removed(root: Element, rng: random.Random) -> Expected | None:
    places = _items(root)
    if not places:
        return None
    operator, parent, item = rng.choice(places)
    if sum(other.attrib == item.attrib for other in parent.findall(item.tag)) > 1:
        return None
    parent.remove(item)
    return Expected(changed=[(operator, ", ".join(f"{k}={v}" for k, v in item.attrib.items()), None)])


def _item_added(root: Element, rng: random.Random) -> Expected | None:
    places = _items(root)
    if not places:
        return None
    operator, parent, item = rng.choice(places)
    fresh = copy.deepcopy(item)
    fresh.attrib = {name: f"{value} anew" for name, value in item.attrib.items()}
    fresh.text = None
    parent.insert(list(parent).index(item), fresh)
    return Expected(changed=[(operator, None, ", ".join(f"{k}={v}" for k, v in fresh.attrib.items()))])


KINDS: dict[str, Callable[[Element, random.Random], Expected | None]] = {
    "a value of an element": _attribute,
    "a copy": _copied,
    "a link gone": _link_removed,
    "a new item": _item_added,
    "a new link": _link_added,
    "a new operator": _added,
    "a new variable": _variable_added,
    "a parameter": _parameter,
    "a parameter gone": _parameter_gone,
    "a variable": _variable,
    "an item gone": _item_removed,
    "an operator gone": _removed,
    "another name": _renamed,
}
