"""The results of a run: a plain dict, with attributes and methods."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, overload

from alpine._arguments import nearest
from alpine._display import html
from alpine._display.html import RichDict, RichStr
from alpine._files import FileSink, local_path, read_json, target_path
from alpine._results.outputs import OperatorOutput, StoredTables
from alpine.exception import FlowResultsMalformedException, LocalFileException, OperatorNotFoundException

__all__ = ["SUCCESS", "FlowResults", "OperatorOutput", "Operators", "RunStatus", "find_operator", "get_metadata"]

SUCCESS = "SUCCESS"
_DAY = timedelta(days=1)


class FlowResults(RichDict):
    """The results of one run: ``flowMetaInfo``, ``logs`` and ``outputs``, as the server sent them.

    Example:

    >>> results = process_id.results()
    >>> results.status, list(results.operators)
    ('SUCCESS', ['orders', 'Row Filter', 'Column Filter', 'By Region'])
    """

    _stored: StoredTables | None = None

    @property
    def operators(self) -> Operators:
        """The outputs of the operators by name, in the order in which they ran.

        :raises FlowResultsMalformedException: The results have no list ``outputs``.
        """
        return Operators(self)

    @property
    def metadata(self) -> dict[str, Any]:
        """The run's metadata: status, times, user, number of operators and of errors."""
        return get_metadata(self)

    @property
    def status(self) -> str:
        """How the run ended: ``"SUCCESS"``, or another status."""
        return str(self.metadata.get("status"))

    @property
    def logs(self) -> list[dict[str, Any]]:
        """The entries of the log."""
        logs = self.get("logs")
        return [entry for entry in logs if isinstance(entry, dict)] if isinstance(logs, list) else []

    @property
    def errors(self) -> dict[str, str]:
        """The message of each operator that failed, by its name."""
        return {
            str(entry.get("nodeName")): str(entry["errMessage"])
            for entry in self.logs
            # The server writes the word where others write nothing.
            if entry.get("errMessage") not in (None, "", "null")
        }

    @property
    def duration(self) -> timedelta | None:
        """How long the run took; None if the metadata do not say."""
        start, end = _moment(self.metadata.get("startTime")), _moment(self.metadata.get("endTime"))
        return end - start if start and end else None

    @property
    def durations(self) -> dict[str, timedelta]:
        """How long each operator took, in whole seconds, by its name; only operators for which it is known."""
        known = {name: output.duration for name, output in self.operators.items()}
        logged = self._logged_durations()
        found = {name: logged.get(name) if duration is None else duration for name, duration in known.items()}
        return {name: duration for name, duration in found.items() if duration is not None}

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the results to a file, as JSON; an existing file is replaced once everything is written.

        :param path: The path of the file, or a directory, in which the file is named after the run.
        :type path: str
        :returns: The path of the file.
        :rtype: pathlib.Path
        :raises LocalFileException: The file cannot be written.

        Example:

        >>> results.save("results.json")
        """
        metadata = self.get("flowMetaInfo")
        run = str(metadata.get("processId") or "run") if isinstance(metadata, dict) else "run"
        with FileSink(target_path(path, "path"), "results.json") as sink:
            sink.start({"Content-Disposition": f'attachment; filename="results_{run}.json"'})
            sink.write(json.dumps(self).encode())
            return sink.finish()

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> FlowResults:
        """Read results that were saved.

        :param path: The file.
        :type path: str
        :returns: The results.
        :rtype: FlowResults
        :raises LocalFileException: The file cannot be read, or does not contain results.

        Example:

        >>> FlowResults.load("results.json").status
        'SUCCESS'
        """
        file = local_path(path, "path")
        document = read_json(file)
        if not isinstance(document, dict) or not {"outputs", "flowMetaInfo"} & document.keys():
            raise LocalFileException(f"Could not read the file {file}: it holds no results of a run.")
        return cls(document)

    def _in_short(self) -> str:
        outputs = self.get("outputs")
        number = len(outputs) if isinstance(outputs, list) else 0
        word, name, run = (self._told(key) for key in ("status", "workflowName", "processId"))
        return f"<FlowResults {word or 'without a status'}: {html.count(number, 'operator')}, {name!r}, run {run}>"

    def _repr_html_(self) -> str:
        if not isinstance(self.get("outputs"), list) or not isinstance(self.get("flowMetaInfo"), dict):
            return html.block(html.note(self._in_short()))
        operators, errors, durations = self.operators, self.errors, self.durations
        facts = (
            html.count(len(operators), "operator"),
            html.seconds(self.duration),
            f"run {self._told('processId')}",
        )
        rows = [
            (name, output.meta.get("Algorithm name"), output.summary, html.seconds(durations.get(name)))
            for name, output in operators.items()
        ]
        head = html.heading(
            self._told("workflowName") or f"Workflow {self._told('workflowId')}", *facts, status=self.status
        )
        wrong = [html.note(f"{name}: {message}", wrong=True) for name, message in errors.items()]
        table = html.table(("operator", "algorithm", "output", "time"), rows, {3}) if rows else ""
        return html.block(head, *wrong, table)

    def _told(self, key: str) -> str:
        metadata = self.get("flowMetaInfo")
        return str(metadata.get(key) or "") if isinstance(metadata, dict) else ""

    def _logged_durations(self) -> dict[str, timedelta]:
        started: dict[str, datetime] = {}
        durations = {}
        for entry in self.logs:
            name, words = str(entry.get("nodeName")), str(entry.get("message"))
            moment = _clock_time(entry.get("dateTime"))
            if moment is None:
                continue
            if "started" in words:
                started[name] = moment
            elif "finished" in words and name in started:
                # The entries tell the time without the day: midnight may lie between them.
                durations[name] = (moment - started[name]) % _DAY
        return durations


class Operators(Mapping[str, OperatorOutput]):
    """The outputs of a run's operators by name, in the order in which they ran."""

    def __init__(self, flow_results: object) -> None:
        self._outputs: dict[str, OperatorOutput] = {}
        for output in _outputs(flow_results):
            made = self._outputs.setdefault(str(output.get("out_title")), OperatorOutput(output))
            made._stored = getattr(flow_results, "_stored", None)

    def __getitem__(self, name: str) -> OperatorOutput:
        if name in self._outputs:
            return self._outputs[name]
        raise OperatorNotFoundException(
            f"The results hold no operator {name!r}.{nearest(str(name), self._outputs)} "
            f"There are: {', '.join(map(repr, self._outputs)) or 'none'}."
        )

    def __contains__(self, name: object) -> bool:
        return name in self._outputs

    @overload
    def get(self, key: str, /) -> OperatorOutput | None: ...
    @overload
    def get(self, key: str, /, default: Any) -> Any: ...
    def get(self, key: str, /, default: Any = None) -> Any:
        return self._outputs.get(key, default)

    def __iter__(self) -> Iterator[str]:
        return iter(self._outputs)

    def __len__(self) -> int:
        return len(self._outputs)

    def __repr__(self) -> str:
        return f"<Operators: {', '.join(map(repr, self._outputs)) or 'none'}>"

    def _ipython_key_completions_(self) -> list[str]:
        return list(self._outputs)


class RunStatus(RichStr):
    """How a run ended, as a string; ``results`` has the results of the run."""

    results: FlowResults

    def __new__(cls, status: str, results: FlowResults) -> RunStatus:
        value = super().__new__(cls, status)
        value.results = results
        return value


def find_operator(operator_name: str, flow_results: object) -> OperatorOutput:
    """The output of one operator."""
    return Operators(flow_results)[operator_name]


def get_metadata(flow_results: object) -> dict[str, Any]:
    """The metadata of a run."""
    metadata = flow_results.get("flowMetaInfo") if isinstance(flow_results, Mapping) else None
    if not isinstance(metadata, dict):
        raise FlowResultsMalformedException(
            "These results have no 'flowMetaInfo'; give what download_results returned, unchanged."
        )
    return metadata


def _outputs(flow_results: object) -> list[dict[str, Any]]:
    outputs = flow_results.get("outputs") if isinstance(flow_results, Mapping) else None
    if not isinstance(outputs, list):
        raise FlowResultsMalformedException(
            "These results have no list 'outputs'; give what download_results returned, unchanged."
        )
    return [output for output in outputs if isinstance(output, dict)]


def _moment(text: object) -> datetime | None:
    try:
        return datetime.strptime(str(text), "%Y-%m-%dT%H:%M:%S.%f%z")
    except ValueError:
        return None


def _clock_time(text: object) -> datetime | None:
    try:
        return datetime.strptime(str(text), "%H:%M:%S")
    except ValueError:
        return None
