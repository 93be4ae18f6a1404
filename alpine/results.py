"""What a run left: the results document, still the plain dict that it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alpine._arguments import nearest
from alpine.exception import FlowResultsMalformedException, OperatorNotFoundException

SUCCESS = "SUCCESS"


class FlowResults(dict[str, Any]):
    """The results of one run: ``flowMetaInfo``, ``logs`` and ``outputs``, as the server sent them."""

    @property
    def metadata(self) -> dict[str, Any]:
        """The run's metadata: status, times, user, number of operators and of errors."""
        return get_metadata(self)

    @property
    def status(self) -> str:
        """How the run ended: ``"SUCCESS"``, or another word."""
        return str(self.metadata.get("status"))

    @property
    def errors(self) -> dict[str, str]:
        """The message of each operator that failed, by its name."""
        logs = self.get("logs")
        entries = [entry for entry in logs if isinstance(entry, dict)] if isinstance(logs, list) else []
        return {
            str(entry.get("nodeName")): str(entry["errMessage"])
            for entry in entries
            # The server writes the word where others write nothing.
            if entry.get("errMessage") not in (None, "", "null")
        }

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)


class RunStatus(str):
    """How a run ended, as a text; ``results`` are the results that were read to know it."""

    results: FlowResults

    def __new__(cls, status: str, results: FlowResults) -> RunStatus:
        value = super().__new__(cls, status)
        value.results = results
        return value

    def __reduce__(self) -> tuple[Any, ...]:
        return str, (str(self),)


def find_operator(operator_name: str, flow_results: object) -> dict[str, Any]:
    """The output of one operator."""
    outputs = flow_results.get("outputs") if isinstance(flow_results, Mapping) else None
    if not isinstance(outputs, list):
        raise FlowResultsMalformedException(
            "These results have no list 'outputs'; give what download_results returned, unchanged."
        )
    names = []
    for output in outputs:
        if isinstance(output, dict):
            if output.get("out_title") == operator_name:
                return output
            names.append(str(output.get("out_title")))
    raise OperatorNotFoundException(
        f"The results hold no operator {operator_name!r}.{nearest(str(operator_name), names)} "
        f"There are: {', '.join(map(repr, names)) or 'none'}."
    )


def get_metadata(flow_results: object) -> dict[str, Any]:
    """The metadata of a run."""
    metadata = flow_results.get("flowMetaInfo") if isinstance(flow_results, Mapping) else None
    if not isinstance(metadata, dict):
        raise FlowResultsMalformedException(
            "These results have no 'flowMetaInfo'; give what download_results returned, unchanged."
        )
    return metadata
