"""The four calls of the workflow engine: start, query, stop, results."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from alpine import _json
from alpine._arguments import segment
from alpine._clock import Clock
from alpine._http.body import BytesBody
from alpine._http.observing import request_id_in
from alpine._http.request import Request, Response
from alpine._http.transport import Transport, unusable
from alpine._printable import logger_of
from alpine._stored_outputs import StoredOutputs
from alpine.alpineobject import AlpineObject
from alpine.exception import (
    OutcomeUnknownException,
    ResultsNotFoundException,
    RunFlowFailureException,
    StopFlowFailureException,
    WorkfileNotFoundException,
)
from alpine.results import FlowResults

if TYPE_CHECKING:
    Status = Literal["WORKING", "FINISHED", "FAILED"]
else:
    # jedi, which completes names in notebooks, offers nothing at all where a property is said to return a Literal.
    Status = str
WORKING: Final = "WORKING"
FINISHED: Final = "FINISHED"
FAILED: Final = "FAILED"

_START_TIMEOUT = 10
"""Seconds that the engine gives a run to start, unless told otherwise."""
_HOW_TO_CHECK = "A run may have started: look in the results of the workflow on the server before you start another."


@dataclass(frozen=True)
class RunState:
    """What the engine says of a run.

    :param status: The status as users know it.
    :param state: The engine's own word.
    :param node: The operator that it is about.
    """

    status: Status
    state: str = ""
    node: str | None = None


class Engine(AlpineObject):
    """The workflow engine, below ``/alpinedatalabs/api/v1/json``."""

    def _bind(self, base_url: str, transport: Transport) -> None:
        super()._bind(base_url, transport)
        # The name that scripts know, not that of this module.
        self.logger: logging.Logger = logger_of("alpine.process")

    @property
    def clock(self) -> Clock:
        """The time as the client sees it."""
        return self._transport.clock

    def clean(self, text: str) -> str:
        """Take the secrets of the session out of a string."""
        return self._transport.clean(text)

    def start(self, workflow_id: int, values: list[dict[str, str]]) -> str:
        """Start a run, and give its process id.

        :raises RunFlowFailureException: The engine refuses to.
        :raises OutcomeUnknownException: The response was lost, or names no process id.
        """
        connect, reading = self._transport.timeout
        response = self._request(
            Request(
                "POST",
                f"workflows/{workflow_id}/run",
                f"run workflow {workflow_id}",
                engine=True,
                params={"saveResult": "true"},
                body=BytesBody.json({"meta": {"version": 1}, "variables": values}) if values else None,
                errors={404: WorkfileNotFoundException},
                default_error=RunFlowFailureException,
                timeout=(connect, None if reading is None else max(reading, _START_TIMEOUT + 30)),
                how_to_check=_HOW_TO_CHECK,
            )
        )
        process_id = self._meta(response).get("processId")
        if not isinstance(process_id, str) or not process_id.strip() or not process_id.isprintable():
            raise OutcomeUnknownException(
                f"The engine took the run of workflow {workflow_id}, but its response names no process id. "
                f"{_HOW_TO_CHECK}",
                body=self._transport.beginning(response.body),
                request_id=self._id_of(response),
            )
        return process_id

    def query(self, run: str, *, deadline: float | None = None) -> RunState:
        """What the engine says of a run.

        :raises RunFlowFailureException: It says something that is no state.
        """
        response = self._request(
            Request(
                "GET",
                f"processes/{segment(run)}/query",
                f"query run {run}",
                engine=True,
                errors={404: RunFlowFailureException},
                deadline=deadline,
            )
        )
        document = _json.loads_or_text(response.body)
        if isinstance(document, dict):
            state = self._meta(response).get("state")
            if not isinstance(state, str):
                raise unusable(self._transport, response, "the engine's response names no state")
            node = document.get("nodeInfo")
            name = node.get("nodeName") if isinstance(node, dict) else _node_in(document.get("message"))
            failed = "FAIL" in state.upper() or "ERROR" in state.upper()
            return RunState(FAILED if failed else WORKING, state, name if isinstance(name, str) else None)
        # A page, or JSON that was cut off, is not the engine's plain text.
        if not isinstance(document, str) or document.lstrip()[:1] in {"", "<", "{", "["}:
            raise unusable(self._transport, response, "the engine's response is no state of a run")
        if "already stopped" in document.casefold():
            return RunState(FINISHED)
        raise RunFlowFailureException(
            f"Could not query run {run}: the engine says {self._transport.beginning(response.body)[:500]!r}.",
            process_id=run,
            request_id=self._id_of(response),
        )

    def stop(self, run: str, *, deadline: float | None = None) -> str:
        """Ask a run to stop: 'STOPPED' or 'STOP FAILED'.

        :raises StopFlowFailureException: It is over already, or there is no such run.
        """
        response = self._request(
            Request(
                "POST",
                f"processes/{segment(run)}/stop",
                f"stop run {run}",
                engine=True,
                idempotent=True,
                errors={404: StopFlowFailureException},
                deadline=deadline,
            )
        )
        document = _json.loads_or_text(response.body)
        # Plain words, or the status of a JSON object.
        said = str(document.get("status") if isinstance(document, dict) else document).strip().casefold()
        if "already stopped" in said:
            if response.attempt > 1:
                # The first attempt, whose response was lost, has stopped it.
                return "STOPPED"
            raise StopFlowFailureException(
                f"Could not stop run {run}: it is over already, or there is no such run.",
                process_id=run,
                request_id=self._id_of(response),
            )
        if said.startswith("flow stopped") or "request accepted" in said:
            return "STOPPED"
        self.logger.warning("Run %s was not stopped: %s", run, self._transport.beginning(response.body)[:200])
        return "STOP FAILED"

    def results(self, flow: int, run: str, *, deadline: float | None = None) -> FlowResults:
        """What a run left.

        :raises ResultsNotFoundException: There is nothing, or nothing that results look like.
        """
        response = self._request(
            Request(
                "GET",
                f"workflows/{flow}/results/{segment(run)}",
                f"download the results of run {run} of workflow {flow}",
                engine=True,
                errors={404: WorkfileNotFoundException},
                limit=self._transport.results_limit,
                deadline=deadline,
            )
        )
        document = self._decoded(response) if response.body.strip() else None
        if document in (None, ""):
            raise ResultsNotFoundException(
                f"There are no results of run {run} of workflow {flow}: it is still running, was stopped, "
                "or belongs to another workflow, or there is no such run.",
                process_id=run,
                request_id=self._id_of(response),
            )
        if not isinstance(document, dict) or not ({"outputs", "flowMetaInfo"} & document.keys()):
            raise ResultsNotFoundException(
                f"The results of run {run} of workflow {flow} are not of the expected structure: neither 'outputs' "
                "nor 'flowMetaInfo' is in them.",
                process_id=run,
                request_id=self._id_of(response),
            )
        results = FlowResults(document)
        results._stored = StoredOutputs(self, flow)
        return results

    def _id_of(self, response: Response) -> str | None:
        return request_id_in(response.headers, self.clean)

    def _meta(self, response: Response) -> dict[str, Any]:
        document = _json.loads_or_text(response.body)
        meta = document.get("meta") if isinstance(document, dict) else None
        return meta if isinstance(meta, dict) else {}

    def _decoded(self, response: Response) -> Any:
        """The results document: JSON, most often inside a JSON string."""
        document = self._document(response)
        if isinstance(document, str) and document.strip():
            inner = document.encode("utf-8", "surrogatepass")
            return self._document(replace(response, body=inner))
        return document


def _node_in(message: object) -> str | None:
    """The operator that newer servers name in their message only."""
    found = re.search(r"processing node: (.+?), message:", message) if isinstance(message, str) else None
    return found.group(1) if found else None
