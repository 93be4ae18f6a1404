"""Tables and pictures of the documentation that are made from the code."""

from __future__ import annotations

import html
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from alpine_members import public_members
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import alpine
from alpine.alpineobject import AlpineObject, Resource
from alpine.exception import AlpineException

_ENDPOINT = re.compile(r"``((?:GET|POST|PUT|DELETE) /[^`]*)``(?:\s+of the (engine))?")
_RAISES = re.compile(r"^\s*:raises (\w+):", re.MULTILINE)
_NOTHING = "\N{EN DASH}"


def resources() -> Iterator[tuple[str, type[AlpineObject]]]:
    """The client and every class of endpoints, with the path that the reference has it under."""
    roots = {}
    for info in pkgutil.iter_modules(alpine.__path__):
        if not info.name.startswith("_") and not info.ispkg:
            module = importlib.import_module(f"alpine.{info.name}")
            roots |= {
                f"{module.__name__}.{kind.__name__}": kind
                for kind in _endpoints(module)
                if kind.__module__ == module.__name__
            }
    nested = {f"{path}.{kind.__name__}": kind for path, root in roots.items() for kind in _endpoints(root)}
    for path, kind in roots.items():
        if kind not in nested.values():
            yield path, kind
            yield from ((inner, value) for inner, value in nested.items() if inner.startswith(f"{path}."))


def _endpoints(place: object) -> list[type[AlpineObject]]:
    return [
        value
        for value in vars(place).values()
        if inspect.isclass(value) and issubclass(value, AlpineObject) and value not in (AlpineObject, Resource)
    ]


def methods(kind: type[AlpineObject]) -> Iterator[tuple[str, str]]:
    """Each public method of a class with its docstring, by name."""
    for name, value in sorted(public_members(kind).items(), key=lambda item: item[0]):
        function = getattr(value, "__func__", value)
        if inspect.isfunction(function):
            yield name, inspect.getdoc(function) or ""


def exceptions(kind: type[AlpineException] = AlpineException, depth: int = 0) -> Iterator[tuple[int, type]]:
    """The tree of exceptions, from its root, as depth and class."""
    yield depth, kind
    for child in sorted(kind.__subclasses__(), key=lambda cls: cls.__name__):
        if child.__module__ == kind.__module__:
            yield from exceptions(child, depth + 1)


def summary(kind: type) -> str:
    """The first sentence of a docstring."""
    return " ".join((inspect.getdoc(kind) or "").split("\n\n")[0].split())


def row(*cells: str) -> str:
    """A row of a Markdown table."""
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def endpoint_table() -> list[str]:
    """Every method of every class, what it calls and what it may raise."""
    lines = []
    for path, kind in resources():
        lines += [f"```{{rubric}} {path.split('.', 2)[2]}", "```", ""]
        lines += [row("method", "calls", "raises"), row("---", "---", "---")]
        for name, text in methods(kind):
            found = _ENDPOINT.findall(" ".join(text.split()))
            calls = ", ".join(f"`{call}`{' (engine)' if engine else ''}" for call, engine in found)
            raises = ", ".join(f"{{py:exc}}`~alpine.exception.{error}`" for error in _RAISES.findall(text))
            lines.append(row(f"{{py:meth}}`{name} <{path}.{name}>`", calls or _NOTHING, raises or _NOTHING))
        lines.append("")
    return lines


def exception_table() -> list[str]:
    """Every exception, what it is below and what it means."""
    lines = [row("exception", "is also a", "means"), row("---", "---", "---")]
    for _, kind in exceptions():
        parents = [f"`{base.__name__}`" for base in kind.__bases__ if base is not Exception]
        name = f"{{py:exc}}`~alpine.exception.{kind.__name__}`"
        lines.append(row(name, ", ".join(parents) or "`Exception`", _markdown(summary(kind))))
    return lines


def fidelity_table() -> list[str]:
    """Every operator of the sandbox, and how true it is to the server's."""
    from alpine.sandbox.engine import fidelity_table as rows

    lines = [row("operator", "fidelity", "known limits", "test", "classes"), row(*["---"] * 5)]
    for title, classes, fidelity, remark, test in rows():
        shown = ", ".join(f"`{name.rpartition('.')[2]}`" for name in classes.split(", "))
        file, _, function = test.partition("::")
        link = f"{{download}}`{function} <../../{file}>`" if test else _NOTHING
        lines.append(row(title, fidelity, remark or _NOTHING, link, shown))
    return lines


def flow_table() -> list[str]:
    """The workflows of the test suite, the version whose shape they have, and their operators."""
    from alpine import afm
    from alpine.sandbox.engine import fidelity_table as known

    titles = {f"{_RUN}{name}": title for title, names, *_ in known() for name in names.split(", ")}
    lines = [row("workflow", "version", "operators"), row(*["---"] * 3)]
    for path in sorted(_FLOWS.glob("*.afm")):
        flow = afm.read(path)
        operators = ", ".join(dict.fromkeys(titles[step.type] for step in flow.operators.values()))
        lines.append(row(f"{{download}}`{path.stem} <../../tests/flows/{path.name}>`", flow.version, operators))
    return lines


_FLOWS = Path(__file__).parents[2] / "tests" / "flows"
_RUN = "com.alpine.miner.gef.runoperator."


def expression_table() -> list[str]:
    """The expressions that the test suite gives to the sandbox and to a PostgreSQL: computed the same, or refused."""
    from alpine.sandbox.engine import NodeFailure
    from alpine.sandbox.engine.sql import translate

    lines: list[str] = []
    for heading, expressions in _judged().items():
        lines += [f"```{{rubric}} {heading}", "```", "", row("expression", "the sandbox"), row("---", "---")]
        for expression in expressions:
            try:
                translate(expression, {"": _JUDGED_COLUMNS})
                outcome = "as PostgreSQL"
            except NodeFailure as failure:
                outcome = str(failure).partition(" It stands at ")[0]
            lines.append(row(f"`` {expression} ``", html.escape(outcome).replace("*", r"\*").replace("_", r"\_")))
        lines.append("")
    return lines


_CASES = Path(__file__).parents[2] / "tests" / "sandbox" / "postgresql_cases.txt"
_JUDGED_COLUMNS = [
    *(("id", "INTEGER"), ("g", "VARCHAR"), ("i", "INTEGER"), ("j", "INTEGER"), ("i2", "SMALLINT"), ("b", "BIGINT")),
    *(("n", "DECIMAL(10,2)"), ("m", "DECIMAL(12,4)"), ("r", "FLOAT"), ("d", "DOUBLE"), ("s", "VARCHAR")),
    *(("num", "VARCHAR"), ("day", "VARCHAR"), ("f", "BOOLEAN"), ("dt", "DATE"), ("ts", "TIMESTAMP")),
    *(("tz", "TIMESTAMP WITH TIME ZONE"), ("iv", "INTERVAL"), ("ti", "TIME")),
]


def _judged() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in _CASES.read_text("utf-8").splitlines():
        if line.startswith("## "):
            found[line[3:]] = []
        elif line and not line.startswith("# "):
            found[list(found)[-1]].append(line)
    return found


def _markdown(text: str) -> str:
    return text.replace("``", "`")


def exception_picture() -> str:
    """The tree of exceptions as an SVG picture that takes its colours from the page."""
    line, step, left = 26, 24, 12
    names, lines, last_at = [], "", {0: 0}
    rows = list(exceptions())
    for number, (depth, kind) in enumerate(rows):
        x, y = left + depth * step, 20 + number * line
        if depth:
            corner = left + (depth - 1) * step + 8
            top = 20 + last_at[depth - 1] * line + 8
            lines += f"M{corner} {top}V{y}H{x - 4}"
        last_at[depth] = number
        also = [base.__name__ for base in kind.__bases__ if base.__module__ == "builtins" and base is not Exception]
        more = f'<tspan opacity=".6"> also a {", ".join(also)}</tspan>' if also else ""
        target = f"../reference/exception.html#alpine.exception.{kind.__name__}"
        names.append(
            f'<a href="{target}"><text x="{x}" y="{y + 4}" fill="currentColor">{html.escape(kind.__name__)}{more}'
            f"<title>{html.escape(summary(kind))}</title></text></a>"
        )
    height = 20 + len(rows) * line
    return (
        f'<div class="alpine-tree"><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 {height}" role="img" '
        f'aria-label="The tree of exceptions" font-size="14" font-family="var(--font-stack--monospace)">'
        f'<path d="{lines}" fill="none" stroke="currentColor" opacity=".35"/>{"".join(names)}</svg></div>'
    )


def _directive(make: Callable[[], list[str]]) -> type[SphinxDirective]:
    class Table(SphinxDirective):
        def run(self) -> list[nodes.Node]:
            parent = nodes.container()
            self.state.nested_parse(StringList(make(), source=self.get_source_info()[0]), 0, parent)
            return parent.children

    return Table


class ExceptionPicture(SphinxDirective):
    """``{exception-picture}``"""

    def run(self) -> list[nodes.Node]:
        return [nodes.raw("", exception_picture(), format="html")]


def let_names_wrap(_app: Sphinx, _page: str, _template: str, context: dict[str, Any], _doctree: object) -> None:
    """Let long names in tables wrap between their words; unlike a hyphen or a space, ``<wbr>`` is not copied."""
    if "body" in context:
        context["body"] = _CELL.sub(lambda cell: _TEXT.sub(_with_breaks, cell[0]), context["body"])


_CELL = re.compile(r"<td\b.*?</td>", re.DOTALL)
_TEXT = re.compile(r"(?<=>)[^<]+")
_BREAK = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[a-z]_)(?=[a-z])")


def _with_breaks(text: re.Match[str]) -> str:
    return _BREAK.sub("<wbr>", text[0])


def setup(app: Sphinx) -> dict[str, Any]:
    """Make the directives known to Sphinx."""
    for make in (endpoint_table, exception_table, expression_table, fidelity_table, flow_table):
        app.add_directive(make.__name__.replace("_", "-"), _directive(make))
    app.add_directive("exception-picture", ExceptionPicture)
    app.connect("html-page-context", let_names_wrap)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
