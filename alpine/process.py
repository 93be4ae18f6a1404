"""The runs of workflows: start, follow, stop, read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from alpine import results
from alpine._arguments import Id, identifier, number, process_id_of, segment
from alpine._display import Progress
from alpine._http.body import BytesBody
from alpine._http.transport import Answer, Timeout, unusable
from alpine._variables import Variables, checked_variables
from alpine._waiting import Waited, wait_for
from alpine.alpineobject import AlpineObject
from alpine.exception import (
    AlpineException,
    AlpineSessionNotFoundException,
    OutcomeUnknownException,
    ResultsNotFoundException,
    RunFlowConnectionException,
    RunFlowFailureException,
    RunFlowTimeoutException,
    StopFlowFailureException,
    WorkfileNotFoundException,
)
from alpine.results import SUCCESS, FlowResults, RunStatus

Status = Literal["WORKING", "FINISHED", "FAILED"]
WORKING: Final = "WORKING"
FINISHED: Final = "FINISHED"
FAILED: Final = "FAILED"

_START_TIMEOUT = 10
"""Seconds that the engine gives a run to start, unless told otherwise."""
_RESULTS_DELAY = 30.0
"""Seconds after the end of a run in which its results may still be on their way."""
_IF_LOST = "A run may have started: look in the results of the workflow on the server before you start another."


@dataclass(frozen=True)
class _RunState:
    status: Status
    state: str = ""
    node: str | None = None


class Process(AlpineObject):
    """A class for interacting with runs of workflows.

    It speaks to the workflow engine, below ``/alpinedatalabs/api/v1/json``.
    """

    def run(self, workflow_id: Id, variables: Variables | None = None) -> str:
        """Run a workflow, optionally including a list of workflow variables.

        Returns a process_id which is needed by other functions which query a run or download results.
        Calls ``POST /workflows/:id/run`` of the engine.

        :param workflow_id: ID of the workflow.
        :type workflow_id: str
        :param variables: A list of workflow variables with the format
            ``[{"name": "wfv_name_1", "value": "wfv_value_1"}, {"name": "wfv_name_2", "value": "wfv_value_2"}]``,
            or a dict ``{"wfv_name_1": "wfv_value_1"}``. Numbers become texts.
        :type variables: list
        :returns: ID for the workflow run process.
        :rtype: str
        :raises WorkfileNotFoundException: The workfile does not exist, or is no workflow.
        :raises WorkflowVariableException: The variables have a wrong shape; nothing was sent.
        :raises RunFlowFailureException: The engine refuses to start the run.
        :raises OutcomeUnknownException: The answer was lost; the run may have started.

        Example:

        >>> work_flow_variables = [{"name": "@min_amount", "value": "13"}]
        >>> process_id = session.workfile.process.run(workflow_id=workflow_id, variables=work_flow_variables)
        """
        number_ = identifier(workflow_id, "workflow_id")
        values = checked_variables(variables)
        answer = self._request(
            "POST",
            f"workflows/{number_}/run",
            f"run workflow {number_}",
            engine=True,
            params={"saveResult": "true"},
            body=BytesBody.json({"meta": {"version": 1}, "variables": values}) if values else None,
            kinds={404: WorkfileNotFoundException},
            otherwise=RunFlowFailureException,
            timeout=self._patient(_START_TIMEOUT + 30),
            if_lost=_IF_LOST,
        )
        process_id = self._meta(answer).get("processId")
        if not isinstance(process_id, str) or not process_id:
            raise OutcomeUnknownException(
                f"The engine took the run of workflow {number_}, but its answer names no process id. {_IF_LOST}",
                body=self._transport.clean(answer.body[:2000].decode("utf-8", "replace")),
            )
        return process_id

    def query_status(self, process_id: str) -> Status:
        """Return the status of a running workflow. Calls ``GET /processes/:id/query`` of the engine.

        The engine does not tell a run that is over from one that never was: both are ``'FINISHED'``.

        :param process_id: ID of a particular workflow run.
        :type process_id: str
        :returns: State of workflow run. One of 'WORKING', 'FINISHED', or 'FAILED'.
        :rtype: str
        :raises RunFlowFailureException: The engine says something else about the run.

        Example:

        >>> session.workfile.process.query_status(process_id=process_id) in ("WORKING", "FINISHED")
        True
        """
        return self._query(process_id_of(process_id)).status

    def wait_until_finished(
        self,
        workflow_id: Id,
        process_id: str,
        verbose: bool = False,
        query_time: float = 10,
        timeout: float = 3600,
    ) -> str:
        """Wait for a running workflow to finish.

        The wait goes on through lost connections and a server that is down. Interrupting it leaves the run going.

        :param workflow_id: ID of the workflow.
        :type workflow_id: int
        :param process_id: ID of a particular workflow run.
        :type process_id: str
        :param verbose: Optionally print approximate run time, and the operator that is running.
        :type verbose: bool
        :param query_time: Number of seconds between status queries, at most: the first ones come sooner.
            Minimum of 1 second.
        :type query_time: float
        :param timeout: Amount of time in seconds to wait for workflow to finish. Will stop if exceeded.
        :type timeout: float
        :returns: Workflow run status, 'SUCCESS'.
        :rtype: str
        :raises RunFlowTimeoutException: Workflow runtime has exceeded timeout.
        :raises RunFlowFailureException: The run ended with another status.
        :raises RunFlowConnectionException: At the deadline the server could not be reached.
        :raises ResultsNotFoundException: The run is over and left no results.

        Example:

        >>> session.workfile.process.wait_until_finished(workflow_id=workflow_id, process_id=process_id)
        'SUCCESS'
        """
        flow = identifier(workflow_id, "workflow_id")
        run = process_id_of(process_id)
        longest = max(1.0, number(query_time, "query_time", least=float("-inf")))
        limit = number(timeout, "timeout")
        try:
            with Progress(bool(verbose)) as progress:
                found = self._wait(flow, run, longest, limit, progress)
        except AlpineSessionNotFoundException as error:
            raise AlpineSessionNotFoundException(
                f"The login expired while waiting for run {run} of workflow {flow}, which goes on. Log in again, then "
                f"wait_until_finished(workflow_id={flow}, process_id={run!r}).",
                process_id=run,
                status_code=error.status_code,
            ) from None
        except KeyboardInterrupt as interrupt:
            interrupt.add_note(
                f"Run {run} of workflow {flow} goes on. To wait again: wait_until_finished(workflow_id={flow}, "
                f"process_id={run!r}); to end it: stop(process_id={run!r})."
            )
            raise
        return self._judged(flow, run, found)

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
        run = process_id_of(process_id)
        answer = self._request(
            "POST",
            f"processes/{segment(run)}/stop",
            f"stop run {run}",
            engine=True,
            repeatable=True,
            kinds={404: StopFlowFailureException},
        )
        said = _said(answer)
        if "already stopped" in said:
            if answer.attempt > 1:
                # The first attempt, whose answer was lost, has stopped it.
                return "STOPPED"
            raise StopFlowFailureException(
                f"Could not stop run {run}: it is over already, or there is no such run.", process_id=run
            )
        if said.startswith("flow stopped") or "request accepted" in said:
            return "STOPPED"
        self.logger.warning("Run %s was not stopped: %s", run, said)
        return "STOP FAILED"

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

        >>> downloaded_flow_results = session.workfile.process.download_results(workflow_id=workflow_id,
        ...                                                                     process_id=process_id)
        """
        flow, run = identifier(workflow_id, "workflow_id"), process_id_of(process_id)
        answer = self._request(
            "GET",
            f"workflows/{flow}/results/{segment(run)}",
            f"download the results of run {run} of workflow {flow}",
            engine=True,
            kinds={404: WorkfileNotFoundException},
            limit=self._transport.results_limit,
        )
        document = self._decoded(answer) if answer.body.strip() else None
        if document in (None, ""):
            raise ResultsNotFoundException(
                f"There are no results of run {run} of workflow {flow}: it is still running, was stopped, "
                "or belongs to another workflow.",
                process_id=run,
            )
        if not isinstance(document, dict) or not ({"outputs", "flowMetaInfo"} & document.keys()):
            raise ResultsNotFoundException(
                f"The results of run {run} of workflow {flow} are not of the expected structure: neither 'outputs' "
                "nor 'flowMetaInfo' is in them.",
                process_id=run,
            )
        return FlowResults(document)

    @staticmethod
    def find_operator(operator_name: str, flow_results: Mapping[str, Any]) -> dict[str, Any]:
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

        >>> operator_data = session.workfile.process.find_operator(operator_name='Row Filter',
        ...                                                        flow_results=downloaded_flow_results)
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

        >>> session.workfile.process.get_metadata(flow_results=downloaded_flow_results)["status"]
        'SUCCESS'
        """
        return results.get_metadata(flow_results)

    def _patient(self, seconds: float) -> Timeout:
        """The client's time-outs, with a read that is not shorter than this."""
        timeout = self._transport.timeout
        connect, read = timeout if isinstance(timeout, tuple) else (timeout, timeout)
        return connect, None if read is None else max(read, seconds)

    def _meta(self, answer: Answer) -> dict[str, Any]:
        document = _json_or_text(answer)
        meta = document.get("meta") if isinstance(document, dict) else None
        return meta if isinstance(meta, dict) else {}

    def _query(self, run: str, *, retries: bool = True) -> _RunState:
        answer = self._request(
            "GET",
            f"processes/{segment(run)}/query",
            f"query run {run}",
            engine=True,
            kinds={404: RunFlowFailureException},
            retries=retries,
        )
        document = _json_or_text(answer)
        if isinstance(document, dict):
            state = self._meta(answer).get("state")
            if not isinstance(state, str):
                raise unusable(answer.call, self._transport, answer, "the engine's answer names no state")
            node = document.get("nodeInfo")
            name = node.get("nodeName") if isinstance(node, dict) else None
            failed = "FAIL" in state.upper() or "ERROR" in state.upper()
            return _RunState(FAILED if failed else WORKING, state, name if isinstance(name, str) else None)
        if not isinstance(document, str) or document.lstrip().startswith("<"):
            raise unusable(answer.call, self._transport, answer, "the engine's answer is no state of a run")
        if "already stopped" in document.casefold():
            return _RunState(FINISHED)
        raise RunFlowFailureException(
            f"Could not query run {run}: the engine says {self._transport.clean(document.strip())[:500]!r}.",
            process_id=run,
        )

    def _wait(self, flow: int, run: str, longest: float, limit: float, progress: Progress) -> FlowResults:
        clock = self._transport.clock
        last = _RunState(WORKING)

        def ask(elapsed: float) -> _RunState | None:
            nonlocal last
            last = self._query(run, retries=False)
            progress.update(elapsed, last.node)
            return last if last.status != WORKING else None

        over = wait_for(ask, clock, longest_gap=longest, timeout=limit)
        if over.value is None:
            raise self._out_of_time(flow, run, limit, last, over)

        def read(_elapsed: float) -> FlowResults | None:
            try:
                return self.download_results(flow, run)
            except ResultsNotFoundException:
                return None

        found = wait_for(read, clock, longest_gap=longest, timeout=_RESULTS_DELAY)
        progress.finish(over.elapsed + found.elapsed, found.value.status if found.value else over.value.status)
        if found.value is not None:
            return found.value
        if found.last_error is not None:
            raise self._unreachable(flow, run, over.value, found.last_error)
        if over.value.status == FAILED:
            raise RunFlowFailureException(
                f"Run {run} of workflow {flow} failed (state {over.value.state}) and left no results.", process_id=run
            )
        raise ResultsNotFoundException(
            f"Run {run} of workflow {flow} is over, but no results of it have appeared within {_RESULTS_DELAY:g} s. "
            "It may have been stopped, or there is no such run.",
            process_id=run,
        )

    def _out_of_time(
        self, flow: int, run: str, limit: float, last: _RunState, over: Waited[_RunState]
    ) -> AlpineException:
        if over.last_error is not None:
            return self._unreachable(flow, run, last, over.last_error)
        try:
            stopped = self.stop(run) == "STOPPED"
        except AlpineException as failure:
            self.logger.warning("Run %s could not be stopped: %s", run, failure)
            stopped = False
        where = f" at operator {last.node!r}" if last.node else ""
        return RunFlowTimeoutException(
            f"Run {run} of workflow {flow} was still going{where} after {limit:g} s; it was "
            f"{'stopped' if stopped else 'asked to stop, without success'}. A longer timeout gives it more time.",
            process_id=run,
            last_status=last.status,
            stopped=stopped,
        )

    def _unreachable(self, flow: int, run: str, last: _RunState, error: AlpineException) -> AlpineException:
        return RunFlowConnectionException(
            f"The server could not be reached while waiting for run {run} of workflow {flow} (last status: "
            f"{last.status}; last error: {error}) The run may go on: wait_until_finished picks it up again.",
            process_id=run,
            last_status=last.status,
            last_error=error,
        )

    def _judged(self, flow: int, run: str, found: FlowResults) -> RunStatus:
        status = found.status
        if status == SUCCESS:
            return RunStatus(status, found)
        errors = found.errors
        reasons = "; ".join(f"{name}: {message}" for name, message in errors.items())
        raise RunFlowFailureException(
            f"Run {run} of workflow {flow} ended with status {status}{f' ({reasons})' if reasons else ''}.",
            process_id=run,
            errors=errors,
        )

    def _decoded(self, answer: Answer) -> Any:
        """The results document: JSON, most often inside a JSON string."""
        document = self._document(answer)
        if isinstance(document, str) and document.strip():
            return self._document(Answer(answer.status, answer.headers, document.encode(), answer.call))
        return document


def _json_or_text(answer: Answer) -> Any:
    """An engine's answer: it says that it is JSON even when it is plain text."""
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        return answer.body.decode("utf-8", "replace")


def _said(answer: Answer) -> str:
    """The words of an answer to a stop: plain, or the status of a JSON object."""
    document = _json_or_text(answer)
    return str(document.get("status") if isinstance(document, dict) else document).strip().casefold()
