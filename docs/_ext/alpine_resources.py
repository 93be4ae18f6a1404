"""The reference of one class of endpoints: a table of its methods, then each of them, in the order of the work."""

from __future__ import annotations

import importlib
import inspect
import re
from typing import Any

from alpine_members import public_members
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

_ORDER = (
    "login logout from_file get_id get_list iterate get get_database_list for_upload upload upload_file create "
    "create_hadoop add update update_role enable disable copy run wait wait_until_finished query_status status stop "
    "attach results download_results find_operator get_metadata last_result run_many iterate_many sweep download "
    "delete delete_many remove"
)
"""First find, then make, run, wait and read; at last delete. What is not named follows, in the order of the source."""

_PLACE = {name: place for place, name in enumerate(_ORDER.split())}

_TYPE = re.compile(r"^:type (\w+): *(.+)$", re.MULTILINE)
_RETURNS = re.compile(r"^:rtype: *(.+)$", re.MULTILINE)
_CALLS = re.compile(r"\s+Calls ``.*", re.DOTALL)
_FUNCTION = (classmethod, staticmethod, type(lambda: None))


def members(kind: type) -> list[tuple[str, Any]]:
    """The public methods and properties of a class."""
    shown = [(name, value) for name, value in public_members(kind).items() if isinstance(value, (property, *_FUNCTION))]
    return sorted(shown, key=lambda item: _PLACE.get(item[0], len(_PLACE)))


def summary_table(path: str, kind: type) -> list[str]:
    """Every method with its parameters, what it returns, and the first sentence on it."""
    lines = ["| method | takes | returns | what it does |", "| --- | --- | --- | --- |"]
    for name, member in members(kind):
        if isinstance(member, property):
            kind_of, takes, returns = "attr", "", str(inspect.get_annotations(member.fget).get("return", ""))
        else:
            function = getattr(member, "__func__", member)
            text = inspect.getdoc(function) or ""
            types = dict(_TYPE.findall(text)) or _types_of_the_list(kind, text)
            wanted = list(inspect.signature(function).parameters.values())[0 if _is_static(member) else 1 :]
            kind_of = "meth"
            takes = ", ".join(f"{each.name}: *{types.get(each.name, _plain(each.annotation))}*" for each in wanted)
            returns = (_RETURNS.findall(text) or [_plain(inspect.signature(function).return_annotation)])[0]
        returns = returns.replace("NoneType", "None").replace("``", "")
        said = _CALLS.sub("", (inspect.getdoc(member) or "").split("\n\n")[0]).replace("``", "`")
        link = f"{{py:{kind_of}}}`{name} <{path}.{name}>`"
        cells = (link, takes.replace("_", "\\_"), f"*{returns}*" if returns else "", " ".join(said.split()))
        lines.append(f"| {' | '.join(_ROLE.sub(_markdown_role, cell).replace('|', chr(92) + '|') for cell in cells)} |")
    return lines


_ROLE = re.compile(r"(?<!\{):(class|meth|func):`([^`]+)`")


def _markdown_role(found: re.Match[str]) -> str:
    return f"`{found[2].rpartition('.')[2]}`"


def _types_of_the_list(kind: type, text: str) -> dict[str, str]:
    """The types of the method that a docstring refers to, as in "Parameters are those of get_list"."""
    other = re.search(r"are those of\s+:meth:`(?:\.|[\w.]+\.)?(\w+)`", text)
    return dict(_TYPE.findall(inspect.getdoc(getattr(kind, other[1], None)) or "")) if other else {}


def _is_static(member: object) -> bool:
    return isinstance(member, staticmethod)


def _plain(annotation: object) -> str:
    text = str(annotation).removesuffix(" | None")
    return "iterator of dict" if text.startswith("Iterator[dict") else text.rpartition(".")[2]


def entries(kind: type) -> list[str]:
    """The directives of autodoc, in order."""
    lines = []
    for name, member in members(kind):
        lines += [f"   .. auto{'property' if isinstance(member, property) else 'method'}:: {name}", ""]
    return lines


class Resource(SphinxDirective):
    """``{resource} alpine.workfile.Workfile.Process``: the reference of a class."""

    required_arguments = 1
    option_spec = {"signature": str}  # noqa: RUF012 - docutils has it so

    def run(self) -> list[nodes.Node]:
        path = self.arguments[0]
        module, _, names = path.removeprefix("alpine.").partition(".")
        kind: Any = importlib.import_module(f"alpine.{module}")
        for name in names.split("."):
            kind = getattr(kind, name)
        signature = self.options.get("signature", "(base_url, session, token)")
        lines = [
            *("````{eval-rst}", f".. autoclass:: alpine.{module}::{names}{signature}", "   :no-members:", ""),
            *("````", "", *summary_table(path, kind), ""),
            *("````{eval-rst}", f".. py:currentmodule:: alpine.{module}", ""),
            *(line.removeprefix("   ").replace(":: ", f":: alpine.{module}::{names}.") for line in entries(kind)),
            "````",
        ]
        parent = nodes.container()
        self.state.nested_parse(StringList(lines, source=self.get_source_info()[0]), 0, parent)
        return parent.children


def setup(app: Sphinx) -> dict[str, Any]:
    """Make the directive known to Sphinx."""
    app.add_directive("resource", Resource)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
