"""Progress of a wait, in a terminal, a notebook, or a log."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Self


class Progress:
    """Shows how long a run takes and which operator is running.

    :param verbose: Whether to show anything.
    """

    def __init__(self, verbose: bool) -> None:
        self._verbose = verbose
        self._line = ""
        self._node: str | None = None
        self._in_place = verbose and sys.stdout.isatty()

    def update(self, seconds: float, node: str | None) -> None:
        """Tell what is known now."""
        if not self._verbose:
            return
        changed = node is not None and node != self._node
        self._node = node or self._node
        line = f"{seconds:6.1f} s  {self._node or 'started'}"
        if self._in_place:
            self._write(f"\r{line:<{len(self._line)}}")
            self._line = line
        elif changed or not self._line:
            self._line = line
            self._write(f"{line}\n")

    def finish(self, seconds: float, outcome: str) -> None:
        """Tell how it ended."""
        if self._verbose:
            line = f"{seconds:6.1f} s  {outcome}"
            self._write(f"\r{line:<{len(self._line)}}\n" if self._in_place else f"{line}\n")
            self._line = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._in_place and self._line:
            self._write("\n")

    @staticmethod
    def _write(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()
