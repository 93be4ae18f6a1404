"""What tests need of the inside of a client or of a sandbox, where users have no way: here, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from alpine._clock import Clock
from alpine._http.retry import retry_policy
from alpine._http.token import TokenHolder
from alpine.alpineobject import AlpineObject
from tests.scripted import FakeTime

if TYPE_CHECKING:
    from alpine.sandbox import Sandbox
    from alpine.sandbox.state.store import State


def set_clock(
    resource: AlpineObject, time: FakeTime | None = None, sleep: Callable[[float], None] | None = None
) -> FakeTime:
    """Give a client, or a resource made by hand, a clock that moves only when somebody sleeps.

    :param time: The clock, if there is one already.
    :param sleep: What happens instead of a sleep.
    """
    time = time or FakeTime()
    resource._transport.clock = Clock(time.now, sleep or time.sleep)
    return time


def set_no_retries(resource: AlpineObject) -> None:
    """Have a resource that was made by hand send each request once; a client has ``retries``."""
    resource._transport.retries = retry_policy(0)


def holder_of(resource: AlpineObject) -> TokenHolder:
    """The holder of a client's login."""
    return resource._transport.holder


def state_of(sandbox: Sandbox) -> State:
    """The records of a sandbox."""
    return sandbox._running.state
