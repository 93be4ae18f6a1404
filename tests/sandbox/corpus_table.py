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

_COLUMNS = ("File", "Outcome", "Ran", "Refused", "Not reached")


@dataclass(frozen=True)
class Outcome:
    """What became of one file.

    :param name: The file's name.
    :param ran: The classes of the operators that ran.
    :param refused: The class that was refused, with the reason; empty when none was.
    :param unreached: The classes of the operators that come later.
    """

    name: str
    ran: tuple[str, ...]
    refused: str
    unreached: tuple[str, ...]

    @property
    def cells(self) -> tuple[str, ...]:
        """The row of the table."""
        return (
            f"`{self.name}`",
            "refused" if self.refused else "SUCCESS",
            _counted(self.ran),
            self.refused or "-",
            _counted(self.unreached),
        )


def outcomes(corpus: Path) -> Iterator[Outcome]:
    """Run every file of a folder.

    :param corpus: The folder, with ``flows`` and ``data`` in it.
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

    :param found: What became of the files.
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
    done = len(document["outputs"])
    names = [identity(step).removeprefix("com.alpine.miner.gef.runoperator.") for step in steps]
    reasons = [line["errMessage"] for line in document["logs"] if line["errMessage"] != "null"]
    refused = f"`{names[done]}`: {_short(reasons[0])}" if reasons else ""
    return Outcome(path.name, tuple(names[:done]), refused, tuple(names[done + 1 :] if reasons else ()))


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
