"""Progress of a wait: in a terminal, in a notebook, or line by line in a log.

``verbose=True`` asks for it; the environment variable ``ALPINE_PROGRESS=0`` turns it off everywhere.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from types import TracebackType
from typing import Any, Protocol, Self

_OFF = frozenset({"0", "no", "off", "false"})


class _Screen(Protocol):
    """Where progress is shown."""

    def show(self, line: str, news: str, done: int) -> None:
        """Show a line; ``news`` changes only when there is something new in it."""

    def close(self, line: str, done: int) -> None:
        """Show the last line."""

    def leave(self) -> None:
        """Leave the place tidy when something ended the wait."""


class Progress:
    """Shows how long a wait takes, what is running, and how much of it is done.

    :param verbose: Whether to show anything.
    :param total: How many steps there are, where that is known.
    """

    def __init__(self, verbose: bool, total: int | None = None) -> None:
        allowed = os.environ.get("ALPINE_PROGRESS", "").strip().casefold() not in _OFF
        self._screen = _screen(total) if verbose and allowed else None
        self._total = total
        self._done = 0
        self._doing = "started"
        self._ended = False

    def update(self, seconds: float, doing: str | None, done: int = 0) -> None:
        """Tell what is known now.

        :param seconds: Seconds since the beginning.
        :param doing: What is running; None for "as before".
        :param done: How many steps are done.
        """
        if self._screen is not None:
            self._doing, self._done = doing or self._doing, done
            self._screen.show(f"{seconds:6.1f} s  {self._doing}{self._share()}", self._doing, done)

    def finish(self, seconds: float, outcome: str, done: int | None = None) -> None:
        """Tell how it ended."""
        if self._screen is not None:
            self._done = self._done if done is None else done
            self._screen.close(f"{seconds:6.1f} s  {outcome}{self._share()}", self._done)
            self._ended = True

    def _share(self) -> str:
        return "" if self._total is None else f"  ({self._done} of {self._total} done)"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._screen is not None and not self._ended:
            self._screen.leave()


class _Lines:
    """A log: a line whenever there is news."""

    def __init__(self) -> None:
        self._news: str | None = None

    def show(self, line: str, news: str, done: int) -> None:  # noqa: ARG002 - not every screen counts
        if news != self._news:
            self._news = news
            _write(f"{line}\n")

    def close(self, line: str, done: int) -> None:  # noqa: ARG002
        _write(f"{line}\n")

    def leave(self) -> None:
        """Each line was whole."""


class _OneLine:
    """A terminal without tqdm: one line that is written over."""

    def __init__(self) -> None:
        self._width = 0

    def show(self, line: str, news: str, done: int) -> None:  # noqa: ARG002
        _write(f"\r{line:<{self._width}}")
        self._width = len(line)

    def close(self, line: str, done: int) -> None:
        self.show(line, "", done)
        _write("\n")

    def leave(self) -> None:
        if self._width:
            _write("\n")


class _Cell:
    """A notebook without tqdm or ipywidgets: one output that is replaced."""

    def __init__(self, display: Any) -> None:
        self._display = display
        self._handle: Any = None

    def show(self, line: str, news: str, done: int) -> None:  # noqa: ARG002
        if self._handle is None:
            self._handle = self._display({"text/plain": line}, raw=True, display_id=True)
        else:
            self._handle.update({"text/plain": line}, raw=True)

    def close(self, line: str, done: int) -> None:
        self.show(line, "", done)

    def leave(self) -> None:
        """What was shown last stays."""


class _Bar:
    """A bar of tqdm."""

    def __init__(self, tqdm: Any, total: int | None) -> None:
        form = "{desc}" if total is None else "{desc} |{bar:24}|"
        self._bar = tqdm(total=total, bar_format=form, file=sys.stdout, dynamic_ncols=True)

    def show(self, line: str, news: str, done: int) -> None:  # noqa: ARG002
        self._bar.n = done
        self._bar.set_description_str(line)

    def close(self, line: str, done: int) -> None:
        self.show(line, "", done)
        self._bar.close()

    def leave(self) -> None:
        self._bar.close()


def _screen(total: int | None) -> _Screen:
    """What suits the place where this runs."""
    shell = _notebook()
    if shell is not None:
        if _installed("tqdm", "ipywidgets"):
            return _Bar(importlib.import_module("tqdm.notebook").tqdm, total)
        return _Cell(importlib.import_module("IPython.display").display)
    if not sys.stdout.isatty():
        return _Lines()
    return _Bar(importlib.import_module("tqdm").tqdm, total) if _installed("tqdm") else _OneLine()


def _notebook() -> Any:
    """The notebook's shell; None elsewhere, also in IPython in a terminal."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell if getattr(shell, "kernel", None) is not None else None


def _installed(*packages: str) -> bool:
    return all(importlib.util.find_spec(package) for package in packages)


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
