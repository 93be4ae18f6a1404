"""Progress of a wait: one line that is written over in a terminal and in a notebook, line by line in a log.

``verbose=True`` asks for it; the environment variable ``ALPINE_PROGRESS=0`` turns it off everywhere.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
import sys
import unicodedata
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Literal, Protocol, Self

from alpine._display import html

_BLANK = "\u3000\u00a0\u200d"
_OFF = frozenset({"0", "no", "off", "false"})


@dataclass(frozen=True)
class _News:
    """What is known of a wait.

    :param seconds: Seconds since its beginning.
    :param words: What is running, or how it ended.
    :param done: How many steps are done.
    :param total: How many there are, where that is known.
    :param state: Whether it goes on, or how it ended.
    """

    seconds: float = 0.0
    words: str = "started"
    done: int = 0
    total: int | None = None
    state: Literal["open", "good", "bad"] = "open"

    def __str__(self) -> str:
        return f"{self.seconds:6.1f} s  {self.words}{f'  ({self.share})' if self.share else ''}"

    @property
    def share(self) -> str:
        """How much is done, in words."""
        return "" if self.total is None else f"{self.done} of {self.total} done"


class _Screen(Protocol):
    """Where progress is shown."""

    def show(self, news: _News) -> None:
        """Show what is known now; when it is over, for good."""


class Progress:
    """Shows how long a wait takes, what is running, and how much of it is done.

    :param verbose: Whether to show anything.
    :param total: How many steps there are, where that is known.
    """

    def __init__(self, verbose: bool, total: int | None = None) -> None:
        allowed = os.environ.get("ALPINE_PROGRESS", "").strip().casefold() not in _OFF
        self._screen = _screen() if verbose and allowed else None
        self._news = _News(total=total)
        self._shown = False

    def update(self, seconds: float, doing: str | None, done: int = 0) -> None:
        """Tell what is known now.

        :param seconds: Seconds since the beginning.
        :param doing: What is running; None for "as before".
        :param done: How many steps are done.
        """
        self._show(replace(self._news, seconds=seconds, words=doing or self._news.words, done=done))

    def finish(self, seconds: float, outcome: str, done: int | None = None, *, good: bool = True) -> None:
        """Tell how it ended.

        :param seconds: Seconds since the beginning.
        :param outcome: How it ended.
        :param done: How many steps are done; None for "as before".
        :param good: Whether it ended well.
        """
        done = self._news.done if done is None else done
        self._show(_News(seconds, outcome, done, self._news.total, "good" if good else "bad"))

    def _show(self, news: _News) -> None:
        if self._screen is not None:
            # A name that the server tells may hold line ends and sequences that a terminal obeys.
            words = "".join(char if char.isprintable() or char in _BLANK else repr(char)[1:-1] for char in news.words)
            self._news = replace(news, words=words)
            self._screen.show(self._news)
            self._shown = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown and self._news.state == "open":
            why = kind.__name__ if kind is not None and issubclass(kind, Exception) else "interrupted"
            self.finish(self._news.seconds, f"{self._news.words}: {why}", good=False)


class _Lines:
    """A log: a line whenever there is news."""

    def __init__(self) -> None:
        self._words: str | None = None

    def show(self, news: _News) -> None:
        if news.words != self._words or news.state != "open":
            self._words = news.words
            _write(f"{news}\n")


class _OneLine:
    """A terminal: one line that is written over."""

    def __init__(self) -> None:
        self._width = 0

    def show(self, news: _News) -> None:
        # The cursor cannot go back over a line that was broken because it was too long.
        line, width = _cut(str(news), shutil.get_terminal_size().columns - 1)
        _write(f"\r{line}{' ' * (self._width - width)}{'' if news.state == 'open' else chr(10)}")
        self._width = width


class _Cell:
    """A notebook: one output that is replaced."""

    def __init__(self) -> None:
        self._handle: Any = None

    def show(self, news: _News) -> None:
        data = {"text/plain": str(news), "text/html": _html(news)}
        if self._handle is None:
            self._handle = importlib.import_module("IPython.display").display(data, raw=True, display_id=True)
        else:
            self._handle.update(data, raw=True)


def _html(news: _News) -> str:
    """The line as a notebook shows it, with a bar where it is known how much there is to do."""
    parts = [html.fact(f"{news.seconds:.1f} s"), f'<b class="{news.state}">{html.escape(news.words)}</b>']
    if news.total:
        full = f'<span style="width:{100 * news.done / news.total:.0f}%"></span>'
        parts += [f'<span class="bar {news.state}">{full}</span>', html.fact(news.share)]
    return html.block(f'<div class="heading">{" ".join(parts)}</div>')


def _screen() -> _Screen | None:
    """What suits the place where this runs; None where there is nowhere to write to, as in a Windows service."""
    if _in_notebook():
        return _Cell()
    if sys.stdout is None or getattr(sys.stdout, "closed", False):
        return None
    # What a script puts in the place of stdout often has the method write, and little else.
    is_terminal = getattr(sys.stdout, "isatty", bool)
    return _OneLine() if is_terminal() else _Lines()


def _in_notebook() -> bool:
    """Whether a notebook's kernel runs this; IPython in a terminal has none."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None


def _cut(line: str, columns: int) -> tuple[str, int]:
    """As much of a line as fits into some columns, and how many of them it takes."""
    width = 0
    for position, char in enumerate(line):
        columns_of_it = 0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        if width + columns_of_it > columns:
            return line[:position], width
        width += columns_of_it
    return line, width


def _write(text: str) -> None:
    # A console that lacks a letter (cp1252 and a Chinese name), or is closed, must not end the wait.
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
        getattr(sys.stdout, "flush", bool)()
