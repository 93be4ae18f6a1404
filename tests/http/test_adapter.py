"""The connections: enough for all helpers, dropped in a fork, quiet where certificates are not checked."""

from __future__ import annotations

import gc
import json
import os
import threading
from collections.abc import Callable

import pytest
import requests
from requests.adapters import HTTPAdapter

from alpine import APIClient, Workfile
from alpine._http.adapter import POOL_SIZE
from alpine._pager import SIDE_BY_SIDE
from tests.inside import holder_of
from tests.platforms import needs_fork
from tests.scripted import Asked, Reply, ScriptedServer


def test_the_pool_is_as_large_as_the_helpers(server: ScriptedServer, session: APIClient) -> None:
    assert POOL_SIZE >= SIDE_BY_SIDE
    together = threading.Barrier(POOL_SIZE)

    def answer(_asked: Asked) -> Reply:
        together.wait(10)
        return Reply({"response": {}})

    server.on("GET", ".*", answer)
    for _ in range(2):
        threads = [threading.Thread(target=session.get_license) for _ in range(POOL_SIZE)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(server.asked) == 2 * POOL_SIZE
    assert len({asked.client for asked in server.asked}) == POOL_SIZE


def in_a_child(call: Callable[[], object]) -> bytes:
    """What a call gives in a forked child, as its words through a pipe."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        said = b"failed"
        try:
            said = json.dumps(call()).encode()
        finally:
            os.write(writing, said)
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return said


@needs_fork
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_forked_child_does_not_share_the_socket(server: ScriptedServer, session: APIClient) -> None:
    server.on("GET", ".*", lambda asked: Reply({"response": {"port": asked.client[1]}}))
    mine = session.get_license()["port"]
    theirs = json.loads(in_a_child(session.get_license))["port"]
    assert theirs != mine
    assert session.get_license()["port"] == mine


@needs_fork
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_fork_in_the_middle_of_a_renewal_does_not_hang(server: ScriptedServer, session: APIClient) -> None:
    server.on("GET", ".*", Reply({"response": {"fine": True}}))
    holder = holder_of(session)
    held, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with holder._lock:
            held.set()
            go_on.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    try:
        assert in_a_child(session.get_license) == b'{"fine": true}'
    finally:
        go_on.set()
        thread.join()


def test_an_adapter_that_a_user_mounts_is_used(server: ScriptedServer, session: APIClient) -> None:
    class Counting(HTTPAdapter):
        count = 0

        def send(self, request: requests.PreparedRequest, *args: object, **options: object) -> requests.Response:
            Counting.count += 1
            return super().send(request, *args, **options)  # type: ignore[arg-type]

    server.on("GET", ".*", Reply({"response": {"id": 1}}))
    session.session.mount("http://", Counting())
    session.get_license()
    mine = requests.Session()
    mine.mount("http://", Counting())
    Workfile(f"{server.url}/api", mine, "a-token").get(1)
    assert Counting.count == 2


def test_a_client_that_is_gone_leaves_nothing_to_be_forked() -> None:
    from alpine._http import adapter

    before = len(adapter._SESSIONS)
    client = APIClient("localhost")
    assert len(adapter._SESSIONS) == before + 1
    client.session.close()
    del client
    gc.collect()
    assert len(adapter._SESSIONS) <= before


@needs_fork
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_session_of_the_users_own_is_not_shared_by_a_fork_either(server: ScriptedServer) -> None:
    server.on("GET", ".*", lambda asked: Reply({"response": {"id": asked.client[1]}}))
    with requests.Session() as mine:
        workfile = Workfile(f"{server.url}/api", mine, "another-token")
        port = workfile.get(1)["id"]
        assert json.loads(in_a_child(lambda: workfile.get(1)))["id"] != port
        assert workfile.get(1)["id"] == port
