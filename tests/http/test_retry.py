"""Which failures are met with another attempt, when, and for how long."""

from __future__ import annotations

import random
import time
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpine import APIClient, retry_policy
from alpine._clock import Clock
from alpine._http.retry import BUDGET, Attempts, retry_after
from alpine.exception import (
    AlpineException,
    NotFoundException,
    OutcomeUnknownException,
    ServerConnectionException,
    ServiceUnavailableException,
    TooManyRequestsException,
)
from tests.inside import set_clock
from tests.scripted import LOGIN, FakeTime, Reply, ScriptedServer


class Answered:
    def __init__(self, status: int, retry_after: str | None = None, date: str | None = None) -> None:
        self.status = status
        self._headers = {"Retry-After": retry_after, "Date": date}

    def header(self, name: str) -> str | None:
        return self._headers.get(name)


def gaps(answer: Answered, *, idempotent: bool = True) -> list[float]:
    fake = FakeTime()
    attempts = Attempts(retry_policy(), Clock(fake.now, fake.sleep), idempotent=idempotent)
    while attempts.another(answer):
        pass
    return fake.sleeps


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_answers_of_a_server_that_may_do_better_are_asked_for_again(status: int) -> None:
    assert len(gaps(Answered(status))) == 4
    assert gaps(Answered(status), idempotent=False) == []


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 422, 500, 501])
def test_other_answers_are_final(status: int) -> None:
    assert gaps(Answered(status)) == []


def test_the_gaps_are_drawn_between_nothing_and_a_bound_that_doubles() -> None:
    random.seed(1)
    drawn = [gaps(Answered(503)) for _ in range(400)]
    for position, bound in enumerate((0.0, 1.0, 2.0, 4.0)):
        column = [gap[position] for gap in drawn]
        assert max(column) <= bound
        assert min(column) <= bound * 0.05
        assert max(column) >= bound * 0.9
    assert len({gap[1] for gap in drawn}) > 300


def test_retry_after_is_obeyed_in_both_forms() -> None:
    assert gaps(Answered(429, "7")) == [7, 7, 7, 7]
    asked = gaps(Answered(503, formatdate(time.time() + 30, usegmt=True)))
    assert all(28 <= gap <= 31 for gap in asked)
    assert len(asked) in {3, 4}, "what fits into the budget"
    assert gaps(Answered(503, "7.5")) == [7.5, 7.5, 7.5, 7.5]


@pytest.mark.parametrize("wrong", [-3600, 3600])
def test_a_date_in_retry_after_is_read_by_the_clock_of_the_server(wrong: float) -> None:
    server = time.time() + wrong
    answer = Answered(503, formatdate(server + 30, usegmt=True), formatdate(server, usegmt=True))
    assert gaps(answer) == [30, 30, 30, 30]


@pytest.mark.parametrize("value", ["121", "120.5", "3600", "9" * 18, "9" * 5000, formatdate(4_000_000_000)])
def test_retry_after_above_two_minutes_is_not_waited_for(value: str) -> None:
    assert gaps(Answered(429, value)) == []


@pytest.mark.parametrize("value", ["", "soon", "-5", "nan", "5, 5", "Mon, 99 Foo 99999 99:99:99 GMT"])
def test_a_retry_after_that_makes_no_sense_is_left_out(value: str) -> None:
    assert len(gaps(Answered(429, value))) == 4


@given(st.one_of(st.text(), st.text("MonTueJan, :0123456789+-GMT()", max_size=60)))
def test_no_text_in_retry_after_is_a_trap(value: str) -> None:
    seconds = retry_after(Answered(429, value))
    assert seconds is None or seconds >= 0


def test_the_exception_has_what_the_server_asked_for(server: ScriptedServer, session: APIClient) -> None:
    server.on("GET", ".*", Reply("", 503, {"Retry-After": "86400"}))
    with pytest.raises(ServiceUnavailableException) as caught:
        session.get_license()
    assert caught.value.retry_after == 86400
    assert server.count("GET") == 1


def test_all_attempts_together_have_a_budget() -> None:
    assert sum(gaps(Answered(503, "50"))) <= BUDGET
    assert len(gaps(Answered(503, "50"))) == 2


def test_retries_can_be_switched_off(server: ScriptedServer, session: APIClient, fake_time: FakeTime) -> None:
    server.on("GET", "/api/license", Reply("", 503))
    session.retries = retry_policy(0)
    with pytest.raises(ServiceUnavailableException):
        session.get_license()
    assert (server.count("GET"), fake_time.sleeps) == (1, [])


def test_a_run_is_never_started_twice(server: ScriptedServer, session: APIClient, fake_time: FakeTime) -> None:
    for reply in (Reply(fault="reset"), Reply(fault="close"), Reply({"meta": {}}, fault="truncate"), Reply("", 503)):
        server.on("POST", ".*/run", reply)
        before = server.count("POST")
        with pytest.raises(AlpineException):
            session.workfile.process.run(375)
        assert server.count("POST") == before + 1
    server.on("POST", ".*/run", Reply(fault="close"))
    with pytest.raises(OutcomeUnknownException, match=r"run workflow 375.*A run may have started"):
        session.workfile.process.run(375)


def test_what_was_never_sent_is_tried_again_also_when_it_may_not_be_repeated(
    server: ScriptedServer, session: APIClient, fake_time: FakeTime
) -> None:
    server.close()
    with pytest.raises(ServerConnectionException, match="refused"):
        session.workspace.create("x")
    assert len(fake_time.sleeps) == 4


def test_a_thing_that_is_gone_when_its_deletion_is_sent_again_was_deleted(
    server: ScriptedServer, session: APIClient, fake_time: FakeTime
) -> None:
    server.on("DELETE", "/api/workfiles/1", Reply(fault="close"), Reply("", 404))
    session.workfile.delete(1)
    server.on("DELETE", "/api/workfiles/2", Reply("", 504), Reply("", 404))
    session.workfile.delete(2)


def test_what_never_was_is_not_taken_for_deleted(server: ScriptedServer, fake_time: FakeTime) -> None:
    server.on_login()
    session = APIClient(server.url, username="ada", password="a password")
    set_clock(session, fake_time)
    server.on("DELETE", "/api/workfiles/1", Reply("", 401), Reply("", 404))
    server.on("DELETE", "/api/workfiles/2", Reply("", 503), Reply("", 429), Reply("", 404))
    server.on("POST", "/api/sessions", Reply({"response": {**LOGIN["response"], "session_id": "another-token"}}, 201))
    for number in (1, 2):
        with pytest.raises(NotFoundException):
            session.workfile.delete(number)


def test_the_value_of_a_long_retry_after_is_in_the_exception(server: ScriptedServer, session: APIClient) -> None:
    server.on("GET", "/api/license", Reply("", 429, {"Retry-After": formatdate(time.time() + 7200, usegmt=True)}))
    with pytest.raises(TooManyRequestsException) as caught:
        session.get_license()
    assert 7100 < (caught.value.retry_after or 0) <= 7200
