"""The runs of workflows: start, follow, stop, read."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from alpine import results
from alpine._arguments import Id, identifier, number, process_id_of
from alpine._constants import flag
from alpine._extras import extra
from alpine._files import target_path
from alpine._http.transport import Transport
from alpine._runs.engine import Engine, Status
from alpine._runs.handle import AfmFile, FlowRun, Watch, flow_of, limits, start_run
from alpine._runs.outcome import OnFinish, checked_on_finish
from alpine._runs.unfinished import Unfinished
from alpine._runs.variables import Variables, checked_variables, undeclared
from alpine.alpineobject import Resource
from alpine.exception import (
    AlpineException,
    WorkfileNotFoundException,
)
from alpine.results import FlowResults, OperatorOutput, RunStatus

if TYPE_CHECKING:
    from pandas import DataFrame

    from alpine._runs.many import RunIterator
    from alpine._runs.outcome import RunOutcomes


class Process(Resource):
    """A class for interacting with runs of workflows.

    It uses the API of the workflow engine, below ``/alpinedatalabs/api/v1/json``.
    """

    def _bind(self, base_url: str, transport: Transport) -> None:
        super()._bind(base_url, transport)
        self._engine: Engine = Engine._beside(self)

    def run(
        self,
        workflow_id: Id,
        variables: Variables | None = None,
        *,
        afm_file: AfmFile | None = None,
        on_finish: OnFinish | None = None,
    ) -> FlowRun:
        """Run a workflow, optionally including a list of workflow variables.

        Returns a process_id which is needed by other functions which query a run or download results.
        Calls ``POST /workflows/:id/run`` of the engine.

        :param workflow_id: ID of the workflow.
        :type workflow_id: str
        :param variables: A list of workflow variables with the format
            ``[{"name": "wfv_name_1", "value": "wfv_value_1"}, {"name": "wfv_name_2", "value": "wfv_value_2"}]``,
            or a dict ``{"wfv_name_1": "wfv_value_1"}``. Numbers become strings.
        :type variables: list
        :param afm_file: The workflow's file, or what :func:`alpine.afm.read` returned. With it, a variable that the
            workflow does not declare causes a warning before anything is sent, and progress shows how many operators
            are done.
        :type afm_file: str
        :param on_finish: A function that a wait for the run calls with its outcome, an :class:`alpine.RunOutcome`. What
            it raises is logged.
        :type on_finish: function
        :returns: ID for the workflow run process: a string that can also wait for the run, stop it and read its
            results.
        :rtype: FlowRun, which is a str
        :raises WorkfileNotFoundException: The workfile does not exist, or is not a workflow.
        :raises WorkflowVariableException: The variables have a wrong format; nothing was sent.
        :raises WorkflowFileException: The file is not a workflow; nothing was sent.
        :raises RunFlowFailureException: The engine refuses to start the run.
        :raises OutcomeUnknownException: The response was lost; the run may have started.

        Example:

        >>> work_flow_variables = [{"name": "@min_amount", "value": "13"}]
        >>> process_id = session.workfile.process.run(
        ...     workflow_id=workflow_id, variables=work_flow_variables
        ... )
        >>> process_id.wait()
        'SUCCESS'
        """
        flow, watch = flow_of(afm_file), _watch(on_finish, variables)
        values = checked_variables(variables)
        for warning in undeclared(values, flow):
            warnings.warn(warning, stacklevel=2)
        unfinished = Unfinished(identifier(workflow_id, "workflow_id", WorkfileNotFoundException))
        try:
            return start_run(self._engine, values, flow, unfinished, watch)
        except BaseException as error:
            if unfinished or not (isinstance(error, AlpineException) or hasattr(error, "__notes__")):
                unfinished.leave(error)
            raise

    def attach(
        self,
        workflow_id: Id,
        process_id: str,
        *,
        afm_file: AfmFile | None = None,
        on_finish: OnFinish | None = None,
    ) -> FlowRun:
        """Return a run that was started elsewhere or earlier, such as before a restart of the notebook. Sends nothing.

        :param workflow_id: ID of the workflow.
        :type workflow_id: int
        :param process_id: ID of the run.
        :type process_id: str
        :param afm_file: The workflow's file, as for :meth:`run`.
        :type afm_file: str
        :param on_finish: A function to call with the outcome, as for :meth:`run`.
        :type on_finish: function
        :returns: The run, as :meth:`run` returns it.
        :rtype: FlowRun, which is a str

        Example:

        >>> session.workfile.process.attach(workflow_id, process_id).wait()
        'SUCCESS'
        """
        number_, run = identifier(workflow_id, "workflow_id", WorkfileNotFoundException), process_id_of(process_id)
        return FlowRun(self._engine, number_, run, flow_of(afm_file), _watch(on_finish, None))

    def query_status(self, process_id: str) -> Status:
        """Return the status of a running workflow. Calls ``GET /processes/:id/query`` of the engine.

        The engine does not distinguish a run that is over from one that never existed: both are ``'FINISHED'``.

        :param process_id: ID of a particular workflow run.
        :type process_id: str
        :returns: State of workflow run. One of 'WORKING', 'FINISHED', or 'FAILED'.
        :rtype: str
        :raises RunFlowFailureException: The engine reports something else about the run.

        Example:

        >>> status = session.workfile.process.query_status(process_id=process_id)
        >>> status in ("WORKING", "FINISHED")
        True
        """
        return self._engine.query(process_id_of(process_id)).status

    def wait_until_finished(
        self,
        workflow_id: Id,
        process_id: str,
        verbose: bool = False,
        query_time: float = 10,
        timeout: float = 3600,
        *,
        stop_on_interrupt: bool = False,
    ) -> RunStatus:
        """Wait for a running workflow to finish.

        The wait goes on when connections are lost or the server is down. If Ctrl-C, ``SystemExit`` or an exception
        raised by a signal handler ends it, the run goes on, and a note of the exception names it.

        :param workflow_id: ID of the workflow.
        :type workflow_id: int
        :param process_id: ID of a particular workflow run.
        :type process_id: str
        :param verbose: Optionally print approximate run time, and the operator that is running. The environment
            variable ``ALPINE_PROGRESS=0`` turns all progress off.
        :type verbose: bool
        :param query_time: Number of seconds between status queries, at most: the first ones come sooner.
            Minimum of 1 second.
        :type query_time: float
        :param timeout: Amount of time in seconds to wait for workflow to finish. Will stop if exceeded. The call
            ends 15 seconds later at the latest, whatever the server does.
        :type timeout: float
        :param stop_on_interrupt: Whether to stop the run if the wait is interrupted; otherwise a note of the exception
            names it.
        :type stop_on_interrupt: bool
        :returns: Workflow run status, 'SUCCESS'.
        :rtype: str
        :raises RunFlowTimeoutException: Workflow runtime has exceeded timeout.
        :raises RunFlowFailureException: The run ended with another status.
        :raises RunFlowConnectionException: The server could not be reached when ``timeout`` had passed.
        :raises ResultsNotFoundException: The run is over and has no results.

        Example:

        >>> session.workfile.process.wait_until_finished(
        ...     workflow_id=workflow_id, process_id=process_id
        ... )
        'SUCCESS'
        """
        number_ = identifier(workflow_id, "workflow_id", WorkfileNotFoundException)
        mine = (
            isinstance(process_id, FlowRun) and process_id.workflow_id == number_ and process_id._engine is self._engine
        )
        run = process_id if isinstance(process_id, FlowRun) and mine else self.attach(number_, process_id)
        return run.wait(verbose, query_time, timeout, stop_on_interrupt=stop_on_interrupt)

    def stop(self, process_id: str) -> str:
        """Attempt to stop a running workflow. Calls ``POST /processes/:id/stop`` of the engine.

        :param process_id: Process ID of the workflow.
        :type process_id: str
        :returns: Flow status. One of 'STOPPED' or 'STOP FAILED'.
        :rtype: str
        :raises StopFlowFailureException: Workflow run not found.

        Example:

        >>> session.workfile.process.stop(process_id=running_process_id)
        'STOPPED'
        """
        return self._engine.stop(process_id_of(process_id))

    def download_results(self, workflow_id: Id, process_id: str) -> FlowResults:
        """Download a workflow run result. Calls ``GET /workflows/:id/results/:process_id`` of the engine.

        :param workflow_id: ID of the workflow.
        :type workflow_id: int
        :param process_id: ID of a particular workflow run.
        :type process_id: str
        :returns: JSON object of workflow results.
        :rtype: dict
        :raises WorkfileNotFoundException: The workflow does not exist.
        :raises ResultsNotFoundException: Results not found or does not match expected structure.

        Example:

        >>> downloaded_flow_results = session.workfile.process.download_results(
        ...     workflow_id=workflow_id, process_id=process_id
        ... )
        """
        flow, run = identifier(workflow_id, "workflow_id", WorkfileNotFoundException), process_id_of(process_id)
        return self._engine.results(flow, run)

    @staticmethod
    def find_operator(operator_name: str, flow_results: Mapping[str, Any]) -> OperatorOutput:
        """Extract data for a single operator from a downloaded workflow result.

        :param operator_name: Operator name to extract. Must be an exact match to the name in the workflow.
        :type operator_name: str
        :param flow_results: JSON object of Alpine flow results from download_results.
        :type flow_results: dict
        :returns: Single operator data.
        :rtype: dict
        :raises FlowResultsMalformedException: Workflow result does not contain the key ['outputs'].
        :raises OperatorNotFoundException: There is no such operator in the results.

        Example:

        >>> operator_data = session.workfile.process.find_operator(
        ...     operator_name='Row Filter', flow_results=downloaded_flow_results
        ... )
        """
        return results.find_operator(operator_name, flow_results)

    @staticmethod
    def get_metadata(flow_results: Mapping[str, Any]) -> dict[str, Any]:
        """Return the metadata for a particular workflow run.

        It includes time, number of operators, user, and number of runtime errors.

        :param flow_results: JSON object of Alpine flow results from download_results.
        :type flow_results: dict
        :returns: Run metadata.
        :rtype: dict
        :raises FlowResultsMalformedException: Workflow result does not contain the key ['flowMetaInfo'].

        Example:

        >>> session.workfile.process.get_metadata(
        ...     flow_results=downloaded_flow_results
        ... )["status"]
        'SUCCESS'
        """
        return results.get_metadata(flow_results)

    def run_many(
        self,
        workflow_id: Id,
        list_of_variables: Iterable[Variables | None],
        max_concurrent: int = 4,
        *,
        afm_file: AfmFile | None = None,
        query_time: float = 10,
        timeout: float = 3600,
        verbose: bool = False,
        stop_on_interrupt: bool = False,
        resume: str | os.PathLike[str] | None = None,
        on_finish: OnFinish | None = None,
    ) -> RunOutcomes:
        """Run a workflow many times, several runs at a time, and wait for all of them.

        The next run starts as soon as another is over. A run that fails, or cannot be started, is an outcome as well.
        No run is started twice.

        :param workflow_id: ID of the workflow.
        :type workflow_id: int
        :param list_of_variables: The variables of each run, as for :meth:`run`.
        :type list_of_variables: list
        :param max_concurrent: How many runs may be in progress at the same time.
        :type max_concurrent: int
        :param afm_file: The workflow's file, as for :meth:`run`.
        :type afm_file: str
        :param query_time: Maximum number of seconds between two polls of the same run.
        :type query_time: float
        :param timeout: Number of seconds for each run, which is then stopped.
        :type timeout: float
        :param verbose: Show how many are running, and how many are done.
        :type verbose: bool
        :param stop_on_interrupt: Whether to stop the runs in progress if this call is interrupted by Ctrl-C,
            ``SystemExit`` or an exception raised by a signal handler. Otherwise they go on, and a note of the exception
            has their ids. The attribute ``outcomes`` of the exception has the outcomes known so far.
        :type stop_on_interrupt: bool
        :param resume: A JSON file that remembers the runs. If this call is repeated after the script was killed, the
            runs that are over are not started again, those still in progress are waited for, and the others are
            started. The results of runs that are over are downloaded again.
        :type resume: str
        :param on_finish: A function that is called with each outcome as soon as it is known, whatever the order. What
            it raises is logged.
        :type on_finish: function
        :returns: The outcomes, in the order of the variables.
        :rtype: list of RunOutcome
        :raises WorkflowVariableException: Some variables have a wrong format; nothing was sent.
        :raises LocalFileException: The file cannot be read or written, another script is working with it, or it has the
            runs of another workflow or server.

        Example:

        >>> outcomes = session.workfile.process.run_many(
        ...     workflow_id, [{"@min_amount": n} for n in (10, 20, 30)]
        ... )
        >>> [outcome.status for outcome in outcomes]
        ['SUCCESS', 'SUCCESS', 'SUCCESS']
        """
        outcomes = self.iterate_many(
            workflow_id,
            list_of_variables,
            max_concurrent,
            afm_file=afm_file,
            query_time=query_time,
            timeout=timeout,
            verbose=verbose,
            stop_on_interrupt=stop_on_interrupt,
            resume=resume,
            on_finish=on_finish,
        )
        return outcomes.all()

    def iterate_many(
        self,
        workflow_id: Id,
        list_of_variables: Iterable[Variables | None],
        max_concurrent: int = 4,
        *,
        afm_file: AfmFile | None = None,
        query_time: float = 10,
        timeout: float = 3600,
        verbose: bool = False,
        stop_on_interrupt: bool = False,
        resume: str | os.PathLike[str] | None = None,
        on_finish: OnFinish | None = None,
    ) -> RunIterator:
        """Run a workflow many times, and yield the outcomes in order, each as soon as it is known.

        Parameters and exceptions are those of :meth:`run_many`. Runs are started and polled only while the
        loop waits for the next outcome, not during the body of the loop. Leaving the loop early, by ``break`` or an
        exception, is like an interrupt: the runs in progress are stopped with ``stop_on_interrupt=True``, and otherwise
        named in a ``RuntimeWarning``. In ``with session.workfile.process.iterate_many(...) as outcomes:``, a note of
        the exception names them instead.

        Example:

        >>> process = session.workfile.process
        >>> for outcome in process.iterate_many(workflow_id, [{"@min_amount": 10}]):
        ...     print(outcome.variables, outcome.status)
        {'@min_amount': 10} SUCCESS
        """
        from alpine._runs.kept import KeptRuns
        from alpine._runs.many import RunIterator, RunOptions, Scheduler, specs_of

        flow, specs = flow_of(afm_file), specs_of(list_of_variables)
        for warning in dict.fromkeys(warning for spec in specs for warning in undeclared(spec.values, flow)):
            warnings.warn(warning, stacklevel=2)
        workflow = identifier(workflow_id, "workflow_id", WorkfileNotFoundException)
        places = number(max_concurrent, "max_concurrent", least=1, whole=True)
        stop = bool(flag(stop_on_interrupt, "stop_on_interrupt"))
        told = checked_on_finish(on_finish)
        options = RunOptions(workflow, flow, places, *limits(query_time, timeout), bool(verbose), stop, told)
        kept = None
        if resume is not None:
            kept = KeptRuns(target_path(resume, "resume"), self._engine.base_url, workflow)
        return RunIterator(Scheduler(self._engine, specs, options, kept))

    def sweep(
        self,
        workflow_id: Id,
        values: Mapping[str, Iterable[object]],
        pick: Callable[[FlowResults], object],
        max_concurrent: int = 4,
        **options: Any,
    ) -> DataFrame:
        """Run a workflow with every combination of some values, and return the outcomes as a table.

        :param workflow_id: ID of the workflow.
        :type workflow_id: int
        :param values: The values to try for each variable.
        :type values: dict
        :param pick: A function that takes the results of a run, and returns the value to keep, or a dict of several. If
            it raises ``LookupError``, ``TypeError``, ``ValueError``, ``AttributeError`` or ``ArithmeticError``, the
            column ``error`` has the message; any other exception ends the sweep as Ctrl-C does.
        :type pick: function
        :param max_concurrent: How many runs may be in progress at the same time.
        :type max_concurrent: int
        :param options: The other parameters of :meth:`run_many`.
        :returns: A row for each combination: the variables, what was picked (in a column ``value``, unless it is a
            dict), ``process_id`` and ``error``. For a run that failed, the picked values are missing.
        :rtype: pandas.DataFrame
        :raises WorkflowVariableException: The values have a wrong format; nothing was sent.
        :raises MissingExtraException: Pandas is not installed; nothing was sent.

        Example:

        >>> session.workfile.process.sweep(
        ...     workflow_id,
        ...     {"@min_amount": [10, 20, 30]},
        ...     pick=lambda results: results.operators["Row Filter"].row_count,
        ... )
        """
        from alpine._runs.sweep import sweep_variables, to_dataframe

        extra("pandas")
        outcomes = self.iterate_many(workflow_id, sweep_variables(values), max_concurrent, **options)
        return outcomes.together(partial(to_dataframe, pick=pick))


def _watch(on_finish: object, variables: Variables | None) -> Watch | None:
    """Who wants to know how a run ends.

    :raises InvalidArgumentException: It is no function.
    """
    told = checked_on_finish(on_finish)
    return None if told is None else Watch(told, variables)
