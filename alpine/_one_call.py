"""What a script does in one call: a workflow found, started and waited for; SQL; a look at whether all is well."""

from __future__ import annotations

from alpine._arguments import Id, identifier, number, text
from alpine._client_settings import ClientSettings
from alpine._connection_check import ConnectionChecks, checked
from alpine._constants import flag
from alpine._restating import restated, restating
from alpine._runs.handle import AfmFile, FlowRun, flow_of, limits
from alpine._runs.variables import Variables, checked_variables
from alpine._server_information import ServerInformation
from alpine._sql import run_sql
from alpine._tables.sql_result import SQLResult
from alpine.exception import (
    AlpineException,
    InvalidArgumentException,
    SchemaNotFoundException,
    WorkfileNotFoundException,
    WorkspaceNotFoundException,
)
from alpine.workfile import Workfile
from alpine.workspace import workspace_id_of


class OneCall(ServerInformation, ClientSettings):
    """Calls that put several others together."""

    workfile: Workfile

    def run(
        self,
        workflow: int | str,
        workspace: int | str | None = None,
        variables: Variables | None = None,
        *,
        wait: bool = True,
        timeout: float = 3600,
        query_time: float = 10,
        afm_file: AfmFile | None = None,
        verbose: bool = False,
        stop_on_interrupt: bool = False,
    ) -> FlowRun:
        """Find a workflow, run it, and wait until the run is over.

        :param workflow: The name of the workflow, or its id.
        :type workflow: str
        :param workspace: The name or the id of the workspace that contains the workflow. Needed for a name.
        :type workspace: str
        :param variables: The values of workflow variables, as for :meth:`alpine.workfile.Workfile.Process.run`.
        :type variables: dict
        :param wait: Whether to wait for the end. Without it, the call returns as soon as the run has started.
        :type wait: bool
        :param timeout: Number of seconds to wait for the end; the run is stopped then.
        :type timeout: float
        :param query_time: Maximum number of seconds between two polls.
        :type query_time: float
        :param afm_file: The workflow's file, as for :meth:`alpine.workfile.Workfile.Process.run`.
        :type afm_file: str
        :param verbose: Whether to show how the run proceeds.
        :type verbose: bool
        :param stop_on_interrupt: Whether to stop the run if the wait is interrupted.
        :type stop_on_interrupt: bool
        :returns: The run. After a wait its results are there: ``run.results()`` sends nothing more.
        :rtype: FlowRun, which is a str
        :raises WorkspaceNotFoundException: The workspace does not exist.
        :raises WorkfileNotFoundException: The workflow does not exist.
        :raises RunFlowFailureException: The run could not be started, or ended with another status than 'SUCCESS'.
        :raises RunFlowTimeoutException: The run was still in progress when ``timeout`` had passed.
        :raises RunFlowConnectionException: The server could not be reached when ``timeout`` had passed.

        Messages of exceptions say which workflow of which workspace was to be run. The run's id is logged as soon as
        it is known, by the logger ``alpine.apiclient`` at the level INFO.

        Example:

        >>> run = session.run(
        ...     "order_filter", workspace="Sandbox", variables={"@min_amount": 200}
        ... )
        >>> run.results().operators["Row Filter"].row_count
        59
        """
        name = _named(workflow)
        if name is not None and workspace is None:
            raise InvalidArgumentException(
                f"To run the workflow {name!r}, say in which workspace it is: run({name!r}, workspace=…)."
            )
        _checked_workspace(workspace)
        checked_variables(variables)
        limits(query_time, timeout)
        waits, stops, flow = flag(wait, "wait"), flag(stop_on_interrupt, "stop_on_interrupt"), flow_of(afm_file)
        if name is None or workspace is None:
            number = identifier(workflow, "workflow", WorkfileNotFoundException)
        else:
            number = self.workfile.get_id(name, workspace)

        def tell_the_name(error: AlpineException) -> AlpineException | None:
            # What the server says of a run has the id only.
            more = f"This was a run of workflow {name!r} in workspace {workspace!r}."
            return None if name is None else restated(error, type(error), more)

        with restating(AlpineException, tell_the_name):
            run = self.workfile.process.run(number, variables, afm_file=flow)
            # Before the wait: who kills the script finds the run by its log.
            self.logger.info("%s: started run %s of workflow %d", workflow, run, number)
            if waits:
                run.wait(verbose, query_time, timeout, stop_on_interrupt=bool(stops))
        return run

    def sql(
        self, workspace_id: Id, query: str, schema_id: Id | None = None, *, timeout: float | None = None
    ) -> SQLResult:
        """Run SQL on the server, and return the first rows of its result.

        Calls ``POST /workfiles/:id/executions``, for a workfile that is made for it and removed afterwards.

        The server gives a limited number of rows, usually 500, and does not say whether there are more; a result with
        that many causes a warning. :meth:`alpine.dataset.Dataset.to_dataframe` reads all rows of a table. If Ctrl-C or
        an exception raised by a signal handler ends the wait, the SQL is asked to stop. A null is an empty string in
        the result; where the difference matters, ask for it, as in ``select coalesce(name, '(null)')``.

        :param workspace_id: ID of the workspace, or its name. Its members may run SQL in it.
        :type workspace_id: int
        :param query: The SQL. Of several statements, the last one gives the result; what they change is kept.
        :type query: str
        :param schema_id: The schema in which tables are looked for first; by default the workspace's sandbox.
        :type schema_id: int
        :param timeout: Seconds to wait for the result, in place of the client's time-out; the server waits 10 minutes.
        :type timeout: float
        :returns: ``columns``, ``rows`` (lists of strings), ``row_limit`` (the most there can be), ``to_dataframe``.
        :rtype: SQLResult
        :raises WorkspaceNotFoundException: There is no such workspace.
        :raises SchemaNotFoundException: There is no such schema.
        :raises ValidationException: The database refuses the SQL, or breaks it off; the message is its own.
        :raises ForbiddenException: The user is not a member of the workspace, or has no account for the data source.
        :raises InvalidArgumentException: An argument is wrong, or there is neither a schema nor a sandbox.
        :raises OutcomeUnknownException: The response did not come in time, or was lost. The SQL was asked to stop.
        :raises FeatureNotFoundException: The server runs no SQL.

        Example:

        >>> query = "select status, count(*) from demo.orders group by 1 order by 1"
        >>> session.sql(workspace_id, query)["rows"]
        [['open', '70'], ['paid', '172'], ['returned', '58']]
        """
        statement = text(query, "query")
        schema = schema_id if schema_id is None else identifier(schema_id, "schema_id", SchemaNotFoundException)
        seconds = timeout if timeout is None else number(timeout, "timeout", least=0.001)
        return run_sql(self, workspace_id_of(self, workspace_id), statement, schema, seconds, 2)

    def check(self, workspace: int | str | None = None) -> ConnectionChecks:
        """Check the connection: address, TLS, version, clock, login, and the rights in a workspace.

        Nothing is changed on the server. Calls ``GET /status``, ``GET /VERSION``, ``GET /sessions``, and with a
        workspace ``GET /workspaces/:id``.

        :param workspace: The name or the id of a workspace, to see what the user may do in it.
        :type workspace: str
        :returns: A list with a dict for each check: ``check``, ``status`` (``ok``, ``warning``, ``failed`` or
            ``not tried``), ``found`` and ``advice``. Printed, it is a table.
        :rtype: list of dict
        :raises InvalidArgumentException: ``workspace`` is neither a name nor an id; nothing was sent.

        What fails is in the list, and not raised.

        Example:

        >>> checks = session.check(workspace="Sandbox")
        >>> checks.ok
        True
        """
        _checked_workspace(workspace)
        return checked(self, workspace)


def _named(workflow: int | str) -> str | None:
    """The name of a workflow; None for an id: digits are an id, also as a string."""
    if isinstance(workflow, str) and not workflow.strip().isdecimal():
        return text(workflow, "workflow")
    identifier(workflow, "workflow", WorkfileNotFoundException)
    return None


def _checked_workspace(workspace: Id | None) -> None:
    if isinstance(workspace, str):
        text(workspace, "workspace")
    elif workspace is not None:
        identifier(workspace, "workspace", WorkspaceNotFoundException)
