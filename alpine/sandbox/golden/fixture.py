"""What the pytest fixtures ``alpine_golden`` and ``alpine_outputs`` give."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from alpine.sandbox.engine import EngineRefused
from alpine.sandbox.golden import records
from alpine.sandbox.golden.differences import Tolerance, differences, told
from alpine.sandbox.golden.outputs import FlowFailed, FlowOutputs, WholeEngine

FOLDER = "golden"


@dataclass
class Place:
    """The test that a fixture is for.

    :param file: The file of the test.
    :param name: Its name, with its parameters.
    :param node_id: How pytest is told to run it.
    :param root: The root of the tests, from which paths are told.
    """

    file: Path
    name: str
    node_id: str
    root: Path

    def find(self, path: str | os.PathLike[str]) -> Path:
        """A file or folder of the user's: beside the test, or from the root.

        :raises FlowFailed: It is in neither place.
        """
        tried = [folder / path for folder in (self.file.parent, self.root, Path.cwd())]
        for each in tried:
            if each.exists():
                return each
        said = " nor ".join(dict.fromkeys(map(str, tried)))
        raise FlowFailed(f"There is no file {os.fspath(path)!r}; it is neither {said}.")

    def shown(self, path: Path) -> str:
        """A path as it is told: from the root, where it is below."""
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)


class FlowRunner:
    """Runs flows for a test, and gives the whole outputs of their operators.

    :param engine: Where they run.
    :param place: The test.
    """

    def __init__(self, engine: WholeEngine, place: Place) -> None:
        self._engine = engine
        self._place = place

    def __call__(
        self,
        flow: str | os.PathLike[str],
        *,
        tables: Mapping[str, object] | str | os.PathLike[str] | None = None,
        variables: Mapping[str, object] | None = None,
        types: Mapping[str, Mapping[str, str]] | None = None,
        operators: Mapping[str, Callable[..., Any]] | None = None,
    ) -> FlowOutputs:
        """Run a flow.

        :param flow: The path of the workflow file, from the test's folder or from the root of the tests.
        :param tables: Tables by name, each a path or a DataFrame, or a folder of text and Parquet files.
        :param variables: Values of workflow variables, by name.
        :param types: Types of the columns of tables, by PostgreSQL's names.
        :param operators: Functions that do the work of operators, by class, as for
            :meth:`alpine.sandbox.Sandbox.register`.
        :returns: The outputs.
        """
        __tracebackhide__ = True
        try:
            return self._run(flow, tables, variables, types, operators)
        except (FlowFailed, EngineRefused, ValueError, OSError) as error:
            reason = str(error)
        pytest.fail(reason, pytrace=False)

    def _run(
        self,
        flow: str | os.PathLike[str],
        tables: Mapping[str, object] | str | os.PathLike[str] | None,
        variables: Mapping[str, object] | None,
        types: Mapping[str, Mapping[str, str]] | None,
        operators: Mapping[str, Callable[..., Any]] | None,
    ) -> FlowOutputs:
        path = self._place.find(flow)
        self._engine.clear()
        for name, function in (operators or {}).items():
            self._engine.register(name, function)
        if isinstance(tables, str | os.PathLike):
            self._engine.load_folder(self._place.find(tables), types=types)
        else:
            for name in (types or {}).keys() - (tables or {}).keys():
                raise ValueError(f"types is given for {name!r}, which is none of tables: {', '.join(tables or {})}.")
            for name, source in (tables or {}).items():
                found = self._place.find(source) if isinstance(source, str | os.PathLike) else source
                self._engine.load_table(name, found, types=(types or {}).get(name))
        return self._engine.outputs_of(path.read_bytes(), path.stem, variables)


@dataclass
class GoldenTest:
    """Runs flows for a test and compares their outputs with the recorded ones, or records them.

    :param runner: Runs the flows.
    :param place: The test.
    :param is_recording: Whether outputs are recorded.
    :param report: Takes a line on what was recorded.
    """

    runner: FlowRunner
    place: Place
    is_recording: bool
    report: Callable[[str], None]
    _used: set[Path] = field(default_factory=set)

    def __call__(
        self,
        flow: str | os.PathLike[str],
        *,
        tables: Mapping[str, object] | str | os.PathLike[str] | None = None,
        variables: Mapping[str, object] | None = None,
        types: Mapping[str, Mapping[str, str]] | None = None,
        operators: Mapping[str, Callable[..., Any]] | None = None,
        keys: Mapping[str, str | Sequence[str]] | None = None,
        rel: float | None = None,
        abs: float | None = None,
        name: str | None = None,
        folder: str | os.PathLike[str] = FOLDER,
    ) -> FlowOutputs:
        """Run a flow and compare every operator's whole output with the recorded one.

        The first five parameters are those of :meth:`FlowRunner.__call__`.

        :param keys: The columns that tell the rows of an operator apart, by operator; found out when left out.
        :param rel: How far numbers may be apart, relatively; 1e-9 for floating point numbers, 0 for others.
        :param abs: How far numbers may be apart, absolutely.
        :param name: Tells the records of several flows of one test apart.
        :param folder: Where the records are, beside the test's file.
        :returns: The outputs.
        """
        __tracebackhide__ = True
        where = self.place.file.parent / folder / records.file_name(self.place.name)
        where = where / records.file_name(name) if name is not None else where
        if where in self._used:
            pytest.fail("alpine_golden is called twice in this test: tell the records apart with name=…", pytrace=False)
        self._used.add(where)
        outputs = self.runner(flow, tables=tables, variables=variables, types=types, operators=operators)
        named = {each: (key,) if isinstance(key, str) else tuple(key) for each, key in (keys or {}).items()}
        try:
            reason = self._judged(where, Path(flow).name, outputs, Tolerance(rel, abs), named)
        except (ValueError, OSError) as error:
            reason = str(error)
        if reason:
            pytest.fail(reason, pytrace=False)
        return outputs

    def _judged(
        self,
        where: Path,
        flow: str,
        outputs: FlowOutputs,
        tolerance: Tolerance,
        keys: Mapping[str, Sequence[str]],
    ) -> str:
        """Why the test fails; empty where it does not."""
        for each in keys:
            if each not in outputs:
                return f"keys names an operator {each!r} that the flow does not have. It has: {', '.join(outputs)}."
        owner = f"{self.place.file.name}::{self.place.name}"
        how = f"pytest --alpine-record {shlex.quote(self.place.node_id)}"
        if self.is_recording:
            said = records.write(where, owner, flow, outputs.results)
            self.report("\n  ".join([f"recorded {self.place.shown(where)}", *said]))
            return ""
        recorded = records.read(where, owner)
        if recorded is None:
            return (
                f"There is no record of the outputs of {flow} in {self.place.shown(where)}. Record them, and look at "
                f"what was written before you commit it: {how}"
            )
        found = differences(recorded, outputs, tolerance, keys)
        if not found:
            return ""
        return (
            f"{flow} differs from {self.place.shown(where)} (record -> now):\n"
            f"{told(found, outputs)}\n"
            f"If it should, record it anew:\n    {how}"
        )
