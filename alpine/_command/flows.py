"""Commands for workflow files, which talk to no server: flow show, flow check, flow compare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alpine._command.context import Context
from alpine._command.exits import RUN_FAILED
from alpine._command.output import Result, write_file
from alpine._command.parser import Commands, add_command
from alpine._printable import printable

if TYPE_CHECKING:
    from alpine.afm import Workflow


def add_to(commands: Commands) -> None:
    """Add the commands of this module."""
    about = "look at workflow files: show, check, compare"
    group = commands.add_parser("flow", help=about, description="Look at workflow files; nothing is sent.")
    flow = group.add_subparsers(title="commands", metavar="COMMAND", required=True)

    parser = add_command(
        flow, "show", show, "show a workflow file as text", "alpine flow show order_filter.afm", full_name="flow show"
    )
    parser.add_argument("file", help="path of the file")
    parser.add_argument("--svg", metavar="FILE", help="write a drawing")

    parser = add_command(
        flow,
        "check",
        check,
        "tell what is wrong in workflow files; exit code 1 if a run of one would fail",
        "alpine flow check order_filter.afm",
        "alpine flow check flows/*.afm --data tables",
        full_name="flow check",
    )
    parser.add_argument("files", metavar="FILE", nargs="+", help="paths of the files")
    parser.add_argument(
        "--data", metavar="DIR", help="folder with text and Parquet files, each a table named like its file"
    )

    parser = add_command(
        flow,
        "compare",
        compare,
        "tell what differs between two workflow files; exit code 1 if they differ",
        "alpine flow compare old.afm new.afm",
        full_name="flow compare",
    )
    parser.add_argument("old", help="path of the old file")
    parser.add_argument("new", help="path of the new file")
    parser.add_argument("--svg", metavar="FILE", help="write a drawing of both in one")


def show(context: Context) -> Result:
    """Show a workflow."""
    from alpine import afm

    flow = afm.read(context.options.file)
    return Result({**_facts(flow), "drawing": _drawn(flow, context.options.svg)}, flow.to_text().rstrip("\n"))


def check(context: Context) -> Result:
    """Tell what is wrong in workflows."""
    from alpine import afm

    documents: list[dict[str, Any]] = []
    lines = []
    for file in context.options.files:
        found = afm.read(file).check(context.options.data)
        documents.append({"file": file, "findings": found.to_dict()})
        lines += [printable(f"{file}: {finding}") for finding in found or (found,)]
    errors = sum(each["severity"] == "error" for document in documents for each in document["findings"])
    return Result({"files": documents, "errors": errors}, "\n".join(lines), RUN_FAILED if errors else 0)


def compare(context: Context) -> Result:
    """Tell what differs between two workflows."""
    from alpine import afm

    found = afm.compare(afm.read(context.options.old), afm.read(context.options.new))
    document = {**found.to_dict(), "differ": bool(found), "drawing": _drawn(found, context.options.svg)}
    return Result(document, str(found), RUN_FAILED if found else 0)


def _facts(flow: Workflow) -> dict[str, Any]:
    return {
        "name": flow.name,
        "variables": dict(flow.variables),
        "operators": [
            {"name": each.name, "class": each.type, "inputs": [source.name for source in flow.inputs_of(each.name)]}
            for each in flow.operators.values()
            if not each.is_note
        ],
    }


def _drawn(thing: Any, target: str | None) -> str | None:
    return None if target is None else write_file(target, "--svg", "flow.svg", thing.to_svg())
