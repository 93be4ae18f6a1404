"""Commands for runs: run, status, wait, stop, results."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any

from alpine._command.context import Context, id_of
from alpine._command.exits import RUN_FAILED
from alpine._command.output import Result, check_target, painted, table
from alpine._command.parser import (
    Commands,
    Parser,
    WrongUseException,
    add_command,
    add_server,
    add_wait,
    add_workspace,
    refuse_name_alone,
    variable,
)
from alpine._printable import printable

if TYPE_CHECKING:
    from alpine import APIClient, FlowResults, FlowRun

_ENGINE = "/alpinedatalabs/api/v1/json"


def add_to(commands: Commands) -> None:
    """Add the commands of this module."""
    parser = add_command(
        commands,
        "run",
        run,
        "start a run of a workflow, and wait for it if asked to",
        "alpine run order_filter --workspace Sandbox --var min_amount=200 --wait --timeout 1h --out results.json",
    )
    parser.add_argument("workflow", help="name or id of the workflow")
    add_workspace(parser)
    parser.add_argument(
        "--var", dest="variables", metavar="NAME=VALUE", type=variable, action="append", default=[],
        help="value of a workflow variable; may be repeated",
    )  # fmt: skip
    parser.add_argument("--wait", action="store_true", help="wait until the run is over")
    add_wait(parser)
    add_server(parser)

    parser = add_command(commands, "status", status, "tell whether a run is in progress", "alpine status ID")
    parser.add_argument("id", help="id of the run")
    add_server(parser)

    parser = add_command(
        commands,
        "wait",
        wait,
        "wait for a run that was started earlier or elsewhere",
        "alpine wait ID --workflow order_filter --workspace Sandbox",
    )
    parser.add_argument("id", help="id of the run")
    _add_workflow(parser)
    add_wait(parser)
    add_server(parser)

    parser = add_command(commands, "stop", stop, "stop a run", "alpine stop ID")
    parser.add_argument("id", help="id of the run")
    add_server(parser)

    parser = add_command(
        commands,
        "results",
        results,
        "show or save the results of a run",
        "alpine results ID --workflow order_filter --workspace Sandbox --operator 'By Region'",
    )
    parser.add_argument("id", help="id of the run")
    _add_workflow(parser)
    parser.add_argument("--operator", metavar="NAME", help="show the rows of one operator")
    parser.add_argument("--out", metavar="FILE", help="write all of the results to a file, as JSON")
    add_server(parser)


def _add_workflow(parser: Parser) -> None:
    parser.add_argument("--workflow", metavar="NAME", help="name or id of its workflow; not needed while it runs")
    add_workspace(parser)


def run(context: Context) -> Result:
    """Start a run, and wait for it if asked to."""
    options = context.options
    refuse_name_alone(options.workflow, options.workspace)
    if options.out is not None and not options.wait:
        raise WrongUseException("--out FILE is for the results of a run that is over: add --wait", "", "run")
    check_target(options.out, "--out")
    with context.session() as session:
        started = session.run(options.workflow, options.workspace, dict(options.variables), wait=False)
        with context.following(session, started):
            context.say(f"Started run {id_of(started)}.")
            if options.wait:
                return _waited(context, started)
        context.say(f"It goes on: {context.how_to_go_on(started)}")
        return Result({**_facts(started), "status": "STARTED", "results_file": None, "operators": None}, id_of(started))


def wait(context: Context) -> Result:
    """Wait for a run."""
    _refuse_workflow_alone(context)
    check_target(context.options.out, "--out")
    with context.session() as session:
        found = _found(context, session)
        with context.following(session, found):
            context.say(f"Waiting for run {id_of(found)}.")
            return _waited(context, found)


def _waited(context: Context, found: FlowRun) -> Result:
    # The library shows progress on stdout, which here belongs to the result.
    with contextlib.redirect_stdout(sys.stderr):
        found.wait(verbose=not context.quiet, timeout=context.options.timeout)
    return _told(context, found, found.results())


def _told(context: Context, found: FlowRun, read: FlowResults) -> Result:
    file = None if context.options.out is None else str(read.save(context.options.out))
    operators = [{"name": name, "rows": output.row_count} for name, output in read.operators.items()]
    document = {**_facts(found), "status": read.status, "results_file": file, "operators": operators}
    lines = [
        f"Run {id_of(found)}: {painted(printable(read.status))}",
        table(("OPERATOR", "ROWS"), [(each["name"], each["rows"]) for each in operators]),
    ]
    return Result(document, "\n".join([*lines, *([] if file is None else [f"Results: {file}"])]))


def _facts(found: FlowRun) -> dict[str, Any]:
    return {
        "id": id_of(found),
        "process_id": str(found),
        "workflow_id": found.workflow_id,
        "url": found.url,
    }


def status(context: Context) -> Result:
    """Tell whether a run is in progress."""
    run_id = _taken_apart(context.options.id)[1]
    with context.session() as session:
        said = session.workfile.process.query_status(run_id)
        return Result({"process_id": run_id, "status": said}, painted(said))


def stop(context: Context) -> Result:
    """Stop a run."""
    run_id = _taken_apart(context.options.id)[1]
    with context.session() as session:
        said = session.workfile.process.stop(run_id)
        code = 0 if said == "STOPPED" else RUN_FAILED
        return Result({"process_id": run_id, "status": said}, painted(said), code)


def results(context: Context) -> Result:
    """Show or save the results of a run."""
    _refuse_workflow_alone(context)
    check_target(context.options.out, "--out")
    with context.session() as session:
        found = _found(context, session)
        read = found.results()
        told = _told(context, found, read)
        if context.options.operator is None:
            return told
        rows = _rows_of(read, context.options.operator)
        told.document["rows"] = rows
        columns = list(dict.fromkeys(name for row in rows for name in row))
        return Result(told.document, table(columns, [[row.get(name) for name in columns] for row in rows]))


def _rows_of(read: FlowResults, operator: str) -> list[dict[str, Any]]:
    output = read.operators[operator]
    data = output.get("visualData")
    items = data.get("items") if isinstance(data, dict) else None
    return [row for row in items if isinstance(row, dict)] if isinstance(items, list) else []


def _found(context: Context, session: APIClient) -> FlowRun:
    """A run by its id; its workflow is in the id, or given, or known to the engine while the run is in progress."""
    workflow, run_id = _taken_apart(context.options.id)
    name = context.options.workflow
    if name is not None:
        number = int(name) if name.strip().isdecimal() else session.workfile.get_id(name, context.options.workspace)
    elif workflow is not None:
        number = workflow
    else:
        number = _workflow_of(session, run_id)
    return session.workfile.process.attach(number, run_id)


def _refuse_workflow_alone(context: Context) -> None:
    if context.options.workflow is not None:
        refuse_name_alone(context.options.workflow, context.options.workspace)


def _taken_apart(given: str) -> tuple[int | None, str]:
    """The workflow and the process in an id as the command prints it; no workflow for the engine's own id."""
    workflow, colon, process = given.partition(":")
    return (int(workflow), process) if colon and workflow.isdecimal() else (None, given)


def _workflow_of(session: APIClient, run_id: str) -> int:
    from alpine._arguments import segment, text
    from alpine.exception import NotFoundException

    answer = session.request("GET", f"{_ENGINE}/processes/{segment(text(run_id, 'process_id'))}/query")
    meta = answer.get("meta") if isinstance(answer, dict) else None
    said = str(meta.get("workflowId")) if isinstance(meta, dict) else ""
    if said.isdecimal():
        return int(said)
    raise NotFoundException(
        f"Run {run_id} is over, or there is no such run. Its results are found with its workflow: --workflow ID, or "
        "--workflow NAME --workspace NAME."
    )
