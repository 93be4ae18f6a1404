"""The file of many runs: which of them were started and how they ended, for a call that goes on after a kill.

A run is noted before it is asked for, its id before anybody waits for it, and its end as soon as it is known. The file
is replaced as a whole each time, so that it is never half written.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from alpine import exception
from alpine._target import Target, hold
from alpine.exception import (
    AlpineException,
    LocalFileException,
    OutcomeUnknownException,
    RunFlowFailureException,
    RunFlowTimeoutException,
)

_FORMAT = 1
_STARTING = "STARTING"
_WORKING = "WORKING"
_OVER_WITHOUT_RESULTS = frozenset({"FAILED", "TIMEOUT"})


@dataclass
class KeptRun:
    """What the file says of one run.

    :param variables: The variables, in the engine's form.
    :param status: ``STARTING`` when it was asked for, ``WORKING`` when its id is known, or the status of its outcome.
    :param process_id: The run; None as long as it is not known.
    :param with_results: Whether it had results, which are read again from the server.
    :param error: The class and the message of what went wrong.
    """

    variables: list[dict[str, str]]
    status: str = _STARTING
    process_id: str | None = None
    with_results: bool = False
    error: dict[str, Any] | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing need be asked of the run any more: it left no results, and is known not to go on."""
        return self.process_id is not None and not self.with_results and self.status in _OVER_WITHOUT_RESULTS

    def failure(self, path: Path) -> AlpineException:
        """What went wrong with a run that has no results.

        :param path: The file, for the message.
        """
        if self.process_id is None and self.error is None:
            return OutcomeUnknownException(
                f"The script ended while this run was being started, and may have started it: {self.variables}. Look "
                f"in the results of the workflow; to start it (again), remove its entry from {path}."
            )
        error = self.error or {}
        kind = getattr(exception, str(error.get("type")), RunFlowFailureException)
        if not isinstance(kind, type) or not issubclass(kind, AlpineException):
            kind = RunFlowFailureException
        return kind(str(error.get("message", "")), process_id=self.process_id)


class KeptRuns:
    """The file, which belongs to one call at a time.

    :param path: The file.
    :param server: The root of the server's API.
    :param workflow_id: The workflow.
    :raises LocalFileException: It cannot be read or written, is in use, or is the file of something else.
    """

    def __init__(self, path: Path, server: str, workflow_id: int) -> None:
        self.path = path
        self._about = {"format": _FORMAT, "server": server, "workflow_id": workflow_id}
        self._locked: int | None = None
        Target(path)
        try:
            self._runs = self._read(self._claim())
            self._write()
        except BaseException:
            self.close()
            raise

    def of(self, values: Iterable[list[dict[str, str]]]) -> list[KeptRun | None]:
        """What is known of each run: by its variables, and by how often the same were there before it.

        :param values: The variables of each run, in the engine's form.
        """
        known: dict[str, deque[KeptRun]] = defaultdict(deque)
        for run in self._runs:
            known[_key(run.variables)].append(run)
        return [known[key].popleft() if known.get(key := _key(each)) else None for each in values]

    def starting(self, values: list[dict[str, str]]) -> KeptRun:
        """A run is about to be asked for."""
        run = KeptRun(values)
        self._runs.append(run)
        self._write()
        return run

    def started(self, run: KeptRun, process_id: str) -> None:
        """The id of a run is known."""
        run.process_id, run.status = process_id, _WORKING
        self._write()

    def ended(self, run: KeptRun, status: str, error: AlpineException | None, *, with_results: bool) -> None:
        """The outcome of a run is known."""
        may_go_on = isinstance(error, RunFlowTimeoutException) and not error.stopped
        run.status, run.with_results = _WORKING if may_go_on else status, with_results
        run.error = None if error is None else {"type": type(error).__name__, "message": str(error)}
        self._write()

    def forget(self, run: KeptRun) -> None:
        """A run was refused by the server, or stopped by this call: whoever goes on starts it again."""
        self._runs = [other for other in self._runs if other is not run]
        self._write()

    def close(self) -> None:
        """Let another call have the file."""
        locked, self._locked = self._locked, None
        if locked is not None:
            os.close(locked)

    def _claim(self) -> bytes:
        """Lock the file, which is made where there is none, and read it."""
        failure = ""
        try:
            while True:
                # To be appended to, which changes nothing and makes a file where there is none.
                with self.path.open("a+b") as file:
                    if not hold(file):
                        failure = "another script, or another call of this one, is working with it"
                        break
                    if self._is_still(file.fileno()):
                        file.seek(0)
                        content = file.read()
                        self._keep_locked(file.fileno())
                        return content
                    # Whoever had it before has replaced or removed it in between.
        except OSError as error:
            failure = error.strerror or str(error)
        raise LocalFileException(f"Could not use {self.path}: {failure}.", filename=str(self.path))

    def _is_still(self, number: int) -> bool:
        try:
            return os.path.samestat(os.fstat(number), self.path.stat())
        except FileNotFoundError:
            return False

    def _keep_locked(self, number: int) -> None:
        if os.name == "nt":
            # There no file is locked, and none that is open can be replaced.
            return
        # A lock belongs to the open file, not to its number: it holds until the last of them is closed.
        other = os.dup(number)
        self.close()
        self._locked = other

    def _read(self, content: bytes) -> list[KeptRun]:
        if not content.strip():
            return []
        why = "it is no file of many runs"
        with contextlib.suppress(ValueError, TypeError, KeyError, RecursionError, AttributeError):
            document = json.loads(content)
            about = {name: document[name] for name in self._about}
            runs = [KeptRun(**run) for run in document["runs"]]
            if not all(_is_sound(run) for run in runs):
                raise ValueError
            if about == self._about:
                return runs
            why = f"it has the runs of workflow {about['workflow_id']} on {about['server']}"
            if about["format"] != _FORMAT:
                why = f"it is of another version of this package (format {about['format']})"
        raise LocalFileException(
            f"Could not go on with {self.path}: {why}. Give the path of another file.", filename=str(self.path)
        )

    def _write(self) -> None:
        document = {**self._about, "runs": [asdict(run) for run in self._runs]}
        target = Target(self.path)
        part, file = target.new_part()
        failure = ""
        try:
            file.write(json.dumps(document, indent=1).encode())
            file.flush()
            # A machine that stops at once would otherwise have an empty file under the right name.
            os.fsync(file.fileno())
            locked = None if os.name == "nt" else os.dup(file.fileno())
            try:
                target.replace(part, file)
            except BaseException:
                if locked is not None:
                    os.close(locked)
                raise
            self.close()
            self._locked = locked
        except OSError as error:
            file.close()
            part.unlink(missing_ok=True)
            if isinstance(error, AlpineException):
                raise
            failure = error.strerror or str(error)
        if failure:
            raise LocalFileException(f"Could not write {self.path}: {failure}.", filename=str(self.path))


def _key(values: list[dict[str, str]]) -> str:
    """The variables of a run, in whatever order they were given."""
    return json.dumps(sorted((each["name"], each["value"]) for each in values))


def _is_sound(run: Any) -> bool:
    """Whether the parts of an entry are of the right types; a file may have been edited by hand."""
    _key(run.variables)
    return (
        isinstance(run.status, str)
        and isinstance(run.process_id, str | None)
        and isinstance(run.with_results, bool)
        and isinstance(run.error, dict | None)
    )
