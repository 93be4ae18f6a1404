"""A wait of thousands of questions, while the server is killed and started again."""

from __future__ import annotations

import json
import socket
import threading
import time

import pytest

from alpine import APIClient
from tests.inside import set_clock
from tests.reliability.wire import TOKEN, Asked, WireServer, message
from tests.scripted import FakeTime

RESULTS = {"outputs": [], "flowMetaInfo": {"status": "SUCCESS", "processId": "p1"}}


class Engine:
    """A workflow engine that is killed again and again; the run behind it goes on.

    :param questions: How many are answered before the run is over.
    :param deaths: How many times it is killed, evenly spread.
    :param forgets: Whether it has forgotten its logins when it comes back.
    """

    def __init__(self, questions: int, deaths: int, *, forgets: bool) -> None:
        self.questions = questions
        self.deaths = deaths
        self.answered = 0
        self.died = 0
        self.logins = 0
        self.started = 0
        self._forgets = forgets
        self._valid = ""
        self._server = WireServer(self._answer)
        self.port = self._server.port
        self._over = threading.Event()
        self._dying = threading.Event()
        self._reaper = threading.Thread(target=self._reap, daemon=True)
        self._reaper.start()

    def close(self) -> None:
        self._over.set()
        self._dying.set()
        self._reaper.join()
        self._server.close()

    def _answer(self, connection: socket.socket, asked: Asked) -> bool:
        if asked.path.endswith("/sessions"):
            self.logins += 1
            self._valid = f"token-number-{self.logins}"
            connection.sendall(message(201, {"response": {"session_id": self._valid, "user": {"id": 1}}}))
        elif self._valid not in asked.head:
            connection.sendall(message(401, " "))
        elif asked.path.endswith("/run"):
            self.started += 1
            connection.sendall(message(200, {"meta": {"processId": "p1"}}))
        elif asked.path.endswith("/query"):
            return self._tell(connection)
        else:
            connection.sendall(message(200, json.dumps(json.dumps(RESULTS))))
        return True

    def _tell(self, connection: socket.socket) -> bool:
        self.answered += 1
        if self.answered >= (self.died + 1) * self.questions // (self.deaths + 1) and self.died < self.deaths:
            # Killed in the middle of an answer.
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")
            self._dying.set()
            return False
        if self.answered > self.questions:
            connection.sendall(message(200, "invalid processId or workflow already stopped.\n"))
        else:
            connection.sendall(message(200, {"meta": {"state": "WORKING"}, "nodeInfo": {"nodeName": "x"}}))
        return True

    def _reap(self) -> None:
        while self._dying.wait() and not self._over.is_set():
            self._server.close()
            self.died += 1
            self._dying.clear()
            time.sleep(0.05)
            if self._forgets:
                self._valid = "forgotten"
            self._server = WireServer(self._answer, port=self.port)


class FastTime(FakeTime):
    """Time that goes a thousand times faster."""

    def now(self) -> float:
        return time.monotonic() * 1000

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / 1000)


def soak(questions: int, *, forgets: bool) -> None:
    engine = Engine(questions, 5, forgets=forgets)
    client = APIClient(f"http://127.0.0.1:{engine.port}", username="ada", password="a password", proxies={})
    set_clock(client, FastTime())
    run = client.workfile.process.run(1)
    assert client.workfile.process.wait_until_finished(1, run, query_time=1, timeout=10_000_000) == "SUCCESS"
    print(f"{engine.answered} questions, {engine.died} deaths, {engine.logins} logins")
    assert engine.died == 5
    assert engine.answered > questions
    assert engine.started == 1
    assert engine.logins == (6 if forgets else 1)
    client.session.close()
    engine.close()


@pytest.mark.parametrize("forgets", [False, True])
def test_a_short_wait_outlives_five_deaths_of_the_server(forgets: bool) -> None:
    soak(300, forgets=forgets)


@pytest.mark.long
@pytest.mark.parametrize("forgets", [False, True])
def test_a_wait_of_thousands_of_questions_outlives_five_deaths_of_the_server(forgets: bool) -> None:
    soak(5_000, forgets=forgets)


def test_a_server_that_stays_away_is_told_with_the_run_and_the_last_status() -> None:
    from alpine.exception import RunFlowConnectionException

    engine = Engine(10**9, 0, forgets=False)
    client = APIClient(f"http://127.0.0.1:{engine.port}", username="ada", password="a password", proxies={})
    set_clock(client, FastTime())
    gone = threading.Timer(0.2, engine.close)
    gone.start()
    with pytest.raises(RunFlowConnectionException) as caught:
        client.workfile.process.wait_until_finished(1, "p1", query_time=1, timeout=600)
    gone.join()
    assert (caught.value.process_id, caught.value.last_status) == ("p1", "WORKING")
    assert caught.value.last_error is not None
    assert TOKEN not in str(caught.value)
