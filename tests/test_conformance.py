"""A server is as this client expects it, or the report says where it differs, and tells nothing else of it."""

from __future__ import annotations

import _thread
import html
import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from alpine import APIClient
from alpine._conformance.report import ConformanceReport, Verdict
from alpine._conformance.table import EXPECTATIONS
from alpine.exception import (
    AlpineException,
    AlpineSessionNotFoundException,
    ServerConnectionException,
    WorkspaceNotFoundException,
)
from alpine.sandbox import Sandbox
from tests.conformance_differences import DIFFERENCES, MORE, PAGE, Difference, DifferingServer
from tests.reliability.calls import CALLS, prepare_files
from tests.reliability.wire import TOKEN, WireServer, well
from tests.scripted import Reply, ScriptedServer

NOT_OF_THE_DOCSTRINGS = {
    *("GET /sessions", "DELETE /datasets/:id/previews/:id", "GET /config"),
    *("DELETE /workfiles/:id/executions/:id", "POST /datasets/preview_sql"),
}
"""What the client calls in passing."""
ENGINE = "/alpinedatalabs/api/v1/json"

Trial = Callable[..., ConformanceReport]


def told(report: ConformanceReport) -> str:
    return "\n".join((str(report), repr(report), report.to_json(), report.to_html(), report._repr_html_()))


def differing(report: ConformanceReport) -> set[tuple[str, str]]:
    return {(line.endpoint, line.what) for line in report.differences}


def workspaces(client: APIClient) -> list[str]:
    return [row["name"] for row in client.workspace.get_list()]


@contextmanager
def behind(sandbox: Sandbox, *differences: Difference) -> Iterator[tuple[APIClient, DifferingServer]]:
    """A client of the sandbox behind a proxy that makes some differences, and that proxy."""
    server = DifferingServer(sandbox.url, differences)
    try:
        with APIClient(server.url, username=sandbox.username, password=sandbox.password) as client:
            yield client, server
    finally:
        server.close()


@pytest.fixture
def through(sandbox: Sandbox) -> Iterator[Trial]:
    """Tries the sandbox behind a proxy that makes some differences."""

    def tried(*differences: Difference, write: bool = True) -> ConformanceReport:
        with behind(sandbox, *differences) as (client, _):
            return client.conformance(write=write)

    yield tried
    with sandbox.client() as client:
        assert workspaces(client) == ["Sandbox"]


def documented_endpoints() -> set[str]:
    """The endpoints of the table in the documentation."""
    pytest.importorskip("docutils", reason="the table of endpoints is one of the documentation's")
    sys.path.insert(0, str(Path(__file__).parents[1] / "docs" / "_ext"))
    try:
        import alpine_tables
    finally:
        sys.path.pop(0)
    calls = re.findall(r"`((?:GET|POST|PUT|DELETE) /[^`]*)`", "\n".join(alpine_tables.endpoint_table()))
    return set(calls)


def test_every_documented_endpoint_is_in_the_table_and_no_other() -> None:
    assert {each.endpoint for each in EXPECTATIONS} == documented_endpoints() | NOT_OF_THE_DOCSTRINGS


def test_every_endpoint_that_a_method_calls_is_in_the_table() -> None:
    prepare_files()
    server = WireServer(well)
    client = APIClient(server.url, token=TOKEN)
    for call in CALLS:
        if not call.name.startswith(("request", "conformance")):
            try:
                call.make(client)
            except AlpineException:
                # What it sent before counts as well.
                client.token = TOKEN
            client.token = TOKEN
    client.session.close()
    server.close()
    patterns = [
        f"{each.method} " + re.sub(r":\w+", "[^/]+", re.escape(each.endpoint.partition(" ")[2]).replace(r"\:", ":"))
        for each in EXPECTATIONS
    ]
    sent = {f"{asked.method} {asked.path.removeprefix(ENGINE).removeprefix('/api')}" for asked in server.asked}
    assert len(sent) > 90
    assert {each for each in sent if not any(re.fullmatch(pattern, each) for pattern in patterns)} == set()


def test_no_line_is_there_twice() -> None:
    assert len({(each.endpoint, each.what) for each in EXPECTATIONS}) == len(EXPECTATIONS)


def test_the_sandbox_is_as_expected_in_every_line_that_is_ever_tried(through: Trial) -> None:
    report = through()
    assert differing(report) == set()
    assert report.ok
    left_out = {line.endpoint + " " + line.what for line in report.lines if line.verdict is Verdict.NOT_TRIED}
    # A published touchpoint would be seen by everybody.
    assert left_out == {f"{each.endpoint} {each.what}" for each in EXPECTATIONS if each.never} | {
        "GET /touchpoints/:id one"
    }


def test_reading_sends_nothing_but_get(client: APIClient, sandbox: Sandbox) -> None:
    sandbox.requests.clear()
    report = client.conformance()
    assert report.ok
    assert {method for method, _, _ in sandbox.requests} == {"GET"}
    assert report.counts()["as expected"] >= 45


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda each: " ".join(each.line))
def test_a_difference_is_found_and_nothing_else(through: Trial, difference: Difference) -> None:
    report = through(difference, write=not difference.line[0].startswith("GET"))
    assert differing(report) == {difference.line}
    (line,) = report.differences
    assert difference.expected in line.expected
    assert difference.seen in line.seen


def test_twenty_differences_at_once_are_all_found_and_nothing_else(through: Trial) -> None:
    assert len(DIFFERENCES) == len({each.line for each in DIFFERENCES}) == 20
    report = through(*DIFFERENCES)
    assert differing(report) == {each.line for each in DIFFERENCES}
    missing = {line.endpoint for line in report.lines if line.verdict is Verdict.MISSING}
    assert missing == {"GET /tags", "GET /notifications"}


def test_differences_of_other_kinds_are_all_found_and_nothing_else(
    through: Trial, sandbox: Sandbox, note: Path
) -> None:
    assert len({each.line for each in MORE}) == len(MORE) >= 20
    with sandbox.client() as client:
        client.workfile.upload_file("Sandbox", note)
    report = through(*MORE)
    assert differing(report) == {each.line for each in MORE}
    lines = {(line.endpoint, line.what): line for line in report.differences}
    for each in MORE:
        assert each.expected in lines[each.line].expected
        assert each.seen in lines[each.line].seen
    assert "quokka" not in told(report)


def strings_in(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from strings_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings_in(inner)
    elif isinstance(value, str):
        yield value


def test_the_report_tells_nothing_that_the_server_holds(sandbox: Sandbox) -> None:
    secrets = {
        *("Zebulon", "zebulon@quagga.example", "Okapi Project", "okapi summary", "gnu.txt", "ibex-job", "kudu-note"),
        *("quokka-password", "quokka.internal.example", "wombat_db", "eland_user", "Wombat Source"),
    }
    with sandbox.client() as client:
        client.user.create("zebulon", "quokka-password", "Zebulon", "Quagga", "zebulon@quagga.example")
        workspace = client.workspace.create("Okapi Project", summary="okapi summary")["id"]
        client.job.create(workspace, "ibex-job")
        client.note.create("workspace", workspace, "kudu-note")
        sandbox.add_data_source("Wombat Source", "oracle_data_source")
        with behind(sandbox, *DIFFERENCES) as (through, server):
            reports = [client.conformance(write=True, workspace="Okapi Project"), through.conformance(write=True)]
            tokens = {client.token or "", through.token or ""}
        held = {*secrets, *tokens, sandbox.password, sandbox.host, str(sandbox.port)}
        for path in ("sessions", "users", "workspaces", "data_sources", "hdfs_data_sources", "users/1", "workfiles/1"):
            held |= set(strings_in(client.request("GET", path)))
    held |= {str(server.port), "no such process of ada", "IN_USE", "GONE", "5410", client.get_version()}
    # The words of the protocol itself are in the table.
    table = " ".join(f"{each.endpoint} {each.what} {each.answer}" for each in EXPECTATIONS)
    searched = {each for each in held if len(each) >= 4 and each not in table} - {"alpine"}
    assert len(searched) > 40
    for report in reports:
        text = told(report)
        assert [each for each in searched if each in text or html.escape(each) in text] == []
        assert not re.search(r"\b(demo|ada)\b", text)


def test_a_report_is_a_table_data_and_a_page(client: APIClient) -> None:
    report = client.conformance()
    data = json.loads(report.to_json())
    assert data == report.to_dict()
    assert data["format"] == 1
    assert data["server"] == "6.3"
    assert sum(data["counts"].values()) == len(data["lines"]) == len(str(report).splitlines()) - 2
    assert re.search(r"^GET /VERSION +the version +as expected$", str(report), re.MULTILINE)
    page = report.to_html()
    assert page.startswith("<!DOCTYPE html>")
    assert page.count("<tr>") == len(report.lines) + 1
    assert "<script" not in page and "http" not in page


def test_the_workspace_is_removed_when_something_breaks_off(sandbox: Sandbox) -> None:
    def break_off(reply: Reply) -> None:
        broken.append(True)
        reply.fault = "reset"

    broken: list[bool] = []
    gone = Difference(("POST /notes", "write"), r"/api/(?!sessions|workspaces$).*", break_off, "", "")
    with behind(sandbox, gone) as (client, _), pytest.raises(AlpineException):
        client.conformance(write=True)
    assert len(broken) == 3
    with sandbox.client() as client:
        assert workspaces(client) == ["Sandbox"]


def test_the_workspace_is_removed_after_an_interrupt(sandbox: Sandbox) -> None:
    def interrupt(reply: Reply) -> None:
        _thread.interrupt_main()

    now = Difference(("POST /notes", "write"), "/api/notes", interrupt, "", "")
    with behind(sandbox, now) as (client, _), pytest.raises(KeyboardInterrupt):
        client.conformance(write=True)
    with sandbox.client() as client:
        assert workspaces(client) == ["Sandbox"]


@pytest.mark.parametrize("fault", ["close", "truncate"])
def test_the_workspace_is_removed_when_the_response_that_names_it_is_lost(sandbox: Sandbox, fault: str) -> None:
    def lose(reply: Reply) -> None:
        reply.fault = fault

    lost = Difference(("POST /workspaces", "create"), "/api/workspaces", lose, "", "")
    with behind(sandbox, lost) as (client, _):
        report = client.conformance(write=True)
    assert ("POST /workspaces", "create") in differing(report)
    with sandbox.client() as client:
        assert workspaces(client) == ["Sandbox"]


def test_nobody_elses_workspace_is_written_to_or_removed(sandbox: Sandbox) -> None:
    theirs = Difference(("POST /workspaces", "create"), "/api/workspaces", of_another(1), "", "")
    with behind(sandbox, theirs) as (client, _):
        client.conformance(write=True)
    with sandbox.client() as client:
        assert workspaces(client) == ["Sandbox"]
        assert len(client.workfile.get_list(1)) == 2
    assert not [path for method, path, _ in sandbox.requests if method == "DELETE" and path.endswith("/workspaces/1")]


def of_another(number: int) -> Callable[[Reply], None]:
    def change(reply: Reply) -> None:
        document: Any = json.loads(reply.content)
        if reply.status == 201:
            document["response"] |= {"id": number, "name": "Sandbox"}
            reply.body = json.dumps(document)

    return change


def test_a_workspace_that_cannot_be_removed_is_told_by_name_but_not_in_the_report(sandbox: Sandbox) -> None:
    with (
        behind(sandbox) as (client, server),
        pytest.warns(UserWarning, match=r"'conformance [0-9a-f]{16}' of the conformance check may still be"),
    ):
        server.on("DELETE", r"/api/workspaces/\d+", Reply(PAGE, 500))
        report = client.conformance(write=True)
    assert differing(report) == {("DELETE /workspaces/:id", "delete")}
    with sandbox.client() as client:
        (left,) = set(workspaces(client)) - {"Sandbox"}
    assert left not in told(report)


def test_a_workspace_that_is_refused_is_neither_looked_for_nor_warned_of(sandbox: Sandbox) -> None:
    with behind(sandbox) as (client, server):
        server.on("POST", "/api/workspaces", Reply('{"errors":{"model_data":{}}}', 403))
        report = client.conformance(write=True)
    assert report.ok
    assert {asked.method for asked in server.asked if "workspaces/" in asked.path} == {"GET"}


def test_what_the_user_may_not_do_is_not_a_difference(ada: APIClient) -> None:
    report = ada.conformance(write=True)
    assert differing(report) == set()


def test_without_a_login_only_what_needs_none_is_tried(sandbox: Sandbox) -> None:
    client = APIClient(sandbox.url)
    report = client.conformance()
    client.session.close()
    tried = {line.endpoint for line in report.lines if line.verdict is Verdict.AS_EXPECTED}
    assert tried == {"GET /VERSION", "GET /status", "GET /users", "GET /processes/:id/query"}
    assert report.ok


def test_a_server_that_is_something_else_differs_in_all_that_is_tried(
    server: ScriptedServer, session: APIClient
) -> None:
    server.on("GET", ".*", Reply("<html>Welcome to nginx</html>", 200, {"Content-Type": "text/html"}))
    report = session.conformance()
    assert not {line.endpoint for line in report.lines if line.verdict is Verdict.AS_EXPECTED}
    assert "nginx" not in told(report)


def test_a_server_that_does_not_respond_is_an_exception(server: ScriptedServer, session: APIClient) -> None:
    server.close()
    with pytest.raises(ServerConnectionException, match="VERSION"):
        session.conformance()


def test_wrong_arguments_send_nothing(server: ScriptedServer, session: APIClient) -> None:
    for arguments in ({"write": "yes"}, {"workspace": ""}, {"workspace": []}):
        with pytest.raises(AlpineException):
            session.conformance(**arguments)  # type: ignore[arg-type]
    assert server.asked == []


@pytest.mark.parametrize("workspace", ["Nowhere", 999])
def test_an_unknown_workspace_is_named(client: APIClient, workspace: str | int) -> None:
    with pytest.raises(WorkspaceNotFoundException, match=str(workspace)):
        client.conformance(workspace=workspace)


def test_a_login_that_has_expired_is_an_exception(sandbox: Sandbox) -> None:
    client = APIClient(sandbox.url, token="expired-long-ago")
    with pytest.raises(AlpineSessionNotFoundException):
        client.conformance(write=True)
    client.session.close()


SECRET = "Quagga-42-secret"


@pytest.mark.parametrize(
    "body",
    [
        SECRET,
        f'"{SECRET}"',
        f"6.3-{SECRET}",
        json.dumps({SECRET: SECRET, "errors": {"record": SECRET, "fields": {SECRET: {SECRET: {}}}}}),
        json.dumps({"response": [{SECRET: SECRET, "id": 4242424, "name": SECRET}], "pagination": {SECRET: SECRET}}),
        json.dumps({"response": {SECRET: SECRET, "id": 4242424}, "meta": {"processId": SECRET}, "status": SECRET}),
    ],
)
@pytest.mark.parametrize("status", [200, 403, 404, 422])
def test_no_response_of_whatever_form_gets_into_the_report(
    server: ScriptedServer, session: APIClient, body: str, status: int
) -> None:
    server.on("GET", ".*", Reply(body, status, {"X-Request-Id": SECRET}))
    text = told(session.conformance())
    assert "Quagga" not in text
    assert "4242424" not in text
    assert str(server.port) not in text
