"""What one invocation of the command knows: its options, its client, the run that it started or waits for."""

from __future__ import annotations

import argparse
import contextlib
import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from alpine._command.output import say

if TYPE_CHECKING:
    from alpine import APIClient, FlowRun

_SECONDS_TO_LOG_OUT = 3.0


def id_of(run: FlowRun) -> str:
    """The id of a run as the command prints and takes it: its results are found only with its workflow."""
    return f"{run.workflow_id}:{run}"


class Context:
    """One invocation.

    :param options: What was given on the command line.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.run: FlowRun | None = None
        """The run that this invocation started, or waits for, and that may go on without it."""

    @property
    def quiet(self) -> bool:
        """Whether progress is not wanted."""
        return bool(self.options.quiet)

    def say(self, text: str) -> None:
        """Tell how it goes, on stderr."""
        if not self.quiet:
            say(text)

    @contextlib.contextmanager
    def session(self) -> Iterator[APIClient]:
        """A client that is logged in, as options, environment and profile say; logged out at the end."""
        from alpine import APIClient
        from alpine.exception import AlpineSessionNotFoundException

        session = APIClient.from_profile(self.options.profile, **self.given())
        if session.token is None:
            server = session.base_url.removesuffix("/api")
            raise AlpineSessionNotFoundException(
                f"Not logged in at {server}: neither a profile nor the environment (ALPINE_USERNAME and "
                f"ALPINE_PASSWORD, or ALPINE_TOKEN) gives a login for it. alpine login --host {server} makes a profile."
            )
        with session:
            yield session

    @contextlib.contextmanager
    def following(self, session: APIClient, run: FlowRun) -> Iterator[None]:
        """Stop the run, or say how to take it up again, when a signal ends the block."""
        self.run = run
        try:
            yield
        except KeyboardInterrupt:
            # Whoever sends SIGTERM sends SIGKILL a few seconds later: a logout must not take longer.
            session.deadline = _SECONDS_TO_LOG_OUT
            self._leave(run)
            raise
        self.run = None

    def how_to_go_on(self, run: FlowRun) -> str:
        """The command that takes a run up again."""
        words = ["alpine", "wait", id_of(run)]
        for name in ("profile", "host", "username"):
            value = getattr(self.options, name, None)
            if value is not None:
                words += [f"--{name}", value]
        return shlex.join(words)

    def _leave(self, run: FlowRun) -> None:
        stopped = False
        try:
            if getattr(self.options, "stop_on_exit", False):
                stopped = run.try_to_stop(deadline=_SECONDS_TO_LOG_OUT)
        finally:
            # Also if a second signal ends the stop.
            if stopped:
                self.run = None
                say(f"Run {id_of(run)} was stopped.")

    def given(self) -> dict[str, Any]:
        """The arguments of a client that are options."""
        names = ("host", "username")
        return {name: value for name in names if (value := getattr(self.options, name)) is not None}
