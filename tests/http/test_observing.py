"""Each attempt to send a request can be observed: by a function, by OpenTelemetry, and by the server's id for it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import alpine
from alpine import APIClient, RequestEvent
from alpine._http.observing import REQUEST_ID_HEADERS
from alpine.exception import (
    AlpineException,
    AlpineSessionNotFoundException,
    InvalidArgumentException,
    InvalidResponseException,
    NotFoundException,
    OutcomeUnknownException,
    RedirectException,
    ResponseTooLargeException,
    ResultsNotFoundException,
    RunFlowFailureException,
    ServerErrorException,
    StopFlowFailureException,
    WorkfileNotFoundException,
)
from tests.conftest import TOKEN
from tests.inside import set_clock
from tests.scripted import Reply, ScriptedServer

FILE = "/api/workfiles/375"
GOOD = Reply({"response": {"id": 375}}, headers={"X-Request-Id": "id-1"})


@pytest.fixture
def events(session: APIClient) -> list[RequestEvent]:
    seen: list[RequestEvent] = []
    session.on_request = seen.append
    set_clock(session, sleep=lambda _: None)
    return seen


def test_each_attempt_is_told(session: APIClient, server: ScriptedServer, events: list[RequestEvent]) -> None:
    server.on("GET", FILE, Reply("", 503), Reply(fault="close"), GOOD)
    session.workfile.get(375)
    assert [(event.method, event.status, event.attempt, event.request_id) for event in events] == [
        ("GET", 503, 1, None),
        ("GET", None, 2, None),
        ("GET", 200, 3, "id-1"),
    ]
    assert [bool(event.error) for event in events] == [False, True, False]
    assert {event.url for event in events} == {f"{server.base_url}/workfiles/375"}
    assert all(0 < event.seconds < 5 for event in events)


def test_a_new_login_is_told_and_no_event_has_a_secret(server: ScriptedServer) -> None:
    server.on_login()
    server.on("GET", "/api/workfiles", Reply("", 401), Reply({"response": []}))
    seen: list[RequestEvent] = []
    with APIClient(server.url, username="ada", password="a-secret-word", on_request=seen.append) as session:
        session.request("GET", "workfiles", params={"q": "a-secret-word", "token": session.token})
    assert [(event.method, event.status, event.attempt) for event in seen] == [
        ("POST", 201, 1),
        ("GET", 401, 1),
        ("POST", 201, 1),
        ("GET", 200, 2),
        ("DELETE", 200, 1),
    ]
    assert "scripted-token" not in repr(seen)


def test_what_ends_a_request_is_told_too(
    session: APIClient, server: ScriptedServer, events: list[RequestEvent]
) -> None:
    session.answer_limit = 10
    server.on("GET", FILE, Reply("x" * 100, headers={"X-Request-Id": "id-2"}))
    with pytest.raises(ResponseTooLargeException):
        session.workfile.get(375)
    [event] = events
    assert (event.status, event.request_id) == (200, "id-2")
    assert "larger than the limit" in str(event.error)


def test_what_the_function_raises_is_logged_and_changes_nothing(
    session: APIClient, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    def failing(_: RequestEvent) -> None:
        raise ZeroDivisionError("of the hook")

    server.on("GET", FILE, GOOD)
    session.on_request = failing
    assert session.workfile.get(375)["id"] == 375
    assert "on_request raised ZeroDivisionError: of the hook" in caplog.text
    assert "Traceback" in caplog.text
    assert TOKEN not in caplog.text


def test_requests_that_the_function_makes_are_not_told(session: APIClient, server: ScriptedServer) -> None:
    server.on("GET", FILE, GOOD)
    seen = []

    def curious(event: RequestEvent) -> None:
        seen.append(event)
        session.workfile.get(375)

    session.on_request = curious
    session.workfile.get(375)
    assert (len(seen), server.count("GET")) == (1, 2)
    session.on_request = None
    session.workfile.get(375)
    assert len(seen) == 1


@pytest.mark.parametrize("wrong", [5, "x", [print]])
def test_what_cannot_be_called_is_refused(session: APIClient, wrong: Any) -> None:
    with pytest.raises(InvalidArgumentException, match="on_request"):
        APIClient("host", token="x", on_request=wrong)
    with pytest.raises(InvalidArgumentException, match="on_request"):
        session.on_request = wrong


@pytest.mark.parametrize("header", REQUEST_ID_HEADERS)
def test_the_id_of_a_request_is_found_wherever_it_is(session: APIClient, server: ScriptedServer, header: str) -> None:
    server.on("GET", FILE, Reply('{"errors":{"record":"NOT_FOUND"}}', 404, {header.lower(): "Root=1-67891233-abc"}))
    with pytest.raises(WorkfileNotFoundException) as caught:
        session.workfile.get(375)
    assert caught.value.request_id == "Root=1-67891233-abc"


ENGINE = "/alpinedatalabs/api/v1/json"
RUN = f"{ENGINE}/workflows/375"
RAISING: list[tuple[str, Reply, Callable[[APIClient], Any], type[AlpineException]]] = [
    (FILE, Reply("", 401), lambda s: s.workfile.get(375), AlpineSessionNotFoundException),
    (FILE, Reply("boom", 500), lambda s: s.workfile.get(375), ServerErrorException),
    (FILE, Reply("no JSON"), lambda s: s.workfile.get(375), InvalidResponseException),
    (FILE, Reply("", 302, {"Location": "http://x/y"}), lambda s: s.workfile.get(375), RedirectException),
    (f"{FILE}/download", Reply("", 500), lambda s: s.workfile.download(375), NotFoundException),
    (f"{RUN}/run", Reply("{}"), lambda s: s.workfile.process.run(375), OutcomeUnknownException),
    (f"{RUN}/run", Reply("", 400), lambda s: s.workfile.process.run(375), RunFlowFailureException),
    (
        f"{RUN}/results/x",
        Reply('""'),
        lambda s: s.workfile.process.download_results(375, "x"),
        ResultsNotFoundException,
    ),
    (
        f"{RUN}/results/x",
        Reply("{}"),
        lambda s: s.workfile.process.download_results(375, "x"),
        ResultsNotFoundException,
    ),
    (
        f"{ENGINE}/processes/x/query",
        Reply("hm"),
        lambda s: s.workfile.process.query_status("x"),
        RunFlowFailureException,
    ),
    (
        f"{ENGINE}/processes/x/stop",
        Reply("already stopped"),
        lambda s: s.workfile.process.stop("x"),
        StopFlowFailureException,
    ),
    (
        f"{ENGINE}/processes/x/query",
        Reply("", 401),
        lambda s: s.workfile.process.attach(375, "x").wait(),
        AlpineSessionNotFoundException,
    ),
]


@pytest.mark.parametrize(("path", "reply", "call", "kind"), RAISING)
def test_every_exception_about_a_response_has_its_id(
    session: APIClient,
    server: ScriptedServer,
    path: str,
    reply: Reply,
    call: Callable[[APIClient], Any],
    kind: type[AlpineException],
) -> None:
    named = Reply(reply.body, reply.status, {**reply.headers, "X-Request-Id": f"\x1bid-{TOKEN}-7"})
    server.on("GET", FILE, Reply({"response": {"id": 375, "file_type": "work_flow"}}))
    for method in ("GET", "POST"):
        server.on(method, path, named)
    with pytest.raises(kind) as caught:
        call(session)
    assert caught.value.request_id is not None
    assert caught.value.request_id.startswith("\\x1bid-")
    assert caught.value.request_id.endswith("-7")
    assert TOKEN not in caught.value.request_id
    assert ("Request id:" in str(caught.value)) is isinstance(caught.value, ServerErrorException)


TRACED = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import alpine

exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)
session = alpine.APIClient({url!r}, token={token!r}, timeout=5)
with trace.get_tracer("script").start_as_current_span("nightly") as outer:
    session.request("GET", "workfiles", params={{"q": {token!r}}})
    try:
        session.workfile.get(375)
    except alpine.WorkfileNotFoundException:
        pass
for span in exporter.get_finished_spans():
    inside = span.parent is not None and span.parent.span_id == outer.get_span_context().span_id
    print(span.name, span.kind.name, span.status.status_code.name, inside, len(span.events), dict(span.attributes))
"""


def test_spans_follow_the_conventions_where_a_script_uses_opentelemetry(server: ScriptedServer) -> None:
    pytest.importorskip("opentelemetry.sdk")
    server.on("GET", "/api/workfiles", Reply(fault="close"), Reply({"response": []}))
    script = TRACED.format(url=server.url, token=TOKEN)
    root = str(Path(alpine.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, env={"PYTHONPATH": root}
    )
    assert not done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 4
    common = {
        "http.request.method": "GET",
        "server.address": "127.0.0.1",
        "server.port": server.port,
        "url.scheme": "http",
    }
    lost, found, missing, _ = [(line.partition("{")[0].split(), eval("{" + line.partition("{")[2])) for line in lines]
    assert lost[0] == ["GET", "CLIENT", "ERROR", "True", "0"]
    assert lost[1].pop("url.full").startswith(f"{server.base_url}/workfiles?q=")
    assert lost[1] == {**common, "error.type": "ServerConnectionException"}
    assert found[0] == ["GET", "CLIENT", "UNSET", "True", "0"]
    del found[1]["url.full"]
    assert found[1] == {**common, "http.response.status_code": 200, "http.request.resend_count": 1}
    assert missing[0] == ["GET", "CLIENT", "ERROR", "True", "0"]
    assert (missing[1]["http.response.status_code"], missing[1]["error.type"]) == (404, "404")
    assert missing[1]["url.full"] == f"{server.base_url}/workfiles/375"
    assert TOKEN not in done.stdout


def test_opentelemetry_is_not_imported_by_the_client() -> None:
    script = (
        "import sys, alpine; alpine.APIClient('127.0.0.1', 1, token='x', deadline=0.01)\n"
        "assert not any(name.startswith('opentelemetry') for name in sys.modules)"
    )
    root = str(Path(alpine.__file__).parents[1])
    subprocess.run([sys.executable, "-c", script], check=True, env={"PYTHONPATH": root})
