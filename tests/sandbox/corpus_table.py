"""Runs real workflow files in the sandbox and makes a table of what ran and what was refused, by class name.

``python -m tests.sandbox.corpus_table FOLDER`` prints it, as it stands in ``docs/reference/operators.md``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from alpine import afm
from alpine.sandbox.engine import Engine
from alpine.sandbox.engine.registry import identity

_COLUMNS = ("file", "operators", "outcome", "waits for")

_NOTHING = "\N{EN DASH}"
_REGISTER = "server.register("


@dataclass(frozen=True)
class Outcome:
    """What became of one file.

    :param name: the file's name.
    :param operators: the classes of its operators.
    :param refused: the classes that were refused, each with the reason.
    :param waits_for: the classes of the operators that need a function.
    """

    name: str
    operators: tuple[str, ...]
    refused: tuple[str, ...]
    waits_for: tuple[str, ...]

    @property
    def cells(self) -> tuple[str, ...]:
        """The row of the table."""
        return (
            self.name,
            str(len(self.operators)),
            "refused" if self.refused else "runs",
            ", ".join(f"`{name}`" for name in dict.fromkeys(self.waits_for)) or _NOTHING,
        )


def outcomes(corpus: Path) -> Iterator[Outcome]:
    """Run every file of a folder.

    :param corpus: the folder, with ``flows`` and ``data`` in it.
    """
    engine = Engine(stand_in=True)
    try:
        engine.load_folder(corpus / "data")
        for path in sorted((corpus / "flows").glob("*.afm")):
            yield _outcome(engine, path)
    finally:
        engine.close()


def markdown(found: Iterable[Outcome]) -> str:
    """The table.

    :param found: what became of the files.
    """
    lines = [_COLUMNS, ("---",) * len(_COLUMNS), *(row.cells for row in found)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _outcome(engine: Engine, path: Path) -> Outcome:
    steps = afm.read(path).execution_order()
    run = engine.start(
        path.read_bytes(), workflow_id=1, workflow_name=path.stem, user_id=1, user_name="demo", variables={}
    )
    engine.wait(run, None)
    document = json.loads(engine.results(1, run))
    names = {step.name: identity(step).removeprefix("com.alpine.miner.gef.runoperator.") for step in steps}
    reasons = [(line["nodeName"], line["errMessage"]) for line in document["logs"] if line["errMessage"] != "null"]
    refused = [f"`{names[node]}`: {_short(reason)}" for node, reason in reasons]
    custom = tuple(names[node] for node, reason in reasons if _REGISTER in reason)
    return Outcome(path.name, tuple(names.values()), tuple(refused), custom)


def _short(reason: str) -> str:
    if _REGISTER in reason:
        return "no function is registered for it"
    if "server.load_table(" in reason:
        return "the flow does not describe its table"
    return reason.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(markdown(outcomes(Path(sys.argv[1]))))
