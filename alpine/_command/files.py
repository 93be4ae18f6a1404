"""Commands for workspaces and the files in them: ls, upload, download, deploy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alpine._command.context import Context
from alpine._command.exits import WRONG_USE
from alpine._command.output import Result, table
from alpine._command.parser import Commands, Parser, add_command, add_server, add_workspace, refuse_name_alone
from alpine._printable import printable

if TYPE_CHECKING:
    from alpine import APIClient

_KINDS = ("work_flow", "sql", "code", "text", "image", "xml", "other")
_WORKFILE = ("id", "file_name", "file_type", "status", "user_modified_at")
_WORKSPACE = ("id", "name", "owner", "archived", "workfiles_count")


def add_to(commands: Commands) -> None:
    """Add the commands of this module."""
    parser = add_command(
        commands,
        "ls",
        ls,
        "list the workspaces, or the files of one",
        "alpine ls",
        "alpine ls Sandbox --type work_flow",
    )
    parser.add_argument("workspace", nargs="?", help="name or id of a workspace")
    parser.add_argument("--type", dest="file_type", choices=_KINDS, help="only files of one kind")
    add_server(parser)

    parser = add_command(
        commands,
        "upload",
        upload,
        "upload a workflow (.afm), or a file of any other kind",
        "alpine upload order_filter.afm --workspace Sandbox --data-source 'Sandbox Database' --if-exists replace",
    )
    parser.add_argument("file", help="path of the file")
    add_workspace(parser, required=True)
    _add_data_source(parser)
    parser.add_argument("--name", help="name on the server; default: that of the file")
    parser.add_argument(
        "--if-exists", choices=("rename", "error", "replace"), default="rename",
        help="what to do if the name is taken (default: %(default)s)",
    )  # fmt: skip
    add_server(parser)

    parser = add_command(
        commands,
        "download",
        download,
        "download a file; the server hands out no workflows",
        "alpine download notes.txt --workspace Sandbox --out .",
    )
    parser.add_argument("file", help="name or id of the file")
    add_workspace(parser)
    parser.add_argument("--out", metavar="PATH", default=".", help="a file or a directory (default: here)")
    add_server(parser)

    parser = add_command(
        commands,
        "deploy",
        deploy,
        "upload the workflows of a folder that have changed since they were deployed",
        "alpine deploy flows --workspace Sandbox --data-source 'Sandbox Database' --dry-run",
    )
    parser.add_argument("folder", help="path of the folder; its files that end in .afm are the workflows")
    add_workspace(parser, required=True)
    _add_data_source(parser, required=True)
    parser.add_argument("--dry-run", action="store_true", help="tell what would be done only")
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="replace also what was changed on the server, or was not deployed from this folder",
    )
    add_server(parser)


def _add_data_source(parser: Parser, *, required: bool = False) -> None:
    parser.add_argument(
        "--data-source", dest="data_sources", metavar="NAME[/DATABASE]", action="append", default=[],
        required=required, help="data source of a workflow; may be repeated",
    )  # fmt: skip


def ls(context: Context) -> Result:
    """List the workspaces, or the files of one."""
    options = context.options
    with context.session() as session:
        if options.workspace is None:
            rows = [_record(row, _WORKSPACE) for row in session.workspace.get_list()]
            return Result({"workspaces": rows}, _listed(rows, _WORKSPACE))
        found = session.workfile.get_list(options.workspace, file_type=options.file_type)
        rows = [_record(row, _WORKFILE) for row in found]
        return Result({"workfiles": rows}, _listed(rows, _WORKFILE))


def upload(context: Context) -> Result:
    """Upload a file."""
    options = context.options
    is_workflow = options.file.casefold().endswith(".afm")
    _refuse_wrong_sources(is_workflow, options.data_sources)
    with context.session() as session:
        if is_workflow:
            sources = _sources(session, options.data_sources)
            record = session.workfile.upload(
                options.workspace, options.file, sources, if_exists=options.if_exists, name=options.name
            )
        else:
            record = session.workfile.upload_file(
                options.workspace, options.file, if_exists=options.if_exists, name=options.name
            )
        document = _record(record, _WORKFILE)
        return Result({**document, "url": record.url}, _listed([document], _WORKFILE))


def download(context: Context) -> Result:
    """Download a file."""
    options = context.options
    refuse_name_alone(options.file, options.workspace)
    with context.session() as session:
        if options.file.strip().isdecimal():
            number = int(options.file)
        else:
            number = session.workfile.get_id(options.file, options.workspace)
        path = session.workfile.download(number, path=options.out)
        return Result({"id": number, "path": str(path), "bytes": path.stat().st_size}, str(path))


def deploy(context: Context) -> Result:
    """Upload the workflows of a folder that have changed."""
    from dataclasses import asdict

    options = context.options
    with context.session() as session:
        if not options.dry_run:
            context.say(f"Deploying {options.folder} to {options.workspace}.")
        plan = session.workfile.deploy(
            options.folder,
            options.workspace,
            _sources(session, options.data_sources),
            dry_run=options.dry_run,
            overwrite=options.overwrite,
        )
    document = {
        "workspace_id": plan.workspace_id,
        "done": plan.done,
        "record": str(plan.record),
        "steps": [asdict(step) for step in plan.steps],
    }
    # A dry run ends as the deployment would.
    return Result(document, printable(str(plan)), WRONG_USE if plan.refused else 0)


def _sources(session: APIClient, given: list[str]) -> list[dict[str, Any]]:
    return [session.datasource.for_upload(*_source_and_database(each)) for each in given]


def _refuse_wrong_sources(is_workflow: bool, sources: list[str]) -> None:
    from alpine.exception import InvalidArgumentException

    if is_workflow and not sources:
        raise InvalidArgumentException("A workflow needs its data sources: --data-source NAME, or NAME/DATABASE.")
    if sources and not is_workflow:
        raise InvalidArgumentException("Only a workflow, a file that ends in .afm, has data sources.")


def _source_and_database(given: str) -> tuple[str, str | None]:
    name, slash, database = given.partition("/")
    return name, database if slash else None


def _record(record: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    values = {key: record.get(key) for key in keys}
    owner = values.get("owner")
    if isinstance(owner, dict):
        values["owner"] = owner.get("username")
    return values


def _listed(rows: list[dict[str, Any]], keys: tuple[str, ...]) -> str:
    return table([key.upper().replace("_", " ") for key in keys], [[row[key] for key in keys] for row in rows])
