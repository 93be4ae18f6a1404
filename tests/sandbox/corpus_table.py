"""Runs real workflow files in the sandbox and makes a table of what ran and what was refused, by class name.

``python -m tests.sandbox.corpus_table FOLDER`` prints it; ``docs/reference/operators.md`` sums it up.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from alpine import afm
from alpine.sandbox.engine import Engine
from alpine.sandbox.engine.registry import identity

_COLUMNS = ("File", "Outcome", "Operators", "Refused")


@dataclass(frozen=True)
class Outcome:
    """What became of one file.

    :param name: the file's name.
    :param operators: the classes of its operators.
    :param refused: the classes that were refused, each with the reason.
    """

    name: str
    operators: tuple[str, ...]
    refused: tuple[str, ...]

    @property
    def cells(self) -> tuple[str, ...]:
        """The row of the table."""
        return (
            f"`{self.name}`",
            "refused" if self.refused else "SUCCESS",
            _counted(self.operators),
            "; ".join(dict.fromkeys(self.refused)) or "-",
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
    """The table, below the count of those that succeed.

    :param found: what became of the files.
    """
    rows = list(found)
    ran = sum(not row.refused for row in rows)
    lines = [_COLUMNS, ("---",) * len(_COLUMNS), *(row.cells for row in rows)]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"Of {len(rows)} files {ran} run to SUCCESS.\n\n{table}\n"


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
    return Outcome(path.name, tuple(names.values()), tuple(refused))


def _short(reason: str) -> str:
    if "server.register(" in reason:
        return "no function is registered for it"
    if "server.load_table(" in reason:
        return "the flow does not describe its table"
    return reason.replace("|", "\\|")


def _counted(names: tuple[str, ...]) -> str:
    counted = Counter(names).items()
    return ", ".join(f"`{name}`{f' ×{count}' if count > 1 else ''}" for name, count in counted) or "-"  # noqa: RUF001


if __name__ == "__main__":
    sys.stdout.write(markdown(outcomes(Path(sys.argv[1]))))
