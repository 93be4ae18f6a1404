"""Commands for workflow files, which talk to no server: flow show, flow compare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alpine._command.context import Context
from alpine._command.exits import RUN_FAILED
from alpine._command.output import Result
from alpine._command.parser import Commands, add_command

if TYPE_CHECKING:
    from alpine.afm import Workflow


def add_to(commands: Commands) -> None:
    """Add the commands of this module."""
    about = "look at workflow files: show, compare"
    group = commands.add_parser("flow", help=about, description="Look at workflow files; nothing is sent.")
    flow = group.add_subparsers(title="commands", metavar="COMMAND", required=True)

    parser = add_command(
        flow, "show", show, "show a workflow file as text", "alpine flow show order_filter.afm", full_name="flow show"
    )
    parser.add_argument("file", help="path of the file")
    parser.add_argument("--svg", metavar="FILE", help="write a drawing")

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
    if target is None:
        return None
    from alpine._files import FileSink, target_path

    with FileSink(target_path(target, "--svg"), "flow.svg") as sink:
        sink.start({})
        sink.write(thing.to_svg().encode())
        return str(sink.finish())
