"""What is hostile gets an answer that says no: no crash, no file touched outside, nothing of the server's shown."""

from __future__ import annotations

import contextlib
import json
import logging
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("duckdb", reason="the sandbox is an extra")

from alpine import afm
from alpine.exception import AlpineException, WorkflowFileException
from alpine.sandbox import Sandbox
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.pig import to_sql
from alpine.sandbox.routes import all_routes
from tests.inside import state_of
from tests.reliability.wire import own_folder
from tests.sandbox.wire import Wire

EXAMPLES = Path(sys.modules[Sandbox.__module__].__file__ or "").parent / "examples"
FLOWS = {path.name: path.read_bytes() for path in sorted(EXAMPLES.glob("*.afm"))}
CANARY = own_folder("canary")
QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]

HOSTILE_XML = {
    "nothing": b"",
    "no XML": b"hello",
    "cut off": FLOWS["order_filter.afm"][:700],
    "deep": b"<Process>" + b"<a>" * 100_000 + b"</a>" * 100_000 + b"</Process>",
    "a bomb of entities": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">'.encode() for n in range(1, 12)).replace(b"&a0;", b"&a;")
    + b"]><Process>&a11;</Process>",
    "a file as an entity": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    b'<Process Description="x"><Operator name="&a;"/>&a;</Process>',
    "an address as an entity": b'<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd"><Process/>',
    "a parameter entity": b'<!DOCTYPE x [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]><Process/>',
    "another encoding": '<?xml version="1.0" encoding="utf-16"?><Process/>'.encode("utf-16"),
    "an unknown encoding": b'<?xml version="1.0" encoding="nonsense"?><Process/>',
    "zeros": b"\0" * 10_000,
    "a long attribute": b'<Process Description="' + b"x" * 5_000_000 + b'"/>',
    "a thousand attributes": b"<Process " + b" ".join(b'a%d="1"' % n for n in range(1_000)) + b"/>",
    "two roots": b"<Process/><Process/>",
    "another root": b"<html><body/></html>",
    "a circle": b'<Process><Operator name="a"/><Operator name="b"/><Link source="a" target="b"/>'
    b'<Link source="b" target="a"/></Process>',
    "a link to itself": b'<Process><Operator name="a"/><Link source="a" target="a"/></Process>',
    "links to nothing": b'<Process><Link source="x" target="y"/><Link/></Process>',
    "twins": b'<Process><Operator name="a"/><Operator name="a"/></Process>',
    "no names": b"<Process><Operator/><Link/><VariableModel><Variable/></VariableModel></Process>",
}
PAYLOADS = [
    f"x'; COPY (SELECT 1) TO '{CANARY}/a.csv'; --",
    f"x\"; COPY (SELECT 1) TO '{CANARY}/b.csv'; --",
    f"1; COPY (SELECT 1) TO '{CANARY}/c.csv'",
    f"(SELECT * FROM read_csv('{CANARY}/secret.csv'))",
    f"1 = 1) UNION ALL SELECT content FROM read_text('{CANARY}/secret.csv') --",
    "'; DROP TABLE demo.orders; --",
    '"; DROP SCHEMA demo CASCADE; --',
    f"'; ATTACH '{CANARY}/d.db'; --",
    "'; INSTALL httpfs; LOAD httpfs; --",
    "getenv('PATH')",
    "../../../../etc/passwd",
    f"{CANARY}/e.txt",
    "..\\..\\x",
    "/etc/passwd\0.txt",
    "{{7*7}}${7*7}%s%n",
    "x" * 100_000,
    "(" * 5_000,
    "\u202e\ud800".encode("utf-8", "surrogatepass").decode("utf-8", "replace"),
    "-1",
    "9" * 400,
    "1e400",
    "NaN",
    "",
]


def must_be_read_or_refused(content: bytes) -> None:
    try:
        flow = afm.read(content)
        flow.execution_order()
        assert repr(flow)
    except WorkflowFileException as error:
        assert str(error)
    except AlpineException as error:
        raise AssertionError(f"{type(error).__name__} is not the word for it") from error


@pytest.mark.parametrize("name", HOSTILE_XML)
def test_a_hostile_file_is_read_or_refused(name: str) -> None:
    must_be_read_or_refused(HOSTILE_XML[name])


def spoilt(content: bytes, seed: int) -> bytes:
    """A file with some bytes, tags or values changed."""
    chance = random.Random(seed)
    data = bytearray(content)
    for _ in range(chance.randint(1, 6)):
        start = chance.randrange(len(data))
        end = min(len(data), start + chance.choice([1, 1, 3, 20, 200]))
        data[start:end] = chance.choice(
            [b"", b"<", b">", b'"', b"&", b"&amp;", b"\0", b"\xff", bytes(data[start:end]) * 2, b"<Operator>", b"]]>"]
        )
    return bytes(data)


afm_cases = st.builds(spoilt, st.sampled_from(sorted(FLOWS.values())), st.integers(0, 10**9)) | st.binary(max_size=300)


@settings(max_examples=300, deadline=None)
@given(afm_cases)
def test_a_spoilt_file_is_read_or_refused(content: bytes) -> None:
    must_be_read_or_refused(content)


@pytest.mark.long
@settings(max_examples=10_000, deadline=None)
@given(afm_cases)
def test_ten_thousand_spoilt_files_are_read_or_refused(content: bytes) -> None:
    must_be_read_or_refused(content)


PIG = ["a", "1", "1.5e3", "'x'", '"y"', "(", ")", "?", ":", "==", "+", "-", "*", "/", "(int)", "LOG", ",", " and ",
       " or ", "not ", " is null", " matches ", "CASE WHEN ", " THEN ", " ELSE ", " END",
       "CONCAT(", "::", ".", ";", "--", "/*",
       "\\", "'", "\0", "é", "SELECT ", "$", "ToDate(", "REGEX_EXTRACT("]  # fmt: skip
pig_cases = st.lists(st.sampled_from(PIG), max_size=25).map("".join) | st.text(max_size=60) | st.sampled_from(PAYLOADS)


def must_be_translated_or_refused(text: str) -> None:
    try:
        sql = to_sql(text, {"a": "INTEGER"})
    except NodeFailure as error:
        assert str(error)
    else:
        bare = re.sub(r"'(?:''|[^'])*'|\"(?:\"\"|[^\"])*\"", "", sql)
        assert ";" not in bare
        assert "--" not in bare.replace("- -", "")
        assert not re.search(r"\b(SELECT|COPY|ATTACH|read_\w+|getenv)\b", bare, re.IGNORECASE) or re.search(
            r"\b(SELECT|COPY|ATTACH|read_\w+|getenv)\b", text, re.IGNORECASE
        )


@settings(max_examples=120, deadline=None)
@given(pig_cases)
def test_odd_pig_is_translated_or_refused(text: str) -> None:
    must_be_translated_or_refused(text)


@pytest.mark.long
@settings(max_examples=10_000, deadline=None)
@given(pig_cases)
def test_ten_thousand_odd_pig_expressions_are_translated_or_refused(text: str) -> None:
    must_be_translated_or_refused(text)


class Watch:
    """Looks for what a sandbox should not do while it is attacked."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.cases = 0
        self.failures: list[str] = []
        self.written: set[str] = set()
        self.active = False
        sys.addaudithook(self._audit)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        # A number in place of a path is a file that is open already.
        by_name = event == "open" and isinstance(arguments[0], str | bytes | Path)
        writes = by_name and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
        if self.active and (writes or event in {"os.remove", "os.rename", "os.mkdir", "shutil.rmtree", "os.system"}):
            self.written.add(f"{event} {arguments[0]}")

    def answered(self, answer: requests.Response, what: str) -> None:
        """An answer arrived; its words must be the server's, not Python's."""
        self.cases += 1
        assert "Traceback" not in answer.text, what
        assert "root:" not in answer.text, what
        assert "canary-secret" not in answer.text, what


@pytest.fixture(scope="module")
def watch() -> Iterator[Watch]:
    (CANARY / "secret.csv").write_text("canary-secret\n1\n")
    with Sandbox() as sandbox:
        watch = Watch(Wire(sandbox))
        watch.failures = failures = []
        handler = logging.Handler()
        handler.emit = lambda record: failures.append(record.getMessage())  # type: ignore[method-assign]
        handler.setLevel(logging.ERROR)
        logging.getLogger("alpine.sandbox").addHandler(handler)
        watch.active = True
        yield watch
        watch.active = False
        logging.getLogger("alpine.sandbox").removeHandler(handler)
        watch.wire.http.close()
        print(f"{watch.cases} attacks on the sandbox")


@pytest.fixture
def attack(watch: Watch) -> Iterator[Watch]:
    """The sandbox before and after an attack."""
    watch.failures.clear()
    watch.written.clear()
    watch.wire.server.reset()
    watch.wire = Wire(watch.wire.server)
    yield watch
    own = str(state_of(watch.wire.server).files.directory)
    watch.active = False
    assert watch.failures == []
    assert sorted(path.name for path in CANARY.iterdir()) == ["secret.csv"]
    assert [each for each in watch.written if own not in each and not _is_harmless(each)] == []
    assert "demo.orders" in watch.wire.server.tables
    watch.active = True


def _is_harmless(written: str) -> bool:
    """What the tests themselves write, and Python's own notes."""
    return (
        ".hypothesis" in written or "__pycache__" in written or "/dev/null" in written or "alpine-sandbox-" in written
    )


def test_a_hostile_upload_is_answered(attack: Watch) -> None:
    names = ["../../x.afm", "a\\b.afm", f"{CANARY}/x.afm", ".afm", "x" * 300 + ".afm"]
    for number, (name, content) in enumerate(HOSTILE_XML.items()):
        for file_name in ("flow.afm", names[number % len(names)]):
            answer = upload(attack, file_name, content)
            attack.answered(answer, name)
            assert answer.status_code in {201, 400, 404, 413, 422}, (name, answer.status_code)
            if answer.status_code == 201:
                run_to_its_end(attack, answer.json()["response"]["id"], name)


def upload(attack: Watch, file_name: str, content: bytes) -> requests.Response:
    location = {"entity_type": "gpdb_database", "id": "1"}
    where = {f"workfile[execution_locations][0][{key}]": value for key, value in location.items()}
    return attack.wire.upload(file_name, content, **{**where, "workfile[entity_subtype]": "alpine"})


def run_to_its_end(attack: Watch, workflow: int, what: str) -> None:
    started = attack.wire.engine("POST", f"/workflows/{workflow}/run?saveResult=true")
    attack.answered(started, what)
    with contextlib.suppress(ValueError, KeyError):
        attack.answered(
            attack.wire.engine("GET", f"/workflows/{workflow}/results/{started.json()['meta']['processId']}"), what
        )
        document = attack.wire.finished(workflow, started.json()["meta"]["processId"])
        assert "canary-secret" not in json.dumps(document), what


def injected(content: bytes, payload: str) -> Iterator[tuple[str, bytes]]:
    """A flow with a payload in place of each of its values, one after the other."""
    from xml.sax.saxutils import escape

    text = content.decode()
    said = escape(payload.replace("\0", " "), {'"': "&quot;"})
    kept = {"Process", "type"}
    for match in re.finditer(r'(\w+)="([^"]*)"|>([^<>\s][^<>]*)<', text):
        if match.group(1) not in kept:
            start, end = match.span(2) if match.group(1) else match.span(3)
            yield f"{match.group()[:60]} -> {payload[:40]}", (text[:start] + said + text[end:]).encode()


def attack_by_flows(attack: Watch, share: int) -> None:
    cases = [case for content in FLOWS.values() for payload in PAYLOADS for case in injected(content, payload)]
    for number, (what, content) in enumerate(cases[::share]):
        answer = upload(attack, f"attack{number}.afm", content)
        attack.answered(answer, what)
        if answer.status_code == 201:
            run_to_its_end(attack, answer.json()["response"]["id"], what)


def test_a_payload_in_any_value_of_a_flow_does_no_harm(attack: Watch) -> None:
    attack_by_flows(attack, share=101)


@pytest.mark.long
def test_every_payload_in_every_value_of_a_flow_does_no_harm(attack: Watch) -> None:
    attack_by_flows(attack, share=1)


def test_a_payload_in_any_variable_does_no_harm(attack: Watch) -> None:
    flow = attack.wire.upload_flow("variables.afm", FLOWS["order_report.afm"])
    names = ["@status", "@min_amount", "@default_schema", "@default_prefix", "@flow_id", "@unknown"]
    for number, payload in enumerate(PAYLOADS):
        for name in (names[number % len(names)], names[(number + 1) % len(names)]):
            body = {"meta": {"version": 1}, "variables": [{"name": name, "value": payload}]}
            started = attack.wire.engine("POST", f"/workflows/{flow['id']}/run?saveResult=true", json=body)
            attack.answered(started, f"{name}={payload[:50]}")
            if started.status_code == 200:
                document = attack.wire.finished(flow["id"], started.json()["meta"]["processId"])
                assert "canary-secret" not in json.dumps(document)


FIELDS = {
    "user": ["username", "password", "first_name", "email", "admin", "roles", "user_type", "notes"],
    "workspace": ["name", "summary", "public", "archived", "owner_id", "workspace_stage_id"],
    "workfile": ["file_name", "description", "status", "execution_locations", "entity_subtype", "versions_attributes"],
    "job": [
        "name",
        "interval_unit",
        "interval_value",
        "next_run",
        "end_run",
        "time_zone",
        "enabled",
        "success_recipients",
    ],
    "job_task": ["action", "workfile_id", "index"],
    "data_source": ["name", "entity_type", "host", "port", "db_name", "db_username", "db_password", "shared"],
    "hdfs_data_source": ["name", "host", "port", "hdfs_version", "connection_parameters", "username", "group_list"],
}
values: st.SearchStrategy[Any] = st.sampled_from(PAYLOADS) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
ROUTES = sorted({(route.method, route.path, route.engine) for route in all_routes()})


@st.composite
def requests_of_all_kinds(draw: st.DrawFn) -> dict[str, Any]:
    """A request to any route, with anything in its path, query and body."""
    method, path, engine = draw(st.sampled_from(ROUTES))
    pieces = st.sampled_from(["1", "1", "1", "2", "0", "-1", "x", "9" * 30, "%00", "..%2f..%2fetc", "'; --", "1.5"])
    filled = re.sub(r"<\w+>", lambda _match: draw(pieces), path)
    kind = draw(st.sampled_from(sorted(FIELDS)))
    fields = draw(st.dictionaries(st.sampled_from(FIELDS[kind]) | st.text(max_size=6), values, max_size=5))
    body = draw(st.sampled_from(["wrapped", "flat", "form", "raw", "none"]))
    query = draw(
        st.dictionaries(st.sampled_from(["page", "per_page", "order", "name_pattern", "user_id", "all"]), values)
    )
    return {
        "method": method,
        "path": filled,
        "engine": engine,
        "kind": kind,
        "fields": fields,
        "body": body,
        "query": query,
    }


def send(attack: Watch, case: dict[str, Any]) -> None:
    options: dict[str, Any] = {"params": {key: str(value)[:2000] for key, value in case["query"].items()}}
    fields = case["fields"]
    if case["body"] == "wrapped":
        options["data"] = json.dumps({case["kind"]: fields})
    elif case["body"] == "flat":
        options["data"] = json.dumps(fields)
    elif case["body"] == "form":
        options["data"] = {f"{case['kind']}[{key}]": str(value) for key, value in fields.items()}
    elif case["body"] == "raw":
        options["data"] = str(fields).encode("utf-8", "replace")
    headers = {"Content-Type": "application/json"} if case["body"] in {"wrapped", "flat", "raw"} else {}
    options["headers"] = headers
    if case["engine"]:
        path = case["path"].partition("/json")[2] or case["path"]
        answer = attack.wire.engine(case["method"], path, **options)
    else:
        answer = attack.wire(case["method"], case["path"], **options)
    attack.answered(answer, str(case)[:500])
    assert attack.failures == [], (case, attack.failures)
    if answer.status_code == 401:
        attack.wire = Wire(attack.wire.server)


def attack_by_requests(attack: Watch, count: int) -> None:
    @settings(max_examples=count, deadline=None, suppress_health_check=QUIET, database=None)
    @given(requests_of_all_kinds())
    def each(case: dict[str, Any]) -> None:
        send(attack, case)

    each()


@pytest.mark.filterwarnings("ignore:Do not use the `random` module")
def test_anything_in_any_field_of_a_request_is_answered(attack: Watch) -> None:
    attack_by_requests(attack, 300)


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:Do not use the `random` module")
def test_ten_thousand_requests_with_anything_in_any_field_are_answered(attack: Watch) -> None:
    attack_by_requests(attack, 10_000)


def test_a_body_that_is_no_form_is_answered(attack: Watch) -> None:
    for content_type in ("multipart/form-data", "multipart/form-data; boundary=x", "application/json", "nonsense", ""):
        for body in (
            b"",
            b"--x\r\n\r\n",
            b"--x",
            b"\xff" * 1000,
            b"[" * 100_000,
            b'{"a":' * 50_000,
            b"a=%ff&b[c][d][e]=1&b=2",
        ):
            for path in (
                "/users",
                "/workspaces",
                "/workspaces/1/workfiles",
                "/workspaces/1/jobs",
                "/sessions",
                "/data_sources",
            ):
                answer = attack.wire("POST", path, data=body, headers={"Content-Type": content_type})
                attack.answered(answer, f"{content_type} {body[:20]!r} {path}")


def test_an_expression_that_is_nested_deep_ends_its_run_soon(attack: Watch) -> None:
    flow = attack.wire.upload_flow("deep.afm", FLOWS["order_report.afm"])
    run = attack.wire.run(flow["id"], {"@status": "(" * 5_000})
    assert attack.wire.finished(flow["id"], run)["flowMetaInfo"]["status"] != "SUCCESS"
