"""When a wait asks, what it forgives, and how it ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from alpine._clock import Clock
from alpine._runs.polling import PollResult, wait_for
from alpine.exception import (
    AlpineException,
    AlpineSessionNotFoundException,
    ForbiddenException,
    InvalidResponseException,
    LicenseExpiredException,
    RedirectException,
    RequestTimeoutException,
    RequestTooLargeException,
    ServerConnectionException,
    ServerErrorException,
    ServiceUnavailableException,
    TLSException,
    TooManyRequestsException,
)
from tests.scripted import FakeTime

Ask = Callable[[float], str | None]


def wait(ask: Ask, time: FakeTime, *, longest_gap: float = 10, timeout: float = 3600) -> PollResult[str]:
    return wait_for(ask, Clock(time.now, time.sleep), longest_gap=longest_gap, timeout=timeout)


def after(seconds: float, time: FakeTime, failure: AlpineException | None = None) -> Ask:
    """Not there before these seconds; until then nothing, or a failure."""
    start = time.now()

    def ask(_elapsed: float) -> str | None:
        if time.now() - start >= seconds:
            return "there"
        if failure is not None:
            raise failure
        return None

    return ask


@pytest.mark.parametrize("seconds", [0, 0.1, 1, 7, 60, 1000])
def test_an_end_is_noticed_a_tenth_late_at_most(seconds: float) -> None:
    time = FakeTime()
    over = wait(after(seconds, time), time, longest_gap=1000)
    assert over.value == "there"
    assert seconds <= over.elapsed <= seconds * 1.11 + 0.26
    assert time.sleeps == sorted(time.sleeps)


def test_a_short_run_is_noticed_at_once_and_few_questions_are_asked_in_three_seconds() -> None:
    time = FakeTime()
    over = wait(after(3, time), time)
    assert over.value == "there"
    assert time.sleeps[:6] == [0.02, 0.04, 0.08, 0.16, 0.25, 0.25]
    assert len(time.sleeps) <= 17
    assert time.sleeps == sorted(time.sleeps)


def test_no_gap_is_longer_than_asked_for() -> None:
    time = FakeTime()
    wait(after(500, time), time, longest_gap=10)
    assert max(time.sleeps) == 10


@pytest.mark.parametrize("timeout", [0, 0.1, 0.3, 1, 7.7, 100 / 3])
def test_there_is_one_last_look_at_the_deadline(timeout: float) -> None:
    time = FakeTime()
    asked: list[float] = []

    def ask(elapsed: float) -> None:
        assert len(asked) < 1000
        asked.append(elapsed)

    over = wait(ask, time, timeout=timeout)
    assert (over.value, over.last_error) == (None, None)
    assert asked[-1] >= timeout
    assert over.elapsed <= timeout + 0.01
    assert [each for each in asked if each >= timeout] == [asked[-1]]


@pytest.mark.parametrize(
    "failure",
    [
        ServerConnectionException("refused"),
        RequestTimeoutException("slow"),
        ServerErrorException("500"),
        ServiceUnavailableException("503"),
        TooManyRequestsException("429"),
    ],
)
def test_a_server_that_comes_back_is_waited_for(failure: AlpineException) -> None:
    time = FakeTime()
    assert wait(after(100, time, failure), time).value == "there"
    over = wait(after(5000, time, failure), time)
    assert (over.value, over.last_error) == (None, failure)


@pytest.mark.parametrize("kind", [InvalidResponseException, RedirectException])
def test_answers_without_sense_are_borne_for_two_minutes(kind: type[AlpineException]) -> None:
    time = FakeTime()
    failure = kind("a page of a proxy")
    assert wait(after(100, time, failure), time).value == "there"
    begun = time.now()
    with pytest.raises(kind):
        wait(after(5000, time, failure), time)
    assert 120 <= time.now() - begun <= 135


def test_sense_in_between_begins_the_two_minutes_anew() -> None:
    time = FakeTime()
    start = time.now()

    def ask(elapsed: float) -> str | None:
        if time.now() - start > 1000:
            return "there"
        if elapsed % 200 < 100:
            raise InvalidResponseException("a page of a proxy")
        return None

    assert wait(ask, time).value == "there"


@pytest.mark.parametrize(
    "failure",
    [
        RequestTooLargeException("413"),
        TLSException("unknown"),
        LicenseExpiredException("expired"),
        AlpineSessionNotFoundException("401"),
        ForbiddenException("403"),
        KeyboardInterrupt(),
    ],
)
def test_what_does_not_get_better_ends_the_wait(failure: BaseException) -> None:
    time = FakeTime()

    def ask(_elapsed: float) -> None:
        raise failure

    with pytest.raises(type(failure)):
        wait(ask, time)
    assert time.sleeps == []


@pytest.mark.parametrize(("asked", "gap"), [(7.0, 7.0), (3600.0, 120.0), (0.0, 0.25), (None, 0.25)])
def test_a_server_that_asks_for_time_gets_it_within_bounds(asked: float | None, gap: float) -> None:
    time = FakeTime()
    wait(after(0.1, time, TooManyRequestsException("429", retry_after=asked)), time)
    assert time.sleeps[0] == gap


def test_an_error_before_the_last_look_is_not_the_last_error() -> None:
    time = FakeTime()
    answers = iter([ServerConnectionException("x"), None, None, None, None, None])

    def ask(_elapsed: float) -> None:
        answer = next(answers, None)
        if answer is not None:
            raise answer

    assert wait(ask, time, timeout=3).last_error is None


@pytest.mark.parametrize("jump", [3600.0, 1e9, -50.0])
def test_a_clock_that_jumps_ends_no_wait_without_a_look(jump: float) -> None:
    time = FakeTime()
    looks: list[float] = []

    def ask(elapsed: float) -> str | None:
        looks.append(elapsed)
        if len(looks) == 3:
            time.time += jump
        return "there" if len(looks) == 5 and jump < 0 else None

    over = wait(ask, time, timeout=600)
    if jump < 0:
        assert over.value == "there"
    else:
        assert (over.value, len(looks)) == (None, 4)
