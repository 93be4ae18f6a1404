"""Every block of code in the documentation runs, and says what it is shown to say."""

from __future__ import annotations

import contextlib
import doctest
import importlib
import inspect
import io
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import alpine
from alpine.alpineobject import AlpineObject
from tests.documented import Stage, flow_fixtures, run_doctest, staged

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts),
]
FENCE = re.compile(
    r"^(?P<fence>`{3,}|:{3,})(?P<language>[^\n`]*)\n(?P<code>.*?)^(?P=fence)\s*$", re.MULTILINE | re.DOTALL
)
# A block of text right after one of Python is what that prints.
OUTPUT = re.compile(r"\s*^```text\n(?P<output>.*?)^```", re.MULTILINE | re.DOTALL)
PYTHON, SHELL, DATA = {"python", "pycon"}, {"bash", "console"}, {"text", "json", "yaml", "toml", ""}
# What a shell block may say besides the lines of .ci/run and .ci/long.
KNOWN_COMMANDS = (
    r"git clone \S+ alpine && cd alpine",
    r"python3\.11 -m venv \.venv( && \.venv/bin/pip install .*)?",
    r"\.venv/bin/pip (install|wheel) .*",
    r"\.venv/bin/(python|pytest|ruff|mypy|mutmut|alpine-sandbox|pre-commit)\b.*",
    r"python -m alpine\.sandbox\b.*",
    r"pytest --alpine-record tests/test_flows\.py::test_order_report",
    r"git config diff\.afm\.\w+ \"python -m alpine\.afm --git\"",
    # Tried by test_examples.py.
    r"(ALPINE_HOST=https://alpine\.example\.com )?python examples/sweep\.py",
    r"alpine-sandbox\b.*",
    # Parsed by tests/command/test_help.py.
    r"(id=\$\()?alpine [a-z].*",
    r"export ALPINE_\w+=\S+",
    r"read -rs ALPINE_PASSWORD && export ALPINE_PASSWORD",
    r"\.ci/(run|long)",
    r"git tag .*",
)
executed: list[str] = []


class Block(NamedTuple):
    """A block of code in a page."""

    where: str
    language: str
    code: str
    line: int
    output: str | None = None


def blocks() -> Iterator[Block]:
    for page in PAGES:
        if not page.exists():
            continue
        text = page.read_text("utf-8")
        for found in FENCE.finditer(text):
            language = found["language"].strip()
            if not language.startswith("{"):
                line = text.count("\n", 0, found.start()) + 2
                shown = OUTPUT.match(text, found.end()) if language == "python" else None
                output = shown["output"] if shown else None
                yield Block(f"{page.relative_to(ROOT)}:{line}", language, found["code"], line, output)


def modules() -> Iterator[str]:
    yield "alpine"
    for info in pkgutil.walk_packages(alpine.__path__, "alpine."):
        # Airflow is in an environment of its own; tests/airflow runs what is in there.
        if not info.name.endswith("__main__") and not info.name.startswith("alpine.airflow."):
            yield info.name


def docstrings() -> Iterator[doctest.DocTest]:
    finder = doctest.DocTestFinder(exclude_empty=True)
    for name in modules():
        yield from (test for test in finder.find(importlib.import_module(name), name) if test.examples)


BLOCKS = list(blocks())
DOCSTRINGS = list(docstrings())


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    yield from staged()


@pytest.fixture(scope="module", autouse=True)
def list_of_blocks(request: pytest.FixtureRequest) -> Iterator[None]:
    """Prints what was executed when pytest is asked to be verbose."""
    yield
    reporter: Any = request.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and request.config.option.verbose >= 0:
        reporter.ensure_newline()
        for where in executed:
            reporter.write_line(f"executed  {where}")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ids(values: list[Any]) -> list[str]:
    return [value.where if isinstance(value, Block) else value.name for value in values]


@pytest.mark.parametrize("test", DOCSTRINGS, ids=ids(DOCSTRINGS))
def test_the_example_of_a_docstring_runs(test: doctest.DocTest, stage: Stage, place: Path) -> None:
    source = "".join(example.source for example in test.examples)
    with stage.names(source, place) as names:
        test.globs = {**test.globs, **names}
        check(test)
    executed.append(test.name)


def check(test: doctest.DocTest) -> None:
    if report := run_doctest(test):
        pytest.fail(report, pytrace=False)


PYTHON_BLOCKS = [block for block in BLOCKS if block.language in PYTHON]


@pytest.mark.parametrize("block", PYTHON_BLOCKS, ids=ids(PYTHON_BLOCKS))
def test_a_block_of_python_runs(block: Block, stage: Stage, place: Path) -> None:
    with stage.names(block.code, place) as names:
        if ">>>" in block.code:
            check(doctest.DocTestParser().get_doctest(block.code, names, block.where, block.where, block.line - 1))
        else:
            printed = run_source("\n" * (block.line - 1) + block.code, block.where, names)
            if block.output is not None:
                assert printed == block.output
    executed.append(block.where)


def run_source(source: str, where: str, names: dict[str, Any]) -> str:
    """Run a block, and the tests that it defines, as pytest would with the sandbox's fixtures."""
    fixtures = {"alpine_session": names["session"], "alpine_sandbox": names.get("server"), **flow_fixtures(Path.cwd())}
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        names["__name__"] = "block"
        exec(compile(source, where, "exec"), names)
        for name in [name for name in names if name.startswith("test_")]:
            names[name](**{part: fixtures[part] for part in inspect.signature(names[name]).parameters})
    return printed.getvalue()


def test_every_block_is_of_a_language_that_is_checked() -> None:
    known = PYTHON | SHELL | DATA
    assert [block.where for block in BLOCKS if block.language not in known] == []


WIDTH = 78
# A command that the page has in one line because .ci/run takes it from there.
WIDER = {"README.md"}


def test_no_example_is_wider_than_the_page() -> None:
    lines = [(block.where, line) for block in BLOCKS for line in (block.code + (block.output or "")).splitlines()]
    for test in DOCSTRINGS:
        for example in test.examples:
            lines += [(test.name, f">>> {line}") for line in example.source.splitlines()]
            lines += [(test.name, line) for line in example.want.splitlines()]
    assert [(where, line) for where, line in lines if len(line) > WIDTH and where.partition(":")[0] not in WIDER] == []


SHELL_BLOCKS = [block for block in BLOCKS if block.language in SHELL]


@pytest.mark.parametrize("block", SHELL_BLOCKS, ids=ids(SHELL_BLOCKS))
def test_a_shell_block_holds_only_commands_that_are_known(block: Block) -> None:
    in_ci = (ROOT / ".ci" / "run").read_text("utf-8") + (ROOT / ".ci" / "long").read_text("utf-8")
    lines = [line.removeprefix("$ ").strip() for line in block.code.splitlines() if line.strip()]
    commands = [line for line in lines if not line.startswith("#")]
    unknown = [
        line
        for line in commands
        if line not in in_ci and not any(re.fullmatch(known, line) for known in KNOWN_COMMANDS)
    ]
    assert unknown == []
    executed.append(f"{block.where} (commands known)")


def test_everything_public_has_a_page_in_the_reference() -> None:
    pages = "".join(path.read_text("utf-8") for path in (DOCS / "reference").glob("*.md"))
    named = set(re.findall(r"^(?:\.\. (?:auto)?module::|```\{resource\}) (\S+)$", pages, re.MULTILINE))
    public = [f"alpine.{info.name}" for info in pkgutil.iter_modules(alpine.__path__) if not info.name.startswith("_")]
    # A class that hangs below another has its entry under the path by which users reach it.
    classes = {f"{name.rpartition('.')[2]}" for name in named}
    lost = [
        name
        for name in public
        if name not in named and not {kind.__name__ for kind in resources_of(importlib.import_module(name))} <= classes
    ]
    assert lost == []


def resources_of(module: Any) -> list[type]:
    """The classes of endpoints that a module defines."""
    return [
        kind
        for kind in vars(module).values()
        if inspect.isclass(kind) and issubclass(kind, AlpineObject) and kind.__module__ == module.__name__
    ]


def test_the_architecture_names_every_package_and_nothing_that_is_not_there() -> None:
    page = (DOCS / "architecture.md").read_text("utf-8")
    named = set(re.findall(r"`((?:alpine|tests|docs)/[\w/.]+)`", page)) - NEW_IN_THE_RECIPE
    assert sorted(name for name in named if not (ROOT / name).exists()) == []
    packages = {f"{path.parent.relative_to(ROOT).as_posix()}/" for path in (ROOT / "alpine").rglob("__init__.py")}
    assert sorted(packages - {"alpine/"} - named) == []


NEW_IN_THE_RECIPE = {
    "alpine/workfile_draft.py",
    "alpine/sandbox/routes/drafts.py",
    "tests/test_workfile_draft.py",
}


def test_every_exception_of_the_documented_tree_exists() -> None:
    tree = importlib.import_module("alpine.exception").__doc__ or ""
    drawn = re.findall(r"[├└]── (\w+)", tree)
    assert drawn
    assert [name for name in drawn if not hasattr(alpine, name)] == []


def test_links_between_pages_lead_somewhere() -> None:
    lost = []
    for page in PAGES:
        if page.exists():
            for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text("utf-8")):
                if not (page.parent / target).exists():
                    lost.append(f"{page.relative_to(ROOT)}: {target}")
    assert lost == []
