"""What a script does in one call: a workflow found, started and waited for; a look at whether all is well."""

from __future__ import annotations

from alpine._arguments import Id, identifier, text
from alpine._client_settings import ClientSettings
from alpine._connection_check import ConnectionChecks, checked
from alpine._constants import flag
from alpine._runs.handle import AfmFile, FlowRun, flow_of, limits
from alpine._runs.variables import Variables, checked_variables
from alpine._server_information import ServerInformation
from alpine.exception import (
    AlpineException,
    InvalidArgumentException,
    WorkfileNotFoundException,
    WorkspaceNotFoundException,
    restated,
    restating,
)
from alpine.workfile import Workfile


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
