"""Any JSON at all as the answer of any call gives the documented type or an AlpineException."""

from __future__ import annotations

import json
import math
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alpine import APIClient
from alpine.exception import AlpineException
from tests.inside import set_clock
from tests.reliability.calls import CALLS, Call, prepare_files
from tests.reliability.wire import TOKEN, Asked, WireServer, healthy, message

KEYS = [
    "response", "pagination", "page", "total", "records", "per_page", "id", "name", "file_name", "file_type",
    "username", "entity_type", "status", "tasks", "user", "session_id", "role", "meta",
    "processId", "state", "nodeInfo",
    "nodeName", "outputs", "out_title", "flowMetaInfo", "logs", "errMessage", "message",
    "job_task_results", "succeeded",
    "last_run_failed", "errors", "fields", "archived", "is_hawq", "is_hdfs_hive", "version_info", "visualType",
]  # fmt: skip
WORDS = ["x", "1", "idle", "running", "SUCCESS", "FAILED", "WORKING", "work_flow", "already stopped", "p1", "", "null"]

plain = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.integers()
    | st.floats()
    | st.sampled_from(WORDS)
    | st.text(max_size=8)
    | st.just("\ud800")
)
anything = st.recursive(
    plain,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner),
    max_leaves=12,
)
things = st.fixed_dictionaries({}, optional=dict.fromkeys(("id", "name", "file_name", "status", "tasks"), anything))
enveloped = st.fixed_dictionaries(
    {"response": anything | things | st.lists(things | anything, max_size=3)},
    optional={"pagination": st.fixed_dictionaries({}, optional=dict.fromkeys(("page", "total", "records"), plain))},
)
results = st.fixed_dictionaries({"outputs": anything, "flowMetaInfo": anything}, optional={"logs": anything})
engines = st.fixed_dictionaries({"meta": anything | st.fixed_dictionaries({"state": anything, "processId": anything})})
documents = anything | enveloped | results | engines | results.map(json.dumps) | st.just("already stopped")


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, Any]:
    """Something else in one place of an answer that would be right."""
    return draw(st.sampled_from(KEYS)), draw(anything)


class Anything:
    """A server that answers as the case at hand says."""

    def __init__(self) -> None:
        self.document: Any = None
        self.mutation: tuple[str, Any] | None = None
        self.healthy_first = 0
        self.cases = 0
        self.server = WireServer(self._answer)

    def _answer(self, connection: socket.socket, asked: Asked) -> bool:
        if self.healthy_first > 0:
            self.healthy_first -= 1
            connection.sendall(healthy(asked))
        elif self.mutation is not None:
            connection.sendall(message(200, self._mutated(asked)))
        else:
            connection.sendall(message(200, json.dumps(self.document)))
        return True

    def _mutated(self, asked: Asked) -> Any:
        key, value = self.mutation or ("", None)
        body = healthy(asked).partition(b"\r\n\r\n")[2]
        try:
            return json.dumps(_replaced(json.loads(body), key, value))
        except ValueError:
            return body


def _replaced(document: Any, key: str, value: Any) -> Any:
    if isinstance(document, dict):
        return {name: value if name == key else _replaced(inner, key, value) for name, inner in document.items()}
    return [_replaced(inner, key, value) for inner in document] if isinstance(document, list) else document


@pytest.fixture(scope="module")
def anything_server() -> Iterator[Anything]:
    prepare_files()
    server = Anything()
    yield server
    print(f"{server.cases} cases")
    server.server.close()


def try_it(server: Anything, call: Call) -> None:
    server.cases += 1
    client = APIClient(server.server.url, token=TOKEN, timeout=(2, 5), proxies={})
    set_clock(client)
    try:
        value = call.make(client)
        assert call.is_documented(value), f"{call.name} gave {value!r}"
        if isinstance(value, dict | list):
            assert repr(value)
    except AlpineException as error:
        assert str(error)
    finally:
        client.session.close()


def any_document(server: Anything, call: Call, document: Any, healthy_first: int) -> None:
    server.document, server.mutation, server.healthy_first = document, None, healthy_first
    try_it(server, call)


def any_mutation(server: Anything, call: Call, mutation: tuple[str, Any]) -> None:
    server.mutation, server.healthy_first = mutation, 0
    try_it(server, call)


QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
calls = st.sampled_from(CALLS)


@settings(max_examples=200, deadline=None, suppress_health_check=QUIET)
@given(call=calls, document=documents, healthy_first=st.integers(0, 1))
def test_some_answers(anything_server: Anything, call: Call, document: Any, healthy_first: int) -> None:
    any_document(anything_server, call, document, healthy_first)


@settings(max_examples=200, deadline=None, suppress_health_check=QUIET)
@given(call=calls, mutation=mutated())
def test_some_mutations(anything_server: Anything, call: Call, mutation: tuple[str, Any]) -> None:
    any_mutation(anything_server, call, mutation)


@pytest.mark.long
@settings(max_examples=10_000, deadline=None, suppress_health_check=QUIET)
@given(call=calls, document=documents, healthy_first=st.integers(0, 1))
def test_ten_thousand_answers(anything_server: Anything, call: Call, document: Any, healthy_first: int) -> None:
    any_document(anything_server, call, document, healthy_first)


@pytest.mark.long
@settings(max_examples=5_000, deadline=None, suppress_health_check=QUIET)
@given(call=calls, mutation=mutated())
def test_thousands_of_mutations(anything_server: Anything, call: Call, mutation: tuple[str, Any]) -> None:
    any_mutation(anything_server, call, mutation)


# A download of such bytes has no length, of which the client warns.
@pytest.mark.filterwarnings("ignore:.* came without a length:UserWarning")
@settings(max_examples=150, deadline=None, suppress_health_check=QUIET)
@given(
    call=calls,
    content=st.binary(max_size=80).map(lambda tail: b"HTTP/1.1 200 OK\r\n" + tail)
    | st.binary(max_size=60)
    | st.text('HTP/1. 20OKContet-LghSCkie:;=\r\n{}[]"\x00é', max_size=120).map(
        lambda text: b"HTTP/1.1 200 OK\r\nSet-Cookie: " + text.encode("latin-1")
    ),
)
def test_bytes_that_are_no_http(call: Call, content: bytes) -> None:
    def answer(connection: socket.socket, _asked: Asked) -> bool:
        connection.sendall(content)
        return False

    prepare_files()
    wire = WireServer(answer)
    server = Anything.__new__(Anything)
    server.server, server.cases = wire, 0
    try_it(server, call)
    wire.close()


def test_a_number_that_is_none_ends_no_list_late(anything_server: Anything) -> None:
    call = next(call for call in CALLS if call.name == "user.get_list")
    rows = [{"id": math.nan, "x": math.nan}, {"id": None, "x": math.nan}]
    any_document(anything_server, call, {"response": rows, "pagination": {"page": 1}}, 0)
