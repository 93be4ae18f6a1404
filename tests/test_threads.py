"""One client, many threads: nothing is mixed up, one login after an expiry, and a process that forks."""

from __future__ import annotations

import json
import os
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from alpine import APIClient
from alpine.exception import NotFoundException
from tests.platforms import needs_fork
from tests.reliability.wire import Asked, WireServer, message

THREADS = 32
PASSWORD = "a password"


class Echo:
    """A server that answers with what it was asked, and whose logins expire when told."""

    def __init__(self) -> None:
        self.server = WireServer(self._answer)
        self.logins = 0
        self.valid = ""
        self._lock = threading.Lock()

    def expire(self) -> None:
        self.valid = "expired"

    def _answer(self, connection: object, asked: Asked) -> bool:
        connection.sendall(self._words(asked))  # type: ignore[attr-defined]
        return True

    def _words(self, asked: Asked) -> bytes:
        if asked.path == "/api/sessions":
            with self._lock:
                self.logins += 1
                self.valid = f"token-number-{self.logins}"
            return message(201, {"response": {"session_id": self.valid, "user": {"id": 1}}})
        if self.valid not in asked.target and self.valid not in asked.head:
            return message(401, " ")
        number = asked.path.rpartition("/")[2]
        if asked.path.startswith("/alpinedatalabs/"):
            return message(200, {"meta": {"state": asked.path.split("/")[-2], "processId": asked.body.decode()}})
        if number.isdecimal() and int(number) % 7 == 0:
            return message(404, {"errors": {"record": "NOT_FOUND", "message": asked.target}})
        sent = json.loads(asked.body) if asked.body else {}
        return message(200, {"response": {"target": asked.target, "method": asked.method, "sent": sent}})


def calls(session: APIClient, number: int) -> list[Callable[[], None]]:
    """Calls of several kinds, each of which checks that the answer is its own."""

    def get() -> None:
        if number % 7 == 0:
            with pytest.raises(NotFoundException) as caught:
                session.workfile.get(number)
            assert f"/workfiles/{number}?" in str(caught.value)
            assert str(caught.value.url).endswith(f"/workfiles/{number}")
        else:
            assert f"/workfiles/{number}?" in session.workfile.get(number)["target"]

    def update() -> None:
        if number % 7:
            found = session.user.update(number, title=f"title {number}")
            assert found["sent"] == {"title": f"title {number}"}
            assert (found["method"], f"/users/{number}?" in found["target"]) == ("PUT", True)

    def create() -> None:
        assert session.workspace.create(f"space {number}")["sent"]["name"] == f"space {number}"

    def run() -> None:
        started = session.workfile.process.run(number, {"@x": number})
        assert json.loads(started)["variables"] == [{"name": "@x", "value": str(number)}]

    def ask() -> None:
        said = session.request("GET", f"/alpinedatalabs/api/v1/json/processes/run-{number}/query")
        assert said["meta"]["state"] == f"run-{number}"

    return [get, update, create, run, ask]


def mixed(count: int) -> None:
    """So many calls from many threads on one client, with expiries in between."""
    echo = Echo()
    session = APIClient(echo.server.url, username="ada", password=PASSWORD, proxies={})
    expiries = 5

    def work(number: int) -> None:
        if number % (count // expiries) == count // expiries // 2:
            echo.expire()
        random.Random(number).choice(calls(session, number))()

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(1, count + 1)))
    print(f"{count} calls from {THREADS} threads, {echo.logins} logins, {echo.server.connections} connections")
    assert echo.logins == 1 + expiries
    assert echo.server.connections <= THREADS + 5
    session.session.close()
    echo.server.close()


def test_nothing_is_mixed_up_between_threads() -> None:
    mixed(1000)


@pytest.mark.long
def test_nothing_is_mixed_up_in_ten_thousand_calls() -> None:
    mixed(10_000)


def test_an_expiry_that_all_threads_meet_is_one_login() -> None:
    echo = Echo()
    session = APIClient(echo.server.url, username="ada", password=PASSWORD, proxies={})
    for expiry in range(1, 4):
        echo.expire()
        together = threading.Barrier(THREADS)

        def meet(together: threading.Barrier = together) -> None:
            together.wait(10)
            session.get_license()

        with ThreadPoolExecutor(THREADS) as pool:
            for future in [pool.submit(meet) for _ in range(THREADS)]:
                future.result()
        assert echo.logins == 1 + expiry
    session.session.close()
    echo.server.close()


@needs_fork
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_parent_and_children_ask_at_the_same_time_and_get_their_own_answers() -> None:
    echo = Echo()
    session = APIClient(echo.server.url, username="ada", password=PASSWORD, proxies={})
    session.get_license()
    children = []
    for child in range(3):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                for number in range(child * 1000 + 1, child * 1000 + 60):
                    calls(session, number)[0]()
                code = 0
            finally:
                os._exit(code)
        children.append(pid)
    for number in range(5001, 5060):
        calls(session, number)[0]()
    assert [os.waitpid(pid, 0)[1] for pid in children] == [0, 0, 0]
    assert echo.server.connections == 4
    session.session.close()
    echo.server.close()
