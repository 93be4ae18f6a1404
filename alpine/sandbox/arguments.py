"""What the arguments of a sandbox may look like: folders, and the pace of its runs."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

Pace = Literal["instant", "step"] | tuple[Literal["timed"], float]


def folder(path: str | Path | None) -> Path | None:
    """The folder of a path, where one is given.

    :raises NotADirectoryError: There is none.
    """
    if path is None:
        return None
    found = Path(path)
    if not found.is_dir():
        raise NotADirectoryError(f"{found} is no folder; the sandbox reads tables and workflows from folders")
    return found


def checked_pace(pace: Pace) -> Pace:
    """A pace, if it is one.

    :raises ValueError: It is not.
    """
    if pace != "instant":
        from alpine.sandbox.engine.pace import checked

        checked(engine_pace(pace))
    return pace


def engine_pace(pace: Pace) -> str | float:
    """A pace as the engine takes it.

    :raises ValueError: It is none.
    """
    match pace:
        case str():
            return pace
        case ("timed", seconds):
            return seconds
    raise ValueError(f"The pace is 'instant', 'step' or ('timed', seconds), not {pace!r}.")
